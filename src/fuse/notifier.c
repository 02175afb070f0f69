/*
 * notifier.c - the thread that tells the kernel which inodes have changed, and who can read on.
 *
 * Only attributes are invalidated, never pages or names. Those two wait in the kernel,
 * uninterruptibly, for locks that a request under way may hold; if this process is killed just
 * then, the request is never answered and the program that made it hangs for ever, because the
 * waiting thread keeps /dev/fuse open. A changed size or mtime makes the kernel drop its pages by
 * itself (FUSE_CAP_AUTO_INVAL_DATA), and names are only believed for a while (ops.c).
 *
 * The kernel forgets files on demand from Linux 6.18 on (FUSE_NOTIFY_PRUNE). That takes no lock of a
 * directory, leaves alone what is in use, and waits for nothing where a file has no pages. It sends a
 * FORGET for each, and wakes a thread for each as long as one waits for requests; who has received
 * one waits for the end, so that the others come in one message.
 */
#include "fuse_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <inttypes.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* Neither libfuse 3.14 nor the headers of Debian 12 have it: include/uapi/linux/fuse.h, protocol 7.45. */
#define NOTIFY_PRUNE 9
struct prune_out {
    uint32_t count;
    uint32_t padding;
    uint64_t spare;
};

#define PRUNE_WAIT (20 * NS_PER_MS) /* several times what it takes */

struct notice {
    uint64_t ino;
    char key[17];                 /* of notifier.pending */
    struct fuse_pollhandle *poll; /* of somebody who waits for a file, instead of an inode */
    size_t count;                 /* of files to forget, instead of an inode */
    uint64_t old[];
};

static void notice_destroy(struct notice *notice)
{
    if (notice->poll)
        fuse_pollhandle_destroy(notice->poll);
    free(notice);
}

static void push(struct notifier *n, uint64_t ino)
{
    struct notice *notice = xcalloc(1, sizeof(*notice));
    bool pushed = false;

    notice->ino = ino;
    snprintf(notice->key, sizeof(notice->key), "%" PRIx64, ino);
    mutex_lock(&n->lock);
    if (!map_get(&n->pending, notice->key)) {
        pushed = queue_push(&n->queue, notice);
        if (pushed)
            map_set(&n->pending, notice->key, notice);
    }
    mutex_unlock(&n->lock);

    if (!pushed)
        notice_destroy(notice);
}

static void notify_inode(void *ctx, uint64_t ino)
{
    struct mount *m = ctx;

    push(&m->notifier, ino);
}

/* A handle is told of once, so it needs no place among those that wait already. The kernel takes no
 * lock that a request may hold for it. */
static void notify_ready(void *ctx, void *waiter)
{
    struct mount *m = ctx;
    struct notice *notice = xcalloc(1, sizeof(*notice));

    notice->poll = waiter;
    if (!queue_push(&m->notifier.queue, notice))
        notice_destroy(notice);
}

static void notify_unneeded(void *, void *waiter)
{
    fuse_pollhandle_destroy(waiter);
}

static void notify_prune(void *ctx, const uint64_t *inos, size_t count)
{
    struct mount *m = ctx;
    struct notice *notice = xcalloc(1, sizeof(*notice) + count * sizeof(*inos));

    notice->count = count;
    memcpy(notice->old, inos, count * sizeof(*inos));
    if (!queue_push(&m->notifier.queue, notice))
        notice_destroy(notice);
}

/* Of a file without pages the kernel waits for none. What it does not take it asks for. */
static void notify_store(void *ctx, uint64_t ino, const char *bytes, size_t count)
{
    const struct mount *m = ctx;
    struct fuse_bufvec vec = FUSE_BUFVEC_INIT(count);

    vec.buf[0].mem = (void *)bytes;
    fuse_lowlevel_notify_store(m->session, ino, 0, &vec, 0);
}

const struct fs_notify mount_notify = {.inode = notify_inode,
                                       .prune = notify_prune,
                                       .store = notify_store,
                                       .ready = notify_ready,
                                       .unneeded = notify_unneeded};

static void set_pruning(struct notifier *n, bool pruning)
{
    mutex_lock(&n->lock);
    n->pruning = pruning;
    pthread_cond_broadcast(&n->pruned);
    mutex_unlock(&n->lock);
}

void notifier_wait_pruned(struct notifier *n)
{
    const int64_t until = clock_mono() + PRUNE_WAIT;

    mutex_lock(&n->lock);
    while (n->pruning && clock_wait(&n->pruned, &n->lock, until) != -ETIMEDOUT)
        ;
    mutex_unlock(&n->lock);
}

/* An older kernel answers EINVAL, and forgets when it needs the memory. */
static void prune(struct notifier *n, const struct notice *notice)
{
    struct prune_out arg = {.count = (uint32_t)notice->count};
    const size_t size = notice->count * sizeof(*notice->old);
    struct fuse_out_header header = {.len = (uint32_t)(sizeof(header) + sizeof(arg) + size),
                                     .error = NOTIFY_PRUNE};
    const struct iovec parts[] = {
        {&header, sizeof(header)}, {&arg, sizeof(arg)}, {(void *)notice->old, size}};

    set_pruning(n, true);
    if (writev(fuse_session_fd(n->session), parts, 3) < 0)
        log_debug("the kernel forgets no files: %s", strerror(errno));
    set_pruning(n, false);
}

/* An error means that the kernel does not have it (-ENOENT) or is gone: nothing to do. */
static void tell_kernel(struct notifier *n, const struct notice *notice)
{
    if (notice->poll)
        fuse_lowlevel_notify_poll(notice->poll);
    else if (notice->count)
        prune(n, notice);
    else
        fuse_lowlevel_notify_inval_inode(n->session, notice->ino, -1, 0);
}

static void *run(void *arg)
{
    struct notifier *n = arg;
    struct notice *notice;

    while ((notice = queue_pop(&n->queue, NULL, INT64_MAX))) {
        /* Before telling: a change from here on needs a notice of its own. */
        mutex_lock(&n->lock);
        if (*notice->key)
            map_remove(&n->pending, notice->key);
        mutex_unlock(&n->lock);
        if (!atomic_load(&n->stopping))
            tell_kernel(n, notice);
        notice_destroy(notice);
    }
    return NULL;
}

void notifier_init(struct notifier *n)
{
    *n = (struct notifier){0};
    queue_init(&n->queue);
    mutex_init(&n->lock, MUTEX_NOTIFIER);
    clock_cond_init(&n->pruned);
    map_init(&n->pending);
}

void notifier_release(struct notifier *n)
{
    struct notice *notice;

    queue_close(&n->queue);
    while ((notice = queue_pop(&n->queue, NULL, 0)))
        notice_destroy(notice);
    map_release(&n->pending);
    pthread_cond_destroy(&n->pruned);
    mutex_release(&n->lock);
    queue_release(&n->queue);
}

int notifier_start(struct notifier *n, struct fuse_session *session)
{
    n->session = session;
    int rc = pthread_create(&n->thread, NULL, run, n);
    n->running = rc == 0;
    return -rc;
}

void notifier_stop(struct notifier *n)
{
    atomic_store(&n->stopping, true);
    queue_close(&n->queue);
    if (n->running)
        pthread_join(n->thread, NULL);
    n->running = false;
}
