"""Two sides change the same record: what does not touch is merged, what does is parked with all three versions, and nothing
is decided silently.

Each test saves here, lets another client edit there, and then sends; nothing is sent before sync asks for it.
"""
import contextlib
import copy
import os
import shutil
import tempfile
import threading

from both import over_both
from harness import main
from holding import Holding
from records import CONTACTS, RecordTest

CONFLICTS = ".outlookfs/conflicts"


@over_both
class Merge(RecordTest):
    """Both changes can be kept."""

    def assertMerged(self, **members):
        self.mailbox.sync()
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)])
        self.assertService(**members)
        self.assertEqual(self.state(), "synced")
        self.shows(**members)
        self.assertNotIn(self.key, os.listdir(self.mailbox.path(CONFLICTS)))

    def test_different_members(self):
        self.save(NickName="mine")
        self.theirs(CompanyName="Theirs Ltd")
        self.assertMerged(NickName="mine", CompanyName="Theirs Ltd")

    def test_the_same_value(self):
        self.save(NickName="same", JobTitle="mine")
        self.theirs(NickName="same")
        self.assertMerged(NickName="same", JobTitle="mine")

    def test_all_of_it_is_there_already(self):
        """The same change on both sides needs no request that changes anything."""
        self.save(NickName="same")
        self.theirs(NickName="same")
        self.mailbox.sync()
        self.assertEqual(self.writes(), [])
        self.assertService(NickName="same")
        self.assertEqual(self.state(), "synced")

    def test_members_of_a_nested_object(self):
        mine = dict(self.before["BusinessAddress"], City="Mine")
        self.save(BusinessAddress=mine)
        self.theirs(BusinessAddress=dict(self.before["BusinessAddress"], Street="1 Their Street"))
        self.assertMerged(BusinessAddress=dict(mine, Street="1 Their Street"))

    def test_different_arrays(self):
        self.save(BusinessPhones=["+1 206 555 0100"])
        self.theirs(HomePhones=["+1 206 555 0199"], Categories=["Theirs"])
        self.assertMerged(BusinessPhones=["+1 206 555 0100"], HomePhones=["+1 206 555 0199"], Categories=["Theirs"])

    def test_what_was_cleared_stays_cleared(self):
        """PATCH resets some members that are left out, others it keeps: neither may undo one of the sides."""
        self.save(EmailAddresses=[], Surname="")
        self.theirs(Manager="Their Manager")
        self.assertMerged(EmailAddresses=[], Surname="", Manager="Their Manager")

    def test_two_edits_there_before_mine_is_sent(self):
        self.save(NickName="mine")
        self.theirs(CompanyName="One")
        self.theirs(CompanyName="Two", Profession="Two")
        self.assertMerged(NickName="mine", CompanyName="Two", Profession="Two")

    def test_an_edit_between_two_saves_here(self):
        """The second save is measured against what was seen, not against what came meanwhile."""
        self.save(NickName="one")
        self.theirs(CompanyName="Theirs")
        self.save(NickName="two", JobTitle="two")
        self.assertMerged(NickName="two", JobTitle="two", CompanyName="Theirs")

    def test_an_old_text_saved_over_a_newer_record(self):
        """An editor that was open all the time: only what was changed in it counts."""
        self.theirs(CompanyName="Theirs")
        self.write(self.edited(NickName="mine"))
        self.assertMerged(NickName="mine", CompanyName="Theirs")


class Rewritten(RecordTest):
    """The service writes a text body in its own form: no change of somebody else's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unused_events = cls.records_in("calendars/Calendar")

    def setUp(self):
        super().setUp()
        name = self.unused_events.pop()
        self.event = name[:-len(".json")]
        self.file = self.mailbox.path("calendars/Calendar", name)
        with open(self.file, encoding="utf-8") as file:
            self.text = file.read()
        self.fd = os.open(self.file, os.O_RDWR)
        self.addCleanup(os.close, self.fd)

    def save(self, **members):  # pylint: disable=arguments-differ
        """On the handle that stays open: what was written is what it shows."""
        self.text = self.edited(self.text, **members)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, self.text.encode(), 0)

    def body(self, text):
        return {"ContentType": "Text", "Content": text}

    def assertBody(self, text):
        body = self.mailbox.record("event", self.event)["Body"]
        self.assertEqual(body["ContentType"], "HTML")
        self.assertIn(text, body["Content"])

    def test_changed_again_before_it_is_seen(self):
        self.save(Body=self.body("the first"))
        os.fsync(self.fd)
        self.assertBody("the first")
        self.save(Body=self.body("the second"))
        os.fsync(self.fd)
        self.assertBody("the second")
        self.mailbox.sync()

    def test_left_alone(self):
        self.save(Body=self.body("stays"))
        os.fsync(self.fd)
        before = self.mailbox.record("event", self.event)["Body"]
        self.save(Subject="another")
        os.fsync(self.fd)
        self.mailbox.sync()
        after = self.mailbox.record("event", self.event)
        self.assertEqual((after["Subject"], after["Body"]), ("another", before))

    def test_somebody_elses_body_is_in_conflict(self):
        self.save(Body=self.body("the first"))
        os.fsync(self.fd)
        self.mailbox.edit("event", self.event, set={"Body": {"ContentType": "HTML", "Content": "<p>theirs</p>"}})
        self.save(Body=self.body("the second"))
        os.fsync(self.fd)
        self.mailbox.sync(1)
        self.assertBody("theirs")


@over_both
class Conflict(RecordTest):
    """Both changed the same member to different values."""

    def setUp(self):
        super().setUp()
        self.directory = self.mailbox.path(CONFLICTS, self.key)

    def tearDown(self):
        """The next test's sync is not to fail because of this one."""
        if os.path.exists(self.directory):
            shutil.rmtree(self.directory)

    def make(self, mine, theirs):
        """A conflict; what was saved here."""
        text = self.save(**mine)
        self.theirs(**theirs)
        self.mailbox.sync(1)
        self.assertEqual(self.writes(), [])
        return text

    def version(self, name):
        return self.mailbox.json(CONFLICTS, self.key, name)

    def assertParked(self, mine, theirs):
        """Theirs is in the folder, all three are kept, and everything says so."""
        self.shows(**theirs)
        self.assertEqual(self.state(), "conflict")
        self.assertService(**theirs)
        self.assertEqual(sorted(os.listdir(self.directory)), ["base.json", "mine.json", "theirs.json"])
        for member in mine:
            self.assertEqual(self.version("base.json")[member], self.before[member])
            self.assertEqual(self.version("mine.json")[member], mine[member])
        for member in theirs:
            self.assertEqual(self.version("theirs.json")[member], theirs[member])

    def test_the_same_member(self):
        mine, theirs = {"NickName": "mine", "JobTitle": "mine"}, {"NickName": "theirs", "CompanyName": "theirs"}
        self.make(mine, theirs)
        self.assertParked(mine, theirs)
        self.assertIn("nickname", self.error().lower())
        line = self.status_line()
        self.assertIn("conflict", line)
        self.assertIn("nickname", line.lower())
        self.assertEqual(self.mailbox.status()["queue"]["conflicts"], 1)
        done = self.mailbox.sync(1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("1 in conflict", done.stderr)

    def test_a_member_of_a_nested_object(self):
        mine = dict(self.before["BusinessAddress"], City="Mine", Street="Mine")
        theirs = dict(self.before["BusinessAddress"], City="Theirs")
        self.make({"BusinessAddress": mine}, {"BusinessAddress": theirs})
        self.assertParked({"BusinessAddress": mine}, {"BusinessAddress": theirs})
        self.assertIn("businessaddress/city", self.error().lower())
        self.assertNotIn("street", self.error().lower())

    def test_an_array_is_one_value(self):
        mine, theirs = ["+1 206 555 0101"], ["+1 206 555 0102"]
        self.make({"BusinessPhones": mine}, {"BusinessPhones": theirs})
        self.assertParked({"BusinessPhones": mine}, {"BusinessPhones": theirs})

    def test_it_survives_the_mount(self):
        mine, theirs = {"NickName": "mine"}, {"NickName": "theirs"}
        self.make(mine, theirs)
        self.mailbox.kill9()
        self.mailbox.mount()
        self.assertParked(mine, theirs)
        self.mailbox.sync(1)
        self.assertEqual(self.writes(), [])

    def test_saving_mine_again_resolves_it(self):
        self.make({"NickName": "mine"}, {"NickName": "theirs", "CompanyName": "theirs"})
        self.shows(NickName="theirs")
        self.save(NickName="mine")
        self.assertEqual(self.state(), "pending")
        self.assertFalse(os.path.exists(self.directory))
        self.mailbox.sync()
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)])
        self.assertService(NickName="mine", CompanyName="theirs")
        self.assertEqual(self.state(), "synced")

    def test_an_open_file_resolves_nothing(self):
        """It shows mine as long as it is open, so theirs was not seen when it is saved again."""
        with open(self.file, "r+", encoding="utf-8") as file:
            self.make({"NickName": "mine"}, {"NickName": "theirs", "CompanyName": "theirs"})
            text = self.edited(file.read(), NickName="still mine")
            file.seek(0)
            file.write(text)
            file.truncate()
        self.assertEqual(self.state(), "pending")
        self.mailbox.sync(1)
        self.assertEqual(self.writes(), [])
        self.assertParked({"NickName": "still mine"}, {"NickName": "theirs", "CompanyName": "theirs"})

    def test_copying_mine_over_it_resolves_it(self):
        """cp conflicts/ID/mine.json the record: the whole of mine wins."""
        self.make({"NickName": "mine"}, {"NickName": "theirs", "CompanyName": "theirs"})
        self.shows(NickName="theirs")
        self.mailbox.run(["cp", os.path.join(self.directory, "mine.json"), self.file])
        self.mailbox.sync()
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)])
        self.assertService(NickName="mine")

    def test_a_third_value_resolves_it(self):
        self.make({"NickName": "mine"}, {"NickName": "theirs"})
        self.shows(NickName="theirs")
        self.mailbox.run(["sed", "-i", 's/"NickName": .*/"NickName": "both",/', self.file])
        self.mailbox.sync()
        self.assertService(NickName="both")
        self.assertFalse(os.path.exists(self.directory))

    def test_removing_the_directory_keeps_theirs(self):
        self.make({"NickName": "mine"}, {"NickName": "theirs"})
        self.mailbox.run(["rm", "-r", self.directory])
        self.assertFalse(os.path.exists(self.directory))
        self.assertEqual(self.state(), "synced")
        self.mailbox.sync()
        self.assertEqual(self.writes(), [])
        self.assertService(NickName="theirs")
        self.shows(NickName="theirs")

    def test_deleting_the_record(self):
        """rm of the file in conflict: the user has seen theirs, and deletes it."""
        self.make({"NickName": "mine"}, {"NickName": "theirs"})
        os.unlink(self.file)
        self.mailbox.sync()
        self.assertEqual(self.writes(), [("ContactDeleteItem", self.key)])
        self.assertIsNone(self.mailbox.record("contact", self.key))
        self.assertIn("mine", [record["NickName"] for record in self.trash("rejected")])

    def test_another_conflict_after_the_resolution(self):
        self.make({"NickName": "mine"}, {"NickName": "theirs"})
        self.shows(NickName="theirs")
        self.save(NickName="mine")
        self.theirs(NickName="theirs again")
        self.mailbox.sync(1)
        self.assertEqual(self.version("base.json")["NickName"], "theirs")
        self.assertEqual(self.version("mine.json")["NickName"], "mine")
        self.assertEqual(self.version("theirs.json")["NickName"], "theirs again")
        self.assertEqual(self.writes(), [])

    def test_fsync_tells_no_error(self):
        """An editor that were told would put the old text back, over theirs."""
        self.theirs(NickName="theirs")
        self.fsync(self.edited(NickName="mine"))
        self.assertEqual(self.state(), "conflict")
        self.assertEqual(self.version("mine.json")["NickName"], "mine")
        self.assertService(NickName="theirs")


@over_both
class Elsewhere(RecordTest):
    """Another client's change while something goes on here."""
    OPTIONS = "writeback_delay=600,list_ttl=0.2"

    def refresh(self, predicate, what):
        """Looks at the folder until the listing has brought it."""
        def look():
            os.listdir(self.mailbox.path(CONTACTS))
            return predicate()

        self.becomes(look, what)

    def test_bytes_under_an_open_handle_stay(self):
        with open(self.file, encoding="utf-8") as file:
            inode = os.fstat(file.fileno()).st_ino
            self.theirs(NickName="theirs", Profession="x" * 5000)
            etag = self.mailbox.xattr("etag", CONTACTS, self.name)
            self.refresh(lambda: self.mailbox.xattr("etag", CONTACTS, self.name) != etag, "the other's edit")
            self.assertEqual(os.fstat(file.fileno()).st_size, len(self.text.encode()))
            self.assertEqual(file.read(), self.text)
            file.seek(0)
            self.assertEqual(file.read(), self.text)
        self.becomes(lambda: self.json()["NickName"] == "theirs", "the new text after the last close")
        self.assertEqual(os.stat(self.file).st_size, len(self.read().encode()))
        self.assertEqual(os.stat(self.file).st_ino, inode)

    def test_half_written_while_it_arrives(self):
        """An edit that arrives between write and close is merged with what is being written."""
        new = self.edited(NickName="mine")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(new[:300])
            file.flush()
            self.theirs(CompanyName="Theirs")
            etag = self.mailbox.xattr("etag", CONTACTS, self.name)
            self.refresh(lambda: self.mailbox.xattr("etag", CONTACTS, self.name) != etag, "the other's edit")
            file.write(new[300:])
        self.assertEqual(self.read(), new)
        self.mailbox.sync()
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)])
        self.assertService(NickName="mine", CompanyName="Theirs")
        self.shows(CompanyName="Theirs")

    def test_pending_text_stays_visible(self):
        """A listing with the other's version does not hide what was saved here."""
        new = self.save(NickName="mine")
        self.theirs(CompanyName="Theirs")
        etag = self.mailbox.xattr("etag", CONTACTS, self.name)
        self.refresh(lambda: self.mailbox.xattr("etag", CONTACTS, self.name) != etag, "the other's edit")
        self.assertEqual(self.read(), new)
        self.assertEqual(self.state(), "pending")
        self.mailbox.sync()
        self.assertService(NickName="mine", CompanyName="Theirs")

    def test_deleted_there_and_edited_here(self):
        """The text stays and waits; saved again it becomes a new record."""
        new = self.save(NickName="mine")
        count = len(self.mailbox.records("contact"))
        self.mailbox.edit("contact", self.key, delete=True)
        self.mailbox.sync(1)
        self.assertEqual(self.writes(), [])
        self.assertEqual(self.state(), "failed")
        self.assertIn("deleted on the service", self.error())
        self.assertIsNotNone(self.entry("failed"))
        self.assertEqual(self.read(), new)
        mark = self.mailbox.mark()
        new = self.save(NickName="mine again")
        self.mailbox.sync()
        self.assertEqual([operation for operation, _ in self.mailbox.writes(mark)], ["ContactPostItem"])
        self.assertEqual(len(self.mailbox.records("contact")), count)
        self.assertEqual(self.state(), "synced")
        self.assertEqual(self.mailbox.record("contact", self.mailbox.xattr("id", CONTACTS, self.name))["NickName"],
                         "mine again")
        self.assertIsNone(self.entry("failed"))

    def test_deleted_there_and_given_up_here(self):
        self.save(NickName="mine")
        self.mailbox.edit("contact", self.key, delete=True)
        self.mailbox.sync(1)
        os.unlink(self.mailbox.path(".outlookfs/failed", self.entry("failed")))
        self.becomes(lambda: not os.path.exists(self.file), "the file is gone")
        self.assertNotIn(self.name, self.mailbox.contacts())
        self.mailbox.sync()
        self.assertEqual(self.writes(), [])

    def test_deleted_on_both_sides(self):
        os.unlink(self.file)
        self.mailbox.edit("contact", self.key, delete=True)
        self.mailbox.sync()
        self.assertFalse(os.path.exists(self.file))
        self.assertIsNone(self.entry("failed"))

    def test_edited_there_and_deleted_here(self):
        """The deletion was asked for; the version that went is in the trash."""
        self.theirs(NickName="theirs")
        os.unlink(self.file)
        self.mailbox.sync()
        self.assertIsNone(self.mailbox.record("contact", self.key))
        self.assertEqual(len(self.trash("delete")), 1)


class Late(RecordTest):
    """A listing is asked for and a change of ours overtakes its answer: that shows the state from before, and undoes nothing.

    The answer has been worked in when it shows the other client's edit of a second record, made before it was asked for.
    """
    OPTIONS = "writeback_delay=600,list_ttl=0.2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.holding = Holding(cls.mailbox.sandbox)
        cls.addClassCleanup(cls.holding.server_close)
        cls.addClassCleanup(cls.holding.shutdown)
        cls.mailbox.sandbox.url = cls.holding.url
        cls.mailbox.remount(fresh_state=True, fresh_cache=True)

    @contextlib.contextmanager
    def late_listing(self):
        os.listdir(self.mailbox.path(CONTACTS))
        other = self.another()
        self.mailbox.edit("contact", other[:-5], set={"CompanyName": "In the listing"})
        with self.holding.answer("/items?$top="):
            reader = threading.Thread(target=self.look)
            reader.start()
            self.holding.arrives()
            yield
            self.assertNotEqual(self.json(other)["CompanyName"], "In the listing")
        self.becomes(lambda: self.json(other)["CompanyName"] == "In the listing", "the late listing")
        reader.join(30)

    def look(self):
        """Until a listing is asked for: the last one may be young."""
        while not self.holding.arrived.is_set():
            os.listdir(self.mailbox.path(CONTACTS))

    def test_a_save(self):
        with self.late_listing():
            new = self.save(NickName="mine")
            self.mailbox.sync()
            self.assertEqual(self.writes(), [("ContactPatchItem", self.key)])
        self.assertEqual(self.read(), new)
        self.assertEqual(self.state(), "synced")

    def test_a_deletion(self):
        with self.late_listing():
            os.unlink(self.file)
            self.mailbox.sync()
            self.assertIsNone(self.mailbox.record("contact", self.key))
        self.assertFalse(os.path.exists(self.file))
        self.assertNotIn(self.name, self.mailbox.contacts())

    def test_a_new_record(self):
        with self.late_listing():
            text = self.write('{"GivenName": "Late", "HomePhones": []}', self.path("late.json"))
            self.mailbox.sync()
            id = self.mailbox.xattr("id", CONTACTS, "late.json")
            self.assertIsNotNone(self.mailbox.record("contact", id))
        self.assertIn("late.json", self.mailbox.contacts())
        self.assertEqual(self.json("late.json")["GivenName"], "Late")
        self.assertNotIn(id + ".json", self.mailbox.contacts())
        self.assertTrue(text)


def second_mount(first):
    """Another machine: a mount of the same service with directories of its own."""
    second = copy.copy(first)
    second.process = None
    second.dir = tempfile.mkdtemp(prefix="outlookfs-second-")
    for name in ("mountpoint", "state_dir", "cache_dir", "mount_log"):
        setattr(second, name, os.path.join(second.dir, name))
    os.mkdir(second.mountpoint)
    try:
        second.mount()
    except BaseException:
        close_second(second, check=False)
        raise
    return second


def close_second(second, check=True):
    """The service lives on."""
    try:
        second.unmount(check)
        if check:
            second.check_log()
    finally:
        shutil.rmtree(second.dir, ignore_errors=True)


@over_both
class TwoMounts(RecordTest):
    """Two machines with the same mailbox."""
    OPTIONS = "writeback_delay=600,list_ttl=0.2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = second_mount(cls.mailbox)
        cls.addClassCleanup(close_second, cls.second)
        os.listdir(cls.second.path(CONTACTS))

    def there(self):
        return self.second.json(CONTACTS, self.name)

    def save_there(self, **members):
        path = self.second.path(CONTACTS, self.name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.write(self.edited(text, **members), path)

    def appears(self, mailbox, **members):
        def look():
            os.listdir(mailbox.path(CONTACTS))
            record = mailbox.json(CONTACTS, self.name)
            return all(record[member] == value for member, value in members.items())

        self.becomes(look, "%s in %s" % (members, mailbox.mountpoint))

    def test_different_members(self):
        self.save(NickName="first")
        self.save_there(CompanyName="second")
        self.mailbox.sync()
        self.second.sync()
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)] * 2)
        self.assertService(NickName="first", CompanyName="second")
        self.becomes(lambda: self.there()["NickName"] == "first", "the merged text there")
        self.appears(self.mailbox, NickName="first", CompanyName="second")
        self.assertEqual(self.second.xattr("state", CONTACTS, self.name), "synced")

    def test_the_same_member(self):
        """The second to send has the conflict; the first sees nothing of it."""
        self.save(NickName="first")
        self.save_there(NickName="second")
        self.mailbox.sync()
        self.second.sync(1)
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)])
        self.assertEqual(self.state(), "synced")
        self.assertEqual(self.second.xattr("state", CONTACTS, self.name), "conflict")
        self.becomes(lambda: self.there()["NickName"] == "first", "theirs there")
        self.assertEqual(self.second.json(".outlookfs/conflicts", self.key, "mine.json")["NickName"], "second")
        self.save_there(NickName="agreed")
        self.second.sync()
        self.assertService(NickName="agreed")
        self.appears(self.mailbox, NickName="agreed")

    def test_a_new_record_and_its_end(self):
        """Under its name here, under its id there."""
        self.write('{"GivenName": "Both", "HomePhones": []}', self.path("both.json"))
        self.mailbox.sync()
        name = self.mailbox.xattr("id", CONTACTS, "both.json") + ".json"
        self.becomes(lambda: name in self.second.contacts(), "the new record there")
        self.assertNotIn("both.json", self.second.contacts())
        os.unlink(self.second.path(CONTACTS, name))
        self.second.sync()
        self.becomes(lambda: "both.json" not in self.mailbox.contacts() and not os.path.exists(self.path("both.json")),
                     "the deletion here")

    def test_deleted_by_the_second(self):
        """What is pending here is kept."""
        new = self.save(NickName="mine")
        os.unlink(self.second.path(CONTACTS, self.name))
        self.second.sync()
        self.mailbox.sync(1)
        self.assertEqual(self.state(), "failed")
        self.assertEqual(self.read(), new)
        os.unlink(self.mailbox.path(".outlookfs/failed", self.entry("failed")))


if __name__ == "__main__":
    main()
