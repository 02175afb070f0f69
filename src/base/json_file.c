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

/* The string is no plain one: what was not added is. */
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

static enum json_shape scan(const struct json_file *f, struct json_where *where,
                            const char **ret_reason)
{
    struct json_where found = {1, 1};
    enum json_shape shape = json_scan_reason(f->text.data, f->text.len, &found, ret_reason);
    unsigned column = found.column;

    for (size_t i = 0; i < f->ngaps; i++)
        if (f->gaps[i].where.line == found.line && f->gaps[i].where.column < column)
            found.column += (unsigned)f->gaps[i].len;
    if (where && shape != JSON_COMPLETE)
        *where = found;
    return shape;
}

enum json_shape json_file_scan(const struct json_file *f, struct json_where *where)
{
    const char *reason;

    return scan(f, where, &reason);
}

/* The next string of the tree, in the text's order; `slot` has the "" that stands for it. */
struct filler {
    const struct json_file *f;
    size_t strings;
    size_t gap;
};

static int fill_string(struct filler *filler, char **slot)
{
    const struct json_file *f = filler->f;

    filler->strings++;
    if (filler->gap == f->ngaps || f->gaps[filler->gap].string != filler->strings)
        return 0;
    const struct json_gap *gap = &f->gaps[filler->gap++];
    char *string = xmalloc(gap->len + 1); /* cJSON has malloc() and free(), too */
    int rc = read_at(f->fd, string, gap->len, gap->at);
    string[gap->len] = '\0';
    for (size_t i = 0; !rc && i < gap->len; i++)
        if (!is_base64(string[i]))
            rc = -EBUSY;
    if (rc) {
        free(string);
        return rc;
    }
    cJSON_free(*slot);
    *slot = string;
    return 0;
}

static int fill(struct filler *filler, cJSON *value)
{
    cJSON *child;
    int rc = value->string ? fill_string(filler, &value->string) : 0;

    if (!rc && cJSON_IsString(value))
        rc = fill_string(filler, &value->valuestring);
    cJSON_ArrayForEach(child, value)
    {
        if (!rc)
            rc = fill(filler, child);
    }
    return rc;
}

/* With the right position where it is wrong. */
static int parse_around(const struct json_file *f, cJSON **ret, struct buf *err)
{
    struct json_where where;
    const char *reason;

    if (scan(f, &where, &reason) != JSON_COMPLETE)
        return buf_fail(err, -EINVAL, "%u:%u: %s", where.line, where.column, reason);
    return json_parse_any(f->text.data, f->text.len, ret, err);
}

int json_file_parse(const struct json_file *f, bool mend, cJSON **ret, struct buf *err)
{
    struct filler filler = {.f = f};
    bool mended;
    cJSON *obj;
    int rc = mend ? json_parse_mended(f->text.data, f->text.len, &obj, &mended, err)
                  : parse_around(f, &obj, err);

    if (rc)
        return rc;
    if (!cJSON_IsObject(obj))
        rc = buf_fail(err, -EINVAL, JSON_NOT_OBJECT);
    else if ((rc = fill(&filler, obj)))
        buf_fail(err, rc, "the text: %s", strerrordesc_np(-rc));
    if (rc)
        cJSON_Delete(obj);
    else
        *ret = obj;
    return rc;
}
