#include "store_test.h"

#include <outlookfs/store/state.h>

static struct state *open_state(const char *dir)
{
    struct state *s;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    return s;
}

static int64_t put_slot(struct state *s, const char *name)
{
    struct slot slot = {.folder = (char *)"F", .name = (char *)name};

    assert_int_equal(state_put_slot(s, &slot), 0);
    return slot.id;
}

static void assert_text(const char *got, const char *expected)
{
    if (expected)
        assert_string_equal(got, expected);
    else
        assert_null(got);
}

static void assert_op(const struct journal_op *got, const struct journal_op *expected)
{
    assert_int_equal(got->slot, expected->slot);
    assert_int_equal(got->verb, expected->verb);
    assert_int_equal(got->state, expected->state);
    assert_text(got->base, expected->base);
    assert_text(got->mine, expected->mine);
    assert_text(got->sent, expected->sent);
    assert_text(got->reason, expected->reason);
    assert_text(got->request, expected->request);
    assert_int_equal(got->status, expected->status);
    assert_int_equal(got->gen, expected->gen);
    assert_int_equal(got->attempts, expected->attempts);
    assert_int_equal(got->queued_at, expected->queued_at);
    assert_int_equal(got->due, expected->due);
    assert_int_equal(got->began, expected->began);
}

static void test_keeps_every_field(void **state)
{
    struct state *s = open_state(*state);
    struct journal_op op = {
        .slot = put_slot(s, "a.json"),
        .verb = JOURNAL_DELETE,
        .state = JOURNAL_HELD,
        .base = (char *)"base",
        .mine = (char *)"mine",
        .sent = (char *)"sent",
        .reason = (char *)"",
        .request = (char *)"PATCH /x",
        .status = 412,
        .gen = 1,
        .attempts = 2,
        .queued_at = 3,
        .due = 4,
        .began = 5,
    };
    struct journal_op next = {.slot = op.slot, .verb = JOURNAL_UPDATE, .mine = (char *)"m2"};
    struct journal_op got;

    assert_int_equal(state_put_op(s, &op), 0);
    state_close(s);
    s = open_state(*state);
    assert_int_equal(state_get_op(s, op.slot, &got), 0);
    assert_op(&got, &op);
    journal_op_release(&got);
    assert_null(got.base);

    assert_int_equal(state_put_op(s, &next), 0);
    assert_int_equal(state_get_op(s, op.slot, &got), 0);
    assert_op(&got, &next);
    journal_op_release(&got);

    /* Its head alone: the texts are not read, and stay. */
    assert_int_equal(state_get_op_head(s, op.slot, &got), 0);
    assert_null(got.mine);
    got.state = JOURNAL_FAILED;
    assert_int_equal(state_put_op_head(s, &got), 0);
    journal_op_release(&got);
    next.state = JOURNAL_FAILED;
    assert_int_equal(state_get_op(s, op.slot, &got), 0);
    assert_op(&got, &next);
    journal_op_release(&got);
    assert_int_equal(state_remove_op(s, op.slot), 0);
    assert_int_equal(state_put_op_head(s, &next), -ENOENT);
    assert_int_equal(state_remove_op(s, op.slot), 0);
    assert_int_equal(state_get_op(s, op.slot, &got), -ENOENT);
    state_close(s);
}

static void test_needs_its_slot(void **state)
{
    struct state *s = open_state(*state);
    struct journal_op op = {.slot = 42};
    struct conflict conflict = {.slot = 42};

    assert_int_equal(state_put_op(s, &op), -ENOENT);
    assert_int_equal(state_put_conflict(s, &conflict), -ENOENT);
    state_close(s);
}

static void put_op(struct state *s, const char *name, int64_t queued_at, enum journal_state state)
{
    struct journal_op op = {
        .slot = put_slot(s, name),
        .state = state,
        .mine = (char *)name,
        .reason = (char *)name,
        .queued_at = queued_at,
    };

    assert_int_equal(state_put_op(s, &op), 0);
}

static void test_lists_oldest_first_and_counts(void **state)
{
    static const char *const expected[] = {"1", "2", "3", "4", "5", "6"};
    struct state *s = open_state(*state);
    struct journal_counts counts;
    struct journal_op *list;
    size_t count;

    assert_int_equal(state_op_heads(s, &list, &count), 0);
    assert_int_equal(count, 0);
    free(list);
    put_op(s, "3", 30, JOURNAL_QUEUED);
    put_op(s, "4", 30, JOURNAL_HELD);
    put_op(s, "1", 10, JOURNAL_CONFLICT);
    put_op(s, "2", 20, JOURNAL_FAILED);
    put_op(s, "5", 40, JOURNAL_QUEUED);
    put_op(s, "6", 40, JOURNAL_QUEUED);
    assert_int_equal(state_op_heads(s, &list, &count), 0);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++) {
        assert_null(list[i].mine);
        assert_string_equal(list[i].reason, expected[i]);
        journal_op_release(&list[i]);
    }
    free(list);
    assert_int_equal(state_count_ops(s, &counts), 0);
    assert_int_equal(counts.queued, 3);
    assert_int_equal(counts.failed, 1);
    assert_int_equal(counts.conflict, 1);
    assert_int_equal(counts.held, 1);
    state_close(s);
}

static int64_t put_due(struct state *s, const char *name, int64_t queued_at, int64_t due,
                       enum journal_state state, enum journal_verb verb)
{
    struct journal_op op = {
        .slot = put_slot(s, name),
        .verb = verb,
        .state = state,
        .queued_at = queued_at,
        .due = due,
    };

    assert_int_equal(state_put_op(s, &op), 0);
    return op.slot;
}

static void test_due(void **state)
{
    struct state *s = open_state(*state);
    int64_t slots[4];
    int64_t next = 0;
    int64_t young;
    int64_t old;

    assert_int_equal(state_due_ops(s, JOURNAL_ALL, 100, slots, 4, &next), 0);
    assert_true(next == INT64_MAX);
    young = put_due(s, "a", 20, 50, JOURNAL_QUEUED, JOURNAL_UPDATE);
    old = put_due(s, "b", 10, 100, JOURNAL_QUEUED, JOURNAL_UPDATE);
    put_due(s, "c", 1, 101, JOURNAL_QUEUED, JOURNAL_UPDATE);
    put_due(s, "d", 1, 300, JOURNAL_QUEUED, JOURNAL_UPDATE);
    put_due(s, "e", 1, 1, JOURNAL_FAILED, JOURNAL_UPDATE);
    assert_int_equal(state_due_ops(s, JOURNAL_ALL, 100, slots, 4, &next), 2);
    assert_int_equal(slots[0], old);
    assert_int_equal(slots[1], young);
    assert_int_equal(next, 101);
    assert_int_equal(state_due_ops(s, JOURNAL_ALL, 100, slots, 1, NULL), 1);
    assert_int_equal(slots[0], old);
    assert_int_equal(state_due_ops(s, JOURNAL_ALL, INT64_MAX, slots, 4, &next), 4);
    assert_true(next == INT64_MAX);

    assert_int_equal(state_expedite_ops(s, 200), 0);
    assert_int_equal(state_due_ops(s, JOURNAL_ALL, 200, slots, 4, &next), 4);
    assert_int_equal(state_due_ops(s, JOURNAL_ALL, 199, slots, 4, &next), 3);
    assert_int_equal(next, 200);
    state_close(s);
}

static void assert_deletes(struct state *s, enum journal_state state, int64_t after, unsigned limit,
                           unsigned expected)
{
    unsigned count;

    assert_int_equal(state_count_deletes(s, state, after, limit, &count), 0);
    assert_int_equal(count, expected);
}

static void test_counts_deletes(void **state)
{
    struct state *s = open_state(*state);

    put_due(s, "a", 10, 1, JOURNAL_QUEUED, JOURNAL_DELETE);
    put_due(s, "b", 20, 1, JOURNAL_QUEUED, JOURNAL_DELETE);
    put_due(s, "c", 30, 1, JOURNAL_QUEUED, JOURNAL_DELETE);
    put_due(s, "d", 40, 1, JOURNAL_QUEUED, JOURNAL_UPDATE);
    put_due(s, "e", 50, 1, JOURNAL_HELD, JOURNAL_DELETE);
    assert_deletes(s, JOURNAL_QUEUED, 0, 100, 3);
    assert_deletes(s, JOURNAL_QUEUED, 10, 100, 2);
    assert_deletes(s, JOURNAL_QUEUED, 0, 2, 2);
    assert_deletes(s, JOURNAL_HELD, 0, 1, 1);
    assert_deletes(s, JOURNAL_FAILED, 0, 1, 0);
    state_close(s);
}

static int collect_name(void *ctx, int64_t slot, const char *name)
{
    struct buf *out = ctx;

    assert_true(slot > 0);
    buf_addf(out, "%s ", name);
    return 0;
}

static int stop(void *ctx, int64_t slot, const char *name)
{
    (void)slot;
    (void)name;
    ++*(int *)ctx;
    return -EINTR;
}

static void test_names(void **state)
{
    struct state *s = open_state(*state);
    int calls = 0;
    struct buf out;

    for (int i = 0; i < 4; i++) {
        char *name = xasprintf("%d.json", i);
        struct journal_op op = {.slot = put_slot(s, name),
                                .verb = JOURNAL_UPDATE,
                                .state = i < 2    ? JOURNAL_QUEUED
                                         : i == 2 ? JOURNAL_FAILED
                                                  : JOURNAL_HELD,
                                .queued_at = 10 - i,
                                .mine = (char *)"{}"};
        assert_int_equal(state_put_op(s, &op), 0);
        free(name);
    }
    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(
        state_each_op_name(s, 1U << JOURNAL_QUEUED | 1U << JOURNAL_HELD, collect_name, &out), 0);
    assert_string_equal(out.data, "3.json 1.json 0.json ");
    assert_int_equal(state_each_op_name(s, 1U << JOURNAL_QUEUED, stop, &calls), -EINTR);
    assert_int_equal(calls, 1);
    buf_release(&out);
    state_close(s);
}

static void test_conflicts(void **state)
{
    struct state *s = open_state(*state);
    struct conflict later = {
        .slot = put_slot(s, "a.json"),
        .base = (char *)"b",
        .mine = (char *)"m",
        .theirs = (char *)"t",
        .members = (char *)"X, Y/Z",
        .at = 9,
    };
    struct conflict earlier = {.slot = put_slot(s, "b.json"), .at = 8};
    struct conflict got;
    struct conflict *list;
    size_t count;

    assert_int_equal(state_get_conflict(s, later.slot, &got), -ENOENT);
    assert_int_equal(state_put_conflict(s, &later), 0);
    assert_int_equal(state_put_conflict(s, &earlier), 0);
    assert_int_equal(state_put_conflict(s, &later), 0);
    assert_int_equal(state_get_conflict(s, later.slot, &got), 0);
    assert_int_equal(got.slot, later.slot);
    assert_string_equal(got.base, "b");
    assert_string_equal(got.mine, "m");
    assert_string_equal(got.theirs, "t");
    assert_string_equal(got.members, "X, Y/Z");
    assert_int_equal(got.at, 9);
    conflict_release(&got);
    assert_int_equal(state_conflicts(s, &list, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].slot, earlier.slot);
    assert_null(list[0].base);
    assert_int_equal(list[1].slot, later.slot);
    conflict_release(&list[0]);
    conflict_release(&list[1]);
    free(list);
    assert_int_equal(state_remove_conflict(s, later.slot), 0);
    assert_int_equal(state_remove_conflict(s, later.slot), 0);
    assert_int_equal(state_get_conflict(s, later.slot, &got), -ENOENT);
    state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_keeps_every_field),
        dir_test(test_needs_its_slot),
        dir_test(test_lists_oldest_first_and_counts),
        dir_test(test_due),
        dir_test(test_counts_deletes),
        dir_test(test_names),
        dir_test(test_conflicts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
