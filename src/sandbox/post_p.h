/*
 * post_p.h - one POST to a loopback address, for notifications.
 *
 * It is a hundred lines over a socket rather than a library: the targets are plain http on this
 * machine, the answer's status is all that is wanted, and libcurl belongs to the client under test.
 * No TLS, no redirects, no name lookups, no connection is used twice.
 *
 * Threads: any.
 */
#ifndef SANDBOX_POST_P_H
#define SANDBOX_POST_P_H

#include <netinet/in.h>
#include <sys/socket.h>

struct buf;

/* The whole exchange takes at most so long. */
#define POST_SECONDS 5

struct post_target {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t address_len;
    char *host; /* the Host header */
    char *path; /* with the query */
};

/*
 * "http://127.0.0.1:8080/path", "http://localhost/", "http://[::1]:8080/?q". Everything else is
 * -EINVAL with the reason in `err`: a test service must not be talked into calling other machines.
 */
int post_target_parse(const char *url, struct post_target *ret, struct buf *err);
void post_target_release(struct post_target *t);

/*
 * Posts JSON; 0 and the status when an answer came, whatever it says. -ETIMEDOUT, -EINTR when
 * `stop` became readable, another -errno; each with a text in `err`.
 */
int post_json(const char *url, const char *json, int stop, int *ret_status, struct buf *err);

#endif
