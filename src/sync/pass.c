/*
 * pass.c - one pass over a listing: which pages are asked for when, and what becomes of them.
 */
#include "pass_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ENDING "the mount is ending"
#define LISTING_ASKED 4  /* pages of a listing that are asked for at once, at most ... */
#define LISTING_STORED 4 /* ... while so many that have come are stored */
#define CHANGES_STORED 1 /* page of a feed, while the next is asked for */
#define REPEATED_MAX 8   /* pages that began as an earlier one, before it counts as a circle */

/* A folder of Exchange Online holds a million messages at most (Exchange Online limits): who lists
 * more never ends. */
#define LISTING_MAX 1000000

/* A page of mail carries whole messages; a feed cannot be asked for several at once, so its pages are
 * larger. */
static const struct page_size {
    unsigned first, min, max; /* records */
    uint64_t bytes;           /* aim */
} page_sizes[2][2] = {
    {{PAGE_TOP, PAGE_TOP, PAGE_TOP, 1}, {16, 8, PAGE_TOP, 1024 * 1024}},
    {{PAGE_TOP, 8, 1000, 8 * 1024 * 1024}, {250, 8, 1000, 8 * 1024 * 1024}},
};

/* --- positions ----------------------------------------------------------------------------- */

static void spans_add(struct spans *s, unsigned from, unsigned to)
{
    s->list = xrealloc(s->list, (s->count + 1) * sizeof(*s->list));
    s->list[s->count++] = (struct span){from, to};
}

static void gap_locked(struct pass *pass, unsigned from, unsigned to)
{
    spans_add(&pass->gaps, from, to);
}

static struct span spans_take(struct spans *s, size_t i)
{
    struct span span = s->list[i];

    s->list[i] = s->list[--s->count];
    return span;
}

static void fill_locked(struct pass *pass, unsigned from, unsigned to)
{
    unsigned *prefix = &pass->row.next_skip;

    spans_add(&pass->ahead, from, to);
    for (size_t i = 0; i < pass->ahead.count;) {
        struct span span = pass->ahead.list[i];

        if (span.from > *prefix) {
            i++;
            continue;
        }
        if (span.to > *prefix)
            *prefix = span.to;
        spans_take(&pass->ahead, i);
        i = 0;
    }
    if (pass->next < *prefix)
        pass->next = *prefix;
}

/* By what records have weighed so far. */
unsigned page_top_locked(const struct folder *f, enum plan plan)
{
    const struct page_size *size = &page_sizes[plan == PLAN_CHANGES][f->kind == KIND_MESSAGE];
    uint64_t top = size->first;

    if (f->seen_bytes && f->seen_count)
        top = size->bytes * f->seen_count / f->seen_bytes;
    return (unsigned)(top < size->min ? size->min : top > size->max ? size->max : top);
}

/* The next positions to ask for; false when there are none. */
static bool next_span_locked(const struct folder *f, struct pass *pass, struct span *ret)
{
    unsigned top = page_top_locked(f, pass->plan);
    unsigned stop = pass->end < pass->limit ? pass->end : pass->limit;

    if (top > pass->cap)
        top = pass->cap;
    while (pass->gaps.count) {
        struct span gap = spans_take(&pass->gaps, 0);

        if (gap.from >= stop)
            continue;
        if (gap.to - gap.from > top) {
            spans_add(&pass->gaps, gap.from + top, gap.to);
            gap.to = gap.from + top;
        }
        *ret = gap;
        return true;
    }
    if (pass->next >= stop ||
        (pass->complete_before && pass->next >= pass->row.count && pass->asking))
        return false; /* behind what the folder had there is mostly nothing: one at a time */
    ret->from = pass->next;
    ret->to = pass->limit - pass->next < top ? pass->limit : pass->next + top;
    pass->next = ret->to;
    return true;
}

/* --- plans --------------------------------------------------------------------------------- */

/*
 * One page first: most folders are not larger. Pages the service has given earlier are not asked for
 * again where an interrupted listing can go on: one that was never complete, or that is not older
 * than a full listing may be.
 */
static void plan_locked(struct folder *f, struct pass *pass, enum plan plan)
{
    int64_t now = clock_steady();
    bool recent = f->began && now >= f->began && now - f->began < FULL_EVERY;

    pass->plan = plan;
    pass->asking_max = 1;
    pass->end = UINT_MAX;
    pass->next = 0;
    if (plan != PLAN_FULL)
        return;
    if (pass->row.next_skip > 0 && pass->row.next_skip < pass->limit &&
        (!pass->row.complete || recent)) {
        pass->next = pass->row.next_skip;
        return;
    }
    f->began = now;
    pass->row.run++;
    pass->row.next_skip = 0;
}

static void fail_locked(struct pass *pass, int error, const char *reason)
{
    if (pass->error)
        return;
    pass->error = error;
    pass->reason = xstrdup(reason);
}

void pass_fail(struct folder *f, struct pass *pass, int error, const char *reason)
{
    mutex_lock(&f->listings->lock);
    fail_locked(pass, error, reason);
    mutex_unlock(&f->listings->lock);
}

/* --- pages --------------------------------------------------------------------------------- */

/* A page that has come. */
struct page {
    struct remote_page answer;
    struct items *records; /* in it */
    unsigned count;        /* all the service gave */
    unsigned to;           /* the listing is known up to here with it */
    enum cache_change *changes;
    uint64_t first; /* hash of the first id; 0: an empty page */
};

static enum grade ask_page(const struct step *t, struct remote_ctx ctx, struct page *ret,
                           struct remote_fault *fault)
{
    const struct folder *f = t->folder;
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

/*
 * A service that does not know $skip gives its first page again and again: that is the end. So it is
 * when it walks in a circle, which takes longer to be sure of: where exactly a page of records comes
 * in while it is listed, the next page begins as the last one did, too.
 */
static bool repeats_locked(struct pass *pass, unsigned from, const struct page *page)
{
    if (from == 0)
        pass->first = page->first;
    else if (page->first && page->first == pass->first)
        return true;
    for (size_t i = 0; page->first && i < pass->nfirsts; i++) {
        if (pass->firsts[i] == page->first)
            return ++pass->repeated > REPEATED_MAX;
    }
    pass->firsts = xrealloc(pass->firsts, (pass->nfirsts + 1) * sizeof(*pass->firsts));
    pass->firsts[pass->nfirsts++] = page->first;
    return false;
}

/* What a page that has come says of the listing, before it is stored: it decides what is asked for next. */
static void note_page_locked(struct folder *f, struct pass *pass, struct span span,
                             struct page *page)
{
    if (f->kind == KIND_MESSAGE) {
        f->seen_bytes += page->answer.bytes;
        f->seen_count += page->count;
    }
    if (pass->plan != PLAN_FULL)
        return;
    unsigned got = repeats_locked(pass, span.from, page) ? 0 : page->count;

    page->to = span.from + got;
    if (page->answer.last || got == 0) {
        pass->end = page->to < pass->end ? page->to : pass->end;
    } else if (page->to < span.to) {
        gap_locked(pass, page->to, span.to);
        pass->cap = got;
    }
    if (page->to >= span.to)
        pass->asking_max = LISTING_ASKED;
}

/* Both answer whether the listing is complete now. */
static bool enter_full_locked(struct folder *f, struct pass *pass, struct span span,
                              const struct page *page)
{
    if (page->to > span.from)
        fill_locked(pass, span.from, page->to);
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
        !repeats_locked(pass, span.from, page))
        return false;
    complete_locked(f, pass);
    return true;
}

/* How far the listing has come, after a page was stored; folder.commit is held. */
static int store_progress(struct folder *f, struct pass *pass, const struct step *t,
                          const struct page *page)
{
    struct listings *l = f->listings;
    struct cache_listing row;
    bool all;
    int rc;

    mutex_lock(&l->lock);
    all = t->plan == PLAN_FULL ? enter_full_locked(f, pass, t->span, page)
                               : enter_newest_locked(f, pass, t->span, page);
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

static void store_page(struct step *t, uintptr_t gen, struct page *page)
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
    if (rc)
        pass_fail(f, pass, rc, "the cache cannot be written");
}

/* Some services do not sort: then a full listing has to do. */
static void refuse_page(struct step *t, enum grade grade, const struct remote_fault *fault)
{
    struct folder *f = t->folder;
    struct pass *pass = t->pass;

    mutex_lock(&f->listings->lock);
    if (grade == GRADE_REFUSED && t->plan == PLAN_NEWEST && f->kind != KIND_MESSAGE) {
        f->unordered = true;
        plan_locked(f, pass, PLAN_FULL);
    } else {
        fail_locked(pass, grade_errno(grade), fault->reason ? fault->reason : grade_name(grade));
    }
    mutex_unlock(&f->listings->lock);
}

/* A page behind the end, or of a pass that has failed, is not worth a request. */
static bool is_wanted(const struct step *t)
{
    struct listings *l = t->folder->listings;
    const struct pass *pass = t->pass;
    bool wanted;

    mutex_lock(&l->lock);
    wanted = pass->state == PASS_PAGES && !pass->all && !pass->error && t->span.from < pass->end;
    mutex_unlock(&l->lock);
    return wanted;
}

static void step_answered_locked(struct step *step)
{
    step->pass->asking -= step->asking;
    step->asking = false;
}

static void schedule_locked(struct folder *f, struct pass *pass);

void pass_go_on_locked(struct step *step)
{
    step_answered_locked(step);
    schedule_locked(step->folder, step->pass);
}

/* The page has come: the next one is asked for while this one is stored. But the first is stored before, so that what is newest
 * is listed first. */
static void page_come(struct step *t, struct page *page)
{
    struct folder *f = t->folder;
    struct pass *pass = t->pass;

    page_init(f, page);
    LOCKED(&f->listings->lock);
    if (pass->state != PASS_PAGES)
        return;
    note_page_locked(f, pass, t->span, page);
    if (t->plan == PLAN_FULL && pass->pages > 0)
        pass_go_on_locked(t);
}

static void page_run(struct step *t, struct remote_ctx ctx)
{
    struct remote_fault fault = {0};
    struct page page = {0};
    uintptr_t gen = step_gen(t);

    if (is_wanted(t)) {
        enum grade grade = ask_page(t, ctx, &page, &fault);

        if (grade == GRADE_OK) {
            page_come(t, &page);
            store_page(t, gen, &page);
        } else {
            refuse_page(t, grade, &fault);
        }
    }
    page_release(&page);
    remote_fault_release(&fault);
}

static void schedule_locked(struct folder *f, struct pass *pass)
{
    struct span span;

    if (pass->plan == PLAN_CHANGES && !pass->error && !pass->asking &&
        pass->in_flight < 1 + CHANGES_STORED)
        changes_push_locked(f, pass);
    while (pass->plan != PLAN_CHANGES && !pass->error && pass->asking < pass->asking_max &&
           pass->in_flight < LISTING_ASKED + LISTING_STORED && next_span_locked(f, pass, &span))
        pass_push_locked(f, pass,
                         &(struct step){.run = page_run, .span = span, .plan = pass->plan});
}

/* --- lifetime ------------------------------------------------------------------------------ */

static void pass_free(struct pass *pass)
{
    xstrfree(pass->missing, pass->nmissing);
    free(pass->gaps.list);
    free(pass->ahead.list);
    free(pass->firsts);
    free(pass->cursor);
    free(pass->reason);
    free(pass);
}

void pass_begin_locked(struct folder *f, const struct cache_listing *row, enum plan plan)
{
    const struct mailbox_config *config = &f->listings->mb->config;
    struct pass *pass = xcalloc(1, sizeof(*pass));

    pass->gen = atomic_load(&f->listings->generation);
    pass->row = *row;
    pass->complete_before = row->complete;
    pass->cap = UINT_MAX;
    pass->limit = f->kind == KIND_MESSAGE && config->mail_limit ? config->mail_limit : LISTING_MAX;
    plan_locked(f, pass, plan);
    schedule_locked(f, pass);
    if (!pass->in_flight) {
        pass_free(pass);
        return;
    }
    f->pass = pass;
    f->questions++;
}

/* The pass is over for everybody who waits. */
static void end_locked(struct folder *f, struct pass *pass)
{
    pass->state = PASS_ENDED;
    f->pass = NULL;
    f->passes++;
    f->pages = pass->pages;
    f->error = pass->error;
    xstrset(&f->reason, pass->reason);
    f->not_before = pass->error ? clock_mono() + RETRY_AFTER : 0;
}

static void advance_locked(struct folder *f, struct pass *pass)
{
    if (pass->state == PASS_PAGES && pass->all)
        pass->state = PASS_CONFIRM;
    if (pass->state == PASS_PAGES) {
        schedule_locked(f, pass);
        if (!pass->in_flight)
            end_locked(f, pass);
    } else if (pass->state == PASS_CONFIRM && !pass->confirming && !confirm_next_locked(f, pass)) {
        end_locked(f, pass);
    }
}

/* A step has ended: starts what is due now, or ends the pass, which may be gone afterwards. */
static void leave(struct step *step)
{
    struct folder *f = step->folder;
    struct pass *pass = step->pass;
    struct listings *l = f->listings;
    char *broken = NULL;
    bool ended, unused;

    mutex_lock(&l->lock);
    step_answered_locked(step);
    pass->in_flight--;
    pass->confirming = pass->confirming && !step->confirms;
    ended = pass->state != PASS_ENDED;
    advance_locked(f, pass);
    ended = ended && pass->state == PASS_ENDED;
    unused = pass->state == PASS_ENDED && !pass->in_flight;
    if (ended && pass->error && pass->error != -EINTR)
        broken = xstrdup(pass->reason);
    pthread_cond_broadcast(&l->changed);
    mutex_unlock(&l->lock);

    if (broken)
        log_warn("%s/%s: the listing stopped: %s", kind_info(f->kind)->dir, f->id, broken);
    free(broken);
    if (unused) {
        question_end(f);
        pass_free(pass);
    }
}

/* --- steps --------------------------------------------------------------------------------- */

uintptr_t step_gen(const struct step *step)
{
    return atomic_load(&step->folder->listings->generation);
}

static void step_run(struct task *task, struct cancel *cancel)
{
    struct step *step = (struct step *)task;

    if (cancel_fired(cancel))
        pass_fail(step->folder, step->pass, -EINTR, ENDING);
    else
        step->run(step, (struct remote_ctx){.cancel = cancel, .priority = task->priority});
    leave(step);
    free(step);
}

/* Somebody waits for the first page, whoever it was that asked. */
bool pass_push_locked(struct folder *f, struct pass *pass, const struct step *step)
{
    bool confirms = pass->state == PASS_CONFIRM;
    bool wanted = !confirms && (f->waiting > 0 || pass->pages == 0);
    struct step *s = xmalloc(sizeof(*s));

    *s = *step;
    s->task.run = step_run;
    s->task.priority = wanted ? HTTP_INTERACTIVE : HTTP_BACKGROUND;
    s->folder = f;
    s->pass = pass;
    s->confirms = confirms;
    if (!pool_push(f->listings->mb->pool, &s->task)) {
        free(s);
        fail_locked(pass, -EINTR, ENDING);
        return false;
    }
    s->asking = true;
    pass->asking++;
    pass->in_flight++;
    pass->confirming |= confirms;
    return true;
}
