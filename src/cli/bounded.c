/*
 * bounded.c - a step that may block for ever in the kernel, because the program behind a mount is
 * stopped, is made by a child that can be killed: only a fatal signal ends such a wait.
 */
#include "mountpoint_p.h"

#include <outlookfs/base/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_child(bounded_fn *fn, void *ctx, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    _exit(-fn(ctx, out));
}

/* Until it closes its end, or time is over. */
static int collect(int fd, int64_t until, struct buf *out)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char piece[4096];
    int64_t left;
    ssize_t n = 1;

    while (n && (left = until - clock_mono()) > 0) {
        if (poll(&p, 1, (int)(left / NS_PER_MS) + 1) <= 0)
            continue;
        n = read(fd, piece, sizeof(piece));
        if (n > 0 && buf_add(out, piece, (size_t)n))
            return -EFBIG;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
    return n ? -ETIMEDOUT : 0;
}

int bounded_run(bounded_fn *fn, void *ctx, int64_t limit, struct buf *out)
{
    int fds[2], status = 0;

    if (pipe2(fds, O_CLOEXEC))
        return -errno;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        run_child(fn, ctx, fds[1]);
    }
    close(fds[1]);
    int rc = child < 0 ? -errno : collect(fds[0], clock_mono() + limit, out);
    close(fds[0]);
    if (child < 0)
        return rc;
    if (rc)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (rc)
        return rc;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}
