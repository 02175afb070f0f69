/*
 * triggers.c - triggers/: definitions that a user writes, and the streams of what they bring.
 *
 *     <name>.json     a scratch file with one difference: what a close, a rename or a removal of
 *                     such a name means for the trigger, which sync/triggers.h carries out
 *     <name>.jsonl    the stream, <name>.jsonl.1 the older part: read only, only growing
 *
 * A stream is volatile: the kernel caches neither its size nor its bytes, so `tail -f` and whoever
 * reads at the end sees a line as soon as it is committed.
 */
#include "../local/local_p.h"
#include "triggers_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFINITION ".json"
#define STREAM ".jsonl"
#define OLDER ".jsonl.1"

static bool is_definition(struct fs *fs, struct node *dir, const char *name)
{
    return tree_ops(fs, dir) == &triggers_root_ops && name_is_record(name);
}

/* The trigger's name, which the caller frees; NULL: this is no name of a stream. */
static char *name_of_stream(const char *name, bool *ret_older)
{
    size_t len = strlen(name);

    *ret_older = str_ends(name, OLDER);
    if (!*ret_older && !str_ends(name, STREAM))
        return NULL;
    len -= strlen(*ret_older ? OLDER : STREAM);
    SCOPED(xfree) char *definition = xasprintf("%.*s" DEFINITION, (int)len, name);

    return name_is_record(definition) ? xstrndup(name, len) : NULL;
}

static char *name_of_definition(const char *name)
{
    return xstrndup(name, strlen(name) - strlen(DEFINITION));
}

static bool takes(const char *name, mode_t type)
{
    bool older;
    SCOPED(xfree) char *trigger = name_of_stream(name, &older);
    bool stream = trigger;

    if (stream || (S_ISLNK(type) && name_is_record(name))) /* streams are filled by polling */
        return false;
    return !S_ISDIR(type) || name_is_scratch_dir(name);
}

/* --- the directory --- */

static const struct node_ops stream_ops;

static struct node_spec stream_spec(struct node *dir, const struct trigger_row *row, bool older,
                                    const char *name)
{
    return (struct node_spec){.ino = older ? row->old.ino : row->now.ino,
                              .ops = &stream_ops,
                              .parent = dir,
                              .name = name,
                              .kind = KIND_COUNT,
                              .row = row->id};
}

/* The first look at a name asks which calendars there are, because the close of a definition, which
 * wants to know, must not wait. */
static void know_calendars(struct fs *fs, const struct fs_req *req)
{
    struct cache_folders folders = {0};

    if (!mailbox_folders(fs->mailbox, KIND_EVENT, req->cancel, &folders))
        cache_folders_release(&folders);
}

static int triggers_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                           const char *name, struct node **ret)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};
    bool older;
    SCOPED(xfree) char *trigger = name_of_stream(name, &older);

    if (!trigger) {
        if (name_is_record(name))
            know_calendars(fs, req);
        return -ENOENT;
    }
    int rc = state_trigger_by_name(fs->state, trigger, &row);
    struct node_spec spec = stream_spec(dir, &row, older, name);
    if (!rc && !spec.ino)
        rc = -ENOENT;
    if (!rc)
        *ret = tree_obtain(fs, spec);
    return rc;
}

static void add_stream(struct node *dir, const struct trigger_row *row, bool older,
                       struct dir_list *list)
{
    SCOPED(xfree) char *name = xasprintf("%s%s", row->name, older ? OLDER : STREAM);
    struct node_spec spec = stream_spec(dir, row, older, name);

    if (spec.ino)
        dir_add(list, spec, NULL);
}

static int triggers_list(struct fs *fs, const struct fs_req *, struct node *dir,
                         struct dir_list *list)
{
    struct trigger_row *rows = NULL;
    size_t count = 0;
    int rc = state_triggers(fs->state, &rows, &count);

    for (size_t i = 0; i < count && !rc; i++) {
        add_stream(dir, &rows[i], false, list);
        add_stream(dir, &rows[i], true, list);
    }
    trigger_rows_free(rows, count);
    return rc;
}

static int triggers_remove(struct fs *fs, struct node *, const char *name)
{
    bool older;
    SCOPED(xfree) char *trigger = name_of_stream(name, &older);
    int rc = trigger ? triggers_drop_stream(fs->triggers, trigger, older) : -ENOENT;

    if (!rc)
        triggers_kick(fs->triggers);
    return rc;
}

/* --- definitions --- */

static int keep_draft(struct fs *fs, const char *trigger, enum json_shape shape,
                      const struct json_where *where)
{
    SCOPED(buf_release) struct buf reason = BUF_INIT(BUF_TEXT_MAX);

    content_draft_reason(shape, where, &reason);
    return triggers_draft(fs->triggers, trigger, reason.data);
}

static int commit_text(struct fs *fs, const char *trigger, struct content *c, const char *text,
                       size_t len, struct buf *err)
{
    struct json_where where = {1, 1};
    enum json_shape shape = json_scan(text, len, &where);
    int rc = content_arrive(c, shape);

    if (rc)
        return rc == CONTENT_DRAFT ? keep_draft(fs, trigger, shape, &where) : rc;
    rc = triggers_define(fs->triggers, trigger, text, len, err);
    if (rc)
        triggers_draft(fs->triggers, trigger, err->len ? err->data : strerror(-rc));
    triggers_kick(fs->triggers);
    return rc;
}

/* The trigger a node defines, which the caller frees; NULL: none, it is scratch or unlinked. */
static char *trigger_of(struct fs *fs, struct node *node)
{
    struct node *dir = tree_parent(fs, node);
    SCOPED(xfree) char *name = tree_name(fs, node);
    char *trigger = dir && is_definition(fs, dir, name) ? name_of_definition(name) : NULL;

    tree_put(fs, dir);
    return trigger;
}

static int definition_commit(struct fs *fs, struct node *node, struct content *c, struct buf *err)
{
    SCOPED(xfree) char *trigger = trigger_of(fs, node);
    SCOPED(xfree) char *text = NULL;
    size_t len;
    int rc = 0;

    if (trigger) {
        rc = content_text(fs, c, &text, &len);
        if (!rc)
            rc = commit_text(fs, trigger, c, text, len, err);
    }
    return rc;
}

const char *trigger_state_name(const struct trigger_row *row)
{
    if (row->draft)
        return "draft";
    if (!row->definition || row->stopped_at)
        return "stopped";
    if (row->state == TRIGGER_FAILED)
        return "failed";
    return row->cursor ? "active" : "starting"; /* what comes before the baseline is not brought */
}

static int row_getxattr(const struct trigger_row *row, const char *name, struct buf *out)
{
    const char *error = row->draft ? row->draft : row->reason;

    if (str_eq(name, "state"))
        return buf_addstr(out, trigger_state_name(row));
    return str_eq(name, "error") && error ? buf_addstr(out, error) : -ENODATA;
}

static int definition_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};
    SCOPED(xfree) char *trigger = trigger_of(fs, node);
    int rc = trigger ? state_trigger_by_name(fs->state, trigger, &row) : -ENOENT;

    if (!rc)
        rc = row_getxattr(&row, name, out);
    else if (rc == -ENOENT)
        rc = str_eq(name, "state") ? buf_addstr(out, trigger ? "draft" : "local") : -ENODATA;
    return rc;
}

/* --- names come and go --- */

static int trigger_leave(struct fs *fs, const struct place *at, const struct local *)
{
    if (!name_is_record(at->name))
        return 0;
    SCOPED(xfree) char *trigger = name_of_definition(at->name);
    return triggers_stop(fs->triggers, trigger);
}

static void trigger_left(struct fs *fs)
{
    triggers_kick(fs->triggers);
}

struct move {
    char *from, *to; /* triggers, or NULL */
    char *text;      /* of `to` */
    size_t len;
};

static int move_begin(struct fs *fs, const struct fs_req *, const struct local *l,
                      const struct place *from, const struct place *to, void **ret,
                      bool *ret_commits, struct buf *err)
{
    struct move *m = xcalloc(1, sizeof(*m));

    *ret = m;
    if (is_definition(fs, from->dir, from->name))
        m->from = name_of_definition(from->name);
    if (!is_definition(fs, to->dir, to->name) || !S_ISREG(l->mode))
        return 0;
    int rc = data_text(fs, l->ino, &m->text, &m->len);
    if (!rc)
        rc = data_sync(fs, l->ino);
    if (!rc)
        rc = triggers_check(fs->triggers, m->text, m->len, err);
    m->to = name_of_definition(to->name);
    *ret_commits = !rc;
    return rc;
}

static int move_apply(struct fs *fs, const struct local *, void *move, struct buf *err)
{
    const struct move *m = move;

    if (m->from && m->to)
        return triggers_rename(fs->triggers, m->from, m->to, m->text, m->len, err);
    if (m->to)
        return triggers_define(fs->triggers, m->to, m->text, m->len, err);
    return m->from ? triggers_stop(fs->triggers, m->from) : 0;
}

static void move_end(struct fs *fs, void *move)
{
    struct move *m = move;

    triggers_kick(fs->triggers);
    free(m->from);
    free(m->to);
    free(m->text);
    free(m);
}

/* --- streams --- */

static bool stream_of(const struct trigger_row *row, uint64_t ino, struct trigger_stream *ret)
{
    if (ino == row->now.ino)
        *ret = row->now;
    else if (ino == row->old.ino)
        *ret = row->old;
    else
        return false;
    return true;
}

/* What is committed of the stream behind a node. -ENOENT: nothing is appended to it any more, all
 * of the file counts. */
static int stream_now(struct fs *fs, struct node *node, struct trigger_stream *ret,
                      bool *ret_growing)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};
    int rc = state_get_trigger(fs->state, node->row, &row);

    if (!rc && !stream_of(&row, node->ino, ret))
        rc = -ENOENT;
    *ret_growing = !rc && node->ino == row.now.ino;
    return rc;
}

static int stream_getattr(struct fs *fs, const struct fs_req *, struct node *node, struct stat *ret)
{
    struct trigger_stream stream;
    bool growing;
    int rc = stream_now(fs, node, &stream, &growing);

    triggers_watch(fs->triggers, node->row, 0);
    ret->st_mode &= ~(mode_t)0222;
    if (rc == -ENOENT)
        return content_stat_open(fs, node, ret) == -ENOENT ? -ESTALE : 0;
    if (rc)
        return rc;
    ret->st_size = (off_t)stream.length;
    attr_set_mtime(ret, stream.mtime);
    return 0;
}

static int stream_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};
    int rc = state_get_trigger(fs->state, node->row, &row);

    if (!rc)
        rc = row_getxattr(&row, name, out);
    return rc == -ENOENT ? -ENODATA : rc;
}

static int stream_load(struct fs *fs, struct node *node, struct content *ret)
{
    int fd = state_data_open(fs->state, node->ino, O_RDONLY);

    if (fd < 0)
        return fd == -ENOENT ? -ESTALE : fd;
    ret->fd = fd;
    triggers_watch(fs->triggers, node->row, 1);
    return 0;
}

static void stream_closed(struct fs *fs, struct node *node, struct content *)
{
    triggers_watch(fs->triggers, node->row, -1);
}

static ssize_t stream_read(struct fs *fs, struct node *node, struct content *c, void *out,
                           size_t size, off_t offset)
{
    struct trigger_stream stream;
    bool growing;
    int rc = stream_now(fs, node, &stream, &growing);

    triggers_watch(fs->triggers, node->row, 0);
    if (rc && rc != -ENOENT)
        return rc;
    if (!rc && (offset < 0 || (uint64_t)offset >= stream.length))
        return 0;
    if (!rc && size > stream.length - (uint64_t)offset)
        size = stream.length - (uint64_t)offset;
    ssize_t n = pread(c->fd, out, size, offset);
    return n < 0 ? -errno : n;
}

/* A file that has stopped growing has an end, as a pipe has whose writer is gone. */
static enum fs_ready stream_ready(struct fs *fs, struct node *node, off_t position)
{
    struct trigger_stream stream;
    bool growing;

    triggers_watch(fs->triggers, node->row, 0);
    if (stream_now(fs, node, &stream, &growing) || !growing)
        return FS_READY | FS_ENDED;
    return position < 0 || (uint64_t)position < stream.length ? FS_READY : 0;
}

/* --- classes --- */

static const struct node_ops stream_ops = {
    .name = "stream",
    .type = S_IFREG,
    .flags = NODE_VOLATILE,
    .getattr = stream_getattr,
    .getxattr = stream_getxattr,
    .load = stream_load,
    .read = stream_read,
    .ready = stream_ready,
    .closed = stream_closed,
};

static const struct node_ops definition_ops = {
    .name = "trigger",
    .type = S_IFREG,
    .flags = NODE_WRITABLE | NODE_MOVABLE,
    .getattr = local_getattr,
    .getxattr = definition_getxattr,
    .setattr = local_setattr,
    .load = local_load,
    .commit = definition_commit,
    .closed = local_closed,
};

static const struct name_ops definition_names = {
    .files = &definition_ops,
    .by_name = true,
    .leave = trigger_leave,
    .left = trigger_left,
    .move_begin = move_begin,
    .move_apply = move_apply,
    .move_end = move_end,
};

const struct node_ops triggers_root_ops = {
    .name = "triggers",
    .type = S_IFDIR,
    .refusal = "a trigger is a file <name>.json, and the mount writes its <name>.jsonl: remove the "
               ".json to end it",
    .flags = NODE_LOCAL_NAMES,
    .takes = takes,
    .names = &definition_names,
    .lookup = triggers_lookup,
    .list = triggers_list,
    .remove = triggers_remove,
};
