/*
 * readdir.c - the two operations that fill a buffer with entries.
 */
#include "fuse_p.h"

#include <outlookfs/base/alloc.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel asked for, and what is in it so far. */
struct listing {
    struct call call;
    struct fs_dir *dir;
    char *out;
    size_t size, used;
    bool plus;
};

static size_t entry_size(const struct listing *l, const char *name)
{
    if (l->plus)
        return fuse_add_direntry_plus(l->call.req, NULL, 0, name, NULL, 0);
    return fuse_add_direntry(l->call.req, NULL, 0, name, NULL, 0);
}

/* An entry whose attributes are not to be had, "." and ".." among them, goes out as in a plain
 * listing (nodeid 0): a lookup will tell. */
static void add_plus(struct listing *l, const struct fs_dirent *dirent, uint64_t offset)
{
    struct fuse_entry_param e = {.attr = {.st_ino = dirent->ino, .st_mode = dirent->type}};
    off_t next = (off_t)dirent->next;
    char name[NAME_MAX + 1];
    struct fs_entry entry;

    /* `dirent` ends with the next call. */
    *stpncpy(name, dirent->name, NAME_MAX) = '\0';
    if (fs_readdir_entry(l->call.fs, &l->call.who, l->dir, offset, &entry) == 0)
        fill_entry(&entry, &e);
    l->used +=
        fuse_add_direntry_plus(l->call.req, l->out + l->used, l->size - l->used, name, &e, next);
}

static void add_plain(struct listing *l, const struct fs_dirent *dirent)
{
    struct stat attr = {.st_ino = dirent->ino, .st_mode = dirent->type};

    l->used += fuse_add_direntry(l->call.req, l->out + l->used, l->size - l->used, dirent->name,
                                 &attr, (off_t)dirent->next);
}

/* 0 or -errno of the entry it stopped at. The size is asked for first: an entry with attributes
 * that does not fit would keep its reference. */
static int fill(struct listing *l, uint64_t offset)
{
    struct fs_dirent dirent;
    int rc;

    while ((rc = fs_readdir(l->call.fs, &l->call.who, l->dir, offset, &dirent)) > 0) {
        uint64_t next = dirent.next;

        if (entry_size(l, dirent.name) > l->size - l->used)
            return 0;
        if (l->plus)
            add_plus(l, &dirent, offset);
        else
            add_plain(l, &dirent);
        offset = next;
    }
    return rc;
}

/* What there is goes out first. An error behind it is kept: a listing that broke must not look like
 * one that ended. */
static void list(fuse_req_t req, size_t size, off_t offset, struct fuse_file_info *fi, bool plus)
{
    struct opened *open = opened_of(fi);
    struct listing l = {.dir = open->dir, .size = size, .plus = plus};
    int rc = offset ? open->error : 0;

    open->error = 0;
    l.out = xmalloc(size);
    if (!rc) {
        call_begin(&l.call, req);
        call_opened(&l.call, fi);
        rc = fill(&l, (uint64_t)offset);
        call_end(&l.call);
    }
    if (rc < 0 && l.used) {
        open->error = rc;
        rc = 0;
    }
    if (rc < 0)
        fuse_reply_err(req, -rc);
    else
        fuse_reply_buf(req, l.out, l.used);
    free(l.out);
}

void op_readdir(fuse_req_t req, fuse_ino_t, size_t size, off_t offset, struct fuse_file_info *fi)
{
    list(req, size, offset, fi, false);
}

void op_readdirplus(fuse_req_t req, fuse_ino_t, size_t size, off_t offset,
                    struct fuse_file_info *fi)
{
    list(req, size, offset, fi, true);
}
