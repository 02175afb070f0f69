/*
 * ical.h - events as iCalendar (RFC 5545), by libical.
 *
 *     struct ical cal;
 *     ical_begin(&cal, out)      BEGIN:VCALENDAR, VERSION, PRODID
 *     ical_event(&cal, ...)      BEGIN:VEVENT ... END:VEVENT; any number
 *     ical_end(&cal, out)        END:VCALENDAR
 *     ical_release(&cal)         always, also after a failure
 *
 * A calendar of many events is written one by one: only one is in memory as an object, and `out` may
 * be emptied between the calls. The same
 * record always gives the same bytes; DTSTAMP is the record's modification time, UID its iCalUId or,
 * without one, its id. Series masters carry an RRULE, an EXDATE for each of "CancelledOccurrences", and
 * are followed by an event with RECURRENCE-ID and the series' UID for each of "ExceptionOccurrences"
 * (their "OriginalStart" is where the rule has them).
 *
 * Times are UTC, as the service gives them; but a series is in the zone by which its rule counts:
 * StartTimeZone, or, where that says UTC and Range.StartDate is another day than Start, a zone
 * without summer time in which it is that day. The zone's VTIMEZONE stands in front of the first
 * event that needs it; what it says comes from the system's zoneinfo. A series begins at the first
 * day of its rule, an all-day event at the date that model/event.h gives.
 *
 * Threads: any; a calendar belongs to one at a time.
 */
#ifndef OUTLOOKFS_FORMATS_ICAL_H
#define OUTLOOKFS_FORMATS_ICAL_H

#include <outlookfs/base/map.h>

struct buf;
struct cJSON;
struct imports;

/* A calendar being written. */
struct ical {
    struct map zones; /* the names of those that are defined in it already */
};

/* Each answers 0 or -ENOBUFS, after which only ical_release() may follow. Lines end with CRLF. */
int ical_begin(struct ical *cal, struct buf *out);
/* -EINVAL: it has no readable start; nothing is appended. */
int ical_event(struct ical *cal, const struct cJSON *event, struct buf *out);
int ical_end(struct ical *cal, struct buf *out);
void ical_release(struct ical *cal);

/*
 * Adds the events of a text, which may have several calendars, to `ret`. Attendees in a calendar with a
 * METHOD (an invitation that was mailed) are left out: making the event would invite them again. A time
 * without a zone is in the zone of this process. -EINVAL: no calendar.
 */
int ical_read(const char *text, struct imports *ret, struct buf *err);

#endif
