/*
 * ical_p.h - between the writer of events and its parts.
 */
#ifndef OUTLOOKFS_FORMATS_ICAL_P_H
#define OUTLOOKFS_FORMATS_ICAL_P_H

#include <libical/ical.h>
#include <outlookfs/base/mutex.h>
#include <stdbool.h>

struct buf;
struct cJSON;

extern struct mutex ical_lock; /* of ical.c: held around libical */

/*
 * The event's rule (contract, PatternedRecurrence); false when it has none that can be read. `start`
 * is the event's DTSTART: an end is given in its type and zone.
 */
bool ical_rule(const struct cJSON *recurrence, struct icaltimetype start,
               struct icalrecurrencetype *ret);

/*
 * The zone by which a series counts: the one that Graph tells, or its StartTimeZone, where that is
 * one. The connector says UTC of most (contract 2.12); then days, and the end, are still those of the zone the series was made in,
 * and Range.StartDate beside the UTC date of Start tells on which side of UTC that lies: the answer
 * is a zone without summer time in which Start has that date. NULL: UTC. Belongs to libical.
 */
icaltimezone *ical_zone(const struct cJSON *event);

/*
 * The reverse of ical_rule(): a PatternedRecurrence, owned by the caller; NULL: the service has none
 * that means the same, or nearly: then `left` says so. `start` is the first event in `zone` (NULL: UTC,
 * or a date).
 */
struct cJSON *ical_recurrence(const struct icalrecurrencetype *rule, struct icaltimetype start,
                              const icaltimezone *zone, struct buf *left);

#endif
