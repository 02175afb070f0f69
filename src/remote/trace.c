/*
 * trace.c - logs each call of the transport it wraps: which operation, on what, how it went, how long
 * it took. Left out are bodies and whatever parameter may hold what a person wrote (comments,
 * searches, filters).
 */
#include "transport_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

/* Ids of one mailbox begin alike, so their ends are shown. */
#define ID_SHOWN 16

struct trace {
    struct transport base;
    struct transport *inner;
};

static const char *const shown[] = {
    "table", "id", "messageId", "attachmentId", "folderPath", "top", "skip", "$top", "$skip",
};

static void describe(const struct remote_call *call, struct buf *out)
{
    for (const struct param_spec *spec = call->info->params; spec->name; spec++) {
        const char *value = param_value(call->params, spec->name);
        if (!value || !str_in(spec->name, shown, ARRAY_SIZE(shown)))
            continue;
        size_t len = strlen(value);
        bool cut = len > ID_SHOWN;
        buf_addf(out, " %s=%s%s", spec->name, cut ? ".." : "",
                 cut ? value + len - ID_SHOWN : value);
    }
}

static enum grade trace_call(struct transport *base, struct remote_call *call,
                             struct remote_fault *fault)
{
    struct trace *t = (struct trace *)base;
    SCOPED(buf_release) struct buf params = BUF_INIT(BUF_TEXT_MAX);
    int64_t start = clock_mono();

    enum grade grade = transport_call(t->inner, call, fault);
    describe(call, &params);
    log_debug("remote: %s%s: %s, status %d, %zu bytes, %lld ms%s%s", call->info->name, params.data,
              grade_name(grade), fault->status, call->bytes,
              (long long)((clock_mono() - start) / NS_PER_MS), fault->reason ? ": " : "",
              fault->reason ? fault->reason : "");
    return grade;
}

static bool trace_online(struct transport *t)
{
    return transport_online(((struct trace *)t)->inner);
}

static void trace_stats(struct transport *t, struct http_stats *ret)
{
    transport_stats(((struct trace *)t)->inner, ret);
}

static void trace_destroy(struct transport *t)
{
    transport_destroy(((struct trace *)t)->inner);
    free(t);
}

static const struct transport_impl trace_impl = {
    .name = "trace",
    .call = trace_call,
    .destroy = trace_destroy,
    .online = trace_online,
    .stats = trace_stats,
};

struct transport *transport_trace_create(struct transport *inner)
{
    struct trace *t = xcalloc(1, sizeof(*t));

    t->base.impl = &trace_impl;
    t->inner = inner;
    return &t->base;
}
