"""What changed: of the messages and contacts of a folder, of the folders themselves, of a calendar's window.

A walk is first everything, by age, then what happened since it began; each page's link holds how far it is:

    {"phase": "full", "since": where the feed stood when the walk began, "after": the last row given}
    {"phase": "changes", "since": the last change given}

An entry of what changed has the members that changed, where they are known. The options duplicates, emptyPages, nestedFolders, wholeEntries, bareEntries
(nothing of the version) and removedReason make more of what the contract allows.
"""
import json
import re
from datetime import date

from .. import owner, times
from ..exchange import Answer, Refusal
from . import ident, schema
from .call import Call, pick
from .folders import CONTACT_MEMBERS, MAIL_MEMBERS

PAGE = 10
FILTERED_MAX = 5000
SINCE = re.compile(r"receivedDateTime\s+(ge|gt)\s+(\S+)")
OF_OCCURRENCES = {"id", "seriesMasterId", "type", "start", "end"}
ALWAYS = ("id", "parentFolderId", "changeKey", "lastModifiedDateTime")
SCHEMA = """CREATE TABLE IF NOT EXISTS graph_was (sequence INTEGER NOT NULL, record INTEGER NOT NULL, place INTEGER NOT NULL,
number INTEGER NOT NULL, text TEXT NOT NULL)"""


class Delta:
    def __init__(self, face):
        self.face, self.mailbox, self.sql = face, face.mailbox, face.mailbox.sql
        self.sql.execute(SCHEMA)

    # --- the walk

    def _walk(self, call, what, full, changed):
        """full(after, size) -> ([(row, entry)], whether there is more); changed(since, size) -> (entries, the last change)."""
        options, size = self.face.options, call.prefer.page_size or PAGE
        state = dict(call.state or {"phase": "full", "since": self.mailbox.sequence(), "after": 0})
        if options["emptyPages"] and not state.pop("wasEmpty", False):
            return self._page(call, what, [], {**state, "wasEmpty": True}, True)
        if state["phase"] == "full":
            found, more = full(state["after"], size)
            entries = [entry for _, entry in found]
            state = {**state, "after": found[-1][0]} if more else {"phase": "changes", "since": state["since"]}
        else:
            entries, since = changed(state["since"], size)
            more = since is not None
            state["since"] = since if more else self.mailbox.sequence()
        if options["duplicates"] and entries:
            entries.append(entries[0])
        return self._page(call, what, entries, state, more)

    def _page(self, call, what, entries, state, more):
        link = call.link("$skiptoken" if more else "$deltatoken", state)
        return Answer.json(200, {"@odata.context": call.context("users('%s')/%s" % (owner.ID, what)),
                                 "@odata.nextLink" if more else "@odata.deltaLink": link, "value": entries})

    def _removed(self, id):
        return {"id": id, "@removed": {"reason": self.face.options["removedReason"]}}

    def _by_record(self, changes, size):
        """([(row, its changes)] of the first `size` records, the last change looked at or None where there is no more)."""
        found = {}
        for at, change in enumerate(changes):
            if change.record not in found and len(found) == size:
                return found, changes[at - 1].sequence
            found.setdefault(change.record, []).append(change)
        return found, None

    # --- messages and contacts

    def messages(self, request):
        call = Call(self.face, request)
        folder = self.face.folders.find("message", request.names["folder"])
        if folder.document.get("search"):
            raise Refusal(400, "ErrorInvalidRequest", "There is no delta of a search folder.")
        least, orderby = self._least(request), request.params.get("$orderby", "")
        if orderby and orderby.lower().split() != ["receiveddatetime", "desc"]:
            raise Refusal(400, "ErrorInvalidRequest", "A delta of messages is ordered by receivedDateTime desc only.")
        if request.params.get("changeType", "created") not in ("created", "updated", "deleted"):
            raise Refusal(400, "ErrorInvalidRequest", "changeType: created, updated or deleted.")
        return self._records(call, "message", folder, least, bool(orderby))

    def _least(self, request):
        text = request.params.get("$filter")
        if not text:
            return None
        match = SINCE.fullmatch(text.strip())
        when = times.parse(match[2]) if match else None
        if when is None:
            request.violates("$filter of a delta: %s" % text)
            raise Refusal(400, "ErrorInvalidRequest", "A delta of messages is filtered by receivedDateTime ge or gt only.")
        return when + (match[1] == "gt")

    def contacts(self, request):
        return self._records(Call(self.face, request), "contact", self.face.folders.find("contact", request.names["folder"]))

    def _records(self, call, kind, folder, least=None, newest_first=False):
        select = call.select(schema.MEMBERS[kind])
        shown = {"message": self.face.messages, "contact": self.face.contacts}[kind].shown
        expand = kind == "message" and bool(call.request.params.get("$expand"))
        more = {"expand": True} if expand else {}

        def whole(record):
            return {"@odata.type": "#microsoft.graph.%s" % kind, **shown(call, record, select, **more)}

        def full(after, size):
            records = self.mailbox.records(kind, folder, sort_from=least, order="sort" if newest_first else "arrival",
                                           descending=newest_first, beyond=None if newest_first else after)
            if least is not None:
                records = records[:FILTERED_MAX]
            if newest_first:
                at = next((at for at, record in enumerate(records) if record.row == after), -1)
                records = records[at + 1:]
            return [(record.row, whole(record)) for record in records[:size]], len(records) > size

        def changed(since, size):
            found, last = self._by_record(self.mailbox.changes(kind, folder, since), size)
            entries = [self._entry(call, folder, row, changes, whole, least) for row, changes in found.items()]
            return [entry for entry in entries if entry], last
        return self._walk(call, "messages" if kind == "message" else "contacts", full, changed)

    def _entry(self, call, folder, row, changes, whole, least):
        """What became of a record; None where the first call asked for no such thing."""
        record = self.mailbox.record_at(row)
        wanted = call.request.params.get("changeType")
        if record is None or record.folder != folder.row:
            gone = next(change for change in reversed(changes) if change.what in ("left", "removed"))
            return self._removed(call.gone_id(gone)) if wanted in (None, "deleted") else None
        if least is not None and record.sort < least:
            return None
        is_new = any(change.what == "created" for change in changes)
        if wanted not in (None, "created" if is_new else "updated"):
            return None
        members = None if is_new or any(change.members is None for change in changes) else {name for one in changes for name in one.members}
        entry = whole(record)
        if members is None or self.face.options["wholeEntries"]:
            return entry
        bare = self.face.options["bareEntries"]
        return {name: value for name, value in entry.items()
                if name == "id" or name in members or not bare and ("@" in name or name in ALWAYS)}

    # --- folders

    def mail_folders(self, request):
        return self._folders(Call(self.face, request), "message", MAIL_MEMBERS)

    def contact_folders(self, request):
        return self._folders(Call(self.face, request), "contact", CONTACT_MEMBERS)

    def _folders(self, call, kind, members):
        select = call.select(members)
        nested = kind == "message" or self.face.options["nestedFolders"]

        def is_listed(folder):
            document = folder.document
            return not (document.get("isHidden") or document.get("default") or document.get("wellKnown") == "msgfolderroot")

        def shown(folder):
            return pick(self.face.folders.shown(folder), select)

        def full(after, size):
            folders = [folder for folder in self.mailbox.all_folders(kind) if folder.row > after and is_listed(folder) and
                       (nested or folder.parent is None)]
            return [(folder.row, shown(folder)) for folder in folders[:size]], len(folders) > size

        def changed(since, size):
            changes = self.mailbox.folders_touched(kind, since)
            entries = []
            for row, sequence, id in changes[:size]:
                folder = self.mailbox.folder_at(row)
                if folder is None:
                    entries.append(self._removed("AQ" + id[2:] if self.face.personal else id))
                elif is_listed(folder):
                    entries.append(shown(folder))
            return entries, changes[size - 1][1] if len(changes) > size else None
        return self._walk(call, "mailFolders" if kind == "message" else "contactFolders", full, changed)

    # --- a calendar's window

    def remember(self, record):
        """What a series is before it changes: a window loses the occurrences that go."""
        if record.document["recurrence"]:
            self.sql.execute("INSERT INTO graph_was (sequence, record, place, number, text) VALUES (?, ?, ?, ?, ?)",
                             (self.mailbox.sequence(), record.row, record.place, record.number, record.text))

    def calendar_view(self, request):
        call, events = Call(self.face, request), self.face.events
        calendar = self.face.calendars.of(request)
        begin, until = call.window()

        def shown(record, day, document):
            entry = {"@odata.type": "#microsoft.graph.event", **events.shown(call, record, day, document)}
            return pick(entry, OF_OCCURRENCES if entry["type"] == "occurrence" else None)

        def full(after, size):
            found = [(at, shown(record, day, document)) for at, (record, day, document) in self._in_order(calendar, begin, until) if at > after]
            return found[:size], len(found) > size

        def changed(since, size):
            found, last = self._by_record(self.mailbox.changes("event", calendar, since), size)
            return [entry for row, changes in found.items()
                    for entry in self._happenings(call, calendar, row, changes, since, begin, until, shown)], last
        return self._walk(call, "calendarView", full, changed)

    def _in_order(self, calendar, begin, until):
        """[(place, (record, day, document))]: a place that stays while others come and go."""
        for record in self.mailbox.records("event", calendar, order="arrival"):
            for day, document in sorted(self.face.events.in_window(record, begin, until), key=lambda one: one[0] or date.min):
                yield record.row * 100000 + (day.toordinal() - ident.FIRST_DAY if day else 0), (record, day, document)

    def _happenings(self, call, calendar, row, changes, since, begin, until, shown):
        record, events = self.mailbox.record_at(row), self.face.events
        there = events.in_window(record, begin, until) if record and record.folder == calendar.row else []
        entries = [shown(record, day, document) for day, document in there]
        before = self._days_before(changes[0], since, row, begin, until)
        for day in sorted(before - {day for day, _ in there}, key=lambda day: day or date.min):
            entries.append(self._removed(self._id_of(call, changes, record, day)))
        return entries

    def _days_before(self, change, since, row, begin, until):
        """The days on which the record happened when the feed stood at `since`; {None} for a single event."""
        was = self.sql.execute("SELECT text FROM graph_was WHERE record = ? AND sequence >= ? ORDER BY sequence LIMIT 1", (row, since)).fetchone()
        if was is None:
            return set() if change.what == "created" else {None}

        class Then:
            document = json.loads(was[0])
        return {day for day, _ in self.face.events.in_window(Then, begin, until)}

    def _id_of(self, call, changes, record, day):
        if record is not None:
            return call.id(record, day)
        return call.gone_id(changes[-1], day)
