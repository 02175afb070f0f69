/*
 * db.c - two connections, the locks before them, nested transactions, and bringing a schema up.
 */
#include "db_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/file.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A thread's name is the address of its own copy. */
static _Thread_local char self;

/* WAL files that a burst made larger are cut back to this. */
#define CONNECTION_PRAGMAS                                                                         \
    "PRAGMA temp_store = MEMORY;"                                                                  \
    "PRAGMA foreign_keys = ON;"                                                                    \
    "PRAGMA cell_size_check = ON;"                                                                 \
    "PRAGMA journal_mode = WAL;"                                                                   \
    "PRAGMA wal_autocheckpoint = 2000;"                                                            \
    "PRAGMA journal_size_limit = 16777216;"

static int make_file(const char *path, struct buf *err)
{
    SCOPED(fd_release) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = 0;

    if (fd < 0)
        return buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        rc = buf_fail(err, -EISDIR, "%s: not a regular file", path);
    else if (fchmod(fd, 0600))
        rc = buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    return rc;
}

static int run_steps(struct sql *sql, const struct db_schema *schema, int version, struct buf *err)
{
    int newest = schema->oldest + schema->count - 1;
    int first = version ? version - schema->oldest + 1 : 0;
    SCOPED(xfree) char *stamp = xasprintf("PRAGMA user_version = %d", newest);
    int rc = sql_exec(sql, "BEGIN IMMEDIATE", err);

    for (int i = first; !rc && i < schema->count; i++)
        rc = sql_exec(sql, schema->steps[i], err);
    if (!rc)
        rc = sql_exec(sql, stamp, err);
    if (!rc)
        rc = sql_exec(sql, "COMMIT", err);
    if (rc && !sqlite3_get_autocommit(sql->db))
        sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/* Without a version it is new, and so empty. */
static int refuse_tables(struct sql *sql, struct buf *err)
{
    int64_t tables;
    int rc = sql_exec_int(sql, "SELECT count(*) FROM sqlite_schema", &tables, err);

    if (rc || !tables)
        return rc;
    return buf_fail(err, -EBADMSG, "%s: has tables but no version", sql->path);
}

static int upgrade(struct sql *sql, const struct db_schema *schema, struct buf *err)
{
    int newest = schema->oldest + schema->count - 1;
    int64_t version;
    int rc = sql_exec_int(sql, "PRAGMA user_version", &version, err);

    if (!rc && !version)
        rc = refuse_tables(sql, err);
    if (rc || version == newest)
        return rc;
    if (version < 0 || version > newest)
        return buf_fail(err, -ENOTSUP,
                        "%s: written by a newer outlookfs (version %lld; this one knows up to %d): "
                        "use the newer one",
                        sql->path, (long long)version, newest);
    if (version && version < schema->oldest)
        return buf_fail(err, -ENOTSUP,
                        "%s: written by an outlookfs that is too old for this one (version %lld)",
                        sql->path, (long long)version);
    return run_steps(sql, schema, (int)version, err);
}

static int connect(struct sql *sql, const char *path, const struct db_schema *schema,
                   struct buf *err)
{
    int rc = sql_open(sql, path, err);

    if (!rc && schema->functions && schema->functions(sql->db) != SQLITE_OK)
        rc = buf_fail(err, -ENOMEM, "%s: %s", path, sqlite3_errmsg(sql->db));
    if (rc)
        return rc;
    SCOPED(xfree)
    char *pragmas = xasprintf(CONNECTION_PRAGMAS "PRAGMA synchronous = %s;", schema->synchronous);
    return sql_exec(sql, pragmas, err);
}

/* Reads the whole schema, which `PRAGMA user_version` does not. */
static int connect_both(struct db *db, const char *path, const struct db_schema *schema,
                        struct buf *err)
{
    int64_t tables;
    int rc = connect(&db->writer, path, schema, err);

    if (!rc)
        rc = upgrade(&db->writer, schema, err);
    if (!rc)
        rc = connect(&db->reader, path, schema, err);
    if (!rc)
        rc = sql_exec(&db->reader, "PRAGMA query_only = ON", err);
    return rc ? rc : sql_exec_int(&db->reader, "SELECT count(*) FROM sqlite_schema", &tables, err);
}

/* The log is written from its beginning again and again, so blocks that lie ready behind its end are enough. A disk that cannot
 * do that, or is full already, is not a reason not to open. */
static void keep_reserve(const char *path, off_t bytes)
{
    SCOPED(xfree) char *log = xasprintf("%s-wal", path);
    int fd = open(log, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0) {
        if (bytes)
            (void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, bytes);
        close(fd);
    }
}

int db_open(struct db *db, const char *path, const struct db_schema *schema, struct buf *err)
{
    memset(db, 0, sizeof(*db));
    int rc = make_file(path, err);
    if (rc)
        return rc;
    mutex_init_recursive(&db->write_lock, schema->write_rank);
    mutex_init(&db->read_lock, schema->read_rank);
    rc = connect_both(db, path, schema, err);
    if (!rc) {
        keep_reserve(path, schema->reserve);
        return 0;
    }
    if (db->writer.damaged || db->reader.damaged)
        rc = -EBADMSG;
    db_close(db);
    return rc;
}

/* The reader goes first, so that the writer is the last connection: it folds the WAL into the
 * database. */
void db_close(struct db *db)
{
    assert(!db->depth);
    sql_close(&db->reader);
    sql_close(&db->writer);
    mutex_release(&db->read_lock);
    mutex_release(&db->write_lock);
}

static int run_locked(struct db *db, const char *text)
{
    struct sql_query q;

    sql_start(&q, &db->writer, text);
    return sql_run(&q);
}

static void begin_locked(struct db *db)
{
    if (db->depth++)
        return;
    atomic_store(&db->owner, &self);
    db->failed = run_locked(db, "BEGIN IMMEDIATE");
}

bool db_is_mine(struct db *db)
{
    return atomic_load(&db->owner) == &self;
}

void db_begin(struct db *db)
{
    mutex_lock(&db->write_lock);
    begin_locked(db);
}

bool db_try_begin(struct db *db)
{
    if (!mutex_try_lock(&db->write_lock))
        return false;
    begin_locked(db);
    return true;
}

static int finish_locked(struct db *db)
{
    int rc = db->failed;

    if (!rc && sqlite3_get_autocommit(db->writer.db))
        rc = -EIO; /* SQLite rolled back by itself and the caller did not mind */
    if (!rc)
        rc = run_locked(db, "COMMIT");
    if (rc && !sqlite3_get_autocommit(db->writer.db))
        run_locked(db, "ROLLBACK");
    return rc;
}

int db_end(struct db *db, int rc)
{
    assert(db->depth && db_is_mine(db));
    if (!db->failed)
        db->failed = rc;
    rc = db->failed;
    if (db->depth == 1) {
        rc = finish_locked(db);
        db->ended++;
        db->failed = 0;
        atomic_store(&db->owner, NULL);
    }
    db->depth--;
    mutex_unlock(&db->write_lock);
    return rc;
}

void db_write(struct db *db, struct sql_query *q, const char *text)
{
    assert(db->depth && db_is_mine(db));
    if (!db->failed && sqlite3_get_autocommit(db->writer.db))
        db->failed = -EIO;
    if (db->failed)
        *q = (struct sql_query){.sql = &db->writer, .rc = db->failed};
    else
        sql_start(q, &db->writer, text);
}

void db_read(struct db *db, struct sql_query *q, const char *text)
{
    if (db_is_mine(db)) {
        db_write(db, q, text);
        return;
    }
    mutex_lock(&db->read_lock);
    sql_start(q, &db->reader, text);
    q->held = &db->read_lock;
}

int64_t db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->writer.db);
}

int64_t db_changes(struct db *db)
{
    return sqlite3_changes64(db->writer.db);
}
