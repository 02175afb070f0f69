"""Unmounting ends within 30 s in all, whatever the service does, and what could not be sent waits in the journal."""
import concurrent.futures
import contextlib
import json
import time
import unittest

from both import TranslatedMailbox
from harness import Mailbox, MountTest, is_mounted, main
from records import CONTACTS

LIMIT = 35      # s; 30 of them are promised
COUNT = 5
SEED = "contacts=%d,events=0,messages=0" % COUNT
UMOUNT = "outlookfs", "umount"
SAID = "Not on the service yet: %d waiting" % COUNT
CASES = (
    (UMOUNT, {"delay": 600000}, SAID),
    (UMOUNT, {"status": 503}, SAID),    # each answer is a sign of life, and none brings anything forward
    (("fusermount3", "-u"), {"delay": 600000}, ""),
)


class End(unittest.TestCase):
    def test_within_30_seconds(self):
        """All at the same time, each with a mailbox of its own: they wait, and do nothing else."""
        cases = [(kind, case) for kind in (Mailbox, TranslatedMailbox) for case in CASES]
        with contextlib.ExitStack() as stack:
            mailboxes = [stack.enter_context(kind(MountTest.build_dir, SEED, options="writeback_delay=1,list_ttl=0")) for kind, _ in cases]
            with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
                outcomes = list(pool.map(self.end, mailboxes, CASES * 2))
            for mailbox, (kind, (command, fault, says)), (seconds, said) in zip(mailboxes, cases, outcomes):
                with self.subTest(service=kind.__name__, command=command, **fault):
                    self.assertLess(seconds, LIMIT)
                    self.assertIn(says, said)
                    self.assertSent(mailbox)

    def end(self, mailbox, case):
        """How long it took, and what it said."""
        command, fault, _ = case
        self.save(mailbox)
        mailbox.fault(count=0, **fault)
        began = time.monotonic()
        words = [mailbox.program if word == "outlookfs" else word for word in command]
        said = mailbox.run([*words, mailbox.mountpoint], timeout=2 * LIMIT).stdout
        self.assertEqual(mailbox.process.wait(2 * LIMIT), 0)
        mailbox.process = None
        self.assertFalse(is_mounted(mailbox.mountpoint))
        return time.monotonic() - began, said

    @staticmethod
    def save(mailbox):
        for name in mailbox.contacts():
            contact = json.loads(mailbox.read(CONTACTS, name))
            with open(mailbox.path(CONTACTS, name), "w", encoding="utf-8") as file:
                json.dump(dict(contact, **mailbox.say({"NickName": "saved"})), file)

    def assertSent(self, mailbox):
        """What waited is sent by the next mount."""
        mailbox.sandbox.clear_faults()
        mailbox.sandbox.control("POST", "/option", {"service": "graph", "concurrency": 0})  # the requests of before still hang there
        mailbox.mount()
        mailbox.sync()
        names = mailbox.contacts()
        self.assertEqual(len(names), COUNT)
        for name in names:
            self.assertEqual(mailbox.record("contact", name.removesuffix(".json"))["NickName"], "saved")


if __name__ == "__main__":
    main()
