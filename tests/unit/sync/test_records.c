/* Single records: from the cache, by id, and what needs no request. */
#include "reading.h"

static int record(struct rig *rig, const char *id, struct cancel *cancel)
{
    struct cache_record r;
    int rc = mailbox_record(rig->mb, KIND_CONTACT, "Contacts", id, true, cancel, &r);

    if (!rc) {
        assert_string_equal(r.id, id);
        assert_int_equal(r.size, strlen(r.text));
        cache_record_release(&r);
    }
    return rc;
}

static void listed_record_costs_nothing(void **state)
{
    struct rig *rig = *state;
    const char *id = add_contact(rig, "one");

    assert_int_equal(list_contacts(rig), 0);
    rig->gate->calls = 0;
    assert_int_equal(record(rig, id, NULL), 0);
    assert_int_equal(record(rig, "AAMkUnknown=", NULL), -ENOENT);
    assert_int_equal(rig->gate->calls, 0);
}

static void unlisted_record_is_asked_for_once(void **state)
{
    struct rig *rig = *state;
    const char *id = add_contact(rig, "one");

    assert_int_equal(record(rig, id, NULL), 0);
    assert_int_equal(record(rig, id, NULL), 0);
    assert_int_equal(get_calls(rig), 1);
    assert_int_equal(list_calls(rig), 0);
    assert_int_equal(events_of(rig, &rig->news), 1);
}

static void attributes_come_without_text(void **state)
{
    struct rig *rig = *state;
    const char *id = add_contact(rig, "one");
    struct cache_record r;

    assert_int_equal(mailbox_record(rig->mb, KIND_CONTACT, "Contacts", id, false, NULL, &r), 0);
    assert_null(r.text);
    assert_true(r.size > 0);
    cache_record_release(&r);
}

static void missing_record_is_remembered_for_a_while(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 3; i++)
        assert_int_equal(record(rig, "AAMkNone=", NULL), -ENOENT);
    assert_int_equal(get_calls(rig), 1);
    clock_advance(11 * NS_PER_S);
    assert_int_equal(record(rig, "AAMkNone=", NULL), -ENOENT);
    assert_int_equal(get_calls(rig), 2);
}

static void impossible_ids_are_not_asked_for(void **state)
{
    static const char *const ids[] = {"",         ".git",        "Desktop.ini", "a b",
                                      "folder/x", "caf\xc3\xa9", "x~",          "notes.txt"};
    struct rig *rig = *state;

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        assert_int_equal(record(rig, ids[i], NULL), -ENOENT);
    assert_int_equal(rig->gate->calls, 0);
}

static void failure_is_not_remembered_as_missing(void **state)
{
    struct rig *rig = *state;
    struct faulty_plan plan = {.op = OP_CONTACT_GET_ITEM, .count = 1, .grade = GRADE_BROKEN};
    const char *id = add_contact(rig, "one");

    faulty_plan(rig->faulty, &plan);
    assert_int_equal(record(rig, id, NULL), -EIO);
    assert_int_equal(record(rig, id, NULL), 0);
}

static void offline_fails_at_once(void **state)
{
    struct rig *rig = *state;
    const char *known = add_contact(rig, "one");
    const char *unknown = add_contact(rig, "two");

    assert_int_equal(record(rig, known, NULL), 0);
    faulty_offline(rig->faulty, true);
    rig->gate->calls = 0;
    assert_int_equal(record(rig, known, NULL), 0);
    assert_int_equal(record(rig, unknown, NULL), -EHOSTUNREACH);
    assert_int_equal(rig->gate->calls, 0);
}

static const char *wanted_id;

static int call_record(struct rig *rig, struct cancel *cancel)
{
    return record(rig, wanted_id, cancel);
}

static void two_callers_one_question(void **state)
{
    struct rig *rig = *state;
    struct caller one, two;

    wanted_id = add_contact(rig, "one");
    gate_hold(rig->gate, OP_CONTACT_GET_ITEM);
    caller_start(&one, rig, call_record);
    caller_start(&two, rig, call_record);
    gate_await(rig->gate, 1);
    usleep(50000); /* for the second to come as far as it can */
    gate_open(rig->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(caller_join(&two), 0);
    assert_int_equal(get_calls(rig), 1);
}

static void interrupted_question_passes_to_the_next(void **state)
{
    struct rig *rig = *state;
    struct caller one, two;

    wanted_id = add_contact(rig, "one");
    gate_hold(rig->gate, OP_CONTACT_GET_ITEM);
    caller_start(&one, rig, call_record);
    gate_await(rig->gate, 1);
    caller_start(&two, rig, call_record);
    cancel_fire(&one.cancel);
    assert_int_equal(caller_join(&one), -EINTR);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&two), 0);
}

static void waiting_for_anothers_question_can_be_interrupted(void **state)
{
    struct rig *rig = *state;
    struct caller one, two;

    wanted_id = add_contact(rig, "one");
    gate_hold(rig->gate, OP_CONTACT_GET_ITEM);
    caller_start(&one, rig, call_record);
    gate_await(rig->gate, 1);
    caller_start(&two, rig, call_record);
    cancel_fire(&two.cancel);
    assert_int_equal(caller_join(&two), -EINTR);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(get_calls(rig), 1);
}

static void looked_up_record_survives_the_listing(void **state)
{
    struct rig *rig = *state;
    struct caller caller;
    const char *id;

    add_contacts(rig, 10);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);
    id = add_contact(rig, "later than the page");
    assert_int_equal(record(rig, id, NULL), 0);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_int_equal(read_contacts(rig), 11);
    assert_int_equal(get_calls(rig), 1); /* the listing has no doubts about it */
    assert_int_equal(events_of(rig, &rig->gone), 0);
}

static void older_answer_does_not_bring_a_deleted_record_back(void **state)
{
    struct rig *rig = *state;
    struct caller caller;

    wanted_id = add_contact(rig, "one");
    gate_hold(rig->gate, OP_CONTACT_GET_ITEM);
    caller_start(&caller, rig, call_record);
    gate_await(rig->gate, 1);
    assert_int_equal(mailbox_record_deleted(rig->mb, KIND_CONTACT, "Contacts", wanted_id), 0);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&caller), -ENOENT);
}

static void created_record_is_no_longer_missing(void **state)
{
    struct rig *rig = *state;
    struct item item = {.kind = KIND_CONTACT,
                        .id = "AAMkNew=",
                        .etag = "",
                        .mtime = 1,
                        .text = "{\"Id\": \"AAMkNew=\"}\n",
                        .size = 19};

    assert_int_equal(record(rig, "AAMkNew=", NULL), -ENOENT);
    assert_int_equal(mailbox_record_written(rig->mb, "Contacts", &item), 0);
    assert_int_equal(record(rig, "AAMkNew=", NULL), 0);
    assert_int_equal(events_of(rig, &rig->news), 1);
}

static void message_of_another_folder_is_not_in_this_one(void **state)
{
    struct rig *rig = *state;
    const char *id = memory_add(rig->memory, KIND_MESSAGE, "Archive", cJSON_CreateObject());
    struct cache_record r;

    assert_int_equal(mailbox_record(rig->mb, KIND_MESSAGE, "Archive", id, true, NULL, &r), 0);
    cache_record_release(&r);
    assert_int_equal(mailbox_record(rig->mb, KIND_MESSAGE, "Inbox", id, true, NULL, &r), -ENOENT);
    assert_int_equal(memory_calls(rig->memory, OP_GET_EMAIL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(listed_record_costs_nothing),
        rig_test(unlisted_record_is_asked_for_once),
        rig_test(attributes_come_without_text),
        rig_test(missing_record_is_remembered_for_a_while),
        rig_test(impossible_ids_are_not_asked_for),
        rig_test(failure_is_not_remembered_as_missing),
        rig_test(offline_fails_at_once),
        rig_test(two_callers_one_question),
        rig_test(interrupted_question_passes_to_the_next),
        rig_test(waiting_for_anothers_question_can_be_interrupted),
        rig_test(looked_up_record_survives_the_listing),
        rig_test(older_answer_does_not_bring_a_deleted_record_back),
        rig_test(created_record_is_no_longer_missing),
        rig_test(message_of_another_folder_is_not_in_this_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
