/*
 * ical_p.h - what the files that write and read events share.
 *
 * Threads: callers hold ical_lock.
 */
#ifndef OUTLOOKFS_FORMATS_ICAL_P_H
#define OUTLOOKFS_FORMATS_ICAL_P_H

#include <libical/ical.h>
#include <outlookfs/base/mutex.h>
#include <stdbool.h>

struct buf;
struct cJSON;

extern struct mutex ical_lock; /* of ical.c: libical's table of zones is not thread-safe */

/*
 * The event's rule (contract, PatternedRecurrence); false: it has none that can be read. `start` is the
 * event's DTSTART, whose type and zone UNTIL has to have.
 */
bool ical_rule(const struct cJSON *recurrence, struct icaltimetype start,
               struct icalrecurrencetype *ret);

/*
 * The zone by which a series counts: the one that Graph names, or its StartTimeZone. The connector says
 * UTC of most (contract 2.12), although the days and the end are those of the zone the series was made
 * in. If then Range.StartDate is not the UTC date of Start, the answer is a zone without summer time in
 * which Start has that date. NULL: UTC. Belongs to libical.
 */
icaltimezone *ical_zone(const struct cJSON *event);

/*
 * The reverse of ical_rule(): a PatternedRecurrence, owned by the caller. NULL: the service has none that
 * means the same or nearly, and `left` says so. `start` is the first event in `zone` (NULL: UTC, or a
 * date).
 */
struct cJSON *ical_recurrence(const struct icalrecurrencetype *rule, struct icaltimetype start,
                              const icaltimezone *zone, struct buf *left);

#endif
