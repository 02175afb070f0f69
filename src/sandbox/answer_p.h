/*
 * answer_p.h - the answer being made, and the error shapes of the service (connector
 * contract, 4.5).
 *
 * Each answer_*() replaces whatever the answer held before.
 *
 * Threads: owner only.
 */
#ifndef SANDBOX_ANSWER_P_H
#define SANDBOX_ANSWER_P_H

#include <cjson/cJSON.h>
#include <outlookfs/base/buf.h>
#include <stdbool.h>

/* Far above any mailbox a test makes. */
#define ANSWER_MAX ((size_t)1024 * 1024 * 1024)

#define ANSWER_JSON "application/json; charset=utf-8"
#define ANSWER_HTML "text/html; charset=utf-8"

#define ANSWER_HEADERS_MAX 4

struct answer {
    unsigned status;
    struct buf body;
    char *type;      /* Content-Type; NULL: none */
    int retry_after; /* seconds; negative: no such header */
    struct {
        const char *name; /* a literal */
        char *value;
    } headers[ANSWER_HEADERS_MAX]; /* further ones; the first without a name ends them */
    const char *guid;              /* of the request; goes into error texts */
    const char *trace;             /* the client's own request id, or `guid` */
};

void answer_init(struct answer *ans, const char *guid, const char *client_id);
void answer_release(struct answer *ans);

void answer_empty(struct answer *ans, unsigned status);
void answer_json(struct answer *ans, unsigned status, cJSON *take);

/* An answer whose JSON text the caller then appends to `body`. */
void answer_text(struct answer *ans, unsigned status);
void answer_bytes(struct answer *ans, const void *data, size_t len, const char *type);

/* One header more, to the answer made last; at most ANSWER_HEADERS_MAX. */
void answer_header(struct answer *ans, const char *name, const char *value);

/* HTML that a browser shows under the Content-Security-Policy and nothing beyond it. */
void answer_html(struct answer *ans, unsigned status, const char *html, const char *policy);

/*
 * The connector itself: {"status","message","error":{"message","code","originalMessage"},"source"}.
 */
void answer_error(struct answer *ans, unsigned status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void answer_not_found(struct answer *ans); /* 404 ErrorItemNotFound */

/* The gateway in front of it: {"statusCode","message"}. */
void answer_gateway(struct answer *ans, unsigned status, const char *message);
void answer_throttled(struct answer *ans, int seconds);

void answer_denied(struct answer *ans);          /* 403 of the token service */
void answer_timeout(struct answer *ans);         /* 504 */
void answer_length_required(struct answer *ans); /* 411: the web server's own page */

/* The shape that goes with a status when a test asks for that status. */
void answer_failure(struct answer *ans, unsigned status, int retry_after);

#endif
