"""A disk that is full: what can be removed makes room, and it is said where people look."""
import errno
import os
import subprocess
import unittest

from both import over_both
from harness import Mailbox, MountTest, main

CONTACTS = "contacts/Contacts"


@over_both
@unittest.skipUnless(os.geteuid() == 0, "a small disk takes root to mount")
class Full(MountTest):
    """The state directory lies on a disk of 4 MB."""
    SEED = "contacts=6,events=1,messages=1"
    OPTIONS = "delete_guard=0"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailbox.unmount()
        cls.mailbox.forget(True, False)
        disk = cls.mailbox.state_dir
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "none", disk], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", disk], check=True)
        cls.mailbox.state_dir = os.path.join(disk, "state")
        cls.mailbox.mount()
        cls.addClassCleanup(cls.mailbox.unmount)

    def fill(self):
        """What a user keeps here leaves nothing."""
        with open(self.mailbox.path(CONTACTS, ".large"), "wb", buffering=0) as file:
            with self.assertRaises(OSError) as caught:
                for size in (65536, 4096, 512):
                    while True:
                        try:
                            file.write(b"x" * size)
                        except OSError:
                            if size > 512:
                                break
                            raise
        self.assertEqual(caught.exception.errno, errno.ENOSPC)

    def status(self):
        return self.mailbox.tell()

    def test_what_is_removed_makes_room(self):
        names = self.mailbox.contacts()
        text = self.mailbox.read(CONTACTS, names[0])
        self.fill()
        done = self.status()
        self.assertIn("nothing can be saved until there is space in " + self.mailbox.state_dir, done.stdout)
        self.assertEqual(done.returncode, 1)
        with open(self.mailbox.path(CONTACTS, "new.json"), "w", encoding="utf-8") as file, self.assertRaises(OSError) as caught:
            file.write(self.mailbox.say('{"GivenName": "%s", "HomePhones": []}' % ("x" * 100000)))
            file.flush()
        self.assertEqual(caught.exception.errno, errno.ENOSPC)
        os.unlink(self.mailbox.path(CONTACTS, names[-1]))
        os.unlink(self.mailbox.path(CONTACTS, ".large"))
        self.assertNotIn("disk  ", self.status().stdout)
        with open(self.mailbox.path(CONTACTS, names[0]), "w", encoding="utf-8") as file:
            file.write(text.replace(self.mailbox.say('"NickName": null'), self.mailbox.say('"NickName": "room"')))
        self.mailbox.sync()
        self.assertEqual(self.mailbox.record("contact", names[0][:-5])["NickName"], "room")
        self.assertIsNone(self.mailbox.record("contact", names[-1][:-5]))


if __name__ == "__main__":
    main()
