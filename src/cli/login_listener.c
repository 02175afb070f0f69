/*
 * login_listener.c - a web server for one answer: GET /?code=...&state=... on localhost, which
 * browsers look up as ::1 or as 127.0.0.1.
 */
#include "login_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_TRIES 16
#define CODE_MAX ((size_t)8 * 1024)
#define CONNECTION_TIMEOUT 10U /* s */

struct login_listener {
    struct MHD_Daemon *v4, *v6; /* v6: NULL where there is none */
    unsigned port;
    char state[44];

    struct mutex lock;
    pthread_cond_t changed;
    bool answered;   /* guarded by lock */
    bool shown;      /* guarded by lock: the person has the page */
    struct buf code; /* guarded by lock */
    struct buf why;  /* guarded by lock: a refusal; empty: there is a code */
};

/* --- pages --- */

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            buf_addf(out, "&#%d;", *text);
        else
            buf_addch(out, *text);
    }
}

static enum MHD_Result show_page(struct MHD_Connection *connection, unsigned status,
                                 const char *title, const char *text)
{
    SCOPED(buf_release) struct buf page = BUF_INIT(BUF_TEXT_MAX * 8);

    buf_addf(&page,
             "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>outlookfs: %s"
             "</title>\n<body style=\"font: 1.2em sans-serif; margin: 4em auto; max-width: 30em\">"
             "<h1>%s</h1>\n<p>",
             title, title);
    add_escaped(&page, text);
    buf_addstr(&page, "</p>\n</body></html>\n");
    struct MHD_Response *response =
        MHD_create_response_from_buffer(page.len, page.data, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
    MHD_add_response_header(response, "Content-Security-Policy",
                            "default-src 'none'; style-src 'unsafe-inline'");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "Connection", "close");
    enum MHD_Result rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return rc;
}

/* --- the answer --- */

static const char *argument(struct MHD_Connection *connection, const char *name)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);

    return text && *text ? text : NULL;
}

/* Only the first one counts. */
static void take(struct login_listener *l, const char *code, const char *error,
                 const char *description)
{
    LOCKED(&l->lock);
    if (!l->answered) {
        if (code)
            buf_addstr(&l->code, code);
        else
            oauth_explain(error, description, &l->why);
        l->answered = true;
    }
}

static enum MHD_Result answer(struct login_listener *l, struct MHD_Connection *connection)
{
    const char *state = argument(connection, "state"), *code = argument(connection, "code");
    const char *error = argument(connection, "error");
    const char *description = argument(connection, "error_description");

    if (!str_eq(state, l->state))
        return show_page(connection, 400, "Not this login",
                         "This answer does not belong to the login that outlookfs waits for. "
                         "It goes on waiting.");
    if (!code && !error)
        return show_page(connection, 400, "No answer", "The login server has sent no code.");
    take(l, code, error, description);
    if (!code)
        return show_page(connection, 200, "Not logged in", description ? description : error);
    return show_page(connection, 200, "Thank you",
                     "outlookfs has the answer. You can close this window; the terminal says how "
                     "it went on.");
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *, const char *, size_t *, void **)
{
    if (!str_eq(method, "GET"))
        return show_page(connection, 405, "No", "Only GET is answered here.");
    if (!str_eq(url, "/"))
        return show_page(connection, 404, "Nothing here", "There is no such page.");
    return answer(ctx, connection);
}

static void on_completed(void *ctx, struct MHD_Connection *, void **,
                         enum MHD_RequestTerminationCode)
{
    struct login_listener *l = ctx;

    LOCKED(&l->lock);
    l->shown = l->answered;
    pthread_cond_broadcast(&l->changed);
}

/* --- listening --- */

/* 0 and the port that was taken, or -errno. */
static int listen_on(int family, unsigned *port, int *ret)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)*port)};
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    if (fd < 0)
        return -errno;
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, address, len) || listen(fd, 8) || getsockname(fd, address, &len)) {
        int rc = -errno;

        close(fd);
        return rc;
    }
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    *ret = fd;
    return 0;
}

/* The same port on both addresses; a machine may have no ::1. */
static int listen_on_both(unsigned *port, int *v4, int *v6)
{
    int rc = -EADDRINUSE;

    for (int i = 0; i < PORT_TRIES && rc == -EADDRINUSE; i++) {
        *port = 0;
        *v6 = -1;
        rc = listen_on(AF_INET, port, v4);
        if (rc)
            return rc;
        rc = listen_on(AF_INET6, port, v6);
        if (rc == -EADDRINUSE)
            close(*v4);
        else
            rc = 0;
    }
    return rc;
}

static struct MHD_Daemon *start_daemon(struct login_listener *l, int fd)
{
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, on_request,
                         l, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
                         l, MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT, MHD_OPTION_END);

    if (!daemon)
        close(fd);
    return daemon;
}

int login_listener_start(const char *state, struct login_listener **ret, struct buf *err)
{
    struct login_listener *l = xcalloc(1, sizeof(*l));
    int v4 = -1, v6 = -1, rc = listen_on_both(&l->port, &v4, &v6);

    if (rc) {
        free(l);
        return buf_fail(err, -EACCES, "cannot listen on localhost: %s", strerror(-rc));
    }
    snprintf(l->state, sizeof(l->state), "%s", state);
    mutex_init(&l->lock, MUTEX_LOGIN);
    clock_cond_init(&l->changed);
    buf_init(&l->code, CODE_MAX);
    buf_init(&l->why, BUF_TEXT_MAX);
    l->v4 = start_daemon(l, v4);
    if (v6 >= 0)
        l->v6 = start_daemon(l, v6);
    if (!l->v4) {
        login_listener_stop(l);
        return buf_fail(err, -EACCES, "cannot listen on localhost");
    }
    *ret = l;
    return 0;
}

unsigned login_listener_port(const struct login_listener *l)
{
    return l->port;
}

int login_listener_wait(struct login_listener *l, int64_t until, struct buf *code, struct buf *err)
{
    int rc = 0;

    LOCKED(&l->lock);
    while (!l->shown && !rc)
        rc = clock_wait(&l->changed, &l->lock, until);
    if (l->answered)
        rc =
            l->why.len ? buf_fail(err, -EACCES, "%s", l->why.data) : buf_addstr(code, l->code.data);
    return rc;
}

void login_listener_stop(struct login_listener *l)
{
    if (!l)
        return;
    if (l->v4)
        MHD_stop_daemon(l->v4);
    if (l->v6)
        MHD_stop_daemon(l->v6);
    explicit_bzero(l->code.data, l->code.len);
    buf_release(&l->code);
    buf_release(&l->why);
    pthread_cond_destroy(&l->changed);
    mutex_release(&l->lock);
    free(l);
}
