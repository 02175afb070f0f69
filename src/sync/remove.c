/*
 * remove.c - carries out a DELETE.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/crash.h>

#include <errno.h>
#include <stdlib.h>

/*
 * The file is gone before we know whether its record was made: if it was, it is the one to delete.
 */
static int find_record(struct job *j)
{
    struct remote_fault fault = {0};
    struct item found = {0};
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
    item_release(&found);
    remote_fault_release(&fault);
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

static int delete (struct job *j, bool may_be_done)
{
    struct remote_fault fault = {0};
    int rc;

    crash_point("sync: before DELETE");
    enum grade grade =
        remote_delete(j->mb->remote, j->slot.kind, j->slot.folder, j->slot.record, j->ctx, &fault);
    crash_point("sync: after DELETE");
    if (may_be_done)
        keep_asking(&fault);
    if (grade == GRADE_OK || grade == GRADE_GONE)
        rc = outcome_deleted(j);
    else
        rc = outcome_failure(j, &fault, true);
    remote_fault_release(&fault);
    return rc;
}

/* A record that is on its way into the trash is to be there first: there a deletion is for good. */
static int send(struct job *j)
{
    const char *was = j->op.answer ? j->op.answer : j->op.base;
    char *text = xstrdup(was);
    struct attempt attempt = {
        .change = REMOTE_DELETE,
        .trash = text,
        .why = "delete",
    };
    bool may_be_done = j->op.began && !j->op.sent;
    char *trash = NULL;
    struct remote_fault fault = {0};
    int rc = folders_trash(j->mb, j->slot.kind, j->slot.folder, j->ctx, &trash);

    if (rc) {
        free(text);
        job_fault(&fault, GRADE_OFFLINE, "the folders cannot be listed");
        rc = outcome_failure(j, &fault, false);
        remote_fault_release(&fault);
        return rc;
    }

    if (!trash && j->slot.origin) {
        rc = move_run(j);
        rc = rc == 1 ? 0 : rc ? rc : -ECANCELED;
    }
    if (!rc)
        rc = job_begin(j, &attempt);
    free(text);
    if (!rc)
        rc = trash ? move_to_trash(j, trash) : delete (j, may_be_done);
    free(trash);
    return rc;
}

int remove_run(struct job *j)
{
    if (!j->slot.record && j->op.sent) {
        int rc = find_record(j);

        if (rc)
            return rc;
    }
    return j->slot.record ? send(j) : outcome_deleted(j);
}
