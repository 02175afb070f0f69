/*
 * series.c - how single events of a series differ from its rule.
 *
 * A listing does not say: it is asked for series by series, but many at once, and kept on disk as
 * long as the series has the same version, which a change of one of its events changes, too.
 */
#include "attachments_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/event.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER 20 /* series that are asked for at once: what a $batch has */
#define BATCH 64

/* Series of a folder about which nothing is known; the first is the one that is wanted. */
struct asking {
    const char *folder;
    char *ids[TOGETHER], *versions[TOGETHER];
    size_t count;
};

static void asking_add(struct asking *a, const struct cache_record *r)
{
    a->ids[a->count] = xstrdup(r->id);
    a->versions[a->count++] = xstrdup(r->etag);
}

static void asking_release(struct asking *a)
{
    while (a->count) {
        free(a->ids[--a->count]);
        free(a->versions[a->count]);
    }
}

/* --- what is known --- */

static char *key_of(const char *version)
{
    return xasprintf("series:%s", version);
}

static bool is_kept(struct mailbox *mb, const struct cache_record *r)
{
    SCOPED(xfree) char *key = key_of(r->etag);

    return cache_attachment_is_there(mb->cache, r->id, key);
}

static cJSON *kept(struct mailbox *mb, const struct cache_record *r)
{
    SCOPED(xfree) char *key = key_of(r->etag);

    return attachments_object(mb, r->id, key);
}

static void keep(struct mailbox *mb, const char *id, const char *version, const cJSON *obj)
{
    SCOPED(xfree) char *key = key_of(version);

    attachments_store_object(mb, id, key, obj);
}

/* --- which are asked for together --- */

static void add_if_unknown(struct mailbox *mb, struct asking *a, const char *id)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    SCOPED(json_release) cJSON *event = NULL;

    if (!cache_get(mb->cache, KIND_EVENT, a->folder, id, true, &r) && !is_kept(mb, &r) &&
        !dialect_parse(KIND_EVENT, r.text, r.size, &event, NULL) && event_is_series(event))
        asking_add(a, &r);
}

/* Others of the folder, beginning with those behind `after`. */
static void add_others(struct mailbox *mb, struct asking *a, uint64_t after)
{
    SCOPED(xfree) struct cache_record *list = xcalloc(BATCH, sizeof(*list));
    uint64_t until = UINT64_MAX;
    int n;

    for (;;) {
        n = cache_each(mb->cache, KIND_EVENT, a->folder, after, list, BATCH);
        for (int i = 0; i < n; i++) {
            if (a->count < TOGETHER && list[i].seq <= until && !str_eq(list[i].id, a->ids[0]))
                add_if_unknown(mb, a, list[i].id);
            after = list[i].seq;
            cache_record_release(&list[i]);
        }
        if (a->count == TOGETHER || n < 0 || after > until || (n == 0 && until != UINT64_MAX))
            break;
        if (n == 0) {
            until = after;
            after = 0;
        }
    }
}

/* --- asking --- */

/* One that the service does not tell about hides no others. A calendar without such members tells
 * of none. */
static int ask(struct mailbox *mb, const struct asking *a, size_t count, struct cancel *cancel,
               cJSON **ret, struct buf *err)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    cJSON *found[TOGETHER] = {NULL};
    struct remote_fault fault = {0};
    enum grade grade =
        remote_series(mb->remote, (const char *const *)a->ids, count, ctx, found, &fault);

    if (grade == GRADE_REFUSED && count > 1) {
        remote_fault_release(&fault);
        return ask(mb, a, 1, cancel, ret, err);
    }
    if (grade == GRADE_REFUSED) {
        log_warn("series %s: the service does not say which of its events differ: %s", a->ids[0],
                 fault.reason);
        found[0] = cJSON_CreateObject();
        grade = GRADE_OK;
    }
    int rc = mailbox_answered(grade, &fault, "series", err);
    if (rc)
        return rc;
    for (size_t i = 0; i < count; i++) {
        if (found[i])
            keep(mb, a->ids[i], a->versions[i], found[i]);
        if (i > 0)
            cJSON_Delete(found[i]);
    }
    *ret = found[0];
    return found[0] ? 0 : -ENOENT;
}

static int ask_with_others(struct mailbox *mb, const char *folder, const struct cache_record *r,
                           struct cancel *cancel, cJSON **ret, struct buf *err)
{
    struct asking a = {.folder = folder};
    SCOPED(xfree) char *key = xasprintf("series/%s", folder);
    int rc = flights_enter(mb->flights, key, cancel);

    if (!rc) {
        *ret = kept(mb, r);
        if (!*ret) {
            asking_add(&a, r);
            add_others(mb, &a, r->seq);
            rc = ask(mb, &a, a.count, cancel, ret, err);
            asking_release(&a);
        }
        flights_leave(mb->flights, key);
    }
    return rc;
}

int mailbox_series(struct mailbox *mb, const char *folder, const char *id, struct cancel *cancel,
                   struct cJSON **ret, struct buf *err)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    int rc = cache_get(mb->cache, KIND_EVENT, folder, id, false, &r);

    *ret = NULL;
    if (!rc)
        *ret = kept(mb, &r);
    if (!rc && !*ret && !remote_online(mb->remote))
        rc = buf_fail(err, -EHOSTUNREACH, "series: the service cannot be reached");
    if (!rc && !*ret)
        rc = ask_with_others(mb, folder, &r, cancel, ret, err);
    return rc;
}
