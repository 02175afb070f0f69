/*
 * transport_p.h - a call of an operation, and who carries it out.
 *
 *     transport_http.c   over HTTP; answer.c says what an answer means
 *     trace.c            logs each call of the transport it wraps, bodies left out
 *     tests/support      a mailbox in memory, and a wrapper that fails on demand
 *
 * Ownership: a call's out members are the caller's until remote_call_release().
 * Threads: any, except create and destroy.
 */
#ifndef OUTLOOKFS_REMOTE_TRANSPORT_P_H
#define OUTLOOKFS_REMOTE_TRANSPORT_P_H

#include "operation_p.h"

struct remote_call {
    const struct operation_info *info;
    const struct param *params; /* those that the row does not know are not sent */
    const char *query;        /* NULL, or sent as it is instead of the query parameters: a trigger's
                                 cursor */
    const struct cJSON *body; /* BODY_JSON, unless there is `text` */
    const char *text; /* instead of `body`: its text, where that is too large to be held twice */
    const void *data; /* BODY_BYTES */
    size_t ndata;
    const char *content_type; /* of `data`; NULL: application/octet-stream */
    const char *url;          /* instead of path and parameters: an address of another host, used as
                                   it is, without a token */
    const char *if_match;     /* NULL: none */
    const char *const *headers; /* beside those of the transport; as http_request.headers */
    const char *at; /* instead of path and parameters: a whole Location as the service gave it, of
                       which location_path() is requested (unsubscribing) */
    struct remote_ctx ctx;
    const struct http_sink
        *sink;      /* of ANSWER_BYTES; of ANSWER_OBJECT, NULL or where the object's text goes as
                          it comes, unchecked */
    enum kind kind; /* of `items` */
    struct items *items; /* of ANSWER_LIST: NULL, or where the records go; the caller's */
    /* out */
    struct cJSON *answer; /* ANSWER_OBJECT without `sink`, ANSWER_SPARSE: the object. ANSWER_LIST
                             without `items`: the array. Else NULL */
    char *next_link;      /* "@odata.nextLink" of a list, or NULL */
    char *delta_link;     /* "@odata.deltaLink", or NULL */
    char *location;       /* header, or NULL */
    size_t bytes;         /* length of the answer's body */
};

struct transport;

struct transport_impl {
    const char *name;
    enum grade (*call)(struct transport *t, struct remote_call *call,
                       struct remote_fault *fault); /* mandatory */
    void (*destroy)(struct transport *t);           /* mandatory */
    bool (*online)(struct transport *t);            /* NULL: always true */
    void (*stats)(struct transport *t,
                  struct http_stats *ret); /* NULL: all zero, online and authorised */
};

/* First member of every implementation. */
struct transport {
    const struct transport_impl *impl;
};

/* Sets the out members on success only; an earlier fault in `fault` is released. */
enum grade transport_call(struct transport *t, struct remote_call *call,
                          struct remote_fault *fault);
void remote_call_release(struct remote_call *call); /* the out members */
void transport_destroy(struct transport *t);        /* NULL is fine */
bool transport_online(struct transport *t);
void transport_stats(struct transport *t, struct http_stats *ret);

/* `http` is taken: destroyed with the transport. `headers`: of every request, as
 * http_request.headers; constant, or NULL. */
struct transport *transport_http_create(struct http *http, const char *const *headers);
/* `inner` is taken. */
struct transport *transport_trace_create(struct transport *inner);

#endif
