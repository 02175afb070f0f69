/* Whose turn it is, as pure data: the throttle, the queue and its slots, and when to probe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <http/admission_p.h>
#include <http/reach_p.h>
#include <outlookfs/base/clock.h>

#define NOW (1000 * NS_PER_S)
#define S NS_PER_S

static int take_all(struct throttle *t, unsigned spare, int64_t now)
{
    int taken = 0;

    while (throttle_ready(t, spare, now) <= now) {
        throttle_take(t, now);
        taken++;
    }
    return taken;
}

static void test_no_minute_has_more(void **state)
{
    struct throttle t;
    int64_t sent[2000];
    int count = 0;

    (void)state;
    throttle_init(&t, 300);
    for (int64_t now = NOW; count < 2000; now += 100 * NS_PER_MS)
        while (count < 2000 && throttle_ready(&t, 0, now) <= now) {
            throttle_take(&t, now);
            sent[count++] = now;
        }
    for (int i = 300; i < count; i++)
        assert_true(sent[i] - sent[i - 300] >= 60 * S);
    /* And the budget is used: 2000 calls take no more than seven minutes. */
    assert_true(sent[count - 1] - NOW <= 7 * 60 * S);
    throttle_release(&t);
}

static void test_burst_then_pace(void **state)
{
    struct throttle t;

    (void)state;
    throttle_init(&t, 300);
    assert_int_equal(take_all(&t, 0, NOW), 225);
    assert_int_equal(throttle_budget(&t, NOW), 75);
    assert_int_equal(throttle_ready(&t, 0, NOW), NOW + 200 * NS_PER_MS);
    assert_int_equal(take_all(&t, 0, NOW + 200 * NS_PER_MS), 1);
    assert_int_equal(throttle_budget(&t, NOW + 61 * S), 300);
    throttle_release(&t);
}

static void test_calls_are_left_to_others(void **state)
{
    struct throttle t;
    int64_t now = NOW;

    (void)state;
    throttle_init(&t, 300);
    while (throttle_ready(&t, 30, now) < NOW + 60 * S) {
        if (throttle_ready(&t, 30, now) > now)
            now = throttle_ready(&t, 30, now);
        throttle_take(&t, now);
    }
    assert_int_equal(throttle_budget(&t, now), 30);
    assert_true(throttle_ready(&t, 0, now + S) <= now + S);
    throttle_release(&t);
}

static void test_hold(void **state)
{
    struct throttle t;

    (void)state;
    throttle_init(&t, 10);
    throttle_hold(&t, NOW + 5 * S);
    throttle_hold(&t, NOW + 3 * S);
    assert_int_equal(throttle_ready(&t, 0, NOW), NOW + 5 * S);
    assert_true(throttle_ready(&t, 0, NOW + 5 * S) <= NOW + 5 * S);
    throttle_release(&t);
}

static void test_a_budget_of_one(void **state)
{
    struct throttle t;

    (void)state;
    throttle_init(&t, 1);
    assert_int_equal(take_all(&t, 0, NOW), 1);
    assert_int_equal(throttle_ready(&t, 0, NOW), NOW + 60 * S);
    throttle_release(&t);
}

/* --- the queue --- */

static const struct http_request interactive = {.method = "GET", .priority = HTTP_INTERACTIVE};
static const struct http_request background = {.method = "GET", .priority = HTTP_BACKGROUND};

static const struct http_request save = {.method = "PATCH", .priority = HTTP_SAVE};

static struct exchange waiting(const struct http_request *r, int64_t deadline)
{
    return (struct exchange){.request = r, .deadline = deadline};
}

static void test_interactive_first_each_in_order(void **state)
{
    struct exchange b1 = waiting(&background, NOW + 10 * S);
    struct exchange b2 = waiting(&background, NOW + 11 * S);
    struct exchange i1 = waiting(&interactive, NOW + 12 * S);
    struct exchange i2 = waiting(&interactive, NOW + 13 * S);
    struct admission a;
    int64_t wake = INT64_MAX;

    (void)state;
    admission_init(&a, 8, 300);
    admission_add(&a, &b1);
    admission_add(&a, &b2);
    admission_add(&a, &i2);
    admission_add(&a, &i1); /* came earlier, and is here a second time */
    assert_ptr_equal(admission_next(&a, NOW, &wake), &i1);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &i2);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &b1);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &b2);
    assert_null(admission_next(&a, NOW, &wake));
    assert_int_equal(wake, INT64_MAX);
    admission_release(&a);
}

static void test_slots(void **state)
{
    struct exchange b1 = waiting(&background, NOW + 10 * S);
    struct exchange b2 = waiting(&background, NOW + 11 * S);
    struct exchange i1 = waiting(&interactive, NOW + 12 * S);
    struct exchange i2 = waiting(&interactive, NOW + 13 * S);
    struct admission a;
    int64_t wake = INT64_MAX;

    (void)state;
    admission_init(&a, 2, 300);
    admission_add(&a, &b1);
    admission_add(&a, &b2);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &b1);
    assert_null(admission_next(&a, NOW, &wake)); /* the last slot is not for it */
    admission_add(&a, &i1);
    admission_add(&a, &i2);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &i1);
    assert_null(admission_next(&a, NOW, &wake));
    admission_over(&a, &b1);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &i2);
    admission_over(&a, &i1);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &b2);
    admission_release(&a);
}

static void test_one_that_waits_lets_others_by(void **state)
{
    struct exchange i1 = waiting(&interactive, NOW + 12 * S);
    struct exchange i2 = waiting(&interactive, NOW + 13 * S);
    struct admission a;
    int64_t wake = INT64_MAX;

    (void)state;
    i1.not_before = NOW + 2 * S;
    admission_init(&a, 8, 300);
    admission_add(&a, &i1);
    admission_add(&a, &i2);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &i2);
    assert_null(admission_next(&a, NOW, &wake));
    assert_int_equal(wake, NOW + 2 * S);
    assert_ptr_equal(admission_next(&a, NOW + 2 * S, &wake), &i1);
    admission_release(&a);
}

static void test_hopeless(void **state)
{
    struct exchange late = waiting(&background, NOW);
    struct exchange held = waiting(&interactive, NOW + 5 * S);
    struct exchange fine = waiting(&interactive, NOW + 20 * S);
    struct admission a;
    int64_t wake = INT64_MAX;

    (void)state;
    admission_init(&a, 8, 300);
    throttle_hold(&a.throttle, NOW + 6 * S);
    admission_add(&a, &late);
    admission_add(&a, &held);
    admission_add(&a, &fine);
    assert_ptr_equal(admission_hopeless(&a, NOW, &wake), &held);
    assert_ptr_equal(admission_hopeless(&a, NOW, &wake), &late);
    assert_null(admission_hopeless(&a, NOW, &wake));
    assert_int_equal(wake, NOW + 20 * S);
    assert_null(admission_next(&a, NOW, &wake));
    assert_int_equal(wake, NOW + 6 * S);
    assert_ptr_equal(admission_drain(&a), &fine);
    assert_null(admission_drain(&a));
    admission_release(&a);
}

/* --- reach --- */

static int64_t probe_fails(struct reach *r)
{
    int64_t at = r->probe_at;

    reach_probing(r, at);
    reach_probed(r);
    reach_failed(r, at);
    return r->probe_at - at;
}

static void test_probes_back_off_and_recover(void **state)
{
    static const int64_t pauses[] = {2, 4, 8, 16, 32, 60, 60};
    struct reach r;

    (void)state;
    reach_init(&r, S, 60 * S, NOW);
    assert_true(r.online);
    assert_int_equal(r.probe_at, REACH_NEVER);

    reach_failed(&r, NOW);
    assert_false(r.online);
    assert_int_equal(r.probe_at, NOW + S);
    reach_failed(&r, NOW + S / 2); /* another one that was under way */
    assert_int_equal(r.probe_at, NOW + S);
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++)
        assert_int_equal(probe_fails(&r), pauses[i] * S);

    reach_answered(&r);
    assert_true(r.online);
    assert_int_equal(r.probe_at, REACH_NEVER);
    reach_failed(&r, NOW);
    assert_int_equal(r.probe_at, NOW + S);
}

static void test_suspicion_probes_at_once_but_not_often(void **state)
{
    struct reach r;

    (void)state;
    reach_init(&r, S, 60 * S, NOW);
    reach_suspected(&r, NOW);
    assert_true(r.online);
    assert_int_equal(r.probe_at, NOW);
    reach_probing(&r, NOW);
    reach_suspected(&r, NOW);
    assert_int_equal(r.probe_at, REACH_NEVER);
    reach_probed(&r);
    reach_answered(&r);
    reach_suspected(&r, NOW + S / 10);
    assert_int_equal(r.probe_at, NOW + S);
}

/* Reads that take all there is: what is saved goes before them, at once. */
static void test_saves_before_reads(void **state)
{
    struct exchange r[40], s = waiting(&save, NOW + 200 * S);
    int64_t wake = INT64_MAX, ready;
    struct admission a;
    int sent = 0;

    (void)state;
    admission_init(&a, 100, 20);
    for (int i = 0; i < 40; i++) {
        r[i] = waiting(&interactive, NOW + (100 + i) * S);
        admission_add(&a, &r[i]);
    }
    for (int64_t now = NOW; now < NOW + 59 * S; now += S) {
        struct exchange *ex = admission_next(&a, now, &wake);

        sent += ex != NULL;
        if (ex)
            admission_over(&a, ex);
    }
    assert_int_equal(sent, 19);
    assert_int_equal(admission_limited(&a, NOW + 59 * S, &ready), 21);
    assert_int_equal(ready, NOW + 60 * S);
    admission_add(&a, &s);
    assert_ptr_equal(admission_next(&a, NOW + 59 * S, &wake), &s);
    admission_release(&a);
}

/* Many saves: of four calls one is a read. */
static void test_reads_get_their_turn(void **state)
{
    struct exchange s[8], r = waiting(&interactive, NOW + 10 * S);
    int64_t wake = INT64_MAX;
    struct admission a;

    (void)state;
    admission_init(&a, 100, 300);
    for (int i = 0; i < 8; i++) {
        s[i] = waiting(&save, NOW + (11 + i) * S);
        admission_add(&a, &s[i]);
    }
    admission_add(&a, &r);
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(admission_next(&a, NOW, &wake), &s[i]);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &r);
    for (int i = 3; i < 8; i++)
        assert_ptr_equal(admission_next(&a, NOW, &wake), &s[i]);
    assert_null(admission_next(&a, NOW, &wake));
    admission_release(&a);
}

/* Reads that last: one slot is left to saves. */
static void test_a_slot_for_saves(void **state)
{
    struct exchange r[4], s = waiting(&save, NOW + 20 * S);
    int64_t wake = INT64_MAX;
    struct admission a;

    (void)state;
    admission_init(&a, 4, 300);
    for (int i = 0; i < 4; i++) {
        r[i] = waiting(&interactive, NOW + (10 + i) * S);
        admission_add(&a, &r[i]);
    }
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(admission_next(&a, NOW, &wake), &r[i]);
    assert_null(admission_next(&a, NOW, &wake));
    admission_add(&a, &s);
    assert_ptr_equal(admission_next(&a, NOW, &wake), &s);
    admission_release(&a);
}

static void admit_saves(struct admission *a, struct exchange *saves, int count)
{
    int64_t wake = INT64_MAX;

    for (int i = 0; i < count; i++) {
        saves[i] = waiting(&save, NOW + (20 + i) * S);
        admission_add(a, &saves[i]);
    }
    for (int i = 0; i < count; i++) {
        assert_ptr_equal(admission_next(a, NOW, &wake), &saves[i]);
        admission_over(a, &saves[i]);
    }
}

/* A read that has no slot, or that waits to be tried again, cannot take its turn: saves go on. */
static void test_saves_do_not_wait_for_a_read_that_cannot_go(void **state)
{
    struct exchange r[4], s[8];
    int64_t wake = INT64_MAX;
    struct admission a;

    (void)state;
    admission_init(&a, 4, 300);
    for (int i = 0; i < 4; i++) {
        r[i] = waiting(&interactive, NOW + (10 + i) * S);
        admission_add(&a, &r[i]);
    }
    for (int i = 0; i < 3; i++)
        assert_ptr_equal(admission_next(&a, NOW, &wake), &r[i]);
    admit_saves(&a, s, 8);
    admission_remove(&a, &r[3]);
    admission_over(&a, &r[0]);
    r[3].not_before = NOW + S;
    admission_add(&a, &r[3]);
    admit_saves(&a, s, 8);
    admission_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_minute_has_more),
        cmocka_unit_test(test_burst_then_pace),
        cmocka_unit_test(test_calls_are_left_to_others),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_saves_before_reads),
        cmocka_unit_test(test_reads_get_their_turn),
        cmocka_unit_test(test_a_slot_for_saves),
        cmocka_unit_test(test_saves_do_not_wait_for_a_read_that_cannot_go),
        cmocka_unit_test(test_a_budget_of_one),
        cmocka_unit_test(test_interactive_first_each_in_order),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_one_that_waits_lets_others_by),
        cmocka_unit_test(test_hopeless),
        cmocka_unit_test(test_probes_back_off_and_recover),
        cmocka_unit_test(test_suspicion_probes_at_once_but_not_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
