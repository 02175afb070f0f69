"""mv between folders that no rename joins: a copy and a removal, of which nothing is lost whatever becomes of the copy."""
import contextlib
import errno
import json
import os
import subprocess

from both import over_both
from harness import MountTest, main, wait_for


class Copied:
    SEED = "contacts=60,events=40,messages=1"
    OPTIONS = "writeback_delay=600,create_settle=1"     # nothing is sent before somebody asks

    def setUp(self):
        self.mailbox.sandbox.clear_faults()
        self.addCleanup(self.clean)
        self.here, self.there = self.mailbox.path(self.HERE), self.mailbox.path(self.THERE)
        self.name = next(name for name in sorted(os.listdir(self.here)) if self.is_simple(name))
        self.key = self.name[:-len(".json")]
        self.target = os.path.join(self.there, "copy.json")
        self.before = self.ids()
        self.mark = self.mailbox.mark()

    def clean(self):
        """The next test's sync is not to fail because of this one."""
        self.mailbox.sandbox.clear_faults()
        for entry in os.listdir(self.mailbox.path(".outlookfs/failed")):
            os.unlink(self.mailbox.path(".outlookfs/failed", entry))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.target)
        self.mailbox.sync()

    def is_simple(self, name):
        """A series or a meeting is more than its text."""
        if not name.endswith(".json"):
            return False
        record = self.mailbox.record(self.KIND, name[:-len(".json")])
        return record.get("Recurrence", "none") in ("none", None) and not record.get("Attendees", record.get("RequiredAttendees"))

    def ids(self):
        return {record["Id"] for record in self.mailbox.records(self.KIND)}

    def move(self, source=None, target=None, check=True):
        return self.mailbox.run(["mv", source or os.path.join(self.here, self.name), target or self.target], check=check)

    def post(self):
        return self.OPERATION + "PostItem"

    def writes(self):
        return [operation for operation, _ in self.mailbox.writes(self.mark)]

    def assertMoved(self):
        """One record, another than before; the old one went after it had come."""
        self.assertEqual(self.before - self.ids(), {self.key})
        self.assertEqual(len(self.ids()), len(self.before))
        self.assertEqual(self.writes()[-1], self.OPERATION + "DeleteItem")
        self.assertFalse(os.path.lexists(os.path.join(self.here, self.name)))

    def assertStayed(self):
        self.assertEqual(self.ids(), self.before)
        self.assertNotIn(self.OPERATION + "DeleteItem", self.writes())
        self.assertIsNone(self.entry("queue", self.name))

    def entry(self, where, name="copy.json"):
        directory = self.mailbox.path(".outlookfs", where)
        return next((os.path.join(directory, entry) for entry in os.listdir(directory) if entry.endswith("-" + name)), None)

    def test_in_this_order(self):
        self.move()
        self.mailbox.sync()
        self.assertEqual(self.writes(), [self.post(), self.OPERATION + "DeleteItem"])
        self.assertMoved()

    def test_one_made_here(self):
        """What the service knows its making by is not copied along: it would answer with the old one."""
        path = os.path.join(self.here, "mine.json")
        self.mailbox.run(["cp", os.path.join(self.here, self.name), path])
        self.mailbox.sync()
        self.key, self.before = self.mailbox.xattr("id", path), self.ids()
        self.move(path)
        self.mailbox.sync()
        self.assertEqual(self.before - self.ids(), {self.key})
        self.assertEqual(len(self.ids()), len(self.before))

    def test_refused(self):
        self.mailbox.fault(operation=self.post(), status=400, count=0)
        self.move()
        self.mailbox.sync(1)
        self.assertStayed()
        os.unlink(self.entry("failed"))
        wait_for(lambda: not os.path.lexists(self.target), "the copy goes once it is closed")

    def test_of_unknown_outcome(self):
        self.mailbox.fault(operation=self.post(), drop="after")
        self.move()
        self.mailbox.sync()
        self.assertEqual(self.writes().count(self.post()), 1)
        self.assertMoved()


@over_both
class Contacts(Copied, MountTest):
    KIND, OPERATION, MEMBER = "contact", "Contact", "Surname"
    HERE, THERE = "contacts/Contacts", "contacts/Customers%2FSuppliers"

    def test_refused_and_done_again(self):
        self.test_refused()
        wait_for(lambda: self.name in os.listdir(self.here), "the file shows again")
        self.mailbox.sandbox.clear_faults()
        self.move()
        self.mailbox.sync()
        self.assertMoved()

    def test_broken_for_a_while(self):
        self.mailbox.fault(operation=self.post(), status=503)
        self.move()
        self.mailbox.sync()
        self.assertMoved()

    def test_killed_while_it_is_made(self):
        """The service makes it, whoever listens: it is found, and then the old one goes."""
        self.mailbox.fault(operation=self.post(), delay=1000)
        self.move()
        self.mailbox.run("echo sync > '%s'" % self.mailbox.path(".outlookfs/control"))
        wait_for(lambda: not self.mailbox.sandbox.control("GET", "/fault"), "the request has arrived")
        self.mailbox.kill9()
        self.mailbox.mount()
        self.mailbox.sync()
        self.assertEqual(self.writes().count(self.post()), 1)
        self.assertMoved()

    def test_refused_after_an_edit_that_waits(self):
        self.mailbox.fault(operation=self.post(), status=400, count=0)
        path = os.path.join(self.here, self.name)
        record = self.mailbox.json(path)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.mailbox.say({**record, self.MEMBER: "edited first"}), file)
        self.move()
        self.mailbox.sync(1)
        self.assertStayed()

    def test_refused_while_it_is_not_known_whether_the_first_was_made(self):
        """What was to be removed behind the copy stays: it is found, not made a second time."""
        path = os.path.join(self.here, "new.json")
        self.mailbox.fault(method="GET", status=503, count=0)  # nobody finds out yet
        self.mailbox.fault(operation=self.post(), drop="after")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.mailbox.say('{"GivenName": "Made", "Surname": "Once"}'))
        sync = subprocess.Popen([self.mailbox.program, "sync", self.mailbox.mountpoint], stderr=subprocess.DEVNULL)
        wait_for(lambda: len(self.mailbox.sandbox.control("GET", "/fault")) == 1, "the request has arrived")
        self.move(path)
        self.mailbox.sandbox.clear_faults()
        self.mailbox.fault(operation=self.post(), status=400, count=0)
        self.mailbox.sync(1)
        sync.wait(60)
        wait_for(lambda: "new.json" in os.listdir(self.here), "the file shows again")
        self.assertEqual(len(self.ids() - self.before), 1)
        self.assertEqual(self.mailbox.json(path)["Surname"], "Once")
        self.assertEqual({self.mailbox.xattr("id", path)}, self.ids() - self.before)
        self.assertEqual(self.writes().count(self.OPERATION + "DeleteItem"), 0)
        self.clean()
        os.unlink(path)

    def test_refused_after_a_kill(self):
        self.move()
        self.mailbox.kill9()
        self.mailbox.fault(operation=self.post(), status=400, count=0)
        self.mailbox.mount()
        self.mailbox.sync(1)
        self.assertStayed()

    def test_taken_back(self):
        self.move()
        os.unlink(self.entry("queue"))
        self.mailbox.sync()
        self.assertStayed()
        self.assertEqual(self.writes(), [])

    def test_edited_meanwhile(self):
        self.mailbox.fault(operation=self.post(), status=400, count=0)
        self.move()
        self.mailbox.run(["touch", self.target])
        self.mailbox.run(["sed", "-i", self.mailbox.say('s/"%s": ".*"/"%s": "edited"/' % (self.MEMBER, self.MEMBER)), self.target])
        self.mailbox.sync(1)
        self.assertStayed()

    def test_moved_on(self):
        self.mailbox.fault(operation=self.post(), status=400, count=0)
        self.move()
        self.move(self.target, os.path.join(self.here, "copy.json"))
        self.mailbox.sync(1)
        self.assertStayed()
        os.unlink(self.entry("failed"))

    def test_over_another(self):
        other = next(name for name in os.listdir(self.there) if name.endswith(".json"))
        self.mailbox.fault(operation=self.OPERATION + "PatchItem", status=400, count=0)
        self.move(target=os.path.join(self.there, other))
        self.mailbox.sync(1)
        self.assertStayed()

    def test_a_removal_behind_a_refusal(self):
        self.mailbox.fault(operation=self.post(), status=400, count=0)
        source = os.path.join(self.here, self.name)
        self.mailbox.run(["cp", source, self.target])
        self.mailbox.sync(1)
        with self.assertRaises(OSError) as raised:
            os.unlink(source)
        self.assertEqual(raised.exception.errno, errno.EBUSY)
        self.assertIn("copy.json", self.mailbox.read(".outlookfs/log"))
        os.unlink(self.entry("failed"))
        os.unlink(source)
        self.mailbox.sync()
        self.assertEqual(self.ids(), self.before - {self.key})


@over_both
class Events(Copied, MountTest):
    KIND, OPERATION, MEMBER = "event", "Calendar", "Subject"
    HERE, THERE = "calendars/Calendar", 'calendars/Team: "Köln%2FLyon" & friends'


if __name__ == "__main__":
    main()
