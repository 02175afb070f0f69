"""The web page a person reads the mailboxes on: its files, and the data it asks for below /_sandbox.

What it shows of a service is that face's view, which is of view.py's class:

    places()                   [{"kind", "id", "name", "path", "depth", "total", "unread"}]: folders of all kinds, in order
    lines(kind, folder, top)   {"id", "path", "total", "lines": [{"id", "title", "who", "when", "preview", "unread", "high", "files"}]}
    item(kind, id)             {"id", "folder", "path", "title", "facts": [[name, text]], "when", "until", "isHtml", "text", "unread",
                               "files": [{"id", "name", "isInline"}], "approval"}
    body(kind, id)             the HTML, with images in it
    attachment(message, id)    (name, content)
    mark_read(id)

lines and item are None where there is no such thing. The page has no token: whoever runs the sandbox gets a cookie with it, and with
that the same rights. Who that is, the kernel says.
"""
import hmac
import os
import secrets
import socket
import struct
from urllib.parse import quote

from ..exchange import HTML, Answer, Refusal

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; "
          "form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
# A mail may bring styles and the images that were put into it; it gets nothing from anywhere, and its links can only lead to this
# server's pages.
BODY_POLICY = ("default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
               "frame-ancestors 'self'; sandbox allow-forms")
FILES = {"/": ("index.html", HTML), "/_page/style.css": ("style.css", "text/css; charset=utf-8"),
         "/_page/app.js": ("app.js", "text/javascript; charset=utf-8"), "/_page/icon.svg": ("icon.svg", "image/svg+xml")}
COOKIE = "outlookfs-sandbox"
DEFAULT_TOP = 50


class Page:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.key = secrets.token_urlsafe(24)
        self.endpoints = {("GET", "/folders"): self._folders, ("GET", "/list"): self._list, ("GET", "/item"): self._item,
                          ("GET", "/body"): self._body, ("GET", "/attachment"): self._attachment, ("POST", "/read"): self._read}

    # --- files

    def owns(self, request):
        return request.method == "GET" and request.path in FILES

    def answer(self, request):
        name, type = FILES[request.path]
        with open(os.path.join(os.path.dirname(__file__), name), "rb") as file:
            answer = Answer(200, file.read(), type)
        answer.headers = [("Content-Security-Policy", POLICY), ("X-Content-Type-Options", "nosniff"),
                          ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store")]
        if request.path == "/" and self.sandbox.options.token and is_same_user(request.peer):
            answer.headers.append(("Set-Cookie", "%s=%s; Path=/; HttpOnly; SameSite=Strict" % (COOKIE, self.key)))
        return answer

    def knows(self, request):
        """The request has the page's cookie."""
        wanted = "%s=%s" % (COOKIE, self.key)
        return any(hmac.compare_digest(cookie.strip().encode(), wanted.encode())
                   for cookie in request.headers.get("Cookie", "").split(";"))

    # --- data

    def _view(self, request):
        service = request.text("service", "connector")
        for face in self.sandbox.faces:
            if face.service == service and getattr(face, "view", None):
                return face.view
        raise Refusal(404, "unknown", "no such service")

    def _folders(self, request):
        return Answer.json(200, [{"service": face.service, **place} for face in self.sandbox.faces if getattr(face, "view", None)
                                 for place in face.view.places()])

    def _list(self, request):
        return self._or_404(self._view(request).lines(request.text("kind", "message"), request.text("folder", ""),
                                                      request.integer("top", DEFAULT_TOP)))

    def _item(self, request):
        return self._or_404(self._view(request).item(request.text("kind", "message"), request.text("id", "")))

    def _body(self, request):
        html = self._view(request).body(request.text("kind", "message"), request.text("id", ""))
        return Answer.html(200, html, BODY_POLICY) if html is not None else self._or_404(None)

    def _attachment(self, request):
        found = self._view(request).attachment(request.text("message", ""), request.text("attachment", ""))
        if found is None:
            return self._or_404(None)
        name, content = found
        return Answer(200, content, "application/octet-stream", [
            ("Content-Disposition", "attachment; filename*=UTF-8''%s" % quote(name, safe="-._~")),
            ("Content-Security-Policy", "default-src 'none'; sandbox"), ("X-Content-Type-Options", "nosniff")])

    def _read(self, request):
        self._view(request).mark_read(request.text("id", ""))
        return Answer.json(200, {})

    @staticmethod
    def _or_404(found):
        return Answer.json(200, found) if found is not None else Answer.json(404, {"error": "no such thing"})


def is_same_user(peer):
    """The client's end of a connection on this machine belongs to who runs the sandbox."""
    try:
        ours, theirs = (_in_proc(end) for end in (peer[1], peer[0]))
        with open("/proc/net/tcp6" if ":" in peer[0][0] else "/proc/net/tcp", encoding="ascii") as table:
            for fields in map(str.split, table):
                if fields[1:3] == [theirs, ours]:
                    return int(fields[7]) == os.getuid()
    except (OSError, ValueError, TypeError):
        pass
    return False


def _in_proc(end):
    """An address as /proc/net/tcp writes it: words of four bytes in the order of this machine."""
    packed = socket.inet_pton(socket.AF_INET6 if ":" in end[0] else socket.AF_INET, end[0])
    words = struct.unpack("=%dI" % (len(packed) // 4), packed)
    return "%s:%04X" % ("".join("%08X" % word for word in words), end[1])
