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

/* A mailbox as the service gives it: no display name, no quotes, no comment. */
static bool is_address(const char *s)
{
    const char *at = strrchr(s, '@');

    if (!at || at == s || !at[1] || strlen(s) > UNBROKEN_MAX)
        return false;
    for (; *s; s++) {
        if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || strchr("<>()[]\\,;:\"", *s) ||
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

/* What is no address (Exchange gives "/O=ORG/CN=..." for some) is shown as the name of a group
 * without members: it stays readable and mail to it goes nowhere. */
static void add_address(InternetAddressList *list, char *text)
{
    InternetAddress *address;

    if (is_address(text)) {
        address = internet_address_mailbox_new(NULL, text);
    } else {
        cut_name(text);
        address = internet_address_group_new(text);
    }
    internet_address_list_add(list, address);
    g_object_unref(address);
}

/* All at once: the mail makes its header anew at each change of its list. */
static void add_addresses(GMimeMessage *mail, GMimeAddressType type, const char *members)
{
    InternetAddressList *list = internet_address_list_new();
    struct buf text;
    char *rest, *word;

    buf_init(&text, JSON_TEXT_MAX);
    if (text_line(&text, members) == 0) {
        for (char *item = strtok_r(text.data, ";", &rest); item;
             item = strtok_r(NULL, ";", &rest)) {
            word = g_strstrip(item);
            if (*word)
                add_address(list, word);
        }
    }
    if (internet_address_list_length(list) > 0)
        internet_address_list_append(g_mime_message_get_addresses(mail, type), list);
    g_object_unref(list);
    buf_release(&text);
}

static void set_header(GMimeMessage *mail, const char *name, const char *value)
{
    g_mime_object_set_header(GMIME_OBJECT(mail), name, value, "utf-8");
}

static void set_subject(GMimeMessage *mail, const char *subject)
{
    struct buf text;

    buf_init(&text, JSON_TEXT_MAX);
    if (text_line(&text, subject) == 0)
        g_mime_message_set_subject(mail, text.data, "utf-8");
    buf_release(&text);
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
    char *id;

    if (is_message_id(given))
        id = g_strndup(given + 1, strlen(given) - 2);
    else
        id = g_strdup_printf("%016" PRIx64 "@outlookfs.invalid", eml_key(message));
    g_mime_message_set_message_id(mail, id);
    g_free(id);
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
    char *text;

    add_addresses(mail, GMIME_ADDRESS_TYPE_FROM, json_str(message, "From"));
    add_addresses(mail, GMIME_ADDRESS_TYPE_REPLY_TO, json_str(message, "ReplyTo"));
    add_addresses(mail, GMIME_ADDRESS_TYPE_TO, json_str(message, "To"));
    add_addresses(mail, GMIME_ADDRESS_TYPE_CC, json_str(message, "Cc"));
    add_addresses(mail, GMIME_ADDRESS_TYPE_BCC, json_str(message, "Bcc"));
    set_subject(mail, json_str(message, "Subject"));
    set_date(mail, message);
    set_message_id(mail, message);
    set_importance(mail, json_str(message, "Importance"));
    set_header(mail, "MIME-Version", "1.0");
    text = g_mime_object_get_headers(GMIME_OBJECT(mail), NULL);
    g_object_unref(mail);
    return text;
}
