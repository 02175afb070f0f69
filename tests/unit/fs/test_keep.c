/*
 * test_keep.c - which bytes a record shows after a save, and what of other clients' edits becomes
 * visible (saving rules R21, R25).
 */
#include "script_test.h"

#include "fs/core/core_p.h"

static bool says(struct rig *t, const char *text)
{
    char *now = rig_read(t, t->path);
    bool found = now && strstr(now, text);

    free(now);
    return found;
}

static void test_the_very_bytes_stay(void **state)
{
    struct rig *t = *state;
    struct stat saved, later;
    char *compact;

    script_run(t, "open @ wt; write compact; close");
    compact = rig_read(t, t->path);
    assert_null(strchr(compact, '\n'));
    assert_int_equal(rig_stat(t, t->path, &saved), 0);
    assert_int_equal(rig_sync(t), 0);
    char *etag = rig_xattr(t, t->path, "etag");
    assert_null(strstr(compact, etag)); /* the service's is another one now */
    free(etag);
    rig_refresh(t, "contacts/Contacts");
    rig_restart(t);
    rig_refresh(t, "contacts/Contacts");
    assert_text(t, t->path, compact);
    assert_int_equal(rig_stat(t, t->path, &later), 0);
    assert_memory_equal(&saved, &later, sizeof(saved));
    free(compact);
}

static void test_another_clients_edit_becomes_visible(void **state)
{
    struct rig *t = *state;

    rig_edit(t, t->contact, "Surname", "Roe");
    unsigned told = t->told_inode;
    rig_refresh(t, "contacts/Contacts");
    assert_soon(says(t, "Roe"));
    assert_soon(t->told_inode > told);
    assert_true(t->last_inode == rig_ino(t, t->path));
}

static void test_also_over_what_was_saved_here(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write compact; close; sync");
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    assert_soon(says(t, "\"Surname\": \"Roe\""));
    assert_true(says(t, "+49 170 55501234"));
    assert_true(says(t, "\n  "));
    assert_xattr(t, t->path, "state", "synced");
}

static void test_not_under_an_open_handle(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_open(t, t->path, O_RDONLY, &h), 0);
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    char *text = rig_read_handle(t, h);
    assert_string_equal(text, t->before);
    free(text);
    struct stat st;
    assert_int_equal(rig_stat(t, t->path, &st), 0);
    assert_int_equal(st.st_size, strlen(t->before));
    rig_release(t, h);
    assert_soon(says(t, "Roe"));
}

/* The kernel has its pages, so that nobody asks for its text; it has to be remembered between opens. */
static struct fs_handle *open_again(struct rig *t, int flags, struct fs_entry *entry)
{
    struct fs_handle *h;

    assert_int_equal(rig_lookup(t, t->path, entry), 0);
    assert_int_equal(rig_open(t, t->path, O_RDONLY, &h), 0);
    rig_release(t, h);
    assert_int_equal(rig_open(t, t->path, flags, &h), 0);
    assert_non_null(h->content->held);
    return h;
}

static void test_not_before_the_first_read(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct fs_handle *h = open_again(t, O_RDONLY, &entry);

    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    char *text = rig_read_handle(t, h);
    assert_string_equal(text, t->before);
    free(text);
    rig_release(t, h);
    assert_soon(says(t, "Roe"));
    rig_forget(t, &entry);
}

static void test_not_before_the_first_read_of_what_goes(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct fs_handle *h = open_again(t, O_RDONLY, &entry);

    memory_remove(t->memory, KIND_CONTACT, t->contact);
    rig_refresh(t, "contacts/Contacts");
    assert_soon(!rig_exists(t, t->path));
    char *text = rig_read_handle(t, h);
    assert_string_equal(text, t->before);
    free(text);
    rig_release(t, h);
    rig_forget(t, &entry);
}

static int ask_again(struct rig *t, uint64_t ino, bool *ret_cacheable)
{
    const struct fs_req nobody = {.cancel = NULL};
    struct stat st;

    return fs_getattr(t->fs, &nobody, ino, NULL, &st, ret_cacheable);
}

/* The kernel, which keeps its name, asks for it again when the last handle is closed. */
static void test_gone_while_it_is_open(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct fs_handle *h = open_again(t, O_RDONLY, &entry);
    bool cacheable = false;

    assert_true(entry.keeps_name);
    assert_int_equal(ask_again(t, entry.ino, &cacheable), 0);
    assert_true(cacheable);
    memory_remove(t->memory, KIND_CONTACT, t->contact);
    rig_refresh(t, "contacts/Contacts");
    assert_soon(!rig_exists(t, t->path));
    assert_int_equal(ask_again(t, entry.ino, &cacheable), 0);
    assert_false(cacheable);
    rig_release(t, h);
    assert_int_equal(ask_again(t, entry.ino, &cacheable), -ENOENT);
    rig_forget(t, &entry);
}

/* What is written is compared with the text that was opened, though that has not been read. */
static void test_a_change_before_the_first_read(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct fs_handle *h = open_again(t, O_RDWR, &entry);

    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    assert_int_equal(rig_write(t, h, t->after, 0), strlen(t->after));
    assert_int_equal(rig_truncate(t, t->path, (off_t)strlen(t->after)), 0);
    assert_int_equal(rig_close(t, h), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_member(t, t->contact, "Surname", "Roe");
    assert_soon(says(t, "Roe"));
    rig_forget(t, &entry);
}

static void test_not_under_a_handle_that_saved(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_open(t, t->path, O_RDWR | O_TRUNC, &h), 0);
    assert_int_equal(rig_write(t, h, t->after, 0), strlen(t->after));
    assert_int_equal(rig_fsync(t, h), 0);
    assert_sent(t, 1, 0, 0);
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    assert_text(t, t->path, t->after);
    assert_int_equal(rig_close(t, h), 0);
    assert_soon(says(t, "Roe"));
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
}

/* Both changed, different members: one PATCH with both. */
static void test_merged_with_another_clients_edit(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close");
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    assert_text(t, t->path, t->after); /* own writes are never undone */
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_member(t, t->contact, "Surname", "Roe");
    assert_member(t, t->contact, "MobilePhone1", "+49 170 55501234");
    assert_soon(says(t, "Roe"));
}

/* A change that came while the program did not look, over bytes that were saved here before. */
static void test_changed_while_stopped(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write compact; close; sync");
    rig_stop(t);
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_delete_cache(t);
    rig_start(t);
    free(rig_list(t, "contacts/Contacts"));
    assert_soon(says(t, "Roe"));
}

/* The answer of the service was stored, and the program ended before it looked at the file. */
static void test_changed_and_crashed(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    script_run(t, "open @ wt; write compact; close; sync");
    assert_int_equal(rig_open(t, t->path, O_RDONLY, &h), 0); /* keeps the bytes */
    rig_edit(t, t->contact, "Surname", "Roe");
    rig_refresh(t, "contacts/Contacts");
    rig_crash(t);
    assert_soon(says(t, "Roe"));
}

/* Whoever lists a folder while it arrives has been told of a record before sync says that it is new. */
static void test_new_and_told_already(void **state)
{
    struct rig *t = *state;
    const struct mailbox_events *events = t->fs->events;
    struct fs_entry entry;
    const char *folder;
    enum kind kind;

    assert_int_equal(rig_lookup(t, t->path, &entry), 0);
    struct node *node = tree_get(t->fs, entry.ino);
    tree_place(t->fs, node, &kind, &folder);
    unsigned told = t->told_inode;
    events->record_changed(t->fs, kind, folder, t->contact, MAILBOX_NEW);
    events->record_changed(t->fs, kind, folder, "another", MAILBOX_CHANGED);
    assert_soon(t->told_inode > told && t->last_inode != entry.ino);
    assert_int_equal(t->told_inode, told + 1);

    tree_show(t->fs, node, &(struct stat){.st_size = 1}); /* something older */
    events->record_changed(t->fs, kind, folder, t->contact, MAILBOX_NEW);
    assert_soon(t->last_inode == entry.ino);
    tree_put(t->fs, node);
    rig_forget(t, &entry);
}

static void test_gone_on_the_service(void **state)
{
    struct rig *t = *state;

    script_run(t, "rename @ jane.json; open jane.json wt; write new; close; sync");
    unsigned told = t->told_inode;
    memory_remove(t->memory, KIND_CONTACT, t->contact);
    rig_refresh(t, "contacts/Contacts");
    assert_soon(!rig_exists(t, CONTACTS "jane.json"));
    assert_false(rig_lists(t, "contacts/Contacts", "jane.json"));
    assert_soon(t->told_inode > told);
}

/* What is not sent yet stays, and saved again it becomes a new record. */
static void test_gone_on_the_service_with_an_unsent_change(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close");
    memory_remove(t->memory, KIND_CONTACT, t->contact);
    rig_refresh(t, "contacts/Contacts");
    assert_int_equal(rig_sync(t), -EIO);
    assert_text(t, t->path, t->after);
    assert_xattr(t, t->path, "state", "failed");
    script_run(t, "open @ wt; write old; close; sync");
    assert_sent(t, 0, 1, 0);
    assert_int_equal(memory_count(t->memory, KIND_CONTACT), 1);
}

static void test_a_new_record_appears(void **state)
{
    struct rig *t = *state;
    struct cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "GivenName", "Mary");
    const char *id = memory_add(t->memory, KIND_CONTACT, "Contacts", obj);
    char *name = name_from_id(id), *path = xasprintf(CONTACTS "%s", name);
    rig_refresh(t, "contacts/Contacts");
    assert_true(rig_lists(t, "contacts/Contacts", name));
    char *text = rig_read(t, path);
    assert_non_null(strstr(text, "Mary"));
    free(text);
    free(path);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_the_very_bytes_stay),
        TEST(test_another_clients_edit_becomes_visible),
        TEST(test_also_over_what_was_saved_here),
        TEST(test_not_under_an_open_handle),
        TEST(test_not_before_the_first_read),
        TEST(test_not_before_the_first_read_of_what_goes),
        TEST(test_gone_while_it_is_open),
        TEST(test_a_change_before_the_first_read),
        TEST(test_not_under_a_handle_that_saved),
        TEST(test_merged_with_another_clients_edit),
        TEST(test_changed_while_stopped),
        TEST(test_changed_and_crashed),
        TEST(test_new_and_told_already),
        TEST(test_gone_on_the_service),
        TEST(test_gone_on_the_service_with_an_unsent_change),
        TEST(test_a_new_record_appears),
    };

    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
