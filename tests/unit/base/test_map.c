#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/map.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 10000

static int values[MANY];

static const char *key_of(int i)
{
    static char key[32];

    snprintf(key, sizeof(key), "AAMkADZiMmZi-%d", i);
    return key;
}

static void fill(struct map *m)
{
    map_init(m);
    for (int i = 0; i < MANY; i++)
        assert_null(map_set(m, key_of(i), &values[i]));
}

static void test_empty(void **state)
{
    struct map m;

    (void)state;
    map_init(&m);
    assert_null(map_get(&m, "a"));
    assert_null(map_remove(&m, "a"));
    assert_null(map_first(&m));
    map_release(&m);
}

static void test_sets_and_replaces(void **state)
{
    struct map m;
    char key[] = "a";

    (void)state;
    map_init(&m);
    assert_null(map_set(&m, key, &values[0]));
    key[0] = 'b'; /* the map has its own copy */
    assert_ptr_equal(map_get(&m, "a"), &values[0]);
    assert_null(map_get(&m, "b"));
    assert_ptr_equal(map_set(&m, "a", &values[1]), &values[0]);
    assert_int_equal(m.count, 1);
    assert_ptr_equal(map_remove(&m, "a"), &values[1]);
    assert_null(map_remove(&m, "a"));
    assert_int_equal(m.count, 0);
    assert_null(map_set(&m, "", &values[2]));
    assert_ptr_equal(map_get(&m, ""), &values[2]);
    map_release(&m);
}

static void test_holds_many(void **state)
{
    struct map m;

    (void)state;
    fill(&m);
    assert_int_equal(m.count, MANY);
    for (int i = 0; i < MANY; i += 2)
        assert_ptr_equal(map_remove(&m, key_of(i)), &values[i]);
    assert_int_equal(m.count, MANY / 2);
    for (int i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(&m, key_of(i)), i % 2 ? &values[i] : NULL);
    map_release(&m);
    assert_int_equal(m.count, 0);
}

static void test_walks_each_once(void **state)
{
    static int seen[MANY];
    struct map m;
    int count = 0;

    (void)state;
    fill(&m);
    for (struct map_entry *e = map_first(&m); e; e = map_next(&m, e)) {
        int i = (int)((int *)e->value - values);

        assert_string_equal(e->key, key_of(i));
        assert_int_equal(seen[i]++, 0);
        count++;
    }
    assert_int_equal(count, MANY);
    map_release(&m);
}

static void test_removes_during_a_walk(void **state)
{
    struct map m;
    size_t left = 0;

    (void)state;
    fill(&m);
    for (struct map_entry *e = map_first(&m); e; e = map_next(&m, e)) {
        int *value = e->value;

        if ((value - values) % 3 != 0)
            assert_ptr_equal(map_remove(&m, e->key), value);
    }
    for (struct map_entry *e = map_first(&m); e; e = map_next(&m, e), left++)
        assert_int_equal(((int *)e->value - values) % 3, 0);
    assert_int_equal(left, m.count);
    assert_int_equal(left, (MANY + 2) / 3);

    for (struct map_entry *e = map_first(&m); e; e = map_next(&m, e))
        map_remove(&m, e->key);
    assert_int_equal(m.count, 0);
    assert_null(map_first(&m));
    map_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_sets_and_replaces),
        cmocka_unit_test(test_holds_many),
        cmocka_unit_test(test_walks_each_once),
        cmocka_unit_test(test_removes_during_a_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
