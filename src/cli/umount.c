/*
 * umount.c - outlookfs umount: sends what is pending, unmounts, and waits until the process has
 * ended.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* Where sending comes to no end, everything takes 30 s: so long we wait while something is sent, ... */
#define SENDING_LIMIT (22 * NS_PER_S)
/* ... and then for the program to end, which does not wait again. */
#define STUCK_LIMIT_MS 3000
#define EXIT_LIMIT_MS 35000 /* a program that was not told so flushes for 30 s */

static const struct option long_options[] = {{"help", no_argument, NULL, 'h'}, {NULL}};

/* What the mount says about itself before it goes. */
struct farewell {
    struct left left;
    int process; /* a pidfd, or -1 */
    char *state_dir;
    bool stuck; /* sending came to no end */
};

static bool worth_waiting(const cJSON *status)
{
    return json_bool(status, "online", true) && json_int(json_get(status, "queue"), "pending", 0);
}

/* Without an answer (another user's mount, as root) there is nothing to tell, and nobody to wait
 * for. */
static void prepare(const char *path, struct farewell *ret)
{
    cJSON *status = NULL;
    const char *dir;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    *ret = (struct farewell){.process = -1};
    if (control_status(path, NULL, &status, &err))
        goto out;
    ret->process = pidfd_open((pid_t)json_int(status, "pid", 0), 0);
    if (worth_waiting(status)) {
        ret->stuck = control_sync(path, clock_mono() + SENDING_LIMIT) == -EINPROGRESS;
        cJSON_Delete(status);
        status = NULL;
        if (control_status(path, NULL, &status, &err))
            goto out;
    }
    ret->left = left_read(status);
    dir = json_str(status, "state_dir");
    ret->state_dir = xstrdup(dir);
out:
    cJSON_Delete(status);
}

/*
 * The signal is for a mount of which a container, another mount namespace, has a copy: the kernel
 * does not tell its program that it is unmounted.
 */
static void wait_for_end(const struct farewell *farewell)
{
    SCOPED(fd_release) int process = farewell->process;
    struct pollfd fd = {.fd = process, .events = POLLIN};
    int rc;

    if (process < 0)
        return;
    pidfd_send_signal(process, SIGTERM, NULL, 0);
    while ((rc = poll(&fd, 1, farewell->stuck ? STUCK_LIMIT_MS : EXIT_LIMIT_MS)) < 0 &&
           errno == EINTR)
        ;
    if (rc == 0)
        complain("unmounted; the program behind it is still sending changes");
}

static void tell_left(const struct farewell *farewell)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);

    if (!left_any(&farewell->left))
        return;
    left_describe(&farewell->left, &text);
    print(stdout, "Not on the service yet: %s. Kept%s%s for the next mount.\n", text.data,
          farewell->state_dir ? " in " : "", farewell->state_dir ? farewell->state_dir : "");
}

static int unmount_living(const char *path, struct buf *err)
{
    struct farewell farewell;
    int code = EXIT_DONE;

    prepare(path, &farewell);
    if (farewell.stuck) /* what is left is told below */
        control_command(path, "leave\n", MOUNT_LIMIT);
    if (unmount(path, false, err)) {
        code = complain("%s", err->data);
        if (farewell.process >= 0)
            close(farewell.process);
    } else {
        wait_for_end(&farewell);
        tell_left(&farewell);
    }
    free(farewell.state_dir);
    return code;
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&umount_command, long_options, argc, argv, 1, 1, said);
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (code >= 0)
        return code;
    if (mountpoint_look(argv[optind], &m, &err))
        code = complain("%s", err.data);
    else if (!mountpoint_is_ours(&m))
        code = complain("%s is not an outlookfs mount", m.path);
    else if (!m.dead)
        code = unmount_living(m.path, &err);
    else if (unmount(m.path, true, &err))
        code = complain("%s", err.data);
    else
        code = EXIT_DONE;
    return code;
}

const struct command umount_command = {
    .name = "umount",
    .summary = "send what is waiting, then unmount",
    .usage = "MOUNTPOINT",
    .run = run,
};
