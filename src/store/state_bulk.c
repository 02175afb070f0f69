/*
 * state_bulk.c - many pending operations at once: counted, or made due.
 */
#include "state_p.h"

/* A literal in the statement, so that the index journal_deletes serves it. */
_Static_assert(JOURNAL_DELETE == 2, "the verb is in the schema");

int state_count_deletes(struct state *s, enum journal_state state, int64_t queued_after,
                        unsigned limit, unsigned *ret)
{
    unsigned count = 0;
    struct sql_query q;
    int rc;

    db_read(&s->db, &q,
            "SELECT count(*) FROM (SELECT 1 FROM journal WHERE verb = 2 AND state = ?"
            " AND queued_at > ? LIMIT ?)");
    sql_bind_int(&q, state);
    sql_bind_int(&q, queued_after);
    sql_bind_int(&q, limit);
    if (sql_row(&q))
        count = (unsigned)sql_int(&q, 0);
    rc = sql_end(&q);
    if (!rc)
        *ret = count;
    return rc;
}

int state_hurry_ops(struct state *s, int64_t now)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, "UPDATE journal SET due = ?1 WHERE state = ?2 AND due > ?1");
    sql_bind_int(&q, now);
    sql_bind_int(&q, JOURNAL_QUEUED);
    return state_end(s, sql_run(&q));
}
