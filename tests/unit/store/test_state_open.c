#include "store_test.h"

#include <outlookfs/model/name.h>
#include <outlookfs/store/state.h>

#include <pthread.h>
#include <sqlite3.h>

static struct state *open_state(const char *dir)
{
    struct state *s = NULL;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(state_open(dir, &s, &err), 0);
    assert_int_equal(err.len, 0);
    buf_release(&err);
    return s;
}

/* The text of a refusal; the caller frees. */
static char *refused(const char *dir, int expected)
{
    struct state *s = NULL;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(state_open(dir, &s, &err), expected);
    assert_null(s);
    return buf_detach(&err);
}

static void assert_refused(const char *dir, int expected, const char *part)
{
    char *text = refused(dir, expected);

    if (!strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    free(text);
}

static void assert_meta(struct state *s, const char *key, const char *expected)
{
    char *value;

    assert_int_equal(state_get_meta(s, key, &value), 0);
    assert_string_equal(value, expected);
    free(value);
}

static void test_modes(void **state)
{
    char *dir = path_in(*state, "deep/er");
    mode_t mask = umask(0);
    struct state *s = open_state(dir);
    int fd = state_data_open(s, 5, O_RDWR | O_CREAT);

    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(state_put_meta(s, "k", "v"), 0);
    assert_int_equal(mode_of(*state, "deep"), 0700);
    assert_int_equal(mode_of(dir, "."), 0700);
    assert_int_equal(mode_of(dir, "data"), 0700);
    assert_int_equal(mode_of(dir, "data/5"), 0600);
    assert_int_equal(mode_of(dir, "lock"), 0600);
    assert_int_equal(mode_of(dir, "state.db"), 0600);
    assert_int_equal(mode_of(dir, "state.db-wal"), 0600);
    assert_int_equal(mode_of(dir, "state.db-shm"), 0600);
    state_close(s);
    state_close(NULL);
    umask(mask);
    free(dir);
}

static void test_second_open_is_busy(void **state)
{
    struct state *s = open_state(*state);
    char *expected =
        xasprintf("another outlookfs (process %ld) uses %s: a second mount needs one of its own",
                  (long)getpid(), (char *)*state);
    char *text = refused(*state, -EBUSY);

    assert_string_equal(text, expected);
    state_close(s);
    state_close(open_state(*state));
    free(text);
    free(expected);
}

static void test_meta(void **state)
{
    struct state *s = open_state(*state);
    char *value;

    assert_int_equal(state_get_meta(s, "k", &value), -ENOENT);
    assert_int_equal(state_put_meta(s, "k", "one"), 0);
    assert_int_equal(state_put_meta(s, "k", "two"), 0);
    assert_int_equal(state_put_meta(s, "empty", ""), 0);
    state_close(s);
    s = open_state(*state);
    assert_meta(s, "k", "two");
    assert_meta(s, "empty", "");
    state_close(s);
}

static void test_transactions(void **state)
{
    struct state *s = open_state(*state);
    char *value;

    state_begin(s);
    assert_int_equal(state_put_meta(s, "a", "1"), 0);
    assert_meta(s, "a", "1");
    state_begin(s);
    assert_int_equal(state_put_meta(s, "b", "2"), 0);
    assert_int_equal(state_end(s, 0), 0);
    assert_int_equal(state_end(s, -ECANCELED), -ECANCELED);
    assert_int_equal(state_get_meta(s, "a", &value), -ENOENT);
    assert_int_equal(state_get_meta(s, "b", &value), -ENOENT);

    state_begin(s);
    assert_int_equal(state_put_meta(s, "a", "1"), 0);
    state_begin(s);
    assert_int_equal(state_end(s, -EAGAIN), -EAGAIN);
    assert_int_equal(state_put_meta(s, "b", "2"), -EAGAIN);
    assert_int_equal(state_end(s, 0), -EAGAIN);
    assert_int_equal(state_get_meta(s, "a", &value), -ENOENT);

    /* A reader that finds nothing fails nothing. */
    state_begin(s);
    assert_int_equal(state_put_meta(s, "a", "1"), 0);
    assert_int_equal(state_get_meta(s, "nothing", &value), -ENOENT);
    assert_int_equal(state_end(s, 0), 0);
    assert_meta(s, "a", "1");
    state_close(s);
}

struct reader {
    struct state *s;
    int rc;
};

static void *read_meta(void *arg)
{
    struct reader *reader = arg;
    char *value = NULL;

    reader->rc = state_get_meta(reader->s, "k", &value);
    free(value);
    return NULL;
}

/* The reader is joined inside the transaction: it would never end if it waited. */
static void test_readers_do_not_wait(void **state)
{
    struct state *s = open_state(*state);
    struct reader reader = {.s = s};
    pthread_t thread;

    state_begin(s);
    assert_int_equal(state_put_meta(s, "k", "v"), 0);
    pthread_create(&thread, NULL, read_meta, &reader);
    pthread_join(thread, NULL);
    assert_int_equal(reader.rc, -ENOENT);
    assert_int_equal(state_end(s, 0), 0);
    pthread_create(&thread, NULL, read_meta, &reader);
    pthread_join(thread, NULL);
    assert_int_equal(reader.rc, 0);
    state_close(s);
}

static uint64_t new_ino(struct state *s)
{
    uint64_t ino = 0;

    assert_int_equal(state_new_ino(s, &ino), 0);
    return ino;
}

static void test_inos_are_given_once(void **state)
{
    struct state *s = open_state(*state);
    uint64_t last = new_ino(s);

    assert_int_equal(last, NAME_LOCAL_INO);
    for (int i = 0; i < 3; i++) {
        uint64_t next = new_ino(s);

        assert_true(next > last);
        last = next;

        /* More than any reserve, in a transaction that is rolled back. */
        state_begin(s);
        for (int k = 0; k < 10000; k++) {
            next = new_ino(s);
            assert_true(next > last);
            last = next;
        }
        assert_int_equal(state_end(s, -ECANCELED), -ECANCELED);
        next = new_ino(s);
        assert_true(next > last);
        last = next;
        state_close(s);
        s = open_state(*state);
    }
    state_close(s);
}

struct ino_taker {
    struct state *s;
    uint64_t inos[2000];
    int rc;
};

static void *take_inos(void *arg)
{
    struct ino_taker *taker = arg;

    for (size_t i = 0; !taker->rc && i < ARRAY_SIZE(taker->inos); i++)
        taker->rc = state_new_ino(taker->s, &taker->inos[i]);
    return NULL;
}

static int compare_inos(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void test_inos_of_many_threads(void **state)
{
    static struct ino_taker takers[4];
    static uint64_t all[4 * ARRAY_SIZE(takers[0].inos)];
    struct state *s = open_state(*state);
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++) {
        takers[i].s = s;
        pthread_create(&threads[i], NULL, take_inos, &takers[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(takers[i].rc, 0);
        memcpy(&all[i * ARRAY_SIZE(takers[i].inos)], takers[i].inos, sizeof(takers[i].inos));
    }
    qsort(all, ARRAY_SIZE(all), sizeof(all[0]), compare_inos);
    for (size_t i = 1; i < ARRAY_SIZE(all); i++)
        assert_true(all[i] > all[i - 1]);
    state_close(s);
}

/* Bytes of the file, to see that a refusal leaves it alone. */
static char *slurp(const char *dir, size_t *size)
{
    char *path = path_in(dir, "state.db");
    int fd = open(path, O_RDONLY);
    struct stat st;
    char *bytes;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    *size = (size_t)st.st_size;
    bytes = xmalloc(*size);
    assert_int_equal(read(fd, bytes, *size), *size);
    close(fd);
    free(path);
    return bytes;
}

static void assert_refused_untouched(const char *dir, int expected, const char *part)
{
    size_t size_before;
    size_t size_after;
    char *before = slurp(dir, &size_before);
    char *after;

    assert_refused(dir, expected, part);
    after = slurp(dir, &size_after);
    assert_int_equal(size_before, size_after);
    assert_memory_equal(before, after, size_before);
    free(before);
    free(after);
}

static void put_data(struct state *s, uint64_t ino, const char *text)
{
    int fd = state_data_open(s, ino, O_RDWR | O_CREAT);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void assert_lost(struct state *s, const char *name, const char *text)
{
    struct local l;
    char got[64] = "";

    assert_int_equal(state_find_local(s, NAME_ROOT_INO, name, &l), 0);
    int fd = state_data_open(s, l.ino, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
    assert_string_equal(got, text);
    close(fd);
    local_release(&l);
}

/* state.db is gone, and what was saved and not sent is not. */
static void test_data_without_a_database_is_given_back(void **state)
{
    struct state *s = open_state(*state);
    uint64_t local;
    uint64_t *inos;
    size_t count;
    char *paths[] = {path_in(*state, "state.db"), path_in(*state, "state.db-wal"),
                     path_in(*state, "state.db-shm")};

    assert_int_equal(state_new_ino(s, &local), 0);
    put_data(s, local, "of a local file");
    put_data(s, 77, "of a record");
    put_data(s, 78, "");
    state_close(s);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    for (int i = 0; i < 2; i++) {
        char *name = xasprintf("lost-%llu", (unsigned long long)local);

        s = open_state(*state);
        assert_lost(s, name, "of a local file");
        assert_lost(s, "lost-77", "of a record");
        assert_int_equal(state_data_list(s, &inos, &count), 0);
        assert_int_equal(count, 3); /* the empty one is swept */
        free(inos);
        state_close(s);
        free(name);
    }
}

static void test_no_database_is_refused(void **state)
{
    char junk[8192];

    memset(junk, 'x', sizeof(junk));
    write_file(*state, "state.db", junk, sizeof(junk));
    assert_refused_untouched(*state, -EIO, "state.db: damaged (file is not a database): unsent");
}

/* The schema page is whole, the pages behind it are not. */
static void test_damaged_rows_are_refused(void **state)
{
    struct state *s = open_state(*state);
    char *path = path_in(*state, "state.db");
    struct stat st;

    assert_int_equal(state_put_meta(s, "k", "v"), 0);
    state_close(s);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 4096);
    assert_int_equal(truncate(path, 4096), 0);
    assert_int_equal(truncate(path, st.st_size), 0);
    assert_refused_untouched(*state, -EIO, "damaged (");
    assert_refused(*state, -EIO, "copy it and ");
    free(path);
}

static void test_newer_schema_is_refused(void **state)
{
    struct state *s = open_state(*state);
    char *path = path_in(*state, "state.db");
    sqlite3 *db;

    state_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_refused_untouched(*state, -ENOTSUP, "newer outlookfs (version 99");
    free(path);
}

static void test_what_cannot_be_opened_is_an_error(void **state)
{
    char *below = path_in(*state, "file/below");
    char *path = path_in(*state, "state.db");

    write_file(*state, "file", "", 0);
    assert_refused(below, -ENOTDIR, "file");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(*state, -EISDIR, "state.db");
    assert_int_equal(rmdir(path), 0);
    state_close(open_state(*state));
    free(below);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_modes),
        dir_test(test_second_open_is_busy),
        dir_test(test_meta),
        dir_test(test_transactions),
        dir_test(test_readers_do_not_wait),
        dir_test(test_inos_are_given_once),
        dir_test(test_inos_of_many_threads),
        dir_test(test_data_without_a_database_is_given_back),
        dir_test(test_no_database_is_refused),
        dir_test(test_damaged_rows_are_refused),
        dir_test(test_newer_schema_is_refused),
        dir_test(test_what_cannot_be_opened_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
