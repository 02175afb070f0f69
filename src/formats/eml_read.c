/*
 * eml_read.c - a mail as what SendEmail takes: reading it, and the headers but the addresses.
 */
#include <outlookfs/formats/eml.h>

#include "eml_p.h"
#include "eml_read_p.h"
#include "formats_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* What the largest mail takes in base64 with line ends, headers and quoted-printable text beside. */
#define RAW_MAX (OUTGOING_CONTENT_MAX / 2 * 3)

#define READ_BYTES ((size_t)64 * 1024)

static GMimeParserOptions *options; /* constant after the first use */

static void make_options(void)
{
    static const char *charsets[] = {"utf-8", "iso-8859-1", NULL};

    options = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(options, charsets);
    g_mime_parser_options_set_allow_addresses_without_domain(options, TRUE);
}

GMimeParserOptions *eml_parser_options(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_options);
    return options;
}

static int read_all(int fd, GByteArray *raw, struct buf *err)
{
    for (;;) {
        guint before = raw->len;
        ssize_t got;

        g_byte_array_set_size(raw, (guint)(before + READ_BYTES));
        got = read(fd, raw->data + before, READ_BYTES);
        g_byte_array_set_size(raw, (guint)(before + (got > 0 ? (size_t)got : 0)));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return buf_fail(err, -errno, "reading the mail: %s", strerror(errno));
        if (got == 0)
            return 0;
        if (raw->len > RAW_MAX)
            return buf_fail(err, -EFBIG, "the mail is larger than the service's %zu MB",
                            OUTGOING_CONTENT_MAX >> 20);
    }
}

/* The line an mbox puts in front of a mail is none of its headers. */
static void drop_mbox_line(GByteArray *raw)
{
    static const char mark[] = "From ";
    const guint8 *end;

    if (raw->len < strlen(mark) || memcmp(raw->data, mark, strlen(mark)) != 0)
        return;
    end = memchr(raw->data, '\n', raw->len);
    g_byte_array_remove_range(raw, 0, end ? (guint)(end + 1 - raw->data) : raw->len);
}

static bool is_blank(const GByteArray *raw)
{
    for (guint i = 0; i < raw->len; i++) {
        if (!strchr(" \t\r\n", raw->data[i])) /* finds NUL, too */
            return false;
    }
    return true;
}

/* NULL: it is none. */
static GMimeMessage *parse(GByteArray *raw)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(raw);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *mail;

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    mail = g_mime_parser_construct_message(parser, eml_parser_options());
    g_object_unref(parser);
    g_object_unref(stream);
    return mail;
}

static void add_subject(GMimeMessage *mail, struct cJSON *obj)
{
    struct buf text;

    buf_init(&text, JSON_TEXT_MAX);
    if (text_line(&text, g_mime_message_get_subject(mail)))
        buf_clear(&text);
    cJSON_AddStringToObject(obj, "Subject", text.data);
    buf_release(&text);
}

/* Three headers say the same; the first that is there counts. */
static const char *importance_of(GMimeMessage *mail)
{
    static const struct {
        const char *header, *begin, *word;
    } table[] = {
        {"Importance", "high", "High"},     {"Importance", "low", "Low"},
        {"Importance", "normal", "Normal"}, {"X-Priority", "1", "High"},
        {"X-Priority", "2", "High"},        {"X-Priority", "3", "Normal"},
        {"X-Priority", "4", "Low"},         {"X-Priority", "5", "Low"},
        {"Priority", "urgent", "High"},     {"Priority", "non-urgent", "Low"},
        {"Priority", "normal", "Normal"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *value = g_mime_object_get_header(GMIME_OBJECT(mail), table[i].header);

        if (value && g_ascii_strncasecmp(value, table[i].begin, strlen(table[i].begin)) == 0)
            return table[i].word;
    }
    return NULL;
}

static int convert(GMimeMessage *mail, const struct eml_envelope *envelope, struct cJSON **ret,
                   struct buf *err)
{
    struct cJSON *obj = cJSON_CreateObject();
    const char *importance = importance_of(mail);
    int rc = eml_read_addresses(mail, envelope, obj, err);

    if (!rc) {
        add_subject(mail, obj);
        if (importance)
            cJSON_AddStringToObject(obj, "Importance", importance);
        rc = eml_read_content(mail, obj, err);
    }
    if (!rc)
        rc = outgoing_check(OUTGOING_SEND, obj, err);
    if (rc)
        cJSON_Delete(obj);
    else
        *ret = obj;
    return rc;
}

int eml_read(int fd, const struct eml_envelope *envelope, struct cJSON **ret, struct buf *err)
{
    GByteArray *raw = g_byte_array_new();
    GMimeMessage *mail = NULL;
    int rc;

    eml_init();
    rc = read_all(fd, raw, err);
    if (rc)
        goto out;
    drop_mbox_line(raw);
    if (!is_blank(raw))
        mail = parse(raw);
    if (mail)
        rc = convert(mail, envelope, ret, err);
    else
        rc = buf_fail(err, -EINVAL, "this is no mail");
    if (mail)
        g_object_unref(mail);
out:
    g_byte_array_free(raw, TRUE);
    return rc;
}
