/*
 * slot.c - what happens to a name in a record folder (saving rules R6-R18).
 *
 * A record is bound to its name, not to the inode that lies there: programs save by renaming away,
 * unlinking and creating anew. The slot remembers the record while inodes come and go:
 *
 *     untouched   no row at all; the cache's rendering
 *     local       data/<ino> holds the visible bytes; an operation is pending, or was carried out
 *                 and the bytes still say the same
 *     draft       local, and not committed: empty, half-written, or refused
 *     vacant      nothing lies there: renamed away (reappears) or unlinked (a deletion waits)
 *
 * `base` is the text that was visible before a draft or a vacancy began: what the next commit is
 * compared with.
 */
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void slot_untouched(struct node *dir, const char *name, const char *id, struct slot *ret)
{
    *ret = (struct slot){.kind = dir->kind,
                         .folder = xstrdup(dir->folder),
                         .name = xstrdup(name),
                         .record = xstrdup(id),
                         .ino = record_ino(dir->kind, dir->folder, id)};
}

/* `id`: what the name means where no slot has it; taken, may be NULL. */
static int find_slot(struct fs *fs, struct node *dir, const char *name, char *id, struct slot *ret)
{
    int rc = state_slot_by_name(fs->state, dir->kind, dir->folder, name, ret);

    if (rc == -ENOENT && id)
        rc = state_slot_by_record(fs->state, dir->kind, dir->folder, id, ret);
    if (rc == -ENOENT && id) {
        rc = cache_get(fs->cache, dir->kind, dir->folder, id, false, NULL);
        if (!rc)
            slot_untouched(dir, name, id, ret);
    }
    free(id);
    return rc;
}

int slot_of_name(struct fs *fs, struct node *dir, const char *name, struct slot *ret)
{
    char *id = NULL;

    mailbox_record_id(fs->mailbox, dir->kind, dir->folder, name, &id);
    return find_slot(fs, dir, name, id, ret);
}

int slot_of_node(struct fs *fs, struct node *node, struct slot *ret)
{
    int rc = state_slot_by_ino(fs->state, node->ino, ret);
    struct node *dir = rc == -ENOENT ? tree_parent(fs, node) : NULL;

    if (!dir)
        return rc;
    SCOPED(xfree) char *name = tree_name(fs, node);
    char *record = mailbox_spelt_id(fs->mailbox, name, NAME_RECORD_SUFFIX);
    rc = find_slot(fs, dir, name, record, ret);
    tree_put(fs, dir);
    return rc;
}

static void set_base(struct slot *slot, char *base)
{
    free(slot->base);
    slot->base = base;
}

int slot_vacate(struct fs *fs, struct slot *slot)
{
    char *visible = NULL;

    /* A draft's base is older than its bytes: it stays. */
    if (!(slot->flags & SLOT_DRAFT)) {
        int rc = record_visible(fs, slot, &visible);
        if (rc && rc != -ENOENT)
            return rc;
        set_base(slot, visible);
    }
    slot->flags &= ~(unsigned)(SLOT_LOCAL | SLOT_DRAFT | SLOT_MODE | SLOT_MTIME);
    slot->flags |= SLOT_VACANT;
    slot->since = clock_steady();
    return state_new_ino(fs->state, &slot->ino);
}

void slot_forget(struct fs *fs, struct slot *slot)
{
    if (state_remove_slot(fs->state, slot->id))
        return;
    lose_inode(fs, slot->ino);
}

/* --- create --- */

/* Filling a vacancy takes back the deletion that waits: what was pending before it goes on. */
static int take_back_deletion(struct fs *fs, const struct slot *slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op(fs->state, slot->id, &op);

    if (!rc && op.verb == JOURNAL_DELETE && slot->base)
        rc = writeback_update(fs->writeback, slot, slot->base, slot->base, NULL, NULL);
    return rc == -ENOENT ? 0 : rc;
}

int slot_new(struct fs *fs, struct node *dir, const char *name, struct slot *ret, struct buf *err)
{
    if (!mailbox_may_create(fs->mailbox, dir->kind, dir->folder))
        return buf_fail(err, -EPERM,
                        "no message can be made in this folder: %sput it into outbox/send/, and it "
                        "is sent",
                        kind_info(dir->kind)->draft ? "write it in Drafts, or " : "");
    *ret = (struct slot){.kind = dir->kind,
                         .folder = xstrdup(dir->folder),
                         .name = xstrdup(name),
                         .flags = SLOT_ALIAS};
    return 0;
}

/* The vacancy or the new slot with an empty file in it. In a transaction. */
static int fill_empty(struct fs *fs, struct slot *slot, mode_t mode)
{
    slot->flags &= ~(unsigned)SLOT_VACANT;
    slot->flags |= SLOT_LOCAL | SLOT_DRAFT | SLOT_MODE;
    slot->mode = mode & 07777;
    slot->since = clock_steady();
    int rc = state_put_slot(fs->state, slot);
    return rc ? rc : take_back_deletion(fs, slot);
}

/* Looked up inside the transaction: a worker that carries out a deletion removes the slot. */
int slot_create(struct fs *fs, struct node *dir, const char *name, mode_t mode, struct node **ret)
{
    SCOPED(slot_release) struct slot slot = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    state_begin(fs->state);
    int rc = slot_of_name(fs, dir, name, &slot);
    if (!rc && !(slot.flags & SLOT_VACANT))
        rc = -EEXIST;
    else if (rc == -ENOENT)
        rc = slot_new(fs, dir, name, &slot, &err);
    if (!rc && !slot.ino)
        rc = state_new_ino(fs->state, &slot.ino);
    if (!rc)
        rc = data_make(fs, slot.ino, "");
    if (!rc)
        rc = fill_empty(fs, &slot, mode);
    rc = state_end(fs->state, rc);
    if (!rc)
        *ret = tree_obtain(fs, record_spec(fs, dir, slot.name, slot.ino));
    else
        node_refuse(fs, dir, name, rc, err.data);
    housekeeping_wake(fs);
    return rc;
}

/* --- unlink --- */

int slot_unlink(struct fs *fs, struct node *dir, const char *name)
{
    SCOPED(slot_release) struct slot slot = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    slot_reconcile_name(fs, dir, name);
    state_begin(fs->state);
    int rc = slot_of_name(fs, dir, name, &slot);
    uint64_t gone = slot.ino;
    if (!rc && (slot.flags & SLOT_VACANT))
        rc = -ENOENT;
    if (!rc)
        rc = slot_vacate(fs, &slot);
    if (!rc)
        rc = state_put_slot(fs->state, &slot);
    if (!rc)
        rc = slot_keep_refused(fs, &slot);
    if (!rc)
        rc = writeback_delete(fs->writeback, &slot, slot.base, &err);
    rc = state_end(fs->state, rc);
    if (rc) {
        if (rc != -ENOENT)
            node_refuse(fs, dir, name, rc, err.len ? err.data : strerror(-rc));
        return rc;
    }
    writeback_kick(fs->writeback);
    drop_inode(fs, gone);
    return rc;
}

/* --- attributes --- */

/* Touching a refused record asks the service again. */
static int retry_if_failed(struct fs *fs, const struct slot *slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op(fs->state, slot->id, &op);

    if (!rc && op.state == JOURNAL_FAILED) {
        rc = writeback_retry(fs->writeback, slot->id);
        writeback_kick(fs->writeback);
    }
    return rc == -ENOENT ? 0 : rc;
}

int slot_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set)
{
    int64_t mtime = set & FS_SET_MTIME_NOW ? clock_now() : attr_mtime(attr);
    struct content *open = content_peek(fs, node);
    bool time = set & (FS_SET_MTIME | FS_SET_MTIME_NOW);
    SCOPED(slot_release) struct slot slot = {0};
    int rc = slot_of_node(fs, node, &slot);

    if (rc) /* unlinked and open: nobody will see it again */
        return open ? 0 : rc;
    bool data = (slot.flags & SLOT_LOCAL) || (open && open->fd >= 0);
    if (time && data)
        rc = data_set_mtime(fs, node->ino, mtime);
    if (time && open) /* of a text, also where the name means other bytes by now */
        open->mtime = mtime;
    if (set & FS_SET_MODE) {
        slot.flags |= SLOT_MODE;
        slot.mode = attr->st_mode & 07777;
    }
    if (time && !data) {
        slot.flags |= SLOT_MTIME;
        slot.mtime = mtime;
    }
    if (!rc && ((set & FS_SET_MODE) || (time && !data)))
        rc = state_put_slot(fs->state, &slot);
    if (!rc && time && slot.id)
        rc = retry_if_failed(fs, &slot);
    return rc;
}
