"""Messages to and from RFC 822, with Python's email package.

    members, attachments = read_mime(data)     # as POST /messages takes them; attachments are (document, content)
    data = write_mime(document, attachments)
"""
import datetime
import email
import email.headerregistry
import email.message
import email.policy
import email.utils
import hashlib
import html
import re

from .. import text, times
from ..exchange import Refusal

IMPORTANCE = {"1": "high", "2": "high", "5": "low", "4": "low"}
READING = email.policy.default.clone(raise_on_defect=False)


def body_text(content):
    """What a reader sees of a page."""
    content = re.sub(r"<br\s*/?>|</(?:p|div|tr|h\d|li)>", "\n", content, flags=re.I)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t\r]*\n[ \t]*", "\n", html.unescape(text.UNREAD.sub("", content)))).strip() + "\n"


def recipients(header):
    return [recipient(one.display_name, one.addr_spec) for one in getattr(header, "addresses", ()) if one.addr_spec]


def recipient(name, address):
    return {"emailAddress": {"name": name or address, "address": address}}


def read_mime(data):
    message = email.message_from_bytes(data, policy=READING)
    if not message.keys():
        raise Refusal(400, "ErrorMimeContentInvalid", "Invalid MIME content.")
    page = message.get_body(("html",)) or message.get_body(("plain",))
    members = {"subject": str(message["Subject"] or ""), "body": _body(page),
               "internetMessageId": str(message["Message-ID"]).strip() if message["Message-ID"] else None,
               "importance": IMPORTANCE.get(str(message["X-Priority"] or "").strip()[:1], "normal"),
               "isReadReceiptRequested": bool(message["Disposition-Notification-To"]),
               "internetMessageHeaders": [{"name": name, "value": str(value)} for name, value in message.items()]}
    for member, header in (("toRecipients", "To"), ("ccRecipients", "Cc"), ("bccRecipients", "Bcc"), ("replyTo", "Reply-To")):
        members[member] = [one for value in message.get_all(header, ()) for one in recipients(value)]
    for member, header in (("from", "From"), ("sender", "Sender")):
        members[member] = next(iter(recipients(message[header])), None) if message[header] else None
    when = email.utils.parsedate_to_datetime(str(message["Date"])) if _is_date(message["Date"]) else None
    if when:
        members["sentDateTime"] = when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return members, [_attachment(part) for part in message.walk() if _is_attached(part, page, message)]


def _is_date(value):
    try:
        return bool(value) and email.utils.parsedate_to_datetime(str(value)) is not None
    except (ValueError, TypeError):
        return False


def _body(page):
    if page is None:
        return {"contentType": "text", "content": ""}
    try:
        content = page.get_content()
    except (LookupError, ValueError):
        content = (page.get_payload(decode=True) or b"").decode("utf-8", "replace")
    return {"contentType": "html" if page.get_content_subtype() == "html" else "text", "content": content}


def _is_attached(part, page, message):
    if part is message or part is page or part.is_multipart() and part.get_content_type() != "message/rfc822":
        return False
    inside = any(part in outer.walk() and part is not outer for outer in message.walk() if outer.get_content_type() == "message/rfc822")
    return not inside and (part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment" or bool(part.get_filename()))


def _attachment(part):
    type = part.get_content_type()
    if type == "message/rfc822":
        inner = part.get_payload(0)
        return {"kind": "item", "name": str(inner["Subject"] or ""), "contentType": None, "isInline": False, "itemType": "message",
                "contentId": None}, inner.as_bytes()
    content_id = (part["Content-ID"] or "").strip("<> ") or None
    return {"kind": "file", "name": part.get_filename() or "attachment", "contentType": type, "contentId": content_id,
            "isInline": part.get_content_disposition() == "inline" or bool(content_id and part.get_content_disposition() != "attachment"),
            }, part.get_payload(decode=True) or b""


def write_mime(document, attachments):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    for header, member in (("From", "from"), ("Sender", "sender"), ("To", "toRecipients"), ("Cc", "ccRecipients"), ("Bcc", "bccRecipients"),
                           ("Reply-To", "replyTo")):
        people = document.get(member) or []
        addresses = [_address(one["emailAddress"]) for one in (people if isinstance(people, list) else [people])]
        if any(addresses):
            message[header] = ", ".join(filter(None, addresses))
    message["Subject"] = re.sub(r"[\r\n]+", " ", document["subject"] or "")
    when = times.parse(document["sentDateTime"] or document["createdDateTime"]) // times.SECOND
    message["Date"] = email.utils.formatdate(when)
    message["Message-ID"] = document["internetMessageId"]
    if document["importance"] != "normal":
        message["X-Priority"] = "1" if document["importance"] == "high" else "5"
    for header in document.get("_headers") or ():
        if header["name"].lower().startswith("x-") and header["name"] not in message:
            message[header["name"]] = re.sub(r"[\r\n]+", " ", header["value"])
    body = document["body"]
    message.set_content(body_text(body["content"]) if body["contentType"] == "html" else body["content"])
    if body["contentType"] == "html":
        message.add_alternative(body["content"], subtype="html")
    for attachment in attachments:
        _attach(message, attachment.document, attachment.content)
    _set_boundaries(message, document["internetMessageId"])
    return message.as_bytes()


def _set_boundaries(message, seed):
    """The same message is the same bytes, each time it is asked for."""
    for at, part in enumerate(part for part in message.walk() if part.is_multipart() and part.get_content_maintype() == "multipart"):
        part.set_boundary("=_%d_%s" % (at, hashlib.sha256(seed.encode()).hexdigest()[:32]))


def _address(address):
    if not address.get("address"):
        return None
    return str(email.headerregistry.Address(display_name=address.get("name") or "", addr_spec=address["address"])) \
        if re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address["address"]) else None


def _attach(message, document, content):
    if document["kind"] == "reference":
        return
    if document["kind"] == "item" and document["itemType"] == "message":
        message.add_attachment(email.message_from_bytes(content, policy=email.policy.SMTP))
        return
    type = document["contentType"] or {"event": "text/calendar", "contact": "text/vcard"}.get(document.get("itemType"))
    main, _, sub = (type if type and "/" in type else "application/octet-stream").partition("/")
    message.add_attachment(content, main if main not in ("text", "message", "multipart") else "application",
                           sub if main not in ("text", "message", "multipart") else "octet-stream", filename=document["name"],
                           disposition="inline" if document["isInline"] else "attachment",
                           cid="<%s>" % document["contentId"] if document.get("contentId") else None)
