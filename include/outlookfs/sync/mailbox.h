/*
 * mailbox.h - one mounted mailbox: what is cached, how fresh it is, and who is told when it
 * changes.
 *
 *     mailbox_open()  databases, no threads, no network
 *     mailbox_start() threads; after the fork
 *     mailbox_stop()  flushes the queue for at most 30 s, then ends the threads
 *     mailbox_close()
 *
 * Reading. What the cache has is answered from the cache; the service is asked once
 * per folder, however many callers wait. A call that needs the network waits with the caller's
 * struct cancel; a failed refresh keeps what was there. Offline (remote_online() is false) every
 * function answers from the cache or fails with -EHOSTUNREACH at once.
 *
 * Freshness of a listing:
 *   never listed       pages of PAGE_TOP records, four asked for at once while four are stored, one
 *                      store transaction a page. Pages contain whole records, so reading a record
 *                      later sends nothing. An interrupted listing continues at next_skip.
 *   older than list_ttl
 *                      asked again when somebody looks: a folder of up to 4 pages is listed again; a
 *                      larger one newest first ($orderby=DateTimeLastModified desc, mail: as it
 *                      comes) up to the first page that holds nothing new, and in full when the
 *                      last full listing is over 15 min old (15 s for each page of a folder of more
 *                      than 60 pages).
 *   deletions          a record that a full listing did not contain is asked for by id; only an
 *                      authoritative 404/410 removes it (at most 64 such questions a refresh, the
 *                      rest in the next; 2 of them about records that are there although no
 *                      listing shows them).
 *
 * If the service has a feed of changes (remote_changes()), a refresh asks for that, and only if
 * the feed of the folders (remote_folder_changes()) says that something has happened in the folder, or
 * if it was not asked for 15 min; what the feed says is gone is gone.
 *
 * The generation rule: an answer to a request made before one of our own writes ended does not change that
 * record (it neither restores the old text or a deleted record, nor removes a created one). See
 * listing_p.h.
 *
 * Locks: mailbox internals only; no lock is held across network, store-wide waits or an event.
 * Lock order: docs/ARCHITECTURE.md.
 * Threads: all functions from any thread, except open, start, stop and close.
 */
#ifndef OUTLOOKFS_SYNC_MAILBOX_H
#define OUTLOOKFS_SYNC_MAILBOX_H

#include <outlookfs/remote/remote.h>
#include <outlookfs/store/cache.h>
#include <outlookfs/store/state.h>
#include <sys/types.h>

struct mailbox;
struct writeback;

enum mailbox_change { MAILBOX_NEW, MAILBOX_CHANGED, MAILBOX_GONE };

/*
 * What the file system wants to know. Called with no lock held, from sync's threads; what
 * mailbox_record(), mailbox_folders() and mailbox_find_folder() themselves brought in is told from
 * within them. An implementation must return soon.
 */
struct mailbox_events {
    void (*folders_changed)(void *ctx, enum kind kind); /* may be NULL */
    void (*record_changed)(void *ctx, enum kind kind, const char *folder, const char *id,
                           enum mailbox_change change);
    /* The slot's operation ended, was parked, or the slot was removed (then state_get_slot()
     * answers -ENOENT). */
    void (*slot_changed)(void *ctx, enum kind kind, const char *folder, int64_t slot);
    /* A file of the outbox that was in the directory `dir` is in another state now, or elsewhere;
     * `ino` 0: a new file came there. May be NULL. */
    void (*outbox_changed)(void *ctx, uint64_t ino, uint64_t dir);
    /*
     * A trigger's stream (store/triggers.h) has grown, or is not appended to any more. May be NULL.
     */
    void (*stream_changed)(void *ctx, uint64_t ino);
};

/*
 * A service continues to work on a request even if nobody waits for the answer: a record that is
 * looked for too early is not found and made again, and then there are two. The service takes
 * about a second to create one.
 */
#define CREATE_SETTLE (5 * NS_PER_S)

struct mailbox_config {
    struct remote *remote; /* taken */
    const char *state_dir, *cache_dir;
    /* Whose mailbox this is, for a person: a URL. What waits in a state directory goes to no other.
     * NULL: not checked. */
    const char *account;
    int64_t list_ttl;        /* ns */
    int64_t writeback_delay; /* ns */
    int64_t create_settle;   /* ns before a create that got no answer is looked for */
    unsigned mail_limit;     /* newest messages of a folder to list; 0: all */
    unsigned delete_guard;   /* more deletions than this within one delay are held; 0: never */
    unsigned delete_share;   /* ... and than so many percent of a folder of ten or more; 0: never */
    int64_t trash_keep;      /* ns */
    size_t trash_max;        /* bytes */
    size_t attachments_max;  /* bytes */
    int64_t poll_min;        /* ns between two calls of a trigger at least, ... */
    int64_t poll_max;        /* ... and at most; under poll_min means poll_min */
    size_t stream_max;       /* bytes of a trigger's stream before a new file begins; 0: 16 MiB */
    int64_t send_delay;      /* ns between the close of a mail and its sending */
    const char *send_root;   /* attachments by path are below it; NULL: there are none */
    uid_t uid;               /* whose files they are */
    bool read_only;          /* no writeback threads; what is in the journal waits */
    const char *const *mail_folders; /* the configuration's, shown where the picker is refused;
                                        NULL-terminated or NULL */
};

/* -EBUSY when another process uses the state directory. On failure `remote` is destroyed too. */
int mailbox_open(const struct mailbox_config *config, struct mailbox **ret, struct buf *err);
void mailbox_set_events(struct mailbox *mb, const struct mailbox_events *events,
                        void *ctx); /* before start */
int mailbox_start(struct mailbox *mb);
/* `left` (may be NULL): what is still in the journal. `limit` in ns. */
void mailbox_stop(struct mailbox *mb, int64_t limit, struct journal_counts *left);
/* A mailbox_stop() in the next LEAVE_LIMIT waits for nothing: somebody has waited before. */
#define LEAVE_LIMIT (5 * NS_PER_S)
void mailbox_leave(struct mailbox *mb);
void mailbox_close(struct mailbox *mb); /* NULL is fine */

struct remote *mailbox_remote(struct mailbox *mb);
struct cache *mailbox_cache(struct mailbox *mb);
struct state *mailbox_state(struct mailbox *mb);
struct writeback *mailbox_writeback(struct mailbox *mb);

/*
 * One request to know where we stand, for an honest exit code of `mount`: 0 authorised, -EACCES
 * with the reason, -EHOSTUNREACH offline, another -errno when the service answers nonsense (a wrong
 * URL).
 */
int mailbox_probe(struct mailbox *mb, struct cancel *cancel, struct buf *err);

/* --- folders ---------------------------------------------------------------------------------- */

/* The folders of a kind: from the cache when it has any (older than list_ttl: refreshed in the
 * background), else asked for. */
int mailbox_folders(struct mailbox *mb, enum kind kind, struct cancel *cancel,
                    struct cache_folders *ret);

/*
 * A folder below `parent` (NULL: top) by its listed name or its id. Mail: a name that is not known
 * is asked for once and remembered (found or not, for list_ttl); names that no service has (leading
 * '.') are not asked for. -ENOENT.
 */
int mailbox_find_folder(struct mailbox *mb, enum kind kind, const char *parent, const char *name,
                        struct cancel *cancel, struct cache_folder *ret);
/* May a new record be made in this folder? From what is cached. */
bool mailbox_may_create(struct mailbox *mb, enum kind kind, const char *folder);
void mailbox_folder_release(struct cache_folder *folder);

/*
 * Folders that are made, changed and removed at once, not by the journal: offline it is
 * -EHOSTUNREACH, and only what the service has done is done. -EPERM for what the service does not do,
 * -EEXIST, -ENOTEMPTY; the reason in `err`.
 */
int mailbox_create_folder(struct mailbox *mb, enum kind kind, const char *parent,
                          const char *display, struct cancel *cancel, struct buf *err);
/* Below `parent` (NULL: the top), as `display`. */
int mailbox_change_folder(struct mailbox *mb, const struct cache_folder *folder, const char *parent,
                          const char *display, struct cancel *cancel, struct buf *err);
/* Waits for what is on its way out of the folder. */
int mailbox_remove_folder(struct mailbox *mb, const struct cache_folder *folder,
                          struct cancel *cancel, struct buf *err);

/* --- records ---------------------------------------------------------------------------------- */

/* Makes a listing fresh enough, or starts it. Waits at most until the first page of a never-listed
 * folder, or, for a stale one, until the refresh ends or 2 s passed. */
int mailbox_list(struct mailbox *mb, enum kind kind, const char *folder, struct cancel *cancel,
                 struct buf *err);

/*
 * The next records behind `after` (a seq), as cache_each(); waits while a listing is under way and
 * has none yet. 0: the end. -EIO and the like when the listing broke and nothing more will come:
 * what was there was given before.
 */
int mailbox_each(struct mailbox *mb, enum kind kind, const char *folder, uint64_t after,
                 struct cancel *cancel, struct cache_record *list, size_t max);

/*
 * One record. From the cache; where the folder's listing is not complete, or the folder was never
 * listed, by id from the service. -ENOENT without a request when the listing is complete. `ret` NULL: is there one?
 */
int mailbox_record(struct mailbox *mb, enum kind kind, const char *folder, const char *id,
                   bool with_text, struct cancel *cancel, struct cache_record *ret);

/*
 * The record is shown in another folder from now on: writeback_move() is journalled. -errno: the
 * cache cannot be written; the service's listings will tell.
 */
int mailbox_record_moved(struct mailbox *mb, enum kind kind, const char *id, const char *from,
                         const char *to);

/* --- paths below the mount point, from what is cached --- */

/* "calendars/Calendar/" */
int mailbox_folder_path(struct mailbox *mb, enum kind kind, const char *folder, struct buf *out);
/* "calendars/Calendar/AAMk....json", or the name the user gave it. */
int mailbox_record_path(struct mailbox *mb, enum kind kind, const char *folder, const char *id,
                        struct buf *out);
/* The last part of it: what the record is listed as. Where a file that was made here has the name
 * of its id, the id is spelt differently (name_of_id()). The caller frees. */
char *mailbox_record_name(struct mailbox *mb, enum kind kind, const char *folder, const char *id);

/* The id that "<id><suffix>" stands for; whether there is such a record is not asked. -ENOENT: it is
 * the name of no id. The caller frees. */
int mailbox_id_of_name(struct mailbox *mb, const char *name, const char *suffix, char **ret);
/* The same in any spelling; NULL. For the name a record had when somebody looked it up. */
char *mailbox_spelt_id(struct mailbox *mb, const char *name, const char *suffix);
/* The id of the record that is listed in the folder as `name`, which no slot has. */
int mailbox_record_id(struct mailbox *mb, enum kind kind, const char *folder, const char *name,
                      char **ret);

/* --- attachments ------------------------------------------------------------------------------ */

/*
 * In place of an attachment's id, with whatever must be the same for what is cached to be true (of a
 * draft its version) behind it:
 *
 *     an object with the list of what the message carries, for a record that does not name it
 *     the message as it travels, where the service gives it (REMOTE_CAN_MIME)
 */
#define MAILBOX_ATTACHMENT_LIST "list:"
#define MAILBOX_MIME "mime:"

/* A read-only descriptor of the attachment's whole bytes and their length; downloads to the disk
 * cache first when needed. */
int mailbox_attachment(struct mailbox *mb, const char *message, const char *attachment,
                       struct cancel *cancel, size_t *ret_size, struct buf *err);

/* --- series ----------------------------------------------------------------------------------- */

/* How single events of a series differ from its rule, as remote_series() has it; the caller deletes.
 * Asks for those of the folder about which nothing is known along. May wait for the network. */
int mailbox_series(struct mailbox *mb, const char *folder, const char *id, struct cancel *cancel,
                   struct cJSON **ret, struct buf *err);

/* --- for status ------------------------------------------------------------------------------- */

struct mailbox_progress {
    enum kind kind;
    char *folder;
    uint64_t stored;   /* records in the cache */
    uint64_t expected; /* records there will be; 0 where the service does not say */
    int64_t seconds;   /* since this process began to list it */
};
/* Listings under way; the caller frees each folder and the array. */
int mailbox_progress(struct mailbox *mb, struct mailbox_progress **ret, size_t *ret_count);

#endif
