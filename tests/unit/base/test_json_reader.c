#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json_reader.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

static void assert_token(struct json_reader *r, enum json_token token, const char *text)
{
    assert_int_equal(json_next(r), token);
    assert_int_equal(r->length, strlen(text));
    assert_memory_equal(r->start, text, r->length);
}

static void test_tokens(void **state)
{
    static const char text[] = " {\"a\" : [1.50, -0,\"x\\n\"], \"b\":{} ,\"c\":null,\"d\":true} ";
    struct json_reader r;
    char *string;

    (void)state;
    json_reader_init(&r, text, strlen(text));
    assert_token(&r, JSON_OBJECT, "{");
    assert_token(&r, JSON_NAME, "a");
    assert_true(json_reader_is(&r, "a"));
    assert_false(json_reader_is(&r, "ab"));
    assert_false(json_reader_is(&r, ""));
    assert_token(&r, JSON_ARRAY, "[");
    assert_int_equal(r.depth, 2);
    assert_token(&r, JSON_NUMBER, "1.50");
    assert_token(&r, JSON_NUMBER, "-0");
    assert_token(&r, JSON_STRING, "x\\n");
    assert_false(r.plain);
    assert_true(json_reader_is(&r, "x\n"));
    string = json_reader_string(&r);
    assert_string_equal(string, "x\n");
    free(string);
    assert_token(&r, JSON_ARRAY_END, "]");
    assert_token(&r, JSON_NAME, "b");
    assert_true(r.plain);
    assert_token(&r, JSON_OBJECT, "{");
    assert_token(&r, JSON_OBJECT_END, "}");
    assert_token(&r, JSON_NAME, "c");
    assert_token(&r, JSON_NULL, "null");
    assert_token(&r, JSON_NAME, "d");
    assert_token(&r, JSON_TRUE, "true");
    assert_token(&r, JSON_OBJECT_END, "}");
    assert_int_equal(json_next(&r), JSON_END);
    assert_int_equal(json_next(&r), JSON_END);
    assert_false(r.mended);
}

/* Of every length around eight bytes, with each byte that ends a run at each place. */
static void test_plain_strings_of_any_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < 40; len++) {
        for (size_t at = 0; at <= len; at++) {
            char text[64] = "\"", *string;
            struct json_reader r;

            memset(text + 1, 'x', len);
            strcpy(text + 1 + at, "\\\"");
            if (at < len)
                memset(text + 3 + at, 'y', len - at);
            strcpy(text + 3 + len, "\"");
            json_reader_init(&r, text, strlen(text));
            assert_int_equal(json_next(&r), JSON_STRING);
            assert_int_equal(json_next(&r), JSON_END);
            string = json_reader_string(&r);
            assert_int_equal(strlen(string), len + 1);
            assert_int_equal(string[at], '"');
            free(string);
        }
    }
}

static void test_skips_what_is_too_deep(void **state)
{
    const size_t deep = 3000;
    char *text = xmalloc(2 * deep + 64);
    struct json_reader r;

    (void)state;
    strcpy(text, "[{\"a\":\"]}\\\"\"},");
    size_t at = strlen(text);
    memset(text + at, '[', deep);
    memset(text + at + deep, ']', deep);
    strcpy(text + at + 2 * deep, ",7]");

    json_reader_init(&r, text, strlen(text));
    assert_int_equal(json_next(&r), JSON_ARRAY);
    assert_int_equal(json_next(&r), JSON_OBJECT);
    assert_int_equal(json_skip(&r), JSON_OBJECT);
    assert_int_equal(r.length, strlen("{\"a\":\"]}\\\"\"}"));
    assert_int_equal(json_next(&r), JSON_ARRAY);
    assert_int_equal(json_skip(&r), JSON_OBJECT);
    assert_int_equal(r.length, 2 * deep);
    assert_token(&r, JSON_NUMBER, "7");
    assert_int_equal(json_next(&r), JSON_ARRAY_END);
    assert_int_equal(json_next(&r), JSON_END);

    json_reader_init(&r, text, at + deep + 5);
    json_next(&r);
    json_next(&r);
    json_skip(&r);
    json_next(&r);
    assert_int_equal(json_skip(&r), JSON_CUT);
    free(text);
}

/* Whatever is in a string, it comes out as UTF-8 without a NUL, and the text goes on behind it. */
static void test_mends_any_bytes(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char text[64] = "[\"";
        struct json_reader r;
        char *string;
        size_t len = 2;

        for (int n = 0; n < 12; n++) {
            static const char *const pieces[] = {"\\u0000", "\\ud83d",  "\\ude00", "\\n",
                                                 "x",       "\xe2\x82", "\xac"};

            seed = seed * 1664525u + 1013904223u;
            uint32_t dice = seed >> 16;
            const char *piece = pieces[dice % 7];

            if (dice & 0x100) {
                char byte = (char)(dice >> 9);

                text[len++] = byte == '"' || byte == '\\' ? ' ' : byte;
            } else if (len + strlen(piece) < 32) {
                memcpy(text + len, piece, strlen(piece));
                len += strlen(piece);
            }
        }
        memcpy(text + len, "\",1]", 4);
        json_reader_init(&r, text, len + 4);
        r.mend = true;
        assert_int_equal(json_next(&r), JSON_ARRAY);
        assert_int_equal(json_next(&r), JSON_STRING);
        string = json_reader_string(&r);
        assert_true(str_is_utf8(string, strlen(string)));
        free(string);
        assert_token(&r, JSON_NUMBER, "1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_plain_strings_of_any_length),
        cmocka_unit_test(test_skips_what_is_too_deep),
        cmocka_unit_test(test_mends_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
