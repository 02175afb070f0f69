/*
 * listing_p.h - the reading half of the layer: what is known of each folder's listing, and the
 * passes that renew it.
 *
 *     mailbox.c      lifetime of the layer, probe
 *     events.c       what the layer above is told
 *     pool.c         the fetch threads
 *     flight.c       one question at a time about a thing
 *     folders.c      the folders of a kind
 *     find.c         one folder by name; mail folders the service does not list
 *     listing.c      one struct folder for each listing; who waits for it
 *     pass.c         one pass over a listing: which pages are asked for when
 *     page.c         one page: asked for, stored, counted
 *     refresh.c      which pass is the cheapest right one; what a full listing did not meet
 *     records.c      single records; the generation rule
 *     attachments.c  bytes of attachments
 *
 * A pass is one walk over the pages of a folder: the first listing, a refresh, or the rest of one
 * that was interrupted. A folder has at most one. It runs in the fetch threads as a set of tasks, a
 * page each; a task that ends starts the ones that are due after it (pass_leave()), so no thread
 * waits for another.
 *
 *     PASS_PAGES    pages are asked for
 *     PASS_CONFIRM  every page is there; what was not met is asked for by id, one after the other
 *     PASS_ENDED    waiters have gone; pages behind the end may still come, and are ignored
 *
 * The generation rule. One counter for the mailbox grows with every own write. A question takes its
 * value before it is asked (question_begin()); the end of an own write puts the new value into
 * `touched` of its folder. An answer leaves a record alone whose touched value is greater than the
 * question's. Entries matter only to questions asked before them: when none is open, they are
 * dropped.
 *
 * Locks: folder.commit, then listings.lock. folder.commit is held over the short store transactions
 * that enter an answer, so that the check of `touched` and the change are one step; listings.lock
 * over nothing but memory. listings.catalog stands alone, over store transactions too. None is held
 * over network or events.
 */
#ifndef OUTLOOKFS_SYNC_LISTING_P_H
#define OUTLOOKFS_SYNC_LISTING_P_H

#include <outlookfs/base/clock.h>
#include <outlookfs/base/map.h>

#include "mailbox_p.h"
#include "pool_p.h"

#include <limits.h>
#include <stdatomic.h>

#define PAGE_TOP 256
#define LISTING_PARALLEL 4 /* pages of a listing in flight at most */

/* A page of mail carries whole messages: sized by what messages have weighed so far. */
#define MAIL_PAGE_BYTES (1024 * 1024)
#define MAIL_TOP_FIRST 16
#define MAIL_TOP_MIN 8

/* A refresh of up to so many pages lists everything. Larger folders are listed in full now and
 * then: 15 s for each page, so that full listings cost at most four requests a minute, but not more
 * often than FULL_EVERY. */
#define REFRESH_PAGES 4
#define FULL_EVERY (15 * 60 * NS_PER_S)
#define FULL_PAGE_EVERY (15 * NS_PER_S)

#define CONFIRM_MAX 64     /* questions about missing records a refresh, ... */
#define CONFIRM_UNLISTED 2 /* ... of these about records that no listing shows */

#define RETRY_AFTER (10 * NS_PER_S) /* a refresh that failed is not tried again before */
#define ABSENT_TTL (10 * NS_PER_S)  /* nor is a record asked for that was not there */
#define REFRESH_WAIT (2 * NS_PER_S) /* what an old listing is held back for a new one */

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
    int64_t began;      /* clock_steady() at the first page of the run; 0: in another process */
    uint64_t mail_bytes, mail_count; /* of the pages seen */
    bool unordered;                  /* $orderby was refused */
    size_t confirmed; /* missing records asked for so far: the next refresh goes on behind them */
};

enum plan {
    PLAN_FULL,   /* every page */
    PLAN_NEWEST, /* newest first, up to a page that holds nothing new */
};

enum pass_state { PASS_PAGES, PASS_CONFIRM, PASS_ENDED };

/* Positions in the listing, `to` not included. */
struct span {
    unsigned from, to;
};

struct spans {
    struct span *list;
    size_t count;
};

/* Guarded by listings.lock where not said otherwise. `row` is what is stored: once pages are in
 * flight it changes under folder.commit too. */
struct pass {
    enum plan plan;
    enum pass_state state;
    uintptr_t gen;        /* constant: taken before the first page was asked for */
    bool complete_before; /* constant: the listing was complete when the pass began */
    struct cache_listing row;

    unsigned in_flight; /* tasks: pages and the question about a missing record */
    unsigned parallel;  /* pages in flight at most; grows with full pages */
    unsigned next;      /* the first position never asked for */
    unsigned limit;     /* positions to ask for at most */
    unsigned end;       /* of the listing as the service says; UINT_MAX: not known */
    unsigned cap;       /* records the service gives a page at most */
    unsigned pages;     /* stored */
    struct spans gaps;  /* asked for, but the service gave less */
    struct spans ahead; /* stored behind a hole */
    uint64_t first;     /* hash of the listing's first id */
    bool all;           /* everything is stored */
    int error;
    char *reason;

    char **missing; /* ids to ask for */
    size_t nmissing;
    size_t nasked;
    bool confirming; /* a question about one is in flight */
};

/* --- listing.c --- */

struct listings *listings_create(struct mailbox *mb);
void listings_destroy(struct listings *l); /* NULL is fine */
struct folder *listings_folder(struct listings *l, enum kind kind, const char *id);

/* --- pass.c --- */

/* Begins a pass; folder.commit and listings.lock are held, no pass is under way. `row` is the
 * listing as stored. */
void pass_begin_locked(struct folder *f, const struct cache_listing *row, enum plan plan);

/* A task of the pass has ended: starts what is due now, or ends the pass. No lock is held; `pass`
 * may be gone afterwards. */
void pass_leave(struct folder *f, struct pass *pass);

/* The rest is for the pages; listings.lock is held. */

/* The pass begins again with another plan. */
void pass_plan_locked(struct folder *f, struct pass *pass, enum plan plan);
/* [from, to) is stored: the beginning without holes grows. */
void pass_fill_locked(struct pass *pass, unsigned from, unsigned to);
/* [from, to) is to be asked for again. */
void pass_gap_locked(struct pass *pass, unsigned from, unsigned to);
/* The first error counts. */
void pass_fail_locked(struct pass *pass, int error, const char *reason);

/* Records of a page, as many as are worth asking for at once. */
unsigned page_top_locked(const struct folder *f);

/* --- page.c --- */

/* A task that asks for these positions; listings.lock is held. */
void page_push_locked(struct folder *f, struct pass *pass, struct span span);

/* --- refresh.c --- */

bool listing_is_fresh(const struct mailbox *mb, const struct cache_listing *row);
enum plan refresh_plan_locked(const struct folder *f, const struct cache_listing *row);

/*
 * Notes which records the full listing did not meet; folder.commit is held, listings.lock is not.
 */
void confirm_collect(struct folder *f, struct pass *pass);

/* Asks for the next of them; listings.lock is held. False: none is left. */
bool confirm_next_locked(struct folder *f, struct pass *pass);

/* --- folders.c --- */

bool folders_are_fresh(const struct mailbox *mb, const struct cache_folders *folders);

/* Asks for the folders of a kind unless they are fresh; one question at a time. */
int folders_refresh(struct mailbox *mb, enum kind kind, struct remote_ctx ctx);

/* False offline, and while the last failure is too recent. */
bool folders_may_ask(struct mailbox *mb, enum kind kind);

/* --- records.c --- */

/* The generation before a question; question_end() when its answer is in the cache. No lock is
 * held. */
uintptr_t question_begin(struct folder *f);
void question_end(struct folder *f);

/* Is the record known in another folder? Messages have ids of their own wherever they are, so what
 * another folder has shown since is not in this one. */
bool is_elsewhere(struct folder *f, const char *id);

/* Has an own write overtaken a question of generation `gen`? folder.commit is held. */
bool is_touched_locked(const struct folder *f, const char *id, uintptr_t gen);

/*
 * Enters an answer: stores the items that no own write has overtaken. `count` items; what became of
 * each goes to `changes` (CACHE_SAME where it was left alone). The items are reordered.
 * folder.commit is held.
 */
int commit_items_locked(struct folder *f, struct item *items, size_t count, uintptr_t gen,
                        uint64_t run, enum cache_change *changes);

/* Tells of what a commit changed; no lock is held. */
void notify_items(struct folder *f, const struct item *items, size_t count,
                  const enum cache_change *changes);

/*
 * The display path of a mail folder `name` below `parent`, for asking whether it is there; NULL
 * where a name on the way has a '/' of its own. The caller frees.
 */
char *folders_path(const struct cache_folders *folders, const char *parent, const char *name);

/* The folder was never listed, and the service does not know it: so it said a moment ago. */
bool listing_is_gone(struct mailbox *mb, enum kind kind, const char *folder);

#endif
