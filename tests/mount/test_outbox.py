"""outbox/send and outbox/reply: what is sent, when, and what never is. The mailbox is the sandbox's."""
import base64
import datetime
import errno
import json
import os
import shutil
import tempfile
import threading
import time
import unittest

from both import TranslatedMailbox, over_both
from harness import Mailbox, MountTest, main, wait_for
from holding import Holding


def mail(subject, **more):
    return dict({"To": "bob@contoso.com", "Subject": subject, "Body": "Hello."}, **more)


class OutboxTest(MountTest):
    SEED = "contacts=2,events=1,messages=12"
    DELAY = "0"

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="outlookfs-send-root-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.OPTIONS = "send_delay=%s,send_root=%s" % (cls.DELAY, cls.root)
        super().setUpClass()

    def put(self, where, name, obj):
        path = self.mailbox.path("outbox", where, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(obj, file)
        return path

    def sends(self, mark):
        return self.mailbox.requests("SendEmail", since=mark)

    def went_out(self, *subjects):
        """The mails with these subjects that the service has sent."""
        return [record for record in self.mailbox.records("message", "Sent Items") if record["Subject"] in subjects]

    def failed_entry(self, name):
        name, = [n for n in os.listdir(self.mailbox.path(".outlookfs", "failed")) if n.endswith("-" + name)]
        return name

    def subjects(self, *subjects):
        return sorted(record["Subject"] for record in self.went_out(*subjects))

    def wait_sent(self, name):
        path = self.mailbox.path("outbox", "sent", name)
        return wait_for(lambda: os.path.exists(path), lambda: "sent/%s; %s" % (name, self.mailbox.status()["outbox"]))

    def wait_state(self, state, *parts):
        def current():
            try:
                return self.mailbox.xattr("state", *parts)
            except OSError as error:
                return error
        wait_for(lambda: current() == state, lambda: "%s, not %s" % (state, current()))


@over_both
class Sending(OutboxTest):
    def test_complete_file_is_sent_once_and_moves_to_sent(self):
        mark = self.mailbox.mark()
        path = self.put("send", "one.json", mail("One", Importance="High", IsHtml=False, Cc="carol@contoso.com"))
        self.wait_sent("one.json")
        self.assertEqual(len(self.sends(mark)), 1)
        sent, = self.went_out("One")
        self.assertEqual((sent["To"], sent["Cc"]), ("bob@contoso.com", "carol@contoso.com"))
        wait_for(lambda: not os.path.exists(path), "it is not in send/ any more")
        self.assertNotIn("one.json", os.listdir(self.mailbox.path("outbox", "send")))
        self.assertEqual(self.mailbox.json("outbox", "sent", "one.json")["Subject"], "One")
        self.assertEqual(self.mailbox.xattr("state", "outbox", "sent", "one.json"), "sent")

    def test_names_in_sent_are_made_unique(self):
        for _ in range(2):
            self.put("send", "twice.json", mail("Twice"))
            wait_for(lambda: not os.path.exists(self.mailbox.path("outbox", "send", "twice.json")), "sent")
        names = [n for n in os.listdir(self.mailbox.path("outbox", "sent")) if n.startswith("twice")]
        self.assertEqual(len(names), 2)

    def test_cp_of_a_file_and_temporary_with_rename(self):
        source = os.path.join(self.root, "m.json")
        with open(source, "w", encoding="utf-8") as file:
            json.dump(mail("Copied"), file)
        self.mailbox.run(["cp", source, self.mailbox.path("outbox", "send", "copied.json")])
        self.wait_sent("copied.json")
        temporary = self.mailbox.path("outbox", "send", ".renamed.json.tmp")
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(mail("Renamed"), file)
        self.mailbox.sync()
        self.assertTrue(os.path.exists(temporary))
        self.assertEqual(self.subjects("Copied", "Renamed"), ["Copied"])
        os.rename(temporary, self.mailbox.path("outbox", "send", "renamed.json"))
        self.wait_sent("renamed.json")
        self.assertEqual(self.subjects("Copied", "Renamed"), ["Copied", "Renamed"])

    def test_rename_of_a_wrong_text_moves_nothing(self):
        temporary = self.mailbox.path("outbox", "send", "wrong.tmp")
        with open(temporary, "w", encoding="utf-8") as file:
            file.write('{"To": ')
        self.assertErrno(errno.EINVAL, os.rename, temporary, self.mailbox.path("outbox", "send", "wrong.json"))
        self.assertTrue(os.path.exists(temporary))
        os.unlink(temporary)

    def test_draft_is_not_sent(self):
        mark = self.mailbox.mark()
        path = self.mailbox.path("outbox", "send", "draft.json")
        for text in ("", '{"To": "bob@contoso.com", "Sub'):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "draft.json"), "local")
        self.assertIn("1:", self.mailbox.xattr("error", "outbox", "send", "draft.json"))
        self.assertEqual(self.sends(mark), [])
        os.unlink(path)

    def refused(self, where, text, number, *words):
        path = self.mailbox.path("outbox", where, "refused.json")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(fd, text.encode() if isinstance(text, str) else json.dumps(text).encode())
        self.assertErrno(number, os.close, fd)
        why = self.mailbox.xattr("error", "outbox", where, "refused.json")
        for word in words:
            self.assertIn(word, why)
        os.unlink(path)

    def test_what_is_wrong_is_said_at_close(self):
        mark = self.mailbox.mark()
        self.refused("send", '{"To": "a@b.c",\n "Subject": x}', errno.EINVAL, "2:13")
        self.refused("send", {"To": "a@b.c", "Body": "x"}, errno.EINVAL, "Subject is missing")
        self.refused("send", mail("x", Subjet="y"), errno.EINVAL, "Subjet: no such member")
        self.refused("send", mail("x", Importance="Huge"), errno.EINVAL, "Importance")
        self.refused("send", mail("x", Attachments=[{"Name": "a", "ContentBytes": "%%"}]), errno.EINVAL, "base64")
        self.refused("send", mail("x", Attachments=[{"Name": "a"}]), errno.EINVAL, "Attachments[0].ContentBytes")
        self.refused("reply", {"Comment": "x"}, errno.EINVAL, "MessageId")
        self.refused("send", mail("x", Attachments=[{"Path": "nowhere.pdf"}]), errno.ENOENT, "nowhere.pdf")
        self.refused("send", mail("x", Attachments=[{"Path": "/etc/passwd"}]), errno.EACCES, "send_root")
        self.refused("send", mail("x", Attachments=[{"Path": "../../etc/passwd"}]), errno.EACCES, "send_root")
        self.assertEqual(self.sends(mark), [])

    def test_attachments_by_path_and_by_bytes(self):
        data = bytes(range(256)) * 1000 + b"x"
        with open(os.path.join(self.root, "report.bin"), "wb") as file:
            file.write(data)
        mark = self.mailbox.mark()
        self.put("send", "attached.json", mail("Attached", To="sandbox@example.com", Attachments=[
            {"Path": "report.bin"}, {"Path": os.path.join(self.root, "report.bin"), "Name": "other.bin"},
            {"Name": "hello.txt", "ContentBytes": base64.b64encode(b"hello").decode()}]))
        self.wait_sent("attached.json")
        self.assertEqual(len(self.sends(mark)), 1)

        def attachments():
            directory = self.mailbox.path("mail", "Sent Items")
            for name in os.listdir(directory):
                if name.endswith(".attachments"):
                    return os.path.join(directory, name)
            return None
        # The sandbox keeps a copy, so what came through is read back as files.
        self.mailbox.remount(fresh_cache=True)
        where = wait_for(attachments, "the copy in Sent Items with its attachments")
        self.assertEqual(sorted(os.listdir(where)), ["hello.txt", "other.bin", "report.bin"])
        for name in ("other.bin", "report.bin"):
            with open(os.path.join(where, name), "rb") as file:
                self.assertEqual(file.read(), data)
            self.assertEqual(os.path.getsize(os.path.join(where, name)), len(data))

    def test_large_attachment(self):
        data = os.urandom(1024 * 1024) * 8
        with open(os.path.join(self.root, "large.bin"), "wb") as file:
            file.write(data)
        self.put("send", "large.json", mail("Large", Attachments=[{"Path": "large.bin"}]))
        self.wait_sent("large.json")
        with open(os.path.join(self.root, "huge.bin"), "wb") as file:
            file.truncate(50 * 1024 * 1024)
        self.refused("send", mail("x", Attachments=[{"Path": "huge.bin"}]), errno.EFBIG, "49 MiB")

    def test_directory_rules(self):
        self.assertLessEqual({"reply", "send", "sent"}, set(os.listdir(self.mailbox.path("outbox"))))
        self.assertErrno(errno.EPERM, os.mkdir, self.mailbox.path("outbox", "mine"))
        self.assertErrno(errno.EPERM, open, self.mailbox.path("outbox", "x.json"), "w")
        self.assertErrno(errno.EPERM, open, self.mailbox.path("outbox", "sent", "x.json"), "w")
        contact = self.mailbox.contacts()[0]
        self.assertErrno(errno.EPERM, os.rename, self.mailbox.path("contacts", "Contacts", contact),
                         self.mailbox.path("outbox", "send", "c.json"))


@over_both
class Replying(OutboxTest):
    def message(self):
        names = sorted(n for n in os.listdir(self.mailbox.path("mail", "Inbox")) if n.endswith(".json"))
        return names[0]

    def test_reply_by_id_and_by_path(self):
        name = self.message()
        id = self.mailbox.xattr("id", "mail", "Inbox", name)
        mark = self.mailbox.mark()
        self.put("reply", "a.json", {"MessageId": id, "Comment": "By id & more?", "ReplyAll": True})
        self.wait_sent("a.json")
        self.put("reply", "b.json", {"Path": "mail/Inbox/" + name, "Comment": "relative"})
        self.wait_sent("b.json")
        self.put("reply", "c.json", {"Path": self.mailbox.path("mail", "Inbox", name), "Comment": "absolute"})
        self.wait_sent("c.json")
        replies = self.mailbox.requests("ReplyTo", since=mark)
        self.assertEqual(len(replies), 3)
        self.assertEqual({line["id"] for line in replies}, {id})
        sent = [record for record in self.mailbox.records("message", "Sent Items") if "By id &amp; more?" in record["Body"]]
        self.assertEqual(len(sent), 1)
        self.assertEqual(["replyAll=true" in line["query"] or line["path"].endswith("/createReplyAll") for line in replies], [True, False, False])

    def test_path_of_what_people_see(self):
        """A link of views/ or search/, a file of export/."""
        name = self.message()
        id = self.mailbox.xattr("id", "mail", "Inbox", name)
        mark = self.mailbox.mark()
        by_date = "views/mail/Inbox/by-date"
        link = next(link for link in os.listdir(self.mailbox.path(by_date))
                    if self.mailbox.json(by_date, link)["Id"] == id)
        found = "search/local/" + self.mailbox.json("mail", "Inbox", name)["From"].split("@")[0].split(".")[0]
        hit = next(hit for hit in os.listdir(self.mailbox.path(found)) if self.mailbox.json(found, hit)["Id"] == id)
        paths = [os.path.join(by_date, link), os.path.join(found, hit), "export/mail/Inbox/%s.eml" % id]
        for i, path in enumerate(paths + [self.mailbox.path(paths[0])]):
            self.put("reply", "p%d.json" % i, {"Path": path, "Comment": path})
            self.wait_sent("p%d.json" % i)
        self.assertEqual([line["id"] for line in self.mailbox.requests("ReplyTo", since=mark)], [id] * 4)

    def test_path_that_is_no_message(self):
        path = self.mailbox.path("outbox", "reply", "no.json")
        os.listdir(self.mailbox.path("mail", "Inbox"))
        for wrong in ("mail/Inbox/nothing.json", "contacts/Contacts/x.json", "/etc/passwd", "mail/x.json", "views/mail/Inbox/by-date", "views/mail/Inbox/by-date/x.json",
                      "views/contacts/Contacts/by-name/x.json", "export/contacts/Contacts.vcf"):
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(fd, json.dumps({"Path": wrong, "Comment": "x"}).encode())
            self.assertErrno(errno.ENOENT, os.close, fd)
        os.unlink(path)

    def test_reply_to_a_message_the_service_does_not_know(self):
        self.put("reply", "gone.json", {"MessageId": "AAMkNOTHING=", "Comment": "x"})
        self.wait_state("failed", "outbox", "reply", "gone.json")
        self.assertIn("m", self.mailbox.run(["ls", self.mailbox.path(".outlookfs", "failed")]).stdout)
        os.unlink(self.mailbox.path("outbox", "reply", "gone.json"))
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs", "failed")), [])


class SlowAttachment(unittest.TestCase):
    """What a mail attaches is read while others go on saving. The slow file system it lies on is a second mount, whose service
    keeps it waiting."""

    def setUp(self):
        files = self.enterContext(Mailbox(MountTest.build_dir, "messages=1"))
        attachment = {"Name": "big.bin", "ContentBytes": base64.b64encode(b"slow").decode()}
        id = files.sandbox.create("message", {"From": "ann@fabrikam.com", "Subject": "x", "Attachments": [attachment]},
                                  table="Inbox")["Id"]
        self.holding = Holding(files.sandbox)
        self.addCleanup(self.holding.server_close)
        self.addCleanup(self.holding.shutdown)
        files.sandbox.url = self.holding.url
        files.remount(fresh_state=True, fresh_cache=True)
        self.file = os.path.join("mail", "Inbox", id + ".attachments", "big.bin")
        os.listdir(files.path("mail", "Inbox"))
        self.mailbox = self.enterContext(Mailbox(MountTest.build_dir, "contacts=2,messages=1",
                                                 options="send_delay=0,send_root=" + files.mountpoint))
        self.letter = self.mailbox.path("outbox", "send", "slow.json")

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(mail("Slow", Attachments=[{"Path": self.file}]), file)

    def save_contact(self):
        path = self.mailbox.path("contacts", "Contacts", self.mailbox.contacts()[0])
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(dict(record, NickName="saved"), file)

    def others_save(self, send):
        sender, other = threading.Thread(target=send), threading.Thread(target=self.save_contact)
        with self.holding.answer("/Mail/"):
            sender.start()
            self.holding.arrives()
            other.start()
            other.join(30)
            self.assertFalse(other.is_alive(), "the save waits for the mail")
            self.assertTrue(sender.is_alive())
            self.mailbox.sync()
            self.assertEqual(len(self.mailbox.requests("ContactPatchItem")), 1)
        sender.join(30)
        self.mailbox.sync()
        sent, = self.mailbox.requests("SendEmail")
        self.assertEqual(sent["body"]["Attachments"][0]["ContentBytes"], base64.b64encode(b"slow").decode())

    def test_closed(self):
        self.others_save(lambda: self.write(self.letter))

    def test_renamed(self):
        self.write(self.letter + ".tmp")
        self.others_save(lambda: os.rename(self.letter + ".tmp", self.letter))


@over_both
class Delay(OutboxTest):
    """What waits is never due by itself here: what nevertheless went out was sent too early, or was not taken back."""
    DELAY = "3600"

    def nothing_to_send(self, mark):
        """
        Even where everything is to be sent at once. Asked without a program: a child that starts closes its copies of our
        files, which is a close as any other.
        """
        self.assertEqual(self.mailbox.status()["queue"]["pending"], 0)
        with open(self.mailbox.path(".outlookfs", "control"), "w", encoding="ascii") as control:
            control.write("sync\n")
        self.assertEqual(self.sends(mark), [])

    def test_rm_within_the_delay_takes_it_back(self):
        mark = self.mailbox.mark()
        path = self.put("send", "back.json", mail("Back"))
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "back.json"), "waiting")
        self.assertEqual(self.mailbox.status()["queue"]["pending"], 1)
        os.unlink(path)
        self.nothing_to_send(mark)

    def test_a_change_within_the_delay_is_what_is_sent(self):
        mark = self.mailbox.mark()
        path = self.put("send", "changed.json", mail("First"))
        self.mailbox.run(["sed", "-i", "s/First/Second/", path])
        with open(path, "r+", encoding="utf-8") as file:
            text = file.read()
            file.seek(0)
            file.write(text.replace("Second", "Thirds"))
            file.flush()
            self.nothing_to_send(mark)   # it is open and half changed
        self.assertEqual(self.mailbox.status()["queue"]["pending"], 1)
        self.mailbox.sync()
        self.wait_sent("changed.json")
        self.assertEqual(self.subjects("First", "Second", "Thirds"), ["Thirds"])

    def test_mv_to_a_scratch_name_takes_it_back(self):
        mark = self.mailbox.mark()
        path = self.put("send", "away.json", mail("Away"))
        os.rename(path, path + "~")
        self.nothing_to_send(mark)
        os.rename(path + "~", path)
        self.mailbox.sync()
        self.assertEqual(len(self.sends(mark)), 1)

    def test_rename_that_fails_leaves_an_accepted_mail_whole(self):
        """A mail is no contact. What is sent is not the file's bytes: "IsHtml" is no member of the service's."""
        mark = self.mailbox.mark()
        path = self.put("send", "q.json", mail("Q", IsHtml=False))
        for target in ("contacts/Contacts/q.json", "mail/Inbox/q.json"):
            with self.assertRaises(OSError, msg=target):
                os.rename(path, self.mailbox.path(target))
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "q.json"), "waiting")
        self.mailbox.sync()
        self.wait_sent("q.json")
        self.assertEqual(len(self.sends(mark)), 1)

    def test_sync_sends_at_once(self):
        mark = self.mailbox.mark()
        self.put("send", "now.json", mail("Now"))
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "now.json"), "waiting")
        self.assertEqual(self.sends(mark), [])
        self.mailbox.sync()
        self.assertEqual(len(self.sends(mark)), 1)

    def test_what_was_sent_is_in_sent_items(self):
        """At the next look, though its listing is good for longer."""
        def sent():
            folder = self.mailbox.path("mail", "Sent Items")
            records = [name for name in os.listdir(folder) if name.endswith(".json")]
            return [name for name in records if self.mailbox.json(folder, name)["Subject"] == "Seen"]

        self.assertEqual(sent(), [])
        self.put("send", "seen.json", mail("Seen"))
        self.mailbox.sync()
        self.assertEqual(len(sent()), 1)

    def test_kill_before_sending_sends_once_after_remount(self):
        mark = self.mailbox.mark()
        self.put("send", "killed.json", mail("Killed"))
        self.mailbox.kill9()
        self.assertEqual(self.sends(mark), [])
        self.mailbox.mount()
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "killed.json"), "waiting")
        self.mailbox.sync()
        self.assertEqual(len(self.sends(mark)), 1)


@over_both
class Due(OutboxTest):
    """Nobody asks: it goes out when its time has come, and not before."""
    DELAY = "3"

    def test_when_its_time_has_come(self):
        mark = self.mailbox.mark()
        began = time.time()
        path = self.put("send", "due.json", mail("Due"))
        wait_for(lambda: not os.path.exists(path), "sent")
        sent, = self.sends(mark)
        arrived = datetime.datetime.fromisoformat(sent["time"]).timestamp() + 1   # the log has whole seconds
        self.assertGreaterEqual(arrived - began, float(self.DELAY))


class NeverTwice(OutboxTest):
    """The connector does not say what became of a mail whose answer was lost."""

    def unknown(self, name, **fault):
        mark = self.mailbox.mark()
        self.mailbox.fault(operation="SendEmail", **fault)
        self.put("send", name, mail("Unknown"))
        self.wait_state("failed", "outbox", "send", name)
        self.mailbox.sync(status=1)   # sends everything that may be sent
        self.assertEqual(len(self.sends(mark)), 1)
        return mark

    def test_unknown_result_is_parked_and_touch_sends_again(self):
        mark = self.unknown("a504.json", status=504, apply=True)
        entry = self.mailbox.json(".outlookfs", "failed", self.failed_entry("a504.json"))
        self.assertTrue(entry["may_have_been_sent"])
        self.assertIn("may have been sent", self.mailbox.xattr("error", "outbox", "send", "a504.json"))
        self.mailbox.sync(status=1)
        self.assertEqual(len(self.sends(mark)), 1)
        self.mailbox.run(["touch", self.mailbox.path(".outlookfs", "failed", self.failed_entry("a504.json"))])
        self.wait_sent("a504.json")
        self.assertEqual(len(self.sends(mark)), 2)

    def test_rm_in_failed_discards(self):
        mark = self.unknown("b504.json", status=500)
        os.unlink(self.mailbox.path(".outlookfs", "failed", self.failed_entry("b504.json")))
        wait_for(lambda: not os.path.exists(self.mailbox.path("outbox", "send", "b504.json")), "the file is gone, too")
        self.assertEqual(len(self.sends(mark)), 1)

    def test_dropped_connection_is_parked(self):
        mark = self.unknown("dropped.json", drop="after")
        self.mailbox.remount()
        self.assertEqual(self.mailbox.xattr("state", "outbox", "send", "dropped.json"), "failed")
        os.unlink(self.mailbox.path("outbox", "send", "dropped.json"))
        self.assertEqual(len(self.sends(mark)), 1)


class FoundOut(OutboxTest):
    """Graph does."""
    MAILBOX = TranslatedMailbox

    def test_an_unknown_result(self):
        for operation in ("CreateMessage", "SendDraft"):
            for fault in ({"status": 504, "apply": True}, {"status": 500}, {"drop": "before"}, {"drop": "after"}):
                name = "%s %s.json" % (operation, list(fault.items()))
                with self.subTest(name):
                    self.mailbox.fault(operation=operation, **fault)
                    self.put("send", name, mail(name))
                    self.wait_sent(name)
                    self.assertEqual(self.subjects(name), [name])
                    self.assertEqual([r for r in self.mailbox.records("message", "Drafts") if r["Subject"] == name], [])


@over_both
class Refused(OutboxTest):
    def test_the_entry_of_an_eml_is_json(self):
        self.mailbox.fault(operation="SendEmail", status=400)
        with open(self.mailbox.path("outbox/send/letter.eml"), "w", encoding="utf-8") as file:
            file.write("To: bob@contoso.com\nSubject: Hello\n\nHello.\n")
        self.wait_state("failed", "outbox", "send", "letter.eml")
        entry = json.loads(self.mailbox.read(".outlookfs", "failed", self.failed_entry("letter.eml.json")))
        self.assertEqual(entry["path"], "outbox/send/letter.eml")
        os.unlink(self.mailbox.path(".outlookfs", "failed", self.failed_entry("letter.eml.json")))
        wait_for(lambda: not os.path.exists(self.mailbox.path("outbox/send/letter.eml")), "the file is gone, too")

    def test_throttled_is_tried_again(self):
        mark = self.mailbox.mark()
        self.mailbox.fault(operation="SendEmail", status=429, retryAfter=1)
        self.put("send", "throttled.json", mail("Throttled"))
        self.wait_sent("throttled.json")
        self.assertEqual([r["status"] // 100 for r in self.sends(mark)], [4, 2])

    def test_refusal_is_parked_with_its_reason(self):
        self.put("send", "refused.json", mail("Refused", To="nobody at all"))
        self.wait_state("failed", "outbox", "send", "refused.json")
        self.assertRegex(self.mailbox.xattr("error", "outbox", "send", "refused.json"), "mail addresses|recipient")
        mark = self.mailbox.mark()
        self.mailbox.run(["sed", "-i", "s/nobody at all/bob@contoso.com/", self.mailbox.path("outbox", "send", "refused.json")])
        self.wait_sent("refused.json")
        self.assertEqual(len(self.sends(mark)), 1)


class Killed(unittest.TestCase):
    """While the answer is awaited. Where it cannot be found out, the mail is parked."""

    def kill(self, kind, state):
        with kind(MountTest.build_dir, "messages=2", options="send_delay=0") as mailbox:
            mark = mailbox.mark()
            mailbox.fault(operation="SendEmail", delay=3000)
            path = mailbox.path("outbox", "send", "k.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(mail("Killed"), file)
            wait_for(lambda: mailbox.xattr("state", "outbox", "send", "k.json") == "sending", "sending")
            with self.assertRaises(OSError) as caught:
                os.unlink(path)
            self.assertEqual(caught.exception.errno, errno.EBUSY)
            # The fault has been taken: the service has the request.
            wait_for(lambda: not mailbox.sandbox.control("GET", "/fault"), "under way")
            mailbox.kill9()
            mailbox.mount()
            wait_for(lambda: mailbox.requests("SendEmail", since=mark), "carried out")
            mailbox.sync(status=int(state == "failed"))
            self.assertEqual(mailbox.xattr("state", "outbox", "send" if state == "failed" else "sent", "k.json"), state)
            self.assertEqual(len([r for r in mailbox.records("message", "Sent Items") if r["Subject"] == "Killed"]), 1)

    def test_kill_while_the_answer_is_awaited(self):
        self.kill(Mailbox, "failed")

    def test_killed_and_found_out(self):
        self.kill(TranslatedMailbox, "sent")


if __name__ == "__main__":
    main()
