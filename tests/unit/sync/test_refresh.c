/* Renewing a listing: which plan, what a deletion needs, and that own writes stay. */
#include "reading.h"

static void forget_calls(struct rig *rig)
{
    mutex_lock(&rig->gate->lock);
    rig->gate->nskips = 0;
    rig->gate->calls = 0;
    rig->gate->ordered = 0;
    mutex_unlock(&rig->gate->lock);
}

/* A complete listing of `count` contacts that has just grown old. */
static void old_listing(struct rig *rig, unsigned count)
{
    add_contacts(rig, count);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), count);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    await_events(rig, &rig->news, count);
    clock_advance(TTL + NS_PER_S);
    forget_calls(rig);
}

static char *nth_id(struct rig *rig, unsigned n)
{
    struct cache_record list[1];
    uint64_t after = 0;
    char *id = NULL;

    for (unsigned i = 0; i <= n; i++) {
        assert_int_equal(mailbox_each(rig->mb, KIND_CONTACT, "Contacts", after, NULL, list, 1), 1);
        after = list[0].seq;
        free(id);
        id = xstrdup(list[0].id);
        cache_record_release(&list[0]);
    }
    return id;
}

static uint64_t records_of(struct rig *rig)
{
    struct cache_listing row;

    assert_int_equal(cache_get_listing(mailbox_cache(rig->mb), KIND_CONTACT, "Contacts", &row), 0);
    return row.count;
}

/* --- plans ------------------------------------------------------------------------------------ */

static void fresh_listing_is_not_asked_for(void **state)
{
    struct rig *rig = *state;

    add_contacts(rig, 3);
    assert_int_equal(list_contacts(rig), 0);
    clock_advance(TTL - 5 * NS_PER_S);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(list_calls(rig), 1);

    rig_unmount(rig);
    rig_mount(rig);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 3);
    assert_int_equal(list_calls(rig), 1);
}

static void small_folder_is_listed_anew(void **state)
{
    struct rig *rig = *state;
    char *changed, *gone;

    old_listing(rig, 10);
    changed = nth_id(rig, 2);
    gone = nth_id(rig, 7);
    rename_contact(rig, changed, "other");
    memory_remove(rig->memory, KIND_CONTACT, gone);
    add_contact(rig, "eleventh");

    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->nskips, 1);
    assert_int_equal(rig->gate->ordered, 0);
    assert_int_equal(get_calls(rig), 1);
    assert_int_equal(read_contacts(rig), 10);
    assert_name(rig, changed, "other");
    assert_null(cached_name(rig, gone));
    assert_int_equal(events_of(rig, &rig->news), 11);
    assert_int_equal(events_of(rig, &rig->changes), 1);
    assert_int_equal(events_of(rig, &rig->gone), 1);
    assert_string_equal(rig->last, gone);
    free(changed);
    free(gone);
}

static void unchanged_large_folder_costs_one_page(void **state)
{
    struct rig *rig = *state;

    old_listing(rig, 1300);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->nskips, 1);
    assert_int_equal(rig->gate->ordered, 1);
    assert_int_equal(events_of(rig, &rig->changes), 0);

    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->nskips, 1);
}

static void large_folder_is_asked_newest_first(void **state)
{
    struct rig *rig = *state;
    char *changed;

    old_listing(rig, 1300);
    changed = nth_id(rig, 1200);
    rename_contact(rig, changed, "other");
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->nskips, 2); /* the second holds nothing new */
    assert_name(rig, changed, "other");
    assert_int_equal(events_of(rig, &rig->changes), 1);
    free(changed);
}

static void large_folder_is_listed_in_full_now_and_then(void **state)
{
    struct rig *rig = *state;
    char *gone;

    old_listing(rig, 1300);
    gone = nth_id(rig, 100);
    memory_remove(rig->memory, KIND_CONTACT, gone);
    clock_advance(15 * 60 * NS_PER_S);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->ordered, 0);
    assert_in_range(rig->gate->nskips, 6, 9);
    await_events(rig, &rig->gone, 1);
    assert_null(cached_name(rig, gone));
    free(gone);
}

static void service_that_does_not_sort_is_listed_in_full(void **state)
{
    struct rig *rig = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .count = 1, .grade = GRADE_REFUSED, .status = 400};

    old_listing(rig, 1300);
    faulty_plan(rig->faulty, &plan);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->ordered, 1);
    assert_in_range(rig->gate->nskips, 1 + 6, 1 + 9);
    await_quiet(rig, KIND_CONTACT, "Contacts");

    clock_advance(TTL + NS_PER_S);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->ordered, 1);
}

static void clock_put_back_makes_a_listing_old(void **state)
{
    struct rig *rig = *state;
    struct cache_listing row;

    add_contacts(rig, 3);
    assert_int_equal(list_contacts(rig), 0);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    assert_int_equal(cache_get_listing(mailbox_cache(rig->mb), KIND_CONTACT, "Contacts", &row), 0);
    row.fresh_at = clock_steady() + 3600 * NS_PER_S;
    assert_int_equal(cache_put_listing(mailbox_cache(rig->mb), KIND_CONTACT, "Contacts", &row), 0);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(list_calls(rig), 2);
}

static void slow_refresh_does_not_hold_the_old_listing_back(void **state)
{
    struct rig *rig = *state;
    struct caller caller;

    old_listing(rig, 10);
    add_contact(rig, "eleventh");
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);
    clock_advance(3 * NS_PER_S);
    assert_int_equal(caller_join(&caller), 0);
    assert_int_equal(read_contacts(rig), 10);

    gate_open(rig->gate);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 11);
}

/* --- failures --------------------------------------------------------------------------------- */

static void failed_refresh_keeps_the_old_listing(void **state)
{
    struct rig *rig = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .count = 1, .grade = GRADE_BROKEN, .status = 500};

    old_listing(rig, 10);
    faulty_plan(rig->faulty, &plan);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 10);
    assert_int_equal(rig->gate->nskips, 1);

    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->nskips, 1); /* not again at once */
    clock_advance(11 * NS_PER_S);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(rig->gate->nskips, 2);
}

/* Keeps the first `ctx` records of a list, and says that was all. */
static void cut_list(struct remote_call *call, void *ctx)
{
    if (operation_of_row(call->info) != OP_CONTACT_GET_ITEMS)
        return;
    while (cJSON_GetArraySize(call->answer) > *(int *)ctx)
        cJSON_DeleteItemFromArray(call->answer, *(int *)ctx);
}

static void list_that_lies_deletes_nothing(void **state)
{
    struct rig *rig = *state;
    int left = 0;

    old_listing(rig, 200);
    rig->gate->bend = cut_list;
    rig->gate->bend_ctx = &left;
    assert_int_equal(list_contacts(rig), 0);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    assert_int_equal(records_of(rig), 200);
    assert_int_equal(get_calls(rig), 64);
    assert_int_equal(events_of(rig, &rig->gone), 0);

    clock_advance(TTL + NS_PER_S);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(get_calls(rig), 128);
    assert_int_equal(records_of(rig), 200);
}

/* What is there but never listed must not keep the others from their turn. */
static void every_missing_record_has_its_turn(void **state)
{
    struct rig *rig = *state;
    int left = 0;
    char *gone;

    old_listing(rig, 200);
    gone = nth_id(rig, 150);
    memory_remove(rig->memory, KIND_CONTACT, gone);
    rig->gate->bend = cut_list;
    rig->gate->bend_ctx = &left;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(list_contacts(rig), 0);
        clock_advance(TTL + NS_PER_S);
    }
    assert_null(cached_name(rig, gone));
    assert_int_equal(records_of(rig), 199);
    free(gone);
}

static void only_gone_deletes(void **state)
{
    static const enum grade grades[] = {GRADE_BROKEN,  GRADE_AUTH,   GRADE_THROTTLED,
                                        GRADE_OFFLINE, GRADE_DENIED, GRADE_REFUSED};
    struct rig *rig = *state;
    char *gone;

    old_listing(rig, 5);
    gone = nth_id(rig, 0);
    memory_remove(rig->memory, KIND_CONTACT, gone);
    for (size_t i = 0; i < ARRAY_SIZE(grades); i++) {
        struct faulty_plan plan = {.op = OP_CONTACT_GET_ITEM, .count = 1, .grade = grades[i]};

        faulty_plan(rig->faulty, &plan);
        assert_int_equal(list_contacts(rig), 0);
        assert_int_equal(records_of(rig), 5);
        clock_advance(TTL + NS_PER_S);
    }
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(records_of(rig), 4);
    free(gone);
}

/* --- own writes and older answers ------------------------------------------------------------- */

static struct item own_item(struct rig *rig, const char *id, const char *name)
{
    cJSON *obj;
    struct item item = {0};

    rename_contact(rig, id, name);
    obj = cJSON_Duplicate(memory_get(rig->memory, KIND_CONTACT, id), true);
    assert_int_equal(item_from_json(KIND_CONTACT, obj, &item, NULL), 0);
    cJSON_Delete(obj);
    return item;
}

static void older_listing_does_not_undo_a_write(void **state)
{
    struct rig *rig = *state;
    struct caller caller;
    struct item item;
    char *id;

    old_listing(rig, 10);
    id = nth_id(rig, 4);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);

    item = own_item(rig, id, "mine");
    assert_int_equal(mailbox_record_written(rig->mb, "Contacts", &item), 0);
    assert_name(rig, id, "mine");
    assert_int_equal(events_of(rig, &rig->changes), 1);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_name(rig, id, "mine");
    assert_int_equal(events_of(rig, &rig->changes), 1);
    item_release(&item);
    free(id);
}

static void older_listing_does_not_bring_a_deleted_record_back(void **state)
{
    struct rig *rig = *state;
    struct caller caller;
    char *id;

    old_listing(rig, 10);
    id = nth_id(rig, 4);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);

    memory_remove(rig->memory, KIND_CONTACT, id);
    assert_int_equal(mailbox_record_deleted(rig->mb, KIND_CONTACT, "Contacts", id), 0);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_null(cached_name(rig, id));
    assert_int_equal(records_of(rig), 9);
    assert_int_equal(events_of(rig, &rig->gone), 1);
    free(id);
}

static void older_listing_does_not_question_a_created_record(void **state)
{
    struct rig *rig = *state;
    struct caller caller;
    struct item item;
    const char *id;

    old_listing(rig, 10);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);

    id = add_contact(rig, "eleventh");
    item = own_item(rig, id, "mine");
    assert_int_equal(mailbox_record_written(rig->mb, "Contacts", &item), 0);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_name(rig, id, "mine");
    assert_int_equal(get_calls(rig), 0);
    item_release(&item);
}

static void older_question_about_a_missing_record_does_not_delete(void **state)
{
    struct rig *rig = *state;
    struct caller caller;
    struct item item;
    cJSON *kept;
    char *id;

    old_listing(rig, 10);
    id = nth_id(rig, 4);
    kept = cJSON_Duplicate(memory_get(rig->memory, KIND_CONTACT, id), true);
    memory_remove(rig->memory, KIND_CONTACT, id);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEM);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);

    /* Somebody restores it and we write it, before "there is none" arrives. */
    memory_add(rig->memory, KIND_CONTACT, "Contacts", kept);
    item = own_item(rig, id, "mine");
    assert_int_equal(mailbox_record_written(rig->mb, "Contacts", &item), 0);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_name(rig, id, "mine");
    assert_int_equal(events_of(rig, &rig->gone), 0);
    item_release(&item);
    free(id);
}

static void later_listing_changes_a_written_record(void **state)
{
    struct rig *rig = *state;
    struct item item;
    char *id;

    old_listing(rig, 10);
    id = nth_id(rig, 4);
    item = own_item(rig, id, "mine");
    assert_int_equal(mailbox_record_written(rig->mb, "Contacts", &item), 0);
    rename_contact(rig, id, "theirs");
    assert_int_equal(list_contacts(rig), 0);
    assert_name(rig, id, "theirs");
    item_release(&item);
    free(id);
}

/* --- mail ------------------------------------------------------------------------------------- */

static void add_message(struct rig *rig, unsigned second)
{
    cJSON *obj = cJSON_CreateObject();
    char date[32];

    str_format_time((INT64_C(1700000000) + second) * NS_PER_S, date);
    cJSON_AddStringToObject(obj, "DateTimeReceived", date);
    cJSON_AddStringToObject(obj, "Body", "text");
    memory_add(rig->memory, KIND_MESSAGE, "Inbox", obj);
}

static void new_mail_costs_the_newest_pages(void **state)
{
    struct rig *rig = *state;
    int rc;

    for (unsigned i = 0; i < 1100; i++)
        add_message(rig, i);
    assert_int_equal(mailbox_list(rig->mb, KIND_MESSAGE, "Inbox", NULL, NULL), 0);
    assert_int_equal(read_all(rig, KIND_MESSAGE, "Inbox", &rc), 1100);
    await_quiet(rig, KIND_MESSAGE, "Inbox");

    clock_advance(TTL + NS_PER_S);
    forget_calls(rig);
    add_message(rig, 2000);
    assert_int_equal(mailbox_list(rig->mb, KIND_MESSAGE, "Inbox", NULL, NULL), 0);
    assert_int_equal(read_all(rig, KIND_MESSAGE, "Inbox", &rc), 1101);
    assert_int_equal(rig->gate->nskips, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(fresh_listing_is_not_asked_for),
        rig_test(small_folder_is_listed_anew),
        rig_test(unchanged_large_folder_costs_one_page),
        rig_test(large_folder_is_asked_newest_first),
        rig_test(large_folder_is_listed_in_full_now_and_then),
        rig_test(service_that_does_not_sort_is_listed_in_full),
        rig_test(clock_put_back_makes_a_listing_old),
        rig_test(slow_refresh_does_not_hold_the_old_listing_back),
        rig_test(failed_refresh_keeps_the_old_listing),
        rig_test(list_that_lies_deletes_nothing),
        rig_test(every_missing_record_has_its_turn),
        rig_test(only_gone_deletes),
        rig_test(older_listing_does_not_undo_a_write),
        rig_test(older_listing_does_not_bring_a_deleted_record_back),
        rig_test(older_listing_does_not_question_a_created_record),
        rig_test(older_question_about_a_missing_record_does_not_delete),
        rig_test(later_listing_changes_a_written_record),
        rig_test(new_mail_costs_the_newest_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
