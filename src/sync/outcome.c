/*
 * outcome.c - how an operation ends, in the journal and for everybody else.
 */
#include "writeback_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <stdlib.h>

#define RETRY_MAX (60 * NS_PER_S)
#define AUTH_PAUSE (60 * NS_PER_S)

/* --- success --- */

static void ended(struct task *t)
{
    writeback_forget_trash(t->wb, t->slot.id);
    mailbox_notify_slot(t->mb, &t->slot);
}

int outcome_updated(struct task *t, const struct item *item)
{
    struct entry e;
    int rc = item ? mailbox_record_written(t->mb, t->slot.folder, item) : 0;

    if (!rc)
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    if (e.changed) {
        op_set_base(&e.op, t->op.mine, item ? item->text : NULL);
        op_clear_attempt(&e.op);
        rc = state_put_op(t->mb->state, &e.op);
    } else {
        if (item)
            writeback_keep_answer(t->wb, t->slot.id, t->op.mine, item->text);
        rc = state_remove_op(t->mb->state, t->slot.id);
    }
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        ended(t);
    return rc;
}

/*
 * Another slot has the record: another create of the same text was faster to claim it. The next
 * look finds one that is free, or none.
 */
static int leave_to_owner(struct task *t, struct entry *e)
{
    int rc = 0;

    if (!e->changed) {
        e->op.due = clock_steady() + NS_PER_S;
        rc = state_put_op(t->mb->state, &e->op);
    }
    rc = entry_close(t, e, true, rc);
    return rc ? rc : -ECANCELED;
}

int outcome_adopt(struct task *t, const struct item *item, const char *text)
{
    struct state *state = t->mb->state;
    struct slot owner;
    struct entry e;
    int rc = entry_open(t, &e);

    if (rc)
        return rc;
    rc = state_slot_by_record(state, t->slot.kind, t->slot.folder, item->id, &owner);
    if (!rc) {
        slot_release(&owner);
        return leave_to_owner(t, &e);
    }
    if (rc == -ENOENT) {
        text_replace(&e.slot.record, item->id);
        rc = state_set_record(state, e.slot.id, item->id);
    }
    if (!rc) {
        if (e.op.verb == JOURNAL_CREATE)
            e.op.verb = JOURNAL_UPDATE;
        op_set_base(&e.op, text, item->text);
        op_clear_attempt(&e.op);
        rc = state_put_op(state, &e.op);
    }
    if (!rc) {
        text_replace(&t->slot.record, item->id);
        if (!e.changed)
            entry_follow(t, &e);
    }
    return entry_close(t, &e, false, rc);
}

/*
 * In three steps, because the file must be neither listed twice (the record is in the cache and no
 * slot has it) nor be gone (the slot has a record that is not in the cache and nothing is
 * pending).
 */
int outcome_created(struct task *t, const struct item *item)
{
    int rc = outcome_adopt(t, item, t->op.mine);

    return rc ? rc : outcome_updated(t, item);
}

static bool can_create(const struct task *t)
{
    return mailbox_may_create(t->mb, t->slot.kind, t->slot.folder);
}

/*
 * The record is gone and the slot has a text: as a new record, where the service lets us make one.
 */
static int turn_into_create(struct task *t, struct entry *e)
{
    int rc;

    text_replace(&e->slot.record, NULL);
    rc = state_set_record(t->mb->state, e->slot.id, NULL);
    e->op.verb = JOURNAL_CREATE;
    op_set_base(&e->op, NULL, NULL);
    op_clear_attempt(&e->op);
    return rc ? rc : state_put_op(t->mb->state, &e->op);
}

static void park_as_failed(struct task *t, struct entry *e, const char *reason, int status)
{
    log_warn("%s/%s: not saved on the service: %s", kind_info(t->slot.kind)->dir, t->slot.name,
             reason);
    text_replace(&e->op.reason, reason);
    e->op.status = status;
    e->op.state = JOURNAL_FAILED;
}

int outcome_deleted(struct task *t)
{
    struct state *state = t->mb->state;
    struct entry e;
    int rc = 0;

    if (t->slot.record)
        rc = mailbox_record_deleted(t->mb, t->slot.kind, t->slot.folder, t->slot.record);
    if (!rc)
        folders_trash_has_changed(t->mb, t->slot.kind, t->slot.folder);
    if (!rc)
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    if (e.op.verb == JOURNAL_DELETE) {
        rc = state_remove_slot(state, t->slot.id);
    } else if (can_create(t)) {
        rc = turn_into_create(t, &e);
    } else {
        op_clear_attempt(&e.op);
        park_as_failed(t, &e, "it was deleted on the service before the file came back", 404);
        rc = state_put_op(state, &e.op);
    }
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        ended(t);
    return rc;
}

/* --- failure --- */

/* `own`: an earlier deletion of ours, since withdrawn, did it. */
static int park_gone(struct task *t, struct entry *e, const struct remote_fault *fault)
{
    bool own = e->op.began && !e->op.sent;

    e->op.attempts = 0;
    if (!can_create(t)) {
        op_clear_attempt(&e->op);
        park_as_failed(t, e, fault->reason ? fault->reason : "it is gone", 404);
        return state_put_op(t->mb->state, &e->op);
    }
    if (own)
        e->op.due = clock_steady();
    else
        park_as_failed(t, e, "it was deleted on the service: saved again it becomes a new one",
                       404);
    return turn_into_create(t, e);
}

int outcome_gone(struct task *t, const struct remote_fault *fault)
{
    struct entry e;
    int rc = entry_open(t, &e);

    if (rc)
        return rc;
    if (!e.changed)
        rc = park_gone(t, &e, fault);
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        rc = mailbox_record_deleted(t->mb, t->slot.kind, t->slot.folder, t->slot.record);
    if (!rc)
        ended(t);
    return rc;
}

static int park_conflict(struct task *t, struct entry *e, const struct conflict *conflict)
{
    int rc = state_put_conflict(t->mb->state, conflict);

    if (rc)
        return rc;
    log_warn("%s/%s: somebody else changed %s too: see .outlookfs/conflicts",
             kind_info(t->slot.kind)->dir, t->slot.name, conflict->members);
    op_set_base(&e->op, t->op.base, t->op.answer);
    op_clear_attempt(&e->op);
    e->op.state = JOURNAL_CONFLICT;
    e->op.status = 0;
    free(e->op.reason);
    e->op.reason = xasprintf("somebody else changed %s too", conflict->members);
    return state_put_op(t->mb->state, &e->op);
}

/* Theirs is in the cache before anything says "conflict": who looks then is shown it. */
int outcome_conflict(struct task *t, const char *base, const struct item *theirs,
                     const char *members)
{
    struct conflict conflict = {
        .slot = t->slot.id,
        .base = (char *)base,
        .theirs = theirs->text,
        .members = (char *)members,
        .at = clock_now(),
    };
    struct entry e;
    int rc = mailbox_record_written(t->mb, t->slot.folder, theirs);

    if (!rc)
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    conflict.mine = e.op.mine;
    if (!e.changed)
        rc = park_conflict(t, &e, &conflict);
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        ended(t);
    return rc;
}

void task_fault(struct remote_fault *fault, enum grade grade, const char *reason)
{
    char *copy = xstrdup(reason);

    remote_fault_release(fault);
    fault->grade = grade;
    fault->unknown = grade == GRADE_BROKEN;
    fault->reason = copy;
}

static void note(struct journal_op *op, const struct remote_fault *fault, int status)
{
    text_replace(&op->reason, fault->reason ? fault->reason : grade_name(fault->grade));
    op->status = status;
}

static int64_t backoff(unsigned attempts)
{
    return attempts >= 6 ? RETRY_MAX : NS_PER_S << attempts;
}

/* The status that tells the grade, where the service used another. */
static int status_of(const struct remote_fault *fault)
{
    switch (fault->grade) {
    case GRADE_GONE:
        return 404;
    case GRADE_CONFLICT:
        return fault->status == 412 ? 412 : 409;
    case GRADE_AUTH:
        return 401;
    case GRADE_DENIED:
        return 403;
    case GRADE_TOO_BIG:
        return 413;
    default:
        return fault->status;
    }
}

static void note_auth_failure(struct writeback *wb)
{
    uint64_t token = remote_token_read(wb->mb->remote);

    mutex_lock(&wb->lock);
    wb->auth_failures++;
    wb->auth_until = clock_mono() + AUTH_PAUSE;
    wb->refused_token = token;
    mutex_unlock(&wb->lock);
}

/*
 * All wait together for a new token, and for the network: such a failure says nothing about this
 * operation.
 */
static void try_later(struct task *t, struct journal_op *op, const struct remote_fault *fault)
{
    int64_t asked = fault->retry_after * NS_PER_S;
    int64_t wait;

    op->due = clock_steady();
    if (fault->grade == GRADE_AUTH ||
        (fault->grade == GRADE_OFFLINE && !remote_online(t->mb->remote)))
        return;
    wait = backoff(op->attempts++);
    op->due += asked > wait ? asked : wait;
}

int outcome_failure(struct task *t, const struct remote_fault *fault, bool wrote)
{
    bool open = fault->unknown || fault->grade == GRADE_CANCELLED;
    bool parked = false;
    struct entry e;
    int rc = entry_open(t, &e);

    if (rc)
        return rc;
    if (wrote && !open)
        op_clear_attempt(&e.op);
    if (fault->grade != GRADE_CANCELLED)
        note(&e.op, fault, status_of(fault));
    if (fault->grade == GRADE_AUTH)
        note_auth_failure(t->wb);
    if (grade_is_temporary(fault->grade)) {
        if (!e.changed)
            try_later(t, &e.op, fault);
    } else if (fault->grade != GRADE_CANCELLED && !e.changed) {
        park_as_failed(t, &e, e.op.reason, e.op.status);
        parked = true;
    }
    rc = state_put_op(t->mb->state, &e.op);
    rc = entry_close(t, &e, true, rc);
    if (!rc && parked)
        ended(t);
    return rc;
}
