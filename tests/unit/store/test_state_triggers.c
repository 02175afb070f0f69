/* Rows of triggers, and the memory of what they brought. */
#include "store_test.h"

#include <outlookfs/store/state.h>
#include <outlookfs/store/triggers.h>

static struct state *open_state(const char *dir)
{
    struct state *s = NULL;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    return s;
}

static void test_a_row_comes_back(void **state)
{
    struct state *s = open_state(*state);
    struct trigger_row row = {.name = "x",
                              .definition = "{}",
                              .draft = "d",
                              .cursor = "a=1",
                              .reason = "r",
                              .state = TRIGGER_FAILED,
                              .stopped_at = 5,
                              .gen = 6,
                              .items = 7,
                              .now = {.ino = 8, .length = 9, .mtime = 10},
                              .old = {.ino = 11, .length = 12, .mtime = 13}};
    struct trigger_row got = {0};

    assert_int_equal(state_put_trigger(s, &row), 0);
    state_close(s);
    s = open_state(*state);
    assert_int_equal(state_trigger_by_name(s, "x", &got), 0);
    assert_int_equal(got.id, row.id);
    assert_string_equal(got.definition, "{}");
    assert_string_equal(got.draft, "d");
    assert_string_equal(got.cursor, "a=1");
    assert_string_equal(got.reason, "r");
    assert_int_equal(got.state, TRIGGER_FAILED);
    assert_int_equal(got.stopped_at, 5);
    assert_int_equal(got.gen, 6);
    assert_int_equal(got.items, 7);
    assert_memory_equal(&got.now, &row.now, sizeof(row.now));
    assert_memory_equal(&got.old, &row.old, sizeof(row.old));
    assert_true(state_is_stream(s, 8) && state_is_stream(s, 11));
    assert_false(state_is_stream(s, 9));
    trigger_row_release(&got);
    state_close(s);
}

static void test_names_are_unique(void **state)
{
    struct state *s = open_state(*state);
    struct trigger_row a = {.name = "a"}, b = {.name = "b"}, again = {.name = "a"};
    struct trigger_row *rows = NULL;
    size_t count = 0;

    assert_int_equal(state_put_trigger(s, &b), 0);
    assert_int_equal(state_put_trigger(s, &a), 0);
    assert_int_equal(state_put_trigger(s, &again), -EEXIST);
    assert_int_equal(state_triggers(s, &rows, &count), 0);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].name, "a");
    trigger_rows_free(rows, count);
    assert_int_equal(state_remove_trigger(s, a.id), 0);
    assert_int_equal(state_get_trigger(s, a.id, &again), -ENOENT);
    state_close(s);
}

static void test_the_memory_is_bounded(void **state)
{
    struct state *s = open_state(*state);
    struct trigger_row row = {.name = "x"}, other = {.name = "y"};
    char key[16];

    assert_int_equal(state_put_trigger(s, &row), 0);
    assert_int_equal(state_put_trigger(s, &other), 0);
    assert_int_equal(state_trigger_see(s, other.id, "k0"), 0);
    state_begin(s);
    for (int i = 0; i <= TRIGGER_SEEN_MAX; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(state_trigger_see(s, row.id, key), 0);
    }
    assert_int_equal(state_end(s, 0), 0);
    assert_false(state_trigger_seen(s, row.id, "k0"));
    assert_true(state_trigger_seen(s, row.id, "k1"));
    assert_true(state_trigger_seen(s, row.id, key));
    assert_int_equal(state_trigger_unsee(s, row.id), 0);
    assert_false(state_trigger_seen(s, row.id, key));
    assert_true(state_trigger_seen(s, other.id, "k0"));
    state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_row_comes_back, setup_dir, teardown_dir),
        cmocka_unit_test_setup_teardown(test_names_are_unique, setup_dir, teardown_dir),
        cmocka_unit_test_setup_teardown(test_the_memory_is_bounded, setup_dir, teardown_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
