/*
 * search.c - search/: places to search in, and the searches somebody keeps.
 *
 *     search/mail/<folder>/<query>/        asked of the service; the folders of a kind are listed
 *     search/calendars/..., contacts/...   flat, a sub-folder as "Inbox%2FSupport"
 *     search/local/<words>/                asked of the cache
 *
 * A query's directory (search_query.c) is there as soon as somebody looks it up. mkdir keeps it, so
 * that it is listed; rmdir forgets it, the answer included.
 *
 * The kernel looks the name up before it asks for a new directory, and would say that it exists.
 * So for a caller that makes a directory (caller.c) a query that is not kept does not exist. That
 * goes for every component of the caller's path, as a lookup does not tell the last one: mkdir of
 * <query>/x is ENOENT where it would be EPERM.
 *
 * `mkdir "<query>;pin"` is the same for callers that are not recognised: such a name exists for
 * everybody only when the search is kept.
 */
#include "derived_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>
#include <outlookfs/model/query.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLASH "%2F"
#define LEVELS_MAX 32 /* of folders in folders */

static const struct node_ops search_folder_ops;

/* --- the places --- */

static struct node_spec local_spec(struct node *root)
{
    return (struct node_spec){.ino = name_ino("search", search_place(KIND_COUNT)),
                              .ops = &search_folder_ops,
                              .parent = root,
                              .name = search_place(KIND_COUNT),
                              .kind = KIND_COUNT,
                              .folder = ""};
}

static int root_list(struct fs *fs, const struct fs_req *req, struct node *root,
                     struct dir_list *list)
{
    int rc = derived_list(fs, req, root, list);

    dir_add(list, local_spec(root), NULL);
    return rc;
}

const struct node_ops search_root_ops = {
    .name = "search",
    .type = S_IFDIR,
    .refusal = "folders are made in Outlook, searches in a folder: mkdir "
               "\"search/<kind>/<folder>/<query>\"",
    .list = root_list,
};

/* --- the folders of a kind, flat --- */

static const struct cache_folder *parent_of(const struct map *by_id, const struct cache_folder *f)
{
    return f->parent ? map_get(by_id, f->parent) : NULL;
}

/* "Inbox%2FSupport", which the caller frees. */
static char *path_of(const struct map *by_id, const struct cache_folder *f)
{
    char *path = xstrdup(f->name);
    int levels = 0;

    while ((f = parent_of(by_id, f)) && levels++ < LEVELS_MAX) {
        char *longer = xasprintf("%s%s%s", f->name, SLASH, path);

        free(path);
        path = longer;
    }
    return path;
}

/* Replaces the listed names by paths. Where a folder has another one's path for its name, or the
 * path is too long, it gets a name of its own. */
static void flatten(struct cache_folders *folders)
{
    SCOPED(xfree) char **paths = xcalloc(folders->count + 1, sizeof(*paths));
    SCOPED(map_release) struct map by_id = {0};
    SCOPED(map_release) struct map taken = {0};

    map_init(&by_id);
    map_init(&taken);
    for (size_t i = 0; i < folders->count; i++)
        map_set(&by_id, folders->list[i].id, &folders->list[i]);
    for (size_t i = 0; i < folders->count; i++) {
        paths[i] = path_of(&by_id, &folders->list[i]);
        if (map_get(&taken, paths[i]) || strlen(paths[i]) > NAME_BYTES_MAX) {
            char *unique = name_unique(paths[i], folders->list[i].id, false);

            free(paths[i]);
            paths[i] = unique;
        }
        map_set(&taken, paths[i], folders);
    }
    for (size_t i = 0; i < folders->count; i++) {
        free(folders->list[i].name);
        folders->list[i].name = paths[i];
    }
}

static struct node_spec folder_spec(struct fs *fs, struct node *dir, const char *folder,
                                    const char *name)
{
    return (struct node_spec){.ino = name_ino("search", search_place(dir->kind), folder),
                              .ops = &search_folder_ops,
                              .parent = dir,
                              .name = name,
                              .kind = dir->kind,
                              .folder = tree_intern(fs, folder)};
}

static int kind_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                     struct dir_list *list)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = mailbox_folders(fs->mailbox, dir->kind, req->cancel, &folders);

    if (rc)
        return rc;
    flatten(&folders);
    for (size_t i = 0; i < folders.count; i++)
        dir_add(list, folder_spec(fs, dir, folders.list[i].id, folders.list[i].name), NULL);
    return 0;
}

/* By listed name or id. The id is the caller's. */
static int find_listed(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                       char **ret_id)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    SCOPED(xfree) char *id = query_decode(name);
    int rc = mailbox_folders(fs->mailbox, dir->kind, req->cancel, &folders);

    if (rc)
        return rc;
    flatten(&folders);
    rc = -ENOENT;
    for (size_t i = 0; rc && i < folders.count; i++) {
        if (str_eq(folders.list[i].name, name) || str_eq(folders.list[i].id, id)) {
            *ret_id = xstrdup(folders.list[i].id);
            rc = 0;
        }
    }
    return rc;
}

/* Level by level: asks for a folder that is not in the list, as mail/ does. */
static int find_by_path(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                        char **ret_id)
{
    char *parent = NULL;
    int rc = 0;

    while (!rc && name) {
        const char *slash = strstr(name, SLASH);
        char *part = slash ? xstrndup(name, (size_t)(slash - name)) : xstrdup(name);
        struct cache_folder f = {0};

        rc = mailbox_find_folder(fs->mailbox, dir->kind, parent, part, req->cancel, &f);
        if (!rc) {
            xstrset(&parent, f.id);
        }
        mailbox_folder_release(&f);
        free(part);
        name = slash ? slash + strlen(SLASH) : NULL;
    }
    if (rc)
        free(parent);
    else
        *ret_id = parent;
    return rc;
}

static int kind_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                       struct node **ret)
{
    SCOPED(xfree) char *id = NULL;

    if (!query_is_askable(name))
        return -ENOENT;
    int rc = find_listed(fs, req, dir, name, &id);
    if (rc == -ENOENT)
        rc = find_by_path(fs, req, dir, name, &id);
    if (rc)
        return rc;
    *ret = tree_obtain(fs, folder_spec(fs, dir, id, name));
    return 0;
}

const struct node_ops search_kind_ops = {
    .name = "search kind",
    .type = S_IFDIR,
    .refusal = "folders are made in Outlook, searches in a folder: mkdir "
               "\"search/<kind>/<folder>/<query>\"",
    .lookup = kind_lookup,
    .list = kind_list,
};

/* --- a place to search in --- */

static struct node_spec query_spec(struct node *dir, const char *name)
{
    struct node_spec spec =
        spec_in(dir, &search_query_ops,
                name_ino("search", search_place(dir->kind), dir->folder, name), name);

    spec.id = name;
    return spec;
}

static struct search search_in(const struct node *dir, const char *name)
{
    return (struct search){.kind = dir->kind, .folder = dir->folder, .name = name};
}

/* One that is kept is not asked for before somebody looks into it: `ls -l` looks all of them up. */
static int look_up(struct fs *fs, const struct fs_req *req, const struct search *what)
{
    struct search_result *r = NULL;

    if (search_is_kept(fs->mailbox, what))
        return 0;
    if (!query_is_askable(what->name) || caller_makes_directory(req->pid))
        return -ENOENT;
    int rc = search_look(fs->mailbox, what, SEARCH_FRESH, req->cancel, &r, NULL);
    search_put(fs->mailbox, r);
    return rc;
}

static int folder_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                         const char *name, struct node **ret)
{
    SCOPED(xfree) char *pin = query_pin_name(name);
    struct search what = search_in(dir, pin ? pin : name);
    int rc = pin && !search_is_kept(fs->mailbox, &what) ? -ENOENT : look_up(fs, req, &what);

    if (!rc)
        *ret = tree_obtain(fs, query_spec(dir, what.name));
    return rc;
}

static int folder_list(struct fs *fs, const struct fs_req *, struct node *dir,
                       struct dir_list *list)
{
    SCOPED(xfree) char **names = NULL;
    size_t count = 0;
    int rc = search_kept(fs->mailbox, dir->kind, dir->folder, &names, &count);

    for (size_t i = 0; i < count; i++) {
        dir_add(list, query_spec(dir, names[i]), NULL);
        free(names[i]);
    }
    return rc;
}

static int keep(struct fs *fs, const struct fs_req *req, const struct search *what)
{
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);
    int rc = search_keep(fs->mailbox, what, req->cancel, &why);
    if (rc == -EINVAL)
        log_warn("mkdir of \"%s\" in search/%s: there is no such search: %s", what->name,
                 search_place(what->kind), why.data);
    return rc;
}

static int folder_mkdir(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                        struct node **ret)
{
    SCOPED(xfree) char *pin = query_pin_name(name);
    struct search what = search_in(dir, pin ? pin : name);
    int rc = query_is_askable(what.name)
                 ? keep(fs, req, &what)
                 : node_refuse(fs, dir, name, -EPERM, "this is not a query");

    if (!rc)
        *ret = tree_obtain(fs, query_spec(dir, what.name));
    return rc;
}

static int folder_rmdir(struct fs *fs, struct node *dir, const char *name)
{
    SCOPED(xfree) char *pin = query_pin_name(name);
    struct search what = search_in(dir, pin ? pin : name);

    return search_forget(fs->mailbox, &what);
}

static int search_folder_getxattr(struct fs *, struct node *node, const char *name, struct buf *out)
{
    return str_eq(name, "id") && *node->folder ? buf_addstr(out, node->folder) : -ENODATA;
}

static const struct node_ops search_folder_ops = {
    .name = "search folder",
    .type = S_IFDIR,
    .refusal = "folders are made in Outlook, searches in a folder: mkdir "
               "\"search/<kind>/<folder>/<query>\"",
    .lookup = folder_lookup,
    .list = folder_list,
    .mkdir = folder_mkdir,
    .remove = folder_rmdir,
    .getxattr = search_folder_getxattr,
};
