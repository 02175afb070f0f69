/*
 * attachments.c - what a message carries, and the message as it travels.
 *
 * Attachments are of three kinds (graph contract 9.1). Files and attached items have bytes: an item is
 * a mail, an event or a contact, and its bytes are MIME, iCalendar or a vCard. Of a file in the cloud v1.0 tells
 * the name only: its bytes are an Internet shortcut to the message in Outlook on the web, where it opens.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

#include "../remote_p.h"

#define STATUS_NO_CONTENT_HERE 405 /* of a file in the cloud */

/* --- the list --------------------------------------------------------------------------------- */

/* What the bytes of an item are, by its type. */
static const char *media_type(const cJSON *item)
{
    const char *type = json_str(item, "@odata.type");

    if (type && str_ends(type, ".event"))
        return "text/calendar";
    if (type && str_ends(type, ".contact"))
        return "text/vcard";
    return "message/rfc822";
}

/* The list does not say what an attached item is. */
static enum grade describe_item(struct remote *r, const char *message, cJSON *attachment,
                                struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"id", message},
                                                {"attachment", json_str(attachment, "id")},
                                                {"$expand", "microsoft.graph.itemattachment/item"}),
                               .ctx = ctx};
    SCOPED(json_release) cJSON *described = NULL;
    enum grade grade = service_object(r, GRAPH_DESCRIBE_ATTACHMENT, &call, &described, fault);

    if (grade != GRADE_OK)
        return grade;
    cJSON_DeleteItemFromObjectCaseSensitive(attachment, "contentType");
    cJSON_AddStringToObject(attachment, "contentType", media_type(json_get(described, "item")));
    return GRADE_OK;
}

/* Without $select their contents would come, too (contract 9.1). */
enum grade graph_attachments(struct remote *r, const char *message, struct remote_ctx ctx,
                             struct cJSON **ret, struct remote_fault *fault)
{
    cJSON *list = NULL, *a;
    enum grade grade = graph_list_all(r, GRAPH_LIST_ATTACHMENTS,
                                      PARAMS({"id", message}, {"$select", GRAPH_ATTACHMENT_NAMES}),
                                      ctx, &list, fault);

    cJSON_ArrayForEach(a, list)
    {
        const char *type = json_str(a, "@odata.type");

        if (grade == GRADE_OK && type && str_ends(type, ".itemAttachment") && json_str(a, "id"))
            grade = describe_item(r, message, a, ctx, fault);
    }
    if (grade == GRADE_OK)
        *ret = list;
    else
        cJSON_Delete(list);
    return grade;
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* The message on the web, as a file that desktops open. */
static enum grade write_shortcut(struct remote *r, const char *message,
                                 const struct http_sink *sink, struct remote_ctx ctx,
                                 struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"id", message}, {"$select", "id,webLink"}),
                               .ctx = ctx};
    SCOPED(json_release) cJSON *record = NULL;
    enum grade grade = service_object(r, GRAPH_GET_MESSAGE, &call, &record, fault);
    const char *link = json_str(record, "webLink");

    if (grade == GRADE_OK && (!link || strpbrk(link, "\r\n"))) {
        grade = remote_fail(fault, GRADE_BROKEN, "the message has no webLink");
    } else if (grade == GRADE_OK) {
        char *text = xasprintf("[InternetShortcut]\r\nURL=%s\r\n", link);

        if (sink->restart(sink->ctx) || sink->write(sink->ctx, text, strlen(text)))
            grade = remote_fail(fault, GRADE_BROKEN, "the shortcut cannot be written");
        free(text);
    }
    return grade;
}

enum grade graph_attachment(struct remote *r, const char *message, const char *attachment,
                            const struct http_sink *sink, struct remote_ctx ctx,
                            struct remote_fault *fault)
{
    struct remote_call call = {
        .params = PARAMS({"id", message}, {"attachment", attachment}), .sink = sink, .ctx = ctx};
    enum grade grade = service_do(r, GRAPH_GET_ATTACHMENT, &call, fault);

    return fault->status == STATUS_NO_CONTENT_HERE ? write_shortcut(r, message, sink, ctx, fault)
                                                   : grade;
}

/* --- the message ------------------------------------------------------------------------------ */

enum grade graph_message(struct remote *r, const char *id, const struct http_sink *sink,
                         struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {
        .params = PARAMS({"id", id}, {"$expand", "attachments"}), .sink = sink, .ctx = ctx};

    return service_do(r, GRAPH_GET_MESSAGE_WITH_ATTACHMENTS, &call, fault);
}

enum grade graph_mime(struct remote *r, const char *id, const struct http_sink *sink,
                      struct remote_ctx ctx, struct remote_fault *fault)
{
    struct remote_call call = {.params = PARAMS({"id", id}), .sink = sink, .ctx = ctx};

    return service_do(r, GRAPH_GET_MIME, &call, fault);
}
