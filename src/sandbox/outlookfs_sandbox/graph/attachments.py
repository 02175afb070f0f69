"""Attachments of three kinds, of messages and of events, and upload sessions, which live on a host of their own and want no token.

A stored attachment's document: kind (file, item, reference), name, contentType, isInline, contentId, contentLocation; an item's content
is its MIME, iCalendar or vCard, its JSON is `item`.
"""
import base64
import re
import secrets

from .. import times
from ..exchange import Answer, Refusal, guid
from ..text import media_type
from . import ident, odata, schema
from .call import Call, not_found, pick
from .mime import write_mime
from .routes import UPLOAD_PATH

OVERHEAD = 293  # what `size` says beyond the content, as recorded
DIRECT_MAX = 3 * 1024 * 1024
SESSION_MIN, SESSION_MAX = 3_000_000, 150 * 1024 * 1024
PIECE_MAX = 4 * 1024 * 1024
MEMBERS = {"id", "name", "contentType", "size", "isInline", "lastModifiedDateTime", "contentBytes", "contentId", "contentLocation", "item"}
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
ITEM_TYPES = {"message": "text/plain", "event": "text/calendar", "contact": "text/vcard"}
SESSION_SECONDS = 7 * 86400


class Attachments:
    def __init__(self, face):
        self.face, self.mailbox = face, face.mailbox
        self.sessions = {}

    # --- as answered

    def shown(self, call, record, attachment, with_content, with_item=False, select=None):
        document, kind = attachment.document, attachment.document["kind"]
        shown = {"@odata.type": "#microsoft.graph.%sAttachment" % kind}
        if kind == "file":
            shown["@odata.mediaContentType"] = document["contentType"]
        shown.update(id=ident.attachment(call.id(record), attachment.number), lastModifiedDateTime=document["lastModifiedDateTime"],
                     name=document["name"], contentType=document["contentType"], size=attachment.size + OVERHEAD, isInline=document["isInline"])
        if kind == "file":
            shown.update(contentId=document.get("contentId"), contentLocation=document.get("contentLocation"))
        if kind == "file" and with_content:
            shown["contentBytes"] = base64.b64encode(attachment.content).decode()
        if kind == "item" and with_item:
            item = document.get("item")
            shown["item"] = item and {**item, "@odata.type": "#" + item["@odata.type"].lstrip("#")}
        return pick(shown, select)

    def all(self, call, record, with_content, with_item=False, select=None):
        return [self.shown(call, record, one, with_content, with_item, select) for one in self.mailbox.attachments(record, with_content)]

    def _owner(self, call):
        kind = "message" if "message" in call.request.names else "event"
        return call.record(kind, call.request.names[kind])

    @staticmethod
    def _expands(request):
        text = request.params.get("$expand")
        if text and text.lower().split("(")[0] != "microsoft.graph.itemattachment/item":
            raise odata.invalid("Could not expand '%s'." % text)
        return bool(text)

    def list(self, request):
        """$filter is taken and does nothing."""
        call = Call(self.face, request)
        record, select, item = self._owner(call), call.select(MEMBERS, ()), self._expands(request)
        found = self.mailbox.attachments(record, content=select is None or "contentBytes" in select)
        return call.page("messages/attachments", found, lambda one: self.shown(call, record, one, one.content is not None, item, select), top=1000)

    def _find(self, call):
        record = self._owner(call)
        for one in self.mailbox.attachments(record, content=True):
            for form in (ident.immutable(record.number),
                         *(ident.mutable(self.face.folder_number(record.folder), record.place, None, personal) for personal in (False, True))):
                if ident.attachment(form, one.number) == call.request.names["attachment"]:
                    return record, one
        if not re.fullmatch(r"[A-Za-z0-9_=-]{60,}", call.request.names["attachment"]):
            raise ident.malformed()
        raise not_found()

    def get(self, request):
        call = Call(self.face, request)
        record, one = self._find(call)
        return call.entity(200, "messages/attachments", self.shown(call, record, one, True, self._expands(request), call.select(MEMBERS)))

    def get_value(self, request):
        _, one = self._find(Call(self.face, request))
        if one.document["kind"] == "reference":
            raise Refusal(405, "ErrorNotSupported", "The attachment is a reference: it has no content here.")
        return Answer(200, one.content, one.document["contentType"] or ITEM_TYPES.get(one.document.get("itemType"), "application/octet-stream"))

    # --- making

    def read(self, call, body):
        """(document, content) of an attachment in a body."""
        schema.check(schema.ATTACHMENT, body, request=call.request, type_name="microsoft.graph.attachment")
        kind = (body.get("@odata.type") or "").rpartition(".")[2].replace("Attachment", "")
        if not kind:
            call.request.violates("an attachment without @odata.type")
            raise Refusal(400, "ErrorPropertyValidationFailure", "@odata.type: one of the attachment types is required.")
        if not body.get("name") and kind != "item":
            raise Refusal(400, "ErrorAttachmentNameRequired", "The attachment needs a name.")
        document = {"kind": kind, "name": body.get("name"), "contentType": body.get("contentType"), "isInline": bool(body.get("isInline")),
                    "contentId": body.get("contentId"), "contentLocation": body.get("contentLocation")}
        if kind == "file":
            content = base64.b64decode(body.get("contentBytes") or "")
            if len(content) > DIRECT_MAX:
                raise Refusal(413, "ErrorAttachmentSizeLimitExceeded", "The attachment is too large: use an upload session.")
            document["contentType"] = document["contentType"] or media_type(document["name"])
            return document, content
        return (document, b"") if kind == "reference" else self._item(document, body.get("item") or {})

    def _item(self, document, item):
        kind = {"message": "message", "event": "event", "contact": "contact"}.get((item.get("@odata.type") or "").rpartition(".")[2])
        if kind is None:
            raise Refusal(400, "ErrorPropertyValidationFailure", "item: @odata.type message, event or contact is required.")
        document.update(itemType=kind, item=item, name=document["name"] or item.get("subject") or item.get("displayName"))
        if kind == "message":
            full = {"from": None, "subject": "", "sentDateTime": None, "createdDateTime": self.face.now(), "internetMessageId": "<%s@item>" % guid(),
                    "importance": "normal", "body": {"contentType": "text", "content": ""}, **item}
            return document, write_mime(full, ())
        lines = (("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:%s" % guid(), "SUMMARY:%s" % (item.get("subject") or ""), "END:VEVENT",
                  "END:VCALENDAR") if kind == "event" else ("BEGIN:VCARD", "VERSION:3.0", "FN:%s" % (item.get("displayName") or ""), "END:VCARD"))
        return document, "".join(line + "\r\n" for line in lines).encode()

    def _writable(self, call):
        record = self._owner(call)
        if record.kind == "message" and not record.document["isDraft"]:
            call.request.violates("attachments of a message that is no draft")
            raise Refusal(400, "ErrorInvalidRequest", "Attachments can be changed on drafts only.")
        return record

    def attach(self, record, document, content):
        """The Attachment; the message is a new version."""
        one = self.mailbox.add_attachment(record, {"lastModifiedDateTime": self.face.now(), **document}, content)
        self._touched(record)
        return one

    def _touched(self, record):
        document = record.document
        document["hasAttachments"] = any(not one.document["isInline"] for one in self.mailbox.attachments(record))
        if record.kind == "message":
            self.face.messages.forget_mime(record)
        self.mailbox.update(record, self.face.stamp(document), ["hasAttachments"])

    def add(self, request):
        call = Call(self.face, request)
        record = self._writable(call)
        one = self.attach(record, *self.read(call, request.json_object()))
        return call.entity(201, "messages/attachments", self.shown(call, record, one, True))

    def delete(self, request):
        call = Call(self.face, request)
        record = self._writable(call)
        self.mailbox.remove_attachment(self._find(call)[1])
        self._touched(record)
        return Answer(204)

    # --- upload sessions

    def create_session(self, request):
        call = Call(self.face, request)
        record = self._writable(call)
        item = call.body({"AttachmentItem": {"attachmentType": ("file", "item", "reference"), "name": "a string", "size": "a whole number",
                                             "contentType": "a string", "isInline": "a boolean", "contentId": "a string",
                                             "@odata.type": "a string"}}).get("AttachmentItem") or {}
        if item.get("attachmentType") != "file" or not item.get("name") or not isinstance(item.get("size"), int):
            raise Refusal(400, "ErrorInvalidRequest", "AttachmentItem: attachmentType, name and size are required.")
        if item["size"] < SESSION_MIN:
            raise Refusal(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", "The attachment size should not be less than 3 MB.")
        if item["size"] > SESSION_MAX:
            raise Refusal(400, "ErrorAttachmentSizeLimitExceeded", "The attachment size exceeds 150 MB.")
        key = secrets.token_urlsafe(32)
        self.sessions[key] = {"record": record.row, "item": item, "data": bytearray(), "id": call.id(record),
                              "until": self.mailbox.now() + SESSION_SECONDS * times.SECOND}
        return Answer.json(201, {"@odata.context": call.context("microsoft.graph.uploadSession"),
                                 "uploadUrl": "%s%s%s" % (self.face.sandbox.upload_origin, UPLOAD_PATH, key), **self._progress(key)})

    def _progress(self, key):
        session = self.sessions[key]
        until = times.plain(session["until"]) + "Z"
        return {"expirationDateTime": until, "nextExpectedRanges": ["%d-" % len(session["data"])]}

    def _session(self, request):
        if "Authorization" in request.headers:
            request.violates("an upload URL is asked with a token")
            raise Refusal(401, "InvalidAudience", "The upload URL takes no token.")
        session = self.sessions.get(request.names["session"])
        if session is None or session["until"] < self.mailbox.now() or self.mailbox.record_at(session["record"]) is None:
            raise Refusal(404, "ErrorItemNotFound", "The upload session is not found.")
        return session

    def upload_status(self, request):
        self._session(request)
        return Answer.json(200, self._progress(request.names["session"]))

    def cancel_upload(self, request):
        self._session(request)
        del self.sessions[request.names["session"]]
        return Answer(204)

    def upload(self, request):
        session, key = self._session(request), request.names["session"]
        match = RANGE.fullmatch(request.headers.get("Content-Range", ""))
        first, last, size = map(int, match.groups()) if match else (0, -1, -1)
        if len(request.body) > PIECE_MAX:
            raise Refusal(413, "RequestEntityTooLarge", "A piece of at most 4 MB is taken.")
        if size != session["item"]["size"] or last - first + 1 != len(request.body) or last >= size:
            raise Refusal(400, "ErrorInvalidRequest", "Content-Range does not fit the session or the content.")
        if first != len(session["data"]):
            raise Refusal(416, "InvalidRange", "Pieces are taken in order: %d- is expected." % len(session["data"]))
        session["data"] += request.body
        if len(session["data"]) < size:
            return Answer.json(200, self._progress(key))
        item, record = session["item"], self.mailbox.record_at(session["record"])
        one = self.attach(record, {"kind": "file", "name": item["name"], "contentType": item.get("contentType") or media_type(item["name"]),
                                   "isInline": bool(item.get("isInline")), "contentId": item.get("contentId"), "contentLocation": None},
                          bytes(session["data"]))
        del self.sessions[key]
        where = "%s/v1.0/me/%ss('%s')/attachments('%s')" % (self.face.sandbox.origin, record.kind, session["id"],
                                                           ident.attachment(session["id"], one.number))
        return Answer(201, headers=[("Location", where)])
