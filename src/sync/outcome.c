#include "writeback_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MAX (60 * NS_PER_S)
#define AUTH_PAUSE (60 * NS_PER_S)
#define PRUNE_EVERY (60 * NS_PER_S)
#define REQUEST_MAX 8192

/* The slot and its operation as they are in the journal, inside a transaction. */
struct entry {
    struct slot slot;
    struct journal_op op;
    bool changed; /* by the user since the task claimed it */
};

static void replace(char **text, const char *with)
{
    char *copy = with ? xstrdup(with) : NULL;

    free(*text);
    *text = copy;
}

static void entry_release(struct entry *e)
{
    slot_release(&e->slot);
    journal_op_release(&e->op);
}

/* Begins a transaction, which entry_close() ends, unless it fails. -ECANCELED: there is no operation any more. */
static int entry_open(struct task *t, struct entry *e)
{
    struct state *state = t->mb->state;
    int rc;

    *e = (struct entry){0};
    state_begin(state);
    rc = state_get_op(state, t->slot.id, &e->op);
    if (!rc)
        rc = state_get_slot(state, t->slot.id, &e->slot);
    if (!rc) {
        e->changed = e->op.gen != t->op.gen;
        return 0;
    }
    entry_release(e);
    if (rc != -ENOENT)
        return state_end(state, rc);
    rc = state_end(state, 0);
    return rc ? rc : -ECANCELED;
}

/* Settled: from the end of this transaction on nothing is under way for the slot. */
static int entry_close(struct task *t, struct entry *e, bool settled, int rc)
{
    if (settled) {
        pthread_mutex_lock(&t->wb->lock);
        t->worker->settled = true;
        pthread_mutex_unlock(&t->wb->lock);
    }
    entry_release(e);
    return state_end(t->mb->state, rc);
}

/* Nothing an earlier attempt may have done is open any more. */
static void clear_attempt(struct journal_op *op)
{
    replace(&op->sent, NULL);
    op->began = 0;
}

static void note(struct journal_op *op, const struct remote_fault *fault, int status)
{
    replace(&op->reason, fault->reason ? fault->reason : grade_name(fault->grade));
    op->status = status;
}

void task_fault(struct remote_fault *fault, enum grade grade, const char *reason)
{
    char *copy = xstrdup(reason);

    remote_fault_release(fault);
    fault->grade = grade;
    fault->unknown = grade == GRADE_BROKEN;
    fault->reason = copy;
}

/* --- the trash --- */

/* True when the slot's operation has this text in the trash already: it is tried again and again while the service refuses to work. */
static bool trashed_already(struct writeback *wb, int64_t slot, const char *text)
{
    void *hash = (void *)(uintptr_t)(str_hash(0, text, strlen(text)) | 1);
    char key[24];
    bool same;

    snprintf(key, sizeof(key), "%" PRId64, slot);
    pthread_mutex_lock(&wb->lock);
    same = map_set(&wb->trashed, key, hash) == hash;
    pthread_mutex_unlock(&wb->lock);
    return same;
}

static bool prune_is_due(struct writeback *wb)
{
    int64_t now = clock_mono();
    bool due;

    pthread_mutex_lock(&wb->lock);
    due = now >= wb->next_prune;
    if (due)
        wb->next_prune = now + PRUNE_EVERY;
    pthread_mutex_unlock(&wb->lock);
    return due;
}

static int add_trash(struct task *t, const char *text, const char *why)
{
    const struct mailbox_config *config = &t->mb->config;
    struct trash_entry entry = {
        .at = clock_now(),
        .kind = t->slot.kind,
        .folder = t->slot.folder,
        .record = t->slot.record,
        .name = t->slot.name,
        .why = (char *)why,
        .text = (char *)text,
        .size = strlen(text),
    };
    int rc;

    if (trashed_already(t->wb, t->slot.id, text))
        return 0;
    rc = state_add_trash(t->mb->state, &entry);
    if (!rc && prune_is_due(t->wb))
        rc = state_prune_trash(t->mb->state, entry.at - config->trash_keep, config->trash_max);
    if (rc)
        writeback_forget_trash(t->wb, t->slot.id);
    return rc;
}

/* --- before an attempt --- */

static char *describe_request(const struct task *t, enum operation operation)
{
    const struct operation_info *info = operation_info(t->mb->remote->version, operation);
    const struct param known[] = {
        {"table", t->slot.folder}, {"id", t->slot.record}, {"messageId", t->slot.record}};
    struct param params[ARRAY_SIZE(known)];
    struct buf url;
    size_t count = 0;
    char *text;

    for (const struct param_spec *spec = info->params; spec->name; spec++)
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
            if (str_eq(known[i].name, spec->name))
                params[count++] = known[i];
    buf_init(&url, REQUEST_MAX);
    if (operation_url(info, params, count, &url))
        buf_clear(&url);
    text = xasprintf("%s %s", info->method, url.len ? url.data : info->path);
    buf_release(&url);
    return text;
}

/* The task knows what it has written; the user's changes it does not take over. */
static void follow(struct task *t, struct entry *e)
{
    struct journal_op before = t->op;

    t->op = e->op;
    e->op = before;
}

int task_begin(struct task *t, const struct attempt *attempt)
{
    struct entry e;
    int rc = entry_open(t, &e);

    if (rc)
        return rc;
    if (e.changed) {
        rc = entry_close(t, &e, true, 0);
        return rc ? rc : -ECANCELED;
    }
    if (attempt->trash)
        rc = add_trash(t, attempt->trash, attempt->why);
    if (!rc) {
        replace(&e.op.sent, attempt->sent);
        if (attempt->base)
            replace(&e.op.base, attempt->base);
        free(e.op.request);
        e.op.request = describe_request(t, attempt->operation);
        e.op.began = clock_now();
        rc = state_put_op(t->mb->state, &e.op);
    }
    if (!rc)
        follow(t, &e);
    return entry_close(t, &e, false, rc);
}

/* --- success --- */

static void ended(struct task *t)
{
    writeback_forget_trash(t->wb, t->slot.id);
    mailbox_notify_slot(t->mb, &t->slot);
}

int outcome_updated(struct task *t, const struct item *item, const char *text)
{
    struct entry e;
    int rc = item ? mailbox_record_written(t->mb, t->slot.folder, item) : 0;

    if (!rc)
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    if (e.changed) {
        replace(&e.op.base, text);
        clear_attempt(&e.op);
        rc = state_put_op(t->mb->state, &e.op);
    } else {
        rc = state_remove_op(t->mb->state, t->slot.id);
    }
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        ended(t);
    return rc;
}

/* Another slot has the record: another create of the same text was faster to claim it. The next look finds one that is free, or none. */
static int leave_to_owner(struct task *t, struct entry *e)
{
    int rc = 0;

    if (!e->changed) {
        e->op.due = clock_now() + NS_PER_S;
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
        replace(&e.slot.record, item->id);
        rc = state_put_slot(state, &e.slot);
    }
    if (!rc) {
        if (e.op.verb == JOURNAL_CREATE)
            e.op.verb = JOURNAL_UPDATE;
        replace(&e.op.base, text);
        clear_attempt(&e.op);
        rc = state_put_op(state, &e.op);
    }
    if (!rc) {
        replace(&t->slot.record, item->id);
        if (!e.changed)
            follow(t, &e);
    }
    return entry_close(t, &e, false, rc);
}

/*
 * In three steps, because the file must be neither listed twice (the record is in the cache and no slot has it) nor be gone (the
 * slot has a record that is not in the cache and nothing is pending).
 */
int outcome_created(struct task *t, const struct item *item, const char *text)
{
    int rc = outcome_adopt(t, item, text);

    return rc ? rc : outcome_updated(t, item, text);
}

static bool can_create(const struct task *t)
{
    return kind_info(t->slot.kind)->caps & KIND_CAN_CREATE;
}

/* The record is gone and the slot has a text: as a new record, where the service lets us make one. */
static int turn_into_create(struct task *t, struct entry *e)
{
    int rc;

    replace(&e->slot.record, NULL);
    rc = state_put_slot(t->mb->state, &e->slot);
    e->op.verb = JOURNAL_CREATE;
    replace(&e->op.base, NULL);
    clear_attempt(&e->op);
    return rc ? rc : state_put_op(t->mb->state, &e->op);
}

static void park_as_failed(struct task *t, struct entry *e, const char *reason, int status)
{
    log_warn("%s/%s: not saved on the service: %s", kind_info(t->slot.kind)->dir, t->slot.name,
             reason);
    replace(&e->op.reason, reason);
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
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    if (e.op.verb == JOURNAL_DELETE) {
        rc = state_remove_slot(state, t->slot.id);
    } else if (can_create(t)) {
        rc = turn_into_create(t, &e);
    } else {
        clear_attempt(&e.op);
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
        clear_attempt(&e->op);
        park_as_failed(t, e, fault->reason ? fault->reason : "it is gone", 404);
        return state_put_op(t->mb->state, &e->op);
    }
    if (own)
        e->op.due = clock_now();
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
    clear_attempt(&e->op);
    e->op.state = JOURNAL_CONFLICT;
    e->op.status = 0;
    free(e->op.reason);
    e->op.reason = xasprintf("somebody else changed %s too", conflict->members);
    return state_put_op(t->mb->state, &e->op);
}

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
    int rc = entry_open(t, &e);

    if (rc)
        return rc;
    conflict.mine = e.op.mine;
    if (!e.changed)
        rc = park_conflict(t, &e, &conflict);
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        rc = mailbox_record_written(t->mb, t->slot.folder, theirs);
    if (!rc)
        ended(t);
    return rc;
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
    pthread_mutex_lock(&wb->lock);
    wb->auth_failures++;
    wb->auth_until = clock_mono() + AUTH_PAUSE;
    pthread_mutex_unlock(&wb->lock);
}

/* All wait together for a new token, and for the network: such a failure says nothing about this operation. */
static void try_later(struct task *t, struct journal_op *op, const struct remote_fault *fault)
{
    int64_t asked = fault->retry_after * NS_PER_S;
    int64_t wait;

    op->due = clock_now();
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
        clear_attempt(&e.op);
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
