/*
 * local_p.h - names kept on this machine only: swap files, backups, temporaries, and files whose
 * names mean more to their directory (struct name_ops). All locked unless said otherwise.
 */
#ifndef OUTLOOKFS_FS_LOCAL_P_H
#define OUTLOOKFS_FS_LOCAL_P_H

#include "../core/core_p.h"

extern const struct local_names local_names;
extern const struct node_ops local_file_ops;

/* The class of a local thing of this type in a directory of the class `dir`. */
const struct node_ops *local_class(const struct node_ops *dir, mode_t mode);
bool local_allowed(const struct node_ops *dir, const char *name, mode_t type);
int local_remove(struct fs *fs, struct node *dir, const char *name, bool directory);
/* May something of type `mode` take the place of what is there? `there`: .ino 0: nothing. */
int local_may_replace(struct fs *fs, const struct local *there, mode_t mode);
/* The file goes from its name, and the directory hears of it; in a transaction. drop_inode() or a
 * new place for the inode follow when that has ended. */
int local_take_out(struct fs *fs, const struct place *at, const struct local *l);
void local_left(struct fs *fs, struct node *dir); /* when it has ended well */
/* Is it below a directory that file managers move into what they remove? */
bool local_is_trash(struct fs *fs, struct node *dir);

/* Members of the classes of local files; unlocked where node_ops says so. */
int local_load(struct fs *fs, struct node *node, struct content *ret);
int local_getattr(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret);
int local_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set);
int local_commit(struct fs *fs, struct node *node, struct content *content, struct buf *err);
void local_closed(struct fs *fs, struct node *node, struct content *content);

/* rename.c */
int local_rename(struct fs *fs, const struct fs_req *req, const struct place *from,
                 const struct place *to, unsigned flags, struct buf *err);

#endif
