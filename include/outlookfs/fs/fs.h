/*
 * fs.h - what each file system call means, without libfuse.
 *
 * Every function is one call of the kernel's vocabulary over inode numbers and handles, answers 0
 * (or a count) or -errno, and may block: on the network when the cache has no answer (the request's
 * struct cancel ends that), on the local disk always. The layer fuse turns kernel messages into
 * these calls; tests call them directly.
 *
 * Names and rules: docs/SEMANTICS.md. Inode numbers are stable across remounts (model/name.h);
 * FS_ROOT is the root.
 *
 * Lookup counts: fs_lookup(), fs_create(), fs_mkdir(), fs_mknod(), fs_symlink() and each entry of
 * fs_readdir() with attributes add one reference to the inode that fs_forget() gives back; an inode
 * is valid as long as it has one.
 *
 * Threads: all functions from any thread, except create, start, stop and destroy.
 */
#ifndef OUTLOOKFS_FS_FS_H
#define OUTLOOKFS_FS_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

struct buf;
struct cancel;
struct fs;
struct fs_handle; /* an open file */
struct fs_dir;    /* an open directory */
struct mailbox;

#define FS_ROOT UINT64_C(1)
#define XATTR_PREFIX "user.outlook." /* extended attributes that say something about a file */

/*
 * How the kernel is told. Called from any thread with locks held: an implementation only enqueues, but for store().
 * Names are never taken back (src/fuse/notifier.c says why): the kernel believes them for a second.
 */
struct fs_notify {
    void (*inode)(void *ctx, uint64_t ino); /* attributes and content changed */
    /* Nobody here needs these files to be remembered: the kernel may forget those it does not use. NULL: it
     * forgets when it wants to. */
    void (*prune)(void *ctx, const uint64_t *inos, size_t count);
    /* The bytes of a file that is being opened and that nobody else has open: all there are, for the kernel to keep. Done when
     * it returns. NULL: it reads them. */
    void (*store)(void *ctx, uint64_t ino, const char *bytes, size_t count);
    /*
     * A waiter given to fs_poll() is given back: the file can be read now, or nobody asks any more.
     */
    void (*ready)(void *ctx, void *waiter);
    void (*unneeded)(void *ctx, void *waiter);
};

struct fs_config {
    struct mailbox *mailbox; /* not owned */
    uid_t uid;
    gid_t gid;
    mode_t umask; /* taken off 0600 and 0700 */
    bool read_only;
    bool fsync_local;       /* fsync makes the journal durable and does not wait for the service */
    const char *url;        /* for status.json; without secrets */
    const char *mountpoint; /* for status.json */
    const char *state_dir;  /* for status.json */
    const char *account;    /* for status.json; NULL: it has no name */
    const char *service;    /* for status.json */
    const struct fs_notify *notify; /* may be NULL */
    void *notify_ctx;
};

/* Who asks. */
struct fs_req {
    struct cancel *cancel; /* NULL: nobody can interrupt it */
    uid_t uid;
    gid_t gid;
    pid_t pid; /* the thread whose system call it is; 0: unknown */
};

int fs_new(const struct fs_config *config, struct fs **ret, struct buf *err);
int fs_start(struct fs *fs); /* the housekeeping thread; after the fork, before mailbox_start() */
void fs_stop(struct fs *fs);
void fs_destroy(struct fs *fs); /* NULL is fine */

/* --- names --- */

struct fs_entry {
    uint64_t ino;
    struct stat attr;
    bool cacheable; /* the kernel may keep the attributes until told otherwise, and the name for a
                      * moment; else nothing at all */
    bool
        keeps_name; /* the name is never another inode's: as soon as it means none, whatever is asked
                      * of this one is -ENOENT or -ESTALE, and the kernel looks the name up again */
};
int fs_lookup(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
              struct fs_entry *ret);
void fs_forget(struct fs *fs, uint64_t ino, uint64_t count);

int fs_mkdir(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
             mode_t mode, struct fs_entry *ret);
int fs_mknod(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
             mode_t mode, struct fs_entry *ret);
int fs_link(struct fs *fs, uint64_t parent, const char *name); /* -EPERM, and the log says why */
int fs_symlink(struct fs *fs, const struct fs_req *req, const char *target, uint64_t parent,
               const char *name, struct fs_entry *ret);
int fs_unlink(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name);
int fs_rmdir(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name);
/* `flags`: 0, RENAME_NOREPLACE or RENAME_EXCHANGE. */
int fs_rename(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
              uint64_t newparent, const char *newname, unsigned flags);

/* --- inodes --- */

enum fs_set {
    FS_SET_MODE = 1,
    FS_SET_UID = 2,
    FS_SET_GID = 4,
    FS_SET_SIZE = 8,
    FS_SET_MTIME = 16,
    FS_SET_MTIME_NOW = 32
};

/* `h` may be NULL. `ret_cacheable` may be NULL: see fs_entry.cacheable. */
int fs_getattr(struct fs *fs, const struct fs_req *req, uint64_t ino, struct fs_handle *h,
               struct stat *ret, bool *ret_cacheable);
int fs_setattr(struct fs *fs, const struct fs_req *req, uint64_t ino, struct fs_handle *h,
               const struct stat *attr, unsigned set, struct stat *ret);
int fs_readlink(struct fs *fs, uint64_t ino, struct buf *out);

/* "user.outlook.*"; -ENODATA. */
int fs_getxattr(struct fs *fs, uint64_t ino, const char *name, struct buf *out);
int fs_listxattr(struct fs *fs, uint64_t ino, struct buf *out); /* names, each with its NUL */

int fs_statfs(struct fs *fs, struct statvfs *ret); /* never the network */

/* --- files --- */

struct fs_open {
    struct fs_handle *handle;
    bool direct_io;  /* the kernel must not use its page cache for this handle */
    bool keep_cache; /* what the kernel has cached of the inode is still right */
    bool no_flush;   /* closing this handle needs no flush */
};
int fs_open(struct fs *fs, const struct fs_req *req, uint64_t ino, int flags, struct fs_open *ret);
int fs_create(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
              mode_t mode, int flags, struct fs_entry *ret_entry, struct fs_open *ret);
ssize_t fs_read(struct fs *fs, const struct fs_req *req, struct fs_handle *h, void *out,
                size_t size, off_t offset);
ssize_t fs_write(struct fs *fs, const struct fs_req *req, struct fs_handle *h, const void *data,
                 size_t size, off_t offset);
/*
 * What poll(2) wants to know. `waiter` (NULL: none) is told once when that may have changed, and
 * replaces the one the handle had: fs_notify.ready() or .unneeded() gives it back, at fs_release()
 * at the latest.
 */
enum fs_ready { FS_READY = 1, FS_ENDED = 2 }; /* ENDED: nothing will ever come behind the end */
unsigned fs_poll(struct fs *fs, struct fs_handle *h, void *waiter);
int fs_fallocate(struct fs *fs, const struct fs_req *req, struct fs_handle *h, int mode,
                 off_t offset, off_t length);
int fs_flush(struct fs *fs, const struct fs_req *req,
             struct fs_handle *h); /* one per close() of any descriptor */
int fs_fsync(struct fs *fs, const struct fs_req *req, struct fs_handle *h);
void fs_release(struct fs *fs, struct fs_handle *h); /* the last descriptor is closed */

/* --- directories --- */

int fs_opendir(struct fs *fs, const struct fs_req *req, uint64_t ino, struct fs_dir **ret);

struct fs_dirent {
    const char *name;
    uint64_t ino;
    mode_t type;   /* S_IFREG, S_IFDIR, S_IFLNK */
    uint64_t next; /* offset that continues behind it */
};
/*
 * The entry at `offset` (0: the first). 1: there, 0: the end, -errno. May wait for a listing page
 * under way. The entry is valid until the next call with this directory. One caller at a time per
 * directory.
 */
int fs_readdir(struct fs *fs, const struct fs_req *req, struct fs_dir *dir, uint64_t offset,
               struct fs_dirent *ret);
/* The same entry with attributes; adds a reference to the inode. Not for "." and "..", and not where
 * attributes take work that a reader of names should not pay: these answer -ENOENT. */
int fs_readdir_entry(struct fs *fs, const struct fs_req *req, struct fs_dir *dir, uint64_t offset,
                     struct fs_entry *ret);
void fs_releasedir(struct fs *fs, struct fs_dir *dir);

#endif
