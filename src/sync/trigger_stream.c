/*
 * trigger_stream.c - lines in a file, rotation, recovery.
 */
#include "triggers_p.h"

#include <outlookfs/base/clock.h>
#include <outlookfs/base/crash.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int stream_begin(struct triggers *t, struct trigger_stream *ret)
{
    struct trigger_stream stream = {.mtime = clock_now()};
    int rc = state_new_ino(t->mb->state, &stream.ino);

    if (!rc)
        rc = state_data_write(t->mb->state, stream.ino, "", 0);
    if (!rc)
        *ret = stream;
    return rc;
}

/* The full file becomes the older one, without what an append that was not committed left in it. */
static int rotate(struct triggers *t, struct trigger_row *row, uint64_t *ret_gone)
{
    struct trigger_stream new;
    int rc = stream_begin(t, &new);

    if (rc)
        return rc;
    int fd = state_data_open(t->mb->state, row->now.ino, O_RDWR);
    if (fd >= 0) {
        rc = ftruncate(fd, (off_t)row->now.length) ? -errno : 0;
        close(fd);
    }
    if (rc) {
        state_data_remove(t->mb->state, new.ino);
        return rc;
    }
    *ret_gone = row->old.ino;
    row->old = row->now;
    row->now = new;
    return 0;
}

int stream_append(struct triggers *t, struct trigger_row *row, const char *lines, size_t len,
                  uint64_t *ret_gone)
{
    int rc = 0;

    *ret_gone = 0;
    if (row->now.length && row->now.length + len > t->mb->config.stream_max)
        rc = rotate(t, row, ret_gone);
    if (rc)
        return rc;
    int fd = state_data_open(t->mb->state, row->now.ino, O_RDWR | O_CREAT);
    if (fd < 0)
        return fd;
    rc = file_pwrite_all(fd, lines, len, (off_t)row->now.length);
    if (!rc && fdatasync(fd))
        rc = -errno;
    close(fd);
    crash_point("after the lines of a stream");
    if (!rc) {
        row->now.length += len;
        row->now.mtime = clock_now();
    }
    return rc;
}

/* A file that is shorter than what was committed was damaged by somebody else: it goes on where it
 * ends. */
static int recover_one(struct triggers *t, const char *name, struct trigger_stream *stream,
                       bool *ret_changed)
{
    struct stat st;
    int fd = stream->ino ? state_data_open(t->mb->state, stream->ino, O_RDWR | O_CREAT) : -ENOENT;
    int rc = 0;

    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    if (fstat(fd, &st))
        rc = -errno;
    else if ((uint64_t)st.st_size > stream->length)
        rc = ftruncate(fd, (off_t)stream->length) ? -errno : 0;
    else if ((uint64_t)st.st_size < stream->length) {
        log_warn("triggers/%s.jsonl: %llu bytes are missing", name,
                 (unsigned long long)stream->length - (unsigned long long)st.st_size);
        stream->length = (uint64_t)st.st_size;
        *ret_changed = true;
    }
    close(fd);
    return rc;
}

int stream_recover(struct triggers *t)
{
    struct trigger_row *rows = NULL;
    size_t count = 0;
    int rc = state_triggers(t->mb->state, &rows, &count);

    for (size_t i = 0; !rc && i < count; i++) {
        bool changed = false;

        rc = recover_one(t, rows[i].name, &rows[i].now, &changed);
        if (!rc)
            rc = recover_one(t, rows[i].name, &rows[i].old, &changed);
        if (!rc && changed)
            rc = state_put_trigger(t->mb->state, &rows[i]);
    }
    trigger_rows_free(rows, count);
    return rc;
}
