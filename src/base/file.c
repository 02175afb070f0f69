/*
 * file.c - reads that stop at a limit, replacement by rename, `mkdir -p`.
 */
#include <outlookfs/base/file.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)16 * 1024)

static int fail(struct buf *err, const char *path, int code)
{
    return buf_fail(err, code, "%s: %s", path, strerrordesc_np(-code));
}

/* `positional`: with pread() from 0. Otherwise with read(), which pipes and /dev/stdin understand
 * too. */
static int read_all(int fd, bool positional, struct buf *out)
{
    size_t before = out->len;
    char chunk[READ_CHUNK];
    int rc;

    for (;;) {
        off_t offset = (off_t)(out->len - before);
        ssize_t n =
            positional ? pread(fd, chunk, sizeof(chunk), offset) : read(fd, chunk, sizeof(chunk));

        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        rc = n < 0 ? -errno : buf_add(out, chunk, (size_t)n);
        if (rc)
            break;
    }
    buf_truncate(out, before);
    return rc == -ENOBUFS ? -EFBIG : rc;
}

int file_read_fd(int fd, struct buf *out)
{
    return read_all(fd, true, out);
}

int file_read_all(int fd, struct buf *out)
{
    return read_all(fd, false, out);
}

int file_read(const char *path, struct buf *out, struct buf *err)
{
    SCOPED(fd_release) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fail(err, path, -errno);
    int rc = read_all(fd, false, out);
    return rc ? fail(err, path, rc) : 0;
}

void fd_release(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* `positional`: with pwrite() from `offset`. Otherwise with write(), as read_all(). */
static int write_all(int fd, bool positional, const char *p, size_t len, off_t offset)
{
    while (len > 0) {
        ssize_t n = positional ? pwrite(fd, p, len, offset) : write(fd, p, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
        offset += n;
    }
    return 0;
}

int file_write_all(int fd, const void *data, size_t len)
{
    return write_all(fd, false, data, len, 0);
}

int file_pwrite_all(int fd, const void *data, size_t len, off_t offset)
{
    return write_all(fd, true, data, len, offset);
}

/* The directory a path is in, for the caller to free: "." for a bare name. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* Closes `fd` in any case. */
static int fill_and_close(int fd, const void *data, size_t len, mode_t mode)
{
    int rc = file_pwrite_all(fd, data, len, 0);

    if (rc == 0 && (fchmod(fd, mode) || fsync(fd)))
        rc = -errno;
    if (close(fd) && rc == 0)
        rc = -errno;
    return rc;
}

static int sync_directory(const char *directory)
{
    SCOPED(fd_release) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd) && errno != EINVAL) /* EINVAL: a file system that has no such thing */
        rc = -errno;
    return rc;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode, struct buf *err)
{
    SCOPED(xfree) char *directory = directory_of(path);
    SCOPED(xfree) char *temporary = xasprintf("%s/.outlookfs-XXXXXX", directory);
    int rc;

    int fd = mkostemp(temporary, O_CLOEXEC); /* O_CREAT|O_EXCL, 0600 */
    if (fd < 0) {
        rc = -errno;
        goto out;
    }
    rc = fill_and_close(fd, data, len, mode);
    if (rc == 0 && rename(temporary, path))
        rc = -errno;
    if (rc) {
        unlink(temporary);
        goto out;
    }
    rc = sync_directory(directory);

out:
    if (rc)
        fail(err, path, rc);
    return rc;
}

/* Whatever mkdir() says (EEXIST, or EROFS and EACCES above a mount point): a directory that is
 * there is fine. */
static int make_directory(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return 0;
    int rc = -errno;
    if (stat(path, &st))
        return rc;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_mkdirs(const char *path, struct buf *err)
{
    char *slash;
    int rc = 0;

    if (!*path)
        return fail(err, path, -ENOENT);
    SCOPED(xfree) char *partial = slash = xstrdup(path);
    while (rc == 0 && (slash = strchr(slash + 1, '/'))) {
        *slash = '\0';
        rc = make_directory(partial);
        *slash = '/';
    }
    if (rc == 0)
        rc = make_directory(partial);
    if (rc)
        fail(err, path, rc);
    return rc;
}
