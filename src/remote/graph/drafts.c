/*
 * drafts.c - drafts of the mailbox: sent, and made of an Internet message.
 *
 * A draft keeps its id when it is sent, so the id tells what became of an attempt. A message that is
 * uploaded names itself by its Message-ID; one that has none is known again by its bytes.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/json.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../remote_p.h"

#define FIND_TOP "20"

/* --- sending ---------------------------------------------------------------------------------- */

static enum grade is_draft(struct remote *r, const char *id, struct remote_ctx ctx, bool *ret,
                           struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"id", id}, {"$select", "id,isDraft"}), .ctx = ctx};
    SCOPED(json_release) cJSON *message = NULL;
    enum grade grade = service_object(r, GRAPH_GET_MESSAGE, &call, &message, fault);

    *ret = json_bool(message, "isDraft", false);
    return grade;
}

enum grade graph_send_draft(struct remote *r, const char *id, struct remote_ctx ctx,
                            struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"id", id}), .ctx = ctx};
    bool draft = false;
    enum grade grade = is_draft(r, id, ctx, &draft, fault);

    if (grade == GRADE_GONE)
        return remote_fail(fault, GRADE_REFUSED, "the draft is gone");
    if (grade != GRADE_OK || !draft)
        return grade;
    grade = service_do(r, GRAPH_SEND_DRAFT, &call, fault);
    if (grade != GRADE_OK && fault->unknown) {
        struct remote_fault look = {0};

        if (is_draft(r, id, ctx, &draft, &look) == GRADE_OK && !draft) {
            remote_fault_release(fault);
            grade = GRADE_OK;
        }
        remote_fault_release(&look);
    }
    return grade;
}

/* --- an Internet message ---------------------------------------------------------------------- */

/* "<...>", or NULL. The caller frees. */
static char *message_id(const struct buf *mime)
{
    static const char name[] = "message-id:";
    const char *end = mime->data + mime->len;

    for (const char *line = mime->data; line < end && *line != '\r' && *line != '\n';) {
        const char *eol = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((eol ? eol : end) - line);

        if (len > strlen(name) && !strncasecmp(line, name, strlen(name))) {
            const char *open = memchr(line, '<', len);
            const char *close = open ? memchr(open, '>', len - (size_t)(open - line)) : NULL;
            return close ? xstrndup(open, (size_t)(close - open) + 1) : NULL;
        }
        if (!eol)
            break;
        line = eol + 1;
    }
    return NULL;
}

static bool has_bytes(struct remote *r, const char *id, const struct buf *mime,
                      struct remote_ctx ctx)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    SCOPED(buf_release) struct buf theirs = BUF_INIT(2 * mime->len + BUF_TEXT_MAX);
    const struct http_sink sink = http_sink_to(&theirs);

    enum grade grade = graph_mime(r, id, &sink, ctx, &fault);

    return grade == GRADE_OK && theirs.len == mime->len &&
           !memcmp(theirs.data, mime->data, mime->len);
}

/* `*ret_id` NULL: there is none. */
static enum grade find_imported(struct remote *r, const char *folder, const struct buf *mime,
                                struct remote_ctx ctx, char **ret_id, struct remote_fault *fault)
{
    SCOPED(xfree) char *name = message_id(mime);
    SCOPED(xfree) char *filter = name ? graph_message_id_filter(name) : NULL;
    struct remote_call call = {
        .params = PARAMS({"folder", folder}, {"$top", FIND_TOP}, {"$filter", filter}), .ctx = ctx};
    const cJSON *found;
    enum grade grade = service_call(r, GRAPH_LIST_MESSAGES, &call, fault);

    cJSON_ArrayForEach(found, call.answer)
    {
        const char *id = json_str(found, "id");

        if (!*ret_id && id && (name || has_bytes(r, id, mime, ctx)))
            *ret_id = xstrdup(id);
    }
    remote_call_release(&call);
    return grade;
}

static enum grade upload_message(struct remote *r, const char *folder, const struct buf *mime,
                                 struct remote_ctx ctx, struct cJSON **ret,
                                 struct remote_fault *fault)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(2 * mime->len + BUF_TEXT_MAX);

    base64_encode(&text, mime->data, mime->len);
    struct remote_call call = {.params = PARAMS({"folder", folder}),
                               .data = text.data,
                               .ndata = text.len,
                               .content_type = "text/plain",
                               .ctx = ctx};
    return service_object(r, GRAPH_IMPORT_MESSAGE, &call, ret, fault);
}

enum grade graph_import(struct remote *r, const char *folder, const struct buf *mime, bool repeated,
                        struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    enum grade grade = GRADE_OK;
    SCOPED(xfree) char *id = NULL;

    if (repeated)
        grade = find_imported(r, folder, mime, ctx, &id, fault);
    if (grade == GRADE_OK && id)
        grade = remote_get(r, KIND_MESSAGE, folder, id, ctx, ret, fault);
    else if (grade == GRADE_OK)
        grade = upload_message(r, folder, mime, ctx, ret, fault);
    return grade;
}
