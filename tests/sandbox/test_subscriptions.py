"""Mails with options: subscribing, the mail, answering, the notification, unsubscribing."""
import http.server
import json
import re
import tempfile
import threading
import time
from urllib.parse import urlsplit

from sandbox import Sandbox, SandboxTest, main

OWNER = "robin.berger@contoso.com"
MANAGED = re.compile(r"https://logic-apis-[a-z]+\.azure-apim\.net/apim/office365/[0-9a-f]{32}(/.*)")
PATHS = {"SendMailWithOptions": "/mailwithoptions/$subscriptions", "SendApprovalMail": "/approvalmail/$subscriptions"}


class Listener:
    """Takes notifications on loopback: .calls are (path, headers, body); .statuses are answered in turn, then 200.

    No answer is given while .open is cleared."""

    def __init__(self):
        listener = self
        self.calls, self.statuses = [], []
        self.changed = threading.Condition()
        self.open = threading.Event()
        self.open.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with listener.changed:
                    status = listener.statuses.pop(0) if listener.statuses else 200
                    listener.calls.append((self.path, self.headers, json.loads(body)))
                    listener.changed.notify_all()
                listener.open.wait(30)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:  # who asked is gone
                    pass

            do_GET = do_POST

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = "http://127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.calls) >= count, 30):
                raise AssertionError("%d notifications of %d came" % (len(self.calls), count))
            return self.calls[-1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Base(SandboxTest):
    OPTIONS = ("--seed", "messages=2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.listener = Listener()

    @classmethod
    def tearDownClass(cls):
        cls.listener.close()
        super().tearDownClass()

    def subscribe(self, kind="SendApprovalMail", url=None, **message):
        members = {"To": OWNER, "Subject": "Subject " + self.id()}
        members.update(message)
        return self.sb.post(PATHS[kind], {"NotificationUrl": url or self.listener.url + "/told?n=1",
                                          "Message": members})

    def subscribed(self, *args, **more):
        answer = self.subscribe(*args, **more)
        self.assertStatus(answer, 201)
        return answer.json()["id"]

    def subscription(self, id):
        return next(s for s in self.sb.control("GET", "/subscriptions") if s["id"] == id)

    def delivered(self, id, state="delivered"):
        """The subscription once its delivery got that far."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = self.subscription(id)
            if found["delivery"]["state"] == state:
                return found
            time.sleep(0.05)
        raise AssertionError("the delivery is %s" % found["delivery"])

    def respond(self, id, option, method="GET", more=""):
        return self.sb._send(method, self.subscription(id)["options"][option]["link"] + more,
                             b"" if method == "POST" else None, {})


class Subscribing(Base):
    def test_answer(self):
        for kind, path in PATHS.items():
            answer = self.subscribe(kind)
            self.assertStatus(answer, 201)
            body = answer.json()
            self.assertEqual(list(body), ["id", "resource", "notificationType", "notificationUrl"])
            self.assertEqual((body["notificationType"], body["notificationUrl"]),
                             ("webhook", self.listener.url + "/told?n=1"))
            self.assertEqual(MANAGED.fullmatch(body["resource"]).group(1), path)
            self.assertEqual(MANAGED.fullmatch(answer.headers["Location"]).group(1), path + "/" + body["id"])
            self.assertNotIn(self.sb.base, answer.headers["Location"])

    def test_defaults(self):
        for kind, subject, options in (
                ("SendMailWithOptions", "Your input is required", ["Choice1", "Choice2", "Choice3"]),
                ("SendApprovalMail", "Approval Request", ["Approve", "Reject"])):
            found = self.subscription(self.subscribed(kind, Subject=None))
            self.assertEqual((found["subject"], [o["text"] for o in found["options"]]), (subject, options))
            self.assertEqual((found["operation"], found["folder"], found["answer"], found["delivery"]["state"]),
                             (kind, "Inbox", None, "none"))

    def test_the_mail(self):
        id = self.subscribed(To="ann@fabrikam.com; bob@fabrikam.com", Subject="A <b>", Body="<p>Hello &amp; bye</p>",
                             HeaderText="Head <1>", SelectionText="Which?", Options=" yes , <no>,, per haps ",
                             Importance="High", Attachments=[{"Name": "a.txt", "ContentBytes": "aGVsbG8="}])
        found = self.subscription(id)
        self.assertEqual([o["text"] for o in found["options"]], ["yes", "<no>", "per haps"])
        mail = self.sb.record("message", found["message"])
        self.assertEqual((mail["To"], mail["Subject"], mail["IsHtml"], mail["IsRead"], mail["Importance"]),
                         ("ann@fabrikam.com;bob@fabrikam.com", "A <b>", True, False, 2))
        self.assertEqual([a["Name"] for a in mail["Attachments"]], ["a.txt"])
        for text in ("<p>Hello &amp; bye</p>", "Head &lt;1&gt;", "Which?", ">yes</a>", ">&lt;no&gt;</a>"):
            self.assertIn(text, mail["Body"])
        links = re.findall('href="([^"]+)"', mail["Body"])
        origin = "http://%s:%d" % (self.sb.host, self.sb.port)
        self.assertEqual(links, [origin + o["link"] for o in found["options"]])
        self.assertEqual(len({o["sig"] for o in found["options"]}), 3)
        self.assertTrue(all(re.fullmatch("[0-9a-f]{64}", o["sig"]) for o in found["options"]))

    def test_refusals_send_nothing(self):
        before = len(self.sb.records("message"))
        for body in ({}, {"NotificationUrl": "http://127.0.0.1:1/"}, {"Message": {"To": OWNER}},
                     {"NotificationUrl": None, "Message": {"To": OWNER}}, {"NotificationUrl": 5, "Message": {"To": OWNER}},
                     {"NotificationUrl": "http://127.0.0.1:1/", "Message": "text"}):
            with self.subTest(body):
                self.assertStatus(self.sb.post(PATHS["SendApprovalMail"], body), 400)
        for members in ({"To": None}, {"To": ""}, {"To": "nobody"}, {"To": [OWNER]}, {"Subject": 1}, {"Options": ["a"]},
                        {"Options": " , "}, {"Options": ",".join(["x"] * 101)}, {"Importance": "urgent"},
                        {"Importance": 1}, {"HideHTMLMessage": "yes"}, {"ShowHTMLConfirmationDialog": 1},
                        {"UseOnlyHTMLMessage": "true"}, {"Body": {}}, {"HeaderText": 1}, {"Attachments": {}},
                        {"Attachments": [{"Name": "x"}]}):
            with self.subTest(members):
                self.assertStatus(self.subscribe(**members), 400)
        self.assertStatus(self.sb.post(PATHS["SendApprovalMail"], b"{}", headers={"Content-Type": "text/plain"}), 415)
        self.assertEqual(len(self.sb.records("message")), before)
        self.subscribed(Options=",".join("x%d" % i for i in range(100)))

    def test_only_loopback_is_told(self):
        for url in ("https://127.0.0.1/", "http://example.org/", "http://10.0.0.1/", "http://128.0.0.1/", "ftp://127.0.0.1/",
                    "http://127.0.0.1@example.org/", "http://user@127.0.0.1/", "http://127.0.0.1.example.org/",
                    "http://127.1/", "http://[::2]/", "http://127.0.0.1:0/", "http://127.0.0.1:65536/",
                    "http://127.0.0.1:x/", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "http://", "h", "",
                    "http://127.0.0.1/\u00fc", "http://" + 100 * "1" + "/"):
            with self.subTest(url):
                answer = self.sb.post(PATHS["SendApprovalMail"], {"NotificationUrl": url, "Message": {"To": OWNER}})
                self.assertStatus(answer, 400)
                if url:
                    self.assertIn("loopback", answer.json()["error"]["message"])
        for url in ("http://localhost:1/", "http://127.9.8.7:1", "http://[::1]:1/?q", "http://127.0.0.1#x"):
            self.subscribed(url=url)


class Answering(Base):
    def test_a_link_of_the_mail_tells_no_name(self):
        id = self.subscribed()
        before = len(self.listener.calls)
        answer = self.respond(id, 1)
        self.assertStatus(answer, 200)
        self.assertIn("text/html", answer.headers["Content-Type"])
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        path, headers, body = self.listener.wait(before + 1)
        self.assertEqual(path, "/told?n=1")
        self.assertEqual(body, {"SelectedOption": "Reject", "UserEmailAddress": None, "UserTenantId": None, "UserId": None})
        self.assertEqual(headers["Host"], "127.0.0.1:%d" % self.listener.port)
        self.assertTrue(headers["Content-Type"].startswith("application/json"))
        found = self.delivered(id)
        self.assertEqual((found["answer"]["option"], found["answer"]["byLink"]), ("Reject", True))
        self.assertEqual((found["delivery"]["attempts"], found["delivery"]["status"]), (1, 200))

    def test_the_page_tells_who_answered(self):
        id = self.subscribed("SendMailWithOptions", Options="Größe 1, b")
        before = len(self.listener.calls)
        self.assertStatus(self.respond(id, 0, "POST"), 200)
        body = self.listener.wait(before + 1)[2]
        self.assertEqual((body["SelectedOption"], body["UserEmailAddress"]), ("Größe 1", OWNER))
        self.assertTrue(body["UserTenantId"] and body["UserId"])

    def test_the_first_answer_stays(self):
        id = self.subscribed()
        before = len(self.listener.calls)
        self.assertStatus(self.respond(id, 0), 200)
        for method in ("GET", "POST"):
            answer = self.respond(id, 1, method)
            self.assertStatus(answer, 409)
            self.assertIn("“Approve”", answer.body.decode())
        self.assertEqual(self.delivered(id)["answer"]["option"], "Approve")
        # Deliveries go out in turn: a second one of this subscription would come before the next.
        other = self.subscribed()
        self.respond(other, 0)
        self.delivered(other)
        self.assertEqual(len(self.listener.calls), before + 2)

    def test_wrong_links(self):
        id = self.subscribed()
        first, second = (urlsplit(o["link"]).query.split("&") for o in self.subscription(id)["options"])
        for query in ("", first[0], first[1], first[0] + "&sig=", first[0] + "&" + second[1], "state=%20&" + first[1],
                      "state=e30%3D&" + first[1], first[0] + "&" + first[1][:-1], "state=W10%3D&sig=x"):
            with self.subTest(query):
                self.assertStatus(self.sb._send("GET", "/RecordResponse?" + query, None, {}), 403)
        self.assertIsNone(self.subscription(id)["answer"])

    def test_below_the_base_too(self):
        id = self.subscribed()
        link = self.subscription(id)["options"][0]["link"]
        self.assertStatus(self.sb.get(link), 200)
        self.delivered(id)

    def test_a_confirmation_where_the_sender_wants_one(self):
        id = self.subscribed(ShowHTMLConfirmationDialog=True)
        answer = self.respond(id, 0)
        self.assertStatus(answer, 200)
        self.assertIn("<form", answer.body.decode())
        self.assertIsNone(self.subscription(id)["answer"])
        self.assertStatus(self.respond(id, 0, more="&confirmed=true"), 200)
        self.assertEqual(self.delivered(id)["answer"]["option"], "Approve")

    def test_three_tries(self):
        self.listener.statuses[:] = [500, 503]
        id = self.subscribed()
        self.respond(id, 0)
        found = self.delivered(id)
        self.assertEqual((found["delivery"]["attempts"], found["delivery"]["status"]), (3, 200))
        self.listener.statuses[:] = [500, 500, 404]
        id = self.subscribed()
        self.respond(id, 0)
        found = self.delivered(id, "failed")
        self.assertEqual((found["delivery"]["attempts"], found["delivery"]["status"]), (3, 404))

    def test_nobody_listens(self):
        deaf = Listener()
        deaf.close()
        id = self.subscribed(url=deaf.url)
        self.respond(id, 0)
        found = self.delivered(id, "failed")
        self.assertEqual(found["delivery"]["attempts"], 3)
        self.assertIn("refused", found["delivery"]["error"])


class Unsubscribing(Base):
    def test_once(self):
        for kind, other in (("SendApprovalMail", "SendMailWithOptions"), ("SendMailWithOptions", "SendApprovalMail")):
            id = self.subscribed(kind)
            self.assertStatus(self.sb.delete(PATHS[other] + "/" + id), 404)
            answer = self.sb.delete(PATHS[kind] + "/" + id)
            self.assertStatus(answer, 200)
            self.assertEqual(answer.body, b"")
            answer = self.sb.delete(PATHS[kind] + "/" + id)
            self.assertStatus(answer, 404)
            self.assertEqual(answer.code, "ErrorItemNotFound")
        self.assertStatus(self.sb.delete(PATHS["SendApprovalMail"] + "/nothing"), 404)

    def test_links_become_void(self):
        id = self.subscribed()
        self.sb.delete(PATHS["SendApprovalMail"] + "/" + id)
        self.assertStatus(self.respond(id, 0), 410)
        found = self.subscription(id)
        self.assertEqual((found["deleted"], found["answer"], found["delivery"]["state"]), (True, None, "none"))
        self.assertIsNotNone(self.sb.record("message", found["message"]))

    def test_after_the_answer(self):
        id = self.subscribed()
        self.respond(id, 0)
        self.delivered(id)
        self.assertStatus(self.sb.delete(PATHS["SendApprovalMail"] + "/" + id), 200)
        self.assertStatus(self.respond(id, 0), 409)


class Tokens(Base):
    TOKEN = "s3cret"

    def test_subscribing_needs_one_and_answering_does_not(self):
        id = self.subscribed()
        answer = self.sb.post(PATHS["SendApprovalMail"], {}, headers={"Authorization": "Bearer wrong"})
        self.assertStatus(answer, 401)
        self.assertStatus(self.respond(id, 0), 200)
        self.delivered(id)


class Restart(Base):
    def test_everything_survives(self):
        with tempfile.TemporaryDirectory() as directory:
            options = ("--db", directory + "/mailbox.db", "--seed", "messages=1")
            listener = Listener()
            body = {"NotificationUrl": listener.url + "/x", "Message": {"To": OWNER}}
            listener.open.clear()
            with Sandbox(self.build_dir, *options) as sb:
                pending, waiting = (sb.post(PATHS["SendApprovalMail"], body).json()["id"] for _ in range(2))
                by_id = {s["id"]: s for s in sb.control("GET", "/subscriptions")}
                sb._send("GET", by_id[pending]["options"][0]["link"], None, {})
                listener.wait(1)
            # Stopped while it waited for an answer: it is told again.
            listener.open.set()
            before = len(listener.calls)
            with Sandbox(self.build_dir, *options) as sb:
                self.assertEqual(listener.wait(before + 1)[2]["SelectedOption"], "Approve")
                answer = sb._send("GET", by_id[waiting]["options"][1]["link"], None, {})
                self.assertStatus(answer, 200)
                self.assertEqual(listener.wait(before + 2)[2]["SelectedOption"], "Reject")
            listener.close()


if __name__ == "__main__":
    main()
