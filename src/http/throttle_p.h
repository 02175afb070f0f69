/*
 * throttle_p.h - when the next call may be made: the budget of calls a minute, and Retry-After.
 *
 * The bucket holds `rate` calls, and a call comes back a minute after it was taken: the service
 * never sees more than `rate` calls in any minute, as it would from a bucket that fills up while it
 * is being emptied. The last quarter is handed out no faster than it comes back in the long run, so
 * that a burst does not end in a minute of silence.
 *
 *     if (throttle_ready(&t, spare, now) == now)
 *         throttle_take(&t, now), send();
 *
 * Pure: no clock of its own. Threads: caller holds the lock of whatever it is in.
 */
#ifndef OUTLOOKFS_HTTP_THROTTLE_P_H
#define OUTLOOKFS_HTTP_THROTTLE_P_H

#include <stdint.h>

struct throttle {
    unsigned rate;
    int64_t *taken; /* a ring of `rate`: when the calls of the last minute were made */
    unsigned first, used;
    int64_t last;       /* when the youngest call was made */
    int64_t held_until; /* end of Retry-After */
};

void throttle_init(struct throttle *t, unsigned rate);
void throttle_release(struct throttle *t);

/* When the next call may be made that leaves `spare` calls to others: `now` or later. */
int64_t throttle_ready(struct throttle *t, unsigned spare, int64_t now);
void throttle_take(struct throttle *t, int64_t now);

/* No call before `until`; never shortens an earlier hold. */
void throttle_hold(struct throttle *t, int64_t until);

/* Calls left in the bucket. */
unsigned throttle_budget(struct throttle *t, int64_t now);

#endif
