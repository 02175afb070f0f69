/*
 * writeback.c - lifetime of the queue, and what takes effect at once: cancel, retry, confirm, kick.
 */
#include "writeback_p.h"

#include <outlookfs/base/map.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <outlookfs/model/name.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define META_CONFIRMED "deletions_confirmed"

static int64_t read_confirmed(struct state *state)
{
    SCOPED(xfree) char *text = NULL;
    int64_t at;

    if (state_get_meta(state, META_CONFIRMED, &text))
        return 0;
    at = strtoll(text, NULL, 10);
    return at < clock_steady() ? at : clock_steady();
}

struct writeback *writeback_create(struct mailbox *mb)
{
    struct writeback *wb = xcalloc(1, sizeof(*wb));

    wb->mb = mb;
    scheduler_init(&wb->scheduler, "write-back", mb->remote, MUTEX_WRITEBACK);
    clock_cond_init(&wb->turn);
    wb->confirmed = read_confirmed(mb->state);
    for (size_t i = 0; i < WRITEBACK_WORKERS; i++) {
        wb->workers[i].wb = wb;
        cancel_init(&wb->workers[i].cancel);
    }
    return wb;
}

void writeback_destroy(struct writeback *wb)
{
    if (!wb)
        return;
    free(wb->parked);
    writeback_forget_answers(wb);
    HASH_FREE_ALL(wb->trashed, free);
    pthread_cond_destroy(&wb->turn);
    scheduler_release(&wb->scheduler);
    free(wb);
}

bool writeback_under_way(struct writeback *wb, int64_t slot)
{
    struct claim *claim;

    LOCKED(&wb->scheduler.lock);
    HASH_FIND(hh, wb->under_way, &slot, sizeof(slot), claim);
    return claim && !claim->settled;
}

void writeback_announce(struct writeback *wb, int64_t slot)
{
    LOCKED(&wb->scheduler.lock);
    wb->parked = xgrow(wb->parked, wb->parked_count, sizeof(*wb->parked));
    wb->parked[wb->parked_count++] = slot;
}

void writeback_kick(struct writeback *wb)
{
    scheduler_kick(&wb->scheduler);
}

void writeback_forget_trash(struct writeback *wb, int64_t slot)
{
    struct trashed *t;

    LOCKED(&wb->scheduler.lock);
    HASH_FIND(hh, wb->trashed, &slot, sizeof(slot), t);
    if (t)
        HASH_DEL(wb->trashed, t);
    free(t);
}

/* What may be on the service by now, or gone from it, is not forgotten before that is known. */
static bool is_open(struct writeback *wb, const struct journal_op *op)
{
    return writeback_under_way(wb, op->slot) ||
           (op->state == JOURNAL_QUEUED && op->verb != JOURNAL_UPDATE && op->began);
}

static int forget_op(struct state *state, int64_t slot)
{
    struct slot now;
    bool created;
    int rc = state_get_slot(state, slot, &now);

    if (rc)
        return rc;
    created = now.record;
    slot_release(&now);
    if (!created)
        return state_remove_slot(state, slot);
    rc = state_remove_conflict(state, slot);
    return rc ? rc : state_remove_op(state, slot);
}

/* The record is shown where the service has it: under its name, or its own where that is taken. */
static int go_back(struct writeback *wb, int64_t id, struct slot *ret)
{
    struct state *state = wb->mb->state;
    int rc = state_get_slot(state, id, ret);

    if (rc || !ret->origin)
        return rc == -ENOENT ? 0 : rc;
    SCOPED(slot_release) struct slot taken = {0};
    if (!state_slot_by_name(state, ret->kind, ret->origin, ret->name, &taken)) {
        free(ret->name);
        ret->name = name_from_id(ret->record);
    }
    return state_move_slot(state, ret, ret->origin, false);
}

static int cancel_op(struct writeback *wb, int64_t slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op(wb->mb->state, slot, &op);

    if (rc)
        return rc == -ENOENT ? 0 : rc;
    rc = is_open(wb, &op) ? -EBUSY : copy_is_refused(wb, slot);
    if (!rc)
        rc = forget_op(wb->mb->state, slot);
    return rc;
}

int writeback_cancel(struct writeback *wb, int64_t slot)
{
    SCOPED(slot_release) struct slot moved = {0};
    int refused = 0, rc;

    state_begin(wb->mb->state);
    rc = cancel_op(wb, slot);
    if (!rc)
        rc = go_back(wb, slot, &moved);
    if (rc == -EBUSY) {
        refused = rc;
        rc = 0; /* nothing was changed: a transaction around this one may go on */
    }
    rc = state_end(wb->mb->state, rc);
    if (!rc && moved.origin)
        rc = mailbox_record_moved(wb->mb, moved.kind, moved.record, moved.folder, moved.origin);
    return rc ? rc : refused;
}

static void requeue_now(struct journal_op *op)
{
    xstrset(&op->reason, NULL);
    op->state = JOURNAL_QUEUED;
    op->attempts = 0;
    op->due = clock_steady();
}

static int retry_op(struct state *state, int64_t slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op_head(state, slot, &op);

    if (rc)
        return rc;
    if (op.state == JOURNAL_FAILED || op.state == JOURNAL_QUEUED) {
        requeue_now(&op);
        rc = state_put_op_head(state, &op);
    } else {
        rc = -EINVAL;
    }
    return rc;
}

int writeback_retry(struct writeback *wb, int64_t slot)
{
    int refused = 0, rc;

    state_begin(wb->mb->state);
    rc = retry_op(wb->mb->state, slot);
    if (rc == -EINVAL || rc == -ENOENT) {
        refused = rc;
        rc = 0;
    }
    rc = state_end(wb->mb->state, rc);
    if (!rc)
        writeback_kick(wb);
    return rc ? rc : refused;
}

static int confirm_ops(struct state *state, int64_t now)
{
    struct journal_op *ops;
    size_t count;
    char text[24];
    int rc = state_op_heads(state, &ops, &count);

    if (rc)
        return rc;
    for (size_t i = 0; i < count; i++) {
        if (!rc && ops[i].state == JOURNAL_HELD) {
            requeue_now(&ops[i]);
            rc = state_put_op_head(state, &ops[i]);
        }
        journal_op_release(&ops[i]);
    }
    free(ops);
    snprintf(text, sizeof(text), "%" PRId64, now);
    return rc ? rc : state_put_meta(state, META_CONFIRMED, text);
}

int writeback_confirm(struct writeback *wb)
{
    int64_t now = clock_steady();
    int rc;

    state_begin(wb->mb->state);
    rc = confirm_ops(wb->mb->state, now);
    if (!rc) {
        mutex_lock(&wb->scheduler.lock);
        wb->confirmed = now;
        mutex_unlock(&wb->scheduler.lock);
    }
    rc = state_end(wb->mb->state, rc);
    writeback_kick(wb);
    return rc;
}
