/*
 * template.c - the tables of members as an object.
 */
#include <outlookfs/model/template.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/members.h>

#include <string.h>
#include <time.h>

/* Words of a list, and dates, whose "" is none of them: by both services' names, in small letters. */
static const char *const no_text[] = {
    "birthday",
    "type",
    "index",
    "firstdayofweek",
    "startdate",
    "enddate",
    "locationtype",
    "uniqueid",
    "uniqueidtype",
    "locationuri",
    "locationemailaddress",
    "recurrencetimezone",
    "transactionid",
    "onlinemeetingprovider",
};

/* What the service does where nothing is said, and what a person means. */
static const struct {
    const char *name, *value;
} defaults[] = {
    {"Importance", "Normal"},  {"ShowAs", "Busy"}, {"ContentType", "Text"},
    {"importance", "normal"},  {"showAs", "busy"}, {"contentType", "text"},
    {"sensitivity", "normal"},
};

/* Only the service writes it. */
static bool is_answer(const char *name)
{
    return !strcasecmp(name, "status") || str_eq(name, "proposedNewTime");
}

static bool is_in(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcasecmp(list[i], name))
            return true;
    }
    return false;
}

static struct cJSON *text_value(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
        if (str_eq(defaults[i].name, name))
            return cJSON_CreateString(defaults[i].value);
    }
    return is_in(no_text, ARRAY_SIZE(no_text), name) ? cJSON_CreateNull() : cJSON_CreateString("");
}

static struct cJSON *object(const struct member *members);

static struct cJSON *list(struct cJSON *element)
{
    struct cJSON *array = cJSON_CreateArray();

    if (element)
        cJSON_AddItemToArray(array, element);
    return array;
}

static struct cJSON *value_of(const struct member *m)
{
    switch (m->type) {
    case TYPE_TEXT:
        return text_value(m->name);
    case TYPE_BOOL:
        return cJSON_CreateBool(!strcasecmp(m->name, "responseRequested"));
    case TYPE_OBJECT:
        return object(m->members);
    case TYPE_OBJECTS:
        return list(object(m->members));
    case TYPE_TEXTS:
        return list(NULL);
    case TYPE_NUMBER:
    case TYPE_WHOLE:
        break;
    }
    return cJSON_CreateNull();
}

static struct cJSON *object(const struct member *members)
{
    struct cJSON *obj = cJSON_CreateObject();

    for (const struct member *m = members; m->name; m++) {
        if (!is_answer(m->name))
            cJSON_AddItemToObject(obj, m->name, value_of(m));
    }
    return obj;
}

/* A member that the service's events have. */
static void set(struct cJSON *obj, const char *name, const char *value)
{
    if (json_get(obj, name))
        cJSON_ReplaceItemInObjectCaseSensitive(obj, name, cJSON_CreateString(value));
}

static void set_times(struct cJSON *event)
{
    static const struct {
        const char *member, *part, *hour;
    } times[] = {{"Start", NULL, "10"},
                 {"End", NULL, "11"},
                 {"start", "dateTime", "10"},
                 {"end", "dateTime", "11"}};
    time_t now = time(NULL);
    struct tm tm;
    char text[32];

    localtime_r(&now, &tm);
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        struct cJSON *obj =
            times[i].part ? cJSON_GetObjectItemCaseSensitive(event, times[i].member) : event;

        strftime(text, sizeof(text), "%Y-%m-%dT00:00:00", &tm);
        memcpy(strchr(text, 'T') + 1, times[i].hour, 2);
        if (obj)
            set(obj, times[i].part ? times[i].part : times[i].member, text);
    }
}

struct cJSON *template_make(enum kind kind)
{
    const struct member *members = members_of(kind);
    struct cJSON *obj = members ? object(members) : NULL;

    if (obj && kind == KIND_EVENT)
        set_times(obj);
    return obj;
}
