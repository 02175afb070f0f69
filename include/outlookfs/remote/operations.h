/*
 * operations.h - THE table of operations: every operation of the service, for each API version we
 * speak.
 *
 * One row says everything about an operation: method, path, where its parameters go and how they
 * are encoded, what the body may be, whether repeating it is safe, and how an update must be sent.
 * Adding an operation is a row; adding a version is a column of rows. Source: connector contract
 * section 2 and the swagger of each version.
 *
 * Threads: any (constant data).
 */
#ifndef OUTLOOKFS_REMOTE_OPERATIONS_H
#define OUTLOOKFS_REMOTE_OPERATIONS_H

#include <outlookfs/model/merge.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;

enum api_version { API_V1, API_COUNT };

/* Named as in the v1 specification. */
enum operation {
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

enum param_where { PARAM_PATH, PARAM_PATH_DOUBLE, PARAM_QUERY };

struct param_spec {
    const char *name; /* as in the URL: "$top", "table"; NULL ends the list */
    enum param_where where;
    bool required;
};

#define OPERATION_PARAMS_MAX 10

enum body_policy { BODY_NONE, BODY_EMPTY, BODY_JSON }; /* BODY_EMPTY: POST with Content-Length: 0 */

/* What a success must be to be one: see connector_read(). */
enum answer_policy {
    ANSWER_NONE,   /* no body at all */
    ANSWER_OBJECT, /* a JSON object with the member `identity` */
    ANSWER_LIST,   /* a JSON array of objects, bare or as the member "value" */
    ANSWER_NEWS,   /* the same; 202 without a body: nothing new */
    ANSWER_BYTES,  /* 200 and the bytes of a file */
};

struct operation_info {
    const char *name;   /* operationId: "ContactGetItem" */
    const char *method; /* NULL: this version does not have the operation */
    const char *path;   /* "/datasets/contacts/tables/{table}/items/{id}" */
    struct param_spec params[OPERATION_PARAMS_MAX];
    enum body_policy body;
    enum answer_policy answer;
    const char *identity; /* ANSWER_OBJECT: a text that is there and not empty */
    bool repeatable; /* the same request twice leaves the same state: GET, PATCH, DELETE, MarkAsRead
                      */
    enum merge_policy update; /* for PATCH: what the body must hold */
};

/* One parameter's value, unencoded. */
struct param {
    const char *name;
    const char *value; /* NULL: not sent */
};

const struct operation_info *operation_info(enum api_version version, enum operation op);

/* The five operations of a kind that live in tables (calendars, contacts); for messages get, list
 * and del only, the others are OP_COUNT. */
struct kind_operations {
    enum operation tables, list, get, post, patch, del;
};
const struct kind_operations *operation_of_kind(enum kind kind);

/*
 * Appends path and query with every parameter encoded as its row says. Parameters unknown to the
 * row or required and missing are a programming error: assert. Order in the URL is the table's. On
 * failure `out` is as it was: -ENOBUFS when its maximum would be passed; -EINVAL for a path
 * parameter that is empty, "." or "..", which would address something else.
 */
int operation_url(const struct operation_info *info, const struct param *params, size_t count,
                  struct buf *out);

/* The same with `query` as it is for everything behind the path. -EINVAL also for a query that is
 * none: control characters, blanks, '#', bytes above 0x7e. */
int operation_url_query(const struct operation_info *info, const struct param *params, size_t count,
                        const char *query, struct buf *out);

#endif
