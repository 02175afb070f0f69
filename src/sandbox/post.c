/*
 * post.c - a URL taken apart, and one exchange over a non-blocking socket.
 */
#include "post_p.h"

#include <arpa/inet.h>
#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEME "http://"
#define HOST_MAX 64
#define REQUEST_MAX ((size_t)64 * 1024)

/* More of an answer nobody needs. */
#define ANSWER_BYTES_MAX ((size_t)64 * 1024)

/* --- the target ------------------------------------------------------------------------------- */

static int refuse(struct buf *err, const char *url, const char *why)
{
    return buf_fail(err, -EINVAL,
                    "NotificationUrl '%s': %s. The sandbox notifies plain http URLs of this "
                    "machine's loopback addresses only.",
                    url, why);
}

/* Splits "host:port"; false when the port is none. */
static bool split_port(char *authority, uint16_t *ret)
{
    char *colon = strrchr(authority, ':'), *bracket = strrchr(authority, ']'), *end;
    unsigned long port;

    *ret = 80;
    if (!colon || (bracket && bracket > colon))
        return true;
    port = colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 0;
    if (!port || port > 65535 || *end)
        return false;
    *colon = '\0';
    *ret = (uint16_t)port;
    return true;
}

static bool set_address(struct post_target *t, const char *host, uint16_t port)
{
    if (!strcmp(host, "[::1]")) {
        t->address.v6.sin6_family = AF_INET6;
        t->address.v6.sin6_port = htons(port);
        t->address.v6.sin6_addr = in6addr_loopback;
        t->address_len = sizeof(t->address.v6);
        return true;
    }
    t->address.v4.sin_family = AF_INET;
    t->address.v4.sin_port = htons(port);
    t->address_len = sizeof(t->address.v4);
    if (!strcmp(host, "localhost"))
        host = "127.0.0.1";
    return inet_pton(AF_INET, host, &t->address.v4.sin_addr) == 1 &&
           ntohl(t->address.v4.sin_addr.s_addr) >> 24 == 127;
}

/* A blank or a control character could end the request line, or a header, early. */
static bool printable(const char *s)
{
    while (*s > ' ' && *s < 0x7f)
        s++;
    return !*s;
}

int post_target_parse(const char *url, struct post_target *ret, struct buf *err)
{
    struct post_target t = {.path = NULL};
    char host[HOST_MAX];
    const char *authority, *rest;
    uint16_t port;
    size_t n;

    if (!printable(url))
        return refuse(err, url, "it has blanks or characters that are not ASCII");
    if (!str_starts(url, SCHEME))
        return refuse(err, url, "it does not begin with " SCHEME);
    authority = url + strlen(SCHEME);
    n = strcspn(authority, "/?#");
    rest = authority + n;
    if (n >= sizeof(host))
        return refuse(err, url, "the host is not a loopback address");
    memcpy(host, authority, n);
    host[n] = '\0';
    if (!split_port(host, &port))
        return refuse(err, url, "the port is not a number from 1 to 65535");
    if (!set_address(&t, host, port))
        return refuse(err, url, "the host is not a loopback address");
    t.host = xstrndup(authority, n);
    n = strcspn(rest, "#");
    t.path = xasprintf("%s%.*s", *rest == '/' ? "" : "/", (int)n, rest);
    *ret = t;
    return 0;
}

void post_target_release(struct post_target *t)
{
    free(t->host);
    free(t->path);
    *t = (struct post_target){.path = NULL};
}

/* --- the exchange ----------------------------------------------------------------------------- */

struct exchange {
    int fd, stop;
    int64_t until;
    struct buf *err;
};

static int wait_for(struct exchange *x, short events)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = x->fd, .events = events}, {.fd = x->stop, .events = POLLIN}};
        int64_t left = x->until - clock_mono();

        if (left <= 0)
            return buf_fail(x->err, -ETIMEDOUT, "no answer within %d seconds", POST_SECONDS);
        if (poll(fds, 2, (int)(left / NS_PER_MS) + 1) < 0 && errno != EINTR)
            return buf_fail(x->err, -errno, "poll: %s", strerror(errno));
        if (fds[1].revents)
            return buf_fail(x->err, -EINTR, "the sandbox ends");
        if (fds[0].revents)
            return 0;
    }
}

static int connect_to(struct exchange *x, const struct post_target *t)
{
    socklen_t len = sizeof(int);
    int error = 0, rc;

    x->fd = socket(t->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->fd < 0)
        return buf_fail(x->err, -errno, "socket: %s", strerror(errno));
    if (connect(x->fd, &t->address.any, t->address_len)) {
        error = errno;
        if (error == EINPROGRESS) {
            rc = wait_for(x, POLLOUT);
            if (rc)
                return rc;
            getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &len);
        }
    }
    return error ? buf_fail(x->err, -error, "%s: %s", t->host, strerror(error)) : 0;
}

static int send_all(struct exchange *x, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(x->fd, data, len, MSG_NOSIGNAL);
        int rc;

        if (n > 0) {
            data += n;
            len -= (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return buf_fail(x->err, -errno, "sending: %s", strerror(errno));
        rc = wait_for(x, POLLOUT);
        if (rc)
            return rc;
    }
    return 0;
}

/* Reads to the end, so that the receiver is not cut off while it writes. */
static int receive(struct exchange *x, struct buf *out)
{
    char chunk[4096];

    for (;;) {
        ssize_t n = recv(x->fd, chunk, sizeof(chunk), 0);
        int rc;

        if (!n || (n > 0 && buf_add(out, chunk, (size_t)n)))
            return 0;
        if (n > 0)
            continue;
        if (errno != EAGAIN && errno != EINTR)
            return buf_fail(x->err, -errno, "receiving: %s", strerror(errno));
        rc = wait_for(x, POLLIN);
        if (rc)
            return rc;
    }
}

/* A receiver that keeps its connection open has answered nevertheless. */
static int read_status(struct exchange *x, int *ret)
{
    struct buf answer;
    int rc, status;

    buf_init(&answer, ANSWER_BYTES_MAX);
    rc = receive(x, &answer);
    if (rc != -EINTR && sscanf(answer.data, "HTTP/1.%*1[01] %3d", &status) == 1) {
        buf_clear(x->err);
        *ret = status;
        rc = 0;
    } else if (!rc) {
        rc = buf_fail(x->err, -EPROTO, "the answer is not HTTP");
    }
    buf_release(&answer);
    return rc;
}

int post_json(const char *url, const char *json, int stop, int *ret_status, struct buf *err)
{
    struct exchange x = {
        .fd = -1, .stop = stop, .until = clock_mono() + POST_SECONDS * NS_PER_S, .err = err};
    struct post_target target;
    struct buf request;
    int rc = post_target_parse(url, &target, err);

    if (rc)
        return rc;
    buf_init(&request, REQUEST_MAX);
    rc = buf_addf(&request,
                  "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json; charset=utf-8"
                  "\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                  target.path, target.host, strlen(json), json);
    if (rc)
        rc = buf_fail(err, rc, "the notification is too long");
    if (!rc)
        rc = connect_to(&x, &target);
    if (!rc)
        rc = send_all(&x, request.data, request.len);
    if (!rc)
        rc = read_status(&x, ret_status);
    if (x.fd >= 0)
        close(x.fd);
    buf_release(&request);
    post_target_release(&target);
    return rc;
}
