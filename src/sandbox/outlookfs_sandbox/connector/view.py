"""The connector's mailbox on the web page (page/view.py)."""
from .. import ids
from ..page.view import View as PageView
from .approvals import link


class View(PageView):
    attachment_id = staticmethod(ids.attachment)

    def __init__(self, connector):
        super().__init__(connector.mailbox)
        self.folders, self.approvals = connector.folders, connector.approvals
        self.name, self.path = self.folders.name, self.folders.path

    @staticmethod
    def message(mail):
        return {"from": mail["From"], "to": mail["To"], "cc": mail["Cc"], "subject": mail["Subject"], "when": mail["DateTimeReceived"],
                "content": mail["Body"] or "", "isHtml": mail["IsHtml"], "preview": mail["BodyPreview"], "unread": not mail["IsRead"],
                "high": mail["Importance"] == 2, "files": mail["HasAttachment"]}

    @staticmethod
    def plain(document):
        plain = _small(document)
        for name in ("start", "end"):
            plain[name] = {"dateTime": plain.get(name)}
        plain["mobilePhone"], plain["importance"] = plain.get("mobilePhone1"), str(plain.get("importance")).lower()
        return plain

    def approval(self, record):
        approval = self.approvals.of_message(record)
        if approval:
            approval["options"] = [{"text": option["text"], "link": link(approval, position)}
                                   for position, option in enumerate(approval["options"])]
        return approval

    def mark_read(self, id):
        record = self.mailbox.record("message", id)
        if record and record.unread:
            self.mailbox.update(record, dict(record.document, IsRead=True), ["IsRead"])


def _small(value):
    """With names of members that begin with a small letter."""
    if isinstance(value, list):
        return [_small(one) for one in value]
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _small(one) for name, one in value.items()}
    return value
