"""outlookfs login, logout, accounts: against npm's oidc-provider, whose refresh tokens are good once and whose reuse ends the login."""
import glob
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.parse

from harness import MountTest, die_with_parent, is_mounted, main, wait_for
from sandbox import Sandbox
from test_commands import CommandTest, contents

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = "2c7fd5a1-6b0e-4d53-9a8e-0c4f1e7b9d26"


class Provider:
    """A login server; see tests/node/oidc-provider.mjs."""

    def __init__(self, *options):
        modules = os.path.join(MountTest.build_dir, "node")
        if not os.path.isdir(os.path.join(modules, "node_modules")):
            raise unittest.SkipTest("npm's oidc-provider is not installed: ./dev test does it where there is npm")
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "..", "node", "oidc-provider.mjs"), "--modules", modules, "--interval", "1", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=die_with_parent)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http://"):
            raise RuntimeError("oidc-provider.mjs did not start")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def ask(self, method, path, **form):
        parts = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        try:
            connection.request(method, path, urllib.parse.urlencode(form) if form else None,
                               {"Content-Type": "application/x-www-form-urlencoded"} if form else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def grants(self, kind):
        """What the token endpoint was asked for with this grant type."""
        return [r for r in json.loads(self.ask("GET", "/requests")[1]) if (r.get("grant_type") or "").endswith(kind)]


class Scripted:
    """A login server that says what the test wants: a list of (status, body) for the token endpoint, the last one again and
    again; None breaks the connection."""

    def __init__(self, *answers, begin=None):
        self.answers, self.asked = list(answers), []
        self.begin = begin or (200, {"user_code": "ABCD-EFGH", "device_code": "the-device-code", "interval": 1,
                                     "verification_uri": "https://login.example/device", "expires_in": 60})
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                if self.path.endswith("/devicecode"):
                    answer = test.begin
                else:
                    test.asked.append((time.monotonic(), form))
                    answer = test.answers.pop(0) if len(test.answers) > 1 else test.answers[0]
                if answer is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                body = answer[1].encode() if isinstance(answer[1], str) else json.dumps(answer[1]).encode()
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def refusal(error, description=None):
    return 400, {"error": error, "error_description": description or error}


TOKENS = 200, {"token_type": "Bearer", "access_token": "access-token-of-the-test", "refresh_token": "refresh-token-of-the-test",
               "expires_in": 3599}
PENDING = refusal("authorization_pending", "AADSTS70016: pending")


class OwnLogin:
    """The sandbox's login server, as far as Provider is one."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.url = "http://%s:%d" % (sandbox.host, sandbox.port)

    def ask(self, unused, path, user_code=None):
        self.sandbox.control("POST", "/login", {"revoke": "all"} if path == "/revoke" else {path[1:]: user_code})
        return 204, b""

    def option(self, **options):
        self.sandbox.control("POST", "/option", {"service": "login", **options})


class LoginTest(CommandTest):
    """An account `flow` over the connector's sandbox, which takes any token."""
    PROVIDER = ()
    TOKEN = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox(MountTest.build_dir, "--seed", "contacts=3,events=1,messages=2", token=cls.TOKEN)
        cls.addClassCleanup(cls.sandbox.stop)
        cls.provider = cls.start_provider()

    @classmethod
    def start_provider(cls):
        provider = Provider(*cls.PROVIDER)
        cls.addClassCleanup(provider.stop)
        return provider

    def setUp(self):
        super().setUp()
        self.sandbox.clear_faults()
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "DBUS_SESSION_BUS_ADDRESS"):
            self.environment.pop(name, None)
        self.where = []

    def words(self, *words, login_url=None):
        return ["login", *words, "--client-id", CLIENT, "--tenant", "organizations", "--url", self.sandbox.url, "--login-url",
                login_url or self.provider.url]

    def begin(self, *words, login_url=None, **environment):
        process = subprocess.Popen([self.program] + self.words(*words, login_url=login_url), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=dict(self.environment, **environment), preexec_fn=die_with_parent)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def log_in(self, account="flow", *words):
        process = self.begin(account, "--device-code", *words)
        code = re.search(r"code (\S+)", process.stdout.readline()).group(1)
        self.assertEqual(self.provider.ask("POST", "/approve", user_code=code)[0], 204)
        self.assertEqual(process.wait(30), 0, process.stderr.read())

    def kept(self):
        """The login in its file."""
        path, = glob.glob(self.inside(".local/state/outlookfs/tokens/*.json"))
        return path, json.loads(contents(path))

    def expire(self):
        """As if an hour had passed."""
        path, login = self.kept()
        login["expires"] = login["obtained"] = 1
        with open(path, "w", encoding="utf-8") as file:
            json.dump(login, file)

    def status(self):
        return json.loads(self.run_it("status", "--json", self.mountpoint).stdout)

    def config(self):
        return contents(self.inside(".config/outlookfs/config")).decode()


class Device(LoginTest):
    """By a code that is typed elsewhere."""

    def test_from_nothing_to_a_mounted_mailbox(self):
        self.log_in()
        self.assertEqual(self.config(), "[flow]\nservice = connector\nclient-id = %s\ntenant = organizations\nurl = %s\n"
                         "login-url = %s\n" % (CLIENT, self.sandbox.url, self.provider.url))
        path, login = self.kept()
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700)
        self.mount("flow")
        self.assertEqual(len(self.names()), 3)
        line, = self.run_it("accounts").stdout.splitlines()
        for word in ("flow", "connector", self.mountpoint, "logged in"):
            self.assertIn(word, line)
        self.umount()
        self.assertIn("not mounted", self.run_it("accounts").stdout)
        self.assertEqual(self.run_it("logout", "flow").returncode, 0)
        self.assertFalse(os.path.exists(path))
        self.assertIn("outlookfs login flow", self.run_it("accounts").stdout)
        self.assertIn("[flow]", self.config())
        self.assertOneLine(self.mount("flow", status=1), "outlookfs login flow")

    def test_the_configuration_is_kept(self):
        os.makedirs(self.inside(".config/outlookfs"))
        os.symlink(self.file("dotfile", "# mine\nlist_ttl = 9\n[work]\nservice = graph\nclient-id = x", 0o640),
                   self.inside(".config/outlookfs/config"))
        self.log_in("flow", "--service", "connector", "--read-only")
        self.assertTrue(self.config().startswith("# mine\nlist_ttl = 9\n[work]\nservice = graph\nclient-id = x\n\n[flow]\n"))
        self.assertTrue(self.config().endswith("\nro = yes\n"))
        self.assertTrue(os.path.islink(self.inside(".config/outlookfs/config")))
        self.assertEqual(os.stat(self.inside("dotfile")).st_mode & 0o777, 0o640)
        done = self.run_it(*self.words("work"))
        self.assertOneLine(done, "[work] says client-id = x")
        self.log_in()                                       # again: no second section
        self.assertEqual(self.config().count("[flow]"), 1)

    def test_declined(self):
        process = self.begin("flow")                        # there is no display
        code = re.search(r"code (\S+)", process.stdout.readline()).group(1)
        self.provider.ask("POST", "/decline", user_code=code)
        self.assertEqual(process.wait(30), 1)
        self.assertEqual(process.stderr.read(), "outlookfs: the login was declined (End-User aborted interaction)\n")
        self.assertFalse(os.path.exists(self.inside(".config/outlookfs/config")))

    def test_no_client_id(self):
        done = self.run_it("login")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(len(done.stderr.splitlines()), range(3, 9))
        self.assertIn("--client-id", done.stderr)

    def scripted(self, *answers, **more):
        server = Scripted(*answers, **more)
        self.addCleanup(server.stop)
        return server

    def test_slow_down_and_broken_connections_go_on(self):
        server = self.scripted(PENDING, None, (503, "<html>busy</html>"), refusal("slow_down"), TOKENS)
        process = self.begin("flow", login_url=server.url)
        self.assertEqual(process.wait(40), 0, process.stderr.read())
        times = [at for at, _ in server.asked]
        self.assertEqual(len(times), 5)
        self.assertGreaterEqual(times[4] - times[3], 6)     # 5 s more
        self.assertEqual({form["device_code"] for _, form in server.asked}, {"the-device-code"})

    def test_words_of_the_login_server(self):
        logins = []
        for answer, *says in (
                (refusal("expired_token"), "expired"),
                (refusal("authorization_declined"), "declined"),
                (refusal("invalid_grant", "AADSTS65001: The user or administrator has not consented\r\nTrace ID: 1"), "AADSTS65001"),
                (refusal("access_denied", "AADSTS53003: blocked by Conditional Access"), "AADSTS53003", "browser"),
                (refusal("invalid_client", "AADSTS7000218: The request body must contain"), "AADSTS7000218", "public client flows"),
                (refusal("unauthorized_client", "AADSTS700016: Application not found"), "AADSTS700016", "--client-id"),
                (refusal("interaction_required", "AADSTS50076: MFA"), "AADSTS50076", "second factor"),
                (refusal("something_new", "AADSTS123456: Never seen\r\nTrace ID: 2"), "AADSTS123456: Never seen")):
            logins.append((self.begin("flow", login_url=self.scripted(PENDING, answer).url), says))
        for process, says in logins:
            with self.subTest(says=says):
                self.assertEqual(process.wait(30), 1)
                error = process.stderr.read()
                self.assertEqual(len(error.splitlines()), 1, error)
                self.assertNotIn("Trace", error)
                for word in says:
                    self.assertIn(word, error)

    def test_a_code_nobody_enters(self):
        begin = Scripted(PENDING).begin
        begin[1]["expires_in"] = 2
        process = self.begin("flow", login_url=self.scripted(PENDING, begin=begin).url)
        self.assertEqual(process.wait(30), 1)
        self.assertIn("in time", process.stderr.read())

    def test_no_login_server(self):
        server = Scripted(PENDING)
        server.stop()
        self.assertOneLine(self.run_it(*self.words("flow", login_url=server.url)), "127.0.0.1")
        portal = self.scripted(PENDING, begin=(200, "<html>Welcome to the hotel</html>"))
        self.assertOneLine(self.run_it(*self.words("flow", login_url=portal.url)), "makes no sense", "page")


class Browser(LoginTest):
    """By the browser of this machine, which is a command of the test."""

    def browser(self, text):
        """$BROWSER: a script that gets the address as $1."""
        self.file("browser", "#!/bin/sh\nexec >> %s 2>&1\n%s\n" % (self.inside("browser.log"), text), 0o755)
        return {"DISPLAY": ":7", "BROWSER": "no-such-browser:%s %%s" % self.inside("browser")}

    def page(self):
        return contents(self.inside("browser.log")).decode() if os.path.exists(self.inside("browser.log")) else ""

    def test_logs_in(self):
        process = self.begin("flow", **self.browser('curl -sSL -c %s/jar -b %s/jar "$1"' % (self.dir, self.dir)))
        self.assertEqual(process.wait(30), 0, process.stderr.read())
        wait_for(lambda: "Thank you" in self.page(), self.page)
        self.assertIn("/organizations/oauth2/v2.0/authorize?", process.stdout.read())
        self.assertTrue(self.kept()[1]["refresh_token"])
        self.mount("flow")
        self.assertEqual(len(self.names()), 3)
        self.umount()

    def redirect(self, address, **answer):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        target = urllib.parse.urlsplit(query["redirect_uri"])
        answer.setdefault("state", query["state"])
        return target.port, "/?" + urllib.parse.urlencode(answer), query

    def get(self, port, path, host="127.0.0.1"):
        connection = http.client.HTTPConnection(host, port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def address(self):
        wait_for(lambda: self.page().startswith("http"), "the browser is there")
        return self.page().splitlines()[0]

    def test_another_state_is_not_taken(self):
        process = self.begin("flow", **self.browser('echo "$1"'))
        port, path, query = self.redirect(self.address(), state="another", code="stolen")
        self.assertEqual(query["code_challenge_method"], "S256")
        status, page = self.get(port, path)
        self.assertEqual(status, 400)
        self.assertIn("goes on waiting", page)
        self.assertEqual(self.get(port, "/favicon.ico")[0], 404)
        self.assertIsNone(process.poll())
        port, path, _ = self.redirect(self.address(), error="access_denied", error_description="AADSTS65004: <b>declined</b>")
        status, page = self.get(port, path, "::1")          # a browser may look localhost up as either
        self.assertEqual(status, 200)
        self.assertIn("&#60;b&#62;declined", page)
        self.assertEqual(process.wait(30), 1)
        self.assertIn("AADSTS65004", process.stderr.read())

    def test_a_code_that_is_none(self):
        process = self.begin("flow", **self.browser('echo "$1"'))
        port, path, _ = self.redirect(self.address(), code="made-up")
        self.assertEqual(self.get(port, path)[0], 200)
        self.assertEqual(process.wait(30), 1)
        self.assertEqual(len(process.stderr.read().splitlines()), 1)

    def test_device_code_on_request(self):
        process = self.begin("flow", "--device-code", **self.browser('echo "$1"'))
        self.assertIn("enter the code", process.stdout.readline())
        process.kill()
        self.assertEqual(self.page(), "")


class Renewal(LoginTest):
    """Of a login that a mount uses."""

    def logged_in(self):
        self.log_in()
        return len(self.provider.grants("refresh_token"))

    def test_rotates(self):
        before = self.logged_in()
        first = self.kept()[1]["refresh_token"]
        self.expire()
        self.mount("flow")
        self.assertEqual(len(self.names()), 3)
        self.assertNotEqual(self.kept()[1]["refresh_token"], first)
        self.assertEqual(len(self.provider.grants("refresh_token")), before + 1)
        self.umount()
        self.mount("flow")                                  # it is fresh: nothing is renewed
        self.umount()
        self.assertEqual(len(self.provider.grants("refresh_token")), before + 1)

    def test_a_401_renews_once(self):
        before = self.logged_in()
        self.mount("flow", "-o", "list_ttl=0")
        self.sandbox.fault(status=401, count=1)
        self.assertEqual(len(self.names()), 3)
        self.assertEqual(len(self.provider.grants("refresh_token")), before + 1)
        self.assertTrue(self.status()["authorised"])
        self.umount()

    def test_many_processes_at_once(self):
        """The second use of a refresh token would end the login."""
        before = self.logged_in()
        self.expire()
        mounts = [self.inside("m%d" % i) for i in range(4)]
        for path in mounts:
            os.mkdir(path)
            self.addCleanup(self.clean_up, path)
        processes = [subprocess.Popen([self.program, "mount", "--state-dir", path + ".state", "--cache-dir", path + ".cache", "flow",
                                       path], env=self.environment, stderr=subprocess.PIPE, text=True) for path in mounts]
        for process in processes:
            self.assertEqual(process.wait(60), 0, process.stderr.read())
            process.stderr.close()
        self.assertEqual([g["status"] for g in self.provider.grants("refresh_token")[before:]], [200])
        for path in mounts:
            self.assertEqual(len(os.listdir(os.path.join(path, "contacts/Contacts"))), 3)
            self.assertEqual(self.run_it("umount", path).returncode, 0)

    def test_revoked_and_mended(self):
        """The cache is served, the dead token is asked with once, and a new login is noticed by an idle mount."""
        before = self.logged_in()
        self.mount("flow", "-o", "list_ttl=0")
        self.assertEqual(len(self.names()), 3)
        self.provider.ask("POST", "/revoke")
        self.sandbox.fault(status=401, count=0)
        for _ in range(5):
            self.assertEqual(len(self.names()), 3)
        status = self.status()
        self.assertFalse(status["authorised"])
        self.assertIn("outlookfs login flow", status["refusal"])
        done = self.run_it("status", self.mountpoint)
        self.assertIn("outlookfs login flow", done.stdout)
        self.assertEqual(done.returncode, 2)
        log = contents(self.path(".outlookfs/log")).decode()
        self.assertEqual(log.count("warn: not authorised"), 1, log)
        self.assertIn("outlookfs login flow", self.run_it("accounts").stdout)
        self.assertEqual(len(self.provider.grants("refresh_token")), before + 1)
        self.sandbox.clear_faults()
        self.log_in()
        wait_for(lambda: self.status()["authorised"], "noticed", 3)
        self.assertEqual(self.run_it("status", self.mountpoint).returncode, 0)
        self.assertIn("authorised again", contents(self.path(".outlookfs/log")).decode())
        self.umount()

    def test_a_network_error_is_no_logout(self):
        self.logged_in()
        self.mount("flow", "-o", "list_ttl=0")
        path, login = self.kept()
        self.provider.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.provider.process.send_signal, signal.SIGCONT)
        login["obtained"] = int(time.time()) - 3500         # due, and good for a while
        login["expires"] = int(time.time()) + 90
        with open(path, "w", encoding="utf-8") as file:
            json.dump(login, file)
        threading.Timer(2, self.provider.process.send_signal, [signal.SIGCONT]).start()
        self.assertEqual(len(self.names()), 3)
        self.assertTrue(self.status()["authorised"])
        self.umount()

    def test_logout_is_noticed(self):
        self.logged_in()
        self.mount("flow", "-o", "list_ttl=0")
        self.assertEqual(len(self.names()), 3)
        self.assertEqual(self.run_it("logout", "flow").returncode, 0)
        self.assertEqual(self.run_it("logout", "flow").returncode, 1)
        self.assertEqual(len(self.names()), 3)
        wait_for(lambda: not self.status()["authorised"], "noticed")
        self.umount()

    def test_readable_by_others(self):
        self.logged_in()
        path, _ = self.kept()
        os.chmod(path, 0o644)
        self.assertOneLine(self.mount("flow", status=1), "chmod 600 " + path)


class Graph(LoginTest):
    """An account over Graph, with the sandbox's login server: its tokens are what the mailbox takes, and nothing else."""
    TOKEN = "the-operator's"

    @classmethod
    def start_provider(cls):
        return OwnLogin(cls.sandbox)

    def setUp(self):
        super().setUp()
        self.provider.option(interval=1, accessSeconds=3600, rotation="strict")
        self.addCleanup(lambda: self.assertEqual(self.sandbox.control("GET", "/violations"), []))

    def words(self, *words, login_url=None):
        return ["login", *words, "--client-id", CLIENT, "--tenant", "organizations", "--service", "graph", "--url",
                self.graph_url(), "--login-url", login_url or self.provider.url]

    def graph_url(self):
        return self.provider.url + "/v1.0"

    def test_from_nothing_to_a_mounted_mailbox(self):
        self.log_in()
        self.assertEqual(self.config(), "[flow]\nservice = graph\nclient-id = %s\ntenant = organizations\nurl = %s/v1.0\n"
                         "login-url = %s\n" % (CLIENT, self.provider.url, self.provider.url))
        self.mount("flow")
        self.assertTrue(self.names())
        line, = self.run_it("accounts").stdout.splitlines()
        for word in ("flow", "graph", "robin.berger@contoso.com", self.mountpoint, "logged in"):
            self.assertIn(word, line)
        done = self.run_it("doctor", "flow")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.umount()

    def test_a_cloud_of_ones_own(self):
        """Login and Graph have names of their own there, as in a national cloud; tokens go to no other."""
        own = {"login": "http://127.0.0.1:%d" % self.sandbox.port, "graph": "http://localhost:%d/v1.0" % self.sandbox.port}
        self.provider = OwnLogin(self.sandbox)
        self.provider.url, self.graph_url = own["login"], lambda: own["graph"]
        self.log_in()
        self.assertIn("url = %(graph)s\nlogin-url = %(login)s\n" % own, self.config())
        self.mount("flow", "-o", "list_ttl=0")
        self.assertTrue(self.names())
        self.expire()
        self.umount()
        self.mount("flow")
        self.assertTrue(self.names())
        self.assertTrue(self.status()["authorised"])
        done = self.run_it("doctor", "flow")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.umount()

    def test_who_it_is_cannot_be_asked(self):
        """The login is good; what a mount would say of the connection is not said."""
        words = self.words
        self.words = lambda *given, **more: [*words(*given, **more), "--url", "http://127.0.0.1:1/v1.0"]
        process = self.begin("away", "--device-code")
        code = re.search(r"code (\S+)", process.stdout.readline()).group(1)
        self.assertEqual(self.provider.ask("POST", "/approve", user_code=code)[0], 204)
        self.assertEqual(process.wait(30), 0)
        self.assertEqual(process.stderr.read(), "")
        self.assertIn("Logged in.", process.stdout.read())

    def test_declined(self):
        process = self.begin("flow", "--device-code")
        self.provider.ask("POST", "/decline", user_code=re.search(r"code (\S+)", process.stdout.readline()).group(1))
        self.assertEqual(process.wait(30), 1)
        self.assertRegex(process.stderr.read(), r"^outlookfs: [^\n]*declined[^\n]*\n$")
        self.assertFalse(os.path.exists(self.inside(".config/outlookfs/config")))

    def test_slow_down(self):
        self.provider.option(slowDown=1)
        self.log_in()

    def test_an_access_token_that_expires(self):
        """In the middle of the listings of a mount; each refresh token is used once, or the grant would end."""
        self.provider.option(accessSeconds=3)
        self.log_in()
        first = self.kept()[1]["refresh_token"]
        self.mount("flow", "-o", "list_ttl=0")
        wait_for(lambda: self.names() and self.kept()[1]["refresh_token"] != first, "renewed")
        second = self.kept()[1]["refresh_token"]
        wait_for(lambda: self.names() and self.kept()[1]["refresh_token"] not in (first, second), "renewed again")
        self.assertTrue(self.status()["authorised"])
        self.umount()

    def test_revoked_and_mended(self):
        self.log_in()
        self.mount("flow", "-o", "list_ttl=0")
        names = self.names()
        self.provider.ask("POST", "/revoke")
        wait_for(lambda: self.names() == names and not self.status()["authorised"], "noticed")
        self.assertIn("outlookfs login flow", self.status()["refusal"])
        mark = self.sandbox.log()[-1]["n"]
        for _ in range(10):                                     # neither what is cached nor what was never listed
            self.assertEqual(self.names(), names)
            self.assertRaises(OSError, os.listdir, self.path("mail/Inbox"))
        self.assertEqual([line["operation"] for line in self.sandbox.log(mark)], [])
        self.log_in()
        wait_for(lambda: self.status()["authorised"], "mended")
        self.assertEqual(self.names(), names)
        self.umount()

    def test_a_missing_scope_is_named(self):
        self.log_in("flow", "--read-only")
        self.mount("flow")
        self.umount()
        config = self.config().replace("ro = yes\n", "")
        with open(self.inside(".config/outlookfs/config"), "w", encoding="utf-8") as file:
            file.write(config)
        done = self.run_it("doctor", "flow")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("Mail.ReadWrite", done.stdout)


class Doctor(LoginTest):
    """The chain from this machine to the mailbox."""

    def doctor(self, *words, status=0):
        done = self.run_it("doctor", "--json", *words, cwd=self.inside(""))
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["ok"], status == 0)
        return {link["link"]: link for link in answer["links"]}

    def test_all_is_well_beside_a_mount(self):
        self.log_in()
        self.mount("flow")
        before = len(self.provider.grants("refresh_token"))
        for words in (["flow"], [], [self.mountpoint], [os.path.basename(self.mountpoint)]):
            links = self.doctor(*words)
            for name in ("configuration", "/dev/fuse", "state", "cache", "other mounts", "network", "clock", "login host", "login",
                         "service", "mail", "contacts", "calendars"):
                self.assertIn(name, links)
        self.assertIn("is mounted", links["mount point"]["text"])
        lines = self.run_it("doctor", "flow").stdout.splitlines()
        self.assertEqual({line.split()[0] for line in lines}, {"OK"})
        self.assertEqual(len(self.provider.grants("refresh_token")), before)
        self.assertEqual(len(self.names()), 3)
        self.umount()

    def test_what_is_wrong_is_named(self):
        self.assertFalse(self.doctor(status=1)["configuration"]["ok"])
        self.log_in()
        path, login = self.kept()
        login["granted"] = "offline_access Mail.Read"
        text = contents(path)
        self.file(".config/outlookfs/config", self.config().replace("service = connector", "service = graph"))
        self.log_in()                                       # of another resource: a login of its own
        other = (set(glob.glob(os.path.join(os.path.dirname(path), "*.json"))) - {path}).pop()
        kept = dict(json.loads(contents(other)), granted="offline_access User.Read Mail.Read")
        with open(other, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        self.assertIn("Mail.ReadWrite, Mail.Send", self.doctor("flow", status=1)["login"]["text"])
        self.file(".config/outlookfs/config", self.config().replace("service = graph", "service = connector"))
        self.assertEqual(contents(path), text)
        self.sandbox.fault(status=404, count=0)
        self.assertIn("404", self.doctor("flow", status=1)["service"]["text"])
        self.sandbox.clear_faults()
        os.mkdir(self.inside("full"))
        self.file("full/x", "")
        self.assertIn("not empty", self.doctor(self.inside("full"), status=1)["mount point"]["text"])
        self.run_it("logout", "flow")
        self.assertIn("outlookfs login flow", self.doctor("flow", status=1)["login"]["text"])


class ShortLife(LoginTest):
    """Tokens that expire while they are used."""
    PROVIDER = ("--access-seconds", "4")

    def test_in_the_middle(self):
        self.log_in()
        self.mount("flow", "-o", "list_ttl=0")
        until = time.monotonic() + 9
        while time.monotonic() < until:
            self.assertEqual(len(self.names()), 3)
            time.sleep(0.2)
        grants = self.provider.grants("refresh_token")
        self.assertGreaterEqual(len(grants), 2)
        self.assertEqual({g["status"] for g in grants}, {200})
        self.assertTrue(self.status()["authorised"])
        self.umount()


class Configuration(LoginTest):
    """Accounts in the configuration."""

    def write(self, text):
        os.makedirs(self.inside(".config/outlookfs"), exist_ok=True)
        return self.file(".config/outlookfs/config", text)

    def test_accounts(self):
        self.write("list_ttl = 4\n[one]\nurl = %s\ntoken-file = ~/token\n[two]\nclient-id = 1\n[three]\nservice = graph\n"
                   "token-command = echo x\n" % self.sandbox.url)
        lines = self.run_it("accounts").stdout.splitlines()
        self.assertEqual([line.split()[:2] for line in lines],
                         [["one", "connector"], ["two", "graph"], ["three", "graph"]])
        self.assertIn("token file", lines[0])
        self.assertIn("outlookfs login two", lines[1])

    def test_mistakes(self):
        for text, line, key in (("[work]\nclient_id = x\n", 2, "client_id"), ("list_ttl = x\n", 1, "list_ttl"),
                                ("\n[work]\nurl = u\nservice = both\n", 4, "service"), ("[a b]\n", 1, "[a b]")):
            path = self.write(text)
            for command in (["accounts"], ["mount", self.mountpoint], ["login", "--client-id", "x"]):
                with self.subTest(text=text, command=command):
                    self.assertOneLine(self.run_it(*command), "%s:%d:" % (path, line), key)

    def test_command_line_account_general(self):
        self.write("mount = %s\nrate = 77\n[one]\nurl = %s\ntoken-file = ~/token\nrate = 78\nro = yes\n"
                   % (self.mountpoint, self.sandbox.url))
        self.assertEqual(self.run_it("mount").returncode, 0)
        self.assertEqual((self.status()["budget"]["rate"], self.status()["read_only"]), (78, True))
        self.umount()
        self.mount("-o", "rate=79,rw", "one")
        self.assertEqual((self.status()["budget"]["rate"], self.status()["read_only"]), (79, False))
        self.umount()


def load_tests(loader, unused, pattern):
    """The ones of this file, not those of test_commands."""
    suite = unittest.TestSuite()
    for case in (Device, Browser, Renewal, Graph, Doctor, ShortLife, Configuration):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    main()
