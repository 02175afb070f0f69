"""Events: singles and series, their occurrences and exceptions; lists, views, change, delete, invitations.

A series is one record. Its document has, besides the event, `_exceptions` (by original day, the members that differ) and `_cancelled`
(days that were deleted). Occurrences are made when asked for, in the series' own zone, and have ids with their day in them.
"""
from datetime import date, datetime, timedelta, timezone

from .. import owner, text
from ..exchange import Answer, Refusal
from . import ident, odata, schema
from .call import Call, pick
from .mime import body_text, recipient
from .recurrence import days, occurrences
from .zones import ns, pair, read_pair, zone_of

NEVER = "0001-01-01T00:00:00Z"
OWNER = recipient(owner.NAME, owner.ADDRESS)
RESPONSES = {"accept": "accepted", "tentativelyaccept": "tentativelyAccepted", "decline": "declined"}
NOT_IN_VIEWS = {"createdDateTime", "lastModifiedDateTime"}
OF_AN_OCCURRENCE = {"subject", "body", "start", "end", "location", "locations", "showAs", "importance", "sensitivity", "isReminderOn",
                    "reminderMinutesBeforeStart", "categories", "isAllDay", "attendees", "responseStatus"}
DEFAULTS = {"categories": [], "originalStartTimeZone": "UTC", "originalEndTimeZone": "UTC", "iCalUId": "", "reminderMinutesBeforeStart": 15,
            "isReminderOn": True, "hasAttachments": False, "hideAttendees": False, "subject": "", "bodyPreview": "", "importance": "normal",
            "sensitivity": "normal", "originalStart": None, "isAllDay": False, "isCancelled": False, "isDraft": False, "isOrganizer": True,
            "responseRequested": True, "seriesMasterId": None, "transactionId": None, "showAs": "busy", "type": "singleInstance",
            "onlineMeetingUrl": None, "isOnlineMeeting": False, "onlineMeetingProvider": "unknown", "onlineMeeting": None,
            "allowNewTimeProposals": True, "responseStatus": {"response": "organizer", "time": NEVER},
            "body": {"contentType": "html", "content": ""}, "start": None, "end": None, "location": {"displayName": "", "locationType": "default",
                                                                                                  "uniqueIdType": "unknown"},
            "locations": [], "recurrence": None, "attendees": [], "organizer": OWNER}


def invalid(message):
    return Refusal(400, "ErrorInvalidRequest", message)


class Events:
    def __init__(self, face):
        self.face, self.mailbox = face, face.mailbox

    # --- as answered

    def shown(self, call, record, day=None, document=None, select=None):
        document = document or self.of_day(record.document, day)
        shown = {"@odata.etag": 'W/"%s"' % document["changeKey"], "id": call.id(record, day)}
        shown.update((name, value) for name, value in document.items() if name[0] != "_")
        if day:
            shown["seriesMasterId"] = call.id(record)
        elif select and "cancelledOccurrences" in select:
            shown["cancelledOccurrences"] = ["OID.%s.%s" % (call.id(record), one) for one in document.get("_cancelled") or ()]
        for name in ("start", "end"):
            zone = timezone.utc if document["isAllDay"] and not call.prefer.zone else call.prefer.zone
            shown[name] = dict(document[name]) if document["isAllDay"] else pair(read_pair(document[name]), call.prefer.zone_name, zone)
        if call.prefer.text_body:
            shown["body"] = {"contentType": "text", "content": body_text(shown["body"]["content"])}
        shown["webLink"] = "https://outlook.office365.com/owa/?itemid=%s&exvsurl=1&path=/calendar/item" % shown["id"].replace("=", "%3D")
        return pick(shown, select)

    @staticmethod
    def of_day(document, day):
        """The series' document for an occurrence; unchanged for day None."""
        if day is None:
            return document
        start, end = read_pair(document["start"]), read_pair(document["end"])
        zone = zone_of(document["recurrence"]["range"].get("recurrenceTimeZone") or "UTC")
        at = datetime.combine(day, start.astimezone(zone).timetz().replace(tzinfo=None), zone)
        change = (document.get("_exceptions") or {}).get(day.isoformat())
        one = {name: value for name, value in document.items() if name not in ("_exceptions", "_cancelled")}
        one.update(type="exception" if change else "occurrence", recurrence=None, start=pair(at), end=pair(at + (end - start)),
                   originalStart=at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        if document["isAllDay"]:
            length = (end - start).days
            one.update(start=_midnight(day, document["start"]["timeZone"]), end=_midnight(day + timedelta(days=length), document["end"]["timeZone"]))
        return {**one, **(change or {})}

    def in_window(self, record, begin, until):
        """[(day, document)] of what of the record happens in the window."""
        document = record.document
        start, end = read_pair(document["start"]), read_pair(document["end"])
        if not document["recurrence"]:
            return [(None, document)] if start < until and (end > begin or start == end >= begin) else []
        gone, changed = set(document.get("_cancelled") or ()), document.get("_exceptions") or {}
        found = [(day, self.of_day(document, day)) for day, _, _ in occurrences(document, start, end, begin, until)
                 if day.isoformat() not in gone and day.isoformat() not in changed]
        for day in changed:
            one = self.of_day(document, date.fromisoformat(day))
            if read_pair(one["start"]) < until and read_pair(one["end"]) > begin:
                found.append((date.fromisoformat(day), one))
        return found

    def view(self, calendar, begin, until):
        """[(start, record, day, document)] of a calendar's window, in order."""
        found = [(ns(read_pair(one["start"])), record, day, one) for record in self.mailbox.records("event", calendar)
                 for day, one in self.in_window(record, begin, until)]
        return sorted(found, key=lambda entry: (entry[0], entry[1].row))

    # --- lists

    def list(self, request):
        call, params = Call(self.face, request), request.params
        select = call.select(schema.MEMBERS["event"])
        test, orders = self._restrictions(params)
        pairs = [(record, record.document) for record in self.mailbox.records("event", self.face.calendars.of(request), descending=True)]
        pairs = [pair_ for pair_ in pairs if not test or test.fits(pair_[1])]
        odata.sort(pairs, orders, key=lambda pair_: pair_[1])
        return call.page("events", pairs, lambda pair_: self.shown(call, pair_[0], document=pair_[1], select=select),
                         top=min(call.top(999), call.prefer.page_size or 999))

    @staticmethod
    def _restrictions(params):
        test = odata.read_filter(params["$filter"], schema.MEMBERS["event"]) if params.get("$filter") else None
        orders = odata.read_orderby(params["$orderby"], schema.MEMBERS["event"]) if params.get("$orderby") else []
        return test, orders

    def list_view(self, request):
        call = Call(self.face, request)
        select = call.select(schema.MEMBERS["event"] - NOT_IN_VIEWS)
        test, orders = self._restrictions(request.params)
        found = [entry for entry in self.view(self.face.calendars.of(request), *call.window()) if not test or test.fits(entry[3])]
        odata.sort(found, orders, key=lambda entry: entry[3])
        return call.page("calendarView", found, lambda entry: self.shown(call, *entry[1:], select=select))

    def instances(self, request):
        call = Call(self.face, request)
        record, day = self._named(call)
        if day or not record.document["recurrence"]:
            raise invalid("The event is no series master.")
        begin, until = call.window()
        select = call.select(schema.MEMBERS["event"])
        return call.page("events/instances", sorted(self.in_window(record, begin, until)[:], key=lambda entry: ns(read_pair(entry[1]["start"]))),
                         lambda entry: self.shown(call, record, *entry, select=select))

    def _named(self, call):
        """(record, day) of the path; it lies in the calendar the path names, and an occurrence must happen."""
        record, day = call.find("event", call.request.names["event"])
        if "calendar" in call.request.names and record.folder != self.face.calendars.of(call.request).row:
            raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        if day:
            document = record.document
            if not document["recurrence"] or day.isoformat() in (document.get("_cancelled") or ()) or not _happens(document["recurrence"], day):
                raise Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return record, day

    def get(self, request):
        call, expand = Call(self.face, request), request.params.get("$expand")
        if expand not in (None, "exceptionOccurrences"):
            raise odata.invalid("Could not expand '%s'." % expand)
        record, day = self._named(call)
        shown = self.shown(call, record, day, select=call.select(schema.MEMBERS["event"]))
        if expand:
            shown[expand] = [self.shown(call, record, date.fromisoformat(one)) for one in sorted(record.document.get("_exceptions") or ()) if not day]
        return call.entity(200, "events", shown)

    # --- making and changing

    def create(self, request):
        call = Call(self.face, request)
        calendar = self.face.calendars.of(request)
        self._editable(calendar)
        body = dict(call.body(schema.EVENT, type_name="event"))
        record = self._by_transaction(body.get("transactionId")) or self.make(calendar, body)
        return call.entity(201, "events", self.shown(call, record))

    def _editable(self, calendar):
        if not calendar.document.get("canEdit", True):
            raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")

    def _by_transaction(self, transaction):
        """The event that an earlier, equal request made."""
        if not transaction:
            return None
        return next((record for record in self.mailbox.records("event") if record.document["transactionId"] == transaction), None)

    def make(self, calendar, members, **more):
        number = self.mailbox.next()
        document = self.face.stamp({"createdDateTime": "", "lastModifiedDateTime": "", "changeKey": "", **DEFAULTS,
                                    "iCalUId": ident.ids.ical_uid(number)}, created=True)
        self._take(document, members)
        document.update(more)
        return self.mailbox.add("event", calendar, ident.immutable(number), document, number)

    def _take(self, document, members):
        for name, value in members.items():
            if name[0] != "@" and name != "singleValueExtendedProperties":
                document[name] = DEFAULTS[name] if value is None and name not in ("recurrence", "subject") else value
        if not document["start"] or not document["end"]:
            raise Refusal(400, "ErrorPropertyValidationFailure", "At least one property failed validation: start and end are required.")
        if {"start", "end", "isAllDay"} & set(members):
            self._set_times(document)
        if "body" in members:
            body = document["body"]
            content = body.get("content") or ""
            document["body"] = {"contentType": "html", "content": text.html_page(content) if body.get("contentType") == "html" else
                                text.html_of_plain(content)}
            document["bodyPreview"] = text.preview(document["body"]["content"], True)
        self._set_places(document, members)
        if "attendees" in members:
            self._set_attendees(document)
        if "recurrence" in members or "start" in members:
            self._set_recurrence(document)

    @staticmethod
    def _set_times(document):
        """Kept as UTC; the zones they came in are remembered. All-day events stay where they are."""
        start, end = read_pair(document["start"]), read_pair(document["end"])
        if end < start:
            raise Refusal(400, "ErrorPropertyValidationFailure", "The event's end is before its start.")
        document.update(originalStartTimeZone=document["start"].get("timeZone") or "UTC", originalEndTimeZone=document["end"].get("timeZone") or "UTC")
        if document["isAllDay"]:
            if any((when.hour, when.minute, when.second) != (0, 0, 0) for when in (start, end)) or end == start \
                    or document["start"].get("timeZone") != document["end"].get("timeZone"):
                raise Refusal(400, "ErrorPropertyValidationFailure", "An all-day event starts and ends at midnight of one zone and has a day at least.")
            document.update(start=_midnight(start.date(), "UTC"), end=_midnight(end.date(), "UTC"))
        else:
            document.update(start=pair(start), end=pair(end))

    @staticmethod
    def _set_places(document, members):
        if "location" in members and "locations" not in members:
            location = document["location"] = {"locationType": "default", "uniqueIdType": "private", **document["location"]}
            if location.get("displayName"):
                location.setdefault("uniqueId", location["displayName"])
            document["locations"] = [dict(location)] if location.get("displayName") else []
        elif "locations" in members:
            document["location"] = dict(document["locations"][0]) if document["locations"] else dict(DEFAULTS["location"])

    @staticmethod
    def _set_attendees(document):
        if len(document["attendees"]) > 500:
            raise invalid("An event has at most 500 attendees.")
        document["attendees"] = [{"type": one.get("type") or "required", "status": {"response": "none", "time": NEVER},
                                  "emailAddress": recipient(one["emailAddress"].get("name"), one["emailAddress"].get("address"))["emailAddress"]}
                                 for one in document["attendees"] if one.get("emailAddress")]

    @staticmethod
    def _set_recurrence(document):
        recurrence = document["recurrence"]
        if not recurrence:
            document.update(recurrence=None, type="singleInstance")
            document.pop("_exceptions", None), document.pop("_cancelled", None)
            return
        pattern, extent = dict(recurrence.get("pattern") or {}), dict(recurrence.get("range") or {})
        needs = {"weekly": ("daysOfWeek", "firstDayOfWeek"), "absoluteMonthly": ("dayOfMonth",), "relativeMonthly": ("daysOfWeek",),
                 "absoluteYearly": ("dayOfMonth", "month"), "relativeYearly": ("daysOfWeek", "month"), "daily": ()}.get(pattern.get("type"))
        if needs is None or not all(pattern.get(name) for name in (*needs, "interval")):
            raise invalid("recurrence/pattern: type, interval and %s are required." % ", ".join(needs or ()))
        zone = extent.get("recurrenceTimeZone") or document["originalStartTimeZone"]
        first = read_pair(document["start"]).astimezone(zone_of(zone)).date()
        extent = {"type": extent.get("type") or "noEnd", "startDate": extent.get("startDate") or first.isoformat(), "endDate": extent.get("endDate"),
                  "recurrenceTimeZone": zone, "numberOfOccurrences": extent.get("numberOfOccurrences") or 0}
        if extent["type"] == "numbered" and extent["numberOfOccurrences"] < 1 or extent["type"] == "endDate" and not extent["endDate"]:
            raise invalid("recurrence/range: its end is required.")
        if extent["type"] != "endDate":
            extent["endDate"] = "0001-01-01"
        pattern = {"type": pattern["type"], "interval": pattern["interval"], "month": pattern.get("month") or 0,
                   "dayOfMonth": pattern.get("dayOfMonth") or 0, "firstDayOfWeek": pattern.get("firstDayOfWeek") or "sunday",
                   "index": pattern.get("index") or "first", **({"daysOfWeek": pattern["daysOfWeek"]} if pattern.get("daysOfWeek") else {})}
        try:
            real = next(iter(days({"pattern": pattern, "range": extent})), None)
        except (ValueError, TypeError):
            raise invalid("recurrence: a date is not valid.") from None
        if real is None:
            raise invalid("The series has no occurrence.")
        document.update(recurrence={"pattern": pattern, "range": extent}, type="seriesMaster")

    def update(self, request):
        call = Call(self.face, request)
        record, day = self._named(call)
        call.check_version(record)
        self._editable(self.mailbox.folder_at(record.folder))
        body = dict(call.body(schema.EVENT, OF_AN_OCCURRENCE if day else set(schema.EVENT) - {"transactionId"}, "event"))
        if not record.document["isOrganizer"] and {"start", "end", "subject", "attendees", "recurrence"} & set(body):
            raise Refusal(403, "ErrorAccessDenied", "Only the organizer can change this.")
        record = self.change(record, body, day)
        return call.entity(200, "events", self.shown(call, record, day))

    def change(self, record, members, day=None):
        document = record.document
        self.face.delta.remember(record)
        if day:
            one = self.of_day(document, day)
            self._take(one, members)
            kept = set(members) | ({"bodyPreview"} if "body" in members else set()) | ({"locations", "location"} if {"location", "locations"} & set(members) else set())
            exceptions = document.setdefault("_exceptions", {})
            exceptions[day.isoformat()] = {**exceptions.get(day.isoformat(), {}), **{name: one[name] for name in kept if name in one}}
        else:
            self._take(document, members)
            if {"recurrence", "start"} & set(members):
                document.pop("_exceptions", None), document.pop("_cancelled", None)
        return self.mailbox.update(record, self.face.stamp(document), [name for name in members if name[0] != "@"])

    def delete(self, request):
        call = Call(self.face, request)
        record, day = self._named(call)
        call.check_version(record)
        self._editable(self.mailbox.folder_at(record.folder))
        self.discard(record, day)
        return Answer(204)

    def discard(self, record, day=None):
        self.face.delta.remember(record)
        if day is None:
            self.mailbox.remove(record)
            return
        document = record.document
        document.setdefault("_exceptions", {}).pop(day.isoformat(), None)
        document["_cancelled"] = sorted({*(document.get("_cancelled") or ()), day.isoformat()})
        self.mailbox.update(record, self.face.stamp(document), ["cancelledOccurrences"])

    # --- invitations

    def respond(self, request):
        call = Call(self.face, request)
        record, day = self._named(call)
        body = call.body({"comment": "a string", "sendResponse": "a boolean", "proposedNewTime": {"start": schema.ZONED, "end": schema.ZONED},
                          "Comment": "a string", "SendResponse": "a boolean"}, optional=True)
        verb, document = request.path.rpartition("/")[2].lower(), record.document
        if document["isOrganizer"]:
            raise invalid("Your request can't be completed. You can't respond to this meeting because you're the meeting organizer.")
        if body.get("sendResponse", body.get("SendResponse", True)) and not document["responseRequested"]:
            raise invalid("Your request can't be completed. The meeting organizer hasn't requested a response.")
        if body.get("sendResponse", body.get("SendResponse", True)):
            self._tell(document, verb, body.get("comment") or body.get("Comment") or "")
        if verb == "decline":
            self.discard(record, day)
            return Answer(202)
        status = {"response": RESPONSES[verb], "time": self.face.now()}
        attendees = [{**one, "status": status} if one["emailAddress"]["address"].lower() == owner.ADDRESS else one for one in document["attendees"]]
        document.update(responseStatus=status, attendees=attendees, showAs="busy" if verb == "accept" else "tentative")
        self.mailbox.update(record, self.face.stamp(document), ["responseStatus", "showAs"])
        return Answer(202)

    def _tell(self, document, verb, comment):
        """The answer to the organizer, in Sent Items."""
        word = {"accept": "Accepted", "tentativelyaccept": "Tentative", "decline": "Declined"}[verb]
        self.face.messages.make(self.face.folders.well_known("sentitems"), {
            "subject": "%s: %s" % (word, document["subject"]), "toRecipients": [document["organizer"]], "isDraft": False,
            "body": {"contentType": "text", "content": comment}})

    def cancel(self, request):
        call = Call(self.face, request)
        record, day = self._named(call)
        call.body({"comment": "a string", "Comment": "a string"}, optional=True)
        if not record.document["isOrganizer"]:
            raise invalid("Your request can't be completed. Only the meeting organizer can cancel a meeting.")
        self.discard(record, day)
        return Answer(202)

    def forward(self, request):
        call = Call(self.face, request)
        record, _ = self._named(call)
        body = call.body({"comment": "a string", "toRecipients": [schema.RECIPIENT], "Comment": "a string", "ToRecipients": [schema.RECIPIENT]})
        people = body.get("toRecipients") or body.get("ToRecipients")
        if not people:
            raise Refusal(400, "ErrorInvalidRecipients", "At least one recipient is required.")
        self.face.messages.make(self.face.folders.well_known("sentitems"), {
            "subject": "FW: %s" % record.document["subject"], "toRecipients": people, "isDraft": False,
            "body": {"contentType": "text", "content": body.get("comment") or body.get("Comment") or ""}})
        return Answer(202)

    def _remind(self, request, members, **how):
        call = Call(self.face, request)
        record, _ = self._named(call)
        call.body(members, optional=True)
        self.mailbox.update(record, self.face.stamp({**record.document, **how}), list(how))
        return Answer(202)

    def dismiss(self, request):
        return self._remind(request, {}, isReminderOn=False)

    def snooze(self, request):
        return self._remind(request, {"newReminderTime": schema.ZONED, "NewReminderTime": schema.ZONED}, isReminderOn=True)


def _midnight(day, zone):
    return {"dateTime": day.isoformat() + "T00:00:00.0000000", "timeZone": zone}


def _happens(recurrence, day):
    for one in days(recurrence):
        if one >= day:
            return one == day
    return False
