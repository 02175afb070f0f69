/*
 * clock.h - the clocks, and a way for tests to push them.
 *
 *     clock_now()      what people see: mtime, the trash. Somebody may set it at any moment.
 *     clock_mono()     waits: how long until a moment in this process.
 *     clock_steady()   delays and ages that are stored: when a change is due, since when a name is
 *                      vacant, how old a listing is. It starts at the date when the process began and goes
 *                      on from there, whatever happens to clock_now(), even while the machine
 *                      sleeps. What an earlier process stored may be in its future: a reader
 *                      takes that for now (state_settle_times() in store/state.h).
 *
 * clock_advance() moves all forward for the whole process: a unit test of a 10 s rule takes no
 * 10 s. A wait sees a push within 100 ms if it began after the first clock_advance(), which may be
 * clock_advance(0). clock_set_back() moves clock_now() alone.
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
int64_t clock_steady(void);
int64_t clock_date(int64_t steady); /* what clock_now() says of a moment of clock_steady() */
void clock_advance(int64_t ns);
void clock_set_back(int64_t ns); /* negative: ahead */

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
