"""A server between a mount and its sandbox that holds back an answer for as long as a test wants."""
import contextlib
import http.client
import http.server
import threading


class Holding(http.server.ThreadingHTTPServer):
    """Between the mount and the service: can hold back an answer, which then is older than what happened meanwhile."""
    daemon_threads = True
    LIMIT = 60

    def __init__(self, sandbox):
        super().__init__(("127.0.0.1", 0), HoldingHandler)
        self.service = (sandbox.host, sandbox.port)
        self.url = "http://127.0.0.1:%d%s" % (self.server_port, sandbox.base)
        self.wanted = None                  # part of the path of the next GET to hold back
        self.arrived = threading.Event()    # its answer is here
        self.release = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @contextlib.contextmanager
    def answer(self, part):
        """The answer to the next GET of this path is held back until the end of the block."""
        self.arrived.clear()
        self.release.clear()
        self.wanted = part
        try:
            yield
        finally:
            self.release.set()

    def arrives(self):
        if not self.arrived.wait(self.LIMIT):
            raise AssertionError("nobody asked for " + self.wanted)


class HoldingHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        wanted = self.server.wanted         # before it is asked: what was asked earlier is not the next one
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(*self.server.service, timeout=self.server.LIMIT)
        connection.request(self.command, self.path, body or None, dict(self.headers))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if self.command == "GET" and wanted and wanted in self.path and wanted == self.server.wanted:
            self.server.wanted = None
            self.server.arrived.set()
            self.server.release.wait(self.server.LIMIT)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name not in ("Content-Length", "Connection", "Server", "Date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = forward

    def log_message(self, *unused):
        pass
