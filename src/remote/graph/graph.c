/*
 * graph.c - Graph as a remote, and what its files share.
 */
#include "graph_p.h"

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

char *graph_path(unsigned op, const struct param *params)
{
    struct buf path;

    buf_init(&path, CONNECTOR_URL_MAX);
    operation_url(&graph_operations[op], params, NULL, &path);
    return buf_detach(&path);
}

void graph_time(int64_t ns, char out[GRAPH_TIME_SIZE])
{
    time_t t = (time_t)(ns / NS_PER_S);
    struct tm tm;

    strftime(out, GRAPH_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

/* A quote in a literal is written twice. */
char *graph_message_id_filter(const char *id)
{
    struct buf filter;

    buf_init(&filter, CONNECTOR_URL_MAX);
    buf_addstr(&filter, "internetMessageId eq '");
    for (const char *p = id; *p; p++)
        buf_addstr(&filter, *p == '\'' ? "''" : (char[]){*p, '\0'});
    buf_addch(&filter, '\'');
    return buf_detach(&filter);
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

/* What has more pages goes round in a circle. */
#define LIST_PAGES_MAX 10000

/* From `link`, which is taken, or NULL; `ret_delta` may be NULL. */
static enum grade list_from(struct remote *r, unsigned op, const struct param *params, char *link,
                            struct remote_ctx ctx, struct cJSON **ret, char **ret_delta,
                            struct remote_fault *fault)
{
    struct graph_page_size size;
    cJSON *list = cJSON_CreateArray();
    unsigned pages = 0;
    enum grade grade;

    graph_page_size_init(&size, GRAPH_LIST_TOP);
    do {
        struct remote_call call = {
            .params = params, .ctx = ctx, .at = link, .headers = ret_delta ? size.headers : NULL};

        grade = service_call(r, link ? GRAPH_NEXT_PAGE : op, &call, fault);
        xstrset(&link, NULL);
        if (grade == GRADE_OK)
            grade = graph_check_link((struct graph *)r, call.next_link, fault);
        if (grade == GRADE_OK && ++pages == LIST_PAGES_MAX)
            grade = remote_fail(fault, GRADE_BROKEN, "a list that does not end");
        if (grade == GRADE_OK) {
            append(list, call.answer);
            link = xstrdup(call.next_link);
            if (!link && ret_delta)
                *ret_delta = xstrdup(call.delta_link);
            call.answer = NULL;
        }
        remote_call_release(&call);
    } while (link);
    if (grade == GRADE_OK)
        *ret = list;
    else
        cJSON_Delete(list);
    return grade;
}

enum grade graph_list_all(struct remote *r, unsigned op, const struct param *params,
                          struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    return list_from(r, op, params, NULL, ctx, ret, NULL, fault);
}

enum grade graph_list_rest(struct remote *r, const char *link, struct remote_ctx ctx,
                           struct cJSON **ret, struct remote_fault *fault)
{
    enum grade grade = graph_check_link((struct graph *)r, link, fault);

    return grade == GRADE_OK
               ? list_from(r, GRAPH_NEXT_PAGE, NULL, xstrdup(link), ctx, ret, NULL, fault)
               : grade;
}

enum grade graph_feed_all(struct remote *r, unsigned op, const struct param *params,
                          const char *cursor, struct remote_ctx ctx, struct cJSON **ret,
                          char **ret_cursor, struct remote_fault *fault)
{
    enum grade grade = list_from(r, op, params, xstrdup(cursor), ctx, ret, ret_cursor, fault);

    return cursor && graph_forgot_cursor(grade, fault) ? GRADE_GONE : grade;
}

/* Ids of personal mailboxes are of another form (graph contract 5, 14). */
enum grade graph_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault)
{
    struct graph *g = (struct graph *)r;
    struct remote_call call = {.params = PARAMS({"$select", "id"}), .ctx = ctx};
    SCOPED(json_release) cJSON *inbox = NULL;
    enum grade grade = service_object(r, GRAPH_GET_INBOX, &call, &inbox, fault);

    if (grade == GRADE_OK) {
        mutex_lock(&g->lock);
        g->account = str_starts(json_str(inbox, "id"), "AQ") ? "a personal account"
                                                             : "a work or school account";
        mutex_unlock(&g->lock);
    }
    return grade;
}

static const char *graph_account(struct remote *r)
{
    struct graph *g = (struct graph *)r;

    LOCKED(&g->lock);
    return g->account;
}

static void graph_release(struct remote *r)
{
    struct graph *g = (struct graph *)r;

    for (size_t i = 0; i < GRAPH_WELL_KNOWN; i++)
        free(g->well_known[i]);
    free(g->root);
    pthread_cond_destroy(&g->never);
    mutex_release(&g->lock);
}

static const struct remote_impl graph_impl = {
    .name = "graph",
    .title = "Microsoft Graph",
    .operations = graph_operations,
    .kinds = graph_by_kind,
    .with_changes = 1U << KIND_MESSAGE | 1U << KIND_CONTACT,
    .resends = true,
    .lists_contents = true,
    .lists_names = true,
    .release = graph_release,
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
    .changes = graph_changes,
    .list_versions = graph_list_versions,
    .get_many = graph_get_many,
    .move = graph_move,
    .at_once = graph_at_once,
    .change_many = graph_change_many,
    .attachment = graph_attachment,
    .attachments = graph_attachments,
    .message = graph_message,
    .mime = graph_mime,
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

    g->base = (struct remote){&graph_impl, trace ? transport_trace_create(transport) : transport};
    g->base_url = http_base_url(http);
    g->at_once = GRAPH_BATCH_MAX;
    mutex_init(&g->lock, MUTEX_GRAPH);
    clock_cond_init(&g->never);
    return &g->base;
}
