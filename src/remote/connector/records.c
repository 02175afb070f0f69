/*
 * records.c - listing records, and the contents of messages.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>

#include "../remote_p.h"

enum grade connector_list(struct remote *r, enum kind kind, const char *folder,
                          const struct remote_query *query, struct remote_ctx ctx,
                          struct remote_page *ret, struct remote_fault *fault)
{
    char top[16], skip[16];
    struct remote_page page = {0};
    SCOPED(remote_call_release)
    struct remote_call call = {.ctx = ctx, .kind = kind, .items = &page.items};

    assert(query->top > 0);
    snprintf(top, sizeof(top), "%u", query->top);
    snprintf(skip, sizeof(skip), "%u", query->skip);
    call.params = PARAMS(
        {"folderPath", folder}, {"table", folder}, {"top", top}, {"$top", top}, {"skip", skip},
        {"$skip", skip}, {"$filter", query->filter}, {"$orderby", query->orderby},
        {"searchQuery", query->search}, {"fetchOnlyUnread", remote_bool(query->only_unread)},
        {"includeAttachments", remote_bool(query->attachments == REMOTE_CONTENTS)});
    enum grade grade = service_call(r, connector_by_kind[kind].list, &call, fault);
    if (grade == GRADE_OK) {
        unsigned count = items_all(&page.items);
        page.bytes = call.bytes;
        /* An empty page with a next link would be asked for again for ever. */
        page.last = count == 0 || (count < query->top && !call.next_link);
        *ret = page;
    }
    return grade;
}

enum grade connector_attachment(struct remote *r, const char *message, const char *attachment,
                                const struct http_sink *sink, struct remote_ctx ctx,
                                struct remote_fault *fault)
{
    struct remote_call call = {.params =
                                   PARAMS({"messageId", message}, {"attachmentId", attachment}),
                               .sink = sink,
                               .ctx = ctx};

    return service_do(r, OP_GET_ATTACHMENT, &call, fault);
}

/* The contents come along: the connector gives the names no other way (contract section 8). */
enum grade connector_attachments(struct remote *r, const char *message, struct remote_ctx ctx,
                                 struct cJSON **ret, struct remote_fault *fault)
{
    struct remote_call call = {
        .params = PARAMS({"messageId", message}, {"includeAttachments", "true"}), .ctx = ctx};
    cJSON *obj = NULL, *attachment;
    enum grade grade = service_object(r, OP_GET_EMAIL, &call, &obj, fault);

    if (grade != GRADE_OK)
        return grade;
    *ret = cJSON_DetachItemFromObjectCaseSensitive(obj, "Attachments");
    cJSON_Delete(obj);
    if (!*ret)
        *ret = cJSON_CreateArray();
    cJSON_ArrayForEach(attachment, *ret)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(attachment, "ContentBytes");
    }
    return GRADE_OK;
}

enum grade connector_message(struct remote *r, const char *id, const struct http_sink *sink,
                             struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"messageId", id}, {"includeAttachments", "true"}),
                               .sink = sink,
                               .ctx = ctx};

    return service_do(r, OP_GET_EMAIL, &call, fault);
}
