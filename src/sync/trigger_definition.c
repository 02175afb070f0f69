/*
 * trigger_definition.c - the table of triggers; a definition becomes a question.
 */
#include "listing_p.h"
#include "triggers_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- the table (connector contract 2.22 to 2.25) ---------------------------------------------- */

enum member_type { MEMBER_TEXT, MEMBER_FOLDER, MEMBER_FLAG, MEMBER_COUNT, MEMBER_IMPORTANCE };

struct member {
    const char *name; /* also of the parameter; NULL ends the list */
    enum member_type type;
    bool required;
    const char *otherwise; /* what is sent when it is not given; NULL: nothing */
};

struct trigger_info {
    const char *name;
    enum remote_trigger trigger;
    enum kind kind;
    const struct member *members;
};

/* The service's own defaults changed over time, so they are always said. */
static const struct member new_email[] = {
    {"folderPath", MEMBER_FOLDER, false, "Inbox"},
    {"to", MEMBER_TEXT},
    {"cc", MEMBER_TEXT},
    {"toOrCc", MEMBER_TEXT},
    {"from", MEMBER_TEXT},
    {"importance", MEMBER_IMPORTANCE, false, "Any"},
    {"fetchOnlyWithAttachment", MEMBER_FLAG, false, "false"},
    {"includeAttachments", MEMBER_FLAG, false, "false"},
    {"subjectFilter", MEMBER_TEXT},
    {NULL},
};

static const struct member upcoming_events[] = {
    {"table", MEMBER_FOLDER, true},
    {"lookAheadTimeInMinutes", MEMBER_COUNT},
    {NULL},
};

static const struct member calendar_items[] = {
    {"table", MEMBER_FOLDER, true}, {"$filter", MEMBER_TEXT}, {"$orderby", MEMBER_TEXT},
    {"$top", MEMBER_COUNT},         {"$skip", MEMBER_COUNT},  {NULL},
};

static const struct trigger_info infos[] = {
    {"OnNewEmail", REMOTE_ON_NEW_EMAIL, KIND_MESSAGE, new_email},
    {"OnUpcomingEvents", REMOTE_ON_UPCOMING_EVENTS, KIND_EVENT, upcoming_events},
    {"CalendarGetOnNewItems", REMOTE_ON_NEW_ITEMS, KIND_EVENT, calendar_items},
    {"CalendarGetOnUpdatedItems", REMOTE_ON_UPDATED_ITEMS, KIND_EVENT, calendar_items},
};

static const struct trigger_info *find_info(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
        if (str_eq(infos[i].name, name))
            return &infos[i];
    }
    return NULL;
}

static const struct member *find_member(const struct trigger_info *info, const char *name)
{
    for (const struct member *m = info->members; m->name; m++) {
        if (str_eq(m->name, name))
            return m;
    }
    return NULL;
}

struct cJSON *triggers_template(const char *name)
{
    const struct trigger_info *info = find_info(name);
    struct cJSON *obj = info ? cJSON_CreateObject() : NULL;

    if (!info)
        return NULL;
    cJSON_AddStringToObject(obj, "Trigger", info->name);
    for (const struct member *m = info->members; m->name; m++) {
        if (m->type == MEMBER_FLAG)
            cJSON_AddFalseToObject(obj, m->name);
        else if (m->type == MEMBER_COUNT)
            cJSON_AddNullToObject(obj, m->name);
        else
            cJSON_AddStringToObject(obj, m->name,
                                    m->otherwise  ? m->otherwise
                                    : m->required ? "Calendar"
                                                  : "");
    }
    return obj;
}

/* --- folders --- */

/* Names of mail folders are the same in any case. */
static const struct cache_folder *find_id(const struct cache_folders *folders, enum kind kind,
                                          const char *id)
{
    for (size_t i = 0; i < folders->count; i++) {
        const struct cache_folder *f = &folders->list[i];

        if (str_eq(f->id, id) || (kind == KIND_MESSAGE && !strcasecmp(f->id, id)))
            return f;
    }
    for (size_t i = 0; kind == KIND_EVENT && i < folders->count; i++) {
        if (str_eq(folders->list[i].display, id))
            return &folders->list[i];
    }
    return NULL;
}

/* The service's id of what the user calls `name`. Mail folders need not be known here. */
static int resolve(struct mailbox *mb, enum kind kind, const char *name, char **ret,
                   struct buf *err)
{
    SCOPED(cache_folders_release) struct cache_folders folders = {0};
    int rc = cache_get_folders(mb->cache, kind, &folders);

    if (rc)
        return buf_fail(err, rc, "the cache cannot be read");
    const struct cache_folder *f = folders_by_path(&folders, name, true);
    if (!f)
        f = find_id(&folders, kind, name);
    if (!f && kind == KIND_EVENT && folders.asked_at)
        rc = buf_fail(err, -EINVAL, "table: there is no calendar %s", name);
    else
        *ret = xstrdup(f ? f->id : name);
    return rc;
}

/* --- a text becomes a question --- */

static int wrong(const struct member *m, const char *expected, struct buf *err)
{
    return buf_fail(err, -EINVAL, "%s: must be %s", m->name, expected);
}

static int read_text(const struct member *m, const struct cJSON *value, const char **ret,
                     struct buf *err)
{
    static const char *const importance[] = {"Any", "Low", "Normal", "High"};

    if (!cJSON_IsString(value))
        return wrong(m, "a string", err);
    *ret = *value->valuestring ? value->valuestring : NULL;
    if (m->type != MEMBER_IMPORTANCE)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(importance); i++) {
        if (str_eq(value->valuestring, importance[i]))
            return 0;
    }
    return wrong(m, "Any, Low, Normal or High", err);
}

static int read_count(const struct definition *d, const struct member *m, char text[24],
                      struct buf *err)
{
    int64_t n = json_int(d->obj, m->name, -1);

    if (n < 0 || n > INT32_MAX)
        return wrong(m, "a whole number from 0", err);
    snprintf(text, 24, "%" PRId64, n);
    return 0;
}

static int read_member(struct mailbox *mb, struct definition *d, const struct member *m,
                       struct buf *err)
{
    const struct cJSON *given = json_get(d->obj, m->name);
    const struct cJSON *value = cJSON_IsNull(given) ? NULL : given;
    const char *text = m->otherwise;
    char *made = d->texts[d->nparams];
    int rc = 0;

    if (!value && m->required)
        return buf_fail(err, -EINVAL, "%s: is missing", m->name);
    if (value && m->type == MEMBER_FLAG) {
        if (!cJSON_IsBool(value))
            return wrong(m, "true or false", err);
        text = cJSON_IsTrue(value) ? "true" : "false";
    } else if (value && m->type == MEMBER_COUNT) {
        rc = read_count(d, m, made, err);
        text = made;
    } else if (value) {
        rc = read_text(m, value, &text, err);
    }
    if (!rc && m->type == MEMBER_FOLDER) {
        if (!text)
            return wrong(m, "a name", err);
        rc = resolve(mb, d->kind, text, &d->folder, err);
        text = d->folder;
    }
    if (!rc && text)
        d->params[d->nparams++] = (struct param){m->name, text};
    return rc;
}

static int check_names(const struct trigger_info *info, const struct cJSON *obj, struct buf *err)
{
    const struct cJSON *value;

    cJSON_ArrayForEach(value, obj)
    {
        if (!str_eq(value->string, "Trigger") && !find_member(info, value->string))
            return buf_fail(err, -EINVAL, "%s: %s has no such member", value->string, info->name);
    }
    return 0;
}

int definition_read(struct mailbox *mb, const char *text, size_t len, struct definition *ret,
                    struct buf *err)
{
    if (len > TRIGGER_TEXT_MAX)
        return buf_fail(err, -EFBIG, "over %zu bytes", TRIGGER_TEXT_MAX);
    int rc = json_parse_object(text, len, &ret->obj, err);
    if (rc)
        return rc;
    const struct trigger_info *info = find_info(json_str(ret->obj, "Trigger"));
    if (!info)
        return buf_fail(err, -EINVAL,
                        "Trigger: must be OnNewEmail, OnUpcomingEvents, CalendarGetOnNewItems or "
                        "CalendarGetOnUpdatedItems");
    ret->trigger = info->trigger;
    ret->kind = info->kind;
    rc = check_names(info, ret->obj, err);
    for (const struct member *m = info->members; !rc && m->name; m++)
        rc = read_member(mb, ret, m, err);
    return rc;
}

void definition_release(struct definition *d)
{
    cJSON_Delete(d->obj);
    free(d->folder);
    *d = (struct definition){0};
}
