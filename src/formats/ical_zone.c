/*
 * ical_zone.c - the zone by which an event counts.
 */
#include "ical_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/base/zone.h>

#include <stdio.h>
#include <stdlib.h>

#define HOUR (3600 * NS_PER_S)
#define DAY (24 * HOUR)

/* NULL for UTC and names unknown. */
static icaltimezone *named_zone(const char *name)
{
    SCOPED(xfree) char *iana = zone_iana(name);
    bool utc = !iana || str_eq(iana, "UTC") || str_eq(iana, "Etc/UTC") || str_eq(iana, "Etc/GMT");

    return utc ? NULL : icaltimezone_get_builtin_timezone(iana);
}

/* The zone without summer time that is nearest to UTC and has the day `days` later at `start`. */
static icaltimezone *fixed_zone(int64_t start, int64_t days)
{
    int64_t into = (start % DAY + DAY) % DAY;
    int64_t hours = days > 0 ? (DAY - into + HOUR - 1) / HOUR : -(into / HOUR + 1);
    char name[32];

    if (days < -1 || days > 1 || hours > 14 || hours < -12)
        return NULL;
    snprintf(name, sizeof(name), "Etc/GMT%+d", (int)-hours); /* signs are as POSIX has them */
    return icaltimezone_get_builtin_timezone(name);
}

/* Days from the UTC date of Start to the date the series begins at. */
static int64_t days_apart(const struct cJSON *event, int64_t start)
{
    const char *date = json_str(json_get(json_get(event, "Recurrence"), "Range"), "StartDate");
    int64_t first;

    if (!date || str_parse_time(date, &first))
        return 0;
    return first / DAY - (start - (start % DAY + DAY) % DAY) / DAY;
}

/* Graph tells which zone a series counts in, and in which an event was made, beside times in UTC. */
static icaltimezone *told_zone(const struct cJSON *event)
{
    const cJSON *range = json_get(json_get(event, "Recurrence"), "Range");
    icaltimezone *zone = named_zone(json_str(range, "RecurrenceTimeZone"));

    if (!zone)
        zone = named_zone(json_str(event, "OriginalStartTimeZone"));
    return zone ? zone : named_zone(json_str(event, "StartTimeZone"));
}

icaltimezone *ical_zone(const struct cJSON *event)
{
    icaltimezone *zone = told_zone(event);
    int64_t start;

    if (zone || str_parse_time(json_str(event, "Start"), &start))
        return zone;
    int64_t days = days_apart(event, start);
    return days ? fixed_zone(start, days) : NULL;
}
