/*
 * scheduler.c - when the next attempt may be made, and waiting for it.
 */
#include "scheduler_p.h"

#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/remote/remote.h>

#include <errno.h>
#include <string.h>

/* How often a service that cannot be reached, or a new token, is looked for. */
#define LOOK_EVERY NS_PER_S
/* The machine may sleep, and waits with it: the clock of the journal is looked at this often. */
#define SLEEP_MAX (60 * NS_PER_S)
#define AUTH_PAUSE (60 * NS_PER_S)
#define DISK_PAUSE (SCHEDULER_DISK_PAUSE * NS_PER_S)
#define RETRY_MAX (60 * NS_PER_S)

void scheduler_init(struct scheduler *s, const char *name, struct remote *remote,
                    enum mutex_rank rank)
{
    *s = (struct scheduler){.name = name, .remote = remote};
    mutex_init(&s->lock, rank);
    clock_cond_init(&s->work);
    clock_cond_init(&s->ended);
}

void scheduler_release(struct scheduler *s)
{
    pthread_cond_destroy(&s->ended);
    pthread_cond_destroy(&s->work);
    mutex_release(&s->lock);
}

void scheduler_wake(struct scheduler *s)
{
    LOCKED(&s->lock);
    s->kicks++;
    pthread_cond_signal(&s->work);
}

void scheduler_kick(struct scheduler *s)
{
    LOCKED(&s->lock);
    s->kicks++;
    s->auth_until = s->pause_until = 0;
    pthread_cond_signal(&s->work);
}

void scheduler_stop(struct scheduler *s)
{
    LOCKED(&s->lock);
    s->stopping = true;
    s->ends++;
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->ended);
}

bool scheduler_goes_on(struct scheduler *s, uint64_t *ret_kicks)
{
    LOCKED(&s->lock);
    *ret_kicks = s->kicks;
    return !s->stopping;
}

bool scheduler_is_held_back_locked(const struct scheduler *s)
{
    int64_t now = clock_mono();

    return s->auth_until > now || s->pause_until > now;
}

int64_t scheduler_held_back(struct scheduler *s)
{
    int64_t now = clock_mono(), until = 0;

    if (!remote_online(s->remote))
        return now + LOOK_EVERY;
    uint64_t token = remote_token_there(s->remote);
    LOCKED(&s->lock);
    if (token != s->refused_token)
        s->auth_until = 0;
    if (s->pause_until > now)
        until = s->pause_until;
    else if (s->auth_until > now)
        until = s->auth_until < now + LOOK_EVERY ? s->auth_until : now + LOOK_EVERY;
    return until;
}

int64_t scheduler_wake_at(int64_t began, int64_t now, int64_t due)
{
    if (due == INT64_MAX)
        return INT64_MAX;
    return began + (due - now < SLEEP_MAX ? due - now : SLEEP_MAX);
}

void scheduler_sleep(struct scheduler *s, uint64_t kicks, int64_t until)
{
    LOCKED(&s->lock);
    while (s->kicks == kicks && !s->stopping && clock_wait(&s->work, &s->lock, until) != -ETIMEDOUT)
        ;
}

/* Whoever waits for an attempt learns of the disk at once. */
static void note_disk_locked(struct scheduler *s, int rc)
{
    if (rc && !s->disk)
        log_error("%s: the journal or the cache cannot be written: %s: tried again every %d s",
                  s->name, strerror(-rc), SCHEDULER_DISK_PAUSE);
    s->disk = rc;
    if (rc)
        s->pause_until = clock_mono() + DISK_PAUSE;
    s->ends++;
    pthread_cond_broadcast(&s->ended);
}

void scheduler_done(struct scheduler *s, int rc)
{
    LOCKED(&s->lock);
    note_disk_locked(s, rc);
    s->kicks++;
    pthread_cond_signal(&s->work);
}

bool scheduler_wait_for_disk(struct scheduler *s, int rc)
{
    int64_t until = clock_mono() + DISK_PAUSE;

    LOCKED(&s->lock);
    note_disk_locked(s, rc);
    bool again = !s->stopping;
    while (!s->stopping && clock_wait(&s->work, &s->lock, until) != -ETIMEDOUT)
        ;
    return again;
}

static void note_refusal(struct scheduler *s)
{
    uint64_t token = remote_token_read(s->remote);

    LOCKED(&s->lock);
    s->refusals++;
    s->auth_until = clock_mono() + AUTH_PAUSE;
    s->refused_token = token;
}

int64_t scheduler_try_again(struct scheduler *s, const struct remote_fault *fault,
                            unsigned *attempts)
{
    int64_t now = clock_steady(), asked = fault->retry_after * NS_PER_S;

    if (fault->grade == GRADE_AUTH)
        note_refusal(s);
    if (fault->grade == GRADE_AUTH || fault->grade == GRADE_CANCELLED ||
        (fault->grade == GRADE_OFFLINE && !remote_online(s->remote)))
        return now;
    int64_t wait = *attempts >= 6 ? RETRY_MAX : NS_PER_S << *attempts;
    ++*attempts;
    return now + (asked > wait ? asked : wait);
}

int scheduler_wait_for_end(struct scheduler *s, uint64_t ends, int64_t until, struct cancel *cancel)
{
    int rc = 0;

    LOCKED(&s->lock);
    while (s->ends == ends && !rc)
        rc = cancel_wait(cancel, &s->ended, &s->lock, until);
    return rc;
}
