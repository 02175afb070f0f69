/*
 * fs_p.h - the inside of the fs room.
 *
 * A node is an inode the kernel (or one of our handles) knows. What it does is its class, a const
 * `struct node_ops`; a branch is a top-level directory with the classes below it. A new top-level
 * directory is a new file with a `struct branch` and one line in branches.c.
 *
 *     fs.c         made, started, stopped
 *     branches.c   the top-level directories
 *     tree.c       nodes by inode number: references, names, life and death
 *     dispatch.c   lookup, attributes, xattrs, links, statfs: finds the node, asks its class
 *     dir.c        open directories
 *     content.c    the bytes of open files, shared by their handles
 *     handle.c     open files: read, write, flush, fsync, release
 *     change.c     create, mkdir, symlink, unlink, rmdir, setattr
 *     rename.c, rename_record.c   the cases of rename; rename_p.h
 *     scratch.c    local files, directories and links: any name that is no record
 *     folder.c     mail/, calendars/, contacts/ and their folders
 *     record.c     record files as seen from outside: lookup, listing, attributes, content
 *     slot.c       what happens to a name in a record folder: created, vacated, touched
 *     keep.c       which bytes a record's file shows after a save
 *     commit.c     a file was closed: record, draft or mistake
 *     expire.c     vacancies and empty drafts that end by themselves
 *     attachment.c <id>.attachments/
 *     outbox.c     outbox/
 *     triggers.c   triggers/
 *     search.c, search_query.c   search/
 *     caller.c     which system call a lookup belongs to
 *     views.c, view_keep.c, view_index.c   views/: links for people; views_p.h
 *     export.c, export_file.c, export_whole.c, export_maildir.c, rendering.c
 *                  export/: the records in other formats; export_p.h
 *     derived.c    the top of search/, views/ and export/: the kinds, and CACHEDIR.TAG
 *     poll.c       who waits for a stream to grow
 *     control.c, collections.c, status.c   .outlookfs/
 *     events.c     the housekeeping thread: what sync reports, and what ends by itself
 *
 * Locks, in the order they are taken:
 *
 *     fs.change    serialises everything that changes a name, a slot or its local bytes, up to and
 *                  including the journal commit. Readers do not take it. Never held across the
 *                  network.
 *     tree.lock    nodes: the table, references, names, slot ids, content pointers. Short; no call
 *                  out of the room.
 *     (store)      the databases' own locks, inside.
 */
#ifndef OUTLOOKFS_FS_P_H
#define OUTLOOKFS_FS_P_H

#include <outlookfs/base/buf.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/queue.h>
#include <outlookfs/fs/fs.h>
#include <outlookfs/sync/mailbox.h>
#include <outlookfs/sync/outbox.h>
#include <outlookfs/sync/search.h>
#include <outlookfs/sync/triggers.h>
#include <outlookfs/sync/writeback.h>
#include <pthread.h>

struct content;
struct dir_list;
struct node;

/* --- classes --- */

enum node_flags {
    NODE_SCRATCH_OK = 1 << 0, /* a directory that takes scratch names */
    NODE_VOLATILE =
        1 << 1, /* made anew at every look: the kernel caches neither attributes nor content */
    NODE_VIEW = 1 << 2, /* a directory below views/: names of records are links, not to be made */
    NODE_READ_ONLY = 1 << 3, /* nothing in it or of it can be changed: EROFS, and no write bits */
    NODE_DEAR = 1 << 4, /* attributes take work: a listing leaves out those that dir_add() was not
                           given */
};

/* Unset members: directories have no entries of their own, files no content, the rest is -EPERM or
 * empty. */
struct node_ops {
    const char *name; /* for logs */
    mode_t type;      /* S_IFDIR, S_IFREG, S_IFLNK */
    unsigned flags;   /* enum node_flags */

    /* -- directories: entries of their own (scratch entries are added by the caller) -- */
    /* A referenced node or -errno. */
    int (*lookup)(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                  struct node **ret);
    /* Adds entries with dir_add(), some at a time: called again with the same `list` until it
     * answers 0 (no more). 1: call again. */
    int (*list)(struct fs *fs, const struct fs_req *req, struct node *dir, struct dir_list *list);
    /* Makes a directory that is more than a local one. May block on the network; called without
     * locks. NULL: scratch, or refused. */
    int (*mkdir)(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                 struct node **ret);
    /* unlink and rmdir; under fs.change. */
    int (*remove)(struct fs *fs, struct node *dir, const char *name);

    /* The class of the regular files kept in it as scratch; NULL: scratch_file_ops. */
    const struct node_ops *files;

    /* -- all -- */
    int (*getattr)(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret);
    int (*getxattr)(struct fs *fs, struct node *node, const char *name,
                    struct buf *out); /* name without "user.outlook." */

    /* touch(1), beside the new time: under fs.change. May be NULL. */
    int (*touch)(struct fs *fs, struct node *node);

    /* Before an open: brings what load() or list() needs to this machine. May block on the network;
     * called without locks. May be NULL. */
    int (*prepare)(struct fs *fs, const struct fs_req *req, struct node *node);

    /* -- links -- */
    /* Where it leads to. */
    int (*readlink)(struct fs *fs, struct node *node, struct buf *out);

    /* -- files -- */
    /* Fills a new content: fd or text. Under fs.change, no network. */
    int (*load)(struct fs *fs, struct node *node, struct content *ret);
    bool writable;
    /* Takes writes itself; they change no content. May block; called without locks. */
    ssize_t (*write)(struct fs *fs, const struct fs_req *req, struct node *node, const void *data,
                     size_t size);
    /* Reads itself. May block; called without locks. NULL: the content's bytes. */
    ssize_t (*read)(struct fs *fs, struct node *node, struct content *content, void *out,
                    size_t size, off_t offset);
    /* Is there something to read behind `position`? NULL: always ready. */
    enum fs_ready (*ready)(struct fs *fs, struct node *node, off_t position);
    /*
     * The bytes are about to change; an error refuses the change. Called without locks. May be
     * NULL.
     */
    int (*changing)(struct fs *fs, const struct fs_req *req, struct node *node);
    /* The bytes changed and a descriptor was closed, or the last one, or a rename: under fs.change.
     * NULL: nothing to do. */
    int (*commit)(struct fs *fs, struct node *node, struct content *content, struct buf *err);
    /* Programs that ask for durability. NULL: fsync of the local bytes. Called without locks. */
    int (*sync)(struct fs *fs, const struct fs_req *req, struct node *node,
                struct content *content);
    /* The last handle is closed; `content` goes. Under fs.change. May be NULL. */
    void (*closed)(struct fs *fs, struct node *node, struct content *content);
};

struct branch {
    const char *name;             /* of the top-level directory */
    const struct node_ops *root;  /* its class */
    enum kind kind;               /* of the records below, or KIND_COUNT */
    const struct node_ops *kinds; /* of its mail/, calendars/ and contacts/, where it shows records
                                     of other branches (derived.c); else NULL */
};
extern const struct branch *const branches[]; /* NULL-terminated; branches.c */

/* --- nodes --- */

struct node {
    /* constant */
    uint64_t ino;
    char *
        id; /* classes with an id of their own (message of an attachment, queue entry); else NULL */
    char *part; /* attachment id, ...; else NULL */

    /* Where it lies: the kind of the branch (or KIND_COUNT) and the service's folder id (interned,
     * or NULL). Constant for directories; of files guarded by tree.lock, because a rename may bring
     * them elsewhere: tree_place(). */
    enum kind kind;
    const char *folder;

    /* guarded by tree.lock */
    const struct node_ops *ops; /* changes when a rename turns scratch into a record or back */
    struct node *parent;        /* referenced; NULL for the root and for unlinked nodes */
    char *name;
    int64_t slot;            /* record files: the slot, 0 while there is none */
    uint64_t nlookup;        /* the kernel's references */
    unsigned refs;           /* ours: calls under way, children, handles */
    struct content *content; /* while a handle is open */
    struct node *next;       /* in the hash chain */
    int64_t shown_mtime;     /* what the kernel was told last: see fs_open() */
    int64_t shown_size;      /* -1: nothing yet */
};

/*
 * The bytes of an open file, shared by all its handles: either a text in memory that nobody
 * changes, or a local file. A writable class goes from text to file at the first change
 * (content_own()).
 */
struct content {
    unsigned handles;  /* guarded by tree.lock */
    struct mutex lock; /* the step from text to file; taken alone or under fs.change */
    _Atomic int fd;    /* -1: text. Set once, under lock */
    char *text;
    size_t len;            /* of text */
    _Atomic int64_t mtime; /* of text, ns */
    bool owned;            /* guarded by lock: content_own() was here */
    char *base; /* guarded by lock: the visible text before the first change since the last commit,
                   for the merge; or NULL */
    _Atomic uint64_t changed; /* grows with each change of bytes */
    _Atomic uint64_t synced;  /* `changed` at the last fsync */
    uint64_t committed;       /* guarded by fs.change: `changed` at the last commit */
    bool refused; /* guarded by fs.change: the bytes can never be accepted: the record's own come
                     back at the last close */
};

struct tree {
    struct mutex lock;
    struct node **buckets;  /* guarded by lock */
    size_t nbuckets, count; /* guarded by lock */
    struct map folders;     /* interned folder ids; guarded by lock */
};

struct fs_handle {
    struct node *node;       /* referenced */
    struct content *content; /* one handle of it */
    bool writable;
    _Atomic off_t position;         /* where the last read ended */
    void *waiter;                   /* of fs_poll(), or NULL; guarded by waiters.lock */
    struct fs_handle *next_waiting; /* guarded by waiters.lock */
};

/* Handles with a waiter. */
struct waiters {
    struct mutex lock;
    struct fs_handle *first; /* guarded by lock */
};

/* The indexes of views/ that are in memory. */
struct views {
    struct mutex lock;       /* short; no call out of the room */
    struct kept_view *first; /* guarded by lock */
    size_t count;            /* guarded by lock */
};

/* Files that were made of records: rendering.c. */
struct renderings {
    struct mutex lock;
    struct rendering *first; /* guarded by lock; the newest first */
};

struct fs {
    struct fs_config config;
    struct mailbox *mailbox;
    struct cache *cache;
    struct state *state;
    struct writeback *writeback;
    struct outbox *outbox;
    struct triggers *triggers;
    struct waiters waiters;
    struct views views;
    struct renderings renderings;
    int64_t birth;                 /* ns: when the state directory was made; mtime of directories */
    int64_t started;               /* ns */
    _Atomic int64_t mail_changed;  /* ns: when a message last came, changed or went */
    _Atomic uint64_t attr_changes; /* grows when attributes of any inode may have changed */
    struct tree tree;
    struct mutex change;
    struct queue events; /* events.c */
    pthread_t housekeeper;
    bool running;
    _Atomic bool stopping;
};

/* --- tree.c --- */
int tree_init(struct fs *fs);
void tree_release(struct fs *fs);

/* The node with a reference, or NULL. */
struct node *tree_get(struct fs *fs, uint64_t ino);
void tree_put(struct fs *fs, struct node *node); /* gives a reference back; NULL is fine */

/* What a new node is. Strings are copied. */
struct node_spec {
    uint64_t ino;
    const struct node_ops *ops;
    struct node *parent;
    const char *name;
    enum kind kind;
    const char *folder, *id, *part;
    int64_t slot;
};
/* The node of this inode, made when it is not there, with a reference; an existing one takes parent
 * and name if it has none, and the slot. */
struct node *tree_obtain(struct fs *fs, const struct node_spec *spec);

/* A copy of a folder id that lives as long as the tree. */
const char *tree_intern(struct fs *fs, const char *folder);
void tree_remember(struct fs *fs, struct node *node); /* nlookup + 1 */
void tree_forget(struct fs *fs, uint64_t ino, uint64_t count);

/* A rename or unlink: parent NULL detaches. `ops` NULL: unchanged. The node takes kind and folder
 * of its parent. */
void tree_move(struct fs *fs, struct node *node, struct node *parent, const char *name,
               const struct node_ops *ops, int64_t slot);
int64_t tree_slot(struct fs *fs, struct node *node);
void tree_place(struct fs *fs, struct node *node, enum kind *ret_kind, const char **ret_folder);
const struct node_ops *tree_ops(struct fs *fs, struct node *node);
void tree_show(struct fs *fs, struct node *node,
               const struct stat *attr);           /* the kernel is told these attributes */
char *tree_name(struct fs *fs, struct node *node); /* a copy */
struct node *tree_parent(struct fs *fs, struct node *node); /* referenced, or NULL */

/* --- dispatch.c --- */
/* Attributes common to all: ino, type, owner, mode under umask, nlink, times = birth. */
void attr_init(struct fs *fs, const struct node *node, struct stat *ret);
void attr_set_mtime(struct stat *st, int64_t ns);
int64_t attr_mtime(const struct stat *st);
int node_getattr(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret);
/* Looks up by class, then scratch. Referenced, nlookup unchanged. */
int node_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                struct node **ret);
int node_entry(struct fs *fs, const struct fs_req *req, struct node *node,
               struct fs_entry *ret); /* + nlookup */
bool node_is_dir(const struct node_ops *ops);
bool node_is_read_only(struct fs *fs, struct node *node); /* itself, or the whole mount */
/* The kernel is told that attributes and content changed; attributes that a listing holds are not
 * given out any more. */
void notify_inode(struct fs *fs, uint64_t ino);
void notify_kernel(struct fs *fs, uint64_t ino); /* the first half of that */

/* --- dir.c --- */
/* One entry being listed: what readdir shows, and enough to make the node. `attr` may be NULL
 * (asked for when needed, as it is when anything changes before the entry is read). Strings are
 * copied. */
int dir_add(struct dir_list *list, const struct node_spec *spec, const struct stat *attr);
/* Room for a class's own cursor, zero at the start. */
uint64_t *dir_cursor(struct dir_list *list);
/* Strings a class wants to remember between calls of list(). */
struct map *dir_seen(struct dir_list *list);

/* --- content.c --- */
/* The node's content with one more handle, loaded when there is none. content_put() gives the
 * handle back; the last one commits. */
int content_get(struct fs *fs, const struct fs_req *req, struct node *node, struct content **ret);
void content_put(struct fs *fs, struct node *node);
/* NULL when no handle is open; valid while the caller holds a handle or fs.change. */
struct content *content_peek(struct fs *fs, struct node *node);
/*
 * Makes the content the node's own local file, ready to be changed; `keep` false: empty (O_TRUNC).
 */
int content_own(struct fs *fs, struct node *node, struct content *content, bool keep);
/* All bytes as text; *ret is the caller's. -EFBIG. */
int content_text(struct content *content, char **ret, size_t *ret_len);
int content_stat(struct content *content, struct stat *st); /* size and times */
/* The same of the node's content, from any thread. -ENOENT: no handle is open. */
int content_stat_open(struct fs *fs, struct node *node, struct stat *st);
/* Hands changed bytes to the class, once per change, and says in the log why they were not taken;
 * under fs.change. */
int content_commit(struct fs *fs, struct node *node, struct content *content);
/* The next change begins at `text`. */
void content_rebase(struct content *content, const char *text);

/* --- handle.c --- */
int content_truncate(struct fs *fs, const struct fs_req *req, struct node *node,
                     struct content *content, off_t size);

/* --- scratch.c --- */
extern const struct node_ops scratch_file_ops, scratch_dir_ops, scratch_link_ops;
int scratch_lookup(struct fs *fs, struct node *dir, const char *name, struct node **ret);
int scratch_list(struct fs *fs, struct node *dir, struct dir_list *list);
/* Under fs.change. `mode` with type. Referenced node. */
int scratch_make(struct fs *fs, struct node *dir, const char *name, mode_t mode, const char *target,
                 struct node **ret);
int scratch_remove(struct fs *fs, struct node *dir, const char *name, bool directory);
/* Is this class one of things that are kept on this machine only, and may be moved? */
bool node_is_local(const struct node_ops *ops);
/* The class of a local thing of this type in a directory of the class `dir_ops`. */
const struct node_ops *scratch_class(const struct node_ops *dir_ops, mode_t mode);
int scratch_load(struct fs *fs, struct node *node, struct content *ret);
int scratch_getattr(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret);
void scratch_closed(struct fs *fs, struct node *node, struct content *content);
int scratch_is_empty(struct fs *fs, uint64_t ino); /* a directory: 0 or -ENOTEMPTY */
bool scratch_allowed(const struct node_ops *dir_ops, const char *name, mode_t type);
int scratch_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set);
int data_make(struct fs *fs, uint64_t ino);                     /* data/<ino>, empty */
int data_set_mtime(struct fs *fs, uint64_t ino, int64_t mtime); /* of data/<ino> */

/* --- folder.c, record.c --- */
extern const struct node_ops root_ops, kind_root_ops, folder_ops, record_ops;
uint64_t folder_ino(enum kind kind, const char *folder);
/* mailbox_list(), and in the log why it failed. */
int folder_refresh(struct fs *fs, enum kind kind, const char *folder, struct cancel *cancel);
/* The service's folders directly below `dir` (its folder NULL: the top ones), as the nodes that
 * `spec_of` says. */
typedef struct node_spec (*folder_spec_fn)(struct fs *fs, struct node *dir,
                                           const struct cache_folder *f);
int folder_find(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                folder_spec_fn spec_of, struct node **ret);
int folder_list_below(struct fs *fs, const struct fs_req *req, struct node *dir,
                      folder_spec_fn spec_of, struct dir_list *list);
int folder_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out);
#define LIST_BATCH 256 /* records asked for at a time while listing */
uint64_t record_ino(enum kind kind, const char *folder, const char *id);
int record_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                  struct node **ret);
/* Is there a record of this id in the node's folder? 0 or -errno. Asks the service where the folder
 * was not listed, but for no name that can be no id. */
int record_exists(struct fs *fs, const struct fs_req *req, struct node *dir, const char *id);
/* A record node in a folder directory; `slot` 0: an untouched record. Referenced. */
struct node *record_node(struct fs *fs, struct node *dir, const char *name, uint64_t ino,
                         int64_t slot);
/* The text that is visible in a slot now: of the open file, the local bytes, or the cache. The
 * caller frees. -ENOENT. */
int record_visible(struct fs *fs, const struct slot *slot, char **ret);
/* Size, times and mode of what is visible in a slot, leaving the other members of `ret`. */
int slot_stat(struct fs *fs, const struct slot *slot, struct stat *ret);
/* "synced", "pending", ...; `op` zeroed: there is none. */
const char *slot_state_name(const struct slot *slot, const struct journal_op *op);
/* What is wrong with a draft's text, with line and column. -ENODATA: nothing. */
int draft_error(struct fs *fs, const struct slot *slot, struct buf *out);

/* --- slot.c: all under fs.change --- */
/*
 * The slot a name means, which is not in the database yet (id 0) for an untouched record. -ENOENT:
 * neither slot nor cached record. A vacant slot is found, too.
 */
int slot_of_name(struct fs *fs, struct node *dir, const char *name, struct slot *ret);
/* The same for a record node. */
int slot_of_node(struct fs *fs, struct node *node, struct slot *ret);
/* The node of an inode knows its slot. Not before the transaction that stores the slot has
 * ended. */
void slot_bind(struct fs *fs, uint64_t ino, int64_t id);
/* Both, where no transaction is open. */
int slot_put(struct fs *fs, struct slot *slot);
/* Takes the inode out of the slot: flags of the local bytes are cleared, the next inode gets a new
 * number, the text that was visible becomes the base. */
int slot_vacate(struct fs *fs, struct slot *slot);
/* An inode is in no slot and no directory any more: its local bytes go, but stay while a handle is
 * open. */
void drop_inode(struct fs *fs, uint64_t ino);
/* A new file in a record folder: a vacant slot is refilled (its deletion cancelled), an unknown
 * name becomes a new slot. Referenced node. */
int slot_create(struct fs *fs, struct node *dir, const char *name, mode_t mode, struct node **ret);
/* unlink: the name is empty and a deletion waits. */
int slot_unlink(struct fs *fs, struct node *dir, const char *name);
/* commit.c: flush, release: the local bytes of the node become the record's, or a draft. */
int slot_commit(struct fs *fs, struct node *node, struct content *content, struct buf *err);
void slot_closed(struct fs *fs, struct node *node, struct content *content);
int slot_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set);
/* keep.c: under fs.change, except slots_reconcile_all() */
/* The service's record may differ from the local bytes now: keep or replace them. */
int slot_reconcile(struct fs *fs, struct slot *slot);
/* The same of a name in a record folder, for those who replace or remove what they see there. Not
 * in a transaction. */
void slot_reconcile_name(struct fs *fs, struct node *dir, const char *name);
/* What is pending becomes visible, or the service's rendering, whatever the local bytes say. */
int slot_revert(struct fs *fs, struct slot *slot);
/* At the start: bytes that nobody closed give way to what was saved before them, ... */
int slots_recover(struct fs *fs);
/* ... and the record may have changed while nobody looked. */
void slots_reconcile_all(struct fs *fs);
/* A text the service cannot take, or took no longer than until the editor rolled back. */
int trash_rejected(struct fs *fs, const struct slot *slot, const char *text);
/* The same for what is parked for the slot, before another change of the user replaces it. */
int slot_keep_refused(struct fs *fs, const struct slot *slot);
/* A slot nothing needs any more is removed with its bytes; the name goes, too, where no record is
 * behind it. */
void slot_forget(struct fs *fs, struct slot *slot);

/* --- expire.c: under fs.change --- */
/* A vacated name reappears, and an empty draft reverts, after this long (saving rules R8, R16). */
#define SLOT_GRACE (10 * NS_PER_S)
/* Ends what is over. Answers when to look again (clock_steady()); INT64_MAX: nothing waits. */
int64_t slots_expire(struct fs *fs, int64_t now);

extern const struct node_ops attachments_ops, attachment_ops;
/* --- attachment.c --- */
/* `name` is "<id>.attachments" of a message in the folder directory. */
int attachments_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                       struct node **ret);
int attachments_add(struct fs *fs, struct node *dir, const char *id, struct dir_list *list);

/* --- control.c, collections.c, status.c --- */
extern const struct node_ops control_root_ops;
/*
 * queue/, failed/, trash/, conflicts/: directories of what the databases hold, made at every look.
 */
struct collection;
extern const struct collection *const collections[]; /* NULL-terminated */
struct node *collection_node(struct fs *fs, struct node *dir, const struct collection *c);
const char *collection_name(const struct collection *c);
/* The bytes of .outlookfs/status.json. */
int status_render(struct fs *fs, struct buf *out);
/* The bytes of one operation in queue/ or failed/. */
int operation_render(struct fs *fs, int64_t slot, struct buf *out);
/* ... of one mail. */
int mail_render(struct fs *fs, int64_t id, struct buf *out);

/* --- outbox.c --- */
extern const struct node_ops outbox_root_ops, outbox_dir_ops, outbox_sent_ops;
/* One end of a rename. */
struct outbox_place {
    struct node *dir;
    const char *name;
};
struct outbox_move {
    bool leaves;  /* it will not be sent */
    bool arrives; /* it will be sent as `row` says */
    struct outbox_row row;
};
/*
 * A local file is renamed; all under fs.change. _begin() judges its bytes where the new name is one
 * that is sent, and changes nothing; _apply() stands in the transaction of the rename; _end()
 * always follows.
 */
int outbox_move_begin(struct fs *fs, const struct fs_req *req, const struct local *l,
                      const struct outbox_place *from, const struct outbox_place *to,
                      struct outbox_move *ret, struct buf *err);
int outbox_move_apply(struct fs *fs, const struct local *l, struct outbox_move *move);
void outbox_move_end(struct fs *fs, struct outbox_move *move);
/* A local file of the directory goes; in a transaction. -EBUSY: it is just being sent. */
int outbox_leave(struct fs *fs, struct node *dir, uint64_t ino);
/* sync's event, under fs.change. */
void outbox_changed(struct fs *fs, uint64_t ino, uint64_t dir);
/* outbox/<one of them> by its number. Referenced; NULL: no such directory. */
struct node *outbox_dir_node(struct fs *fs, uint64_t ino);

/* --- triggers.c --- */
extern const struct node_ops triggers_root_ops, stream_ops;
bool trigger_is_stream_name(const char *name);
const char *trigger_state_name(const struct trigger_row *row);
/* A local file of this name leaves the directory; in a transaction. */
int trigger_leave(struct fs *fs, struct node *dir, const char *name);
/* As outbox_move: _begin() judges and changes nothing, _apply() stands in the transaction of the
 * rename, _end() always follows. */
struct trigger_move {
    char *from, *to; /* triggers, or NULL */
    char *text;      /* of `to` */
    size_t len;
};
int trigger_move_begin(struct fs *fs, const struct local *l, struct node *from_dir,
                       const char *from, struct node *to_dir, const char *to,
                       struct trigger_move *ret, struct buf *err);
int trigger_move_apply(struct fs *fs, struct trigger_move *move, struct buf *err);
void trigger_move_end(struct fs *fs, struct trigger_move *move);

/* --- search.c, search_query.c --- */
extern const struct node_ops search_root_ops, search_kind_ops, search_folder_ops, search_query_ops,
    search_link_ops;

/* --- caller.c --- */
/* Is the thread (fs_req.pid) just making a directory? False where that cannot be told: see
 * caller.c. May sleep for a moment. */
bool caller_makes_directory(pid_t tid);

/* --- views.c, view_keep.c --- */
extern const struct node_ops views_root_ops, view_kind_ops;
/* -EPERM; where the directory is one of views/ the log says why. */
int view_refuse(const struct node_ops *dir_ops, const char *name);
void views_init(struct fs *fs);
void views_free(struct fs *fs);
/* Drops indexes nobody looks at. Answers when to look again (clock_steady()). */
int64_t views_expire(struct fs *fs, int64_t now);
/* --- export.c and those beside it: export_p.h --- */
extern const struct node_ops export_root_ops, export_kind_ops;
/* sync's event. */
void export_changed(struct fs *fs, enum kind kind, const char *folder, const char *id);
void renderings_init(struct renderings *r);
void renderings_release(struct renderings *r);

/* --- derived.c --- */
/* Lookup and list of the root of a branch that has `kinds`. */
int derived_lookup(struct fs *fs, const struct fs_req *req, struct node *root, const char *name,
                   struct node **ret);
int derived_list(struct fs *fs, const struct fs_req *req, struct node *root, struct dir_list *list);

/* --- poll.c --- */
void waiters_init(struct waiters *w);
void waiters_release(struct waiters *w);
/* The handle goes. */
void waiters_forget(struct fs *fs, struct fs_handle *h);
/* The file has grown or ended. */
void waiters_fire(struct fs *fs, uint64_t ino);

/* --- events.c --- */
extern const struct mailbox_events fs_events;
void events_wake(struct fs *fs); /* something may expire earlier than known */
void events_lost(struct fs *fs, const struct slot *slot); /* its record is not on the service */
int events_start(struct fs *fs);
void events_stop(struct fs *fs);
void events_release(struct fs *fs);

#endif
