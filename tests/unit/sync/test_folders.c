/* Folders: asked once, refreshed behind one's back, mail folders found by name. */
#include "reading.h"

static unsigned tables_calls(struct room *room)
{
    return memory_calls(room->memory, OP_CONTACT_GET_TABLES);
}

static size_t folders_of(struct room *room, enum kind kind)
{
    struct cache_folders folders;
    size_t count;

    assert_int_equal(mailbox_folders(room->mb, kind, NULL, &folders), 0);
    count = folders.count;
    cache_folders_release(&folders);
    return count;
}

static int find(struct room *room, enum kind kind, const char *parent, const char *name,
                char **ret_id)
{
    struct cache_folder folder;
    int rc = mailbox_find_folder(room->mb, kind, parent, name, NULL, &folder);

    if (rc)
        return rc;
    if (ret_id)
        *ret_id = xstrdup(folder.id);
    mailbox_folder_release(&folder);
    return 0;
}

static void add_table(struct room *room, const char *name)
{
    memory_add(room->memory, KIND_CONTACT, name, cJSON_CreateObject());
}

static void add_mail_folder(struct room *room, const char *path)
{
    memory_add(room->memory, KIND_MESSAGE, path, cJSON_CreateObject());
}

/* From now on the picker is refused, so mail folders are known by name only. */
static void refuse_picker(struct room *room)
{
    struct faulty_plan plan = {
        .op = OP_PICKER_OPEN, .count = 1000, .grade = GRADE_REFUSED, .status = 400};

    faulty_plan(room->faulty, &plan);
}

/* --- the list --------------------------------------------------------------------------------- */

static void folders_are_asked_for_once(void **state)
{
    struct room *room = *state;

    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    assert_int_equal(tables_calls(room), 1);
    assert_int_equal(events_of(room, &room->folders), 1);

    room_unmount(room);
    room_mount(room);
    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    assert_int_equal(tables_calls(room), 1);
}

static int call_folders(struct room *room, struct cancel *cancel)
{
    struct cache_folders folders;
    int rc = mailbox_folders(room->mb, KIND_CONTACT, cancel, &folders);

    if (!rc)
        cache_folders_release(&folders);
    return rc;
}

static void two_callers_one_question(void **state)
{
    struct room *room = *state;
    struct caller one, two;

    gate_hold(room->gate, OP_CONTACT_GET_TABLES);
    caller_start(&one, room, call_folders);
    caller_start(&two, room, call_folders);
    gate_await(room->gate, 1);
    usleep(50000); /* for the second to come as far as it can */
    gate_open(room->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(caller_join(&two), 0);
    assert_int_equal(tables_calls(room), 1);
}

static void interrupt_ends_the_question(void **state)
{
    struct room *room = *state;
    struct caller caller;

    gate_hold(room->gate, OP_CONTACT_GET_TABLES);
    caller_start(&caller, room, call_folders);
    gate_await(room->gate, 1);
    cancel_fire(&caller.cancel);
    assert_int_equal(caller_join(&caller), -EINTR);
    gate_open(room->gate);
    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
}

static void old_list_is_shown_and_renewed(void **state)
{
    struct room *room = *state;

    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    clock_advance(TTL + NS_PER_S);
    add_table(room, "Work");
    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    await_events(room, &room->folders, 2);
    assert_int_equal(folders_of(room, KIND_CONTACT), 2);
    assert_int_equal(tables_calls(room), 2);
}

static void failed_renewal_keeps_the_list(void **state)
{
    struct room *room = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_TABLES, .count = 1, .grade = GRADE_BROKEN, .status = 500};

    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    clock_advance(TTL + NS_PER_S);
    faulty_plan(room->faulty, &plan);
    assert_int_equal(find(room, KIND_CONTACT, NULL, "Contacts", NULL), 0);
    assert_int_equal(find(room, KIND_CONTACT, NULL, "Unknown", NULL), -ENOENT);
    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
}

static void offline_answers_from_the_cache(void **state)
{
    struct room *room = *state;
    struct cache_folders folders;

    faulty_offline(room->faulty, true);
    assert_int_equal(mailbox_folders(room->mb, KIND_CONTACT, NULL, &folders), -EHOSTUNREACH);
    faulty_offline(room->faulty, false);
    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    clock_advance(TTL + NS_PER_S);
    faulty_offline(room->faulty, true);
    room->gate->calls = 0;
    assert_int_equal(folders_of(room, KIND_CONTACT), 1);
    assert_int_equal(find(room, KIND_CONTACT, NULL, "Unknown", NULL), -ENOENT);
    assert_int_equal(room->gate->calls, 0);
}

/* --- one folder ------------------------------------------------------------------------------- */

static void folder_is_found_by_name_and_id(void **state)
{
    struct room *room = *state;
    char *id = NULL, *same = NULL;

    assert_int_equal(find(room, KIND_CONTACT, NULL, "Contacts", &id), 0);
    assert_string_not_equal(id, "Contacts");
    assert_int_equal(find(room, KIND_CONTACT, NULL, id, &same), 0);
    assert_string_equal(id, same);
    free(id);
    free(same);
    assert_int_equal(tables_calls(room), 1);
}

static void display_name_is_found_where_the_listed_one_differs(void **state)
{
    struct room *room = *state;

    add_table(room, "100%");
    assert_int_equal(find(room, KIND_CONTACT, NULL, "100%25", NULL), 0);
    assert_int_equal(find(room, KIND_CONTACT, NULL, "100%", NULL), 0);
}

static void unknown_name_costs_nothing_while_the_list_is_fresh(void **state)
{
    struct room *room = *state;

    assert_int_equal(find(room, KIND_CONTACT, NULL, "Work", NULL), -ENOENT);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Work", NULL), -ENOENT);
    room->gate->calls = 0;
    assert_int_equal(find(room, KIND_CONTACT, NULL, "Work", NULL), -ENOENT);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Work", NULL), -ENOENT);
    assert_int_equal(room->gate->calls, 0);
}

static void unknown_name_renews_an_old_list(void **state)
{
    struct room *room = *state;

    assert_int_equal(find(room, KIND_CONTACT, NULL, "Work", NULL), -ENOENT);
    clock_advance(TTL + NS_PER_S);
    add_table(room, "Work");
    assert_int_equal(find(room, KIND_CONTACT, NULL, "Work", NULL), 0);
    assert_int_equal(tables_calls(room), 2);
}

static void mail_folder_is_found_below_its_parent(void **state)
{
    struct room *room = *state;
    char *inbox = NULL, *id = NULL;

    add_mail_folder(room, "Inbox/Support");
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Inbox", &inbox), 0);
    assert_int_equal(find(room, KIND_MESSAGE, inbox, "Support", &id), 0);
    assert_string_not_equal(inbox, "Inbox"); /* the picker's Id */
    assert_string_not_equal(id, inbox);
    free(inbox);
    free(id);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Support", NULL), -ENOENT);
}

/* The picker is refused now: what it gave stays, and what is found beside it is asked for by path. */
static void ids_of_the_picker_outlive_it(void **state)
{
    struct room *room = *state;
    char *before = NULL, *after = NULL, *below = NULL;

    add_mail_folder(room, "Inbox/Support");
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Inbox", &before), 0);
    refuse_picker(room);
    clock_advance(TTL + NS_PER_S);
    add_mail_folder(room, "Inbox/New");
    assert_int_equal(find(room, KIND_MESSAGE, before, "Nowhere", NULL), -ENOENT);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Inbox", &after), 0);
    assert_string_equal(before, after);
    assert_int_equal(find(room, KIND_MESSAGE, after, "Support", NULL), 0);
    assert_int_equal(find(room, KIND_MESSAGE, after, "New", &below), 0);
    assert_string_equal(below, "Inbox/New");
    assert_int_equal(folders_of(room, KIND_MESSAGE), 3);
    free(before);
    free(after);
    free(below);
}

/* --- without the picker ----------------------------------------------------------------------- */

static void configured_mail_folders_are_shown(void **state)
{
    static const char *const names[] = {"Projects", "Inbox/Support", "No such", NULL};
    struct room *room = *state;
    struct cache_folders folders;

    room_unmount(room);
    room->config.mail_folders = names;
    room_mount(room);
    refuse_picker(room);
    add_mail_folder(room, "Projects");
    add_mail_folder(room, "Inbox/Support");
    assert_int_equal(mailbox_folders(room->mb, KIND_MESSAGE, NULL, &folders), 0);
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
    struct room *room = *state;
    char *id = NULL;

    refuse_picker(room);
    add_mail_folder(room, "Projects/2023");
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), 0);
    assert_int_equal(find(room, KIND_MESSAGE, "Projects", "2023", &id), 0);
    assert_string_equal(id, "Projects/2023");
    free(id);
    assert_int_equal(folders_of(room, KIND_MESSAGE), 3);
    room->gate->calls = 0;
    assert_int_equal(find(room, KIND_MESSAGE, "Projects", "2023", NULL), 0);
    assert_int_equal(room->gate->calls, 0);

    /* A renewed list keeps it. */
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(folders_of(room, KIND_MESSAGE), 3);
    room_unmount(room);
    room_mount(room);
    assert_int_equal(folders_of(room, KIND_MESSAGE), 3);
}

static void vain_look_up_is_remembered_for_a_while(void **state)
{
    struct room *room = *state;

    refuse_picker(room);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), -ENOENT);
    room->gate->calls = 0;
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), -ENOENT);
    assert_int_equal(room->gate->calls, 0);

    add_mail_folder(room, "Projects");
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), 0);
}

/* The refresh began before the folder was looked up, and its answer does not show it. */
static void older_list_does_not_lose_a_folder_found_meanwhile(void **state)
{
    struct room *room = *state;

    refuse_picker(room);
    assert_int_equal(folders_of(room, KIND_MESSAGE), 1);
    memory_add(room->memory, KIND_MESSAGE, "Archive", cJSON_CreateObject());
    add_mail_folder(room, "Projects");
    clock_advance(TTL + NS_PER_S);
    gate_hold(room->gate, OP_GET_EMAILS);
    room->gate->passing = "Projects";
    assert_int_equal(folders_of(room, KIND_MESSAGE), 1);
    gate_await(room->gate, 1);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), 0);
    gate_open(room->gate);
    await_events(room, &room->folders, 3);
    assert_int_equal(folders_of(room, KIND_MESSAGE), 3);
}

static void failed_look_up_is_not_remembered(void **state)
{
    struct room *room = *state;
    struct faulty_plan plan = {
        .op = OP_GET_EMAILS, .count = 1, .grade = GRADE_BROKEN, .status = 500};

    refuse_picker(room);
    assert_int_equal(folders_of(room, KIND_MESSAGE), 1);
    add_mail_folder(room, "Projects");
    faulty_plan(room->faulty, &plan);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), -EIO);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), 0);
}

static void names_of_programs_are_not_asked_for(void **state)
{
    static const char *const names[] = {".git", ".Trash", "~lock", "x.json", "a\tb", ""};
    struct room *room = *state;

    refuse_picker(room);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(find(room, KIND_MESSAGE, NULL, names[i], NULL), -ENOENT);
    assert_int_equal(room->gate->calls, 0);
}

static void unknown_mail_folder_offline(void **state)
{
    struct room *room = *state;

    refuse_picker(room);
    assert_int_equal(folders_of(room, KIND_MESSAGE), 1);
    faulty_offline(room->faulty, true);
    room->gate->calls = 0;
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Inbox", NULL), 0);
    assert_int_equal(find(room, KIND_MESSAGE, NULL, "Projects", NULL), -EHOSTUNREACH);
    assert_int_equal(room->gate->calls, 0);
}

/* --- probe ------------------------------------------------------------------------------------ */

static void probe_says_where_we_stand(void **state)
{
    struct room *room = *state;
    struct faulty_plan plan = {
        .op = OP_TEST_CONNECTION, .count = 1, .grade = GRADE_AUTH, .status = 401};
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mailbox_probe(room->mb, NULL, &err), 0);
    faulty_plan(room->faulty, &plan);
    assert_int_equal(mailbox_probe(room->mb, NULL, &err), -EACCES);
    assert_true(err.len > 0);
    faulty_offline(room->faulty, true);
    assert_int_equal(mailbox_probe(room->mb, NULL, &err), -EHOSTUNREACH);
    buf_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        room_test(folders_are_asked_for_once),
        room_test(two_callers_one_question),
        room_test(interrupt_ends_the_question),
        room_test(old_list_is_shown_and_renewed),
        room_test(failed_renewal_keeps_the_list),
        room_test(offline_answers_from_the_cache),
        room_test(folder_is_found_by_name_and_id),
        room_test(display_name_is_found_where_the_listed_one_differs),
        room_test(unknown_name_costs_nothing_while_the_list_is_fresh),
        room_test(unknown_name_renews_an_old_list),
        room_test(mail_folder_is_found_below_its_parent),
        room_test(ids_of_the_picker_outlive_it),
        room_test(configured_mail_folders_are_shown),
        room_test(looked_up_mail_folder_is_remembered),
        room_test(vain_look_up_is_remembered_for_a_while),
        room_test(older_list_does_not_lose_a_folder_found_meanwhile),
        room_test(failed_look_up_is_not_remembered),
        room_test(names_of_programs_are_not_asked_for),
        room_test(unknown_mail_folder_offline),
        room_test(probe_says_where_we_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
