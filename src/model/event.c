/*
 * event.c - what the times of an event mean.
 */
#include <outlookfs/model/event.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/base/zone.h>

#include <errno.h>
#include <stdlib.h>

#define NS_PER_DAY (86400 * NS_PER_S)

static int64_t day_of(int64_t ns)
{
    int64_t into = ns % NS_PER_DAY;

    return ns - (into < 0 ? into + NS_PER_DAY : into);
}

int event_day(const struct cJSON *event, const char *member, int64_t *ret_ns)
{
    char *zone_member, *zone;
    int64_t ns;

    if (str_parse_time(json_str(event, member), &ns))
        return -EINVAL;
    *ret_ns = day_of(ns + NS_PER_DAY / 2);
    if (ns == day_of(ns))
        return 0;
    zone_member = xasprintf("%sTimeZone", member);
    zone = zone_iana(json_str(event, zone_member));
    if (zone) {
        int64_t clock = zone_clock(zone, ns);

        *ret_ns = clock == day_of(clock) ? clock : *ret_ns;
    }
    free(zone_member);
    free(zone);
    return 0;
}
