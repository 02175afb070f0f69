/*
 * scheduler_p.h - when the next attempt may be made: what the workers of the write-back queue and
 * of the outbox share.
 *
 * A worker looks for work until there is some, and says when it has done it:
 *
 *     while (scheduler_goes_on(s, &kicks)) {
 *         wake = scheduler_held_back(s);               // offline, no token, our disk in trouble
 *         if (!wake && pick(..., &wake))               // what is due; else when something will be
 *             return true;
 *         scheduler_sleep(s, kicks, wake);
 *     }
 *     ...
 *     scheduler_done(s, rc);
 *
 * Times are of clock_mono(), unless said otherwise.
 *
 * Locks: `lock` guards every member, and those of the owner that belong to the workers. Nothing but
 * memory is touched under it. Functions without _locked take it.
 */
#ifndef OUTLOOKFS_SYNC_SCHEDULER_P_H
#define OUTLOOKFS_SYNC_SCHEDULER_P_H

#include <outlookfs/base/mutex.h>
#include <stdbool.h>
#include <stdint.h>

struct cancel;
struct remote;
struct remote_fault;

struct scheduler {
    const char *name; /* for the log */
    struct remote *remote;
    struct mutex lock;
    pthread_cond_t work;  /* for workers: `kicks` or `stopping` changed */
    pthread_cond_t ended; /* for who waits for them: `ends` changed */

    bool stopping;
    uint64_t kicks;         /* something may be due earlier than known */
    uint64_t ends;          /* attempts that ended, and whatever else is worth a look */
    int64_t pause_until;    /* our own disk is in trouble */
    int disk;               /* ... why; 0: it is not */
    int64_t auth_until;     /* the token was refused, and there is no other yet */
    uint64_t refused_token; /* remote_token_read() of it */
    uint64_t refusals;      /* attempts that ended so */
};

void scheduler_init(struct scheduler *s, const char *name, struct remote *remote,
                    enum mutex_rank rank);
void scheduler_release(struct scheduler *s);

/* Something may be due earlier than known. A kick is a person's: what is held back is tried again. */
void scheduler_wake(struct scheduler *s);
void scheduler_kick(struct scheduler *s);
void scheduler_stop(struct scheduler *s); /* whoever waits comes back */

/* False: it is time to end. *ret_kicks is for scheduler_sleep(). */
bool scheduler_goes_on(struct scheduler *s, uint64_t *ret_kicks);
/* 0, or when to look again while nothing may be tried at all. */
int64_t scheduler_held_back(struct scheduler *s);
bool scheduler_is_held_back_locked(const struct scheduler *s);
/* When to look again for what is due at `due`, INT64_MAX: nothing is. `began` and `now` are
 * clock_mono() and clock_steady() from before the look. */
int64_t scheduler_wake_at(int64_t began, int64_t now, int64_t due);
void scheduler_sleep(struct scheduler *s, uint64_t kicks, int64_t until);

/* An attempt ended; `rc`: the journal could not be written, and nothing is tried for a while. */
void scheduler_done(struct scheduler *s, int rc);
/* The same of an attempt that is not over before the journal has it: waits. False: it is time to end. */
bool scheduler_wait_for_disk(struct scheduler *s, int rc);
/* How long a disk in trouble is left alone. */
#define SCHEDULER_DISK_PAUSE 5 /* s */

/*
 * When (clock_steady()) to try again after a temporary failure; counts the attempt. A refused token
 * or a missing network says nothing about what was tried: that is due at once, and all wait
 * together.
 */
int64_t scheduler_try_again(struct scheduler *s, const struct remote_fault *fault,
                            unsigned *attempts);

/* Until `ends` is another than `ends`, or `until`. 0, -ETIMEDOUT or -EINTR. */
int scheduler_wait_for_end(struct scheduler *s, uint64_t ends, int64_t until,
                           struct cancel *cancel);

#endif
