/*
 * changes.c - a pass over a folder's change feed: what happened since the last look, one page after
 * the other. Each page names the next, which is asked for as soon as that is known and stored when
 * the pages before it are.
 *
 * The cursor of each page is stored behind its records, so an interrupted walk goes on where it was.
 * A walk from the feed's beginning is a full listing: what it has not met when it comes to its end is
 * not in the folder. Until then nothing is removed but what the feed names.
 *
 * Where the feed of the folders says that nothing has changed in this one, it is not asked for.
 */
#include "pass_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RESTARTS_MAX 3 /* cursors forgotten in one pass before it gives up */
#define TOP_MIN 8

bool changes_fit(const struct folder *f)
{
    const struct mailbox *mb = f->listings->mb;

    return remote_has_changes(mb->remote, f->kind) &&
           (f->kind != KIND_MESSAGE || !mb->config.mail_limit);
}

/* --- where to go on ------------------------------------------------------------------------ */

static void begin_whole(struct folder *f, struct pass *pass)
{
    xstrset(&pass->cursor, NULL);
    pass->whole = true;
    mutex_lock(&f->listings->lock);
    pass->row.run++;
    pass->row.next_skip = 0;
    f->began = clock_steady();
    mutex_unlock(&f->listings->lock);
}

static int begin(struct folder *f, struct pass *pass)
{
    int rc = cache_get_cursor(f->listings->mb->cache, f->kind, f->id, &pass->cursor);

    if (rc)
        return rc;
    pass->begun = true;
    pass->whole = pass->row.next_skip > 0 || !pass->row.complete;
    if (!pass->cursor || (pass->whole && !pass->row.next_skip))
        begin_whole(f, pass);
    return 0;
}

/* Does the feed of the folders say that there is nothing to ask for? */
static bool is_unchanged(struct folder *f, struct pass *pass, struct remote_ctx ctx)
{
    struct listings *l = f->listings;
    struct cache_folders folders;
    struct cache_listing row;
    int64_t now = clock_steady();
    bool followed;

    if (pass->whole || pass->asked || !is_younger(pass->row.asked_at, FULL_EVERY) ||
        cache_get_folders(l->mb->cache, f->kind, &folders))
        return false;
    followed = folders.cursor != NULL;
    cache_folders_release(&folders);
    if (!followed || folders_refresh(l->mb, f->kind, ctx) ||
        cache_get_listing(l->mb->cache, f->kind, f->id, &row) || row.changed_at >= row.asked_at ||
        (!listing_is_fresh(l->mb, &row) && row.fresh_at < now))
        return false;
    mutex_lock(&l->lock);
    pass->row = row;
    pass->pages++;
    pass->all = true;
    mutex_unlock(&l->lock);
    return true;
}

/* --- entries that have only what changed --------------------------------------------------- */

/* The record as it is known, in an entry before or in the cache. The caller frees; NULL: it is not. */
static char *base_of(struct folder *f, const struct items *items, size_t i)
{
    struct cache_record record;

    for (size_t before = i; before-- > 0;) {
        if (str_eq(items->list[before].id, items->list[i].id))
            return xstrdup(items->list[before].text);
    }
    if (cache_get(f->listings->mb->cache, f->kind, f->id, items->list[i].id, true, &record))
        return NULL;
    char *text = record.text;
    record.text = NULL;
    cache_record_release(&record);
    return text;
}

static cJSON *lay_over(cJSON *base, cJSON *entry)
{
    for (cJSON *member = entry->child, *next; member; member = next) {
        cJSON *old = json_get(base, member->string);

        next = member->next;
        cJSON_DetachItemViaPointer(entry, member);
        if (old)
            cJSON_ReplaceItemViaPointer(base, old, member);
        else
            cJSON_AddItemToObject(base, member->string, member);
    }
    return base;
}

/* Only over a record that is known, and only where the entry says which version it makes. */
static bool complete(struct folder *f, struct items *items, size_t i)
{
    struct item *entry = &items->list[i], whole = {0};
    cJSON *base = NULL, *changes = NULL;
    char *text = *entry->etag ? base_of(f, items, i) : NULL;
    bool done = text && !json_parse_object(text, strlen(text), &base, NULL) &&
                !json_parse_object(entry->text, entry->size, &changes, NULL) &&
                !item_from_json(f->kind, lay_over(base, changes), &whole, NULL);

    if (done) {
        item_release(entry);
        *entry = whole;
        entry->partial = false;
    }
    cJSON_Delete(base);
    cJSON_Delete(changes);
    free(text);
    return done;
}

/* Makes all of them whole: from what is known or, where that is not enough, by asking for them. */
static enum grade complete_all(struct folder *f, struct items *items, struct remote_ctx ctx,
                               struct remote_fault *fault)
{
    char **ids = xcalloc(items->count + 1, sizeof(*ids));
    enum grade grade = GRADE_OK;
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->list[i];

        if (!item->partial || complete(f, items, i))
            continue;
        ids[count++] = xstrdup(item->id);
        item_release(item);
    }
    for (size_t i = 0; i < items->count; i++) {
        if (items->list[i].id)
            items->list[kept++] = items->list[i];
    }
    items->count = kept;
    if (count)
        grade = ask_records(f, ids, count, ctx, items, fault);
    xstrfree(ids, count);
    return grade;
}

/* --- a page -------------------------------------------------------------------------------- */

/* What a walk over everything has not met is not there. */
static int forget_unmet(struct folder *f, struct pass *pass)
{
    char **ids;
    size_t listed, count = 0;
    int rc = cache_not_in_run(f->listings->mb->cache, f->kind, f->id, pass->row.run, &ids, &listed);

    if (rc)
        return rc;
    while (ids[count])
        count++;
    rc = forget_records(f, ids, count, pass->gen);
    xstrfree(ids, count);
    return rc;
}

static int store_records(struct folder *f, struct pass *pass, uintptr_t gen,
                         const struct remote_changes *answer)
{
    const struct items *items = &answer->items;

    for (size_t i = 0; i < items->nleft; i++)
        log_warn("%s/%s: left out: %s", kind_info(f->kind)->dir, f->id, items->left_out[i]);
    int rc = commit_items(f, items->list, items->count, gen, pass->row.run);
    if (!rc)
        rc = forget_records(f, items->removed, items->nremoved, gen);
    if (!rc && pass->whole && !answer->more)
        rc = forget_unmet(f, pass);
    return rc;
}

/* The row as it is with the page. */
static void advance_row(struct pass *pass, const struct remote_changes *answer)
{
    struct cache_listing *row = &pass->row;

    if (pass->whole)
        row->next_skip += items_all(&answer->items);
    if (answer->more)
        return;
    row->fresh_at = clock_steady();
    row->asked_at = pass->asked;
    if (pass->whole) {
        row->full_at = row->compared_at = row->fresh_at;
        row->next_skip = 0;
        row->truncated = false;
        row->complete = true;
    }
}

/* Last, so that who is told finds the listing stored as it is. */
static void tell_progress(struct folder *f, struct pass *pass, const struct remote_changes *answer)
{
    struct listings *l = f->listings;

    mutex_lock(&l->lock);
    pass->pages++;
    pass->all = !answer->more;
    mutex_unlock(&l->lock);
}

/* Records first, then how far it has come: what is done twice does no harm. A walk that has met
 * nothing yet has nothing to go on from. */
static int take_page(struct folder *f, struct pass *pass, uintptr_t gen,
                     const struct remote_changes *answer)
{
    struct listings *l = f->listings;
    struct cache_listing row;
    int rc = store_records(f, pass, gen, answer);

    if (rc)
        return rc;
    mutex_lock(&f->commit);
    mutex_lock(&l->lock);
    advance_row(pass, answer);
    row = pass->row;
    mutex_unlock(&l->lock);
    bool resumes = !(pass->whole && answer->more) || row.next_skip;
    rc = cache_put_listing(l->mb->cache, f->kind, f->id, &row);
    if (!rc)
        rc = cache_put_cursor(l->mb->cache, f->kind, f->id, resumes ? answer->cursor : NULL);
    mutex_unlock(&f->commit);
    if (!rc)
        tell_progress(f, pass, answer);
    return rc;
}

/* True: there is no page, but the next step may bring one. */
static bool is_retried(struct folder *f, struct pass *pass, unsigned top, enum grade grade,
                       const struct remote_changes *answer, const struct remote_fault *fault)
{
    if (grade == GRADE_OK && answer->start_over && pass->restarts++ < RESTARTS_MAX) {
        log_info(
            "%s/%s: the service has forgotten what was seen last: everything is compared again",
            kind_info(f->kind)->dir, f->id);
        begin_whole(f, pass);
        return true;
    }
    if (grade == GRADE_OK || fault->status != 504 || top <= TOP_MIN)
        return false;
    mutex_lock(&f->listings->lock); /* such pages are more than the service manages */
    pass->cap = top / 2;
    mutex_unlock(&f->listings->lock);
    return true;
}

/* A page has come: if it names the next one, that is asked for while this one is stored. */
static void changes_come(struct step *step, const struct remote_changes *answer)
{
    struct folder *f = step->folder;
    struct pass *pass = step->pass;

    LOCKED(&f->listings->lock);
    f->seen_bytes += answer->items.count ? answer->bytes : 0;
    f->seen_count += answer->items.count;
    xstrset(&pass->cursor, answer->cursor);
    pass->come++;
    if (answer->more)
        pass_go_on_locked(step);
}

/* Until `before` pages are stored. False: one of them could not be. */
static bool wait_for_turn(const struct folder *f, const struct pass *pass, unsigned before)
{
    struct listings *l = f->listings;

    LOCKED(&l->lock);
    while (!pass->error && pass->pages < before)
        clock_wait(&l->changed, &l->lock, INT64_MAX);
    return !pass->error;
}

static void ask(struct step *step, struct remote_ctx ctx)
{
    struct folder *f = step->folder;
    struct pass *pass = step->pass;
    struct listings *l = f->listings;
    struct remote_changes answer = {0};
    struct remote_fault fault = {0};
    uintptr_t gen = step_gen(step);
    int rc = 0;

    mutex_lock(&l->lock);
    unsigned before = pass->come;
    unsigned top = page_top_locked(f, PLAN_CHANGES);
    top = top < pass->cap ? top : pass->cap;
    mutex_unlock(&l->lock);
    if (!pass->asked)
        pass->asked = clock_steady();

    enum grade grade =
        remote_changes(l->mb->remote, f->kind, f->id, pass->cursor, top, ctx, &answer, &fault);
    if (grade == GRADE_OK && !answer.start_over)
        changes_come(step, &answer);
    if (!wait_for_turn(f, pass, before) || is_retried(f, pass, top, grade, &answer, &fault))
        goto out;
    if (grade == GRADE_OK && answer.start_over)
        grade = GRADE_BROKEN;
    if (grade == GRADE_OK)
        grade = complete_all(f, &answer.items, ctx, &fault);
    if (grade == GRADE_OK)
        rc = take_page(f, pass, gen, &answer);
    if (grade != GRADE_OK)
        pass_fail(f, pass, grade_errno(grade), fault.reason ? fault.reason : grade_name(grade));
    else if (rc)
        pass_fail(f, pass, rc, "the cache cannot be written");
out:
    items_release(&answer.items);
    free(answer.cursor);
    remote_fault_release(&fault);
}

static void look(struct step *step, struct remote_ctx ctx)
{
    struct folder *f = step->folder;
    struct pass *pass = step->pass;

    if (!pass->begun && begin(f, pass))
        pass_fail(f, pass, -EIO, "the cache cannot be read");
    else if (!is_unchanged(f, pass, ctx))
        ask(step, ctx);
}

void changes_push_locked(struct folder *f, struct pass *pass)
{
    pass_push_locked(f, pass, &(struct step){.run = look});
}
