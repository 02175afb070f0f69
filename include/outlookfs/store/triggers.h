/*
 * triggers.h - the triggers in state.db, and where their streams lie.
 *
 * One row for each name in triggers/: the definition that is being polled, how far the service has
 * been asked (the cursor), and the stream of what came. A stream is a file data/<ino> to which
 * lines are only appended; the part of it that counts is `length` bytes long, and the cursor and
 * the length change in one transaction:
 *
 *     pwrite() behind `length`, fdatasync()     nobody reads it yet; a crash here leaves a tail
 *                                               that the next start cuts off
 *     cursor, length: one transaction           each item is in the stream exactly once
 *
 * Lines are in a file and not in the database because readers follow it, by offset, at any speed.
 *
 * `gen` grows with every change of the definition and every removal of a stream: an answer to an
 * older question is dropped.
 *
 * Ownership, errors, transactions and threads: as in state.h.
 */
#ifndef OUTLOOKFS_STORE_TRIGGERS_H
#define OUTLOOKFS_STORE_TRIGGERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

/* The numbers are in databases. */
enum trigger_state {
    TRIGGER_ACTIVE = 0,
    TRIGGER_FAILED = 1, /* the service refuses it; it is asked again now and then */
};

struct trigger_stream {
    uint64_t ino; /* the file, and its inode number; 0: there is none */
    uint64_t length;
    int64_t mtime; /* ns since 1970: of the last line */
};

struct trigger_row {
    int64_t id;       /* 0: state_put_trigger() gives one */
    char *name;       /* without ".json"; unique */
    char *definition; /* the one in force; NULL: there was none yet */
    char *draft;      /* why the file's bytes are not the definition in force, or NULL */
    char *cursor;     /* the query of the next call; NULL: the next call sets the baseline */
    char *reason;     /* why FAILED, or what the last attempt met; or NULL */
    enum trigger_state state;
    int64_t stopped_at; /* clock_steady(): the definition was removed; 0: it is in force */
    uint64_t gen;
    uint64_t items; /* lines so far */
    struct trigger_stream now, old;
};
void trigger_row_release(struct trigger_row *row);
void trigger_rows_free(struct trigger_row *rows, size_t count);

int state_put_trigger(struct state *s,
                      struct trigger_row *row); /* inserts (id 0: set) or updates */
int state_get_trigger(struct state *s, int64_t id, struct trigger_row *ret);
int state_trigger_by_name(struct state *s, const char *name, struct trigger_row *ret);
int state_remove_trigger(struct state *s, int64_t id);
/* All, by name. */
int state_triggers(struct state *s, struct trigger_row **ret, size_t *ret_count);
/* Is data/<ino> a stream? */
bool state_is_stream(struct state *s, uint64_t ino);

/* What a trigger has brought, so that the service may say it twice: the last TRIGGER_SEEN_MAX. */
#define TRIGGER_SEEN_MAX 4096
bool state_trigger_seen(struct state *s, int64_t id, const char *key);
int state_trigger_see(struct state *s, int64_t id, const char *key); /* also prunes */
int state_trigger_unsee(struct state *s, int64_t id);                /* forgets all */

#endif
