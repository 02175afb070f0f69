/*
 * Each line of the coalescing table, at rest: what a program did to a file before anything was
 * sent. And the queue: when it is sent.
 */
#include "writeback_test.h"

#define ANN "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\"}"

/* --- coalescing --- */

static void test_many_updates_are_one_patch(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    edit(rig, &f, "MobilePhone1", "3");
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    assert_false(has_op(rig, f.slot));
    assert_cached(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    assert_int_equal(assert_trash(rig, "update", "MobilePhone1", "1"), 1);
    assert_int_equal(atomic_load(&rig->events), 1);
    file_release(&f);
}

static void test_create_and_update_are_one_post(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_CONTACT, "ann.json", NULL);
    char *id;

    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    assert_int_equal(save_as(rig, slot, NULL, "{\"GivenName\":\"Ann\",\"Id\":\"x\"}"), 0);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 1);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 0);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    id = record_of(rig, slot);
    assert_non_null(id);
    assert_true(is_cached(rig, KIND_CONTACT, id));
    assert_null(json_get(memory_get(rig->memory, KIND_CONTACT, id), "MobilePhone1"));
    assert_false(has_op(rig, slot));
    free(id);
}

static void test_create_and_delete_are_nothing(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_CONTACT, "ann.json", NULL);

    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    assert_int_equal(delete_as(rig, slot, ANN), 0);
    assert_false(has_slot(rig, slot));
    flush_all(rig);
    assert_int_equal(calls(rig, OP_COUNT), 0);
}

static void test_a_draft_is_deleted_without_a_word(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_CONTACT, "draft.json", NULL);

    assert_int_equal(delete_as(rig, slot, NULL), 0);
    assert_false(has_slot(rig, slot));
}

static void test_update_and_delete_are_one_delete(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    drop(rig, &f);
    drop(rig, &f);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    assert_int_equal(calls(rig, OP_COUNT), 1);
    assert_false(has_slot(rig, f.slot));
    assert_false(is_cached(rig, KIND_CONTACT, f.id));
    assert_int_equal(assert_trash(rig, "delete", "MobilePhone1", "1"), 1);
    file_release(&f);
}

static void test_delete_and_create_are_one_patch(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json",
                            "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\","
                            "\"JobTitle\":\"a\"}");
    struct journal_op op;

    drop(rig, &f);
    edit(rig, &f, "MobilePhone1", "2");
    op = op_of(rig, f.slot);
    assert_int_equal(op.verb, JOURNAL_UPDATE);
    assert_string_equal(op.base, f.text);
    journal_op_release(&op);
    memory_edit(rig->memory, KIND_CONTACT, f.id, json("{\"JobTitle\":\"b\"}"));
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "b");
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 1);
    assert_int_equal(calls(rig, OP_CONTACT_DELETE_ITEM), 0);
    assert_int_equal(calls(rig, OP_CONTACT_POST_ITEM), 0);
    file_release(&f);
}

static void test_what_is_taken_back_is_not_sent(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    save(rig, &f, f.text);
    assert_false(has_op(rig, f.slot));
    drop(rig, &f);
    save(rig, &f, f.text);
    assert_false(has_op(rig, f.slot));
    edit(rig, &f, "ChangeKey", "changed by nobody");
    assert_false(has_op(rig, f.slot));
    flush_all(rig);
    assert_int_equal(calls(rig, OP_COUNT), 0);
    file_release(&f);
}

static void test_the_same_text_again_is_no_change(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_op before, after;

    edit(rig, &f, "MobilePhone1", "2");
    before = op_of(rig, f.slot);
    edit(rig, &f, "MobilePhone1", "2");
    after = op_of(rig, f.slot);
    assert_int_equal(before.gen, after.gen);
    edit(rig, &f, "MobilePhone1", "3");
    journal_op_release(&after);
    after = op_of(rig, f.slot);
    assert_true(after.gen > before.gen);
    assert_int_equal(after.queued_at, before.queued_at);
    assert_true(after.due > before.due);
    journal_op_release(&before);
    journal_op_release(&after);
    file_release(&f);
}

/* --- what is refused before it is journalled --- */

static void test_the_impossible_is_refused_at_once(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct file m = file_of_kind(rig, KIND_MESSAGE, "m.json", "{\"Subject\":\"hi\"}");
    int64_t slot = new_slot(rig, KIND_CONTACT, "new.json", NULL);
    int64_t mail = new_slot(rig, KIND_MESSAGE, "new.json", NULL);
    char *text = with(f.text, "GivenName", NULL);
    char *subject = with(m.text, "Subject", "ho");

    assert_int_equal(save_as(rig, f.slot, f.text, text), -EINVAL);
    assert_non_null(strstr(rig->err.data, "GivenName"));
    assert_int_equal(save_as(rig, f.slot, f.text, "{"), -EINVAL);
    assert_int_equal(save_as(rig, slot, NULL, "{\"Surname\":\"Lee\"}"), -EINVAL);
    assert_int_equal(save_as(rig, m.slot, m.text, subject), -EPERM);
    assert_non_null(strstr(rig->err.data, "Subject"));
    assert_int_equal(save_as(rig, mail, NULL, "{\"Subject\":\"hi\"}"), -EPERM);
    assert_false(has_op(rig, f.slot) || has_op(rig, slot) || has_op(rig, m.slot) ||
                 has_op(rig, mail));
    free(text);
    free(subject);
    file_release(&f);
    file_release(&m);
}

static void test_read_only_refuses_and_sends_nothing(void **state)
{
    struct rig *rig = rig_with(&(struct mailbox_config){.read_only = true});
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_op op = {.slot = f.slot, .verb = JOURNAL_DELETE, .gen = 1};

    (void)state;
    assert_int_equal(save_as(rig, f.slot, f.text, ANN), -EROFS);
    assert_int_equal(delete_as(rig, f.slot, f.text), -EROFS);
    assert_int_equal(flush(rig, 0), 0);
    assert_int_equal(state_put_op(rig->state, &op), 0);
    assert_int_equal(flush(rig, 0), -EINPROGRESS);
    assert_int_equal(calls(rig, OP_COUNT), 0);
    file_release(&f);
    rig_release(rig);
}

/* --- messages --- */

static char *marked_read(const char *text)
{
    cJSON *obj = json(text);
    char *out;

    cJSON_ReplaceItemInObjectCaseSensitive(obj, "IsRead", cJSON_CreateTrue());
    out = cJSON_Print(obj);
    cJSON_Delete(obj);
    return out;
}

static void test_a_message_is_marked_as_read(void **state)
{
    struct rig *rig = *state;
    struct file m = file_of_kind(rig, KIND_MESSAGE, "m.json", "{\"Subject\":\"hi\"}");
    char *read = marked_read(m.text);
    struct cache_record record;

    save(rig, &m, read);
    save(rig, &m, m.text);
    assert_false(has_op(rig, m.slot));
    save(rig, &m, read);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_MARK_AS_READ), 1);
    assert_int_equal(calls(rig, OP_COUNT), 1);
    assert_true(json_bool(memory_get(rig->memory, KIND_MESSAGE, m.id), "IsRead", false));
    assert_int_equal(cache_get(mailbox_cache(rig->mb), KIND_MESSAGE, "Inbox", m.id, true, &record),
                     0);
    assert_non_null(strstr(record.text, "\"IsRead\": true"));
    assert_non_null(strstr(record.text, "\"Subject\": \"hi\""));
    cache_record_release(&record);
    free(read);
    file_release(&m);
}

static void test_a_message_is_deleted(void **state)
{
    struct rig *rig = *state;
    struct file m = file_of_kind(rig, KIND_MESSAGE, "m.json", "{\"Subject\":\"hi\"}");

    drop(rig, &m);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_DELETE_EMAIL), 1);
    assert_false(has_slot(rig, m.slot));
    assert_trash(rig, "delete", "Subject", "hi");
    file_release(&m);
}

static void test_a_message_that_is_gone_is_parked(void **state)
{
    struct rig *rig = *state;
    struct file m = file_of_kind(rig, KIND_MESSAGE, "m.json", "{\"Subject\":\"hi\"}");
    char *read = marked_read(m.text);

    save(rig, &m, read);
    memory_remove(rig->memory, KIND_MESSAGE, m.id);
    assert_int_equal(flush(rig, m.slot), -ENOENT);
    assert_op(rig, m.slot, JOURNAL_UPDATE, JOURNAL_FAILED);
    assert_false(is_cached(rig, KIND_MESSAGE, m.id));
    free(read);
    file_release(&m);
}

/* --- events --- */

static void test_a_new_event_is_busy_and_normal(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_EVENT, "e.json", NULL);
    char *id;

    assert_int_equal(save_as(rig, slot, NULL,
                             "{\"Subject\":\"s\",\"Start\":\"2026-12-01T10:00:00Z\","
                             "\"End\":\"2026-12-01T11:00:00Z\"}"),
                     0);
    flush_all(rig);
    id = record_of(rig, slot);
    assert_remote(rig, KIND_EVENT, id, "ShowAs", "Busy");
    assert_remote(rig, KIND_EVENT, id, "Importance", "Normal");
    free(id);
}

/* --- cancel, retry --- */

static void test_cancel_forgets(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    int64_t slot = new_slot(rig, KIND_CONTACT, "new.json", NULL);

    edit(rig, &f, "MobilePhone1", "2");
    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    assert_int_equal(writeback_cancel(rig->wb, f.slot), 0);
    assert_int_equal(writeback_cancel(rig->wb, slot), 0);
    assert_true(has_slot(rig, f.slot));
    assert_false(has_op(rig, f.slot));
    assert_false(has_slot(rig, slot));
    assert_int_equal(writeback_cancel(rig->wb, slot), 0);
    flush_all(rig);
    assert_int_equal(calls(rig, OP_COUNT), 0);

    slot = new_slot(rig, KIND_CONTACT, "draft.json", NULL); /* nothing is pending for it */
    assert_int_equal(writeback_cancel(rig->wb, slot), 0);
    assert_true(has_slot(rig, slot));
    file_release(&f);
}

static void test_a_refusal_is_parked_with_its_reason(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_op op;

    plan(rig, OP_CONTACT_PATCH_ITEM, 1, GRADE_REFUSED, 400);
    edit(rig, &f, "MobilePhone1", "2");
    assert_int_equal(flush(rig, f.slot), -EINVAL);
    assert_non_null(strstr(rig->err.data, "refused"));
    op = op_of(rig, f.slot);
    assert_int_equal(op.state, JOURNAL_FAILED);
    assert_int_equal(op.status, 400);
    assert_string_equal(op.reason, rig->err.data);
    assert_true(str_starts(op.request, "PATCH /datasets/contacts/tables/Contacts/items/"));
    assert_int_equal(op.began, 0);
    assert_null(op.sent);
    journal_op_release(&op);
    assert_int_equal(flush(rig, 0), -EIO);
    assert_int_equal(atomic_load(&rig->events), 1);

    assert_int_equal(writeback_retry(rig->wb, f.slot), 0);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_int_equal(writeback_retry(rig->wb, f.slot), -ENOENT);
    file_release(&f);
}

static void test_saved_again_after_a_refusal(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    plan(rig, OP_CONTACT_PATCH_ITEM, 1, GRADE_REFUSED, 400);
    edit(rig, &f, "MobilePhone1", "2");
    assert_int_equal(flush(rig, f.slot), -EINVAL);
    edit(rig, &f, "MobilePhone1", "3");
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_QUEUED);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    file_release(&f);
}

static void test_rolled_back_after_a_refusal(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    plan(rig, OP_CONTACT_PATCH_ITEM, 1, GRADE_REFUSED, 400);
    edit(rig, &f, "MobilePhone1", "2");
    assert_int_equal(flush(rig, f.slot), -EINVAL);
    drop(rig, &f);
    save(rig, &f, f.text);
    assert_false(has_op(rig, f.slot));

    plan(rig, OP_CONTACT_PATCH_ITEM, 1, GRADE_REFUSED, 400);
    edit(rig, &f, "MobilePhone1", "3");
    assert_int_equal(flush(rig, f.slot), -EINVAL);
    save(rig, &f, f.text);
    assert_false(has_op(rig, f.slot));
    assert_trash(rig, "rejected", "MobilePhone1", "3");
    file_release(&f);
}

static void test_a_refused_create_and_delete(void **state)
{
    struct rig *rig = *state;
    int64_t slot = new_slot(rig, KIND_CONTACT, "new.json", NULL);
    struct file f = file_of(rig, "ann.json", ANN);

    plan(rig, OP_CONTACT_POST_ITEM, 2, GRADE_TOO_BIG, 413);
    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    assert_int_equal(flush(rig, slot), -EFBIG);
    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    assert_int_equal(flush(rig, slot), -EFBIG);
    assert_int_equal(delete_as(rig, slot, NULL), 0);
    assert_false(has_slot(rig, slot));

    plan(rig, OP_CONTACT_DELETE_ITEM, 1, GRADE_DENIED, 403);
    drop(rig, &f);
    assert_int_equal(flush(rig, f.slot), -EACCES);
    assert_op(rig, f.slot, JOURNAL_DELETE, JOURNAL_FAILED);
    drop(rig, &f);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    file_release(&f);
}

static void test_the_errno_is_the_grades(void **state)
{
    static const struct {
        enum grade grade;
        int status, rc;
    } cases[] = {
        {GRADE_REFUSED, 400, -EINVAL}, {GRADE_DENIED, 403, -EACCES}, {GRADE_DENIED, 0, -EACCES},
        {GRADE_TOO_BIG, 500, -EFBIG},  {GRADE_REFUSED, 0, -EINVAL},
    };
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        plan(rig, OP_CONTACT_PATCH_ITEM, 1, cases[i].grade, cases[i].status);
        edit(rig, &f, "MobilePhone1", i % 2 ? "2" : "3");
        assert_int_equal(flush(rig, f.slot), cases[i].rc);
    }
    file_release(&f);
}

/* --- when it is sent --- */

static void test_nothing_is_sent_before_the_delay(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_op op;

    edit(rig, &f, "MobilePhone1", "2");
    op = op_of(rig, f.slot);
    assert_true(op.due > clock_steady());
    assert_true(op.due <= clock_steady() + TEST_DELAY);
    journal_op_release(&op);
    assert_int_equal(calls(rig, OP_COUNT), 0);

    clock_advance(TEST_DELAY);
    writeback_kick(rig->wb);
    while (has_op(rig, f.slot))
        usleep(1000);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

/* Somebody sets the clock: a delay stays as long as it is. */
static void test_a_clock_that_is_set_changes_no_delay(void **state)
{
    static const int64_t steps[] = {3600 * NS_PER_S, -365 * 86400 * NS_PER_S};
    static const char *const names[] = {"ann.json", "ben.json"};
    struct rig *rig = *state;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct file f = file_of(rig, names[i], ANN);

        edit(rig, &f, "MobilePhone1", "2");
        clock_set_back(steps[i]);
        writeback_kick(rig->wb);
        usleep(20000); /* could send it by now */
        assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), i);
        clock_advance(TEST_DELAY);
        writeback_kick(rig->wb);
        while (has_op(rig, f.slot))
            usleep(1000);
        assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), i + 1);
        clock_set_back(-steps[i]);
        file_release(&f);
    }
}

static void test_a_temporary_failure_is_tried_again(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    int64_t wait = NS_PER_S;

    plan(rig, OP_CONTACT_PATCH_ITEM, 8, GRADE_THROTTLED, 429);
    edit(rig, &f, "MobilePhone1", "2");
    for (unsigned i = 1; i <= 8; i++) {
        int64_t before = clock_steady();
        struct journal_op op;

        try_once(rig);
        op = op_of(rig, f.slot);
        assert_int_equal(op.state, JOURNAL_QUEUED);
        assert_int_equal(op.attempts, i);
        assert_int_equal(op.status, 429);
        assert_null(op.sent);
        assert_true(op.due >= before + wait);
        assert_true(op.due <= clock_steady() + wait);
        journal_op_release(&op);
        wait = 2 * wait < 60 * NS_PER_S ? 2 * wait : 60 * NS_PER_S;
    }
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 0);
    assert_int_equal(assert_trash(rig, "update", "MobilePhone1", "1"), 1);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_int_equal(assert_trash(rig, "update", "MobilePhone1", "1"), 1);
    file_release(&f);
}

static void test_the_service_says_when_to_come_back(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    int64_t before = clock_steady();
    struct journal_op op;

    gate_throttle(rig->gate, 100);
    edit(rig, &f, "MobilePhone1", "2");
    try_once(rig);
    op = op_of(rig, f.slot);
    assert_true(op.due >= before + 100 * NS_PER_S);
    assert_true(op.due <= clock_steady() + 100 * NS_PER_S);
    journal_op_release(&op);
    gate_throttle(rig->gate, 0);
    flush_all(rig);
    file_release(&f);
}

static void test_without_authorisation_everything_waits(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_op op;

    plan(rig, OP_COUNT, 1000, GRADE_AUTH, 401);
    edit(rig, &f, "MobilePhone1", "2");
    assert_int_equal(flush(rig, f.slot), -EINPROGRESS);
    assert_int_equal(flush(rig, 0), -EINPROGRESS);
    op = op_of(rig, f.slot);
    assert_int_equal(op.state, JOURNAL_QUEUED);
    assert_int_equal(op.status, 401);
    journal_op_release(&op);
    faulty_clear(rig->faulty);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

static void test_authorisation_is_tried_again_by_itself(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    plan(rig, OP_COUNT, 1, GRADE_AUTH, 401);
    edit(rig, &f, "MobilePhone1", "2");
    assert_int_equal(flush(rig, f.slot), -EINPROGRESS);
    assert_int_equal(calls(rig, OP_COUNT), 0);
    clock_advance(60 * NS_PER_S);
    while (has_op(rig, f.slot))
        usleep(1000);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

static void test_offline_nothing_is_tried_and_nothing_lost(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    int64_t slot = new_slot(rig, KIND_CONTACT, "new.json", NULL);

    faulty_offline(rig->faulty, true);
    edit(rig, &f, "MobilePhone1", "2");
    assert_int_equal(save_as(rig, slot, NULL, ANN), 0);
    assert_int_equal(flush(rig, f.slot), -EINPROGRESS);
    assert_int_equal(flush(rig, 0), -EINPROGRESS);
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_QUEUED);
    faulty_offline(rig->faulty, false);
    clock_advance(2 * NS_PER_S); /* found out without being told */
    while (has_op(rig, f.slot) || has_op(rig, slot))
        usleep(1000);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 2);
    file_release(&f);
}

static void test_the_oldest_go_first(void **state)
{
    struct rig *rig = *state;
    struct file files[8];

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char *name = xasprintf("%zu.json", i);

        files[i] = file_of(rig, name, ANN);
        free(name);
    }
    faulty_offline(rig->faulty, true);
    for (size_t i = ARRAY_SIZE(files); i-- > 0;)
        edit(rig, &files[i], "MobilePhone1", "2");
    gate_close(rig->gate, OP_CONTACT_GET_ITEM);
    faulty_offline(rig->faulty, false);
    let_go(rig);
    gate_await(rig->gate, WRITEBACK_WORKERS);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        assert_int_equal(writeback_under_way(rig->wb, files[i].slot),
                         i >= ARRAY_SIZE(files) - WRITEBACK_WORKERS);
    gate_open(rig->gate);
    flush_all(rig);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        assert_remote(rig, KIND_CONTACT, files[i].id, "MobilePhone1", "2");
        file_release(&files[i]);
    }
}

static void test_saves_go_before_reads(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "NickName", "annie");
    flush_all(rig);
    assert_int_equal(rig->gate->priority, HTTP_SAVE);
    file_release(&f);
}

static void test_waiting_ends_when_told(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct cancel cancel;

    gate_close(rig->gate, OP_CONTACT_PATCH_ITEM);
    edit(rig, &f, "MobilePhone1", "2");
    cancel_init(&cancel);
    cancel_fire(&cancel);
    assert_int_equal(writeback_flush(rig->wb, f.slot, INT64_MAX, &cancel, &rig->err), -EINTR);
    assert_int_equal(writeback_flush(rig->wb, f.slot, clock_mono(), NULL, &rig->err), -EINPROGRESS);
    gate_open(rig->gate);
    flush_all(rig);
    file_release(&f);
}

/* --- the guard --- */

static void test_mass_deletion_is_held(void **state)
{
    struct rig *rig = rig_with(&(struct mailbox_config){.delete_guard = 3});
    struct file files[6];
    struct journal_counts counts;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        char *name = xasprintf("%zu.json", i);

        files[i] = file_of(rig, name, ANN);
        free(name);
    }
    for (size_t i = 0; i < 3; i++)
        drop(rig, &files[i]);
    assert_op(rig, files[2].slot, JOURNAL_DELETE, JOURNAL_QUEUED);
    drop(rig, &files[3]);
    drop(rig, &files[4]);
    state_count_ops(rig->state, &counts);
    assert_int_equal(counts.held, 5);
    while (atomic_load(&rig->events) < 5)
        usleep(1000);
    assert_int_equal(flush(rig, 0), -EIO);
    assert_non_null(strstr(rig->err.data, "--confirm-deletes"));
    assert_int_equal(flush(rig, files[0].slot), -EIO);
    assert_non_null(strstr(rig->err.data, "--confirm-deletes"));
    assert_int_equal(calls(rig, OP_COUNT), 0);

    save(rig, &files[0], files[0].text); /* taken back */
    assert_false(has_op(rig, files[0].slot));
    edit(rig, &files[1], "MobilePhone1", "2"); /* filled again */
    assert_op(rig, files[1].slot, JOURNAL_UPDATE, JOURNAL_QUEUED);
    assert_int_equal(writeback_cancel(rig->wb, files[2].slot), 0);

    faulty_offline(rig->faulty, true);
    assert_int_equal(writeback_confirm(rig->wb), 0);
    drop(rig, &files[5]); /* the confirmed ones do not count any more */
    drop(rig, &files[0]);
    drop(rig, &files[2]);
    state_count_ops(rig->state, &counts);
    assert_int_equal(counts.held, 0);
    faulty_offline(rig->faulty, false);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 1);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        file_release(&files[i]);
    rig_release(rig);
}

/* --- the end --- */

static void test_stop_sends_what_can_be_sent(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_counts left;

    edit(rig, &f, "MobilePhone1", "2");
    mailbox_stop(rig->mb, TEST_PATIENCE, &left);
    assert_int_equal(left.queued, 0);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

static void test_stop_does_not_wait_for_ever(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_counts left;
    struct journal_op op;

    gate_close(rig->gate, OP_CONTACT_PATCH_ITEM);
    edit(rig, &f, "MobilePhone1", "2");
    let_go(rig);
    gate_await(rig->gate, 1);
    mailbox_stop(rig->mb, 10 * NS_PER_MS, &left);
    assert_int_equal(left.queued, 1);
    op = op_of(rig, f.slot);
    assert_non_null(op.sent); /* nobody knows what came of it */
    assert_int_equal(op.attempts, 0);
    journal_op_release(&op);
    file_release(&f);
}

static void test_stop_offline_ends_at_once(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    struct journal_counts left;
    int64_t before = clock_mono();

    faulty_offline(rig->faulty, true);
    edit(rig, &f, "MobilePhone1", "2");
    mailbox_stop(rig->mb, TEST_PATIENCE, &left);
    assert_int_equal(left.queued, 1);
    assert_true(clock_mono() - before < TEST_PATIENCE / 2);
    file_release(&f);
}

/* --- size --- */

static void test_a_long_queue(void **state)
{
    enum { COUNT = 500 };
    struct rig *rig = *state;
    int64_t slots[COUNT];

    state_begin(rig->state);
    for (size_t i = 0; i < COUNT; i++) {
        char *name = xasprintf("%zu.json", i);
        char *text = xasprintf("{\"GivenName\":\"%zu\"}", i);

        slots[i] = new_slot(rig, KIND_CONTACT, name, NULL);
        assert_int_equal(save_as(rig, slots[i], NULL, text), 0);
        free(name);
        free(text);
    }
    assert_int_equal(state_end(rig->state, 0), 0);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), COUNT);
    assert_int_equal(calls(rig, OP_COUNT), COUNT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_many_updates_are_one_patch),
        TEST(test_create_and_update_are_one_post),
        TEST(test_create_and_delete_are_nothing),
        TEST(test_a_draft_is_deleted_without_a_word),
        TEST(test_update_and_delete_are_one_delete),
        TEST(test_delete_and_create_are_one_patch),
        TEST(test_what_is_taken_back_is_not_sent),
        TEST(test_the_same_text_again_is_no_change),
        TEST(test_the_impossible_is_refused_at_once),
        cmocka_unit_test(test_read_only_refuses_and_sends_nothing),
        TEST(test_a_message_is_marked_as_read),
        TEST(test_a_message_is_deleted),
        TEST(test_a_message_that_is_gone_is_parked),
        TEST(test_a_new_event_is_busy_and_normal),
        TEST(test_cancel_forgets),
        TEST(test_a_refusal_is_parked_with_its_reason),
        TEST(test_saved_again_after_a_refusal),
        TEST(test_rolled_back_after_a_refusal),
        TEST(test_a_refused_create_and_delete),
        TEST(test_the_errno_is_the_grades),
        TEST(test_nothing_is_sent_before_the_delay),
        TEST(test_a_clock_that_is_set_changes_no_delay),
        TEST(test_a_temporary_failure_is_tried_again),
        TEST(test_the_service_says_when_to_come_back),
        TEST(test_without_authorisation_everything_waits),
        TEST(test_authorisation_is_tried_again_by_itself),
        TEST(test_offline_nothing_is_tried_and_nothing_lost),
        TEST(test_the_oldest_go_first),
        TEST(test_saves_go_before_reads),
        TEST(test_waiting_ends_when_told),
        cmocka_unit_test(test_mass_deletion_is_held),
        TEST(test_stop_sends_what_can_be_sent),
        TEST(test_stop_does_not_wait_for_ever),
        TEST(test_stop_offline_ends_at_once),
        TEST(test_a_long_queue),
    };

    clock_advance(0); /* waits look at the clock often from now on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
