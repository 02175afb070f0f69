/*
 * file.h - files of our own on the local disk: read bounded, replace atomically, make directories.
 *
 * All answer 0 or -errno and put "path: reason" into `err` (may be NULL).
 *
 * Threads: any.
 */
#ifndef OUTLOOKFS_BASE_FILE_H
#define OUTLOOKFS_BASE_FILE_H

#include <outlookfs/base/scope.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;

/* Appends the whole file; -EFBIG when it does not fit into the maximum of `out`. */
int file_read(const char *path, struct buf *out, struct buf *err);

/* As file_read(), from an open descriptor and its beginning (pread), whatever its offset. */
int file_read_fd(int fd, struct buf *out);

/*
 * Writes a temporary beside `path` with `mode`, fsyncs it, renames it over and fsyncs the
 * directory: after a crash there is the old file or the new one. Used for tokens (0600).
 */
int file_replace(const char *path, const void *data, size_t len, mode_t mode, struct buf *err);

/* mkdir -p with mode 0700 for what is missing. */
int file_mkdirs(const char *path, struct buf *err);

/* To the end, with read(): of pipes and terminals, too. Appends; answers as file_read(). */
int file_read_all(int fd, struct buf *out);

/* write() until all is written: 0 or -errno. */
int file_write_all(int fd, const void *data, size_t len);

void fd_release(int *fd); /* closes it unless it is negative; for SCOPED() */

/* pwrite() until all is written: 0 or -errno. */
int file_pwrite_all(int fd, const void *data, size_t len, off_t offset);

#endif
