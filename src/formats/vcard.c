/*
 * vcard.c - the members of a contact as properties of a vCard 4.0.
 */
#include <outlookfs/formats/vcard.h>

#include "formats_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/kind.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_FIRST "0001"

/* A card that is being written: one property at a time in `line`. After an error nothing more is
 * added. */
struct card {
    struct buf *out;
    struct buf line;
    int rc;
};

static void add(struct card *card, const char *s, size_t n)
{
    if (!card->rc)
        card->rc = buf_add(&card->line, s, n);
}

static void begin(struct card *card, const char *name)
{
    buf_clear(&card->line);
    add(card, name, strlen(name));
    add(card, ":", 1);
}

static void add_text(struct card *card, const char *text)
{
    if (!card->rc)
        card->rc = text_escape(&card->line, text);
}

static void add_uri(struct card *card, const char *uri)
{
    if (!card->rc)
        card->rc = text_uri(&card->line, uri);
}

static void end(struct card *card)
{
    if (!card->rc)
        card->rc = text_fold(card->out, card->line.data, card->line.len);
}

static void put(struct card *card, const char *name, const char *text)
{
    if (!text_has(text))
        return;
    begin(card, name);
    add_text(card, text);
    end(card);
}

/* Components, nothing when all are empty. */
static void put_parts(struct card *card, const char *name, const char *const *parts, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++)
        any = any || text_has(parts[i]);
    if (!any)
        return;
    begin(card, name);
    for (size_t i = 0; i < count; i++) {
        if (i)
            add(card, ";", 1);
        add_text(card, parts[i]);
    }
    end(card);
}

static void put_each(struct card *card, const char *name, const cJSON *list)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        put(card, name, cJSON_GetStringValue(item));
    }
}

/* --- name --- */

static const char *first_address(const cJSON *contact)
{
    return json_str(cJSON_GetArrayItem(json_get(contact, "EmailAddresses"), 0), "Address");
}

/* FN is the one property a card must have, and not empty. */
static void put_full_name(struct card *card, const cJSON *contact)
{
    const char *given = json_str(contact, "GivenName"), *family = json_str(contact, "Surname");
    bool both = text_has(given) && text_has(family);
    SCOPED(xfree) char *name = both ? xasprintf("%s %s", given, family) : NULL;
    const char *const choices[] = {
        json_str(contact, "DisplayName"),
        json_str(contact, "FileAs"),
        name,
        given,
        family,
        json_str(contact, "NickName"),
        json_str(contact, "CompanyName"),
        first_address(contact),
        kind_id(KIND_CONTACT, contact),
        "?",
    };
    size_t i = 0;

    while (!text_has(choices[i]))
        i++;
    put(card, "FN", choices[i]);
}

static void put_names(struct card *card, const cJSON *contact)
{
    const char *const name[] = {
        json_str(contact, "Surname"),    json_str(contact, "GivenName"),
        json_str(contact, "MiddleName"), json_str(contact, "Title"),
        json_str(contact, "Generation"),
    };

    put_full_name(card, contact);
    put_parts(card, "N", name, ARRAY_SIZE(name));
    put(card, "NICKNAME", json_str(contact, "NickName"));
    put(card, "X-EVOLUTION-FILE-AS", json_str(contact, "FileAs"));
    put(card, "X-INITIALS", json_str(contact, "Initials"));
    put(card, "X-PHONETIC-FIRST-NAME", json_str(contact, "YomiGivenName"));
    put(card, "X-PHONETIC-LAST-NAME", json_str(contact, "YomiSurname"));
}

static void put_work(struct card *card, const cJSON *contact)
{
    const char *const org[] = {json_str(contact, "CompanyName"), json_str(contact, "Department")};

    put_parts(card, "ORG", org, text_has(org[1]) ? 2 : 1);
    put(card, "X-PHONETIC-ORG", json_str(contact, "YomiCompanyName"));
    put(card, "TITLE", json_str(contact, "JobTitle"));
    put(card, "ROLE", json_str(contact, "Profession"));
    put(card, "X-MS-MANAGER", json_str(contact, "Manager"));
    put(card, "RELATED;TYPE=agent;VALUE=text", json_str(contact, "AssistantName"));
}

/* --- how to reach them --- */

/* A parameter in quotes, which it cannot have in it (RFC 6350, 3.3). */
static void add_quoted(struct card *card, const char *text)
{
    size_t before = card->line.len;

    if (!card->rc)
        card->rc = text_line(&card->line, text);
    for (size_t i = before; !card->rc && i < card->line.len; i++) {
        if (card->line.data[i] == '"')
            card->line.data[i] = '\'';
    }
}

/* The service keeps the order; the first is the preferred one. */
static void put_mail(struct card *card, const cJSON *contact)
{
    const cJSON *item;
    bool first = true;

    cJSON_ArrayForEach(item, json_get(contact, "EmailAddresses"))
    {
        const char *address = json_str(item, "Address");

        if (!text_has(address))
            continue;
        buf_clear(&card->line);
        add(card, "EMAIL", 5);
        if (first)
            add(card, ";PREF=1", 7);
        if (text_has(json_str(item, "Name"))) {
            add(card, ";X-CN=\"", 7);
            add_quoted(card, json_str(item, "Name"));
            add(card, "\"", 1);
        }
        add(card, ":", 1);
        add_text(card, address);
        end(card);
        first = false;
    }
}

/* RFC 3986, 3.1 */
static bool has_scheme(const char *uri)
{
    const char *p = uri;

    while (isascii((unsigned char)*p) && (isalnum((unsigned char)*p) || strchr("+-.", *p)) && *p)
        p++;
    return p > uri && *p == ':' && isascii((unsigned char)*uri) && isalpha((unsigned char)*uri);
}

/* A bare address gets the scheme that stands for any service (RFC 3860). */
static void put_chat(struct card *card, const cJSON *contact)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, json_get(contact, "ImAddresses"))
    {
        const char *address = cJSON_GetStringValue(item);

        if (!text_has(address))
            continue;
        begin(card, "IMPP");
        if (!has_scheme(address))
            add(card, "im:", 3);
        add_uri(card, address);
        end(card);
    }
}

static void put_page(struct card *card, const cJSON *contact)
{
    const char *page = json_str(contact, "BusinessHomePage");

    if (!text_has(page))
        return;
    begin(card, "URL;TYPE=work");
    add_uri(card, page);
    end(card);
}

/* The room goes where Outlook writes it, into the extended address. */
static void put_address(struct card *card, const char *name, const cJSON *address, const char *room)
{
    const char *const parts[] = {
        NULL,
        room,
        json_str(address, "Street"),
        json_str(address, "City"),
        json_str(address, "State"),
        json_str(address, "PostalCode"),
        json_str(address, "CountryOrRegion"),
    };

    put_parts(card, name, parts, ARRAY_SIZE(parts));
}

static void put_ways(struct card *card, const cJSON *contact)
{
    put_mail(card, contact);
    put(card, "TEL;TYPE=cell", json_str(contact, "MobilePhone1"));
    put_each(card, "TEL;TYPE=work", json_get(contact, "BusinessPhones"));
    put_each(card, "TEL;TYPE=home", json_get(contact, "HomePhones"));
    put_chat(card, contact);
    put_page(card, contact);
    put_address(card, "ADR;TYPE=work", json_get(contact, "BusinessAddress"),
                json_str(contact, "OfficeLocation"));
    put_address(card, "ADR;TYPE=home", json_get(contact, "HomeAddress"), NULL);
    put_address(card, "ADR", json_get(contact, "OtherAddress"), NULL);
}

/* --- times, words --- */

/* A date, never a time: the service keeps midnight or noon of some zone. "--0506" has no year. */
static void put_birthday(struct card *card, const cJSON *contact)
{
    const char *text = json_str(contact, "Birthday");
    int64_t ns;

    if (!text || str_parse_time(text, &ns) == -EINVAL || str_starts(text, "0001-01-01"))
        return;
    bool year = atoi(text) != VCARD_YEAR_NONE && !str_starts(text, YEAR_FIRST);
    begin(card, "BDAY");
    add(card, year ? text : "--", year ? 4 : 2);
    add(card, text + 5, 2);
    add(card, text + 8, 2);
    end(card);
}

static void put_categories(struct card *card, const cJSON *contact)
{
    const cJSON *item;
    bool first = true;

    cJSON_ArrayForEach(item, json_get(contact, "Categories"))
    {
        if (!text_has(cJSON_GetStringValue(item)))
            continue;
        if (first)
            begin(card, "CATEGORIES");
        else
            add(card, ",", 1);
        add_text(card, cJSON_GetStringValue(item));
        first = false;
    }
    if (!first)
        end(card);
}

/* "20231221T164852Z" */
static void put_revision(struct card *card, const cJSON *contact)
{
    char text[32];
    int64_t ns;

    if (str_parse_time(json_str(contact, kind_info(KIND_CONTACT)->modified), &ns))
        return;
    str_format_time(ns, text);
    begin(card, "REV");
    for (const char *p = text; *p != '+'; p++) {
        if (*p != '-' && *p != ':')
            add(card, p, 1);
    }
    add(card, "Z", 1);
    end(card);
}

int vcard_write(const struct cJSON *contact, struct buf *out)
{
    struct card card = {.out = out};
    size_t before = out->len;

    buf_init(&card.line, out->max);
    put(&card, "BEGIN", "VCARD");
    put(&card, "VERSION", "4.0");
    put(&card, "PRODID", FORMATS_PRODID);
    put(&card, "UID;VALUE=text", kind_id(KIND_CONTACT, contact));
    put_names(&card, contact);
    put_work(&card, contact);
    put_ways(&card, contact);
    put_birthday(&card, contact);
    put_categories(&card, contact);
    put_revision(&card, contact);
    put(&card, "END", "VCARD");
    buf_release(&card.line);
    if (card.rc)
        buf_truncate(out, before);
    return card.rc;
}
