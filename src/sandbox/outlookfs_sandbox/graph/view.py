"""What the web page shows of Graph's mailbox; page/__init__.py says in which form."""
from ..connector.view import with_images
from . import ident

KINDS = ("message", "event", "contact")
FACTS = (("Company", "companyName"), ("Title", "jobTitle"), ("Department", "department"), ("Mobile", "mobilePhone"))


def _person(one):
    return "%(name)s <%(address)s>" % one["emailAddress"] if one else ""


class View:
    def __init__(self, face):
        self.face, self.mailbox = face, face.mailbox

    def places(self):
        self.face.fill()
        root = self.face.folders.well_known("msgfolderroot")
        return [place for kind in KINDS for place in self._places(kind, root if kind == "message" else None, 0)]

    def _places(self, kind, parent, depth):
        for folder in self.mailbox.folders(kind, parent):
            if folder.document.get("isHidden") or folder.document.get("search") or folder.document.get("wellKnown") == "msgfolderroot":
                continue
            total, unread = self.mailbox.count(folder)
            yield {"kind": kind, "id": folder.id, "name": self.face.folders.display_name(folder), "path": self.face.operator.path(folder),
                   "depth": depth, "total": total, "unread": unread if kind == "message" else 0}
            yield from self._places(kind, folder, depth + 1)

    def lines(self, kind, folder_id, top):
        folder = self.mailbox.folder(kind, folder_id)
        if folder is None:
            return None
        records = self.mailbox.records(kind, folder, descending=kind != "contact", top=top)
        return {"id": folder.id, "path": self.face.operator.path(folder), "total": self.mailbox.count(folder)[0],
                "lines": [{"id": record.id, **LINES[kind](record.document)} for record in records]}

    def item(self, kind, id):
        record = self.mailbox.record(kind, id)
        if record is None:
            return None
        folder = self.mailbox.folder_at(record.folder)
        return {"id": id, "folder": folder.id, "path": self.face.operator.path(folder), "until": None, "files": [], "text": None,
                "unread": False, "approval": None, **getattr(self, "_" + kind)(record)}

    def _message(self, record):
        mail = record.document
        facts = [["From", _person(mail["from"])]] + [[name, "; ".join(map(_person, mail[member]))] for name, member in
                                                    (("To", "toRecipients"), ("Cc", "ccRecipients"))]
        is_html = mail["body"]["contentType"] == "html"
        return {"title": mail["subject"] or "", "facts": [fact for fact in facts if fact[1]], "when": mail["receivedDateTime"], "isHtml": is_html,
                "text": None if is_html else mail["body"]["content"], "unread": not mail["isRead"],
                "files": [{"id": ident.attachment(record.id, one.number), "name": one.document["name"] or "", "isInline": one.document["isInline"]}
                          for one in self.mailbox.attachments(record)]}

    @staticmethod
    def _event(record):
        event = record.document
        facts = [["Where", event["location"].get("displayName")], ["Shown as", event["showAs"]],
                 ["Attendees", ", ".join(one["emailAddress"]["name"] or "" for one in event["attendees"])],
                 ["Repeats", (event["recurrence"] or {}).get("pattern", {}).get("type")]]
        return {"title": event["subject"] or "", "facts": [fact for fact in facts if fact[1]], "when": event["start"]["dateTime"],
                "until": event["end"]["dateTime"], "isHtml": True}

    @staticmethod
    def _contact(record):
        contact = record.document
        facts = [["E-mail", mail["address"]] for mail in contact["emailAddresses"]]
        facts += [[name, contact[member]] for name, member in FACTS]
        facts += [[name, number] for name, member in (("Home", "homePhones"), ("Business", "businessPhones")) for number in contact[member]]
        facts += [[name, ", ".join(filter(None, contact[member].values()))] for name, member in (("Home address", "homeAddress"),
                                                                                             ("Business address", "businessAddress"))]
        return {"title": contact["displayName"] or "", "facts": [fact for fact in facts if fact[1]], "when": None, "isHtml": False}

    def body(self, kind, id):
        record = self.mailbox.record(kind, id)
        if record is None:
            return None
        return with_images(record.document["body"]["content"], {
            one.document["contentId"]: (one.document["contentType"] or "", one.content)
            for one in self.mailbox.attachments(record, content=True) if one.document.get("contentId")})

    def attachment(self, message_id, id):
        record = self.mailbox.record("message", message_id)
        for one in self.mailbox.attachments(record, content=True) if record else ():
            if ident.attachment(record.id, one.number) == id:
                return one.document["name"], one.content
        return None

    def mark_read(self, id):
        record = self.mailbox.record("message", id)
        if record and record.unread:
            self.face.messages.change(record, {"isRead": True})


def _mail_line(mail):
    return {"who": _person(mail["from"]), "title": mail["subject"] or "", "when": mail["receivedDateTime"], "preview": mail["bodyPreview"],
            "unread": not mail["isRead"], "high": mail["importance"] == "high", "files": mail["hasAttachments"]}


def _event_line(event):
    return {"who": event["location"].get("displayName") or "", "title": event["subject"] or "", "when": event["start"]["dateTime"],
            "preview": event["bodyPreview"], "unread": False, "high": event["importance"] == "high", "files": False}


def _contact_line(contact):
    mails = contact["emailAddresses"]
    return {"who": contact["companyName"] or "", "title": contact["displayName"] or "", "when": None,
            "preview": mails[0]["address"] if mails else "", "unread": False, "high": False, "files": False}


LINES = {"message": _mail_line, "event": _event_line, "contact": _contact_line}
