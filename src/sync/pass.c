/*
 * pass.c - one pass over a listing: which pages are asked for when.
 */
#include "listing_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <stdlib.h>

/* --- positions ----------------------------------------------------------------------------- */

static void spans_add(struct spans *s, unsigned from, unsigned to)
{
    s->list = xrealloc(s->list, (s->count + 1) * sizeof(*s->list));
    s->list[s->count++] = (struct span){from, to};
}

void pass_gap_locked(struct pass *pass, unsigned from, unsigned to)
{
    spans_add(&pass->gaps, from, to);
}

static struct span spans_take(struct spans *s, size_t i)
{
    struct span span = s->list[i];

    s->list[i] = s->list[--s->count];
    return span;
}

void pass_fill_locked(struct pass *pass, unsigned from, unsigned to)
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

unsigned page_top_locked(const struct folder *f)
{
    uint64_t top;

    if (f->kind != KIND_MESSAGE)
        return PAGE_TOP;
    if (f->mail_bytes == 0 || f->mail_count == 0)
        return MAIL_TOP_FIRST;
    top = MAIL_PAGE_BYTES * f->mail_count / f->mail_bytes;
    if (top < MAIL_TOP_MIN)
        return MAIL_TOP_MIN;
    return top > PAGE_TOP ? PAGE_TOP : (unsigned)top;
}

/* The next positions to ask for; false when there are none. */
static bool next_span_locked(const struct folder *f, struct pass *pass, struct span *ret)
{
    unsigned top = page_top_locked(f);
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
    if (pass->next >= stop)
        return false;
    ret->from = pass->next;
    ret->to = pass->limit - pass->next < top ? pass->limit : pass->next + top;
    pass->next = ret->to;
    return true;
}

/* --- lifetime ------------------------------------------------------------------------------ */

static void pass_free(struct pass *pass)
{
    for (size_t i = 0; i < pass->nmissing; i++)
        free(pass->missing[i]);
    free(pass->missing);
    free(pass->gaps.list);
    free(pass->ahead.list);
    free(pass->reason);
    free(pass);
}

void pass_fail_locked(struct pass *pass, int error, const char *reason)
{
    if (pass->error)
        return;
    pass->error = error;
    pass->reason = xstrdup(reason);
}

static void schedule_locked(struct folder *f, struct pass *pass)
{
    struct span span;

    while (!pass->error && pass->in_flight < pass->parallel && next_span_locked(f, pass, &span))
        page_push_locked(f, pass, span);
}

/*
 * One page first: most folders are no larger. Pages the service has given earlier are not asked for
 * again where an interrupted listing can go on: one that was never complete, or that is not older
 * than a full listing may be.
 */
void pass_plan_locked(struct folder *f, struct pass *pass, enum plan plan)
{
    int64_t now = clock_steady();
    bool recent = f->began && now >= f->began && now - f->began < FULL_EVERY;

    pass->plan = plan;
    pass->parallel = 1;
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

void pass_begin_locked(struct folder *f, const struct cache_listing *row, enum plan plan)
{
    const struct mailbox_config *config = &f->listings->mb->config;
    struct pass *pass = xcalloc(1, sizeof(*pass));

    pass->gen = atomic_load(&f->listings->generation);
    pass->row = *row;
    pass->complete_before = row->complete;
    pass->cap = UINT_MAX;
    pass->limit = f->kind == KIND_MESSAGE && config->mail_limit ? config->mail_limit : UINT_MAX;
    pass_plan_locked(f, pass, plan);
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
    free(f->reason);
    f->reason = pass->reason ? xstrdup(pass->reason) : NULL;
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

void pass_leave(struct folder *f, struct pass *pass)
{
    struct listings *l = f->listings;
    char *broken = NULL;
    bool ended, unused;

    mutex_lock(&l->lock);
    pass->in_flight--;
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
    if (ended)
        question_end(f);
    if (unused)
        pass_free(pass);
}
