/* Renewing a listing: which plan, what a deletion needs, and that own writes stay. */
#include "reading.h"

static void forget_calls(struct room *room)
{
    mutex_lock(&room->gate->lock);
    room->gate->nskips = 0;
    room->gate->calls = 0;
    room->gate->ordered = 0;
    mutex_unlock(&room->gate->lock);
}

/* A complete listing of `count` contacts that has just grown old. */
static void old_listing(struct room *room, unsigned count)
{
    add_contacts(room, count);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), count);
    await_quiet(room, KIND_CONTACT, "Contacts");
    await_events(room, &room->news, count);
    clock_advance(TTL + NS_PER_S);
    forget_calls(room);
}

static char *nth_id(struct room *room, unsigned n)
{
    struct cache_record list[1];
    uint64_t after = 0;
    char *id = NULL;

    for (unsigned i = 0; i <= n; i++) {
        assert_int_equal(mailbox_each(room->mb, KIND_CONTACT, "Contacts", after, NULL, list, 1), 1);
        after = list[0].seq;
        free(id);
        id = xstrdup(list[0].id);
        cache_record_release(&list[0]);
    }
    return id;
}

static uint64_t records_of(struct room *room)
{
    struct cache_listing row;

    assert_int_equal(cache_get_listing(mailbox_cache(room->mb), KIND_CONTACT, "Contacts", &row), 0);
    return row.count;
}

/* --- plans ------------------------------------------------------------------------------------ */

static void fresh_listing_is_not_asked_for(void **state)
{
    struct room *room = *state;

    add_contacts(room, 3);
    assert_int_equal(list_contacts(room), 0);
    clock_advance(TTL - 5 * NS_PER_S);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(list_calls(room), 1);

    room_unmount(room);
    room_mount(room);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 3);
    assert_int_equal(list_calls(room), 1);
}

static void small_folder_is_listed_anew(void **state)
{
    struct room *room = *state;
    char *changed, *gone;

    old_listing(room, 10);
    changed = nth_id(room, 2);
    gone = nth_id(room, 7);
    rename_contact(room, changed, "other");
    memory_remove(room->memory, KIND_CONTACT, gone);
    add_contact(room, "eleventh");

    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->nskips, 1);
    assert_int_equal(room->gate->ordered, 0);
    assert_int_equal(get_calls(room), 1);
    assert_int_equal(read_contacts(room), 10);
    assert_name(room, changed, "other");
    assert_null(cached_name(room, gone));
    assert_int_equal(events_of(room, &room->news), 11);
    assert_int_equal(events_of(room, &room->changes), 1);
    assert_int_equal(events_of(room, &room->gone), 1);
    assert_string_equal(room->last, gone);
    free(changed);
    free(gone);
}

static void unchanged_large_folder_costs_one_page(void **state)
{
    struct room *room = *state;

    old_listing(room, 1300);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->nskips, 1);
    assert_int_equal(room->gate->ordered, 1);
    assert_int_equal(events_of(room, &room->changes), 0);

    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->nskips, 1);
}

static void large_folder_is_asked_newest_first(void **state)
{
    struct room *room = *state;
    char *changed;

    old_listing(room, 1300);
    changed = nth_id(room, 1200);
    rename_contact(room, changed, "other");
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->nskips, 2); /* the second holds nothing new */
    assert_name(room, changed, "other");
    assert_int_equal(events_of(room, &room->changes), 1);
    free(changed);
}

static void large_folder_is_listed_in_full_now_and_then(void **state)
{
    struct room *room = *state;
    char *gone;

    old_listing(room, 1300);
    gone = nth_id(room, 100);
    memory_remove(room->memory, KIND_CONTACT, gone);
    clock_advance(15 * 60 * NS_PER_S);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->ordered, 0);
    assert_in_range(room->gate->nskips, 6, 9);
    await_events(room, &room->gone, 1);
    assert_null(cached_name(room, gone));
    free(gone);
}

static void service_that_does_not_sort_is_listed_in_full(void **state)
{
    struct room *room = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .count = 1, .grade = GRADE_REFUSED, .status = 400};

    old_listing(room, 1300);
    faulty_plan(room->faulty, &plan);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->ordered, 1);
    assert_in_range(room->gate->nskips, 1 + 6, 1 + 9);
    await_quiet(room, KIND_CONTACT, "Contacts");

    clock_advance(TTL + NS_PER_S);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->ordered, 1);
}

static void clock_put_back_makes_a_listing_old(void **state)
{
    struct room *room = *state;
    struct cache_listing row;

    add_contacts(room, 3);
    assert_int_equal(list_contacts(room), 0);
    await_quiet(room, KIND_CONTACT, "Contacts");
    assert_int_equal(cache_get_listing(mailbox_cache(room->mb), KIND_CONTACT, "Contacts", &row), 0);
    row.fresh_at = clock_steady() + 3600 * NS_PER_S;
    assert_int_equal(cache_put_listing(mailbox_cache(room->mb), KIND_CONTACT, "Contacts", &row), 0);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(list_calls(room), 2);
}

static void slow_refresh_does_not_hold_the_old_listing_back(void **state)
{
    struct room *room = *state;
    struct caller caller;

    old_listing(room, 10);
    add_contact(room, "eleventh");
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);
    clock_advance(3 * NS_PER_S);
    assert_int_equal(caller_join(&caller), 0);
    assert_int_equal(read_contacts(room), 10);

    gate_open(room->gate);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 11);
}

/* --- failures --------------------------------------------------------------------------------- */

static void failed_refresh_keeps_the_old_listing(void **state)
{
    struct room *room = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .count = 1, .grade = GRADE_BROKEN, .status = 500};

    old_listing(room, 10);
    faulty_plan(room->faulty, &plan);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 10);
    assert_int_equal(room->gate->nskips, 1);

    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->nskips, 1); /* not again at once */
    clock_advance(11 * NS_PER_S);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(room->gate->nskips, 2);
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
    struct room *room = *state;
    int left = 0;

    old_listing(room, 200);
    room->gate->bend = cut_list;
    room->gate->bend_ctx = &left;
    assert_int_equal(list_contacts(room), 0);
    await_quiet(room, KIND_CONTACT, "Contacts");
    assert_int_equal(records_of(room), 200);
    assert_int_equal(get_calls(room), 64);
    assert_int_equal(events_of(room, &room->gone), 0);

    clock_advance(TTL + NS_PER_S);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(get_calls(room), 128);
    assert_int_equal(records_of(room), 200);
}

/* What is there but never listed must not keep the others from their turn. */
static void every_missing_record_has_its_turn(void **state)
{
    struct room *room = *state;
    int left = 0;
    char *gone;

    old_listing(room, 200);
    gone = nth_id(room, 150);
    memory_remove(room->memory, KIND_CONTACT, gone);
    room->gate->bend = cut_list;
    room->gate->bend_ctx = &left;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(list_contacts(room), 0);
        clock_advance(TTL + NS_PER_S);
    }
    assert_null(cached_name(room, gone));
    assert_int_equal(records_of(room), 199);
    free(gone);
}

static void only_gone_deletes(void **state)
{
    static const enum grade grades[] = {GRADE_BROKEN,  GRADE_AUTH,   GRADE_THROTTLED,
                                        GRADE_OFFLINE, GRADE_DENIED, GRADE_REFUSED};
    struct room *room = *state;
    char *gone;

    old_listing(room, 5);
    gone = nth_id(room, 0);
    memory_remove(room->memory, KIND_CONTACT, gone);
    for (size_t i = 0; i < ARRAY_SIZE(grades); i++) {
        struct faulty_plan plan = {.op = OP_CONTACT_GET_ITEM, .count = 1, .grade = grades[i]};

        faulty_plan(room->faulty, &plan);
        assert_int_equal(list_contacts(room), 0);
        assert_int_equal(records_of(room), 5);
        clock_advance(TTL + NS_PER_S);
    }
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(records_of(room), 4);
    free(gone);
}

/* --- own writes and older answers ------------------------------------------------------------- */

static struct item own_item(struct room *room, const char *id, const char *name)
{
    cJSON *obj;
    struct item item = {0};

    rename_contact(room, id, name);
    obj = cJSON_Duplicate(memory_get(room->memory, KIND_CONTACT, id), true);
    assert_int_equal(item_from_json(KIND_CONTACT, obj, &item, NULL), 0);
    cJSON_Delete(obj);
    return item;
}

static void older_listing_does_not_undo_a_write(void **state)
{
    struct room *room = *state;
    struct caller caller;
    struct item item;
    char *id;

    old_listing(room, 10);
    id = nth_id(room, 4);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);

    item = own_item(room, id, "mine");
    assert_int_equal(mailbox_record_written(room->mb, "Contacts", &item), 0);
    assert_name(room, id, "mine");
    assert_int_equal(events_of(room, &room->changes), 1);
    gate_open(room->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_name(room, id, "mine");
    assert_int_equal(events_of(room, &room->changes), 1);
    item_release(&item);
    free(id);
}

static void older_listing_does_not_bring_a_deleted_record_back(void **state)
{
    struct room *room = *state;
    struct caller caller;
    char *id;

    old_listing(room, 10);
    id = nth_id(room, 4);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);

    memory_remove(room->memory, KIND_CONTACT, id);
    assert_int_equal(mailbox_record_deleted(room->mb, KIND_CONTACT, "Contacts", id), 0);
    gate_open(room->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_null(cached_name(room, id));
    assert_int_equal(records_of(room), 9);
    assert_int_equal(events_of(room, &room->gone), 1);
    free(id);
}

static void older_listing_does_not_question_a_created_record(void **state)
{
    struct room *room = *state;
    struct caller caller;
    struct item item;
    const char *id;

    old_listing(room, 10);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);

    id = add_contact(room, "eleventh");
    item = own_item(room, id, "mine");
    assert_int_equal(mailbox_record_written(room->mb, "Contacts", &item), 0);
    gate_open(room->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_name(room, id, "mine");
    assert_int_equal(get_calls(room), 0);
    item_release(&item);
}

static void older_question_about_a_missing_record_does_not_delete(void **state)
{
    struct room *room = *state;
    struct caller caller;
    struct item item;
    cJSON *kept;
    char *id;

    old_listing(room, 10);
    id = nth_id(room, 4);
    kept = cJSON_Duplicate(memory_get(room->memory, KIND_CONTACT, id), true);
    memory_remove(room->memory, KIND_CONTACT, id);
    gate_hold(room->gate, OP_CONTACT_GET_ITEM);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);

    /* Somebody restores it and we write it, before "there is none" arrives. */
    memory_add(room->memory, KIND_CONTACT, "Contacts", kept);
    item = own_item(room, id, "mine");
    assert_int_equal(mailbox_record_written(room->mb, "Contacts", &item), 0);
    gate_open(room->gate);
    assert_int_equal(caller_join(&caller), 0);
    assert_name(room, id, "mine");
    assert_int_equal(events_of(room, &room->gone), 0);
    item_release(&item);
    free(id);
}

static void later_listing_changes_a_written_record(void **state)
{
    struct room *room = *state;
    struct item item;
    char *id;

    old_listing(room, 10);
    id = nth_id(room, 4);
    item = own_item(room, id, "mine");
    assert_int_equal(mailbox_record_written(room->mb, "Contacts", &item), 0);
    rename_contact(room, id, "theirs");
    assert_int_equal(list_contacts(room), 0);
    assert_name(room, id, "theirs");
    item_release(&item);
    free(id);
}

/* --- mail ------------------------------------------------------------------------------------- */

static void add_message(struct room *room, unsigned second)
{
    cJSON *obj = cJSON_CreateObject();
    char date[32];

    str_format_time((INT64_C(1700000000) + second) * NS_PER_S, date);
    cJSON_AddStringToObject(obj, "DateTimeReceived", date);
    cJSON_AddStringToObject(obj, "Body", "text");
    memory_add(room->memory, KIND_MESSAGE, "Inbox", obj);
}

static void new_mail_costs_the_newest_pages(void **state)
{
    struct room *room = *state;
    int rc;

    for (unsigned i = 0; i < 1100; i++)
        add_message(room, i);
    assert_int_equal(mailbox_list(room->mb, KIND_MESSAGE, "Inbox", NULL, NULL), 0);
    assert_int_equal(read_all(room, KIND_MESSAGE, "Inbox", &rc), 1100);
    await_quiet(room, KIND_MESSAGE, "Inbox");

    clock_advance(TTL + NS_PER_S);
    forget_calls(room);
    add_message(room, 2000);
    assert_int_equal(mailbox_list(room->mb, KIND_MESSAGE, "Inbox", NULL, NULL), 0);
    assert_int_equal(read_all(room, KIND_MESSAGE, "Inbox", &rc), 1101);
    assert_int_equal(room->gate->nskips, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        room_test(fresh_listing_is_not_asked_for),
        room_test(small_folder_is_listed_anew),
        room_test(unchanged_large_folder_costs_one_page),
        room_test(large_folder_is_asked_newest_first),
        room_test(large_folder_is_listed_in_full_now_and_then),
        room_test(service_that_does_not_sort_is_listed_in_full),
        room_test(clock_put_back_makes_a_listing_old),
        room_test(slow_refresh_does_not_hold_the_old_listing_back),
        room_test(failed_refresh_keeps_the_old_listing),
        room_test(list_that_lies_deletes_nothing),
        room_test(every_missing_record_has_its_turn),
        room_test(only_gone_deletes),
        room_test(older_listing_does_not_undo_a_write),
        room_test(older_listing_does_not_bring_a_deleted_record_back),
        room_test(older_listing_does_not_question_a_created_record),
        room_test(older_question_about_a_missing_record_does_not_delete),
        room_test(later_listing_changes_a_written_record),
        room_test(new_mail_costs_the_newest_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
