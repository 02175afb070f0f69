/*
 * remove.c - carries out a DELETE.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdlib.h>

/*
 * The file is gone before we know whether its record was made: if it was, it is the one to delete.
 */
static int find_record(struct job *j)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    SCOPED(item_release) struct item found = {0};
    int rc = job_settle(j);

    if (rc)
        return rc;
    if (create_find(j, &found, &fault) != GRADE_OK) {
        rc = outcome_failure(j, &fault, false);
        if (!rc)
            rc = -ECANCELED;
    } else if (found.id) {
        rc = outcome_adopt(j, &found, found.text);
    }
    return rc;
}

/*
 * An earlier deletion may have been done: then 404 is what a second one must meet. Where nobody can
 * read whose it is, the service is asked again.
 */
static void keep_asking(struct remote_fault *fault)
{
    if (fault->grade == GRADE_REFUSED && fault->status == 404)
        fault->grade = GRADE_BROKEN;
    if (fault->grade == GRADE_BROKEN)
        fault->unknown = true;
}

/* Where a deletion is a move: to j->trash. */
static int find_trash(struct job *j)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};

    if (!folders_trash(j->mb, j->slot.kind, j->slot.folder, j->ctx, &j->trash))
        return 0;
    job_fault(&fault, GRADE_OFFLINE, "the folders cannot be listed");
    int rc = outcome_failure(j, &fault, false);
    return rc ? rc : -ECANCELED;
}

/* A record that is on its way into the trash is to be there first: there a deletion is for good. */
static int arrive(struct job *j)
{
    int rc = j->trash || !j->slot.origin ? 1 : move_run(j);

    return rc == 1 ? 0 : rc ? rc : -ECANCELED;
}

static int begin(struct job *j)
{
    const char *was = j->op.answer ? j->op.answer : j->op.base;
    char *text = xstrdup(was);
    struct attempt attempt = {
        .change = REMOTE_DELETE,
        .trash = text,
        .why = "delete",
    };

    j->may_be_done = j->op.began && !j->op.sent;
    int rc = find_trash(j);
    if (!rc)
        rc = arrive(j);
    if (!rc)
        rc = job_begin(j, &attempt);
    free(text);
    if (rc)
        return rc;
    j->request = (struct remote_request){
        .move = j->trash,
        .kind = j->slot.kind,
        .folder = j->trash ? j->trash : j->slot.folder,
        .id = j->slot.record,
    };
    return 1;
}

int remove_begin(struct job *j)
{
    if (!j->slot.record && j->op.sent) {
        int rc = find_record(j);

        if (rc)
            return rc;
    }
    return j->slot.record ? begin(j) : outcome_deleted(j);
}

static int removed(struct job *j)
{
    struct remote_fault *fault = &j->request.fault;
    enum grade grade = fault->grade;

    if (j->may_be_done)
        keep_asking(fault);
    return grade == GRADE_OK || grade == GRADE_GONE ? outcome_deleted(j)
                                                    : outcome_failure(j, fault, true);
}

int remove_end(struct job *j)
{
    int rc = j->trash ? move_to_trash_end(j) : removed(j);

    job_request_release(j);
    return rc;
}
