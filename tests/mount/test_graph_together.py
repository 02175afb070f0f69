"""Moves and deletions that wait together go to Graph in few requests, each with an outcome of its own."""
import os
import subprocess

from graph_mount import GraphTest
from harness import main, wait_for

INBOX, ARCHIVE, DELETED, CONTACTS = "mail/Inbox", "mail/Archive", "mail/Deleted Items", "contacts/Contacts"
BATCH_MAX = 20


class TogetherTest(GraphTest):
    OPTIONS = "writeback_delay=600,list_ttl=1,delete_guard=0"  # nothing is sent before sync()
    SEED = "contacts=60,events=2,messages=2"

    def setUp(self):
        super().setUp()
        self.option()
        self.mailbox.sandbox.clear_faults()

    def option(self, batchAtOnce=BATCH_MAX, retryAfter=2.128):
        self.mailbox.sandbox.control("POST", "/option", {"service": "graph", "batchAtOnce": batchAtOnce, "retryAfter": retryAfter})

    def deliver(self, count, subject):
        """New messages in the Inbox, as names."""
        names = [self.mailbox.create("message", {"subject": "%s %d" % (subject, i)}, "inbox")["id"] + ".json" for i in range(count)]
        wait_for(lambda: set(names) <= set(os.listdir(self.mailbox.path(INBOX))), "the messages are listed")
        return names

    def move(self, names, source=INBOX, target=ARCHIVE):
        self.mailbox.run(["mv", *names, self.mailbox.path(target)], cwd=self.mailbox.path(source))

    def folder_of(self, name):
        return self.mailbox.sandbox.control("GET", "/record?service=graph&kind=message&id=" + name[:-len(".json")])["folder"]

    def sent(self, since):
        """What went over the wire to change something."""
        return [r for r in self.mailbox.sent(since) if r["method"] != "GET"]

    def members(self, name, since):
        """The moves of a message, oldest first."""
        return [r for r in self.mailbox.requests("MoveMessage", since=since) if name[:-len(".json")] in r["path"]]

    def sync_beside(self):
        """Returns when the service has what the only fault waits for."""
        sync = subprocess.Popen([self.mailbox.program, "sync", self.mailbox.mountpoint], stderr=subprocess.DEVNULL)
        wait_for(lambda: not self.mailbox.sandbox.control("GET", "/fault"), "it is under way")
        return sync

    def assertOnlyIn(self, names, folder):
        """On the service, and in this folder alone."""
        self.assertEqual({name: self.folder_of(name) for name in names}, {name: folder.partition("/")[2] for name in names})
        for one in (INBOX, ARCHIVE, DELETED):
            there = set(os.listdir(self.mailbox.path(one)))
            self.assertEqual(there & set(names), set(names) if one == folder else set(), one)


class Few(TogetherTest):
    def test_a_hundred_moves(self):
        names = self.deliver(100, "one of many")
        mark = self.mailbox.mark()
        self.move(names)
        self.mailbox.sync()
        self.assertOnlyIn(names, ARCHIVE)
        self.assertLessEqual(len(self.sent(mark)), 10)
        self.assertEqual(len(self.mailbox.requests("MoveMessage", since=mark)), 100)
        self.assertEqual({self.mailbox.xattr("state", ARCHIVE, name) for name in names}, {"synced"})

    def test_a_hundred_removals(self):
        names = self.deliver(100, "thrown away")
        mark = self.mailbox.mark()
        self.mailbox.run(["rm", *names], cwd=self.mailbox.path(INBOX))
        self.mailbox.sync()
        self.assertOnlyIn(names, DELETED)
        self.assertLessEqual(len(self.sent(mark)), 10)

    def test_records_that_are_deleted(self):
        names = self.mailbox.contacts()[:40]
        mark = self.mailbox.mark()
        self.mailbox.run(["rm", *names], cwd=self.mailbox.path(CONTACTS))
        self.mailbox.sync()
        for name in names:
            self.assertEqual(self.mailbox.sandbox.graph("GET", "/me/contacts/" + name[:-len(".json")])[0], 404)
        self.assertFalse(set(names) & set(self.mailbox.contacts()))
        self.assertLessEqual(len(self.sent(mark)), 4)

    def test_what_comes_while_others_are_under_way_goes_with_the_next(self):
        names = self.deliver(40, "one by one")
        mark = self.mailbox.mark()
        self.mailbox.fault(service="graph", operation="MoveMessage", delay=3000)
        self.move(names[:1])
        sync = self.sync_beside()
        self.move(names[1:])
        self.mailbox.sync()
        self.assertEqual(sync.wait(60), 0)
        self.assertOnlyIn(names, ARCHIVE)
        self.assertLessEqual(len(self.sent(mark)), 5)


class Outcomes(TogetherTest):
    def test_each_has_its_own(self):
        names = self.deliver(20, "mixed")
        late, denied, gone, failed, skipped = names[:5]
        for name, status, more in ((late, 429, {"retryAfter": 2}), (denied, 403, {}), (failed, 503, {"retryAfter": 1}), (skipped, 424, {})):
            self.mailbox.fault(service="graph", operation="MoveMessage", path=name[:-len(".json")], status=status, **more)
        self.mailbox.edit("message", gone[:-len(".json")], delete=True)
        mark = self.mailbox.mark()
        self.move(names)
        self.mailbox.sync(status=1)
        arrived = [name for name in names if name not in (denied, gone)]
        self.assertEqual({self.folder_of(name) for name in arrived}, {"Archive"})
        self.assertEqual(self.folder_of(denied), "Inbox")
        self.assertEqual(self.mailbox.xattr("state", ARCHIVE, denied), "failed")
        self.assertFalse(os.path.exists(self.mailbox.path(ARCHIVE, gone)))
        for name in arrived[1:]:
            if name not in (failed, skipped):
                self.assertEqual(len(self.members(name, mark)), 1)
        first, second = self.members(late, mark)
        self.assertEqual(first["status"], 429)
        self.assertNotEqual(first.get("batch"), second.get("batch"))
        os.unlink(self.mailbox.path(".outlookfs/failed", os.listdir(self.mailbox.path(".outlookfs/failed"))[0]))

    def test_the_answer_is_lost(self):
        names = self.deliver(30, "lost")
        mark = self.mailbox.mark()
        self.mailbox.fault(service="graph", operation="Batch", drop="after")
        self.move(names)
        self.mailbox.sync()
        self.assertOnlyIn(names, ARCHIVE)
        self.assertEqual(self.mailbox.requests("DeleteMessage", since=mark), [])

    def test_killed_before_the_answer(self):
        names = self.deliver(40, "killed")
        mark = self.mailbox.mark()
        self.mailbox.fault(service="graph", operation="Batch", drop="after")
        self.move(names)
        sync = self.sync_beside()
        wait_for(lambda: self.mailbox.requests("Batch", since=mark), "the service has carried out a batch")
        self.mailbox.kill9()
        sync.wait(60)
        self.mailbox.mount()
        self.mailbox.sync()
        self.assertOnlyIn(names, ARCHIVE)
        found = [m["subject"] for folder in ("inbox", "archive", "deleteditems")
                 for m in self.ask("/me/mailFolders/%s/messages?$top=500&$select=subject" % folder)["value"]]
        self.assertEqual(sorted(subject for subject in found if subject.startswith("killed ")), sorted("killed %d" % i for i in range(40)))

    def test_a_service_that_takes_four_at_once(self):
        names = self.deliver(40, "four")
        mark = self.mailbox.mark()
        self.option(batchAtOnce=4, retryAfter=0.4)
        self.move(names)
        self.mailbox.sync()
        self.assertOnlyIn(names, ARCHIVE)
        refused = [r for r in self.mailbox.requests("MoveMessage", since=mark) if r["status"] == 429]
        self.assertLessEqual(len(refused), 30)

    def test_a_service_that_takes_no_batches(self):
        names = self.deliver(5, "single")
        self.mailbox.remount()
        self.mailbox.fault(service="graph", operation="Batch", status=400, count=0)
        self.move(names)
        self.mailbox.sync()
        self.assertOnlyIn(names, ARCHIVE)
        self.mailbox.sandbox.clear_faults()
        self.mailbox.remount()  # it is tried again

    def test_a_save_does_not_wait_for_them(self):
        names, contact = self.deliver(20, "slow"), self.first(CONTACTS)
        mark = self.mailbox.mark()
        self.mailbox.fault(service="graph", operation="Batch", delay=2000)
        record = self.mailbox.json(contact)
        self.move(names)
        self.write({**record, "jobTitle": "Captain"}, contact)
        self.mailbox.sync()
        order = [r["operation"] for r in self.sent(mark)]
        self.assertLess(order.index("UpdateContact"), order.index("Batch"))
        self.assertOnlyIn(names, ARCHIVE)

    def test_moves_do_not_wait_for_one_that_takes_long(self):
        first, others = self.deliver(1, "hangs"), self.deliver(5, "not held up")
        self.mailbox.fault(service="graph", operation="MoveMessage", delay=15000)
        self.move(first)
        syncs = [self.sync_beside()]
        self.move(others)
        syncs.append(self.sync_beside())
        wait_for(lambda: {self.folder_of(name) for name in others} == {"Archive"}, "the others have moved")
        self.assertEqual(self.folder_of(first[0]), "Inbox")
        for sync in syncs:
            sync.wait(60)
        wait_for(lambda: self.folder_of(first[0]) == "Archive", "the first has moved")
        self.mailbox.sync()
        self.assertOnlyIn(first + others, ARCHIVE)


if __name__ == "__main__":
    main()
