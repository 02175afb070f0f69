/*
 * sync.c - outlookfs sync: sends what is pending and says what is left.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/json.h>

#include <errno.h>
#include <getopt.h>
#include <string.h>

static const struct option long_options[] = {
    {"confirm-deletes", no_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {NULL}};

static const char *hindrance(const cJSON *status)
{
    return json_bool(status, "read_only", false)    ? "mounted read-only, "
           : !json_bool(status, "online", true)     ? "offline, "
           : !json_bool(status, "authorised", true) ? "not authorised, "
                                                    : "";
}

/* What was there a moment ago may have arrived, or have been taken back. */
static int tell_left(const char *path)
{
    SCOPED(json_release) cJSON *status = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);

    if (control_status(path, NULL, &status, &err)) {
        return complain("%s", err.data);
    }
    struct left left = left_read(status);
    left_describe(&left, &text);
    if (!left.pending && !left.failed && !left.conflicts && !left.held)
        return EXIT_DONE;
    return complain("%snot everything is on the service: %s (outlookfs status %s says why)%s",
                    hindrance(status), text.data, path,
                    json_bool(status, "read_only", false) ? "; mount it without -o ro to send it"
                    : left.held ? "; deletions are held until: outlookfs sync --confirm-deletes"
                                : "");
}

static int sync_all(const char *path, bool confirm_deletes)
{
    int rc = confirm_deletes ? control_command(path, "confirm-deletes\n", MOUNT_LIMIT) : 0;

    if (!rc)
        rc = control_sync(path, INT64_MAX);
    if (rc == 0)
        return EXIT_DONE;
    if (rc == -EIO || rc == -EINPROGRESS || rc == -EROFS)
        return tell_left(path);
    return rc == -ETIMEDOUT ? complain("%s " MOUNT_HANGS, path)
                            : complain("%s: %s", path, strerror(-rc));
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&sync_command, long_options, argc, argv, 0, 1, said);
    SCOPED(mountpoint_release) struct mountpoint m = {0};

    if (code >= 0)
        return code;
    code = control_find(argv[optind], &m);
    if (code)
        return code;
    return sync_all(m.path, said['d']);
}

const struct command sync_command = {
    .name = "sync",
    .summary = "send what is waiting and say whether all of it arrived",
    .usage = "[--confirm-deletes] [MOUNTPOINT]",
    .run = run,
};
