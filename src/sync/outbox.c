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
    char *copy = xstrdup(url);

    LOCKED(&ob->scheduler.lock);
    SCOPED(xfree) char *old = ob->url;
    ob->url = copy;
}

bool outbox_is_announced(struct outbox *ob)
{
    LOCKED(&ob->scheduler.lock);
    return ob->url;
}

char *outbox_address(struct outbox *ob, const char *token)
{
    LOCKED(&ob->scheduler.lock);
    return ob->url ? xasprintf("%s/%s", ob->url, token) : NULL;
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
    return row->state == OUTBOX_WAITING || row->state == OUTBOX_GONE ||
           (row->state == OUTBOX_ANSWERED && row->location);
}

/* From here on the mail may be on its way. */
static int mark_sending(struct outbox *ob, struct outbox_row *row)
{
    row->state = OUTBOX_SENDING;
    row->began = clock_steady();
    if (!row->token && row->what != OUTGOING_DRAFT)
        row->token = new_token();
    return state_put_outbox(ob->mb->state, row);
}

/* Reads the row again under the write lock; false when there is nothing left to do for it. */
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
        if (rc != -ENOENT)
            scheduler_done(&ob->scheduler, rc);
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
    int64_t began = clock_mono(); /* first: a clock that is pushed meanwhile is seen too early */
    int64_t now = clock_steady(), next = INT64_MAX;
    bool found = false;

    if (state_outbox(ob->mb->state, &rows, &count)) {
        *wake = began + SCHEDULER_DISK_PAUSE * NS_PER_S;
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
    *wake = scheduler_wake_at(began, now, next);
    return found;
}

/* --- the worker --- */

/* Answers with something to do, or false when it is time to end. */
static bool look(struct outbox *ob, struct outbox_row *ret)
{
    struct scheduler *s = &ob->scheduler;
    uint64_t kicks;

    while (scheduler_goes_on(s, &kicks)) {
        int64_t wake = scheduler_held_back(s);
        if (!wake && pick(ob, ret, &wake))
            return true;
        scheduler_sleep(s, kicks, wake);
    }
    return false;
}

static void *worker_main(void *arg)
{
    struct outbox *ob = arg;
    struct outbox_row row;

    while (look(ob, &row)) {
        int rc = outbox_carry_out(ob, &row);

        outbox_row_release(&row);
        scheduler_done(&ob->scheduler, rc);
    }
    return NULL;
}

void outbox_kick(struct outbox *ob)
{
    scheduler_kick(&ob->scheduler);
}

/* --- waiting --- */

struct tally {
    unsigned waiting, failed;
};

static int tally(struct outbox *ob, struct tally *ret)
{
    struct outbox_row *rows = NULL;
    size_t count = 0;
    int rc = state_outbox(ob->mb->state, &rows, &count);

    *ret = (struct tally){0};
    for (size_t i = 0; i < count && !rc; i++) {
        ret->failed += rows[i].state == OUTBOX_FAILED;
        ret->waiting += rows[i].state == OUTBOX_WAITING || rows[i].state == OUTBOX_SENDING ||
                        (rows[i].state == OUTBOX_GONE && !rows[i].location);
    }
    outbox_rows_free(rows, count);
    return rc;
}

/* In a transaction. */
static int expedite_rows(struct state *state, int64_t now)
{
    struct outbox_row *rows = NULL;
    size_t count = 0;
    int rc = state_outbox(state, &rows, &count);

    for (size_t i = 0; i < count && !rc; i++) {
        if (is_work(&rows[i]) && rows[i].due > now) {
            rows[i].due = now;
            rc = state_put_outbox(state, &rows[i]);
        }
    }
    outbox_rows_free(rows, count);
    return rc;
}

/* What waits is due. Nothing is written where nothing waits: a writer may keep the disk busy for long. */
static int expedite(struct outbox *ob)
{
    struct state *state = ob->mb->state;
    struct outbox_row *rows = NULL;
    int64_t now = clock_steady();
    bool early = false;
    size_t count = 0;
    int rc = state_outbox(state, &rows, &count);

    for (size_t i = 0; i < count && !rc; i++)
        early = early || (is_work(&rows[i]) && rows[i].due > now);
    outbox_rows_free(rows, count);
    if (rc || !early)
        return rc;
    state_begin(state);
    return state_end(state, expedite_rows(state, now));
}

void outbox_count(struct outbox *ob, struct journal_counts *counts)
{
    struct tally n;

    if (tally(ob, &n))
        return;
    counts->queued += n.waiting;
    counts->failed += n.failed;
}

int outbox_flush(struct outbox *ob, int64_t until, struct cancel *cancel)
{
    struct tally n;
    int rc = expedite(ob);

    outbox_kick(ob);
    if (!rc)
        rc = tally(ob, &n);
    while (!rc && n.waiting) {
        mutex_lock(&ob->scheduler.lock);
        uint64_t ends = ob->scheduler.ends;
        int disk = ob->scheduler.disk;
        mutex_unlock(&ob->scheduler.lock);
        if (disk)
            return disk;
        rc = tally(ob, &n);
        if (rc || !n.waiting)
            break;
        if (!ob->running || !remote_online(ob->mb->remote) || clock_mono() >= until)
            return -EINPROGRESS;
        int64_t slice = clock_mono() + NS_PER_S; /* who is offline is not waited for */
        rc = scheduler_wait_for_end(&ob->scheduler, ends, slice < until ? slice : until, cancel);
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
    scheduler_init(&ob->scheduler, "outbox", mb->remote, MUTEX_OUTBOX);
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
    row->unknown = true;
    free(row->reason);
    if (remote_resends(ob->mb->remote)) {
        row->state = OUTBOX_WAITING;
        row->reason = xstrdup("the program ended while it was being sent: it is being found out "
                              "whether it was");
        return state_put_outbox(ob->mb->state, row);
    }
    row->state = OUTBOX_FAILED;
    row->reason = xstrdup("the program ended while it was being sent: it may have arrived");
    log_warn("outbox: an attempt was interrupted: see .outlookfs/failed/");
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
    SCOPED(xfree) struct local *l = NULL;
    size_t count = 0;
    int rc = state_locals(state, outgoing_dir_ino(OUTGOING_SENT_DIR), &l, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc && S_ISREG(l[i].mode) && changed_at(state, l[i].ino) < before)
            rc = state_forget_local(state, l[i].ino);
        local_release(&l[i]);
    }
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
    scheduler_stop(&ob->scheduler);
    cancel_fire(&ob->cancel);
    pthread_join(ob->thread, NULL);
    ob->running = false;
}

void outbox_destroy(struct outbox *ob)
{
    if (!ob)
        return;
    scheduler_release(&ob->scheduler);
    free(ob->url);
    free(ob);
}

void outbox_notify(struct outbox *ob, uint64_t ino, uint64_t dir)
{
    const struct mailbox_events *events = ob->mb->events;

    if (events && events->outbox_changed)
        events->outbox_changed(ob->mb->events_ctx, ino, dir);
}
