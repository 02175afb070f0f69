/*
 * compare.c - the ids and versions of a whole folder against what is cached, now and then: a message
 * that is moved out of a folder and back may be missing from its change feed for ever (graph contract
 * 4.7).
 *
 * What differs is asked for itself; the comparison alone removes nothing.
 */
#include "pass_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>

#define COMPARE_EVERY (60 * 60 * NS_PER_S)
#define DIFFERENCES_MAX 1000 /* more of them: the feed from its beginning costs less */
#define ROWS 256

struct differences {
    char **ids;
    size_t count;
};

static void differ(struct differences *d, const char *id)
{
    d->ids = xgrow(d->ids, d->count, sizeof(*d->ids));
    d->ids[d->count++] = xstrdup(id);
}

/* Takes what is cached out of `theirs` (id -> version); what is left there is not cached. */
static int compare_rows(struct folder *f, struct map *theirs, struct differences *d)
{
    struct cache *cache = f->listings->mb->cache;
    struct cache_record rows[ROWS];
    uint64_t after = 0;
    int count;

    while ((count = cache_each(cache, f->kind, f->id, after, rows, ROWS)) > 0) {
        for (int i = 0; i < count; i++) {
            const struct remote_version *version = map_remove(theirs, rows[i].id);

            if (!version || !str_eq(version->etag, rows[i].etag))
                differ(d, rows[i].id);
            after = rows[i].seq;
            cache_record_release(&rows[i]);
        }
    }
    for (struct map_entry *e = map_first(theirs); e; e = map_next(theirs, e))
        differ(d, ((const struct remote_version *)e->value)->id);
    return count;
}

/* Enters what the service says of those that differ. */
static int settle(struct folder *f, const struct pass *pass, const struct differences *d,
                  uintptr_t gen, struct remote_ctx ctx)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    SCOPED(items_release) struct items items = {0};
    int rc = grade_errno(ask_records(f, d->ids, d->count, ctx, &items, &fault));

    if (!rc)
        rc = commit_items(f, items.list, items.count, gen, pass->row.run);
    if (!rc)
        rc = forget_records(f, items.removed, items.nremoved, gen);
    return rc;
}

static int compare(const struct step *step, struct remote_ctx ctx)
{
    struct folder *f = step->folder;
    struct mailbox *mb = f->listings->mb;
    SCOPED(remote_versions_release) struct remote_versions versions = {0};
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    struct differences d = {0};
    SCOPED(map_release) struct map theirs = {0};
    uintptr_t gen = step_gen(step);
    int rc = grade_errno(remote_list_versions(mb->remote, f->kind, f->id, ctx, &versions, &fault));

    map_init(&theirs);
    for (size_t i = 0; i < versions.count; i++)
        map_set(&theirs, versions.list[i].id, &versions.list[i]);
    if (!rc)
        rc = compare_rows(f, &theirs, &d);
    if (!rc && d.count > DIFFERENCES_MAX)
        rc = cache_put_cursor(mb->cache, f->kind, f->id, NULL);
    else if (!rc && d.count)
        rc = settle(f, step->pass, &d, gen, ctx);
    if (!rc && d.count)
        log_info("%s/%s: %zu records had not come by the list of changes", kind_info(f->kind)->dir,
                 f->id, d.count);
    xstrfree(d.ids, d.count);
    return rc;
}

static int note_compared(struct folder *f)
{
    struct cache *cache = f->listings->mb->cache;
    struct cache_listing row;

    LOCKED(&f->commit);
    int rc = cache_get_listing(cache, f->kind, f->id, &row);
    row.compared_at = clock_steady();
    if (!rc)
        rc = cache_put_listing(cache, f->kind, f->id, &row);
    return rc;
}

static void compare_run(struct step *step, struct remote_ctx ctx)
{
    if (!compare(step, ctx))
        note_compared(step->folder);
}

bool compare_push_locked(struct folder *f, struct pass *pass)
{
    if (f->kind != KIND_MESSAGE || pass->compared || pass->error ||
        is_younger(pass->row.compared_at, COMPARE_EVERY))
        return false;
    pass->compared = true;
    return pass_push_locked(f, pass, &(struct step){.run = compare_run});
}
