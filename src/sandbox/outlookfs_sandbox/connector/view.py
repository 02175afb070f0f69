"""What the web page shows of the connector's mailbox; page/__init__.py says in which form."""
import base64
import re

from .. import ids
from .approvals import link

KINDS = ("message", "event", "contact")
IMAGE = re.compile(r"image/[A-Za-z0-9.+-]+")
CONTACT_FACTS = (("Company", "CompanyName"), ("Title", "JobTitle"), ("Department", "Department"), ("Mobile", "MobilePhone1"))


class View:
    def __init__(self, connector):
        self.mailbox, self.folders, self.approvals = connector.mailbox, connector.folders, connector.approvals

    def places(self):
        return [place for kind in KINDS for place in self._places(kind, None, 0)]

    def _places(self, kind, parent, depth):
        for folder in self.mailbox.folders(kind, parent):
            total, unread = self.mailbox.count(folder)
            yield {"kind": kind, "id": folder.id, "name": self.folders.name(folder), "path": self.folders.path(folder),
                   "depth": depth, "total": total, "unread": unread if kind == "message" else 0}
            yield from self._places(kind, folder, depth + 1)

    def lines(self, kind, folder_id, top):
        folder = self.mailbox.folder(kind, folder_id)
        if folder is None:
            return None
        records = self.mailbox.records(kind, folder, descending=kind != "contact", top=top)
        return {"id": folder.id, "path": self.folders.path(folder), "total": self.mailbox.count(folder)[0],
                "lines": [LINES[kind](record.document) for record in records]}

    def item(self, kind, id):
        record = self.mailbox.record(kind, id)
        if record is None:
            return None
        folder = self.mailbox.folder_at(record.folder)
        return {"id": id, "folder": folder.id, "path": self.folders.path(folder), "until": None, "files": [], "text": None,
                "unread": False, "approval": None, **getattr(self, "_" + kind)(record)}

    # --- the kinds

    def _message(self, record):
        mail = record.document
        return {"title": mail["Subject"] or "", "facts": [[name, mail[name]] for name in ("From", "To", "Cc") if mail[name]],
                "when": mail["DateTimeReceived"], "isHtml": mail["IsHtml"], "text": None if mail["IsHtml"] else mail["Body"] or "",
                "unread": not mail["IsRead"], "approval": self._approval(record),
                "files": [{"id": file["Id"], "name": file["Name"], "isInline": file["IsInline"]} for file in mail["Attachments"]]}

    def _approval(self, record):
        approval = self.approvals.of_message(record)
        if approval:
            approval["options"] = [{"text": option["text"], "link": link(approval, position)}
                                   for position, option in enumerate(approval["options"])]
        return approval

    @staticmethod
    def _event(record):
        event = record.document
        people = ", ".join(one["EmailAddress"]["Name"] or "" for one in event["Attendees"])
        facts = [["Where", event["Location"]["DisplayName"]], ["Shown as", event["ShowAs"]], ["Attendees", people],
                 ["Repeats", (event["Recurrence"] or {}).get("Pattern", {}).get("Type")]]
        return {"title": event["Subject"] or "", "facts": [fact for fact in facts if fact[1]], "when": event["Start"],
                "until": event["End"], "isHtml": True}

    @staticmethod
    def _contact(record):
        contact = record.document
        facts = [["E-mail", mail["Address"]] for mail in contact["EmailAddresses"]]
        facts += [[name, contact[member]] for name, member in CONTACT_FACTS]
        facts += [[name, number] for name, member in (("Home", "HomePhones"), ("Business", "BusinessPhones"))
                  for number in contact[member]]
        facts += [[name, ", ".join(filter(None, contact[member].values()))]
                  for name, member in (("Home address", "HomeAddress"), ("Business address", "BusinessAddress"))]
        return {"title": contact["DisplayName"] or "", "facts": [fact for fact in facts if fact[1]], "when": None, "isHtml": False}

    # --- a message's parts

    def body(self, kind, id):
        record = self.mailbox.record(kind, id)
        if record is None:
            return None
        if kind == "event":
            return record.document["Body"]["Content"]
        return with_images(record.document["Body"] or "", {
            file.document["ContentId"]: (file.document["ContentType"], file.content)
            for file in self.mailbox.attachments(record, content=True) if file.document["ContentId"]})

    def attachment(self, message_id, id):
        record = self.mailbox.record("message", message_id)
        for file in self.mailbox.attachments(record, content=True) if record else ():
            if ids.attachment(record.id, file.number) == id:
                return file.document["Name"], file.content
        return None

    def mark_read(self, id):
        record = self.mailbox.record("message", id)
        if record and record.unread:
            self.mailbox.update(record, dict(record.document, IsRead=True), ["IsRead"])


def with_images(html, images):
    """Puts a file where "cid:<its content id>" stands; `images` are (type, content) by content id."""
    for content_id, (type, content) in images.items():
        if IMAGE.fullmatch(type):
            html = html.replace("cid:" + content_id, "data:%s;base64,%s" % (type, base64.b64encode(content).decode()))
    return html


def _mail_line(mail):
    return {"id": mail["Id"], "who": mail["From"] or "", "title": mail["Subject"] or "", "when": mail["DateTimeReceived"],
            "preview": mail["BodyPreview"] or "", "unread": not mail["IsRead"], "high": mail["Importance"] == 2,
            "files": mail["HasAttachment"]}


def _event_line(event):
    return {"id": event["Id"], "who": event["Location"]["DisplayName"] or "", "title": event["Subject"] or "",
            "when": event["Start"], "preview": event["BodyPreview"] or "", "unread": False, "high": event["Importance"] == "High",
            "files": False}


def _contact_line(contact):
    mails = contact["EmailAddresses"]
    return {"id": contact["Id"], "who": contact["CompanyName"] or "", "title": contact["DisplayName"] or "", "when": None,
            "preview": mails[0]["Address"] if mails else "", "unread": False, "high": False, "files": False}


LINES = {"message": _mail_line, "event": _event_line, "contact": _contact_line}
