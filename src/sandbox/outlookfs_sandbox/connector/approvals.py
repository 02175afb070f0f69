"""Mails with options: subscribing sends one into the Inbox; people answer by its links or on the page; the subscriber is told.

There is one mailbox, so the mail arrives in it whoever it is addressed to. The links in the mail point at the host the subscriber spoke
to; the page makes its links itself. Unsubscribing leaves the mail there and makes its links void; the row outlives it, so that an old
link still gets a polite answer. What was not delivered when the sandbox ended is delivered after the next start.
"""
import asyncio
import base64
import hmac
import html
import json
import os
import re
import secrets
from urllib.parse import quote, urlsplit

from .. import ids, owner, text, times
from ..exchange import Answer, dumps
from . import message
from .gateway import RECORD_RESPONSE
from .items import not_found
from .mail import Members
from .schema import wrong
from .triggers import MANAGED_BASE

OPTIONS_MAX = 100
NOTIFY_SECONDS = 5
ANSWER_MAX = 64 * 1024
HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")
LOOPBACK = re.compile(r"http://(127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::(\d{1,5}))?([/?#][!-~]*)?")
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'self'"
KINDS = {  # what the two operations differ in
    "SendMailWithOptions": ("/mailwithoptions/$subscriptions", "Your input is required", "Choice1, Choice2, Choice3"),
    "SendApprovalMail": ("/approvalmail/$subscriptions", "Approval Request", "Approve, Reject")}
DELETIONS = {"DeleteOptionsMailSubscription": "SendMailWithOptions", "DeleteApprovalMailSubscription": "SendApprovalMail"}


def read_url(url):
    """(host, port, target) of a subscriber; a Refusal: a test service calls no other machine."""
    match = LOOPBACK.fullmatch(url)
    if not match or not 0 < int(match[2] or 80) < 65536 or any(int(n) > 255 for n in re.findall(r"\d+", match[1])):
        raise wrong("NotificationUrl '%s': the sandbox notifies plain http URLs of this machine's loopback addresses." % url)
    target = (match[3] or "/").partition("#")[0] or "/"
    return match[1], int(match[2] or 80), target if target.startswith("/") else "/" + target


def link(subscription, position):
    """The path people answer with."""
    state = base64.b64encode(dumps({"subscription": subscription["id"], "option": position}).encode()).decode()
    return "%s?state=%s&sig=%s" % (RECORD_RESPONSE, quote(state, safe=""), subscription["options"][position]["sig"])


class Approvals:
    def __init__(self, mailbox, folders, tries):
        self.mailbox, self.folders, self.tries = mailbox, folders, tries
        self.sql = mailbox.sql
        self.sql.execute("CREATE TABLE IF NOT EXISTS subscription (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
                         "message INTEGER NOT NULL, pending INTEGER NOT NULL, text TEXT NOT NULL)")
        self.wake = asyncio.Event()
        self.wake.set()  # what an earlier run left pending

    # --- rows

    def _get(self, id):
        row = self.sql.execute("SELECT text FROM subscription WHERE id = ?", (id,)).fetchone()
        return json.loads(row[0]) if row else None

    def _set(self, subscription, pending=False):
        self.sql.execute("UPDATE subscription SET pending = ?, text = ? WHERE id = ?",
                         (pending, dumps(subscription), subscription["id"]))

    def of_message(self, record):
        row = self.sql.execute("SELECT text FROM subscription WHERE message = ?", (record.row,)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self):
        """Oldest first, with their links and where their mail lies."""
        found = []
        for stored, row in self.sql.execute("SELECT text, message FROM subscription ORDER BY row").fetchall():
            subscription = json.loads(stored)
            for position, option in enumerate(subscription["options"]):
                option["link"] = link(subscription, position)
            record = self.mailbox.record_at(row)
            if record:
                subscription.update(message=record.id, folder=self.folders.path(self.mailbox.folder_at(record.folder)))
            found.append(subscription)
        return found

    # --- subscribing

    def create(self, request):
        path, subject, options = KINDS[request.operation]
        body = request.json_object()
        if not isinstance(body.get("Message"), dict):
            raise wrong("The Message field is required.")
        mail = Members(body["Message"])
        to, subject = mail.addresses("To", True), mail.string("Subject") or subject
        header, selection, content = mail.string("HeaderText"), mail.string("SelectionText"), mail.string("Body")
        importance, files = mail.importance(), mail.files()
        for name in ("UseOnlyHTMLMessage", "HideHTMLMessage", "HideMicrosoftFooter"):
            mail.boolean(name)
        subscription = self._subscription(request, mail, to, subject, _options(mail.string("Options") or options))
        read_url(subscription["notificationUrl"])
        record = message.add(self.mailbox, self.folders.well_known("Inbox"), message.Draft(
            to=to, subject=subject, importance=importance, files=files,
            body=_mail_body(request, subscription, header, content, selection)))
        self.sql.execute("INSERT INTO subscription (id, message, pending, text) VALUES (?, ?, 0, ?)",
                         (subscription["id"], record.row, dumps(subscription)))
        answer = {"id": subscription["id"], "resource": MANAGED_BASE + path, "notificationType": "webhook",
                  "notificationUrl": subscription["notificationUrl"]}
        return Answer.json(201, answer, [("Location", "%s%s/%s" % (MANAGED_BASE, path, subscription["id"]))])

    def _subscription(self, request, mail, to, subject, options):
        return {"id": ids.guid(self.mailbox.next()), "operation": request.operation,
                "notificationUrl": Members(request.json).string("NotificationUrl", True),
                "created": times.fine(self.mailbox.now()), "to": to, "subject": subject,
                "selectionText": mail.string("SelectionText") or "", "confirm": mail.boolean("ShowHTMLConfirmationDialog"),
                "options": [{"text": option, "sig": secrets.token_hex(32)} for option in options],
                "answer": None, "deleted": False, "delivery": {"state": "none", "attempts": 0}}

    def delete(self, request):
        subscription = self._get(request.names["id"])
        if not subscription or subscription["deleted"] or subscription["operation"] != DELETIONS[request.operation]:
            raise not_found()
        subscription["deleted"] = True
        if subscription["delivery"]["state"] == "pending":  # who unsubscribes while being told has been told
            subscription["delivery"]["state"] = "none"
        self._set(subscription)
        return Answer(200)

    # --- answering

    def respond(self, request):
        """A link of the mail is a GET, the page's buttons POST: only then it is known who answered."""
        subscription, position = self._named(request)
        if subscription is None:
            return _page(403, "This link is not valid", "It names no message that can be answered here. Was it cut off?")
        option = subscription["options"][position]["text"]
        by_link = request.method == "GET"
        if subscription["answer"]:
            return _page(409, "Already answered", "This message was answered before: “%s”. That answer stays."
                         % subscription["answer"]["option"])
        if subscription["deleted"]:
            return _page(410, "No longer needed", "Whoever sent this message no longer waits for an answer.")
        if by_link and subscription["confirm"] and request.text("confirmed") != "true":
            return _page(200, "Confirm your answer", "Do you want to answer “%s”?" % option, _form(request))
        subscription["answer"] = {"option": option, "time": times.fine(self.mailbox.now()), "byLink": by_link}
        subscription["delivery"]["state"] = "pending"
        self._set(subscription, pending=True)
        self.wake.set()
        return _page(200, "Thank you", "Your answer “%s” is recorded." % option)

    def _named(self, request):
        """(subscription, position of the option) of the request's state and sig; (None, 0)."""
        try:
            state = json.loads(base64.b64decode(request.text("state", "").encode(), validate=True))
            subscription, position = self._get(state["subscription"]), state["option"]
            signature = subscription["options"][position]["sig"]
            if position >= 0 and hmac.compare_digest(signature.encode(), request.text("sig", "").encode()):
                return subscription, position
        except (ValueError, KeyError, TypeError, IndexError):
            pass
        return None, 0

    # --- telling

    async def tell(self):
        """Delivers answers, one after the other, for as long as the sandbox lives."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            while row := self.sql.execute("SELECT text FROM subscription WHERE pending ORDER BY row LIMIT 1").fetchone():
                await self._deliver(json.loads(row[0]))

    async def _deliver(self, subscription):
        delivery = {"state": "failed", "attempts": 0}
        while delivery["state"] == "failed" and delivery["attempts"] < self.tries:
            if delivery["attempts"]:
                await asyncio.sleep(1)
            delivery = {"state": "failed", "attempts": delivery["attempts"] + 1}
            try:
                async with asyncio.timeout(NOTIFY_SECONDS):  # wait_for() loses a cancellation that comes with the answer
                    delivery["status"] = await _post(subscription["notificationUrl"], _notification(subscription))
                if delivery["status"] // 100 == 2:
                    delivery["state"] = "delivered"
            except TimeoutError:
                delivery["error"] = "no answer within %d seconds" % NOTIFY_SECONDS
            except (OSError, ValueError) as error:
                delivery["error"] = os.strerror(error.errno) if getattr(error, "errno", None) else str(error)
        with self.mailbox.store.transaction():
            subscription = self._get(subscription["id"])  # it may have been deleted meanwhile
            subscription["delivery"] = delivery
            self._set(subscription)


def _options(words):
    options = [option.strip() for option in words.split(",") if option.strip()]
    if not 0 < len(options) <= OPTIONS_MAX:
        raise wrong("Options: %d options; 1 to %d, separated by commas, are required" % (len(options), OPTIONS_MAX))
    return options


def _mail_body(request, subscription, header, content, selection):
    """The body is HTML as its sender wrote it; everything else is text."""
    host = request.headers.get("Host", "")
    host = host if HOST.fullmatch(host) else "127.0.0.1"
    buttons = "".join('\r\n<a href="http://%s%s" style="display:inline-block;margin:4px 8px 4px 0;padding:8px 20px;'
                      'background:#0f5ea8;color:#ffffff;text-decoration:none;border-radius:4px">%s</a>'
                      % (host, link(subscription, position), text.escape(option["text"]))
                      for position, option in enumerate(subscription["options"]))
    parts = ["<h2>%s</h2>" % text.escape(header) if header else "", "<div>%s</div>" % content if content else "",
             "<p>%s</p>" % text.escape(selection) if selection else "", "<p>%s</p>" % buttons]
    return (text.HTML_HEAD + '</head>\r\n<body style="font-family:Segoe UI,sans-serif">%s\r\n</body></html>\r\n'
            % "".join("\r\n" + part for part in parts if part))


def _page(status, title, words, more=""):
    """The page may be shown inside a mail on our own page, and its form leads back here."""
    return Answer.html(status, '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
                       'content="width=device-width"><title>%(title)s</title><link rel="stylesheet" href="/_page/style.css"></head>\n'
                       '<body class="note"><main><h1>%(title)s</h1><p>%(words)s</p>%(more)s</main></body></html>\n'
                       % {"title": html.escape(title), "words": html.escape(words, quote=False), "more": more}, POLICY)


def _form(request):
    fields = "".join('<input type="hidden" name="%s" value="%s">' % (name, html.escape(value)) for name, value in
                     (("state", request.text("state")), ("sig", request.text("sig")), ("confirmed", "true")))
    return '<form method="get" action="%s">%s<button>Yes, answer</button></form>' % (RECORD_RESPONSE, fields)


def _notification(subscription):
    known = not subscription["answer"]["byLink"]
    return dumps({"SelectedOption": subscription["answer"]["option"], "UserEmailAddress": owner.ADDRESS if known else None,
                  "UserTenantId": owner.TENANT if known else None, "UserId": owner.ID if known else None}).encode()


async def _post(url, body):
    """The status of the answer; OSError and ValueError where none comes."""
    host, port, target = read_url(url)
    address = {"localhost": "127.0.0.1"}.get(host, host).strip("[]")
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"
                      "Connection: close\r\n\r\n" % (target, urlsplit(url).netloc, len(body))).encode() + body)
        await writer.drain()
        match = re.match(rb"HTTP/1\.[01] (\d{3})", await reader.readline())
        if not match:
            raise ValueError("the answer is not HTTP")
        await reader.read(ANSWER_MAX)  # the receiver is not cut off while it writes
        return int(match[1])
    finally:
        writer.close()
