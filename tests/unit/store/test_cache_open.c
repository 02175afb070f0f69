#include "store_test.h"

#include <outlookfs/store/cache.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

static const char text[] = "{\n  \"Id\": \"a\"\n}\n";

static struct cache *open_cache(const char *dir)
{
    struct cache *c = NULL;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(cache_open(dir, &c, &err), 0);
    assert_int_equal(err.len, 0);
    buf_release(&err);
    return c;
}

static void put_one(struct cache *c)
{
    struct item item = item_of(KIND_CONTACT, "a", 5, text);
    enum cache_change change;

    assert_int_equal(cache_put(c, "F", &item, 1, &change), 0);
    assert_int_equal(change, CACHE_NEW);
}

static uint64_t count_records(struct cache *c)
{
    struct cache_stats stats;

    assert_int_equal(cache_stats(c, &stats), 0);
    return stats.records;
}

static void run_sql(const char *dir, const char *sql)
{
    char *path = path_in(dir, "cache.db");
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    free(path);
}

static void test_modes(void **state)
{
    char *dir = path_in(*state, "deep/er");
    struct cache *c;
    mode_t mask = umask(0);

    c = open_cache(dir);
    put_one(c);
    assert_int_equal(mode_of(*state, "deep"), 0700);
    assert_int_equal(mode_of(dir, "."), 0700);
    assert_int_equal(mode_of(dir, "attachments"), 0700);
    assert_int_equal(mode_of(dir, "cache.db"), 0600);
    assert_int_equal(mode_of(dir, "cache.db-wal"), 0600);
    assert_int_equal(mode_of(dir, "cache.db-shm"), 0600);
    cache_close(c);
    cache_close(NULL);
    umask(mask);
    free(dir);
}

static void test_a_file_others_can_read_is_closed_to_them(void **state)
{
    write_file(*state, "cache.db", "", 0);
    cache_close(open_cache(*state));
    assert_int_equal(mode_of(*state, "cache.db"), 0600);
}

static void test_keeps_over_reopen(void **state)
{
    struct cache *c = open_cache(*state);

    put_one(c);
    cache_close(c);
    c = open_cache(*state);
    assert_int_equal(count_records(c), 1);
    cache_close(c);
    assert_int_equal(mode_of(*state, "cache.db.bad"), 0);
}

static void test_second_open_is_busy(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache *other = NULL;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(cache_open(*state, &other, &err), -EBUSY);
    assert_null(other);
    assert_non_null(strstr(err.data, "another outlookfs (process "));
    buf_release(&err);
    cache_close(c);
    cache_close(open_cache(*state));
}

static void test_no_database_is_moved_aside(void **state)
{
    struct cache *c;
    char junk[8192];

    memset(junk, 'x', sizeof(junk));
    write_file(*state, "cache.db", junk, sizeof(junk));
    write_file(*state, "cache.db-wal", junk, sizeof(junk));
    c = open_cache(*state);
    put_one(c);
    assert_int_equal(mode_of(*state, "cache.db.bad"), 0600);
    cache_close(c);
    c = open_cache(*state);
    assert_int_equal(count_records(c), 1);
    cache_close(c);
}

static void test_other_version_is_moved_aside(void **state)
{
    struct cache *c = open_cache(*state);

    put_one(c);
    cache_close(c);
    run_sql(*state, "PRAGMA user_version = 99");
    c = open_cache(*state);
    assert_int_equal(count_records(c), 0);
    assert_int_equal(mode_of(*state, "cache.db.bad"), 0600);
    cache_close(c);
}

static void test_what_is_no_file_of_ours_is_replaced(void **state)
{
    char *path = path_in(*state, "cache.db"), *inside = path_in(*state, "cache.db/x");

    cache_close(open_cache(*state));
    for (int i = 0; i < 4; i++) {
        struct cache *c;

        assert_int_equal(unlink(path), 0);
        if (i == 0) {
            assert_int_equal(mkdir(path, 0700), 0);
            assert_int_equal(mkdir(inside, 0700), 0);
        } else if (i == 1) {
            assert_int_equal(symlink("cache.db", path), 0);
        } else if (i == 2) {
            assert_int_equal(symlink("/etc/passwd", path), 0);
        } else {
            cache_close(open_cache(*state));
            run_sql(*state, "PRAGMA user_version = 0");
        }
        c = open_cache(*state);
        put_one(c);
        cache_close(c);
        c = open_cache(*state);
        assert_int_equal(count_records(c), 1);
        cache_close(c);
    }
    free(path);
    free(inside);
}

static void test_a_flipped_bit_is_not_shown(void **state)
{
    static const char *const damages[] = {
        "UPDATE listings SET sample = CAST(replace(sample, 'Id', 'Ie') AS BLOB)",
        "UPDATE listings SET sample = x'00'",
        "UPDATE texts SET text = x'0000'",
        "UPDATE texts SET text = zeroblob(40)",
        "UPDATE texts SET text = 'another'",
    };
    static const char long_text[] = "{\n  \"Id\": \"a\",\n  \"DisplayName\": \"Somebody\"\n}\n";
    struct cache *c = open_cache(*state);
    struct cache_record r;
    struct item item = item_of(KIND_CONTACT, "a", 5, long_text);
    enum cache_change change;

    assert_int_equal(cache_put(c, "F", &item, 1, &change), 0);
    cache_close(c);
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        run_sql(*state, damages[i]);
        c = open_cache(*state);
        assert_int_equal(cache_get(c, KIND_CONTACT, "F", "a", true, &r), -ENOENT);
        assert_int_equal(cache_put(c, "F", &item, 1, &change),
                         0); /* as the service says it again */
        assert_int_equal(cache_get(c, KIND_CONTACT, "F", "a", true, &r), 0);
        assert_string_equal(r.text, long_text);
        cache_record_release(&r);
        cache_close(c);
    }
}

struct pages {
    bool root[64];
};

static int take_page(void *ctx, int columns, char **values, char **names)
{
    struct pages *pages = ctx;
    long page = strtol(values[0], NULL, 10);

    (void)columns;
    (void)names;
    assert_in_range(page, 0, ARRAY_SIZE(pages->root) - 1);
    pages->root[page] = true;
    return 0;
}

/* Zeros every page, or every page but the first and those that tables and indices begin with. */
static void damage_rows(const char *dir, bool roots_too)
{
    static const char zeros[4096];
    char *path = path_in(dir, "cache.db");
    struct pages pages = {0};
    struct stat st;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "SELECT rootpage FROM sqlite_master", take_page, &pages, NULL), SQLITE_OK);
    sqlite3_close(db);
    int fd = open(path, O_WRONLY);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_size > 2 * 4096);
    for (long page = 2; page * 4096 <= st.st_size; page++) {
        if (roots_too || page >= (long)ARRAY_SIZE(pages.root) || !pages.root[page])
            assert_int_equal(pwrite(fd, zeros, sizeof(zeros), (page - 1) * 4096), sizeof(zeros));
    }
    close(fd);
    free(path);
}

static void put_many(struct cache *c)
{
    for (int i = 0; i < 500; i++) {
        char id[16];
        enum cache_change change;

        snprintf(id, sizeof(id), "id%d", i);
        struct item item = item_of(KIND_CONTACT, id, 5, text);
        assert_int_equal(cache_put(c, "F", &item, 1, &change), 0);
    }
}

static void test_damage_met_later_ends_with_close(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_record record;

    put_many(c);
    cache_close(c);
    c = open_cache(*state); /* opening looks at the first row of each table */
    damage_rows(*state, false);
    assert_int_equal(cache_get(c, KIND_CONTACT, "F", "id300", true, &record), -EIO);
    cache_close(c);
    assert_int_equal(mode_of(*state, "cache.db.bad"), 0600);
    c = open_cache(*state);
    assert_int_equal(cache_get(c, KIND_CONTACT, "F", "id300", true, &record), -ENOENT);
    put_one(c);
    cache_close(c);
}

/* Tidying the attachments reads rows at the start. */
static void test_damage_met_while_opening(void **state)
{
    struct cache *c = open_cache(*state);

    put_one(c);
    cache_close(c);
    damage_rows(*state, true);
    write_file(*state, "attachments/1", "x", 1);
    c = open_cache(*state);
    assert_int_equal(mode_of(*state, "cache.db.bad"), 0600);
    assert_int_equal(mode_of(*state, "attachments/1"), 0);
    assert_int_equal(count_records(c), 0);
    put_one(c);
    cache_close(c);
}

static void test_what_cannot_be_opened_is_an_error(void **state)
{
    struct cache *c = NULL;
    char *below = path_in(*state, "file/below");
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    write_file(*state, "file", "", 0);
    assert_int_equal(cache_open(below, &c, &err), -ENOTDIR);
    assert_null(c);
    buf_release(&err);
    free(below);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_modes),
        dir_test(test_a_file_others_can_read_is_closed_to_them),
        dir_test(test_keeps_over_reopen),
        dir_test(test_second_open_is_busy),
        dir_test(test_what_is_no_file_of_ours_is_replaced),
        dir_test(test_a_flipped_bit_is_not_shown),
        dir_test(test_no_database_is_moved_aside),
        dir_test(test_other_version_is_moved_aside),
        dir_test(test_damage_met_later_ends_with_close),
        dir_test(test_damage_met_while_opening),
        dir_test(test_what_cannot_be_opened_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
