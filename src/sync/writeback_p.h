/*
 * writeback_p.h - what the files of the writing half share.
 *
 *     writeback.c  lifetime, and what takes effect at once: cancel, retry, confirm, kick
 *     coalesce.c   writeback_update(), writeback_delete(): a change meets what pends; the guard
 *     worker.c     threads: what is due, one operation a slot; when it may be tried: scheduler_p.h
 *     flush.c      waiting for the queue
 *     update.c, create.c, remove.c, move.c   carrying out one operation
 *     outcome.c    an attempt in the journal, before and after, and the trash
 *     answers.c    what the service made of our last writes
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
 *
 * Lock order: the state's write lock, then writeback.scheduler.lock. Nothing but memory is touched under
 * writeback.scheduler.lock; no lock is held across the network or an event. A slot is under way from the
 * transaction that claims it to the one that settles it: whoever changes a slot's operation holds
 * the write lock, and so knows whether an attempt is being made.
 */
#ifndef OUTLOOKFS_SYNC_WRITEBACK_P_H
#define OUTLOOKFS_SYNC_WRITEBACK_P_H

#include "mailbox_p.h"
#include "scheduler_p.h"

#include <outlookfs/base/cancel.h>
#include <pthread.h>
#include <uthash.h>

#define WRITEBACK_WORKERS 4

struct worker {
    struct writeback *wb;
    pthread_t thread;
    struct cancel cancel;
    int64_t slot; /* guarded by writeback.scheduler.lock: what it works on; 0: nothing */
    bool settled; /* guarded by writeback.scheduler.lock: only events are left to be told */
};

/* What the operation of a slot last put into the trash. */
struct trashed {
    UT_hash_handle hh;
    int64_t slot;
    uint64_t text; /* its hash */
};

/* Somebody in writeback_flush() for one slot. */
struct waiter {
    int64_t slot;
    struct waiter *next;
};

struct writeback {
    struct mailbox *mb;
    struct scheduler scheduler;
    pthread_cond_t turn; /* nobody looks for work */

    /* guarded by scheduler.lock */
    struct worker workers[WRITEBACK_WORKERS];
    unsigned running; /* threads; written by start and stop only */
    bool looking;     /* a worker is looking for work; the others wait for their turn */
    struct waiter *waiters;
    struct own_answer *answers; /* a hash: see answers.c */
    struct trashed *trashed;    /* a hash */
    int64_t next_prune;         /* clock_mono() */
    int64_t confirmed;          /* clock_steady(): deletions queued until then are meant */
    int64_t *parked;            /* slots that became HELD, for an event */
    size_t parked_count;
};

/* Is an attempt for the slot being made? The caller is inside state_begin(). */
bool writeback_under_way(struct writeback *wb, int64_t slot);

/* The slot's next text for the trash is a new one whatever it is. */
void writeback_forget_trash(struct writeback *wb, int64_t slot);

/*
 * answers.c: the service has made `answer` of `seen`, the slot's text. Who saves on top of `seen`
 * without having looked at the file again is measured against both.
 */
void writeback_keep_answer(struct writeback *wb, int64_t slot, const char *seen,
                           const char *answer);
/* The answer to exactly this text, for the caller to free, or NULL. */
char *writeback_find_answer(struct writeback *wb, int64_t slot, const char *seen);
void writeback_forget_answers(struct writeback *wb);

/* --- one operation being carried out --- */

struct job {
    struct writeback *wb;
    struct mailbox *mb;
    struct worker *worker;
    struct remote_ctx ctx;
    struct slot slot;     /* as claimed */
    struct journal_op op; /* as claimed and as this job wrote it, without what the user does */
};

/*
 * The functions below, and *_run(), answer 0 when the operation is dealt with (the journal says
 * how), -ECANCELED when the user changed it and nothing more is to be done with it now, another
 * -errno when our own disk failed: the journal is as it was.
 */
int update_run(struct job *j);
int create_run(struct job *j);
int remove_run(struct job *j);
/* The move that slot.origin tells of. 1: that was it, the rest of the operation may follow. */
int move_run(struct job *j);
/* In place of a deletion; the attempt is in the journal. */
int move_to_trash(struct job *j, const char *trash);

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
/* Nothing an earlier attempt may have done is open any more. */
void op_clear_attempt(struct journal_op *op);

/* What the user's change is measured against; `answer` NULL: the service had the same. */
void op_set_base(struct journal_op *op, const char *base, const char *answer);

/* Frees *text and copies `with` (may be NULL) into it. */
void text_replace(char **text, const char *with);

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
