/*
 * rename.c - what a rename means with a record at one end or both (saving rules R7, R8, R11).
 *
 *     from          to              meaning
 *     local         record name     the bytes become the record's: committed at once; text that is
 *                                   no complete object is -EINVAL, or a draft while a program that
 *                                   may write the rest has it open
 *     record        local           a backup is being made: the bytes go, the name is vacant,
 *                                   nothing is deleted; into a trash directory: a deletion
 *     record        record name     in use: that record gets these bytes, this one is deleted;
 *                                   free: another alias, nothing is sent
 *     record        other folder    where the service moves records of the kind: the same record,
 *                                   inode and local bytes, in that folder; else -EXDEV (mv copies
 *                                   and deletes), and -EPERM for what cannot be copied
 *     anything else                 -EPERM
 *
 * RENAME_EXCHANGE works between a local file and a record: the slot keeps its record.
 */
#include "../local/local_p.h"
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One end of a rename. */
struct end {
    struct place at;
    bool record;        /* the name is a record's */
    struct local local; /* a local file is there when .ino */
    struct slot slot;   /* a record is there, or was, when .folder */
};

static bool end_is_there(const struct end *e)
{
    return e->local.ino || (e->slot.folder && !(e->slot.flags & SLOT_VACANT));
}

static int end_find(struct fs *fs, struct end *e)
{
    int rc = e->record ? slot_of_name(fs, e->at.dir, e->at.name, &e->slot)
                       : state_find_local(fs->state, e->at.dir->ino, e->at.name, &e->local);
    return rc == -ENOENT ? 0 : rc;
}

/* Before the transaction: what moves, or makes room, is what an open would show. */
static int end_look(struct fs *fs, struct end *e)
{
    const struct node_ops *ops = tree_ops(fs, e->at.dir);

    e->record = ops->owns && ops->owns(e->at.name);
    if (e->record)
        slot_reconcile_name(fs, e->at.dir, e->at.name);
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

/* --- what a record name takes in --- */

/* Anything but a complete object never becomes a record by a rename. */
static int check_complete(const char *text, struct buf *err)
{
    SCOPED(json_release) struct cJSON *obj = NULL;

    return json_parse_object(text, strlen(text), &obj, err);
}

/* What was in the slot, before other bytes come in: vacates it, unless it is vacant already. */
static int make_room(struct fs *fs, struct end *to, struct buf *err)
{
    if (!to->slot.folder)
        return slot_new(fs, to->at.dir, to->at.name, &to->slot, err);
    return to->slot.flags & SLOT_VACANT ? 0 : slot_vacate(fs, &to->slot);
}

/* The slot holds inode `ino` now and its record shall become `text`. In a transaction. */
static int fill_slot(struct fs *fs, struct slot *slot, uint64_t ino, unsigned mode,
                     const char *text, struct buf *err)
{
    SCOPED(xfree) char *base = TAKE(slot->base);

    slot->ino = ino;
    slot->mode = mode & 07777;
    slot->flags &= ~(unsigned)(SLOT_VACANT | SLOT_DRAFT);
    slot->flags |= SLOT_LOCAL | SLOT_MODE;
    int rc = state_put_slot(fs->state, slot);
    return rc ? rc : writeback_update(fs->writeback, slot, base, text, NULL, err);
}

/* The bytes of a record's inode are local from here on. */
static int make_local(struct fs *fs, uint64_t ino, bool has_data, const char *text)
{
    struct node *node = tree_get(fs, ino);
    struct content *open = node ? content_peek(fs, node) : NULL;
    bool has_file = has_data || (open && open->fd >= 0);

    tree_put(fs, node);
    return has_file ? 0 : data_make(fs, ino, text);
}

/* The inode of a record becomes a local file. In a transaction. */
static int record_to_local(struct fs *fs, uint64_t ino, bool has_data, const char *text,
                           const struct place *to, unsigned mode)
{
    struct local l = {
        .ino = ino, .dir = to->dir->ino, .name = (char *)to->name, .mode = S_IFREG | mode};
    int rc = make_local(fs, ino, has_data, text);

    return rc ? rc : state_put_local(fs->state, &l);
}

/* A program that renames first and writes then: it has the file open, and there is nothing to judge
 * yet. */
static bool is_unwritten(struct fs *fs, uint64_t ino, const char *text)
{
    enum json_shape shape = json_scan(text, strlen(text), NULL);

    return (shape == JSON_EMPTY || shape == JSON_PARTIAL) && content_is_open(fs, ino);
}

/* Whether anybody has it open is known once the closes that were answered are carried out. Before anything
 * else is looked at: fs.change is let go. */
static int wait_closed(struct fs *fs, const struct fs_req *req, const struct place *at)
{
    SCOPED(local_release) struct local local = {0};
    SCOPED(xfree) char *text = NULL;
    int rc = state_find_local(fs->state, at->dir->ino, at->name, &local);

    if (rc)
        return rc == -ENOENT ? 0 : rc;
    struct node *node = tree_get(fs, local.ino);
    if (node && content_peek(fs, node) && !record_bytes(fs, local.ino, &text) &&
        is_unwritten(fs, local.ino, text))
        rc = content_wait_closed(fs, req, node);
    tree_put(fs, node);
    return rc;
}

/* The slot holds inode `ino`, whose bytes are a draft. In a transaction. */
static int fill_draft(struct fs *fs, struct slot *slot, uint64_t ino, unsigned mode)
{
    slot->ino = ino;
    slot->mode = mode & 07777;
    slot->flags &= ~(unsigned)SLOT_VACANT;
    slot->flags |= SLOT_LOCAL | SLOT_DRAFT | SLOT_MODE;
    slot->since = clock_steady();
    return state_put_slot(fs->state, slot);
}

static int rename_into_record(struct fs *fs, struct end *from, struct end *to, unsigned flags,
                              struct buf *err)
{
    uint64_t old = end_is_there(to) ? to->slot.ino : 0;
    bool old_local = to->slot.flags & SLOT_LOCAL;
    unsigned old_mode = to->slot.flags & SLOT_MODE ? to->slot.mode : 0600;
    SCOPED(xfree) char *text = NULL;
    SCOPED(xfree) char *kept = NULL;

    if (!S_ISREG(from->local.mode))
        return buf_fail(err, -EPERM, "a record is a regular file");
    int rc = record_bytes(fs, from->local.ino, &text);
    bool draft = !rc && !(flags & RENAME_EXCHANGE) && is_unwritten(fs, from->local.ino, text);
    if (!rc && !draft)
        rc = check_complete(text, err);
    if (!rc && (flags & RENAME_EXCHANGE))
        rc = record_visible(fs, &to->slot, &kept);
    if (rc)
        return rc;

    state_begin(fs->state);
    rc = end_look_again(fs, to);
    if (!rc)
        rc = make_room(fs, to, err);
    if (!rc)
        rc = local_take_out(fs, &from->at, &from->local);
    if (!rc)
        rc = draft ? fill_draft(fs, &to->slot, from->local.ino, from->local.mode)
                   : fill_slot(fs, &to->slot, from->local.ino, from->local.mode, text, err);
    if (!rc && kept)
        rc = record_to_local(fs, old, old_local, kept, &from->at, old_mode);
    rc = state_end(fs->state, rc);
    if (rc)
        return rc;

    writeback_kick(fs->writeback);
    local_left(fs, from->at.dir);
    tree_move_ino(fs, from->local.ino, &(struct place){to->at.dir, to->slot.name}, &record_ops);
    if (draft)
        housekeeping_wake(fs); /* an empty one ends by itself */
    else
        content_committed(fs, from->local.ino, text);
    if (kept)
        tree_move_ino(fs, old, &from->at, &local_file_ops);
    else if (old)
        drop_inode(fs, old);
    return rc;
}

/* --- record -> local --- */

/* What nobody but this machine knows does not become a vacancy. -EBUSY: the service is just being
 * told. */
static int withdraw_new(struct fs *fs, struct slot *slot)
{
    int rc = state_get_op_head(fs->state, slot->id, NULL);

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

static int rename_out_of_record(struct fs *fs, struct end *from, struct end *to, struct buf *err)
{
    uint64_t ino = from->slot.ino;
    bool local = from->slot.flags & SLOT_LOCAL;
    unsigned mode = from->slot.flags & SLOT_MODE ? from->slot.mode : 0600;
    struct stat st = {0};
    SCOPED(xfree) char *text = NULL;

    if (!local_allowed(tree_ops(fs, to->at.dir), to->at.name, S_IFREG))
        return buf_fail(err, -EPERM, "%s", node_refusal(fs, to->at.dir));
    int rc = slot_stat(fs, &from->slot, &st);
    if (!rc)
        rc = record_visible(fs, &from->slot, &text);
    if (!rc)
        rc = local_may_replace(fs, &to->local, S_IFREG);
    if (rc)
        return rc;

    state_begin(fs->state);
    rc = to->local.ino ? local_take_out(fs, &to->at, &to->local) : 0;
    if (!rc)
        rc = end_look_again(fs, from);
    if (!rc)
        rc = leave_slot(fs, &from->slot, local_is_trash(fs, to->at.dir), err);
    if (!rc)
        rc = record_to_local(fs, ino, local, text, &to->at, mode);
    rc = state_end(fs->state, rc);
    if (rc)
        return rc;
    if (to->local.ino)
        drop_inode(fs, to->local.ino);
    data_set_mtime(fs, ino, attr_mtime(&st));
    tree_move_ino(fs, ino, &to->at, local_class(tree_ops(fs, to->at.dir), S_IFREG));
    writeback_kick(fs->writeback);
    housekeeping_wake(fs);
    return rc;
}

/* --- record -> record --- */

/* The slot's name is one given here, unless it is the record's own. */
static void take_name(struct slot *slot, const char *name)
{
    SCOPED(xfree) char *own = slot->record ? name_from_id(slot->record) : NULL;

    xstrset(&slot->name, name);
    if (str_eq(own, name))
        slot->flags &= ~(unsigned)SLOT_ALIAS;
    else
        slot->flags |= SLOT_ALIAS;
}

static int rename_alias(struct fs *fs, struct end *from, struct end *to)
{
    struct slot *slot = &from->slot;

    take_name(slot, to->at.name);
    int rc = state_put_slot(fs->state, slot);
    if (!rc)
        tree_move_ino(fs, slot->ino, &to->at, NULL);
    return rc;
}

/* `to` gets the bytes of `from`, whose own record goes. */
static int rename_over_record(struct fs *fs, struct end *from, struct end *to, struct buf *err)
{
    uint64_t ino = from->slot.ino, old = end_is_there(to) ? to->slot.ino : 0;
    bool local = from->slot.flags & SLOT_LOCAL;
    unsigned mode = from->slot.flags & SLOT_MODE ? from->slot.mode : 0600;
    SCOPED(xfree) char *text = NULL;
    int rc = record_visible(fs, &from->slot, &text);

    if (!rc)
        rc = check_complete(text, err);
    if (rc)
        return rc;

    state_begin(fs->state);
    rc = end_look_again(fs, from);
    if (!rc)
        rc = end_look_again(fs, to);
    if (!rc)
        rc = make_room(fs, to, err);
    if (!rc)
        rc = leave_slot(fs, &from->slot, true, err);
    if (!rc)
        rc = make_local(fs, ino, local, text);
    if (!rc)
        rc = fill_slot(fs, &to->slot, ino, mode, text, err);
    rc = state_end(fs->state, rc);
    if (rc)
        return rc;
    writeback_kick(fs->writeback);
    tree_move_ino(fs, ino, &(struct place){to->at.dir, to->slot.name}, NULL);
    content_committed(fs, ino, text);
    if (old)
        drop_inode(fs, old);
    return rc;
}

/* --- record -> another folder --- */

/* In a transaction. */
static int move_slot(struct fs *fs, struct end *from, const struct place *to, struct buf *err)
{
    int rc = end_look_again(fs, from);

    if (!rc && !end_is_there(from))
        rc = -ENOENT;
    if (!rc && !from->slot.id)
        rc = state_put_slot(fs->state, &from->slot);
    if (rc)
        return rc;
    take_name(&from->slot, to->name);
    rc = writeback_move(fs->writeback, &from->slot, to->dir->folder, err);
    return rc ? rc : state_put_slot(fs->state, &from->slot);
}

static int rename_to_folder(struct fs *fs, struct end *from, struct end *to, struct buf *err)
{
    struct slot *slot = &from->slot;
    bool same = slot->record && str_eq(slot->record, to->slot.record);

    if (to->slot.folder && (to->slot.id || !same))
        return buf_fail(err, to->slot.flags & SLOT_VACANT ? -EBUSY : -EEXIST,
                        "another message has this name there");
    state_begin(fs->state);
    int rc = state_end(fs->state, move_slot(fs, from, &to->at, err));
    if (rc)
        return rc;
    tree_move_ino(fs, slot->ino, &to->at, NULL);
    if (slot->record && mailbox_record_moved(fs->mailbox, slot->kind, slot->record,
                                             from->at.dir->folder, to->at.dir->folder))
        log_error("%s: the cache cannot be written", slot->name);
    writeback_kick(fs->writeback);
    return 0;
}

/* --- record -> outbox --- */

/*
 * What is not on the service yet becomes a draft there. What has got there a moment ago may be bound to its
 * slot before the answer is cached: its own bytes are a whole message's, or say nothing of it.
 */
static bool is_draft(struct fs *fs, const struct slot *slot)
{
    const char *member = kind_info(slot->kind)->draft;
    SCOPED(cache_record_release) struct cache_record r = {0};
    SCOPED(json_release) struct cJSON *obj = NULL;
    SCOPED(xfree) char *text = NULL;

    if (!member || !slot->record)
        return member;
    int rc = cache_get(fs->cache, slot->kind, slot->folder, slot->record, true, &r);
    if (rc == -ENOENT && slot->flags & SLOT_LOCAL)
        rc = record_bytes(fs, slot->ino, &text);
    const char *known = text ? text : r.text;
    bool draft =
        !rc && !json_parse_object(known, strlen(known), &obj, NULL) && json_bool(obj, member, text);
    return draft;
}

/* In a transaction: the slot stays, vacant, until the draft is sent or comes back. */
static int give_slot(struct fs *fs, struct end *from, const struct end *to, const char *text,
                     struct buf *err)
{
    struct slot *slot = &from->slot;
    int rc = end_look_again(fs, from);
    uint64_t ino = slot->ino;
    bool local = slot->flags & SLOT_LOCAL;

    if (!rc && !end_is_there(from))
        rc = -ENOENT;
    if (!rc)
        rc = slot_vacate(fs, slot);
    if (!rc)
        rc = state_put_slot(fs->state, slot);
    if (!rc)
        rc = record_to_local(fs, ino, local, text, &to->at, 0600);
    return rc ? rc : tree_ops(fs, to->at.dir)->names->take_record(fs, &to->at, slot, ino, err);
}

static int rename_to_outbox(struct fs *fs, struct end *from, struct end *to, unsigned flags,
                            struct buf *err)
{
    const struct node_ops *to_ops = tree_ops(fs, to->at.dir);
    uint64_t ino = from->slot.ino;
    SCOPED(xfree) char *text = NULL;

    if (!to_ops->names->take_record || (flags & RENAME_EXCHANGE) || !is_draft(fs, &from->slot))
        return buf_fail(err, -EPERM, "it would be sent, and leave its folder: copy it (cp)");
    if (to->local.ino)
        return -EEXIST;
    int rc = record_visible(fs, &from->slot, &text);
    if (!rc)
        rc = check_complete(text, err);
    if (rc)
        return rc;
    state_begin(fs->state);
    rc = state_end(fs->state, give_slot(fs, from, to, text, err));
    if (rc)
        return rc;
    tree_move_ino(fs, ino, &to->at, to_ops->names->files);
    to_ops->names->left(fs);
    writeback_kick(fs->writeback);
    housekeeping_wake(fs);
    return rc;
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
    if (e->at.dir->kind != KIND_MESSAGE)
        return -EXDEV;
    return buf_fail(err, -EPERM,
                    "the service has no operation to move a message: move it in Outlook, or copy "
                    "it out of the mount");
}

static bool can_move(const struct end *from, const struct end *to)
{
    return from->at.dir->kind == to->at.dir->kind && from->slot.folder &&
           (kind_info(from->at.dir->kind)->caps & KIND_CAN_MOVE);
}

static int from_record(struct fs *fs, struct end *from, struct end *to, unsigned flags,
                       struct buf *err)
{
    const struct node_ops *to_ops = tree_ops(fs, to->at.dir);

    if (to_ops->names && !to_ops->owns)
        return rename_to_outbox(fs, from, to, flags, err);
    if (flags & RENAME_EXCHANGE)
        return to->local.ino
                   ? rename_into_record(fs, to, from, flags, err)
                   : buf_fail(err, -EINVAL,
                              "two records cannot be exchanged: copy their contents instead");
    if (to->record && to->at.dir != from->at.dir)
        return can_move(from, to) ? rename_to_folder(fs, from, to, err) : refuse_move(from, err);
    if (to->record && to->slot.folder && !same_slot(from, to))
        return rename_over_record(fs, from, to, err);
    if (to->record)
        return rename_alias(fs, from, to);
    if (local_allowed(to_ops, to->at.name, S_IFREG))
        return rename_out_of_record(fs, from, to, err);
    return refuse_move(to, err);
}

int record_rename(struct fs *fs, const struct fs_req *req, const struct place *from_place,
                  const struct place *to_place, unsigned flags, struct buf *err)
{
    SCOPED(end_release) struct end from = {.at = *from_place};
    SCOPED(end_release) struct end to = {.at = *to_place};
    int rc = wait_closed(fs, req, from_place);

    if (!rc)
        rc = end_look(fs, &from);
    if (!rc)
        rc = end_look(fs, &to);
    if (!rc)
        rc = rename_check(&from.at, end_is_there(&from), &to.at, end_is_there(&to), flags);
    if (!rc && from.record)
        rc = from_record(fs, &from, &to, flags, err);
    else if (!rc && (flags & RENAME_EXCHANGE) && tree_ops(fs, from.at.dir)->names)
        rc = -EINVAL;
    else if (!rc)
        rc = rename_into_record(fs, &from, &to, flags, err);
    return rc == 1 ? 0 : rc;
}
