/*
 * triggers_p.h - what the files about triggers share.
 *
 *     trigger_definition.c  the table of triggers; a text becomes a question
 *     trigger_stream.c      lines in a file, rotation, recovery
 *     trigger_poll.c        one call and what follows
 *     triggers.c            rows, who looks, when the next call is due
 */
#ifndef OUTLOOKFS_SYNC_TRIGGERS_P_H
#define OUTLOOKFS_SYNC_TRIGGERS_P_H

#include "mailbox_p.h"

#include <outlookfs/sync/triggers.h>
#include <pthread.h>
#include <uthash.h>

struct triggers {
    struct mailbox *mb;
    struct mutex lock;
    pthread_cond_t changed;
    uint64_t version;      /* grows with each change; guarded by lock */
    uint64_t waited;       /* the version triggers_wait() has seen; guarded by lock */
    struct watch *watches; /* a hash; stay until the end; guarded by lock */
};

/* What is known of a trigger besides its row. Everything is due once after a start. */
struct watch {
    UT_hash_handle hh;
    int64_t id;
    unsigned handles;
    int64_t looked_at; /* clock_mono() */
    int64_t asked_at;  /* clock_mono() at the end of the last call; 0: none yet */
    int64_t pause;     /* from then to the next, ns */
    uint64_t gen;      /* of the row asked last */
    unsigned failures; /* in a row */
};

struct triggers *triggers_create(struct mailbox *mb);
void triggers_destroy(struct triggers *t); /* NULL is fine */

/* triggers.c; the lock is held. */
struct watch *watch_locked(struct triggers *t, int64_t id);

/* --- trigger_definition.c --- */

struct definition {
    enum remote_trigger trigger;
    enum kind kind; /* of what it brings */
    char *folder;   /* the service's id of the folder it is about */
    struct cJSON *obj;
    struct param params[REMOTE_TRIGGER_PARAMS + 1]; /* values are in `texts`, `folder` or `obj` */
    size_t nparams;
    char texts[REMOTE_TRIGGER_PARAMS][24];
};

/* A zeroed `ret` is filled; release it whatever the answer. -EINVAL with the reason in `err`. */
int definition_read(struct mailbox *mb, const char *text, size_t len, struct definition *ret,
                    struct buf *err);
void definition_release(struct definition *d);

/* --- trigger_stream.c --- */

/*
 * Makes the lines part of the stream of `row`: in the file when it returns, and in the members
 * `now` and `old`, which the caller stores. `ret_gone` is the inode of the file that fell out, or
 * 0: the caller removes it then.
 */
int stream_append(struct triggers *t, struct trigger_row *row, const char *lines, size_t len,
                  uint64_t *ret_gone);
/* A new empty file. */
int stream_begin(struct triggers *t, struct trigger_stream *ret);
/* After a start: tails that were not committed are cut off. */
int stream_recover(struct triggers *t);

#endif
