/*
 * ops.c - the table of operations, and those on inodes and names.
 */
#include "fuse_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Attributes the fs layer allows to keep it takes back itself (mount_notify). Names cannot be taken
 * back safely (notifier.c): they are asked for again after this long. The kernel does so by itself where an inode
 * answers ESTALE, which is enough for a name that never is another inode's: without a lookup for each file of a folder that
 * is read. */
#define KEEP_SECONDS 3600.0
#define ENTRY_SECONDS 1.0
#define KEPT_NAME_SECONDS 60.0

/* The readahead and writeback the kernel may have waiting here; its own 12 are few for requests
 * that wait for a network. */
#define BACKGROUND_MAX 64

#define XATTR_MAX ((size_t)64 * 1024) /* the kernel's own limit */

/* --- answers --- */

void fill_entry(const struct fs_entry *entry, struct fuse_entry_param *ret)
{
    double name = entry->keeps_name ? KEPT_NAME_SECONDS : ENTRY_SECONDS;

    *ret = (struct fuse_entry_param){.ino = entry->ino,
                                     .attr = entry->attr,
                                     .attr_timeout = entry->cacheable ? KEEP_SECONDS : 0,
                                     .entry_timeout = entry->cacheable ? name : 0};
}

/* Ends the call. Where the kernel no longer waits (-ENOENT) nobody will give the reference back. */
static void reply_entry(struct call *call, int rc, const struct fs_entry *entry)
{
    bool waits = call_end(call);
    struct fuse_entry_param e;

    if (rc) {
        if (waits)
            fuse_reply_err(call->req, -rc);
        return;
    }
    fill_entry(entry, &e);
    if (!waits || fuse_reply_entry(call->req, &e) == -ENOENT)
        fs_forget(call->fs, entry->ino, 1);
}

/* Ends the call. */
static void reply_xattr(struct call *call, int rc, const struct buf *value, size_t size)
{
    fuse_req_t req = call->req;

    if (!call_end(call))
        return;
    if (rc)
        fuse_reply_err(req, -rc);
    else if (size == 0)
        fuse_reply_xattr(req, value->len);
    else if (size < value->len)
        fuse_reply_err(req, ERANGE);
    else
        fuse_reply_buf(req, value->data, value->len);
}

/* --- start --- */

static void op_init(void *, struct fuse_conn_info *conn)
{
    /* Attributes with every page of a listing, not only with the first: nobody's `ls -l` shall cost
     * a lookup an entry. */
    conn->want &= ~(unsigned)FUSE_CAP_READDIRPLUS_AUTO;
    conn->want |= conn->capable & FUSE_CAP_PARALLEL_DIROPS;
    conn->max_background = BACKGROUND_MAX;
    conn->congestion_threshold = BACKGROUND_MAX * 3 / 4;
}

/* --- names --- */

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fs_entry entry;
    struct call call;

    call_begin(&call, req);
    int rc = fs_lookup(call.fs, &call.who, parent, name, &entry);
    reply_entry(&call, rc, &entry);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
    struct mount *m = fuse_req_userdata(req);

    fs_forget(m->fs, ino, count);
    fuse_reply_none(req);
    notifier_wait_pruned(&m->notifier);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    struct mount *m = fuse_req_userdata(req);

    for (size_t i = 0; i < count; i++)
        fs_forget(m->fs, forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(req);
    notifier_wait_pruned(&m->notifier);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t)
{
    struct fs_entry entry;
    struct call call;

    call_begin(&call, req);
    int rc = fs_mknod(call.fs, &call.who, parent, name, mode, &entry);
    reply_entry(&call, rc, &entry);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct fs_entry entry;
    struct call call;

    call_begin(&call, req);
    int rc = fs_mkdir(call.fs, &call.who, parent, name, mode, &entry);
    reply_entry(&call, rc, &entry);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    struct fs_entry entry;
    struct call call;

    call_begin(&call, req);
    int rc = fs_symlink(call.fs, &call.who, target, parent, name, &entry);
    reply_entry(&call, rc, &entry);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct call call;

    call_begin(&call, req);
    int rc = fs_unlink(call.fs, &call.who, parent, name);
    if (call_end(&call))
        fuse_reply_err(req, -rc);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct call call;

    call_begin(&call, req);
    int rc = fs_rmdir(call.fs, &call.who, parent, name);
    if (call_end(&call))
        fuse_reply_err(req, -rc);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
                      const char *newname, unsigned flags)
{
    struct call call;

    call_begin(&call, req);
    int rc = fs_rename(call.fs, &call.who, parent, name, newparent, newname, flags);
    if (call_end(&call))
        fuse_reply_err(req, -rc);
}

static void op_link(fuse_req_t req, fuse_ino_t, fuse_ino_t newparent, const char *newname)
{
    struct call call;

    call_begin(&call, req);
    int rc = fs_link(call.fs, newparent, newname);
    if (call_end(&call))
        fuse_reply_err(req, -rc);
}

/* --- inodes --- */

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    bool cacheable = false;
    struct call call;
    struct stat st;

    call_begin(&call, req);
    int rc = fs_getattr(call.fs, &call.who, ino, call_handle(&call, fi), &st, &cacheable);
    if (!call_end(&call))
        return;
    if (rc)
        fuse_reply_err(req, -call_inode_error(rc));
    else
        fuse_reply_attr(req, &st, cacheable ? KEEP_SECONDS : 0);
}

/* Access times are not kept. */
static unsigned set_flags(int to_set)
{
    static const struct {
        int fuse;
        unsigned fs;
    } flags[] = {
        {FUSE_SET_ATTR_MODE, FS_SET_MODE},   {FUSE_SET_ATTR_UID, FS_SET_UID},
        {FUSE_SET_ATTR_GID, FS_SET_GID},     {FUSE_SET_ATTR_SIZE, FS_SET_SIZE},
        {FUSE_SET_ATTR_MTIME, FS_SET_MTIME}, {FUSE_SET_ATTR_MTIME_NOW, FS_SET_MTIME_NOW},
    };
    unsigned set = 0;

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (to_set & flags[i].fuse)
            set |= flags[i].fs;
    }
    if (set & FS_SET_MTIME_NOW)
        set &= ~(unsigned)FS_SET_MTIME;
    return set;
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                       struct fuse_file_info *fi)
{
    struct call call;
    struct stat st;

    call_begin(&call, req);
    int rc =
        fs_setattr(call.fs, &call.who, ino, call_handle(&call, fi), attr, set_flags(to_set), &st);
    if (!call_end(&call))
        return;
    if (rc)
        fuse_reply_err(req, -call_inode_error(rc));
    else
        fuse_reply_attr(req, &st, 0);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct call call;
    struct buf target;

    buf_init(&target, PATH_MAX);
    call_begin(&call, req);
    int rc = fs_readlink(call.fs, ino, &target);
    if (call_end(&call)) {
        if (rc)
            fuse_reply_err(req, -rc);
        else
            fuse_reply_readlink(req, target.data);
    }
    buf_release(&target);
}

/* Security labels and ACLs: "not supported", not "none". `ls -l` asks for both, and asks on for
 * every file unless it is told so. */
static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct call call;
    struct buf value;

    if (!str_starts(name, "user.")) {
        fuse_reply_err(req, EOPNOTSUPP);
        return;
    }
    buf_init(&value, XATTR_MAX);
    call_begin(&call, req);
    int rc = fs_getxattr(call.fs, ino, name, &value);
    reply_xattr(&call, rc, &value, size);
    buf_release(&value);
}

/*
 * user.outlook.* is what the mount says about a file: a copy that brings another's along changes nothing, and goes on
 * (rsync -X, cp --preserve=all). Others have no place here, and "not supported" is an answer that programs take.
 */
static void op_setxattr(fuse_req_t req, fuse_ino_t, const char *name, const char *, size_t, int)
{
    fuse_reply_err(req, str_starts(name, XATTR_PREFIX) ? 0 : EOPNOTSUPP);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t, const char *name)
{
    fuse_reply_err(req, str_starts(name, XATTR_PREFIX) ? 0 : EOPNOTSUPP);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    struct call call;
    struct buf names;

    buf_init(&names, XATTR_MAX);
    call_begin(&call, req);
    int rc = fs_listxattr(call.fs, ino, &names);
    reply_xattr(&call, rc, &names, size);
    buf_release(&names);
}

static void op_statfs(fuse_req_t req, fuse_ino_t)
{
    struct statvfs st;
    struct call call;

    call_begin(&call, req);
    int rc = fs_statfs(call.fs, &st);
    if (!call_end(&call))
        return;
    if (rc)
        fuse_reply_err(req, -rc);
    else
        fuse_reply_statfs(req, &st);
}

/* What is missing the kernel does itself or refuses: see mount.h. */
const struct fuse_lowlevel_ops ops = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .mknod = op_mknod,
    .mkdir = op_mkdir,
    .symlink = op_symlink,
    .unlink = op_unlink,
    .rmdir = op_rmdir,
    .rename = op_rename,
    .link = op_link,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .readlink = op_readlink,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
    .setxattr = op_setxattr,
    .removexattr = op_removexattr,
    .statfs = op_statfs,
    .open = op_open,
    .create = op_create,
    .read = op_read,
    .write = op_write,
    .fallocate = op_fallocate,
    .flush = op_flush,
    .fsync = op_fsync,
    .poll = op_poll,
    .release = op_release,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .releasedir = op_releasedir,
    .fsyncdir = op_fsyncdir,
};
