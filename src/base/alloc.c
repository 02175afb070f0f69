/*
 * alloc.c - malloc() and its relatives, which end the program instead of answering NULL.
 */
#include <outlookfs/base/alloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes to the bare stream: the log allocates. */
static void *present(void *p)
{
    if (!p) {
        fputs("outlookfs: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *xmalloc(size_t size)
{
    return present(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return present(count && size ? calloc(count, size) : calloc(1, 1));
}

void *xrealloc(void *p, size_t size)
{
    return present(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s)
{
    return present(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
    return present(strndup(s, n));
}

char *xvasprintf(const char *fmt, va_list ap)
{
    char *text = NULL;

    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    return present(text);
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    return text;
}
