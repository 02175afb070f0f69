/*
 * eml_out.c - the bytes of a mail on their way to a descriptor, or counted.
 */
#include "eml_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/buf.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_CHARS 76
#define LINE_BYTES ((size_t)LINE_CHARS / 4 * 3)
#define CHUNK (LINE_BYTES * 1024)

/* The classes our own code looks into are made here and stay: GLib would make each at its first use,
 * under a lock that ThreadSanitizer cannot see. */
static void init(void)
{
    g_mime_init();
    g_type_class_ref(GMIME_TYPE_PART);
    g_type_class_ref(GMIME_TYPE_TEXT_PART);
    g_type_class_ref(GMIME_TYPE_APPLICATION_PKCS7_MIME);
    g_type_class_ref(GMIME_TYPE_MESSAGE_PART);
    g_type_class_ref(GMIME_TYPE_MESSAGE_PARTIAL);
    g_type_class_ref(GMIME_TYPE_MULTIPART);
    g_type_class_ref(GMIME_TYPE_MULTIPART_SIGNED);
    g_type_class_ref(GMIME_TYPE_MULTIPART_ENCRYPTED);
    g_type_class_ref(INTERNET_ADDRESS_TYPE_GROUP);
    g_type_class_ref(INTERNET_ADDRESS_TYPE_MAILBOX);
    g_type_class_ref(GMIME_TYPE_STREAM_MEM);
}

void eml_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, init);
}

void eml_put(struct eml_out *out, const char *s, size_t n)
{
    if (out->rc || n == 0)
        return;
    out->size += n;
    out->last = s[n - 1];
    while (out->fd >= 0 && n) {
        ssize_t written = write(out->fd, s, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            out->rc = -errno;
            return;
        }
        s += written;
        n -= (size_t)written;
    }
}

void eml_puts(struct eml_out *out, const char *s)
{
    eml_put(out, s, strlen(s));
}

static size_t encoded_size(size_t n)
{
    size_t chars = (n + 2) / 3 * 4;

    return chars + (chars + LINE_CHARS - 1) / LINE_CHARS;
}

void eml_put_base64(struct eml_out *out, const char *s, size_t n)
{
    SCOPED(buf_release) struct buf lines = BUF_INIT(encoded_size(CHUNK));

    while (n && !out->rc) {
        size_t piece = n < LINE_BYTES ? n : LINE_BYTES;

        out->rc = base64_encode(&lines, s, piece);
        if (!out->rc)
            out->rc = buf_addch(&lines, '\n');
        s += piece;
        n -= piece;
        if (n == 0 || lines.len > lines.max - LINE_CHARS - 1) {
            eml_put(out, lines.data, lines.len);
            buf_clear(&lines);
        }
    }
}

/* As much as fits, less at the end only; or -errno. */
static ssize_t read_full(int fd, char *p, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t got = read(fd, p + done, n - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* Bytes left in a regular file; -1 for anything else. */
static off_t left_of_file(int fd)
{
    struct stat st;
    off_t at = lseek(fd, 0, SEEK_CUR);

    if (at < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
        return -1;
    return st.st_size > at ? st.st_size - at : 0;
}

void eml_put_base64_fd(struct eml_out *out, int fd)
{
    off_t left = out->fd < 0 ? left_of_file(fd) : -1;
    ssize_t got;

    if (left >= 0) {
        out->size += encoded_size((size_t)left);
        return;
    }
    SCOPED(xfree) char *chunk = xmalloc(CHUNK);
    do {
        got = read_full(fd, chunk, CHUNK);
        if (got > 0)
            eml_put_base64(out, chunk, (size_t)got);
    } while (got == (ssize_t)CHUNK && !out->rc);
    if (got < 0 && !out->rc)
        out->rc = (int)got;
}
