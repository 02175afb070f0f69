"""A headless Chromium for tests: the DevTools protocol over a WebSocket, with the standard library only.

    with Browser(width=1000, height=700) as browser:
        browser.open("http://127.0.0.1:8080/")
        browser.wait("document.querySelector('h1')")          # until the expression is truthy
        browser.click("#folders button")                      # a mouse, at the element's middle
        browser.key("Enter")
        text = browser.value("document.title")
        browser.screenshot("page.png")

A missing Chromium raises with the command that installs it; nothing is skipped.
"""
import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

SECONDS = 30
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--lang=en-US", "--remote-debugging-port=0"]


def find_chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    raise RuntimeError("Chromium is missing. Install it with: apt-get install chromium")


def die_with_parent():
    """In the child: a test that is killed takes the browser along."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class WebSocket:
    """Text frames over one connection; as much of RFC 6455 as a client of DevTools needs."""

    def __init__(self, url):
        host, path = url[len("ws://"):].split("/", 1)
        name, port = host.split(":")
        self.socket = socket.create_connection((name, int(port)), SECONDS)
        self.file = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(("GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (path, host, key)).encode())
        status = self.file.readline()
        while self.file.readline().strip():
            pass
        if b" 101 " not in status:
            raise RuntimeError("no WebSocket: %r" % status)

    def _frame(self, opcode, data):
        length = len(data)
        head = bytes([0x80 | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", length)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", length)
        mask = os.urandom(4)
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def send(self, text):
        self._frame(1, text.encode())

    def _read(self, size, until):
        """Exactly so many bytes."""
        self.socket.settimeout(max(0.01, until - time.monotonic()))
        data = self.file.read(size)
        if len(data) < size:
            raise RuntimeError("the browser closed the connection")
        return data

    def receive(self, until):
        """The next message; control frames are answered on the way. TimeoutError when it is not there by then."""
        message = b""
        while True:
            first, second = self._read(2, until)
            length = second & 0x7f
            if length == 126:
                length, = struct.unpack(">H", self._read(2, until))
            elif length == 127:
                length, = struct.unpack(">Q", self._read(8, until))
            data = self._read(length, until)
            opcode = first & 0x0f
            if opcode == 8:
                raise RuntimeError("the browser closed the connection")
            if opcode == 9:
                self._frame(10, data)
            elif opcode != 10:
                message += data
                if first & 0x80:
                    return message.decode()

    def close(self):
        self.file.close()
        self.socket.close()


class Browser:
    def __init__(self, width=1000, height=700, dark=False):
        self.width, self.height, self.dark = width, height, dark
        self.profile = None
        self.process = None
        self.socket = None
        self.last = 0
        self.problems = []  # what the console reported: errors of scripts and of the security policy

    def __enter__(self):
        """Starting is tried twice: on a busy machine Chromium may hang."""
        program = find_chromium()
        try:
            self._start(program)
        except (RuntimeError, OSError) as error:
            sys.stderr.write("Chromium is started again: %s\n" % error)
            self._start(program)
        return self

    def _start(self, program):
        self.profile = tempfile.mkdtemp(prefix="outlookfs-browser-")
        self.process = subprocess.Popen([program] + ARGUMENTS + ["--user-data-dir=" + self.profile, "about:blank"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True,
                                        preexec_fn=die_with_parent)
        try:
            self._connect()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *unused):
        if self.socket:
            self.socket.close()
            self.socket = None
        if not self.process:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(SECONDS)
        self.process = None
        for _ in range(50):  # helpers of the browser may still be writing
            shutil.rmtree(self.profile, ignore_errors=True)
            if not os.path.exists(self.profile):
                break
            time.sleep(0.1)

    def _port(self):
        path = os.path.join(self.profile, "DevToolsActivePort")
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError("Chromium ended with status %d" % self.process.returncode)
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    lines = file.read().split("\n")
                if len(lines) > 1:
                    return int(lines[0])
            time.sleep(0.05)
        raise RuntimeError("Chromium opened no DevTools port within %d s" % SECONDS)

    def _connect(self):
        port = self._port()
        until = time.monotonic() + SECONDS
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            with opener.open("http://127.0.0.1:%d/json/list" % port, timeout=SECONDS) as answer:
                pages = [t for t in json.load(answer) if t["type"] == "page"]
            if pages:
                break
            if time.monotonic() > until:
                raise RuntimeError("Chromium has no page after %d s" % SECONDS)
            time.sleep(0.05)
        self.socket = WebSocket(pages[0]["webSocketDebuggerUrl"])
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.resize(self.width, self.height)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}])

    def call(self, method, **parameters):
        """One command; its result. Events that come meanwhile are looked through for problems."""
        until = time.monotonic() + SECONDS
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": parameters}))
        while True:
            try:
                message = json.loads(self.socket.receive(until))
            except TimeoutError:
                raise RuntimeError("no answer within %d s: %s %s" % (SECONDS, method, parameters)) from None
            if message.get("id") == self.last:
                if "error" in message:
                    raise RuntimeError("%s: %s" % (method, message["error"]))
                return message["result"]
            self._event(message)

    def _event(self, message):
        parameters = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.problems.append(parameters["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.problems.append(parameters["entry"]["text"])

    def resize(self, width, height):
        self.width, self.height = width, height
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def open(self, url):
        error = self.call("Page.navigate", url=url).get("errorText")
        if error:
            raise RuntimeError("%s: %s" % (url, error))
        self.wait("document.readyState === 'complete' && location.href.startsWith(%s)" % json.dumps(url))

    def value(self, expression):
        """The value of a JavaScript expression; promises are waited for."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError("%s: %s" % (expression, result["exceptionDetails"].get("exception")))
        return result["result"].get("value")

    def wait(self, expression, seconds=SECONDS):
        """Until the expression is truthy."""
        until = time.monotonic() + seconds
        while not self.value("Boolean(%s)" % expression):
            if time.monotonic() > until:
                raise AssertionError("not within %d s: %s\nThe page says: %s\nProblems: %s" % (
                    seconds, expression, self.value("document.body.innerText"), self.problems))
            time.sleep(0.05)

    def click(self, selector, right=None, down=None):
        """Clicks with a mouse at the middle of the element, or so many pixels from its upper left corner."""
        box = self.value("(() => { const e = document.querySelector(%s); if (!e) return null;"
                         " e.scrollIntoView({block: 'nearest'}); const r = e.getBoundingClientRect();"
                         " return [r.x + %s, r.y + %s]; })()" % (
                             json.dumps(selector), "r.width / 2" if right is None else right,
                             "r.height / 2" if down is None else down))
        if box is None:
            raise AssertionError("nothing to click at: " + selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def key(self, name):
        """Presses Tab or Enter."""
        code = {"Tab": 9, "Enter": 13}[name]
        text = {"Enter": "\r"}.get(name, "")
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", key=name, code=name,
                  windowsVirtualKeyCode=code, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, code=name, windowsVirtualKeyCode=code)

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
