/*
 * writeback_p.h - what the files of the writing half share.
 *
 *     writeback.c  lifetime, and what takes effect at once: cancel, retry, confirm, kick
 *     coalesce.c   writeback_update(), writeback_delete(): a change meets what pends; the guard
 *     worker.c     threads: what is due, one operation a slot, several in one request; when it may be
 *                  tried: scheduler_p.h
 *     flush.c      waiting for the queue
 *     job_p.h      carrying out one operation
 *     answers.c    what the service made of our last writes
 *     copy.c       a deletion waits for the copy that was made of its record
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
#define WRITEBACK_TOGETHER 20 /* operations of one worker at most */
#define UNDER_WAY_MAX (WRITEBACK_WORKERS * WRITEBACK_TOGETHER)

struct worker {
    struct writeback *wb;
    pthread_t thread;
    struct cancel cancel;
    unsigned claims; /* guarded by writeback.scheduler.lock: how many slots it works on */
};

/* A slot that a worker works on. */
struct claim {
    UT_hash_handle hh;
    int64_t slot;
    bool settled; /* only events are left to be told */
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
    struct claim *under_way;    /* a hash */
    int64_t together_from;      /* clock_mono(): what goes together is begun then: see worker.c */
    struct own_answer *answers; /* a hash: see answers.c */
    struct trashed *trashed;    /* a hash */
    int64_t next_prune;         /* clock_mono() */
    int64_t confirmed;          /* clock_steady(): deletions queued until then are meant */
    int64_t *parked;            /* of writeback_announce() */
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

/* To be told when the transaction has ended: the state of the slot is another one. */
void writeback_announce(struct writeback *wb, int64_t slot);

/* --- copy.c: in a transaction --- */

/* Of a text as it was saved; 0: of none. */
uint64_t copy_digest(const char *text);
/* What the deletion of a slot with this text has to wait for: journal_op.copy. -EBUSY: that was refused. */
int copy_waited_for(struct writeback *wb, const struct slot *slot, const char *text, int64_t *ret,
                    struct buf *err);
/* The slot, never made on the service, goes: what waits for it waits for the copy of it, if there is one. */
int copy_moves_on(struct writeback *wb, const struct slot *slot, const struct journal_op *op);
/* The operation of the slot is parked or taken back: what waits for it is not to be deleted. */
int copy_is_refused(struct writeback *wb, int64_t slot);

/* --- outcome.c --- */

/* What the user wrote last; what an open attempt was made from is kept as `seen`. */
void op_set_mine(struct journal_op *op, const char *mine);
/* Forgets the earlier attempt: what it may have done is known. */
void op_clear_attempt(struct journal_op *op);

/* What the user's change is measured against; `answer` NULL: the service had the same. */
void op_set_base(struct journal_op *op, const char *base, const char *answer);

#endif
