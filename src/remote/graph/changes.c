/*
 * changes.c - what changed in a folder since the last look, by Graph's delta queries, and what all of
 * it is now (graph contract 4).
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>

#include "../remote_p.h"

#define VERSIONS_TOP "1000"

/* The options of the first call are in the tokens, the size of a page is not. */
enum grade graph_changes(struct remote *r, enum kind kind, const char *folder, const char *cursor,
                         unsigned top, struct remote_ctx ctx, struct remote_changes *ret,
                         struct remote_fault *fault)
{
    struct remote_changes changes = {0};
    struct graph_page_size size;

    graph_page_size_init(&size, top < GRAPH_PAGE_MAX ? top : GRAPH_PAGE_MAX);
    struct remote_call call = {
        .params = PARAMS({"folder", folder}, {"$orderby", "receivedDateTime desc"}),
        .ctx = ctx,
        .at = cursor,
        .headers = size.headers,
        .kind = kind,
        .items = &changes.items};
    enum grade grade =
        service_call(r, cursor ? GRAPH_NEXT_PAGE : graph_by_kind[kind].changes, &call, fault);
    if (grade != GRADE_OK && cursor && graph_forgot_cursor(grade, fault)) {
        remote_fault_release(fault);
        *ret = (struct remote_changes){.start_over = true};
        return GRADE_OK;
    }

    const char *link = call.next_link ? call.next_link : call.delta_link;
    if (grade == GRADE_OK)
        grade = graph_check_link((struct graph *)r, link, fault);
    if (grade == GRADE_OK && !link)
        grade = remote_fail(fault, GRADE_BROKEN, "a list of changes does not say how it goes on");
    if (grade == GRADE_OK && call.next_link && str_eq(link, cursor))
        grade = remote_fail(fault, GRADE_BROKEN, "a list of changes goes on where it has been");
    if (grade == GRADE_OK) {
        changes.cursor = xstrdup(link);
        changes.more = call.next_link;
        changes.bytes = call.bytes;
        *ret = changes;
    } else {
        items_release(&changes.items);
    }
    remote_call_release(&call);
    return grade;
}

enum grade graph_list_versions(struct remote *r, enum kind kind, const char *folder,
                               struct remote_ctx ctx, struct remote_versions *ret,
                               struct remote_fault *fault)
{
    struct remote_versions versions = {0};
    cJSON *list = NULL;
    enum grade grade = graph_list_all(
        r, graph_by_kind[kind].list,
        PARAMS({"folder", folder}, {"$select", "id,changeKey"}, {"$top", VERSIONS_TOP}), ctx, &list,
        fault);

    if (grade != GRADE_OK)
        return grade;
    versions.list = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*versions.list));
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        const char *id = json_str(one, "id"), *key = json_str(one, "changeKey");

        if (id)
            versions.list[versions.count++] =
                (struct remote_version){xstrdup(id), xstrdup(key ? key : "")};
    }
    cJSON_Delete(list);
    *ret = versions;
    return GRADE_OK;
}

enum grade graph_get_many(struct remote *r, enum kind kind, const char *folder,
                          const char *const *ids, size_t count, struct remote_ctx ctx,
                          struct cJSON **ret, struct remote_fault *fault)
{
    SCOPED(xfree) char **paths = xcalloc(count + 1, sizeof(*paths));

    for (size_t i = 0; i < count; i++)
        paths[i] = graph_path(graph_by_kind[kind].get, PARAMS({"id", ids[i]}));
    enum grade grade = graph_get_all(r, paths, count, ctx, ret, fault);
    for (size_t i = 0; i < count; i++) {
        const char *parent = json_str(ret[i], "parentFolderId");

        if (parent && !str_eq(parent, folder)) { /* it has moved */
            cJSON_Delete(ret[i]);
            ret[i] = NULL;
        }
        free(paths[i]);
    }
    return grade;
}
