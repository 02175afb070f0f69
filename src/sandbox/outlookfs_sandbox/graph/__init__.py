"""Microsoft Graph v1.0 as a mailbox service, over a mailbox of its own.

    routes       every operation: method, path, scopes, options, and who does it
    call         one request: preferences, ids, links
    ident        ids; prefer: the Prefer header; odata: $filter and the like; schema: what bodies may hold
    folders      mail folders and contact folders
    messages     messages and their lists; mime: to and from RFC 822; sending: send, reply, forward
    attachments  attachments, upload sessions
    contacts     contacts and photos
    calendars    calendars; events; recurrence and zones: occurrences
    delta        what changed
    batch        several requests in one
    settings     mailboxSettings and who the owner is
    seed         the invented mailbox; operator: another client of it; view: what the web page shows

Tokens are the login server's, each good for its scopes, or the sandbox's own, good for everything.
"""
from .. import owner
from ..exchange import Answer, Refusal, guid
from ..limits import Rate
from ..mailbox import Keys, Mailbox
from ..times import coarse, parse, plain
from . import delta, ident, seed
from .attachments import Attachments
from .batch import Batch
from .calendars import Calendars
from .contacts import Contacts
from .events import Events
from .folders import Folders
from .messages import Messages
from .operator import Operator
from .routes import UPLOAD_PATH, find, is_known_option
from .sending import Sending
from .settings import Settings
from .view import View
from ..login.scopes import GRAPH, holds

BASE = "/v1.0"
REQUEST_MAX = 4 * 1024 * 1024
FAILURES = {  # what Graph says when it fails with a status
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("ErrorAccessDenied", "Access is denied. Check credentials and try again."),
    404: ("ErrorItemNotFound", "The specified object was not found in the store."),
    409: ("ErrorFolderExists", "A folder with the specified name already exists."),
    410: ("SyncStateNotFound", "The sync state generation is not found; generation=1"),
    412: ("ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key passed in the request does "
          "not match the current change key for the item."),
    413: ("RequestEntityTooLarge", "The request is too large."),
    429: ("TooManyRequests", "Please retry again later."),
    500: ("ErrorInternalServerError", "An internal server error occurred. The operation failed."),
    503: ("ErrorServerBusy", "The server cannot service this request right now. Try again later."),
    504: ("UnknownError", ""), 507: ("ErrorQuotaExceeded", "The mailbox has exceeded its quota.")}


class Graph:
    service = "graph"
    keeps_failures = False

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.mailbox = Mailbox(sandbox.store, "graph", _keys)
        self.options = {"concurrency": 4, "batchAtOnce": 20, "rate": 10000, "retryAfter": 2.128, "generation": 1, "linkHost": "", "duplicates": False,
                        "emptyPages": False, "nestedFolders": True, "wholeEntries": False, "bareEntries": False, "removedReason": "deleted", "language": "en", "messageLimit": 35 * 1024 * 1024}
        self.rate = Rate(self.options["rate"], 600)
        self.numbers = {}  # of folders, by row
        self.folders = Folders(self)
        self.attachments = Attachments(self)
        self.messages = Messages(self)
        self.sending = Sending(self)
        self.contacts = Contacts(self)
        self.calendars = Calendars(self)
        self.events = Events(self)
        self.delta = delta.Delta(self)
        self.settings = Settings(self)
        self.batch = Batch(self)
        self.operator = Operator(self)
        self.view = View(self)

    def start(self):
        pass

    async def stop(self):
        pass

    @property
    def personal(self):
        return self.sandbox.login.options["account"] == "personal"

    def folder_number(self, row):
        if row not in self.numbers:
            self.numbers[row] = self.mailbox.folder_at(row).number
        return self.numbers[row]

    def fill(self):
        """The invented mailbox, at the first request."""
        if self.mailbox.is_empty:
            seed.fill(self, self.sandbox.options.seed)

    # --- what the sandbox asks of a face

    def owns(self, path):
        return path.startswith((BASE + "/", UPLOAD_PATH))

    def refuse(self, request):
        """Size, token, rate, concurrency, path, scope: in the order of the gateway."""
        try:
            if len(request.body) > REQUEST_MAX and not request.path.startswith(UPLOAD_PATH):
                raise Refusal(413, "BadRequest", "The maximum request length supported is 4MB.")
            self.find(request)
            is_upload, port = request.path.startswith(UPLOAD_PATH), self.sandbox.upload_origin.rpartition(":")[2]
            if is_upload != (port == str(request.peer[1][1])):
                raise Refusal(404, "ResourceNotFound", "This host does not serve the path.")
            if is_upload:
                return None
            if request.method == "POST" and not {"Content-Length", "Transfer-Encoding"} & {name.title() for name in request.headers}:
                raise Refusal(411, "LengthRequired", "A POST has a length, be it zero.")
            self._check_token(request)
            self._check_load(request)
            return None
        except Refusal as refusal:
            return self.refused(request, refusal)

    def find(self, request):
        """Sets request.route and what it names; options that the operation does not have are refused."""
        request.route, request.names = find(request)
        request.operation = request.route.operation
        for name in request.params:
            if not is_known_option(request.route, name):
                request.violates("query option %s of %s" % (name, request.operation))
                if name.startswith("$"):
                    raise Refusal(400, "BadRequest", "The query option '%s' is not supported here." % name)

    def _check_token(self, request):
        if self.sandbox.options.token and self.sandbox.token_fits(request):
            return
        access = self.sandbox.login.access(request)
        if access is None:
            raise Refusal(401, "InvalidAuthenticationToken", "Access token is empty." if "Authorization" not in request.headers else
                          "Access token has expired or is not yet valid.")
        if access.resource != GRAPH:
            raise Refusal(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
        if request.route.scopes and not holds(access.names, request.route.scopes):
            raise Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")

    def _check_load(self, request):
        self.rate.limit = self.options["rate"]
        if request.in_flight > self.options["concurrency"] > 0:
            raise Refusal(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
        if self.rate.wait():
            raise Refusal(429, "TooManyRequests", "Please retry again later.")

    def work(self, request):
        self.fill()
        return request.route.handler(self, request)

    def refused(self, request, refusal):
        answer = Answer.json(refusal.status, {"error": {"code": refusal.code, "message": refusal.message, "innerError": {
            "date": plain(self.mailbox.now()), "request-id": request.guid,
            "client-request-id": request.headers.get("client-request-id", request.guid)}}})
        if refusal.status == 401:
            answer.headers.append(("WWW-Authenticate", 'Bearer realm="", authorization_uri="%s/common/oauth2/authorize"' % self.sandbox.origin))
        if refusal.status == 429:
            answer.headers.append(("Retry-After", str(self.options["retryAfter"])))
        if refusal.status == 405:
            answer.headers.append(("Allow", "GET"))
        return answer

    def failure(self, request, status, retry_after):
        code, message = FAILURES.get(status, ("UnknownError", "The request failed."))
        answer = self.refused(request, Refusal(status, code, message))
        answer.headers = [header for header in answer.headers if header[0] != "Retry-After"]
        if retry_after is not None:
            answer.headers.append(("Retry-After", str(retry_after)))
        return answer

    def finish(self, request, answer):
        answer.headers += [("request-id", request.guid), ("client-request-id", request.headers.get("client-request-id", request.guid)),
                           ("x-ms-ags-diagnostic", '{"ServerInfo":{"DataCenter":"Sandbox"}}'), ("Cache-Control", "private")]
        if answer.status < 400 and getattr(request, "applied", None):
            answer.headers.append(("Preference-Applied", ", ".join(request.applied)))
        if answer.type and answer.type.startswith("application/json"):
            answer.type = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

    # --- what all items have

    def now(self):
        return graph_time(self.mailbox.now())

    def stamp(self, document, created=False):
        """A new version, at the mailbox's time."""
        now = self.now()
        if created:
            document["createdDateTime"] = now
        document["lastModifiedDateTime"] = now
        document["changeKey"] = ident.ids.change_key(self.mailbox.next())
        return document


def graph_time(ns):
    return coarse(ns).replace("+00:00", "Z")


def _keys(kind, document):
    sort = {"message": "receivedDateTime", "contact": "createdDateTime"}.get(kind)
    when = document["start"]["dateTime"] if kind == "event" else document[sort]
    return Keys(parse(when[:19]) or 0, parse(document["lastModifiedDateTime"]) or 0, kind == "message" and not document["isRead"])
