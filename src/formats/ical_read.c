/*
 * ical_read.c - events of iCalendar (RFC 5545) as records, by libical.
 *
 * Times are written in UTC; a series counts its days in its zone and has that, by the name Windows
 * has for it. What is not read here is named in `left`.
 */
#include <outlookfs/formats/ical.h>

#include "formats_p.h"
#include "ical_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/mutex.h>
#include <outlookfs/base/str.h>
#include <outlookfs/base/zone.h>
#include <outlookfs/formats/imported.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

/* An event that is being read. */
struct reader {
    struct import *event;
    icalcomponent *component;
    bool message;            /* the calendar is one that people send each other */
    char *windows;           /* the zone of a series that has one; NULL: UTC */
    icaltimezone *zone;      /* the same for libical */
    unsigned invited, asked; /* attendees, and those that are to answer */
};

/* --- text --- */

static char *cleaned(const char *text)
{
    struct buf out;

    buf_init(&out, JSON_TEXT_MAX);
    text_clean(&out, text);
    return buf_detach(&out);
}

static void set_text(cJSON *obj, const char *member, const char *text)
{
    SCOPED(xfree) char *clean = cleaned(text);

    if (text_has(clean))
        cJSON_AddStringToObject(obj, member, clean);
}

static void leave(struct reader *r, icalproperty *property)
{
    const char *name = icalproperty_isa(property) == ICAL_X_PROPERTY
                           ? icalproperty_get_x_name(property)
                           : icalproperty_kind_to_string(icalproperty_isa(property));
    char *value = icalproperty_get_value_as_string_r(property);

    imports_note(&r->event->left, "%s:%.60s", name ? name : "a property", value ? value : "");
    icalmemory_free_buffer(value);
}

static icalproperty *property_of(const struct reader *r, icalproperty_kind kind)
{
    return icalcomponent_get_first_property(r->component, kind);
}

/* --- times --- */

/* The last name of "/freeassociation.sourceforge.net/Europe/Berlin" and its like that is one;
 * Outlook's "tzone://Microsoft/Utc". */
static char *iana_of(const char *tzid)
{
    char *iana = NULL;

    for (const char *p = tzid; p && *p && !iana; p = strchr(p + 1, '/')) {
        const char *name = *p == '/' ? p + 1 : p;

        iana = strcasecmp(name, "UTC") == 0 ? xstrdup("UTC") : zone_iana(name);
    }
    return iana;
}

static const char *tzid_of(icalproperty *property)
{
    icalparameter *parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);

    return parameter ? icalparameter_get_tzid(parameter) : NULL;
}

/* Of this process. */
static struct icaltimetype utc_of_local(struct icaltimetype time)
{
    struct tm tm = {.tm_year = time.year - 1900,
                    .tm_mon = time.month - 1,
                    .tm_mday = time.day,
                    .tm_hour = time.hour,
                    .tm_min = time.minute,
                    .tm_sec = time.second,
                    .tm_isdst = -1};

    return icaltime_from_timet_with_zone(mktime(&tm), false, icaltimezone_get_utc_timezone());
}

/* A zone is one by its name, IANA's or that of Windows: many programs define it for the years of
 * their events only. Another is what the file defines. A time without a zone is one of whoever reads
 * it. */
static struct icaltimetype utc_of(struct reader *r, icalproperty *property)
{
    struct icaltimetype time = icalproperty_get_datetime_with_component(property, r->component);
    const char *tzid = tzid_of(property);

    if (time.is_date || icaltime_is_utc(time))
        return icaltime_normalize(time);
    SCOPED(xfree) char *iana = iana_of(tzid);
    if (iana)
        time.zone = icaltimezone_get_builtin_timezone(iana);
    if (time.zone)
        return icaltime_convert_to_zone(time, icaltimezone_get_utc_timezone());
    if (tzid)
        imports_note(&r->event->left, "TZID:%.60s (a zone that nobody knows: its times are local)",
                     tzid);
    return utc_of_local(time);
}

/* The zone a series counts by: what it says, or this process's. */
static void find_zone(struct reader *r, icalproperty *start)
{
    const char *tzid = tzid_of(start);
    struct icaltimetype time = icalproperty_get_dtstart(start);
    SCOPED(xfree) char *iana = tzid ? iana_of(tzid) : NULL;

    if (time.is_date || icaltime_is_utc(time))
        return;
    r->windows = iana ? zone_windows(iana) : tzid ? NULL : zone_local_windows();
    if (!iana && r->windows)
        iana = zone_iana(r->windows);
    r->zone = iana ? icaltimezone_get_builtin_timezone(iana) : NULL;
    if (!r->zone)
        r->zone =
            (icaltimezone *)icalproperty_get_datetime_with_component(start, r->component).zone;
    if (tzid && !r->windows && !(iana && (str_starts(iana, "Etc/") || str_eq(iana, "UTC"))))
        imports_note(
            &r->event->left,
            "TZID:%.60s (a zone the service does not know: the series keeps its hour in UTC)",
            tzid);
}

static void set_time(struct reader *r, const char *member, struct icaltimetype time)
{
    SCOPED(xfree) char *zone = xasprintf("%sTimeZone", member);
    char text[32];

    if (r->windows && !time.is_date)
        time = icaltime_convert_to_zone(time, r->zone);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", time.year, time.month, time.day,
             time.is_date ? 0 : time.hour, time.is_date ? 0 : time.minute,
             time.is_date ? 0 : time.second);
    cJSON_AddStringToObject(r->event->record, member, text);
    cJSON_AddStringToObject(r->event->record, zone,
                            r->windows && !time.is_date ? r->windows : "UTC");
}

/* DTEND, DTSTART and DURATION, or what RFC 5545, 3.6.1 says where there is none of them. */
static struct icaltimetype end_of(struct reader *r, struct icaltimetype start)
{
    icalproperty *end = property_of(r, ICAL_DTEND_PROPERTY);
    icalproperty *duration = property_of(r, ICAL_DURATION_PROPERTY);
    struct icaltimetype time = start;

    if (end)
        time = utc_of(r, end);
    else if (duration)
        time = icaltime_add(start, icalproperty_get_duration(duration));
    if (start.is_date && (!time.is_date || icaltime_compare(time, start) <= 0)) {
        time = start;
        icaltime_adjust(&time, 1, 0, 0, 0);
    }
    return icaltime_compare(time, start) < 0 ? start : time;
}

static void read_rule(struct reader *r, struct icaltimetype start)
{
    icalproperty *property = property_of(r, ICAL_RRULE_PROPERTY);

    if (!property)
        return;
    struct icalrecurrencetype rule = icalproperty_get_rrule(property);
    if (r->zone && !start.is_date)
        start = icaltime_convert_to_zone(start, r->zone);
    SCOPED(json_release)
    cJSON *recurrence = ical_recurrence(&rule, start, r->zone, &r->event->left);
    if (recurrence && !icalcomponent_get_next_property(r->component, ICAL_RRULE_PROPERTY)) {
        cJSON_AddItemToObject(r->event->record, "Recurrence", TAKE(recurrence));
        return;
    }
    imports_note(&r->event->left,
                 "RRULE:%.60s (the service has no such series: only its first event is there)",
                 icalproperty_get_value_as_string(property));
}

/* libical takes the 31st of June for a date. */
static bool is_day(struct icaltimetype time)
{
    return !icaltime_is_null_time(time) && icaltime_is_valid_time(time) && time.month >= 1 &&
           time.month <= 12 && time.day >= 1 &&
           time.day <= icaltime_days_in_month(time.month, time.year);
}

static bool read_times(struct reader *r)
{
    icalproperty *property = property_of(r, ICAL_DTSTART_PROPERTY);

    if (!property)
        return false;
    if (!is_day(icalproperty_get_dtstart(property)))
        return false;
    struct icaltimetype start = utc_of(r, property);
    if (property_of(r, ICAL_RRULE_PROPERTY))
        find_zone(r, property);
    cJSON_AddBoolToObject(r->event->record, "IsAllDay", start.is_date);
    set_time(r, "Start", start);
    set_time(r, "End", end_of(r, start));
    read_rule(r, start);
    return true;
}

/* --- what it is about --- */

static const char *x_value(const struct reader *r, const char *name)
{
    for (icalproperty *p = property_of(r, ICAL_X_PROPERTY); p;
         p = icalcomponent_get_next_property(r->component, ICAL_X_PROPERTY)) {
        if (str_eq(icalproperty_get_x_name(p), name))
            return icalproperty_get_x(p);
    }
    return NULL;
}

static void set_page(cJSON *body, const char *html)
{
    SCOPED(xfree) char *clean = cleaned(html);
    SCOPED(xfree) char *lines = text_with_crlf(clean);

    cJSON_AddStringToObject(body, "Content", lines);
}

static void read_body(struct reader *r)
{
    const char *html = x_value(r, "X-ALT-DESC");
    icalproperty *text = property_of(r, ICAL_DESCRIPTION_PROPERTY);

    if (!html && !text)
        return;
    cJSON *body = cJSON_AddObjectToObject(r->event->record, "Body");
    cJSON_AddStringToObject(body, "ContentType", html ? "HTML" : "Text");
    if (html)
        set_page(body, html);
    else
        set_text(body, "Content", icalproperty_get_description(text));
}

static void read_place(struct reader *r)
{
    icalproperty *name = property_of(r, ICAL_LOCATION_PROPERTY);
    icalproperty *geo = property_of(r, ICAL_GEO_PROPERTY);

    if (!name && !geo)
        return;
    cJSON *location = cJSON_AddObjectToObject(r->event->record, "Location");
    if (name)
        set_text(location, "DisplayName", icalproperty_get_location(name));
    if (geo) {
        cJSON *coordinates = cJSON_AddObjectToObject(location, "Coordinates");

        cJSON_AddNumberToObject(coordinates, "Latitude", icalproperty_get_geo(geo).lat);
        cJSON_AddNumberToObject(coordinates, "Longitude", icalproperty_get_geo(geo).lon);
    }
}

/* --- how it counts --- */

static const char *show_as(const struct reader *r)
{
    static const char *const words[][2] = {{"FREE", "Free"},
                                           {"TENTATIVE", "Tentative"},
                                           {"BUSY", "Busy"},
                                           {"OOF", "Oof"},
                                           {"WORKINGELSEWHERE", "WorkingElsewhere"}};
    const char *busy = x_value(r, "X-MICROSOFT-CDO-BUSYSTATUS");
    icalproperty *transp = property_of(r, ICAL_TRANSP_PROPERTY);

    for (size_t i = 0; busy && i < ARRAY_SIZE(words); i++) {
        if (!strcasecmp(words[i][0], busy))
            return words[i][1];
    }
    if (transp && icalproperty_get_transp(transp) == ICAL_TRANSP_TRANSPARENT)
        return "Free";
    return icalcomponent_get_status(r->component) == ICAL_STATUS_TENTATIVE ? "Tentative" : "Busy";
}

static void read_state(struct reader *r)
{
    icalproperty *property = property_of(r, ICAL_PRIORITY_PROPERTY);
    int priority = property ? icalproperty_get_priority(property) : 0;
    cJSON *record = r->event->record;

    cJSON_AddStringToObject(record, "ShowAs", show_as(r));
    cJSON_AddStringToObject(record, "Importance",
                            priority >= 1 && priority <= 4 ? "High"
                            : priority > 5                 ? "Low"
                                                           : "Normal");
    property = property_of(r, ICAL_CLASS_PROPERTY);
    if (property)
        cJSON_AddStringToObject(record, "Sensitivity",
                                icalproperty_get_class(property) == ICAL_CLASS_PUBLIC ? "Normal"
                                : icalproperty_get_class(property) == ICAL_CLASS_CONFIDENTIAL
                                    ? "Confidential"
                                    : "Private");
}

static void read_categories(struct reader *r)
{
    cJSON *list = NULL;

    for (icalproperty *p = property_of(r, ICAL_CATEGORIES_PROPERTY); p;
         p = icalcomponent_get_next_property(r->component, ICAL_CATEGORIES_PROPERTY)) {
        char *word = cleaned(icalproperty_get_categories(p));

        if (!list)
            list = cJSON_AddArrayToObject(r->event->record, "Categories");
        if (text_has(word))
            cJSON_AddItemToArray(list, cJSON_CreateString(word));
        free(word);
    }
}

/* The first that counts from the start; the service has one. */
static void read_alarms(struct reader *r)
{
    bool set = false;

    for (icalcomponent *alarm =
             icalcomponent_get_first_component(r->component, ICAL_VALARM_COMPONENT);
         alarm; alarm = icalcomponent_get_next_component(r->component, ICAL_VALARM_COMPONENT)) {
        icalproperty *property = icalcomponent_get_first_property(alarm, ICAL_TRIGGER_PROPERTY);
        struct icaltriggertype trigger =
            property ? icalproperty_get_trigger(property) : icaltriggertype_from_int(1);
        icalparameter *related =
            property ? icalproperty_get_first_parameter(property, ICAL_RELATED_PARAMETER) : NULL;
        int minutes = -icaldurationtype_as_int(trigger.duration) / 60;
        bool counts = icaltime_is_null_time(trigger.time) &&
                      icaldurationtype_as_int(trigger.duration) <= 0 &&
                      (!related || icalparameter_get_related(related) == ICAL_RELATED_START);

        if (counts && !set)
            cJSON_AddNumberToObject(r->event->record, "Reminder", (double)minutes);
        else
            imports_note(&r->event->left,
                         "VALARM (the service has one reminder, before the start)");
        set |= counts;
    }
}

/* --- who --- */

static const char *address_of(const char *uri)
{
    return uri && !strncasecmp(uri, "mailto:", 7) ? uri + 7 : NULL;
}

static void read_attendee(struct reader *r, icalproperty *property)
{
    const char *address = address_of(icalproperty_get_attendee(property));
    icalparameter *cn = icalproperty_get_first_parameter(property, ICAL_CN_PARAMETER);
    icalparameter *role = icalproperty_get_first_parameter(property, ICAL_ROLE_PARAMETER);
    icalparameter *type = icalproperty_get_first_parameter(property, ICAL_CUTYPE_PARAMETER);
    icalparameter *rsvp = icalproperty_get_first_parameter(property, ICAL_RSVP_PARAMETER);
    icalparameter_cutype what = type ? icalparameter_get_cutype(type) : ICAL_CUTYPE_INDIVIDUAL;
    cJSON *list = json_get(r->event->record, "Attendees");

    if (!address || r->message) {
        leave(r, property);
        return;
    }
    if (!list)
        list = cJSON_AddArrayToObject(r->event->record, "Attendees");
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "Type",
                            what == ICAL_CUTYPE_RESOURCE || what == ICAL_CUTYPE_ROOM ? "Resource"
                            : role && icalparameter_get_role(role) == ICAL_ROLE_OPTPARTICIPANT
                                ? "Optional"
                                : "Required");
    cJSON *mail = cJSON_AddObjectToObject(one, "EmailAddress");
    if (cn)
        set_text(mail, "Name", icalparameter_get_cn(cn));
    set_text(mail, "Address", address);
    cJSON_AddItemToArray(list, one);
    r->invited++;
    r->asked += rsvp && icalparameter_get_rsvp(rsvp) == ICAL_RSVP_TRUE;
}

/* --- an event --- */

static void read_property(struct reader *r, icalproperty *property)
{
    switch (icalproperty_isa(property)) {
    case ICAL_DTSTART_PROPERTY: /* read_times() and the others that ask for theirs */
    case ICAL_DTEND_PROPERTY:
    case ICAL_DURATION_PROPERTY:
    case ICAL_RRULE_PROPERTY:
    case ICAL_DESCRIPTION_PROPERTY:
    case ICAL_LOCATION_PROPERTY:
    case ICAL_GEO_PROPERTY:
    case ICAL_TRANSP_PROPERTY:
    case ICAL_STATUS_PROPERTY:
    case ICAL_PRIORITY_PROPERTY:
    case ICAL_CLASS_PROPERTY:
    case ICAL_CATEGORIES_PROPERTY:
    case ICAL_UID_PROPERTY: /* the service makes its own */
    case ICAL_DTSTAMP_PROPERTY:
    case ICAL_CREATED_PROPERTY:
    case ICAL_LASTMODIFIED_PROPERTY:
    case ICAL_SEQUENCE_PROPERTY:
        break;
    case ICAL_XLICERROR_PROPERTY: /* where libical takes something away */
        if (!str_starts(icalproperty_get_xlicerror(property), "No value for"))
            leave(r, property);
        break;
    case ICAL_SUMMARY_PROPERTY:
        if (!json_get(r->event->record, "Subject"))
            set_text(r->event->record, "Subject", icalproperty_get_summary(property));
        break;
    case ICAL_ATTENDEE_PROPERTY:
        read_attendee(r, property);
        break;
    case ICAL_X_PROPERTY:
        if (!str_eq(icalproperty_get_x_name(property), "X-ALT-DESC") &&
            !str_starts(icalproperty_get_x_name(property), "X-MICROSOFT-CDO-"))
            leave(r, property);
        break;
    default:
        leave(r, property);
    }
}

static void read_properties(struct reader *r)
{
    icalproperty *next;

    for (icalproperty *p = property_of(r, ICAL_ANY_PROPERTY); p; p = next) {
        next = icalcomponent_get_next_property(r->component, ICAL_ANY_PROPERTY);
        read_property(r, p);
    }
    if (!json_get(r->event->record, "Subject"))
        cJSON_AddStringToObject(r->event->record, "Subject", "");
    if (r->invited)
        cJSON_AddBoolToObject(r->event->record, "ResponseRequested", r->asked > 0);
}

static const char *refusal(const struct reader *r)
{
    if (property_of(r, ICAL_RECURRENCEID_PROPERTY))
        return "a change of one event of a series, which is another record for the service";
    if (icalcomponent_get_status(r->component) == ICAL_STATUS_CANCELLED)
        return "it is cancelled";
    return NULL;
}

static void read_event(struct imports *imports, icalcomponent *component, bool message)
{
    struct reader r = {
        .event = imports_add(imports, KIND_EVENT), .component = component, .message = message};
    const char *why = refusal(&r);

    r.event->title = cleaned(icalcomponent_get_summary(component));
    if (!why && !read_times(&r))
        why = "no start that can be read";
    if (why) {
        imports_note(&imports->skipped, "%s: %s", *r.event->title ? r.event->title : "an event",
                     why);
        imports_drop_last(imports);
    } else {
        read_body(&r);
        read_place(&r);
        read_state(&r);
        read_categories(&r);
        read_properties(&r);
        read_alarms(&r);
    }
    free(r.windows);
}

/* --- a calendar --- */

static void read_calendar(struct imports *imports, icalcomponent *calendar)
{
    icalproperty_method method = icalcomponent_get_method(calendar);
    bool message = method != ICAL_METHOD_NONE && method != ICAL_METHOD_PUBLISH;
    icalcomponent *c;

    for (c = icalcomponent_get_first_component(calendar, ICAL_ANY_COMPONENT); c;
         c = icalcomponent_get_next_component(calendar, ICAL_ANY_COMPONENT)) {
        icalcomponent_kind kind = icalcomponent_isa(c);
        const char *summary = icalcomponent_get_summary(c);

        if (kind == ICAL_VEVENT_COMPONENT)
            read_event(imports, c, message);
        else if (kind != ICAL_VTIMEZONE_COMPONENT)
            imports_note(&imports->skipped, "%s: a %s is no event",
                         summary ? summary : "a component", icalcomponent_kind_to_string(kind));
    }
}

/* What is parsed is one calendar, or an XROOT of several. */
static int read_text(const char *text, struct imports *imports, struct buf *err)
{
    icalcomponent *root = icalparser_parse_string(text), *c;
    int rc = 0;

    if (!root)
        return buf_fail(err, -EINVAL, "no iCalendar");
    if (icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT) {
        read_calendar(imports, root);
    } else if (icalcomponent_isa(root) == ICAL_XROOT_COMPONENT) {
        for (c = icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT); c;
             c = icalcomponent_get_next_component(root, ICAL_VCALENDAR_COMPONENT))
            read_calendar(imports, c);
    } else {
        rc = buf_fail(err, -EINVAL, "no iCalendar");
    }
    icalcomponent_free(root);
    return rc;
}

int ical_read(const char *text, struct imports *ret, struct buf *err)
{
    LOCKED(&ical_lock);
    icalerror_set_errors_are_fatal(false);
    return read_text(str_starts(text, "\xef\xbb\xbf") ? text + 3 : text, ret, err);
}
