/*
 * kind.c - the tables of contacts, events and messages, and the rules that follow from them.
 */
#include <outlookfs/model/kind.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/members.h>

#include "value_p.h"

#include <errno.h>
#include <string.h>

static const char *const no_members[] = {NULL};

/*
 * Nothing of a message can be written but IsRead, and that only in one direction. Its members are
 * not managed: an edit of one is refused by kind_check_update() with a reason, where a managed one
 * would be ignored without a word.
 */
static const char *const message_managed[] = {"ItemInternalId", NULL};

/*
 * The first ten: "x-ms-permission": "read-only" in the service's own table metadata
 * (contract 2.15). ItemInternalId is a second spelling of Id (contract, section 5). The last five
 * have no mark there, but no operation can set them: they follow from who created the event, from
 * its Recurrence and from sending a cancellation, and the model of what a client may send in the
 * successor operations (GraphCalendarEventClient) has none of them. Were they the user's, a
 * Recurrence given to an event would go out beside the Type it had before, and a created event
 * would never be recognised by its Organizer.
 */
static const char *const event_managed[] = {
    "Id",
    "BodyPreview",
    "ChangeKey",
    "DateTimeCreated",
    "DateTimeLastModified",
    "ICalUId",
    "WebLink",
    "ResponseStatus",
    "Reason",
    "HasAttachments",
    "ItemInternalId",
    "Organizer",
    "IsOrganizer",
    "IsCancelled",
    "Type",
    "SeriesMasterId",
    NULL,
};

/*
 * The first five: read-only in the table metadata (contract 2.21). CreatedDateTime and
 * LastModifiedDateTime are undocumented doubles of two of them (contract 2.17).
 */
static const char *const contact_managed[] = {
    "Id",
    "ParentFolderId",
    "ChangeKey",
    "DateTimeCreated",
    "DateTimeLastModified",
    "CreatedDateTime",
    "LastModifiedDateTime",
    "ItemInternalId",
    NULL,
};

/* The specification's three; the live metadata asks for the first two only (contract 2.12). */
static const char *const event_required[] = {"Subject", "Start", "End", NULL};

/* HomePhones is required too, but [] will do, which kind_complete_new() gives (contract 2.18). */
static const char *const contact_required[] = {"GivenName", NULL};

/* Body comes back as a generated HTML document, times in UTC with that as their zone
 * (contract 2.12, 4.8). */
static const char *const event_rewritten[] = {"Body", "StartTimeZone", "EndTimeZone", NULL};

static const char *const message_opaque[] = {
    "Id",
    "ItemInternalId",
    "InternetMessageId",
    "ConversationId",
    "BodyPreview",
    "DateTimeReceived",
    "ContentId",
    "ContentType",
    "ContentBytes",
    NULL,
};

static const char *const event_opaque[] = {
    "Id",
    "ItemInternalId",
    "ICalUId",
    "SeriesMasterId",
    "ChangeKey",
    "WebLink",
    "BodyPreview",
    "DateTimeCreated",
    "DateTimeLastModified",
    "Start",
    "End",
    "StartTimeZone",
    "EndTimeZone",
    "Time",
    "ContentType",
    NULL,
};

static const char *const message_changeable[] = {"IsRead", NULL};

static const char *const name_parts[] = {
    "GivenName", "MiddleName", "Surname", "Title", "Generation", NULL,
};
static const char *const full_names[] = {"DisplayName", "FileAs", NULL};

/* --- Graph ------------------------------------------------------------------------------------ */

/* Read-only members (graph contract 2.1). parentFolderId changes by a move. */
static const char *const graph_message_managed[] = {
    "id",
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "attachments",
    "bodyPreview",
    "uniqueBody",
    "parentFolderId",
    "conversationId",
    "conversationIndex",
    "isDraft",
    "webLink",
    NULL,
};

/* Of a message that is no draft (graph contract 2.3). */
static const char *const graph_message_changeable[] = {
    "isRead", "flag", "categories", "importance", "inferenceClassification", NULL,
};

static const char *const graph_message_opaque[] = {
    "id",
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "receivedDateTime",
    "sentDateTime",
    "bodyPreview",
    "uniqueBody",
    "internetMessageId",
    "parentFolderId",
    "conversationId",
    "conversationIndex",
    "webLink",
    "contentType",
    "contentId",
    "contentBytes",
    NULL,
};

/* What no request may set (graph contract 11), and what follows from other members. */
static const char *const graph_event_managed[] = {
    "id",
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "originalStart",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "iCalUId",
    "hasAttachments",
    "bodyPreview",
    "isCancelled",
    "isDraft",
    "isOrganizer",
    "organizer",
    "responseStatus",
    "seriesMasterId",
    "type",
    "webLink",
    "onlineMeeting",
    "onlineMeetingUrl",
    "cancelledOccurrences",
    NULL,
};

static const char *const graph_event_required[] = {"start", "end", NULL};

static const char *const graph_rewritten[] = {"body", "bodyPreview", NULL};

static const char *const graph_event_opaque[] = {
    "id",
    "changeKey",
    "createdDateTime",
    "lastModifiedDateTime",
    "originalStart",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "iCalUId",
    "transactionId",
    "bodyPreview",
    "seriesMasterId",
    "start",
    "end",
    "time",
    "timeZone",
    "webLink",
    "uniqueId",
    "contentType",
    NULL,
};

/* Words and switches: they take no empty text, and null means nothing (graph contract 2.1, 11). */
static const char *const graph_message_kept[] = {
    "importance",
    "inferenceClassification",
    "internetMessageId",
    "isRead",
    "isReadReceiptRequested",
    "isDeliveryReceiptRequested",
    "flag",
    "from",
    "sender",
    NULL,
};

static const char *const graph_event_kept[] = {
    "importance",
    "sensitivity",
    "showAs",
    "isAllDay",
    "isReminderOn",
    "isOnlineMeeting",
    "onlineMeetingProvider",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "allowNewTimeProposals",
    "hideAttendees",
    "transactionId",
    NULL,
};

/* Graph contract 10. */
static const char *const graph_contact_managed[] = {
    "id", "changeKey", "createdDateTime", "lastModifiedDateTime", "parentFolderId", NULL,
};

static const char *const graph_name_parts[] = {
    "givenName", "middleName", "surname", "title", "generation", NULL,
};
static const char *const graph_full_names[] = {"displayName", "fileAs", NULL};

/* GetEmails' order of members (recorded answer in contract 2.1). */
static const char *const message_order[] = {
    "From",
    "To",
    "Cc",
    "Bcc",
    "ReplyTo",
    "Subject",
    "Body",
    "Importance",
    "BodyPreview",
    "HasAttachment",
    "Id",
    "InternetMessageId",
    "ConversationId",
    "DateTimeReceived",
    "IsRead",
    "Attachments",
    "IsHtml",
};

static const struct kind_info connector_kinds[KIND_COUNT] = {
    [KIND_MESSAGE] =
        {
            .name = "message",
            .dir = "mail",
            .caps = KIND_CAN_DELETE | KIND_NESTS,
            .id = "Id",
            .etag = NULL,
            .modified = "DateTimeReceived",
            .created = NULL,
            .managed = message_managed,
            .required = no_members,
            .rewritten = no_members,
            .opaque = message_opaque,
            .changeable = message_changeable,
            .read = "IsRead",
            .attachments = "Attachments",
            .has_attachments = "HasAttachment",
        },
    /* No KIND_CAN_FILTER: $filter of events is in the oldest specification only (contract 2.11,
       section 5). */
    [KIND_EVENT] =
        {
            .name = "event",
            .dir = "calendars",
            .caps = KIND_CAN_CREATE | KIND_CAN_EDIT | KIND_CAN_DELETE,
            .id = "Id",
            .etag = "ChangeKey",
            .modified = "DateTimeLastModified",
            .created = "DateTimeCreated",
            .managed = event_managed,
            .required = event_required,
            .all_day = "IsAllDay",
            .invited = "Attendees",
            .rewritten = event_rewritten,
            .opaque = event_opaque,
        },
    [KIND_CONTACT] =
        {
            .name = "contact",
            .dir = "contacts",
            .caps = KIND_CAN_CREATE | KIND_CAN_EDIT | KIND_CAN_DELETE | KIND_CAN_FILTER,
            .id = "Id",
            .etag = "ChangeKey",
            .modified = "DateTimeLastModified",
            .created = "DateTimeCreated",
            .managed = contact_managed,
            .required = contact_required,
            .rewritten = no_members,
            .opaque = contact_managed,
            .name_parts = name_parts,
            .full_names = full_names,
        },
};

/* Creation never changes, and the others not all at once (graph contract 4). */
static const char *const graph_message_whole[] = {"createdDateTime", "body", "isDraft", NULL};
static const char *const graph_contact_whole[] = {"createdDateTime", "emailAddresses",
                                                  "homeAddress", NULL};

static const struct kind_info graph_kinds[KIND_COUNT] = {
    [KIND_MESSAGE] =
        {
            .name = "message",
            .type = "#microsoft.graph.message",
            .dir = "mail",
            .caps = KIND_CAN_CREATE | KIND_CAN_EDIT | KIND_CAN_DELETE | KIND_CAN_FILTER |
                    KIND_CAN_MOVE | KIND_CAN_FOLD | KIND_NESTS,
            .id = "id",
            .etag = "changeKey",
            .modified = "receivedDateTime",
            .created = "createdDateTime",
            .whole = graph_message_whole,
            .managed = graph_message_managed,
            .kept = graph_message_kept,
            .required = no_members,
            .rewritten = graph_rewritten,
            .opaque = graph_message_opaque,
            .changeable = graph_message_changeable,
            .draft = "isDraft",
            .parent = "parentFolderId",
            .given = "attachments",
            .read = "isRead",
            .attachments = "attachments",
            .has_attachments = "hasAttachments",
        },
    [KIND_EVENT] =
        {
            .name = "event",
            .type = "#microsoft.graph.event",
            .dir = "calendars",
            .caps = KIND_CAN_CREATE | KIND_CAN_EDIT | KIND_CAN_DELETE | KIND_CAN_FILTER,
            .id = "id",
            .etag = "changeKey",
            .modified = "lastModifiedDateTime",
            .created = "createdDateTime",
            .managed = graph_event_managed,
            .kept = graph_event_kept,
            .required = graph_event_required,
            .all_day = "isAllDay",
            .invited = "attendees",
            .rewritten = graph_rewritten,
            .opaque = graph_event_opaque,
        },
    [KIND_CONTACT] =
        {
            .name = "contact",
            .type = "#microsoft.graph.contact",
            .dir = "contacts",
            .caps = KIND_CAN_CREATE | KIND_CAN_EDIT | KIND_CAN_DELETE | KIND_CAN_FILTER |
                    KIND_CAN_FOLD | KIND_NESTS,
            .id = "id",
            .etag = "changeKey",
            .modified = "lastModifiedDateTime",
            .created = "createdDateTime",
            .whole = graph_contact_whole,
            .managed = graph_contact_managed,
            .required = no_members,
            .rewritten = no_members,
            .opaque = graph_contact_managed,
            .name_parts = graph_name_parts,
            .full_names = graph_full_names,
            .follows_parts = "displayName",
        },
};

static const struct kind_info *const services[] = {
    [SERVICE_CONNECTOR] = connector_kinds,
    [SERVICE_GRAPH] = graph_kinds,
};
_Static_assert(ARRAY_SIZE(services) == SERVICE_COUNT, "a service has no kinds");

static enum service_id service = SERVICE_CONNECTOR;
static const struct kind_info *kinds = connector_kinds;

void kind_use_service(enum service_id which)
{
    service = which;
    kinds = services[which];
}

enum service_id kind_service(void)
{
    return service;
}

static const char *const service_names[] = {
    [SERVICE_CONNECTOR] = "connector",
    [SERVICE_GRAPH] = "graph",
};

const char *service_name(enum service_id id)
{
    return service_names[id];
}

bool service_by_name(const char *name, enum service_id *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(service_names); i++) {
        if (str_eq(service_names[i], name)) {
            *ret = (enum service_id)i;
            return true;
        }
    }
    return false;
}

const struct kind_info *kind_info(enum kind kind)
{
    return &kinds[kind];
}

enum kind kind_by_dir(const char *dir)
{
    enum kind kind = 0;

    while (kind < KIND_COUNT && !str_eq(kinds[kind].dir, dir))
        kind++;
    return kind;
}

static bool in_list(const char *const *names, const char *member)
{
    while (*names && !str_eq(*names, member))
        names++;
    return *names;
}

bool kind_is_managed(enum kind kind, const char *member)
{
    return strstr(member, "@odata.") || in_list(kinds[kind].managed, member);
}

bool kind_is_kept(enum kind kind, const char *member)
{
    return kinds[kind].kept && in_list(kinds[kind].kept, member);
}

bool kind_is_opaque(enum kind kind, const char *member)
{
    return strstr(member, "@odata.") || in_list(kinds[kind].opaque, member);
}

const char *kind_id(enum kind kind, const struct cJSON *obj)
{
    const char *const names[] = {kinds[kind].id, "ItemInternalId"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *id = json_str(obj, names[i]);

        if (id && *id)
            return id;
    }
    return NULL;
}

/*
 * Brings the members the table names to the front, in its order; the others follow as they were. By
 * appending alone: cJSON_InsertItemInArray() as in Debian 12 refuses a detached item anywhere but
 * in front.
 */
static void reorder(cJSON *obj, const char *const *order, size_t count)
{
    int others = cJSON_GetArraySize(obj);

    for (size_t i = 0; i < count; i++) {
        cJSON *member = cJSON_DetachItemFromObjectCaseSensitive(obj, order[i]);

        if (member) {
            cJSON_AddItemToArray(obj, member);
            others--;
        }
    }
    for (; others > 0; others--)
        cJSON_AddItemToArray(obj, cJSON_DetachItemFromArray(obj, 0));
}

static void normalise_message(cJSON *obj)
{
    static const char *const words[] = {"Low", "Normal", "High"};
    int64_t number = json_int(obj, "Importance", -1);

    if (!cJSON_IsNumber(json_get(obj, "Importance")))
        return;
    if (number >= 0 && number < (int64_t)ARRAY_SIZE(words))
        cJSON_ReplaceItemInObjectCaseSensitive(obj, "Importance",
                                               cJSON_CreateString(words[number]));
    reorder(obj, message_order, ARRAY_SIZE(message_order));
}

void kind_normalise(enum kind kind, struct cJSON *obj)
{
    const char *type = kind_info(kind)->type;

    cJSON_DeleteItemFromObjectCaseSensitive(obj, "@odata.context");
    if (type && str_eq(json_str(obj, "@odata.type"), type))
        cJSON_DeleteItemFromObjectCaseSensitive(obj, "@odata.type");
    if (kind == KIND_MESSAGE)
        normalise_message(obj);
}

/* Gives `obj` the member unless it has a value already; takes `value`. */
static void complete(cJSON *obj, const char *name, cJSON *value)
{
    const cJSON *present = json_get(obj, name);

    if (value_exists(present))
        cJSON_Delete(value);
    else if (present)
        cJSON_ReplaceItemInObjectCaseSensitive(obj, name, value);
    else
        cJSON_AddItemToObject(obj, name, value);
}

/* With the same transactionId a create that is sent again makes no second event (graph contract 11). */
static void complete_graph_event(struct cJSON *obj)
{
    char id[STR_UUID_SIZE];

    str_uuid(id);
    complete(obj, "transactionId", cJSON_CreateString(id));
}

void kind_complete_new(enum kind kind, struct cJSON *obj)
{
    if (kind_service() == SERVICE_GRAPH) {
        if (kind == KIND_EVENT)
            complete_graph_event(obj);
    } else if (kind == KIND_EVENT) {
        complete(obj, "Importance", cJSON_CreateString("Normal"));
        complete(obj, "ShowAs", cJSON_CreateString("Busy"));
        complete(obj, "StartTimeZone", cJSON_CreateString("UTC"));
        complete(obj, "EndTimeZone", cJSON_CreateString("UTC"));
    } else if (kind == KIND_CONTACT) {
        complete(obj, "HomePhones", cJSON_CreateArray());
    }
}

int kind_check_new(enum kind kind, const struct cJSON *mine, struct buf *err)
{
    const struct kind_info *info = &kinds[kind];

    if (!(info->caps & KIND_CAN_CREATE))
        return buf_fail(err, -EPERM, "the service cannot create a %s in a folder", info->name);
    int rc = members_check(kind, NULL, mine, err);
    for (const char *const *name = info->required; !rc && *name; name++) {
        if (!value_exists(json_get(mine, *name)))
            rc = buf_fail(err, -EINVAL, "%s: a new %s must have it", *name, info->name);
    }
    return rc;
}

/* The first member, in base's order and then mine's, that is neither managed nor in `except` and
 * differs; or NULL. */
static const char *first_change(enum kind kind, const cJSON *base, const cJSON *mine,
                                const char *const *except)
{
    const cJSON *const sides[] = {base, mine};

    for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
        const cJSON *member;

        cJSON_ArrayForEach(member, sides[i])
        {
            const char *name = member->string;

            if (!kind_is_managed(kind, name) && !in_list(except, name) &&
                !value_same(json_get(base, name), json_get(mine, name)))
                return name;
        }
    }
    return NULL;
}

static int refuse_change(const struct kind_info *info, const char *member, struct buf *err)
{
    buf_fail(err, 0, "%s: of a %s only ", member, info->name);
    for (const char *const *name = info->changeable; err && *name; name++)
        buf_addf(err, "%s%s", name == info->changeable ? "" : ", ", *name);
    if (err)
        buf_addstr(err, " can change");
    return -EPERM;
}

/* MarkAsRead is all there is (contract 2.5). */
static int check_mark(const cJSON *base, const cJSON *mine, struct buf *err)
{
    if (!cJSON_IsBool(json_get(mine, "IsRead")) &&
        !value_same(json_get(base, "IsRead"), json_get(mine, "IsRead")))
        return buf_fail(err, -EPERM, "IsRead: must be true or false");
    if (json_bool(base, "IsRead", false) && !json_bool(mine, "IsRead", true))
        return buf_fail(err, -EPERM, "IsRead: this API version cannot mark a message unread");
    return 0;
}

int kind_check_update(enum kind kind, const struct cJSON *base, const struct cJSON *mine,
                      struct buf *err)
{
    const struct kind_info *info = &kinds[kind];
    /* Where the service has not said it yet, the message was made here, and is one. */
    bool draft = info->draft && json_bool(base, info->draft, true);
    const char *changed =
        info->changeable && !draft ? first_change(kind, base, mine, info->changeable) : NULL;

    if (changed)
        return refuse_change(info, changed, err);
    if (!(info->caps & KIND_CAN_EDIT))
        return check_mark(base, mine, err);
    int rc = members_check(kind, base, mine, err);
    for (const char *const *name = info->required; !rc && *name; name++) {
        if (value_exists(json_get(base, *name)) && !value_exists(json_get(mine, *name)))
            rc = buf_fail(err, -EINVAL, "%s: a %s must have it", *name, info->name);
    }
    return rc;
}
