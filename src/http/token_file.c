/*
 * token_file.c - the token as the first line of a file.
 */
#include "token_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_checked(const char *path, int fd, struct buf *out, struct buf *err)
{
    struct stat st;

    if (fstat(fd, &st))
        return buf_fail(err, -EACCES, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return buf_fail(err, -EACCES, "%s: not a file", path);
    if (st.st_mode & 077)
        return buf_fail(err, -EACCES, "%s: others can read the token; run: chmod 600 %s", path,
                        path);
    int rc = file_read_fd(fd, out);
    return rc ? buf_fail(err, -EACCES, "%s: %s", path, strerror(-rc)) : 0;
}

/* O_NONBLOCK: opening a FIFO must not hang before it can be refused. */
static int file_fetch(void *state, const char *, struct cancel *, struct token_fetched *ret,
                      struct buf *err)
{
    const char *path = state;
    SCOPED(fd_release) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return buf_fail(err, -EACCES, "%s: %s", path, strerror(errno));
    return read_checked(path, fd, ret->text, err);
}

/* Whichever way it was written: in place or by a rename over it. */
uint64_t token_file_stamp(const char *path)
{
    struct stat st;

    if (stat(path, &st))
        return 0;
    const uint64_t parts[] = {st.st_ino, (uint64_t)st.st_size, (uint64_t)st.st_ctim.tv_sec,
                              (uint64_t)st.st_ctim.tv_nsec};
    return str_hash(0, parts, sizeof(parts));
}

static uint64_t file_stamp(void *state)
{
    return token_file_stamp(state);
}

static void file_destroy(void *state)
{
    free(state);
}

static const struct token_ops file_ops = {
    .fetch = file_fetch,
    .stamp = file_stamp,
    .destroy = file_destroy,
};

struct token_source *token_from_file(const char *path)
{
    return token_create(&file_ops, xstrdup(path));
}
