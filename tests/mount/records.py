"""Tests about what a save does: each test has a contact of its own, and words for edits and for what the service has.

    class Example(RecordTest):
        def test_save(self):
            self.save(NickName="new")                   # truncates and writes the file of self.name
            self.mailbox.sync()
            self.assertService(NickName="new")          # everything else as it was
            self.assertEqual(self.writes(), [("ContactPatchItem", self.key)])
"""
import json
import os
import shutil
import tempfile

from harness import MANAGED_CONTACT, MountTest, own_address, wait_for

CONTACTS = "contacts/Contacts"
CALENDAR = "calendars/Calendar"
INBOX = "mail/Inbox"


def render(record):
    """As the mount renders a record."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def is_no_text(value):
    """An emptied text is "" on the service, where there was none it is null."""
    return value is None or value == ""


class RecordTest(MountTest):
    SEED = "contacts=25,events=4,messages=6"
    OPTIONS = "writeback_delay=600"     # nothing is sent before somebody asks

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unused = cls.mailbox.contacts()
        cls.unused_messages = cls.records_in(INBOX)

    @classmethod
    def records_in(cls, folder):
        return sorted(name for name in os.listdir(cls.mailbox.path(folder)) if name.endswith(".json"))

    def setUp(self):
        self.addCleanup(self.mailbox.sandbox.clear_faults)
        self.mailbox.sandbox.clear_faults()
        self.name = self.another()
        self.key = self.name[:-5]
        self.file = self.path(self.name)
        self.before = self.mailbox.record("contact", self.key)
        self.text = self.mailbox.read(CONTACTS, self.name)
        self.mark = self.mailbox.mark()

    def another(self):
        """A contact no test has touched."""
        return self.unused.pop()

    def message(self, read=None):
        """The name of a message no test has touched, read or not."""
        for name in self.unused_messages:
            if read in (None, self.mailbox.record("message", name[:-5])["IsRead"]):
                self.unused_messages.remove(name)
                return name
        raise AssertionError("all messages are used up")

    def path(self, name):
        return self.mailbox.path(CONTACTS, name)

    # --- the user

    def edited(self, text=None, **members):
        record = json.loads(text or self.text)
        record.update(self.mailbox.say(members))
        return render(record)

    def write(self, text, path=None):
        text = self.mailbox.say(text)
        with open(path or self.file, "w", encoding="utf-8") as file:
            file.write(text)
        return text

    def save(self, **members):
        """What the file shows, with other values."""
        return self.write(self.edited(self.read(), **members))

    def read(self, name=None):
        return self.mailbox.read(CONTACTS, name or self.name)

    def json(self, name=None):
        return self.mailbox.json(CONTACTS, name or self.name)

    def state(self, name=None):
        return self.mailbox.xattr("state", CONTACTS, name or self.name)

    def error(self, name=None):
        return self.mailbox.xattr("error", CONTACTS, name or self.name)

    def fsync(self, text, path=None):
        """Writes, and asks for the answer of the service, as editors do. An error is that of fsync."""
        fd = os.open(path or self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(fd, text.encode())
            os.fsync(fd)
        finally:
            os.close(fd)

    # --- .outlookfs/

    def entry(self, where, name=None):
        """The entry of a record in queue/ or failed/; None."""
        for entry in os.listdir(self.mailbox.path(".outlookfs", where)):
            if entry.endswith("-" + (name or self.name)):
                return entry
        return None

    def trash(self, why, key=None):
        """The texts that were put into the trash for that reason, oldest first."""
        return [self.mailbox.json(".outlookfs/trash", entry) for entry in self.trash_entries(why)
                if self.mailbox.json(".outlookfs/trash", entry).get("Id") == (key or self.key)]

    def trash_entries(self, why):
        entries = [entry for entry in os.listdir(self.mailbox.path(".outlookfs/trash")) if "-%s-" % why in entry]
        return sorted(entries, key=lambda entry: int(entry.split("-")[0]))

    def status_line(self):
        """`outlookfs status` about the record; None."""
        done = self.mailbox.tell()
        return next((line.strip() for line in done.stdout.splitlines() if self.name in line), None)

    # --- the service

    def writes(self, key=None):
        """What was sent for this record since the test began."""
        return [(operation, id) for operation, id in self.mailbox.writes(self.mark) if id == (key or self.key)]

    def theirs(self, **members):
        """Another client's edit."""
        return self.mailbox.edit("contact", self.key, set=members)

    def becomes(self, predicate, what, limit=20):
        return wait_for(predicate, what, limit)

    def shows(self, **members):
        """The file has these values, soon: what the service has is shown when nobody waits for it."""
        def same():
            record = self.json()
            return all(record[member] == value for member, value in members.items())

        self.becomes(same, lambda: "%s in the file: %s" % (members, self.read()))

    def assertService(self, **members):
        """The record on the service is as before the test but for these."""
        after = self.mailbox.record("contact", self.key)
        wanted = dict(self.before, **members)
        for member in wanted:
            if member not in MANAGED_CONTACT and not (is_no_text(after[member]) and is_no_text(wanted[member])):
                self.assertEqual(after[member], wanted[member], member)
        self.assertEqual(set(after), set(wanted))


class ServiceTest(RecordTest):
    """The service can be stopped and started again, at the same address with the same mailbox."""

    @classmethod
    def setUpClass(cls):
        cls.database = tempfile.mkdtemp(prefix="outlookfs-database-")
        cls.addClassCleanup(shutil.rmtree, cls.database)
        cls.SANDBOX_OPTIONS = ("--db", os.path.join(cls.database, "mailbox.db"), "--listen", own_address() + ":0")
        super().setUpClass()

    def setUp(self):
        self.assertIsNotNone(self.mailbox.sandbox.process)
        super().setUp()

    def stop_service(self):
        """Until start_service(), which a cleanup does at the latest."""
        self.mailbox.sandbox.stop()
        self.addCleanup(self.start_service)

    def start_service(self, token=None):
        """`token`: the one it accepts from now on."""
        sandbox = self.mailbox.sandbox
        if sandbox.process is not None:
            return
        if token is not None:
            sandbox.token = token
        sandbox.options[sandbox.options.index("--listen") + 1] = "%s:%d" % (sandbox.host, sandbox.port)
        sandbox.start()
