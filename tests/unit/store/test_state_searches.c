/* Searches that are kept. */
#include "store_test.h"

#include <outlookfs/store/searches.h>
#include <outlookfs/store/state.h>

static struct state *open_state(const char *dir)
{
    struct state *s = NULL;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    return s;
}

/* "a,b," of what is kept there. */
static void assert_kept(struct state *s, const char *place, const char *folder, const char *want)
{
    char **names = NULL, got[256] = "";
    size_t count = 0;

    assert_int_equal(state_searches(s, place, folder, &names, &count), 0);
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(got, names[i]), ",");
        free(names[i]);
    }
    free(names);
    assert_string_equal(got, want);
}

static void test_kept_until_removed(void **state)
{
    struct state *s = open_state(*state);

    assert_kept(s, "mail", "Inbox", "");
    assert_int_equal(state_add_search(s, "mail", "Inbox", "b"), 0);
    assert_int_equal(state_add_search(s, "mail", "Inbox", "a"), 0);
    assert_int_equal(state_add_search(s, "mail", "Inbox", "a"), -EEXIST);
    assert_int_equal(state_add_search(s, "mail", "Archive", "a"), 0);
    assert_int_equal(state_add_search(s, "local", "", "a"), 0);
    state_close(s);

    s = open_state(*state);
    assert_kept(s, "mail", "Inbox", "a,b,");
    assert_true(state_has_search(s, "mail", "Inbox", "a"));
    assert_false(state_has_search(s, "contacts", "Inbox", "a"));
    assert_int_equal(state_remove_search(s, "mail", "Inbox", "a"), 0);
    assert_int_equal(state_remove_search(s, "mail", "Inbox", "a"), 0);
    assert_false(state_has_search(s, "mail", "Inbox", "a"));
    assert_kept(s, "mail", "Inbox", "b,");
    assert_kept(s, "mail", "Archive", "a,");
    assert_kept(s, "local", "", "a,");
    state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_kept_until_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
