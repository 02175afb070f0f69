/*
 * values.h - what the mailbox has beside records, as bytes: a contact's photo, the automatic replies.
 *
 *     value_read()     asked for when it is older than list_ttl, at least a second
 *     value_write()    sent at once: 0 only when the service has it
 *
 * Nothing of it is kept on disk but the time it was first seen, so nothing of it waits to be sent. Read while the service is away, it is
 * what was read last. Photos are at most REMOTE_PHOTO_MAX bytes.
 *
 * Ownership: what is given is the caller's. Threads: any.
 */
#ifndef OUTLOOKFS_SYNC_VALUES_H
#define OUTLOOKFS_SYNC_VALUES_H

#include <outlookfs/remote/remote.h>

struct cancel;
struct mailbox;

/*
 * `id`: of the contact, or NULL. The bytes go to `out`, the time they were first seen to `ret_mtime`. -ENOENT: there
 * is none.
 */
int value_read(struct mailbox *mb, enum remote_value what, const char *id, struct cancel *cancel,
               struct buf *out, int64_t *ret_mtime, struct buf *err);

/* -EINVAL and the like with the service's words, or ours, in `err`. */
int value_write(struct mailbox *mb, enum remote_value what, const char *id, const void *data,
                size_t len, struct cancel *cancel, struct buf *err);

#endif
