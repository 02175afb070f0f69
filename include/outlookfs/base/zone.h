/*
 * zone.h - time zones by the names of IANA and of Windows, which the service uses, by ICU.
 *
 * The mapping is CLDR's windowsZones, which ICU carries; so are the rules of the zones.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_ZONE_H
#define OUTLOOKFS_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* IANA's name of a zone that is called so by Windows ("Pacific Standard Time") or by IANA. The
 * caller frees it; NULL: nobody knows it. */
char *zone_iana(const char *name);

/* The reverse, where Windows has one; the caller frees. */
char *zone_windows(const char *iana);

/* The name Windows has for the zone of this process (TZ, else /etc/localtime); the caller frees it.
 * NULL: it has none. */
char *zone_local_windows(void);

/* What clocks in a zone that zone_iana() answered show at this time: nanoseconds since 1970 as if
 * that were UTC. */
int64_t zone_clock(const char *iana, int64_t utc_ns);

#endif
