/*
 * pass_p.h - one renewal of a folder's listing.
 *
 * A pass is one walk over a folder's pages: the first listing, a refresh, or the rest of one that was
 * interrupted. A folder has at most one. It runs in the fetch threads as a set of steps, a page each;
 * a step whose answer has come starts the ones that are due after it. None waits for another, but that
 * a page of a feed is stored behind the one before it.
 *
 *     PASS_PAGES    pages are asked for
 *     PASS_CONFIRM  every page is there; what was not met is asked for by id, one after the other
 *     PASS_ENDED    waiters have gone; pages behind the end may still come, and are ignored
 *
 * Locks: see listing_p.h.
 */
#ifndef OUTLOOKFS_SYNC_PASS_P_H
#define OUTLOOKFS_SYNC_PASS_P_H

#include "listing_p.h"
#include "pool_p.h"

enum plan { PLAN_FULL, PLAN_NEWEST /* up to a page that holds nothing new */, PLAN_CHANGES };
enum pass_state { PASS_PAGES, PASS_CONFIRM, PASS_ENDED };

struct span {
    unsigned from, to; /* positions in the listing, `to` not included */
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
    unsigned in_flight; /* steps */
    unsigned asking;    /* of these, whose answer has not come */
    unsigned pages;     /* stored */
    unsigned cap;       /* records a page at most: what the service has given or managed */
    bool all;           /* everything is stored */
    int error;
    char *reason;

    /* PLAN_FULL, PLAN_NEWEST */
    unsigned asking_max; /* pages asked for at once: one until a full one has come */
    unsigned next;       /* the first position never asked for */
    unsigned limit;      /* positions to ask for at most */
    unsigned end;        /* of the listing as the service says; UINT_MAX: not known */
    struct spans gaps;   /* asked for, but the service gave less */
    struct spans ahead;  /* stored behind a hole */
    uint64_t first;      /* hash of the listing's first id */
    uint64_t *firsts;    /* the same of the pages that have come */
    size_t nfirsts;
    unsigned repeated; /* pages that began as one before them did */
    char **missing;    /* ids to ask for */
    size_t nmissing, nasked;

    /* PLAN_CHANGES: one step asks at a time, and owns these; or stores, when all before it have */
    char *cursor;
    unsigned come;     /* pages; guarded by listings.lock, as above */
    bool begun, whole; /* whole: the feed from its beginning */
    unsigned restarts;
    int64_t asked; /* clock_steady() before the first question; 0: none yet */

    bool confirming; /* a question about what was not met is in flight */
    bool compared;
};

/* What a fetch thread does for a pass. */
struct step {
    struct task task;
    struct folder *folder;
    struct pass *pass;
    void (*run)(struct step *step, struct remote_ctx ctx);
    bool confirms; /* it was begun in PASS_CONFIRM */
    bool asking;   /* its answer has not come */
    /* a page */
    struct span span;
    enum plan plan;
    const char *id; /* a record to ask for */
};

/* --- listing.c --- */
/* Notes which records a full listing did not meet; folder.commit is held, listings.lock is not. */
void confirm_collect(struct folder *f, struct pass *pass);
/* Asks for the next of them; listings.lock is held. False: none is left. */
bool confirm_next_locked(struct folder *f, struct pass *pass);

/* --- pass.c --- */
/* Records of a page, as many as are worth asking for at once; listings.lock is held. */
unsigned page_top_locked(const struct folder *f, enum plan plan);
/* Begins a pass; folder.commit and listings.lock are held, no pass is under way. `row` is the listing
 * as stored. */
void pass_begin_locked(struct folder *f, const struct cache_listing *row, enum plan plan);
/* For its steps. The first error counts. */
void pass_fail(struct folder *f, struct pass *pass, int error, const char *reason);
/*
 * The generation before a question of a step. There is no end to it: the pass itself asks until its last step has ended, so the mailbox remembers
 * what own writes touch.
 */
uintptr_t step_gen(const struct step *step);
/* Begins a step, of which run() and what that needs are set; listings.lock is held. False: the mount is
 * ending, and the pass has failed. */
bool pass_push_locked(struct folder *f, struct pass *pass, const struct step *step);
/* The step's answer has come: the next ones that are due are begun while it is stored; listings.lock is held. */
void pass_go_on_locked(struct step *step);

/* --- changes.c, compare.c --- */
/* Can the folder be followed by its changes? */
bool changes_fit(const struct folder *f);
/* The next step of a pass; listings.lock is held. */
void changes_push_locked(struct folder *f, struct pass *pass);
/* The same, where a comparison is due; false: it is not. */
bool compare_push_locked(struct folder *f, struct pass *pass);

#endif
