/* Searches: what is asked how often, what is kept, and what becomes of what they find. */
#include "reading.h"

#include <outlookfs/sync/search.h>

#define INBOX "Inbox"
#define SUPPORT "Inbox/Support"
#define NEWEST ";orderby=DateTimeLastModified desc"

static const char *add_mail(struct room *room, const char *folder, const char *subject)
{
    cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "Subject", subject);
    return memory_add(room->memory, KIND_MESSAGE, folder, obj);
}

static void add_mails(struct room *room, const char *folder, const char *subject, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add_mail(room, folder, subject);
}

static int look(struct room *room, enum kind kind, const char *folder, const char *name,
                enum search_age age, struct search_result **ret)
{
    struct search what = {.kind = kind, .folder = folder, .name = name};

    return search_look(room->mb, &what, age, NULL, ret, NULL);
}

/* How many it finds; -errno. */
static int found(struct room *room, enum kind kind, const char *folder, const char *name)
{
    struct search_result *r = NULL;
    int rc = look(room, kind, folder, name, SEARCH_FRESH, &r);

    if (!rc)
        rc = r->error ? r->error : (int)r->count;
    search_put(room->mb, r);
    return rc;
}

static int found_mail(struct room *room, const char *name)
{
    return found(room, KIND_MESSAGE, INBOX, name);
}

static unsigned mail_calls(struct room *room)
{
    return memory_calls(room->memory, OP_GET_EMAILS);
}

static void list_mail(struct room *room, const char *folder)
{
    int rc;

    assert_int_equal(mailbox_list(room->mb, KIND_MESSAGE, folder, NULL, NULL), 0);
    read_all(room, KIND_MESSAGE, folder, &rc);
    assert_int_equal(rc, 0);
    await_quiet(room, KIND_MESSAGE, folder);
}

static int call_search(struct room *room, struct cancel *cancel)
{
    struct search what = {.kind = KIND_MESSAGE, .folder = INBOX, .name = "spring"};
    struct search_result *r = NULL;
    int rc = search_look(room->mb, &what, SEARCH_FRESH, cancel, &r, NULL);

    if (!rc)
        rc = (int)r->count;
    search_put(room->mb, r);
    return rc;
}

/* --- how often ------------------------------------------------------------------------------- */

static void asked_once_within_the_age(void **state)
{
    struct room *room = *state;
    struct search_result *r;

    add_mails(room, INBOX, "spring", 3);
    add_mails(room, INBOX, "autumn", 2);
    assert_int_equal(look(room, KIND_MESSAGE, INBOX, "spring", SEARCH_CACHED, &r), -ENODATA);
    for (int i = 0; i < 3; i++)
        assert_int_equal(found_mail(room, "spring"), 3);
    assert_int_equal(mail_calls(room), 1);

    clock_advance(TTL + NS_PER_S);
    assert_int_equal(look(room, KIND_MESSAGE, INBOX, "spring", SEARCH_KNOWN, &r), 0);
    search_put(room->mb, r);
    assert_int_equal(mail_calls(room), 1);
    add_mail(room, INBOX, "spring");
    assert_int_equal(found_mail(room, "spring"), 4);
    assert_int_equal(mail_calls(room), 2);
}

static void those_who_look_at_once_share_it(void **state)
{
    struct room *room = *state;
    struct caller callers[4];

    add_mails(room, INBOX, "spring", 3);
    gate_hold(room->gate, OP_GET_EMAILS);
    for (int i = 0; i < 4; i++)
        caller_start(&callers[i], room, call_search);
    gate_await(room->gate, 1);
    gate_open(room->gate);
    for (int i = 0; i < 4; i++)
        assert_int_equal(caller_join(&callers[i]), 3);
    assert_int_equal(mail_calls(room), 1);
}

static void ctrl_c_ends_the_wait_of_one(void **state)
{
    struct room *room = *state;
    struct caller asks, waits;

    add_mail(room, INBOX, "spring");
    gate_hold(room->gate, OP_GET_EMAILS);
    caller_start(&asks, room, call_search);
    gate_await(room->gate, 1);
    caller_start(&waits, room, call_search);
    cancel_fire(&waits.cancel);
    assert_int_equal(caller_join(&waits), -EINTR);
    gate_open(room->gate);
    assert_int_equal(caller_join(&asks), 1);
}

static void refusal_is_an_answer(void **state)
{
    struct room *room = *state;
    struct search_result *r = NULL;
    unsigned calls;

    /* The mailbox in memory takes no filter. */
    assert_int_equal(found(room, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    calls = list_calls(room);
    assert_int_equal(found(room, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    assert_int_equal(look(room, KIND_CONTACT, "Contacts", "bad(filter)", SEARCH_CACHED, &r), 0);
    assert_non_null(strstr(r->reason, "$filter is not supported"));
    search_put(room->mb, r);
    assert_int_equal(list_calls(room), calls);
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(found(room, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    assert_int_equal(list_calls(room), calls + 1);
}

static void what_cannot_be_asked_is_not(void **state)
{
    struct room *room = *state;

    assert_int_equal(found_mail(room, "a;orderby=Subject"), -EINVAL);
    assert_int_equal(found_mail(room, "a;top=0"), -EINVAL);
    assert_int_equal(memory_calls(room->memory, OP_COUNT), 0);
}

/* --- pages ------------------------------------------------------------------------------------ */

static void pages_until_the_end_or_top(void **state)
{
    struct room *room = *state;

    add_contacts(room, 300);
    assert_int_equal(found(room, KIND_CONTACT, "Contacts", NEWEST), 300);
    assert_int_equal(room->gate->nskips, 2);
    assert_int_equal(room->gate->skips[1], 256);
    assert_int_equal(found(room, KIND_CONTACT, "Contacts", NEWEST ";top=257"), 257);
    assert_int_equal(room->gate->nskips, 4);
    assert_int_equal(room->gate->tops[3], 1);
    assert_int_equal(found(room, KIND_CONTACT, "Contacts", ";top=5"), 5);
    assert_int_equal(room->gate->nskips, 5);
    assert_int_equal(room->gate->tops[4], 5);
}

/* The first page again and again: a service that does not know skip. */
static void repeat_first(struct remote_call *call, void *ctx)
{
    cJSON **first = ctx;

    if (operation_of_row(call->info) != OP_GET_EMAILS)
        return;
    if (!*first)
        *first = cJSON_Duplicate(call->answer, true);
    cJSON_Delete(call->answer);
    call->answer = cJSON_Duplicate(*first, true);
}

static void page_without_news_is_the_last(void **state)
{
    struct room *room = *state;
    cJSON *first = NULL;

    add_mails(room, INBOX, "spring", 600);
    room->gate->bend = repeat_first;
    room->gate->bend_ctx = &first;
    assert_int_equal(found_mail(room, "spring"), 256);
    assert_int_equal(mail_calls(room), 2);
    cJSON_Delete(first);
}

static void unread_is_a_parameter(void **state)
{
    struct room *room = *state;
    cJSON *read = cJSON_CreateObject();

    add_mails(room, INBOX, "spring", 2);
    cJSON_AddTrueToObject(read, "IsRead");
    memory_edit(room->memory, KIND_MESSAGE, add_mail(room, INBOX, "spring"), read);
    add_mail(room, INBOX, "autumn");
    assert_int_equal(found_mail(room, "is:unread"), 3);
    assert_int_equal(found_mail(room, "spring is:unread"), 2);
    assert_int_equal(found_mail(room, "spring"), 3);
}

/* --- what is found ---------------------------------------------------------------------------- */

static void found_record_is_there_although_its_listing_is_complete(void **state)
{
    struct room *room = *state;
    struct cache_record record = {0};
    unsigned calls;

    add_contacts(room, 3);
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 3);
    await_quiet(room, KIND_CONTACT, "Contacts");
    const char *id = add_contact(room, "new");
    assert_int_equal(mailbox_record(room->mb, KIND_CONTACT, "Contacts", id, false, NULL, &record),
                     -ENOENT);
    assert_int_equal(found(room, KIND_CONTACT, "Contacts", NEWEST ";top=1"), 1);
    calls = memory_calls(room->memory, OP_COUNT);
    assert_int_equal(mailbox_record(room->mb, KIND_CONTACT, "Contacts", id, false, NULL, &record),
                     0);
    cache_record_release(&record);
    assert_int_equal(memory_calls(room->memory, OP_COUNT), calls);
    await_events(room, &room->news, 4);
    assert_string_equal(room->last, id);
}

/* A service whose search looks into sub-folders, too: the answer to one about the Inbox has what
 * the folder `ctx` has. */
static void search_below(struct remote_call *call, void *ctx)
{
    struct room *room = ctx;
    const struct param params[] = {
        {"folderPath", SUPPORT}, {"fetchOnlyUnread", "false"}, {"top", "99"}};
    struct remote_call below = {
        .info = connector_operation(OP_GET_EMAILS), .params = params, .nparams = 3};
    struct remote_fault fault;

    if (operation_of_row(call->info) != OP_GET_EMAILS ||
        !str_eq(gate_param(call, "folderPath"), INBOX) || !gate_param(call, "searchQuery"))
        return;
    assert_int_equal(transport_call(room->memory, &below, &fault), GRADE_OK);
    cJSON_Delete(call->answer);
    call->answer = below.answer;
    below.answer = NULL;
    remote_call_release(&below);
    remote_fault_release(&fault);
}

static bool is_cached(struct room *room, const char *folder, const char *id)
{
    struct cache_record record = {0};
    int rc = cache_get(mailbox_cache(room->mb), KIND_MESSAGE, folder, id, false, &record);

    cache_record_release(&record);
    return !rc;
}

static void assert_place(struct room *room, const char *id, const char *folder)
{
    struct search_result *r = NULL;

    assert_int_equal(look(room, KIND_MESSAGE, INBOX, "spring", SEARCH_FRESH, &r), 0);
    const struct cache_hit *hit = search_find(r, KIND_MESSAGE, id);
    assert_non_null(hit);
    assert_string_equal(hit->folder, folder);
    assert_null(search_find(r, KIND_MESSAGE, "no such"));
    search_put(room->mb, r);
}

static void hit_of_a_sub_folder_is_there(void **state)
{
    struct room *room = *state;
    const char *id = add_mail(room, SUPPORT, "spring");

    list_mail(room, SUPPORT);
    room->gate->bend = search_below;
    room->gate->bend_ctx = room;
    assert_place(room, id, SUPPORT);
    assert_false(is_cached(room, INBOX, id));
}

/* Nothing says where it is until its own folder is listed; then it is not in the other one, and
 * nobody asks. */
static void hit_of_an_unknown_sub_folder_moves_there(void **state)
{
    struct room *room = *state;
    const char *id = add_mail(room, SUPPORT, "spring");

    list_mail(room, INBOX);
    room->gate->bend = search_below;
    room->gate->bend_ctx = room;
    assert_place(room, id, INBOX);
    assert_true(is_cached(room, INBOX, id));
    list_mail(room, SUPPORT);
    clock_advance(TTL + NS_PER_S);
    assert_place(room, id, SUPPORT);
    list_mail(room, INBOX);
    assert_false(is_cached(room, INBOX, id));
    assert_true(is_cached(room, SUPPORT, id));
    assert_int_equal(memory_calls(room->memory, OP_GET_EMAIL), 0);
}

/* What lies behind the limit is asked for a little at a time, and goes when it is gone. */
static void limited_listing_asks_little_about_what_was_found(void **state)
{
    struct room *room = *state;
    char *old;

    room_unmount(room);
    room->config.mail_limit = 5;
    room_mount(room);
    old = xstrdup(add_mail(room, INBOX, "spring"));
    add_mails(room, INBOX, "spring", 20);
    list_mail(room, INBOX);
    assert_int_equal(found_mail(room, "spring"), 21);
    assert_true(is_cached(room, INBOX, old));
    for (unsigned i = 1; i <= 3; i++) {
        clock_advance(TTL + NS_PER_S);
        list_mail(room, INBOX);
        assert_int_equal(memory_calls(room->memory, OP_GET_EMAIL), 2 * i);
    }
    assert_true(is_cached(room, INBOX, old));

    memory_remove(room->memory, KIND_MESSAGE, old);
    for (unsigned i = 0; i < 16 && is_cached(room, INBOX, old); i++) {
        clock_advance(TTL + NS_PER_S);
        list_mail(room, INBOX);
    }
    assert_false(is_cached(room, INBOX, old));
    free(old);
}

/* --- without an answer ------------------------------------------------------------------------ */

static void offline_the_old_result_stays(void **state)
{
    struct room *room = *state;

    add_mails(room, INBOX, "spring", 2);
    assert_int_equal(found_mail(room, "spring"), 2);
    faulty_offline(room->faulty, true);
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(found_mail(room, "spring"), 2);
    assert_int_equal(found_mail(room, "autumn"), -EHOSTUNREACH);
    faulty_offline(room->faulty, false);
    assert_int_equal(found_mail(room, "autumn"), 0);
}

static void failure_keeps_the_old_result_for_a_while(void **state)
{
    struct faulty_plan plan = {
        .op = OP_GET_EMAILS, .count = 1, .grade = GRADE_BROKEN, .status = 500};
    struct room *room = *state;

    add_mails(room, INBOX, "spring", 2);
    assert_int_equal(found_mail(room, "spring"), 2);
    clock_advance(TTL + NS_PER_S);
    faulty_plan(room->faulty, &plan);
    add_mail(room, INBOX, "spring");
    assert_int_equal(found_mail(room, "spring"), 2);
    assert_int_equal(found_mail(room, "spring"), 2); /* not again at once */
    assert_int_equal(mail_calls(room), 1);
    clock_advance(11 * NS_PER_S);
    assert_int_equal(found_mail(room, "spring"), 3);

    plan.grade = GRADE_DENIED;
    faulty_plan(room->faulty, &plan);
    assert_int_equal(found_mail(room, "autumn"), -EACCES);
}

/* --- what is kept ----------------------------------------------------------------------------- */

static int keep(struct room *room, enum kind kind, const char *folder, const char *name)
{
    struct search what = {.kind = kind, .folder = folder, .name = name};

    return search_keep(room->mb, &what, NULL, NULL);
}

static size_t kept(struct room *room, enum kind kind, const char *folder)
{
    char **names = NULL;
    size_t count = 0;

    assert_int_equal(search_kept(room->mb, kind, folder, &names, &count), 0);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return count;
}

static void kept_until_forgotten(void **state)
{
    struct room *room = *state;
    struct search what = {.kind = KIND_MESSAGE, .folder = INBOX, .name = "spring"};

    assert_int_equal(keep(room, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    assert_int_equal(kept(room, KIND_CONTACT, "Contacts"), 0);
    assert_int_equal(keep(room, KIND_MESSAGE, INBOX, "spring"), 0);
    assert_int_equal(keep(room, KIND_MESSAGE, INBOX, "spring"), -EEXIST);
    assert_int_equal(keep(room, KIND_COUNT, "", "spring"), 0);
    room_unmount(room);
    room_mount(room);
    assert_true(search_is_kept(room->mb, &what));
    assert_int_equal(kept(room, KIND_MESSAGE, INBOX), 1);
    assert_int_equal(kept(room, KIND_COUNT, ""), 1);
    assert_int_equal(search_forget(room->mb, &what), 0);
    assert_int_equal(search_forget(room->mb, &what), 0);
    assert_false(search_is_kept(room->mb, &what));
    assert_int_equal(kept(room, KIND_MESSAGE, INBOX), 0);
}

static void few_results_are_remembered_and_the_kept_ones(void **state)
{
    struct room *room = *state;
    char name[32];
    unsigned calls;

    assert_int_equal(keep(room, KIND_MESSAGE, INBOX, "kept"), 0);
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof(name), "word%d", i);
        assert_int_equal(found_mail(room, name), 0);
        assert_int_equal(found_mail(room, "used"), 0);
    }
    calls = mail_calls(room);
    assert_int_equal(found_mail(room, "kept"), 0);
    assert_int_equal(found_mail(room, "used"), 0);
    assert_int_equal(found_mail(room, "word69"), 0);
    assert_int_equal(mail_calls(room), calls);
    assert_int_equal(found_mail(room, "word0"), 0);
    assert_int_equal(mail_calls(room), calls + 1);
}

/* --- the cache -------------------------------------------------------------------------------- */

static void words_of_the_cache_need_no_service(void **state)
{
    struct room *room = *state;

    add_mail(room, INBOX, "spring");
    add_contact(room, "Spring");
    add_contact(room, "Autumn");
    assert_int_equal(list_contacts(room), 0);
    assert_int_equal(read_contacts(room), 2);
    list_mail(room, INBOX);
    faulty_offline(room->faulty, true);
    assert_int_equal(found(room, KIND_COUNT, "", "spring"), 2);
    assert_int_equal(found(room, KIND_COUNT, "", "autumn"), 1);
    assert_int_equal(found(room, KIND_COUNT, "", "winter"), 0);
    assert_int_equal(found(room, KIND_COUNT, "", "%2F"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        room_test(asked_once_within_the_age),
        room_test(those_who_look_at_once_share_it),
        room_test(ctrl_c_ends_the_wait_of_one),
        room_test(refusal_is_an_answer),
        room_test(what_cannot_be_asked_is_not),
        room_test(pages_until_the_end_or_top),
        room_test(page_without_news_is_the_last),
        room_test(unread_is_a_parameter),
        room_test(found_record_is_there_although_its_listing_is_complete),
        room_test(hit_of_a_sub_folder_is_there),
        room_test(hit_of_an_unknown_sub_folder_moves_there),
        room_test(limited_listing_asks_little_about_what_was_found),
        room_test(offline_the_old_result_stays),
        room_test(failure_keeps_the_old_result_for_a_while),
        room_test(kept_until_forgotten),
        room_test(few_results_are_remembered_and_the_kept_ones),
        room_test(words_of_the_cache_need_no_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
