/*
 * outcome.c - an attempt in the journal: before it is made, with the version it replaces in the
 * trash, and how the operation ends, for everybody else, too.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRUNE_EVERY (60 * NS_PER_S)

/* --- the journal's entry --- */

static void entry_release(struct entry *e)
{
    slot_release(&e->slot);
    journal_op_release(&e->op);
}

static int open_entry(struct job *j, struct entry *e,
                      int (*get)(struct state *, int64_t, struct journal_op *))
{
    struct state *state = j->mb->state;
    int rc;

    *e = (struct entry){0};
    state_begin(state);
    rc = get(state, j->slot.id, &e->op);
    if (!rc)
        rc = state_get_slot(state, j->slot.id, &e->slot);
    if (!rc) {
        e->changed = e->op.gen != j->op.gen;
        return 0;
    }
    entry_release(e);
    if (rc != -ENOENT)
        return state_end(state, rc);
    rc = state_end(state, 0);
    return rc ? rc : -ECANCELED;
}

int entry_open(struct job *j, struct entry *e)
{
    return open_entry(j, e, state_get_op);
}

/* Without the operation's texts: where it was not changed they are those of the job. */
static int entry_open_head(struct job *j, struct entry *e)
{
    return open_entry(j, e, state_get_op_head);
}

static int entry_read_texts(struct job *j, struct entry *e)
{
    journal_op_release(&e->op);
    return state_get_op(j->mb->state, j->slot.id, &e->op);
}

int entry_close(struct job *j, struct entry *e, bool settled, int rc)
{
    if (settled) {
        mutex_lock(&j->wb->scheduler.lock);
        j->claim.settled = true;
        mutex_unlock(&j->wb->scheduler.lock);
    }
    entry_release(e);
    return state_end(j->mb->state, rc);
}

void entry_follow(struct job *j, struct entry *e)
{
    struct journal_op before = j->op;

    j->op = e->op;
    e->op = before;
}

void op_set_mine(struct journal_op *op, const char *mine)
{
    if (op->sent && !op->seen) {
        op->seen = TAKE(op->mine);
    }
    xstrset(&op->mine, mine);
}

void op_set_base(struct journal_op *op, const char *base, const char *answer)
{
    xstrset(&op->base, base);
    xstrset(&op->answer, answer && !str_eq(answer, base) ? answer : NULL);
}

void op_clear_attempt(struct journal_op *op)
{
    xstrset(&op->sent, NULL);
    xstrset(&op->seen, NULL);
    op->began = 0;
}

/* --- the trash --- */

/*
 * True when the slot's operation has this text in the trash already: it is tried again and again
 * while the service does not work.
 */
static bool trashed_already(struct writeback *wb, int64_t slot, const char *text)
{
    uint64_t hash = str_hash(0, text, strlen(text));
    struct trashed *t;

    LOCKED(&wb->scheduler.lock);
    HASH_FIND(hh, wb->trashed, &slot, sizeof(slot), t);
    bool same = t && t->text == hash;
    if (!t) {
        t = xcalloc(1, sizeof(*t));
        t->slot = slot;
        HASH_ADD(hh, wb->trashed, slot, sizeof(t->slot), t);
    }
    t->text = hash;
    return same;
}

static bool prune_is_due(struct writeback *wb)
{
    int64_t now = clock_mono();
    bool due;

    LOCKED(&wb->scheduler.lock);
    due = now >= wb->next_prune;
    if (due)
        wb->next_prune = now + PRUNE_EVERY;
    return due;
}

static int add_trash(struct job *j, const char *text, const char *why)
{
    const struct mailbox_config *config = &j->mb->config;
    struct trash_entry entry = {
        .at = clock_now(),
        .kind = j->slot.kind,
        .folder = j->slot.folder,
        .record = j->slot.record,
        .name = j->slot.name,
        .why = (char *)why,
        .text = (char *)text,
        .size = strlen(text),
    };
    int rc;

    if (trashed_already(j->wb, j->slot.id, text))
        return 0;
    rc = state_add_trash(j->mb->state, &entry);
    if (!rc && prune_is_due(j->wb))
        rc = state_prune_trash(j->mb->state, entry.at - config->trash_keep, config->trash_max);
    return rc;
}

/* --- before an attempt --- */

/* The head is what the journal has, the texts are lent: they may be large. */
static int put_attempt(struct job *j, struct entry *e, const struct attempt *attempt)
{
    struct journal_op op = e->op;
    bool answered = attempt->answer && !str_eq(attempt->answer, attempt->base);

    op.request = remote_describe(j->mb->remote, attempt->change, j->slot.kind, j->slot.folder,
                                 j->slot.record);
    op.began = clock_steady();
    op.mine = j->op.mine;
    op.base = attempt->base ? (char *)attempt->base : j->op.base;
    op.answer = attempt->base ? (answered ? (char *)attempt->answer : NULL) : j->op.answer;
    op.sent = (char *)attempt->sent;
    int rc = state_put_op(j->mb->state, &op);

    if (!rc) {
        if (attempt->base)
            op_set_base(&j->op, attempt->base, attempt->answer);
        op_clear_attempt(&j->op);
        xstrset(&j->op.sent, attempt->sent);
        xstrset(&j->op.request, op.request);
        j->op.began = op.began;
    }
    free(op.request);
    return rc;
}

int job_begin(struct job *j, const struct attempt *attempt)
{
    struct entry e;
    int rc = entry_open_head(j, &e);

    if (rc)
        return rc;
    if (e.changed) {
        rc = entry_close(j, &e, true, 0);
        return rc ? rc : -ECANCELED;
    }
    if (attempt->trash)
        rc = add_trash(j, attempt->trash, attempt->why);
    if (!rc)
        rc = put_attempt(j, &e, attempt);
    rc = entry_close(j, &e, false, rc);
    if (rc)
        writeback_forget_trash(j->wb, j->slot.id);
    return rc;
}

/* --- after one of unknown outcome --- */

/* A clock that was set back says nothing about the time since then. */
static int64_t settled_at(const struct job *j)
{
    int64_t now = clock_steady(), began = j->op.began;

    return now >= began ? began + j->mb->config.create_settle : now;
}

int job_settle(struct job *j)
{
    int64_t at = settled_at(j);
    struct entry e;
    int rc;

    if (at <= clock_steady())
        return 0;
    rc = entry_open_head(j, &e);
    if (rc)
        return rc;
    if (!e.changed) {
        e.op.due = at;
        rc = state_put_op_head(j->mb->state, &e.op);
    }
    rc = entry_close(j, &e, true, rc);
    return rc ? rc : -ECANCELED;
}

/* --- success --- */

static void ended(struct job *j)
{
    writeback_forget_trash(j->wb, j->slot.id);
    mailbox_notify_slot(j->mb, &j->slot);
}

static int conclude(struct job *j, struct entry *e, int rc)
{
    rc = entry_close(j, e, true, rc);
    if (!rc)
        ended(j);
    return rc;
}

int outcome_updated(struct job *j, const struct item *item)
{
    struct entry e;
    int rc = item ? mailbox_record_written(j->mb, j->slot.folder, item) : 0;

    if (!rc)
        rc = entry_open_head(j, &e);
    if (rc)
        return rc;
    if (e.changed) {
        rc = entry_read_texts(j, &e);
        if (!rc) {
            op_set_base(&e.op, j->op.mine, item ? item->text : NULL);
            op_clear_attempt(&e.op);
            rc = state_put_op(j->mb->state, &e.op);
        }
    } else {
        if (item)
            writeback_keep_answer(j->wb, j->slot.id, j->op.mine, item->text);
        rc = state_remove_op(j->mb->state, j->slot.id);
    }
    return conclude(j, &e, rc);
}

/*
 * Another slot has the record: another create of the same text was faster to claim it. The next
 * look finds one that is free, or none.
 */
static int leave_to_owner(struct job *j, struct entry *e)
{
    int rc = 0;

    if (!e->changed) {
        e->op.due = clock_steady() + NS_PER_S;
        rc = state_put_op(j->mb->state, &e->op);
    }
    rc = entry_close(j, e, true, rc);
    return rc ? rc : -ECANCELED;
}

int outcome_adopt(struct job *j, const struct item *item, const char *text)
{
    struct state *state = j->mb->state;
    struct entry e;
    int rc = entry_open(j, &e);

    if (rc)
        return rc;
    rc = state_slot_by_record(state, j->slot.kind, j->slot.folder, item->id, NULL);
    if (!rc)
        return leave_to_owner(j, &e);
    if (rc == -ENOENT) {
        xstrset(&e.slot.record, item->id);
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
        xstrset(&j->slot.record, item->id);
        if (!e.changed)
            entry_follow(j, &e);
    }
    return entry_close(j, &e, false, rc);
}

/*
 * In three steps, because the file must be neither listed twice (the record is in the cache and no
 * slot has it) nor be gone (the slot has a record that is not in the cache and nothing is
 * pending).
 */
int outcome_created(struct job *j, const struct item *item)
{
    int rc = outcome_adopt(j, item, j->op.mine);

    return rc ? rc : outcome_updated(j, item);
}

static bool can_create(const struct job *j)
{
    return mailbox_may_create(j->mb, j->slot.kind, j->slot.folder);
}

/*
 * The record is gone and the slot has a text: as a new record, where the service lets us make one.
 */
static int turn_into_create(struct job *j, struct entry *e)
{
    int rc;

    xstrset(&e->slot.record, NULL);
    rc = state_set_record(j->mb->state, e->slot.id, NULL);
    e->op.verb = JOURNAL_CREATE;
    op_set_base(&e->op, NULL, NULL);
    op_clear_attempt(&e->op);
    return rc ? rc : state_put_op(j->mb->state, &e->op);
}

static int park_as_failed(struct job *j, struct entry *e, const char *reason, int status)
{
    log_warn("%s/%s: not saved on the service: %s", kind_info(j->slot.kind)->dir, j->slot.name,
             reason);
    xstrset(&e->op.reason, reason);
    e->op.status = status;
    e->op.state = JOURNAL_FAILED;
    return copy_is_refused(j->wb, j->slot.id);
}

int outcome_deleted(struct job *j)
{
    struct state *state = j->mb->state;
    struct entry e;
    int rc = 0;

    if (j->slot.record)
        rc = mailbox_record_deleted(j->mb, j->slot.kind, j->slot.folder, j->slot.record);
    if (!rc)
        folders_trash_has_changed(j->mb, j->slot.kind, j->slot.folder);
    if (!rc)
        rc = entry_open(j, &e);
    if (rc)
        return rc;
    if (e.op.verb == JOURNAL_DELETE) {
        rc = state_remove_slot(state, j->slot.id);
    } else if (can_create(j)) {
        rc = turn_into_create(j, &e);
    } else {
        op_clear_attempt(&e.op);
        rc = park_as_failed(j, &e, "it was deleted on the service before the file came back", 404);
        if (!rc)
            rc = state_put_op(state, &e.op);
    }
    return conclude(j, &e, rc);
}

/* --- failure --- */

/* `own`: an earlier deletion of ours, since withdrawn, did it. */
static int park_gone(struct job *j, struct entry *e, const struct remote_fault *fault)
{
    bool own = e->op.began && !e->op.sent;
    int rc = 0;

    e->op.attempts = 0;
    if (!can_create(j)) {
        op_clear_attempt(&e->op);
        rc = park_as_failed(j, e, fault->reason ? fault->reason : "it is gone", 404);
        return rc ? rc : state_put_op(j->mb->state, &e->op);
    }
    if (own)
        e->op.due = clock_steady();
    else
        rc = park_as_failed(
            j, e, "it was deleted on the service: save it again to create a new one", 404);
    return rc ? rc : turn_into_create(j, e);
}

int outcome_gone(struct job *j, const struct remote_fault *fault)
{
    struct entry e;
    int rc = entry_open(j, &e);

    if (rc)
        return rc;
    if (!e.changed)
        rc = park_gone(j, &e, fault);
    rc = entry_close(j, &e, true, rc);
    if (!rc)
        rc = mailbox_record_deleted(j->mb, j->slot.kind, j->slot.folder, j->slot.record);
    if (!rc)
        ended(j);
    return rc;
}

static int park_conflict(struct job *j, struct entry *e, const struct conflict *conflict)
{
    int rc = state_put_conflict(j->mb->state, conflict);

    if (!rc)
        rc = copy_is_refused(j->wb, j->slot.id);
    if (rc)
        return rc;
    log_warn("%s/%s: somebody else has changed %s, too: see .outlookfs/conflicts/",
             kind_info(j->slot.kind)->dir, j->slot.name, conflict->members);
    op_set_base(&e->op, j->op.base, j->op.answer);
    op_clear_attempt(&e->op);
    e->op.state = JOURNAL_CONFLICT;
    e->op.status = 0;
    free(e->op.reason);
    e->op.reason = xasprintf("somebody else changed %s too", conflict->members);
    return state_put_op(j->mb->state, &e->op);
}

/* Theirs is in the cache before anything says "conflict": who looks then is shown it. */
int outcome_conflict(struct job *j, const char *base, const struct item *theirs,
                     const char *members)
{
    struct conflict conflict = {
        .slot = j->slot.id,
        .base = (char *)base,
        .theirs = theirs->text,
        .members = (char *)members,
        .at = clock_now(),
    };
    struct entry e;
    int rc = mailbox_record_written(j->mb, j->slot.folder, theirs);

    if (!rc)
        rc = entry_open(j, &e);
    if (rc)
        return rc;
    conflict.mine = e.op.mine;
    if (!e.changed)
        rc = park_conflict(j, &e, &conflict);
    return conclude(j, &e, rc);
}

void job_fault(struct remote_fault *fault, enum grade grade, const char *reason)
{
    char *copy = xstrdup(reason);

    remote_fault_release(fault);
    fault->grade = grade;
    fault->unknown = grade == GRADE_BROKEN;
    fault->reason = copy;
}

static void note(struct journal_op *op, const struct remote_fault *fault, int status)
{
    xstrset(&op->reason, fault->reason ? fault->reason : grade_name(fault->grade));
    op->status = status;
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

int outcome_failure(struct job *j, const struct remote_fault *fault, bool wrote)
{
    bool open = fault->unknown || fault->grade == GRADE_CANCELLED;
    bool parked = false;
    struct entry e;
    int rc = entry_open_head(j, &e);

    if (rc)
        return rc;
    if (wrote && !open) {
        rc = entry_read_texts(j, &e);
        op_clear_attempt(&e.op);
    }
    if (fault->grade != GRADE_CANCELLED)
        note(&e.op, fault, status_of(fault));
    if (grade_is_temporary(fault->grade)) {
        unsigned attempts = e.op.attempts;
        int64_t due = scheduler_try_again(&j->wb->scheduler, fault, &attempts);

        if (!e.changed) {
            e.op.attempts = attempts;
            e.op.due = due;
        }
    } else if (fault->grade != GRADE_CANCELLED && !e.changed) {
        if (!rc)
            rc = park_as_failed(j, &e, e.op.reason, e.op.status);
        parked = true;
    }
    if (!rc)
        rc = wrote && !open ? state_put_op(j->mb->state, &e.op)
                            : state_put_op_head(j->mb->state, &e.op);
    return parked ? conclude(j, &e, rc) : entry_close(j, &e, true, rc);
}
