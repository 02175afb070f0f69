#include "store_test.h"

#include "store/state_p.h"

#include <outlookfs/store/state.h>

#include <stdio.h>

static struct state *open_state(const char *dir)
{
    struct state *s;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    return s;
}

static void test_what_rows_have_is_not_absent(void **state)
{
    struct state *s = open_state(*state);
    struct slot slot = {.kind = KIND_CONTACT, .folder = "F", .name = "new.json", .ino = 1};
    struct local local = {.ino = 2, .dir = 1, .name = "notes.txt", .mode = 0100644};

    assert_true(is_absent(s, "new.json"));
    assert_true(is_absent(s, NULL));
    assert_int_equal(state_put_slot(s, &slot), 0);
    assert_int_equal(state_set_record(s, slot.id, "record"), 0);
    assert_int_equal(state_put_local(s, &local), 0);
    slot.name = "moved.json";
    assert_int_equal(state_move_slot(s, &slot, "G", false), 0);
    assert_false(is_absent(s, "new.json")); /* never taken out */

    for (int i = 0; i < 2; i++) { /* also from the rows of an earlier run */
        struct slot found;
        struct local file;

        assert_int_equal(state_slot_by_name(s, KIND_CONTACT, "G", "moved.json", &found), 0);
        slot_release(&found);
        assert_int_equal(state_slot_by_record(s, KIND_CONTACT, "G", "record", &found), 0);
        slot_release(&found);
        assert_int_equal(state_find_local(s, 1, "notes.txt", &file), 0);
        local_release(&file);
        assert_true(is_absent(s, "other.json"));
        state_close(s);
        s = open_state(*state);
    }
    assert_true(is_absent(s, "new.json"));
    state_close(s);
}

static void test_few_absent_names_are_asked_for(void **state)
{
    struct state *s = open_state(*state);
    char name[32];
    int asked = 0;

    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "entered %d", i);
        absent_enter(s, name);
    }
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "entered %d", i);
        assert_false(is_absent(s, name));
        snprintf(name, sizeof(name), "absent %d", i);
        asked += !is_absent(s, name);
    }
    assert_in_range(asked, 0, 20);
    state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_what_rows_have_is_not_absent),
        dir_test(test_few_absent_names_are_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
