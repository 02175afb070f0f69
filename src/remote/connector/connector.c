/*
 * connector.c - the connector as a remote.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>

enum grade connector_test(struct remote *r, struct remote_ctx ctx, struct remote_fault *fault)
{
    return service_do(r, OP_TEST_CONNECTION, &(struct remote_call){.ctx = ctx}, fault);
}

static const struct remote_impl connector_impl = {
    .name = "connector",
    .title = "the Office 365 Outlook connector",
    .operations = connector_operations,
    .kinds = connector_by_kind,
    .lists_contents = true,
    .test = connector_test,
    .list_folders = connector_list_folders,
    .find_mail_folder = connector_find_mail_folder,
    .list = connector_list,
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
    struct remote *r = xcalloc(1, sizeof(*r));

    *r = (struct remote){&connector_impl, transport};
    return r;
}

struct remote *remote_connector_create(struct http *http, bool trace)
{
    struct transport *transport = transport_http_create(http, NULL);

    return connector_create(trace ? transport_trace_create(transport) : transport);
}
