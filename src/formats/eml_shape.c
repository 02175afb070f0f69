/*
 * eml_shape.c - where the headers of a mail and of its parts begin and end, whatever wrote it.
 */
#include <outlookfs/formats/eml.h>

#include "eml_read_p.h"
#include "header_p.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MBOX_LINE "From "
#define NESTING_MAX 100 /* multiparts in each other; nobody nests so deep who means it */

/* The length of the line at `at`, with its end; what is left where it has none. */
static size_t line_length(const char *text, size_t len, size_t at)
{
    const char *end = memchr(text + at, '\n', len - at);

    return end ? (size_t)(end + 1 - (text + at)) : len - at;
}

static bool begins(const char *text, size_t len, size_t at, const char *mark)
{
    return len - at >= strlen(mark) && memcmp(text + at, mark, strlen(mark)) == 0;
}

/* "Subject: ..."; RFC 5322, 4.5 has blanks before the colon. */
static bool is_header(const char *line, size_t len)
{
    size_t n = 0;

    while (n < len && line[n] > ' ' && line[n] < 127 && line[n] != ':')
        n++;
    size_t name = n;
    while (n < len && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return name > 0 && n < len && line[n] == ':';
}

static bool is_empty(const char *line, size_t len)
{
    return len == 0 || line[0] == '\n' || (len > 1 && line[0] == '\r' && line[1] == '\n');
}

struct eml_shape eml_look(const char *text, size_t len)
{
    struct eml_shape shape = {0};

    if (begins(text, len, 0, BYTE_ORDER_MARK))
        shape.start = strlen(BYTE_ORDER_MARK);
    if (begins(text, len, shape.start, MBOX_LINE))
        shape.start += line_length(text, len, shape.start);
    shape.body = shape.start;
    while (shape.body < len) {
        const char *line = text + shape.body;
        size_t n = line_length(text, len, shape.body);
        bool folded = shape.body > shape.start && (*line == ' ' || *line == '\t');

        if (is_empty(line, n))
            return shape;
        if (!folded && !is_header(line, n)) {
            shape.gap = true;
            return shape;
        }
        shape.body += n;
    }
    return shape;
}

/* --- an empty line behind each block of headers --- */

/* A multipart that is open. */
struct multipart {
    char *boundary;
    bool digest; /* its parts are mails where they do not say what they are */
};

struct mender {
    GByteArray *out;
    GArray *open;         /* of struct multipart, the innermost last */
    bool in_headers;      /* else in a body */
    bool first;           /* no line of this block was seen */
    bool mail;            /* the block is a mail's, before which a "From " line may stand */
    GString *type, *code; /* Content-Type and Content-Transfer-Encoding of the block */
    GString *value;       /* the one that may go on in the next line; or NULL */
};

static void begin_headers(struct mender *m, bool mail)
{
    m->in_headers = m->first = true;
    m->mail = mail;
    m->value = NULL;
    g_string_truncate(m->type, 0);
    g_string_truncate(m->code, 0);
}

static bool has_type(const struct mender *m, const char *type)
{
    const char *p = m->type->str + strspn(m->type->str, " \t\r\n\"");

    return g_ascii_strncasecmp(p, type, strlen(type)) == 0;
}

/* Headers of a mail follow those of the part that carries it, unless it is encoded. */
static bool carries_mail(const struct mender *m)
{
    const char *code = m->code->str + strspn(m->code->str, " \t\r\n");
    bool encoded = !g_ascii_strncasecmp(code, "base64", 6) ||
                   !g_ascii_strncasecmp(code, "quoted-printable", 16);
    bool digest = m->open->len && g_array_index(m->open, struct multipart, m->open->len - 1).digest;

    return !encoded && (has_type(m, "message/rfc822") || has_type(m, "message/global") ||
                        (digest && !m->type->len && !m->mail));
}

static void end_headers(struct mender *m)
{
    m->in_headers = false;
    if (has_type(m, "multipart/")) {
        struct multipart one = {.boundary = header_parameter(m->type->str, "boundary"),
                                .digest = has_type(m, "multipart/digest")};

        if (one.boundary && m->open->len < NESTING_MAX)
            g_array_append_val(m->open, one);
        else
            g_free(one.boundary);
    } else if (carries_mail(m)) {
        begin_headers(m, true);
    }
}

static void close_multiparts(struct mender *m, guint left)
{
    while (m->open->len > left) {
        g_free(g_array_index(m->open, struct multipart, m->open->len - 1).boundary);
        g_array_set_size(m->open, m->open->len - 1);
    }
}

/* "--boundary", or "--boundary--", of a multipart that is open. */
static bool is_boundary(struct mender *m, const char *line, size_t len)
{
    if (len < 3 || line[0] != '-' || line[1] != '-')
        return false;
    for (guint i = m->open->len; i-- > 0;) {
        const char *boundary = g_array_index(m->open, struct multipart, i).boundary;
        size_t n = strlen(boundary);
        bool ends = len >= n + 4 && line[n + 2] == '-' && line[n + 3] == '-';

        if (len < n + 2 || memcmp(line + 2, boundary, n) != 0 ||
            (!ends && len > n + 2 && !strchr(" \t\r\n", line[n + 2])))
            continue;
        close_multiparts(m, ends ? i : i + 1);
        if (ends)
            m->in_headers = false;
        else
            begin_headers(m, false);
        return true;
    }
    return false;
}

static void add_header(struct mender *m, const char *line, size_t len)
{
    static const char type[] = "Content-Type", code[] = "Content-Transfer-Encoding";
    bool folded = *line == ' ' || *line == '\t';
    const char *colon = memchr(line, ':', len);

    if (!folded)
        m->value = !g_ascii_strncasecmp(line, type, strlen(type))   ? m->type
                   : !g_ascii_strncasecmp(line, code, strlen(code)) ? m->code
                                                                    : NULL;
    if (m->value && (folded || !m->value->len))
        g_string_append_len(m->value, folded ? line : colon + 1,
                            (gssize)(folded ? len : len - (size_t)(colon + 1 - line)));
    for (size_t i = 0; i < len; i++) { /* GMime ends a header at a NUL */
        if (line[i])
            g_byte_array_append(m->out, (const guint8 *)line + i, 1);
    }
    m->first = false;
}

static void take_line(struct mender *m, const char *line, size_t len)
{
    bool boundary = is_boundary(m, line, len);

    while (!boundary && m->in_headers) {
        if (m->first && m->mail && begins(line, len, 0, MBOX_LINE))
            return;
        if (is_empty(line, len)) {
            end_headers(m);
            break;
        }
        if ((!m->first && (*line == ' ' || *line == '\t')) || is_header(line, len)) {
            add_header(m, line, len);
            return;
        }
        if (m->first && m->mail &&
            m->out->len) { /* what a part calls a mail is none: it is refused */
            m->in_headers = false;
            break;
        }
        g_byte_array_append(m->out, (const guint8 *)"\n", 1);
        end_headers(m);
    }
    g_byte_array_append(m->out, (const guint8 *)line, (guint)len);
}

void eml_mend(GByteArray *raw)
{
    const char *text = (const char *)raw->data;
    struct mender m = {.out = g_byte_array_new(),
                       .open = g_array_new(FALSE, FALSE, sizeof(struct multipart)),
                       .type = g_string_new(NULL),
                       .code = g_string_new(NULL)};
    size_t at = begins(text, raw->len, 0, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0;

    begin_headers(&m, true);
    while (at < raw->len) {
        size_t n = line_length(text, raw->len, at);

        take_line(&m, text + at, n);
        at += n;
    }
    g_byte_array_set_size(raw, 0);
    g_byte_array_append(raw, m.out->data, m.out->len);
    close_multiparts(&m, 0);
    g_array_free(m.open, TRUE);
    g_string_free(m.type, TRUE);
    g_string_free(m.code, TRUE);
    g_byte_array_free(m.out, TRUE);
}
