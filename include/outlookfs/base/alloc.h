/*
 * alloc.h - memory that is there, or the program stops.
 *
 * Out of memory aborts the process with a message. Everything the user gave us is in the journal
 * before a call returned, so a restart goes on where the program stopped; half-handled failures of
 * small allocations would not be tested and would lose data. Buffers whose size somebody else
 * decides are bounded instead: see buf.h.
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_ALLOC_H
#define OUTLOOKFS_BASE_ALLOC_H

#include <outlookfs/base/scope.h>
#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
/* `list` with room for one more behind its `count` elements, for a list that nothing else enlarges. */
void *xgrow(void *list, size_t count, size_t size);
char *xstrdup(const char *s); /* NULL of NULL */
char *xstrndup(const char *s, size_t n);
void xstrset(char **field,
             const char *s); /* frees what is there, and copies `s`, which may be it or NULL */
void xstrfree(char **list, size_t count); /* the strings and the list */
void xstrvfree(char **list);              /* of a list that NULL ends; NULL is fine */
/* For SCOPED(), with a pointer to the pointer. */
void xfree(void *memory);
void xstrv_release(char ***list); /* xstrvfree() */

/* A new string; the caller frees it. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
