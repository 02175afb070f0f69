/*
 * export_whole.c - <folder>.vcf, <calendar>.ics: all records of a folder in one file.
 *
 * A file without a name on the disk of the cache, written record by record in the order of their
 * ids, so that the same records give the same bytes on every machine. It is made when somebody asks
 * for its size or opens it, and kept while nothing in the folder changes. Its time is that of the
 * newest record. The listing is completed first: there is no half of it.
 */
#include "export_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/formats/ical.h>
#include <outlookfs/formats/vcard.h>
#include <outlookfs/model/dialect.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024) /* written at a time */

/* --- all ids of a folder --- */

struct ids {
    char **list;
    size_t count;
    uint64_t after; /* seq of the last */
    int64_t newest; /* mtime */
};

static void ids_release(struct ids *ids)
{
    xstrfree(ids->list, ids->count);
}

static void ids_take(struct ids *ids, struct cache_record *r)
{
    ids->list = xgrow(ids->list, ids->count, sizeof(*ids->list));
    ids->list[ids->count++] = TAKE(r->id);
    ids->after = r->seq;
    if (r->mtime > ids->newest)
        ids->newest = r->mtime;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Waits until the listing is there as a whole. */
static int ids_collect(struct fs *fs, struct cancel *cancel, const struct node *node,
                       struct ids *ids)
{
    SCOPED(xfree) struct cache_record *r = xcalloc(LIST_BATCH, sizeof(*r));
    int n;

    while ((n = mailbox_each(fs->mailbox, node->kind, node->folder, ids->after, cancel, r,
                             LIST_BATCH)) > 0) {
        for (int i = 0; i < n; i++) {
            ids_take(ids, &r[i]);
            cache_record_release(&r[i]);
        }
    }
    if (!n && ids->count)
        qsort(ids->list, ids->count, sizeof(*ids->list), compare);
    return n;
}

/* --- writing --- */

struct writer {
    struct fs *fs;
    struct cancel *cancel;
    const struct node *node;
    struct ical cal;
    struct buf text; /* not written yet */
    int fd;
    off_t done;
};

static int flush(struct writer *w)
{
    int rc = file_pwrite_all(w->fd, w->text.data, w->text.len, w->done);

    w->done += (off_t)w->text.len;
    buf_clear(&w->text);
    return rc;
}

static int append(struct writer *w, const struct cJSON *record)
{
    return w->node->kind == KIND_EVENT ? ical_event(&w->cal, record, &w->text)
                                       : vcard_write(record, &w->text);
}

/* A record that the format cannot hold is left out; its own file says why. */
static int add_record(struct writer *w, const char *id)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    SCOPED(json_release) struct cJSON *record = NULL;
    int rc = cache_get(w->fs->cache, w->node->kind, w->node->folder, id, true, &r);

    if (!rc)
        rc = dialect_parse(w->node->kind, r.text, r.size, &record, NULL) ? -EIO : 0;
    if (!rc && export_is_series(w->fs, w->node->kind, record))
        rc = export_add_occurrences(w->fs, w->cancel, w->node->folder, id, record, NULL);
    if (!rc)
        rc = append(w, record);
    if (rc == -EINVAL) {
        log_info("export/%s: %s is left out: its format cannot hold it",
                 kind_info(w->node->kind)->dir, id);
        rc = 0;
    } else if (rc == -ENOENT) { /* gone meanwhile */
        rc = 0;
    }
    if (!rc && w->text.len >= PIECE)
        rc = flush(w);
    return rc;
}

static int write_all(struct writer *w, const struct ids *ids)
{
    bool calendar = w->node->kind == KIND_EVENT;
    int rc = calendar ? ical_begin(&w->cal, &w->text) : 0;

    for (size_t i = 0; i < ids->count && !rc; i++)
        rc = cancel_fired(w->cancel) ? -EINTR : add_record(w, ids->list[i]);
    if (!rc && calendar)
        rc = ical_end(&w->cal, &w->text);
    if (calendar)
        ical_release(&w->cal);
    return rc ? rc : flush(w);
}

/* Makes the file of what is there now, remembered under `revision`. */
static int make_file(struct fs *fs, struct cancel *cancel, const struct node *node,
                     uint64_t revision)
{
    struct writer w = {.fs = fs, .cancel = cancel, .node = node, .fd = cache_temp(fs->cache)};
    SCOPED(ids_release) struct ids ids = {0};

    if (w.fd < 0)
        return w.fd;
    buf_init(&w.text, JSON_TEXT_MAX);
    int rc = ids_collect(fs, cancel, node, &ids);
    if (!rc)
        rc = write_all(&w, &ids);
    if (!rc)
        rc = rendering_set_time(fs, w.fd, ids.newest);
    if (rc)
        close(w.fd);
    else
        rendering_put(fs, node->ino, revision, true, w.fd);
    buf_release(&w.text);
    return rc;
}

/* --- keeping it --- */

static void note_change(void *ctx, const char *, const char *)
{
    bool *changed = ctx;

    *changed = true;
}

/* Until every page of a first listing has come: each would be a revision of its own. */
static int complete(struct fs *fs, struct cancel *cancel, struct node *node)
{
    struct cache_listing listing = {0};
    SCOPED(ids_release) struct ids ids = {0};
    int rc = folder_refresh(fs, node->kind, node->folder, cancel);

    if (!rc)
        rc = cache_get_listing(fs->cache, node->kind, node->folder, &listing);
    if (!rc && !listing.complete)
        rc = ids_collect(fs, cancel, node, &ids);
    return rc;
}

/* Makes the file unless the one there is, is of the same revision. */
static int refresh(struct fs *fs, struct cancel *cancel, struct node *node)
{
    uint64_t revision = 0;
    int rc = complete(fs, cancel, node);

    if (rc)
        return rc;
    int fd = rendering_open(fs, node->ino, &revision);
    bool changed = fd < 0;
    fd_release(&fd);
    rc = cache_since(fs->cache, node->kind, node->folder, &revision, NULL, note_change, &changed);
    return !rc && changed ? make_file(fs, cancel, node, revision) : rc;
}

/* --- the class --- */

/* A file that was made may be pushed out of what is kept before it is opened. */
#define MAKE_TRIES 3

static int whole_make(struct fs *fs, const struct fs_req *req, struct node *node,
                      struct content *ret)
{
    uint64_t revision;
    int fd = -ENOENT;

    for (int i = 0; fd == -ENOENT && i < MAKE_TRIES; i++) {
        int rc = refresh(fs, req->cancel, node);

        if (rc)
            return rc;
        fd = rendering_open(fs, node->ino, &revision);
    }
    ret->fd = fd;
    return fd < 0 ? fd : 0;
}

const struct node_ops export_whole_ops = {
    .name = "export of a folder",
    .type = S_IFREG,
    .flags = NODE_READ_ONLY | NODE_LAZY_ATTR | NODE_VOLATILE,
    .make = whole_make,
};
