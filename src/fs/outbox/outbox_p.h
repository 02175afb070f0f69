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
/* outbox/<one of them> by its number. Referenced; NULL: no such directory. */
struct node *outbox_dir_node(struct fs *fs, uint64_t ino);
/* {"Path"} becomes {"MessageId"} or {"EventId"}; *ret_replaced: it did. From what is on this
 * machine. subject.c. */
int outbox_resolve_path(struct fs *fs, enum outgoing what, struct cJSON *obj, bool *ret_replaced,
                        struct buf *err);

/* --- judge.c --- */
/* Of a file that is sent, found out from its bytes before the change lock is taken. */
struct judged {
    struct judgement base;
    enum outgoing what;
    bool eml, foreign;
    enum json_shape shape;
    struct json_where where;
    int rc;                /* 0: it is to be sent as `row` says */
    struct outbox_row row; /* zeroed once it is accepted */
    struct buf reason;     /* of rc */
};
/* `changed`: content.changed before. Any lock or none. */
struct judged *outbox_judge(struct fs *fs, uint64_t ino, uint64_t changed, enum outgoing what,
                            bool eml, bool foreign);
void judged_drop(struct fs *fs, struct judgement *base);

#endif
