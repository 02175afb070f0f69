#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/buf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_grows(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100000);
    assert_non_null(b.data);
    assert_string_equal(b.data, "");
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf_addf(&b, "%04d", i), 0);
    assert_int_equal(b.len, 40000);
    assert_memory_equal(b.data + 4 * 1234, "1234", 4);
    assert_int_equal(b.data[b.len], '\0');
    buf_clear(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
    buf_release(&b);
}

static void test_takes_any_bytes(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_int_equal(buf_add(&b, "a\0b", 3), 0);
    assert_int_equal(buf_addch(&b, '\0'), 0);
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "a\0b\0", 5);
    buf_release(&b);
}

/* Every maximum, and adds of every size around it. */
static void test_stops_at_maximum(void **state)
{
    static const char text[] = "0123456789";

    (void)state;
    for (size_t max = 0; max <= 200; max++) {
        for (size_t n = 1; n <= 10; n++) {
            struct buf b;

            buf_init(&b, max);
            while (max - b.len >= n)
                assert_int_equal(buf_add(&b, text, n), 0);
            assert_int_equal(buf_add(&b, text, n), -ENOBUFS);
            assert_int_equal(buf_addf(&b, "%.*s", (int)n, text), -ENOBUFS);
            assert_int_equal(b.len, max / n * n);
            assert_int_equal(b.data[b.len], '\0');
            assert_true(b.cap <= max + 1);
            buf_release(&b);
        }
    }
}

static void test_unbounded_maximum(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_addstr(&b, "text"), 0);
    assert_string_equal(b.data, "text");
    buf_release(&b);
}

static void test_truncates(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    buf_truncate(&b, 0);
    assert_int_equal(buf_addstr(&b, "abcdef"), 0);
    buf_truncate(&b, 7);
    assert_string_equal(b.data, "abcdef");
    buf_truncate(&b, 2);
    assert_string_equal(b.data, "ab");
    assert_int_equal(b.len, 2);
    buf_release(&b);
}

static void test_detaches(void **state)
{
    struct buf b;
    char *text;

    (void)state;
    buf_init(&b, 4);
    text = buf_detach(&b);
    assert_string_equal(text, "");
    free(text);

    assert_int_equal(buf_addstr(&b, "four"), 0);
    text = buf_detach(&b);
    assert_string_equal(text, "four");
    free(text);

    assert_int_equal(b.len, 0);
    assert_int_equal(buf_addstr(&b, "more"), 0);
    assert_int_equal(buf_addstr(&b, "!"), -ENOBUFS);
    assert_string_equal(b.data, "more");
    buf_release(&b);
}

static void test_zeroed_is_releasable(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_release(&b);
    buf_release(&b);
    assert_null(b.data);
}

static void test_fail_sets_the_text(void **state)
{
    struct buf err;

    (void)state;
    assert_int_equal(buf_fail(NULL, -EIO, "%s", "unseen"), -EIO);

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(buf_fail(&err, -EINVAL, "line %d", 3), -EINVAL);
    assert_string_equal(err.data, "line 3");
    assert_int_equal(buf_fail(&err, -ENOENT, "a.json: %s", err.data), -ENOENT);
    assert_string_equal(err.data, "a.json: line 3");
    buf_release(&err);
}

static void test_fail_cuts_between_characters(void **state)
{
    static const char *const expected[] = {
        "", "a", "a", "a\xc3\xbc", "a\xc3\xbc", "a\xc3\xbc", "a\xc3\xbc\xe2\x82\xac"};

    (void)state;
    for (size_t max = 0; max < 7; max++) {
        struct buf err;

        buf_init(&err, max);
        buf_fail(&err, -EIO, "a\xc3\xbc\xe2\x82\xac");
        assert_string_equal(err.data, expected[max]);
        buf_release(&err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_takes_any_bytes),
        cmocka_unit_test(test_stops_at_maximum),
        cmocka_unit_test(test_unbounded_maximum),
        cmocka_unit_test(test_truncates),
        cmocka_unit_test(test_detaches),
        cmocka_unit_test(test_zeroed_is_releasable),
        cmocka_unit_test(test_fail_sets_the_text),
        cmocka_unit_test(test_fail_cuts_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
