/*
 * watch.c - outlookfs watch: what a trigger brings, as it comes.
 */
#include "cli_p.h"
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_BYTES (JSON_TEXT_MAX * 2)
#define READ_BYTES ((size_t)64 * 1024)

static const struct option long_options[] = {
    {"exec", required_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'}, {NULL}};

struct watcher {
    const char *mountpoint;
    char *path;          /* of the stream */
    const char *command; /* NULL: print */
    int fd;
    struct buf line; /* what has come of the next one */
};

/* --- one item --- */

/* The item's path below the mount point, or NULL. The caller frees. */
static char *path_of(const struct watcher *w, const char *line, size_t len)
{
    SCOPED(json_release) cJSON *obj = NULL;
    char *path = NULL;

    if (!json_parse_object(line, len, &obj, NULL) && json_str(obj, "_path"))
        path = xasprintf("%s/%s", w->mountpoint, json_str(obj, "_path"));
    return path;
}

static void run_child(const struct watcher *w, const char *path, int in, int out)
{
    close(out);
    dup2(in, STDIN_FILENO);
    if (in != STDIN_FILENO)
        close(in);
    if (path)
        setenv("OUTLOOKFS_PATH", path, 1);
    else
        unsetenv("OUTLOOKFS_PATH");
    signal(SIGPIPE, SIG_DFL);
    execl("/bin/sh", "sh", "-c", w->command, (char *)NULL);
    _exit(127);
}

static void say_how_it_ended(const char *command, int status)
{
    if (WIFSIGNALED(status))
        complain("%s: ended by signal %d", command, WTERMSIG(status));
    else if (WEXITSTATUS(status))
        complain("%s: exit status %d", command, WEXITSTATUS(status));
}

/* What the command says about one item does not end the watch. */
static int execute(const struct watcher *w, const char *line, size_t len)
{
    SCOPED(xfree) char *path = path_of(w, line, len);
    int pipes[2], status = 0, code = EXIT_DONE;
    pid_t pid = -1;

    if (!pipe2(pipes, O_CLOEXEC)) {
        pid = fork();
        if (pid == 0)
            run_child(w, path, pipes[0], pipes[1]);
        close(pipes[0]);
        if (pid > 0)
            file_write_all(pipes[1], line,
                           len); /* EPIPE: it does not read its input, which is no matter */
        close(pipes[1]);
    }
    if (pid < 0) {
        code = complain("%s: cannot be started: %s", w->command, strerror(errno));
    } else {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        say_how_it_ended(w->command, status);
    }
    return code;
}

static int item(const struct watcher *w, const char *line, size_t len)
{
    if (w->command)
        return execute(w, line, len);
    if (fwrite(line, 1, len, stdout) != len || fflush(stdout))
        return complain("standard output: %s", strerror(errno));
    return EXIT_DONE;
}

/* --- the stream --- */

static int take(struct watcher *w, const char *data, size_t len)
{
    int code = EXIT_DONE;

    while (len > 0 && !code) {
        const char *end = memchr(data, '\n', len);
        size_t n = end ? (size_t)(end + 1 - data) : len;

        if (buf_add(&w->line, data, n))
            return complain("%s: a line of over %zu bytes", w->path, LINE_MAX_BYTES);
        if (end) {
            code = item(w, w->line.data, w->line.len);
            buf_clear(&w->line);
        }
        data += n;
        len -= n;
    }
    return code;
}

/* To the end: 0, or an exit code after a line. */
static int read_on(struct watcher *w)
{
    SCOPED(xfree) char *data = xmalloc(READ_BYTES);
    int code = EXIT_DONE;
    ssize_t n;

    while (!code && (n = read(w->fd, data, READ_BYTES)) != 0) {
        if (n > 0)
            code = take(w, data, (size_t)n);
        else if (errno != EINTR)
            code = complain("%s: %s", w->path, strerror(errno));
    }
    return code;
}

/* The file is full, or was removed: the stream goes on in the one that has the name now. */
static int reopen(struct watcher *w)
{
    int fd = open(w->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return complain("%s: %s", w->path, errno == ENOENT ? "was removed" : strerror(errno));
    close(w->fd);
    w->fd = fd;
    buf_clear(&w->line);
    return EXIT_DONE;
}

static int follow(struct watcher *w)
{
    int code = EXIT_DONE;

    while (!code) {
        struct pollfd p = {.fd = w->fd, .events = POLLIN};

        if (poll(&p, 1, -1) < 0 && errno != EINTR)
            return complain("%s: %s", w->path, strerror(errno));
        code = read_on(w);
        if (!code && (p.revents & POLLERR))
            code = complain("%s: the mount has ended", w->mountpoint);
        else if (!code && (p.revents & POLLHUP))
            code = reopen(w);
    }
    return code;
}

/* The stream of "boss", "boss.json", "triggers/boss.jsonl". */
static char *stream_path(const char *mountpoint, const char *trigger)
{
    static const char *const suffixes[] = {".jsonl", ".json"};
    const char *slash = strrchr(trigger, '/');

    if (slash)
        trigger = slash + 1;
    size_t len = strlen(trigger);
    for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
        if (str_ends(trigger, suffixes[i])) {
            len -= strlen(suffixes[i]);
            break;
        }
    }
    return xasprintf("%s/triggers/%.*s.jsonl", mountpoint, (int)len, trigger);
}

static bool is_any(const cJSON *entry)
{
    return json_str(entry, "path") != NULL;
}

/* `trigger` NULL: the only one there is. */
static char *find_stream(const char *mountpoint, const char *trigger, struct buf *err)
{
    if (trigger)
        return stream_path(mountpoint, trigger);
    SCOPED(xfree) char *definition = control_only(mountpoint, "triggers", is_any, "trigger", err);
    return definition ? stream_path(mountpoint, definition) : NULL;
}

static int watch(const char *mountpoint, const char *trigger, const char *command)
{
    struct watcher w = {.mountpoint = mountpoint, .command = command, .fd = -1};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int code;

    buf_init(&w.line, LINE_MAX_BYTES);
    w.path = find_stream(mountpoint, trigger, &err);
    w.fd = w.path ? open(w.path, O_RDONLY | O_CLOEXEC) : -1;
    if (!w.path)
        code = complain("%s", err.data);
    else if (w.fd < 0)
        code = complain("%s: there is no such trigger (its definition belongs into %s/triggers/)",
                        w.path, mountpoint);
    else if (lseek(w.fd, 0, SEEK_END) < 0)
        code = complain("%s: %s", w.path, strerror(errno));
    else
        code = follow(&w);
    if (w.fd >= 0)
        close(w.fd);
    buf_release(&w.line);
    free(w.path);
    return code;
}

/*
 * "boss" is a trigger of the mount we are in, ~/mailbox/triggers/boss.jsonl one of the mount it lies
 * in, and ~/mailbox, as any directory, the mount of which the only trigger is meant.
 */
static int watch_named(const char *mount, const char *trigger, const char *command)
{
    SCOPED(mountpoint_release) struct mountpoint m = {0};

    if (!mount && trigger && (strchr(trigger, '/') || str_eq(trigger, "."))) {
        mount = trigger;
        trigger = str_ends(mount, ".jsonl") || str_ends(mount, ".json") ? mount : NULL;
    }
    int code = control_find(mount, &m);
    if (code)
        return code;
    signal(SIGPIPE, SIG_IGN);
    return watch(m.path, trigger, command);
}

static int run(int argc, char **argv)
{
    const char *said[LETTERS] = {0};
    int code = command_line(&watch_command, long_options, argc, argv, 0, 2, said);

    if (code >= 0)
        return code;
    return watch_named(argc - optind == 2 ? argv[optind] : NULL,
                       optind < argc ? argv[argc - 1] : NULL, said['e']);
}

const struct command watch_command = {
    .name = "watch",
    .summary = "print what a trigger brings, or run a command for each item",
    .usage = "[--exec COMMAND] [MOUNTPOINT] [TRIGGER]",
    .run = run,
};
