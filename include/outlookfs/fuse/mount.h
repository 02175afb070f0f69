/*
 * mount.h - a file system (fs/fs.h) in the kernel: the only door to libfuse.
 *
 *     struct mount *m = mount_create();
 *     fs_new(... .notify = &mount_notify, .notify_ctx = m ...);
 *     mount_open(m, &config, err);       mounted, served by threads of its own, answers
 *     poll(mount_ended_fd(m)) ...        readable once it was unmounted from outside
 *     mount_close(m);                    unmounts where that is still to be done, ends the threads,
 *                                        closes what programs have open
 *     mount_destroy(m);                  after fs_stop(), which may notify until then
 *
 * What it is not: a place for rules. Each operation is one call of the layer fs between a decoded
 * request and its answer.
 *
 * Requests run on libfuse's threads (64 at most, a few kept idle) and may block. A signal to the
 * waiting program fires the request's struct cancel, mount_close() fires those of all requests
 * under way. Notifications to the kernel go through a thread of their own: the kernel may make it
 * wait for a lock that a request under way holds.
 *
 * What the kernel caches: where fs_entry.cacheable allows it, attributes for an hour and names for a
 * second (fs_entry.keeps_name: a minute); else nothing, and no name that does not exist. Listings always carry attributes
 * (readdirplus), so `ls -l` costs no lookup an entry. Not used: the kernel's writeback cache,
 * remote locks (flock and fcntl locks are the kernel's own), copy_file_range and lseek (the
 * kernel's own).
 *
 * SIGUSR1 is taken: mount_close() wakes its thread with it.
 *
 * Threads: mount_notify from any; the rest owner only.
 */
#ifndef OUTLOOKFS_FUSE_MOUNT_H
#define OUTLOOKFS_FUSE_MOUNT_H

#include <stdbool.h>

struct buf;
struct fs;
struct fs_notify;
struct mount;

struct mount_config {
    struct fs *fs;          /* not owned */
    const char *mountpoint; /* absolute */
    const char *source;     /* first column of /proc/mounts; the type is fuse.outlookfs */
    const char
        *options; /* for mount(8) and libfuse, comma separated, checked by the caller; NULL: none */
    bool allow_other;
    bool read_only;
};

extern const struct fs_notify mount_notify; /* its ctx is the struct mount */

struct mount *mount_create(void);
void mount_destroy(struct mount *m); /* NULL is fine; after mount_close() */

/* On failure nothing is mounted. Some reasons are printed on standard error by fusermount3. */
int mount_open(struct mount *m, const struct mount_config *config, struct buf *err);
int mount_ended_fd(const struct mount *m);
void mount_close(struct mount *m); /* also when not open */

#endif
