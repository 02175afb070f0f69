/*
 * control_p.h - .outlookfs/: what a person or a script is told, and commands.
 *
 *     control.c      the directory, status.json, log, control
 *     collections.c  queue/, failed/, trash/, conflicts/: rows of the databases, made at every look
 *     status.c       status.json, and the operations in queue/ and failed/
 */
#ifndef OUTLOOKFS_FS_CONTROL_P_H
#define OUTLOOKFS_FS_CONTROL_P_H

#include "../core/core_p.h"

extern const struct node_ops control_root_ops;

/* --- collections.c --- */
struct collection;
extern const struct collection *const collections[]; /* NULL-terminated */
const char *collection_name(const struct collection *c);
struct node_spec collection_spec(struct node *dir, const struct collection *c);

/* --- status.c --- */
int status_render(struct fs *fs, struct buf *out);                  /* status.json */
int operation_render(struct fs *fs, int64_t slot, struct buf *out); /* one in queue/ or failed/ */
int mail_render(struct fs *fs, int64_t id, struct buf *out);

#endif
