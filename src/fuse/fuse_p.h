/*
 * fuse_p.h - the inside of the fuse layer.
 *
 *     ops.c       the table; one function an operation: call the fs layer, answer
 *     file.c      the same, for open files and directories
 *     readdir.c   the two operations that fill a buffer with entries
 *     opened_p.h  what the kernel has open
 *     call_p.h    a request under way, and how it is interrupted
 *     notifier.c  the thread that tells the kernel what has changed
 *     mount.c     mounting, the threads' lives, unmounting
 */
#ifndef OUTLOOKFS_FUSE_P_H
#define OUTLOOKFS_FUSE_P_H

#include "call_p.h"
#include "opened_p.h"

#include <outlookfs/base/map.h>
#include <outlookfs/base/queue.h>
#include <outlookfs/fs/fs.h>
#include <outlookfs/fuse/mount.h>
#include <pthread.h>
#include <stdatomic.h>

/* --- notifier.c --- */

struct notifier {
    struct queue queue; /* of struct notice */
    atomic_bool stopping;
    struct mutex lock;
    struct map pending; /* guarded by lock; what waits in the queue, so that it waits there once */
    bool pruning;       /* guarded by lock; the kernel is forgetting files */
    pthread_cond_t pruned;
    struct fuse_session *session;
    pthread_t thread;
    bool running;
};

void notifier_init(struct notifier *n);
void notifier_release(struct notifier *n);
int notifier_start(struct notifier *n, struct fuse_session *session);
void notifier_stop(struct notifier *n);        /* what waits is dropped */
void notifier_wait_pruned(struct notifier *n); /* by who was told that a file is forgotten */

/* --- ops.c --- */

extern const struct fuse_lowlevel_ops ops;
void fill_entry(const struct fs_entry *entry, struct fuse_entry_param *ret);

/* --- file.c --- */

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset,
              struct fuse_file_info *fi);
void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
                  struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void op_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, struct fuse_pollhandle *ph);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);

/* --- readdir.c --- */

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                struct fuse_file_info *fi);
void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *fi);

/* --- mount.c --- */

struct mount {
    struct fs *fs;                /* constant while open */
    struct fuse_session *session; /* constant while open; NULL: not open */
    char *mountpoint;             /* constant while open; NULL: not open */
    dev_t device;                 /* of what is mounted there */
    struct calls calls;
    struct openings openings;
    struct notifier notifier;
    pthread_t loop;
    bool looping;      /* the thread is to be joined */
    atomic_bool ended; /* it needs no more waking */
    int ended_fd;
};

#endif
