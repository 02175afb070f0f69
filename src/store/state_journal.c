/*
 * state_journal.c - the journal: one pending operation a slot, and which are due.
 */
#include "row_p.h"
#include "state_p.h"

/* The texts may be large: who does not need them does not read them, and they come last, so that SQLite
 * does not walk through them either. */
static const struct column columns[] = {
    COLUMN(struct journal_op, slot),      COLUMN(struct journal_op, verb),
    COLUMN(struct journal_op, state),     COLUMN(struct journal_op, status),
    COLUMN(struct journal_op, gen),       COLUMN(struct journal_op, attempts),
    COLUMN(struct journal_op, queued_at), COLUMN(struct journal_op, due),
    COLUMN(struct journal_op, began),     COLUMN(struct journal_op, digest),
    COLUMN(struct journal_op, copy),      COLUMN(struct journal_op, reason),
    COLUMN(struct journal_op, request),   COLUMN(struct journal_op, base),
    COLUMN(struct journal_op, mine),      COLUMN(struct journal_op, sent),
    COLUMN(struct journal_op, answer),    COLUMN(struct journal_op, seen),
};
#define TEXTS 5
static const struct table journal = TABLE("journal", struct journal_op, columns, 1);
static const struct table heads = {"journal", sizeof(struct journal_op), columns,
                                   ARRAY_SIZE(columns) - TEXTS, 1};

void journal_op_release(struct journal_op *op)
{
    row_release(&journal, op);
}

int state_put_op(struct state *s, const struct journal_op *op)
{
    state_begin(s);
    return state_end(s, row_put(&s->db, &journal, op));
}

int state_get_op(struct state *s, int64_t slot, struct journal_op *ret)
{
    struct sql_query q;

    row_select(&s->db, &journal, &q, "WHERE slot = ?");
    sql_bind_int(&q, slot);
    return row_take(&q, &journal, ret);
}

int state_put_op_head(struct state *s, const struct journal_op *op)
{
    state_begin(s);
    return state_end(s, row_update(&s->db, &heads, op));
}

int state_get_op_head(struct state *s, int64_t slot, struct journal_op *ret)
{
    struct sql_query q;

    row_select(&s->db, &heads, &q, "WHERE slot = ?");
    sql_bind_int(&q, slot);
    return row_take(&q, &heads, ret);
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

int state_due_ops(struct state *s, unsigned verbs, int64_t now, int64_t *slots, size_t max,
                  int64_t *next_due)
{
    struct sql_query q;
    size_t count = 0;
    int64_t next = INT64_MAX;
    int rc = next_due ? find_next_due(s, now, &next) : 0;

    if (rc)
        return rc;
    db_read(&s->db, &q,
            "SELECT slot FROM journal WHERE state = ? AND due <= ? AND (1 << verb) & ? AND NOT "
            "(copy <> 0 AND EXISTS"
            " (SELECT 1 FROM journal c WHERE c.slot = journal.copy"
            "  AND c.queued_at <= journal.queued_at)) ORDER BY queued_at, slot LIMIT ?");
    sql_bind_int(&q, JOURNAL_QUEUED);
    sql_bind_int(&q, now);
    sql_bind_int(&q, verbs);
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

int state_find_copy(struct state *s, const struct slot *of, uint64_t digest, struct journal_op *ret)
{
    struct sql_query q;

    row_select(&s->db, &heads, &q,
               "WHERE digest = ? AND digest <> 0 AND slot <> ? AND verb IN (0, 1)"
               " AND EXISTS (SELECT 1 FROM slots WHERE id = slot AND kind = ?)"
               " ORDER BY queued_at DESC LIMIT 1");
    sql_bind_int(&q, (int64_t)digest);
    sql_bind_int(&q, of->id);
    sql_bind_int(&q, of->kind);
    return row_take(&q, &heads, ret);
}

int state_waits_for(struct state *s, int64_t copy, struct journal_op *ret)
{
    struct sql_query q;

    row_select(&s->db, &heads, &q, "WHERE copy = ? AND copy <> 0 LIMIT 1");
    sql_bind_int(&q, copy);
    return row_take(&q, &heads, ret);
}

int state_wait_for_other(struct state *s, int64_t copy, int64_t other)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q,
             "UPDATE journal SET copy = ?1, queued_at = max(queued_at,"
             " (SELECT queued_at FROM journal WHERE slot = ?1)) WHERE copy = ?2 AND copy <> 0");
    sql_bind_int(&q, other);
    sql_bind_int(&q, copy);
    return state_end(s, sql_run(&q));
}

int state_op_heads(struct state *s, struct journal_op **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &heads, &q, "ORDER BY queued_at, slot");
    return row_collect(&q, &heads, ret, ret_count);
}

int state_each_op_name(struct state *s, unsigned states, state_op_fn each, void *ctx)
{
    struct sql_query q;
    int rc = 0;

    db_read(&s->db, &q,
            "SELECT journal.slot, slots.name FROM journal JOIN slots ON slots.id = journal.slot"
            " WHERE (1 << journal.state) & ? ORDER BY journal.queued_at, journal.slot");
    sql_bind_int(&q, states);
    while (!rc && sql_row(&q))
        rc = each(ctx, sql_int(&q, 0), sql_str(&q, 1));
    int end = sql_end(&q);
    return rc ? rc : end;
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
