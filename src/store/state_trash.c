/*
 * state_trash.c - the trash, and what is dropped from it.
 */
#include "row_p.h"
#include "state_p.h"

#include <string.h>

/* `text` is the last, and a listing goes without. */
static const struct column columns[] = {
    COLUMN(struct trash_entry, id),     COLUMN(struct trash_entry, at),
    COLUMN(struct trash_entry, kind),   COLUMN(struct trash_entry, folder),
    COLUMN(struct trash_entry, record), COLUMN(struct trash_entry, name),
    COLUMN(struct trash_entry, why),    COLUMN(struct trash_entry, size),
    COLUMN(struct trash_entry, text),
};
static const struct table trash = TABLE("trash", struct trash_entry, columns, 1);

static const struct table trash_heads = {
    .name = "trash",
    .size = sizeof(struct trash_entry),
    .columns = columns,
    .count = ARRAY_SIZE(columns) - 1,
};

void trash_entry_release(struct trash_entry *t)
{
    row_release(&trash, t);
}

int state_add_trash(struct state *s, const struct trash_entry *t)
{
    struct trash_entry entry = *t;

    entry.id = 0;
    entry.size = t->text ? strlen(t->text) : 0;
    state_begin(s);
    return state_end(s, row_insert(&s->db, &trash, &entry));
}

int state_trash(struct state *s, struct trash_entry **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &trash_heads, &q, "ORDER BY at, id");
    return row_collect(&q, &trash_heads, ret, ret_count);
}

int state_get_trash(struct state *s, int64_t id, struct trash_entry *ret)
{
    struct sql_query q;

    row_select(&s->db, &trash, &q, "WHERE id = ?");
    sql_bind_int(&q, id);
    return row_take(&q, &trash, ret);
}

int state_remove_trash(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM trash WHERE id = ?", id);
}

/* The newest entries whose texts fit together stay. */
int state_prune_trash(struct state *s, int64_t before, size_t max_bytes)
{
    int64_t max = max_bytes > INT64_MAX ? INT64_MAX : (int64_t)max_bytes;

    state_begin(s);
    int rc = state_run_int(s, "DELETE FROM trash WHERE at < ?", before);
    if (!rc)
        rc =
            state_run_int(s,
                          "DELETE FROM trash WHERE id IN (SELECT id FROM (SELECT id, sum(size)"
                          " OVER (ORDER BY at DESC, id DESC) AS total FROM trash) WHERE total > ?)",
                          max);
    return state_end(s, rc);
}
