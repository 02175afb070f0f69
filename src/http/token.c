/*
 * token.c - keeps the token; one caller renews it, the others wait for that.
 */
#include "token_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/str.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct token_source {
    const struct token_ops *ops;
    void *state;

    struct mutex lock;
    pthread_cond_t renewed;
    struct buf value;             /* guarded by lock: "Bearer ...", or empty */
    int64_t renew_at, expires_at; /* guarded by lock: of the value; see token_p.h */
    bool renewing;                /* guarded by lock */
    unsigned long tries;          /* guarded by lock: renewals that came to an end, good or bad */
    int failure;                  /* guarded by lock: of the last one; 0: it was good */
    int64_t failed_at;            /* guarded by lock */
    uint64_t stamp;               /* guarded by lock: before the last fetch */
    struct buf reason;            /* guarded by lock: for the failure */

    bool refused;           /* guarded by lock: the value, by the service */
    uint64_t refused_stamp; /* guarded by lock: of that time */
    int64_t refused_until;  /* guarded by lock: clock_mono() from which it is tried again */
    int64_t refused_pause;  /* guarded by lock */
};

void token_wipe(struct buf *b)
{
    if (b->len)
        explicit_bzero(b->data, b->len);
    buf_release(b);
}

void token_wipe_string(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

struct token_source *token_create(const struct token_ops *ops, void *state)
{
    struct token_source *source = xcalloc(1, sizeof(*source));

    assert(ops->fetch && ops->destroy);
    source->ops = ops;
    source->state = state;
    source->refused_pause = REFUSED_FIRST;
    mutex_init(&source->lock, MUTEX_TOKEN);
    clock_cond_init(&source->renewed);
    buf_init(&source->value, TOKEN_MAX + 8);
    buf_init(&source->reason, BUF_TEXT_MAX);
    return source;
}

void token_destroy(struct token_source *source)
{
    if (!source)
        return;
    source->ops->destroy(source->state);
    token_wipe(&source->value);
    buf_release(&source->reason);
    pthread_cond_destroy(&source->renewed);
    mutex_release(&source->lock);
    free(source);
}

/* The first line of `raw` as a header's value. What cannot stand in a header is refused: it would
 * begin another one. */
static int make_value(const struct buf *raw, struct buf *out, struct buf *err)
{
    const char *token = raw->data + strspn(raw->data, " \t");
    size_t len = strcspn(token, "\r\n");
    int rc;

    while (len > 0 && (token[len - 1] == ' ' || token[len - 1] == '\t'))
        len--;
    if (len == 0)
        return buf_fail(err, -EACCES, "there is no token in its first line");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)token[i] < 0x20 || (unsigned char)token[i] >= 0x7f)
            return buf_fail(err, -EACCES,
                            "the token contains a character that is not allowed in one");

    if (!str_starts(token, "Key ") && !str_starts(token, "Bearer ")) {
        rc = buf_addstr(out, "Bearer ");
        if (rc)
            return buf_fail(err, -EACCES, "the token is too long");
    }
    rc = buf_add(out, token, len);
    return rc ? buf_fail(err, -EACCES, "the token is too long") : 0;
}

/* No lock is held: this may take its time. */
static int fetch(struct token_source *source, const char *stale, struct cancel *cancel,
                 struct buf *value, struct token_fetched *ret, struct buf *err)
{
    struct buf raw;

    buf_init(&raw, TOKEN_MAX);
    ret->text = &raw;
    int rc = source->ops->fetch(source->state, stale, cancel, ret, err);
    if (!rc)
        rc = make_value(&raw, value, err);
    token_wipe(&raw);
    return rc;
}

static int fail_locked(struct token_source *source, struct buf *err)
{
    int code = source->failure == -EHOSTUNREACH ? -EHOSTUNREACH : -EACCES;

    return buf_fail(err, code, "%s", source->reason.data);
}

static uint64_t stamp_of(const struct token_source *source)
{
    return source->ops->stamp ? source->ops->stamp(source->state) : 0;
}

/* --- a token that the service refused --- */

static void refuse_locked(struct token_source *source)
{
    if (source->refused)
        return;
    source->refused = true;
    source->refused_stamp = source->stamp;
    source->refused_until = clock_mono() + source->refused_pause;
    source->refused_pause =
        source->refused_pause < REFUSED_MAX / 2 ? source->refused_pause * 2 : REFUSED_MAX;
}

/* A service may change its mind. */
static void forgive_locked(struct token_source *source)
{
    if (source->refused && clock_mono() >= source->refused_until)
        source->refused = false;
}

void token_refuse(struct token_source *source, const char *value)
{
    LOCKED(&source->lock);
    if (str_eq(source->value.data, value))
        refuse_locked(source);
}

void token_accept(struct token_source *source)
{
    LOCKED(&source->lock);
    source->refused_pause = REFUSED_FIRST;
}

/* --- renewal --- */

static bool is_value(const struct token_source *source, const char *value)
{
    return value && str_eq(source->value.data, value);
}

/* The text is another one than `stale`, or was written anew. */
static int take_locked(struct token_source *source, struct buf *value,
                       const struct token_fetched *fetched, const char *stale, struct buf *reason)
{
    bool same = stale && str_eq(value->data, stale);
    bool again = source->refused && source->stamp != source->refused_stamp;

    if (!str_eq(value->data, source->value.data))
        source->refused_pause = REFUSED_FIRST;
    token_wipe(&source->value);
    source->value = *value;
    buf_init(value, 0);
    source->renew_at = fetched->renew_at;
    source->expires_at = fetched->expires_at;
    if (!same || again) {
        source->refused = false;
        return 0;
    }
    refuse_locked(source);
    return buf_fail(reason, -EACCES, "the token is refused, and there is no other");
}

/*
 * The lock is given up meanwhile. A renewal that was cancelled does not count: whoever waits for it
 * takes over.
 */
static int renew_locked(struct token_source *source, const char *stale, struct cancel *cancel,
                        struct buf *err)
{
    char *old = stale ? xstrdup(stale) : source->refused ? xstrdup(source->value.data) : NULL;
    struct token_fetched fetched = {0};
    struct buf value;
    SCOPED(buf_release) struct buf reason = BUF_INIT(BUF_TEXT_MAX);

    buf_init(&value, source->value.max);
    source->renewing = true;
    source->stamp = stamp_of(source); /* first: a change that comes meanwhile is seen later */
    mutex_unlock(&source->lock);
    int rc = fetch(source, old, cancel, &value, &fetched, &reason);
    mutex_lock(&source->lock);
    source->renewing = false;
    pthread_cond_broadcast(&source->renewed);

    if (!rc)
        rc = take_locked(source, &value, &fetched, old, &reason);
    if (rc != -EINTR) {
        source->tries++;
        source->failure = rc;
        source->failed_at = clock_mono();
        buf_fail(&source->reason, 0, "%s", reason.data);
    }
    if (rc && rc != -EINTR)
        rc = fail_locked(source, err);
    token_wipe(&value);
    token_wipe_string(old);
    return rc;
}

/* It will do for a request. */
static bool is_usable_locked(const struct token_source *source, const char *stale)
{
    return source->value.len > 0 && !is_value(source, stale) && !source->refused &&
           (!source->expires_at || clock_now() < source->expires_at);
}

/* And nothing better is to be had. */
static bool is_fresh_locked(const struct token_source *source, const char *stale)
{
    if (source->ops->follows && stamp_of(source) != source->stamp)
        return false;
    return is_usable_locked(source, stale) && (!source->renew_at || clock_now() < source->renew_at);
}

static bool failed_lately_locked(const struct token_source *source)
{
    return source->failure && stamp_of(source) == source->stamp &&
           clock_mono() < source->failed_at + source->ops->failure_memory;
}

int token_get(struct token_source *source, const char *stale, struct cancel *cancel,
              struct buf *out, struct buf *err)
{
    unsigned long tries;
    int rc = 0;

    LOCKED(&source->lock);
    forgive_locked(source);
    tries = source->tries;
    while (!rc && !is_fresh_locked(source, stale)) {
        if (source->renewing && is_usable_locked(source, stale))
            break; /* it is good until the other one is there */
        if (source->renewing)
            rc = cancel_wait(cancel, &source->renewed, &source->lock, INT64_MAX);
        else if (source->failure && (source->tries != tries || failed_lately_locked(source)))
            rc = fail_locked(source, err); /* the renewal this one waited for, or nearly so */
        else
            rc = renew_locked(source, stale, cancel, err);
    }
    if (!rc && buf_addstr(out, source->value.data))
        rc = buf_fail(err, -EACCES, "the token is too long");
    return rc;
}

uint64_t token_read_last(struct token_source *source)
{
    LOCKED(&source->lock);
    return source->stamp;
}

uint64_t token_there(struct token_source *source)
{
    return stamp_of(source);
}
