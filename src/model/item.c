/*
 * item.c - a record's identity, version and time out of its JSON.
 */
#include <outlookfs/model/item.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>
#include <outlookfs/model/render.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Indentation makes the file longer than the answer it came in. */
#define ITEM_TEXT_MAX (2 * JSON_TEXT_MAX)

static bool is_usable_id(const char *id)
{
    char *name;
    bool usable;

    for (const char *p = id; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    }
    name = name_from_id(id);
    usable = strlen(name) <= NAME_BYTES_MAX && name_is_record(name);
    free(name);
    return usable;
}

static int64_t time_of(const cJSON *obj, const char *member)
{
    const char *text = json_str(obj, member);
    int64_t ns;

    return text && str_parse_time(text, &ns) == 0 ? ns : 0;
}

int item_from_json(enum kind kind, struct cJSON *obj, struct item *ret, struct buf *err)
{
    const struct kind_info *info = kind_info(kind);
    const char *id;
    const char *etag;
    struct buf text;
    int rc;

    kind_normalise(kind, obj);
    id = kind_id(kind, obj);
    if (!id)
        return buf_fail(err, -EBADMSG, "the service sent no id with this %s", info->name);
    if (!is_usable_id(id))
        return buf_fail(err, -EBADMSG, "the id of this %s cannot be a file name: %.80s", info->name,
                        id);

    buf_init(&text, ITEM_TEXT_MAX);
    rc = render_record(obj, &text);
    if (rc) {
        buf_release(&text);
        return buf_fail(err, rc, "%s %s is too large", info->name, id);
    }
    etag = info->etag ? json_str(obj, info->etag) : NULL;
    ret->kind = kind;
    ret->id = xstrdup(id);
    ret->etag = xstrdup(etag ? etag : "");
    ret->mtime = time_of(obj, info->modified);
    ret->size = text.len;
    ret->attachments = kind == KIND_MESSAGE && cJSON_GetArraySize(json_get(obj, "Attachments")) > 0;
    ret->text = buf_detach(&text);
    return 0;
}

void item_release(struct item *item)
{
    free(item->id);
    free(item->etag);
    free(item->text);
    *item = (struct item){0};
}
