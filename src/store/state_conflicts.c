/*
 * state_conflicts.c - conflicts: the three texts of a record both sides have changed.
 */
#include "row_p.h"
#include "state_p.h"

static const struct column columns[] = {
    COLUMN(struct conflict, slot), COLUMN(struct conflict, at),   COLUMN(struct conflict, members),
    COLUMN(struct conflict, base), COLUMN(struct conflict, mine), COLUMN(struct conflict, theirs),
};
static const struct table conflicts = TABLE("conflicts", struct conflict, columns, 1);

void conflict_release(struct conflict *c)
{
    row_release(&conflicts, c);
}

int state_put_conflict(struct state *s, const struct conflict *c)
{
    state_begin(s);
    return state_end(s, row_put(&s->db, &conflicts, c));
}

int state_get_conflict(struct state *s, int64_t slot, struct conflict *ret)
{
    struct sql_query q;

    row_select(&s->db, &conflicts, &q, "WHERE slot = ?");
    sql_bind_int(&q, slot);
    return row_take(&q, &conflicts, ret);
}

int state_remove_conflict(struct state *s, int64_t slot)
{
    return state_run_int(s, "DELETE FROM conflicts WHERE slot = ?", slot);
}

int state_conflicts(struct state *s, struct conflict **ret, size_t *ret_count)
{
    struct sql_query q;

    row_select(&s->db, &conflicts, &q, "ORDER BY at, slot");
    return row_collect(&q, &conflicts, ret, ret_count);
}
