"""Another client of Graph's mailbox, for tests: members are Graph's own. Ids are taken in any form and answered in the immutable one.

A message's `table` is a folder (id, well-known name, or path of display names); a new one arrives from outside, unread, unless its
members say otherwise; `mime` (base64) makes one of RFC 822. An event's `table` is a calendar's id or name, a contact's a folder's.
"""
import base64
from types import SimpleNamespace

from .. import owner
from ..exchange import Refusal
from . import ident
from .mime import read_mime, recipient

STRANGER = recipient("Sam Ortiz", "sam.ortiz@fabrikam.com")


class Operator:
    def __init__(self, face):
        self.face, self.mailbox = face, face.mailbox

    def stand_in(self):
        """What stands for a request: immutable ids, no preferences."""
        prefer = SimpleNamespace(immutable=True, text_body=False, zone=None, zone_name="UTC")
        request = SimpleNamespace(violates=lambda what: None)
        return SimpleNamespace(prefer=prefer, request=request, id=lambda record, day=None: ident.immutable(record.number, day))

    def _find(self, kind, id):
        try:
            form, number, day = ident.read(id or "")
        except Refusal:
            raise Refusal(404, "unknown", "no such record") from None
        record = self.mailbox.record(kind, ident.immutable(number)) if form == "immutable" else self.mailbox.record_placed(kind, number)
        if record is None:
            raise Refusal(404, "unknown", "no such record")
        return record, day

    def folder(self, kind, name):
        """A folder by id, well-known name or path."""
        self.face.fill()
        folders = self.face.folders
        if not name:
            return folders.well_known("inbox") if kind == "message" else folders.default(kind)
        for folder in self.mailbox.all_folders(kind):
            if name in (folder.id, folder.document.get("wellKnown")) or name.lower() == self.path(folder).lower():
                return folder
        raise Refusal(404, "unknown", "no such folder")

    def path(self, folder):
        above = self.mailbox.folder_at(folder.parent) if folder.parent else None
        name = self.face.folders.display_name(folder)
        return name if above is None or above.document.get("wellKnown") == "msgfolderroot" else self.path(above) + "/" + name

    def _shown(self, kind, record, day=None):
        part = {"message": self.face.messages, "event": self.face.events, "contact": self.face.contacts}[kind]
        shown = part.shown(self.stand_in(), record, day) if kind == "event" else part.shown(self.stand_in(), record)
        if kind == "message":
            shown.update(folder=self.path(self.mailbox.folder_at(record.folder)), bccRecipients=record.document["bccRecipients"],
                         attachments=self.face.attachments.all(self.stand_in(), record, with_content=True))
        return shown

    def create(self, kind, table, members):
        folder = self.folder(kind, table)
        if kind == "contact":
            return self._shown(kind, self.face.contacts.make(folder, members))
        if kind == "event":
            more = {name: members.pop(name) for name in ("organizer", "isOrganizer", "responseStatus", "onlineMeeting") if name in members}
            return self._shown(kind, self.face.events.make(folder, members, **more))
        return self._shown(kind, self.deliver(folder, members))

    def deliver(self, folder, members):
        members, mime = dict(members), members.get("mime")
        members.pop("mime", None)
        more = {"isRead": False, "isDraft": False, "inferenceClassification": "focused"}
        if mime:
            data = base64.b64decode(mime)
            read, attachments = read_mime(data)
            return self.face.messages.make(folder, {**read, **members}, attachments, data, **{**more, **members})
        attachments = [self.face.attachments.read(self.stand_in(), one) for one in members.pop("attachments", ())]
        given = {"from": STRANGER, "toRecipients": [recipient(owner.NAME, owner.ADDRESS)], **members}
        kept = {name: value for name, value in members.items() if name not in ("internetMessageHeaders", "body", "toRecipients")}
        return self.face.messages.make(folder, given, attachments, None, **{**more, **kept})

    def change(self, kind, id, members):
        record, day = self._find(kind, id)
        if kind == "event":
            return self._shown(kind, self.face.events.change(record, members, day), day)
        return self._shown(kind, {"message": self.face.messages, "contact": self.face.contacts}[kind].change(record, members))

    def move(self, kind, id, folder):
        record, _ = self._find(kind, id)
        target = self.folder(kind, folder)
        if kind == "message":
            return self._shown(kind, self.face.messages.put(record, target))
        return self._shown(kind, self.mailbox.move(record, target, record.id, self.face.stamp(record.document)))

    def delete(self, kind, id):
        record, day = self._find(kind, id)
        if kind == "event":
            self.face.events.discard(record, day)
        else:
            {"message": self.face.messages, "contact": self.face.contacts}[kind].discard(record)

    def record(self, kind, id):
        try:
            return self._shown(kind, *self._find(kind, id))
        except Refusal:
            return None

    def records(self, kind, table):
        self.face.fill()
        return [self._shown(kind, record) for record in self.mailbox.records(kind, self.folder(kind, table) if table else None)]
