/*
 * ical.c - the members of an event as properties of a VEVENT.
 *
 * Times are written in UTC, as the service gives them. A series is the exception: its rule repeats
 * a time of day of its zone, so it has that zone, whose definition stands before the first event
 * that needs it.
 */
#include <outlookfs/formats/ical.h>

#include "formats_p.h"
#include "ical_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/event.h>
#include <outlookfs/model/kind.h>

#include <errno.h>
#include <outlookfs/base/mutex.h>
#include <stdio.h>
#include <string.h>

#define NS ((int64_t)1000000000)

/* One event that is being made. */
struct maker {
    const cJSON *event;
    const cJSON *series; /* of which the event is one that differs; else NULL */
    icalcomponent *component;
    icaltimezone *zone; /* of a series; NULL: UTC */
    struct buf text;    /* cleaned, the last that was asked for */
};

/* libical 3.0 shows its table of zones to other threads while it still fills it: one event is made or
 * text read at a time. */
struct mutex ical_lock = MUTEX_INIT(MUTEX_ICAL);

/* --- text --- */

/* A member's text without what would break a line; belongs to `m`, until the next call. */
static const char *clean(struct maker *m, const char *text)
{
    buf_clear(&m->text);
    return text_has(text) && text_clean(&m->text, text) == 0 && text_has(m->text.data)
               ? m->text.data
               : NULL;
}

/* For a parameter's value: no quote, no line end. */
static const char *clean_parameter(struct maker *m, const char *text)
{
    buf_clear(&m->text);
    if (!text_has(text) || text_line(&m->text, text))
        return NULL;
    for (char *p = m->text.data; *p; p++) {
        if (*p == '"')
            *p = '\'';
    }
    return m->text.data;
}

/* Belongs to `m`, as clean(). */
static const char *clean_uri(struct maker *m, const char *scheme, const char *uri)
{
    buf_clear(&m->text);
    if (!text_has(uri) || buf_addstr(&m->text, scheme) || text_uri(&m->text, uri))
        return NULL;
    return m->text.data;
}

static void add(struct maker *m, icalproperty *property)
{
    icalcomponent_add_property(m->component, property);
}

/* libical escapes line ends and backslashes in these. */
static icalproperty *add_x(struct maker *m, const char *name, const char *value)
{
    icalproperty *property = icalproperty_new_x(value);

    icalproperty_set_x_name(property, name);
    add(m, property);
    return property;
}

/* --- times --- */

static bool parse_time(const char *text, struct icaltimetype *ret)
{
    int64_t ns;

    if (str_parse_time(text, &ns))
        return false;
    *ret = icaltime_from_timet_with_zone(ns / NS, false, icaltimezone_get_utc_timezone());
    return true;
}

static bool is_all_day(const struct maker *m)
{
    return json_bool(m->event, "IsAllDay", false);
}

static bool event_date(const struct maker *m, const char *member, struct icaltimetype *ret)
{
    int64_t ns;

    if (event_day(m->event, member, &ns))
        return false;
    *ret = icaltime_from_timet_with_zone(ns / NS, true, NULL);
    return true;
}

/* Start or End: a date, a time in UTC, or a time of the series' zone. */
static bool event_time(const struct maker *m, const char *member, struct icaltimetype *ret)
{
    if (is_all_day(m))
        return event_date(m, member, ret);
    if (!parse_time(json_str(m->event, member), ret))
        return false;
    if (m->zone)
        *ret = icaltime_convert_to_zone(*ret, m->zone);
    return true;
}

static void add_zoned(struct maker *m, icalproperty *property)
{
    icalproperty_set_parameter(property,
                               icalparameter_new_tzid(icaltimezone_get_location(m->zone)));
    add(m, property);
}

static void add_time(struct maker *m, icalproperty *property)
{
    if (m->zone && !is_all_day(m))
        add_zoned(m, property);
    else
        add(m, property);
}

/* `given` is what Start says, `start` where the event begins. */
static void add_end(struct maker *m, struct icaltimetype given, struct icaltimetype start)
{
    struct icaltimetype end;

    if (event_time(m, "End", &end) && icaltime_compare(end, given) > 0)
        add_time(m, icalproperty_new_dtend(icaltime_add(start, icaltime_subtract(end, given))));
}

/* When the record changed: DTSTAMP must be there, and the same each time. */
static void add_stamps(struct maker *m, struct icaltimetype start)
{
    const struct kind_info *kind = kind_info(KIND_EVENT);
    struct icaltimetype created, modified;
    bool is_created = parse_time(json_str(m->event, kind->created), &created);
    bool is_modified = parse_time(json_str(m->event, kind->modified), &modified);
    struct icaltimetype utc = start;

    if (!is_modified && !is_created) {
        utc.is_date = 0;
        utc = start.is_date ? utc : icaltime_convert_to_zone(utc, icaltimezone_get_utc_timezone());
        utc.zone = icaltimezone_get_utc_timezone();
    }
    add(m, icalproperty_new_dtstamp(is_modified ? modified : is_created ? created : utc));
    if (is_created)
        add(m, icalproperty_new_created(created));
    if (is_modified)
        add(m, icalproperty_new_lastmodified(modified));
}

/* --- what it is about --- */

static const char *body_text(struct maker *m, const cJSON *body, struct buf *out)
{
    const char *content = json_str(body, "Content");
    const char *preview = json_str(m->event, "BodyPreview");

    if (!content)
        return clean(m, preview);
    if (!str_eq(json_str(body, "ContentType"), "HTML"))
        return clean(m, content);
    return clean(m, text_of_html(out, content) ? preview : out->data);
}

/* An HTML body that says nothing is a frame the service made. */
static void add_body(struct maker *m)
{
    const cJSON *body = json_get(m->event, "Body");
    const char *content = json_str(body, "Content");
    SCOPED(buf_release) struct buf stripped = BUF_INIT(JSON_TEXT_MAX);
    const char *text = body_text(m, body, &stripped);
    if (text) {
        add(m, icalproperty_new_description(text));
        text = str_eq(json_str(body, "ContentType"), "HTML") ? clean(m, content) : NULL;
        if (text)
            icalproperty_add_parameter(add_x(m, "X-ALT-DESC", text),
                                       icalparameter_new_fmttype("text/html"));
    }
}

static void add_location(struct maker *m)
{
    const cJSON *location = json_get(m->event, "Location");
    const cJSON *coordinates = json_get(location, "Coordinates");
    const cJSON *lat = json_get(coordinates, "Latitude"), *lon = json_get(coordinates, "Longitude");
    const char *name = clean(m, json_str(location, "DisplayName"));

    if (name)
        add(m, icalproperty_new_location(name));
    if (cJSON_IsNumber(lat) && cJSON_IsNumber(lon)) {
        struct icalgeotype geo = {.lat = lat->valuedouble, .lon = lon->valuedouble};

        add(m, icalproperty_new_geo(geo));
    }
}

static void add_words(struct maker *m)
{
    const char *text = clean(m, json_str(m->event, "Subject"));

    add(m, icalproperty_new_summary(text ? text : ""));
    add_body(m);
    add_location(m);
    text = clean_uri(m, "", json_str(m->event, "WebLink"));
    if (text)
        add(m, icalproperty_new_url(text));
}

/* --- how it counts --- */

static void add_state(struct maker *m)
{
    static const struct {
        const char *show_as, *busy;
        icalproperty_transp transp;
    } table[] = {
        {"Free", "FREE", ICAL_TRANSP_TRANSPARENT},
        {"Tentative", "TENTATIVE", ICAL_TRANSP_OPAQUE},
        {"Busy", "BUSY", ICAL_TRANSP_OPAQUE},
        {"Oof", "OOF", ICAL_TRANSP_OPAQUE},
        {"WorkingElsewhere", "WORKINGELSEWHERE", ICAL_TRANSP_TRANSPARENT},
    };
    const char *show_as = json_str(m->event, "ShowAs");
    const char *importance = json_str(m->event, "Importance");

    if (json_bool(m->event, "IsCancelled", false))
        add(m, icalproperty_new_status(ICAL_STATUS_CANCELLED));
    else
        add(m, icalproperty_new_status(str_eq(show_as, "Tentative") ? ICAL_STATUS_TENTATIVE
                                                                    : ICAL_STATUS_CONFIRMED));
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (str_eq(table[i].show_as, show_as)) {
            add(m, icalproperty_new_transp(table[i].transp));
            add_x(m, "X-MICROSOFT-CDO-BUSYSTATUS", table[i].busy);
        }
    }
    if (str_eq(importance, "High") || str_eq(importance, "Low"))
        add(m, icalproperty_new_priority(str_eq(importance, "High") ? 1 : 9));
}

static void add_alarm(struct maker *m)
{
    int64_t minutes = json_int(m->event, "Reminder", -1);
    struct icaltriggertype trigger = {.time = icaltime_null_time()};
    icalcomponent *alarm;

    if (minutes < 0 || minutes > INT32_MAX / 60)
        return;
    trigger.duration = icaldurationtype_from_int((int)minutes * -60);
    alarm = icalcomponent_vanew(ICAL_VALARM_COMPONENT, icalproperty_new_action(ICAL_ACTION_DISPLAY),
                                icalproperty_new_description("Reminder"),
                                icalproperty_new_trigger(trigger), (void *)0);
    icalcomponent_add_component(m->component, alarm);
}

/* --- who --- */

static icalparameter_partstat answer_of(const cJSON *attendee)
{
    static const struct {
        const char *response;
        icalparameter_partstat partstat;
    } table[] = {
        {"Organizer", ICAL_PARTSTAT_ACCEPTED},
        {"Accepted", ICAL_PARTSTAT_ACCEPTED},
        {"TentativelyAccepted", ICAL_PARTSTAT_TENTATIVE},
        {"Declined", ICAL_PARTSTAT_DECLINED},
    };
    const char *response = json_str(json_get(attendee, "Status"), "Response");

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (str_eq(table[i].response, response))
            return table[i].partstat;
    }
    return ICAL_PARTSTAT_NEEDSACTION;
}

static void add_name(struct maker *m, icalproperty *property, const cJSON *address)
{
    const char *name = clean_parameter(m, json_str(address, "Name"));

    if (name)
        icalproperty_add_parameter(property, icalparameter_new_cn(name));
}

static void add_attendee(struct maker *m, const cJSON *attendee)
{
    const cJSON *address = json_get(attendee, "EmailAddress");
    const char *uri = clean_uri(m, "mailto:", json_str(address, "Address"));
    const char *type = json_str(attendee, "Type");
    icalparameter_partstat answer = answer_of(attendee);

    if (!uri)
        return;
    icalproperty *property = icalproperty_new_attendee(uri);
    add_name(m, property, address);
    if (str_eq(type, "Resource")) {
        icalproperty_add_parameter(property, icalparameter_new_cutype(ICAL_CUTYPE_RESOURCE));
        icalproperty_add_parameter(property, icalparameter_new_role(ICAL_ROLE_NONPARTICIPANT));
    } else {
        icalproperty_add_parameter(
            property, icalparameter_new_role(str_eq(type, "Optional") ? ICAL_ROLE_OPTPARTICIPANT
                                                                      : ICAL_ROLE_REQPARTICIPANT));
    }
    icalproperty_add_parameter(property, icalparameter_new_partstat(answer));
    if (answer == ICAL_PARTSTAT_NEEDSACTION && json_bool(m->event, "ResponseRequested", false))
        icalproperty_add_parameter(property, icalparameter_new_rsvp(ICAL_RSVP_TRUE));
    add(m, property);
}

/* RFC 5545, 3.8.4.3: an event without others has no organizer. */
static void add_people(struct maker *m)
{
    const cJSON *attendees = json_get(m->event, "Attendees"), *attendee;
    const cJSON *organizer = json_get(json_get(m->event, "Organizer"), "EmailAddress");
    const char *uri = clean_uri(m, "mailto:", json_str(organizer, "Address"));

    if (cJSON_GetArraySize(attendees) == 0)
        return;
    if (uri) {
        icalproperty *property = icalproperty_new_organizer(uri);

        add_name(m, property, organizer);
        add(m, property);
    }
    cJSON_ArrayForEach(attendee, attendees)
    {
        add_attendee(m, attendee);
    }
}

/* --- the whole --- */

/* The events of a series have its UID (RFC 5545, 3.8.4.4). */
static void add_uid(struct maker *m)
{
    const cJSON *event = m->series ? m->series : m->event;
    const char *uid = clean(m, json_str(event, "ICalUId"));

    if (!uid)
        uid = clean(m, kind_id(KIND_EVENT, event));
    add(m, icalproperty_new_uid(uid ? uid : "none"));
}

/* A series begins at its first occurrence: whatever reads it counts DTSTART as one (RFC 5545,
 * 3.8.5.3). */
static struct icaltimetype first_occurrence(struct icalrecurrencetype rule,
                                            struct icaltimetype start)
{
    icalrecur_iterator *days = icalrecur_iterator_new(rule, start);
    struct icaltimetype first = days ? icalrecur_iterator_next(days) : start;

    if (days)
        icalrecur_iterator_free(days);
    return icaltime_is_null_time(first) ? start : first;
}

/* "OID.<id>.2026-11-30", whose date is that of the zone by which the series counts. */
static bool cancelled_start(const char *occurrence, struct icaltimetype start,
                            struct icaltimetype *ret)
{
    const char *date = occurrence ? strrchr(occurrence, '.') : NULL;

    *ret = start;
    return date && sscanf(date, ".%4d-%2d-%2d", &ret->year, &ret->month, &ret->day) == 3;
}

static void add_cancelled(struct maker *m, struct icaltimetype start)
{
    const cJSON *occurrence;
    struct icaltimetype when;

    cJSON_ArrayForEach(occurrence, json_get(m->event, "CancelledOccurrences"))
    {
        if (cancelled_start(cJSON_GetStringValue(occurrence), start, &when))
            add_time(m, icalproperty_new_exdate(when));
    }
}

/* Which one of the series it is: a date where the series has dates. */
static void add_original_start(struct maker *m)
{
    bool dates = json_bool(m->series, "IsAllDay", false);
    struct icaltimetype when;

    if (dates ? !event_date(m, "OriginalStart", &when)
              : !parse_time(json_str(m->event, "OriginalStart"), &when))
        return;
    icalproperty *property = icalproperty_new_recurrenceid(
        m->zone && !dates ? icaltime_convert_to_zone(when, m->zone) : when);
    if (m->zone && !dates)
        add_zoned(m, property);
    else
        add(m, property);
}

static void fill(struct maker *m, struct icaltimetype given)
{
    struct icaltimetype start = given;
    struct icalrecurrencetype rule;
    bool repeats = ical_rule(json_get(m->event, "Recurrence"), given, &rule);

    if (repeats)
        start = first_occurrence(rule, given);
    add_uid(m);
    add_stamps(m, start);
    add_time(m, icalproperty_new_dtstart(start));
    add_end(m, given, start);
    if (repeats) {
        add(m, icalproperty_new_rrule(rule));
        add_cancelled(m, start);
    }
    if (m->series)
        add_original_start(m);
    add_words(m);
    add_state(m);
    add_people(m);
    add_alarm(m);
}

/* Written here: libical escapes no comma in it, and so makes two of one. */
static int append_categories(const struct cJSON *event, struct buf *out)
{
    const cJSON *item;
    SCOPED(buf_release) struct buf line = BUF_INIT(JSON_TEXT_MAX);
    int rc = buf_addstr(&line, "CATEGORIES:");
    size_t empty = line.len;
    cJSON_ArrayForEach(item, json_get(event, "Categories"))
    {
        const char *word = cJSON_GetStringValue(item);

        if (!rc && text_has(word) && line.len > empty)
            rc = buf_addch(&line, ',');
        if (!rc && text_has(word))
            rc = text_escape(&line, word);
    }
    if (!rc && line.len > empty)
        rc = text_fold(out, line.data, line.len);
    return rc;
}

static int append_event(struct buf *out, const struct maker *m)
{
    static const char begin[] = "BEGIN:VEVENT\r\n";
    char *text = icalcomponent_as_ical_string_r(m->component);
    int rc = buf_addstr(out, begin);

    if (!rc)
        rc = append_categories(m->event, out);
    if (!rc)
        rc = buf_addstr(out, text + strlen(begin));
    icalmemory_free_buffer(text);
    return rc;
}

static int append(struct buf *out, icalcomponent *component)
{
    char *text = icalcomponent_as_ical_string_r(component);
    int rc = buf_addstr(out, text);

    icalmemory_free_buffer(text);
    return rc;
}

/* The definition of a zone, once a calendar. */
static int append_zone(struct ical *cal, struct buf *out, icaltimezone *zone)
{
    const char *name = icaltimezone_get_location(zone);
    icalcomponent *component;

    if (map_get(&cal->zones, name))
        return 0;
    component = icalcomponent_new_clone(icaltimezone_get_component(zone));
    icalproperty *id = icalcomponent_get_first_property(component, ICAL_TZID_PROPERTY);
    icalproperty_set_tzid(id, name);
    int rc = append(out, component);
    icalcomponent_free(component);
    map_set(&cal->zones, name, zone);
    return rc;
}

int ical_begin(struct ical *cal, struct buf *out)
{
    map_init(&cal->zones);
    return buf_addstr(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" FORMATS_PRODID "\r\n");
}

static int make_event(struct ical *cal, const struct cJSON *event, const struct cJSON *series,
                      struct buf *out)
{
    struct maker m = {.event = event, .series = series};
    struct icaltimetype start;
    size_t before = out->len;
    int rc = 0;

    icalerror_set_errors_are_fatal(false);
    if (series || event_is_series(event))
        m.zone = ical_zone(series ? series : event);
    if (!event_time(&m, "Start", &start))
        return -EINVAL;
    buf_init(&m.text, JSON_TEXT_MAX);
    m.component = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    fill(&m, start);
    if (m.zone && !is_all_day(&m))
        rc = append_zone(cal, out, m.zone);
    if (!rc)
        rc = append_event(out, &m);
    if (rc)
        buf_truncate(out, before);
    icalcomponent_free(m.component);
    buf_release(&m.text);
    return rc;
}

int ical_event(struct ical *cal, const struct cJSON *event, struct buf *out)
{
    size_t before = out->len;
    const cJSON *one;

    mutex_lock(&ical_lock);
    int rc = make_event(cal, event, NULL, out);
    cJSON_ArrayForEach(one, json_get(event, "ExceptionOccurrences"))
    {
        if (!rc && json_str(one, "OriginalStart") && make_event(cal, one, event, out) == -ENOBUFS)
            rc = -ENOBUFS;
    }
    mutex_unlock(&ical_lock);
    if (rc)
        buf_truncate(out, before);
    return rc;
}

int ical_end(struct ical *, struct buf *out)
{
    return buf_addstr(out, "END:VCALENDAR\r\n");
}

void ical_release(struct ical *cal)
{
    map_release(&cal->zones);
}
