/*
 * db_p.h - the mailbox in SQLite: folders, records (as JSON text beside the few keys they are
 * ordered by) and the bytes of attachments.
 *
 *     db_begin(db);                        // one operation at a time, one transaction each
 *     if (db_record_get(db, RECORD_EVENT, id, &record)) ...
 *     db_end(db, true);                    // keep the changes
 *
 * A database that fails after it was opened (disk full, damaged file) ends the program with one
 * line: a test service without its data has nothing to answer.
 *
 * Threads: any; everything between db_begin() and db_end() belongs to the thread that called
 * db_begin().
 */
#ifndef SANDBOX_DB_P_H
#define SANDBOX_DB_P_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct db;

enum record_kind { RECORD_EVENT, RECORD_CONTACT, RECORD_MESSAGE };

/* `path` NULL: in memory. -EIO with the reason in `err`. */
int db_open(const char *path, struct db **ret, struct buf *err);
void db_close(struct db *db);

void db_begin(struct db *db);
void db_end(struct db *db, bool keep);

/* The service's clock: never behind what the database already holds. */
int64_t db_now(struct db *db);

/* While a mailbox is being seeded the clock stands at `ns`; 0 lets it run again. */
void db_pretend_now(struct db *db, int64_t ns);

/* Pushes the clock forward, until the program ends. */
void db_advance(struct db *db, int64_t ns);

/* The next number for ids and change keys; persistent. */
uint32_t db_next(struct db *db);

/* True when no folder was ever made. */
bool db_is_empty(struct db *db);

/* --- folders: of mail, calendars, contact folders --------------------------------------------- */

struct folder {
    uint32_t number; /* what the ids of its items are made from */
    char *id;
    char *parent; /* id, NULL at the top */
    char *name;
};

void folder_release(struct folder *f);

/* A folder of that kind of record; false when there is none. Names compare without regard to ASCII
 * case. */
bool db_folder_by_id(struct db *db, enum record_kind kind, const char *id, struct folder *ret);
bool db_folder_by_name(struct db *db, enum record_kind kind, const char *parent, const char *name,
                       struct folder *ret);

/* The folders below `parent` (NULL: at the top) in the order they were made. Free with
 * folders_free(). */
struct folder *db_folders(struct db *db, enum record_kind kind, const char *parent,
                          size_t *ret_count);
void folders_free(struct folder *folders, size_t count);

void db_folder_add(struct db *db, enum record_kind kind, const struct folder *f);

/* --- records ---------------------------------------------------------------------------------- */

/* What a listing is ordered and restricted by; kept beside the JSON text. */
struct record_keys {
    int64_t sort;     /* start of an event, receipt of a message; equal ones by age */
    int64_t modified; /* ns since 1970 */
    bool unread;
};

struct record {
    int64_t row;
    char *id;
    char *folder; /* id */
    char *json;
};

void record_release(struct record *r);

bool db_record_get(struct db *db, enum record_kind kind, const char *id, struct record *ret);
int64_t db_record_add(struct db *db, enum record_kind kind, const char *id, const char *folder,
                      const struct record_keys *keys, const char *json);

/* Replaces everything of the row, its id and folder included (a move). */
void db_record_set(struct db *db, int64_t row, const char *id, const char *folder,
                   const struct record_keys *keys, const char *json);

/* The record did not arrive where it lies. */
void db_record_mark_moved(struct db *db, int64_t row);

/* Removes the row and its attachments. */
void db_record_remove(struct db *db, int64_t row);

enum record_order { ORDER_SORT, ORDER_MODIFIED, ORDER_ARRIVAL };

struct record_query {
    enum record_kind kind;
    const char *folder; /* id; NULL: all */
    bool unread_only;
    bool arrived_only;      /* none that was moved */
    int64_t sort_from;      /* 0: from the first */
    int64_t modified_after; /* 0: from the first */
    enum record_order order;
    bool descending;
    int64_t skip;
    int64_t top; /* -1: all */
};

/* What a listing shows of a record; the strings live until `each` returns. */
struct record_row {
    int64_t row;
    const char *id, *folder, *json;
};

/* Calls `each` in order until it answers false. */
void db_records(struct db *db, const struct record_query *query,
                bool (*each)(void *arg, const struct record_row *row), void *arg);

/* How many records the folder holds, and how many of them are unread. */
void db_record_count(struct db *db, enum record_kind kind, const char *folder, int64_t *ret_total,
                     int64_t *ret_unread);

/* --- attachments ------------------------------------------------------------------------------ */

struct attachment {
    uint32_t number;
    char *name;
    char *type;
    char *content_id; /* NULL: none */
    bool is_inline;
    int64_t modified;
    size_t size; /* of the content */
    void *content;
};

void attachment_release(struct attachment *a);

void db_attachment_add(struct db *db, int64_t message_row, const struct attachment *a);

/* A message's attachments, with their bytes only where asked for. Free with attachments_free(). */
struct attachment *db_attachments(struct db *db, int64_t message_row, bool content,
                                  size_t *ret_count);
void attachments_free(struct attachment *list, size_t count);

/* --- subscriptions to mails with options --------------------------------------------------------
 * A subscription is JSON text under its id; it belongs to the message it was sent with. The caller
 * frees what is answered; NULL: there is none.
 */

void db_subscription_add(struct db *db, const char *id, int64_t message_row, const char *json);

/* `pending`: its notification is to be sent. */
void db_subscription_set(struct db *db, const char *id, bool pending, const char *json);

char *db_subscription(struct db *db, const char *id);
char *db_subscription_of_message(struct db *db, int64_t message_row);
char *db_subscription_pending(struct db *db); /* the oldest */

/* All, oldest first; `message_id` is NULL when the message is gone. */
void db_subscriptions(struct db *db,
                      void (*each)(void *arg, const char *json, const char *message_id), void *arg);

#endif
