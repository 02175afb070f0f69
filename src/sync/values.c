/*
 * values.c - what the mailbox has beside records: read and written through, remembered for a while.
 */
#include "values_p.h"

#include "flight_p.h"
#include "mailbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX 16 /* remembered; a photo has up to 4 MB */
#define AGE_MIN NS_PER_S

struct value {
    char *bytes; /* NULL: there is none */
    size_t len;
    int64_t mtime;  /* ns: when these bytes were first seen */
    int64_t ask_at; /* clock_mono(): too old from then on */
};

struct values {
    struct mutex lock; /* over nothing but memory */
    struct map known;  /* key -> struct value; guarded by lock */
    size_t count;      /* guarded by lock */
};

struct values *values_create(void)
{
    struct values *v = xcalloc(1, sizeof(*v));

    mutex_init(&v->lock, MUTEX_VALUES);
    map_init(&v->known);
    return v;
}

static void forget_locked(struct values *v, const char *key)
{
    struct value *value = map_remove(&v->known, key);

    if (!value)
        return;
    v->count--;
    free(value->bytes);
    free(value);
}

static void forget_all_locked(struct values *v)
{
    for (struct map_entry *e = map_first(&v->known); e; e = map_next(&v->known, e))
        forget_locked(v, e->key);
}

void values_destroy(struct values *v)
{
    if (!v)
        return;
    forget_all_locked(v);
    map_release(&v->known);
    mutex_release(&v->lock);
    free(v);
}

static char *key_of(enum remote_value what, const char *id)
{
    return xasprintf("value/%d/%s", what, id ? id : "");
}

/* -ENODATA: nothing is known that is young enough. */
static int known(struct values *v, const char *key, bool any_age, struct buf *out,
                 int64_t *ret_mtime)
{
    int rc = -ENODATA;

    LOCKED(&v->lock);
    const struct value *value = map_get(&v->known, key);
    if (value && (any_age || clock_mono() < value->ask_at)) {
        *ret_mtime = value->mtime;
        rc = value->bytes ? buf_add(out, value->bytes, value->len) : -ENOENT;
    }
    return rc;
}

/* When these bytes were first seen, also by an earlier mount: the service gives no time for them. */
static int64_t seen_since(struct mailbox *mb, const char *key, const struct buf *bytes)
{
    uint64_t digest = str_hash(0, bytes->data, bytes->len), before = 0;
    int64_t since = 0;
    SCOPED(xfree) char *known = NULL;

    if (state_get_meta(mb->state, key, &known) ||
        sscanf(known, "%" SCNx64 " %" SCNd64, &before, &since) != 2 || before != digest) {
        since = clock_now();
        char *text = xasprintf("%" PRIx64 " %" PRId64, digest, since);
        state_put_meta(mb->state, key, text);
        free(text);
    }
    return since;
}

/* `bytes` NULL: there is none. */
static void remember(struct mailbox *mb, const char *key, const struct buf *bytes)
{
    int64_t age = mb->config.list_ttl > AGE_MIN ? mb->config.list_ttl : AGE_MIN;
    int64_t mtime = bytes ? seen_since(mb, key, bytes) : 0;
    struct values *v = mb->values;

    LOCKED(&v->lock);
    forget_locked(v, key);
    if (v->count >= VALUES_MAX)
        forget_all_locked(v);
    struct value *value = xcalloc(1, sizeof(*value));
    if (bytes) {
        value->bytes = xmalloc(bytes->len + 1);
        memcpy(value->bytes, bytes->data, bytes->len);
        value->len = bytes->len;
    }
    value->mtime = mtime;
    value->ask_at = clock_mono() + age;
    map_set(&v->known, key, value);
    v->count++;
}

static int ask(struct mailbox *mb, enum remote_value what, const char *id, const char *key,
               struct cancel *cancel, struct buf *err)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    struct remote_fault fault = {0};
    SCOPED(buf_release) struct buf bytes = BUF_INIT(REMOTE_PHOTO_MAX);

    if (!remote_online(mb->remote))
        return buf_fail(err, -EHOSTUNREACH, "the service cannot be reached");
    enum grade grade = remote_read_value(mb->remote, what, id, ctx, &bytes, &fault);
    if (grade == GRADE_OK)
        remember(mb, key, &bytes);
    else if (grade == GRADE_GONE)
        remember(mb, key, NULL);
    return mailbox_answered(grade == GRADE_GONE ? GRADE_OK : grade, &fault, "value", err);
}

int value_read(struct mailbox *mb, enum remote_value what, const char *id, struct cancel *cancel,
               struct buf *out, int64_t *ret_mtime, struct buf *err)
{
    SCOPED(xfree) char *key = key_of(what, id);
    int rc = known(mb->values, key, false, out, ret_mtime);

    if (rc != -ENODATA)
        return rc;
    rc = flights_enter(mb->flights, key, cancel);
    if (rc)
        return rc;
    rc = known(mb->values, key, false, out, ret_mtime); /* another thread was faster */
    int asked = rc == -ENODATA ? ask(mb, what, id, key, cancel, err) : 0;
    if (rc == -ENODATA && asked != -EINTR)
        rc = known(mb->values, key, true, out, ret_mtime);
    if (rc == -ENODATA && asked)
        rc = asked;
    flights_leave(mb->flights, key);
    return rc;
}

static int check(enum remote_value what, const char *data, size_t len, struct buf *err)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    int rc;

    if (what == REMOTE_PHOTO) {
        if (len < 2 || memcmp(data, "\xff\xd8", 2))
            return buf_fail(err, -EINVAL, "a photo must be a JPEG");
        return len < REMOTE_PHOTO_MAX ? 0
                                      : buf_fail(err, -EFBIG, "a photo must be smaller than %d MB",
                                                 REMOTE_PHOTO_MAX >> 20);
    }
    rc = json_parse_object(data, len, &obj, err);
    return rc ? -EINVAL : 0;
}

int value_write(struct mailbox *mb, enum remote_value what, const char *id, const void *data,
                size_t len, struct cancel *cancel, struct buf *err)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    struct remote_fault fault = {0};
    int rc = check(what, data, len, err);

    if (rc)
        return rc;
    if (!remote_online(mb->remote))
        return buf_fail(err, -EHOSTUNREACH, "the service cannot be reached; nothing was saved");
    enum grade grade = remote_write_value(mb->remote, what, id, data, len, ctx, &fault);
    SCOPED(xfree) char *key = key_of(what, id);
    LOCKED(&mb->values->lock);
    forget_locked(mb->values, key); /* the service has it in its own words */
    return mailbox_answered(grade, &fault, "value", err);
}
