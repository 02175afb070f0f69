/*
 * call.c - a request under way: the list of them, and how one is interrupted.
 */
#include "fuse_p.h"

#include <errno.h>

/* Runs under a lock of the request that fuse_req_interrupt_func() takes too, so not after
 * call_end(). */
static void interrupted(fuse_req_t req, void *data)
{
    (void)req;
    cancel_fire(data);
}

static void enlist(struct calls *calls, struct call *call)
{
    mutex_lock(&calls->lock);
    if (calls->stopped)
        cancel_fire(&call->cancel);
    call->prev = NULL;
    call->next = calls->first;
    if (call->next)
        call->next->prev = call;
    calls->first = call;
    mutex_unlock(&calls->lock);
}

static void delist(struct calls *calls, struct call *call)
{
    mutex_lock(&calls->lock);
    if (call->prev)
        call->prev->next = call->next;
    else
        calls->first = call->next;
    if (call->next)
        call->next->prev = call->prev;
    mutex_unlock(&calls->lock);
}

void call_begin(struct call *call, fuse_req_t req)
{
    const struct fuse_ctx *ctx = fuse_req_ctx(req);

    call->req = req;
    call->mount = fuse_req_userdata(req);
    call->fs = call->mount->fs;
    call->who =
        (struct fs_req){.cancel = &call->cancel, .uid = ctx->uid, .gid = ctx->gid, .pid = ctx->pid};
    cancel_init(&call->cancel);
    enlist(&call->mount->calls, call);
    fuse_req_interrupt_func(req, interrupted, &call->cancel);
}

void call_end(struct call *call)
{
    fuse_req_interrupt_func(call->req, NULL, NULL);
    delist(&call->mount->calls, call);
}

struct fs_handle *call_handle(const struct fuse_file_info *fi)
{
    return fi ? opened_of(fi)->file : NULL;
}

int call_inode_error(int rc)
{
    return rc == -ENOENT ? -ESTALE : rc;
}

void calls_init(struct calls *calls)
{
    *calls = (struct calls){0};
    mutex_init(&calls->lock, MUTEX_CALLS);
}

void calls_release(struct calls *calls)
{
    mutex_release(&calls->lock);
}

void calls_stop(struct calls *calls)
{
    mutex_lock(&calls->lock);
    calls->stopped = true;
    for (struct call *call = calls->first; call; call = call->next)
        cancel_fire(&call->cancel);
    mutex_unlock(&calls->lock);
}
