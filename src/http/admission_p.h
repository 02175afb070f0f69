/*
 * admission_p.h - whose turn it is: the requests that wait, the slots for those under way, and the
 * throttle.
 *
 * Interactive requests go first, each kind in the order in which it came. Background ones leave one
 * slot and the last tenth of the budget to the others.
 *
 * Threads: caller holds network.lock.
 */
#ifndef OUTLOOKFS_HTTP_ADMISSION_P_H
#define OUTLOOKFS_HTTP_ADMISSION_P_H

#include "exchange_p.h"
#include "throttle_p.h"

struct admission {
    struct exchange *waiting[2]; /* by priority; each by deadline, which is the order of arrival */
    unsigned in_flight[2];
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

/* It is not under way any more. */
void admission_over(struct admission *a, const struct exchange *ex);

#endif
