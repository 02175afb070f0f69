/*
 * members.c - tables of members, and a record held against them.
 */
#include <outlookfs/model/members.h>

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include "members_p.h"
#include "value_p.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* --- the tables ------------------------------------------------------------------------------ */

static const struct member email_address[] = {
    {"Name", TYPE_TEXT},
    {"Address", TYPE_TEXT},
    {NULL},
};

static const struct member physical_address[] = {
    {"Street", TYPE_TEXT},          {"City", TYPE_TEXT},       {"State", TYPE_TEXT},
    {"CountryOrRegion", TYPE_TEXT}, {"PostalCode", TYPE_TEXT}, {NULL},
};

static const struct member coordinates[] = {
    {"Altitude", TYPE_NUMBER}, {"Latitude", TYPE_NUMBER},         {"Longitude", TYPE_NUMBER},
    {"Accuracy", TYPE_NUMBER}, {"AltitudeAccuracy", TYPE_NUMBER}, {NULL},
};

static const struct member location[] = {
    {"DisplayName", TYPE_TEXT},
    {"Address", TYPE_OBJECT, physical_address},
    {"Coordinates", TYPE_OBJECT, coordinates},
    {NULL},
};

static const struct member response_status[] = {
    {"Response", TYPE_TEXT},
    {"Time", TYPE_TEXT},
    {NULL},
};

static const struct member attendee[] = {
    {"Status", TYPE_OBJECT, response_status},
    {"Type", TYPE_TEXT},
    {"EmailAddress", TYPE_OBJECT, email_address},
    {NULL},
};

static const struct member item_body[] = {
    {"ContentType", TYPE_TEXT},
    {"Content", TYPE_TEXT},
    {NULL},
};

static const struct member recurrence_pattern[] = {
    {"Type", TYPE_TEXT},        {"Interval", TYPE_WHOLE},
    {"Month", TYPE_WHOLE},      {"DayOfMonth", TYPE_WHOLE},
    {"DaysOfWeek", TYPE_TEXTS}, {"FirstDayOfWeek", TYPE_TEXT},
    {"Index", TYPE_TEXT},       {NULL},
};

static const struct member recurrence_range[] = {
    {"Type", TYPE_TEXT},
    {"StartDate", TYPE_TEXT},
    {"EndDate", TYPE_TEXT},
    {"NumberOfOccurrences", TYPE_WHOLE},
    {NULL},
};

static const struct member recurrence[] = {
    {"Pattern", TYPE_OBJECT, recurrence_pattern},
    {"Range", TYPE_OBJECT, recurrence_range},
    {NULL},
};

static const struct member event[] = {
    {"Subject", TYPE_TEXT},
    {"Start", TYPE_TEXT},
    {"End", TYPE_TEXT},
    {"StartTimeZone", TYPE_TEXT},
    {"EndTimeZone", TYPE_TEXT},
    {"IsAllDay", TYPE_BOOL},
    {"Location", TYPE_OBJECT, location},
    {"Body", TYPE_OBJECT, item_body},
    {"Attendees", TYPE_OBJECTS, attendee},
    {"Recurrence", TYPE_OBJECT, recurrence},
    {"Categories", TYPE_TEXTS},
    {"Importance", TYPE_TEXT},
    {"ShowAs", TYPE_TEXT},
    {"Reminder", TYPE_WHOLE},
    {"ResponseRequested", TYPE_BOOL},
    {NULL},
};

static const struct member contact[] = {
    {"GivenName", TYPE_TEXT},
    {"MiddleName", TYPE_TEXT},
    {"Surname", TYPE_TEXT},
    {"DisplayName", TYPE_TEXT},
    {"FileAs", TYPE_TEXT},
    {"NickName", TYPE_TEXT},
    {"Initials", TYPE_TEXT},
    {"Title", TYPE_TEXT},
    {"Generation", TYPE_TEXT},
    {"Birthday", TYPE_TEXT},
    {"EmailAddresses", TYPE_OBJECTS, email_address},
    {"ImAddresses", TYPE_TEXTS},
    {"JobTitle", TYPE_TEXT},
    {"CompanyName", TYPE_TEXT},
    {"Department", TYPE_TEXT},
    {"OfficeLocation", TYPE_TEXT},
    {"Profession", TYPE_TEXT},
    {"BusinessHomePage", TYPE_TEXT},
    {"AssistantName", TYPE_TEXT},
    {"Manager", TYPE_TEXT},
    {"HomePhones", TYPE_TEXTS},
    {"BusinessPhones", TYPE_TEXTS},
    {"MobilePhone1", TYPE_TEXT},
    {"HomeAddress", TYPE_OBJECT, physical_address},
    {"BusinessAddress", TYPE_OBJECT, physical_address},
    {"OtherAddress", TYPE_OBJECT, physical_address},
    {"YomiGivenName", TYPE_TEXT},
    {"YomiSurname", TYPE_TEXT},
    {"YomiCompanyName", TYPE_TEXT},
    {"Categories", TYPE_TEXTS},
    {NULL},
};

static const struct member *const members_connector[KIND_COUNT] = {
    [KIND_EVENT] = event,
    [KIND_CONTACT] = contact,
};

const struct member *members_of(enum kind kind)
{
    static const struct member *const *const services[SERVICE_COUNT] = {
        [SERVICE_CONNECTOR] = members_connector,
        [SERVICE_GRAPH] = members_graph,
    };

    return services[kind_service()][kind];
}

static const struct member *find_member(const struct member *list, const char *name)
{
    while (list->name && !str_eq(list->name, name))
        list++;
    return list->name ? list : NULL;
}

bool members_has(enum kind kind, const char *name)
{
    return members_of(kind) && find_member(members_of(kind), name);
}

/* --- the member that was meant --------------------------------------------------------------- */

#define NAME_MAX_LOOKED_AT 40 /* no known name is longer */

/* Letters to add, drop, replace or swap with their neighbour; upper and lower case are one. `begins`: to make
 * the beginning of `b` of it, whatever follows. */
static unsigned distance(const char *a, const char *b, bool begins)
{
    unsigned rows[3][NAME_MAX_LOOKED_AT + 1];
    size_t n = strlen(b);

    for (unsigned j = 0; j <= n; j++)
        rows[0][j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        unsigned *row = rows[i % 3], *before = rows[(i + 2) % 3], *before_that = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

            row[j] = before[j - 1] + (x != y);
            if (before[j] + 1 < row[j])
                row[j] = before[j] + 1;
            if (row[j - 1] + 1 < row[j])
                row[j] = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]) && before_that[j - 2] + 1 < row[j])
                row[j] = before_that[j - 2] + 1;
        }
    }
    const unsigned *last = rows[strlen(a) % 3];
    unsigned least = last[n];

    for (size_t j = 0; begins && j < n; j++)
        least = last[j] < least ? last[j] : least;
    return least;
}

/* NULL: it is like none of them. */
static const char *nearest(const struct member *list, const char *name, bool begins)
{
    unsigned best = begins ? (unsigned)strlen(name) / 4 : (unsigned)strlen(name) / 3 + 1;
    const char *found = NULL;

    if (strlen(name) > NAME_MAX_LOOKED_AT)
        return NULL;
    for (; list->name; list++) {
        unsigned d = distance(name, list->name, begins);

        if (d < best || (d == best && !found)) {
            best = d;
            found = list->name;
        }
    }
    return found;
}

/* --- a record -------------------------------------------------------------------------------- */

struct check {
    enum kind kind;
    bool copy;       /* a new record with an id: see members.h */
    struct buf path; /* of the object that is looked at: "" or "HomeAddress/" */
    struct buf *err;
};

static int unknown(struct check *c, const struct member *known, const cJSON *obj, const char *name)
{
    const char *meant = nearest(known, name, false);

    if (c->copy && (!meant || json_get(obj, meant)))
        return 0;
    if (!meant) /* "Company" */
        meant = nearest(known, name, true);
    return buf_fail(c->err, -EINVAL, "%s%s: the service has no such member of %s%s%s%s%s",
                    c->path.data, name, c->kind == KIND_EVENT ? "an " : "a ",
                    kind_info(c->kind)->name, meant ? "; did you mean " : "", meant ? meant : "",
                    meant ? "?" : "");
}

static bool is_whole(const cJSON *value)
{
    double number = value->valuedouble;

    return number >= -0x1p53 && number <= 0x1p53 && number == (double)(int64_t)number;
}

static bool is_of_type(const cJSON *value, enum member_type type)
{
    switch (type) {
    case TYPE_TEXT:
        return cJSON_IsString(value);
    case TYPE_BOOL:
        return cJSON_IsBool(value);
    case TYPE_NUMBER:
        return cJSON_IsNumber(value);
    case TYPE_WHOLE:
        return cJSON_IsNumber(value) && is_whole(value);
    case TYPE_OBJECT:
        return cJSON_IsObject(value);
    case TYPE_TEXTS:
    case TYPE_OBJECTS:
        return cJSON_IsArray(value);
    }
    return false;
}

static const char *type_name(enum member_type type)
{
    static const char *const names[] = {
        [TYPE_TEXT] = "a text (\"...\")",
        [TYPE_BOOL] = "true or false",
        [TYPE_NUMBER] = "a number",
        [TYPE_WHOLE] = "a whole number",
        [TYPE_OBJECT] = "an object ({...})",
        [TYPE_TEXTS] = "a list of texts ([\"...\"])",
        [TYPE_OBJECTS] = "a list of objects ([{...}])",
    };

    return names[type];
}

static int wrong_type(struct check *c, const char *name, enum member_type type)
{
    return buf_fail(c->err, -EINVAL, "%s%s: must be %s", c->path.data, name, type_name(type));
}

/* Does one of the elements have the member? */
static bool any_has(const cJSON *array, const char *name)
{
    const cJSON *element;

    cJSON_ArrayForEach(element, array)
    {
        if (json_get(element, name))
            return true;
    }
    return false;
}

static int check_members(struct check *c, const struct member *known, const cJSON *base,
                         const cJSON *mine);

static int check_elements(struct check *c, const struct member *m, const cJSON *base,
                          const cJSON *array)
{
    const cJSON *element;

    cJSON_ArrayForEach(element, array)
    {
        bool fits = m->type == TYPE_TEXTS ? cJSON_IsString(element) : cJSON_IsObject(element);
        int rc = fits ? 0 : wrong_type(c, m->name, m->type);

        if (!rc && m->type == TYPE_OBJECTS) {
            size_t before = c->path.len;

            buf_addf(&c->path, "%s/", m->name);
            rc = check_members(c, m->members, base, element);
            buf_truncate(&c->path, before);
        }
        if (rc)
            return rc;
    }
    return 0;
}

static int check_value(struct check *c, const struct member *m, const cJSON *base,
                       const cJSON *value)
{
    if (cJSON_IsNull(value) || (base && value_same(base, value)))
        return 0;
    if (!is_of_type(value, m->type))
        return wrong_type(c, m->name, m->type);
    if (m->type == TYPE_OBJECT) {
        size_t before = c->path.len;
        int rc;

        buf_addf(&c->path, "%s/", m->name);
        rc = check_members(c, m->members, base, value);
        buf_truncate(&c->path, before);
        return rc;
    }
    return m->type == TYPE_TEXTS || m->type == TYPE_OBJECTS ? check_elements(c, m, base, value) : 0;
}

/* `base`: the object as it was, or the array of objects this is one of. */
static int check_members(struct check *c, const struct member *known, const cJSON *base,
                         const cJSON *mine)
{
    bool in_array = cJSON_IsArray(base);
    SCOPED(json_finder_release) struct json_finder find = {0};
    const cJSON *member;
    int rc = 0;

    json_finder_init(&find, cJSON_IsObject(base) ? base : NULL);
    cJSON_ArrayForEach(member, mine)
    {
        const struct member *m = find_member(known, member->string);
        const cJSON *old = json_find(&find, member->string);

        if (rc || (c->path.len == 0 ? kind_is_managed(c->kind, member->string)
                                    : strstr(member->string, "@odata.") != NULL))
            continue;
        if (m)
            rc = check_value(c, m, old, member);
        else if (!old && !(in_array && any_has(base, member->string)))
            rc = unknown(c, known, mine, member->string);
    }
    return rc;
}

int members_check(enum kind kind, const struct cJSON *base, const struct cJSON *mine,
                  struct buf *err)
{
    struct check c = {.kind = kind, .copy = !base && kind_id(kind, mine), .err = err};
    int rc = 0;

    buf_init(&c.path, BUF_TEXT_MAX);
    if (members_of(kind))
        rc = check_members(&c, members_of(kind), base, mine);
    buf_release(&c.path);
    return rc;
}
