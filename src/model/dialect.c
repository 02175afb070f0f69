/*
 * dialect.c - Graph's records in the words of the connector's specification.
 */
#include <outlookfs/model/dialect.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include "value_p.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Addresses of one message: far more than a service takes. */
#define ADDRESSES_MAX ((size_t)1024 * 1024)

/* --- names and words ---------------------------------------------------------------------------- */

/* Members whose name is more than capitalised. */
static const struct {
    const char *graph, *specification;
} renamed[] = {
    {"mobilePhone", "MobilePhone1"},
    {"createdDateTime", "DateTimeCreated"},
    {"lastModifiedDateTime", "DateTimeLastModified"},
    {"receivedDateTime", "DateTimeReceived"},
    {"sentDateTime", "DateTimeSent"},
    {"iCalUId", "ICalUId"},
    {"isOrganizer", "IsOrganizer"},
};

/* Members of Graph whose value is a word of a list, in small letters there and with a capital in the
 * specification. */
static const char *const words[] = {
    "importance", "showAs",     "sensitivity",    "type",        "response",
    "index",      "daysOfWeek", "firstDayOfWeek", "contentType",
};

static char *capitalised(const char *text)
{
    char *copy = xstrdup(text);

    *copy = (char)toupper((unsigned char)*copy);
    return copy;
}

static char *with_small(const char *text)
{
    char *copy = xstrdup(text);

    *copy = (char)tolower((unsigned char)*copy);
    return copy;
}

static char *specified_name(const char *graph)
{
    for (size_t i = 0; i < ARRAY_SIZE(renamed); i++) {
        if (str_eq(renamed[i].graph, graph))
            return xstrdup(renamed[i].specification);
    }
    return capitalised(graph);
}

static char *graph_name(const char *specified)
{
    for (size_t i = 0; i < ARRAY_SIZE(renamed); i++) {
        if (str_eq(renamed[i].specification, specified))
            return xstrdup(renamed[i].graph);
    }
    return with_small(specified);
}

/* A body's contentType is a word, an attachment's is none ("text/plain"). */
static char *specified_word(const char *word)
{
    return str_eq(word, "html") ? xstrdup("HTML")
           : strchr(word, '/')  ? xstrdup(word)
                                : capitalised(word);
}

static char *graph_word(const char *word)
{
    return str_eq(word, "HTML") ? xstrdup("html")
           : strchr(word, '/')  ? xstrdup(word)
                                : with_small(word);
}

/* Into which of the two. */
struct dialect {
    char *(*name)(const char *name), *(*word)(const char *word);
};

static const struct dialect specification = {specified_name, specified_word};
static const struct dialect graph = {graph_name, graph_word};

/* A value and what is below it; `word`: its strings are words. */
static cJSON *translated(const struct dialect *to, const cJSON *value, bool word)
{
    if (cJSON_IsString(value) && word) {
        char *text = to->word(value->valuestring);
        cJSON *string = cJSON_CreateString(text);

        free(text);
        return string;
    }
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
        return cJSON_Duplicate(value, true);

    cJSON *copy = cJSON_IsArray(value) ? cJSON_CreateArray() : cJSON_CreateObject();
    const cJSON *child;
    cJSON_ArrayForEach(child, value)
    {
        if (cJSON_IsArray(value)) {
            cJSON_AddItemToArray(copy, translated(to, child, word));
            continue;
        }
        SCOPED(xfree) char *name = to->name(child->string);
        cJSON_AddItemToObject(
            copy, name,
            translated(to, child,
                       str_in(to == &graph ? name : child->string, words, ARRAY_SIZE(words))));
    }
    return copy;
}

/* Replaces a member, or removes it (`value` NULL). */
static void set(cJSON *obj, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(obj, name);
    if (value)
        cJSON_AddItemToObject(obj, name, value);
}

static cJSON *text_or_null(const char *text)
{
    return text ? cJSON_CreateString(text) : NULL;
}

/* --- reading: messages ------------------------------------------------------------------------- */

static const char *address_of(const cJSON *recipient)
{
    return json_str(json_get(recipient, "emailAddress"), "address");
}

static cJSON *joined(const cJSON *recipients)
{
    SCOPED(buf_release) struct buf out = BUF_INIT(ADDRESSES_MAX);
    const cJSON *r;

    cJSON_ArrayForEach(r, recipients)
    {
        const char *address = address_of(r);

        if (address)
            buf_addf(&out, "%s%s", out.len ? ";" : "", address);
    }
    return cJSON_CreateString(out.data);
}

/* What the name of an attachment that is not a file ends with; NULL: it is one. */
static const char *suffix_of(const cJSON *attachment)
{
    const char *type = json_str(attachment, "@odata.type");
    const char *content = json_str(attachment, "ContentType");

    if (type && str_ends(type, ".referenceAttachment"))
        return ".url";
    if (!type || !str_ends(type, ".itemAttachment"))
        return NULL;
    return str_eq(content, "text/calendar") ? ".ics"
           : str_eq(content, "text/vcard")  ? ".vcf"
                                            : ".eml";
}

static void finish_attachment(cJSON *attachment)
{
    const char *suffix = suffix_of(attachment), *name = json_str(attachment, "Name");

    if (suffix && !(name && str_ends(name, suffix))) {
        SCOPED(xfree) char *full = xasprintf("%s%s", name && *name ? name : "attachment", suffix);

        set(attachment, "Name", cJSON_CreateString(full));
    }
}

static void finish_message(cJSON *out, const cJSON *obj)
{
    static const struct {
        const char *graph, *specification;
    } lists[] = {
        {"toRecipients", "To"},
        {"ccRecipients", "Cc"},
        {"bccRecipients", "Bcc"},
        {"replyTo", "ReplyTo"},
    };
    const cJSON *body = json_get(obj, "body");
    cJSON *attachment;

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        char *name = capitalised(lists[i].graph);

        cJSON_DeleteItemFromObjectCaseSensitive(out, name);
        free(name);
        set(out, lists[i].specification, joined(json_get(obj, lists[i].graph)));
    }
    set(out, "From", text_or_null(address_of(json_get(obj, "from"))));
    set(out, "Body", text_or_null(json_str(body, "content")));
    set(out, "IsHtml", cJSON_CreateBool(str_eq(json_str(body, "contentType"), "html")));
    set(out, "HasAttachment", cJSON_CreateBool(json_bool(obj, "hasAttachments", false)));
    cJSON_ArrayForEach(attachment, json_get(out, "Attachments")) finish_attachment(attachment);
}

/* --- reading: events --------------------------------------------------------------------------- */

static void split_time(cJSON *out, const cJSON *obj, const char *member, const char *name,
                       const char *zone_name)
{
    const cJSON *time = json_get(obj, member);

    set(out, name, text_or_null(json_str(time, "dateTime")));
    set(out, zone_name, text_or_null(json_str(time, "timeZone")));
}

static void finish_event(cJSON *out, const cJSON *obj)
{
    const cJSON *minutes = json_get(obj, "reminderMinutesBeforeStart");
    bool reminds = json_bool(obj, "isReminderOn", false) && minutes;

    split_time(out, obj, "start", "Start", "StartTimeZone");
    split_time(out, obj, "end", "End", "EndTimeZone");
    set(out, "Reminder", reminds ? cJSON_Duplicate(minutes, false) : NULL);
}

/* --- reading ----------------------------------------------------------------------------------- */

struct cJSON *dialect_take(enum kind kind, struct cJSON *obj)
{
    if (kind_service() == SERVICE_CONNECTOR || !cJSON_IsObject(obj))
        return obj;

    cJSON *out = translated(&specification, obj, false);
    if (kind == KIND_MESSAGE)
        finish_message(out, obj);
    else if (kind == KIND_EVENT)
        finish_event(out, obj);
    cJSON_Delete(obj);
    return out;
}

int dialect_parse(enum kind kind, const char *text, size_t len, struct cJSON **ret, struct buf *err)
{
    int rc = json_parse_object(text, len, ret, err);

    if (!rc)
        *ret = dialect_take(kind, *ret);
    return rc;
}

/* --- writing ----------------------------------------------------------------------------------- */

static cJSON *recipient(const char *address, size_t len)
{
    cJSON *object = cJSON_CreateObject();
    SCOPED(xfree) char *text = xstrndup(address, len);

    cJSON_AddStringToObject(cJSON_AddObjectToObject(object, "emailAddress"), "address", text);
    return object;
}

/* "a@contoso.example; b@contoso.example" */
struct cJSON *dialect_recipients(const char *list)
{
    cJSON *array = cJSON_CreateArray();

    for (const char *p = list; *p;) {
        p += strspn(p, "; \t\r\n");
        size_t len = strcspn(p, ";"), end = len;

        while (end && isspace((unsigned char)p[end - 1]))
            end--;
        if (end)
            cJSON_AddItemToArray(array, recipient(p, end));
        p += len;
    }
    return array;
}

static void join_time(cJSON *out, const char *member, const char *zone_member)
{
    const char *zone = json_str(out, zone_member);
    cJSON *time = cJSON_CreateObject();

    cJSON_AddStringToObject(time, "dateTime", json_str(out, member));
    cJSON_AddStringToObject(time, "timeZone", zone ? zone : "UTC");
    set(out, zone_member, NULL);
    cJSON_ReplaceItemInObjectCaseSensitive(out, member, time);
}

struct cJSON *dialect_record(enum kind kind, const struct cJSON *obj)
{
    if (kind_service() == SERVICE_CONNECTOR)
        return cJSON_Duplicate(obj, true);
    cJSON *out = translated(&graph, obj, false);
    if (kind == KIND_EVENT) {
        const cJSON *minutes = json_get(obj, "Reminder");

        join_time(out, "start", "startTimeZone");
        join_time(out, "end", "endTimeZone");
        set(out, "reminder", NULL);
        if (minutes) {
            cJSON_AddTrueToObject(out, "isReminderOn");
            value_add_copy(out, "reminderMinutesBeforeStart", minutes);
        }
    }
    return out;
}

static void add_word(cJSON *message, const char *name, const char *word)
{
    if (word) {
        SCOPED(xfree) char *small = xstrdup(word);

        for (char *c = small; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        cJSON_AddStringToObject(message, name, small);
    }
}

struct cJSON *dialect_message(const struct cJSON *outgoing)
{
    static const struct {
        const char *specification, *graph;
    } lists[] = {
        {"To", "toRecipients"},
        {"Cc", "ccRecipients"},
        {"Bcc", "bccRecipients"},
        {"ReplyTo", "replyTo"},
    };
    cJSON *message = cJSON_CreateObject(), *body;
    const char *from = json_str(outgoing, "From"), *content = json_str(outgoing, "Body");

    cJSON_AddStringToObject(message, "subject", json_str(outgoing, "Subject"));
    body = cJSON_AddObjectToObject(message, "body");
    cJSON_AddStringToObject(body, "contentType",
                            json_bool(outgoing, "IsHtml", false) ? "html" : "text");
    cJSON_AddStringToObject(body, "content", content ? content : "");
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const char *list = json_str(outgoing, lists[i].specification);

        if (list)
            cJSON_AddItemToObject(message, lists[i].graph, dialect_recipients(list));
    }
    if (from && *from)
        cJSON_AddItemToObject(message, "from", recipient(from, strlen(from)));
    add_word(message, "importance", json_str(outgoing, "Importance"));
    return message;
}
