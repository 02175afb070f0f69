/*
 * row.c - statements made of a table's columns, and rows in and out of structs.
 */
#include "row_p.h"

#include <outlookfs/base/buf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX 4096

/* "a, b, c", each name with `format` around it. */
static void add_names(struct buf *text, const struct table *t, size_t first, const char *format)
{
    for (size_t i = first; i < t->count; i++) {
        if (i > first)
            buf_addstr(text, ", ");
        for (const char *p = format; *p; p++) {
            if (*p == '@')
                buf_addstr(text, t->columns[i].name);
            else
                buf_addch(text, *p);
        }
    }
}

void row_select(struct db *db, const struct table *t, struct sql_query *q, const char *rest)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(STATEMENT_MAX);

    buf_addstr(&text, "SELECT ");
    add_names(&text, t, 0, "@");
    buf_addf(&text, " FROM %s %s", t->name, rest);
    db_read(db, q, text.data);
}

void row_read(struct sql_query *q, const struct table *t, void *ret)
{
    for (size_t i = 0; i < t->count; i++) {
        void *member = (char *)ret + t->columns[i].offset;

        switch (t->columns[i].type) {
        case COLUMN_STR:
            *(char **)member = sql_dup(q, (int)i);
            break;
        case COLUMN_BOOL:
            *(bool *)member = sql_int(q, (int)i);
            break;
        case COLUMN_INT32:
            *(int32_t *)member = (int32_t)sql_int(q, (int)i);
            break;
        case COLUMN_INT64:
            *(int64_t *)member = sql_int(q, (int)i);
            break;
        }
    }
}

static int64_t number(const struct column *c, const void *row)
{
    const void *member = (const char *)row + c->offset;

    if (c->type == COLUMN_BOOL)
        return *(const bool *)member;
    return c->type == COLUMN_INT32 ? *(const int32_t *)member : *(const int64_t *)member;
}

static void bind(struct sql_query *q, const struct table *t, size_t first, const void *row)
{
    for (size_t i = first; i < t->count; i++) {
        const struct column *c = &t->columns[i];

        if (c->type == COLUMN_STR)
            sql_bind_str(q, *(char *const *)((const char *)row + c->offset));
        else
            sql_bind_int(q, number(c, row));
    }
}

void row_release(const struct table *t, void *row)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->columns[i].type == COLUMN_STR)
            free(*(char **)((char *)row + t->columns[i].offset));
    }
    memset(row, 0, t->size);
}

void rows_free(const struct table *t, void *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        row_release(t, (char *)rows + i * t->size);
    free(rows);
}

int row_take(struct sql_query *q, const struct table *t, void *ret)
{
    void *row = xcalloc(1, t->size);
    bool found = sql_row(q);

    if (found)
        row_read(q, t, row);
    int rc = sql_end(q);
    if (!rc && !found)
        rc = -ENOENT;
    if (rc || !ret)
        row_release(t, row);
    else
        memcpy(ret, row, t->size);
    free(row);
    return rc;
}

int row_collect(struct sql_query *q, const struct table *t, void *ret, size_t *ret_count)
{
    char *rows = NULL;
    size_t count = 0;

    while (sql_row(q)) {
        rows = xrealloc(rows, (count + 1) * t->size);
        memset(rows + count * t->size, 0, t->size);
        row_read(q, t, rows + count * t->size);
        count++;
    }
    int rc = sql_end(q);
    if (rc) {
        rows_free(t, rows, count);
        return rc;
    }
    memcpy(ret, &rows, sizeof(rows));
    *ret_count = count;
    return 0;
}

/* INSERT INTO t (a, b) VALUES (?, ?) <rest> */
static void start_insert(struct db *db, const struct table *t, struct sql_query *q, size_t first,
                         const char *rest)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(STATEMENT_MAX);

    buf_addf(&text, "INSERT INTO %s (", t->name);
    add_names(&text, t, first, "@");
    buf_addstr(&text, ") VALUES (");
    add_names(&text, t, first, "?");
    buf_addf(&text, ")%s", rest);
    db_write(db, q, text.data);
}

int row_insert(struct db *db, const struct table *t, void *row)
{
    int64_t *key = (int64_t *)((char *)row + t->columns[0].offset);
    size_t first = *key ? 0 : 1;
    struct sql_query q;

    start_insert(db, t, &q, first, "");
    bind(&q, t, first, row);
    int rc = sql_run(&q);
    if (!rc)
        *key = db_last_id(db);
    return rc;
}

int row_update(struct db *db, const struct table *t, const void *row)
{
    struct sql_query q;
    SCOPED(buf_release) struct buf text = BUF_INIT(STATEMENT_MAX);

    buf_addf(&text, "UPDATE %s SET ", t->name);
    add_names(&text, t, t->fixed, "@ = ?");
    buf_addf(&text, " WHERE %s = ?", t->columns[0].name);
    db_write(db, &q, text.data);
    bind(&q, t, t->fixed, row);
    sql_bind_int(&q, number(&t->columns[0], row));
    int rc = sql_run(&q);
    return rc || db_changes(db) ? rc : -ENOENT;
}

/* Not REPLACE, which would also remove a row that has another unique value of this one. */
int row_put(struct db *db, const struct table *t, const void *row)
{
    struct sql_query q;
    SCOPED(buf_release) struct buf rest = BUF_INIT(STATEMENT_MAX);

    buf_addf(&rest, " ON CONFLICT (%s) DO UPDATE SET ", t->columns[0].name);
    add_names(&rest, t, 1, "@ = excluded.@");
    start_insert(db, t, &q, 0, rest.data);
    bind(&q, t, 0, row);
    return sql_run(&q);
}
