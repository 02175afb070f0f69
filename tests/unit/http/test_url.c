/* Which base URLs are taken: the token must not travel in the clear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <http/url_p.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/http/http.h>

#include <errno.h>
#include <string.h>

static int check(const char *url, bool *loopback, struct buf *err)
{
    *loopback = false;
    buf_clear(err);
    return url_check(url, loopback, err);
}

static void test_taken(void **state)
{
    static const struct {
        const char *url;
        bool loopback;
    } cases[] = {
        {"https://9d51.common.logic-westus.azure-apihub.net/apim/office365/abc", false},
        {"https://example.org", false},
        {"https://127.0.0.1:8443/x", true},
        {"http://localhost:8080", true},
        {"http://localhost", true},
        {"http://127.0.0.1:1/apim", true},
        {"http://127.255.3.4", true},
        {"http://[::1]:8080/", true},
    };
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool loopback;

        assert_int_equal(check(cases[i].url, &loopback, &err), 0);
        assert_int_equal(loopback, cases[i].loopback);
    }
    buf_release(&err);
}

static void test_refused(void **state)
{
    static const char *const cases[] = {
        "http://example.org",
        "http://128.0.0.1",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "http://localhost@example.org",
        "http://127.0.0.1@example.org/",
        "http://[::2]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "example.org",
        "",
        "https://",
        "https://user:pw@example.org",
        "https://example.org/?a=b",
        "https://example.org/#top",
    };
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool loopback;

        assert_int_equal(check(cases[i], &loopback, &err), -EINVAL);
        assert_true(err.len > 0);
        assert_null(strchr(err.data, '\n'));
    }
    buf_release(&err);
}

static void test_create_says_why(void **state)
{
    struct http *http = NULL;
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(
        http_create(&(struct http_config){.base_url = "http://example.org"}, &http, &err), -EINVAL);
    assert_null(http);
    assert_non_null(strstr(err.data, "https:// or http:// to this machine only"));
    buf_release(&err);
}

static void test_base_url(void **state)
{
    struct http *http;
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(
        http_create(&(struct http_config){.base_url = "http://[::1]:1/apim/x/"}, &http, &err), 0);
    assert_string_equal(http_base_url(http), "http://[::1]:1/apim/x");
    http_destroy(http);
    http_destroy(NULL);
    buf_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_create_says_why),
        cmocka_unit_test(test_base_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
