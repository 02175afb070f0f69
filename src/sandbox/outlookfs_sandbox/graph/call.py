"""One request as Graph's operations see it: preferences, OData options, the entities its path names, links to go on with.


    call.find("message", id)           the Record, or a Refusal: malformed, not found
    call.id(record)                    in the form the request prefers
    call.page(items, render)           a page of a list, with @odata.nextLink
    call.link("$deltatoken", state)    an opaque link; call.state is what the link of this request holds

A link is good only byte for byte: it ends with a digest of everything before.
"""
import base64
import hashlib
import hmac
import json
import re
import secrets
from datetime import timezone

from .. import owner
from ..exchange import Answer, Refusal, dumps
from . import ident, odata, schema
from .prefer import Prefer
from .zones import read_local

KEY = secrets.token_bytes(16)  # links do not outlive the sandbox, as those of the service do not outlive its caches
LINK = re.compile(r"(.*[?&](?:\$|%24)(skiptoken|deltatoken)=)([A-Za-z0-9_-]*)\.([A-Za-z0-9%]*)")
ODD = {"+": "%2b", "/": "%2F", "=": "%3D"}  # what suffers when a link is decoded and encoded again
PAGE_DEFAULT = 10


def not_found():
    return Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def _digest(text):
    plain = base64.b64encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest()[:13]).decode()
    return "".join(ODD.get(c, c) for c in plain)


class Call:
    def __init__(self, face, request):
        self.face, self.request, self.mailbox = face, request, face.mailbox
        self.prefer = Prefer(request)
        request.applied = self.prefer.applied  # for the answer's header
        self.state = self._read_link()

    # --- links

    def _read_link(self):
        if not re.search(r"[?&](?:\$|%24)(?:skiptoken|deltatoken)=", self.request.target):
            return None
        match = LINK.fullmatch(self.request.target)
        if match is None or not hmac.compare_digest(match[4], _digest(match[1] + match[3])):
            self.request.violates("a next or delta link is not what was given")
            raise Refusal(400, "BadRequest", "The skip or delta token is not valid: links are followed as they are.")
        state = json.loads(base64.urlsafe_b64decode(match[3] + "=" * (-len(match[3]) % 4)))
        if state["generation"] != self.face.options["generation"]:
            raise Refusal(410, "SyncStateNotFound", "The sync state generation is not found; generation=%s" % state["generation"])
        return state

    def link(self, name, state):
        """The link's target is the first request's; `state` goes along. Options stay in it, so they hold for all pages."""
        state = {"generation": self.face.options["generation"], **state}
        query = re.sub(r"(^|&)(\$|%24)(skip|skiptoken|deltatoken)=[^&]*", "", self.request.query).lstrip("&")
        text = "%s?%s%s%s=" % (self.request.path, query, "&" if query else "", name)
        payload = base64.urlsafe_b64encode(dumps(state).encode()).rstrip(b"=").decode()
        host = self.face.options["linkHost"] or self.request.headers.get("Host", "")
        scheme = self.request.headers.get("X-Forwarded-Proto") or self.face.sandbox.origin.partition(":")[0]
        return "%s://%s%s%s.%s" % (scheme, host, text, payload, _digest(text + payload))

    # --- options of the query

    def top(self, most=1000, default=PAGE_DEFAULT):
        top = self.request.integer("$top", default)
        if not 1 <= top <= most:
            raise Refusal(400, "ErrorInvalidRequest", "The value '%s' of $top must be between 1 and %d." % (top, most))
        return top

    def select(self, members, always=("id",)):
        """The members to answer, or None for all."""
        text = self.request.params.get("$select")
        return {*odata.read_select(text, members), *always} if text else None

    def window(self):
        """(begin, end) of a calendar view."""
        zone = self.prefer.zone
        moments = []
        for name in ("startDateTime", "endDateTime"):
            text = self.request.params.get(name)
            when = read_local(text.replace(" ", "+"), zone or timezone.utc) if text else None
            if when is None:
                raise Refusal(400, "ErrorInvalidParameter", "This request requires a time window specified by the query string parameters "
                              "StartDateTime and EndDateTime.")
            moments.append(when)
        if moments[1] < moments[0] or (moments[1] - moments[0]).days > 1825:
            raise Refusal(400, "ErrorInvalidRequest", "Your request can't be completed. The range between the start and end dates is greater "
                          "than the allowed range. Maximum number of days: 1825")
        return moments

    # --- the body

    def body(self, kind, only=None, type_name="item", optional=False):
        if optional and not self.request.body:
            return {}
        return schema.check(kind, self.request.json_object(), only, self.request, "microsoft.graph." + type_name)

    def check_version(self, record):
        """If-Match: a list of entity-tags, one of which must be the record's."""
        header = self.request.headers.get("If-Match")
        if header is None or header.strip() == "*":
            return
        tags = re.findall(r'\s*(?:W/)?"([^"]*)"\s*(?:,|$)', header)
        if not re.fullmatch(r'(\s*(W/)?"[^"]*"\s*(,|$))+', header):
            raise Refusal(400, "malformedEntityTag", "The value must be quoted.")
        if record.document["changeKey"] not in tags:
            raise Refusal(412, "ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key passed "
                          "in the request does not match the current change key for the item.")

    # --- entities

    @property
    def personal(self):
        return self.face.personal

    def find(self, kind, text):
        """Record and, for an occurrence, its day."""
        form, number, day = ident.read(text)
        record = (self.mailbox.record(kind, ident.immutable(number)) if form == "immutable" else self.mailbox.record_placed(kind, number))
        if record is None or (day and kind != "event"):
            raise not_found()
        return record, day

    def record(self, kind, text):
        return self.find(kind, text)[0]

    def id(self, record, day=None):
        if self.prefer.immutable:
            return ident.immutable(record.number, day)
        return ident.mutable(self.face.folder_number(record.folder), record.place, day, self.personal)

    def gone_id(self, change, day=None):
        """The id that a record had when it left a folder."""
        if self.prefer.immutable:
            return ident.immutable(ident.read(change.id)[1], day)
        return ident.mutable(self.face.folder_number(change.folder), change.members, day, self.personal)

    # --- answers

    def context(self, what):
        return "%s/v1.0/$metadata#%s" % (self.face.sandbox.origin, what)

    def entity(self, status, what, value, headers=()):
        return Answer.json(status, {"@odata.context": self.context("users('%s')/%s/$entity" % (owner.ID, what)), **value}, headers)

    def list(self, what, values, next_link=None, **more):
        answer = {"@odata.context": self.context("users('%s')/%s" % (owner.ID, what)), **more}
        if next_link:
            answer["@odata.nextLink"] = next_link
        answer["value"] = values
        return Answer.json(200, answer)

    def page(self, what, items, render, top=None):
        """`items` are all of them, as a sequence; only those of the page are rendered."""
        top = top or min(self.top(), self.prefer.page_size or 1000)
        skip = self.state["skip"] if self.state else self.request.integer("$skip", 0)
        more = {"@odata.count": len(items)} if self.request.boolean("$count", False) else {}
        link = self.link("$skiptoken", {"skip": skip + top}) if skip + top < len(items) else None
        return self.list(what, [render(item) for item in items[skip:skip + top]], link, **more)


def pick(document, select):
    return document if select is None else {name: value for name, value in document.items() if name in select or "@" in name}


