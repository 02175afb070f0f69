/*
 * test_search.c - search/: the directories of searches, their links, and what is kept.
 */
#include "fs_test.h"

#define HERE "search/contacts/Contacts/"
#define ALL ";top=9" /* a query the mailbox in memory takes */
#define FIND HERE ALL "/"

static const struct fs_req nobody = {.cancel = NULL};

/* Where a link leads to. */
static void assert_link(struct rig *t, const char *path, const char *want)
{
    struct fs_entry entry;
    struct buf target;

    buf_init(&target, 4096);
    assert_int_equal(rig_lookup(t, path, &entry), 0);
    assert_int_equal(entry.attr.st_mode & S_IFMT, S_IFLNK);
    assert_int_equal(fs_readlink(t->fs, entry.ino, &target), 0);
    assert_string_equal(target.data, want);
    assert_int_equal(entry.attr.st_size, target.len);
    rig_forget(t, &entry);
    buf_release(&target);
}

static void assert_list(struct rig *t, const char *path, const char *want)
{
    char *list = rig_list(t, path);

    assert_string_equal(list, want);
    free(list);
}

static int list_error(struct rig *t, const char *path)
{
    struct fs_entry entry;
    struct fs_dir *dir;
    int rc = rig_lookup(t, path, &entry);

    assert_int_equal(rc, 0);
    rc = fs_opendir(t->fs, &nobody, entry.ino, &dir);
    if (!rc)
        fs_releasedir(t->fs, dir);
    rig_forget(t, &entry);
    return rc;
}

static void test_places(void **state)
{
    struct rig *t = *state;

    assert_list(t, "search", "\nCACHEDIR.TAG\nmail\ncalendars\ncontacts\nlocal\n");
    assert_list(t, "search/contacts", "\nContacts\n");
    assert_list(t, "search/contacts/Contacts", "\n");
    assert_list(t, "search/local", "\n");
    assert_false(rig_exists(t, "search/tasks"));
    assert_false(rig_exists(t, "search/contacts/Nobody"));
    assert_false(rig_exists(t, HERE ".git"));
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_links(void **state)
{
    struct rig *t = *state;
    char *path = xasprintf(FIND "%s", t->name), *target = xasprintf("../../../../%s", t->path);

    assert_link(t, path, target);
    char *listed = rig_list(t, HERE ALL);
    char *by_label = xasprintf(FIND "%s", strtok(listed, "\n"));
    assert_link(t, by_label, target);
    assert_null(strstr(by_label, t->name));
    free(by_label);
    free(listed);
    assert_false(rig_exists(t, FIND "no-such-record-of-this-service.json"));
    assert_false(rig_exists(t, FIND ".x.swp"));
    assert_int_equal(rig_calls(t, OP_CONTACT_GET_ITEMS), 1);
    assert_int_equal(rig_calls(t, OP_COUNT), 1);
    free(target);
    free(path);
}

static void test_local_links_tell_the_kind(void **state)
{
    struct rig *t = *state;
    struct cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "GivenName", "Zebedee");
    const char *id = memory_add(t->memory, KIND_CONTACT, "Contacts", obj);
    rig_refresh(t, "contacts/Contacts");
    char *path = xasprintf("search/local/zebedee/contacts-%s.json", id);
    char *target = xasprintf("../../../contacts/Contacts/%s.json", id);
    char *other = xasprintf("search/local/zebedee/mail-%s.json", id);

    rig_count(t);
    assert_list(t, "search/local/zebedee", "\ncontacts-Zebedee.json\n");
    assert_link(t, "search/local/zebedee/contacts-Zebedee.json", target);
    assert_link(t, path, target);
    assert_false(rig_exists(t, other));
    assert_list(t, "search/local/none", "\n");
    assert_int_equal(list_error(t, "search/local/--"), -EINVAL);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    free(other);
    free(target);
    free(path);
}

static void test_given_names(void **state)
{
    struct rig *t = *state;
    char *by_id = xasprintf(FIND "%s", t->name);

    assert_int_equal(rig_rename(t, t->path, CONTACTS "jane.json", 0), 0);
    assert_link(t, by_id, "../../../../contacts/Contacts/jane.json");
    assert_int_equal(rig_unlink(t, CONTACTS "jane.json"), 0);
    assert_list(t, HERE ALL, "\n");
    assert_false(rig_exists(t, by_id));
    free(by_id);
}

static void test_refused(void **state)
{
    struct rig *t = *state;

    assert_xattr(t, HERE "bad(1)", "error",
                 "400 ErrorInvalidRequest: $filter is not supported here");
    assert_int_equal(list_error(t, HERE "bad(1)"), -EINVAL);
    assert_int_equal(rig_stat(t, HERE "bad(1)/x.json", &(struct stat){0}), -EINVAL);
    assert_xattr(t, HERE ALL, "error", "");
    assert_int_equal(rig_calls(t, OP_CONTACT_GET_ITEMS), 2);
    assert_int_equal(rig_mkdir(t, HERE "bad(1)"), -EINVAL);
    assert_int_equal(rig_mkdir(t, HERE "bad(1);pin"), -EINVAL);
    assert_list(t, "search/contacts/Contacts", "\n");
}

static void test_kept(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_mkdir(t, HERE ".x"), -EPERM);
    assert_int_equal(rig_mkdir(t, HERE ".x;pin"), -EPERM);
    assert_true(rig_exists(t, HERE ALL)); /* for whom nothing is known of */
    assert_int_equal(rig_mkdir(t, HERE ALL), 0);
    assert_int_equal(rig_mkdir(t, HERE ALL), -EEXIST);
    assert_list(t, "search/contacts/Contacts", "\n" ALL "\n");
    assert_int_equal(rig_rmdir(t, HERE ALL), 0);
    assert_false(rig_exists(t, HERE ALL ";pin"));
    assert_int_equal(rig_mkdir(t, HERE ALL ";pin"), 0);
    assert_int_equal(rig_mkdir(t, HERE ALL ";pin"), -EEXIST);
    assert_true(rig_exists(t, HERE ALL ";pin"));
    assert_int_equal(rig_ino(t, HERE ALL ";pin"), rig_ino(t, HERE ALL));
    rig_restart(t);
    rig_count(t);
    assert_list(t, "search/contacts/Contacts", "\n" ALL "\n");
    assert_true(rig_exists(t, HERE ALL));
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    assert_int_equal(rig_rmdir(t, HERE ALL ";pin"), 0);
    assert_list(t, "search/contacts/Contacts", "\n");
}

static void test_nothing_else_can_be_made_or_removed(void **state)
{
    struct rig *t = *state;
    char *link = xasprintf(FIND "%s", t->name);

    assert_int_equal(rig_unlink(t, link), -EPERM);
    assert_int_equal(rig_rename(t, link, CONTACTS "x", 0), -EPERM);
    assert_int_equal(rig_rename(t, HERE ALL, HERE "x", 0), -EPERM);
    assert_int_equal(rig_symlink(t, "x", FIND "x"), -EPERM);
    assert_int_equal(rig_mkdir(t, FIND "x"), -EPERM);
    assert_int_equal(rig_mkdir(t, "search/mail/.x"), -EPERM);
    assert_int_equal(rig_rmdir(t, "search/contacts/Contacts"), -EPERM);
    assert_int_equal(rig_save(t, "search/x", "x"), -EPERM);
    assert_text(t, t->path, t->before);
    free(link);
}

static void test_read_only(void **state)
{
    struct rig *t = *state;

    rig_stop(t);
    t->read_only = true;
    rig_start(t);
    assert_true(rig_exists(t, HERE ALL));
    assert_int_equal(rig_mkdir(t, HERE ALL ";pin"), -EROFS);
    assert_int_equal(rig_rmdir(t, HERE ALL), -EROFS);
}

/* A sub-folder is one name, which is no longer than a name may be. */
static void test_folders_are_flat(void **state)
{
    struct rig *t = *state;
    struct cJSON *obj = cJSON_CreateObject(), *deep = cJSON_CreateObject();
    char *half = xasprintf("%0150d", 0), *path = xasprintf("Inbox/%s/%s", half, half);

    cJSON_AddStringToObject(obj, "Subject", "one");
    cJSON_AddStringToObject(deep, "Subject", "two");
    const char *id = memory_add(t->memory, KIND_MESSAGE, "Inbox/Support", obj);
    memory_add(t->memory, KIND_MESSAGE, path, deep);
    clock_advance(3601 * NS_PER_S);
    free(rig_list(t, "mail"));
    assert_soon(rig_lists(t, "search/mail", "Inbox%2FSupport"));

    char *link = xasprintf("search/mail/Inbox%%2FSupport/one/%s.json", id);
    char *target = xasprintf("../../../../mail/Inbox/Support/%s.json", id);
    assert_link(t, link, target);
    assert_true(rig_lists(t, "search/mail", "Inbox"));
    char *list = rig_list(t, "search/mail");
    for (char *name = strtok(list, "\n"); name; name = strtok(NULL, "\n")) {
        char *where = xasprintf("search/mail/%s", name);

        assert_in_range(strlen(name), 1, NAME_BYTES_MAX);
        assert_true(rig_exists(t, where));
        free(where);
    }
    free(list);
    free(target);
    free(link);
    free(path);
    free(half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_links, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_local_links_tell_the_kind, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_given_names, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_refused, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_kept, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_else_can_be_made_or_removed, rig_setup,
                                        rig_teardown),
        cmocka_unit_test_setup_teardown(test_read_only, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_folders_are_flat, rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
