/*
 * sql.c - prepared statements, values in and out, and SQLite's errors as errno.
 */
#include "sql_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/log.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Nothing waits longer for another process's lock. */
#define BUSY_TIMEOUT_MS 10000

static int constraint_errno(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return -ENOENT;
    case SQLITE_CONSTRAINT_NOTNULL:
        return -EINVAL;
    default:
        return -EEXIST;
    }
}

static int sql_errno(struct sql *sql, int code)
{
    int system = sqlite3_system_errno(sql->db);

    switch (code & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_CONSTRAINT:
        return constraint_errno(code);
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CANTOPEN:
        return system ? -system : -EIO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        sql->damaged = true;
        return -EIO;
    case SQLITE_IOERR:
        return system == ENOSPC || system == EDQUOT ? -ENOSPC : -EIO;
    default:
        return -EIO;
    }
}

static int fail(struct sql *sql, struct buf *err)
{
    int code = sqlite3_extended_errcode(sql->db);
    int rc = sql_errno(sql, code);

    if (err)
        return buf_fail(err, rc, "%s: %s", sql->path, sqlite3_errmsg(sql->db));
    if ((code & 0xff) == SQLITE_FULL)
        log_error("%s: the disk is full: nothing can be saved until there is space on it",
                  sql->path);
    else if ((code & 0xff) != SQLITE_CONSTRAINT)
        log_error("%s: %s (%s, code %d)", sql->path, sqlite3_errmsg(sql->db), sqlite3_errstr(code),
                  code);
    return rc;
}

/* Statistics of memory that nobody reads cost a lock at each allocation. */
static void without_statistics(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int sql_open(struct sql *sql, const char *path, struct buf *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc;

    pthread_once(&once, without_statistics);
    *sql = (struct sql){.path = xstrdup(path)};
    if (sqlite3_open_v2(path, &sql->db, flags, NULL) != SQLITE_OK) {
        rc = sql->db ? fail(sql, err) : buf_fail(err, -ENOMEM, "%s: out of memory", path);
        sql_close(sql);
        return rc;
    }
    sqlite3_busy_timeout(sql->db, BUSY_TIMEOUT_MS);
    return 0;
}

void sql_close(struct sql *sql)
{
    for (struct map_entry *e = map_first(&sql->prepared); e; e = map_next(&sql->prepared, e))
        sqlite3_finalize(e->value);
    map_release(&sql->prepared);
    sqlite3_close(sql->db);
    free(sql->path);
    *sql = (struct sql){0};
}

int sql_exec(struct sql *sql, const char *text, struct buf *err)
{
    return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(sql, err);
}

int sql_exec_str(struct sql *sql, const char *text, char **ret, struct buf *err)
{
    sqlite3_stmt *stmt = NULL;
    char *value = NULL;
    int rc = 0;

    if (sqlite3_prepare_v2(sql->db, text, -1, &stmt, NULL) != SQLITE_OK)
        return fail(sql, err);
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0))
        value = xstrdup((const char *)sqlite3_column_text(stmt, 0));
    if (!value)
        rc = fail(sql, err);
    else
        *ret = value;
    sqlite3_finalize(stmt);
    return rc;
}

int sql_exec_int(struct sql *sql, const char *text, int64_t *ret, struct buf *err)
{
    char *value = NULL;
    int rc = sql_exec_str(sql, text, &value, err);

    if (rc)
        return rc;
    *ret = strtoll(value, NULL, 10);
    free(value);
    return 0;
}

static sqlite3_stmt *prepare(struct sql *sql, const char *text)
{
    sqlite3_stmt *stmt = map_get(&sql->prepared, text);

    if (stmt)
        return stmt;
    if (sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
        return NULL;
    map_set(&sql->prepared, text, stmt);
    return stmt;
}

void sql_start(struct sql_query *q, struct sql *sql, const char *text)
{
    *q = (struct sql_query){.sql = sql, .next = 1};
    q->stmt = prepare(sql, text);
    if (!q->stmt)
        q->rc = fail(sql, NULL);
    else
        assert(!sqlite3_stmt_busy(q->stmt));
}

static void bound(struct sql_query *q, int code)
{
    if (code != SQLITE_OK)
        q->rc = fail(q->sql, NULL);
}

void sql_bind_int(struct sql_query *q, int64_t value)
{
    if (!q->rc)
        bound(q, sqlite3_bind_int64(q->stmt, q->next++, value));
}

void sql_bind_bytes(struct sql_query *q, const char *value, size_t size)
{
    if (!q->rc)
        bound(q, sqlite3_bind_text64(q->stmt, q->next++, value, size, SQLITE_STATIC, SQLITE_UTF8));
}

void sql_bind_blob(struct sql_query *q, const void *value, size_t size)
{
    if (!q->rc)
        bound(q, sqlite3_bind_blob64(q->stmt, q->next++, value, size, SQLITE_STATIC));
}

void sql_bind_pointer(struct sql_query *q, void *value, const char *type)
{
    if (!q->rc)
        bound(q, sqlite3_bind_pointer(q->stmt, q->next++, value, type, NULL));
}

void sql_bind_str(struct sql_query *q, const char *value)
{
    if (value)
        sql_bind_bytes(q, value, strlen(value));
    else if (!q->rc)
        bound(q, sqlite3_bind_null(q->stmt, q->next++));
}

bool sql_row(struct sql_query *q)
{
    if (q->rc)
        return false;
    int code = sqlite3_step(q->stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        q->rc = fail(q->sql, NULL);
    return code == SQLITE_ROW;
}

int64_t sql_int(struct sql_query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

const char *sql_str(struct sql_query *q, int column)
{
    return (const char *)sqlite3_column_text(q->stmt, column);
}

char *sql_dup(struct sql_query *q, int column)
{
    const char *value = sql_str(q, column);

    return value ? xstrndup(value, (size_t)sqlite3_column_bytes(q->stmt, column)) : NULL;
}

int sql_end(struct sql_query *q)
{
    if (q->stmt) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
    }
    if (q->held)
        mutex_unlock(q->held);
    return q->rc;
}

int sql_run(struct sql_query *q)
{
    while (sql_row(q))
        continue;
    return sql_end(q);
}
