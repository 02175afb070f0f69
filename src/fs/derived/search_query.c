/*
 * search_query.c - the directory of one search: links to the records it found.
 *
 * A link is named as its record is, and in search/local, where records of every kind meet,
 * "contacts-<id>.json". Records that are gone are left out, and so is the name while it is vacant.
 *
 * What the service refuses is a directory, too, so that somebody can read why
 * (user.outlook.error); looking into it is -EINVAL.
 */
#include "derived_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_local(const struct node *dir)
{
    return dir->kind == KIND_COUNT;
}

/* A result with hits. */
static int look(struct fs *fs, const struct fs_req *req, struct node *dir, enum search_age age,
                struct search_result **ret)
{
    struct search what = {.kind = dir->kind, .folder = dir->folder, .name = dir->id};
    struct search_result *r = NULL;
    int rc = search_look(fs->mailbox, &what, age, req->cancel, &r, NULL);

    if (!rc)
        rc = r->error;
    if (rc)
        search_put(fs->mailbox, r);
    else
        *ret = r;
    return rc;
}

/* --- names --- */

/* Is the record shown in its folder? The slot, where it has one, goes to `ret`. */
static bool is_shown(struct fs *fs, const struct cache_hit *hit, struct slot *ret)
{
    struct cache_record r = {0};

    if (!state_slot_by_record(fs->state, hit->kind, hit->folder, hit->id, ret))
        return !(ret->flags & SLOT_VACANT);
    bool cached = !cache_get(fs->cache, hit->kind, hit->folder, hit->id, false, &r);
    cache_record_release(&r);
    return cached;
}

/* "contacts-<id>.json". The caller frees. */
static char *local_name(const struct cache_hit *hit)
{
    char *own = name_from_id(hit->id);
    char *name = xasprintf("%s-%s", kind_info(hit->kind)->dir, own);

    free(own);
    return name;
}

/* The caller frees it; NULL: the record is not shown. A name somebody gave is unique in its folder
 * only. */
static char *hit_name(struct fs *fs, const struct node *dir, const struct cache_hit *hit)
{
    struct slot slot = {0};
    char *name = NULL;

    if (!is_shown(fs, hit, &slot))
        name = NULL;
    else if (is_local(dir))
        name = local_name(hit);
    else if (str_eq(hit->folder, dir->folder))
        name = mailbox_record_name(fs->mailbox, hit->kind, hit->folder, hit->id);
    else
        name = name_from_id(hit->id);
    slot_release(&slot);
    return name;
}

/* "contacts-<id>.json" */
static const struct cache_hit *find_local(struct fs *fs, const struct search_result *r,
                                          const char *name)
{
    const struct cache_hit *hit = NULL;

    for (enum kind kind = 0; !hit && kind < KIND_COUNT; kind++) {
        size_t len = strlen(kind_info(kind)->dir);
        char *id = NULL;

        if (str_starts(name, kind_info(kind)->dir) && name[len] == '-' &&
            !mailbox_id_of_name(fs->mailbox, name + len + 1, NAME_RECORD_SUFFIX, &id))
            hit = search_find(r, kind, id);
        free(id);
    }
    return hit;
}

/* The name in the folder that was searched; a record of another one has "<id>.json". */
static const struct cache_hit *find_named(struct fs *fs, const struct node *dir,
                                          const struct search_result *r, const char *name)
{
    const struct cache_hit *hit = NULL;
    struct slot slot = {0};
    char *id = NULL;

    if (!state_slot_by_name(fs->state, dir->kind, dir->folder, name, &slot) && slot.record)
        hit = search_find(r, dir->kind, slot.record);
    if (!hit && !mailbox_record_id(fs->mailbox, dir->kind, dir->folder, name, &id))
        hit = search_find(r, dir->kind, id);
    slot_release(&slot);
    free(id);
    return hit;
}

static const struct node_ops search_link_ops;

static struct node_spec link_spec(struct fs *fs, struct node *dir, const struct cache_hit *hit,
                                  const char *name)
{
    const char *parts[] = {"search",    search_place(dir->kind),   dir->folder, dir->id,
                           hit->folder, kind_info(hit->kind)->dir, hit->id};

    return (struct node_spec){.ino = name_ino(parts, ARRAY_SIZE(parts)),
                              .ops = &search_link_ops,
                              .parent = dir,
                              .name = name,
                              .kind = hit->kind,
                              .folder = tree_intern(fs, hit->folder),
                              .id = hit->id};
}

/* --- the directory --- */

static int query_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                        struct node **ret)
{
    struct search_result *r = NULL;
    struct slot slot = {0};
    int rc = look(fs, req, dir, SEARCH_KNOWN, &r);

    if (rc)
        return rc;
    const struct cache_hit *hit =
        is_local(dir) ? find_local(fs, r, name) : find_named(fs, dir, r, name);
    if (hit && is_shown(fs, hit, &slot)) {
        struct node_spec spec = link_spec(fs, dir, hit, name);
        *ret = tree_obtain(fs, &spec);
    } else {
        rc = -ENOENT;
    }
    slot_release(&slot);
    search_put(fs->mailbox, r);
    return rc;
}

static int query_open(struct fs *fs, const struct fs_req *req, struct node *dir)
{
    struct search_result *r = NULL;
    int rc = look(fs, req, dir, SEARCH_FRESH, &r);

    search_put(fs->mailbox, r);
    return rc;
}

static int query_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                      struct dir_list *list)
{
    struct search_result *r = NULL;
    int rc = look(fs, req, dir, SEARCH_KNOWN, &r);

    if (rc)
        return rc;
    for (size_t i = 0; !rc && i < r->count; i++) {
        char *name = hit_name(fs, dir, &r->hits[i]);

        if (name) {
            struct node_spec spec = link_spec(fs, dir, &r->hits[i], name);
            rc = dir_add(list, &spec, NULL);
        }
        free(name);
    }
    search_put(fs->mailbox, r);
    return rc;
}

static int query_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    struct search what = {.kind = node->kind, .folder = node->folder, .name = node->id};
    struct search_result *r = NULL;
    int rc = search_look(fs->mailbox, &what, SEARCH_CACHED, NULL, &r, NULL);

    if (!rc && r->error && str_eq(name, "error"))
        rc = buf_addstr(out, r->reason);
    else if (!rc && r->truncated && str_eq(name, "truncated"))
        rc = buf_addstr(out, "1");
    else
        rc = -ENODATA;
    search_put(fs->mailbox, r);
    return rc;
}

const struct node_ops search_query_ops = {
    .name = "search result",
    .type = S_IFDIR,
    .lookup = query_lookup,
    .prepare = query_open,
    .list = query_list,
    .refusal = "a link in search/ is what a search found, and cannot be removed:"
               " remove the record itself, or the search with rmdir",
    .getxattr = query_getxattr,
};

/* --- the links --- */

static int link_target(struct fs *fs, struct node *link, struct buf *out)
{
    struct node *dir = tree_parent(fs, link);
    int rc = tree_add_way_up(fs, dir, out);

    tree_put(fs, dir);

    return rc ? rc : mailbox_record_path(fs->mailbox, link->kind, link->folder, link->id, out);
}

static int link_getattr(struct fs *fs, const struct fs_req *req, struct node *link,
                        struct stat *ret)
{
    struct buf target;

    (void)req;
    buf_init(&target, PATH_MAX);
    int rc = link_target(fs, link, &target);
    ret->st_size = (off_t)target.len;
    buf_release(&target);
    return rc;
}

static const struct node_ops search_link_ops = {
    .name = "search link",
    .type = S_IFLNK,
    .getattr = link_getattr,
    .readlink = link_target,
};
