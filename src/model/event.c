/*
 * event.c - what the times of an event mean.
 */
#include <outlookfs/model/event.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/base/zone.h>
#include <outlookfs/model/kind.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_DAY (86400 * NS_PER_S)

static int64_t day_of(int64_t ns)
{
    int64_t into = ns % NS_PER_DAY;

    return ns - (into < 0 ? into + NS_PER_DAY : into);
}

/* Is it midnight in the zone that the event has as `prefix`, `member`, "TimeZone"? Then the date. */
static bool is_midnight(const struct cJSON *event, const char *prefix, const char *member,
                        int64_t ns, int64_t *ret_ns)
{
    SCOPED(xfree) char *zone_member = xasprintf("%s%sTimeZone", prefix, member);
    SCOPED(xfree) char *zone = zone_iana(json_str(event, zone_member));
    int64_t clock = zone ? zone_clock(zone, ns) : ns;
    bool found = clock == day_of(clock);

    if (found)
        *ret_ns = clock;
    return found;
}

int event_day(const struct cJSON *event, const char *member, int64_t *ret_ns)
{
    int64_t ns;

    if (str_parse_time(json_str(event, member), &ns))
        return -EINVAL;
    if (ns == day_of(ns))
        *ret_ns = ns;
    else if (!is_midnight(event, "Original", member, ns, ret_ns) &&
             !is_midnight(event, "", member, ns, ret_ns))
        *ret_ns = day_of(ns + NS_PER_DAY / 2);
    return 0;
}

bool event_is_series(const struct cJSON *event)
{
    return cJSON_IsObject(json_get(event, "Recurrence"));
}

/* --- days --- */

static bool is_date(const char *text)
{
    for (size_t i = 0; i < EVENT_DAY_SIZE - 1; i++) {
        bool dash = i == 4 || i == 7;

        if (dash ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    }
    return !text[EVENT_DAY_SIZE - 1];
}

/* Midnight of the zone, `later` days after that of `date`; where clocks skip it, the first moment behind. */
static int64_t midnight(int64_t date, int later)
{
    time_t t = (time_t)(date / NS_PER_S);
    struct tm tm;

    gmtime_r(&t, &tm);
    struct tm local = {
        .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday + later, .tm_isdst = -1};
    return (int64_t)mktime(&local) * NS_PER_S;
}

int event_day_parse(const char *text, struct event_day *ret)
{
    if (!is_date(text) || str_parse_time(text, &ret->date) ||
        ret->date > INT64_MAX - 3 * NS_PER_DAY) /* its end is a time in every zone */
        return -EINVAL;
    ret->from = midnight(ret->date, 0);
    ret->to = midnight(ret->date, 1);
    return 0;
}

static bool is_on_date(const struct cJSON *event, int64_t date)
{
    int64_t first, end;

    if (event_day(event, "Start", &first))
        return false;
    if (event_day(event, "End", &end) || end <= first)
        end = first + NS_PER_DAY;
    return first <= date && date < end;
}

bool event_is_on(const struct cJSON *event, const struct event_day *day)
{
    int64_t start, end;

    if (json_bool(event, "IsAllDay", false))
        return is_on_date(event, day->date);
    if (str_parse_time(json_str(event, "Start"), &start))
        return false;
    if (str_parse_time(json_str(event, "End"), &end))
        end = start;
    return start < day->to && (end > day->from || start >= day->from);
}

/* --- times as people write them --- */

/* Where a record has a time: {"Start", "StartTimeZone"}, or Graph's {"start": {"dateTime", "timeZone"}}. */
struct moment {
    const char *object; /* NULL: the record itself */
    const char *time, *zone;
};

static struct moment start_of(void)
{
    return kind_service() == SERVICE_GRAPH ? (struct moment){"start", "dateTime", "timeZone"}
                                           : (struct moment){NULL, "Start", "StartTimeZone"};
}

static struct moment end_of(void)
{
    return kind_service() == SERVICE_GRAPH ? (struct moment){"end", "dateTime", "timeZone"}
                                           : (struct moment){NULL, "End", "EndTimeZone"};
}

static struct cJSON *object_of(const struct cJSON *event, const struct moment *m)
{
    return m->object ? json_get(event, m->object) : (struct cJSON *)event;
}

static const char *time_of(const struct cJSON *event, const struct moment *m)
{
    return json_str(object_of(event, m), m->time);
}

/* NULL: none is said. */
static const char *zone_of(const struct cJSON *event, const struct moment *m)
{
    const char *zone = json_str(object_of(event, m), m->zone);

    return zone && *zone ? zone : NULL;
}

static bool has_offset(const char *time)
{
    const char *clock = strchr(time, 'T');

    return clock && strpbrk(clock, "Zz+-");
}

/* Is it a time that leaves open which zone it is in? */
static bool is_open(const struct cJSON *base, const struct cJSON *event, const struct moment *m)
{
    const char *time = time_of(event, m), *old = time_of(base, m), *zone = zone_of(event, m);
    int64_t ns;

    if (!time || has_offset(time) || str_parse_time(time, &ns) || (base && str_eq(time, old)))
        return false;
    return !zone || (base && old && has_offset(old) && str_eq(zone, zone_of(base, m)));
}

static void set_string(struct cJSON *event, const struct moment *m, const char *member,
                       const char *value)
{
    struct cJSON *obj = object_of(event, m);

    if (json_get(obj, member))
        cJSON_ReplaceItemInObjectCaseSensitive(obj, member, cJSON_CreateString(value));
    else
        cJSON_AddStringToObject(obj, member, value);
}

/* By the C library, which knows every TZ. */
static void set_utc(struct cJSON *event, const struct moment *m)
{
    char text[32];
    int64_t ns;
    struct tm tm;
    time_t t;

    str_parse_time(time_of(event, m), &ns);
    t = (time_t)(ns / NS_PER_S);
    gmtime_r(&t, &tm);
    tm.tm_isdst = -1;
    str_format_time((int64_t)mktime(&tm) * NS_PER_S, text);
    set_string(event, m, m->time, text);
    set_string(event, m, m->zone, "UTC");
}

static void set_local(struct cJSON *event, const struct moment *m, const char *local)
{
    if (local)
        set_string(event, m, m->zone, local);
    else
        set_utc(event, m);
}

bool event_is_open(const struct cJSON *base, const struct cJSON *event)
{
    const struct moment start = start_of(), end = end_of();

    return !json_bool(event, kind_info(KIND_EVENT)->all_day, false) &&
           (is_open(base, event, &start) || is_open(base, event, &end));
}

bool event_settle_zones(const struct cJSON *base, struct cJSON *event)
{
    const struct moment start = start_of(), end = end_of();
    bool all_day = json_bool(event, kind_info(KIND_EVENT)->all_day, false);
    bool start_open = !all_day && is_open(base, event, &start);
    bool end_open = !all_day && is_open(base, event, &end);
    const char *said = zone_of(event, &start);

    if (!start_open && !end_open)
        return false;
    SCOPED(xfree) char *local = zone_local_windows();
    if (end_open)
        set_local(event, &end, !base && !start_open && said ? said : local);
    if (start_open)
        set_local(event, &start, local);
    return true;
}
