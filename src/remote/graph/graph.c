/*
 * graph.c - Graph as a remote, and the one way its operations are carried out.
 */
#include "vtable_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../answer_p.h"
#include "../remote_p.h"

/* A preference holds for one request, so each of a listing's pages repeats it (contract 1). */
static const char *const preferences[] = {"Prefer: IdType=\"ImmutableId\"", NULL};

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

char *graph_path(enum graph_operation op, const struct param *all, size_t count)
{
    struct param params[OPERATION_PARAMS_MAX];
    const struct operation_info *info = graph_operation(op);
    struct buf path;

    buf_init(&path, CONNECTOR_URL_MAX);
    operation_url(info, params, operation_params(info, all, count, params), &path);
    return buf_detach(&path);
}

void graph_time(int64_t ns, char out[GRAPH_TIME_SIZE])
{
    time_t t = (time_t)(ns / NS_PER_S);
    struct tm tm;

    strftime(out, GRAPH_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

const char *graph_param(const struct param *params, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(params[i].name, name))
            return params[i].value;
    }
    return NULL;
}

/* Moves the elements of `from`, which is freed. */
static void append(cJSON *to, cJSON *from)
{
    while (from->child)
        cJSON_AddItemToArray(to, cJSON_DetachItemViaPointer(from, from->child));
    cJSON_Delete(from);
}

/* Behind "://" up to a port or a path. */
static size_t host_of(const char *url, const char **ret)
{
    const char *host = strstr(url, "://");

    *ret = host ? host + 3 : "";
    return strcspn(*ret, ":/?#");
}

enum grade graph_check_link(const struct graph *g, const char *link, struct remote_fault *fault)
{
    const char *ours, *theirs;
    size_t len = host_of(g->base_url, &ours);

    if (!link || (host_of(link, &theirs) == len && !strncasecmp(ours, theirs, len)))
        return GRADE_OK;
    return remote_fail(fault, GRADE_BROKEN, "a list goes on at another host, which is not asked");
}

void graph_page_size_init(struct graph_page_size *size, unsigned top)
{
    snprintf(size->text, sizeof(size->text), "Prefer: odata.maxpagesize=%u", top);
    size->headers[0] = size->text;
    size->headers[1] = NULL;
}

bool graph_forgot_cursor(enum grade grade, const struct remote_fault *fault)
{
    return fault->status == 410 || grade == GRADE_GONE || grade == GRADE_REFUSED;
}

/* From `link`, which is taken, or NULL; `ret_delta` may be NULL. */
static enum grade list_from(struct remote *r, enum graph_operation op, const struct param *all,
                            size_t count, char *link, struct remote_ctx ctx, struct cJSON **ret,
                            char **ret_delta, struct remote_fault *fault)
{
    struct graph_page_size size;
    cJSON *list = cJSON_CreateArray();

    graph_page_size_init(&size, GRAPH_LIST_TOP);
    for (;;) {
        struct remote_call call = {
            .ctx = ctx, .at = link, .headers = ret_delta ? size.headers : NULL};
        enum grade grade = graph_call(r, link ? GRAPH_NEXT_PAGE : op, all, count, &call, fault);

        free(link);
        if (grade == GRADE_OK)
            grade = graph_check_link((struct graph *)r, call.next_link, fault);
        if (grade != GRADE_OK) {
            remote_call_release(&call);
            cJSON_Delete(list);
            return grade;
        }
        append(list, call.answer);
        link = call.next_link;
        if (!link && ret_delta)
            *ret_delta = call.delta_link;
        call.answer = NULL;
        call.next_link = NULL;
        if (!link && ret_delta)
            call.delta_link = NULL;
        remote_call_release(&call);
        if (!link)
            break;
        remote_fault_release(fault);
    }
    *ret = list;
    return GRADE_OK;
}

enum grade graph_list_all(struct remote *r, enum graph_operation op, const struct param *all,
                          size_t count, struct remote_ctx ctx, struct cJSON **ret,
                          struct remote_fault *fault)
{
    return list_from(r, op, all, count, NULL, ctx, ret, NULL, fault);
}

enum grade graph_feed_all(struct remote *r, enum graph_operation op, const struct param *all,
                          size_t count, const char *cursor, struct remote_ctx ctx,
                          struct cJSON **ret, char **ret_cursor, struct remote_fault *fault)
{
    enum grade grade = list_from(r, op, all, count, xstrdup(cursor), ctx, ret, ret_cursor, fault);

    return cursor && graph_forgot_cursor(grade, fault) ? GRADE_GONE : grade;
}

/* Ids of personal mailboxes are of another form (graph contract 5, 14). */
static enum grade graph_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault)
{
    struct graph *g = (struct graph *)r;
    const struct param all[] = {{"$select", "id"}};
    cJSON *inbox = NULL;
    enum grade grade = graph_object(r, GRAPH_GET_INBOX, all, ARRAY_SIZE(all),
                                    &(struct remote_call){.ctx = ctx}, &inbox, fault);

    if (grade == GRADE_OK) {
        mutex_lock(&g->lock);
        g->account = str_starts(json_str(inbox, "id"), "AQ") ? "a personal account"
                                                             : "a work or school account";
        mutex_unlock(&g->lock);
    }
    cJSON_Delete(inbox);
    return grade;
}

static const char *graph_account(struct remote *r)
{
    struct graph *g = (struct graph *)r;

    mutex_lock(&g->lock);
    const char *account = g->account;
    mutex_unlock(&g->lock);
    return account;
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
    free(g->root);
    pthread_cond_destroy(&g->never);
    mutex_release(&g->lock);
    free(g);
}

static const struct remote_impl graph_impl = {
    .name = "graph",
    .title = "Microsoft Graph",
    .lists_contents = true,
    .lists_names = true,
    .destroy = graph_destroy,
    .online = graph_online,
    .stats = graph_stats,
    .account = graph_account,
    .test = graph_test,
    .list_folders = graph_list_folders,
    .folder_changes = graph_folder_changes,
    .find_mail_folder = graph_find_mail_folder,
    .make_folder = graph_make_folder,
    .rename_folder = graph_rename_folder,
    .move_folder = graph_move_folder,
    .remove_folder = graph_remove_folder,
    .list = graph_list,
    .with_changes = 1U << KIND_MESSAGE | 1U << KIND_CONTACT,
    .changes = graph_changes,
    .list_versions = graph_list_versions,
    .get_many = graph_get_many,
    .get = graph_get,
    .create = graph_create,
    .update = graph_update,
    .remove = graph_remove,
    .move = graph_move,
    .at_once = graph_at_once,
    .change_many = graph_change_many,
    .update_policy = graph_update_policy,
    .describe = graph_describe,
    .attachment = graph_attachment,
    .attachments = graph_attachments,
    .message = graph_message,
    .mime = graph_mime,
    .resends = true,
    .take_back = graph_take_back,
    .send = graph_send,
    .send_draft = graph_send_draft,
    .import = graph_import,
    .reply = graph_reply,
    .forward = graph_forward,
    .respond = graph_respond,
    .agenda = graph_agenda,
    .series = graph_series,
    .read_value = graph_read_value,
    .write_value = graph_write_value,
    .poll = graph_poll,
};

struct remote *remote_graph_create(struct http *http, bool trace)
{
    struct graph *g = xcalloc(1, sizeof(*g));
    struct transport *transport = transport_http_create(http, preferences);

    g->base.impl = &graph_impl;
    g->transport = trace ? transport_trace_create(transport) : transport;
    g->base_url = http_base_url(http);
    g->at_once = GRAPH_BATCH_MAX;
    mutex_init(&g->lock, MUTEX_GRAPH);
    clock_cond_init(&g->never);
    return &g->base;
}
