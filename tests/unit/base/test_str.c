#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void test_compares(void **state)
{
    (void)state;
    assert_true(str_eq("a", "a"));
    assert_false(str_eq("a", "A"));
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_false(str_eq("", NULL));
    assert_true(str_starts("abc", "ab"));
    assert_true(str_starts("abc", ""));
    assert_false(str_starts("a", "ab"));
    assert_true(str_ends("x.json", ".json"));
    assert_true(str_ends(".json", ".json"));
    assert_false(str_ends("json", ".json"));
}

/* The reference values of the FNV authors. */
static void test_hashes(void **state)
{
    (void)state;
    assert_true(str_hash(0, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(str_hash(0, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(str_hash(0, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(str_hash(str_hash(0, "foo", 3), "bar", 3) == str_hash(0, "foobar", 6));
}

static void test_percent_encodes_once_and_twice(void **state)
{
    struct buf once, twice;

    (void)state;
    buf_init(&once, 1000);
    buf_init(&twice, 1000);
    assert_int_equal(str_percent_encode(&once, "AAMk=/+ \xc3\xbc~-._", 14), 0);
    assert_string_equal(once.data, "AAMk%3D%2F%2B%20%C3%BC~-._");
    assert_int_equal(str_percent_encode(&twice, once.data, once.len), 0);
    assert_string_equal(twice.data, "AAMk%253D%252F%252B%2520%25C3%25BC~-._");
    buf_release(&twice);
    buf_release(&once);
}

static void test_percent_decodes_what_it_encodes(void **state)
{
    struct buf once, twice, back, all;
    char bytes[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    buf_init(&once, 4096);
    buf_init(&twice, 4096);
    buf_init(&back, 4096);
    buf_init(&all, 4096);
    assert_int_equal(str_percent_encode(&once, bytes, sizeof(bytes)), 0);
    assert_int_equal(once.len, 66 + 190 * 3);
    assert_int_equal(str_percent_encode(&twice, once.data, once.len), 0);
    assert_int_equal(str_percent_decode(&back, twice.data, twice.len), 0);
    assert_string_equal(back.data, once.data);
    assert_int_equal(str_percent_decode(&all, back.data, back.len), 0);
    assert_int_equal(all.len, sizeof(bytes));
    assert_memory_equal(all.data, bytes, sizeof(bytes));
    buf_release(&all);
    buf_release(&back);
    buf_release(&twice);
    buf_release(&once);
}

static void test_percent_decode_is_strict(void **state)
{
    static const char *const wrong[] = {"%",     "ab%",  "ab%4", "ab%4g",
                                        "ab%g4", "%%41", "% 41", "%-1"};
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    assert_int_equal(buf_addstr(&out, "kept"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(str_percent_decode(&out, wrong[i], strlen(wrong[i])), -EINVAL);
        assert_string_equal(out.data, "kept");
    }
    assert_int_equal(str_percent_decode(&out, "%41", 2), -EINVAL);
    assert_int_equal(str_percent_decode(&out, "+%2b%2B", 7), 0);
    assert_string_equal(out.data, "kept+++");
    buf_release(&out);
}

static void test_percent_adds_all_or_nothing(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 5);
    assert_int_equal(str_percent_encode(&out, "abc=", 4), -ENOBUFS);
    assert_int_equal(out.len, 0);
    assert_int_equal(str_percent_encode(&out, "ab=", 3), 0);
    assert_string_equal(out.data, "ab%3D");
    assert_int_equal(str_percent_decode(&out, "x", 1), -ENOBUFS);
    assert_string_equal(out.data, "ab%3D");
    buf_release(&out);
}

static void test_utf8(void **state)
{
    static const char *const right[] = {"",
                                        "a",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80z"};
    static const char *const wrong[] = {"\x80",
                                        "\xbf",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xc2",
                                        "\xc2\x41",
                                        "\xc2\xc2",
                                        "\xe0\x80\x80",
                                        "\xe0\x9f\xbf",
                                        "\xe2\x82",
                                        "\xe2\x82\x41",
                                        "\xed\xa0\x80",
                                        "\xed\xbf\xbf",
                                        "\xf0\x9f\x98",
                                        "\xf0\x80\x80\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xfe",
                                        "\xff",
                                        "ab\xff"
                                        "cd"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(right); i++)
        assert_true(str_is_utf8(right[i], strlen(right[i])));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_false(str_is_utf8(wrong[i], strlen(wrong[i])));
    assert_true(str_is_utf8("a\0b", 3));
}

static int64_t parse(const char *text)
{
    int64_t ns = -1;

    assert_int_equal(str_parse_time(text, &ns), 0);
    return ns;
}

static void test_parses_times(void **state)
{
    const int64_t t = INT64_C(1702964631) * NS_PER_S; /* date -d 2023-12-19T05:43:51Z +%s */

    (void)state;
    assert_int_equal(parse("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parse("2023-12-19T05:43:51+00:00"), t);
    assert_int_equal(parse("2023-12-19T05:43:51Z"), t);
    assert_int_equal(parse("2023-12-19T05:43:51"), t);
    assert_int_equal(parse("2023-12-19T06:43:51+01:00"), t);
    assert_int_equal(parse("2023-12-19T00:13:51-05:30"), t);
    assert_int_equal(parse("2023-12-19"), (t / NS_PER_S - 5 * 3600 - 43 * 60 - 51) * NS_PER_S);
    assert_int_equal(parse("1969-12-31T23:59:59.5Z"), -NS_PER_S / 2);
    assert_int_equal(parse("2262-04-11T23:47:16Z"), INT64_C(9223372036) * NS_PER_S);
    assert_int_equal(parse("1677-09-21T00:12:44Z"), INT64_C(-9223372036) * NS_PER_S);
}

static void test_parses_zero_to_seven_digits(void **state)
{
    static const char digits[] = "1234567";
    static const char *const zones[] = {"", "Z", "+00:00"};

    (void)state;
    for (int n = 1; n <= 7; n++) {
        int64_t expected = 0;

        for (int i = 0; i < 9; i++)
            expected = expected * 10 + (i < n ? digits[i] - '0' : 0);
        for (size_t z = 0; z < ARRAY_SIZE(zones); z++) {
            char *text = xasprintf("1970-01-01T00:00:00.%.*s%s", n, digits, zones[z]);

            assert_int_equal(parse(text), expected);
            free(text);
        }
    }
}

/* Each day that 64 bits reach has the number that the C library gives it. */
static void test_parses_every_day(void **state)
{
    (void)state;
    for (int64_t day = -106751; day <= 106751; day++) {
        time_t seconds = day * 86400;
        struct tm tm;
        char text[32];

        gmtime_r(&seconds, &tm);
        strftime(text, sizeof(text), "%Y-%m-%d", &tm);
        assert_int_equal(parse(text), day * 86400 * NS_PER_S);
    }
}

static void test_refuses_what_is_no_time(void **state)
{
    static const char *const wrong[] = {
        "",
        "yesterday",
        "2023",
        "2023-12",
        "2023-1-02",
        "2023-00-10",
        "2023-13-10",
        "2023-02-29",
        "1900-02-29",
        "2024-02-30",
        "2023-04-31",
        "2023-12-00",
        "0000-01-01",
        "2023-12-19T",
        "2023-12-19 05:43:51",
        "2023-12-19T05:43",
        "2023-12-19T24:00:00",
        "2023-12-19T05:60:00",
        "2023-12-19T05:43:60",
        "2023-12-19T05:43:51.",
        "2023-12-19T05:43:51.Z",
        "2023-12-19T05:43:51.12345678",
        "2023-12-19T05:43:51z",
        "2023-12-19T05:43:51ZZ",
        "2023-12-19T05:43:51+0000",
        "2023-12-19T05:43:51+00:0",
        "2023-12-19T05:43:51+24:00",
        "2023-12-19T05:43:51+00:60",
        "2023-12-19T05:43:51+00:00x",
        "2023-12-19Z",
        " 2023-12-19",
        "2023-12-19 ",
        "+023-12-19",
    };
    int64_t ns = 42;

    (void)state;
    assert_int_equal(str_parse_time(NULL, &ns), -EINVAL);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        if (str_parse_time(wrong[i], &ns) != -EINVAL)
            fail_msg("taken as a time: %s", wrong[i]);
    }
    assert_int_equal(ns, 42);
}

static void test_none_is_out_of_range(void **state)
{
    static const char *const out[] = {
        "0001-01-01T00:00:00+00:00",    "0001-01-01T00:00:00Z", "0001-01-01",
        "9999-12-31T23:59:59.9999999Z", "2262-04-11T23:47:17Z", "1677-09-21T00:12:43Z",
    };
    int64_t ns = 42;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(out); i++)
        assert_int_equal(str_parse_time(out[i], &ns), -ERANGE);
    assert_int_equal(ns, 42);
}

static void test_formats_times(void **state)
{
    char text[32];

    (void)state;
    str_format_time(INT64_C(1702964631) * NS_PER_S + 999999999, text);
    assert_string_equal(text, "2023-12-19T05:43:51+00:00");
    str_format_time(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00+00:00");
    str_format_time(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59+00:00");
    str_format_time(-NS_PER_S, text);
    assert_string_equal(text, "1969-12-31T23:59:59+00:00");
    str_format_time(INT64_MIN, text);
    assert_string_equal(text, "1677-09-21T00:12:43+00:00");
    str_format_time(INT64_MAX, text);
    assert_string_equal(text, "2262-04-11T23:47:16+00:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compares),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_percent_encodes_once_and_twice),
        cmocka_unit_test(test_percent_decodes_what_it_encodes),
        cmocka_unit_test(test_percent_decode_is_strict),
        cmocka_unit_test(test_percent_adds_all_or_nothing),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_parses_times),
        cmocka_unit_test(test_parses_zero_to_seven_digits),
        cmocka_unit_test(test_parses_every_day),
        cmocka_unit_test(test_refuses_what_is_no_time),
        cmocka_unit_test(test_none_is_out_of_range),
        cmocka_unit_test(test_formats_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
