/*
 * records.c - listing, reading and changing records, and the contents of messages.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>

#include "../remote_p.h"

static enum grade call_object(struct remote *r, enum operation op, const struct param *all,
                              size_t count, struct remote_call *call, struct cJSON **ret,
                              struct remote_fault *fault)
{
    enum grade grade = connector_call(r, op, all, count, call, fault);

    if (grade == GRADE_OK) {
        *ret = call->answer;
        call->answer = NULL;
        remote_call_release(call);
    }
    return grade;
}

enum grade connector_list(struct remote *r, enum kind kind, const char *folder,
                          const struct remote_query *query, struct remote_ctx ctx,
                          struct remote_page *ret, struct remote_fault *fault)
{
    char top[16], skip[16];
    struct remote_page page = {0};
    struct remote_call call = {.ctx = ctx, .kind = kind, .items = &page.items};

    assert(query->top > 0);
    snprintf(top, sizeof(top), "%u", query->top);
    snprintf(skip, sizeof(skip), "%u", query->skip);
    const struct param all[] = {
        {"folderPath", folder},
        {"fetchOnlyUnread", remote_bool(query->only_unread)},
        {"includeAttachments", remote_bool(query->attachments == REMOTE_CONTENTS)},
        {"searchQuery", query->search},
        {"top", top},
        {"skip", skip},
        {"table", folder},
        {"$filter", query->filter},
        {"$orderby", query->orderby},
        {"$top", top},
        {"$skip", skip},
    };

    enum grade grade =
        connector_call(r, operation_of_kind(kind)->list, all, ARRAY_SIZE(all), &call, fault);
    if (grade == GRADE_OK) {
        unsigned count = items_all(&page.items);
        page.bytes = call.bytes;
        /* An empty page with a next link would be asked for again for ever. */
        page.last = count == 0 || (count < query->top && !call.next_link);
        *ret = page;
    }
    remote_call_release(&call);
    return grade;
}

enum grade connector_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                         struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    const struct param all[] = {
        {"messageId", id},
        {"includeAttachments", remote_bool(false)},
        {"table", folder},
        {"id", id},
    };

    return call_object(r, operation_of_kind(kind)->get, all, ARRAY_SIZE(all),
                       &(struct remote_call){.ctx = ctx}, ret, fault);
}

enum grade connector_create_record(struct remote *r, enum kind kind, const char *folder,
                                   const struct cJSON *body, struct remote_ctx ctx,
                                   struct cJSON **ret, struct remote_fault *fault)
{
    const struct param all[] = {{"table", folder}};

    return call_object(r, operation_of_kind(kind)->post, all, ARRAY_SIZE(all),
                       &(struct remote_call){.body = body, .ctx = ctx}, ret, fault);
}

enum grade connector_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                            const struct cJSON *body, const char *if_match, struct remote_ctx ctx,
                            struct cJSON **ret, struct remote_fault *fault)
{
    const struct param all[] = {{"table", folder}, {"id", id}};

    (void)if_match; /* no operation of v1 declares it (contract section 8) */
    return call_object(r, operation_of_kind(kind)->patch, all, ARRAY_SIZE(all),
                       &(struct remote_call){.body = body, .ctx = ctx}, ret, fault);
}

enum grade connector_remove(struct remote *r, enum kind kind, const char *folder, const char *id,
                            struct remote_ctx ctx, struct remote_fault *fault)
{
    const struct param all[] = {{"messageId", id}, {"table", folder}, {"id", id}};

    return connector_do(r, operation_of_kind(kind)->del, all, ARRAY_SIZE(all),
                        &(struct remote_call){.ctx = ctx}, fault);
}

enum merge_policy connector_update_policy(struct remote *r, enum kind kind)
{
    enum operation patch = operation_of_kind(kind)->patch;

    (void)r;
    return patch == OP_COUNT ? MERGE_CHANGES : connector_operation(patch)->update;
}

static enum operation operation_of_change(enum remote_change change, enum kind kind)
{
    const struct kind_operations *ops = operation_of_kind(kind);

    switch (change) {
    case REMOTE_CREATE:
        return ops->post;
    case REMOTE_UPDATE:
        return ops->patch;
    case REMOTE_DELETE:
        return ops->del;
    case REMOTE_MARK_READ:
    case REMOTE_MOVE: /* there is none */
        break;
    }
    return OP_MARK_AS_READ;
}

char *connector_describe(struct remote *r, enum remote_change change, enum kind kind,
                         const char *folder, const char *id)
{
    const struct param all[] = {{"table", folder}, {"id", id}, {"messageId", id}};

    (void)r;
    return operation_describe(connector_operation(operation_of_change(change, kind)), all,
                              ARRAY_SIZE(all));
}

enum grade connector_mark_read(struct remote *r, const char *id, struct remote_ctx ctx,
                               struct remote_fault *fault)
{
    const struct param all[] = {{"messageId", id}};

    return connector_do(r, OP_MARK_AS_READ, all, ARRAY_SIZE(all), &(struct remote_call){.ctx = ctx},
                        fault);
}

enum grade connector_attachment(struct remote *r, const char *message, const char *attachment,
                                struct remote_ctx ctx, http_sink_fn sink, http_restart_fn restart,
                                void *sink_ctx, struct remote_fault *fault)
{
    struct remote_call call = {.ctx = ctx, .sink = sink, .restart = restart, .sink_ctx = sink_ctx};
    const struct param all[] = {{"messageId", message}, {"attachmentId", attachment}};

    return connector_do(r, OP_GET_ATTACHMENT, all, ARRAY_SIZE(all), &call, fault);
}

/* The contents come along: the connector gives the names no other way (contract section 8). */
enum grade connector_attachments(struct remote *r, const char *message, struct remote_ctx ctx,
                                 struct cJSON **ret, struct remote_fault *fault)
{
    const struct param all[] = {{"messageId", message}, {"includeAttachments", remote_bool(true)}};
    cJSON *obj = NULL;
    enum grade grade = call_object(r, OP_GET_EMAIL, all, ARRAY_SIZE(all),
                                   &(struct remote_call){.ctx = ctx}, &obj, fault);

    if (grade != GRADE_OK)
        return grade;
    *ret = cJSON_DetachItemFromObjectCaseSensitive(obj, "Attachments");
    cJSON_Delete(obj);
    if (!*ret)
        *ret = cJSON_CreateArray();
    cJSON *attachment;
    cJSON_ArrayForEach(attachment, *ret)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(attachment, "ContentBytes");
    }
    return GRADE_OK;
}

enum grade connector_message(struct remote *r, const char *id, struct remote_ctx ctx,
                             http_sink_fn sink, http_restart_fn restart, void *sink_ctx,
                             struct remote_fault *fault)
{
    struct remote_call call = {.ctx = ctx, .sink = sink, .restart = restart, .sink_ctx = sink_ctx};
    const struct param all[] = {{"messageId", id}, {"includeAttachments", remote_bool(true)}};

    return connector_do(r, OP_GET_EMAIL, all, ARRAY_SIZE(all), &call, fault);
}
