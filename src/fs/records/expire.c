/*
 * expire.c - vacancies that nobody filled, and files that were emptied and never written (saving
 * rules R8, R16).
 */
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* 1: a slot with neither record nor operation, and now it is gone. Looked at once more, inside the
 * transaction: a worker may just have bound it. */
static int remove_unbound(struct fs *fs, int64_t id)
{
    SCOPED(slot_release) struct slot slot = {0};

    state_begin(fs->state);
    int rc = state_get_slot(fs->state, id, &slot);
    bool unbound = !rc && !slot.record && state_get_op_head(fs->state, id, NULL) == -ENOENT;
    if (unbound)
        rc = state_remove_slot(fs->state, id);
    rc = state_end(fs->state, rc);
    return rc ? rc : unbound;
}

/* The record's name shows the record again: what is pending for it, or the service's version. */
static void reappear(struct fs *fs, struct slot *slot)
{
    int rc = remove_unbound(fs, slot->id);

    slot->flags &= ~(unsigned)SLOT_VACANT;
    if (!rc)
        rc = slot_revert(fs, slot);
    if (rc == -ENOENT) /* a deletion was carried out meanwhile */
        return;
    if (rc < 0)
        log_error("%s: cannot be shown again: %s", slot->name, strerror(-rc));
    notify_inode(fs, folder_ino(slot->kind, slot->folder));
}

/* A deletion under way keeps its name empty; one that was refused gives it back. */
static int64_t expire_vacancy(struct fs *fs, struct slot *slot, const struct journal_op *op,
                              int64_t now)
{
    int64_t over = slot->since + SLOT_GRACE;

    if (op->slot && op->verb == JOURNAL_DELETE && op->state != JOURNAL_FAILED)
        return INT64_MAX;
    if (now < over)
        return over;
    reappear(fs, slot);
    return INT64_MAX;
}

static int64_t expire_draft(struct fs *fs, struct slot *slot, const struct journal_op *op,
                            int64_t now)
{
    bool open = content_is_open(fs, slot->ino);
    struct stat st = {0};
    int rc = data_stat(fs, slot->ino, &st);

    if (rc == -ENOENT && !open) /* a power cut took the bytes and left the row */
        reappear(fs, slot);
    if (rc || st.st_size || open || (!slot->record && !op->mine))
        return INT64_MAX; /* slot_closed() wakes us when the handle is gone */
    int64_t over = slot->since + SLOT_GRACE;
    if (now < over)
        return over;
    slot_revert(fs, slot);
    return INT64_MAX;
}

int64_t slots_expire(struct fs *fs, int64_t now)
{
    SCOPED(xfree) struct slot *slots = NULL;
    size_t count = 0;
    int64_t next = INT64_MAX;

    LOCKED(&fs->change);
    state_slots_with(fs->state, SLOT_VACANT | SLOT_DRAFT, &slots, &count);
    for (size_t i = 0; i < count; i++) {
        SCOPED(journal_op_release) struct journal_op op = {0};
        int64_t when;

        state_get_op(fs->state, slots[i].id, &op);
        if (slots[i].flags & SLOT_VACANT)
            when = expire_vacancy(fs, &slots[i], &op, now);
        else
            when = expire_draft(fs, &slots[i], &op, now);
        if (when < next)
            next = when;
        slot_release(&slots[i]);
    }
    return next;
}
