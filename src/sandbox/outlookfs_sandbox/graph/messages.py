"""Messages: lists, one, change, delete, move, copy, and as RFC 822.

A record's document is the message as it is answered, without id and folder; members that begin with '_' are never answered. The bytes
of a message that came as MIME are kept as long as they are true.
"""
import base64
import binascii
import re

from .. import owner, text
from ..exchange import Answer, Refusal
from . import ident, odata, schema
from .attachments import MEMBERS
from .call import Call, pick
from .mime import body_text, read_mime, recipient, write_mime

OWNER = recipient(owner.NAME, owner.ADDRESS)
ONLY_SELECTED = ("internetMessageHeaders", "uniqueBody")
CONTENT = {"subject", "body", "toRecipients", "ccRecipients", "bccRecipients", "replyTo", "from", "sender", "internetMessageId", "importance"}
MESSAGE_FLAGS, UNSENT, READ = "integer 0x0e07", 8, 1
SCHEMA = "CREATE TABLE IF NOT EXISTS graph_mime (record INTEGER PRIMARY KEY, content BLOB NOT NULL)"


class Messages:
    def __init__(self, face):
        self.face, self.mailbox, self.sql = face, face.mailbox, face.mailbox.sql
        self.sql.execute(SCHEMA)

    # --- as answered

    def shown(self, call, record, select=None, expand=None):
        document = record.document
        shown = {"@odata.etag": 'W/"%s"' % document["changeKey"], "id": call.id(record)}
        if "_type" in document:
            shown = {"@odata.type": document["_type"], **shown}
        shown.update((name, value) for name, value in document.items() if name[0] != "_")
        shown["parentFolderId"] = self.face.folders.id(self.mailbox.folder_at(record.folder))
        shown["webLink"] = "https://outlook.office365.com/owa/?ItemID=%s&exvsurl=1&viewmodel=ReadMessageItem" % shown["id"].replace("=", "%3D")
        if call.prefer.text_body and shown["body"]["contentType"] == "html":
            shown["body"] = {"contentType": "text", "content": body_text(shown["body"]["content"])}
        if select:
            shown.update(internetMessageHeaders=document.get("_headers") or [], uniqueBody=shown["body"])
            shown = pick(shown, select)
        if expand is not None:
            shown["attachments"] = self.face.attachments.all(call, record, not expand or "contentBytes" in expand, select=expand or None)
        return shown

    @staticmethod
    def _expands(request):
        """None, or the members to show of attachments, which are all where there is none."""
        text = request.params.get("$expand")
        if not text:
            return None
        found = re.fullmatch(r"attachments(?:\(\$select=([^()]+)\))?", text)
        if not found:
            request.violates("$expand=%s" % text)
            raise odata.invalid("Could not expand '%s'." % text)
        return {"id", *odata.read_select(found.group(1), MEMBERS)} if found.group(1) else set()

    def list(self, request):
        call, params = Call(self.face, request), request.params
        folder = self.face.folders.find("message", request.names["folder"]) if "folder" in request.names else None
        select, expand = call.select(schema.MEMBERS["message"]), self._expands(request)

        def render(record):
            return self.shown(call, record, select, expand)
        if "$search" in params:
            if "$filter" in params or "$orderby" in params:
                request.violates("$search with $filter or $orderby")
                raise Refusal(400, "SearchWithOrderBy", "The query parameter '$orderBy' is not supported with '$search'.")
            return call.page("messages", self._matching(folder, odata.read_search(params["$search"]))[:odata.SEARCH_MAX], render)
        if "$filter" in params or "$orderby" in params:
            return call.page("messages", self._filtered(folder, params), render)
        return call.page("messages", Lazily(self, folder), render)

    def in_folder(self, folder, **how):
        """The records a listing of the folder shows, newest first; without a folder those of all folders."""
        if folder is not None and folder.document.get("search"):
            found = self.face.folders.found(folder)
            return found[how.get("skip", 0):][:how.get("top")]
        return self.mailbox.records("message", folder, descending=True, **how)

    def _matching(self, folder, fits):
        return [record for record in self.in_folder(folder) if fits(record.document)]

    def _filtered(self, folder, params):
        test = odata.read_filter(params["$filter"], schema.MEMBERS["message"]) if params.get("$filter") else None
        orders = odata.read_orderby(params["$orderby"], schema.MEMBERS["message"]) if params.get("$orderby") else []
        odata.check_together(test, orders)
        pairs = [(record, record.document) for record in self.in_folder(folder)]
        if test:
            pairs = [pair for pair in pairs if test.fits(pair[1])]
        odata.sort(pairs, orders, key=lambda pair: pair[1])
        return [record for record, _ in pairs]

    def get(self, request):
        call = Call(self.face, request)
        record = self._named(call)
        return call.entity(200, "messages", self.shown(call, record, call.select(schema.MEMBERS["message"]), self._expands(request)))

    def _named(self, call):
        return call.record("message", call.request.names["message"])

    # --- making

    def create(self, request):
        call = Call(self.face, request)
        folder = self.face.folders.find("message", request.names.get("folder") or "drafts")
        if folder.document.get("search"):
            raise Refusal(400, "ErrorInvalidOperation", "Items are not created in a search folder.")
        record = self.make(folder, *self.read(call, draft=True))
        return call.entity(201, "messages", self.shown(call, record))

    def read(self, call, draft):
        """(members, attachments, MIME or None) of a body in either form."""
        request = call.request
        if request.media_type == "text/plain":
            data = self.decode_mime(request)
            members, attachments = read_mime(data)
            return {**members, "isDraft": draft}, attachments, data
        body = dict(call.body(schema.MESSAGE, type_name="message"))
        return (*self.read_body(call, body, draft), None)

    def read_body(self, call, body, draft=True):
        attachments = [self.face.attachments.read(call, one) for one in body.pop("attachments", None) or ()]
        for header in body.get("internetMessageHeaders") or ():
            if not header["name"].lower().startswith("x-"):
                call.request.violates("internetMessageHeaders: %s" % header["name"])
                raise Refusal(400, "InvalidInternetMessageHeader", "The internet message header name '%s' should start with 'x-' or 'X-'."
                              % header["name"])
        self._check_flag(body)
        body["isDraft"] = draft and self._is_unsent(body.pop("singleValueExtendedProperties", None))
        return body, attachments

    @staticmethod
    def decode_mime(request):
        try:
            return base64.b64decode(re.sub(rb"\s", b"", request.body), validate=True)
        except binascii.Error:
            raise Refusal(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.") from None

    @staticmethod
    def _is_unsent(properties):
        """The one extended property that is known: the flags of MAPI, by which a message can be made that is no draft."""
        for one in properties or ():
            if one["id"].lower() != MESSAGE_FLAGS:
                raise Refusal(400, "ErrorInvalidProperty", "The extended property '%s' is not kept here." % one["id"])
            return bool(int(one["value"]) & UNSENT)
        return True

    @staticmethod
    def _check_flag(body):
        flag = body.get("flag") or {}
        if flag.get("dueDateTime") and not flag.get("startDateTime"):
            raise Refusal(400, "ErrorInvalidRequest", "A flag with dueDateTime needs startDateTime.")

    def make(self, folder, members, attachments=(), mime=None, **more):
        """The record of a new message; `more` overrides."""
        number = self.mailbox.next()
        now = self.face.now()
        document = self.face.stamp({"createdDateTime": "", "lastModifiedDateTime": "", "changeKey": "", "categories": [], "receivedDateTime": now,
                                    "sentDateTime": members.get("sentDateTime") or now, "hasAttachments": False,
                                    "internetMessageId": "<%08x.%08x@%s>" % (number, number * 2654435761 % 2**32, owner.ADDRESS.partition("@")[2]),
                                    "subject": "", "bodyPreview": "", "importance": "normal", "conversationId": ident.ids.conversation(number),
                                    "conversationIndex": base64.b64encode(b"\1\xda" + number.to_bytes(20, "big")).decode(),
                                    "isDeliveryReceiptRequested": None, "isReadReceiptRequested": False, "isRead": True, "isDraft": True,
                                    "inferenceClassification": "focused", "body": {"contentType": "text", "content": ""}, "sender": OWNER,
                                    "from": OWNER, "toRecipients": [], "ccRecipients": [], "bccRecipients": [], "replyTo": [],
                                    "flag": {"flagStatus": "notFlagged"}}, created=True)
        self._take(document, members)
        document.update(more)
        document["hasAttachments"] = any(not one["isInline"] for one, _ in attachments)
        record = self.mailbox.add("message", folder, ident.immutable(number), document, number)
        for one, content in attachments:
            self.mailbox.add_attachment(record, {"lastModifiedDateTime": now, **one}, content)
        if mime is not None:
            self.keep_mime(record, mime)
        return record

    @staticmethod
    def _take(document, members):
        """Puts members into the document, as the service completes them."""
        for name, value in members.items():
            if name == "internetMessageHeaders":
                document["_headers"] = value
            elif name == "singleValueExtendedProperties":
                continue
            elif value is not None or name in ("isDeliveryReceiptRequested", "subject"):
                document[name] = value
        body = document["body"] = {"contentType": document["body"].get("contentType") or "text", "content": document["body"].get("content") or ""}
        if body["contentType"] == "html":
            body["content"] = text.html_page(body["content"])
        document["bodyPreview"] = text.preview(body["content"], body["contentType"] == "html")
        for name in ("toRecipients", "ccRecipients", "bccRecipients", "replyTo"):
            document[name] = [recipient(one["emailAddress"].get("name"), one["emailAddress"].get("address")) for one in document[name]
                              if one.get("emailAddress")]
        if document["from"] and not members.get("sender"):
            document["sender"] = document["from"]

    # --- MIME

    def keep_mime(self, record, data):
        self.sql.execute("REPLACE INTO graph_mime (record, content) VALUES (?, ?)", (record.row, data))

    def forget_mime(self, record):
        self.sql.execute("DELETE FROM graph_mime WHERE record = ?", (record.row,))

    def mime(self, record):
        row = self.sql.execute("SELECT content FROM graph_mime WHERE record = ?", (record.row,)).fetchone()
        return row[0] if row else write_mime(record.document, self.mailbox.attachments(record, content=True))

    def get_mime(self, request):
        return Answer(200, self.mime(self._named(Call(self.face, request))), "text/plain")

    def put_mime(self, request):
        call = Call(self.face, request)
        record = self._named(call)
        if request.media_type != "text/plain":
            raise Refusal(415, "UnsupportedMediaType", "MIME content is sent as text/plain.")
        if not record.document["isDraft"]:
            raise self._not_a_draft(request)
        data = self.decode_mime(request)
        members, attachments = read_mime(data)
        document = record.document
        self._take(document, members)
        document["hasAttachments"] = any(not one["isInline"] for one, _ in attachments)
        for attachment in self.mailbox.attachments(record):
            self.mailbox.remove_attachment(attachment)
        for one, content in attachments:
            self.mailbox.add_attachment(record, {"lastModifiedDateTime": self.face.now(), **one}, content)
        self.keep_mime(record, data)
        record = self.mailbox.update(record, self.face.stamp(document))
        return call.entity(200, "messages", self.shown(call, record))

    @staticmethod
    def _not_a_draft(request):
        request.violates("only drafts are written so")
        return Refusal(400, "ErrorInvalidPropertySet", "The action is not supported: the message is not a draft.")

    # --- changing

    def update(self, request):
        call = Call(self.face, request)
        record = self._named(call)
        call.check_version(record)
        body = dict(call.body({name: type for name, type in schema.MESSAGE.items() if name not in ("attachments", "internetMessageHeaders")},
                              None if record.document["isDraft"] else schema.SENT, "message"))
        self._check_flag(body)
        record = self.change(record, body)
        return call.entity(200, "messages", self.shown(call, record))

    def change(self, record, members):
        if CONTENT & set(members):
            self.forget_mime(record)
        document = record.document
        self._take(document, members)
        shown = [name for name in members if name != "singleValueExtendedProperties"] + ["bodyPreview"] * ("body" in members)
        return self.mailbox.update(record, self.face.stamp(document), shown)

    # --- going places

    def put(self, record, folder):
        """The record in another folder: the same message, a new mutable id, unless it lies there."""
        if record.folder == folder.row:
            return record
        return self.mailbox.move(record, folder, record.id, self.face.stamp(record.document))

    def target(self, call):
        folder = self.face.folders.find("message", call.body({"destinationId": "a string"}).get("destinationId") or "")
        if folder.document.get("search"):
            raise Refusal(400, "ErrorInvalidOperation", "Items are not moved into a search folder.")
        return folder

    def move(self, request):
        call = Call(self.face, request)
        record = self.put(self._named(call), self.target(call))
        return call.entity(201, "messages", self.shown(call, record))

    def copy(self, request):
        call = Call(self.face, request)
        record, folder = self._named(call), self.target(call)
        return call.entity(201, "messages", self.shown(call, self.duplicate(record, folder)))

    def duplicate(self, record, folder, **more):
        attachments = [(one.document, one.content) for one in self.mailbox.attachments(record, content=True)]
        row = self.sql.execute("SELECT content FROM graph_mime WHERE record = ?", (record.row,)).fetchone()
        members = {name: value for name, value in record.document.items()
                   if name not in ("createdDateTime", "lastModifiedDateTime", "changeKey")}
        return self.make(folder, members, attachments, row[0] if row else None, **more)

    def delete(self, request):
        """Into Deleted Items; from there, or below it, out of sight."""
        call = Call(self.face, request)
        record = self._named(call)
        call.check_version(record)
        trash, folder = self.face.folders.well_known("deleteditems"), self.mailbox.folder_at(record.folder)
        if folder.row == trash.row or self.face.folders.is_below(folder, trash):
            self.discard(record)
        else:
            self.put(record, trash)
        return Answer(204)

    def delete_for_good(self, request):
        self.discard(self._named(Call(self.face, request)))
        return Answer(204)

    def discard(self, record):
        self.forget_mime(record)
        self.mailbox.remove(record)


class Lazily:
    """The records of a folder, newest first, read by the slice."""

    def __init__(self, messages, folder):
        self.messages, self.folder = messages, folder

    def __len__(self):
        if self.folder is None:
            return self.messages.mailbox.total("message")
        if self.folder.document.get("search"):
            return len(self.messages.face.folders.found(self.folder))
        return self.messages.mailbox.count(self.folder)[0]

    def __getitem__(self, part):
        return self.messages.in_folder(self.folder, skip=part.start, top=part.stop - part.start)
