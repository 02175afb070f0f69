/*
 * beside_p.h - what lies beside a record: attachments, photos, and other values that are written through.
 *
 *     attachment.c  <id>.attachments/       photo.c  <id>.photo.jpg
 *     value.c       files that are written through
 */
#ifndef OUTLOOKFS_FS_BESIDE_P_H
#define OUTLOOKFS_FS_BESIDE_P_H

#include "../core/core_p.h"

/* --- attachment.c --- */
/* `name` is "<id>.attachments" of a message in the folder directory. */
int attachments_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                       struct node **ret);
void attachments_add(struct node *dir, const char *id, struct dir_list *list);

/* --- value.c: members of a class whose bytes are a contact's photo (KIND_CONTACT, the node's id) or the
 * automatic replies --- */
int value_make(struct fs *fs, const struct fs_req *req, struct node *node, struct content *ret);
int value_store(struct fs *fs, const struct fs_req *req, struct node *node, struct content *content,
                struct buf *err);
void value_closed(struct fs *fs, struct node *node, struct content *content);
/* A local file becomes the value of `node`. -EPERM: it is none. */
int value_receive(struct fs *fs, const struct fs_req *req, const struct place *from,
                  struct node *node, struct buf *err);

/* --- photo.c --- */
/* "<something>.photo.jpg" */
bool photo_is_name(const char *name);
int photo_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                 struct node **ret);
/* Where the name is that of no contact's, a local file; -EBUSY: of one that is not on the service yet. Locked. */
int photo_create(struct fs *fs, struct node *dir, const char *name, mode_t mode, struct node **ret);
int photo_remove(struct fs *fs, struct node *dir, const char *name); /* -EPERM; -ENOENT: no photo */
int photo_receive(struct fs *fs, const struct fs_req *req, const struct place *from,
                  const struct place *to, struct buf *err);

#endif
