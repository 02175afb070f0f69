/*
 * connector.c - the connector as a remote, and the one way its operations are carried out.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>

#include <stdlib.h>

#include "../remote_p.h"

enum grade connector_call(struct remote *r, enum operation op, const struct param *all,
                          size_t count, struct remote_call *call, struct remote_fault *fault)
{
    struct connector *c = (struct connector *)r;
    struct param params[OPERATION_PARAMS_MAX];

    if (op == OP_COUNT) {
        *fault = (struct remote_fault){0};
        return remote_fail(fault, GRADE_REFUSED, "the service cannot do this with such records");
    }
    call->info = connector_operation(op);
    call->params = params;
    call->nparams = operation_params(call->info, all, count, params);
    enum grade grade = transport_call(c->transport, call, fault);
    call->params = NULL;
    return grade;
}

enum grade connector_do(struct remote *r, enum operation op, const struct param *all, size_t count,
                        struct remote_call *call, struct remote_fault *fault)
{
    enum grade grade = connector_call(r, op, all, count, call, fault);

    remote_call_release(call);
    return grade;
}

static enum grade connector_test(struct remote *r, struct remote_ctx ctx,
                                 struct remote_fault *fault)
{
    return connector_do(r, OP_TEST_CONNECTION, NULL, 0, &(struct remote_call){.ctx = ctx}, fault);
}

static bool connector_online(struct remote *r)
{
    return transport_online(((struct connector *)r)->transport);
}

static void connector_stats(struct remote *r, struct http_stats *ret)
{
    transport_stats(((struct connector *)r)->transport, ret);
}

static void connector_destroy(struct remote *r)
{
    transport_destroy(((struct connector *)r)->transport);
    free(r);
}

static const struct remote_impl connector_impl = {
    .name = "connector",
    .title = "the Office 365 Outlook connector",
    .lists_contents = true,
    .destroy = connector_destroy,
    .online = connector_online,
    .stats = connector_stats,
    .test = connector_test,
    .list_folders = connector_list_folders,
    .find_mail_folder = connector_find_mail_folder,
    .list = connector_list,
    .get = connector_get,
    .create = connector_create_record,
    .update = connector_update,
    .remove = connector_remove,
    .update_policy = connector_update_policy,
    .describe = connector_describe,
    .mark_read = connector_mark_read,
    .attachment = connector_attachment,
    .attachments = connector_attachments,
    .message = connector_message,
    .send = connector_send,
    .reply = connector_reply,
    .ask = connector_ask,
    .unsubscribe = connector_unsubscribe,
    .poll = connector_poll,
};

struct remote *connector_create(struct transport *transport)
{
    struct connector *c = xcalloc(1, sizeof(*c));

    c->base.impl = &connector_impl;
    c->transport = transport;
    return &c->base;
}

struct remote *remote_connector_create(struct http *http, bool trace)
{
    struct transport *transport = transport_http_create(http, NULL);

    return connector_create(trace ? transport_trace_create(transport) : transport);
}
