/* Single records: from the cache, by id, and what needs no request. */
#include "reading.h"

static int record(struct room *room, const char *id, struct cancel *cancel)
{
    struct cache_record r;
    int rc = mailbox_record(room->mb, KIND_CONTACT, "Contacts", id, true, cancel, &r);

    if (!rc) {
        assert_string_equal(r.id, id);
        assert_int_equal(r.size, strlen(r.text));
        cache_record_release(&r);
    }
    return rc;
}

static void listed_record_costs_nothing(void **state)
{
    struct room *room = *state;
    const char *id = add_contact(room, "one");

    assert_int_equal(list_contacts(room), 0);
    room->gate->calls = 0;
    assert_int_equal(record(room, id, NULL), 0);
    assert_int_equal(record(room, "AAMkUnknown=", NULL), -ENOENT);
    assert_int_equal(room->gate->calls, 0);
}

static void unlisted_record_is_asked_for_once(void **state)
{
    struct room *room = *state;
    const char *id = add_contact(room, "one");

    assert_int_equal(record(room, id, NULL), 0);
    assert_int_equal(record(room, id, NULL), 0);
    assert_int_equal(get_calls(room), 1);
    assert_int_equal(list_calls(room), 0);
    assert_int_equal(events_of(room, &room->news), 1);
}

static void attributes_come_without_text(void **state)
{
    struct room *room = *state;
    const char *id = add_contact(room, "one");
    struct cache_record r;

    assert_int_equal(mailbox_record(room->mb, KIND_CONTACT, "Contacts", id, false, NULL, &r), 0);
    assert_null(r.text);
    assert_true(r.size > 0);
    cache_record_release(&r);
}

static void missing_record_is_remembered_for_a_while(void **state)
{
    struct room *room = *state;

    for (int i = 0; i < 3; i++)
        assert_int_equal(record(room, "AAMkNone=", NULL), -ENOENT);
    assert_int_equal(get_calls(room), 1);
    clock_advance(11 * NS_PER_S);
    assert_int_equal(record(room, "AAMkNone=", NULL), -ENOENT);
    assert_int_equal(get_calls(room), 2);
}

static void impossible_ids_are_not_asked_for(void **state)
{
    static const char *const ids[] = {"",         ".git",        "Desktop.ini", "a b",
                                      "folder/x", "caf\xc3\xa9", "x~",          "notes.txt"};
    struct room *room = *state;

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_int_equal(record(room, ids[i], NULL), -ENOENT);
    assert_int_equal(room->gate->calls, 0);
}

static void failure_is_not_remembered_as_missing(void **state)
{
    struct room *room = *state;
    struct faulty_plan plan = {.op = OP_CONTACT_GET_ITEM, .count = 1, .grade = GRADE_BROKEN};
    const char *id = add_contact(room, "one");

    faulty_plan(room->faulty, &plan);
    assert_int_equal(record(room, id, NULL), -EIO);
    assert_int_equal(record(room, id, NULL), 0);
}

static void offline_fails_at_once(void **state)
{
    struct room *room = *state;
    const char *known = add_contact(room, "one");
    const char *unknown = add_contact(room, "two");

    assert_int_equal(record(room, known, NULL), 0);
    faulty_offline(room->faulty, true);
    room->gate->calls = 0;
    assert_int_equal(record(room, known, NULL), 0);
    assert_int_equal(record(room, unknown, NULL), -EHOSTUNREACH);
    assert_int_equal(room->gate->calls, 0);
}

static const char *wanted_id;

static int call_record(struct room *room, struct cancel *cancel)
{
    return record(room, wanted_id, cancel);
}

static void two_callers_one_question(void **state)
{
    struct room *room = *state;
    struct caller one, two;

    wanted_id = add_contact(room, "one");
    gate_hold(room->gate, OP_CONTACT_GET_ITEM);
    caller_start(&one, room, call_record);
    caller_start(&two, room, call_record);
    gate_await(room->gate, 1);
    usleep(50000); /* for the second to come as far as it can */
    gate_open(room->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(caller_join(&two), 0);
    assert_int_equal(get_calls(room), 1);
}

static void interrupted_question_passes_to_the_next(void **state)
{
    struct room *room = *state;
    struct caller one, two;

    wanted_id = add_contact(room, "one");
    gate_hold(room->gate, OP_CONTACT_GET_ITEM);
    caller_start(&one, room, call_record);
    gate_await(room->gate, 1);
    caller_start(&two, room, call_record);
    cancel_fire(&one.cancel);
    assert_int_equal(caller_join(&one), -EINTR);
    gate_open(room->gate);
    assert_int_equal(caller_join(&two), 0);
}

static void waiting_for_anothers_question_can_be_interrupted(void **state)
{
    struct room *room = *state;
    struct caller one, two;

    wanted_id = add_contact(room, "one");
    gate_hold(room->gate, OP_CONTACT_GET_ITEM);
    caller_start(&one, room, call_record);
    gate_await(room->gate, 1);
    caller_start(&two, room, call_record);
    cancel_fire(&two.cancel);
    assert_int_equal(caller_join(&two), -EINTR);
    gate_open(room->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(get_calls(room), 1);
}

static void looked_up_record_survives_the_listing(void **state)
{
    struct room *room = *state;
    struct caller caller;
    const char *id;

    add_contacts(room, 10);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);
    id = add_contact(room, "later than the page");
    assert_int_equal(record(room, id, NULL), 0);
    gate_open(room->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_int_equal(read_contacts(room), 11);
    assert_int_equal(get_calls(room), 1); /* the listing has no doubts about it */
    assert_int_equal(events_of(room, &room->gone), 0);
}

static void older_answer_does_not_bring_a_deleted_record_back(void **state)
{
    struct room *room = *state;
    struct caller caller;

    wanted_id = add_contact(room, "one");
    gate_hold(room->gate, OP_CONTACT_GET_ITEM);
    caller_start(&caller, room, call_record);
    gate_await(room->gate, 1);
    assert_int_equal(mailbox_record_deleted(room->mb, KIND_CONTACT, "Contacts", wanted_id), 0);
    gate_open(room->gate);
    assert_int_equal(caller_join(&caller), -ENOENT);
}

static void created_record_is_no_longer_missing(void **state)
{
    struct room *room = *state;
    struct item item = {.kind = KIND_CONTACT,
                        .id = "AAMkNew=",
                        .etag = "",
                        .mtime = 1,
                        .text = "{\"Id\": \"AAMkNew=\"}\n",
                        .size = 19};

    assert_int_equal(record(room, "AAMkNew=", NULL), -ENOENT);
    assert_int_equal(mailbox_record_written(room->mb, "Contacts", &item), 0);
    assert_int_equal(record(room, "AAMkNew=", NULL), 0);
    assert_int_equal(events_of(room, &room->news), 1);
}

static void message_of_another_folder_is_not_in_this_one(void **state)
{
    struct room *room = *state;
    const char *id = memory_add(room->memory, KIND_MESSAGE, "Archive", cJSON_CreateObject());
    struct cache_record r;

    assert_int_equal(mailbox_record(room->mb, KIND_MESSAGE, "Archive", id, true, NULL, &r), 0);
    cache_record_release(&r);
    assert_int_equal(mailbox_record(room->mb, KIND_MESSAGE, "Inbox", id, true, NULL, &r), -ENOENT);
    assert_int_equal(memory_calls(room->memory, OP_GET_EMAIL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        room_test(listed_record_costs_nothing),
        room_test(unlisted_record_is_asked_for_once),
        room_test(attributes_come_without_text),
        room_test(missing_record_is_remembered_for_a_while),
        room_test(impossible_ids_are_not_asked_for),
        room_test(failure_is_not_remembered_as_missing),
        room_test(offline_fails_at_once),
        room_test(two_callers_one_question),
        room_test(interrupted_question_passes_to_the_next),
        room_test(waiting_for_anothers_question_can_be_interrupted),
        room_test(looked_up_record_survives_the_listing),
        room_test(older_answer_does_not_bring_a_deleted_record_back),
        room_test(created_record_is_no_longer_missing),
        room_test(message_of_another_folder_is_not_in_this_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
