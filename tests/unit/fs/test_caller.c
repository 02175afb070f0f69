/*
 * test_caller.c - who makes no directory. Who does is seen over a mount: mount/test_search.py.
 */
#include "fs_test.h"
#include <fs/core/core_p.h>

#include <limits.h>
#include <stdatomic.h>
#include <unistd.h>

struct waiting {
    _Atomic pid_t tid;
    int pipe[2];
};

static void *wait_for_end(void *arg)
{
    struct waiting *w = arg;
    char c;

    w->tid = gettid();
    return read(w->pipe[0], &c, 1) ? w : NULL;
}

static void test_nobody(void **state)
{
    (void)state;
    assert_false(caller_makes_directory(0));
    assert_false(caller_makes_directory(-1));
    assert_false(caller_makes_directory(INT_MAX)); /* more than there can be */
}

static void test_in_another_call(void **state)
{
    struct waiting w = {0};
    pthread_t thread;
    void *rc = &w;

    (void)state;
    assert_false(caller_makes_directory(gettid()));
    assert_int_equal(pipe(w.pipe), 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &w), 0);
    while (!w.tid)
        usleep(1000);
    assert_false(caller_makes_directory(w.tid));
    close(w.pipe[1]);
    assert_int_equal(pthread_join(thread, &rc), 0);
    assert_null(rc);
    close(w.pipe[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_in_another_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
