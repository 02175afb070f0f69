/*
 * outbox_p.h - outbox/: what is closed there is sent.
 */
#ifndef OUTLOOKFS_FS_OUTBOX_P_H
#define OUTLOOKFS_FS_OUTBOX_P_H

#include "../core/core_p.h"

#include <outlookfs/sync/outbox.h>

extern const struct node_ops outbox_root_ops;
/* mime.c: of local files in a folder of drafts */
extern const struct name_ops draft_names;
int outbox_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out);
const char *outbox_stray(const char *dir, const char *name); /* node_ops.stray */
/* sync's event; locked. */
void outbox_changed(struct fs *fs, uint64_t ino, uint64_t dir);
/* {"Path"} becomes {"MessageId"} or {"EventId"}; *ret_replaced: it did. From what is on this
 * machine. subject.c. */
int outbox_resolve_path(struct fs *fs, enum outgoing what, struct cJSON *obj, bool *ret_replaced,
                        struct buf *err);
/* outbox/<one of them> by its number. Referenced; NULL: no such directory. */
struct node *outbox_dir_node(struct fs *fs, uint64_t ino);

#endif
