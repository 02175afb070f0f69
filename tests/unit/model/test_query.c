/* Names of directories below search/. */
#include "support.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/query.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void assert_text(const char *got, const char *want)
{
    if (want)
        assert_non_null(got);
    else
        assert_null(got);
    if (want)
        assert_string_equal(got, want);
}

static void is(enum kind kind, const char *name, const char *text, const char *orderby,
               unsigned top, bool only_unread)
{
    struct query q = {0};

    assert_int_equal(query_parse(kind, name, &q, NULL), 0);
    assert_text(q.text, text);
    assert_text(q.orderby, orderby);
    assert_int_equal(q.top, top);
    assert_int_equal(q.only_unread, only_unread);
    query_release(&q);
}

static void is_refused(enum kind kind, const char *name, const char *reason)
{
    struct query q = {0};
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(query_parse(kind, name, &q, &err), -EINVAL);
    if (!strstr(err.data, reason))
        fail_msg("%s: %s", name, err.data);
    assert_null(q.text);
    buf_release(&err);
}

static void test_mail(void **state)
{
    (void)state;
    is(KIND_MESSAGE, "from:bob invoice", "from:bob invoice", NULL, 0, false);
    is(KIND_MESSAGE, "from:bob;top=20", "from:bob", NULL, 20, false);
    is(KIND_MESSAGE, ";top=1", NULL, NULL, 1, false);
    is(KIND_MESSAGE, "a;b", "a;b", NULL, 0, false);
    is(KIND_MESSAGE, "it's;top=3", "it's", NULL, 3, false);
    is(KIND_MESSAGE, "\"a;top=3\" b", "\"a;top=3\" b", NULL, 0, false);
    is(KIND_MESSAGE, "  two  blanks ", "  two  blanks ", NULL, 0, false);
    is_refused(KIND_MESSAGE, "a;orderby=Subject", "cannot order");
}

static void are_words(enum kind kind, const char *name, bool words)
{
    struct query q = {0};

    assert_int_equal(query_parse(kind, name, &q, NULL), 0);
    assert_int_equal(q.words, words);
    query_release(&q);
}

static void test_words(void **state)
{
    (void)state;
    are_words(KIND_CONTACT, "Jane", true);
    are_words(KIND_EVENT, "\"the budget\" 2026*;top=3", true);
    are_words(KIND_CONTACT, "Surname eq 'Ng'", false);
    are_words(KIND_EVENT, "Start ge 2026-01-01T00:00:00Z", false);
    are_words(KIND_CONTACT, "startswith(Surname,'N')", false);
    are_words(KIND_CONTACT, ";top=3", false);
    are_words(KIND_MESSAGE, "invoice", false);
}

static void test_unread(void **state)
{
    (void)state;
    is(KIND_MESSAGE, "is:unread", NULL, NULL, 0, true);
    is(KIND_MESSAGE, "is:unread;top=2", NULL, NULL, 2, true);
    is(KIND_MESSAGE, "from:bob is:unread", "from:bob", NULL, 0, true);
    is(KIND_MESSAGE, "is:unread from:bob", "from:bob", NULL, 0, true);
    is(KIND_MESSAGE, "a Is:Unread b", "a b", NULL, 0, true);
    is(KIND_MESSAGE, "is:unread is:unread", NULL, NULL, 0, true);
    is(KIND_MESSAGE, "or not is:unread", "or not", NULL, 0, true);
}

static void test_unread_that_is_part_of_something(void **state)
{
    static const char *const names[] = {
        "NOT is:unread",     "a OR is:unread",    "is:unread OR a", "a AND is:unread",
        "\"is:unread\"",     "\"a is:unread b\"", "(is:unread)",    "-is:unread",
        "subject:is:unread", "a OR b is:unread",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        is(KIND_MESSAGE, names[i], names[i], NULL, 0, false);
    is(KIND_CONTACT, "is:unread", "is:unread", NULL, 0, false);
}

static void test_odata(void **state)
{
    (void)state;
    is(KIND_CONTACT, "Surname eq 'Ng'", "Surname eq 'Ng'", NULL, 0, false);
    is(KIND_CONTACT, "a eq 1;orderby=B desc;top=7", "a eq 1", "B desc", 7, false);
    is(KIND_CONTACT, "a eq 1;top=7;orderby=B,C", "a eq 1", "B,C", 7, false);
    is(KIND_EVENT, ";orderby=DisplayName;top=5", NULL, "DisplayName", 5, false);
    is(KIND_EVENT, "contains(Subject,';top=5')", "contains(Subject,';top=5')", NULL, 0, false);
    is(KIND_EVENT, "a eq 'it''s;top=1';top=2", "a eq 'it''s;top=1'", NULL, 2, false);
    is(KIND_EVENT, "a eq '\";top=1", "a eq '\";top=1", NULL, 0, false);
}

static void test_percent(void **state)
{
    (void)state;
    is(KIND_CONTACT, "Start/DateTime", "Start/DateTime", NULL, 0, false);
    is(KIND_CONTACT, "Start%2FDateTime gt 1", "Start/DateTime gt 1", NULL, 0, false);
    is(KIND_CONTACT, ";orderby=Home%2FCity", NULL, "Home/City", 0, false);
    is(KIND_MESSAGE, "100% sure %41 %2f %252F", "100% sure %41 %2f %2F", NULL, 0, false);
    is(KIND_MESSAGE, "%", "%", NULL, 0, false);
    is(KIND_MESSAGE, "a%2", "a%2", NULL, 0, false);
}

static void test_what_is_wrong(void **state)
{
    (void)state;
    is_refused(KIND_CONTACT, "a;top=", "a number");
    is_refused(KIND_CONTACT, "a;top=x", "\"x\"");
    is_refused(KIND_CONTACT, "a;top=-1", "\"-1\"");
    is_refused(KIND_CONTACT, "a;top=0", "at least 1");
    is_refused(KIND_CONTACT, "a;top=1234567890", "a number");
    is_refused(KIND_CONTACT, "a;top=1;top=2", "twice");
    is_refused(KIND_CONTACT, "a;orderby=b;orderby=c", "twice");
    is_refused(KIND_CONTACT, "a;orderby=", "nothing");
    is_refused(KIND_CONTACT, "a;top=1;b", "\";b\"");
    is_refused(KIND_MESSAGE, "a\xff", "UTF-8");
}

static void test_names(void **state)
{
    char *name = query_pin_name("a;top=1;pin");

    (void)state;
    assert_string_equal(name, "a;top=1");
    free(name);
    assert_null(query_pin_name("a"));
    assert_null(query_pin_name(";pin"));
    assert_true(query_is_askable("a"));
    assert_true(query_is_askable(";top=1"));
    assert_false(query_is_askable(".git"));
    assert_false(query_is_askable("*.json"));
    assert_false(query_is_askable(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_unread),
        cmocka_unit_test(test_unread_that_is_part_of_something),
        cmocka_unit_test(test_odata),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
