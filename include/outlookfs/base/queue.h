/*
 * queue.h - a FIFO between threads. An item is owned by exactly one side: the sender until
 * queue_push(), the receiver after queue_pop().
 *
 *     while ((job = queue_pop(&q, NULL, INT64_MAX)))   // NULL: closed and empty
 *         work(job);
 *
 * Threads: any, except init and release.
 */
#ifndef OUTLOOKFS_BASE_QUEUE_H
#define OUTLOOKFS_BASE_QUEUE_H

#include <outlookfs/base/mutex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cancel;
struct queue_node;

struct queue {
    struct mutex lock;
    pthread_cond_t filled;
    struct queue_node *head, *tail; /* guarded by lock */
    size_t count;                   /* guarded by lock */
    bool closed;                    /* guarded by lock */
};

void queue_init(struct queue *q);
void queue_release(struct queue *q); /* must be empty */

/* Takes ownership of `item` (not NULL). After queue_close() it answers false and the item stays the
 * caller's. */
bool queue_push(struct queue *q, void *item);

/*
 * The oldest item, waiting for one if there is none. NULL at clock_mono() `until`, when cancelled,
 * or when the queue is closed and empty; an item that is there comes before any of these.
 */
void *queue_pop(struct queue *q, struct cancel *cancel, int64_t until);

/* No more pushes; waiting receivers get what is left, then NULL. */
void queue_close(struct queue *q);

#endif
