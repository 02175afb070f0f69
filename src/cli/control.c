/*
 * control.c - talking to a mount through its .outlookfs/: status.json, control, and what is left in
 * the queue.
 */
#include "cli_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MAX ((size_t)64 * 1024 * 1024)

static int not_ours(const struct mountpoint *m)
{
    if (m->type)
        return complain("%s is no outlookfs mount but %s (type %s)", m->path, m->source, m->type);
    return complain("%s is no outlookfs mount", m->path);
}

int control_find(const char *path, struct mountpoint *ret)
{
    struct mountpoint m = {0};
    int code = EXIT_DONE;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    if (mountpoint_look(path, &m, &err))
        code = complain("%s", err.data);
    else if (!mountpoint_is_ours(&m))
        code = not_ours(&m);
    else if (m.dead)
        code = complain("%s is a dead mount; run: outlookfs umount %s", m.path, m.path);
    buf_release(&err);

    if (code)
        mountpoint_release(&m);
    else
        *ret = m;
    return code;
}

int control_status(const char *mountpoint, struct buf *text, cJSON **ret, struct buf *err)
{
    char *path = xasprintf("%s/.outlookfs/status.json", mountpoint);
    struct buf own;
    int rc;

    buf_init(&own, STATUS_MAX);
    rc = file_read(path, &own, err);
    if (!rc)
        rc = json_parse_object(own.data, own.len, ret, err);
    if (!rc && text)
        buf_add(text, own.data, own.len);
    buf_release(&own);
    free(path);
    return rc;
}

int control_command(const char *mountpoint, const char *line)
{
    char *path = xasprintf("%s/.outlookfs/control", mountpoint);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : 0;

    if (!rc && write(fd, line, strlen(line)) < 0)
        rc = -errno;
    if (fd >= 0 && close(fd) && !rc)
        rc = -errno;
    free(path);
    return rc;
}

struct left left_read(const cJSON *status)
{
    const cJSON *queue = json_get(status, "queue");

    return (struct left){.pending = json_int(queue, "pending", 0),
                         .failed = json_int(queue, "failed", 0),
                         .conflicts = json_int(queue, "conflicts", 0),
                         .held = json_int(queue, "held", 0)};
}

bool left_any(const struct left *left)
{
    return left->pending || left->failed || left->conflicts || left->held;
}

void left_describe(const struct left *left, struct buf *out)
{
    const struct {
        int64_t count;
        const char *what;
    } parts[] = {{left->pending, "waiting"},
                 {left->failed, "refused by the service"},
                 {left->conflicts, "in conflict"},
                 {left->held, "held deletions"}};

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (parts[i].count)
            buf_addf(out, "%s%" PRId64 " %s", out->len ? ", " : "", parts[i].count, parts[i].what);
    }
}
