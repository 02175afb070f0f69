/*
 * sandbox.c - starts the sandbox beside the mount and ends it with the mount.
 */
#include "mountpoint_p.h"
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "outlookfs-sandbox"
#define TOKEN_VARIABLE "OUTLOOKFS_SANDBOX_TOKEN"
#define ARGS_VARIABLE "OUTLOOKFS_SANDBOX_ARGS" /* more arguments, split at blanks */
#define ARGS_MAX 32
#define START_LIMIT (10 * NS_PER_S)
#define END_LIMIT_MS 5000

extern char **environ;

/* Beside the running program, else by PATH. */
static char *find_program(void)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    self[len > 0 ? len : 0] = '\0';
    if (!strrchr(self, '/'))
        return xstrdup(PROGRAM);
    *strrchr(self, '/') = '\0';
    SCOPED(xfree) char *path = xasprintf("%s/" PROGRAM, self);
    return access(path, X_OK) ? xstrdup(PROGRAM) : TAKE(path);
}

static int make_token(char out[33])
{
    unsigned char random[16];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -EIO;
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
    return 0;
}

/* Ours and the token: it is nobody else's, so not in our own environment. The caller frees array
 * and first string. */
static char **child_environment(const char *token)
{
    size_t count = 0;
    char **env;

    while (environ[count])
        count++;
    env = xcalloc(count + 2, sizeof(*env));
    env[0] = xasprintf(TOKEN_VARIABLE "=%s", token);
    memcpy(env + 1, environ, count * sizeof(*env));
    return env;
}

/*
 * A session of its own: Ctrl-C in our terminal is for us, and what is still to be sent needs it. No
 * signal is blocked or ignored there. Its errors come to us, too: whoever reads what the command
 * prints must not wait for the sandbox to end.
 */
static int spawn(const char *program, char **argv, char **env, int in, int out, pid_t *ret)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int rc = posix_spawnp(ret, program, &files, &attr, argv, env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return -rc;
}

/* With the arguments; `in` and `out` are its ends of the pipes. */
static int start_program(struct sandbox *s, const char *state_dir, int in, int out, struct buf *err)
{
    SCOPED(xfree) char *program = find_program();
    SCOPED(xfree) char *db = xasprintf("%s/sandbox.db", state_dir);
    SCOPED(xfree) char **env = child_environment(s->token);
    const char *given = getenv(ARGS_VARIABLE);
    SCOPED(xfree) char *more = xstrdup(given ? given : "");
    char *rest = more, *word;
    char *argv[ARGS_MAX + 1] = {program, "--listen", "127.0.0.1:0",
                                "--db",  db,         "--exit-with-stdin"};
    size_t argc = 6;

    while ((word = strsep(&rest, " \t")) && argc < ARGS_MAX) {
        if (*word)
            argv[argc++] = word;
    }
    int rc = spawn(program, argv, env, in, out, &s->pid);
    if (rc)
        buf_fail(err, rc, "cannot start %s: %s (it needs python3 and python3-aiohttp)", program,
                 strerror(-rc));
    explicit_bzero(env[0], strlen(env[0]));
    free(env[0]);
    return rc;
}

/* A line of the sandbox, before START_LIMIT is over. -ENODATA: it has ended. */
static int read_line(int out, int64_t until, struct buf *line)
{
    struct pollfd fd = {.fd = out, .events = POLLIN};
    int64_t left;
    char c;

    while ((left = until - clock_mono()) > 0) {
        if (poll(&fd, 1, (int)(left / NS_PER_MS) + 1) <= 0)
            continue;
        if (read(out, &c, 1) != 1)
            return -ENODATA;
        if (c == '\n')
            return 0;
        buf_addch(line, c); /* one that is too long is cut: it is for people */
    }
    return -ETIMEDOUT;
}

/* Lines say where it listens: the connector first, then "graph URL"; what it prints before that is
 * the reason if it ends without. */
static int read_url(struct sandbox *s, const char *prefix, int out, struct buf *err)
{
    int64_t until = clock_mono() + START_LIMIT;
    SCOPED(buf_release) struct buf line = BUF_INIT(BUF_TEXT_MAX);
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);
    int rc = 0;

    while (!rc &&
           !(str_starts(line.data, prefix) && str_starts(line.data + strlen(prefix), "http://"))) {
        if (!why.len)
            buf_addstr(&why, line.data);
        buf_clear(&line);
        rc = read_line(out, until, &line);
    }
    if (!rc)
        s->url = xstrdup(line.data + strlen(prefix));
    else if (rc == -ENODATA)
        rc = buf_fail(err, -EIO, "%s", why.len ? why.data : PROGRAM " ended before it was ready");
    else
        rc = buf_fail(err, rc, PROGRAM " was not ready within %d s", (int)(START_LIMIT / NS_PER_S));
    return rc;
}

int sandbox_start(struct sandbox *s, enum service_id service, const char *state_dir,
                  struct buf *err)
{
    int in[2], out[2];

    *s = (struct sandbox){.in = -1};
    int rc = make_token(s->token);
    if (rc || pipe2(in, O_CLOEXEC))
        return buf_fail(err, rc ? rc : -errno, "cannot prepare " PROGRAM);
    if (pipe2(out, O_CLOEXEC)) {
        rc = buf_fail(err, -errno, "cannot prepare " PROGRAM);
        close(in[0]);
        close(in[1]);
        return rc;
    }
    s->in = in[1];
    rc = start_program(s, state_dir, in[0], out[1], err);
    close(in[0]);
    close(out[1]);
    if (!rc)
        rc = read_url(s, service == SERVICE_GRAPH ? "graph " : "", out[0], err);
    close(out[0]); /* nobody reads what it says later */
    if (rc)
        sandbox_stop(s);
    return rc;
}

/* The database is closed when this returns: the next mount may open it. */
static void await_end(pid_t pid)
{
    struct pollfd fd = {.fd = pidfd_open(pid, 0), .events = POLLIN};

    if (fd.fd < 0 || poll(&fd, 1, END_LIMIT_MS) <= 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (fd.fd >= 0)
        close(fd.fd);
}

void sandbox_stop(struct sandbox *s)
{
    if (!s->pid && !s->url && s->in <= 0)
        return;
    close(s->in);
    if (s->pid > 0)
        await_end(s->pid);
    free(s->url);
    explicit_bzero(s, sizeof(*s));
}
