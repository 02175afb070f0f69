/*
 * state_trash.c - the trash, and what is dropped from it.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void trash_entry_release(struct trash_entry *t)
{
    free(t->folder);
    free(t->record);
    free(t->name);
    free(t->why);
    free(t->text);
    *t = (struct trash_entry){0};
}

/* From columns id, at, kind, folder, record, name, why, size. */
static struct trash_entry read_entry(struct sql_query *q)
{
    return (struct trash_entry){
        .id = sql_int(q, 0),
        .at = sql_int(q, 1),
        .kind = (enum kind)sql_int(q, 2),
        .folder = sql_dup(q, 3),
        .record = sql_dup(q, 4),
        .name = sql_dup(q, 5),
        .why = sql_dup(q, 6),
        .size = (size_t)sql_int(q, 7),
    };
}

int state_add_trash(struct state *s, const struct trash_entry *t)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q,
             "INSERT INTO trash (at, kind, folder, record, name, why, size, text)"
             " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, t->at);
    sql_bind_int(&q, t->kind);
    sql_bind_str(&q, t->folder);
    sql_bind_str(&q, t->record);
    sql_bind_str(&q, t->name);
    sql_bind_str(&q, t->why);
    sql_bind_int(&q, t->text ? (int64_t)strlen(t->text) : 0);
    sql_bind_str(&q, t->text);
    return state_end(s, sql_run(&q));
}

int state_trash(struct state *s, struct trash_entry **ret, size_t *ret_count)
{
    struct trash_entry *list = NULL;
    struct sql_query q;
    size_t count = 0;
    int rc;

    db_read(&s->db, &q,
            "SELECT id, at, kind, folder, record, name, why, size FROM trash ORDER BY at, id");
    while (sql_row(&q)) {
        list = xrealloc(list, (count + 1) * sizeof(*list));
        list[count++] = read_entry(&q);
    }
    rc = sql_end(&q);
    if (!rc) {
        *ret = list;
        *ret_count = count;
        return 0;
    }
    while (count)
        trash_entry_release(&list[--count]);
    free(list);
    return rc;
}

int state_get_trash(struct state *s, int64_t id, struct trash_entry *ret)
{
    struct trash_entry entry = {0};
    struct sql_query q;
    int rc;

    db_read(&s->db, &q,
            "SELECT id, at, kind, folder, record, name, why, size, text FROM trash WHERE id = ?");
    sql_bind_int(&q, id);
    if (sql_row(&q)) {
        entry = read_entry(&q);
        entry.text = sql_dup(&q, 8);
    }
    rc = sql_end(&q);
    if (!rc && !entry.id)
        rc = -ENOENT;
    if (rc)
        trash_entry_release(&entry);
    else
        *ret = entry;
    return rc;
}

int state_remove_trash(struct state *s, int64_t id)
{
    return state_run_int(s, "DELETE FROM trash WHERE id = ?", id);
}

/* The newest entries whose texts fit together stay. */
int state_prune_trash(struct state *s, int64_t before, size_t max_bytes)
{
    int64_t max = max_bytes > INT64_MAX ? INT64_MAX : (int64_t)max_bytes;
    int rc;

    state_begin(s);
    rc = state_run_int(s, "DELETE FROM trash WHERE at < ?", before);
    if (!rc)
        rc =
            state_run_int(s,
                          "DELETE FROM trash WHERE id IN (SELECT id FROM (SELECT id, sum(size)"
                          " OVER (ORDER BY at DESC, id DESC) AS total FROM trash) WHERE total > ?)",
                          max);
    return state_end(s, rc);
}
