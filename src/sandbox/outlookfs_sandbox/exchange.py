"""A request and an answer as every face sees them.

    try:
        top = request.integer("$top", 256)          # raises Refusal
        item = request.json_object()                # the same
    except Refusal as refusal:
        return face.refused(refusal)                # in the words of that service
    return Answer.json(200, {"value": [...]})

Targets stay as they came: `path` and `query` are not decoded, `params` are, with '+' as a blank.
"""
import json
import re
import secrets
from urllib.parse import unquote_to_bytes

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
INTEGER = re.compile(r"\d{1,10}")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Refusal(Exception):
    """The request cannot be done. `code` is the service's word for the reason."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def dumps(value):
    """JSON as the services write it: no blanks, no \\u for what UTF-8 can say."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decode(text):
    """Percent-decodes; None where that gives no UTF-8 text."""
    if BAD_ESCAPE.search(text):
        return None
    try:
        plain = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in plain else plain


def guid():
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Request:
    def __init__(self, method, target, headers, body=b"", peer=None):
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers  # case-insensitive, the first value of a name
        self.body = body
        self.peer = peer  # (address, port) of the client, (address, port) of this end
        self.guid = guid()
        self.operation = ""  # the contract's name of what is asked
        self.names = {}  # what the path names, decoded: "table", "id", ...; for the log
        self.violations = []  # what the contract does not allow
        self.in_flight = 1
        self.params, self.bad_query = self._read_query()
        self._json = self._json_error = None
        self._json_read = False

    def _read_query(self):
        params, bad = {}, False
        for part in self.query.split("&"):
            name, _, value = part.replace("+", " ").partition("=")
            name, value = decode(name), decode(value)
            if name is None or value is None:
                bad = True
            elif name:
                params.setdefault(name, value)
        return params, bad

    # --- parameters; an empty one counts as left out

    def text(self, name, default=None):
        return self.params.get(name) or default

    def integer(self, name, default):
        value = self.params.get(name)
        if not value:
            return default
        if not INTEGER.fullmatch(value) or int(value) > 2147483647:
            raise Refusal(400, "ErrorInvalidRequest", "The value '%s' of parameter '%s' is not a valid integer of zero or more."
                          % (value, name))
        return int(value)

    def boolean(self, name, default):
        value = self.params.get(name)
        if not value:
            return default
        if value.lower() not in ("true", "false"):
            raise Refusal(400, "ErrorInvalidRequest", "The value '%s' of parameter '%s' is not a valid boolean." % (value, name))
        return value.lower() == "true"

    # --- the body

    @property
    def json(self):
        """The body parsed; None where there is none or it is no JSON."""
        if not self._json_read:
            self._json_read = True
            try:
                self._json = json.loads(self.body, parse_constant=_no_constant) if self.body else None
            except (ValueError, RecursionError) as error:
                self._json_error = str(error)
        return self._json

    @property
    def media_type(self):
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json_object(self):
        """The body, which must be announced as JSON and be an object."""
        if self.body and self.media_type != "application/json":
            raise Refusal(415, "UnsupportedMediaType", "The request entity's media type '%s' is not supported for this resource."
                          % self.headers.get("Content-Type", ""))
        value = self.json
        if not isinstance(value, dict):
            raise Refusal(400, "ErrorInvalidRequest", "The request body is not valid: %s"
                          % (self._json_error or ("an object is required" if self.body else "a request body is required")))
        return value

    def violates(self, what):
        """Notes what the contract does not allow; the tests read it at their end."""
        self.violations.append(what)


def _no_constant(name):
    raise ValueError("%s is no JSON" % name)


class Answer:
    """`headers` are (name, value) pairs; an answer without a body has no `type`."""
    __slots__ = ("status", "body", "type", "headers", "length")

    def __init__(self, status, body=b"", type=None, headers=()):
        self.status, self.body, self.type, self.headers = status, body, type, list(headers)
        self.length = None  # what Content-Length says where that is more than is sent

    @classmethod
    def json(cls, status, value, headers=()):
        return cls(status, dumps(value).encode(), JSON, headers)

    @classmethod
    def html(cls, status, text, policy):
        return cls(status, text.encode(), HTML, [("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff")])
