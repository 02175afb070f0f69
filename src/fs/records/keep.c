/*
 * keep.c - which bytes a record's file shows: those the user saved, what is pending, or the
 * service's.
 *
 * After a save the file keeps the user's very bytes as long as the service's record says the same;
 * when it says something else, its rendering replaces them as soon as no handle is open. The
 * housekeeping thread sees to that when sync reports an outcome; who opens, replaces or removes the
 * file before it comes to that does it himself: he may know the outcome (`.state`, an fsync that
 * returned), and what he saves is measured against what he was shown.
 */
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/merge.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The texts say the same as far as the service is concerned and, where the second is its answer, none
 * the id of another record: a copy shows its own. */
static bool same_record(enum kind kind, const char *a, const char *b, bool answered)
{
    SCOPED(json_release) struct cJSON *x = NULL;
    SCOPED(json_release) struct cJSON *y = NULL;
    bool same = false;

    if (!json_parse_object(a, strlen(a), &x, NULL) && !json_parse_object(b, strlen(b), &y, NULL)) {
        const char *id = answered ? kind_id(kind, x) : NULL;

        same = merge_same(kind, x, y) && (!id || str_eq(id, kind_id(kind, y)));
    }
    return same;
}

/* Is the operation's text what the file shows? A conflict shows theirs: mine lies in
 * .outlookfs/conflicts. */
static bool op_is_shown(const struct journal_op *op)
{
    return op->mine && op->state != JOURNAL_CONFLICT;
}

/* A slot that says nothing its record does not say. */
static bool is_plain(const struct slot *slot)
{
    const unsigned own =
        SLOT_LOCAL | SLOT_DRAFT | SLOT_VACANT | SLOT_ALIAS | SLOT_MODE | SLOT_MTIME;

    return !(slot->flags & own) && slot->record && !slot->origin &&
           slot->ino == record_ino(slot->kind, slot->folder, slot->record);
}

static int forget_plain(struct fs *fs, const struct slot *slot)
{
    SCOPED(slot_release) struct slot now = {0};

    if (!slot->id || !is_plain(slot))
        return 0;
    state_begin(fs->state);
    int rc = state_get_slot(fs->state, slot->id, &now);
    if (!rc && is_plain(&now) && state_get_op_head(fs->state, slot->id, NULL) == -ENOENT)
        rc = state_remove_slot(fs->state, slot->id);
    return state_end(fs->state, rc == -ENOENT ? 0 : rc);
}

/* The service's rendering becomes visible; a slot without anything of its own left goes. */
static int drop_local(struct fs *fs, struct slot *slot, bool pending)
{
    int rc;

    slot->flags &= ~(unsigned)(SLOT_LOCAL | SLOT_DRAFT | SLOT_MTIME);
    xstrset(&slot->base, NULL);
    if (!pending && is_plain(slot))
        rc = state_remove_slot(fs->state, slot->id);
    else
        rc = state_put_slot(fs->state, slot);
    if (!rc)
        state_data_remove(fs->state, slot->ino);
    notify_inode(fs, slot->ino);
    return rc;
}

/* What was saved and is not on the service yet becomes visible. */
static int show_pending(struct fs *fs, struct slot *slot, const char *text)
{
    int rc = data_make(fs, slot->ino, text);

    if (!rc) {
        slot->flags |= SLOT_LOCAL;
        slot->flags &= ~(unsigned)SLOT_DRAFT;
        xstrset(&slot->base, NULL);
        rc = state_put_slot(fs->state, slot);
    }
    notify_inode(fs, slot->ino);
    return rc;
}

int slot_revert(struct fs *fs, struct slot *slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op(fs->state, slot->id, &op);

    if (!rc && op_is_shown(&op))
        rc = show_pending(fs, slot, op.mine);
    else if (!rc || rc == -ENOENT)
        rc = drop_local(fs, slot, !rc);
    return rc;
}

int slot_discard_draft(struct fs *fs, struct slot *slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    SCOPED(xfree) char *text = NULL;
    size_t len;

    if (!(slot->flags & SLOT_DRAFT))
        return -ENOENT;
    if (content_is_open(fs, slot->ino))
        return -EBUSY;
    int rc = data_text(fs, slot->ino, &text, &len);
    if (!rc && len)
        rc = trash_rejected(fs, slot, text);
    if (rc && rc != -ENOENT)
        return rc;
    bool known = slot->record || !state_get_op(fs->state, slot->id, &op);
    if (known)
        return slot_revert(fs, slot);
    rc = state_remove_slot(fs->state, slot->id);
    if (!rc)
        lose_inode(fs, slot->ino);
    return rc;
}

/* Compares the local bytes with the service's record, or with what is pending, and replaces them
 * where they say something else. */
static int settle(struct fs *fs, struct slot *slot, const char *shown, bool answered)
{
    SCOPED(xfree) char *mine = NULL;
    int rc = record_visible(fs, slot, &mine);

    if (rc == -ENOENT || (!rc && !same_record(slot->kind, mine, shown, answered)))
        rc = slot_revert(fs, slot);
    return rc;
}

int slot_reconcile(struct fs *fs, struct slot *slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    SCOPED(cache_record_release) struct cache_record r = {0};

    if (!(slot->flags & SLOT_LOCAL))
        return forget_plain(fs, slot);
    if ((slot->flags & SLOT_DRAFT) || content_is_open(fs, slot->ino))
        return 0; /* slot_closed() comes back to it */
    int rc = state_get_op(fs->state, slot->id, &op);
    if (!rc && op_is_shown(&op))
        rc = 0;
    else if ((!rc || rc == -ENOENT) && slot->record) {
        rc = cache_get(fs->cache, slot->kind, slot->folder, slot->record, true, &r);
        if (!rc)
            rc = settle(fs, slot, r.text, true);
    }
    return rc == -ENOENT ? 0 : rc;
}

void slot_reconcile_name(struct fs *fs, struct node *dir, const char *name)
{
    SCOPED(slot_release) struct slot slot = {0};

    if (!slot_of_name(fs, dir, name, &slot))
        slot_reconcile(fs, &slot);
}

/* --- after a crash --- */

/* Bytes that were being written when the program stopped: nobody closed them, so what was saved
 * before counts. */
static int recover_pending(struct fs *fs, int64_t id)
{
    SCOPED(slot_release) struct slot slot = {0};
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_slot(fs->state, id, &slot);

    if (!rc && (slot.flags & SLOT_LOCAL) && !(slot.flags & SLOT_DRAFT))
        rc = state_get_op(fs->state, id, &op);
    if (!rc && op_is_shown(&op))
        rc = settle(fs, &slot, op.mine, false);
    return rc;
}

int slots_recover(struct fs *fs)
{
    SCOPED(xfree) struct journal_op *ops = NULL;
    size_t count = 0;
    int rc = state_op_heads(fs->state, &ops, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc)
            rc = recover_pending(fs, ops[i].slot);
        journal_op_release(&ops[i]);
    }
    return rc;
}

void slots_reconcile_all(struct fs *fs)
{
    SCOPED(xfree) struct slot *slots = NULL;
    size_t count = 0;

    state_slots_with(fs->state, SLOT_LOCAL, &slots, &count);
    for (size_t i = 0; i < count; i++) {
        SCOPED(slot_release) struct slot now = {0};

        mutex_lock(&fs->change);
        if (!fs->stopping && !state_get_slot(fs->state, slots[i].id, &now))
            slot_reconcile(fs, &now);
        mutex_unlock(&fs->change);
        slot_release(&slots[i]);
    }
}

/* --- refused texts --- */

int trash_rejected(struct fs *fs, const struct slot *slot, const char *text)
{
    return state_add_trash(fs->state, &(struct trash_entry){.at = clock_now(),
                                                            .kind = slot->kind,
                                                            .folder = slot->folder,
                                                            .record = slot->record,
                                                            .name = slot->name,
                                                            .why = "rejected",
                                                            .text = (char *)text,
                                                            .size = strlen(text)});
}

int slot_keep_refused(struct fs *fs, const struct slot *slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op(fs->state, slot->id, &op);

    if (!rc && op.mine && (op.state == JOURNAL_FAILED || op.state == JOURNAL_CONFLICT))
        rc = trash_rejected(fs, slot, op.mine);
    return rc == -ENOENT ? 0 : rc;
}
