/*
 * server.c - libmicrohttpd: the life of a connection and of a request.
 *
 * libmicrohttpd decodes and splits targets before it calls the handler; the raw target comes
 * through the URI log callback, which is therefore where a request begins.
 */
#include "server_p.h"

#include "answer_p.h"
#include "control_p.h"
#include "db_p.h"
#include "fault_p.h"
#include "gate_p.h"
#include "ids_p.h"
#include "log_p.h"
#include "page_p.h"
#include "request_p.h"
#include "route_p.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_PATH "/_sandbox"
#define CONNECTIONS_MAX 1000

struct server {
    struct server_options options;
    struct gate *gate;
    struct MHD_Daemon *daemon;
    char *url;
};

/* --- one request ------------------------------------------------------------------------------ */

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *ans)
{
    size_t len = ans->body.len;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, buf_detach(&ans->body), MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;
    char seconds[16];

    if (!response)
        return MHD_NO;
    if (ans->type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, ans->type);
    if (ans->retry_after >= 0) {
        snprintf(seconds, sizeof(seconds), "%d", ans->retry_after);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    for (size_t i = 0; i < ANSWER_HEADERS_MAX && ans->headers[i].name; i++)
        MHD_add_response_header(response, ans->headers[i].name, ans->headers[i].value);
    if (ans->status == 401)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store, no-cache");
    MHD_add_response_header(response, MHD_HTTP_HEADER_PRAGMA, "no-cache");
    MHD_add_response_header(response, MHD_HTTP_HEADER_EXPIRES, "-1");
    MHD_add_response_header(response, "x-ms-request-id", ans->guid);
    MHD_add_response_header(response, "x-ms-apihub-cached-response", "false");
    result = MHD_queue_response(connection, ans->status, response);
    MHD_destroy_response(response);
    return result;
}

/* What the web server and the gateway refuse before anybody looks at the operation. */
static bool refused(struct server *s, struct request *req, const char *path, struct answer *ans)
{
    bool has_body = !strcmp(req->method, "POST") || !strcmp(req->method, "PATCH");
    const struct operation *op = path ? route_find(&s->options.sandbox, req, path) : NULL;
    bool anonymous = op && op->anonymous;
    int seconds;

    if (strlen(req->path) + strlen(req->query) > REQUEST_URL_MAX)
        answer_gateway(ans, 414, "Request URI is too long");
    else if (req->too_big)
        answer_gateway(ans, 413, "Request body is too large");
    else if (has_body && !req->has_length)
        answer_length_required(ans);
    else if (!anonymous && !gate_token_ok(s->gate, req->authorization))
        answer_failure(ans, 401, -1);
    else if (!anonymous && (seconds = gate_rate(s->gate)) > 0)
        answer_throttled(ans, seconds);
    else if (!op)
        answer_gateway(ans, 404, "Resource not found");
    else if (req->bad_query)
        answer_error(ans, 400, "ErrorInvalidRequest", "The query string is not well encoded.");
    else
        return false;
    return true;
}

/* Runs the operation in a transaction of its own; a refused one leaves no trace. */
static void work(struct server *s, const struct request *req, struct answer *ans)
{
    db_begin(s->options.sandbox.db);
    req->op->run(&s->options.sandbox, req, ans);
    db_end(s->options.sandbox.db, ans->status < 400);
}

static void replace_text(struct buf *text, const char *from, const char *to)
{
    struct buf out;
    char *at = text->data;

    buf_init(&out, text->max);
    for (char *hit; (hit = strstr(at, from)); at = hit + strlen(from)) {
        buf_add(&out, at, (size_t)(hit - at));
        buf_addstr(&out, to);
    }
    buf_addstr(&out, at);
    buf_release(text);
    *text = out;
}

static void work_under_fault(struct server *s, struct request *req, const struct fault *fault,
                             struct answer *ans)
{
    gate_wait(s->gate, fault->delay);
    if (fault->together)
        req->in_flight = gate_together(s->gate, fault->together);
    if (fault->drop == DROP_BEFORE)
        return;
    if (!fault->status || fault->apply)
        work(s, req, ans);
    if (*fault->replace)
        replace_text(&ans->body, fault->replace, fault->by);
    if (fault->status)
        answer_failure(ans, fault->status, fault->retry_after);
}

/* The part behind the base; NULL for a path outside of it. What people answer mails with is known
 * below the origin, too. */
static const char *operation_path(const struct request *req)
{
    if (str_starts(req->path, BASE_PATH "/"))
        return req->path + strlen(BASE_PATH);
    return strcmp(req->path, RECORD_RESPONSE_PATH) ? NULL : req->path;
}

static enum MHD_Result serve_operation(struct server *s, struct MHD_Connection *connection,
                                       struct request *req)
{
    const char *path = operation_path(req);
    struct fault fault = {.id = 0};
    enum MHD_Result result = MHD_NO;
    struct answer ans;

    req->n = reqlog_next(s->options.sandbox.log);
    req->guid = ids_guid((uint64_t)req->n);
    answer_init(&ans, req->guid, req->client_id);
    gate_wait(s->gate, s->options.latency);
    if (!refused(s, req, path, &ans)) {
        fault = faults_take(s->options.sandbox.faults, req->op->name, req->method);
        work_under_fault(s, req, &fault, &ans);
    }
    reqlog_add(s->options.sandbox.log, req, &ans, fault.id, fault.drop != DROP_NOT);
    if (fault.drop == DROP_NOT)
        result = send_answer(connection, &ans);
    answer_release(&ans);
    return result;
}

static enum MHD_Result serve_page(struct MHD_Connection *connection, const struct page_file *file)
{
    enum MHD_Result result;
    struct answer ans;

    answer_init(&ans, "page", NULL);
    page_answer(file, &ans);
    result = send_answer(connection, &ans);
    answer_release(&ans);
    return result;
}

static enum MHD_Result serve_control(struct server *s, struct MHD_Connection *connection,
                                     struct request *req, const char *path)
{
    enum MHD_Result result;
    struct answer ans;

    answer_init(&ans, "control", NULL);
    control_handle(&s->options.sandbox, req, path, &ans);
    result = send_answer(connection, &ans);
    answer_release(&ans);
    return result;
}

/* The part behind "/_sandbox", directly below the origin or below the base; NULL for an operation's
 * path. */
static const char *control_path(const struct request *req)
{
    const char *path = req->path;

    if (str_starts(path, BASE_PATH))
        path += strlen(BASE_PATH);
    return str_starts(path, CONTROL_PATH "/") ? path + strlen(CONTROL_PATH) : NULL;
}

static enum MHD_Result serve(struct server *s, struct MHD_Connection *connection,
                             struct request *req)
{
    const char *control = control_path(req);
    const struct page_file *page = page_find(req->method, req->path);
    enum MHD_Result result;

    request_complete(req);
    if (control)
        return serve_control(s, connection, req, control);
    if (page)
        return serve_page(connection, page);
    req->in_flight = gate_enter(s->gate);
    result = serve_operation(s, connection, req);
    gate_leave(s->gate);
    return result;
}

/* --- libmicrohttpd's callbacks ---------------------------------------------------------------- */

static char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    return value ? xstrdup(value) : NULL;
}

static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    (void)arg;
    (void)connection;
    return request_create(target);
}

static void on_head(struct request *req, struct MHD_Connection *connection, const char *method)
{
    char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    char *coding = header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING);

    req->method = xstrdup(method);
    req->start = clock_now();
    req->content_type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    req->authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
    req->client_id = header(connection, "x-ms-client-request-id");
    req->context = header(connection, "x-ms-operation-context");
    req->host = header(connection, MHD_HTTP_HEADER_HOST);
    req->has_length = length || coding;
    free(length);
    free(coding);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **state)
{
    struct request *req = *state;

    (void)url;
    (void)version;
    if (!req->method) {
        on_head(req, connection, method);
        return MHD_YES;
    }
    if (*data_size) {
        if (buf_add(&req->body, data, *data_size))
            req->too_big = true;
        *data_size = 0;
        return MHD_YES;
    }
    return serve(arg, connection, req);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)arg;
    (void)connection;
    (void)code;
    request_destroy(*state);
    *state = NULL;
}

/* Leaves every '%' as it came. */
static size_t keep_encoded(void *arg, struct MHD_Connection *connection, char *s)
{
    (void)arg;
    (void)connection;
    return strlen(s);
}

/* --- start and stop --------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
    return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
}

static int parse_address(const char *listen, char host[64], union address *ret, struct buf *err)
{
    const char *colon = strrchr(listen, ':');
    char *end;
    long port = colon && colon[1] ? strtol(colon + 1, &end, 10) : -1;

    memset(ret, 0, sizeof(*ret));
    if (port < 0 || *end || port > 65535 || colon - listen >= 64)
        return buf_fail(err, -EINVAL, "--listen %s: ADDRESS:PORT is required", listen);
    snprintf(host, 64, "%.*s", (int)(colon - listen), listen);
    if (!strcmp(host, "localhost"))
        strcpy(host, "127.0.0.1");
    if (!strcmp(host, "[::1]")) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons((uint16_t)port);
        ret->v6.sin6_addr = in6addr_loopback;
        return 0;
    }
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1 || !is_loopback(ret))
        return buf_fail(err, -EINVAL, "--listen %s: only a loopback address is allowed", listen);
    return 0;
}

static struct MHD_Daemon *start_daemon(struct server *s, const union address *address)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ITC;

    if (address->any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    /* The memory limit leaves room to refuse a long target ourselves, in the gateway's words. */
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &address->any,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, s, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)128 * 1024, MHD_OPTION_END);
}

int server_start(const struct server_options *options, struct server **ret, struct buf *err)
{
    const union MHD_DaemonInfo *info;
    struct server *s;
    union address address;
    char host[64];
    int rc = parse_address(options->listen, host, &address, err);

    if (rc)
        return rc;
    s = xcalloc(1, sizeof(*s));
    s->options = *options;
    s->gate = gate_create(options->token, options->rate);
    errno = 0;
    s->daemon = start_daemon(s, &address);
    if (!s->daemon) {
        rc = errno ? -errno : -EIO;
        buf_fail(err, rc, "cannot listen on %s: %s", options->listen, strerror(-rc));
        server_stop(s);
        return rc;
    }
    info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    s->url = xasprintf("http://%s:%u" BASE_PATH, host, info->port);
    *ret = s;
    return 0;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    gate_stop(s->gate);
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    gate_destroy(s->gate);
    free(s->url);
    free(s);
}

const char *server_url(const struct server *s)
{
    return s->url;
}
