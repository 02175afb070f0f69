/*
 * test_given.c - the bytes that the kernel is given when a file is opened: those it would read, and only while it has none.
 */
#include "fs_test.h"

#include "fs/core/core_p.h"

static const struct fs_req nobody = {.cancel = NULL};

/* What the kernel was given. */
struct given {
    unsigned times;
    uint64_t ino;
    char *text;
};

static struct given given;

static void take(void *ctx, uint64_t ino, const char *bytes, size_t count)
{
    (void)ctx;
    free(given.text);
    given = (struct given){given.times + 1, ino, xstrndup(bytes, count)};
}

static void told_nothing(void *ctx, uint64_t ino)
{
    (void)ctx;
    (void)ino;
}

static int setup(void **state)
{
    static const struct fs_notify notify = {.inode = told_nothing, .store = take};
    int rc = rig_setup(state);
    struct rig *t = *state;

    given = (struct given){0};
    if (!rc)
        t->fs->config.notify = &notify;
    return rc;
}

static int teardown(void **state)
{
    free(given.text);
    return rig_teardown(state);
}

/* Of the contact; answers fs_open.direct_io. */
static bool open_and_close(struct rig *t, const struct fs_entry *entry, int flags)
{
    struct fs_open open;

    assert_int_equal(fs_open(t->fs, &nobody, entry->ino, flags, &open), 0);
    fs_release(t->fs, open.handle);
    return open.direct_io;
}

static void test_at_the_first_open(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;

    assert_int_equal(rig_lookup(t, t->path, &entry), 0);
    assert_int_equal(given.times, 0);
    assert_false(open_and_close(t, &entry, O_RDONLY));
    assert_int_equal(given.times, 1);
    assert_true(given.ino == entry.ino);
    assert_string_equal(given.text, t->before);
    open_and_close(t, &entry, O_RDONLY); /* now it has its pages, or had reasons to drop them */
    assert_int_equal(given.times, 1);
    rig_forget(t, &entry);
}

static void test_again_when_it_was_forgotten(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;

    for (unsigned times = 1; times <= 2; times++) {
        assert_int_equal(rig_lookup(t, t->path, &entry), 0);
        open_and_close(t, &entry, O_RDONLY);
        rig_forget(t, &entry);
        assert_int_equal(given.times, times);
    }
}

static void test_not_to_who_writes(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;

    assert_int_equal(rig_lookup(t, t->path, &entry), 0);
    open_and_close(t, &entry, O_RDWR);
    open_and_close(t, &entry, O_RDONLY);
    assert_int_equal(given.times, 0);
    rig_forget(t, &entry);
}

/* Its size and time would be taken for those of other bytes. */
static void test_no_version_that_it_does_not_know(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;

    assert_int_equal(rig_lookup(t, t->path, &entry), 0);
    rig_edit(t, t->contact, "Surname", "Somebody Else");
    rig_refresh(t, "contacts/Contacts");
    assert_true(open_and_close(t, &entry, O_RDONLY));
    assert_int_equal(given.times, 0);
    rig_forget(t, &entry);
}

static void test_nothing_that_it_may_not_keep(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;

    assert_int_equal(rig_lookup(t, ".outlookfs/status.json", &entry), 0);
    assert_true(open_and_close(t, &entry, O_RDONLY));
    assert_int_equal(given.times, 0);
    rig_forget(t, &entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(test_at_the_first_open),
        TEST(test_again_when_it_was_forgotten),
        TEST(test_not_to_who_writes),
        TEST(test_no_version_that_it_does_not_know),
        TEST(test_nothing_that_it_may_not_keep),
    };

    return cmocka_run_group_tests_name("given", tests, NULL, NULL);
}
