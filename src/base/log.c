/*
 * log.c - one line to standard error or syslog, and a ring of the last ones in memory.
 */
#include <outlookfs/base/log.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <outlookfs/base/mutex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

static const struct {
    const char *name;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

static atomic_int current_target = LOG_TO_STDERR;
static atomic_int current_level = LOG_LEVEL_INFO;

/* Whole lines only: `start` is always the first byte of one. */
static struct {
    struct mutex lock;
    size_t start;             /* guarded by lock */
    size_t len;               /* guarded by lock */
    char bytes[LOG_RING_MAX]; /* guarded by lock */
} ring = {.lock = MUTEX_INIT(MUTEX_LOG)};

void log_setup(enum log_target target, enum log_level level)
{
    if (target == LOG_TO_SYSLOG)
        openlog("outlookfs", LOG_PID, LOG_USER);
    atomic_store(&current_target, target);
    atomic_store(&current_level, level);
}

static void drop_line_locked(void)
{
    bool more = true;

    while (more && ring.len > 0) {
        more = ring.bytes[ring.start] != '\n';
        ring.start = (ring.start + 1) % LOG_RING_MAX;
        ring.len--;
    }
}

static void remember(const char *line, size_t n)
{
    LOCKED(&ring.lock);
    while (LOG_RING_MAX - ring.len < n)
        drop_line_locked();
    for (size_t i = 0; i < n; i++)
        ring.bytes[(ring.start + ring.len + i) % LOG_RING_MAX] = line[i];
    ring.len += n;
}

/* Names and error texts come from elsewhere: one line stays one line, and a terminal gets no
 * commands. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if (*text == '\n' || *text == '\t')
            *text = ' ';
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
    }
}

static void emit(enum log_level level, const char *text)
{
    switch (atomic_load(&current_target)) {
    case LOG_TO_STDERR:
        fprintf(stderr, "outlookfs: %s\n", text);
        break;
    case LOG_TO_SYSLOG:
        syslog(levels[level].priority, "%s", text);
        break;
    default:
        break;
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    int saved_errno = errno;
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);
    char date[32];
    va_list ap;

    if ((int)level > atomic_load(&current_level))
        return;

    va_start(ap, fmt);
    SCOPED(xfree) char *full = xvasprintf(fmt, ap);
    va_end(ap);
    make_printable(full);
    buf_fail(&text, 0, "%s", full); /* cuts what is too long */

    str_format_time(clock_now(), date);
    SCOPED(xfree) char *line = xasprintf("%s %s: %s\n", date, levels[level].name, text.data);
    remember(line, strlen(line));
    emit(level, text.data);

    errno = saved_errno;
}

int log_tail(struct buf *out)
{
    size_t before = out->len;

    mutex_lock(&ring.lock);
    size_t first = LOG_RING_MAX - ring.start; /* up to where the ring bends */
    if (first > ring.len)
        first = ring.len;
    int rc = buf_add(out, ring.bytes + ring.start, first);
    if (rc == 0)
        rc = buf_add(out, ring.bytes, ring.len - first);
    mutex_unlock(&ring.lock);

    if (rc)
        buf_truncate(out, before);
    return rc;
}
