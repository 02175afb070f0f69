/*
 * state_outbox.c - the rows of the outbox.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/store/outbox.h>

#include <errno.h>
#include <stdlib.h>

#define SELECT_OUTBOX                                                                              \
    "SELECT id, ino, what, state, foreigner, unknown, waits, body, attempts, status, queued_at,"   \
    " due, began, reason, token, location, answer FROM outbox "

void outbox_row_release(struct outbox_row *row)
{
    free(row->reason);
    free(row->token);
    free(row->location);
    free(row->answer);
    *row = (struct outbox_row){0};
}

static struct outbox_row read_row(struct sql_query *q)
{
    return (struct outbox_row){
        .id = sql_int(q, 0),
        .ino = (uint64_t)sql_int(q, 1),
        .what = (enum outgoing)sql_int(q, 2),
        .state = (enum outbox_state)sql_int(q, 3),
        .foreign = sql_int(q, 4),
        .unknown = sql_int(q, 5),
        .waits = sql_int(q, 6),
        .body = (uint64_t)sql_int(q, 7),
        .attempts = (unsigned)sql_int(q, 8),
        .status = (int)sql_int(q, 9),
        .queued_at = sql_int(q, 10),
        .due = sql_int(q, 11),
        .began = sql_int(q, 12),
        .reason = sql_dup(q, 13),
        .token = sql_dup(q, 14),
        .location = sql_dup(q, 15),
        .answer = sql_dup(q, 16),
    };
}

static void bind_row(struct sql_query *q, const struct outbox_row *row)
{
    sql_bind_int(q, (int64_t)row->ino);
    sql_bind_int(q, row->what);
    sql_bind_int(q, row->state);
    sql_bind_int(q, row->foreign);
    sql_bind_int(q, row->unknown);
    sql_bind_int(q, row->waits);
    sql_bind_int(q, (int64_t)row->body);
    sql_bind_int(q, row->attempts);
    sql_bind_int(q, row->status);
    sql_bind_int(q, row->queued_at);
    sql_bind_int(q, row->due);
    sql_bind_int(q, row->began);
    sql_bind_str(q, row->reason);
    sql_bind_str(q, row->token);
    sql_bind_str(q, row->location);
    sql_bind_str(q, row->answer);
}

static int insert_locked(struct state *s, struct outbox_row *row)
{
    struct sql_query q;

    db_write(&s->db, &q,
             "INSERT INTO outbox (ino, what, state, foreigner, unknown, waits, body, attempts,"
             " status, queued_at, due, began, reason, token, location, answer)"
             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    bind_row(&q, row);
    int rc = sql_run(&q);
    if (!rc)
        row->id = db_last_id(&s->db);
    return rc;
}

static int update_locked(struct state *s, const struct outbox_row *row)
{
    struct sql_query q;

    db_write(&s->db, &q,
             "UPDATE outbox SET ino = ?, what = ?, state = ?, foreigner = ?, unknown = ?,"
             " waits = ?, body = ?, attempts = ?, status = ?, queued_at = ?, due = ?, began = ?,"
             " reason = ?, token = ?, location = ?, answer = ? WHERE id = ?");
    bind_row(&q, row);
    sql_bind_int(&q, row->id);
    return sql_run(&q);
}

int state_put_outbox(struct state *s, struct outbox_row *row)
{
    state_begin(s);
    return state_end(s, row->id ? update_locked(s, row) : insert_locked(s, row));
}

/* Ends a query for one. */
static int take_one(struct sql_query *q, struct outbox_row *ret)
{
    struct outbox_row row = {0};
    int rc;

    if (sql_row(q))
        row = read_row(q);
    rc = sql_end(q);
    if (!rc && !row.id)
        rc = -ENOENT;
    if (rc)
        outbox_row_release(&row);
    else
        *ret = row;
    return rc;
}

int state_get_outbox(struct state *s, int64_t id, struct outbox_row *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_OUTBOX "WHERE id = ?");
    sql_bind_int(&q, id);
    return take_one(&q, ret);
}

int state_outbox_by_ino(struct state *s, uint64_t ino, struct outbox_row *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_OUTBOX "WHERE ino = ? AND ino <> 0");
    sql_bind_int(&q, (int64_t)ino);
    return take_one(&q, ret);
}

int state_remove_outbox(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM outbox WHERE id = ?", id);
}

void outbox_rows_free(struct outbox_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        outbox_row_release(&rows[i]);
    free(rows);
}

int state_outbox(struct state *s, struct outbox_row **ret, size_t *ret_count)
{
    struct outbox_row *list = NULL;
    struct sql_query q;
    size_t count = 0;
    int rc;

    db_read(&s->db, &q, SELECT_OUTBOX "ORDER BY queued_at, id");
    while (sql_row(&q)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = read_row(&q);
    }
    rc = sql_end(&q);
    if (rc) {
        outbox_rows_free(list, count);
        return rc;
    }
    *ret = list;
    *ret_count = count;
    return 0;
}

bool state_outbox_has_body(struct state *s, uint64_t ino)
{
    struct sql_query q;
    bool found;

    db_read(&s->db, &q, "SELECT 1 FROM outbox WHERE body = ?");
    sql_bind_int(&q, (int64_t)ino);
    found = sql_row(&q);
    return !sql_end(&q) && found;
}
