#include "support.h"

#include <errno.h>
#include <math.h>

static void assert_render(const cJSON *obj, const char *expected)
{
    struct buf out;

    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(render_record(obj, &out), 0);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void test_layout(void **state)
{
    cJSON *obj = object("{'@odata.context':'u','B':[],'A':{'@odata.context':'kept','x':{}},"
                        "'L':[1,{'k':null},['s',true,false]]}");

    (void)state;
    assert_render(obj, "{\n"
                       "  \"B\": [],\n"
                       "  \"A\": {\n"
                       "    \"@odata.context\": \"kept\",\n"
                       "    \"x\": {}\n"
                       "  },\n"
                       "  \"L\": [\n"
                       "    1,\n"
                       "    {\n"
                       "      \"k\": null\n"
                       "    },\n"
                       "    [\n"
                       "      \"s\",\n"
                       "      true,\n"
                       "      false\n"
                       "    ]\n"
                       "  ]\n"
                       "}\n");
    cJSON_Delete(obj);

    obj = object("{'@odata.context':'u'}");
    assert_render(obj, "{}\n");
    cJSON_Delete(obj);
}

static void test_strings(void **state)
{
    cJSON *obj = cJSON_CreateObject();

    (void)state;
    cJSON_AddStringToObject(obj, "k\"\n", "\"\\/\b\f\n\r\t\x01\x1f\x7f<>&'\xc3\xa9\xe2\x80\xa8");
    assert_render(obj,
                  "{\n  \"k\\\"\\n\": "
                  "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f<>&'\xc3\xa9\xe2\x80\xa8\"\n}\n");
    cJSON_Delete(obj);
}

static void test_numbers(void **state)
{
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {15, "15"},
        {-2147483649.0, "-2147483649"},
        {1e15, "1000000000000000"},
        {9007199254740991.0, "9007199254740991"},
        {-9007199254740991.0, "-9007199254740991"},
        {9007199254740992.0, "9007199254740992"},
        {1e300, "1e+300"},
        {0.1, "0.1"},
        {-47.25, "-47.25"},
        {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "4.94065645841247e-324"},
        {HUGE_VAL, "null"},
        {NAN, "null"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cJSON *obj = cJSON_CreateObject();
        char expected[64];

        cJSON_AddNumberToObject(obj, "n", cases[i].number);
        snprintf(expected, sizeof(expected), "{\n  \"n\": %s\n}\n", cases[i].text);
        assert_render(obj, expected);
        cJSON_Delete(obj);
    }
}

static void test_maximum(void **state)
{
    cJSON *obj = object("{'A':'0123456789','B':[1,2,3]}");
    struct buf out;
    size_t whole;

    (void)state;
    buf_init(&out, BUF_TEXT_MAX);
    assert_int_equal(render_record(obj, &out), 0);
    whole = out.len;
    buf_release(&out);

    for (size_t max = 2; max <= whole + 2; max++) {
        buf_init(&out, max);
        assert_int_equal(buf_addstr(&out, "ab"), 0);
        if (max < whole + 2) {
            assert_int_equal(render_record(obj, &out), -ENOBUFS);
            assert_string_equal(out.data, "ab");
        } else {
            assert_int_equal(render_record(obj, &out), 0);
            assert_int_equal(out.len, whole + 2);
        }
        buf_release(&out);
    }
    cJSON_Delete(obj);
}

/* parse(render(x)) is x, and renders to the same bytes again. */
static void test_round_trip(void **state)
{
    struct random r = {0x9e3779b97f4a7c15};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        cJSON *obj = random_object(&r, 4);
        cJSON *back = NULL;
        struct buf one, other, err;

        buf_init(&one, 1 << 20);
        buf_init(&other, 1 << 20);
        buf_init(&err, BUF_TEXT_MAX);
        assert_int_equal(render_record(obj, &one), 0);
        assert_int_equal(json_parse_object(one.data, one.len, &back, &err), 0);
        assert_true(json_equal(obj, back));
        assert_int_equal(render_record(back, &other), 0);
        assert_string_equal(one.data, other.data);
        buf_release(&one);
        buf_release(&other);
        buf_release(&err);
        cJSON_Delete(obj);
        cJSON_Delete(back);
    }
}

static void test_numbers_round_trip(void **state)
{
    struct random r = {7};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)random_below(&r, UINT32_MAX) << 32 | random_below(&r, UINT32_MAX);
        cJSON *obj = cJSON_CreateObject();
        cJSON *back;
        struct buf out;
        double number;

        memcpy(&number, &bits, sizeof(number));
        if (!isfinite(number))
            number = (double)bits;
        cJSON_AddNumberToObject(obj, "n", number);
        buf_init(&out, BUF_TEXT_MAX);
        assert_int_equal(render_record(obj, &out), 0);
        back = cJSON_Parse(out.data);
        assert_true(json_get(back, "n")->valuedouble == number);
        buf_release(&out);
        cJSON_Delete(obj);
        cJSON_Delete(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),     cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_numbers_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
