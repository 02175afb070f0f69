/*
 * state_outbox.c - the rows of the outbox.
 */
#include "row_p.h"
#include "state_p.h"

#include <outlookfs/store/outbox.h>

static const struct column columns[] = {
    COLUMN(struct outbox_row, id),
    COLUMN(struct outbox_row, ino),
    COLUMN(struct outbox_row, what),
    COLUMN(struct outbox_row, state),
    COLUMN_AS(struct outbox_row, foreign, "foreigner"),
    COLUMN(struct outbox_row, unknown),
    COLUMN(struct outbox_row, waits),
    COLUMN(struct outbox_row, body),
    COLUMN(struct outbox_row, attempts),
    COLUMN(struct outbox_row, status),
    COLUMN(struct outbox_row, queued_at),
    COLUMN(struct outbox_row, due),
    COLUMN(struct outbox_row, began),
    COLUMN(struct outbox_row, reason),
    COLUMN(struct outbox_row, token),
    COLUMN(struct outbox_row, location),
    COLUMN(struct outbox_row, answer),
};
static const struct table outbox = TABLE("outbox", struct outbox_row, columns, 1);

void outbox_row_release(struct outbox_row *row)
{
    row_release(&outbox, row);
}

int state_put_outbox(struct state *s, struct outbox_row *row)
{
    state_begin(s);
    return state_end(s,
                     row->id ? row_update(&s->db, &outbox, row) : row_insert(&s->db, &outbox, row));
}

int state_get_outbox(struct state *s, int64_t id, struct outbox_row *ret)
{
    struct sql_query q;

    row_select(&s->db, &outbox, &q, "WHERE id = ?");
    sql_bind_int(&q, id);
    return row_take(&q, &outbox, ret);
}

int state_outbox_by_ino(struct state *s, uint64_t ino, struct outbox_row *ret)
{
    struct sql_query q;

    row_select(&s->db, &outbox, &q, "WHERE ino = ? AND ino <> 0");
    sql_bind_int(&q, (int64_t)ino);
    return row_take(&q, &outbox, ret);
}

int state_remove_outbox(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM outbox WHERE id = ?", id);
}

void outbox_rows_free(struct outbox_row *rows, size_t count)
{
    rows_free(&outbox, rows, count);
}

int state_outbox(struct state *s, struct outbox_row **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &outbox, &q, "ORDER BY queued_at, id");
    return row_collect(&q, &outbox, ret, ret_count);
}

bool state_outbox_has_body(struct state *s, uint64_t ino)
{
    struct sql_query q;

    db_read(&s->db, &q, "SELECT 1 FROM outbox WHERE body = ?");
    sql_bind_int(&q, (int64_t)ino);
    bool found = sql_row(&q);
    return !sql_end(&q) && found;
}
