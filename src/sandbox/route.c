/*
 * route.c - the table of operations.
 *
 * A dataset's table and id are encoded twice. That is enforced: the segment, decoded once, must
 * still be a percent-encoded text, so a single-encoded or raw '=' is a path nobody knows. Ids of
 * messages and attachments are encoded once; encoded twice they name nothing.
 */
#include "route_p.h"

#include "answer_p.h"
#include "dataset_p.h"
#include "mail_p.h"
#include "picker_p.h"
#include "request_p.h"
#include "response_p.h"
#include "sandbox_p.h"
#include "subscription_p.h"
#include "trigger_p.h"

#include <ctype.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>

static void test_connection(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    (void)sb;
    (void)req;
    answer_empty(ans, 200);
}

#define CALENDARS "/datasets/calendars/tables"
#define CONTACTS "/datasets/contacts/tables"
#define OPTIONS_MAIL "/mailwithoptions/$subscriptions"
#define APPROVAL_MAIL "/approvalmail/$subscriptions"

/* Paths with fewer parameters first. */
static const struct operation operations[] = {
    {"GetEmails", "GET", "/Mail", mail_list},
    {"SendEmail", "POST", "/Mail", mail_send},
    {"MarkAsRead", "POST", "/Mail/MarkAsRead/{id}", mail_mark_read},
    {"ReplyTo", "POST", "/Mail/ReplyTo/{id}", mail_reply},
    {"OnNewEmail", "GET", "/Mail/OnNewEmail", trigger_new_email},
    {"GetEmail", "GET", "/Mail/{id}", mail_get},
    {"DeleteEmail", "DELETE", "/Mail/{id}", mail_delete},
    {"GetAttachment", "GET", "/Mail/{id}/Attachments/{attachment}", mail_attachment},
    {"SendMailWithOptions", "POST", OPTIONS_MAIL, subscription_create},
    {"DeleteOptionsMailSubscription", "DELETE", OPTIONS_MAIL "/{id}", subscription_delete},
    {"SendApprovalMail", "POST", APPROVAL_MAIL, subscription_create},
    {"DeleteApprovalMailSubscription", "DELETE", APPROVAL_MAIL "/{id}", subscription_delete},
    {"RecordResponse", "GET", RECORD_RESPONSE_PATH, response_record, .anonymous = true},
    {"RecordResponse", "POST", RECORD_RESPONSE_PATH, response_record, .anonymous = true},
    {"OnUpcomingEvents", "GET", "/Events/OnUpcomingEvents", trigger_upcoming_events,
     &dataset_calendars},
    {"CalendarGetOnNewItems", "GET", CALENDARS "/{{table}}/onnewitems", trigger_new_items,
     &dataset_calendars},
    {"CalendarGetOnUpdatedItems", "GET", CALENDARS "/{{table}}/onupdateditems",
     trigger_updated_items, &dataset_calendars},
    {"CalendarGetTables", "GET", CALENDARS, dataset_tables, &dataset_calendars},
    {"CalendarGetItems", "GET", CALENDARS "/{{table}}/items", dataset_list, &dataset_calendars},
    {"CalendarPostItem", "POST", CALENDARS "/{{table}}/items", dataset_post, &dataset_calendars},
    {"CalendarGetItem", "GET", CALENDARS "/{{table}}/items/{{id}}", dataset_get,
     &dataset_calendars},
    {"CalendarPatchItem", "PATCH", CALENDARS "/{{table}}/items/{{id}}", dataset_patch,
     &dataset_calendars},
    {"CalendarDeleteItem", "DELETE", CALENDARS "/{{table}}/items/{{id}}", dataset_delete,
     &dataset_calendars},
    {"ContactGetTables", "GET", CONTACTS, dataset_tables, &dataset_contacts},
    {"ContactGetItems", "GET", CONTACTS "/{{table}}/items", dataset_list, &dataset_contacts},
    {"ContactPostItem", "POST", CONTACTS "/{{table}}/items", dataset_post, &dataset_contacts},
    {"ContactGetItem", "GET", CONTACTS "/{{table}}/items/{{id}}", dataset_get, &dataset_contacts},
    {"ContactPatchItem", "PATCH", CONTACTS "/{{table}}/items/{{id}}", dataset_patch,
     &dataset_contacts},
    {"ContactDeleteItem", "DELETE", CONTACTS "/{{table}}/items/{{id}}", dataset_delete,
     &dataset_contacts},
    {"OnFilePickerOpen", "GET", "/OnFilePickerOpen", picker_open, .picker = true},
    {"OnFilePickerBrowse", "GET", "/OnFilePickerBrowse", picker_browse, .picker = true},
    {"TestConnection", "GET", "/testconnection", test_connection},
};

/* Every byte is unreserved or the start of %XX: nothing is left that should have been encoded. */
static bool fully_encoded(const char *s)
{
    for (; *s; s++) {
        if (*s == '%') {
            if (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
                return false;
            s += 2;
        } else if (!isalnum((unsigned char)*s) && !strchr("-._~", *s)) {
            return false;
        }
    }
    return true;
}

/* NULL: not decodable, or not text. */
static char *decode_once(const char *s)
{
    size_t n = strlen(s);
    char *result = NULL;
    struct buf out;

    buf_init(&out, n);
    if (!str_percent_decode(&out, s, n) && str_is_utf8(out.data, out.len) &&
        !memchr(out.data, '\0', out.len))
        result = xstrdup(out.data);
    buf_release(&out);
    return result;
}

static char *decode_twice(const char *s)
{
    char *once, *twice = NULL;

    if (!fully_encoded(s))
        return NULL;
    once = decode_once(s);
    if (once && fully_encoded(once))
        twice = decode_once(once);
    free(once);
    return twice;
}

static char **parameter(struct request *req, const char *name)
{
    if (str_starts(name, "table"))
        return &req->table;
    if (str_starts(name, "attachment"))
        return &req->attachment;
    return &req->id;
}

static bool match_segment(struct request *req, const char *pattern, const char *segment)
{
    bool twice = str_starts(pattern, "{{");
    char **value;

    if (*pattern != '{')
        return !strcmp(pattern, segment);
    if (!*segment)
        return false;
    value = parameter(req, pattern + (twice ? 2 : 1));
    free(*value);
    *value = twice ? decode_twice(segment) : decode_once(segment);
    return *value && **value;
}

/* The part up to the next '/', which is skipped; NULL behind the last. The caller frees it. */
static char *next_segment(const char **cursor)
{
    const char *p = *cursor;
    size_t n;

    if (*p != '/')
        return NULL;
    n = strcspn(p + 1, "/");
    *cursor = p + 1 + n;
    return xstrndup(p + 1, n);
}

static void forget_parameters(struct request *req)
{
    char **values[] = {&req->table, &req->id, &req->attachment};

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        free(*values[i]);
        *values[i] = NULL;
    }
}

static bool match_path(struct request *req, const char *pattern, const char *path)
{
    bool same = true;

    forget_parameters(req);
    while (same) {
        char *want = next_segment(&pattern), *have = next_segment(&path);

        if (!want || !have) {
            same = !want && !have && !*path;
            free(want);
            free(have);
            break;
        }
        same = match_segment(req, want, have);
        free(want);
        free(have);
    }
    if (!same)
        forget_parameters(req);
    return same;
}

const struct operation *route_find(const struct sandbox *sb, struct request *req, const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        const struct operation *op = &operations[i];

        if (op->picker && sb->no_picker)
            continue;
        if (!strcmp(op->method, req->method) && match_path(req, op->path, path)) {
            req->op = op;
            return op;
        }
    }
    return NULL;
}
