/*
 * rename.c - what a rename means, by what lies at both ends (saving rules R7, R8, R11).
 *
 *     from          to              meaning
 *     scratch       scratch         a rename on the local disk
 *     scratch       record name     the bytes become the record's: committed at once; text that is
 *                                   no complete object is -EINVAL
 *     record        scratch         a backup is being made: the bytes go, the name is vacant,
 *                                   nothing is deleted; into a trash directory: a deletion
 *     record        record name     in use: that record gets these bytes, this one is deleted;
 *                                   free: another alias, nothing is sent
 *     record        other folder    -EXDEV (mv copies and deletes); messages -EPERM: the service
 *                                   has no operation for it here
 *     anything else                 -EPERM
 *
 * RENAME_EXCHANGE works between scratch and scratch, and scratch and record: the slot keeps its
 * record.
 */
#include "rename_p.h"

#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool end_is_there(const struct end *e)
{
    return e->local.ino || (e->slot.folder && !(e->slot.flags & SLOT_VACANT));
}

static int end_find(struct fs *fs, struct end *e)
{
    int rc = e->record ? slot_of_name(fs, e->dir, e->name, &e->slot)
                       : state_find_local(fs->state, e->dir->ino, e->name, &e->local);
    return rc == -ENOENT ? 0 : rc;
}

/* Before the transaction: what moves, or makes room, is what an open would show. */
static int end_look(struct fs *fs, struct end *e)
{
    e->record = tree_ops(fs, e->dir) == &folder_ops && name_is_record(e->name);
    if (e->record)
        slot_reconcile_name(fs, e->dir, e->name);
    return end_find(fs, e);
}

int end_look_again(struct fs *fs, struct end *e)
{
    slot_release(&e->slot);
    e->slot = (struct slot){0};
    return end_find(fs, e);
}

static void end_release(struct end *e)
{
    local_release(&e->local);
    slot_release(&e->slot);
}

void end_move_node(struct fs *fs, uint64_t ino, const struct end *to, const struct node_ops *ops,
                   int64_t slot)
{
    struct node *node = tree_get(fs, ino);

    if (node)
        tree_move(fs, node, to->dir, to->name, ops, slot);
    tree_put(fs, node);
}

static int move_local(struct fs *fs, const struct local *l, const struct end *to)
{
    struct local moved = *l;

    moved.dir = to->dir->ino;
    moved.name = (char *)to->name;
    return state_put_local(fs->state, &moved);
}

/* --- scratch -> scratch --- */

int end_may_replace(struct fs *fs, const struct end *to, unsigned mode)
{
    if (!to->local.ino)
        return 0;
    if (S_ISDIR(to->local.mode) && !S_ISDIR(mode))
        return -EISDIR;
    if (!S_ISDIR(to->local.mode) && S_ISDIR(mode))
        return -ENOTDIR;
    return S_ISDIR(mode) ? scratch_is_empty(fs, to->local.ino) : 0;
}

int end_remove_replaced(struct fs *fs, const struct end *to)
{
    int rc = to->local.ino ? outbox_leave(fs, to->dir, to->local.ino) : 0;

    return !rc && to->local.ino ? state_remove_local(fs->state, to->local.ino) : rc;
}

static int swap_scratch(struct fs *fs, struct end *from, struct end *to)
{
    /* (dir, name) is unique: the first one steps aside under a name no call can make. */
    struct end aside = {.dir = from->dir, .name = "/"};

    state_begin(fs->state);
    int rc = move_local(fs, &from->local, &aside);
    if (!rc)
        rc = move_local(fs, &to->local, from);
    if (!rc)
        rc = move_local(fs, &from->local, to);
    rc = state_end(fs->state, rc);
    if (!rc) {
        end_move_node(fs, from->local.ino, to, NULL, 0);
        end_move_node(fs, to->local.ino, from, NULL, 0);
    }
    return rc;
}

static bool in_outbox(struct fs *fs, const struct end *e)
{
    return tree_ops(fs, e->dir)->files;
}

/* An open handle's commit has happened. */
static void mark_sent(struct fs *fs, uint64_t ino)
{
    struct node *node = tree_get(fs, ino);
    struct content *open = node ? content_peek(fs, node) : NULL;

    if (open)
        open->committed = open->changed;
    tree_put(fs, node);
}

static int scratch_to_scratch(struct fs *fs, const struct fs_req *req, struct end *from,
                              struct end *to, unsigned flags, struct buf *err)
{
    const struct node_ops *to_ops = tree_ops(fs, to->dir);
    struct outbox_move move;

    if (!scratch_allowed(to_ops, to->name, from->local.mode))
        return view_refuse(to_ops, to->name);
    if (flags & RENAME_EXCHANGE) {
        if (in_outbox(fs, from) || in_outbox(fs, to))
            return -EINVAL;
        if (!scratch_allowed(tree_ops(fs, from->dir), from->name, to->local.mode))
            return -EPERM;
        return swap_scratch(fs, from, to);
    }
    int rc = end_may_replace(fs, to, from->local.mode);
    if (!rc)
        rc = outbox_move_begin(fs, req, &from->local, &(struct outbox_place){from->dir, from->name},
                               &(struct outbox_place){to->dir, to->name}, &move, err);
    if (rc)
        return rc;
    struct trigger_move trigger;
    rc = trigger_move_begin(fs, &from->local, from->dir, from->name, to->dir, to->name, &trigger,
                            err);
    bool arrives = move.arrives || trigger.to;
    if (rc)
        goto out;
    state_begin(fs->state);
    rc = end_remove_replaced(fs, to);
    if (!rc)
        rc = move_local(fs, &from->local, to);
    if (!rc)
        rc = outbox_move_apply(fs, &from->local, &move);
    if (!rc)
        rc = trigger_move_apply(fs, &trigger, err);
    rc = state_end(fs->state, rc);
out:
    outbox_move_end(fs, &move);
    trigger_move_end(fs, &trigger);
    if (rc)
        return rc;
    if (to->local.ino)
        drop_inode(fs, to->local.ino);
    end_move_node(fs, from->local.ino, to, scratch_class(to_ops, from->local.mode), 0);
    if (arrives)
        mark_sent(fs, from->local.ino);
    return 0;
}

/* --- which case it is --- */

/* Two spellings of one record: its alias and its id. */
static bool same_slot(const struct end *from, const struct end *to)
{
    return from->slot.id && from->slot.id == to->slot.id;
}

/* mv copies and removes after -EXDEV: not messages, of which no copy can be made. */
static int refuse_move(const struct end *e, struct buf *err)
{
    if (e->dir->kind != KIND_MESSAGE)
        return -EXDEV;
    return buf_fail(err, -EPERM, "this version of the service cannot move messages");
}

static int from_record(struct fs *fs, struct end *from, struct end *to, unsigned flags,
                       struct buf *err)
{
    if (in_outbox(fs, to)) /* it would be sent, and leave its folder */
        return -EPERM;
    if (flags & RENAME_EXCHANGE) {
        if (!to->local.ino)
            return -EINVAL;
        return rename_into_record(fs, to, from, flags, err);
    }
    if (to->record && to->dir != from->dir)
        return refuse_move(from, err);
    if (to->record)
        return to->slot.folder && !same_slot(from, to) ? rename_over_record(fs, from, to, err)
                                                       : rename_record(fs, from, to);
    if (scratch_allowed(tree_ops(fs, to->dir), to->name, S_IFREG))
        return rename_out_of_record(fs, from, to, err);
    return refuse_move(to, err);
}

static int rename_ends(struct fs *fs, const struct fs_req *req, struct end *from, struct end *to,
                       unsigned flags, struct buf *err)
{
    if (!end_is_there(from))
        return -ENOENT;
    if ((flags & RENAME_NOREPLACE) && end_is_there(to))
        return -EEXIST;
    if ((flags & RENAME_EXCHANGE) && !end_is_there(to))
        return -ENOENT;
    if (from->dir == to->dir && str_eq(from->name, to->name))
        return 0;
    if (!from->local.ino)
        return from_record(fs, from, to, flags, err);
    if (!to->record)
        return scratch_to_scratch(fs, req, from, to, flags, err);
    if ((flags & RENAME_EXCHANGE) && in_outbox(fs, from))
        return -EINVAL;
    return rename_into_record(fs, from, to, flags, err);
}

/* The service's folders and attachments, and .outlookfs/, stay where they are. */
static int may_move(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name)
{
    struct node *node = NULL;
    int rc = node_lookup(fs, req, dir, name, &node);

    if (!rc) {
        const struct node_ops *ops = tree_ops(fs, node);

        if (ops != &record_ops && !node_is_local(ops))
            rc = view_refuse(tree_ops(fs, dir), name);
    }
    tree_put(fs, node);
    return rc;
}

int fs_rename(struct fs *fs, const struct fs_req *req, uint64_t parent, const char *name,
              uint64_t newparent, const char *newname, unsigned flags)
{
    struct end from = {.dir = tree_get(fs, parent), .name = name};
    struct end to = {.dir = tree_get(fs, newparent), .name = newname};
    struct buf err;
    int rc = 0;

    buf_init(&err, BUF_TEXT_MAX);
    if (!from.dir || !to.dir)
        rc = -ESTALE;
    else if (node_is_read_only(fs, from.dir) || node_is_read_only(fs, to.dir))
        rc = -EROFS;
    else if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        rc = -EINVAL;
    else if (strlen(newname) > NAME_BYTES_MAX)
        rc = -ENAMETOOLONG;
    if (!rc)
        rc = may_move(fs, req, from.dir, name);
    if (!rc) {
        mutex_lock(&fs->change);
        rc = end_look(fs, &from);
        if (!rc)
            rc = end_look(fs, &to);
        if (!rc)
            rc = rename_ends(fs, req, &from, &to, flags, &err);
        fs->attr_changes++;
        mutex_unlock(&fs->change);
    }
    if (rc && err.len)
        log_warn("%s -> %s: %s", name, newname, err.data);
    end_release(&from);
    end_release(&to);
    tree_put(fs, from.dir);
    tree_put(fs, to.dir);
    buf_release(&err);
    return rc;
}
