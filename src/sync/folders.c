/*
 * folders.c - the list of a kind's folders: kept, renewed, and told to the file system when it
 * changes.
 */
#include "flight_p.h"
#include "listing_p.h"
#include "pool_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- lists of folders ---------------------------------------------------------------------- */

const struct cache_folder *folders_by_id(const struct cache_folders *folders, const char *id)
{
    for (size_t i = 0; i < folders->count; i++) {
        if (str_eq(folders->list[i].id, id))
            return &folders->list[i];
    }
    return NULL;
}

static void folders_add(struct cache_folders *folders, enum kind kind, const char *id,
                        const char *display, const char *parent, unsigned flags)
{
    folders->list = xgrow(folders->list, folders->count, sizeof(*folders->list));
    folders->list[folders->count++] = (struct cache_folder){
        .kind = kind,
        .id = xstrdup(id),
        .display = xstrdup(display),
        .parent = xstrdup(parent),
        .flags = flags,
    };
}

/* A mail folder known by its path alone: below its parent where that is in the list. */
static void folders_add_path(struct cache_folders *folders, const char *path)
{
    const char *slash = strrchr(path, '/');
    SCOPED(xfree) char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;

    if (parent && folders_by_id(folders, parent))
        folders_add(folders, KIND_MESSAGE, path, slash + 1, parent, 0);
    else
        folders_add(folders, KIND_MESSAGE, path, path, NULL, 0);
}

const struct cache_folder *folders_by_path(const struct cache_folders *folders, const char *path,
                                           bool listed)
{
    const struct cache_folder *found = NULL;

    for (const char *p = path; *p; p += *p == '/') {
        const char *parent = found ? found->id : NULL;
        size_t len = strcspn(p, "/");

        found = NULL;
        for (size_t i = 0; i < folders->count && !found; i++) {
            const struct cache_folder *f = &folders->list[i];
            const char *name = listed ? f->name : f->display;

            if (str_eq(f->parent, parent) && strlen(name) == len && !strncmp(name, p, len))
                found = f;
        }
        if (!found)
            return NULL;
        p += len;
    }
    return found;
}

/* A folder that was found by its name is known by its path alone. */
char *folders_path(const struct cache_folders *folders, const char *parent, const char *name)
{
    const struct cache_folder *f = parent ? folders_by_id(folders, parent) : NULL;

    if (!parent)
        return xstrdup(name);
    if (!f || (strchr(f->display, '/') && !str_eq(f->id, f->display)))
        return NULL;
    char *above =
        str_eq(f->id, f->display) ? xstrdup(f->id) : folders_path(folders, f->parent, f->display);
    char *path = above ? xasprintf("%s/%s", above, name) : NULL;

    free(above);
    return path;
}

static bool folders_equal(const struct cache_folders *a, const struct cache_folders *b)
{
    if (a->count != b->count || a->partial != b->partial)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct cache_folder *x = &a->list[i], *y = &b->list[i];

        if (!str_eq(x->id, y->id) || !str_eq(x->display, y->display) ||
            !str_eq(x->parent, y->parent) || x->flags != y->flags)
            return false;
    }
    return true;
}

bool folders_are_fresh(const struct mailbox *mb, const struct cache_folders *folders)
{
    int64_t now = clock_steady();

    return folders->asked_at && folders->asked_at <= now &&
           now - folders->asked_at < mb->config.list_ttl;
}

/* The nearest folder with these flags, `id` or one above it. */
static const struct cache_folder *find_flagged_above(const struct cache_folders *folders,
                                                     const char *id, unsigned flags)
{
    const struct cache_folder *f = id ? folders_by_id(folders, id) : NULL;

    while (f && !(f->flags & flags))
        f = f->parent ? folders_by_id(folders, f->parent) : NULL;
    return f;
}

bool mailbox_may_create(struct mailbox *mb, enum kind kind, const char *folder)
{
    const struct kind_info *info = kind_info(kind);
    SCOPED(cache_folders_release) struct cache_folders folders = {0};

    if (!(info->caps & KIND_CAN_CREATE) || !info->draft)
        return info->caps & KIND_CAN_CREATE;
    return !cache_get_folders(mb->cache, kind, &folders) &&
           find_flagged_above(&folders, folder, FOLDER_DRAFTS);
}

static int trash_of(struct mailbox *mb, enum kind kind, const char *folder, char **ret)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = cache_get_folders(mb->cache, kind, &folders);

    *ret = NULL;
    if (rc || !folders.asked_at)
        return rc ? rc : -ENOENT;
    if (find_flagged_above(&folders, folder, FOLDER_TRASH))
        return 0;
    for (size_t i = 0; i < folders.count && !*ret; i++) {
        if (folders.list[i].flags & FOLDER_TRASH)
            *ret = xstrdup(folders.list[i].id);
    }
    return 0;
}

int folders_trash(struct mailbox *mb, enum kind kind, const char *folder, struct remote_ctx ctx,
                  char **ret)
{
    *ret = NULL;
    if (!(kind_info(kind)->caps & KIND_CAN_MOVE))
        return 0;
    int rc = trash_of(mb, kind, folder, ret);
    if (rc == -ENOENT)
        rc = folders_refresh(mb, kind, ctx);
    else
        return rc;
    return rc ? rc : trash_of(mb, kind, folder, ret);
}

void folders_trash_has_changed(struct mailbox *mb, enum kind kind, const char *folder)
{
    SCOPED(xfree) char *trash = NULL;

    if (kind_info(kind)->caps & KIND_CAN_MOVE) /* then it is moved there by us */
        return;
    if (!trash_of(mb, kind, folder, &trash) && trash)
        cache_outdate(mb->cache, kind, trash);
}

void folders_sent_has_changed(struct mailbox *mb)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};

    if (cache_get_folders(mb->cache, KIND_MESSAGE, &folders))
        return;
    for (size_t i = 0; i < folders.count; i++) {
        if (folders.list[i].flags & FOLDER_SENT)
            cache_age(mb->cache, KIND_MESSAGE, folders.list[i].id);
    }
}

/* --- asking for all ------------------------------------------------------------------------ */

/* Adds the mail folder of this path or id where the service knows it. Without an answer one that
 * was known, as `was`, stays. */
static int add_if_known(struct mailbox *mb, struct remote_ctx ctx, const char *path,
                        const struct cache_folder *was, struct cache_folders *folders)
{
    struct remote_fault fault = {0};
    enum grade grade;

    if (folders_by_id(folders, path) || folders_by_path(folders, path, false))
        return 0;
    grade = remote_find_mail_folder(mb->remote, path, ctx, &fault);
    remote_fault_release(&fault);
    if (grade == GRADE_CANCELLED)
        return -EINTR;
    if (grade != GRADE_OK && (!was || grade == GRADE_GONE))
        return 0;
    if (was && !str_eq(was->id, was->display))
        folders_add(folders, KIND_MESSAGE, was->id, was->display, was->parent, was->flags);
    else
        folders_add_path(folders, path);
    return 0;
}

/* The service does not list its mail folders: those somebody has named are looked up one by one. */
static int add_named(struct mailbox *mb, struct remote_ctx ctx, const struct cache_folders *old,
                     struct cache_folders *folders)
{
    const char *const *names = mb->config.mail_folders;
    int rc = 0;

    for (size_t i = 0; !rc && names && names[i]; i++)
        rc = add_if_known(mb, ctx, names[i], folders_by_id(old, names[i]), folders);
    for (size_t i = 0; !rc && i < old->count; i++)
        rc = add_if_known(mb, ctx, old->list[i].id, &old->list[i], folders);
    return rc;
}

/* -errno with the reason in `err`. */
static int ask_folders(struct mailbox *mb, enum kind kind, struct remote_ctx ctx,
                       const struct cache_folders *old, struct cache_folders *ret, struct buf *err)
{
    struct remote_folders answer;
    struct remote_fault fault = {0};
    int rc = mailbox_answered(remote_list_folders(mb->remote, kind, ctx, &answer, &fault), &fault,
                              kind_info(kind)->dir, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < answer.count; i++) {
        const struct remote_folder *f = &answer.list[i];
        /* Known by its path alone now; what it was known by before is better. */
        const struct cache_folder *was =
            answer.partial && str_eq(f->id, f->display) ? folders_by_path(old, f->id, false) : NULL;

        folders_add(ret, kind, was ? was->id : f->id, f->display, f->parent, f->flags);
        listing_expect(mb->listings, kind, f->id, f->expected);
    }
    ret->partial = answer.partial;
    ret->cursor = TAKE(answer.cursor);
    remote_folders_release(&answer);
    if (ret->partial && kind == KIND_MESSAGE)
        rc = add_named(mb, ctx, old, ret);
    ret->asked_at = clock_steady();
    return rc;
}

/* Mail folders that were looked up while the others were asked for are in neither list. */
static void add_found_meanwhile(const struct cache_folders *old, const struct cache_folders *now,
                                struct cache_folders *folders)
{
    for (size_t i = 0; i < now->count; i++) {
        const struct cache_folder *f = &now->list[i];

        if (!folders_by_id(old, f->id) && !folders_by_id(folders, f->id))
            folders_add(folders, f->kind, f->id, f->display, f->parent, f->flags);
    }
}

static int store_folders(struct mailbox *mb, enum kind kind, const struct cache_folders *old,
                         struct cache_folders *folders)
{
    struct cache_folders now;
    int rc;

    LOCKED(&mb->listings->catalog);
    rc = cache_get_folders(mb->cache, kind, &now);
    if (!rc) {
        if (folders->partial)
            add_found_meanwhile(old, &now, folders);
        cache_folders_release(&now);
        rc = cache_put_folders(mb->cache, kind, folders);
    }
    return rc;
}

/* Notes in which folders something changed: those of a feed's answer or, where nobody knows, all. */
static int note_changes(struct mailbox *mb, enum kind kind, const struct remote_folders *news,
                        const struct cache_folders *all, int64_t asked)
{
    size_t count = news ? news->count : all->count;
    SCOPED(xfree) const char **ids = xcalloc(count + 1, sizeof(*ids));

    for (size_t i = 0; i < count; i++)
        ids[i] = news ? news->list[i].id : all->list[i].id;
    return cache_note_changes(mb->cache, kind, ids, count, asked - FULL_EVERY, asked,
                              clock_steady());
}

/* Are the folders of a feed's answer called what they were called, and where they were? */
static bool are_in_place(const struct cache_folders *old, const struct remote_folders *news)
{
    for (size_t i = 0; i < news->count; i++) {
        const struct remote_folder *f = &news->list[i];
        const struct cache_folder *was = folders_by_id(old, f->id);

        if (!was || f->gone || (f->display && !str_eq(f->display, was->display)) ||
            (f->parent && !str_eq(f->parent, was->parent ? was->parent : "")))
            return false;
    }
    return true;
}

/*
 * Follows the feed of the folders' changes. 1: they are the same folders, at `ret_cursor` from now on.
 * 0: they are to be listed; from a feed that began before nothing is lost, so its `ret_cursor` counts,
 * and NULL is that of the list.
 */
static int follow_folders(struct mailbox *mb, enum kind kind, struct remote_ctx ctx,
                          const struct cache_folders *old, char **ret_cursor, struct buf *err)
{
    SCOPED(remote_folders_release) struct remote_folders news = {0};
    struct remote_fault fault = {0};
    int64_t asked = clock_steady();

    *ret_cursor = NULL;
    if (!old->cursor)
        return 0;
    int rc =
        mailbox_answered(remote_folder_changes(mb->remote, kind, old->cursor, ctx, &news, &fault),
                         &fault, kind_info(kind)->dir, err);
    if (rc)
        return rc;
    if (news.contents)
        rc = note_changes(mb, kind, &news, NULL, asked);
    if (!rc && !news.start_over) {
        *ret_cursor = TAKE(news.cursor);
        rc = are_in_place(old, &news);
    }
    return rc;
}

/* Asks, stores; true in `ret_changed` where there are others than before. */
static int ask_and_store(struct mailbox *mb, enum kind kind, struct remote_ctx ctx,
                         struct cache_folders *old, bool *ret_changed, struct buf *err)
{
    SCOPED(cache_folders_release) struct cache_folders new = {0};
    int64_t asked = clock_steady();
    SCOPED(xfree) char *cursor = NULL;
    int rc = follow_folders(mb, kind, ctx, old, &cursor, err);

    *ret_changed = false;
    if (rc > 0) {
        free(old->cursor);
        old->cursor = TAKE(cursor);
        old->asked_at = asked;
        return cache_put_folders_answer(mb->cache, kind, old);
    }
    if (!rc)
        rc = ask_folders(mb, kind, ctx, old, &new, err);
    if (!rc && new.cursor && !cursor)
        rc = note_changes(mb, kind, NULL, &new, asked);
    if (!rc && cursor) {
        free(new.cursor);
        new.cursor = TAKE(cursor);
    }
    if (!rc)
        rc = store_folders(mb, kind, old, &new);
    *ret_changed = !rc && !folders_equal(old, &new);
    return rc;
}

/* Asks, stores, tells. The flight of the kind's folders is ours. */
static int renew_folders(struct mailbox *mb, enum kind kind, struct remote_ctx ctx, const char *key)
{
    struct cache_folders old = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    bool changed;
    int rc = cache_get_folders(mb->cache, kind, &old);

    if (rc || folders_are_fresh(mb, &old)) {
        cache_folders_release(&old);
        return rc; /* another thread was faster */
    }
    rc = ask_and_store(mb, kind, ctx, &old, &changed, &err);
    if (rc && rc != -EINTR) {
        flights_put_absent(mb->flights, key, RETRY_AFTER);
        log_warn("the folders cannot be listed: %s", err.len ? err.data : strerror(-rc));
    }
    if (!rc && changed)
        mailbox_notify_folders(mb, kind);
    cache_folders_release(&old);
    return rc;
}

static char *folders_key(enum kind kind)
{
    return xasprintf("folders/%s", kind_info(kind)->dir);
}

int folders_refresh(struct mailbox *mb, enum kind kind, struct remote_ctx ctx)
{
    SCOPED(xfree) char *key = folders_key(kind);
    int rc = flights_enter(mb->flights, key, ctx.cancel);

    if (!rc) {
        rc = renew_folders(mb, kind, ctx, key);
        flights_leave(mb->flights, key);
    }
    return rc;
}

/* --- in the background --------------------------------------------------------------------- */

struct folders_task {
    struct task task;
    struct mailbox *mb;
    enum kind kind;
};

static void folders_run(struct task *task, struct cancel *cancel)
{
    SCOPED(xfree) struct folders_task *t = (struct folders_task *)task;
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_BACKGROUND};

    if (!cancel_fired(cancel))
        folders_refresh(t->mb, t->kind, ctx);
}

bool folders_may_ask(struct mailbox *mb, enum kind kind)
{
    SCOPED(xfree) char *key = folders_key(kind);

    return remote_online(mb->remote) && !flights_is_absent(mb->flights, key);
}

/* Whoever looks at an old list starts this: one question is enough, so the next is held back while
 * this one may run. */
static void refresh_later(struct mailbox *mb, enum kind kind)
{
    SCOPED(xfree) char *queued = xasprintf("folders-queued/%s", kind_info(kind)->dir);
    struct folders_task *t;

    if (folders_may_ask(mb, kind) && !flights_is_absent(mb->flights, queued)) {
        t = xcalloc(1, sizeof(*t));
        t->task.run = folders_run;
        t->task.priority = HTTP_BACKGROUND;
        t->mb = mb;
        t->kind = kind;
        if (pool_push(mb->pool, &t->task))
            flights_put_absent(mb->flights, queued, RETRY_AFTER);
        else
            free(t);
    }
}

int mailbox_folders(struct mailbox *mb, enum kind kind, struct cancel *cancel,
                    struct cache_folders *ret)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    struct cache_folders folders;
    int rc = cache_get_folders(mb->cache, kind, &folders);

    if (rc)
        return rc;
    if (folders.asked_at) {
        if (!folders_are_fresh(mb, &folders))
            refresh_later(mb, kind);
        *ret = folders;
        return 0;
    }
    cache_folders_release(&folders);
    if (!remote_online(mb->remote))
        return -EHOSTUNREACH;
    rc = folders_refresh(mb, kind, ctx);
    return rc ? rc : cache_get_folders(mb->cache, kind, ret);
}
