/*
 * state_journal.c - the journal: one pending operation a slot, and which are due.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdlib.h>

#define SELECT_OP                                                                                  \
    "SELECT slot, verb, state, status, gen, attempts, queued_at, due, began, reason, request,"     \
    " base, mine, sent, answer, seen FROM journal "

void journal_op_release(struct journal_op *op)
{
    free(op->base);
    free(op->mine);
    free(op->sent);
    free(op->answer);
    free(op->seen);
    free(op->reason);
    free(op->request);
    *op = (struct journal_op){0};
}

static struct journal_op read_op(struct sql_query *q)
{
    return (struct journal_op){
        .slot = sql_int(q, 0),
        .verb = (enum journal_verb)sql_int(q, 1),
        .state = (enum journal_state)sql_int(q, 2),
        .status = (int)sql_int(q, 3),
        .gen = (uint64_t)sql_int(q, 4),
        .attempts = (unsigned)sql_int(q, 5),
        .queued_at = sql_int(q, 6),
        .due = sql_int(q, 7),
        .began = sql_int(q, 8),
        .reason = sql_dup(q, 9),
        .request = sql_dup(q, 10),
        .base = sql_dup(q, 11),
        .mine = sql_dup(q, 12),
        .sent = sql_dup(q, 13),
        .answer = sql_dup(q, 14),
        .seen = sql_dup(q, 15),
    };
}

static int put_locked(struct state *s, const struct journal_op *op)
{
    struct sql_query q;

    db_write(&s->db, &q,
             "REPLACE INTO journal (slot, verb, state, status, gen, attempts, queued_at, due,"
             " began, reason, request, base, mine, sent, answer, seen)"
             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, op->slot);
    sql_bind_int(&q, op->verb);
    sql_bind_int(&q, op->state);
    sql_bind_int(&q, op->status);
    sql_bind_int(&q, (int64_t)op->gen);
    sql_bind_int(&q, op->attempts);
    sql_bind_int(&q, op->queued_at);
    sql_bind_int(&q, op->due);
    sql_bind_int(&q, op->began);
    sql_bind_str(&q, op->reason);
    sql_bind_str(&q, op->request);
    sql_bind_str(&q, op->base);
    sql_bind_str(&q, op->mine);
    sql_bind_str(&q, op->sent);
    sql_bind_str(&q, op->answer);
    sql_bind_str(&q, op->seen);
    return sql_run(&q);
}

int state_put_op(struct state *s, const struct journal_op *op)
{
    state_begin(s);
    return state_end(s, put_locked(s, op));
}

int state_get_op(struct state *s, int64_t slot, struct journal_op *ret)
{
    struct journal_op op = {0};
    struct sql_query q;
    int rc;

    db_read(&s->db, &q, SELECT_OP "WHERE slot = ?");
    sql_bind_int(&q, slot);
    if (sql_row(&q))
        op = read_op(&q);
    rc = sql_end(&q);
    if (!rc && !op.slot)
        rc = -ENOENT;
    if (rc)
        journal_op_release(&op);
    else
        *ret = op;
    return rc;
}

int state_remove_op(struct state *s, int64_t slot)
{
    return state_run_int(s, "DELETE FROM journal WHERE slot = ?", slot);
}

static int find_next_due(struct state *s, int64_t now, int64_t *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, "SELECT due FROM journal WHERE state = ? AND due > ? ORDER BY due LIMIT 1");
    sql_bind_int(&q, JOURNAL_QUEUED);
    sql_bind_int(&q, now);
    *ret = sql_row(&q) ? sql_int(&q, 0) : INT64_MAX;
    return sql_end(&q);
}

int state_due_ops(struct state *s, int64_t now, int64_t *slots, size_t max, int64_t *next_due)
{
    struct sql_query q;
    size_t count = 0;
    int64_t next = INT64_MAX;
    int rc = next_due ? find_next_due(s, now, &next) : 0;

    if (rc)
        return rc;
    db_read(&s->db, &q,
            "SELECT slot FROM journal WHERE state = ? AND due <= ?"
            " ORDER BY queued_at, slot LIMIT ?");
    sql_bind_int(&q, JOURNAL_QUEUED);
    sql_bind_int(&q, now);
    sql_bind_int(&q, (int64_t)max);
    while (count < max && sql_row(&q))
        slots[count++] = sql_int(&q, 0);
    rc = sql_end(&q);
    if (rc)
        return rc;
    if (next_due)
        *next_due = next;
    return (int)count;
}

int state_ops(struct state *s, struct journal_op **ret, size_t *ret_count)
{
    struct journal_op *list = NULL;
    struct sql_query q;
    size_t count = 0;
    int rc;

    db_read(&s->db, &q, SELECT_OP "ORDER BY queued_at, slot");
    while (sql_row(&q)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = read_op(&q);
    }
    rc = sql_end(&q);
    if (!rc) {
        *ret = list;
        *ret_count = count;
        return 0;
    }
    while (count)
        journal_op_release(&list[--count]);
    free(list);
    return rc;
}

static void add_count(struct journal_counts *counts, enum journal_state state, unsigned n)
{
    switch (state) {
    case JOURNAL_QUEUED:
        counts->queued += n;
        break;
    case JOURNAL_FAILED:
        counts->failed += n;
        break;
    case JOURNAL_CONFLICT:
        counts->conflict += n;
        break;
    case JOURNAL_HELD:
        counts->held += n;
        break;
    }
}

int state_count_ops(struct state *s, struct journal_counts *ret)
{
    struct journal_counts counts = {0};
    struct sql_query q;
    int rc;

    db_read(&s->db, &q, "SELECT state, count(*) FROM journal GROUP BY state");
    while (sql_row(&q))
        add_count(&counts, (enum journal_state)sql_int(&q, 0), (unsigned)sql_int(&q, 1));
    rc = sql_end(&q);
    if (!rc)
        *ret = counts;
    return rc;
}
