/*
 * change.c - create, mkdir, symlink, unlink, rmdir, setattr: who answers for the name decides what
 * it means.
 */
#include "core_p.h"

#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* The directory to change, with a reference and fs->change taken. */
static int begin(struct fs *fs, uint64_t parent, const char *name, struct node **ret)
{
    struct node *dir = tree_get(fs, parent);
    int rc = 0;

    if (!dir)
        return -ESTALE;
    if (node_is_read_only(fs, dir))
        rc = -EROFS;
    else if (strlen(name) > NAME_BYTES_MAX)
        rc = -ENAMETOOLONG;
    else if (!node_is_dir(tree_ops(fs, dir)))
        rc = -ENOTDIR;
    if (rc) {
        node_refuse(fs, dir, name, rc, NULL);
        tree_put(fs, dir);
        return rc;
    }
    mutex_lock(&fs->change);
    *ret = dir;
    return 0;
}

static int end(struct fs *fs, struct node *dir, int rc)
{
    fs->attr_changes++;
    mutex_unlock(&fs->change);
    tree_put(fs, dir);
    return rc;
}

static bool is_owned(const struct node_ops *ops, const char *name)
{
    return ops->owns && ops->owns(name);
}

/* A new name of any type: -EEXIST when it is taken. */
static int make(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
                mode_t mode, const char *target, struct fs_entry *ret)
{
    struct node *dir, *node = NULL;
    struct fs_entry there;
    int rc = fs_lookup(fs, req, parent, name, &there);
    if (!rc) {
        fs_forget(fs, there.ino, 1);
        return -EEXIST;
    }
    if (rc != -ENOENT)
        return rc;
    rc = begin(fs, parent, name, &dir);
    if (rc)
        return rc;
    const struct node_ops *ops = tree_ops(fs, dir);
    if (S_ISREG(mode) && is_owned(ops, name))
        rc = ops->create(fs, dir, name, mode, &node);
    else if (fs->local->allowed(ops, name, mode))
        rc = fs->local->make(fs, dir, name, mode, target, &node);
    else
        rc = node_refuse(fs, dir, name, -EPERM, NULL);
    rc = end(fs, dir, rc);
    if (!rc)
        rc = node_entry(fs, req, node, ret);
    tree_put(fs, node);
    return rc;
}

/* -ENOSYS: the directory has no such call. */
static int mkdir_by_class(struct fs *fs, const struct fs_req *req, struct node *dir,
                          const char *name, struct fs_entry *ret)
{
    const struct node_ops *ops = tree_ops(fs, dir);
    struct node *node = NULL;

    if (!ops->mkdir)
        return -ENOSYS;
    if (node_is_read_only(fs, dir))
        return node_refuse(fs, dir, name, -EROFS, NULL);
    if (strlen(name) > NAME_BYTES_MAX)
        return -ENAMETOOLONG;
    int rc = ops->mkdir(fs, req, dir, name, &node);
    if (!rc)
        rc = node_entry(fs, req, node, ret);
    tree_put(fs, node);
    return rc;
}

int fs_mkdir(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
             mode_t mode, struct fs_entry *ret)
{
    struct node *dir = tree_get(fs, parent);
    int rc = dir ? mkdir_by_class(fs, req, dir, name, ret) : -ESTALE;

    tree_put(fs, dir);
    if (rc != -ENOSYS)
        return rc;
    return make(fs, req, parent, name, S_IFDIR | (mode & 07777), NULL, ret);
}

/* -EPERM, with the reason in the log. */
static int refuse_name(struct fs *fs, uint64_t parent, const char *name, const char *reason)
{
    struct node *dir = tree_get(fs, parent);

    if (!dir)
        return -ESTALE;
    node_refuse(fs, dir, name, -EPERM, reason);
    tree_put(fs, dir);
    return -EPERM;
}

int fs_link(struct fs *fs, uint64_t parent, const char *name)
{
    return refuse_name(
        fs, parent, name,
        "a file has one name here: rename or copy it, or make a symbolic link (ln -s)");
}

int fs_mknod(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
             mode_t mode, struct fs_entry *ret)
{
    if (!S_ISREG(mode) && (mode & S_IFMT))
        return refuse_name(fs, parent, name,
                           "there are only files, directories and symbolic links here");
    return make(fs, req, parent, name, S_IFREG | (mode & 07777), NULL, ret);
}

int fs_create(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
              mode_t mode, int flags, struct fs_entry *ret_entry, struct fs_open *ret)
{
    int rc = fs_mknod(fs, req, parent, name, S_IFREG | (mode & 07777), ret_entry);

    if (rc == -EEXIST && !(flags & O_EXCL))
        rc = fs_lookup(fs, req, parent, name, ret_entry);
    if (rc)
        return rc;
    /* A file that was made here is empty already; one that was there keeps its bytes unless O_TRUNC
     * says otherwise. */
    rc = fs_open(fs, req, ret_entry->ino, flags & ~(O_CREAT | O_EXCL), ret);
    if (rc)
        fs_forget(fs, ret_entry->ino, 1);
    return rc;
}

int fs_symlink(struct fs *fs, const struct fs_req *req, const char *target, uint64_t parent,
               const char *name, struct fs_entry *ret)
{
    return make(fs, req, parent, name, S_IFLNK | 0777, target, ret);
}

static int remove_name(struct fs *fs, uint64_t parent, const char *name, bool directory)
{
    struct node *dir;
    int rc = begin(fs, parent, name, &dir);

    if (rc)
        return rc;
    const struct node_ops *ops = tree_ops(fs, dir);
    rc = ops->flags & NODE_LOCAL_NAMES ? fs->local->remove(fs, dir, name, directory) : -ENOENT;
    if (rc == -ENOENT && ops->remove && !(directory && ops->files_only))
        rc = ops->remove(fs, dir, name);
    else if (rc == -ENOENT)
        rc = node_refuse(fs, dir, name, -EPERM,
                         NULL); /* folders and attachments are the service's */
    return end(fs, dir, rc);
}

int fs_unlink(struct fs *fs, const struct fs_req *, uint64_t parent, const char *name)
{
    return remove_name(fs, parent, name, false);
}

/* -ENOSYS: it is a local one, or the directory has no such call. */
static int rmdir_by_class(struct fs *fs, const struct fs_req *req, struct node *dir,
                          const char *name)
{
    const struct node_ops *ops = tree_ops(fs, dir);
    struct node *local = NULL;

    if (!ops->rmdir)
        return -ENOSYS;
    if (node_is_read_only(fs, dir))
        return -EROFS;
    int rc = fs->local->lookup(fs, dir, name, &local);
    tree_put(fs, local);
    return rc == -ENOENT ? ops->rmdir(fs, req, dir, name) : -ENOSYS;
}

int fs_rmdir(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name)
{
    struct node *dir = tree_get(fs, parent);
    int rc = dir ? rmdir_by_class(fs, req, dir, name) : -ESTALE;

    tree_put(fs, dir);
    return rc == -ENOSYS ? remove_name(fs, parent, name, true) : rc;
}

/* truncate(2) comes without a handle and nothing is closed afterwards, so it is an open, a
 * truncation and a close of its own. What the text lacks or has too much may still be written: a
 * draft, no error. */
static int set_size(struct fs *fs, const struct fs_req *req, struct node *node, off_t size)
{
    struct fs_open open;
    int rc = fs_open(fs, req, node->ino, O_WRONLY, &open);

    if (rc)
        return rc;
    rc = content_truncate(fs, req, node, open.handle->content, size);
    if (!rc)
        rc = fs_flush(fs, req, open.handle);
    fs_release(fs, open.handle);
    return rc == -EINVAL ? 0 : rc;
}

int fs_setattr(struct fs *fs, const struct fs_req *req, uint64_t ino, struct fs_handle *h,
               const struct stat *attr, unsigned set, struct stat *ret)
{
    struct node *node = tree_get(fs, ino);
    int rc = 0;

    if (!node)
        return -ESTALE;
    if (node_is_read_only(fs, node))
        rc = node_refuse_change(fs, node, -EROFS, NULL);
    else if (((set & FS_SET_UID) && attr->st_uid != fs->config.uid) ||
             ((set & FS_SET_GID) && attr->st_gid != fs->config.gid))
        rc = node_refuse_change(
            fs, node, -EPERM,
            "everything here belongs to the user who mounted it; the owner cannot be changed");
    if (!rc && (set & FS_SET_SIZE)) {
        if (h && h->writable)
            rc = content_truncate(fs, req, node, h->content, attr->st_size);
        else
            rc = set_size(fs, req, node, attr->st_size);
    }
    if (!rc && (set & (FS_SET_MODE | FS_SET_MTIME | FS_SET_MTIME_NOW))) {
        mutex_lock(&fs->change);
        const struct node_ops *ops = tree_ops(fs, node);
        rc = ops->setattr ? ops->setattr(fs, node, attr, set) : 0;
        fs->attr_changes++;
        mutex_unlock(&fs->change);
    }
    if (!rc)
        rc = node_getattr(fs, req, node, ret);
    tree_put(fs, node);
    return rc;
}
