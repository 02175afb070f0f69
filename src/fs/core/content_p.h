/*
 * content_p.h - the contents of open files, and handles. All handles of a node share one content,
 * because the kernel has one page cache per inode; but for files it caches nothing of.
 */
#ifndef OUTLOOKFS_FS_CONTENT_P_H
#define OUTLOOKFS_FS_CONTENT_P_H

#include "node_p.h"

#include <outlookfs/base/json.h>

#include <stdatomic.h>

/*
 * Bytes: either a text that nobody changes, in memory or still in the cache, or a local file. A
 * writable class goes from text to file at the first change (content_own()).
 */
struct content {
    unsigned handles;  /* guarded by tree.lock */
    struct mutex lock; /* the step from text to file; taken alone or under fs.change */
    _Atomic int fd;    /* -1: text. Set once, under lock */
    char *text;
    struct cache_hold *held;      /* in place of `text`: read when it is asked for */
    struct cache_version version; /* the cached text this is, or zero */
    size_t len;                   /* of the text */
    _Atomic int64_t mtime;        /* of text, ns */
    bool owned;                   /* guarded by lock: content_own() was here */
    char *base; /* guarded by lock: the visible text before the first change since the last commit,
                   for the merge; or NULL */
    _Atomic uint64_t changed; /* grows with each change of bytes */
    _Atomic uint64_t synced;  /* `changed` at the last fsync */
    _Atomic uint64_t
        flushed; /* `changed` at the last close of a descriptor; UINT64_MAX: none yet */
    _Atomic uint64_t committed; /* written under fs.change: `changed` at the last commit */
    atomic_bool refused;        /* written under fs.change: the bytes can never be accepted; the
                                  record's own come back at the last close */
    struct judgement *judged;   /* guarded by fs.change; or NULL */
};

/* What name_ops.judge() found out about the bytes of a content: first member of the class's own. */
struct judgement {
    uint64_t changed; /* content.changed, taken before the bytes were read */
    void (*drop)(struct fs *fs, struct judgement *j);
};

/* --- content.c --- */
/* One more handle, made or loaded when there is none; content_put() gives it back, the last one
 * commits. `reads`: of a program, for which the kernel will ask for the bytes, or is given them. */
int content_get(struct fs *fs, const struct fs_req *req, struct node *node, bool reads,
                struct content **ret);
void content_put(struct fs *fs, struct node *node, struct content *content);
/* The one that was opened last; NULL when no handle is open; valid while the caller holds a handle or fs.change. */
struct content *content_peek(struct fs *fs, struct node *node);
bool content_is_open(struct fs *fs, uint64_t ino);
/*
 * close() answers before the kernel sends RELEASE: where a program has closed what it wrote, waits
 * until the handle is closed here, too, for at most a second. -EINTR. Under fs.change, which it lets go.
 */
int content_wait_closed(struct fs *fs, const struct fs_req *req, struct node *node);
/* The node's own local file, ready to be changed; `keep` false: empty (O_TRUNC). */
int content_own(struct fs *fs, struct node *node, struct content *content, bool keep);
int content_text(struct fs *fs, struct content *content, char **ret, size_t *ret_len); /* -EFBIG */
/* The text where it lies, read if it is still in the cache. For bytes that are not a file's. */
int content_peek_text(struct fs *fs, struct content *content, const char **ret);
int content_stat(struct content *content, struct stat *st);               /* size and times */
int content_stat_open(struct fs *fs, struct node *node, struct stat *st); /* -ENOENT: not open */
/* The same, and where it is not open of what is made for it (node_ops.make). Unlocked. */
int content_stat_made(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *st);
/* What the bytes will be under the name `to`, found out while nobody has to wait (name_ops.judge). Unlocked. */
void content_judge(struct fs *fs, const struct fs_req *req, struct node *node,
                   struct content *content, const struct place *from, const struct place *to);
/* The caller's, to be dropped. NULL: the bytes have changed since, or nobody judged them. Locked. */
struct judgement *content_take_judgement(struct fs *fs, struct content *content);
/* A handle is closed: judges changed bytes and hands them to the class. Unlocked. */
int content_close(struct fs *fs, const struct fs_req *req, struct node *node,
                  struct content *content);
/* Hands changed bytes to the class, once per change; the log says why they were not taken. */
int content_commit(struct fs *fs, struct node *node, struct content *content);
/* The same of a class that sends them at once. Unlocked. */
int content_store(struct fs *fs, const struct fs_req *req, struct node *node,
                  struct content *content);
/*
 * The draft rule, for every file whose close means something: an editor empties a file, or writes a
 * part of it, before the whole. CONTENT_DRAFT: bytes of this shape are kept and nothing more, until
 * they change; after an fsync a part is meant to be the whole. 0: they are on disk, to be taken or
 * refused. Under fs.change.
 */
#define CONTENT_DRAFT 1
int content_arrive(struct content *content, enum json_shape shape);
/* Why it is a draft, for a person: "3:1: the text is not complete". */
void content_draft_reason(enum json_shape shape, const struct json_where *where, struct buf *out);
/* An inode's bytes have been committed by a rename; the next change begins at `text`, or NULL. */
void content_committed(struct fs *fs, uint64_t ino, const char *text);
void content_rebase(struct content *content, const char *text);

/* --- data.c: the local bytes of an inode, data/<ino> --- */
int data_make(struct fs *fs, uint64_t ino, const char *text); /* with these bytes in it */
int data_text(struct fs *fs, uint64_t ino, char **ret, size_t *ret_len);
int data_stat(struct fs *fs, uint64_t ino, struct stat *ret); /* size and times */
int data_fd_stat(int fd, struct stat *ret);
int data_sync(struct fs *fs, uint64_t ino);
int data_set_mtime(struct fs *fs, uint64_t ino, int64_t mtime);
/* An inode has left its directory: its local bytes go, once no handle is open. */
void drop_inode(struct fs *fs, uint64_t ino);
/* The same where the kernel does not know, which may keep the name for a while: an open by it is -ESTALE. */
void lose_inode(struct fs *fs, uint64_t ino);

struct fs_handle {
    struct node *node;       /* referenced */
    struct content *content; /* one handle of it */
    bool writable;
    _Atomic off_t position;         /* where the last read ended */
    void *waiter;                   /* of fs_poll(), or NULL; guarded by waiters.lock */
    struct fs_handle *next_waiting; /* guarded by waiters.lock */
};

struct waiters {
    struct mutex lock;
    struct fs_handle *first; /* guarded by lock */
};

/* --- handle.c --- */
int content_truncate(struct fs *fs, const struct fs_req *req, struct node *node,
                     struct content *content, off_t size);

#endif
