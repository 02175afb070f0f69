/*
 * search.c - searching a mail folder: $search (graph contract 2.2).
 *
 * An answer is one page of at most 250 messages, the newest sent first. It takes neither $skip nor
 * $filter, so who wants unread ones only gets those among them.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEARCH_MAX 250

/* KQL in double quotes. The caller frees it. */
static char *quoted(const char *search)
{
    struct buf out;

    buf_init(&out, 2 * strlen(search) + 3);
    buf_addch(&out, '"');
    for (const char *p = search; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_addch(&out, '\\');
        buf_addch(&out, *p);
    }
    buf_addch(&out, '"');
    return buf_detach(&out);
}

static bool is_unread(const struct item *item)
{
    SCOPED(json_release) cJSON *message = NULL;

    return !json_parse_object(item->text, item->size, &message, NULL) &&
           !json_bool(message, "isRead", false);
}

static void keep_unread(struct items *items)
{
    size_t kept = 0;

    for (size_t i = 0; i < items->count; i++) {
        if (is_unread(&items->list[i]))
            items->list[kept++] = items->list[i];
        else
            item_release(&items->list[i]);
    }
    items->count = kept;
}

enum grade graph_search(struct remote *r, const char *folder, const struct remote_query *query,
                        struct remote_ctx ctx, struct remote_page *ret, struct remote_fault *fault)
{
    SCOPED(xfree) char *search = quoted(query->search);
    char top[16];
    unsigned wanted = query->only_unread ? SEARCH_MAX : query->top;
    struct remote_page page = {.last = true};
    SCOPED(remote_call_release)
    struct remote_call call = {.ctx = ctx, .kind = KIND_MESSAGE, .items = &page.items};

    snprintf(top, sizeof(top), "%u", wanted < SEARCH_MAX ? wanted : SEARCH_MAX);
    call.params = PARAMS({"folder", folder}, {"$top", top}, {"$search", search});
    enum grade grade = service_call(r, GRAPH_LIST_MESSAGES, &call, fault);
    if (grade == GRADE_OK) {
        page.cut = items_all(&page.items) >= SEARCH_MAX;
        page.bytes = call.bytes;
        if (query->only_unread)
            keep_unread(&page.items);
        *ret = page;
    }
    return grade;
}
