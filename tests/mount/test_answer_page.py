"""A question from the file to the click and back: Chromium on the sandbox's page, cat and outlookfs wait on the mount."""
import json
import os

from harness import MountTest, main, wait_for
from browser import Browser

OWNER = "robin.berger@contoso.com"
LINE = "#messages li:nth-child(1) button"
CHOICES = {"approval": "Approve, Reject", "options": "Tea, Coffee, Neither of them"}


class AnswerPage(MountTest):
    SEED = "contacts=2,events=1,messages=2"
    OPTIONS = "send_delay=0"
    # Somebody may answer while nothing is mounted: told each second until there is a listener again.
    SANDBOX_OPTIONS = ("--notify-tries", "120")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = cls.enterClassContext(Browser())

    def ask(self, where, name):
        """Puts the question; its path, once it is in the recipient's Inbox."""
        path = self.mailbox.path("outbox", where, name + ".json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"To": OWNER, "Subject": self.subject(where, name), "Options": CHOICES[where]}, file)
        wait_for(lambda: os.getxattr(path, "user.outlook.state") == b"asked", "the question is asked")
        return path

    def subject(self, where, name):
        return "May I? %s %s" % (where, name)

    def click(self, where, name, option):
        """What the recipient does in the page: opens the newest message, chooses."""
        subject = json.dumps(self.subject(where, name))
        sandbox = self.mailbox.sandbox
        self.browser.open("about:blank")
        self.browser.open("http://%s:%d/" % (sandbox.host, sandbox.port))
        self.browser.wait("(document.querySelector('%s .subject') || {}).textContent === %s" % (LINE, subject))
        self.browser.click(LINE)
        self.browser.wait("(document.querySelector('#subject') || {}).textContent === %s" % subject)
        self.browser.wait("document.querySelector('#approval button')")
        buttons = self.browser.value("[...document.querySelectorAll('#approval button')].map((b) => b.textContent)")
        self.assertEqual(buttons, CHOICES[where].split(", "))
        self.browser.click("#approval button:nth-child(%d)" % (buttons.index(option) + 1))
        self.browser.wait("(document.querySelector('#approval h3') || {}).textContent === %s"
                          % json.dumps("You answered “%s”" % option))

    def read_back(self, where, path, option):
        """Waits for the answer as a script does, and reads it as a person does."""
        done = self.mailbox.run([self.mailbox.program, "wait", "--timeout", "60", path], check=False, timeout=90)
        self.assertEqual((done.returncode, done.stdout), (CHOICES[where].split(", ").index(option), option + "\n"))
        answer = json.loads(self.mailbox.run(["cat", path[:-len(".json")] + ".answer.json"]).stdout)
        # The page's user is known to the service, unlike who follows a link in the mail.
        self.assertEqual((answer["SelectedOption"], answer["UserEmailAddress"]), (option, OWNER))
        self.assertEqual(os.getxattr(path, "user.outlook.state"), b"answered")

    def test_answered_while_it_is_waited_for(self):
        for where, option in (("approval", "Approve"), ("approval", "Reject"), ("options", "Neither of them")):
            with self.subTest(option):
                path = self.ask(where, "live " + option)
                self.click(where, "live " + option, option)
                self.read_back(where, path, option)

    def test_remount_between_question_and_click(self):
        for where, option in (("approval", "Approve"), ("options", "Coffee")):
            with self.subTest(where):
                path = self.ask(where, "remount")
                self.mailbox.remount()
                self.click(where, "remount", option)
                self.read_back(where, path, option)

    def test_clicked_while_nothing_is_mounted(self):
        for where, option in (("approval", "Reject"), ("options", "Tea")):
            with self.subTest(where):
                path = self.ask(where, "away")
                self.mailbox.unmount()
                self.click(where, "away", option)
                self.mailbox.mount()
                self.read_back(where, path, option)

    def test_remount_and_kill_between_click_and_reading(self):
        for where, option in (("approval", "Approve"), ("options", "Neither of them")):
            for stop in (self.mailbox.unmount, self.mailbox.kill9):
                with self.subTest(where=where, stop=stop.__name__):
                    name = "stop " + stop.__name__
                    path = self.ask(where, name)
                    self.click(where, name, option)
                    self.delivered(self.subject(where, name))
                    stop()
                    self.mailbox.mount()
                    self.read_back(where, path, option)

    def delivered(self, subject):
        """The answer is with the mount: who was told, or who ended the subscription for having been told."""
        def told():
            found = next(s for s in self.mailbox.sandbox.control("GET", "/subscriptions") if s["subject"] == subject)
            return found["delivery"]["state"] == "delivered" or found["deleted"]

        wait_for(told, "the answer is delivered")


if __name__ == "__main__":
    main()
