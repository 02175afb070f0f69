/*
 * upload.c - an attachment of a draft: in one request, or in pieces (graph contract 9.2, 9.3).
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/json.h>

#include <stdlib.h>
#include <string.h>

#include "../remote_p.h"

#define ONE_REQUEST_MAX 3000000
#define PIECE ((size_t)3 * 1024 * 1024) /* at most 4 MB; a multiple of 320 KiB is asked for */
#define PIECE_TRIES 5

static enum grade open_session(struct remote *r, const char *draft, const struct cJSON *attachment,
                               size_t size, struct remote_ctx ctx, char **ret_url,
                               struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *body = cJSON_CreateObject();
    cJSON *item = cJSON_AddObjectToObject(body, "AttachmentItem");
    SCOPED(json_release) cJSON *session = NULL;

    cJSON_AddStringToObject(item, "attachmentType", "file");
    cJSON_AddStringToObject(item, "name", json_str(attachment, "name"));
    cJSON_AddNumberToObject(item, "size", (double)size);
    struct remote_call call = {.params = PARAMS({"id", draft}), .body = body, .ctx = ctx};
    enum grade grade = service_object(r, GRAPH_CREATE_UPLOAD, &call, &session, fault);
    const char *url = json_str(session, "uploadUrl");
    if (grade == GRADE_OK && !url)
        grade = remote_fail(fault, GRADE_BROKEN, "the upload session has no address");
    if (grade == GRADE_OK)
        *ret_url = xstrdup(url);
    return grade;
}

static enum grade put_piece(struct remote *r, const char *url, const struct buf *bytes, size_t from,
                            size_t to, struct remote_ctx ctx, struct remote_fault *fault)
{
    SCOPED(xfree)
    char *range = xasprintf("Content-Range: bytes %zu-%zu/%zu", from, to - 1, bytes->len);
    const char *const headers[] = {range, NULL};
    struct remote_call call = {
        .url = url,
        .data = bytes->data + from,
        .ndata = to - from,
        .headers = headers,
        .ctx = ctx,
    };
    return service_do(r, GRAPH_UPLOAD, &call, fault);
}

/* The session knows how far it came: a piece whose answer was lost may be there. Where it does not
 * say, `from` stays. False: it has ended, as it does with the last piece. */
static bool resume(struct remote *r, const char *url, struct remote_ctx ctx, size_t size,
                   size_t *from)
{
    SCOPED(remote_call_release) struct remote_call call = {.url = url, .ctx = ctx};
    SCOPED(remote_fault_release) struct remote_fault fault = {0};

    if (service_call(r, GRAPH_UPLOAD_STATUS, &call, &fault) == GRADE_OK) {
        const cJSON *next = cJSON_GetArrayItem(json_get(call.answer, "nextExpectedRanges"), 0);
        char *end = NULL;
        unsigned long long at = cJSON_IsString(next) ? strtoull(next->valuestring, &end, 10) : 0;

        if (end && end != next->valuestring && at < size)
            *from = (size_t)at;
    }
    return fault.status != 404 && fault.status != 410;
}

/* Where the answer to the last piece is lost, nobody knows whether the draft has the attachment. */
static enum grade put_all(struct remote *r, const char *url, const struct buf *bytes,
                          struct remote_ctx ctx, struct remote_fault *fault)
{
    size_t furthest = 0;
    unsigned tries = 0; /* since it came further */

    for (size_t from = 0; from < bytes->len;) {
        size_t to = bytes->len - from < PIECE ? bytes->len : from + PIECE;

        enum grade grade = put_piece(r, url, bytes, from, to, ctx, fault);
        if (grade == GRADE_OK)
            from = to;
        else if (!grade_is_temporary(grade) || ++tries == PIECE_TRIES ||
                 !resume(r, url, ctx, bytes->len, &from))
            return grade;
        if (from > furthest)
            furthest = from, tries = 0;
    }
    return GRADE_OK;
}

enum grade graph_upload(struct remote *r, const char *draft, const struct cJSON *attachment,
                        struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"id", draft}), .body = attachment, .ctx = ctx};
    const char *text = json_str(attachment, "contentBytes");
    size_t size = 0;
    SCOPED(xfree) char *url = NULL;

    remote_fault_release(fault);
    if (!text || base64_size(text, &size))
        return remote_fail(fault, GRADE_REFUSED, "%s: no base64", json_str(attachment, "name"));
    if (size <= ONE_REQUEST_MAX)
        return service_do(r, GRAPH_ADD_ATTACHMENT, &call, fault);

    SCOPED(buf_release) struct buf bytes = BUF_INIT(size);
    base64_decode(&bytes, text, strlen(text));
    enum grade grade = open_session(r, draft, attachment, size, ctx, &url, fault);
    if (grade == GRADE_OK)
        grade = put_all(r, url, &bytes, ctx, fault);
    return grade;
}
