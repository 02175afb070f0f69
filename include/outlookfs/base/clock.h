/*
 * clock.h - the two clocks, and a way for tests to push them.
 *
 * clock_now() dates things (mtime, journal rows), clock_mono() measures waits. clock_advance()
 * moves both forward for the whole process: a unit test of a 10 s rule takes no 10 s. A wait sees a
 * push within 100 ms if it began after the first clock_advance(), which may be clock_advance(0).
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_CLOCK_H
#define OUTLOOKFS_BASE_CLOCK_H

#include <outlookfs/base/mutex.h>
#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

int64_t clock_now(void);  /* ns since 1970 */
int64_t clock_mono(void); /* ns of a clock that never goes back */
void clock_advance(int64_t ns);

/*
 * A condition variable to wait on with clock_wait(). Initialise with this, not with
 * pthread_cond_init(): its clock must be CLOCK_MONOTONIC.
 */
void clock_cond_init(pthread_cond_t *cond);

/*
 * Waits until `cond` is signalled or clock_mono() reaches `until`; 0 or -ETIMEDOUT. May wake early,
 * as any condition does. With a `struct cancel` a wait is cut into slices: see cancel.h.
 */
int clock_wait(pthread_cond_t *cond, struct mutex *lock, int64_t until);

#endif
