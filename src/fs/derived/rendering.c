/*
 * rendering.c - files of export/ that were made a moment ago: who asks for the size opens the file
 * next, and what took an attachment's download or a whole folder is not made twice.
 *
 * A rendering is a file without a name, so it ends with its last descriptor whatever happens.
 */
#include "export_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define RECENT_MAX 4 /* each as large as the attachments of a message */

struct rendering {
    struct rendering *next;
    uint64_t ino;
    uint64_t version;
    bool kept;
    int fd;
};

struct renderings {
    struct mutex lock;
    struct rendering *first; /* guarded by lock; the newest first */
};

void renderings_init(struct fs *fs)
{
    fs->renderings = xcalloc(1, sizeof(*fs->renderings));
    mutex_init(&fs->renderings->lock, MUTEX_RENDERINGS);
}

/* Takes `*at` out of the list. */
static void drop_locked(struct rendering **at)
{
    struct rendering *r = *at;

    *at = r->next;
    close(r->fd);
    free(r);
}

void renderings_release(struct fs *fs)
{
    while (fs->renderings->first)
        drop_locked(&fs->renderings->first);
    mutex_release(&fs->renderings->lock);
    free(fs->renderings);
}

int rendering_open(struct fs *fs, uint64_t ino, uint64_t *ret_version)
{
    int rc = -ENOENT;

    LOCKED(&fs->renderings->lock);
    for (struct rendering *r = fs->renderings->first; r && rc == -ENOENT; r = r->next) {
        if (r->ino != ino)
            continue;
        rc = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
        if (rc < 0)
            rc = -errno;
        else
            *ret_version = r->version;
    }
    return rc;
}

int rendering_set_time(struct fs *fs, int fd, int64_t mtime)
{
    struct stat st;

    attr_set_mtime(&st, mtime ? mtime : fs->birth);
    struct timespec times[] = {st.st_atim, st.st_mtim};
    return futimens(fd, times) ? -errno : 0;
}

void rendering_put(struct fs *fs, uint64_t ino, uint64_t version, bool kept, int fd)
{
    struct rendering *r = xmalloc(sizeof(*r));
    unsigned recent = kept ? 0 : 1;

    LOCKED(&fs->renderings->lock);
    *r = (struct rendering){fs->renderings->first, ino, version, kept, fd};
    fs->renderings->first = r;
    for (struct rendering **at = &r->next; *at;) {
        if ((*at)->ino == ino || (!(*at)->kept && ++recent > RECENT_MAX))
            drop_locked(at);
        else
            at = &(*at)->next;
    }
}
