/*
 * eml_headers.c - the members of a message as header lines of a mail.
 */
#include "eml_p.h"
#include "formats_p.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/kind.h>

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#define NS ((int64_t)1000000000)

/* RFC 5322, 2.1.1: a line; a header's name and what is around the value are in it. */
#define UNBROKEN_MAX 900

/* A mailbox as the service gives it: no display name, no quotes, no comment. Characters beyond ASCII
 * stand as they are (RFC 6532): another form of them would be another address. */
static bool is_address(const char *s)
{
    const char *at = strrchr(s, '@');

    if (!at || at == s || !at[1] || strlen(s) > UNBROKEN_MAX)
        return false;
    for (; *s; s++) {
        if ((unsigned char)*s <= ' ' || *s == 0x7f || strchr("<>()[]\\,;:\"", *s) ||
            (*s == '@' && s != at))
            return false;
    }
    return true;
}

/* GMime folds no name; this much of one is no line too long, however it is encoded. */
#define NAME_BYTES 200

static void cut_name(char *name)
{
    size_t n = strlen(name);

    if (n <= NAME_BYTES)
        return;
    n = NAME_BYTES;
    while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
        n--;
    name[n] = '\0';
}

/* RFC 5322, 2.1.1: the length a line should have. */
#define FOLD_AT 78

/* What is not an address (Exchange gives "/O=ORG/CN=..." for some) is shown as the name of a group
 * without members: it stays readable and mail to it goes nowhere. */
static char *address_or_group(char *text)
{
    InternetAddress *group;

    if (is_address(text))
        return g_strdup(text);
    cut_name(text);
    group = internet_address_group_new(text);
    char *written = internet_address_to_string(group, NULL, TRUE);
    g_object_unref(group);
    return written;
}

/* `line` is the length of the last one. */
static void add_address(GString *value, const char *address, size_t *line)
{
    size_t n = strlen(address);
    bool first = value->len == 0;

    if (!first)
        g_string_append_c(value, ',');
    if (!first && *line + n + 2 > FOLD_AT) {
        g_string_append(value, "\n\t");
        *line = 1;
    } else {
        g_string_append_c(value, ' ');
    }
    g_string_append(value, address);
    *line += n + 2;
}

/* Raw: GMime writes a host beyond ASCII in another form. */
static void set_addresses(GMimeMessage *mail, const char *name, const char *members)
{
    g_autoptr(GString) value = g_string_new(NULL);
    size_t line = strlen(name) + 1;
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);
    char *rest;

    if (text_line(&text, members))
        buf_clear(&text);
    for (char *item = strtok_r(text.data, ";", &rest); item; item = strtok_r(NULL, ";", &rest)) {
        char *address = *g_strstrip(item) ? address_or_group(item) : NULL;

        if (address)
            add_address(value, address, &line);
        g_free(address);
    }
    if (value->len) {
        GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(mail));

        g_string_append_c(value, '\n');
        g_mime_object_set_header(GMIME_OBJECT(mail), name, "", NULL);
        g_mime_header_set_raw_value(g_mime_header_list_get_header(headers, name), value->str);
    }
}

static void set_header(GMimeMessage *mail, const char *name, const char *value)
{
    g_mime_object_set_header(GMIME_OBJECT(mail), name, value, "utf-8");
}

static void set_subject(GMimeMessage *mail, const char *subject)
{
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

    if (text_line(&text, subject) == 0)
        g_mime_message_set_subject(mail, text.data, "utf-8");
}

static void set_date(GMimeMessage *mail, const cJSON *message)
{
    int64_t ns;
    GDateTime *date;

    if (str_parse_time(json_str(message, kind_info(KIND_MESSAGE)->modified), &ns))
        return;
    date = g_date_time_new_from_unix_utc(ns / NS);
    g_mime_message_set_date(mail, date);
    g_date_time_unref(date);
}

static bool is_message_id(const char *s)
{
    size_t n = s ? strlen(s) : 0;

    if (n < 5 || n > UNBROKEN_MAX || s[0] != '<' || s[n - 1] != '>')
        return false;
    for (size_t i = 1; i < n - 1; i++) {
        if (s[i] <= ' ' || s[i] >= 0x7f || s[i] == '<' || s[i] == '>')
            return false;
    }
    return true;
}

/* A message the service gives no id of the Internet (a draft) gets one made of its own. */
static void set_message_id(GMimeMessage *mail, const cJSON *message)
{
    const char *given = json_str(message, "InternetMessageId");
    g_autofree char *id = NULL;

    if (is_message_id(given))
        id = g_strndup(given + 1, strlen(given) - 2);
    else
        id = g_strdup_printf("%016" PRIx64 "@outlookfs.invalid", eml_key(message));
    g_mime_message_set_message_id(mail, id);
}

static void set_importance(GMimeMessage *mail, const char *word)
{
    if (str_eq(word, "High")) {
        set_header(mail, "Importance", "high");
        set_header(mail, "X-Priority", "1");
    } else if (str_eq(word, "Low")) {
        set_header(mail, "Importance", "low");
        set_header(mail, "X-Priority", "5");
    }
}

uint64_t eml_key(const struct cJSON *message)
{
    const char *id = kind_id(KIND_MESSAGE, message);

    return str_hash(0, id ? id : "", id ? strlen(id) : 0);
}

char *eml_headers(const struct cJSON *message)
{
    GMimeMessage *mail = g_mime_message_new(TRUE);

    set_addresses(mail, "From", json_str(message, "From"));
    set_addresses(mail, "Reply-To", json_str(message, "ReplyTo"));
    set_addresses(mail, "To", json_str(message, "To"));
    set_addresses(mail, "Cc", json_str(message, "Cc"));
    set_addresses(mail, "Bcc", json_str(message, "Bcc"));
    set_subject(mail, json_str(message, "Subject"));
    set_date(mail, message);
    set_message_id(mail, message);
    set_importance(mail, json_str(message, "Importance"));
    set_header(mail, "MIME-Version", "1.0");
    char *text = g_mime_object_get_headers(GMIME_OBJECT(mail), NULL);
    g_object_unref(mail);
    return text;
}
