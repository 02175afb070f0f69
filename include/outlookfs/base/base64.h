/*
 * base64.h - bytes as base64 text, standard alphabet with padding.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_BASE64_H
#define OUTLOOKFS_BASE_BASE64_H

#include <stddef.h>

struct buf;

/* Appends the text of `n` bytes; -ENOBUFS over the maximum of `out`, which is then as before. A
 * long text may be made in pieces: all but the last a multiple of 3 bytes. */
int base64_encode(struct buf *out, const void *p, size_t n);

/* Appends the bytes that `n` characters stand for; padding at the end may be missing. -EINVAL, or
 * -ENOBUFS over the maximum of `out`. A long text may be decoded in pieces: all but the last a
 * multiple of 4 characters. */
int base64_decode(struct buf *out, const char *text, size_t n);

/* Is this base64? And how many bytes it stands for. */
int base64_size(const char *text, size_t *ret);

#endif
