/*
 * log_p.h - the request log: what a test reads to know what a client sent.
 *
 * One JSON object a request, kept in memory (the last REQLOG_MAX, at most REQLOG_BYTES) and
 * appended to a file where one was given. It is written before the answer is sent, so who got an
 * answer finds its line.
 *
 * Threads: any.
 */
#ifndef SANDBOX_LOG_P_H
#define SANDBOX_LOG_P_H

#include <outlookfs/base/buf.h>
#include <stdbool.h>
#include <stdint.h>

struct answer;
struct reqlog;
struct request;

#define REQLOG_MAX 100000
#define REQLOG_BYTES ((size_t)256 * 1024 * 1024)

/* A request body over this size is logged as null, with "bodyOmitted": true. */
#define REQLOG_BODY_MAX ((size_t)1024 * 1024)

/* `path` NULL: in memory only. -errno with the reason in `err`. */
int reqlog_create(const char *path, struct reqlog **ret, struct buf *err);
void reqlog_destroy(struct reqlog *log);

/* The number of the request that just came: 1, 2, ... */
int64_t reqlog_next(struct reqlog *log);

/* `fault` 0: none. `dropped`: the connection is closed without this answer; its status is logged as
 * 0. */
void reqlog_add(struct reqlog *log, const struct request *req, const struct answer *ans,
                int64_t fault, bool dropped);

/* Appends a JSON array of the lines with n > since, in the order they were answered. */
void reqlog_since(struct reqlog *log, int64_t since, struct buf *out);

/* Forgets the lines in memory; the numbers go on. */
void reqlog_clear(struct reqlog *log);

#endif
