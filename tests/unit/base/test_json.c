#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *parse(const char *text)
{
    cJSON *value = NULL;

    assert_int_equal(json_parse_any(text, strlen(text), &value, NULL), 0);
    assert_non_null(value);
    return value;
}

static void test_parses_objects_only(void **state)
{
    cJSON *value = NULL;
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(json_parse_object("{\"a\":1} junk", 7, &value, &err), 0);
    assert_int_equal(json_int(value, "a", 0), 1);
    cJSON_Delete(value);

    value = NULL;
    assert_int_equal(json_parse_object("[1]", 3, &value, &err), -EINVAL);
    assert_string_equal(err.data, "1:1: expected an object: { \"name\": value, ... }");
    assert_null(value);
    assert_int_equal(json_parse_object("12", 2, &value, NULL), -EINVAL);
    assert_int_equal(json_parse_any("12", 2, &value, &err), 0);
    assert_true(value->valuedouble == 12);
    cJSON_Delete(value);
    buf_release(&err);
}

static void test_mends_what_no_string_can_hold(void **state)
{
    static const struct {
        const char *text, *expected; /* NULL: it cannot be mended */
        bool mended;
    } table[] = {
        {"\"a\\u0000b\"",
         "a\xef\xbf\xbd"
         "b",
         true},
        {"\"\\ud83d\"", "\xef\xbf\xbd", true},
        {"\"\\uDE00x\"", "\xef\xbf\xbdx", true},
        {"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80", true},
        {"\"\\ud83d\\u0000\"", "\xef\xbf\xbd\xef\xbf\xbd", true},
        {"\"\\ud83d\\n\"", "\xef\xbf\xbd\n", true},
        {"\"\\\\u0000\\\\\\u0000\"", "\\u0000\\\xef\xbf\xbd", true},
        {"\"\\ud83d\\ude00\\u0041\"",
         "\xf0\x9f\x98\x80"
         "A",
         false},
        {"\"\\\\u0000\"", "\\u0000", false},
        {"\"\xff\"", "\xef\xbf\xbd", true},
        {"\"a\xe2\x82z\xc3\"", "a\xef\xbf\xbdz\xef\xbf\xbd", true},
        {"\"a\tb\\n\"", "a\tb\n", false},
        {"\"\\u00", NULL, false},
        {"\"\xe2\x82", NULL, false},
        {"\"\\x\"", NULL, false},
        {"\"\\u0000\" x", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        bool mended = !table[i].mended;
        cJSON *value = NULL;
        int rc = json_parse_mended(table[i].text, strlen(table[i].text), &value, &mended, NULL);

        assert_int_equal(rc, table[i].expected ? 0 : -EINVAL);
        if (rc)
            continue;
        assert_string_equal(value->valuestring, table[i].expected);
        assert_int_equal(mended, table[i].mended);
        cJSON_Delete(value);
    }
}

static void test_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *expected;
    } table[] = {
        {"", "1:1: the text is empty"},
        {"{\n  \"a\": 1\n  \"b\": 2\n}\n", "3:3: expected a comma or }"},
        {"{\"a\" 1}", "1:6: expected a colon"},
        {"[1 2]", "1:4: expected a comma or ]"},
        {"{\"a\":1,}", "1:8: expected a member name in \" \""},
        {"{} {}", "1:4: expected nothing more"},
        {"{\"a\":", "1:6: the text is not complete"},
        {"{\"a", "1:4: the text ends inside a string"},
        {"\"\\u0000\"", "1:7: a NUL character (\\u0000) is not supported"},
        {"\"\\ud800\"", "1:8: half of a surrogate pair"},
        {"\"\xff\"", "1:2: not UTF-8"},
        {"{\"a\":01}", "1:7: a number has no leading zeros"},
    };
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        cJSON *value = NULL;

        assert_int_equal(json_parse_any(table[i].text, strlen(table[i].text), &value, &err),
                         -EINVAL);
        assert_string_equal(err.data, table[i].expected);
        assert_null(value);
    }
    buf_release(&err);
}

static void test_refuses_what_is_too_large(void **state)
{
    cJSON *value = NULL;
    struct buf err;

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(json_parse_any("{}", JSON_TEXT_MAX + 1, &value, &err), -EINVAL);
    assert_string_equal(err.data, "the text is larger than 80 MB");
    buf_release(&err);
}

static void test_gets_members(void **state)
{
    cJSON *obj = parse("{\"s\":\"text\",\"n\":null,\"t\":true,\"f\":false,\"i\":-7,\"d\":1.5,"
                       "\"big\":9007199254740992,\"huge\":1e30,\"max\":9223372036854775808,"
                       "\"min\":-9223372036854775808,\"exact\":9007199254740993,\"e\":12e2,\"o\":{"
                       "\"x\":1},\"dup\":1,\"dup\":2}");

    (void)state;
    assert_string_equal(json_str(obj, "s"), "text");
    assert_null(json_str(obj, "S"));
    assert_null(json_str(obj, "n"));
    assert_null(json_str(obj, "i"));
    assert_null(json_str(NULL, "s"));

    assert_true(json_bool(obj, "t", false));
    assert_false(json_bool(obj, "f", true));
    assert_true(json_bool(obj, "n", true));
    assert_false(json_bool(obj, "none", false));
    assert_true(json_bool(obj, "i", true));

    assert_int_equal(json_int(obj, "i", 0), -7);
    assert_int_equal(json_int(obj, "big", 0), INT64_C(9007199254740992));
    assert_int_equal(json_int(obj, "min", 0), INT64_MIN);
    assert_int_equal(json_int(obj, "exact", 0), INT64_C(9007199254740993));
    assert_int_equal(json_int(obj, "e", 0), 1200);
    assert_int_equal(json_int(obj, "max", 42), 42);
    assert_int_equal(json_int(obj, "huge", 42), 42);
    assert_int_equal(json_int(obj, "d", 42), 42);
    assert_int_equal(json_int(obj, "s", 42), 42);
    assert_int_equal(json_int(obj, "none", 42), 42);
    assert_int_equal(json_int(obj, "dup", 0), 2);

    assert_true(cJSON_IsObject(json_get(obj, "o")));
    assert_null(json_get(obj, "O"));
    cJSON_Delete(obj);
}

static void test_equal(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } table[] = {
        {"{}", "{}", true},
        {"{}", "[]", false},
        {"[]", "[1]", false},
        {"[1]", "[]", false},
        {"[1,2]", "[1,2]", true},
        {"[1,2]", "[2,1]", false},
        {"1", "1.0", true},
        {"100", "1e2", true},
        {"-0", "0", true},
        {"1", "2", false},
        {"1.10", "1.1", true},
        {"11e-1", "1.1", true},
        {"0.011E+2", "1.1", true},
        {"120", "12", false},
        {"0.12", "0.012", false},
        {"-1", "1", false},
        {"1e400", "1e401", false},
        {"1e400", "10e399", true},
        {"0e99999999999999999999", "0.00", true},
        {"1e99999999999999999999", "1e-99999999999999999999", false},
        {"9007199254740993", "9007199254740992", false},
        {"9007199254740993", "9007199254740993.0", true},
        {"47.639631234567894", "47.6396312345679", false},
        {"101", "11", false},
        {"10.1", "1.01", false},
        {"1", "\"1\"", false},
        {"true", "true", true},
        {"true", "false", false},
        {"null", "false", false},
        {"null", "null", true},
        {"\"a\"", "\"\\u0061\"", true},
        {"\"a\"", "\"A\"", false},
        {"{\"a\":1,\"b\":[{\"c\":2,\"d\":3}]}", "{\"b\":[{\"d\":3,\"c\":2}],\"a\":1}", true},
        {"{\"a\":1,\"b\":2}", "{\"a\":1}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
        {"{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}", false},
        {"{\"a\":1}", "{\"A\":1}", false},
        {"{\"a\":null}", "{}", false},
        {"{\"a\":null}", "{\"b\":null}", false},
        {"{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}", true},
        {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"{\"a\":1,\"b\":1}", "{\"a\":1,\"a\":1}", false},
        {"{\"b\":1,\"a\":1}", "{\"a\":1,\"a\":1}", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        cJSON *a = parse(table[i].a);
        cJSON *b = parse(table[i].b);

        if (json_equal(a, b) != table[i].equal || json_equal(b, a) != table[i].equal)
            fail_msg("%s and %s", table[i].a, table[i].b);
        assert_true(json_equal(a, a));
        assert_false(json_equal(a, NULL));
        assert_false(json_equal(NULL, a));
        cJSON_Delete(b);
        cJSON_Delete(a);
    }
    assert_true(json_equal(NULL, NULL));
}

static void assert_printed(const char *text, const char *expected)
{
    cJSON *value = parse(text);
    cJSON *copy = cJSON_Duplicate(value, true);
    char *printed = json_print(value);

    assert_string_equal(printed, expected);
    free(printed);
    printed = json_print(copy);
    assert_string_equal(printed, expected);
    free(printed);
    cJSON_Delete(copy);
    cJSON_Delete(value);
}

static void test_prints_what_was_read(void **state)
{
    static const char *const texts[] = {
        "[1.10,-0,0.0,1e400,1E+2,9007199254740993,47.639631234567894,-1.5e-300]",
        "{\"a\":{},\"b\":[],\"c\":[true,false,null,\"x\"],\"\":\"\"}",
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xa9\xf0\x9f\x98\x80\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_printed(texts[i], texts[i]);
    assert_printed(" { \"a\" : [ 1 , 2 ] , \"\\u0062\" : \"\\/\\ud83d\\ude00\" } ",
                   "{\"a\":[1,2],\"b\":\"/\xf0\x9f\x98\x80\"}");
}

static void test_the_last_of_a_name_counts(void **state)
{
    struct buf text, expected;

    (void)state;
    assert_printed("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
    assert_printed("{\"a\":1,\"\\u0061\":{\"x\":1,\"x\":[2]}}", "{\"a\":{\"x\":[2]}}");
    assert_printed("[{\"a\":1,\"a\":2},{\"a\":3}]", "[{\"a\":2},{\"a\":3}]");

    /* More than a small table has room for. */
    buf_init(&text, 1 << 20);
    buf_init(&expected, 1 << 20);
    for (int i = 0; i < 2000; i++) {
        buf_addf(&text, "%s\"n%d\":%d", i ? "," : "{", i % 1000, i);
        if (i >= 1000)
            buf_addf(&expected, "%s\"n%d\":%d", i > 1000 ? "," : "{", i % 1000, i);
    }
    buf_addch(&text, '}');
    buf_addch(&expected, '}');
    assert_printed(text.data, expected.data);
    buf_release(&text);
    buf_release(&expected);
}

static void test_finds_in_any_order(void **state)
{
    (void)state;
    for (int count = 0; count < 40; count += 3) {
        cJSON *obj = cJSON_CreateObject();
        struct json_finder find;

        for (int i = 0; i < count; i++) {
            char name[16];

            snprintf(name, sizeof(name), "m%d", i);
            cJSON_AddNumberToObject(obj, name, i);
        }
        json_finder_init(&find, obj);
        for (int i = 0; i < 3 * count; i++) {
            int which = i < count ? i : i * 7 % (count + 1);
            char name[16];

            snprintf(name, sizeof(name), "m%d", which);
            assert_ptr_equal(json_find(&find, name), json_get(obj, name));
        }
        json_finder_release(&find);
        cJSON_Delete(obj);
    }
    struct json_finder none;
    json_finder_init(&none, NULL);
    assert_null(json_find(&none, "a"));
    json_finder_release(&none);
}

static void test_equal_ignores_who_owns(void **state)
{
    cJSON *a = parse("{\"k\":\"text\"}");
    cJSON *b = cJSON_CreateObject();
    cJSON *k = cJSON_CreateStringReference("text");

    (void)state;
    assert_true(cJSON_AddItemToObjectCS(b, "k", k));
    assert_true(json_equal(a, b));
    cJSON_Delete(b);
    cJSON_Delete(a);
}

static void test_equal_of_sixty_shuffled_members(void **state)
{
    cJSON *a = cJSON_CreateObject();
    cJSON *b = cJSON_CreateObject();

    (void)state;
    for (int i = 0; i < 60; i++) {
        char name[2][16];

        snprintf(name[0], sizeof(name[0]), "member%d", i);
        snprintf(name[1], sizeof(name[1]), "member%d", i * 37 % 60);
        cJSON_AddNumberToObject(a, name[0], i);
        cJSON_AddNumberToObject(b, name[1], i * 37 % 60);
    }
    assert_true(json_equal(a, b));
    assert_true(json_equal(b, a));
    cJSON_SetNumberValue(json_get(b, "member59"), 1);
    assert_false(json_equal(a, b));
    assert_false(json_equal(b, a));
    cJSON_Delete(b);
    cJSON_Delete(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parses_objects_only),
        cmocka_unit_test(test_says_what_is_wrong),
        cmocka_unit_test(test_refuses_what_is_too_large),
        cmocka_unit_test(test_mends_what_no_string_can_hold),
        cmocka_unit_test(test_gets_members),
        cmocka_unit_test(test_prints_what_was_read),
        cmocka_unit_test(test_the_last_of_a_name_counts),
        cmocka_unit_test(test_finds_in_any_order),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_equal_ignores_who_owns),
        cmocka_unit_test(test_equal_of_sixty_shuffled_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
