"""outlookfs-sandbox for tests: starts one on a free port, speaks to it as a client and as its operator.

    with Sandbox(build_dir, "--seed", "contacts=100") as sb:
        answer = sb.get("/datasets/contacts/tables")         # answer.status, .headers, .body, .json()
        sb.edit("contact", id, set={"CompanyName": "New"})   # another client's edit
        sb.fault(operation="ContactPatchItem", status=504)
        for line in sb.log(): ...                            # what was sent

Paths are raw: nothing is encoded on the way. dataset_path() and mail_path() encode ids as the contract says.
"""
import atexit
import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import unittest
from urllib.parse import quote, urlsplit

from answers import check, connector_answers


def encode(value):
    """Percent-encodes everything but unreserved characters."""
    return quote(value, safe="-._~")


def encode_twice(value):
    return encode(encode(value))


def dataset_path(dataset, table, item=None, query=""):
    """The path of a dataset's items: dataset_path("contacts", "Contacts", id)."""
    path = "/datasets/%s/tables/%s/items" % (dataset, encode_twice(table))
    if item is not None:
        path += "/" + encode_twice(item)
    return path + ("?" + query if query else "")


def own_address():
    """A loopback address of this process alone, for what is stopped and started again: nobody else takes its port meanwhile."""
    return "127.%d.%d.1" % (1 + os.getpid() // 250 % 250, 1 + os.getpid() % 250)


def mail_path(message=None, attachment=None, query="", action=""):
    """The path of a message, of its attachment, or of an action on it ("MarkAsRead", "ReplyTo")."""
    path = "/Mail"
    if action:
        path += "/" + action
    if message is not None:
        path += "/" + encode(message)
    if attachment is not None:
        path += "/Attachments/" + encode(attachment)
    return path + ("?" + query if query else "")


def query(**parameters):
    """name=value&..., encoded; a leading _ stands for $: query(_top=5, folderPath="Inbox")."""
    return "&".join("%s=%s" % (name.replace("_", "$", 1) if name[0] == "_" else name,
                               encode(str(value))) for name, value in parameters.items())


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """error.code of the connector's error shape."""
        return self.json()["error"]["code"]


class Forked:
    """A sandbox that zygote.py forked: as much of subprocess.Popen as is used here."""
    zygotes = {}  # by program: (process, socket)

    def __init__(self, program, arguments, token):
        stdin, self.stdin = os.pipe()
        self.stdout, stdout = os.pipe()
        self.status, status = os.pipe()
        self.returncode = None
        orders = self._zygote(program)
        socket.send_fds(orders, [json.dumps({"arguments": arguments, "token": token}).encode()], [stdin, stdout, status])
        for descriptor in (stdin, stdout, status):
            os.close(descriptor)
        self.pid = int(orders.recv(32))
        self.stdin, self.stdout = open(self.stdin, "wb", buffering=0), open(self.stdout, encoding="utf-8")

    @classmethod
    def _zygote(cls, program):
        if program not in cls.zygotes or cls.zygotes[program][0].poll() is not None:
            ours, theirs = socket.socketpair()
            with open(program, encoding="utf-8") as file:
                python = re.search(r"^exec (\S+ -I) -c", file.read(), re.M)[1].split()
            process = subprocess.Popen(python + [os.path.join(os.path.dirname(os.path.abspath(__file__)), "zygote.py"), program],
                                       stdin=theirs)
            theirs.close()
            cls.zygotes[program] = process, ours
        return cls.zygotes[program][1]

    @classmethod
    def end_zygotes(cls):
        while cls.zygotes:
            process, orders = cls.zygotes.popitem()[1]
            orders.close()
            process.wait(30)

    def send_signal(self, how):
        if self.poll() is None:
            os.kill(self.pid, how)

    def poll(self):
        if self.returncode is None and select.select([self.status], [], [], 0)[0]:
            self.wait(0)
        return self.returncode

    def wait(self, seconds):
        if self.returncode is None:
            if not select.select([self.status], [], [], seconds)[0]:
                raise subprocess.TimeoutExpired("outlookfs-sandbox", seconds)
            self.returncode = int(os.read(self.status, 16) or b"-9")
            os.close(self.status)
        return self.returncode


atexit.register(Forked.end_zygotes)


class Sandbox:
    certificate = None  # the file of the one that --tls was given

    def __init__(self, build_dir, *options, token=None, start=True):
        self.program = os.path.join(build_dir, "outlookfs-sandbox")
        self.options = list(options)
        self.token = token
        self.process = None
        self.url = None
        self.answered = []  # (method, path, Answer)
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def start(self):
        """Starts the program; it ends with this process at the latest."""
        self.process = Forked(self.program, ["--listen", "127.0.0.1:0", "--exit-with-stdin"] + self.options, self.token)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith(("http://", "https://")):
            raise RuntimeError("outlookfs-sandbox did not start: exit %s" % self.process.wait(10))
        parts = urlsplit(self.url)
        self.host, self.port, self.base = parts.hostname, parts.port, parts.path

    def stop(self, how=signal.SIGTERM):
        """Ends the program; its exit status, negative after a signal it did not handle."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        status = self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None
        return status

    # --- as a client

    def connect(self):
        if self.certificate is None:
            return http.client.HTTPConnection(self.host, self.port, timeout=60)
        return http.client.HTTPSConnection(self.host, self.port, timeout=60, context=ssl.create_default_context(cafile=self.certificate))

    def request(self, method, path, body=None, headers=None, connection=None):
        """One request below the base URL; `body` an object (sent as JSON), bytes or None."""
        all_headers = {"Accept": "application/json"}
        if self.token is not None:
            all_headers["Authorization"] = "Bearer " + self.token
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            all_headers["Content-Type"] = "application/json"
        elif body is None and method in ("POST", "PATCH"):
            body = b""
        all_headers.update(headers or {})
        answer = self._send(method, self.base + path, body, all_headers, connection)
        self.answered.append((method, path.partition("?")[0], answer))
        return answer

    def _send(self, method, target, body, headers, connection=None):
        if target.startswith("/_sandbox/") and self.token is not None:
            headers = {"Authorization": "Bearer " + self.token, **headers}
        own = connection is None
        if own:
            connection = self.connect()
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            if own:
                connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def patch(self, path, body=None, **more):
        return self.request("PATCH", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    # --- as the operator

    def control(self, method, path, body=None):
        """A /_sandbox endpoint; its JSON answer. An error raises."""
        data = json.dumps(body).encode() if body is not None else b"" if method == "POST" else None
        answer = self._send(method, "/_sandbox" + path, data, {})
        if answer.status != 200:
            raise RuntimeError("%s %s: %d %s" % (method, path, answer.status, answer.body))
        return answer.json()

    def edit(self, kind, id, **how):
        """Another client's edit: set={...}, delete=True, or move="Archive" (messages). The record."""
        return self.control("POST", "/edit", dict(kind=kind, id=id, **how))

    def create(self, kind, members, table=None):
        """Another client's new record; `table` a table id or, for messages, a folder path."""
        body = {"kind": kind, "create": members}
        if table is not None:
            body["table"] = table
        return self.control("POST", "/edit", body)

    def fault(self, **fault):
        return self.control("POST", "/fault", fault)["id"]

    def clear_faults(self):
        self.control("DELETE", "/fault")

    def log(self, since=0, operation=None):
        """The requests so far, oldest answer first."""
        lines = self.control("GET", "/log?since=%d" % since)
        return [line for line in lines if operation in (None, line["operation"])]

    def reset_log(self):
        self.control("POST", "/reset-log")

    def record(self, kind, id, service="connector"):
        """The stored record, or None."""
        answer = self._send("GET", "/_sandbox/record?service=%s&kind=%s&id=%s" % (service, kind, encode(id)), None, {})
        return answer.json() if answer.status == 200 else None

    def records(self, kind, table=None, service="connector"):
        return self.control("GET", "/records?service=%s&kind=%s" % (service, kind)
                            + ("&table=" + encode(table) if table is not None else ""))


class SandboxTest(unittest.TestCase):
    """A test over one sandbox a class; OPTIONS are its command line."""
    OPTIONS = ()
    TOKEN = None
    VIOLATIONS = ()     # what the tests do against the contract: patterns
    FITTING = True      # every answer is as the swagger says; a test that has others made says False
    build_dir = None

    @classmethod
    def setUpClass(cls):
        cls.sb = Sandbox(cls.build_dir, *cls.OPTIONS, token=cls.TOKEN)

    @classmethod
    def tearDownClass(cls):
        violations = [one["what"] for one in cls.sb.control("GET", "/violations")] if cls.sb.process else []
        status = cls.sb.stop()
        if status:
            raise RuntimeError("outlookfs-sandbox ended with status %d" % status)
        cls.check_violations(violations)
        if cls.FITTING:
            check(cls.build_dir, "connector.swagger.json", connector_answers(cls.sb.answered))

    @classmethod
    def check_violations(cls, violations):
        unexpected = [one for one in violations if not any(re.search(pattern, one) for pattern in cls.VIOLATIONS)]
        if unexpected:
            raise AssertionError("the contract was violated: %s" % unexpected)

    def assertStatus(self, answer, status):
        self.assertEqual(answer.status, status, answer.body[:1000])


def main():
    """Runs the calling script's tests; argv[1] is the build directory."""
    if len(sys.argv) < 2:
        sys.exit("usage: %s BUILD_DIRECTORY [unittest options]" % sys.argv[0])
    SandboxTest.build_dir = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__")
