/*
 * records_p.h - mail/, calendars/ and contacts/: the service's records as files. beside_p.h has what
 * lies beside a record.
 *
 *     folder.c      folders, and what is listed in them
 *     folder_change.c   mkdir, rmdir and mv of folders
 *     record.c      a record as seen from outside: lookup, attributes, content
 *     slot.c        what happens to a name: created, vacated, touched
 *     commit.c      a file was closed: record, draft or mistake
 *     keep.c        which bytes a record's file shows after a save
 *     rename.c      a rename with a record at one end or both
 *     expire.c      vacancies and empty drafts that end by themselves
 */
#ifndef OUTLOOKFS_FS_RECORDS_P_H
#define OUTLOOKFS_FS_RECORDS_P_H

#include "../core/core_p.h"

#include <outlookfs/base/clock.h>
#include <outlookfs/sync/writeback.h>

/* --- folder.c --- */
extern const struct node_ops kind_root_ops;
uint64_t folder_ino(enum kind kind, const char *folder);
const char *folder_stray(const char *dir, const char *name); /* node_ops.stray */
/* mailbox_list(), and in the log why it failed. */
int folder_refresh(struct fs *fs, enum kind kind, const char *folder, struct cancel *cancel);
/* Members of a class with `folder`: the service's folders directly below the directory's own, or the top ones. */
int folders_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                   struct node **ret);
int folders_list(struct fs *fs, const struct fs_req *req, struct node *dir, struct dir_list *list);
/* May the service's folders lie in this directory? */
bool folder_takes_folders(struct fs *fs, struct node *dir);
int folder_getxattr(struct fs *fs, struct node *node, const char *name, struct buf *out);

/* --- folder_change.c: members of struct node_ops --- */
int folder_mkdir(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                 struct node **ret);
int folder_rmdir(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name);
int folder_relocate(struct fs *fs, const struct fs_req *req, struct node *node,
                    const struct place *from, const struct place *to, unsigned flags,
                    struct buf *err);

/* --- record.c --- */
extern const struct node_ops record_ops;
/* The class of records in the directory. */
const struct node_ops *record_class(struct fs *fs, struct node *dir);
uint64_t record_ino(enum kind kind, const char *folder, const char *id);
int record_lookup(struct fs *fs, const struct fs_req *req, struct node *dir, const char *name,
                  struct node **ret);
/* Is there a record of this id in the node's folder? 0 or -errno. Asks the service where the folder
 * was not listed, but for no name that can be no id. */
int record_exists(struct fs *fs, const struct fs_req *req, struct node *dir, const char *id);
/* A record in a folder directory. */
struct node_spec record_spec(struct fs *fs, struct node *dir, const char *name, uint64_t ino);
/* The text that is visible in a slot now: of the open file, the local bytes, or the cache. The
 * caller frees. -ENOENT. */
int record_visible(struct fs *fs, const struct slot *slot, char **ret);
/* The same of an inode with local bytes. */
int record_bytes(struct fs *fs, uint64_t ino, char **ret);
/* Size, times and mode of what is visible in a slot, leaving the other members of `ret`. */
int slot_stat(struct fs *fs, const struct slot *slot, struct stat *ret);
/* Does the kernel know of a record without a slot nothing but what the cache says? */
bool record_is_told(struct fs *fs, enum kind kind, const char *folder, const char *id);
/* "synced", "pending", ...; `op` zeroed: there is none. */
const char *slot_state_name(const struct slot *slot, const struct journal_op *op);
/* What is wrong with a draft's text, with line and column. -ENODATA: nothing. */
int draft_error(struct fs *fs, const struct slot *slot, struct buf *out);

/* --- slot.c: all locked --- */
/* The slot a name means, which is not in the database yet (id 0) for an untouched record; a vacant
 * slot is found, too. -ENOENT: neither slot nor cached record. */
int slot_of_name(struct fs *fs, struct node *dir, const char *name, struct slot *ret);
int slot_of_node(struct fs *fs, struct node *node, struct slot *ret); /* the same of a node */
/* Takes the inode out of the slot: flags of the local bytes are cleared, the next inode gets a new
 * number, the text that was visible becomes the base. */
int slot_vacate(struct fs *fs, struct slot *slot);
/* A slot for a new record of this name, not in the database. -EPERM: none can be made here. */
int slot_new(struct fs *fs, struct node *dir, const char *name, struct slot *ret, struct buf *err);
/* A new file in a record folder: a vacant slot is refilled (its deletion cancelled), an unknown
 * name becomes a new slot. Referenced node. */
int slot_create(struct fs *fs, struct node *dir, const char *name, mode_t mode, struct node **ret);
/* unlink: the name is empty and a deletion waits. */
int slot_unlink(struct fs *fs, struct node *dir, const char *name);
int slot_setattr(struct fs *fs, struct node *node, const struct stat *attr, unsigned set);
/* A slot nothing needs any more is removed with its bytes; the name goes, too, where no record is
 * behind it. */
void slot_forget(struct fs *fs, struct slot *slot);

/* --- commit.c: locked --- */
int slot_commit(struct fs *fs, struct node *node, struct content *content, struct buf *err);
void slot_closed(struct fs *fs, struct node *node, struct content *content);

/* --- keep.c: locked, except slots_reconcile_all() --- */
/* The service's record may differ from the local bytes now: keep or replace them. */
int slot_reconcile(struct fs *fs, struct slot *slot);
/* The same of a name, for those who replace or remove what they see there. Not in a transaction. */
void slot_reconcile_name(struct fs *fs, struct node *dir, const char *name);
/* What is pending becomes visible, or the service's rendering, whatever the local bytes say. */
int slot_revert(struct fs *fs, struct slot *slot);
/* What was there before a draft becomes visible, its text goes to the trash; a new file goes. -EBUSY: somebody has it
 * open. */
int slot_discard_draft(struct fs *fs, struct slot *slot);
/* At the start: bytes that nobody closed give way to what was saved before them, ... */
int slots_recover(struct fs *fs);
/* ... and the record may have changed while nobody looked. */
void slots_reconcile_all(struct fs *fs);
/* A text that the service cannot take, or that an editor rolled back. */
int trash_rejected(struct fs *fs, const struct slot *slot, const char *text);
/* The same for what is parked for the slot, before another change of the user replaces it. */
int slot_keep_refused(struct fs *fs, const struct slot *slot);

/* --- rename.c: locked --- */
int record_rename(struct fs *fs, const struct fs_req *req, const struct place *from,
                  const struct place *to, unsigned flags, struct buf *err);

/* --- expire.c: struct branch.expire --- */
/* A vacated name reappears, and an empty draft reverts, after this long (saving rules R8, R16). */
#define SLOT_GRACE (10 * NS_PER_S)
int64_t slots_expire(struct fs *fs, int64_t now);

#endif
