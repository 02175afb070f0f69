#include "state_p.h"

int state_count_deletes(struct state *s, enum journal_state state, int64_t queued_after,
                        unsigned limit, unsigned *ret)
{
    unsigned count = 0;
    struct sql_query q;
    int rc;

    db_read(&s->db, &q,
            "SELECT count(*) FROM (SELECT 1 FROM journal WHERE state = ? AND verb = ?"
            " AND queued_at > ? LIMIT ?)");
    sql_bind_int(&q, state);
    sql_bind_int(&q, JOURNAL_DELETE);
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
