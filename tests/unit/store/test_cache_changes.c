#include "store_test.h"

#include <outlookfs/base/cancel.h>

#include <outlookfs/base/map.h>
#include <outlookfs/store/cache.h>

static struct cache *open_cache(const char *dir)
{
    struct cache *c;

    assert_int_equal(cache_open(dir, &c, NULL), 0);
    return c;
}

static void put(struct cache *c, const char *folder, const char *id, const char *text, uint64_t run)
{
    struct item item = item_of(KIND_CONTACT, id, 1, text);

    assert_int_equal(cache_put(c, folder, &item, run, NULL), 0);
}

static void write_down(void *ctx, const char *id, const char *text)
{
    buf_addf(ctx, "%s%s=%s", ((struct buf *)ctx)->len ? " " : "", id, text ? text : "-");
}

static void assert_since(struct cache *c, const char *folder, uint64_t *rev, const char *expected)
{
    struct buf told;

    buf_init(&told, BUF_TEXT_MAX);
    assert_int_equal(cache_since(c, KIND_CONTACT, folder, rev, NULL, write_down, &told), 0);
    assert_string_equal(told.data, expected);
    buf_release(&told);
}

static void test_new_changed_gone(void **state)
{
    struct cache *c = open_cache(*state);
    uint64_t rev = 0;

    assert_since(c, "F", &rev, "");
    put(c, "F", "a", "{\"x\":1}", 1);
    put(c, "F", "b", "{\"x\":2}", 1);
    put(c, "G", "z", "{}", 1);
    assert_since(c, "F", &rev, "a={\"x\":1} b={\"x\":2}");
    assert_since(c, "F", &rev, "");
    put(c, "F", "a", "{\"x\":3}", 1);
    assert_since(c, "F", &rev, "a={\"x\":3}");
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "b"), 0);
    assert_since(c, "F", &rev, "b=-");
    assert_since(c, "F", &rev, "");
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "b"), 0);
    assert_since(c, "F", &rev, "");
    cache_close(c);
}

static void test_equal_is_no_change(void **state)
{
    struct cache *c = open_cache(*state);
    uint64_t rev = 0;

    put(c, "F", "a", "{\"x\":1,\"y\":2}", 1);
    assert_since(c, "F", &rev, "a={\"x\":1,\"y\":2}");
    put(c, "F", "a", "{\"x\":1,\"y\":2}", 2);
    put(c, "F", "a", "{\"y\":2,\"x\":1}", 3);
    assert_since(c, "F", &rev, "");
    cache_close(c);
}

static void test_each_once_as_it_is(void **state)
{
    struct cache *c = open_cache(*state);
    uint64_t rev = 0;

    put(c, "F", "a", "{\"x\":1}", 1);
    put(c, "F", "b", "{}", 1);
    assert_since(c, "F", &rev, "a={\"x\":1} b={}");
    put(c, "F", "a", "{\"x\":2}", 1);
    put(c, "F", "a", "{\"x\":3}", 1);
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "b"), 0);
    put(c, "F", "b", "{\"back\":1}", 1);
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "b"), 0);
    put(c, "F", "b", "{\"back\":2}", 1);
    assert_since(c, "F", &rev, "a={\"x\":3} b={\"back\":2}");
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "a"), 0);
    put(c, "F", "a", "{}", 1);
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "a"), 0);
    assert_since(c, "F", &rev, "a=-");
    cache_close(c);
}

static void test_readers_of_their_own(void **state)
{
    struct cache *c = open_cache(*state);
    uint64_t early = 0;
    uint64_t late = 0;

    put(c, "F", "a", "{}", 1);
    assert_since(c, "F", &early, "a={}");
    put(c, "F", "b", "{}", 1);
    assert_since(c, "F", &late, "a={} b={}");
    assert_since(c, "F", &early, "b={}");
    cache_close(c);
}

/* The listing goes, with its key; the same folder comes back under another. */
static void test_folder_gone(void **state)
{
    struct cache_folder list[] = {{.kind = KIND_CONTACT, .id = "G", .display = "G"},
                                  {.kind = KIND_CONTACT, .id = "F", .display = "F"}};
    struct cache_folders folders = {.list = list, .count = 1, .asked_at = 1};
    struct cache *c = open_cache(*state);
    uint64_t g = 0;
    uint64_t f = 0;

    put(c, "F", "a", "{}", 1);
    put(c, "F", "b", "{}", 1);
    put(c, "G", "z", "{}", 1);
    assert_since(c, "F", &f, "a={} b={}");
    assert_since(c, "G", &g, "z={}");
    assert_int_equal(cache_put_folders(c, KIND_CONTACT, &folders), 0);
    assert_since(c, "G", &g, "");
    assert_since(c, "F", &f, "a=- b=-");
    folders.count = 2;
    assert_int_equal(cache_put_folders(c, KIND_CONTACT, &folders), 0);
    put(c, "F", "b", "{}", 1);
    assert_since(c, "F", &f, "b={}");
    cache_close(c);
}

static void test_claim(void **state)
{
    struct cache *c = open_cache(*state);
    uint64_t rev = 0;

    assert_int_equal(cache_claim(c, "one"), 0);
    put(c, "F", "a", "{}", 1);
    assert_since(c, "F", &rev, "a={}");
    assert_int_equal(cache_claim(c, "one"), 0);
    assert_since(c, "F", &rev, "");
    assert_int_equal(cache_claim(c, "two"), 0);
    assert_since(c, "F", &rev, "a=-");
    cache_close(c);
}

static void test_reopened(void **state)
{
    struct cache *c = open_cache(*state);
    uint64_t rev = 0;

    put(c, "F", "a", "{}", 1);
    put(c, "F", "b", "{}", 1);
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "b"), 0);
    cache_close(c);
    c = open_cache(*state);
    assert_since(c, "F", &rev, "a={}");
    put(c, "F", "c", "{}", 1);
    assert_since(c, "F", &rev, "c={}");
    cache_close(c);
}

static void count_once(void *ctx, const char *id, const char *text)
{
    assert_non_null(text);
    assert_null(map_set(ctx, id, ctx));
}

/* More than what is read at a time; bulk removals have a revision each. */
static void test_many(void **state)
{
    struct cache_folders none = {.asked_at = 1};
    struct cache *c = open_cache(*state);
    struct cancel cancel;
    struct map seen;
    uint64_t rev = 0;
    struct buf told;

    for (int i = 0; i < 1000; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        put(c, "F", id, "{}", 1);
    }
    map_init(&seen);
    cancel_init(&cancel); /* an interrupted caller has some, and the next call the rest */
    cancel_fire(&cancel);
    assert_int_equal(cache_since(c, KIND_CONTACT, "F", &rev, &cancel, count_once, &seen), -EINTR);
    assert_in_range(seen.count, 1, 999);
    assert_int_equal(cache_since(c, KIND_CONTACT, "F", &rev, NULL, count_once, &seen), 0);
    assert_int_equal(seen.count, 1000);
    map_release(&seen);
    assert_int_equal(cache_put_folders(c, KIND_CONTACT, &none), 0);
    buf_init(&told, 1 << 16);
    assert_int_equal(cache_since(c, KIND_CONTACT, "F", &rev, NULL, write_down, &told), 0);
    assert_non_null(strstr(told.data, "999=-"));
    assert_int_equal(told.len, 10 * 4 + 90 * 5 + 900 * 6 - 1);
    buf_release(&told);
    cache_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_new_changed_gone),   dir_test(test_equal_is_no_change),
        dir_test(test_each_once_as_it_is), dir_test(test_readers_of_their_own),
        dir_test(test_folder_gone),        dir_test(test_claim),
        dir_test(test_reopened),           dir_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
