/*
 * records.c - listing and moving records.
 */
#include "graph_p.h"

#include <outlookfs/base/json.h>

#include <assert.h>
#include <stdio.h>

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
    SCOPED(remote_call_release)
    struct remote_call call = {.ctx = ctx, .kind = kind, .items = &page.items};

    assert(query->top > 0);
    if (query->search)
        return graph_search(r, folder, query, ctx, ret, fault);
    snprintf(top, sizeof(top), "%u", query->top < GRAPH_PAGE_MAX ? query->top : GRAPH_PAGE_MAX);
    snprintf(skip, sizeof(skip), "%u", query->skip);
    call.params = PARAMS({"folder", folder}, {"$top", top}, {"$skip", query->skip ? skip : NULL},
                         {"$filter", query->only_unread ? "isRead eq false" : query->filter},
                         {"$orderby", query->orderby},
                         {"$select", query->attachments ? "id,changeKey,isDraft" : NULL},
                         {"$expand", expansion[query->attachments]});
    enum grade grade = service_call(r, graph_by_kind[kind].list, &call, fault);
    if (grade == GRADE_OK) {
        page.bytes = call.bytes;
        page.last = !call.next_link;
        *ret = page;
    }
    return grade;
}

/* --- moving ----------------------------------------------------------------------------------- */

/* With immutable ids the message that arrives is the one that left (contract 5). */
enum grade graph_move(struct remote *r, enum kind kind, const char *id, const char *folder,
                      struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *body = cJSON_CreateObject();
    struct remote_call call = {.params = PARAMS({"id", id}), .body = body, .ctx = ctx};

    cJSON_AddStringToObject(body, "destinationId", folder);
    return service_object(r, graph_by_kind[kind].move, &call, ret, fault);
}
