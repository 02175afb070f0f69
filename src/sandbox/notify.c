/*
 * notify.c - the thread that delivers answers to subscribers.
 */
#include "notify_p.h"

#include "db_p.h"
#include "post_p.h"
#include "sandbox_p.h"
#include "subscription_p.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct notifier {
    struct db *db;
    unsigned tries; /* constant */
    pthread_t thread;
    int stop; /* an eventfd: readable when it is time to stop; constant */

    struct mutex lock;
    pthread_cond_t changed;
    bool woken;    /* guarded by lock */
    bool stopping; /* guarded by lock */
};

/* How a notification went. */
struct outcome {
    bool delivered;
    unsigned attempts;
    int status; /* of the last try; 0: none came */
    struct buf error;
};

/* Who answered is known when the page was used, and not when it was a link in the mail. */
static char *notification(const cJSON *subscription)
{
    const cJSON *answer = json_get(subscription, "answer");
    bool known = !json_bool(answer, "byLink", true);
    const char *members[][2] = {
        {"UserEmailAddress", OWNER_ADDRESS}, {"UserTenantId", OWNER_TENANT}, {"UserId", OWNER_ID}};
    cJSON *body = cJSON_CreateObject();
    char *text;

    cJSON_AddStringToObject(body, "SelectedOption", json_str(answer, "option"));
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        cJSON_AddItemToObject(body, members[i][0],
                              known ? cJSON_CreateString(members[i][1]) : cJSON_CreateNull());
    text = json_print(body);
    cJSON_Delete(body);
    return text;
}

/* False: time to stop. */
static bool wait_a_second(struct notifier *n)
{
    int64_t until = clock_mono() + NS_PER_S;
    bool go_on;

    mutex_lock(&n->lock);
    while (!n->stopping && clock_wait(&n->changed, &n->lock, until) != -ETIMEDOUT)
        ;
    go_on = !n->stopping;
    mutex_unlock(&n->lock);
    return go_on;
}

/* False: time to stop, and nothing is known about the outcome. */
static bool deliver(struct notifier *n, const cJSON *subscription, struct outcome *ret)
{
    const char *url = json_str(subscription, "notificationUrl");
    char *body = notification(subscription);
    bool go_on = true;

    while (go_on && !ret->delivered && ret->attempts < n->tries) {
        int rc;

        if (ret->attempts)
            go_on = wait_a_second(n);
        if (!go_on)
            break;
        ret->attempts++;
        ret->status = 0;
        buf_clear(&ret->error);
        rc = post_json(url, body, n->stop, &ret->status, &ret->error);
        go_on = rc != -EINTR;
        ret->delivered = !rc && ret->status / 100 == 2;
    }
    cJSON_free(body);
    return go_on;
}

/* The subscription is read again: it may have been deleted while it was being told. */
static void keep(struct db *db, const char *id, const struct outcome *o)
{
    cJSON *s, *delivery;
    char *text;

    db_begin(db);
    text = db_subscription(db, id);
    s = json_load(text);
    delivery = cJSON_CreateObject();
    cJSON_AddStringToObject(delivery, "state", o->delivered ? "delivered" : "failed");
    cJSON_AddNumberToObject(delivery, "attempts", o->attempts);
    if (o->status)
        cJSON_AddNumberToObject(delivery, "status", o->status);
    if (o->error.len)
        cJSON_AddStringToObject(delivery, "error", o->error.data);
    cJSON_ReplaceItemInObjectCaseSensitive(s, "delivery", delivery);
    subscription_store(db, s, false);
    db_end(db, true);
    cJSON_Delete(s);
    free(text);
}

/* False: nothing is pending, or it is time to stop. */
static bool deliver_next(struct notifier *n)
{
    struct outcome o = {.delivered = false};
    cJSON *subscription;
    char *text;
    bool done;

    db_begin(n->db);
    text = db_subscription_pending(n->db);
    db_end(n->db, true);
    if (!text)
        return false;
    subscription = json_load(text);
    buf_init(&o.error, BUF_TEXT_MAX);
    done = deliver(n, subscription, &o);
    if (done)
        keep(n->db, json_str(subscription, "id"), &o);
    buf_release(&o.error);
    cJSON_Delete(subscription);
    free(text);
    return done;
}

static void *run(void *arg)
{
    struct notifier *n = arg;

    mutex_lock(&n->lock);
    while (!n->stopping) {
        if (!n->woken) {
            clock_wait(&n->changed, &n->lock, INT64_MAX);
            continue;
        }
        n->woken = false;
        mutex_unlock(&n->lock);
        while (deliver_next(n))
            ;
        mutex_lock(&n->lock);
    }
    mutex_unlock(&n->lock);
    return NULL;
}

struct notifier *notifier_start(struct db *db, unsigned tries)
{
    struct notifier *n = xcalloc(1, sizeof(*n));

    n->db = db;
    n->tries = tries;
    n->woken = true; /* what an earlier run left pending */
    n->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mutex_init(&n->lock, MUTEX_SANDBOX_NOTIFY);
    clock_cond_init(&n->changed);
    if (n->stop < 0 || pthread_create(&n->thread, NULL, run, n))
        abort();
    return n;
}

void notifier_wake(struct notifier *n)
{
    mutex_lock(&n->lock);
    n->woken = true;
    pthread_cond_broadcast(&n->changed);
    mutex_unlock(&n->lock);
}

void notifier_stop(struct notifier *n)
{
    if (!n)
        return;
    mutex_lock(&n->lock);
    n->stopping = true;
    pthread_cond_broadcast(&n->changed);
    mutex_unlock(&n->lock);
    eventfd_write(n->stop, 1);
    pthread_join(n->thread, NULL);
    close(n->stop);
    pthread_cond_destroy(&n->changed);
    mutex_release(&n->lock);
    free(n);
}
