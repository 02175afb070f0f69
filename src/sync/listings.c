/*
 * listings.c - one struct folder for each listing, and how old what is known of it is.
 */
#include "listing_p.h"

#include <outlookfs/base/alloc.h>

#include <assert.h>
#include <stdlib.h>

struct listings *listings_create(struct mailbox *mb)
{
    struct listings *l = xcalloc(1, sizeof(*l));

    l->mb = mb;
    atomic_init(&l->generation, 1); /* 0 is what a map answers for "not there" */
    mutex_init(&l->catalog, MUTEX_CATALOG);
    mutex_init(&l->lock, MUTEX_LISTINGS);
    clock_cond_init(&l->changed);
    map_init(&l->folders);
    return l;
}

static void folder_free(struct folder *f)
{
    assert(!f->pass);
    map_release(&f->touched);
    mutex_release(&f->commit);
    free(f->reason);
    free(f->id);
    free(f);
}

void listings_destroy(struct listings *l)
{
    if (!l)
        return;
    for (struct map_entry *e = map_first(&l->folders); e; e = map_next(&l->folders, e))
        folder_free(e->value);
    map_release(&l->folders);
    pthread_cond_destroy(&l->changed);
    mutex_release(&l->lock);
    mutex_release(&l->catalog);
    free(l);
}

static struct folder *folder_create(struct listings *l, enum kind kind, const char *id)
{
    struct folder *f = xcalloc(1, sizeof(*f));

    f->listings = l;
    f->kind = kind;
    f->id = xstrdup(id);
    mutex_init(&f->commit, MUTEX_FOLDER);
    map_init(&f->touched);
    return f;
}

struct folder *listings_folder(struct listings *l, enum kind kind, const char *id)
{
    SCOPED(xfree) char *key = xasprintf("%s/%s", kind_info(kind)->name, id);

    LOCKED(&l->lock);
    struct folder *f = map_get(&l->folders, key);
    if (!f) {
        f = folder_create(l, kind, id);
        map_set(&l->folders, key, f);
    }
    return f;
}

void listing_expect(struct listings *l, enum kind kind, const char *id, int64_t expected)
{
    struct folder *f = listings_folder(l, kind, id);

    LOCKED(&l->lock);
    f->expected = expected;
}

/* A time in the future is of an earlier process, before the clock was set back: it says nothing. */
bool is_younger(int64_t at, int64_t age)
{
    int64_t now = clock_steady();

    return at <= now && now - at < age;
}

bool listing_is_fresh(const struct mailbox *mb, const struct cache_listing *row)
{
    return row->complete && is_younger(row->fresh_at, mb->config.list_ttl) &&
           (!row->changed_at || row->changed_at < row->asked_at);
}
