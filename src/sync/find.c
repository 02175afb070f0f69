/*
 * find.c - one folder by its name; mail folders that the service does not list are asked for once.
 */
#include "flight_p.h"
#include "listing_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mailbox_folder_release(struct cache_folder *folder)
{
    free(folder->id);
    free(folder->display);
    free(folder->name);
    free(folder->parent);
    *folder = (struct cache_folder){0};
}

static void folder_copy(const struct cache_folder *from, struct cache_folder *to)
{
    *to = (struct cache_folder){
        .kind = from->kind,
        .id = xstrdup(from->id),
        .display = xstrdup(from->display),
        .name = xstrdup(from->name),
        .parent = xstrdup(from->parent),
        .flags = from->flags,
    };
}

/* How well `f` answers to `name` below `parent`; 0: not at all. The listed name is unique, so it
 * goes first. */
static int match(const struct cache_folder *f, const char *parent, const char *name)
{
    bool here = str_eq(f->parent, parent);

    if (here && str_eq(f->name, name))
        return 3;
    if (str_eq(f->id, name) && (here || !parent))
        return 2;
    return here && str_eq(f->display, name);
}

static int find_listed(const struct cache_folders *folders, const char *parent, const char *name,
                       struct cache_folder *ret)
{
    const struct cache_folder *best = NULL;
    int best_match = 0;

    for (size_t i = 0; i < folders->count; i++) {
        int m = match(&folders->list[i], parent, name);

        if (m > best_match) {
            best = &folders->list[i];
            best_match = m;
        }
    }
    if (!best)
        return -ENOENT;
    folder_copy(best, ret);
    return 0;
}

/* Names programs look for wherever they are, which no mail folder has. */
static bool is_askable(const char *name)
{
    if (!*name || *name == '.' || *name == '~' || str_ends(name, ".json"))
        return false;
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < 0x20)
            return false;
    }
    return !strchr(name, '/') && str_is_utf8(name, strlen(name));
}

/* Asks for a mail folder the listing does not show; the flight of `key` is ours. */
static int ask_path(struct mailbox *mb, const char *parent, const char *name, const char *path,
                    const char *key, struct cancel *cancel)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    const struct cache_folder folder = {
        .kind = KIND_MESSAGE,
        .id = (char *)path,
        .display = (char *)name,
        .parent = (char *)parent,
    };
    struct remote_fault fault = {0};
    enum grade grade = remote_find_mail_folder(mb->remote, path, ctx, &fault);
    int rc = grade_errno(grade);

    remote_fault_release(&fault);
    if (grade == GRADE_GONE || grade == GRADE_REFUSED) {
        flights_put_absent(mb->flights, key, mb->config.list_ttl);
        return -ENOENT;
    }
    if (!rc) {
        mutex_lock(&mb->listings->catalog);
        rc = cache_add_folder(mb->cache, &folder);
        mutex_unlock(&mb->listings->catalog);
    }
    if (!rc)
        mailbox_notify_folders(mb, KIND_MESSAGE);
    return rc;
}

static int find_cached(struct mailbox *mb, enum kind kind, const char *parent, const char *name,
                       struct cache_folder *ret)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = cache_get_folders(mb->cache, kind, &folders);

    if (rc)
        return rc;
    return find_listed(&folders, parent, name, ret);
}

static int find_by_asking(struct mailbox *mb, const char *parent, const char *name,
                          struct cancel *cancel, struct cache_folder *ret)
{
    struct cache_folders folders;
    int rc = cache_get_folders(mb->cache, KIND_MESSAGE, &folders);

    if (rc)
        return rc;
    SCOPED(xfree) char *path = folders_path(&folders, parent, name);
    cache_folders_release(&folders);
    if (!path)
        return -ENOENT;
    SCOPED(xfree) char *key = xasprintf("path/%s", path);

    if (flights_is_absent(mb->flights, key)) {
        rc = -ENOENT;
    } else if (!remote_online(mb->remote)) {
        rc = -EHOSTUNREACH;
    } else if (!(rc = flights_enter(mb->flights, key, cancel))) {
        rc = find_cached(mb, KIND_MESSAGE, parent, name, ret);
        if (rc == -ENOENT && !flights_is_absent(mb->flights, key)) {
            rc = ask_path(mb, parent, name, path, key, cancel);
            if (!rc)
                rc = find_cached(mb, KIND_MESSAGE, parent, name, ret);
        }
        flights_leave(mb->flights, key);
    }
    return rc;
}

/* The list may be too old to know of a new folder. */
static int find_in_new_list(struct mailbox *mb, enum kind kind, const char *parent,
                            const char *name, struct cancel *cancel, struct cache_folder *ret)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    int rc = folders_refresh(mb, kind, ctx);

    if (rc == -EINTR)
        return rc;
    return find_cached(mb, kind, parent, name, ret);
}

int mailbox_find_folder(struct mailbox *mb, enum kind kind, const char *parent, const char *name,
                        struct cancel *cancel, struct cache_folder *ret)
{
    struct cache_folders folders;
    bool fresh, partial;
    int rc;

    if (!is_askable(name)) /* before the first question: no folder has such a name */
        return find_cached(mb, kind, parent, name, ret);
    rc = mailbox_folders(mb, kind, cancel, &folders);
    if (rc)
        return rc;
    fresh = folders_are_fresh(mb, &folders);
    partial = kind == KIND_MESSAGE && folders.partial;
    rc = find_listed(&folders, parent, name, ret);
    cache_folders_release(&folders);
    if (!rc && listing_is_gone(mb, kind, ret->id)) {
        mailbox_folder_release(ret);
        return -ENOENT;
    }
    if (rc != -ENOENT)
        return rc;
    if (partial)
        return find_by_asking(mb, parent, name, cancel, ret);
    if (!fresh && folders_may_ask(mb, kind))
        return find_in_new_list(mb, kind, parent, name, cancel, ret);
    return rc;
}
