#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/mountpoint_p.h"
#include <outlookfs/base/alloc.h>

#include <stdlib.h>

/* The paths of the list, each with a '|' behind it. */
static void assert_list(const char *mountinfo, uid_t uid, const char *expected)
{
    char *copy = xstrdup(mountinfo), **list = mountpoint_parse(copy, uid);
    struct buf paths;

    buf_init(&paths, BUF_TEXT_MAX);
    for (size_t i = 0; list[i]; i++) {
        buf_addf(&paths, "%s|", list[i]);
        free(list[i]);
    }
    assert_string_equal(paths.data, expected);
    buf_release(&paths);
    free(list);
    free(copy);
}

#define ROOT "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define OURS(path, uid)                                                                            \
    "99 22 0:50 / " path " rw,nosuid,nodev - fuse.outlookfs outlookfs#host rw,user_id=" uid        \
    ",group_id=100\n"

static void test_none(void **state)
{
    (void)state;
    assert_list("", 1000, "");
    assert_list(ROOT "99 22 0:50 / /m rw - fuse.sshfs host: rw,user_id=1000\n", 1000, "");
    assert_list("torn line", 1000, "");
}

static void test_of_one_user(void **state)
{
    (void)state;
    assert_list(ROOT OURS("/m", "1000") OURS("/other", "0") OURS("/ten", "10000"), 1000, "/m|");
    assert_list(ROOT OURS("/m", "1000") OURS("/other", "0"), 0, "/other|");
}

static void test_several(void **state)
{
    (void)state;
    assert_list(OURS("/a", "1000") ROOT OURS("/my\\040mail", "1000"), 1000, "/a|/my mail|");
}

static void test_what_is_covered_is_not_there(void **state)
{
    (void)state;
    assert_list(OURS("/m", "1000") "100 99 0:51 / /m rw - tmpfs tmpfs rw\n", 1000, "");
    assert_list(OURS("/m", "1000") OURS("/m", "1000"), 1000, "/m|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_of_one_user),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_what_is_covered_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
