/*
 * lookup.c - from an inode number to its class: lookup, attributes, links, extended attributes,
 * statfs.
 */
#include "core_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* --- attributes --- */

bool node_is_dir(const struct node_ops *ops)
{
    return S_ISDIR(ops->type);
}

bool node_is_read_only(struct fs *fs, struct node *node)
{
    return fs->config.read_only || (tree_ops(fs, node)->flags & NODE_READ_ONLY);
}

const char *node_refusal(struct fs *fs, struct node *dir)
{
    const char *instead = tree_ops(fs, dir)->refusal;

    return instead ? instead : "nothing can be made, renamed or removed here";
}

const char *node_reason(struct fs *fs, struct node *dir, int rc)
{
    if (rc == -EROFS && fs->config.read_only)
        return "the mailbox is mounted read-only (option ro)";
    if (rc == -EXDEV)
        return "a record stays in its folder: copy it there and remove it here, as mv does";
    if (rc == -EINVAL)
        return "a rename of this kind is not possible here";
    return node_refusal(fs, dir);
}

int node_refuse(struct fs *fs, struct node *dir, const char *name, int rc, const char *reason)
{
    SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

    if (rc != -EPERM && rc != -EROFS && rc != -EXDEV && rc != -EINVAL)
        return rc;
    tree_add_path(fs, dir, &path);
    if (!reason || !*reason)
        reason = node_reason(fs, dir, rc);
    if (rc == -EXDEV) /* no trouble: programs know what to do */
        log_info("%s%s: %s", path.data, name, reason);
    else
        log_warn("%s%s: %s", path.data, name, reason);
    return rc;
}

int node_refuse_change(struct fs *fs, struct node *node, int rc, const char *reason)
{
    struct node *dir = tree_parent(fs, node);

    if (dir) {
        char *name = tree_name(fs, node);

        node_refuse(fs, dir, name, rc, reason);
        free(name);
        tree_put(fs, dir);
    }
    return rc;
}

static int link_stat(struct fs *fs, struct node *node, struct stat *ret)
{
    SCOPED(buf_release) struct buf target = BUF_INIT(PATH_MAX);
    int rc = tree_ops(fs, node)->readlink(fs, node, &target);
    ret->st_size = (off_t)target.len;
    return rc;
}

int node_getattr(struct fs *fs, const struct fs_req *req, struct node *node, struct stat *ret)
{
    const struct node_ops *ops = tree_ops(fs, node);
    int rc = 0;

    attr_init(fs, node->ino, ops, ret);
    if (ops->getattr)
        rc = ops->getattr(fs, req, node, ret);
    else if (ops->make)
        rc = content_stat_made(fs, req, node, ret);
    else if (ops->readlink)
        rc = link_stat(fs, node, ret);
    if (rc)
        return rc;
    ret->st_blocks = (ret->st_size + 511) / 512;
    tree_show(fs, node, ret);
    return 0;
}

/* --- lookup --- */

int node_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                struct node **ret)
{
    const struct node_ops *ops = tree_ops(fs, dir);
    int rc = -ENOENT;

    if (!node_is_dir(ops))
        return -ENOTDIR;
    if (strlen(name) > NAME_BYTES_MAX)
        return -ENAMETOOLONG;
    if (ops->flags & NODE_LOCAL_NAMES)
        rc = fs->local->lookup(fs, dir, name, ret);
    if (rc == -ENOENT && ops->list)
        rc = (ops->lookup ? ops->lookup : dir_find)(fs, req, dir, name, ret);
    return rc;
}

/* What only an open handle keeps alive goes with the last one, and then the kernel, which may keep the name, is to ask. */
static bool is_cacheable(const struct node_ops *ops, const struct stat *attr)
{
    return !(ops->flags & NODE_VOLATILE) && attr->st_nlink > 0;
}

int node_entry(struct fs *fs, const struct fs_req *req, struct node *node, struct fs_entry *ret)
{
    const struct node_ops *ops = tree_ops(fs, node);
    int rc = node_getattr(fs, req, node, &ret->attr);

    if (rc)
        return rc;
    ret->ino = node->ino;
    ret->cacheable = is_cacheable(ops, &ret->attr);
    ret->keeps_name = ops->keeps_name && ops->keeps_name(fs, node);
    tree_remember(fs, node);
    return 0;
}

int fs_lookup(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
              struct fs_entry *ret)
{
    struct node *dir = tree_get(fs, parent), *node = NULL;

    if (!dir)
        return -ESTALE;
    int rc = node_lookup(fs, req, dir, name, &node);
    if (!rc)
        rc = node_entry(fs, req, node, ret);
    tree_put(fs, node);
    tree_put(fs, dir);
    return rc;
}

void fs_forget(struct fs *fs, uint64_t ino, uint64_t count)
{
    tree_forget(fs, ino, count);
}

int fs_getattr(struct fs *fs, const struct fs_req *req, uint64_t ino, struct fs_handle *h,
               struct stat *ret, bool *ret_cacheable)
{
    struct node *node = tree_get(fs, ino);

    (void)h; /* the content of an open node is the node's: attributes are the same with and without
                a handle */
    if (!node)
        return -ESTALE;
    int rc = node_getattr(fs, req, node, ret);
    if (!rc && ret_cacheable)
        *ret_cacheable = is_cacheable(tree_ops(fs, node), ret);
    tree_put(fs, node);
    return rc;
}

int fs_readlink(struct fs *fs, uint64_t ino, struct buf *out)
{
    struct node *node = tree_get(fs, ino);

    if (!node)
        return -ESTALE;
    const struct node_ops *ops = tree_ops(fs, node);
    int rc = ops->readlink ? ops->readlink(fs, node, out) : -EINVAL;
    tree_put(fs, node);
    return rc;
}

/* --- extended attributes --- */

static const char *const xattr_names[] = {"id",        "state",  "error", "etag",
                                          "truncated", "inline", "type"};

int fs_getxattr(struct fs *fs, uint64_t ino, const char *name, struct buf *out)
{
    /* The kernel asks for security.capability before each write: answer without looking anything
     * up. */
    if (!str_starts(name, XATTR_PREFIX))
        return -ENODATA;

    struct node *node = tree_get(fs, ino);
    if (!node)
        return -ESTALE;
    const struct node_ops *ops = tree_ops(fs, node);
    int rc = ops->getxattr ? ops->getxattr(fs, node, name + strlen(XATTR_PREFIX), out) : -ENODATA;
    tree_put(fs, node);
    return rc;
}

int fs_listxattr(struct fs *fs, uint64_t ino, struct buf *out)
{
    struct node *node = tree_get(fs, ino);
    int rc = 0;

    if (!node)
        return -ESTALE;
    const struct node_ops *ops = tree_ops(fs, node);
    for (size_t i = 0; ops->getxattr && !rc && i < ARRAY_SIZE(xattr_names); i++) {
        SCOPED(buf_release) struct buf value = BUF_INIT(BUF_TEXT_MAX);

        if (!ops->getxattr(fs, node, xattr_names[i], &value)) {
            rc = buf_addf(out, XATTR_PREFIX "%s", xattr_names[i]);
            if (!rc)
                rc = buf_addch(out, '\0');
        }
    }
    tree_put(fs, node);
    return rc;
}

/* --- the rest --- */

int fs_statfs(struct fs *fs, struct statvfs *ret)
{
    /* What is written here lands on the local disk first. */
    int rc = state_statfs(fs->state, ret);

    ret->f_namemax = NAME_BYTES_MAX;
    return rc;
}
