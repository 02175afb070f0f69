/*
 * state.h - what the user gave us and the service does not have yet, and what only this machine
 * knows (state.db, data/): it must not be lost.
 *
 *     slot        a name in a record folder and the record behind it: aliases, local bytes,
 *                 vacancies (saving rules R6-R9)
 *     journal     one pending operation a slot
 *     local       scratch files, directories and symlinks
 *     conflict    the three texts of a record that both sides have changed
 *     trash       what a change or a deletion replaced, and texts that were refused
 *     data/<ino>  the local bytes of an inode: scratch files, drafts, and what the user saved as
 *                 long as it stays visible
 *
 * The rows of the outbox are in outbox.h, those of triggers in triggers.h, searches in searches.h.
 *
 * Every mutator commits (WAL, synchronous=FULL) before it returns, unless it stands between
 * state_begin() and state_end(), which make several one transaction:
 *
 *     state_begin(s);
 *     rc = state_put_slot(s, &slot);
 *     if (!rc)
 *         rc = state_put_op(s, &op);
 *     rc = state_end(s, rc);      // commits when rc is 0, else rolls back; answers the outcome
 *
 * They nest; the outermost end decides. Once a mutator or an inner state_end() has failed,
 * everything up to the outermost end returns that error, and all is rolled back. A reader that finds
 * nothing is not such a failure.
 *
 * The schema is versioned and upgraded in place; a database of a newer version is refused. A
 * damaged state.db is an error that names the file and says what to do, never thrown away.
 *
 * Ownership: what a function fills is released by the caller with the matching _release().
 * Errors: 0 or -errno (-ENOSPC, -EIO; -ENOENT where nothing is found; -EEXIST where something
 * unique would come twice). Removing what is not there is 0.
 * Threads: any. state_begin() takes the (recursive) write lock that state_end() gives back; readers
 * use a connection of their own and do not wait. A reader between begin and end of the same thread
 * sees its own changes (it uses the writer's connection).
 */
#ifndef OUTLOOKFS_STORE_STATE_H
#define OUTLOOKFS_STORE_STATE_H

#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct state;
struct statvfs;

/* Makes `dir` (0700) when missing and locks it: -EBUSY with the other process's pid in `err` when
 * another mount uses it. After a fork(), not before: a database connection does not survive one. */
int state_open(const char *dir, struct state **ret, struct buf *err);
void state_close(struct state *s); /* NULL is fine */

void state_begin(struct state *s);
int state_end(struct state *s, int rc);

/* A number never given before, from NAME_LOCAL_INO up. */
int state_new_ino(struct state *s, uint64_t *ret);

/* Small values: "account", "birth", ... */
int state_get_meta(struct state *s, const char *key, char **ret); /* -ENOENT */
int state_put_meta(struct state *s, const char *key, const char *value);

/* --- slots ------------------------------------------------------------------------------------ */

enum slot_flags {
    SLOT_LOCAL = 1 << 0,  /* data/<ino> holds the visible bytes */
    SLOT_DRAFT = 1 << 1,  /* ... and they are not committed: empty, incomplete or refused text */
    SLOT_VACANT = 1 << 2, /* the name is empty: renamed away or unlinked; `since` says when */
    SLOT_ALIAS = 1 << 3,  /* the user gave the name; it is not "<id>.json" */
    SLOT_MODE = 1 << 4,   /* `mode` overrides 0600 */
    SLOT_MTIME = 1 << 5,  /* `mtime` overrides the record's time */
};

struct slot {
    int64_t id; /* 0: state_put_slot() gives one */
    enum kind kind;
    char *folder;
    char *name;   /* unique in its folder */
    char *record; /* the service's id; NULL until created there. Unique in its folder */
    char *
        origin; /* the folder the service has the record in, while its move waits; NULL: `folder` */
    uint64_t ino; /* of the inode in the slot now */
    unsigned flags;
    unsigned mode;
    int64_t mtime; /* ns */
    int64_t since; /* clock_steady(): vacated; a draft: last closed */
    char *base;    /* the text that was visible before a draft or a vacancy began, or NULL: what the
                   next commit is compared with */
};
void slot_release(struct slot *slot);

/*
 * Inserts (id 0: set) or updates. An update leaves kind, folder, record and origin as they are:
 * which record is behind a slot, and where it lies, becomes known in another thread than the one
 * that changes the rest, and a copy read before must not undo it.
 */
int state_put_slot(struct state *s, struct slot *slot);
/* NULL: none. -EEXIST, -ENOENT. */
int state_set_record(struct state *s, int64_t id, const char *record);
/* The slot is `slot.name` of this folder now; where it has a record, its move there waits. -EEXIST.
 * `attempted`: a move may be under way, so that it waits also where the record came from there. */
int state_move_slot(struct state *s, const struct slot *slot, const char *folder, bool attempted);
/* The service has the record in `origin`; NULL, or the slot's own folder: where it shall be. */
int state_set_origin(struct state *s, int64_t id, const char *origin);
/* The folder a record is on its way to; -ENOENT: none. The caller frees. */
int state_moving_to(struct state *s, enum kind kind, const char *record, char **ret);
int state_remove_slot(struct state *s, int64_t id); /* with its operation and conflict */
int state_get_slot(struct state *s, int64_t id, struct slot *ret);
int state_slot_by_name(struct state *s, enum kind kind, const char *folder, const char *name,
                       struct slot *ret);
int state_slot_by_record(struct state *s, enum kind kind, const char *folder, const char *record,
                         struct slot *ret);
int state_slot_by_ino(struct state *s, uint64_t ino, struct slot *ret);
/* All of a folder, as an array the caller releases and frees. */
int state_slots(struct state *s, enum kind kind, const char *folder, struct slot **ret,
                size_t *ret_count);
/* Those whose record is on its way out of the folder: deleted, or moved to another. */
int state_slots_leaving(struct state *s, enum kind kind, const char *folder, struct slot **ret,
                        size_t *ret_count);
/* Those with a move that waits, of every kind. */
int state_slots_moving(struct state *s, struct slot **ret, size_t *ret_count);
/* Those with any of `flags`, of every kind. */
int state_slots_with(struct state *s, unsigned flags, struct slot **ret, size_t *ret_count);

/* --- the journal ------------------------------------------------------------------------------ */

enum journal_verb {
    JOURNAL_CREATE,
    JOURNAL_UPDATE,
    JOURNAL_DELETE,
    JOURNAL_MOVE, /* nothing but the move that slot.origin tells of; the others carry it out, too */
};
enum journal_state {
    JOURNAL_QUEUED,   /* waits for `due`, or is under way */
    JOURNAL_FAILED,   /* refused by the service: parked until the user writes again, touches or
                         removes it */
    JOURNAL_CONFLICT, /* somebody else changed the same members: parked until the user writes again
                       */
    JOURNAL_HELD,     /* one of very many deletions: waits for `outlookfs sync --confirm-deletes` */
};

struct journal_op {
    int64_t slot; /* key: one operation a slot */
    enum journal_verb verb;
    enum journal_state state;
    char *base;   /* the text before the user's change; NULL for CREATE */
    char *answer; /* what the service had then, where `base` is our own earlier write, which the
                     service changed or merged; NULL: `base` */
    char *mine;   /* the text the user wrote; NULL for DELETE */
    char *sent;   /* what an attempt of unknown outcome sent: the merged record (UPDATE), the user's
                     text (CREATE); or NULL */
    char *
        seen; /* the user's text `sent` was made from, where `mine` is another one by now; or NULL */
    char *reason;  /* why FAILED or CONFLICT, or what the last attempt met; or NULL */
    char *request; /* "PATCH /datasets/..." of the last attempt, without secrets; or NULL */
    int status;    /* HTTP status of the last attempt */
    uint64_t gen; /* grows with every change by the user: an answer to an older one does not end the
                     operation */
    unsigned attempts;
    int64_t queued_at; /* clock_steady(): first change */
    int64_t due;       /* clock_steady(): not before */
    int64_t began;     /* clock_steady(): when `sent` was sent; 0: never */
    uint64_t digest;   /* of the text as it was saved, for state_find_copy(); 0: none */
    int64_t copy;      /* DELETE: the slot whose operation is to end first; 0: none */
};
void journal_op_release(struct journal_op *op);

int state_put_op(struct state *s,
                 const struct journal_op *op); /* inserts or replaces; -ENOENT without its slot */
int state_get_op(struct state *s, int64_t slot, struct journal_op *ret);
/* Without its texts (base, answer, mine, sent, seen), which are NULL and stay as they are in the journal. `ret` NULL: is
 * there one? */
int state_get_op_head(struct state *s, int64_t slot, struct journal_op *ret);
int state_put_op_head(struct state *s, const struct journal_op *op); /* -ENOENT */
int state_remove_op(struct state *s, int64_t slot);
#define JOURNAL_ALL (~0U)
/*
 * Slots of up to `max` QUEUED operations of `verbs` (bits: 1 << JOURNAL_CREATE, ...) with due <= now, longest queued first, into `slots`; not
 * those whose `copy` has an operation that was queued before them. Answers how many or -errno. `next_due` (may be NULL) receives the smallest due of the QUEUED ones
 * that are not due yet, or INT64_MAX.
 */
int state_due_ops(struct state *s, unsigned verbs, int64_t now, int64_t *slots, size_t max,
                  int64_t *next_due);
/*
 * mv between folders that no rename joins is a copy and a removal: the newest CREATE or UPDATE of
 * another slot of the kind with the digest. Heads, as the next; -ENOENT.
 */
int state_find_copy(struct state *s, const struct slot *of, uint64_t digest,
                    struct journal_op *ret);
/* An operation whose `copy` is this slot; -ENOENT. */
int state_waits_for(struct state *s, int64_t copy, struct journal_op *ret);
/* What waits for the one waits for the other, as if it had been queued behind it. */
int state_wait_for_other(struct state *s, int64_t copy, int64_t other);
/* Of all, oldest first. */
int state_op_heads(struct state *s, struct journal_op **ret, size_t *ret_count);

/* The names of slots with an operation in one of `states` (bits: 1 << JOURNAL_QUEUED, ...), oldest first, without reading a
 * text; until `each` answers something else than 0. `each` is called under the reader's lock: memory only. */
typedef int (*state_op_fn)(void *ctx, int64_t slot, const char *name);
int state_each_op_name(struct state *s, unsigned states, state_op_fn each, void *ctx);

struct journal_counts {
    unsigned queued, failed, conflict, held;
};
int state_count_ops(struct state *s, struct journal_counts *ret);
/* DELETEs in a state that were queued after `queued_after`; counting ends at `limit`. */
int state_count_deletes(struct state *s, enum journal_state state, int64_t queued_after,
                        unsigned limit, unsigned *ret);
/* Those of them that are QUEUED and of one folder. */
int state_count_deletes_in(struct state *s, enum kind kind, const char *folder,
                           int64_t queued_after, unsigned limit, unsigned *ret);
/* Every QUEUED operation that is not due at `now` becomes due then. */
int state_expedite_ops(struct state *s, int64_t now);

/*
 * Times of clock_steady() that an earlier process stored in what is this one's future become `now`,
 * and so does a change that is due later than after its whole delay. At the start.
 */
int state_settle_times(struct state *s, int64_t now, int64_t change_delay, int64_t send_delay);

/* --- local things: scratch -------------------------------------------------------------------- */

struct local {
    uint64_t ino;
    uint64_t dir; /* inode of the directory; 0: unlinked but still open */
    char *name;
    unsigned mode; /* with the type: S_IFREG, S_IFDIR, S_IFLNK */
    int64_t mtime; /* ns; regular files: 0 = that of data/<ino> */
    char *target;  /* of a symlink */
};
void local_release(struct local *l);

/* Inserts or replaces by ino; (dir, name) is unique. */
int state_put_local(struct state *s, const struct local *l);
int state_remove_local(struct state *s, uint64_t ino);
int state_get_local(struct state *s, uint64_t ino, struct local *ret);
int state_find_local(struct state *s, uint64_t dir, const char *name, struct local *ret);
int state_locals(struct state *s, uint64_t dir, struct local **ret, size_t *ret_count);

/* --- conflicts and trash ---------------------------------------------------------------------- */

struct conflict {
    int64_t slot;
    char *base, *mine, *theirs;
    char *members; /* "MobilePhone1, HomeAddress/City" */
    int64_t at;
};
void conflict_release(struct conflict *c);
int state_put_conflict(struct state *s, const struct conflict *c);
int state_get_conflict(struct state *s, int64_t slot, struct conflict *ret);
int state_remove_conflict(struct state *s, int64_t slot);
int state_conflicts(struct state *s, struct conflict **ret, size_t *ret_count);

struct trash_entry {
    int64_t id;
    int64_t at; /* ns since 1970 */
    enum kind kind;
    char *folder, *record;
    char *name;  /* of the file it was */
    char *why;   /* "update", "delete" or "rejected" */
    char *text;  /* NULL in listings */
    size_t size; /* of the text; state_add_trash() counts itself */
};
void trash_entry_release(struct trash_entry *t);
int state_add_trash(struct state *s, const struct trash_entry *t);
/* Without texts, oldest first. */
int state_trash(struct state *s, struct trash_entry **ret, size_t *ret_count);
int state_get_trash(struct state *s, int64_t id, struct trash_entry *ret);
int state_remove_trash(struct state *s, int64_t id);
/* Drops entries older than `before` and then the oldest until the texts fit into `max_bytes`. */
int state_prune_trash(struct state *s, int64_t before, size_t max_bytes);

/* --- data/<ino> ------------------------------------------------------------------------------- */

/*
 * Files follow the transaction the calling thread is in: one that was made in it goes when it is
 * rolled back, one that was removed in it goes when it has been committed. After a crash in between
 * it is the next start's to sweep.
 */

/* open(2) flags; O_CREAT makes it (0600). A descriptor or -errno. */
int state_data_open(struct state *s, uint64_t ino, int flags);
int state_data_remove(struct state *s, uint64_t ino); /* 0 also when there is none */
/* Appends the whole file to `out`. */
int state_data_read(struct state *s, uint64_t ino, struct buf *out);
/* The bytes become the whole file; it is on the disk when the function returns. */
int state_data_write(struct state *s, uint64_t ino, const void *data, size_t len);
/* A local file with its bytes. */
int state_forget_local(struct state *s, uint64_t ino);
/* In a transaction: a file that was made before it is as if it had been made in it. */
void state_data_adopt(struct state *s, uint64_t ino);
/* statvfs(3) of the disk the data files are on. */
int state_statfs(struct state *s, struct statvfs *ret);
/* Inode numbers that have a data file, for cleaning up after a crash. The caller frees. */
int state_data_list(struct state *s, uint64_t **ret, size_t *ret_count);

#endif
