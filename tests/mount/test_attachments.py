"""<id>.attachments/: names, exact sizes, raw bytes, one request each; and what may be done to a message."""
import base64
import errno
import json
import os
import shutil
import tempfile
import time
import unittest

from both import over_both
from harness import Mailbox, MountTest, mail_path, main, sanitized, wait_for


def attachment(name, data, **more):
    return dict({"Name": name, "ContentBytes": base64.b64encode(data).decode()}, **more)


def create(mailbox, *attachments, **more):
    """A new message, once it is listed; its id."""
    members = dict({"From": "ann@fabrikam.com", "Subject": "Files", "Body": "See the files."}, **more)
    if attachments:
        members["Attachments"] = list(attachments)
    id = mailbox.create("message", members, table="Inbox")["Id"]
    wait_for(lambda: id + ".json" in os.listdir(mailbox.path("mail", "Inbox")), "the message", 10)
    return id


class AttachmentsTest(MountTest):
    SEED = "contacts=1,events=1,messages=4"
    OPTIONS = "list_ttl=0"

    def directory(self, id):
        return self.mailbox.path("mail", "Inbox", id + ".attachments")

    def message(self, **more):
        id = create(self.mailbox, **more)
        path = self.mailbox.path("mail", "Inbox", id + ".json")
        return id, path

    def files(self, id):
        where = self.directory(id)
        found = {}
        for name in os.listdir(where):
            with open(os.path.join(where, name), "rb") as file:
                found[name] = file.read()
            self.assertEqual(os.path.getsize(os.path.join(where, name)), len(found[name]))
        return found


@over_both
class Reading(AttachmentsTest):
    def test_bytes_and_sizes(self):
        contents = {"empty.bin": b"", "one.txt": b"x", "nul.bin": bytes(range(256)) * 5000}
        id = create(self.mailbox, *(attachment(name, data) for name, data in contents.items()))
        self.assertEqual(self.files(id), contents)

    def test_names_are_unique_and_safe(self):
        names = ["image001.png", "image001.png", "image001.png", "a/b.txt", "..", ".", "100%", "x" * 300 + ".pdf", "x" * 300 + ".pdf"]
        id = create(self.mailbox, *(attachment(name, b"%d" % i) for i, name in enumerate(names)))
        files = self.files(id)
        self.assertEqual(sorted(files.values()), [b"%d" % i for i in range(len(names))])
        self.assertEqual(files["image001.png"], b"0")
        self.assertEqual(len([n for n in files if n.startswith("image001~") and n.endswith(".png")]), 2)
        for name in files:
            self.assertLessEqual(len(name.encode()), 255)
            self.assertNotIn("/", name)
        before = sorted(files)
        self.mailbox.remount(fresh_cache=True)
        os.listdir(self.mailbox.path("mail", "Inbox"))
        self.assertEqual(sorted(self.files(id)), before)

    def test_inline_is_marked(self):
        id = create(self.mailbox, attachment("logo.png", b"png", IsInline=True, ContentId="logo"), attachment("a.txt", b"a"))
        where = self.directory(id)
        marked = [a["Name"] for a in self.mailbox.record("message", id)["Attachments"] if a["IsInline"]]
        for name in os.listdir(where):
            path = os.path.join(where, name)
            if name in marked:
                self.assertEqual(os.getxattr(path, "user.outlook.inline"), b"1")
            else:
                self.assertErrno(errno.ENODATA, os.getxattr, path, "user.outlook.inline")
            self.assertIn("/", os.getxattr(path, "user.outlook.type").decode())

    def test_one_request_each(self):
        id = create(self.mailbox, attachment("a.txt", b"a" * 1000), attachment("b.txt", b"b" * 1000))
        self.directory(id)
        mark = self.mailbox.mark()
        for _ in range(3):
            self.files(id)
        self.assertEqual(len(self.mailbox.requests("GetAttachment", since=mark)), 2)

    def test_nothing_is_written_there(self):
        id = create(self.mailbox, attachment("a.txt", b"a"))
        where = self.directory(id)
        self.assertErrno(errno.EACCES, open, os.path.join(where, "a.txt"), "w")
        self.assertErrno(errno.EPERM, os.unlink, os.path.join(where, "a.txt"))

    def test_a_message_without(self):
        id = create(self.mailbox)
        self.assertNotIn(id + ".attachments", os.listdir(self.mailbox.path("mail", "Inbox")))
        self.assertFalse(os.path.exists(self.mailbox.path("mail", "Inbox", id + ".attachments")))


class AskedAsAWhole(AttachmentsTest):
    def test_the_message_is_asked_where_the_attachment_is_refused(self):
        id = create(self.mailbox, attachment("a.bin", bytes(range(256)) * 77))
        where = self.directory(id)
        mark = self.mailbox.mark()
        self.mailbox.fault(operation="GetAttachment", status=404)
        with open(os.path.join(where, "a.bin"), "rb") as file:
            self.assertEqual(file.read(), bytes(range(256)) * 77)
        self.assertIn("includeAttachments=true", self.mailbox.requests("GetEmail", since=mark)[0]["query"])


class OneAfterTheOther(unittest.TestCase):
    """A program that reads all attachments of a folder: pages of messages with what they carry."""
    COUNT = 40

    def setUp(self):
        self.mailbox = Mailbox(MountTest.build_dir, "messages=6", options="list_ttl=600")
        self.addCleanup(self.mailbox.close)

    def fill(self, data):
        """Messages with an attachment of data(i) each, and some without; {path: bytes}, oldest first."""
        files = {}
        for i in range(self.COUNT):
            members = {"From": "ann@fabrikam.com", "Subject": "Files", "Body": "See the files.",
                       "DateTimeReceived": "2031-01-%02dT%02d:00:00Z" % (i // 20 + 1, i % 20)}
            if i % 4:
                members["Attachments"] = [attachment("a.bin", data(i)), attachment("b.txt", b"b%d" % i)]
            id = self.mailbox.create("message", members, table="Inbox")["Id"]
            if i % 4:
                where = self.mailbox.path("mail", "Inbox", id + ".attachments")
                files[os.path.join(where, "a.bin")] = data(i)
                files[os.path.join(where, "b.txt")] = b"b%d" % i
        os.listdir(self.mailbox.path("mail", "Inbox"))
        return files

    def read(self, files):
        """Checks the bytes; what it cost."""
        mark = self.mailbox.mark()
        for path in files:
            with open(path, "rb") as file:
                self.assertTrue(file.read() == self.files[path], path)
        return self.mailbox.requests(since=mark)

    def test_many_with_one_request(self):
        self.files = self.fill(lambda i: bytes([i]) * 1000)
        asked = self.read(self.files)
        self.assertEqual([line["operation"] for line in asked].count("GetAttachment"), 2)     # of the first message
        self.assertLessEqual(len(asked), 3, asked)

    def test_in_the_other_direction(self):
        self.files = self.fill(lambda i: bytes([i]) * 1000)
        self.assertLessEqual(len(self.read(reversed(list(self.files)))), 3)

    def test_sized_by_bytes(self):
        self.files = self.fill(lambda i: bytes([i]) * (1 << 20))
        asked = self.read(self.files)
        pages = [line for line in asked if line["operation"] == "GetEmails"]
        self.assertEqual([line["operation"] for line in asked].count("GetAttachment"), 2)
        self.assertGreater(len(pages), 3)
        self.assertLess(len(pages), 10)

    def test_a_folder_that_has_changed(self):
        """Positions are not what they were: what a page does not bring is asked for alone."""
        self.files = self.fill(lambda i: bytes([i]) * 1000)
        for i in range(60):
            self.mailbox.create("message", {"From": "a@b.example", "Subject": "new", "Body": "",
                                                    "DateTimeReceived": "2032-01-01T00:00:%02dZ" % i}, table="Inbox")
        self.read(self.files)


class Memory(unittest.TestCase):
    """How much the program has in memory at the most, kB. The sanitizers have their own there: then it is not looked at."""

    def assertPeak(self, mailbox, bound):
        with open("/proc/%d/status" % mailbox.process.pid, encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        if not sanitized():
            self.assertLess(peak, bound)


class Large(Memory):
    def test_30_megabytes_are_streamed_and_the_cache_is_bounded(self):
        with Mailbox(MountTest.build_dir, "messages=1", options="attachments_max=40M,list_ttl=0") as mailbox:
            data = os.urandom(1024 * 1024) * 30
            ids = [create(mailbox, attachment("big.bin", data)) for _ in range(2)]
            for id in ids:
                path = mailbox.path("mail", "Inbox", id + ".attachments", "big.bin")
                started = time.monotonic()
                mailbox.run("head -c 100 '%s' | wc -c" % path)
                self.assertLess(time.monotonic() - started, 20)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), data)
            self.assertPeak(mailbox, 60 * 1024)
            files = os.path.join(mailbox.cache_dir, "attachments")
            self.assertLessEqual(sum(os.path.getsize(os.path.join(files, n)) for n in os.listdir(files)), 40 << 20)

    def test_it_is_in_memory_once_where_the_message_is_asked(self):
        with Mailbox(MountTest.build_dir, "messages=1", options="list_ttl=0") as mailbox:
            data = os.urandom(1024 * 1024) * 30
            id = create(mailbox, attachment("small.txt", b"small"), attachment("big.bin", data))
            where = mailbox.path("mail", "Inbox", id + ".attachments")
            mailbox.fault(operation="GetAttachment", status=404, count=2)
            for name, content in (("big.bin", data), ("small.txt", b"small")):
                with open(os.path.join(where, name), "rb") as file:
                    self.assertTrue(file.read() == content, name)
            self.assertEqual(len(mailbox.requests("GetEmail")), 2)
            self.assertPeak(mailbox, 75 * 1024)   # 40 MB of base64; two copies are over 90 MB


class SendLarge(Memory):
    """A mail of 40 MB of base64 is in memory once while it is accepted and sent, wherever its attachment came from."""

    def test_it_is_in_memory_once(self):
        data = os.urandom(1024 * 1024) * 30
        text = base64.b64encode(data).decode()
        root = tempfile.mkdtemp(prefix="outlookfs-send-root-")
        self.addCleanup(shutil.rmtree, root)
        with open(os.path.join(root, "big.bin"), "wb") as file:
            file.write(data)
        mail = {"To": "bob@contoso.com", "Subject": "Big", "Body": "\u0001 \"x\""}
        cases = (("send", "SendEmail", {"Path": "big.bin"}, {}),
                 ("send", "SendEmail", {"Name": "big.bin", "ContentBytes": text}, {}),
                 ("approval", "SendApprovalMail", {"Name": "big.bin", "ContentBytes": text}, {"Options": "Yes, No"}))
        options = "send_delay=3600,send_root=" + root
        for where, operation, big, more in cases:
            small = {"Name": "s.txt", "ContentBytes": "c21hbGw="}
            with self.subTest(where=where, members=sorted(big)), \
                    Mailbox(MountTest.build_dir, "messages=1", options=options) as mailbox:
                with open(mailbox.path("outbox", where, "big.json"), "w", encoding="utf-8") as file:
                    json.dump(dict(mail, Attachments=[small, big, small], **more), file)
                # On a busy machine the sandbox reads 40 MB for longer than sync waits for something to move.
                mailbox.sync(None)
                wait_for(lambda: mailbox.requests(operation), "it is sent", 60)
                mailbox.sync()
                self.assertEqual([line["status"] // 100 for line in mailbox.requests(operation)], [2])
                id, = {m["Id"] for m in mailbox.records("message") if m["Subject"] == "Big"}
                arrived = mailbox.record("message", id)["Attachments"]
                self.assertEqual([a["Name"] for a in arrived], ["s.txt", "big.bin", "s.txt"])
                for a, bytes_of in zip(arrived, (b"small", data, b"small")):
                    self.assertTrue(mailbox.sandbox.get(mail_path(id, a["Id"])).body == bytes_of, a["Name"])
                self.assertPeak(mailbox, 75 * 1024)   # two copies are over 90 MB


@over_both
class Messages(AttachmentsTest):
    def test_read_is_mark_as_read(self):
        id, path = self.message(IsRead=False)
        mark = self.mailbox.mark()
        self.mailbox.run(["sed", "-i", 's/"IsRead": false/"IsRead": true/', path])
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(mark), [("MarkAsRead", id)])
        self.assertTrue(self.mailbox.record("message", id)["IsRead"])

    def test_anything_else_is_refused_at_close(self):
        id, path = self.message(IsRead=True)
        mark = self.mailbox.mark()
        text = self.mailbox.read("mail", "Inbox", id + ".json")
        with open(path, "r+", encoding="utf-8") as file:
            file.write(text.replace('"Files"', '"Other"'))
            file.truncate()
            self.assertErrno(errno.EPERM, file.close)
        self.assertEqual(self.mailbox.writes(mark), [])
        self.assertEqual(self.mailbox.json("mail", "Inbox", id + ".json")["Subject"], "Files")

    def test_rm_is_delete_email(self):
        id, path = self.message()
        mark = self.mailbox.mark()
        os.unlink(path)
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(mark), [("DeleteEmail", id)])

    def test_a_new_message_is_refused(self):
        self.assertErrno(errno.EPERM, open, self.mailbox.path("mail", "Inbox", "new.json"), "w")


class ReadOnly(AttachmentsTest):
    """What the connector has no operation for."""

    def test_mv_to_another_folder_is_refused(self):
        id, path = self.message()
        mark = self.mailbox.mark()
        target = self.mailbox.path("mail", "Archive", id + ".json")
        self.assertErrno(errno.EPERM, os.rename, path, target)
        self.assertTrue(os.path.exists(path))
        self.assertNotEqual(self.mailbox.run(["mv", path, target], check=False).returncode, 0)
        self.assertTrue(os.path.exists(path))
        self.assertEqual(self.mailbox.writes(mark), [])
        self.assertIn("no operation to move a message", self.mailbox.read(".outlookfs", "log"))

    def test_unread_is_refused(self):
        id, path = self.message(IsRead=True)
        text = self.mailbox.read("mail", "Inbox", id + ".json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace('"IsRead": true', '"IsRead": false'))
            self.assertErrno(errno.EPERM, file.close)


if __name__ == "__main__":
    main()
