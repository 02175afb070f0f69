/*
 * send.c - sending, replying, subscribing and unsubscribing.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/html.h>

#include <errno.h>
#include <stdlib.h>

#include "../remote_p.h"

/* The backend takes 2,048 bytes of a query (contract section 8); the base URL is before them. */
#define REPLY_ADDRESS_MAX 1900

enum grade connector_send(struct remote *r, const char *message, const char *key,
                          struct remote_ctx ctx, struct remote_fault *fault)
{
    (void)key;
    return service_do(r, OP_SEND_EMAIL, &(struct remote_call){.text = message, .ctx = ctx}, fault);
}

/* A comment in an address is what the specification has; it ends where the backend's does. */
static bool fits_address(const struct param *params)
{
    SCOPED(buf_release) struct buf url = BUF_INIT(REPLY_ADDRESS_MAX);

    int rc = operation_url(connector_operation(OP_REPLY_TO), params, NULL, &url);
    return rc != -ENOBUFS;
}

static enum grade reply_in_body(struct remote *r, const char *id, const char *comment, bool all,
                                struct remote_ctx ctx, struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *body = cJSON_CreateObject();
    struct buf html;

    buf_init(&html, JSON_TEXT_MAX);
    int rc = html_from_text(comment, &html);
    cJSON_AddStringToObject(body, "Body", html.data);
    cJSON_AddBoolToObject(body, "ReplyAll", all);
    buf_release(&html);
    struct remote_call call = {.params = PARAMS({"messageId", id}), .body = body, .ctx = ctx};

    return rc ? remote_fail(fault, GRADE_TOO_BIG, "the comment is too long")
              : service_do(r, OP_REPLY_TO_V3, &call, fault);
}

enum grade connector_reply(struct remote *r, const char *id, const char *comment, bool all,
                           const char *key, struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {
        .params = PARAMS({"messageId", id}, {"comment", comment}, {"replyAll", remote_bool(all)}),
        .ctx = ctx};

    (void)key;
    return fits_address(call.params) ? service_do(r, OP_REPLY_TO, &call, fault)
                                     : reply_in_body(r, id, comment, all, ctx, fault);
}

char *remote_ask_head(const char *url)
{
    SCOPED(json_release) cJSON *string = cJSON_CreateString(url);
    SCOPED(xfree) char *text = json_print(string);

    return xasprintf("{\"NotificationUrl\":%s,\"Message\":", text);
}

/* The header, or where the contract says a subscription is (2.8, 2.9). */
static char *location_of(const struct remote_call *call)
{
    const char *id = json_str(call->answer, "id");

    if (call->location)
        return xstrdup(call->location);
    return id ? xasprintf("%s/%s", call->info->path, id) : NULL;
}

enum grade connector_ask(struct remote *r, enum remote_question question, const char *body,
                         struct remote_ctx ctx, char **ret_location, struct remote_fault *fault)
{
    enum operation op =
        question == REMOTE_OPTIONS ? OP_SEND_MAIL_WITH_OPTIONS : OP_SEND_APPROVAL_MAIL;
    SCOPED(remote_call_release) struct remote_call call = {.text = body, .ctx = ctx};
    enum grade grade = service_call(r, op, &call, fault);

    if (grade == GRADE_OK)
        *ret_location = location_of(&call);
    return grade;
}

enum grade connector_unsubscribe(struct remote *r, const char *location, struct remote_ctx ctx,
                                 struct remote_fault *fault)
{
    return service_do(r, OP_UNSUBSCRIBE, &(struct remote_call){.at = location, .ctx = ctx}, fault);
}
