/*
 * log.c - the request log's lines, ring and file. Tokens are never in it.
 */
#include "log_p.h"

#include "answer_p.h"
#include "request_p.h"
#include "route_p.h"

#include <errno.h>
#include <fcntl.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/base/mutex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
    int64_t n;
    char *text;
    size_t len;
};

struct reqlog {
    int fd; /* -1: none; constant */

    struct mutex lock;
    struct line *lines; /* a ring of REQLOG_MAX; guarded by lock */
    size_t first;       /* guarded by lock */
    size_t count;       /* guarded by lock */
    size_t bytes;       /* guarded by lock */
    int64_t last;       /* guarded by lock */
};

int reqlog_create(const char *path, struct reqlog **ret, struct buf *err)
{
    struct reqlog *log;
    int fd = -1;

    if (path) {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0)
            return buf_fail(err, -errno, "%s: %s", path, strerror(errno));
    }
    log = xcalloc(1, sizeof(*log));
    log->fd = fd;
    log->lines = xcalloc(REQLOG_MAX, sizeof(*log->lines));
    mutex_init(&log->lock, MUTEX_SANDBOX_LOG);
    *ret = log;
    return 0;
}

static void drop_first_locked(struct reqlog *log)
{
    struct line *line = &log->lines[log->first];

    log->bytes -= line->len;
    free(line->text);
    line->text = NULL;
    log->first = (log->first + 1) % REQLOG_MAX;
    log->count--;
}

void reqlog_destroy(struct reqlog *log)
{
    if (!log)
        return;
    while (log->count)
        drop_first_locked(log);
    if (log->fd >= 0)
        close(log->fd);
    mutex_release(&log->lock);
    free(log->lines);
    free(log);
}

int64_t reqlog_next(struct reqlog *log)
{
    int64_t n;

    mutex_lock(&log->lock);
    n = ++log->last;
    mutex_unlock(&log->lock);
    return n;
}

static void add_text(cJSON *line, const char *name, const char *value)
{
    if (value)
        cJSON_AddStringToObject(line, name, value);
}

static cJSON *make_line(const struct request *req, const struct answer *ans, int64_t fault,
                        bool dropped)
{
    cJSON *line = cJSON_CreateObject();
    bool omit = req->body.len > REQLOG_BODY_MAX;
    char start[32];

    str_format_time(req->start, start);
    cJSON_AddNumberToObject(line, "n", (double)req->n);
    cJSON_AddStringToObject(line, "time", start);
    cJSON_AddNumberToObject(line, "ms", (double)(clock_now() - req->start) / NS_PER_MS);
    cJSON_AddStringToObject(line, "method", req->method);
    cJSON_AddStringToObject(line, "path", req->path);
    cJSON_AddStringToObject(line, "query", req->query);
    cJSON_AddNumberToObject(line, "status", dropped ? 0 : ans->status);
    cJSON_AddStringToObject(line, "operation", req->op ? req->op->name : "");
    add_text(line, "table", req->table);
    add_text(line, "id", req->id);
    add_text(line, "attachment", req->attachment);
    cJSON_AddItemToObject(
        line, "body", req->json && !omit ? cJSON_Duplicate(req->json, true) : cJSON_CreateNull());
    if (omit)
        cJSON_AddTrueToObject(line, "bodyOmitted");
    cJSON_AddNumberToObject(line, "requestBytes", (double)req->body.len);
    cJSON_AddNumberToObject(line, "responseBytes", dropped ? 0 : (double)ans->body.len);
    cJSON_AddNumberToObject(line, "inFlight", req->in_flight);
    if (fault)
        cJSON_AddNumberToObject(line, "fault", (double)fault);
    return line;
}

/* One write(), so that lines of several threads do not mix; a full disk costs the line, not the
 * answer. */
static void append_file(struct reqlog *log, const char *text, size_t len)
{
    char *line;

    if (log->fd < 0)
        return;
    line = xasprintf("%s\n", text);
    if (write(log->fd, line, len + 1) < 0)
        fprintf(stderr, "outlookfs-sandbox: request log: %s\n", strerror(errno));
    free(line);
}

void reqlog_add(struct reqlog *log, const struct request *req, const struct answer *ans,
                int64_t fault, bool dropped)
{
    cJSON *json = make_line(req, ans, fault, dropped);
    char *text = json_print(json);
    size_t len = strlen(text);

    append_file(log, text, len);
    mutex_lock(&log->lock);
    while (log->count && (log->count == REQLOG_MAX || log->bytes + len > REQLOG_BYTES))
        drop_first_locked(log);
    log->lines[(log->first + log->count++) % REQLOG_MAX] =
        (struct line){.n = req->n, .text = text, .len = len};
    log->bytes += len;
    mutex_unlock(&log->lock);
    cJSON_Delete(json);
}

void reqlog_since(struct reqlog *log, int64_t since, struct buf *out)
{
    bool first = true;

    mutex_lock(&log->lock);
    buf_addch(out, '[');
    for (size_t i = 0; i < log->count; i++) {
        const struct line *line = &log->lines[(log->first + i) % REQLOG_MAX];

        if (line->n <= since)
            continue;
        if (!first)
            buf_addch(out, ',');
        buf_add(out, line->text, line->len);
        first = false;
    }
    buf_addch(out, ']');
    mutex_unlock(&log->lock);
}

void reqlog_clear(struct reqlog *log)
{
    mutex_lock(&log->lock);
    while (log->count)
        drop_first_locked(log);
    mutex_unlock(&log->lock);
}
