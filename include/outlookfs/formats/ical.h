/*
 * ical.h - events as iCalendar (RFC 5545), by libical.
 *
 *     ical_begin(out)      BEGIN:VCALENDAR, VERSION, PRODID
 *     ical_event(...)      BEGIN:VEVENT ... END:VEVENT; any number
 *     ical_end(out)        END:VCALENDAR
 *
 * A calendar of many events is written one by one: only one is in memory as an object. The same
 * record always gives the same bytes; DTSTAMP is the record's modification time, UID its iCalUId or,
 * without one, its id. Series masters carry an RRULE.
 *
 * Times are UTC, as the service gives them; but a series is in its own zone (StartTimeZone), by
 * which its rule counts, where that is known; the zone's VTIMEZONE stands in front of the first
 * event that needs it. To know which were written, ical_event() looks at `out`: keep it from
 * ical_begin() to ical_end(). What the zone says comes from the system's zoneinfo.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_FORMATS_ICAL_H
#define OUTLOOKFS_FORMATS_ICAL_H

struct buf;
struct cJSON;

/* All: 0 or -ENOBUFS; CRLF at every line end. */
int ical_begin(struct buf *out);
/* -EINVAL: it has no readable start; nothing is appended. */
int ical_event(const struct cJSON *event, struct buf *out);
int ical_end(struct buf *out);

#endif
