#include "store_test.h"

#include <outlookfs/store/state.h>

static struct state *open_state(const char *dir)
{
    struct state *s;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    return s;
}

static void add(struct state *s, int64_t at, const char *text)
{
    struct trash_entry entry = {
        .at = at,
        .kind = KIND_EVENT,
        .folder = (char *)"F",
        .record = (char *)"r",
        .name = (char *)"n.json",
        .why = (char *)"delete",
        .text = (char *)text,
    };

    assert_int_equal(state_add_trash(s, &entry), 0);
}

/* The times of what is left, oldest first. */
static void assert_left(struct state *s, const int64_t *times, size_t expected)
{
    struct trash_entry *list;
    size_t count;

    assert_int_equal(state_trash(s, &list, &count), 0);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].at, times[i]);
        trash_entry_release(&list[i]);
    }
    free(list);
}

static void test_keeps_every_field(void **state)
{
    struct state *s = open_state(*state);
    struct trash_entry *list;
    struct trash_entry got;
    size_t count;

    add(s, 5, "text");
    state_close(s);
    s = open_state(*state);
    assert_int_equal(state_trash(s, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_null(list[0].text);
    assert_int_equal(list[0].size, 4);
    assert_int_equal(state_get_trash(s, list[0].id, &got), 0);
    assert_int_equal(got.id, list[0].id);
    assert_int_equal(got.at, 5);
    assert_int_equal(got.kind, KIND_EVENT);
    assert_string_equal(got.folder, "F");
    assert_string_equal(got.record, "r");
    assert_string_equal(got.name, "n.json");
    assert_string_equal(got.why, "delete");
    assert_string_equal(got.text, "text");
    assert_int_equal(got.size, 4);
    trash_entry_release(&got);
    assert_int_equal(state_remove_trash(s, list[0].id), 0);
    assert_int_equal(state_remove_trash(s, list[0].id), 0);
    assert_int_equal(state_get_trash(s, list[0].id, &got), -ENOENT);
    trash_entry_release(&list[0]);
    free(list);
    state_close(s);
}

static void test_prunes_by_age(void **state)
{
    struct state *s = open_state(*state);

    add(s, 30, "c");
    add(s, 10, "a");
    add(s, 20, "b");
    assert_left(s, (int64_t[]){10, 20, 30}, 3);
    assert_int_equal(state_prune_trash(s, 20, SIZE_MAX), 0);
    assert_left(s, (int64_t[]){20, 30}, 2);
    assert_int_equal(state_prune_trash(s, 0, SIZE_MAX), 0);
    assert_left(s, (int64_t[]){20, 30}, 2);
    state_close(s);
}

static void test_prunes_by_size(void **state)
{
    struct state *s = open_state(*state);

    add(s, 40, "4444");
    add(s, 10, "1");
    add(s, 20, "22");
    add(s, 30, "333");
    assert_int_equal(state_prune_trash(s, 0, 10), 0);
    assert_left(s, (int64_t[]){10, 20, 30, 40}, 4);
    assert_int_equal(state_prune_trash(s, 0, 9), 0);
    assert_left(s, (int64_t[]){20, 30, 40}, 3);
    assert_int_equal(state_prune_trash(s, 0, 8), 0);
    assert_left(s, (int64_t[]){30, 40}, 2);

    /* The newest does not fit: what is older does not stay in its place. */
    assert_int_equal(state_prune_trash(s, 0, 3), 0);
    assert_left(s, NULL, 0);
    assert_int_equal(state_prune_trash(s, 0, 0), 0);
    state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_keeps_every_field),
        dir_test(test_prunes_by_age),
        dir_test(test_prunes_by_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
