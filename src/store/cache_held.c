/*
 * cache_held.c - texts of open files that nobody has read yet.
 *
 * An open file keeps the bytes it had when it was opened. Most of what is opened again lies in the
 * kernel's pages, so that its text is never asked for: it stays in the database until somebody reads
 * it, or until it is about to be changed or removed there; whoever does that keeps it here.
 */
#include "cache_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cache_hold {
    int64_t seq;
    char *text;   /* set once; guarded by held.lock */
    bool damaged; /* it was before it was changed; guarded by held.lock */
    struct cache_hold *prev, *next;
};

/* What a row of `select_text` says. */
struct stored {
    char *text; /* NULL: there is none, or it is damaged */
    enum kind kind;
    char *folder, *id;
};

static const char select_text[] =
    "SELECT unpack(t.text, r.size, l.sample), t.sum, r.size, l.kind, l.folder, r.id"
    " FROM records r JOIN texts t USING (seq) JOIN listings l ON l.key = r.listing"
    " WHERE r.seq = ?";

void cache_held_init(struct held *held)
{
    *held = (struct held){0};
    mutex_init(&held->lock, MUTEX_CACHE_HELD);
}

void cache_held_release(struct held *held)
{
    mutex_release(&held->lock);
}

static void release_stored(struct stored *stored)
{
    free(stored->text);
    free(stored->folder);
    free(stored->id);
}

/* Ends the query. */
static int take_stored(struct sql_query *q, int64_t seq, struct stored *ret)
{
    sql_bind_int(q, seq);
    if (sql_row(q)) {
        size_t size = (size_t)sql_int(q, 2);
        const char *text = sql_str(q, 0);

        if (text && cache_is_sound(text, size, sql_int(q, 1)))
            ret->text = xstrndup(text, size);
        else
            *ret = (struct stored){NULL, (enum kind)sql_int(q, 3), sql_dup(q, 4), sql_dup(q, 5)};
    }
    return sql_end(q);
}

/* --- who changes texts --- */

/* `seq` 0: the first of all. */
static struct cache_hold *find_unread_locked(struct held *held, int64_t seq)
{
    struct cache_hold *h = held->first;

    while (h && (h->text || h->damaged || (seq && h->seq != seq)))
        h = h->next;
    return h;
}

/* The row that is wanted next; 0: none. */
static int64_t next_unread(struct cache *c, int64_t seq)
{
    LOCKED(&c->held.lock);
    c->held.changed = c->db.ended + 1; /* when this transaction has ended */
    const struct cache_hold *h = find_unread_locked(&c->held, seq);
    return h ? h->seq : 0;
}

static void give(struct cache *c, int64_t seq, const char *text)
{
    LOCKED(&c->held.lock);
    for (struct cache_hold *h = c->held.first; h; h = h->next) {
        if (h->seq == seq && !h->text) {
            h->text = xstrdup(text);
            h->damaged = !text;
        }
    }
}

int cache_keep_held(struct cache *c, int64_t seq)
{
    int64_t wanted;
    int rc = 0;

    while (!rc && (wanted = next_unread(c, seq))) {
        struct stored stored = {0};
        struct sql_query q;

        db_write(&c->db, &q, select_text);
        rc = take_stored(&q, wanted, &stored);
        if (!rc)
            give(c, wanted, stored.text);
        release_stored(&stored);
    }
    return rc;
}

/* --- who opens files --- */

uint64_t cache_moment(struct cache *c)
{
    return c->db.ended;
}

static bool is_latest_locked(const struct held *held, struct cache_version version)
{
    return version.seq && version.moment >= held->changed;
}

bool cache_is_latest(struct cache *c, struct cache_version version)
{
    LOCKED(&c->held.lock);
    return is_latest_locked(&c->held, version);
}

struct cache_hold *cache_hold(struct cache *c, struct cache_version version)
{
    struct held *held = &c->held;

    LOCKED(&held->lock);
    if (!is_latest_locked(held, version))
        return NULL;
    struct cache_hold *h = xcalloc(1, sizeof(*h));
    h->seq = (int64_t)version.seq;
    h->next = held->first;
    if (h->next)
        h->next->prev = h;
    held->first = h;
    return h;
}

void cache_let_go(struct cache *c, struct cache_hold *hold)
{
    if (!hold)
        return;
    mutex_lock(&c->held.lock);
    if (hold->prev)
        hold->prev->next = hold->next;
    else
        c->held.first = hold->next;
    if (hold->next)
        hold->next->prev = hold->prev;
    mutex_unlock(&c->held.lock);
    free(hold->text);
    free(hold);
}

/* What was read, unless whoever changed the row meanwhile has given it before. */
static const char *take_read(struct cache *c, struct cache_hold *hold, char *text)
{
    LOCKED(&c->held.lock);
    if (hold->text || hold->damaged)
        free(text);
    else
        hold->text = text;
    return hold->text;
}

static bool is_here(struct cache *c, struct cache_hold *hold, const char **ret)
{
    LOCKED(&c->held.lock);
    *ret = hold->text;
    return hold->text || hold->damaged;
}

int cache_held_text(struct cache *c, struct cache_hold *hold, const char **ret)
{
    struct stored stored = {0};
    struct sql_query q;

    if (is_here(c, hold, ret))
        return *ret ? 0 : -EIO;
    db_read(&c->db, &q, select_text);
    int rc = take_stored(&q, hold->seq, &stored);
    if (!rc && !(*ret = take_read(c, hold, TAKE(stored.text)))) {
        if (stored.id)
            cache_forget_damaged(c, stored.kind, stored.folder, stored.id);
        rc = -EIO;
    }
    release_stored(&stored);
    return rc;
}
