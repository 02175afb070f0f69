/*
 * route_p.h - which operation a path means, and how often its ids must be encoded.
 *
 * Threads: any; the table is constant.
 */
#ifndef SANDBOX_ROUTE_P_H
#define SANDBOX_ROUTE_P_H

#include <stdbool.h>

struct answer;
struct dataset;
struct request;
struct sandbox;

struct operation {
    const char *name; /* operationId */
    const char *method;
    const char *path; /* {x}: a segment encoded once, {{x}}: encoded twice */
    void (*run)(struct sandbox *sb, const struct request *req, struct answer *ans);
    const struct dataset *dataset; /* NULL: not an operation on a dataset */
    bool picker;
    bool anonymous; /* needs no token and counts for no rate */
};

/* What people answer mails with options by; below the base and below the origin. */
#define RECORD_RESPONSE_PATH "/RecordResponse"

/*
 * Finds the operation of `path` (raw, behind the base) and decodes its ids into the request. NULL:
 * there is none, or an id is not encoded as often as the contract says; both are a path the gateway
 * does not know.
 */
const struct operation *route_find(const struct sandbox *sb, struct request *req, const char *path);

#endif
