/*
 * send.c - sending, replying, subscribing and unsubscribing.
 */
#include <outlookfs/remote/remote.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/html.h>

#include <errno.h>
#include <stdlib.h>

#include "remote_p.h"

/* The backend takes 2,048 bytes of a query (contract section 8); the base URL is before them. */
#define REPLY_ADDRESS_MAX 1900

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

/* The whole comment in an address is what the specification has; it ends where the backend's does. */
static bool fits_address(struct remote *r, const struct param *params, size_t count)
{
    struct buf url;

    buf_init(&url, REPLY_ADDRESS_MAX);
    int rc = operation_url(operation_info(r->version, OP_REPLY_TO), params, count, &url);
    buf_release(&url);
    return rc != -ENOBUFS;
}

static enum grade reply_in_body(struct remote *r, const struct param *message, const char *comment,
                                bool all, struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {
        .op = OP_REPLY_TO_V3, .params = message, .nparams = 1, .ctx = ctx};
    cJSON *body = cJSON_CreateObject();
    struct buf html;

    buf_init(&html, JSON_TEXT_MAX);
    int rc = html_from_text(comment, &html);
    cJSON_AddStringToObject(body, "Body", html.data);
    cJSON_AddBoolToObject(body, "ReplyAll", all);
    buf_release(&html);
    call.body = body;
    enum grade grade = rc ? remote_fail(fault, GRADE_TOO_BIG, "the comment is too long")
                          : call_plain(r, &call, fault);
    cJSON_Delete(body);
    return grade;
}

enum grade remote_reply(struct remote *r, const char *id, const char *comment, bool all,
                        struct remote_ctx ctx, struct remote_fault *fault)
{
    const struct param params[] = {
        {"messageId", id}, {"comment", comment}, {"replyAll", remote_bool(all)}};
    struct remote_call call = {
        .op = OP_REPLY_TO, .params = params, .nparams = ARRAY_SIZE(params), .ctx = ctx};

    *fault = (struct remote_fault){0};
    if (!fits_address(r, params, ARRAY_SIZE(params)))
        return reply_in_body(r, params, comment, all, ctx, fault);
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
