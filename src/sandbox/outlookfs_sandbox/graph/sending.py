"""Sending: at once, a draft, replies and forwards. What goes to the mailbox's owner arrives in the Inbox; nothing leaves the machine."""
import html

from .. import owner, text
from ..exchange import Answer, Refusal
from . import schema
from .call import Call

RECIPIENTS = ("toRecipients", "ccRecipients", "bccRecipients")
PREFIX = {"reply": "RE: ", "replyall": "RE: ", "forward": "FW: "}


class Sending:
    def __init__(self, face):
        self.face, self.mailbox = face, face.mailbox

    def send_mail(self, request):
        call, messages = Call(self.face, request), self.face.messages
        if request.media_type == "text/plain":
            members, attachments, mime = messages.read(call, draft=True)
            save = True
        else:
            body = {name[0].lower() + name[1:]: value for name, value in request.json_object().items()}
            for name in set(body) - {"message", "saveToSentItems"}:
                request.violates("sendMail: %s" % name)
                raise Refusal(400, "RequestBodyRead", "The parameter '%s' is not a parameter of sendMail." % name)
            if not isinstance(body.get("message"), dict):
                raise Refusal(400, "ErrorInvalidRequest", "sendMail: message is required.")
            schema.check(schema.MESSAGE, body["message"], request=request, type_name="microsoft.graph.message")
            members, attachments = messages.read_body(call, dict(body["message"]))
            mime, save = None, body.get("saveToSentItems") is not False
        record = messages.make(self.face.folders.well_known("drafts"), members, attachments, mime)
        sent = self._send(record)
        if not save:
            messages.discard(sent)
        return Answer(202)

    def send_draft(self, request):
        call = Call(self.face, request)
        record = call.record("message", request.names["message"])
        if not record.document["isDraft"]:
            raise Refusal(400, "ErrorInvalidOperation", "The message is not a draft: it was sent.")
        self._send(record)
        return Answer(202)

    def _send(self, record):
        """The draft becomes a sent message, in Sent Items, under the same immutable id."""
        document, messages = record.document, self.face.messages
        people = [one["emailAddress"].get("address") or "" for member in RECIPIENTS for one in document[member]]
        if not people or not all(text.ADDRESS.fullmatch(one) for one in people):
            raise Refusal(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
        if document["from"]["emailAddress"]["address"].lower() != owner.ADDRESS:
            raise Refusal(403, "ErrorSendAsDenied", "The user account which was used to submit this request does not have the right to send mail "
                          "on behalf of the specified sending account.")
        if len(messages.mime(record)) > self.face.options["messageLimit"]:
            raise Refusal(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
        now = self.face.now()
        document.update(isDraft=False, isRead=True, sentDateTime=now, receivedDateTime=now)
        record = self.mailbox.update(record, document, None)
        record = messages.put(record, self.face.folders.well_known("sentitems"))
        if owner.ADDRESS in (one.lower() for one in people):
            messages.duplicate(record, self.face.folders.well_known("inbox"), isRead=False, bccRecipients=[])
        return record

    # --- replies

    def _draft(self, call, how, comment_in_body):
        """The draft of a reply or a forward, in Drafts."""
        original = call.record("message", call.request.names["message"])
        body = call.body({"comment": "a string", "Comment": "a string", "message": schema.MESSAGE, "Message": schema.MESSAGE,
                          "toRecipients": [schema.RECIPIENT], "ToRecipients": [schema.RECIPIENT]}, optional=True)
        body = {name[0].lower() + name[1:]: value for name, value in body.items()}
        message, comment = dict(body.get("message") or {}), body.get("comment")
        if comment and message.get("body"):
            raise Refusal(400, "ErrorInvalidRequest", "Both comment and message.body are given.")
        members = self._members(original.document, how)
        if body.get("toRecipients"):
            message["toRecipients"] = body["toRecipients"]
        own_body = message.pop("body", None)
        more, attachments = self.face.messages.read_body(call, message)
        members.update(more)
        members["body"] = self._body(original.document, own_body, comment if comment_in_body else None)
        if how == "forward":
            attachments += [(one.document, one.content) for one in self.mailbox.attachments(original, content=True)]
        return self.face.messages.make(self.face.folders.well_known("drafts"), members, attachments)

    @staticmethod
    def _members(document, how):
        sender = document["replyTo"] or [document["from"] or document["sender"]]
        subject = document["subject"] or ""
        members = {"subject": subject if subject[:4].upper() == PREFIX[how] else PREFIX[how] + subject,
                   "conversationId": document["conversationId"]}
        if how != "forward":
            members["toRecipients"] = sender
        if how == "replyall":
            there = {one["emailAddress"]["address"].lower() for one in sender} | {owner.ADDRESS}
            others = [one for one in document["toRecipients"] if one["emailAddress"]["address"].lower() not in there]
            members.update(toRecipients=sender + others,
                           ccRecipients=[one for one in document["ccRecipients"] if one["emailAddress"]["address"].lower() not in there])
        return members

    @staticmethod
    def _body(document, own, comment):
        """The quoted original, below what is new."""
        quoted = document["body"]["content"] if document["body"]["contentType"] == "html" else text.escape(document["body"]["content"])
        above = ""
        if own:
            above = own.get("content") or ""
            above = above if own.get("contentType") == "html" else text.escape(above)
        elif comment:
            above = text.escape(comment)
        who = (document["from"] or {"emailAddress": {"name": ""}})["emailAddress"]["name"]
        head = "<b>From:</b> %s<br><b>Sent:</b> %s<br><b>Subject:</b> %s<br><br>" % (html.escape(who or ""), document["sentDateTime"],
                                                                                    html.escape(document["subject"] or ""))
        return {"contentType": "html", "content": "<html><body><div>%s</div><hr>%s%s</body></html>" % (above, head, quoted)}

    def reply(self, request):
        call = Call(self.face, request)
        self._send(self._draft(call, request.path.rpartition("/")[2].lower(), True))
        return Answer(202)

    def create_reply(self, request):
        call = Call(self.face, request)
        record = self._draft(call, request.path.rpartition("/")[2].lower().replace("create", ""), False)
        return call.entity(201, "messages", self.face.messages.shown(call, record))
