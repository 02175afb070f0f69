/*
 * pending.c - .outlookfs/queue/, failed/ and drafts/: what was saved and is not on the service.
 */
#include "../local/local_p.h"
#include "../outbox/outbox_p.h"
#include "../records/records_p.h"
#include "collections_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>

static int tell_op(struct fs *fs, unsigned states, const struct journal_op *op, entry_fn each,
                   void *ctx)
{
    SCOPED(slot_release) struct slot slot = {0};
    int rc = 0;

    if ((states & 1U << op->state) && !state_get_slot(fs->state, op->slot, &slot))
        rc = each(ctx, op->slot, slot.name);
    return rc;
}

static int tell_mail(struct fs *fs, unsigned states, const struct outbox_row *row, entry_fn each,
                     void *ctx)
{
    SCOPED(local_release) struct local l = {0};
    int rc = 0;

    if ((states & 1U << row->state) && !state_get_local(fs->state, row->ino, &l)) {
        SCOPED(xfree) char *name = xasprintf("%s%s", l.name, name_is_record(l.name) ? "" : ".json");
        rc = each(ctx, -row->id, name);
    }
    return rc;
}

static int each_mail(struct fs *fs, unsigned states, entry_fn each, void *ctx)
{
    struct outbox_row *rows = NULL;
    size_t count = 0;
    int rc = state_outbox(fs->state, &rows, &count);

    for (size_t i = 0; i < count && !rc; i++)
        rc = tell_mail(fs, states, &rows[i], each, ctx);
    outbox_rows_free(rows, count);
    return rc;
}

/* The number of a mail is negative. */
static int one(struct fs *fs, int64_t id, unsigned op_states, unsigned mail_states, entry_fn each,
               void *ctx)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    int rc = id < 0 ? state_get_outbox(fs->state, -id, &row) : state_get_op(fs->state, id, &op);

    if (!rc)
        rc = id < 0 ? tell_mail(fs, mail_states, &row, each, ctx)
                    : tell_op(fs, op_states, &op, each, ctx);
    return rc;
}

#define QUEUED_OPS (1U << JOURNAL_QUEUED | 1U << JOURNAL_HELD)
#define QUEUED_MAILS (1U << OUTBOX_WAITING | 1U << OUTBOX_SENDING)
#define FAILED_OPS (1U << JOURNAL_FAILED)
#define FAILED_MAILS (1U << OUTBOX_FAILED)
#define DRAFT_MAILS (1U << OUTBOX_DRAFT)

static int one_queued(struct fs *fs, int64_t id, entry_fn each, void *ctx)
{
    return one(fs, id, QUEUED_OPS, QUEUED_MAILS, each, ctx);
}

static int one_failed(struct fs *fs, int64_t id, entry_fn each, void *ctx)
{
    return one(fs, id, FAILED_OPS, FAILED_MAILS, each, ctx);
}

static int each_queued(struct fs *fs, entry_fn each, void *ctx)
{
    int rc = state_each_op_name(fs->state, QUEUED_OPS, each, ctx);

    return rc ? rc : each_mail(fs, QUEUED_MAILS, each, ctx);
}

static int each_failed(struct fs *fs, entry_fn each, void *ctx)
{
    int rc = state_each_op_name(fs->state, FAILED_OPS, each, ctx);

    return rc ? rc : each_mail(fs, FAILED_MAILS, each, ctx);
}

static int render_op(struct fs *fs, int64_t id, const char *, struct buf *out)
{
    return id < 0 ? mail_render(fs, -id, out) : operation_render(fs, id, out);
}

static int touch_op(struct fs *fs, int64_t id)
{
    if (id < 0)
        return outbox_retry(fs->outbox, -id);
    int rc = writeback_retry(fs->writeback, id);
    writeback_kick(fs->writeback);
    return rc;
}

/* The mail is not sent, and its file goes. */
static int remove_mail(struct fs *fs, int64_t id)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    SCOPED(local_release) struct local l = {0};
    int rc = state_get_outbox(fs->state, id, &row);

    if (!rc)
        rc = state_get_local(fs->state, row.ino, &l);
    if (!rc) {
        struct node *dir = outbox_dir_node(fs, l.dir);

        rc = dir ? local_remove(fs, dir, l.name, false) : -ENOENT;
        if (!rc)
            lose_inode(fs, row.ino);
        tree_put(fs, dir);
    }
    return rc;
}

int operation_discard(struct fs *fs, int64_t id)
{
    SCOPED(slot_release) struct slot before = {0};
    SCOPED(slot_release) struct slot after = {0};
    int rc = state_get_slot(fs->state, id, &before);

    if (!rc)
        rc = writeback_cancel(fs->writeback, id);
    if (rc)
        return rc;
    rc = state_get_slot(fs->state, id, &after);
    if (rc == -ENOENT) {
        lose_inode(fs, before.ino);
        rc = 0;
    } else if (!rc && (after.flags & SLOT_VACANT)) {
        after.since = 0; /* the name comes back at once */
        rc = state_put_slot(fs->state, &after);
        housekeeping_wake(fs);
    } else if (!rc) {
        rc = slot_reconcile(fs, &after);
    }
    return rc;
}

static int remove_op(struct fs *fs, int64_t id)
{
    return id < 0 ? remove_mail(fs, -id) : operation_discard(fs, id);
}

const struct collection queue_collection = {.name = "queue",
                                            .ops = &collection_ops,
                                            .entry_ops = &entry_ops,
                                            .each = each_queued,
                                            .one = one_queued,
                                            .render = render_op,
                                            .remove = remove_op};
const struct collection failed_collection = {.name = "failed",
                                             .ops = &collection_ops,
                                             .entry_ops = &entry_ops,
                                             .each = each_failed,
                                             .one = one_failed,
                                             .render = render_op,
                                             .remove = remove_op,
                                             .touch = touch_op};

/* --- drafts/ --- */

static int each_draft(struct fs *fs, entry_fn each, void *ctx)
{
    SCOPED(xfree) struct slot *slots = NULL;
    size_t count = 0;
    int rc = state_slots_with(fs->state, SLOT_DRAFT, &slots, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc)
            rc = each(ctx, slots[i].id, slots[i].name);
        slot_release(&slots[i]);
    }
    return rc ? rc : each_mail(fs, DRAFT_MAILS, each, ctx);
}

static int one_draft(struct fs *fs, int64_t id, entry_fn each, void *ctx)
{
    SCOPED(slot_release) struct slot slot = {0};

    if (id < 0)
        return one(fs, id, 0, DRAFT_MAILS, each, ctx);
    int rc = state_get_slot(fs->state, id, &slot);
    if (!rc && (slot.flags & SLOT_DRAFT))
        rc = each(ctx, id, slot.name);
    return rc;
}

static int render_draft(struct fs *fs, int64_t id, const char *, struct buf *out)
{
    return id < 0 ? mail_render(fs, -id, out) : draft_render(fs, id, out);
}

static int remove_draft(struct fs *fs, int64_t id)
{
    SCOPED(slot_release) struct slot slot = {0};

    if (id < 0)
        return remove_mail(fs, -id);
    int rc = state_get_slot(fs->state, id, &slot);
    return rc ? rc : slot_discard_draft(fs, &slot);
}

const struct collection drafts_collection = {.name = "drafts",
                                             .ops = &collection_ops,
                                             .entry_ops = &entry_ops,
                                             .each = each_draft,
                                             .one = one_draft,
                                             .render = render_draft,
                                             .remove = remove_draft};
