/*
 * lock.c - whose a directory is, and one process in it: what is not ours is neither filled nor
 * emptied.
 */
#include "db_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mark that says that a directory is ours. */
#define FORMAT "format"

static int check_rights(int dir_fd, const char *dir, struct buf *err)
{
    struct stat st;

    if (fstat(dir_fd, &st))
        return buf_fail(err, -errno, "%s: %s", dir, strerror(errno));
    if (st.st_uid != geteuid())
        return buf_fail(err, -EPERM, "%s: belongs to another user", dir);
    if (st.st_mode & 022)
        return buf_fail(err, -EPERM, "%s: others can write to it: run chmod go-w %s", dir, dir);
    return 0;
}

/* A trailing '*' stands for anything. */
static bool is_known(const char *const *names, const char *name)
{
    for (; *names; names++) {
        size_t len = strlen(*names);

        if ((*names)[len - 1] == '*' ? !strncmp(*names, name, len - 1) : str_eq(*names, name))
            return true;
    }
    return false;
}

static int check_contents(int dir_fd, const char *dir, const struct db_dir *kind, struct buf *err)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!list) {
        rc = buf_fail(err, -errno, "%s: %s", dir, strerror(errno));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    while (!rc && (entry = readdir(list))) {
        const char *name = entry->d_name;

        if (!str_eq(name, ".") && !str_eq(name, "..") && !is_known(kind->names, name))
            rc = buf_fail(err, -ENOTEMPTY,
                          "%s: contains other files (%s): choose an empty directory", dir, name);
    }
    closedir(list);
    return rc;
}

/* The content of the mark is for people. */
static int mark(int dir_fd, const char *dir, const char *name, const char *text, struct buf *err)
{
    SCOPED(fd_release)
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = 0;

    if (fd < 0)
        return errno == EEXIST ? 0 : buf_fail(err, -errno, "%s/%s: %s", dir, name, strerror(errno));
    rc = file_pwrite_all(fd, text, strlen(text), 0);
    return rc ? buf_fail(err, rc, "%s/%s: %s", dir, name, strerror(-rc)) : 0;
}

static int claim(int dir_fd, const char *dir, const struct db_dir *kind, struct buf *err)
{
    struct stat st;
    int rc = check_rights(dir_fd, dir, err);

    if (!rc && fstatat(dir_fd, FORMAT, &st, AT_SYMLINK_NOFOLLOW) &&
        fstatat(dir_fd, kind->database, &st, AT_SYMLINK_NOFOLLOW))
        rc = check_contents(dir_fd, dir, kind, err);
    if (!rc)
        rc = mark(dir_fd, dir, FORMAT, kind->format, err);
    if (!rc && kind->tag)
        rc = mark(dir_fd, dir, "CACHEDIR.TAG", kind->tag, err);
    return rc;
}

static int busy(int fd, const char *dir, struct buf *err)
{
    char pid[32] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return buf_fail(err, -EBUSY,
                    "another outlookfs (process %s) uses %s: a second mount needs one of its own",
                    *pid ? pid : "?", dir);
}

/*
 * The directory is what is locked: the file "lock", which says who has it, may be removed by
 * somebody who tidies up. On a disk where a directory cannot be locked (NFS asks for a descriptor
 * that writes) it is the file. `dir_fd` is taken where it becomes the lock.
 */
static int lock(int *dir_fd, const char *dir, int *ret_fd, struct buf *err)
{
    int fd = openat(*dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), rc = 0;

    if (fd < 0)
        return buf_fail(err, -errno, "%s/lock: %s", dir, strerror(errno));
    bool whole = !flock(*dir_fd, LOCK_EX | LOCK_NB);
    if (!whole && (errno == EWOULDBLOCK || flock(fd, LOCK_EX | LOCK_NB)))
        rc = errno == EWOULDBLOCK ? busy(fd, dir, err)
                                  : buf_fail(err, -errno, "%s/lock: %s", dir, strerror(errno));
    else if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0)
        rc = buf_fail(err, -errno, "%s/lock: %s", dir, strerror(errno));
    if (!rc && !whole) {
        *ret_fd = fd;
        return 0;
    }
    close(fd);
    if (!rc) {
        *ret_fd = *dir_fd;
        *dir_fd = -1;
    }
    return rc;
}

int db_lock_dir(const char *dir, const struct db_dir *kind, int *ret_fd, struct buf *err)
{
    int rc = file_mkdirs(dir, err);

    if (rc)
        return rc;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return buf_fail(err, -errno, "%s: %s", dir, strerror(errno));
    rc = claim(fd, dir, kind, err);
    if (!rc)
        rc = lock(&fd, dir, ret_fd, err);
    if (fd >= 0)
        close(fd);
    return rc;
}
