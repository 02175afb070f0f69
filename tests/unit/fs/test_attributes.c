/*
 * test_attributes.c - sizes, inode numbers, times and names: what rsync, tar and editors compare.
 */
#include "script_test.h"

#include <unistd.h>

static const struct fs_req nobody = {.cancel = NULL};

/* --- a walk over the whole tree --------------------------------------------------------------- */

struct walk {
    struct rig *t;
    struct buf out; /* "path ino size mtime\n" of what is not .outlookfs */
    unsigned files;
};

static void walk_directory(struct walk *w, uint64_t ino, const char *path);

/* st_size is what a reader gets; of a file that is made anew at every look, as seen by its
 * handle. */
static void walk_file(struct walk *w, const struct fs_entry *entry, const char *path)
{
    struct fs_open open;
    struct stat st;

    assert_int_equal(fs_open(w->t->fs, &nobody, entry->ino, O_RDONLY, &open), 0);
    assert_int_equal(fs_getattr(w->t->fs, &nobody, entry->ino, open.handle, &st, NULL), 0);
    char *text = rig_read_handle(w->t, open.handle);
    if (st.st_size != (off_t)strlen(text))
        fail_msg("%s: size %ld, %zu bytes", path, (long)st.st_size, strlen(text));
    if (entry->cacheable)
        assert_int_equal(st.st_size, entry->attr.st_size);
    free(text);
    fs_release(w->t->fs, open.handle);
    w->files++;
}

/* As the kernel does where a listing has no attributes. */
static int find_entry(struct walk *w, struct fs_dir *dir, uint64_t at, uint64_t parent,
                      const char *name, struct fs_entry *ret)
{
    int rc = fs_readdir_entry(w->t->fs, &nobody, dir, at, ret);

    return rc == -ENOENT ? fs_lookup(w->t->fs, &nobody, parent, name, ret) : rc;
}

static void walk_entry(struct walk *w, struct fs_dir *dir, uint64_t at, uint64_t parent,
                       const char *path)
{
    struct fs_entry entry;

    int rc = find_entry(w, dir, at, parent, strrchr(path, '/') + 1, &entry);
    if (rc)
        fail_msg("%s: %s", path, strerror(-rc));
    assert_int_equal(entry.ino, entry.attr.st_ino);
    if (!strstr(path, ".outlookfs"))
        buf_addf(&w->out, "%s %lu %ld %ld.%09ld\n", path, (unsigned long)entry.ino,
                 (long)entry.attr.st_size, (long)entry.attr.st_mtim.tv_sec,
                 entry.attr.st_mtim.tv_nsec);
    if (S_ISDIR(entry.attr.st_mode))
        walk_directory(w, entry.ino, path);
    else if (S_ISREG(entry.attr.st_mode))
        walk_file(w, &entry, path);
    fs_forget(w->t->fs, entry.ino, 1);
}

static void walk_directory(struct walk *w, uint64_t ino, const char *path)
{
    struct fs_dirent dirent;
    struct fs_dir *dir;
    int rc;

    assert_int_equal(fs_opendir(w->t->fs, &nobody, ino, &dir), 0);
    for (uint64_t at = 0; (rc = fs_readdir(w->t->fs, &nobody, dir, at, &dirent)) == 1;) {
        uint64_t next = dirent.next;
        char *below = xasprintf("%s/%s", path, dirent.name);

        if (at >= 2)
            walk_entry(w, dir, at, ino, below);
        free(below);
        at = next;
    }
    assert_int_equal(rc, 0);
    fs_releasedir(w->t->fs, dir);
}

static char *walk_all(struct rig *t, unsigned *ret_files)
{
    struct walk w = {.t = t};

    buf_init(&w.out, JSON_TEXT_MAX);
    walk_directory(&w, FS_ROOT, "");
    if (ret_files)
        *ret_files = w.files;
    char *out = buf_detach(&w.out);
    buf_release(&w.out);
    return out;
}

/* Some of everything. */
static void fill(struct rig *t)
{
    script_run(t, "create new.json w; write new; close; sync; create tmp w; write bad; close; "
                  "mkdir .d; create .d/x w; write old; close; symlink link; "
                  "create draft.json w; write new 0 50; close; open @ wt; write new; close; "
                  "create pending.json w; write new; close; rename @ jane.json");
    assert_int_equal(rig_save(t, CALENDAR "bad.json", "{\"Subject\": 1"), 0);
}

static void test_sizes_are_exact(void **state)
{
    struct rig *t = *state;
    unsigned files;

    fill(t);
    free(walk_all(t, &files));
    assert_true(files >= 20);
}

static void test_the_same_after_a_restart(void **state)
{
    struct rig *t = *state;

    fill(t);
    free(walk_all(t, NULL)); /* downloads what has to be */
    faulty_offline(t->faulty, true);
    char *before = walk_all(t, NULL);
    rig_restart(t);
    char *after = walk_all(t, NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* Records the service has and nobody touched here: their times are the service's. */
static void test_the_same_with_a_new_cache(void **state)
{
    struct rig *t = *state;

    clock_advance(2 * NS_PER_S); /* the edit has a time stamp of its own */
    script_run(t, "create tmp w; write bad; close; open @ wt; write new; close; sync; "
                  "rename @ jane.json");
    char *before = walk_all(t, NULL);
    rig_stop(t);
    rig_delete_cache(t);
    rig_start(t);
    assert_text(t, CONTACTS "jane.json", t->after); /* before anything was listed */
    char *after = walk_all(t, NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void test_an_alias_with_a_new_cache(void **state)
{
    struct rig *t = *state;

    script_run(t, "rename @ jane.json");
    rig_stop(t);
    rig_delete_cache(t);
    rig_start(t);
    assert_text(t, CONTACTS "jane.json", t->before); /* asked for by its id */
    assert_true(rig_lists(t, "contacts/Contacts", "jane.json"));
    assert_false(rig_lists(t, "contacts/Contacts", t->name));
}

/* A record that went while nobody looked, and the cache with it, is listed no more. */
static void test_a_lost_alias_with_a_new_cache(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close; sync; rename @ jane.json");
    rig_stop(t);
    rig_delete_cache(t);
    memory_remove(t->memory, KIND_CONTACT, t->contact);
    rig_start(t);
    assert_false(rig_lists(t, "contacts/Contacts", "jane.json"));
    assert_soon(!rig_exists(t, CONTACTS "jane.json"));
}

/* --- both spellings --------------------------------------------------------------------------- */

static void test_two_spellings_one_inode(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    script_run(t, "rename @ jane.json");
    assert_int_equal(rig_ino(t, t->path), rig_ino(t, CONTACTS "jane.json"));
    assert_int_equal(rig_open(t, t->path, O_WRONLY | O_TRUNC, &h), 0);
    assert_int_equal(rig_write(t, h, t->after, 0), strlen(t->after));
    assert_text(t, CONTACTS "jane.json", t->after);
    assert_int_equal(rig_close(t, h), 0);
    script_run(t, "create tmp w; write new; close; rename tmp @; sync");
    assert_sent(t, 1, 0, 0);
    assert_true(rig_lists(t, "contacts/Contacts", "jane.json"));
    assert_false(rig_lists(t, "contacts/Contacts", t->name));
    assert_int_equal(rig_ino(t, t->path), rig_ino(t, CONTACTS "jane.json"));
    script_run(t, "unlink jane.json; gone @; gone jane.json; create @ wx; write new; close; "
                  "stat jane.json");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
}

static void test_folders_by_id(void **state)
{
    struct rig *t = *state;
    char *id = rig_xattr(t, "contacts/Contacts", "id");
    char *path = xasprintf("contacts/%s", id);

    assert_string_not_equal(id, "");
    assert_int_equal(rig_ino(t, path), rig_ino(t, "contacts/Contacts"));
    assert_false(rig_lists(t, "contacts", id));
    free(path);
    free(id);
}

/* The kernel asks for such a name once a minute. */
static bool keeps_name(struct rig *t, const char *path)
{
    struct fs_entry entry;

    assert_int_equal(rig_lookup(t, path, &entry), 0);
    rig_forget(t, &entry);
    return entry.keeps_name;
}

static void test_names_that_stay(void **state)
{
    struct rig *t = *state;

    assert_true(keeps_name(t, t->path));
    assert_false(keeps_name(t, "contacts/Contacts"));
    script_run(t, "create tmp w; write bad; close; create new.json w; write new; close");
    assert_false(keeps_name(t, CONTACTS "tmp"));
    assert_false(keeps_name(t, CONTACTS "new.json"));
    script_run(t, "rename @ jane.json");
    assert_false(keeps_name(t, CONTACTS "jane.json"));
    assert_false(keeps_name(t, t->path)); /* the other spelling */
}

/* --- after a save ----------------------------------------------------------------------------- */

static void test_times_and_modes_of_a_record(void **state)
{
    struct rig *t = *state;
    struct stat st, after;

    script_run(t, "open @ wt; write new; close; utimens @; chmod @");
    assert_int_equal(rig_stat(t, t->path, &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 1600000000);
    assert_int_equal(st.st_mtim.tv_nsec, 123456789);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_stat(t, t->path, &after), 0);
    assert_memory_equal(&st, &after, sizeof(st));
    rig_restart(t);
    assert_int_equal(rig_stat(t, t->path, &after), 0);
    assert_memory_equal(&st, &after, sizeof(st));
}

static void test_touch_without_a_save(void **state)
{
    struct rig *t = *state;
    struct stat st;

    script_run(t, "utimens @; chmod @");
    rig_restart(t);
    assert_int_equal(rig_stat(t, t->path, &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 1600000000);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_text(t, t->path, t->before);

    /* The time belonged to the version that was there. */
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    assert_soon(!rig_stat(t, t->path, &st) && st.st_mtim.tv_sec > 1600000000);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
}

static void test_saving_in_place_keeps_the_inode(void **state)
{
    struct rig *t = *state;
    uint64_t ino = rig_ino(t, t->path);

    script_run(t, "open @ wt; write new; close");
    assert_int_equal(rig_ino(t, t->path), ino);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_ino(t, t->path), ino);
}

static void test_chown(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct stat now, other = {.st_uid = getuid() + 1, .st_gid = getgid() + 1};
    struct stat own = {.st_uid = getuid(), .st_gid = getgid()};

    assert_int_equal(rig_lookup(t, t->path, &entry), 0);
    assert_int_equal(
        fs_setattr(t->fs, &nobody, entry.ino, NULL, &own, FS_SET_UID | FS_SET_GID, &now), 0);
    assert_int_equal(fs_setattr(t->fs, &nobody, entry.ino, NULL, &other, FS_SET_UID, &now), -EPERM);
    assert_int_equal(fs_setattr(t->fs, &nobody, entry.ino, NULL, &other, FS_SET_GID, &now), -EPERM);
    rig_forget(t, &entry);
}

static void test_statfs(void **state)
{
    struct rig *t = *state;
    struct statvfs st;

    assert_int_equal(fs_statfs(t->fs, &st), 0);
    assert_true(st.f_blocks > 0);
    assert_int_equal(st.f_namemax, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_sizes_are_exact),
        TEST(test_the_same_after_a_restart),
        TEST(test_the_same_with_a_new_cache),
        TEST(test_an_alias_with_a_new_cache),
        TEST(test_a_lost_alias_with_a_new_cache),
        TEST(test_two_spellings_one_inode),
        TEST(test_folders_by_id),
        TEST(test_names_that_stay),
        TEST(test_times_and_modes_of_a_record),
        TEST(test_touch_without_a_save),
        TEST(test_saving_in_place_keeps_the_inode),
        TEST(test_chown),
        TEST(test_statfs),
    };

    return cmocka_run_group_tests_name("attributes", tests, NULL, NULL);
}
