/*
 * test_readdir.c - open directories: offsets, rewinding, large folders; and the references the
 * kernel holds.
 */
#include "script_test.h"

#include <fs/core/core_p.h>

static const struct fs_req nobody = {.cancel = NULL};

#define MANY 700 /* more than two batches */

static void add_many(struct rig *t)
{
    for (int i = 0; i < MANY; i++) {
        struct cJSON *obj = cJSON_CreateObject();

        cJSON_AddStringToObject(obj, "GivenName", "One of many");
        memory_add(t->memory, KIND_CONTACT, "Many", obj);
    }
    clock_advance(3601 * NS_PER_S);
    free(rig_list(t, "contacts"));
    assert_soon(rig_exists(t, "contacts/Many"));
}

static struct fs_dir *open_directory(struct rig *t, const char *path)
{
    struct fs_entry entry;
    struct fs_dir *dir;

    assert_int_equal(rig_lookup(t, path, &entry), 0);
    assert_int_equal(fs_opendir(t->fs, &nobody, entry.ino, &dir), 0);
    rig_forget(t, &entry);
    return dir;
}

static char *name_at(struct rig *t, struct fs_dir *dir, uint64_t at)
{
    struct fs_dirent dirent;
    int rc = fs_readdir(t->fs, &nobody, dir, at, &dirent);

    assert_true(rc >= 0);
    return rc ? xstrdup(dirent.name) : NULL;
}

static void test_offsets(void **state)
{
    struct rig *t = *state;

    script_run(t, "create a w; close; create b w; close; create c.json w; write new; close");
    struct fs_dir *dir = open_directory(t, "contacts/Contacts");
    char *names[8];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        names[i] = name_at(t, dir, i);
    assert_string_equal(names[0], ".");
    assert_string_equal(names[1], "..");
    assert_string_equal(names[2], "a");
    assert_string_equal(names[3], "b");
    assert_string_equal(names[4], "c.json");
    assert_string_equal(names[5], t->name);
    assert_null(names[6]);
    assert_null(names[7]);

    /* An entry keeps its place whatever happens, until the directory is read from the start
     * again. */
    script_run(t, "unlink a; create d w; close; unlink c.json");
    for (size_t i = 6; i-- > 1;) {
        char *again = name_at(t, dir, i);
        assert_string_equal(again, names[i]);
        free(again);
    }
    struct fs_entry entry;
    assert_int_equal(fs_readdir_entry(t->fs, &nobody, dir, 0, &entry), -ENOENT);
    assert_int_equal(fs_readdir_entry(t->fs, &nobody, dir, 6, &entry), -ENOENT);
    free(name_at(t, dir, 0));
    static const char *const rest[] = {"b", "d"};
    for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
        char *again = name_at(t, dir, i + 2);
        assert_string_equal(again, rest[i]);
        free(again);
    }
    fs_releasedir(t->fs, dir);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        free(names[i]);
}

static void test_a_large_folder(void **state)
{
    struct rig *t = *state;
    struct map seen;
    struct fs_dirent dirent;
    struct fs_entry entry;
    unsigned count = 0;

    add_many(t);
    map_init(&seen);
    struct fs_dir *dir = open_directory(t, "contacts/Many");
    for (uint64_t at = 0; fs_readdir(t->fs, &nobody, dir, at, &dirent) == 1; at = dirent.next) {
        assert_null(map_set(&seen, dirent.name, t));
        if (at < 2)
            continue;
        assert_int_equal(dirent.type, S_IFREG);
        assert_int_equal(fs_readdir_entry(t->fs, &nobody, dir, at, &entry), 0);
        assert_true(entry.attr.st_size > 100);
        fs_forget(t->fs, entry.ino, 1);
        count++;
    }
    assert_int_equal(count, MANY);
    rig_count(t);
    char *text = rig_read(t, "contacts/Many");
    assert_null(text); /* a directory */
    fs_releasedir(t->fs, dir);
    map_release(&seen);

    /* Pages carry whole records: reading them asks nobody. */
    char *list = rig_list(t, "contacts/Many"), *rest = NULL;
    for (char *name = strtok_r(list, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        char *path = xasprintf("contacts/Many/%s", name);
        free(rig_read(t, path));
        free(path);
    }
    free(list);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

/* What a listing with attributes says of the entry; the kernel would believe it for an hour. */
static off_t listed_size(struct rig *t, struct fs_dir *dir, uint64_t at)
{
    struct fs_dirent dirent;
    struct fs_entry entry;

    assert_int_equal(fs_readdir(t->fs, &nobody, dir, at, &dirent), 1);
    assert_int_equal(fs_readdir_entry(t->fs, &nobody, dir, at, &entry), 0);
    fs_forget(t->fs, entry.ino, 1);
    return entry.attr.st_size;
}

#define AFTER 230 /* an entry of the first batch */

/* Records come in batches; what changes between two reads of one batch is shown as it is. */
static void test_a_change_between_two_reads(void **state)
{
    struct rig *t = *state;

    add_many(t);
    struct fs_dir *dir = open_directory(t, "contacts/Many");
    listed_size(t, dir, 2);
    char *name = name_at(t, dir, AFTER), *path = xasprintf("contacts/Many/%s", name);
    char *text = rig_read(t, path),
         *longer = with_member(text, "Surname", "Much longer than before");

    assert_int_equal(rig_save(t, path, longer), 0);
    assert_int_equal(listed_size(t, dir, AFTER), strlen(longer));

    /* Another client's change, and its export, where nobody knew the file before. */
    struct fs_dir *export = open_directory(t, "export/contacts/Many");
    char *other = name_at(t, dir, AFTER + 1), *card = name_at(t, export, AFTER + 1);
    char *id = xstrndup(other, strlen(other) - strlen(".json"));
    char *vcf = xasprintf("export/contacts/Many/%s.vcf", id), *card_text;

    assert_true(str_starts(card, id));
    rig_size(t, vcf); /* known from here on */
    fs_releasedir(t->fs, export);
    export = open_directory(t, "export/contacts/Many");
    free(name_at(t, export, AFTER + 1));
    free(path);
    path = xasprintf("contacts/Many/%s", other);
    off_t size = rig_size(t, path);
    rig_edit(t, id, "Surname", "Much longer than before");
    assert_soon((rig_refresh(t, "contacts/Many"),
                 rig_size(t, path) != size)); /* the first may join one under way */
    card_text = rig_read(t, vcf);
    free(text);
    text = rig_read(t, path);
    assert_true(strstr(text, "Much longer"));
    assert_soon(listed_size(t, dir, AFTER + 1) == (off_t)strlen(text));
    assert_int_equal(rig_size(t, vcf), strlen(card_text));
    struct fs_entry entry; /* working the size out is left to who wants it */
    assert_int_equal(fs_readdir_entry(t->fs, &nobody, export, AFTER + 1, &entry), -ENOENT);
    fs_releasedir(t->fs, export);
    fs_releasedir(t->fs, dir);
    free(name);
    free(path);
    free(text);
    free(longer);
    free(other);
    free(card);
    free(id);
    free(vcf);
    free(card_text);
}

static size_t nodes(struct rig *t)
{
    mutex_lock(&t->fs->tree.lock);
    size_t count = HASH_COUNT(t->fs->tree.nodes);
    mutex_unlock(&t->fs->tree.lock);
    return count;
}

/* After everything is forgotten and closed only the root is left. */
static void test_references(void **state)
{
    struct rig *t = *state;
    struct fs_entry a, b;
    struct fs_handle *h;

    assert_int_equal(nodes(t), 1);
    assert_int_equal(rig_lookup(t, t->path, &a), 0);
    assert_int_equal(rig_lookup(t, t->path, &b), 0);
    assert_int_equal(a.ino, b.ino);
    assert_int_equal(nodes(t), 4); /* with those above it */
    fs_forget(t->fs, a.ino, 1);
    assert_int_equal(nodes(t), 4);
    assert_int_equal(rig_open(t, t->path, O_RDONLY, &h), 0);
    fs_forget(t->fs, a.ino, 1);
    assert_int_equal(nodes(t), 4); /* the open file keeps it */
    rig_release(t, h);
    assert_int_equal(nodes(t), 1);

    script_run(t, "rename @ @~; create @ w; write new; fsync; close; unlink @~; mkdir .d; "
                  "create .d/x w; close; rename .d/x @.bak; rmdir .d; symlink l; unlink l; "
                  "create x.json w; close; unlink x.json; unlink @; create tmp w; write new; "
                  "rename tmp @; close; create y w; write old; close; "
                  "swap @ y");
    free(rig_list(t, ".outlookfs/queue"));
    assert_int_equal(rig_sync(t), 0);
    assert_soon(nodes(t) == 1);
}

static void test_wrong_inodes(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct fs_open open;
    struct fs_dir *dir;
    struct stat st;

    assert_int_equal(fs_lookup(t->fs, &nobody, 12345, "x", &entry), -ESTALE);
    assert_int_equal(fs_getattr(t->fs, &nobody, 12345, NULL, &st, NULL), -ESTALE);
    assert_int_equal(fs_open(t->fs, &nobody, 12345, O_RDONLY, &open), -ESTALE);
    assert_int_equal(fs_opendir(t->fs, &nobody, 12345, &dir), -ESTALE);
    assert_int_equal(fs_unlink(t->fs, &nobody, 12345, "x"), -ESTALE);
    assert_int_equal(fs_rename(t->fs, &nobody, 12345, "x", FS_ROOT, "y", 0), -ESTALE);
    assert_int_equal(rig_lookup(t, t->path, &entry), 0);
    assert_int_equal(fs_opendir(t->fs, &nobody, entry.ino, &dir), -ENOTDIR);
    assert_int_equal(fs_lookup(t->fs, &nobody, entry.ino, "x", &entry), -ENOTDIR);
    rig_forget(t, &entry);
    fs_forget(t->fs, 12345, 1);
    fs_forget(t->fs, FS_ROOT, 1000);
    assert_true(rig_exists(t, t->path));
}

static bool says_roe(struct rig *t)
{
    char *now = rig_read(t, t->path);
    bool found = now && strstr(now, "Roe");

    free(now);
    return found;
}

/* A listing was read while a save was being settled: what it says of the record is older than the
 * record is. */
static void test_an_entry_older_than_its_record(void **state)
{
    struct rig *t = *state;
    struct fs_entry known, entry;

    script_run(t, "open @ wt; write compact; close; sync");
    assert_int_equal(rig_lookup(t, t->path, &known), 0);
    struct fs_dir *dir = open_directory(t, "contacts/Contacts");
    free(name_at(t, dir, 2));
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    assert_soon(says_roe(t));
    assert_int_equal(fs_readdir_entry(t->fs, &nobody, dir, 2, &entry), 0);
    fs_releasedir(t->fs, dir);
    assert_int_equal(rig_save(t, t->path, t->after), 0);
    rig_forget(t, &entry);
    rig_forget(t, &known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_offsets),    TEST(test_a_large_folder), TEST(test_a_change_between_two_reads),
        TEST(test_references), TEST(test_wrong_inodes),   TEST(test_an_entry_older_than_its_record),
    };

    return cmocka_run_group_tests_name("readdir", tests, NULL, NULL);
}
