/*
 * mount.c - mounting, the threads' lives, unmounting.
 */
#include "fuse_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/log.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64
#define THREADS_IDLE 10

/* libfuse explains failures by logging; the text shall come with the error code. */
static _Thread_local struct buf *explanation;

static void take_log(enum fuse_log_level level, const char *fmt, va_list ap)
{
    struct buf line;

    buf_init(&line, BUF_TEXT_MAX);
    buf_vaddf(&line, fmt, ap);
    while (line.len > 0 && line.data[line.len - 1] == '\n')
        buf_truncate(&line, line.len - 1);
    if (line.len == 0) {
        /* nothing to say */
    } else if (explanation) {
        buf_clear(explanation);
        buf_addstr(explanation, line.data);
    } else {
        log_line(level <= FUSE_LOG_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG, "%s", line.data);
    }
    buf_release(&line);
}

static void wake(int)
{
}

struct mount *mount_create(void)
{
    struct mount *m = xcalloc(1, sizeof(*m));

    m->ended_fd = -1;
    calls_init(&m->calls);
    openings_init(&m->openings);
    notifier_init(&m->notifier);
    return m;
}

void mount_destroy(struct mount *m)
{
    if (!m)
        return;
    if (m->session)
        fuse_session_destroy(m->session);
    notifier_release(&m->notifier);
    openings_release(&m->openings);
    calls_release(&m->calls);
    if (m->ended_fd >= 0)
        close(m->ended_fd);
    free(m->mountpoint);
    free(m);
}

/* --- the threads --- */

static void *serve(void *arg)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    struct mount *m = arg;

    fuse_loop_cfg_set_max_threads(config, THREADS_MAX);
    fuse_loop_cfg_set_idle_threads(config, THREADS_IDLE);
    int rc = fuse_session_loop_mt(m->session, config);
    if (rc < 0)
        log_error("the connection to the kernel broke: %s", strerror(-rc));
    fuse_loop_cfg_destroy(config);

    atomic_store(&m->ended, true);
    eventfd_write(m->ended_fd, 1);
    return NULL;
}

/* Signals meant for the program are for its first thread. */
static int start_threads(struct mount *m)
{
    sigset_t all, before;

    sigfillset(&all);
    sigdelset(&all, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = notifier_start(&m->notifier, m->session);
    if (!rc)
        rc = calls_start(&m->calls);
    if (!rc)
        rc = -pthread_create(&m->loop, NULL, serve, m);
    m->looping = rc == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

/* libfuse waits on a semaphore of its own: a signal that comes between its look at the flag and the
 * wait would be lost, so it is repeated. */
static void stop_loop(struct mount *m)
{
    const struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};

    fuse_session_exit(m->session);
    while (!atomic_load(&m->ended)) {
        pthread_kill(m->loop, SIGUSR1);
        nanosleep(&pause, NULL);
    }
    pthread_join(m->loop, NULL);
    m->looping = false;
}

/* --- open and close --- */

/* Of what is mounted there, without asking the program behind it, which may be this one; 0 for none. */
static dev_t device_at(const char *path)
{
    const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    struct statx st;

    return statx(AT_FDCWD, path, flags, STATX_TYPE, &st)
               ? 0
               : makedev(st.stx_dev_major, st.stx_dev_minor);
}

static char *mount_options(const struct mount_config *config)
{
    return xasprintf("fsname=%s,subtype=outlookfs,default_permissions%s%s%s%s", config->source,
                     config->allow_other ? ",allow_other" : "", config->read_only ? ",ro" : "",
                     config->options ? "," : "", config->options ? config->options : "");
}

static int new_session(struct mount *m, const struct mount_config *config)
{
    char *options = mount_options(config);
    char *argv[] = {"outlookfs", "-o", options, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, argv);

    m->session = fuse_session_new(&args, &ops, sizeof(ops), m);
    fuse_opt_free_args(&args);
    free(options);
    return m->session ? 0 : -EINVAL;
}

/* The handler only has to exist: without one the signal would end the program. */
static int take_signal(void)
{
    struct sigaction action = {.sa_handler = wake};

    return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

int mount_open(struct mount *m, const struct mount_config *config, struct buf *err)
{
    struct buf why;

    buf_init(&why, BUF_TEXT_MAX);
    fuse_set_log_func(take_log);
    explanation = &why;
    m->fs = config->fs;
    m->ended_fd = eventfd(0, EFD_CLOEXEC);
    int rc = m->ended_fd < 0 ? -errno : take_signal();
    if (!rc)
        rc = new_session(m, config);
    if (!rc && fuse_session_mount(m->session, config->mountpoint))
        rc = -EIO;
    if (!rc) {
        m->mountpoint = xstrdup(config->mountpoint);
        m->device = device_at(m->mountpoint);
    }
    explanation = NULL;
    if (rc) {
        buf_fail(err, rc, "cannot mount on %s%s%s", config->mountpoint, why.len ? ": " : "",
                 why.data);
        goto out;
    }

    rc = start_threads(m);
    if (rc) {
        buf_fail(err, rc, "cannot start a thread: %s", strerror(-rc));
        mount_close(m);
    }
out:
    buf_release(&why);
    return rc;
}

int mount_ended_fd(const struct mount *m)
{
    return m->ended_fd;
}

/* What is mounted there is not ours: another program's even, where a mount namespace of its own (a container) kept ours alive when
 * it was unmounted. libfuse takes away what is there unless its connection is broken, as a pipe without a reader is. */
static void end_connection(struct mount *m)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC))
        return;
    close(ends[0]);
    dup3(ends[1], fuse_session_fd(m->session), O_CLOEXEC);
    close(ends[1]);
}

/* The notifier ends while requests are still served: it may wait for a lock that one of them holds,
 * and nobody else could end that wait. */
void mount_close(struct mount *m)
{
    calls_stop(&m->calls);
    notifier_stop(&m->notifier);
    if (m->looping)
        stop_loop(m);
    calls_end(&m->calls);
    if (m->mountpoint) {
        if (device_at(m->mountpoint) != m->device)
            end_connection(m);
        fuse_session_unmount(m->session);
    }
    openings_close(m);
}
