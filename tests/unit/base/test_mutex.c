/*
 * Mutexes: an order that is not kept ends a build with assertions, each way in a process of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mutex outer = MUTEX_INIT(MUTEX_CHANGE);
static struct mutex inner = MUTEX_INIT(MUTEX_LOG);
static struct mutex other_inner = MUTEX_INIT(MUTEX_LOG);
static struct mutex again;
static pthread_cond_t cond;

static void in_order(void)
{
    for (int i = 0; i < 100; i++) {
        mutex_lock(&outer);
        mutex_lock(&again);
        mutex_lock(&again);
        mutex_lock(&inner);
        mutex_unlock(&outer); /* given back in any order */
        mutex_unlock(&inner);
        mutex_lock(&other_inner);
        mutex_unlock(&other_inner);
        mutex_unlock(&again);
        mutex_unlock(&again);
    }
    mutex_lock(&inner);
    assert_true(mutex_try_lock(&outer));
    mutex_unlock(&outer);
    mutex_unlock(&inner);
    mutex_assert_alone(NULL);
}

static void out_of_order(void)
{
    mutex_lock(&inner);
    mutex_lock(&outer);
}

static void two_of_a_rank(void)
{
    mutex_lock(&inner);
    mutex_lock(&other_inner);
}

static void twice(void)
{
    mutex_lock(&inner);
    mutex_lock(&inner);
}

static void wait_with_another(void)
{
    mutex_lock(&outer);
    mutex_lock(&inner);
    clock_wait(&cond, &inner, clock_mono() + NS_PER_S);
}

static void wait_with_any(void)
{
    mutex_lock(&inner);
    mutex_assert_alone(NULL);
}

/* Does it end by an assertion? */
static bool aborts(void (*run)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        struct rlimit no_core = {0};

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        run();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_order_is_checked(void **state)
{
    static void (*const wrong[])(void) = {out_of_order, two_of_a_rank, twice, wait_with_another,
                                          wait_with_any};

    (void)state;
    clock_cond_init(&cond);
    mutex_init_recursive(&again, MUTEX_STATE_WRITE);
    in_order();
#ifdef NDEBUG
    skip(); /* a release checks nothing */
#endif
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_true(aborts(wrong[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_is_checked)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
