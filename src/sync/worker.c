/*
 * worker.c - the threads that carry out what is due, one operation a slot.
 */
#include "writeback_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How often a service that cannot be reached is asked about. */
#define ONLINE_POLL NS_PER_S
/* How often a new token is looked for while the old one is refused. */
#define TOKEN_POLL NS_PER_S
/* The machine may sleep, and waits with it: the clock of the journal is looked at this often. */
#define SLEEP_MAX (60 * NS_PER_S)
#define DISK_PAUSE (5 * NS_PER_S)

/* --- claiming an operation --- */

/* When to look again while nothing may be tried at all; 0: now. */
static int64_t held_back_locked(const struct writeback *wb)
{
    int64_t until = wb->auth_until > wb->pause_until ? wb->auth_until : wb->pause_until;

    return until > clock_mono() ? until : 0;
}

/* An attempt that ended since this worker began to look may be why nothing is to be tried now. */
static bool reserve(struct worker *w, int64_t slot)
{
    struct writeback *wb = w->wb;
    bool taken;

    mutex_lock(&wb->lock);
    taken = wb->stopping || held_back_locked(wb);
    for (size_t i = 0; i < WRITEBACK_WORKERS; i++)
        taken |= wb->workers[i].slot == slot;
    if (!taken) {
        w->slot = slot;
        w->settled = false;
    }
    mutex_unlock(&wb->lock);
    return !taken;
}

/* The worker is free again; `rc` is what carrying out answered. */
static void finish(struct worker *w, int rc)
{
    struct writeback *wb = w->wb;

    mutex_lock(&wb->lock);
    w->slot = 0;
    if (rc)
        wb->pause_until = clock_mono() + DISK_PAUSE;
    wb->kicks++;
    wb->ends++;
    pthread_cond_signal(&wb->work);
    pthread_cond_broadcast(&wb->ended);
    mutex_unlock(&wb->lock);
}

static void task_release(struct task *t)
{
    slot_release(&t->slot);
    journal_op_release(&t->op);
}

/* Reads the operation under the write lock; false when it is none to be carried out now. */
static bool load(struct worker *w, int64_t slot, struct task *t)
{
    struct state *state = w->wb->mb->state;

    *t = (struct task){
        .wb = w->wb,
        .mb = w->wb->mb,
        .worker = w,
        .ctx = {.cancel = &w->cancel, .priority = HTTP_SAVE},
    };
    if (state_get_op(state, slot, &t->op))
        return false;
    if (t->op.state == JOURNAL_QUEUED && t->op.due <= clock_steady() &&
        !state_get_slot(state, slot, &t->slot))
        return true;
    task_release(t);
    return false;
}

static bool claim(struct worker *w, int64_t slot, struct task *t)
{
    bool claimed = false;
    struct state *state = w->wb->mb->state;

    state_begin(state);
    if (reserve(w, slot)) {
        claimed = load(w, slot, t);
        if (!claimed) {
            mutex_lock(&w->wb->lock);
            w->slot = 0;
            mutex_unlock(&w->wb->lock);
        }
    }
    state_end(state, 0);
    return claimed;
}

/* --- looking for work --- */

/* Events of what was parked inside somebody else's transaction. */
static void announce_parked(struct writeback *wb)
{
    int64_t *slots;
    size_t count;

    mutex_lock(&wb->lock);
    slots = wb->parked;
    count = wb->parked_count;
    wb->parked = NULL;
    wb->parked_count = 0;
    mutex_unlock(&wb->lock);
    for (size_t i = 0; i < count; i++) {
        struct slot slot;

        if (state_get_slot(wb->mb->state, slots[i], &slot))
            continue;
        mailbox_notify_slot(wb->mb, &slot);
        slot_release(&slot);
    }
    free(slots);
}

static int64_t held_back_until(struct writeback *wb)
{
    uint64_t token;
    int64_t until;

    if (!remote_online(wb->mb->remote))
        return clock_mono() + ONLINE_POLL;
    token = remote_token_there(wb->mb->remote);
    mutex_lock(&wb->lock);
    if (token != wb->refused_token)
        wb->auth_until = 0;
    until = held_back_locked(wb);
    if (until && until == wb->auth_until && until > clock_mono() + TOKEN_POLL)
        until = clock_mono() + TOKEN_POLL;
    mutex_unlock(&wb->lock);
    return until;
}

/*
 * False: `wake` says when to look again. At most WRITEBACK_WORKERS - 1 of the slots can be under
 * way.
 */
static bool pick(struct worker *w, struct task *t, int64_t *wake)
{
    struct state *state = w->wb->mb->state;
    int64_t slots[WRITEBACK_WORKERS], next, wait;
    int64_t began = clock_mono(); /* first: a clock that is pushed meanwhile is seen too early */
    int64_t now = clock_steady();
    int count = state_due_ops(state, now, slots, WRITEBACK_WORKERS, NULL);

    for (int i = 0; i < count; i++)
        if (claim(w, slots[i], t))
            return true;
    if (count < 0 || state_due_ops(state, now, slots, 0, &next) < 0) {
        *wake = clock_mono() + DISK_PAUSE;
        return false;
    }
    wait = next - now < SLEEP_MAX ? next - now : SLEEP_MAX;
    *wake = next == INT64_MAX ? INT64_MAX : began + wait;
    return false;
}

/* Answers with something to carry out, or false when it is time to end. */
static bool look(struct worker *w, struct task *t)
{
    struct writeback *wb = w->wb;

    for (;;) {
        uint64_t kicks;
        bool stopping;
        int64_t wake;

        mutex_lock(&wb->lock);
        kicks = wb->kicks;
        stopping = wb->stopping;
        mutex_unlock(&wb->lock);
        if (stopping)
            return false;
        announce_parked(wb);
        wake = held_back_until(wb);
        if (!wake && pick(w, t, &wake))
            return true;

        mutex_lock(&wb->lock);
        while (wb->kicks == kicks && !wb->stopping &&
               clock_wait(&wb->work, &wb->lock, wake) != -ETIMEDOUT)
            ;
        mutex_unlock(&wb->lock);
    }
}

/*
 * One worker looks, the others wait for it to find something: one thread polls, and operations are
 * begun in the order of the queue.
 */
static bool take_turn(struct writeback *wb)
{
    bool mine;

    mutex_lock(&wb->lock);
    while (wb->looking && !wb->stopping)
        clock_wait(&wb->turn, &wb->lock, INT64_MAX);
    mine = !wb->stopping;
    if (mine)
        wb->looking = true;
    mutex_unlock(&wb->lock);
    return mine;
}

static void give_turn(struct writeback *wb)
{
    mutex_lock(&wb->lock);
    wb->looking = false;
    pthread_cond_signal(&wb->turn);
    mutex_unlock(&wb->lock);
}

/* --- threads --- */

static void carry_out(struct task *t)
{
    int rc = 0;

    switch (t->op.verb) {
    case JOURNAL_CREATE:
        rc = create_run(t);
        break;
    case JOURNAL_MOVE:
        rc = move_run(t);
        break;
    case JOURNAL_UPDATE:
        rc = t->slot.origin ? move_run(t) : 1;
        if (rc == 1)
            rc = update_run(t);
        break;
    case JOURNAL_DELETE:
        rc = remove_run(t);
        break;
    }
    if (rc == -ECANCELED)
        rc = 0;
    if (rc)
        log_error("%s/%s: the journal or the cache cannot be written (%s): tried again in %d s",
                  kind_info(t->slot.kind)->dir, t->slot.name, strerror(-rc),
                  (int)(DISK_PAUSE / NS_PER_S));
    finish(t->worker, rc);
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct task t;

    while (take_turn(w->wb)) {
        bool found = look(w, &t);

        give_turn(w->wb);
        if (!found)
            break;
        carry_out(&t);
        task_release(&t);
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
    mutex_lock(&wb->lock);
    wb->running = started;
    mutex_unlock(&wb->lock);
    return started ? 0 : -rc;
}

void writeback_stop(struct writeback *wb, int64_t limit)
{
    if (!wb->running)
        return;
    writeback_flush(wb, 0, clock_mono() + limit, NULL, NULL);
    mutex_lock(&wb->lock);
    wb->stopping = true;
    pthread_cond_broadcast(&wb->turn);
    pthread_cond_broadcast(&wb->work);
    pthread_cond_broadcast(&wb->ended);
    mutex_unlock(&wb->lock);
    for (unsigned i = 0; i < wb->running; i++)
        cancel_fire(&wb->workers[i].cancel);
    for (unsigned i = 0; i < wb->running; i++)
        pthread_join(wb->workers[i].thread, NULL);
    mutex_lock(&wb->lock);
    wb->running = 0;
    mutex_unlock(&wb->lock);
}
