/*
 * state_searches.c - searches that are kept.
 */
#include "row_p.h"
#include "state_p.h"

#include <outlookfs/store/searches.h>

static void bind_key(struct sql_query *q, const char *place, const char *folder, const char *name)
{
    sql_bind_str(q, place);
    sql_bind_str(q, folder);
    sql_bind_str(q, name);
}

int state_add_search(struct state *s, const char *place, const char *folder, const char *name)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, "INSERT INTO searches (place, folder, name) VALUES (?, ?, ?)");
    bind_key(&q, place, folder, name);
    return state_end(s, sql_run(&q));
}

int state_remove_search(struct state *s, const char *place, const char *folder, const char *name)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, "DELETE FROM searches WHERE place = ? AND folder = ? AND name = ?");
    bind_key(&q, place, folder, name);
    return state_end(s, sql_run(&q));
}

bool state_has_search(struct state *s, const char *place, const char *folder, const char *name)
{
    struct sql_query q;

    db_read(&s->db, &q, "SELECT 1 FROM searches WHERE place = ? AND folder = ? AND name = ?");
    bind_key(&q, place, folder, name);
    bool has = sql_row(&q);
    return !sql_end(&q) && has;
}

int state_searches(struct state *s, const char *place, const char *folder, char ***ret,
                   size_t *ret_count)
{
    static const struct column name = {"name", 0, COLUMN_STR};
    static const struct table names = {"searches", sizeof(char *), &name, 1, 0};
    struct sql_query q;

    row_select(&s->db, &names, &q, "WHERE place = ? AND folder = ? ORDER BY name");
    sql_bind_str(&q, place);
    sql_bind_str(&q, folder);
    return row_collect(&q, &names, ret, ret_count);
}
