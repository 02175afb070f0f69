#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/base64.h>
#include <outlookfs/base/buf.h>

#include <errno.h>
#include <string.h>

static void test_encodes_what_the_rfc_says(void **state)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"},
                 {"\xff\xef\xbe", "/+++"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct buf out;
        size_t n = 0, size = 99;

        while (cases[i].bytes[n])
            n++;
        buf_init(&out, 64);
        assert_int_equal(base64_encode(&out, cases[i].bytes, n), 0);
        assert_string_equal(out.data, cases[i].text);
        assert_int_equal(base64_size(out.data, &size), 0);
        assert_int_equal(size, n);
        buf_release(&out);
    }
}

static void test_over_the_maximum_nothing_is_added(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 8);
    buf_addstr(&out, "x");
    assert_int_equal(base64_encode(&out, "foobar", 6), -ENOBUFS);
    assert_string_equal(out.data, "x");
    buf_release(&out);
}

static void test_what_is_not_base64(void **state)
{
    static const char *const wrong[] = {
        "Zg", "Zg=", "Z===", "Zg==Zg==", "Z g=", "%%%%", "====", "Zm9vY"};
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(base64_size(wrong[i], &size), -EINVAL);
}

static void test_decodes(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: refused */
    } cases[] = {{"", ""},       {"Zg==", "f"},      {"Zm8=", "fo"},  {"Zm9vYmFy", "foobar"},
                 {"Zm8", "fo"},  {"Zg", "f"},        {"Z", NULL},     {"Zm9vY", NULL},
                 {"Zm9-", NULL}, {"Zg==Zg==", NULL}, {"Zm 9v", NULL}, {"=", ""}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *bytes = cases[i].bytes;
        struct buf out;

        buf_init(&out, 64);
        assert_int_equal(base64_decode(&out, cases[i].text, strlen(cases[i].text)),
                         bytes ? 0 : -EINVAL);
        if (bytes)
            assert_string_equal(out.data, bytes);
        buf_release(&out);
    }
}

static void test_decodes_in_pieces(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 6);
    assert_int_equal(base64_decode(&out, "Zm9vYmFy", 4), 0);
    assert_int_equal(base64_decode(&out, "YmFy", 4), 0);
    assert_string_equal(out.data, "foobar");
    assert_int_equal(base64_decode(&out, "Zg==", 4), -ENOBUFS);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodes_what_the_rfc_says),
        cmocka_unit_test(test_over_the_maximum_nothing_is_added),
        cmocka_unit_test(test_what_is_not_base64),
        cmocka_unit_test(test_decodes),
        cmocka_unit_test(test_decodes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
