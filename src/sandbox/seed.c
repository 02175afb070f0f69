/*
 * seed.c - folders, contacts and events of the seeded mailbox; seed_mail.c has the messages.
 */
#include "seed_p.h"

#include "dataset_p.h"
#include "db_p.h"
#include "ids_p.h"
#include "sandbox_p.h"
#include "seed_data_p.h"
#include "seed_private_p.h"
#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400)

uint64_t seed_random(struct seed *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15ULL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

size_t seed_below(struct seed *s, size_t n)
{
    return (size_t)(seed_random(s) % n);
}

bool seed_chance(struct seed *s, unsigned percent)
{
    return seed_below(s, 100) < percent;
}

const char *seed_word(struct seed *s, const char *const *list)
{
    size_t n = 0;

    while (list[n])
        n++;
    return list[seed_below(s, n)];
}

/* A pattern with its '#' made digits. */
static char *digits(struct seed *s, const char *pattern)
{
    char *out = xstrdup(pattern);

    for (char *p = out; *p; p++) {
        if (*p == '#')
            *p = (char)('0' + seed_below(s, 10));
    }
    return out;
}

static void add_digits(struct seed *s, cJSON *object, const char *name, const char *pattern)
{
    char *text = digits(s, pattern);

    cJSON_AddStringToObject(object, name, text);
    free(text);
}

void seed_person(struct seed *s, struct seed_person *ret)
{
    size_t surname = seed_below(s, SEED_NAMES), given = seed_below(s, SEED_NAMES);

    ret->locale = &seed_locales[seed_below(s, seed_nlocales)];
    ret->company = &seed_companies[seed_below(s, seed_ncompanies)];
    ret->given = ret->locale->given[given];
    ret->surname = ret->locale->surnames[surname];
    ret->yomi_given = ret->locale->yomi_given[given];
    ret->yomi_surname = ret->locale->yomi_surnames[surname];
    snprintf(ret->address, sizeof(ret->address), "%s.%s@%s", ret->locale->login_given[given],
             ret->locale->login_surnames[surname], ret->company->domain);
}

/* --- folders ---------------------------------------------------------------------------------- */

static char *add_folder(struct seed *s, enum record_kind kind, const char *parent, const char *name)
{
    uint32_t number = ++s->folders;
    struct folder f = {.number = number, .parent = (char *)parent, .name = (char *)name};

    f.id = kind == RECORD_EVENT ? ids_item(0x100 + number, number) : ids_folder(0x100 + number);
    f.number = 0x100 + number;
    db_folder_add(s->db, kind, &f);
    return f.id;
}

static void add_folders(struct seed *s)
{
    static const char *const mail[] = {"Drafts",  "Sent Items", "Deleted Items",
                                       "Archive", "Junk Email", "Projects 2026/2027"};
    static const char *const calendars[] = {"Calendar", "Birthdays",
                                            "Team: \"Köln/Lyon\" & friends"};
    static const char *const contacts[] = {"Contacts", "Customers/Suppliers"};
    char *inbox = add_folder(s, RECORD_MESSAGE, NULL, "Inbox");

    free(add_folder(s, RECORD_MESSAGE, inbox, "Support"));
    free(inbox);
    for (size_t i = 0; i < ARRAY_SIZE(mail); i++)
        free(add_folder(s, RECORD_MESSAGE, NULL, mail[i]));
    for (size_t i = 0; i < ARRAY_SIZE(calendars); i++)
        free(add_folder(s, RECORD_EVENT, NULL, calendars[i]));
    for (size_t i = 0; i < ARRAY_SIZE(contacts); i++)
        free(add_folder(s, RECORD_CONTACT, NULL, contacts[i]));
}

/* --- contacts --------------------------------------------------------------------------------- */

static void add_address(struct seed *s, cJSON *contact, const char *name,
                        const struct seed_locale *l)
{
    cJSON *address = cJSON_AddObjectToObject(contact, name);

    add_digits(s, address, "Street", l->streets[seed_below(s, ARRAY_SIZE(l->streets))]);
    cJSON_AddStringToObject(address, "City", l->cities[seed_below(s, ARRAY_SIZE(l->cities))]);
    if (l->state)
        cJSON_AddStringToObject(address, "State", l->state);
    cJSON_AddStringToObject(address, "CountryOrRegion", l->country);
    add_digits(s, address, "PostalCode", l->postal);
}

static void add_phones(struct seed *s, cJSON *contact, const char *name, const char *pattern,
                       unsigned percent)
{
    cJSON *phones = cJSON_AddArrayToObject(contact, name);

    if (seed_chance(s, percent)) {
        char *number = digits(s, pattern);

        cJSON_AddItemToArray(phones, cJSON_CreateString(number));
        free(number);
    }
}

static void add_mails(cJSON *contact, const struct seed_person *p)
{
    cJSON *mails = cJSON_AddArrayToObject(contact, "EmailAddresses"), *mail = cJSON_CreateObject();

    cJSON_AddStringToObject(mail, "Name", p->address);
    cJSON_AddStringToObject(mail, "Address", p->address);
    cJSON_AddItemToArray(mails, mail);
}

static void add_birthday(struct seed *s, cJSON *contact)
{
    char text[64];

    snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00+00:00", 1948 + (int)seed_below(s, 60),
             1 + (int)seed_below(s, 12), 1 + (int)seed_below(s, 28));
    cJSON_AddStringToObject(contact, "Birthday", text);
}

static cJSON *make_contact(struct seed *s)
{
    cJSON *c = cJSON_CreateObject();
    struct seed_person p;

    seed_person(s, &p);
    cJSON_AddStringToObject(c, "GivenName", p.given);
    cJSON_AddStringToObject(c, "Surname", p.surname);
    if (p.yomi_given) {
        cJSON_AddStringToObject(c, "YomiGivenName", p.yomi_given);
        cJSON_AddStringToObject(c, "YomiSurname", p.yomi_surname);
    }
    if (seed_chance(s, 85))
        add_mails(c, &p);
    if (seed_chance(s, 80)) {
        cJSON_AddStringToObject(c, "CompanyName", p.company->name);
        cJSON_AddStringToObject(c, "JobTitle", seed_word(s, seed_jobs));
        cJSON_AddStringToObject(c, "Department", seed_word(s, seed_departments));
        add_address(s, c, "BusinessAddress", p.locale);
    }
    if (seed_chance(s, 30))
        add_birthday(s, c);
    if (seed_chance(s, 25))
        add_address(s, c, "HomeAddress", p.locale);
    if (seed_chance(s, 70))
        add_digits(s, c, "MobilePhone1", p.locale->mobile);
    if (seed_chance(s, 10))
        cJSON_AddStringToObject(c, "NickName", p.given);
    add_phones(s, c, "HomePhones", p.locale->phone, 25);
    add_phones(s, c, "BusinessPhones", p.locale->phone, 60);
    if (seed_chance(s, 20))
        cJSON_AddItemToArray(cJSON_AddArrayToObject(c, "Categories"),
                             cJSON_CreateString(seed_word(s, seed_categories)));
    return c;
}

/* Stores and frees the body; the moment of creation lies `age` seconds before the epoch. */
static void store(struct seed *s, const struct dataset *d, const char *folder_name, cJSON *body,
                  int64_t age)
{
    struct folder folder;
    struct buf err;
    cJSON *made;

    buf_init(&err, BUF_TEXT_MAX);
    db_folder_by_name(s->db, d->kind, NULL, folder_name, &folder);
    db_pretend_now(s->db, (SEED_EPOCH - age) * NS_PER_S + (int64_t)seed_below(s, 10000000) * 100);
    made = dataset_create(s->db, d, &folder, body, &err);
    if (!made) {
        fprintf(stderr, "outlookfs-sandbox: seed: %s\n", err.data);
        abort();
    }
    cJSON_Delete(made);
    cJSON_Delete(body);
    folder_release(&folder);
    buf_release(&err);
}

static void add_contacts(struct seed *s, unsigned count)
{
    unsigned more = count ? 3 : 0;

    for (unsigned i = 0; i < count; i++)
        store(s, &dataset_contacts, "Contacts", make_contact(s),
              400 * DAY - (int64_t)i * 400 * DAY / (count + 1));
    for (unsigned i = 0; i < more; i++)
        store(s, &dataset_contacts, "Customers/Suppliers", make_contact(s), (i + 1) * DAY);
}

/* --- events ----------------------------------------------------------------------------------- */

static void add_time(cJSON *event, const char *name, int64_t seconds)
{
    char text[32];

    str_format_time(seconds * NS_PER_S, text);
    cJSON_AddStringToObject(event, name, text);
}

static cJSON *make_event(const char *subject, int64_t start, int64_t seconds)
{
    cJSON *e = cJSON_CreateObject();

    cJSON_AddStringToObject(e, "Subject", subject);
    add_time(e, "Start", start);
    add_time(e, "End", start + seconds);
    cJSON_AddStringToObject(e, "Importance", "Normal");
    return e;
}

static void add_attendees(struct seed *s, cJSON *event, size_t count)
{
    static const char *const types[] = {"Required", "Optional", "Resource"};
    cJSON *list = cJSON_AddArrayToObject(event, "Attendees");

    for (size_t i = 0; i < count; i++) {
        cJSON *a = cJSON_CreateObject(), *mail;
        struct seed_person p;
        char name[200];

        seed_person(s, &p);
        snprintf(name, sizeof(name), "%s %s", p.given, p.surname);
        cJSON_AddStringToObject(a, "Type", types[i < 2 ? 0 : i % 3]);
        mail = cJSON_AddObjectToObject(a, "EmailAddress");
        cJSON_AddStringToObject(mail, "Name", name);
        cJSON_AddStringToObject(mail, "Address", p.address);
        cJSON_AddItemToArray(list, a);
    }
}

static cJSON *make_meeting(struct seed *s, unsigned i)
{
    int64_t day = (int64_t)seed_below(s, 120) - 40, hour = 8 + (int64_t)seed_below(s, 9);
    int64_t midnight = SEED_EPOCH - SEED_EPOCH % DAY;
    cJSON *e, *body, *place;

    if (i % 6 == 3) {
        e = make_event(seed_word(s, seed_holidays), midnight + day * DAY,
                       (1 + (int64_t)seed_below(s, 3)) * DAY);
        cJSON_AddTrueToObject(e, "IsAllDay");
        cJSON_AddStringToObject(e, "ShowAs", "Oof");
        return e;
    }
    e = make_event(seed_word(s, seed_meetings), midnight + day * DAY + hour * 3600,
                   1800 * (1 + (int64_t)seed_below(s, 4)));
    cJSON_AddStringToObject(e, "ShowAs", seed_chance(s, 15) ? "Tentative" : "Busy");
    place = cJSON_AddObjectToObject(e, "Location");
    cJSON_AddStringToObject(place, "DisplayName", seed_word(s, seed_rooms));
    body = cJSON_AddObjectToObject(e, "Body");
    cJSON_AddStringToObject(body, "ContentType", "Text");
    cJSON_AddStringToObject(body, "Content", seed_word(s, seed_sentences));
    if (seed_chance(s, 60))
        add_attendees(s, e, 1 + seed_below(s, 5));
    if (seed_chance(s, 20))
        cJSON_AddItemToArray(cJSON_AddArrayToObject(e, "Categories"),
                             cJSON_CreateString(seed_word(s, seed_categories)));
    return e;
}

static cJSON *make_series(struct seed *s, const char *subject, const char *type, const char *day,
                          int64_t start)
{
    cJSON *e = make_event(subject, start, 1800), *recurrence, *pattern, *range;

    cJSON_AddStringToObject(e, "ShowAs", "Busy");
    add_attendees(s, e, 4);
    recurrence = cJSON_AddObjectToObject(e, "Recurrence");
    pattern = cJSON_AddObjectToObject(recurrence, "Pattern");
    cJSON_AddStringToObject(pattern, "Type", type);
    cJSON_AddNumberToObject(pattern, "Interval", 1);
    if (day)
        cJSON_AddItemToArray(cJSON_AddArrayToObject(pattern, "DaysOfWeek"),
                             cJSON_CreateString(day));
    range = cJSON_AddObjectToObject(recurrence, "Range");
    cJSON_AddStringToObject(range, "Type", day ? "NoEnd" : "Numbered");
    if (!day)
        cJSON_AddNumberToObject(range, "NumberOfOccurrences", 10);
    return e;
}

static void add_events(struct seed *s, unsigned count)
{
    static const char *const birthdays[] = {"Birthday of Åsa", "Birthday of 山田",
                                            "Birthday of Zoé"};
    int64_t midnight = SEED_EPOCH - SEED_EPOCH % DAY;

    for (unsigned i = 0; i < count; i++) {
        int64_t age = 60 * DAY - (int64_t)i * 60 * DAY / (count + 1);
        cJSON *e;

        if (i == 0)
            e = make_series(s, "Team weekly", "Weekly", "Monday", midnight - 28 * DAY + 9 * 3600);
        else if (i == 7)
            e = make_series(s, "Daily build check", "Daily", NULL, midnight + 7 * 3600 + 1800);
        else
            e = make_meeting(s, i);
        store(s, &dataset_calendars, "Calendar", e, age);
    }
    for (size_t i = 0; count && i < ARRAY_SIZE(birthdays); i++) {
        cJSON *e = make_event(birthdays[i], midnight + (int64_t)(i * 17 + 3) * DAY, DAY);

        cJSON_AddTrueToObject(e, "IsAllDay");
        store(s, &dataset_calendars, "Birthdays", e, 90 * DAY);
    }
    for (unsigned i = 0; count && i < 2; i++)
        store(s, &dataset_calendars, "Team: \"Köln/Lyon\" & friends", make_meeting(s, i), 30 * DAY);
}

void seed_fill(struct db *db, const struct seed_counts *counts)
{
    struct seed s = {.db = db, .state = SEED_EPOCH};

    db_begin(db);
    add_folders(&s);
    add_contacts(&s, counts->contacts);
    add_events(&s, counts->events);
    seed_messages(&s, counts->messages);
    db_pretend_now(db, 0);
    db_end(db, true);
}
