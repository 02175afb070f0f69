"""Events: the defaults of a POST, the reset a PATCH makes, and what the service normalises.

A PATCH is a POST that keeps the managed members: every writable member left out goes back to its default (connector contract, 2.15).
Managed are also Organizer, IsOrganizer, IsCancelled, SeriesMasterId and Type, which the metadata calls writable but no client can
change; Type follows from Recurrence.
"""
from urllib.parse import quote

from .. import ids, owner, text, times
from .schema import EVENT, wrong

NO_TIME = "0001-01-01T00:00:00+00:00"
ZONES = {  # standard offsets in minutes, by the names Windows has for zones, in lower case
    "utc": 0, "gmt standard time": 0, "greenwich standard time": 0, "w. europe standard time": 60,
    "central europe standard time": 60, "central european standard time": 60, "romance standard time": 60,
    "gtb standard time": 120, "fle standard time": 120, "e. europe standard time": 120, "turkey standard time": 180,
    "russian standard time": 180, "arabian standard time": 240, "india standard time": 330, "china standard time": 480,
    "tokyo standard time": 540, "aus central standard time": 570, "aus eastern standard time": 600,
    "eastern standard time": -300, "central standard time": -360, "mountain standard time": -420, "pacific standard time": -480,
    "e. south america standard time": -180}


def build(mailbox, folder, number, body, old=None):
    """The event of a POST or, with the `old` one, of a PATCH; a Refusal where the body does not make one."""
    event = {name: member.shape(None if member.managed else body.get(name)) for name, member in EVENT.items()}
    if old:
        event.update({name: old[name] for name, member in EVENT.items() if member.managed and old.get(name) is not None})
    else:
        _set_managed(event, mailbox, folder, number)
    _set_defaults(event)
    _normalise_times(event)
    _normalise_attendees(event, old)
    _normalise_body(event)
    _normalise_recurrence(event)
    return event


def touch(mailbox, event):
    """A new version, made now."""
    event["ChangeKey"] = ids.change_key(mailbox.next())
    event["DateTimeLastModified"] = times.fine(mailbox.now())


def _set_managed(event, mailbox, folder, number):
    event["Id"] = ids.item(folder.number, number)
    event.update(
        DateTimeCreated=times.fine(mailbox.now()), HasAttachments=False, ICalUId=ids.ical_uid(number), IsCancelled=False,
        IsOrganizer=True, Organizer={"EmailAddress": {"Name": owner.NAME, "Address": owner.ADDRESS}},
        ResponseStatus={"Response": "Organizer", "Time": NO_TIME},
        WebLink="https://outlook.office365.com/owa/?itemid=%s&exvsurl=1&path=/calendar/item" % quote(event["Id"], safe="-._~"))


def _set_defaults(event):
    for name, value in (("Importance", "Low"), ("IsAllDay", False), ("Reminder", 15), ("ResponseRequested", True),
                        ("ShowAs", "Free")):
        if event[name] is None:
            event[name] = value
    if event["Location"]["DisplayName"] is None:
        event["Location"]["DisplayName"] = ""


def _normalise_time(event, name):
    zone = event[name + "TimeZone"] or "UTC"
    if zone.lower() not in ZONES:
        raise wrong("The time zone '%s' of %sTimeZone is not supported." % (zone, name))
    ns = times.parse(event[name])
    if not times.has_offset(event[name]):
        ns -= ZONES[zone.lower()] * 60 * times.SECOND
    event[name], event[name + "TimeZone"] = times.fine(ns), "UTC"
    return ns


def _normalise_times(event):
    start, end = _normalise_time(event, "Start"), _normalise_time(event, "End")
    if end < start:
        raise wrong("EndDate is earlier than StartDate")
    if not event["IsAllDay"]:
        return
    for name, ns in (("Start", start), ("End", end)):
        if ns % times.DAY:
            raise wrong("The Event.%s property for an all-day event needs to be set to midnight." % name)
    if start == end:
        raise wrong("The duration of an event marked as All day must be at least 24 hours.")


def _normalise_attendees(event, old):
    """The answer an attendee gave is the service's: kept by address, "None" for a new one."""
    known = {((a.get("EmailAddress") or {}).get("Address") or "").lower(): a.get("Status")
             for a in (old or {}).get("Attendees") or []}
    for attendee in event["Attendees"]:
        address = attendee["EmailAddress"]["Address"]
        if not address:
            raise wrong("An attendee needs an EmailAddress with an Address.")
        attendee["Status"] = known.get(address.lower()) or {"Response": "None", "Time": NO_TIME}
        attendee["Type"] = attendee["Type"] or "Required"
        if attendee["EmailAddress"]["Name"] is None:
            attendee["EmailAddress"]["Name"] = address


def _normalise_body(event):
    content = event["Body"]["Content"] or ""
    page = text.html_page(content) if content and event["Body"]["ContentType"] != "Text" else text.html_of_plain(content)
    event["Body"] = {"ContentType": "HTML", "Content": page}
    event["BodyPreview"] = text.preview(page, True)


def _normalise_recurrence(event):
    recurrence = event["Recurrence"]
    event["Type"] = "SeriesMaster" if recurrence else "SingleInstance"
    if not recurrence:
        return
    pattern, span = recurrence["Pattern"], recurrence["Range"]
    for name, value in (("Interval", 1), ("Month", 0), ("DayOfMonth", 0), ("FirstDayOfWeek", "Sunday"), ("Index", "First")):
        if pattern[name] is None:
            pattern[name] = value
    span["StartDate"] = (span["StartDate"] or event["Start"])[:10]  # plain days
    span["EndDate"] = (span["EndDate"] or NO_TIME)[:10]
    if span["NumberOfOccurrences"] is None:
        span["NumberOfOccurrences"] = 0
