/*
 * row_p.h - rows of a table as structs: a list of columns, from which the statements follow.
 *
 *     static const struct column columns[] = {        // the key first
 *         COLUMN(struct file, id),
 *         COLUMN(struct file, name),
 *         COLUMN_AS(struct file, owner.id, "owner"),
 *     };
 *     static const struct table files = TABLE("files", struct file, columns, 1);
 *
 *     row_select(db, &files, &q, "WHERE owner = ?");  // every column of every such row
 *     sql_bind_int(&q, owner);
 *     return row_collect(&q, &files, &list, &count);
 *
 * Another column is a line in the list, a member of the struct and a step of the schema. A member
 * is a `char *` (an allocated string, NULL is NULL), a bool, or any integer or enum.
 *
 * Errors and threads: as in sql_p.h; what writes stands between db_begin() and db_end().
 */
#ifndef OUTLOOKFS_STORE_ROW_P_H
#define OUTLOOKFS_STORE_ROW_P_H

#include "db_p.h"

#include <outlookfs/base/alloc.h>

enum column_type { COLUMN_STR, COLUMN_BOOL, COLUMN_INT32, COLUMN_INT64 };

struct column {
    const char *name;
    size_t offset; /* in the struct */
    enum column_type type;
};

#define COLUMN(row, member) COLUMN_AS(row, member, #member)
#define COLUMN_AS(row, member, column)                                                               \
    {                                                                                                \
        column, offsetof(row, member),                                                             \
            _Generic(((row *)0)->member, char *                                                    \
                     : COLUMN_STR, bool                                                            \
                     : COLUMN_BOOL, default                                                        \
                     : sizeof(((row *)0)->member) == 8 ? COLUMN_INT64 : COLUMN_INT32) \
    }

struct table {
    const char *name;
    size_t size; /* of the struct */
    const struct column *columns;
    size_t count;
    size_t fixed; /* so many columns, the key among them, row_update() leaves as they are */
};

#define TABLE(name, row, columns, fixed)                                                           \
    {                                                                                              \
        name, sizeof(row), columns, ARRAY_SIZE(columns), fixed                                     \
    }

/* Begins the query SELECT <columns> FROM <table> <rest>. */
void row_select(struct db *db, const struct table *t, struct sql_query *q, const char *rest);

/* The row a query stands at; its columns are those of the table, in their order. */
void row_read(struct sql_query *q, const struct table *t, void *ret);

/* Frees the strings and zeroes the struct. */
void row_release(const struct table *t, void *row);
void rows_free(const struct table *t, void *rows, size_t count);

/* End a query. row_take(): its first row (`ret` NULL: is there one?), or -ENOENT. row_collect(): all rows as an array in
 * *(row **)ret, NULL when there are none. Nothing is set on failure. */
int row_take(struct sql_query *q, const struct table *t, void *ret);
int row_collect(struct sql_query *q, const struct table *t, void *ret, size_t *ret_count);

/* A key of 0 becomes a new number, which *row receives. */
int row_insert(struct db *db, const struct table *t, void *row);
int row_update(struct db *db, const struct table *t, const void *row); /* -ENOENT */
/* Inserts, or updates the row that has the key. */
int row_put(struct db *db, const struct table *t, const void *row);

#endif
