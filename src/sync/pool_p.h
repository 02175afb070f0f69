/*
 * pool_p.h - the fetch threads: what asks the service on nobody's behalf runs here.
 *
 * A task is embedded in the struct that describes the work; its run() owns it from the moment it is
 * taken, and frees it. Interactive tasks come first; background ones never hold more than half of
 * the threads, so that one slow background question does not stand before what somebody waits for.
 *
 * Each thread has a struct cancel of its own. pool_stop() fires them all, and what is still queued
 * then runs with a fired one: run() looks at it first and winds up without asking.
 *
 * Threads: pool_push() from any, the others from the owner.
 */
#ifndef OUTLOOKFS_SYNC_POOL_P_H
#define OUTLOOKFS_SYNC_POOL_P_H

#include <outlookfs/http/http.h>
#include <stdbool.h>

#define POOL_THREADS 8 /* a listing asks for four pages while four that have come are stored */

struct cancel;
struct pool;

struct task {
    struct task *next;
    enum http_priority priority;
    void (*run)(struct task *task, struct cancel *cancel);
};

struct pool *pool_create(void);
int pool_start(struct pool *pool);
void pool_stop(struct pool *pool); /* waits for the threads; nothing to do when they do not run */
void pool_destroy(struct pool *pool); /* stopped; NULL is fine */

/* False, and the task stays the caller's, when the threads do not run. */
bool pool_push(struct pool *pool, struct task *task);

#endif
