"""kill -9 at any moment after close() returned 0: nothing is lost, nothing is sent twice."""
import contextlib
import os
import re
import tempfile

from both import over_both
from harness import MANAGED_CONTACT, MountTest, main
from records import CONTACTS, RecordTest

FOLDER = "contacts/Contacts"


class FsyncLocal(RecordTest):
    OPTIONS = "writeback_delay=600,fsync=local"

    def test_it_is_safe_and_not_sent(self):
        file = os.open(self.file, os.O_WRONLY | os.O_TRUNC)
        os.write(file, self.edited(NickName="local").encode())
        os.fsync(file)
        self.assertEqual(self.writes(), [])
        self.mailbox.kill9()
        with contextlib.suppress(OSError):      # the mount is gone
            os.close(file)
        self.mailbox.mount()
        self.assertEqual(self.writes(), [])
        self.mailbox.sync()
        self.assertService(NickName="local")


@over_both
class Durable(MountTest):
    SEED = "contacts=12,events=1,messages=1"
    OPTIONS = "writeback_delay=600"     # nothing is sent before sync asks for it

    def setUp(self):
        self.mark = self.mailbox.mark()
        self.name = self.mailbox.contacts()[self.number()]
        self.key = self.name[:-5]

    def number(self):
        """A record of its own for each test."""
        return sorted(n for n in dir(self) if n.startswith("test_")).index(self._testMethodName)

    def edit(self, nick):
        text = self.mailbox.read(FOLDER, self.name)
        new = re.sub(self.mailbox.say(r'("NickName": )(null|"[^"]*")'), r'\1"%s"' % nick, text)
        with open(self.mailbox.path(FOLDER, self.name), "w", encoding="utf-8") as file:
            file.write(new)
        return new

    def crash(self):
        self.mailbox.kill9()
        self.mailbox.mount()

    def test_a_saved_edit(self):
        before = self.mailbox.record("contact", self.key)
        text = self.edit("durable")
        self.crash()
        self.assertEqual(self.mailbox.read(FOLDER, self.name), text)
        self.assertEqual(self.mailbox.xattr("state", FOLDER, self.name), "pending")
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", self.key)])
        after = self.mailbox.record("contact", self.key)
        self.assertEqual({m: v for m, v in after.items() if m not in MANAGED_CONTACT},
                         dict({m: v for m, v in before.items() if m not in MANAGED_CONTACT}, NickName="durable"))

    def test_after_a_second_crash(self):
        self.edit("one")
        self.crash()
        self.edit("two")
        self.crash()
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", self.key)])
        self.assertEqual(self.mailbox.record("contact", self.key)["NickName"], "two")

    def test_already_sent_is_not_sent_again(self):
        self.edit("sent")
        self.mailbox.sync()
        self.crash()
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", self.key)])

    def test_a_rename_over(self):
        path = self.mailbox.path(FOLDER, self.name)
        self.mailbox.run(["sed", "-i", 's/"NickName": .*/"NickName": "sed",/', path])
        self.crash()
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", self.key)])
        self.assertEqual(self.mailbox.record("contact", self.key)["NickName"], "sed")

    def test_a_deletion(self):
        os.unlink(self.mailbox.path(FOLDER, self.name))
        self.crash()
        self.assertFalse(os.path.exists(self.mailbox.path(FOLDER, self.name)))
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactDeleteItem", self.key)])
        self.assertIsNone(self.mailbox.record("contact", self.key))

    def test_a_new_record_and_its_name(self):
        path = self.mailbox.path(FOLDER, "alias.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.mailbox.say('{"GivenName": "Alias", "HomePhones": []}'))
        self.crash()
        self.assertIn("alias.json", os.listdir(self.mailbox.path(FOLDER)))
        self.mailbox.sync()
        self.assertEqual([operation for operation, _ in self.mailbox.writes(self.mark)], ["ContactPostItem"])
        id = self.mailbox.xattr("id", FOLDER, "alias.json")
        inode = os.stat(path).st_ino
        self.crash()
        names = os.listdir(self.mailbox.path(FOLDER))
        self.assertIn("alias.json", names)
        self.assertNotIn(id + ".json", names)
        self.assertEqual(os.stat(path).st_ino, inode)
        self.assertEqual(os.stat(self.mailbox.path(FOLDER, id + ".json")).st_ino, inode)
        self.mailbox.sync()
        self.assertEqual(len(self.mailbox.writes(self.mark)), 1)

    def test_what_was_not_closed_is_not_sent(self):
        """A writer that is killed with the mount leaves a prefix: the record on the service stays."""
        before = self.mailbox.record("contact", self.key)
        with open(self.mailbox.path(FOLDER, self.name), "w", encoding="utf-8") as file:
            file.write('{"GivenName": "Ha')
            file.flush()
            self.crash()
            try:
                file.close()
            except OSError:
                pass  # the mount it belongs to is gone
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [])
        self.assertEqual(self.mailbox.record("contact", self.key), before)

    def test_scratch_draft_and_mode(self):
        folder = self.mailbox.path(FOLDER)
        with open(os.path.join(folder, "notes.txt"), "w", encoding="utf-8") as file:
            file.write("my notes")
        os.symlink("somewhere", os.path.join(folder, ".#link"))
        os.mkdir(os.path.join(folder, ".dir"))
        with open(os.path.join(folder, ".dir", "inner.json"), "w", encoding="utf-8") as file:
            file.write("no json")
        with open(os.path.join(folder, "draft.json"), "w", encoding="utf-8") as file:
            file.write('{"GivenName":')
        os.chmod(os.path.join(folder, self.name), 0o640)
        os.utime(os.path.join(folder, self.name), (1234567890, 1234567890))
        self.crash()
        self.assertEqual(self.mailbox.read(FOLDER, "notes.txt"), "my notes")
        self.assertEqual(os.readlink(os.path.join(folder, ".#link")), "somewhere")
        self.assertEqual(self.mailbox.read(FOLDER, ".dir/inner.json"), "no json")
        self.assertEqual(self.mailbox.read(FOLDER, "draft.json"), '{"GivenName":')
        self.assertMode(os.path.join(folder, self.name), 0o640)
        self.assertEqual(os.stat(os.path.join(folder, self.name)).st_mtime, 1234567890)
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [])

    def test_the_text_stays_after_a_remount(self):
        """The very bytes and the time of a save, as long as the service holds the same."""
        path = self.mailbox.path(FOLDER, self.name)
        text = self.edit("stay")
        mtime = os.stat(path).st_mtime_ns
        self.mailbox.sync()
        self.mailbox.remount()
        self.assertEqual(self.mailbox.read(FOLDER, self.name), text)
        self.assertEqual(os.stat(path).st_mtime_ns, mtime)
        os.listdir(self.mailbox.path(FOLDER))
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", self.key)])


@over_both
class Attributes(RecordTest):
    """A copy with extended attributes comes back: what the mount says about a file is not the copy's to say."""
    OPTIONS = "writeback_delay=1"

    def test_a_copy_comes_back(self):
        for program in (["rsync", "-aX"], ["cp", "-a"], ["cp", "--preserve=all"]):
            with self.subTest(program=program), tempfile.TemporaryDirectory() as place:
                copy = os.path.join(place, self.name)
                id = self.mailbox.xattr("id", CONTACTS, self.name)
                self.mailbox.run(program + [self.file, copy])
                os.setxattr(copy, "user.outlook.id", b"another's")
                self.write(self.edited(self.read(), NickName=program[-1]), copy)
                self.mailbox.run(program + [copy, self.path("")])
                self.mailbox.sync()
                self.assertService(NickName=program[-1])
                self.assertEqual(self.mailbox.xattr("id", CONTACTS, self.name), id)
                self.before = self.mailbox.record("contact", self.key)

    def test_removing_one_changes_nothing(self):
        os.removexattr(self.file, "user.outlook.state")
        self.assertEqual(self.state(), "synced")


if __name__ == "__main__":
    main()
