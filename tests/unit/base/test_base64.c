#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/base64.h>
#include <outlookfs/base/buf.h>

#include <errno.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodes_what_the_rfc_says),
        cmocka_unit_test(test_over_the_maximum_nothing_is_added),
        cmocka_unit_test(test_what_is_not_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
