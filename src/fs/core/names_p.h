/*
 * names_p.h - local names: files kept on this machine only, and those whose names mean more to their
 * directory.
 */
#ifndef OUTLOOKFS_FS_NAMES_P_H
#define OUTLOOKFS_FS_NAMES_P_H

#include "class_p.h"

struct judgement;

/* One end of a rename. */
struct place {
    struct node *dir;
    const char *name;
};

/*
 * Local files whose names mean more in their directory: mail in outbox/send, definitions in
 * triggers/. All locked but judge(). A rename asks the class of both ends: _begin judges the bytes and changes
 * nothing, _apply stands in the transaction of the rename, _end always follows.
 */
struct name_ops {
    const struct node_ops *files; /* the class of regular files in the directory */
    bool by_name; /* what takes a name over continues what it means: leave() is not called */
    /*
     * Finds out beforehand, because it takes long, what will become of the bytes of `node` under the
     * name `to`: by its close (`from` NULL), or by a rename. Changes nothing; unlocked. Answers what
     * content_take_judgement() will give to commit() and move_begin(), or NULL. NULL hook: nothing
     * takes long.
     */
    struct judgement *(*judge)(struct fs *fs, const struct fs_req *req, struct node *node,
                               struct content *content, const struct place *from,
                               const struct place *to);
    /* The file goes, or becomes something else; in a transaction. -EBUSY refuses. */
    int (*leave)(struct fs *fs, const struct place *at, const struct local *l);
    void (*left)(struct fs *fs); /* after that transaction */
    /* A record was renamed to a name here, and the local file `ino` shows it. In a transaction.
     * NULL: -EPERM. */
    int (*take_record)(struct fs *fs, const struct place *at, const struct slot *slot, uint64_t ino,
                       struct buf *err);
    /* *ret_commits: what close() would do with the bytes has then been done. */
    int (*move_begin)(struct fs *fs, const struct fs_req *req, const struct local *l,
                      const struct place *from, const struct place *to, void **ret,
                      bool *ret_commits, struct buf *err);
    int (*move_apply)(struct fs *fs, const struct local *l, void *move, struct buf *err);
    void (*move_end)(struct fs *fs, void *move);
};

/* Names kept on this machine only: what a directory with NODE_LOCAL_NAMES takes. local/local.c. */
struct local_names {
    int (*lookup)(struct fs *fs, struct node *dir, const char *name, struct node **ret);
    int (*list)(struct fs *fs, struct node *dir, struct dir_list *list);
    /* Locked; `mode` with type. */
    int (*make)(struct fs *fs, struct node *dir, const char *name, mode_t mode, const char *target,
                struct node **ret);
    int (*remove)(struct fs *fs, struct node *dir, const char *name, bool directory);
    bool (*allowed)(const struct node_ops *dir, const char *name, mode_t type);
    int (*rename)(struct fs *fs, const struct fs_req *req, const struct place *from,
                  const struct place *to, unsigned flags, struct buf *err);
};

#endif
