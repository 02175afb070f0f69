/*
 * item.c - a record's identity, version and time out of its JSON.
 */
#include <outlookfs/model/item.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/render.h>

#include "item_p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void item_paths(enum kind kind, const char *ret[ITEM_PATHS])
{
    const struct kind_info *info = kind_info(kind);
    ret[ITEM_ID] = info->id;
    ret[ITEM_ID_TOO] = "ItemInternalId";
    ret[ITEM_ETAG] = info->etag;
    ret[ITEM_MODIFIED] = info->modified;
    ret[ITEM_ATTACHMENTS] = info->attachments;
    ret[ITEM_HAS_ATTACHMENTS] = info->has_attachments;
    ret[ITEM_READ] = info->read;
    ret[ITEM_IMPORTANCE] = kind == KIND_MESSAGE ? "Importance" : NULL;
    ret[ITEM_REMOVED] = "@removed";
    const char *const *whole = info->whole;
    for (int i = ITEM_WHOLE; i < ITEM_WHOLE_END; i++)
        ret[i] = whole && *whole ? *whole++ : NULL;
}

bool item_is_odd(enum kind kind, const struct item_member members[ITEM_PATHS])
{
    return kind == KIND_MESSAGE && members[ITEM_IMPORTANCE].token == JSON_NUMBER;
}

static bool has_text(const struct item_member *member)
{
    return member->token == JSON_STRING && *member->string;
}

static bool is_partial(enum kind kind, const struct item_member members[ITEM_PATHS])
{
    const char *const *whole = kind_info(kind)->whole;

    for (int i = ITEM_WHOLE; whole && *whole; i++, whole++) {
        if (members[i].token == JSON_END)
            return true;
    }
    return false;
}

static char *take_string(struct item_member *member)
{
    char *string = member->token == JSON_STRING ? member->string : xstrdup("");

    member->token = JSON_END;
    member->string = NULL;
    return string;
}

static int64_t time_of(const struct item_member *member)
{
    int64_t ns;

    return member->token == JSON_STRING && str_parse_time(member->string, &ns) == 0 ? ns : 0;
}

int item_identify(enum kind kind, struct item_member members[ITEM_PATHS], struct item *ret,
                  struct buf *err)
{
    enum item_path which = has_text(&members[ITEM_ID]) ? ITEM_ID : ITEM_ID_TOO;

    if (!has_text(&members[which]))
        return buf_fail(err, -EBADMSG, "the service sent no id with this %s",
                        kind_info(kind)->name);
    ret->kind = kind;
    ret->id = take_string(&members[which]);
    ret->etag = take_string(&members[ITEM_ETAG]);
    ret->mtime = time_of(&members[ITEM_MODIFIED]);
    ret->partial = is_partial(kind, members);
    ret->read = members[ITEM_READ].token == JSON_TRUE;
    ret->attachments =
        members[ITEM_HAS_ATTACHMENTS].token == JSON_TRUE ||
        (members[ITEM_ATTACHMENTS].token == JSON_ARRAY_END && members[ITEM_ATTACHMENTS].filled);
    return 0;
}

static struct item_member member_of(const cJSON *obj, const char *path)
{
    const cJSON *value = path ? json_get(obj, path) : NULL;

    if (!value)
        return (struct item_member){.token = JSON_END};
    if (cJSON_IsString(value))
        return (struct item_member){.token = JSON_STRING, .string = xstrdup(value->valuestring)};
    if (cJSON_IsArray(value))
        return (struct item_member){.token = JSON_ARRAY_END, .filled = value->child};
    return (struct item_member){.token = cJSON_IsTrue(value) ? JSON_TRUE : JSON_FALSE};
}

int item_from_json(enum kind kind, struct cJSON *obj, struct item *ret, struct buf *err)
{
    struct item_member members[ITEM_PATHS];
    const char *paths[ITEM_PATHS];
    struct item item = {0};
    SCOPED(buf_release) struct buf text = BUF_INIT(ITEM_TEXT_MAX);

    kind_normalise(kind, obj);
    item_paths(kind, paths);
    for (size_t i = 0; i < ITEM_PATHS; i++)
        members[i] = member_of(obj, paths[i]);
    int rc = item_identify(kind, members, &item, err);
    if (!rc && (rc = render_record(obj, &text)))
        buf_fail(err, rc, "%s %s is too large", kind_info(kind)->name, item.id);
    item.size = text.len;
    if (!rc)
        item.text = buf_detach(&text);
    for (size_t i = 0; i < ITEM_PATHS; i++)
        free(members[i].string);
    if (rc)
        item_release(&item);
    else
        *ret = item;
    return rc;
}

void item_release(struct item *item)
{
    free(item->id);
    free(item->etag);
    free(item->text);
    *item = (struct item){0};
}
