/*
 * state_searches.c - searches that are kept.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/store/searches.h>

#include <stdlib.h>

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
    char **names = NULL;
    size_t count = 0;
    struct sql_query q;

    db_read(&s->db, &q, "SELECT name FROM searches WHERE place = ? AND folder = ? ORDER BY name");
    sql_bind_str(&q, place);
    sql_bind_str(&q, folder);
    while (sql_row(&q)) {
        names = xrealloc(names, (count + 1) * sizeof(*names));
        names[count++] = sql_dup(&q, 0);
    }
    int rc = sql_end(&q);
    if (!rc) {
        *ret = names;
        *ret_count = count;
        return 0;
    }
    while (count)
        free(names[--count]);
    free(names);
    return rc;
}
