/*
 * db_p.h - a database as the two stores use it: a connection that writes, a connection that reads,
 * and nested transactions.
 *
 *     db_begin(db);                            // takes the recursive write lock
 *     db_write(db, &q, "DELETE FROM t");
 *     rc = sql_run(&q);
 *     return db_end(db, rc);                   // the outermost commits if nothing inside failed
 *
 * After a failure inside a transaction every statement of it answers that failure: SQLite may have
 * rolled back by itself, and what follows must not be committed alone. A read between begin and end
 * of the same thread uses the writing connection and sees its own changes; any other read waits for
 * no writer (WAL).
 *
 * Lock order: a thread that holds the write lock never takes the read lock, nor the reverse.
 *
 * Threads: any, except open and close.
 */
#ifndef OUTLOOKFS_STORE_DB_P_H
#define OUTLOOKFS_STORE_DB_P_H

#include "sql_p.h"

#include <outlookfs/base/mutex.h>
#include <stdatomic.h>

/*
 * PRAGMA user_version tells how far the schema is: 0 for an empty file, then the version each step
 * leads to. steps[0] makes version `oldest` from nothing, steps[i] version oldest + i from the one
 * before.
 */
struct db_schema {
    const char *synchronous; /* "NORMAL" or "FULL" */
    int oldest;
    int count;
    const char *const *steps;
    int (*functions)(sqlite3 *db); /* gives a connection those of the statements; or NULL */
    enum mutex_rank write_rank, read_rank;
    /* Bytes of the disk that are kept for small transactions: on a full one, what makes room (rm) has to be written down, too. */
    off_t reserve;
};

struct db {
    struct sql writer;       /* guarded by write_lock */
    struct sql reader;       /* guarded by read_lock */
    struct mutex write_lock; /* recursive */
    struct mutex read_lock;
    _Atomic(const void *) owner; /* the thread that holds write_lock, as db.c names it, or NULL */
    unsigned depth;              /* guarded by write_lock */
    int failed;                  /* guarded by write_lock: the first failure in this transaction */
    _Atomic uint64_t ended;      /* transactions; what was read before is as it was */
};

/*
 * Makes the file (0600) when missing and brings its schema up. -EBADMSG: it is damaged or no
 * database; -ENOTSUP: its version is unknown to `schema`; other failures are of the environment.
 * Nobody else may have the file open: closing a descriptor drops a process's locks.
 */
int db_open(struct db *db, const char *path, const struct db_schema *schema, struct buf *err);
void db_close(struct db *db);

void db_begin(struct db *db);
bool db_try_begin(struct db *db); /* false: somebody else writes */
int db_end(struct db *db, int rc);
bool db_is_mine(struct db *db); /* does the calling thread stand between begin and end? */

/* Begin a query; sql_end() or sql_run() ends it. db_write() stands between begin and end. */
void db_read(struct db *db, struct sql_query *q, const char *text);
void db_write(struct db *db, struct sql_query *q, const char *text);

int64_t db_last_id(struct db *db); /* of the row just inserted, between begin and end */
int64_t db_changes(struct db *db); /* rows the statement just run inserted or changed, likewise */

/* A directory with a database. */
struct db_dir {
    const char *database;     /* its name: a directory that has it is ours, mark or not */
    const char *format;       /* the text of the mark */
    const char *tag;          /* CACHEDIR.TAG, or NULL */
    const char *const *names; /* what may lie in one that has neither, NULL behind the last */
};

/*
 * Makes `dir` (0700) and locks it for this process, which is named in its file `lock`. -EBUSY
 * when another has it; -EPERM: somebody else owns it or may write in it; -ENOTEMPTY: it was made
 * for other things. The descriptor holds the lock.
 */
int db_lock_dir(const char *dir, const struct db_dir *kind, int *ret_fd, struct buf *err);

#endif
