/*
 * view_keep.c - the indexes of views/ that are in memory: made at the first look, brought up to
 * date at every look, dropped when nobody looks.
 */
#include "derived_p.h"
#include "views_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define VIEWS_MAX 32
#define VIEW_IDLE (600 * NS_PER_S)

struct kept_view {
    struct kept_view *next;
    enum kind kind;
    const char *folder; /* interned */
    unsigned users;     /* guarded by views.lock */
    int64_t looked_at;  /* clock_steady(); guarded by views.lock */

    struct mutex lock; /* who has acquired it; taken without views.lock */
    uint64_t rev;      /* of the cache; guarded by lock */
    struct view_index *index;
};

static void free_view(struct kept_view *v)
{
    view_index_free(v->index);
    mutex_release(&v->lock);
    free(v);
}

static struct kept_view *find_locked(struct fs *fs, enum kind kind, const char *folder)
{
    struct kept_view *v = fs->views->first;

    while (v && (v->kind != kind || v->folder != folder))
        v = v->next;
    return v;
}

static bool is_of_sent(struct fs *fs, enum kind kind, const char *folder)
{
    struct cache_folders folders = {0};
    bool sent = false;

    if (kind != KIND_MESSAGE || cache_get_folders(fs->cache, kind, &folders))
        return false;
    for (size_t i = 0; i < folders.count; i++)
        sent |= (folders.list[i].flags & FOLDER_SENT) && str_eq(folders.list[i].id, folder);
    cache_folders_release(&folders);
    return sent;
}

static struct kept_view *create_locked(struct fs *fs, enum kind kind, const char *folder)
{
    struct kept_view *v = xcalloc(1, sizeof(*v));

    v->kind = kind;
    v->folder = folder;
    v->index = view_index_create(kind, is_of_sent(fs, kind, folder));
    mutex_init(&v->lock, MUTEX_VIEW);
    v->next = fs->views->first;
    fs->views->first = v;
    fs->views->count++;
    return v;
}

static void drop_locked(struct fs *fs, struct kept_view *v)
{
    struct kept_view **at = &fs->views->first;

    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    fs->views->count--;
    free_view(v);
}

/* The one nobody has looked at for longest; NULL: all are in use. */
static struct kept_view *oldest_locked(struct fs *fs)
{
    struct kept_view *oldest = NULL;

    for (struct kept_view *v = fs->views->first; v; v = v->next) {
        if (!v->users && (!oldest || v->looked_at < oldest->looked_at))
            oldest = v;
    }
    return oldest;
}

/* Another thread may be making the index. */
static int lock_view(struct kept_view *v, struct cancel *cancel)
{
    const struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};

    if (!cancel) {
        mutex_lock(&v->lock);
        return 0;
    }
    while (!mutex_try_lock(&v->lock)) {
        if (cancel_fired(cancel))
            return -EINTR;
        nanosleep(&pause, NULL);
    }
    return 0;
}

static void leave(struct fs *fs, struct kept_view *v)
{
    mutex_lock(&fs->views->lock);
    v->users--;
    v->looked_at = clock_steady();
    mutex_unlock(&fs->views->lock);
}

int view_acquire(struct fs *fs, enum kind kind, const char *folder, struct cancel *cancel,
                 struct kept_view **ret)
{
    if (cancel_fired(cancel)) /* who asks nobody takes what is in memory, and waits for it */
        cancel = NULL;
    mutex_lock(&fs->views->lock);
    struct kept_view *v = find_locked(fs, kind, folder);
    bool fresh = !v;
    if (!v)
        v = create_locked(fs, kind, folder);
    v->users++;
    struct kept_view *oldest = fs->views->count > VIEWS_MAX ? oldest_locked(fs) : NULL;
    if (oldest)
        drop_locked(fs, oldest);
    mutex_unlock(&fs->views->lock);
    if (fresh)
        housekeeping_wake(fs); /* it ends by itself */

    int rc = lock_view(v, cancel);
    if (rc) {
        leave(fs, v);
        return rc;
    }
    rc = cache_since(fs->cache, kind, folder, &v->rev, cancel, view_index_change, v->index);
    if (rc)
        view_release(fs, v);
    else
        *ret = v;
    return rc;
}

void view_release(struct fs *fs, struct kept_view *v)
{
    mutex_unlock(&v->lock);
    leave(fs, v);
}

const struct view_index *view_index_of(const struct kept_view *v)
{
    return v->index;
}

int64_t views_expire(struct fs *fs, int64_t now)
{
    struct kept_view *oldest;

    mutex_lock(&fs->views->lock);
    while ((oldest = oldest_locked(fs)) && now >= oldest->looked_at + VIEW_IDLE)
        drop_locked(fs, oldest);
    int64_t next = oldest             ? oldest->looked_at + VIEW_IDLE
                   : fs->views->first ? now + VIEW_IDLE
                                      : INT64_MAX;
    mutex_unlock(&fs->views->lock);
    return next;
}

void views_init(struct fs *fs)
{
    fs->views = xcalloc(1, sizeof(*fs->views));
    mutex_init(&fs->views->lock, MUTEX_VIEWS);
}

void views_release(struct fs *fs)
{
    while (fs->views->first)
        drop_locked(fs, fs->views->first);
    mutex_release(&fs->views->lock);
    free(fs->views);
}
