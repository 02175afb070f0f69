/*
 * vcard_read.c - vCards (RFC 6350, RFC 2426, version 2.1) as contacts.
 *
 * Ours for the reason vcard.c has. What is not in the tables below is named in `left`.
 */
#include <outlookfs/formats/vcard.h>

#include "formats_p.h"
#include "vcard_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/formats/imported.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One text becomes one member. */
static const struct {
    const char *property, *member;
} texts[] = {
    {"FN", "DisplayName"},
    {"NICKNAME", "NickName"},
    {"TITLE", "JobTitle"},
    {"ROLE", "Profession"},
    {"NOTE", "PersonalNotes"},
    {"X-EVOLUTION-FILE-AS", "FileAs"},
    {"X-INITIALS", "Initials"},
    {"X-MS-MANAGER", "Manager"},
    {"X-MANAGER", "Manager"},
    {"X-EVOLUTION-MANAGER", "Manager"},
    {"X-ASSISTANT", "AssistantName"},
    {"X-MS-ASSISTANT", "AssistantName"},
    {"X-EVOLUTION-ASSISTANT", "AssistantName"},
    {"X-SPOUSE", "SpouseName"},
    {"X-MS-SPOUSE", "SpouseName"},
    {"X-EVOLUTION-SPOUSE", "SpouseName"},
    {"X-PHONETIC-FIRST-NAME", "YomiGivenName"},
    {"X-PHONETIC-LAST-NAME", "YomiSurname"},
    {"X-PHONETIC-ORG", "YomiCompanyName"},
};

/* They say nothing about the person: the service makes its own. */
static const char *const silent[] = {
    "BEGIN", "END", "VERSION", "PRODID", "UID", "REV", "PROFILE", "X-ABLABEL", "X-ABSHOWAS",
};

/* Addresses of messengers that are properties of their own. */
static const char *const chats[] = {
    "X-AIM", "X-ICQ", "X-JABBER", "X-MSN", "X-YAHOO", "X-SKYPE", "X-SKYPE-USERNAME", "X-GTALK",
};

/* A card that is being read. */
struct reader {
    struct import *card;
    int mail_pref; /* of the first address */
};

static void leave(struct reader *r, const struct vcard_line *line)
{
    imports_note(&r->card->left, "%s:%.60s", line->name, line->value);
}

static bool has(const struct reader *r, const char *member)
{
    return json_get(r->card->record, member);
}

static void set_text(struct reader *r, const char *member, const char *text)
{
    if (text_has(text))
        cJSON_AddStringToObject(r->card->record, member, text);
}

/* Where the member is free; else the property is left. */
static void put_text(struct reader *r, const struct vcard_line *line, const char *member,
                     const char *text)
{
    if (has(r, member))
        leave(r, line);
    else
        set_text(r, member, text);
}

static cJSON *list_of(struct reader *r, const char *member)
{
    cJSON *list = json_get(r->card->record, member);

    return list ? list : cJSON_AddArrayToObject(r->card->record, member);
}

static void add_to(struct reader *r, const char *member, const char *text)
{
    if (text_has(text))
        cJSON_AddItemToArray(list_of(r, member), cJSON_CreateString(text));
}

static char *joined(char *const *parts, const char *by)
{
    struct buf out;

    buf_init(&out, JSON_TEXT_MAX);
    for (; *parts; parts++) {
        if (text_has(*parts))
            buf_addf(&out, "%s%s", out.len ? by : "", *parts);
    }
    return buf_detach(&out);
}

/* --- name --- */

/* A component of N or ADR may be a list. */
static char *component(const char *value, size_t index, const char *by)
{
    const char *p = value;

    for (; index && *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == ';')
            index--;
    }
    if (index)
        return xstrdup("");
    size_t len = 0;
    while (p[len] && p[len] != ';')
        len += p[len] == '\\' && p[len + 1] ? 2 : 1;
    SCOPED(xfree) char *one = xstrndup(p, len);
    char **list = vcard_parts(one, ',');
    char *text = joined(list, by);
    vcard_parts_release(list);
    return text;
}

static void read_name(struct reader *r, const struct vcard_line *line)
{
    static const char *const members[] = {"Surname", "GivenName", "MiddleName", "Title",
                                          "Generation"};

    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        SCOPED(xfree) char *text = component(line->value, i, " ");

        set_text(r, members[i], text);
    }
}

static void read_organisation(struct reader *r, const struct vcard_line *line)
{
    char **parts = vcard_parts(line->value, ';');
    SCOPED(xfree) char *units = parts[1] ? joined(parts + 1, ", ") : NULL;

    if (has(r, "CompanyName")) {
        leave(r, line);
    } else {
        set_text(r, "CompanyName", parts[0]);
        set_text(r, "Department", units);
    }
    vcard_parts_release(parts);
}

/* --- how to reach them --- */

/* The preferred address is the first. */
static void read_mail(struct reader *r, const struct vcard_line *line)
{
    SCOPED(xfree) char *address = vcard_text(line->value);
    const char *bare = !strncasecmp(address, "mailto:", 7) ? address + 7 : address;
    cJSON *entry = cJSON_CreateObject(), *list = list_of(r, "EmailAddresses");

    if (line->cn)
        cJSON_AddStringToObject(entry, "Name", line->cn);
    cJSON_AddStringToObject(entry, "Address", bare);
    if (!cJSON_GetArraySize(list) || line->pref >= r->mail_pref) {
        cJSON_AddItemToArray(list, entry);
        r->mail_pref = cJSON_GetArraySize(list) == 1 ? line->pref : r->mail_pref;
    } else {
        cJSON_InsertItemInArray(list, 0, entry);
        r->mail_pref = line->pref;
    }
}

/* "tel:+1-555-0100;ext=7" */
static char *number_of(const char *value)
{
    char *text = vcard_text(value);

    if (!strncasecmp(text, "tel:", 4))
        memmove(text, text + 4, strlen(text + 4) + 1);
    return text;
}

static void read_phone(struct reader *r, const struct vcard_line *line)
{
    SCOPED(xfree) char *number = number_of(line->value);
    bool mobile = vcard_is(line, "cell");

    if (vcard_is(line, "fax") || vcard_is(line, "pager") || vcard_is(line, "modem"))
        leave(r, line);
    else if (vcard_is(line, "work") && !mobile)
        add_to(r, "BusinessPhones", number);
    else if (vcard_is(line, "home") && !mobile)
        add_to(r, "HomePhones", number);
    else
        put_text(r, line, "MobilePhone1", number);
}

/* "im:" is what the writer gives an address without a scheme. */
static void read_chat(struct reader *r, const struct vcard_line *line)
{
    SCOPED(xfree) char *address = vcard_text(line->value);

    if (!strncasecmp(address, "im:", 3)) {
        SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

        if (!str_percent_decode(&text, address + 3, strlen(address + 3)))
            add_to(r, "ImAddresses", text.data);
    } else {
        add_to(r, "ImAddresses", address);
    }
}

static void read_address(struct reader *r, const struct vcard_line *line)
{
    static const char *const members[] = {"Street", "City", "State", "PostalCode",
                                          "CountryOrRegion"};
    bool work = vcard_is(line, "work"), home = vcard_is(line, "home");
    const char *member = work ? "BusinessAddress" : home ? "HomeAddress" : "OtherAddress";
    SCOPED(xfree) char *box = component(line->value, 0, ", ");
    SCOPED(xfree) char *room = component(line->value, 1, ", ");

    if (has(r, member)) {
        leave(r, line);
        return;
    }
    cJSON *address = cJSON_CreateObject();
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        SCOPED(xfree) char *text = component(line->value, i + 2, ", ");
        SCOPED(xfree) char *lines = text_with_crlf(text);

        if (text_has(text))
            cJSON_AddStringToObject(address, members[i], lines);
    }
    if (address->child)
        cJSON_AddItemToObject(r->card->record, member, address);
    else
        cJSON_Delete(address);
    if (work && !has(r, "OfficeLocation"))
        set_text(r, "OfficeLocation", room);
    else if (text_has(room))
        imports_note(&r->card->left, "ADR, extended address:%s", room);
    if (text_has(box))
        imports_note(&r->card->left, "ADR, post office box:%s", box);
}

/* --- times, words --- */

/* "19960415", "1996-04-15", "--0415", and any of them with a time. */
static void read_birthday(struct reader *r, const struct vcard_line *line)
{
    int year = 0, month = 0, day = 0;
    char text[32];
    const char *v = line->value;
    bool read = sscanf(v, "%4d-%2d-%2d", &year, &month, &day) == 3 ||
                sscanf(v, "%4d%2d%2d", &year, &month, &day) == 3;

    if (!read && sscanf(v, "--%2d%*[-]%2d", &month, &day) != 2 &&
        sscanf(v, "--%2d%2d", &month, &day) != 2)
        month = 0;
    year = read ? year : VCARD_YEAR_NONE;
    snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, day);
    int64_t ns;
    if (month < 1 || day < 1 || str_parse_time(text, &ns) == -EINVAL)
        leave(r, line);
    else
        put_text(r, line, "Birthday", text);
}

static void read_categories(struct reader *r, const struct vcard_line *line)
{
    char **words = vcard_parts(line->value, ',');

    for (size_t i = 0; words[i]; i++)
        add_to(r, "Categories", words[i]);
    vcard_parts_release(words);
}

static void read_related(struct reader *r, const struct vcard_line *line)
{
    SCOPED(xfree) char *text = vcard_text(line->value);
    const char *member = vcard_is(line, "agent")    ? "AssistantName"
                         : vcard_is(line, "spouse") ? "SpouseName"
                                                    : NULL;

    if (member)
        put_text(r, line, member, text);
    else
        leave(r, line);
}

static void read_page(struct reader *r, const struct vcard_line *line)
{
    SCOPED(xfree) char *text = vcard_text(line->value);

    put_text(r, line, "BusinessHomePage", text);
}

/* --- a card --- */

static const struct {
    const char *property;
    void (*read)(struct reader *r, const struct vcard_line *line);
} readers[] = {
    {"N", read_name},        {"ORG", read_organisation}, {"EMAIL", read_mail},
    {"TEL", read_phone},     {"IMPP", read_chat},        {"ADR", read_address},
    {"BDAY", read_birthday}, {"RELATED", read_related},  {"CATEGORIES", read_categories},
    {"URL", read_page},
};

static void read_line(struct reader *r, const struct vcard_line *line)
{
    if (!text_has(line->value) || str_in(line->name, silent, ARRAY_SIZE(silent)))
        return;
    if (line->encoding) { /* a picture, a sound, a key */
        imports_note(&r->card->left, "%s", line->name);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
        if (str_eq(readers[i].property, line->name)) {
            readers[i].read(r, line);
            return;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (str_eq(texts[i].property, line->name)) {
            char *text = vcard_text(line->value);

            put_text(r, line, texts[i].member, text);
            free(text);
            return;
        }
    }
    if (str_in(line->name, chats, ARRAY_SIZE(chats)))
        read_chat(r, line);
    else
        leave(r, line);
}

/* What a card is called by where it has no FN, which it must have. */
static void finish(struct import *card)
{
    static const char *const names[] = {"DisplayName", "FileAs",   "GivenName",
                                        "Surname",     "NickName", "CompanyName"};
    const char *title = NULL;

    for (size_t i = 0; !title && i < ARRAY_SIZE(names); i++)
        title = json_str(card->record, names[i]);
    card->title = xstrdup(title ? title : "");
}

/* Why the card is none that can be read; NULL: it can. */
static const char *refusal(const struct vcard_line *line)
{
    if (str_eq(line->name, "VERSION") && !str_eq(line->value, "2.1") &&
        !str_eq(line->value, "3.0") && !str_eq(line->value, "4.0"))
        return "only versions 2.1, 3.0 and 4.0 are read";
    if (str_eq(line->name, "KIND") && !strcasecmp(line->value, "group"))
        return "a group of people";
    return NULL;
}

static bool bound(const struct vcard_line *line, const char *name)
{
    return str_eq(line->name, name) && !strcasecmp(line->value, "VCARD");
}

/* From behind BEGIN to END. False: the text ends before it. */
static bool read_card(struct imports *imports, struct vcard_lines *lines)
{
    struct reader r = {.card = imports_add(imports, KIND_CONTACT)};
    struct vcard_line line;
    const char *why = NULL;
    unsigned depth = 1; /* an AGENT of version 2.1 is a card in the card */
    bool end = false;

    while (!end && vcard_next(lines, &line)) {
        depth += bound(&line, "BEGIN") - bound(&line, "END");
        end = depth == 0;
        if (!why)
            why = refusal(&line);
        if (depth > 1 || (depth == 1 && bound(&line, "END")))
            imports_note(&r.card->left, "AGENT (a card in the card)");
        else if (!*line.name)
            imports_note(&r.card->left, "a line that is no property: %.60s", line.value);
        else if (!str_eq(line.name, "KIND"))
            read_line(&r, &line);
        vcard_line_release(&line);
    }
    finish(r.card);
    if (!end)
        why = "END:VCARD is missing";
    if (why) {
        imports_note(&imports->skipped, "%s: %s", *r.card->title ? r.card->title : "a card", why);
        imports_drop_last(imports);
    }
    return end;
}

int vcard_read(const char *text, struct imports *ret, struct buf *err)
{
    struct vcard_lines lines = {.at = str_starts(text, "\xef\xbb\xbf") ? text + 3 : text};
    struct vcard_line line;
    bool any = false;

    while (vcard_next(&lines, &line)) {
        bool begins = bound(&line, "BEGIN");

        if (begins)
            any = true;
        else
            imports_note(&ret->skipped, "a line outside of a card: %.60s", line.value);
        vcard_line_release(&line);
        if (begins && !read_card(ret, &lines))
            break;
    }
    return any ? 0 : buf_fail(err, -EINVAL, "no vCard");
}
