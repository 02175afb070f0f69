/*
 * state_triggers.c - triggers, their streams, and which items have been seen.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/store/triggers.h>

#include <errno.h>
#include <stdlib.h>

#define COLUMNS                                                                                    \
    "id, name, definition, draft, cursor, reason, state, stopped_at, gen, items, ino, length,"     \
    " mtime, old_ino, old_length, old_mtime"
#define SELECT_TRIGGER "SELECT " COLUMNS " FROM triggers "

void trigger_row_release(struct trigger_row *row)
{
    free(row->name);
    free(row->definition);
    free(row->draft);
    free(row->cursor);
    free(row->reason);
    *row = (struct trigger_row){0};
}

void trigger_rows_free(struct trigger_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        trigger_row_release(&rows[i]);
    free(rows);
}

static struct trigger_stream read_stream(struct sql_query *q, int column)
{
    return (struct trigger_stream){
        .ino = (uint64_t)sql_int(q, column),
        .length = (uint64_t)sql_int(q, column + 1),
        .mtime = sql_int(q, column + 2),
    };
}

static struct trigger_row read_row(struct sql_query *q)
{
    return (struct trigger_row){
        .id = sql_int(q, 0),
        .name = sql_dup(q, 1),
        .definition = sql_dup(q, 2),
        .draft = sql_dup(q, 3),
        .cursor = sql_dup(q, 4),
        .reason = sql_dup(q, 5),
        .state = (enum trigger_state)sql_int(q, 6),
        .stopped_at = sql_int(q, 7),
        .gen = (uint64_t)sql_int(q, 8),
        .items = (uint64_t)sql_int(q, 9),
        .now = read_stream(q, 10),
        .old = read_stream(q, 13),
    };
}

static void bind_stream(struct sql_query *q, const struct trigger_stream *stream)
{
    sql_bind_int(q, (int64_t)stream->ino);
    sql_bind_int(q, (int64_t)stream->length);
    sql_bind_int(q, stream->mtime);
}

/* Everything behind the id. */
static void bind_row(struct sql_query *q, const struct trigger_row *row)
{
    sql_bind_str(q, row->name);
    sql_bind_str(q, row->definition);
    sql_bind_str(q, row->draft);
    sql_bind_str(q, row->cursor);
    sql_bind_str(q, row->reason);
    sql_bind_int(q, row->state);
    sql_bind_int(q, row->stopped_at);
    sql_bind_int(q, (int64_t)row->gen);
    sql_bind_int(q, (int64_t)row->items);
    bind_stream(q, &row->now);
    bind_stream(q, &row->old);
}

static int insert(struct state *s, struct trigger_row *row)
{
    struct sql_query q;

    db_write(&s->db, &q,
             "INSERT INTO triggers (name, definition, draft, cursor, reason, state, stopped_at,"
             " gen, items, ino, length, mtime, old_ino, old_length, old_mtime)"
             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_row(&q, row);
    int rc = sql_run(&q);
    if (!rc)
        row->id = db_last_id(&s->db);
    return rc;
}

static int update(struct state *s, const struct trigger_row *row)
{
    struct sql_query q;

    db_write(&s->db, &q,
             "UPDATE triggers SET name = ?, definition = ?, draft = ?, cursor = ?, reason = ?,"
             " state = ?, stopped_at = ?, gen = ?, items = ?, ino = ?, length = ?, mtime = ?,"
             " old_ino = ?, old_length = ?, old_mtime = ? WHERE id = ?");
    bind_row(&q, row);
    sql_bind_int(&q, row->id);
    return sql_run(&q);
}

int state_put_trigger(struct state *s, struct trigger_row *row)
{
    state_begin(s);
    return state_end(s, row->id ? update(s, row) : insert(s, row));
}

/* Ends a query for one. */
static int take_one(struct sql_query *q, struct trigger_row *ret)
{
    struct trigger_row row = {0};

    if (sql_row(q))
        row = read_row(q);
    int rc = sql_end(q);
    if (!rc && !row.id)
        rc = -ENOENT;
    if (rc)
        trigger_row_release(&row);
    else
        *ret = row;
    return rc;
}

int state_get_trigger(struct state *s, int64_t id, struct trigger_row *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_TRIGGER "WHERE id = ?");
    sql_bind_int(&q, id);
    return take_one(&q, ret);
}

int state_trigger_by_name(struct state *s, const char *name, struct trigger_row *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_TRIGGER "WHERE name = ?");
    sql_bind_str(&q, name);
    return take_one(&q, ret);
}

int state_remove_trigger(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM triggers WHERE id = ?", id);
}

int state_triggers(struct state *s, struct trigger_row **ret, size_t *ret_count)
{
    struct trigger_row *list = NULL;
    struct sql_query q;
    size_t count = 0;

    db_read(&s->db, &q, SELECT_TRIGGER "ORDER BY name");
    while (sql_row(&q)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = read_row(&q);
    }
    int rc = sql_end(&q);
    if (rc) {
        trigger_rows_free(list, count);
        return rc;
    }
    *ret = list;
    *ret_count = count;
    return 0;
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
