/*
 * db.c - opening the database, transactions, numbers, and the statement helper of db_records.c.
 */
#include "db_p.h"

#include "db_private_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS folder ("
    "  position INTEGER PRIMARY KEY, kind INTEGER NOT NULL, number INTEGER NOT NULL,"
    "  id TEXT NOT NULL UNIQUE, parent TEXT, name TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS record ("
    "  row INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, id TEXT NOT NULL UNIQUE,"
    "  folder TEXT NOT NULL, sort INTEGER NOT NULL, modified INTEGER NOT NULL,"
    "  unread INTEGER NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS record_sort ON record (kind, folder, sort);"
    "CREATE INDEX IF NOT EXISTS record_unread ON record (kind, folder, sort) WHERE unread;"
    "CREATE INDEX IF NOT EXISTS record_modified ON record (kind, folder, modified);"
    "CREATE TABLE IF NOT EXISTS attachment ("
    "  position INTEGER PRIMARY KEY, message INTEGER NOT NULL, number INTEGER NOT NULL,"
    "  name TEXT NOT NULL, type TEXT NOT NULL, content_id TEXT, inline INTEGER NOT NULL,"
    "  modified INTEGER NOT NULL, content BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS attachment_message ON attachment (message);"
    "CREATE TABLE IF NOT EXISTS moved (row INTEGER PRIMARY KEY);"
    "CREATE TABLE IF NOT EXISTS subscription ("
    "  position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, message INTEGER NOT NULL,"
    "  pending INTEGER NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS subscription_message ON subscription (message);";

void db_die(struct db *db)
{
    fprintf(stderr, "outlookfs-sandbox: database: %s\n", sqlite3_errmsg(db->sql));
    exit(1);
}

sqlite3_stmt *db_statement(struct db *db, const char *sql, const char *types, ...)
{
    sqlite3_stmt *stmt;
    va_list ap;

    if (sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL))
        db_die(db);
    va_start(ap, types);
    for (int i = 1; *types; i++, types++) {
        if (*types == 's') {
            sqlite3_bind_text(stmt, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
        } else if (*types == 'b') {
            const void *data = va_arg(ap, const void *);

            sqlite3_bind_blob64(stmt, i, data, va_arg(ap, size_t), SQLITE_STATIC);
        } else {
            sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
        }
    }
    va_end(ap);
    return stmt;
}

bool db_step(struct db *db, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        db_die(db);
    return rc == SQLITE_ROW;
}

void db_run(struct db *db, sqlite3_stmt *stmt)
{
    while (db_step(db, stmt))
        ;
    sqlite3_finalize(stmt);
}

char *db_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    return text ? xstrdup(text) : NULL;
}

static int64_t one_number(struct db *db, const char *sql)
{
    sqlite3_stmt *stmt = db_statement(db, sql, "");
    int64_t n = db_step(db, stmt) ? sqlite3_column_int64(stmt, 0) : 0;

    sqlite3_finalize(stmt);
    return n;
}

int db_open(const char *path, struct db **ret, struct buf *err)
{
    struct db *db = xcalloc(1, sizeof(*db));

    mutex_init(&db->lock, MUTEX_SANDBOX_DB);
    if (sqlite3_open(path ? path : ":memory:", &db->sql) ||
        sqlite3_exec(db->sql, schema, NULL, NULL, NULL)) {
        buf_fail(err, -EIO, "%s: %s", path ? path : "memory", sqlite3_errmsg(db->sql));
        db_close(db);
        return -EIO;
    }
    db->next = one_number(db, "SELECT value FROM number WHERE name = 'next'");
    db_pretend_now(db, 0);
    *ret = db;
    return 0;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    sqlite3_close(db->sql);
    mutex_release(&db->lock);
    free(db);
}

void db_begin(struct db *db)
{
    mutex_lock(&db->lock);
    db_run(db, db_statement(db, "BEGIN", ""));
    db->next_saved = db->next;
}

void db_end(struct db *db, bool keep)
{
    if (keep && db->next != db->next_saved)
        db_run(db, db_statement(db, "REPLACE INTO number (name, value) VALUES ('next', ?)", "i",
                                db->next));
    db_run(db, db_statement(db, keep ? "COMMIT" : "ROLLBACK", ""));
    mutex_unlock(&db->lock);
}

int64_t db_now(struct db *db)
{
    return db->pretended ? db->pretended : clock_now() + db->ahead;
}

void db_pretend_now(struct db *db, int64_t ns)
{
    int64_t newest, now = clock_now();

    db->pretended = ns;
    if (ns)
        return;
    newest = one_number(db, "SELECT max(modified) FROM record");
    db->ahead = newest > now ? newest - now : 0;
}

void db_advance(struct db *db, int64_t ns)
{
    db->ahead += ns;
}

uint32_t db_next(struct db *db)
{
    return (uint32_t)++db->next;
}

bool db_is_empty(struct db *db)
{
    return one_number(db, "SELECT count(*) FROM folder") == 0;
}
