"""What the service refuses, loses or does twice: nothing saved is dropped, nothing is sent twice, and a person can see why."""
import datetime
import errno
import json
import os

from harness import TOKEN, Terminal, main
from records import CALENDAR, CONTACTS, INBOX, RecordTest, ServiceTest

NEW = '{"GivenName": "%s", "HomePhones": []}'


class Draft(RecordTest):
    """A bad save over a record: named, and taken back by rm in .outlookfs/drafts/."""

    def command(self, name):
        return self.mailbox.run([self.mailbox.program, name, self.mailbox.mountpoint], check=False)

    def discard(self, name=None):
        """Once the file is closed: the kernel reports that after close() has returned."""
        path = self.mailbox.path(".outlookfs/drafts", self.entry("drafts", name))

        def discarded():
            try:
                os.unlink(path)
            except OSError as error:
                self.assertEqual(error.errno, errno.EBUSY)
                return False
            return True

        self.becomes(discarded, "the draft is discarded")

    def spoil(self):
        with self.assertRaises(OSError) as raised:
            self.write('{"GivenName": ')
            self.fsync('{"GivenName": ]')
        self.assertEqual(raised.exception.errno, errno.EINVAL)

    def test_rm_brings_the_record_back(self):
        self.spoil()
        entry = self.mailbox.json(".outlookfs/drafts", self.entry("drafts"))
        self.assertEqual(entry["path"], os.path.join(CONTACTS, self.name))
        self.assertIn("1:15", entry["reason"])
        self.discard()
        self.assertEqual(self.read(), self.text)
        self.assertEqual(self.state(), "synced")
        self.assertIsNone(self.entry("drafts"))
        self.assertEqual(self.writes(), [])
        rejected = self.trash_entries("rejected")
        self.assertEqual(self.mailbox.read(".outlookfs/trash", rejected[-1]), '{"GivenName": ]')

    def test_rm_brings_what_waits_back(self):
        mine = self.save(NickName="waits")
        self.spoil()
        self.discard()
        self.assertEqual(self.read(), mine)
        self.assertEqual(self.state(), "pending")
        self.mailbox.sync()
        self.assertService(NickName="waits")

    def test_rm_of_a_new_one(self):
        self.write('{"GivenName": ', self.path("new.json"))
        self.discard("new.json")
        self.assertFalse(os.path.lexists(self.path("new.json")))
        self.mailbox.remount()
        self.assertNotIn("new.json", self.mailbox.contacts())

    def test_not_under_an_open_handle(self):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(self.text[:10])
            file.flush()
            os.close(os.dup(file.fileno()))     # close(2) of a half-written text: a draft
            self.assertErrno(errno.EBUSY, os.unlink, self.mailbox.path(".outlookfs/drafts", self.entry("drafts")))
            file.write(self.text[10:])
        self.assertEqual(self.state(), "synced")

    def test_a_mail(self):
        path = self.mailbox.path("outbox/send/bad.json")
        with self.assertRaises(OSError):
            self.write('{"To": 5}', path)
        self.discard("bad.json")
        self.becomes(lambda: not os.path.lexists(path), "the file is gone")

    def test_it_is_named(self):
        self.spoil()
        done = self.command("status")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("all on the service", done.stdout)
        self.assertIn("1 draft", done.stdout)
        self.assertIn(".outlookfs/drafts/", done.stdout)
        self.assertIn("1 draft", self.command("umount").stdout)
        self.mailbox.unmount()
        self.mailbox.mount()
        self.discard()
        self.assertIn("all on the service", self.command("status").stdout)


class Refused(RecordTest):
    """A 4xx: parked in .outlookfs/failed/, the bytes stay."""

    def tearDown(self):
        """The next test's sync is not to fail because of this one."""
        failed = self.mailbox.path(".outlookfs/failed")
        for entry in os.listdir(failed):
            os.unlink(os.path.join(failed, entry))

    def refused(self, status, operation="ContactPatchItem"):
        self.mailbox.fault(operation=operation, status=status, count=0)

    def allow(self):
        self.mailbox.sandbox.clear_faults()

    def make(self, status=400):
        """A refused edit; its text."""
        self.refused(status)
        new = self.save(NickName="mine")
        self.mailbox.sync(1)
        self.assertParked(new, status)
        return new

    def assertParked(self, text, status, name=None):
        name = name or self.name
        self.assertEqual(self.state(name), "failed")
        self.assertEqual(self.read(name), text)
        entry = self.mailbox.json(".outlookfs/failed", self.entry("failed", name))
        self.assertEqual((entry["state"], entry["status"]), ("failed", status))
        self.assertEqual(entry["path"], os.path.join(CONTACTS, name))
        self.assertTrue(entry["reason"])
        self.assertEqual(self.error(name), entry["reason"])
        self.assertIsNone(self.entry("queue", name))

    def test_a_change(self):
        for status in (400, 403, 413):
            with self.subTest(status=status):
                self.make(status)
                self.assertService()
                entry = self.mailbox.json(".outlookfs/failed", self.entry("failed"))
                self.assertEqual(entry["verb"], "update")
                self.assertEqual(entry["changes"]["NickName"], {"from": self.before["NickName"], "to": "mine"})
                line = self.status_line()
                self.assertIn("failed", line)
                self.assertIn(entry["reason"], line)
                self.assertIn("1 refused", self.mailbox.sync(1).stderr)
            self.tearDown()
            self.setUp()

    def test_a_new_record(self):
        for status in (400, 403, 413):
            with self.subTest(status=status):
                self.refused(status, "ContactPostItem")
                count = len(self.mailbox.records("contact"))
                name = "refused-%d.json" % status
                text = self.write(NEW % "Refused", self.path(name))
                self.mailbox.sync(1)
                self.assertParked(text, status, name)
                self.assertIn(name, self.mailbox.contacts())
                self.assertEqual(len(self.mailbox.records("contact")), count)
                os.unlink(self.mailbox.path(".outlookfs/failed", self.entry("failed", name)))
                self.assertNotIn(name, self.mailbox.contacts())
                self.becomes(lambda: not os.path.exists(self.path(name)), "the file is gone")
            self.allow()
            self.tearDown()

    def test_a_deletion(self):
        """The file comes back, and says why."""
        self.refused(403, "ContactDeleteItem")
        os.unlink(self.file)
        self.mailbox.sync(1)
        entry = self.mailbox.json(".outlookfs/failed", self.entry("failed"))
        self.assertEqual((entry["verb"], entry["state"], entry["status"]), ("delete", "failed", 403))
        self.becomes(lambda: os.path.exists(self.file), "the file is back")
        self.assertEqual(self.json(), json.loads(self.text))
        self.assertEqual(self.state(), "failed")
        self.assertTrue(self.error())
        os.unlink(self.mailbox.path(".outlookfs/failed", self.entry("failed")))
        self.assertEqual(self.state(), "synced")
        self.assertService()

    def test_it_survives_the_mount(self):
        new = self.make()
        self.mailbox.remount()
        self.assertParked(new, 400)
        self.assertEqual(len(self.writes()), 1)         # nobody asked for another attempt

    def test_touch_tries_again(self):
        self.make()
        self.allow()
        self.mailbox.run(["touch", self.file])
        self.becomes(lambda: self.state() == "synced", "sent")
        self.assertService(NickName="mine")
        self.assertIsNone(self.entry("failed"))

    def test_saving_tries_again(self):
        self.make()
        self.allow()
        self.save(NickName="better")
        self.assertEqual(self.state(), "pending")
        self.mailbox.sync()
        self.assertService(NickName="better")
        self.assertIsNone(self.entry("failed"))

    def test_saving_a_new_record_again(self):
        self.refused(400, "ContactPostItem")
        path = self.path("again.json")
        self.write(NEW % "Again", path)
        self.mailbox.sync(1)
        self.allow()
        self.write(NEW % "Better", path)
        self.mailbox.sync()
        self.assertEqual(self.state("again.json"), "synced")
        self.assertEqual(self.mailbox.record("contact", self.mailbox.xattr("id", CONTACTS, "again.json"))["GivenName"],
                         "Better")

    def test_removing_the_entry_gives_up(self):
        self.make()
        self.theirs(CompanyName="Theirs")
        os.unlink(self.mailbox.path(".outlookfs/failed", self.entry("failed")))
        self.assertEqual(self.state(), "synced")
        self.shows(NickName=self.before["NickName"])
        self.mailbox.sync()
        self.assertService(CompanyName="Theirs")

    def test_removing_the_file_deletes_the_record(self):
        """The text that was refused is in the trash."""
        self.make()
        os.unlink(self.file)
        self.mailbox.sync()
        self.assertIsNone(self.mailbox.record("contact", self.key))
        self.assertEqual([record["NickName"] for record in self.trash("rejected")], ["mine"])

    def test_writing_the_old_text_back_gives_up(self):
        """As an editor does that rolls back in place. The text that was refused is in the trash."""
        self.make()
        self.write(self.text)
        self.assertEqual(self.state(), "synced")
        self.assertIsNone(self.entry("failed"))
        self.assertEqual([record["NickName"] for record in self.trash("rejected")], ["mine"])
        self.mailbox.sync()
        self.assertService()
        self.assertEqual(len(self.writes()), 1)

    def test_fsync_tells(self):
        for status, wanted in ((400, errno.EINVAL), (403, errno.EACCES), (413, errno.EFBIG)):
            with self.subTest(status=status):
                self.refused(status)
                new = self.edited(NickName="fsync")
                self.assertErrno(wanted, self.fsync, new)
                self.assertParked(new, status)
                self.refused(status, "ContactPostItem")
                name = "fsync-%d.json" % status
                self.assertErrno(wanted, self.fsync, NEW % "Fsync", self.path(name))
                self.assertParked(NEW % "Fsync", status, name)
            self.tearDown()
            self.setUp()

    def test_vim_shows_it_and_loses_nothing(self):
        """vim puts the old text back when fsync fails: what it could not save is in the trash."""
        self.refused(400)
        with Terminal(["vim", "-N", "-u", "NONE", "-i", "NONE", "-c", "set backupskip=",
                       "-c", '%s/"NickName": .*/"NickName": "vim",/', "-c", "w", self.file]) as terminal:
            terminal.expect("E667")                     # fsync failed
            terminal.send("\r:q!\r")
            self.assertEqual(terminal.wait(), 0)
        self.assertEqual(self.read(), self.text)
        self.assertEqual(self.state(), "synced")
        self.assertEqual([record["NickName"] for record in self.trash("rejected")], ["vim"])
        self.allow()
        self.mailbox.sync()
        self.assertService()


class Messages(RecordTest):
    """The service can only mark a message as read, and delete it."""
    SEED = "contacts=1,events=0,messages=24"

    def another(self):
        return None

    def setUp(self):
        self.addCleanup(self.mailbox.sandbox.clear_faults)
        self.mark = self.mailbox.mark()

    def change(self, name, **members):
        path = self.mailbox.path(INBOX, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.write(self.edited(text, **members), path)

    def assertNotAllowed(self, name, **members):
        self.assertErrno(errno.EPERM, lambda: self.change(name, **members))

    def assertUnchanged(self, name, before):
        self.assertEqual(self.mailbox.read(INBOX, name), before)
        self.assertEqual(self.mailbox.xattr("state", INBOX, name), "synced")
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [])

    def test_other_members(self):
        """Refused at close; the file is as before, and what was written is in the trash."""
        name = self.message(read=False)
        before = self.mailbox.read(INBOX, name)
        self.assertNotAllowed(name, Subject="Mine")
        self.assertUnchanged(name, before)
        self.assertEqual([record["Subject"] for record in self.trash("rejected", name[:-5])], ["Mine"])

    def test_mark_as_unread(self):
        name = self.message(read=True)
        before = self.mailbox.read(INBOX, name)
        self.assertNotAllowed(name, IsRead=False)
        self.assertUnchanged(name, before)

    def test_both_at_once(self):
        """Not even the part that could be done."""
        name = self.message(read=False)
        before = self.mailbox.read(INBOX, name)
        self.assertNotAllowed(name, IsRead=True, Subject="Mine")
        self.assertUnchanged(name, before)

    def test_mark_as_read(self):
        name = self.message(read=False)
        self.change(name, IsRead=True)
        self.change(name, IsRead=True)
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("MarkAsRead", name[:-5])])
        self.assertTrue(self.mailbox.record("message", name[:-5])["IsRead"])
        self.assertNotAllowed(name, IsRead=False)

    def test_mark_as_read_when_the_answer_is_lost(self):
        name = self.message(read=False)
        self.mailbox.fault(operation="MarkAsRead", drop="after")
        self.change(name, IsRead=True)
        self.mailbox.sync()
        self.assertTrue(self.mailbox.record("message", name[:-5])["IsRead"])
        self.assertEqual(self.mailbox.xattr("state", INBOX, name), "synced")

    def deleted(self):
        return [record for record in self.mailbox.sandbox.records("message") if record["Folder"] == "Deleted Items"]

    def test_rm_moves_it_to_the_deleted_items(self):
        """Once, whatever happens to the answer."""
        faults = ({"drop": "after"}, {"status": 504, "apply": True}, {"status": 502})
        names = [self.message() for _ in range(4)]
        wanted = [self.mailbox.record("message", name[:-5])["InternetMessageId"] for name in names]
        before = len(self.deleted())
        for fault in faults:
            self.mailbox.fault(operation="DeleteEmail", **fault)
        for name in names:
            os.unlink(self.mailbox.path(INBOX, name))
        self.mailbox.sync()
        for name in names:
            self.assertIsNone(self.mailbox.record("message", name[:-5]))
            self.assertNotIn(name, os.listdir(self.mailbox.path(INBOX)))
        deleted = [record["InternetMessageId"] for record in self.deleted()]
        self.assertEqual(len(deleted), before + 4)
        self.assertTrue(set(wanted) <= set(deleted))


class Queue(RecordTest):
    """.outlookfs/queue/: what waits, and taking it back."""

    def take_back(self, name=None):
        os.unlink(self.mailbox.path(".outlookfs/queue", self.entry("queue", name)))
        self.assertIsNone(self.entry("queue", name))
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [])

    def test_a_change(self):
        self.save(NickName="mine")
        entry = self.mailbox.json(".outlookfs/queue", self.entry("queue"))
        self.assertEqual((entry["verb"], entry["state"], entry["path"]),
                         ("update", "pending", os.path.join(CONTACTS, self.name)))
        self.assertEqual(entry["changes"], {"NickName": {"from": self.before["NickName"], "to": "mine"}})
        self.assertIn("update", self.status_line())
        self.take_back()
        self.becomes(lambda: self.read() == self.text, "the record's own text")
        self.assertEqual(self.state(), "synced")

    def test_a_new_record(self):
        self.write(NEW % "Queued", self.path("queued.json"))
        entry = self.mailbox.json(".outlookfs/queue", self.entry("queue", "queued.json"))
        self.assertEqual((entry["verb"], entry["record"]), ("create", json.loads(NEW % "Queued")))
        self.take_back("queued.json")
        self.assertNotIn("queued.json", self.mailbox.contacts())
        self.becomes(lambda: not os.path.exists(self.path("queued.json")), "the file is gone")

    def test_a_deletion(self):
        os.unlink(self.file)
        entry = self.mailbox.json(".outlookfs/queue", self.entry("queue"))
        self.assertEqual((entry["verb"], entry["state"]), ("delete", "pending"))
        self.take_back()
        self.becomes(lambda: os.path.exists(self.file), "the file is back", 5)
        self.assertEqual(self.read(), self.text)
        self.assertIn(self.name, self.mailbox.contacts())

    def test_oldest_first(self):
        """However many are sent at one time. None of the first four is answered before all of them are asked."""
        names = [self.another() for _ in range(8)]
        for name in names:
            self.write(self.edited(self.read(name), NickName="in order"), self.path(name))
        self.mailbox.fault(operation="ContactGetItem", together=4, count=4)
        self.mailbox.sync()
        begun = [line["id"] + ".json" for line in self.mailbox.requests("ContactGetItem", since=self.mark)]
        self.assertEqual(sorted(begun), sorted(names))
        self.assertEqual(sorted(begun[:4]), sorted(names[:4]))

    def test_it_empties_itself(self):
        self.save(NickName="mine")
        self.mailbox.sync()
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/queue")), [])
        self.assertEqual(self.mailbox.status()["operations"], [])


class Trash(RecordTest):
    """.outlookfs/trash/: the version before each change and deletion."""

    def entry_of(self, why):
        for entry in self.trash_entries(why):
            if self.mailbox.json(".outlookfs/trash", entry)["Id"] == self.key:
                return self.mailbox.path(".outlookfs/trash", entry)
        raise AssertionError("nothing of this record is in the trash")

    def test_copying_back_undoes_a_change(self):
        self.save(NickName="mine", BusinessPhones=["+1 206 555 0100"])
        self.mailbox.sync()
        self.assertEqual(self.trash("update"), [json.loads(self.text)])
        self.mailbox.run(["cp", self.entry_of("update"), self.file])
        self.mailbox.sync()
        self.assertService()
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)] * 2)

    def test_it_is_the_service_s_version(self):
        """What another client had changed is in it, too."""
        self.theirs(CompanyName="Theirs")
        self.save(NickName="mine")
        self.mailbox.sync()
        self.assertEqual([(r["CompanyName"], r["NickName"]) for r in self.trash("update")],
                         [("Theirs", self.before["NickName"])])

    def test_copying_back_undoes_a_deletion(self):
        """As a new record: the service has no way to bring an id back."""
        os.unlink(self.file)
        self.mailbox.sync()
        self.assertEqual(self.trash("delete"), [json.loads(self.text)])
        self.mailbox.run(["cp", self.entry_of("delete"), self.file])
        self.mailbox.sync()
        key = self.mailbox.xattr("id", CONTACTS, self.name)
        self.assertNotEqual(key, self.key)
        after = self.mailbox.record("contact", key)
        for member in ("GivenName", "Surname", "EmailAddresses", "BusinessAddress", "CompanyName", "HomePhones"):
            self.assertEqual(after[member], self.before[member])
        self.assertEqual(self.mailbox.contacts().count(self.name), 1)
        self.assertNotIn(key + ".json", self.mailbox.contacts())

    def test_rm_forgets_it(self):
        self.save(NickName="mine")
        self.mailbox.sync()
        entry = self.entry_of("update")
        os.unlink(entry)
        self.assertFalse(os.path.exists(entry))
        self.assertEqual(self.trash("update"), [])


class Ambiguous(RecordTest):
    """Nobody knows whether a request was carried out."""
    OPTIONS = RecordTest.OPTIONS + ",create_settle=1"

    ARRIVED = ({"status": 504, "apply": True}, {"status": 502, "apply": True}, {"drop": "after"})
    LOST = ({"status": 504}, {"drop": "before"})

    def posts(self, operation="ContactPostItem"):
        return [line for line in self.mailbox.requests(since=self.mark) if line["operation"] == operation]

    def new_ones(self, name):
        return [record for record in self.mailbox.records("contact") if record["GivenName"] == name]

    def create(self, name):
        self.write(NEW % name, self.path(name + ".json"))

    def create_under(self, faults, name):
        """A new record for each fault, sent together; their names."""
        names = [name + str(number) for number in range(len(faults))]
        for fault in faults:
            self.mailbox.fault(operation="ContactPostItem", **fault)
        for name in names:
            self.create(name)
        self.mailbox.sync()
        return names

    def change_under(self, faults):
        """An edit for each fault, sent together; what was sent for each of them."""
        names = [self.name] + [self.another() for _ in faults[1:]]
        for fault in faults:
            self.mailbox.fault(operation="ContactPatchItem", **fault)
        for name in names:
            self.write(self.edited(self.read(name), NickName="mine"), self.path(name))
        self.mailbox.sync()
        for name in names:
            self.assertEqual(self.mailbox.record("contact", name[:-5])["NickName"], "mine")
            self.assertEqual(self.state(name), "synced")
        self.assertService(NickName="mine")
        sent = self.mailbox.requests("ContactPatchItem", since=self.mark)
        return [[line["body"] for line in sent if line["id"] == name[:-5]] for name in names]

    def assertCreatedOnce(self, name, file=None):
        made = self.new_ones(name)
        self.assertEqual(len(made), 1)
        file = file or name + ".json"
        self.assertEqual(self.mailbox.xattr("id", CONTACTS, file), made[0]["Id"])
        self.assertEqual(self.state(file), "synced")
        self.assertNotIn(made[0]["Id"] + ".json", self.mailbox.contacts())

    def test_a_new_record_that_arrived(self):
        """Looked for before anything is sent again."""
        names = self.create_under(self.ARRIVED, "arrived")
        self.assertEqual(len(self.posts()), len(names))
        for name in names:
            self.assertCreatedOnce(name)

    def test_a_new_record_that_was_lost(self):
        names = self.create_under(self.LOST, "lost")
        self.assertEqual(len(self.posts()), 2 * len(names))
        for name in names:
            self.assertCreatedOnce(name)

    def test_twins(self):
        """Two equal new records are two, even when both answers are lost."""
        self.mailbox.fault(operation="ContactPostItem", drop="after", count=2)
        for file in ("twin1.json", "twin2.json"):
            self.write(NEW % "Twin", self.path(file))
        self.mailbox.sync()
        ids = {self.mailbox.xattr("id", CONTACTS, file) for file in ("twin1.json", "twin2.json")}
        self.assertEqual({record["Id"] for record in self.new_ones("Twin")}, ids)
        self.assertEqual(len(ids), 2)

    def in_between(self, what):
        """The first attempt's outcome is unknown and something happens before the second."""
        self.mailbox.fault(operation="ContactPostItem", drop="after")
        self.mailbox.fault(operation="ContactGetItems", status=503, count=2)      # the look for it has to wait
        self.create(what)
        control = os.open(self.mailbox.path(".outlookfs/control"), os.O_WRONLY)
        self.assertErrno(errno.EINPROGRESS, os.write, control, b"sync 0\n")
        os.close(control)
        self.becomes(self.posts, "the first attempt")

    def test_saved_again_in_between(self):
        self.in_between("between")
        self.write('{"GivenName": "after", "NickName": "newer", "HomePhones": []}', self.path("between.json"))
        self.mailbox.sync()
        self.assertEqual(self.new_ones("between"), [])
        self.assertCreatedOnce("after", "between.json")
        self.assertEqual(len(self.posts()), 1)

    def test_removed_in_between(self):
        self.in_between("removed")
        os.unlink(self.path("removed.json"))
        self.mailbox.sync()
        self.assertEqual(self.new_ones("removed"), [])
        self.assertNotIn("removed.json", self.mailbox.contacts())

    def test_after_a_crash(self):
        """The next mount knows of the attempt."""
        self.in_between("crashed")
        self.mailbox.kill9()
        self.mailbox.sandbox.clear_faults()
        self.mailbox.mount()
        self.mailbox.sync()
        self.assertEqual(len(self.posts()), 1)
        self.assertCreatedOnce("crashed")

    ZONED = {"StartTimeZone": "W. Europe Standard Time", "EndTimeZone": "W. Europe Standard Time"}

    def events(self, subject):
        return [record for record in self.mailbox.sandbox.records("event") if record["Subject"] == subject]

    def test_a_new_event_that_arrived(self):
        """The service rewrites an event's body and times; it is recognised all the same."""
        self.mailbox.fault(operation="CalendarPostItem", drop="after")
        path = self.mailbox.path(CALENDAR, "ambiguous.json")
        self.write(json.dumps({"Subject": "Ambiguous", "Start": "2026-12-01T12:00:00", "End": "2026-12-01T13:00:00",
                               **self.ZONED, "Body": {"ContentType": "Text", "Content": "Bring\nthe <figures>"}}), path)
        self.mailbox.sync()
        self.assertEqual(len(self.posts("CalendarPostItem")), 1)
        made = self.events("Ambiguous")
        self.assertEqual([record["Id"] for record in made], [os.getxattr(path, "user.outlook.id").decode()])
        self.assertEqual(made[0]["Start"], "2026-12-01T11:00:00+00:00")
        self.assertEqual(os.getxattr(path, "user.outlook.state"), b"synced")

    def test_new_events_that_differ_in_their_times_only(self):
        """Some arrived, some did not: in the end there is one of each, and each file is its own."""
        self.mailbox.fault(operation="CalendarPostItem", drop="after", count=2)
        self.mailbox.fault(operation="CalendarPostItem", drop="before", count=2)
        paths = {}
        for hour in ("09", "10", "11", "12"):
            paths[hour] = self.mailbox.path(CALENDAR, "standup%s.json" % hour)
            self.write(json.dumps({"Subject": "Standup", "Start": "2026-12-01T%s:00:00" % hour,
                                   "End": "2026-12-01T%s:15:00" % hour, **self.ZONED}), paths[hour])
        self.mailbox.sync()
        starts = {record["Id"]: record["Start"] for record in self.events("Standup")}
        self.assertEqual(len(starts), 4)
        for hour, path in paths.items():
            id = os.getxattr(path, "user.outlook.id").decode()
            self.assertEqual(starts[id], "2026-12-01T%02d:00:00+00:00" % (int(hour) - 1))

    def test_an_event_s_times_that_arrived(self):
        """In a zone of the user's: what comes back is in UTC, and no conflict."""
        name = next(n for n in self.records_in(CALENDAR) if not n.startswith(("ambiguous", "standup")))
        path = self.mailbox.path(CALENDAR, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.mailbox.fault(operation="CalendarPatchItem", drop="after")
        self.write(self.edited(text, Start="2026-12-05T10:00:00", End="2026-12-05T11:30:00", **self.ZONED), path)
        self.mailbox.sync()
        record = self.mailbox.record("event", name[:-5])
        self.assertEqual((record["Start"], record["End"]), ("2026-12-05T09:00:00+00:00", "2026-12-05T10:30:00+00:00"))
        self.assertEqual(os.getxattr(path, "user.outlook.state"), b"synced")

    def test_a_change_that_arrived(self):
        """One PATCH, or a second one that says the same."""
        sent = self.change_under(self.ARRIVED)
        self.assertLessEqual(sum(map(len, sent)), 2 * len(sent))
        for bodies in sent:
            self.assertEqual(bodies, bodies[:1] * len(bodies))

    def test_a_change_that_was_lost(self):
        sent = self.change_under(self.LOST)
        self.assertEqual(sum(map(len, sent)), 2 * len(sent))

    def test_a_change_that_arrived_is_no_conflict_with_a_newer_one(self):
        self.mailbox.fault(operation="ContactPatchItem", drop="after")
        self.mailbox.fault(operation="ContactGetItem", status=503, after=1, count=1)
        self.save(NickName="one")
        self.mailbox.run([self.mailbox.program, "sync", self.mailbox.mountpoint], check=False)
        self.save(NickName="two")
        self.mailbox.sync()
        self.assertService(NickName="two")
        self.assertEqual(self.state(), "synced")

    def test_a_deletion(self):
        names = [self.another() for _ in self.ARRIVED + self.LOST]
        for fault in self.ARRIVED + self.LOST:
            self.mailbox.fault(operation="ContactDeleteItem", **fault)
        for name in names:
            os.unlink(self.path(name))
        self.mailbox.sync()
        for name in names:
            self.assertIsNone(self.mailbox.record("contact", name[:-5]))
            self.assertFalse(os.path.exists(self.path(name)))
            self.assertIsNone(self.entry("failed", name))
            self.assertEqual(len(self.trash("delete", name[:-5])), 1)


class Later(RecordTest):
    """The service asks to wait, or is broken for a while."""

    def times(self):
        """(operation, status, begin, end) of all requests, in seconds."""
        out = []
        for line in self.mailbox.requests(since=self.mark):
            end = datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()
            out.append((line["operation"], line["status"], end))
        return out

    def test_too_many_requests(self):
        """Nothing at all is sent before the time is over, and it shows in the status."""
        self.mailbox.fault(operation="ContactPatchItem", status=429, retryAfter=3)
        self.save(NickName="mine")
        other = self.another()
        self.write(self.edited(self.read(other), NickName="other"), self.path(other))
        self.mailbox.sync()
        self.assertService(NickName="mine")
        self.assertEqual(self.mailbox.record("contact", other[:-5])["NickName"], "other")
        times = self.times()
        refused = next(i for i, (_, status, _) in enumerate(times) if status == 429)
        waited = [time - times[refused][2] for _, _, time in times[refused + 1:]]
        self.assertTrue([gap for gap in waited if gap > 2.9], times)
        # What was on its way when the answer came may still arrive; nothing is begun in the meantime.
        self.assertEqual([gap for gap in waited if 0.5 < gap < 2.9], [], times)

    def test_broken_for_a_while(self):
        """Three records, whose first two attempts fail in one way or another."""
        names = [self.another() for _ in range(3)]
        for fault in ({"status": 500}, {"status": 502}, {"drop": "before"}):
            self.mailbox.fault(operation="ContactPatchItem", count=2, **fault)
        for name in names:
            self.write(self.edited(self.read(name), NickName="mine"), self.path(name))
        self.mailbox.sync()
        for name in names:
            self.assertEqual(self.mailbox.record("contact", name[:-5])["NickName"], "mine")
            self.assertEqual(self.state(name), "synced")
        self.assertEqual(len(self.mailbox.writes(self.mark)), 9)

    def test_reading_while_broken(self):
        """A 5xx of a listing takes nothing away."""
        names = self.mailbox.contacts()
        self.mailbox.fault(operation="ContactGetItems", status=500, count=0)
        self.mailbox.fault(operation="ContactGetItem", status=500, count=0)
        self.mailbox.remount()
        self.assertEqual(self.mailbox.contacts(), names)
        self.assertEqual(self.read(), self.text)


class Token(ServiceTest):
    """The service refuses the token."""
    OPTIONS = "writeback_delay=600"

    def put_token(self, token):
        """As a tool that renews it would: a new file over the old one."""
        new = self.mailbox.token_file + ".new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(token + "\n")
        os.rename(new, self.mailbox.token_file)

    def change_service(self, token):
        self.mailbox.sandbox.stop()
        self.start_service(token)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.put_token, TOKEN)
        self.addCleanup(self.change_service, TOKEN)

    def test_renewed_in_time(self):
        self.change_service("second-token")
        self.put_token("second-token")
        self.save(NickName="mine")
        self.mailbox.sync()
        self.assertService(NickName="mine")
        self.assertTrue(self.mailbox.status()["authorised"])
        self.assertLessEqual(len([line for line in self.mailbox.requests(since=0) if line["status"] == 401]), 1)

    def test_refused_once(self):
        """A 401 by mistake: tried again once the token's file is written again, the same token or another."""
        self.mailbox.fault(operation="ContactPatchItem", status=401)
        self.save(NickName="mine")
        self.mailbox.sync(1)
        self.assertEqual(self.state(), "pending")
        self.put_token(TOKEN)
        self.mailbox.sync()
        self.assertService(NickName="mine")

    def test_refused_for_good(self):
        """The mount stays, shows what it has and keeps what is saved; a new token lets it go on."""
        self.change_service("third-token")
        new = self.save(NickName="mine")
        done = self.mailbox.sync(1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("not authorised", done.stderr)
        self.assertIn("1 waiting", done.stderr)
        self.assertFalse(self.mailbox.status()["authorised"])
        self.assertIn("not authorised", self.mailbox.tell().stdout)
        self.assertEqual(self.read(), new)
        self.assertEqual(self.state(), "pending")
        self.assertIsNone(self.entry("failed"))
        self.assertEqual(self.read(self.another()).count('"Id"'), 1)
        newer = self.save(JobTitle="while not authorised")
        self.put_token("third-token")
        self.mailbox.sync()
        self.assertService(NickName="mine", JobTitle="while not authorised")
        self.assertEqual(self.read(), newer)
        self.assertTrue(self.mailbox.status()["authorised"])
        self.assertIn("service   online", self.mailbox.run([self.mailbox.program, "status", self.mailbox.mountpoint]).stdout)

    def test_no_token_file(self):
        self.change_service("fourth-token")
        os.unlink(self.mailbox.token_file)
        self.save(NickName="mine")
        self.assertIn("not authorised", self.mailbox.sync(1).stderr)
        self.put_token("fourth-token")
        self.mailbox.sync()
        self.assertService(NickName="mine")

    def test_fsync_does_not_blame_the_file(self):
        """The record is not refused: the journal holds it."""
        self.change_service("fifth-token")
        self.fsync(self.edited(NickName="mine"))
        self.assertEqual(self.state(), "pending")
        self.put_token("fifth-token")
        self.mailbox.sync()
        self.assertService(NickName="mine")


if __name__ == "__main__":
    main()
