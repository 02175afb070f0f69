"""Over Graph, too, the program is killed at steps of its journal and of its requests, and started again: test_crash.py has the rules.

OUTLOOKFS_TEST_CRASH=N kills it at one step only; OUTLOOKFS_TEST_STRIDE=N at every N-th.
"""
import os
import sys
import threading
import unittest

from harness import MountTest, main, wait_for
from graph import IMMUTABLE
from graph_mount import GraphMailbox
from test_crash import ONLY, ROUND_LIMIT, CrashingMailbox
from test_graph_drafts import DRAFTS, MESSAGE, recipients

STRIDE = int(os.environ.get("OUTLOOKFS_TEST_STRIDE", "6"))
STEPS_MAX = 400


class CrashingGraph(CrashingMailbox, GraphMailbox):
    def ask(self, target):
        return self.sandbox.graph("GET", target, prefer=[IMMUTABLE])[1]["value"]

    def subjects(self, folder):
        return sorted(m["subject"] for m in self.ask("/me/mailFolders/%s/messages?$top=200" % folder))


class Scenario:
    """Steps, which are done again when they did not return, each from its start."""

    def __init__(self, mailbox):
        self.mailbox, self.done = mailbox, set()
        self.moved, self.removed = (mailbox.create("message", {"subject": subject}, "inbox")["id"] + ".json" for subject in ("moved", "removed"))
        self.steps = [self.move, self.remove, self.sync, self.write, self.send, self.sync, self.upload, self.mail, self.sync]

    def run(self):
        for number, step in enumerate(self.steps):
            if number not in self.done:
                step()
                self.done.add(number)

    def path(self, *parts):
        return self.mailbox.path(*parts)

    def is_there(self, *parts):
        try:  # os.path.exists() takes a dead mount for an answer
            return bool(os.stat(self.path(*parts)))
        except FileNotFoundError:
            return False

    def move(self):
        if not self.is_there("mail/Archive", self.moved):
            os.rename(self.path("mail/Inbox", self.moved), self.path("mail/Archive", self.moved))

    def remove(self):
        if self.is_there("mail/Inbox", self.removed):
            os.unlink(self.path("mail/Inbox", self.removed))

    def write(self):
        with open(self.path(DRAFTS, "draft.json"), "w", encoding="utf-8") as file:
            file.write('{"subject": "draft", "toRecipients": %s}' % str(recipients("jo@contoso.com")).replace("'", '"'))

    def send(self):
        if not self.is_there("outbox/send/draft.json") and not self.is_there("outbox/sent/draft.json"):
            os.rename(self.path(DRAFTS, "draft.json"), self.path("outbox/send/draft.json"))

    def begun(self, folder, subject, *file):
        """Has it been accepted although close() did not return? What was not is taken back."""
        if self.is_there(*file):
            try:
                os.unlink(self.path(*file))
            except OSError:  # it is just being sent
                pass
        wait_for(lambda: not self.is_there(*file), "the file is sent or taken back")
        return subject in self.mailbox.subjects(folder)

    def upload(self):
        if self.begun("drafts", "uploaded", DRAFTS, "letter.eml"):
            return
        with open(self.path(DRAFTS, "letter.eml"), "wb") as file:
            file.write(MESSAGE % (b"uploaded", b"Message-ID: <letter@contoso.com>\r\n"))

    def mail(self):
        if self.begun("sentitems", "mail", "outbox/send/mail.json"):
            return
        with open(self.path("outbox/send/mail.json"), "w", encoding="utf-8") as file:
            file.write('{"To": "jo@contoso.com", "Subject": "mail", "Body": "text", "Attachments": [{"Name": "a.txt", "ContentBytes": "aGVsbG8="}]}')

    def sync(self):
        self.mailbox.sync()

    def check(self, test):
        mailbox = self.mailbox
        wait_for(lambda: not os.listdir(self.path("outbox/send")) and not self.is_there(DRAFTS, "letter.eml"), "all is on the service", ROUND_LIMIT)
        mailbox.sync()
        everywhere = {folder: mailbox.subjects(folder) for folder in ("inbox", "archive", "deleteditems", "drafts", "sentitems")}
        for subject, folder in (("moved", "archive"), ("removed", "deleteditems"), ("draft", "sentitems"), ("mail", "sentitems"),
                                ("uploaded", "drafts")):
            found = [name for name, subjects in everywhere.items() for one in subjects if one == subject]
            test.assertEqual(found, [folder], (subject, mailbox.where()))
        test.assertEqual(mailbox.sandbox.control("GET", "/violations"), [])


class Crash(unittest.TestCase):
    def test_moves_drafts_and_mails(self):
        places = []
        for at in range(ONLY or 1, ONLY + 1 if ONLY else STEPS_MAX, STRIDE):
            where = self.one_step(at)
            if where is None:
                break
            places.append(where)
        print("killed %d times: %s" % (len(places), "; ".join(places)))
        sys.stdout.flush()
        if not ONLY:
            self.assertGreater(len(places), 60 // STRIDE)

    def one_step(self, at):
        with CrashingGraph(MountTest.build_dir, at, "writeback_delay=0,send_delay=0,list_ttl=600") as mailbox:
            watchdog = threading.Timer(2 * ROUND_LIMIT, mailbox.give_up)
            watchdog.daemon = True
            watchdog.start()
            try:
                scenario = Scenario(mailbox)
                if self.until_crash(scenario):
                    mailbox.bury()
                    mailbox.mount()
                    scenario.run()
                    scenario.check(self)
                return mailbox.where()
            except BaseException:
                sys.stderr.write("\nOUTLOOKFS_TEST_CRASH=%d: %s\n" % (at, mailbox.where()))
                raise
            finally:
                watchdog.cancel()

    @staticmethod
    def until_crash(scenario):
        mailbox = scenario.mailbox
        try:
            scenario.run()
            scenario.check(unittest.TestCase())
            mailbox.unmount()
        except (OSError, AssertionError):
            if mailbox.process is not None and not mailbox.has_crashed() or mailbox.where() is None:
                raise
            return True
        return mailbox.where() is not None


if __name__ == "__main__":
    main()
