/*
 * queue.c - a linked list, a lock and a condition.
 */
#include <outlookfs/base/queue.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>

#include <assert.h>
#include <stdlib.h>

struct queue_node {
    struct queue_node *next;
    void *item;
};

void queue_init(struct queue *q)
{
    *q = (struct queue){0};
    mutex_init(&q->lock, MUTEX_QUEUE);
    clock_cond_init(&q->filled);
}

void queue_release(struct queue *q)
{
    assert(!q->head);
    pthread_cond_destroy(&q->filled);
    mutex_release(&q->lock);
}

bool queue_push(struct queue *q, void *item)
{
    struct queue_node *node;

    assert(item);
    node = xcalloc(1, sizeof(*node));
    node->item = item;

    mutex_lock(&q->lock);
    bool open = !q->closed;
    if (open) {
        if (q->tail)
            q->tail->next = node;
        else
            q->head = node;
        q->tail = node;
        q->count++;
        pthread_cond_signal(&q->filled);
    }
    mutex_unlock(&q->lock);

    if (!open)
        free(node);
    return open;
}

static void *take_locked(struct queue *q)
{
    struct queue_node *node = q->head;
    void *item = node->item;

    q->head = node->next;
    if (!q->head)
        q->tail = NULL;
    q->count--;
    free(node);
    return item;
}

void *queue_pop(struct queue *q, struct cancel *cancel, int64_t until)
{
    void *item = NULL;

    LOCKED(&q->lock);
    while (!q->head && !q->closed) {
        if (cancel_wait(cancel, &q->filled, &q->lock, until))
            break;
    }
    if (q->head)
        item = take_locked(q);
    return item;
}

void queue_close(struct queue *q)
{
    LOCKED(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->filled);
}
