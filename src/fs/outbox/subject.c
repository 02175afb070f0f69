/*
 * subject.c - the record a file of the outbox is about: {"Path"} becomes the service's id.
 *
 * A path is what people see below the mount point: a record's file, a link of views/ or search/, a file of export/.
 */
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The part of a path below the root of the mount, or NULL. */
static const char *below_mount(struct fs *fs, const char *path)
{
    const char *top = fs->config.mountpoint;
    size_t len = top ? strlen(top) : 0;

    if (*path != '/')
        return path;
    return len && !strncmp(path, top, len) && path[len] == '/' ? path + len + 1 : NULL;
}

/* The folder that a listed name or an id means; NULL. */
static const char *find_folder(const struct cache_folders *folders, const char *parent,
                               const char *name)
{
    for (size_t i = 0; i < folders->count; i++) {
        const struct cache_folder *f = &folders->list[i];

        if (str_eq(f->parent, parent) && (str_eq(f->name, name) || str_eq(f->id, name)))
            return f->id;
    }
    return NULL;
}

/* The record of a file name: by the name given to it here, or by its id. */
static int record_of_name(struct fs *fs, enum kind kind, const char *folder, const char *name,
                          char **ret)
{
    struct cache_listing listing = {0};
    struct slot slot = {0};
    int rc = state_slot_by_name(fs->state, kind, folder, name, &slot);

    if (!rc && slot.record) {
        *ret = xstrdup(slot.record);
        slot_release(&slot);
        return 0;
    }
    slot_release(&slot);
    rc = mailbox_record_id(fs->mailbox, kind, folder, name, ret);
    if (rc)
        return rc;
    rc = cache_get(fs->cache, kind, folder, *ret, false, NULL);
    /* Of a folder that was not listed whole, the service knows more. */
    if (rc == -ENOENT && !cache_get_listing(fs->cache, kind, folder, &listing) && !listing.complete)
        rc = 0;
    if (rc)
        xstrset(ret, NULL);
    return rc;
}

/* The node of a path from the top, step by step. The service is not asked: what is not known is not there. */
static int node_of_path(struct fs *fs, const char *path, struct node **ret)
{
    struct cancel asks_nobody;
    struct fs_req req = {.cancel = &asks_nobody};
    struct node *at = tree_get(fs, FS_ROOT);
    int rc = 0;

    cancel_init(&asks_nobody);
    cancel_fire(&asks_nobody);
    while (!rc && *path) {
        size_t len = strcspn(path, "/");
        char *name = xstrndup(path, len);
        struct node *next = NULL;

        if (len)
            rc = node_lookup(fs, &req, at, name, &next);
        if (next) {
            tree_put(fs, at);
            at = next;
        }
        free(name);
        path += len + (path[len] == '/');
    }
    if (rc)
        tree_put(fs, at);
    else
        *ret = at;
    return rc == -EINTR ? -ENOENT : rc;
}

static int record_of_path(struct fs *fs, enum kind kind, const char *path, char **ret);

/* Below views/ and search/ a link, whose record's path it has; below export/ a file, which knows its record. */
static int record_of_derived(struct fs *fs, enum kind kind, const char *path, char **ret)
{
    struct node *node = NULL;
    SCOPED(buf_release) struct buf text = BUF_INIT(PATH_MAX);
    int rc = node_of_path(fs, path, &node);

    if (rc)
        return rc;
    const struct node_ops *ops = tree_ops(fs, node);

    if (ops->readlink) {
        rc = ops->readlink(fs, node, &text);
        const char *target = text.data;

        while (!rc && str_starts(target, "../"))
            target += strlen("../");
        if (!rc)
            rc = record_of_path(fs, kind, target, ret);
    } else {
        rc = node->kind == kind && S_ISREG(ops->type) && ops->getxattr
                 ? ops->getxattr(fs, node, "id", &text)
                 : -ENOENT;
        if (!rc)
            *ret = xstrdup(text.data);
    }
    tree_put(fs, node);
    return rc;
}

static bool is_derived(const char *path)
{
    return path && (str_starts(path, "views/") || str_starts(path, "search/") ||
                    str_starts(path, "export/"));
}

/* From what is on this machine. */
static int record_of_path(struct fs *fs, enum kind kind, const char *path, char **ret)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    const char *rest = below_mount(fs, path), *folder = NULL;
    const char *root = kind_info(kind)->dir;
    size_t len = strlen(root);

    if (is_derived(rest))
        return record_of_derived(fs, kind, rest, ret);
    int rc = rest && str_starts(rest, root) && rest[len] == '/'
                 ? cache_get_folders(fs->cache, kind, &folders)
                 : -ENOENT;

    if (rc)
        return rc;
    rest += len + 1;
    for (const char *slash; !rc && (slash = strchr(rest, '/')); rest = slash + 1) {
        SCOPED(xfree) char *name = xstrndup(rest, (size_t)(slash - rest));

        folder = find_folder(&folders, folder, name);
        if (!folder)
            rc = -ENOENT;
    }
    if (!rc)
        rc = folder ? record_of_name(fs, kind, folder, rest, ret) : -ENOENT;
    return rc;
}

int outbox_resolve_path(struct fs *fs, enum outgoing what, struct cJSON *obj, bool *ret_replaced,
                        struct buf *err)
{
    const struct outgoing_info *info = outgoing_info(what);
    const char *path = json_str(obj, "Path");
    const char *given = info->subject ? json_str(obj, info->subject) : NULL;
    SCOPED(xfree) char *id = NULL;

    if (!info->subject || !path || !*path || (given && *given))
        return 0;
    int rc = record_of_path(fs, info->kind, path, &id);
    if (rc)
        return buf_fail(err, rc, "Path: %s is no %s of this mount", path,
                        kind_info(info->kind)->name);
    cJSON_DeleteItemFromObjectCaseSensitive(obj, "Path");
    cJSON_DeleteItemFromObjectCaseSensitive(obj, info->subject);
    cJSON_AddStringToObject(obj, info->subject, id);
    *ret_replaced = true;
    return 0;
}
