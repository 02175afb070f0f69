/*
 * writeback.h - the queue between a saved file and the service.
 *
 * The journal (store/state.h) is the queue: one operation a slot. What a program does to a slot
 * coalesces into it:
 *
 *     UPDATE+UPDATE = UPDATE      CREATE+UPDATE = CREATE      CREATE+DELETE = nothing
 *     UPDATE+DELETE = DELETE      DELETE+CREATE = UPDATE of the same record
 *     MOVE+MOVE = MOVE            a move travels with what else is pending, and goes first
 *
 * Each change moves `due` to writeback_delay from now. One to four workers carry out what is due,
 * at most one operation of a slot at a time, oldest first. An operation that is changed while it is
 * under way stays: `gen` tells so, and what was sent becomes its base.
 *
 * Carrying out (update.c, create.c, remove.c):
 *   UPDATE  GET the record; merge base, mine, theirs; equal to theirs: done without a PATCH;
 *           conflict: parked, see below; else PATCH with the body the operations table asks for. A
 *           record that is gone (404) parks the operation: writing again creates a new one. 412/409:
 *           read and merge again, once. An event with people invited, to whom the service writes at
 *           each change, is looked at after create_settle, too, where an attempt is of unknown outcome,
 *           and parked where nobody can tell whether that arrived.
 *   CREATE  POST. After an attempt of unknown outcome first look for a record created since `began`
 *           that contains all we sent, but not before create_settle is over since then.
 *   DELETE  DELETE; 404 means done. Where the kind has a trash, a move there, but from the trash.
 *   MOVE    the service's move; the record lies in the new folder here from the start, whatever
 *           the service lists meanwhile.
 *   a message's IsRead false -> true is MarkAsRead.
 * The version the service had is put into the trash before each PATCH and DELETE.
 *
 * Failures: temporary ones (grade_is_temporary) are tried again, 1 s doubling to 60 s, Retry-After
 * first, without end; while the service is known to be offline nothing is tried. A refusal parks
 * the operation as FAILED with the reason. Nothing is ever dropped.
 *
 * Conflict: the operation becomes CONFLICT, base, mine and theirs go to state_put_conflict(), the
 * cache has theirs by then. Writing the record again (writeback_update()) resolves it where the
 * program had theirs before it, or what came after: the new text is merged over what it had seen. A
 * program that had mine, in a file open since then, has made one more edit of mine: the operation
 * is QUEUED on its old base, and in conflict again where it clashes.
 *
 * Mass deletion: more than delete_guard DELETEs queued at one time become HELD, the queued ones
 * with them, until writeback_confirm(); so do those of more than delete_share percent of a folder
 * of at least ten records.
 *
 * Threads: all from any thread; callers serialise changes of one slot (the file system's change
 * lock does).
 */
#ifndef OUTLOOKFS_SYNC_WRITEBACK_H
#define OUTLOOKFS_SYNC_WRITEBACK_H

#include <outlookfs/store/state.h>

struct buf;
struct cJSON;
struct cancel;
struct mailbox;
struct writeback;

/*
 * The slot's record shall become `mine` (a complete JSON object; `mine_obj`: parsed, NULL where the caller has not). `base` is the text that was
 * visible before the change; it is used where no operation is pending, and where it is a conflict.
 * A slot without a record: CREATE. Equal to base as far as the service is concerned: an operation
 * that is QUEUED UPDATE or DELETE is cancelled, nothing else happens; FAILED: the refused text goes
 * to the trash ("rejected") and the operation ends (how editors roll back after a refusal);
 * CONFLICT: stays, where theirs was not seen.
 * -EINVAL or -EPERM from kind_check_new() / kind_check_update() with the reason in `err`: nothing
 * is journalled. Call it between state_begin() and state_end() with the change of the slot, then
 * writeback_kick().
 */
int writeback_update(struct writeback *wb, const struct slot *slot, const char *base,
                     const char *mine, const struct cJSON *mine_obj, struct buf *err);

/* The slot's record shall go. A slot without a record and without an attempt under way: the slot is
 * removed. `base` as above. */
int writeback_delete(struct writeback *wb, const struct slot *slot, const char *base,
                     struct buf *err);

/* The slot, whose name is `slot->name` from now on, lies in another folder of its kind: KIND_CAN_MOVE. -EEXIST, -EBUSY.
 * mailbox_record_moved() follows when the transaction has ended. */
int writeback_move(struct writeback *wb, const struct slot *slot, const char *folder,
                   struct buf *err);

/* Forgets what is pending for the slot: `rm` in queue/ or failed/, a vacancy refilled with what was
 * there. A create that was never sent removes the slot. -EBUSY while the operation is under way,
 * and while nobody knows whether the service carried out a create or a deletion. */
int writeback_cancel(struct writeback *wb, int64_t slot);

/* FAILED becomes QUEUED and due (touch). */
int writeback_retry(struct writeback *wb, int64_t slot);

/* HELD becomes QUEUED and due. */
int writeback_confirm(struct writeback *wb);

/* Wakes the workers after a transaction ended. */
void writeback_kick(struct writeback *wb);

/*
 * Makes the slot's operation (0: all) due now and waits until it is gone or parked, at most until
 * clock_mono() `until`. 0: on the service. -EINPROGRESS: time is over, or the service is offline:
 * the journal holds it. -EINTR. For one slot a refusal's errno, or -ESTALE for a conflict, with the
 * reason in `err`; for all: -EIO when something is parked.
 */
int writeback_flush(struct writeback *wb, int64_t slot, int64_t until, struct cancel *cancel,
                    struct buf *err);

/* How many workers carry something out. */
unsigned writeback_busy(struct writeback *wb);

#endif
