/*
 * sendmail_submit.c - a message goes into the outbox of a mount, or, where there is none, to the
 * service.
 */
#include "sendmail_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/http/token.h>
#include <outlookfs/model/outgoing.h>
#include <outlookfs/model/render.h>
#include <outlookfs/remote/remote.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define LOOK_FIRST "look before you send it again"

/* --- which mount --- */

/* EX_OK and *ret NULL: nothing is mounted there. */
static int look_at(const char *path, char **ret, struct buf *err)
{
    SCOPED(mountpoint_release) struct mountpoint m = {0};
    int code = EX_OK;

    *ret = NULL;
    int rc = mountpoint_look(path, &m, err);
    if (rc == -ETIMEDOUT) {
        code = EX_TEMPFAIL;
    } else if (rc) {
        buf_clear(err);
    } else if (mountpoint_is_ours(&m) && m.dead) {
        buf_fail(err, 0, "%s is a dead mount; run: outlookfs umount %s", m.path, m.path);
        code = EX_TEMPFAIL;
    } else if (mountpoint_is_ours(&m)) {
        *ret = TAKE(m.path);
    }
    return code;
}

/* Somebody wants this one and no other. */
static int insist_on(const char *path, char **ret, struct buf *err)
{
    int code = look_at(path, ret, err);

    if (!code && !*ret) {
        buf_fail(err, 0, "%s is not an outlookfs mount", path);
        code = EX_TEMPFAIL;
    }
    return code;
}

/* The only mount of this user. */
static int find_own(char **ret, struct buf *err)
{
    SCOPED(xstrv_release) char **mounts = NULL;
    int code = EX_OK;

    if (mountpoint_list(getuid(), &mounts, err))
        return EX_OSERR;
    if (mounts[0] && mounts[1]) {
        buf_clear(err);
        buf_addf(err,
                 "several mounts; choose one with --mount, OUTLOOKFS_MOUNT or the configuration: ");
        for (size_t i = 0; mounts[i]; i++)
            buf_addf(err, "%s%s", i ? ", " : "", mounts[i]);
        code = EX_CONFIG;
    } else if (mounts[0]) {
        code = look_at(mounts[0], ret, err);
    }
    return code;
}

int sendmail_find_mount(const char *named, const char *configured, char **ret, struct buf *err)
{
    const char *env = getenv("OUTLOOKFS_MOUNT");

    *ret = NULL;
    if (named)
        return insist_on(named, ret, err);
    if (env && *env)
        return insist_on(env, ret, err);
    return configured ? look_at(configured, ret, err) : find_own(ret, err);
}

/* --- into its outbox --- */

/* "sendmail-20261123T091405Z-0123456789abcdef.json" */
static char *new_name(void)
{
    time_t now = (time_t)(clock_now() / NS_PER_S);
    uint64_t number;
    char date[32];
    struct tm tm;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        abort(); /* a request of this size is answered whole, or the kernel has no such call */
    strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    return xasprintf("sendmail-%s-%016" PRIx64 ".json", date, number);
}

/* A name that is not sent takes the bytes; the rename is the commit to the journal. It is unknown
 * whether a mount that ended at that moment has done it. */
static int write_renamed(int dir, const char *name, const char *text, bool *ret_unknown)
{
    SCOPED(xfree) char *temporary = xasprintf(".%s", name);
    int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : file_pwrite_all(fd, text, strlen(text), 0);

    if (!rc && fsync(fd))
        rc = -errno;
    if (fd >= 0 && close(fd) && !rc)
        rc = -errno;
    if (!rc && renameat(dir, temporary, dir, name)) {
        rc = -errno;
        *ret_unknown = rc == -ECONNABORTED;
    }
    if (rc && fd >= 0)
        unlinkat(dir, temporary, 0);
    return rc;
}

static int code_of_errno(int rc)
{
    switch (rc) {
    case 0:
        return EX_OK;
    case -EINVAL:
    case -EFBIG:
        return EX_DATAERR;
    case -EACCES:
    case -EPERM:
        return EX_NOPERM;
    case -EROFS:
        return EX_UNAVAILABLE;
    default:
        return EX_TEMPFAIL;
    }
}

int sendmail_queue(const char *mountpoint, const struct cJSON *message, char **ret_name,
                   struct buf *err)
{
    SCOPED(xfree)
    char *path = xasprintf("%s/outbox/%s", mountpoint, outgoing_info(OUTGOING_SEND)->dir);
    SCOPED(xfree) char *name = new_name();
    SCOPED(fd_release) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool unknown = false;
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

    int rc = dir < 0 ? -errno : render_record(message, &text);
    if (!rc)
        rc = write_renamed(dir, name, text.data, &unknown);
    if (unknown) {
        buf_fail(err, rc, "%s: the mount ended: %s may be sent when it is back; " LOOK_FIRST, path,
                 name);
    } else if (rc) {
        buf_fail(err, rc, "%s: %s", path, strerror(-rc));
    } else {
        *ret_name = TAKE(name);
    }
    return unknown ? EX_SOFTWARE : code_of_errno(rc);
}

/* --- to the service --- */

static int code_of_fault(const struct remote_fault *fault)
{
    if (fault->unknown)
        return EX_SOFTWARE;
    if (fault->grade == GRADE_AUTH || fault->grade == GRADE_DENIED)
        return EX_NOPERM;
    return grade_is_temporary(fault->grade) ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

/* A service that hangs is asked before it is sent anything, so that it is known what became of the mail. */
static int send_to(struct remote *remote, const struct cJSON *message, struct buf *err)
{
    SCOPED(xfree) char *text = json_print(message);
    struct remote_ctx ctx = {.priority = HTTP_INTERACTIVE};
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    char key[STR_UUID_SIZE];
    int code = EX_OK;

    str_uuid(key);
    enum grade grade = service_ask(remote, &fault);

    if (grade == GRADE_OK)
        grade = remote_send(remote, text, key, ctx, &fault);
    if (grade != GRADE_OK) {
        code = code_of_fault(&fault);
        buf_fail(err, 0, "%s%s",
                 fault.unknown ? "it may have been sent, nobody knows, " LOOK_FIRST ": " : "",
                 fault.reason ? fault.reason : grade_name(grade));
    }
    return code;
}

int sendmail_direct(struct settings *s, const struct cJSON *message, struct buf *err)
{
    const struct sandbox none = {0};
    struct token_source *tokens = NULL;
    struct remote *remote = NULL;

    if (settings_complete(s, err))
        return EX_CONFIG;
    log_setup(LOG_TO_STDERR, service_traced(s) ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
    if (service_connect(s, &none, &tokens, &remote, err))
        return EX_CONFIG;
    int code = send_to(remote, message, err);
    remote_destroy(remote);
    token_destroy(tokens);
    return code;
}
