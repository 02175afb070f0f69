/*
 * move.c - carries out the move of a record to another folder, and the one to the trash that stands
 * for its deletion.
 *
 * A service that moves records leaves them their ids, so an attempt is safe to repeat and needs no
 * place in the journal: the second one leaves the record where the first one put it. A refusal is
 * believed only when the record does not lie there already.
 */
#include "writeback_p.h"

#include <outlookfs/base/crash.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>

/* --- one request ------------------------------------------------------------------------------ */

/* After a refusal: GRADE_OK with the record where it lies in `folder`, GRADE_GONE where it is no more, else the refusal. */
static enum grade look_there(struct task *t, const char *folder, struct cJSON **ret,
                             struct remote_fault *refusal)
{
    const char *parent = kind_info(t->slot.kind)->parent;
    struct remote_fault fault = {0};
    enum grade grade =
        remote_get(t->mb->remote, t->slot.kind, folder, t->slot.record, t->ctx, ret, &fault);

    if (grade == GRADE_OK && !str_eq(json_str(*ret, parent), folder)) {
        cJSON_Delete(*ret);
        *ret = NULL;
        grade = refusal->grade;
        /* The record is there: what is gone is the folder. */
        if (grade == GRADE_GONE)
            grade = refusal->grade = GRADE_REFUSED;
    } else if (grade != GRADE_OK) {
        remote_fault_release(refusal);
        *refusal = fault;
        fault = (struct remote_fault){0};
    }
    remote_fault_release(&fault);
    return grade;
}

/* The record as it is in `folder`; a fault where it is not there. */
static enum grade move(struct task *t, const char *folder, struct item *ret,
                       struct remote_fault *fault)
{
    struct cJSON *answer = NULL;

    crash_point("sync: before move");
    enum grade grade =
        remote_move(t->mb->remote, t->slot.kind, t->slot.record, folder, t->ctx, &answer, fault);
    crash_point("sync: after move");
    if (grade == GRADE_CONFLICT) /* the mailbox is still at work on the record (graph contract 6) */
        grade = fault->grade = GRADE_BROKEN;
    else if (grade != GRADE_OK && grade != GRADE_CANCELLED && !grade_is_temporary(grade))
        grade = look_there(t, folder, &answer, fault);
    if (grade == GRADE_OK && item_from_json(t->slot.kind, answer, ret, NULL)) {
        task_fault(fault, GRADE_BROKEN, "the answer is no record");
        grade = GRADE_BROKEN;
    }
    cJSON_Delete(answer);
    return grade;
}

/* --- to another folder ------------------------------------------------------------------------ */

/* 1 where the operation is more than the move. */
static int moved(struct task *t, const struct item *item)
{
    struct entry e;
    bool more;
    int rc = 0;

    /* What was asked before of the folder it has left does not bring it back. */
    if (t->slot.origin)
        rc = mailbox_record_deleted(t->mb, t->slot.kind, t->slot.origin, t->slot.record);
    if (!rc)
        rc = mailbox_record_written(t->mb, t->slot.folder, item);
    if (!rc)
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    more = e.op.verb != JOURNAL_MOVE;
    bool elsewhere = !str_eq(e.slot.folder, t->slot.folder);
    rc = state_set_origin(t->mb->state, t->slot.id, t->slot.folder);
    if (!rc && !more && !elsewhere)
        rc = state_remove_op(t->mb->state, t->slot.id);
    rc = entry_close(t, &e, !more || elsewhere, rc);
    if (rc)
        return rc;
    if (more && !elsewhere) {
        text_replace(&t->slot.origin, NULL);
        return 1;
    }
    mailbox_notify_slot(t->mb, &t->slot);
    return 0;
}

/* The record is no more: a move alone has nothing to keep. */
static int gone(struct task *t, const struct remote_fault *fault)
{
    struct entry e;
    int rc;

    if (t->op.verb != JOURNAL_MOVE)
        return outcome_gone(t, fault);
    rc = mailbox_record_deleted(t->mb, t->slot.kind, t->slot.folder, t->slot.record);
    if (!rc)
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    if (!e.changed)
        rc = state_remove_slot(t->mb->state, t->slot.id);
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        mailbox_notify_slot(t->mb, &t->slot);
    return rc;
}

int move_run(struct task *t)
{
    struct remote_fault fault = {0};
    struct item item = {0};
    enum grade grade = move(t, t->slot.folder, &item, &fault);
    int rc;

    if (grade == GRADE_OK)
        rc = moved(t, &item);
    else if (grade == GRADE_GONE)
        rc = gone(t, &fault);
    else
        rc = outcome_failure(t, &fault, false);
    item_release(&item);
    remote_fault_release(&fault);
    return rc;
}

/* --- to the trash ----------------------------------------------------------------------------- */

/* The file came back meanwhile: then its record has to, too. */
static int trashed(struct task *t, const char *trash, const struct item *item)
{
    const char *origin = t->slot.origin ? t->slot.origin : t->slot.folder;
    struct entry e;
    int rc = mailbox_record_deleted(t->mb, t->slot.kind, origin, t->slot.record);

    if (!rc)
        rc = mailbox_record_deleted(t->mb, t->slot.kind, t->slot.folder, t->slot.record);
    if (!rc)
        rc = entry_open(t, &e);
    if (rc)
        return rc;
    if (e.op.verb == JOURNAL_DELETE) {
        rc = state_remove_slot(t->mb->state, t->slot.id);
    } else {
        op_clear_attempt(&e.op);
        rc = state_set_origin(t->mb->state, t->slot.id, trash);
        if (!rc)
            rc = state_put_op(t->mb->state, &e.op);
    }
    rc = entry_close(t, &e, true, rc);
    if (!rc)
        rc = mailbox_record_written(t->mb, trash, item);
    if (!rc)
        mailbox_notify_slot(t->mb, &t->slot);
    return rc;
}

int move_to_trash(struct task *t, const char *trash)
{
    struct remote_fault fault = {0};
    struct item item = {0};
    enum grade grade = move(t, trash, &item, &fault);
    int rc;

    if (grade == GRADE_OK)
        rc = trashed(t, trash, &item);
    else if (grade == GRADE_GONE)
        rc = outcome_deleted(t);
    else
        rc = outcome_failure(t, &fault, true);
    item_release(&item);
    remote_fault_release(&fault);
    return rc;
}
