/*
 * photo.c - contacts/<folder>/<id>.photo.jpg: the photo of a contact.
 *
 * It is found where the contact has one, and not listed: who has one is known only by asking for
 * each contact. A file made under such a name becomes the photo; beside no contact it is a local one.
 */
#include "beside_p.h"
#include "records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>
#include <outlookfs/sync/values.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".photo.jpg"

static const struct node_ops photo_ops = {
    .name = "photo",
    .type = S_IFREG,
    .flags = NODE_VOLATILE | NODE_WRITABLE,
    .make = value_make,
    .store = value_store,
    .closed = value_closed,
};

bool photo_is_name(const char *name)
{
    return !strchr(".~#", *name) && str_ends(name, SUFFIX);
}

/* "x.json" of "x.photo.jpg". The caller frees it. */
static char *record_name(const char *name)
{
    return xasprintf("%.*s.json", (int)(strlen(name) - strlen(SUFFIX)), name);
}

/* The contact whose photo this would be, by the name given to it here or by its id. The caller frees it. -ENOENT. */
static int contact_of(struct fs *fs, struct node *dir, const char *name, char **ret)
{
    SCOPED(xfree) char *record = record_name(name);
    SCOPED(slot_release) struct slot slot = {0};
    int rc = state_slot_by_name(fs->state, dir->kind, dir->folder, record, &slot);

    if (!rc && slot.record)
        *ret = xstrdup(slot.record);
    else
        rc = mailbox_id_of_name(fs->mailbox, record, ".json", ret);
    if (!rc) {
        rc = cache_get(fs->cache, dir->kind, dir->folder, *ret, false, NULL);
        if (rc)
            xstrset(ret, NULL);
    }
    return rc;
}

static struct node *photo_node(struct fs *fs, struct node *dir, const char *name, const char *id)
{
    struct node_spec spec = spec_in(dir, &photo_ops, name_ino("photo", id), name);

    spec.id = id;
    return tree_obtain(fs, spec);
}

static bool can(struct fs *fs)
{
    return remote_can(mailbox_remote(fs->mailbox), REMOTE_CAN_VALUES);
}

int photo_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                 struct node **ret)
{
    SCOPED(buf_release) struct buf bytes = BUF_INIT(REMOTE_PHOTO_MAX);
    SCOPED(xfree) char *id = NULL;
    int64_t mtime;

    if (!can(fs) || contact_of(fs, dir, name, &id))
        return -ENOENT;
    int rc = value_read(fs->mailbox, REMOTE_PHOTO, id, req->cancel, &bytes, &mtime, NULL);
    if (!rc)
        *ret = photo_node(fs, dir, name, id);
    return rc == -EINVAL ? -ENOENT : rc; /* personal accounts have no photos */
}

/* A contact that is being made has no photo yet, and its own is not to stay behind here. */
static bool is_being_made(struct fs *fs, struct node *dir, const char *name)
{
    SCOPED(xfree) char *record = record_name(name);
    SCOPED(slot_release) struct slot slot = {0};

    return !state_slot_by_name(fs->state, dir->kind, dir->folder, record, &slot) && !slot.record &&
           !(slot.flags & SLOT_DRAFT);
}

int photo_create(struct fs *fs, struct node *dir, const char *name, mode_t mode, struct node **ret)
{
    SCOPED(xfree) char *id = NULL;

    if (can(fs) && is_being_made(fs, dir, name))
        return node_refuse(fs, dir, name, -EBUSY,
                           "the contact is not on the service yet: wait for `outlookfs sync`");
    if (!can(fs) || contact_of(fs, dir, name, &id))
        return fs->local->make(fs, dir, name, mode, NULL, ret);
    *ret = photo_node(fs, dir, name, id);
    return 0;
}

int photo_remove(struct fs *fs, struct node *dir, const char *name)
{
    SCOPED(xfree) char *id = NULL;

    if (!can(fs) || contact_of(fs, dir, name, &id))
        return -ENOENT;
    return node_refuse(fs, dir, name, -EPERM,
                       "the service cannot remove a photo: replace it with another one");
}

int photo_receive(struct fs *fs, const struct fs_req *req, const struct place *from,
                  const struct place *to, struct buf *err)
{
    SCOPED(xfree) char *id = NULL;

    if (!photo_is_name(to->name) || !can(fs) || contact_of(fs, to->dir, to->name, &id))
        return -ENOSYS;
    struct node *node = photo_node(fs, to->dir, to->name, id);
    int rc = value_receive(fs, req, from, node, err);
    tree_put(fs, node);
    return rc;
}
