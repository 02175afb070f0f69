"""outbox/options and outbox/approval: a question goes out, somebody chooses, the answer is a file beside the question."""
import errno
import http.client
import json
import os
import subprocess
from urllib.parse import urlsplit

from harness import MountTest, main, wait_for

OWNER = "robin.berger@contoso.com"
OPERATIONS = {"options": "SendMailWithOptions", "approval": "SendApprovalMail"}


def question(**more):
    return dict({"To": OWNER, "Subject": "May I?", "Options": "Approve, Reject", "Body": "Please."}, **more)


class ApprovalTest(MountTest):
    SEED = "contacts=2,events=1,messages=2"
    OPTIONS = "send_delay=0"

    def put(self, where, name, obj):
        path = self.mailbox.path("outbox", where, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(obj, file)
        return path

    def state(self, path):
        return os.getxattr(path, "user.outlook.state").decode()

    def asked(self, path):
        wait_for(lambda: self.state(path) == "asked", lambda: "asked, not " + self.state(path))
        return self.mailbox.sandbox.control("GET", "/subscriptions")[-1]

    def choose(self, subscription, option):
        """The recipient's click."""
        answer = self.mailbox.sandbox._send("GET", subscription["options"][option]["link"], None, {})
        self.assertEqual(answer.status, 200, answer.body)

    def wait(self, path, *more):
        return self.mailbox.run([self.mailbox.program, "wait", *more, path], check=False)

    def post(self, url, body, method="POST"):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        try:
            connection.request(method, parts.path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Answers(ApprovalTest):
    def test_answer_appears_beside_the_question(self):
        for where in ("options", "approval"):
            with self.subTest(where):
                mark = self.mailbox.mark()
                path = self.put(where, "a.json", question())
                subscription = self.asked(path)
                sent = self.mailbox.requests(OPERATIONS[where], since=mark)
                self.assertEqual(len(sent), 1)
                self.assertEqual(sorted(sent[0]["body"]), ["Message", "NotificationUrl"])
                self.assertEqual(sent[0]["body"]["Message"]["Options"], "Approve, Reject")
                self.choose(subscription, 1)
                answer = self.mailbox.path("outbox", where, "a.answer.json")
                wait_for(lambda: os.path.exists(answer), "the answer")
                with open(answer, encoding="utf-8") as file:
                    self.assertEqual(json.load(file)["SelectedOption"], "Reject")
                self.assertEqual(self.state(path), "answered")
                self.assertIn("a.answer.json", os.listdir(os.path.dirname(path)))
                done = self.wait(path)
                self.assertEqual((done.returncode, done.stdout), (1, "Reject\n"))
                # The subscription is ended below our own base, whatever host its Location names.
                ended = wait_for(lambda: [r for r in self.mailbox.requests(since=mark) if r["method"] == "DELETE"],
                                 "the subscription is ended")
                self.assertEqual([r["status"] for r in ended], [200])
                self.assertTrue(ended[0]["path"].endswith("/$subscriptions/" + subscription["id"]))

    def test_wait_blocks_until_the_answer(self):
        path = self.put("approval", "w.json", question())
        subscription = self.asked(path)
        self.assertEqual(self.wait(path, "--timeout", "1").returncode, 124)
        waiting = subprocess.Popen([self.mailbox.program, "wait", path], stdout=subprocess.PIPE, text=True)
        self.choose(subscription, 0)
        self.assertEqual(waiting.communicate(timeout=20)[0], "Approve\n")
        self.assertEqual(waiting.returncode, 0)

    def test_wait_for_the_only_question(self):
        """Where one stands in the mount, without a name; of several it names them."""
        def wait():
            return self.mailbox.run([self.mailbox.program, "wait", "--timeout", "20"], cwd=self.mailbox.path("outbox"), check=False)

        self.assertIn("no open question", wait().stderr)
        one = self.put("options", "one.json", question())
        subscription = self.asked(one)
        other = self.put("approval", "other.json", question())
        self.asked(other)
        self.assertIn("several open questions; name one of: outbox/", wait().stderr)
        os.unlink(other)
        self.choose(subscription, 0)
        self.assertEqual((wait_for(lambda: self.state(one) == "answered", "answered"), self.wait(one).returncode), (True, 0))

    def test_wait_for_what_is_no_question(self):
        path = self.mailbox.path("outbox", "approval", "draft.json")
        with open(path, "w", encoding="utf-8"):
            pass
        self.assertEqual(self.wait(path).returncode, 125)
        self.assertEqual(self.wait(path + "x").returncode, 125)
        os.unlink(path)

    def test_question_and_answer_survive_a_remount(self):
        path = self.put("approval", "r.json", question())
        subscription = self.asked(path)
        self.mailbox.remount()
        self.assertEqual(self.state(path), "asked")
        self.choose(subscription, 0)
        self.assertEqual(self.wait(path, "--timeout", "20").returncode, 0)
        self.mailbox.remount(fresh_cache=True)
        self.assertEqual(self.state(path), "answered")
        self.assertEqual(self.mailbox.json("outbox", "approval", "r.answer.json")["SelectedOption"], "Approve")

    def test_rm_of_a_question_ends_the_subscription(self):
        mark = self.mailbox.mark()
        path = self.put("approval", "rm.json", question())
        subscription = self.asked(path)
        self.assertErrno(errno.EBUSY, open, path, "w")
        os.unlink(path)
        wait_for(lambda: [r for r in self.mailbox.requests(since=mark) if r["method"] == "DELETE"], "ended")
        self.assertEqual(self.post(subscription["notificationUrl"], b'{"SelectedOption": "Approve"}')[0], 404)

    def test_without_waiting(self):
        path = self.put("options", "nowait.json", question(Wait=False))
        wait_for(lambda: os.path.exists(self.mailbox.path("outbox", "sent", "nowait.json")), "sent")
        wait_for(lambda: not os.path.exists(path), "it is not in options/ any more")

    def test_unknown_result_is_parked_and_an_answer_mends_it(self):
        mark = self.mailbox.mark()
        self.mailbox.fault(operation="SendApprovalMail", status=504, apply=True)
        path = self.put("approval", "u.json", question())
        wait_for(lambda: self.state(path) == "failed", lambda: self.state(path))
        self.choose(self.mailbox.sandbox.control("GET", "/subscriptions")[-1], 0)
        wait_for(lambda: self.state(path) == "answered", lambda: self.state(path))
        self.assertEqual(len(self.mailbox.requests("SendApprovalMail", since=mark)), 1)


class Listener(ApprovalTest):
    def test_only_the_secret_address_takes_an_answer(self):
        path = self.put("approval", "s.json", question())
        url = self.asked(path)["notificationUrl"]
        secret = url.rsplit("/", 1)[1]
        self.assertEqual(len(secret), 64)
        for wrong in (url[:-1], url[:-1] + ("0" if url[-1] != "0" else "1"), url + "/", url.rsplit("/", 1)[0] + "/"):
            self.assertEqual(self.post(wrong, b'{"SelectedOption": "Approve"}'), (404, b""))
        self.assertEqual(self.post(url, None, "GET"), (405, b""))
        self.assertEqual(self.post(url, b"nonsense"), (400, b""))
        self.assertEqual(self.post(url, b'{"SelectedOption": "' + b"x" * 70000 + b'"}'), (413, b""))
        self.assertEqual(self.state(path), "asked")
        self.assertEqual(self.post(url, b'{"SelectedOption": "Approve"}'), (200, b""))
        self.assertEqual(self.state(path), "answered")


if __name__ == "__main__":
    main()
