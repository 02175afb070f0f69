#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/cancel.h>

#include <errno.h>

static struct mutex lock = MUTEX_INIT(MUTEX_DOUBLE);
static pthread_cond_t cond;
static bool flag; /* guarded by lock */

static void *fire(void *arg)
{
    mutex_lock(&lock); /* the waiter holds it until it waits */
    mutex_unlock(&lock);
    cancel_fire(arg);
    return NULL;
}

static void *set_flag(void *arg)
{
    mutex_lock(&lock);
    flag = true;
    pthread_cond_signal(&cond);
    mutex_unlock(&lock);
    return arg;
}

static int wait_for_flag(struct cancel *c, int64_t until)
{
    int rc = 0;

    while (!flag && rc == 0)
        rc = cancel_wait(c, &cond, &lock, until);
    return rc;
}

static void test_fires(void **state)
{
    struct cancel c;

    (void)state;
    assert_false(cancel_fired(NULL));
    cancel_init(&c);
    assert_false(cancel_fired(&c));
    cancel_fire(&c);
    cancel_fire(&c);
    assert_true(cancel_fired(&c));
}

static void test_fired_before_the_wait(void **state)
{
    struct cancel c;

    (void)state;
    cancel_init(&c);
    cancel_fire(&c);
    mutex_lock(&lock);
    assert_int_equal(cancel_wait(&c, &cond, &lock, INT64_MAX), -EINTR);
    assert_int_equal(cancel_wait(&c, &cond, &lock, 0), -EINTR);
    mutex_unlock(&lock);
}

static void test_fired_during_the_wait(void **state)
{
    const int64_t untils[] = {INT64_MAX, clock_mono() + 3600 * NS_PER_S};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct cancel c;
        pthread_t thread;
        int rc;

        cancel_init(&c);
        flag = false;
        mutex_lock(&lock);
        assert_int_equal(pthread_create(&thread, NULL, fire, &c), 0);
        rc = wait_for_flag(&c, untils[i]);
        mutex_unlock(&lock);
        pthread_join(thread, NULL);
        assert_int_equal(rc, -EINTR);
    }
}

static void test_fires_by_itself(void **state)
{
    int64_t until = clock_mono() + 50 * NS_PER_MS;
    struct cancel c;

    (void)state;
    cancel_init_until(&c, until);
    flag = false;
    mutex_lock(&lock);
    assert_int_equal(wait_for_flag(&c, INT64_MAX), -EINTR);
    mutex_unlock(&lock);
    assert_true(clock_mono() >= until);
    assert_true(cancel_fired(&c));
}

static void test_times_out(void **state)
{
    int64_t until = clock_mono() + CANCEL_SLICE + 20 * NS_PER_MS; /* more than a slice */
    struct cancel c;

    (void)state;
    cancel_init(&c);
    flag = false;
    mutex_lock(&lock);
    assert_int_equal(wait_for_flag(&c, until), -ETIMEDOUT);
    assert_true(clock_mono() >= until);
    assert_int_equal(wait_for_flag(NULL, clock_mono() + NS_PER_MS), -ETIMEDOUT);
    mutex_unlock(&lock);
}

static void test_wakes_by_signal(void **state)
{
    struct cancel c;
    struct cancel *const cancels[] = {&c, NULL};

    (void)state;
    cancel_init(&c);
    for (int i = 0; i < 2; i++) {
        pthread_t thread;

        flag = false;
        mutex_lock(&lock);
        assert_int_equal(pthread_create(&thread, NULL, set_flag, NULL), 0);
        assert_int_equal(wait_for_flag(cancels[i], INT64_MAX), 0);
        mutex_unlock(&lock);
        pthread_join(thread, NULL);
        assert_true(flag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires),
        cmocka_unit_test(test_fired_before_the_wait),
        cmocka_unit_test(test_fired_during_the_wait),
        cmocka_unit_test(test_fires_by_itself),
        cmocka_unit_test(test_times_out),
        cmocka_unit_test(test_wakes_by_signal),
    };

    clock_cond_init(&cond);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
