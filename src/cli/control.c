/*
 * control.c - talking to a mount through its .outlookfs/: status.json and control.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_MAX ((size_t)64 * 1024 * 1024)

/* Each turn asks the mount to send all and to answer within this time; so Ctrl-C finds us between
 * two turns at the latest, and a service that hangs is noticed after the second. */
#define SYNC_LINE "sync 2\n"
#define SYNC_LIMIT (2 * NS_PER_S)

static int not_ours(const char *path, const struct mountpoint *m)
{
    SCOPED(xfree) char *real = realpath(path, NULL);
    int code;

    if (real && str_eq(real, m->path) && !str_eq(real, "/"))
        code =
            complain("%s is not an outlookfs mount but %s (type %s)", m->path, m->source, m->type);
    else
        code = complain("%s is not an outlookfs mount", real ? real : path);
    return code;
}

/* The one the working directory is in; else the only one of this user. */
static int find_unnamed(struct mountpoint *ret, struct buf *err)
{
    SCOPED(xstrv_release) char **mounts = NULL;
    int rc = mountpoint_above(".", ret, err);

    if (!rc && mountpoint_is_ours(ret))
        return 0;
    mountpoint_release(ret);
    buf_clear(err);
    rc = mountpoint_list(getuid(), &mounts, err);
    if (rc)
        return rc;
    if (!mounts[0])
        rc = buf_fail(err, -ENOENT, "no mailbox is mounted");
    else if (mounts[1])
        rc = buf_fail(err, -EINVAL, "several mailboxes are mounted; name one of: %s, %s%s",
                      mounts[0], mounts[1], mounts[2] ? ", ..." : "");
    else
        rc = mountpoint_look(mounts[0], ret, err);
    return rc;
}

int control_find(const char *path, struct mountpoint *ret)
{
    struct mountpoint m = {0};
    int code = EXIT_DONE;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (path ? mountpoint_above(path, &m, &err) : find_unnamed(&m, &err))
        code = complain("%s", err.data);
    else if (!mountpoint_is_ours(&m))
        code = not_ours(path, &m);
    else if (m.dead)
        code = complain("%s is a dead mount; run: outlookfs umount %s", m.path, m.path);

    if (code)
        mountpoint_release(&m);
    else
        *ret = m;
    return code;
}

/* --- files below .outlookfs/ --- */

static int read_status(void *ctx, int out)
{
    struct buf text;

    buf_init(&text, STATUS_MAX);
    int rc = file_read(ctx, &text, NULL);
    return rc ? rc : file_write_all(out, text.data, text.len);
}

int control_status(const char *mountpoint, struct buf *text, cJSON **ret, struct buf *err)
{
    SCOPED(xfree) char *path = xasprintf("%s/.outlookfs/status.json", mountpoint);
    SCOPED(buf_release) struct buf own = BUF_INIT(STATUS_MAX);
    int rc = bounded_run(read_status, path, MOUNT_LIMIT, &own);
    if (rc == -ETIMEDOUT)
        buf_fail(err, rc, "%s " MOUNT_HANGS, mountpoint);
    else if (rc)
        buf_fail(err, rc, "%s: %s", path, strerror(-rc));
    else
        rc = json_parse_object(own.data, own.len, ret, err);
    if (!rc && text)
        buf_add(text, own.data, own.len);
    return rc;
}

char *control_only(const char *mountpoint, const char *list, bool (*wanted)(const cJSON *entry),
                   const char *what, struct buf *err)
{
    const char *found = NULL;
    SCOPED(json_release) cJSON *status = NULL;
    const cJSON *entry;
    char *path = NULL;
    SCOPED(buf_release) struct buf names = BUF_INIT(BUF_TEXT_MAX);
    size_t count = 0;

    if (control_status(mountpoint, NULL, &status, err))
        return NULL;
    cJSON_ArrayForEach(entry, json_get(status, list))
    {
        if (!wanted(entry))
            continue;
        found = json_str(entry, "path");
        buf_addf(&names, "%s%s", count++ ? ", " : "", found);
    }
    if (count == 1)
        path = xasprintf("%s/%s", mountpoint, found);
    else if (count)
        buf_fail(err, -EINVAL, "%s: several %ss; name one of: %s", mountpoint, what, names.data);
    else
        buf_fail(err, -ENOENT, "%s: there is no %s", mountpoint, what);
    return path;
}

struct line {
    const char *path, *text;
};

static int write_line(void *ctx, int)
{
    const struct line *line = ctx;
    int fd = open(line->path, O_WRONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : 0;

    if (!rc && write(fd, line->text, strlen(line->text)) < 0)
        rc = -errno;
    if (fd >= 0 && close(fd) && !rc)
        rc = -errno;
    return rc;
}

int control_command(const char *mountpoint, const char *line, int64_t limit)
{
    SCOPED(xfree) char *path = xasprintf("%s/.outlookfs/control", mountpoint);
    struct line l = {path, line};
    SCOPED(buf_release) struct buf nothing = BUF_INIT(1);

    return bounded_run(write_line, &l, limit, &nothing);
}

enum service_id control_service(void)
{
    enum service_id service = SERVICE_CONNECTOR;
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    SCOPED(json_release) cJSON *status = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (!find_unnamed(&m, &err) && !m.dead && !control_status(m.path, NULL, &status, &err))
        service_by_name(json_str(status, "service"), &service);
    return service;
}

/* --- sending what waits --- */

/* A record whose first attempt got no answer is looked for after 5 s (CREATE_SETTLE): standing
 * still for less than this is no sign that nothing will come. */
#define STILL_LIMIT (6 * NS_PER_S)
/* The same while the mount works by itself, which a busy disk and a large record make long. */
#define WORKING_LIMIT (60 * NS_PER_S)

/* So often in vain, and nothing was sent meanwhile: a service that answers like that is out of reach. */
#define TRIES_LIMIT 5

/* What moves while something is being sent. */
struct motion {
    int64_t pending, requests, bytes;
    int64_t since; /* clock_mono(): as it is now */
    int64_t tries; /* of what was tried most often, when `pending` became what it is */
};

static int64_t most_tries(const cJSON *status)
{
    static const char *const lists[] = {"operations", "outbox"};
    int64_t most = 0;

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        const cJSON *entry;

        cJSON_ArrayForEach(entry, json_get(status, lists[i]))
        {
            int64_t tries = json_int(entry, "attempts", 0);

            most = tries > most ? tries : most;
        }
    }
    return most;
}

static struct motion motion_of(const cJSON *status)
{
    return (struct motion){left_read(status).pending, json_int(status, "requests", 0),
                           json_int(status, "bytes", 0), clock_mono(), most_tries(status)};
}

static bool is_same(const struct motion *a, const struct motion *b)
{
    return a->pending == b->pending && a->requests == b->requests && a->bytes == b->bytes;
}

/* Time was over. Is there a reason to go on waiting? */
static bool still_moves(const cJSON *status, struct motion *motion)
{
    int64_t limit = json_bool(status, "working", false) ? WORKING_LIMIT : STILL_LIMIT;
    struct motion before = *motion;

    *motion = motion_of(status);
    if (!json_int(json_get(status, "budget"), "waiting", 0) &&
        (before.pending < 0 || is_same(motion, &before)))
        motion->since = before.since;
    int64_t tries = motion->tries;
    if (motion->pending == before.pending)
        motion->tries = before.tries;
    return tries < motion->tries + TRIES_LIMIT && json_bool(status, "online", true) &&
           json_bool(status, "authorised", true) && clock_mono() - motion->since < limit;
}

/* One turn: -EINPROGRESS where the mount lives, whatever keeps it from answering to the command. */
static int sync_turn(const char *mountpoint, cJSON **ret_status)
{
    int rc = control_command(mountpoint, SYNC_LINE, SYNC_LIMIT + MOUNT_LIMIT);

    if (rc != -EINPROGRESS && rc != -ETIMEDOUT)
        return rc;
    return control_status(mountpoint, NULL, ret_status, NULL) ? rc : -EINPROGRESS;
}

int control_sync(const char *mountpoint, int64_t until)
{
    struct progress progress = {.what = "sending"};
    struct motion motion = {-1, -1, -1, clock_mono(), 0};
    bool moves = true;
    int rc = -EINPROGRESS;

    while (rc == -EINPROGRESS && moves) {
        SCOPED(json_release) cJSON *status = NULL;

        rc = sync_turn(mountpoint, &status);
        if (status)
            progress_show(&progress, status);
        moves = status && clock_mono() < until && still_moves(status, &motion);
    }
    progress_end(&progress);
    return rc;
}
