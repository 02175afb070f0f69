"""A gateway between the mount and the sandbox, for tests of answers that are none.

    class Example(GatewayTest):
        def test_portal(self):
            self.gateway.answer(r"^POST /Mail$", body=PAGE, type="text/html")
            ...
            self.gateway.clear()

It forwards every request to whatever sandbox there is, and replaces chosen answers by any status, headers, body and length. It
keeps all requests with their headers. Records can have other ids on this side of it.
"""
import http.client
import http.server
import json
import re
import threading
from urllib.parse import quote, urlsplit

from harness import Mailbox, MountTest

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


class Rule:
    """What becomes of the requests whose "METHOD /path?query" matches."""

    def __init__(self, match, status=200, body=b"", type=None, headers=(), truncate=None, apply=False, then=None, skip=0, times=10**9):
        self.match = re.compile(match)
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = list(headers) + ([("Content-Type", type)] if type else [])
        self.truncate = truncate    # bytes that are sent of the body, before the connection breaks
        self.apply = apply          # the service carries the request out first
        self.then = then            # is called before the answer goes out
        self.skip, self.times = skip, times
        self.used = 0

    def takes(self, line):
        if not self.times or not self.match.search(line):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        self.used += 1
        return True


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.status = None

    def __str__(self):
        return "%s %s" % (self.method, self.path)


def in_json(text):
    return json.dumps(text, ensure_ascii=False).encode()


def in_path(id, path):
    """Encoded; the connector's datasets want it twice."""
    once = quote(id, safe="")
    return quote(once, safe="") if path.startswith("/datasets") else once


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def forward(self, request):
        base = urlsplit(self.server.upstream)
        connection = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
            path, body = request.path, request.body
            for real, shown in self.server.ids.items():
                path = re.sub("(?<=[/=])%s(?=[/?&]|$)" % re.escape(in_path(shown, path)), in_path(real, path), path)
                body = body and body.replace(in_json(shown), in_json(real))
            connection.request(request.method, base.path + path, body, headers)
            answer = connection.getresponse()
            body = answer.read()
            for real, shown in self.server.ids.items():
                body = body.replace(in_json(real), in_json(shown))
            return answer.status, answer.getheaders(), body
        finally:
            connection.close()

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length or self.command in ("POST", "PATCH") else None
        request = Request(self.command, self.path, self.headers, body)
        with self.server.lock:
            self.server.log.append(request)
            rule = next((rule for rule in self.server.rules if rule.takes(str(request))), None)
        if rule is None or rule.apply:
            status, headers, body = self.forward(request)
        if rule is not None:
            status, headers, body = rule.status, rule.headers, rule.body
            if rule.then:
                rule.then()
        request.status = status
        self.reply(status, headers, body, rule.truncate if rule is not None else None)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_any

    def reply(self, status, headers, body, truncate):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if truncate is None else body[:truncate])
        if truncate is not None:
            self.close_connection = True


class Gateway(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        self.lock = threading.Lock()
        self.rules, self.log = [], []
        self.ids = {}   # an id of the sandbox: what it is called on this side
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, *unused):
        pass    # a client that went away

    def answer(self, match, **how):
        """The rule, whose `used` says how often it was."""
        rule = Rule(match, **how)
        with self.lock:
            self.rules.append(rule)
        return rule

    def clear(self):
        with self.lock:
            self.rules.clear()

    def requests(self, match="", since=0):
        with self.lock:
            return [request for request in self.log[since:] if re.search(match, str(request))]

    def mark(self):
        with self.lock:
            return len(self.log)


class GatewayMailbox(Mailbox):
    gateway = None

    def command(self):
        if self.gateway is None:
            self.gateway = Gateway(self.sandbox.url)
        line = super().command()
        line[line.index("--url") + 1] = self.gateway.url
        return line

    def close(self, check=True):
        super().close(check)
        if self.gateway is not None:
            self.gateway.shutdown()
            self.gateway.server_close()


class GatewayTest(MountTest):
    """A test over one mailbox a class, behind a gateway."""

    @classmethod
    def setUpClass(cls):
        cls.mailbox = GatewayMailbox(cls.build_dir, cls.SEED, cls.LATENCY, cls.OPTIONS, cls.SANDBOX_OPTIONS)
        cls.addClassCleanup(cls.mailbox.close)
        cls.gateway = cls.mailbox.gateway

    def setUp(self):
        self.addCleanup(self.gateway.clear)
