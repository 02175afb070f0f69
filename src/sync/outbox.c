/*
 * outbox.c - lifetime of the outbox, its worker, and waiting for it.
 */
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a service that cannot be reached is asked about. */
#define ONLINE_POLL NS_PER_S
/* The machine may sleep, and waits with it: the clock of the rows is looked at this often. */
#define SLEEP_MAX (60 * NS_PER_S)
#define DISK_PAUSE (5 * NS_PER_S)

#define TOKEN_BYTES 32

const char *outbox_state_name(enum outbox_state state)
{
    static const char *const names[] = {
        [OUTBOX_DRAFT] = "local",       [OUTBOX_WAITING] = "waiting", [OUTBOX_SENDING] = "sending",
        [OUTBOX_ASKED] = "asked",       [OUTBOX_FAILED] = "failed",   [OUTBOX_GONE] = "withdrawn",
        [OUTBOX_ANSWERED] = "answered",
    };

    return names[state];
}

/* --- the announced address --- */

void outbox_announce(struct outbox *ob, const char *url)
{
    char *copy = url ? xstrdup(url) : NULL;

    mutex_lock(&ob->lock);
    char *old = ob->url;
    ob->url = copy;
    mutex_unlock(&ob->lock);
    free(old);
}

bool outbox_is_announced(struct outbox *ob)
{
    mutex_lock(&ob->lock);
    bool announced = ob->url;
    mutex_unlock(&ob->lock);
    return announced;
}

char *outbox_address(struct outbox *ob, const char *token)
{
    mutex_lock(&ob->lock);
    char *address = ob->url ? xasprintf("%s/%s", ob->url, token) : NULL;
    mutex_unlock(&ob->lock);
    return address;
}

static char *new_token(void)
{
    unsigned char bytes[TOKEN_BYTES];
    char *token = xmalloc(2 * TOKEN_BYTES + 1);

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        abort(); /* a request of this size is answered whole, or the kernel has no such call */
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return token;
}

/* --- claiming --- */

static bool is_work(const struct outbox_row *row)
{
    return row->state == OUTBOX_WAITING ||
           ((row->state == OUTBOX_ANSWERED || row->state == OUTBOX_GONE) && row->location);
}

/* From here on the mail may be on its way. */
static int mark_sending(struct outbox *ob, struct outbox_row *row)
{
    row->state = OUTBOX_SENDING;
    row->began = clock_steady();
    if (!row->token)
        row->token = new_token();
    return state_put_outbox(ob->mb->state, row);
}

static void note_disk(struct outbox *ob, int rc)
{
    mutex_lock(&ob->lock);
    if (rc && !ob->disk)
        log_error("outbox: the journal cannot be written: %s: tried again every %d s",
                  strerror(-rc), (int)(DISK_PAUSE / NS_PER_S));
    ob->disk = rc;
    if (rc)
        pthread_cond_broadcast(&ob->ended); /* who waits is told */
    mutex_unlock(&ob->lock);
}

bool outbox_wait_for_disk(struct outbox *ob, int rc)
{
    int64_t until = clock_mono() + DISK_PAUSE;

    note_disk(ob, rc);
    mutex_lock(&ob->lock);
    bool again = !ob->stopping;
    while (!ob->stopping && clock_wait(&ob->work, &ob->lock, until) != -ETIMEDOUT)
        ;
    mutex_unlock(&ob->lock);
    return again;
}

/* Reads the row again under the write lock; false when it is no work any more. */
static bool claim(struct outbox *ob, int64_t id, struct outbox_row *ret)
{
    struct state *state = ob->mb->state;
    struct outbox_row row = {0};

    state_begin(state);
    int rc = state_get_outbox(state, id, &row);
    if (!rc && (!is_work(&row) || row.due > clock_steady()))
        rc = -ENOENT;
    if (!rc && row.state == OUTBOX_WAITING)
        rc = mark_sending(ob, &row);
    rc = state_end(state, rc);
    if (rc) {
        if (rc != -ENOENT) {
            note_disk(ob, rc);
            outbox_pause(ob, DISK_PAUSE, remote_token_there(ob->mb->remote));
        }
        outbox_row_release(&row);
        return false;
    }
    *ret = row;
    return true;
}

/* False: `wake` (clock_mono()) says when to look again. */
static bool pick(struct outbox *ob, struct outbox_row *ret, int64_t *wake)
{
    struct outbox_row *rows = NULL;
    size_t count = 0;
    int64_t now = clock_steady(), next = INT64_MAX;
    bool found = false;

    if (state_outbox(ob->mb->state, &rows, &count)) {
        *wake = clock_mono() + DISK_PAUSE;
        return false;
    }
    for (size_t i = 0; i < count && !found; i++) {
        if (!is_work(&rows[i]))
            continue;
        if (rows[i].due <= now)
            found = claim(ob, rows[i].id, ret);
        else if (rows[i].due < next)
            next = rows[i].due;
    }
    outbox_rows_free(rows, count);
    if (next != INT64_MAX)
        *wake = clock_mono() + (next - now < SLEEP_MAX ? next - now : SLEEP_MAX);
    else
        *wake = INT64_MAX;
    return found;
}

/* --- the worker --- */

void outbox_pause(struct outbox *ob, int64_t ns, uint64_t token)
{
    mutex_lock(&ob->lock);
    ob->pause_until = clock_mono() + ns;
    ob->token = token;
    mutex_unlock(&ob->lock);
}

/* When to look again while nothing may be tried at all; 0: now. */
static int64_t held_back_until(struct outbox *ob)
{
    int64_t now = clock_mono();

    if (!remote_online(ob->mb->remote))
        return now + ONLINE_POLL;
    uint64_t token = remote_token_there(ob->mb->remote);
    mutex_lock(&ob->lock);
    if (token != ob->token)
        ob->pause_until = 0;
    int64_t until = ob->pause_until;
    mutex_unlock(&ob->lock);
    if (until <= now)
        return 0;
    return until < now + ONLINE_POLL ? until : now + ONLINE_POLL;
}

static void finish(struct outbox *ob)
{
    mutex_lock(&ob->lock);
    ob->ends++;
    pthread_cond_broadcast(&ob->ended);
    mutex_unlock(&ob->lock);
}

/* Answers with something to do, or false when it is time to end. */
static bool look(struct outbox *ob, struct outbox_row *ret)
{
    for (;;) {
        mutex_lock(&ob->lock);
        uint64_t kicks = ob->kicks;
        bool stopping = ob->stopping;
        mutex_unlock(&ob->lock);
        if (stopping)
            return false;
        int64_t wake = held_back_until(ob);
        if (!wake && pick(ob, ret, &wake))
            return true;

        mutex_lock(&ob->lock);
        while (ob->kicks == kicks && !ob->stopping &&
               clock_wait(&ob->work, &ob->lock, wake) != -ETIMEDOUT)
            ;
        mutex_unlock(&ob->lock);
    }
}

static void *worker_main(void *arg)
{
    struct outbox *ob = arg;
    struct outbox_row row;

    while (look(ob, &row)) {
        int rc = outbox_carry_out(ob, &row);

        note_disk(ob, rc);
        if (rc)
            outbox_pause(ob, DISK_PAUSE, remote_token_there(ob->mb->remote));
        outbox_row_release(&row);
        finish(ob);
    }
    return NULL;
}

void outbox_kick(struct outbox *ob)
{
    mutex_lock(&ob->lock);
    ob->kicks++;
    ob->pause_until = 0;
    pthread_cond_signal(&ob->work);
    mutex_unlock(&ob->lock);
}

/* --- waiting --- */

struct tally {
    unsigned waiting, failed;
};

static int tally(struct outbox *ob, bool hurry, struct tally *ret)
{
    struct state *state = ob->mb->state;
    struct outbox_row *rows = NULL;
    int64_t now = clock_steady();
    size_t count = 0;

    *ret = (struct tally){0};
    state_begin(state);
    int rc = state_outbox(state, &rows, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        ret->failed += rows[i].state == OUTBOX_FAILED;
        ret->waiting += rows[i].state == OUTBOX_WAITING || rows[i].state == OUTBOX_SENDING;
        if (hurry && is_work(&rows[i]) && rows[i].due > now) {
            rows[i].due = now;
            rc = state_put_outbox(state, &rows[i]);
        }
    }
    rc = state_end(state, rc);
    outbox_rows_free(rows, count);
    return rc;
}

void outbox_count(struct outbox *ob, struct journal_counts *counts)
{
    struct tally n;

    if (tally(ob, false, &n))
        return;
    counts->queued += n.waiting;
    counts->failed += n.failed;
}

/* Until another attempt has ended, or a moment passed: who is offline is not waited for. */
static int wait_for_end(struct outbox *ob, uint64_t ends, int64_t until, struct cancel *cancel)
{
    int rc = 0;

    mutex_lock(&ob->lock);
    while (ob->ends == ends && !ob->disk && !ob->stopping && !rc)
        rc = cancel_wait(cancel, &ob->ended, &ob->lock, until);
    mutex_unlock(&ob->lock);
    return rc;
}

int outbox_flush(struct outbox *ob, int64_t until, struct cancel *cancel)
{
    struct tally n;
    int rc = tally(ob, true, &n);

    outbox_kick(ob);
    while (!rc && n.waiting) {
        mutex_lock(&ob->lock);
        uint64_t ends = ob->ends;
        int disk = ob->disk;
        mutex_unlock(&ob->lock);
        if (disk)
            return disk;
        rc = tally(ob, false, &n);
        if (rc || !n.waiting)
            break;
        if (!ob->running || !remote_online(ob->mb->remote) || clock_mono() >= until)
            return -EINPROGRESS;
        int64_t slice = clock_mono() + ONLINE_POLL;
        rc = wait_for_end(ob, ends, slice < until ? slice : until, cancel);
        if (rc == -ETIMEDOUT)
            rc = 0;
    }
    if (rc)
        return rc;
    return n.failed ? -EIO : 0;
}

/* --- lifetime --- */

struct outbox *outbox_create(struct mailbox *mb)
{
    struct outbox *ob = xcalloc(1, sizeof(*ob));

    ob->mb = mb;
    cancel_init(&ob->cancel);
    mutex_init(&ob->lock, MUTEX_OUTBOX);
    clock_cond_init(&ob->work);
    clock_cond_init(&ob->ended);
    return ob;
}

/* In a transaction. */
static int park_one(struct outbox *ob, struct outbox_row *row)
{
    char *name = NULL;
    int rc;

    if (row->answer) { /* it has arrived */
        rc = outbox_deliver(ob, row, &name);
        free(name);
        return rc;
    }
    if (remote_resends(ob->mb->remote)) {
        row->state = OUTBOX_WAITING;
        row->unknown = true;
        return state_put_outbox(ob->mb->state, row);
    }
    row->state = OUTBOX_FAILED;
    row->unknown = true;
    free(row->reason);
    row->reason = xstrdup("the program ended while it was being sent: it may have arrived");
    log_warn("outbox: an attempt was interrupted: see .outlookfs/failed");
    return state_put_outbox(ob->mb->state, row);
}

/* An attempt that an earlier run of the program began and whose end nobody saw. */
static int park_interrupted(struct outbox *ob)
{
    struct outbox_row *rows = NULL;
    size_t count = 0;

    state_begin(ob->mb->state);
    int rc = state_outbox(ob->mb->state, &rows, &count);
    for (size_t i = 0; i < count && !rc; i++) {
        if (rows[i].state == OUTBOX_SENDING)
            rc = park_one(ob, &rows[i]);
    }
    rc = state_end(ob->mb->state, rc);
    outbox_rows_free(rows, count);
    return rc;
}

/* When the file came to sent/, or was last touched there; INT64_MAX: not known. */
static int64_t changed_at(struct state *state, uint64_t ino)
{
    int fd = state_data_open(state, ino, O_RDONLY);
    int64_t at = INT64_MAX;
    struct stat st;

    if (fd < 0)
        return at;
    if (!fstat(fd, &st))
        at = st.st_ctim.tv_sec * NS_PER_S + st.st_ctim.tv_nsec;
    close(fd);
    return at;
}

/* Copies of what was sent are kept as long as the trash. */
static int prune_sent(struct outbox *ob)
{
    int64_t before = clock_now() - ob->mb->config.trash_keep;
    struct state *state = ob->mb->state;
    struct local *l = NULL;
    size_t count = 0;
    int rc = state_locals(state, outgoing_dir_ino(OUTGOING_SENT_DIR), &l, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc && S_ISREG(l[i].mode) && changed_at(state, l[i].ino) < before) {
            rc = state_remove_local(state, l[i].ino);
            if (!rc)
                state_data_remove(state, l[i].ino);
        }
        local_release(&l[i]);
    }
    free(l);
    return rc;
}

int outbox_start(struct outbox *ob)
{
    int rc = park_interrupted(ob);

    if (!rc)
        rc = prune_sent(ob);
    if (!rc)
        rc = -pthread_create(&ob->thread, NULL, worker_main, ob);
    ob->running = !rc;
    return rc;
}

void outbox_stop(struct outbox *ob, int64_t limit)
{
    if (!ob->running)
        return;
    if (limit > 0)
        outbox_flush(ob, clock_mono() + limit, NULL);
    mutex_lock(&ob->lock);
    ob->stopping = true;
    pthread_cond_broadcast(&ob->work);
    pthread_cond_broadcast(&ob->ended);
    mutex_unlock(&ob->lock);
    cancel_fire(&ob->cancel);
    pthread_join(ob->thread, NULL);
    ob->running = false;
}

void outbox_destroy(struct outbox *ob)
{
    if (!ob)
        return;
    pthread_cond_destroy(&ob->work);
    pthread_cond_destroy(&ob->ended);
    mutex_release(&ob->lock);
    free(ob->url);
    free(ob);
}

void outbox_notify(struct outbox *ob, uint64_t ino, uint64_t dir)
{
    const struct mailbox_events *events = ob->mb->events;

    if (events && events->outbox_changed)
        events->outbox_changed(ob->mb->events_ctx, ino, dir);
}
