"""Unmounting ends within 30 s in all, whatever the service does, and what could not be sent waits in the journal."""
import json
import time

from harness import MountTest, is_mounted, main
from records import CONTACTS

LIMIT = 35      # s; 30 of them are promised
COUNT = 5


class End(MountTest):
    SEED = "contacts=%d,events=0,messages=0" % COUNT
    OPTIONS = "writeback_delay=1,list_ttl=0"

    def tearDown(self):
        """What waited is sent by the next mount."""
        self.mailbox.sandbox.clear_faults()
        self.mailbox.mount()
        self.mailbox.sync()
        for name in self.mailbox.contacts():
            self.assertEqual(self.mailbox.record("contact", name.removesuffix(".json"))["NickName"], self.id())

    def assertEnds(self, *command, **fault):
        for name in self.mailbox.contacts():
            contact = self.mailbox.json(CONTACTS, name)
            with open(self.mailbox.path(CONTACTS, name), "w", encoding="utf-8") as file:
                json.dump(dict(contact, NickName=self.id()), file)
        self.mailbox.sandbox.fault(count=0, **fault)
        began = time.monotonic()
        said = self.mailbox.run([*command, self.mailbox.mountpoint], timeout=LIMIT).stdout
        self.assertEqual(self.mailbox.process.wait(max(1, LIMIT - (time.monotonic() - began))), 0)
        self.mailbox.process = None
        self.assertFalse(is_mounted(self.mailbox.mountpoint))
        return said

    def test_umount_from_a_service_that_hangs(self):
        said = self.assertEnds(self.mailbox.program, "umount", delay=600000)
        self.assertIn("Not on the service yet: %d waiting" % COUNT, said)

    def test_umount_from_a_service_that_says_503(self):
        """Each answer is a sign of life, and none brings anything forward."""
        said = self.assertEnds(self.mailbox.program, "umount", status=503)
        self.assertIn("Not on the service yet: %d waiting" % COUNT, said)

    def test_fusermount_from_a_service_that_hangs(self):
        self.assertEnds("fusermount3", "-u", delay=600000)


if __name__ == "__main__":
    main()
