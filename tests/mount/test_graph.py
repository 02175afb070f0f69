"""A mailbox of Microsoft Graph, mounted; read back from the service itself."""
import errno
import json
import os

from harness import main
from graph_mount import GraphTest


class Graph(GraphTest):
    def test_files_are_the_objects_of_the_service(self):
        path = self.first("contacts/Contacts")
        theirs = self.ask("/me/contacts/" + os.path.basename(path)[:-5])
        theirs.pop("@odata.context")
        self.assertEqual(self.mailbox.json(path), theirs)

    def test_well_known_folders_have_their_english_names(self):
        names = os.listdir(self.mailbox.path("mail"))
        for name in ("Inbox", "Drafts", "Sent Items", "Deleted Items", "Archive", "Junk Email"):
            self.assertIn(name, names)
        self.assertEqual(len(os.listdir(self.mailbox.path("mail"))), len(set(names)))

    def test_a_contact(self):
        self.write({"givenName": "Jane", "surname": "Roe"}, "contacts/Contacts/jane.json")
        self.mailbox.sync()
        id = self.mailbox.xattr("id", "contacts/Contacts/jane.json")
        self.change("contacts/Contacts/jane.json", jobTitle="Captain")
        self.assertEqual(self.ask("/me/contacts/" + id)["jobTitle"], "Captain")
        patch = [r for r in self.mailbox.requests() if r["method"] == "PATCH"][-1]["body"]
        self.assertIn("jobTitle", patch)
        self.assertNotIn("surname", patch)
        os.unlink(self.mailbox.path("contacts/Contacts/jane.json"))
        self.mailbox.sync()
        self.assertEqual(self.mailbox.sandbox.graph("GET", "/me/contacts/" + id)[0], 404)

    def test_a_misspelt_member(self):
        with self.assertRaises(OSError) as caught:
            self.write({"givenNmae": "Jane"}, "contacts/Contacts/wrong.json")
        self.assertEqual(caught.exception.errno, errno.EINVAL)
        self.assertIn("givenName", self.mailbox.xattr("error", "contacts/Contacts/wrong.json"))
        os.unlink(self.mailbox.path("contacts/Contacts/wrong.json"))

    def test_what_of_a_message_may_change(self):
        path = self.first("mail/Inbox")
        id = os.path.basename(path)[:-5]
        for read in (True, False):
            self.change(path, isRead=read)
            self.assertEqual(self.ask("/me/messages/" + id)["isRead"], read)
        self.change(path, flag={"flagStatus": "flagged"}, categories=["Red category"])
        theirs = self.ask("/me/messages/" + id)
        self.assertEqual((theirs["flag"]["flagStatus"], theirs["categories"]), ("flagged", ["Red category"]))
        record = self.mailbox.json(path)
        with self.assertRaises(OSError) as caught:
            self.write({**record, "subject": "mine"}, path)
        self.assertEqual(caught.exception.errno, errno.EPERM)
        self.assertIn("subject", self.mailbox.xattr("error", path))
        for member, value in (("receivedDateTime", "2020-01-01T00:00:00Z"), ("hasAttachments", True), ("conversationId", "x"),
                              ("internetMessageId", "<x@y>"), ("isReadReceiptRequested", True)):
            self.assertErrno(errno.EPERM, self.write, {**record, member: value}, path)
            self.assertIn(member, self.mailbox.xattr("error", path))
        self.write({**record, "isRead": not record["isRead"]}, path)
        self.assertNotIn("user.outlook.error", os.listxattr(self.mailbox.path(path)))
        self.write({**record, "subject": "mine"}, path + ".tmp")
        self.assertErrno(errno.EPERM, os.rename, self.mailbox.path(path + ".tmp"), self.mailbox.path(path))
        self.assertIn("subject", self.mailbox.xattr("error", path))
        os.unlink(self.mailbox.path(path + ".tmp"))
        self.mailbox.sync()

    def test_a_text_does_not_make_a_draft_of_it(self):
        """What only the service writes may stand in a text as it likes, and then the text is what the file shows."""
        path = self.first("mail/Inbox")
        record = {**self.mailbox.json(path), "isDraft": True}
        self.write(record, path)
        self.assertTrue(self.mailbox.json(path)["isDraft"])
        self.assertErrno(errno.EPERM, self.write, {**record, "subject": "mine"}, path)
        self.mailbox.sync()

    def test_an_old_version_of_a_message_may_come_back(self):
        path = self.first("mail/Inbox")
        old = self.mailbox.read(path)
        self.change(path, importance="high")
        self.change(path, importance="low")
        with open(self.mailbox.path(path), "w", encoding="utf-8") as file:
            file.write(old)
        self.mailbox.sync()
        self.assertEqual(self.ask("/me/messages/" + self.mailbox.xattr("id", path))["importance"], json.loads(old)["importance"])

    def test_an_event_is_made_once(self):
        self.write({"subject": "Lunch", "start": {"dateTime": "2026-12-01T12:00:00", "timeZone": "UTC"},
                    "end": {"dateTime": "2026-12-01T13:00:00", "timeZone": "UTC"}}, "calendars/Calendar/lunch.json")
        self.mailbox.sync()
        self.assertEqual(self.ask("/me/events/" + self.mailbox.xattr("id", "calendars/Calendar/lunch.json"))["subject"], "Lunch")
        self.mailbox.shows(lambda event: event.get("transactionId"), "calendars/Calendar/lunch.json")

    def test_views_and_export(self):
        names = os.listdir(self.mailbox.path("views/contacts/Contacts/by-name"))
        self.assertEqual(len(names), len(os.listdir(self.mailbox.path("contacts/Contacts"))))
        card = self.first("contacts/Contacts")
        name = self.mailbox.json(card)["surname"]
        with open(self.mailbox.path("export", card[:-len(".json")] + ".vcf"), encoding="utf-8") as file:
            self.assertIn(name, file.read())

    def test_a_maildir_says_what_is_read(self):
        read = {name[:-len(".json")]: self.mailbox.json("mail/Inbox", name)["isRead"]
                for name in os.listdir(self.mailbox.path("mail/Inbox")) if name.endswith(".json")}
        self.assertEqual(set(read.values()), {True, False})
        self.assertEqual(sorted(os.listdir(self.mailbox.path("export/mail/Inbox/cur"))),
                         sorted(id + (":2,S" if seen else ":2,") for id, seen in read.items()))


if __name__ == "__main__":
    main()
