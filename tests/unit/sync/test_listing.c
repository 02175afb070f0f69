/* First listings: pages, their number, who waits, what a broken one leaves behind. */
#include "reading.h"

static struct cache_listing listing_of(struct room *room, enum kind kind, const char *folder)
{
    struct cache_listing row;

    assert_int_equal(cache_get_listing(mailbox_cache(room->mb), kind, folder, &row), 0);
    return row;
}

static void ten_thousand_contacts_cost_pages(void **state)
{
    struct room *room = *state;

    add_contacts(room, 10000);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 10000);
    await_quiet(room, KIND_CONTACT, "Contacts");

    assert_true(list_calls(room) >= 40);
    assert_true(list_calls(room) <= 43);
    assert_int_equal(get_calls(room), 0);
    assert_true(room->gate->most_in_flight <= 4);
    await_events(room, &room->news, 10000);

    unsigned before = list_calls(room);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 10000);
    assert_int_equal(list_calls(room), before);
}

static void small_folder_costs_one_request(void **state)
{
    struct room *room = *state;

    add_contacts(room, 255);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 255);
    assert_int_equal(list_calls(room), 1);
    assert_true(listing_of(room, KIND_CONTACT, "Contacts").complete);
}

static void empty_folder_costs_one_request(void **state)
{
    struct room *room = *state;

    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 0);
    assert_int_equal(list_calls(room), 1);
}

static void full_last_page_ends_as_well(void **state)
{
    struct room *room = *state;

    add_contacts(room, 512);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 512);
    await_quiet(room, KIND_CONTACT, "Contacts");
    assert_true(list_calls(room) <= 2 + 4); /* as many behind the end as are in flight at once */
}

static void two_callers_one_question(void **state)
{
    struct room *room = *state;
    struct caller one, two;

    add_contacts(room, 10);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&one, room, call_list);
    caller_start(&two, room, call_list);
    gate_await(room->gate, 1);
    usleep(50000); /* for the second to come as far as it can */
    gate_open(room->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(caller_join(&two), 0);
    assert_int_equal(list_calls(room), 1);
}

static void interrupt_ends_the_wait_not_the_listing(void **state)
{
    struct room *room = *state;
    struct caller caller;

    add_contacts(room, 10);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);
    cancel_fire(&caller.cancel);
    assert_int_equal(caller_join(&caller), -EINTR);

    gate_open(room->gate);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 10);
    assert_int_equal(list_calls(room), 1);
}

static void broken_first_page_is_reported(void **state)
{
    struct room *room = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .count = 1, .grade = GRADE_BROKEN, .status = 500};
    struct buf err;
    int rc;

    add_contacts(room, 10);
    faulty_plan(room->faulty, &plan);
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mailbox_list(room->mb, KIND_CONTACT, "Contacts", NULL, &err), -EIO);
    assert_true(err.len > 0);
    buf_release(&err);
    assert_int_equal(read_all(room, KIND_CONTACT, "Contacts", &rc), 0);
    assert_int_equal(rc, -EIO);

    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 10);
}

/* Breaks a listing of 2,560 contacts at its fifth page; answers where it stopped. */
static unsigned break_listing(struct room *room)
{
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .skip = 4, .count = 1, .grade = GRADE_BROKEN, .status = 502};
    struct cache_listing row;
    unsigned count;
    int rc;

    add_contacts(room, 2560);
    faulty_plan(room->faulty, &plan);
    assert_int_equal(list_contacts(room), 0);
    count = read_all(room, KIND_CONTACT, "Contacts", &rc);
    assert_int_equal(rc, -EIO);
    assert_true(count >= 4 * 256);

    row = listing_of(room, KIND_CONTACT, "Contacts");
    assert_false(row.complete);
    assert_int_equal(row.count, count);
    assert_true(row.next_skip >= 256 && row.next_skip < 2560);
    return row.next_skip;
}

static void assert_goes_on(struct room *room, unsigned from)
{
    mutex_lock(&room->gate->lock);
    room->gate->nskips = 0;
    mutex_unlock(&room->gate->lock);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 2560);
    await_quiet(room, KIND_CONTACT, "Contacts");
    assert_int_equal(room->gate->skips[0], from);
    for (unsigned i = 0; i < room->gate->nskips; i++)
        assert_true(room->gate->skips[i] >= from);
    assert_int_equal(get_calls(room), 0);
}

static void broken_listing_goes_on(void **state)
{
    struct room *room = *state;

    assert_goes_on(room, break_listing(room));
}

static void broken_listing_goes_on_after_a_remount(void **state)
{
    struct room *room = *state;
    unsigned from = break_listing(room);

    room_unmount(room);
    room_mount(room);
    assert_goes_on(room, from);
    /* What another process read may be old by now. */
    assert_int_equal(listing_of(room, KIND_CONTACT, "Contacts").full_at, 1);
}

static void stop_leaves_a_listing_that_goes_on(void **state)
{
    struct room *room = *state;
    struct caller caller;

    add_contacts(room, 600);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);
    mailbox_stop(room->mb, 0, NULL);
    assert_int_equal(caller_join(&caller), -EINTR);
    assert_int_equal(list_contacts(room), -EHOSTUNREACH);
    room_unmount(room);

    room_mount(room);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 600);
}

/* The service gives at most 100 records a page, and says that there are more. */
static void give_hundred(struct remote_call *call, void *ctx)
{
    (void)ctx;
    if (operation_of_row(call->info) != OP_CONTACT_GET_ITEMS ||
        cJSON_GetArraySize(call->answer) <= 100)
        return;
    while (cJSON_GetArraySize(call->answer) > 100)
        cJSON_DeleteItemFromArray(call->answer, 100);
    call->next_link = xstrdup("https://example.invalid/next");
}

static void short_pages_leave_no_holes(void **state)
{
    struct room *room = *state;

    room->gate->bend = give_hundred;
    add_contacts(room, 1050);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 1050);
    await_quiet(room, KIND_CONTACT, "Contacts");
    assert_true(list_calls(room) <= 15);
}

/* A service that does not know $skip: every page is the first. */
static void give_first_page(struct remote_call *call, void *ctx)
{
    struct room *room = ctx;
    struct remote_call first = {.info = connector_operation(OP_CONTACT_GET_ITEMS)};
    const struct param params[] = {{"table", "Contacts"}, {"$top", "256"}};
    struct remote_fault fault;

    if (operation_of_row(call->info) != OP_CONTACT_GET_ITEMS)
        return;
    first.params = params;
    first.nparams = 2;
    assert_int_equal(transport_call(room->memory, &first, &fault), GRADE_OK);
    remote_fault_release(&fault);
    cJSON_Delete(call->answer);
    call->answer = first.answer;
}

static void service_without_skip_ends(void **state)
{
    struct room *room = *state;

    room->gate->bend = give_first_page;
    room->gate->bend_ctx = room;
    add_contacts(room, 300);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 256);
}

/* A service that walks in a circle: behind the third page the second comes again. */
static void give_circle(struct remote_call *call, void *ctx)
{
    struct room *room = ctx;
    struct remote_call page = {.info = connector_operation(OP_CONTACT_GET_ITEMS)};
    struct remote_fault fault;
    unsigned skip = 0;
    char text[16];

    if (operation_of_row(call->info) != OP_CONTACT_GET_ITEMS)
        return;
    for (size_t i = 0; i < call->nparams; i++) {
        if (!strcmp(call->params[i].name, "$skip"))
            skip = (unsigned)atoi(call->params[i].value);
    }
    snprintf(text, sizeof(text), "%u", skip < 256 ? skip : 256 + (skip - 256) % 512);
    const struct param params[] = {{"table", "Contacts"}, {"$top", "256"}, {"$skip", text}};
    page.params = params;
    page.nparams = 3;
    assert_int_equal(transport_call(room->memory, &page, &fault), GRADE_OK);
    remote_fault_release(&fault);
    cJSON_Delete(call->answer);
    call->answer = page.answer;
}

static void service_in_a_circle_ends(void **state)
{
    struct room *room = *state;

    room->gate->bend = give_circle;
    room->gate->bend_ctx = room;
    add_contacts(room, 800);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 768);
    await_quiet(room, KIND_CONTACT, "Contacts");
    assert_in_range(room->gate->nskips, 4, 20);
}

/* --- offline ---------------------------------------------------------------------------------- */

static void offline_answers_at_once(void **state)
{
    struct room *room = *state;
    int64_t began;
    int rc;

    add_contacts(room, 5);
    faulty_offline(room->faulty, true);
    began = clock_mono();
    assert_int_equal(list_contacts(room), -EHOSTUNREACH);
    assert_int_equal(read_all(room, KIND_CONTACT, "Contacts", &rc), 0);
    assert_int_equal(rc, -EHOSTUNREACH);
    assert_true(clock_mono() - began < NS_PER_S);

    faulty_offline(room->faulty, false);
    assert_int_equal(list_contacts(room), 0);
    faulty_offline(room->faulty, true);
    clock_advance(10 * TTL);
    room->gate->calls = 0;
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 5);
    assert_int_equal(room->gate->calls, 0);
}

/* --- mail ------------------------------------------------------------------------------------- */

static void add_messages(struct room *room, unsigned count, size_t body)
{
    char *text = xmalloc(body + 1);
    char date[32];

    memset(text, 'x', body);
    text[body] = '\0';
    for (unsigned i = 0; i < count; i++) {
        cJSON *obj = cJSON_CreateObject();

        str_format_time((INT64_C(1700000000) + i) * NS_PER_S, date);
        cJSON_AddStringToObject(obj, "DateTimeReceived", date);
        cJSON_AddStringToObject(obj, "Body", text);
        memory_add(room->memory, KIND_MESSAGE, "Inbox", obj);
    }
    free(text);
}

static int list_inbox(struct room *room)
{
    return mailbox_list(room->mb, KIND_MESSAGE, "Inbox", NULL, NULL);
}

static void mail_pages_are_sized_by_bytes(void **state)
{
    struct room *room = *state;
    int rc;

    add_messages(room, 200, 50000);
    assert_int_equal(list_inbox(room), 0);
    assert_int_equal(read_all(room, KIND_MESSAGE, "Inbox", &rc), 200);
    assert_int_equal(rc, 0);
    await_quiet(room, KIND_MESSAGE, "Inbox");
    assert_int_equal(room->gate->tops[0], 16);
    for (unsigned i = 1; i < room->gate->nskips; i++)
        assert_in_range(room->gate->tops[i], 18, 21);
}

static void small_messages_come_in_large_pages(void **state)
{
    struct room *room = *state;
    int rc;

    add_messages(room, 500, 10);
    assert_int_equal(list_inbox(room), 0);
    assert_int_equal(read_all(room, KIND_MESSAGE, "Inbox", &rc), 500);
    assert_int_equal(room->gate->tops[1], 256);
    assert_true(room->gate->nskips <= 7);
}

static void huge_messages_come_in_eights(void **state)
{
    struct room *room = *state;
    int rc;

    add_messages(room, 30, 400000);
    assert_int_equal(list_inbox(room), 0);
    assert_int_equal(read_all(room, KIND_MESSAGE, "Inbox", &rc), 30);
    assert_int_equal(room->gate->tops[1], 8);
}

static void mail_limit_lists_the_newest(void **state)
{
    struct room *room = *state;
    struct cache_record list[1];
    int rc;

    room_unmount(room);
    room->config.mail_limit = 20;
    room_mount(room);
    add_messages(room, 50, 10);
    assert_int_equal(list_inbox(room), 0);
    assert_int_equal(read_all(room, KIND_MESSAGE, "Inbox", &rc), 20);
    assert_int_equal(rc, 0);
    assert_true(listing_of(room, KIND_MESSAGE, "Inbox").truncated);

    assert_int_equal(mailbox_each(room->mb, KIND_MESSAGE, "Inbox", 0, NULL, list, 1), 1);
    assert_int_equal(list[0].mtime, (INT64_C(1700000000) + 49) * NS_PER_S);
    cache_record_release(&list[0]);
}

static void folder_below_the_limit_is_not_truncated(void **state)
{
    struct room *room = *state;
    int rc;

    room_unmount(room);
    room->config.mail_limit = 20;
    room_mount(room);
    add_messages(room, 19, 10);
    assert_int_equal(list_inbox(room), 0);
    assert_int_equal(read_all(room, KIND_MESSAGE, "Inbox", &rc), 19);
    assert_false(listing_of(room, KIND_MESSAGE, "Inbox").truncated);
}

/* --- status ----------------------------------------------------------------------------------- */

static void progress_shows_what_is_under_way(void **state)
{
    struct room *room = *state;
    struct mailbox_progress *list;
    struct caller caller;
    size_t count;

    add_contacts(room, 10);
    gate_hold(room->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, room, call_list);
    gate_await(room->gate, 1);
    assert_int_equal(mailbox_progress(room->mb, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].kind, KIND_CONTACT);
    assert_string_equal(list[0].folder, "Contacts");
    free(list[0].folder);
    free(list);

    gate_open(room->gate);
    assert_int_equal(caller_join(&caller), 0);
    await_quiet(room, KIND_CONTACT, "Contacts");
    assert_int_equal(mailbox_progress(room->mb, &list, &count), 0);
    assert_int_equal(count, 0);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        room_test(ten_thousand_contacts_cost_pages),
        room_test(small_folder_costs_one_request),
        room_test(empty_folder_costs_one_request),
        room_test(full_last_page_ends_as_well),
        room_test(two_callers_one_question),
        room_test(interrupt_ends_the_wait_not_the_listing),
        room_test(broken_first_page_is_reported),
        room_test(broken_listing_goes_on),
        room_test(broken_listing_goes_on_after_a_remount),
        room_test(stop_leaves_a_listing_that_goes_on),
        room_test(short_pages_leave_no_holes),
        room_test(service_without_skip_ends),
        room_test(service_in_a_circle_ends),
        room_test(offline_answers_at_once),
        room_test(mail_pages_are_sized_by_bytes),
        room_test(small_messages_come_in_large_pages),
        room_test(huge_messages_come_in_eights),
        room_test(mail_limit_lists_the_newest),
        room_test(folder_below_the_limit_is_not_truncated),
        room_test(progress_shows_what_is_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
