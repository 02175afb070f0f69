"""Answers that are none: what a portal, a proxy or a gateway says in the service's place never counts as success."""
import errno
import html
import json
import os
import re
from urllib.parse import parse_qs, urlsplit

from gateway import GatewayTest
from harness import main, wait_for
from records import CONTACTS, INBOX

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to the network</body></html>"
COMPLAINT = '{"error":{"code":"ProxyError","message":"the proxy does not know"}}'
NOT_FOUND = ('{"status":404,"message":"The specified object was not found in the store.","error":{"message":"The specified object '
             'was not found in the store.","code":"ErrorItemNotFound"},"source":"x"}')

# Success of another: (how the gateway answers, with what).
FOREIGN = [
    dict(body=PAGE, type="text/html"),
    dict(body=PAGE, type="application/json"),
    dict(body=COMPLAINT, type="application/json"),
    dict(body="ok", type="text/plain"),
    dict(body="", type="text/html"),
    dict(status=202, body="{}", type="application/json"),
    dict(body=PAGE, truncate=10),
]


class WireTest(GatewayTest):
    SEED = "contacts=20,events=2,messages=20"
    OPTIONS = "writeback_delay=600,send_delay=0,list_ttl=0"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contacts = cls.mailbox.contacts()
        cls.messages = sorted(name for name in os.listdir(cls.mailbox.path(INBOX)) if name.endswith(".json"))

    def put(self, where, name, obj):
        with open(self.mailbox.path("outbox", where, name), "w", encoding="utf-8") as file:
            json.dump(obj, file)

    def state(self, *parts):
        return self.mailbox.xattr("state", *parts)

    def wait_state(self, state, *parts):
        wait_for(lambda: self.state(*parts) == state, lambda: "%s, not %s" % (state, self.state(*parts)))

    def queue(self):
        return os.listdir(self.mailbox.path(".outlookfs", "queue"))

    def failed(self):
        return os.listdir(self.mailbox.path(".outlookfs", "failed"))

    def message(self, read):
        name = next(name for name in self.messages if self.mailbox.json(INBOX, name)["IsRead"] is read)
        self.messages.remove(name)
        return name


class Sending(WireTest):
    def test_mail_is_parked_as_unknown(self):
        """It stays where it was, says that nobody knows, and is not sent again by itself."""
        for n, answer in enumerate(FOREIGN):
            with self.subTest(**answer):
                name = "mail-%d.json" % n
                self.gateway.clear()
                rule = self.gateway.answer(r"^POST /Mail$", **answer)
                self.put("send", name, {"To": "pat@contoso.example", "Subject": "portal", "Body": "x"})
                self.wait_state("failed", "outbox", "send", name)
                self.assertIn("nobody knows", self.mailbox.xattr("error", "outbox", "send", name))
                self.assertNotIn(name, os.listdir(self.mailbox.path("outbox", "sent")))
                self.mailbox.sync(1)
                self.assertEqual(rule.used, 1)
                os.unlink(self.mailbox.path("outbox", "send", name))

    def test_reply_and_question_are_parked_as_unknown(self):
        id = self.message(True)[:-5]
        for n, answer in enumerate(FOREIGN):
            for where, path, obj in (("reply", r"^POST /Mail/ReplyTo/", {"MessageId": id, "Comment": "yes"}),
                                     ("approval", r"^POST /approvalmail/",
                                      {"To": "pat@contoso.example", "Subject": "May I?", "Body": "?", "Options": "Yes, No",
                                       "Wait": False})):
                with self.subTest(where=where, **answer):
                    name = "mail-%d.json" % n
                    self.gateway.clear()
                    rule = self.gateway.answer(path, **answer)
                    self.put(where, name, obj)
                    self.wait_state("failed", "outbox", where, name)
                    self.assertIn("nobody knows", self.mailbox.xattr("error", "outbox", where, name))
                    self.assertEqual(rule.used, 1)
                    os.unlink(self.mailbox.path("outbox", where, name))

    def test_a_long_reply_goes_in_a_body(self):
        """The address of the other kind may have about 2,000 bytes."""
        id = self.message(True)[:-5]
        rule = self.gateway.answer(r"^POST /v3/Mail/ReplyTo/", status=200)
        mark = self.gateway.mark()
        comment = "\n".join("  line %d: a < b & c > d, \u00e4\u6f22  end" % n for n in range(100))
        self.put("reply", "long.json", {"MessageId": id, "Comment": comment, "ReplyAll": True})
        wait_for(lambda: os.path.exists(self.mailbox.path("outbox", "sent", "long.json")), "sent")
        self.assertEqual(rule.used, 1)
        request, = self.gateway.requests("^POST", mark)
        self.assertEqual(request.headers["Content-Type"], "application/json")
        body = json.loads(request.body)
        self.assertEqual(body["ReplyAll"], True)
        shown = html.unescape(re.sub(r"<br>\n?", "\n", body["Body"])).replace("\u00a0", " ")
        self.assertEqual(shown, comment)
        mark = self.gateway.mark()
        self.put("reply", "short.json", {"MessageId": id, "Comment": "yes"})
        wait_for(lambda: os.path.exists(self.mailbox.path("outbox", "sent", "short.json")), "sent")
        self.assertTrue(self.gateway.requests(r"^POST /Mail/ReplyTo/.*comment=yes", mark))
        for request in self.gateway.requests(r"^POST /Mail/ReplyTo/"):
            self.assertLess(len(request.path), 2000)


class Changing(WireTest):
    OPTIONS = WireTest.OPTIONS + ",create_settle=1"

    def test_nothing_is_taken_for_done(self):
        """A portal answers everything: changes stay pending, sync says so, and all is done once it is gone."""
        self.gateway.answer("", **FOREIGN[0])
        removed, edited = self.contacts.pop(), self.contacts.pop()
        read = self.message(False)
        os.unlink(self.mailbox.path(CONTACTS, removed))
        with open(self.mailbox.path(CONTACTS, "new.json"), "w", encoding="utf-8") as file:
            file.write('{"GivenName": "Portal"}')
        text = self.mailbox.json(INBOX, read)
        with open(self.mailbox.path(INBOX, read), "w", encoding="utf-8") as file:
            json.dump(dict(text, IsRead=True), file)
        obj = self.mailbox.json(CONTACTS, edited)
        with open(self.mailbox.path(CONTACTS, edited), "w", encoding="utf-8") as file:
            json.dump(dict(obj, NickName="portal"), file)
        mark = self.gateway.mark()
        with self.assertRaises(OSError):    # not all was sent within these seconds
            with open(self.mailbox.path(".outlookfs", "control"), "w", encoding="utf-8") as file:
                file.write("sync 4\n")
        for kind in ("^DELETE", "^POST", "^GET /datasets/contacts/.*/items/"):
            self.assertTrue(self.gateway.requests(kind, mark), kind)
        self.assertEqual(len(self.queue()), 4)
        self.assertEqual(self.failed(), [])
        self.assertNotIn(removed, self.mailbox.contacts())
        self.assertIsNotNone(self.mailbox.record("contact", removed[:-5]))
        self.gateway.clear()
        self.mailbox.sync()
        self.assertEqual(self.queue(), [])
        self.assertIsNone(self.mailbox.record("contact", removed[:-5]))
        self.assertEqual(self.mailbox.record("contact", edited[:-5])["NickName"], "portal")
        self.assertTrue(self.mailbox.record("message", read[:-5])["IsRead"])
        self.assertEqual(len([r for r in self.mailbox.records("contact") if r["GivenName"] == "Portal"]), 1)

    def test_listings_keep_what_was_there(self):
        names = self.mailbox.contacts()
        for answer in FOREIGN + [dict(status=204), dict(status=200), dict(body="[1,2]", type="application/json"),
                                 dict(body='{"value":[', type="application/json"), dict(body="[]", type="application/json"),
                                 dict(body='{"value":[{}]}', type="application/json")]:
            with self.subTest(**answer):
                self.gateway.clear()
                self.gateway.answer("^GET /datasets/contacts", **answer)
                self.assertEqual(self.mailbox.contacts(), names)

    def test_a_deletion_that_was_done_is_not_parked(self):
        """The second try meets 404, and not all of it."""
        for n, second in enumerate((dict(body=NOT_FOUND, truncate=20), dict(), dict(body=PAGE, type="text/html"),
                                    dict(body="{}", type="application/json"))):
            with self.subTest(**second):
                name = self.contacts.pop()
                first = self.gateway.answer("^DELETE", status=504, apply=True, times=1)
                again = self.gateway.answer("^DELETE", status=404, times=1, **second)
                os.unlink(self.mailbox.path(CONTACTS, name))
                self.mailbox.sync()
                self.assertEqual((first.used, again.used), (1, 1))
                self.assertEqual(self.failed(), [])
                self.assertIsNone(self.mailbox.record("contact", name[:-5]))
                self.assertNotIn(name, self.mailbox.contacts())

    def test_a_first_404_that_nobody_can_read(self):
        """Half of one is asked again; a whole one that is not the service's is no reason to believe it gone."""
        name = self.contacts.pop()
        rule = self.gateway.answer("^DELETE", status=404, body=NOT_FOUND, truncate=20, times=1)
        os.unlink(self.mailbox.path(CONTACTS, name))
        self.mailbox.sync()
        self.assertEqual(rule.used, 1)
        self.assertIsNone(self.mailbox.record("contact", name[:-5]))

    def test_a_404_of_a_web_server(self):
        """JSON that is not the service's ends no deletion and removes no record."""
        names = self.mailbox.contacts()
        for body in (COMPLAINT, '{"timestamp":1,"status":404,"error":"Not Found","path":"/"}', '{"title":"Not Found","status":404}'):
            with self.subTest(body):
                self.gateway.clear()
                self.gateway.answer("contacts", status=404, body=body, type="application/json")
                self.assertEqual(self.mailbox.contacts(), names)
                name = self.contacts.pop()
                os.unlink(self.mailbox.path(CONTACTS, name))
                self.mailbox.sync(1)
                self.assertIsNotNone(self.mailbox.record("contact", name[:-5]))
                for entry in self.failed():
                    os.unlink(self.mailbox.path(".outlookfs", "failed", entry))
                wait_for(lambda: name in self.mailbox.contacts(), "it is back")

    def meeting(self):
        id = self.mailbox.sandbox.create("event", {
            "Subject": "old", "Start": "2026-12-01T10:00:00Z", "End": "2026-12-01T11:00:00Z",
            "Attendees": [{"Type": "Required", "EmailAddress": {"Name": "Pat", "Address": "pat@contoso.example"}}]})["Id"]
        wait_for(lambda: id + ".json" in os.listdir(self.mailbox.path("calendars/Calendar")), "the meeting", 10)
        return id, self.mailbox.path("calendars/Calendar", id + ".json")

    def test_the_invited_are_not_written_to_twice(self):
        """The answer to a change is lost: it is repeated only where the record is the version it was, and else a person is asked."""
        elsewhere = {"Start": "2026-12-01T20:00:00", "StartTimeZone": "Tokyo Standard Time", "End": "2026-12-01T12:00:00Z"}
        for name, change, arrives, theirs, ends, patches in (
                ("arrived", {}, True, None, "synced", 1),
                ("arrived in a zone", elsewhere, True, None, "synced", 1),
                ("arrived and changed", {}, True, {"ShowAs": "Free"}, "synced", 1),
                ("lost", {}, False, None, "synced", 2),
                ("lost and changed", {}, False, {"ShowAs": "Free"}, "failed", 1),
                ("arrived and overwritten", {}, True, {"Subject": "theirs"}, "conflict", 1)):
            with self.subTest(name):
                id, path = self.meeting()
                event = {**self.mailbox.json(path), "Subject": "new", **change}
                self.gateway.answer("^PATCH", status=504, apply=arrives, times=1,
                                    then=theirs and (lambda id=id, theirs=theirs: self.mailbox.edit("event", id, set=theirs)))
                mark = self.gateway.mark()
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(event, file)
                self.mailbox.sync(int(ends != "synced"))
                self.assertEqual(len(self.gateway.requests("^PATCH", mark)), patches)
                self.assertEqual(self.state(path), ends)
                record = self.mailbox.record("event", id)
                if ends == "synced":
                    self.assertEqual(record["Subject"], "new")
                    continue
                self.assertEqual({**record, **theirs}, record)
                if ends == "failed":
                    self.assertEqual(len(self.failed()), 1)
                    self.assertIn("nobody knows", self.mailbox.xattr("error", path))
                os.unlink(path)
                self.mailbox.sync()

    def test_no_entity_tag_is_sent(self):
        name = self.contacts.pop()
        mark = self.gateway.mark()
        obj = self.mailbox.json(CONTACTS, name)
        with open(self.mailbox.path(CONTACTS, name), "w", encoding="utf-8") as file:
            json.dump(dict(obj, NickName="tag"), file)
        self.mailbox.sync()
        self.assertEqual(len(self.gateway.requests("^PATCH", mark)), 1)
        self.assertEqual([r for r in self.gateway.requests() if r.headers["If-Match"]], [])


class Reading(WireTest):
    def test_a_mailbox_that_is_not_enabled(self):
        """404, but about the account: nothing is removed for it."""
        for code in ("MailboxNotEnabledForRESTAPI", "MailboxNotHostedInExchangeOnline"):
            with self.subTest(code=code):
                names = self.mailbox.contacts()
                text = self.mailbox.read(CONTACTS, names[0])
                self.gateway.answer("", status=404, body=NOT_FOUND.replace("ErrorItemNotFound", code), type="application/json")
                self.assertEqual(self.mailbox.contacts(), names)
                self.assertEqual(self.mailbox.read(CONTACTS, names[0]), text)
                self.assertErrno(errno.EACCES, os.listdir, self.mailbox.path("mail", "Archive"))
                self.gateway.clear()
                self.assertEqual(self.mailbox.contacts(), names)

    def test_errors_of_a_folder_never_listed(self):
        cases = [(dict(status=404, body=NOT_FOUND, type="application/json"), errno.ENOENT),
                 (dict(status=409), errno.EIO), (dict(status=412), errno.EIO),
                 (dict(status=500), errno.EIO), (dict(status=200, body='[{"Id":', truncate=4), errno.EIO),
                 (dict(body=PAGE, type="text/html"), errno.EIO), (dict(status=403), errno.EACCES)]
        for answer, number in cases:
            with self.subTest(**answer):
                self.gateway.clear()
                self.gateway.answer("^GET /Mail[?]", **answer)
                folder = "Deleted Items" if number == errno.ENOENT else "Drafts"
                self.assertErrno(number, os.listdir, self.mailbox.path("mail", folder))


class Folders(WireTest):
    def test_a_mailbox_in_another_language(self):
        """The picker's Id is what a folder is asked for by, whatever its name."""
        records = self.messages
        answer = self.mailbox.sandbox.get("/OnFilePickerOpen?operation=MailFolders&top=100&skip=0").json()
        inbox = next(entry for entry in answer["value"] if entry["DisplayName"] == "Inbox")
        inbox["DisplayName"] = "Posteingang/Tag"
        self.gateway.answer("^GET /OnFilePickerOpen", body=json.dumps(answer), type="application/json")
        folder = self.mailbox.path("mail", "Posteingang%2FTag")
        wait_for(lambda: "Posteingang%2FTag" in os.listdir(self.mailbox.path("mail")), "the new name")
        self.assertEqual(sorted(name for name in os.listdir(folder) if name.endswith(".json")), records)
        paths = {parse_qs(urlsplit(request.path).query)["folderPath"][0] for request in self.gateway.requests("^GET /Mail[?]")}
        self.assertEqual(paths, {inbox["Id"]})


class Attachments(WireTest):
    OPTIONS = "list_ttl=0,attachments_max=0"

    def attach(self, data, **more):
        import base64
        members = {"From": "ann@fabrikam.com", "Subject": "Files", "Body": "b", "Attachments": [
            dict({"Name": "a.bin", "ContentBytes": base64.b64encode(data).decode()}, **more)]}
        id = self.mailbox.sandbox.create("message", members, table="Inbox")["Id"]
        wait_for(lambda: id + ".json" in os.listdir(self.mailbox.path(INBOX)), "the message", 10)
        return self.mailbox.path(INBOX, id + ".attachments", "a.bin")

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def test_never_kept_empty_where_it_is_not(self):
        """Where it does not come by itself, it is taken out of the message; where that does not come, EIO and another try."""
        data = bytes(range(256)) * 40
        answers = FOREIGN[:5] + [dict(status=204), dict(status=201), dict(status=200), dict(status=206, body=b"part")]
        for n, answer in enumerate(answers):
            with self.subTest(**answer):
                self.gateway.clear()
                path = self.attach(data)
                self.gateway.answer("/Attachments/", **answer)
                self.gateway.answer("includeAttachments=true", times=1, **answer)
                self.assertErrno(errno.EIO, self.read, path)
                self.assertEqual(self.read(path), data)

    def test_one_that_is_a_page(self):
        """The service cannot be told from a portal by its bytes: they are taken out of the message."""
        for data, type in ((PAGE.encode(), "text/html"), (COMPLAINT.encode(), "application/json")):
            path = self.attach(data, ContentType=type)
            self.assertEqual(self.read(path), data)

    def test_empty_ones_are_empty(self):
        self.assertEqual(self.read(self.attach(b"")), b"")

    def test_tried_again_where_it_broke_off(self):
        data = bytes(range(256)) * 400
        path = self.attach(data)
        rule = self.gateway.answer("/Attachments/", body=b"x" * len(data), type="application/octet-stream", truncate=5000, times=1)
        mark = self.gateway.mark()
        self.assertEqual(self.read(path), data)
        self.assertEqual(rule.used, 1)
        self.assertEqual(len(self.gateway.requests("/Attachments/", mark)), 2)
        self.assertEqual(self.gateway.requests("includeAttachments=true", mark), [])


if __name__ == "__main__":
    main()
