/*
 * tree.c - the nodes: one per inode the kernel or a handle knows, found by number.
 *
 * A node lives as long as the kernel remembers it (nlookup) or somebody here refers to it (refs:
 * calls under way, children, handles). The kernel remembers every file that it has ever listed, as
 * long as it has memory, which may be much more than a daemon should have: it is asked to forget
 * the oldest ones.
 */
#include <outlookfs/base/alloc.h>

/* Before uthash.h: its own malloc ends the program by exit(). */
#define uthash_malloc(size) xmalloc(size)
/* An inode number is a hash itself, or counts up. */
#define HASH_FUNCTION(key, len, ret) ((ret) = (unsigned)*(const uint64_t *)(key))

#include "core_p.h"

#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Names and ids from so many bytes on share what is in front of the last ones, which differ: as many
 * as malloc's smallest piece has room for. */
#define SHARED_FROM 64
#define REST_BYTES 23
#define SHARED_MAX 1024 /* beginnings */

/* As long as there are more nodes than KEPT, the kernel is asked to forget PRUNED old ones for as
 * many new ones. */
#define KEPT 100000
#define PRUNED 1024

static struct node *find_locked(struct tree *tree, uint64_t ino)
{
    struct node *n;

    HASH_FIND(hh, tree->nodes, &ino, sizeof(ino), n);
    return n;
}

static void free_node(struct node *n)
{
    assert(!n->content);
    free(n->name);
    free(n->id);
    free(n->part);
    free(n->refusal);
    free(n);
}

/* Frees the node, when nobody refers to it, and every ancestor that lived only for it. */
static void reap_locked(struct tree *tree, struct node *n)
{
    while (n && !n->refs && !n->nlookup) {
        struct node *parent = n->parent;

        assert(tree->nodes); /* it is in there */
        if (tree->hand == n)
            tree->hand = n->hh.next;
        HASH_DEL(tree->nodes, n);
        free_node(n);
        if (parent)
            parent->refs--;
        n = parent;
    }
}

void tree_init(struct fs *fs, const struct node_ops *root)
{
    struct tree *tree = &fs->tree;

    mutex_init(&tree->lock, MUTEX_TREE);
    tree->nodes = NULL;
    map_init(&tree->folders);
    map_init(&tree->starts);

    /* The root is never forgotten. */
    struct node *node = tree_obtain(
        fs, (struct node_spec){.ino = FS_ROOT, .ops = root, .name = "", .kind = KIND_COUNT});
    node->nlookup = 1;
    tree_put(fs, node);
}

static void release_strings(struct map *strings)
{
    for (struct map_entry *e = map_first(strings); e; e = map_next(strings, e))
        free(e->value);
    map_release(strings);
}

void tree_release(struct fs *fs)
{
    struct tree *tree = &fs->tree;

    HASH_FREE_ALL(tree->nodes, free_node);
    release_strings(&tree->folders);
    release_strings(&tree->starts);
    mutex_release(&tree->lock);
}

bool tree_knows(struct fs *fs, uint64_t ino)
{
    mutex_lock(&fs->tree.lock);
    bool known = find_locked(&fs->tree, ino);
    mutex_unlock(&fs->tree.lock);
    return known;
}

struct node *tree_get(struct fs *fs, uint64_t ino)
{
    mutex_lock(&fs->tree.lock);
    struct node *n = find_locked(&fs->tree, ino);
    if (n)
        n->refs++;
    mutex_unlock(&fs->tree.lock);
    return n;
}

void tree_put(struct fs *fs, struct node *node)
{
    if (!node)
        return;
    mutex_lock(&fs->tree.lock);
    assert(node->refs);
    node->refs--;
    reap_locked(&fs->tree, node);
    mutex_unlock(&fs->tree.lock);
}

static const char *intern(struct map *strings, const char *string)
{
    char *known = map_get(strings, string);

    if (!known) {
        known = xstrdup(string);
        map_set(strings, string, known);
    }
    return known;
}

/* Folder ids are few and asked for without a lock by whoever holds the node, so they live as long
 * as the tree. */
static const char *intern_locked(struct tree *tree, const char *folder)
{
    return folder ? intern(&tree->folders, folder) : NULL;
}

/*
 * Of a name or id as long as those of the service, of whose records a hundred thousand may have
 * nodes: the beginning, interned, or NULL. Beginnings live as long as the tree, so that no more are
 * shared where they turn out to be many.
 */
static const char *share_locked(struct tree *tree, const char *string, const char **ret_rest)
{
    size_t len = string ? strlen(string) : 0;
    char start[NAME_BYTES_MAX + 1];

    *ret_rest = string;
    if (len < SHARED_FROM || len > NAME_BYTES_MAX)
        return NULL;
    len -= REST_BYTES;
    memcpy(start, string, len);
    start[len] = '\0';
    if (tree->starts.count >= SHARED_MAX && !map_get(&tree->starts, start))
        return NULL;
    *ret_rest = string + len;
    return intern(&tree->starts, start);
}

const char *tree_intern(struct fs *fs, const char *folder)
{
    mutex_lock(&fs->tree.lock);
    const char *known = intern_locked(&fs->tree, folder);
    mutex_unlock(&fs->tree.lock);
    return known;
}

const char *tree_share(struct fs *fs, const char *id, const char **ret_rest)
{
    mutex_lock(&fs->tree.lock);
    const char *start = share_locked(&fs->tree, id, ret_rest);
    mutex_unlock(&fs->tree.lock);
    return start;
}

static void set_parent_locked(struct tree *tree, struct node *n, struct node *parent,
                              const char *name)
{
    struct node *old = n->parent;

    if (parent) {
        parent->refs++;
        n->lost = false;
    }
    n->parent = parent;
    n->name_start = share_locked(tree, name, &name);
    xstrset(&n->name, name);
    if (old) {
        old->refs--;
        reap_locked(tree, old);
    }
}

/* What one member of a class promises another must keep. */
__attribute__((unused)) static bool is_whole(const struct node_ops *ops) /* for assert() */
{
    if (!ops->name || (ops->flags & NODE_READ_ONLY && ops->flags & NODE_WRITABLE))
        return false;
    if (S_ISDIR(ops->type))
        return (!ops->lookup || ops->list) && (!ops->names || ops->names->files) &&
               (ops->flags & NODE_READ_ONLY ||
                (!ops->owns == !ops->create && !ops->owns == !ops->rename));
    if (S_ISLNK(ops->type))
        return ops->readlink;
    return S_ISREG(ops->type) && !ops->make != !ops->load && (ops->make || ops->getattr);
}

/* Without a reference of its own. */
static struct node *obtain_locked(struct tree *tree, const struct node_spec *spec)
{
    struct node *n = find_locked(tree, spec->ino);

    assert(is_whole(spec->ops));
    if (!n) {
        n = xcalloc(1, sizeof(*n));
        n->ino = spec->ino;
        n->kind = spec->kind;
        n->folder = intern_locked(tree, spec->folder);
        n->id = xstrdup(spec->id);
        n->id_start = spec->id_start;
        n->part = xstrdup(spec->part);
        n->ops = spec->ops;
        n->row = spec->row;
        n->shown.size = -1;
        HASH_ADD(hh, tree->nodes, ino, sizeof(n->ino), n);
        tree->made++;
    } else if (!n->parent &&
               !S_ISDIR(n->ops->type)) { /* it was unlinked, and comes back elsewhere */
        n->kind = spec->kind;
        n->folder = intern_locked(tree, spec->folder);
    }
    if (!n->parent && spec->parent)
        set_parent_locked(tree, n, spec->parent, spec->name);
    return n;
}

/* The oldest nodes of files that only the kernel refers to, and not for their bytes: PRUNED at most,
 * and none where there are not too many. */
static size_t find_old_locked(struct tree *tree, uint64_t *inos)
{
    size_t count = 0;

    if (tree->made < PRUNED)
        return 0;
    tree->made = 0;
    for (int i = 0; i < PRUNED && HASH_COUNT(tree->nodes) > KEPT; i++) {
        struct node *n = tree->hand ? tree->hand : tree->nodes;

        tree->hand = n->hh.next;
        if (!n->refs && !n->opened && !n->refusal && !S_ISDIR(n->ops->type))
            inos[count++] = n->ino;
    }
    return count;
}

/* Unlocks after a node was obtained. */
static void unlock_and_prune(struct fs *fs)
{
    uint64_t old[PRUNED];
    size_t count = find_old_locked(&fs->tree, old);

    mutex_unlock(&fs->tree.lock);
    if (count && fs->config.notify && fs->config.notify->prune)
        fs->config.notify->prune(fs->config.notify_ctx, old, count);
}

struct node *tree_obtain(struct fs *fs, struct node_spec spec)
{
    mutex_lock(&fs->tree.lock);
    struct node *n = obtain_locked(&fs->tree, &spec);
    n->refs++;
    unlock_and_prune(fs);
    return n;
}

static bool is_shown_locked(const struct node *node, const struct stat *attr)
{
    return node->shown.size == attr->st_size && node->shown.mtime == attr_mtime(attr);
}

static void show_locked(struct node *node, const struct stat *attr)
{
    if (!is_shown_locked(node, attr))
        node->shown = (struct shown){.mtime = attr_mtime(attr), .size = attr->st_size};
}

struct shown tree_shown(struct fs *fs, struct node *node)
{
    LOCKED(&fs->tree.lock);
    return node->shown;
}

bool tree_list(struct fs *fs, const struct node_spec *spec, const struct stat *attr,
               struct cache_version text, uint64_t moment)
{
    mutex_lock(&fs->tree.lock);
    struct node *n = obtain_locked(&fs->tree, spec);
    /* What changes from here on is told to the kernel, because there is a node. */
    bool listed = !n->content && fs->attr_changes == moment;
    if (listed) {
        show_locked(n, attr);
        n->shown.text = text;
        n->nlookup++;
    }
    reap_locked(&fs->tree, n);
    unlock_and_prune(fs);
    return listed;
}

void tree_remember(struct fs *fs, struct node *node)
{
    mutex_lock(&fs->tree.lock);
    node->nlookup++;
    mutex_unlock(&fs->tree.lock);
}

void tree_forget(struct fs *fs, uint64_t ino, uint64_t count)
{
    if (ino == FS_ROOT)
        return;
    mutex_lock(&fs->tree.lock);
    struct node *n = find_locked(&fs->tree, ino);
    if (n) {
        n->nlookup -= count < n->nlookup ? count : n->nlookup;
        reap_locked(&fs->tree, n);
    }
    mutex_unlock(&fs->tree.lock);
}

void tree_move(struct fs *fs, struct node *node, struct node *parent, const char *name,
               const struct node_ops *ops)
{
    mutex_lock(&fs->tree.lock);
    set_parent_locked(&fs->tree, node, parent, name);
    if (parent && !S_ISDIR(node->ops->type)) {
        node->kind = parent->kind;
        node->folder = parent->folder;
    }
    if (ops)
        node->ops = ops;
    mutex_unlock(&fs->tree.lock);
}

void tree_move_ino(struct fs *fs, uint64_t ino, const struct place *to, const struct node_ops *ops)
{
    struct node *node = tree_get(fs, ino);

    if (node)
        tree_move(fs, node, to->dir, to->name, ops);
    tree_put(fs, node);
}

void tree_lose(struct fs *fs, struct node *node)
{
    LOCKED(&fs->tree.lock);
    node->lost = true;
}

bool tree_is_lost(struct fs *fs, struct node *node)
{
    LOCKED(&fs->tree.lock);
    return node->lost;
}

void tree_set_refusal(struct fs *fs, struct node *node, const char *reason)
{
    char *now = xstrdup(reason);

    mutex_lock(&fs->tree.lock);
    char *old = node->refusal;
    node->refusal = now;
    mutex_unlock(&fs->tree.lock);
    free(old);
}

int tree_refusal(struct fs *fs, struct node *node, struct buf *out)
{
    mutex_lock(&fs->tree.lock);
    int rc = node->refusal ? buf_addstr(out, node->refusal) : -ENODATA;
    mutex_unlock(&fs->tree.lock);
    return rc;
}

void tree_place(struct fs *fs, struct node *node, enum kind *ret_kind, const char **ret_folder)
{
    mutex_lock(&fs->tree.lock);
    *ret_kind = node->kind;
    *ret_folder = node->folder;
    mutex_unlock(&fs->tree.lock);
}

const struct node_ops *tree_ops(struct fs *fs, struct node *node)
{
    mutex_lock(&fs->tree.lock);
    const struct node_ops *ops = node->ops;
    mutex_unlock(&fs->tree.lock);
    return ops;
}

void tree_show(struct fs *fs, struct node *node, const struct stat *attr)
{
    mutex_lock(&fs->tree.lock);
    show_locked(node, attr);
    mutex_unlock(&fs->tree.lock);
}

bool tree_shows(struct fs *fs, struct node *node, const struct stat *attr)
{
    LOCKED(&fs->tree.lock);
    return is_shown_locked(node, attr);
}

static const char *start_of(const struct node *node)
{
    return node->name_start ? node->name_start : "";
}

char *tree_name(struct fs *fs, struct node *node)
{
    mutex_lock(&fs->tree.lock);
    char *name = node->name ? xasprintf("%s%s", start_of(node), node->name) : xstrdup("");
    mutex_unlock(&fs->tree.lock);
    return name;
}

struct node *tree_parent(struct fs *fs, struct node *node)
{
    mutex_lock(&fs->tree.lock);
    struct node *parent = node->parent;
    if (parent)
        parent->refs++;
    mutex_unlock(&fs->tree.lock);
    return parent;
}

int tree_add_way_up(struct fs *fs, struct node *dir, struct buf *out)
{
    int rc = 0;

    mutex_lock(&fs->tree.lock);
    for (struct node *at = dir; !rc && at && at->ino != FS_ROOT; at = at->parent)
        rc = buf_addstr(out, "../");
    mutex_unlock(&fs->tree.lock);
    return rc;
}

static int add_path_locked(const struct node *dir, struct buf *out)
{
    if (!dir || dir->ino == FS_ROOT)
        return 0;
    int rc = add_path_locked(dir->parent, out);
    return rc ? rc : buf_addf(out, "%s%s/", start_of(dir), dir->name);
}

int tree_add_path(struct fs *fs, struct node *dir, struct buf *out)
{
    mutex_lock(&fs->tree.lock);
    int rc = add_path_locked(dir, out);
    mutex_unlock(&fs->tree.lock);
    return rc;
}
