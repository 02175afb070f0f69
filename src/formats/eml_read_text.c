/*
 * eml_read_text.c - the text of a part of a mail.
 */
#include "eml_read_p.h"
#include "formats_p.h"
#include "header_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/charset.h>
#include <outlookfs/base/str.h>

#include <string.h>

/* --- types --- */

static size_t token_length(const char *p)
{
    return strcspn(p, "()<>@,;:\\\"/[]?= \t\r\n");
}

static const char *skip_white(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* "type/subtype". */
static bool is_readable(const char *raw)
{
    raw = skip_white(raw);
    size_t n = token_length(raw);
    raw = skip_white(raw + n);
    return n && *raw == '/' && token_length(skip_white(raw + 1));
}

/* RFC 2045, 5.2: text/plain where a part does not say what it is, or not so that it can be read. A
 * multipart whose parts cannot be found is text, too. */
bool eml_is_type(GMimeObject *part, const char *type, const char *subtype)
{
    const char *raw = eml_header(part, "Content-Type");

    if ((raw && !is_readable(raw)) || GMIME_IS_MULTIPART(part))
        return g_ascii_strcasecmp(type, "text") == 0 &&
               (g_ascii_strcasecmp(subtype, "plain") == 0 || str_eq(subtype, "*"));
    return g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype);
}

/* --- bytes --- */

static GByteArray *written(GMimeObject *object)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    if (GMIME_IS_MESSAGE(object))
        g_mime_object_write_to_stream(object, NULL, stream);
    else
        g_mime_object_write_content_to_stream(object, NULL, stream);
    g_object_unref(stream);
    return bytes;
}

/* Decoded, or as it stands in the mail. */
static GByteArray *content(GMimePart *part, bool decoded)
{
    GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
    GMimeStream *stream = g_mime_stream_mem_new();
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    if (wrapper && decoded) {
        g_mime_data_wrapper_write_to_stream(wrapper, stream);
    } else if (wrapper) {
        g_mime_stream_reset(g_mime_data_wrapper_get_stream(wrapper));
        g_mime_stream_write_to_stream(g_mime_data_wrapper_get_stream(wrapper), stream);
    }
    g_object_unref(stream);
    return bytes;
}

static bool is_base64(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool blank = g_ascii_isspace(line[i]);

        if (!blank && !g_ascii_isalnum(line[i]) && (!line[i] || !strchr("+/=", line[i])))
            return false;
        if (blank && i + 1 < n && g_ascii_isalnum(line[i + 1]))
            return false; /* words */
    }
    return true;
}

/* Bytes of the lines that are base64; what is behind them, or instead of them, was written by
 * somebody who did not encode it: the footer of a mailing list. */
static guint base64_length(const GByteArray *raw)
{
    const char *text = (const char *)raw->data;
    guint done = 0;

    while (done < raw->len) {
        const char *end = memchr(text + done, '\n', raw->len - done);
        guint n = end ? (guint)(end - text) - done + 1 : raw->len - done;

        if (!is_base64(text + done, n))
            break;
        done += n;
    }
    return done;
}

/* GMime ends at the first padding and drops what is not padded. */
static GByteArray *base64_bytes(GMimePart *part)
{
    g_autoptr(GByteArray) raw = content(part, false);
    GByteArray *bytes = g_byte_array_new();
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    bool text = g_mime_content_type_is_type(type, "text", "*");
    guint n = base64_length(raw);

    header_base64(bytes, (const char *)raw->data, n);
    if (n < raw->len && (text || !bytes->len)) {
        if (bytes->len && bytes->data[bytes->len - 1] != '\n')
            g_byte_array_append(bytes, (const guint8 *)"\n", 1);
        g_byte_array_append(bytes, raw->data + n, raw->len - n);
    }
    return bytes;
}

static GByteArray *part_bytes(GMimePart *part)
{
    bool base64 = g_mime_part_get_content_encoding(part) == GMIME_CONTENT_ENCODING_BASE64;

    return base64 ? base64_bytes(part) : content(part, true);
}

static GByteArray *multipart_bytes(GMimeMultipart *multipart)
{
    const char *texts[] = {g_mime_multipart_get_prologue(multipart),
                           g_mime_multipart_get_epilogue(multipart)};
    GByteArray *bytes = g_byte_array_new();

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (texts[i])
            g_byte_array_append(bytes, (const guint8 *)texts[i], (guint)strlen(texts[i]));
    }
    return bytes;
}

GByteArray *eml_content(GMimeObject *part)
{
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *mail = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));

        return mail ? written(GMIME_OBJECT(mail)) : g_byte_array_new();
    }
    if (GMIME_IS_MULTIPART(part))
        return multipart_bytes(GMIME_MULTIPART(part));
    return GMIME_IS_PART(part) ? part_bytes(GMIME_PART(part)) : written(part);
}

/* --- text --- */

static void unix_lines(struct buf *text)
{
    size_t kept = 0;

    for (size_t i = 0; i < text->len; i++) {
        if (!(text->data[i] == '\r' && text->data[i + 1] == '\n'))
            text->data[kept++] = text->data[i];
    }
    buf_truncate(text, kept);
}

static bool has_parameter(GMimeObject *part, const char *name, const char *value)
{
    g_autofree char *given = header_parameter(eml_header(part, "Content-Type"), name);

    return given && g_ascii_strcasecmp(given, value) == 0;
}

/* One line of a text with soft line ends (RFC 3676). */
struct flowed {
    const char *text; /* without quotation marks, stuffing, line end and, where `joins`, what a
                         deleted blank is */
    size_t len;
    size_t depth; /* of quotation */
    bool joins;   /* the next line goes on */
};

static struct flowed read_flowed(const char *line, size_t n, bool deletes)
{
    struct flowed f = {.depth = strspn(line, ">")};

    f.text = line + f.depth;
    f.len = n - f.depth;
    if (f.len && *f.text == ' ') {
        f.text++;
        f.len--;
    }
    f.joins = f.len && f.text[f.len - 1] == ' ' && !(f.len == 3 && str_starts(f.text, "-- "));
    if (f.joins && deletes)
        f.len--;
    return f;
}

/* Takes the soft line ends out; quotations keep their marks, once a paragraph. */
static int unflow(const struct buf *text, bool deletes, struct buf *out)
{
    size_t depth = 0;
    bool open = false;
    int rc = 0;

    for (const char *line = text->data; *line && !rc;) {
        size_t n = strcspn(line, "\n");
        struct flowed f = read_flowed(line, n, deletes);

        if (open && f.depth != depth)
            rc = buf_addch(out, '\n');
        for (size_t i = 0; (!open || f.depth != depth) && i < f.depth && !rc; i++)
            rc = buf_addstr(out, i + 1 == f.depth ? "> " : ">");
        if (!rc)
            rc = buf_add(out, f.text, f.len);
        line += n + (line[n] == '\n');
        if (!f.joins && !rc && line[-1] == '\n')
            rc = buf_addch(out, '\n');
        open = f.joins;
        depth = f.depth;
    }
    return rc;
}

int eml_text(GMimeObject *part, struct buf *out)
{
    g_autofree char *charset = header_parameter(eml_header(part, "Content-Type"), "charset");
    g_autoptr(GByteArray) bytes = eml_content(part);
    SCOPED(buf_release) struct buf text = BUF_INIT(out->max);

    int rc = charset_decode(&text, (const char *)bytes->data, bytes->len, charset);
    unix_lines(&text);
    if (!rc && eml_is_type(part, "text", "plain") && has_parameter(part, "format", "flowed"))
        rc = unflow(&text, has_parameter(part, "delsp", "yes"), out);
    else if (!rc)
        rc = buf_add(out, text.data, text.len);
    return rc;
}

bool eml_says_something(const char *text, bool html)
{
    static const char *const shown[] = {"<img", "<svg", "<object", "<video", "<audio", "<iframe"};
    SCOPED(buf_release) struct buf plain = BUF_INIT(strlen(text) + 1);

    if (!html)
        return text_has(text);
    bool says = text_of_html(&plain, text) || text_has(plain.data);
    for (size_t i = 0; i < ARRAY_SIZE(shown) && !says; i++)
        says = strcasestr(text, shown[i]);
    return says;
}
