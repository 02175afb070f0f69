/*
 * state.c - opening, the schema, transactions, inode numbers, small values.
 */
#include "state_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/crash.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Inode numbers are reserved on disk in blocks, so that a new file costs no fsync; what a crash
 * leaves of a block is never given. The reserve is filled up before a transaction, never by one
 * that might be rolled back, unless one transaction takes more than RESERVE_LOW.
 */
#define RESERVE 4096
#define RESERVE_LOW 1024

/* A larger file is not read through at every start. */
#define CHECKED_MAX (64 * 1024 * 1024)

/* Each step is final once it was released: a change is another step. */
static const char *const schema_steps[] = {
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE slots (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
    "  folder TEXT NOT NULL, name TEXT NOT NULL, record TEXT, ino INTEGER NOT NULL,"
    "  flags INTEGER NOT NULL, mode INTEGER NOT NULL, mtime INTEGER NOT NULL,"
    "  vacant_at INTEGER NOT NULL, base TEXT,"
    "  UNIQUE (kind, folder, name), UNIQUE (kind, folder, record));"
    "CREATE INDEX slots_by_ino ON slots (ino);"
    "CREATE TABLE journal (slot INTEGER PRIMARY KEY REFERENCES slots ON DELETE CASCADE,"
    "  verb INTEGER NOT NULL, state INTEGER NOT NULL, status INTEGER NOT NULL,"
    "  gen INTEGER NOT NULL, attempts INTEGER NOT NULL, queued_at INTEGER NOT NULL,"
    "  due INTEGER NOT NULL, began INTEGER NOT NULL, reason TEXT, request TEXT, base TEXT,"
    "  mine TEXT, sent TEXT);"
    "CREATE INDEX journal_by_state ON journal (state, queued_at, due);"
    "CREATE INDEX journal_deletes ON journal (state, queued_at) WHERE verb = 2;"
    "CREATE TABLE conflicts (slot INTEGER PRIMARY KEY REFERENCES slots ON DELETE CASCADE,"
    "  at INTEGER NOT NULL, members TEXT, base TEXT, mine TEXT, theirs TEXT);"
    "CREATE TABLE locals (ino INTEGER PRIMARY KEY, dir INTEGER NOT NULL, name TEXT,"
    "  mode INTEGER NOT NULL, mtime INTEGER NOT NULL, target TEXT);"
    "CREATE UNIQUE INDEX locals_by_name ON locals (dir, name) WHERE dir <> 0;"
    "CREATE TABLE trash (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL, folder TEXT NOT NULL, record TEXT, name TEXT, why TEXT,"
    "  size INTEGER NOT NULL, text TEXT NOT NULL);",

    "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, ino INTEGER NOT NULL,"
    "  what INTEGER NOT NULL, state INTEGER NOT NULL, foreigner INTEGER NOT NULL,"
    "  unknown INTEGER NOT NULL, waits INTEGER NOT NULL, body INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL, status INTEGER NOT NULL, queued_at INTEGER NOT NULL,"
    "  due INTEGER NOT NULL, began INTEGER NOT NULL, reason TEXT, token TEXT, location TEXT,"
    "  answer TEXT);"
    "CREATE UNIQUE INDEX outbox_by_ino ON outbox (ino) WHERE ino <> 0;",

    "CREATE TABLE triggers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    "  definition TEXT, draft TEXT, cursor TEXT, reason TEXT, state INTEGER NOT NULL,"
    "  stopped_at INTEGER NOT NULL, gen INTEGER NOT NULL, items INTEGER NOT NULL,"
    "  ino INTEGER NOT NULL, length INTEGER NOT NULL, mtime INTEGER NOT NULL,"
    "  old_ino INTEGER NOT NULL, old_length INTEGER NOT NULL, old_mtime INTEGER NOT NULL);"
    "CREATE TABLE trigger_seen (n INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  trigger INTEGER NOT NULL REFERENCES triggers ON DELETE CASCADE, key TEXT NOT NULL,"
    "  UNIQUE (trigger, key));"
    "CREATE INDEX trigger_seen_by_n ON trigger_seen (trigger, n);",

    "CREATE TABLE searches (place TEXT NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL,"
    "  PRIMARY KEY (place, folder, name)) WITHOUT ROWID;",

    "ALTER TABLE journal ADD COLUMN answer TEXT;"
    "ALTER TABLE journal ADD COLUMN seen TEXT;",

    "ALTER TABLE slots ADD COLUMN origin TEXT;"
    "CREATE INDEX slots_moved ON slots (kind, record) WHERE origin IS NOT NULL;",

    /* SLOT_DRAFT and SLOT_VACANT: few, looked for after every create. */
    "CREATE INDEX slots_unsettled ON slots (id) WHERE flags & 6;",

    "ALTER TABLE journal ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE journal ADD COLUMN copy INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX journal_by_digest ON journal (digest) WHERE digest <> 0;"
    "CREATE INDEX journal_by_copy ON journal (copy) WHERE copy <> 0;",
};

static const struct db_schema schema = {
    .synchronous = "FULL",
    .oldest = 1,
    .count = ARRAY_SIZE(schema_steps),
    .steps = schema_steps,
    .write_rank = MUTEX_STATE_WRITE,
    .read_rank = MUTEX_STATE_READ,
    .reserve = 512 * 1024,
};

static const struct db_dir state_dir = {
    .database = "state.db",
    .format = "outlookfs: what must not be lost of a mailbox, version 1\n",
    .names = (const char *const[]){"lock", "format", "state.db*", "sandbox.db*", NULL},
};

static int open_data(struct state *s, const char *dir, struct buf *err)
{
    SCOPED(xfree) char *path = xasprintf("%s/data", dir);
    int rc = file_mkdirs(path, err);

    if (!rc) {
        s->data_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (s->data_fd < 0)
            rc = buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    }
    return rc;
}

/* Damage is best met before somebody relies on the file. */
static int check_rows(struct db *db, struct buf *err)
{
    SCOPED(xfree) char *verdict = NULL;
    struct stat st;

    if (stat(db->reader.path, &st) || st.st_size > CHECKED_MAX)
        return 0;
    int rc = sql_exec_str(&db->reader, "PRAGMA quick_check(1)", &verdict, err);
    if (!rc && strcmp(verdict, "ok") != 0)
        rc = buf_fail(err, -EBADMSG, "%s: %s", db->reader.path, verdict);
    else if (rc && db->reader.damaged)
        rc = -EBADMSG;
    return rc;
}

/* What a text of db_open() says behind "path: ", on one line. */
static char *reason(struct buf *text, const char *path)
{
    size_t skip = str_starts(text->data, path) ? strlen(path) + 2 : 0;
    char *out = xstrdup(text->data + (skip < text->len ? skip : 0));

    for (char *p = out; (p = strchr(p, '\n'));)
        *p = ' ';
    return out;
}

static int refuse_damaged(const char *path, struct buf *text, struct buf *err)
{
    SCOPED(xfree) char *why = reason(text, path);

    return buf_fail(err, -EIO,
                    "%s: damaged (%s): unsent changes may be in it; copy it and %s-wal away,"
                    " rescue what you need with sqlite3, and start again without them:"
                    " what lies in data/ comes back as lost-* in the mount",
                    path, why, path);
}

static int open_database(struct state *s, const char *dir, struct buf *err)
{
    SCOPED(xfree) char *path = xasprintf("%s/state.db", dir);
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);
    int rc = db_open(&s->db, path, &schema, &text);
    if (!rc) {
        rc = check_rows(&s->db, &text);
        if (rc)
            db_close(&s->db);
    }
    if (rc == -EBADMSG)
        rc = refuse_damaged(path, &text, err);
    else if (rc)
        buf_fail(err, rc, "%s", text.data);
    return rc;
}

static void free_state(struct state *s)
{
    if (s->data_fd >= 0)
        close(s->data_fd);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

static int put_meta_locked(struct state *s, const char *key, const char *value)
{
    struct sql_query q;

    db_write(&s->db, &q, "REPLACE INTO meta (key, value) VALUES (?, ?)");
    sql_bind_str(&q, key);
    sql_bind_str(&q, value);
    return sql_run(&q);
}

static int put_reserve_locked(struct state *s, uint64_t reserved)
{
    SCOPED(xfree) char *value = xasprintf("%llu", (unsigned long long)reserved);

    return put_meta_locked(s, "next_ino", value);
}

/* Under the write lock, outside any transaction. A failure shows when the reserve is used up. */
static void fill_reserve_locked(struct state *s)
{
    uint64_t reserved = s->next_ino + RESERVE;

    if (s->next_ino + RESERVE_LOW <= s->reserved_ino)
        return;
    db_begin(&s->db);
    if (!db_end(&s->db, put_reserve_locked(s, reserved)))
        s->reserved_ino = reserved;
}

/* The end of an outermost transaction, and of the files that follow it. */
static int end_with_files(struct state *s, int rc)
{
    SCOPED(xfree) struct data_step *steps = s->data_steps;
    size_t count = s->data_step_count;

    s->data_steps = NULL;
    s->data_step_count = 0;
    rc = db_end(&s->db, rc);
    data_steps_carry_out(s, steps, count, !rc);
    return rc;
}

/* A database may have been used without a number of ours. */
static bool has_slots(struct state *s)
{
    struct sql_query q;

    db_write(&s->db, &q, "SELECT 1 FROM slots LIMIT 1");
    bool has = sql_row(&q);
    sql_end(&q);
    return has;
}

/* The first use of a new database gives back what lies in data/ without one. */
static int begin_afresh(struct state *s)
{
    uint64_t *found = NULL;
    size_t count = 0;
    int rc = state_data_list(s, &found, &count);

    if (rc)
        return rc;
    s->next_ino = NAME_LOCAL_INO;
    for (size_t i = 0; i < count; i++) {
        if (found[i] >= s->next_ino)
            s->next_ino = found[i] + 1;
    }
    s->reserved_ino = s->next_ino + count + RESERVE;
    db_begin(&s->db);
    rc = put_reserve_locked(s, s->reserved_ino);
    if (!rc && !has_slots(s))
        rc = data_give_back(s, found, count);
    rc = end_with_files(s, rc);
    free(found);
    return rc;
}

static int read_reserve(struct state *s)
{
    char *value = NULL;
    int rc = state_get_meta(s, "next_ino", &value);

    if (rc == -ENOENT)
        return begin_afresh(s);
    if (rc)
        return rc;
    s->next_ino = s->reserved_ino = strtoull(value, NULL, 10);
    free(value);
    return 0;
}

int state_open(const char *dir, struct state **ret, struct buf *err)
{
    struct state *s = xcalloc(1, sizeof(*s));

    s->lock_fd = s->data_fd = -1;
    int rc = db_lock_dir(dir, &state_dir, &s->lock_fd, err);
    if (!rc)
        rc = open_data(s, dir, err);
    if (!rc)
        rc = open_database(s, dir, err);
    if (rc)
        goto fail;
    rc = absent_begin(s);
    if (!rc)
        rc = read_reserve(s);
    if (rc) {
        buf_fail(err, rc, "%s/state.db: %s", dir, strerror(-rc));
        goto fail_db;
    }
    *ret = s;
    return 0;

fail_db:
    db_close(&s->db);
fail:
    free_state(s);
    return rc;
}

void state_close(struct state *s)
{
    if (!s)
        return;
    db_close(&s->db);
    free_state(s);
}

void state_begin(struct state *s)
{
    LOCKED(&s->db.write_lock);
    if (!s->db.depth)
        fill_reserve_locked(s);
    db_begin(&s->db);
}

int state_end(struct state *s, int rc)
{
    if (s->db.depth > 1)
        return db_end(&s->db, rc);
    crash_point("before a commit of state.db");
    rc = end_with_files(s, rc);
    crash_point("after a commit of state.db");
    return rc;
}

int state_new_ino(struct state *s, uint64_t *ret)
{
    int rc = 0;

    LOCKED(&s->db.write_lock);
    if (!s->db.depth)
        fill_reserve_locked(s);
    if (s->next_ino >= s->reserved_ino) {
        db_begin(&s->db);
        rc = db_end(&s->db, put_reserve_locked(s, s->next_ino + 1));
    }
    if (!rc)
        *ret = s->next_ino++;
    return rc;
}

int state_run_int(struct state *s, const char *text, int64_t value)
{
    struct sql_query q;

    state_begin(s);
    db_write(&s->db, &q, text);
    sql_bind_int(&q, value);
    return state_end(s, sql_run(&q));
}

int state_get_meta(struct state *s, const char *key, char **ret)
{
    char *value = NULL;
    struct sql_query q;

    db_read(&s->db, &q, "SELECT value FROM meta WHERE key = ?");
    sql_bind_str(&q, key);
    if (sql_row(&q))
        value = sql_dup(&q, 0);
    int rc = sql_end(&q);
    if (!rc && !value)
        rc = -ENOENT;
    if (rc)
        free(value);
    else
        *ret = value;
    return rc;
}

int state_put_meta(struct state *s, const char *key, const char *value)
{
    state_begin(s);
    return state_end(s, put_meta_locked(s, key, value));
}
