/* Requests and answers: what travels, what is repeated, and what is never repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client.h"

#include <outlookfs/base/cancel.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/http/token.h>

/* --- what travels --- */

static enum MHD_Result echo(struct server *s, struct call *call)
{
    static const char *const names[] = {"Accept",        "Content-Type", "Content-Length", "Expect",
                                        "Authorization", "If-Match",     "User-Agent"};
    struct buf b;
    enum MHD_Result rc;

    (void)s;
    buf_init(&b, BUF_TEXT_MAX);
    buf_addf(&b, "%s %s|", call->method, call->url);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value =
            MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, names[i]);

        buf_addf(&b, "%s=%s|", names[i], value ? value : "");
    }
    buf_addstr(&b, call->body ? call->body : "");
    rc = server_reply(call, 200, b.data, "Location", "https://elsewhere.example/x");
    buf_release(&b);
    return rc;
}

static void expect_echo(struct http *http, const struct http_request *r, const char *text)
{
    struct http_answer a = client_send(http, r);

    assert_int_equal(a.grade, GRADE_OK);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body.data, text);
    assert_string_equal(a.location, "https://elsewhere.example/x");
    assert_true(a.date > 1600000000 * NS_PER_S);
    assert_false(a.unknown);
    http_answer_release(&a);
}

#define AGENT "User-Agent=outlookfs/" OUTLOOKFS_VERSION "|"

static void test_what_travels(void **state)
{
    struct token_source *tokens = token_from_string("abc");
    char *base;
    struct server s;
    struct http *http;

    (void)state;
    server_start(&s, echo, NULL);
    base = xasprintf("%s/apim/x", s.url);
    http = client_create(&(struct http_config){.base_url = base, .tokens = tokens}, &QUICK);

    expect_echo(http, &(struct http_request){.method = "GET", .path = "/a%253D/../b?c=%2B&d=$e"},
                "GET /apim/x/a%253D/../b?c=%2B&d=$e|Accept=application/json|Content-Type=|"
                "Content-Length=|Expect=|Authorization=Bearer abc|If-Match=|" AGENT);
    expect_echo(http,
                &(struct http_request){.method = "PATCH",
                                       .path = "/b",
                                       .body = "{\"a\":1}",
                                       .body_len = 7,
                                       .if_match = "W/\"1\""},
                "PATCH /apim/x/b|Accept=application/json|Content-Type=application/json|"
                "Content-Length=7|Expect=|Authorization=Bearer abc|If-Match=W/\"1\"|" AGENT
                "{\"a\":1}");
    expect_echo(http, &(struct http_request){.method = "POST", .path = "/c"},
                "POST /apim/x/c|Accept=application/json|Content-Type=|Content-Length=0|Expect=|"
                "Authorization=Bearer abc|If-Match=|" AGENT);
    expect_echo(http, &(struct http_request){.method = "DELETE", .path = "/d"},
                "DELETE /apim/x/d|Accept=application/json|Content-Type=|Content-Length=|Expect=|"
                "Authorization=Bearer abc|If-Match=|" AGENT);
    assert_int_equal(server_connections(&s), 1); /* one for all of them */

    http_destroy(http);
    server_stop(&s);
    free(base);
    token_destroy(tokens);
}

static enum MHD_Result hello(struct server *s, struct call *call)
{
    (void)s;
    return server_reply(call, 200, "hello", NULL, NULL);
}

static void test_large_body_arrives(void **state)
{
    size_t len = 3 * 1024 * 1024;
    char *body = xmalloc(len + 1);
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    memset(body, 'b', len);
    body[len] = '\0';
    server_start(&s, hello, NULL);
    http = client_of(&s);
    a = client_post(http, "/send", body);
    assert_int_equal(a.grade, GRADE_OK);
    assert_int_equal(server_count(&s, "POST /send"), 1);
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
    free(body);
}

static void test_what_cannot_be_sent(void **state)
{
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, hello, NULL);
    http = client_of(&s);
    a = client_send(
        http, &(struct http_request){.method = "GET", .path = "/a", .if_match = "x\r\nEvil: y"});
    assert_int_equal(a.grade, GRADE_REFUSED);
    http_answer_release(&a);
    a = client_get(http, "/a b\n");
    assert_int_equal(a.grade, GRADE_REFUSED);
    http_answer_release(&a);
    assert_true(http_online(http));
    assert_int_equal(s.logged, 0);
    http_destroy(http);
    server_stop(&s);
}

static enum MHD_Result gated(struct server *s, struct call *call)
{
    server_hold(s);
    return server_reply(call, 200, "{}", NULL, NULL);
}

/* The server answers nobody before all are in: the test ends only when they overlap. */
static void test_requests_overlap(void **state)
{
    struct job jobs[8];
    struct server s;
    struct http *http;
    struct http_stats stats;

    (void)state;
    server_start(&s, gated, NULL);
    http = client_of(&s);
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        enum http_priority priority = i ? HTTP_INTERACTIVE : HTTP_SAVE; /* reads leave one slot */

        jobs[i] = (struct job){.http = http,
                               .request = {.method = "GET", .path = "/x", .priority = priority}};
        job_start(&jobs[i]);
    }
    server_wait_held(&s, ARRAY_SIZE(jobs));
    http_stats(http, &stats);
    assert_int_equal(stats.in_flight, ARRAY_SIZE(jobs));
    server_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        job_join(&jobs[i]);
        assert_int_equal(jobs[i].answer.grade, GRADE_OK);
        http_answer_release(&jobs[i].answer);
    }
    http_stats(http, &stats);
    assert_int_equal(stats.requests, ARRAY_SIZE(jobs));
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(stats.rate, 300);
    assert_int_equal(stats.budget, 300 - ARRAY_SIZE(jobs));
    http_destroy(http);
    server_stop(&s);
}

/* --- bodies --- */

static enum MHD_Result gzipped(struct server *s, struct call *call)
{
    static const unsigned char body[] = {
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0x0a, 0x2e,
        0x4d, 0xca, 0x4a, 0x4d, 0x2e, 0x51, 0xb2, 0x52, 0x2a, 0x2e, 0x2c, 0x4d, 0x4d, 0xad,
        0x4a, 0x4d, 0x51, 0xaa, 0x05, 0x00, 0x79, 0xad, 0x8a, 0xd9, 0x16, 0x00, 0x00, 0x00};
    const char *accepted =
        MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Accept-Encoding");
    struct MHD_Response *r =
        MHD_create_response_from_buffer(sizeof(body), (void *)body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result rc;

    (void)s;
    if (!accepted || !strstr(accepted, "gzip"))
        abort();
    MHD_add_response_header(r, "Content-Encoding", "gzip");
    MHD_add_response_header(r, "Content-Type", "application/json");
    rc = MHD_queue_response(call->connection, 200, r);
    MHD_destroy_response(r);
    return rc;
}

static void test_gzip(void **state)
{
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, gzipped, NULL);
    http = client_of(&s);
    a = client_get(http, "/x");
    assert_string_equal(a.body.data, "{\"Subject\":\"squeezed\"}");
    assert_string_equal(a.content_type, "application/json");
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
}

static ssize_t endless(void *ctx, uint64_t pos, char *out, size_t max)
{
    uint64_t total = *(uint64_t *)ctx;

    if (pos >= total)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (max > total - pos)
        max = total - pos;
    memset(out, 'x', max);
    return (ssize_t)max;
}

/* As many bytes as s->ctx says, with the status that the path says. */
static enum MHD_Result lots(struct server *s, struct call *call)
{
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 256 * 1024, endless, s->ctx, NULL);
    enum MHD_Result rc = MHD_queue_response(call->connection, (unsigned)atoi(call->url + 1), r);

    MHD_destroy_response(r);
    return rc;
}

struct sunk {
    size_t len;
    size_t refuse_after;
};

static int sink(void *ctx, const void *data, size_t len)
{
    struct sunk *sunk = ctx;

    if (((const char *)data)[0] != 'x')
        abort();
    sunk->len += len;
    return sunk->len > sunk->refuse_after ? -1 : 0;
}

static void test_sink(void **state)
{
    uint64_t total = 1000000;
    struct sunk sunk = {.refuse_after = SIZE_MAX};
    const struct http_sink to = {.write = sink, .ctx = &sunk};
    struct http_request r = {.method = "GET", .path = "/200", .sink = &to};
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, lots, &total);
    http = client_of(&s);

    a = client_send(http, &r);
    assert_int_equal(a.grade, GRADE_OK);
    assert_int_equal(a.body.len, 0);
    assert_int_equal(sunk.len, total);
    http_answer_release(&a);

    sunk = (struct sunk){.refuse_after = 1000};
    a = client_send(http, &r);
    assert_int_equal(a.grade, GRADE_BROKEN);
    assert_true(a.reason.len > 0);
    http_answer_release(&a);

    /* The sink is not for what an error says. */
    sunk = (struct sunk){.refuse_after = SIZE_MAX};
    r.path = "/400";
    a = client_send(http, &r);
    assert_int_equal(a.grade, GRADE_REFUSED);
    assert_int_equal(sunk.len, 0);
    assert_true(a.body.len > 0);
    http_answer_release(&a);

    assert_int_equal(s.logged, 3);
    http_destroy(http);
    server_stop(&s);
}

static void test_too_large(void **state)
{
    uint64_t total = HTTP_ANSWER_MAX + 1;
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, lots, &total);
    http = client_of(&s);
    a = client_send(http, &(struct http_request){.method = "POST", .path = "/200"});
    assert_int_equal(a.grade, GRADE_BROKEN);
    assert_true(a.unknown);
    assert_non_null(strstr(a.reason.data, "larger than"));
    http_answer_release(&a);

    /* Of a huge error page the beginning is enough. */
    a = client_send(http, &(struct http_request){.method = "POST", .path = "/400"});
    assert_int_equal(a.grade, GRADE_REFUSED);
    assert_true(a.body.len <= 1024 * 1024);
    http_answer_release(&a);

    assert_int_equal(s.logged, 2);
    assert_true(http_online(http));
    http_destroy(http);
    server_stop(&s);
}

static enum MHD_Result redirecting(struct server *s, struct call *call)
{
    char *to = xasprintf("%s/other", s->url);
    enum MHD_Result rc = server_reply(call, 302, "", "Location", to);

    free(to);
    return rc;
}

static void test_redirects_are_not_followed(void **state)
{
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, redirecting, NULL);
    http = client_of(&s);
    a = client_get(http, "/x");
    assert_int_equal(a.grade, GRADE_BROKEN);
    assert_int_equal(a.status, 302);
    assert_int_equal(s.logged, 1);
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
}

/* --- what is repeated --- */

/* The first requests go wrong, as many as ctx counts; how is in the path. */
static enum MHD_Result failing(struct server *s, struct call *call)
{
    atomic_int *left = s->ctx;

    if (strstr(call->url, "/fine") || strstr(call->url, "/probe") || atomic_fetch_sub(left, 1) <= 0)
        return server_reply(call, 200, "fine", NULL, NULL);
    if (strstr(call->url, "/drop"))
        return MHD_NO;
    return server_reply(call, (unsigned)atoi(strstr(call->url, "/status") + 7), "{}", NULL, NULL);
}

struct repeated {
    const char *method, *path;
    int failures; /* of the service */
    bool warm;    /* on a connection that has been used */
    enum grade grade;
    bool unknown;
    int seen; /* by the service */
};

static void check_repeated(const struct repeated *c)
{
    atomic_int left = c->failures;
    struct server s;
    struct http *http;
    struct http_answer a;
    char *line = xasprintf("%s %s", c->method, c->path);

    server_start(&s, failing, &left);
    http = client_of(&s);
    if (c->warm) {
        a = client_get(http, "/fine");
        assert_int_equal(a.grade, GRADE_OK);
        http_answer_release(&a);
    }
    a = client_send(http, &(struct http_request){.method = c->method, .path = c->path});
    if (a.grade != c->grade || a.unknown != c->unknown || server_count(&s, line) != c->seen)
        fail_msg("%s (warm: %d): %s, unknown %d, seen %d times (%s)", line, c->warm,
                 grade_name(a.grade), a.unknown, server_count(&s, line), a.reason.data);
    assert_true(http_online(http));
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
    free(line);
}

static void test_what_is_repeated(void **state)
{
    static const struct repeated cases[] = {
        {"GET", "/drop", 1, false, GRADE_OK, false, 2},
        {"GET", "/status500", 2, false, GRADE_OK, false, 3},
        {"GET", "/status504", 9, false, GRADE_BROKEN, false, 3},
        {"GET", "/status503", 9, false, GRADE_BROKEN, false, 3},
        {"GET", "/status404", 9, false, GRADE_GONE, false, 1},
        {"GET", "/status429", 1, false, GRADE_OK, false, 2},
        {"POST", "/status429", 2, false, GRADE_OK, false, 3},
        {"POST", "/status504", 1, false, GRADE_BROKEN, true, 1},
        {"PATCH", "/status500", 1, false, GRADE_BROKEN, true, 1},
        {"DELETE", "/status502", 1, false, GRADE_BROKEN, true, 1},
        {"POST", "/status400", 1, false, GRADE_REFUSED, false, 1},
        {"POST", "/drop", 1, false, GRADE_BROKEN, true, 1},
        {"POST", "/drop", 1, true, GRADE_BROKEN, true, 1},
        {"PATCH", "/drop", 1, true, GRADE_BROKEN, true, 1},
        {"DELETE", "/drop", 1, true, GRADE_BROKEN, true, 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_repeated(&cases[i]);
}

/* curl repeats a GET once more by itself when it was sent on a connection that had been used, as a
 * probe's may be. */
static void test_get_is_given_up(void **state)
{
    atomic_int left = 100;
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, failing, &left);
    http = client_of(&s);
    a = client_get(http, "/drop");
    assert_int_equal(a.grade, GRADE_BROKEN);
    assert_false(a.unknown);
    assert_in_range(server_count(&s, "GET /drop"), 3, 6);
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
}

/* With a body, which curl sends from memory and could send again: still once. */
static void test_dropped_send_is_sent_once(void **state)
{
    atomic_int left = 1;
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, failing, &left);
    http = client_of(&s);
    a = client_get(http, "/fine");
    http_answer_release(&a);
    a = client_post(http, "/drop", "{\"To\":\"a@example.org\"}");
    assert_int_equal(a.grade, GRADE_BROKEN);
    assert_true(a.unknown);
    assert_int_equal(server_count(&s, "POST"), 1);
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
}

/* --- tokens --- */

struct door {
    const char *key; /* the Authorization that is let in; NULL: none is */
    int wait_for;    /* hold the first so many that are not */
};

static enum MHD_Result guarded(struct server *s, struct call *call)
{
    const struct door *door = s->ctx;
    char *body;
    enum MHD_Result rc;

    if (door->key && call->authorization && str_eq(call->authorization, door->key))
        return server_reply(call, 200, "in", NULL, NULL);
    if (door->wait_for)
        server_hold(s);
    body = xasprintf("{\"statusCode\":401,\"message\":\"not with %s\"}",
                     call->authorization ? call->authorization : "nothing");
    rc = server_reply(call, 401, body, NULL, NULL);
    free(body);
    return rc;
}

static char count_path[] = "/tmp/outlookfs-count-XXXXXX";

/* Prints a token that ends in how often it was run. */
static struct token_source *counting_tokens(void)
{
    char *text = xasprintf("echo x >> %s; echo opensesame$(wc -l < %s)", count_path, count_path);
    struct token_source *tokens = token_from_command(text);

    assert_int_equal(truncate(count_path, 0), 0);
    free(text);
    return tokens;
}

static int runs_counted(void)
{
    FILE *f = fopen(count_path, "r");
    int lines = 0, c;

    assert_non_null(f);
    while ((c = fgetc(f)) != EOF)
        lines += c == '\n';
    fclose(f);
    return lines;
}

static struct http *client_with(struct server *s, struct token_source *tokens)
{
    return client_create(&(struct http_config){.base_url = s->url, .tokens = tokens}, &QUICK);
}

static void test_token_is_renewed_once(void **state)
{
    struct door door = {.key = "Bearer opensesame2"};
    struct token_source *tokens = counting_tokens();
    struct server s;
    struct http *http;
    struct http_answer a;
    struct http_stats stats;

    (void)state;
    server_start(&s, guarded, &door);
    http = client_with(&s, tokens);
    a = client_post(http, "/x", "{}"); /* refused is not carried out: a POST too is repeated */
    assert_int_equal(a.grade, GRADE_OK);
    assert_int_equal(s.logged, 2);
    http_answer_release(&a);

    a = client_get(http, "/y");
    assert_int_equal(a.grade, GRADE_OK);
    assert_int_equal(s.logged, 3);
    assert_int_equal(runs_counted(), 2);
    http_stats(http, &stats);
    assert_true(stats.authorised);
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
    token_destroy(tokens);
}

static void test_refused_twice(void **state)
{
    struct door door = {.key = NULL};
    struct token_source *tokens = counting_tokens();
    struct server s;
    struct http *http;
    struct http_answer a;
    struct http_stats stats;
    struct buf log;

    (void)state;
    server_start(&s, guarded, &door);
    http = client_with(&s, tokens);
    a = client_get(http, "/x");
    assert_int_equal(a.grade, GRADE_AUTH);
    assert_int_equal(a.status, 401);
    assert_int_equal(s.logged, 2);
    http_stats(http, &stats);
    assert_false(stats.authorised);
    assert_true(stats.online);

    /* The service repeated the token in its answer; nothing of ours does. */
    assert_non_null(strstr(a.body.data, "opensesame"));
    assert_non_null(strstr(a.reason.data, "not with Bearer *"));
    assert_null(strstr(a.reason.data, "opensesame"));
    buf_init(&log, LOG_RING_MAX);
    assert_int_equal(log_tail(&log), 0);
    assert_null(strstr(log.data, "opensesame"));
    buf_release(&log);

    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
    token_destroy(tokens);
}

static void test_no_other_token(void **state)
{
    struct door door = {.key = NULL};
    struct token_source *tokens = token_from_string("opensesame");
    struct server s;
    struct http *http;
    struct http_answer a;

    (void)state;
    server_start(&s, guarded, &door);
    http = client_with(&s, tokens);
    a = client_get(http, "/x");
    assert_int_equal(a.grade, GRADE_AUTH);
    assert_int_equal(s.logged, 1);
    assert_non_null(strstr(a.reason.data, "401"));
    assert_non_null(strstr(a.reason.data, "there is no other"));
    assert_null(strstr(a.reason.data, "opensesame"));
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
    token_destroy(tokens);
}

static void test_no_token_at_all(void **state)
{
    struct token_source *tokens = token_from_file("/nonexistent/token");
    struct server s;
    struct http *http;
    struct http_answer a;
    struct http_stats stats;

    (void)state;
    server_start(&s, hello, NULL);
    http = client_with(&s, tokens);
    a = client_get(http, "/x");
    assert_int_equal(a.grade, GRADE_AUTH);
    assert_non_null(strstr(a.reason.data, "/nonexistent/token"));
    http_stats(http, &stats);
    assert_false(stats.authorised);
    assert_int_equal(stats.requests, 0);
    http_answer_release(&a);
    http_destroy(http);
    server_stop(&s);
    token_destroy(tokens);
}

static void test_one_renewal_for_many(void **state)
{
    struct door door = {.key = "Bearer opensesame2", .wait_for = 1};
    struct token_source *tokens = counting_tokens();
    struct job jobs[4];
    struct server s;
    struct http *http;

    (void)state;
    server_start(&s, guarded, &door);
    http = client_with(&s, tokens);
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        enum http_priority priority = i ? HTTP_INTERACTIVE : HTTP_SAVE; /* reads leave one slot */

        jobs[i] = (struct job){.http = http,
                               .request = {.method = "GET", .path = "/x", .priority = priority}};
        job_start(&jobs[i]);
    }
    server_wait_held(&s, ARRAY_SIZE(jobs)); /* all have the first token */
    server_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        job_join(&jobs[i]);
        assert_int_equal(jobs[i].answer.grade, GRADE_OK);
        http_answer_release(&jobs[i].answer);
    }
    assert_int_equal(s.logged, 2 * ARRAY_SIZE(jobs));
    assert_int_equal(runs_counted(), 2);
    http_destroy(http);
    server_stop(&s);
    token_destroy(tokens);
}

static int make_count_file(void **state)
{
    int fd = mkstemp(count_path);

    (void)state;
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    return fd < 0 ? -1 : close(fd);
}

static int remove_count_file(void **state)
{
    (void)state;
    return unlink(count_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_travels),
        cmocka_unit_test(test_large_body_arrives),
        cmocka_unit_test(test_what_cannot_be_sent),
        cmocka_unit_test(test_requests_overlap),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_sink),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_what_is_repeated),
        cmocka_unit_test(test_get_is_given_up),
        cmocka_unit_test(test_dropped_send_is_sent_once),
        cmocka_unit_test(test_token_is_renewed_once),
        cmocka_unit_test(test_refused_twice),
        cmocka_unit_test(test_no_other_token),
        cmocka_unit_test(test_no_token_at_all),
        cmocka_unit_test(test_one_renewal_for_many),
    };

    return cmocka_run_group_tests(tests, make_count_file, remove_count_file);
}
