/* The loop: it brings what comes, keeps its share of the budget, and ends when told. */
#include "triggers_test.h"

#include <outlookfs/triggers/poller.h>

#define SOON (20 * NS_PER_S)
#define SPACING (120 * NS_PER_S / 300)

static uint64_t items_of(struct rig *rig, const char *name)
{
    struct trigger_row row = row_of(rig, name);
    uint64_t items = row.items;

    trigger_row_release(&row);
    return items;
}

static unsigned calls_of(struct rig *rig)
{
    mutex_lock(&rig->service->lock);
    unsigned calls = rig->service->calls;
    mutex_unlock(&rig->service->lock);
    return calls;
}

#define await(condition)                                                                           \
    do {                                                                                           \
        int64_t until_ = clock_mono() + SOON;                                                      \
        while (!(condition) && clock_mono() < until_)                                              \
            usleep(5000);                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

static void test_what_comes_is_brought(void **state)
{
    struct rig *rig = *state;
    struct poller *p = NULL;
    char name[16];

    clock_advance(0);
    define(rig, "x", NEW_EMAIL);
    assert_int_equal(poller_start(rig->mb, &p), 0);
    await(calls_of(rig) == 1);
    for (int i = 0; i < 35; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        deliver(rig, name, name);
    }
    clock_advance(16 * NS_PER_S);
    await(items_of(rig, "x") == 35); /* four answers, one after the other */
    poller_stop(p);
}

static void test_a_new_definition_is_asked_at_once(void **state)
{
    struct rig *rig = *state;
    struct poller *p = NULL;

    assert_int_equal(poller_start(rig->mb, &p), 0);
    define(rig, "x", NEW_EMAIL);
    triggers_kick(rig->t);
    await(calls_of(rig) == 1);
    poller_stop(p);
}

static void test_half_of_the_budget(void **state)
{
    enum { CALLS = 11 };
    struct rig *rig = *state;
    struct poller *p = NULL;
    char name[16];

    for (int i = 0; i < CALLS; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        define(rig, name, NEW_EMAIL);
    }
    assert_int_equal(poller_start(rig->mb, &p), 0);
    await(calls_of(rig) == CALLS);
    poller_stop(p);
    /* A call is noted somewhat after it was decided on: less than would make up for half of the pauses. */
    assert_true(rig->service->called_at[CALLS - 1] - rig->service->called_at[0] >=
                (CALLS - 1) * SPACING - NS_PER_S);
}

static void test_stop_without_triggers(void **state)
{
    struct rig *rig = *state;
    struct poller *p = NULL;

    assert_int_equal(poller_start(rig->mb, &p), 0);
    poller_stop(p);
    poller_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_what_comes_is_brought),
        rig_test(test_a_new_definition_is_asked_at_once),
        rig_test(test_half_of_the_budget),
        rig_test(test_stop_without_triggers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
