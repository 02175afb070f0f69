/*
 * worker.c - the threads that carry out what is due, one operation a slot.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- claiming an operation --- */

/* An attempt that ended since this worker began to look may be why nothing is to be tried now. */
static bool reserve(struct worker *w, int64_t slot)
{
    struct writeback *wb = w->wb;
    bool taken;

    mutex_lock(&wb->scheduler.lock);
    taken = wb->scheduler.stopping || scheduler_is_held_back_locked(&wb->scheduler);
    for (size_t i = 0; i < WRITEBACK_WORKERS; i++)
        taken |= wb->workers[i].slot == slot;
    if (!taken) {
        w->slot = slot;
        w->settled = false;
    }
    mutex_unlock(&wb->scheduler.lock);
    return !taken;
}

/* The worker is free again; `rc` is what carrying out answered. */
static void finish(struct worker *w, int rc)
{
    struct writeback *wb = w->wb;

    mutex_lock(&wb->scheduler.lock);
    w->slot = 0;
    mutex_unlock(&wb->scheduler.lock);
    scheduler_done(&wb->scheduler, rc);
}

static void job_release(struct job *j)
{
    slot_release(&j->slot);
    journal_op_release(&j->op);
}

/* Reads the operation under the write lock; false when it is none to be carried out now. */
static bool load(struct worker *w, int64_t slot, struct job *j)
{
    struct state *state = w->wb->mb->state;

    *j = (struct job){
        .wb = w->wb,
        .mb = w->wb->mb,
        .worker = w,
        .ctx = {.cancel = &w->cancel, .priority = HTTP_SAVE},
    };
    if (state_get_op(state, slot, &j->op))
        return false;
    if (j->op.state == JOURNAL_QUEUED && j->op.due <= clock_steady() &&
        !state_get_slot(state, slot, &j->slot))
        return true;
    job_release(j);
    return false;
}

static bool claim(struct worker *w, int64_t slot, struct job *j)
{
    bool claimed = false;
    struct state *state = w->wb->mb->state;

    state_begin(state);
    if (reserve(w, slot)) {
        claimed = load(w, slot, j);
        if (!claimed) {
            mutex_lock(&w->wb->scheduler.lock);
            w->slot = 0;
            mutex_unlock(&w->wb->scheduler.lock);
        }
    }
    state_end(state, 0);
    return claimed;
}

/* --- looking for work --- */

/* The events of writeback_announce(). */
static void announce_parked(struct writeback *wb)
{
    int64_t *slots;
    size_t count;

    mutex_lock(&wb->scheduler.lock);
    slots = wb->parked;
    count = wb->parked_count;
    wb->parked = NULL;
    wb->parked_count = 0;
    mutex_unlock(&wb->scheduler.lock);
    for (size_t i = 0; i < count; i++) {
        struct slot slot;

        if (state_get_slot(wb->mb->state, slots[i], &slot))
            continue;
        mailbox_notify_slot(wb->mb, &slot);
        slot_release(&slot);
    }
    free(slots);
}

/*
 * False: `wake` says when to look again. At most WRITEBACK_WORKERS - 1 of the slots can be under
 * way.
 */
static bool pick(struct worker *w, struct job *j, int64_t *wake)
{
    struct state *state = w->wb->mb->state;
    int64_t slots[WRITEBACK_WORKERS], next;
    int64_t began = clock_mono(); /* first: a clock that is pushed meanwhile is seen too early */
    int64_t now = clock_steady();
    int count = state_due_ops(state, now, slots, WRITEBACK_WORKERS, NULL);

    for (int i = 0; i < count; i++)
        if (claim(w, slots[i], j))
            return true;
    if (count < 0 || state_due_ops(state, now, slots, 0, &next) < 0)
        next = now + SCHEDULER_DISK_PAUSE * NS_PER_S;
    *wake = scheduler_wake_at(began, now, next);
    return false;
}

/* Answers with something to carry out, or false when it is time to end. */
static bool look(struct worker *w, struct job *j)
{
    struct scheduler *s = &w->wb->scheduler;
    uint64_t kicks;

    while (scheduler_goes_on(s, &kicks)) {
        announce_parked(w->wb);
        int64_t wake = scheduler_held_back(s);
        if (!wake && pick(w, j, &wake))
            return true;
        scheduler_sleep(s, kicks, wake);
    }
    return false;
}

/*
 * One worker looks, the others wait for it to find something: one thread polls, and operations are
 * begun in the order of the queue.
 */
static bool take_turn(struct writeback *wb)
{
    bool mine;

    mutex_lock(&wb->scheduler.lock);
    while (wb->looking && !wb->scheduler.stopping)
        clock_wait(&wb->turn, &wb->scheduler.lock, INT64_MAX);
    mine = !wb->scheduler.stopping;
    if (mine)
        wb->looking = true;
    mutex_unlock(&wb->scheduler.lock);
    return mine;
}

static void give_turn(struct writeback *wb)
{
    mutex_lock(&wb->scheduler.lock);
    wb->looking = false;
    pthread_cond_signal(&wb->turn);
    mutex_unlock(&wb->scheduler.lock);
}

/* --- threads --- */

static void carry_out(struct job *j)
{
    int rc = 0;

    switch (j->op.verb) {
    case JOURNAL_CREATE:
        rc = create_run(j);
        break;
    case JOURNAL_MOVE:
        rc = move_run(j);
        break;
    case JOURNAL_UPDATE:
        rc = j->slot.origin ? move_run(j) : 1;
        if (rc == 1)
            rc = update_run(j);
        break;
    case JOURNAL_DELETE:
        rc = remove_run(j);
        break;
    }
    if (rc == -ECANCELED)
        rc = 0;
    finish(j->worker, rc);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct job j;

    while (take_turn(w->wb)) {
        bool found = look(w, &j);

        give_turn(w->wb);
        if (!found)
            break;
        carry_out(&j);
        job_release(&j);
    }
    return NULL;
}

int writeback_start(struct writeback *wb)
{
    unsigned started = 0;
    int rc = 0;

    if (wb->mb->config.read_only)
        return 0;
    while (!rc && started < WRITEBACK_WORKERS) {
        rc = pthread_create(&wb->workers[started].thread, NULL, worker_main, &wb->workers[started]);
        started += !rc;
    }
    mutex_lock(&wb->scheduler.lock);
    wb->running = started;
    mutex_unlock(&wb->scheduler.lock);
    return started ? 0 : -rc;
}

void writeback_stop(struct writeback *wb, int64_t limit)
{
    if (!wb->running)
        return;
    if (limit > 0) /* without time nothing becomes due earlier than it was */
        writeback_flush(wb, 0, clock_mono() + limit, NULL, NULL);
    scheduler_stop(&wb->scheduler);
    mutex_lock(&wb->scheduler.lock);
    pthread_cond_broadcast(&wb->turn);
    mutex_unlock(&wb->scheduler.lock);
    for (unsigned i = 0; i < wb->running; i++)
        cancel_fire(&wb->workers[i].cancel);
    for (unsigned i = 0; i < wb->running; i++)
        pthread_join(wb->workers[i].thread, NULL);
    mutex_lock(&wb->scheduler.lock);
    wb->running = 0;
    mutex_unlock(&wb->scheduler.lock);
}
