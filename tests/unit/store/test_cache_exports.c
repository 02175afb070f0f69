/*
 * test_cache_exports.c - sizes of records in other formats: of which version, made by whom.
 */
#include "store_test.h"

#include <outlookfs/store/cache.h>

static struct cache *open_cache(const char *dir)
{
    struct cache *c;

    assert_int_equal(cache_open(dir, &c, NULL), 0);
    return c;
}

static void put(struct cache *c, int64_t mtime, const char *text)
{
    struct item item = item_of(KIND_EVENT, "a", mtime, text);

    assert_int_equal(cache_put(c, "F", &item, 1, NULL), 0);
}

/* As cache_get() and cache_each() tell it. */
static int64_t exported(struct cache *c)
{
    struct cache_record one, listed;

    assert_int_equal(cache_get(c, KIND_EVENT, "F", "a", true, &one), 0);
    assert_int_equal(cache_each(c, KIND_EVENT, "F", 0, &listed, 1), 1);
    int64_t size = one.exported;
    assert_int_equal(listed.exported, size);
    cache_record_release(&one);
    cache_record_release(&listed);
    return size;
}

static void test_of_one_version(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, 100, "{\"x\":1}");
    assert_int_equal(exported(c), -1);
    assert_int_equal(cache_put_exported(c, KIND_EVENT, "F", "a", 100, 0), 0);
    assert_int_equal(exported(c), 0);
    assert_int_equal(cache_put_exported(c, KIND_EVENT, "F", "a", 100, 77), 0);
    cache_close(c);
    c = open_cache(*state);
    assert_int_equal(exported(c), 77);

    put(c, 100, "{\"x\": 1}"); /* the same record in another spelling */
    assert_int_equal(exported(c), 77);
    put(c, 200, "{\"x\":2}");
    assert_int_equal(exported(c), -1);
    assert_int_equal(cache_put_exported(c, KIND_EVENT, "F", "a", 100, 77), 0); /* too late */
    assert_int_equal(exported(c), -1);
    assert_int_equal(cache_put_exported(c, KIND_CONTACT, "F", "a", 200, 77), 0);
    assert_int_equal(cache_put_exported(c, KIND_EVENT, "G", "a", 200, 77), 0);
    assert_int_equal(exported(c), -1);
    cache_close(c);
}

static void test_of_one_maker(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, 100, "{}");
    assert_int_equal(cache_claim_exported(c, "one"), 0);
    assert_int_equal(cache_put_exported(c, KIND_EVENT, "F", "a", 100, 5), 0);
    assert_int_equal(cache_claim_exported(c, "one"), 0);
    assert_int_equal(exported(c), 5);
    assert_int_equal(cache_claim_exported(c, "two"), 0);
    assert_int_equal(exported(c), -1);
    cache_close(c);
}

static void test_a_file_without_a_name(void **state)
{
    char *attachments = path_in(*state, "attachments"), *link, target[256];
    struct cache *c = open_cache(*state);
    int fd = cache_temp(c);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "abc", 3), 3);
    link = xasprintf("/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, target, sizeof(target) - 1);
    assert_true(n > 0);
    target[n] = '\0';
    assert_int_equal(strncmp(target, attachments, strlen(attachments)), 0);
    assert_non_null(strstr(target, " (deleted)"));
    close(fd);
    free(link);
    free(attachments);
    cache_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_of_one_version),
        dir_test(test_of_one_maker),
        dir_test(test_a_file_without_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
