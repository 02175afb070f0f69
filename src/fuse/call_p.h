/*
 * call_p.h - a request under way, and how it is interrupted.
 */
#ifndef OUTLOOKFS_FUSE_CALL_P_H
#define OUTLOOKFS_FUSE_CALL_P_H

#define FUSE_USE_VERSION 314

#include <fuse_lowlevel.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/mutex.h>
#include <outlookfs/fs/fs.h>
#include <pthread.h>

struct mount;
struct opened;

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
void calls_end(struct calls *calls);  /* none is under way */

#endif
