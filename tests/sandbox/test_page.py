"""The web page, in a real browser: reading mail, answering an approval, and what a mail must not do."""

import time

from browser import Browser
from sandbox import SandboxTest, main
from test_subscriptions import Listener

OWNER = "robin.berger@contoso.com"
READY = "document.querySelector('#messages button')"
# The i-th message of the list, from 1.
LINE = "#messages li:nth-child(%d) button"


class Page(SandboxTest):
    VIOLATIONS = ("no such operation",)

    OPTIONS = ("--seed", "messages=3")
    TOKEN = "s3cret"  # the page needs none

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.origin = "http://%s:%d" % (cls.sb.host, cls.sb.port)
        cls.listener = Listener()
        cls.browser = Browser()
        try:
            cls.browser.__enter__()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.listener.close()
        super().tearDownClass()

    def setUp(self):
        self.browser.problems.clear()
        self.browser.resize(1000, 700)

    def show(self):
        """Loads the page anew."""
        self.browser.open("about:blank")
        self.browser.open(self.origin + "/")
        self.browser.wait(READY)

    def wait_text(self, selector, text):
        self.browser.wait("(document.querySelector(%r) || {}).textContent === %r" % (selector, text))

    def open_first(self, subject):
        self.wait_text((LINE % 1) + " .subject", subject)
        self.browser.click(LINE % 1)
        self.wait_text("#subject", subject)

    def approval(self, subject, **members):
        message = dict({"To": OWNER, "Subject": subject, "Options": "Approve, Reject", "Body": "<p>Please</p>"},
                       **members)
        answer = self.sb.post("/approvalmail/$subscriptions",
                              {"NotificationUrl": self.listener.url + "/told", "Message": message})
        self.assertStatus(answer, 201)
        return answer.json()["id"]

    def assertNoProblems(self):
        self.assertEqual(self.browser.problems, [])

    def test_lists_the_mailbox(self):
        self.sb.create("message", {"Subject": "plain & <b>simple</b>", "IsHtml": False, "Body": "1 < 2\nline",
                                   "From": "ann@fabrikam.com"})
        self.show()
        names = self.browser.value("[...document.querySelectorAll('#folders .name')].map((e) => e.textContent)")
        for name in ("Inbox", "Support", "Sent Items", "Projects 2026/2027"):
            self.assertIn(name, names)
        listed = self.browser.value("[...document.querySelectorAll('#messages .subject')].map((e) => e.textContent)")
        stored = sorted(self.sb.records("message", "Inbox"), key=lambda m: m["DateTimeReceived"], reverse=True)
        self.assertEqual(len(listed), len(stored))
        self.assertEqual(listed[0], "plain & <b>simple</b>")
        bold = "getComputedStyle(document.querySelector('%s .subject')).fontWeight >= 600" % (LINE % 1)
        self.assertTrue(self.browser.value(bold))
        self.open_first("plain & <b>simple</b>")
        self.wait_text("#reader pre", "1 < 2\nline")
        self.browser.wait("!(%s)" % bold)  # read now, here and in the mailbox
        self.assertTrue(next(m for m in self.sb.records("message", "Inbox") if m["Subject"] == listed[0])["IsRead"])
        self.assertNoProblems()

    def test_folders_and_the_address(self):
        self.show()
        self.browser.click("#folders li:nth-child(2) button")
        self.wait_text("#list-title", "Inbox/Support")
        self.browser.click(LINE % 1)
        self.browser.wait("document.querySelector('#subject')")
        subject = self.browser.value("document.querySelector('#subject').textContent")
        self.browser.value("location.reload()")
        self.browser.wait("document.readyState === 'complete'")
        self.wait_text("#subject", subject)
        self.wait_text("#list-title", "Inbox/Support")
        self.browser.value("history.back()")
        self.browser.wait("!document.querySelector('#subject')")
        self.assertNoProblems()

    def test_new_mail_shows_up(self):
        self.show()
        self.sb.create("message", {"Subject": "arrives while looking"})
        self.wait_text((LINE % 1) + " .subject", "arrives while looking")

    def test_approval(self):
        before = len(self.listener.calls)
        id = self.approval("Order 4711", SelectionText="Approve the order?")
        self.show()
        self.open_first("Order 4711")
        self.wait_text("#approval h3", "Approve the order?")
        self.wait_text("#approval button:first-child", "Approve")
        self.browser.click("#approval button:first-child")
        body = self.listener.wait(before + 1)[2]
        self.assertEqual((body["SelectedOption"], body["UserEmailAddress"]), ("Approve", OWNER))
        self.wait_text("#approval h3", "You answered “Approve”")
        self.wait_text("#approval .delivery", "Delivered to %s/told" % self.listener.url)
        self.assertFalse(self.browser.value("Boolean(document.querySelector('#approval button'))"))
        # After the subscriber unsubscribed, as workflow engines do, it is still an answered one.
        self.assertStatus(self.sb.delete("/approvalmail/$subscriptions/" + id), 200)
        self.show()
        self.open_first("Order 4711")
        self.wait_text("#approval h3", "You answered “Approve”")
        self.assertNoProblems()

    def test_answered_elsewhere(self):
        before = len(self.listener.calls)
        id = self.approval("Order 4712")
        self.show()
        self.open_first("Order 4712")
        self.browser.wait("document.querySelector('#approval button')")
        options = next(s for s in self.sb.control("GET", "/subscriptions") if s["id"] == id)["options"]
        self.sb._send("GET", options[1]["link"], None, {})
        self.listener.wait(before + 1)
        self.wait_text("#approval h3", "You answered “Reject”")

    def test_a_link_in_the_mail(self):
        before = len(self.listener.calls)
        self.approval("Order 4716", Body="")
        self.show()
        self.open_first("Order 4716")
        self.browser.value("new Promise((done) => { const f = document.querySelector('iframe'); f.onload = done;"
                           " f.src += '&again'; })")
        # The frame is closed to scripts: the first link is 40 pixels from its corner. A frame that has not been painted
        # yet loses the click; more of them find the page that thanks for the first.
        until = time.monotonic() + 30
        while len(self.listener.calls) == before and time.monotonic() < until:
            self.browser.click("iframe", 40, 40)
            time.sleep(0.3)
        self.assertEqual(self.listener.wait(before + 1)[2], {
            "SelectedOption": "Approve", "UserEmailAddress": None, "UserTenantId": None, "UserId": None})
        self.wait_text("#approval h3", "You answered “Approve”")

    def test_withdrawn(self):
        id = self.approval("Order 4713")
        self.show()
        self.open_first("Order 4713")
        self.browser.wait("document.querySelector('#approval button')")
        self.sb.delete("/approvalmail/$subscriptions/" + id)
        self.browser.wait("document.querySelector('#approval') && !document.querySelector('#approval button')")
        self.assertIn("no longer waits", self.browser.value("document.querySelector('#approval').textContent"))

    def test_keyboard(self):
        before = len(self.listener.calls)
        self.approval("Order 4714", Options="One, Two")
        self.show()
        self.wait_text((LINE % 1) + " .subject", "Order 4714")
        self.browser.value("document.querySelector('%s').focus()" % (LINE % 1))
        self.browser.key("Enter")
        self.browser.wait("document.activeElement.id === 'subject'")
        self.browser.wait("document.querySelector('#approval button')")
        self.browser.key("Tab")
        self.browser.key("Tab")
        self.assertEqual(self.browser.value("document.activeElement.textContent"), "Two")
        self.browser.key("Enter")
        self.assertEqual(self.listener.wait(before + 1)[2]["SelectedOption"], "Two")
        self.wait_text("#approval h3", "You answered “Two”")

    def test_names_for_screen_readers(self):
        self.approval("Order 4715", Attachments=[{"Name": "a.txt", "ContentBytes": "aGVsbG8="}])
        self.show()
        self.open_first("Order 4715")
        self.browser.wait("document.querySelector('iframe')")
        tree = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        named = {(n["role"]["value"], n.get("name", {}).get("value")) for n in tree if not n.get("ignored")}
        for node in (("navigation", "Folders"), ("region", "Inbox"), ("main", "Message"), ("heading", "Order 4715"),
                     ("button", "Approve"), ("group", "Options"), ("link", "a.txt"), ("Iframe", "Text of the message")):
            self.assertIn(node, named)
        nameless = [n for n in tree if n["role"]["value"] in ("button", "link") and not n.get("ignored")
                    and not n.get("name", {}).get("value")]
        self.assertEqual(nameless, [])

    def test_attachments(self):
        self.sb.create("message", {"Subject": "files", "Attachments": [
            {"Name": "ä \"b\".html", "ContentBytes": "PHNjcmlwdD4=", "ContentType": "text/html"}]})
        self.show()
        self.open_first("files")
        self.wait_text("#files a", 'ä "b".html')
        path = self.browser.value("document.querySelector('#files a').getAttribute('href')")
        answer = self.sb._send("GET", path, None, {})
        self.assertEqual(answer.body, b"<script>")
        self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(answer.headers["Content-Disposition"], "attachment; filename*=UTF-8''%C3%A4%20%22b%22.html")
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])

    def test_inline_images(self):
        image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        made = self.sb.create("message", {
            "Subject": "image", "Body": '<p><img src="cid:dot@contoso.com"> cid: <img src="cid:none@contoso.com"></p>',
            "Attachments": [{"Name": "dot.png", "ContentBytes": image, "ContentType": "image/png", "IsInline": True,
                             "ContentId": "dot@contoso.com"}]})
        body = self.sb._send("GET", "/_sandbox/body?id=" + made["Id"].replace("=", "%3D"), None, {}).body.decode()
        self.assertEqual(body, '<p><img src="data:image/png;base64,%s"> cid: <img src="cid:none@contoso.com"></p>' % image)

    def test_a_mail_runs_nothing_and_loads_nothing(self):
        outside = self.listener.url + "/stolen"
        before = len(self.listener.calls)
        evil = ("<p>evil</p><script>parent.document.title = 'stolen'; fetch('%(u)s')</script>"
                "<img src='%(u)s'><img src=x onerror=\"top.document.title='stolen'\"><iframe src='%(u)s'></iframe>"
                "<link rel=stylesheet href='%(u)s'><style>body { background: url(%(u)s) }</style>"
                "<meta http-equiv=refresh content='0;url=%(u)s'>" % {"u": outside})
        self.sb.create("message", {"Subject": "<img src=x onerror=\"document.title='stolen'\">", "Body": evil,
                                   "From": "<script>document.title='stolen'</script>@x"})
        self.show()
        self.open_first("<img src=x onerror=\"document.title='stolen'\">")
        self.browser.value("window.loaded = false; document.querySelector('iframe').onload = () => window.loaded = true;"
                           "document.querySelector('iframe').src += '&again'")
        self.browser.wait("window.loaded")
        self.assertIsNone(self.browser.value("document.querySelector('iframe').contentDocument"))
        self.assertEqual(self.browser.value("document.title"), "Sandbox mailbox")
        # The same on its own, where the console can be read: it did try, and was refused.
        self.browser.problems.clear()
        self.browser.open(self.browser.value("document.querySelector('iframe').src"))
        self.browser.wait("document.querySelector('p')")
        refused = "\n".join(self.browser.problems)
        self.assertIn("stolen", refused)
        self.assertIn("script", refused)
        self.assertEqual(self.browser.value("document.title"), "")
        self.assertEqual(len(self.listener.calls), before)

    def test_policies(self):
        answer = self.sb._send("GET", "/", None, {})
        self.assertStatus(answer, 200)
        policy = answer.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
            self.assertIn(part, policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("http", policy)
        message = self.sb.records("message", "Inbox")[0]
        body = self.sb._send("GET", "/_sandbox/body?id=" + message["Id"].replace("=", "%3D"), None, {})
        policy = body.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("sandbox", policy)
        self.assertNotIn("script", policy)
        for path in ("/_page/nothing", "/index.html", "/_page/../"):
            self.assertStatus(self.sb._send("GET", path, None, {"Authorization": "Bearer " + self.TOKEN}), 404)

    def test_fits_every_width(self):
        self.approval("A subject " + "that goes on and on " * 8 + 60 * "x", Options=",".join(["option"] * 20))
        for width in (1000, 700, 390, 320):
            self.browser.resize(width, 700)
            self.show()
            self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
            self.browser.click(LINE % 1)
            self.browser.wait("document.querySelector('#approval button')")
            self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
            self.assertTrue(self.browser.value("document.querySelector('#subject').getBoundingClientRect().width > 100"))
            if width < 700:
                self.browser.click("#back")
                self.browser.wait("!document.body.classList.contains('reading')")

    def test_contrast(self):
        """Text on its background in both colour schemes: at least 4.5 to 1."""
        script = """(() => {
          const light = (c) => { const v = c.match(/[\\d.]+/g).slice(0, 3).map((n) => n / 255)
            .map((n) => n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
            return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
          const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
          const bad = [];
          for (const e of document.querySelectorAll('header *, #panes *')) {
            if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
            const a = light(getComputedStyle(e).color), b = light(back(e));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) bad.push(e.className + ' ' + e.textContent + ' ' + ratio);
          }
          return bad; })()"""
        self.approval("Contrast")
        for scheme in ("light", "dark"):
            self.browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            self.show()
            self.open_first("Contrast")
            self.browser.wait("document.querySelector('#approval')")
            self.assertEqual(self.browser.value(script), [], scheme)


if __name__ == "__main__":
    main()
