/*
 * agenda.c - what happens in a calendar between two times, each occurrence of a series by itself.
 *
 * Source: graph contract 11 (calendarView).
 */
#include "vtable_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <time.h>

#define TIME_SIZE sizeof("2026-11-30T09:14:00Z")

static void format_time(int64_t ns, char out[TIME_SIZE])
{
    time_t t = (time_t)(ns / NS_PER_S);
    struct tm tm;

    strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

enum grade graph_agenda(struct remote *r, const char *calendar, int64_t from, int64_t to,
                        struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    char start[TIME_SIZE], end[TIME_SIZE];

    format_time(from, start);
    format_time(to, end);
    const struct param all[] = {
        {"folder", calendar},
        {"startDateTime", start},
        {"endDateTime", end},
        {"$top", "100"},
    };
    return graph_list_all(r, GRAPH_LIST_CALENDAR_VIEW, all, ARRAY_SIZE(all), ctx, ret, fault);
}
