#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/grade.h>

#include <errno.h>
#include <string.h>

static const struct {
    enum grade grade;
    int code;
    bool temporary;
} table[] = {
    {GRADE_OK, 0, false},
    {GRADE_GONE, -ENOENT, false},
    {GRADE_CONFLICT, -EIO, false},
    {GRADE_AUTH, -EACCES, true},
    {GRADE_DENIED, -EACCES, false},
    {GRADE_TOO_BIG, -EFBIG, false},
    {GRADE_REFUSED, -EINVAL, false},
    {GRADE_THROTTLED, -EAGAIN, true},
    {GRADE_BROKEN, -EIO, true},
    {GRADE_OFFLINE, -EHOSTUNREACH, true},
    {GRADE_CANCELLED, -EINTR, false},
};

static void test_errno_and_retry(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_SIZE(table), GRADE_CANCELLED + 1);
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        assert_int_equal(table[i].grade, i);
        assert_int_equal(grade_errno(table[i].grade), table[i].code);
        assert_int_equal(grade_is_temporary(table[i].grade), table[i].temporary);
    }
}

static void test_names_differ(void **state)
{
    (void)state;
    assert_string_equal(grade_name(GRADE_GONE), "gone");
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(grade_name(table[i].grade), grade_name(table[j].grade));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errno_and_retry),
        cmocka_unit_test(test_names_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
