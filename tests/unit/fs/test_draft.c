/*
 * test_draft.c - text that is not, or not yet, a record (saving rules R15, R16), and what a crash
 * leaves.
 */
#include "script_test.h"

static void test_partial_is_a_draft(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new 0 60; close; wait 3600");
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    assert_xattr(t, t->path, "state", "local");
    char *text = rig_read(t, t->path), *error = rig_xattr(t, t->path, "error");
    assert_int_equal(strlen(text), 60);
    assert_non_null(strchr(error, ':'));
    free(text);
    free(error);
    script_run(t, "open @ w; write new 60 $; close");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_xattr(t, t->path, "error", "");
}

static void test_malformed_is_refused_with_its_place(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write bad; !EINVAL close");
    char *error = rig_xattr(t, t->path, "error");
    assert_true(str_starts(error, "2:15:"));
    free(error);
    assert_text(t, t->path, "{\n  \"GivenName\" \"Jane\"\n}\n");
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    script_run(t, "open @ wt; write new; close");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
}

static void test_what_is_refused_at_close(void **state)
{
    static const struct {
        const char *name, *steps;
    } cases[] = {
        {"no object", "open @ wt; write list; !EINVAL close"},
        {"half a text that was fsynced", "open @ wt; write new 0 60; fsync; !EINVAL close"},
        {"renamed in", "create tmp w; write bad; close; !EINVAL rename tmp @; stat tmp"},
        {"half a text renamed in", "create tmp w; write new 0 60; close; !EINVAL rename tmp @"},
        {"an empty file renamed in", "create empty w; close; !EINVAL rename empty @"},
        {"a link renamed in", "symlink link; !EPERM rename link @"},
    };
    struct rig *t = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        print_message("%s\n", cases[i].name);
        script_run(t, cases[i].steps);
    }
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

/* Whoever only reads is not told what another is writing, and the writer is. */
static void test_a_reader_closes(void **state)
{
    struct rig *t = *state;

    script_run(t, "open1 @ r; open @ wt; write bad; close1; !EINVAL close");
}

static void test_a_missing_member_is_refused(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, t->path, "{\"Surname\": \"Doe\"}"), -EINVAL);
    assert_xattr(t, t->path, "state", "local");
    assert_xattr(t, t->path, "error", "GivenName: required in a contact");
    assert_text(t, t->path, "{\"Surname\": \"Doe\"}");
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_a_draft_survives(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new 0 60; close");
    uint64_t ino = rig_ino(t, t->path);
    rig_restart(t);
    assert_int_equal(rig_ino(t, t->path), ino);
    char *text = rig_read(t, t->path);
    assert_int_equal(strlen(text), 60);
    free(text);
    assert_xattr(t, t->path, "state", "local");
    script_run(t, "open @ w; write new 60 $; close");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_member(t, t->contact, "MobilePhone1", "+49 170 55501234");
}

/* The change began at the text before the draft: what the service has meanwhile is merged, not
 * overwritten. */
static void test_a_draft_remembers_where_it_began(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new 0 60; close");
    rig_edit(t, t->contact, "PersonalNotes", "by another client");
    rig_refresh(t, "contacts/Contacts");
    rig_restart(t);
    script_run(t, "open @ w; write new 60 $; close");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_member(t, t->contact, "MobilePhone1", "+49 170 55501234");
    assert_member(t, t->contact, "PersonalNotes", "by another client");
}

static void test_an_empty_draft_reverts(void **state)
{
    struct rig *t = *state;

    script_run(t, "truncate @ 0");
    assert_text(t, t->path, "");
    clock_advance(11 * NS_PER_S);
    assert_soon(rig_size(t, t->path) > 0);
    assert_text(t, t->path, t->before);
    assert_xattr(t, t->path, "state", "synced");
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_not_while_it_is_open(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_open(t, t->path, O_WRONLY | O_TRUNC, &h), 0);
    assert_int_equal(rig_flush(t, h), 0);
    clock_advance(11 * NS_PER_S);
    for (int i = 0; i < 30; i++) /* long enough for the housekeeping to look */
        rig_pause();
    assert_int_equal(rig_size(t, t->path), 0);
    rig_release(t, h);
    clock_advance(11 * NS_PER_S); /* since the close */
    assert_soon(rig_size(t, t->path) > 0);
}

static void test_an_empty_draft_reverts_to_what_is_pending(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close; truncate @ 0");
    clock_advance(11 * NS_PER_S);
    assert_soon(rig_size(t, t->path) > 0);
    assert_text(t, t->path, t->after);
    assert_xattr(t, t->path, "state", "pending");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
}

static void test_an_empty_draft_of_a_new_file_stays_unless_saved_once(void **state)
{
    struct rig *t = *state;

    script_run(t, "create a.json w; close; create b.json w; write new; close; truncate b.json 0");
    clock_advance(11 * NS_PER_S);
    assert_soon(rig_size(t, CONTACTS "b.json") > 0);
    assert_text(t, CONTACTS "b.json", t->after);
    assert_text(t, CONTACTS "a.json", "");
}

static void test_removing_a_draft(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new 0 60; close; unlink @; gone @");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 1);
    script_run(t, "create x.json w; write bad; !EINVAL close; unlink x.json; gone x.json");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 1);
}

/* The program ends between a write and the close: the file shows what was saved before. */
static void test_a_crash_while_writing(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    script_run(t, "open @ wt; write new; close");
    assert_int_equal(rig_open(t, t->path, O_WRONLY | O_TRUNC, &h), 0);
    assert_int_equal(rig_write(t, h, "{\"Giv", 0), 5);
    rig_crash(t);
    assert_text(t, t->path, t->after);
    assert_xattr(t, t->path, "state", "pending");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
}

/* The same where nothing is pending any more. */
static void test_a_crash_while_writing_what_was_sent(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    script_run(t, "open @ wt; write new; close; sync");
    assert_int_equal(rig_open(t, t->path, O_WRONLY | O_TRUNC, &h), 0);
    assert_int_equal(rig_write(t, h, "{\"Giv", 0), 5);
    rig_crash(t);
    struct stat st;
    assert_soon(!rig_stat(t, t->path, &st) && st.st_size > 5);
    char *text = rig_read(t, t->path);
    assert_non_null(strstr(text, "+49 170 55501234"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_partial_is_a_draft),
        TEST(test_malformed_is_refused_with_its_place),
        TEST(test_what_is_refused_at_close),
        TEST(test_a_reader_closes),
        TEST(test_a_missing_member_is_refused),
        TEST(test_a_draft_survives),
        TEST(test_a_draft_remembers_where_it_began),
        TEST(test_an_empty_draft_reverts),
        TEST(test_not_while_it_is_open),
        TEST(test_an_empty_draft_reverts_to_what_is_pending),
        TEST(test_an_empty_draft_of_a_new_file_stays_unless_saved_once),
        TEST(test_removing_a_draft),
        TEST(test_a_crash_while_writing),
        TEST(test_a_crash_while_writing_what_was_sent),
    };

    return cmocka_run_group_tests_name("draft", tests, NULL, NULL);
}
