#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The newest remembered line, for the caller to free. */
static char *last_line(void)
{
    struct buf out;
    char *start, *line;

    buf_init(&out, LOG_RING_MAX);
    assert_int_equal(log_tail(&out), 0);
    assert_true(out.len > 0);
    assert_int_equal(out.data[out.len - 1], '\n');
    buf_truncate(&out, out.len - 1);
    start = strrchr(out.data, '\n');
    line = xstrdup(start ? start + 1 : out.data);
    buf_release(&out);
    return line;
}

static void assert_last(const char *expected)
{
    char *line = last_line();

    /* 2026-11-23T09:14:05+00:00 */
    assert_true(strlen(line) > 26);
    assert_int_equal(line[10], 'T');
    assert_memory_equal(line + 19, "+00:00 ", 7);
    assert_string_equal(line + 26, expected);
    free(line);
}

static void test_remembers_by_level(void **state)
{
    (void)state;
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_WARN);
    log_error("%s: %d", "disk full", 28);
    assert_last("error: disk full: 28");
    log_info("unseen");
    log_debug("unseen");
    assert_last("error: disk full: 28");
    log_warn("seen");
    assert_last("warn: seen");
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    log_info("now");
    assert_last("info: now");
    log_debug("and this");
    assert_last("debug: and this");
}

static void test_keeps_one_line_printable(void **state)
{
    (void)state;
    log_error("a\nb\tc\x1b[31m\x7f\xc3\xbc");
    assert_last("error: a b c?[31m?\xc3\xbc");
}

static void test_cuts_a_long_line(void **state)
{
    char *text = xmalloc(3 * BUF_TEXT_MAX);
    char *line;

    (void)state;
    memset(text, 'x', 3 * BUF_TEXT_MAX - 1);
    text[3 * BUF_TEXT_MAX - 1] = '\0';
    log_error("%s", text);
    line = last_line();
    assert_int_equal(strlen(line), 26 + strlen("error: ") + BUF_TEXT_MAX);
    free(line);
    free(text);
}

static void test_keeps_errno(void **state)
{
    (void)state;
    errno = ENOTTY;
    log_error("text");
    assert_int_equal(errno, ENOTTY);
}

/* After far more than the ring holds: whole lines, the newest, in order, and nearly as much as
 * fits. */
static void test_old_lines_fall_out(void **state)
{
    struct buf out;
    int count = 0;
    int number = -1;

    (void)state;
    for (int i = 0; i < 20000; i++)
        log_info("line %d%.*s", i, i % 50, "..................................................");

    buf_init(&out, LOG_RING_MAX);
    assert_int_equal(log_tail(&out), 0);
    assert_in_range(out.len, LOG_RING_MAX - 200, LOG_RING_MAX);
    for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"), count++) {
        int n;

        assert_int_equal(sscanf(line + 26, "info: line %d", &n), 1);
        if (number >= 0)
            assert_int_equal(n, number + 1);
        number = n;
    }
    assert_int_equal(number, 19999);
    assert_true(count > 2000);
    buf_release(&out);
}

static void test_tail_needs_room(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    assert_int_equal(buf_addstr(&out, "kept"), 0);
    assert_int_equal(log_tail(&out), -ENOBUFS);
    assert_string_equal(out.data, "kept");
    buf_release(&out);
}

static void test_writes_to_stderr(void **state)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    char text[100] = "";

    (void)state;
    assert_non_null(file);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    log_setup(LOG_TO_STDERR, LOG_LEVEL_WARN);
    log_warn("%s: no space", "a.json");
    log_info("unseen");
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    log_warn("unseen");
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);

    assert_true(pread(fileno(file), text, sizeof(text) - 1, 0) > 0);
    assert_string_equal(text, "outlookfs: a.json: no space\n");
    fclose(file);
}

static void test_writes_to_syslog(void **state)
{
    (void)state;
    log_setup(LOG_TO_SYSLOG, LOG_LEVEL_DEBUG); /* without a syslog daemon the line goes nowhere */
    log_debug("100%% %s", "%s%n");
    assert_last("debug: 100% %s%n");
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
}

static void *log_much(void *arg)
{
    for (int i = 0; i < 3000; i++)
        log_info("%s %d", (char *)arg, i);
    return NULL;
}

static void test_many_threads(void **state)
{
    char names[4][8] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    struct buf out;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_much, names[i]), 0);
    for (int i = 0; i < 100; i++) {
        buf_init(&out, LOG_RING_MAX);
        assert_int_equal(log_tail(&out), 0);
        buf_release(&out);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);

    buf_init(&out, LOG_RING_MAX);
    assert_int_equal(log_tail(&out), 0);
    for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n")) {
        char name;
        int n;

        assert_int_equal(sscanf(line + 26, "info: %c %d", &name, &n), 2);
        assert_in_range(name, 'a', 'd');
        assert_in_range(n, 0, 2999);
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembers_by_level), cmocka_unit_test(test_keeps_one_line_printable),
        cmocka_unit_test(test_cuts_a_long_line),   cmocka_unit_test(test_keeps_errno),
        cmocka_unit_test(test_old_lines_fall_out), cmocka_unit_test(test_tail_needs_room),
        cmocka_unit_test(test_writes_to_stderr),   cmocka_unit_test(test_writes_to_syslog),
        cmocka_unit_test(test_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
