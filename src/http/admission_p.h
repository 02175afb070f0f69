/*
 * admission_p.h - whose turn it is: the requests that wait, the slots for those under way, and the
 * throttle.
 *
 * What was saved goes first, then what somebody waits for, then the rest, each kind in the order in which it came. Reads
 * leave one slot (of three or more) and the last twentieth of the budget to saves, background ones another slot and the last
 * tenth to the others. Of four calls in a row one is a read where one waits, so that a thousand saves stop nobody.
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

/* An exchange that was admitted once already takes its old place. */
void admission_add(struct admission *a, struct exchange *ex);
void admission_remove(struct admission *a, struct exchange *ex);

/* Takes any out that waits; NULL: none does. */
struct exchange *admission_drain(struct admission *a);

/*
 * Takes one out that cannot be sent before its deadline: it is told now instead of then. NULL:
 * none; then *wake comes down to the earliest deadline.
 */
struct exchange *admission_hopeless(struct admission *a, int64_t now, int64_t *wake);

/* Takes the next one out and counts it as under way. NULL: none; *wake comes down to when that is
 * only a matter of time. */
struct exchange *admission_next(struct admission *a, int64_t now, int64_t *wake);

/* When the next of this priority may be sent, as far as limits are concerned. */
int64_t admission_ready(struct admission *a, enum http_priority priority, int64_t now);

/* How many wait for the limit, and not for a slot; then *ret_ready is when the first of them may go. */
unsigned admission_limited(struct admission *a, int64_t now, int64_t *ret_ready);

unsigned admission_in_flight(const struct admission *a);

/* It has ended. */
void admission_over(struct admission *a, const struct exchange *ex);

#endif
