/*
 * eml_write.c - a message as a mail: its parts, one after the other.
 *
 * GMime makes every header; the frame around the parts is written here, because an object of GMime
 * for each of 10,000 attachments would want as many open descriptors.
 *
 *     multipart/mixed              when there is an attachment
 *       multipart/related          when there are pictures of an HTML body
 *         the body
 *         a picture ...
 *       an attachment ...
 */
#include <outlookfs/base/file.h>
#include <outlookfs/formats/eml.h>

#include "eml_p.h"
#include "formats_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* RFC 5322, 2.1.1 */
#define LINE_MAX_BYTES 998

/* In every boundary, and in no encoded text: "=" of quoted-printable is followed by two hex digits,
 * base64 has no "_". */
#define BOUNDARY_MARK "=_"

struct writer {
    struct eml_out out;
    const cJSON *message;
    const struct eml_source *source;
    struct buf *err;
};

/* --- parts --- */

static void put_headers(struct writer *w, GMimeObject *part)
{
    g_autofree char *text = g_mime_object_get_headers(part, NULL);

    eml_puts(&w->out, text);
    eml_puts(&w->out, "\n");
}

/* Between two parts, or with "--" behind the last one. */
static void put_boundary(struct writer *w, const char *boundary, const char *end)
{
    eml_puts(&w->out, "\n--");
    eml_puts(&w->out, boundary);
    eml_puts(&w->out, end);
    eml_puts(&w->out, "\n");
}

/* Up to the first part; `boundary` holds at least 32 bytes. */
static void put_multipart(struct writer *w, const char *subtype, char *boundary)
{
    GMimeMultipart *part = g_mime_multipart_new_with_subtype(subtype);

    snprintf(boundary, 32, BOUNDARY_MARK "%016" PRIx64 "_%c", eml_key(w->message), subtype[0]);
    g_mime_multipart_set_boundary(part, boundary);
    put_headers(w, GMIME_OBJECT(part));
    eml_puts(&w->out, "--");
    eml_puts(&w->out, boundary);
    eml_puts(&w->out, "\n");
    g_object_unref(part);
}

/* --- the body --- */

/* Lines end with "\n"; the service gives "\r\n", and others alone where somebody pasted them. */
static void unix_lines(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p != '\r')
            buf_addch(out, *p);
        else if (p[1] != '\n')
            buf_addch(out, '\n');
    }
}

static bool is_plain(const char *text, size_t n)
{
    size_t length = 0;

    for (size_t i = 0; i < n; i++) {
        length = text[i] == '\n' ? 0 : length + 1;
        if ((unsigned char)text[i] >= 0x80 || length > LINE_MAX_BYTES)
            return false;
    }
    return !strstr(text, BOUNDARY_MARK);
}

static GMimeContentEncoding choose_encoding(const struct buf *text)
{
    if (is_plain(text->data, text->len))
        return GMIME_CONTENT_ENCODING_7BIT;
    if (g_mime_utils_best_encoding((const unsigned char *)text->data, text->len) ==
        GMIME_CONTENT_ENCODING_BASE64)
        return GMIME_CONTENT_ENCODING_BASE64;
    return GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

/* RFC 2045, 6.7 and 6.8: text in base64 has the line ends of the network in it. */
static void put_network_lines(struct writer *w, const struct buf *text)
{
    SCOPED(buf_release) struct buf lines = BUF_INIT(2 * text->len);

    for (const char *p = text->data; *p; p++) {
        if (*p == '\n')
            buf_addch(&lines, '\r');
        buf_addch(&lines, *p);
    }
    eml_put_base64(&w->out, lines.data, lines.len);
}

static void put_quoted(struct writer *w, const struct buf *text)
{
    GMimeFilter *filter = g_mime_filter_basic_new(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, TRUE);
    size_t n, before;
    char *encoded;

    g_mime_filter_complete(filter, text->data, text->len, 0, &encoded, &n, &before);
    eml_put(&w->out, encoded, n);
    g_object_unref(filter);
}

static void put_text(struct writer *w, const struct buf *text, GMimeContentEncoding encoding)
{
    if (encoding == GMIME_CONTENT_ENCODING_BASE64)
        put_network_lines(w, text);
    else if (encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
        put_quoted(w, text);
    else
        eml_put(&w->out, text->data, text->len);
}

static void put_body(struct writer *w)
{
    bool html = json_bool(w->message, "IsHtml", false);
    const char *body = json_str(w->message, "Body");
    GMimePart *part = g_mime_part_new_with_type("text", html ? "html" : "plain");
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    GMimeContentEncoding encoding;

    unix_lines(&text, body ? body : "");
    encoding = choose_encoding(&text);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    g_mime_part_set_content_encoding(part, encoding);
    put_headers(w, GMIME_OBJECT(part));
    put_text(w, &text, encoding);
    g_object_unref(part);
}

/* --- attachments --- */

/* A picture the body shows by its content id. */
static bool is_related(const cJSON *message, const cJSON *attachment)
{
    return json_bool(message, "IsHtml", false) && json_bool(attachment, "IsInline", false) &&
           text_has(json_str(attachment, "ContentId"));
}

static size_t count(const cJSON *message, bool related)
{
    const cJSON *attachment;
    size_t n = 0;

    cJSON_ArrayForEach(attachment, json_get(message, "Attachments"))
    {
        n += is_related(message, attachment) == related;
    }
    return n;
}

static bool is_token(const char *s)
{
    if (!s || !*s || strlen(s) > 127)
        return false;
    for (; *s; s++) {
        if (!g_ascii_isalnum(*s) && !strchr("!#$&-^_.+", *s))
            return false;
    }
    return true;
}

/* The attachments are in base64, in which a message or multipart must not be. */
static GMimePart *new_part(const cJSON *attachment)
{
    const char *given = json_str(attachment, "ContentType");
    GMimeContentType *type = given ? g_mime_content_type_parse(NULL, given) : NULL;
    const char *media = type ? g_mime_content_type_get_media_type(type) : NULL;
    const char *subtype = type ? g_mime_content_type_get_media_subtype(type) : NULL;
    GMimePart *part;

    if (is_token(media) && is_token(subtype) && g_ascii_strcasecmp(media, "message") != 0 &&
        g_ascii_strcasecmp(media, "multipart") != 0)
        part = g_mime_part_new_with_type(media, subtype);
    else
        part = g_mime_part_new_with_type("application", "octet-stream");
    if (type)
        g_object_unref(type);
    return part;
}

/* The text within "<>", or nothing where it cannot be in a header. */
static void set_content_id(GMimePart *part, const char *given)
{
    size_t n;

    if (!given)
        return;
    given += *given == '<';
    n = strcspn(given, "<> \t\r\n");
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)given[i] < ' ' || (unsigned char)given[i] >= 0x7f)
            return;
    }
    if (n > 0 && n < LINE_MAX_BYTES / 2) {
        char *id = g_strndup(given, n);

        g_mime_part_set_content_id(part, id);
        g_free(id);
    }
}

static void put_attachment_headers(struct writer *w, const cJSON *attachment)
{
    GMimePart *part = new_part(attachment);
    SCOPED(buf_release) struct buf name = BUF_INIT(JSON_TEXT_MAX);

    g_mime_object_set_disposition(GMIME_OBJECT(part), json_bool(attachment, "IsInline", false)
                                                          ? GMIME_DISPOSITION_INLINE
                                                          : GMIME_DISPOSITION_ATTACHMENT);
    if (text_line(&name, json_str(attachment, "Name")) == 0 && text_has(name.data))
        g_mime_part_set_filename(part, name.data);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    set_content_id(part, json_str(attachment, "ContentId"));
    put_headers(w, GMIME_OBJECT(part));
    g_object_unref(part);
}

static int put_attachment(struct writer *w, const cJSON *attachment)
{
    const char *id = json_str(attachment, "Id");

    if (!id || !w->source)
        return buf_fail(w->err, -EINVAL, "an attachment has no Id to get it by");
    SCOPED(fd_release) int fd = w->source->open(w->source->ctx, id, w->err);
    if (fd < 0)
        return fd;
    put_attachment_headers(w, attachment);
    eml_put_base64_fd(&w->out, fd);
    return 0;
}

static int put_attachments(struct writer *w, bool related, const char *boundary)
{
    const cJSON *attachment;

    cJSON_ArrayForEach(attachment, json_get(w->message, "Attachments"))
    {
        int rc;

        if (is_related(w->message, attachment) != related)
            continue;
        put_boundary(w, boundary, "");
        rc = put_attachment(w, attachment);
        if (rc)
            return rc;
        if (w->out.rc)
            break;
    }
    put_boundary(w, boundary, "--");
    return 0;
}

/* --- the whole --- */

static int put_content(struct writer *w)
{
    char boundary[32];

    if (!count(w->message, true)) {
        put_body(w);
        return 0;
    }
    put_multipart(w, "related", boundary);
    put_body(w);
    return put_attachments(w, true, boundary);
}

static int put_parts(struct writer *w)
{
    char boundary[32];

    if (!count(w->message, false))
        return put_content(w);
    put_multipart(w, "mixed", boundary);
    int rc = put_content(w);
    return rc ? rc : put_attachments(w, false, boundary);
}

int eml_write(const struct cJSON *message, const struct eml_source *source, int fd,
              size_t *ret_size, struct buf *err)
{
    struct writer w = {.out = {.fd = fd}, .message = message, .source = source, .err = err};

    eml_init();
    g_autofree char *headers = eml_headers(message);
    eml_puts(&w.out, headers);
    int rc = put_parts(&w);
    if (rc)
        return rc;
    if (w.out.last != '\n')
        eml_puts(&w.out, "\n");
    if (w.out.rc)
        return buf_fail(err, w.out.rc, "writing a mail: %s", strerror(-w.out.rc));
    *ret_size = w.out.size;
    return 0;
}
