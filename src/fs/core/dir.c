/*
 * dir.c - open directories: a list that grows as entries become known.
 *
 * Every entry given keeps its place, so an offset means the same entry for as long as the directory
 * is open, whatever changes meanwhile; entries are asked for some at a time, so a reader of a large
 * folder sees the first ones while the rest is on its way. Reading from offset 0 again (rewinddir)
 * begins anew. What lies far behind the reader is dropped, so that a million entries take no more
 * memory than some thousand; who goes back there (seekdir) counts through a new list.
 */
#include "core_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct node_spec
        spec; /* name, id and part are ours; folder is interned, parent is the directory */
    bool has_attr;
    struct dir_attr attr;
    uint64_t moment;    /* fs.attr_changes before `attr` was looked up */
    uint64_t cached_at; /* cache_moment() before that */
};

enum stage { STAGE_LOCAL, STAGE_CLASS, STAGE_END };

#define KEPT_BEHIND 2048 /* entries; a reply of the kernel's largest size has a few hundred */

struct dir_list {
    struct entry *entries; /* of the places from `first` on */
    size_t first;
    size_t count; /* places given so far */
    size_t room;
    enum stage stage;
    int error;          /* why the list ends here; told once */
    uint64_t moment;    /* fs.attr_changes when the class was last asked for entries */
    uint64_t cached_at; /* cache_moment() then */
    uint64_t cursor;
    struct map seen;
    const char *wanted; /* dir_find(): other names are not kept */
};

struct fs_dir {
    struct node *node; /* referenced */
    struct dir_list list;
};

static void release_entries(struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)entries[i].spec.name);
        free((char *)entries[i].spec.id);
        free((char *)entries[i].spec.part);
    }
}

static void list_clear(struct dir_list *list)
{
    release_entries(list->entries, list->count - list->first);
    free(list->entries);
    map_release(&list->seen);
    *list = (struct dir_list){0};
    map_init(&list->seen);
}

void dir_add(struct dir_list *list, struct node_spec spec, const struct dir_attr *attr)
{
    if (list->wanted && (list->count || !str_eq(spec.name, list->wanted)))
        return;
    if (list->count - list->first == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->entries = xrealloc(list->entries, list->room * sizeof(*list->entries));
    }
    struct entry *e = &list->entries[list->count++ - list->first];

    *e = (struct entry){.spec = spec,
                        .has_attr = attr != NULL,
                        .moment = list->moment,
                        .cached_at = list->cached_at};
    if (attr)
        e->attr = *attr;
    e->spec.name = xstrdup(spec.name);
    e->spec.id = xstrdup(spec.id);
    e->spec.part = xstrdup(spec.part);
}

char *dir_unique_name(struct dir_list *list, char *name, const char *id)
{
    if (strlen(name) > NAME_BYTES_MAX || map_get(&list->seen, name)) {
        char *unique = name_unique(name, id, true);

        free(name);
        name = unique;
    }
    map_set(&list->seen, name, list);
    return name;
}

int dir_find(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
             struct node **ret)
{
    const struct node_ops *ops = tree_ops(fs, dir);
    struct dir_list list = {.wanted = name};
    int rc;

    map_init(&list.seen);
    do
        rc = ops->list(fs, req, dir, &list);
    while (rc > 0 && !list.count);
    if (list.count) {
        *ret = tree_obtain(fs, list.entries->spec);
        rc = 0;
    } else if (rc >= 0) {
        rc = -ENOENT;
    }
    list_clear(&list);
    map_release(&list.seen);
    return rc;
}

uint64_t *dir_cursor(struct dir_list *list)
{
    return &list->cursor;
}

struct map *dir_seen(struct dir_list *list)
{
    return &list->seen;
}

int fs_opendir(struct fs *fs, const struct fs_req *req, uint64_t ino, struct fs_dir **ret)
{
    struct node *node = tree_get(fs, ino);
    int rc = 0;

    if (!node)
        return -ESTALE;
    const struct node_ops *ops = tree_ops(fs, node);
    if (!node_is_dir(ops))
        rc = -ENOTDIR;
    else if (ops->prepare)
        rc = ops->prepare(fs, req, node);
    if (rc) {
        tree_put(fs, node);
        return rc;
    }
    struct fs_dir *dir = xcalloc(1, sizeof(*dir));
    dir->node = node;
    map_init(&dir->list.seen);
    *ret = dir;
    return 0;
}

void fs_releasedir(struct fs *fs, struct fs_dir *dir)
{
    list_clear(&dir->list);
    map_release(&dir->list.seen);
    tree_put(fs, dir->node);
    free(dir);
}

/* Asks for more entries. */
static void list_more(struct fs *fs, const struct fs_req *req, struct fs_dir *dir)
{
    const struct node_ops *ops = tree_ops(fs, dir->node);
    struct dir_list *list = &dir->list;
    int rc = 0;

    list->moment = fs->attr_changes;
    list->cached_at = cache_moment(fs->cache);
    if (list->stage == STAGE_LOCAL) {
        if (ops->flags & NODE_LOCAL_NAMES)
            rc = fs->local->list(fs, dir->node, list);
        list->stage = STAGE_CLASS;
    } else {
        if (ops->list)
            rc = ops->list(fs, req, dir->node, list);
        if (rc <= 0)
            list->stage = STAGE_END;
    }
    if (rc < 0) {
        list->stage = STAGE_END;
        list->error = rc;
    }
}

/* Drops what a reader at `index` has left far behind, many at a time. */
static void drop_behind(struct dir_list *list, size_t index)
{
    size_t behind = index - list->first;

    if (behind < 2 * KEPT_BEHIND)
        return;
    size_t dropped = behind - KEPT_BEHIND, left = list->count - list->first - dropped;

    release_entries(list->entries, dropped);
    memmove(list->entries, list->entries + dropped, left * sizeof(*list->entries));
    list->first += dropped;
}

/* The list's entry `index`: 1, 0 at the end, -errno. */
static int list_get(struct fs *fs, const struct fs_req *req, struct fs_dir *dir, size_t index,
                    struct entry **ret)
{
    if (index < dir->list.first)
        list_clear(&dir->list);
    while (index >= dir->list.count && dir->list.stage != STAGE_END) {
        list_more(fs, req, dir);
        drop_behind(&dir->list, index < dir->list.count ? index : dir->list.count);
    }
    if (index >= dir->list.count) {
        int rc = dir->list.error;

        dir->list.error = 0;
        return rc < 0 ? rc : 0;
    }
    *ret = &dir->list.entries[index - dir->list.first];
    return 1;
}

/* "." and ".." come first. */
#define DOTS 2

int fs_readdir(struct fs *fs, const struct fs_req *req, struct fs_dir *dir, uint64_t offset,
               struct fs_dirent *ret)
{
    if (offset == 0 && dir->list.stage != STAGE_LOCAL)
        list_clear(&dir->list);
    if (offset < DOTS) {
        struct node *parent = offset ? tree_parent(fs, dir->node) : NULL;

        *ret = (struct fs_dirent){.name = offset ? ".." : ".",
                                  .ino = parent ? parent->ino : dir->node->ino,
                                  .type = S_IFDIR,
                                  .next = offset + 1};
        tree_put(fs, parent);
        return 1;
    }

    struct entry *e;
    int rc = list_get(fs, req, dir, offset - DOTS, &e);
    if (rc == 1)
        *ret = (struct fs_dirent){.name = e->spec.name,
                                  .ino = e->spec.ino,
                                  .type = e->spec.ops->type,
                                  .next = offset + 1};
    return rc;
}

static void attr_of(struct fs *fs, const struct entry *e, struct stat *ret)
{
    attr_init(fs, e->spec.ino, e->spec.ops, ret);
    attr_set_size(ret, e->attr.size);
    if (e->attr.mtime)
        attr_set_mtime(ret, e->attr.mtime);
}

int fs_readdir_entry(struct fs *fs, const struct fs_req *req, struct fs_dir *dir, uint64_t offset,
                     struct fs_entry *ret)
{
    struct entry *e;

    if (offset < DOTS)
        return -ENOENT;
    int rc = list_get(fs, req, dir, offset - DOTS, &e);
    if (rc != 1)
        return rc ? rc : -ENOENT;

    if ((!e->has_attr || e->moment != fs->attr_changes) && (e->spec.ops->flags & NODE_LAZY_ATTR))
        return -ENOENT;

    if (e->has_attr) {
        *ret = (struct fs_entry){
            .ino = e->spec.ino, .cacheable = true, .keeps_name = e->attr.keeps_name};
        attr_of(fs, e, &ret->attr);
        struct cache_version version = {e->attr.seq, e->cached_at};
        if (tree_list(fs, &e->spec, &ret->attr, version, e->moment))
            return 0;
    }
    struct node *node = tree_obtain(fs, e->spec);
    rc = 0;
    if (e->moment != fs->attr_changes) { /* neither is the name what it was */
        tree_put(fs, node);
        node = NULL;
        rc = node_lookup(fs, req, dir->node, e->spec.name, &node);
    }
    if (!rc)
        rc = node_entry(fs, req, node, ret);
    tree_put(fs, node);
    return rc;
}
