"""Graph's mailbox on the web page (page/view.py)."""
from ..page.view import View as PageView
from . import ident


def _person(one):
    return "%(name)s <%(address)s>" % one["emailAddress"] if one else ""


class View(PageView):
    attachment_id = staticmethod(ident.attachment)

    def __init__(self, face):
        super().__init__(face.mailbox)
        self.face = face
        self.name, self.path = face.folders.display_name, face.operator.path

    def places(self):
        self.face.fill()
        return super().places()

    def root(self, kind):
        return self.face.folders.well_known("msgfolderroot") if kind == "message" else None

    def hides(self, folder):
        document = folder.document
        return document.get("isHidden") or document.get("search") or document.get("wellKnown") == "msgfolderroot"

    @staticmethod
    def message(mail):
        return {"from": _person(mail["from"]), "to": "; ".join(map(_person, mail["toRecipients"])),
                "cc": "; ".join(map(_person, mail["ccRecipients"])), "subject": mail["subject"], "when": mail["receivedDateTime"],
                "content": mail["body"]["content"], "isHtml": mail["body"]["contentType"] == "html", "preview": mail["bodyPreview"],
                "unread": not mail["isRead"], "high": mail["importance"] == "high", "files": mail["hasAttachments"]}

    @staticmethod
    def plain(document):
        return document

    def mark_read(self, id):
        record = self.mailbox.record("message", id)
        if record and record.unread:
            self.face.messages.change(record, {"isRead": True})
