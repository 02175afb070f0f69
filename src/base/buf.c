/*
 * buf.c - grows by doubling, up to the stated maximum.
 */
#include <outlookfs/base/buf.h>
#include <outlookfs/base/alloc.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

char buf_nothing[1]; /* `cap` is 0 where a buffer points at it */

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf)BUF_INIT(max);
}

void buf_release(struct buf *b)
{
    if (b->cap)
        free(b->data);
    *b = (struct buf){0};
}

void buf_truncate(struct buf *b, size_t len)
{
    if (len >= b->len)
        return;
    b->len = len;
    b->data[len] = '\0';
}

void buf_clear(struct buf *b)
{
    buf_truncate(b, 0);
}

int buf_grow(struct buf *b, size_t n)
{
    if (n > b->max - b->len)
        return -ENOBUFS;
    size_t need = b->len + n + 1;
    if (need <= b->cap)
        return 0;

    size_t cap = b->cap ? b->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    if (cap - 1 > b->max)
        cap = b->max + 1;

    b->data = xrealloc(b->cap ? b->data : NULL, cap);
    b->data[b->len] = '\0';
    b->cap = cap;
    return 0;
}

int buf_addstr(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

int buf_addch(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    SCOPED(xfree) char *text = xvasprintf(fmt, ap);

    return buf_addstr(b, text);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int rc = buf_vaddf(b, fmt, ap);
    va_end(ap);
    return rc;
}

char *buf_detach(struct buf *b)
{
    char *text = b->cap ? b->data : xstrdup("");

    buf_init(b, b->max);
    return text;
}

/* The arguments may point into `err` itself: callers put a name before the text they were given. */
int buf_fail(struct buf *err, int code, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return code;

    va_start(ap, fmt);
    SCOPED(xfree) char *text = xvasprintf(fmt, ap);
    va_end(ap);

    size_t len = strlen(text);
    if (len > err->max) {
        len = err->max;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) /* whole characters only */
            len--;
    }
    buf_clear(err);
    buf_add(err, text, len);
    return code;
}
