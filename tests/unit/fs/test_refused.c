/*
 * test_refused.c - what the service does not take: the editor is told, the bytes stay, nothing is
 * lost (saving rules R10, R19); conflicts; being offline.
 */
#include "script_test.h"

static void refuse(struct rig *t, enum operation op, enum grade grade, int status)
{
    faulty_plan(t->faulty,
                &(struct faulty_plan){.op = op, .count = 1, .grade = grade, .status = status});
}

/* Everything in a directory of .outlookfs, joined; for what is in it. The caller frees. */
static bool contains(struct rig *t, const char *dir, const char *text)
{
    char *list = rig_list(t, dir), *rest = NULL;
    bool found = false;

    for (char *name = strtok_r(list, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        char *path = xasprintf("%s/%s", dir, name), *bytes = rig_read(t, path);
        found |= bytes && strstr(bytes, text);
        free(bytes);
        free(path);
    }
    free(list);
    return found;
}

static void test_fsync_tells_the_editor(void **state)
{
    static const struct {
        enum grade grade;
        int status, error;
    } cases[] = {
        {GRADE_REFUSED, 400, -EINVAL}, {GRADE_DENIED, 403, -EACCES}, {GRADE_TOO_BIG, 413, -EFBIG}};
    struct rig *t = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fs_handle *h;

        refuse(t, OP_CONTACT_PATCH_ITEM, cases[i].grade, cases[i].status);
        assert_int_equal(rig_open(t, t->path, O_WRONLY | O_TRUNC, &h), 0);
        assert_int_equal(rig_write(t, h, t->after, 0), strlen(t->after));
        assert_int_equal(rig_fsync(t, h), cases[i].error);
        assert_int_equal(rig_close(t, h), 0);
        assert_text(t, t->path, t->after);
        assert_xattr(t, t->path, "state", "failed");
        script_run(t, "open @ wt; write old; close");
        assert_xattr(t, t->path, "state", "synced");
    }
}

/* vim puts the old version back: nothing more is sent, and the text that was refused can still be
 * found. */
static void test_vims_failure_dance(void **state)
{
    struct rig *t = *state;

    refuse(t, OP_CONTACT_PATCH_ITEM, GRADE_REFUSED, 400);
    script_run(t, "rename @ @~; create @ w; trunc 0; write new; !EINVAL fsync; close; unlink @; "
                  "rename @~ @");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 0);
    assert_text(t, t->path, t->before);
    assert_xattr(t, t->path, "state", "synced");
    assert_true(contains(t, ".outlookfs/trash", "+49 170 55501234"));
    assert_int_equal(memory_count(t->memory, KIND_CONTACT), 1);
}

static void test_vims_dance_over_what_was_saved_before(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close; sync");
    refuse(t, OP_CONTACT_PATCH_ITEM, GRADE_REFUSED, 400);
    script_run(t,
               "rename @ @~; create @ w; write old; !EINVAL fsync; close; unlink @; rename @~ @");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_text(t, t->path, t->after);
}

static void test_parked_and_discarded(void **state)
{
    struct rig *t = *state;

    refuse(t, OP_CONTACT_PATCH_ITEM, GRADE_REFUSED, 400);
    script_run(t, "open @ wt; write new; close");
    assert_int_equal(rig_sync(t), -EIO);
    assert_text(t, t->path, t->after);
    char *entry = rig_find(t, ".outlookfs/failed", t->name);
    assert_non_null(entry);
    assert_true(contains(t, ".outlookfs/failed", "planned failure"));
    assert_xattr(t, t->path, "error", "planned failure: refused");
    rig_restart(t);
    assert_xattr(t, t->path, "state", "failed");
    assert_int_equal(rig_unlink(t, entry), 0);
    assert_false(rig_exists(t, entry));
    assert_xattr(t, t->path, "state", "synced");
    assert_text(t, t->path, t->before);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 0);
    free(entry);
}

static void test_parked_and_touched(void **state)
{
    struct rig *t = *state;

    refuse(t, OP_CONTACT_PATCH_ITEM, GRADE_REFUSED, 400);
    script_run(t, "open @ wt; write new; close");
    assert_int_equal(rig_sync(t), -EIO);
    script_run(t, "touch @; sync");
    assert_sent(t, 1, 0, 0);
    assert_xattr(t, t->path, "state", "synced");
}

static void test_a_refused_new_file(void **state)
{
    struct rig *t = *state;

    refuse(t, OP_CONTACT_POST_ITEM, GRADE_REFUSED, 400);
    assert_int_equal(rig_save(t, CONTACTS "x.json", "{\"GivenName\": \"X\"}"), 0);
    assert_int_equal(rig_sync(t), -EIO);
    assert_text(t, CONTACTS "x.json", "{\"GivenName\": \"X\"}");
    char *entry = rig_find(t, ".outlookfs/failed", "x.json");
    assert_int_equal(rig_unlink(t, entry), 0);
    assert_false(rig_exists(t, CONTACTS "x.json"));
    free(entry);
}

/* The kernel may have kept the name since before there was anything to refuse. */
static void test_refused_gone_and_discarded(void **state)
{
    struct rig *t = *state;

    const struct fs_req nobody = {.cancel = NULL};
    struct fs_handle *reader;
    struct fs_open open;

    script_run(t, "open @ wt; write new; close");
    uint64_t ino = rig_ino(t, t->path);
    assert_int_equal(rig_open(t, t->path, O_RDONLY, &reader), 0);
    memory_remove(t->memory, KIND_CONTACT, t->contact);
    assert_int_equal(rig_sync(t), -EIO);
    char *entry = rig_find(t, ".outlookfs/failed", t->name);
    rig_hold_housekeeping(t);
    unsigned told = t->told_inode;
    assert_int_equal(rig_unlink(t, entry), 0);
    assert_false(rig_exists(t, t->path));
    assert_true(t->told_inode > told);
    assert_int_equal(t->last_inode, ino);
    assert_int_equal(fs_open(t->fs, &nobody, ino, O_WRONLY | O_TRUNC, &open), -ESTALE);
    char *text = rig_read_handle(t, reader);
    assert_string_equal(text, t->after);
    free(text);
    rig_release(t, reader);
    free(entry);
}

static void test_a_queued_operation_is_taken_back(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close");
    char *entry = rig_find(t, ".outlookfs/queue", t->name);
    char *text = rig_read(t, entry);
    assert_non_null(strstr(text, "\"verb\": \"update\""));
    assert_non_null(strstr(text, "\"MobilePhone1\""));
    assert_non_null(strstr(text, "+49 170 55501234"));
    assert_null(strstr(text, "Surname"));
    free(text);
    assert_int_equal(rig_unlink(t, entry), 0);
    assert_text(t, t->path, t->before);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    free(entry);
}

static void test_a_queued_deletion_is_taken_back(void **state)
{
    struct rig *t = *state;

    script_run(t, "unlink @; gone @");
    char *entry = rig_find(t, ".outlookfs/queue", t->name);
    assert_int_equal(rig_unlink(t, entry), 0);
    assert_soon(rig_exists(t, t->path));
    assert_text(t, t->path, t->before);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    free(entry);
}

/* --- conflicts -------------------------------------------------------------------------------- */

static char *conflict(struct rig *t, const char *file)
{
    return xasprintf(".outlookfs/conflicts/%s/%s", t->contact, file);
}

static void make_conflict(struct rig *t)
{
    script_run(t, "open @ wt; write new; close");
    rig_edit(t, t->contact, "MobilePhone1", "theirs");
    assert_int_equal(rig_sync(t), -EIO);
    assert_sent(t, 0, 0, 0);
    assert_xattr(t, t->path, "state", "conflict");
    assert_xattr(t, t->path, "error", "somebody else changed MobilePhone1 too");
}

static bool shows_theirs(struct rig *t)
{
    char *text = rig_read(t, t->path);
    bool theirs = text && strstr(text, "\"theirs\"");

    free(text);
    return theirs;
}

static void test_a_conflict_keeps_both(void **state)
{
    struct rig *t = *state;
    char *base = conflict(t, "base.json"), *mine = conflict(t, "mine.json");
    char *theirs = conflict(t, "theirs.json"), *dir = conflict(t, "");

    make_conflict(t);
    assert_soon(shows_theirs(t));
    rig_restart(t);
    assert_true(shows_theirs(t));
    assert_xattr(t, t->path, "state", "conflict");
    assert_text(t, base, t->before);
    assert_text(t, mine, t->after);
    char *text = rig_read(t, theirs);
    assert_non_null(strstr(text, "\"theirs\""));
    free(text);
    dir[strlen(dir) - 1] = '\0';
    char *list = rig_list(t, dir);
    assert_string_equal(list, "\nbase.json\nmine.json\ntheirs.json\n");
    free(list);
    free(base);
    free(mine);
    free(theirs);
    free(dir);
}

static void test_resolved_by_writing(void **state)
{
    struct rig *t = *state;
    char *resolved = with_member(t->before, "MobilePhone1", "resolved");

    make_conflict(t);
    assert_soon(shows_theirs(t));
    assert_int_equal(rig_save(t, t->path, resolved), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_member(t, t->contact, "MobilePhone1", "resolved");
    assert_xattr(t, t->path, "state", "synced");
    char *list = rig_list(t, ".outlookfs/conflicts");
    assert_string_equal(list, "\n");
    free(list);
    free(resolved);
}

/* rm -r of the conflict: the service's version is the one that counts. */
static void test_resolved_by_removing(void **state)
{
    struct rig *t = *state;
    char *mine = conflict(t, "mine.json"), *dir = conflict(t, "");

    make_conflict(t);
    assert_soon(shows_theirs(t));
    dir[strlen(dir) - 1] = '\0';
    assert_int_equal(rig_unlink(t, mine), 0);
    assert_int_equal(rig_rmdir(t, dir), 0);
    assert_false(rig_exists(t, dir));
    assert_xattr(t, t->path, "state", "synced");
    assert_true(shows_theirs(t));
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 0);
    free(mine);
    free(dir);
}

/* An editor that fsyncs is not told of an error, or it would put the old text back over theirs. */
static void test_a_conflict_met_by_fsync(void **state)
{
    struct rig *t = *state;

    rig_edit(t, t->contact, "MobilePhone1", "theirs");
    script_run(t, "open @ wt; write new; fsync; close");
    assert_xattr(t, t->path, "state", "conflict");
    assert_soon(shows_theirs(t));
    assert_member(t, t->contact, "MobilePhone1", "theirs");
}

static void test_removing_a_conflict_keeps_mine_in_the_trash(void **state)
{
    struct rig *t = *state;

    make_conflict(t);
    script_run(t, "unlink @; sync");
    assert_sent(t, 0, 0, 1);
    assert_true(contains(t, ".outlookfs/trash", "+49 170 55501234"));
    assert_true(contains(t, ".outlookfs/trash", "\"theirs\""));
}

/* --- a machine so busy that nothing is done in the background --- */

/* Who is told of the conflict, by the state or by a sync that returned, is shown theirs. */
static void test_the_file_shows_theirs_with_the_state(void **state)
{
    struct rig *t = *state;

    rig_hold_housekeeping(t);
    rig_edit(t, t->contact, "Surname", "Roe");
    make_conflict(t);
    char *seen = rig_read(t, t->path);
    char *resolved = with_member(seen, "MobilePhone1", "resolved");
    assert_non_null(strstr(seen, "\"theirs\""));
    assert_int_equal(rig_save(t, t->path, resolved), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_member(t, t->contact, "MobilePhone1", "resolved");
    assert_member(t, t->contact, "Surname", "Roe");
    free(resolved);
    free(seen);
}

/* Also who replaces the file without a look at it. */
static void test_replaced_by_a_rename(void **state)
{
    struct rig *t = *state;

    rig_hold_housekeeping(t);
    make_conflict(t);
    script_run(t, "create tmp wx; write new; close; rename tmp @; sync");
    assert_sent(t, 1, 0, 0);
    assert_member(t, t->contact, "MobilePhone1", "+49 170 55501234");
}

static void test_the_backup_is_what_the_file_showed(void **state)
{
    struct rig *t = *state;

    rig_hold_housekeeping(t);
    make_conflict(t);
    script_run(t, "rename @ @~");
    assert_true(contains(t, "contacts/Contacts", "\"theirs\""));
}

/* A save that was merged: the next one begins with what came of it. */
static void test_the_file_shows_what_was_merged(void **state)
{
    struct rig *t = *state;

    rig_hold_housekeeping(t);
    script_run(t, "open @ wt; write new; close");
    rig_edit(t, t->contact, "Surname", "Roe");
    assert_int_equal(rig_sync(t), 0);
    char *seen = rig_read(t, t->path);
    char *next = with_member(seen, "MobilePhone1", "next");
    assert_int_equal(rig_save(t, t->path, next), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_member(t, t->contact, "MobilePhone1", "next");
    assert_member(t, t->contact, "Surname", "Roe");
    free(next);
    free(seen);
}

/* A file that was open all the time shows mine: saving it is one more edit of mine. */
static void test_an_open_file_resolves_nothing(void **state)
{
    struct rig *t = *state;
    char *more = with_member(t->after, "Surname", "Mine"), *mine = conflict(t, "mine.json");
    struct fs_handle *h;

    assert_int_equal(rig_open(t, t->path, O_RDWR, &h), 0);
    make_conflict(t);
    assert_text(t, t->path, t->after);
    assert_int_equal(rig_write(t, h, more, 0), strlen(more));
    assert_int_equal(rig_flush(t, h), 0);
    assert_xattr(t, t->path, "state", "pending");
    assert_int_equal(rig_close(t, h), 0);
    assert_int_equal(rig_sync(t), -EIO);
    assert_sent(t, 0, 0, 0);
    assert_xattr(t, t->path, "state", "conflict");
    assert_text(t, mine, more);
    assert_true(shows_theirs(t));
    assert_member(t, t->contact, "MobilePhone1", "theirs");
    free(mine);
    free(more);
}

/* --- offline ---------------------------------------------------------------------------------- */

static void test_offline(void **state)
{
    struct rig *t = *state;
    int64_t before = clock_mono();

    faulty_offline(t->faulty, true);
    assert_text(t, t->path, t->before);
    assert_true(rig_lists(t, "contacts/Contacts", t->name));
    script_run(t, "rename @ @~; create @ w; write new; fsync; close; unlink @~; "
                  "create new.json wx; write old; fsync; close");
    assert_text(t, t->path, t->after);
    assert_true(rig_lists(t, "contacts/Contacts", "new.json"));
    assert_int_equal(rig_sync(t), -EINPROGRESS);
    assert_true(clock_mono() - before < 20 * NS_PER_S);

    rig_restart(t);
    assert_text(t, t->path, t->after);
    assert_xattr(t, t->path, "state", "pending");
    assert_true(rig_lists(t, "contacts/Contacts", "new.json"));
    faulty_offline(t->faulty, false);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 1, 0);
    assert_member(t, t->contact, "MobilePhone1", "+49 170 55501234");
}

/* Nothing is cached: what was made here is there all the same. */
static void test_offline_with_a_new_cache(void **state)
{
    struct rig *t = *state;
    struct fs_dirent dirent;
    struct fs_entry entry;
    struct fs_dir *dir;
    bool found = false;
    int rc;

    free(rig_list(t, "contacts"));
    script_run(t, "create new.json wx; write old; close");
    rig_stop(t);
    rig_delete_cache(t);
    rig_start(t);
    free(rig_list(t, "contacts"));
    faulty_offline(t->faulty, true);
    assert_int_equal(rig_lookup(t, "contacts/Contacts", &entry), 0);
    assert_int_equal(fs_opendir(t->fs, &(struct fs_req){0}, entry.ino, &dir), 0);
    for (uint64_t at = 0; (rc = fs_readdir(t->fs, &(struct fs_req){0}, dir, at, &dirent)) == 1;
         at = dirent.next)
        found |= str_eq(dirent.name, "new.json");
    assert_true(found);
    assert_int_equal(rc, -EHOSTUNREACH); /* the rest is not known */
    fs_releasedir(t->fs, dir);
    rig_forget(t, &entry);
    assert_text(t, CONTACTS "new.json", t->before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_fsync_tells_the_editor),
        TEST(test_vims_failure_dance),
        TEST(test_vims_dance_over_what_was_saved_before),
        TEST(test_parked_and_discarded),
        TEST(test_parked_and_touched),
        TEST(test_a_refused_new_file),
        TEST(test_refused_gone_and_discarded),
        TEST(test_a_queued_operation_is_taken_back),
        TEST(test_a_queued_deletion_is_taken_back),
        TEST(test_a_conflict_keeps_both),
        TEST(test_resolved_by_writing),
        TEST(test_resolved_by_removing),
        TEST(test_a_conflict_met_by_fsync),
        TEST(test_removing_a_conflict_keeps_mine_in_the_trash),
        TEST(test_the_file_shows_theirs_with_the_state),
        TEST(test_replaced_by_a_rename),
        TEST(test_the_backup_is_what_the_file_showed),
        TEST(test_the_file_shows_what_was_merged),
        TEST(test_an_open_file_resolves_nothing),
        TEST(test_offline),
        TEST(test_offline_with_a_new_cache),
    };

    return cmocka_run_group_tests_name("refused", tests, NULL, NULL);
}
