/*
 * job_p.h - one operation of the write-back queue being carried out.
 *
 *     update.c, create.c, remove.c, move.c   one verb each
 *     outcome.c    the attempt in the journal, before and after, and the trash
 *
 * Moves and deletions are carried out in two halves with one request between them, which several jobs make
 * together:
 *
 *     rc = move_begin(j);             // 1: j->request is to be made
 *     remote_change_many(...);
 *     rc = move_end(j);
 *
 * An attempt that writes is in the journal before it is made:
 *
 *     began  sent     what an earlier attempt may have done
 *     0      NULL     nothing
 *     set    text     UPDATE: the record may be `sent`, the whole merged record
 *                     CREATE, DELETE without a record: a record made from `sent`, the user's
 *                     text, may exist
 *     set    NULL     the record may be deleted
 *
 * What the user changed is measured against `base`, or, where that is our own write of which the
 * service made something else, against both: base and answer (merge_rebase()).
 */
#ifndef OUTLOOKFS_SYNC_JOB_P_H
#define OUTLOOKFS_SYNC_JOB_P_H

#include "writeback_p.h"

struct job {
    struct writeback *wb;
    struct mailbox *mb;
    struct worker *worker;
    struct remote_ctx ctx;
    struct claim claim;
    struct slot slot;     /* as claimed */
    struct journal_op op; /* as claimed and as this job wrote it, without what the user does */
    struct remote_request request;
    char *trash;      /* of a deletion: the folder it is a move to, or NULL */
    bool may_be_done; /* ... an earlier attempt may have done it */
};

/*
 * The functions below, and *_run(), *_begin() and *_end(), answer 0 when the operation is dealt with (the journal says
 * how), -ECANCELED when the user changed it and nothing more is to be done with it now, another
 * -errno when our own disk failed: the journal is as it was.
 */
int update_run(struct job *j);
int create_run(struct job *j);
int remove_begin(struct job *j);
int remove_end(struct job *j);
/* The move that slot.origin tells of. 1 of the end: that was it, the rest of the operation may follow. */
int move_begin(struct job *j);
int move_end(struct job *j);
int move_run(struct job *j); /* both, with the request */
/* In place of a deletion; the attempt is in the journal. */
int move_to_trash_end(struct job *j);

/* Makes what the jobs request, in one request where they are several. */
void job_request(struct job *const *jobs, size_t count);
/* Its outcome is not looked at any more. */
void job_request_release(struct job *j);

/*
 * Looks for the record that an attempt of unknown outcome may have made of op.sent. GRADE_OK with
 * a zeroed `ret` when there is none.
 */
enum grade create_find(struct job *j, struct item *ret, struct remote_fault *fault);

/* The slot and its operation as they are in the journal, inside a transaction. */
struct entry {
    struct slot slot;
    struct journal_op op;
    bool changed; /* by the user since the job claimed it */
};
/*
 * Begins a transaction, which entry_close() ends, unless it fails. -ECANCELED: there is no
 * operation any more.
 */
int entry_open(struct job *j, struct entry *e);
/* Settled: from the end of this transaction on nothing is under way for the slot. */
int entry_close(struct job *j, struct entry *e, bool settled, int rc);
/* The job knows what it has written; the user's changes it does not take over. */
void entry_follow(struct job *j, struct entry *e);
/* What is about to be sent. */
struct attempt {
    enum remote_change change;
    const char *sent; /* NULL: a deletion */
    const char *base; /* NULL: unchanged, and the answer too */
    const char *answer;
    const char *trash; /* the version that is about to be replaced, or NULL */
    const char *why;   /* of the trash entry */
};
/* Commits the attempt to the journal. */
int job_begin(struct job *j, const struct attempt *attempt);
/*
 * -ECANCELED while it is too early to look what an attempt of unknown outcome did: the service may
 * still be working on it. The operation is due again when it is not.
 */
int job_settle(struct job *j);

/* The service has the user's text, as `item` (NULL: the cache has it already). */
int outcome_updated(struct job *j, const struct item *item);
/*
 * The service has a record for the slot: binds them; the operation becomes an UPDATE from `text`,
 * or stays a DELETE.
 */
int outcome_adopt(struct job *j, const struct item *item, const char *text);
/* ... and that was all. */
int outcome_created(struct job *j, const struct item *item);
int outcome_deleted(struct job *j);
/* An UPDATE's record does not exist. */
int outcome_gone(struct job *j, const struct remote_fault *fault);
int outcome_conflict(struct job *j, const char *base, const struct item *theirs,
                     const char *members);
/*
 * Anything else that went wrong. `wrote`: it was the attempt of job_begin(), not a question
 * before it.
 */
int outcome_failure(struct job *j, const struct remote_fault *fault, bool wrote);

/* A fault of our own making: what the service answered or the journal holds cannot be used. */
void job_fault(struct remote_fault *fault, enum grade grade, const char *reason);

#endif
