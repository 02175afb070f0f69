/*
 * sendmail_text.c - the text of a message: from standard input, and to ~/dead.letter when it cannot
 * be sent.
 */
#include "sendmail_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/file.h>
#include <outlookfs/base/str.h>
#include <outlookfs/formats/eml.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 * 1024)

/* --- reading --- */

/* The length of the line at `at`, with its end; what is left where it has none. */
static size_t line_length(const char *text, size_t len, size_t at)
{
    const char *end = memchr(text + at, '\n', len - at);

    return end ? (size_t)(end + 1 - (text + at)) : len - at;
}

static bool is_lone_dot(const char *line, size_t len)
{
    while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    return len == 1 && *line == '.';
}

/* Looks at the lines from *at on; true: one of them ends the message, and is cut off. */
static bool meets_dot(struct buf *text, size_t *at, bool at_end)
{
    while (*at < text->len) {
        size_t n = line_length(text->data, text->len, *at);

        if (!at_end && text->data[*at + n - 1] != '\n')
            return false;
        if (is_lone_dot(text->data + *at, n)) {
            buf_truncate(text, *at);
            return true;
        }
        *at += n;
    }
    return false;
}

int sendmail_read(int fd, bool dot_ends, struct buf *out, struct buf *err)
{
    SCOPED(xfree) char *piece = xmalloc(READ_BYTES);
    bool done = false;
    size_t at = 0;
    int rc = 0;

    while (!rc && !done) {
        ssize_t n = read(fd, piece, READ_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = buf_fail(err, -errno, "standard input: %s", strerror(errno));
        else if (buf_add(out, piece, (size_t)n))
            rc = buf_fail(err, -EFBIG, "the message is over %zu MiB", out->max >> 20);
        else
            done = (dot_ends && meets_dot(out, &at, n == 0)) || n == 0;
    }
    return rc;
}

/* --- what is not sent --- */

/* The mbox format: a line that begins like the one between two messages gets a '>'. */
static void add_mbox(struct buf *out, const struct buf *text)
{
    struct eml_shape shape = eml_look(text->data, text->len);
    time_t now = time(NULL);
    char date[64];
    struct tm tm;

    strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", gmtime_r(&now, &tm));
    buf_addf(out, "From outlookfs %s\n", date);
    for (size_t at = shape.start, n; at < text->len; at += n) {
        const char *line = text->data + at;

        if (at == shape.body && shape.gap)
            buf_addch(out, '\n');
        n = line_length(text->data, text->len, at);
        if (str_starts(line + strspn(line, ">"), "From "))
            buf_addch(out, '>');
        buf_add(out, line, n);
    }
    buf_addstr(out, text->len && text->data[text->len - 1] != '\n' ? "\n\n" : "\n");
}

/* A link or a pipe that somebody put there gets nothing. */
static int open_dead_letter(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

int sendmail_save(const struct buf *text, char **ret_path, struct buf *err)
{
    SCOPED(buf_release) struct buf letter = BUF_INIT(2 * SENDMAIL_TEXT_MAX);
    char *path = *ret_path = xasprintf("%s/dead.letter", settings_home());
    SCOPED(fd_release) int fd = open_dead_letter(path);
    int rc = fd < 0 ? fd : 0;

    if (!rc) {
        add_mbox(&letter, text);
        rc = file_write_all(fd, letter.data, letter.len);
    }
    if (!rc && fsync(fd))
        rc = -errno;
    return rc ? buf_fail(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}
