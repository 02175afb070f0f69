"""Drafts on Graph: written, edited, and sent."""
import errno
import os

from graph_mount import GraphTest
from harness import main

DRAFTS = "mail/Drafts"
ATTACHMENT = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "aGVsbG8="}


def recipients(*addresses):
    return [{"emailAddress": {"address": address}} for address in addresses]


class Draft(GraphTest):
    def draft(self, name, **members):
        """A draft in the mount, on the service; its id."""
        self.write({"subject": name, "body": {"contentType": "text", "content": "Dear all"}, "toRecipients": recipients("jo@contoso.com"),
                    **members}, DRAFTS, name)
        self.mailbox.sync()
        return self.mailbox.xattr("id", DRAFTS, name)

    def drafts(self, subject):
        return [m for m in self.ask("/me/mailFolders/drafts/messages?$top=100")["value"] if m["subject"] == subject]

    def test_a_draft_keeps_its_name_and_may_change(self):
        id = self.draft("letter.json")
        self.assertTrue(self.ask("/me/messages/" + id)["isDraft"])
        self.change(DRAFTS + "/letter.json", subject="Another subject", ccRecipients=recipients("ann@contoso.com"),
                    body={"contentType": "html", "content": "<p>Dear Ann"})
        theirs = self.ask("/me/messages/" + id)
        self.assertEqual(theirs["subject"], "Another subject")
        self.assertEqual(theirs["ccRecipients"][0]["emailAddress"]["address"], "ann@contoso.com")
        self.assertIn("Dear Ann", theirs["body"]["content"])
        self.mailbox.remount()
        self.change(DRAFTS + "/letter.json", subject="After a remount")
        self.assertEqual(self.ask("/me/messages/" + id)["subject"], "After a remount")
        self.assertIn("letter.json", os.listdir(self.mailbox.path(DRAFTS)))
        self.assertNotIn(id + ".json", os.listdir(self.mailbox.path(DRAFTS)))

    def test_attachments_in_a_draft(self):
        id = self.draft("attached.json", attachments=[ATTACHMENT])
        self.assertEqual([a["name"] for a in self.ask("/me/messages/%s/attachments" % id)["value"]], ["a.txt"])
        self.assertEqual(self.mailbox.read(DRAFTS, id + ".attachments", "a.txt"), "hello")

    def test_too_much_to_attach(self):
        self.write({"subject": "heavy", "attachments": [{**ATTACHMENT, "contentBytes": "QUFB" * 1000001}]}, DRAFTS, "heavy.json")
        self.mailbox.sync(status=1)
        self.assertIn("outbox/send", self.mailbox.xattr("error", DRAFTS, "heavy.json"))
        os.unlink(self.mailbox.path(DRAFTS, "heavy.json"))

    def test_a_misspelt_member(self):
        with self.assertRaises(OSError) as caught:
            self.write({"subjet": "?"}, DRAFTS, "wrong.json")
        self.assertEqual(caught.exception.errno, errno.EINVAL)
        self.assertIn("subject", self.mailbox.xattr("error", DRAFTS, "wrong.json"))
        os.unlink(self.mailbox.path(DRAFTS, "wrong.json"))

    def test_elsewhere_no_message_is_made(self):
        with self.assertRaises(PermissionError):
            self.write({"subject": "planted"}, "mail/Inbox/planted.json")

    def test_a_lost_answer_makes_no_second_draft(self):
        self.mailbox.fault(service="graph", operation="CreateMessage", drop="after")
        self.draft("once.json", body={"contentType": "html", "content": "<b>rewritten by the service</b>"})
        self.assertEqual(len(self.drafts("once.json")), 1)

    def test_removed_before_and_after(self):
        id = self.draft("removed.json")
        os.unlink(self.mailbox.path(DRAFTS, "removed.json"))
        self.mailbox.sync()
        self.assertEqual(self.drafts("removed.json"), [])
        self.assertIn(id + ".json", os.listdir(self.mailbox.path("mail/Deleted Items")))


class Unsent(GraphTest):
    OPTIONS = "writeback_delay=600"

    def test_a_draft_that_moves_before_it_is_made(self):
        self.write({"subject": "early", "toRecipients": []}, DRAFTS, "early.json")
        os.rename(self.mailbox.path(DRAFTS, "early.json"), self.mailbox.path("mail/Archive/early.json"))
        self.mailbox.sync()
        found = [folder for folder in ("drafts", "archive") for message in self.ask("/me/mailFolders/%s/messages?$top=100" % folder)["value"]
                 if message["subject"] == "early"]
        self.assertEqual(found, ["archive"])


if __name__ == "__main__":
    main()
