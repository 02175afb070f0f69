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

/*
 * Gives each time of `event`, which somebody has saved, the zone that is meant where none is said:
 * that of this process (TZ), by the name the service knows. `base` is the event as it was, NULL: it
 * is new; the zone that a record had, and that stayed, says nothing about a time that was changed to
 * one without an offset. An end without a zone has that of the start. Where the service knows no
 * name of the zone, the time becomes one of UTC. All-day events have dates. False: nothing changed.
 */
bool event_settle_zones(const struct cJSON *base, struct cJSON *event);

#endif
