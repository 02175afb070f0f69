/*
 * mailbox_p.h - what the files of the layer share.
 */
#ifndef OUTLOOKFS_SYNC_MAILBOX_P_H
#define OUTLOOKFS_SYNC_MAILBOX_P_H

#include <outlookfs/sync/mailbox.h>
#include <outlookfs/sync/writeback.h>

struct flights;
struct listings;
struct outbox;
struct pool;
struct searches;
struct triggers;

/* The last attachment that was downloaded (attachment_pages.c): where two threads mix it up, a page is asked for too early or
 * too late. */
/* What was read last of a kind: lists, or contents. attachment_pages.c */
struct attachments_read {
    _Atomic uint64_t folder, message; /* hashes of their ids */
    _Atomic int64_t at;               /* clock_steady() */
    _Atomic int64_t paused_until;     /* clock_steady() */
    _Atomic unsigned halved;          /* so often, because the service did not manage pages */
};

struct mailbox {
    /* constant after open */
    struct mailbox_config config;
    struct remote *remote;
    struct cache *cache;
    struct state *state;
    const struct mailbox_events *events;
    void *events_ctx;
    /* parts with locks of their own */
    struct pool *pool;         /* pool.c: the fetch threads */
    struct flights *flights;   /* flight.c: one question at a time about a thing */
    struct listings *listings; /* listings.c */
    struct searches *searches; /* search.c */
    struct values *values;
    struct writeback *writeback;                                   /* writeback.c */
    struct outbox *outbox;                                         /* outbox.c */
    struct triggers *triggers;                                     /* triggers.c */
    struct attachments_read attachments_read[REMOTE_CONTENTS + 1]; /* by enum remote_attachments */
    bool writing;            /* the writeback workers run; owner only */
    _Atomic int64_t left_at; /* clock_mono() of the last mailbox_leave(); 0: never */
};

/*
 * An own write ended: the record is now `item` (or gone). Raises the record's generation, so that
 * older answers leave it alone, changes the cache, and tells the file system. records.c.
 */
int mailbox_record_written(struct mailbox *mb, const char *folder, const struct item *item);
int mailbox_record_deleted(struct mailbox *mb, enum kind kind, const char *folder, const char *id);

/*
 * A question of generation `gen` that was no listing brought these items (a trigger, a search):
 * enters them into the cache and tells of it. The items are reordered. records.c.
 */
int mailbox_items_learned(struct mailbox *mb, enum kind kind, const char *folder,
                          struct item *items, size_t count, uintptr_t gen);

/* At the start: what the journal says of moves, and the cache may not have heard of. records.c. */
int mailbox_moves_recover(struct mailbox *mb);

/*
 * Where a record goes that is removed from `folder`: the trash of its kind. NULL: it is removed for
 * good, because there is no trash or it lies there already. Asks for the folders where they are not
 * known. The caller frees. folders.c.
 */
int folders_trash(struct mailbox *mb, enum kind kind, const char *folder, struct remote_ctx ctx,
                  char **ret);
/* A record of `folder` was removed by the service's own rules: where it goes, it is to be seen at the next look. */
void folders_trash_has_changed(struct mailbox *mb, enum kind kind, const char *folder);
/* So is what was sent. */
void folders_sent_has_changed(struct mailbox *mb);

/* --- events.c --- */

/* Events; no lock may be held. */
void mailbox_notify_folders(struct mailbox *mb, enum kind kind);
void mailbox_notify_record(struct mailbox *mb, enum kind kind, const char *folder, const char *id,
                           enum mailbox_change change);
void mailbox_notify_slot(struct mailbox *mb, const struct slot *slot);
void mailbox_notify_stream(struct mailbox *mb, uint64_t ino);

/*
 * What became of a question: 0, or the errno of its grade with the reason in `err` (may be NULL) behind
 * "what: ". Releases the fault.
 */
int mailbox_answered(enum grade grade, struct remote_fault *fault, const char *what,
                     struct buf *err);

/* writeback.c, called by mailbox_open/start/stop/close. */
struct writeback *writeback_create(struct mailbox *mb);
int writeback_start(struct writeback *wb);
/* Everything is due at once; waits for the queue to empty for at most `limit` ns, then ends the
 * workers. */
void writeback_stop(struct writeback *wb, int64_t limit);
void writeback_destroy(struct writeback *wb);

#endif
