/*
 * transport_http.c - a call over HTTP: a row of the table becomes a request, the answer fills the
 * call.
 */
#include "transport_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answer_p.h"
#include "remote_p.h"

struct transport_http {
    struct transport base;
    struct http *http;
    const char *const *headers; /* of every request */
};

/* A service's own and those of a call. */
#define HEADERS_MAX 8

/* Passes the bytes on, counts them and keeps the first. */
struct tap {
    const struct remote_call *call;
    struct buf head;
    size_t bytes;
};

static int tap_write(void *ctx, const void *data, size_t len)
{
    struct tap *tap = ctx;
    size_t room = ANSWER_HEAD - tap->head.len;

    buf_add(&tap->head, data, len < room ? len : room);
    tap->bytes += len;
    return tap->call->sink->write(tap->call->sink->ctx, data, len);
}

static int tap_restart(void *ctx)
{
    struct tap *tap = ctx;

    buf_clear(&tap->head);
    tap->bytes = 0;
    return tap->call->sink->restart(tap->call->sink->ctx);
}

static enum grade build_url(const struct transport_http *t, const struct operation_info *info,
                            const struct remote_call *call, struct buf *url,
                            struct remote_fault *fault)
{
    int rc = call->at ? location_path(http_base_url(t->http), call->at, url)
                      : operation_url(info, call->params, call->query, url);

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

static void join_headers(const char *const *a, const char *const *b, const char **out)
{
    size_t n = 0;

    for (; a && *a && n < HEADERS_MAX; a++)
        out[n++] = *a;
    for (; b && *b && n < HEADERS_MAX; b++)
        out[n++] = *b;
    assert(!(a && *a) && !(b && *b));
    out[n] = NULL;
}

static enum grade http_transport_call(struct transport *base, struct remote_call *call,
                                      struct remote_fault *fault)
{
    struct transport_http *t = (struct transport_http *)base;
    const struct operation_info *info = call->info;
    struct tap tap = {.call = call};
    SCOPED(buf_release) struct buf url = BUF_INIT(CONNECTOR_URL_MAX);
    const char *headers[HEADERS_MAX + 1];
    char *printed = NULL;

    join_headers(t->headers, call->headers, headers);
    buf_init(&tap.head, ANSWER_HEAD);
    enum grade grade = call->url ? GRADE_OK : build_url(t, info, call, &url, fault);
    if (grade != GRADE_OK)
        goto out;
    if (info->body == BODY_JSON && !call->text && !(printed = json_print(call->body))) {
        grade = remote_fail(fault, GRADE_REFUSED, "%s: the body is not JSON", info->name);
        goto out;
    }

    const struct http_sink sink = {.write = call->sink ? tap_write : NULL,
                                   .restart =
                                       call->sink && call->sink->restart ? tap_restart : NULL,
                                   .ctx = &tap};
    const char *body = call->data ? call->data : call->text ? call->text : printed;
    const struct http_request request = {
        .method = info->method,
        .path = url.data,
        .url = call->url,
        .body = body,
        .body_len = call->data ? call->ndata
                    : body     ? strlen(body)
                               : 0,
        .content_type = !call->data          ? NULL
                        : call->content_type ? call->content_type
                                             : "application/octet-stream",
        .if_match = call->if_match,
        .headers = headers,
        .priority = call->ctx.priority,
        .cancel = call->ctx.cancel,
        .sink = sink.write ? &sink : NULL,
    };
    struct http_answer answer;
    http_answer_init(&answer);
    http_perform(t->http, &request, &answer);
    if (call->sink && answer.grade == GRADE_OK)
        buf_add(&answer.body, tap.head.data, tap.head.len);
    call->bytes = call->sink ? tap.bytes : answer.body.len;
    grade = answer_to_call(&answer, call, fault);
    http_answer_release(&answer);
out:
    free(printed);
    buf_release(&tap.head);
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

struct transport *transport_http_create(struct http *http, const char *const *headers)
{
    struct transport_http *t = xcalloc(1, sizeof(*t));

    t->base.impl = &http_impl;
    t->http = http;
    t->headers = headers;
    return &t->base;
}
