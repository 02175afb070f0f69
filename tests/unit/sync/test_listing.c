/* First listings: pages, their number, who waits, what a broken one leaves behind. */
#include "reading.h"

static struct cache_listing listing_of(struct rig *rig, enum kind kind, const char *folder)
{
    struct cache_listing row;

    assert_int_equal(cache_get_listing(mailbox_cache(rig->mb), kind, folder, &row), 0);
    return row;
}

static void ten_thousand_contacts_cost_pages(void **state)
{
    struct rig *rig = *state;

    add_contacts(rig, 10000);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 10000);
    await_quiet(rig, KIND_CONTACT, "Contacts");

    assert_true(list_calls(rig) >= 40);
    assert_true(list_calls(rig) <= 43);
    assert_int_equal(get_calls(rig), 0);
    assert_true(rig->gate->most_in_flight <= 4);
    await_events(rig, &rig->news, 10000);

    unsigned before = list_calls(rig);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 10000);
    assert_int_equal(list_calls(rig), before);
}

static void small_folder_costs_one_request(void **state)
{
    struct rig *rig = *state;

    add_contacts(rig, 255);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 255);
    assert_int_equal(list_calls(rig), 1);
    assert_true(listing_of(rig, KIND_CONTACT, "Contacts").complete);
}

static void empty_folder_costs_one_request(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 0);
    assert_int_equal(list_calls(rig), 1);
}

static void full_last_page_ends_as_well(void **state)
{
    struct rig *rig = *state;

    add_contacts(rig, 512);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 512);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    assert_true(list_calls(rig) <= 2 + 4); /* as many behind the end as are in flight at once */
}

static void two_callers_one_question(void **state)
{
    struct rig *rig = *state;
    struct caller one, two;

    add_contacts(rig, 10);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&one, rig, call_list);
    caller_start(&two, rig, call_list);
    gate_await(rig->gate, 1);
    usleep(50000); /* for the second to come as far as it can */
    gate_open(rig->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(caller_join(&two), 0);
    assert_int_equal(list_calls(rig), 1);
}

static void interrupt_ends_the_wait_not_the_listing(void **state)
{
    struct rig *rig = *state;
    struct caller caller;

    add_contacts(rig, 10);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);
    cancel_fire(&caller.cancel);
    assert_int_equal(caller_join(&caller), -EINTR);

    gate_open(rig->gate);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 10);
    assert_int_equal(list_calls(rig), 1);
}

static void broken_first_page_is_reported(void **state)
{
    struct rig *rig = *state;
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .count = 1, .grade = GRADE_BROKEN, .status = 500};
    struct buf err;
    int rc;

    add_contacts(rig, 10);
    faulty_plan(rig->faulty, &plan);
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mailbox_list(rig->mb, KIND_CONTACT, "Contacts", NULL, &err), -EIO);
    assert_true(err.len > 0);
    buf_release(&err);
    assert_int_equal(read_all(rig, KIND_CONTACT, "Contacts", &rc), 0);
    assert_int_equal(rc, -EIO);

    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 10);
}

/* Breaks a listing of 2,560 contacts at its fifth page; answers where it stopped. */
static unsigned break_listing(struct rig *rig)
{
    struct faulty_plan plan = {
        .op = OP_CONTACT_GET_ITEMS, .skip = 4, .count = 1, .grade = GRADE_BROKEN, .status = 502};
    struct cache_listing row;
    unsigned count;
    int rc;

    add_contacts(rig, 2560);
    faulty_plan(rig->faulty, &plan);
    assert_int_equal(list_contacts(rig), 0);
    count = read_all(rig, KIND_CONTACT, "Contacts", &rc);
    assert_int_equal(rc, -EIO);
    assert_true(count >= 4 * 256);

    row = listing_of(rig, KIND_CONTACT, "Contacts");
    assert_false(row.complete);
    assert_int_equal(row.count, count);
    assert_true(row.next_skip >= 256 && row.next_skip < 2560);
    return row.next_skip;
}

static void assert_goes_on(struct rig *rig, unsigned from)
{
    mutex_lock(&rig->gate->lock);
    rig->gate->nskips = 0;
    mutex_unlock(&rig->gate->lock);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 2560);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    assert_int_equal(rig->gate->skips[0], from);
    for (unsigned i = 0; i < rig->gate->nskips; i++)
        assert_true(rig->gate->skips[i] >= from);
    assert_int_equal(get_calls(rig), 0);
}

static void broken_listing_goes_on(void **state)
{
    struct rig *rig = *state;

    assert_goes_on(rig, break_listing(rig));
}

static void broken_listing_goes_on_after_a_remount(void **state)
{
    struct rig *rig = *state;
    unsigned from = break_listing(rig);

    rig_unmount(rig);
    rig_mount(rig);
    assert_goes_on(rig, from);
    /* What another process read may be old by now. */
    assert_int_equal(listing_of(rig, KIND_CONTACT, "Contacts").full_at, 1);
}

static void stop_leaves_a_listing_that_goes_on(void **state)
{
    struct rig *rig = *state;
    struct caller caller;

    add_contacts(rig, 600);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);
    mailbox_stop(rig->mb, 0, NULL);
    assert_int_equal(caller_join(&caller), -EINTR);
    assert_int_equal(list_contacts(rig), -EHOSTUNREACH);
    rig_unmount(rig);

    rig_mount(rig);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 600);
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
    struct rig *rig = *state;

    rig->gate->bend = give_hundred;
    add_contacts(rig, 1050);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 1050);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    assert_true(list_calls(rig) <= 15);
}

/* A service that does not know $skip: every page is the first. */
static void give_first_page(struct remote_call *call, void *ctx)
{
    struct rig *rig = ctx;
    struct remote_call first = {.info = connector_operation(OP_CONTACT_GET_ITEMS),
                                .params = PARAMS({"table", "Contacts"}, {"$top", "256"})};
    struct remote_fault fault = {0};

    if (operation_of_row(call->info) != OP_CONTACT_GET_ITEMS)
        return;
    assert_int_equal(transport_call(rig->memory, &first, &fault), GRADE_OK);
    remote_fault_release(&fault);
    cJSON_Delete(call->answer);
    call->answer = first.answer;
}

static void service_without_skip_ends(void **state)
{
    struct rig *rig = *state;

    rig->gate->bend = give_first_page;
    rig->gate->bend_ctx = rig;
    add_contacts(rig, 300);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 256);
}

/* A service that walks in a circle: behind the third page the second comes again. */
static void give_circle(struct remote_call *call, void *ctx)
{
    struct rig *rig = ctx;
    struct remote_call page = {.info = connector_operation(OP_CONTACT_GET_ITEMS)};
    struct remote_fault fault = {0};
    unsigned skip = 0;
    char text[16];

    if (operation_of_row(call->info) != OP_CONTACT_GET_ITEMS)
        return;
    const char *asked = param_value(call->params, "$skip");
    if (asked)
        skip = (unsigned)atoi(asked);
    snprintf(text, sizeof(text), "%u", skip < 256 ? skip : 256 + (skip - 256) % 512);
    page.params = PARAMS({"table", "Contacts"}, {"$top", "256"}, {"$skip", text});
    assert_int_equal(transport_call(rig->memory, &page, &fault), GRADE_OK);
    remote_fault_release(&fault);
    cJSON_Delete(call->answer);
    call->answer = page.answer;
}

static void service_in_a_circle_ends(void **state)
{
    struct rig *rig = *state;

    rig->gate->bend = give_circle;
    rig->gate->bend_ctx = rig;
    add_contacts(rig, 800);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 768);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    assert_in_range(rig->gate->nskips, 4, 20);
}

/* --- offline ---------------------------------------------------------------------------------- */

static void offline_answers_at_once(void **state)
{
    struct rig *rig = *state;
    int64_t began;
    int rc;

    add_contacts(rig, 5);
    faulty_offline(rig->faulty, true);
    began = clock_mono();
    assert_int_equal(list_contacts(rig), -EHOSTUNREACH);
    assert_int_equal(read_all(rig, KIND_CONTACT, "Contacts", &rc), 0);
    assert_int_equal(rc, -EHOSTUNREACH);
    assert_true(clock_mono() - began < NS_PER_S);

    faulty_offline(rig->faulty, false);
    assert_int_equal(list_contacts(rig), 0);
    faulty_offline(rig->faulty, true);
    clock_advance(10 * TTL);
    rig->gate->calls = 0;
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 5);
    assert_int_equal(rig->gate->calls, 0);
}

/* --- mail ------------------------------------------------------------------------------------- */

static void add_messages(struct rig *rig, unsigned count, size_t body)
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
        memory_add(rig->memory, KIND_MESSAGE, "Inbox", obj);
    }
    free(text);
}

static int list_inbox(struct rig *rig)
{
    return mailbox_list(rig->mb, KIND_MESSAGE, "Inbox", NULL, NULL);
}

static void mail_pages_are_sized_by_bytes(void **state)
{
    struct rig *rig = *state;
    int rc;

    add_messages(rig, 200, 50000);
    assert_int_equal(list_inbox(rig), 0);
    assert_int_equal(read_all(rig, KIND_MESSAGE, "Inbox", &rc), 200);
    assert_int_equal(rc, 0);
    await_quiet(rig, KIND_MESSAGE, "Inbox");
    assert_int_equal(rig->gate->tops[0], 16);
    for (unsigned i = 1; i < rig->gate->nskips; i++)
        assert_in_range(rig->gate->tops[i], 18, 21);
}

static void small_messages_come_in_large_pages(void **state)
{
    struct rig *rig = *state;
    int rc;

    add_messages(rig, 500, 10);
    assert_int_equal(list_inbox(rig), 0);
    assert_int_equal(read_all(rig, KIND_MESSAGE, "Inbox", &rc), 500);
    assert_int_equal(rig->gate->tops[1], 256);
    assert_true(rig->gate->nskips <= 7);
}

static void huge_messages_come_in_eights(void **state)
{
    struct rig *rig = *state;
    int rc;

    add_messages(rig, 30, 400000);
    assert_int_equal(list_inbox(rig), 0);
    assert_int_equal(read_all(rig, KIND_MESSAGE, "Inbox", &rc), 30);
    assert_int_equal(rig->gate->tops[1], 8);
}

static void mail_limit_lists_the_newest(void **state)
{
    struct rig *rig = *state;
    struct cache_record list[1];
    int rc;

    rig_unmount(rig);
    rig->config.mail_limit = 20;
    rig_mount(rig);
    add_messages(rig, 50, 10);
    assert_int_equal(list_inbox(rig), 0);
    assert_int_equal(read_all(rig, KIND_MESSAGE, "Inbox", &rc), 20);
    assert_int_equal(rc, 0);
    assert_true(listing_of(rig, KIND_MESSAGE, "Inbox").truncated);

    assert_int_equal(mailbox_each(rig->mb, KIND_MESSAGE, "Inbox", 0, NULL, list, 1), 1);
    assert_int_equal(list[0].mtime, (INT64_C(1700000000) + 49) * NS_PER_S);
    cache_record_release(&list[0]);
}

static void folder_below_the_limit_is_not_truncated(void **state)
{
    struct rig *rig = *state;
    int rc;

    rig_unmount(rig);
    rig->config.mail_limit = 20;
    rig_mount(rig);
    add_messages(rig, 19, 10);
    assert_int_equal(list_inbox(rig), 0);
    assert_int_equal(read_all(rig, KIND_MESSAGE, "Inbox", &rc), 19);
    assert_false(listing_of(rig, KIND_MESSAGE, "Inbox").truncated);
}

/* --- status ----------------------------------------------------------------------------------- */

static void progress_shows_what_is_under_way(void **state)
{
    struct rig *rig = *state;
    struct mailbox_progress *list;
    struct caller caller;
    size_t count;

    add_contacts(rig, 10);
    gate_hold(rig->gate, OP_CONTACT_GET_ITEMS);
    caller_start(&caller, rig, call_list);
    gate_await(rig->gate, 1);
    assert_int_equal(mailbox_progress(rig->mb, &list, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].kind, KIND_CONTACT);
    assert_string_equal(list[0].folder, "Contacts");
    free(list[0].folder);
    free(list);

    gate_open(rig->gate);
    assert_int_equal(caller_join(&caller), 0);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    assert_int_equal(mailbox_progress(rig->mb, &list, &count), 0);
    assert_int_equal(count, 0);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(ten_thousand_contacts_cost_pages),
        rig_test(small_folder_costs_one_request),
        rig_test(empty_folder_costs_one_request),
        rig_test(full_last_page_ends_as_well),
        rig_test(two_callers_one_question),
        rig_test(interrupt_ends_the_wait_not_the_listing),
        rig_test(broken_first_page_is_reported),
        rig_test(broken_listing_goes_on),
        rig_test(broken_listing_goes_on_after_a_remount),
        rig_test(stop_leaves_a_listing_that_goes_on),
        rig_test(short_pages_leave_no_holes),
        rig_test(service_without_skip_ends),
        rig_test(service_in_a_circle_ends),
        rig_test(offline_answers_at_once),
        rig_test(mail_pages_are_sized_by_bytes),
        rig_test(small_messages_come_in_large_pages),
        rig_test(huge_messages_come_in_eights),
        rig_test(mail_limit_lists_the_newest),
        rig_test(folder_below_the_limit_is_not_truncated),
        rig_test(progress_shows_what_is_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
