/*
 * event.h - what the times of an event mean.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_EVENT_H
#define OUTLOOKFS_MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/*
 * The day at which an all-day event starts or ends ("Start", "End"): nanoseconds since 1970 at its
 * midnight in UTC. Midnight UTC is that day, whatever the zone is called; another time is a day's
 * midnight in its zone, or, where that does not make one, the nearest. -EINVAL: no readable time.
 */
int event_day(const struct cJSON *event, const char *member, int64_t *ret_ns);

/* Does it repeat? */
bool event_is_series(const struct cJSON *event);

/* A day of the local zone. */
struct event_day {
    int64_t date;     /* its midnight as if it were one of UTC, ns since 1970 */
    int64_t from, to; /* its midnight and the next one */
};
#define EVENT_DAY_SIZE sizeof("2026-11-30")

/* "2026-11-30". -EINVAL: no date is written so. */
int event_day_parse(const char *text, struct event_day *ret);

/* Does it happen on that day? An event of all day has dates, the same in every zone. */
bool event_is_on(const struct cJSON *event, const struct event_day *day);

/* Has it a time that event_settle_zones() gives a zone? */
bool event_is_open(const struct cJSON *base, const struct cJSON *event);

/*
 * Gives each time of `event`, which somebody has saved, the zone that is meant if none is given:
 * that of this process (TZ), by the name the service knows. `base` is the event as it was, NULL: it
 * is new; the zone that a record had, and that stayed, says nothing about a time that was changed to
 * one without an offset. An end without a zone has that of the start. Where the service knows no
 * name of the zone, the time becomes one of UTC. All-day events have dates. False: nothing changed.
 */
bool event_settle_zones(const struct cJSON *base, struct cJSON *event);

#endif
