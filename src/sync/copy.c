/*
 * copy.c - mv where rename(2) cannot: a copy, and the deletion of what it was copied from.
 *
 * The two are operations of two slots and nothing tells that they belong together but the text: a program
 * that moves a file copies it byte for byte. A deletion waits until the newest copy of its text is on the
 * service (journal_op.copy, which outlives a restart), and where that is refused or taken back the record
 * stays: its file shows again.
 */
#include "writeback_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <string.h>

uint64_t copy_digest(const char *text)
{
    return text ? str_hash(0, text, strlen(text)) : 0;
}

static int refuse(struct writeback *wb, const struct slot *slot, const struct journal_op *op,
                  struct buf *err)
{
    SCOPED(slot_release) struct slot copy = {0};
    int rc = state_get_slot(wb->mb->state, op->slot, &copy);

    if (!rc)
        rc = buf_fail(err, -EBUSY,
                      "%s: it stays until %s, which was copied from it, is on the service: see "
                      ".outlookfs/%s",
                      slot->name, copy.name, op->state == JOURNAL_FAILED ? "failed" : "conflicts");
    return rc;
}

int copy_waited_for(struct writeback *wb, const struct slot *slot, const char *text, int64_t *ret,
                    struct buf *err)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_find_copy(wb->mb->state, slot, copy_digest(text), &op);

    *ret = 0;
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    if (op.state == JOURNAL_FAILED || op.state == JOURNAL_CONFLICT)
        rc = refuse(wb, slot, &op, err);
    else
        *ret = op.slot;
    return rc;
}

int copy_moves_on(struct writeback *wb, const struct slot *slot, const struct journal_op *op)
{
    SCOPED(journal_op_release) struct journal_op next = {0};
    int rc = state_find_copy(wb->mb->state, slot, op->digest, &next);

    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return state_wait_for_other(wb->mb->state, slot->id, next.slot);
}

/* Whether its record was made is not known yet: that goes on. */
static int make_it_after_all(struct state *state, int64_t slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op(state, slot, &op);

    if (rc)
        return rc;
    op.verb = JOURNAL_CREATE;
    op.copy = 0;
    op.gen++;
    xstrset(&op.mine, op.seen ? op.seen : op.sent);
    xstrset(&op.seen, NULL);
    return state_put_op(state, &op);
}

static int withdraw(struct writeback *wb, const struct slot *slot)
{
    struct state *state = wb->mb->state;
    int rc = copy_is_refused(wb, slot->id); /* it may be a copy, too */

    if (rc)
        return rc;
    log_warn("%s: not removed, because what was copied from it was not taken", slot->name);
    writeback_announce(wb, slot->id);
    return slot->record ? state_remove_op(state, slot->id) : make_it_after_all(state, slot->id);
}

int copy_is_refused(struct writeback *wb, int64_t id)
{
    struct journal_op op;
    int rc;

    while (!(rc = state_waits_for(wb->mb->state, id, &op))) {
        struct slot slot = {0};

        rc = state_get_slot(wb->mb->state, op.slot, &slot);
        if (!rc)
            rc = withdraw(wb, &slot);
        slot_release(&slot);
        journal_op_release(&op);
        if (rc)
            break;
    }
    return rc == -ENOENT ? 0 : rc;
}
