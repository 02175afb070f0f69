/*
 * event.h - what the times of an event mean.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_MODEL_EVENT_H
#define OUTLOOKFS_MODEL_EVENT_H

#include <stdint.h>

struct cJSON;

/*
 * The day at which an all-day event starts or ends ("Start", "End"): nanoseconds since 1970 at its
 * midnight in UTC. Midnight UTC is that day, whatever the zone is called; another time is a day's
 * midnight in its zone, or, where that does not make one, the nearest. -EINVAL: no readable time.
 */
int event_day(const struct cJSON *event, const char *member, int64_t *ret_ns);

#endif
