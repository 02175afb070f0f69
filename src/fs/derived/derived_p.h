/*
 * derived_p.h - search/, views/ and export/: the records of the other branches, shown otherwise.
 *
 *     derived.c      their top: the kinds, and CACHEDIR.TAG
 *     search.c, search_query.c               search/
 *     views.c, view_keep.c, view_index.c     views/, links for people (views_p.h)
 *     export.c, export_file.c, export_whole.c, export_maildir.c, rendering.c
 *                                            export/: other formats (export_p.h)
 */
#ifndef OUTLOOKFS_FS_DERIVED_P_H
#define OUTLOOKFS_FS_DERIVED_P_H

#include "../core/core_p.h"

#include <outlookfs/sync/search.h>

/* The root of a branch that has `kinds`. */
int derived_list(struct fs *fs, const struct fs_req *req, struct node *root, struct dir_list *list);

/* --- search.c, search_query.c --- */
extern const struct node_ops search_root_ops, search_kind_ops, search_query_ops;

/* --- views.c, view_keep.c --- */
extern const struct node_ops views_root_ops, view_kind_ops;
void views_init(struct fs *fs);
void views_release(struct fs *fs);
int64_t views_expire(struct fs *fs, int64_t now); /* drops indexes nobody looks at */

/* --- agenda.c --- */
extern const struct node_ops agenda_ops; /* views/calendars/<calendar>/agenda */

/* --- export.c, export_file.c, rendering.c --- */
extern const struct node_ops export_root_ops, export_kind_ops;
bool export_is_known(struct fs *fs, enum kind kind, const char *folder, const char *id);
void export_changed(struct fs *fs, enum kind kind, const char *folder, const char *id);
void renderings_init(struct fs *fs);
void renderings_release(struct fs *fs);

/* Why nothing in export/ can be changed. */
#define EXPORT_REFUSAL                                                                             \
    "export/ shows the records in other formats and is read-only: change the record itself, in "   \
    "mail/, calendars/ or contacts/"

#endif
