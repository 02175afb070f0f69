/*
 * mutex.h - mutexes with a place in one order, which a build with assertions checks.
 *
 * A thread takes mutexes in the order of enum mutex_rank only, and never two of one rank. Taking
 * one out of order, taking one twice, waiting on a condition with another one held, and any wait
 * for the network with one held ends such a build at once, whether or not another thread is there
 * to make it a deadlock.
 *
 * The enum is the list of all of them, from every layer, because an order is a statement about the
 * whole program; docs/ARCHITECTURE.md says what each one guards (tests/lint/mutexes compares).
 *
 *     struct mutex lock;
 *     mutex_init(&lock, MUTEX_LISTINGS);
 *     mutex_lock(&lock);
 *     clock_wait(&cond, &lock, until);    // clock.h, cancel.h
 *     mutex_unlock(&lock);
 *     mutex_release(&lock);
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_MUTEX_H
#define OUTLOOKFS_BASE_MUTEX_H

#include <outlookfs/base/scope.h>
#include <pthread.h>
#include <stdbool.h>

/* Outermost first. */
enum mutex_rank {
    /* fuse */
    MUTEX_OPENINGS,
    MUTEX_CALLS,
    /* fs */
    MUTEX_CHANGE,
    MUTEX_VIEW,
    MUTEX_VIEWS,
    MUTEX_WAITERS,
    MUTEX_RENDERINGS,
    MUTEX_CONTENT,
    /* sync: over transactions */
    MUTEX_SEARCH,
    MUTEX_VALUES,
    MUTEX_FLIGHT,
    MUTEX_TRIGGERS,
    MUTEX_CATALOG,
    MUTEX_FOLDER,
    /* store: transactions */
    MUTEX_STATE_WRITE,
    MUTEX_CACHE_WRITE,
    /* sync: in memory */
    MUTEX_LISTINGS,
    MUTEX_WRITEBACK,
    MUTEX_OUTBOX,
    MUTEX_POOL,
    /* fs, again: may be taken in a transaction */
    MUTEX_TREE,
    /* store: queries */
    MUTEX_STATE_READ,
    MUTEX_CACHE_READ,
    MUTEX_CACHE_HELD,
    /* formats, cli, remote, fuse, http */
    MUTEX_ICAL,
    MUTEX_LOGIN,
    MUTEX_NOTICES,
    MUTEX_GRAPH,
    MUTEX_NOTIFIER,
    MUTEX_HTTP,
    MUTEX_TOKEN,
    MUTEX_NETWORK,
    /* base */
    MUTEX_QUEUE,
    /* doubles of the service, in tests */
    MUTEX_DOUBLE,
    /* base */
    MUTEX_LOG,
};

struct mutex {
    pthread_mutex_t native;
    enum mutex_rank rank;
    bool recursive;
};

#define MUTEX_INIT(r)                                                                              \
    {                                                                                              \
        .native = PTHREAD_MUTEX_INITIALIZER, .rank = (r)                                           \
    }

void mutex_init(struct mutex *m, enum mutex_rank rank);
/* May be taken again by the thread that has it. */
void mutex_init_recursive(struct mutex *m, enum mutex_rank rank);
void mutex_release(struct mutex *m); /* frees what it consists of; nobody has it */

void mutex_lock(struct mutex *m);
bool mutex_try_lock(struct mutex *m); /* in any order: it does not wait */
void mutex_unlock(struct mutex *m);

/* To the end of the block; the value of a `return` is known before. */
#define LOCKED(m) SCOPED(mutex_leave) struct mutex *locked_ = mutex_enter(m)
struct mutex *mutex_enter(struct mutex *m); /* mutex_lock() */
void mutex_leave(struct mutex **m);

/* Asserts that the calling thread has no mutex but `m` (NULL: none at all): it is about to wait. */
void mutex_assert_alone(const struct mutex *m);

#endif
