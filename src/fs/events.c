/*
 * events.c - what sync reports. Its threads only enqueue here; the housekeeping thread does the
 * rest.
 */
#include "fs_p.h"

#include "derived/derived_p.h"
#include "outbox/outbox_p.h"
#include "records/records_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <errno.h>
#include <stdlib.h>

struct record_event {
    struct chore chore;
    enum kind kind;
    char *folder;
    char *id;
    enum mailbox_change change;
    int64_t slot;
};

static void drop_record_event(struct chore *t)
{
    struct record_event *e = (struct record_event *)t;

    free(e->folder);
    free(e->id);
}

/* The record behind a slot is gone from the service. What the user has pending stays. */
static void slot_lost(struct fs *fs, struct slot *slot)
{
    if (state_get_op_head(fs->state, slot->id, NULL) == -ENOENT && !(slot->flags & SLOT_DRAFT))
        slot_forget(fs, slot);
}

/* A time that was set here belonged to the version that was there. */
static void forget_time(struct fs *fs, struct slot *slot)
{
    if ((slot->flags & SLOT_MTIME) && !(slot->flags & SLOT_LOCAL)) {
        slot->flags &= ~(unsigned)SLOT_MTIME;
        state_put_slot(fs->state, slot);
    }
}

static void record_changed(struct fs *fs, struct chore *t)
{
    const struct record_event *e = (struct record_event *)t;
    SCOPED(slot_release) struct slot slot = {0};

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

    notify_inode(fs, rc ? record_ino(e->kind, e->folder, e->id) : slot.ino);
    export_changed(fs, e->kind, e->folder, e->id);
}

static void slot_changed(struct fs *fs, struct chore *t)
{
    const struct record_event *e = (struct record_event *)t;
    SCOPED(slot_release) struct slot slot = {0};

    mutex_lock(&fs->change);
    if (!state_get_slot(fs->state, e->slot, &slot))
        slot_reconcile(fs, &slot);
    mutex_unlock(&fs->change);
    if (slot.flags & SLOT_VACANT) /* its deletion was refused: the name may come back now */
        housekeeping_wake(fs);
}

struct outbox_event {
    struct chore chore;
    uint64_t ino, dir;
};

static void outbox_event(struct fs *fs, struct chore *t)
{
    const struct outbox_event *e = (struct outbox_event *)t;

    LOCKED(&fs->change);
    outbox_changed(fs, e->ino, e->dir);
}

/* --- in threads of sync --- */

static void push(struct fs *fs, struct record_event e)
{
    struct record_event *copy = xmalloc(sizeof(*copy));

    *copy = e;
    copy->chore.drop = drop_record_event;
    housekeeping_do(fs, &copy->chore);
}

static void note_mail(struct fs *fs, enum kind kind)
{
    if (kind == KIND_MESSAGE)
        fs->mail_changed = clock_now();
}

/* Ten thousand new records at a time mostly are nobody's: no slot is about them, and who lists the
 * folder meanwhile has just been told. */
static bool is_no_news(struct fs *fs, enum kind kind, const char *folder, const char *id)
{
    return state_slot_by_record(fs->state, kind, folder, id, NULL) == -ENOENT &&
           record_is_told(fs, kind, folder, id) && !export_is_known(fs, kind, folder, id);
}

static void on_record(void *ctx, enum kind kind, const char *folder, const char *id,
                      enum mailbox_change change)
{
    struct fs *fs = ctx;

    note_mail(fs, kind);
    if (change == MAILBOX_NEW && is_no_news(fs, kind, folder, id))
        return;
    push(fs, (struct record_event){.chore.run = record_changed,
                                   .kind = kind,
                                   .folder = xstrdup(folder),
                                   .id = xstrdup(id),
                                   .change = change});
}

static void on_slot(void *ctx, enum kind kind, const char *folder, int64_t slot)
{
    note_mail(ctx, kind);
    push(ctx,
         (struct record_event){
             .chore.run = slot_changed, .kind = kind, .folder = xstrdup(folder), .slot = slot});
}

static void on_outbox(void *ctx, uint64_t ino, uint64_t dir)
{
    struct outbox_event *e = xmalloc(sizeof(*e));

    *e = (struct outbox_event){{.run = outbox_event}, ino, dir};
    housekeeping_do(ctx, &e->chore);
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
