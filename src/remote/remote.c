/*
 * remote.c - the functions of remote.h, carried out by the tables and functions of the service.
 */
#include <outlookfs/remote/remote.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/json.h>

#include <assert.h>
#include <stdlib.h>

#include "remote_p.h"
#include "transport_p.h"

/* --- faults and answers ------------------------------------------------------------------------ */

enum grade remote_fail(struct remote_fault *fault, enum grade grade, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    free(fault->reason);
    fault->reason = xvasprintf(fmt, ap);
    va_end(ap);
    fault->grade = grade;
    return grade;
}

void remote_fault_release(struct remote_fault *fault)
{
    free(fault->reason);
    *fault = (struct remote_fault){0};
}

void remote_folders_release(struct remote_folders *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->list[i].id);
        free(f->list[i].display);
        free(f->list[i].parent);
    }
    free(f->list);
    free(f->cursor);
    *f = (struct remote_folders){0};
}

void remote_versions_release(struct remote_versions *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->list[i].id);
        free(v->list[i].etag);
    }
    free(v->list);
    *v = (struct remote_versions){0};
}

void remote_news_release(struct remote_news *news)
{
    cJSON_Delete(news->items);
    free(news->cursor);
    *news = (struct remote_news){0};
}

/* --- the service ------------------------------------------------------------------------------ */

void remote_destroy(struct remote *r)
{
    if (!r)
        return;
    if (r->impl->release)
        r->impl->release(r);
    transport_destroy(r->transport);
    free(r);
}

bool remote_online(struct remote *r)
{
    return transport_online(r->transport);
}

void remote_stats(struct remote *r, struct http_stats *ret)
{
    transport_stats(r->transport, ret);
}

bool remote_can(struct remote *r, enum remote_ability ability)
{
    switch (ability) {
    case REMOTE_CAN_ASK:
        return r->impl->ask;
    case REMOTE_CAN_FORWARD:
        return r->impl->forward;
    case REMOTE_CAN_RESPOND:
        return r->impl->respond;
    case REMOTE_CAN_MIME:
        return r->impl->mime;
    case REMOTE_CAN_LIST_CONTENTS:
        return r->impl->lists_contents;
    case REMOTE_CAN_LIST_NAMES:
        return r->impl->lists_names;
    case REMOTE_CAN_AGENDA:
        return r->impl->agenda;
    case REMOTE_CAN_SERIES:
        return r->impl->series;
    case REMOTE_CAN_DRAFT:
        return r->impl->send_draft;
    case REMOTE_CAN_VALUES:
        return r->impl->read_value;
    }
    return false;
}

const char *remote_title(struct remote *r)
{
    return r->impl->title;
}

const char *remote_account(struct remote *r)
{
    return r->impl->account ? r->impl->account(r) : NULL;
}

uint64_t remote_token_read(struct remote *r)
{
    struct http_stats stats = {0};

    remote_stats(r, &stats);
    return stats.token_read;
}

uint64_t remote_token_there(struct remote *r)
{
    struct http_stats stats = {0};

    remote_stats(r, &stats);
    return stats.token_there;
}

/* --- dispatch --------------------------------------------------------------------------------- */

static enum grade missing(struct remote_fault *fault)
{
    return remote_fail(fault, GRADE_REFUSED, "the service cannot do this");
}

/* What a service does not have is refused. */
#define DISPATCH(function, ...)                                                                    \
    remote_fault_release(fault);                                                                   \
    return r->impl->function ? r->impl->function(r, __VA_ARGS__, fault) : missing(fault)

enum grade remote_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(test, ctx);
}

enum grade remote_list_folders(struct remote *r, enum kind kind, struct remote_ctx ctx,
                               struct remote_folders *ret, struct remote_fault *fault)
{
    DISPATCH(list_folders, kind, ctx, ret);
}

enum grade remote_folder_changes(struct remote *r, enum kind kind, const char *cursor,
                                 struct remote_ctx ctx, struct remote_folders *ret,
                                 struct remote_fault *fault)
{
    DISPATCH(folder_changes, kind, cursor, ctx, ret);
}

enum grade remote_find_mail_folder(struct remote *r, const char *path, struct remote_ctx ctx,
                                   struct remote_fault *fault)
{
    DISPATCH(find_mail_folder, path, ctx);
}

enum grade remote_make_folder(struct remote *r, enum kind kind, const char *parent,
                              const char *display, struct remote_ctx ctx, char **ret_id,
                              struct remote_fault *fault)
{
    DISPATCH(make_folder, kind, parent, display, ctx, ret_id);
}

enum grade remote_rename_folder(struct remote *r, enum kind kind, const char *id,
                                const char *display, struct remote_ctx ctx,
                                struct remote_fault *fault)
{
    DISPATCH(rename_folder, kind, id, display, ctx);
}

enum grade remote_move_folder(struct remote *r, enum kind kind, const char *id, const char *parent,
                              struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(move_folder, kind, id, parent, ctx);
}

enum grade remote_remove_folder(struct remote *r, enum kind kind, const char *id,
                                struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(remove_folder, kind, id, ctx);
}

enum grade remote_list(struct remote *r, enum kind kind, const char *folder,
                       const struct remote_query *query, struct remote_ctx ctx,
                       struct remote_page *ret, struct remote_fault *fault)
{
    DISPATCH(list, kind, folder, query, ctx, ret);
}

bool remote_has_changes(struct remote *r, enum kind kind)
{
    return r->impl->with_changes & 1U << kind;
}

enum grade remote_changes(struct remote *r, enum kind kind, const char *folder, const char *cursor,
                          unsigned top, struct remote_ctx ctx, struct remote_changes *ret,
                          struct remote_fault *fault)
{
    DISPATCH(changes, kind, folder, cursor, top, ctx, ret);
}

enum grade remote_list_versions(struct remote *r, enum kind kind, const char *folder,
                                struct remote_ctx ctx, struct remote_versions *ret,
                                struct remote_fault *fault)
{
    DISPATCH(list_versions, kind, folder, ctx, ret);
}

enum grade remote_get_many(struct remote *r, enum kind kind, const char *folder,
                           const char *const *ids, size_t count, struct remote_ctx ctx,
                           struct cJSON **ret, struct remote_fault *fault)
{
    DISPATCH(get_many, kind, folder, ids, count, ctx, ret);
}

enum grade remote_move(struct remote *r, enum kind kind, const char *id, const char *folder,
                       struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    DISPATCH(move, kind, id, folder, ctx, ret);
}

unsigned remote_at_once(struct remote *r)
{
    return r->impl->at_once ? r->impl->at_once(r) : 1;
}

static enum grade change_one(struct remote *r, struct remote_request *q, struct remote_ctx ctx)
{
    return q->move ? remote_move(r, q->kind, q->id, q->folder, ctx, &q->record, &q->fault)
                   : remote_delete(r, q->kind, q->folder, q->id, ctx, &q->fault);
}

void remote_change_many(struct remote *r, struct remote_request *const *requests, size_t count,
                        struct remote_ctx ctx)
{
    assert(count <= 1 || r->impl->change_many);
    if (count > 1)
        r->impl->change_many(r, requests, count, ctx);
    else if (count)
        requests[0]->fault.grade = change_one(r, requests[0], ctx);
}

enum grade remote_attachment(struct remote *r, const char *message, const char *attachment,
                             const struct http_sink *sink, struct remote_ctx ctx,
                             struct remote_fault *fault)
{
    DISPATCH(attachment, message, attachment, sink, ctx);
}

enum grade remote_attachments(struct remote *r, const char *message, struct remote_ctx ctx,
                              struct cJSON **ret, struct remote_fault *fault)
{
    DISPATCH(attachments, message, ctx, ret);
}

enum grade remote_message(struct remote *r, const char *id, const struct http_sink *sink,
                          struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(message, id, sink, ctx);
}

enum grade remote_mime(struct remote *r, const char *id, const struct http_sink *sink,
                       struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(mime, id, sink, ctx);
}

bool remote_resends(struct remote *r)
{
    return r->impl->resends;
}

enum grade remote_send(struct remote *r, const char *message, const char *key,
                       struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(send, message, key, ctx);
}

enum grade remote_take_back(struct remote *r, const char *key, struct remote_ctx ctx,
                            bool *ret_sent, struct remote_fault *fault)
{
    DISPATCH(take_back, key, ctx, ret_sent);
}

enum grade remote_send_draft(struct remote *r, const char *id, struct remote_ctx ctx,
                             struct remote_fault *fault)
{
    DISPATCH(send_draft, id, ctx);
}

enum grade remote_import(struct remote *r, const char *folder, const struct buf *mime,
                         bool repeated, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault)
{
    DISPATCH(import, folder, mime, repeated, ctx, ret);
}

enum grade remote_reply(struct remote *r, const char *id, const char *comment, bool all,
                        const char *key, struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(reply, id, comment, all, key, ctx);
}

enum grade remote_forward(struct remote *r, const char *id, const char *to, const char *comment,
                          const char *key, struct remote_ctx ctx, struct remote_fault *fault)
{
    DISPATCH(forward, id, to, comment, key, ctx);
}

enum grade remote_respond(struct remote *r, const char *event, enum remote_response response,
                          const char *comment, bool send, bool again, struct remote_ctx ctx,
                          struct remote_fault *fault)
{
    DISPATCH(respond, event, response, comment, send, again, ctx);
}

enum grade remote_ask(struct remote *r, enum remote_question question, const char *body,
                      struct remote_ctx ctx, char **ret_location, struct remote_fault *fault)
{
    DISPATCH(ask, question, body, ctx, ret_location);
}

enum grade remote_unsubscribe(struct remote *r, const char *location, struct remote_ctx ctx,
                              struct remote_fault *fault)
{
    DISPATCH(unsubscribe, location, ctx);
}

enum grade remote_agenda(struct remote *r, const char *calendar, int64_t from, int64_t to,
                         struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    DISPATCH(agenda, calendar, from, to, ctx, ret);
}

enum grade remote_series(struct remote *r, const char *const *ids, size_t count,
                         struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    DISPATCH(series, ids, count, ctx, ret);
}

enum grade remote_read_value(struct remote *r, enum remote_value what, const char *id,
                             struct remote_ctx ctx, struct buf *out, struct remote_fault *fault)
{
    DISPATCH(read_value, what, id, ctx, out);
}

enum grade remote_write_value(struct remote *r, enum remote_value what, const char *id,
                              const void *data, size_t len, struct remote_ctx ctx,
                              struct remote_fault *fault)
{
    DISPATCH(write_value, what, id, data, len, ctx);
}

enum grade remote_poll(struct remote *r, enum remote_trigger trigger, const struct param *params,
                       const char *cursor, struct remote_ctx ctx, struct remote_news *ret,
                       struct remote_fault *fault)
{
    DISPATCH(poll, trigger, params, cursor, ctx, ret);
}

/* --- what the tables say ----------------------------------------------------------------------- */

enum grade service_call(struct remote *r, unsigned op, struct remote_call *call,
                        struct remote_fault *fault)
{
    if (!op) {
        remote_fault_release(fault);
        return missing(fault);
    }
    call->info = &r->impl->operations[op];
    return transport_call(r->transport, call, fault);
}

enum grade service_do(struct remote *r, unsigned op, struct remote_call *call,
                      struct remote_fault *fault)
{
    enum grade grade = service_call(r, op, call, fault);

    remote_call_release(call);
    return grade;
}

enum grade service_object(struct remote *r, unsigned op, struct remote_call *call,
                          struct cJSON **ret, struct remote_fault *fault)
{
    enum grade grade = service_call(r, op, call, fault);

    if (grade == GRADE_OK) {
        *ret = TAKE(call->answer);
    }
    remote_call_release(call);
    return grade;
}

/* What a record is addressed by, as each of the services calls it. */
#define RECORD(folder, id)                                                                         \
    PARAMS({"folder", folder}, {"table", folder}, {"id", id}, {"messageId", id},                   \
           {"includeAttachments", "false"})

enum grade remote_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                      struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    struct remote_call call = {.params = RECORD(folder, id), .ctx = ctx};

    return service_object(r, r->impl->kinds[kind].get, &call, ret, fault);
}

enum grade remote_find(struct remote *r, enum kind kind, const char *folder, const char *id,
                       struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    struct remote_call call = {.params = RECORD(folder, id), .ctx = ctx};
    const struct kind_operations *ops = &r->impl->kinds[kind];

    return service_object(r, ops->find ? ops->find : ops->get, &call, ret, fault);
}

static size_t attached_bytes(const struct cJSON *body)
{
    size_t total = 0, size;
    const cJSON *a;

    cJSON_ArrayForEach(a, json_get(body, "attachments"))
    {
        const char *bytes = json_str(a, "contentBytes");

        if (bytes && !base64_size(bytes, &size))
            total += size;
    }
    return total;
}

enum grade remote_create(struct remote *r, enum kind kind, const char *folder,
                         const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault)
{
    unsigned op = r->impl->kinds[kind].create;
    size_t max = r->impl->operations[op].attached_max;

    if (max && attached_bytes(body) > max) {
        remote_fault_release(fault);
        return remote_fail(fault, GRADE_TOO_BIG,
                           "attachments: more than %zu bytes in a draft; outbox/send/ takes more",
                           max);
    }
    struct remote_call call = {.params = RECORD(folder, NULL), .body = body, .ctx = ctx};
    return service_object(r, op, &call, ret, fault);
}

enum grade remote_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                         const struct cJSON *body, const char *version, struct remote_ctx ctx,
                         struct cJSON **ret, struct remote_fault *fault)
{
    unsigned op = r->impl->kinds[kind].update;
    bool conditional = version && r->impl->operations[op].conditional;
    SCOPED(xfree) char *tag = conditional ? xasprintf("W/\"%s\"", version) : NULL;
    struct remote_call call = {
        .params = RECORD(folder, id), .body = body, .if_match = tag, .ctx = ctx};
    return service_object(r, op, &call, ret, fault);
}

enum grade remote_delete(struct remote *r, enum kind kind, const char *folder, const char *id,
                         struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.params = RECORD(folder, id), .ctx = ctx};

    return service_do(r, r->impl->kinds[kind].remove, &call, fault);
}

enum grade remote_mark_read(struct remote *r, const char *id, struct remote_ctx ctx,
                            struct remote_fault *fault)
{
    struct remote_call call = {.params = RECORD(NULL, id), .ctx = ctx};

    return service_do(r, r->impl->kinds[KIND_MESSAGE].mark_read, &call, fault);
}

enum merge_policy remote_update_policy(struct remote *r, enum kind kind)
{
    return r->impl->operations[r->impl->kinds[kind].update].update;
}

char *remote_describe(struct remote *r, enum remote_change change, enum kind kind,
                      const char *folder, const char *id)
{
    const struct kind_operations *ops = &r->impl->kinds[kind];
    const unsigned of_change[] = {
        [REMOTE_CREATE] = ops->create,
        [REMOTE_UPDATE] = ops->update,
        [REMOTE_DELETE] = ops->remove,
        [REMOTE_MARK_READ] = ops->mark_read,
    };

    return operation_describe(&r->impl->operations[of_change[change]], RECORD(folder, id));
}
