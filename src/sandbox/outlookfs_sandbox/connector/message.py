"""Messages: building, moving and answering them.

A message is stored in the form of GetEmail, its attachments included; GetEmails has other words for the importance and another order.
"""
import base64
import binascii
import functools
import json
from dataclasses import dataclass, field

from .. import ids, owner, text, times
from ..exchange import dumps
from .schema import IMPORTANCES, wrong

ATTACHMENT_OVERHEAD = 293  # Size is not the content's: recorded were 531 for 238 bytes
LISTED = ("From", "To", "Cc", "Bcc", "ReplyTo", "Subject", "Body", "Importance", "BodyPreview", "HasAttachment", "Id",
          "InternetMessageId", "ConversationId", "DateTimeReceived", "IsRead", "Attachments", "IsHtml")


@dataclass
class File:
    """What becomes an attachment."""
    name: str
    content: bytes
    type: str = None
    content_id: str = None
    is_inline: bool = False


@dataclass
class Draft:
    """What becomes a message. Addresses are lists with ';' between."""
    subject: str
    body: str
    sender: str = owner.ADDRESS
    to: str = None
    cc: str = None
    bcc: str = None
    reply_to: str = None
    html: bool = True
    importance: int = 1
    read: bool = False
    received: int = None  # None: now
    conversation: str = None  # None: a new one
    internet_id: str = None  # None: a new one
    files: list = field(default_factory=list)


def add(mailbox, folder, draft):
    """The record."""
    number = mailbox.next()
    received = mailbox.now() if draft.received is None else draft.received
    document = {
        "Id": ids.item(folder.number, number), "DateTimeReceived": times.coarse(received),
        "HasAttachment": any(not file.is_inline for file in draft.files),
        "InternetMessageId": draft.internet_id or "<%s@contoso.com>" % ids.guid(number), "Subject": draft.subject,
        "BodyPreview": text.preview(draft.body, draft.html), "Importance": draft.importance,
        "ConversationId": draft.conversation or ids.conversation(number), "IsRead": draft.read, "IsHtml": draft.html,
        "Body": draft.body, "From": text.joined(draft.sender), "To": text.joined(draft.to), "Cc": text.joined(draft.cc),
        "Bcc": text.joined(draft.bcc), "ReplyTo": text.joined(draft.reply_to), "Attachments": []}
    record = mailbox.add("message", folder, document["Id"], document, number)
    if not draft.files:
        return record
    for file in draft.files:
        mailbox.add_attachment(record, {"Name": file.name, "ContentType": file.type or text.media_type(file.name),
                                        "IsInline": file.is_inline, "ContentId": file.content_id,
                                        "LastModifiedDateTime": times.coarse(received)}, file.content)
    document["Attachments"] = _files(mailbox, record, document["Id"])
    return mailbox.update(record, document)


def move(mailbox, record, folder):
    """Into another folder, under a new id; the record."""
    document, place = record.document, mailbox.next()
    document["Id"] = ids.item(folder.number, place)
    document["Attachments"] = _files(mailbox, record, document["Id"])
    return mailbox.move(record, folder, document["Id"], document, place)


def _files(mailbox, record, id, content=False):
    files = []
    for attachment in mailbox.attachments(record, content):
        stored = attachment.document
        file = {"Id": ids.attachment(id, attachment.number), "Name": stored["Name"]}
        if content:
            file["ContentBytes"] = base64.b64encode(attachment.content).decode()
        file.update(ContentType=stored["ContentType"], Size=attachment.size + ATTACHMENT_OVERHEAD, IsInline=stored["IsInline"],
                    LastModifiedDateTime=stored["LastModifiedDateTime"], ContentId=stored["ContentId"])
        files.append(file)
    return files


# --- answers

def single(mailbox, record, content=False):
    """The document of GetEmail; `content`: with the bytes of the attachments."""
    document = record.document
    if content:
        document["Attachments"] = _files(mailbox, record, record.id, True)
    return document


def listed(mailbox, record, content=False, bare=False):
    """The JSON of GetEmails; `bare`: without the attachments' names."""
    if not content:
        return _listed(record.text, bare)
    return dumps(_in_order(single(mailbox, record, True)))


@functools.lru_cache(maxsize=4096)
def _listed(stored, bare):
    document = json.loads(stored)
    if bare:
        document["Attachments"] = []
    return dumps(_in_order(document))


def _in_order(document):
    """The members of GetEmails in their order, then what else the message has."""
    importance = document.get("Importance")
    if importance in (0, 1, 2):
        document["Importance"] = IMPORTANCES[importance]
    first = {name: document.pop(name) for name in LISTED if name in document}
    return {**first, **document}


# --- files in requests

def files(attachments):
    """The Attachments of a body as Files; a Refusal."""
    if attachments is not None and not isinstance(attachments, list):
        raise wrong("Attachments: an array is required")
    return [_file(one) for one in attachments or []]


def _file(one):
    name = one.get("Name") if isinstance(one, dict) else None
    encoded = one.get("ContentBytes") if isinstance(one, dict) else None
    if not isinstance(name, str) or not name or not isinstance(encoded, str):
        raise wrong("An attachment needs Name and ContentBytes.")
    try:
        content = base64.b64decode(encoded.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise wrong("ContentBytes of attachment '%s' is not a valid base64 text." % name) from None
    return File(name, content, one.get("ContentType"), one.get("ContentId"), bool(one.get("IsInline")))
