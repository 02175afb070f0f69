/*
 * kind_graph.c - contacts, events and messages of Graph.
 */
#include "kind_p.h"

static const char *const no_members[] = {NULL};

/* Read-only members (graph contract 2.1). parentFolderId changes by a move. */
static const char *const message_managed[] = {
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

/* Those of them that nothing changes once a message was sent or received. */
static const char *const message_settled[] = {
    "receivedDateTime",  "sentDateTime", "hasAttachments", "bodyPreview", "conversationId",
    "conversationIndex", NULL,
};

/* Of a message that is not a draft (graph contract 2.3). */
static const char *const message_changeable[] = {
    "isRead", "flag", "categories", "importance", "inferenceClassification", NULL,
};

static const char *const message_opaque[] = {
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
static const char *const event_managed[] = {
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

static const char *const event_required[] = {"start", "end", NULL};

static const char *const rewritten[] = {"body", "bodyPreview", NULL};

static const char *const event_opaque[] = {
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
static const char *const message_kept[] = {
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

static const char *const event_kept[] = {
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
static const char *const contact_managed[] = {
    "id", "changeKey", "createdDateTime", "lastModifiedDateTime", "parentFolderId", NULL,
};

static const char *const name_parts[] = {
    "givenName", "middleName", "surname", "title", "generation", NULL,
};
static const char *const full_names[] = {"displayName", "fileAs", NULL};

/* Creation never changes, and the others not all at once (graph contract 4). */
static const char *const message_whole[] = {"createdDateTime", "body", "isDraft", NULL};
static const char *const contact_whole[] = {"createdDateTime", "emailAddresses", "homeAddress",
                                            NULL};

const struct kind_info graph_kinds[KIND_COUNT] = {
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
            .whole = message_whole,
            .managed = message_managed,
            .kept = message_kept,
            .required = no_members,
            .rewritten = rewritten,
            .opaque = message_opaque,
            .changeable = message_changeable,
            .settled = message_settled,
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
            .managed = event_managed,
            .kept = event_kept,
            .required = event_required,
            .all_day = "isAllDay",
            .invited = "attendees",
            .once = "transactionId",
            .rewritten = rewritten,
            .opaque = event_opaque,
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
            .whole = contact_whole,
            .managed = contact_managed,
            .required = no_members,
            .rewritten = no_members,
            .opaque = contact_managed,
            .name_parts = name_parts,
            .full_names = full_names,
            .follows_parts = "displayName",
            .parent = "parentFolderId",
        },
};
