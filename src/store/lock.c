/*
 * lock.c - one process a directory: a lock file with its pid.
 */
#include "db_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int busy(int fd, const char *dir, struct buf *err)
{
    char pid[32] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return buf_fail(err, -EBUSY, "another outlookfs (process %s) uses %s", pid, dir);
}

int db_lock_dir(const char *dir, int *ret_fd, struct buf *err)
{
    char *path = NULL;
    int fd = -1;
    int rc = file_mkdirs(dir, err);

    if (rc)
        return rc;
    path = xasprintf("%s/lock", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        rc = buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    } else if (flock(fd, LOCK_EX | LOCK_NB)) {
        rc = errno == EWOULDBLOCK ? busy(fd, dir, err)
                                  : buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    } else if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        rc = buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    }
    if (rc && fd >= 0)
        close(fd);
    if (!rc)
        *ret_fd = fd;
    free(path);
    return rc;
}
