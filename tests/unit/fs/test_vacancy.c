/*
 * test_vacancy.c - a record's name with nothing in it: a backup in the making, or a deletion
 * (saving rules R8, R9).
 */
#include "script_test.h"

#define GRACE (11 * NS_PER_S)

static void test_renamed_away_comes_back(void **state)
{
    struct rig *t = *state;

    script_run(t, "rename @ @~; gone @");
    assert_false(rig_lists(t, "contacts/Contacts", t->name));
    clock_advance(GRACE);
    assert_soon(rig_exists(t, t->path));
    assert_text(t, t->path, t->before);
    assert_true(rig_lists(t, "contacts/Contacts", t->name));
    script_run(t, "stat @~"); /* and the backup stays */
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_not_before_its_time(void **state)
{
    struct rig *t = *state;

    script_run(t, "rename @ @~");
    clock_advance(8 * NS_PER_S);
    for (int i = 0; i < 30; i++) /* long enough for the housekeeping to look */
        rig_pause();
    assert_false(rig_exists(t, t->path));
}

static void test_whatever_the_clock_is_set_to(void **state)
{
    struct rig *t = *state;

    script_run(t, "rename @ @~");
    clock_set_back(3600 * NS_PER_S);
    clock_advance(GRACE);
    assert_soon(rig_exists(t, t->path));
    clock_set_back(-3600 * NS_PER_S);

    script_run(t, "rename @ @~");
    clock_set_back(-3600 * NS_PER_S);
    for (int i = 0; i < 30; i++) /* long enough for the housekeeping to look */
        rig_pause();
    assert_false(rig_exists(t, t->path));
    clock_set_back(3600 * NS_PER_S);
}

static void test_across_a_restart(void **state)
{
    struct rig *t = *state;

    script_run(t, "rename @ @~");
    rig_restart(t);
    assert_false(rig_exists(t, t->path));
    clock_advance(GRACE);
    assert_soon(rig_exists(t, t->path));
    assert_text(t, t->path, t->before);
}

static void test_with_its_unsent_change(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close; rename @ @~");
    clock_advance(GRACE);
    assert_soon(rig_exists(t, t->path));
    assert_text(t, t->path, t->after);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
}

static void test_the_backup_is_a_file_of_its_own(void **state)
{
    struct rig *t = *state;
    char *backup = xasprintf("%s~", t->path);

    script_run(t, "rename @ @~; create @ w; write new; close; sync");
    assert_text(t, backup, t->before);
    script_run(t, "open @~ wt; write list; close; sync");
    assert_sent(t, 1, 0, 0);
    assert_text(t, t->path, t->after);
    rig_restart(t);
    assert_text(t, backup, "[1]\n");
    assert_int_equal(rig_unlink(t, backup), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    free(backup);
}

static void test_rm_is_one_delete_after_the_delay(void **state)
{
    struct rig *t = *state;

    script_run(t, "unlink @; gone @; wait 3600");
    assert_sent(t, 0, 0, 0);
    assert_false(rig_exists(t, t->path));
    assert_false(rig_lists(t, "contacts/Contacts", t->name));
    clock_advance(86400 * NS_PER_S);
    assert_soon(rig_calls(t, OP_CONTACT_DELETE_ITEM) == 1);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 1);
    assert_int_equal(memory_count(t->memory, KIND_CONTACT), 0);
    assert_false(rig_exists(t, t->path));
}

static void test_rm_and_a_restart(void **state)
{
    struct rig *t = *state;

    script_run(t, "unlink @");
    faulty_offline(t->faulty, true);
    rig_restart(t);
    assert_false(rig_exists(t, t->path));
    assert_false(rig_lists(t, "contacts/Contacts", t->name));
    faulty_offline(t->faulty, false);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 1);
}

/* The deletion is off as soon as the name is in use again, empty or not. */
static void test_made_anew_but_empty(void **state)
{
    struct rig *t = *state;

    script_run(t, "unlink @; create @ wx; close; sync");
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    clock_advance(GRACE);
    assert_soon(rig_size(t, t->path) > 0);
    assert_text(t, t->path, t->before);
}

/* The trash has the version that was deleted; a copy put back is a new record. */
static void test_restored_from_the_trash(void **state)
{
    struct rig *t = *state;

    script_run(t, "unlink @; sync");
    char *kept = rig_find(t, ".outlookfs/trash", t->name);
    assert_non_null(kept);
    char *text = rig_read(t, kept);
    assert_string_equal(text, t->before);
    assert_int_equal(rig_save(t, CONTACTS "again.json", text), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 1);
    char *id = rig_xattr(t, CONTACTS "again.json", "id");
    assert_member(t, id, "GivenName", "Jane");
    free(id);
    free(text);
    free(kept);
}

static void test_moved_into_a_trash_directory(void **state)
{
    static const char *const dirs[] = {".Trash-0", ".Trash"};
    struct rig *t = *state;

    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        char *files = xasprintf(CONTACTS "%s/files", dirs[i]),
             *dir = xasprintf(CONTACTS "%s", dirs[i]);
        char *to = xasprintf("%s/x.json", files), *path = CONTACTS "victim.json";

        assert_int_equal(rig_save(t, path, "{\"GivenName\": \"V\"}"), 0);
        assert_int_equal(rig_sync(t), 0);
        rig_count(t);
        assert_int_equal(rig_mkdir(t, dir), 0);
        assert_int_equal(rig_mkdir(t, files), 0);
        assert_int_equal(rig_rename(t, path, to, 0), 0);
        assert_false(rig_exists(t, path));
        assert_int_equal(rig_sync(t), 0);
        assert_sent(t, 0, 0, 1);
        assert_true(rig_exists(t, to));
        free(to);
        free(files);
        free(dir);
    }
}

/* A file the other spelling of which was looked up before. */
static void test_rm_by_either_name(void **state)
{
    struct rig *t = *state;

    script_run(t, "rename @ jane.json; unlink @; gone jane.json; sync");
    assert_sent(t, 0, 0, 1);
}

static void test_unlinked_and_open(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_open(t, t->path, O_RDWR, &h), 0);
    assert_int_equal(rig_unlink(t, t->path), 0);
    char *text = rig_read_handle(t, h);
    assert_string_equal(text, t->before);
    free(text);
    assert_int_equal(rig_write(t, h, "after the unlink", 0), 16);
    assert_int_equal(rig_flush(t, h), 0);
    script_run(t, "create @ wx; write new; close");
    text = rig_read_handle(t, h);
    assert_true(str_starts(text, "after the unlink"));
    free(text);
    rig_release(t, h);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_text(t, t->path, t->after);
}

/* Refused, a deletion gives the name back. */
static void test_a_refused_deletion(void **state)
{
    struct rig *t = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_DELETE_ITEM, .count = 1, .grade = GRADE_DENIED, .status = 403};

    faulty_plan(t->faulty, &plan);
    script_run(t, "unlink @");
    assert_int_equal(rig_sync(t), -EIO);
    assert_false(rig_exists(t, t->path));
    clock_advance(GRACE);
    assert_soon(rig_exists(t, t->path));
    assert_text(t, t->path, t->before);
    assert_xattr(t, t->path, "state", "failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_renamed_away_comes_back),
        TEST(test_not_before_its_time),
        TEST(test_whatever_the_clock_is_set_to),
        TEST(test_across_a_restart),
        TEST(test_with_its_unsent_change),
        TEST(test_the_backup_is_a_file_of_its_own),
        TEST(test_rm_is_one_delete_after_the_delay),
        TEST(test_rm_and_a_restart),
        TEST(test_made_anew_but_empty),
        TEST(test_restored_from_the_trash),
        TEST(test_moved_into_a_trash_directory),
        TEST(test_rm_by_either_name),
        TEST(test_unlinked_and_open),
        TEST(test_a_refused_deletion),
    };

    return cmocka_run_group_tests_name("vacancy", tests, NULL, NULL);
}
