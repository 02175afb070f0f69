/*
 * test_scratch.c - names that are no record: local files with all of POSIX (saving rules R1-R4).
 */
#include "script_test.h"

static const struct fs_req nobody = {.cancel = NULL};

static void test_bytes(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;
    struct stat st;

    assert_int_equal(rig_create(t, CONTACTS "x", O_RDWR | O_EXCL, 0640, &h), 0);
    assert_int_equal(rig_write(t, h, "hello", 10), 5);
    assert_int_equal(rig_write(t, h, "first", 0), 5);
    assert_int_equal(rig_fsync(t, h), 0);
    assert_int_equal(fs_fallocate(t->fs, &nobody, h, 0, 0, 100), 0);
    assert_int_equal(rig_close(t, h), 0);
    assert_int_equal(rig_stat(t, CONTACTS "x", &st), 0);
    assert_int_equal(st.st_size, 100);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(rig_truncate(t, CONTACTS "x", 15), 0);
    assert_int_equal(rig_open(t, CONTACTS "x", O_RDONLY, &h), 0);
    char bytes[32];
    assert_int_equal(fs_read(t->fs, &nobody, h, bytes, sizeof(bytes), 0), 15);
    assert_memory_equal(bytes, "first\0\0\0\0\0hello", 15);
    assert_int_equal(fs_read(t->fs, &nobody, h, bytes, sizeof(bytes), 15), 0);
    assert_int_equal(rig_write(t, h, "x", 0), -EBADF);
    rig_release(t, h);
    assert_int_equal(rig_create(t, CONTACTS "x", O_WRONLY | O_EXCL, 0640, &h), -EEXIST);
}

static void test_mode_and_time_stay(void **state)
{
    static const struct {
        const char *path;
        mode_t type;
    } paths[] = {
        {CONTACTS "file", S_IFREG}, {CONTACTS ".dir", S_IFDIR}, {CONTACTS "link", S_IFLNK}};
    struct rig *t = *state;
    struct stat st, again;

    assert_int_equal(rig_save(t, paths[0].path, "x"), 0);
    assert_int_equal(rig_mkdir(t, paths[1].path), 0);
    assert_int_equal(rig_symlink(t, "../target", paths[2].path), 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        assert_int_equal(rig_chmod(t, paths[i].path, 0751), 0);
        assert_int_equal(rig_utimens(t, paths[i].path, INT64_C(1600000000123456789)), 0);
        assert_int_equal(rig_stat(t, paths[i].path, &st), 0);
        rig_restart(t);
        assert_int_equal(rig_stat(t, paths[i].path, &again), 0);
        assert_memory_equal(&st, &again, sizeof(st));
        assert_int_equal(st.st_mode, paths[i].type | 0751);
        assert_int_equal(st.st_mtim.tv_sec, 1600000000);
        assert_int_equal(st.st_mtim.tv_nsec, 123456789);
    }
}

static void test_links(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct buf out;

    script_run(t, "symlink .#@; !EEXIST symlink .#@");
    char *path = xasprintf(CONTACTS ".#%s", t->name);
    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(rig_lookup(t, path, &entry), 0);
    assert_int_equal(fs_readlink(t->fs, entry.ino, &out), 0);
    assert_string_equal(out.data, "user@host.123");
    assert_int_equal(entry.attr.st_size, out.len);
    rig_forget(t, &entry);
    buf_release(&out);
    free(path);
    script_run(t, "!EPERM symlink x.json");
}

static void test_directories(void **state)
{
    struct rig *t = *state;

    script_run(t, "mkdir .a; mkdir .a/b; mkdir .a/b/c; create .a/b/c/x.json w; write new; close; "
                  "!ENOTEMPTY rmdir .a/b/c; !EISDIR unlink .a; !ENOTDIR rmdir .a/b/c/x.json; "
                  "!EEXIST mkdir .a; !EPERM mkdir plain; mkdir ~x; mkdir __MACOSX");
    rig_restart(t);
    char *list = rig_list(t, CONTACTS ".a/b/c");
    assert_string_equal(list, "\nx.json\n");
    free(list);
    assert_text(t, CONTACTS ".a/b/c/x.json", t->after);
    assert_xattr(t, CONTACTS ".a/b/c/x.json", "state", "local");
    script_run(t, "unlink .a/b/c/x.json; rmdir .a/b/c; rmdir .a/b; rmdir .a; gone .a");
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_unlinked_and_open(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_create(t, CONTACTS "tmp", O_RDWR, 0600, &h), 0);
    assert_int_equal(rig_write(t, h, "bytes", 0), 5);
    assert_int_equal(rig_unlink(t, CONTACTS "tmp"), 0);
    assert_false(rig_exists(t, CONTACTS "tmp"));
    char *text = rig_read_handle(t, h);
    assert_string_equal(text, "bytes");
    free(text);
    assert_int_equal(rig_write(t, h, "BYTES", 0), 5);
    assert_int_equal(rig_close(t, h), 0);

    size_t count;
    uint64_t *inos;
    assert_int_equal(state_data_list(mailbox_state(t->mb), &inos, &count), 0);
    assert_int_equal(count, 0);
    free(inos);
}

static void test_replaced_and_open(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_save(t, CONTACTS "a", "old"), 0);
    assert_int_equal(rig_save(t, CONTACTS "b", "new"), 0);
    assert_int_equal(rig_open(t, CONTACTS "a", O_RDONLY, &h), 0);
    assert_int_equal(rig_rename(t, CONTACTS "b", CONTACTS "a", 0), 0);
    char *text = rig_read_handle(t, h);
    assert_string_equal(text, "old");
    free(text);
    rig_release(t, h);
    assert_text(t, CONTACTS "a", "new");
    assert_false(rig_exists(t, CONTACTS "b"));
}

/* What a killed program left: bytes of files that were unlinked. */
static void test_unlinked_bytes_are_swept(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;
    uint64_t *inos;
    size_t count;

    assert_int_equal(rig_create(t, CONTACTS "tmp", O_RDWR, 0600, &h), 0);
    assert_int_equal(rig_unlink(t, CONTACTS "tmp"), 0);
    assert_int_equal(rig_save(t, CONTACTS "stays", "x"), 0);
    rig_crash(t);
    assert_int_equal(state_data_list(mailbox_state(t->mb), &inos, &count), 0);
    assert_int_equal(count, 1);
    free(inos);
    assert_text(t, CONTACTS "stays", "x");
}

/* Editors look for many names wherever they are: no question leaves the machine, and offline the
 * answer is the same. */
static void test_probes_ask_nobody(void **state)
{
    static const char *const names[] = {".editorconfig", ".git",     ".svn",    "RCS",
                                        "CVS",           ".Trash-0", ".hidden", "tags",
                                        "4913",          "sedX",     "x.json"};
    static const char *const dirs[] = {"", "contacts/", CONTACTS, "calendars/", CALENDAR};
    struct rig *t = *state;

    free(rig_list(t, "mail/Inbox"));
    rig_count(t);
    for (int offline = 0; offline < 2; offline++) {
        faulty_offline(t->faulty, offline);
        for (size_t d = 0; d < ARRAY_SIZE(dirs); d++) {
            for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                char *path = xasprintf("%s%s", dirs[d], names[i]);
                struct stat st;
                assert_int_equal(rig_stat(t, path, &st), -ENOENT);
                free(path);
            }
        }
    }
    assert_int_equal(rig_save(t, INBOX "temporary", "x"), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

/* Where the service does not list its mail folders a name may be one: offline it is nobody's, so
 * that programs can make it. */
static void test_mail_folders_that_cannot_be_listed(void **state)
{
    struct rig *t = *state;
    struct faulty_plan plan = {
        .op = OP_PICKER_OPEN, .count = 1000, .grade = GRADE_REFUSED, .status = 400};

    faulty_plan(t->faulty, &plan);
    rig_stop(t);
    rig_delete_cache(t);
    rig_start(t);
    free(rig_list(t, "mail/Inbox"));
    faulty_offline(t->faulty, true);
    assert_int_equal(rig_save(t, INBOX "4913", "x"), 0);
    assert_int_equal(rig_rename(t, INBOX "4913", INBOX "sedAbC", 0), 0);
    assert_int_equal(rig_unlink(t, INBOX "sedAbC"), 0);
}

static void test_a_read_only_mount(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_save(t, CONTACTS "x", "x"), 0);
    rig_stop(t);
    t->read_only = true;
    rig_start(t);
    assert_text(t, t->path, t->before);
    assert_int_equal(rig_open(t, t->path, O_WRONLY, &h), -EROFS);
    assert_int_equal(rig_create(t, CONTACTS "y", O_WRONLY, 0600, &h), -EROFS);
    assert_int_equal(rig_create(t, CONTACTS "y.json", O_WRONLY, 0600, &h), -EROFS);
    assert_int_equal(rig_unlink(t, t->path), -EROFS);
    assert_int_equal(rig_mkdir(t, CONTACTS ".y"), -EROFS);
    assert_int_equal(rig_rename(t, CONTACTS "x", CONTACTS "y", 0), -EROFS);
    assert_int_equal(rig_truncate(t, t->path, 0), -EROFS);
    assert_int_equal(rig_chmod(t, t->path, 0600), -EROFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_bytes),
        TEST(test_mode_and_time_stay),
        TEST(test_links),
        TEST(test_directories),
        TEST(test_unlinked_and_open),
        TEST(test_replaced_and_open),
        TEST(test_unlinked_bytes_are_swept),
        TEST(test_probes_ask_nobody),
        TEST(test_mail_folders_that_cannot_be_listed),
        TEST(test_a_read_only_mount),
    };

    return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
