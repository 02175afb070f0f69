/*
 * commit.c - a file was closed: is it a record, a draft, or a mistake? (saving rules R14-R16)
 */
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The slot with the local bytes in it; `base` is where the change began, unless a draft or vacancy
 * before it knows better. */
static int begin_local(struct fs *fs, struct node *node, const char *base, struct slot *ret)
{
    int rc = slot_of_node(fs, node, ret);

    if (rc)
        return rc;
    if (!ret->base && base && !(ret->flags & SLOT_DRAFT))
        ret->base = xstrdup(base);
    ret->flags |= SLOT_LOCAL;
    return 0;
}

/* The bytes stay on this machine until they are complete. */
static int keep_draft(struct fs *fs, struct node *node, struct content *c)
{
    SCOPED(slot_release) struct slot slot = {0};
    int rc = begin_local(fs, node, c->base, &slot);

    if (!rc && !(slot.flags & SLOT_DRAFT)) {
        slot.flags |= SLOT_DRAFT;
        slot.since = clock_steady();
        rc = state_put_slot(fs->state, &slot);
    }
    housekeeping_wake(fs);
    return rc;
}

/* Journals the text; a refusal that needs no service (a missing member, a message's subject) leaves
 * a draft. */
static int journal(struct fs *fs, struct node *node, struct content *c, const char *text,
                   const struct cJSON *obj, struct buf *err)
{
    SCOPED(slot_release) struct slot slot = {0};
    SCOPED(xfree) char *base = NULL;

    state_begin(fs->state);
    int rc = begin_local(fs, node, c->base, &slot);
    if (!rc) {
        base = TAKE(slot.base);
        slot.flags &= ~(unsigned)(SLOT_DRAFT | SLOT_VACANT);
        rc = state_put_slot(fs->state, &slot);
    }
    if (!rc)
        rc = writeback_update(fs->writeback, &slot, base, text, obj, err);
    rc = state_end(fs->state, rc);
    if (!rc) {
        content_rebase(c, text);
        writeback_kick(fs->writeback);
    }
    return rc;
}

int slot_commit(struct fs *fs, struct node *node, struct content *c, struct buf *err)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    SCOPED(xfree) char *text = NULL;
    size_t len = 0;
    struct node *parent = tree_parent(fs, node);
    bool linked = parent;
    tree_put(fs, parent);
    if (!linked) /* unlinked and open: its bytes belong to nobody */
        return 0;
    int rc = content_text(fs, c, &text, &len);
    if (rc)
        return rc;
    enum json_shape shape = json_read_object(text, len, &obj, err);
    rc = content_arrive(c, shape);
    if (!rc)
        rc = shape == JSON_COMPLETE ? journal(fs, node, c, text, obj, err) : -EINVAL;
    if (rc == CONTENT_DRAFT)
        rc = keep_draft(fs, node, c);
    else if (rc == -EINVAL)
        keep_draft(fs, node, c);
    c->refused = rc == -EPERM;
    return rc;
}

/* What can never be accepted is kept in the trash, because the editor that wrote it may be gone. */
static void reject(struct fs *fs, struct slot *slot, struct content *c)
{
    SCOPED(xfree) char *text = NULL;
    size_t len;

    if (!content_text(fs, c, &text, &len))
        trash_rejected(fs, slot, text);
    slot_revert(fs, slot);
}

void slot_closed(struct fs *fs, struct node *node, struct content *c)
{
    SCOPED(slot_release) struct slot slot = {0};

    if (c->fd < 0 && state_slot_by_ino(fs->state, node->ino, NULL) == -ENOENT)
        return; /* it was read, and nothing waits for that */
    int rc = slot_of_node(fs, node, &slot);
    if (rc == -ENOENT) { /* unlinked, or its record is gone */
        if (c->fd >= 0)
            state_data_remove(fs->state, node->ino);
    } else if (!rc && c->refused) {
        reject(fs, &slot, c);
    } else if (!rc && c->fd >= 0 && !(slot.flags & SLOT_LOCAL)) {
        state_data_remove(fs->state, node->ino); /* opened to be changed, and was not */
        notify_inode(fs, node->ino);
    } else if (!rc) {
        slot_reconcile(fs, &slot);
    }
    if (!rc && (slot.flags & SLOT_DRAFT)) {
        if (c->changed) {
            slot.since = clock_steady();
            state_put_slot(fs->state, &slot);
        }
        housekeeping_wake(fs);
    }
}
