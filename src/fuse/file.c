/*
 * file.c - operations on open files and directories.
 */
#include "fuse_p.h"

#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static struct opened *fill_open(struct mount *m, const struct fs_open *open,
                                struct fuse_file_info *fi)
{
    struct opened *opened = opened_file(m, open->handle);

    fi->fh = (uintptr_t)opened;
    fi->direct_io = open->direct_io;
    fi->keep_cache = open->keep_cache;
    fi->noflush = open->no_flush;
    return opened;
}

static void close_opened(fuse_req_t req, const struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);

    calls_let_go(&m->calls, opened_of(fi));
    opened_close(m, opened_of(fi));
    fuse_reply_err(req, 0);
}

/* --- files --- */

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct fs_open open = {0};
    struct call call;

    call_begin(&call, req);
    int rc = fs_open(call.fs, &call.who, ino, fi->flags, &open);
    bool waits = call_end(&call);
    if (rc) {
        if (waits)
            fuse_reply_err(req, -call_inode_error(rc));
        return;
    }
    struct opened *opened = fill_open(call.mount, &open, fi);
    if (!waits || fuse_reply_open(req, fi) == -ENOENT)
        opened_close(call.mount, opened);
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *fi)
{
    struct fs_open open = {0};
    struct fuse_entry_param e;
    struct fs_entry entry;
    struct call call;

    call_begin(&call, req);
    int rc = fs_create(call.fs, &call.who, parent, name, mode, fi->flags, &entry, &open);
    bool waits = call_end(&call);
    if (rc) {
        if (waits)
            fuse_reply_err(req, -rc);
        return;
    }
    struct opened *opened = fill_open(call.mount, &open, fi);
    fill_entry(&entry, &e);
    if (!waits || fuse_reply_create(req, &e, fi) == -ENOENT) {
        opened_close(call.mount, opened);
        fs_forget(call.fs, entry.ino, 1);
    }
}

void op_read(fuse_req_t req, fuse_ino_t, size_t size, off_t offset, struct fuse_file_info *fi)
{
    char *out = xmalloc(size);
    struct call call;

    call_begin(&call, req);
    ssize_t n = fs_read(call.fs, &call.who, call_handle(&call, fi), out, size, offset);
    if (call_end(&call)) {
        if (n < 0)
            fuse_reply_err(req, (int)-n);
        else
            fuse_reply_buf(req, out, (size_t)n);
    }
    free(out);
}

void op_write(fuse_req_t req, fuse_ino_t, const char *data, size_t size, off_t offset,
              struct fuse_file_info *fi)
{
    struct call call;

    call_begin(&call, req);
    ssize_t n = fs_write(call.fs, &call.who, call_handle(&call, fi), data, size, offset);
    if (!call_end(&call))
        return;
    if (n < 0)
        fuse_reply_err(req, (int)-n);
    else
        fuse_reply_write(req, (size_t)n);
}

void op_fallocate(fuse_req_t req, fuse_ino_t, int mode, off_t offset, off_t length,
                  struct fuse_file_info *fi)
{
    struct call call;

    call_begin(&call, req);
    int rc = fs_fallocate(call.fs, &call.who, call_handle(&call, fi), mode, offset, length);
    if (call_end(&call))
        fuse_reply_err(req, -rc);
}

void op_flush(fuse_req_t req, fuse_ino_t, struct fuse_file_info *fi)
{
    struct call call;

    call_begin(&call, req);
    int rc = fs_flush(call.fs, &call.who, call_handle(&call, fi));
    if (call_end(&call))
        fuse_reply_err(req, -rc);
}

void op_fsync(fuse_req_t req, fuse_ino_t, int, struct fuse_file_info *fi)
{
    struct call call;

    call_begin(&call, req);
    int rc = fs_fsync(call.fs, &call.who, call_handle(&call, fi));
    if (call_end(&call))
        fuse_reply_err(req, -rc);
}

/* The file system gives the handle back through the notifier, whatever becomes of it. */
void op_poll(fuse_req_t req, fuse_ino_t, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
    const struct mount *m = fuse_req_userdata(req);
    unsigned ready = fs_poll(m->fs, opened_of(fi)->file, ph);
    unsigned events = POLLOUT | POLLWRNORM;

    if (ready & FS_READY)
        events |= POLLIN | POLLRDNORM;
    if (ready & FS_ENDED)
        events |= POLLHUP;
    fuse_reply_poll(req, events);
}

void op_release(fuse_req_t req, fuse_ino_t, struct fuse_file_info *fi)
{
    close_opened(req, fi);
}

/* --- directories --- */

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct fs_dir *dir = NULL;
    struct call call;

    call_begin(&call, req);
    int rc = fs_opendir(call.fs, &call.who, ino, &dir);
    bool waits = call_end(&call);
    if (rc) {
        if (waits)
            fuse_reply_err(req, -call_inode_error(rc));
        return;
    }
    struct opened *opened = opened_dir(call.mount, dir);
    fi->fh = (uintptr_t)opened;
    if (!waits || fuse_reply_open(req, fi) == -ENOENT)
        opened_close(call.mount, opened);
}

void op_releasedir(fuse_req_t req, fuse_ino_t, struct fuse_file_info *fi)
{
    close_opened(req, fi);
}

/* Changes of names are in the journal before they are answered. */
void op_fsyncdir(fuse_req_t req, fuse_ino_t, int, struct fuse_file_info *)
{
    fuse_reply_err(req, 0);
}
