#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <stdlib.h>
#include <string.h>

/* Every kind of thing; ASCII and one line, so that column - 1 is the offset. */
static const char sample[] =
    " { \"a\\u00fc\\ud83d\\ude00\\n\\\"\" : [ 1 , -0 , 2.50e+10, 0.1E-2 , [ ] , { } , [[]] ] ,"
    "\t\"\":{\"x\":true,\"y\":false,\"z\":null,\"\\/\\\\\\b\\f\\r\\t\":\"\\uFfFf\"},\"b\":[12]}";

static void check(const char *text, size_t len, enum json_shape shape, unsigned line,
                  unsigned column)
{
    struct json_where where = {7, 7};
    char *copy =
        xmalloc(len); /* of its very size: a read behind the end is seen by the sanitizer */
    enum json_shape got;

    if (len)
        memcpy(copy, text, len);
    got = json_scan(copy, len, &where);
    if (got != shape || where.line != line || where.column != column)
        fail_msg("'%.*s': shape %d at %u:%u, expected %d at %u:%u", (int)len, text, got, where.line,
                 where.column, shape, line, column);
    assert_int_equal(json_scan(copy, len, NULL), shape);
    free(copy);
}

static void test_every_prefix_is_partial(void **state)
{
    size_t len = strlen(sample);

    (void)state;
    check(sample, len, JSON_COMPLETE, 7, 7);
    for (size_t n = 0; n < len; n++)
        check(sample, n, n < 2 ? JSON_EMPTY : JSON_PARTIAL, 1, (unsigned)n + 1);
}

static void test_empty(void **state)
{
    (void)state;
    check("", 0, JSON_EMPTY, 1, 1);
    check(" \t\r\n ", 5, JSON_EMPTY, 2, 2);
    check("\0\0\0", 3, JSON_EMPTY, 1, 4);
    check(" \0\n\0", 4, JSON_EMPTY, 2, 2);
}

static void test_complete(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "12",
        "-0",
        "0.5",
        "1e5",
        "1E+05",
        " null ",
        "true\n",
        "false",
        "\"\"",
        "\"\\u0001\"",
        "\"\x7f\"",
        "[1,2]",
        "{\"a\":{}}",
        "\r\n{}\r\n",
        "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"",
        "\"\\ud83d\\ude00\"",
        "{\"a\":1,\"a\":2}",
        "1234567890123456789012345678901234567890123456789012345678901234567890e-1000000000",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        check(texts[i], strlen(texts[i]), JSON_COMPLETE, 7, 7);
}

static void test_partial(void **state)
{
    static const char *const texts[] = {
        "tru",     "n",         "-",           "1.",           "1e",
        "1e+",     "[12",       "\"a",         "\"a\\",        "\"\\u",
        "\"\\u00", "\"\\ud83d", "\"\\ud83d\\", "\"\\ud83d\\u", "\"\\ud83d\\ud",
        "{\"a\":", "{\"a\"",    "{\"a",        "{\"a\":1",     "{\"a\":1,",
        "[",       "[1,",       "[[]",         "{\"a\":[{}",   "\"\\u000",
        "\"\\ud",  "[-",        "[1.5e-",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        check(texts[i], strlen(texts[i]), JSON_PARTIAL, 1, (unsigned)strlen(texts[i]) + 1);
    check("{\n  \"a\": 1,\n  \"", 15, JSON_PARTIAL, 3, 4);
    check("\"\xe2\x82", 3, JSON_PARTIAL, 1, 3);
    check("\"\xf0", 2, JSON_PARTIAL, 1, 3);
}

static void test_malformed(void **state)
{
    static const struct {
        const char *text;
        unsigned line, column;
    } table[] = {
        {"{\"a\" 1}", 1, 6},
        {"{\"a\" 1", 1, 6},
        {"{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3},
        {"{\"a\":1,}", 1, 8},
        {"[1,]", 1, 4},
        {"[,", 1, 2},
        {"{,", 1, 2},
        {"{1", 1, 2},
        {"{a", 1, 2},
        {"{'a'", 1, 2},
        {"[1 2", 1, 4},
        {"[1}", 1, 3},
        {"{\"a\":1]", 1, 7},
        {"{]", 1, 2},
        {"[}", 1, 2},
        {"]", 1, 1},
        {"}", 1, 1},
        {":", 1, 1},
        {"{\"a\"::", 1, 6},
        {"{\"a\":,", 1, 6},
        {"{\"a\",", 1, 5},
        {"{} x", 1, 4},
        {"{}{}", 1, 3},
        {"1 2", 1, 3},
        {"tru ", 1, 4},
        {"trux", 1, 4},
        {"True", 1, 1},
        {"nul1", 1, 4},
        {"NaN", 1, 1},
        {"truee", 1, 5},
        {"01", 1, 2},
        {"-01", 1, 3},
        {"+1", 1, 1},
        {".5", 1, 1},
        {"1.x", 1, 3},
        {"[1.]", 1, 4},
        {"1.e5", 1, 3},
        {"1ex", 1, 3},
        {"1e+x", 1, 4},
        {"-x", 1, 2},
        {"- 1", 1, 2},
        {"1.2.3", 1, 4},
        {"0x10", 1, 2},
        {"\"a\nb\"", 1, 3},
        {"\"a\tb\"", 1, 3},
        {"\"\x1f\"", 1, 2},
        {"\"\\x\"", 1, 3},
        {"\"\\u12g4\"", 1, 6},
        {"\"\\u0000\"", 1, 7},
        {"\"\\u0000", 1, 7},
        {"\"\\udc00\"", 1, 5},
        {"\"\\udc", 1, 5},
        {"\"\\ud83d\"", 1, 8},
        {"\"\\ud83dx", 1, 8},
        {"\"\\ud83d\\n", 1, 9},
        {"\"\\ud83d\\ud83d", 1, 11},
        {"\"\\ud83d\\u0041", 1, 10},
        {"// x", 1, 1},
        {"{/* x */}", 1, 2},
        {"\xef\xbb\xbf{}", 1, 1},
        {"\xc3\xbc", 1, 1},
        {"\"\x80\"", 1, 2},
        {"\"\xff\"", 1, 2},
        {"\"\xc0\xaf\"", 1, 2},
        {"\"\xc3\"", 1, 3},
        {"\"\xe0\x80", 1, 3},
        {"\"\xed\xa0\x80\"", 1, 3},
        {"\"\xf4\x90", 1, 3},
        {"\"\xe2\x82\"", 1, 3},
        {"\"\xc3\xbc\xe2\x82\xac\" x", 1, 6},
        {"{\"a\":1}\n{\"a\":2}\n", 2, 1},
        {"\r\n\r\n  ?", 3, 3},
        {"<html>", 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        check(table[i].text, strlen(table[i].text), JSON_MALFORMED, table[i].line, table[i].column);
}

static void test_nul_bytes_in_a_text(void **state)
{
    (void)state;
    check("{}\0", 3, JSON_MALFORMED, 1, 3);
    check("\0{}", 3, JSON_MALFORMED, 1, 1);
    check("{\"a\":1\0\0\0", 9, JSON_MALFORMED, 1, 7);
    check("\"a\0b\"", 5, JSON_MALFORMED, 1, 3);
    check("1\0", 2, JSON_MALFORMED, 1, 2);
}

static void test_depth(void **state)
{
    size_t max = JSON_DEPTH_MAX;
    char *text = xmalloc(2 * max + 2);
    cJSON *value;

    (void)state;
    memset(text, '[', max);
    memset(text + max, ']', max);
    check(text, max, JSON_PARTIAL, 1, (unsigned)max + 1);
    check(text, 2 * max, JSON_COMPLETE, 7, 7);
    assert_int_equal(json_parse_any(text, 2 * max, &value, NULL), 0);
    assert_false(json_equal(value, value->child));
    cJSON_Delete(value);
    memset(text, '[', max + 1);
    check(text, max + 1, JSON_MALFORMED, 1, (unsigned)max + 1);
    free(text);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return false;
    }
    return true;
}

/*
 * What the shapes promise, over many damaged texts: a malformed one is malformed from exactly the
 * named byte on, and whatever follows; what is complete, the parser takes.
 */
static void test_damaged_texts(void **state)
{
    static const char alphabet[] = "{}[]\",:\\ue01.-+ tfn d8c/x\xc3\xbc";
    char text[sizeof(sample)];
    uint32_t seed = 1;
    int malformed = 0;
    int parsed = 0;

    (void)state;
    for (int round = 0; round < 100000; round++) {
        size_t len = 1 + next_random(&seed) % (sizeof(sample) - 1);
        size_t start = next_random(&seed) % (sizeof(sample) - len);
        struct json_where where;
        cJSON *value;

        if (round % 2)
            start = 0;
        memcpy(text, sample + start, len);
        for (uint32_t n = next_random(&seed) % 3; n > 0; n--)
            text[next_random(&seed) % len] = alphabet[next_random(&seed) % (sizeof(alphabet) - 1)];

        switch (json_scan(text, len, &where)) {
        case JSON_MALFORMED:
            malformed++;
            if (is_ascii(text, len)) {
                assert_in_range(where.column, 1, len);
                assert_int_equal(json_scan(text, where.column, NULL), JSON_MALFORMED);
                assert_int_not_equal(json_scan(text, where.column - 1, NULL), JSON_MALFORMED);
            }
            break;
        case JSON_COMPLETE:
            parsed++;
            assert_int_equal(json_parse_any(text, len, &value, NULL), 0);
            cJSON_Delete(value);
            break;
        case JSON_PARTIAL:
        case JSON_EMPTY:
            assert_int_not_equal(json_scan(text, len - 1, NULL), JSON_MALFORMED);
            break;
        }
    }
    assert_true(malformed > 1000);
    assert_true(parsed > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_prefix_is_partial),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_nul_bytes_in_a_text),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_damaged_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
