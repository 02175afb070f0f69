/* Where tokens come from, and that one renewal at a time is enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <http/token_p.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/outlookfs-token-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/token", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void write_token(const char *text)
{
    assert_int_equal(file_replace(path, text, strlen(text), 0600, NULL), 0);
}

/* 0 and the value, or the error and its text: a string of the caller's either way. */
static char *get(struct token_source *source, const char *stale, int expected)
{
    struct buf out, err;
    char *text;

    buf_init(&out, TOKEN_MAX);
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(token_get(source, stale, NULL, &out, &err), expected);
    text = buf_detach(expected ? &err : &out);
    buf_release(&out);
    buf_release(&err);
    return text;
}

static void expect(struct token_source *source, const char *stale, const char *value)
{
    char *text = get(source, stale, 0);

    assert_string_equal(text, value);
    free(text);
}

static void expect_none(struct token_source *source, const char *stale, const char *part)
{
    char *text = get(source, stale, -EACCES);

    if (!strstr(text, part))
        fail_msg("\"%s\" does not name \"%s\"", text, part);
    free(text);
}

static void test_string(void **state)
{
    struct token_source *s = token_from_string("  abc.def \n");

    (void)state;
    expect(s, NULL, "Bearer abc.def");
    expect(s, "Bearer other", "Bearer abc.def");
    expect_none(s, "Bearer abc.def", "refused");
    expect_none(s, NULL, "refused");
    clock_advance(REFUSED_FIRST + NS_PER_S);
    expect(s, NULL, "Bearer abc.def"); /* the service may have changed its mind */
    expect_none(s, "Bearer abc.def", "refused");
    clock_advance(REFUSED_FIRST + NS_PER_S);
    expect_none(s, NULL, "refused"); /* the pause doubles */
    token_destroy(s);

    s = token_from_string("Key 12 34");
    expect(s, NULL, "Key 12 34");
    token_destroy(s);

    s = token_from_string("Bearer x");
    expect(s, NULL, "Bearer x");
    token_destroy(s);
    token_destroy(NULL);
}

static void test_no_token_in_it(void **state)
{
    static const char *const cases[] = {"", " ", "\nabc", "a\001b", "caf\xc3\xa9", "a\tb"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct token_source *s = token_from_string(cases[i]);

        expect_none(s, NULL, "token");
        token_destroy(s);
    }
}

static void test_file(void **state)
{
    struct token_source *s = token_from_file(path);

    (void)state;
    expect_none(s, NULL, path);

    write_token("one\r\nsecond line\n");
    expect(s, NULL, "Bearer one");
    write_token("two\n");
    expect(s, NULL, "Bearer one"); /* nobody complained */
    expect(s, "Bearer one", "Bearer two");
    expect(s, "Bearer one", "Bearer two");
    expect_none(s, "Bearer two", "refused");
    token_destroy(s);
}

static void test_another_text_in_the_file_is_seen(void **state)
{
    struct token_source *s = token_from_file(path), *constant = token_from_string("abc");

    (void)state;
    unlink(path);
    expect_none(s, NULL, path);
    assert_int_equal(token_read_last(s), token_there(s));
    write_token("one\n");
    assert_int_not_equal(token_read_last(s), token_there(s));
    expect(s, NULL, "Bearer one");
    assert_int_equal(token_read_last(s), token_there(s));
    write_token("longer\n");
    assert_int_not_equal(token_read_last(s), token_there(s));
    expect(s, "Bearer one", "Bearer longer");
    assert_int_equal(token_read_last(s), token_there(s));
    assert_int_equal(token_there(constant), 0);
    token_destroy(constant);
    token_destroy(s);
}

/* Somebody did something about it, although the text is the same. */
static void test_written_anew_is_tried_again(void **state)
{
    struct token_source *s = token_from_file(path);

    (void)state;
    write_token("one\n");
    expect(s, NULL, "Bearer one");
    expect_none(s, "Bearer one", "refused");
    expect_none(s, NULL, "refused");
    write_token("one\n");
    expect(s, NULL, "Bearer one");
    token_refuse(s, "Bearer one");
    expect_none(s, NULL, "refused");
    token_refuse(s, "Bearer other");
    write_token("two\n");
    expect(s, NULL, "Bearer two");
    token_destroy(s);
}

static void test_file_must_be_private(void **state)
{
    struct token_source *s = token_from_file(path);
    char *advice = xasprintf("chmod 600 %s", path);

    (void)state;
    write_token("abc\n");
    assert_int_equal(chmod(path, 0640), 0);
    expect_none(s, NULL, advice);
    assert_int_equal(chmod(path, 0604), 0);
    expect_none(s, NULL, advice);
    assert_int_equal(chmod(path, 0600), 0);
    expect(s, NULL, "Bearer abc"); /* mended, and noticed at once */
    free(advice);
    token_destroy(s);

    s = token_from_file(dir);
    expect_none(s, NULL, "not a file");
    token_destroy(s);
}

static void test_command(void **state)
{
    struct token_source *s = token_from_command("echo abc; echo def");

    (void)state;
    expect(s, NULL, "Bearer abc");
    token_destroy(s);

    s = token_from_command("test ! -t 0 && read line || echo no-input");
    expect(s, NULL, "Bearer no-input");
    token_destroy(s);

    s = token_from_command("echo secret-token; exit 3");
    expect_none(s, NULL, "exit status 3");
    token_destroy(s);

    s = token_from_command("kill -9 $$");
    expect_none(s, NULL, "signal 9");
    token_destroy(s);

    s = token_from_command("head -c 100000 /dev/zero");
    expect_none(s, NULL, "output");
    token_destroy(s);
}

/* A descriptor that a library opened without O_CLOEXEC: a lock, a database, a connection. */
static void test_command_inherits_no_descriptor(void **state)
{
    struct token_source *s = token_from_command("test ! -e /proc/$$/fd/77 && echo alone");

    (void)state;
    assert_int_equal(dup2(STDOUT_FILENO, 77), 77);
    expect(s, NULL, "Bearer alone");
    close(77);
    token_destroy(s);
}

/* The shell is gone, but what it started keeps its output open. */
static void test_command_leaves_something_behind(void **state)
{
    struct token_source *s = token_from_command_within("sleep 20 2>&- & echo abc", 10 * NS_PER_S);

    (void)state;
    expect(s, NULL, "Bearer abc");
    token_destroy(s);
}

static void test_command_too_slow(void **state)
{
    struct token_source *s = token_from_command_within("sleep 20", 10 * NS_PER_MS);

    (void)state;
    expect_none(s, NULL, "longer than");
    token_destroy(s);
}

/* A command that fails is not run again by each of the calls that follow. */
static void test_command_failure_is_remembered(void **state)
{
    char *text = xasprintf("echo x >> %s; exit 1", path);
    struct token_source *s = token_from_command(text);
    struct stat st;

    (void)state;
    unlink(path);
    expect_none(s, NULL, "exit status 1");
    expect_none(s, NULL, "exit status 1");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 2);

    clock_advance(6 * NS_PER_S);
    expect_none(s, NULL, "exit status 1");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
    free(text);
    token_destroy(s);
}

/* --- one renewal at a time: a source whose fetch the test holds --- */

struct held {
    struct mutex lock;
    pthread_cond_t changed;
    int fetches;
    bool open;
    int result;
};

static int held_fetch(void *state, const char *stale, struct cancel *cancel,
                      struct token_fetched *ret, struct buf *err)
{
    struct held *h = state;
    int rc = 0;

    (void)stale;
    mutex_lock(&h->lock);
    h->fetches++;
    pthread_cond_broadcast(&h->changed);
    while (!h->open && rc != -EINTR)
        rc = cancel_wait(cancel, &h->changed, &h->lock, INT64_MAX);
    if (rc != -EINTR)
        rc = h->result;
    if (!rc)
        buf_addf(ret->text, "token%d", h->fetches);
    else
        buf_fail(err, 0, "no luck");
    mutex_unlock(&h->lock);
    return rc;
}

static void held_destroy(void *state)
{
    (void)state;
}

static const struct token_ops held_ops = {.fetch = held_fetch, .destroy = held_destroy};

static void held_init(struct held *h, int result)
{
    *h = (struct held){.result = result};
    mutex_init(&h->lock, MUTEX_DOUBLE);
    clock_cond_init(&h->changed);
}

static void held_wait(struct held *h, int fetches)
{
    mutex_lock(&h->lock);
    while (h->fetches < fetches)
        clock_wait(&h->changed, &h->lock, INT64_MAX);
    mutex_unlock(&h->lock);
}

static void held_open(struct held *h)
{
    mutex_lock(&h->lock);
    h->open = true;
    pthread_cond_broadcast(&h->changed);
    mutex_unlock(&h->lock);
}

struct getter {
    struct token_source *source;
    struct cancel cancel;
    const char *stale;
    struct buf out, err;
    int rc;
    pthread_t thread;
};

static void *getter_main(void *arg)
{
    struct getter *g = arg;

    g->rc = token_get(g->source, g->stale, &g->cancel, &g->out, &g->err);
    return NULL;
}

static void getter_start(struct getter *g, struct token_source *source, const char *stale)
{
    *g = (struct getter){.source = source, .stale = stale};
    cancel_init(&g->cancel);
    buf_init(&g->out, TOKEN_MAX);
    buf_init(&g->err, BUF_TEXT_MAX);
    assert_int_equal(pthread_create(&g->thread, NULL, getter_main, g), 0);
}

static void getter_end(struct getter *g, int rc, const char *value)
{
    pthread_join(g->thread, NULL);
    assert_int_equal(g->rc, rc);
    assert_string_equal(g->out.data, value);
    buf_release(&g->out);
    buf_release(&g->err);
}

static void test_one_renewal_for_all(void **state)
{
    struct getter g[4];
    struct held h;
    struct token_source *s;

    (void)state;
    held_init(&h, 0);
    s = token_create(&held_ops, &h);
    for (size_t i = 0; i < ARRAY_SIZE(g); i++)
        getter_start(&g[i], s, NULL);
    held_wait(&h, 1);
    held_open(&h);
    for (size_t i = 0; i < ARRAY_SIZE(g); i++)
        getter_end(&g[i], 0, "Bearer token1");

    for (size_t i = 0; i < ARRAY_SIZE(g); i++)
        getter_start(&g[i], s, "Bearer token1");
    for (size_t i = 0; i < ARRAY_SIZE(g); i++)
        getter_end(&g[i], 0, "Bearer token2");
    assert_int_equal(h.fetches, 2);
    token_destroy(s);
}

static void test_cancelled_waiter_and_renewer(void **state)
{
    struct getter renewer, waiter;
    struct held h;
    struct token_source *s;

    (void)state;
    held_init(&h, 0);
    s = token_create(&held_ops, &h);
    getter_start(&renewer, s, NULL);
    held_wait(&h, 1);
    getter_start(&waiter, s, NULL);
    cancel_fire(&waiter.cancel);
    getter_end(&waiter, -EINTR, "");

    /* The renewer is cancelled: the next one takes over and is no worse for it. */
    getter_start(&waiter, s, NULL);
    cancel_fire(&renewer.cancel);
    getter_end(&renewer, -EINTR, "");
    held_wait(&h, 2);
    held_open(&h);
    getter_end(&waiter, 0, "Bearer token2");
    token_destroy(s);
}

static void test_command_is_cancelled(void **state)
{
    struct token_source *s = token_from_command("sleep 20");
    struct getter g;

    (void)state;
    getter_start(&g, s, NULL);
    cancel_fire(&g.cancel);
    getter_end(&g, -EINTR, "");
    token_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_string),
        cmocka_unit_test(test_no_token_in_it),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_another_text_in_the_file_is_seen),
        cmocka_unit_test(test_file_must_be_private),
        cmocka_unit_test(test_written_anew_is_tried_again),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_command_inherits_no_descriptor),
        cmocka_unit_test(test_command_leaves_something_behind),
        cmocka_unit_test(test_command_too_slow),
        cmocka_unit_test(test_one_renewal_for_all),
        cmocka_unit_test(test_cancelled_waiter_and_renewer),
        cmocka_unit_test(test_command_is_cancelled),
        cmocka_unit_test(test_command_failure_is_remembered),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
