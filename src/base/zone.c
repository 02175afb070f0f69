/*
 * zone.c - names and rules of time zones.
 */
#include <outlookfs/base/zone.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#define NAME_MAX_UNITS 128

/* False: longer than any name of a zone. */
static bool to_units(const char *name, UChar out[NAME_MAX_UNITS])
{
    UErrorCode status = U_ZERO_ERROR;

    u_strFromUTF8(out, NAME_MAX_UNITS, NULL, name, -1, &status);
    return status == U_ZERO_ERROR;
}

static char *from_units(const UChar *name, int32_t n)
{
    char out[3 * NAME_MAX_UNITS + 1];
    UErrorCode status = U_ZERO_ERROR;

    u_strToUTF8(out, sizeof(out), NULL, name, n, &status);
    return U_SUCCESS(status) && *out ? xstrdup(out) : NULL;
}

char *zone_iana(const char *name)
{
    UChar given[NAME_MAX_UNITS], found[NAME_MAX_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    UBool is_system;
    int32_t n;

    if (!name || !to_units(name, given))
        return NULL;
    n = ucal_getTimeZoneIDForWindowsID(given, -1, NULL, found, NAME_MAX_UNITS, &status);
    if (U_SUCCESS(status) && n > 0)
        return from_units(found, n);
    status = U_ZERO_ERROR;
    ucal_getCanonicalTimeZoneID(given, -1, found, NAME_MAX_UNITS, &is_system, &status);
    return U_SUCCESS(status) && is_system ? xstrdup(name) : NULL;
}

int64_t zone_clock(const char *iana, int64_t utc_ns)
{
    UChar name[NAME_MAX_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    UCalendar *calendar =
        to_units(iana, name) ? ucal_open(name, -1, "en", UCAL_GREGORIAN, &status) : NULL;
    int64_t offset = 0, ms = utc_ns / NS_PER_MS;

    if (!calendar)
        return utc_ns;
    ucal_setMillis(calendar, (double)ms, &status);
    offset = (int64_t)ucal_get(calendar, UCAL_ZONE_OFFSET, &status) +
             ucal_get(calendar, UCAL_DST_OFFSET, &status);
    ucal_close(calendar);
    return U_SUCCESS(status) ? utc_ns + offset * NS_PER_MS : utc_ns;
}

/* ICU takes a TZ that it cannot read for UTC. */
static bool is_local(const char *iana)
{
    static const int64_t half_a_year = 182 * INT64_C(86400);
    time_t now = time(NULL);

    for (int i = 0; i < 2; i++) {
        time_t t = now + (time_t)(i * half_a_year);
        struct tm tm;

        localtime_r(&t, &tm);
        if (zone_clock(iana, t * NS_PER_S) != (t + tm.tm_gmtoff) * NS_PER_S)
            return false;
    }
    return true;
}

char *zone_windows(const char *iana)
{
    UChar zone[NAME_MAX_UNITS], windows[NAME_MAX_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n;

    if (!to_units(iana, zone))
        return NULL;
    n = ucal_getWindowsTimeZoneID(zone, -1, windows, NAME_MAX_UNITS, &status);
    return U_SUCCESS(status) && n > 0 ? from_units(windows, n) : NULL;
}

char *zone_local_windows(void)
{
    UChar zone[NAME_MAX_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    int32_t n = ucal_getHostTimeZone(zone, NAME_MAX_UNITS, &status);
    SCOPED(xfree) char *iana = U_SUCCESS(status) ? from_units(zone, n) : NULL;

    return iana && is_local(iana) ? zone_windows(iana) : NULL;
}
