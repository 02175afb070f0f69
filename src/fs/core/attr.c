/*
 * attr.c - attributes common to all inodes, and how the kernel is told that some have changed.
 */
#include "core_p.h"

#include <outlookfs/base/clock.h>

void attr_init(struct fs *fs, uint64_t ino, const struct node_ops *ops, struct stat *ret)
{
    mode_t mode = S_ISDIR(ops->type) ? 0700 : S_ISLNK(ops->type) ? 0777 : 0600;

    if (ops->flags & NODE_READ_ONLY)
        mode &= ~(mode_t)0222;
    *ret = (struct stat){.st_ino = ino,
                         .st_mode = ops->type | (mode & ~fs->config.umask),
                         .st_nlink = S_ISDIR(ops->type) ? 2 : 1,
                         .st_uid = fs->config.uid,
                         .st_gid = fs->config.gid,
                         .st_blksize = 4096};
    attr_set_mtime(ret, fs->birth);
}

void attr_set_size(struct stat *st, uint64_t size)
{
    st->st_size = (off_t)size;
    st->st_blocks = (st->st_size + 511) / 512;
}

void attr_set_mtime(struct stat *st, int64_t ns)
{
    int64_t s = ns / NS_PER_S, rest = ns % NS_PER_S;

    if (rest < 0) {
        rest += NS_PER_S;
        s--;
    }
    st->st_mtim = (struct timespec){.tv_sec = s, .tv_nsec = rest};
    st->st_atim = st->st_ctim = st->st_mtim;
}

int64_t attr_mtime(const struct stat *st)
{
    return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

void notify_kernel(struct fs *fs, uint64_t ino)
{
    if (fs->config.notify)
        fs->config.notify->inode(fs->config.notify_ctx, ino);
}

void notify_inode(struct fs *fs, uint64_t ino)
{
    fs->attr_changes++;
    notify_kernel(fs, ino);
}
