/*
 * mailbox_p.h - folders and records in memory, and the members a mailbox fills in by itself: the
 * data under memory.c.
 *
 * Threads: owner only (memory.c holds its lock).
 */
#ifndef OUTLOOKFS_REMOTE_MAILBOX_P_H
#define OUTLOOKFS_REMOTE_MAILBOX_P_H

#include <outlookfs/base/map.h>
#include <outlookfs/model/kind.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

struct mailbox_folder {
    enum kind kind;
    char *id;   /* opaque, as the service's */
    char *path; /* mail: display path; else the display name */
};

struct mailbox_record {
    enum kind kind;
    char *id;
    const struct mailbox_folder *folder;
    struct cJSON *obj;
};

struct mailbox {
    struct mailbox_folder **folders;
    size_t nfolders;
    struct mailbox_record **records; /* in the order they came */
    size_t nrecords;
    struct map by_id; /* of the records */
    unsigned serial;  /* for ids and change keys */
};

void mailbox_init(struct mailbox *mb);
void mailbox_release(struct mailbox *mb);

/* By id or name, mail also by "Id::<id>"; NULL when there is none. */
const struct mailbox_folder *mailbox_get_folder(const struct mailbox *mb, enum kind kind,
                                                const char *name);
/* As above; what is missing is made, parents included. */
const struct mailbox_folder *mailbox_make_folder(struct mailbox *mb, enum kind kind,
                                                 const char *name);

struct mailbox_record *mailbox_find(const struct mailbox *mb, enum kind kind, const char *id);

/* `obj` is taken; id, change key and times are filled in where they are missing. */
struct mailbox_record *mailbox_add(struct mailbox *mb, enum kind kind,
                                   const struct mailbox_folder *folder, struct cJSON *obj);
/* `obj` is taken and replaces the record's; the id stays, change key and time of modification are
 * new. */
void mailbox_change(struct mailbox *mb, struct mailbox_record *rec, struct cJSON *obj);
/* As a move does: a new id. */
void mailbox_move(struct mailbox *mb, struct mailbox_record *rec,
                  const struct mailbox_folder *folder);
void mailbox_remove(struct mailbox *mb, struct mailbox_record *rec);

/* Sets a member, replacing one of that name; `value` is taken. */
void mailbox_set(struct cJSON *obj, const char *name, struct cJSON *value);

#endif
