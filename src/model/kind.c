/*
 * kind.c - the rules that follow from the tables of kinds.
 */
#include <outlookfs/model/kind.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/members.h>

#include "kind_p.h"
#include "value_p.h"

#include <errno.h>
#include <string.h>

static const struct kind_info *const services[] = {
    [SERVICE_CONNECTOR] = connector_kinds,
    [SERVICE_GRAPH] = graph_kinds,
};
_Static_assert(ARRAY_SIZE(services) == SERVICE_COUNT, "a service has no kinds");

static enum service_id service = SERVICE_CONNECTOR;
static const struct kind_info *kinds = connector_kinds;

void kind_use_service(enum service_id which)
{
    service = which;
    kinds = services[which];
}

enum service_id kind_service(void)
{
    return service;
}

static const char *const service_names[] = {
    [SERVICE_CONNECTOR] = "connector",
    [SERVICE_GRAPH] = "graph",
};

const char *service_name(enum service_id id)
{
    return service_names[id];
}

bool service_by_name(const char *name, enum service_id *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(service_names); i++) {
        if (str_eq(service_names[i], name)) {
            *ret = (enum service_id)i;
            return true;
        }
    }
    return false;
}

const struct kind_info *kind_info(enum kind kind)
{
    return &kinds[kind];
}

enum kind kind_by_dir(const char *dir)
{
    enum kind kind = 0;

    while (kind < KIND_COUNT && !str_eq(kinds[kind].dir, dir))
        kind++;
    return kind;
}

static bool in_list(const char *const *names, const char *member)
{
    while (*names && !str_eq(*names, member))
        names++;
    return *names;
}

bool kind_is_managed(enum kind kind, const char *member)
{
    return strstr(member, "@odata.") || in_list(kinds[kind].managed, member);
}

bool kind_is_kept(enum kind kind, const char *member)
{
    return kinds[kind].kept && in_list(kinds[kind].kept, member);
}

bool kind_is_opaque(enum kind kind, const char *member)
{
    return strstr(member, "@odata.") || in_list(kinds[kind].opaque, member);
}

const char *kind_id(enum kind kind, const struct cJSON *obj)
{
    const char *const names[] = {kinds[kind].id, "ItemInternalId"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *id = json_str(obj, names[i]);

        if (id && *id)
            return id;
    }
    return NULL;
}

/*
 * Brings the members the table names to the front, in its order; the others follow as they were. By
 * appending alone: cJSON_InsertItemInArray() as in Debian 12 refuses a detached item anywhere but
 * in front.
 */
static void reorder(cJSON *obj, const char *const *order, size_t count)
{
    int others = cJSON_GetArraySize(obj);

    for (size_t i = 0; i < count; i++) {
        cJSON *member = cJSON_DetachItemFromObjectCaseSensitive(obj, order[i]);

        if (member) {
            cJSON_AddItemToArray(obj, member);
            others--;
        }
    }
    for (; others > 0; others--)
        cJSON_AddItemToArray(obj, cJSON_DetachItemFromArray(obj, 0));
}

/* GetEmails' order of members (recorded answer in contract 2.1). */
static const char *const message_order[] = {
    "From",
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
    "IsHtml",
};

static void normalise_message(cJSON *obj)
{
    static const char *const words[] = {"Low", "Normal", "High"};
    int64_t number = json_int(obj, "Importance", -1);

    if (!cJSON_IsNumber(json_get(obj, "Importance")))
        return;
    if (number >= 0 && number < (int64_t)ARRAY_SIZE(words))
        cJSON_ReplaceItemInObjectCaseSensitive(obj, "Importance",
                                               cJSON_CreateString(words[number]));
    reorder(obj, message_order, ARRAY_SIZE(message_order));
}

void kind_normalise(enum kind kind, struct cJSON *obj)
{
    const char *type = kind_info(kind)->type;

    cJSON_DeleteItemFromObjectCaseSensitive(obj, "@odata.context");
    if (type && str_eq(json_str(obj, "@odata.type"), type))
        cJSON_DeleteItemFromObjectCaseSensitive(obj, "@odata.type");
    if (kind == KIND_MESSAGE)
        normalise_message(obj);
}

/* Gives `obj` the member unless it has a value already; takes `value`. */
static void complete(cJSON *obj, const char *name, cJSON *value)
{
    const cJSON *present = json_get(obj, name);

    if (value_exists(present))
        cJSON_Delete(value);
    else if (present)
        cJSON_ReplaceItemInObjectCaseSensitive(obj, name, value);
    else
        cJSON_AddItemToObject(obj, name, value);
}

void kind_complete_new(enum kind kind, struct cJSON *obj)
{
    if (kind_service() == SERVICE_GRAPH)
        return;
    if (kind == KIND_EVENT) {
        complete(obj, "Importance", cJSON_CreateString("Normal"));
        complete(obj, "ShowAs", cJSON_CreateString("Busy"));
        complete(obj, "StartTimeZone", cJSON_CreateString("UTC"));
        complete(obj, "EndTimeZone", cJSON_CreateString("UTC"));
    } else if (kind == KIND_CONTACT) {
        complete(obj, "HomePhones", cJSON_CreateArray());
    }
}

int kind_check_new(enum kind kind, const struct cJSON *mine, struct buf *err)
{
    const struct kind_info *info = &kinds[kind];

    if (!(info->caps & KIND_CAN_CREATE))
        return buf_fail(err, -EPERM, "the service cannot create a %s in a folder", info->name);
    int rc = members_check(kind, NULL, mine, err);
    for (const char *const *name = info->required; !rc && *name; name++) {
        if (!value_exists(json_get(mine, *name)))
            rc = buf_fail(err, -EINVAL, "%s: required in a new %s", *name, info->name);
    }
    return rc;
}

/* The first member, in base's order and then mine's, that differs and may not; or NULL. */
static const char *first_change(enum kind kind, const cJSON *base, const cJSON *mine)
{
    const struct kind_info *info = &kinds[kind];
    const cJSON *const sides[] = {base, mine};

    for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
        const cJSON *member;

        cJSON_ArrayForEach(member, sides[i])
        {
            const char *name = member->string;

            bool settled = info->settled && in_list(info->settled, name);
            if ((settled || !kind_is_managed(kind, name)) && !in_list(info->changeable, name) &&
                !value_same(json_get(base, name), json_get(mine, name)))
                return name;
        }
    }
    return NULL;
}

static int refuse_change(const struct kind_info *info, const char *member, struct buf *err)
{
    buf_fail(err, 0, "%s: of a %s only ", member, info->name);
    for (const char *const *name = info->changeable; err && *name; name++)
        buf_addf(err, "%s%s", name == info->changeable ? "" : ", ", *name);
    if (err)
        buf_addstr(err, " can change");
    return -EPERM;
}

/* MarkAsRead is all there is (contract 2.5). */
static int check_mark(const cJSON *base, const cJSON *mine, struct buf *err)
{
    if (!cJSON_IsBool(json_get(mine, "IsRead")) &&
        !value_same(json_get(base, "IsRead"), json_get(mine, "IsRead")))
        return buf_fail(err, -EPERM, "IsRead: must be true or false");
    if (json_bool(base, "IsRead", false) && !json_bool(mine, "IsRead", true))
        return buf_fail(err, -EPERM, "IsRead: this API version cannot mark a message unread");
    return 0;
}

int kind_check_update(enum kind kind, const struct cJSON *base, const struct cJSON *mine,
                      struct buf *err)
{
    const struct kind_info *info = &kinds[kind];
    /* Where the service has not said it yet, the message was made here, and is one. */
    bool draft = info->draft && json_bool(base, info->draft, true);
    const char *changed = info->changeable && !draft ? first_change(kind, base, mine) : NULL;

    if (changed)
        return refuse_change(info, changed, err);
    if (!(info->caps & KIND_CAN_EDIT))
        return check_mark(base, mine, err);
    int rc = members_check(kind, base, mine, err);
    for (const char *const *name = info->required; !rc && *name; name++) {
        if (value_exists(json_get(base, *name)) && !value_exists(json_get(mine, *name)))
            rc = buf_fail(err, -EINVAL, "%s: required in a %s", *name, info->name);
    }
    return rc;
}
