#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/clock.h>

#include <errno.h>
#include <stdbool.h>
#include <time.h>

static struct mutex lock = MUTEX_INIT(MUTEX_DOUBLE);
static pthread_cond_t cond;
static bool flag; /* guarded by lock */

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void *set_flag(void *arg)
{
    mutex_lock(&lock);
    flag = true;
    pthread_cond_signal(&cond);
    mutex_unlock(&lock);
    return arg;
}

static void test_reads_the_clocks(void **state)
{
    int64_t before = read_clock(CLOCK_REALTIME);
    int64_t mono = read_clock(CLOCK_MONOTONIC);

    (void)state;
    assert_in_range(clock_now() - before, 0, 60 * NS_PER_S);
    assert_in_range(clock_mono() - mono, 0, 60 * NS_PER_S);
}

static void test_reached_deadline_does_not_wait(void **state)
{
    (void)state;
    mutex_lock(&lock);
    assert_int_equal(clock_wait(&cond, &lock, clock_mono()), -ETIMEDOUT);
    assert_int_equal(clock_wait(&cond, &lock, 0), -ETIMEDOUT);
    assert_int_equal(clock_wait(&cond, &lock, -NS_PER_S), -ETIMEDOUT);
    assert_int_equal(clock_wait(&cond, &lock, INT64_MIN), -ETIMEDOUT);
    mutex_unlock(&lock);
}

static void test_waits_until_the_deadline(void **state)
{
    int64_t until = clock_mono() + 20 * NS_PER_MS;
    int rc;

    (void)state;
    mutex_lock(&lock);
    do
        rc = clock_wait(&cond, &lock, until);
    while (rc == 0);
    mutex_unlock(&lock);
    assert_int_equal(rc, -ETIMEDOUT);
    assert_true(clock_mono() >= until);
}

static void wait_for_signal(int64_t until)
{
    pthread_t thread;

    flag = false;
    assert_int_equal(pthread_create(&thread, NULL, set_flag, NULL), 0);
    mutex_lock(&lock);
    while (!flag)
        assert_int_equal(clock_wait(&cond, &lock, until), 0);
    mutex_unlock(&lock);
    pthread_join(thread, NULL);
}

static void test_wakes_by_signal(void **state)
{
    (void)state;
    wait_for_signal(INT64_MAX);
    wait_for_signal(INT64_MAX - 1);
    wait_for_signal(clock_mono() + 3600 * NS_PER_S);
}

static void test_advance_moves_both(void **state)
{
    int64_t now = clock_now();
    int64_t mono = clock_mono();

    (void)state;
    clock_advance(3600 * NS_PER_S);
    assert_in_range(clock_now() - now, 3600 * NS_PER_S, 3660 * NS_PER_S);
    assert_in_range(clock_mono() - mono, 3600 * NS_PER_S, 3660 * NS_PER_S);
}

static void *advance_a_day(void *arg)
{
    /* The waiter holds the lock until it waits. */
    mutex_lock(&lock);
    clock_advance(86400 * NS_PER_S);
    mutex_unlock(&lock);
    return arg;
}

/* Comes after the clock was pushed once: see clock_wait(). */
static void test_setting_the_clock_moves_dates_only(void **state)
{
    int64_t steady = clock_steady(), mono = clock_mono();

    (void)state;
    clock_set_back(3600 * NS_PER_S);
    assert_true(clock_now() < steady - 3500 * NS_PER_S);
    assert_true(clock_steady() >= steady && clock_steady() < steady + 60 * NS_PER_S);
    assert_true(clock_mono() >= mono && clock_mono() < mono + 60 * NS_PER_S);
    assert_true(clock_date(steady) < steady - 3500 * NS_PER_S);
    clock_set_back(-3600 * NS_PER_S);
    clock_advance(NS_PER_S);
    assert_true(clock_steady() >= steady + NS_PER_S);
}

static void test_a_push_ends_a_wait(void **state)
{
    int64_t until = clock_mono() + 86000 * NS_PER_S;
    pthread_t thread;
    int rc;

    (void)state;
    mutex_lock(&lock);
    assert_int_equal(pthread_create(&thread, NULL, advance_a_day, NULL), 0);
    do
        rc = clock_wait(&cond, &lock, until);
    while (rc == 0);
    mutex_unlock(&lock);
    pthread_join(thread, NULL);
    assert_int_equal(rc, -ETIMEDOUT);
}

static void test_signals_work_after_a_push(void **state)
{
    (void)state;
    wait_for_signal(INT64_MAX);
    wait_for_signal(INT64_MAX - 1);
    wait_for_signal(clock_mono() + 3600 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_the_clocks),
        cmocka_unit_test(test_reached_deadline_does_not_wait),
        cmocka_unit_test(test_waits_until_the_deadline),
        cmocka_unit_test(test_wakes_by_signal),
        cmocka_unit_test(test_advance_moves_both),
        cmocka_unit_test(test_setting_the_clock_moves_dates_only),
        cmocka_unit_test(test_a_push_ends_a_wait),
        cmocka_unit_test(test_signals_work_after_a_push),
    };

    clock_cond_init(&cond);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
