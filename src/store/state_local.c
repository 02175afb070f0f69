/*
 * state_local.c - scratch files, directories and symbolic links.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdlib.h>

#define SELECT_LOCAL "SELECT ino, dir, name, mode, mtime, target FROM locals "

void local_release(struct local *l)
{
    free(l->name);
    free(l->target);
    *l = (struct local){0};
}

static struct local read_local(struct sql_query *q)
{
    return (struct local){
        .ino = (uint64_t)sql_int(q, 0),
        .dir = (uint64_t)sql_int(q, 1),
        .name = sql_dup(q, 2),
        .mode = (unsigned)sql_int(q, 3),
        .mtime = sql_int(q, 4),
        .target = sql_dup(q, 5),
    };
}

/* Ends a query for one. */
static int take_one(struct sql_query *q, struct local *ret)
{
    struct local local = {0};
    int rc;

    if (sql_row(q))
        local = read_local(q);
    rc = sql_end(q);
    if (!rc && !local.ino)
        rc = -ENOENT;
    if (rc)
        local_release(&local);
    else
        *ret = local;
    return rc;
}

/* Not REPLACE, which would silently drop whoever else has the name. */
int state_put_local(struct state *s, const struct local *l)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q,
             "INSERT INTO locals (ino, dir, name, mode, mtime, target) VALUES (?, ?, ?, ?, ?, ?)"
             " ON CONFLICT (ino) DO UPDATE SET dir = excluded.dir, name = excluded.name,"
             " mode = excluded.mode, mtime = excluded.mtime, target = excluded.target");
    sql_bind_int(&q, (int64_t)l->ino);
    sql_bind_int(&q, (int64_t)l->dir);
    sql_bind_str(&q, l->name);
    sql_bind_int(&q, l->mode);
    sql_bind_int(&q, l->mtime);
    sql_bind_str(&q, l->target);
    return state_end(s, sql_run(&q));
}

int state_remove_local(struct state *s, uint64_t ino)
{
    return state_run_int(s, "DELETE FROM locals WHERE ino = ?", (int64_t)ino);
}

int state_get_local(struct state *s, uint64_t ino, struct local *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_LOCAL "WHERE ino = ?");
    sql_bind_int(&q, (int64_t)ino);
    return take_one(&q, ret);
}

/* "dir <> 0" is what lets SQLite use the index of the linked ones. */
int state_find_local(struct state *s, uint64_t dir, const char *name, struct local *ret)
{
    struct sql_query q;

    db_read(&s->db, &q, SELECT_LOCAL "WHERE dir <> 0 AND dir = ? AND name = ?");
    sql_bind_int(&q, (int64_t)dir);
    sql_bind_str(&q, name);
    return take_one(&q, ret);
}

static int take_all(struct sql_query *q, struct local **ret, size_t *ret_count)
{
    struct local *list = NULL;
    size_t count = 0;
    int rc;

    while (sql_row(q)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = read_local(q);
    }
    rc = sql_end(q);
    if (!rc) {
        *ret = list;
        *ret_count = count;
        return 0;
    }
    while (count)
        local_release(&list[--count]);
    free(list);
    return rc;
}

int state_locals(struct state *s, uint64_t dir, struct local **ret, size_t *ret_count)
{
    struct sql_query q;

    if (dir)
        db_read(&s->db, &q, SELECT_LOCAL "WHERE dir <> 0 AND dir = ? ORDER BY ino");
    else
        db_read(&s->db, &q, SELECT_LOCAL "WHERE dir = ? ORDER BY ino");
    sql_bind_int(&q, (int64_t)dir);
    return take_all(&q, ret, ret_count);
}
