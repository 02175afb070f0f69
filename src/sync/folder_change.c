/*
 * folder_change.c - folders that are made, renamed, moved and removed here: at once, by who asks for
 * it; nothing of it waits in the journal.
 */
#include "listing_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>

/* What is to be removed there may take so long. */
#define EMPTYING_MAX (30 * NS_PER_S)

static struct remote_ctx interactive(struct cancel *cancel)
{
    return (struct remote_ctx){.cancel = cancel, .priority = HTTP_INTERACTIVE};
}

static bool can_change(struct mailbox *mb, enum kind kind, struct buf *err, int *ret)
{
    if (kind_info(kind)->caps & KIND_CAN_FOLD)
        return true;
    *ret = buf_fail(err, -EPERM, "%s cannot change folders of %s", remote_title(mb->remote),
                    kind_info(kind)->dir);
    return false;
}

/* The service has changed its folders: they are asked for, whatever the age of the last answer. */
static void renew(struct mailbox *mb, enum kind kind, struct cancel *cancel)
{
    cache_outdate_folders(mb->cache, kind);
    if (folders_refresh(mb, kind, interactive(cancel)))
        log_warn("%s/: the change of the folders is seen later", kind_info(kind)->dir);
}

/* GRADE_CONFLICT is what the service says of a name that is taken and of a folder that is not
 * empty. */
static int outcome(enum grade grade, struct remote_fault *fault, int conflict, const char *what,
                   struct buf *err)
{
    int rc = mailbox_answered(grade, fault, what, err);

    return grade == GRADE_CONFLICT ? conflict : grade == GRADE_DENIED ? -EPERM : rc;
}

int mailbox_create_folder(struct mailbox *mb, enum kind kind, const char *parent,
                          const char *display, struct cancel *cancel, struct buf *err)
{
    struct remote_fault fault = {0};
    SCOPED(xfree) char *id = NULL;
    int rc = 0;

    if (!can_change(mb, kind, err, &rc))
        return rc;
    if (!remote_online(mb->remote))
        return -EHOSTUNREACH;
    enum grade grade =
        remote_make_folder(mb->remote, kind, parent, display, interactive(cancel), &id, &fault);
    rc = outcome(grade, &fault, -EEXIST, display, err);
    if (!rc) {
        const struct cache_folder made = {
            .kind = kind, .id = id, .display = (char *)display, .parent = (char *)parent};

        mutex_lock(&mb->listings->catalog);
        rc = cache_add_folder(mb->cache, &made);
        mutex_unlock(&mb->listings->catalog);
        mailbox_notify_folders(mb, kind);
    }
    return rc;
}

int mailbox_change_folder(struct mailbox *mb, const struct cache_folder *folder, const char *parent,
                          const char *display, struct cancel *cancel, struct buf *err)
{
    enum kind kind = folder->kind;
    struct remote_ctx ctx = interactive(cancel);
    struct remote_fault fault = {0};
    int rc = 0;

    if (!can_change(mb, kind, err, &rc))
        return rc;
    if (folder->flags & FOLDER_FIXED)
        return buf_fail(err, -EPERM, "%s: a folder that every mailbox has", folder->display);
    bool moves = !str_eq(folder->parent, parent);
    if (moves && !(kind_info(kind)->caps & KIND_CAN_MOVE))
        return buf_fail(err, -EPERM, "%s cannot move folders of %s", remote_title(mb->remote),
                        kind_info(kind)->dir);
    if (!str_eq(folder->display, display))
        rc = outcome(remote_rename_folder(mb->remote, kind, folder->id, display, ctx, &fault),
                     &fault, -EEXIST, folder->display, err);
    if (!rc && moves)
        rc = outcome(remote_move_folder(mb->remote, kind, folder->id, parent, ctx, &fault), &fault,
                     -EEXIST, folder->display, err);
    renew(mb, kind, cancel);
    return rc;
}

/* What is on its way out of the folder goes first. -ENOTEMPTY: more is there than that. */
static int empty_folder(struct mailbox *mb, const struct cache_folder *folder,
                        struct cancel *cancel, struct buf *err)
{
    int64_t until = clock_mono() + EMPTYING_MAX;
    SCOPED(xfree) struct slot *slots = NULL;
    size_t count = 0;
    int rc = state_slots_leaving(mb->state, folder->kind, folder->id, &slots, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc)
            rc = writeback_flush(mb->writeback, slots[i].id, until, cancel, err);
        slot_release(&slots[i]);
    }
    return rc == -EINPROGRESS ? buf_fail(err, -ENOTEMPTY, "its records are not removed yet") : rc;
}

int mailbox_remove_folder(struct mailbox *mb, const struct cache_folder *folder,
                          struct cancel *cancel, struct buf *err)
{
    struct remote_fault fault = {0};
    int rc = 0;

    if (!can_change(mb, folder->kind, err, &rc))
        return rc;
    if (folder->flags & FOLDER_FIXED)
        return buf_fail(err, -EPERM, "%s: a folder that every mailbox has", folder->display);
    rc = empty_folder(mb, folder, cancel, err);
    if (rc)
        return rc;
    rc = outcome(
        remote_remove_folder(mb->remote, folder->kind, folder->id, interactive(cancel), &fault),
        &fault, -ENOTEMPTY, folder->display, err);
    renew(mb, folder->kind, cancel);
    return rc;
}
