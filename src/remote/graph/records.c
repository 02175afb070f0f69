/*
 * records.c - listing, reading and changing records.
 */
#include "vtable_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/json.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../remote_p.h"

/* --- listing ---------------------------------------------------------------------------------- */

/* Attachments come with their contents where nothing is selected of them (contract 9.1). */
static const char *const expansion[] = {
    [REMOTE_NAMES] = "attachments($select=" GRAPH_ATTACHMENT_NAMES ")",
    [REMOTE_CONTENTS] = "attachments",
};

enum grade graph_list(struct remote *r, enum kind kind, const char *folder,
                      const struct remote_query *query, struct remote_ctx ctx,
                      struct remote_page *ret, struct remote_fault *fault)
{
    char top[16], skip[16];
    struct remote_page page = {0};
    struct remote_call call = {.ctx = ctx, .kind = kind, .items = &page.items};

    assert(query->top > 0);
    if (query->search)
        return graph_search(r, folder, query, ctx, ret, fault);
    snprintf(top, sizeof(top), "%u", query->top < GRAPH_PAGE_MAX ? query->top : GRAPH_PAGE_MAX);
    snprintf(skip, sizeof(skip), "%u", query->skip);
    const struct param all[] = {
        {"folder", folder},
        {"$top", top},
        {"$skip", query->skip ? skip : NULL},
        {"$filter", query->only_unread ? "isRead eq false" : query->filter},
        {"$orderby", query->orderby},
        {"$select", query->attachments ? "id,changeKey,isDraft" : NULL},
        {"$expand", expansion[query->attachments]},
    };

    enum grade grade = graph_call(r, graph_kind(kind)->list, all, ARRAY_SIZE(all), &call, fault);
    if (grade == GRADE_OK) {
        page.bytes = call.bytes;
        page.last = !call.next_link;
        *ret = page;
    }
    remote_call_release(&call);
    return grade;
}

/* --- one record ------------------------------------------------------------------------------- */

enum grade graph_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                     struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    const struct param all[] = {{"folder", folder}, {"id", id}};

    return graph_object(r, graph_kind(kind)->get, all, ARRAY_SIZE(all),
                        &(struct remote_call){.ctx = ctx}, ret, fault);
}

/* A request holds so much of attachments at most (contract 9.2). */
#define ATTACHED_MAX ((size_t)3000000)

static bool fits_in_a_request(const struct cJSON *body)
{
    size_t total = 0, size;
    const cJSON *a;

    cJSON_ArrayForEach(a, json_get(body, "attachments"))
    {
        const char *bytes = json_str(a, "contentBytes");

        if (bytes && !base64_size(bytes, &size))
            total += size;
    }
    return total <= ATTACHED_MAX;
}

enum grade graph_create(struct remote *r, enum kind kind, const char *folder,
                        const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                        struct remote_fault *fault)
{
    const struct param all[] = {{"folder", folder}};

    if (!fits_in_a_request(body)) {
        *fault = (struct remote_fault){0};
        return remote_fail(fault, GRADE_TOO_BIG,
                           "attachments: more than %zu bytes in a draft; outbox/send/ takes more",
                           ATTACHED_MAX);
    }
    return graph_object(r, graph_kind(kind)->create, all, ARRAY_SIZE(all),
                        &(struct remote_call){.body = body, .ctx = ctx}, ret, fault);
}

/* `if_match` is a change key; an entity-tag is quoted (contract 6). */
enum grade graph_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                        const struct cJSON *body, const char *if_match, struct remote_ctx ctx,
                        struct cJSON **ret, struct remote_fault *fault)
{
    const struct param all[] = {{"folder", folder}, {"id", id}};
    char *tag = if_match ? xasprintf("W/\"%s\"", if_match) : NULL;
    enum grade grade =
        graph_object(r, graph_kind(kind)->update, all, ARRAY_SIZE(all),
                     &(struct remote_call){.body = body, .if_match = tag, .ctx = ctx}, ret, fault);

    free(tag);
    return grade;
}

enum grade graph_remove(struct remote *r, enum kind kind, const char *folder, const char *id,
                        struct remote_ctx ctx, struct remote_fault *fault)
{
    const struct param all[] = {{"folder", folder}, {"id", id}};

    return graph_do(r, graph_kind(kind)->remove, all, ARRAY_SIZE(all),
                    &(struct remote_call){.ctx = ctx}, fault);
}

/* With immutable ids the message that arrives is the one that left (contract 5). */
enum grade graph_move(struct remote *r, enum kind kind, const char *id, const char *folder,
                      struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    const struct param all[] = {{"id", id}};

    *fault = (struct remote_fault){0};
    if (kind != KIND_MESSAGE)
        return remote_fail(fault, GRADE_REFUSED, "the service moves no %s", kind_info(kind)->name);
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "destinationId", folder);
    enum grade grade = graph_object(r, GRAPH_MOVE_MESSAGE, all, ARRAY_SIZE(all),
                                    &(struct remote_call){.body = body, .ctx = ctx}, ret, fault);
    cJSON_Delete(body);
    return grade;
}

enum merge_policy graph_update_policy(struct remote *r, enum kind kind)
{
    (void)r;
    return graph_operation(graph_kind(kind)->update)->update;
}

char *graph_describe(struct remote *r, enum remote_change change, enum kind kind,
                     const char *folder, const char *id)
{
    const struct graph_kind *ops = graph_kind(kind);
    enum graph_operation op = change == REMOTE_CREATE   ? ops->create
                              : change == REMOTE_DELETE ? ops->remove
                              : change == REMOTE_MOVE   ? GRAPH_MOVE_MESSAGE
                                                        : ops->update;
    const struct param all[] = {{"folder", folder}, {"id", id}};

    (void)r;
    return operation_describe(graph_operation(op), all, ARRAY_SIZE(all));
}
