/*
 * pool.c - the fetch threads.
 */
#include "pool_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>

#include <pthread.h>
#include <stdlib.h>

#define PRIORITIES 2 /* of enum http_priority */
#define BACKGROUND_MAX (POOL_THREADS / 2)

struct fetcher {
    struct pool *pool;
    pthread_t thread;
    struct cancel cancel;
};

struct pool {
    struct mutex lock;
    pthread_cond_t filled;
    struct task *head[PRIORITIES], *tail[PRIORITIES]; /* guarded by lock */
    unsigned background;                              /* of these are running; guarded by lock */
    bool open;                                        /* guarded by lock */
    unsigned started;                                 /* owner only */
    struct fetcher fetchers[POOL_THREADS];
};

struct pool *pool_create(void)
{
    struct pool *pool = xcalloc(1, sizeof(*pool));

    mutex_init(&pool->lock, MUTEX_POOL);
    clock_cond_init(&pool->filled);
    return pool;
}

static struct task *take_locked(struct pool *pool)
{
    for (int p = HTTP_INTERACTIVE; p <= HTTP_BACKGROUND; p++) {
        struct task *task = pool->head[p];

        /* At the end everything queued is wound up, by any thread. */
        if (!task || (p == HTTP_BACKGROUND && pool->open && pool->background >= BACKGROUND_MAX))
            continue;
        pool->head[p] = task->next;
        if (!task->next)
            pool->tail[p] = NULL;
        task->next = NULL;
        return task;
    }
    return NULL;
}

static void *work(void *arg)
{
    struct fetcher *fetcher = arg;
    struct pool *pool = fetcher->pool;
    struct task *task;

    mutex_lock(&pool->lock);
    for (;;) {
        bool background;

        while (!(task = take_locked(pool)) && pool->open)
            clock_wait(&pool->filled, &pool->lock, INT64_MAX);
        if (!task)
            break;

        background = task->priority == HTTP_BACKGROUND;
        pool->background += background;
        mutex_unlock(&pool->lock);
        task->run(task, &fetcher->cancel);
        mutex_lock(&pool->lock);
        pool->background -= background;
        if (background)
            pthread_cond_signal(&pool->filled); /* another one may run now */
    }
    mutex_unlock(&pool->lock);
    return NULL;
}

int pool_start(struct pool *pool)
{
    pool->open = true;
    for (unsigned i = 0; i < POOL_THREADS; i++) {
        struct fetcher *fetcher = &pool->fetchers[i];
        int rc;

        fetcher->pool = pool;
        cancel_init(&fetcher->cancel);
        rc = pthread_create(&fetcher->thread, NULL, work, fetcher);
        if (rc) {
            pool_stop(pool);
            return -rc;
        }
        pool->started++;
    }
    return 0;
}

void pool_stop(struct pool *pool)
{
    mutex_lock(&pool->lock);
    pool->open = false;
    pthread_cond_broadcast(&pool->filled);
    mutex_unlock(&pool->lock);

    for (unsigned i = 0; i < pool->started; i++)
        cancel_fire(&pool->fetchers[i].cancel);
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->fetchers[i].thread, NULL);
    pool->started = 0;
}

void pool_destroy(struct pool *pool)
{
    if (!pool)
        return;
    pthread_cond_destroy(&pool->filled);
    mutex_release(&pool->lock);
    free(pool);
}

bool pool_push(struct pool *pool, struct task *task)
{
    task->next = NULL;
    LOCKED(&pool->lock);
    bool open = pool->open;
    if (open) {
        if (pool->tail[task->priority])
            pool->tail[task->priority]->next = task;
        else
            pool->head[task->priority] = task;
        pool->tail[task->priority] = task;
        pthread_cond_signal(&pool->filled);
    }
    return open;
}
