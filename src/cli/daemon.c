/*
 * daemon.c - the process that stays in the background, and how it reports to the one that waits in
 * the terminal.
 */
#include "cli_p.h"
#include "serve_p.h"

#include <outlookfs/base/file.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The child sends one byte and a text through a pipe, at most one report. Until then it has our
 * terminal and dies with us.
 */
#define READY '+'
#define FAILED '-'

#define PATIENCE_MS 2000

struct report {
    int fd; /* -1: in the foreground, nobody waits */
};

static bool send_report(struct report *report, char status, const char *text)
{
    SCOPED(buf_release) struct buf message = BUF_INIT(BUF_TEXT_MAX);

    buf_addch(&message, status);
    buf_addstr(&message, text ? text : "");
    int rc = file_write_all(report->fd, message.data, message.len);
    close(report->fd);
    report->fd = -1;
    return rc == 0;
}

static void leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
}

/* sd_notify(3), whose protocol is one datagram: a library for that would be more than it. */
static void tell_manager(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;

    if (!len || len >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
        return;
    memcpy(to.sun_path, path, len);
    if (*path == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

void report_ending(void)
{
    tell_manager("STOPPING=1");
}

bool report_ready(struct report *report, const char *note)
{
    if (report->fd < 0) {
        tell_manager("READY=1");
        if (note)
            complain("%s", note);
        return true;
    }
    if (chdir("/"))
        log_warn("cannot leave the working directory: %s", strerror(errno));
    leave_terminal();
    prctl(PR_SET_PDEATHSIG, 0);
    return send_report(report, READY, note);
}

void report_failed(struct report *report, const char *reason)
{
    if (report->fd < 0)
        complain("%s", reason);
    else
        send_report(report, FAILED, reason);
}

/* Somebody waits at the terminal, and may think that it hangs. */
static void say_what_is_awaited(int fd, const struct settings *s)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (isatty(STDERR_FILENO) && poll(&p, 1, PATIENCE_MS) == 0)
        complain("waiting for %s", s->sandbox ? "the sandbox" : s->values.url);
}

static int wait_for_child(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* A failed child is waited for: its locks and its sandbox are gone when the command ends. */
static int await_report(const struct settings *s, int fd, pid_t child)
{
    int code = EXIT_NOT_DONE, status;
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);

    say_what_is_awaited(fd, s);
    file_read_all(fd, &text);
    if (text.data[0] == READY) {
        code = EXIT_DONE;
        if (text.len > 1)
            complain("%s", text.data + 1);
    } else if (text.data[0] == FAILED) {
        complain("%s", text.data + 1);
        wait_for_child(child);
    } else {
        status = wait_for_child(child);
        complain("the mount failed: its process %s %d",
                 WIFSIGNALED(status) ? "was ended by signal" : "ended with code",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return code;
}

/* The parent may have died before the request to die with it was heard. */
static void become_daemon(pid_t parent)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_NOT_DONE);
}

int daemon_run(const struct settings *s, int (*serve_fn)(const struct settings *, struct report *))
{
    struct report report = {.fd = -1};
    pid_t parent = getpid();
    int fds[2], code;

    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (s->foreground)
        return serve_fn(s, &report);

    if (pipe2(fds, O_CLOEXEC))
        return complain("cannot make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) {
        code = complain("cannot start a process: %s", strerror(errno));
        close(fds[0]);
        close(fds[1]);
        return code;
    }
    if (child == 0) {
        close(fds[0]);
        become_daemon(parent);
        report.fd = fds[1];
        return serve_fn(s, &report);
    }
    close(fds[1]);
    code = await_report(s, fds[0], child);
    close(fds[0]);
    return code;
}
