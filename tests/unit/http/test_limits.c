/* What ends a wait: limits, Retry-After, Ctrl-C, a service out of reach, the end of the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client.h"

#include <outlookfs/base/cancel.h>

#include <netinet/in.h>
#include <time.h>

static enum MHD_Result gated(struct server *s, struct call *call)
{
    server_hold(s);
    return server_reply(call, 200, "{}", NULL, NULL);
}

static enum MHD_Result hello(struct server *s, struct call *call)
{
    (void)s;
    return server_reply(call, 200, "hello", NULL, NULL);
}

/* --- time --- */

static void expect_silence(struct server *s, const struct http_config *config, const char *word)
{
    struct http *http = client_create(config, &QUICK);
    struct http_answer a = client_post(http, "/x", "{}");

    assert_int_equal(a.grade, GRADE_BROKEN);
    assert_true(a.unknown);
    assert_non_null(strstr(a.reason.data, word));
    assert_int_equal(server_count(s, "POST"), 1);
    http_answer_release(&a);
    http_destroy(http);
}

static void test_stall(void **state)
{
    struct server s;

    (void)state;
    server_start(&s, gated, NULL);
    expect_silence(&s, &(struct http_config){.base_url = s.url, .stall_ms = 400}, "silent");
    server_stop(&s);
}

static void test_total(void **state)
{
    struct server s;

    (void)state;
    server_start(&s, gated, NULL);
    expect_silence(&s, &(struct http_config){.base_url = s.url, .total_ms = 400}, "too long");
    server_stop(&s);
}

static ssize_t trickle(void *ctx, uint64_t pos, char *out, size_t max)
{
    (void)ctx, (void)max;
    if (pos == 8)
        return MHD_CONTENT_READER_END_OF_STREAM;
    usleep(150000);
    *out = 'x';
    return 1;
}

static enum MHD_Result slow(struct server *s, struct call *call)
{
    struct MHD_Response *r = MHD_create_response_from_callback(8, 1, trickle, NULL, NULL);
    enum MHD_Result rc = MHD_queue_response(call->connection, 200, r);

    (void)s;
    MHD_destroy_response(r);
    return rc;
}

/* Longer than the stall limit in all, but never silent for that long. */
static void test_slow_is_not_silent(void **state)
{
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, slow, NULL);
    http = client_create(&(struct http_config){.base_url = s.url, .stall_ms = 1000}, &QUICK);
    a = client_get(http, "/x");
    assert_int_equal(a.grade, GRADE_OK);
    assert_string_equal(a.body.data, "xxxxxxxx");
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
}

/* A listener whose backlog is full answers no SYN. */
static void test_connect_limit(void **state)
{
    struct server s;
    struct sockaddr_in to;
    socklen_t len = sizeof(to);
    int fill[4];
    struct http *http;
    struct http_answer a;

    (void)state;
    server_bind(&s, hello, NULL);
    assert_int_equal(listen(s.fd, 0), 0);
    assert_int_equal(getsockname(s.fd, (struct sockaddr *)&to, &len), 0);
    for (size_t i = 0; i < ARRAY_SIZE(fill); i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fill[i], (struct sockaddr *)&to, len);
    }
    http = client_create(&(struct http_config){.base_url = s.url, .connect_ms = 50}, &QUICK);
    a = client_post(http, "/x", "{}");
    assert_int_equal(a.grade, GRADE_OFFLINE);
    assert_false(a.unknown);
    assert_false(http_online(http));
    http_answer_release(&a);
    http_destroy(http);
    for (size_t i = 0; i < ARRAY_SIZE(fill); i++)
        close(fill[i]);
    server_stop(&s);
}

/* --- Retry-After --- */

/* "/429/100": the status and the header's value. */
static enum MHD_Result throttling(struct server *s, struct call *call)
{
    char date[64];
    time_t then = time(NULL) + 100;
    struct tm tm;

    (void)s;
    if (strcmp(call->url, "/date") != 0)
        return server_reply(call, (unsigned)atoi(call->url + 1), "", "Retry-After", call->url + 5);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
    return server_reply(call, 429, "", "Retry-After", date);
}

static void check_retry_after(const char *path, int at_least, int at_most)
{
    struct server s;
    struct http *http;
    struct http_answer a;
    struct http_stats stats;

    server_start(&s, throttling, NULL);
    http = client_create(&(struct http_config){.base_url = s.url, .total_ms = 900}, &QUICK);
    a = client_post(http, path, "{}");
    assert_int_equal(a.grade, GRADE_THROTTLED);
    assert_false(a.unknown);
    assert_in_range(a.retry_after, at_least, at_most);
    http_answer_release(&a);

    /* The others are held back too, and told at once: their time would be over before it is. */
    a = client_get(http, "/other");
    assert_int_equal(a.grade, GRADE_THROTTLED);
    assert_in_range(a.retry_after, at_least, at_most);
    http_answer_release(&a);

    http_stats(http, &stats);
    assert_in_range(stats.throttled_s, at_least, at_most);
    assert_true(stats.online);
    assert_int_equal(s.logged, 1);
    http_destroy(http);
    server_stop(&s);
}

static void test_retry_after(void **state)
{
    (void)state;
    check_retry_after("/429/100", 90, 100);
    check_retry_after("/503/100", 90, 100);
    check_retry_after("/date", 90, 101);
    check_retry_after("/429/3600", 110, 120); /* an hour, capped */
    check_retry_after("/429/99999999999999999999", 110, 120);
    check_retry_after("/429/70.128", 70, 71); /* rounded up */
    check_retry_after("/503/.5e3", 8, 10);    /* whatever it says, it asks for a pause */
    check_retry_after("/503/soon", 8, 10);
    check_retry_after("/429/-5", 1, 10);
}

static enum MHD_Result throttling_once(struct server *s, struct call *call)
{
    atomic_int *left = s->ctx;

    if (atomic_fetch_sub(left, 1) > 0)
        return server_reply(call, 429, "", "Retry-After", "1");
    return server_reply(call, 200, "in", NULL, NULL);
}

static void test_waits_as_asked(void **state)
{
    atomic_int left = 1;
    struct server s;
    struct http *http;
    struct http_answer a;
    int64_t start;

    (void)state;
    server_start(&s, throttling_once, &left);
    http = client_of(&s);
    start = clock_mono();
    a = client_post(http, "/x", "{}");
    assert_int_equal(a.grade, GRADE_OK);
    assert_int_equal(s.logged, 2);
    assert_true(clock_mono() - start >= NS_PER_S - 100 * NS_PER_MS);
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
}

static void test_budget_used_up(void **state)
{
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, hello, NULL);
    http = client_create(&(struct http_config){.base_url = s.url, .rate = 2, .total_ms = 30000},
                         &QUICK);
    for (int i = 0; i < 3; i++) {
        a = client_get(http, "/x");
        assert_int_equal(a.grade, i < 2 ? GRADE_OK : GRADE_THROTTLED);
        assert_in_range(a.retry_after, i < 2 ? 0 : 50, i < 2 ? 0 : 60);
        assert_false(a.unknown);
        http_answer_release(&a);
    }
    assert_int_equal(s.logged, 2);
    http_destroy(http);
    server_stop(&s);
}

/* --- Ctrl-C --- */

static void test_cancel_while_waiting_for_the_answer(void **state)
{
    struct cancel cancel;
    struct job job;
    struct server s;
    struct http *http;

    (void)state;
    cancel_init(&cancel);
    server_start(&s, gated, NULL);
    http = client_of(&s);
    job =
        (struct job){.http = http, .request = {.method = "POST", .path = "/x", .cancel = &cancel}};
    job_start(&job);
    server_wait_held(&s, 1);
    cancel_fire(&cancel);
    job_join(&job); /* and the server still has not answered */
    assert_int_equal(job.answer.grade, GRADE_CANCELLED);
    assert_true(job.answer.unknown);
    assert_true(http_online(http));
    http_answer_release(&job.answer);
    http_destroy(http);
    server_stop(&s);
}

static void test_cancel_in_the_queue(void **state)
{
    struct cancel cancel;
    struct job first, second;
    struct server s;
    struct http *http;

    (void)state;
    cancel_init(&cancel);
    server_start(&s, gated, NULL);
    http = client_create(&(struct http_config){.base_url = s.url, .parallel = 1}, &QUICK);
    first = (struct job){.http = http, .request = {.method = "GET", .path = "/first"}};
    second = (struct job){.http = http,
                          .request = {.method = "POST", .path = "/second", .cancel = &cancel}};
    job_start(&first);
    server_wait_held(&s, 1);
    job_start(&second);
    cancel_fire(&cancel);
    job_join(&second);
    assert_int_equal(second.answer.grade, GRADE_CANCELLED);
    assert_false(second.answer.unknown);
    server_open(&s);
    job_join(&first);
    assert_int_equal(first.answer.grade, GRADE_OK);
    assert_int_equal(s.logged, 1);
    http_answer_release(&first.answer);
    http_answer_release(&second.answer);
    http_destroy(http);
    server_stop(&s);
}

/* --- the end --- */

static void test_destroy_ends_what_is_under_way(void **state)
{
    struct job jobs[3];
    struct server s;
    struct http *http;

    (void)state;
    server_start(&s, gated, NULL);
    http = client_create(&(struct http_config){.base_url = s.url, .parallel = 2}, &QUICK);
    for (size_t i = 0; i < 2; i++) {
        jobs[i] = (struct job){.http = http, .request = {.method = "POST", .path = "/x"}};
        job_start(&jobs[i]);
    }
    server_wait_held(&s, 2);
    http_destroy(http);
    for (size_t i = 0; i < 2; i++) {
        job_join(&jobs[i]);
        assert_int_equal(jobs[i].answer.grade, GRADE_CANCELLED);
        assert_true(jobs[i].answer.unknown);
        http_answer_release(&jobs[i].answer);
    }
    server_stop(&s);
}

/* --- out of reach --- */

struct watch {
    struct mutex lock;
    pthread_cond_t changed;
    bool online;
    int changes;
};

static void online_changed(void *ctx, bool online)
{
    struct watch *w = ctx;

    mutex_lock(&w->lock);
    w->online = online;
    w->changes++;
    pthread_cond_broadcast(&w->changed);
    mutex_unlock(&w->lock);
}

static void watch_init(struct watch *w)
{
    *w = (struct watch){.online = true};
    mutex_init(&w->lock, MUTEX_DOUBLE);
    pthread_cond_init(&w->changed, NULL);
}

static void watch_wait(struct watch *w, bool online)
{
    mutex_lock(&w->lock);
    while (w->online != online)
        clock_wait(&w->changed, &w->lock, INT64_MAX);
    mutex_unlock(&w->lock);
}

static struct http *watched_client(struct server *s, struct watch *w, int64_t probe_first)
{
    struct http_timing timing = QUICK;

    timing.probe_first = probe_first;
    timing.probe_max = probe_first;
    return client_create(
        &(struct http_config){
            .base_url = s->url, .probe_path = "/probe", .online_changed = online_changed, .ctx = w},
        &timing);
}

static void test_known_offline(void **state)
{
    struct server s;
    struct watch w;
    struct http *http;
    struct http_answer a;
    struct http_stats stats;

    (void)state;
    server_bind(&s, hello, NULL);
    watch_init(&w);
    http = watched_client(&s, &w, HOUR);
    for (int i = 0; i < 3; i++) {
        a = client_post(http, "/x", "{}");
        assert_int_equal(a.grade, GRADE_OFFLINE);
        assert_false(a.unknown);
        assert_true(a.reason.len > 0);
        http_answer_release(&a);
    }
    assert_false(http_online(http));
    http_stats(http, &stats);
    assert_false(stats.online);
    assert_int_equal(stats.requests, 1); /* the others did not even try */
    watch_wait(&w, false);
    assert_int_equal(w.changes, 1);
    http_destroy(http);
    server_stop(&s);
}

static void test_probe_finds_the_service_again(void **state)
{
    struct server s;
    struct watch w;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_bind(&s, hello, NULL);
    watch_init(&w);
    http = watched_client(&s, &w, 10 * NS_PER_MS);
    a = client_get(http, "/x");
    assert_int_equal(a.grade, GRADE_OFFLINE);
    http_answer_release(&a);
    watch_wait(&w, false);

    server_listen(&s);
    watch_wait(&w, true);
    assert_true(http_online(http));
    assert_int_equal(server_count(&s, "GET /probe"), 1);
    a = client_get(http, "/x");
    assert_int_equal(a.grade, GRADE_OK);
    http_answer_release(&a);
    assert_int_equal(w.changes, 2);
    http_destroy(http);
    server_stop(&s);
}

static enum MHD_Result unauthorised_probe(struct server *s, struct call *call)
{
    (void)s;
    return server_reply(call, 500, "", NULL, NULL);
}

/* Any answer is an answer. */
static void test_an_error_is_an_answer(void **state)
{
    struct server s;
    struct watch w;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_bind(&s, unauthorised_probe, NULL);
    watch_init(&w);
    http = watched_client(&s, &w, 10 * NS_PER_MS);
    a = client_get(http, "/x");
    http_answer_release(&a);
    watch_wait(&w, false);
    server_listen(&s);
    watch_wait(&w, true);
    http_destroy(http);
    server_stop(&s);
}

static enum MHD_Result dropping(struct server *s, struct call *call)
{
    (void)s, (void)call;
    return MHD_NO;
}

/* A connection that breaks does not make the service unreachable, but a probe that gets no answer
 * does. */
static void test_a_drop_is_looked_into(void **state)
{
    struct server s;
    struct watch w;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, dropping, NULL);
    watch_init(&w);
    http = watched_client(&s, &w, HOUR);
    a = client_post(http, "/x", "{}");
    assert_int_equal(a.grade, GRADE_BROKEN);
    assert_true(a.unknown);
    http_answer_release(&a);
    watch_wait(&w, false);
    assert_int_equal(server_count(&s, "GET /probe"), 1);
    assert_int_equal(server_count(&s, "POST /x"), 1);
    http_destroy(http);
    server_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_total),
        cmocka_unit_test(test_slow_is_not_silent),
        cmocka_unit_test(test_connect_limit),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_waits_as_asked),
        cmocka_unit_test(test_budget_used_up),
        cmocka_unit_test(test_cancel_while_waiting_for_the_answer),
        cmocka_unit_test(test_cancel_in_the_queue),
        cmocka_unit_test(test_destroy_ends_what_is_under_way),
        cmocka_unit_test(test_known_offline),
        cmocka_unit_test(test_probe_finds_the_service_again),
        cmocka_unit_test(test_an_error_is_an_answer),
        cmocka_unit_test(test_a_drop_is_looked_into),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
