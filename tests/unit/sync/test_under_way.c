/*
 * The coalescing table again, while an attempt is being made: the user is always right, and
 * nothing is sent twice.
 */
#include "writeback_test.h"

#define ANN "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\",\"JobTitle\":\"a\"}"

/* Sends what is due up to the gate. */
static void go_until(struct rig *rig, enum operation op)
{
    gate_close(rig->gate, op);
    let_go(rig);
    gate_await(rig->gate, 1);
}

static void test_update_during_update(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    edit(rig, &f, "MobilePhone1",
         "3"); /* differs from what the service is about to have: no conflict */
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 2);
    file_release(&f);
}

/* What the service made of our own write is no change of somebody else's. */
static void test_a_member_the_service_rewrote_is_changed_again(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    gate_shout(rig->gate, "JobTitle");
    edit(rig, &f, "JobTitle", "b");
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    edit(rig, &f, "JobTitle", "c");
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "c");
    file_release(&f);
}

/* ... and where the user leaves it alone, it stays as the service wrote it. */
static void test_a_member_the_service_rewrote_is_left_alone(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    char *one = with(f.text, "JobTitle", "b"), *two = with(one, "MobilePhone1", "2");

    gate_shout(rig->gate, "JobTitle");
    save(rig, &f, one);
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    save(rig, &f, two);
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "B");
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    free(two);
    free(one);
    file_release(&f);
}

/* The upload has ended, the user has not seen the answer: the file is still open. */
static void test_changed_again_before_the_answer_was_seen(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    char *one = with(f.text, "JobTitle", "b"), *two = with(one, "JobTitle", "c");

    gate_shout(rig->gate, "JobTitle");
    save(rig, &f, one);
    flush_all(rig);
    assert_int_equal(save_as(rig, f.slot, one, two), 0);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "c");
    free(two);
    free(one);
    file_release(&f);
}

/* Somebody else's change is one, whatever our own became. */
static void test_rewritten_and_changed_by_somebody_else(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    char *one = with(f.text, "JobTitle", "b"), *two = with(one, "JobTitle", "c");

    gate_shout(rig->gate, "JobTitle");
    save(rig, &f, one);
    flush_all(rig);
    memory_edit(rig->memory, KIND_CONTACT, f.id, json("{\"JobTitle\":\"d\"}"));
    assert_int_equal(save_as(rig, f.slot, one, two), 0);
    assert_int_equal(flush(rig, 0), -EIO);
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_CONFLICT);
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "d");
    free(two);
    free(one);
    file_release(&f);
}

/* What was merged from somebody else is not taken back by a text that does not know of it. */
static void test_update_while_somebody_elses_is_merged(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    memory_edit(rig->memory, KIND_CONTACT, f.id, json("{\"JobTitle\":\"theirs\"}"));
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    edit(rig, &f, "MobilePhone1", "3");
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "theirs");
    file_release(&f);
}

static void test_update_before_the_patch_is_sent(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    go_until(rig, OP_CONTACT_GET_ITEM);
    edit(rig, &f, "MobilePhone1", "3");
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    file_release(&f);
}

static void test_taken_back_during_update(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    save(rig, &f, f.text);
    assert_true(has_op(rig, f.slot));
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "1");
    assert_cached(rig, KIND_CONTACT, f.id, "MobilePhone1", "1");
    file_release(&f);
}

static void test_delete_during_update(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    drop(rig, &f);
    gate_open(rig->gate);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    assert_false(has_slot(rig, f.slot));
    assert_int_equal(assert_trash(rig, "delete", "MobilePhone1", "2"), 2);
    file_release(&f);
}

static void test_update_during_create(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_CONTACT, "ann.json", NULL);
    char *id;

    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    go_until(rig, OP_CONTACT_POST_ITEM);
    assert_int_equal(save_as(rig, slot, NULL, "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"2\"}"), 0);
    gate_open(rig->gate);
    flush_all(rig);
    id = record_of(rig, slot);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    assert_remote(rig, KIND_CONTACT, id, "MobilePhone1", "2");
    assert_remote(rig, KIND_CONTACT, id, "JobTitle", "");
    free(id);
}

/*
 * What the create said for the user (Importance, ShowAs) is not taken for something the user took
 * away.
 */
static void test_update_during_create_of_an_event(void **state)
{
    static const char *const event = "{\"Subject\":\"%s\",\"Start\":\"2026-12-01T10:00:00Z\","
                                     "\"End\":\"2026-12-01T11:00:00Z\"}";
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_EVENT, "e.json", NULL);
    char *first = xasprintf(event, "one"), *second = xasprintf(event, "two");
    char *id;

    assert_int_equal(save_as(rig, slot, NULL, first), 0);
    go_until(rig, OP_CALENDAR_POST_ITEM);
    assert_int_equal(save_as(rig, slot, NULL, second), 0);
    gate_open(rig->gate);
    flush_all(rig);
    id = record_of(rig, slot);
    assert_remote(rig, KIND_EVENT, id, "Subject", "two");
    assert_remote(rig, KIND_EVENT, id, "ShowAs", "Busy");
    assert_remote(rig, KIND_EVENT, id, "Importance", "Normal");
    assert_int_equal(memory_count(rig->memory, KIND_EVENT), 1);
    free(id);
    free(first);
    free(second);
}

static void test_delete_during_create(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_CONTACT, "ann.json", NULL);

    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    go_until(rig, OP_CONTACT_POST_ITEM);
    assert_int_equal(delete_as(rig, slot, ANN), 0);
    assert_true(has_slot(rig, slot));
    gate_open(rig->gate);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(calls(rig, OP_CONTACT_DELETE_ITEM), 1);
    assert_false(has_slot(rig, slot));
}

static void test_delete_and_refill_during_create(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_CONTACT, "ann.json", NULL);
    char *id;

    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    go_until(rig, OP_CONTACT_POST_ITEM);
    assert_int_equal(delete_as(rig, slot, ANN), 0);
    assert_int_equal(save_as(rig, slot, NULL, "{\"GivenName\":\"Bob\"}"), 0);
    gate_open(rig->gate);
    flush_all(rig);
    id = record_of(rig, slot);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    assert_remote(rig, KIND_CONTACT, id, "GivenName", "Bob");
    free(id);
}

static void test_refill_during_delete(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    char *id;

    drop(rig, &f);
    go_until(rig, OP_CONTACT_DELETE_ITEM);
    edit(rig, &f, "MobilePhone1", "2");
    gate_open(rig->gate);
    flush_all(rig);
    id = record_of(rig, f.slot);
    assert_string_not_equal(id, f.id);
    assert_remote(rig, KIND_CONTACT, id, "MobilePhone1", "2");
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    free(id);
    file_release(&f);
}

/* The same text as before is a refill, too: the record is gone by now. */
static void test_taken_back_during_delete(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    char *id;

    drop(rig, &f);
    go_until(rig, OP_CONTACT_DELETE_ITEM);
    save(rig, &f, f.text);
    gate_open(rig->gate);
    flush_all(rig);
    id = record_of(rig, f.slot);
    assert_remote(rig, KIND_CONTACT, id, "MobilePhone1", "1");
    free(id);
    file_release(&f);
}

static void test_refill_and_delete_during_delete(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    drop(rig, &f);
    go_until(rig, OP_CONTACT_DELETE_ITEM);
    edit(rig, &f, "MobilePhone1", "2");
    drop(rig, &f);
    gate_open(rig->gate);
    flush_all(rig);
    assert_false(has_slot(rig, f.slot));
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    assert_int_equal(calls(rig, OP_CONTACT_DELETE_ITEM), 1);
    file_release(&f);
}

static void test_a_message_refilled_during_its_deletion(void **state)
{
    struct rig *rig = *state;
    struct file m = file_of_kind(rig, KIND_MESSAGE, "m.json", "{\"Subject\":\"hi\"}");

    drop(rig, &m);
    go_until(rig, OP_DELETE_EMAIL);
    save(rig, &m, m.text);
    gate_open(rig->gate);
    assert_int_equal(flush(rig, m.slot), -ENOENT);
    assert_op(rig, m.slot, JOURNAL_UPDATE, JOURNAL_FAILED);
    file_release(&m);
}

static void test_a_refusal_does_not_park_a_newer_text(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    int64_t slot = new_slot(rig, KIND_CONTACT, "new.json", NULL);

    edit(rig, &f, "MobilePhone1", "2");
    plan(rig, OP_CONTACT_PATCH_ITEM, 1, GRADE_REFUSED, 400);
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    edit(rig, &f, "MobilePhone1", "3");
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");

    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    plan(rig, OP_CONTACT_POST_ITEM, 1, GRADE_REFUSED, 400);
    go_until(rig, OP_CONTACT_POST_ITEM);
    assert_int_equal(save_as(rig, slot, NULL, "{\"GivenName\":\"Bob\"}"), 0);
    gate_open(rig->gate);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 2);
    file_release(&f);
}

static void test_cancel_is_busy(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    assert_int_equal(writeback_cancel(rig->wb, f.slot), -EBUSY);
    gate_open(rig->gate);
    flush_all(rig);
    assert_int_equal(writeback_cancel(rig->wb, f.slot), 0);
    file_release(&f);
}

/* Other files do not wait for the one whose answer does not come. */
static void test_others_go_on(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    int64_t slot = new_slot(rig, KIND_CONTACT, "new.json", NULL);

    edit(rig, &f, "MobilePhone1", "2");
    go_until(rig, OP_CONTACT_PATCH_ITEM);
    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    assert_int_equal(flush(rig, slot), 0);
    assert_true(writeback_under_way(rig->wb, f.slot));
    gate_open(rig->gate);
    flush_all(rig);
    file_release(&f);
}

static void test_conflict_with_a_newer_text_waits_for_the_next_round(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    memory_edit(rig->memory, KIND_CONTACT, f.id, json("{\"MobilePhone1\":\"9\"}"));
    go_until(rig, OP_CONTACT_GET_ITEM);
    edit(rig, &f, "JobTitle", "b"); /* takes the change of MobilePhone1 back */
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "9");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "b");
    file_release(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_update_during_update),
        TEST(test_a_member_the_service_rewrote_is_changed_again),
        TEST(test_a_member_the_service_rewrote_is_left_alone),
        TEST(test_changed_again_before_the_answer_was_seen),
        TEST(test_rewritten_and_changed_by_somebody_else),
        TEST(test_update_while_somebody_elses_is_merged),
        TEST(test_update_before_the_patch_is_sent),
        TEST(test_taken_back_during_update),
        TEST(test_delete_during_update),
        TEST(test_update_during_create),
        TEST(test_update_during_create_of_an_event),
        TEST(test_delete_during_create),
        TEST(test_delete_and_refill_during_create),
        TEST(test_refill_during_delete),
        TEST(test_taken_back_during_delete),
        TEST(test_refill_and_delete_during_delete),
        TEST(test_a_message_refilled_during_its_deletion),
        TEST(test_a_refusal_does_not_park_a_newer_text),
        TEST(test_cancel_is_busy),
        TEST(test_others_go_on),
        TEST(test_conflict_with_a_newer_text_waits_for_the_next_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
