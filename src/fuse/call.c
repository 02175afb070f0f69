/*
 * call.c - a request under way: the list of them, and how one is interrupted.
 */
#include "fuse_p.h"

#include <outlookfs/base/clock.h>

#include <errno.h>

/* Runs under locks of the session that fuse_req_interrupt_func() takes, too, so not after
 * call_end(), and never call that with calls.lock. */
static void interrupted(fuse_req_t, void *data)
{
    struct call *call = data;
    struct calls *calls = &call->mount->calls;

    cancel_fire(&call->cancel);
    LOCKED(&calls->lock);
    call->interrupted = clock_mono();
    pthread_cond_broadcast(&calls->changed);
}

static void enlist(struct calls *calls, struct call *call)
{
    LOCKED(&calls->lock);
    if (calls->stopped)
        cancel_fire(&call->cancel);
    call->prev = NULL;
    call->next = calls->first;
    if (call->next)
        call->next->prev = call;
    calls->first = call;
}

static void delist_locked(struct calls *calls, struct call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        calls->first = call->next;
    if (call->next)
        call->next->prev = call->prev;
}

void call_begin(struct call *call, fuse_req_t req)
{
    const struct fuse_ctx *ctx = fuse_req_ctx(req);

    call->req = req;
    call->mount = fuse_req_userdata(req);
    call->fs = call->mount->fs;
    call->opened = NULL;
    call->interrupted = 0;
    call->answer = CALL_MINE;
    call->who =
        (struct fs_req){.cancel = &call->cancel, .uid = ctx->uid, .gid = ctx->gid, .pid = ctx->pid};
    cancel_init(&call->cancel);
    enlist(&call->mount->calls, call);
    fuse_req_interrupt_func(req, interrupted, call);
}

bool call_end(struct call *call)
{
    struct calls *calls = &call->mount->calls;

    mutex_lock(&calls->lock);
    delist_locked(calls, call);
    while (call->answer == CALL_BEING_ABANDONED)
        clock_wait(&calls->changed, &calls->lock, INT64_MAX);
    if (call->answer == CALL_ABANDONED)
        pthread_cond_broadcast(&calls->changed); /* calls_let_go() */
    mutex_unlock(&calls->lock);
    if (call->answer == CALL_MINE)
        fuse_req_interrupt_func(call->req, NULL, NULL);
    return call->answer == CALL_MINE;
}

static const struct call *find_abandoned_locked(const struct calls *calls,
                                                const struct opened *opened)
{
    const struct call *call = calls->first;

    while (call && (call->opened != opened || call->answer == CALL_MINE))
        call = call->next;
    return call;
}

struct opened *call_opened(struct call *call, const struct fuse_file_info *fi)
{
    struct calls *calls = &call->mount->calls;
    struct opened *opened = opened_of(fi);

    LOCKED(&calls->lock);
    const struct call *abandoned = find_abandoned_locked(calls, opened);
    call->opened = opened;
    if (abandoned) {
        call->interrupted = abandoned->interrupted;
        pthread_cond_broadcast(&calls->changed);
    }
    return opened;
}

struct fs_handle *call_handle(struct call *call, const struct fuse_file_info *fi)
{
    return fi ? call_opened(call, fi)->file : NULL;
}

static bool is_used_locked(const struct calls *calls, const struct opened *opened)
{
    for (const struct call *call = calls->first; call; call = call->next) {
        if (call->opened == opened)
            return true;
    }
    return false;
}

void calls_let_go(struct calls *calls, const struct opened *opened)
{
    LOCKED(&calls->lock);
    while (is_used_locked(calls, opened))
        clock_wait(&calls->changed, &calls->lock, INT64_MAX);
}

int call_inode_error(int rc)
{
    return rc == -ENOENT ? -ESTALE : rc;
}

/* --- what does not end --- */

/* A directory takes one request at a time, so what is asked of it is waited for. */
static bool may_be_abandoned_locked(const struct call *call)
{
    return call->interrupted && call->answer == CALL_MINE && !(call->opened && call->opened->dir);
}

/* The one that has waited long enough, or NULL; `wake` is when the next one has. */
static struct call *overdue_locked(struct calls *calls, int64_t *wake)
{
    *wake = INT64_MAX;
    for (struct call *call = calls->first; call; call = call->next) {
        int64_t at = call->interrupted + ABANDON_AFTER;

        if (!may_be_abandoned_locked(call))
            continue;
        if (at <= clock_mono())
            return call;
        if (at < *wake)
            *wake = at;
    }
    return NULL;
}

/* Called with the lock, which it gives up meanwhile. */
static void abandon(struct calls *calls, struct call *call)
{
    call->answer = CALL_BEING_ABANDONED;
    mutex_unlock(&calls->lock);
    fuse_req_interrupt_func(call->req, NULL, NULL);
    fuse_reply_err(call->req, EINTR);
    mutex_lock(&calls->lock);
    call->answer = CALL_ABANDONED;
    pthread_cond_broadcast(&calls->changed);
}

static void *calls_main(void *arg)
{
    struct calls *calls = arg;

    LOCKED(&calls->lock);
    while (!calls->ending) {
        int64_t wake;
        struct call *call = overdue_locked(calls, &wake);

        if (call)
            abandon(calls, call);
        else
            clock_wait(&calls->changed, &calls->lock, wake);
    }
    return NULL;
}

int calls_start(struct calls *calls)
{
    int rc = -pthread_create(&calls->thread, NULL, calls_main, calls);

    calls->running = rc == 0;
    return rc;
}

void calls_end(struct calls *calls)
{
    if (!calls->running)
        return;
    mutex_lock(&calls->lock);
    calls->ending = true;
    pthread_cond_broadcast(&calls->changed);
    mutex_unlock(&calls->lock);
    pthread_join(calls->thread, NULL);
    calls->running = false;
}

/* --- all of them --- */

void calls_init(struct calls *calls)
{
    *calls = (struct calls){0};
    mutex_init(&calls->lock, MUTEX_CALLS);
    clock_cond_init(&calls->changed);
}

void calls_release(struct calls *calls)
{
    pthread_cond_destroy(&calls->changed);
    mutex_release(&calls->lock);
}

void calls_stop(struct calls *calls)
{
    LOCKED(&calls->lock);
    calls->stopped = true;
    for (struct call *call = calls->first; call; call = call->next)
        cancel_fire(&call->cancel);
}
