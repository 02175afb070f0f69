#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json_file.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than two pieces of reading. */
#define LONG 50000

/* A file with the text: '@' stands for a string that stays in the file, '&' for one of the length
 * that does not. */
static FILE *file_of(const char *text)
{
    FILE *file = tmpfile();

    assert_non_null(file);
    for (; *text; text++) {
        size_t n = *text == '@' ? LONG : *text == '&' ? JSON_FILE_KEPT : 0;

        if (!n)
            fputc(*text, file);
        for (size_t i = 0; i < n; i++)
            fputc("abcdefghijklmnopqrstuvwxyz+/0123456789"[i % 38], file);
    }
    assert_int_equal(fflush(file), 0);
    return file;
}

/* The text whole, as the functions of json.h take it. */
static char *whole_of(FILE *file, size_t *ret_len)
{
    struct buf text;

    buf_init(&text, JSON_TEXT_MAX);
    assert_int_equal(file_read_fd(fileno(file), &text), 0);
    *ret_len = text.len;
    return buf_detach(&text);
}

static const char *const texts[] = {
    "{\"a\":\"@\"}",
    "{\"a\":\"@\",\"b\":[\"@\",{\"c\":\"@\"},\"x\"],\"d\":\"@\"}",
    "{\"a\":\"&\",\"b\":\"&x\",\"c\":\"\"}",
    "{\"@\":\"@\",\"@x\":1}",
    "{\"a\":\"@\\n@\",\"b\":\"@\\\\\",\"c\":\"\\\"@\\\"\"}",
    "{\"a\":\"@\xc3\xa9@\xc3\xa9\",\"b\":\"@\"}",
    "{\"a\":\"x\",\n\"b\":\"@\",\n\"c\":\"@\"}\n",
    "{\"a\":\"@\" \"@\"}",
    "{\"a\":\"@\", \"\xc3\xa9\":\"@\",,}",
    "{\"a\":\"@\",\n \"b\":\"@\" x}",
    "{\"a\":\"@",
    "{\"a\":\"@\",",
    "{\"a\":\"@\\",
    "{\"a\":\"@\n\"}",
    "{\"a\":\"@\\q\"}",
    "{\"a\":\"@\\u0000\"}",
    "{\"a\":@}",
    "@",
    "\"@\"",
    "[\"@\"]",
    "",
    " \n",
    "{}",
};

/* It is as if the text had been read whole: the shape, the position, the object, the words. */
static void test_as_the_whole_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        FILE *file = file_of(texts[i]);
        struct json_where where = {7, 7}, expected_where = {7, 7};
        cJSON *obj = NULL, *expected = NULL;
        struct buf err, expected_err;
        struct json_file f;
        size_t len;
        char *whole = whole_of(file, &len);

        buf_init(&err, BUF_TEXT_MAX);
        buf_init(&expected_err, BUF_TEXT_MAX);
        assert_int_equal(json_file_read(&f, fileno(file)), 0);
        assert_int_equal(json_file_scan(&f, &where), json_scan(whole, len, &expected_where));
        assert_int_equal(where.line, expected_where.line);
        assert_int_equal(where.column, expected_where.column);
        assert_int_equal(json_file_parse(&f, false, &obj, &err),
                         json_parse_object(whole, len, &expected, &expected_err));
        assert_string_equal(err.data, expected_err.data);
        assert_true(obj ? json_equal(obj, expected) : !expected);
        json_file_release(&f);
        buf_release(&err);
        buf_release(&expected_err);
        cJSON_Delete(obj);
        cJSON_Delete(expected);
        free(whole);
        fclose(file);
    }
}

static void test_long_strings_stay_in_the_file(void **state)
{
    FILE *file = file_of("{\"a\":\"@\",\"b\":[\"@\"],\"@\":\"x\"}");
    struct json_file f;

    (void)state;
    assert_int_equal(json_file_read(&f, fileno(file)), 0);
    assert_string_equal(f.text.data, "{\"a\":\"\",\"b\":[\"\"],\"\":\"x\"}");
    json_file_release(&f);
    fclose(file);
}

static void test_mends(void **state)
{
    FILE *file = file_of("{\"a\":\"\\ud83d\",\"b\":\"@\"}");
    struct json_file f;
    cJSON *obj = NULL;

    (void)state;
    assert_int_equal(json_file_read(&f, fileno(file)), 0);
    assert_int_equal(json_file_parse(&f, false, &obj, NULL), -EINVAL);
    assert_int_equal(json_file_parse(&f, true, &obj, NULL), 0);
    assert_string_equal(json_str(obj, "a"), "\xef\xbf\xbd");
    assert_int_equal(strlen(json_str(obj, "b")), LONG);
    cJSON_Delete(obj);
    json_file_release(&f);
    fclose(file);
}

/* It has no effect but -EBUSY. */
static void test_a_file_that_changes_meanwhile(void **state)
{
    FILE *file = file_of("{\"a\":\"@\"}");
    cJSON *obj = NULL;
    struct json_file f;

    (void)state;
    assert_int_equal(json_file_read(&f, fileno(file)), 0);
    assert_int_equal(file_pwrite_all(fileno(file), "\"", 1, LONG / 2), 0);
    assert_int_equal(json_file_parse(&f, false, &obj, NULL), -EBUSY);
    assert_int_equal(ftruncate(fileno(file), LONG / 2), 0);
    assert_int_equal(json_file_parse(&f, false, &obj, NULL), -EBUSY);
    assert_null(obj);
    json_file_release(&f);
    fclose(file);
}

static void test_too_large(void **state)
{
    FILE *file = tmpfile();
    struct json_file f;

    (void)state;
    assert_non_null(file);
    assert_int_equal(file_pwrite_all(fileno(file), "x", 1, (off_t)JSON_TEXT_MAX), 0);
    assert_int_equal(json_file_read(&f, fileno(file)), -EFBIG);
    json_file_release(&f);
    assert_int_equal(json_file_read(&f, -1), -EBADF);
    json_file_release(&f);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_whole_text),
        cmocka_unit_test(test_long_strings_stay_in_the_file),
        cmocka_unit_test(test_mends),
        cmocka_unit_test(test_a_file_that_changes_meanwhile),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
