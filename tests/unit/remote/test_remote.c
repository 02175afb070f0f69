#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include "support/transports.h"

#include <stdlib.h>
#include <string.h>

/* A service that answers what the test tells it, and remembers what it was asked. */
struct fake {
    struct transport base;
    struct remote *remote; /* over it */
    enum grade grade;
    const char *answer, *next_link;
    size_t bytes;
    char url[512];
    const struct cJSON *body;
    char if_match[32];
    struct remote_ctx ctx;
};

static enum grade fake_call(struct transport *t, struct remote_call *call,
                            struct remote_fault *fault)
{
    struct fake *f = (struct fake *)t;
    struct buf url;

    buf_init(&url, sizeof(f->url) - 1);
    assert_int_equal(operation_url(call->info, call->params, NULL, &url), 0);
    strcpy(f->url, url.data);
    buf_release(&url);
    f->body = call->body;
    strcpy(f->if_match, call->if_match ? call->if_match : "");
    f->ctx = call->ctx;
    call->answer = f->answer ? cJSON_Parse(f->answer) : NULL;
    call->next_link = f->next_link ? xstrdup(f->next_link) : NULL;
    call->location = xstrdup("/somewhere");
    call->bytes = f->bytes;
    fault->status = f->grade == GRADE_OK ? 200 : 400;
    return f->grade;
}

static void fake_destroy(struct transport *t)
{
    (void)t;
}

static void fake_release(struct fake *f)
{
    remote_destroy(f->remote);
}

static const struct transport_impl fake_impl = {
    .name = "fake", .call = fake_call, .destroy = fake_destroy};

#define FAKE(...)                                                                                  \
    {                                                                                              \
        .base = {.impl = &fake_impl}, .remote = connector_create(&f.base), __VA_ARGS__             \
    }

static const struct remote_ctx no_ctx;

static void test_list_of_mail(void **state)
{
    __attribute__((cleanup(fake_release))) struct fake f =
        FAKE(.answer = "[{\"Id\":\"a\"},{\"Id\":\"b\"}]", .bytes = 77);
    struct remote_query query = {.top = 2, .skip = 4};
    struct remote_page page;
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(
        remote_list(f.remote, KIND_MESSAGE, "Sent Items", &query, no_ctx, &page, &fault), GRADE_OK);
    assert_string_equal(f.url, "/Mail?folderPath=Sent%20Items&fetchOnlyUnread=false"
                               "&includeAttachments=false&top=2&skip=4");
    assert_int_equal(page.items.count, 2);
    assert_int_equal(page.bytes, 77);
    assert_false(page.last);
    assert_int_equal(fault.status, 200);
    items_release(&page.items);
    remote_fault_release(&fault);

    query = (struct remote_query){
        .top = 3, .search = "is it?", .only_unread = true, .attachments = REMOTE_CONTENTS};
    assert_int_equal(remote_list(f.remote, KIND_MESSAGE, "Inbox", &query, no_ctx, &page, &fault),
                     GRADE_OK);
    assert_string_equal(f.url, "/Mail?folderPath=Inbox&fetchOnlyUnread=true"
                               "&includeAttachments=true&searchQuery=is%20it%3F&top=3&skip=0");
    assert_true(page.last);
    items_release(&page.items);
    remote_fault_release(&fault);
}

static void test_list_of_a_table(void **state)
{
    __attribute__((cleanup(fake_release))) struct fake f = FAKE(.answer = "[]");
    const struct remote_query query = {
        .top = 256, .filter = "a eq 1", .orderby = "b desc", .search = "ignored"};
    struct remote_page page;
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(remote_list(f.remote, KIND_CONTACT, "A=", &query, no_ctx, &page, &fault),
                     GRADE_OK);
    assert_string_equal(f.url, "/datasets/contacts/tables/A%253D/items?$filter=a%20eq%201"
                               "&$orderby=b%20desc&$top=256&$skip=0");
    assert_true(page.last);
    items_release(&page.items);
    remote_fault_release(&fault);
}

static void test_last_page(void **state)
{
    static const struct {
        const char *answer, *next_link;
        unsigned top;
        bool last;
    } cases[] = {
        {"[{},{}]", NULL, 2, false}, {"[{},{}]", NULL, 3, true}, {"[{},{}]", "https://x", 3, false},
        {"[{},{}]", NULL, 1, false}, {"[]", NULL, 1, true},      {"[]", "https://x", 1, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        __attribute__((cleanup(fake_release))) struct fake f =
            FAKE(.answer = cases[i].answer, .next_link = cases[i].next_link);
        const struct remote_query query = {.top = cases[i].top};
        struct remote_page page;
        struct remote_fault fault = {0};
        assert_int_equal(remote_list(f.remote, KIND_EVENT, "C", &query, no_ctx, &page, &fault),
                         GRADE_OK);
        assert_int_equal(page.last, cases[i].last);
        items_release(&page.items);
        remote_fault_release(&fault);
    }
}

static void test_records(void **state)
{
    __attribute__((cleanup(fake_release))) struct fake f = FAKE(.answer = "{\"Id\":\"x\"}");
    struct cancel cancel;
    const struct remote_ctx ctx = {.cancel = &cancel, .priority = HTTP_BACKGROUND};
    cJSON *body = cJSON_CreateObject(), *got;
    struct remote_fault fault = {0};

    (void)state;
    cancel_init(&cancel);
    assert_int_equal(remote_get(f.remote, KIND_EVENT, "T", "I=", ctx, &got, &fault), GRADE_OK);
    assert_string_equal(f.url, "/datasets/calendars/tables/T/items/I%253D");
    assert_string_equal(json_str(got, "Id"), "x");
    assert_ptr_equal(f.ctx.cancel, &cancel);
    assert_int_equal(f.ctx.priority, HTTP_BACKGROUND);
    cJSON_Delete(got);

    assert_int_equal(remote_get(f.remote, KIND_MESSAGE, "ignored", "I=", ctx, &got, &fault),
                     GRADE_OK);
    assert_string_equal(f.url, "/Mail/I%3D?includeAttachments=false");
    cJSON_Delete(got);

    assert_int_equal(remote_create(f.remote, KIND_CONTACT, "T", body, ctx, &got, &fault), GRADE_OK);
    assert_string_equal(f.url, "/datasets/contacts/tables/T/items");
    assert_ptr_equal(f.body, body);
    cJSON_Delete(got);

    assert_int_equal(
        remote_update(f.remote, KIND_CONTACT, "T", "I", body, "tag", ctx, &got, &fault), GRADE_OK);
    assert_string_equal(f.url, "/datasets/contacts/tables/T/items/I");
    assert_ptr_equal(f.body, body);
    assert_string_equal(f.if_match, ""); /* no operation of v1 declares it */
    cJSON_Delete(got);

    f.answer = NULL;
    assert_int_equal(remote_delete(f.remote, KIND_CONTACT, "T", "I", ctx, &fault), GRADE_OK);
    assert_string_equal(f.url, "/datasets/contacts/tables/T/items/I");
    assert_int_equal(remote_delete(f.remote, KIND_MESSAGE, "T", "I", ctx, &fault), GRADE_OK);
    assert_string_equal(f.url, "/Mail/I");
    assert_int_equal(remote_mark_read(f.remote, "I", ctx, &fault), GRADE_OK);
    assert_string_equal(f.url, "/Mail/MarkAsRead/I");
    assert_int_equal(remote_test(f.remote, ctx, &fault), GRADE_OK);
    assert_string_equal(f.url, "/testconnection");
    cJSON_Delete(body);
}

/* What a version of the service cannot do is refused without asking it. */
static void test_messages_are_not_made(void **state)
{
    __attribute__((cleanup(fake_release))) struct fake f = FAKE(.answer = "{}");
    cJSON *body = cJSON_CreateObject(), *got = NULL;
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(remote_create(f.remote, KIND_MESSAGE, "Inbox", body, no_ctx, &got, &fault),
                     GRADE_REFUSED);
    assert_non_null(fault.reason);
    assert_string_equal(f.url, "");
    remote_fault_release(&fault);
    assert_int_equal(
        remote_update(f.remote, KIND_MESSAGE, "Inbox", "I", body, NULL, no_ctx, &got, &fault),
        GRADE_REFUSED);
    assert_null(got);
    remote_fault_release(&fault);
    cJSON_Delete(body);
}

static void test_failure_leaves_nothing(void **state)
{
    __attribute__((cleanup(fake_release))) struct fake f =
        FAKE(.answer = "{}", .next_link = "x", .grade = GRADE_DENIED);
    struct remote_call call = {.info = connector_operation(OP_CONTACT_GET_ITEM),
                               .params = PARAMS({"table", "T"}, {"id", "I"})};
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(transport_call(&f.base, &call, &fault), GRADE_DENIED);
    assert_int_equal(fault.grade, GRADE_DENIED);
    assert_int_equal(fault.status, 400);
    assert_null(call.answer);
    assert_null(call.next_link);
    assert_null(call.location);
    remote_fault_release(&fault);
    assert_int_equal(fault.grade, GRADE_OK);
}

static void test_defaults_of_an_implementation(void **state)
{
    __attribute__((cleanup(fake_release))) struct fake f = FAKE(.answer = NULL);
    struct http_stats stats;

    (void)state;
    assert_true(remote_online(f.remote));
    remote_stats(f.remote, &stats);
    assert_true(stats.online);
    assert_true(stats.authorised);
    assert_int_equal(stats.requests, 0);
    assert_int_equal(remote_update_policy(f.remote, KIND_EVENT), MERGE_WHOLE);
    assert_int_equal(remote_update_policy(f.remote, KIND_CONTACT), MERGE_WHOLE);
    remote_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_of_mail),
        cmocka_unit_test(test_list_of_a_table),
        cmocka_unit_test(test_last_page),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_messages_are_not_made),
        cmocka_unit_test(test_failure_leaves_nothing),
        cmocka_unit_test(test_defaults_of_an_implementation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
