/*
 * mime.c - Internet messages in a folder of drafts: "x.eml" that is closed there is uploaded as it
 * is, and the file gives way to the draft the service made of it. Until then it is a local file, with
 * a row of the outbox.
 */
#include "../local/local_p.h"
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_mime(struct fs *fs, const struct place *at)
{
    return tree_ops(fs, at->dir)->names == &draft_names && outgoing_is_eml(OUTGOING_MIME, at->name);
}

static bool node_is_mime(struct fs *fs, struct node *node)
{
    struct node *dir = tree_parent(fs, node);
    SCOPED(xfree) char *name = tree_name(fs, node);
    bool mime = dir && is_mime(fs, &(struct place){dir, name});

    tree_put(fs, dir);
    return mime;
}

/* --- the file --- */

/* A large message is on disk before anybody has to wait for it. */
static struct judgement *mime_judge(struct fs *fs, const struct fs_req *, struct node *,
                                    struct content *c, const struct place *, const struct place *to)
{
    if (is_mime(fs, to))
        fdatasync(c->fd); /* whether it worked is asked when it is committed */
    return NULL;
}

static int mime_commit(struct fs *fs, struct node *node, struct content *c, struct buf *err)
{
    struct outbox_row row;
    enum kind kind;
    const char *folder;
    struct stat st;

    if (!node_is_mime(fs, node))
        return 0;
    if (fstat(c->fd, &st) || (st.st_size && fdatasync(c->fd)))
        return -errno;
    if (!st.st_size)
        return 0;
    tree_place(fs, node, &kind, &folder);
    int rc = outbox_prepare_mime(fs->outbox, folder, &row, err);
    if (!rc)
        rc = outbox_accept(fs->outbox, node->ino, &row);
    outbox_kick(fs->outbox);
    return rc;
}

/* Has it been uploaded, and its name not gone yet? What is written is another file's. */
static bool is_uploaded(struct fs *fs, struct node *node)
{
    struct node *dir = tree_parent(fs, node);
    SCOPED(local_release) struct local l = {0};

    tree_put(fs, dir);
    return dir && state_get_local(fs->state, node->ino, &l) == -ENOENT;
}

static int mime_changing(struct fs *fs, const struct fs_req *, struct node *node)
{
    LOCKED(&fs->change);
    if (is_uploaded(fs, node))
        return -ESTALE;
    return outbox_change(fs->outbox, OUTGOING_MIME, node->ino, false);
}

static int mime_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out)
{
    return node_is_mime(fs, node) ? outbox_getxattr(fs, node, name, out) : -ENODATA;
}

static const struct node_ops mime_file_ops = {
    .name = "file beside drafts",
    .type = S_IFREG,
    .flags = NODE_WRITABLE | NODE_MOVABLE,
    .getattr = local_getattr,
    .getxattr = mime_getxattr,
    .setattr = local_setattr,
    .load = local_load,
    .changing = mime_changing,
    .commit = mime_commit,
    .closed = local_closed,
};

/* --- what happens to its name --- */

struct mime_move {
    bool leaves, arrives;
    struct outbox_row row;
};

static int mime_leave(struct fs *fs, const struct place *, const struct local *l)
{
    return outbox_withdraw(fs->outbox, l->ino);
}

static void mime_left(struct fs *fs)
{
    outbox_kick(fs->outbox);
}

static int mime_move_begin(struct fs *fs, const struct fs_req *, const struct local *l,
                           const struct place *from, const struct place *to, void **ret,
                           bool *ret_commits, struct buf *err)
{
    struct mime_move *m = xcalloc(1, sizeof(*m));
    struct stat st = {0};

    *ret = m;
    m->leaves = is_mime(fs, from);
    if (!is_mime(fs, to) || !S_ISREG(l->mode) || data_stat(fs, l->ino, &st) || !st.st_size)
        return 0;
    int rc = data_sync(fs, l->ino);
    if (!rc)
        rc = outbox_prepare_mime(fs->outbox, to->dir->folder, &m->row, err);
    *ret_commits = m->arrives = !rc;
    return rc;
}

static int mime_move_apply(struct fs *fs, const struct local *l, void *move, struct buf *)
{
    struct mime_move *m = move;

    if (m->arrives) {
        m->arrives = false;
        return outbox_accept(fs->outbox, l->ino, &m->row);
    }
    return m->leaves ? outbox_withdraw(fs->outbox, l->ino) : 0;
}

static void mime_move_end(struct fs *fs, void *move)
{
    struct mime_move *m = move;

    if (m->arrives)
        outbox_discard(fs->outbox, &m->row);
    else
        outbox_kick(fs->outbox);
    free(m);
}

const struct name_ops draft_names = {
    .files = &mime_file_ops,
    .judge = mime_judge,
    .leave = mime_leave,
    .left = mime_left,
    .move_begin = mime_move_begin,
    .move_apply = mime_move_apply,
    .move_end = mime_move_end,
};
