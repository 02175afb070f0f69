/*
 * label.c - file names for people.
 */
#include <outlookfs/model/label.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/event.h>
#include <outlookfs/model/name.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECEIVED "DateTimeReceived"
#define SUFFIX ".json"
#define STEM_MAX (NAME_BYTES_MAX - (sizeof(SUFFIX) - 1))

/* A sender in a name; the subject gets what is left of it. */
#define SENDER_MAX 80

/* "2026-11-23 0914", and room for years nobody meant. */
#define DATE_MAX 64

/* Members are text of people: white space of any kind and length is one space. NULL where nothing
 * is left. The caller frees. */
static char *words_of(const char *text)
{
    struct buf out;

    buf_init(&out, text ? strlen(text) + 1 : 1);
    for (const char *s = text ? text : ""; *s; s++) {
        if (!isspace((unsigned char)*s))
            buf_addch(&out, *s);
        else if (out.len && out.data[out.len - 1] != ' ')
            buf_addch(&out, ' ');
    }
    if (out.len && out.data[out.len - 1] == ' ')
        buf_truncate(&out, out.len - 1);
    if (out.len)
        return buf_detach(&out);
    buf_release(&out);
    return NULL;
}

static char *member_words(const cJSON *obj, const char *member)
{
    return words_of(json_str(obj, member));
}

/* A first character that would make the name scratch is encoded, too. */
static char *safe(const char *text, size_t max)
{
    char *name = name_safe(text, max - strlen("%2E") + 1);

    if (!strchr(".~#", *name))
        return name;
    char *encoded = xasprintf("%%%02X%s", (unsigned char)*name, name + 1);
    free(name);
    return encoded;
}

/* "Jane Doe <jane@contoso.example>" is its address. */
static char *sender_of(const cJSON *obj)
{
    const char *from = json_str(obj, "From");
    const char *open = from ? strrchr(from, '<') : NULL;
    const char *close = open ? strchr(open, '>') : NULL;
    SCOPED(xfree) char *address = close ? xstrndup(open + 1, (size_t)(close - open - 1)) : NULL;
    char *sender = words_of(address);

    return sender ? sender : words_of(from);
}

/* "bob@contoso.example and 2 more" */
static char *receivers_of(const cJSON *obj)
{
    const char *to = json_str(obj, "To");
    size_t len = to ? strcspn(to, ";") : 0, more = 0;

    for (const char *p = to ? to + len : ""; *p; p++)
        more += *p == ';' && p[1 + strspn(p + 1, "; ")];
    SCOPED(xfree) char *first = xstrndup(to ? to : "", len);
    char *words = words_of(first), *all = words;

    if (words && more) {
        all = xasprintf("%s and %zu more", words, more);
        free(words);
    }
    return all;
}

static void make_small(char *s)
{
    for (; *s; s++)
        *s = (char)tolower((unsigned char)*s);
}

static void format_time(const char *text, char out[DATE_MAX])
{
    struct tm tm;
    int64_t ns;
    time_t t;

    strcpy(out, "(no date)");
    if (!text || str_parse_time(text, &ns))
        return;
    t = (time_t)(ns / NS_PER_S - (ns % NS_PER_S < 0));
    strftime(out, DATE_MAX, "%Y-%m-%d %H%M", localtime_r(&t, &tm));
}

static void format_day(const cJSON *event, char out[DATE_MAX])
{
    struct tm tm;
    int64_t ns;
    time_t t;

    strcpy(out, "(no date)");
    if (event_day(event, "Start", &ns))
        return;
    t = (time_t)(ns / NS_PER_S);
    strftime(out, DATE_MAX, "%Y-%m-%d", gmtime_r(&t, &tm));
}

static char *subject_of(const cJSON *obj, size_t max)
{
    SCOPED(xfree) char *subject = member_words(obj, "Subject");

    return name_safe(subject ? subject : "(no subject)", max);
}

/* "jane@contoso.example", or "to bob@contoso.example". The caller frees; NULL: nobody is named. */
static char *other_side(const cJSON *obj, bool sent, const char *sender)
{
    SCOPED(xfree) char *receivers = sent ? receivers_of(obj) : NULL;
    SCOPED(xfree) char *side = receivers ? xasprintf("to %s", receivers) : xstrdup(sender);

    return side ? name_safe(side, SENDER_MAX) : NULL;
}

static void label_message(const cJSON *obj, bool sent, struct label *ret)
{
    SCOPED(xfree) char *sender = sender_of(obj);
    SCOPED(xfree) char *tail = other_side(obj, sent, sender);
    char date[DATE_MAX];

    format_time(json_str(obj, RECEIVED), date);
    SCOPED(xfree)
    char *subject = subject_of(obj, STEM_MAX - strlen(date) - strlen("  - ") - SENDER_MAX);
    ret->name = xasprintf("%s %s%s%s" SUFFIX, date, subject, tail ? " - " : "", tail ? tail : "");
    if (sender)
        make_small(sender);
    ret->group = safe(sender ? sender : "(no sender)", NAME_BYTES_MAX);
    ret->unread = !json_bool(obj, "IsRead", true);
}

static void label_event(const cJSON *obj, struct label *ret)
{
    char date[DATE_MAX];

    if (json_bool(obj, "IsAllDay", false))
        format_day(obj, date);
    else
        format_time(json_str(obj, "Start"), date);
    SCOPED(xfree) char *subject = subject_of(obj, STEM_MAX - strlen(date) - 1);
    ret->name = xasprintf("%s %s" SUFFIX, date, subject);
}

static char *full_name(const cJSON *obj)
{
    SCOPED(xfree) char *given = member_words(obj, "GivenName");
    SCOPED(xfree) char *surname = member_words(obj, "Surname");
    SCOPED(xfree) char *both = xasprintf("%s %s", given ? given : "", surname ? surname : "");

    return words_of(both);
}

static char *first_address(const cJSON *obj)
{
    const cJSON *address;
    char *found = NULL;

    cJSON_ArrayForEach(address, json_get(obj, "EmailAddresses")) if (!found) found =
        member_words(address, "Address");
    return found;
}

static void label_contact(const cJSON *obj, const char *id, struct label *ret)
{
    SCOPED(xfree) char *company = member_words(obj, "CompanyName");
    SCOPED(xfree) char *name = member_words(obj, "DisplayName");

    if (!name)
        name = full_name(obj);
    if (!name && company)
        name = xstrdup(company);
    if (!name)
        name = first_address(obj);
    SCOPED(xfree) char *stem = safe(name ? name : id, STEM_MAX);
    ret->name = xasprintf("%s" SUFFIX, stem);
    ret->group = company ? safe(company, NAME_BYTES_MAX) : NULL;
}

void label_make(enum kind kind, bool sent, const cJSON *obj, const char *id, struct label *ret)
{
    const char *created = json_str(obj, kind == KIND_MESSAGE ? RECEIVED : "DateTimeCreated");
    struct label label = {0};

    if (created)
        str_parse_time(created, &label.created);
    switch (kind) {
    case KIND_MESSAGE:
        label_message(obj, sent, &label);
        break;
    case KIND_EVENT:
        label_event(obj, &label);
        break;
    default:
        label_contact(obj, id, &label);
        break;
    }
    *ret = label;
}

void label_release(struct label *label)
{
    free(label->name);
    free(label->group);
    *label = (struct label){0};
}
