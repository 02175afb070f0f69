/*
 * outbox.h - from a complete file in outbox/ to a mail that was sent, and to the answer of a
 * question.
 *
 * The files are local ones (store/state.h), the rows that say what becomes of them are the journal
 * (store/outbox.h). The file system calls, in this order:
 *
 *     outbox_prepare()   is it to be sent as it is? Reads what it attaches. No change.
 *     state_begin()      with whatever else changes: a rename
 *     outbox_accept()    the row is on disk before close() returns
 *     state_end()
 *     outbox_kick()
 *
 * One worker sends what is due, the oldest first, one at a time. send_delay after the close is the
 * time to take it back: outbox_withdraw() (rm), outbox_change() (the first byte that is written).
 *
 *     sent        a question stays where it is and waits for its answer; everything else moves to
 *                 outbox/sent/
 *     certainly not sent (offline, no connection, 429, no token): tried again, 1 s doubling to
 *                 60 s, without end
 *     refused     (4xx) FAILED with the reason
 *     unknown     (5xx, an answer that did not come, the program ended between request and answer):
 *                 FAILED, marked unknown. Never sent again by itself: outbox_retry() or
 *                 outbox_withdraw() are the user's. Where remote_resends() the next attempt finds it
 *                 out; until then it is being sent (-EBUSY)
 *
 * What an attempt left on the service, a draft or a subscription, outlives the file: the worker
 * clears it up.
 *
 * A question goes out with an address of its own below the announced URL, 256 bits nobody can
 * guess. What is POSTed there is handed to outbox_answer(), becomes "x.answer.json" beside "x.json"
 * in one transaction, and the subscription is ended at its Location. All of it goes on after a
 * remount.
 *
 * Lock order: the state's write lock, then outbox.lock. No lock is held across the network or an
 * event.
 *
 * Threads: all from any thread.
 */
#ifndef OUTLOOKFS_SYNC_OUTBOX_H
#define OUTLOOKFS_SYNC_OUTBOX_H

#include <outlookfs/store/outbox.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct cJSON;
struct cancel;
struct mailbox;
struct outbox;
struct slot;

struct outbox *mailbox_outbox(struct mailbox *mb);

/* Where the service POSTs answers: "https://host/path" without a trailing '/'; NULL: nowhere, then
 * questions that want an answer are refused. */
void outbox_announce(struct outbox *ob, const char *url);

/* -EOPNOTSUPP, with the service named in `err`: it has nothing of the kind. */
int outbox_check_service(struct outbox *ob, enum outgoing what, struct buf *err);

/*
 * Fills `ret` with the row of a file that shall be sent. `obj` is its object; attachments given by
 * path are read into it. `replaced`: the caller has changed obj already. `foreign`: another user
 * wrote in the file. The caller gives the row to outbox_accept() or outbox_discard().
 *
 * -EINVAL (a member), -EACCES (a path of another user's file, or out of send_root), -ENOENT (no
 * such attachment), -EFBIG, -EMSGSIZE (a comment), -EDESTADDRREQ (no address for an answer), with
 * the reason in `err`.
 */
int outbox_prepare(struct outbox *ob, enum outgoing what, struct cJSON *obj, bool replaced,
                   bool foreign, struct outbox_row *ret, struct buf *err);
/* The same of a draft of the mailbox, which is sent when what is pending for its slot is on the
 * service; the file is what a person sees of it meanwhile. */
int outbox_prepare_draft(struct outbox *ob, const struct slot *slot, struct outbox_row *ret,
                         struct buf *err);
/* The same of an Internet message that becomes a draft in the mail folder; the file goes then. */
int outbox_prepare_mime(struct outbox *ob, const char *folder, struct outbox_row *ret,
                        struct buf *err);
void outbox_discard(struct outbox *ob, struct outbox_row *row);

/* The file `ino` waits to be sent as `row` says (released). -EBUSY: it is just being sent. */
int outbox_accept(struct outbox *ob, uint64_t ino, struct outbox_row *row);

/* The file is not to be sent, because ... */
int outbox_refuse(struct outbox *ob, enum outgoing what, uint64_t ino, const char *reason);

/* The file's bytes are about to change: nothing is sent before it is accepted again. -EBUSY: it is
 * just being sent, or its answer is awaited. 0 also for a file without a row. */
int outbox_change(struct outbox *ob, enum outgoing what, uint64_t ino, bool foreign);

/* The file goes: so does its row. -EBUSY: it is just being sent. A question that was asked is ended
 * at the service: outbox_kick() after the transaction. */
int outbox_withdraw(struct outbox *ob, uint64_t ino);

/* FAILED becomes WAITING and due. 0 also where nothing failed. */
int outbox_retry(struct outbox *ob, int64_t id);

void outbox_kick(struct outbox *ob);

/*
 * What was POSTed to the address that ends in `token`. 0: kept, on disk; -ENOENT: there is no such
 * address; -EINVAL: no answer. All tokens are compared in constant time.
 */
int outbox_answer(struct outbox *ob, const char *token, const char *body, size_t len);

/* As writeback_flush() for all: 0, -EINPROGRESS, -EINTR, -EIO when something is parked; the disk's
 * error where what became of a mail cannot be written down. */
int outbox_flush(struct outbox *ob, int64_t until, struct cancel *cancel);

/* "waiting", "sending", "asked", ...: for people. */
const char *outbox_state_name(enum outbox_state state);

#endif
