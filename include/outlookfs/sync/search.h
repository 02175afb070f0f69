/*
 * search.h - searches: which records answer a question, as the service says or as the cache does.
 *
 * A search is named as its directory below search/ is (model/query.h). The first look at one asks
 * the service, page by page until `top` or the end, and what comes enters the cache like any
 * answer: the records it found are there under their own names, also where their folder's listing
 * does not show them. The result is kept in memory, without the records, and serves everybody who
 * looks:
 *
 *     SEARCH_FRESH    asks again when the result is older than list_ttl, at least a second
 *     SEARCH_KNOWN    takes a result of any age, and asks when there is none
 *     SEARCH_CACHED   never asks; -ENODATA when there is none
 *
 * Several who look at the same time share one set of requests. A refusal by the service is a
 * result, too, with `error` and `reason`, so it is asked for as seldom. Where the service does not
 * answer, an old result stays; else the look fails (-EHOSTUNREACH, -EAGAIN, -EACCES, -EIO).
 *
 * Mail that a search finds may lie in a sub-folder of the folder that was searched, and the service
 * does not say so: a message the cache knows in another folder is found there. Skipping is not to
 * be relied on in such an answer (connector contract 2.1), so pages are as large as they may be,
 * and one that brings nothing new is the last.
 *
 * KIND_COUNT searches the cache (cache_search()), without any request: the newest
 * SEARCH_LOCAL_MAX.
 *
 * Searches somebody keeps are in the state database by name; their results are never dropped from
 * memory. Of the others the least recently used go.
 *
 * Ownership: a result is referenced by whoever got it, until search_put(); it never changes.
 * Threads: any.
 */
#ifndef OUTLOOKFS_SYNC_SEARCH_H
#define OUTLOOKFS_SYNC_SEARCH_H

#include <outlookfs/store/cache.h>

struct cancel;
struct mailbox;

#define SEARCH_LOCAL_MAX 1000

/* Which one. The strings are the caller's. */
struct search {
    enum kind kind;     /* KIND_COUNT: over everything that is cached */
    const char *folder; /* the service's id; "" with KIND_COUNT */
    const char *name;
    bool
        agenda; /* events: what happens on the day that `name` says, occurrences of series, too; the
                    result has items in place of hits */
};

enum search_age { SEARCH_FRESH, SEARCH_KNOWN, SEARCH_CACHED };

struct search_result {
    struct cache_hit *hits; /* in the order of the answer, each record once */
    size_t count;
    struct item *items; /* of an agenda: the events as the service gave them */
    size_t nitems;
    bool truncated; /* the service gives no more of them, and there may be more */
    int error;      /* 0, or -EINVAL: there is no such question; no hits */
    char *reason;   /* ... for a person */
    /* the rest is search.c's */
    const struct cache_hit **by_id;
    unsigned refs; /* guarded by searches.lock */
};

int search_look(struct mailbox *mb, const struct search *what, enum search_age age,
                struct cancel *cancel, struct search_result **ret, struct buf *err);
void search_put(struct mailbox *mb, struct search_result *r); /* NULL is fine */

/* The hit of this record, or NULL. */
const struct cache_hit *search_find(const struct search_result *r, enum kind kind, const char *id);

/* "mail", "calendars", "contacts", "local" */
const char *search_place(enum kind kind);

/* Keeps a search that has a result: looks first. -EINVAL and the like: it has none; -EEXIST. */
int search_keep(struct mailbox *mb, const struct search *what, struct cancel *cancel,
                struct buf *err);
/* Ends keeping it, if it was kept, and forgets its result. */
int search_forget(struct mailbox *mb, const struct search *what);
bool search_is_kept(struct mailbox *mb, const struct search *what);
/* The names of those that are kept. The caller frees each and the array. */
int search_kept(struct mailbox *mb, enum kind kind, const char *folder, char ***ret,
                size_t *ret_count);

#endif
