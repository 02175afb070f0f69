/*
 * memory_tables.c - calendars and contacts of the mailbox in memory.
 */
#include "memory_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What an event gets that is not told: the first values of the enums (contract 2.12). */
static const struct {
    const char *name, *value;
} event_defaults[] = {
    {"Importance", "Low"},
    {"ShowAs", "Free"},
    {"Type", "SingleInstance"},
};

static const char *event_default(enum kind kind, const char *name)
{
    for (size_t i = 0; kind == KIND_EVENT && i < ARRAY_SIZE(event_defaults); i++)
        if (str_eq(event_defaults[i].name, name))
            return event_defaults[i].value;
    return NULL;
}

/* The value of a member that an update has left out. */
static cJSON *reset_value(enum kind kind, const cJSON *member)
{
    const char *otherwise = event_default(kind, member->string);

    if (otherwise)
        return cJSON_CreateString(otherwise);
    if (cJSON_IsString(member))
        return cJSON_CreateString("");
    if (cJSON_IsArray(member))
        return cJSON_CreateArray();
    return cJSON_CreateNull();
}

/*
 * What a record becomes. `old` is NULL for a create. Destructive, as the recorded updates are
 * (contract 2.15, 2.21): what the body lacks is reset. Members only the service writes stay what
 * they are whatever the body says.
 */
static cJSON *apply_body(enum kind kind, const cJSON *old, const cJSON *body)
{
    cJSON *obj = cJSON_CreateObject();
    const cJSON *member;

    cJSON_ArrayForEach(member, old)
    {
        const cJSON *given = json_get(body, member->string);
        cJSON *value = kind_is_managed(kind, member->string) ? cJSON_Duplicate(member, true)
                       : given                               ? cJSON_Duplicate(given, true)
                                                             : reset_value(kind, member);
        cJSON_AddItemToObject(obj, member->string, value);
    }
    cJSON_ArrayForEach(member, body)
    {
        if (!kind_is_managed(kind, member->string) && !json_get(obj, member->string))
            cJSON_AddItemToObject(obj, member->string, cJSON_Duplicate(member, true));
    }
    for (size_t i = 0; kind == KIND_EVENT && i < ARRAY_SIZE(event_defaults); i++)
        if (!json_get(obj, event_defaults[i].name))
            cJSON_AddStringToObject(obj, event_defaults[i].name, event_defaults[i].value);
    return obj;
}

static const char *missing_member(enum kind kind, const cJSON *body)
{
    for (const char *const *name = kind_info(kind)->required; *name; name++)
        if (!json_get(body, *name))
            return *name;
    return NULL;
}

static enum grade refuse_incomplete(struct memory_work *w, const char *member)
{
    char *why = xasprintf("ErrorInvalidRequest: %s is required", member);
    enum grade grade = memory_refused(w, why);

    free(why);
    return grade;
}

static const struct mailbox_folder *find_table(const struct memory_work *w)
{
    return mailbox_get_folder(w->mb, w->kind, memory_param(w, "table"));
}

/* The service finds an item by its id alone, but the table must exist. */
static struct mailbox_record *find_item(const struct memory_work *w)
{
    return find_table(w) ? mailbox_find(w->mb, w->kind, memory_param(w, "id")) : NULL;
}

static cJSON *present_item(const struct memory_work *w, const cJSON *obj)
{
    (void)w;
    return cJSON_Duplicate(obj, true);
}

enum grade memory_get_tables(struct memory_work *w)
{
    w->call->answer = cJSON_CreateArray();
    for (size_t i = 0; i < w->mb->nfolders; i++) {
        const struct mailbox_folder *f = w->mb->folders[i];
        if (f->kind != w->kind)
            continue;
        cJSON *table = cJSON_CreateObject();
        cJSON_AddStringToObject(table, "Name", f->id);
        cJSON_AddStringToObject(table, "DisplayName", f->path);
        cJSON_AddArrayToObject(table, "items");
        cJSON_AddItemToArray(w->call->answer, table);
    }
    return memory_ok(w, 200);
}

enum grade memory_get_items(struct memory_work *w)
{
    struct memory_list list = {
        .folder = find_table(w),
        .skip = memory_number(w, "$skip", 0),
        .top = memory_number(w, "$top", UINT_MAX),
        .present = present_item,
    };
    const struct kind_info *info = kind_info(w->kind);
    const char *orderby = memory_param(w, "$orderby");

    if (!list.folder)
        return memory_gone(w);
    if (memory_param(w, "$filter"))
        return memory_refused(w, "ErrorInvalidRequest: $filter is not supported here");
    if (orderby) {
        if (str_starts(orderby, info->modified))
            list.newest_by = info->modified;
        else if (str_starts(orderby, info->created))
            list.newest_by = info->created;
        if (!list.newest_by || !str_eq(orderby + strlen(list.newest_by), " desc"))
            return memory_refused(w, "ErrorInvalidRequest: this $orderby is not supported here");
    }
    memory_list(w, &list);
    return memory_ok(w, 200);
}

enum grade memory_get_item(struct memory_work *w)
{
    const struct mailbox_record *rec = find_item(w);

    if (!rec)
        return memory_gone(w);
    w->call->answer = present_item(w, rec->obj);
    return memory_ok(w, 200);
}

enum grade memory_post_item(struct memory_work *w)
{
    const struct mailbox_folder *table = find_table(w);
    const char *missing = missing_member(w->kind, w->body);

    if (!table)
        return memory_gone(w);
    if (missing)
        return refuse_incomplete(w, missing);
    const struct mailbox_record *rec =
        mailbox_add(w->mb, w->kind, table, apply_body(w->kind, NULL, w->body));
    w->call->answer = present_item(w, rec->obj);
    return memory_ok(w, 201);
}

enum grade memory_patch_item(struct memory_work *w)
{
    struct mailbox_record *rec = find_item(w);
    const char *missing = missing_member(w->kind, w->body);

    if (!rec)
        return memory_gone(w);
    if (missing)
        return refuse_incomplete(w, missing);
    mailbox_change(w->mb, rec, apply_body(w->kind, rec->obj, w->body));
    w->call->answer = present_item(w, rec->obj);
    return memory_ok(w, 200);
}

enum grade memory_delete_item(struct memory_work *w)
{
    struct mailbox_record *rec = find_item(w);

    if (!rec)
        return memory_gone(w);
    mailbox_remove(w->mb, rec);
    return memory_ok(w, 200);
}
