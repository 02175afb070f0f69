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
#include "fs_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One end of a rename. */
struct end {
    struct node *dir;
    const char *name;
    bool record;        /* the name is a record's */
    struct local local; /* a scratch entry is there when .ino */
    struct slot slot;   /* a record is there, or was, when .folder */
};

static bool is_there(const struct end *e)
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

/* Once more, inside the transaction: meanwhile a worker may have bound the slot to a record, ended
 * its operation, or carried out the deletion of a vacant one. */
static int end_look_again(struct fs *fs, struct end *e)
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

/* The node of an inode takes its new place in the tree. */
static void move_node(struct fs *fs, uint64_t ino, const struct end *to, const struct node_ops *ops,
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

/* May something of type `mode` take the place of what is there? */
static int may_replace(struct fs *fs, const struct end *to, unsigned mode)
{
    if (!to->local.ino)
        return 0;
    if (S_ISDIR(to->local.mode) && !S_ISDIR(mode))
        return -EISDIR;
    if (!S_ISDIR(to->local.mode) && S_ISDIR(mode))
        return -ENOTDIR;
    return S_ISDIR(mode) ? scratch_is_empty(fs, to->local.ino) : 0;
}

/* In a transaction. drop_inode() follows when it has ended. */
static int remove_replaced(struct fs *fs, const struct end *to)
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
        move_node(fs, from->local.ino, to, NULL, 0);
        move_node(fs, to->local.ino, from, NULL, 0);
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
    int rc = may_replace(fs, to, from->local.mode);
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
    rc = remove_replaced(fs, to);
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
    move_node(fs, from->local.ino, to, scratch_class(to_ops, from->local.mode), 0);
    if (arrives)
        mark_sent(fs, from->local.ino);
    return 0;
}

/* --- what a record name takes in --- */

/*
 * The complete object in an inode's local bytes; anything else never becomes a record by a rename.
 */
static int complete_text(struct fs *fs, uint64_t ino, char **ret, struct buf *err)
{
    struct slot as_slot = {.ino = ino, .flags = SLOT_LOCAL};
    struct cJSON *obj = NULL;
    int rc = record_visible(fs, &as_slot, ret);

    if (!rc)
        rc = json_parse_object(*ret, strlen(*ret), &obj, err);
    cJSON_Delete(obj);
    return rc;
}

/* What was in the slot, before other bytes come in: vacates it, unless it is vacant already. */
static int make_room(struct fs *fs, struct end *to)
{
    if (!to->slot.folder) {
        if (!(kind_info(to->dir->kind)->caps & KIND_CAN_CREATE))
            return -EPERM;
        to->slot = (struct slot){.kind = to->dir->kind,
                                 .folder = xstrdup(to->dir->folder),
                                 .name = xstrdup(to->name),
                                 .flags = SLOT_ALIAS};
        return 0;
    }
    return to->slot.flags & SLOT_VACANT ? 0 : slot_vacate(fs, &to->slot);
}

/* The slot holds inode `ino` now and its record shall become `text`. In a transaction. */
static int fill_slot(struct fs *fs, struct slot *slot, uint64_t ino, unsigned mode,
                     const char *text, struct buf *err)
{
    char *base = slot->base;

    slot->base = NULL;
    slot->ino = ino;
    slot->mode = mode & 07777;
    slot->flags &= ~(unsigned)(SLOT_VACANT | SLOT_DRAFT);
    slot->flags |= SLOT_LOCAL | SLOT_MODE;
    int rc = state_put_slot(fs->state, slot);
    if (!rc)
        rc = writeback_update(fs->writeback, slot, base, text, err);
    free(base);
    return rc;
}

/* An open handle's commit has happened: its bytes are what `text` is. */
static void mark_committed(struct fs *fs, uint64_t ino, const char *text)
{
    struct node *node = tree_get(fs, ino);
    struct content *open = node ? content_peek(fs, node) : NULL;

    if (open) {
        open->committed = open->changed;
        content_rebase(open, text);
    }
    tree_put(fs, node);
}

/* The bytes of a record's inode are local from here on. */
static int make_local(struct fs *fs, uint64_t ino, bool has_data, const char *text)
{
    struct node *node = tree_get(fs, ino);
    struct content *open = node ? content_peek(fs, node) : NULL;
    bool has_file = has_data || (open && open->fd >= 0);

    tree_put(fs, node);
    if (has_file)
        return 0;
    int fd = state_data_open(fs->state, ino, O_RDWR | O_CREAT | O_TRUNC);
    if (fd < 0)
        return fd;
    int rc = file_pwrite_all(fd, text, strlen(text), 0);
    close(fd);
    return rc;
}

/* The inode of a record becomes a scratch file. In a transaction. */
static int record_to_local(struct fs *fs, uint64_t ino, bool has_data, const char *text,
                           const struct end *to, unsigned mode)
{
    struct local l = {
        .ino = ino, .dir = to->dir->ino, .name = (char *)to->name, .mode = S_IFREG | mode};
    int rc = make_local(fs, ino, has_data, text);

    return rc ? rc : state_put_local(fs->state, &l);
}

static int scratch_to_record(struct fs *fs, struct end *from, struct end *to, unsigned flags,
                             struct buf *err)
{
    uint64_t old = is_there(to) ? to->slot.ino : 0;
    bool old_local = to->slot.flags & SLOT_LOCAL;
    unsigned old_mode = to->slot.flags & SLOT_MODE ? to->slot.mode : 0600;
    char *text = NULL, *kept = NULL;

    if (!S_ISREG(from->local.mode))
        return -EPERM;
    int rc = complete_text(fs, from->local.ino, &text, err);
    if (!rc && (flags & RENAME_EXCHANGE))
        rc = record_visible(fs, &to->slot, &kept);
    if (rc)
        goto out;

    state_begin(fs->state);
    rc = end_look_again(fs, to);
    if (!rc)
        rc = make_room(fs, to);
    if (!rc)
        rc = outbox_leave(fs, from->dir, from->local.ino);
    if (!rc)
        rc = trigger_leave(fs, from->dir, from->name);
    if (!rc)
        rc = state_remove_local(fs->state, from->local.ino);
    if (!rc)
        rc = fill_slot(fs, &to->slot, from->local.ino, from->local.mode, text, err);
    if (!rc && kept)
        rc = record_to_local(fs, old, old_local, kept, from, old_mode);
    rc = state_end(fs->state, rc);
    if (rc)
        goto out;

    writeback_kick(fs->writeback);
    outbox_kick(fs->outbox);
    move_node(fs, from->local.ino, &(struct end){.dir = to->dir, .name = to->slot.name},
              &record_ops, to->slot.id);
    mark_committed(fs, from->local.ino, text);
    if (kept)
        move_node(fs, old, from, &scratch_file_ops, 0);
    else if (old)
        drop_inode(fs, old);
out:
    free(text);
    free(kept);
    return rc;
}

/* --- record -> scratch --- */

/* File managers remove by moving into .Trash-<uid>/files/ or .Trash/. */
static bool is_trash(struct fs *fs, struct node *dir)
{
    struct node *at = tree_get(fs, dir->ino);
    bool trash = false;

    while (at && !trash) {
        struct node *parent = tree_parent(fs, at);
        char *name = tree_name(fs, at);

        trash = tree_ops(fs, at) == &scratch_dir_ops && str_starts(name, ".Trash");
        free(name);
        tree_put(fs, at);
        at = parent;
    }
    tree_put(fs, at);
    return trash;
}

/* What nobody but this machine knows does not become a vacancy. -EBUSY: the service is just being
 * told. */
static int withdraw_new(struct fs *fs, struct slot *slot)
{
    struct journal_op op = {0};
    int rc = state_get_op(fs->state, slot->id, &op);

    journal_op_release(&op);
    if (rc == -ENOENT)
        return state_remove_slot(fs->state, slot->id);
    return rc ? rc : writeback_cancel(fs->writeback, slot->id);
}

static int leave_slot(struct fs *fs, struct slot *slot, bool deletion, struct buf *err)
{
    int rc = slot->record ? -EBUSY : withdraw_new(fs, slot);

    if (rc != -EBUSY)
        return rc;
    rc = slot_vacate(fs, slot);
    if (!rc)
        rc = state_put_slot(fs->state, slot);
    if (!rc && deletion)
        rc = slot_keep_refused(fs, slot);
    if (!rc && deletion)
        rc = writeback_delete(fs->writeback, slot, slot->base, err);
    return rc;
}

static int record_to_scratch(struct fs *fs, struct end *from, struct end *to, struct buf *err)
{
    uint64_t ino = from->slot.ino;
    bool local = from->slot.flags & SLOT_LOCAL;
    unsigned mode = from->slot.flags & SLOT_MODE ? from->slot.mode : 0600;
    struct stat st = {0};
    char *text = NULL;

    if (!scratch_allowed(tree_ops(fs, to->dir), to->name, S_IFREG))
        return -EPERM;
    int rc = slot_stat(fs, &from->slot, &st);
    if (!rc)
        rc = record_visible(fs, &from->slot, &text);
    if (!rc)
        rc = may_replace(fs, to, S_IFREG);
    if (rc)
        goto out;

    state_begin(fs->state);
    rc = remove_replaced(fs, to);
    if (!rc)
        rc = end_look_again(fs, from);
    if (!rc)
        rc = leave_slot(fs, &from->slot, is_trash(fs, to->dir), err);
    if (!rc)
        rc = record_to_local(fs, ino, local, text, to, mode);
    rc = state_end(fs->state, rc);
    if (rc)
        goto out;
    if (to->local.ino)
        drop_inode(fs, to->local.ino);
    data_set_mtime(fs, ino, attr_mtime(&st));
    move_node(fs, ino, to, &scratch_file_ops, 0);
    writeback_kick(fs->writeback);
    events_wake(fs);
out:
    free(text);
    return rc;
}

/* --- record -> record --- */

static int rename_alias(struct fs *fs, struct end *from, struct end *to)
{
    struct slot *slot = &from->slot;
    char *own = slot->record ? name_from_id(slot->record) : NULL;

    free(slot->name);
    slot->name = xstrdup(to->name);
    if (str_eq(own, to->name))
        slot->flags &= ~(unsigned)SLOT_ALIAS;
    else
        slot->flags |= SLOT_ALIAS;
    free(own);
    int rc = slot_put(fs, slot);
    if (!rc)
        move_node(fs, slot->ino, to, NULL, slot->id);
    return rc;
}

/* `to` gets the bytes of `from`, whose own record goes. */
static int replace_record(struct fs *fs, struct end *from, struct end *to, struct buf *err)
{
    uint64_t ino = from->slot.ino, old = is_there(to) ? to->slot.ino : 0;
    bool local = from->slot.flags & SLOT_LOCAL;
    unsigned mode = from->slot.flags & SLOT_MODE ? from->slot.mode : 0600;
    struct cJSON *obj = NULL;
    char *text = NULL;
    int rc = record_visible(fs, &from->slot, &text);

    if (!rc)
        rc = json_parse_object(text, strlen(text), &obj, err);
    cJSON_Delete(obj);
    if (rc)
        goto out;

    state_begin(fs->state);
    rc = end_look_again(fs, from);
    if (!rc)
        rc = end_look_again(fs, to);
    if (!rc)
        rc = make_room(fs, to);
    if (!rc)
        rc = leave_slot(fs, &from->slot, true, err);
    if (!rc)
        rc = make_local(fs, ino, local, text);
    if (!rc)
        rc = fill_slot(fs, &to->slot, ino, mode, text, err);
    rc = state_end(fs->state, rc);
    if (rc)
        goto out;
    writeback_kick(fs->writeback);
    move_node(fs, ino, &(struct end){.dir = to->dir, .name = to->slot.name}, NULL, to->slot.id);
    mark_committed(fs, ino, text);
    if (old)
        drop_inode(fs, old);
out:
    free(text);
    return rc;
}

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
        return scratch_to_record(fs, to, from, flags, err);
    }
    if (to->record && to->dir != from->dir)
        return refuse_move(from, err);
    if (to->record)
        return to->slot.folder && !same_slot(from, to) ? replace_record(fs, from, to, err)
                                                       : rename_alias(fs, from, to);
    if (scratch_allowed(tree_ops(fs, to->dir), to->name, S_IFREG))
        return record_to_scratch(fs, from, to, err);
    return refuse_move(to, err);
}

static int rename_ends(struct fs *fs, const struct fs_req *req, struct end *from, struct end *to,
                       unsigned flags, struct buf *err)
{
    if (!is_there(from))
        return -ENOENT;
    if ((flags & RENAME_NOREPLACE) && is_there(to))
        return -EEXIST;
    if ((flags & RENAME_EXCHANGE) && !is_there(to))
        return -ENOENT;
    if (from->dir == to->dir && str_eq(from->name, to->name))
        return 0;
    if (!from->local.ino)
        return from_record(fs, from, to, flags, err);
    if (!to->record)
        return scratch_to_scratch(fs, req, from, to, flags, err);
    if ((flags & RENAME_EXCHANGE) && in_outbox(fs, from))
        return -EINVAL;
    return scratch_to_record(fs, from, to, flags, err);
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
        pthread_mutex_lock(&fs->change);
        rc = end_look(fs, &from);
        if (!rc)
            rc = end_look(fs, &to);
        if (!rc)
            rc = rename_ends(fs, req, &from, &to, flags, &err);
        pthread_mutex_unlock(&fs->change);
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
