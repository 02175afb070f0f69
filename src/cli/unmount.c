/*
 * unmount.c - umount2(2), or fusermount3 for those who may not.
 */
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER "fusermount3"

extern char **environ;

static int spawn_helper(char **argv, int errors, pid_t *ret)
{
    posix_spawn_file_actions_t files;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
    int rc = posix_spawnp(ret, HELPER, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    return -rc;
}

/* The set-user-id helper of libfuse, for who may not unmount. What it prints lands in `said`. */
static int run_helper(const char *path, bool lazy, struct buf *said, struct buf *err)
{
    char *argv[] = {HELPER, "-u", lazy ? "-z" : "--", (char *)path, NULL};
    int fds[2], status = 0;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC))
        return buf_fail(err, -errno, "cannot make a pipe: %s", strerror(errno));
    int rc = spawn_helper(argv, fds[1], &pid);
    close(fds[1]);
    if (rc) {
        buf_fail(err, rc, "cannot run %s: %s", HELPER, strerror(-rc));
    } else {
        file_read_all(fds[0], said);
        while (said->len && said->data[said->len - 1] == '\n')
            buf_truncate(said, said->len - 1);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (status)
            rc = strstr(said->data, "busy") ? -EBUSY : -EPERM;
    }
    close(fds[0]);
    return rc;
}

int unmount(const char *path, bool lazy, struct buf *err)
{
    int rc = umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) ? -errno : 0;
    SCOPED(buf_release) struct buf said = BUF_INIT(BUF_TEXT_MAX);

    if (rc == -EPERM)
        rc = run_helper(path, lazy, &said, err);
    if (rc == -EBUSY)
        buf_fail(err, rc,
                 "%s is busy: a program works in it or has a file open (fuser -vm %s names it); "
                 "still mounted",
                 path, path);
    else if (rc && said.len)
        buf_fail(err, rc, "%s: %s", path, said.data);
    else if (rc && err->len == 0)
        buf_fail(err, rc, "%s: %s", path, strerror(-rc));
    return rc;
}
