/*
 * base64_p.h - decoding of attachments' "ContentBytes": standard alphabet with padding
 * (contract 2.3).
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_REMOTE_BASE64_P_H
#define OUTLOOKFS_REMOTE_BASE64_P_H

struct buf;

/* Appends the bytes; -EINVAL for text that is not base64, -ENOBUFS over the maximum of `out`. */
int base64_decode(const char *text, struct buf *out);

#endif
