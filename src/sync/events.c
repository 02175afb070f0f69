/*
 * events.c - what the layer above is told: that something changed, and why a question failed.
 */
#include "mailbox_p.h"

#include <outlookfs/base/buf.h>

int mailbox_answered(enum grade grade, struct remote_fault *fault, const char *what,
                     struct buf *err)
{
    int rc = grade_errno(grade);

    if (rc)
        buf_fail(err, rc, "%s: %s", what, fault->reason ? fault->reason : grade_name(grade));
    remote_fault_release(fault);
    return rc;
}

void mailbox_notify_folders(struct mailbox *mb, enum kind kind)
{
    if (mb->events && mb->events->folders_changed)
        mb->events->folders_changed(mb->events_ctx, kind);
}

void mailbox_notify_record(struct mailbox *mb, enum kind kind, const char *folder, const char *id,
                           enum mailbox_change change)
{
    if (mb->events && mb->events->record_changed)
        mb->events->record_changed(mb->events_ctx, kind, folder, id, change);
}

void mailbox_notify_slot(struct mailbox *mb, const struct slot *slot)
{
    if (mb->events && mb->events->slot_changed)
        mb->events->slot_changed(mb->events_ctx, slot->kind, slot->folder, slot->id);
}

void mailbox_notify_stream(struct mailbox *mb, uint64_t ino)
{
    if (mb->events && mb->events->stream_changed)
        mb->events->stream_changed(mb->events_ctx, ino);
}
