/*
 * worker.c - the threads that carry out what is due: one operation a slot, and several in one request where the
 * service takes them so.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/crash.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- claiming an operation --- */

/* What a worker carries out: one operation, or several that go together. They stay where they are in memory while they are claimed. */
struct jobs {
    struct job list[WRITEBACK_TOGETHER];
    size_t count;
    int64_t began; /* clock_mono() */
};

/* An attempt that ended since this worker began to look may be why nothing is to be tried now. */
static bool reserve(struct job *j, int64_t slot)
{
    struct writeback *wb = j->wb;
    struct claim *other;

    LOCKED(&wb->scheduler.lock);
    HASH_FIND(hh, wb->under_way, &slot, sizeof(slot), other);
    bool taken = other || wb->scheduler.stopping || scheduler_is_held_back_locked(&wb->scheduler);
    if (!taken) {
        j->claim.slot = slot;
        HASH_ADD(hh, wb->under_way, slot, sizeof(j->claim.slot), &j->claim);
        j->worker->claims++;
    }
    return !taken;
}

static void free_slot(struct job *j)
{
    struct writeback *wb = j->wb;

    LOCKED(&wb->scheduler.lock);
    HASH_DEL(wb->under_way, &j->claim);
    j->claim.slot = 0;
    j->worker->claims--;
}

static void job_release(struct job *j)
{
    free(j->trash);
    slot_release(&j->slot);
    journal_op_release(&j->op);
}

/* `rc` is what carrying out answered. */
static void finish(struct job *j, int rc)
{
    free_slot(j);
    job_release(j);
    scheduler_done(&j->wb->scheduler, rc == -ECANCELED ? 0 : rc);
}

/* Reads the operation under the write lock; false when it is none to be carried out now. */
static bool load(struct job *j, int64_t slot)
{
    struct state *state = j->mb->state;

    if (state_get_op(state, slot, &j->op))
        return false;
    if (j->op.state == JOURNAL_QUEUED && j->op.due <= clock_steady() &&
        !state_get_slot(state, slot, &j->slot))
        return true;
    job_release(j);
    return false;
}

/* As the next of the jobs. */
static bool claim(struct worker *w, int64_t slot, struct jobs *jobs)
{
    struct job *j = &jobs->list[jobs->count];
    struct state *state = w->wb->mb->state;

    *j = (struct job){
        .wb = w->wb,
        .mb = w->wb->mb,
        .worker = w,
        .ctx = {.cancel = &w->cancel, .priority = HTTP_SAVE},
    };
    state_begin(state);
    bool reserved = reserve(j, slot), loaded = reserved && load(j, slot);
    if (reserved && !loaded)
        free_slot(j);
    state_end(state, 0);
    jobs->count += loaded;
    return loaded;
}

/* --- what goes together --- */

/*
 * A service that takes several moves and deletions in one request gets one such request at a time: what becomes due
 * meanwhile goes with the next, which follows GATHER after the one before began at the earliest. So `mv` of many
 * files, which come one by one, is a few requests. One that takes long does not hold the others up.
 */
#define TOGETHER (1U << JOURNAL_MOVE | 1U << JOURNAL_DELETE)
#define GATHER (50 * NS_PER_MS)
#define TAKES_LONG (5 * NS_PER_S)

static int64_t together_from(struct writeback *wb)
{
    LOCKED(&wb->scheduler.lock);
    return wb->together_from;
}

static void set_together_from(struct writeback *wb, int64_t from)
{
    LOCKED(&wb->scheduler.lock);
    wb->together_from = from;
}

/* What is not known to exist is looked for first, which is nothing to wait for. */
static bool goes_with_others(const struct job *j)
{
    return (1U << j->op.verb & TOGETHER) && j->slot.record;
}

/* More of the kind. */
static void join(struct worker *w, int64_t now, struct jobs *jobs)
{
    struct state *state = w->wb->mb->state;
    unsigned max = remote_at_once(w->wb->mb->remote);
    int64_t slots[UNDER_WAY_MAX];

    if (max == 1 || !goes_with_others(&jobs->list[0]))
        return;
    set_together_from(w->wb, jobs->began + TAKES_LONG);
    state_begin(state);
    int count = state_due_ops(state, TOGETHER, now, slots, UNDER_WAY_MAX, NULL);
    for (int i = 0; i < count && jobs->count < max && jobs->count < WRITEBACK_TOGETHER; i++) {
        struct job *j = &jobs->list[jobs->count];

        if (claim(w, slots[i], jobs) && !goes_with_others(j)) {
            jobs->count--;
            free_slot(j);
            job_release(j);
        }
    }
    state_end(state, 0);
}

/* --- looking for work --- */

/* The events of writeback_announce(). */
static void announce_parked(struct writeback *wb)
{
    SCOPED(xfree) int64_t *slots = NULL;
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
}

/* False: `wake` says when to look again. Fewer than UNDER_WAY_MAX of the slots are under way. */
static bool pick(struct worker *w, struct jobs *jobs, int64_t *wake)
{
    struct state *state = w->wb->mb->state;
    int64_t slots[UNDER_WAY_MAX], next, together = together_from(w->wb);
    int64_t began = clock_mono(); /* first: a clock that is pushed meanwhile is seen too early */
    int64_t now = clock_steady();
    unsigned verbs = began < together ? JOURNAL_ALL & ~TOGETHER : JOURNAL_ALL;
    int count = state_due_ops(state, verbs, now, slots, UNDER_WAY_MAX, NULL);

    jobs->count = 0;
    jobs->began = began;
    for (int i = 0; i < count; i++) {
        if (claim(w, slots[i], jobs)) {
            join(w, now, jobs);
            return true;
        }
    }
    if (count < 0 || state_due_ops(state, JOURNAL_ALL, now, slots, 0, &next) < 0)
        next = now + SCHEDULER_DISK_PAUSE * NS_PER_S;
    *wake = scheduler_wake_at(began, now, next);
    if (began < together && together < *wake)
        *wake = together;
    return false;
}

/* Answers with something to carry out, or false when it is time to end. */
static bool look(struct worker *w, struct jobs *jobs)
{
    struct scheduler *s = &w->wb->scheduler;
    uint64_t kicks;

    while (scheduler_goes_on(s, &kicks)) {
        announce_parked(w->wb);
        int64_t wake = scheduler_held_back(s);
        if (!wake && pick(w, jobs, &wake))
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

    LOCKED(&wb->scheduler.lock);
    while (wb->looking && !wb->scheduler.stopping)
        clock_wait(&wb->turn, &wb->scheduler.lock, INT64_MAX);
    mine = !wb->scheduler.stopping;
    if (mine)
        wb->looking = true;
    return mine;
}

static void give_turn(struct writeback *wb)
{
    LOCKED(&wb->scheduler.lock);
    wb->looking = false;
    pthread_cond_signal(&wb->turn);
}

/* --- carrying out --- */

/* 1: there is a request to be made. */
static int begin(struct job *j)
{
    int rc = 1;

    switch (j->op.verb) {
    case JOURNAL_CREATE:
        return create_run(j);
    case JOURNAL_MOVE:
        return move_begin(j);
    case JOURNAL_UPDATE:
        if (j->slot.origin)
            rc = move_run(j);
        return rc == 1 ? update_run(j) : rc;
    case JOURNAL_DELETE:
        return remove_begin(j);
    }
    return 0;
}

static int end(struct job *j)
{
    int rc = j->op.verb == JOURNAL_MOVE ? move_end(j) : remove_end(j);

    return rc == 1 ? 0 : rc; /* what was saved during a move is for the next look */
}

void job_request(struct job *const *jobs, size_t count)
{
    struct remote_request *requests[WRITEBACK_TOGETHER];

    for (size_t i = 0; i < count; i++)
        requests[i] = &jobs[i]->request;
    crash_point("sync: before moves and deletions");
    remote_change_many(jobs[0]->mb->remote, requests, count, jobs[0]->ctx);
    crash_point("sync: after moves and deletions");
}

void job_request_release(struct job *j)
{
    cJSON_Delete(j->request.record);
    remote_fault_release(&j->request.fault);
    j->request = (struct remote_request){0};
}

/* Those that went well or not. */
static void end_those(struct job *const *jobs, size_t count, bool well)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i]->claim.slot && (jobs[i]->request.fault.grade == GRADE_OK) == well)
            finish(jobs[i], end(jobs[i]));
    }
}

static void carry_out(struct jobs *jobs)
{
    struct writeback *wb = jobs->list[0].wb;
    struct job *asking[WRITEBACK_TOGETHER];
    size_t count = 0;

    for (size_t i = 0; i < jobs->count; i++) {
        struct job *j = &jobs->list[i];
        int rc = begin(j);

        if (rc == 1)
            asking[count++] = j;
        else
            finish(j, rc);
    }
    if (count)
        job_request(asking, count);
    if (together_from(wb) == jobs->began + TAKES_LONG)
        set_together_from(wb, jobs->began + GATHER);
    end_those(asking, count, true);
    end_those(asking, count, false); /* which may ask more */
}

/* --- threads --- */

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    struct jobs jobs;

    while (take_turn(w->wb)) {
        bool found = look(w, &jobs);

        give_turn(w->wb);
        if (!found)
            break;
        carry_out(&jobs);
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
    LOCKED(&wb->scheduler.lock);
    wb->running = started;
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
