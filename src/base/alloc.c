/*
 * alloc.c - malloc() and its relatives, which end the program instead of answering NULL.
 */
#include <outlookfs/base/alloc.h>

#include <stdbool.h>
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

void *xgrow(void *list, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* 0, or a power of two */

    return full ? xrealloc(list, (count ? 2 * count : 1) * size) : list;
}

char *xstrdup(const char *s)
{
    return s ? present(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
    /* strndup(3) under ASan's strict_string_checks reads on to the end of a text. */
    size_t len = strnlen(s, n);
    char *copy = xmalloc(len + 1);

    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

void xstrset(char **field, const char *s)
{
    char *copy = xstrdup(s);

    free(*field);
    *field = copy;
}

void xstrfree(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

void xstrvfree(char **list)
{
    for (char **s = list; s && *s; s++)
        free(*s);
    free(list);
}

void xfree(void *memory)
{
    void *p;

    memcpy(&p, memory, sizeof(p)); /* of whatever type */
    free(p);
}

void xstrv_release(char ***list)
{
    xstrvfree(*list);
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

    va_start(ap, fmt);
    char *text = xvasprintf(fmt, ap);
    va_end(ap);
    return text;
}
