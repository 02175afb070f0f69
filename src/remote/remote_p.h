/*
 * remote_p.h - what the files of this module share.
 *
 *     remote.c                       remote.h, carried out by the service's implementation
 *     operation.c                    a URL from a row of a table of operations
 *     transport.c                    a call of an operation, whoever carries it out
 *     transport_http.c, answer.c, location.c, trace.c
 *     connector/                     the Office 365 Outlook connector
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_P_H
#define OUTLOOKFS_REMOTE_P_H

#include <outlookfs/remote/remote.h>

/* Sets grade and reason of an initialised fault, answers the grade. */
enum grade remote_fail(struct remote_fault *fault, enum grade grade, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

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
