/*
 * admission_p.h - whose turn it is: the requests that wait, the slots for those under way, and the
 * throttle.
 *
 * Saves go first, then interactive requests, then background ones, each priority in order of arrival.
 * Reads leave one slot (of three or more) and the last twentieth of the budget to saves; background
 * requests leave another slot and the last tenth to both. If a read waits, at least one call in four is
 * a read, so that a thousand saves do not shut everybody else out.
 *
 * Threads: caller holds network.lock.
 */
#ifndef OUTLOOKFS_HTTP_ADMISSION_P_H
#define OUTLOOKFS_HTTP_ADMISSION_P_H

#include "exchange_p.h"
#include "throttle_p.h"

struct admission {
    struct exchange *waiting[HTTP_PRIORITIES]; /* each by deadline, which is the order of arrival */
    unsigned in_flight[HTTP_PRIORITIES];
    unsigned saves; /* since the last read */
    unsigned parallel;
    struct throttle throttle;
};

void admission_init(struct admission *a, unsigned parallel, unsigned rate);
void admission_release(struct admission *a);

/* An exchange that was admitted before, and is tried again, takes its old place. */
void admission_add(struct admission *a, struct exchange *ex);
void admission_remove(struct admission *a, struct exchange *ex);

/* Takes out one that waits, whichever; NULL: none does. */
struct exchange *admission_drain(struct admission *a);

/*
 * Takes out one that cannot be sent before its deadline, so that its caller hears of it at once. NULL:
 * none; then *wake is lowered to the earliest deadline.
 */
struct exchange *admission_hopeless(struct admission *a, int64_t now, int64_t *wake);

/* Takes out the next one and counts it as under way. NULL: none; where only time is missing, *wake is
 * lowered to when one may go. */
struct exchange *admission_next(struct admission *a, int64_t now, int64_t *wake);

/* When the budget and Retry-After let the next one of this priority go: `now` or later. */
int64_t admission_ready(struct admission *a, enum http_priority priority, int64_t now);

/* How many wait for the budget, not for a slot; if any, *ret_ready is when the first of them may go. */
unsigned admission_limited(struct admission *a, int64_t now, int64_t *ret_ready);

unsigned admission_in_flight(const struct admission *a);

/* The exchange has ended. */
void admission_over(struct admission *a, const struct exchange *ex);

#endif
