/*
 * listener.c - libmicrohttpd in front of outbox_answer(): checks on a request, and the port that is
 * kept.
 */
#include <outlookfs/triggers/listener.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/sync/mailbox.h>
#include <outlookfs/sync/outbox.h>

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX ((size_t)64 * 1024)
#define CONNECTIONS_MAX 16
#define TIMEOUT_S 10
#define CONNECTION_MEMORY ((size_t)16 * 1024)
#define PORT_KEY "notify_port"

/* An accepted connection; libmicrohttpd carries the pointer in the connection's socket context. */
struct peer {
    struct peer *older, *newer;
    int fd;
};

struct listener {
    struct mailbox *mailbox;
    struct MHD_Daemon *daemon;
    unsigned port;
    struct peer *oldest, *newest; /* of libmicrohttpd's thread alone */
    unsigned peers;
};

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/* --- one request --- */

struct incoming {
    struct buf body;
    bool too_large;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);

    if (!response)
        return MHD_NO;
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_POST);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static unsigned status_of(int rc)
{
    switch (rc) {
    case 0:
        return MHD_HTTP_OK;
    case -ENOENT:
        return MHD_HTTP_NOT_FOUND;
    case -EINVAL:
        return MHD_HTTP_BAD_REQUEST;
    default:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
}

static unsigned take(struct listener *l, const char *path, const struct incoming *in)
{
    const char *token = strrchr(path, '/');

    if (in->too_large)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return status_of(outbox_answer(mailbox_outbox(l->mailbox), token ? token + 1 : path,
                                   in->body.data, in->body.len));
}

/* Called for the head, for each piece of the body, and once more at its end. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *, const char *data, size_t *len,
                                  void **state)
{
    struct incoming *in = *state;

    if (!in) {
        if (!str_eq(method, MHD_HTTP_METHOD_POST))
            return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
        in = xcalloc(1, sizeof(*in));
        buf_init(&in->body, BODY_MAX);
        *state = in;
        return MHD_YES;
    }
    if (*len) {
        if (buf_add(&in->body, data, *len))
            in->too_large = true;
        *len = 0;
        return MHD_YES;
    }
    return answer(connection, take(arg, path, in));
}

static void on_completed(void *, struct MHD_Connection *, void **state,
                         enum MHD_RequestTerminationCode)
{
    struct incoming *in = *state;

    if (in)
        buf_release(&in->body);
    free(in);
    *state = NULL;
}

/* --- connections --- */

static void peer_add(struct listener *l, struct peer *peer)
{
    peer->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = peer;
    l->newest = peer;
    l->peers++;
}

static void peer_remove(struct listener *l, struct peer *peer)
{
    *(peer->older ? &peer->older->newer : &l->oldest) = peer->newer;
    *(peer->newer ? &peer->newer->older : &l->newest) = peer->older;
    l->peers--;
    free(peer);
}

/*
 * The oldest connection makes room for a new one: libmicrohttpd accepts nothing beyond its limit,
 * and its timeout never ends a peer that sends a byte now and then.
 */
static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct listener *l = arg;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        peer_remove(l, *context);
        return;
    }
    struct peer *peer = xcalloc(1, sizeof(*peer));
    peer->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *context = peer;
    peer_add(l, peer);
    if (l->peers >= CONNECTIONS_MAX)
        shutdown(l->oldest->fd, SHUT_RDWR);
}

/* --- where --- */

static int parse_port(const char *text, unsigned *ret)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || port > 65535)
        return -EINVAL;
    *ret = (unsigned)port;
    return 0;
}

static int parse_listen(const char *text, union address *ret, unsigned *ret_port, struct buf *err)
{
    const char *colon = strrchr(text, ':');
    bool v6 = *text == '[';
    SCOPED(xfree) char *host = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup("");
    size_t len = strlen(host);
    int rc = colon ? parse_port(colon + 1, ret_port) : -EINVAL;

    memset(ret, 0, sizeof(*ret));
    if (!rc && v6 && len > 2 && host[len - 1] == ']') {
        host[len - 1] = '\0';
        ret->in6.sin6_family = AF_INET6;
        if (inet_pton(AF_INET6, host + 1, &ret->in6.sin6_addr) != 1)
            rc = -EINVAL;
    } else if (!rc) {
        ret->in.sin_family = AF_INET;
        if (inet_pton(AF_INET, host, &ret->in.sin_addr) != 1)
            rc = -EINVAL;
    }
    if (rc)
        buf_fail(err, rc, "notify_listen=%s: expected an address and a port, like 127.0.0.1:0",
                 text);
    return rc;
}

static struct MHD_Daemon *start_daemon(struct listener *l, union address *address, unsigned port)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;

    if (address->any.sa_family == AF_INET6) {
        address->in6.sin6_port = htons((uint16_t)port);
        flags |= MHD_USE_IPv6;
    } else {
        address->in.sin_port = htons((uint16_t)port);
    }
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, l, MHD_OPTION_SOCK_ADDR,
                            &address->any, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
                            MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_END);
}

static unsigned remembered_port(struct state *state)
{
    SCOPED(xfree) char *text = NULL;
    unsigned port = 0;

    if (!state_get_meta(state, PORT_KEY, &text) && parse_port(text, &port))
        port = 0;
    return port;
}

static void remember_port(struct state *state, unsigned port)
{
    SCOPED(xfree) char *text = xasprintf("%u", port);

    if (state_put_meta(state, PORT_KEY, text))
        log_warn("the port of the listener cannot be remembered");
}

/* The port of the last time, so that what was announced is true again; else any. */
static int bind_it(struct listener *l, union address *address, unsigned port)
{
    struct state *state = mailbox_state(l->mailbox);
    unsigned before = port ? port : remembered_port(state);

    errno = 0;
    l->daemon = start_daemon(l, address, before);
    if (!l->daemon && !port && before)
        l->daemon = start_daemon(l, address, 0);
    if (!l->daemon)
        return errno ? -errno : -EADDRINUSE;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT);
    l->port = info ? info->port : before;
    if (!port && l->port != before)
        remember_port(state, l->port);
    return 0;
}

static char *announced_url(const struct listener_config *config, const struct listener *l)
{
    const char *colon = strrchr(config->listen, ':');
    char *url = config->url ? xstrdup(config->url)
                            : xasprintf("http://%.*s:%u", (int)(colon - config->listen),
                                        config->listen, l->port);

    for (size_t len = strlen(url); len && url[len - 1] == '/'; len--)
        url[len - 1] = '\0';
    return url;
}

/* --- lifetime --- */

int listener_start(const struct listener_config *config, struct listener **ret, struct buf *err)
{
    struct listener *l = xcalloc(1, sizeof(*l));
    union address address;
    unsigned port;
    int rc = parse_listen(config->listen, &address, &port, err);

    l->mailbox = config->mailbox;
    if (!rc) {
        rc = bind_it(l, &address, port);
        if (rc)
            buf_fail(err, rc, "notify_listen=%s: %s", config->listen, strerror(-rc));
    }
    if (rc) {
        free(l);
        return rc;
    }
    SCOPED(xfree) char *url = announced_url(config, l);
    outbox_announce(mailbox_outbox(l->mailbox), url);
    *ret = l;
    return 0;
}

unsigned listener_port(const struct listener *l)
{
    return l->port;
}

void listener_stop(struct listener *l)
{
    if (!l)
        return;
    MHD_stop_daemon(l->daemon);
    free(l);
}
