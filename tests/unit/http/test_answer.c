/* What an answer means: grade, reason, and whether the work may have been done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <http/answer_p.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <string.h>

struct expected {
    int status;
    const char *type;
    const char *body;
    int retry_after;
    enum grade grade;
    const char *reason;
};

static struct http_answer read_post(const struct expected *e)
{
    static const struct http_request post = {.method = "POST", .path = "/x"};
    struct http_answer a;
    struct exchange ex = {.request = &post, .answer = &a, .end = END_ANSWERED, .sent = true};

    http_answer_init(&a);
    a.status = e->status;
    a.retry_after = e->retry_after;
    a.content_type = e->type ? xstrdup(e->type) : NULL;
    if (e->body)
        buf_addstr(&a.body, e->body);
    answer_read(&ex);
    return a;
}

static void test_grades(void **state)
{
    static const struct expected cases[] = {
        {200, NULL, "{}", 0, GRADE_OK, ""},
        {201, NULL, NULL, 0, GRADE_OK, ""},
        {202, NULL, NULL, 15, GRADE_OK, ""},
        {204, NULL, NULL, 0, GRADE_OK, ""},
        {302, NULL, NULL, 0, GRADE_BROKEN, "302 Redirect"},
        {400, NULL,
         "{\"status\":400,\"message\":\"Too long.\\r\\nclientRequestId: a\","
         "\"error\":{\"message\":\"Too long.\",\"code\":\"ErrorInvalidRequest\"}}",
         0, GRADE_REFUSED, "400 ErrorInvalidRequest: Too long."},
        {401, NULL, "{\"statusCode\":401,\"message\":\"Unauthorized. No token.\"}", 0, GRADE_AUTH,
         "401 Unauthorized: Unauthorized. No token."},
        {403, NULL,
         "{\"status\":403,\"source\":\"https://x\",\"message\":\"Error from token exchange\"}", 0,
         GRADE_DENIED, "403 Forbidden: Error from token exchange"},
        {404, NULL,
         "{\"status\":404,\"message\":\"The specified object was not found.\\r\\nclientRequestId: "
         "a\",\"error\":{\"message\":\"The specified object was not found.\","
         "\"code\":\"ErrorItemNotFound\"}}",
         0, GRADE_GONE, "404 ErrorItemNotFound: The specified object was not found."},
        {404, NULL, NULL, 0, GRADE_GONE, "404 Not Found"},
        {404, NULL, "{\"statusCode\":404,\"message\":\"Resource not found\"}", 0, GRADE_REFUSED,
         "404 Not Found: Resource not found"},
        {404, "text/html", "<html><title>404 Site stopped</title></html>", 0, GRADE_BROKEN,
         "404 Not Found: 404 Site stopped"},
        {410, NULL, NULL, 0, GRADE_GONE, "410 Gone"},
        {500, NULL, "{\"error\":{\"code\":\"ErrorItemNotFound\",\"message\":\"no\"}}", 0,
         GRADE_GONE, "500 ErrorItemNotFound: no"},
        {409, NULL, NULL, 0, GRADE_CONFLICT, "409 Conflict"},
        {412, NULL, NULL, 0, GRADE_CONFLICT, "412 Precondition Failed"},
        {413, NULL, NULL, 0, GRADE_TOO_BIG, "413 Content Too Large"},
        {400, NULL, "{\"error\":{\"code\":\"ErrorMessageSizeExceeded\",\"message\":\"big\"}}", 0,
         GRADE_TOO_BIG, "400 ErrorMessageSizeExceeded: big"},
        {404, NULL,
         "{\"error\":{\"code\":\"MailboxNotEnabledForRESTAPI\",\"message\":\"not yet\"}}", 0,
         GRADE_DENIED, "404 MailboxNotEnabledForRESTAPI: not yet"},
        {404, NULL,
         "{\"error\":{\"code\":\"MailboxNotHostedInExchangeOnline\",\"message\":\"no\"}}", 0,
         GRADE_DENIED, "404 MailboxNotHostedInExchangeOnline: no"},
        {415, NULL, NULL, 0, GRADE_REFUSED, "415 Unexpected Answer"},
        {429, NULL, NULL, 0, GRADE_THROTTLED, "429 Too Many Requests"},
        {503, NULL, NULL, 7, GRADE_THROTTLED, "503 Service Unavailable"},
        {503, NULL, NULL, 0, GRADE_BROKEN, "503 Service Unavailable"},
        {504, NULL, "{\"status\":504,\"message\":\"Request failed. Try again later\"}", 0,
         GRADE_BROKEN, "504 Gateway Timeout: Request failed. Try again later"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_answer a = read_post(&cases[i]);

        assert_string_equal(a.reason.data, cases[i].reason);
        assert_string_equal(grade_name(a.grade), grade_name(cases[i].grade));
        assert_int_equal(a.unknown, a.grade == GRADE_BROKEN && a.status >= 500);
        http_answer_release(&a);
    }
}

static void test_html_is_read_as_text(void **state)
{
    struct http_answer a = read_post(&(struct expected){
        .status = 502,
        .body = "<!DOCTYPE html>\r\n<html>\n <head><title>502\tBad Gateway</title></head>\n"
                "<body><p class=\"a\nb\">nginx</p></body></html>"});

    (void)state;
    assert_string_equal(a.reason.data, "502 Bad Gateway: 502 Bad Gateway nginx");
    http_answer_release(&a);
}

static void test_reason_is_short_and_clean(void **state)
{
    char body[1000];
    struct http_answer a;

    (void)state;
    memset(body, 'x', sizeof(body));
    body[sizeof(body) - 1] = '\0';
    memcpy(body, "a\033[31mb\001", 8);
    a = read_post(&(struct expected){.status = 500, .body = body});
    assert_non_null(strstr(a.reason.data, ": a [31mb xxx"));
    assert_true(a.reason.len < 250);
    http_answer_release(&a);

    for (size_t i = 0; i + 2 < sizeof(body); i += 2) /* the cut is in the middle of a character */
        memcpy(body + i, "\xc3\xa4", 2);
    memcpy(body, "y", 1);
    body[1] = 'y';
    body[2] = 'y';
    body[3] = 'y';
    a = read_post(&(struct expected){.status = 500, .body = body});
    assert_true(str_is_utf8(a.reason.data, a.reason.len));
    http_answer_release(&a);

    a = read_post(&(struct expected){.status = 500, .body = "caf\xe9 closed"});
    assert_string_equal(a.reason.data, "500 Internal Server Error: caf? closed");
    http_answer_release(&a);
}

static void test_failures(void **state)
{
    static const struct {
        enum exchange_end end;
        enum grade grade;
    } cases[] = {
        {END_UNREACHABLE, GRADE_OFFLINE}, {END_DROPPED, GRADE_BROKEN},
        {END_LATE, GRADE_BROKEN},         {END_OFFLINE, GRADE_OFFLINE},
        {END_NO_TURN, GRADE_THROTTLED},   {END_NONSENSE, GRADE_BROKEN},
        {END_TOO_LARGE, GRADE_BROKEN},    {END_UNWANTED, GRADE_BROKEN},
        {END_INVALID, GRADE_REFUSED},     {END_CANCELLED, GRADE_CANCELLED},
    };
    static const char *const methods[] = {"POST", "DELETE", "GET"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t m = 0; m < ARRAY_SIZE(methods); m++)
            for (int sent = 0; sent <= 1; sent++) {
                struct http_request request = {.method = methods[m]};
                struct http_answer a;
                struct exchange ex = {
                    .request = &request, .answer = &a, .end = cases[i].end, .sent = sent};

                http_answer_init(&a);
                answer_read(&ex);
                assert_int_equal(a.grade, cases[i].grade);
                assert_int_equal(a.unknown, sent && !str_eq(methods[m], "GET"));
                assert_true(a.reason.len > 0);
                http_answer_release(&a);
            }
}

/* Half an answer is never final, and what it began with is no reason to do the work twice. */
static void test_half_an_answer(void **state)
{
    static const struct {
        int status, retry_after;
        enum grade grade;
        bool unknown;
    } cases[] = {
        {200, 0, GRADE_BROKEN, true},     {400, 0, GRADE_BROKEN, false},
        {404, 0, GRADE_BROKEN, false},    {500, 0, GRADE_BROKEN, true},
        {401, 0, GRADE_AUTH, false},      {429, 0, GRADE_THROTTLED, false},
        {503, 5, GRADE_THROTTLED, false}, {503, 0, GRADE_BROKEN, true},
    };
    static const struct http_request request = {.method = "DELETE"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct http_answer a;
        struct exchange ex = {.request = &request, .answer = &a, .end = END_DROPPED, .sent = true};

        http_answer_init(&a);
        a.status = cases[i].status;
        a.retry_after = cases[i].retry_after;
        buf_addstr(&a.body, "{\"error\":{\"code\":\"ErrorItemNo");
        answer_read(&ex);
        assert_string_equal(grade_name(a.grade), grade_name(cases[i].grade));
        assert_int_equal(a.unknown, cases[i].unknown);
        http_answer_release(&a);
    }
}

static void test_secret_is_hidden(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, BUF_TEXT_MAX);
    answer_hide(&b, "secret");
    buf_addstr(&b, "a secret, the secret");
    answer_hide(&b, "secret");
    assert_string_equal(b.data, "a ******, the ******");
    answer_hide(&b, "******");
    answer_hide(&b, "");
    answer_hide(&b, "a");
    assert_string_equal(b.data, "a ******, the ******");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grades),
        cmocka_unit_test(test_html_is_read_as_text),
        cmocka_unit_test(test_reason_is_short_and_clean),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_half_an_answer),
        cmocka_unit_test(test_secret_is_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
