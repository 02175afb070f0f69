/*
 * buf.h - a growing byte buffer with a stated maximum.
 *
 *     SCOPED(buf_release) struct buf b = BUF_INIT(64 * 1024);
 *     if (buf_addf(&b, "%s/%d", name, n))      // -ENOBUFS: it would have grown over the maximum
 *         ...
 *     char *s = buf_detach(&b);                // yours now; b is empty and usable again
 *
 * `data` is always NUL-terminated behind `len` (the NUL is not counted) and never NULL after
 * BUF_INIT() or buf_init(). An add that would pass the maximum adds nothing and answers -ENOBUFS.
 *
 * Threads: owner only.
 */
#ifndef OUTLOOKFS_BASE_BUF_H
#define OUTLOOKFS_BASE_BUF_H

#include <outlookfs/base/scope.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
};

/* The bound for a line meant for a person: error texts, log lines. */
#define BUF_TEXT_MAX 4096

#define BUF_INIT(bound)                                                                            \
    {                                                                                              \
        .data = buf_nothing, .max = (bound)                                                        \
    }
extern char buf_nothing[1]; /* what an empty buffer points at; nobody writes there */

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* a zeroed buf is fine */
void buf_clear(struct buf *b);   /* empty, memory kept */

/* Drops what is behind the first `len` bytes; no effect when there is nothing. */
void buf_truncate(struct buf *b, size_t len);

int buf_grow(struct buf *b, size_t n); /* for buf_add() and buf_room(): until `n` more fit in */

/* Inline: texts are written a few bytes at a time. */
static inline int buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return 0;
    if (n >= b->cap - b->len) {
        int rc = buf_grow(b, n);

        if (rc)
            return rc;
    }
    memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = '\0';
    return 0;
}

/*
 * For whoever writes in place: room for `n` bytes behind the text, NULL when they would pass the
 * maximum. buf_wrote() counts what was written there, up to `end`.
 *
 *     char *p = buf_room(&b, 3);
 *     if (p) {
 *         *p++ = '[';
 *         ...
 *         buf_wrote(&b, p);
 *     }
 */
static inline char *buf_room(struct buf *b, size_t n)
{
    return n < b->cap - b->len || !buf_grow(b, n) ? b->data + b->len : NULL;
}

static inline void buf_wrote(struct buf *b, char *end)
{
    b->len = (size_t)(end - b->data);
    *end = '\0';
}

int buf_addstr(struct buf *b, const char *s);
int buf_addch(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *b, const char *fmt, va_list ap);

/* The content as a string the caller frees; the buffer is empty and usable afterwards. */
char *buf_detach(struct buf *b);

/*
 * The error text that travels beside a -errno: sets `err` (may be NULL) to the text, cut at its
 * maximum, and answers `code`, so that the deepest place that knows writes
 *
 *     return buf_fail(err, -EINVAL, "%s: line %d: expected a comma", name, line);
 */
int buf_fail(struct buf *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
