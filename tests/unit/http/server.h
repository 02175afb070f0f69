/*
 * server.h - a small HTTP server for the tests of the http layer: it counts, holds answers back, and
 * breaks connections.
 *
 * A test gives a function that answers; it runs on a thread of the connection and may wait.
 */
#ifndef OUTLOOKFS_TESTS_HTTP_SERVER_H
#define OUTLOOKFS_TESTS_HTTP_SERVER_H

#include <outlookfs/base/alloc.h>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <outlookfs/base/clock.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVER_LOG_MAX 256

struct call {
    struct MHD_Connection *connection;
    const char *method;
    const char *url; /* as it was sent */
    const char *authorization;
    char *body;
    size_t len;
};

struct server;
/* MHD_NO breaks the connection without an answer. */
typedef enum MHD_Result server_fn(struct server *s, struct call *call);

struct server {
    struct MHD_Daemon *daemon;
    int fd;
    char url[64];
    server_fn *answer;
    void *ctx;

    struct mutex lock;
    pthread_cond_t changed;
    int connections;           /* guarded by lock */
    int held;                  /* guarded by lock: answers that wait at the gate */
    bool open;                 /* guarded by lock: the gate */
    int logged;                /* guarded by lock */
    char *log[SERVER_LOG_MAX]; /* guarded by lock: "GET /path?query", whole requests only */
};

static inline enum MHD_Result server_reply(struct call *call, unsigned status, const char *body,
                                           const char *header, const char *value)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(strlen(body), (void *)body, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result rc;

    if (header)
        MHD_add_response_header(r, header, value);
    rc = MHD_queue_response(call->connection, status, r);
    MHD_destroy_response(r);
    return rc;
}

/* Waits at the gate. */
static inline void server_hold(struct server *s)
{
    mutex_lock(&s->lock);
    s->held++;
    pthread_cond_broadcast(&s->changed);
    while (!s->open)
        clock_wait(&s->changed, &s->lock, INT64_MAX);
    mutex_unlock(&s->lock);
}

static inline void server_wait_held(struct server *s, int count)
{
    mutex_lock(&s->lock);
    while (s->held < count)
        clock_wait(&s->changed, &s->lock, INT64_MAX);
    mutex_unlock(&s->lock);
}

static inline void server_open(struct server *s)
{
    mutex_lock(&s->lock);
    s->open = true;
    pthread_cond_broadcast(&s->changed);
    mutex_unlock(&s->lock);
}

/* How many requests began with `start`. */
static inline int server_count(struct server *s, const char *start)
{
    int count = 0;

    mutex_lock(&s->lock);
    for (int i = 0; i < s->logged; i++)
        count += strncmp(s->log[i], start, strlen(start)) == 0;
    mutex_unlock(&s->lock);
    return count;
}

static inline int server_connections(struct server *s)
{
    int count;

    mutex_lock(&s->lock);
    count = s->connections;
    mutex_unlock(&s->lock);
    return count;
}

static inline void *server_begin(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    struct call *call = xcalloc(1, sizeof(*call));

    (void)ctx;
    call->connection = connection;
    call->url = xstrdup(uri);
    return call;
}

static inline void server_end(void *ctx, struct MHD_Connection *connection, void **call_ctx,
                              enum MHD_RequestTerminationCode code)
{
    struct call *call = *call_ctx;

    (void)ctx, (void)connection, (void)code;
    if (call) {
        free((char *)call->url);
        free(call->body);
        free(call);
    }
}

static inline enum MHD_Result server_call(void *ctx, struct MHD_Connection *connection,
                                          const char *url, const char *method, const char *version,
                                          const char *data, size_t *len, void **call_ctx)
{
    struct server *s = ctx;
    struct call *call = *call_ctx;

    (void)url, (void)version;
    if (!call->method) { /* the headers: the body, if any, comes next */
        call->method = method;
        call->authorization =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
        return MHD_YES;
    }
    if (*len) {
        call->body = xrealloc(call->body, call->len + *len + 1);
        memcpy(call->body + call->len, data, *len);
        call->len += *len;
        call->body[call->len] = '\0';
        *len = 0;
        return MHD_YES;
    }
    mutex_lock(&s->lock);
    if (s->logged < SERVER_LOG_MAX)
        s->log[s->logged++] = xasprintf("%s %s", method, call->url);
    mutex_unlock(&s->lock);
    return s->answer(s, call);
}

static inline void server_connected(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
                                    enum MHD_ConnectionNotificationCode code)
{
    struct server *s = ctx;

    (void)connection, (void)socket_ctx;
    if (code != MHD_CONNECTION_NOTIFY_STARTED)
        return;
    mutex_lock(&s->lock);
    s->connections++;
    mutex_unlock(&s->lock);
}

/* Takes a port of its own, on which connections are refused until server_listen(). */
static inline void server_bind(struct server *s, server_fn *answer, void *ctx)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);

    *s = (struct server){.answer = answer, .ctx = ctx};
    mutex_init(&s->lock, MUTEX_DOUBLE);
    pthread_cond_init(&s->changed, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&a, len) ||
        getsockname(s->fd, (struct sockaddr *)&a, &len)) {
        perror("bind");
        abort();
    }
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(a.sin_port));
}

static inline void server_listen(struct server *s)
{
    if (listen(s->fd, 64) == 0)
        s->daemon = MHD_start_daemon(
            MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL,
            server_call, s, MHD_OPTION_LISTEN_SOCKET, s->fd, MHD_OPTION_URI_LOG_CALLBACK,
            server_begin, s, MHD_OPTION_NOTIFY_COMPLETED, server_end, s,
            MHD_OPTION_NOTIFY_CONNECTION, server_connected, s, MHD_OPTION_END);
    if (!s->daemon) {
        perror("listen");
        abort();
    }
}

static inline void server_start(struct server *s, server_fn *answer, void *ctx)
{
    server_bind(s, answer, ctx);
    server_listen(s);
}

static inline void server_stop(struct server *s)
{
    server_open(s);
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    else
        close(s->fd);
    for (int i = 0; i < s->logged; i++)
        free(s->log[i]);
    pthread_cond_destroy(&s->changed);
    mutex_release(&s->lock);
}

#endif
