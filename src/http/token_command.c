/*
 * token_command.c - the token as the first line a shell command prints, within a time limit.
 */
#include "token_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/cancel.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT (30 * NS_PER_S)
#define FAILURE_MEMORY (5 * NS_PER_S)

extern char **environ;

struct command {
    char *text;
    int64_t limit;
};

/* A run of the command. */
struct run {
    pid_t pid;
    int out; /* the read end of its standard output */
    int end; /* a pidfd */
};

/* With setsid(): no terminal to ask questions on, and one process group to kill. */
static int spawn_shell(const char *text, int out, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    char *argv[] = {"sh", "-c", (char *)text, NULL};

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1); /* libraries' own */
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    int rc = posix_spawn(ret, "/bin/sh", &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return -rc;
}

static void kill_and_reap(pid_t pid)
{
    kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int run_start(struct run *run, const char *text)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
        return -errno;
    int rc = fcntl(fds[1], F_SETFL, 0) ? -errno : spawn_shell(text, fds[1], &run->pid);
    close(fds[1]);
    if (rc) {
        close(fds[0]);
        return rc;
    }
    run->out = fds[0];
    run->end = pidfd_open(run->pid, 0);
    if (run->end < 0) {
        rc = -errno;
        kill_and_reap(run->pid);
        close(run->out);
    }
    return rc;
}

/* What is there now. 0: no more at the moment, 1: no more at all. */
static int drain(int fd, struct buf *out)
{
    char piece[4096];
    ssize_t got;
    int rc = 0;

    while (!rc && (got = read(fd, piece, sizeof(piece))) != 0) {
        if (got > 0)
            rc = buf_add(out, piece, (size_t)got);
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            rc = -errno;
    }
    explicit_bzero(piece, sizeof(piece));
    return !rc && got == 0 ? 1 : rc;
}

/*
 * Until the shell is gone: what it left running in the background may keep the pipe open for ever.
 */
static int run_wait(struct run *run, struct cancel *cancel, int64_t until, struct buf *out)
{
    struct pollfd fds[] = {{.fd = run->end, .events = POLLIN}, {.fd = run->out, .events = POLLIN}};

    for (;;) {
        int64_t left = until - clock_mono();
        int rc;

        if (cancel_fired(cancel))
            return -EINTR;
        if (left <= 0)
            return -ETIMEDOUT;
        left = left < CANCEL_SLICE ? left : CANCEL_SLICE;
        poll(fds, ARRAY_SIZE(fds), (int)(left / NS_PER_MS) + 1);

        rc = drain(run->out, out);
        if (rc < 0)
            return rc;
        if (rc > 0)
            fds[1].fd = -1; /* closed: poll() would return at once from now on */
        if (fds[0].revents)
            return 0;
    }
}

static int run_result(struct run *run, struct buf *err)
{
    int status = 0;

    while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        return buf_fail(err, -EACCES, "the token command failed with exit status %d",
                        WEXITSTATUS(status));
    if (WIFSIGNALED(status))
        return buf_fail(err, -EACCES, "the token command was killed by signal %d",
                        WTERMSIG(status));
    return 0;
}

static int command_fetch(void *state, const char *, struct cancel *cancel,
                         struct token_fetched *ret, struct buf *err)
{
    const struct command *c = state;
    struct run run;
    int rc = run_start(&run, c->text);
    if (rc)
        return buf_fail(err, -EACCES, "the token command cannot be started: %s", strerror(-rc));

    rc = run_wait(&run, cancel, clock_mono() + c->limit, ret->text);
    if (rc) {
        kill_and_reap(run.pid);
        if (rc == -ETIMEDOUT)
            buf_fail(err, 0, "the token command took longer than %d s", (int)(c->limit / NS_PER_S));
        else if (rc != -EINTR)
            buf_fail(err, 0, "the token command's output: %s", strerror(-rc));
    } else {
        drain(run.out, ret->text); /* what came between the last look and the end */
        rc = run_result(&run, err);
    }
    close(run.end);
    close(run.out);
    return rc;
}

static void command_destroy(void *state)
{
    struct command *c = state;

    token_wipe_string(c->text);
    free(c);
}

static const struct token_ops command_ops = {
    .failure_memory = FAILURE_MEMORY,
    .fetch = command_fetch,
    .destroy = command_destroy,
};

struct token_source *token_from_command_within(const char *command, int64_t limit)
{
    struct command *c = xmalloc(sizeof(*c));

    c->text = xstrdup(command);
    c->limit = limit;
    return token_create(&command_ops, c);
}

struct token_source *token_from_command(const char *command)
{
    return token_from_command_within(command, LIMIT);
}
