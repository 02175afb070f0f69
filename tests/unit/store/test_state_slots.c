#include "store_test.h"

#include <sqlite3.h>
#include <stdio.h>

#include <outlookfs/base/str.h>

#include <outlookfs/store/state.h>

static struct state *open_state(const char *dir)
{
    struct state *s;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    return s;
}

/* Points at literals: not to be released. */
static struct slot slot_of(const char *folder, const char *name, const char *record, uint64_t ino)
{
    return (struct slot){
        .kind = KIND_CONTACT,
        .folder = (char *)folder,
        .name = (char *)name,
        .record = (char *)record,
        .ino = ino,
        .flags = SLOT_ALIAS,
    };
}

static int64_t put(struct state *s, struct slot slot)
{
    assert_int_equal(state_put_slot(s, &slot), 0);
    assert_true(slot.id > 0);
    return slot.id;
}

static void assert_slot(const struct slot *got, const struct slot *expected)
{
    assert_int_equal(got->id, expected->id);
    assert_int_equal(got->kind, expected->kind);
    assert_string_equal(got->folder, expected->folder);
    assert_string_equal(got->name, expected->name);
    if (expected->record)
        assert_string_equal(got->record, expected->record);
    else
        assert_null(got->record);
    assert_int_equal(got->ino, expected->ino);
    assert_int_equal(got->flags, expected->flags);
    assert_int_equal(got->mode, expected->mode);
    assert_int_equal(got->mtime, expected->mtime);
    assert_int_equal(got->since, expected->since);
    assert_true(str_eq(got->base, expected->base));
}

static void test_keeps_every_field(void **state)
{
    struct state *s = open_state(*state);
    struct slot slot = {
        .kind = KIND_EVENT,
        .folder = (char *)"F",
        .name = (char *)"jane.json",
        .record = (char *)"id",
        .ino = UINT64_C(0x1fffffffffffff),
        .flags = SLOT_LOCAL | SLOT_DRAFT | SLOT_VACANT | SLOT_ALIAS | SLOT_MODE | SLOT_MTIME,
        .mode = 0640,
        .mtime = INT64_C(1764000000123456789),
        .since = 17,
        .base = (char *)"{}",
    };
    struct slot got;

    assert_int_equal(state_put_slot(s, &slot), 0);
    state_close(s);
    s = open_state(*state);
    assert_int_equal(state_get_slot(s, slot.id, &got), 0);
    assert_slot(&got, &slot);
    slot_release(&got);
    assert_null(got.name);

    slot.name = (char *)"other.json";
    slot.flags = 0;
    slot.mode = 0;
    assert_int_equal(state_put_slot(s, &slot), 0);
    assert_int_equal(state_get_slot(s, slot.id, &got), 0);
    assert_slot(&got, &slot);
    slot_release(&got);
    state_close(s);
}

/* What one thread learns about the record is not undone by a copy of the slot another one read
 * before. */
static void test_record_is_set_apart(void **state)
{
    struct state *s = open_state(*state);
    struct slot copy = slot_of("F", "a.json", NULL, 1), got;

    assert_int_equal(state_put_slot(s, &copy), 0);
    assert_int_equal(state_set_record(s, copy.id, "r1"), 0);
    copy.name = (char *)"b.json";
    assert_int_equal(state_put_slot(s, &copy), 0);
    assert_int_equal(state_slot_by_record(s, KIND_CONTACT, "F", "r1", &got), 0);
    assert_string_equal(got.name, "b.json");
    slot_release(&got);
    assert_int_equal(state_set_record(s, put(s, slot_of("F", "c.json", NULL, 2)), "r1"), -EEXIST);
    assert_int_equal(state_set_record(s, 99, "r2"), -ENOENT);
    assert_int_equal(state_set_record(s, copy.id, NULL), 0);
    assert_int_equal(state_slot_by_record(s, KIND_CONTACT, "F", "r1", &got), -ENOENT);
    state_close(s);
}

static void assert_found(int rc, struct slot *got, int64_t id)
{
    assert_int_equal(rc, 0);
    assert_int_equal(got->id, id);
    slot_release(got);
}

static void test_finds(void **state)
{
    struct state *s = open_state(*state);
    struct slot got;
    int64_t a = put(s, slot_of("F", "a.json", "ra", 11));
    int64_t b = put(s, slot_of("G", "a.json", "rb", 12));
    int64_t c = put(s, slot_of("F", "c.json", NULL, 13));

    put(s, slot_of("F", "vacant.json", NULL, 0));
    assert_found(state_slot_by_name(s, KIND_CONTACT, "F", "a.json", &got), &got, a);
    assert_found(state_slot_by_name(s, KIND_CONTACT, "G", "a.json", &got), &got, b);
    assert_found(state_slot_by_record(s, KIND_CONTACT, "G", "rb", &got), &got, b);
    assert_found(state_slot_by_ino(s, 13, &got), &got, c);
    assert_int_equal(state_slot_by_name(s, KIND_EVENT, "F", "a.json", &got), -ENOENT);
    assert_int_equal(state_slot_by_name(s, KIND_CONTACT, "F", "b.json", &got), -ENOENT);
    assert_int_equal(state_slot_by_record(s, KIND_CONTACT, "F", "rb", &got), -ENOENT);
    assert_int_equal(state_slot_by_ino(s, 14, &got), -ENOENT);
    assert_int_equal(state_slot_by_ino(s, 0, &got), -ENOENT);
    assert_int_equal(state_get_slot(s, 99, &got), -ENOENT);
    state_close(s);
}

static void test_names_and_records_are_unique(void **state)
{
    struct state *s = open_state(*state);
    struct slot name = slot_of("F", "a.json", "r2", 1);
    struct slot record = slot_of("F", "b.json", "r1", 1);
    struct slot nothing = slot_of("F", "n.json", NULL, 1);
    struct slot got;
    int64_t other;

    put(s, slot_of("F", "a.json", "r1", 1));
    put(s, slot_of("F", "x.json", NULL, 2));
    other = put(s, slot_of("F", "y.json", NULL, 3));
    assert_int_equal(state_put_slot(s, &name), -EEXIST);
    assert_int_equal(state_put_slot(s, &record), -EEXIST);
    assert_int_equal(name.id, 0);
    name.id = other;
    assert_int_equal(state_put_slot(s, &name), -EEXIST);
    assert_found(state_slot_by_name(s, KIND_CONTACT, "F", "y.json", &got), &got, other);
    nothing.id = 99;
    assert_int_equal(state_put_slot(s, &nothing), -ENOENT);
    assert_int_equal(state_slot_by_name(s, KIND_CONTACT, "F", "n.json", &got), -ENOENT);
    state_close(s);
}

static void assert_ids(struct slot *list, size_t count, const int64_t *ids, size_t expected)
{
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].id, ids[i]);
        slot_release(&list[i]);
    }
    free(list);
}

static void test_lists(void **state)
{
    struct state *s = open_state(*state);
    struct slot *list;
    size_t count;
    struct slot draft = slot_of("G", "d.json", NULL, 3);
    struct slot vacant = slot_of("F", "e.json", NULL, 4);
    put(s, slot_of("F", "a.json", NULL, 1));
    int64_t b = put(s, slot_of("G", "b.json", NULL, 2));
    int64_t d;
    int64_t e;

    draft.flags = SLOT_DRAFT | SLOT_LOCAL;
    vacant.kind = KIND_EVENT;
    vacant.flags = SLOT_VACANT;
    d = put(s, draft);
    e = put(s, vacant);
    assert_int_equal(state_slots(s, KIND_CONTACT, "G", &list, &count), 0);
    assert_ids(list, count, (int64_t[]){b, d}, 2);
    assert_int_equal(state_slots(s, KIND_MESSAGE, "G", &list, &count), 0);
    assert_ids(list, count, NULL, 0);
    assert_int_equal(state_slots_with(s, SLOT_DRAFT | SLOT_VACANT, &list, &count), 0);
    assert_ids(list, count, (int64_t[]){d, e}, 2);
    assert_int_equal(state_slots_with(s, SLOT_MODE, &list, &count), 0);
    assert_ids(list, count, NULL, 0);
    state_close(s);
}

static int64_t steps_taken;

static int count_steps(unsigned event, void *ctx, void *statement, void *unused)
{
    (void)event;
    (void)ctx;
    (void)unused;
    steps_taken += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

static int watch(sqlite3 *db, const char **err, const struct sqlite3_api_routines *api)
{
    (void)err;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, count_steps, NULL);
}

/* Every create looks for drafts: a thousand settled slots must not be read for that. */
static void test_drafts_are_found_without_reading_all(void **state)
{
    assert_int_equal(sqlite3_auto_extension((void (*)(void))watch), SQLITE_OK);
    struct state *s = open_state(*state);
    struct slot draft = slot_of("F", "draft.json", NULL, 5000);
    struct slot *list;
    size_t count;
    char name[32];

    draft.flags = SLOT_DRAFT | SLOT_LOCAL;
    put(s, draft);
    state_begin(s);
    for (unsigned i = 1; i <= 1000; i++) {
        snprintf(name, sizeof(name), "%u.json", i);
        struct slot slot = slot_of("F", name, NULL, i);
        slot.flags = SLOT_LOCAL;
        put(s, slot);
    }
    assert_int_equal(state_end(s, 0), 0);
    steps_taken = 0;
    assert_int_equal(state_slots_with(s, SLOT_DRAFT | SLOT_VACANT, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_in_range(steps_taken, 1, 200);
    slot_release(list);
    free(list);
    state_close(s);
    sqlite3_cancel_auto_extension((void (*)(void))watch);
}

static void test_takes_operation_and_conflict_along(void **state)
{
    struct state *s = open_state(*state);
    struct journal_op op = {.slot = put(s, slot_of("F", "a.json", NULL, 1))};
    struct conflict conflict = {.slot = op.slot, .base = (char *)"b"};
    struct journal_op keep = {.slot = put(s, slot_of("F", "b.json", NULL, 2))};
    struct slot got;

    assert_int_equal(state_put_op(s, &op), 0);
    assert_int_equal(state_put_op(s, &keep), 0);
    assert_int_equal(state_put_conflict(s, &conflict), 0);
    assert_int_equal(state_remove_slot(s, op.slot), 0);
    assert_int_equal(state_remove_slot(s, op.slot), 0);
    assert_int_equal(state_get_slot(s, op.slot, &got), -ENOENT);
    assert_int_equal(state_get_op(s, op.slot, &op), -ENOENT);
    assert_int_equal(state_get_conflict(s, conflict.slot, &conflict), -ENOENT);
    assert_int_equal(state_get_op(s, keep.slot, &keep), 0);
    journal_op_release(&keep);

    /* A number is not given again: something may still remember it. */
    assert_true(put(s, slot_of("F", "c.json", NULL, 1)) > keep.slot);
    state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_keeps_every_field),
        dir_test(test_record_is_set_apart),
        dir_test(test_finds),
        dir_test(test_names_and_records_are_unique),
        dir_test(test_lists),
        dir_test(test_drafts_are_found_without_reading_all),
        dir_test(test_takes_operation_and_conflict_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
