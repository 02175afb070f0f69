#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include "support/transports.h"
#include <remote/remote_p.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BASE "https://9d51.common.azure-apihub.net/apim/office365/0f3c"

static void maps(const char *base, const char *location, const char *expected)
{
    struct buf out;

    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(location_path(base, location, &out), expected ? 0 : -EINVAL);
    assert_string_equal(out.data, expected ? expected : "");
    buf_release(&out);
}

static void test_a_location_is_asked_for_below_our_base(void **state)
{
    (void)state;
    maps(BASE, BASE "/approvalmail/$subscriptions/1", "/approvalmail/$subscriptions/1");
    maps(BASE,
         "https://logic-apis-westus.azure-apim.net/apim/office365/shared-1/approvalmail/"
         "$subscriptions/1?o=YQ%3d",
         "/approvalmail/$subscriptions/1?o=YQ%3d");
    maps(BASE, "https://evil.example/approvalmail/$subscriptions/1",
         "/approvalmail/$subscriptions/1");
    maps(BASE, "/approvalmail/$subscriptions/1", "/approvalmail/$subscriptions/1");
    maps("http://127.0.0.1:1/pre/fix", "http://127.0.0.1:1/pre/fix/a/1", "/a/1");
    maps("http://127.0.0.1:1/pre/fix", "http://127.0.0.1:1/pre/fixed/1", "/pre/fixed/1");
    maps("http://127.0.0.1:1", "http://other/a/1", "/a/1");
}

static void test_what_is_no_location(void **state)
{
    (void)state;
    maps(BASE, "https://evil.example", NULL);
    maps(BASE, "https://evil.example/", NULL);
    maps(BASE, "approvalmail/1", NULL);
    maps(BASE, "//evil.example/a", NULL);
    maps(BASE, "https://x/a b", NULL);
    maps(BASE, "https://x/a\r\nHost: y", NULL);
    maps(BASE, "https://x/a/../../b", NULL);
    maps(BASE, "https://x/..", NULL);
    maps(BASE, "https://x/a#b", NULL);
    maps(BASE, "", NULL);
}

static void test_sending_and_asking(void **state)
{
    struct transport *memory = memory_create();
    struct remote *r = connector_create(memory);
    struct remote_ctx ctx = {0};
    struct remote_fault fault = {0};
    char *location = NULL, *head = remote_ask_head("https://x/\"y");
    char *body = xasprintf("%s{\"To\":\"a@b.c\"}" REMOTE_ASK_TAIL, head);

    (void)state;
    assert_int_equal(remote_send(r, "{\"To\":\"a@b.c\"}", "key", ctx, &fault), GRADE_OK);
    assert_int_equal(remote_ask(r, REMOTE_APPROVAL, body, ctx, &location, &fault), GRADE_OK);
    assert_true(str_starts(location, "/$subscriptions/"));
    assert_int_equal(memory_count(memory, KIND_MESSAGE), 2);
    assert_int_equal(remote_unsubscribe(r, location, ctx, &fault), GRADE_OK);
    assert_int_equal(memory_calls(memory, OP_UNSUBSCRIBE), 1);
    assert_int_equal(remote_unsubscribe(r, "/elsewhere", ctx, &fault), GRADE_GONE);
    remote_fault_release(&fault);
    free(location);
    free(body);
    free(head);
    remote_destroy(r);
}

/* What does not fit into an address goes in a body. */
static void test_replying_at_length(void **state)
{
    struct transport *memory = memory_create();
    struct remote *r = connector_create(memory);
    struct remote_ctx ctx = {0};
    const char *id;
    struct remote_fault fault = {0};
    char *comment = xmalloc(9001);

    (void)state;
    id = memory_add(memory, KIND_MESSAGE, "Inbox", cJSON_CreateObject());
    memset(comment, '&', 9000); /* three bytes each in an address */
    comment[9000] = '\0';
    assert_int_equal(remote_reply(r, id, comment, true, "key", ctx, &fault), GRADE_OK);
    comment[700] = '\0';
    assert_int_equal(remote_reply(r, id, comment, true, "key", ctx, &fault), GRADE_OK);
    assert_int_equal(memory_calls(memory, OP_REPLY_TO), 0);
    assert_int_equal(memory_calls(memory, OP_REPLY_TO_V3), 2);
    comment[500] = '\0';
    assert_int_equal(remote_reply(r, id, comment, true, "key", ctx, &fault), GRADE_OK);
    assert_int_equal(memory_calls(memory, OP_REPLY_TO), 1);
    assert_int_equal(memory_calls(memory, OP_REPLY_TO_V3), 2);
    assert_int_equal(remote_reply(r, "nobody", "short", false, "key", ctx, &fault), GRADE_GONE);
    remote_fault_release(&fault);
    free(comment);
    remote_destroy(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_location_is_asked_for_below_our_base),
        cmocka_unit_test(test_what_is_no_location),
        cmocka_unit_test(test_sending_and_asking),
        cmocka_unit_test(test_replying_at_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
