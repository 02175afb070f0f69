"""What the page shows of a mailbox, the same for every service; page/__init__.py says in which form.

A face's view is a View that says how its folders and records read:

    root(kind)               what the kind's folders lie below
    hides(folder)            the page does not show it
    name(folder), path(folder)
    message(document)        {"from", "to", "cc": texts, "subject", "when", "content", "isHtml", "preview", "unread", "high", "files"}
    plain(document)          of an event, a contact or an attachment, in Graph's words
    attachment_id(id, number)
    approval(record)         of a message
    mark_read(id)
"""
import base64
import re

KINDS = ("message", "event", "contact")
IMAGE = re.compile(r"image/[A-Za-z0-9.+-]+")
CONTACT_FACTS = (("Company", "companyName"), ("Title", "jobTitle"), ("Department", "department"), ("Mobile", "mobilePhone"))
NUMBERS = (("Home", "homePhones"), ("Business", "businessPhones"))
ADDRESSES = (("Home address", "homeAddress"), ("Business address", "businessAddress"))
NOT_SAID = {"until": None, "isHtml": False, "text": None, "unread": False, "high": False, "files": False}


class View:
    def __init__(self, mailbox):
        self.mailbox = mailbox

    def root(self, kind):
        return None

    def hides(self, folder):
        return False

    def approval(self, record):
        return None

    # --- what the page asks for

    def places(self):
        return [place for kind in KINDS for place in self._places(kind, self.root(kind), 0)]

    def _places(self, kind, parent, depth):
        for folder in self.mailbox.folders(kind, parent):
            if not self.hides(folder):
                total, unread = self.mailbox.count(folder)
                yield {"kind": kind, "id": folder.id, "name": self.name(folder), "path": self.path(folder), "depth": depth, "total": total,
                       "unread": unread if kind == "message" else 0}
                yield from self._places(kind, folder, depth + 1)

    def lines(self, kind, folder_id, top):
        folder = self.mailbox.folder(kind, folder_id)
        if folder is None:
            return None
        records = self.mailbox.records(kind, folder, descending=kind != "contact", top=top)
        shown = [(record, self._shown(kind, record)) for record in records]
        return {"id": folder.id, "path": self.path(folder), "total": self.mailbox.count(folder)[0],
                "lines": [{"id": record.id, **{name: one[name] for name in ("who", "title", "when", "preview", "unread", "high", "files")}}
                          for record, one in shown]}

    def item(self, kind, id):
        record = self.mailbox.record(kind, id)
        if record is None:
            return None
        folder, one = self.mailbox.folder_at(record.folder), self._shown(kind, record)
        return {"id": id, "folder": folder.id, "path": self.path(folder), "files": self._files(record) if kind == "message" else [],
                "approval": self.approval(record) if kind == "message" else None, "facts": [list(fact) for fact in one["facts"] if fact[1]],
                **{name: one[name] for name in ("title", "when", "until", "isHtml", "text", "unread")}}

    def body(self, kind, id):
        record = self.mailbox.record(kind, id)
        if record is None:
            return None
        if kind == "event":
            return self.plain(record.document)["body"]["content"]
        files = [(self.plain(file.document), file.content) for file in self.mailbox.attachments(record, content=True)]
        return _with_images(self.message(record.document)["content"], {
            file["contentId"]: (file["contentType"] or "", content) for file, content in files if file.get("contentId")})

    def attachment(self, message_id, id):
        record = self.mailbox.record("message", message_id)
        for file in self.mailbox.attachments(record, content=True) if record else ():
            if self.attachment_id(record.id, file.number) == id:
                return self.plain(file.document)["name"], file.content
        return None

    def _files(self, record):
        files = [(file, self.plain(file.document)) for file in self.mailbox.attachments(record)]
        return [{"id": self.attachment_id(record.id, file.number), "name": plain["name"] or "", "isInline": plain["isInline"]}
                for file, plain in files]

    # --- the kinds

    def _shown(self, kind, record):
        """Everything of a line and of an item."""
        one = _mail(self.message(record.document)) if kind == "message" else SHOWN[kind](self.plain(record.document))
        return {**NOT_SAID, **one, "title": one["title"] or "", "who": one["who"] or "", "preview": one["preview"] or ""}


def _mail(mail):
    return {"title": mail["subject"], "who": mail["from"], "when": mail["when"], "preview": mail["preview"], "unread": mail["unread"],
            "high": mail["high"], "files": mail["files"], "isHtml": mail["isHtml"], "text": None if mail["isHtml"] else mail["content"],
            "facts": [("From", mail["from"]), ("To", mail["to"]), ("Cc", mail["cc"])]}


def _event(event):
    where = event["location"].get("displayName")
    return {"title": event["subject"], "who": where, "when": event["start"]["dateTime"], "until": event["end"]["dateTime"],
            "preview": event["bodyPreview"], "high": event["importance"] == "high", "isHtml": True,
            "facts": [("Where", where), ("Shown as", event["showAs"]),
                      ("Attendees", ", ".join(one["emailAddress"]["name"] or "" for one in event["attendees"])),
                      ("Repeats", (event["recurrence"] or {}).get("pattern", {}).get("type"))]}


def _contact(contact):
    mails = [mail["address"] for mail in contact["emailAddresses"]]
    return {"title": contact["displayName"], "who": contact["companyName"], "when": None, "preview": mails[0] if mails else "",
            "facts": [*(("E-mail", mail) for mail in mails), *((name, contact[member]) for name, member in CONTACT_FACTS),
                      *((name, number) for name, member in NUMBERS for number in contact[member]),
                      *((name, ", ".join(filter(None, contact[member].values()))) for name, member in ADDRESSES)]}


SHOWN = {"event": _event, "contact": _contact}


def _with_images(html, images):
    """Puts a file where "cid:<its content id>" stands; `images` are (type, content) by content id."""
    for content_id, (type, content) in images.items():
        if IMAGE.fullmatch(type):
            html = html.replace("cid:" + content_id, "data:%s;base64,%s" % (type, base64.b64encode(content).decode()))
    return html
