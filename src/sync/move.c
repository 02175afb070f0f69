/*
 * move.c - carries out the move of a record to another folder, and the one to the trash that stands
 * for its deletion.
 *
 * A service that moves records leaves them their ids, so an attempt is safe to repeat and needs no
 * place in the journal: the second one leaves the record where the first one put it. A refusal is
 * believed only when the record does not lie there already.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

/* --- the answer ------------------------------------------------------------------------------- */

/* After a refusal: GRADE_OK with the record where it lies in `folder`, GRADE_GONE where it is no more, else the refusal. */
static enum grade look_there(struct job *j, const char *folder, struct cJSON **ret,
                             struct remote_fault *refusal)
{
    const char *parent = kind_info(j->slot.kind)->parent;
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    enum grade grade =
        remote_get(j->mb->remote, j->slot.kind, folder, j->slot.record, j->ctx, ret, &fault);

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
    return grade;
}

/* The record as it is in the folder it was to go to; a fault where it is not there. */
static enum grade arrived(struct job *j, struct item *ret)
{
    struct remote_request *q = &j->request;
    enum grade grade = q->fault.grade;

    if (grade == GRADE_CONFLICT) /* the mailbox is still at work on the record (graph contract 6) */
        grade = q->fault.grade = GRADE_BROKEN;
    else if (grade != GRADE_OK && grade != GRADE_CANCELLED && !grade_is_temporary(grade))
        grade = look_there(j, q->folder, &q->record, &q->fault);
    if (grade == GRADE_OK && item_from_json(j->slot.kind, q->record, ret, NULL)) {
        job_fault(&q->fault, GRADE_BROKEN, "the answer is not a record");
        grade = GRADE_BROKEN;
    }
    return grade;
}

/* --- to another folder ------------------------------------------------------------------------ */

/* Has the user taken it back meanwhile to the folder it had left? */
static bool is_back(struct job *j)
{
    SCOPED(slot_release) struct slot now = {0};

    if (state_get_slot(j->mb->state, j->slot.id, &now))
        return false;
    return str_eq(now.folder, j->slot.origin);
}

/* 1 where the operation is more than the move. */
static int moved(struct job *j, const struct item *item)
{
    struct entry e;
    bool more;

    /* In this order, because whoever has just renamed it may look for it before the cache has moved it. */
    int rc = mailbox_record_written(j->mb, j->slot.folder, item);
    /* What was asked before of the folder it has left does not bring it back. */
    if (!rc && j->slot.origin && !is_back(j))
        rc = mailbox_record_deleted(j->mb, j->slot.kind, j->slot.origin, j->slot.record);
    if (!rc)
        rc = entry_open(j, &e);
    if (rc)
        return rc;
    more = e.op.verb != JOURNAL_MOVE;
    bool elsewhere = !str_eq(e.slot.folder, j->slot.folder);
    rc = state_set_origin(j->mb->state, j->slot.id, j->slot.folder);
    if (!rc && !more && !elsewhere)
        rc = state_remove_op(j->mb->state, j->slot.id);
    rc = entry_close(j, &e, !more || elsewhere, rc);
    if (rc)
        return rc;
    if (more && !elsewhere) {
        xstrset(&j->slot.origin, NULL);
        return 1;
    }
    mailbox_notify_slot(j->mb, &j->slot);
    return 0;
}

/* The record is no more: a move alone has nothing to keep. */
static int gone(struct job *j, const struct remote_fault *fault)
{
    struct entry e;
    int rc;

    if (j->op.verb != JOURNAL_MOVE)
        return outcome_gone(j, fault);
    rc = mailbox_record_deleted(j->mb, j->slot.kind, j->slot.folder, j->slot.record);
    if (!rc)
        rc = entry_open(j, &e);
    if (rc)
        return rc;
    if (!e.changed)
        rc = state_remove_slot(j->mb->state, j->slot.id);
    rc = entry_close(j, &e, true, rc);
    if (!rc)
        mailbox_notify_slot(j->mb, &j->slot);
    return rc;
}

int move_begin(struct job *j)
{
    j->request = (struct remote_request){
        .move = true,
        .kind = j->slot.kind,
        .folder = j->slot.folder,
        .id = j->slot.record,
    };
    return 1;
}

int move_end(struct job *j)
{
    SCOPED(item_release) struct item item = {0};
    enum grade grade = arrived(j, &item);
    int rc;

    if (grade == GRADE_OK)
        rc = moved(j, &item);
    else if (grade == GRADE_GONE)
        rc = gone(j, &j->request.fault);
    else
        rc = outcome_failure(j, &j->request.fault, false);
    job_request_release(j);
    return rc;
}

int move_run(struct job *j)
{
    move_begin(j);
    job_request(&j, 1);
    return move_end(j);
}

/* --- to the trash ----------------------------------------------------------------------------- */

/* The file came back meanwhile: then its record has to, too. */
static int trashed(struct job *j, const char *trash, const struct item *item)
{
    const char *origin = j->slot.origin ? j->slot.origin : j->slot.folder;
    struct entry e;
    int rc = mailbox_record_deleted(j->mb, j->slot.kind, origin, j->slot.record);

    if (!rc)
        rc = mailbox_record_deleted(j->mb, j->slot.kind, j->slot.folder, j->slot.record);
    if (!rc)
        rc = entry_open(j, &e);
    if (rc)
        return rc;
    if (e.op.verb == JOURNAL_DELETE) {
        rc = state_remove_slot(j->mb->state, j->slot.id);
    } else {
        op_clear_attempt(&e.op);
        rc = state_set_origin(j->mb->state, j->slot.id, trash);
        if (!rc)
            rc = state_put_op(j->mb->state, &e.op);
    }
    rc = entry_close(j, &e, true, rc);
    if (!rc)
        rc = mailbox_record_written(j->mb, trash, item);
    if (!rc)
        mailbox_notify_slot(j->mb, &j->slot);
    return rc;
}

int move_to_trash_end(struct job *j)
{
    SCOPED(item_release) struct item item = {0};
    enum grade grade = arrived(j, &item);
    int rc;

    if (grade == GRADE_OK)
        rc = trashed(j, j->trash, &item);
    else if (grade == GRADE_GONE)
        rc = outcome_deleted(j);
    else
        rc = outcome_failure(j, &j->request.fault, true);
    return rc;
}
