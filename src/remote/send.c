/*
 * send.c - sending, replying, subscribing and unsubscribing.
 */
#include <outlookfs/remote/remote.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>

#include "connector_p.h"
#include "remote_p.h"

static enum grade call_plain(struct remote *r, struct remote_call *call, struct remote_fault *fault)
{
    enum grade grade = remote_call(r, call, fault);

    remote_call_release(call);
    return grade;
}

enum grade remote_send(struct remote *r, const char *message, struct remote_ctx ctx,
                       struct remote_fault *fault)
{
    struct remote_call call = {.op = OP_SEND_EMAIL, .text = message, .ctx = ctx};

    return call_plain(r, &call, fault);
}

bool remote_reply_fits(struct remote *r, const char *id, const char *comment, bool all)
{
    const struct param params[] = {
        {"messageId", id}, {"comment", comment}, {"replyAll", remote_bool(all)}};
    struct buf url;

    buf_init(&url, CONNECTOR_URL_MAX);
    int rc =
        operation_url(operation_info(r->version, OP_REPLY_TO), params, ARRAY_SIZE(params), &url);
    buf_release(&url);
    return !rc;
}

enum grade remote_reply(struct remote *r, const char *id, const char *comment, bool all,
                        struct remote_ctx ctx, struct remote_fault *fault)
{
    const struct param params[] = {
        {"messageId", id}, {"comment", comment}, {"replyAll", remote_bool(all)}};
    struct remote_call call = {
        .op = OP_REPLY_TO, .params = params, .nparams = ARRAY_SIZE(params), .ctx = ctx};

    return call_plain(r, &call, fault);
}

/* The header, or where the contract says a subscription is (2.8, 2.9). */
static char *location_of(struct remote *r, const struct remote_call *call)
{
    const char *id = json_str(call->answer, "id");

    if (call->location)
        return xstrdup(call->location);
    return id ? xasprintf("%s/%s", operation_info(r->version, call->op)->path, id) : NULL;
}

char *remote_ask_head(const char *url)
{
    cJSON *string = cJSON_CreateString(url);
    char *text = json_print(string);
    char *head = xasprintf("{\"NotificationUrl\":%s,\"Message\":", text);

    free(text);
    cJSON_Delete(string);
    return head;
}

enum grade remote_ask(struct remote *r, enum operation op, const char *body, struct remote_ctx ctx,
                      char **ret_location, struct remote_fault *fault)
{
    struct remote_call call = {.op = op, .text = body, .ctx = ctx};
    enum grade grade = remote_call(r, &call, fault);

    if (grade == GRADE_OK)
        *ret_location = location_of(r, &call);
    remote_call_release(&call);
    return grade;
}

enum grade remote_unsubscribe(struct remote *r, const char *location, struct remote_ctx ctx,
                              struct remote_fault *fault)
{
    struct remote_call call = {.op = OP_UNSUBSCRIBE, .at = location, .ctx = ctx};

    return call_plain(r, &call, fault);
}
