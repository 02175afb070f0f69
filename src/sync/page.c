/*
 * page.c - one page of a listing: asked for, stored, counted.
 */
#include "listing_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct page_task {
    struct task task;
    struct folder *folder;
    struct pass *pass;
    struct span span;
    enum plan plan;
};

/* A page that has come. */
struct page {
    struct remote_page answer;
    struct items *records; /* in it */
    unsigned count;        /* all the service gave */
    enum cache_change *changes;
    uint64_t first; /* hash of the first id; 0: an empty page */
};

/* --- asking and reading -------------------------------------------------------------------- */

static enum grade ask_page(const struct page_task *t, struct cancel *cancel, struct page *ret,
                           struct remote_fault *fault)
{
    const struct folder *f = t->folder;
    struct remote_ctx ctx = {.cancel = cancel, .priority = t->task.priority};
    struct remote_query query = {.skip = t->span.from, .top = t->span.to - t->span.from};
    char *orderby = NULL;
    enum grade grade;

    if (t->plan == PLAN_NEWEST && f->kind != KIND_MESSAGE)
        orderby = xasprintf("%s desc", kind_info(f->kind)->modified);
    query.orderby = orderby;
    grade = remote_list(f->listings->mb->remote, f->kind, f->id, &query, ctx, &ret->answer, fault);
    free(orderby);
    return grade;
}

/* A record that cannot be a file is left out; the positions of the others stay. */
static void page_init(const struct folder *f, struct page *page)
{
    struct items *records = &page->answer.items;

    page->records = records;
    page->count = items_all(records);
    page->changes = xcalloc(records->count + 1, sizeof(*page->changes));
    if (records->count)
        page->first = str_hash(0, records->list[0].id, strlen(records->list[0].id));
    for (size_t i = 0; i < records->nleft; i++)
        log_warn("%s/%s: left out: %s", kind_info(f->kind)->dir, f->id, records->left_out[i]);
}

static void page_release(struct page *page)
{
    items_release(&page->answer.items);
    free(page->changes);
}

/* Nothing more is to be asked for: the listing as it is from now on. */
static void complete_locked(struct folder *f, struct pass *pass)
{
    int64_t now = clock_steady();

    pass->row.fresh_at = now;
    if (pass->plan == PLAN_NEWEST)
        return;
    pass->row.complete = true;
    pass->row.truncated = pass->end > pass->limit;
    pass->row.next_skip = 0;
    /* The part another process read may be old: the next refresh is a full one again. */
    pass->row.full_at = f->began ? now : 1;
}

/* A service that does not know $skip gives its first page again and again: that is the end. */
static bool repeats_first_locked(struct pass *pass, unsigned from, const struct page *page)
{
    if (from == 0)
        pass->first = page->first;
    return from > 0 && page->first && page->first == pass->first;
}

/* Both answer whether the listing is complete now. */
static bool enter_full_locked(struct folder *f, struct pass *pass, struct span span,
                              const struct page *page)
{
    unsigned got = repeats_first_locked(pass, span.from, page) ? 0 : page->count;
    unsigned to = span.from + got;

    if (got > 0)
        pass_fill_locked(pass, span.from, to);
    if (page->answer.last || got == 0) {
        pass->end = to < pass->end ? to : pass->end;
    } else if (to < span.to) {
        pass_gap_locked(pass, to, span.to);
        pass->cap = got;
    }
    if (to >= span.to && pass->parallel < LISTING_PARALLEL)
        pass->parallel *= 2;
    if (pass->row.next_skip < pass->end && pass->row.next_skip < pass->limit)
        return false;
    complete_locked(f, pass);
    return true;
}

static bool enter_newest_locked(struct folder *f, struct pass *pass, struct span span,
                                const struct page *page)
{
    bool news = false;

    for (size_t i = 0; i < page->records->count; i++)
        news |= page->changes[i] != CACHE_SAME;
    pass->next = span.from + page->count;
    if (news && !page->answer.last && pass->next < pass->limit &&
        !repeats_first_locked(pass, span.from, page))
        return false;
    complete_locked(f, pass);
    return true;
}

static bool enter_page_locked(struct folder *f, struct pass *pass, struct span span,
                              const struct page *page)
{
    if (f->kind == KIND_MESSAGE) {
        f->mail_bytes += page->answer.bytes;
        f->mail_count += page->count;
    }
    return pass->plan == PLAN_FULL ? enter_full_locked(f, pass, span, page)
                                   : enter_newest_locked(f, pass, span, page);
}

/* How far the listing has come, after a page was stored; folder.commit is held. */
static int store_progress(struct folder *f, struct pass *pass, const struct page_task *t,
                          const struct page *page)
{
    struct listings *l = f->listings;
    struct cache_listing row;
    bool all;
    int rc;

    mutex_lock(&l->lock);
    all = enter_page_locked(f, pass, t->span, page);
    row = pass->row;
    mutex_unlock(&l->lock);

    rc = cache_put_listing(l->mb->cache, f->kind, f->id, &row);
    if (rc)
        return rc;
    if (all && t->plan == PLAN_FULL)
        confirm_collect(f, pass);
    /* Last, so that who is told finds the listing stored as it is. */
    mutex_lock(&l->lock);
    pass->pages++;
    pass->all = all;
    mutex_unlock(&l->lock);
    return 0;
}

static void store_page(struct page_task *t, uintptr_t gen, struct page *page)
{
    struct folder *f = t->folder;
    struct listings *l = f->listings;
    struct pass *pass = t->pass;
    bool late;
    int rc = 0;

    mutex_lock(&f->commit);
    mutex_lock(&l->lock);
    late = pass->all || pass->state != PASS_PAGES;
    mutex_unlock(&l->lock);
    if (!late)
        rc = commit_items_locked(f, page->records->list, page->records->count, gen, pass->row.run,
                                 page->changes);
    if (!late && !rc)
        rc = store_progress(f, pass, t, page);
    mutex_unlock(&f->commit);

    if (!late)
        notify_items(f, page->records->list, page->records->count, page->changes);
    if (rc) {
        mutex_lock(&l->lock);
        pass_fail_locked(pass, rc, "the cache cannot be written");
        mutex_unlock(&l->lock);
    }
}

/* Some services do not sort: then a full listing has to do. */
static void refuse_page(struct page_task *t, enum grade grade, const struct remote_fault *fault)
{
    struct folder *f = t->folder;
    struct pass *pass = t->pass;

    mutex_lock(&f->listings->lock);
    if (grade == GRADE_REFUSED && t->plan == PLAN_NEWEST && f->kind != KIND_MESSAGE) {
        f->unordered = true;
        pass_plan_locked(f, pass, PLAN_FULL);
    } else {
        pass_fail_locked(pass, grade_errno(grade),
                         fault->reason ? fault->reason : grade_name(grade));
    }
    mutex_unlock(&f->listings->lock);
}

/* A page behind the end, or of a pass that has failed, is not worth a request. */
static bool is_wanted(const struct page_task *t)
{
    struct listings *l = t->folder->listings;
    const struct pass *pass = t->pass;
    bool wanted;

    mutex_lock(&l->lock);
    wanted = pass->state == PASS_PAGES && !pass->all && !pass->error && t->span.from < pass->end;
    mutex_unlock(&l->lock);
    return wanted;
}

static void page_run(struct task *task, struct cancel *cancel)
{
    struct page_task *t = (struct page_task *)task;
    struct folder *f = t->folder;
    struct remote_fault fault = {0};
    struct page page = {0};
    enum grade grade = GRADE_CANCELLED;
    uintptr_t gen = question_begin(f);

    if (is_wanted(t)) {
        if (!cancel_fired(cancel))
            grade = ask_page(t, cancel, &page, &fault);
        if (grade == GRADE_OK) {
            page_init(f, &page);
            store_page(t, gen, &page);
        } else {
            refuse_page(t, grade, &fault);
        }
    }
    question_end(f);
    page_release(&page);
    remote_fault_release(&fault);
    pass_leave(f, t->pass);
    free(t);
}

void page_push_locked(struct folder *f, struct pass *pass, struct span span)
{
    struct page_task *t = xcalloc(1, sizeof(*t));
    bool wanted = f->waiting > 0 || pass->pages == 0;

    t->task.run = page_run;
    t->task.priority = wanted ? HTTP_INTERACTIVE : HTTP_BACKGROUND;
    t->folder = f;
    t->pass = pass;
    t->span = span;
    t->plan = pass->plan;
    if (pool_push(f->listings->mb->pool, &t->task)) {
        pass->in_flight++;
        return;
    }
    pass_fail_locked(pass, -EINTR, "the mount is ending");
    free(t);
}
