/*
 * event.c - events: defaults of a POST, the reset a PATCH makes, and what the service normalises.
 *
 * A PATCH is a POST that keeps the managed members: every writable member left out goes back to its
 * default (connector contract, 2.15). Managed are also Organizer, IsOrganizer, IsCancelled,
 * SeriesMasterId and Type, which the metadata calls writable but no client can change; Type follows
 * from Recurrence.
 */
#include "dataset_p.h"
#include "ids_p.h"
#include "sandbox_p.h"
#include "schema_p.h"
#include "text_p.h"

#include <errno.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_TIME "0001-01-01T00:00:00+00:00"
#define NS_PER_DAY (24 * 3600 * NS_PER_S)

static void replace(cJSON *object, const char *name, cJSON *value)
{
    cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
}

static void replace_string(cJSON *object, const char *name, const char *value)
{
    replace(object, name, cJSON_CreateString(value));
}

static void replace_if_null(cJSON *object, const char *name, cJSON *value)
{
    if (cJSON_IsNull(json_get(object, name)))
        replace(object, name, value);
    else
        cJSON_Delete(value);
}

static cJSON *person(const char *name, const char *address)
{
    cJSON *outer = cJSON_CreateObject(), *inner = cJSON_AddObjectToObject(outer, "EmailAddress");

    cJSON_AddStringToObject(inner, "Name", name);
    cJSON_AddStringToObject(inner, "Address", address);
    return outer;
}

static cJSON *response(const char *what)
{
    cJSON *status = cJSON_CreateObject();

    cJSON_AddStringToObject(status, "Response", what);
    cJSON_AddStringToObject(status, "Time", NO_TIME);
    return status;
}

/* What the service writes itself into a new event. */
static void set_managed(struct db *db, cJSON *event, const struct folder *folder)
{
    uint32_t number = db_next(db);
    char *id = ids_item(folder->number, number), *ical = ids_ical(number), *link;
    struct buf encoded;
    char now[40];

    buf_init(&encoded, 1024);
    str_percent_encode(&encoded, id, strlen(id));
    link = xasprintf("https://outlook.office365.com/owa/?itemid=%s&exvsurl=1&path=/calendar/item",
                     encoded.data);
    text_time_fine(db_now(db), now);
    replace_string(event, "Id", id);
    replace_string(event, "DateTimeCreated", now);
    replace(event, "HasAttachments", cJSON_CreateFalse());
    replace_string(event, "ICalUId", ical);
    replace(event, "IsCancelled", cJSON_CreateFalse());
    replace(event, "IsOrganizer", cJSON_CreateTrue());
    replace(event, "Organizer", person(OWNER_NAME, OWNER_ADDRESS));
    replace(event, "ResponseStatus", response("Organizer"));
    replace_string(event, "WebLink", link);
    free(link);
    buf_release(&encoded);
    free(ical);
    free(id);
}

static void keep_managed(cJSON *event, const cJSON *old)
{
    for (const struct member *m = schema_event; m->name; m++) {
        const cJSON *value = json_get(old, m->name);

        if (m->flags & MEMBER_MANAGED && value)
            replace(event, m->name, cJSON_Duplicate(value, true));
    }
}

static void set_defaults(cJSON *event)
{
    replace_if_null(event, "Importance", cJSON_CreateString("Low"));
    replace_if_null(event, "IsAllDay", cJSON_CreateFalse());
    replace_if_null(event, "Reminder", cJSON_CreateNumber(15));
    replace_if_null(event, "ResponseRequested", cJSON_CreateTrue());
    replace_if_null(event, "ShowAs", cJSON_CreateString("Free"));
    replace_if_null(json_get(event, "Location"), "DisplayName", cJSON_CreateString(""));
}

static int normalise_time(cJSON *event, const char *name, const char *zone_name, int64_t *ret_ns,
                          struct buf *err)
{
    const char *zone = json_str(event, zone_name);
    char text[40];
    int rc = text_time_in_zone(json_str(event, name), zone, ret_ns);

    if (rc == -ENOENT)
        return buf_fail(err, -EINVAL, "The time zone '%s' of %s is not supported.", zone,
                        zone_name);
    if (rc)
        return buf_fail(err, -EINVAL, "%s: a date-time is required", name);
    text_time_fine(*ret_ns, text);
    replace_string(event, name, text);
    replace_string(event, zone_name, "UTC");
    return 0;
}

static int normalise_times(cJSON *event, struct buf *err)
{
    int64_t start, end;
    int rc = normalise_time(event, "Start", "StartTimeZone", &start, err);

    if (!rc)
        rc = normalise_time(event, "End", "EndTimeZone", &end, err);
    if (rc)
        return rc;
    if (end < start)
        return buf_fail(err, -EINVAL, "EndDate is earlier than StartDate");
    if (!cJSON_IsTrue(json_get(event, "IsAllDay")))
        return 0;
    if (start % NS_PER_DAY || end % NS_PER_DAY)
        return buf_fail(err, -EINVAL,
                        "The %s property for an all-day event needs to be set to "
                        "midnight.",
                        start % NS_PER_DAY ? "Event.Start" : "Event.End");
    if (end == start)
        return buf_fail(err, -EINVAL,
                        "The duration of an event marked as All day must be at "
                        "least 24 hours.");
    return 0;
}

static void normalise_body(cJSON *event)
{
    cJSON *body = json_get(event, "Body");
    const char *content = json_str(body, "Content"), *type = json_str(body, "ContentType");
    char *page, *preview;

    if (content && *content && !str_eq(type, "Text"))
        page = text_html_page(content);
    else
        page = text_html_of_plain(content ? content : "");
    preview = text_preview(page, true);
    replace_string(body, "ContentType", "HTML");
    replace_string(body, "Content", page);
    replace_string(event, "BodyPreview", preview);
    free(preview);
    free(page);
}

/* The answer an attendee gave is the service's: kept by address, "None" for a new one. */
static const cJSON *old_status(const cJSON *old, const char *address)
{
    const cJSON *a;

    cJSON_ArrayForEach(a, json_get(old, "Attendees"))
    {
        const char *known = json_str(json_get(a, "EmailAddress"), "Address");

        if (known && !strcasecmp(known, address))
            return json_get(a, "Status");
    }
    return NULL;
}

static int normalise_attendees(cJSON *event, const cJSON *old, struct buf *err)
{
    cJSON *a;

    cJSON_ArrayForEach(a, json_get(event, "Attendees"))
    {
        cJSON *mail = json_get(a, "EmailAddress");
        const char *address = json_str(mail, "Address");
        const cJSON *status;

        if (!address || !*address)
            return buf_fail(err, -EINVAL, "An attendee needs an EmailAddress with an Address.");
        status = old_status(old, address);
        replace(a, "Status", status ? cJSON_Duplicate(status, true) : response("None"));
        replace_if_null(a, "Type", cJSON_CreateString("Required"));
        replace_if_null(mail, "Name", cJSON_CreateString(address));
    }
    return 0;
}

/* Recurrence dates are plain days. */
static void plain_day(cJSON *range, const char *name, const char *otherwise)
{
    const char *value = json_str(range, name);
    char *day = xstrndup(value ? value : otherwise, strlen("2026-11-23"));

    replace_string(range, name, day);
    free(day);
}

static void normalise_recurrence(cJSON *event)
{
    cJSON *recurrence = json_get(event, "Recurrence");
    cJSON *pattern = json_get(recurrence, "Pattern"), *range = json_get(recurrence, "Range");

    replace_string(event, "Type", pattern ? "SeriesMaster" : "SingleInstance");
    if (!pattern)
        return;
    replace_if_null(pattern, "Interval", cJSON_CreateNumber(1));
    replace_if_null(pattern, "Month", cJSON_CreateNumber(0));
    replace_if_null(pattern, "DayOfMonth", cJSON_CreateNumber(0));
    replace_if_null(pattern, "FirstDayOfWeek", cJSON_CreateString("Sunday"));
    replace_if_null(pattern, "Index", cJSON_CreateString("First"));
    plain_day(range, "StartDate", json_str(event, "Start"));
    plain_day(range, "EndDate", "0001-01-01");
    replace_if_null(range, "NumberOfOccurrences", cJSON_CreateNumber(0));
}

static int build_event(struct db *db, const cJSON *body, const cJSON *old,
                       const struct folder *folder, cJSON **ret, struct buf *err)
{
    cJSON *event = cJSON_CreateObject();
    int rc;

    for (const struct member *m = schema_event; m->name; m++) {
        const cJSON *value = m->flags & MEMBER_MANAGED ? NULL : json_get(body, m->name);

        cJSON_AddItemToObject(event, m->name, schema_shape(m, value));
    }
    if (old)
        keep_managed(event, old);
    else
        set_managed(db, event, folder);
    set_defaults(event);
    rc = normalise_times(event, err);
    if (!rc)
        rc = normalise_attendees(event, old, err);
    if (rc) {
        cJSON_Delete(event);
        return rc;
    }
    normalise_body(event);
    normalise_recurrence(event);
    *ret = event;
    return 0;
}

static void event_keys(const cJSON *event, struct record_keys *ret)
{
    const char *start = json_str(event, "Start"),
               *modified = json_str(event, "DateTimeLastModified");

    if (start)
        str_parse_time(start, &ret->sort);
    if (modified)
        str_parse_time(modified, &ret->modified);
}

const struct dataset dataset_calendars = {
    .kind = RECORD_EVENT,
    .alias = "Calendar",
    .owner = true,
    .newest_first = true,
    .members = schema_event,
    .build = build_event,
    .keys = event_keys,
};
