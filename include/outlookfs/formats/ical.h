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
