/*
 * ical_read_rule.c - a recurrence rule as a PatternedRecurrence of the service.
 */
#include "ical_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/formats/imported.h>

#include <stdio.h>

#define NO_MORE ICAL_RECURRENCE_ARRAY_MAX

static size_t count(const short *list)
{
    size_t n = 0;

    while (list[n] != NO_MORE)
        n++;
    return n;
}

static const char *day_name(int day)
{
    static const char *const names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};

    return names[(day - 1) % 7];
}

static int weekday(short by_day)
{
    return (int)icalrecurrencetype_day_day_of_week(by_day);
}

/* Days without a position, or all with the same; `*position` 0: none. */
static bool days_of(const struct icalrecurrencetype *rule, int *position, cJSON *days)
{
    *position = 0;
    for (size_t i = 0; rule->by_day[i] != NO_MORE; i++) {
        int at = icalrecurrencetype_day_position(rule->by_day[i]);

        if (i && at != *position)
            return false;
        *position = at;
        cJSON_AddItemToArray(days, cJSON_CreateString(day_name(weekday(rule->by_day[i]))));
    }
    return true;
}

/* "The second Tuesday", said by the day or by BYSETPOS. */
static bool set_relative(const struct icalrecurrencetype *rule, cJSON *pattern)
{
    static const char *const indexes[] = {"Last", NULL, "First", "Second", "Third", "Fourth"};
    cJSON *days = cJSON_AddArrayToObject(pattern, "DaysOfWeek");
    int position;

    if (!days_of(rule, &position, days) || count(rule->by_set_pos) > 1)
        return false;
    if (count(rule->by_set_pos) == 1) {
        if (position)
            return false;
        position = rule->by_set_pos[0];
    } else if (cJSON_GetArraySize(days) > 1) {
        return false;
    }
    if (position < -1 || position == 0 || position > 4)
        return false;
    cJSON_AddStringToObject(pattern, "Index", indexes[position + 1]);
    return true;
}

/* One day; or the last there is of several, as 28 to 31 for a month's 31st (ical_rule.c). */
static bool set_month_day(const struct icalrecurrencetype *rule, struct icaltimetype start,
                          cJSON *pattern)
{
    size_t n = count(rule->by_month_day);
    int day = n ? rule->by_month_day[n - 1] : start.day;

    if (n > 1) {
        if (rule->by_set_pos[0] != -1 || rule->by_month_day[0] != 28)
            return false;
        for (size_t i = 1; i < n; i++) {
            if (rule->by_month_day[i] != 28 + (int)i)
                return false;
        }
    } else if (count(rule->by_set_pos)) {
        return false;
    }
    if (day == -1)
        day = 31;
    if (day < 1)
        return false;
    cJSON_AddNumberToObject(pattern, "DayOfMonth", day);
    return true;
}

static bool set_weekly(const struct icalrecurrencetype *rule, struct icaltimetype start,
                       cJSON *pattern)
{
    cJSON *days = cJSON_AddArrayToObject(pattern, "DaysOfWeek");
    int position, first = (int)rule->week_start;

    if (!days_of(rule, &position, days) || position || count(rule->by_set_pos))
        return false;
    if (!cJSON_GetArraySize(days))
        cJSON_AddItemToArray(days, cJSON_CreateString(day_name(icaltime_day_of_week(start))));
    cJSON_AddStringToObject(pattern, "FirstDayOfWeek",
                            day_name(first ? first : ICAL_MONDAY_WEEKDAY));
    return true;
}

static bool set_days(const struct icalrecurrencetype *rule, struct icaltimetype start, bool yearly,
                     cJSON *pattern)
{
    bool relative = count(rule->by_day);

    if (relative && count(rule->by_month_day))
        return false;
    cJSON_AddStringToObject(pattern, "Type",
                            yearly     ? relative ? "RelativeYearly" : "AbsoluteYearly"
                            : relative ? "RelativeMonthly"
                                       : "AbsoluteMonthly");
    bool set = relative ? set_relative(rule, pattern) : set_month_day(rule, start, pattern);
    if (!yearly)
        return set && !count(rule->by_month);
    /* Without BYMONTH, "the second Tuesday" is that of the year. */
    if (count(rule->by_month) > 1 || (relative && !count(rule->by_month)))
        return false;
    cJSON_AddNumberToObject(pattern, "Month",
                            count(rule->by_month) ? rule->by_month[0] : start.month);
    return set;
}

static bool set_pattern(const struct icalrecurrencetype *rule, struct icaltimetype start,
                        cJSON *pattern)
{
    if (count(rule->by_second) || count(rule->by_minute) || count(rule->by_hour) ||
        count(rule->by_year_day) || count(rule->by_week_no))
        return false;
    cJSON_AddNumberToObject(pattern, "Interval", rule->interval < 1 ? 1 : rule->interval);
    switch (rule->freq) {
    case ICAL_DAILY_RECURRENCE:
        if (count(rule->by_month) || count(rule->by_month_day) || count(rule->by_set_pos))
            return false;
        if (count(rule->by_day)) { /* "every workday" */
            cJSON_AddStringToObject(pattern, "Type", "Weekly");
            return rule->interval <= 1 && set_weekly(rule, start, pattern);
        }
        cJSON_AddStringToObject(pattern, "Type", "Daily");
        return true;
    case ICAL_WEEKLY_RECURRENCE:
        cJSON_AddStringToObject(pattern, "Type", "Weekly");
        return !count(rule->by_month) && !count(rule->by_month_day) &&
               set_weekly(rule, start, pattern);
    case ICAL_MONTHLY_RECURRENCE:
        return set_days(rule, start, false, pattern);
    case ICAL_YEARLY_RECURRENCE:
        return set_days(rule, start, true, pattern);
    default:
        return false;
    }
}

static void add_date(cJSON *range, const char *member, struct icaltimetype date)
{
    char text[32];

    snprintf(text, sizeof(text), "%04d-%02d-%02d", date.year, date.month, date.day);
    cJSON_AddStringToObject(range, member, text);
}

/* UNTIL is a time in UTC where DTSTART has a zone: the day it is there, or the one before, where it
 * ends earlier than the event of that day begins. */
static struct icaltimetype last_day(struct icaltimetype until, struct icaltimetype start,
                                    const icaltimezone *zone)
{
    if (!until.is_date && icaltime_is_utc(until) && zone)
        until = icaltime_convert_to_zone(until, (icaltimezone *)zone);
    if (!until.is_date && !start.is_date &&
        (until.hour * 60 + until.minute) * 60 + until.second <
            (start.hour * 60 + start.minute) * 60 + start.second)
        icaltime_adjust(&until, -1, 0, 0, 0);
    return until;
}

static void set_range(const struct icalrecurrencetype *rule, struct icaltimetype start,
                      const icaltimezone *zone, cJSON *range)
{
    add_date(range, "StartDate", start);
    if (rule->count > 0) {
        cJSON_AddStringToObject(range, "Type", "Numbered");
        cJSON_AddNumberToObject(range, "NumberOfOccurrences", rule->count);
    } else if (!icaltime_is_null_time(rule->until)) {
        cJSON_AddStringToObject(range, "Type", "EndDate");
        add_date(range, "EndDate", last_day(rule->until, start, zone));
    } else {
        cJSON_AddStringToObject(range, "Type", "NoEnd");
    }
}

/* The service takes the last day of a month that is too short, a rule leaves the month out. */
static bool has_short_months(const struct icalrecurrencetype *rule, const cJSON *pattern)
{
    int64_t day = json_int(pattern, "DayOfMonth", 0), month = json_int(pattern, "Month", 0);
    bool last = rule->by_set_pos[0] == -1 || rule->by_month_day[0] == -1;

    return !last && (month == 2 ? day == 29 : !month && day > 28);
}

struct cJSON *ical_recurrence(const struct icalrecurrencetype *rule, struct icaltimetype start,
                              const icaltimezone *zone, struct buf *left)
{
    cJSON *recurrence = cJSON_CreateObject();
    cJSON *pattern = cJSON_AddObjectToObject(recurrence, "Pattern");
    cJSON *range = cJSON_AddObjectToObject(recurrence, "Range");

    if (!set_pattern(rule, start, pattern)) {
        cJSON_Delete(recurrence);
        return NULL;
    }
    if (has_short_months(rule, pattern))
        imports_note(left, "RRULE: in a month without such a day the series has its last day");
    set_range(rule, start, zone, range);
    return recurrence;
}
