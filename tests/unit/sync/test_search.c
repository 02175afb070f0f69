/* Searches: what is asked how often, what is kept, and what becomes of what they find. */
#include "reading.h"

#include <outlookfs/sync/search.h>

#define INBOX "Inbox"
#define SUPPORT "Inbox/Support"
#define NEWEST ";orderby=DateTimeLastModified desc"

static const char *add_mail(struct rig *rig, const char *folder, const char *subject)
{
    cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "Subject", subject);
    return memory_add(rig->memory, KIND_MESSAGE, folder, obj);
}

static void add_mails(struct rig *rig, const char *folder, const char *subject, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add_mail(rig, folder, subject);
}

static int look(struct rig *rig, enum kind kind, const char *folder, const char *name,
                enum search_age age, struct search_result **ret)
{
    struct search what = {.kind = kind, .folder = folder, .name = name};

    return search_look(rig->mb, &what, age, NULL, ret, NULL);
}

/* How many it finds; -errno. */
static int found(struct rig *rig, enum kind kind, const char *folder, const char *name)
{
    struct search_result *r = NULL;
    int rc = look(rig, kind, folder, name, SEARCH_FRESH, &r);

    if (!rc)
        rc = r->error ? r->error : (int)r->count;
    search_put(rig->mb, r);
    return rc;
}

static int found_mail(struct rig *rig, const char *name)
{
    return found(rig, KIND_MESSAGE, INBOX, name);
}

static unsigned mail_calls(struct rig *rig)
{
    return memory_calls(rig->memory, OP_GET_EMAILS);
}

static void list_mail(struct rig *rig, const char *folder)
{
    int rc;

    assert_int_equal(mailbox_list(rig->mb, KIND_MESSAGE, folder, NULL, NULL), 0);
    read_all(rig, KIND_MESSAGE, folder, &rc);
    assert_int_equal(rc, 0);
    await_quiet(rig, KIND_MESSAGE, folder);
}

static int call_search(struct rig *rig, struct cancel *cancel)
{
    struct search what = {.kind = KIND_MESSAGE, .folder = INBOX, .name = "spring"};
    struct search_result *r = NULL;
    int rc = search_look(rig->mb, &what, SEARCH_FRESH, cancel, &r, NULL);

    if (!rc)
        rc = (int)r->count;
    search_put(rig->mb, r);
    return rc;
}

/* --- how often ------------------------------------------------------------------------------- */

static void asked_once_within_the_age(void **state)
{
    struct rig *rig = *state;
    struct search_result *r;

    add_mails(rig, INBOX, "spring", 3);
    add_mails(rig, INBOX, "autumn", 2);
    assert_int_equal(look(rig, KIND_MESSAGE, INBOX, "spring", SEARCH_CACHED, &r), -ENODATA);
    for (int i = 0; i < 3; i++)
        assert_int_equal(found_mail(rig, "spring"), 3);
    assert_int_equal(mail_calls(rig), 1);

    clock_advance(TTL + NS_PER_S);
    assert_int_equal(look(rig, KIND_MESSAGE, INBOX, "spring", SEARCH_KNOWN, &r), 0);
    search_put(rig->mb, r);
    assert_int_equal(mail_calls(rig), 1);
    add_mail(rig, INBOX, "spring");
    assert_int_equal(found_mail(rig, "spring"), 4);
    assert_int_equal(mail_calls(rig), 2);
}

static void those_who_look_at_once_share_it(void **state)
{
    struct rig *rig = *state;
    struct caller callers[4];

    add_mails(rig, INBOX, "spring", 3);
    gate_hold(rig->gate, OP_GET_EMAILS);
    for (int i = 0; i < 4; i++)
        caller_start(&callers[i], rig, call_search);
    gate_await(rig->gate, 1);
    gate_open(rig->gate);
    for (int i = 0; i < 4; i++)
        assert_int_equal(caller_join(&callers[i]), 3);
    assert_int_equal(mail_calls(rig), 1);
}

static void ctrl_c_ends_the_wait_of_one(void **state)
{
    struct rig *rig = *state;
    struct caller asks, waits;

    add_mail(rig, INBOX, "spring");
    gate_hold(rig->gate, OP_GET_EMAILS);
    caller_start(&asks, rig, call_search);
    gate_await(rig->gate, 1);
    caller_start(&waits, rig, call_search);
    cancel_fire(&waits.cancel);
    assert_int_equal(caller_join(&waits), -EINTR);
    gate_open(rig->gate);
    assert_int_equal(caller_join(&asks), 1);
}

static void refusal_is_an_answer(void **state)
{
    struct rig *rig = *state;
    struct search_result *r = NULL;
    unsigned calls;

    /* The mailbox in memory takes no filter. */
    assert_int_equal(found(rig, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    calls = list_calls(rig);
    assert_int_equal(found(rig, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    assert_int_equal(look(rig, KIND_CONTACT, "Contacts", "bad(filter)", SEARCH_CACHED, &r), 0);
    assert_non_null(strstr(r->reason, "$filter is not supported"));
    search_put(rig->mb, r);
    assert_int_equal(list_calls(rig), calls);
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(found(rig, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    assert_int_equal(list_calls(rig), calls + 1);
}

static void what_cannot_be_asked_is_not(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(found_mail(rig, "a;orderby=Subject"), -EINVAL);
    assert_int_equal(found_mail(rig, "a;top=0"), -EINVAL);
    assert_int_equal(memory_calls(rig->memory, OP_COUNT), 0);
}

/* --- pages ------------------------------------------------------------------------------------ */

static void pages_until_the_end_or_top(void **state)
{
    struct rig *rig = *state;

    add_contacts(rig, 300);
    assert_int_equal(found(rig, KIND_CONTACT, "Contacts", NEWEST), 300);
    assert_int_equal(rig->gate->nskips, 2);
    assert_int_equal(rig->gate->skips[1], 256);
    assert_int_equal(found(rig, KIND_CONTACT, "Contacts", NEWEST ";top=257"), 257);
    assert_int_equal(rig->gate->nskips, 4);
    assert_int_equal(rig->gate->tops[3], 1);
    assert_int_equal(found(rig, KIND_CONTACT, "Contacts", ";top=5"), 5);
    assert_int_equal(rig->gate->nskips, 5);
    assert_int_equal(rig->gate->tops[4], 5);
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
    struct rig *rig = *state;
    cJSON *first = NULL;

    add_mails(rig, INBOX, "spring", 600);
    rig->gate->bend = repeat_first;
    rig->gate->bend_ctx = &first;
    assert_int_equal(found_mail(rig, "spring"), 256);
    assert_int_equal(mail_calls(rig), 2);
    cJSON_Delete(first);
}

static void unread_is_a_parameter(void **state)
{
    struct rig *rig = *state;
    cJSON *read = cJSON_CreateObject();

    add_mails(rig, INBOX, "spring", 2);
    cJSON_AddTrueToObject(read, "IsRead");
    memory_edit(rig->memory, KIND_MESSAGE, add_mail(rig, INBOX, "spring"), read);
    add_mail(rig, INBOX, "autumn");
    assert_int_equal(found_mail(rig, "is:unread"), 3);
    assert_int_equal(found_mail(rig, "spring is:unread"), 2);
    assert_int_equal(found_mail(rig, "spring"), 3);
}

/* --- what is found ---------------------------------------------------------------------------- */

static void found_record_is_there_although_its_listing_is_complete(void **state)
{
    struct rig *rig = *state;
    struct cache_record record = {0};
    unsigned calls;

    add_contacts(rig, 3);
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 3);
    await_quiet(rig, KIND_CONTACT, "Contacts");
    const char *id = add_contact(rig, "new");
    assert_int_equal(mailbox_record(rig->mb, KIND_CONTACT, "Contacts", id, false, NULL, &record),
                     -ENOENT);
    assert_int_equal(found(rig, KIND_CONTACT, "Contacts", NEWEST ";top=1"), 1);
    calls = memory_calls(rig->memory, OP_COUNT);
    assert_int_equal(mailbox_record(rig->mb, KIND_CONTACT, "Contacts", id, false, NULL, &record),
                     0);
    cache_record_release(&record);
    assert_int_equal(memory_calls(rig->memory, OP_COUNT), calls);
    await_events(rig, &rig->news, 4);
    assert_string_equal(rig->last, id);
}

/* A service whose search looks into sub-folders, too: the answer to one about the Inbox has what
 * the folder `ctx` has. */
static void search_below(struct remote_call *call, void *ctx)
{
    struct rig *rig = ctx;
    struct remote_call below = {
        .info = connector_operation(OP_GET_EMAILS),
        .params = PARAMS({"folderPath", SUPPORT}, {"fetchOnlyUnread", "false"}, {"top", "99"})};
    struct remote_fault fault = {0};

    if (operation_of_row(call->info) != OP_GET_EMAILS ||
        !str_eq(gate_param(call, "folderPath"), INBOX) || !gate_param(call, "searchQuery"))
        return;
    assert_int_equal(transport_call(rig->memory, &below, &fault), GRADE_OK);
    cJSON_Delete(call->answer);
    call->answer = below.answer;
    below.answer = NULL;
    remote_call_release(&below);
    remote_fault_release(&fault);
}

static bool is_cached(struct rig *rig, const char *folder, const char *id)
{
    struct cache_record record = {0};
    int rc = cache_get(mailbox_cache(rig->mb), KIND_MESSAGE, folder, id, false, &record);

    cache_record_release(&record);
    return !rc;
}

static void assert_place(struct rig *rig, const char *id, const char *folder)
{
    struct search_result *r = NULL;

    assert_int_equal(look(rig, KIND_MESSAGE, INBOX, "spring", SEARCH_FRESH, &r), 0);
    const struct cache_hit *hit = search_find(r, KIND_MESSAGE, id);
    assert_non_null(hit);
    assert_string_equal(hit->folder, folder);
    assert_null(search_find(r, KIND_MESSAGE, "no such"));
    search_put(rig->mb, r);
}

static void hit_of_a_sub_folder_is_there(void **state)
{
    struct rig *rig = *state;
    const char *id = add_mail(rig, SUPPORT, "spring");

    list_mail(rig, SUPPORT);
    rig->gate->bend = search_below;
    rig->gate->bend_ctx = rig;
    assert_place(rig, id, SUPPORT);
    assert_false(is_cached(rig, INBOX, id));
}

/* Nothing says where it is until its own folder is listed; then it is not in the other one, and
 * nobody asks. */
static void hit_of_an_unknown_sub_folder_moves_there(void **state)
{
    struct rig *rig = *state;
    const char *id = add_mail(rig, SUPPORT, "spring");

    list_mail(rig, INBOX);
    rig->gate->bend = search_below;
    rig->gate->bend_ctx = rig;
    assert_place(rig, id, INBOX);
    assert_true(is_cached(rig, INBOX, id));
    list_mail(rig, SUPPORT);
    clock_advance(TTL + NS_PER_S);
    assert_place(rig, id, SUPPORT);
    list_mail(rig, INBOX);
    assert_false(is_cached(rig, INBOX, id));
    assert_true(is_cached(rig, SUPPORT, id));
    assert_int_equal(memory_calls(rig->memory, OP_GET_EMAIL), 0);
}

/* What lies behind the limit is asked for a little at a time, and goes when it is gone. */
static void limited_listing_asks_little_about_what_was_found(void **state)
{
    struct rig *rig = *state;
    char *old;

    rig_unmount(rig);
    rig->config.mail_limit = 5;
    rig_mount(rig);
    old = xstrdup(add_mail(rig, INBOX, "spring"));
    add_mails(rig, INBOX, "spring", 20);
    list_mail(rig, INBOX);
    assert_int_equal(found_mail(rig, "spring"), 21);
    assert_true(is_cached(rig, INBOX, old));
    for (unsigned i = 1; i <= 3; i++) {
        clock_advance(TTL + NS_PER_S);
        list_mail(rig, INBOX);
        assert_int_equal(memory_calls(rig->memory, OP_GET_EMAIL), 2 * i);
    }
    assert_true(is_cached(rig, INBOX, old));

    memory_remove(rig->memory, KIND_MESSAGE, old);
    for (unsigned i = 0; i < 16 && is_cached(rig, INBOX, old); i++) {
        clock_advance(TTL + NS_PER_S);
        list_mail(rig, INBOX);
    }
    assert_false(is_cached(rig, INBOX, old));
    free(old);
}

/* --- without an answer ------------------------------------------------------------------------ */

static void offline_the_old_result_stays(void **state)
{
    struct rig *rig = *state;

    add_mails(rig, INBOX, "spring", 2);
    assert_int_equal(found_mail(rig, "spring"), 2);
    faulty_offline(rig->faulty, true);
    clock_advance(TTL + NS_PER_S);
    assert_int_equal(found_mail(rig, "spring"), 2);
    assert_int_equal(found_mail(rig, "autumn"), -EHOSTUNREACH);
    faulty_offline(rig->faulty, false);
    assert_int_equal(found_mail(rig, "autumn"), 0);
}

static void failure_keeps_the_old_result_for_a_while(void **state)
{
    struct faulty_plan plan = {
        .op = OP_GET_EMAILS, .count = 1, .grade = GRADE_BROKEN, .status = 500};
    struct rig *rig = *state;

    add_mails(rig, INBOX, "spring", 2);
    assert_int_equal(found_mail(rig, "spring"), 2);
    clock_advance(TTL + NS_PER_S);
    faulty_plan(rig->faulty, &plan);
    add_mail(rig, INBOX, "spring");
    assert_int_equal(found_mail(rig, "spring"), 2);
    assert_int_equal(found_mail(rig, "spring"), 2); /* not again at once */
    assert_int_equal(mail_calls(rig), 1);
    clock_advance(11 * NS_PER_S);
    assert_int_equal(found_mail(rig, "spring"), 3);

    plan.grade = GRADE_DENIED;
    faulty_plan(rig->faulty, &plan);
    assert_int_equal(found_mail(rig, "autumn"), -EACCES);
}

/* --- what is kept ----------------------------------------------------------------------------- */

static int keep(struct rig *rig, enum kind kind, const char *folder, const char *name)
{
    struct search what = {.kind = kind, .folder = folder, .name = name};

    return search_keep(rig->mb, &what, NULL, NULL);
}

static size_t kept(struct rig *rig, enum kind kind, const char *folder)
{
    char **names = NULL;
    size_t count = 0;

    assert_int_equal(search_kept(rig->mb, kind, folder, &names, &count), 0);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return count;
}

static void kept_until_forgotten(void **state)
{
    struct rig *rig = *state;
    struct search what = {.kind = KIND_MESSAGE, .folder = INBOX, .name = "spring"};

    assert_int_equal(keep(rig, KIND_CONTACT, "Contacts", "bad(filter)"), -EINVAL);
    assert_int_equal(kept(rig, KIND_CONTACT, "Contacts"), 0);
    assert_int_equal(keep(rig, KIND_MESSAGE, INBOX, "spring"), 0);
    assert_int_equal(keep(rig, KIND_MESSAGE, INBOX, "spring"), -EEXIST);
    assert_int_equal(keep(rig, KIND_COUNT, "", "spring"), 0);
    rig_unmount(rig);
    rig_mount(rig);
    assert_true(search_is_kept(rig->mb, &what));
    assert_int_equal(kept(rig, KIND_MESSAGE, INBOX), 1);
    assert_int_equal(kept(rig, KIND_COUNT, ""), 1);
    assert_int_equal(search_forget(rig->mb, &what), 0);
    assert_int_equal(search_forget(rig->mb, &what), 0);
    assert_false(search_is_kept(rig->mb, &what));
    assert_int_equal(kept(rig, KIND_MESSAGE, INBOX), 0);
}

static void few_results_are_remembered_and_the_kept_ones(void **state)
{
    struct rig *rig = *state;
    char name[32];
    unsigned calls;

    assert_int_equal(keep(rig, KIND_MESSAGE, INBOX, "kept"), 0);
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof(name), "word%d", i);
        assert_int_equal(found_mail(rig, name), 0);
        assert_int_equal(found_mail(rig, "used"), 0);
    }
    calls = mail_calls(rig);
    assert_int_equal(found_mail(rig, "kept"), 0);
    assert_int_equal(found_mail(rig, "used"), 0);
    assert_int_equal(found_mail(rig, "word69"), 0);
    assert_int_equal(mail_calls(rig), calls);
    assert_int_equal(found_mail(rig, "word0"), 0);
    assert_int_equal(mail_calls(rig), calls + 1);
}

/* --- the cache -------------------------------------------------------------------------------- */

static void words_of_the_cache_need_no_service(void **state)
{
    struct rig *rig = *state;

    add_mail(rig, INBOX, "spring");
    add_mails(rig, INBOX, "everywhere", SEARCH_LOCAL_MAX + 1);
    add_contact(rig, "Spring");
    add_contact(rig, "Autumn");
    assert_int_equal(list_contacts(rig), 0);
    assert_int_equal(read_contacts(rig), 2);
    list_mail(rig, INBOX);
    faulty_offline(rig->faulty, true);
    assert_int_equal(found(rig, KIND_COUNT, "", "spring"), 2);
    assert_int_equal(found(rig, KIND_COUNT, "", "autumn"), 1);
    assert_int_equal(found(rig, KIND_COUNT, "", "winter"), 0);
    assert_int_equal(found(rig, KIND_COUNT, "", "everywhere"), 1000);
    assert_int_equal(found(rig, KIND_COUNT, "", "%2F"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(asked_once_within_the_age),
        rig_test(those_who_look_at_once_share_it),
        rig_test(ctrl_c_ends_the_wait_of_one),
        rig_test(refusal_is_an_answer),
        rig_test(what_cannot_be_asked_is_not),
        rig_test(pages_until_the_end_or_top),
        rig_test(page_without_news_is_the_last),
        rig_test(unread_is_a_parameter),
        rig_test(found_record_is_there_although_its_listing_is_complete),
        rig_test(hit_of_a_sub_folder_is_there),
        rig_test(hit_of_an_unknown_sub_folder_moves_there),
        rig_test(limited_listing_asks_little_about_what_was_found),
        rig_test(offline_the_old_result_stays),
        rig_test(failure_keeps_the_old_result_for_a_while),
        rig_test(kept_until_forgotten),
        rig_test(few_results_are_remembered_and_the_kept_ones),
        rig_test(words_of_the_cache_need_no_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
