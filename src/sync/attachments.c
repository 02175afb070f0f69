/*
 * attachments.c - bytes of attachments: from the cache, or downloaded into it.
 */
#include "attachments_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/json_file.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASE64_PIECE 4096 /* characters; a multiple of 4 */
#define SHORT_MAX 4096

/* Where the bytes go. */
struct receiver {
    int fd;
    off_t done;
    int error;
};

static int receive(void *ctx, const void *data, size_t len)
{
    struct receiver *r = ctx;

    r->error = file_pwrite_all(r->fd, data, len, r->done);
    r->done += (off_t)len;
    return r->error;
}

/* Decodes piece by piece: the text is as large as the attachment. -EBADMSG when it is no base64. */
static int receive_base64(struct receiver *r, const char *text)
{
    size_t left = strcspn(text, "=");
    SCOPED(buf_release) struct buf bytes = BUF_INIT(BASE64_PIECE);
    int rc = 0;

    if (text[left + strspn(text + left, "=")])
        return -EBADMSG; /* padding in the middle */
    while (!rc && left) {
        size_t n = left < BASE64_PIECE ? left : BASE64_PIECE;

        buf_clear(&bytes);
        rc = base64_decode(&bytes, text, n) ? -EBADMSG : receive(r, bytes.data, bytes.len);
        text += n;
        left -= n;
    }
    return rc;
}

/* What is there already is of no use. */
static int start_again(void *ctx)
{
    struct receiver *r = ctx;

    r->done = 0;
    return ftruncate(r->fd, 0) ? -errno : 0;
}

/* --- asking -------------------------------------------------------------------------------- */

static const cJSON *find_attachment(const cJSON *message, const char *id)
{
    const cJSON *attachment;

    cJSON_ArrayForEach(attachment, json_get(message, "Attachments"))
    {
        if (str_eq(json_str(attachment, "Id"), id))
            return attachment;
    }
    return NULL;
}

/* The message is where the attachment is to be: there the one becomes the other. */
static int extract(struct receiver *r, const char *id, const char *attachment, struct buf *err)
{
    struct json_file text;
    cJSON *message = NULL;
    const char *content;
    int rc = json_file_read(&text, r->fd);

    if (!rc)
        rc = json_file_parse(&text, true, &message, NULL);
    json_file_release(&text);
    if (rc)
        return buf_fail(err, -EIO, "attachment: the message is not a JSON object");
    if (!str_eq(kind_id(KIND_MESSAGE, message), id)) {
        cJSON_Delete(message);
        return buf_fail(err, -EIO, "attachment: the answer is not the message");
    }
    message = dialect_take(KIND_MESSAGE, message);
    content = json_str(find_attachment(message, attachment), "ContentBytes");
    rc = start_again(r);
    if (!rc && !content)
        rc = buf_fail(err, -ENOENT, "attachment: the message does not carry it");
    else if (!rc)
        rc = receive_base64(r, content);
    if (rc == -EBADMSG)
        rc = buf_fail(err, -EIO, "attachment: its ContentBytes is not base64");
    cJSON_Delete(message);
    return rc;
}

/* What became of a question whose answer the receiver was to have. */
static int received(const struct receiver *r, enum grade grade, struct remote_fault *fault,
                    const char *what, struct buf *err)
{
    if (!r->error)
        return mailbox_answered(grade, fault, what, err);
    remote_fault_release(fault);
    return buf_fail(err, r->error, "attachment: the cache: %s", strerror(-r->error));
}

/* The message with everything it carries: what GetAttachment does not give may be in there. */
static int ask_message(struct mailbox *mb, const char *message, const char *attachment,
                       struct remote_ctx ctx, struct receiver *r, struct buf *err)
{
    const struct http_sink sink = {receive, start_again, r};
    struct remote_fault fault = {0};
    enum grade grade = remote_message(mb->remote, message, &sink, ctx, &fault);
    int rc = received(r, grade, &fault, "attachment", err);

    return rc ? rc : extract(r, message, attachment, err);
}

cJSON *attachments_object(struct mailbox *mb, const char *id, const char *key)
{
    struct json_file text;
    cJSON *obj = NULL;
    size_t size;
    int fd = cache_attachment_open(mb->cache, id, key, &size);

    if (fd < 0)
        return NULL;
    int rc = json_file_read(&text, fd);
    if (!rc)
        rc = json_file_parse(&text, false, &obj, NULL);
    json_file_release(&text);
    close(fd);
    return rc ? NULL : obj;
}

cJSON *attachments_kept_list(struct mailbox *mb, const char *message, const char *etag)
{
    SCOPED(xfree) char *key = xasprintf("%s%s", MAILBOX_ATTACHMENT_LIST, etag);
    cJSON *obj = attachments_object(mb, message, key);

    return obj ? dialect_take(KIND_MESSAGE, obj) : NULL;
}

/* Of an attached item it is that of the item, and its bytes are another form of it: some. */
static int64_t size_in(cJSON *list, const char *attachment)
{
    const cJSON *found = find_attachment(list, attachment);
    const char *type = json_str(found, "@odata.type");
    int64_t size = type && !str_ends(type, ".fileAttachment") ? 1 : json_int(found, "Size", -1);

    cJSON_Delete(list);
    return size;
}

/* What is listed is not an exact number of bytes (contract 2.7); -1: nothing is. */
static int64_t listed_size(struct mailbox *mb, const char *message, const char *attachment)
{
    SCOPED(cache_record_release) struct cache_record record = {0};
    cJSON *obj = NULL;
    SCOPED(xfree) char *folder = NULL;
    int64_t size = -1;
    int rc = cache_find(mb->cache, KIND_MESSAGE, message, &folder);

    if (!rc)
        rc = cache_get(mb->cache, KIND_MESSAGE, folder, message, true, &record);
    if (!rc)
        rc = dialect_parse(KIND_MESSAGE, record.text, record.size, &obj, NULL);
    if (!rc)
        size = size_in(obj, attachment);
    if (size < 0)
        size = size_in(attachments_kept_list(mb, message, ""), attachment);
    if (size < 0 && record.etag)
        size = size_in(attachments_kept_list(mb, message, record.etag), attachment);
    return size;
}

/* So few bytes that somebody on the way may have written them ("ok"): the message tells. */
static bool is_short(struct mailbox *mb, const char *message, const char *attachment, off_t done)
{
    if (done >= SHORT_MAX)
        return false;
    int64_t size = listed_size(mb, message, attachment);

    return done ? size > 2 * SHORT_MAX : size != 0;
}

static int ask_attachment(struct mailbox *mb, const char *message, const char *attachment,
                          struct cancel *cancel, struct receiver *r, struct buf *err)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    const struct http_sink sink = {receive, start_again, r};
    struct remote_fault fault = {0};
    enum grade grade = remote_attachment(mb->remote, message, attachment, &sink, ctx, &fault);

    bool may_be_there = grade == GRADE_GONE || grade == GRADE_REFUSED || grade == GRADE_BROKEN ||
                        (grade == GRADE_OK && is_short(mb, message, attachment, r->done));
    if (r->error || !may_be_there)
        return received(r, grade, &fault, "attachment", err);

    remote_fault_release(&fault);
    int rc = start_again(r);
    return rc ? rc : ask_message(mb, message, attachment, ctx, r, err);
}

static int receive_object(struct receiver *r, const cJSON *obj)
{
    SCOPED(xfree) char *text = json_print(obj);

    return text ? receive(r, text, strlen(text)) : -EFBIG;
}

/* {"Attachments": [...]}, in the service's words, as the record would have it. */
static cJSON *object_of_list(const cJSON *list)
{
    cJSON *obj = cJSON_CreateObject();

    cJSON_AddItemReferenceToObject(obj, kind_info(KIND_MESSAGE)->attachments, (cJSON *)list);
    return obj;
}

static int ask_list(struct mailbox *mb, const char *message, struct cancel *cancel,
                    struct receiver *r, struct buf *err)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    struct remote_fault fault = {0};
    SCOPED(json_release) cJSON *list = NULL;
    int rc = mailbox_answered(remote_attachments(mb->remote, message, ctx, &list, &fault), &fault,
                              "attachments", err);

    SCOPED(json_release) cJSON *obj = object_of_list(list);

    if (!rc)
        rc = receive_object(r, obj);
    return rc;
}

/* A mail begins with a header (RFC 5322, 2.2). */
static bool is_mail(int fd)
{
    char head[80];
    ssize_t n = pread(fd, head, sizeof(head), 0);
    ssize_t name = 0;

    while (name < n && head[name] > ' ' && head[name] != 0x7f && head[name] != ':')
        name++;
    return name > 0 && name < n && head[name] == ':';
}

static int ask_mime(struct mailbox *mb, const char *message, struct cancel *cancel,
                    struct receiver *r, struct buf *err)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    const struct http_sink sink = {receive, start_again, r};
    struct remote_fault fault = {0};
    enum grade grade = remote_mime(mb->remote, message, &sink, ctx, &fault);
    int rc = received(r, grade, &fault, "message", err);

    if (!rc && !is_mail(r->fd))
        rc = buf_fail(err, -EIO, "message: the answer is not a mail");
    return rc;
}

static int ask(struct mailbox *mb, const char *message, const char *attachment,
               struct cancel *cancel, struct receiver *r, struct buf *err)
{
    if (str_starts(attachment, MAILBOX_ATTACHMENT_LIST))
        return ask_list(mb, message, cancel, r, err);
    if (str_starts(attachment, MAILBOX_MIME))
        return ask_mime(mb, message, cancel, r, err);
    return ask_attachment(mb, message, attachment, cancel, r, err);
}

/* Where the bytes of a file in the cache go, and its end. */
static int begin_store(struct mailbox *mb, struct receiver *r, char **temp)
{
    *r = (struct receiver){.fd = cache_attachment_begin(mb->cache, temp)};
    return r->fd < 0 ? r->fd : 0;
}

static int end_store(struct mailbox *mb, const struct receiver *r, const char *message,
                     const char *key, char *temp, int rc)
{
    close(r->fd);
    int end =
        cache_attachment_end(mb->cache, message, key, temp, rc == 0, mb->config.attachments_max);
    return rc ? rc : end;
}

static int download(struct mailbox *mb, const char *message, const char *attachment,
                    struct cancel *cancel, struct buf *err)
{
    struct receiver r;
    char *temp;
    int rc = begin_store(mb, &r, &temp);

    if (rc)
        return buf_fail(err, rc, "attachment: the cache: %s", strerror(-rc));
    int asked = ask(mb, message, attachment, cancel, &r, err);
    rc = end_store(mb, &r, message, attachment, temp, asked);
    if (rc && !asked)
        buf_fail(err, rc, "attachment: the cache: %s", strerror(-rc));
    return rc;
}

int attachments_store(struct mailbox *mb, const char *message, const char *attachment,
                      const char *base64)
{
    struct receiver r;
    char *temp;
    int rc = begin_store(mb, &r, &temp);

    return rc ? rc : end_store(mb, &r, message, attachment, temp, receive_base64(&r, base64));
}

int attachments_store_object(struct mailbox *mb, const char *id, const char *key, const cJSON *obj)
{
    struct receiver r;
    char *temp;
    int rc = begin_store(mb, &r, &temp);

    return rc ? rc : end_store(mb, &r, id, key, temp, receive_object(&r, obj));
}

int attachments_store_list(struct mailbox *mb, const char *message, const cJSON *list)
{
    SCOPED(json_release) cJSON *obj = object_of_list(list);

    return attachments_store_object(mb, message, MAILBOX_ATTACHMENT_LIST, obj);
}

int mailbox_attachment(struct mailbox *mb, const char *message, const char *attachment,
                       struct cancel *cancel, size_t *ret_size, struct buf *err)
{
    int fd = cache_attachment_open(mb->cache, message, attachment, ret_size);
    SCOPED(xfree) char *key = NULL;
    int rc;

    if (fd != -ENOENT)
        return fd;
    if (!remote_online(mb->remote))
        return buf_fail(err, -EHOSTUNREACH, "attachment: the service cannot be reached");

    key = xasprintf("attachment/%s/%s", message, attachment);
    rc = flights_enter(mb->flights, key, cancel);
    if (!rc) {
        if (!cache_attachment_is_there(mb->cache, message, attachment))
            attachments_read_ahead(mb, message, attachment, cancel);
        fd = cache_attachment_open(mb->cache, message, attachment, ret_size);
        if (fd == -ENOENT) {
            rc = download(mb, message, attachment, cancel, err);
            if (!rc)
                fd = cache_attachment_open(mb->cache, message, attachment, ret_size);
        }
        flights_leave(mb->flights, key);
    }
    return rc ? rc : fd;
}
