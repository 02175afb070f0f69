/*
 * outbox.h - the outbox in state.db: one row for each file of outbox/ that was closed complete, and
 * for whatever such files left on the service.
 *
 * The file itself is a local one (state.h: struct local, data/<ino>); its row says what becomes of
 * it. A file without a row is a draft.
 *
 *     DRAFT    not to be sent: `reason` says why; `foreign`: another user wrote in it
 *     WAITING  is sent when `due` has come; `unknown`: unless an earlier attempt has sent it
 *     SENDING  an attempt is being made since `began`. Found at a start: its result is unknown
 *     ASKED    a question that was sent; the answer comes to `token`
 *     ANSWERED the answer is there; `location` set: the subscription is not ended yet
 *     FAILED   parked for the user to decide; `unknown`: it may have been sent
 *     GONE     the file is gone (ino 0), the subscription at `location` is not ended yet; where there
 *              is none, the draft of attempts with the key `token` is not removed yet
 *
 * Ownership, errors, transactions and threads: as in state.h.
 */
#ifndef OUTLOOKFS_STORE_OUTBOX_H
#define OUTLOOKFS_STORE_OUTBOX_H

#include <outlookfs/model/outgoing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

/* The numbers are in databases. */
enum outbox_state {
    OUTBOX_DRAFT = 0,
    OUTBOX_WAITING = 1,
    OUTBOX_SENDING = 2,
    OUTBOX_ASKED = 3,
    OUTBOX_ANSWERED = 4,
    OUTBOX_FAILED = 5,
    OUTBOX_GONE = 6,
};

struct outbox_row {
    int64_t id;   /* 0: state_put_outbox() gives one */
    uint64_t ino; /* of the file; unique; 0: the file has gone */
    enum outgoing what;
    enum outbox_state state;
    bool foreign;  /* somebody else than the owner of the mount wrote in it */
    bool unknown;  /* the service may have done it in an attempt whose end nobody saw */
    bool waits;    /* an answer is wanted */
    uint64_t body; /* data/<body> is what is sent; 0: the file's own bytes */
    unsigned attempts;
    int status;        /* HTTP status of the last attempt; 0: none */
    int64_t queued_at; /* clock_steady() */
    int64_t due;       /* clock_steady(): not before */
    int64_t began;     /* clock_steady(): of the attempt; 0: none */
    char *reason;      /* or NULL, as all below */
    char *token; /* of this mail alone: the last part of a question's announced address, the key of
                    an attempt, a draft's id */
    char *location; /* of the subscription, whole, as the service gave it */
    char *answer;   /* JSON */
};
void outbox_row_release(struct outbox_row *row);

int state_put_outbox(struct state *s, struct outbox_row *row); /* inserts (id 0: set) or updates */
int state_get_outbox(struct state *s, int64_t id, struct outbox_row *ret);
int state_outbox_by_ino(struct state *s, uint64_t ino, struct outbox_row *ret);
int state_remove_outbox(struct state *s, int64_t id);
/* All, oldest first. */
int state_outbox(struct state *s, struct outbox_row **ret, size_t *ret_count);
void outbox_rows_free(struct outbox_row *rows, size_t count);
/* Is data/<ino> the body of a row? */
bool state_outbox_has_body(struct state *s, uint64_t ino);

#endif
