/*
 * fault_p.h - the queue of faults: which of the coming requests go wrong, and how.
 *
 *     "operation"   an operationId, or "*" (the default)
 *     "method"      default: any
 *     "after"       so many matching requests pass first
 *     "count"       then so many are hit, by default 1; 0: all until cleared
 *     "status"      the answer
 *     "apply"       true: the work is done before that answer
 *     "retryAfter"  its Retry-After header
 *     "drop"        the connection closes without an answer, "before" or "after" the work
 *     "delay"       ms to wait first
 *     "replace"     this text in the answer, wherever it is, becomes that of "by": what the service
 *                   can answer and the sandbox cannot keep
 *     "together"    waits until so many requests are in flight at once, at most 10 s
 *
 * With "delay", "replace" or "together" alone the request then goes on as usual. The oldest fault
 * that matches takes the request.
 *
 * Threads: any.
 */
#ifndef SANDBOX_FAULT_P_H
#define SANDBOX_FAULT_P_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct faults;

enum fault_drop { DROP_NOT, DROP_BEFORE, DROP_AFTER };

#define FAULT_TEXT_MAX 64

/* What happens to one request. */
struct fault {
    int64_t id; /* 0: nothing */
    unsigned status;
    bool apply;
    enum fault_drop drop;
    int retry_after; /* negative: none */
    int64_t delay;   /* ns */
    unsigned together;
    char replace[FAULT_TEXT_MAX], by[FAULT_TEXT_MAX]; /* empty: nothing */
};

struct faults *faults_create(void);
void faults_destroy(struct faults *f);

/* The new fault's id, or -EINVAL with the reason in `err`. */
int64_t faults_add(struct faults *f, const cJSON *spec, struct buf *err);
void faults_clear(struct faults *f);

/* Takes the fault that hits this request. */
struct fault faults_take(struct faults *f, const char *operation, const char *method);

/* Those still waiting: [{"id","operation","left"}]. */
cJSON *faults_list(struct faults *f);

#endif
