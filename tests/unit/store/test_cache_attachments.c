#include "store_test.h"

#include <outlookfs/store/cache.h>

#include <dirent.h>

#define PLENTY (1024 * 1024)

static struct cache *open_cache(const char *dir)
{
    struct cache *c;

    assert_int_equal(cache_open(dir, &c, NULL), 0);
    return c;
}

static int store(struct cache *c, const char *name, const char *bytes, bool ok, size_t limit)
{
    char *temp;
    int fd = cache_attachment_begin(c, &temp);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
    return cache_attachment_end(c, "m", name, temp, ok, limit);
}

static void put(struct cache *c, const char *name, const char *bytes)
{
    assert_int_equal(store(c, name, bytes, true, PLENTY), 0);
}

static void assert_bytes(struct cache *c, const char *name, const char *bytes)
{
    char got[64] = "";
    size_t size = 0;
    int fd = cache_attachment_open(c, "m", name, &size);

    assert_true(fd >= 0);
    assert_int_equal(size, strlen(bytes));
    assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(bytes));
    assert_string_equal(got, bytes);
    close(fd);
}

static void assert_absent(struct cache *c, const char *name)
{
    size_t size;

    assert_int_equal(cache_attachment_open(c, "m", name, &size), -ENOENT);
}

static uint64_t total(struct cache *c)
{
    struct cache_stats stats;

    assert_int_equal(cache_stats(c, &stats), 0);
    return stats.attachment_bytes;
}

static unsigned count_files(const char *dir)
{
    char *path = path_in(dir, "attachments");
    DIR *d = opendir(path);
    unsigned n = 0;
    struct dirent *entry;

    assert_non_null(d);
    while ((entry = readdir(d)))
        n += entry->d_name[0] != '.';
    closedir(d);
    free(path);
    return n;
}

static void test_stores_and_reads(void **state)
{
    struct cache *c = open_cache(*state);

    assert_absent(c, "a");
    put(c, "a", "bytes");
    put(c, "empty", "");
    assert_bytes(c, "a", "bytes");
    assert_bytes(c, "empty", "");
    assert_int_equal(total(c), 5);
    cache_close(c);
    c = open_cache(*state);
    assert_bytes(c, "a", "bytes");
    assert_int_equal(mode_of(*state, "attachments/1"), 0600);
    cache_close(c);
}

static void test_not_visible_until_finished(void **state)
{
    struct cache *c = open_cache(*state);
    char *temp;
    int fd = cache_attachment_begin(c, &temp);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "half", 4), 4);
    assert_absent(c, "a");
    close(fd);
    assert_int_equal(cache_attachment_end(c, "m", "a", temp, false, PLENTY), 0);
    assert_absent(c, "a");
    assert_int_equal(count_files(*state), 0);
    cache_close(c);
}

static void test_replaces(void **state)
{
    struct cache *c = open_cache(*state);
    char got[8] = "";
    size_t size;
    int fd;

    put(c, "a", "old");
    fd = cache_attachment_open(c, "m", "a", &size);
    put(c, "a", "newer");
    assert_bytes(c, "a", "newer");
    assert_int_equal(read(fd, got, sizeof(got) - 1), 3);
    assert_string_equal(got, "old");
    close(fd);
    assert_int_equal(count_files(*state), 1);
    assert_int_equal(total(c), 5);
    cache_close(c);
}

static void test_least_recently_used_goes(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, "a", "1234");
    put(c, "b", "1234");
    put(c, "c", "1234");
    assert_bytes(c, "a", "1234");
    assert_int_equal(store(c, "d", "1234", true, 12), 0);
    assert_absent(c, "b");
    assert_bytes(c, "a", "1234");
    assert_bytes(c, "c", "1234");
    assert_bytes(c, "d", "1234");
    assert_int_equal(total(c), 12);
    assert_int_equal(count_files(*state), 3);

    /* The newest stays even where it is larger than all that is allowed. */
    assert_int_equal(store(c, "e", "123456789", true, 5), 0);
    assert_bytes(c, "e", "123456789");
    assert_int_equal(total(c), 9);
    assert_int_equal(count_files(*state), 1);
    cache_close(c);
}

static void test_crash_leftovers_are_removed(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, "a", "bytes");
    cache_close(c);
    write_file(*state, "attachments/new-abcdef", "x", 1);
    write_file(*state, "attachments/4711", "x", 1);
    c = open_cache(*state);
    assert_int_equal(count_files(*state), 1);
    assert_bytes(c, "a", "bytes");
    cache_close(c);
}

static void test_a_file_that_is_not_whole_is_forgotten(void **state)
{
    struct cache *c = open_cache(*state);
    char *path = path_in(*state, "attachments/1");

    put(c, "a", "bytes");
    assert_int_equal(truncate(path, 3), 0);
    assert_absent(c, "a");
    assert_int_equal(total(c), 0);
    assert_int_equal(count_files(*state), 0);
    put(c, "a", "bytes");
    assert_bytes(c, "a", "bytes");
    free(path);
    cache_close(c);
}

static void test_survives_an_emptied_directory(void **state)
{
    struct cache *c = open_cache(*state);
    char *path = path_in(*state, "attachments/1");
    char *dir = path_in(*state, "attachments");

    put(c, "a", "bytes");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_absent(c, "a");
    put(c, "a", "bytes");
    assert_bytes(c, "a", "bytes");
    free(path);
    free(dir);
    cache_close(c);
}

/* The temporary is gone: nothing is stored, what was there stays. */
static void test_a_lost_temporary_is_an_error(void **state)
{
    struct cache *c = open_cache(*state);
    char *temp;
    int fd;

    put(c, "a", "old");
    fd = cache_attachment_begin(c, &temp);
    close(fd);
    assert_int_equal(unlink(temp), 0);
    assert_int_equal(cache_attachment_end(c, "m", "a", temp, true, PLENTY), -ENOENT);
    assert_bytes(c, "a", "old");
    cache_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_stores_and_reads),
        dir_test(test_not_visible_until_finished),
        dir_test(test_replaces),
        dir_test(test_least_recently_used_goes),
        dir_test(test_crash_leftovers_are_removed),
        dir_test(test_a_file_that_is_not_whole_is_forgotten),
        dir_test(test_survives_an_emptied_directory),
        dir_test(test_a_lost_temporary_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
