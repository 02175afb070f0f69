/*
 * local.c - names kept on this machine only: swap files, backups, temporaries, lock links, and the
 * directories programs make for them. Kept on the local disk with full POSIX behaviour, across
 * remounts, never sent (saving rules R1-R4).
 */
#include "local_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct node_ops local_dir_ops, local_link_ops;

static const struct node_ops *ops_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return &local_dir_ops;
    return S_ISLNK(mode) ? &local_link_ops : &local_file_ops;
}

const struct node_ops *local_class(const struct node_ops *dir, mode_t mode)
{
    return S_ISREG(mode) && dir->names ? dir->names->files : ops_of(mode);
}

bool local_allowed(const struct node_ops *dir, const char *name, mode_t type)
{
    if (!(dir->flags & NODE_LOCAL_NAMES))
        return false;
    return dir->takes ? dir->takes(name, type) : !S_ISDIR(type) || name_is_scratch_dir(name);
}

static struct node_spec spec_of(struct fs *fs, struct node *dir, const struct local *l)
{
    return (struct node_spec){.ino = l->ino,
                              .ops = local_class(tree_ops(fs, dir), l->mode),
                              .parent = dir,
                              .name = l->name,
                              .kind = dir->kind,
                              .folder = dir->folder};
}

static int local_lookup(struct fs *fs, struct node *dir, const char *name, struct node **ret)
{
    SCOPED(local_release) struct local l = {0};
    int rc = state_find_local(fs->state, dir->ino, name, &l);

    if (rc)
        return rc;
    *ret = tree_obtain(fs, spec_of(fs, dir, &l));
    return 0;
}

static int local_list(struct fs *fs, struct node *dir, struct dir_list *list)
{
    SCOPED(xfree) struct local *l = NULL;
    size_t count = 0;
    int rc = state_locals(fs->state, dir->ino, &l, &count);

    for (size_t i = 0; i < count; i++) {
        dir_add(list, spec_of(fs, dir, &l[i]), NULL);
        local_release(&l[i]);
    }
    return rc;
}

static int local_make(struct fs *fs, struct node *dir, const char *name, mode_t mode,
                      const char *target, struct node **ret)
{
    struct local l = {.dir = dir->ino,
                      .name = (char *)name,
                      .mode = mode,
                      .mtime = S_ISREG(mode) ? 0 : clock_now(),
                      .target = (char *)target};
    state_begin(fs->state);
    int rc = state_new_ino(fs->state, &l.ino);
    if (!rc && S_ISREG(mode))
        rc = data_make(fs, l.ino, "");
    if (!rc)
        rc = state_put_local(fs->state, &l);
    rc = state_end(fs->state, rc);
    if (rc)
        return rc;
    *ret = tree_obtain(fs, spec_of(fs, dir, &l));
    return 0;
}

static int local_is_empty(struct fs *fs, uint64_t ino)
{
    SCOPED(xfree) struct local *l = NULL;
    size_t count = 0;
    int rc = state_locals(fs->state, ino, &l, &count);

    for (size_t i = 0; i < count; i++)
        local_release(&l[i]);
    if (rc)
        return rc;
    return count ? -ENOTEMPTY : 0;
}

int local_may_replace(struct fs *fs, const struct local *there, mode_t mode)
{
    if (!there->ino)
        return 0;
    if (S_ISDIR(there->mode) && !S_ISDIR(mode))
        return -EISDIR;
    if (!S_ISDIR(there->mode) && S_ISDIR(mode))
        return -ENOTDIR;
    return S_ISDIR(mode) ? local_is_empty(fs, there->ino) : 0;
}

int local_take_out(struct fs *fs, const struct place *at, const struct local *l)
{
    const struct name_ops *names = tree_ops(fs, at->dir)->names;
    int rc = names ? names->leave(fs, at, l) : 0;

    return rc ? rc : state_remove_local(fs->state, l->ino);
}

void local_left(struct fs *fs, struct node *dir)
{
    const struct name_ops *names = tree_ops(fs, dir)->names;

    if (names)
        names->left(fs);
}

int local_remove(struct fs *fs, struct node *dir, const char *name, bool directory)
{
    SCOPED(local_release) struct local l = {0};
    int rc = state_find_local(fs->state, dir->ino, name, &l);

    if (rc)
        return rc;
    if (directory != S_ISDIR(l.mode))
        rc = directory ? -ENOTDIR : -EISDIR;
    if (!rc && directory)
        rc = local_is_empty(fs, l.ino);
    if (rc)
        return rc;
    state_begin(fs->state);
    rc = local_take_out(fs, &(struct place){dir, name}, &l);
    rc = state_end(fs->state, rc);
    if (!rc) {
        drop_inode(fs, l.ino);
        local_left(fs, dir);
    }
    return rc;
}

/* A file that does nothing here, though it may be meant to, is named, once there is something in it. */
int local_commit(struct fs *fs, struct node *node, struct content *content, struct buf *)
{
    struct node *dir = tree_parent(fs, node);
    SCOPED(xfree) char *name = dir ? tree_name(fs, node) : NULL;
    const char *advice =
        name && tree_ops(fs, dir)->stray ? tree_ops(fs, dir)->stray(dir->id, name) : NULL;
    struct stat st;
    SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

    if (advice && !content_stat(content, &st) && st.st_size && !tree_add_path(fs, dir, &path))
        log_warn("%s%s: %s", path.data, name, advice);
    tree_put(fs, dir);
    return 0;
}

void local_closed(struct fs *fs, struct node *node, struct content *)
{
    SCOPED(local_release) struct local l = {0};

    if (state_get_local(fs->state, node->ino, &l) == -ENOENT)
        state_data_remove(fs->state, node->ino);
}

int local_load(struct fs *fs, struct node *node, struct content *ret)
{
    int fd = state_data_open(fs->state, node->ino, O_RDWR);

    if (fd < 0)
        return fd;
    ret->fd = fd;
    return 0;
}

static int file_attr(struct fs *fs, struct node *node, struct stat *ret)
{
    int rc = content_stat_open(fs, node, ret);

    return rc == -ENOENT ? data_stat(fs, node->ino, ret) : rc;
}

int local_getattr(struct fs *fs, const struct fs_req *, struct node *node, struct stat *ret)
{
    SCOPED(local_release) struct local l = {0};
    int rc = state_get_local(fs->state, node->ino, &l);

    if (rc == -ENOENT) { /* removed, and open or somebody's working directory */
        ret->st_nlink = 0;
        rc = content_stat_open(fs, node, ret);
        return rc == -ENOENT ? 0 : rc;
    }
    if (rc)
        return rc;
    ret->st_mode = l.mode;
    if (l.mtime)
        attr_set_mtime(ret, l.mtime);
    if (S_ISLNK(l.mode))
        ret->st_size = (off_t)strlen(l.target);
    else if (S_ISREG(l.mode))
        rc = file_attr(fs, node, ret);
    return rc;
}

int local_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set)
{
    int64_t mtime = set & FS_SET_MTIME_NOW ? clock_now() : attr_mtime(attr);
    SCOPED(local_release) struct local l = {0};
    int rc = state_get_local(fs->state, node->ino, &l);

    if (rc == -ENOENT && content_peek(fs, node)) /* unlinked and open: nobody will see it again */
        return 0;
    if (rc)
        return rc;
    if (set & FS_SET_MODE)
        l.mode = (l.mode & S_IFMT) | (attr->st_mode & 07777);
    if ((set & (FS_SET_MTIME | FS_SET_MTIME_NOW)) && !S_ISREG(l.mode))
        l.mtime = mtime;
    else if (set & (FS_SET_MTIME | FS_SET_MTIME_NOW))
        rc = data_set_mtime(fs, node->ino, mtime);
    if (!rc && ((set & FS_SET_MODE) || !S_ISREG(l.mode)))
        rc = state_put_local(fs->state, &l);
    return rc;
}

static int local_getxattr(struct fs *, struct node *, const char *name, struct buf *out)
{
    return str_eq(name, "state") ? buf_addstr(out, "local") : -ENODATA;
}

static int local_readlink(struct fs *fs, struct node *node, struct buf *out)
{
    SCOPED(local_release) struct local l = {0};
    int rc = state_get_local(fs->state, node->ino, &l);

    return rc ? rc : buf_addstr(out, l.target);
}

bool local_is_trash(struct fs *fs, struct node *dir)
{
    struct node *at = tree_get(fs, dir->ino);
    bool trash = false;

    while (at && !trash) {
        struct node *parent = tree_parent(fs, at);
        char *name = tree_name(fs, at);

        trash = tree_ops(fs, at) == &local_dir_ops && str_starts(name, ".Trash");
        free(name);
        tree_put(fs, at);
        at = parent;
    }
    tree_put(fs, at);
    return trash;
}

static bool takes_all(const char *, mode_t)
{
    return true;
}

const struct node_ops local_file_ops = {
    .name = "local file",
    .type = S_IFREG,
    .flags = NODE_WRITABLE | NODE_MOVABLE,
    .getattr = local_getattr,
    .getxattr = local_getxattr,
    .setattr = local_setattr,
    .load = local_load,
    .commit = local_commit,
    .closed = local_closed,
};

static const struct node_ops local_dir_ops = {
    .name = "local directory",
    .type = S_IFDIR,
    .flags = NODE_LOCAL_NAMES | NODE_MOVABLE,
    .getattr = local_getattr,
    .setattr = local_setattr,
    .takes = takes_all,
};

static const struct node_ops local_link_ops = {
    .name = "local link",
    .type = S_IFLNK,
    .flags = NODE_MOVABLE,
    .getattr = local_getattr,
    .setattr = local_setattr,
    .readlink = local_readlink,
};

const struct local_names local_names = {
    .lookup = local_lookup,
    .list = local_list,
    .make = local_make,
    .remove = local_remove,
    .allowed = local_allowed,
    .rename = local_rename,
};
