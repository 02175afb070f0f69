/*
 * collections.c - the directories of .outlookfs/ whose entries are rows of the state database: what they have in common.
 *
 * An entry's number comes first and identifies it; the rest of the name is for people. A conflict
 * is named by its record's id.
 */
#include "collections_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct collection *collection_of(const struct node *node)
{
    for (const struct collection *const *c = collections; *c; c++) {
        if (str_eq((*c)->name, node->id))
            return *c;
    }
    return NULL;
}

struct node_spec collection_spec(struct node *dir, const struct collection *c)
{
    struct node_spec spec = spec_in(dir, c->ops, name_ino(".outlookfs", c->name), c->name);

    spec.id = c->name;
    return spec;
}

static char *entry_name(const struct collection *c, int64_t id, const char *name)
{
    char *full = !c->one  ? xstrdup(name)
                 : id < 0 ? xasprintf("m%" PRId64 "-%s", -id, name)
                          : xasprintf("%" PRId64 "-%s", id, name);
    char *safe = name_safe(full, NAME_BYTES_MAX);

    free(full);
    return safe;
}

struct node_spec entry_spec(struct node *dir, const struct collection *c,
                            const struct node_ops *ops, const char *part, const char *name)
{
    struct node_spec spec = spec_in(dir, ops, name_ino(".outlookfs", c->name, part), name);

    spec.id = c->name;
    spec.part = part;
    return spec;
}

/* --- the directory of a collection --- */

struct listing {
    struct node *dir;
    const struct collection *collection;
    struct dir_list *list;
    const char *wanted; /* lookup: the name; then `found` is its number */
    int64_t found;
};

static int list_entry(void *ctx, int64_t id, const char *name)
{
    struct listing *l = ctx;
    SCOPED(xfree) char *full = entry_name(l->collection, id, name);
    char part[32];

    snprintf(part, sizeof(part), "%" PRId64, id);
    if (l->list)
        dir_add(l->list, entry_spec(l->dir, l->collection, l->collection->entry_ops, part, full),
                NULL);
    else if (str_eq(full, l->wanted))
        l->found = id;
    return 0;
}

static int collection_list(struct fs *fs, const struct fs_req *, struct node *dir,
                           struct dir_list *list)
{
    struct listing l = {.dir = dir, .collection = collection_of(dir), .list = list};

    return l.collection->each(fs, list_entry, &l);
}

/* "12-x.json" is 12, "m12-x.json" -12; 0: it has no number. */
static int64_t number_of(const char *name)
{
    bool mail = *name == 'm';
    char *end;

    errno = 0;
    int64_t id = strtoll(name + mail, &end, 10);
    return errno || *end != '-' || id < 0 ? 0 : mail ? -id : id;
}

static int collection_find(struct fs *fs, struct node *dir, const char *name, int64_t *ret)
{
    const struct collection *c = collection_of(dir);
    struct listing l = {.dir = dir, .collection = c, .wanted = name};
    int rc = c->one ? c->one(fs, number_of(name), list_entry, &l) : c->each(fs, list_entry, &l);

    if (!rc && !l.found)
        rc = -ENOENT;
    if (!rc)
        *ret = l.found;
    return rc;
}

static int collection_lookup(struct fs *fs, const struct fs_req *, struct node *dir,
                             const char *name, struct node **ret)
{
    const struct collection *c = collection_of(dir);
    char part[32];
    int64_t id;
    int rc = collection_find(fs, dir, name, &id);

    if (rc)
        return rc;
    snprintf(part, sizeof(part), "%" PRId64, id);
    *ret = tree_obtain(fs, entry_spec(dir, c, c->entry_ops, part, name));
    return 0;
}

static int collection_remove(struct fs *fs, struct node *dir, const char *name)
{
    int64_t id;
    int rc = collection_find(fs, dir, name, &id);

    return rc ? rc : collection_of(dir)->remove(fs, id);
}

/* --- the files --- */

static int entry_make(struct fs *fs, const struct fs_req *, struct node *node, struct content *ret)
{
    const char *slash = strchr(node->part, '/');
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

    int rc = collection_of(node)->render(fs, strtoll(node->part, NULL, 10),
                                         slash ? slash + 1 : NULL, &text);
    if (!rc) {
        ret->len = text.len;
        ret->text = buf_detach(&text);
        ret->mtime = fs->birth;
    }
    return rc;
}

static int entry_setattr(struct fs *fs, struct node *node, const struct stat *, unsigned set)
{
    const struct collection *c = collection_of(node);

    return c->touch && (set & FS_SET_MTIME_NOW) ? c->touch(fs, strtoll(node->part, NULL, 10)) : 0;
}

const struct node_ops entry_ops = {
    .name = "collection entry",
    .type = S_IFREG,
    .flags = NODE_VOLATILE,
    .setattr = entry_setattr,
    .make = entry_make,
};

const struct node_ops collection_ops = {
    .name = "collection",
    .type = S_IFDIR,
    .refusal =
        "entries here can be read, touched and removed; the file an entry is about is its \"path\"",
    .lookup = collection_lookup,
    .list = collection_list,
    .remove = collection_remove,
};

const struct collection *const collections[] = {&queue_collection,  &failed_collection,
                                                &drafts_collection, &conflicts_collection,
                                                &trash_collection,  NULL};
