/*
 * value.c - files that are written through: what is closed is sent at once, and close waits.
 *
 * A contact's photo and the automatic replies are not records: there is nothing to merge and nothing waits.
 * Where the service does not take the bytes, close says so and the file is what it was.
 */
#include "beside_p.h"
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/sync/values.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum remote_value value_of(const struct node *node)
{
    return node->kind == KIND_CONTACT ? REMOTE_PHOTO : REMOTE_AUTOMATIC_REPLIES;
}

/* What is not there yet, and is being made, is empty. */
int value_make(struct fs *fs, const struct fs_req *req, struct node *node, struct content *ret)
{
    SCOPED(buf_release) struct buf bytes = BUF_INIT(REMOTE_PHOTO_MAX);
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    ret->mtime = fs->birth;
    int rc = value_read(fs->mailbox, value_of(node), node->id, req->cancel, &bytes,
                        (int64_t *)&ret->mtime, &err);
    if (rc == -ENOENT)
        rc = 0;
    if (!rc) {
        ret->len = bytes.len;
        ret->text = buf_detach(&bytes);
    }
    return rc;
}

/* Nothing yet: shells close a descriptor of a file they have just emptied. */
int value_store(struct fs *fs, const struct fs_req *req, struct node *node, struct content *content,
                struct buf *err)
{
    SCOPED(xfree) char *bytes = NULL;
    size_t len = 0;
    int rc = content_text(fs, content, &bytes, &len);

    if (!rc && len)
        rc = value_write(fs->mailbox, value_of(node), node->id, bytes, len, req->cancel, err);
    return rc;
}

void value_closed(struct fs *fs, struct node *node, struct content *content)
{
    if (content->owned)
        state_data_remove(fs->state, node->ino);
    notify_inode(fs, node->ino);
}

int value_receive(struct fs *fs, const struct fs_req *req, const struct place *from,
                  struct node *node, struct buf *err)
{
    SCOPED(local_release) struct local l = {0};
    SCOPED(xfree) char *bytes = NULL;
    size_t len = 0;
    int rc = state_find_local(fs->state, from->dir->ino, from->name, &l);

    if (rc)
        return rc == -ENOENT ? -EPERM : rc; /* a record stays what it is */
    rc = S_ISREG(l.mode) ? data_text(fs, l.ino, &bytes, &len) : -EPERM;
    if (!rc)
        rc = value_write(fs->mailbox, value_of(node), node->id, bytes, len, req->cancel, err);
    if (!rc) {
        mutex_lock(&fs->change);
        rc = fs->local->remove(fs, from->dir, from->name, false);
        mutex_unlock(&fs->change);
        notify_inode(fs, node->ino);
    }
    return rc;
}
