/* Triggers: where the cursor goes and where it comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <remote/connector/connector_p.h>

#include <errno.h>
#include <stdlib.h>

static const struct param calendar[] = {{"table", "a/b="}, {"$top", "5"}, {NULL}};

static void test_the_cursor_replaces_the_parameters(void **state)
{
    const struct operation_info *info = connector_operation(OP_CALENDAR_ON_NEW_ITEMS);
    struct buf url;

    (void)state;
    buf_init(&url, 1024);
    assert_int_equal(operation_url(info, calendar, "%24top=5&triggerstate=1%3d%3D", &url), 0);
    assert_string_equal(url.data, "/datasets/calendars/tables/a%252Fb%253D/onnewitems"
                                  "?%24top=5&triggerstate=1%3d%3D");
    buf_release(&url);
}

static void test_a_cursor_is_a_query(void **state)
{
    static const char *const wrong[] = {"a b", "a=1\r\nHost: x", "a#b", "a=\xc3\xa4"};
    const struct operation_info *info = connector_operation(OP_CALENDAR_ON_NEW_ITEMS);
    struct buf url;

    (void)state;
    buf_init(&url, 1024);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(operation_url(info, calendar, wrong[i], &url), -EINVAL);
        assert_int_equal(url.len, 0);
    }
    buf_release(&url);
}

/* --- a service that answers with one Location --- */

struct fake {
    struct transport base;
    const char *location;
    char *query;
};

static enum grade fake_call(struct transport *t, struct remote_call *call,
                            struct remote_fault *fault)
{
    struct fake *f = (struct fake *)t;

    f->query = call->query ? xstrdup(call->query) : NULL;
    call->answer = cJSON_CreateArray();
    call->location = f->location ? xstrdup(f->location) : NULL;
    fault->retry_after = 7;
    return GRADE_OK;
}

static void fake_destroy(struct transport *t)
{
    (void)t;
}

static const struct transport_impl fake_impl = {
    .name = "fake", .call = fake_call, .destroy = fake_destroy};

static void assert_cursor(const char *location, const char *expected)
{
    struct fake f = {.base = {.impl = &fake_impl}, .location = location};
    struct remote_ctx ctx = {.priority = HTTP_BACKGROUND};
    struct remote_fault fault = {0};
    struct remote_news news;
    struct remote *r = connector_create(&f.base);

    assert_int_equal(remote_poll(r, REMOTE_ON_NEW_EMAIL, NULL, "at=1", ctx, &news, &fault),
                     GRADE_OK);
    assert_true(str_eq(news.cursor, expected));
    assert_int_equal(news.retry_after, 7);
    assert_int_equal(cJSON_GetArraySize(news.items), 0);
    assert_string_equal(f.query, "at=1");
    free(f.query);
    remote_news_release(&news);
    remote_fault_release(&fault);
    remote_destroy(r);
}

static void test_the_cursor_is_the_whole_query_of_location(void **state)
{
    (void)state;
    assert_cursor("https://logic-apis-westus.azure-apim.net/apim/office365/0/Mail/OnNewEmail"
                  "?folderPath=Inbox&LastPollInformation=e%3d%3d",
                  "folderPath=Inbox&LastPollInformation=e%3d%3d");
    assert_cursor("/Mail/OnNewEmail?a=1?b#c", "a=1?b");
    assert_cursor("/Mail/OnNewEmail", NULL);
    assert_cursor("/Mail/OnNewEmail?", NULL);
    assert_cursor(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_cursor_replaces_the_parameters),
        cmocka_unit_test(test_a_cursor_is_a_query),
        cmocka_unit_test(test_the_cursor_is_the_whole_query_of_location),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
