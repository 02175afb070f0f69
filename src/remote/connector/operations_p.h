/*
 * operations_p.h - THE table of the connector's operations. Adding an operation is a row. Source:
 * connector contract section 2 and the swagger of v1.
 *
 * Threads: any (constant data).
 */
#ifndef OUTLOOKFS_REMOTE_CONNECTOR_OPERATIONS_P_H
#define OUTLOOKFS_REMOTE_CONNECTOR_OPERATIONS_P_H

#include "../operation_p.h"
#include "../remote_p.h"

#include <outlookfs/model/kind.h>

/* Named as in the v1 specification. */
enum operation {
    OP_NONE,
    OP_GET_EMAILS,
    OP_GET_EMAIL,
    OP_SEND_EMAIL,
    OP_DELETE_EMAIL,
    OP_MARK_AS_READ,
    OP_REPLY_TO,
    OP_REPLY_TO_V3, /* of the later versions: the comment is in the body (contract sections 6, 8) */
    OP_GET_ATTACHMENT,
    OP_SEND_MAIL_WITH_OPTIONS,
    OP_SEND_APPROVAL_MAIL,
    OP_CALENDAR_GET_TABLES,
    OP_CALENDAR_GET_ITEMS,
    OP_CALENDAR_POST_ITEM,
    OP_CALENDAR_GET_ITEM,
    OP_CALENDAR_DELETE_ITEM,
    OP_CALENDAR_PATCH_ITEM,
    OP_CONTACT_GET_TABLES,
    OP_CONTACT_GET_ITEMS,
    OP_CONTACT_POST_ITEM,
    OP_CONTACT_GET_ITEM,
    OP_CONTACT_DELETE_ITEM,
    OP_CONTACT_PATCH_ITEM,
    OP_ON_UPCOMING_EVENTS,
    OP_ON_NEW_EMAIL,
    OP_CALENDAR_ON_NEW_ITEMS,
    OP_CALENDAR_ON_UPDATED_ITEMS,
    OP_PICKER_OPEN, /* in the service, not in the v1 specification (contract 4.9) */
    OP_PICKER_BROWSE,
    OP_TEST_CONNECTION,
    OP_UNSUBSCRIBE, /* DELETE of the Location a subscription was answered with (contract 4.4) */
    OP_COUNT
};

extern const struct operation_info connector_operations[OP_COUNT];
extern const struct kind_operations connector_by_kind[KIND_COUNT];

const struct operation_info *connector_operation(enum operation op);

/* The operation of a row of the table. */
enum operation operation_of_row(const struct operation_info *info);

#endif
