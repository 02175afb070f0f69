/*
 * db_private_p.h - what db.c and db_records.c share: the struct and the statement helper.
 */
#ifndef SANDBOX_DB_PRIVATE_P_H
#define SANDBOX_DB_PRIVATE_P_H

#include <outlookfs/base/mutex.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct db {
    sqlite3 *sql;
    struct mutex lock;  /* held from db_begin() to db_end() */
    int64_t ahead;      /* added to the clock; guarded by lock */
    int64_t pretended;  /* 0: none; guarded by lock */
    int64_t next;       /* guarded by lock */
    int64_t next_saved; /* guarded by lock */
};

/* Ends the program with SQLite's reason. */
void db_die(struct db *db) __attribute__((noreturn));

/* A statement with its parameters bound: 's' const char *, 'i' int64_t, 'b' const void * and
 * size_t. The data stay yours. */
sqlite3_stmt *db_statement(struct db *db, const char *sql, const char *types, ...);

bool db_step(struct db *db, sqlite3_stmt *stmt); /* true: there is a row */
void db_run(struct db *db, sqlite3_stmt *stmt);  /* to the end, then finalises */

/* A copy of a text column; NULL for null. */
char *db_text(sqlite3_stmt *stmt, int column);

#endif
