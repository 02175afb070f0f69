/*
 * state_triggers.c - triggers, their streams, and which items have been seen.
 */
#include "row_p.h"
#include "state_p.h"

#include <outlookfs/store/triggers.h>

static const struct column columns[] = {
    COLUMN(struct trigger_row, id),
    COLUMN(struct trigger_row, name),
    COLUMN(struct trigger_row, definition),
    COLUMN(struct trigger_row, draft),
    COLUMN(struct trigger_row, cursor),
    COLUMN(struct trigger_row, reason),
    COLUMN(struct trigger_row, state),
    COLUMN(struct trigger_row, stopped_at),
    COLUMN(struct trigger_row, gen),
    COLUMN(struct trigger_row, items),
    COLUMN_AS(struct trigger_row, now.ino, "ino"),
    COLUMN_AS(struct trigger_row, now.length, "length"),
    COLUMN_AS(struct trigger_row, now.mtime, "mtime"),
    COLUMN_AS(struct trigger_row, old.ino, "old_ino"),
    COLUMN_AS(struct trigger_row, old.length, "old_length"),
    COLUMN_AS(struct trigger_row, old.mtime, "old_mtime"),
};
static const struct table triggers = TABLE("triggers", struct trigger_row, columns, 1);

void trigger_row_release(struct trigger_row *row)
{
    row_release(&triggers, row);
}

void trigger_rows_free(struct trigger_row *rows, size_t count)
{
    rows_free(&triggers, rows, count);
}

int state_put_trigger(struct state *s, struct trigger_row *row)
{
    state_begin(s);
    return state_end(s, row->id ? row_update(&s->db, &triggers, row)
                                : row_insert(&s->db, &triggers, row));
}

int state_get_trigger(struct state *s, int64_t id, struct trigger_row *ret)
{
    struct sql_query q;

    row_select(&s->db, &triggers, &q, "WHERE id = ?");
    sql_bind_int(&q, id);
    return row_take(&q, &triggers, ret);
}

int state_trigger_by_name(struct state *s, const char *name, struct trigger_row *ret)
{
    struct sql_query q;

    row_select(&s->db, &triggers, &q, "WHERE name = ?");
    sql_bind_str(&q, name);
    return row_take(&q, &triggers, ret);
}

int state_remove_trigger(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM triggers WHERE id = ?", id);
}

int state_triggers(struct state *s, struct trigger_row **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &triggers, &q, "ORDER BY name");
    return row_collect(&q, &triggers, ret, ret_count);
}

bool state_is_stream(struct state *s, uint64_t ino)
{
    struct sql_query q;

    db_read(&s->db, &q, "SELECT 1 FROM triggers WHERE ino = ?1 OR old_ino = ?1");
    sql_bind_int(&q, (int64_t)ino);
    bool found = sql_row(&q);
    return !sql_end(&q) && found;
}

/* --- what was brought --- */

bool state_trigger_seen(struct state *s, int64_t id, const char *key)
{
    struct sql_query q;

    db_read(&s->db, &q, "SELECT 1 FROM trigger_seen WHERE trigger = ? AND key = ?");
    sql_bind_int(&q, id);
    sql_bind_str(&q, key);
    bool found = sql_row(&q);
    return !sql_end(&q) && found;
}

static int prune(struct state *s, int64_t id)
{
    struct sql_query q;

    db_write(&s->db, &q,
             "DELETE FROM trigger_seen WHERE trigger = ?1 AND n <= (SELECT n FROM trigger_seen"
             " WHERE trigger = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)");
    sql_bind_int(&q, id);
    sql_bind_int(&q, TRIGGER_SEEN_MAX);
    return sql_run(&q);
}

int state_trigger_see(struct state *s, int64_t id, const char *key)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, "INSERT OR IGNORE INTO trigger_seen (trigger, key) VALUES (?, ?)");
    sql_bind_int(&q, id);
    sql_bind_str(&q, key);
    int rc = sql_run(&q);
    if (!rc)
        rc = prune(s, id);
    return state_end(s, rc);
}

int state_trigger_unsee(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM trigger_seen WHERE trigger = ?", id);
}
