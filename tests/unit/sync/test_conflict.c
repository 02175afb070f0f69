/* Somebody else changed the record too. */
#include "writeback_test.h"

#define ANN "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\",\"JobTitle\":\"a\"}"

static void theirs_set(struct rig *rig, const struct file *f, const char *members)
{
    memory_edit(rig->memory, KIND_CONTACT, f->id, json(members));
}

/* A file whose phone number we set to 2 and somebody else to 9. */
static struct file conflict_of(struct rig *rig)
{
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    theirs_set(rig, &f, "{\"MobilePhone1\":\"9\"}");
    assert_int_equal(flush(rig, f.slot), -ESTALE);
    return f;
}

static void test_different_members_merge(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    theirs_set(rig, &f, "{\"JobTitle\":\"b\",\"NickName\":\"annie\"}");
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "b");
    assert_remote(rig, KIND_CONTACT, f.id, "NickName", "annie");
    assert_trash(rig, "update", "JobTitle", "b");
    file_release(&f);
}

static void test_the_same_change_is_not_sent(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    theirs_set(rig, &f, "{\"MobilePhone1\":\"2\"}");
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 0);
    assert_cached(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

static void assert_member(const char *text, const char *member, const char *value)
{
    cJSON *obj = json(text);

    assert_string_equal(json_str(obj, member), value);
    cJSON_Delete(obj);
}

static void test_a_conflict_is_parked(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    struct conflict conflict;

    assert_non_null(strstr(rig->err.data, "MobilePhone1"));
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_CONFLICT);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 0);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "9");
    assert_cached(rig, KIND_CONTACT, f.id, "MobilePhone1", "9");
    assert_int_equal(state_get_conflict(rig->state, f.slot, &conflict), 0);
    assert_member(conflict.base, "MobilePhone1", "1");
    assert_member(conflict.mine, "MobilePhone1", "2");
    assert_member(conflict.theirs, "MobilePhone1", "9");
    assert_string_equal(conflict.members, "MobilePhone1");
    conflict_release(&conflict);
    assert_int_equal(flush(rig, 0), -EIO);
    assert_int_equal(writeback_retry(rig->wb, f.slot), -EINVAL);
    file_release(&f);
}

static void test_saving_again_resolves_it(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    struct conflict conflict;
    char *theirs = text_of(rig, KIND_CONTACT, f.id);
    char *mine = with(theirs, "MobilePhone1", "2 or 9");

    theirs_set(rig, &f, "{\"JobTitle\":\"b\"}");
    assert_int_equal(save_as(rig, f.slot, theirs, mine), 0);
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_QUEUED);
    assert_int_equal(state_get_conflict(rig->state, f.slot, &conflict), -ENOENT);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2 or 9");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "b");
    free(theirs);
    free(mine);
    file_release(&f);
}

static void test_saving_theirs_takes_theirs(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    char *theirs = text_of(rig, KIND_CONTACT, f.id);

    assert_int_equal(save_as(rig, f.slot, theirs, theirs), 0);
    assert_false(has_op(rig, f.slot));
    flush_all(rig);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 0);
    free(theirs);
    file_release(&f);
}

static void test_rolling_back_resolves_nothing(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);

    save(rig, &f, f.text);
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_CONFLICT);
    file_release(&f);
}

/* A program whose file was open all the time had mine before it, and has never seen theirs. */
static void test_one_more_edit_of_mine_resolves_nothing(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    char *mine = with(f.text, "MobilePhone1", "2"), *more = with(mine, "JobTitle", "mine");
    struct conflict conflict;

    theirs_set(rig, &f, "{\"NickName\":\"theirs\"}");
    assert_int_equal(save_as(rig, f.slot, mine, more), 0);
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_QUEUED);
    assert_int_equal(flush(rig, f.slot), -ESTALE);
    assert_int_equal(calls(rig, OP_CONTACT_PATCH_ITEM), 0);
    assert_int_equal(state_get_conflict(rig->state, f.slot, &conflict), 0);
    assert_member(conflict.base, "MobilePhone1", "1");
    assert_member(conflict.mine, "JobTitle", "mine");
    assert_member(conflict.theirs, "NickName", "theirs");
    conflict_release(&conflict);
    free(more);
    free(mine);
    file_release(&f);
}

/* ... and what was in conflict taken back by it, the rest of both stands. */
static void test_taking_back_what_clashes(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    char *mine = with(f.text, "MobilePhone1", "2"), *less = with(f.text, "JobTitle", "mine");

    assert_int_equal(save_as(rig, f.slot, mine, less), 0);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "9");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "mine");
    assert_false(has_op(rig, f.slot));
    free(less);
    free(mine);
    file_release(&f);
}

/* The attempt that ended in a conflict had arrived before: only what came after it clashes. */
static void test_one_more_edit_after_an_attempt_that_arrived(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    char *first = with(f.text, "MobilePhone1", "2"), *second = with(first, "NickName", "mine");
    char *more = with(first, "MobilePhone1", "3");

    save(rig, &f, first);
    plan_lost(rig, OP_CONTACT_PATCH_ITEM, true);
    try_once(rig);
    assert_int_equal(save_as(rig, f.slot, first, second), 0);
    theirs_set(rig, &f, "{\"NickName\":\"theirs\"}");
    assert_int_equal(flush(rig, f.slot), -ESTALE);
    assert_int_equal(save_as(rig, f.slot, second, more), 0);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "3");
    assert_remote(rig, KIND_CONTACT, f.id, "NickName", "theirs");
    free(more);
    free(second);
    free(first);
    file_release(&f);
}

/* What came after the conflict was parked is what the user has seen, and took back. */
static void test_resolved_over_a_newer_version(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    char *newer, *mine;

    theirs_set(rig, &f, "{\"JobTitle\":\"b\"}");
    newer = text_of(rig, KIND_CONTACT, f.id);
    mine = with(newer, "JobTitle", "a");
    assert_int_equal(save_as(rig, f.slot, newer, mine), 0);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "a");
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "9");
    free(mine);
    free(newer);
    file_release(&f);
}

/* The user has seen theirs, and wants neither of them. */
static void test_the_old_text_over_theirs_resolves_it(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    char *theirs = text_of(rig, KIND_CONTACT, f.id);

    assert_int_equal(save_as(rig, f.slot, theirs, f.text), 0);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "1");
    assert_false(has_op(rig, f.slot));
    free(theirs);
    file_release(&f);
}

static void test_deleting_a_conflict(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);

    drop(rig, &f);
    flush_all(rig);
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);
    assert_trash(rig, "delete", "MobilePhone1", "9");
    file_release(&f);
}

static void test_cancelling_a_conflict(void **state)
{
    struct rig *rig = *state;
    struct file f = conflict_of(rig);
    struct conflict conflict;

    assert_int_equal(writeback_cancel(rig->wb, f.slot), 0);
    assert_int_equal(state_get_conflict(rig->state, f.slot, &conflict), -ENOENT);
    flush_all(rig);
    file_release(&f);
}

/* --- somebody was faster between our GET and our PATCH --- */

static void test_a_precondition_that_fails_once(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    plan(rig, OP_CONTACT_PATCH_ITEM, 1, GRADE_CONFLICT, 412);
    gate_close(rig->gate, OP_CONTACT_PATCH_ITEM);
    let_go(rig);
    gate_await(rig->gate, 1);
    theirs_set(rig, &f, "{\"JobTitle\":\"b\"}");
    gate_open(rig->gate);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    assert_remote(rig, KIND_CONTACT, f.id, "JobTitle", "b");
    assert_int_equal(calls(rig, OP_CONTACT_GET_ITEM), 2);
    file_release(&f);
}

static void test_a_precondition_that_always_fails(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    plan(rig, OP_CONTACT_PATCH_ITEM, 2, GRADE_CONFLICT, 412);
    assert_int_equal(flush(rig, f.slot), -ESTALE);
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_FAILED);
    assert_int_equal(writeback_retry(rig->wb, f.slot), 0);
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

/* --- the record is gone --- */

static void test_a_record_that_is_gone_is_parked_and_made_anew(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);
    char *id;

    edit(rig, &f, "MobilePhone1", "2");
    memory_remove(rig->memory, KIND_CONTACT, f.id);
    assert_int_equal(flush(rig, f.slot), -ENOENT);
    assert_op(rig, f.slot, JOURNAL_CREATE, JOURNAL_FAILED);
    assert_false(is_cached(rig, KIND_CONTACT, f.id));
    assert_null(record_of(rig, f.slot));
    assert_int_equal(memory_count(rig->memory, KIND_CONTACT), 0);

    edit(rig, &f, "MobilePhone1", "3");
    flush_all(rig);
    id = record_of(rig, f.slot);
    assert_remote(rig, KIND_CONTACT, id, "MobilePhone1", "3");
    free(id);
    file_release(&f);
}

static void test_gone_between_get_and_patch(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    gate_close(rig->gate, OP_CONTACT_PATCH_ITEM);
    let_go(rig);
    gate_await(rig->gate, 1);
    memory_remove(rig->memory, KIND_CONTACT, f.id);
    gate_open(rig->gate);
    assert_int_equal(flush(rig, f.slot), -ENOENT);
    assert_op(rig, f.slot, JOURNAL_CREATE, JOURNAL_FAILED);
    assert_int_equal(delete_as(rig, f.slot, f.text), 0);
    assert_false(has_slot(rig, f.slot));
    file_release(&f);
}

static void test_deleting_what_is_gone_is_done(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    drop(rig, &f);
    memory_remove(rig->memory, KIND_CONTACT, f.id);
    flush_all(rig);
    assert_false(has_slot(rig, f.slot));
    assert_false(is_cached(rig, KIND_CONTACT, f.id));
    file_release(&f);
}

/* Only an answer that says so means gone. */
static void test_trouble_is_not_gone(void **state)
{
    struct rig *rig = *state;
    struct file f = file_of(rig, "ann.json", ANN);

    edit(rig, &f, "MobilePhone1", "2");
    plan(rig, OP_CONTACT_GET_ITEM, 1, GRADE_BROKEN, 500);
    try_once(rig);
    assert_op(rig, f.slot, JOURNAL_UPDATE, JOURNAL_QUEUED);
    assert_true(is_cached(rig, KIND_CONTACT, f.id));
    flush_all(rig);
    assert_remote(rig, KIND_CONTACT, f.id, "MobilePhone1", "2");
    file_release(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_different_members_merge),
        TEST(test_the_same_change_is_not_sent),
        TEST(test_a_conflict_is_parked),
        TEST(test_saving_again_resolves_it),
        TEST(test_saving_theirs_takes_theirs),
        TEST(test_rolling_back_resolves_nothing),
        TEST(test_one_more_edit_of_mine_resolves_nothing),
        TEST(test_taking_back_what_clashes),
        TEST(test_one_more_edit_after_an_attempt_that_arrived),
        TEST(test_resolved_over_a_newer_version),
        TEST(test_the_old_text_over_theirs_resolves_it),
        TEST(test_deleting_a_conflict),
        TEST(test_cancelling_a_conflict),
        TEST(test_a_precondition_that_fails_once),
        TEST(test_a_precondition_that_always_fails),
        TEST(test_a_record_that_is_gone_is_parked_and_made_anew),
        TEST(test_gone_between_get_and_patch),
        TEST(test_deleting_what_is_gone_is_done),
        TEST(test_trouble_is_not_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
