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
#include <remote/graph/operations_p.h>

#define ITEM_NOT_FOUND                                                                             \
    "{\"status\":404,\"message\":\"The specified object was not found in the store.\","            \
    "\"error\":{\"message\":\"The specified object was not found in the store.\","                 \
    "\"code\":\"ErrorItemNotFound\"},\"source\":\"office365-dfwus\"}"

struct reading {
    struct remote_call call;
    struct remote_fault fault;
    enum grade grade;
};

/* An answer as http gives it; `type` NULL: no Content-Type. */
static void read_row(struct reading *r, const struct operation_info *info,
                     const struct http_sink *sink, enum grade grade, int status, const char *type,
                     const char *body)
{
    struct http_answer a = {
        .grade = grade,
        .status = status,
        .date = 1234,
        .retry_after = grade == GRADE_OK ? 0 : 7,
        .unknown = grade == GRADE_BROKEN,
        .location = xstrdup("https://example.org/next"),
        .content_type = type ? xstrdup(type) : NULL,
    };

    buf_init(&a.body, HTTP_ANSWER_MAX);
    buf_addstr(&a.body, body);
    buf_init(&a.reason, BUF_TEXT_MAX);
    if (grade != GRADE_OK)
        buf_addf(&a.reason, "%d because", status);
    *r = (struct reading){.call = {.info = info, .sink = sink}};
    r->grade = answer_to_call(&a, &r->call, &r->fault);
    buf_release(&a.body);
    buf_release(&a.reason);
    free(a.location);
    free(a.content_type);
}

static void read_typed(struct reading *r, enum operation op, const struct http_sink *sink,
                       enum grade grade, int status, const char *type, const char *body)
{
    read_row(r, connector_operation(op), sink, grade, status, type, body);
}

static void read_answer(struct reading *r, enum operation op, enum grade grade, int status,
                        const char *body)
{
    read_typed(r, op, NULL, grade, status, NULL, body);
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
    assert_string_equal(r.call.location, "https://example.org/next");
    assert_int_equal(r.fault.status, 201);
    assert_int_equal(r.fault.date, 1234);
    assert_null(r.fault.reason);
    reading_release(&r);
}

static const struct http_sink no_sink = {0};

/* What has gone to a sink is not there to be read; an error is. */
static void test_object_in_a_sink(void **state)
{
    struct reading r;

    (void)state;
    read_typed(&r, OP_GET_EMAIL, &no_sink, GRADE_OK, 200, NULL, "");
    assert_int_equal(r.grade, GRADE_BROKEN);
    reading_release(&r);
    read_typed(&r, OP_GET_EMAIL, &no_sink, GRADE_OK, 200, NULL, "{\"Id\":\"cut");
    assert_int_equal(r.grade, GRADE_OK);
    assert_null(r.call.answer);
    reading_release(&r);

    read_typed(&r, OP_GET_EMAIL, &no_sink, GRADE_GONE, 404, NULL, ITEM_NOT_FOUND);
    assert_int_equal(r.grade, GRADE_GONE);
    reading_release(&r);
    read_typed(&r, OP_GET_EMAIL, &no_sink, GRADE_GONE, 404, NULL, "{\"statusCode\":404}");
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

#define PAGE "<!DOCTYPE html><html><body>Sign in to the network</body></html>"
#define COMPLAINT "{\"error\":{\"code\":\"ProxyError\",\"message\":\"no\"}}"

/* Whatever an operation answers, these are no success of any: nobody is to be forgotten. */
static void test_success_that_is_none(void **state)
{
    static const struct {
        int status;
        const char *type, *body;
    } cases[] = {
        {200, "text/html", PAGE},
        {200, "text/html; charset=utf-8", PAGE},
        {200, "application/json", PAGE},
        {200, NULL, PAGE},
        {200, "application/octet-stream", "\xef\xbb\xbf\r\n <HTML><title>x</title>"},
        {200, "text/html", ""},
        {200, "TEXT/HTML;charset=x", ""},
        {200, "application/json", COMPLAINT},
        {200, NULL, COMPLAINT},
        {202, "application/json", COMPLAINT},
        {201, "application/json", "{\"statusCode\":500,\"message\":\"no\"}"},
    };

    (void)state;
    for (int op = 1; op < OP_COUNT + GRAPH_OPERATIONS - 1; op++) {
        const struct operation_info *info =
            op < OP_COUNT ? &connector_operations[op] : &graph_operations[op - OP_COUNT + 1];
        const struct http_sink *sink = info->answer == ANSWER_BYTES ? &no_sink : NULL;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            struct reading r;
            read_row(&r, info, sink, GRADE_OK, cases[i].status, cases[i].type, cases[i].body);
            assert_int_equal(r.grade, GRADE_BROKEN);
            assert_int_equal(r.fault.grade, GRADE_BROKEN);
            assert_int_equal(r.fault.unknown, strcmp(info->method, "GET") != 0);
            assert_non_null(strstr(r.fault.reason, info->name));
            reading_release(&r);
        }
    }
}

static void test_success_of_the_wrong_form(void **state)
{
    static const struct {
        enum operation op;
        int status;
        const char *type, *body;
        bool unknown;
    } cases[] = {
        {OP_SEND_EMAIL, 200, "application/json", "{}", true},
        {OP_SEND_EMAIL, 200, NULL, " ", true},
        {OP_DELETE_EMAIL, 200, "text/plain", "deleted", true},
        {OP_MARK_AS_READ, 200, "application/json", "null", true},
        {OP_TEST_CONNECTION, 200, "text/plain", "ok", false},
        {OP_CONTACT_POST_ITEM, 201, NULL, "", true},
        {OP_CONTACT_POST_ITEM, 201, "application/json", "{}", true},
        {OP_CONTACT_POST_ITEM, 201, "application/json", "{\"Id\":\"\"}", true},
        {OP_CONTACT_POST_ITEM, 201, "text/plain", "{\"Id\":\"x\"}", true},
        {OP_CONTACT_PATCH_ITEM, 200, "application/json", "[]", true},
        {OP_CONTACT_PATCH_ITEM, 204, NULL, "", true},
        {OP_SEND_APPROVAL_MAIL, 201, "application/json", "\"ok\"", true},
        {OP_SEND_APPROVAL_MAIL, 201, "application/json", "{\"Id\":\"x\"}", true},
        {OP_CONTACT_GET_ITEM, 200, "application/json", "{\"Id\":", false},
        {OP_CONTACT_GET_ITEM, 200, "application/json", "{\"Id\":\"x\",\"error\":{}}", false},
        {OP_CONTACT_GET_ITEMS, 200, NULL, "", false},
        {OP_CONTACT_GET_ITEMS, 202, NULL, "", false},
        {OP_CONTACT_GET_ITEMS, 204, NULL, "", false},
        {OP_CONTACT_GET_ITEMS, 200, "application/json", "{\"value\":{}}", false},
        {OP_CONTACT_GET_ITEMS, 200, "application/json", "{\"value\":[],\"error\":{}}", false},
        {OP_CONTACT_GET_ITEMS, 200, "application/json", "[]", false},
        {OP_CONTACT_GET_ITEMS, 200, "application/json", "{\"value\":[{}]}", false},
        {OP_CONTACT_GET_ITEMS, 200, "application/json", "[{\"Name\":\"x\"},{\"Id\":\"\"}]", false},
        {OP_CONTACT_GET_TABLES, 200, "application/json", "[]", false},
        {OP_CONTACT_GET_TABLES, 200, "application/json", "{\"value\":[{\"id\":1}]}", false},
        {OP_GET_EMAILS, 200, "application/json", "[{}]", false},
        {OP_ON_NEW_EMAIL, 200, "application/json", "[{}]", false},
        {OP_GET_EMAILS, 200, "application/json", "\"x\"", false},
        {OP_GET_EMAILS, 200, "application/json", "[1]", false},
        {OP_ON_NEW_EMAIL, 200, NULL, "", false},
        {OP_ON_NEW_EMAIL, 202, "application/json", "{}", false},
        {OP_GET_ATTACHMENT, 201, "image/png", "x", false},
        {OP_GET_ATTACHMENT, 204, NULL, "", false},
        {OP_GET_ATTACHMENT, 206, "image/png", "x", false},
        {OP_GET_ATTACHMENT, 200, "text/html", "a page of its own", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reading r;
        const struct http_sink *sink = cases[i].op == OP_GET_ATTACHMENT ? &no_sink : NULL;
        read_typed(&r, cases[i].op, sink, GRADE_OK, cases[i].status, cases[i].type, cases[i].body);
        assert_int_equal(r.grade, GRADE_BROKEN);
        assert_int_equal(r.fault.unknown, cases[i].unknown);
        reading_release(&r);
    }
}

static void test_graph_s_own(void **state)
{
    static const struct {
        enum graph_operation op;
        int status;
        const char *type, *body;
        enum grade grade;
    } cases[] = {
        {GRAPH_UPLOAD, 200, "application/json", "{\"nextExpectedRanges\":[\"5-\"]}", GRADE_OK},
        {GRAPH_UPLOAD, 201, NULL, "", GRADE_OK},
        {GRAPH_UPLOAD, 200, NULL, "", GRADE_BROKEN},
        {GRAPH_UPLOAD, 200, "application/json", "{}", GRADE_BROKEN},
        {GRAPH_UPLOAD, 200, "text/plain", "ok", GRADE_BROKEN},
        {GRAPH_SET_PHOTO, 200, NULL, "", GRADE_OK},
        {GRAPH_SET_PHOTO, 200, "application/json", "{\"id\":\"x\"}", GRADE_OK},
        {GRAPH_SET_PHOTO, 200, "text/plain", "ok", GRADE_BROKEN},
        {GRAPH_SET_PHOTO, 202, "application/json", "{}", GRADE_BROKEN},
        {GRAPH_UPDATE_SETTINGS, 200, NULL, "", GRADE_BROKEN},
        {GRAPH_UPDATE_SETTINGS, 200, "application/json", "{}", GRADE_BROKEN},
        {GRAPH_BATCH, 200, "application/json", "{}", GRADE_BROKEN},
        {GRAPH_LIST_CONTACTS, 200, "application/json", "{\"@odata.context\":\"x\",\"value\":[]}",
         GRADE_OK},
        {GRAPH_LIST_CONTACTS, 200, "application/json", "{\"value\":[{\"id\":\"x\"}]}", GRADE_OK},
        {GRAPH_LIST_CONTACTS, 200, "application/json", "{\"value\":[]}", GRADE_BROKEN},
        {GRAPH_LIST_CONTACTS, 200, "application/json", "{\"@odata.context\":\"x\",\"value\":[{}]}",
         GRADE_BROKEN},
        {GRAPH_LIST_CALENDARS, 200, "application/json", "[]", GRADE_BROKEN},
        {GRAPH_LIST_CALENDARS, 200, "application/json", "{\"value\":[{}]}", GRADE_BROKEN},
        {GRAPH_MESSAGE_CHANGES, 200, "application/json",
         "{\"@odata.context\":\"x\",\"value\":[{\"id\":\"x\",\"@removed\":{\"reason\":\"deleted\"}}"
         "]}",
         GRADE_OK},
        {GRAPH_SEND_DRAFT, 200, "application/json", "{}", GRADE_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reading r;
        read_row(&r, &graph_operations[cases[i].op], NULL, GRADE_OK, cases[i].status, cases[i].type,
                 cases[i].body);
        assert_int_equal(r.grade, cases[i].grade);
        reading_release(&r);
    }
}

static void test_success_in_its_forms(void **state)
{
    static const struct {
        enum operation op;
        int status;
        const char *type, *body;
    } cases[] = {
        {OP_CONTACT_DELETE_ITEM, 204, NULL, ""},
        {OP_SEND_EMAIL, 200, NULL, ""},
        {OP_SEND_EMAIL, 202, "application/json", ""},
        {OP_CONTACT_GET_ITEM, 200, "application/json; charset=utf-8", "{\"Id\":\"x\"}"},
        {OP_CONTACT_GET_ITEM, 200, "Application/JSON ; odata=x", "{\"ItemInternalId\":\"x\"}"},
        {OP_ON_NEW_EMAIL, 202, NULL, ""},
        {OP_ON_NEW_EMAIL, 202, "application/json", "[]"},
        {OP_ON_NEW_EMAIL, 200, "application/json", "[]"},
        {OP_GET_EMAILS, 200, "application/json", "[]"},
        {OP_CONTACT_GET_ITEMS, 200, "application/json", "{\"value\":[]}"},
        {OP_CONTACT_GET_ITEMS, 200, "application/json", "{\"value\":[{},{\"Id\":\"x\"}]}"},
        {OP_GET_ATTACHMENT, 200, "image/png", "\x89PNG"},
        {OP_GET_ATTACHMENT, 200, "text/plain", "{braces}"},
        {OP_GET_ATTACHMENT, 200, NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reading r;
        const struct http_sink *sink = cases[i].op == OP_GET_ATTACHMENT ? &no_sink : NULL;
        read_typed(&r, cases[i].op, sink, GRADE_OK, cases[i].status, cases[i].type, cases[i].body);
        assert_int_equal(r.grade, GRADE_OK);
        reading_release(&r);
    }
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
        {410, "{\"error\":{\"code\":\"ErrorFolderNotFound\"}}", GRADE_GONE},
        {410, "{\"status\":410,\"message\":\"Gone\"}", GRADE_REFUSED},
        {404, COMPLAINT, GRADE_REFUSED},
        {404, "{\"error\":{\"code\":404,\"message\":\"no\"}}", GRADE_REFUSED},
        {404, "{\"timestamp\":1,\"status\":404,\"error\":\"Not Found\",\"path\":\"/\"}",
         GRADE_REFUSED},
        {404, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}", GRADE_REFUSED},
        {404, "{\"statusCode\":404,\"message\":\"Resource not found\"}", GRADE_REFUSED},
        {404, "{\"error\":{\"code\":\"ErrorMailboxNotFound\"}}", GRADE_REFUSED},
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
        cmocka_unit_test(test_success_that_is_none),
        cmocka_unit_test(test_success_of_the_wrong_form),
        cmocka_unit_test(test_graph_s_own),
        cmocka_unit_test(test_success_in_its_forms),
        cmocka_unit_test(test_error_is_passed_on),
        cmocka_unit_test(test_who_may_say_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
