/*
 * refresh.c - which pass is the cheapest right one, and what becomes of records a full listing did
 * not meet.
 */
#include "listing_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>

#include <cjson/cJSON.h>
#include <stdlib.h>

/* --- plans --------------------------------------------------------------------------------- */

/* A time in the future is of an earlier process, before the clock was set back: it says nothing. */
static bool is_younger(int64_t at, int64_t age)
{
    int64_t now = clock_steady();

    return at <= now && now - at < age;
}

bool listing_is_fresh(const struct mailbox *mb, const struct cache_listing *row)
{
    return row->complete && is_younger(row->fresh_at, mb->config.list_ttl);
}

enum plan refresh_plan_locked(const struct folder *f, const struct cache_listing *row)
{
    uint64_t pages = row->count / page_top_locked(f);
    int64_t every = (int64_t)pages * FULL_PAGE_EVERY;

    if (!row->complete || f->unordered || row->count <= REFRESH_PAGES * page_top_locked(f))
        return PLAN_FULL;
    return is_younger(row->full_at, every > FULL_EVERY ? every : FULL_EVERY) ? PLAN_NEWEST
                                                                             : PLAN_FULL;
}

/* --- records a full listing did not meet --------------------------------------------------- */

struct confirm_task {
    struct task task;
    struct folder *folder;
    struct pass *pass;
    const char *id; /* belongs to the pass */
};

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

    for (size_t i = 0; i < count; i++)
        free(ids[i]);
    free(ids);
}

/* True when the record is gone from the cache. */
static bool forget_record(struct folder *f, const char *id, uintptr_t gen)
{
    bool gone;

    mutex_lock(&f->commit);
    gone =
        !is_touched_locked(f, id, gen) && !cache_remove(f->listings->mb->cache, f->kind, f->id, id);
    mutex_unlock(&f->commit);
    return gone;
}

/* It is there, and no listing shows it. */
static void keep_record(struct folder *f, struct cJSON *obj, uintptr_t gen)
{
    struct item item = {0};
    enum cache_change change = CACHE_SAME;

    if (item_from_json(f->kind, obj, &item, NULL))
        return;
    mutex_lock(&f->commit);
    commit_items_locked(f, &item, 1, gen, CACHE_UNLISTED, &change);
    mutex_unlock(&f->commit);
    notify_items(f, &item, 1, &change);
    item_release(&item);
}

/* False: the service does not answer such questions now. */
static bool confirm(const struct confirm_task *t, struct cancel *cancel)
{
    struct folder *f = t->folder;
    struct mailbox *mb = f->listings->mb;
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_BACKGROUND};
    struct remote_fault fault = {0};
    struct cJSON *obj = NULL;
    uintptr_t gen = question_begin(f);
    enum grade grade = GRADE_GONE;

    if (!is_elsewhere(f, t->id)) /* a search brought it here, its own listing shows it there */
        grade = remote_get(mb->remote, f->kind, f->id, t->id, ctx, &obj, &fault);
    if (grade == GRADE_GONE && forget_record(f, t->id, gen))
        mailbox_notify_record(mb, f->kind, f->id, t->id, MAILBOX_GONE);
    else if (grade == GRADE_OK)
        keep_record(f, obj, gen);
    question_end(f);
    cJSON_Delete(obj);
    remote_fault_release(&fault);
    return !grade_is_temporary(grade) && grade != GRADE_CANCELLED;
}

static void confirm_run(struct task *task, struct cancel *cancel)
{
    struct confirm_task *t = (struct confirm_task *)task;
    struct listings *l = t->folder->listings;
    bool go_on = !cancel_fired(cancel) && confirm(t, cancel);

    mutex_lock(&l->lock);
    t->pass->confirming = false;
    if (!go_on)
        t->pass->nasked = t->pass->nmissing;
    mutex_unlock(&l->lock);
    pass_leave(t->folder, t->pass);
    free(t);
}

bool confirm_next_locked(struct folder *f, struct pass *pass)
{
    struct confirm_task *t;

    if (pass->nasked >= pass->nmissing)
        return false;
    t = xcalloc(1, sizeof(*t));
    t->task.run = confirm_run;
    t->task.priority = HTTP_BACKGROUND;
    t->folder = f;
    t->pass = pass;
    t->id = pass->missing[pass->nasked++];
    if (!pool_push(f->listings->mb->pool, &t->task)) {
        free(t);
        return false;
    }
    pass->confirming = true;
    pass->in_flight++;
    return true;
}
