/*
 * send.c - sending, replying, subscribing and unsubscribing.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>

#include "../answer_p.h"
#include "../remote_p.h"

enum grade connector_send(struct remote *r, const char *message, struct remote_ctx ctx,
                          struct remote_fault *fault)
{
    return connector_do(r, OP_SEND_EMAIL, NULL, 0,
                        &(struct remote_call){.text = message, .ctx = ctx}, fault);
}

bool connector_reply_fits(struct remote *r, const char *id, const char *comment, bool all)
{
    const struct operation_info *info =
        operation_info(((struct connector *)r)->version, OP_REPLY_TO);
    const struct param params[] = {
        {"messageId", id}, {"comment", comment}, {"replyAll", remote_bool(all)}};
    struct buf url;

    buf_init(&url, CONNECTOR_URL_MAX);
    int rc = operation_url(info, params, ARRAY_SIZE(params), &url);
    buf_release(&url);
    return !rc;
}

enum grade connector_reply(struct remote *r, const char *id, const char *comment, bool all,
                           struct remote_ctx ctx, struct remote_fault *fault)
{
    const struct param params[] = {
        {"messageId", id}, {"comment", comment}, {"replyAll", remote_bool(all)}};

    return connector_do(r, OP_REPLY_TO, params, ARRAY_SIZE(params),
                        &(struct remote_call){.ctx = ctx}, fault);
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
    struct remote_call call = {.text = body, .ctx = ctx};
    enum grade grade = connector_call(r, op, NULL, 0, &call, fault);

    if (grade == GRADE_OK)
        *ret_location = location_of(&call);
    remote_call_release(&call);
    return grade;
}

enum grade connector_unsubscribe(struct remote *r, const char *location, struct remote_ctx ctx,
                                 struct remote_fault *fault)
{
    return connector_do(r, OP_UNSUBSCRIBE, NULL, 0,
                        &(struct remote_call){.at = location, .ctx = ctx}, fault);
}
