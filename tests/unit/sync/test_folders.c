/* Folders: asked once, refreshed behind one's back, mail folders found by name. */
#include "reading.h"

static unsigned tables_calls(struct rig *rig)
{
    return memory_calls(rig->memory, OP_CONTACT_GET_TABLES);
}

static size_t folders_of(struct rig *rig, enum kind kind)
{
    struct cache_folders folders;
    size_t count;

    assert_int_equal(mailbox_folders(rig->mb, kind, NULL, &folders), 0);
    count = folders.count;
    cache_folders_release(&folders);
    return count;
}

static int find(struct rig *rig, enum kind kind, const char *parent, const char *name,
                char **ret_id)
{
    struct cache_folder folder;
    int rc = mailbox_find_folder(rig->mb, kind, parent, name, NULL, &folder);

    if (rc)
        return rc;
    if (ret_id)
        *ret_id = xstrdup(folder.id);
    mailbox_folder_release(&folder);
    return 0;
}

static void add_table(struct rig *rig, const char *name)
{
    memory_add(rig->memory, KIND_CONTACT, name, cJSON_CreateObject());
}

static void add_mail_folder(struct rig *rig, const char *path)
{
    memory_add(rig->memory, KIND_MESSAGE, path, cJSON_CreateObject());
}

/* From now on the picker is refused, so mail folders are known by name only. */
static void refuse_picker(struct rig *rig)
{
    struct faulty_plan plan = {
        .op = OP_PICKER_OPEN, .count = 1000, .grade = GRADE_REFUSED, .status = 400};

    faulty_plan(rig->faulty, &plan);
}

/* --- the list --------------------------------------------------------------------------------- */

static void folders_are_asked_for_once(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    assert_int_equal(tables_calls(rig), 1);
    assert_int_equal(events_of(rig, &rig->folders), 1);

    rig_unmount(rig);
    rig_mount(rig);
    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    assert_int_equal(tables_calls(rig), 1);
}

static int call_folders(struct rig *rig, struct cancel *cancel)
{
    struct cache_folders folders;
    int rc = mailbox_folders(rig->mb, KIND_CONTACT, cancel, &folders);

    if (!rc)
        cache_folders_release(&folders);
    return rc;
}

static void two_callers_one_question(void **state)
{
    struct rig *rig = *state;
    struct caller one, two;

    gate_hold(rig->gate, OP_CONTACT_GET_TABLES);
    caller_start(&one, rig, call_folders);
    caller_start(&two, rig, call_folders);
    gate_await(rig->gate, 1);
    usleep(50000); /* for the second to come as far as it can */
    gate_open(rig->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(caller_join(&two), 0);
    assert_int_equal(tables_calls(rig), 1);
}

static void interrupt_ends_the_question(void **state)
{
    struct rig *rig = *state;
    struct caller caller;

    gate_hold(rig->gate, OP_CONTACT_GET_TABLES);
    caller_start(&caller, rig, call_folders);
    gate_await(rig->gate, 1);
    cancel_fire(&caller.cancel);
    assert_int_equal(caller_join(&caller), -EINTR);
    gate_open(rig->gate);
    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
}

static void old_list_is_shown_and_renewed(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    clock_advance(TTL + NS_PER_S);
    add_table(rig, "Work");
    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    await_events(rig, &rig->folders, 2);
    assert_int_equal(folders_of(rig, KIND_CONTACT), 2);
    assert_int_equal(tables_calls(rig), 2);
}

static void failed_renewal_keeps_the_list(void **state)
{
    struct rig *rig = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_TABLES, .count = 1, .grade = GRADE_BROKEN, .status = 500};

    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    clock_advance(TTL + NS_PER_S);
    faulty_plan(rig->faulty, &plan);
    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Contacts", NULL), 0);
    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Unknown", NULL), -ENOENT);
    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
}

static void offline_answers_from_the_cache(void **state)
{
    struct rig *rig = *state;
    struct cache_folders folders;

    faulty_offline(rig->faulty, true);
    assert_int_equal(mailbox_folders(rig->mb, KIND_CONTACT, NULL, &folders), -EHOSTUNREACH);
    faulty_offline(rig->faulty, false);
    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    clock_advance(TTL + NS_PER_S);
    faulty_offline(rig->faulty, true);
    rig->gate->calls = 0;
    assert_int_equal(folders_of(rig, KIND_CONTACT), 1);
    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Unknown", NULL), -ENOENT);
    assert_int_equal(rig->gate->calls, 0);
}

/* --- one folder ------------------------------------------------------------------------------- */

static void folder_is_found_by_name_and_id(void **state)
{
    struct rig *rig = *state;
    char *id = NULL, *same = NULL;

    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Contacts", &id), 0);
    assert_string_not_equal(id, "Contacts");
    assert_int_equal(find(rig, KIND_CONTACT, NULL, id, &same), 0);
    assert_string_equal(id, same);
    free(id);
    free(same);
    assert_int_equal(tables_calls(rig), 1);
}

static void display_name_is_found_where_the_listed_one_differs(void **state)
{
    struct rig *rig = *state;

    add_table(rig, "100%");
    assert_int_equal(find(rig, KIND_CONTACT, NULL, "100%25", NULL), 0);
    assert_int_equal(find(rig, KIND_CONTACT, NULL, "100%", NULL), 0);
}

static void unknown_name_costs_nothing_while_the_list_is_fresh(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Work", NULL), -ENOENT);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Work", NULL), -ENOENT);
    rig->gate->calls = 0;
    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Work", NULL), -ENOENT);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Work", NULL), -ENOENT);
    assert_int_equal(rig->gate->calls, 0);
}

static void unknown_name_renews_an_old_list(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Work", NULL), -ENOENT);
    clock_advance(TTL + NS_PER_S);
    add_table(rig, "Work");
    assert_int_equal(find(rig, KIND_CONTACT, NULL, "Work", NULL), 0);
    assert_int_equal(tables_calls(rig), 2);
}

static void mail_folder_is_found_below_its_parent(void **state)
{
    struct rig *rig = *state;
    char *inbox = NULL, *id = NULL;

    add_mail_folder(rig, "Inbox/Support");
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Inbox", &inbox), 0);
    assert_int_equal(find(rig, KIND_MESSAGE, inbox, "Support", &id), 0);
    assert_string_not_equal(inbox, "Inbox"); /* the picker's Id */
    assert_string_not_equal(id, inbox);
    free(inbox);
    free(id);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Support", NULL), -ENOENT);
}

/* The picker is refused now: what it gave stays, and what is found beside it is asked for by path. */
static void ids_of_the_picker_outlive_it(void **state)
{
    struct rig *rig = *state;
    char *before = NULL, *after = NULL, *below = NULL;

    add_mail_folder(rig, "Inbox/Support");
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Inbox", &before), 0);
    refuse_picker(rig);
    clock_advance(TTL + NS_PER_S);
    add_mail_folder(rig, "Inbox/New");
    assert_int_equal(find(rig, KIND_MESSAGE, before, "Nowhere", NULL), -ENOENT);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Inbox", &after), 0);
    assert_string_equal(before, after);
    assert_int_equal(find(rig, KIND_MESSAGE, after, "Support", NULL), 0);
    assert_int_equal(find(rig, KIND_MESSAGE, after, "New", &below), 0);
    assert_string_equal(below, "Inbox/New");
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 3);
    free(before);
    free(after);
    free(below);
}

/* --- without the picker ----------------------------------------------------------------------- */

static void configured_mail_folders_are_shown(void **state)
{
    static const char *const names[] = {"Projects", "Inbox/Support", "No such", NULL};
    struct rig *rig = *state;
    struct cache_folders folders;

    rig_unmount(rig);
    rig->config.mail_folders = names;
    rig_mount(rig);
    refuse_picker(rig);
    add_mail_folder(rig, "Projects");
    add_mail_folder(rig, "Inbox/Support");
    assert_int_equal(mailbox_folders(rig->mb, KIND_MESSAGE, NULL, &folders), 0);
    assert_true(folders.partial);
    assert_int_equal(folders.count, 3);
    assert_string_equal(folders.list[0].id, "Inbox");
    assert_string_equal(folders.list[1].id, "Projects");
    assert_string_equal(folders.list[2].name, "Support");
    assert_string_equal(folders.list[2].parent, "Inbox");
    cache_folders_release(&folders);
}

static void looked_up_mail_folder_is_remembered(void **state)
{
    struct rig *rig = *state;
    char *id = NULL;

    refuse_picker(rig);
    add_mail_folder(rig, "Projects/2023");
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), 0);
    assert_int_equal(find(rig, KIND_MESSAGE, "Projects", "2023", &id), 0);
    assert_string_equal(id, "Projects/2023");
    free(id);
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 3);
    rig->gate->calls = 0;
    assert_int_equal(find(rig, KIND_MESSAGE, "Projects", "2023", NULL), 0);
    assert_int_equal(rig->gate->calls, 0);

    /* A renewed list keeps it. */
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 3);
    rig_unmount(rig);
    rig_mount(rig);
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 3);
}

static void vain_look_up_is_remembered_for_a_while(void **state)
{
    struct rig *rig = *state;

    refuse_picker(rig);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), -ENOENT);
    rig->gate->calls = 0;
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), -ENOENT);
    assert_int_equal(rig->gate->calls, 0);

    add_mail_folder(rig, "Projects");
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), 0);
}

/* The refresh began before the folder was looked up, and its answer does not show it. */
static void older_list_does_not_lose_a_folder_found_meanwhile(void **state)
{
    struct rig *rig = *state;

    refuse_picker(rig);
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 1);
    memory_add(rig->memory, KIND_MESSAGE, "Archive", cJSON_CreateObject());
    add_mail_folder(rig, "Projects");
    clock_advance(TTL + NS_PER_S);
    gate_hold(rig->gate, OP_GET_EMAILS);
    rig->gate->passing = "Projects";
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 1);
    gate_await(rig->gate, 1);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), 0);
    gate_open(rig->gate);
    await_events(rig, &rig->folders, 3);
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 3);
}

static void failed_look_up_is_not_remembered(void **state)
{
    struct rig *rig = *state;
    struct faulty_plan plan = {
        .op = OP_GET_EMAILS, .count = 1, .grade = GRADE_BROKEN, .status = 500};

    refuse_picker(rig);
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 1);
    add_mail_folder(rig, "Projects");
    faulty_plan(rig->faulty, &plan);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), -EIO);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), 0);
}

static void names_of_programs_are_not_asked_for(void **state)
{
    static const char *const names[] = {".git", ".Trash", "~lock", "x.json", "a\tb", ""};
    struct rig *rig = *state;

    refuse_picker(rig);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(find(rig, KIND_MESSAGE, NULL, names[i], NULL), -ENOENT);
    assert_int_equal(rig->gate->calls, 0);
}

static void unknown_mail_folder_offline(void **state)
{
    struct rig *rig = *state;

    refuse_picker(rig);
    assert_int_equal(folders_of(rig, KIND_MESSAGE), 1);
    faulty_offline(rig->faulty, true);
    rig->gate->calls = 0;
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Inbox", NULL), 0);
    assert_int_equal(find(rig, KIND_MESSAGE, NULL, "Projects", NULL), -EHOSTUNREACH);
    assert_int_equal(rig->gate->calls, 0);
}

/* --- probe ------------------------------------------------------------------------------------ */

static void probe_says_where_we_stand(void **state)
{
    struct rig *rig = *state;
    struct faulty_plan plan = {
        .op = OP_TEST_CONNECTION, .count = 1, .grade = GRADE_AUTH, .status = 401};
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mailbox_probe(rig->mb, NULL, &err), 0);
    faulty_plan(rig->faulty, &plan);
    assert_int_equal(mailbox_probe(rig->mb, NULL, &err), -EACCES);
    assert_true(err.len > 0);
    faulty_offline(rig->faulty, true);
    assert_int_equal(mailbox_probe(rig->mb, NULL, &err), -EHOSTUNREACH);
    buf_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(folders_are_asked_for_once),
        rig_test(two_callers_one_question),
        rig_test(interrupt_ends_the_question),
        rig_test(old_list_is_shown_and_renewed),
        rig_test(failed_renewal_keeps_the_list),
        rig_test(offline_answers_from_the_cache),
        rig_test(folder_is_found_by_name_and_id),
        rig_test(display_name_is_found_where_the_listed_one_differs),
        rig_test(unknown_name_costs_nothing_while_the_list_is_fresh),
        rig_test(unknown_name_renews_an_old_list),
        rig_test(mail_folder_is_found_below_its_parent),
        rig_test(ids_of_the_picker_outlive_it),
        rig_test(configured_mail_folders_are_shown),
        rig_test(looked_up_mail_folder_is_remembered),
        rig_test(vain_look_up_is_remembered_for_a_while),
        rig_test(older_list_does_not_lose_a_folder_found_meanwhile),
        rig_test(failed_look_up_is_not_remembered),
        rig_test(names_of_programs_are_not_asked_for),
        rig_test(unknown_mail_folder_offline),
        rig_test(probe_says_where_we_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
