/*
 * state_local.c - scratch files, directories and symbolic links.
 */
#include "row_p.h"
#include "state_p.h"

#include <errno.h>

static const struct column columns[] = {
    COLUMN(struct local, ino),  COLUMN(struct local, dir),   COLUMN(struct local, name),
    COLUMN(struct local, mode), COLUMN(struct local, mtime), COLUMN(struct local, target),
};
static const struct table locals = TABLE("locals", struct local, columns, 1);

void local_release(struct local *l)
{
    row_release(&locals, l);
}

int state_put_local(struct state *s, const struct local *l)
{
    absent_enter(s, l->name);
    state_begin(s);
    return state_end(s, row_put(&s->db, &locals, l));
}

int state_remove_local(struct state *s, uint64_t ino)
{
    return state_run_int(s, "DELETE FROM locals WHERE ino = ?", (int64_t)ino);
}

int state_get_local(struct state *s, uint64_t ino, struct local *ret)
{
    struct sql_query q;

    row_select(&s->db, &locals, &q, "WHERE ino = ?");
    sql_bind_int(&q, (int64_t)ino);
    return row_take(&q, &locals, ret);
}

/* "dir <> 0" is what lets SQLite use the index of the linked ones. */
int state_find_local(struct state *s, uint64_t dir, const char *name, struct local *ret)
{
    struct sql_query q;

    if (is_absent(s, name))
        return -ENOENT;
    row_select(&s->db, &locals, &q, "WHERE dir <> 0 AND dir = ? AND name = ?");
    sql_bind_int(&q, (int64_t)dir);
    sql_bind_str(&q, name);
    return row_take(&q, &locals, ret);
}

int state_locals(struct state *s, uint64_t dir, struct local **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &locals, &q, "WHERE dir <> 0 AND dir = ? ORDER BY ino");
    sql_bind_int(&q, (int64_t)dir);
    return row_collect(&q, &locals, ret, ret_count);
}
