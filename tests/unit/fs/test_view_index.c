/*
 * test_view_index.c - the index of one folder: names, who has the plain one, groups, filters.
 */
#include "fs_test.h"

#include <fs/derived/views_p.h>
#include <outlookfs/base/map.h>

#define ZONE "UTC"

static struct view_index *mail_index(void)
{
    setenv("TZ", ZONE, 1);
    return view_index_create(KIND_MESSAGE, false);
}

/* A message received at `second` of 09:14. */
static void mail(struct view_index *ix, const char *id, unsigned second, const char *subject,
                 const char *from, bool read)
{
    char *text = xasprintf("{\"Id\":\"%s\",\"DateTimeReceived\":\"2026-11-23T09:14:%02uZ\","
                           "\"Subject\":\"%s\",\"From\":\"%s\",\"IsRead\":%s}",
                           id, second, subject, from, read ? "true" : "false");

    view_index_change(ix, id, text);
    free(text);
}

static void add_line(void *ctx, const char *name, const char *id, int64_t created)
{
    (void)created;
    buf_addf(ctx, "%s=%s\n", name, id);
}

static void count_line(void *ctx, const char *name, const char *id, int64_t created)
{
    (void)name;
    (void)id;
    (void)created;
    ++*(size_t *)ctx;
}

static size_t count(const struct view_index *ix)
{
    const struct view_filter all = {0};
    uint64_t cursor = 0;
    size_t n = 0;

    assert_false(view_index_each(ix, &all, &cursor, SIZE_MAX, count_line, &n));
    return n;
}

static void add_group(void *ctx, const char *group)
{
    buf_addf(ctx, "%s\n", group);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that pass, some at a time; lines "name=id", sorted. */
static char *list_all(const struct view_index *ix, const struct view_filter *filter, size_t at_once)
{
    char *lines[64];
    uint64_t cursor = 0;
    size_t n = 0;
    struct buf text, sorted;

    buf_init(&text, BUF_TEXT_MAX);
    buf_init(&sorted, BUF_TEXT_MAX);
    buf_addstr(&sorted, "");
    buf_addstr(&text, "");
    while (view_index_each(ix, filter, &cursor, at_once, add_line, &text))
        continue;
    for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n"))
        lines[n++] = line;
    qsort(lines, n, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < n; i++)
        buf_addf(&sorted, "%s\n", lines[i]);
    buf_release(&text);
    return buf_detach(&sorted);
}

static void assert_lists(const struct view_index *ix, const char *group, bool unread,
                         const char *expected)
{
    struct view_filter filter = {.group = group, .unread = unread};

    for (size_t at_once = 1; at_once < 5; at_once++) {
        char *lines = list_all(ix, &filter, at_once);

        assert_string_equal(lines, expected);
        free(lines);
    }
}

static void assert_named(const struct view_index *ix, const char *name, const char *id)
{
    struct view_filter all = {0};
    char *found = view_index_find(ix, &all, name);

    if (id)
        assert_string_equal(found ? found : "(none)", id);
    else
        assert_null(found);
    free(found);
}

#define DAY "2026-11-23 0914 "

static void test_lists(void **state)
{
    struct view_index *ix = mail_index();

    (void)state;
    mail(ix, "b", 1, "beta", "x@x.example", true);
    mail(ix, "a", 2, "alpha", "y@x.example", false);
    mail(ix, "c", 3, "gamma", "X@x.example", false);
    assert_lists(ix, NULL, false,
                 DAY "alpha - y@x.example.json=a\n" DAY "beta - x@x.example.json=b\n" DAY
                     "gamma - X@x.example.json=c\n");
    assert_lists(ix, NULL, true,
                 DAY "alpha - y@x.example.json=a\n" DAY "gamma - X@x.example.json=c\n");
    assert_lists(ix, "x@x.example", false,
                 DAY "beta - x@x.example.json=b\n" DAY "gamma - X@x.example.json=c\n");
    assert_lists(ix, "z@x.example", false, "");
    assert_int_equal(count(ix), 3);
    view_index_free(ix);
}

static void test_found_where_it_is_listed(void **state)
{
    struct view_index *ix = mail_index();
    const char *name = DAY "s - x@x.example.json";
    struct view_filter unread = {.unread = true}, group = {.group = "x@x.example"},
                       other = {.group = "y@x.example"};
    char *id;

    (void)state;
    mail(ix, "a", 1, "s", "x@x.example", true);
    assert_named(ix, name, "a");
    assert_named(ix, "nothing.json", NULL);
    assert_null(view_index_find(ix, &unread, name));
    assert_null(view_index_find(ix, &other, name));
    id = view_index_find(ix, &group, name);
    assert_string_equal(id, "a");
    free(id);
    view_index_free(ix);
}

static void test_a_change_moves(void **state)
{
    struct view_index *ix = mail_index();

    (void)state;
    mail(ix, "a", 1, "s", "x@x.example", false);
    assert_lists(ix, NULL, true, DAY "s - x@x.example.json=a\n");
    mail(ix, "a", 1, "s", "x@x.example", true);
    assert_lists(ix, NULL, true, "");
    assert_lists(ix, NULL, false, DAY "s - x@x.example.json=a\n");
    mail(ix, "a", 1, "t", "y@x.example", true);
    assert_lists(ix, NULL, false, DAY "t - y@x.example.json=a\n");
    assert_false(view_index_has_group(ix, "x@x.example"));
    assert_true(view_index_has_group(ix, "y@x.example"));
    view_index_change(ix, "a", NULL);
    view_index_change(ix, "a", NULL);
    view_index_change(ix, "never there", NULL);
    assert_lists(ix, NULL, false, "");
    assert_false(view_index_has_group(ix, "y@x.example"));
    assert_int_equal(count(ix), 0);
    view_index_free(ix);
}

/* The record created first has the plain name, whichever came here first. */
static void test_same_names(void **state)
{
    struct view_index *ix = mail_index();
    const char *plain = DAY "s - x@x.example.json";
    char *b = name_unique(plain, "b", true), *c = name_unique(plain, "c", true);

    (void)state;
    mail(ix, "c", 30, "s", "x@x.example", false);
    assert_named(ix, plain, "c");
    mail(ix, "a", 10, "s", "x@x.example", false);
    mail(ix, "b", 20, "s", "x@x.example", false);
    assert_named(ix, plain, "a");
    assert_named(ix, b, "b");
    assert_named(ix, c, "c");
    assert_int_equal(count(ix), 3);

    /* One that had a tag goes: nobody else's name changes. */
    view_index_change(ix, "b", NULL);
    assert_named(ix, plain, "a");
    assert_named(ix, b, NULL);
    assert_named(ix, c, "c");
    mail(ix, "b", 20, "s", "x@x.example", false);
    assert_named(ix, b, "b");

    /* The first goes: the next one has the name. */
    view_index_change(ix, "a", NULL);
    assert_named(ix, plain, "b");
    assert_named(ix, b, NULL);
    assert_named(ix, c, "c");
    view_index_change(ix, "b", NULL);
    assert_named(ix, plain, "c");
    assert_named(ix, c, NULL);
    free(b);
    free(c);
    view_index_free(ix);
}

/* Which of them came first plays no part. */
static void test_same_whatever_the_order(void **state)
{
    static const char *const orders[] = {"abc", "acb", "bac", "bca", "cab", "cba"};
    struct view_filter all = {0};
    char *first = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        struct view_index *ix = mail_index();

        for (const char *o = orders[i]; *o; o++) {
            char id[2] = {*o};
            mail(ix, id, 7, "s", "x@x.example", false);
        }
        char *lines = list_all(ix, &all, 2);
        if (!first)
            first = xstrdup(lines);
        assert_string_equal(lines, first);
        free(lines);
        view_index_free(ix);
    }
    free(first);
}

/* A record whose own label is what another one is called with its tag. */
static void test_a_label_like_a_tag(void **state)
{
    struct view_index *ix = view_index_create(KIND_CONTACT, false);
    char *tagged = name_unique("Jane.json", "b", true);
    char *literal = xasprintf("{\"DisplayName\":\"%.*s\"}", (int)strlen(tagged) - 5, tagged);

    (void)state;
    view_index_change(ix, "a", "{\"DisplayName\":\"Jane\"}");
    view_index_change(ix, "b", "{\"DisplayName\":\"Jane\"}");
    view_index_change(ix, "c", literal);
    assert_named(ix, "Jane.json", "a");
    assert_named(ix, tagged, "b");
    assert_int_equal(count(ix), 3);
    view_index_change(ix, "b", NULL);
    view_index_change(ix, "c", NULL);
    view_index_change(ix, "a", NULL);
    assert_lists(ix, NULL, false, "");
    free(literal);
    free(tagged);
    view_index_free(ix);
}

static void test_no_json_and_no_group(void **state)
{
    struct view_index *ix = view_index_create(KIND_CONTACT, false);
    struct buf groups;

    (void)state;
    view_index_change(ix, "AAMk", "no json");
    view_index_change(ix, "b", "{\"DisplayName\":\"B\",\"CompanyName\":\"Contoso\"}");
    assert_lists(ix, NULL, false, "AAMk.json=AAMk\nB.json=b\n");
    buf_init(&groups, BUF_TEXT_MAX);
    view_index_groups(ix, add_group, &groups);
    assert_string_equal(groups.data, "Contoso\n");
    buf_release(&groups);
    view_index_free(ix);
}

/* Random changes, compared with what is written down beside: every record is listed once, is found
 * under its name, and exactly one of a label has it plain. */
struct census {
    const struct view_index *ix;
    size_t count, plain;
};

static void count_one(void *ctx, const char *name, const char *id, int64_t created)
{
    struct census *c = ctx;

    assert_int_equal(view_index_created(c->ix, id), created);
    assert_true(created > 0);
    c->count++;
    c->plain += !strchr(name, '~');
    assert_named(c->ix, name, id);
}

static void test_many_changes(void **state)
{
    struct view_index *ix = mail_index();
    struct view_filter all = {0};
    uint64_t random = 1;
    char subject[200] = {0};
    size_t there = 0, labels;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        random = str_hash(random, &i, sizeof(i));
        unsigned n = random >> 8 & 127, s = random >> 16 & 7;
        char *id = xasprintf("AAMkADVmMGM5YTNlLTcxZDItNGI4Ni05ZTBmLTNhYjQ3YzgxZDZmMgBGAAAA%03u", n);

        there -= subject[n] != 0;
        if (random >> 24 & 1) {
            char name[2] = {(char)('a' + s)};
            mail(ix, id, n % 5, name, "x@x.example", random >> 25 & 1);
            subject[n] = name[0];
            there++;
        } else {
            view_index_change(ix, id, NULL);
            subject[n] = 0;
        }
        free(id);
    }
    struct census census = {.ix = ix};
    uint64_t cursor = 0;
    while (view_index_each(ix, &all, &cursor, 7, count_one, &census))
        continue;
    assert_int_equal(census.count, there);
    assert_int_equal(count(ix), there);
    labels = 0;
    for (char c = 'a'; c < 'i'; c++)
        labels += memchr(subject, c, sizeof(subject)) != NULL;
    assert_int_equal(census.plain, labels);
    view_index_free(ix);
}

/* What changes while somebody lists keeps its place: it is listed once, and so is what does not change. */
static void test_changes_while_listed(void **state)
{
    struct view_index *ix = mail_index();
    struct view_filter all = {0}, group = {.group = "x@x.example"};

    (void)state;
    for (const char *id = "a\0b\0c\0d\0e\0f\0g\0h\0"; *id; id += 2)
        mail(ix, id, 1, id, "x@x.example", false);
    for (int i = 0; i < 2; i++) {
        const struct view_filter *filter = i ? &group : &all;
        uint64_t cursor = 0;
        size_t n = 0;

        assert_true(view_index_each(ix, filter, &cursor, 4, count_line, &n));
        mail(ix, "b", 1, "b", "x@x.example", !i);
        mail(ix, "g", 1, "g", "x@x.example", !i);
        assert_false(view_index_each(ix, filter, &cursor, SIZE_MAX, count_line, &n));
        assert_int_equal(n, 8);
    }
    view_index_free(ix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_found_where_it_is_listed),
        cmocka_unit_test(test_a_change_moves),
        cmocka_unit_test(test_same_names),
        cmocka_unit_test(test_same_whatever_the_order),
        cmocka_unit_test(test_a_label_like_a_tag),
        cmocka_unit_test(test_no_json_and_no_group),
        cmocka_unit_test(test_many_changes),
        cmocka_unit_test(test_changes_while_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
