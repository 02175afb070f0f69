/*
 * message_p.h - a message's shapes: how it is stored, and the two forms the service answers it in.
 *
 * Stored is the form of GetEmail without Attachments. GetEmails answers the same members in another
 * order, with Importance as a word; both with the list of attachments.
 *
 * Threads: between db_begin() and db_end().
 */
#ifndef SANDBOX_MESSAGE_P_H
#define SANDBOX_MESSAGE_P_H

#include "db_p.h"

#include <cjson/cJSON.h>

struct buf;

enum message_form {
    MESSAGE_SINGLE, /* GetEmail: Importance 0, 1, 2 */
    MESSAGE_LISTED, /* GetEmails: Importance Low, Normal, High */
};

/* What makes a message; strings may be NULL. */
struct message_draft {
    const char *from, *to, *cc, *bcc, *reply_to;
    const char *subject;
    const char *body;
    bool html;
    int importance; /* 0 Low, 1 Normal, 2 High */
    bool read;
    int64_t received;               /* 0: now */
    const char *conversation;       /* NULL: a new one */
    const char *internet_id;        /* NULL: a new one */
    const struct attachment *files; /* numbers and times are given out here */
    size_t nfiles;
};

/* Stores a message in the folder; the stored record, to be deleted by the caller. */
cJSON *message_add(struct db *db, const struct folder *folder, const struct message_draft *draft);

/* An attachment's bytes count for more than their number at the service; so do they here. */
#define MESSAGE_ATTACHMENT_OVERHEAD 293

/* The answer's form of a stored message; with ContentBytes where asked for. */
cJSON *message_form(struct db *db, const struct record_row *row, enum message_form form,
                    bool content);

/* Stores a changed message under its id and folder, or under new ones. */
void message_store(struct db *db, int64_t row, const char *folder, const cJSON *message);

/* Moves to another folder, which gives a new id (and so new attachment ids). That id; the caller
 * frees it. */
char *message_move(struct db *db, const struct record *row, const struct folder *to);

/* "Low", "Normal", "High" to 0, 1, 2; -EINVAL. */
int message_importance(const char *word);

/* What the service makes of ["Name","ContentBytes"...] objects; NULL text: fine. Free with
 * attachments_free(). */
int message_files(const cJSON *attachments, struct attachment **ret, size_t *ret_count,
                  struct buf *err);

#endif
