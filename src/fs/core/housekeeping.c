/*
 * housekeeping.c - the housekeeping thread: what others leave to it, and what ends by itself after
 * a while. It may take fs.change, so that no worker of sync ever waits for a program that is saving.
 */
#include "core_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <stdlib.h>

static void discard(struct chore *t)
{
    if (t->drop)
        t->drop(t);
    free(t);
}

void housekeeping_do(struct fs *fs, struct chore *t)
{
    if (!queue_push(&fs->chores, t))
        discard(t);
}

void housekeeping_wake(struct fs *fs)
{
    housekeeping_do(fs, xcalloc(1, sizeof(struct chore)));
}

/* The moment of clock_mono() that is `when` of clock_steady(). */
static int64_t until(int64_t when, int64_t now)
{
    if (when == INT64_MAX)
        return INT64_MAX;
    return clock_mono() + (when > now ? when - now : 0);
}

static int64_t expire(struct fs *fs)
{
    int64_t next = INT64_MAX;

    for (const struct branch *const *b = fs->branches; *b; b++) {
        int64_t when = (*b)->expire ? (*b)->expire(fs, clock_steady()) : INT64_MAX;
        if (when < next)
            next = when;
    }
    return next;
}

static void *housekeeping(void *ctx)
{
    struct fs *fs = ctx;
    int64_t next = 0;

    while (!fs->stopping) {
        struct chore *t = queue_pop(&fs->chores, NULL, until(next, clock_steady()));

        if (t && !t->run)
            next = 0;
        else if (t)
            t->run(fs, t);
        if (t)
            discard(t);
        if (clock_steady() >= next)
            next = expire(fs);
    }
    return NULL;
}

int housekeeping_start(struct fs *fs)
{
    int rc = pthread_create(&fs->housekeeper, NULL, housekeeping, fs);

    fs->running = !rc;
    return -rc;
}

void housekeeping_stop(struct fs *fs)
{
    fs->stopping = true;
    housekeeping_wake(fs);
    queue_close(&fs->chores);
    if (fs->running)
        pthread_join(fs->housekeeper, NULL);
    fs->running = false;
}

void housekeeping_release(struct fs *fs)
{
    struct chore *t;

    queue_close(&fs->chores);
    while ((t = queue_pop(&fs->chores, NULL, 0)))
        discard(t);
    queue_release(&fs->chores);
}
