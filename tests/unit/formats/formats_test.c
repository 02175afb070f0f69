/*
 * formats_test.c - what the tests of this layer share.
 */
#include "formats_test.h"

#include <outlookfs/base/file.h>

#include <sys/mman.h>
#include <unistd.h>

cJSON *object(const char *literal)
{
    char *text = xstrdup(literal);
    cJSON *obj;

    for (char *p = text; *p; p++) {
        if (*p == '\'')
            *p = '"';
    }
    obj = cJSON_Parse(text);
    free(text);
    assert_non_null(obj);
    return obj;
}

char *repeated(const char *text, size_t times)
{
    struct buf b;
    char *result;

    buf_init(&b, OUT_MAX);
    for (size_t i = 0; i < times; i++)
        assert_int_equal(buf_addstr(&b, text), 0);
    result = buf_detach(&b);
    buf_release(&b);
    return result;
}

int bytes_fd(const void *p, size_t n)
{
    int fd = memfd_create("bytes", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(file_pwrite_all(fd, p, n, 0), 0);
    return fd;
}

void read_back(int fd, struct buf *out)
{
    assert_int_equal(file_read_fd(fd, out), 0);
}

static int open_source(void *ctx, const char *attachment, struct buf *err)
{
    struct source *s = ctx;
    char *bytes;
    int fd;

    assert_non_null(attachment);
    s->opened++;
    if (s->rc)
        return buf_fail(err, s->rc, "no %s today", attachment);
    bytes = repeated("x", s->size);
    fd = bytes_fd(bytes, s->size);
    free(bytes);
    return fd;
}

struct eml_source source_of(struct source *s)
{
    return (struct eml_source){.open = open_source, .ctx = s};
}

int written(const cJSON *message, struct source *s, struct buf *out)
{
    struct eml_source source = source_of(s);
    int fd = bytes_fd("", 0);
    size_t size = 0, counted = 0;
    int rc = eml_write(message, &source, fd, &size, NULL);

    if (!rc) {
        assert_int_equal(eml_write(message, &source, -1, &counted, NULL), 0);
        read_back(fd, out);
        assert_int_equal(size, out->len);
        assert_int_equal(counted, size);
    }
    close(fd);
    return rc;
}

cJSON *parsed(const char *mail, const struct eml_envelope *envelope)
{
    int fd = bytes_fd(mail, strlen(mail));
    struct buf err;
    cJSON *obj = NULL;

    buf_init(&err, BUF_TEXT_MAX);
    if (eml_read(fd, envelope, &obj, &err)) {
        print_error("%s\n", err.data);
        fail();
    }
    buf_release(&err);
    close(fd);
    return obj;
}
