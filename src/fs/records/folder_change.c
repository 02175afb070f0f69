/*
 * folder_change.c - mkdir, rmdir and mv of the service's folders. They are carried out at once, with
 * no lock held.
 */
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool can_fold(const struct node *dir)
{
    return kind_info(dir->kind)->caps & KIND_CAN_FOLD;
}

/* What a folder of this name is called on the service: what is listed so, else just this, which finds
 * it, too. NULL: it is none. The caller frees it. */
static char *display_of(const char *name)
{
    if (name_is_record(name) || name_is_scratch_dir(name))
        return NULL;
    char *display = name_display(name);
    return display ? display : xstrdup(name);
}

int folder_mkdir(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                 struct node **ret)
{
    char *display = can_fold(dir) ? display_of(name) : NULL;
    struct node *there = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (!display)
        return -ENOSYS; /* a local directory, or refused */
    int rc = node_lookup(fs, req, dir, name, &there);
    tree_put(fs, there);
    if (rc != -ENOENT) {
        free(display);
        return rc ? rc : -EEXIST;
    }
    rc = mailbox_create_folder(fs->mailbox, dir->kind, dir->folder, display, req->cancel, &err);
    free(display);
    if (!rc)
        rc = node_lookup(fs, req, dir, name, ret);
    else
        node_refuse(fs, dir, name, rc, err.len ? err.data : NULL);
    return rc;
}

/* Is something in it that the service does not know of? */
static bool has_own(struct fs *fs, const struct cache_folder *f)
{
    SCOPED(xfree) struct local *locals = NULL;
    SCOPED(xfree) struct slot *slots = NULL;
    size_t nlocals = 0, nslots = 0;
    bool own = false;

    state_locals(fs->state, folder_ino(f->kind, f->id), &locals, &nlocals);
    state_slots(fs->state, f->kind, f->id, &slots, &nslots);
    own = nlocals > 0;
    for (size_t i = 0; i < nslots; i++) {
        own |= !(slots[i].flags & SLOT_VACANT);
        slot_release(&slots[i]);
    }
    for (size_t i = 0; i < nlocals; i++)
        local_release(&locals[i]);
    return own;
}

int folder_rmdir(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name)
{
    SCOPED(mailbox_folder_release) struct cache_folder f = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (!can_fold(dir) ||
        mailbox_find_folder(fs->mailbox, dir->kind, dir->folder, name, req->cancel, &f))
        return -ENOSYS;
    int rc =
        has_own(fs, &f) ? -ENOTEMPTY : mailbox_remove_folder(fs->mailbox, &f, req->cancel, &err);
    if (rc)
        node_refuse(fs, dir, name, rc, err.len ? err.data : NULL);
    return rc;
}

/* `display`: what it is called from now on. */
static int relocate(struct fs *fs, const struct fs_req *req, struct node *node,
                    const struct place *from, const struct place *to, const char *display,
                    struct buf *err)
{
    SCOPED(mailbox_folder_release) struct cache_folder f = {0};
    struct node *there = NULL;
    int rc = node_lookup(fs, req, to->dir, to->name, &there);

    tree_put(fs, there);
    if (rc != -ENOENT)
        return rc ? rc : from->dir == to->dir && str_eq(from->name, to->name) ? 0 : -EEXIST;
    rc = mailbox_find_folder(fs->mailbox, node->kind, from->dir->folder, from->name, req->cancel,
                             &f);
    if (!rc)
        rc = mailbox_change_folder(fs->mailbox, &f, to->dir->folder,
                                   str_eq(from->name, to->name) ? f.display : display, req->cancel,
                                   err);
    if (!rc)
        tree_move(fs, node, to->dir, to->name, NULL);
    return rc;
}

int folder_relocate(struct fs *fs, const struct fs_req *req, struct node *node,
                    const struct place *from, const struct place *to, unsigned flags,
                    struct buf *err)
{
    SCOPED(xfree) char *display = display_of(to->name);
    int rc;

    if (!can_fold(from->dir) || !folder_takes_folders(fs, to->dir) || to->dir->kind != node->kind ||
        !display)
        rc = buf_fail(err, -EPERM, "%s", node_refusal(fs, from->dir));
    else if (flags & RENAME_EXCHANGE)
        rc = -EINVAL;
    else
        rc = relocate(fs, req, node, from, to, display, err);
    return rc;
}
