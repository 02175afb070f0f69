/*
 * state_p.h - what the files of the state share.
 *
 *   state.c            opening, the schema, transactions, inode numbers, small values
 *   state_slots.c      slots
 *   state_journal.c    pending operations one by one
 *   state_bulk.c       ... and many at once
 *   state_conflicts.c  conflicts
 *   state_local.c      scratch
 *   state_trash.c      trash
 *   state_outbox.c     the outbox
 *   state_triggers.c   triggers and what they have brought
 *   state_searches.c   searches that are kept
 *   state_data.c       data/<ino>
 *   state_absent.c     what need not be looked for
 *
 * Rows are read and written by lists of columns: row_p.h.
 */
#ifndef OUTLOOKFS_STORE_STATE_P_H
#define OUTLOOKFS_STORE_STATE_P_H

#include "db_p.h"

#include <outlookfs/store/state.h>

/* A data file that the transaction made (it goes with a rollback), or removes (it goes with the
 * commit). */
struct data_step {
    uint64_t ino;
    bool made;
};

#define ABSENT_BITS (1 << 21)

struct state {
    int lock_fd;
    int data_fd; /* the directory data/ */
    struct db db;
    uint64_t next_ino;     /* guarded by db.write_lock */
    uint64_t reserved_ino; /* guarded by db.write_lock: numbers below it are on disk as given */
    struct data_step *data_steps; /* guarded by db.write_lock: of the transaction */
    size_t data_step_count;
    _Atomic uint64_t entered[ABSENT_BITS / 64]; /* state_absent.c */
};

/* One statement with one number as its parameter, as a transaction. */
int state_run_int(struct state *s, const char *text, int64_t value);

/* In the first transaction of a new database: files of data/ that no row knows, unsent saves among
 * them, become lost-<number> in the mount. */
int data_give_back(struct state *s, const uint64_t *inos, size_t count);

/* Does certainly no slot and no scratch file have this name, and no slot this record or inode? It is
 * entered before a row with it is committed. NULL is nothing to enter. */
bool is_absent(struct state *s, const char *text);
bool is_absent_ino(struct state *s, uint64_t ino);
void absent_enter(struct state *s, const char *text);
void absent_enter_ino(struct state *s, uint64_t ino);
int absent_begin(struct state *s); /* enters what the database has */

/* Unlinks what the steps of a transaction say now that it was committed, or was not. */
void data_steps_carry_out(struct state *s, const struct data_step *steps, size_t count,
                          bool committed);

#endif
