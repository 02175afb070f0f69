/*
 * opened_p.h - what the kernel has open: files and directories.
 */
#ifndef OUTLOOKFS_FUSE_OPENED_P_H
#define OUTLOOKFS_FUSE_OPENED_P_H

#include <outlookfs/base/mutex.h>

struct fs_dir;
struct fs_handle;
struct fuse_file_info;
struct mount;

/* What fi->fh points to: a file or a directory. */
struct opened {
    struct fs_handle *file; /* or NULL */
    struct fs_dir *dir;     /* or NULL; one request at a time */
    int error; /* met behind entries that went out first: the answer to the next question */
    struct opened *prev, *next; /* guarded by openings.lock */
};

/* All that is open. */
struct openings {
    struct mutex lock;
    struct opened *first; /* guarded by lock */
};

struct opened *opened_file(struct mount *m, struct fs_handle *file);
struct opened *opened_dir(struct mount *m, struct fs_dir *dir);
struct opened *opened_of(const struct fuse_file_info *fi);
void opened_close(struct mount *m, struct opened *opened); /* releases and frees it */

void openings_init(struct openings *openings);
void openings_release(struct openings *openings);
void openings_close(struct mount *m); /* all, when no request is served */

#endif
