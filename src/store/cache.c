/*
 * cache.c - opening (moving aside what is damaged), the schema, whose mailbox it is, statistics.
 */
#include "cache_p.h"
#include "pack_p.h"
#include "page_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Texts live apart: mail bodies of 50 kB between the rows would make every listing read them. They
 * are packed with their listing's sample (pack.c), which is set with its first record and never
 * changes; texts.sum is that of the text itself.
 *
 * records.stamp is the service's time as it came, mtime what is shown; hash is that of the last
 * text that was found equal, so that the same answer need not be compared twice; tag is name_tag()
 * of the id. A listing counts its records, so that nobody has to. The cursors are where the change
 * feeds of a listing and of the folders of a kind go on.
 *
 * records.rev is the revision that made the row what it is (cache_changes.c), and seq the one that
 * made the row. A listing is in the index of words up to the revision listings.words, a record as
 * of revision `searched` (0: never), so that storing a record costs nothing for either but the one
 * index (cache_words.c). The index has no copy of the texts; `documents` counts what is in it, dead
 * ones too, and knows the newest.
 *
 * Triggers, not foreign keys, which look the other row up at each insert.
 */
static const char *const steps[] = {
    "CREATE TABLE owner (account TEXT NOT NULL);"
    "CREATE TABLE folder_answers (kind INTEGER PRIMARY KEY, asked_at INTEGER NOT NULL,"
    "  partial INTEGER NOT NULL, cursor TEXT);"
    "CREATE TABLE folders (kind INTEGER NOT NULL, id TEXT NOT NULL, display TEXT NOT NULL,"
    "  name TEXT NOT NULL, parent TEXT, pos INTEGER NOT NULL, flags INTEGER NOT NULL,"
    "  PRIMARY KEY (kind, id)) WITHOUT ROWID;"
    "CREATE TABLE listings (key INTEGER PRIMARY KEY, kind INTEGER NOT NULL, folder TEXT NOT NULL,"
    "  complete INTEGER NOT NULL DEFAULT 0, full_at INTEGER NOT NULL DEFAULT 0,"
    "  fresh_at INTEGER NOT NULL DEFAULT 0, next_skip INTEGER NOT NULL DEFAULT 0,"
    "  run INTEGER NOT NULL DEFAULT 0, truncated INTEGER NOT NULL DEFAULT 0,"
    "  records INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
    "  words INTEGER NOT NULL DEFAULT 0, asked_at INTEGER NOT NULL DEFAULT 0,"
    "  changed_at INTEGER NOT NULL DEFAULT 0, compared_at INTEGER NOT NULL DEFAULT 0,"
    "  cursor TEXT, sample BLOB NOT NULL DEFAULT x'', UNIQUE (kind, folder));"
    "CREATE TABLE records (seq INTEGER PRIMARY KEY, listing INTEGER NOT NULL, id TEXT NOT NULL,"
    "  etag TEXT NOT NULL, mtime INTEGER NOT NULL, stamp INTEGER NOT NULL, size INTEGER NOT NULL,"
    "  attachments INTEGER NOT NULL, read INTEGER NOT NULL, hash INTEGER NOT NULL,"
    "  run INTEGER NOT NULL, rev INTEGER NOT NULL, tag INTEGER NOT NULL,"
    "  searched INTEGER NOT NULL DEFAULT 0, exported INTEGER NOT NULL DEFAULT -1);"
    "CREATE UNIQUE INDEX records_by_id ON records (id, listing);"
    "CREATE INDEX records_by_listing ON records (listing);"
    "CREATE INDEX records_by_rev ON records (listing, rev);"
    "CREATE INDEX records_by_tag ON records (tag) WHERE tag <> 0;"
    "CREATE INDEX records_by_searched ON records (searched) WHERE searched > 0;"
    "CREATE TABLE texts (seq INTEGER PRIMARY KEY, text NOT NULL, sum INTEGER NOT NULL);"
    "CREATE TRIGGER listings_gone AFTER DELETE ON listings BEGIN"
    "  DELETE FROM records WHERE listing = OLD.key; END;"
    "CREATE TRIGGER records_gone AFTER DELETE ON records BEGIN"
    "  DELETE FROM texts WHERE seq = OLD.seq; END;"
    "CREATE TABLE gone (kind INTEGER NOT NULL, folder TEXT NOT NULL, id TEXT NOT NULL,"
    "  rev INTEGER NOT NULL, PRIMARY KEY (kind, folder, id)) WITHOUT ROWID;"
    "CREATE INDEX gone_by_rev ON gone (kind, folder, rev);"
    "CREATE TABLE attachments (file INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL,"
    "  attachment TEXT NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL,"
    "  UNIQUE (message, attachment));"
    "CREATE INDEX attachments_by_use ON attachments (used);"
    "CREATE VIRTUAL TABLE words USING fts5 (text, content = '',"
    "  tokenize = 'unicode61 remove_diacritics 2', columnsize = 0);"
    "CREATE TABLE documents (newest INTEGER NOT NULL, count INTEGER NOT NULL);"
    "INSERT INTO documents VALUES (0, 0);"
    "CREATE TABLE export_maker (name TEXT NOT NULL);",
};

/* What statements use besides SQLite's own. */
static int functions(sqlite3 *db)
{
    int code = pack_functions(db);

    return code == SQLITE_OK ? page_table(db) : code;
}

static const struct db_schema schema = {
    .synchronous = "NORMAL",
    .oldest = 11,
    .count = ARRAY_SIZE(steps),
    .steps = steps,
    .functions = functions,
    .write_rank = MUTEX_CACHE_WRITE,
    .read_rank = MUTEX_CACHE_READ,
};

static const struct db_dir cache_dir = {
    .database = "cache.db",
    .format = "outlookfs: copies of what a mailbox holds, version 1\n",
    .tag = "Signature: 8a477f597d28d172789f06886806bc55\n# https://bford.info/cachedir/\n",
    .names = (const char *const[]){"lock", "format", "CACHEDIR.TAG", "cache.db*", NULL},
};

static void remove_beside(const char *path, const char *suffix)
{
    char *beside = xasprintf("%s%s", path, suffix);

    unlink(beside);
    free(beside);
}

/* Without its WAL: SQLite would play that into the new database. */
static int move_aside(const char *path, struct buf *err)
{
    char *bad = xasprintf("%s.bad", path);
    int rc = rename(path, bad) ? -errno : 0;

    /* A directory and a file do not replace each other. */
    for (int i = 1;
         (rc == -EISDIR || rc == -ENOTDIR || rc == -ENOTEMPTY || rc == -EEXIST) && i < 100; i++) {
        free(bad);
        bad = xasprintf("%s.bad%d", path, i);
        rc = rename(path, bad) ? -errno : 0;
    }
    if (rc)
        buf_fail(err, rc, "%s: %s", bad, strerror(-rc));
    remove_beside(path, "-wal");
    remove_beside(path, "-shm");
    free(bad);
    return rc;
}

/* Enough of each table to meet most damage before somebody relies on it. */
static const char glance[] = "SELECT (SELECT count(*) FROM owner) + (SELECT count(*) FROM folders)"
                             " + (SELECT count(*) FROM listings) + EXISTS (SELECT * FROM records)"
                             " + EXISTS (SELECT * FROM texts)";

/* -EBADMSG also for damage that only reading rows finds. */
static int open_once(struct cache *c, struct buf *err)
{
    int64_t rows;
    int rc = db_open(&c->db, c->path, &schema, err);

    if (rc)
        return rc;
    if (sql_exec_int(&c->db.reader, glance, &rows, err))
        rc = -EBADMSG; /* damaged, or not the tables we know */
    if (!rc)
        rc = cache_attachments_tidy(c, err);
    if (!rc)
        rc = cache_changes_begin(c, err);
    if (rc && (c->db.writer.damaged || c->db.reader.damaged))
        rc = -EBADMSG;
    if (rc)
        db_close(&c->db);
    return rc;
}

/* Damaged, of another version, a directory, a link. */
static bool is_replaced(int rc)
{
    return rc == -EBADMSG || rc == -ENOTSUP || rc == -EISDIR || rc == -ELOOP;
}

static int open_database(struct cache *c, struct buf *err)
{
    struct buf why;
    int rc;

    buf_init(&why, BUF_TEXT_MAX);
    rc = open_once(c, &why);
    if (is_replaced(rc)) {
        log_warn("%s; moved aside to %s.bad, everything is fetched again", why.data, c->path);
        rc = move_aside(c->path, err);
        if (!rc)
            rc = open_once(c, err);
    } else if (rc) {
        buf_fail(err, rc, "%s", why.data);
    }
    buf_release(&why);
    return rc;
}

static void free_cache(struct cache *c)
{
    cache_recent_release(c);
    cache_held_release(&c->held);
    if (c->lock_fd >= 0)
        close(c->lock_fd);
    free(c->path);
    free(c->dir);
    free(c);
}

int cache_open(const char *dir, struct cache **ret, struct buf *err)
{
    struct cache *c = xcalloc(1, sizeof(*c));
    int rc;

    c->lock_fd = -1;
    cache_held_init(&c->held);
    c->dir = xstrdup(dir);
    c->path = xasprintf("%s/cache.db", dir);
    rc = db_lock_dir(dir, &cache_dir, &c->lock_fd, err);
    if (!rc)
        rc = open_database(c, err);
    if (rc)
        free_cache(c);
    else
        *ret = c;
    return rc;
}

/* Damage met on the way would be met again: the next start begins anew. */
void cache_close(struct cache *c)
{
    bool damaged;

    if (!c)
        return;
    damaged = c->db.writer.damaged || c->db.reader.damaged;
    db_close(&c->db);
    if (damaged && !move_aside(c->path, NULL))
        log_warn("%s: damaged; moved aside to %s.bad", c->path, c->path);
    free_cache(c);
}

static int read_owner(struct cache *c, char **ret)
{
    struct sql_query q;

    db_write(&c->db, &q, "SELECT account FROM owner");
    if (sql_row(&q))
        *ret = sql_dup(&q, 0);
    return sql_end(&q);
}

static int run(struct cache *c, const char *statement)
{
    struct sql_query q;

    db_write(&c->db, &q, statement);
    return sql_run(&q);
}

/* Attachments stay: a message's id is no other message's. The words go at once, not when most are
 * dead: they are the other's. */
static int change_owner(struct cache *c, const char *account)
{
    struct sql_query q;
    int rc = run(c, "DELETE FROM folders");

    for (enum kind kind = 0; !rc && kind < KIND_COUNT; kind++)
        rc = cache_drop_listings(c, kind);
    if (!rc)
        rc = cache_clear_words(c);
    if (!rc)
        rc = run(c, "DELETE FROM folder_answers");
    if (!rc)
        rc = run(c, "DELETE FROM owner");
    if (rc)
        return rc;
    db_write(&c->db, &q, "INSERT INTO owner (account) VALUES (?)");
    sql_bind_str(&q, account);
    return sql_run(&q);
}

int cache_claim(struct cache *c, const char *account)
{
    char *owner = NULL;
    int rc;

    db_begin(&c->db);
    rc = read_owner(c, &owner);
    if (!rc && !str_eq(owner, account))
        rc = change_owner(c, account);
    free(owner);
    return db_end(&c->db, rc);
}

int cache_stats(struct cache *c, struct cache_stats *ret)
{
    struct cache_stats stats = {0};
    struct sql_query q;
    int rc;

    db_read(&c->db, &q,
            "SELECT coalesce(sum(records), 0), coalesce(sum(bytes), 0),"
            " (SELECT coalesce(sum(size), 0) FROM attachments) FROM listings");
    if (sql_row(&q)) {
        stats.records = (uint64_t)sql_int(&q, 0);
        stats.record_bytes = (uint64_t)sql_int(&q, 1);
        stats.attachment_bytes = (uint64_t)sql_int(&q, 2);
    }
    rc = sql_end(&q);
    if (!rc)
        *ret = stats;
    return rc;
}
