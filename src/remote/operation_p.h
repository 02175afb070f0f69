/*
 * operation_p.h - one operation of a service's table, a call of it, and who carries the call out.
 *
 * A service keeps its operations in a table (connector/operations.c). One row says everything about
 * an operation: method, path, where its parameters go and how they are encoded, what the body may
 * be, whether repeating it is safe, and how an update must be sent. A struct transport carries out a
 * call of a row:
 *
 *     transport_http.c   over HTTP; answer.c says what an answer means
 *     trace.c            logs each call of the transport it wraps, bodies left out
 *     tests/support      a mailbox in memory, and a wrapper that fails on demand
 *
 * Ownership: a call's out members are the caller's until transport_call_release().
 * Threads: any, except create and destroy.
 */
#ifndef OUTLOOKFS_REMOTE_OPERATION_P_H
#define OUTLOOKFS_REMOTE_OPERATION_P_H

#include <outlookfs/model/merge.h>
#include <outlookfs/remote/remote.h>

enum param_where { PARAM_PATH, PARAM_PATH_DOUBLE, PARAM_QUERY };

struct param_spec {
    const char *name; /* as in the URL: "$top", "table"; NULL ends the list */
    enum param_where where;
    bool required;
};

#define OPERATION_PARAMS_MAX 10

enum body_policy {
    BODY_NONE,
    BODY_EMPTY, /* POST with Content-Length: 0 */
    BODY_JSON,
    BODY_BYTES,
};

/* What a success must be to be one: see answer_to_call(). */
enum answer_policy {
    ANSWER_NONE,   /* no body at all */
    ANSWER_OBJECT, /* a JSON object with the member `identity` and without "error" */
    ANSWER_LIST,   /* a JSON array of objects, bare or as the member "value" */
    ANSWER_NEWS,   /* the same; 202 without a body: nothing new */
    ANSWER_BYTES,  /* 200 and the bytes of a file */
    ANSWER_SPARSE, /* such an object; or no body, with 201 where there is an `identity` */
};

struct operation_info {
    const char *name;   /* operationId: "ContactGetItem" */
    const char *method; /* NULL: this version does not have the operation */
    const char *path;   /* "/datasets/contacts/tables/{table}/items/{id}" */
    struct param_spec params[OPERATION_PARAMS_MAX];
    enum body_policy body;
    enum answer_policy answer;
    const char
        *identity; /* a text that is there and not empty, an object or array; NULL: any member */
    enum merge_policy update; /* for PATCH: what the body must hold */
};

/* The operation changes something on the service: a failure whose outcome is unknown matters. */
bool operation_writes(const struct operation_info *info);

/*
 * The parameters among `all` that the row knows and that have a value; `out` has room for
 * OPERATION_PARAMS_MAX. Callers name everything they have to say; which of it an operation takes is
 * the table's business.
 */
size_t operation_params(const struct operation_info *info, const struct param *all, size_t count,
                        struct param *out);

/*
 * Appends path and query with every parameter encoded as its row says. Parameters unknown to the
 * row or required and missing are a programming error: assert. Order in the URL is the table's. On
 * failure `out` is as it was: -ENOBUFS when its maximum would be passed; -EINVAL for a path
 * parameter that is empty, "." or "..", which would address something else.
 */
int operation_url(const struct operation_info *info, const struct param *params, size_t count,
                  struct buf *out);

/* The same with `query` as it is for everything behind the path. -EINVAL also for a query that is
 * none: control characters, blanks, '#', bytes above 0x7e. */
int operation_url_query(const struct operation_info *info, const struct param *params, size_t count,
                        const char *query, struct buf *out);

/* "PATCH /datasets/...", for a person; parameters as operation_params() takes them. The caller
 * frees. */
char *operation_describe(const struct operation_info *info, const struct param *all, size_t count);

/* --- calls ------------------------------------------------------------------------------------ */

struct remote_call {
    const struct operation_info *info;
    const struct param *params;
    size_t nparams;
    const char *query;        /* NULL: made of the parameters; else sent as it is in their place (a
                                 trigger's cursor); those of the path still apply */
    const struct cJSON *body; /* BODY_JSON, unless there is `text` */
    const char *text;         /* the body's JSON as a text, for one too large to be there twice */
    const void *data;         /* BODY_BYTES */
    size_t ndata;
    const char *content_type;   /* of `data`; NULL: application/octet-stream */
    const char *url;            /* instead of path and parameters: another host's address, as it is;
                                 no token goes there */
    const char *if_match;       /* NULL: none */
    const char *const *headers; /* beside those of the transport; as http_request.headers */
    const char *at; /* instead of path and parameters (unsubscribing): a Location, whole, as the
                       service gave it; its path and query are asked for below our own base */
    struct remote_ctx ctx;
    http_sink_fn sink; /* ANSWER_BYTES; ANSWER_OBJECT: NULL, or the object's text goes there as it
                          comes, and whether it is one is the caller's to see */
    http_restart_fn restart; /* as in http.h */
    void *sink_ctx;          /* of both */
    enum kind kind;          /* of `items` */
    struct items *items;     /* ANSWER_LIST: NULL, or the records go there and are the caller's */
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

/* The out members are set on success only. */
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
