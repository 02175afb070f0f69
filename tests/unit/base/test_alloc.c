#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_gives_memory(void **state)
{
    char *p = xmalloc(0);
    int *zeros = xcalloc(3, sizeof(int));

    (void)state;
    assert_non_null(p);
    p = xrealloc(p, 3);
    strcpy(p, "ab");
    p = xrealloc(p, 1000);
    assert_string_equal(p, "ab");
    assert_int_equal(zeros[0] | zeros[1] | zeros[2], 0);
    free(zeros);
    free(p);
    p = xcalloc(0, 8);
    assert_non_null(p);
    free(p);
}

static void test_makes_strings(void **state)
{
    char *a = xstrdup("text");
    char *b = xstrndup("text", 2);
    char *c = xasprintf("%s-%d", a, 7);

    (void)state;
    assert_string_equal(a, "text");
    assert_string_equal(b, "te");
    assert_string_equal(c, "text-7");
    free(a);
    free(b);
    free(c);
}

static void test_stops_without_memory(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        volatile size_t huge = SIZE_MAX / 2;
        int null = open("/dev/null", O_WRONLY);

        dup2(null, STDERR_FILENO);
        free(xmalloc(huge));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gives_memory),
        cmocka_unit_test(test_makes_strings),
        cmocka_unit_test(test_stops_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
