/*
 * writeback_p.h - what the files of the writing half share.
 *
 *     writeback.c  lifetime, and what takes effect at once: cancel, retry, confirm, kick
 *     coalesce.c   writeback_update(), writeback_delete(): a change meets what pends; the guard
 *     worker.c     threads: what is due, one operation a slot; when it may be tried: scheduler_p.h
 *     flush.c      waiting for the queue
 *     job_p.h      carrying out one operation
 *     answers.c    what the service made of our last writes
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

struct writeback {
    struct mailbox *mb;
    struct scheduler scheduler;
    pthread_cond_t turn; /* nobody looks for work */

    /* guarded by scheduler.lock */
    struct worker workers[WRITEBACK_WORKERS];
    unsigned running;           /* threads; written by start and stop only */
    bool looking;               /* a worker is looking for work; the others wait for their turn */
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

/* --- outcome.c --- */

/* What the user wrote last; what an open attempt was made from is kept as `seen`. */
void op_set_mine(struct journal_op *op, const char *mine);
/* Forgets the earlier attempt: what it may have done is known. */
void op_clear_attempt(struct journal_op *op);

/* What the user's change is measured against; `answer` NULL: the service had the same. */
void op_set_base(struct journal_op *op, const char *base, const char *answer);

#endif
