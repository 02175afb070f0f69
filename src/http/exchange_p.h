/*
 * exchange_p.h - one attempt at one request: what a caller hands to the network thread and gets
 * back.
 *
 * Lives on the caller's stack: the caller does not leave before it is DONE, however it ends.
 *
 * Threads: while it is ACTIVE, only the network thread touches members not marked otherwise.
 */
#ifndef OUTLOOKFS_HTTP_EXCHANGE_P_H
#define OUTLOOKFS_HTTP_EXCHANGE_P_H

#include <outlookfs/http/http.h>

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

enum exchange_state {
    EXCHANGE_WAITING, /* in the queue */
    EXCHANGE_ACTIVE,  /* of the network thread */
    EXCHANGE_DONE,    /* of the caller again */
};

enum exchange_end {
    END_ANSWERED,    /* status, headers and body are there */
    END_UNREACHABLE, /* no connection could be made */
    END_DROPPED,     /* the connection broke, or was silent for too long */
    END_LATE,        /* the total limit passed while it was under way */
    END_NO_TURN,     /* the total limit has passed, or will have, before it may be sent */
    END_OFFLINE,     /* not tried: the service is known to be out of reach */
    END_NONSENSE,    /* what came back is not an HTTP answer we can read */
    END_TOO_LARGE,   /* the answer has more than HTTP_ANSWER_MAX bytes */
    END_UNWANTED,    /* the sink refused the answer */
    END_INVALID,     /* curl refuses the request: its path is not one */
    END_CANCELLED,
};

struct exchange {
    /* Constant for the attempt, set by the caller. */
    const struct http_request *request;
    const char *authorization; /* NULL: none */
    struct http_answer *answer;
    int64_t not_before, deadline; /* clock_mono() */

    /* How it ended; the caller's once it is DONE. */
    enum exchange_end end;
    bool sent;                   /* at least one byte of it */
    bool delivered;              /* the sink has got bytes */
    char error[CURL_ERROR_SIZE]; /* curl's words for it */

    /* Of the network thread. */
    CURL *easy;
    char *url;
    struct curl_slist *headers;
    unsigned started; /* how often a connection was ready and sending could begin */
    size_t received;
    curl_off_t moved;       /* bytes in both directions */
    atomic_ullong *traffic; /* where they are added up */
    int64_t last_moved;     /* clock_mono() */

    atomic_bool abandoned; /* the caller wants it back */

    struct exchange *next; /* guarded by network.lock while it waits, else of the network thread */
    enum exchange_state state; /* guarded by network.lock */
    pthread_cond_t done;       /* guarded by network.lock */
};

#endif
