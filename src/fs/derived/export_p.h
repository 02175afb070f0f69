/*
 * export_p.h - what the files of export/ share.
 *
 *     export.c          the directories
 *     export_file.c     one record in another format
 *     export_whole.c    all records of a folder in one file
 *     export_series.c   a series with what single events of it are
 *     export_maildir.c  cur/, new/ and tmp/ of a mail folder
 *     rendering.c       files that were made a moment ago
 */
#ifndef OUTLOOKFS_FS_EXPORT_P_H
#define OUTLOOKFS_FS_EXPORT_P_H

#include "../records/records_p.h"
#include "derived_p.h"

/* --- export.c --- */
/*
 * Lists the records of the node's folder as export files; `name_of` gives a name the caller frees.
 * Called as node_ops.list.
 */
typedef char *(*export_name_fn)(enum kind kind, const struct cache_record *r);
int export_list_records(struct fs *fs, const struct fs_req *req, struct node *dir,
                        export_name_fn name_of, struct dir_list *list);
/* A record of the node's folder as a file there. -ENOENT. */
int export_lookup_record(struct fs *fs, const struct fs_req *req, struct node *dir, const char *id,
                         const char *name, struct node **ret);

/* --- export_file.c --- */
extern const struct node_ops export_file_ops;
uint64_t export_ino(enum kind kind, const char *folder, const char *id);
/* What the file names of a kind end with: ".eml". */
const char *export_suffix(enum kind kind);

/* --- export_whole.c --- */
extern const struct node_ops export_whole_ops;

/* --- export_series.c --- */
/* Is it a series of which the service tells more than the record does? `record` and what is added to
 * it are in the specification's words. */
bool export_is_series(struct fs *fs, enum kind kind, const struct cJSON *record);
/* "CancelledOccurrences" and "ExceptionOccurrences". May wait for the network. */
int export_add_occurrences(struct fs *fs, struct cancel *cancel, const char *folder, const char *id,
                           struct cJSON *record, struct buf *err);

/* --- export_maildir.c --- */
/* cur/, new/ and tmp/ of an export's mail folder, which are not listed. -ENOENT. */
int maildir_lookup(struct fs *fs, struct node *dir, const char *name, struct node **ret);

/* --- rendering.c --- */
/*
 * The file that was made last for an inode: a descriptor of the caller's own, and what it was made
 * of. -ENOENT.
 */
int rendering_open(struct fs *fs, uint64_t ino, uint64_t *ret_version);
/* The file shows the time of what it was made of; 0: none is known. */
int rendering_set_time(struct fs *fs, int fd, int64_t mtime);
/* Remembers a file; takes `fd`. Of those that are not `kept` only the last few stay. */
void rendering_put(struct fs *fs, uint64_t ino, uint64_t version, bool kept, int fd);

#endif
