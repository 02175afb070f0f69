#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/sendmail_p.h"
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is read of a text that comes through a pipe in two pieces, wherever it is cut. */
static void assert_read(const char *text, bool dot_ends, const char *expected)
{
    size_t len = strlen(text);

    for (size_t cut = 0; cut <= len; cut++) {
        struct buf out;
        int pipes[2];

        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            if (write(pipes[1], text, cut) < 0)
                _exit(1);
            usleep(1000); /* whether the reader sees one piece or two, the answer is the same */
            if (write(pipes[1], text + cut, len - cut) < 0)
                _exit(1);
            _exit(0);
        }
        close(pipes[1]);
        buf_init(&out, SENDMAIL_TEXT_MAX);
        assert_int_equal(sendmail_read(pipes[0], dot_ends, &out, NULL), 0);
        assert_string_equal(out.data, expected);
        buf_release(&out);
        close(pipes[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
}

static void test_a_lone_dot_ends(void **state)
{
    (void)state;
    assert_read("a\n.\nb\n", true, "a\n");
    assert_read("a\r\n.\r\nb\r\n", true, "a\r\n");
    assert_read(".\n", true, "");
    assert_read("a\n.", true, "a\n");
    assert_read("a\n..\n.b\n. \na.\n", true, "a\n..\n.b\n. \na.\n");
    assert_read("a\n.\nb\n", false, "a\n.\nb\n");
}

static void test_a_terminal_is_not_waited_for(void **state)
{
    struct buf out;
    int pipes[2];

    (void)state;
    buf_init(&out, SENDMAIL_TEXT_MAX);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "a\n.\n", 4), 4);
    assert_int_equal(sendmail_read(pipes[0], true, &out, NULL), 0); /* the other end is open */
    assert_string_equal(out.data, "a\n");
    buf_release(&out);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_too_much_keeps_what_was_read(void **state)
{
    struct buf out, err;
    int pipes[2];

    (void)state;
    buf_init(&out, 8);
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "0123456789", 10), 10);
    assert_int_equal(sendmail_read(pipes[0], true, &out, &err), -EFBIG);
    assert_true(err.len > 0);
    buf_release(&out);
    buf_release(&err);
    close(pipes[0]);
    close(pipes[1]);
}

static void save(const char *text)
{
    struct buf message;
    char *path = NULL;

    buf_init(&message, SENDMAIL_TEXT_MAX);
    buf_addstr(&message, text);
    assert_int_equal(sendmail_save(&message, &path, NULL), 0);
    free(path);
    buf_release(&message);
}

/* Without the dates. */
static void assert_letters(const char *path, const char *expected)
{
    struct buf text, plain;
    char *save_ptr = NULL;

    buf_init(&text, SENDMAIL_TEXT_MAX);
    buf_init(&plain, SENDMAIL_TEXT_MAX);
    assert_int_equal(file_read(path, &text, NULL), 0);
    for (char *line = strtok_r(text.data, "\n", &save_ptr); line;
         line = strtok_r(NULL, "\n", &save_ptr))
        buf_addf(&plain, "%s|", strncmp(line, "From outlookfs ", 15) != 0 ? line : "From");
    assert_string_equal(plain.data, expected);
    buf_release(&text);
    buf_release(&plain);
}

static void test_dead_letters(void **state)
{
    char home[] = "/tmp/outlookfs-letter-XXXXXX";
    struct buf message;
    char *path, *failed = NULL;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(home));
    setenv("HOME", home, 1);
    path = xasprintf("%s/dead.letter", home);
    save("To: a@b.c\n\nFrom here\n>From there\nno end");
    save("just text\n");
    assert_letters(path, "From|To: a@b.c|>From here|>>From there|no end|From|just text|");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    buf_init(&message, SENDMAIL_TEXT_MAX);
    unlink(path);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_not_equal(sendmail_save(&message, &failed, NULL), 0);
    assert_string_equal(failed, path);
    buf_release(&message);
    unlink(path);
    rmdir(home);
    free(failed);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lone_dot_ends),
        cmocka_unit_test(test_a_terminal_is_not_waited_for),
        cmocka_unit_test(test_too_much_keeps_what_was_read),
        cmocka_unit_test(test_dead_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
