/* The answer was lost: nothing is done twice, and nothing is left out. */
#include "writeback_test.h"

#define ANN "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\"}"
#define EVENT                                                                                      \
    "{\"Subject\":\"s\",\"Start\":\"2026-12-01T10:00:00Z\",\"End\":\"2026-12-01T11:00:00Z\","      \
    "\"Body\":{\"ContentType\":\"Text\",\"Content\":\"hello\"}}"

static int64_t new_file(struct rig *rig, const char *name, const char *text)
{
    int64_t slot = new_slot(rig, KIND_CONTACT, name, NULL);

    assert_int_equal(save_as(rig, slot, NULL, text), 0);
    return slot;
}

static void assert_began(struct rig *rig, int64_t slot, bool sent)
{
    struct journal_op op = op_of(rig, slot);

    assert_int_equal(op.state, JOURNAL_QUEUED);
    assert_true(op.began);
    assert_int_equal(op.sent != NULL, sent);
    journal_op_release(&op);
}

/* --- create --- */

static void test_a_create_that_arrived_is_found(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);
    char *id;

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    try_once(rig);
    assert_began(rig, slot, true);
    assert_int_equal(writeback_cancel(rig->wb, slot), -EBUSY);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    id = record_of(rig, slot);
    assert_remote(rig, KIND_CONTACT, id, "GivenName", "Ann");
    assert_true(is_cached(rig, KIND_CONTACT, id));
    free(id);
}

static void test_a_create_that_was_lost_is_sent_again(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);

    plan_lost(rig, OP_CONTACT_POST_ITEM, false);
    try_once(rig);
    assert_began(rig, slot, true);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(calls(rig, OP_CONTACT_GET_ITEMS), 1);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
}

/* A refusal to work for the moment is an answer: nothing was made. */
static void test_a_create_that_was_throttled_is_just_sent_again(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);
    struct journal_op op;

    plan(rig, OP_CONTACT_POST_ITEM, 1, GRADE_THROTTLED, 429);
    try_once(rig);
    op = op_of(rig, slot);
    assert_int_equal(op.began, 0);
    assert_null(op.sent);
    journal_op_release(&op);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_GET_ITEMS), 0);
}

static void test_no_second_post_while_nobody_can_look(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    plan(rig, OP_CONTACT_GET_ITEMS, 3, GRADE_BROKEN, 500);
    for (unsigned i = 0; i < 4; i++)
        try_once(rig);
    assert_began(rig, slot, true);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
}

static void test_no_second_post_when_looking_is_refused(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    plan(rig, OP_CONTACT_GET_ITEMS, 1, GRADE_DENIED, 403);
    try_once(rig);
    assert_int_equal(flush(rig, slot), -EACCES);
    assert_int_equal(writeback_retry(rig->wb, slot), 0);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
}

static void test_an_order_that_is_refused_is_done_without(void **state)
{
    struct rig *rig = *state;

    new_file(rig, "ann.json", ANN);
    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    plan(rig, OP_CONTACT_GET_ITEMS, 1, GRADE_REFUSED, 400);
    try_once(rig);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
}

/* Its first page comes again and again: that is all there is. */
static void test_a_service_that_does_not_skip_is_not_asked_for_ever(void **state)
{
    struct rig *rig = *state;

    for (unsigned i = 0; i < 300; i++)
        memory_add(rig->memory, KIND_CONTACT, "Contacts", json("{\"GivenName\":\"Bob\"}"));
    new_file(rig, "ann.json", ANN);
    plan_lost(rig, OP_CONTACT_POST_ITEM, false);
    plan(rig, OP_CONTACT_GET_ITEMS, 1, GRADE_REFUSED, 400);
    try_once(rig);
    rig->gate->skips_nothing = true;
    flush_all(rig);
    assert_in_range(calls(rig, OP_CONTACT_GET_ITEMS), 1, 4);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 301);
}

/* The service made it after the answer was given up, and would have been asked too early. */
static void made_late(struct rig *rig, int64_t slot)
{
    int64_t began;
    struct journal_op op = op_of(rig, slot);

    began = op.began;
    journal_op_release(&op);
    try_once(rig);
    assert_int_equal(calls(rig, OP_CONTACT_GET_ITEMS), 0);
    op = op_of(rig, slot);
    assert_int_equal(op.due, began + CREATE_SETTLE);
    journal_op_release(&op);
    memory_add(rig->memory, KIND_CONTACT, "Contacts", json(ANN));
    clock_advance(CREATE_SETTLE);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 0);
    assert_int_equal(calls(rig, OP_CONTACT_GET_ITEMS), 1);
}

static void test_a_create_that_arrives_late_is_not_sent_again(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);
    char *id;

    rig->mb->config.create_settle = CREATE_SETTLE;
    plan_lost(rig, OP_CONTACT_POST_ITEM, false);
    try_once(rig);
    made_late(rig, slot);
    id = record_of(rig, slot);
    assert_non_null(id);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    free(id);
}

static void test_deleted_before_it_arrives_late(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);

    rig->mb->config.create_settle = CREATE_SETTLE;
    plan_lost(rig, OP_CONTACT_POST_ITEM, false);
    try_once(rig);
    assert_int_equal(delete_as(rig, slot, NULL), 0);
    made_late(rig, slot);
    assert_false(has_slot(rig, slot));
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
}

/* Two files of the same text, both answers lost, one arrived: two records in the end. */
static void test_twins_do_not_share_a_record(void **state)
{
    struct rig *rig = *state;
    int64_t a = new_file(rig, "a.json", ANN), b = new_file(rig, "b.json", ANN);
    char *first, *second;

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    plan_lost(rig, OP_CONTACT_POST_ITEM, false);
    gate_close(rig->gate, OP_CONTACT_POST_ITEM);
    let_go(rig);
    gate_await(rig->gate, 2);
    gate_open(rig->gate);
    flush_all(rig);
    first = record_of(rig, a);
    second = record_of(rig, b);
    assert_non_null(first);
    assert_non_null(second);
    assert_string_not_equal(first, second);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 2);
    free(first);
    free(second);
}

static void test_an_old_twin_is_not_taken(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);
    const char *old;
    char *id;

    old = memory_add(rig->memory, KIND_CONTACT, "Contacts",
                     json("{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\","
                          "\"DateTimeCreated\":\"2020-01-01T00:00:00+00:00\"}"));
    plan_lost(rig, OP_CONTACT_POST_ITEM, false);
    try_once(rig);
    flush_all(rig);
    id = record_of(rig, slot);
    assert_string_not_equal(id, old);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 2);
    free(id);
}

/* Found behind more than a page of newer ones. */
static void test_the_record_is_found_behind_others(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    try_once(rig);
    for (unsigned i = 0; i < 120; i++)
        memory_add(rig->memory, KIND_CONTACT, "Contacts",
                   json("{\"GivenName\":\"Bob\","
                        "\"DateTimeCreated\":\"2099-01-01T00:00:00+00:00\"}"));
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(calls(rig, OP_CONTACT_GET_ITEMS), 3);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 121);
    assert_false(has_op(rig, slot));
}

static void test_saved_again_before_it_is_known(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);
    char *id;

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    try_once(rig);
    assert_int_equal(save_as(rig, slot, NULL, "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"2\"}"), 0);
    flush_all(rig);
    id = record_of(rig, slot);
    assert_remote(rig, KIND_CONTACT, id, "MobilePhone1", "2");
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    free(id);
}

static void test_deleted_before_it_is_known(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    try_once(rig);
    assert_int_equal(delete_as(rig, slot, NULL), 0);
    assert_op(rig, slot, JOURNAL_DELETE, JOURNAL_QUEUED);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    assert_false(has_slot(rig, slot));
    assert_trash(rig, "delete", "GivenName", "Ann");
}

static void test_deleted_before_it_is_known_that_it_never_was(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);

    plan_lost(rig, OP_CONTACT_POST_ITEM, false);
    try_once(rig);
    assert_int_equal(delete_as(rig, slot, NULL), 0);
    plan(rig, OP_CONTACT_GET_ITEMS, 1, GRADE_BROKEN, 500);
    try_once(rig);
    assert_true(has_slot(rig, slot));
    flush_all(rig);
    assert_false(has_slot(rig, slot));
    assert_int_equal(calls(rig, OP_CONTACT_DELETE_ITEM), 0);
}

static void test_deleted_and_refilled_before_it_is_known(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_file(rig, "ann.json", ANN);
    char *id;

    plan_lost(rig, OP_CONTACT_POST_ITEM, true);
    try_once(rig);
    assert_int_equal(delete_as(rig, slot, NULL), 0);
    assert_int_equal(save_as(rig, slot, NULL, "{\"GivenName\":\"Bob\"}"), 0);
    flush_all(rig);
    id = record_of(rig, slot);
    assert_remote(rig, KIND_CONTACT, id, "GivenName", "Bob");
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    free(id);
}

/* The service writes an event's body in its own form, and events have no order. */
static void test_a_created_event_is_found(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_EVENT, "e.json", NULL);
    struct remote_page page;
    struct remote_fault fault = {0};
    struct remote_ctx ctx = {0};

    assert_int_equal(save_as(rig, slot, NULL, EVENT), 0);
    plan_lost(rig, OP_CALENDAR_POST_ITEM, true);
    try_once(rig);
    assert_int_equal(remote_list(mailbox_remote(rig->mb), KIND_EVENT, "Calendar",
                                 &(struct remote_query){.top = 1}, ctx, &page, &fault),
                     GRADE_OK);
    memory_edit(rig->memory, KIND_EVENT, page.items.list[0].id,
                json("{\"Body\":{\"ContentType\":\"HTML\",\"Content\":\"<p>hello\"}}"));
    items_release(&page.items);
    remote_fault_release(&fault);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_EVENT), 1);
    assert_int_equal(calls(rig, OP_CALENDAR_POST_ITEM), 1);
}

/* --- update --- */

static void test_an_update_that_arrived(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    plan_lost(rig, OP_CONTACT_PATCH_ITEM, true);
    try_once(rig);
    assert_began(rig, f.slot, true);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    assert_cached(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

static void test_an_update_that_was_lost(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    plan_lost(rig, OP_CONTACT_PATCH_ITEM, false);
    try_once(rig);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    file_release(&f);
}

static void test_our_own_earlier_write_is_no_conflict(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    plan_lost(rig, OP_CONTACT_PATCH_ITEM, true);
    try_once(rig);
    edit(rig, &f, "MobilePhone1", "3");
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    file_release(&f);
}

/* What was merged into it from somebody else is not taken back by ours, which does not know it. */
static void test_a_merged_update_that_arrived(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    memory_edit(rig->memory, KIND_CONTACT, f.id, json("{\"JobTitle\":\"theirs\"}"));
    plan_lost(rig, OP_CONTACT_PATCH_ITEM, true);
    try_once(rig);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "theirs");
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    file_release(&f);
}

static void test_taken_back_after_an_update_that_arrived(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    plan_lost(rig, OP_CONTACT_PATCH_ITEM, true);
    try_once(rig);
    save(rig, &f, f.text);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "1");
    file_release(&f);
}

/*
 * The body of an event comes back in another form. That proves nothing, so a body alone must be
 * seen to have changed.
 */
static void body_update(struct rig *rig, bool arrives, const char *expected)
{
    struct file f = file_of_kind(rig, KIND_EVENT, "e.json", EVENT);
    cJSON *obj = json(f.text);
    char *mine;

    cJSON_ReplaceItemInObjectCaseSensitive(
        obj, "Body", json("{\"ContentType\":\"Text\",\"Content\":\"changed\"}"));
    mine = cJSON_Print(obj);
    cJSON_Delete(obj);
    save(rig, &f, mine);
    plan_lost(rig, OP_CALENDAR_PATCH_ITEM, arrives);
    try_once(rig);
    if (arrives)
        memory_edit(rig->memory, KIND_EVENT, f.id,
                    json("{\"Body\":{\"ContentType\":\"HTML\",\"Content\":\"<p>changed\"}}"));
    flush_all(rig);
    assert_string_equal(
        json_str(json_get(memory_get(rig->memory, KIND_EVENT, f.id), "Body"), "Content"), expected);
    assert_int_equal(calls(rig, OP_CALENDAR_PATCH_ITEM), 1);
    free(mine);
    file_release(&f);
}

static void test_a_rewritten_body_that_arrived(void **state)
{
    body_update(*state, true, "<p>changed");
}

static void test_a_rewritten_body_that_was_lost(void **state)
{
    body_update(*state, false, "changed");
}

/* Who is invited is written to at every change: it is repeated only where it cannot have arrived. */
static void meeting_update(struct rig *rig, bool arrives, const char *theirs, bool parked)
{
    struct file f = file_of_kind(
        rig, KIND_EVENT, "e.json",
        "{\"Subject\":\"s\",\"Start\":\"2026-12-01T10:00:00Z\",\"End\":\"2026-12-01T11:00:00Z\","
        "\"Attendees\":[{\"EmailAddress\":{\"Address\":\"pat@contoso.example\"}}]}");

    edit(rig, &f, "Subject", "new");
    plan_lost(rig, OP_CALENDAR_PATCH_ITEM, arrives);
    try_once(rig);
    if (theirs)
        memory_edit(rig->memory, KIND_EVENT, f.id, json(theirs));
    assert_int_equal(flush(rig, 0), parked ? -EIO : 0);
    if (parked) {
        struct journal_op op = op_of(rig, f.slot);

        assert_int_equal(op.state, JOURNAL_FAILED);
        assert_non_null(strstr(op.reason, "nobody knows"));
        assert_null(op.sent);
        journal_op_release(&op);
        assert_remote(rig, KIND_EVENT, f.id, "Subject", "s");
        edit(rig, &f, "Subject", "new");
        flush_all(rig);
    }
    assert_int_equal(calls(rig, OP_CALENDAR_PATCH_ITEM), 1);
    assert_remote(rig, KIND_EVENT, f.id, "Subject", "new");
    file_release(&f);
}

static void test_a_meeting_that_arrived(void **state)
{
    meeting_update(*state, true, NULL, false);
}

static void test_a_meeting_that_arrived_and_was_changed(void **state)
{
    meeting_update(*state, true, "{\"ShowAs\":\"Free\"}", false);
}

static void test_a_meeting_that_was_lost(void **state)
{
    meeting_update(*state, false, NULL, false);
}

static void test_a_meeting_of_which_nobody_knows(void **state)
{
    meeting_update(*state, false, "{\"ShowAs\":\"Free\"}", true);
}

/* --- delete --- */

static void test_a_delete_that_arrived(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    drop(rig, &f);
    plan_lost(rig, OP_CONTACT_DELETE_ITEM, true);
    try_once(rig);
    assert_began(rig, f.slot, false);
    flush_all(rig);
    assert_false(has_slot(rig, f.slot));
    assert_int_equal(assert_trash(rig, "delete", "GivenName", "Ann"), 1);
    file_release(&f);
}

static void test_a_delete_that_was_lost(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    drop(rig, &f);
    plan_lost(rig, OP_CONTACT_DELETE_ITEM, false);
    try_once(rig);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    file_release(&f);
}

static void refill(struct rig *rig, bool arrived, const char *phone)
{
    struct file f = file_of(rig, "ann.json", ANN);
    char *id, *mine = with(f.text, "MobilePhone1", phone);

    drop(rig, &f);
    plan_lost(rig, OP_CONTACT_DELETE_ITEM, arrived);
    try_once(rig);
    save(rig, &f, mine);
    flush_all(rig);
    id = record_of(rig, f.slot);
    assert_int_equal(strcmp(id, f.id) != 0, arrived);
    assert_remote(rig, KIND_CONTACT, id, "MobilePhone1", phone);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    free(id);
    free(mine);
    file_release(&f);
}

static void test_refilled_after_a_delete_that_arrived(void **state)
{
    refill(*state, true, "2");
}

static void test_taken_back_after_a_delete_that_arrived(void **state)
{
    refill(*state, true, "1");
}

static void test_refilled_after_a_delete_that_was_lost(void **state)
{
    refill(*state, false, "2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_create_that_arrived_is_found),
        TEST(test_a_create_that_was_lost_is_sent_again),
        TEST(test_a_create_that_was_throttled_is_just_sent_again),
        TEST(test_no_second_post_while_nobody_can_look),
        TEST(test_no_second_post_when_looking_is_refused),
        TEST(test_an_order_that_is_refused_is_done_without),
        TEST(test_a_service_that_does_not_skip_is_not_asked_for_ever),
        TEST(test_a_create_that_arrives_late_is_not_sent_again),
        TEST(test_deleted_before_it_arrives_late),
        TEST(test_twins_do_not_share_a_record),
        TEST(test_an_old_twin_is_not_taken),
        TEST(test_the_record_is_found_behind_others),
        TEST(test_saved_again_before_it_is_known),
        TEST(test_deleted_before_it_is_known),
        TEST(test_deleted_before_it_is_known_that_it_never_was),
        TEST(test_deleted_and_refilled_before_it_is_known),
        TEST(test_a_created_event_is_found),
        TEST(test_an_update_that_arrived),
        TEST(test_an_update_that_was_lost),
        TEST(test_our_own_earlier_write_is_no_conflict),
        TEST(test_a_merged_update_that_arrived),
        TEST(test_taken_back_after_an_update_that_arrived),
        TEST(test_a_rewritten_body_that_arrived),
        TEST(test_a_rewritten_body_that_was_lost),
        TEST(test_a_meeting_that_arrived),
        TEST(test_a_meeting_that_arrived_and_was_changed),
        TEST(test_a_meeting_that_was_lost),
        TEST(test_a_meeting_of_which_nobody_knows),
        TEST(test_a_delete_that_arrived),
        TEST(test_a_delete_that_was_lost),
        TEST(test_refilled_after_a_delete_that_arrived),
        TEST(test_taken_back_after_a_delete_that_arrived),
        TEST(test_refilled_after_a_delete_that_was_lost),
    };

    clock_advance(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
