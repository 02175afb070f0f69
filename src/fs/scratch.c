/*
 * scratch.c - names that are no record: swap files, backups, temporaries, lock links, and the
 * directories programs make for them. Kept on the local disk with full POSIX behaviour, across
 * remounts, never sent (saving rules R1-R4).
 */
#include "fs_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct node_ops *ops_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return &scratch_dir_ops;
    return S_ISLNK(mode) ? &scratch_link_ops : &scratch_file_ops;
}

const struct node_ops *scratch_class(const struct node_ops *dir_ops, mode_t mode)
{
    return S_ISREG(mode) && dir_ops->files ? dir_ops->files : ops_of(mode);
}

bool node_is_local(const struct node_ops *ops)
{
    return ops->load == scratch_load || ops == &scratch_dir_ops || ops == &scratch_link_ops;
}

bool scratch_allowed(const struct node_ops *dir_ops, const char *name, mode_t type)
{
    if (!(dir_ops->flags & NODE_SCRATCH_OK))
        return false;
    if (dir_ops == &scratch_dir_ops)
        return true;
    if (dir_ops == &triggers_root_ops && trigger_is_stream_name(name)) /* filled by polling */
        return false;
    if (dir_ops == &outbox_sent_ops) /* filled by sending */
        return false;
    if (dir_ops == &outbox_dir_ops && S_ISLNK(type) && outgoing_is_name(OUTGOING_SEND, name))
        return false;
    if (dir_ops == &triggers_root_ops && S_ISLNK(type) && name_is_record(name))
        return false;
    return S_ISDIR(type) ? name_is_scratch_dir(name)
                         : !((dir_ops == &folder_ops || (dir_ops->flags & NODE_VIEW)) &&
                             name_is_record(name));
}

static struct node_spec spec_of(struct fs *fs, struct node *dir, const struct local *l)
{
    return (struct node_spec){.ino = l->ino,
                              .ops = scratch_class(tree_ops(fs, dir), l->mode),
                              .parent = dir,
                              .name = l->name,
                              .kind = dir->kind,
                              .folder = dir->folder};
}

int scratch_lookup(struct fs *fs, struct node *dir, const char *name, struct node **ret)
{
    struct local l = {0};
    int rc = state_find_local(fs->state, dir->ino, name, &l);

    if (rc)
        return rc;
    struct node_spec spec = spec_of(fs, dir, &l);
    *ret = tree_obtain(fs, &spec);
    local_release(&l);
    return 0;
}

int scratch_list(struct fs *fs, struct node *dir, struct dir_list *list)
{
    struct local *l = NULL;
    size_t count = 0;
    int rc = state_locals(fs->state, dir->ino, &l, &count);

    for (size_t i = 0; i < count; i++) {
        struct node_spec spec = spec_of(fs, dir, &l[i]);

        if (!rc)
            rc = dir_add(list, &spec, NULL);
        local_release(&l[i]);
    }
    free(l);
    return rc;
}

int data_make(struct fs *fs, uint64_t ino)
{
    int fd = state_data_open(fs->state, ino, O_RDWR | O_CREAT | O_TRUNC);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int scratch_make(struct fs *fs, struct node *dir, const char *name, mode_t mode, const char *target,
                 struct node **ret)
{
    struct local l = {.dir = dir->ino,
                      .name = (char *)name,
                      .mode = mode,
                      .mtime = S_ISREG(mode) ? 0 : clock_now(),
                      .target = (char *)target};
    state_begin(fs->state);
    int rc = state_new_ino(fs->state, &l.ino);
    if (!rc && S_ISREG(mode))
        rc = data_make(fs, l.ino);
    if (!rc)
        rc = state_put_local(fs->state, &l);
    rc = state_end(fs->state, rc);
    if (rc)
        return rc;
    struct node_spec spec = spec_of(fs, dir, &l);
    *ret = tree_obtain(fs, &spec);
    return 0;
}

int scratch_is_empty(struct fs *fs, uint64_t ino)
{
    struct local *l = NULL;
    size_t count = 0;
    int rc = state_locals(fs->state, ino, &l, &count);

    for (size_t i = 0; i < count; i++)
        local_release(&l[i]);
    free(l);
    if (rc)
        return rc;
    return count ? -ENOTEMPTY : 0;
}

int scratch_remove(struct fs *fs, struct node *dir, const char *name, bool directory)
{
    struct local l = {0};
    int rc = state_find_local(fs->state, dir->ino, name, &l);

    if (rc)
        return rc;
    if (directory != S_ISDIR(l.mode))
        rc = directory ? -ENOTDIR : -EISDIR;
    if (!rc && directory)
        rc = scratch_is_empty(fs, l.ino);
    if (rc)
        goto out;
    state_begin(fs->state);
    rc = outbox_leave(fs, dir, l.ino);
    if (!rc)
        rc = trigger_leave(fs, dir, name);
    if (!rc)
        rc = state_remove_local(fs->state, l.ino);
    rc = state_end(fs->state, rc);
    if (!rc) {
        drop_inode(fs, l.ino);
        outbox_kick(fs->outbox);
    }
out:
    local_release(&l);
    return rc;
}

void scratch_closed(struct fs *fs, struct node *node, struct content *content)
{
    struct local l = {0};

    (void)content;
    if (state_get_local(fs->state, node->ino, &l) == -ENOENT)
        state_data_remove(fs->state, node->ino);
    local_release(&l);
}

int scratch_load(struct fs *fs, struct node *node, struct content *ret)
{
    int fd = state_data_open(fs->state, node->ino, O_RDWR);

    if (fd < 0)
        return fd;
    ret->fd = fd;
    return 0;
}

static int file_attr(struct fs *fs, struct node *node, struct stat *ret)
{
    struct content closed = {.fd = -1};
    int rc = content_stat_open(fs, node, ret);

    if (rc == -ENOENT) {
        rc = scratch_load(fs, node, &closed);
        if (!rc) {
            rc = content_stat(&closed, ret);
            close(closed.fd);
        }
    }
    return rc;
}

int scratch_getattr(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret)
{
    struct local l = {0};
    int rc = state_get_local(fs->state, node->ino, &l);

    (void)req;
    if (rc == -ENOENT) { /* removed, and open or somebody's working directory */
        ret->st_nlink = 0;
        rc = content_stat_open(fs, node, ret);
        return rc == -ENOENT ? 0 : rc;
    }
    if (rc)
        return rc;
    ret->st_mode = l.mode;
    if (l.mtime)
        attr_set_mtime(ret, l.mtime);
    if (S_ISLNK(l.mode))
        ret->st_size = (off_t)strlen(l.target);
    else if (S_ISREG(l.mode))
        rc = file_attr(fs, node, ret);
    local_release(&l);
    return rc;
}

int data_set_mtime(struct fs *fs, uint64_t ino, int64_t mtime)
{
    struct stat st = {0};
    int fd = state_data_open(fs->state, ino, O_RDWR);

    if (fd < 0)
        return fd;
    attr_set_mtime(&st, mtime);
    struct timespec times[2] = {st.st_mtim, st.st_mtim};
    int rc = futimens(fd, times) ? -errno : 0;
    close(fd);
    return rc;
}

int scratch_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set)
{
    int64_t mtime = set & FS_SET_MTIME_NOW ? clock_now() : attr_mtime(attr);
    struct local l = {0};
    int rc = state_get_local(fs->state, node->ino, &l);

    if (rc == -ENOENT && content_peek(fs, node)) /* unlinked and open: nobody will see it again */
        return 0;
    if (rc)
        return rc;
    if (set & FS_SET_MODE)
        l.mode = (l.mode & S_IFMT) | (attr->st_mode & 07777);
    if ((set & (FS_SET_MTIME | FS_SET_MTIME_NOW)) && !S_ISREG(l.mode))
        l.mtime = mtime;
    else if (set & (FS_SET_MTIME | FS_SET_MTIME_NOW))
        rc = data_set_mtime(fs, node->ino, mtime);
    if (!rc && ((set & FS_SET_MODE) || !S_ISREG(l.mode)))
        rc = state_put_local(fs->state, &l);
    local_release(&l);
    return rc;
}

static int scratch_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    (void)fs;
    (void)node;
    return str_eq(name, "state") ? buf_addstr(out, "local") : -ENODATA;
}

static int scratch_readlink(struct fs *fs, struct node *node, struct buf *out)
{
    struct local l = {0};
    int rc = state_get_local(fs->state, node->ino, &l);

    if (!rc)
        rc = buf_addstr(out, l.target);
    local_release(&l);
    return rc;
}

const struct node_ops scratch_file_ops = {
    .name = "scratch file",
    .type = S_IFREG,
    .getattr = scratch_getattr,
    .getxattr = scratch_getxattr,
    .load = scratch_load,
    .writable = true,
    .closed = scratch_closed,
};

const struct node_ops scratch_dir_ops = {
    .name = "scratch directory",
    .type = S_IFDIR,
    .flags = NODE_SCRATCH_OK,
    .getattr = scratch_getattr,
};

const struct node_ops scratch_link_ops = {
    .name = "scratch link",
    .type = S_IFLNK,
    .getattr = scratch_getattr,
    .readlink = scratch_readlink,
};
