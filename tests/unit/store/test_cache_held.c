/*
 * test_cache_held.c - a text that is held can be read whatever becomes of its record.
 */
#include "store_test.h"

#include "store/cache_p.h"

#define BEFORE "{\n  \"Id\": \"a\",\n  \"DisplayName\": \"Somebody\"\n}\n"
#define AFTER "{\n  \"Id\": \"a\",\n  \"DisplayName\": \"Somebody else\"\n}\n"

static struct cache *open_cache(const char *dir)
{
    struct cache *c;

    assert_int_equal(cache_open(dir, &c, NULL), 0);
    return c;
}

static void put(struct cache *c, const char *id, const char *text)
{
    struct item item = item_of(KIND_CONTACT, id, 1, text);

    assert_int_equal(cache_put(c, "F", &item, 1, NULL), 0);
}

static struct cache_version version_of(struct cache *c, const char *id)
{
    struct cache_version version = {.moment = cache_moment(c)};
    struct cache_record r;

    assert_int_equal(cache_get(c, KIND_CONTACT, "F", id, false, &r), 0);
    version.seq = r.seq;
    cache_record_release(&r);
    return version;
}

static struct cache_hold *hold(struct cache *c, const char *id)
{
    struct cache_hold *h = cache_hold(c, version_of(c, id));

    assert_non_null(h);
    return h;
}

static void assert_held(struct cache *c, struct cache_hold *h, const char *text)
{
    const char *held = NULL;

    assert_int_equal(cache_held_text(c, h, &held), 0);
    assert_string_equal(held, text);
}

static void test_read_later(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, "a", BEFORE);
    struct cache_hold *h = hold(c, "a"), *other = hold(c, "a");
    assert_held(c, h, BEFORE);
    put(c, "a", AFTER);
    assert_held(c, h, BEFORE);
    assert_held(c, other, BEFORE);
    cache_let_go(c, h);
    assert_held(c, other, BEFORE);
    cache_let_go(c, other);
    cache_let_go(c, NULL);
    h = hold(c, "a");
    assert_held(c, h, AFTER);
    cache_let_go(c, h);
    cache_close(c);
}

static void change(struct cache *c)
{
    put(c, "a", AFTER);
}

static void change_twice_at_once(struct cache *c)
{
    db_begin(&c->db);
    put(c, "a", AFTER);
    put(c, "a", "{}");
    db_end(&c->db, 0);
}

static void change_and_take_back(struct cache *c)
{
    db_begin(&c->db);
    put(c, "a", AFTER);
    db_end(&c->db, -EIO);
}

static void remove_it(struct cache *c)
{
    assert_int_equal(cache_remove(c, KIND_CONTACT, "F", "a"), 0);
}

static void remove_and_make(struct cache *c)
{
    remove_it(c);
    put(c, "a", AFTER);
}

static void move(struct cache *c)
{
    assert_int_equal(cache_move(c, KIND_CONTACT, "a", "F", "G"), 0);
}

static void drop_folder(struct cache *c)
{
    struct cache_folders none = {.asked_at = 1};

    assert_int_equal(cache_put_folders(c, KIND_CONTACT, &none), 0);
    assert_int_equal(cache_get(c, KIND_CONTACT, "F", "a", false, NULL), -ENOENT);
}

static void test_whatever_becomes_of_it(void **state)
{
    void (*const fates[])(struct cache *) = {change,     change_twice_at_once, change_and_take_back,
                                             remove_it,  remove_and_make,      move,
                                             drop_folder};

    for (size_t i = 0; i < ARRAY_SIZE(fates); i++) {
        struct cache *c = open_cache(*state);

        put(c, "a", BEFORE);
        put(c, "b", "{}");
        struct cache_version seen = version_of(c, "a"), neighbour = version_of(c, "b");
        struct cache_hold *h = hold(c, "a");
        fates[i](c);
        assert_false(cache_is_latest(c, seen));
        assert_null(cache_hold(c, seen));
        assert_null(cache_hold(c, neighbour)); /* not known to be another */
        assert_held(c, h, BEFORE);
        cache_let_go(c, h);
        cache_remove(c, KIND_CONTACT, "F", "a");
        cache_close(c);
    }
}

static void test_what_leaves_texts_alone(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, "a", BEFORE);
    struct cache_version seen = version_of(c, "a");
    put(c, "a", BEFORE);
    put(c, "b", "{}");
    assert_int_equal(cache_outdate(c, KIND_CONTACT, "F"), 0);
    assert_true(cache_is_latest(c, seen));
    assert_false(cache_is_latest(c, (struct cache_version){.moment = cache_moment(c)}));
    cache_close(c);
}

/* What was read while a text was being changed is nobody's latest. */
static void test_while_it_is_changed(void **state)
{
    struct cache *c = open_cache(*state);

    put(c, "a", BEFORE);
    struct cache_version seen = version_of(c, "a");
    db_begin(&c->db);
    struct cache_hold *h = cache_hold(c, seen);
    put(c, "a", AFTER);
    seen.moment = cache_moment(c);
    assert_null(cache_hold(c, seen));
    assert_int_equal(db_end(&c->db, 0), 0);
    assert_false(cache_is_latest(c, seen));
    assert_true(cache_is_latest(c, version_of(c, "a")));
    assert_held(c, h, BEFORE);
    cache_let_go(c, h);
    cache_close(c);
}

static void spoil(struct cache *c)
{
    struct sql_query q;

    db_begin(&c->db);
    db_write(&c->db, &q, "UPDATE texts SET text = zeroblob(40)");
    assert_int_equal(db_end(&c->db, sql_run(&q)), 0);
}

static void test_damaged(void **state)
{
    struct cache *c = open_cache(*state);
    const char *text;

    put(c, "a", BEFORE);
    struct cache_hold *h = hold(c, "a");
    spoil(c);
    assert_int_equal(cache_held_text(c, h, &text), -EIO);
    assert_int_equal(cache_get(c, KIND_CONTACT, "F", "a", false, NULL), -ENOENT);
    put(c, "a", BEFORE); /* as the service says it again */
    assert_int_equal(cache_held_text(c, h, &text), -EIO);
    cache_let_go(c, h);
    cache_close(c);
}

static void test_damaged_and_changed(void **state)
{
    struct cache *c = open_cache(*state);
    const char *text;

    put(c, "a", BEFORE);
    struct cache_hold *h = hold(c, "a");
    spoil(c);
    put(c, "a", AFTER);
    assert_int_equal(cache_held_text(c, h, &text), -EIO);
    assert_int_equal(cache_get(c, KIND_CONTACT, "F", "a", false, NULL), 0);
    cache_let_go(c, h);
    cache_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_read_later),
        dir_test(test_whatever_becomes_of_it),
        dir_test(test_what_leaves_texts_alone),
        dir_test(test_while_it_is_changed),
        dir_test(test_damaged),
        dir_test(test_damaged_and_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
