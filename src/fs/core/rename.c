/*
 * rename.c - who answers for a rename: the class that owns the name at one of its ends, else it is
 * one of local names.
 */
#include "core_p.h"

#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

int rename_check(const struct place *from, bool from_there, const struct place *to, bool to_there,
                 unsigned flags)
{
    if (!from_there)
        return -ENOENT;
    if ((flags & RENAME_NOREPLACE) && to_there)
        return -EEXIST;
    if ((flags & RENAME_EXCHANGE) && !to_there)
        return -ENOENT;
    return from->dir == to->dir && str_eq(from->name, to->name);
}

static const struct node_ops *owner(struct fs *fs, const struct place *at)
{
    const struct node_ops *ops = tree_ops(fs, at->dir);

    return ops->owns && ops->owns(at->name) ? ops : NULL;
}

static int rename_locked(struct fs *fs, const struct fs_req *req, const struct place *from,
                         const struct place *to, unsigned flags, struct buf *err)
{
    const struct node_ops *ops = owner(fs, from);

    if (!ops)
        ops = owner(fs, to);
    return ops ? ops->rename(fs, req, from, to, flags, err)
               : fs->local->rename(fs, req, from, to, flags, err);
}

/* -ENOSYS: the rename is one of names. */
static int receive(struct fs *fs, const struct fs_req *req, const struct place *from,
                   const struct place *to, unsigned flags, struct buf *err)
{
    const struct node_ops *ops = tree_ops(fs, to->dir);

    return ops->receive && !flags ? ops->receive(fs, req, from, to, err) : -ENOSYS;
}

/* A local file whose new name means something is judged while nobody has to wait; the handle keeps what
 * was found out. */
static int judge(struct fs *fs, const struct fs_req *req, struct node *node,
                 const struct place *from, const struct place *to, struct content **ret)
{
    const struct name_ops *names = tree_ops(fs, to->dir)->names;

    *ret = NULL;
    if (!names || !names->judge || !S_ISREG(tree_ops(fs, node)->type) || owner(fs, from) ||
        owner(fs, to))
        return 0;
    int rc = content_get(fs, req, node, false, ret);
    if (!rc)
        content_judge(fs, req, node, *ret, from, to);
    return rc;
}

/* Attachments, .outlookfs/ and what else does not say that it moves stay where they are. */
static int rename_found(struct fs *fs, const struct fs_req *req, struct node *node,
                        const struct place *from, const struct place *to, unsigned flags,
                        struct buf *err)
{
    const struct node_ops *ops = tree_ops(fs, node);

    if (ops->relocate)
        return ops->relocate(fs, req, node, from, to, flags, err);
    if (!(ops->flags & NODE_MOVABLE))
        return buf_fail(err, -EPERM, "%s", node_refusal(fs, from->dir));
    int rc = receive(fs, req, from, to, flags, err);
    if (rc != -ENOSYS)
        return rc;
    struct content *judged;
    rc = judge(fs, req, node, from, to, &judged);
    if (rc)
        return rc;
    mutex_lock(&fs->change);
    rc = rename_locked(fs, req, from, to, flags, err);
    fs->attr_changes++;
    mutex_unlock(&fs->change);
    if (judged)
        content_put(fs, node, judged);
    return rc;
}

/* Where nothing else is said, the class of the end that cannot be changed knows what to do. What is
 * said is about the bytes, which would have been the file's that is there. */
static void refuse_rename(struct fs *fs, const struct fs_req *req, const struct place *from,
                          const struct place *to, int rc, const struct buf *err)
{
    struct node *dir = to->dir, *target = NULL;
    SCOPED(buf_release) struct buf line = BUF_INIT(BUF_TEXT_MAX);

    if (!from->dir || !to->dir)
        return;
    if (err->len && !node_lookup(fs, req, to->dir, to->name, &target))
        tree_set_refusal(fs, target, err->data);
    tree_put(fs, target);
    if (rc == -EROFS && node_is_read_only(fs, from->dir))
        dir = from->dir;
    buf_addstr(&line, from->name);
    buf_addstr(&line, " -> ");
    tree_add_path(fs, to->dir, &line);
    buf_addstr(&line, to->name);
    node_refuse(fs, from->dir, line.data, rc, err->len ? err->data : node_reason(fs, dir, rc));
}

int fs_rename(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
              uint64_t newparent, const char *newname, unsigned flags)
{
    struct place from = {tree_get(fs, parent), name};
    struct place to = {tree_get(fs, newparent), newname};
    struct node *node = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int rc = 0;

    if (!from.dir || !to.dir)
        rc = -ESTALE;
    else if (node_is_read_only(fs, from.dir) || node_is_read_only(fs, to.dir))
        rc = -EROFS;
    else if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        rc = -EINVAL;
    else if (strlen(newname) > NAME_BYTES_MAX)
        rc = -ENAMETOOLONG;
    if (!rc)
        rc = node_lookup(fs, req, from.dir, name, &node);
    if (!rc)
        rc = rename_found(fs, req, node, &from, &to, flags, &err);
    tree_put(fs, node);
    if (rc)
        refuse_rename(fs, req, &from, &to, rc, &err);
    tree_put(fs, from.dir);
    tree_put(fs, to.dir);
    return rc;
}
