/*
 * server_p.h - the HTTP side: listens, takes requests apart and sends answers.
 *
 *     server_start(&options, &server, &err);      // listening, answering on threads of its own
 *     puts(server_url(server));
 *     server_stop(server);                        // waits for what is being answered
 *
 * One thread a connection, so that a delayed answer delays nobody else.
 *
 * Threads: owner only.
 */
#ifndef SANDBOX_SERVER_P_H
#define SANDBOX_SERVER_P_H

#include "sandbox_p.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct server;

struct server_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", "localhost:0" */
    const char *token;  /* NULL: none is asked for */
    int64_t latency;    /* ns before each answer */
    unsigned rate;      /* calls a minute; 0: no limit */
    struct sandbox sandbox;
};

/* -EINVAL: not a loopback address and port; other -errno: it cannot listen. The strings must
 * outlive the server. */
int server_start(const struct server_options *options, struct server **ret, struct buf *err);
void server_stop(struct server *s);

/* The base URL, with the path prefix every operation is under. */
const char *server_url(const struct server *s);

#endif
