/*
 * poll.c - who waits until an open file can be read: poll(2), select(2), epoll(7).
 *
 * poll knows no file offset, so a handle remembers where its last read ended: it is ready when
 * there is something behind that. A handle that was never read counts from the beginning.
 */
#include "core_p.h"

#include <stddef.h>

void waiters_init(struct waiters *w)
{
    mutex_init(&w->lock, MUTEX_WAITERS);
    w->first = NULL;
}

void waiters_release(struct waiters *w)
{
    mutex_release(&w->lock);
}

/* Takes the handle out; its waiter, which is the caller's now, or NULL. */
static void *take_locked(struct waiters *w, struct fs_handle *h)
{
    void *waiter = h->waiter;

    if (!waiter)
        return NULL;
    for (struct fs_handle **at = &w->first; *at; at = &(*at)->next_waiting) {
        if (*at == h) {
            *at = h->next_waiting;
            break;
        }
    }
    h->waiter = NULL;
    return waiter;
}

static void unneeded(struct fs *fs, void *waiter)
{
    if (waiter && fs->config.notify)
        fs->config.notify->unneeded(fs->config.notify_ctx, waiter);
}

void waiters_forget(struct fs *fs, struct fs_handle *h)
{
    mutex_lock(&fs->waiters.lock);
    void *waiter = take_locked(&fs->waiters, h);
    mutex_unlock(&fs->waiters.lock);
    unneeded(fs, waiter);
}

void waiters_fire(struct fs *fs, uint64_t ino)
{
    LOCKED(&fs->waiters.lock);
    for (struct fs_handle *h = fs->waiters.first, *next; h; h = next) {
        next = h->next_waiting;
        if (h->node->ino != ino)
            continue;
        void *waiter = take_locked(&fs->waiters, h);
        if (fs->config.notify)
            fs->config.notify->ready(fs->config.notify_ctx, waiter);
    }
}

unsigned fs_poll(struct fs *fs, struct fs_handle *h, void *waiter)
{
    const struct node_ops *ops = tree_ops(fs, h->node);
    void *before = NULL;

    if (!ops->ready) {
        unneeded(fs, waiter);
        return FS_READY;
    }
    /* First the waiter, then the look: what comes between the two is told. */
    if (waiter) {
        mutex_lock(&fs->waiters.lock);
        before = take_locked(&fs->waiters, h);
        h->waiter = waiter;
        h->next_waiting = fs->waiters.first;
        fs->waiters.first = h;
        mutex_unlock(&fs->waiters.lock);
        unneeded(fs, before);
    }
    return ops->ready(fs, h->node, h->position);
}
