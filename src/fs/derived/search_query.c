/*
 * search_query.c - the directory of one search: links to the records it found.
 *
 * A link is named as in views/, and in search/local, where records of every kind meet, "contacts-Jane Doe.json"; "<id>.json"
 * is found, too. Records that are gone are left out, and so is the name while it is vacant.
 *
 * What the service refuses is a directory, too, so that somebody can read why
 * (user.outlook.error); looking into it is -EINVAL.
 */
#include "derived_p.h"
#include "views_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
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
    if (!state_slot_by_record(fs->state, hit->kind, hit->folder, hit->id, ret))
        return !(ret->flags & SLOT_VACANT);
    return !cache_get(fs->cache, hit->kind, hit->folder, hit->id, false, NULL);
}

/* What views/ calls the record; NULL: its folder's index does not know it yet. The caller frees. */
static char *label_of(struct fs *fs, struct cancel *cancel, const struct cache_hit *hit)
{
    struct kept_view *view;

    if (view_acquire(fs, hit->kind, tree_intern(fs, hit->folder), cancel, &view))
        return NULL;
    const char *label = view_index_name(view_index_of(view), hit->id);
    char *name = xstrdup(label);
    view_release(fs, view);
    return name;
}

/* The caller frees it; NULL: the record is not shown. Records of several folders may be called alike: those behind the first
 * have a tag. */
static char *hit_name(struct fs *fs, struct cancel *cancel, const struct node *dir,
                      const struct cache_hit *hit, struct dir_list *list)
{
    SCOPED(slot_release) struct slot slot = {0};
    bool shown = is_shown(fs, hit, &slot);
    SCOPED(xfree) char *label = shown ? label_of(fs, cancel, hit) : NULL;

    if (!shown)
        return NULL;
    if (!label)
        label = name_from_id(hit->id);
    char *name =
        is_local(dir) ? xasprintf("%s-%s", kind_info(hit->kind)->dir, label) : xstrdup(label);
    return dir_unique_name(list, name, hit->id);
}

/* The name without what says its kind; NULL: it is of another kind. */
static const char *rest_of(const struct node *dir, enum kind kind, const char *name)
{
    const char *prefix = kind_info(kind)->dir;
    size_t len = strlen(prefix);

    if (!is_local(dir))
        return kind == dir->kind ? name : NULL;
    return str_starts(name, prefix) && name[len] == '-' ? name + len + 1 : NULL;
}

/* "<id>.json", which is not listed. */
static const struct cache_hit *find_id(struct fs *fs, const struct node *dir,
                                       const struct search_result *r, const char *name)
{
    const struct cache_hit *hit = NULL;
    SCOPED(slot_release) struct slot slot = {0};
    char *id = NULL;

    for (enum kind kind = 0; !hit && kind < KIND_COUNT; kind++) {
        const char *rest = rest_of(dir, kind, name);

        if (rest && !mailbox_id_of_name(fs->mailbox, rest, NAME_RECORD_SUFFIX, &id))
            hit = search_find(r, kind, id);
        xstrset(&id, NULL);
    }
    if (hit && !is_shown(fs, hit, &slot))
        hit = NULL;
    return hit;
}

static const struct node_ops search_link_ops;

static struct node_spec link_spec(struct fs *fs, struct node *dir, const struct cache_hit *hit,
                                  const char *name)
{
    return (struct node_spec){.ino =
                                  name_ino("search", search_place(dir->kind), dir->folder, dir->id,
                                           hit->folder, kind_info(hit->kind)->dir, hit->id),
                              .ops = &search_link_ops,
                              .parent = dir,
                              .name = name,
                              .kind = hit->kind,
                              .folder = tree_intern(fs, hit->folder),
                              .id = hit->id};
}

/* --- the directory --- */

static int query_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                      struct dir_list *list)
{
    struct search_result *r = NULL;
    int rc = look(fs, req, dir, SEARCH_KNOWN, &r);

    if (rc)
        return rc;
    for (size_t i = 0; i < r->count; i++) {
        SCOPED(xfree) char *name = hit_name(fs, req->cancel, dir, &r->hits[i], list);

        if (name)
            dir_add(list, link_spec(fs, dir, &r->hits[i], name), NULL);
    }
    search_put(fs->mailbox, r);
    return 0;
}

/* By the name that is listed, or as "<id>.json". */
static int query_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                        struct node **ret)
{
    struct search_result *r = NULL;
    int rc = name_is_record(name) ? dir_find(fs, req, dir, name, ret) : -ENOENT;

    if (rc != -ENOENT || look(fs, req, dir, SEARCH_KNOWN, &r))
        return rc;
    const struct cache_hit *hit = find_id(fs, dir, r, name);
    if (hit)
        *ret = tree_obtain(fs, link_spec(fs, dir, hit, name));
    search_put(fs->mailbox, r);
    return hit ? 0 : -ENOENT;
}

static int query_open(struct fs *fs, const struct fs_req *req, struct node *dir)
{
    struct search_result *r = NULL;
    int rc = look(fs, req, dir, SEARCH_FRESH, &r);

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

static const struct node_ops search_link_ops = {
    .name = "search link",
    .type = S_IFLNK,
    .readlink = link_target,
};
