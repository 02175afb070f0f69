/*
 * remote_p.h - what the files of this room share.
 *
 *     operations.c  the table, and URLs from it
 *     remote.c      the typed functions over remote_call()
 *     folders.c     remote_list_folders(), remote_find_mail_folder()
 *     send.c        sending, subscriptions
 *     poll.c        triggers
 *     connector.c, connector_read.c, location.c      the service over HTTP
 *     memory.c, memory_mail.c, mailbox.c, base64.c   a mailbox in memory, for tests
 *     trace.c, faulty.c                              wrappers
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_P_H
#define OUTLOOKFS_REMOTE_P_H

#include <outlookfs/remote/remote.h>

/* Sets grade and reason of an initialised fault, answers the grade. */
enum grade remote_fail(struct remote_fault *fault, enum grade grade, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The operation changes something on the service: a failure whose outcome is unknown matters. */
bool operation_writes(const struct operation_info *info);

/*
 * Appends the path and query of an address the service gave, as a path below `base_url`: without
 * scheme and host, and without the prefix of the base or of the form "/apim/<api>/<connection>"
 * that the service writes whichever base was used (contract 4.1, 4.7). So a token never travels to
 * another host. -EINVAL for what is no address.
 */
int location_path(const char *base_url, const char *location, struct buf *out);

/* "true" or "false", as query parameters have them. */
const char *remote_bool(bool value);

#endif
