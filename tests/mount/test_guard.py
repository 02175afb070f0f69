"""A deletion of very many records at one time is held until somebody says that it was meant."""
import os

from harness import main
from records import CONTACTS, INBOX, RecordTest

QUEUE = ".outlookfs/queue"


class GuardTest(RecordTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.take_back_all)

    def take_back_all(self):
        for entry in os.listdir(self.mailbox.path(QUEUE)):
            os.unlink(self.mailbox.path(QUEUE, entry))

    def remove(self, count):
        names = [self.another() for _ in range(count)]
        for name in names:
            os.unlink(self.path(name))
        return names

    def held(self):
        return self.mailbox.status()["queue"]["held"]

    def confirm(self, status=0):
        done = self.mailbox.run([self.mailbox.program, "sync", "--confirm-deletes", self.mailbox.mountpoint], check=False)
        self.assertEqual(done.returncode, status, done.stderr)

    def assertHeld(self, names):
        """On the service they all are; here none is."""
        done = self.mailbox.sync(1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("%d held" % len(names), done.stderr)
        self.assertIn("--confirm-deletes", done.stderr)
        self.assertEqual(self.held(), len(names))
        self.assertEqual([write for write in self.mailbox.writes(self.mark) if "Delete" in write[0]], [])
        listed = self.mailbox.contacts()
        for name in names:
            self.assertNotIn(name, listed)
            self.assertFalse(os.path.exists(self.path(name)))
            self.assertIsNotNone(self.mailbox.record("contact", name[:-5]))

    def assertThere(self, names):
        self.becomes(lambda: set(names) <= set(self.mailbox.contacts()), "the files are back")
        for name in names:
            self.assertEqual(self.json(name)["Id"], name[:-5])


class Default(GuardTest):
    SEED = "contacts=170,events=0,messages=0"

    def test_fifty_are_not_held(self):
        names = self.remove(50)
        self.assertEqual(self.held(), 0)
        self.mailbox.sync()
        self.assertEqual(len(self.mailbox.writes(self.mark)), 50)
        for name in names:
            self.assertIsNone(self.mailbox.record("contact", name[:-5]))

    def test_more_than_fifty_are_held(self):
        names = self.remove(51)
        self.assertHeld(names)
        status = self.mailbox.tell()
        self.assertEqual(status.returncode, 1)   # a person is needed
        self.assertIn("51 held deletions", status.stdout)
        self.assertIn("--confirm-deletes", status.stdout)
        self.confirm()
        self.assertEqual(sorted(self.mailbox.writes(self.mark)),
                         sorted(("ContactDeleteItem", name[:-5]) for name in names))
        self.assertEqual(self.held(), 0)
        self.mailbox.sync()

    def test_rm_r(self):
        """All there are, as by mistake: taking them back costs no request."""
        names = self.mailbox.contacts()[:60]
        texts = {name: self.read(name) for name in names}
        self.mailbox.run(["rm"] + names, cwd=self.mailbox.path(CONTACTS))
        self.assertHeld(names)
        for entry in os.listdir(self.mailbox.path(QUEUE)):
            os.unlink(self.mailbox.path(QUEUE, entry))
        self.assertThere(names)
        self.assertEqual({name: self.read(name) for name in names}, texts)
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [])


class Half(GuardTest):
    SEED = "contacts=12,events=0,messages=0"
    OPTIONS = "writeback_delay=600"

    def test_more_than_half_of_a_folder_is_held(self):
        """Six of twelve may go; the seventh is one too many, and all of them are held."""
        names = self.remove(6)
        self.assertEqual(self.held(), 0)
        names += self.remove(1)
        self.assertHeld(names)
        self.confirm()
        self.assertEqual(len(self.mailbox.writes(self.mark)), 7)


class Nine(GuardTest):
    SEED = "contacts=9,events=0,messages=0"
    OPTIONS = "writeback_delay=600"

    def test_most_of_a_small_folder_may_go(self):
        self.remove(len(self.unused))
        self.assertEqual(self.held(), 0)
        self.mailbox.sync()
        self.assertEqual(len(self.mailbox.writes(self.mark)), 8)


class Three(GuardTest):
    SEED = "contacts=60,events=0,messages=5"
    OPTIONS = "writeback_delay=600,delete_guard=3"

    def test_three_and_four(self):
        names = self.remove(3)
        self.assertEqual(self.held(), 0)
        names += self.remove(1)
        self.assertHeld(names)

    def test_one_more_while_some_are_held(self):
        names = self.remove(4)
        names += self.remove(1)
        self.assertHeld(names)

    def test_after_what_went_there_is_room_again(self):
        """It is about one time, not about a lifetime."""
        for _ in range(3):
            self.remove(3)
            self.mailbox.sync()
        self.assertEqual(len(self.mailbox.writes(self.mark)), 9)

    def test_other_changes_go_on(self):
        names = self.remove(4)
        self.save(NickName="goes on")
        self.assertHeld(names)
        self.assertService(NickName="goes on")

    def test_it_survives_the_mount(self):
        names = self.remove(4)
        self.mailbox.kill9()
        self.mailbox.mount()
        self.assertHeld(names)
        self.confirm()
        self.assertEqual(len(self.mailbox.writes(self.mark)), 4)

    def test_taking_one_back_leaves_the_others(self):
        names = self.remove(4)
        os.unlink(self.mailbox.path(QUEUE, self.entry("queue", names[0])))
        self.assertThere(names[:1])
        self.assertHeld(names[1:])

    def test_saving_one_again(self):
        """The name is filled: that record is not deleted."""
        text = self.read(self.unused[-1])
        names = self.remove(4)
        self.write(text, self.path(names[0]))
        self.assertEqual(self.state(names[0]), "synced")
        self.assertHeld(names[1:])

    def test_messages(self):
        names = [self.message() for _ in range(4)]
        for name in names:
            os.unlink(self.mailbox.path(INBOX, name))
        self.mailbox.sync(1)
        self.assertEqual(self.held(), 4)
        self.assertEqual(self.mailbox.writes(self.mark), [])
        self.confirm()
        self.assertEqual([operation for operation, _ in self.mailbox.writes(self.mark)], ["DeleteEmail"] * 4)


class Never(GuardTest):
    SEED = "contacts=80,events=0,messages=0"
    OPTIONS = "writeback_delay=600,delete_guard=0"

    def test_none_is_held(self):
        self.remove(60)
        self.mailbox.sync()
        self.assertEqual(len(self.mailbox.writes(self.mark)), 60)


if __name__ == "__main__":
    main()
