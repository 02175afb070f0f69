/*
 * transport_http.c - a call over HTTP: a row of the table becomes a request, the answer fills the
 * call.
 */
#include "operation_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answer_p.h"
#include "remote_p.h"

struct transport_http {
    struct transport base;
    struct http *http;
};

/* Passes the bytes on and counts them. */
struct counter {
    http_sink_fn sink;
    void *ctx;
    size_t bytes;
};

static int count_sink(void *ctx, const void *data, size_t len)
{
    struct counter *counter = ctx;

    counter->bytes += len;
    return counter->sink(counter->ctx, data, len);
}

static enum grade build_url(const struct transport_http *t, const struct operation_info *info,
                            const struct remote_call *call, struct buf *url,
                            struct remote_fault *fault)
{
    int rc = call->at ? location_path(http_base_url(t->http), call->at, url)
             : call->query
                 ? operation_url_query(info, call->params, call->nparams, call->query, url)
                 : operation_url(info, call->params, call->nparams, url);

    switch (rc) {
    case 0:
        return GRADE_OK;
    case -ENOBUFS:
        return remote_fail(fault, GRADE_TOO_BIG, "%s: the parameters make an address over %d bytes",
                           info->name, CONNECTOR_URL_MAX);
    default:
        return remote_fail(fault, GRADE_REFUSED, "%s: %s", info->name,
                           call->at || call->query ? "not an address of the service"
                                                   : "an id is empty or a dot");
    }
}

static enum grade http_transport_call(struct transport *base, struct remote_call *call,
                                      struct remote_fault *fault)
{
    struct transport_http *t = (struct transport_http *)base;
    const struct operation_info *info = call->info;
    struct counter counter = {.sink = call->sink, .ctx = call->sink_ctx};
    struct buf url;
    char *printed = NULL;

    buf_init(&url, CONNECTOR_URL_MAX);
    enum grade grade = build_url(t, info, call, &url, fault);
    if (grade != GRADE_OK)
        goto out;
    if (info->body == BODY_JSON && !call->text && !(printed = json_print(call->body))) {
        grade = remote_fail(fault, GRADE_REFUSED, "%s: the body is no JSON", info->name);
        goto out;
    }

    const char *body = call->text ? call->text : printed;
    const struct http_request request = {
        .method = info->method,
        .path = url.data,
        .body = body,
        .body_len = body ? strlen(body) : 0,
        .if_match = call->if_match,
        .priority = call->ctx.priority,
        .cancel = call->ctx.cancel,
        .sink = call->sink ? count_sink : NULL,
        .sink_ctx = &counter,
    };
    struct http_answer answer;
    http_answer_init(&answer);
    http_perform(t->http, &request, &answer);
    grade = answer_to_call(&answer, call, fault);
    if (call->sink)
        call->bytes = counter.bytes;
    http_answer_release(&answer);
out:
    free(printed);
    buf_release(&url);
    return grade;
}

static bool http_transport_online(struct transport *t)
{
    return http_online(((struct transport_http *)t)->http);
}

static void http_transport_stats(struct transport *t, struct http_stats *ret)
{
    http_stats(((struct transport_http *)t)->http, ret);
}

static void http_transport_destroy(struct transport *t)
{
    http_destroy(((struct transport_http *)t)->http);
    free(t);
}

static const struct transport_impl http_impl = {
    .name = "http",
    .call = http_transport_call,
    .destroy = http_transport_destroy,
    .online = http_transport_online,
    .stats = http_transport_stats,
};

struct transport *transport_http_create(struct http *http)
{
    struct transport_http *t = xcalloc(1, sizeof(*t));

    t->base.impl = &http_impl;
    t->http = http;
    return &t->base;
}
