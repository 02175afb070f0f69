/*
 * control_p.h - .outlookfs/: what a person or a script is told, and commands.
 *
 *     control.c      the directory, status.json, log, control
 *     collections.c  directories whose entries are rows of the state database, made at every look:
 *     pending.c      queue/, failed/, drafts/;   kept.c  trash/, conflicts/
 *     strays.c       local files of which something may be expected
 *     status.c       status.json, and the entries of queue/, failed/ and drafts/
 */
#ifndef OUTLOOKFS_FS_CONTROL_P_H
#define OUTLOOKFS_FS_CONTROL_P_H

#include "../core/core_p.h"

extern const struct node_ops control_root_ops;

/* --- collections.c --- */
struct collection;
extern const struct collection *const collections[]; /* NULL-terminated */
struct node_spec collection_spec(struct node *dir, const struct collection *c);

/* --- strays.c --- */
void strays_add(struct fs *fs, struct cJSON *root);

/* --- status.c --- */
int status_render(struct fs *fs, struct buf *out); /* status.json */
int operation_render(struct fs *fs, int64_t slot,
                     struct buf *out); /* an entry of queue/ or failed/ */
int draft_render(struct fs *fs, int64_t slot, struct buf *out);
int mail_render(struct fs *fs, int64_t id, struct buf *out);

/* --- settings.c: settings/, a top-level directory --- */
extern const struct node_ops settings_root_ops;
bool settings_are_there(struct fs *fs);

#endif
