/*
 * eml_read_content.c - which part of a mail is its body, and the others as attachments.
 */
#include "eml_read_p.h"
#include "formats_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/base64.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Quadratic work on lists of parts and names stays small; no mail that a person sends has so many. */
#define PARTS_MAX 20000

struct reader {
    struct cJSON *attachments;
    char *body; /* NULL until it is found */
    bool html;
    unsigned leaves; /* seen so far: a part without a name is called by its number */
    size_t size;
    struct buf *err;
};

static bool is_type(GMimeObject *part, const char *type, const char *subtype)
{
    return g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype);
}

static int too_large(struct reader *r)
{
    return buf_fail(r->err, -EFBIG, "the mail is larger than the service's %zu MB",
                    OUTGOING_CONTENT_MAX >> 20);
}

/* --- bytes --- */

/* What a part stands for, decoded; a mail as it is. */
static GByteArray *content_of(GMimeObject *part)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *mail = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));

        if (mail)
            g_mime_object_write_to_stream(GMIME_OBJECT(mail), NULL, stream);
    } else if (GMIME_IS_PART(part)) {
        GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(part));

        if (content)
            g_mime_data_wrapper_write_to_stream(content, stream);
    } else {
        g_mime_object_write_content_to_stream(part, NULL, stream);
    }
    g_object_unref(stream);
    return bytes;
}

static bool is_unicode(const char *charset)
{
    return !charset || g_ascii_strcasecmp(charset, "utf-8") == 0 ||
           g_ascii_strcasecmp(charset, "us-ascii") == 0;
}

/* Appends text of a charset as UTF-8 to `out`, with '\n' for "\r\n" and without NUL. */
static int add_converted(struct buf *out, const char *p, size_t n)
{
    int rc = 0;

    for (size_t i = 0; i < n && !rc; i++) {
        if (p[i] != '\0' && !(p[i] == '\r' && i + 1 < n && p[i + 1] == '\n'))
            rc = buf_addch(out, p[i]);
    }
    return rc;
}

/* What no charset is named for, or one that is unknown or not true, is UTF-8 if it can be and Latin
 * 1 otherwise. */
static int add_text(struct buf *out, const GByteArray *bytes, const char *charset)
{
    GMimeFilter *filter = NULL;
    const char *text = (const char *)bytes->data;
    char *converted;
    size_t n, before;
    int rc;

    if (!is_unicode(charset))
        filter = g_mime_filter_charset_new(charset, "utf-8");
    if (!filter && str_is_utf8(text, bytes->len))
        return add_converted(out, text, bytes->len);
    if (!filter)
        filter = g_mime_filter_charset_new("iso-8859-1", "utf-8");
    g_mime_filter_complete(filter, (char *)bytes->data, bytes->len, 0, &converted, &n, &before);
    rc = add_converted(out, converted, str_is_utf8(converted, n) ? n : 0);
    g_object_unref(filter);
    return rc;
}

/* --- attachments --- */

static const char *extension_of(GMimeObject *part)
{
    static const struct {
        const char *type, *subtype, *extension;
    } table[] = {
        {"text", "html", "html"},
        {"text", "calendar", "ics"},
        {"text", "csv", "csv"},
        {"text", "vcard", "vcf"},
        {"text", "*", "txt"},
        {"image", "jpeg", "jpg"},
        {"image", "png", "png"},
        {"image", "gif", "gif"},
        {"application", "pdf", "pdf"},
        {"application", "zip", "zip"},
        {"application", "json", "json"},
        {"application", "pgp-signature", "asc"},
        {"message", "*", "eml"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (is_type(part, table[i].type, table[i].subtype))
            return table[i].extension;
    }
    return "bin";
}

static const char *given_name(GMimeObject *part)
{
    const char *name = g_mime_object_get_content_disposition_parameter(part, "filename");

    return name ? name : g_mime_object_get_content_type_parameter(part, "name");
}

/* A forwarded mail is called by its subject. */
static const char *subject_of(GMimeObject *part)
{
    GMimeMessage *mail = GMIME_IS_MESSAGE_PART(part)
                             ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(part))
                             : NULL;

    return mail ? g_mime_message_get_subject(mail) : NULL;
}

/* Without the folders some programs put into it. The caller frees it. */
static char *name_of(struct reader *r, GMimeObject *part)
{
    const char *given = given_name(part), *subject = subject_of(part), *base;
    struct buf name;

    buf_init(&name, BUF_TEXT_MAX);
    if (text_line(&name, given ? given : subject))
        buf_clear(&name);
    if (!given && text_has(name.data) && buf_addstr(&name, ".eml"))
        buf_clear(&name);
    base = given ? strrchr(name.data, '/') : NULL;
    base = base ? base + 1 : name.data;
    if (text_has(base))
        base = xstrdup(base);
    else
        base = xasprintf("part-%u.%s", r->leaves, extension_of(part));
    buf_release(&name);
    return (char *)base;
}

static int add_attachment(struct reader *r, GMimeObject *part)
{
    GByteArray *bytes = content_of(part);
    struct cJSON *attachment;
    struct buf text;
    char *name;

    r->size += bytes->len;
    if (r->size > OUTGOING_CONTENT_MAX) {
        g_byte_array_free(bytes, TRUE);
        return too_large(r);
    }
    buf_init(&text, JSON_TEXT_MAX);
    base64_encode(&text, bytes->data, bytes->len);
    g_byte_array_free(bytes, TRUE);
    name = name_of(r, part);
    attachment = cJSON_CreateObject();
    cJSON_AddStringToObject(attachment, "Name", name);
    cJSON_AddStringToObject(attachment, "ContentBytes", text.data);
    cJSON_AddItemToArray(r->attachments, attachment);
    free(name);
    buf_release(&text);
    return 0;
}

/* --- the body --- */

/* Text shown with the mail: neither marked as an attachment nor named. */
static bool is_body(const struct reader *r, GMimeObject *part)
{
    GMimeContentDisposition *how = g_mime_object_get_content_disposition(part);

    return !r->body && GMIME_IS_PART(part) && !given_name(part) &&
           (is_type(part, "text", "plain") || is_type(part, "text", "html")) &&
           !(how && g_mime_content_disposition_is_attachment(how));
}

static int take_body(struct reader *r, GMimeObject *part)
{
    GByteArray *bytes = content_of(part);
    struct buf text;
    int rc;

    buf_init(&text, OUTGOING_CONTENT_MAX);
    rc = add_text(&text, bytes, g_mime_object_get_content_type_parameter(part, "charset"));
    g_byte_array_free(bytes, TRUE);
    r->size += text.len;
    if (rc || r->size > OUTGOING_CONTENT_MAX) {
        buf_release(&text);
        return too_large(r);
    }
    r->body = text.len ? buf_detach(&text) : xstrdup("");
    r->html = is_type(part, "text", "html");
    buf_release(&text);
    return 0;
}

static int take_leaf(struct reader *r, GMimeObject *part)
{
    if (++r->leaves > PARTS_MAX)
        return buf_fail(r->err, -EFBIG, "the mail has more than %d parts", PARTS_MAX);
    return is_body(r, part) ? take_body(r, part) : add_attachment(r, part);
}

/* Is there text of this kind in the part, where a body is looked for? */
static bool offers(GMimeObject *part, const char *subtype)
{
    if (!GMIME_IS_MULTIPART(part))
        return is_type(part, "text", subtype);
    for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(part)); i++) {
        if (offers(g_mime_multipart_get_part(GMIME_MULTIPART(part), i), subtype))
            return true;
    }
    return false;
}

/* The last is the best one by RFC 2046, 5.1.4; here of those in HTML, then of those in plain text.
 * NULL: it has neither. */
static GMimeObject *best_of(GMimeMultipart *alternatives)
{
    static const char *const wanted[] = {"html", "plain"};

    for (size_t w = 0; w < ARRAY_SIZE(wanted); w++) {
        for (int i = g_mime_multipart_get_count(alternatives) - 1; i >= 0; i--) {
            GMimeObject *part = g_mime_multipart_get_part(alternatives, i);

            if (offers(part, wanted[w]))
                return part;
        }
    }
    return NULL;
}

/* Iterates with a list of its own: parts may lie 1000 levels deep. */
static int take_parts(struct reader *r, GMimeObject *root)
{
    GQueue todo = G_QUEUE_INIT;
    int rc = 0;

    g_queue_push_head(&todo, root);
    while (!rc && !g_queue_is_empty(&todo)) {
        GMimeObject *part = g_queue_pop_head(&todo), *best = NULL;

        if (!GMIME_IS_MULTIPART(part)) {
            rc = take_leaf(r, part);
            continue;
        }
        if (is_type(part, "multipart", "alternative"))
            best = best_of(GMIME_MULTIPART(part));
        if (best) {
            g_queue_push_head(&todo, best);
            continue;
        }
        for (int i = g_mime_multipart_get_count(GMIME_MULTIPART(part)) - 1; i >= 0; i--)
            g_queue_push_head(&todo, g_mime_multipart_get_part(GMIME_MULTIPART(part), i));
    }
    g_queue_clear(&todo);
    return rc;
}

int eml_read_content(GMimeMessage *mail, struct cJSON *obj, struct buf *err)
{
    struct reader r = {.attachments = cJSON_CreateArray(), .err = err};
    GMimeObject *root = g_mime_message_get_mime_part(mail);
    int rc = root ? take_parts(&r, root) : 0;

    cJSON_AddStringToObject(obj, "Body", r.body ? r.body : "");
    cJSON_AddBoolToObject(obj, "IsHtml", r.html);
    if (cJSON_GetArraySize(r.attachments) > 0)
        cJSON_AddItemToObject(obj, "Attachments", r.attachments);
    else
        cJSON_Delete(r.attachments);
    free(r.body);
    return rc;
}
