#include "store_test.h"

#include "store/db_p.h"

#include <pthread.h>

static const char *const steps_1[] = {
    "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT NOT NULL);",
};
static const char *const steps_2[] = {
    "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT NOT NULL);",
    "ALTER TABLE t ADD COLUMN more TEXT NOT NULL DEFAULT 'old';",
};
static const char *const steps_broken[] = {
    "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT NOT NULL);",
    "CREATE TABLE half (n INTEGER); nonsense;",
};
static const struct db_schema schema_1 = {"FULL", 1, 1, steps_1};
static const struct db_schema schema_2 = {"FULL", 1, 2, steps_2};
static const struct db_schema schema_broken = {"FULL", 1, 2, steps_broken};
static const struct db_schema schema_late = {"FULL", 5, 1, steps_1};

static int try_open(const char *dir, const struct db_schema *schema, struct db *db)
{
    char *path = path_in(dir, "t.db");
    struct buf err;
    int rc;

    buf_init(&err, BUF_TEXT_MAX);
    rc = db_open(db, path, schema, &err);
    assert_true(!rc == !err.len);
    if (rc)
        assert_int_equal(strncmp(err.data, path, strlen(path)), 0);
    buf_release(&err);
    free(path);
    return rc;
}

static void open_db(const char *dir, const struct db_schema *schema, struct db *db)
{
    assert_int_equal(try_open(dir, schema, db), 0);
}

static int put(struct db *db, int64_t n, const char *text)
{
    struct sql_query q;

    db_begin(db);
    db_write(db, &q, "INSERT INTO t (n, text) VALUES (?, ?)");
    sql_bind_int(&q, n);
    sql_bind_str(&q, text);
    return db_end(db, sql_run(&q));
}

static int64_t count(struct db *db)
{
    struct sql_query q;
    int64_t n = -1;

    db_read(db, &q, "SELECT count(*) FROM t");
    if (sql_row(&q))
        n = sql_int(&q, 0);
    assert_int_equal(sql_end(&q), 0);
    return n;
}

static void test_upgrades_in_place(void **state)
{
    struct db db;
    struct sql_query q;

    open_db(*state, &schema_1, &db);
    assert_int_equal(put(&db, 7, "seven"), 0);
    db_close(&db);

    open_db(*state, &schema_2, &db);
    db_read(&db, &q, "SELECT n, text, more FROM t");
    assert_true(sql_row(&q));
    assert_int_equal(sql_int(&q, 0), 7);
    assert_string_equal(sql_str(&q, 1), "seven");
    assert_string_equal(sql_str(&q, 2), "old");
    assert_false(sql_row(&q));
    assert_int_equal(sql_end(&q), 0);
    db_close(&db);

    assert_int_equal(try_open(*state, &schema_1, &db), -ENOTSUP);
    assert_int_equal(try_open(*state, &schema_late, &db), -ENOTSUP);
    open_db(*state, &schema_2, &db);
    assert_int_equal(count(&db), 1);
    db_close(&db);
}

static void test_half_an_upgrade_is_none(void **state)
{
    struct db db;
    int64_t tables;

    open_db(*state, &schema_1, &db);
    assert_int_equal(put(&db, 1, "one"), 0);
    db_close(&db);
    assert_int_equal(try_open(*state, &schema_broken, &db), -EIO);
    open_db(*state, &schema_1, &db);
    assert_int_equal(count(&db), 1);
    assert_int_equal(sql_exec_int(&db.writer,
                                  "SELECT count(*) FROM sqlite_schema WHERE name = 'half'", &tables,
                                  NULL),
                     0);
    assert_int_equal(tables, 0);
    db_close(&db);
}

static void test_tells_damage_from_trouble(void **state)
{
    struct db db;
    char *path = path_in(*state, "t.db");
    char junk[8192];

    memset(junk, 'x', sizeof(junk));
    write_file(*state, "t.db", junk, sizeof(junk));
    assert_int_equal(try_open(*state, &schema_1, &db), -EBADMSG);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(try_open(*state, &schema_1, &db), -EISDIR);
    free(path);
}

static void test_outermost_end_decides(void **state)
{
    struct db db;

    open_db(*state, &schema_1, &db);
    db_begin(&db);
    assert_int_equal(put(&db, 1, "a"), 0);
    assert_int_equal(put(&db, 2, "b"), 0);
    assert_int_equal(count(&db), 2);
    assert_int_equal(db_end(&db, 0), 0);
    assert_int_equal(count(&db), 2);

    db_begin(&db);
    assert_int_equal(put(&db, 3, "c"), 0);
    assert_int_equal(db_end(&db, -EINVAL), -EINVAL);
    assert_int_equal(count(&db), 2);
    db_close(&db);
}

static void test_inner_failure_rolls_back_all(void **state)
{
    struct db db;

    open_db(*state, &schema_1, &db);
    db_begin(&db);
    assert_int_equal(put(&db, 1, "a"), 0);
    assert_int_equal(put(&db, 1, "again"), -EEXIST);
    assert_int_equal(put(&db, 2, "b"), -EEXIST);
    assert_int_equal(db_end(&db, 0), -EEXIST);
    assert_int_equal(count(&db), 0);
    assert_int_equal(put(&db, 2, NULL), -EINVAL);
    assert_int_equal(put(&db, 1, "a"), 0);
    assert_int_equal(count(&db), 1);
    db_close(&db);
}

static void test_full_disk(void **state)
{
    struct db db;
    char *big = xcalloc(1, 200001);

    memset(big, 'x', 200000);
    open_db(*state, &schema_1, &db);
    assert_int_equal(put(&db, 1, "small"), 0);
    assert_int_equal(sql_exec(&db.writer, "PRAGMA max_page_count = 10", NULL), 0);
    db_begin(&db);
    assert_int_equal(put(&db, 2, "small"), 0);
    assert_int_equal(put(&db, 3, big), -ENOSPC);
    assert_int_equal(put(&db, 4, "small"), -ENOSPC);
    assert_int_equal(db_end(&db, 0), -ENOSPC);
    assert_int_equal(count(&db), 1);
    assert_int_equal(sql_exec(&db.writer, "PRAGMA max_page_count = 1000", NULL), 0);
    assert_int_equal(put(&db, 3, big), 0);
    assert_int_equal(count(&db), 2);
    db_close(&db);
    free(big);
}

/* Somebody rolls back behind the transaction's back, as SQLite itself does on some failures. */
static void test_lost_transaction_commits_nothing(void **state)
{
    struct db db;

    open_db(*state, &schema_1, &db);
    db_begin(&db);
    assert_int_equal(put(&db, 1, "a"), 0);
    assert_int_equal(sql_exec(&db.writer, "ROLLBACK", NULL), 0);
    assert_int_equal(put(&db, 2, "b"), -EIO);
    assert_int_equal(db_end(&db, 0), -EIO);
    db_begin(&db);
    assert_int_equal(sql_exec(&db.writer, "ROLLBACK", NULL), 0);
    assert_int_equal(db_end(&db, 0), -EIO);
    assert_int_equal(count(&db), 0);
    db_close(&db);
}

struct other {
    struct db *db;
    int64_t seen;
    bool could_write;
};

static void *look(void *arg)
{
    struct other *other = arg;
    struct sql_query q;

    other->seen = -1;
    db_read(other->db, &q, "SELECT count(*) FROM t");
    if (sql_row(&q))
        other->seen = sql_int(&q, 0);
    sql_end(&q);
    other->could_write = db_try_begin(other->db);
    if (other->could_write)
        db_end(other->db, 0);
    return NULL;
}

static void run_other(struct other *other)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, look, other), 0);
    pthread_join(thread, NULL);
}

/* The reader is joined while the transaction is open: it would never end if it waited. */
static void test_readers_do_not_wait(void **state)
{
    struct db db;
    struct other other = {.db = &db};

    open_db(*state, &schema_1, &db);
    assert_int_equal(put(&db, 1, "a"), 0);
    db_begin(&db);
    assert_int_equal(put(&db, 2, "b"), 0);
    run_other(&other);
    assert_int_equal(other.seen, 1);
    assert_false(other.could_write);
    assert_int_equal(count(&db), 2);
    assert_int_equal(db_end(&db, 0), 0);
    run_other(&other);
    assert_int_equal(other.seen, 2);
    assert_true(other.could_write);
    db_close(&db);
}

#define ROUNDS 50

/* cmocka's assertions work on the test's own thread only. */
struct crowd {
    struct db *db;
    atomic_int failures;
};

static void *write_rounds(void *arg)
{
    struct crowd *crowd = arg;
    struct sql_query q;

    for (int i = 0; i < ROUNDS; i++) {
        int rc = 0;

        db_begin(crowd->db);
        for (int k = 0; !rc && k < 2; k++) {
            db_write(crowd->db, &q, "INSERT INTO t (text) VALUES ('x')");
            rc = sql_run(&q);
        }
        if (db_end(crowd->db, rc))
            atomic_fetch_add(&crowd->failures, 1);
    }
    return NULL;
}

/* Pairs come together. */
static void *read_rounds(void *arg)
{
    struct crowd *crowd = arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct sql_query q;
        int64_t n = 1;

        db_read(crowd->db, &q, "SELECT count(*) FROM t");
        if (sql_row(&q))
            n = sql_int(&q, 0);
        if (sql_end(&q) || n % 2)
            atomic_fetch_add(&crowd->failures, 1);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    struct db db;
    struct crowd crowd = {.db = &db};
    pthread_t threads[6];

    open_db(*state, &schema_1, &db);
    for (int i = 0; i < 6; i++)
        pthread_create(&threads[i], NULL, i % 2 ? read_rounds : write_rounds, &crowd);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.failures, 0);
    assert_int_equal(count(&db), 3 * ROUNDS * 2);
    db_close(&db);
}

static const struct db_dir test_dir = {.database = "t.db",
                                       .format = "a test\n",
                                       .tag = "Signature\n",
                                       .names = (const char *const[]){"lock", "t.db*", NULL}};

/* Contents, rights and links: what becomes of a directory that somebody names. */
static void test_only_our_directories_are_used(void **state)
{
    static const struct {
        const char *file; /* that lies in it */
        unsigned mode;
        int rc;
    } cases[] = {
        {NULL, 0700, 0},
        {"t.db-wal", 0755, 0},
        {"letter", 0700, -ENOTEMPTY},
        {"data", 0700, -ENOTEMPTY},
        {"t.db", 0700, 0},
        {"format", 0700, 0},
        {NULL, 0720, -EPERM},
        {NULL, 0702, -EPERM},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *dir = xasprintf("%s/%zu", (char *)*state, i);
        struct buf err;
        int fd = -1;

        buf_init(&err, BUF_TEXT_MAX);
        assert_int_equal(mkdir(dir, 0700), 0);
        if (cases[i].file)
            write_file(dir, cases[i].file, "x", 1);
        assert_int_equal(chmod(dir, cases[i].mode), 0);
        assert_int_equal(db_lock_dir(dir, &test_dir, &fd, &err), cases[i].rc);
        if (cases[i].rc) {
            assert_non_null(strstr(err.data, dir));
            assert_int_equal(mode_of(dir, "lock"), 0);
        } else {
            close(fd);
            assert_int_equal(mode_of(dir, "format"),
                             cases[i].file && !strcmp(cases[i].file, "format") ? 0644 : 0600);
            write_file(dir, "whatever", "", 0); /* it is ours from here on */
            assert_int_equal(db_lock_dir(dir, &test_dir, &fd, &err), 0);
            close(fd);
        }
        buf_release(&err);
        free(dir);
    }
}

static void test_links_are_not_followed(void **state)
{
    char *lock = path_in(*state, "lock"), *there = path_in(*state, "t.db-there"),
         *db_path = path_in(*state, "t.db");
    struct buf err;
    struct db db;
    int fd;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(symlink(there, lock), 0);
    assert_int_equal(db_lock_dir(*state, &test_dir, &fd, &err), -ELOOP);
    assert_int_equal(symlink(there, db_path), 0);
    assert_int_equal(db_open(&db, db_path, &schema_1, &err), -ELOOP);
    assert_int_equal(access(there, F_OK), -1);
    buf_release(&err);
    free(lock);
    free(there);
    free(db_path);
}

static void test_dir_lock(void **state)
{
    char *dir = path_in(*state, "a/b");
    char *mine = xasprintf("(process %ld)", (long)getpid());
    struct buf err;
    int fd;
    int other;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(db_lock_dir(dir, &test_dir, &fd, &err), 0);
    assert_int_equal(mode_of(dir, "."), 0700);
    assert_int_equal(mode_of(dir, "lock"), 0600);
    assert_int_equal(db_lock_dir(dir, &test_dir, &other, &err), -EBUSY);
    assert_non_null(strstr(err.data, mine));
    assert_non_null(strstr(err.data, dir));
    char *file = path_in(dir, "lock"); /* without the file that says who has it */
    assert_int_equal(unlink(file), 0);
    free(file);
    assert_int_equal(db_lock_dir(dir, &test_dir, &other, &err), -EBUSY);
    close(fd);
    assert_int_equal(db_lock_dir(dir, &test_dir, &fd, &err), 0);
    close(fd);
    write_file(*state, "file", "", 0);
    free(dir);
    dir = path_in(*state, "file");
    assert_int_equal(db_lock_dir(dir, &test_dir, &fd, &err), -ENOTDIR);
    buf_release(&err);
    free(mine);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_only_our_directories_are_used),
        dir_test(test_links_are_not_followed),
        dir_test(test_upgrades_in_place),
        dir_test(test_half_an_upgrade_is_none),
        dir_test(test_tells_damage_from_trouble),
        dir_test(test_outermost_end_decides),
        dir_test(test_inner_failure_rolls_back_all),
        dir_test(test_full_disk),
        dir_test(test_lost_transaction_commits_nothing),
        dir_test(test_readers_do_not_wait),
        dir_test(test_many_threads),
        dir_test(test_dir_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
