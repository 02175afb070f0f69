/*
 * operations.c - the table of Graph's operations.
 */
#include "operations_p.h"

/* A request holds so much of attachments at most (graph contract 9.2). */
#define ATTACHED_MAX 3000000

/* clang-format off */
#define FOLDER {"folder", PARAM_PATH, true}
#define ITEM {"id", PARAM_PATH, true}
#define QUERY(name) {name, PARAM_QUERY, false}
#define LISTING QUERY("$top"), QUERY("$skip"), QUERY("$filter"), QUERY("$orderby"), QUERY("$search"), QUERY("$select")

const struct operation_info graph_operations[GRAPH_OPERATIONS] = {
    [GRAPH_GET_INBOX] = {
        .name = "GetInbox", .method = "GET", .path = "/me/mailFolders/inbox",
        .params = {QUERY("$select")},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_LIST_MAIL_FOLDERS] = {
        .name = "ListMailFolders", .method = "GET", .path = "/me/mailFolders/delta",
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_GET_MAIL_FOLDER] = {
        .name = "GetMailFolder", .method = "GET", .path = "/me/mailFolders/{folder}",
        .params = {FOLDER, QUERY("$select")},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_MAIL_FOLDER] = {
        .name = "CreateMailFolder", .method = "POST",
        .path = "/me/mailFolders",
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_MAIL_SUBFOLDER] = {
        .name = "CreateChildFolder", .method = "POST",
        .path = "/me/mailFolders/{folder}/childFolders",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_LIST_MAIL_SUBFOLDERS] = {
        .name = "ListChildFolders", .method = "GET",
        .path = "/me/mailFolders/{folder}/childFolders",
        .params = {FOLDER, QUERY("$top")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_UPDATE_MAIL_FOLDER] = {
        .name = "UpdateMailFolder", .method = "PATCH",
        .path = "/me/mailFolders/{folder}",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_MOVE_MAIL_FOLDER] = {
        .name = "MoveMailFolder", .method = "POST",
        .path = "/me/mailFolders/{folder}/move",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_DELETE_MAIL_FOLDER] = {
        .name = "DeleteMailFolder", .method = "DELETE",
        .path = "/me/mailFolders/{folder}",
        .params = {FOLDER},
    },
    [GRAPH_CREATE_CONTACT_FOLDER] = {
        .name = "CreateContactFolder", .method = "POST",
        .path = "/me/contactFolders",
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_CONTACT_SUBFOLDER] = {
        .name = "CreateChildContactFolder", .method = "POST",
        .path = "/me/contactFolders/{folder}/childFolders",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_UPDATE_CONTACT_FOLDER] = {
        .name = "UpdateContactFolder", .method = "PATCH",
        .path = "/me/contactFolders/{folder}",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_DELETE_CONTACT_FOLDER] = {
        .name = "DeleteContactFolder", .method = "DELETE",
        .path = "/me/contactFolders/{folder}",
        .params = {FOLDER},
    },
    [GRAPH_LIST_CONTACT_FOLDERS] = {
        .name = "ListContactFolders", .method = "GET", .path = "/me/contactFolders",
        .params = {QUERY("$top")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_LIST_CONTACT_SUBFOLDERS] = {
        .name = "ListContactSubfolders", .method = "GET",
        .path = "/me/contactFolders/{folder}/childFolders",
        .params = {FOLDER, QUERY("$top")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_CONTACT_FOLDER_CHANGES] = {
        .name = "ContactFolderChanges", .method = "GET", .path = "/me/contactFolders/delta",
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_GET_DEFAULT_CONTACT_FOLDER] = {
        .name = "GetDefaultContactFolder", .method = "GET", .path = "/me/contactFolders/contacts",
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_LIST_CALENDARS] = {
        .name = "ListCalendars", .method = "GET", .path = "/me/calendars",
        .params = {QUERY("$top")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_LIST_MESSAGES] = {
        .name = "ListMessages", .method = "GET", .path = "/me/mailFolders/{folder}/messages",
        .params = {FOLDER, LISTING, QUERY("$expand")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_MESSAGE_CHANGES] = {
        .name = "MessageChanges", .method = "GET", .path = "/me/mailFolders/{folder}/messages/delta",
        .params = {FOLDER, QUERY("$orderby")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_NEW_MESSAGES] = {
        .name = "NewMessages", .method = "GET", .path = "/me/mailFolders/{folder}/messages/delta",
        .params = {FOLDER, QUERY("$select"), QUERY("changeType")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_GET_MESSAGE] = {
        .name = "GetMessage", .method = "GET", .path = "/me/messages/{id}",
        .params = {ITEM, QUERY("$select"), QUERY("$expand")},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_GET_MESSAGE_WITH_ATTACHMENTS] = {
        .name = "GetMessageWithAttachments", .method = "GET", .path = "/me/messages/{id}",
        .params = {ITEM, {"$expand", PARAM_QUERY, true}},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_GET_MIME] = {
        .name = "GetMessageMime", .method = "GET", .path = "/me/messages/{id}/$value",
        .params = {ITEM},
        .answer = ANSWER_BYTES,
    },
    [GRAPH_UPDATE_MESSAGE] = {
        .name = "UpdateMessage", .method = "PATCH", .path = "/me/messages/{id}",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id", .update = MERGE_CHANGES, .conditional = true,
    },
    [GRAPH_DELETE_MESSAGE] = {
        .name = "DeleteMessage", .method = "DELETE", .path = "/me/messages/{id}",
        .params = {ITEM},
    },
    [GRAPH_PURGE_MESSAGE] = {
        .name = "PermanentDeleteMessage", .method = "POST", .path = "/me/messages/{id}/permanentDelete",
        .params = {ITEM},
        .body = BODY_EMPTY,
    },
    [GRAPH_MOVE_MESSAGE] = {
        .name = "MoveMessage", .method = "POST", .path = "/me/messages/{id}/move",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_MESSAGE] = {
        .name = "CreateMessage", .method = "POST", .path = "/me/mailFolders/{folder}/messages",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id", .attached_max = ATTACHED_MAX,
    },
    [GRAPH_IMPORT_MESSAGE] = {
        .name = "ImportMessage", .method = "POST", .path = "/me/mailFolders/{folder}/messages",
        .params = {FOLDER},
        .body = BODY_BYTES, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_DRAFT] = {
        .name = "CreateDraft", .method = "POST", .path = "/me/messages",
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_SEND_DRAFT] = {
        .name = "SendDraft", .method = "POST", .path = "/me/messages/{id}/send",
        .params = {ITEM},
        .body = BODY_EMPTY,
    },
    [GRAPH_CREATE_REPLY] = {
        .name = "CreateReply", .method = "POST", .path = "/me/messages/{id}/createReply",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_REPLY_ALL] = {
        .name = "CreateReplyAll", .method = "POST", .path = "/me/messages/{id}/createReplyAll",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_FORWARD] = {
        .name = "CreateForward", .method = "POST", .path = "/me/messages/{id}/createForward",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_LIST_ATTACHMENTS] = {
        .name = "ListAttachments", .method = "GET", .path = "/me/messages/{id}/attachments",
        .params = {ITEM, QUERY("$select")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_GET_ATTACHMENT] = {
        .name = "GetAttachment", .method = "GET",
        .path = "/me/messages/{id}/attachments/{attachment}/$value",
        .params = {ITEM, {"attachment", PARAM_PATH, true}},
        .answer = ANSWER_BYTES,
    },
    [GRAPH_DESCRIBE_ATTACHMENT] = {
        .name = "DescribeAttachment", .method = "GET",
        .path = "/me/messages/{id}/attachments/{attachment}",
        .params = {ITEM, {"attachment", PARAM_PATH, true}, {"$expand", PARAM_QUERY, true}},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_ADD_ATTACHMENT] = {
        .name = "AddAttachment", .method = "POST", .path = "/me/messages/{id}/attachments",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_UPLOAD] = {
        .name = "CreateUploadSession", .method = "POST",
        .path = "/me/messages/{id}/attachments/createUploadSession",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "uploadUrl",
    },
    [GRAPH_UPLOAD] = {
        .name = "Upload", .method = "PUT", .path = "",
        .body = BODY_BYTES, .answer = ANSWER_SPARSE, .identity = "nextExpectedRanges",
    },
    [GRAPH_UPLOAD_STATUS] = {
        .name = "UploadStatus", .method = "GET", .path = "",
        .answer = ANSWER_OBJECT, .identity = "expirationDateTime",
    },
    [GRAPH_FIND_MESSAGES] = {
        .name = "FindMessages", .method = "GET", .path = "/me/messages",
        .params = {QUERY("$filter"), QUERY("$select")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_LIST_EVENTS] = {
        .name = "ListEvents", .method = "GET", .path = "/me/calendars/{folder}/events",
        .params = {FOLDER, LISTING},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_LIST_CALENDAR_VIEW] = {
        .name = "ListCalendarView", .method = "GET", .path = "/me/calendars/{folder}/calendarView",
        .params = {FOLDER, {"startDateTime", PARAM_QUERY, true}, {"endDateTime", PARAM_QUERY, true},
                   QUERY("$top")},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_GET_EVENT] = {
        .name = "GetEvent", .method = "GET", .path = "/me/events/{id}",
        .params = {ITEM, QUERY("$select"), QUERY("$expand")},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_FIND_EVENT] = {
        .name = "GetEvent", .method = "GET", .path = "/me/calendars/{folder}/events/{id}",
        .params = {FOLDER, ITEM},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_EVENT] = {
        .name = "CreateEvent", .method = "POST", .path = "/me/calendars/{folder}/events",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id", .attached_max = ATTACHED_MAX,
    },
    [GRAPH_UPDATE_EVENT] = {
        .name = "UpdateEvent", .method = "PATCH", .path = "/me/events/{id}",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id", .update = MERGE_CHANGES, .conditional = true,
    },
    [GRAPH_DELETE_EVENT] = {
        .name = "DeleteEvent", .method = "DELETE", .path = "/me/events/{id}",
        .params = {ITEM},
    },
    [GRAPH_ACCEPT_EVENT] = {
        .name = "AcceptEvent", .method = "POST", .path = "/me/events/{id}/accept",
        .params = {ITEM},
        .body = BODY_JSON,
    },
    [GRAPH_TENTATIVELY_ACCEPT_EVENT] = {
        .name = "TentativelyAcceptEvent", .method = "POST", .path = "/me/events/{id}/tentativelyAccept",
        .params = {ITEM},
        .body = BODY_JSON,
    },
    [GRAPH_DECLINE_EVENT] = {
        .name = "DeclineEvent", .method = "POST", .path = "/me/events/{id}/decline",
        .params = {ITEM},
        .body = BODY_JSON,
    },
    [GRAPH_LIST_CONTACTS] = {
        .name = "ListContacts", .method = "GET", .path = "/me/contactFolders/{folder}/contacts",
        .params = {FOLDER, LISTING},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_CONTACT_CHANGES] = {
        .name = "ContactChanges", .method = "GET",
        .path = "/me/contactFolders/{folder}/contacts/delta",
        .params = {FOLDER},
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
    [GRAPH_GET_CONTACT] = {
        .name = "GetContact", .method = "GET", .path = "/me/contacts/{id}",
        .params = {ITEM},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_FIND_CONTACT] = {
        .name = "GetContact", .method = "GET", .path = "/me/contactFolders/{folder}/contacts/{id}",
        .params = {FOLDER, ITEM},
        .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_CREATE_CONTACT] = {
        .name = "CreateContact", .method = "POST", .path = "/me/contactFolders/{folder}/contacts",
        .params = {FOLDER},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id",
    },
    [GRAPH_UPDATE_CONTACT] = {
        .name = "UpdateContact", .method = "PATCH", .path = "/me/contacts/{id}",
        .params = {ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "id", .update = MERGE_CHANGES, .conditional = true,
    },
    [GRAPH_DELETE_CONTACT] = {
        .name = "DeleteContact", .method = "DELETE", .path = "/me/contacts/{id}",
        .params = {ITEM},
    },
    [GRAPH_GET_PHOTO] = {
        .name = "GetContactPhoto", .method = "GET", .path = "/me/contacts/{id}/photo/$value",
        .params = {ITEM},
        .answer = ANSWER_BYTES,
    },
    [GRAPH_SET_PHOTO] = {
        .name = "SetContactPhoto", .method = "PUT", .path = "/me/contacts/{id}/photo/$value",
        .params = {ITEM},
        .body = BODY_BYTES, .answer = ANSWER_SPARSE,
    },
    [GRAPH_GET_AUTOMATIC_REPLIES] = {
        .name = "GetAutomaticReplies", .method = "GET",
        .path = "/me/mailboxSettings/automaticRepliesSetting",
        .answer = ANSWER_OBJECT, .identity = "status",
    },
    [GRAPH_UPDATE_SETTINGS] = {
        .name = "UpdateMailboxSettings", .method = "PATCH", .path = "/me/mailboxSettings",
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "automaticRepliesSetting",
    },
    [GRAPH_BATCH] = {
        .name = "Batch", .method = "POST", .path = "/$batch",
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "responses",
    },
    [GRAPH_NEXT_PAGE] = {
        .name = "NextPage", .method = "GET", .path = "",
        .answer = ANSWER_LIST, .identity = "id", .empty = LIST_ODATA,
    },
};
/* clang-format on */

const struct kind_operations graph_by_kind[KIND_COUNT] = {
    [KIND_MESSAGE] =
        {
            .list = GRAPH_LIST_MESSAGES,
            .changes = GRAPH_MESSAGE_CHANGES,
            .get = GRAPH_GET_MESSAGE,
            .create = GRAPH_CREATE_MESSAGE,
            .update = GRAPH_UPDATE_MESSAGE,
            .remove = GRAPH_DELETE_MESSAGE,
            .move = GRAPH_MOVE_MESSAGE,
        },
    [KIND_EVENT] =
        {
            .list = GRAPH_LIST_EVENTS,
            .get = GRAPH_GET_EVENT,
            .find = GRAPH_FIND_EVENT,
            .create = GRAPH_CREATE_EVENT,
            .update = GRAPH_UPDATE_EVENT,
            .remove = GRAPH_DELETE_EVENT,
        },
    [KIND_CONTACT] =
        {
            .list = GRAPH_LIST_CONTACTS,
            .changes = GRAPH_CONTACT_CHANGES,
            .get = GRAPH_GET_CONTACT,
            .find = GRAPH_FIND_CONTACT,
            .create = GRAPH_CREATE_CONTACT,
            .update = GRAPH_UPDATE_CONTACT,
            .remove = GRAPH_DELETE_CONTACT,
        },
};
