#include "store_test.h"

#include <outlookfs/base/clock.h>
#include <outlookfs/store/cache.h>

static struct cache *open_cache(const char *dir)
{
    struct cache *c;

    assert_int_equal(cache_open(dir, &c, NULL), 0);
    return c;
}

static enum cache_change put(struct cache *c, const char *id, int64_t mtime, const char *text,
                             uint64_t run)
{
    struct item item = item_of(KIND_EVENT, id, mtime, text);
    enum cache_change change = (enum cache_change)99;

    assert_int_equal(cache_put(c, "F", &item, run, &change), 0);
    return change;
}

static struct cache_record get(struct cache *c, const char *id)
{
    struct cache_record record;

    assert_int_equal(cache_get(c, KIND_EVENT, "F", id, true, &record), 0);
    return record;
}

static void assert_record(struct cache *c, const char *id, int64_t mtime, const char *text)
{
    struct cache_record record = get(c, id);

    assert_string_equal(record.id, id);
    assert_string_equal(record.etag, "W/1");
    assert_int_equal(record.mtime, mtime);
    assert_int_equal(record.size, strlen(text));
    assert_string_equal(record.text, text);
    assert_true(record.seq > 0);
    cache_record_release(&record);
}

static uint64_t known(struct cache *c)
{
    struct cache_listing listing;

    assert_int_equal(cache_get_listing(c, KIND_EVENT, "F", &listing), 0);
    return listing.count;
}

static void test_new_same_changed(void **state)
{
    struct cache *c = open_cache(*state);

    assert_int_equal(put(c, "a", 100, "{\"x\":1}", 1), CACHE_NEW);
    assert_record(c, "a", 100, "{\"x\":1}");
    assert_int_equal(put(c, "a", 100, "{\"x\":1}", 1), CACHE_SAME);
    assert_int_equal(put(c, "a", 200, "{\"x\":22}", 1), CACHE_CHANGED);
    assert_record(c, "a", 200, "{\"x\":22}");
    assert_int_equal(known(c), 1);
    cache_close(c);
    c = open_cache(*state);
    assert_record(c, "a", 200, "{\"x\":22}");
    cache_close(c);
}

static void test_equal_as_json_changes_nothing(void **state)
{
    struct cache *c = open_cache(*state);
    char **ids;
    size_t listed;

    put(c, "a", 100, "{\"x\":1,\"y\":[1,2]}", 1);
    for (uint64_t run = 2; run < 4; run++) {
        assert_int_equal(put(c, "a", 300, "{ \"y\": [1, 2], \"x\": 1 }", run), CACHE_SAME);
        assert_record(c, "a", 100, "{\"x\":1,\"y\":[1,2]}");
        assert_int_equal(cache_not_in_run(c, KIND_EVENT, "F", run, &ids, &listed), 0);
        assert_null(ids[0]);
        free(ids);
    }
    assert_int_equal(put(c, "a", 100, "{\"x\":1,\"y\":[1,2]}", 4), CACHE_SAME);
    assert_int_equal(put(c, "a", 400, "{\"x\":1,\"y\":[2,1]}", 4), CACHE_CHANGED);
    assert_record(c, "a", 400, "{\"x\":1,\"y\":[2,1]}");
    cache_close(c);
}

static void test_no_json_compares_as_bytes(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, "a", 100, "{", 1);
    assert_int_equal(put(c, "a", 100, "{", 1), CACHE_SAME);
    assert_int_equal(put(c, "a", 200, "{ ", 1), CACHE_CHANGED);
    assert_int_equal(put(c, "a", 300, "{}", 1), CACHE_CHANGED);
    cache_close(c);
}

static void assert_bumped(struct cache *c, const char *id, int64_t since)
{
    struct cache_record record = get(c, id);

    assert_true(record.mtime >= since);
    assert_true(record.mtime <= clock_now() + 1);
    cache_record_release(&record);
}

static void test_other_text_under_the_same_time(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_record record;
    int64_t before = clock_now();
    int64_t bumped;

    put(c, "a", 100, "{\"x\":1}", 1);
    assert_int_equal(put(c, "a", 100, "{\"x\":2}", 1), CACHE_CHANGED);
    assert_bumped(c, "a", before);
    record = get(c, "a");
    bumped = record.mtime;
    cache_record_release(&record);

    /* The same again is no change; another one is, also under the time the service gave first. */
    assert_int_equal(put(c, "a", 100, "{\"x\":2}", 1), CACHE_SAME);
    assert_record(c, "a", bumped, "{\"x\":2}");
    clock_advance(NS_PER_S);
    assert_int_equal(put(c, "a", 100, "{\"x\":3}", 1), CACHE_CHANGED);
    assert_bumped(c, "a", bumped + NS_PER_S);

    /* A time that happens to be the one we gave does not hide a change. */
    record = get(c, "a");
    bumped = record.mtime;
    cache_record_release(&record);
    assert_int_equal(put(c, "a", bumped, "{\"x\":4}", 1), CACHE_CHANGED);
    record = get(c, "a");
    assert_true(record.mtime != bumped);
    cache_record_release(&record);

    assert_int_equal(put(c, "a", 200, "{\"x\":5}", 1), CACHE_CHANGED);
    assert_record(c, "a", 200, "{\"x\":5}");
    cache_close(c);
}

static void test_get_without_text(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_record record;

    put(c, "a", 100, "{\"x\":1}", 1);
    assert_int_equal(cache_get(c, KIND_EVENT, "F", "a", false, &record), 0);
    assert_null(record.text);
    assert_int_equal(record.size, 7);
    assert_int_equal(record.mtime, 100);
    cache_record_release(&record);
    assert_int_equal(cache_get(c, KIND_EVENT, "G", "a", false, &record), -ENOENT);
    assert_int_equal(cache_get(c, KIND_CONTACT, "F", "a", false, &record), -ENOENT);
    assert_int_equal(cache_get(c, KIND_EVENT, "F", "b", true, &record), -ENOENT);
    cache_close(c);
}

static void test_same_id_in_two_folders(void **state)
{
    struct cache *c = open_cache(*state);
    struct item item = item_of(KIND_EVENT, "a", 1, "{\"in\":\"G\"}");
    char *folder;

    put(c, "a", 1, "{\"in\":\"F\"}", 1);
    assert_int_equal(cache_find(c, KIND_EVENT, "a", &folder), 0);
    assert_string_equal(folder, "F");
    free(folder);
    assert_int_equal(cache_put(c, "G", &item, 1, NULL), 0);
    assert_record(c, "a", 1, "{\"in\":\"F\"}");
    assert_int_equal(cache_find(c, KIND_EVENT, "a", &folder), 0);
    assert_string_equal(folder, "G");
    free(folder);
    assert_int_equal(cache_remove(c, KIND_EVENT, "G", "a"), 0);
    assert_int_equal(cache_find(c, KIND_EVENT, "a", &folder), 0);
    assert_string_equal(folder, "F");
    free(folder);
    assert_int_equal(cache_find(c, KIND_MESSAGE, "a", &folder), -ENOENT);
    assert_int_equal(cache_find(c, KIND_EVENT, "b", &folder), -ENOENT);
    cache_close(c);
}

/* The answer to the move may be there before the cache has moved the record. */
static void test_move(void **state)
{
    struct cache *c = open_cache(*state);
    struct item answer = item_of(KIND_EVENT, "a", 2, "{\"moved\":true}");

    assert_int_equal(cache_put(c, "G", &answer, 1, NULL), 0);
    assert_int_equal(cache_move(c, KIND_EVENT, "a", "G", "F"), 0);
    assert_record(c, "a", 2, "{\"moved\":true}");
    assert_int_equal(cache_get(c, KIND_EVENT, "G", "a", false, NULL), -ENOENT);
    answer.text = (char *)"{\"old\":true}";
    answer.size = strlen(answer.text);
    assert_int_equal(cache_put(c, "G", &answer, 1, NULL), 0);
    assert_int_equal(cache_move(c, KIND_EVENT, "a", "G", "F"), 0);
    assert_record(c, "a", 2, "{\"moved\":true}");
    assert_int_equal(cache_get(c, KIND_EVENT, "G", "a", false, NULL), -ENOENT);
    assert_int_equal(cache_move(c, KIND_EVENT, "a", "G", "F"), 0);
    assert_int_equal(known(c), 1);
    cache_close(c);
}

static void test_remove(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_record record;
    struct cache_stats stats;

    put(c, "a", 1, "{}", 1);
    put(c, "b", 1, "{ }", 1);
    assert_int_equal(cache_remove(c, KIND_EVENT, "F", "a"), 0);
    assert_int_equal(cache_remove(c, KIND_EVENT, "F", "a"), 0);
    assert_int_equal(cache_remove(c, KIND_EVENT, "nowhere", "a"), 0);
    assert_int_equal(cache_get(c, KIND_EVENT, "F", "a", false, &record), -ENOENT);
    assert_int_equal(known(c), 1);
    assert_int_equal(cache_stats(c, &stats), 0);
    assert_int_equal(stats.records, 1);
    assert_int_equal(stats.record_bytes, 3);
    assert_int_equal(put(c, "a", 1, "{}", 1), CACHE_NEW);
    cache_close(c);
}

static void test_listing(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_listing in = {
        .complete = true,
        .full_at = 5,
        .fresh_at = 6,
        .next_skip = 512,
        .run = 7,
        .count = 1000,
        .truncated = true,
    };
    struct cache_listing out;

    assert_int_equal(cache_get_listing(c, KIND_EVENT, "F", &out), 0);
    assert_false(out.complete || out.truncated);
    assert_true(!out.full_at && !out.fresh_at && !out.next_skip && !out.run && !out.count);
    put(c, "a", 1, "{}", 1);
    assert_int_equal(cache_put_listing(c, KIND_EVENT, "F", &in), 0);
    put(c, "b", 1, "{}", 1);
    cache_close(c);
    c = open_cache(*state);
    assert_int_equal(cache_get_listing(c, KIND_EVENT, "F", &out), 0);
    assert_true(out.complete && out.truncated);
    assert_int_equal(out.full_at, 5);
    assert_int_equal(out.fresh_at, 6);
    assert_int_equal(out.next_skip, 512);
    assert_int_equal(out.run, 7);
    assert_int_equal(out.count, 2);
    assert_int_equal(cache_get_listing(c, KIND_CONTACT, "F", &out), 0);
    assert_int_equal(out.run, 0);
    cache_close(c);
}

static void test_page(void **state)
{
    struct cache *c = open_cache(*state);
    struct item items[] = {
        item_of(KIND_EVENT, "a", 1, "{\"x\":1}"),
        item_of(KIND_EVENT, "b", 1, "{\"x\":1}"),
        item_of(KIND_EVENT, "c", 1, "{\"x\":1}"),
        item_of(KIND_EVENT, "c", 1, "{\"x\":1}"),
    };
    enum cache_change changes[4];
    struct cache_record r;
    struct cache_stats stats;

    put(c, "a", 1, "{\"x\":1}", 1);
    put(c, "b", 1, "{\"x\":0}", 1);
    assert_int_equal(cache_put_page(c, "F", items, 4, 2, changes), 0);
    assert_int_equal(changes[0], CACHE_SAME);
    assert_int_equal(changes[1], CACHE_CHANGED);
    assert_int_equal(changes[2], CACHE_NEW);
    assert_int_equal(changes[3], CACHE_SAME);
    assert_int_equal(known(c), 3);
    assert_int_equal(cache_put_page(c, "F", items, 4, 2, NULL), 0);
    assert_int_equal(cache_put_page(c, "F", NULL, 0, 2, NULL), 0);
    assert_int_equal(known(c), 3);
    for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
        assert_int_equal(cache_get(c, KIND_EVENT, "F", items[i].id, true, &r), 0);
        assert_string_equal(r.text, items[i].text);
        cache_record_release(&r);
    }
    assert_int_equal(cache_stats(c, &stats), 0);
    assert_int_equal(stats.records, 3);
    assert_int_equal(stats.record_bytes, 3 * strlen("{\"x\":1}"));
    cache_close(c);
}

/* Where each record is known, its place in the page means nothing. */
static void test_page_of_known_records(void **state)
{
    struct cache *c = open_cache(*state);
    struct item items[] = {
        item_of(KIND_EVENT, "c", 1, "{\"x\":1}"),
        item_of(KIND_EVENT, "a", 1, "{\"x\":1}"),
        item_of(KIND_EVENT, "b", 1, "{\"x\":1}"),
    };
    enum cache_change changes[3];
    struct cache_record r;

    put(c, "a", 1, "{\"x\":0}", 1);
    put(c, "b", 1, "{\"x\":1}", 1);
    put(c, "c", 1, "{\"x\":1}", 1);
    assert_int_equal(cache_put_page(c, "F", items, 3, 2, changes), 0);
    assert_int_equal(changes[0], CACHE_SAME);
    assert_int_equal(changes[1], CACHE_CHANGED);
    assert_int_equal(changes[2], CACHE_SAME);
    assert_int_equal(cache_get(c, KIND_EVENT, "F", "a", true, &r), 0);
    assert_string_equal(r.text, "{\"x\":1}");
    cache_record_release(&r);
    cache_close(c);
}

static void test_not_in_run(void **state)
{
    struct cache *c = open_cache(*state);
    char **ids;
    size_t listed;

    assert_int_equal(cache_not_in_run(c, KIND_EVENT, "F", 1, &ids, &listed), 0);
    assert_null(ids[0]);
    free(ids);
    put(c, "a", 1, "{}", 1);
    put(c, "b", 1, "{}", 1);
    put(c, "c", 1, "{}", 1);
    put(c, "b", 1, "{}", 2);
    assert_int_equal(cache_not_in_run(c, KIND_EVENT, "F", 2, &ids, &listed), 0);
    assert_string_equal(ids[0], "a");
    assert_string_equal(ids[1], "c");
    assert_null(ids[2]);
    free(ids[0]);
    free(ids[1]);
    free(ids);
    cache_close(c);
}

/* Unlisted records come last, and an answer that is no listing's leaves a record where it is. */
static void test_unlisted(void **state)
{
    struct cache *c = open_cache(*state);
    static const char *const want[] = {"c", "a", "b"};
    char **ids;
    size_t listed;

    put(c, "a", 1, "{}", CACHE_KEEP_RUN);
    put(c, "b", 1, "{}", 1);
    put(c, "b", 1, "{}", CACHE_UNLISTED);
    put(c, "c", 1, "{}", 1);
    put(c, "c", 1, "{\"x\":1}", CACHE_KEEP_RUN);
    put(c, "d", 1, "{}", 2);
    put(c, "d", 1, "{}", CACHE_KEEP_RUN);
    assert_int_equal(cache_not_in_run(c, KIND_EVENT, "F", 2, &ids, &listed), 0);
    assert_int_equal(listed, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(ids[i], want[i]);
        free(ids[i]);
    }
    assert_null(ids[3]);
    free(ids);
    cache_close(c);
}

static void fill(struct cache *c, size_t first, size_t count)
{
    struct item *items = xcalloc(count, sizeof(*items));

    for (size_t i = 0; i < count; i++) {
        items[i] = item_of(KIND_EVENT, NULL, 1, "{}");
        items[i].id = xasprintf("id-%05zu", first + i);
    }
    assert_int_equal(cache_put_page(c, "F", items, count, 1, NULL), 0);
    for (size_t i = 0; i < count; i++)
        free(items[i].id);
    free(items);
}

/* Walks in steps of `step`, checks the order and answers how many. */
static size_t walk(struct cache *c, size_t step)
{
    struct cache_record *list = xcalloc(step, sizeof(*list));
    uint64_t after = 0;
    size_t total = 0;
    int n;

    while ((n = cache_each(c, KIND_EVENT, "F", after, list, step)) > 0) {
        for (int i = 0; i < n; i++) {
            assert_true(list[i].seq > after);
            assert_null(list[i].text);
            assert_int_equal(list[i].size, 2);
            after = list[i].seq;
            cache_record_release(&list[i]);
        }
        total += (size_t)n;
    }
    assert_int_equal(n, 0);
    free(list);
    return total;
}

static void test_each(void **state)
{
    struct cache *c = open_cache(*state);
    struct cache_record record;
    uint64_t last;

    assert_int_equal(walk(c, 10), 0);
    fill(c, 0, 100);
    put(c, "id-00007", 1, "{ }", 1);
    put(c, "id-00007", 1, "{}", 1);
    assert_int_equal(walk(c, 7), 100);
    assert_int_equal(walk(c, 100), 100);
    record = get(c, "id-00099");
    last = record.seq;
    cache_record_release(&record);

    /* A cursor behind the last one does not miss what comes in its place. */
    assert_int_equal(cache_remove(c, KIND_EVENT, "F", "id-00099"), 0);
    fill(c, 200, 1);
    assert_int_equal(cache_each(c, KIND_EVENT, "F", last, &record, 1), 1);
    assert_string_equal(record.id, "id-00200");
    cache_record_release(&record);
    assert_int_equal(cache_each(c, KIND_EVENT, "G", 0, &record, 1), 0);
    assert_int_equal(cache_each(c, KIND_EVENT, "F", 0, NULL, 0), 0);
    cache_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_new_same_changed),
        dir_test(test_equal_as_json_changes_nothing),
        dir_test(test_no_json_compares_as_bytes),
        dir_test(test_other_text_under_the_same_time),
        dir_test(test_get_without_text),
        dir_test(test_same_id_in_two_folders),
        dir_test(test_move),
        dir_test(test_remove),
        dir_test(test_listing),
        dir_test(test_page),
        dir_test(test_page_of_known_records),
        dir_test(test_not_in_run),
        dir_test(test_unlisted),
        dir_test(test_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
