/*
 * export_file.c - one record in the format of other programs: <id>.eml, <id>.vcf, <id>.ics.
 *
 * The bytes are a function of the record as the service has it, so the size is worked out once per
 * version of the record and kept in the cache: `ls -l` of a folder that was seen before costs what
 * it costs in mail/. A message with attachments needs their bytes, a series what the service tells of
 * its single events: they are asked for at the first stat or open, and the file that is made then is
 * kept for the open that follows.
 *
 * Where the service gives a message as it travels, that is the file, from the disk cache of
 * attachments.
 *
 * What cannot be written at all (an event without a readable start) is an empty file whose open is
 * -EIO, so that .error can be asked for.
 */
#include "export_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/formats/eml.h>
#include <outlookfs/formats/ical.h>
#include <outlookfs/formats/vcard.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NO_START "the event has no readable start, so it cannot be written as iCalendar"

const char *export_suffix(enum kind kind)
{
    static const char *const suffixes[KIND_COUNT] = {
        [KIND_MESSAGE] = ".eml", [KIND_EVENT] = ".ics", [KIND_CONTACT] = ".vcf"};

    return suffixes[kind];
}

uint64_t export_ino(enum kind kind, const char *folder, const char *id)
{
    return name_ino("export", kind_info(kind)->dir, folder, id);
}

/* Only an inode the kernel may know has a node. */
bool export_is_known(struct fs *fs, enum kind kind, const char *folder, const char *id)
{
    return tree_knows(fs, export_ino(kind, folder, id));
}

void export_changed(struct fs *fs, enum kind kind, const char *folder, const char *id)
{
    if (export_is_known(fs, kind, folder, id))
        notify_inode(fs, export_ino(kind, folder, id));
}

/* --- writing a record --- */

/* GMime writes to descriptors. */
static int write_message(const struct cJSON *record, struct buf *out, struct buf *err)
{
    size_t size;
    SCOPED(fd_release) int fd = memfd_create("outlookfs-message", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    int rc = eml_write(record, NULL, fd, &size, err);
    return rc ? rc : file_read_fd(fd, out);
}

static int write_event(const struct cJSON *record, struct buf *out, struct buf *err)
{
    SCOPED(ical_release) struct ical cal = {0};
    int rc = ical_begin(&cal, out);

    if (!rc)
        rc = ical_event(&cal, record, out);
    if (!rc)
        rc = ical_end(&cal, out);
    return rc == -EINVAL ? buf_fail(err, rc, NO_START) : rc;
}

/* What the record alone says. -EINVAL: the format cannot hold it. */
static int write_text(enum kind kind, const struct cache_record *r, struct buf *out,
                      struct buf *err)
{
    SCOPED(json_release) struct cJSON *record = NULL;
    int rc = dialect_parse(kind, r->text, r->size, &record, err);

    if (rc)
        return -EIO;
    switch (kind) {
    case KIND_MESSAGE:
        rc = write_message(record, out, err);
        break;
    case KIND_EVENT:
        rc = write_event(record, out, err);
        break;
    default:
        rc = vcard_write(record, out);
        break;
    }
    return rc;
}

/* --- a message with attachments, a series --- */

struct source {
    struct fs *fs;
    const char *message;
    struct cancel *cancel;
};

static int open_attachment(void *ctx, const char *attachment, struct buf *err)
{
    const struct source *s = ctx;
    size_t size;

    return mailbox_attachment(s->fs->mailbox, s->message, attachment, s->cancel, &size, err);
}

/* Is the file made of more than the record? */
static bool needs_more(struct fs *fs, const struct node *node, const struct cache_record *r)
{
    SCOPED(json_release) struct cJSON *record = NULL;

    if (r->attachments || node->kind != KIND_EVENT)
        return r->attachments;
    dialect_parse(KIND_EVENT, r->text, r->size, &record, NULL);
    return export_is_series(fs, KIND_EVENT, record);
}

static int write_series(struct fs *fs, struct cancel *cancel, const struct node *node,
                        struct cJSON *record, int fd, size_t *ret_size, struct buf *err)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int rc = export_add_occurrences(fs, cancel, node->folder, node->id, record, err);
    if (!rc)
        rc = write_event(record, &text, err);
    if (!rc)
        rc = file_pwrite_all(fd, text.data, text.len, 0);
    *ret_size = text.len;
    return rc;
}

/* A file with all that belongs to it, remembered under the record's version. May block on the
 * network. */
static int make_file(struct fs *fs, struct cancel *cancel, struct node *node,
                     const struct cache_record *r, int64_t *ret_size, struct buf *err)
{
    struct source source = {fs, node->id, cancel};
    struct eml_source eml = {open_attachment, &source};
    SCOPED(json_release) struct cJSON *record = NULL;
    size_t size;
    int fd = cache_temp(fs->cache);

    if (fd < 0)
        return fd;
    int rc = dialect_parse(node->kind, r->text, r->size, &record, err) ? -EIO : 0;
    if (!rc)
        rc = node->kind == KIND_EVENT ? write_series(fs, cancel, node, record, fd, &size, err)
                                      : eml_write(record, &eml, fd, &size, err);
    if (!rc)
        rc = rendering_set_time(fs, fd, r->mtime);
    if (rc) {
        close(fd);
    } else {
        rendering_put(fs, node->ino, (uint64_t)r->mtime, false, fd);
        *ret_size = (int64_t)size;
    }
    return rc;
}

/* --- a message as it travels --- */

static bool is_from_service(struct fs *fs, const struct node *node)
{
    return node->kind == KIND_MESSAGE && remote_can(mailbox_remote(fs->mailbox), REMOTE_CAN_MIME);
}

/* A draft's bytes change with it; other messages keep theirs, whatever happens to their flags. */
static char *mime_key(const struct cache_record *r)
{
    const char *member = kind_info(KIND_MESSAGE)->draft;
    SCOPED(json_release) struct cJSON *record = NULL;

    json_parse_object(r->text, r->size, &record, NULL);
    bool draft = member && json_bool(record, member, false);
    return xasprintf("%s%s", MAILBOX_MIME, draft ? r->etag : "");
}

/* May block on the network. */
static int fetch_mime(struct fs *fs, struct cancel *cancel, const struct cache_record *r,
                      int64_t *ret_size, struct buf *err)
{
    SCOPED(xfree) char *key = mime_key(r);
    size_t size = 0;
    SCOPED(fd_release) int fd = mailbox_attachment(fs->mailbox, r->id, key, cancel, &size, err);

    if (fd < 0)
        return fd;
    *ret_size = (int64_t)size;
    return 0;
}

static int open_mime(struct fs *fs, const struct cache_record *r)
{
    SCOPED(xfree) char *key = mime_key(r);
    size_t size;
    int fd = cache_attachment_open(fs->cache, r->id, key, &size);

    if (fd >= 0 && rendering_set_time(fs, fd, r->mtime))
        log_debug("export/mail/%s: its time cannot be set", r->id);
    return fd;
}

/* --- size --- */

static int size_of(struct fs *fs, struct cancel *cancel, struct node *node,
                   const struct cache_record *r, int64_t *ret, struct buf *err)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

    if (is_from_service(fs, node))
        return fetch_mime(fs, cancel, r, ret, err);
    if (needs_more(fs, node, r))
        return make_file(fs, cancel, node, r, ret, err);
    int rc = write_text(node->kind, r, &text, err);
    if (!rc)
        *ret = (int64_t)text.len;
    return rc;
}

static void remember_size(struct fs *fs, const struct node *node, const struct cache_record *r,
                          int64_t size)
{
    if (size != r->exported)
        cache_put_exported(fs->cache, node->kind, node->folder, node->id, r->mtime, size);
}

/* Works the size out, and says in the log why that cannot be done. */
static int measure(struct fs *fs, struct cancel *cancel, struct node *node, int64_t *ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int rc = cache_get(fs->cache, node->kind, node->folder, node->id, true, &r);

    if (!rc) {
        int64_t size = 0;

        rc = size_of(fs, cancel, node, &r, &size, &err);
        if (rc && rc != -EINTR)
            log_warn("export/%s: %s: %s", kind_info(node->kind)->dir, node->id,
                     err.len ? err.data : strerror(-rc));
        if (rc == -EINVAL)
            rc = 0;
        else if (rc == -ENOENT) /* an attachment, not the file */
            rc = -EIO;
        if (!rc) {
            remember_size(fs, node, &r, size);
            *ret = size;
        }
    }
    return rc;
}

static int export_getattr(struct fs *fs, const struct fs_req *req, struct node *node,
                          struct stat *ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    int rc = content_stat_open(fs, node, ret);

    if (rc != -ENOENT)
        return rc;
    rc = cache_get(fs->cache, node->kind, node->folder, node->id, false, &r);
    if (!rc && r.exported < 0)
        rc = measure(fs, req->cancel, node, &r.exported);
    if (!rc) {
        ret->st_size = (off_t)r.exported;
        if (r.mtime)
            attr_set_mtime(ret, r.mtime);
    }
    return rc;
}

/* --- content --- */

/* A descriptor of the file made of this version. */
static int open_made(struct fs *fs, const struct node *node, const struct cache_record *r)
{
    uint64_t version;
    int fd = rendering_open(fs, node->ino, &version);

    if (fd >= 0 && version != (uint64_t)r->mtime) {
        close(fd);
        fd = -ENOENT;
    }
    return fd;
}

static int export_prepare(struct fs *fs, const struct fs_req *req, struct node *node)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    int64_t size;
    bool mime = is_from_service(fs, node);
    int rc = cache_get(fs->cache, node->kind, node->folder, node->id, true, &r);

    if (!rc && (mime || needs_more(fs, node, &r))) {
        int fd = mime ? open_mime(fs, &r) : open_made(fs, node, &r);

        if (fd >= 0)
            close(fd);
        else
            rc = measure(fs, req->cancel, node, &size);
    }
    return rc;
}

static int load_text(struct fs *fs, struct node *node, const struct cache_record *r,
                     struct content *ret)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    int rc = write_text(node->kind, r, &text, NULL);
    if (!rc) {
        remember_size(fs, node, r, (int64_t)text.len);
        ret->len = text.len;
        ret->text = buf_detach(&text);
        ret->mtime = r->mtime ? r->mtime : fs->birth;
    }
    return rc == -EINVAL ? -EIO : rc;
}

static int export_load(struct fs *fs, struct node *node, struct content *ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    int rc = cache_get(fs->cache, node->kind, node->folder, node->id, true, &r);
    bool mime = is_from_service(fs, node);
    if (!rc && (mime || needs_more(fs, node, &r))) {
        int fd = mime ? open_mime(fs, &r) : open_made(fs, node, &r);

        if (fd >= 0)
            ret->fd = fd;
        else
            rc = fd == -ENOENT ? -EIO : fd; /* it cannot be written */
    } else if (!rc) {
        rc = load_text(fs, node, &r, ret);
    }
    return rc;
}

/* What came while the file was open is shown from now on. */
static void export_closed(struct fs *fs, struct node *node, struct content *content)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    struct stat st;

    if (!content_stat(content, &st) &&
        !cache_get(fs->cache, node->kind, node->folder, node->id, false, &r) &&
        r.mtime != attr_mtime(&st))
        notify_inode(fs, node->ino);
}

/* --- extended attributes --- */

/* Of the record: what waits here to be sent is not in the export. */
static int state_text(struct fs *fs, const struct node *node, struct buf *out)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    SCOPED(slot_release) struct slot slot = {0};
    int rc = state_slot_by_record(fs->state, node->kind, node->folder, node->id, &slot);

    if (!rc)
        state_get_op(fs->state, slot.id, &op);
    return buf_addstr(out, rc ? "synced" : slot_state_name(&slot, &op));
}

static int export_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    SCOPED(cache_record_release) struct cache_record r = {0};

    if (str_eq(name, "id"))
        return buf_addstr(out, node->id);
    if (str_eq(name, "state"))
        return state_text(fs, node, out);
    if (!str_eq(name, "etag") && !str_eq(name, "error"))
        return -ENODATA;
    int rc = cache_get(fs->cache, node->kind, node->folder, node->id, false, &r);
    if (!rc && str_eq(name, "error"))
        rc = r.exported ? -ENODATA : buf_addstr(out, NO_START);
    else if (!rc)
        rc = *r.etag ? buf_addstr(out, r.etag) : -ENODATA;
    return rc == -ENOENT ? -ENODATA : rc;
}

const struct node_ops export_file_ops = {
    .name = "export file",
    .type = S_IFREG,
    .flags = NODE_READ_ONLY | NODE_LAZY_ATTR,
    .getattr = export_getattr,
    .getxattr = export_getxattr,
    .prepare = export_prepare,
    .load = export_load,
    .closed = export_closed,
};
