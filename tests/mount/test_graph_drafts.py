"""Drafts on Graph: written, edited, and sent."""
import base64
import errno
import os
import shutil

from graph_mount import GraphTest
from harness import main, wait_for

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

    def test_a_shorter_text_leaves_what_cannot_be_empty(self):
        id = self.draft("shorter.json", importance="high", ccRecipients=recipients("ann@contoso.com"))
        self.mailbox.remount(fresh_state=True)
        self.write({"subject": "shorter now", "toRecipients": recipients("jo@contoso.com")}, DRAFTS, id + ".json")
        self.mailbox.sync()
        theirs = self.ask("/me/messages/" + id)
        self.assertEqual((theirs["subject"], theirs["importance"], theirs["ccRecipients"]), ("shorter now", "high", []))

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
        with self.assertRaises(PermissionError):
            self.write({}, "mail/Inbox/planted.eml")

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


class Sending(GraphTest):
    OPTIONS = "writeback_delay=0,send_delay=0,list_ttl=1"
    draft, drafts = Draft.draft, Draft.drafts

    def move_to_outbox(self, name):
        os.rename(self.mailbox.path(DRAFTS, name), self.mailbox.path("outbox/send", name))

    def sent(self, subject):
        return [m for m in self.ask("/me/mailFolders/sentitems/messages?$top=100")["value"] if m["subject"] == subject]

    def wait_until_sent(self, name):
        wait_for(lambda: name in os.listdir(self.mailbox.path("outbox/sent")), "it was sent")

    def test_moved_to_the_outbox_it_is_sent(self):
        id = self.draft("sent.json", attachments=[ATTACHMENT])
        self.move_to_outbox("sent.json")
        self.assertNotIn("sent.json", os.listdir(self.mailbox.path(DRAFTS)))
        self.wait_until_sent("sent.json")
        message, = self.sent("sent.json")
        self.assertEqual((message["id"], message["isDraft"], message["hasAttachments"]), (id, False, True))
        self.assertEqual(self.drafts("sent.json"), [])
        self.assertEqual(self.mailbox.json("outbox/sent/sent.json")["subject"], "sent.json")
        wait_for(lambda: id + ".json" in os.listdir(self.mailbox.path("mail/Sent Items")), "it is in Sent Items")
        self.assertEqual(self.mailbox.json("mail/Sent Items", id + ".json")["id"], id)
        self.assertEqual([n for n in os.listdir(self.mailbox.path(DRAFTS)) if n in ("sent.json", id + ".json")], [])

    def test_what_was_written_last_is_sent(self):
        self.write({"subject": "first words", "toRecipients": recipients("jo@contoso.com")}, DRAFTS, "quick.json")
        self.write({"subject": "last words", "toRecipients": recipients("jo@contoso.com")}, DRAFTS, "quick.json")
        self.move_to_outbox("quick.json")
        self.wait_until_sent("quick.json")
        self.assertEqual((len(self.sent("last words")), self.sent("first words")), (1, []))

    def test_a_lost_answer_sends_it_once(self):
        self.draft("lost.json")
        mark = self.mailbox.mark()
        self.mailbox.fault(service="graph", operation="SendDraft", drop="after")
        self.move_to_outbox("lost.json")
        self.wait_until_sent("lost.json")
        self.assertEqual(len(self.sent("lost.json")), 1)
        self.assertEqual(len(self.mailbox.requests("SendDraft", since=mark)), 1)

    def test_an_upload_goes_on_where_it_broke_off(self):
        content = b"outlookfs" * 900000
        for piece in range(3):
            name, subject = "large-%d.json" % piece, "a large one, piece %d lost" % piece
            mark = self.mailbox.mark()
            self.mailbox.fault(service="graph", operation="Upload", after=piece, drop="after")
            self.write({"To": "jo@contoso.com", "Subject": subject, "Body": "see there",
                        "Attachments": [{"Name": "large.bin", "ContentBytes": base64.b64encode(content).decode()}]}, "outbox/send", name)
            self.wait_until_sent(name)
            message, = self.sent(subject)
            attachment, = self.ask("/me/messages/%s/attachments" % message["id"])["value"]
            self.assertEqual(base64.b64decode(attachment["contentBytes"]), content)
            times = 2 if piece == 2 else 1  # the session ends with the last piece, and cannot say that it has come
            self.assertEqual(len(self.mailbox.requests("Upload", since=mark)), 3 * times)
            self.assertEqual(len(self.mailbox.requests("CreateUploadSession", since=mark)), times)
            self.assertEqual(self.drafts(subject), [])

    def test_a_refusal_is_parked(self):
        self.draft("refused.json")
        self.mailbox.fault(service="graph", operation="SendDraft", status=400)
        self.move_to_outbox("refused.json")
        wait_for(lambda: self.mailbox.xattr("state", "outbox/send/refused.json") == "failed", "it is refused")
        self.assertEqual(len(self.drafts("refused.json")), 1)
        os.unlink(self.mailbox.path("outbox/send/refused.json"))
        wait_for(lambda: "refused.json" in os.listdir(self.mailbox.path(DRAFTS)), "the draft is back", 30)

    def test_only_drafts(self):
        name = self.mailbox.create("message", {"subject": "no draft"}, "inbox")["id"] + ".json"
        wait_for(lambda: name in os.listdir(self.mailbox.path("mail/Inbox")), "it is listed")
        with self.assertRaises(PermissionError):
            os.rename(self.mailbox.path("mail/Inbox", name), self.mailbox.path("outbox/send", name))


MESSAGE = b"""From: Ann <ann@contoso.com>\r
To: jo@contoso.com\r
Subject: %s\r
%sMIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
Gr\xc3\xbc\xc3\x9fe   with blanks  \r
"""


class Mime(GraphTest):
    OPTIONS = "writeback_delay=0,send_delay=0"
    drafts = Draft.drafts

    def upload(self, name, subject, header=b""):
        content = MESSAGE % (subject.encode(), header)
        with open(self.mailbox.path(DRAFTS, name), "wb") as file:
            file.write(content)
        self.mailbox.sync()
        wait_for(lambda: name not in os.listdir(self.mailbox.path(DRAFTS)), "it was uploaded")
        return content

    def assertUploaded(self, subject, content):
        draft, = self.drafts(subject)
        self.assertTrue(draft["isDraft"])
        self.assertIn(draft["id"] + ".json", os.listdir(self.mailbox.path(DRAFTS)))
        status, bytes_there = self.mailbox.sandbox.graph("GET", "/me/messages/%s/$value" % draft["id"], raw=True)
        self.assertEqual((status, bytes_there), (200, content))

    def test_uploaded_as_it_is(self):
        self.assertUploaded("as it is", self.upload("letter.eml", "as it is"))

    def test_renamed_to_it(self):
        content = MESSAGE % (b"renamed", b"")
        with open(self.mailbox.path(DRAFTS, ".letter.tmp"), "wb") as file:
            file.write(content)
        os.rename(self.mailbox.path(DRAFTS, ".letter.tmp"), self.mailbox.path(DRAFTS, "renamed.eml"))
        wait_for(lambda: "renamed.eml" not in os.listdir(self.mailbox.path(DRAFTS)), "it was uploaded")
        self.assertUploaded("renamed", content)

    def test_a_lost_answer_makes_one(self):
        for number, header in enumerate((b"Message-ID: <one@contoso.com>\r\n", b"Message-ID: <o'brien''s@contoso.com>\r\n", b"")):
            subject = "lost %d" % number
            self.mailbox.fault(service="graph", operation="CreateMessage", drop="after")
            self.assertUploaded(subject, self.upload("lost.eml", subject, header))

    def test_the_same_name_while_the_first_is_open(self):
        """The kernel believes a name for a while: what is written under it belongs to the second file."""
        path = self.mailbox.path(DRAFTS, "twice.eml")
        with open(path, "wb"):
            pass
        with open(path, "rb"):
            for subject in ("first of two", "second of two"):
                self.assertUploaded(subject, self.upload("twice.eml", subject))

    def test_refused_it_stays(self):
        self.mailbox.fault(service="graph", operation="CreateMessage", status=400)
        with open(self.mailbox.path(DRAFTS, "bad.eml"), "wb") as file:
            file.write(MESSAGE % (b"bad", b""))
        wait_for(lambda: self.mailbox.xattr("state", DRAFTS, "bad.eml") == "failed", "it is refused")
        os.unlink(self.mailbox.path(DRAFTS, "bad.eml"))
        self.assertEqual((os.listdir(self.mailbox.path(".outlookfs/failed")), self.drafts("bad")), ([], []))

    def test_other_files_stay_local(self):
        shutil.copyfile(__file__, self.mailbox.path(DRAFTS, "notes.txt"))
        os.rename(self.mailbox.path(DRAFTS, "notes.txt"), self.mailbox.path(DRAFTS, "notes.bak"))
        self.assertIn("notes.bak", os.listdir(self.mailbox.path(DRAFTS)))
        os.unlink(self.mailbox.path(DRAFTS, "notes.bak"))


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
