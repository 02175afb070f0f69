/*
 * scope.h - locals that are released at the end of their block, however it is left.
 *
 *     SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
 *     SCOPED(xfree) char *path = xasprintf("%s/status.json", dir);
 *     SCOPED(slot_release) struct slot slot = {0};
 *     ...
 *     return TAKE(path);                  // the caller's: `path` is NULL now
 *
 * The function gets a pointer to the variable, once the value of the `return` is known; it must accept what
 * the declaration begins with. Every name of the declaration has to be initialised there, and no goto may
 * jump over it.
 */
#ifndef OUTLOOKFS_BASE_SCOPE_H
#define OUTLOOKFS_BASE_SCOPE_H

#include <stddef.h>

#define SCOPED(release) __attribute__((cleanup(release)))

/* The value of a pointer, which is NULL afterwards. */
#define TAKE(pointer)                                                                              \
    (__extension__({                                                                               \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    }))

#endif
