/*
 * events.c - the housekeeping thread: what sync reports, and what ends by itself after a while.
 *
 * Sync's threads only enqueue; the change lock is taken here, so that no worker ever waits for a
 * program that is saving.
 */
#include "fs_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>

enum event_type { EVENT_WAKE, EVENT_RECORD, EVENT_SLOT, EVENT_OUTBOX };

struct event {
    enum event_type type;
    enum kind kind;
    char *folder;
    char *id;
    enum mailbox_change change;
    int64_t slot;
    uint64_t ino, dir; /* of a file of the outbox */
};

static void push(struct fs *fs, struct event e)
{
    struct event *copy = xmalloc(sizeof(*copy));

    *copy = e;
    if (!queue_push(&fs->events, copy)) {
        free(copy->folder);
        free(copy->id);
        free(copy);
    }
}

static void note_mail(struct fs *fs, enum kind kind)
{
    if (kind == KIND_MESSAGE)
        fs->mail_changed = clock_now();
}

static void on_record(void *ctx, enum kind kind, const char *folder, const char *id,
                      enum mailbox_change change)
{
    note_mail(ctx, kind);
    push(ctx, (struct event){.type = EVENT_RECORD,
                             .kind = kind,
                             .folder = xstrdup(folder),
                             .id = xstrdup(id),
                             .change = change});
}

static void on_slot(void *ctx, enum kind kind, const char *folder, int64_t slot)
{
    note_mail(ctx, kind);
    push(ctx,
         (struct event){.type = EVENT_SLOT, .kind = kind, .folder = xstrdup(folder), .slot = slot});
}

static void on_outbox(void *ctx, uint64_t ino, uint64_t dir)
{
    push(ctx, (struct event){.type = EVENT_OUTBOX, .ino = ino, .dir = dir});
}

/* Only enqueues, as the others: for the kernel's notifier. */
static void on_stream(void *ctx, uint64_t ino)
{
    waiters_fire(ctx, ino);
}

const struct mailbox_events fs_events = {
    .record_changed = on_record,
    .slot_changed = on_slot,
    .outbox_changed = on_outbox,
    .stream_changed = on_stream,
};

void events_wake(struct fs *fs)
{
    push(fs, (struct event){.type = EVENT_WAKE});
}

void events_lost(struct fs *fs, const struct slot *slot)
{
    on_record(fs, slot->kind, slot->folder, slot->record, MAILBOX_GONE);
}

/* --- in the housekeeping thread --- */

/* The record behind a slot is gone from the service. What the user has pending stays. */
static void slot_lost(struct fs *fs, struct slot *slot)
{
    struct journal_op op = {0};

    if (state_get_op(fs->state, slot->id, &op) == -ENOENT && !(slot->flags & SLOT_DRAFT))
        slot_forget(fs, slot);
    journal_op_release(&op);
}

/* A time that was set here belonged to the version that was there. */
static void forget_time(struct fs *fs, struct slot *slot)
{
    if ((slot->flags & SLOT_MTIME) && !(slot->flags & SLOT_LOCAL)) {
        slot->flags &= ~(unsigned)SLOT_MTIME;
        state_put_slot(fs->state, slot);
    }
}

static void record_changed(struct fs *fs, const struct event *e)
{
    struct slot slot = {0};

    mutex_lock(&fs->change);
    int rc = state_slot_by_record(fs->state, e->kind, e->folder, e->id, &slot);
    if (!rc && e->change == MAILBOX_GONE) {
        slot_lost(fs, &slot);
    } else if (!rc) {
        if (e->change == MAILBOX_CHANGED)
            forget_time(fs, &slot);
        slot_reconcile(fs, &slot);
    }
    mutex_unlock(&fs->change);

    uint64_t ino = rc ? record_ino(e->kind, e->folder, e->id) : slot.ino;
    if (e->change == MAILBOX_NEW && rc) /* no open directory holds attributes of it */
        notify_kernel(fs, ino);
    else
        notify_inode(fs, ino);
    export_changed(fs, e->kind, e->folder, e->id);
    slot_release(&slot);
}

/* True: the slot's name is empty and may come back now: its deletion was refused. */
static bool slot_changed(struct fs *fs, const struct event *e)
{
    struct slot slot = {0};
    bool vacant;

    mutex_lock(&fs->change);
    if (!state_get_slot(fs->state, e->slot, &slot))
        slot_reconcile(fs, &slot);
    mutex_unlock(&fs->change);
    vacant = slot.flags & SLOT_VACANT;
    slot_release(&slot);
    return vacant;
}

/* Answers whether something may end earlier than known. */
static bool handle(struct fs *fs, struct event *e)
{
    bool wake = false;

    switch (e->type) {
    case EVENT_WAKE:
        wake = true;
        break;
    case EVENT_RECORD:
        record_changed(fs, e);
        break;
    case EVENT_SLOT:
        wake = slot_changed(fs, e);
        break;
    case EVENT_OUTBOX:
        mutex_lock(&fs->change);
        outbox_changed(fs, e->ino, e->dir);
        mutex_unlock(&fs->change);
        break;
    }
    free(e->folder);
    free(e->id);
    free(e);
    return wake;
}

/* The moment of clock_mono() that is `when` of clock_steady(). */
static int64_t until(int64_t when, int64_t now)
{
    if (when == INT64_MAX)
        return INT64_MAX;
    return clock_mono() + (when > now ? when - now : 0);
}

static void *housekeeping(void *ctx)
{
    struct fs *fs = ctx;
    int64_t next = 0;

    slots_reconcile_all(fs);
    while (!fs->stopping) {
        int64_t now = clock_steady();
        struct event *e = queue_pop(&fs->events, NULL, until(next, now));

        if (e && handle(fs, e))
            next = 0;
        if (clock_steady() >= next) {
            mutex_lock(&fs->change);
            next = slots_expire(fs, clock_steady());
            mutex_unlock(&fs->change);
            int64_t views = views_expire(fs, clock_steady());
            if (views < next)
                next = views;
        }
    }
    return NULL;
}

int events_start(struct fs *fs)
{
    int rc = pthread_create(&fs->housekeeper, NULL, housekeeping, fs);

    fs->running = !rc;
    return -rc;
}

void events_stop(struct fs *fs)
{
    fs->stopping = true;
    events_wake(fs);
    queue_close(&fs->events);
    if (fs->running)
        pthread_join(fs->housekeeper, NULL);
    fs->running = false;
}

void events_release(struct fs *fs)
{
    struct event *e;

    queue_close(&fs->events);
    while ((e = queue_pop(&fs->events, NULL, 0))) {
        free(e->folder);
        free(e->id);
        free(e);
    }
    queue_release(&fs->events);
}
