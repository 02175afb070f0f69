/*
 * http.h - requests over one connection pool, blocking for the caller, with limits on everything.
 *
 * One network thread owns every curl handle (multi interface: connection reuse, HTTP/2, gzip).
 * Callers build a request on their stack, call http_perform() and read the answer; Ctrl-C (struct
 * cancel) ends any wait within CANCEL_SLICE.
 *
 *     struct http_answer a;
 *     http_answer_init(&a);
 *     http_perform(http,
 *                  &(struct http_request){
 *                      .method = "GET", .path = "/Mail?top=1", .priority = HTTP_INTERACTIVE},
 *                  &a);
 *     if (a.grade != GRADE_OK) ...             // a.reason says why, for a person
 *     http_answer_release(&a);
 *
 * What it does by itself, so that nobody above has to:
 *   - Authorization: from the token source; on 401 the token is renewed once and the request
 *     repeated once;
 *   - the service's budget of calls a minute for the whole mount (http_config.rate), given out by
 *     priority (src/http/admission_p.h);
 *   - 429 and 503: Retry-After (seconds, rounded up, or a date, capped at 120 s; 10 s where it
 *     cannot be read) holds back all requests; this one is tried again if its total limit allows,
 *     otherwise it answers GRADE_THROTTLED with retry_after set;
 *   - GET: a dropped connection or 5xx is tried again up to twice, 1 s apart doubling, within the
 *     total limit. Nothing else is ever repeated here: whether a POST may be repeated is decided
 *     above (sync);
 *   - connectivity: when a connection cannot be made, or one broke or fell silent and a probe (GET
 *     `probe_path`) gets no answer, http_online() turns false and every request answers GRADE_OFFLINE
 *     at once (under 100 ms) until a probe, 1 s doubling to 60 s, gets any answer at all;
 *   - limits: connect 10 s, stall 30 s (no byte in either direction), total 60 s a request,
 *     queueing included.
 *
 * Security: http:// for loopback hosts only; redirects are not followed (the token would travel);
 * TLS is verified; the token never appears in any text this layer produces.
 *
 * Threads: all functions may be called from any thread, except create (once, after the fork: it
 * starts the thread and calls curl_global_init) and destroy (when nobody calls any more; it cancels
 * what is in flight).
 */
#ifndef OUTLOOKFS_HTTP_HTTP_H
#define OUTLOOKFS_HTTP_HTTP_H

#include <outlookfs/base/buf.h>
#include <outlookfs/base/grade.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cancel;
struct http;
struct token_source;

#define HTTP_ANSWER_MAX ((size_t)96 * 1024 * 1024) /* base64 of the largest mail, and its JSON */

/* Whose turn it is (the queue is in the header of src/http/admission_p.h). */
enum http_priority {
    HTTP_INTERACTIVE, /* somebody waits for what is asked */
    HTTP_BACKGROUND,  /* nobody does */
    HTTP_SAVE,        /* what somebody saved: before what is read */
    HTTP_PRIORITIES
};

struct http_config {
    const char *base_url;                /* no trailing slash; a path prefix is kept */
    struct token_source *tokens;         /* not owned; NULL: no Authorization header */
    const char *probe_path;              /* "/testconnection" */
    unsigned rate;                       /* calls a minute; 0 = 300 (contract 4.6) */
    unsigned parallel;                   /* requests in flight at most; 0 = 8 */
    long connect_ms, stall_ms, total_ms; /* 0 = 10 s, 30 s, 60 s */
    /* Called from the network thread when http_online() changes; must only enqueue. May be NULL. */
    void (*online_changed)(void *ctx, bool online);
    void *ctx;
};

/* Where the body of a 2xx answer goes. */
struct http_sink {
    /* Takes a piece, on the network thread; nonzero aborts with GRADE_BROKEN. */
    int (*write)(void *ctx, const void *data, size_t len);
    /* Forgets what was written: the answer comes again from its beginning. On the caller's thread; nonzero
     * ends the request. NULL: an answer that broke off is not asked for again. */
    int (*restart)(void *ctx);
    void *ctx;
};
/* Writes to a buffer. */
struct http_sink http_sink_to(struct buf *out);

struct http_request {
    const char *method;
    const char *path; /* appended to base_url as it is, already percent-encoded, query included */
    const char *url;  /* NULL, or instead of base_url and path: an address of another host, which
                         gets no token */
    const char *body; /* NULL: none; a POST without a body sends Content-Length: 0 */
    size_t body_len;
    const char *content_type;   /* of the body; NULL: application/json */
    const char *if_match;       /* NULL: none */
    const char *const *headers; /* more, "Name: value" each, NULL-terminated; NULL: none */
    enum http_priority priority;
    struct cancel *cancel;        /* NULL: nobody can interrupt it */
    const struct http_sink *sink; /* NULL: the body comes in http_answer.body */
};

struct http_answer {
    enum grade grade;
    bool unknown;    /* the request may have been carried out although the grade is not OK: it was
                        sent, and the answer is a gateway's (5xx) or missing; never for GET and
                        HEAD, which change nothing */
    int status;      /* 0: no answer */
    struct buf body; /* of the answer, errors included */
    char *location;  /* header, or NULL */
    char *content_type; /* header, or NULL */
    int retry_after;    /* s; 0: none */
    int64_t date;       /* the service's clock (Date header), ns since 1970; 0: none */
    bool no_mailbox;    /* the account has none that can be used */
    struct buf reason;  /* for a person, without secrets: "404 ErrorItemNotFound: The specified
                           object ..." */
};

/* -EINVAL: a base URL that no token may travel to; else what starting the thread answers. The reason is in
 * `err`. */
int http_create(const struct http_config *config, struct http **ret, struct buf *err);
void http_destroy(struct http *http);

void http_answer_init(struct http_answer *a);
void http_answer_release(struct http_answer *a);

/* Sets grade, unknown and reason of an answer that came inside another one (a batch) from its status, body,
 * content_type and retry_after. */
void http_answer_judge(struct http_answer *a);

/* Returns a->grade. `a` is fresh from http_answer_init(). */
enum grade http_perform(struct http *http, const struct http_request *request,
                        struct http_answer *a);

bool http_online(const struct http *http); /* false: the service is known to be out of reach */
const char *http_base_url(const struct http *http);

/* For status.json. */
struct http_stats {
    bool online;
    bool authorised;   /* false after a 401 that a renewal did not mend, or while no token is to be
                          had */
    char refusal[512]; /* why not, for a person; "" while authorised */
    char no_mailbox[512]; /* the account has no mailbox that can be used: the service's words; ""
                             since an answer that had something */
    uint64_t requests;    /* since the start, retries included */
    uint64_t bytes;       /* of bodies, in both directions */
    unsigned budget;      /* calls left in the bucket */
    unsigned rate;        /* calls a minute */
    unsigned waiting; /* requests that wait for the limit of calls, or for the end of Retry-After */
    int waiting_s;    /* seconds until the first of them is sent */
    int throttled_s;  /* seconds until Retry-After ends; 0: not throttled */
    unsigned in_flight;
    uint64_t token_read, token_there; /* see token.h; 0: nobody knows */
};
void http_stats(struct http *http, struct http_stats *ret);

#endif
