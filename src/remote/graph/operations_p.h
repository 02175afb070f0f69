/*
 * operations_p.h - the table of the operations of Microsoft Graph v1.0 that a mailbox needs.
 *
 * Paths are below ".../v1.0". Ids in paths are percent-encoded once. Source: graph contract
 * sections 1 to 12 (Microsoft's reference pages named there).
 *
 * Threads: any (constant data).
 */
#ifndef OUTLOOKFS_REMOTE_GRAPH_OPERATIONS_P_H
#define OUTLOOKFS_REMOTE_GRAPH_OPERATIONS_P_H

#include "../operation_p.h"
#include "../remote_p.h"

#include <outlookfs/model/kind.h>

enum graph_operation {
    GRAPH_NONE,
    GRAPH_GET_INBOX,
    GRAPH_LIST_MAIL_FOLDERS, /* all of them, flat: the first call of the folders' change feed */
    GRAPH_GET_MAIL_FOLDER,
    GRAPH_CREATE_MAIL_FOLDER,
    GRAPH_CREATE_MAIL_SUBFOLDER,
    GRAPH_LIST_MAIL_SUBFOLDERS,
    GRAPH_UPDATE_MAIL_FOLDER,
    GRAPH_MOVE_MAIL_FOLDER,
    GRAPH_DELETE_MAIL_FOLDER,
    GRAPH_CREATE_CONTACT_FOLDER,
    GRAPH_CREATE_CONTACT_SUBFOLDER,
    GRAPH_UPDATE_CONTACT_FOLDER,
    GRAPH_DELETE_CONTACT_FOLDER,
    GRAPH_LIST_CONTACT_FOLDERS,
    GRAPH_LIST_CONTACT_SUBFOLDERS,
    GRAPH_CONTACT_FOLDER_CHANGES,
    GRAPH_GET_DEFAULT_CONTACT_FOLDER,
    GRAPH_LIST_CALENDARS,
    GRAPH_LIST_MESSAGES,
    GRAPH_MESSAGE_CHANGES,
    GRAPH_NEW_MESSAGES,
    GRAPH_GET_MESSAGE,
    GRAPH_GET_MESSAGE_WITH_ATTACHMENTS,
    GRAPH_GET_MIME,
    GRAPH_UPDATE_MESSAGE,
    GRAPH_CREATE_MESSAGE,
    GRAPH_IMPORT_MESSAGE, /* of RFC 5322 */
    GRAPH_DELETE_MESSAGE,
    GRAPH_PURGE_MESSAGE, /* not into Deleted Items */
    GRAPH_MOVE_MESSAGE,
    GRAPH_CREATE_DRAFT,
    GRAPH_SEND_DRAFT,
    GRAPH_CREATE_REPLY,
    GRAPH_CREATE_REPLY_ALL,
    GRAPH_CREATE_FORWARD,
    GRAPH_LIST_ATTACHMENTS,
    GRAPH_GET_ATTACHMENT, /* its bytes */
    GRAPH_DESCRIBE_ATTACHMENT,
    GRAPH_ADD_ATTACHMENT,
    GRAPH_CREATE_UPLOAD,
    GRAPH_UPLOAD_STATUS, /* of that address */
    GRAPH_UPLOAD,        /* a piece, to the address that GRAPH_CREATE_UPLOAD gave */
    GRAPH_FIND_MESSAGES, /* in all folders */
    GRAPH_LIST_EVENTS,
    GRAPH_LIST_CALENDAR_VIEW, /* occurrences, too */
    GRAPH_GET_EVENT,
    GRAPH_FIND_EVENT,
    GRAPH_CREATE_EVENT,
    GRAPH_UPDATE_EVENT,
    GRAPH_DELETE_EVENT,
    GRAPH_ACCEPT_EVENT,
    GRAPH_TENTATIVELY_ACCEPT_EVENT,
    GRAPH_DECLINE_EVENT,
    GRAPH_LIST_CONTACTS,
    GRAPH_CONTACT_CHANGES,
    GRAPH_GET_CONTACT,
    GRAPH_FIND_CONTACT,
    GRAPH_CREATE_CONTACT,
    GRAPH_UPDATE_CONTACT,
    GRAPH_DELETE_CONTACT,
    GRAPH_GET_PHOTO,
    GRAPH_SET_PHOTO,
    GRAPH_GET_AUTOMATIC_REPLIES,
    GRAPH_UPDATE_SETTINGS,
    GRAPH_BATCH,     /* up to 20 requests in one */
    GRAPH_NEXT_PAGE, /* a link that a page ends with */
    GRAPH_OPERATIONS
};

extern const struct operation_info graph_operations[GRAPH_OPERATIONS];
extern const struct kind_operations graph_by_kind[KIND_COUNT];

#endif
