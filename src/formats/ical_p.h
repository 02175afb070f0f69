/*
 * ical_p.h - between the writer of events and its parts.
 */
#ifndef OUTLOOKFS_FORMATS_ICAL_P_H
#define OUTLOOKFS_FORMATS_ICAL_P_H

#include <libical/ical.h>
#include <stdbool.h>

struct cJSON;

/*
 * The event's rule (contract, PatternedRecurrence); false when it has none that can be read. `start`
 * is the event's DTSTART: an end is given in its type and zone.
 */
bool ical_rule(const struct cJSON *recurrence, struct icaltimetype start,
               struct icalrecurrencetype *ret);

/*
 * The zone that the service calls by this name (as Windows does, "Pacific Standard Time", or as
 * IANA does); NULL for UTC and names unknown. Belongs to libical.
 */
icaltimezone *ical_zone(const char *name);

#endif
