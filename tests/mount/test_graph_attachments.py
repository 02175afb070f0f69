"""What a message of Graph carries, and the message itself as it travels."""
import base64
import email
import email.policy
import errno
import os
import subprocess
import tempfile

import icalendar
import vobject

from harness import main, wait_for
from graph_mount import GraphTest

INLINE = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "logo.png", "contentType": "image/png", "isInline": True,
          "contentId": "logo@contoso.com", "contentBytes": base64.b64encode(b"\x89PNG not really").decode()}
MIME = b"""From: Sam <sam@fabrikam.com>\r\nTo: robin.berger@contoso.com\r\nSubject: As it travels\r\nX-Odd:   kept  as it is\r
MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"""


class Attachments(GraphTest):
    OPTIONS = "writeback_delay=0,list_ttl=0"

    def message(self, subject, folder="Inbox"):
        """The name of the message in its folder, without .json."""
        def find():
            for name in os.listdir(self.mailbox.path("mail", folder)):
                if name.endswith(".json") and self.mailbox.json("mail", folder, name)["subject"] == subject:
                    return name[:-len(".json")]
            return None
        return wait_for(find, "%s is listed" % subject)

    def carried(self, name, *file):
        return self.mailbox.path("mail/Inbox", name + ".attachments", *file)

    def bytes_of(self, path):
        with open(path, "rb") as file:
            content = file.read()
        self.assertEqual(os.stat(path).st_size, len(content))
        return content

    def test_attached_items_are_files_of_their_formats(self):
        name = self.message("Everything at once")
        self.assertEqual(sorted(os.listdir(self.carried(name))), ["Jane Doe.vcf", "Minutes of the last meeting.eml", "Review.ics", "Roadmap.xlsx.url"])
        mail = email.message_from_bytes(self.bytes_of(self.carried(name, "Minutes of the last meeting.eml")), policy=email.policy.default)
        self.assertEqual(mail["Subject"], "Minutes of the last meeting")
        event, = icalendar.Calendar.from_ical(self.bytes_of(self.carried(name, "Review.ics"))).walk("VEVENT")
        self.assertEqual(event["SUMMARY"], "Review")
        card = vobject.readOne(self.bytes_of(self.carried(name, "Jane Doe.vcf")).decode())
        self.assertEqual(card.fn.value, "Jane Doe")

    def test_a_link_to_the_cloud(self):
        name = self.message("Everything at once")
        link = self.bytes_of(self.carried(name, "Roadmap.xlsx.url")).decode()
        self.assertEqual(link, "[InternetShortcut]\r\nURL=%s\r\n" % self.mailbox.json("mail/Inbox", name + ".json")["webLink"])

    def test_inline_ones_are_reachable_by_path(self):
        self.mailbox.create("message", {"subject": "Inline only", "attachments": [INLINE]})
        name = self.message("Inline only")
        self.assertFalse(self.mailbox.json("mail/Inbox", name + ".json")["hasAttachments"])
        self.assertNotIn(name + ".attachments", os.listdir(self.mailbox.path("mail/Inbox")))
        self.assertEqual(os.listdir(self.carried(name)), ["logo.png"])
        self.assertEqual(self.bytes_of(self.carried(name, "logo.png")), b"\x89PNG not really")
        mark = self.mailbox.mark()
        self.mailbox.remount()
        self.bytes_of(self.carried(name, "logo.png"))
        self.assertEqual([r["operation"] for r in self.mailbox.requests(since=mark) if "ttachment" in r["operation"]], [])

    def test_a_message_without_any(self):
        self.mailbox.create("message", {"subject": "Nothing"})
        name = self.message("Nothing")
        for _ in range(2):
            self.assertErrno(errno.ENOENT, os.listdir, self.carried(name))

    # --- export/

    def exported(self, name, folder="Inbox"):
        return self.mailbox.path("export/mail", folder, name + ".eml")

    def mime(self, name):
        status, body = self.mailbox.sandbox.graph("GET", "/me/messages/%s/$value" % name, raw=True)
        self.assertEqual(status, 200)
        return body

    def downloads(self, mark):
        return len(self.mailbox.requests("GetMessageMime", since=mark))

    def test_an_eml_is_the_message_byte_for_byte(self):
        self.mailbox.create("message", {"subject": "As it travels", "mime": base64.b64encode(MIME).decode()})
        name = self.message("As it travels")
        mark = self.mailbox.mark()
        self.assertEqual(os.stat(self.exported(name)).st_size, len(MIME))
        self.assertEqual(self.bytes_of(self.exported(name)), MIME)
        self.assertEqual(self.downloads(mark), 1)
        self.assertEqual(os.stat(self.exported(name)).st_mtime, os.stat(self.mailbox.path("mail/Inbox", name + ".json")).st_mtime)

    def test_every_message_is_and_is_downloaded_once(self):
        mark = self.mailbox.mark()
        names = sorted(n for n in os.listdir(self.mailbox.path("export/mail/Inbox")) if n.endswith(".eml"))
        self.assertEqual(self.downloads(mark), 0)
        for name in names:
            self.assertEqual(self.bytes_of(self.mailbox.path("export/mail/Inbox", name)), self.mime(name[:-4]))
        target = os.path.join(self.mailbox.dir, "backup")
        mark = self.mailbox.mark()
        subprocess.run(["rsync", "-a", "--exclude=*/", self.mailbox.path("export/mail/Inbox") + "/", target], check=True, timeout=60)
        self.mailbox.remount()
        again = self.mailbox.run(["rsync", "-ai", "--exclude=*/", self.mailbox.path("export/mail/Inbox") + "/", target]).stdout
        self.assertEqual([line for line in again.splitlines() if line.startswith(">f")], [])
        self.assertEqual(self.downloads(mark), 0)

    def test_a_flag_does_not_cost_a_download(self):
        path = self.first("mail/Inbox")
        name = os.path.basename(path)[:-len(".json")]
        self.bytes_of(self.exported(name))
        mark = self.mailbox.mark()
        self.change(path, isRead=not self.mailbox.json(path)["isRead"])
        self.assertEqual(self.bytes_of(self.exported(name)), self.mime(name))
        self.assertEqual(self.downloads(mark), 1)  # our own

    def test_a_draft_s_follows_it(self):
        path = self.first("mail/Drafts")
        name = os.path.basename(path)[:-len(".json")]
        before = self.bytes_of(self.exported(name, "Drafts"))
        self.change(path, subject="Quite another one")
        after = wait_for(lambda: (lambda now: now != before and now)(self.bytes_of(self.exported(name, "Drafts"))), "it is the new one")
        self.assertEqual(after, self.mime(name))


class OneAfterTheOther(GraphTest):
    """A program that reads all attachments of a folder: pages of messages with what they carry, and before them with its names."""
    SEED = "contacts=1,events=1,messages=4"
    OPTIONS = "list_ttl=600"
    COUNT = 100

    def fill(self, folder, size):
        """Messages with two attachments each, every fourth without; {path: bytes}, newest first."""
        os.mkdir(self.mailbox.path("mail", folder))
        id, = [f["id"] for f in self.ask("/me/mailFolders?$top=100")["value"] if f["displayName"] == folder]
        files = {}
        for i in reversed(range(self.COUNT)):
            content = {} if i % 4 == 3 else {"a.bin": bytes([i]) * size, "b.txt": b"b%d" % i}
            record = self.mailbox.create("message", {
                "subject": "%d" % i, "receivedDateTime": "2026-01-01T%02d:%02d:00Z" % divmod(i, 60),
                "attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "name": name, "contentType": "text/plain",
                                 "contentBytes": base64.b64encode(data).decode()} for name, data in content.items()]}, id)
            files.update((os.path.join(record["id"] + ".attachments", name), data) for name, data in content.items())
        os.listdir(self.mailbox.path("mail", folder))
        return files

    def backup(self, folder, files):
        """Copies the folder and compares; what that has cost."""
        mark = self.mailbox.mark()
        with tempfile.TemporaryDirectory() as copy:
            self.mailbox.run(["rsync", "-a", self.mailbox.path("mail", folder) + "/", copy], timeout=100)
            for path, data in files.items():
                with open(os.path.join(copy, path), "rb") as file:
                    self.assertTrue(file.read() == data, path)
        return [request["operation"] for request in self.mailbox.requests(since=mark)]

    def test_a_backup(self):
        files = self.fill("small", 1000)
        asked = self.backup("small", files)
        self.assertEqual(asked.count("ListAttachments"), 1)         # of the first message
        self.assertEqual(asked.count("GetAttachmentContent"), 2)    # ... and what it carries
        self.assertLessEqual(len(asked), self.COUNT / 10, asked)
        names = [request for request in self.mailbox.requests("ListMessages") if "isInline" in request["query"]]
        self.assertTrue(names and all(request["responseBytes"] < 1000 * self.COUNT for request in names), names)

    def test_sized_by_bytes(self):
        files = self.fill("large", 1 << 19)
        asked = self.backup("large", files)
        self.assertLessEqual(asked.count("ListMessages"), 12, asked)
        self.assertLessEqual(len(asked), 16, asked)

    def test_more_than_the_service_manages(self):
        files = self.fill("slow", 1000)
        self.mailbox.fault(operation="ListMessages", status=504, count=3)
        asked = self.backup("slow", files)
        self.mailbox.sandbox.clear_faults()
        self.assertEqual(asked.count("GetAttachmentContent"), 2)
        self.assertLessEqual(len(asked), 20, asked)

    def test_where_no_message_says_that_it_carries_anything(self):
        os.mkdir(self.mailbox.path("mail", "inline"))
        id, = [f["id"] for f in self.ask("/me/mailFolders?$top=100")["value"] if f["displayName"] == "inline"]
        names = [self.mailbox.create("message", {"subject": "%d" % i, "attachments": [INLINE] * (i % 2)}, id)["id"] for i in range(10)]
        os.listdir(self.mailbox.path("mail", "inline"))
        mark = self.mailbox.mark()
        for i, name in enumerate(names):
            path = self.mailbox.path("mail/inline", name + ".attachments")
            if i % 2:
                self.assertEqual(os.listdir(path), ["logo.png"])
            else:
                self.assertErrno(errno.ENOENT, os.listdir, path)
        asked = [request["operation"] for request in self.mailbox.requests(since=mark)]
        self.assertEqual(asked.count("ListMessages"), 0)
        self.assertEqual(asked.count("ListAttachments"), len(names))


if __name__ == "__main__":
    main()
