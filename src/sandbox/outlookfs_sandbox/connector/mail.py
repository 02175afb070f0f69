"""Reading, marking, removing, sending and answering mails. Nothing leaves the machine: a copy lands in Sent Items, and mail to the
mailbox's owner arrives in the Inbox."""
import dataclasses
import re

from .. import ids, owner, text
from ..exchange import JSON, Answer, Refusal
from . import message
from .items import not_found
from .schema import IMPORTANCES, wrong

DEFAULT_TOP = 10
CONTENT_MAX = 49 * 1024 * 1024
TERM = re.compile(r'(?:(from|to|subject):)?(?:"([^"]*)"?|(\S+))', re.I)
ANYWHERE = ("Subject", "From", "BodyPreview", "Body")


class Members:
    """Takes the members of a mail out of a request body; a Refusal where one is not what it should be."""

    def __init__(self, body, known=None):
        self.body = body
        for name in body:
            if known and name not in known:
                raise wrong("The member '%s' is not known." % name)

    def string(self, name, required=False):
        value = self.body.get(name)
        if value is None:
            if required:
                raise wrong("The %s field is required." % name)
            return None
        if not isinstance(value, str):
            raise wrong("%s: a string is required" % name)
        return value

    def addresses(self, name, required=False):
        value = self.string(name, required)
        if required and not text.addresses(value):
            raise wrong("The %s field is required." % name)
        if not text.are_addresses(value):
            raise wrong("%s: '%s' is not a list of mail addresses" % (name, value))
        return value

    def boolean(self, name):
        value = self.body.get(name)
        if value is not None and not isinstance(value, bool):
            raise wrong("%s: true or false is required" % name)
        return bool(value)

    def importance(self):
        word = self.string("Importance")
        if word is not None and word not in IMPORTANCES:
            raise wrong("Requested value '%s' of Importance was not found." % word)
        return IMPORTANCES.index(word or "Normal")

    def files(self):
        return message.files(self.body.get("Attachments"))


class Search:
    """searchQuery: all words or "phrases" must occur in subject, body or sender; from:, to: and subject: look in one member."""

    def __init__(self, query):
        self.terms = [(member.capitalize(), (phrase or word).lower()) for member, phrase, word in TERM.findall(query)]

    def matches(self, document):
        return all(any(part in (document.get(name) or "").lower() for name in ([member] if member else ANYWHERE))
                   for member, part in self.terms)


class Mail:
    def __init__(self, mailbox, folders, bare_listings=False):
        self.mailbox, self.folders, self.bare_listings = mailbox, folders, bare_listings

    def _find(self, request):
        record = self.mailbox.record("message", request.names["id"])
        if record is None:
            raise not_found()
        return record

    # --- reading

    def list(self, request):
        unread, content = request.boolean("fetchOnlyUnread", True), request.boolean("includeAttachments", False)
        top, skip = request.integer("top", DEFAULT_TOP), request.integer("skip", 0)
        folder, query = self.folders.asked(request), request.text("searchQuery")
        if query:
            search = Search(query)
            records = [record for record in self.mailbox.records("message", folder, unread_only=unread, descending=True)
                       if search.matches(record.document)][skip:skip + top]
        else:
            records = self.mailbox.records("message", folder, unread_only=unread, descending=True, top=top, skip=skip)
        page = ",".join(message.listed(self.mailbox, record, content, self.bare_listings) for record in records)
        return Answer(200, ("[%s]" % page).encode(), JSON)

    def get(self, request):
        content = request.boolean("includeAttachments", False)
        return Answer.json(200, message.single(self.mailbox, self._find(request), content))

    def attachment(self, request):
        record = self._find(request)
        for attachment in self.mailbox.attachments(record, content=True):
            if ids.attachment(record.id, attachment.number) == request.names["attachment"]:
                return Answer(200, attachment.content, attachment.document["ContentType"])
        raise not_found()

    # --- changing

    def mark_read(self, request):
        record = self._find(request)
        self.mailbox.update(record, dict(record.document, IsRead=True), ["IsRead"])
        return Answer(200)

    def delete(self, request):
        """Into Deleted Items; from there for good."""
        record, deleted = self._find(request), self.folders.well_known("Deleted Items")
        if record.folder == deleted.row:
            self.mailbox.remove(record)
        else:
            message.move(self.mailbox, record, deleted)
        return Answer(200)

    # --- sending

    def send(self, request):
        members = Members(request.json_object())
        draft = message.Draft(html=members.boolean("IsHtml"), to=members.addresses("To", True),
                              subject=members.string("Subject", True), body=members.string("Body", True),
                              cc=members.addresses("Cc"), bcc=members.addresses("Bcc"), reply_to=members.addresses("ReplyTo"),
                              importance=members.importance(), files=members.files())
        members.string("Sensitivity")
        if "IsHtml" not in members.body:
            request.violates("SendEmail without IsHtml, whose default is not stated")
        sender = members.addresses("From")
        if sender and sender.lower() != owner.ADDRESS:
            raise Refusal(403, "ErrorSendAsDenied", "The user account which was used to submit this request does not have the right "
                          "to send mail on behalf of the specified sending account.")
        self._deliver(draft)
        return Answer(200)

    def _deliver(self, draft):
        """The copy in Sent Items and, where the owner is among the recipients, the message in the Inbox."""
        if len(draft.body.encode()) + sum(len(file.content) for file in draft.files) > CONTENT_MAX:
            raise Refusal(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
        sent = message.add(self.mailbox, self.folders.well_known("Sent Items"), dataclasses.replace(draft, read=True)).document
        recipients = text.addresses(draft.to) + text.addresses(draft.cc) + text.addresses(draft.bcc)
        if owner.ADDRESS in [address.lower() for address in recipients]:
            message.add(self.mailbox, self.folders.well_known("Inbox"),
                        dataclasses.replace(draft, bcc=None, conversation=sent["ConversationId"],
                                            internet_id=sent["InternetMessageId"]))

    def reply(self, request):
        everybody, comment = request.boolean("replyAll", False), request.text("comment")
        if not comment:
            raise wrong("The parameter 'comment' is required.")
        original = self._find(request).document
        self._deliver(self._reply_draft(original, text.html_of_plain(comment), everybody))
        return Answer(200)

    def reply_v3(self, request):
        """The same with a JSON body, for what is too long for an address."""
        members = Members(request.json_object(), ("Body", "ReplyAll", "To", "Cc", "Bcc", "Subject", "Importance", "Attachments"))
        original = self._find(request).document
        draft = self._reply_draft(original, members.string("Body") or "", members.boolean("ReplyAll"))
        for name, value in (("to", members.addresses("To")), ("cc", members.addresses("Cc")), ("bcc", members.addresses("Bcc")),
                            ("subject", members.string("Subject"))):
            if value:
                setattr(draft, name, value)
        draft.importance, draft.files = members.importance(), members.files()
        self._deliver(draft)
        return Answer(200)

    def _reply_draft(self, original, comment, everybody):
        """An answer to whom the mail is from, or to everybody in it but the owner, with the mail quoted below."""
        to, cc = text.addresses(original["ReplyTo"] or original["From"] or owner.ADDRESS), []
        if everybody:
            seen = {owner.ADDRESS} | {address.lower() for address in to}
            to += [address for address in text.addresses(original["To"]) if address.lower() not in seen]
            cc = [address for address in text.addresses(original["Cc"]) if address.lower() not in seen]
        subject = original["Subject"] or ""
        quoted = ("%s<hr>\r\n<div><b>From:</b> %s<br>\r\n<b>Sent:</b> %s<br>\r\n<b>Subject:</b> %s</div>\r\n%s"
                  % (comment, original["From"] or "", original["DateTimeReceived"], subject, original["Body"]))
        return message.Draft(to=";".join(to), cc=";".join(cc), body=quoted, conversation=original["ConversationId"],
                             subject=subject if subject.upper().startswith("RE:") else "RE: " + subject)
