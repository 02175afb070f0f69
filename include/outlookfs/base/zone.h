/*
 * zone.h - time zones by their names in IANA and in Windows, which the service uses, by ICU.
 *
 * The mapping (CLDR's windowsZones) and the rules of the zones are ICU's.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_ZONE_H
#define OUTLOOKFS_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* IANA's name of the zone with this name in Windows ("Pacific Standard Time") or in IANA. The
 * caller frees it; NULL: unknown. */
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
