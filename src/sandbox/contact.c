/*
 * contact.c - contacts: defaults of a POST and the partly destructive PATCH.
 *
 * The rule of a PATCH, from one recorded sample (connector contract, 2.21): a member left out is,
 * by its type, a list: []; AssistantName, Manager, MobilePhone1: ""; DisplayName: made again from
 * the names; an address: five nulls (inferred); anything else: kept. A member that is null counts
 * as given: it clears a string, and means [] and five nulls for the rest.
 */
#include "dataset_p.h"
#include "ids_p.h"
#include "schema_p.h"

#include <errno.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>

static void replace_string(cJSON *object, const char *name, const char *value)
{
    cJSON_ReplaceItemInObjectCaseSensitive(object, name, cJSON_CreateString(value));
}

static cJSON *member_value(const struct member *m, const cJSON *body, const cJSON *old)
{
    const cJSON *value = json_get(body, m->name);

    if (m->flags & MEMBER_MANAGED)
        return schema_shape(m, json_get(old, m->name));
    if (value || !old)
        return schema_shape(m, value);
    if (m->flags & MEMBER_BLANKED)
        return cJSON_CreateString("");
    if (m->type == MEMBER_STRING || m->type == MEMBER_TIME)
        return schema_shape(m, json_get(old, m->name));
    return schema_shape(m, NULL);
}

/* The first that is there: given name and surname, company, first mail address. */
static void set_display_name(cJSON *contact)
{
    const char *given = json_str(contact, "GivenName"), *surname = json_str(contact, "Surname");
    const cJSON *mail = cJSON_GetArrayItem(json_get(contact, "EmailAddresses"), 0);
    struct buf name;

    buf_init(&name, 64 * 1024);
    if (given && *given)
        buf_addstr(&name, given);
    if (surname && *surname)
        buf_addf(&name, "%s%s", name.len ? " " : "", surname);
    if (!name.len && json_str(contact, "CompanyName"))
        buf_addstr(&name, json_str(contact, "CompanyName"));
    if (!name.len && json_str(mail, "Address"))
        buf_addstr(&name, json_str(mail, "Address"));
    replace_string(contact, "DisplayName", name.data);
    buf_release(&name);
}

static void normalise_birthday(cJSON *contact)
{
    const char *text = json_str(contact, "Birthday");
    char out[32];
    int64_t ns;

    if (text && !str_parse_time(text, &ns)) {
        str_format_time(ns, out);
        replace_string(contact, "Birthday", out);
    }
}

static void set_managed(struct db *db, cJSON *contact, const struct folder *folder)
{
    char *id = ids_item(folder->number, db_next(db));
    char now[32];

    str_format_time(db_now(db), now);
    replace_string(contact, "Id", id);
    replace_string(contact, "ParentFolderId", folder->id);
    replace_string(contact, "CreatedDateTime", now);
    replace_string(contact, "DateTimeCreated", now);
    free(id);
}

static int build_contact(struct db *db, const cJSON *body, const cJSON *old,
                         const struct folder *folder, cJSON **ret, struct buf *err)
{
    cJSON *contact = cJSON_CreateObject();
    const char *given_name = json_str(body, "DisplayName");

    (void)err;
    for (const struct member *m = schema_contact; m->name; m++)
        cJSON_AddItemToObject(contact, m->name, member_value(m, body, old));
    if (!old)
        set_managed(db, contact, folder);
    if (!old && !json_str(contact, "FileAs"))
        replace_string(contact, "FileAs", "");
    if (!given_name || !*given_name)
        set_display_name(contact);
    normalise_birthday(contact);
    *ret = contact;
    return 0;
}

static void contact_keys(const cJSON *contact, struct record_keys *ret)
{
    const char *modified = json_str(contact, "DateTimeLastModified");

    ret->sort = 0; /* equal ones are listed in the order they came */
    if (modified)
        str_parse_time(modified, &ret->modified);
}

const struct dataset dataset_contacts = {
    .kind = RECORD_CONTACT,
    .alias = "Contacts",
    .owner = false,
    .newest_first = false,
    .members = schema_contact,
    .build = build_contact,
    .keys = contact_keys,
};
