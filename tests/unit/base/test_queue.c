#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/queue.h>

#include <stdatomic.h>

#define SENDERS 4
#define RECEIVERS 4
#define ITEMS 5000 /* of each sender */

static struct queue queue;
static atomic_int received[SENDERS * ITEMS];
static int items[SENDERS * ITEMS];
static atomic_int disorder;

static void test_first_in_first_out(void **state)
{
    struct queue q;

    (void)state;
    queue_init(&q);
    for (int i = 0; i < 3; i++)
        assert_true(queue_push(&q, &items[i]));
    assert_int_equal(q.count, 3);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(queue_pop(&q, NULL, INT64_MAX), &items[i]);
    assert_null(queue_pop(&q, NULL, 0));
    assert_true(queue_push(&q, &items[3]));
    assert_ptr_equal(queue_pop(&q, NULL, 0), &items[3]);
    assert_int_equal(q.count, 0);
    queue_release(&q);
}

static void test_close_gives_what_is_left(void **state)
{
    struct queue q;

    (void)state;
    queue_init(&q);
    assert_true(queue_push(&q, &items[0]));
    queue_close(&q);
    assert_false(queue_push(&q, &items[1]));
    assert_ptr_equal(queue_pop(&q, NULL, INT64_MAX), &items[0]);
    assert_null(queue_pop(&q, NULL, INT64_MAX));
    queue_release(&q);
}

static void test_ends_of_a_wait(void **state)
{
    struct cancel c;
    struct queue q;

    (void)state;
    queue_init(&q);
    cancel_init(&c);
    assert_null(queue_pop(&q, &c, clock_mono() + NS_PER_MS));
    cancel_fire(&c);
    assert_null(queue_pop(&q, &c, INT64_MAX));
    assert_true(queue_push(&q, &items[0]));
    assert_ptr_equal(queue_pop(&q, &c, INT64_MAX), &items[0]);
    queue_release(&q);
}

static void *pop_forever(void *arg)
{
    return queue_pop(arg, NULL, INT64_MAX);
}

static void test_close_wakes_all(void **state)
{
    pthread_t threads[RECEIVERS];
    struct queue q;

    (void)state;
    queue_init(&q);
    for (int i = 0; i < RECEIVERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, pop_forever, &q), 0);
    queue_close(&q);
    for (int i = 0; i < RECEIVERS; i++) {
        void *item;

        pthread_join(threads[i], &item);
        assert_null(item);
    }
    queue_release(&q);
}

static void *send(void *arg)
{
    int *first = arg;

    for (int i = 0; i < ITEMS; i++)
        queue_push(&queue, first + i);
    return NULL;
}

/* What one sender sent arrives at one receiver in its order. */
static void *receive(void *arg)
{
    long last[SENDERS];
    int *item;

    for (int i = 0; i < SENDERS; i++)
        last[i] = -1;
    while ((item = queue_pop(&queue, arg, INT64_MAX))) {
        long n = item - items;

        atomic_fetch_add(&received[n], 1);
        if (last[n / ITEMS] >= n)
            atomic_store(&disorder, 1);
        last[n / ITEMS] = n;
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t senders[SENDERS], receivers[RECEIVERS];
    struct cancel never;

    (void)state;
    cancel_init(&never);
    queue_init(&queue);
    for (int i = 0; i < RECEIVERS; i++)
        assert_int_equal(pthread_create(&receivers[i], NULL, receive, i % 2 ? &never : NULL), 0);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&senders[i], NULL, send, &items[i * ITEMS]), 0);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    queue_close(&queue);
    for (int i = 0; i < RECEIVERS; i++)
        pthread_join(receivers[i], NULL);

    for (int i = 0; i < SENDERS * ITEMS; i++)
        assert_int_equal(received[i], 1);
    assert_int_equal(disorder, 0);
    assert_int_equal(queue.count, 0);
    queue_release(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out), cmocka_unit_test(test_close_gives_what_is_left),
        cmocka_unit_test(test_ends_of_a_wait),     cmocka_unit_test(test_close_wakes_all),
        cmocka_unit_test(test_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
