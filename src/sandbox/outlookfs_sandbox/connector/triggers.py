"""The polling triggers: a call without a cursor answers 202 and sets the baseline; the cursor in Location holds everything, so that
the same one gives the same answer over the same data.

OnNewEmail: the cursor names the last mail looked at. Places in ids only grow, so what came later is told by the place, and that mail
may be moved or removed meanwhile. LastReceivedMailTime, which begins with the time of the first call, keeps out what came later but
was received before (an import); what was moved into the folder did not arrive there and is never reported.

New and changed items: given out in the order they were made or changed; the cursor is the time of the last.

Events that start soon: the cursor is the time of the last call. What starts within the window now, but did not then, is due; so is what
was made or changed since and starts within the window. They come all at once: a cursor that is one time cannot stop in the middle of
them. A series counts with its first start.
"""
import base64
import binascii
import json
import re
from urllib.parse import quote

from .. import ids, text, times
from ..exchange import Answer, Refusal, dumps
from . import message
from .items import Query
from .schema import IMPORTANCES, wrong

BATCH = 10
MAIL_CURSOR, ITEM_CURSOR = "LastPollInformation", "triggerstate"
LOOK_AHEAD_MAX = 10 * 365 * 24 * 60
# The base in the URLs the service gives out: the connection under its old, managed name. A client maps host and path to its own base.
MANAGED_BASE = "https://logic-apis-sandbox.azure-apim.net/apim/office365/d84e61b3a9c04f52b7f03e16c8a5920d"


def encode(value):
    """Percent-encoded with lower-case hex, as the service writes its Location."""
    return re.sub("%..", lambda match: match[0].lower(), quote(value, safe="-._~"))


class Triggers:
    """`options` of the face: bareArrays, emptyLists, retryAfter. `base_path` is what stands before an operation's path."""

    def __init__(self, mailbox, folders, calendars, options, base_path):
        self.mailbox, self.folders, self.calendars, self.options, self.base_path = mailbox, folders, calendars, options, base_path

    # --- how all of them answer

    def _list(self, found):
        return Answer.json(200, found if self.options["bareArrays"] else {"value": found})

    def _answer(self, request, name, cursor, found, baseline=False):
        answer = Answer(202) if baseline or not (found or self.options["emptyLists"]) else self._list(found)
        answer.headers += [("Location", self._location(request, name, cursor)), ("Retry-After", str(self.options["retryAfter"]))]
        return answer

    def _location(self, request, name, cursor):
        """The request's own path and parameters with the cursor last."""
        parameters = {**{n: v for n, v in request.params.items() if n != name}, name: cursor}
        return "%s%s?%s" % (MANAGED_BASE, request.path[len(self.base_path):],
                            "&".join("%s%s=%s" % ("$" * n.startswith("$"), encode(n.lstrip("$")), encode(v))
                                     for n, v in parameters.items()))

    # --- mail

    def new_email(self, request):
        selection = Selection(request)
        content = request.boolean("includeAttachments", False)
        folder = self.folders.asked(request)
        if is_simulated(request):
            newest = [record for record in self.mailbox.records("message", folder, descending=True)
                      if selection.takes(record.document)][:1]
            return self._list([message.single(self.mailbox, record, content) for record in newest])
        cursor = request.text(MAIL_CURSOR)
        if not cursor:
            return self._answer(request, MAIL_CURSOR, self._mail_baseline(folder).write(), [], baseline=True)
        position = Position.read(cursor)
        found = self._new_mails(folder, position, selection)
        return self._answer(request, MAIL_CURSOR, position.write(),
                            [message.single(self.mailbox, record, content) for record in found])

    def _mail_baseline(self, folder):
        """Everything that is there now is old."""
        now = self.mailbox.now()
        position = Position(now, 0, None, None, times.coarse(now))
        for record in self.mailbox.records("message", folder, arrived_only=True, order="arrival", descending=True, top=1):
            position.move(record, now)
        return position

    def _new_mails(self, folder, position, selection):
        """The first batch behind the position, which moves there; mails are dated to the second, the cursor more finely."""
        found, now = [], self.mailbox.now()
        records = self.mailbox.records("message", folder, arrived_only=True, order="arrival",
                                       sort_from=position.received - position.received % times.SECOND)
        for record in records:
            if record.place <= position.place:
                continue
            position.move(record, now)
            if selection.takes(record.document):
                found.append(record)
            if len(found) == BATCH:
                break
        return found

    # --- items that are new or changed

    def new_items(self, request):
        return self._items(request, "DateTimeCreated")

    def updated_items(self, request):
        return self._items(request, "DateTimeLastModified")

    def _items(self, request, member):
        folder = self.calendars.folder(request.names["table"])
        query = Query(self.calendars, request)
        since = self._read_item_cursor(request)
        if is_simulated(request):
            return self._list([record.document for record in
                               self.mailbox.records("event", folder, order="modified", descending=True, top=1)])
        if since is None:
            return self._answer(request, ITEM_CURSOR, times.fine(self.mailbox.now(), "Z"), [], baseline=True)
        batch, last = self._batch(folder, query, member, since)
        return self._answer(request, ITEM_CURSOR, times.fine(last, "Z"), batch)

    def _batch(self, folder, query, member, since):
        """(the first batch after `since`, in the order that was asked for; the time behind it)"""
        found, last = [], since
        for record in self.mailbox.records("event", folder, modified_after=since, order="modified"):
            event = record.document
            time = times.parse(event.get(member)) or 0
            if time > since and (not query.matches or query.matches(event)):
                found.append((time, event))
            else:
                last = max(last, time)
        found.sort(key=lambda one: one[0])
        top = min(query.top, BATCH)
        upto = query.skip + top
        if not top:
            return [], since
        if upto < len(found):
            last = found[upto - 1][0]
        elif found:
            last = max(last, found[-1][0])
        batch = [event for _, event in found[query.skip:upto]]
        return (sorted(batch, key=query.key) if query.key else batch), last

    @staticmethod
    def _read_item_cursor(request):
        """A time; None without one; a Refusal."""
        cursor = request.text(ITEM_CURSOR)
        time = times.parse(cursor) if cursor else None
        if cursor and time is None:
            raise wrong("The parameter '%s' is not valid." % ITEM_CURSOR)
        return time

    # --- events that start soon

    def upcoming_events(self, request):
        minutes, table = request.integer("lookAheadTimeInMinutes", 15), request.text("table")
        if not table:
            raise wrong("The parameter 'table' is required.")
        if minutes > LOOK_AHEAD_MAX:
            raise wrong("The parameter 'lookAheadTimeInMinutes' is too large.")
        folder = self.calendars.folder(table)
        since, now, ahead = self._read_item_cursor(request), self.mailbox.now(), minutes * 60 * times.SECOND
        if since is None:  # the next call gives the events that start soon already
            return self._answer(request, ITEM_CURSOR, times.fine(now - ahead, "Z"), [], baseline=True)
        found = [record.document for record in self.mailbox.records("event", folder, sort_to=now + ahead + 1)
                 if record.sort > since + ahead or (record.sort > now and record.modified > since)]
        return self._answer(request, ITEM_CURSOR, times.fine(now, "Z"), found)


def is_simulated(request):
    return request.headers.get("x-ms-operation-context") == "simulate"


class Selection:
    """Which mails OnNewEmail wants; a Refusal."""

    def __init__(self, request):
        self.wanted = {name: [address.lower() for address in text.addresses(request.text(name))]
                       for name in ("to", "cc", "toOrCc", "from")}
        self.subject = request.text("subjectFilter", "").lower()
        self.only_files = request.boolean("fetchOnlyWithAttachment", False)
        word = request.text("importance", "Any")
        if word not in ("Any", *IMPORTANCES):
            raise wrong("The value '%s' of parameter 'importance' is not one of Any, Low, Normal, High." % word)
        self.importance = IMPORTANCES.index(word) if word != "Any" else None

    def takes(self, mail):
        there = {name: {address.lower() for address in text.addresses(mail.get(name.capitalize()))} for name in ("to", "cc", "from")}
        there["toOrCc"] = there["to"] | there["cc"]
        return (all(not wanted or there[name] & set(wanted) for name, wanted in self.wanted.items())
                and self.importance in (None, mail.get("Importance"))
                and (not self.only_files or mail.get("HasAttachment"))
                and self.subject in (mail.get("Subject") or "").lower())


class Position:
    """The cursor of OnNewEmail: the last mail looked at. `place` 0: none was."""

    def __init__(self, received, place, id, internet_id, created):
        self.received, self.place, self.id, self.internet_id, self.created = received, place, id, internet_id, created

    @classmethod
    def read(cls, cursor):
        try:
            stored = json.loads(base64.b64decode(cursor.encode(), validate=True))
            received, created, id = times.parse(stored["LastReceivedMailTime"]), stored["LastCreatedMailTime"], stored["LastMessageId"]
            place = ids.item_place(id) if id is not None else 0
            if received is None or place is None or not isinstance(created, str):
                raise ValueError(cursor)
            return cls(received, place, id, stored["LastInternetMessageId"], created)
        except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
            raise Refusal(400, "ErrorInvalidRequest", "The parameter '%s' is not valid." % MAIL_CURSOR) from None

    def write(self):
        return base64.b64encode(dumps({
            "LastReceivedMailTime": times.fine(self.received), "LastCreatedMailTime": self.created, "LastMessageId": self.id,
            "LastInternetMessageId": self.internet_id}).encode()).decode()

    def move(self, record, now):
        """A date in the future does not hide the mails that come before it."""
        mail = record.document
        self.received = max(self.received, min(record.sort, now))
        self.place, self.id, self.internet_id, self.created = (record.place, mail["Id"], mail["InternetMessageId"],
                                                               mail["DateTimeReceived"])
