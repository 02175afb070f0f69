/*
 * search.c - results of searches: kept in memory, shared, dropped; and searches somebody keeps.
 */
#include "search_p.h"

#include "flight_p.h"
#include "listing_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/log.h>
#include <outlookfs/store/searches.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of results that nobody keeps. */
#define RESULTS_MAX 64
#define HITS_MAX 50000

/* A program's look at a directory is a stat, an open and a list: they see one answer. */
#define AGE_MIN NS_PER_S

struct entry {
    struct search_result *result; /* referenced */
    int64_t ask_at;               /* clock_mono(): too old from then on */
    uint64_t used;                /* when, as a number that grows */
    bool kept;
};

struct searches {
    struct mutex lock;  /* over nothing but memory */
    struct map entries; /* key -> struct entry; guarded by lock */
    uint64_t uses;      /* guarded by lock */
};

const char *search_place(enum kind kind)
{
    return kind == KIND_COUNT ? "local" : kind_info(kind)->dir;
}

static char *key_of(const struct search *what)
{
    return xasprintf("%s/%s/%s/%s", what->agenda ? "agenda" : "search", search_place(what->kind),
                     what->folder, what->name);
}

/* --- lifetime --- */

struct searches *searches_create(void)
{
    struct searches *s = xcalloc(1, sizeof(*s));

    mutex_init(&s->lock, MUTEX_SEARCH);
    map_init(&s->entries);
    return s;
}

static void put_locked(struct search_result *r)
{
    if (r && --r->refs == 0)
        search_result_free(r);
}

static void drop_locked(struct searches *s, const char *key)
{
    struct entry *e = map_remove(&s->entries, key);

    if (e)
        put_locked(e->result);
    free(e);
}

void searches_destroy(struct searches *s)
{
    if (!s)
        return;
    for (struct map_entry *e = map_first(&s->entries); e; e = map_next(&s->entries, e))
        drop_locked(s, e->key);
    map_release(&s->entries);
    mutex_release(&s->lock);
    free(s);
}

void search_put(struct mailbox *mb, struct search_result *r)
{
    LOCKED(&mb->searches->lock);
    put_locked(r);
}

/* --- what is known --- */

/* Referenced; NULL: nothing that is good enough. */
static struct search_result *known(struct searches *s, const char *key, enum search_age age)
{
    struct search_result *r = NULL;

    LOCKED(&s->lock);
    struct entry *e = map_get(&s->entries, key);
    if (e && (age != SEARCH_FRESH || clock_mono() < e->ask_at)) {
        e->used = ++s->uses;
        r = e->result;
        r->refs++;
    }
    return r;
}

/* Drops the least recently used results nobody keeps until the others are few enough. */
static void trim_locked(struct searches *s)
{
    for (;;) {
        const struct map_entry *oldest = NULL;
        size_t results = 0, hits = 0;

        for (struct map_entry *m = map_first(&s->entries); m; m = map_next(&s->entries, m)) {
            const struct entry *e = m->value;

            if (e->kept)
                continue;
            results++;
            hits += e->result->count;
            if (!oldest || e->used < ((const struct entry *)oldest->value)->used)
                oldest = m;
        }
        if (results <= 1 || (results <= RESULTS_MAX && hits <= HITS_MAX))
            return;
        drop_locked(s, oldest->key);
    }
}

/* A new result, for everybody. */
static struct search_result *enter(struct mailbox *mb, const struct search *what, const char *key,
                                   struct search_result *r)
{
    struct searches *s = mb->searches;
    bool kept = !what->agenda && search_is_kept(mb, what);
    int64_t age = what->kind == KIND_COUNT ? 0 : mb->config.list_ttl;

    LOCKED(&s->lock);
    struct entry *e = map_get(&s->entries, key);
    if (!e) {
        e = xcalloc(1, sizeof(*e));
        map_set(&s->entries, key, e);
    }
    put_locked(e->result);
    r->refs = 2; /* the entry's and the caller's */
    *e = (struct entry){.result = r,
                        .ask_at = clock_mono() + (age > AGE_MIN ? age : AGE_MIN),
                        .used = ++s->uses,
                        .kept = kept};
    trim_locked(s);
    return r;
}

/* The service does not answer: what is known stays, and it is left alone for a while. */
static struct search_result *known_still(struct searches *s, const char *key)
{
    mutex_lock(&s->lock);
    struct entry *e = map_get(&s->entries, key);
    if (e)
        e->ask_at = clock_mono() + RETRY_AFTER;
    mutex_unlock(&s->lock);
    return known(s, key, SEARCH_CACHED);
}

/* --- asking --- */

static int ask_once(struct mailbox *mb, const struct search *what, const char *key,
                    enum search_age age, struct cancel *cancel, struct search_result **ret,
                    struct buf *err)
{
    struct search_result *r = NULL;

    if (what->kind != KIND_COUNT && !remote_online(mb->remote))
        return buf_fail(err, -EHOSTUNREACH, "the service cannot be reached");
    int rc = flights_enter(mb->flights, key, cancel);
    if (rc)
        return rc;
    r = known(mb->searches, key, age); /* another thread was faster */
    if (!r) {
        rc = search_ask(mb, what, cancel, &r, err);
        if (!rc)
            enter(mb, what, key, r);
    }
    flights_leave(mb->flights, key);
    if (!rc)
        *ret = r;
    return rc;
}

static int look(struct mailbox *mb, const struct search *what, enum search_age age,
                struct cancel *cancel, struct search_result **ret, struct buf *err)
{
    SCOPED(xfree) char *key = key_of(what);
    struct search_result *r = known(mb->searches, key, age);
    int rc = 0;

    if (!r && age == SEARCH_CACHED)
        rc = -ENODATA;
    else if (!r)
        rc = ask_once(mb, what, key, age, cancel, &r, err);
    if (rc && rc != -EINTR && age == SEARCH_FRESH) {
        r = known_still(mb->searches, key);
        rc = r ? 0 : rc;
    }
    if (!rc)
        *ret = r;
    return rc;
}

int search_look(struct mailbox *mb, const struct search *what, enum search_age age,
                struct cancel *cancel, struct search_result **ret, struct buf *err)
{
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);
    int rc = look(mb, what, age, cancel, ret, &why);
    if (rc && why.len) {
        log_info("search/%s: \"%s\": %s", search_place(what->kind), what->name, why.data);
        buf_fail(err, rc, "%s", why.data);
    }
    return rc;
}

/* --- searches somebody keeps --- */

bool search_is_kept(struct mailbox *mb, const struct search *what)
{
    return state_has_search(mb->state, search_place(what->kind), what->folder, what->name);
}

int search_kept(struct mailbox *mb, enum kind kind, const char *folder, char ***ret,
                size_t *ret_count)
{
    return state_searches(mb->state, search_place(kind), folder, ret, ret_count);
}

static void mark_kept(struct searches *s, const struct search *what)
{
    SCOPED(xfree) char *key = key_of(what);

    LOCKED(&s->lock);
    struct entry *e = map_get(&s->entries, key);
    if (e)
        e->kept = true;
}

int search_keep(struct mailbox *mb, const struct search *what, struct cancel *cancel,
                struct buf *err)
{
    struct search_result *r = NULL;
    int rc = search_look(mb, what, SEARCH_FRESH, cancel, &r, err);

    if (!rc && r->error)
        rc = buf_fail(err, r->error, "%s", r->reason);
    search_put(mb, r);
    if (!rc)
        rc = state_add_search(mb->state, search_place(what->kind), what->folder, what->name);
    if (!rc)
        mark_kept(mb->searches, what);
    return rc;
}

int search_forget(struct mailbox *mb, const struct search *what)
{
    SCOPED(xfree) char *key = key_of(what);
    int rc = state_remove_search(mb->state, search_place(what->kind), what->folder, what->name);

    LOCKED(&mb->searches->lock);
    drop_locked(mb->searches, key);
    return rc;
}
