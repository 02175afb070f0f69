/*
 * fuse_p.h - the inside of the fuse layer.
 *
 *     ops.c       the table; one function an operation: call the fs layer, answer
 *     file.c      the same, for open files and directories
 *     readdir.c   the two operations that fill a buffer with entries
 *     opened_p.h  what the kernel has open
 *     call.c      a request under way, and how it is interrupted
 *     notifier.c  the thread that tells the kernel what has changed
 *     mount.c     mounting, the threads' lives, unmounting
 */
#ifndef OUTLOOKFS_FUSE_P_H
#define OUTLOOKFS_FUSE_P_H

#include "opened_p.h"

#define FUSE_USE_VERSION 314

#include <fuse_lowlevel.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/queue.h>
#include <outlookfs/fs/fs.h>
#include <outlookfs/fuse/mount.h>
#include <pthread.h>
#include <stdatomic.h>

/* --- call.c --- */

/*
 * A request, on the stack of the operation that serves it:
 *
 *     call_begin(&call, req);
 *     rc = fs_xxx(call.fs, &call.who, ...);
 *     if (call_end(&call))                  before the answer: afterwards the request is gone
 *         fuse_reply_xxx(req, ...);
 *     else
 *         ...                               gives back what nobody will
 *
 * An interrupt fires `cancel`, and what waits for the service ends at once. What waits for a disk that does not answer, or for a
 * lock behind that, cannot be ended: ABANDON_AFTER later somebody else answers EINTR, because the kernel does not let even a
 * killed program go without an answer, and what is being done is done when the disk comes back.
 */
struct call {
    fuse_req_t req;
    struct mount *mount;
    struct fs *fs;
    struct fs_req who;
    struct cancel cancel;
    /* guarded by calls.lock */
    struct call *prev, *next;
    const struct opened *opened; /* what is used of what the kernel has open, or NULL */
    int64_t interrupted;         /* clock_mono(); 0: not */
    enum { CALL_MINE, CALL_BEING_ABANDONED, CALL_ABANDONED } answer;
};
#define ABANDON_AFTER (NS_PER_S)

/*
 * The answer of an operation on an inode. The kernel came by a name it had cached; "no such file"
 * then means that the name has another inode by now, or none. ESTALE makes it look the name up
 * again, and a program never sees the moment between.
 */
int call_inode_error(int rc);

/* All requests under way. */
struct calls {
    struct mutex lock;
    pthread_cond_t changed; /* one was interrupted, or abandoned; stopped */
    pthread_t thread;       /* abandons those that do not end */
    bool running;           /* the thread is to be joined */
    struct call *first;     /* guarded by lock */
    bool stopped, ending;   /* guarded by lock */
};

void call_begin(struct call *call, fuse_req_t req);
bool call_end(struct call *call); /* false: it was answered with EINTR */
/*
 * What is open is not closed before the call ends, though the kernel may not wait for that. While one that was abandoned uses it,
 * others do not wait either: the kernel lets no interrupt through to a program that ends and closes what it had open.
 */
struct opened *call_opened(struct call *call, const struct fuse_file_info *fi);
struct fs_handle *call_handle(struct call *call,
                              const struct fuse_file_info *fi); /* NULL for NULL */
/* Waits until none uses it: for its release. */
void calls_let_go(struct calls *calls, const struct opened *opened);

void calls_init(struct calls *calls);
void calls_release(struct calls *calls);
int calls_start(struct calls *calls); /* 0 or -errno */
void calls_stop(struct calls *calls); /* cancels those under way, and those to come at once */
void calls_end(struct calls *calls);  /* none is under way any more */

/* --- notifier.c --- */

struct notifier {
    struct queue queue; /* of struct notice */
    atomic_bool stopping;
    struct mutex lock;
    struct map pending; /* guarded by lock; what waits in the queue, so that it waits there once */
    struct fuse_session *session;
    pthread_t thread;
    bool running;
};

void notifier_init(struct notifier *n);
void notifier_release(struct notifier *n);
int notifier_start(struct notifier *n, struct fuse_session *session);
void notifier_stop(struct notifier *n); /* what waits is dropped */

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
    struct calls calls;
    struct openings openings;
    struct notifier notifier;
    pthread_t loop;
    bool looping;      /* the thread is to be joined */
    atomic_bool ended; /* it needs no more waking */
    int ended_fd;
};

#endif
