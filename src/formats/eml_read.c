/*
 * eml_read.c - a mail as what SendEmail takes: reading it, and the headers but the addresses.
 */
#include <outlookfs/formats/eml.h>

#include "eml_p.h"
#include "eml_read_p.h"
#include "formats_p.h"
#include "header_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What the largest mail takes in base64 with line ends, headers and quoted-printable text beside. */
#define RAW_MAX (OUTGOING_CONTENT_MAX / 2 * 3)

#define READ_BYTES ((size_t)64 * 1024)

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

/* Where the first line ends with a lone CR, so does every line. */
static void mend_line_ends(GByteArray *raw)
{
    const guint8 *cr = memchr(raw->data, '\r', raw->len);
    guint first = cr ? (guint)(cr - raw->data) : raw->len;

    if (!cr || memchr(raw->data, '\n', first) ||
        (first + 1 < raw->len && raw->data[first + 1] == '\n'))
        return;
    for (guint i = first; i < raw->len; i++) {
        if (raw->data[i] == '\r' && !(i + 1 < raw->len && raw->data[i + 1] == '\n'))
            raw->data[i] = '\n';
    }
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

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    GMimeMessage *mail = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    return mail;
}

const char *eml_header(GMimeObject *part, const char *name)
{
    GMimeHeader *header = g_mime_header_list_get_header(g_mime_object_get_header_list(part), name);

    return header ? g_mime_header_get_raw_value(header) : NULL;
}

static void add_subject(GMimeMessage *mail, struct cJSON *obj)
{
    const char *raw = eml_header(GMIME_OBJECT(mail), "Subject");
    SCOPED(buf_release) struct buf decoded = BUF_INIT(JSON_TEXT_MAX);
    SCOPED(buf_release) struct buf line = BUF_INIT(JSON_TEXT_MAX);

    if ((raw && header_text(&decoded, raw)) || text_line(&line, decoded.data))
        buf_clear(&line);
    cJSON_AddStringToObject(obj, "Subject", line.data);
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
    g_autoptr(GByteArray) raw = g_byte_array_new();
    GMimeMessage *mail = NULL;

    eml_init();
    int rc = read_all(fd, raw, err);
    if (rc)
        goto out;
    if (!is_blank(raw)) {
        mend_line_ends(raw);
        eml_mend(raw);
        mail = parse(raw);
    }
    if (mail)
        rc = convert(mail, envelope, ret, err);
    else
        rc = buf_fail(err, -EINVAL, "this is not a mail");
    if (mail)
        g_object_unref(mail);
out:
    return rc;
}
