/*
 * schema.c - the tables of members, and checking and completing values by them.
 */
#include "schema_p.h"

#include <errno.h>
#include <math.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <string.h>

static const char *const importances[] = {"Low", "Normal", "High", NULL};
static const char *const shows[] = {"Free",    "Tentative", "Busy", "Oof", "WorkingElsewhere",
                                    "Unknown", NULL};
static const char *const event_types[] = {"SingleInstance", "Occurrence", "Exception",
                                          "SeriesMaster", NULL};
static const char *const attendee_types[] = {"Required", "Optional", "Resource", NULL};
static const char *const content_types[] = {"Text", "HTML", NULL};
static const char *const pattern_types[] = {
    "Daily",          "Weekly", "AbsoluteMonthly", "RelativeMonthly", "AbsoluteYearly",
    "RelativeYearly", NULL};
static const char *const range_types[] = {"EndDate", "NoEnd", "Numbered", NULL};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday",  "Wednesday",
                                       "Thursday", "Friday", "Saturday", NULL};
static const char *const indexes[] = {"First", "Second", "Third", "Fourth", "Last", NULL};
static const char *const responses[] = {
    "None", "Organizer", "TentativelyAccepted", "Accepted", "Declined", "NotResponded", NULL};

static const struct member email_address[] = {
    {"Name", MEMBER_STRING},
    {"Address", MEMBER_STRING},
    {NULL},
};

static const struct member recipient[] = {
    {"EmailAddress", MEMBER_OBJECT, .members = email_address},
    {NULL},
};

static const struct member response_status[] = {
    {"Response", MEMBER_ENUM, .values = responses},
    {"Time", MEMBER_TIME},
    {NULL},
};

static const struct member attendee[] = {
    {"Status", MEMBER_OBJECT, .members = response_status},
    {"Type", MEMBER_ENUM, .values = attendee_types},
    {"EmailAddress", MEMBER_OBJECT, .members = email_address},
    {NULL},
};

static const struct member item_body[] = {
    {"ContentType", MEMBER_ENUM, .values = content_types},
    {"Content", MEMBER_STRING},
    {NULL},
};

static const struct member physical_address[] = {
    {"Street", MEMBER_STRING},          {"City", MEMBER_STRING},       {"State", MEMBER_STRING},
    {"CountryOrRegion", MEMBER_STRING}, {"PostalCode", MEMBER_STRING}, {NULL},
};

static const struct member coordinates[] = {
    {"Altitude", MEMBER_NUMBER}, {"Latitude", MEMBER_NUMBER},         {"Longitude", MEMBER_NUMBER},
    {"Accuracy", MEMBER_NUMBER}, {"AltitudeAccuracy", MEMBER_NUMBER}, {NULL},
};

static const struct member location[] = {
    {"DisplayName", MEMBER_STRING},
    {"Address", MEMBER_OBJECT, .members = physical_address},
    {"Coordinates", MEMBER_OBJECT, .members = coordinates},
    {NULL},
};

static const struct member recurrence_pattern[] = {
    {"Type", MEMBER_ENUM, MEMBER_REQUIRED, .values = pattern_types},
    {"Interval", MEMBER_INT},
    {"Month", MEMBER_INT},
    {"DayOfMonth", MEMBER_INT},
    {"DaysOfWeek", MEMBER_ENUMS, .values = weekdays},
    {"FirstDayOfWeek", MEMBER_ENUM, .values = weekdays},
    {"Index", MEMBER_ENUM, .values = indexes},
    {NULL},
};

static const struct member recurrence_range[] = {
    {"Type", MEMBER_ENUM, MEMBER_REQUIRED, .values = range_types},
    {"StartDate", MEMBER_TIME},
    {"EndDate", MEMBER_TIME},
    {"NumberOfOccurrences", MEMBER_INT},
    {NULL},
};

static const struct member recurrence[] = {
    {"Pattern", MEMBER_OBJECT, MEMBER_REQUIRED, .members = recurrence_pattern},
    {"Range", MEMBER_OBJECT, MEMBER_REQUIRED, .members = recurrence_range},
    {NULL},
};

const struct member schema_event[] = {
    {"Id", MEMBER_STRING, MEMBER_MANAGED},
    {"Attendees", MEMBER_OBJECTS, .members = attendee},
    {"Body", MEMBER_OBJECT, .members = item_body},
    {"BodyPreview", MEMBER_STRING, MEMBER_MANAGED},
    {"Categories", MEMBER_STRINGS},
    {"ChangeKey", MEMBER_STRING, MEMBER_MANAGED},
    {"DateTimeCreated", MEMBER_TIME, MEMBER_MANAGED},
    {"DateTimeLastModified", MEMBER_TIME, MEMBER_MANAGED},
    {"End", MEMBER_TIME, MEMBER_REQUIRED},
    {"EndTimeZone", MEMBER_STRING},
    {"HasAttachments", MEMBER_BOOL, MEMBER_MANAGED},
    {"ICalUId", MEMBER_STRING, MEMBER_MANAGED},
    {"Importance", MEMBER_ENUM, .values = importances},
    {"IsAllDay", MEMBER_BOOL},
    {"IsCancelled", MEMBER_BOOL, MEMBER_MANAGED},
    {"IsOrganizer", MEMBER_BOOL, MEMBER_MANAGED},
    {"Location", MEMBER_OBJECT, .members = location},
    {"Organizer", MEMBER_OBJECT, MEMBER_MANAGED, .members = recipient},
    {"Recurrence", MEMBER_OBJECT, MEMBER_NULLABLE, .members = recurrence},
    {"Reminder", MEMBER_INT},
    {"ResponseRequested", MEMBER_BOOL},
    {"ResponseStatus", MEMBER_OBJECT, MEMBER_MANAGED, .members = response_status},
    {"SeriesMasterId", MEMBER_STRING, MEMBER_MANAGED},
    {"ShowAs", MEMBER_ENUM, .values = shows},
    {"Start", MEMBER_TIME, MEMBER_REQUIRED},
    {"StartTimeZone", MEMBER_STRING},
    {"Subject", MEMBER_STRING, MEMBER_REQUIRED},
    {"Type", MEMBER_ENUM, MEMBER_MANAGED, .values = event_types},
    {"WebLink", MEMBER_STRING, MEMBER_MANAGED},
    {"Reason", MEMBER_STRING, MEMBER_MANAGED},
    {NULL},
};

const struct member schema_contact[] = {
    {"CreatedDateTime", MEMBER_TIME, MEMBER_MANAGED},
    {"LastModifiedDateTime", MEMBER_TIME, MEMBER_MANAGED},
    {"Id", MEMBER_STRING, MEMBER_MANAGED},
    {"ParentFolderId", MEMBER_STRING, MEMBER_MANAGED},
    {"Birthday", MEMBER_TIME},
    {"FileAs", MEMBER_STRING},
    {"DisplayName", MEMBER_STRING},
    {"GivenName", MEMBER_STRING, MEMBER_REQUIRED},
    {"Initials", MEMBER_STRING},
    {"MiddleName", MEMBER_STRING},
    {"NickName", MEMBER_STRING},
    {"Surname", MEMBER_STRING},
    {"Title", MEMBER_STRING},
    {"Generation", MEMBER_STRING},
    {"EmailAddresses", MEMBER_OBJECTS, .members = email_address},
    {"ImAddresses", MEMBER_STRINGS},
    {"JobTitle", MEMBER_STRING},
    {"CompanyName", MEMBER_STRING},
    {"Department", MEMBER_STRING},
    {"OfficeLocation", MEMBER_STRING},
    {"Profession", MEMBER_STRING},
    {"BusinessHomePage", MEMBER_STRING},
    {"AssistantName", MEMBER_STRING, MEMBER_BLANKED},
    {"Manager", MEMBER_STRING, MEMBER_BLANKED},
    {"HomePhones", MEMBER_STRINGS, MEMBER_REQUIRED},
    {"BusinessPhones", MEMBER_STRINGS},
    {"MobilePhone1", MEMBER_STRING, MEMBER_BLANKED},
    {"HomeAddress", MEMBER_OBJECT, .members = physical_address},
    {"BusinessAddress", MEMBER_OBJECT, .members = physical_address},
    {"OtherAddress", MEMBER_OBJECT, .members = physical_address},
    {"YomiCompanyName", MEMBER_STRING},
    {"YomiGivenName", MEMBER_STRING},
    {"YomiSurname", MEMBER_STRING},
    {"Categories", MEMBER_STRINGS},
    {"ChangeKey", MEMBER_STRING, MEMBER_MANAGED},
    {"DateTimeCreated", MEMBER_TIME, MEMBER_MANAGED},
    {"DateTimeLastModified", MEMBER_TIME, MEMBER_MANAGED},
    {NULL},
};

const struct member *schema_find(const struct member *members, const char *name)
{
    for (; members->name; members++) {
        if (!strcmp(members->name, name))
            return members;
    }
    return NULL;
}

static int check_enum(const struct member *m, const cJSON *value, struct buf *err)
{
    if (!cJSON_IsString(value))
        return buf_fail(err, -EINVAL, "%s: a string is required", m->name);
    for (const char *const *v = m->values; *v; v++) {
        if (!strcmp(*v, value->valuestring))
            return 0;
    }
    return buf_fail(err, -EINVAL, "Requested value '%s' of %s was not found.", value->valuestring,
                    m->name);
}

static int check_time(const struct member *m, const cJSON *value, struct buf *err)
{
    int64_t ns;

    if (!cJSON_IsString(value) || str_parse_time(value->valuestring, &ns) == -EINVAL)
        return buf_fail(err, -EINVAL, "%s: a date-time is required", m->name);
    return 0;
}

static int check_type(const struct member *m, bool right, const char *what, struct buf *err)
{
    return right ? 0 : buf_fail(err, -EINVAL, "%s: %s is required", m->name, what);
}

static int check_value(const struct member *m, const cJSON *value, struct buf *err);

static int check_elements(const struct member *m, const cJSON *value, struct buf *err)
{
    struct member element = *m;
    const cJSON *e;
    int rc = 0;

    element.type = m->type == MEMBER_STRINGS ? MEMBER_STRING
                   : m->type == MEMBER_ENUMS ? MEMBER_ENUM
                                             : MEMBER_OBJECT;
    if (!cJSON_IsArray(value))
        return buf_fail(err, -EINVAL, "%s: an array is required", m->name);
    cJSON_ArrayForEach(e, value)
    {
        rc = cJSON_IsNull(e) ? buf_fail(err, -EINVAL, "%s: null in the array", m->name)
                             : check_value(&element, e, err);
        if (rc)
            break;
    }
    return rc;
}

static int check_value(const struct member *m, const cJSON *value, struct buf *err)
{
    double n = value->valuedouble;

    switch (m->type) {
    case MEMBER_STRING:
        return check_type(m, cJSON_IsString(value), "a string", err);
    case MEMBER_BOOL:
        return check_type(m, cJSON_IsBool(value), "true or false", err);
    case MEMBER_INT:
        return check_type(m, cJSON_IsNumber(value) && n == floor(n) && fabs(n) <= INT32_MAX,
                          "an integer", err);
    case MEMBER_NUMBER:
        return check_type(m, cJSON_IsNumber(value), "a number", err);
    case MEMBER_TIME:
        return check_time(m, value, err);
    case MEMBER_ENUM:
        return check_enum(m, value, err);
    case MEMBER_OBJECT:
        if (!cJSON_IsObject(value))
            return buf_fail(err, -EINVAL, "%s: an object is required", m->name);
        return schema_check(m->members, value, err);
    default:
        return check_elements(m, value, err);
    }
}

int schema_check(const struct member *members, const cJSON *body, struct buf *err)
{
    for (const struct member *m = members; m->name; m++) {
        const cJSON *value = json_get(body, m->name);
        int rc;

        if (m->flags & MEMBER_MANAGED)
            continue;
        if (!value || cJSON_IsNull(value)) {
            if (m->flags & MEMBER_REQUIRED)
                return buf_fail(err, -EINVAL, "The %s field is required.", m->name);
            continue;
        }
        rc = check_value(m, value, err);
        if (rc)
            return rc;
    }
    return 0;
}

static cJSON *shape_object(const struct member *members, const cJSON *value)
{
    cJSON *object = cJSON_CreateObject();

    for (const struct member *m = members; m->name; m++)
        cJSON_AddItemToObject(object, m->name, schema_shape(m, json_get(value, m->name)));
    return object;
}

cJSON *schema_shape(const struct member *m, const cJSON *value)
{
    bool missing = !value || cJSON_IsNull(value);
    cJSON *array;
    const cJSON *e;

    switch (m->type) {
    case MEMBER_OBJECT:
        if (missing && m->flags & MEMBER_NULLABLE)
            return cJSON_CreateNull();
        return shape_object(m->members, missing ? NULL : value);
    case MEMBER_STRINGS:
    case MEMBER_ENUMS:
        return missing ? cJSON_CreateArray() : cJSON_Duplicate(value, true);
    case MEMBER_OBJECTS:
        array = cJSON_CreateArray();
        cJSON_ArrayForEach(e, value) cJSON_AddItemToArray(array, shape_object(m->members, e));
        return array;
    default:
        return missing ? cJSON_CreateNull() : cJSON_Duplicate(value, true);
    }
}
