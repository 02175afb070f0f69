/*
 * kept.c - .outlookfs/trash/ and conflicts/: texts that are kept.
 */
#include "collections_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <stdio.h>
#include <stdlib.h>

/* --- trash/ --- */

static int tell_trash(const struct trash_entry *t, entry_fn each, void *ctx)
{
    char at[32];

    str_format_time(t->at, at);
    SCOPED(xfree) char *name = xasprintf("%.19s-%s-%s", at, t->why, t->name);
    return each(ctx, t->id, name);
}

static int each_trash(struct fs *fs, entry_fn each, void *ctx)
{
    SCOPED(xfree) struct trash_entry *t = NULL;
    size_t count = 0;
    int rc = state_trash(fs->state, &t, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc)
            rc = tell_trash(&t[i], each, ctx);
        trash_entry_release(&t[i]);
    }
    return rc;
}

static int one_trash(struct fs *fs, int64_t id, entry_fn each, void *ctx)
{
    SCOPED(trash_entry_release) struct trash_entry t = {0};
    int rc = state_get_trash(fs->state, id, &t);

    return rc ? rc : tell_trash(&t, each, ctx);
}

static int render_trash(struct fs *fs, int64_t id, const char *, struct buf *out)
{
    SCOPED(trash_entry_release) struct trash_entry t = {0};
    int rc = state_get_trash(fs->state, id, &t);

    if (!rc)
        rc = buf_addstr(out, t.text ? t.text : "");
    return rc;
}

static int remove_trash(struct fs *fs, int64_t id)
{
    return state_remove_trash(fs->state, id);
}

const struct collection trash_collection = {.name = "trash",
                                            .ops = &collection_ops,
                                            .entry_ops = &entry_ops,
                                            .each = each_trash,
                                            .one = one_trash,
                                            .render = render_trash,
                                            .remove = remove_trash};

/* --- conflicts/ --- */

static const char *const versions[] = {"base.json", "mine.json", "theirs.json"};

static int each_conflict(struct fs *fs, entry_fn each, void *ctx)
{
    SCOPED(xfree) struct conflict *c = NULL;
    size_t count = 0;
    int rc = state_conflicts(fs->state, &c, &count);

    for (size_t i = 0; i < count; i++) {
        SCOPED(slot_release) struct slot slot = {0};

        if (!rc && !state_get_slot(fs->state, c[i].slot, &slot) && slot.record)
            rc = each(ctx, c[i].slot, slot.record);
        conflict_release(&c[i]);
    }
    return rc;
}

static int render_conflict(struct fs *fs, int64_t id, const char *part, struct buf *out)
{
    SCOPED(conflict_release) struct conflict c = {0};
    int rc = state_get_conflict(fs->state, id, &c);

    if (!rc) {
        const char *text = str_eq(part, "base.json")   ? c.base
                           : str_eq(part, "mine.json") ? c.mine
                                                       : c.theirs;
        rc = buf_addstr(out, text ? text : "");
    }
    return rc;
}

static struct node_spec version_spec(struct node *dir, size_t i, char part[48]);

static int conflict_list(struct fs *, const struct fs_req *, struct node *dir,
                         struct dir_list *list)
{
    char part[48];

    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        dir_add(list, version_spec(dir, i, part), NULL);
    return 0;
}

/* `rm -r` of a conflict: its files go with the directory. */
static int conflict_remove(struct fs *, struct node *, const char *)
{
    return 0;
}

static const struct node_ops conflict_ops = {
    .name = "conflict",
    .type = S_IFDIR,
    .flags = NODE_VOLATILE,
    .list = conflict_list,
    .remove = conflict_remove,
};

const struct collection conflicts_collection = {.name = "conflicts",
                                                .ops = &collection_ops,
                                                .entry_ops = &conflict_ops,
                                                .each = each_conflict,
                                                .render = render_conflict,
                                                .remove = operation_discard};

static struct node_spec version_spec(struct node *dir, size_t i, char part[48])
{
    snprintf(part, 48, "%s/%s", dir->part, versions[i]);
    return entry_spec(dir, &conflicts_collection, &entry_ops, part, versions[i]);
}
