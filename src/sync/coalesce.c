/*
 * coalesce.c - writeback_update() and writeback_delete(): a change meets what is pending; the guard
 * against mass deletion.
 */
#include "writeback_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/contact.h>
#include <outlookfs/model/event.h>
#include <outlookfs/model/merge.h>
#include <outlookfs/model/render.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A change by the user on its way into the journal. */
struct change {
    struct writeback *wb;
    struct state *state;
    struct slot slot; /* as it is now, not as the caller read it */
    const char *base; /* what was visible, as the caller says */
    const char *mine; /* NULL: a deletion */
    uint64_t digest;  /* journal_op.digest */
    int64_t copy;     /* journal_op.copy */
    const cJSON *obj; /* mine, parsed */
    cJSON *parsed;    /* ... by us, or NULL */
    char *settled;    /* mine as it is journalled, where that is not what was saved */
    struct buf *err;
};

static int parse_base(const char *text, cJSON **ret, struct buf *err)
{
    if (!text)
        text = "{}";
    return json_parse_object(text, strlen(text), ret, err);
}

/* Nothing but the move is left of the operation, or nothing at all. */
static int end_op(struct change *c, struct journal_op *op)
{
    if (!c->slot.origin)
        return state_remove_op(c->state, c->slot.id);
    op->verb = JOURNAL_MOVE;
    op->state = JOURNAL_QUEUED;
    op->gen++;
    xstrset(&op->mine, NULL);
    xstrset(&op->reason, NULL);
    op_set_base(op, NULL, NULL);
    op_clear_attempt(op);
    return state_put_op(c->state, op);
}

/* Journals the operation as changed by the user just now. */
static int queue_op(struct change *c, struct journal_op *op)
{
    int64_t now = clock_steady();

    if (!op->gen || c->copy) /* behind the copy, also where the slot has waited longer */
        op->queued_at = now;
    op->slot = c->slot.id;
    op->state = JOURNAL_QUEUED;
    op->gen++;
    op->attempts = 0;
    op->due = now + c->wb->mb->config.writeback_delay;
    op->digest = c->digest;
    op->copy = c->copy;
    op_set_mine(op, c->mine);
    xstrset(&op->reason, NULL);
    return state_put_op(c->state, op);
}

/* --- updates --- */

/* Whether it is a draft is not for the user's text to say, but for the service. */
static void complete_base(const struct change *c, cJSON *base)
{
    const char *draft = kind_info(c->slot.kind)->draft;
    SCOPED(cache_record_release) struct cache_record r = {0};
    SCOPED(json_release) cJSON *record = NULL;

    if (!draft ||
        cache_get(c->wb->mb->cache, c->slot.kind, c->slot.folder, c->slot.record, true, &r))
        return;
    if (!json_parse_object(r.text, r.size, &record, NULL)) {
        cJSON_DeleteItemFromObjectCaseSensitive(base, draft);
        cJSON_AddBoolToObject(base, draft, json_bool(record, draft, false));
    }
}

static int check_update(struct change *c, cJSON *base)
{
    complete_base(c, base);
    return kind_check_update(c->slot.kind, base, c->obj, c->err);
}

static int begin_op(struct change *c)
{
    SCOPED(journal_op_release) struct journal_op op = {.verb = JOURNAL_CREATE};
    enum kind kind = c->slot.kind;
    SCOPED(xfree) char *answer = NULL;
    SCOPED(json_release) cJSON *base = NULL;
    int rc;

    writeback_forget_trash(c->wb, c->slot.id);
    if (!c->slot.record) {
        rc = kind_check_new(kind, c->obj, c->err);
        if (!rc)
            rc = queue_op(c, &op);
        return rc;
    }
    rc = parse_base(c->base, &base, c->err);
    if (!rc)
        rc = check_update(c, base);
    if (rc || merge_same(kind, base, c->obj))
        return rc;
    op.verb = JOURNAL_UPDATE;
    answer = writeback_find_answer(c->wb, c->slot.id, c->base);
    op_set_base(&op, c->base, answer);
    return queue_op(c, &op);
}

/*
 * An editor that was refused has put the old text back: what it could not save is kept where it
 * can be found.
 */
static int end_rejected(struct change *c, struct journal_op *op)
{
    struct trash_entry entry = {
        .at = clock_now(),
        .kind = c->slot.kind,
        .folder = c->slot.folder,
        .record = c->slot.record,
        .name = c->slot.name,
        .why = "rejected",
        .text = op->mine,
        .size = op->mine ? strlen(op->mine) : 0,
    };
    int rc = op->mine ? state_add_trash(c->state, &entry) : 0;

    return rc ? rc : end_op(c, op);
}

static bool same_text(const struct change *c, const char *text, const cJSON *obj)
{
    SCOPED(json_release) cJSON *other = json_load(text);

    return other && merge_same(c->slot.kind, other, obj);
}

/* The same text saved again asks for nothing new: a FLUSH may come many times. */
static bool says_nothing_new(const struct change *c, const struct journal_op *op)
{
    return op->state == JOURNAL_QUEUED && op->verb != JOURNAL_DELETE &&
           same_text(c, op->mine, c->obj);
}

static int change_create(struct change *c, struct journal_op *op)
{
    int rc = kind_check_new(c->slot.kind, c->obj, c->err);

    if (rc)
        return rc;
    op->verb = JOURNAL_CREATE;
    return queue_op(c, op);
}

static int change_update(struct change *c, struct journal_op *op)
{
    enum kind kind = c->slot.kind;
    bool attempted = op->began || writeback_under_way(c->wb, c->slot.id);
    SCOPED(json_release) cJSON *base = NULL;
    int rc;

    if (!op->base)
        op_set_base(op, c->base, NULL);
    rc = parse_base(op->base, &base, c->err);
    if (rc)
        return rc;
    if (merge_same(kind, base, c->obj) && op->state == JOURNAL_FAILED)
        rc = end_rejected(c, op);
    else if (merge_same(kind, base, c->obj) && !attempted)
        rc = end_op(c, op);
    else {
        rc = check_update(c, base);
        op->verb = JOURNAL_UPDATE;
        if (!rc)
            rc = queue_op(c, op);
    }
    return rc;
}

/*
 * Did the program have theirs before it, or a newer version? Not where it began with what is parked
 * or with what that began with: an open file keeps the bytes it was opened with.
 */
static bool has_seen_theirs(const struct change *c, const struct journal_op *op)
{
    SCOPED(json_release) cJSON *seen = json_load(c->base);

    return seen && !same_text(c, op->mine, seen) && !same_text(c, op->base, seen);
}

/* From now on the change is measured against theirs, as the user has seen it. */
static int rebase_on_theirs(struct change *c, struct journal_op *op)
{
    SCOPED(conflict_release) struct conflict conflict = {0};
    int rc = state_get_conflict(c->state, c->slot.id, &conflict);

    if (rc)
        return rc == -ENOENT ? 0 : rc;
    op_set_base(op, has_seen_theirs(c, op) ? c->base : conflict.theirs, NULL);
    return state_remove_conflict(c->state, c->slot.id);
}

static int resolve_conflict(struct change *c, struct journal_op *op)
{
    int rc;

    if (has_seen_theirs(c, op))
        rc = rebase_on_theirs(c, op);
    else if (same_text(c, op->base, c->obj)) /* rolled back */
        return 0;
    else /* one more edit on the old base: merged again, and parked again where it clashes */
        rc = state_remove_conflict(c->state, c->slot.id);
    return rc ? rc : change_update(c, op);
}

static int change_op(struct change *c, struct journal_op *op)
{
    if (op->state == JOURNAL_CONFLICT)
        return resolve_conflict(c, op);
    if (says_nothing_new(c, op))
        return 0;
    if (op->verb == JOURNAL_CREATE || !c->slot.record)
        return change_create(c, op);
    return change_update(c, op);
}

/* The transaction around the call keeps the workers from changing the slot until it ends. */
static int change_init(struct change *c, struct writeback *wb, const struct slot *slot,
                       const char *base, struct buf *err)
{
    *c = (struct change){.wb = wb, .state = wb->mb->state, .base = base, .err = err};
    if (wb->mb->config.read_only)
        return buf_fail(err, -EROFS, "%s: mounted read-only", slot->name);
    return state_get_slot(c->state, slot->id, &c->slot);
}

static void change_release(struct change *c)
{
    cJSON_Delete(c->parsed);
    free(c->settled);
    slot_release(&c->slot);
}

/* Is more meant than was written? */
static bool is_unsettled(enum kind kind, const cJSON *base, const cJSON *obj)
{
    switch (kind) {
    case KIND_EVENT: /* a time without a zone means the one it was saved in, whenever it is sent */
        return event_is_open(base, obj);
    case KIND_CONTACT:
        return base && contact_is_renamed(base, obj);
    default:
        return false;
    }
}

static bool settle_obj(enum kind kind, const cJSON *base, cJSON *obj)
{
    return kind == KIND_EVENT ? event_settle_zones(base, obj) : contact_settle_names(base, obj);
}

/* What is meant beyond what was written becomes what is journalled. */
static int settle(struct change *c, const struct journal_op *op)
{
    bool create = op ? op->verb == JOURNAL_CREATE : !c->slot.record;
    SCOPED(json_release) cJSON *base = NULL;
    cJSON *settled = NULL;
    struct buf text;
    int rc = 0;

    if (!create)
        rc = parse_base(op && op->base ? op->base : c->base, &base, c->err);
    if (!rc && is_unsettled(c->slot.kind, base, c->obj))
        settled = cJSON_Duplicate(c->obj, true);
    if (settled && settle_obj(c->slot.kind, base, settled)) {
        buf_init(&text, JSON_TEXT_MAX);
        rc = render_record(settled, &text);
        c->settled = buf_detach(&text);
        c->mine = c->settled;
        cJSON_Delete(c->parsed);
        c->obj = c->parsed = settled;
        buf_release(&text);
    } else {
        cJSON_Delete(settled);
    }
    return rc;
}

int writeback_update(struct writeback *wb, const struct slot *slot, const char *base,
                     const char *mine, const struct cJSON *mine_obj, struct buf *err)
{
    SCOPED(change_release) struct change c = {0};
    struct journal_op op;
    int rc = change_init(&c, wb, slot, base, err);

    if (rc)
        return rc;
    c.mine = mine;
    c.digest = copy_digest(mine);
    if (!mine_obj)
        rc = json_parse_object(mine, strlen(mine), &c.parsed, err);
    if (rc)
        return rc;
    c.obj = mine_obj ? mine_obj : c.parsed;
    rc = state_get_op(c.state, slot->id, &op);
    if (rc == -ENOENT) {
        rc = settle(&c, NULL);
        rc = rc ? rc : begin_op(&c);
    } else if (!rc) {
        rc = settle(&c, &op);
        rc = rc ? rc : change_op(&c, &op);
        journal_op_release(&op);
    }
    return rc;
}

/* --- the guard against mass deletion --- */

#define SHARE_MIN 10 /* of a smaller folder, all may be meant */
#define NOTHING_DELETED "nothing is deleted on the service until `outlookfs sync --confirm-deletes`"

static unsigned deletions_under_way(struct writeback *wb)
{
    int64_t slots[UNDER_WAY_MAX];
    size_t claims = 0;
    unsigned count = 0;

    mutex_lock(&wb->scheduler.lock);
    for (struct claim *c = wb->under_way; c; c = c->hh.next)
        if (!c->settled)
            slots[claims++] = c->slot;
    mutex_unlock(&wb->scheduler.lock);
    for (size_t i = 0; i < claims; i++) {
        struct journal_op op;

        if (state_get_op_head(wb->mb->state, slots[i], &op))
            continue;
        count += op.verb == JOURNAL_DELETE && op.state == JOURNAL_QUEUED;
        journal_op_release(&op);
    }
    return count;
}

static int hold(struct writeback *wb, struct journal_op *op)
{
    op->state = JOURNAL_HELD;
    xstrset(&op->reason, "one of very many deletions at one time: "
                         "`outlookfs sync --confirm-deletes` releases them");
    writeback_announce(wb, op->slot);
    return state_put_op_head(wb->mb->state, op);
}

static int hold_all(struct writeback *wb, int64_t confirmed)
{
    SCOPED(xfree) struct journal_op *ops = NULL;
    size_t count;
    int rc = state_op_heads(wb->mb->state, &ops, &count);

    if (rc)
        return rc;
    for (size_t i = 0; i < count; i++) {
        if (!rc && ops[i].verb == JOURNAL_DELETE && ops[i].state == JOURNAL_QUEUED &&
            ops[i].queued_at > confirmed && !writeback_under_way(wb, ops[i].slot))
            rc = hold(wb, &ops[i]);
        journal_op_release(&ops[i]);
    }
    return rc;
}

/* Of how many deletions in the folder one is too many; UINT_MAX: of none. */
static unsigned share_of_folder(struct writeback *wb, const struct slot *slot)
{
    unsigned share = wb->mb->config.delete_share;
    struct cache_listing listing;

    if (!share || cache_get_listing(wb->mb->cache, slot->kind, slot->folder, &listing) ||
        !listing.complete || listing.count < SHARE_MIN)
        return UINT_MAX;
    return (unsigned)(listing.count * share / 100);
}

static void log_share(struct mailbox *mb, const struct slot *slot)
{
    SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

    mailbox_folder_path(mb, slot->kind, slot->folder, &path);
    log_warn("%s: more than %u%% of its records deleted at one time: " NOTHING_DELETED, path.data,
             mb->config.delete_share);
}

/* After the DELETE of a slot was journalled. */
static int guard_deletions(struct writeback *wb, const struct slot *slot, struct journal_op *op)
{
    struct state *state = wb->mb->state;
    unsigned guard = wb->mb->config.delete_guard, share, held, queued, in_folder = 0;
    int64_t confirmed;
    int rc;

    if (!guard)
        return 0;
    rc = state_count_deletes(state, JOURNAL_HELD, 0, 1, &held);
    if (rc)
        return rc;
    if (held)
        return writeback_under_way(wb, op->slot) ? 0 : hold(wb, op);

    mutex_lock(&wb->scheduler.lock);
    confirmed = wb->confirmed;
    mutex_unlock(&wb->scheduler.lock);
    share = share_of_folder(wb, slot);
    rc = state_count_deletes(state, JOURNAL_QUEUED, confirmed, guard + UNDER_WAY_MAX + 1, &queued);
    if (!rc && share != UINT_MAX)
        rc = state_count_deletes_in(state, slot->kind, slot->folder, confirmed,
                                    share + UNDER_WAY_MAX + 1, &in_folder);
    if (rc || (queued <= guard && in_folder <= share))
        return rc;
    unsigned under_way = deletions_under_way(wb);
    if (queued > guard + under_way)
        log_warn("more than %u deletions at one time: " NOTHING_DELETED, guard);
    else if (in_folder > under_way && in_folder - under_way > share)
        log_share(wb->mb, slot);
    else
        return 0;
    return hold_all(wb, confirmed);
}

/* --- deletions --- */

static int delete_op(struct change *c, struct journal_op *op)
{
    int rc = 0;

    if (op->verb == JOURNAL_DELETE && op->state != JOURNAL_FAILED)
        return 0;
    if (op->verb == JOURNAL_CREATE && !op->began && !writeback_under_way(c->wb, c->slot.id)) {
        rc = copy_moves_on(c->wb, &c->slot, op);
        return rc ? rc : state_remove_slot(c->state, c->slot.id);
    }
    rc = copy_waited_for(c->wb, &c->slot, c->base, &c->copy, c->err);
    if (!rc && op->state == JOURNAL_CONFLICT)
        rc = rebase_on_theirs(c, op);
    if (!op->base)
        op_set_base(op, c->base, NULL);
    op->verb = JOURNAL_DELETE;
    if (!rc)
        rc = queue_op(c, op);
    return rc ? rc : guard_deletions(c->wb, &c->slot, op);
}

int writeback_delete(struct writeback *wb, const struct slot *slot, const char *base,
                     struct buf *err)
{
    const struct kind_info *info = kind_info(slot->kind);
    SCOPED(change_release) struct change c = {0};
    struct journal_op op;
    int rc = change_init(&c, wb, slot, base, err);

    if (rc)
        return rc;
    if (!(info->caps & KIND_CAN_DELETE))
        return buf_fail(err, -EPERM, "the service cannot delete a %s", info->name);
    rc = state_get_op(c.state, slot->id, &op);
    if (rc == -ENOENT && !c.slot.record)
        return state_remove_slot(c.state, slot->id);
    if (rc == -ENOENT) {
        writeback_forget_trash(wb, slot->id);
        op = (struct journal_op){.verb = JOURNAL_UPDATE};
        op_set_base(&op, base, NULL);
        rc = 0;
    }
    if (!rc) {
        rc = delete_op(&c, &op);
        journal_op_release(&op);
    }
    return rc;
}

/* --- moves --- */

/* The slot has an operation, which may be none but its move. */
static int move_op(struct change *c, struct journal_op *op, bool back, bool attempted)
{
    if (op->verb == JOURNAL_MOVE && back && !attempted)
        return state_remove_op(c->state, c->slot.id);
    c->mine = op->mine;
    c->digest = op->digest;
    return queue_op(c, op);
}

int writeback_move(struct writeback *wb, const struct slot *slot, const char *folder,
                   struct buf *err)
{
    SCOPED(change_release) struct change c = {0};
    struct journal_op op;
    int rc = change_init(&c, wb, slot, NULL, err);

    if (rc)
        return rc;
    rc = state_get_op(c.state, slot->id, &op);
    if (rc && rc != -ENOENT)
        return rc;
    if (rc) {
        op = (struct journal_op){.verb = JOURNAL_MOVE};
    } else if (!c.slot.record && (op.began || writeback_under_way(wb, slot->id))) {
        rc = buf_fail(err, -EBUSY, "%s: it is being created on the service right now", slot->name);
    } else if (op.state == JOURNAL_CONFLICT) {
        rc = buf_fail(err, -EBUSY, "%s: somebody else changed it too: resolve the conflict first",
                      slot->name);
    } else {
        rc = 0;
    }
    bool attempted = op.attempts || writeback_under_way(wb, slot->id);
    if (!rc || rc == -ENOENT)
        rc = state_move_slot(c.state, slot, folder, attempted);
    if (!rc && (c.slot.record || op.gen))
        rc = move_op(&c, &op, str_eq(c.slot.origin, folder), attempted);
    journal_op_release(&op);
    return rc;
}
