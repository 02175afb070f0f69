/*
 * kind_connector.c - contacts, events and messages of the connector.
 */
#include "kind_p.h"

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

const struct kind_info connector_kinds[KIND_COUNT] = {
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
