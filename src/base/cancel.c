/*
 * cancel.c - a flag, and waits cut into slices that look at it.
 */
#include <outlookfs/base/cancel.h>

#include <errno.h>

void cancel_init(struct cancel *c)
{
    cancel_init_until(c, 0);
}

void cancel_init_until(struct cancel *c, int64_t until)
{
    atomic_init(&c->fired, false);
    c->until = until;
}

void cancel_fire(struct cancel *c)
{
    atomic_store(&c->fired, true);
}

bool cancel_fired(const struct cancel *c)
{
    return c && (atomic_load(&c->fired) || (c->until && clock_mono() >= c->until));
}

/*
 * The end of a slice answers 0 instead of going on to wait: a signal that comes at that very moment
 * wakes nobody, and only the caller can see what it was about.
 */
int cancel_wait(struct cancel *c, pthread_cond_t *cond, struct mutex *lock, int64_t until)
{
    int64_t slice = clock_mono() + CANCEL_SLICE;

    if (!c)
        return clock_wait(cond, lock, until);
    if (cancel_fired(c))
        return -EINTR;

    int rc = clock_wait(cond, lock, until < slice ? until : slice);
    if (cancel_fired(c))
        return -EINTR;
    return until < slice ? rc : 0;
}
