/*
 * listing_p.h - the reading half of sync: what is known of each folder's listing, and the passes that
 * renew it (pass_p.h).
 *
 *     listings.c     one struct folder a listing, and how old what is known of it is
 *     listing.c      who waits for a listing, which pass is due, what it missed
 *     pass.c         one pass, and its pages
 *     changes.c      one pass over a change feed
 *     compare.c      ids and versions of a whole folder, against what feeds lose
 *     folders.c      the folders of a kind, and which of them changed; find.c: one folder by name
 *     records.c      single records; the generation rule
 *     attachments.c  bytes of attachments
 *
 * The generation rule. One counter for the mailbox grows with every own write. A question takes its
 * value before it is asked (question_begin()); the end of an own write puts the new value into
 * `touched` of its folder. An answer leaves a record alone whose touched value is greater than the
 * question's. Entries matter only to questions asked before them: when none is open, they are dropped.
 *
 * Locks: folder.commit is held over the short store transactions that enter an answer, so that the
 * check of `touched` and the change are one step; listings.lock over nothing but memory. No lock is
 * held over network or events.
 */
#ifndef OUTLOOKFS_SYNC_LISTING_P_H
#define OUTLOOKFS_SYNC_LISTING_P_H

#include <outlookfs/base/clock.h>
#include <outlookfs/base/map.h>

#include "mailbox_p.h"

#include <stdatomic.h>

#define PAGE_TOP 256
#define FULL_EVERY (15 * 60 * NS_PER_S) /* what only a full listing can tell is at most so old */
#define RETRY_AFTER (10 * NS_PER_S)     /* what failed is not tried again before */

struct listings {
    struct mailbox *mb;
    atomic_uintptr_t generation;
    struct mutex catalog; /* over the store transactions that change the folders of a kind */
    struct mutex lock;
    pthread_cond_t changed; /* a page came, a pass ended */
    struct map folders;     /* key -> struct folder; stay until the end; guarded by lock */
};

struct folder {
    struct listings *listings;
    enum kind kind;
    char *id;

    struct mutex commit;
    struct map touched; /* record id -> generation of the last own write; guarded by commit */
    unsigned questions; /* open ones; guarded by commit */

    /* guarded by listings.lock */
    struct pass *pass;  /* the one under way, or NULL */
    unsigned passes;    /* how many have ended */
    unsigned pages;     /* that the last one brought */
    int error;          /* ... and what ended it */
    char *reason;       /* ... for a person, or NULL */
    unsigned waiting;   /* threads that want its pages now */
    int64_t not_before; /* clock_mono(): no refresh sooner, the last one failed */
    int64_t began;      /* of the run, clock_steady(); 0: in another process */
    int64_t expected;   /* records, as the service said with its folders; 0: it did not */
    uint64_t seen_bytes, seen_count; /* of records in the pages seen */
    bool unordered;                  /* $orderby was refused */
    size_t confirmed;                /* missing records asked for so far: the next go first */
};

/* --- listings.c --- */
struct listings *listings_create(struct mailbox *mb);
void listings_destroy(struct listings *l); /* NULL is fine */
struct folder *listings_folder(struct listings *l, enum kind kind, const char *id);
/* The service says how many records the folder has. */
void listing_expect(struct listings *l, enum kind kind, const char *id, int64_t expected);
/* `at` is less than `age` ago by clock_steady(). */
bool is_younger(int64_t at, int64_t age);
bool listing_is_fresh(const struct mailbox *mb, const struct cache_listing *row);
/* --- listing.c --- */
/* The folder was never listed, and the service does not know it: so it said a moment ago. */
bool listing_is_gone(struct mailbox *mb, enum kind kind, const char *folder);
/* --- folders.c --- */
bool folders_are_fresh(const struct mailbox *mb, const struct cache_folders *folders);
/* Asks for the folders of a kind unless they are fresh; one question at a time. */
int folders_refresh(struct mailbox *mb, enum kind kind, struct remote_ctx ctx);
/* False offline, and while the last failure is too recent. */
bool folders_may_ask(struct mailbox *mb, enum kind kind);
const struct cache_folder *folders_by_id(const struct cache_folders *folders, const char *id);
/* "Inbox/Support", from the top: the names that are listed, or those the service shows. */
const struct cache_folder *folders_by_path(const struct cache_folders *folders, const char *path,
                                           bool listed);
/* The display path of a mail folder `name` below `parent`, for asking whether it is there; NULL where
 * a name on the way has a '/' of its own. The caller frees. */
char *folders_path(const struct cache_folders *folders, const char *parent, const char *name);

/* --- records.c --- */
/* The generation before a question; question_end() when its answer is in the cache. No lock is held. */
uintptr_t question_begin(struct folder *f);
void question_end(struct folder *f);
/* Is the record known in another folder? Messages have ids of their own wherever they are. */
bool is_elsewhere(struct folder *f, const char *id);
/* Has an own write overtaken a question of generation `gen`? folder.commit is held. */
bool is_touched_locked(const struct folder *f, const char *id, uintptr_t gen);
/* Enters an answer: stores the items that no own write has overtaken. What became of each goes to
 * `changes` (CACHE_SAME where it was left alone). The items are reordered. folder.commit is held. */
int commit_items_locked(struct folder *f, struct item *items, size_t count, uintptr_t gen,
                        uint64_t run, enum cache_change *changes);
/* The same, and tells of it; no lock is held. `run` RUN_UNDER_WAY: as met by the listing under way, or by
 * the last one. */
#define RUN_UNDER_WAY UINT64_MAX
int commit_items(struct folder *f, struct item *items, size_t count, uintptr_t gen, uint64_t run);
/* Asks for records by their ids: what the folder has is added to the items, the others are removed ones. */
enum grade ask_records(struct folder *f, char *const *ids, size_t count, struct remote_ctx ctx,
                       struct items *items, struct remote_fault *fault);
/* Tells of what a commit changed; no lock is held. */
void notify_items(struct folder *f, const struct item *items, size_t count,
                  const enum cache_change *changes);
/* Removes the records an answer says are gone, but for those that an own write has overtaken, and
 * tells of it; no lock is held. */
int forget_records(struct folder *f, char *const *ids, size_t count, uintptr_t gen);

#endif
