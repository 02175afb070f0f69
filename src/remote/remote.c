/*
 * remote.c - the typed functions, written over remote_call() once for all implementations.
 */
#include <outlookfs/remote/remote.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote_p.h"

/* --- faults and calls ---------------------------------------------------------------------- */

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

void remote_call_release(struct remote_call *call)
{
    cJSON_Delete(call->answer);
    free(call->next_link);
    free(call->location);
    call->answer = NULL;
    call->next_link = NULL;
    call->location = NULL;
    call->bytes = 0;
}

const char *remote_bool(bool value)
{
    return value ? "true" : "false";
}

void remote_destroy(struct remote *r)
{
    if (r)
        r->impl->destroy(r);
}

bool remote_online(struct remote *r)
{
    return r->impl->online ? r->impl->online(r) : true;
}

void remote_stats(struct remote *r, struct http_stats *ret)
{
    if (r->impl->stats)
        r->impl->stats(r, ret);
    else
        *ret = (struct http_stats){.online = true, .authorised = true};
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

enum grade remote_call(struct remote *r, struct remote_call *call, struct remote_fault *fault)
{
    *fault = (struct remote_fault){0};
    call->answer = NULL;
    call->next_link = NULL;
    call->location = NULL;
    call->bytes = 0;

    const struct operation_info *info = operation_info(r->version, call->op);
    if (!info->method)
        return remote_fail(fault, GRADE_REFUSED,
                           "this version of the service has no such operation");
    assert((info->body == BODY_JSON) == (call->body || call->text));
    assert(info->answer == ANSWER_BYTES ? call->sink != NULL
                                        : !call->sink || info->answer == ANSWER_OBJECT);

    enum grade grade = r->impl->call(r, call, fault);
    if (grade != GRADE_OK)
        remote_call_release(call);
    fault->grade = grade;
    return grade;
}

/* --- typed functions ------------------------------------------------------------------------- */

/*
 * The parameters among `all` that the operation's row knows. The typed functions name everything
 * they have to say; which of it an operation takes, and under which name, is the table's business.
 */
static size_t known_params(const struct operation_info *info, const struct param *all, size_t count,
                           struct param *out)
{
    size_t n = 0;

    for (const struct param_spec *spec = info->params; spec->name; spec++)
        for (size_t i = 0; i < count; i++)
            if (str_eq(all[i].name, spec->name) && all[i].value)
                out[n++] = all[i];
    return n;
}

/* remote_call() with the parameters that apply; a kind without such an operation is refused. */
static enum grade call_known(struct remote *r, struct remote_call *call, const struct param *all,
                             size_t count, struct remote_fault *fault)
{
    struct param params[OPERATION_PARAMS_MAX];

    if (call->op == OP_COUNT) {
        *fault = (struct remote_fault){0};
        return remote_fail(fault, GRADE_REFUSED, "the service cannot do this with such records");
    }
    call->params = params;
    call->nparams = known_params(operation_info(r->version, call->op), all, count, params);
    return remote_call(r, call, fault);
}

static enum grade call_object(struct remote *r, struct remote_call *call, const struct param *all,
                              size_t count, struct cJSON **ret, struct remote_fault *fault)
{
    enum grade grade = call_known(r, call, all, count, fault);

    if (grade == GRADE_OK) {
        *ret = call->answer;
        call->answer = NULL;
        remote_call_release(call);
    }
    return grade;
}

static enum grade call_plain(struct remote *r, struct remote_call *call, const struct param *all,
                             size_t count, struct remote_fault *fault)
{
    enum grade grade = call_known(r, call, all, count, fault);

    remote_call_release(call);
    return grade;
}

enum grade remote_list(struct remote *r, enum kind kind, const char *folder,
                       const struct remote_query *query, struct remote_ctx ctx,
                       struct remote_page *ret, struct remote_fault *fault)
{
    char top[16], skip[16];
    struct remote_call call = {.op = operation_of_kind(kind)->list, .ctx = ctx};

    assert(query->top > 0);
    snprintf(top, sizeof(top), "%u", query->top);
    snprintf(skip, sizeof(skip), "%u", query->skip);
    const struct param all[] = {
        {"folderPath", folder},
        {"fetchOnlyUnread", remote_bool(query->only_unread)},
        {"includeAttachments", remote_bool(query->attachments)},
        {"searchQuery", query->search},
        {"top", top},
        {"skip", skip},
        {"table", folder},
        {"$filter", query->filter},
        {"$orderby", query->orderby},
        {"$top", top},
        {"$skip", skip},
    };

    enum grade grade = call_known(r, &call, all, ARRAY_SIZE(all), fault);
    if (grade == GRADE_OK) {
        unsigned count = (unsigned)cJSON_GetArraySize(call.answer);
        *ret = (struct remote_page){
            .items = call.answer,
            .bytes = call.bytes,
            /* An empty page with a next link would be asked for again for ever. */
            .last = count == 0 || (count < query->top && !call.next_link),
        };
        call.answer = NULL;
    }
    remote_call_release(&call);
    return grade;
}

enum grade remote_get(struct remote *r, enum kind kind, const char *folder, const char *id,
                      struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    struct remote_call call = {.op = operation_of_kind(kind)->get, .ctx = ctx};
    const struct param all[] = {
        {"messageId", id},
        {"includeAttachments", remote_bool(false)},
        {"table", folder},
        {"id", id},
    };

    return call_object(r, &call, all, ARRAY_SIZE(all), ret, fault);
}

enum grade remote_create(struct remote *r, enum kind kind, const char *folder,
                         const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault)
{
    struct remote_call call = {.op = operation_of_kind(kind)->post, .body = body, .ctx = ctx};
    const struct param all[] = {{"table", folder}};

    return call_object(r, &call, all, ARRAY_SIZE(all), ret, fault);
}

enum grade remote_update(struct remote *r, enum kind kind, const char *folder, const char *id,
                         const struct cJSON *body, struct remote_ctx ctx, struct cJSON **ret,
                         struct remote_fault *fault)
{
    struct remote_call call = {.op = operation_of_kind(kind)->patch, .body = body, .ctx = ctx};
    const struct param all[] = {{"table", folder}, {"id", id}};

    return call_object(r, &call, all, ARRAY_SIZE(all), ret, fault);
}

enum grade remote_delete(struct remote *r, enum kind kind, const char *folder, const char *id,
                         struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.op = operation_of_kind(kind)->del, .ctx = ctx};
    const struct param all[] = {{"messageId", id}, {"table", folder}, {"id", id}};

    return call_plain(r, &call, all, ARRAY_SIZE(all), fault);
}

enum merge_policy remote_update_policy(struct remote *r, enum kind kind)
{
    enum operation patch = operation_of_kind(kind)->patch;

    return patch == OP_COUNT ? MERGE_CHANGES : operation_info(r->version, patch)->update;
}

enum grade remote_mark_read(struct remote *r, const char *id, struct remote_ctx ctx,
                            struct remote_fault *fault)
{
    struct remote_call call = {.op = OP_MARK_AS_READ, .ctx = ctx};
    const struct param all[] = {{"messageId", id}};

    return call_plain(r, &call, all, ARRAY_SIZE(all), fault);
}

enum grade remote_attachment(struct remote *r, const char *message, const char *attachment,
                             struct remote_ctx ctx, http_sink_fn sink, http_restart_fn restart,
                             void *sink_ctx, struct remote_fault *fault)
{
    struct remote_call call = {
        .op = OP_GET_ATTACHMENT,
        .ctx = ctx,
        .sink = sink,
        .restart = restart,
        .sink_ctx = sink_ctx,
    };
    const struct param all[] = {{"messageId", message}, {"attachmentId", attachment}};

    return call_plain(r, &call, all, ARRAY_SIZE(all), fault);
}

enum grade remote_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.op = OP_TEST_CONNECTION, .ctx = ctx};

    return call_plain(r, &call, NULL, 0, fault);
}
