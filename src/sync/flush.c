/*
 * flush.c - waiting until the queue, or one slot of it, is on the service or parked.
 */
#include "writeback_p.h"

#include <outlookfs/base/clock.h>

#include <errno.h>

/* Whether the service can be reached is looked at this often while somebody waits. */
#define LOOK_EVERY NS_PER_S

#define HELD_HINT "`outlookfs sync --confirm-deletes`"

/* One call of writeback_flush(). */
struct flush {
    struct writeback *wb;
    int64_t slot; /* 0: all */
    uint64_t refusals;
    struct buf *err;
};

/* What waits is due. Nothing is written where nothing has to: a writer may keep the disk busy for long. */
static int expedite_all(struct state *state, int64_t now)
{
    int64_t next;
    int rc = state_due_ops(state, JOURNAL_ALL, now, NULL, 0, &next);

    return rc < 0 || next == INT64_MAX ? rc : state_expedite_ops(state, now);
}

static int expedite(struct writeback *wb, int64_t slot)
{
    struct state *state = wb->mb->state;
    int64_t now = clock_steady();
    struct journal_op op;
    int rc;

    if (!slot)
        return expedite_all(state, now);
    state_begin(state);
    rc = state_get_op_head(state, slot, &op);
    if (!rc) {
        if (op.state == JOURNAL_QUEUED && op.due > now) {
            op.due = now;
            rc = state_put_op_head(state, &op);
        }
        journal_op_release(&op);
    }
    return state_end(state, rc == -ENOENT ? 0 : rc);
}

static int errno_of(const struct journal_op *op)
{
    switch (op->status) {
    case 401:
    case 403:
        return -EACCES;
    case 404:
    case 410:
        return -ENOENT;
    case 409:
    case 412:
        return -ESTALE;
    case 413:
        return -EFBIG;
    default:
        return -EINVAL;
    }
}

/* 1: wait on. */
static int look_at_op(const struct flush *f, const struct journal_op *op)
{
    const char *reason = op->reason ? op->reason : "refused";

    switch (op->state) {
    case JOURNAL_QUEUED:
        return 1;
    case JOURNAL_FAILED:
        return buf_fail(f->err, errno_of(op), "%s", reason);
    case JOURNAL_CONFLICT:
        return buf_fail(f->err, -ESTALE, "%s", reason);
    case JOURNAL_HELD:
        return buf_fail(f->err, -EIO, "%s", reason);
    }
    return 1;
}

static int look_at_slot(const struct flush *f)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    int rc = state_get_op_head(f->wb->mb->state, f->slot, &op);

    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return look_at_op(f, &op);
}

static int look_at_all(const struct flush *f)
{
    struct state *state = f->wb->mb->state;
    struct journal_counts counts;
    int64_t any;
    int rc = state_due_ops(state, JOURNAL_ALL, INT64_MAX, &any, 1, NULL);

    if (rc)
        return rc;
    rc = state_count_ops(state, &counts);
    if (rc || !(counts.failed + counts.conflict + counts.held))
        return rc;
    return buf_fail(f->err, -EIO, "%u refused, %u in conflict, %u deletions held%s", counts.failed,
                    counts.conflict, counts.held, counts.held ? " (" HELD_HINT ")" : "");
}

unsigned writeback_busy(struct writeback *wb)
{
    unsigned count = 0;

    LOCKED(&wb->scheduler.lock);
    for (size_t i = 0; i < WRITEBACK_WORKERS; i++)
        count += wb->workers[i].claims != 0;
    return count;
}

static bool busy_locked(const struct flush *f)
{
    struct claim *claim;

    if (!f->slot)
        return f->wb->under_way;
    HASH_FIND(hh, f->wb->under_way, &f->slot, sizeof(f->slot), claim);
    return claim;
}

/*
 * The outcome, or 1. An attempt under way counts although its outcome is in the journal: its
 * events are still to come. So the workers are looked at behind the journal.
 */
static int look(const struct flush *f, uint64_t *ends)
{
    struct writeback *wb = f->wb;
    bool busy, hopeless;
    int rc;

    mutex_lock(&wb->scheduler.lock);
    *ends = wb->scheduler.ends;
    mutex_unlock(&wb->scheduler.lock);
    rc = f->slot ? look_at_slot(f) : look_at_all(f);
    mutex_lock(&wb->scheduler.lock);
    busy = busy_locked(f);
    hopeless = wb->scheduler.refusals != f->refusals || wb->scheduler.stopping || !wb->running;
    mutex_unlock(&wb->scheduler.lock);
    if (busy)
        return 1;
    if (rc == 1 && (hopeless || !remote_online(wb->mb->remote)))
        return buf_fail(f->err, -EINPROGRESS, "the service cannot be reached: sent later");
    return rc;
}

/* Until an attempt ends or it is time to look again. */
static int wait_for_end(struct flush *f, uint64_t ends, int64_t until, struct cancel *cancel)
{
    int64_t soon = clock_mono() + LOOK_EVERY;
    int rc;

    if (clock_mono() >= until)
        return buf_fail(f->err, -EINPROGRESS, "not done in time: sent later");
    if (until < soon)
        soon = until;
    rc = scheduler_wait_for_end(&f->wb->scheduler, ends, soon, cancel);
    return rc == -EINTR ? rc : 0;
}

static void enter(struct flush *f)
{
    struct scheduler *scheduler = &f->wb->scheduler;

    LOCKED(&scheduler->lock);
    f->refusals = scheduler->refusals;
    scheduler->auth_until = 0; /* somebody asks: once more */
}

int writeback_flush(struct writeback *wb, int64_t slot, int64_t until, struct cancel *cancel,
                    struct buf *err)
{
    struct flush f = {.wb = wb, .slot = slot, .err = err};
    uint64_t ends;
    int rc;

    enter(&f);
    rc = expedite(wb, slot);
    scheduler_wake(&wb->scheduler);
    if (rc)
        buf_fail(err, rc, "the journal cannot be written");
    while (!rc && (rc = look(&f, &ends)) == 1)
        rc = wait_for_end(&f, ends, until, cancel);
    return rc;
}
