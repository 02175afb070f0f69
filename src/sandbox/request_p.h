/*
 * request_p.h - one request as it came over the wire, and its parts decoded the way the service
 * decodes them.
 *
 * The path and the query stay undecoded in `path` and `query`: the number of times a client encoded
 * an id is part of the contract (connector contract, section 1), so decoding happens segment by
 * segment in route.c and parameter by parameter here.
 *
 * Threads: owner only.
 */
#ifndef SANDBOX_REQUEST_P_H
#define SANDBOX_REQUEST_P_H

#include <cjson/cJSON.h>
#include <outlookfs/base/buf.h>
#include <stdbool.h>
#include <stdint.h>

struct answer;
struct operation;

/* A body may hold 49 MB of mail in base64. */
#define REQUEST_BODY_MAX ((size_t)80 * 1024 * 1024)
#define REQUEST_URL_MAX 8192

struct param {
    char *name;
    char *value;
};

struct request {
    char *method;
    char *path;  /* raw, without the query */
    char *query; /* raw, "" when there is none */
    char *content_type;
    char *authorization;
    char *client_id; /* x-ms-client-request-id or NULL */
    char *context;   /* x-ms-operation-context or NULL */
    char *host;      /* or NULL */
    bool has_length; /* the client announced a body length, be it zero */
    bool too_big;
    struct buf body;

    char *guid;    /* names this request in its answer */
    int64_t n;     /* position in the request log */
    int64_t start; /* clock_now() */
    unsigned in_flight;

    struct param *params;
    size_t nparams;
    bool bad_query; /* a '%' without two hex digits, or bytes that are not UTF-8 */
    cJSON *json;    /* the body, or NULL when it is no JSON */

    const struct operation *op; /* NULL: no such path */
    char *table;                /* decoded; NULL where the path has none */
    char *id;
    char *attachment;
};

/* From the raw request target. */
struct request *request_create(const char *target);
void request_destroy(struct request *req);

/* Decodes the query and parses the body; call it when the body is complete. */
void request_complete(struct request *req);

/* The first parameter of that name; NULL when absent. Names are case-sensitive. */
const char *request_param(const struct request *req, const char *name);

/*
 * Typed parameters: absent or empty gives `otherwise`. A value of another type answers 400 and
 * returns false. Integers are not negative; booleans are true and false in any case.
 */
bool request_int(const struct request *req, const char *name, int64_t otherwise, int64_t *ret,
                 struct answer *ans);
bool request_bool(const struct request *req, const char *name, bool otherwise, bool *ret,
                  struct answer *ans);

/* The body as a JSON object, or NULL after answering 400 (415 when it is not announced as JSON). */
const cJSON *request_object(const struct request *req, struct answer *ans);

#endif
