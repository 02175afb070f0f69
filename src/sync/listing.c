/*
 * listing.c - who waits for a listing, which pass is the cheapest right one, and what becomes of records
 * that a full pass did not meet.
 */
#include "flight_p.h"
#include "pass_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>

/* A refresh of up to so many pages lists everything. Larger folders are listed in full now and then:
 * so much for each page, so that full listings cost at most four requests a minute, but not more often
 * than FULL_EVERY. */
#define REFRESH_PAGES 4
#define FULL_PAGE_EVERY (15 * NS_PER_S)

#define CONFIRM_MAX 64     /* questions about missing records a refresh, ... */
#define CONFIRM_UNLISTED 2 /* ... of these about records that no listing shows */

#define REFRESH_WAIT (2 * NS_PER_S) /* what an old listing is held back for a new one */

/* --- plans --------------------------------------------------------------------------------- */

static enum plan plan_locked(const struct folder *f, const struct cache_listing *row)
{
    unsigned top = page_top_locked(f, PLAN_FULL);
    int64_t every = (int64_t)(row->count / top) * FULL_PAGE_EVERY;

    if (changes_fit(f))
        return PLAN_CHANGES;
    if (!row->complete || f->unordered || row->count <= REFRESH_PAGES * top)
        return PLAN_FULL;
    return is_younger(row->full_at, every > FULL_EVERY ? every : FULL_EVERY) ? PLAN_NEWEST
                                                                             : PLAN_FULL;
}

/* --- waiting for a listing ----------------------------------------------------------------- */

/* What somebody who looks at a listing has to wait for. */
struct visit {
    bool under_way;
    bool complete;   /* the old listing can be shown meanwhile */
    bool some;       /* ... or a part of it */
    unsigned ticket; /* folder.passes */
};

/*
 * Joins the pass under way, or begins one where the listing is not fresh. The stored listing is
 * read under folder.commit: it cannot become fresh between the look and the beginning.
 */
static int visit_begin(struct folder *f, struct visit *visit)
{
    struct listings *l = f->listings;
    struct cache_listing row;
    int rc;

    mutex_lock(&f->commit);
    rc = cache_get_listing(l->mb->cache, f->kind, f->id, &row);
    if (!rc) {
        bool online = remote_online(l->mb->remote);

        mutex_lock(&l->lock);
        if (!f->pass && online && !listing_is_fresh(l->mb, &row) &&
            (!row.complete || clock_mono() >= f->not_before))
            pass_begin_locked(f, &row, plan_locked(f, &row));
        visit->under_way = online && f->pass;
        visit->complete = row.complete;
        visit->some = row.complete || row.count > 0;
        visit->ticket = f->passes;
        mutex_unlock(&l->lock);
        if (!visit->under_way && !visit->some)
            rc = -EHOSTUNREACH;
    }
    mutex_unlock(&f->commit);
    return rc;
}

/* What is there is shown, however the refresh ended; where nothing was, the error counts. */
static int outcome_locked(const struct folder *f, const struct visit *visit, struct buf *err)
{
    if (visit->some || f->pages > 0 || !f->error)
        return 0;
    return buf_fail(err, f->error, "%s", f->reason);
}

static int visit_wait(struct folder *f, const struct visit *visit, struct cancel *cancel,
                      struct buf *err)
{
    struct listings *l = f->listings;
    int64_t until = visit->complete ? clock_mono() + REFRESH_WAIT : INT64_MAX;
    int rc = cancel_fired(cancel) ? -EINTR : 0;

    LOCKED(&l->lock);
    f->waiting++;
    while (!rc && f->passes == visit->ticket && (visit->complete || !f->pass->pages))
        rc = cancel_wait(cancel, &l->changed, &l->lock, until);
    f->waiting--;
    if (!rc && f->passes != visit->ticket)
        rc = outcome_locked(f, visit, err);
    return rc == -ETIMEDOUT ? 0 : rc;
}

static char *gone_key(enum kind kind, const char *folder)
{
    return xasprintf("gone/%s/%s", kind_info(kind)->dir, folder);
}

bool listing_is_gone(struct mailbox *mb, enum kind kind, const char *folder)
{
    SCOPED(xfree) char *key = gone_key(kind, folder);

    return flights_is_absent(mb->flights, key);
}

static int mark_gone(struct mailbox *mb, enum kind kind, const char *folder)
{
    SCOPED(xfree) char *key = gone_key(kind, folder);

    flights_put_absent(mb->flights, key, RETRY_AFTER);
    return -ENOENT;
}

int mailbox_list(struct mailbox *mb, enum kind kind, const char *folder, struct cancel *cancel,
                 struct buf *err)
{
    struct folder *f = listings_folder(mb->listings, kind, folder);
    struct visit visit;
    int rc = visit_begin(f, &visit);

    if (rc == -EHOSTUNREACH)
        return buf_fail(err, rc, "the service cannot be reached, and this was never listed");
    if (rc || !visit.under_way)
        return rc;
    rc = visit_wait(f, &visit, cancel, err);
    return rc == -ENOENT ? mark_gone(mb, kind, folder) : rc;
}

/* --- reading a listing while it grows ------------------------------------------------------ */

/* May records come that nobody has seen? A refresh does not count: the old listing ends where it
 * ends. What has happened so far goes to `passes` and `pages`. */
static bool is_growing(struct folder *f, unsigned *passes, unsigned *pages)
{
    struct listings *l = f->listings;
    bool growing;

    LOCKED(&l->lock);
    growing = f->pass && f->pass->state == PASS_PAGES && !f->pass->complete_before;
    *passes = f->passes;
    *pages = growing ? f->pass->pages : 0;
    return growing;
}

/* Until a page has come or the pages are all there. */
static int wait_for_page(struct folder *f, unsigned passes, unsigned pages, struct cancel *cancel)
{
    struct listings *l = f->listings;
    int rc = cancel_fired(cancel) ? -EINTR : 0;

    LOCKED(&l->lock);
    f->waiting++;
    while (!rc && f->passes == passes && f->pass->state == PASS_PAGES && f->pass->pages == pages)
        rc = cancel_wait(cancel, &l->changed, &l->lock, INT64_MAX);
    f->waiting--;
    return rc;
}

/* 0 where everything is there; else why it is not. */
static int listing_end(struct folder *f)
{
    struct listings *l = f->listings;
    struct cache_listing row;
    int rc = cache_get_listing(l->mb->cache, f->kind, f->id, &row);

    if (rc || row.complete)
        return rc;
    mutex_lock(&l->lock);
    rc = f->error;
    mutex_unlock(&l->lock);
    if (!rc && !remote_online(l->mb->remote))
        rc = -EHOSTUNREACH;
    return rc;
}

/* Whether more may come is asked before the cache is: what is stored in between is met in the next
 * round. */
int mailbox_each(struct mailbox *mb, enum kind kind, const char *folder, uint64_t after,
                 struct cancel *cancel, struct cache_record *list, size_t max)
{
    struct folder *f = listings_folder(mb->listings, kind, folder);

    for (;;) {
        unsigned passes, pages;
        bool growing = is_growing(f, &passes, &pages);
        int rc = cache_each(mb->cache, kind, folder, after, list, max);

        if (rc)
            return rc;
        if (!growing)
            return listing_end(f);
        rc = wait_for_page(f, passes, pages, cancel);
        if (rc)
            return rc;
    }
}

/* --- for status ---------------------------------------------------------------------------- */

int mailbox_progress(struct mailbox *mb, struct mailbox_progress **ret, size_t *ret_count)
{
    struct listings *l = mb->listings;
    struct mailbox_progress *list;
    size_t count = 0;

    mutex_lock(&l->lock);
    list = xcalloc(l->folders.count + 1, sizeof(*list));
    for (struct map_entry *e = map_first(&l->folders); e; e = map_next(&l->folders, e)) {
        const struct folder *f = e->value;

        if (!f->pass || f->pass->state != PASS_PAGES)
            continue;
        list[count++] = (struct mailbox_progress){
            .kind = f->kind,
            .folder = xstrdup(f->id),
            .expected = (uint64_t)f->expected,
            .seconds = f->began ? (clock_steady() - f->began) / NS_PER_S : 0,
        };
    }
    mutex_unlock(&l->lock);

    for (size_t i = 0; i < count; i++) {
        struct cache_listing row;

        if (!cache_get_listing(mb->cache, list[i].kind, list[i].folder, &row))
            list[i].stored = row.count;
    }
    *ret = list;
    *ret_count = count;
    return 0;
}

/* --- records a full listing did not meet --------------------------------------------------- */

/* Moves up to `max` of `count` ids to pass->missing, behind the ones the last refresh asked for:
 * records of which the service does not say whether they are gone must not keep the others from
 * their turn. Those that an own write has touched since the pass began are left out. */
static void take_missing_locked(struct folder *f, struct pass *pass, char **ids, size_t count,
                                size_t max)
{
    size_t taken = 0;

    for (size_t n = 0; n < count && taken < max; n++) {
        size_t i = (f->confirmed + n) % count;

        if (is_touched_locked(f, ids[i], pass->gen))
            continue;
        pass->missing[pass->nmissing++] = ids[i];
        ids[i] = NULL;
        taken++;
    }
}

/*
 * First those that a listing has shown before. Those that none shows (a search or a look-up found
 * them behind the limit of the listing) are asked for, too, but few at a time: they would be asked
 * for at every refresh for ever.
 */
void confirm_collect(struct folder *f, struct pass *pass)
{
    size_t listed, count = 0;
    char **ids;

    if (cache_not_in_run(f->listings->mb->cache, f->kind, f->id, pass->row.run, &ids, &listed))
        return;
    while (ids[count])
        count++;

    mutex_lock(&f->listings->lock);
    pass->missing = xcalloc(CONFIRM_MAX, sizeof(*pass->missing));
    take_missing_locked(f, pass, ids, listed, CONFIRM_MAX);
    size_t rest = CONFIRM_MAX - pass->nmissing;
    take_missing_locked(f, pass, ids + listed, count - listed,
                        rest < CONFIRM_UNLISTED ? rest : CONFIRM_UNLISTED);
    f->confirmed += pass->nmissing;
    mutex_unlock(&f->listings->lock);

    xstrfree(ids, count);
}

/* It is there, and no listing shows it. */
static void keep_record(struct folder *f, struct cJSON *obj, uintptr_t gen)
{
    SCOPED(item_release) struct item item = {0};

    if (!item_from_json(f->kind, obj, &item, NULL))
        commit_items(f, &item, 1, gen, CACHE_UNLISTED);
}

static void confirm(struct step *step, struct remote_ctx ctx)
{
    struct folder *f = step->folder;
    struct mailbox *mb = f->listings->mb;
    struct remote_fault fault = {0};
    struct cJSON *obj = NULL;
    uintptr_t gen = step_gen(step);
    enum grade grade = GRADE_GONE;

    if (!is_elsewhere(f, step->id)) /* a search brought it here, its own listing shows it there */
        grade = remote_find(mb->remote, f->kind, f->id, step->id, ctx, &obj, &fault);
    if (grade == GRADE_GONE)
        forget_records(f, (char *const *)&step->id, 1, gen);
    else if (grade == GRADE_OK)
        keep_record(f, obj, gen);
    cJSON_Delete(obj);
    remote_fault_release(&fault);
    if (grade_is_temporary(grade) ||
        grade == GRADE_CANCELLED) { /* nor would the next be answered */
        mutex_lock(&f->listings->lock);
        step->pass->nasked = step->pass->nmissing;
        mutex_unlock(&f->listings->lock);
    }
}

bool confirm_next_locked(struct folder *f, struct pass *pass)
{
    if (pass->plan == PLAN_CHANGES)
        return compare_push_locked(f, pass);
    if (pass->nasked >= pass->nmissing)
        return false;
    return pass_push_locked(f, pass,
                            &(struct step){.run = confirm, .id = pass->missing[pass->nasked++]});
}
