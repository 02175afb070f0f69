#include "store_test.h"

#include <outlookfs/store/cache.h>

static struct cache *open_cache(const char *dir)
{
    struct cache *c;

    assert_int_equal(cache_open(dir, &c, NULL), 0);
    return c;
}

static struct cache_folder folder_of(const char *id, const char *display, const char *parent)
{
    return (struct cache_folder){
        .kind = KIND_MESSAGE,
        .id = (char *)id,
        .display = (char *)display,
        .parent = (char *)parent,
    };
}

static void put(struct cache *c, struct cache_folder *list, size_t count)
{
    struct cache_folders folders = {.list = list, .count = count, .asked_at = 77, .partial = true};

    assert_int_equal(cache_put_folders(c, KIND_MESSAGE, &folders), 0);
}

/* The name a folder is listed under; the caller frees. */
static char *name_of(struct cache *c, const char *id)
{
    struct cache_folders got;
    char *name = NULL;

    assert_int_equal(cache_get_folders(c, KIND_MESSAGE, &got), 0);
    for (size_t i = 0; i < got.count; i++) {
        if (!strcmp(got.list[i].id, id))
            name = xstrdup(got.list[i].name);
    }
    cache_folders_release(&got);
    return name;
}

static void assert_name(struct cache *c, const char *id, const char *expected)
{
    char *name = name_of(c, id);

    assert_non_null(name);
    assert_string_equal(name, expected);
    free(name);
}

static void assert_other_name(struct cache *c, const char *id, const char *plain)
{
    char *name = name_of(c, id);

    assert_non_null(name);
    assert_int_equal(strncmp(name, plain, strlen(plain)), 0);
    assert_true(strlen(name) > strlen(plain));
    free(name);
}

static void put_record(struct cache *c, enum kind kind, const char *folder, const char *id)
{
    struct item item = item_of(kind, id, 1, "{}\n");

    assert_int_equal(cache_put(c, folder, &item, 1, NULL), 0);
}

static int get_record(struct cache *c, enum kind kind, const char *folder, const char *id)
{
    struct cache_record record;
    int rc = cache_get(c, kind, folder, id, true, &record);

    if (!rc)
        cache_record_release(&record);
    return rc;
}

static void test_never_asked(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folders got;

    assert_int_equal(cache_get_folders(c, KIND_MESSAGE, &got), 0);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.asked_at, 0);
    assert_false(got.partial);
    cache_folders_release(&got);
    put(c, NULL, 0);
    assert_int_equal(cache_get_folders(c, KIND_MESSAGE, &got), 0);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.asked_at, 77);
    assert_true(got.partial);
    cache_folders_release(&got);
    cache_close(c);
}

static void test_keeps_order_and_fields(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folder list[] = {
        folder_of("z", "Inbox", NULL),
        folder_of("a", "A/B", "z"),
        folder_of("m", "..", NULL),
    };
    struct cache_folders got;

    put(c, list, 3);
    cache_close(c);
    c = open_cache(*state);
    assert_int_equal(cache_get_folders(c, KIND_MESSAGE, &got), 0);
    assert_int_equal(got.count, 3);
    assert_int_equal(got.list[0].kind, KIND_MESSAGE);
    assert_string_equal(got.list[0].id, "z");
    assert_string_equal(got.list[0].display, "Inbox");
    assert_string_equal(got.list[0].name, "Inbox");
    assert_null(got.list[0].parent);
    assert_string_equal(got.list[1].id, "a");
    assert_string_equal(got.list[1].display, "A/B");
    assert_string_equal(got.list[1].name, "A%2FB");
    assert_string_equal(got.list[1].parent, "z");
    assert_string_not_equal(got.list[2].name, "..");
    cache_folders_release(&got);
    assert_int_equal(cache_get_folders(c, KIND_CONTACT, &got), 0);
    assert_int_equal(got.count, 0);
    cache_folders_release(&got);
    cache_close(c);
}

static void test_siblings_get_different_names(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folder list[] = {
        folder_of("1", "A/B", NULL), folder_of("2", "A/B", NULL), folder_of("3", "A/B", "1"),
        folder_of("4", "A/B", "2"),  folder_of("5", "A/B", NULL),
    };
    char *two;
    char *five;

    put(c, list, 5);
    assert_name(c, "1", "A%2FB");
    assert_other_name(c, "2", "A%2FB");
    assert_name(c, "3", "A%2FB");
    assert_name(c, "4", "A%2FB");
    two = name_of(c, "2");
    five = name_of(c, "5");
    assert_string_not_equal(two, five);
    free(two);
    free(five);
    cache_close(c);
}

static void test_a_name_that_looks_unique_is_taken(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folder first[] = {folder_of("1", "X", NULL), folder_of("2", "X", NULL)};
    char *unique;
    char *second;

    put(c, first, 2);
    unique = name_of(c, "2");
    {
        struct cache_folder list[] = {folder_of("0", unique, NULL), first[0], first[1]};

        put(c, list, 3);
        assert_name(c, "0", unique);
        assert_other_name(c, "2", "X");
        second = name_of(c, "2");
        assert_string_not_equal(second, unique);
        free(second);
    }
    free(unique);
    cache_close(c);
}

static void test_the_first_keeps_its_name(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folder one[] = {folder_of("old", "Mine", NULL)};
    struct cache_folder two[] = {folder_of("new", "Mine", NULL), folder_of("old", "Mine", NULL)};

    put(c, one, 1);
    put(c, two, 2);
    assert_name(c, "old", "Mine");
    assert_other_name(c, "new", "Mine");
    put(c, two, 1);
    assert_name(c, "new", "Mine");
    cache_close(c);
}

static void test_an_id_twice_counts_once(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folder list[] = {folder_of("1", "X", NULL), folder_of("1", "Y", NULL)};
    struct cache_folders got;

    for (int i = 0; i < 2; i++) {
        put(c, list, 2);
        assert_int_equal(cache_get_folders(c, KIND_MESSAGE, &got), 0);
        assert_int_equal(got.count, 1);
        assert_string_equal(got.list[0].name, "X");
        cache_folders_release(&got);
    }
    cache_close(c);
}

static void test_adds_one(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folder list[] = {folder_of("1", "X", NULL)};
    struct cache_folder more = folder_of("2", "X", NULL);
    struct cache_folder renamed = folder_of("2", "Z", NULL);
    struct cache_folders got;

    assert_int_equal(cache_add_folder(c, &more), 0);
    assert_int_equal(cache_get_folders(c, KIND_MESSAGE, &got), 0);
    assert_int_equal(got.asked_at, 0);
    assert_int_equal(got.count, 1);
    cache_folders_release(&got);
    assert_name(c, "2", "X");
    put(c, list, 1);
    assert_null(name_of(c, "2"));
    assert_int_equal(cache_add_folder(c, &more), 0);
    assert_other_name(c, "2", "X");
    assert_int_equal(cache_add_folder(c, &renamed), 0);
    assert_name(c, "2", "Z");
    assert_int_equal(cache_get_folders(c, KIND_MESSAGE, &got), 0);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.asked_at, 77);
    assert_string_equal(got.list[1].id, "2");
    cache_folders_release(&got);
    cache_close(c);
}

static void test_gone_folders_take_their_records_along(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_folder list[] = {folder_of("1", "X", NULL), folder_of("2", "Y", NULL)};
    struct cache_listing listing = {.complete = true, .run = 4};
    struct cache_stats stats;

    put(c, list, 2);
    put_record(c, KIND_MESSAGE, "1", "a");
    put_record(c, KIND_MESSAGE, "2", "b");
    put_record(c, KIND_CONTACT, "2", "c");
    assert_int_equal(cache_put_listing(c, KIND_MESSAGE, "2", &listing), 0);
    put(c, list, 1);
    assert_int_equal(get_record(c, KIND_MESSAGE, "1", "a"), 0);
    assert_int_equal(get_record(c, KIND_MESSAGE, "2", "b"), -ENOENT);
    assert_int_equal(get_record(c, KIND_CONTACT, "2", "c"), 0);
    assert_int_equal(cache_get_listing(c, KIND_MESSAGE, "2", &listing), 0);
    assert_false(listing.complete);
    assert_int_equal(listing.run, 0);
    assert_int_equal(cache_stats(c, &stats), 0);
    assert_int_equal(stats.records, 2);
    assert_int_equal(stats.record_bytes, 6);
    cache_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_never_asked),
        dir_test(test_keeps_order_and_fields),
        dir_test(test_siblings_get_different_names),
        dir_test(test_a_name_that_looks_unique_is_taken),
        dir_test(test_the_first_keeps_its_name),
        dir_test(test_an_id_twice_counts_once),
        dir_test(test_adds_one),
        dir_test(test_gone_folders_take_their_records_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
