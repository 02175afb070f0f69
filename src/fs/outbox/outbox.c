/*
 * outbox.c - outbox/: a complete JSON file that is closed in one of its directories is sent, and so
 * is an Internet message in send/; sent/ keeps what was.
 *
 * Its files are scratch files with one difference: what a close, a rename or a removal of a record
 * name means for the mail, which sync/outbox.h carries out.
 */
#include "../local/local_p.h"
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OUTBOX "outbox"

/* --- the directories --- */

static const struct node_ops outbox_dir_ops, outbox_sent_ops;

static struct node_spec dir_spec(struct node *root, const char *name)
{
    return (struct node_spec){.ino = outgoing_dir_ino(name),
                              .ops = str_eq(name, OUTGOING_SENT_DIR) ? &outbox_sent_ops
                                                                     : &outbox_dir_ops,
                              .parent = root,
                              .name = name,
                              .kind = KIND_COUNT,
                              .id = name};
}

/* The names of the directories, one after the other; NULL behind the last. */
static const char *dir_name(unsigned i)
{
    if (i < OUTGOING_COUNT)
        return outgoing_info((enum outgoing)i)->dir;
    return i == OUTGOING_COUNT ? OUTGOING_SENT_DIR : NULL;
}

static int root_lookup(struct fs *fs, const struct fs_req *, struct node *dir, const char *name,
                       struct node **ret)
{
    for (unsigned i = 0; dir_name(i); i++) {
        if (str_eq(dir_name(i), name)) {
            *ret = tree_obtain(fs, dir_spec(dir, dir_name(i)));
            return 0;
        }
    }
    return -ENOENT;
}

/* Of what the service does not have the directory is found, so that a file in it is refused with the
 * reason. */
static int root_list(struct fs *fs, const struct fs_req *, struct node *dir, struct dir_list *list)
{
    for (unsigned i = 0; dir_name(i); i++) {
        if (i == OUTGOING_COUNT || !outbox_check_service(fs->outbox, (enum outgoing)i, NULL))
            dir_add(list, dir_spec(dir, dir_name(i)), NULL);
    }
    return 0;
}

struct node *outbox_dir_node(struct fs *fs, uint64_t ino)
{
    struct node *root = tree_get(fs, FS_ROOT), *node = NULL;
    struct node *top = tree_obtain(fs, (struct node_spec){.ino = name_ino(OUTBOX),
                                                          .ops = &outbox_root_ops,
                                                          .parent = root,
                                                          .name = OUTBOX,
                                                          .kind = KIND_COUNT});

    for (unsigned i = 0; dir_name(i) && !node; i++) {
        struct node_spec spec = dir_spec(top, dir_name(i));
        if (spec.ino == ino)
            node = tree_obtain(fs, spec);
    }
    tree_put(fs, top);
    tree_put(fs, root);
    return node;
}

/* --- what a name means --- */

/* Is this the name of a file that is sent? */
static bool is_outgoing(struct fs *fs, struct node *dir, const char *name, enum outgoing *ret)
{
    if (tree_ops(fs, dir) != &outbox_dir_ops)
        return false;
    for (unsigned i = 0; i < OUTGOING_COUNT; i++) {
        if (str_eq(outgoing_info((enum outgoing)i)->dir, dir->id)) {
            *ret = (enum outgoing)i;
            return outgoing_is_name(*ret, name);
        }
    }
    return false;
}

/* The same of a node, with its name, which the caller frees. */
static bool node_is_outgoing(struct fs *fs, struct node *node, enum outgoing *ret, char **ret_name)
{
    struct node *dir = tree_parent(fs, node);
    char *name = dir ? tree_name(fs, node) : NULL;
    bool outgoing = name && is_outgoing(fs, dir, name, ret);

    tree_put(fs, dir);
    if (outgoing)
        *ret_name = name;
    else
        free(name);
    return outgoing;
}

static bool is_foreign(struct fs *fs, const struct fs_req *req)
{
    return req && req->uid != fs->config.uid;
}

static bool was_foreign(struct fs *fs, uint64_t ino)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};

    return !state_outbox_by_ino(fs->state, ino, &row) && row.foreign;
}

/* Between two names in one directory that are sent alike, nothing is judged. */
static bool sends_on(struct fs *fs, const struct place *from, const struct place *to)
{
    enum outgoing from_what, to_what;

    return is_outgoing(fs, from->dir, from->name, &from_what) &&
           is_outgoing(fs, to->dir, to->name, &to_what) && from->dir == to->dir &&
           outgoing_is_eml(from_what, from->name) == outgoing_is_eml(to_what, to->name);
}

static struct judgement *judge(struct fs *fs, const struct fs_req *req, struct node *node,
                               struct content *c, const struct place *from, const struct place *to)
{
    enum outgoing what;
    uint64_t changed = c->changed;

    if (!is_outgoing(fs, to->dir, to->name, &what) || (from && sends_on(fs, from, to)))
        return NULL;
    bool foreign = was_foreign(fs, node->ino) || (from && is_foreign(fs, req));
    return &outbox_judge(fs, node->ino, changed, what, outgoing_is_eml(what, to->name), foreign)
                ->base;
}

/* What was judged, or judged here and now where bytes or name have changed since. Locked. */
static struct judged *take_judged(struct fs *fs, uint64_t ino, enum outgoing what, bool eml,
                                  bool foreign)
{
    struct node *node = tree_get(fs, ino);
    struct content *c = node ? content_peek(fs, node) : NULL;
    struct judged *j = c ? (struct judged *)content_take_judgement(fs, c) : NULL;

    if (j && (j->what != what || j->eml != eml || j->foreign != foreign)) {
        judged_drop(fs, &j->base);
        j = NULL;
    }
    if (!j)
        j = outbox_judge(fs, ino, c ? c->changed : 0, what, eml, foreign);
    tree_put(fs, node);
    return j;
}

/* --- a file was closed --- */

static int keep_draft(struct fs *fs, const struct judged *j, uint64_t ino)
{
    SCOPED(buf_release) struct buf reason = BUF_INIT(BUF_TEXT_MAX);

    content_draft_reason(j->shape, &j->where, &reason);
    return outbox_refuse(fs->outbox, j->what, ino, reason.data);
}

static int settle(struct fs *fs, struct judged *j, uint64_t ino, struct content *c, struct buf *err)
{
    int rc = content_arrive(c, j->shape);

    if (rc)
        return rc == CONTENT_DRAFT ? keep_draft(fs, j, ino) : rc;
    if (j->rc) {
        buf_addstr(err, j->reason.data);
        outbox_refuse(fs->outbox, j->what, ino, err->data);
        return j->rc;
    }
    rc = outbox_accept(fs->outbox, ino, &j->row);
    outbox_kick(fs->outbox);
    return rc;
}

static int outbox_commit(struct fs *fs, struct node *node, struct content *c, struct buf *err)
{
    SCOPED(xfree) char *name = NULL;
    enum outgoing what;

    if (!node_is_outgoing(fs, node, &what, &name))
        return local_commit(fs, node, c, err);
    struct judged *j =
        take_judged(fs, node->ino, what, outgoing_is_eml(what, name), was_foreign(fs, node->ino));
    int rc = settle(fs, j, node->ino, c, err);
    judged_drop(fs, &j->base);
    return rc;
}

/* --- what happens to a file --- */

static int outbox_changing(struct fs *fs, const struct fs_req *req, struct node *node)
{
    enum outgoing what = OUTGOING_SEND;
    SCOPED(xfree) char *name = NULL;

    LOCKED(&fs->change);
    bool outgoing = node_is_outgoing(fs, node, &what, &name);

    return outgoing || is_foreign(fs, req)
               ? outbox_change(fs->outbox, what, node->ino, is_foreign(fs, req))
               : 0;
}

static int outbox_touch(struct fs *fs, struct node *node)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    int rc = state_outbox_by_ino(fs->state, node->ino, &row);

    if (!rc)
        rc = outbox_retry(fs->outbox, row.id);
    return rc == -ENOENT ? 0 : rc;
}

static int outbox_leave(struct fs *fs, const struct place *, const struct local *l)
{
    return outbox_withdraw(fs->outbox, l->ino);
}

static void outbox_left(struct fs *fs)
{
    outbox_kick(fs->outbox);
}

struct move {
    bool leaves;  /* it will not be sent */
    bool arrives; /* it will be sent as `row` says */
    struct outbox_row row;
};

static int move_begin(struct fs *fs, const struct fs_req *req, const struct local *l,
                      const struct place *from, const struct place *to, void **ret,
                      bool *ret_commits, struct buf *err)
{
    enum outgoing from_what, what;
    bool was = is_outgoing(fs, from->dir, from->name, &from_what);
    bool is = is_outgoing(fs, to->dir, to->name, &what);
    struct move *m = xcalloc(1, sizeof(*m));

    *ret = m;
    m->leaves = was && !is;
    if (!is || !S_ISREG(l->mode) || sends_on(fs, from, to))
        return 0;
    struct judged *j = take_judged(fs, l->ino, what, outgoing_is_eml(what, to->name),
                                   is_foreign(fs, req) || was_foreign(fs, l->ino));
    int rc = j->rc;
    if (rc) {
        buf_addstr(err, j->reason.data);
    } else {
        m->row = j->row;
        j->row = (struct outbox_row){0};
    }
    *ret_commits = m->arrives = !rc;
    judged_drop(fs, &j->base);
    return rc;
}

static int move_apply(struct fs *fs, const struct local *l, void *move, struct buf *)
{
    struct move *m = move;

    if (m->leaves)
        return outbox_withdraw(fs->outbox, l->ino);
    if (!m->arrives)
        return 0;
    m->arrives = false;
    return outbox_accept(fs->outbox, l->ino, &m->row);
}

static void move_end(struct fs *fs, void *move)
{
    struct move *m = move;

    if (m->arrives)
        outbox_discard(fs->outbox, &m->row);
    else
        outbox_kick(fs->outbox);
    free(m);
}

/* --- what is seen --- */

int outbox_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    SCOPED(outbox_row_release) struct outbox_row row = {0};
    int rc = state_outbox_by_ino(fs->state, node->ino, &row);

    if (rc && rc != -ENOENT)
        return rc;
    if (str_eq(name, "state"))
        rc = buf_addstr(out, outbox_state_name(row.state));
    else
        rc = str_eq(name, "error") && row.reason ? buf_addstr(out, row.reason) : -ENODATA;
    return rc;
}

static int sent_getxattr(struct fs *, struct node *, const char *name, struct buf *out)
{
    return str_eq(name, "state") ? buf_addstr(out, "sent") : -ENODATA;
}

/* What sync did to a file: it may lie in sent/ now. */
void outbox_changed(struct fs *fs, uint64_t ino, uint64_t dir)
{
    struct node *node = ino ? tree_get(fs, ino) : NULL;
    SCOPED(local_release) struct local l = {0};
    bool there = ino && !state_get_local(fs->state, ino, &l);

    if (!there || l.dir != dir)
        notify_inode(fs, dir);
    if (there && l.dir != dir) {
        struct node *home = outbox_dir_node(fs, l.dir);

        if (node && home)
            tree_move(fs, node, home, l.name, tree_ops(fs, home)->names->files);
        tree_put(fs, home);
        notify_inode(fs, l.dir);
    }
    tree_put(fs, node);
    if (ino && !there)
        lose_inode(fs, ino);
}

/* --- classes --- */

static int touch(struct fs *fs, struct node *node, const struct stat *attr, unsigned set)
{
    int rc = set & FS_SET_MTIME_NOW ? outbox_touch(fs, node) : 0;

    return rc ? rc : local_setattr(fs, node, attr, set);
}

static const struct node_ops outbox_file_ops = {
    .name = "outgoing file",
    .type = S_IFREG,
    .flags = NODE_WRITABLE | NODE_MOVABLE,
    .getattr = local_getattr,
    .getxattr = outbox_getxattr,
    .setattr = touch,
    .load = local_load,
    .changing = outbox_changing,
    .commit = outbox_commit,
    .closed = local_closed,
};

static const struct node_ops sent_file_ops = {
    .name = "sent file",
    .type = S_IFREG,
    .flags = NODE_MOVABLE,
    .getattr = local_getattr,
    .getxattr = sent_getxattr,
    .setattr = local_setattr,
    .load = local_load,
    .closed = local_closed,
};

const struct node_ops outbox_root_ops = {
    .name = "outbox",
    .type = S_IFDIR,
    .refusal = "put files to be sent into one of the directories here",
    .lookup = root_lookup,
    .list = root_list,
};

/* A draft of the mailbox: what is sent is the draft itself. */
static int take_record(struct fs *fs, const struct place *at, const struct slot *slot, uint64_t ino,
                       struct buf *err)
{
    struct outbox_row row;
    enum outgoing what;

    if (!is_outgoing(fs, at->dir, at->name, &what) || what != OUTGOING_SEND ||
        outgoing_is_eml(what, at->name))
        return buf_fail(err, -EPERM, "a draft is sent as a .json file in outbox/send/");
    int rc = outbox_prepare_draft(fs->outbox, slot, &row, err);
    return rc ? rc : outbox_accept(fs->outbox, ino, &row);
}

static const struct name_ops outgoing_names = {
    .files = &outbox_file_ops,
    .judge = judge,
    .take_record = take_record,
    .leave = outbox_leave,
    .left = outbox_left,
    .move_begin = move_begin,
    .move_apply = move_apply,
    .move_end = move_end,
};

static bool takes(const char *name, mode_t type)
{
    if (S_ISDIR(type))
        return name_is_scratch_dir(name);
    return !S_ISLNK(type) || !outgoing_is_name(OUTGOING_SEND, name);
}

/* What editors and copiers leave behind while they work is not a letter. */
const char *outbox_stray(const char *dir, const char *name)
{
    static const char *const passing[] = {"~", ".swp", ".tmp", ".part", ".bak", ".lock"};
    bool sends = str_eq(dir, outgoing_info(OUTGOING_SEND)->dir);

    if (!*name || strchr(".~#", *name) || name_is_record(name) ||
        (sends && outgoing_is_eml(OUTGOING_SEND, name)))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(passing); i++) {
        if (str_ends(name, passing[i]))
            return NULL;
    }
    return sends ? "kept on this machine, not sent: a name that ends in .json or .eml is"
                 : "kept on this machine, not sent: a name that ends in .json is";
}

static const struct node_ops outbox_dir_ops = {
    .name = "outbox directory",
    .type = S_IFDIR,
    .refusal = "only files are sent; directories are kept on this machine if their names begin "
               "with . or ~",
    .flags = NODE_LOCAL_NAMES,
    .takes = takes,
    .stray = outbox_stray,
    .names = &outgoing_names,
};

/* Filled by sending. */
static bool takes_nothing(const char *, mode_t)
{
    return false;
}

/* What was sent is past: nothing happens when it goes. */
static int sent_leave(struct fs *, const struct place *, const struct local *)
{
    return 0;
}

static const struct name_ops sent_names = {
    .files = &sent_file_ops,
    .leave = sent_leave,
    .left = outbox_left,
    .move_begin = move_begin,
    .move_apply = move_apply,
    .move_end = move_end,
};

static const struct node_ops outbox_sent_ops = {
    .name = "sent directory",
    .type = S_IFDIR,
    .refusal = "only files are sent; directories are kept on this machine if their names begin "
               "with . or ~",
    .flags = NODE_LOCAL_NAMES,
    .takes = takes_nothing,
    .names = &sent_names,
};
