/*
 * rename_p.h - what rename.c and rename_record.c share: the two ends of a rename, and the cases with
 * a record at one of them. All under fs.change.
 */
#ifndef OUTLOOKFS_RENAME_P_H
#define OUTLOOKFS_RENAME_P_H

#include "fs_p.h"

/* One end of a rename. */
struct end {
    struct node *dir;
    const char *name;
    bool record;        /* the name is a record's */
    struct local local; /* a scratch entry is there when .ino */
    struct slot slot;   /* a record is there, or was, when .folder */
};

/* --- rename.c --- */
bool end_is_there(const struct end *e);
/* Once more, inside the transaction: meanwhile a worker may have bound the slot to a record, ended
 * its operation, or carried out the deletion of a vacant one. */
int end_look_again(struct fs *fs, struct end *e);
/* The node of an inode takes its new place in the tree. */
void end_move_node(struct fs *fs, uint64_t ino, const struct end *to, const struct node_ops *ops,
                   int64_t slot);
/* May something of type `mode` take the place of what is there? */
int end_may_replace(struct fs *fs, const struct end *to, unsigned mode);
/* In a transaction. drop_inode() follows when it has ended. */
int end_remove_replaced(struct fs *fs, const struct end *to);

/* --- rename_record.c --- */
/* The bytes of a scratch file become the record of a name, or change places with it. */
int rename_into_record(struct fs *fs, struct end *from, struct end *to, unsigned flags,
                       struct buf *err);
/* The bytes go, the name is vacant. */
int rename_out_of_record(struct fs *fs, struct end *from, struct end *to, struct buf *err);
/* A record gets the bytes of another one, which is deleted. */
int rename_over_record(struct fs *fs, struct end *from, struct end *to, struct buf *err);
/* A record gets another name. */
int rename_record(struct fs *fs, struct end *from, struct end *to);

#endif
