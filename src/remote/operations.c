/*
 * operations.c - the table of operations, and URLs made from its rows.
 */
#include <outlookfs/remote/operations.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "remote_p.h"

/* clang-format off */
#define TABLE   {"table", PARAM_PATH_DOUBLE, true}
#define ITEM    {"id", PARAM_PATH_DOUBLE, true}
#define MESSAGE {"messageId", PARAM_PATH, true}
#define OPTIONAL(name) {name, PARAM_QUERY, false}
#define REQUIRED(name) {name, PARAM_QUERY, true}

/* Contract sections 2.1-2.25 and 4.9. */
static const struct operation_info v1[] = {
    [OP_GET_EMAILS] = {
        .name = "GetEmails", .method = "GET", .path = "/Mail",
        .params = {OPTIONAL("folderPath"), OPTIONAL("fetchOnlyUnread"),
                   OPTIONAL("includeAttachments"), OPTIONAL("searchQuery"), OPTIONAL("top"),
                   OPTIONAL("skip"), OPTIONAL("skipToken")},
        .answer = ANSWER_LIST, .repeatable = true,
    },
    [OP_GET_EMAIL] = {
        .name = "GetEmail", .method = "GET", .path = "/Mail/{messageId}",
        .params = {MESSAGE, OPTIONAL("mailboxAddress"), OPTIONAL("includeAttachments"),
                   OPTIONAL("internetMessageId")},
        .answer = ANSWER_OBJECT, .identity = "Id", .repeatable = true,
    },
    [OP_SEND_EMAIL] = {
        .name = "SendEmail", .method = "POST", .path = "/Mail",
        .body = BODY_JSON,
    },
    [OP_DELETE_EMAIL] = {
        .name = "DeleteEmail", .method = "DELETE", .path = "/Mail/{messageId}",
        .params = {MESSAGE},
        .repeatable = true,
    },
    [OP_MARK_AS_READ] = {
        .name = "MarkAsRead", .method = "POST", .path = "/Mail/MarkAsRead/{messageId}",
        .params = {MESSAGE},
        .body = BODY_EMPTY, .repeatable = true,
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
        .answer = ANSWER_BYTES, .repeatable = true,
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
        .answer = ANSWER_LIST, .repeatable = true,
    },
    [OP_CALENDAR_GET_ITEMS] = {
        .name = "CalendarGetItems", .method = "GET",
        .path = "/datasets/calendars/tables/{table}/items",
        .params = {TABLE, OPTIONAL("$orderby"), OPTIONAL("$top"), OPTIONAL("$skip"),
                   OPTIONAL("$filter")},
        .answer = ANSWER_LIST, .repeatable = true,
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
        .answer = ANSWER_OBJECT, .identity = "Id", .repeatable = true,
    },
    [OP_CALENDAR_DELETE_ITEM] = {
        .name = "CalendarDeleteItem", .method = "DELETE",
        .path = "/datasets/calendars/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .repeatable = true,
    },
    [OP_CALENDAR_PATCH_ITEM] = {
        .name = "CalendarPatchItem", .method = "PATCH",
        .path = "/datasets/calendars/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "Id", .repeatable = true,
        .update = MERGE_WHOLE,
    },
    [OP_CONTACT_GET_TABLES] = {
        .name = "ContactGetTables", .method = "GET", .path = "/datasets/contacts/tables",
        .answer = ANSWER_LIST, .repeatable = true,
    },
    [OP_CONTACT_GET_ITEMS] = {
        .name = "ContactGetItems", .method = "GET",
        .path = "/datasets/contacts/tables/{table}/items",
        .params = {TABLE, OPTIONAL("$filter"), OPTIONAL("$orderby"), OPTIONAL("$top"),
                   OPTIONAL("$skip")},
        .answer = ANSWER_LIST, .repeatable = true,
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
        .answer = ANSWER_OBJECT, .identity = "Id", .repeatable = true,
    },
    [OP_CONTACT_DELETE_ITEM] = {
        .name = "ContactDeleteItem", .method = "DELETE",
        .path = "/datasets/contacts/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .repeatable = true,
    },
    [OP_CONTACT_PATCH_ITEM] = {
        .name = "ContactPatchItem", .method = "PATCH",
        .path = "/datasets/contacts/tables/{table}/items/{id}",
        .params = {TABLE, ITEM},
        .body = BODY_JSON, .answer = ANSWER_OBJECT, .identity = "Id", .repeatable = true,
        .update = MERGE_WHOLE,
    },
    [OP_ON_UPCOMING_EVENTS] = {
        .name = "OnUpcomingEvents", .method = "GET", .path = "/Events/OnUpcomingEvents",
        .params = {REQUIRED("table"), OPTIONAL("lookAheadTimeInMinutes")},
        .answer = ANSWER_NEWS, .repeatable = true,
    },
    [OP_ON_NEW_EMAIL] = {
        .name = "OnNewEmail", .method = "GET", .path = "/Mail/OnNewEmail",
        .params = {OPTIONAL("folderPath"), OPTIONAL("to"), OPTIONAL("cc"), OPTIONAL("toOrCc"),
                   OPTIONAL("from"), OPTIONAL("importance"), OPTIONAL("fetchOnlyWithAttachment"),
                   OPTIONAL("includeAttachments"), OPTIONAL("subjectFilter")},
        .answer = ANSWER_NEWS, .repeatable = true,
    },
    [OP_CALENDAR_ON_NEW_ITEMS] = {
        .name = "CalendarGetOnNewItems", .method = "GET",
        .path = "/datasets/calendars/tables/{table}/onnewitems",
        .params = {TABLE, OPTIONAL("$filter"), OPTIONAL("$orderby"), OPTIONAL("$top"),
                   OPTIONAL("$skip")},
        .answer = ANSWER_NEWS, .repeatable = true,
    },
    [OP_CALENDAR_ON_UPDATED_ITEMS] = {
        .name = "CalendarGetOnUpdatedItems", .method = "GET",
        .path = "/datasets/calendars/tables/{table}/onupdateditems",
        .params = {TABLE, OPTIONAL("$filter"), OPTIONAL("$orderby"), OPTIONAL("$top"),
                   OPTIONAL("$skip")},
        .answer = ANSWER_NEWS, .repeatable = true,
    },
    [OP_PICKER_OPEN] = {
        .name = "OnFilePickerOpen", .method = "GET", .path = "/OnFilePickerOpen",
        .params = {REQUIRED("operation"), OPTIONAL("top"), OPTIONAL("skip"),
                   OPTIONAL("mailboxAddress")},
        .answer = ANSWER_LIST, .repeatable = true,
    },
    [OP_PICKER_BROWSE] = {
        .name = "OnFilePickerBrowse", .method = "GET", .path = "/OnFilePickerBrowse",
        .params = {REQUIRED("operation"), REQUIRED("id"), OPTIONAL("top"), OPTIONAL("skip"),
                   OPTIONAL("mailboxAddress")},
        .answer = ANSWER_LIST, .repeatable = true,
    },
    [OP_TEST_CONNECTION] = {
        .name = "TestConnection", .method = "GET", .path = "/testconnection",
        .repeatable = true,
    },
    [OP_UNSUBSCRIBE] = {
        /* The address is the Location of a subscription (remote_call.at); this is for reading. */
        .name = "Unsubscribe", .method = "DELETE", .path = "/$subscriptions",
        .repeatable = true,
    },
};
/* clang-format on */
_Static_assert(ARRAY_SIZE(v1) == OP_COUNT, "an operation of v1 is missing");

static const struct operation_info *const versions[] = {
    [API_V1] = v1,
};
_Static_assert(ARRAY_SIZE(versions) == API_COUNT, "a version has no table");

static const struct kind_operations kinds[] = {
    [KIND_MESSAGE] =
        {
            .tables = OP_COUNT,
            .list = OP_GET_EMAILS,
            .get = OP_GET_EMAIL,
            .post = OP_COUNT,
            .patch = OP_COUNT,
            .del = OP_DELETE_EMAIL,
        },
    [KIND_EVENT] =
        {
            .tables = OP_CALENDAR_GET_TABLES,
            .list = OP_CALENDAR_GET_ITEMS,
            .get = OP_CALENDAR_GET_ITEM,
            .post = OP_CALENDAR_POST_ITEM,
            .patch = OP_CALENDAR_PATCH_ITEM,
            .del = OP_CALENDAR_DELETE_ITEM,
        },
    [KIND_CONTACT] =
        {
            .tables = OP_CONTACT_GET_TABLES,
            .list = OP_CONTACT_GET_ITEMS,
            .get = OP_CONTACT_GET_ITEM,
            .post = OP_CONTACT_POST_ITEM,
            .patch = OP_CONTACT_PATCH_ITEM,
            .del = OP_CONTACT_DELETE_ITEM,
        },
};
_Static_assert(ARRAY_SIZE(kinds) == KIND_COUNT, "a kind has no operations");

const struct operation_info *operation_info(enum api_version version, enum operation op)
{
    assert(version < API_COUNT && op < OP_COUNT);
    return &versions[version][op];
}

const struct kind_operations *operation_of_kind(enum kind kind)
{
    assert(kind < KIND_COUNT);
    return &kinds[kind];
}

bool operation_writes(const struct operation_info *info)
{
    return !str_eq(info->method, "GET");
}

static const struct param_spec *find_spec(const struct operation_info *info, const char *name,
                                          size_t len)
{
    for (const struct param_spec *spec = info->params; spec->name; spec++)
        if (strlen(spec->name) == len && !memcmp(spec->name, name, len))
            return spec;
    return NULL;
}

static const char *find_value(const struct param *params, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(params[i].name, name))
            return params[i].value;
    return NULL;
}

static bool params_fit(const struct operation_info *info, const struct param *params, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!find_spec(info, params[i].name, strlen(params[i].name)))
            return false;
    for (const struct param_spec *spec = info->params; spec->name; spec++)
        if (spec->required && !find_value(params, count, spec->name))
            return false;
    return true;
}

static int add_encoded(struct buf *out, const char *value, enum param_where where)
{
    if (where != PARAM_PATH_DOUBLE)
        return str_percent_encode(out, value, strlen(value));

    struct buf once;
    buf_init(&once, out->max);
    int rc = str_percent_encode(&once, value, strlen(value));
    if (!rc)
        rc = str_percent_encode(out, once.data, once.len);
    buf_release(&once);
    return rc;
}

/* An empty segment or a dot segment would address something else than an item of that name. */
static bool is_segment(const char *value)
{
    return value && *value && !str_eq(value, ".") && !str_eq(value, "..");
}

static int add_path(const struct operation_info *info, const struct param *params, size_t count,
                    struct buf *out)
{
    const char *p = info->path;

    for (;;) {
        size_t literal = strcspn(p, "{");
        int rc = buf_add(out, p, literal);
        if (rc)
            return rc;
        p += literal;
        if (!*p)
            return 0;
        size_t len = strcspn(++p, "}");
        const struct param_spec *spec = find_spec(info, p, len);
        assert(spec);
        const char *value = find_value(params, count, spec->name);
        if (!is_segment(value))
            return -EINVAL;
        rc = add_encoded(out, value, spec->where);
        if (rc)
            return rc;
        p += len + 1;
    }
}

static int add_query(const struct operation_info *info, const struct param *params, size_t count,
                     struct buf *out)
{
    char separator = '?';

    for (const struct param_spec *spec = info->params; spec->name; spec++) {
        const char *value = find_value(params, count, spec->name);
        if (spec->where != PARAM_QUERY || !value)
            continue;
        int rc = buf_addf(out, "%c%s=", separator, spec->name);
        if (!rc)
            rc = add_encoded(out, value, PARAM_QUERY);
        if (rc)
            return rc;
        separator = '&';
    }
    return 0;
}

int operation_url(const struct operation_info *info, const struct param *params, size_t count,
                  struct buf *out)
{
    size_t before = out->len;

    if (!info->method || !params_fit(info, params, count)) {
        assert(!"parameters do not fit the operation");
        return -EINVAL;
    }
    int rc = add_path(info, params, count, out);
    if (!rc)
        rc = add_query(info, params, count, out);
    if (rc)
        buf_truncate(out, before);
    return rc;
}

static bool is_query(const char *s)
{
    for (; *s; s++) {
        if (*s <= ' ' || *s > '~' || *s == '#')
            return false;
    }
    return true;
}

int operation_url_query(const struct operation_info *info, const struct param *params, size_t count,
                        const char *query, struct buf *out)
{
    size_t before = out->len;

    if (!info->method || !params_fit(info, params, count)) {
        assert(!"parameters do not fit the operation");
        return -EINVAL;
    }
    int rc = is_query(query) ? add_path(info, params, count, out) : -EINVAL;
    if (!rc)
        rc = buf_addch(out, '?');
    if (!rc)
        rc = buf_addstr(out, query);
    if (rc)
        buf_truncate(out, before);
    return rc;
}
