/*
 * handle.c - open files: read, write, truncate, flush, fsync, release.
 */
#include "core_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wants_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

/*
 * The kernel's page cache and size are those of the attributes it was told last. A version that has
 * arrived since, and whose invalidation is still on its way, must not be read through them.
 */
static bool kernel_is_behind(struct fs *fs, struct node *node, struct content *c)
{
    struct stat st = {0};

    if (c->fd >= 0 &&
        (tree_ops(fs, node)->flags & NODE_WRITABLE)) /* a local file: the kernel has written it */
        return false;
    if (content_stat(c, &st))
        return true;
    LOCKED(&fs->tree.lock);
    return node->shown.size >= 0 &&
           (node->shown.size != st.st_size || (c->fd < 0 && node->shown.mtime != c->mtime));
}

static int before_change(struct fs *fs, const struct fs_req *req, struct node *node)
{
    const struct node_ops *ops = tree_ops(fs, node);

    return ops->changing ? ops->changing(fs, req, node) : 0;
}

static int open_node(struct fs *fs, const struct fs_req *req, struct node *node, int flags,
                     struct fs_open *ret)
{
    const struct node_ops *ops = tree_ops(fs, node);
    bool write = wants_write(flags) || (flags & O_TRUNC);
    struct content *content;

    if (node_is_dir(ops))
        return -EISDIR;
    if (!ops->make && !ops->load)
        return -ELOOP;
    if (write && node_is_read_only(fs, node))
        return node_refuse_change(fs, node, -EROFS, NULL);
    if (write && !(ops->flags & NODE_WRITABLE))
        return -EACCES;
    int rc = content_get(fs, req, node, !write, &content);
    if (rc)
        return rc;
    if ((flags & O_TRUNC) && !ops->write) {
        rc = before_change(fs, req, node);
        if (!rc)
            rc = content_own(fs, node, content, false);
        if (rc) {
            content_put(fs, node, content);
            return rc;
        }
        content->changed++;
    }

    struct fs_handle *h = xcalloc(1, sizeof(*h));
    h->node = tree_get(fs, node->ino);
    h->content = content;
    h->writable = write;
    bool fresh = ops->flags & NODE_VOLATILE;
    *ret = (struct fs_open){.handle = h,
                            .direct_io = fresh || kernel_is_behind(fs, node, content),
                            .keep_cache = !fresh,
                            .no_flush = !write};
    return 0;
}

int fs_open(struct fs *fs, const struct fs_req *req, uint64_t ino, int flags, struct fs_open *ret)
{
    struct node *node = tree_get(fs, ino);

    if (!node)
        return -ESTALE;
    int rc = tree_is_lost(fs, node) ? -ESTALE : open_node(fs, req, node, flags, ret);
    tree_put(fs, node);
    return rc;
}

ssize_t fs_read(struct fs *fs, const struct fs_req *, struct fs_handle *h, void *out, size_t size,
                off_t offset)
{
    const struct node_ops *ops = tree_ops(fs, h->node);
    struct content *c = h->content;
    const char *text;

    if (ops->read) {
        ssize_t n = ops->read(fs, h->node, c, out, size, offset);
        if (n >= 0)
            h->position = offset + n;
        return n;
    }
    if (c->fd >= 0) {
        ssize_t n = pread(c->fd, out, size, offset);
        return n < 0 ? -errno : n;
    }
    int rc = content_peek_text(fs, c, &text);
    if (rc)
        return rc;
    if (offset < 0 || (size_t)offset >= c->len)
        return 0;
    if (size > c->len - (size_t)offset)
        size = c->len - (size_t)offset;
    memcpy(out, text + offset, size);
    return (ssize_t)size;
}

ssize_t fs_write(struct fs *fs, const struct fs_req *req, struct fs_handle *h, const void *data,
                 size_t size, off_t offset)
{
    const struct node_ops *ops = tree_ops(fs, h->node);

    if (!h->writable)
        return -EBADF;
    if (ops->write)
        return ops->write(fs, req, h->node, data, size);
    int rc = before_change(fs, req, h->node);
    if (rc)
        return rc;
    rc = content_own(fs, h->node, h->content, true);
    if (!rc)
        rc = file_pwrite_all(h->content->fd, data, size, offset);
    h->content->changed++;
    return rc ? rc : (ssize_t)size;
}

int fs_fallocate(struct fs *fs, const struct fs_req *req, struct fs_handle *h, int mode,
                 off_t offset, off_t length)
{
    if (!h->writable)
        return -EBADF;
    if (tree_ops(fs, h->node)->write)
        return -EOPNOTSUPP;
    int rc = before_change(fs, req, h->node);
    if (!rc)
        rc = content_own(fs, h->node, h->content, true);
    if (!rc && fallocate(h->content->fd, mode, offset, length))
        rc = -errno;
    if (!rc)
        h->content->changed++;
    return rc;
}

int content_truncate(struct fs *fs, const struct fs_req *req, struct node *node, struct content *c,
                     off_t size)
{
    if (tree_ops(fs, node)->write)
        return 0;
    int rc = before_change(fs, req, node);
    if (!rc)
        rc = content_own(fs, node, c, size > 0);
    if (!rc && size > 0 && ftruncate(c->fd, size))
        rc = -errno;
    if (!rc)
        c->changed++;
    return rc;
}

int fs_flush(struct fs *fs, const struct fs_req *req, struct fs_handle *h)
{
    if (!h->writable) /* what another handle is writing is not this one's to judge */
        return 0;
    h->content->flushed = h->content->changed;
    if (tree_ops(fs, h->node)->store)
        return content_store(fs, req, h->node, h->content);
    return content_close(fs, req, h->node, h->content);
}

int fs_fsync(struct fs *fs, const struct fs_req *req, struct fs_handle *h)
{
    const struct node_ops *ops = tree_ops(fs, h->node);
    struct content *c = h->content;

    c->synced = c->changed;
    if (c->fd >= 0 && fdatasync(c->fd))
        return -errno;
    if (ops->store)
        return content_store(fs, req, h->node, c);
    return ops->sync ? ops->sync(fs, req, h->node, c) : 0;
}

void fs_release(struct fs *fs, struct fs_handle *h)
{
    waiters_forget(fs, h);
    content_put(fs, h->node, h->content);
    tree_put(fs, h->node);
    free(h);
}
