/*
 * rename.c - a rename between local names: one on the local disk, of which the directories at both
 * ends hear where their names mean something (struct name_ops).
 */
#include "local_p.h"

#include <errno.h>
#include <stdio.h>

static int put_at(struct fs *fs, const struct local *l, const struct place *to)
{
    struct local moved = *l;

    moved.dir = to->dir->ino;
    moved.name = (char *)to->name;
    return state_put_local(fs->state, &moved);
}

static int exchange(struct fs *fs, const struct place *from, const struct local *a,
                    const struct place *to, const struct local *b)
{
    const struct node_ops *from_ops = tree_ops(fs, from->dir), *to_ops = tree_ops(fs, to->dir);
    /* (dir, name) is unique: the first one steps aside under a name no call can make. */
    struct place aside = {from->dir, "/"};

    if (from_ops->names || to_ops->names)
        return -EINVAL;
    if (!local_allowed(from_ops, from->name, b->mode))
        return -EPERM;
    state_begin(fs->state);
    int rc = put_at(fs, a, &aside);
    if (!rc)
        rc = put_at(fs, b, from);
    if (!rc)
        rc = put_at(fs, a, to);
    rc = state_end(fs->state, rc);
    if (!rc) {
        tree_move_ino(fs, a->ino, to, NULL);
        tree_move_ino(fs, b->ino, from, NULL);
    }
    return rc;
}

/* What a directory has to say to the move. */
struct hearing {
    const struct name_ops *names;
    void *move;
    bool commits;
};

static int move(struct fs *fs, const struct fs_req *req, const struct place *from,
                const struct local *l, const struct place *to, const struct local *replaced,
                struct buf *err)
{
    const struct name_ops *to_names = tree_ops(fs, to->dir)->names;
    struct hearing hearings[] = {{tree_ops(fs, from->dir)->names}, {to_names}};
    bool commits = false;
    int rc = local_may_replace(fs, replaced, l->mode);

    if (hearings[1].names == hearings[0].names)
        hearings[1].names = NULL;
    for (int i = 0; i < 2 && !rc; i++) {
        struct hearing *h = &hearings[i];

        if (h->names)
            rc = h->names->move_begin(fs, req, l, from, to, &h->move, &h->commits, err);
        commits |= h->commits;
    }
    if (rc)
        goto out;

    state_begin(fs->state);
    if (replaced->ino && to_names && to_names->by_name)
        rc = state_remove_local(fs->state, replaced->ino);
    else
        rc = replaced->ino ? local_take_out(fs, to, replaced) : 0;
    if (!rc)
        rc = put_at(fs, l, to);
    for (int i = 0; i < 2 && !rc; i++) {
        if (hearings[i].names)
            rc = hearings[i].names->move_apply(fs, l, hearings[i].move, err);
    }
    rc = state_end(fs->state, rc);
    if (rc)
        goto out;
    if (replaced->ino)
        drop_inode(fs, replaced->ino);
    tree_move_ino(fs, l->ino, to, local_class(tree_ops(fs, to->dir), l->mode));
    if (commits)
        content_committed(fs, l->ino, NULL);
out:
    for (int i = 0; i < 2; i++) {
        if (hearings[i].names && hearings[i].move)
            hearings[i].names->move_end(fs, hearings[i].move);
    }
    return rc;
}

int local_rename(struct fs *fs, const struct fs_req *req, const struct place *from,
                 const struct place *to, unsigned flags, struct buf *err)
{
    const struct node_ops *to_ops = tree_ops(fs, to->dir);
    SCOPED(local_release) struct local l = {0};
    SCOPED(local_release) struct local there = {0};
    int rc = state_find_local(fs->state, from->dir->ino, from->name, &l);

    if (!rc || rc == -ENOENT)
        rc = state_find_local(fs->state, to->dir->ino, to->name, &there);
    if (!rc || rc == -ENOENT)
        rc = rename_check(from, l.ino, to, there.ino, flags);
    if (!rc && !local_allowed(to_ops, to->name, l.mode))
        rc = buf_fail(err, -EPERM, "%s", node_refusal(fs, to->dir));
    else if (!rc && (flags & RENAME_EXCHANGE))
        rc = exchange(fs, from, &l, to, &there);
    else if (!rc)
        rc = move(fs, req, from, &l, to, &there, err);
    return rc == 1 ? 0 : rc;
}
