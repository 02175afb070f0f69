/*
 * mailbox.c - folders and records in memory, and the members a mailbox fills in.
 */
#include "mailbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Contract 4.8. */
#define ID_LENGTH 152
#define FOLDER_ID_LENGTH 120
#define ATTACHMENT_ID_LENGTH 180

#define ID_PREFIX "AAMkADZiMmZiZGEwLTIyZDYtNDA3ZC1hZjJkLTljYjgxNjQ5YjFkNwBGAAAAAAC1"

/* Members of a contact that say the same twice (contract 2.17). */
#define CONTACT_CREATED "CreatedDateTime"
#define CONTACT_MODIFIED "LastModifiedDateTime"

/* --- ids, versions, times --------------------------------------------------------------------- */

/*
 * Like the service's: URL-safe base64 of a given length that begins alike for all and ends in '='.
 */
static char *new_id(struct mailbox *mb, const char *prefix, size_t length)
{
    char tail[24];
    char *id = xmalloc(length + 1);
    size_t n = strlen(prefix);

    snprintf(tail, sizeof(tail), "B%08x-_AA=", ++mb->serial);
    memset(id, 'A', length);
    memcpy(id, prefix, n);
    memcpy(id + length - strlen(tail), tail, strlen(tail) + 1);
    return id;
}

static char *new_change_key(struct mailbox *mb, enum kind kind)
{
    unsigned serial = ++mb->serial;

    if (kind == KIND_EVENT)
        return xasprintf("69QNktTLJkyFveedsm+/2w%08x==", serial);
    return xasprintf("EQAAABYAAADr1A2S1MsmTIW9552ybeHb%08x", serial);
}

/* Events are stamped to 100 ns, everything else to the second (contract 4.8). */
static char *stamp(enum kind kind)
{
    char seconds[32];
    int64_t now = clock_now();

    str_format_time(now, seconds);
    if (kind != KIND_EVENT)
        return xstrdup(seconds);
    return xasprintf("%.19s.%07lld+00:00", seconds, (long long)(now % NS_PER_S / 100));
}

void mailbox_set(struct cJSON *obj, const char *name, struct cJSON *value)
{
    if (json_get(obj, name))
        cJSON_ReplaceItemInObjectCaseSensitive(obj, name, value);
    else
        cJSON_AddItemToObject(obj, name, value);
}

static void set_string(struct cJSON *obj, const char *name, const char *value)
{
    mailbox_set(obj, name, cJSON_CreateString(value));
}

static void set_missing(struct cJSON *obj, const char *name, const char *value)
{
    if (name && !json_get(obj, name))
        set_string(obj, name, value);
}

/* `fresh`: a record that is new, whose given members count; else one that has changed. */
static void sign(struct mailbox *mb, enum kind kind, struct cJSON *obj, bool fresh)
{
    const struct kind_info *info = kind_info(kind);
    char *now = stamp(kind);
    char *key = new_change_key(mb, kind);

    if (fresh) {
        set_missing(obj, info->created, now);
        set_missing(obj, info->modified, now);
        set_missing(obj, info->etag, key);
    } else if (info->etag) {
        set_string(obj, info->modified, now);
        set_string(obj, info->etag, key);
    }
    if (kind == KIND_CONTACT) {
        set_string(obj, CONTACT_CREATED, json_str(obj, info->created));
        set_string(obj, CONTACT_MODIFIED, json_str(obj, info->modified));
    }
    free(key);
    free(now);
}

/* An attachment's id begins with that of its message; `renew`: that one is new, so all are. */
static void sign_attachments(struct mailbox *mb, const char *id, struct cJSON *obj, bool renew)
{
    cJSON *list = json_get(obj, "Attachments");
    cJSON *attachment;

    if (!list)
        list = cJSON_AddArrayToObject(obj, "Attachments");
    cJSON_ArrayForEach(attachment, list)
    {
        if (!renew && json_str(attachment, "Id"))
            continue;
        char *aid = new_id(mb, id, ATTACHMENT_ID_LENGTH);
        set_string(attachment, "Id", aid);
        free(aid);
    }
    mailbox_set(obj, "HasAttachment", cJSON_CreateBool(cJSON_GetArraySize(list) > 0));
}

static void complete(struct mailbox *mb, struct mailbox_record *rec, struct cJSON *obj, bool moved)
{
    set_string(obj, kind_info(rec->kind)->id, rec->id);
    if (rec->kind == KIND_CONTACT)
        set_string(obj, "ParentFolderId", rec->folder->id);
    if (rec->kind == KIND_MESSAGE) {
        if (!json_get(obj, "IsRead"))
            mailbox_set(obj, "IsRead", cJSON_CreateFalse());
        sign_attachments(mb, rec->id, obj, moved);
    }
}

/* --- folders ---------------------------------------------------------------------------------- */

const struct mailbox_folder *mailbox_get_folder(const struct mailbox *mb, enum kind kind,
                                                const char *name)
{
    if (kind == KIND_MESSAGE && str_starts(name, "Id::"))
        name += strlen("Id::");
    for (size_t i = 0; i < mb->nfolders; i++) {
        const struct mailbox_folder *f = mb->folders[i];
        if (f->kind == kind && (str_eq(f->id, name) || str_eq(f->path, name)))
            return f;
    }
    return NULL;
}

static const struct mailbox_folder *add_folder(struct mailbox *mb, enum kind kind, char *path)
{
    struct mailbox_folder *f = xcalloc(1, sizeof(*f));

    f->kind = kind;
    f->id = new_id(mb, "AAMkADZi", kind == KIND_EVENT ? ID_LENGTH : FOLDER_ID_LENGTH);
    f->path = path;
    mb->folders = xrealloc(mb->folders, (mb->nfolders + 1) * sizeof(struct mailbox_folder *));
    mb->folders[mb->nfolders++] = f;
    return f;
}

const struct mailbox_folder *mailbox_make_folder(struct mailbox *mb, enum kind kind,
                                                 const char *name)
{
    const struct mailbox_folder *found = mailbox_get_folder(mb, kind, name);

    if (found)
        return found;
    for (const char *slash = name; kind == KIND_MESSAGE && (slash = strchr(slash, '/')); slash++) {
        char *parent = xstrndup(name, (size_t)(slash - name));
        if (mailbox_get_folder(mb, kind, parent))
            free(parent);
        else
            add_folder(mb, kind, parent);
    }
    return add_folder(mb, kind, xstrdup(name));
}

/* --- records ---------------------------------------------------------------------------------- */

struct mailbox_record *mailbox_find(const struct mailbox *mb, enum kind kind, const char *id)
{
    struct mailbox_record *rec = map_get(&mb->by_id, id);

    return rec && rec->kind == kind ? rec : NULL;
}

struct mailbox_record *mailbox_add(struct mailbox *mb, enum kind kind,
                                   const struct mailbox_folder *folder, struct cJSON *obj)
{
    struct mailbox_record *rec = xcalloc(1, sizeof(*rec));
    const char *given = kind_id(kind, obj);

    rec->kind = kind;
    rec->folder = folder;
    rec->id = given ? xstrdup(given) : new_id(mb, ID_PREFIX, ID_LENGTH);
    rec->obj = obj;
    complete(mb, rec, obj, false);
    sign(mb, kind, obj, true);
    mb->records = xrealloc(mb->records, (mb->nrecords + 1) * sizeof(struct mailbox_record *));
    mb->records[mb->nrecords++] = rec;
    map_set(&mb->by_id, rec->id, rec);
    return rec;
}

void mailbox_change(struct mailbox *mb, struct mailbox_record *rec, struct cJSON *obj)
{
    cJSON_Delete(rec->obj);
    rec->obj = obj;
    complete(mb, rec, obj, false);
    sign(mb, rec->kind, obj, false);
}

void mailbox_move(struct mailbox *mb, struct mailbox_record *rec,
                  const struct mailbox_folder *folder)
{
    map_remove(&mb->by_id, rec->id);
    free(rec->id);
    rec->id = new_id(mb, ID_PREFIX, ID_LENGTH);
    rec->folder = folder;
    map_set(&mb->by_id, rec->id, rec);
    complete(mb, rec, rec->obj, true);
}

static void record_free(struct mailbox_record *rec)
{
    cJSON_Delete(rec->obj);
    free(rec->id);
    free(rec);
}

void mailbox_remove(struct mailbox *mb, struct mailbox_record *rec)
{
    size_t i = 0;

    while (mb->records[i] != rec)
        i++;
    memmove(&mb->records[i], &mb->records[i + 1],
            (mb->nrecords - i - 1) * sizeof(struct mailbox_record *));
    mb->nrecords--;
    map_remove(&mb->by_id, rec->id);
    record_free(rec);
}

/* --- lifetime --------------------------------------------------------------------------------- */

void mailbox_init(struct mailbox *mb)
{
    *mb = (struct mailbox){0};
    map_init(&mb->by_id);
    mailbox_make_folder(mb, KIND_EVENT, "Calendar");
    mailbox_make_folder(mb, KIND_CONTACT, "Contacts");
    mailbox_make_folder(mb, KIND_MESSAGE, "Inbox");
}

void mailbox_release(struct mailbox *mb)
{
    for (size_t i = 0; i < mb->nrecords; i++)
        record_free(mb->records[i]);
    free(mb->records);
    for (size_t i = 0; i < mb->nfolders; i++) {
        free(mb->folders[i]->id);
        free(mb->folders[i]->path);
        free(mb->folders[i]);
    }
    free(mb->folders);
    map_release(&mb->by_id);
}
