/*
 * node_p.h - nodes: an inode the kernel, or one of our handles, knows.
 */
#ifndef OUTLOOKFS_FS_NODE_P_H
#define OUTLOOKFS_FS_NODE_P_H

#include "class_p.h"

#include <outlookfs/base/map.h>
#include <outlookfs/base/mutex.h>
#include <outlookfs/store/cache.h>

/* What the kernel was told last. */
struct shown {
    int64_t mtime;
    int64_t size;              /* -1: nothing yet */
    struct cache_version text; /* the cached text these two are of, or zero */
};

struct node {
    /* constant */
    uint64_t ino;
    char *id; /* classes with an id of their own (message of an attachment, ...); else NULL */
    const char *id_start; /* tree_share(): what is in front of `id`; for most classes NULL */
    char *part;           /* attachment id, ...; else NULL */
    int64_t row;          /* of the journal's table the class is about (triggers); else 0 */

    /* Where it lies: the kind of the branch (or KIND_COUNT) and the service's folder id (interned,
     * or NULL). Constant for directories; of files guarded by tree.lock: tree_place(). */
    const char *folder;
    enum kind kind;

    /* guarded by tree.lock */
    unsigned refs : 30;         /* ours: calls under way, children, handles */
    unsigned opened : 1;        /* it had a content: the kernel may have its pages */
    unsigned lost : 1;          /* its name went by itself: tree_lose() */
    const struct node_ops *ops; /* changes when a rename turns a local file into a record or back */
    struct node *parent;        /* referenced; NULL for the root and for unlinked nodes */
    const char *name_start;     /* interned, or NULL: what is in front of `name` */
    char *name;
    uint64_t nlookup;        /* the kernel's references */
    struct content *content; /* while a handle is open */
    UT_hash_handle hh;
    struct shown shown;
    char *refusal; /* why its last change was refused and is not there; or NULL */
};

struct tree {
    struct mutex lock;
    struct node *nodes; /* a hash by inode number; guarded by lock */
    struct map folders; /* interned folder ids; guarded by lock */
    struct map starts;  /* interned beginnings of names and ids; guarded by lock */
    struct node *hand;  /* the next one that may be old, NULL: the first; guarded by lock */
    unsigned made;      /* nodes since old ones were looked for; guarded by lock */
};

/* What a new node is. Strings are copied. */
struct node_spec {
    uint64_t ino;
    const struct node_ops *ops;
    struct node *parent;
    const char *name;
    enum kind kind;
    const char *folder, *id, *id_start, *part;
    int64_t row;
};

/* An entry of `dir`, of the same kind and folder. */
static inline struct node_spec spec_in(struct node *dir, const struct node_ops *ops, uint64_t ino,
                                       const char *name)
{
    return (struct node_spec){.ino = ino,
                              .ops = ops,
                              .parent = dir,
                              .name = name,
                              .kind = dir->kind,
                              .folder = dir->folder};
}

/* --- tree.c --- */
void tree_init(struct fs *fs, const struct node_ops *root);
void tree_release(struct fs *fs);
struct node *tree_get(struct fs *fs, uint64_t ino);      /* with a reference, or NULL */
void tree_put(struct fs *fs, struct node *node);         /* gives it back; NULL is fine */
bool tree_knows(struct fs *fs, uint64_t ino);            /* is there such a node? */
struct node *tree_parent(struct fs *fs, struct node *n); /* referenced, or NULL */
/* The node of this inode, made when it is not there, with a reference; an existing one takes parent
 * and name if it has none. */
struct node *tree_obtain(struct fs *fs, struct node_spec spec);
const char *tree_intern(struct fs *fs, const char *folder); /* lives as long as the tree */
/* The ids of a folder are long and differ at their ends only. A class that has many nodes keeps the
 * beginning once: answers it, interned, or NULL; *ret_rest is what follows it in `id`. */
const char *tree_share(struct fs *fs, const char *id, const char **ret_rest);
/*
 * An entry of a listing, in one step, because listings are long: the node is made, the kernel is
 * told `attr`, which are those of the cached text, and refers to it. False, and nothing of that: it
 * is open, or attributes have changed since `moment` (fs.attr_changes).
 */
bool tree_list(struct fs *fs, const struct node_spec *spec, const struct stat *attr,
               struct cache_version text, uint64_t moment);
struct shown tree_shown(struct fs *fs, struct node *node);
void tree_remember(struct fs *fs, struct node *node); /* nlookup + 1 */
void tree_forget(struct fs *fs, uint64_t ino, uint64_t count);
/* A rename or unlink: parent NULL detaches; `ops` NULL: unchanged. A file takes kind and folder of
 * its parent. */
void tree_move(struct fs *fs, struct node *node, struct node *parent, const char *name,
               const struct node_ops *ops);
/* The same of an inode, where it has a node. */
void tree_move_ino(struct fs *fs, uint64_t ino, const struct place *to, const struct node_ops *ops);
/* Its name goes, and no request of the kernel takes it away: whoever comes by it meanwhile is to look it up again. */
void tree_lose(struct fs *fs, struct node *node);
bool tree_is_lost(struct fs *fs, struct node *node);
/* NULL: its last change was not refused. */
void tree_set_refusal(struct fs *fs, struct node *node, const char *reason);
int tree_refusal(struct fs *fs, struct node *node, struct buf *out); /* -ENODATA: none */
void tree_place(struct fs *fs, struct node *node, enum kind *ret_kind, const char **ret_folder);
const struct node_ops *tree_ops(struct fs *fs, struct node *node);
void tree_show(struct fs *fs, struct node *node, const struct stat *attr);  /* the kernel is told */
bool tree_shows(struct fs *fs, struct node *node, const struct stat *attr); /* ... and knows this */
char *tree_name(struct fs *fs, struct node *node);                          /* a copy */
int tree_add_path(struct fs *fs, struct node *dir, struct buf *out);        /* "mail/Inbox/" */
int tree_add_way_up(struct fs *fs, struct node *dir, struct buf *out); /* "../../": to the root */

#endif
