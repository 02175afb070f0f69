/*
 * rename_record.c - a rename with a record at one end or both: the table is in rename.c.
 */
#include "rename_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
        rc = writeback_update(fs->writeback, slot, base, text, NULL, err);
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

int rename_into_record(struct fs *fs, struct end *from, struct end *to, unsigned flags,
                       struct buf *err)
{
    uint64_t old = end_is_there(to) ? to->slot.ino : 0;
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
    end_move_node(fs, from->local.ino, &(struct end){.dir = to->dir, .name = to->slot.name},
                  &record_ops, to->slot.id);
    mark_committed(fs, from->local.ino, text);
    if (kept)
        end_move_node(fs, old, from, &scratch_file_ops, 0);
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

int rename_out_of_record(struct fs *fs, struct end *from, struct end *to, struct buf *err)
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
        rc = end_may_replace(fs, to, S_IFREG);
    if (rc)
        goto out;

    state_begin(fs->state);
    rc = end_remove_replaced(fs, to);
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
    end_move_node(fs, ino, to, &scratch_file_ops, 0);
    writeback_kick(fs->writeback);
    events_wake(fs);
out:
    free(text);
    return rc;
}

/* --- record -> record --- */

int rename_record(struct fs *fs, struct end *from, struct end *to)
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
        end_move_node(fs, slot->ino, to, NULL, slot->id);
    return rc;
}

/* `to` gets the bytes of `from`, whose own record goes. */
int rename_over_record(struct fs *fs, struct end *from, struct end *to, struct buf *err)
{
    uint64_t ino = from->slot.ino, old = end_is_there(to) ? to->slot.ino : 0;
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
    end_move_node(fs, ino, &(struct end){.dir = to->dir, .name = to->slot.name}, NULL, to->slot.id);
    mark_committed(fs, ino, text);
    if (old)
        drop_inode(fs, old);
out:
    free(text);
    return rc;
}
