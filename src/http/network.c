/*
 * network.c - the thread that owns curl's multi handle; callers hand it exchanges and wait for
 * them.
 */
#include "network_p.h"

#include "admission_p.h"
#include "reach_p.h"
#include "transfer_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER INT64_MAX
#define IDLE_MS 600000 /* nothing is to be done then; a wake-up comes by curl_multi_wakeup() */

struct network {
    /* Constant after create. */
    struct transfer_options options;
    int64_t hold, stall, total;
    const char *probe_path;
    void (*online_changed)(void *ctx, bool online);
    void *ctx;
    CURLM *multi;
    pthread_t thread;

    struct mutex lock;
    struct admission admission; /* guarded by lock */
    uint64_t requests;          /* guarded by lock */
    bool stopping;              /* guarded by lock */

    atomic_ullong traffic; /* bytes */
    atomic_bool online;    /* reach.online, for everybody */

    /* Of the network thread. */
    struct reach reach;
    struct exchange *active;
    bool limited; /* it was said that requests wait */
    struct exchange probe;
    struct http_request probe_request;
    struct http_answer probe_answer;
};

/* The last that may be done with `ex` here: its caller goes on at once. */
static void done_locked(struct exchange *ex)
{
    ex->state = EXCHANGE_DONE;
    pthread_cond_signal(&ex->done);
}

static void drain_locked(struct network *n, enum exchange_end end)
{
    struct exchange *ex;

    while ((ex = admission_drain(&n->admission))) {
        ex->end = end;
        done_locked(ex);
    }
}

/* --- how it ended --- */

static void publish_online(struct network *n)
{
    bool online = n->reach.online;

    if (atomic_load(&n->online) == online)
        return;
    mutex_lock(&n->lock);
    atomic_store(&n->online, online);
    if (!online)
        drain_locked(n, END_OFFLINE);
    mutex_unlock(&n->lock);

    if (online)
        log_info("the service can be reached again");
    else
        log_warn("the service cannot be reached: cached records are shown, saved changes wait");
    if (n->online_changed)
        n->online_changed(n->ctx, online);
}

static void judge_reach(struct network *n, const struct exchange *ex, int64_t now)
{
    if (ex == &n->probe)
        reach_probed(&n->reach);

    if (ex->answer->status)
        reach_answered(&n->reach);
    else if (ex->end == END_UNREACHABLE || (ex == &n->probe && ex->end != END_CANCELLED))
        reach_failed(&n->reach, now);
    else if (ex->end == END_DROPPED || ex->end == END_LATE)
        reach_suspected(&n->reach, now);
    publish_online(n);
}

/* Before anything else is started: the others must not run into the same wall. */
static void obey_retry_after(struct network *n, const struct http_answer *a, int64_t now)
{
    int64_t pause = n->hold;

    if (a->status != 429 && !(a->status == 503 && a->retry_after))
        return;
    if (a->retry_after)
        pause = (a->retry_after < RETRY_AFTER_MAX ? a->retry_after : RETRY_AFTER_MAX) * NS_PER_S;

    LOCKED(&n->lock);
    throttle_hold(&n->admission.throttle, now + pause);
}

/* `ex` has left its list. */
static void finish(struct network *n, struct exchange *ex)
{
    int64_t now = clock_mono();

    transfer_release(ex);
    obey_retry_after(n, ex->answer, now);
    judge_reach(n, ex, now);
    if (ex == &n->probe) {
        http_answer_release(&n->probe_answer);
        return;
    }

    LOCKED(&n->lock);
    admission_over(&n->admission, ex);
    done_locked(ex);
}

static void take_back(struct network *n, struct exchange *ex)
{
    struct exchange **link = &n->active;

    curl_multi_remove_handle(n->multi, ex->easy);
    while (*link != ex)
        link = &(*link)->next;
    *link = ex->next;
    ex->next = NULL;
}

static void complete(struct network *n, struct exchange *ex, CURLcode code)
{
    take_back(n, ex);
    transfer_finish(ex, code);
    finish(n, ex);
}

static void abort_transfer(struct network *n, struct exchange *ex, enum exchange_end end,
                           const char *why)
{
    take_back(n, ex);
    transfer_finish(ex, CURLE_ABORTED_BY_CALLBACK);
    ex->end = end;
    snprintf(ex->error, sizeof(ex->error), "%s", why);
    finish(n, ex);
}

/* --- starting --- */

static void start(struct network *n, struct exchange *ex)
{
    ex->traffic = &n->traffic;
    if (transfer_begin(ex, &n->options)) {
        finish(n, ex);
        return;
    }
    ex->next = n->active;
    n->active = ex;
    curl_multi_add_handle(n->multi, ex->easy);
}

/* Without a token: any answer will do, and getting a token may take its time. */
static void start_probe(struct network *n, int64_t now)
{
    reach_probing(&n->reach, now);
    http_answer_init(&n->probe_answer);
    n->probe_request = (struct http_request){.method = "GET", .path = n->probe_path};
    n->probe = (struct exchange){.request = &n->probe_request,
                                 .answer = &n->probe_answer,
                                 .deadline = now + n->total,
                                 .state = EXCHANGE_ACTIVE};
    mutex_lock(&n->lock);
    n->requests++;
    mutex_unlock(&n->lock);
    start(n, &n->probe);
}

static struct exchange *next_exchange(struct network *n, int64_t now, int64_t *wake)
{
    struct exchange *ex;

    LOCKED(&n->lock);
    while ((ex = admission_hopeless(&n->admission, now, wake))) {
        ex->end = END_NO_TURN;
        done_locked(ex);
    }
    ex = admission_next(&n->admission, now, wake);
    if (ex) {
        n->requests++;
        ex->state = EXCHANGE_ACTIVE;
    }
    return ex;
}

static void start_what_may(struct network *n, int64_t now, int64_t *wake)
{
    struct exchange *ex;

    if (n->reach.probe_at <= now)
        start_probe(n, now);
    else if (n->reach.probe_at < *wake)
        *wake = n->reach.probe_at;

    while ((ex = next_exchange(n, now, wake)))
        start(n, ex);
}

/* Said once each time, and not of the pauses between calls of a budget that is nearly used up. */
static void tell_limit(struct network *n, int64_t now)
{
    int64_t ready;

    mutex_lock(&n->lock);
    unsigned waiting = admission_limited(&n->admission, now, &ready);
    bool held = n->admission.throttle.held_until > now;
    mutex_unlock(&n->lock);
    if (waiting && !n->limited && ready > now + NS_PER_S) {
        log_info("%s: requests wait, %u of them, the first for %lld s",
                 held ? "the service asks to be left alone"
                      : "the limit of calls a minute is reached",
                 waiting, (long long)((ready - now + NS_PER_S - 1) / NS_PER_S));
        n->limited = true;
    }
    if (!waiting)
        n->limited = false;
}

/* --- the thread --- */

static void enforce_limits(struct network *n, int64_t now, int64_t *wake)
{
    struct exchange *next;

    for (struct exchange *ex = n->active; ex; ex = next) {
        int64_t silent = ex->last_moved + n->stall;

        next = ex->next;
        if (atomic_load(&ex->abandoned))
            abort_transfer(n, ex, END_CANCELLED, "cancelled");
        else if (ex->deadline <= now)
            abort_transfer(n, ex, END_LATE, "no complete answer in time");
        else if (silent <= now)
            abort_transfer(n, ex, END_DROPPED, "the connection was silent for too long");
        else if ((silent < ex->deadline ? silent : ex->deadline) < *wake)
            *wake = silent < ex->deadline ? silent : ex->deadline;
    }
}

static void collect(struct network *n)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(n->multi, &left))) {
        CURLcode code = message->data.result;
        struct exchange *ex = NULL;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &ex);
        complete(n, ex, code);
    }
}

static int wait_ms(int64_t wake)
{
    int64_t ns = wake == NEVER ? NEVER : wake - clock_mono();

    if (ns <= 0)
        return 0;
    return ns / NS_PER_MS >= IDLE_MS ? IDLE_MS : (int)(ns / NS_PER_MS) + 1;
}

static bool is_stopping(struct network *n)
{
    LOCKED(&n->lock);
    return n->stopping;
}

/* Starting comes after ending, and both before the wait: whatever ends makes room at once. */
static void *network_thread(void *arg)
{
    struct network *n = arg;
    int running;

    while (!is_stopping(n)) {
        int64_t wake = NEVER;

        curl_multi_perform(n->multi, &running);
        collect(n);
        enforce_limits(n, clock_mono(), &wake);
        start_what_may(n, clock_mono(), &wake);
        tell_limit(n, clock_mono());
        curl_multi_poll(n->multi, NULL, 0, wait_ms(wake), NULL);
    }

    while (n->active)
        abort_transfer(n, n->active, END_CANCELLED, "stopping");
    LOCKED(&n->lock);
    drain_locked(n, END_CANCELLED);
    return NULL;
}

/* Signals are for threads that know what to do with them; SIGPIPE from a TLS connection is for
 * nobody. */
static int start_thread(struct network *n)
{
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&n->thread, NULL, network_thread, n);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return -rc;
}

/* --- for the callers --- */

int network_create(const struct http_config *config, bool loopback,
                   const struct http_timing *timing, struct network **ret, struct buf *err)
{
    struct network *n = xcalloc(1, sizeof(*n));

    n->options = (struct transfer_options){config->base_url, loopback, config->connect_ms};
    n->hold = timing->hold;
    n->stall = config->stall_ms * NS_PER_MS;
    n->total = config->total_ms * NS_PER_MS;
    n->probe_path = config->probe_path;
    n->online_changed = config->online_changed;
    n->ctx = config->ctx;
    mutex_init(&n->lock, MUTEX_NETWORK);
    admission_init(&n->admission, config->parallel, config->rate);
    reach_init(&n->reach, timing->probe_first, timing->probe_max, clock_mono());
    atomic_init(&n->online, true);
    n->multi = curl_multi_init();
    if (!n->multi)
        abort(); /* as base/alloc.h does */
    curl_multi_setopt(n->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)config->parallel + 1);

    int rc = start_thread(n);
    if (rc) {
        network_destroy(n);
        return buf_fail(err, rc, "no network thread: %s", strerror(-rc));
    }
    *ret = n;
    return 0;
}

void network_stop(struct network *n)
{
    mutex_lock(&n->lock);
    n->stopping = true;
    mutex_unlock(&n->lock);
    curl_multi_wakeup(n->multi);
    pthread_join(n->thread, NULL);
}

void network_destroy(struct network *n)
{
    curl_multi_cleanup(n->multi);
    admission_release(&n->admission);
    mutex_release(&n->lock);
    free(n);
}

/* The caller does not leave before the network thread has let go, which it does soon after it was
 * asked to. */
static void wait_done_locked(struct network *n, struct exchange *ex)
{
    while (ex->state != EXCHANGE_DONE) {
        if (atomic_load(&ex->abandoned)) {
            clock_wait(&ex->done, &n->lock, NEVER);
        } else if (cancel_wait(ex->request->cancel, &ex->done, &n->lock, NEVER) == -EINTR) {
            if (ex->state == EXCHANGE_WAITING) {
                admission_remove(&n->admission, ex);
                ex->end = END_CANCELLED;
                ex->state = EXCHANGE_DONE;
                return;
            }
            atomic_store(&ex->abandoned, true);
            curl_multi_wakeup(n->multi);
        }
    }
}

void network_run(struct network *n, struct exchange *ex)
{
    clock_cond_init(&ex->done);
    mutex_lock(&n->lock);
    if (n->stopping) {
        ex->end = END_CANCELLED;
    } else if (!atomic_load(&n->online)) {
        ex->end = END_OFFLINE;
    } else {
        ex->state = EXCHANGE_WAITING;
        admission_add(&n->admission, ex);
        curl_multi_wakeup(n->multi);
        wait_done_locked(n, ex);
    }
    mutex_unlock(&n->lock);
    pthread_cond_destroy(&ex->done);
}

bool network_online(const struct network *n)
{
    return atomic_load(&n->online);
}

int64_t network_ready(struct network *n, enum http_priority priority)
{
    LOCKED(&n->lock);
    return admission_ready(&n->admission, priority, clock_mono());
}

/* Rounded up. */
static int seconds(int64_t ns)
{
    return ns > 0 ? (int)((ns + NS_PER_S - 1) / NS_PER_S) : 0;
}

void network_stats(struct network *n, struct http_stats *ret)
{
    int64_t now = clock_mono(), ready;

    LOCKED(&n->lock);
    int64_t held = n->admission.throttle.held_until;
    unsigned waiting = admission_limited(&n->admission, now, &ready);
    *ret = (struct http_stats){
        .online = atomic_load(&n->online),
        .requests = n->requests,
        .bytes = atomic_load(&n->traffic),
        .budget = throttle_budget(&n->admission.throttle, now),
        .rate = n->admission.throttle.rate,
        .throttled_s = seconds(held - now),
        .waiting = waiting,
        .waiting_s = waiting ? seconds(ready - now) : 0,
        .in_flight = admission_in_flight(&n->admission),
    };
}
