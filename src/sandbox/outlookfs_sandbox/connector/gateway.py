"""What stands before the operations: the gateway and the web server, their checks and their words.

A dataset's table and id are encoded twice. That is enforced: the segment, decoded once, must still be a percent-encoded text, so a
single-encoded or raw '=' is a path nobody knows. Ids of messages and attachments are encoded once; encoded twice they name nothing.
"""
import math
import re
from dataclasses import dataclass, field

from ..exchange import Answer, decode
from ..limits import Rate
from ..login.scopes import APIHUB

BASE_PATH = "/apim/office365/0f3c9d51d1ffc9f77572e4a86b20c13d"
RECORD_RESPONSE = "/RecordResponse"
TARGET_MAX = 8192
REPLY_QUERY_MAX = 2048
SOURCE = "office365-sandbox.azconn-sandbox-001.p.azurewebsites.net"
TOKENS = "https://sandbox-001.token.azure-apihub.net:443/tokens/sandbox/office365/sandbox/exchange"
ENCODED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+")  # nothing is left that should have been encoded
ENTITY_TAGS = re.compile(r'\s*(?:\*|(?:W/)?"[!\x23-\x7e]*"(?:\s*,\s*(?:W/)?"[!\x23-\x7e]*")*)\s*')
# The parameters a rule binds to no operation: every gateway takes them.
ANYWHERE = {"api-version"}


@dataclass
class Operation:
    name: str
    method: str
    path: str  # {id} is encoded once, {{id}} twice
    run: object
    query: str  # the names of its parameters
    pattern: list = field(init=False)

    def __post_init__(self):
        self.pattern = self.path.split("/")[1:]
        self.query = set(self.query.split())

    def match(self, segments):
        """The names in the path, or None."""
        if len(segments) != len(self.pattern):
            return None
        names = {}
        for want, have in zip(self.pattern, segments):
            if not want.startswith("{"):
                if want != have:
                    return None
                continue
            value = decode_twice(have) if want.startswith("{{") else decode(have)
            if not value:
                return None
            names[want.strip("{}")] = value
        return names


def decode_twice(segment):
    once = decode(segment) if ENCODED.fullmatch(segment) else None
    return decode(once) if once and ENCODED.fullmatch(once) else None


class Gateway:
    def __init__(self, sandbox, operations):
        self.sandbox = sandbox
        self.by_shape = {}  # (method, number of segments): the fewest parameters first, as they stand in the table
        for operation in operations:
            self.by_shape.setdefault((operation.method, len(operation.pattern)), []).append(operation)
        self.rate = Rate(sandbox.options.rate)

    def find(self, request):
        """The operation; sets what the request names."""
        if request.path.startswith(BASE_PATH + "/"):
            segments = request.path[len(BASE_PATH):].split("/")[1:]
        elif request.path == RECORD_RESPONSE:  # what people answer mails with is known below the origin, too
            segments = [RECORD_RESPONSE[1:]]
        else:
            return None
        for operation in self.by_shape.get((request.method, len(segments)), ()):
            names = operation.match(segments)
            if names is not None:
                request.operation, request.names, request.work = operation.name, names, operation.run
                return operation
        return None

    def refuse(self, request):
        operation = self.find(request)
        anonymous = operation is not None and operation.name == "RecordResponse"
        if len(request.target) > TARGET_MAX:
            return self._violation(request, "a target of %d bytes" % len(request.target),
                                   simple(414, "Request URI is too long"))
        if request.method in ("POST", "PATCH") and not _has_length(request):
            return self._violation(request, "a body without a length", length_required())
        if not anonymous and not self._token_fits(request):
            return failure(request, 401, None)
        seconds = 0 if anonymous else self.rate.wait()
        if seconds:
            return throttled(math.ceil(seconds))
        if operation is None:
            return self._violation(request, "no such operation", simple(404, "Resource not found"))
        return self._refuse_operation(request, operation)

    def _token_fits(self, request):
        """The mailbox's own token, or one of the login server for the connectors' resource."""
        if self.sandbox.token_fits(request):
            return True
        access = self.sandbox.login.access(request)
        return access is not None and access.resource == APIHUB

    def _refuse_operation(self, request, operation):
        if operation.name == "ReplyTo" and len(request.query) > REPLY_QUERY_MAX:
            return self._violation(request, "a query of %d bytes" % len(request.query), query_too_long())
        if request.bad_query:
            return self._violation(request, "a query that is not well encoded",
                                   error(request, 400, "ErrorInvalidRequest", "The query string is not well encoded."))
        if "If-Match" in request.headers and not ENTITY_TAGS.fullmatch(request.headers["If-Match"]):
            return self._violation(request, "a malformed If-Match", error(
                request, 400, "BadRequest", "The If-Match header is malformed: it is neither '*' nor a list of entity-tags."))
        for name in request.params.keys() - operation.query - ANYWHERE:
            request.violates("%s has no parameter '%s'" % (operation.name, name))  # the service ignores it
        return None

    @staticmethod
    def _violation(request, what, answer):
        request.violates(what)
        return answer


def _has_length(request):
    return "Content-Length" in request.headers or "Transfer-Encoding" in request.headers


# --- the words of the connector, the gateway, the token service and the web server

def error(request, status, code, words):
    trace = request.headers.get("x-ms-client-request-id") or request.guid
    return Answer.json(status, {
        "status": status,
        "message": "%s\r\nclientRequestId: %s-self\r\nserviceRequestId: %s" % (words, trace, request.guid),
        "error": {"message": words, "code": code, "originalMessage": words}, "source": SOURCE})


def simple(status, words):
    return Answer.json(status, {"statusCode": status, "message": words})


def throttled(seconds):
    answer = simple(429, "Rate limit is exceeded. Try again in %s seconds." % seconds)
    answer.headers.append(("Retry-After", str(seconds)))
    return answer


def length_required():
    return Answer(411, b"<HTML><HEAD><TITLE>Length Required</TITLE></HEAD>\r\n<BODY><h2>Length Required</h2>\r\n<hr><p>HTTP Error 411. "
                  b"The request must be chunked or have a content length.</p>\r\n</BODY></HTML>\r\n", "text/html; charset=us-ascii")


def query_too_long():
    return Answer(404, b"<!DOCTYPE html>\r\n<html><head><title>IIS Detailed Error - 404.15 - Not Found</title></head>\r\n<body><h3>HTTP "
                  b"Error 404.15 - Not Found</h3>\r\n<h4>The request filtering module is configured to deny a request where the query "
                  b"string is too long.</h4>\r\n<p>404.15 Query String Too Long</p></body></html>\r\n", "text/html")


def denied():
    return Answer.json(403, {
        "status": 403, "source": TOKENS,
        "message": "Error from token exchange: Permission denied due to missing connection ACL: User = "
                   "00000000-0000-0000-0000-000000000001 appid=00000000-0000-0000-0000-000000000002, connection=office365/sandbox"})


def failure(request, status, retry_after):
    if status == 429:
        return throttled(1 if retry_after is None else retry_after)
    answer = _failure(request, status)
    if retry_after is not None:
        answer.headers.append(("Retry-After", str(retry_after)))
    return answer


def _failure(request, status):
    if status == 401:
        return simple(401, "Unauthorized. Access token is missing or invalid.")
    if status == 403:
        return denied()
    if status == 404:
        return error(request, 404, "ErrorItemNotFound", "The specified object was not found in the store.")
    if status == 413:
        return error(request, 413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
    if status in (502, 503):
        return simple(status, "The service is temporarily unavailable.")
    if status == 504:
        return Answer.json(504, {"status": 504, "message": "Request failed. Try again later"})
    if status >= 500:
        return error(request, status, "ErrorInternalServerError", "An internal server error occurred. The operation failed.")
    return error(request, status, "ErrorInvalidRequest", "Your request can't be completed.")


def finish(request, answer):
    if answer.status == 401:
        answer.headers.append(("WWW-Authenticate", "Bearer"))
    answer.headers += [("Cache-Control", "no-store, no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"),
                       ("x-ms-request-id", request.guid), ("x-ms-apihub-cached-response", "false")]
