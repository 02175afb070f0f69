/*
 * http.c - one request as the caller sees it: token, attempts, and the waits between them.
 */
#include "http_p.h"

#include "answer_p.h"
#include "token_p.h"
#include "url_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GET_RETRIES 2

struct http {
    /* Constant after create. */
    struct http_config config; /* without zeroes; base_url and probe_path are ours */
    struct http_timing timing;
    struct network *network;

    atomic_bool authorised;

    struct mutex lock;
    char *refusal;       /* guarded by lock: why not authorised */
    char *no_mailbox;    /* guarded by lock: why the mailbox cannot be used */
    pthread_cond_t left; /* guarded by lock: a caller went */
    unsigned callers;    /* guarded by lock: in http_perform() */
};

/* One http_perform(): several attempts at one request. */
struct attempt {
    struct http *http;
    struct exchange exchange;
    struct buf token; /* the Authorization header's value */
    int tries;        /* of a GET after a failure */
    bool renewed;     /* the token, after a 401 */
};

/* --- answers --- */

static int write_to_buf(void *ctx, const void *data, size_t len)
{
    return buf_add(ctx, data, len);
}

static int clear_buf(void *ctx)
{
    buf_clear(ctx);
    return 0;
}

struct http_sink http_sink_to(struct buf *out)
{
    return (struct http_sink){.write = write_to_buf, .restart = clear_buf, .ctx = out};
}

void http_answer_init(struct http_answer *a)
{
    *a = (struct http_answer){0};
    buf_init(&a->body, HTTP_ANSWER_MAX);
    buf_init(&a->reason, BUF_TEXT_MAX);
}

void http_answer_release(struct http_answer *a)
{
    buf_release(&a->body);
    buf_release(&a->reason);
    free(a->location);
    free(a->content_type);
    *a = (struct http_answer){0};
}

static enum grade answer_fail(struct http_answer *a, enum grade grade, const char *reason)
{
    a->grade = grade;
    buf_fail(&a->reason, 0, "%s", reason);
    return grade;
}

/* --- create and destroy --- */

static void copy_config(struct http *http, const struct http_config *config)
{
    struct http_config *c = &http->config;
    size_t len = strlen(config->base_url);

    *c = *config;
    while (len > 0 && config->base_url[len - 1] == '/')
        len--;
    c->base_url = xstrndup(config->base_url, len);
    c->probe_path = xstrdup(config->probe_path ? config->probe_path : "/");
    c->rate = c->rate ? c->rate : 300;
    c->parallel = c->parallel ? c->parallel : 8;
    c->connect_ms = c->connect_ms ? c->connect_ms : 10000;
    c->stall_ms = c->stall_ms ? c->stall_ms : 30000;
    c->total_ms = c->total_ms ? c->total_ms : 60000;
}

static void http_free(struct http *http)
{
    free((char *)http->config.base_url);
    free((char *)http->config.probe_path);
    free(http->refusal);
    free(http->no_mailbox);
    pthread_cond_destroy(&http->left);
    mutex_release(&http->lock);
    curl_global_cleanup();
    free(http);
}

int http_create_timed(const struct http_config *config, const struct http_timing *timing,
                      struct http **ret, struct buf *err)
{
    struct http *http;
    bool loopback;
    int rc;

    rc = url_check(config->base_url, &loopback, err);
    if (rc)
        return rc;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return buf_fail(err, -EIO, "libcurl does not start");

    http = xcalloc(1, sizeof(*http));
    copy_config(http, config);
    http->timing = *timing;
    atomic_init(&http->authorised, true);
    mutex_init(&http->lock, MUTEX_HTTP);
    clock_cond_init(&http->left);

    rc = network_create(&http->config, loopback, timing, &http->network, err);
    if (rc) {
        http_free(http);
        return rc;
    }
    *ret = http;
    return 0;
}

int http_create(const struct http_config *config, struct http **ret, struct buf *err)
{
    return http_create_timed(config, &HTTP_TIMING_DEFAULT, ret, err);
}

void http_destroy(struct http *http)
{
    if (!http)
        return;
    network_stop(http->network);

    mutex_lock(&http->lock);
    while (http->callers > 0)
        clock_wait(&http->left, &http->lock, INT64_MAX);
    mutex_unlock(&http->lock);

    network_destroy(http->network);
    http_free(http);
}

/* --- the token --- */

static void set_authorised(struct http *http, const char *refusal)
{
    bool before = atomic_exchange(&http->authorised, refusal == NULL);

    mutex_lock(&http->lock);
    xstrset(&http->refusal, refusal);
    mutex_unlock(&http->lock);

    if (before && refusal)
        log_warn("not authorised: %s; cached records are shown, saved changes wait", refusal);
    if (!before && !refusal)
        log_info("authorised again");
    if (!refusal && http->config.tokens)
        token_accept(http->config.tokens);
}

/* `reason` NULL: the mailbox answers. */
static void set_no_mailbox(struct http *http, const char *reason)
{
    mutex_lock(&http->lock);
    bool news = !http->no_mailbox != !reason;
    xstrset(&http->no_mailbox, reason);
    mutex_unlock(&http->lock);

    if (news && reason)
        log_warn("the mailbox cannot be used: %s; cached records are shown, saved changes wait",
                 reason);
}

static bool wants_token(const struct attempt *t)
{
    return t->http->config.tokens && !t->exchange.request->url;
}

/* In the caller's thread: a command may take its time, and only this caller waits for it. */
static enum grade get_token(struct attempt *t, struct http_answer *a, const char *stale)
{
    struct http *http = t->http;
    SCOPED(buf_release) struct buf token = BUF_INIT(TOKEN_MAX);
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    enum grade grade = GRADE_OK;
    int rc;

    if (!wants_token(t))
        return GRADE_OK;
    rc = token_get(http->config.tokens, stale, t->exchange.request->cancel, &token, &err);
    if (rc == -EINTR) {
        grade = answer_fail(a, GRADE_CANCELLED, "cancelled");
    } else if (rc == -EHOSTUNREACH) {
        grade = answer_fail(a, GRADE_OFFLINE, err.data);
    } else if (rc) {
        set_authorised(http, err.data);
        grade = answer_fail(a, GRADE_AUTH, err.data);
    } else {
        explicit_bzero(t->token.data, t->token.len);
        buf_release(&t->token);
        t->token = token;
        buf_init(&token, TOKEN_MAX);
        t->exchange.authorization = t->token.data;
    }
    return grade;
}

static void hide_token(const struct attempt *t, struct http_answer *a)
{
    const char *space = strchr(t->token.data, ' ');

    if (space)
        answer_hide(&a->reason, space + 1);
}

/* --- perform --- */

static void run_once(struct attempt *t, struct http_answer *a)
{
    struct exchange *ex = &t->exchange;

    http_answer_release(a);
    http_answer_init(a);
    ex->sent = false;
    ex->started = 0;
    ex->received = 0;
    ex->moved = 0;
    ex->end = END_ANSWERED;
    ex->error[0] = '\0';
    network_run(t->http->network, ex);
    answer_read(ex);
    hide_token(t, a);
    if (a->status && a->status != 401 && !atomic_load(&t->http->authorised))
        set_authorised(t->http, NULL);
    if (a->no_mailbox)
        set_no_mailbox(t->http, a->reason.data);
    else if (a->grade == GRADE_OK)
        set_no_mailbox(t->http, NULL);
}

/* The token was refused: another one, once. */
static bool again_after_401(struct attempt *t, struct http_answer *a)
{
    SCOPED(buf_release) struct buf reason = BUF_INIT(BUF_TEXT_MAX);
    bool again;

    if (a->status != 401 || !wants_token(t))
        return false;
    if (t->renewed) {
        token_refuse(t->http->config.tokens, t->token.data);
        set_authorised(t->http, a->reason.data);
        return false;
    }
    t->renewed = true;

    buf_addstr(&reason, a->reason.data);
    again = get_token(t, a, t->token.data) == GRADE_OK;
    if (!again && a->grade == GRADE_AUTH) {
        token_refuse(t->http->config.tokens, t->token.data);
        buf_fail(&a->reason, 0, "%s; %s", reason.data, a->reason.data);
    }
    return again;
}

/* Throttled is as good as never sent, so that anything may be repeated. It waits in the queue for
 * its turn. */
static bool again_after_throttling(struct attempt *t, struct http_answer *a)
{
    int64_t ready, left;

    if (a->grade != GRADE_THROTTLED)
        return false;
    ready = network_ready(t->http->network, t->exchange.request->priority);
    left = ready - clock_mono();
    a->retry_after = left > 0 ? (int)((left + NS_PER_S - 1) / NS_PER_S) : 1;
    return a->status != 0 && ready < t->exchange.deadline;
}

static bool again_after_failure(struct attempt *t, const struct http_answer *a)
{
    struct exchange *ex = &t->exchange;
    const struct http_sink *sink = ex->request->sink;
    bool dropped = ex->end == END_DROPPED;
    bool broken = a->grade == GRADE_BROKEN && a->status >= 500;
    int64_t at;

    if (!answer_is_safe(ex->request) || !(dropped || broken))
        return false;
    if (ex->delivered && !sink->restart)
        return false;
    at = clock_mono() + (t->http->timing.retry_first << t->tries);
    if (t->tries == GET_RETRIES || at >= ex->deadline)
        return false;
    if (ex->delivered && sink->restart(sink->ctx))
        return false;
    ex->delivered = false;
    t->tries++;
    ex->not_before = at;
    return true;
}

static void perform(struct attempt *t, struct http_answer *a)
{
    if (!network_online(
            t->http->network)) { /* before a token is asked for, which may take its time */
        answer_fail(a, GRADE_OFFLINE, "the service cannot be reached at the moment");
        return;
    }
    if (get_token(t, a, NULL) != GRADE_OK)
        return;
    t->exchange.deadline = clock_mono() + t->http->config.total_ms * NS_PER_MS;
    do
        run_once(t, a);
    while (again_after_401(t, a) || again_after_throttling(t, a) || again_after_failure(t, a));
}

static void enter(struct http *http)
{
    LOCKED(&http->lock);
    http->callers++;
}

static void leave(struct http *http)
{
    LOCKED(&http->lock);
    if (--http->callers == 0)
        pthread_cond_broadcast(&http->left);
}

enum grade http_perform(struct http *http, const struct http_request *request,
                        struct http_answer *a)
{
    struct attempt t = {.http = http};
    enum grade grade;

    enter(http);
    buf_init(&t.token, TOKEN_MAX);
    t.exchange.request = request;
    t.exchange.answer = a;
    perform(&t, a);
    grade = a->grade;

    if (t.token.len)
        explicit_bzero(t.token.data, t.token.len);
    buf_release(&t.token);
    leave(http);
    return grade;
}

bool http_online(const struct http *http)
{
    return network_online(http->network);
}

const char *http_base_url(const struct http *http)
{
    return http->config.base_url;
}

void http_stats(struct http *http, struct http_stats *ret)
{
    network_stats(http->network, ret);
    ret->authorised = atomic_load(&http->authorised);
    mutex_lock(&http->lock);
    snprintf(ret->refusal, sizeof(ret->refusal), "%s", http->refusal ? http->refusal : "");
    snprintf(ret->no_mailbox, sizeof(ret->no_mailbox), "%s",
             http->no_mailbox ? http->no_mailbox : "");
    mutex_unlock(&http->lock);
    ret->token_read = http->config.tokens ? token_read_last(http->config.tokens) : 0;
    ret->token_there = http->config.tokens ? token_there(http->config.tokens) : 0;
}
