/*
 * values.c - what the mailbox has beside records: automatic replies, photos of contacts.
 *
 * Source: graph contract 10 and 12.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/render.h>

#include <string.h>

#include "../remote_p.h"

static enum grade read_photo(struct remote *r, const char *contact, struct remote_ctx ctx,
                             struct buf *out, struct remote_fault *fault)
{
    const struct http_sink sink = http_sink_to(out);
    struct remote_call call = {.params = PARAMS({"id", contact}), .sink = &sink, .ctx = ctx};

    enum grade grade = service_do(r, GRAPH_GET_PHOTO, &call, fault);
    /* ConsumerPhotoIsNotSupported: no contact of a personal account has one */
    if (grade == GRADE_REFUSED && fault->status == 400)
        grade = fault->grade = GRADE_GONE;
    return grade;
}

static enum grade read_replies(struct remote *r, struct remote_ctx ctx, struct buf *out,
                               struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *obj = NULL;
    enum grade grade = service_object(r, GRAPH_GET_AUTOMATIC_REPLIES,
                                      &(struct remote_call){.ctx = ctx}, &obj, fault);

    if (grade == GRADE_OK) {
        cJSON_DeleteItemFromObjectCaseSensitive(obj, "@odata.context");
        if (render_record(obj, out))
            grade = remote_fail(fault, GRADE_TOO_BIG, "the automatic replies are too long");
    }
    return grade;
}

static enum grade write_photo(struct remote *r, const char *contact, const void *data, size_t len,
                              struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"id", contact}),
                               .data = data,
                               .ndata = len,
                               .content_type = "image/jpeg",
                               .ctx = ctx};

    return service_do(r, GRAPH_SET_PHOTO, &call, fault);
}

static enum grade write_replies(struct remote *r, const void *data, size_t len,
                                struct remote_ctx ctx, struct remote_fault *fault)
{
    cJSON *obj = NULL;
    SCOPED(json_release) cJSON *body = NULL;

    if (json_parse_object(data, len, &obj, NULL))
        return remote_fail(fault, GRADE_REFUSED, "not a JSON object");
    body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "automaticRepliesSetting", obj);
    return service_do(r, GRAPH_UPDATE_SETTINGS, &(struct remote_call){.body = body, .ctx = ctx},
                      fault);
}

enum grade graph_read_value(struct remote *r, enum remote_value what, const char *id,
                            struct remote_ctx ctx, struct buf *out, struct remote_fault *fault)
{
    return what == REMOTE_PHOTO ? read_photo(r, id, ctx, out, fault)
                                : read_replies(r, ctx, out, fault);
}

enum grade graph_write_value(struct remote *r, enum remote_value what, const char *id,
                             const void *data, size_t len, struct remote_ctx ctx,
                             struct remote_fault *fault)
{
    return what == REMOTE_PHOTO ? write_photo(r, id, data, len, ctx, fault)
                                : write_replies(r, data, len, ctx, fault);
}
