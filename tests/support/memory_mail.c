/*
 * memory_mail.c - mail, sending and the folder picker of the mailbox in memory.
 */
#include "memory_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>

#define DELETED "Deleted Items"
#define SENT "Sent Items"

static struct mailbox_record *find_message(const struct memory_work *w)
{
    return mailbox_find(w->mb, KIND_MESSAGE, memory_param(w, "messageId"));
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_wanted(const struct memory_work *w, const cJSON *obj)
{
    static const char *const searched[] = {"Subject", "From", "Body"};
    const char *query = memory_param(w, "searchQuery");

    if (memory_flag(w, "fetchOnlyUnread", true) && json_bool(obj, "IsRead", false))
        return false;
    if (!query)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(searched); i++) {
        const char *text = json_str(obj, searched[i]);
        if (text && strcasestr(text, query))
            return true;
    }
    return false;
}

static cJSON *present_message(const struct memory_work *w, const cJSON *obj)
{
    cJSON *copy = cJSON_Duplicate(obj, true);
    cJSON *attachment;

    if (!memory_flag(w, "includeAttachments", false))
        cJSON_ArrayForEach(attachment, json_get(copy, "Attachments"))
            cJSON_DeleteItemFromObjectCaseSensitive(attachment, "ContentBytes");
    return copy;
}

enum grade memory_get_emails(struct memory_work *w)
{
    const char *path = memory_param(w, "folderPath");
    const struct memory_list list = {
        .folder = mailbox_get_folder(w->mb, KIND_MESSAGE, path ? path : "Inbox"),
        .newest_by = kind_info(KIND_MESSAGE)->modified,
        .skip = memory_number(w, "skip", 0),
        .top = memory_number(w, "top", 10),
        .wanted = is_wanted,
        .present = present_message,
    };

    if (!list.folder)
        return memory_gone(w);
    memory_list(w, &list);
    return memory_ok(w, 200);
}

/* GetEmail gives as a number what the list gives as a word (contract 2.1). */
static void number_importance(cJSON *message)
{
    static const char *const words[] = {"Low", "Normal", "High"};
    const char *word = json_str(message, "Importance");

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq(word, words[i])) {
            mailbox_set(message, "Importance", cJSON_CreateNumber((double)i));
            return;
        }
}

enum grade memory_get_email(struct memory_work *w)
{
    const struct mailbox_record *rec = find_message(w);

    if (!rec)
        return memory_gone(w);
    w->call->answer = present_message(w, rec->obj);
    number_importance(w->call->answer);
    return memory_ok(w, 200);
}

enum grade memory_get_attachment(struct memory_work *w)
{
    const struct mailbox_record *rec = find_message(w);
    const char *id = memory_param(w, "attachmentId");
    const cJSON *attachment;

    if (!rec)
        return memory_gone(w);
    cJSON_ArrayForEach(attachment, json_get(rec->obj, "Attachments"))
    {
        if (!str_eq(json_str(attachment, "Id"), id))
            continue;
        const char *content = json_str(attachment, "ContentBytes");
        size_t size;
        if (!content)
            content = "";
        if (base64_size(content, &size) || base64_decode(&w->bytes, content, strlen(content)))
            return memory_refused(w, "ErrorInvalidRequest: ContentBytes is not base64");
        return memory_ok(w, 200);
    }
    return memory_gone(w);
}

/* --- changing --------------------------------------------------------------------------------- */

enum grade memory_mark_as_read(struct memory_work *w)
{
    struct mailbox_record *rec = find_message(w);

    if (!rec)
        return memory_gone(w);
    mailbox_set(rec->obj, "IsRead", cJSON_CreateTrue());
    return memory_ok(w, 200);
}

enum grade memory_delete_email(struct memory_work *w)
{
    struct mailbox_record *rec = find_message(w);

    if (!rec)
        return memory_gone(w);
    const struct mailbox_folder *deleted = mailbox_make_folder(w->mb, KIND_MESSAGE, DELETED);
    if (rec->folder == deleted)
        mailbox_remove(w->mb, rec);
    else
        mailbox_move(w->mb, rec, deleted);
    return memory_ok(w, 200);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* `message` is taken. */
static void keep_sent(struct memory_work *w, cJSON *message)
{
    mailbox_set(message, "IsRead", cJSON_CreateTrue());
    mailbox_add(w->mb, KIND_MESSAGE, mailbox_make_folder(w->mb, KIND_MESSAGE, SENT), message);
}

static bool has_recipient(const cJSON *message)
{
    const char *to = json_str(message, "To");

    return to && *to;
}

enum grade memory_send_email(struct memory_work *w)
{
    if (!has_recipient(w->body))
        return memory_refused(w, "ErrorInvalidRecipients: To is required");
    keep_sent(w, cJSON_Duplicate(w->body, true));
    return memory_ok(w, 200);
}

enum grade memory_reply_to(struct memory_work *w)
{
    const struct mailbox_record *rec = find_message(w);

    if (!rec)
        return memory_gone(w);
    const char *subject = json_str(rec->obj, "Subject");
    const char *from = json_str(rec->obj, "From");
    char *answer = xasprintf("RE: %s", subject ? subject : "");
    cJSON *message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "To", from ? from : "");
    cJSON_AddStringToObject(message, "Subject", answer);
    const char *body = w->body ? json_str(w->body, "Body") : memory_param(w, "comment");
    cJSON_AddStringToObject(message, "Body", body);
    free(answer);
    keep_sent(w, message);
    return memory_ok(w, 200);
}

enum grade memory_subscribe(struct memory_work *w)
{
    const cJSON *message = json_get(w->body, "Message");
    const char *url = json_str(w->body, "NotificationUrl");

    if (!has_recipient(message) || !url)
        return memory_refused(w, "ErrorInvalidRequest: Message and NotificationUrl are required");
    keep_sent(w, cJSON_Duplicate(message, true));
    char *id = xasprintf("82f94813-bcdb-4b1b-b576-%012u", ++w->mb->serial);
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "id", id);
    cJSON_AddStringToObject(answer, "resource", id);
    cJSON_AddStringToObject(answer, "notificationType", "webhook");
    cJSON_AddStringToObject(answer, "notificationUrl", url);
    w->call->answer = answer;
    w->call->location = xasprintf("/$subscriptions/%s", id);
    free(id);
    return memory_ok(w, 201);
}

enum grade memory_unsubscribe(struct memory_work *w)
{
    if (!w->call->at || !strstr(w->call->at, "/$subscriptions/"))
        return memory_gone(w);
    return memory_ok(w, 200);
}

/* --- the folder picker ------------------------------------------------------------------------ */

/* The last component of a path directly in `parent` (NULL: a root), or NULL. */
static const char *name_in(const char *path, const char *parent)
{
    if (parent) {
        size_t len = strlen(parent);
        if (!str_starts(path, parent) || path[len] != '/')
            return NULL;
        path += len + 1;
    }
    return strchr(path, '/') ? NULL : path;
}

enum grade memory_picker(struct memory_work *w)
{
    const char *id = memory_param(w, "id");
    const struct mailbox_folder *parent = NULL;
    unsigned skip = memory_number(w, "skip", 0);
    unsigned top = memory_number(w, "top", 100);

    if (!str_eq(memory_param(w, "operation"), "MailFolders"))
        return memory_refused(w, "ErrorInvalidRequest: this picker is not supported here");
    if (id && !(parent = mailbox_get_folder(w->mb, KIND_MESSAGE, id)))
        return memory_gone(w);
    w->call->answer = cJSON_CreateArray();
    for (size_t i = 0; i < w->mb->nfolders && top > 0; i++) {
        const struct mailbox_folder *f = w->mb->folders[i];
        const char *name =
            f->kind == KIND_MESSAGE ? name_in(f->path, parent ? parent->path : NULL) : NULL;
        if (!name || (skip > 0 && skip--))
            continue;
        top--;
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "Id", f->id);
        cJSON_AddStringToObject(entry, "DisplayName", name);
        cJSON_AddBoolToObject(entry, "IsFolder", true);
        cJSON_AddStringToObject(entry, "Path", f->path);
        cJSON_AddItemToArray(w->call->answer, entry);
    }
    return memory_ok(w, 200);
}
