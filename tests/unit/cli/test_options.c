#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/options_p.h"
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct options o;
    struct buf err;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    options_init(&f->o, 1000, 100);
    buf_init(&f->err, BUF_TEXT_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    options_release(&f->o);
    buf_release(&f->err);
    free(f);
    return 0;
}

static void test_defaults(void **state)
{
    const struct fixture *f = *state;

    assert_false(f->o.read_only);
    assert_false(f->o.allow_other);
    assert_int_equal(f->o.uid, 1000);
    assert_int_equal(f->o.gid, 100);
    assert_int_equal(f->o.umask, 0);
    assert_int_equal(f->o.delete_guard, 50);
    assert_int_equal(f->o.writeback_delay, 2 * NS_PER_S);
    assert_int_equal(f->o.create_settle, 5 * NS_PER_S);
    assert_int_equal(f->o.trash_keep, 30 * 86400 * NS_PER_S);
    assert_int_equal(f->o.trash_max, 64 << 20);
    assert_int_equal(f->o.attachments_max, 256 << 20);
    assert_int_equal(f->o.pass.len, 0);
}

static void test_takes_a_list(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(options_parse(&f->o,
                                   "ro,allow_other,uid=7,gid=8,umask=077,writeback_delay=0.25,"
                                   "list_ttl=90,mail_limit=500,delete_guard=0,trash_days=7,"
                                   "trash_max=1G,attachments_max=64K,rate=60,fsync=local,debug,"
                                   "nonempty",
                                   &f->err),
                     0);
    assert_true(f->o.read_only && f->o.allow_other && f->o.debug && f->o.nonempty);
    assert_true(f->o.fsync_local);
    assert_int_equal(f->o.uid, 7);
    assert_int_equal(f->o.gid, 8);
    assert_int_equal(f->o.umask, 077);
    assert_int_equal(f->o.writeback_delay, 250 * NS_PER_MS);
    assert_int_equal(f->o.list_ttl, 90 * NS_PER_S);
    assert_int_equal(f->o.mail_limit, 500);
    assert_int_equal(f->o.delete_guard, 0);
    assert_int_equal(f->o.trash_keep, 7 * 86400 * NS_PER_S);
    assert_int_equal(f->o.trash_max, 1 << 30);
    assert_int_equal(f->o.attachments_max, 64 << 10);
    assert_int_equal(f->o.rate, 60);
    assert_int_equal(f->o.pass.len, 0);
}

static void test_guard_has_two_parts(void **state)
{
    static const struct {
        const char *list;
        unsigned guard, share;
        int rc;
    } cases[] = {
        {"delete_guard=7", 7, 50},
        {"delete_guard=70%", 50, 70},
        {"delete_guard=7,70%,ro", 7, 70},
        {"delete_guard=0,0%", 0, 0},
        {"delete_guard=7,101%", 7, 50, -EINVAL},
        {"rate=7,70%", 50, 50, -EINVAL},
        {"70%", 50, 50, -EINVAL},
        {"delete_guard=%", 50, 50, -EINVAL},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        options_release(&f->o);
        options_init(&f->o, 1000, 100);
        assert_int_equal(options_parse(&f->o, cases[i].list, &f->err), cases[i].rc);
        assert_int_equal(f->o.delete_guard, cases[i].guard);
        assert_int_equal(f->o.delete_share, cases[i].share);
    }
}

static void test_later_wins(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(options_parse(&f->o, "fsync=local,rate=1,,", &f->err), 0);
    assert_int_equal(options_parse(&f->o, "fsync=service,rate=2", &f->err), 0);
    assert_false(f->o.fsync_local);
    assert_int_equal(f->o.rate, 2);
}

static void test_passes_on_what_is_for_libfuse(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(options_parse(&f->o, "max_read=4096,noexec,ro,auto_unmount", &f->err), 0);
    assert_string_equal(f->o.pass.data, "max_read=4096,noexec,auto_unmount");
    assert_true(f->o.read_only);
}

static void test_ignores_what_is_for_mount(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(options_parse(&f->o, "rw,_netdev,nofail,x-systemd.automount=1", &f->err), 0);
    assert_int_equal(f->o.pass.len, 0);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *list, *reason;
    } cases[] = {
        {"bogus", "-o bogus: no such option"},
        {"bogus=1", "-o bogus: no such option"},
        {"ro=1", "-o ro takes no value"},
        {"uid", "-o uid: expected a number"},
        {"uid=", "-o uid=: expected a number"},
        {"uid=-1", "-o uid=-1: expected a number"},
        {"uid= 1", "-o uid= 1: expected a number"},
        {"uid=4294967295", "-o uid=4294967295: expected a number"},
        {"rate=1x", "-o rate=1x: expected a number"},
        {"rate=99999999999999999999", "-o rate=99999999999999999999: expected a number"},
        {"umask=8", "-o umask=8: expected an octal mask, like 077"},
        {"umask=1777", "-o umask=1777: expected an octal mask, like 077"},
        {"writeback_delay=.5", "-o writeback_delay=.5: expected seconds, like 2 or 0.5"},
        {"writeback_delay=1e3", "-o writeback_delay=1e3: expected seconds, like 2 or 0.5"},
        {"writeback_delay=-1", "-o writeback_delay=-1: expected seconds, like 2 or 0.5"},
        {"list_ttl=99999999999999999999",
         "-o list_ttl=99999999999999999999: expected seconds, like 2 or 0.5"},
        {"trash_days=1.5", "-o trash_days=1.5: expected a number of days"},
        {"trash_max=64T", "-o trash_max=64T: expected a size, like 64M"},
        {"trash_max=M", "-o trash_max=M: expected a size, like 64M"},
        {"trash_max=18446744073709551615G",
         "-o trash_max=18446744073709551615G: expected a size, like 64M"},
        {"fsync=remote", "-o fsync=remote: expected local or service"},
        {"fsync", "-o fsync: expected local or service"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        buf_clear(&f->err);
        assert_int_equal(options_parse(&f->o, cases[i].list, &f->err), -EINVAL);
        assert_string_equal(f->err.data, cases[i].reason);
    }
}

static void test_seconds_end_at_a_nanosecond(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(options_parse(&f->o, "list_ttl=1.0000000019", &f->err), 0);
    assert_int_equal(f->o.list_ttl, NS_PER_S + 1);
    assert_int_equal(options_parse(&f->o, "list_ttl=0", &f->err), 0);
    assert_int_equal(f->o.list_ttl, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_takes_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guard_has_two_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_passes_on_what_is_for_libfuse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ignores_what_is_for_mount, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_seconds_end_at_a_nanosecond, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
