/*
 * class_p.h - what a kind of directory, file or link does: the interface a branch implements.
 *
 * A node's class is a const struct node_ops, checked where a node is made: a directory with lookup()
 * has list(), and it has owns(), create() and rename() or none of them; a link has readlink(), a
 * file load() or make(). What else is not set is -EPERM or empty. What local names mean is names_p.h.
 *
 * "Locked" means under fs.change: a hook may write the databases and must not wait for the network.
 * "Unlocked" means with no lock held: it may wait for the network, and ends when req->cancel fires.
 * A build with assertions checks both: store and sync know the order of locks (base/mutex.h).
 */
#ifndef OUTLOOKFS_FS_CLASS_P_H
#define OUTLOOKFS_FS_CLASS_P_H

#include <outlookfs/base/buf.h>
#include <outlookfs/fs/fs.h>
#include <outlookfs/model/kind.h>
#include <outlookfs/store/state.h>

struct cache_folder;
struct content;
struct dir_list;
struct name_ops;
struct node;
struct node_spec;
struct place;

enum node_flags {
    NODE_LOCAL_NAMES = 1 << 0, /* a directory that takes names kept on this machine only */
    NODE_VOLATILE = 1 << 1,    /* made anew at every look: the kernel caches nothing of it */
    NODE_READ_ONLY = 1 << 2,   /* nothing in it or of it can be changed: EROFS, no write bits */
    NODE_LAZY_ATTR = 1 << 3, /* attributes take work: a listing leaves out those it was not given */
    NODE_WRITABLE = 1 << 4,  /* a file that can be opened for writing */
    NODE_MOVABLE = 1 << 5,   /* rename may take it elsewhere */
    NODE_KEEP_BASE = 1 << 6, /* content.base: the text before the first change, for a merge */
};

struct node_ops {
    const char *name; /* for logs */
    mode_t type;      /* S_IFDIR, S_IFREG, S_IFLNK */
    unsigned flags;   /* enum node_flags */

    /* -- all -- */
    /* Unlocked. NULL: the size and time of what make() makes, the size of where a link leads. */
    int (*getattr)(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret);
    /* Unlocked; `name` without "user.outlook.". */
    int (*getxattr)(struct fs *fs, struct node *node, const char *name, struct buf *out);
    /* fs_entry.keeps_name. Unlocked. NULL: no. */
    bool (*keeps_name)(struct fs *fs, struct node *node);
    /* Mode and time; locked. NULL: accepted and not kept, so that cp -a and rsync -a go on. */
    int (*setattr)(struct fs *fs, struct node *node, const struct stat *attr, unsigned set);
    /* Before an open: brings what load() or list() needs to this machine. Unlocked. */
    int (*prepare)(struct fs *fs, const struct fs_req *req, struct node *node);

    /* -- directories: entries of their own; local ones are added by core -- */
    /* A referenced node or -errno. Unlocked. NULL: dir_find(), what list() adds is all there is. */
    int (*lookup)(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                  struct node **ret);
    /* Adds entries with dir_add(), some at a time: called again with the same `list` until it
     * answers 0 (no more). 1: call again. Unlocked. */
    int (*list)(struct fs *fs, const struct fs_req *req, struct node *dir, struct dir_list *list);
    /* The service's folder `f` as an entry; `name` is what was looked up, NULL in a list. A spec
     * without a name: left out. For folders_lookup() and folders_list() (records_p.h). */
    struct node_spec (*folder)(struct fs *fs, struct node *dir, const struct cache_folder *f,
                               const char *name);
    /* Makes a directory that is more than a local one. Unlocked. NULL, or -ENOSYS: a local one, or
     * refused. */
    int (*mkdir)(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                 struct node **ret);
    /* Removes a directory that is more than a local one. Unlocked. NULL, or -ENOSYS: a local one, or
     * remove(). */
    int (*rmdir)(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name);
    /* Renames the directory `node`, whose class this is, with all that is in it. Unlocked. */
    int (*relocate)(struct fs *fs, const struct fs_req *req, struct node *node,
                    const struct place *from, const struct place *to, unsigned flags,
                    struct buf *err);
    int (*remove)(struct fs *fs, struct node *dir, const char *name); /* unlink, rmdir; locked */
    bool files_only; /* remove() is for files: rmdir of an entry is -EPERM */
    /* May something local of this type have this name? NULL: any but directories that programs do
     * not make for themselves. */
    bool (*takes)(const char *name, mode_t type);
    const char *refusal; /* what to do instead, for the log, where a change is refused; or NULL */
    /* What to do with a local file of this name, which looks as if something were expected of it; NULL:
     * nothing. `dir` is the directory's id. The words belong to the class. NULL hook: nothing is ever expected. */
    const char *(*stray)(const char *dir, const char *name);
    const struct name_ops *names; /* NULL: names of local files mean nothing */
    /* Names of files that are the class's own, never local. NULL: none. */
    bool (*owns)(const char *name);
    int (*create)(struct fs *fs, struct node *dir, const char *name, mode_t mode,
                  struct node **ret); /* of such a name; locked */
    /* A local file is renamed to a name whose bytes the class sends at once. -ENOSYS: it is no such
     * name. Unlocked. */
    int (*receive)(struct fs *fs, const struct fs_req *req, const struct place *from,
                   const struct place *to, struct buf *err);
    /* With such a name at one end or both; locked. */
    int (*rename)(struct fs *fs, const struct fs_req *req, const struct place *from,
                  const struct place *to, unsigned flags, struct buf *err);

    /* -- links -- */
    int (*readlink)(struct fs *fs, struct node *node, struct buf *out); /* unlocked */

    /* -- files -- */
    /* Fills a new content, fd or text, with what is made at each look. Unlocked. */
    int (*make)(struct fs *fs, const struct fs_req *req, struct node *node, struct content *ret);
    /* In place of make(): the same of bytes that lie here. Locked. */
    int (*load)(struct fs *fs, struct node *node, struct content *ret);
    /* Takes writes itself; they change no content. Unlocked. */
    ssize_t (*write)(struct fs *fs, const struct fs_req *req, struct node *node, const void *data,
                     size_t size);
    /* Reads itself; NULL: the content's bytes. Unlocked. */
    ssize_t (*read)(struct fs *fs, struct node *node, struct content *content, void *out,
                    size_t size, off_t offset);
    /* Is there something to read behind `position`? NULL: always. Unlocked. */
    enum fs_ready (*ready)(struct fs *fs, struct node *node, off_t position);
    /* The bytes are about to change; an error refuses the change. Unlocked. */
    int (*changing)(struct fs *fs, const struct fs_req *req, struct node *node);
    /* The bytes changed and a descriptor was closed, or the last one; locked. */
    int (*commit)(struct fs *fs, struct node *node, struct content *content, struct buf *err);
    /* The same, in place of commit(), for bytes that are sent while close waits. Unlocked. */
    int (*store)(struct fs *fs, const struct fs_req *req, struct node *node,
                 struct content *content, struct buf *err);
    /* fsync, after the local bytes are on disk. Unlocked. */
    int (*sync)(struct fs *fs, const struct fs_req *req, struct node *node,
                struct content *content);
    /* The last handle is closed; `content` goes. Locked. */
    void (*closed)(struct fs *fs, struct node *node, struct content *content);
};

/* A top-level directory. */
struct branch {
    const char *name;
    const struct node_ops *root;
    enum kind kind;               /* of the records below, or KIND_COUNT */
    const struct node_ops *kinds; /* of its mail/, calendars/ and contacts/; or NULL */
    void (*init)(struct fs *fs);
    void (*release)(struct fs *fs);
    /* Ends what is over; answers when to look again (clock_steady()), INT64_MAX: never. Unlocked. */
    int64_t (*expire)(struct fs *fs, int64_t now);
    bool (*there)(struct fs *fs); /* does the service have this? NULL: always there */
};

#endif
