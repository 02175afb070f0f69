"""Over Graph, too, the program is killed at steps of its journal and of its requests, and started again: test_crash.py has the rules.

Of the steps every seventh is tried: OUTLOOKFS_TEST_STRIDE=1 tries all, OUTLOOKFS_TEST_CRASH=N one.
"""
import os

from both import TranslatedMailbox
from harness import Mailbox, main, wait_for
from graph import IMMUTABLE
from test_crash import ROUND_LIMIT, Crashing, CrashTest, OneByOne, Scenario, Together
from test_graph_drafts import DRAFTS, MESSAGE, recipients


class CrashingGraph(Crashing, TranslatedMailbox):
    check_requests = Mailbox.check_requests     # to look at the bodies, too, starts a program each time

    def ask(self, target):
        return self.sandbox.graph("GET", target, prefer=[IMMUTABLE])[1]["value"]

    def subjects(self, folder):
        return sorted(m["subject"] for m in self.ask("/me/mailFolders/%s/messages?$top=200" % folder))


class Mail(Scenario):
    """Moves, drafts and mails; each step is done again from its start."""
    OPTIONS = "writeback_delay=0,send_delay=0,list_ttl=600"

    def __init__(self, mailbox):
        super().__init__(mailbox)
        self.moved, self.removed = (mailbox.create("message", {"Subject": subject}, "inbox")["Id"] + ".json" for subject in ("moved", "removed"))
        self.steps = [(step,) for step in (self.move, self.remove, self.sync, self.write, self.send, self.sync, self.upload, self.mail, self.sync)]

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

    def check(self, test):
        mailbox = self.mailbox
        wait_for(lambda: not os.listdir(self.path("outbox/send")) and not self.is_there(DRAFTS, "letter.eml"), "all is on the service", ROUND_LIMIT)
        mailbox.sync()
        everywhere = {folder: mailbox.subjects(folder) for folder in ("inbox", "archive", "deleteditems", "drafts", "sentitems")}
        for subject, folder in (("moved", "archive"), ("removed", "deleteditems"), ("draft", "sentitems"), ("mail", "sentitems"),
                                ("uploaded", "drafts")):
            found = [name for name, subjects in everywhere.items() for one in subjects if one == subject]
            test.assertEqual(found, [folder], (subject, mailbox.where()))


class Crash(CrashTest):
    MAILBOX = CrashingGraph
    STRIDE = int(os.environ.get("OUTLOOKFS_TEST_STRIDE", "7"))

    def test_together(self):
        self.every_step(Together)

    def test_one_by_one(self):
        self.every_step(OneByOne)

    def test_moves_drafts_and_mails(self):
        self.every_step(Mail)


if __name__ == "__main__":
    main()
