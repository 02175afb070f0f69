/*
 * test_views.c - views/ over a mailbox in memory: what a look costs, and which indexes stay.
 */
#include "fs_test.h"

#include <fs/derived/derived_p.h>
#include <fs/derived/views_p.h>

#define BY_NAME "views/contacts/Contacts/by-name"

static void test_a_name_without_a_listing(void **state)
{
    struct rig *t = *state;
    char *names, *path;
    struct stat st;

    names = rig_list(t, BY_NAME);
    path = xasprintf(BY_NAME "%.*s", (int)strcspn(names + 1, "\n") + 1, names);
    path[strlen(BY_NAME)] = '/';
    rig_restart(t);
    rig_count(t);
    assert_int_equal(rig_stat(t, path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    free(path);
    free(names);
}

/* However many names are not there, the listing is asked for once. */
static void test_names_that_are_not_there(void **state)
{
    struct rig *t = *state;
    unsigned calls;

    assert_false(rig_exists(t, BY_NAME "/nobody.json"));
    rig_count(t);
    for (int i = 0; i < 20; i++) {
        char *path = xasprintf(BY_NAME "/nobody%d.json", i);

        assert_false(rig_exists(t, path));
        free(path);
    }
    assert_false(rig_exists(t, BY_NAME "/.nobody.json.swp"));
    assert_false(rig_exists(t, BY_NAME "/4913"));
    assert_false(rig_exists(t, "views/contacts/Contacts/by-company/.git"));
    assert_false(rig_exists(t, "views/nothing"));
    assert_false(rig_exists(t, "views/contacts/Contacts/by-sender"));
    calls = rig_calls(t, OP_COUNT);
    assert_int_equal(calls, 0);
}

static void test_somebody_elses_changes(void **state)
{
    struct rig *t = *state;
    char *names;

    assert_false(rig_lists(t, BY_NAME, "Sally Ride.json"));
    rig_edit(t, t->contact, "DisplayName", "Sally Ride");
    rig_refresh(t, "contacts/Contacts");
    assert_true(rig_lists(t, BY_NAME, "Sally Ride.json"));
    rig_edit(t, t->contact, "DisplayName", "Mae Jemison");
    rig_refresh(t, "contacts/Contacts");
    assert_true(rig_lists(t, BY_NAME, "Mae Jemison.json"));
    assert_false(rig_lists(t, BY_NAME, "Sally Ride.json"));
    assert_false(rig_exists(t, BY_NAME "/Sally Ride.json"));
    memory_remove(t->memory, KIND_CONTACT, t->contact);
    clock_advance(3601 * NS_PER_S);
    rig_refresh(t, "contacts/Contacts");
    names = rig_list(t, BY_NAME);
    assert_string_equal(names, "\n");
    free(names);
}

/* Lookers beside each other and beside what drops indexes: everybody gets whole answers. */
static void *look_often(void *ctx)
{
    for (int i = 0; i < 100; i++) {
        struct stat st;

        if (rig_stat(ctx, BY_NAME "/Sally Ride.json", &st) ||
            !rig_lists(ctx, BY_NAME, "Sally Ride.json"))
            return "not there";
    }
    return NULL;
}

static void test_many_lookers(void **state)
{
    struct rig *t = *state;
    pthread_t lookers[4];
    void *wrong;

    rig_edit(t, t->contact, "DisplayName", "Sally Ride");
    rig_refresh(t, "contacts/Contacts");
    for (size_t i = 0; i < ARRAY_SIZE(lookers); i++)
        assert_int_equal(pthread_create(&lookers[i], NULL, look_often, t), 0);
    for (int i = 0; i < 1000; i++)
        views_expire(t->fs, INT64_MAX / 2);
    for (size_t i = 0; i < ARRAY_SIZE(lookers); i++) {
        pthread_join(lookers[i], &wrong);
        assert_null(wrong);
    }
}

static void test_idle_indexes_go(void **state)
{
    struct rig *t = *state;

    free(rig_list(t, BY_NAME));
    free(rig_list(t, "views/mail/Inbox/by-date"));
    assert_int_equal(t->fs->views->count, 2);
    clock_advance(300 * NS_PER_S);
    free(rig_list(t, BY_NAME));
    clock_advance(301 * NS_PER_S);
    views_expire(t->fs, clock_steady());
    assert_int_equal(t->fs->views->count, 1);
    clock_advance(300 * NS_PER_S);
    assert_int_equal(views_expire(t->fs, clock_steady()), INT64_MAX);
    assert_int_equal(t->fs->views->count, 0);
}

static void test_not_more_than_some(void **state)
{
    struct rig *t = *state;

    for (int i = 0; i < 40; i++) {
        char *folder = xasprintf("Folder %d", i);
        struct cJSON *obj = cJSON_CreateObject();

        cJSON_AddStringToObject(obj, "GivenName", folder);
        memory_add(t->memory, KIND_CONTACT, folder, obj);
        free(folder);
    }
    clock_advance(3601 * NS_PER_S);
    free(rig_list(t, "contacts"));
    assert_soon(rig_exists(t, "views/contacts/Folder 39"));
    for (int i = 0; i < 40; i++) {
        char *dir = xasprintf("views/contacts/Folder %d/by-name", i);
        char *name = xasprintf("Folder %d.json", i);

        assert_true(rig_lists(t, dir, name));
        assert_true(t->fs->views->count <= 32);
        free(name);
        free(dir);
    }
    assert_true(rig_lists(t, "views/contacts/Folder 0/by-name", "Folder 0.json"));
}

static void add_folder(struct rig *t, const char *id, const char *display)
{
    struct cache_folders folders;
    struct cache_folder sub = {.kind = KIND_MESSAGE, .id = (char *)id, .display = (char *)display};

    assert_int_equal(cache_get_folders(t->fs->cache, KIND_MESSAGE, &folders), 0);
    for (size_t i = 0; i < folders.count; i++) {
        if (str_eq(folders.list[i].name, "Inbox"))
            sub.parent = folders.list[i].id;
    }
    assert_non_null(sub.parent);
    assert_int_equal(cache_add_folder(t->fs->cache, &sub), 0);
    cache_folders_release(&folders);
}

/* "by-date" is the view; the folder of this name has its id. */
static void test_a_folder_called_like_a_view(void **state)
{
    struct rig *t = *state;
    char *names;

    free(rig_list(t, "mail"));
    add_folder(t, "AAMkOne", "by-date");
    add_folder(t, "Inbox/unread", "unread"); /* an id that can be no name */
    add_folder(t, "AAMkTwo", "Support");
    names = rig_list(t, "views/mail/Inbox");
    assert_string_equal(names, "\nby-date\nby-sender\nunread\nAAMkOne\nSupport\n");
    free(names);
    assert_true(rig_exists(t, "views/mail/Inbox/AAMkOne/by-date"));
    assert_true(rig_exists(t, "views/mail/Inbox/Support/unread"));
    assert_false(rig_exists(t, "views/mail/Inbox/by-date/by-date"));
}

static void test_refused(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;
    char *names = rig_list(t, BY_NAME);
    char *link = xasprintf(BY_NAME "/%.*s", (int)strcspn(names + 1, "\n"), names + 1);

    assert_int_equal(rig_unlink(t, link), -EPERM);
    assert_int_equal(rig_rename(t, link, BY_NAME "/other.json", 0), -EPERM);
    assert_int_equal(rig_rename(t, link, BY_NAME "/aside~", 0), -EPERM);
    assert_int_equal(rig_rename(t, link, "contacts/Contacts/other.json", 0), -EPERM);
    assert_int_equal(rig_create(t, BY_NAME "/new.json", O_WRONLY, 0600, &h), -EPERM);
    assert_int_equal(rig_symlink(t, "x", BY_NAME "/new.json"), -EPERM);
    assert_int_equal(rig_mkdir(t, BY_NAME "/Friends"), -EPERM);
    assert_int_equal(rig_rmdir(t, BY_NAME), -EPERM);
    assert_int_equal(rig_save(t, BY_NAME "/sedAbCd", "local"), 0);
    assert_int_equal(rig_rename(t, BY_NAME "/sedAbCd", link, 0), -EPERM);
    assert_text(t, BY_NAME "/sedAbCd", "local");
    assert_int_equal(rig_unlink(t, BY_NAME "/sedAbCd"), 0);
    assert_int_equal(rig_rename(t, t->path, BY_NAME "/stolen.json", 0), -EXDEV);
    assert_sent(t, 0, 0, 0);
    free(link);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_name_without_a_listing, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_names_that_are_not_there, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_somebody_elses_changes, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_many_lookers, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_idle_indexes_go, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_not_more_than_some, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_a_folder_called_like_a_view, rig_setup, rig_teardown),
        cmocka_unit_test_setup_teardown(test_refused, rig_setup, rig_teardown),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
