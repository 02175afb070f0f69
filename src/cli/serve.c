/*
 * serve.c - what the mounted process does: builds the layers up, waits for its end, takes them down.
 */
#include "cli_p.h"
#include "mountpoint_p.h"
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/fs/fs.h>
#include <outlookfs/fuse/mount.h>
#include <outlookfs/http/token.h>
#include <outlookfs/remote/remote.h>
#include <outlookfs/sync/mailbox.h>
#include <outlookfs/triggers/listener.h>
#include <outlookfs/triggers/poller.h>

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLUSH_LIMIT (30 * NS_PER_S)
#define NOTIFY_LISTEN "127.0.0.1:0"

/* The layers, in the order they are built up; taken down in the reverse. */
struct server {
    const struct settings *settings;
    struct sandbox sandbox;
    struct token_source *tokens;
    struct remote *remote; /* until the mailbox owns it */
    bool answered;         /* the service has, to ask_first() */
    struct mailbox *mailbox;
    struct listener *listener; /* or NULL */
    struct poller *poller;     /* or NULL */
    struct notices *notices;   /* or NULL */
    struct mount *mount;
    struct fs *fs;
    bool started; /* threads */
};

/* --- building --- */

static const char *service_url(const struct server *server)
{
    return server->sandbox.url ? server->sandbox.url : server->settings->values.url;
}

static int open_mailbox(struct server *server, struct buf *err)
{
    const struct settings *s = server->settings;
    const struct options *o = &s->options;
    struct mailbox_config config = {
        .state_dir = s->values.state_dir,
        .cache_dir = s->values.cache_dir,
        .account = s->identity,
        .list_ttl = o->list_ttl,
        .writeback_delay = o->writeback_delay,
        .create_settle = o->create_settle,
        .mail_limit = o->mail_limit,
        .delete_guard = o->delete_guard,
        .delete_share = o->delete_share,
        .trash_keep = o->trash_keep,
        .trash_max = o->trash_max,
        .attachments_max = o->attachments_max,
        .poll_min = o->poll_min,
        .poll_max = o->poll_max,
        .stream_max = o->stream_max,
        .send_delay = o->send_delay,
        .send_root = o->send_root,
        .uid = o->uid,
        .read_only = o->read_only,
        .mail_folders = (const char *const *)s->mail_folders,
    };
    int rc = 0;

    if (!server->remote)
        rc = service_connect(s, &server->sandbox, &server->tokens, &server->remote, err);
    if (rc)
        return rc;
    config.remote = TAKE(server->remote);
    return mailbox_open(&config, &server->mailbox, err);
}

static int make_fs(struct server *server, struct buf *err)
{
    const struct settings *s = server->settings;
    struct fs_config config = {
        .mailbox = server->mailbox,
        .uid = s->options.uid,
        .gid = s->options.gid,
        .umask = s->options.umask,
        .read_only = s->options.read_only,
        .fsync_local = s->options.fsync_local,
        .url = service_url(server),
        .mountpoint = s->mountpoint,
        .state_dir = s->values.state_dir,
        .account = s->account,
        .service = service_name(s->service),
        .notify = &mount_notify,
    };

    server->mount = mount_create();
    config.notify_ctx = server->mount;
    return fs_new(&config, &server->fs, err);
}

static int start_threads(struct server *server, struct buf *err)
{
    int rc = fs_start(server->fs);

    if (!rc) {
        server->started = true;
        rc = mailbox_start(server->mailbox);
    }
    return rc ? buf_fail(err, rc, "cannot start a thread: %s", strerror(-rc)) : 0;
}

/* Plain http:// goes to this machine only, so such a service reaches us without help. */
static bool service_is_here(const struct server *server)
{
    return str_starts(service_url(server), "http://");
}

/* Without notify_* options a missing listener is not an error: only questions that want
 * an answer are refused. */
static int listen_for_answers(struct server *server, struct buf *err)
{
    const struct options *o = &server->settings->options;
    struct listener_config config = {
        .mailbox = server->mailbox,
        .listen = o->notify_listen ? o->notify_listen : NOTIFY_LISTEN,
        .url = o->notify_url,
    };

    if (o->read_only || (!o->notify_url && !service_is_here(server)))
        return 0;
    int rc = listener_start(&config, &server->listener, err);
    if (!rc || o->notify_listen || o->notify_url)
        return rc;
    log_warn("no answers to questions can be received: %s", err->data);
    buf_clear(err);
    return 0;
}

/* Nothing is cached and nothing is kept. */
static bool is_first_mount(const struct settings *s)
{
    return !s->sandbox && access(s->values.state_dir, F_OK) && access(s->values.cache_dir, F_OK);
}

/* Before a first mount: a service that refuses, or is not there, leaves no directories behind, and is an
 * error. */
static int ask_first(struct server *server, struct buf *err)
{
    const struct settings *s = server->settings;
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    enum grade grade = service_ask(server->remote, &fault);
    int rc = 0;

    server->answered = grade == GRADE_OK;
    if (!server->answered)
        rc = buf_fail(err, -EIO, "%s: %s%s", s->values.url,
                      fault.reason ? fault.reason : grade_name(grade),
                      fault.status == 404 ? ": the URL is wrong, no mailbox service is there" : "");
    return rc;
}

static int build(struct server *server, struct buf *err)
{
    const struct settings *s = server->settings;
    int rc = file_mkdirs(s->values.state_dir, err);

    if (!rc)
        rc = file_mkdirs(s->values.cache_dir, err);
    if (!rc && s->sandbox)
        rc = sandbox_start(&server->sandbox, s->service, s->values.state_dir, err);
    if (!rc)
        rc = open_mailbox(server, err);
    if (!rc)
        rc = make_fs(server, err);
    if (!rc)
        rc = listen_for_answers(server, err);
    return rc ? rc : start_threads(server, err);
}

/* Offline is fine, with a note: there is a cache, and changes wait. */
static int probe(struct server *server, struct buf *note, struct buf *err)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};

    if (server->answered)
        return 0;
    enum grade grade = service_ask(mailbox_remote(server->mailbox), &fault);
    const char *why = fault.reason ? fault.reason : grade_name(grade);
    int rc = grade_errno(grade);

    if (grade == GRADE_OFFLINE) {
        buf_addf(note, "offline: %s; showing what is cached; changes are kept", why);
        rc = 0;
    } else if (rc) {
        buf_fail(err, rc, "%s: %s", service_url(server), why);
    }
    return rc;
}

/* For /proc/mounts: the host, with nothing in it that an option list could stumble over. */
static char *source_name(const char *url)
{
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    char *source = xasprintf("outlookfs#%.*s", (int)strcspn(host, "/"), host);
    for (char *p = source; *p; p++) {
        if (*p == ',' || *p == '\\' || *p == ' ')
            *p = '_';
    }
    return source;
}

/*
 * Mounted means that the root answers. A process of its own asks: were we killed while we wait for
 * ourselves, the request would never be answered and the thread that waits would keep /dev/fuse
 * open. Answers 0, -errno, or -EIO when something else is mounted there.
 */
static int ask_root(const char *mountpoint)
{
    int status = 0;
    struct stat st;
    pid_t pid = fork();

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        close_range(0, ~0U, 0);
        if (stat(mountpoint, &st))
            _exit(errno);
        _exit(st.st_ino == FS_ROOT ? 0 : EIO);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int put_into_kernel(struct server *server, struct buf *err)
{
    const struct settings *s = server->settings;
    SCOPED(xfree) char *source = source_name(service_url(server));
    const struct mount_config config = {
        .fs = server->fs,
        .mountpoint = s->mountpoint,
        .source = source,
        .options = s->options.pass.len ? s->options.pass.data : NULL,
        .allow_other = s->options.allow_other,
        .read_only = s->options.read_only,
    };
    int rc = mount_open(server->mount, &config, err);

    if (rc)
        return rc;
    rc = ask_root(s->mountpoint);
    return rc ? buf_fail(err, rc, "%s is mounted but does not answer: %s", s->mountpoint,
                         strerror(-rc))
              : 0;
}

/* Once it is mounted: a mount that fails asks for nothing. */
static int start_polling(struct server *server, struct buf *err)
{
    int rc = poller_start(server->mailbox, &server->poller);

    if (!rc)
        rc = notices_start(server->mailbox, server->settings->options.notify_desktop,
                           &server->notices);
    return rc ? buf_fail(err, rc, "cannot start a thread: %s", strerror(-rc)) : 0;
}

/* --- life --- */

static void end_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGHUP);
}

/* Until it is unmounted or a signal comes. */
static void wait_for_end(struct server *server, int signals)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                           {.fd = mount_ended_fd(server->mount), .events = POLLIN}};

    while (!fds[0].revents && !fds[1].revents) {
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
            break;
    }
    report_ending();
    log_info("%s", fds[0].revents ? "asked to end by a signal" : "unmounted");
}

/*
 * Signals are blocked while threads start, so that none of them inherits another mask, and again
 * once there is something to unmount. Elsewhere, while we wait for the service, a signal simply ends
 * the program: the journal stands that.
 */
static int begin(struct server *server, const sigset_t *ends, struct buf *note, struct buf *err)
{
    bool first = is_first_mount(server->settings);
    sigset_t before;
    int rc = 0;

    sigprocmask(SIG_BLOCK, ends, &before);
    if (first)
        rc = service_connect(server->settings, &server->sandbox, &server->tokens, &server->remote,
                             err);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!rc && first)
        rc = ask_first(server, err);
    sigprocmask(SIG_BLOCK, ends, NULL);
    if (!rc)
        rc = build(server, err);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (!rc)
        rc = probe(server, note, err);
    sigprocmask(SIG_BLOCK, ends, NULL);
    return rc;
}

static int live(struct server *server, struct report *report, struct buf *err)
{
    SCOPED(buf_release) struct buf note = BUF_INIT(BUF_TEXT_MAX);
    sigset_t ends;

    end_signals(&ends);
    int signals = signalfd(-1, &ends, SFD_CLOEXEC);
    int rc = signals < 0 ? -errno : begin(server, &ends, &note, err);
    if (!rc)
        rc = put_into_kernel(server, err);
    if (!rc)
        rc = start_polling(server, err);
    if (!rc && report_ready(report, note.len ? note.data : NULL)) {
        log_info("%s is mounted on %s", service_url(server), server->settings->mountpoint);
        wait_for_end(server, signals);
    }
    if (signals >= 0)
        close(signals);
    return rc;
}

/* --- taking down --- */

static void log_left(const struct server *server, const struct journal_counts *left)
{
    if (left->queued || left->failed || left->conflict || left->held)
        log_warn("not on the service: %u waiting, %u refused, %u in conflict, %u deletions held; "
                 "kept in %s",
                 left->queued, left->failed, left->conflict, left->held,
                 server->settings->values.state_dir);
}

/* After a failure nothing new was saved: what an earlier mount left waits for the next one. */
static void take_down(struct server *server, bool failed)
{
    struct journal_counts left = {0};

    if (server->mount)
        mount_close(server->mount);
    notices_stop(server->notices);
    poller_stop(server->poller);
    listener_stop(server->listener);
    if (server->started) {
        mailbox_stop(server->mailbox, failed ? 0 : FLUSH_LIMIT, &left);
        fs_stop(server->fs);
        log_left(server, &left);
    }
    mount_destroy(server->mount);
    fs_destroy(server->fs);
    mailbox_close(server->mailbox);
    remote_destroy(server->remote);
    token_destroy(server->tokens);
    sandbox_stop(&server->sandbox);
}

/*
 * glibc gives each thread a heap of its own, up to eight for each processor, and what the FUSE
 * workers and the fetch threads leave there is kept many times over. Two are as fast here. A page of
 * a listing stays in them from one to the next: given back, each is paid for with page faults. What
 * is larger goes back when it is freed.
 */
static void limit_heaps(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
#endif
}

int serve(const struct settings *s, struct report *report)
{
    struct server server = {.settings = s};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    limit_heaps();
    log_setup(s->foreground ? LOG_TO_STDERR : LOG_TO_SYSLOG,
              service_traced(s) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    int rc = live(&server, report, &err);
    take_down(&server, rc != 0);
    if (rc)
        report_failed(report, err.len ? err.data : strerror(-rc));
    return rc ? EXIT_NOT_DONE : EXIT_DONE;
}
