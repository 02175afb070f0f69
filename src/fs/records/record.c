/*
 * record.c - record files as seen from outside: which record a name means, attributes, content,
 * extended attributes.
 *
 * A record nobody touched here has no slot: its name is "<id>.json", its inode number a hash, its
 * bytes the cache's. Whatever is different about a name is in its slot (slot.c).
 */
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shorter names are no id of the service (connector contract 4.8: 152 characters): editors probe
 * for many, and none is asked for. */
#define ID_MIN 24

uint64_t record_ino(enum kind kind, const char *folder, const char *id)
{
    /* A record that can move is the same file in every folder. */
    return kind_info(kind)->caps & KIND_CAN_MOVE ? name_ino(kind_info(kind)->dir, id)
                                                 : name_ino(kind_info(kind)->dir, folder, id);
}

struct node_spec record_spec(struct fs *fs, struct node *dir, const char *name, uint64_t ino)
{
    return spec_in(dir, record_class(fs, dir), ino, name);
}

int record_exists(struct fs *fs, const struct fs_req *req, struct node *dir, const char *id)
{
    if (strlen(id) < ID_MIN)
        return cache_get(fs->cache, dir->kind, dir->folder, id, false, NULL);
    return mailbox_record(fs->mailbox, dir->kind, dir->folder, id, false, req->cancel, NULL);
}

/* A record that was moved behind our back is where it was found last. */
static void follow(struct fs *fs, struct node *node, struct node *dir, const char *name)
{
    struct node *parent = tree_parent(fs, node);

    if (parent != dir)
        tree_move(fs, node, dir, name, record_class(fs, dir));
    tree_put(fs, parent);
}

int record_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                  struct node **ret)
{
    SCOPED(slot_release) struct slot slot = {0};
    SCOPED(xfree) char *id = NULL;
    int rc = state_slot_by_name(fs->state, dir->kind, dir->folder, name, &slot);

    if (rc == -ENOENT && !mailbox_record_id(fs->mailbox, dir->kind, dir->folder, name, &id))
        rc = state_slot_by_record(fs->state, dir->kind, dir->folder, id, &slot);
    if (!rc && (slot.flags & SLOT_VACANT))
        rc = -ENOENT;
    else if (!rc && !(slot.flags & SLOT_LOCAL)) /* the cache may have been deleted */
        rc = slot.record ? record_exists(fs, req, dir, slot.record) : -ENOENT;
    if (!rc)
        *ret = tree_obtain(fs, record_spec(fs, dir, slot.name, slot.ino));
    else if (rc == -ENOENT && !slot.id && id) {
        rc = record_exists(fs, req, dir, id);
        if (!rc)
            *ret =
                tree_obtain(fs, record_spec(fs, dir, name, record_ino(dir->kind, dir->folder, id)));
    }
    if (!rc)
        follow(fs, *ret, dir, slot.id ? slot.name : name);
    return rc;
}

/* The service's id behind a record node: from its slot or its name. -ENOENT: none yet. The caller
 * frees. */
static int record_id(struct fs *fs, struct node *node, char **ret)
{
    SCOPED(slot_release) struct slot slot = {0};
    int rc = state_slot_by_ino(fs->state, node->ino, &slot);

    if (!rc && slot.record)
        *ret = xstrdup(slot.record);
    else if (!rc)
        rc = -ENOENT;
    else if (rc == -ENOENT) {
        SCOPED(xfree) char *name = tree_name(fs, node);
        *ret = mailbox_spelt_id(fs->mailbox, name, NAME_RECORD_SUFFIX);
        rc = *ret ? 0 : -ENOENT;
    }
    return rc;
}

static int read_cache(struct fs *fs, enum kind kind, const char *folder, const char *id, char **ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    int rc = cache_get(fs->cache, kind, folder, id, true, &r);

    if (!rc)
        *ret = TAKE(r.text);
    return rc;
}

int record_bytes(struct fs *fs, uint64_t ino, char **ret)
{
    struct node *node = tree_get(fs, ino);
    struct content *open = node ? content_peek(fs, node) : NULL;
    size_t len;
    int rc = open ? content_text(fs, open, ret, &len) : data_text(fs, ino, ret, &len);

    tree_put(fs, node);
    return rc;
}

int record_visible(struct fs *fs, const struct slot *slot, char **ret)
{
    if ((slot->flags & SLOT_LOCAL) || content_is_open(fs, slot->ino))
        return record_bytes(fs, slot->ino, ret);
    return slot->record ? read_cache(fs, slot->kind, slot->folder, slot->record, ret) : -ENOENT;
}

/* --- attributes --- */

static int cache_stat(struct fs *fs, enum kind kind, const char *folder, const char *id,
                      struct stat *ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    int rc = id ? cache_get(fs->cache, kind, folder, id, false, &r) : -ENOENT;

    if (!rc) {
        ret->st_size = (off_t)r.size;
        if (r.mtime)
            attr_set_mtime(ret, r.mtime);
    }
    return rc;
}

int slot_stat(struct fs *fs, const struct slot *slot, struct stat *ret)
{
    int rc = slot->flags & SLOT_LOCAL ? data_stat(fs, slot->ino, ret)
                                      : cache_stat(fs, slot->kind, slot->folder, slot->record, ret);

    if (slot->flags & SLOT_MODE)
        ret->st_mode = S_IFREG | (slot->mode & 07777);
    if ((slot->flags & SLOT_MTIME) && !(slot->flags & SLOT_LOCAL))
        attr_set_mtime(ret, slot->mtime);
    return rc;
}

bool record_is_told(struct fs *fs, enum kind kind, const char *folder, const char *id)
{
    struct node *node = tree_get(fs, record_ino(kind, folder, id));
    struct stat st = {0};
    bool told = !node || (!cache_stat(fs, kind, folder, id, &st) && tree_shows(fs, node, &st));

    tree_put(fs, node);
    return told;
}

static int untouched_stat(struct fs *fs, struct node *node, struct stat *ret)
{
    enum kind kind;
    const char *folder;
    SCOPED(xfree) char *id = NULL;
    int rc = record_id(fs, node, &id);

    tree_place(fs, node, &kind, &folder);
    return rc ? rc : cache_stat(fs, kind, folder, id, ret);
}

static int named_stat(struct fs *fs, struct node *node, bool linked, struct stat *ret)
{
    SCOPED(slot_release) struct slot slot = {0};
    int rc = state_slot_by_ino(fs->state, node->ino, &slot);

    if (!rc)
        rc = slot_stat(fs, &slot, ret);
    else if (rc == -ENOENT && linked)
        rc = untouched_stat(fs, node, ret);
    return rc;
}

static int record_getattr(struct fs *fs, const struct fs_req *, struct node *node, struct stat *ret)
{
    struct node *parent = tree_parent(fs, node);
    int rc = named_stat(fs, node, parent, ret);

    if (rc == -ENOENT && parent) { /* what the slot said may have changed while we looked */
        mutex_lock(&fs->change);
        rc = named_stat(fs, node, true, ret);
        mutex_unlock(&fs->change);
    }
    /* Whatever lies behind the name: the bytes of the open file are those that are read. */
    int open = content_stat_open(fs, node, ret);
    if (!parent || rc == -ENOENT) /* it is there for whoever has it open */
        ret->st_nlink = 0;
    if (open != -ENOENT)
        rc = open;
    tree_put(fs, parent);
    return rc;
}

/* As its id is mostly spelt: a record whose name another file has is spelt otherwise until that one is gone. */
static bool has_plain_name(struct fs *fs, struct node *node)
{
    SCOPED(xfree) char *name = tree_name(fs, node);
    SCOPED(xfree) char *id = mailbox_spelt_id(fs->mailbox, name, NAME_RECORD_SUFFIX);
    SCOPED(xfree) char *plain = id ? name_from_id(id) : NULL;

    return str_eq(name, plain);
}

/* The name is made of the id, and so is the inode number; a name that was given here is its slot's. A record that moves
 * keeps its inode. */
static bool record_keeps_name(struct fs *fs, struct node *node)
{
    const char *folder;
    enum kind kind;

    tree_place(fs, node, &kind, &folder);
    return !(kind_info(kind)->caps & KIND_CAN_MOVE) &&
           state_slot_by_ino(fs->state, node->ino, NULL) == -ENOENT && has_plain_name(fs, node);
}

/* --- content --- */

/* What nobody touched here, and has not changed since the kernel was told of it, need not be looked at
 * before it is read. */
static int record_prepare(struct fs *fs, const struct fs_req *req, struct node *node)
{
    SCOPED(slot_release) struct slot slot = {0};
    char *id = NULL;
    enum kind kind;
    const char *folder;
    int known = state_slot_by_ino(fs->state, node->ino, &slot);
    int rc = 0;

    if (known == -ENOENT && cache_is_latest(fs->cache, tree_shown(fs, node).text))
        return 0;
    tree_place(fs, node, &kind, &folder);
    if (known || !(slot.flags & SLOT_LOCAL)) {
        rc = record_id(fs, node, &id);
        if (!rc)
            rc = mailbox_record(fs->mailbox, kind, folder, id, false, req->cancel, NULL);
        free(id);
    }
    return rc;
}

static int load_cached(struct fs *fs, struct node *node, struct content *ret)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    SCOPED(xfree) char *id = NULL;
    uint64_t moment = cache_moment(fs->cache);
    enum kind kind;
    const char *folder;

    tree_place(fs, node, &kind, &folder);
    int rc = record_id(fs, node, &id);
    if (!rc)
        rc = cache_get(fs->cache, kind, folder, id, true, &r);
    if (!rc) {
        ret->version = (struct cache_version){r.seq, moment};
        ret->text = TAKE(r.text);
        ret->len = r.size;
        ret->mtime = r.mtime ? r.mtime : fs->birth;
    }
    return rc;
}

static int record_load(struct fs *fs, struct node *node, struct content *ret)
{
    SCOPED(slot_release) struct slot slot = {0};
    struct shown shown = tree_shown(fs, node);
    int known = state_slot_by_ino(fs->state, node->ino, &slot);
    int rc = 0;

    if (known == -ENOENT && (ret->held = cache_hold(fs->cache, shown.text))) {
        ret->version = shown.text;
        ret->len = (size_t)shown.size;
        ret->mtime = shown.mtime;
        return 0;
    }
    /* Who is told how a save ended reads what came of it. */
    if (!known)
        slot_reconcile(fs, &slot);
    if (slot.flags & SLOT_LOCAL) {
        int fd = state_data_open(fs->state, node->ino, O_RDWR);
        if (fd < 0)
            rc = fd;
        else
            ret->fd = fd;
    } else {
        rc = load_cached(fs, node, ret);
    }
    if (!rc && ret->fd < 0 && (slot.flags & SLOT_MTIME))
        ret->mtime = slot.mtime;
    return rc;
}

/* Is the slot's operation a conflict? */
static bool in_conflict(struct fs *fs, int64_t slot)
{
    SCOPED(journal_op_release) struct journal_op op = {0};

    return !state_get_op(fs->state, slot, &op) && op.state == JOURNAL_CONFLICT;
}

/*
 * Sends at once and waits for the answer. A conflict is not a refusal: both texts are kept, and an
 * editor that is told of an error puts the old text back, which would undo the other's change.
 */
static int send_now(struct fs *fs, const struct fs_req *req, int64_t slot)
{
    int rc = writeback_flush(fs->writeback, slot, clock_mono() + 10 * NS_PER_S, req->cancel, NULL);

    if (rc == -EINPROGRESS) /* the journal holds it */
        return 0;
    return rc == -ESTALE && in_conflict(fs, slot) ? 0 : rc;
}

/*
 * A new file with the id of a record that is here is a copy, or a temporary that is about to be
 * renamed over that record: it waits out the delay whatever the program asks for (saving rule R12).
 */
static bool is_copy(struct fs *fs, const struct slot *slot, const char *text, size_t len)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    bool copy = false;

    if (!slot->record && !json_parse_object(text, len, &obj, NULL)) {
        const char *record = kind_id(slot->kind, obj);

        copy = record && !cache_get(fs->cache, slot->kind, slot->folder, record, false, NULL);
    }
    return copy;
}

/*
 * fsync of a complete text sends it, so that a refusal is shown while the person is still there; of
 * a half-written one it keeps the draft (saving rules, decisions).
 */
static int record_sync(struct fs *fs, const struct fs_req *req, struct node *node,
                       struct content *content)
{
    SCOPED(slot_release) struct slot slot = {0};
    bool complete = false;
    SCOPED(xfree) char *text = NULL;
    size_t len = 0;
    int rc = 0;

    mutex_lock(&fs->change);
    if (!content_text(fs, content, &text, &len))
        complete = json_scan(text, len, NULL) == JSON_COMPLETE;
    if (complete)
        rc = content_commit(fs, node, content);
    mutex_unlock(&fs->change);

    if (!rc && complete && !fs->config.fsync_local &&
        !state_slot_by_ino(fs->state, node->ino, &slot) && !is_copy(fs, &slot, text, len))
        rc = send_now(fs, req, slot.id);
    return rc;
}

/* --- extended attributes --- */

const char *slot_state_name(const struct slot *slot, const struct journal_op *op)
{
    static const char *const names[] = {[JOURNAL_QUEUED] = "pending",
                                        [JOURNAL_FAILED] = "failed",
                                        [JOURNAL_CONFLICT] = "conflict",
                                        [JOURNAL_HELD] = "pending"};

    if (slot->flags & SLOT_DRAFT)
        return "local";
    if (op->slot)
        return names[op->state];
    return slot->record ? "synced" : "local";
}

/* What needs no service to be refused: a missing member. */
static bool refused_here(const struct slot *slot, const struct cJSON *mine, struct buf *out)
{
    SCOPED(json_release) struct cJSON *base = NULL;

    if (!slot->record)
        return kind_check_new(slot->kind, mine, out);
    int rc = slot->base ? json_parse_object(slot->base, strlen(slot->base), &base, NULL) : -ENOENT;
    if (!rc)
        rc = kind_check_update(slot->kind, base, mine, out);
    else
        rc = 0;
    return rc;
}

int draft_error(struct fs *fs, const struct slot *slot, struct buf *out)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    SCOPED(xfree) char *text = NULL;
    size_t len;
    int rc = -ENODATA;

    if (!data_text(fs, slot->ino, &text, &len)) {
        if (json_parse_object(text, len, &obj, out) || refused_here(slot, obj, out))
            rc = 0;
    }
    return rc;
}

/*
 * Why this is not on the service: "line:column: ..." of a draft, the service's words of a refusal.
 */
static int error_text(struct fs *fs, const struct slot *slot, const struct journal_op *op,
                      struct buf *out)
{
    if (slot->flags & SLOT_DRAFT)
        return draft_error(fs, slot, out);
    return op->reason ? buf_addstr(out, op->reason) : -ENODATA;
}

static int etag_text(struct fs *fs, struct node *node, struct buf *out)
{
    SCOPED(cache_record_release) struct cache_record r = {0};
    enum kind kind;
    const char *folder;
    SCOPED(xfree) char *id = NULL;
    int rc = record_id(fs, node, &id);

    tree_place(fs, node, &kind, &folder);
    if (!rc)
        rc = cache_get(fs->cache, kind, folder, id, false, &r);
    if (!rc)
        rc = r.etag && *r.etag ? buf_addstr(out, r.etag) : -ENODATA;
    return rc == -ENOENT ? -ENODATA : rc;
}

/* The kernel believes in the name of a record that went until it is told. */
static bool is_gone(struct fs *fs, struct node *node)
{
    SCOPED(xfree) char *id = NULL;
    enum kind kind;
    const char *folder;

    tree_place(fs, node, &kind, &folder);
    return state_slot_by_ino(fs->state, node->ino, NULL) == -ENOENT && !record_id(fs, node, &id) &&
           cache_get(fs->cache, kind, folder, id, false, NULL) == -ENOENT;
}

static int record_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    SCOPED(slot_release) struct slot slot = {0};
    SCOPED(journal_op_release) struct journal_op op = {0};
    char *id = NULL;
    int rc = -ENODATA;

    if (is_gone(fs, node))
        return -ESTALE; /* looked up anew */
    if (str_eq(name, "etag"))
        return etag_text(fs, node, out);
    if (str_eq(name, "id")) {
        rc = record_id(fs, node, &id);
        if (!rc)
            rc = buf_addstr(out, id);
        free(id);
        return rc == -ENOENT ? -ENODATA : rc;
    }
    if (!state_slot_by_ino(fs->state, node->ino, &slot))
        state_get_op(fs->state, slot.id, &op);
    if (str_eq(name, "state"))
        rc = buf_addstr(out, slot.id ? slot_state_name(&slot, &op) : "synced");
    else if (str_eq(name, "error") && slot.id)
        rc = error_text(fs, &slot, &op, out);
    if (rc == -ENODATA && str_eq(name, "error"))
        rc = tree_refusal(fs, node, out);
    return rc;
}

const struct node_ops record_ops = {
    .name = "record",
    .type = S_IFREG,
    .flags = NODE_WRITABLE | NODE_MOVABLE | NODE_KEEP_BASE,
    .getattr = record_getattr,
    .keeps_name = record_keeps_name,
    .getxattr = record_getxattr,
    .prepare = record_prepare,
    .load = record_load,
    .setattr = slot_setattr,
    .commit = slot_commit,
    .sync = record_sync,
    .closed = slot_closed,
};

static const struct node_ops read_only_record_ops = {
    .name = "read-only record",
    .type = S_IFREG,
    .flags = NODE_READ_ONLY,
    .getattr = record_getattr,
    .keeps_name = record_keeps_name,
    .getxattr = record_getxattr,
    .prepare = record_prepare,
    .load = record_load,
};

const struct node_ops *record_class(struct fs *fs, struct node *dir)
{
    return tree_ops(fs, dir)->flags & NODE_READ_ONLY ? &read_only_record_ops : &record_ops;
}
