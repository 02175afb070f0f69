"""One record with a character that no file can hold does not take the others along, and is not destroyed by an edit."""
import os

from both import over_both
from records import CONTACTS, RecordTest
from harness import main

MARK = "~MARK~"
ESCAPES = ("\\u0000", "\\ud83d", "\\uDE00")


@over_both
class Mended(RecordTest):
    OPTIONS = "writeback_delay=600,list_ttl=0"

    def answer_with(self, escape):
        """From now on."""
        for operation in ("GetEmails", "GetEmail", "ContactGetItems", "ContactGetItem"):
            self.mailbox.fault(operation=operation, replace=MARK, by=escape, count=0)

    def test_the_folder_is_listed(self):
        id = self.mailbox.create("message", {"Subject": "a%sb" % MARK, "Body": "x", "From": "a@b.c"}, table="Inbox")["Id"]
        for escape in ESCAPES:
            with self.subTest(escape):
                self.mailbox.sandbox.clear_faults()
                self.answer_with(escape)
                self.mailbox.remount(fresh_cache=True)
                names = os.listdir(self.mailbox.path("mail", "Inbox"))
                there = {m["Id"] + ".json" for m in self.mailbox.records("message", "Inbox")}
                self.assertLessEqual(there, set(names))
                self.assertEqual(self.mailbox.json("mail", "Inbox", id + ".json")["Subject"], "a\ufffdb")

    def test_an_edit_would_destroy_it(self):
        self.mailbox.edit("contact", self.key, set={"NickName": "a%sb" % MARK})
        self.answer_with(ESCAPES[0])
        self.mailbox.remount(fresh_cache=True)
        self.assertEqual(self.json()["NickName"], "a\ufffdb")
        before = self.mailbox.record("contact", self.key)
        new = self.save(Profession="Another")
        self.mailbox.sync(1)
        self.assertEqual(self.mailbox.record("contact", self.key), before)
        self.assertEqual((self.state(), self.read()), ("failed", new))
        self.assertIn("no file can hold", self.error())
        # Where it is gone from the record, the change goes through.
        self.mailbox.sandbox.clear_faults()
        self.mailbox.edit("contact", self.key, set={"NickName": "good"})
        self.mailbox.run(["touch", self.file])
        self.mailbox.sync()
        after = self.mailbox.record("contact", self.key)
        self.assertEqual((after["Profession"], after["NickName"]), ("Another", "good"))


if __name__ == "__main__":
    main()
