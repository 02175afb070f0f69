/*
 * state_conflicts.c - conflicts: the three texts of a record both sides have changed.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdlib.h>

#define SELECT_CONFLICT "SELECT slot, at, members, base, mine, theirs FROM conflicts "

void conflict_release(struct conflict *c)
{
    free(c->base);
    free(c->mine);
    free(c->theirs);
    free(c->members);
    *c = (struct conflict){0};
}

static struct conflict read_conflict(struct sql_query *q)
{
    return (struct conflict){
        .slot = sql_int(q, 0),
        .at = sql_int(q, 1),
        .members = sql_dup(q, 2),
        .base = sql_dup(q, 3),
        .mine = sql_dup(q, 4),
        .theirs = sql_dup(q, 5),
    };
}

int state_put_conflict(struct state *s, const struct conflict *c)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q,
             "REPLACE INTO conflicts (slot, at, members, base, mine, theirs)"
             " VALUES (?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, c->slot);
    sql_bind_int(&q, c->at);
    sql_bind_str(&q, c->members);
    sql_bind_str(&q, c->base);
    sql_bind_str(&q, c->mine);
    sql_bind_str(&q, c->theirs);
    return state_end(s, sql_run(&q));
}

int state_get_conflict(struct state *s, int64_t slot, struct conflict *ret)
{
    struct conflict conflict = {0};
    struct sql_query q;
    int rc;

    db_read(&s->db, &q, SELECT_CONFLICT "WHERE slot = ?");
    sql_bind_int(&q, slot);
    if (sql_row(&q))
        conflict = read_conflict(&q);
    rc = sql_end(&q);
    if (!rc && !conflict.slot)
        rc = -ENOENT;
    if (rc)
        conflict_release(&conflict);
    else
        *ret = conflict;
    return rc;
}

int state_remove_conflict(struct state *s, int64_t slot)
{
    return state_run_int(s, "DELETE FROM conflicts WHERE slot = ?", slot);
}

int state_conflicts(struct state *s, struct conflict **ret, size_t *ret_count)
{
    struct conflict *list = NULL;
    struct sql_query q;
    size_t count = 0;
    int rc;

    db_read(&s->db, &q, SELECT_CONFLICT "ORDER BY at, slot");
    while (sql_row(&q)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = read_conflict(&q);
    }
    rc = sql_end(&q);
    if (!rc) {
        *ret = list;
        *ret_count = count;
        return 0;
    }
    while (count)
        conflict_release(&list[--count]);
    free(list);
    return rc;
}
