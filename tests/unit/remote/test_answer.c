#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <stdlib.h>
#include <string.h>

#include <remote/answer_p.h>
#include <remote/connector/operations_p.h>

#define ITEM_NOT_FOUND                                                                             \
    "{\"status\":404,\"message\":\"The specified object was not found in the store.\","            \
    "\"error\":{\"message\":\"The specified object was not found in the store.\","                 \
    "\"code\":\"ErrorItemNotFound\"},\"source\":\"office365-dfwus\"}"

struct reading {
    struct remote_call call;
    struct remote_fault fault;
    enum grade grade;
};

static void read_into(struct reading *r, enum operation op, http_sink_fn sink, enum grade grade,
                      int status, const char *body)
{
    struct http_answer a = {
        .grade = grade,
        .status = status,
        .date = 1234,
        .retry_after = grade == GRADE_OK ? 0 : 7,
        .unknown = grade == GRADE_BROKEN,
        .location = xstrdup("https://example.org/next"),
    };

    buf_init(&a.body, HTTP_ANSWER_MAX);
    buf_addstr(&a.body, body);
    buf_init(&a.reason, BUF_TEXT_MAX);
    if (grade != GRADE_OK)
        buf_addf(&a.reason, "%d because", status);
    *r = (struct reading){.call = {.info = operation_info(API_V1, op), .sink = sink}};
    r->grade = answer_to_call(&a, &r->call, &r->fault);
    buf_release(&a.body);
    buf_release(&a.reason);
    free(a.location);
}

static void read_answer(struct reading *r, enum operation op, enum grade grade, int status,
                        const char *body)
{
    read_into(r, op, NULL, grade, status, body);
}

static void reading_release(struct reading *r)
{
    remote_call_release(&r->call);
    remote_fault_release(&r->fault);
}

static void test_object(void **state)
{
    static const char body[] = "{\"Id\":\"x\"}";
    struct reading r;

    (void)state;
    read_answer(&r, OP_CONTACT_POST_ITEM, GRADE_OK, 201, body);
    assert_int_equal(r.grade, GRADE_OK);
    assert_string_equal(json_str(r.call.answer, "Id"), "x");
    assert_int_equal(r.call.bytes, strlen(body));
    assert_string_equal(r.call.location, "https://example.org/next");
    assert_int_equal(r.fault.status, 201);
    assert_int_equal(r.fault.date, 1234);
    assert_null(r.fault.reason);
    reading_release(&r);
}

static int no_sink(void *ctx, const void *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return -1;
}

/* What has gone to a sink is not there to be read; an error is. */
static void test_object_in_a_sink(void **state)
{
    struct reading r;

    (void)state;
    read_into(&r, OP_GET_EMAIL, no_sink, GRADE_OK, 200, "");
    assert_int_equal(r.grade, GRADE_OK);
    assert_null(r.call.answer);
    reading_release(&r);

    read_into(&r, OP_GET_EMAIL, no_sink, GRADE_GONE, 404, ITEM_NOT_FOUND);
    assert_int_equal(r.grade, GRADE_GONE);
    reading_release(&r);
    read_into(&r, OP_GET_EMAIL, no_sink, GRADE_GONE, 404, "{\"statusCode\":404}");
    assert_int_equal(r.grade, GRADE_REFUSED);
    reading_release(&r);
}

static void test_both_shapes_of_a_list(void **state)
{
    struct reading r;

    (void)state;
    read_answer(&r, OP_GET_EMAILS, GRADE_OK, 200, "[{\"Id\":\"a\"},{\"Id\":\"b\"}]");
    assert_int_equal(r.grade, GRADE_OK);
    assert_int_equal(cJSON_GetArraySize(r.call.answer), 2);
    assert_null(r.call.next_link);
    reading_release(&r);

    read_answer(&r, OP_CONTACT_GET_ITEMS, GRADE_OK, 200,
                "{\"value\":[{\"Id\":\"a\"}],\"@odata.nextLink\":null,\"@odata.deltaLink\":null}");
    assert_int_equal(r.grade, GRADE_OK);
    assert_true(cJSON_IsArray(r.call.answer));
    assert_string_equal(json_str(cJSON_GetArrayItem(r.call.answer, 0), "Id"), "a");
    assert_null(r.call.next_link);
    reading_release(&r);

    read_answer(&r, OP_CONTACT_GET_ITEMS, GRADE_OK, 200,
                "{\"value\":[],\"@odata.nextLink\":\"https://graph/x?$skip=1\"}");
    assert_int_equal(r.grade, GRADE_OK);
    assert_string_equal(r.call.next_link, "https://graph/x?$skip=1");
    reading_release(&r);
}

static void test_nothing_new_is_an_empty_list(void **state)
{
    struct reading r;

    (void)state;
    read_answer(&r, OP_ON_NEW_EMAIL, GRADE_OK, 202, "");
    assert_int_equal(r.grade, GRADE_OK);
    assert_int_equal(cJSON_GetArraySize(r.call.answer), 0);
    assert_non_null(r.call.location);
    reading_release(&r);
}

static void test_success_that_makes_no_sense(void **state)
{
    static const struct {
        enum operation op;
        int status;
        const char *body;
        bool unknown;
    } cases[] = {
        {OP_CONTACT_POST_ITEM, 201, "", true},
        {OP_CONTACT_POST_ITEM, 201, "<html>", true},
        {OP_CONTACT_PATCH_ITEM, 200, "[]", true},
        {OP_CONTACT_PATCH_ITEM, 204, "", true},
        {OP_SEND_APPROVAL_MAIL, 201, "\"ok\"", true},
        {OP_CONTACT_GET_ITEM, 200, "{\"Id\":", false},
        {OP_CONTACT_GET_ITEMS, 200, "", false},
        {OP_CONTACT_GET_ITEMS, 200, "{\"value\":{}}", false},
        {OP_CONTACT_GET_ITEMS, 200, "{\"error\":{}}", false},
        {OP_GET_EMAILS, 200, "\"x\"", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reading r;
        read_answer(&r, cases[i].op, GRADE_OK, cases[i].status, cases[i].body);
        assert_int_equal(r.grade, GRADE_BROKEN);
        assert_int_equal(r.fault.grade, GRADE_BROKEN);
        assert_int_equal(r.fault.unknown, cases[i].unknown);
        assert_non_null(strstr(r.fault.reason, operation_info(API_V1, cases[i].op)->name));
        assert_null(r.call.answer);
        reading_release(&r);
    }
}

static void test_answers_nobody_reads(void **state)
{
    struct reading r;

    (void)state;
    read_answer(&r, OP_CONTACT_DELETE_ITEM, GRADE_OK, 204, "");
    assert_int_equal(r.grade, GRADE_OK);
    reading_release(&r);
    read_answer(&r, OP_SEND_EMAIL, GRADE_OK, 200, "whatever");
    assert_int_equal(r.grade, GRADE_OK);
    assert_null(r.call.answer);
    reading_release(&r);
    read_answer(&r, OP_GET_ATTACHMENT, GRADE_OK, 200, "");
    assert_int_equal(r.grade, GRADE_OK);
    reading_release(&r);
}

static void test_error_is_passed_on(void **state)
{
    struct reading r;

    (void)state;
    read_answer(&r, OP_CONTACT_POST_ITEM, GRADE_BROKEN, 504, "{\"status\":504}");
    assert_int_equal(r.grade, GRADE_BROKEN);
    assert_true(r.fault.unknown);
    assert_int_equal(r.fault.status, 504);
    assert_int_equal(r.fault.retry_after, 7);
    assert_int_equal(r.fault.date, 1234);
    assert_string_equal(r.fault.reason, "504 because");
    assert_null(r.call.answer);
    assert_null(r.call.location);
    reading_release(&r);
}

/* Only the connector's own answer about an item deletes anything here. */
static void test_who_may_say_gone(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum grade grade;
    } cases[] = {
        {404, ITEM_NOT_FOUND, GRADE_GONE},
        {500, ITEM_NOT_FOUND, GRADE_GONE},
        {404, "{\"error\":{\"code\":\"ErrorItemNotFound\",\"message\":\"x\"}}", GRADE_GONE},
        {410, "{\"status\":410,\"message\":\"Gone\"}", GRADE_GONE},
        {404, "{\"statusCode\":404,\"message\":\"Resource not found\"}", GRADE_REFUSED},
        {404, "{\"error\":{\"code\":\"MailboxNotEnabledForRESTAPI\"}}", GRADE_REFUSED},
        {404, "{\"error\":{\"code\":\"ErrorNonExistentMailbox\"}}", GRADE_REFUSED},
        {404, "{\"message\":\"no\"}", GRADE_REFUSED},
        {404, "<html>404</html>", GRADE_REFUSED},
        {404, "[]", GRADE_REFUSED},
        {404, "", GRADE_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reading r;
        read_answer(&r, OP_CONTACT_GET_ITEM, GRADE_GONE, cases[i].status, cases[i].body);
        assert_int_equal(r.grade, cases[i].grade);
        assert_int_equal(r.fault.status, cases[i].status);
        assert_non_null(strstr(r.fault.reason, "because"));
        reading_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_object),
        cmocka_unit_test(test_object_in_a_sink),
        cmocka_unit_test(test_both_shapes_of_a_list),
        cmocka_unit_test(test_nothing_new_is_an_empty_list),
        cmocka_unit_test(test_success_that_makes_no_sense),
        cmocka_unit_test(test_answers_nobody_reads),
        cmocka_unit_test(test_error_is_passed_on),
        cmocka_unit_test(test_who_may_say_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
