/*
 * collections.c - the directories of .outlookfs/ whose entries are rows of the state database.
 *
 *     queue/<slot>-<name>       a pending or held operation; rm takes it back
 *     failed/<slot>-<name>      a refused one; rm discards the refused bytes, touch tries again
 *     queue/m<row>-<name>,
 *     failed/m<row>-<name>      a mail, an .eml as x.eml.json; rm discards it, touch sends it again
 *     conflicts/<id>/           base.json, mine.json, theirs.json; rm -r keeps the service's
 *                               version
 *     trash/<n>-<time>-<name>   the version before a change or deletion, and texts that were
 *                               refused; rm forgets it
 *
 * An entry's number comes first and identifies it; the rest of the name is for people. A conflict
 * is named by its record's id.
 */
#include "../local/local_p.h"
#include "../outbox/outbox_p.h"
#include "../records/records_p.h"
#include "control_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls `each` with number, name and time of every entry. The number of a mail is negative. */
typedef int (*entry_fn)(void *ctx, int64_t id, const char *name, int64_t at);

struct collection {
    const char *name;
    const struct node_ops *ops;       /* of the directory */
    const struct node_ops *entry_ops; /* of its entries */
    int (*each)(struct fs *fs, entry_fn each, void *ctx);
    /* The same of one; -ENOENT. NULL: entries are unique by name and have no number in it. */
    int (*one)(struct fs *fs, int64_t id, entry_fn each, void *ctx);
    int (*render)(struct fs *fs, int64_t id, const char *part, struct buf *out);
    int (*remove)(struct fs *fs, int64_t id); /* under fs.change */
    int (*touch)(struct fs *fs, int64_t id);  /* under fs.change; may be NULL */
};

const char *collection_name(const struct collection *c)
{
    return c->name;
}

static const struct collection *collection_of(const struct node *node)
{
    for (const struct collection *const *c = collections; *c; c++) {
        if (str_eq((*c)->name, node->id))
            return *c;
    }
    return NULL;
}

struct node_spec collection_spec(struct node *dir, const struct collection *c)
{
    const char *parts[] = {".outlookfs", c->name};

    return (struct node_spec){.ino = name_ino(parts, ARRAY_SIZE(parts)),
                              .ops = c->ops,
                              .parent = dir,
                              .name = c->name,
                              .kind = KIND_COUNT,
                              .id = c->name};
}

static char *entry_name(const struct collection *c, int64_t id, const char *name)
{
    char *full = !c->one  ? xstrdup(name)
                 : id < 0 ? xasprintf("m%" PRId64 "-%s", -id, name)
                          : xasprintf("%" PRId64 "-%s", id, name);
    char *safe = name_safe(full, NAME_BYTES_MAX);

    free(full);
    return safe;
}

/* `part`: "<number>" of an entry, "<number>/mine.json" of a file in one. */
static struct node_spec entry_spec(struct node *dir, const struct collection *c,
                                   const struct node_ops *ops, const char *part, const char *name)
{
    const char *parts[] = {".outlookfs", c->name, part};

    return (struct node_spec){.ino = name_ino(parts, ARRAY_SIZE(parts)),
                              .ops = ops,
                              .parent = dir,
                              .name = name,
                              .kind = KIND_COUNT,
                              .id = c->name,
                              .part = part};
}

/* --- the directory of a collection --- */

struct listing {
    struct node *dir;
    const struct collection *collection;
    struct dir_list *list;
    const char *wanted; /* lookup: the name; then `found` is its number */
    int64_t found;
};

static int list_entry(void *ctx, int64_t id, const char *name, int64_t at)
{
    struct listing *l = ctx;
    char *full = entry_name(l->collection, id, name);
    char part[32];
    int rc = 0;

    (void)at;
    snprintf(part, sizeof(part), "%" PRId64, id);
    if (l->list) {
        struct node_spec spec =
            entry_spec(l->dir, l->collection, l->collection->entry_ops, part, full);
        rc = dir_add(l->list, &spec, NULL);
    } else if (str_eq(full, l->wanted)) {
        l->found = id;
    }
    free(full);
    return rc;
}

static int collection_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                           struct dir_list *list)
{
    struct listing l = {.dir = dir, .collection = collection_of(dir), .list = list};

    (void)req;
    return l.collection->each(fs, list_entry, &l);
}

/* "12-x.json" is 12, "m12-x.json" -12; 0: it has no number. */
static int64_t number_of(const char *name)
{
    bool mail = *name == 'm';
    char *end;

    errno = 0;
    int64_t id = strtoll(name + mail, &end, 10);
    return errno || *end != '-' || id < 0 ? 0 : mail ? -id : id;
}

static int collection_find(struct fs *fs, struct node *dir, const char *name, int64_t *ret)
{
    const struct collection *c = collection_of(dir);
    struct listing l = {.dir = dir, .collection = c, .wanted = name};
    int rc = c->one ? c->one(fs, number_of(name), list_entry, &l) : c->each(fs, list_entry, &l);

    if (!rc && !l.found)
        rc = -ENOENT;
    if (!rc)
        *ret = l.found;
    return rc;
}

static int collection_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                             const char *name, struct node **ret)
{
    const struct collection *c = collection_of(dir);
    char part[32];
    int64_t id;
    int rc = collection_find(fs, dir, name, &id);

    (void)req;
    if (rc)
        return rc;
    snprintf(part, sizeof(part), "%" PRId64, id);
    struct node_spec spec = entry_spec(dir, c, c->entry_ops, part, name);
    *ret = tree_obtain(fs, &spec);
    return 0;
}

static int collection_remove(struct fs *fs, struct node *dir, const char *name)
{
    int64_t id;
    int rc = collection_find(fs, dir, name, &id);

    return rc ? rc : collection_of(dir)->remove(fs, id);
}

/* --- the files --- */

static int entry_load(struct fs *fs, struct node *node, struct content *ret)
{
    const char *slash = strchr(node->part, '/');
    struct buf text;

    buf_init(&text, JSON_TEXT_MAX);
    int rc = collection_of(node)->render(fs, strtoll(node->part, NULL, 10),
                                         slash ? slash + 1 : NULL, &text);
    if (!rc) {
        ret->len = text.len;
        ret->text = buf_detach(&text);
        ret->mtime = fs->birth;
    }
    buf_release(&text);
    return rc;
}

static int entry_getattr(struct fs *fs, const struct fs_req *req, struct node *node,
                         struct stat *ret)
{
    struct content made = {.fd = -1};
    int rc = content_stat_open(fs, node, ret);

    (void)req;
    if (rc == -ENOENT) {
        rc = entry_load(fs, node, &made);
        if (!rc)
            rc = content_stat(&made, ret);
        free(made.text);
    }
    return rc;
}

static int entry_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set)
{
    const struct collection *c = collection_of(node);

    (void)attr;
    return c->touch && (set & FS_SET_MTIME_NOW) ? c->touch(fs, strtoll(node->part, NULL, 10)) : 0;
}

static const struct node_ops entry_ops = {
    .name = "collection entry",
    .type = S_IFREG,
    .flags = NODE_VOLATILE,
    .getattr = entry_getattr,
    .setattr = entry_setattr,
    .load = entry_load,
};

static const struct node_ops collection_ops = {
    .name = "collection",
    .type = S_IFDIR,
    .lookup = collection_lookup,
    .list = collection_list,
    .remove = collection_remove,
};

/* --- queue/ and failed/ --- */

static int tell_op(struct fs *fs, unsigned states, const struct journal_op *op, entry_fn each,
                   void *ctx)
{
    struct slot slot = {0};
    int rc = 0;

    if ((states & 1U << op->state) && !state_get_slot(fs->state, op->slot, &slot))
        rc = each(ctx, op->slot, slot.name, clock_date(op->queued_at));
    slot_release(&slot);
    return rc;
}

static int each_op(struct fs *fs, unsigned states, entry_fn each, void *ctx)
{
    struct journal_op *ops = NULL;
    size_t count = 0;
    int rc = state_ops(fs->state, &ops, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc)
            rc = tell_op(fs, states, &ops[i], each, ctx);
        journal_op_release(&ops[i]);
    }
    free(ops);
    return rc;
}

static int tell_mail(struct fs *fs, unsigned states, const struct outbox_row *row, entry_fn each,
                     void *ctx)
{
    struct local l = {0};
    int rc = 0;

    if ((states & 1U << row->state) && !state_get_local(fs->state, row->ino, &l)) {
        char *name = xasprintf("%s%s", l.name, name_is_record(l.name) ? "" : ".json");
        rc = each(ctx, -row->id, name, clock_date(row->queued_at));
        free(name);
    }
    local_release(&l);
    return rc;
}

static int each_mail(struct fs *fs, unsigned states, entry_fn each, void *ctx)
{
    struct outbox_row *rows = NULL;
    size_t count = 0;
    int rc = state_outbox(fs->state, &rows, &count);

    for (size_t i = 0; i < count && !rc; i++)
        rc = tell_mail(fs, states, &rows[i], each, ctx);
    outbox_rows_free(rows, count);
    return rc;
}

/* The number of a mail is negative. */
static int one(struct fs *fs, int64_t id, unsigned op_states, unsigned mail_states, entry_fn each,
               void *ctx)
{
    struct journal_op op = {0};
    struct outbox_row row = {0};
    int rc = id < 0 ? state_get_outbox(fs->state, -id, &row) : state_get_op(fs->state, id, &op);

    if (!rc)
        rc = id < 0 ? tell_mail(fs, mail_states, &row, each, ctx)
                    : tell_op(fs, op_states, &op, each, ctx);
    outbox_row_release(&row);
    journal_op_release(&op);
    return rc;
}

#define QUEUED_OPS (1U << JOURNAL_QUEUED | 1U << JOURNAL_HELD)
#define QUEUED_MAILS (1U << OUTBOX_WAITING | 1U << OUTBOX_SENDING)
#define FAILED_OPS (1U << JOURNAL_FAILED)
#define FAILED_MAILS (1U << OUTBOX_FAILED)

static int one_queued(struct fs *fs, int64_t id, entry_fn each, void *ctx)
{
    return one(fs, id, QUEUED_OPS, QUEUED_MAILS, each, ctx);
}

static int one_failed(struct fs *fs, int64_t id, entry_fn each, void *ctx)
{
    return one(fs, id, FAILED_OPS, FAILED_MAILS, each, ctx);
}

static int each_queued(struct fs *fs, entry_fn each, void *ctx)
{
    int rc = each_op(fs, QUEUED_OPS, each, ctx);

    return rc ? rc : each_mail(fs, QUEUED_MAILS, each, ctx);
}

static int each_failed(struct fs *fs, entry_fn each, void *ctx)
{
    int rc = each_op(fs, FAILED_OPS, each, ctx);

    return rc ? rc : each_mail(fs, FAILED_MAILS, each, ctx);
}

static int render_op(struct fs *fs, int64_t id, const char *part, struct buf *out)
{
    (void)part;
    return id < 0 ? mail_render(fs, -id, out) : operation_render(fs, id, out);
}

static int touch_op(struct fs *fs, int64_t id)
{
    if (id < 0)
        return outbox_retry(fs->outbox, -id);
    int rc = writeback_retry(fs->writeback, id);
    writeback_kick(fs->writeback);
    return rc;
}

/* The mail is not sent, and its file goes. */
static int remove_mail(struct fs *fs, int64_t id)
{
    struct outbox_row row = {0};
    struct local l = {0};
    int rc = state_get_outbox(fs->state, id, &row);

    if (!rc)
        rc = state_get_local(fs->state, row.ino, &l);
    if (!rc) {
        struct node *dir = outbox_dir_node(fs, l.dir);

        rc = dir ? local_remove(fs, dir, l.name, false) : -ENOENT;
        tree_put(fs, dir);
    }
    outbox_row_release(&row);
    local_release(&l);
    return rc;
}

/* Takes an operation back: the service's version becomes visible, and a file that only this machine
 * knows goes. */
static int remove_op(struct fs *fs, int64_t id)
{
    struct slot before = {0}, after = {0};

    if (id < 0)
        return remove_mail(fs, -id);
    int rc = state_get_slot(fs->state, id, &before);

    if (!rc)
        rc = writeback_cancel(fs->writeback, id);
    if (rc)
        goto out;
    rc = state_get_slot(fs->state, id, &after);
    if (rc == -ENOENT) {
        drop_inode(fs, before.ino);
        rc = 0;
    } else if (!rc && (after.flags & SLOT_VACANT)) {
        after.since = 0; /* the name comes back at once */
        rc = state_put_slot(fs->state, &after);
        housekeeping_wake(fs);
    } else if (!rc) {
        rc = slot_reconcile(fs, &after);
    }
out:
    slot_release(&before);
    slot_release(&after);
    return rc;
}

static const struct collection queue = {.name = "queue",
                                        .ops = &collection_ops,
                                        .entry_ops = &entry_ops,
                                        .each = each_queued,
                                        .one = one_queued,
                                        .render = render_op,
                                        .remove = remove_op};
static const struct collection failed = {.name = "failed",
                                         .ops = &collection_ops,
                                         .entry_ops = &entry_ops,
                                         .each = each_failed,
                                         .one = one_failed,
                                         .render = render_op,
                                         .remove = remove_op,
                                         .touch = touch_op};

/* --- trash/ --- */

static int tell_trash(const struct trash_entry *t, entry_fn each, void *ctx)
{
    char at[32];

    str_format_time(t->at, at);
    char *name = xasprintf("%.19s-%s-%s", at, t->why, t->name);
    int rc = each(ctx, t->id, name, t->at);
    free(name);
    return rc;
}

static int each_trash(struct fs *fs, entry_fn each, void *ctx)
{
    struct trash_entry *t = NULL;
    size_t count = 0;
    int rc = state_trash(fs->state, &t, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc)
            rc = tell_trash(&t[i], each, ctx);
        trash_entry_release(&t[i]);
    }
    free(t);
    return rc;
}

static int one_trash(struct fs *fs, int64_t id, entry_fn each, void *ctx)
{
    struct trash_entry t = {0};
    int rc = state_get_trash(fs->state, id, &t);

    if (!rc)
        rc = tell_trash(&t, each, ctx);
    trash_entry_release(&t);
    return rc;
}

static int render_trash(struct fs *fs, int64_t id, const char *part, struct buf *out)
{
    struct trash_entry t = {0};
    int rc = state_get_trash(fs->state, id, &t);

    (void)part;
    if (!rc)
        rc = buf_addstr(out, t.text ? t.text : "");
    trash_entry_release(&t);
    return rc;
}

static int remove_trash(struct fs *fs, int64_t id)
{
    return state_remove_trash(fs->state, id);
}

static const struct collection trash = {.name = "trash",
                                        .ops = &collection_ops,
                                        .entry_ops = &entry_ops,
                                        .each = each_trash,
                                        .one = one_trash,
                                        .render = render_trash,
                                        .remove = remove_trash};

/* --- conflicts/<n>-<name>/{base,mine,theirs}.json --- */

static const char *const versions[] = {"base.json", "mine.json", "theirs.json"};

static int each_conflict(struct fs *fs, entry_fn each, void *ctx)
{
    struct conflict *c = NULL;
    size_t count = 0;
    int rc = state_conflicts(fs->state, &c, &count);

    for (size_t i = 0; i < count; i++) {
        struct slot slot = {0};

        if (!rc && !state_get_slot(fs->state, c[i].slot, &slot) && slot.record)
            rc = each(ctx, c[i].slot, slot.record, c[i].at);
        slot_release(&slot);
        conflict_release(&c[i]);
    }
    free(c);
    return rc;
}

static int render_conflict(struct fs *fs, int64_t id, const char *part, struct buf *out)
{
    struct conflict c = {0};
    int rc = state_get_conflict(fs->state, id, &c);

    if (!rc) {
        const char *text = str_eq(part, "base.json")   ? c.base
                           : str_eq(part, "mine.json") ? c.mine
                                                       : c.theirs;
        rc = buf_addstr(out, text ? text : "");
    }
    conflict_release(&c);
    return rc;
}

static struct node_spec version_spec(struct node *dir, size_t i, char part[48]);

static int conflict_lookup(struct fs *fs, const struct fs_req *req, struct node *dir,
                           const char *name, struct node **ret)
{
    char part[48];

    (void)req;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        if (str_eq(versions[i], name)) {
            struct node_spec spec = version_spec(dir, i, part);
            *ret = tree_obtain(fs, &spec);
            return 0;
        }
    }
    return -ENOENT;
}

static int conflict_list(struct fs *fs, const struct fs_req *req, struct node *dir,
                         struct dir_list *list)
{
    char part[48];
    int rc = 0;

    (void)fs;
    (void)req;
    for (size_t i = 0; i < ARRAY_SIZE(versions) && !rc; i++) {
        struct node_spec spec = version_spec(dir, i, part);
        rc = dir_add(list, &spec, NULL);
    }
    return rc;
}

/* `rm -r` of a conflict: its files go with the directory. */
static int conflict_remove(struct fs *fs, struct node *dir, const char *name)
{
    (void)fs;
    (void)dir;
    (void)name;
    return 0;
}

static const struct node_ops conflict_ops = {
    .name = "conflict",
    .type = S_IFDIR,
    .flags = NODE_VOLATILE,
    .lookup = conflict_lookup,
    .list = conflict_list,
    .remove = conflict_remove,
};

static const struct collection conflicts = {.name = "conflicts",
                                            .ops = &collection_ops,
                                            .entry_ops = &conflict_ops,
                                            .each = each_conflict,
                                            .render = render_conflict,
                                            .remove = remove_op};

static struct node_spec version_spec(struct node *dir, size_t i, char part[48])
{
    snprintf(part, 48, "%s/%s", dir->part, versions[i]);
    return entry_spec(dir, &conflicts, &entry_ops, part, versions[i]);
}

const struct collection *const collections[] = {&queue, &failed, &conflicts, &trash, NULL};
