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
};

/*
 * Finds the operation of `path` (raw, behind the base) and decodes its ids into the request. False:
 * there is none, or an id is not encoded as often as the contract says; both are a path the gateway
 * does not know.
 */
bool route_find(const struct sandbox *sb, struct request *req, const char *path);

#endif
