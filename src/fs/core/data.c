/*
 * data.c - the local bytes of an inode: data/<ino>, whether it is open or not.
 */
#include "core_p.h"

#include <outlookfs/base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int data_fd_stat(int fd, struct stat *ret)
{
    struct stat data;

    if (fstat(fd, &data))
        return -errno;
    ret->st_size = data.st_size;
    ret->st_mtim = ret->st_atim = ret->st_ctim = data.st_mtim;
    return 0;
}

int data_make(struct fs *fs, uint64_t ino, const char *text)
{
    SCOPED(fd_release) int fd = state_data_open(fs->state, ino, O_RDWR | O_CREAT | O_TRUNC);

    if (fd < 0)
        return fd;
    return file_pwrite_all(fd, text, strlen(text), 0);
}

int data_text(struct fs *fs, uint64_t ino, char **ret, size_t *ret_len)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int rc = state_data_read(fs->state, ino, &text);

    if (!rc) {
        *ret_len = text.len;
        *ret = buf_detach(&text);
    }
    return rc == -ENOBUFS ? -EFBIG : rc;
}

int data_stat(struct fs *fs, uint64_t ino, struct stat *ret)
{
    SCOPED(fd_release) int fd = state_data_open(fs->state, ino, O_RDONLY);

    if (fd < 0)
        return fd;
    return data_fd_stat(fd, ret);
}

int data_sync(struct fs *fs, uint64_t ino)
{
    SCOPED(fd_release) int fd = state_data_open(fs->state, ino, O_RDONLY);

    if (fd < 0)
        return fd;
    return fdatasync(fd) ? -errno : 0;
}

int data_set_mtime(struct fs *fs, uint64_t ino, int64_t mtime)
{
    struct stat st = {0};
    SCOPED(fd_release) int fd = state_data_open(fs->state, ino, O_RDWR);

    if (fd < 0)
        return fd;
    attr_set_mtime(&st, mtime);
    struct timespec times[2] = {st.st_mtim, st.st_mtim};
    return futimens(fd, times) ? -errno : 0;
}

void drop_inode(struct fs *fs, uint64_t ino)
{
    struct node *node = tree_get(fs, ino);

    if (node)
        tree_move(fs, node, NULL, NULL, NULL);
    if (!node || !content_peek(fs, node))
        state_data_remove(fs->state, ino);
    tree_put(fs, node);
}

void lose_inode(struct fs *fs, uint64_t ino)
{
    struct node *node = tree_get(fs, ino);

    if (node)
        tree_lose(fs, node);
    drop_inode(fs, ino);
    tree_put(fs, node);
    notify_inode(fs, ino);
}
