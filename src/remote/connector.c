/*
 * connector.c - the service over HTTP: a row of the table becomes a request, the answer a
 * remote_call.
 */
#include <outlookfs/remote/remote.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "connector_p.h"
#include "remote_p.h"

struct connector {
    struct remote base;
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

static enum grade build_url(const struct connector *c, const struct operation_info *info,
                            const struct remote_call *call, struct buf *url,
                            struct remote_fault *fault)
{
    int rc = call->at ? location_path(http_base_url(c->http), call->at, url)
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

static enum grade connector_call(struct remote *r, struct remote_call *call,
                                 struct remote_fault *fault)
{
    struct connector *c = (struct connector *)r;
    const struct operation_info *info = operation_info(r->version, call->op);
    struct counter counter = {.sink = call->sink, .ctx = call->sink_ctx};
    struct buf url;
    char *printed = NULL;

    buf_init(&url, CONNECTOR_URL_MAX);
    enum grade grade = build_url(c, info, call, &url, fault);
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
    http_perform(c->http, &request, &answer);
    grade = connector_read(info, &answer, call, fault);
    if (call->sink)
        call->bytes = counter.bytes;
    http_answer_release(&answer);
out:
    free(printed);
    buf_release(&url);
    return grade;
}

static bool connector_online(struct remote *r)
{
    return http_online(((struct connector *)r)->http);
}

static void connector_stats(struct remote *r, struct http_stats *ret)
{
    http_stats(((struct connector *)r)->http, ret);
}

static void connector_destroy(struct remote *r)
{
    struct connector *c = (struct connector *)r;

    http_destroy(c->http);
    free(c);
}

static const struct remote_impl connector_impl = {
    .name = "connector",
    .call = connector_call,
    .destroy = connector_destroy,
    .online = connector_online,
    .stats = connector_stats,
};

struct remote *remote_connector_create(struct http *http, enum api_version version)
{
    struct connector *c = xcalloc(1, sizeof(*c));

    c->base = (struct remote){.impl = &connector_impl, .version = version};
    c->http = http;
    return &c->base;
}
