/*
 * outbox_p.h - what the files of the outbox share.
 *
 *     outbox.c         lifetime, the worker, waiting for it; when it may try: scheduler_p.h
 *     outbox_send.c    one attempt and its outcome
 *     outbox_file.c    what the user does with a file: accept, change, withdraw, retry
 *     outbox_attach.c  attachments given by path
 *     outbox_answer.c  answers to questions
 */
#ifndef OUTLOOKFS_SYNC_OUTBOX_P_H
#define OUTLOOKFS_SYNC_OUTBOX_P_H

#include "mailbox_p.h"
#include "scheduler_p.h"

#include <outlookfs/base/cancel.h>
#include <outlookfs/sync/outbox.h>
#include <pthread.h>

struct outbox {
    struct mailbox *mb;
    struct cancel cancel;
    pthread_t thread;
    bool running; /* owner only */
    struct scheduler scheduler;
    char *url; /* announced; or NULL; guarded by scheduler.lock */
};

/* Carries out a row that outbox.c claimed: SENDING, or ANSWERED or GONE with a subscription to end.
 * 0, or -errno when our own disk failed. */
int outbox_carry_out(struct outbox *ob, struct outbox_row *row);

/* The announced URL and the token as one address; NULL without a URL. The caller frees it. */
char *outbox_address(struct outbox *ob, const char *token);
bool outbox_is_announced(struct outbox *ob);

/* Reads the files that attachments name by "Path" into `obj`. */
int outbox_attach(struct outbox *ob, struct cJSON *obj, bool foreign, bool *ret_replaced,
                  struct buf *err);

/* row.answer becomes the file beside the question, row.state ANSWERED; in a transaction. The name
 * of the new file goes to `ret_name`, which the caller frees. */
int outbox_deliver(struct outbox *ob, struct outbox_row *row, char **ret_name);

/* Tells the file system: `name` in `dir` changed. No lock may be held. */
void outbox_notify(struct outbox *ob, uint64_t ino, uint64_t dir);

/* Called by mailbox_open/start/stop/close. */
struct outbox *outbox_create(struct mailbox *mb);
int outbox_start(struct outbox *ob);
/* Sends what waits for at most `limit` ns (0: nothing more), then ends the worker. */
void outbox_stop(struct outbox *ob, int64_t limit);
void outbox_destroy(struct outbox *ob);
/* Adds what waits and what failed. */
void outbox_count(struct outbox *ob, struct journal_counts *counts);

#endif
