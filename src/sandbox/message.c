/*
 * message.c - builds, answers and moves messages.
 */
#include "message_p.h"

#include "ids_p.h"
#include "text_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static const char *const importances[] = {"Low", "Normal", "High"};

static const char *const listed_order[] = {"From",
                                           "To",
                                           "Cc",
                                           "Bcc",
                                           "ReplyTo",
                                           "Subject",
                                           "Body",
                                           "Importance",
                                           "BodyPreview",
                                           "HasAttachment",
                                           "Id",
                                           "InternetMessageId",
                                           "ConversationId",
                                           "DateTimeReceived",
                                           "IsRead",
                                           "Attachments",
                                           "IsHtml"};

static const struct {
    const char *suffix, *type;
} types[] = {
    {".txt", "text/plain"},        {".csv", "text/csv"},        {".png", "image/png"},
    {".jpg", "image/jpeg"},        {".pdf", "application/pdf"}, {".html", "text/html"},
    {".json", "application/json"}, {".ics", "text/calendar"},
};

int message_importance(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(importances); i++) {
        if (!strcmp(importances[i], word))
            return (int)i;
    }
    return -EINVAL;
}

static void add_string(cJSON *object, const char *name, const char *value)
{
    cJSON_AddItemToObject(object, name, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

static void add_addresses(cJSON *object, const char *name, const char *list)
{
    char *addresses = text_addresses(list);

    add_string(object, name, addresses);
    free(addresses);
}

static bool has_files(const struct message_draft *d)
{
    for (size_t i = 0; i < d->nfiles; i++) {
        if (!d->files[i].is_inline)
            return true;
    }
    return false;
}

static cJSON *build(const struct message_draft *d, const char *id, uint32_t number)
{
    cJSON *m = cJSON_CreateObject();
    char *conversation = d->conversation ? xstrdup(d->conversation) : ids_conversation(number);
    char *guid = ids_guid(number);
    char *internet = d->internet_id ? xstrdup(d->internet_id) : xasprintf("<%s@contoso.com>", guid);
    char *preview = text_preview(d->body, d->html);
    char received[32];

    str_format_time(d->received, received);
    cJSON_AddStringToObject(m, "Id", id);
    cJSON_AddStringToObject(m, "DateTimeReceived", received);
    cJSON_AddBoolToObject(m, "HasAttachment", has_files(d));
    cJSON_AddStringToObject(m, "InternetMessageId", internet);
    cJSON_AddStringToObject(m, "Subject", d->subject);
    cJSON_AddStringToObject(m, "BodyPreview", preview);
    cJSON_AddNumberToObject(m, "Importance", d->importance);
    cJSON_AddStringToObject(m, "ConversationId", conversation);
    cJSON_AddBoolToObject(m, "IsRead", d->read);
    cJSON_AddBoolToObject(m, "IsHtml", d->html);
    cJSON_AddStringToObject(m, "Body", d->body);
    add_addresses(m, "From", d->from);
    add_addresses(m, "To", d->to);
    add_addresses(m, "Cc", d->cc);
    add_addresses(m, "Bcc", d->bcc);
    add_addresses(m, "ReplyTo", d->reply_to);
    free(preview);
    free(internet);
    free(guid);
    free(conversation);
    return m;
}

static void keys_of(const cJSON *message, struct record_keys *keys)
{
    const char *received = json_str(message, "DateTimeReceived");

    *keys = (struct record_keys){.unread = !json_bool(message, "IsRead", false)};
    if (received && !str_parse_time(received, &keys->sort))
        keys->modified = keys->sort;
}

cJSON *message_add(struct db *db, const struct folder *folder, const struct message_draft *draft)
{
    struct message_draft d = *draft;
    uint32_t number = db_next(db);
    char *id = ids_item(folder->number, number), *text;
    struct record_keys keys;
    cJSON *message;
    int64_t row;

    if (!d.received)
        d.received = db_now(db);
    message = build(&d, id, number);
    keys_of(message, &keys);
    text = json_print(message);
    row = db_record_add(db, RECORD_MESSAGE, id, folder->id, &keys, text);
    for (size_t i = 0; i < d.nfiles; i++) {
        struct attachment a = d.files[i];

        a.number = db_next(db);
        a.modified = d.received;
        db_attachment_add(db, row, &a);
    }
    cJSON_free(text);
    free(id);
    return message;
}

static cJSON *file_form(const char *message_id, const struct attachment *a, bool content)
{
    cJSON *file = cJSON_CreateObject();
    char *id = ids_attachment(message_id, a->number), *bytes;
    char modified[32];

    str_format_time(a->modified, modified);
    cJSON_AddStringToObject(file, "Id", id);
    cJSON_AddStringToObject(file, "Name", a->name);
    if (content) {
        bytes = text_base64(a->content, a->size, TEXT_BASE64_STANDARD);
        cJSON_AddStringToObject(file, "ContentBytes", bytes);
        free(bytes);
    }
    cJSON_AddStringToObject(file, "ContentType", a->type);
    cJSON_AddNumberToObject(file, "Size", (double)(a->size + MESSAGE_ATTACHMENT_OVERHEAD));
    cJSON_AddBoolToObject(file, "IsInline", a->is_inline);
    cJSON_AddStringToObject(file, "LastModifiedDateTime", modified);
    add_string(file, "ContentId", a->content_id);
    free(id);
    return file;
}

static void add_files(struct db *db, cJSON *message, const struct record_row *row, bool content)
{
    cJSON *list = cJSON_AddArrayToObject(message, "Attachments");
    size_t count;
    struct attachment *files = db_attachments(db, row->row, content, &count);

    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, file_form(row->id, &files[i], content));
    attachments_free(files, count);
}

/* The members of GetEmails in their order, then what else the stored message has. */
static cJSON *listed(cJSON *single)
{
    cJSON *out = cJSON_CreateObject(), *item;

    for (size_t i = 0; i < ARRAY_SIZE(listed_order); i++) {
        const char *name = listed_order[i];

        item = cJSON_DetachItemFromObjectCaseSensitive(single, name);
        if (!item)
            continue;
        if (!strcmp(name, "Importance") && cJSON_IsNumber(item) && item->valueint >= 0 &&
            item->valueint <= 2) {
            int importance = item->valueint;

            cJSON_Delete(item);
            item = cJSON_CreateString(importances[importance]);
        }
        cJSON_AddItemToObject(out, name, item);
    }
    while ((item = cJSON_DetachItemFromArray(single, 0)))
        cJSON_AddItemToObject(out, item->string, item);
    cJSON_Delete(single);
    return out;
}

cJSON *message_form(struct db *db, const struct record_row *row, enum message_form form,
                    bool content)
{
    cJSON *message = json_load(row->json);

    add_files(db, message, row, content);
    return form == MESSAGE_LISTED ? listed(message) : message;
}

void message_store(struct db *db, int64_t row, const char *folder, const cJSON *message)
{
    char *text = json_print(message);
    struct record_keys keys;

    keys_of(message, &keys);
    db_record_set(db, row, json_str(message, "Id"), folder, &keys, text);
    cJSON_free(text);
}

char *message_move(struct db *db, const struct record *row, const struct folder *to)
{
    cJSON *message = json_load(row->json);
    char *id = ids_item(to->number, db_next(db));

    cJSON_ReplaceItemInObjectCaseSensitive(message, "Id", cJSON_CreateString(id));
    message_store(db, row->row, to->id, message);
    db_record_mark_moved(db, row->row);
    cJSON_Delete(message);
    return id;
}

static const char *type_of_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        size_t n = strlen(name), s = strlen(types[i].suffix);

        if (n >= s && !strcasecmp(name + n - s, types[i].suffix))
            return types[i].type;
    }
    return "application/octet-stream";
}

static int read_file(const cJSON *from, struct attachment *a, struct buf *err)
{
    const char *name = json_str(from, "Name"), *bytes = json_str(from, "ContentBytes");
    const char *type = json_str(from, "ContentType"), *content_id = json_str(from, "ContentId");
    struct buf content;

    if (!name || !*name || !bytes)
        return buf_fail(err, -EINVAL, "An attachment needs Name and ContentBytes.");
    buf_init(&content, FILE_MAX);
    if (text_base64_decode(&content, bytes)) {
        buf_release(&content);
        return buf_fail(err, -EINVAL, "ContentBytes of attachment '%s' is not a valid base64 text.",
                        name);
    }
    a->name = xstrdup(name);
    a->type = xstrdup(type ? type : type_of_name(name));
    a->content_id = content_id ? xstrdup(content_id) : NULL;
    a->is_inline = json_bool(from, "IsInline", false);
    a->size = content.len;
    a->content = buf_detach(&content);
    return 0;
}

int message_files(const cJSON *attachments, struct attachment **ret, size_t *ret_count,
                  struct buf *err)
{
    struct attachment *list;
    const cJSON *from;
    size_t count = 0;
    int rc = 0;

    if (attachments && !cJSON_IsNull(attachments) && !cJSON_IsArray(attachments))
        return buf_fail(err, -EINVAL, "Attachments: an array is required");
    list = xcalloc((size_t)cJSON_GetArraySize(attachments) + 1, sizeof(*list));
    cJSON_ArrayForEach(from, attachments)
    {
        rc = read_file(from, &list[count++], err);
        if (rc)
            break;
    }
    if (rc) {
        attachments_free(list, count);
        return rc;
    }
    *ret = list;
    *ret_count = count;
    return 0;
}
