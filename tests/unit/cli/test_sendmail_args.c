#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/sendmail_p.h"
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct settings settings;
    struct sendmail_args args;
    char *words[16]; /* getopt may not change what it is given, but takes no constants */
    struct buf err;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    settings_init(&f->settings);
    f->args.set = &f->settings;
    buf_init(&f->err, BUF_TEXT_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(f->words); i++)
        free(f->words[i]);
    settings_release(&f->settings);
    buf_release(&f->err);
    free(f);
    return 0;
}

/* `line`: words separated by blanks. */
static int parse(struct fixture *f, const char *line)
{
    char *copy = xstrdup(line), *rest = copy, *word;
    int argc = 0, rc;

    for (size_t i = 0; i < ARRAY_SIZE(f->words); i++) {
        free(f->words[i]);
        f->words[i] = NULL;
    }
    f->words[argc++] = xstrdup("outlookfs sendmail");
    while ((word = strsep(&rest, " ")))
        f->words[argc++] = xstrdup(word);
    optind = 0;
    rc = sendmail_args_parse(argc, f->words, &f->args, &f->err);
    free(copy);
    return rc;
}

static void assert_recipients(const struct fixture *f, const char *expected)
{
    struct buf list;

    buf_init(&list, BUF_TEXT_MAX);
    for (size_t i = 0; f->args.recipients && f->args.recipients[i]; i++)
        buf_addf(&list, "%s%s", i ? " " : "", f->args.recipients[i]);
    assert_string_equal(list.data, expected);
    buf_release(&list);
}

static void test_cron(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "-FCronDaemon -i -B8BITMIME -oem root"), 0);
    assert_true(f->args.dot_is_text);
    assert_false(f->args.header_counts);
    assert_null(f->args.from);
    assert_recipients(f, "root");
}

static void test_mutt(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "-oem -oi -f me@a.org -N delay,failure -R hdrs -- -x@b.org c@d.org"),
                     0);
    assert_true(f->args.dot_is_text);
    assert_string_equal(f->args.from, "me@a.org");
    assert_recipients(f, "-x@b.org c@d.org");
}

static void test_separate_arguments(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "-t -F Me -r me@a.org -o i -V id -X /tmp/log -O DeliveryMode=b -bm"),
                     0);
    assert_true(f->args.header_counts);
    assert_true(f->args.dot_is_text);
    assert_string_equal(f->args.from, "me@a.org");
    assert_recipients(f, "");
}

static void test_glued_arguments(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "-tivf<me@a.org>"), 0);
    assert_true(f->args.header_counts);
    assert_true(f->args.dot_is_text);
    assert_true(f->args.verbose);
    assert_string_equal(f->args.from, "<me@a.org>");
}

static void test_a_dot_ends_unless_told(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "-oem -oep -oee -odb -om a@b.c"), 0);
    assert_false(f->args.dot_is_text);
}

static void test_the_last_sender_counts(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "-f first@a.org -f root a@b.c"), 0);
    assert_string_equal(f->args.from, "root");
}

static void test_options_end_at_the_first_recipient(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "a@b.c -t --mount=/x"), 0);
    assert_false(f->args.header_counts);
    assert_null(f->settings.values.mount);
    assert_recipients(f, "a@b.c -t --mount=/x");
}

static void test_ours(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        parse(f, "--mount /m --url http://localhost --token-file=/t --config /c a@b.c"), 0);
    assert_string_equal(f->settings.values.mount, "/m");
    assert_string_equal(f->settings.values.url, "http://localhost");
    assert_string_equal(f->settings.values.token_file, "/t");
    assert_string_equal(f->settings.config, "/c");
    assert_recipients(f, "a@b.c");
}

static void test_help_needs_nothing(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(parse(f, "--help"), 0);
    assert_true(f->args.help);
}

static void test_refused(void **state)
{
    static const struct {
        const char *line, *reason;
    } cases[] = {
        {"-i", "no recipient: "},
        {"-bs", "-bs: SMTP "},
        {"-bd -q1h", "-bd: this is not a mail server"},
        {"-bp", "-bp: there is no queue"},
        {"-bi", "-bi: there are no aliases"},
        {"-b v a@b.c", "-bv: only -bm"},
        {"-q", "-q: the mount sends"},
        {"-q15m", "-q: the mount sends"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f;

        setup((void **)&f);
        assert_int_equal(parse(f, cases[i].line), -EINVAL);
        if (!str_starts(f->err.data, cases[i].reason))
            fail_msg("%s: %s", cases[i].line, f->err.data);
        teardown((void **)&f);
    }
    (void)state;
}

static void test_unknown_options_are_told_by_getopt(void **state)
{
    struct fixture *f = *state;

    opterr = 0;
    assert_int_equal(parse(f, "-Z a@b.c"), -EINVAL);
    assert_int_equal(f->err.len, 0);
    opterr = 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cron, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mutt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_separate_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_glued_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_dot_ends_unless_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_last_sender_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options_end_at_the_first_recipient, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help_needs_nothing, setup, teardown),
        cmocka_unit_test(test_refused),
        cmocka_unit_test_setup_teardown(test_unknown_options_are_told_by_getopt, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
