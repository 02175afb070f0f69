/*
 * attachment.c - <id>.attachments/: the files of a message, raw bytes.
 *
 * Names come from the message's record, or from the service's list, which is kept in the disk cache;
 * the service's Size is not the content's length (connector contract 2.7), so the first stat of an
 * attachment downloads it there, too.
 */
#include "beside_p.h"
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/json_file.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".attachments"

static const struct node_ops attachments_ops, attachment_ops;

static struct node_spec directory_spec(struct node *dir, const char *id, const char *name)
{
    struct node_spec spec = spec_in(dir, &attachments_ops, name_ino("attachments", id), name);

    spec.id = id;
    return spec;
}

/* --- what a message carries --- */

/* The service's list. A draft's changes with it. */
static int ask_names(struct fs *fs, enum kind kind, const struct cache_record *r, bool draft,
                     struct cancel *cancel, struct cJSON **ret)
{
    SCOPED(xfree) char *key = xasprintf("%s%s", MAILBOX_ATTACHMENT_LIST, draft ? r->etag : "");
    SCOPED(json_file_release) struct json_file text = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    size_t size;
    SCOPED(fd_release) int fd = mailbox_attachment(fs->mailbox, r->id, key, cancel, &size, &err);
    if (fd < 0)
        return fd;
    int rc = json_file_read(&text, fd);
    if (!rc)
        rc = json_file_parse(&text, false, ret, NULL);
    if (!rc)
        *ret = dialect_take(kind, *ret);
    return rc;
}

static bool is_draft(enum kind kind, const struct cJSON *obj)
{
    const char *member = kind_info(kind)->draft;

    return member && json_bool(obj, member, false);
}

/* An object with the attachments. A record that does not name them, as one that has inline ones only
 * may, costs a question. */
static int names_of(struct fs *fs, enum kind kind, const struct cache_record *r,
                    struct cancel *cancel, struct cJSON **ret)
{
    struct cJSON *obj = NULL;
    int rc = json_parse_object(r->text, r->size, &obj, NULL);

    if (rc)
        return rc;
    bool draft = is_draft(kind, obj);
    obj = dialect_take(kind, obj);
    const struct cJSON *list = json_get(obj, "Attachments");
    if (cJSON_GetArraySize(list) || (list && !json_bool(obj, "HasAttachment", false))) {
        *ret = obj;
        return 0;
    }
    cJSON_Delete(obj);
    return ask_names(fs, kind, r, draft, cancel, ret);
}

/* -ENOENT: nothing. */
static int carries(struct fs *fs, enum kind kind, const struct cache_record *r,
                   struct cancel *cancel)
{
    SCOPED(json_release) struct cJSON *names = NULL;
    int rc = r->attachments ? 0 : names_of(fs, kind, r, cancel, &names);

    if (!rc && !r->attachments && !cJSON_GetArraySize(json_get(names, "Attachments")))
        rc = -ENOENT;
    return rc;
}

/* --- the directory --- */

int attachments_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                       struct node **ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    SCOPED(xfree) char *id = NULL;
    int rc = mailbox_id_of_name(fs->mailbox, name, SUFFIX, &id);

    if (rc)
        return rc;
    rc = mailbox_record(fs->mailbox, dir->kind, dir->folder, id, true, req->cancel, &r);
    if (!rc)
        rc = carries(fs, dir->kind, &r, req->cancel);
    if (!rc)
        *ret = tree_obtain(fs, directory_spec(dir, id, name));
    return rc;
}

void attachments_add(struct node *dir, const char *id, struct dir_list *list)
{
    SCOPED(xfree) char *name = name_of_id(id, SUFFIX, 0);

    dir_add(list, directory_spec(dir, id, name), NULL);
}

/* The message's record, in whatever folder it lies by now. */
static int read_message(struct fs *fs, struct node *dir, bool with_text, struct cache_record *ret)
{
    SCOPED(xfree) char *folder = NULL;
    int rc = cache_get(fs->cache, dir->kind, dir->folder, dir->id, with_text, ret);

    if (rc == -ENOENT && !cache_find(fs->cache, dir->kind, dir->id, &folder))
        rc = cache_get(fs->cache, dir->kind, folder, dir->id, with_text, ret);
    return rc;
}

/* What the message of a node carries. */
static int message(struct fs *fs, struct node *node, struct cancel *cancel, struct cJSON **ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    int rc = read_message(fs, node, true, &r);

    return rc ? rc : names_of(fs, node->kind, &r, cancel, ret);
}

static int attachments_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                            struct dir_list *list)
{
    SCOPED(json_release) struct cJSON *record = NULL;
    struct cJSON *a;
    int rc = message(fs, dir, req->cancel, &record);

    cJSON_ArrayForEach(a, json_get(record, "Attachments"))
    {
        const char *id = json_str(a, "Id"), *display = json_str(a, "Name");

        if (rc || !id)
            continue;
        char *safe = name_safe(display && *display ? display : "attachment", NAME_BYTES_MAX);
        SCOPED(xfree) char *name = dir_unique_name(list, safe, id);
        struct node_spec spec =
            spec_in(dir, &attachment_ops, name_ino("attachment", dir->id, id), name);
        spec.id = dir->id;
        spec.part = id;
        dir_add(list, spec, NULL);
    }
    return rc;
}

/* A message's time: its attachments do not change. */
static int message_time(struct fs *fs, const struct fs_req *, struct node *node, struct stat *ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};

    if (!read_message(fs, node, false, &r) && r.mtime)
        attr_set_mtime(ret, r.mtime);
    return 0;
}

static const struct node_ops attachments_ops = {
    .name = "attachments",
    .type = S_IFDIR,
    .refusal = "attachments stay as they were received: copy one elsewhere, or send a message of "
               "your own with outbox/send/",
    .flags = NODE_LOCAL_NAMES,
    .list = attachments_list,
    .getattr = message_time,
};

/* --- one attachment --- */

static int attachment_open(struct fs *fs, struct cancel *cancel, struct node *node,
                           size_t *ret_size)
{
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    return mailbox_attachment(fs->mailbox, node->id, node->part, cancel, ret_size, &err);
}

static int attachment_prepare(struct fs *fs, const struct fs_req *req, struct node *node)
{
    size_t size;
    SCOPED(fd_release) int fd = attachment_open(fs, req->cancel, node, &size);

    if (fd < 0)
        return fd;
    return 0;
}

static int attachment_load(struct fs *fs, struct node *node, struct content *ret)
{
    size_t size;
    int fd = cache_attachment_open(fs->cache, node->id, node->part, &size);

    if (fd < 0)
        return fd;
    ret->fd = fd;
    return 0;
}

static int attachment_getattr(struct fs *fs, const struct fs_req *req, struct node *node,
                              struct stat *ret)
{
    size_t size = 0;
    int fd = cache_attachment_open(fs->cache, node->id, node->part, &size);

    if (fd == -ENOENT)
        fd = attachment_open(fs, req->cancel, node, &size);
    if (fd < 0)
        return fd;
    close(fd);
    ret->st_size = (off_t)size;
    return message_time(fs, req, node, ret);
}

/* The attachment's object in the message's record. */
static const struct cJSON *find_attachment(const struct cJSON *record, const char *id)
{
    const struct cJSON *a;

    cJSON_ArrayForEach(a, json_get(record, "Attachments"))
    {
        if (str_eq(json_str(a, "Id"), id))
            return a;
    }
    return NULL;
}

static int attachment_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    SCOPED(json_release) struct cJSON *record = NULL;
    int rc = -ENODATA;

    if (str_eq(name, "id"))
        return buf_addstr(out, node->part);
    if (!str_eq(name, "inline") && !str_eq(name, "type"))
        return -ENODATA;
    if (!message(fs, node, NULL, &record)) {
        const struct cJSON *a = find_attachment(record, node->part);
        const char *type = json_str(a, "ContentType");

        if (str_eq(name, "inline") && json_bool(a, "IsInline", false))
            rc = buf_addstr(out, "1");
        else if (str_eq(name, "type") && type)
            rc = buf_addstr(out, type);
    }
    return rc;
}

static const struct node_ops attachment_ops = {
    .name = "attachment",
    .type = S_IFREG,
    .getattr = attachment_getattr,
    .getxattr = attachment_getxattr,
    .prepare = attachment_prepare,
    .load = attachment_load,
};
