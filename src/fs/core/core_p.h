/*
 * core_p.h - nodes, attributes, contents and directory listings: what every branch builds on.
 *
 *     tree.c       nodes by inode number: references, names, life and death
 *     attr.c       attributes common to all, and how the kernel is told
 *     lookup.c     from a number to its class: lookup, attributes, xattrs, links, statfs
 *     content.c    the bytes of open files;   handle.c  open, read, write, flush, fsync, release
 *     data.c       the local bytes of an inode
 *     dir.c        open directories;          change.c  create, mkdir, unlink, setattr
 *     rename.c     who answers for a rename;  poll.c    who waits for a file to grow
 *     housekeeping.c  its thread;             caller.c  which system call a lookup belongs to
 *
 * Locks: fs.change serialises whatever changes a name, a slot or its local bytes, up to and
 * including the journal commit, and is never held across the network; readers do not take it.
 * tree.lock guards nodes and is short. base/mutex.h has the order.
 */
#ifndef OUTLOOKFS_FS_CORE_P_H
#define OUTLOOKFS_FS_CORE_P_H

#include "class_p.h"
#include "content_p.h"
#include "names_p.h"

#include <outlookfs/base/map.h>
#include <outlookfs/base/queue.h>
#include <outlookfs/sync/mailbox.h>

#define LIST_BATCH 256 /* records asked for at a time while listing */

struct fs {
    struct fs_config config;
    const struct branch *const *branches; /* NULL-terminated */
    const struct local_names *local;
    const struct mailbox_events
        *events; /* what happened to records: told by sync and by branches */
    struct mailbox *mailbox;
    struct cache *cache;
    struct state *state;
    struct writeback *writeback;
    struct outbox *outbox;
    struct triggers *triggers;
    struct waiters waiters;
    struct views *views;
    struct renderings *renderings;
    int64_t birth;                 /* ns: when the state directory was made; mtime of directories */
    int64_t started;               /* ns */
    _Atomic int64_t mail_changed;  /* ns: when a message last came, changed or went */
    _Atomic uint64_t attr_changes; /* grows when attributes of any inode may have changed */
    struct tree tree;
    struct mutex change;
    pthread_cond_t content_gone; /* with change: the last handle of a content was closed */
    struct queue chores;         /* housekeeping.c */
    pthread_t housekeeper;
    bool running;
    _Atomic bool stopping;
};

/* --- attr.c --- */
/* Attributes common to all: ino, type, owner, mode under umask, nlink, times = birth. */
void attr_init(struct fs *fs, uint64_t ino, const struct node_ops *ops, struct stat *ret);
void attr_set_size(struct stat *st, uint64_t size);
void attr_set_mtime(struct stat *st, int64_t ns);
int64_t attr_mtime(const struct stat *st);
/* The kernel is told that attributes and content changed; attributes that a listing holds are not
 * given out any more. */
void notify_inode(struct fs *fs, uint64_t ino);
void notify_kernel(struct fs *fs, uint64_t ino); /* the first half of that */

/* --- lookup.c --- */
int node_getattr(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret);
/* Looks up local names, then by class. Referenced, nlookup unchanged. */
int node_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                struct node **ret);
int node_entry(struct fs *fs, const struct fs_req *req, struct node *node,
               struct fs_entry *ret); /* + nlookup */
bool node_is_dir(const struct node_ops *ops);
bool node_is_read_only(struct fs *fs, struct node *node); /* itself, or the whole mount */
/*
 * A refusal that a person could not guess: EPERM, EROFS, EXDEV or EINVAL. The log has the path below the mount point and
 * `reason`, or what the directory's class says is to be done instead. Answers rc; any other rc is passed on in silence.
 */
int node_refuse(struct fs *fs, struct node *dir, const char *name, int rc, const char *reason);
/* The same of a node. */
int node_refuse_change(struct fs *fs, struct node *node, int rc, const char *reason);
/* Why a directory refuses a change, for a message; and why with this errno. */
const char *node_refusal(struct fs *fs, struct node *dir);
const char *node_reason(struct fs *fs, struct node *dir, int rc);

/* --- dir.c --- */
/* What the attributes of entries differ in. */
struct dir_attr {
    uint64_t size;
    int64_t mtime; /* ns; 0: that of directories */
    uint64_t seq;  /* of the cached record whose text it is; or 0 */
    bool keeps_name;
};
/* One entry being listed: what readdir shows, and enough to make the node. `attr` may be NULL
 * (asked for when needed, as it is when anything changes before the entry is read). Strings are
 * copied. */
void dir_add(struct dir_list *list, struct node_spec spec, const struct dir_attr *attr);
/* The name, or where it is too long or was given before in this list, one with a hash of `id`. Takes
 * and returns it. */
char *dir_unique_name(struct dir_list *list, char *name, const char *id);
/* The entry of this name among those that the class lists: node_ops.lookup(). */
int dir_find(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
             struct node **ret);
/* A class's own cursor, zero at the start; and strings it wants to remember between calls. */
uint64_t *dir_cursor(struct dir_list *list);
struct map *dir_seen(struct dir_list *list);

/* --- rename.c --- */
/* What holds for every rename: 0, 1 (nothing to do) or -errno. */
int rename_check(const struct place *from, bool from_there, const struct place *to, bool to_there,
                 unsigned flags);

/* --- caller.c --- */
/* Is the thread (fs_req.pid) just making a directory? False where that cannot be told. May sleep
 * for a moment. */
bool caller_makes_directory(pid_t tid);

/* --- poll.c --- */
void waiters_init(struct waiters *w);
void waiters_release(struct waiters *w);
void waiters_forget(struct fs *fs, struct fs_handle *h); /* the handle goes */
void waiters_fire(struct fs *fs, uint64_t ino);          /* the file has grown or ended */

/* --- housekeeping.c --- */
/* Carried out by the housekeeping thread, which frees it afterwards; `drop` frees its members. */
struct chore {
    void (*run)(struct fs *fs, struct chore *t);
    void (*drop)(struct chore *t);
};
void housekeeping_do(struct fs *fs, struct chore *t);
void housekeeping_wake(struct fs *fs); /* something may expire earlier than known */
int housekeeping_start(struct fs *fs);
void housekeeping_stop(struct fs *fs);
void housekeeping_release(struct fs *fs);

#endif
