"""What tests may do as another client of the connector's mailbox, and the records as they see them: as stored, a message with the path
of its folder."""
from .. import owner, times
from ..exchange import Refusal
from . import message
from .schema import IMPORTANCES


def unknown(what):
    return Refusal(404, "unknown", "no such " + what)


class Operator:
    def __init__(self, connector):
        self.connector, self.mailbox, self.folders = connector, connector.mailbox, connector.folders
        self.datasets = {"contact": connector.contacts, "event": connector.calendars}

    def _folder(self, kind, table):
        """A table's id or alias or, for messages, a folder's path or id; without one the default."""
        if kind in self.datasets:
            dataset = self.datasets[kind]
            try:
                return dataset.folder(table or dataset.alias)
            except Refusal:
                raise unknown("table or folder") from None
        folder = self.folders.find(table) if table else self.folders.well_known("Inbox")
        if folder is None:
            raise unknown("table or folder")
        return folder

    def _find(self, kind, id):
        record = self.mailbox.record(kind, id) if isinstance(id, str) else None
        if record is None:
            raise unknown("record")
        return record

    def _shown(self, record):
        document = record.document
        if record.kind == "message":
            document["Folder"] = self.folders.path(self.mailbox.folder_at(record.folder))
        return document

    def record(self, kind, id):
        record = self.mailbox.record(kind, id)
        return self._shown(record) if record else None

    def records(self, kind, table):
        return [self._shown(record) for record in self.mailbox.records(kind, self._folder(kind, table) if table else None)]

    def create(self, kind, table, members):
        folder = self._folder(kind, table)
        if kind == "contact":
            members = {"HomePhones": [], **members}
        if kind in self.datasets:
            return self._shown(self.datasets[kind].create(folder, members))
        return self._shown(message.add(self.mailbox, folder, _draft(members)))

    def change(self, kind, id, members):
        """Replaces or adds members of the first level, unchecked."""
        record = self._find(kind, id)
        document = record.document
        if kind in self.datasets:
            self.datasets[kind].touch(self.mailbox, document)
        document.update({name: value for name, value in members.items() if name not in ("Id", "Attachments")})
        return self._shown(self.mailbox.update(record, document, sorted(members)))

    def move(self, kind, id, folder):
        if kind != "message":
            raise Refusal(400, "wrong", "only messages can be moved")
        return self._shown(message.move(self.mailbox, self._find(kind, id), self._folder(kind, folder)))

    def delete(self, kind, id):
        self.mailbox.remove(self._find(kind, id))


def _draft(members):
    importance, received = members.get("Importance", 1), members.get("DateTimeReceived")
    if importance in IMPORTANCES:
        importance = IMPORTANCES.index(importance)
    if importance not in (0, 1, 2) or (received is not None and times.parse(received) is None):
        raise Refusal(400, "wrong", "Importance or DateTimeReceived is not valid")
    return message.Draft(
        subject=members.get("Subject", ""), body=members.get("Body", ""), sender=members.get("From", "someone@fabrikam.com"),
        to=members.get("To", owner.ADDRESS), cc=members.get("Cc"), bcc=members.get("Bcc"), reply_to=members.get("ReplyTo"),
        html=members.get("IsHtml", True), importance=importance, read=members.get("IsRead", False),
        received=times.parse(received), conversation=members.get("ConversationId"), internet_id=members.get("InternetMessageId"),
        files=message.files(members.get("Attachments")))
