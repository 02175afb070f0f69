/*
 * state_bulk.c - many pending operations at once: counted, made due, or dated anew.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>

/* A literal in the statement, so that the index journal_deletes serves it. */
_Static_assert(JOURNAL_DELETE == 2, "the verb is in the schema");

int state_count_deletes(struct state *s, enum journal_state state, int64_t queued_after,
                        unsigned limit, unsigned *ret)
{
    unsigned count = 0;
    struct sql_query q;

    db_read(&s->db, &q,
            "SELECT count(*) FROM (SELECT 1 FROM journal WHERE verb = 2 AND state = ?"
            " AND queued_at > ? LIMIT ?)");
    sql_bind_int(&q, state);
    sql_bind_int(&q, queued_after);
    sql_bind_int(&q, limit);
    if (sql_row(&q))
        count = (unsigned)sql_int(&q, 0);
    int rc = sql_end(&q);
    if (!rc)
        *ret = count;
    return rc;
}

int state_count_deletes_in(struct state *s, enum kind kind, const char *folder,
                           int64_t queued_after, unsigned limit, unsigned *ret)
{
    unsigned count = 0;
    struct sql_query q;

    db_read(&s->db, &q,
            "SELECT count(*) FROM (SELECT 1 FROM journal JOIN slots ON slots.id = journal.slot"
            " WHERE verb = 2 AND state = ? AND queued_at > ? AND kind = ? AND folder = ? LIMIT ?)");
    sql_bind_int(&q, JOURNAL_QUEUED);
    sql_bind_int(&q, queued_after);
    sql_bind_int(&q, kind);
    sql_bind_str(&q, folder);
    sql_bind_int(&q, limit);
    if (sql_row(&q))
        count = (unsigned)sql_int(&q, 0);
    int rc = sql_end(&q);
    if (!rc)
        *ret = count;
    return rc;
}

int state_expedite_ops(struct state *s, int64_t now)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, "UPDATE journal SET due = ?1 WHERE state = ?2 AND due > ?1");
    sql_bind_int(&q, now);
    sql_bind_int(&q, JOURNAL_QUEUED);
    return state_end(s, sql_run(&q));
}

int state_settle_times(struct state *s, int64_t now, int64_t change_delay, int64_t send_delay)
{
    static const char *const texts[] = {
        "UPDATE journal SET due = iif(due > ?1 + ?2, ?1, due), queued_at = min(queued_at, ?1),"
        " began = min(began, ?1) WHERE due > ?1 OR queued_at > ?1 OR began > ?1",
        "UPDATE outbox SET due = iif(due > ?1 + ?3, ?1, due), queued_at = min(queued_at, ?1),"
        " began = min(began, ?1) WHERE due > ?1 OR queued_at > ?1 OR began > ?1",
        "UPDATE slots SET vacant_at = ?1 WHERE vacant_at > ?1",
        "UPDATE triggers SET stopped_at = ?1 WHERE stopped_at > ?1",
    };
    int64_t values[] = {now, change_delay, send_delay};
    int rc = 0;

    state_begin(s);
    for (size_t i = 0; !rc && i < ARRAY_SIZE(texts); i++) {
        struct sql_query q;

        db_write(&s->db, &q, texts[i]);
        for (int v = 0; v < sqlite3_bind_parameter_count(q.stmt); v++)
            sql_bind_int(&q, values[v]);
        rc = sql_run(&q);
    }
    return state_end(s, rc);
}
