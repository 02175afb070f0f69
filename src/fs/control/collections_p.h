/*
 * collections_p.h - the directories of .outlookfs/ whose entries are rows of the state database.
 *
 *     pending.c   queue/<slot>-<name>    a pending or held operation; rm takes it back
 *                 failed/<slot>-<name>   a refused one; rm discards the refused bytes, touch tries again
 *                 drafts/<slot>-<name>   a text that is not complete, or not accepted; rm discards it, and the
 *                                        file shows again what was there before
 *                 .../m<row>-<name>      a mail, an .eml as x.eml.json; rm discards it, touch sends it again
 *     kept.c      conflicts/<id>/        base.json, mine.json, theirs.json; rm -r keeps the service's version
 *                 trash/<n>-<time>-<name>  the version before a change or deletion, and texts that were
 *                                        refused or discarded; rm forgets it
 */
#ifndef OUTLOOKFS_FS_COLLECTIONS_P_H
#define OUTLOOKFS_FS_COLLECTIONS_P_H

#include "control_p.h"

/* Calls `each` with number and name of every entry. The number of a mail is negative. */
typedef int (*entry_fn)(void *ctx, int64_t id, const char *name);

struct collection {
    const char *name;
    const struct node_ops *ops;       /* of the directory */
    const struct node_ops *entry_ops; /* of its entries */
    int (*each)(struct fs *fs, entry_fn each, void *ctx);
    /* The same of one; -ENOENT. NULL: entries are unique by name and have no number in it. */
    int (*one)(struct fs *fs, int64_t id, entry_fn each, void *ctx);
    int (*render)(struct fs *fs, int64_t id, const char *part, struct buf *out);
    int (*remove)(struct fs *fs, int64_t id); /* under fs.change */
    int (*touch)(struct fs *fs, int64_t id);  /* under fs.change; may be NULL */
};

extern const struct collection queue_collection, failed_collection, drafts_collection,
    conflicts_collection, trash_collection;

/* Classes of directories and entries that do nothing more. */
extern const struct node_ops collection_ops, entry_ops;
/* `part`: "<number>" of an entry, "<number>/mine.json" of a file in one. */
struct node_spec entry_spec(struct node *dir, const struct collection *c,
                            const struct node_ops *ops, const char *part, const char *name);
/* rm in queue/, failed/ and conflicts/: takes an operation back; the service's version becomes visible, and a file
 * that only this machine knows goes. */
int operation_discard(struct fs *fs, int64_t slot);

#endif
