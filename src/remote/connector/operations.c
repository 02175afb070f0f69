/*
 * operations.c - the connector's table of operations.
 */
#include "operations_p.h"

#include <assert.h>

/* clang-format off */
#define TABLE   {"table", PARAM_PATH_DOUBLE, true}
#define ITEM    {"id", PARAM_PATH_DOUBLE, true}
#define MESSAGE {"messageId", PARAM_PATH, true}
#define OPTIONAL(name) {name, PARAM_QUERY, false}
#define REQUIRED(name) {name, PARAM_QUERY, true}

/* Contract sections 2.1-2.25 and 4.9. */
const struct operation_info connector_operations[OP_COUNT] = {
    [OP_GET_EMAILS] = {
        .name = "GetEmails", .method = "GET", .path = "/Mail",
        .params = {OPTIONAL("folderPath"), OPTIONAL("fetchOnlyUnread"),
                   OPTIONAL("includeAttachments"), OPTIONAL("searchQuery"), OPTIONAL("top"),
                   OPTIONAL("skip"), OPTIONAL("skipToken")},
        .answer = ANSWER_LIST, .identity = "Id",
    },
    [OP_GET_EMAIL] = {
        .name = "GetEmail", .method = "GET", .path = "/Mail/{messageId}",
        .params = {MESSAGE, OPTIONAL("mailboxAddress"), OPTIONAL("includeAttachments"),
                   OPTIONAL("internetMessageId")},
        .answer = ANSWER_OBJECT, .identity = "Id",
    },
    [OP_SEND_EMAIL] = {
        .name = "SendEmail", .method = "POST", .path = "/Mail",
        .body = BODY_JSON,
    },
    [OP_DELETE_EMAIL] = {
        .name = "DeleteEmail", .method = "DELETE", .path = "/Mail/{messageId}",
        .params = {MESSAGE},
    },
    [OP_MARK_AS_READ] = {
        .name = "MarkAsRead", .method = "POST", .path = "/Mail/MarkAsRead/{messageId}",
        .params = {MESSAGE},
        .body = BODY_EMPTY,
    },
    [OP_REPLY_TO] = {
        .name = "ReplyTo", .method = "POST", .path = "/Mail/ReplyTo/{messageId}",
        .params = {MESSAGE, REQUIRED("comment"), OPTIONAL("replyAll")},
        .body = BODY_EMPTY,
    },
    [OP_REPLY_TO_V3] = {
        .name = "ReplyToV3", .method = "POST", .path = "/v3/Mail/ReplyTo/{messageId}",
        .params = {MESSAGE},
        .body = BODY_JSON,
    },
    [OP_GET_ATTACHMENT] = {
        .name = "GetAttachment", .method = "GET",
        .path = "/Mail/{messageId}/Attachments/{attachmentId}",
        .params = {MESSAGE, {"attachmentId", PARAM_PATH, true}},
        .answer = ANSWER_BYTES,
    },
    [OP_SEND_MAIL_WITH_OPTIONS] = {
        .name = "SendMailWithOptions", .method = "POST", .path = "/mailwithoptions/$subscriptions",
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [OP_SEND_APPROVAL_MAIL] = {
        .name = "SendApprovalMail", .method = "POST", .path = "/approvalmail/$subscriptions",
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [OP_CALENDAR_GET_TABLES] = {
        .name = "CalendarGetTables", .method = "GET", .path = "/datasets/calendars/tables",
        .answer = ANSWER_LIST, .identity = "Name", .empty = LIST_VALUE,
    },
    [OP_CALENDAR_GET_ITEMS] = {
        .name = "CalendarGetItems", .method = "GET",
        .path = "/datasets/calendars/tables/{table}/items",
        .params = {TABLE, OPTIONAL("$orderby"), OPTIONAL("$top"), OPTIONAL("$skip"),
                   OPTIONAL("$filter")},
        .answer = ANSWER_LIST, .identity = "Id", .empty = LIST_VALUE,
    },
    [OP_CALENDAR_POST_ITEM] = {
        .name = "CalendarPostItem", .method = "POST",
        .path = "/datasets/calendars/tables/{table}/items",
        .params = {TABLE},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "Id",
    },
    [OP_CALENDAR_GET_ITEM] = {
        .name = "CalendarGetItem", .method = "GET",
        .path = "/datasets/calendars/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .answer = ANSWER_OBJECT, .identity = "Id",
    },
    [OP_CALENDAR_DELETE_ITEM] = {
        .name = "CalendarDeleteItem", .method = "DELETE",
        .path = "/datasets/calendars/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
    },
    [OP_CALENDAR_PATCH_ITEM] = {
        .name = "CalendarPatchItem", .method = "PATCH",
        .path = "/datasets/calendars/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "Id",
        .update = MERGE_WHOLE,
    },
    [OP_CONTACT_GET_TABLES] = {
        .name = "ContactGetTables", .method = "GET", .path = "/datasets/contacts/tables",
        .answer = ANSWER_LIST, .identity = "Name", .empty = LIST_VALUE,
    },
    [OP_CONTACT_GET_ITEMS] = {
        .name = "ContactGetItems", .method = "GET",
        .path = "/datasets/contacts/tables/{table}/items",
        .params = {TABLE, OPTIONAL("$filter"), OPTIONAL("$orderby"), OPTIONAL("$top"),
                   OPTIONAL("$skip")},
        .answer = ANSWER_LIST, .identity = "Id", .empty = LIST_VALUE,
    },
    [OP_CONTACT_POST_ITEM] = {
        .name = "ContactPostItem", .method = "POST",
        .path = "/datasets/contacts/tables/{table}/items",
        .params = {TABLE},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "Id",
    },
    [OP_CONTACT_GET_ITEM] = {
        .name = "ContactGetItem", .method = "GET",
        .path = "/datasets/contacts/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .answer = ANSWER_OBJECT, .identity = "Id",
    },
    [OP_CONTACT_DELETE_ITEM] = {
        .name = "ContactDeleteItem", .method = "DELETE",
        .path = "/datasets/contacts/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
    },
    [OP_CONTACT_PATCH_ITEM] = {
        .name = "ContactPatchItem", .method = "PATCH",
        .path = "/datasets/contacts/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "Id",
        .update = MERGE_WHOLE,
    },
    [OP_ON_UPCOMING_EVENTS] = {
        .name = "OnUpcomingEvents", .method = "GET", .path = "/Events/OnUpcomingEvents",
        .params = {REQUIRED("table"), OPTIONAL("lookAheadTimeInMinutes")},
        .answer = ANSWER_NEWS, .identity = "Id",
    },
    [OP_ON_NEW_EMAIL] = {
        .name = "OnNewEmail", .method = "GET", .path = "/Mail/OnNewEmail",
        .params = {OPTIONAL("folderPath"), OPTIONAL("to"), OPTIONAL("cc"), OPTIONAL("toOrCc"),
                   OPTIONAL("from"), OPTIONAL("importance"), OPTIONAL("fetchOnlyWithAttachment"),
                   OPTIONAL("includeAttachments"), OPTIONAL("subjectFilter")},
        .answer = ANSWER_NEWS, .identity = "Id",
    },
    [OP_CALENDAR_ON_NEW_ITEMS] = {
        .name = "CalendarGetOnNewItems", .method = "GET",
        .path = "/datasets/calendars/tables/{table}/onnewitems",
        .params = {TABLE, OPTIONAL("$filter"), OPTIONAL("$orderby"), OPTIONAL("$top"),
                   OPTIONAL("$skip")},
        .answer = ANSWER_NEWS, .identity = "Id",
    },
    [OP_CALENDAR_ON_UPDATED_ITEMS] = {
        .name = "CalendarGetOnUpdatedItems", .method = "GET",
        .path = "/datasets/calendars/tables/{table}/onupdateditems",
        .params = {TABLE, OPTIONAL("$filter"), OPTIONAL("$orderby"), OPTIONAL("$top"),
                   OPTIONAL("$skip")},
        .answer = ANSWER_NEWS, .identity = "Id",
    },
    [OP_PICKER_OPEN] = {
        .name = "OnFilePickerOpen", .method = "GET", .path = "/OnFilePickerOpen",
        .params = {REQUIRED("operation"), OPTIONAL("top"), OPTIONAL("skip"),
                   OPTIONAL("mailboxAddress")},
        .answer = ANSWER_LIST, .identity = "Id", .empty = LIST_VALUE,
    },
    [OP_PICKER_BROWSE] = {
        .name = "OnFilePickerBrowse", .method = "GET", .path = "/OnFilePickerBrowse",
        .params = {REQUIRED("operation"), REQUIRED("id"), OPTIONAL("top"), OPTIONAL("skip"),
                   OPTIONAL("mailboxAddress")},
        .answer = ANSWER_LIST, .identity = "Id", .empty = LIST_VALUE,
    },
    [OP_TEST_CONNECTION] = {
        .name = "TestConnection", .method = "GET", .path = "/testconnection",
    },
    [OP_UNSUBSCRIBE] = {
        /* The address is the Location of a subscription (remote_call.at); this is for reading. */
        .name = "Unsubscribe", .method = "DELETE", .path = "/$subscriptions",
    },
};
/* clang-format on */

const struct kind_operations connector_by_kind[KIND_COUNT] = {
    [KIND_MESSAGE] =
        {
            .list = OP_GET_EMAILS,
            .get = OP_GET_EMAIL,
            .remove = OP_DELETE_EMAIL,
            .mark_read = OP_MARK_AS_READ,
        },
    [KIND_EVENT] =
        {
            .folders = OP_CALENDAR_GET_TABLES,
            .list = OP_CALENDAR_GET_ITEMS,
            .get = OP_CALENDAR_GET_ITEM,
            .create = OP_CALENDAR_POST_ITEM,
            .update = OP_CALENDAR_PATCH_ITEM,
            .remove = OP_CALENDAR_DELETE_ITEM,
        },
    [KIND_CONTACT] =
        {
            .folders = OP_CONTACT_GET_TABLES,
            .list = OP_CONTACT_GET_ITEMS,
            .get = OP_CONTACT_GET_ITEM,
            .create = OP_CONTACT_POST_ITEM,
            .update = OP_CONTACT_PATCH_ITEM,
            .remove = OP_CONTACT_DELETE_ITEM,
        },
};

const struct operation_info *connector_operation(enum operation op)
{
    assert(op > OP_NONE && op < OP_COUNT);
    return &connector_operations[op];
}

enum operation operation_of_row(const struct operation_info *info)
{
    assert(info > connector_operations && info < connector_operations + OP_COUNT);
    return (enum operation)(info - connector_operations);
}
