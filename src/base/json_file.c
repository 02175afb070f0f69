/*
 * json_file.c - the text around long strings, and the strings put back from the file.
 */
#include <outlookfs/base/json_file.h>

#include <outlookfs/base/alloc.h>

#include "json_p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)16 * 1024)

struct json_gap {
    size_t string; /* which string of the text it is, names included; the first is 1 */
    off_t at;      /* in the file */
    size_t len;
    struct json_where where; /* in the text without it */
};

/* --- reading --------------------------------------------------------------------------------- */

/* At one byte of the file. Inside a malformed text it may be wrong about what is a string. */
struct reader {
    struct json_file *f;
    off_t pos;
    struct json_where where; /* in the text so far */
    size_t strings;

    bool inside, escaped;
    bool plain;  /* the string has base64 only, so far: what is over JSON_FILE_KEPT is not added */
    off_t start; /* of the string, behind the quote */
};

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
}

static int add(struct reader *r, char c)
{
    if (c == '\n') {
        r->where.line++;
        r->where.column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        r->where.column++;
    }
    return buf_addch(&r->f->text, c);
}

static int read_at(int fd, char *out, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t n = pread(fd, out, len, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EBUSY;
        out += n;
        len -= (size_t)n;
        at += n;
    }
    return 0;
}

static bool is_held(const struct reader *r)
{
    return r->inside && r->plain && r->pos - r->start > JSON_FILE_KEPT;
}

/* The string is not a plain one: what was not added is. */
static int add_held(struct reader *r)
{
    off_t at = r->start + JSON_FILE_KEPT;
    char chunk[READ_CHUNK];
    int rc = 0;

    while (!rc && at < r->pos) {
        size_t left = (size_t)(r->pos - at), n = left < sizeof(chunk) ? left : sizeof(chunk);

        rc = read_at(r->f->fd, chunk, n, at);
        for (size_t i = 0; !rc && i < n; i++)
            rc = add(r, chunk[i]);
        at += (off_t)n;
    }
    return rc;
}

static void leave_in_file(struct reader *r)
{
    struct json_file *f = r->f;

    buf_truncate(&f->text, f->text.len - JSON_FILE_KEPT);
    r->where.column -= JSON_FILE_KEPT;
    f->gaps = xrealloc(f->gaps, (f->ngaps + 1) * sizeof(*f->gaps));
    f->gaps[f->ngaps++] = (struct json_gap){.string = r->strings,
                                            .at = r->start,
                                            .len = (size_t)(r->pos - r->start),
                                            .where = r->where};
}

static int step_inside(struct reader *r, char c)
{
    int rc = 0;

    if (r->plain && is_base64(c))
        return r->pos - r->start < JSON_FILE_KEPT ? add(r, c) : 0;
    if (c == '"' && !r->escaped) {
        if (is_held(r))
            leave_in_file(r);
        r->inside = false;
        return add(r, c);
    }
    if (is_held(r))
        rc = add_held(r);
    r->plain = false;
    r->escaped = c == '\\' && !r->escaped;
    return rc ? rc : add(r, c);
}

static int step(struct reader *r, char c)
{
    if (r->inside)
        return step_inside(r, c);
    if (c == '"') {
        r->strings++;
        r->inside = true;
        r->plain = true;
        r->escaped = false;
        r->start = r->pos + 1;
    }
    return add(r, c);
}

static int read_text(struct reader *r)
{
    char chunk[READ_CHUNK];

    for (;;) {
        ssize_t n = pread(r->f->fd, chunk, sizeof(chunk), r->pos);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : 0;
        for (ssize_t i = 0; i < n; i++, r->pos++) {
            int rc = step(r, chunk[i]);

            if (rc)
                return rc;
        }
        if (r->pos > (off_t)JSON_TEXT_MAX)
            return -EFBIG;
    }
}

int json_file_read(struct json_file *ret, int fd)
{
    struct reader r = {.f = ret, .where = {1, 1}};

    *ret = (struct json_file){.fd = fd};
    buf_init(&ret->text, JSON_TEXT_MAX);
    int rc = read_text(&r);
    if (!rc && is_held(&r))
        rc = add_held(&r);
    return rc == -ENOBUFS ? -EFBIG : rc;
}

void json_file_release(struct json_file *f)
{
    buf_release(&f->text);
    free(f->gaps);
    *f = (struct json_file){.fd = -1};
}

/* --- parsing --------------------------------------------------------------------------------- */

/* The position in the whole text. */
static struct json_where whole_where(const struct json_file *f, struct json_where where)
{
    unsigned column = where.column;

    for (size_t i = 0; i < f->ngaps; i++)
        if (f->gaps[i].where.line == where.line && f->gaps[i].where.column < column)
            where.column += (unsigned)f->gaps[i].len;
    return where;
}

enum json_shape json_file_scan(const struct json_file *f, struct json_where *where)
{
    enum json_shape shape = json_scan(f->text.data, f->text.len, where);

    if (where && shape != JSON_COMPLETE)
        *where = whole_where(f, *where);
    return shape;
}

/* The strings of the tree in the text's order. */
struct filler {
    const struct json_file *f;
    size_t strings;
    size_t gap;
};

/* `slot` has the "" that stands for a string in the file. */
static int fill_string(void *ctx, char **slot)
{
    struct filler *filler = ctx;
    const struct json_file *f = filler->f;

    filler->strings++;
    if (filler->gap == f->ngaps || f->gaps[filler->gap].string != filler->strings)
        return 0;
    const struct json_gap *gap = &f->gaps[filler->gap++];
    char *string = xmalloc(gap->len + 1);
    int rc = read_at(f->fd, string, gap->len, gap->at);
    string[gap->len] = '\0';
    for (size_t i = 0; !rc && i < gap->len; i++)
        if (!is_base64(string[i]))
            rc = -EBUSY;
    if (rc) {
        free(string);
        return rc;
    }
    free(*slot);
    *slot = string;
    return 0;
}

int json_file_parse(const struct json_file *f, bool mend, cJSON **ret, struct buf *err)
{
    struct filler filler = {.f = f};
    struct json_build build = {.mend = mend, .string = fill_string, .ctx = &filler};
    cJSON *obj = NULL;
    enum json_shape shape = json_build(&build, f->text.data, f->text.len, &obj);

    if (build.error)
        return buf_fail(err, build.error, "the text: %s", strerrordesc_np(-build.error));
    if (shape != JSON_COMPLETE) {
        struct json_where where = whole_where(f, build.where);

        return buf_fail(err, -EINVAL, "%u:%u: %s", where.line, where.column, build.reason);
    }
    if (!cJSON_IsObject(obj)) {
        cJSON_Delete(obj);
        return buf_fail(err, -EINVAL, JSON_NOT_OBJECT);
    }
    *ret = obj;
    return 0;
}
