/*
 * views_p.h - what the files of views/ share.
 *
 *     views.c        the directories and links
 *     view_keep.c    the indexes that are in memory
 *     view_index.c   the index of one folder: names and groups of its records
 */
#ifndef OUTLOOKFS_FS_VIEWS_P_H
#define OUTLOOKFS_FS_VIEWS_P_H

#include <outlookfs/base/mutex.h>
#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fs;

/* --- view_index.c: the index of one folder; one thread at a time --- */

struct view_index;

struct view_index *view_index_create(enum kind kind, bool sent); /* sent: see model/label.h */
void view_index_free(struct view_index *ix);                     /* NULL is fine */

/* A record is new, changed or, `text` NULL, gone. A cache_change_fn: `ix` is a view_index. */
void view_index_change(void *ix, const char *id, const char *text);

/* Which records are meant. */
struct view_filter {
    const char *group; /* of this group only; NULL: of all, also of none */
    bool unread;       /* unread messages only */
};

/* The id of the record of this name, which the caller frees, or NULL. */
char *view_index_find(const struct view_index *ix, const struct view_filter *filter,
                      const char *name);
bool view_index_has_group(const struct view_index *ix, const char *group);

/* What the record is called, until the next change; NULL: it is not there. */
const char *view_index_name(const struct view_index *ix, const char *id);

/* When the record was created (model/label.h); 0: not known. */
int64_t view_index_created(const struct view_index *ix, const char *id);

/* `id` and `name` are valid during the call. */
typedef void (*view_entry_fn)(void *ctx, const char *name, const char *id, int64_t created);
/* At most `max` records behind *cursor (0: from the first), in the order in which they came. True:
 * there may be more, also if the index changes before. */
bool view_index_each(const struct view_index *ix, const struct view_filter *filter,
                     uint64_t *cursor, size_t max, view_entry_fn each, void *ctx);
typedef void (*view_group_fn)(void *ctx, const char *group);
void view_index_groups(const struct view_index *ix, view_group_fn each, void *ctx);

/* --- view_keep.c: any thread --- */

struct cancel;
struct kept_view;

/* The indexes that are in memory. */
struct views {
    struct mutex lock;
    struct kept_view *first; /* guarded by lock */
    size_t count;            /* guarded by lock */
};

/* A folder's index, as the cache is now, and this thread's until view_release(). -EINTR: cancelled while it was made, or waited
 * for. */
int view_acquire(struct fs *fs, enum kind kind, const char *folder, struct cancel *cancel,
                 struct kept_view **ret);
void view_release(struct fs *fs, struct kept_view *view);
const struct view_index *view_index_of(const struct kept_view *view);

#endif
