/*
 * views.c - views/: symbolic links to records, under names and in directories made for people.
 *
 *     views/mail/<folder>[/<sub-folder>...]/by-date/<name>.json
 *                                          /by-sender/<address>/<name>.json
 *                                          /unread/<name>.json
 *     views/contacts/<folder>/by-name/<name>.json
 *                            /by-company/<company>/<name>.json
 *     views/calendars/<calendar>/by-date/<name>.json
 *                               /agenda/<day>/<name>.json     agenda.c, where the service has it
 *
 * The names are model/label.h's, the order among equal ones view_index.c's. Nothing here sends a
 * request of its own: a look at a view makes the folder's listing fresh as a look at the folder
 * does, and the rest comes from the cache.
 */
#include "../records/records_p.h"
#include "derived_p.h"
#include "views_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct node_ops view_folder_ops, view_links_ops, view_groups_ops, view_link_ops;

struct view {
    const char *name;
    const struct node_ops *ops;
    bool unread;
    bool agenda;
};

static const struct view mail_views[] = {
    {"by-date", &view_links_ops},
    {"by-sender", &view_groups_ops},
    {"unread", &view_links_ops, .unread = true},
    {NULL},
};
static const struct view event_views[] = {
    {"by-date", &view_links_ops},
    {"agenda", &agenda_ops, .agenda = true},
    {NULL},
};
static const struct view contact_views[] = {
    {"by-name", &view_links_ops},
    {"by-company", &view_groups_ops},
    {NULL},
};
static const struct view *const views[KIND_COUNT] = {
    [KIND_MESSAGE] = mail_views,
    [KIND_EVENT] = event_views,
    [KIND_CONTACT] = contact_views,
};

static const struct view *find_view(enum kind kind, const char *name)
{
    const struct view *v = views[kind];

    while (v->name && !str_eq(v->name, name))
        v++;
    return v->name ? v : NULL;
}

#define REFUSAL                                                                                    \
    "links here follow the records: remove the record itself (rm \"$(realpath LINK)\"), and edit " \
    "it through the link with "                                                                    \
    "sed -i --follow-symlinks"

static bool view_takes(const char *name, mode_t type)
{
    return S_ISDIR(type) ? name_is_scratch_dir(name) : !name_is_record(name);
}

static bool has_view(struct fs *fs, const struct view *v)
{
    return !v->agenda || remote_can(mailbox_remote(fs->mailbox), REMOTE_CAN_AGENDA);
}

/* --- views/ and views/mail/ --- */

const struct node_ops views_root_ops = {
    .name = "views",
    .type = S_IFDIR,
    .refusal = REFUSAL,
    .list = derived_list,
};

/* A sub-folder that is called like a view is listed by its id; one found by its name alone, whose
 * id is a path, is in mail/ only. */
static struct node_spec folder_spec(struct fs *fs, struct node *dir, const struct cache_folder *f,
                                    const char *name)
{
    if (!name)
        name = dir->folder && find_view(dir->kind, f->name) ? f->id : f->name;
    return (struct node_spec){.ino = name_ino("views", kind_info(f->kind)->dir, f->id),
                              .ops = &view_folder_ops,
                              .parent = dir,
                              .name = strchr(name, '/') ? NULL : name,
                              .kind = f->kind,
                              .folder = tree_intern(fs, f->id)};
}

const struct node_ops view_kind_ops = {
    .name = "views of a kind",
    .type = S_IFDIR,
    .flags = NODE_LOCAL_NAMES,
    .takes = view_takes,
    .refusal = REFUSAL,
    .lookup = folders_lookup,
    .list = folders_list,
    .folder = folder_spec,
};

/* --- views/mail/Inbox/ --- */

/* Strings of the spec: the view's own and `group`. */
static struct node_spec view_spec(struct node *dir, const struct node_ops *ops,
                                  const struct view *view, const char *group)
{
    struct node_spec spec = spec_in(
        dir, ops, name_ino("views", kind_info(dir->kind)->dir, dir->folder, view->name, group),
        group ? group : view->name);

    spec.id = view->name;
    spec.part = group;
    return spec;
}

static int folder_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                         const char *name, struct node **ret)
{
    const struct view *view = find_view(dir->kind, name);

    if (view && has_view(fs, view)) {
        *ret = tree_obtain(fs, view_spec(dir, view->ops, view, NULL));
        return 0;
    }
    if (!(kind_info(dir->kind)->caps & KIND_NESTS))
        return -ENOENT;
    int rc = folders_lookup(fs, req, dir, name, ret);
    return rc == -EHOSTUNREACH ? -ENOENT : rc; /* temporary files are made offline, too */
}

static int folder_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                       struct dir_list *list)
{
    for (const struct view *v = views[dir->kind]; v->name; v++) {
        if (has_view(fs, v))
            dir_add(list, view_spec(dir, v->ops, v, NULL), NULL);
    }
    return kind_info(dir->kind)->caps & KIND_NESTS ? folders_list(fs, req, dir, list) : 0;
}

static const struct node_ops view_folder_ops = {
    .name = "views of a folder",
    .type = S_IFDIR,
    .flags = NODE_LOCAL_NAMES,
    .takes = view_takes,
    .refusal = REFUSAL,
    .lookup = folder_lookup,
    .list = folder_list,
    .folder = folder_spec,
    .getxattr = folder_getxattr,
};

/* --- what a view shows --- */

/* As `ls` of the folder, to its end: whoever reads a name here reads it once. */
static int refresh(struct fs *fs, const struct fs_req *req, struct node *dir)
{
    struct cache_record none;
    int rc = folder_refresh(fs, dir->kind, dir->folder, req->cancel);

    if (rc)
        return rc;
    return mailbox_each(fs->mailbox, dir->kind, dir->folder, INT64_MAX, req->cancel, &none, 1);
}

static struct view_filter filter_of(const struct node *dir)
{
    const struct view *view = find_view(dir->kind, dir->id);

    return (struct view_filter){.group = dir->part, .unread = view->unread};
}

/* Does the directory have an entry of this name? For links *ret is the record's id,
 * which the caller frees. */
static int look(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                char **ret)
{
    bool groups = tree_ops(fs, dir) == &view_groups_ops;
    struct view_filter filter = filter_of(dir);
    struct kept_view *view;
    bool found;
    int rc = view_acquire(fs, dir->kind, dir->folder, req->cancel, &view);

    if (rc)
        return rc;
    if (groups) {
        found = view_index_has_group(view_index_of(view), name);
    } else {
        *ret = view_index_find(view_index_of(view), &filter, name);
        found = *ret;
    }
    view_release(fs, view);
    return found ? 0 : -ENOENT;
}

/* What the cache knows is looked at first, so that a name that is there costs nothing; for one that
 * is not the listing is made fresh, which asks once however many names follow. */
static int find(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                char **ret)
{
    int rc = look(fs, req, dir, name, ret);

    if (rc != -ENOENT)
        return rc;
    rc = refresh(fs, req, dir);
    return rc ? rc : look(fs, req, dir, name, ret);
}

/* --- links --- */

#define LINKS_AT_ONCE 2048

/* `target` is where it leads to: another one, or another record there, is another inode, whose size the kernel asks for. */
static struct node_spec link_spec(struct fs *fs, struct node *dir, const char *name, const char *id,
                                  const char *target)
{
    struct node_spec spec = spec_in(dir, &view_link_ops,
                                    name_ino("views", kind_info(dir->kind)->dir, dir->id,
                                             dir->part ? dir->part : "", target, id),
                                    name);

    spec.id_start = tree_share(fs, id, &spec.id);
    return spec;
}

/* The record's; the caller frees it. */
static char *link_id(const struct node *link)
{
    return xasprintf("%s%s", link->id_start ? link->id_start : "", link->id);
}

static int link_target(struct fs *fs, struct node *dir, const char *id, struct buf *out)
{
    int rc = tree_add_way_up(fs, dir, out);

    return rc ? rc : mailbox_record_path(fs->mailbox, dir->kind, dir->folder, id, out);
}

static int links_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                        struct node **ret)
{
    struct buf target;
    char *id = NULL;

    if (!name_is_record(name))
        return -ENOENT;
    buf_init(&target, PATH_MAX);
    int rc = find(fs, req, dir, name, &id);
    if (!rc)
        rc = link_target(fs, dir, id, &target);
    if (!rc)
        *ret = tree_obtain(fs, link_spec(fs, dir, name, id, target.data));
    buf_release(&target);
    free(id);
    return rc;
}

struct link_list {
    struct fs *fs;
    struct node *dir;
    struct dir_list *list;
    struct buf target;  /* up to the record's name */
    struct map aliases; /* record -> its name, where that was given here */
    struct map given;   /* these names */
};

static void list_link(void *ctx, const char *name, const char *id, int64_t created)
{
    struct link_list *l = ctx;
    const char *alias = map_get(&l->aliases, id);
    char *own = alias ? NULL : name_from_id(id);
    size_t folder = l->target.len;

    if (own && map_get(&l->given, own)) {
        free(own);
        own = mailbox_record_name(l->fs->mailbox, l->dir->kind, l->dir->folder, id);
    }
    buf_addstr(&l->target, alias ? alias : own);
    free(own);
    struct node_spec spec = link_spec(l->fs, l->dir, name, id, l->target.data);
    dir_add(l->list, spec, &(struct dir_attr){.size = l->target.len, .mtime = created});
    buf_truncate(&l->target, folder);
}

static int collect_aliases(struct fs *fs, struct node *dir, struct link_list *l)
{
    struct slot *slots = NULL;
    size_t count = 0;
    int rc = state_slots(fs->state, dir->kind, dir->folder, &slots, &count);

    for (size_t i = 0; i < count; i++) {
        map_set(&l->given, slots[i].name, l);
        if (slots[i].record)
            free(map_set(&l->aliases, slots[i].record, xstrdup(slots[i].name)));
        slot_release(&slots[i]);
    }
    free(slots);
    return rc;
}

/* 1: there may be more behind the list's cursor. */
static int list_links(struct fs *fs, const struct fs_req *req, struct node *dir, size_t max,
                      struct dir_list *list)
{
    struct link_list l = {.fs = fs, .dir = dir, .list = list};
    struct view_filter filter = filter_of(dir);
    struct kept_view *view;

    buf_init(&l.target, PATH_MAX);
    map_init(&l.aliases);
    map_init(&l.given);
    int rc = tree_add_way_up(fs, dir, &l.target);
    if (!rc)
        rc = mailbox_folder_path(fs->mailbox, dir->kind, dir->folder, &l.target);
    if (!rc)
        rc = collect_aliases(fs, dir, &l);
    if (!rc)
        rc = view_acquire(fs, dir->kind, dir->folder, req->cancel, &view);
    if (!rc) {
        rc = view_index_each(view_index_of(view), &filter, dir_cursor(list), max, list_link, &l);
        view_release(fs, view);
    }
    for (struct map_entry *e = map_first(&l.aliases); e; e = map_next(&l.aliases, e))
        free(e->value);
    map_release(&l.aliases);
    map_release(&l.given);
    buf_release(&l.target);
    return rc;
}

/* What is there is listed, whatever the service says; then, where that was an error, that it is not
 * all. */
static int links_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                      struct dir_list *list)
{
    int fresh = *dir_cursor(list) ? 0 : refresh(fs, req, dir);
    int rc = list_links(fs, req, dir, fresh ? SIZE_MAX : LINKS_AT_ONCE, list);

    return rc ? rc : fresh;
}

static const struct node_ops view_links_ops = {
    .name = "view",
    .type = S_IFDIR,
    .flags = NODE_LOCAL_NAMES,
    .takes = view_takes,
    .refusal = REFUSAL,
    .lookup = links_lookup,
    .list = links_list,
};

/* -ESTALE where the record is gone: the kernel, which believes names for a second, looks this one up anew and may find another
 * record there. */
static int link_readlink(struct fs *fs, struct node *node, struct buf *out)
{
    struct node *dir = tree_parent(fs, node);
    char *id = link_id(node);
    int rc = dir ? cache_get(fs->cache, node->kind, node->folder, id, false, NULL) : -ENOENT;

    if (rc == -ENOENT)
        rc = -ESTALE;
    if (!rc)
        rc = link_target(fs, dir, id, out);
    free(id);
    tree_put(fs, dir);
    return rc;
}

static int link_getattr(struct fs *fs, const struct fs_req *req, struct node *node,
                        struct stat *ret)
{
    struct kept_view *view;
    struct buf target;
    int64_t created;

    (void)req;
    buf_init(&target, PATH_MAX);
    int rc = link_readlink(fs, node, &target);
    ret->st_size = (off_t)target.len;
    buf_release(&target);
    if (!rc)
        rc = view_acquire(fs, node->kind, node->folder, req->cancel, &view);
    if (rc)
        return rc;
    char *id = link_id(node);
    created = view_index_created(view_index_of(view), id);
    free(id);
    view_release(fs, view);
    if (created)
        attr_set_mtime(ret, created);
    return 0;
}

static const struct node_ops view_link_ops = {
    .name = "link of a view",
    .type = S_IFLNK,
    .getattr = link_getattr,
    .readlink = link_readlink,
};

/* --- by-sender/, by-company/ --- */

static int groups_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                         const char *name, struct node **ret)
{
    if (strchr(".~#", *name)) /* labels never begin so, and programs probe for many */
        return -ENOENT;
    char *none = NULL;
    int rc = find(fs, req, dir, name, &none);
    if (!rc) {
        struct node_spec spec =
            view_spec(dir, &view_links_ops, find_view(dir->kind, dir->id), name);
        *ret = tree_obtain(fs, spec);
    }
    return rc;
}

struct group_list {
    struct node *dir;
    struct dir_list *list;
};

static void list_group(void *ctx, const char *group)
{
    struct group_list *l = ctx;
    struct node_spec spec =
        view_spec(l->dir, &view_links_ops, find_view(l->dir->kind, l->dir->id), group);

    dir_add(l->list, spec, NULL);
}

static int groups_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                       struct dir_list *list)
{
    struct group_list l = {.dir = dir, .list = list};
    struct kept_view *view;
    int fresh = refresh(fs, req, dir);
    int rc = view_acquire(fs, dir->kind, dir->folder, req->cancel, &view);

    if (rc)
        return rc;
    view_index_groups(view_index_of(view), list_group, &l);
    view_release(fs, view);
    return fresh;
}

static const struct node_ops view_groups_ops = {
    .name = "grouped view",
    .type = S_IFDIR,
    .flags = NODE_LOCAL_NAMES,
    .takes = view_takes,
    .refusal = REFUSAL,
    .lookup = groups_lookup,
    .list = groups_list,
};
