/*
 * sql_p.h - a thin layer over SQLite: one connection, its statements prepared once, and queries
 * that read like what they do.
 *
 *     db_read(db, &q, "SELECT name, size FROM files WHERE dir = ?");   // db_p.h: the connection
 *     sql_bind_int(&q, dir);                                           // parameters in their order
 *     while (sql_row(&q))
 *         use(sql_str(&q, 0), sql_int(&q, 1));
 *     rc = sql_end(&q);                                                // always, once
 *
 * The first failure sticks: later binds and rows do nothing and sql_end() answers it. A statement is
 * kept under its text, so values are bound and never written into it. Strings that are bound must
 * live until sql_end().
 *
 * Errors: 0 or -errno: -ENOSPC, -EEXIST (unique), -ENOENT (foreign key), -EINVAL (not null),
 * -EROFS, otherwise -EIO. What is nobody's outcome but trouble goes into the log here, where its
 * text is known.
 *
 * Threads: one at a time (the locks are in db_p.h).
 */
#ifndef OUTLOOKFS_STORE_SQL_P_H
#define OUTLOOKFS_STORE_SQL_P_H

#include <outlookfs/base/map.h>
#include <outlookfs/base/mutex.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct sql {
    sqlite3 *db;
    char *path;
    bool damaged;        /* SQLite met bytes that cannot be: sticky */
    struct map prepared; /* text -> sqlite3_stmt */
};

/*
 * The file must exist; an empty one is an empty database. On failure `sql` is as after sql_close().
 */
int sql_open(struct sql *sql, const char *path, struct buf *err);
void sql_close(struct sql *sql); /* a zeroed one is fine */

/* Runs statements that are needed once. With `err` the text goes there and not into the log. */
int sql_exec(struct sql *sql, const char *text, struct buf *err);

/* The first column of the first row as a number, as a string the caller frees; for pragmas. */
int sql_exec_int(struct sql *sql, const char *text, int64_t *ret, struct buf *err);
int sql_exec_str(struct sql *sql, const char *text, char **ret, struct buf *err);

struct sql_query {
    struct sql *sql;
    sqlite3_stmt *stmt;
    struct mutex *held; /* given back by sql_end(), or NULL */
    int next;           /* number of the next parameter */
    int rc;             /* the first failure */
};

void sql_start(struct sql_query *q, struct sql *sql, const char *text);

void sql_bind_int(struct sql_query *q, int64_t value);
void sql_bind_str(struct sql_query *q, const char *value);                /* NULL is NULL */
void sql_bind_bytes(struct sql_query *q, const char *value, size_t size); /* a text */
void sql_bind_blob(struct sql_query *q, const void *value, size_t size);
void sql_bind_pointer(struct sql_query *q, void *value,
                      const char *type); /* sqlite3_bind_pointer() */

bool sql_row(struct sql_query *q);
int64_t sql_int(struct sql_query *q, int column);
char *sql_dup(struct sql_query *q, int column);       /* the caller frees; NULL for NULL */
const char *sql_str(struct sql_query *q, int column); /* until the next row */

int sql_end(struct sql_query *q);

/* The rest of a statement without rows: steps and ends it. */
int sql_run(struct sql_query *q);

#endif
