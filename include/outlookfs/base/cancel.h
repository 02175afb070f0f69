/*
 * cancel.h - "the caller no longer wants this": how Ctrl-C reaches a wait.
 *
 * The FUSE adapter makes one for each request and fires it when the kernel reports an interrupt.
 * Everything that can wait takes a `struct cancel *` (NULL: nobody can interrupt it) and looks at
 * it at least every CANCEL_SLICE. That costs ten wake-ups a second of a thread that waits anyway,
 * and needs no list of waiters and no lock of its own.
 *
 * Threads: any may fire or look; the owner outlives both.
 */
#ifndef OUTLOOKFS_BASE_CANCEL_H
#define OUTLOOKFS_BASE_CANCEL_H

#include <outlookfs/base/clock.h>
#include <stdatomic.h>
#include <stdbool.h>

#define CANCEL_SLICE (100 * NS_PER_MS)

struct cancel {
    atomic_bool fired;
    int64_t until; /* clock_mono() at which it fires by itself; 0: never */
};

void cancel_init(struct cancel *c);
void cancel_init_until(struct cancel *c, int64_t until);
void cancel_fire(struct cancel *c);
bool cancel_fired(const struct cancel *c); /* NULL: false */

/*
 * clock_wait() in slices. 0: woken (look at your condition), -ETIMEDOUT: `until` reached, -EINTR:
 * cancelled.
 */
int cancel_wait(struct cancel *c, pthread_cond_t *cond, struct mutex *lock, int64_t until);

#endif
