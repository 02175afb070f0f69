/*
 * graph.c - Graph as a remote, and the one way its operations are carried out.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <stdlib.h>

#include "../remote_p.h"

/* A preference holds for one request, so each of a listing's pages repeats it (contract 1). */
static const char *const headers[] = {"Prefer: IdType=\"ImmutableId\"", NULL};

enum grade graph_call(struct remote *r, enum graph_operation op, const struct param *all,
                      size_t count, struct remote_call *call, struct remote_fault *fault)
{
    struct graph *g = (struct graph *)r;
    struct param params[OPERATION_PARAMS_MAX];

    call->info = graph_operation(op);
    call->params = params;
    call->nparams = operation_params(call->info, all, count, params);
    enum grade grade = transport_call(g->transport, call, fault);
    call->params = NULL;
    return grade;
}

enum grade graph_do(struct remote *r, enum graph_operation op, const struct param *all,
                    size_t count, struct remote_call *call, struct remote_fault *fault)
{
    enum grade grade = graph_call(r, op, all, count, call, fault);

    remote_call_release(call);
    return grade;
}

enum grade graph_object(struct remote *r, enum graph_operation op, const struct param *all,
                        size_t count, struct remote_call *call, struct cJSON **ret,
                        struct remote_fault *fault)
{
    enum grade grade = graph_call(r, op, all, count, call, fault);

    if (grade == GRADE_OK) {
        *ret = call->answer;
        call->answer = NULL;
    }
    remote_call_release(call);
    return grade;
}

/* Moves the elements of `from`, which is freed. */
static void append(cJSON *to, cJSON *from)
{
    while (from->child)
        cJSON_AddItemToArray(to, cJSON_DetachItemViaPointer(from, from->child));
    cJSON_Delete(from);
}

enum grade graph_list_all(struct remote *r, enum graph_operation op, const struct param *all,
                          size_t count, struct remote_ctx ctx, struct cJSON **ret,
                          struct remote_fault *fault)
{
    cJSON *list = cJSON_CreateArray();
    char *link = NULL;

    for (;;) {
        struct remote_call call = {.ctx = ctx, .at = link};
        enum grade grade = graph_call(r, link ? GRAPH_NEXT_PAGE : op, all, count, &call, fault);

        free(link);
        if (grade != GRADE_OK) {
            cJSON_Delete(list);
            return grade;
        }
        append(list, call.answer);
        call.answer = NULL;
        link = call.next_link;
        call.next_link = NULL;
        remote_call_release(&call);
        if (!link)
            break;
        remote_fault_release(fault);
    }
    *ret = list;
    return GRADE_OK;
}

static enum grade graph_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault)
{
    const struct param all[] = {{"$select", "id"}};

    return graph_do(r, GRAPH_GET_INBOX, all, ARRAY_SIZE(all), &(struct remote_call){.ctx = ctx},
                    fault);
}

static bool graph_online(struct remote *r)
{
    return transport_online(((struct graph *)r)->transport);
}

static void graph_stats(struct remote *r, struct http_stats *ret)
{
    transport_stats(((struct graph *)r)->transport, ret);
}

static void graph_destroy(struct remote *r)
{
    struct graph *g = (struct graph *)r;

    transport_destroy(g->transport);
    for (size_t i = 0; i < GRAPH_WELL_KNOWN; i++)
        free(g->well_known[i]);
    mutex_release(&g->lock);
    free(g);
}

static const struct remote_impl graph_impl = {
    .name = "graph",
    .title = "Microsoft Graph",
    .destroy = graph_destroy,
    .online = graph_online,
    .stats = graph_stats,
    .test = graph_test,
    .list_folders = graph_list_folders,
    .find_mail_folder = graph_find_mail_folder,
    .list = graph_list,
    .get = graph_get,
    .create = graph_create,
    .update = graph_update,
    .remove = graph_remove,
    .move = graph_move,
    .update_policy = graph_update_policy,
    .describe = graph_describe,
    .attachment = graph_attachment,
    .attachments = graph_attachments,
    .message = graph_message,
    .mime = graph_mime,
    .resends = true,
    .send = graph_send,
    .reply = graph_reply,
    .forward = graph_forward,
    .respond = graph_respond,
    .agenda = graph_agenda,
    .read_value = graph_read_value,
    .write_value = graph_write_value,
    .poll = graph_poll,
};

struct remote *remote_graph_create(struct http *http, bool trace)
{
    struct graph *g = xcalloc(1, sizeof(*g));
    struct transport *transport = transport_http_create(http, headers);

    g->base.impl = &graph_impl;
    g->transport = trace ? transport_trace_create(transport) : transport;
    mutex_init(&g->lock, MUTEX_GRAPH);
    return &g->base;
}
