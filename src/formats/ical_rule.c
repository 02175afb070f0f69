/*
 * ical_rule.c - a PatternedRecurrence of the service as a recurrence rule.
 */
#include "ical_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

/* Position of `word` in a list, -1 for none. */
static int find(const char *const *list, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i], word))
            return (int)i;
    }
    return -1;
}

/* As icalrecurrencetype_weekday; ICAL_NO_WEEKDAY when it is none. */
static int weekday_of(const char *word)
{
    static const char *const words[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};

    return find(words, ARRAY_SIZE(words), word) + 1;
}

/* Days with the position in the month that Index names; 0 is every one of them. In the order of the
 * week: libical looks no further than the first that is not yet past. */
static int add_days(struct icalrecurrencetype *rule, const cJSON *days, int position)
{
    bool named[8] = {false};
    const cJSON *item;
    int n = 0, first = rule->week_start == ICAL_NO_WEEKDAY ? ICAL_MONDAY_WEEKDAY : rule->week_start;

    cJSON_ArrayForEach(item, days)
    {
        named[weekday_of(cJSON_GetStringValue(item))] = true;
    }
    for (int i = 0; i < 7; i++) {
        int day = (first - 1 + i) % 7 + 1;

        if (named[day])
            rule->by_day[n++] = (short)(position < 0 ? position * 8 - day : position * 8 + day);
    }
    return n;
}

/* Without a month of its own the pattern has that of the start: a rule would have them all. */
static void set_month(struct icalrecurrencetype *rule, const cJSON *pattern,
                      struct icaltimetype start)
{
    int64_t month = json_int(pattern, "Month", 0);

    rule->by_month[0] = (short)(month >= 1 && month <= 12 ? month : start.month);
}

/* A rule leaves out a month without a 31st, the service takes its last day: the last there is of 28
 * to 31. */
static void set_month_day(struct icalrecurrencetype *rule, const cJSON *pattern)
{
    int64_t day = json_int(pattern, "DayOfMonth", 0);
    int n = 0;

    if (day < 1 || day > 31)
        return;
    for (int64_t d = day > 28 ? 28 : day; d <= day; d++)
        rule->by_month_day[n++] = (short)d;
    if (n > 1)
        rule->by_set_pos[0] = -1;
}

/* "The second Tuesday": one day carries its position; "the last of Monday to Friday" needs BYSETPOS. */
static void set_relative(struct icalrecurrencetype *rule, const cJSON *pattern)
{
    static const char *const indexes[] = {"First", "Second", "Third", "Fourth", "Last"};
    static const int positions[] = {1, 2, 3, 4, -1};
    const cJSON *days = json_get(pattern, "DaysOfWeek");
    int index = find(indexes, ARRAY_SIZE(indexes), json_str(pattern, "Index"));
    int position = positions[index < 0 ? 0 : index];
    bool one = cJSON_GetArraySize(days) == 1;

    if (add_days(rule, days, one ? position : 0) > 0 && !one)
        rule->by_set_pos[0] = (short)position;
}

static bool set_pattern(struct icalrecurrencetype *rule, const cJSON *pattern,
                        struct icaltimetype start)
{
    static const char *const types[] = {"Daily",           "Weekly",         "AbsoluteMonthly",
                                        "RelativeMonthly", "AbsoluteYearly", "RelativeYearly"};
    int64_t interval = json_int(pattern, "Interval", 1);
    int first = weekday_of(json_str(pattern, "FirstDayOfWeek"));
    int type = find(types, ARRAY_SIZE(types), json_str(pattern, "Type"));

    if (type < 0)
        return false;
    rule->interval = (short)(interval >= 1 && interval <= INT16_MAX ? interval : 1);
    switch (type) {
    case 0:
        rule->freq = ICAL_DAILY_RECURRENCE;
        break;
    case 1:
        rule->freq = ICAL_WEEKLY_RECURRENCE;
        rule->week_start = first ? (icalrecurrencetype_weekday)first : ICAL_SUNDAY_WEEKDAY;
        add_days(rule, json_get(pattern, "DaysOfWeek"), 0);
        break;
    case 2:
        rule->freq = ICAL_MONTHLY_RECURRENCE;
        set_month_day(rule, pattern);
        break;
    case 3:
        rule->freq = ICAL_MONTHLY_RECURRENCE;
        set_relative(rule, pattern);
        break;
    case 4:
        rule->freq = ICAL_YEARLY_RECURRENCE;
        set_month(rule, pattern, start);
        set_month_day(rule, pattern);
        break;
    default:
        rule->freq = ICAL_YEARLY_RECURRENCE;
        set_month(rule, pattern, start);
        set_relative(rule, pattern);
    }
    return true;
}

/* The last day counts whole, so the end is the time of the start on that day: RFC 5545, 3.3.10 asks
 * for UTC where the start has a zone. */
static void set_end(struct icalrecurrencetype *rule, const cJSON *range, struct icaltimetype start)
{
    const char *text = json_str(range, "EndDate");
    struct icaltimetype until = start;
    int64_t ns;

    if (str_parse_time(text, &ns))
        return;
    if (sscanf(text, "%4d-%2d-%2d", &until.year, &until.month, &until.day) != 3)
        return;
    if (!until.is_date)
        until = icaltime_convert_to_zone(until, icaltimezone_get_utc_timezone());
    rule->until = until;
}

bool ical_rule(const struct cJSON *recurrence, struct icaltimetype start,
               struct icalrecurrencetype *ret)
{
    const cJSON *range = json_get(recurrence, "Range");
    const char *type = json_str(range, "Type");
    int64_t count = json_int(range, "NumberOfOccurrences", 0);
    struct icalrecurrencetype rule;

    icalrecurrencetype_clear(&rule);
    if (!set_pattern(&rule, json_get(recurrence, "Pattern"), start))
        return false;
    if (str_eq(type, "Numbered") && count > 0 && count <= INT32_MAX)
        rule.count = (int)count;
    else if (str_eq(type, "EndDate"))
        set_end(&rule, range, start);
    *ret = rule;
    return true;
}
