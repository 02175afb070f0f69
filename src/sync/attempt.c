/*
 * attempt.c - the journal before an attempt, and the trash.
 */
#include "writeback_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRUNE_EVERY (60 * NS_PER_S)
/* --- the journal's entry --- */

void text_replace(char **text, const char *with)
{
    char *copy = with ? xstrdup(with) : NULL;

    free(*text);
    *text = copy;
}

static void entry_release(struct entry *e)
{
    slot_release(&e->slot);
    journal_op_release(&e->op);
}

int entry_open(struct task *t, struct entry *e)
{
    struct state *state = t->mb->state;
    int rc;

    *e = (struct entry){0};
    state_begin(state);
    rc = state_get_op(state, t->slot.id, &e->op);
    if (!rc)
        rc = state_get_slot(state, t->slot.id, &e->slot);
    if (!rc) {
        e->changed = e->op.gen != t->op.gen;
        return 0;
    }
    entry_release(e);
    if (rc != -ENOENT)
        return state_end(state, rc);
    rc = state_end(state, 0);
    return rc ? rc : -ECANCELED;
}

int entry_close(struct task *t, struct entry *e, bool settled, int rc)
{
    if (settled) {
        mutex_lock(&t->wb->lock);
        t->worker->settled = true;
        mutex_unlock(&t->wb->lock);
    }
    entry_release(e);
    return state_end(t->mb->state, rc);
}

void entry_follow(struct task *t, struct entry *e)
{
    struct journal_op before = t->op;

    t->op = e->op;
    e->op = before;
}

void op_set_base(struct journal_op *op, const char *base, const char *answer)
{
    text_replace(&op->base, base);
    text_replace(&op->answer, answer && !str_eq(answer, base) ? answer : NULL);
}

void op_clear_attempt(struct journal_op *op)
{
    text_replace(&op->sent, NULL);
    text_replace(&op->seen, NULL);
    op->began = 0;
}

/* --- the trash --- */

/*
 * True when the slot's operation has this text in the trash already: it is tried again and again
 * while the service does not work.
 */
static bool trashed_already(struct writeback *wb, int64_t slot, const char *text)
{
    uint64_t hash = str_hash(0, text, strlen(text));
    struct trashed *t;

    mutex_lock(&wb->lock);
    HASH_FIND(hh, wb->trashed, &slot, sizeof(slot), t);
    bool same = t && t->text == hash;
    if (!t) {
        t = xcalloc(1, sizeof(*t));
        t->slot = slot;
        HASH_ADD(hh, wb->trashed, slot, sizeof(t->slot), t);
    }
    t->text = hash;
    mutex_unlock(&wb->lock);
    return same;
}

static bool prune_is_due(struct writeback *wb)
{
    int64_t now = clock_mono();
    bool due;

    mutex_lock(&wb->lock);
    due = now >= wb->next_prune;
    if (due)
        wb->next_prune = now + PRUNE_EVERY;
    mutex_unlock(&wb->lock);
    return due;
}

static int add_trash(struct task *t, const char *text, const char *why)
{
    const struct mailbox_config *config = &t->mb->config;
    struct trash_entry entry = {
        .at = clock_now(),
        .kind = t->slot.kind,
        .folder = t->slot.folder,
        .record = t->slot.record,
        .name = t->slot.name,
        .why = (char *)why,
        .text = (char *)text,
        .size = strlen(text),
    };
    int rc;

    if (trashed_already(t->wb, t->slot.id, text))
        return 0;
    rc = state_add_trash(t->mb->state, &entry);
    if (!rc && prune_is_due(t->wb))
        rc = state_prune_trash(t->mb->state, entry.at - config->trash_keep, config->trash_max);
    return rc;
}

/* --- before an attempt --- */

int task_begin(struct task *t, const struct attempt *attempt)
{
    struct entry e;
    int rc = entry_open(t, &e);

    if (rc)
        return rc;
    if (e.changed) {
        rc = entry_close(t, &e, true, 0);
        return rc ? rc : -ECANCELED;
    }
    if (attempt->trash)
        rc = add_trash(t, attempt->trash, attempt->why);
    if (!rc) {
        text_replace(&e.op.sent, attempt->sent);
        text_replace(&e.op.seen, attempt->sent ? e.op.mine : NULL);
        if (attempt->base)
            op_set_base(&e.op, attempt->base, attempt->answer);
        free(e.op.request);
        e.op.request = remote_describe(t->mb->remote, attempt->change, t->slot.kind, t->slot.folder,
                                       t->slot.record);
        e.op.began = clock_steady();
        rc = state_put_op(t->mb->state, &e.op);
    }
    if (!rc)
        entry_follow(t, &e);
    rc = entry_close(t, &e, false, rc);
    if (rc)
        writeback_forget_trash(t->wb, t->slot.id);
    return rc;
}

/* --- after one of unknown outcome --- */

/* A clock that was set back says nothing about the time since then. */
static int64_t settled_at(const struct task *t)
{
    int64_t now = clock_steady(), began = t->op.began;

    return now >= began ? began + t->mb->config.create_settle : now;
}

int task_settle(struct task *t)
{
    int64_t at = settled_at(t);
    struct entry e;
    int rc;

    if (at <= clock_steady())
        return 0;
    rc = entry_open(t, &e);
    if (rc)
        return rc;
    if (!e.changed) {
        e.op.due = at;
        rc = state_put_op(t->mb->state, &e.op);
    }
    rc = entry_close(t, &e, true, rc);
    return rc ? rc : -ECANCELED;
}
