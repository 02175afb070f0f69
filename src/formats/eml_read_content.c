/*
 * eml_read_content.c - which part of a mail is its body, and the others as attachments.
 *
 * The leaves of the tree are listed in order. Each level offers one of them as a body: of
 * alternatives the one that says most, and the bodies the others offer are forms of the same text
 * and are left out; of other parts the first that says something. Whatever is not left out and is
 * not the body in the end is an attachment.
 */
#include "eml_read_p.h"
#include "formats_p.h"
#include "header_p.h"

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

struct leaf {
    GMimeObject *part;
    unsigned number; /* from 1: what a part without a name is called by */
    char *name;      /* that it was given, or NULL */
    bool marked;     /* Content-Disposition: attachment */
    bool left_out;
    char *text; /* of what may be a body, once it is looked at */
    bool html, says;
};

struct reader {
    GPtrArray *leaves;
    struct cJSON *attachments;
    size_t size;
    struct buf *err;
};

static void leaf_free(void *p)
{
    struct leaf *leaf = p;

    free(leaf->name);
    free(leaf->text);
    free(leaf);
}

static int too_large(const struct reader *r)
{
    return buf_fail(r->err, -EFBIG, "the mail is larger than the service's %zu MB",
                    OUTGOING_CONTENT_MAX >> 20);
}

/* --- leaves --- */

/* A '/' would make a folder of what is in front of it. */
static char *given_name(GMimeObject *part)
{
    g_autofree char *given = header_parameter(eml_header(part, "Content-Disposition"), "filename");
    SCOPED(buf_release) struct buf name = BUF_INIT(BUF_TEXT_MAX);

    if (!given)
        given = header_parameter(eml_header(part, "Content-Type"), "name");
    if (text_line(&name, given))
        buf_clear(&name);
    for (char *p = name.data; *p; p++) {
        if (*p == '/')
            *p = '_';
    }
    return text_has(name.data) ? buf_detach(&name) : NULL;
}

static bool is_marked(GMimeObject *part)
{
    const char *how = eml_header(part, "Content-Disposition");

    return how && g_ascii_strncasecmp(how + strspn(how, " \t\r\n"), "attachment", 10) == 0;
}

static struct leaf *add_leaf(struct reader *r, GMimeObject *part)
{
    struct leaf *leaf = xcalloc(1, sizeof(*leaf));

    leaf->part = part;
    leaf->number = r->leaves->len + 1;
    leaf->name = given_name(part);
    leaf->marked = is_marked(part);
    g_ptr_array_add(r->leaves, leaf);
    return leaf;
}

/* --- bodies --- */

/* How good a form of the text it is; 0: none. */
static int form_of(const struct leaf *leaf)
{
    static const char *const others[] = {"enriched",   "richtext",   "markdown",
                                         "x-markdown", "x-amp-html", "watch-html"};

    if (leaf->marked)
        return 0;
    if (eml_is_type(leaf->part, "text", "html") ||
        eml_is_type(leaf->part, "application", "xhtml+xml"))
        return 3;
    if (eml_is_type(leaf->part, "text", "plain"))
        return 2;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (eml_is_type(leaf->part, "text", others[i]))
            return 1;
    }
    return 0;
}

static int look_at_text(struct reader *r, struct leaf *leaf)
{
    struct buf text;

    buf_init(&text, OUTGOING_CONTENT_MAX);
    if (eml_text(leaf->part, &text)) {
        buf_release(&text);
        return too_large(r);
    }
    leaf->html = form_of(leaf) == 3;
    leaf->text = text.len ? buf_detach(&text) : xstrdup("");
    leaf->says = eml_says_something(leaf->text, leaf->html);
    buf_release(&text);
    return 0;
}

/* Of two forms of one text the later, if it says no less: RFC 2046, 5.1.4. */
static struct leaf *better_form(struct leaf *a, struct leaf *b)
{
    struct leaf *best = b;

    if (!a || !b)
        return a ? a : b;
    if (a->says != b->says)
        best = a->says ? a : b;
    else if (form_of(a) > form_of(b))
        best = a;
    (best == a ? b : a)->left_out = true;
    return best;
}

/* Of two parts that follow each other: a name says that it is a file, if the other can be a body. */
static struct leaf *likelier_body(struct leaf *a, struct leaf *b)
{
    if (!a || !b)
        return a ? a : b;
    if (a->says != b->says)
        return a->says ? a : b;
    return a->name && !b->name ? b : a;
}

static int body_of(struct reader *r, GMimeObject *part, struct leaf **ret)
{
    int rc = 0;

    *ret = NULL;
    if (!GMIME_IS_MULTIPART(part) || g_mime_multipart_get_count(GMIME_MULTIPART(part)) == 0) {
        struct leaf *leaf = add_leaf(r, part);

        if (r->leaves->len > PARTS_MAX)
            return buf_fail(r->err, -EFBIG, "the mail has more than %d parts", PARTS_MAX);
        *ret = form_of(leaf) ? leaf : NULL;
        return *ret ? look_at_text(r, leaf) : 0;
    }
    bool alternatives = g_mime_content_type_is_type(g_mime_object_get_content_type(part),
                                                    "multipart", "alternative");
    for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(part)) && !rc; i++) {
        struct leaf *offered;

        rc = body_of(r, g_mime_multipart_get_part(GMIME_MULTIPART(part), i), &offered);
        *ret = (alternatives ? better_form : likelier_body)(*ret, offered);
    }
    return rc;
}

/* --- kinds of files --- */

static const char *extension_of(GMimeObject *part)
{
    static const struct {
        const char *type, *subtype, *extension;
    } table[] = {
        {"text", "html", "html"},
        {"text", "calendar", "ics"},
        {"text", "csv", "csv"},
        {"text", "vcard", "vcf"},
        {"text", "x-vcard", "vcf"},
        {"text", "directory", "vcf"},
        {"text", "rtf", "rtf"},
        {"text", "xml", "xml"},
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
        if (eml_is_type(part, table[i].type, table[i].subtype))
            return table[i].extension;
    }
    return "bin";
}

/* RFC 2046, 4.1.4: text of a kind nobody knows is plain text, where there is no other and it is no
 * file of a known kind. */
static int any_text(struct reader *r, struct leaf **ret)
{
    for (guint i = 0; i < r->leaves->len; i++) {
        struct leaf *leaf = g_ptr_array_index(r->leaves, i);

        if (!leaf->marked && !leaf->name && eml_is_type(leaf->part, "text", "*") &&
            str_eq(extension_of(leaf->part), "txt")) {
            *ret = leaf;
            return look_at_text(r, leaf);
        }
    }
    return 0;
}

/* --- attachments --- */

/* A mail in the mail is called by its subject. */
static char *subject_name(GMimeObject *part)
{
    GMimeMessage *mail = GMIME_IS_MESSAGE_PART(part)
                             ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(part))
                             : NULL;
    const char *raw = mail ? eml_header(GMIME_OBJECT(mail), "Subject") : NULL;
    SCOPED(buf_release) struct buf text = BUF_INIT(BUF_TEXT_MAX);
    SCOPED(buf_release) struct buf line = BUF_INIT(BUF_TEXT_MAX);
    char *name = NULL;

    if (raw && !header_text(&text, raw) && !text_line(&line, text.data) && text_has(line.data))
        name = xasprintf("%s.eml", g_strdelimit(line.data, "/", '_'));
    return name;
}

static char *name_of(const struct leaf *leaf)
{
    char *name = leaf->name ? xstrdup(leaf->name) : subject_name(leaf->part);

    return name ? name : xasprintf("part-%u.%s", leaf->number, extension_of(leaf->part));
}

static bool is_blank(const GByteArray *bytes)
{
    for (guint i = 0; i < bytes->len; i++) {
        if (!g_ascii_isspace(bytes->data[i]))
            return false;
    }
    return true;
}

/* GMime gives nothing of a mail in the mail that has no headers: its text would be lost. */
static int add_attachment(struct reader *r, const struct leaf *leaf)
{
    GByteArray *bytes = eml_content(leaf->part);
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

    if (GMIME_IS_MESSAGE_PART(leaf->part) && is_blank(bytes)) {
        g_byte_array_free(bytes, TRUE);
        return buf_fail(r->err, -EINVAL, "part %u: the mail in it cannot be read", leaf->number);
    }
    r->size += bytes->len;
    if (r->size > OUTGOING_CONTENT_MAX) {
        g_byte_array_free(bytes, TRUE);
        return too_large(r);
    }
    base64_encode(&text, bytes->data, bytes->len);
    g_byte_array_free(bytes, TRUE);
    SCOPED(xfree) char *name = name_of(leaf);
    struct cJSON *attachment = cJSON_CreateObject();
    cJSON_AddStringToObject(attachment, "Name", name);
    cJSON_AddStringToObject(attachment, "ContentBytes", text.data);
    cJSON_AddItemToArray(r->attachments, attachment);
    return 0;
}

/* What is left out, and text that says nothing and has no name, is none. */
static int add_attachments(struct reader *r, const struct leaf *body)
{
    int rc = 0;

    for (guint i = 0; i < r->leaves->len && !rc; i++) {
        const struct leaf *leaf = g_ptr_array_index(r->leaves, i);
        bool blank = leaf->text && !leaf->says && !leaf->name;

        if (leaf != body && !leaf->left_out && !blank)
            rc = add_attachment(r, leaf);
    }
    return rc;
}

int eml_read_content(GMimeMessage *mail, struct cJSON *obj, struct buf *err)
{
    struct reader r = {.leaves = g_ptr_array_new_with_free_func(leaf_free),
                       .attachments = cJSON_CreateArray(),
                       .err = err};
    GMimeObject *root = g_mime_message_get_mime_part(mail);
    struct leaf *body = NULL;
    int rc = root ? body_of(&r, root, &body) : 0;

    if (!rc && !body)
        rc = any_text(&r, &body);
    if (!rc && body) {
        r.size = strlen(body->text);
        rc = r.size > OUTGOING_CONTENT_MAX ? too_large(&r) : 0;
    }
    if (!rc)
        rc = add_attachments(&r, body);
    cJSON_AddStringToObject(obj, "Body", body && body->text ? body->text : "");
    cJSON_AddBoolToObject(obj, "IsHtml", body && body->html);
    if (cJSON_GetArraySize(r.attachments) > 0)
        cJSON_AddItemToObject(obj, "Attachments", r.attachments);
    else
        cJSON_Delete(r.attachments);
    g_ptr_array_free(r.leaves, TRUE);
    return rc;
}
