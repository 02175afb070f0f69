/*
 * flight.c - one question at a time about a thing, and a memory of what does not exist.
 */
#include "flight_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/map.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define WAIT_MAX (120 * NS_PER_S)
#define ABSENT_MAX 4096 /* names looked up in vain are somebody else's choice: bounded */

struct flights {
    struct mutex lock;
    pthread_cond_t left;
    struct map busy;   /* key -> itself; guarded by lock */
    struct map absent; /* key -> int64_t *, clock_mono() until when; guarded by lock */
};

struct flights *flights_create(void)
{
    struct flights *f = xcalloc(1, sizeof(*f));

    mutex_init(&f->lock, MUTEX_FLIGHT);
    clock_cond_init(&f->left);
    map_init(&f->busy);
    map_init(&f->absent);
    return f;
}

/* Drops what is over at `now`. */
static void expire_locked(struct flights *f, int64_t now)
{
    for (struct map_entry *e = map_first(&f->absent); e; e = map_next(&f->absent, e)) {
        int64_t *until = e->value;

        if (*until > now)
            continue;
        map_remove(&f->absent, e->key);
        free(until);
    }
}

void flights_destroy(struct flights *f)
{
    if (!f)
        return;
    expire_locked(f, INT64_MAX);
    map_release(&f->absent);
    map_release(&f->busy);
    pthread_cond_destroy(&f->left);
    mutex_release(&f->lock);
    free(f);
}

int flights_enter(struct flights *f, const char *key, struct cancel *cancel)
{
    int64_t until = clock_mono() + WAIT_MAX;
    int rc = cancel_fired(cancel) ? -EINTR : 0; /* nobody who has given up asks */

    LOCKED(&f->lock);
    while (rc == 0 && map_get(&f->busy, key))
        rc = cancel_wait(cancel, &f->left, &f->lock, until);
    if (rc == 0)
        map_set(&f->busy, key, f);
    return rc;
}

void flights_leave(struct flights *f, const char *key)
{
    LOCKED(&f->lock);
    map_remove(&f->busy, key);
    pthread_cond_broadcast(&f->left);
}

void flights_put_absent(struct flights *f, const char *key, int64_t ttl)
{
    int64_t *until = xmalloc(sizeof(*until));
    int64_t now = clock_mono();

    *until = now + ttl;
    LOCKED(&f->lock);
    if (f->absent.count >= ABSENT_MAX)
        expire_locked(f, now);
    if (f->absent.count >= ABSENT_MAX)
        expire_locked(f, INT64_MAX);
    free(map_set(&f->absent, key, until));
}

bool flights_is_absent(struct flights *f, const char *key)
{
    LOCKED(&f->lock);
    const int64_t *until = map_get(&f->absent, key);

    return until && *until > clock_mono();
}

void flights_forget_absent(struct flights *f, const char *key)
{
    LOCKED(&f->lock);
    free(map_remove(&f->absent, key));
}
