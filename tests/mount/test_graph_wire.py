"""Answers of Graph that are none: what a portal, a proxy or a web server says in its place never counts as success, nor as "gone"."""
import base64
import errno
import json
import os
import re

from graph_mount import GraphTest
from harness import main, wait_for

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Welcome to the network</body></html>"
COMPLAINT = '{"error":{"code":"ProxyError","message":"the proxy does not know"}}'
INBOX, CONTACTS, CALENDAR = "mail/Inbox", "contacts/Contacts", "calendars/Calendar"
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def foreign(status, body, type, **more):
    return dict(status=status, body=body, headers={"Content-Type": type}, **more)


# Success of another.
FOREIGN = [foreign(200, PAGE, "text/html"), foreign(200, PAGE, "application/json"), foreign(200, COMPLAINT, "application/json"),
           foreign(200, "ok", "text/plain"), foreign(202, "{}", "application/json"), foreign(200, PAGE, "text/html", truncate=10)]
EMPTY = [foreign(200, "", "application/json"), foreign(204, "", "text/plain")]
# Nothing that says of a record that it is gone.
MISSING = [foreign(404, PAGE, "text/html"), foreign(404, COMPLAINT, "application/json"), foreign(404, "", "text/plain"),
           foreign(404, '{"timestamp":1,"status":404,"error":"Not Found","path":"/v1.0/me"}', "application/json"),
           foreign(404, '{"type":"about:blank","title":"Not Found","status":404}', "application/problem+json"),
           foreign(404, '{"statusCode":404,"message":"Resource not found"}', "application/json")]


class GraphWireTest(GraphTest):
    SEED = "contacts=12,events=6,messages=30"
    OPTIONS = "writeback_delay=600,send_delay=0,list_ttl=0,create_settle=1"

    def setUp(self):
        self.addCleanup(self.mailbox.sandbox.clear_faults)

    def graph_fault(self, operation, answer, **more):
        self.mailbox.sandbox.clear_faults()
        self.mailbox.fault(service="graph", operation=operation, **answer, **more)

    def records(self, folder):
        return sorted(name for name in os.listdir(self.mailbox.path(folder)) if name.endswith(".json"))

    def missing(self, target):
        return self.mailbox.sandbox.graph("GET", target)[0] == 404

    def control(self, seconds):
        """`sync`, which does not succeed within these seconds."""
        with self.assertRaises(OSError):
            with open(self.mailbox.path(".outlookfs/control"), "w", encoding="utf-8") as file:
                file.write("sync %d\n" % seconds)


class Sending(GraphWireTest):
    def sent(self, subject):
        return [m for m in self.ask("/me/messages?$top=200&$select=id,subject,isDraft")["value"] if m["subject"].endswith(subject)]

    def test_a_mail_goes_out_once(self):
        """Whatever the step, and whether or not the service has carried it out."""
        for operation in ("FindMessages", "CreateDraft", "AddAttachment", "SendDraft"):
            for n, answer in enumerate(FOREIGN if operation == "SendDraft" else FOREIGN[2:3] + EMPTY[:1]):
                for apply in (False, True):
                    with self.subTest(operation=operation, apply=apply, **answer):
                        subject = "%s %d %d" % (operation, n, apply)
                        self.graph_fault(operation, answer, **({"apply": True} if apply else {}))
                        self.send({"To": "pat@contoso.example", "Subject": subject, "Body": "x",
                                   "Attachments": [{"Name": "a.txt", "ContentBytes": "aGVsbG8="}]}, "send", subject + ".json")
                        self.assertEqual([m["isDraft"] for m in self.sent(subject)], [False])

    def test_all_of_a_large_attachment_arrives(self):
        content = os.urandom(3500000)
        for n, answer in enumerate((FOREIGN[0], FOREIGN[3], FOREIGN[4], EMPTY[0])):
            with self.subTest(**answer):
                subject = "large %d" % n
                self.graph_fault("Upload", answer)
                self.send({"To": "pat@contoso.example", "Subject": subject, "Body": "x",
                           "Attachments": [{"Name": "a.bin", "ContentBytes": base64.b64encode(content).decode()}]},
                          "send", subject + ".json")
                message, = self.sent(subject)
                attachment, = self.ask("/me/messages/%s/attachments" % message["id"])["value"]
                self.assertEqual(base64.b64decode(attachment["contentBytes"]), content)

    def test_replies_and_forwards_go_out_once(self):
        name = self.records(INBOX)[0]
        id, subject = self.mailbox.xattr("id", INBOX, name), self.mailbox.json(INBOX, name)["subject"]
        for directory, operation, more in (("reply", "CreateReply", {}), ("reply", "SendDraft", {}), ("forward", "CreateForward", {"To": "a@b.example"}),
                                           ("forward", "UpdateMessage", {"To": "a@b.example"})):
            for n, answer in enumerate(FOREIGN[2:5]):
                with self.subTest(operation=operation, **answer):
                    before = len(self.sent(subject))
                    self.graph_fault(operation, answer)
                    self.send({"MessageId": id, "Comment": "yes", **more}, directory, "%s%d.json" % (operation, n))
                    self.assertEqual(len(self.sent(subject)), before + 1)
                    self.assertFalse([m for m in self.sent(subject) if m["isDraft"]])

    def test_a_response_is_given_once(self):
        """The event says what was answered."""
        meeting = self.mailbox.create("event", {"subject": "meet", "start": {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"},
                                                "end": {"dateTime": "2026-12-01T11:00:00", "timeZone": "UTC"},
                                                "organizer": {"emailAddress": {"name": "Ann", "address": "ann@fabrikam.com"}},
                                                "isOrganizer": False, "responseRequested": True})
        for n, answer in enumerate(FOREIGN):
            with self.subTest(**answer):
                self.graph_fault("AcceptEvent", answer)
                self.send({"EventId": meeting["id"], "Response": "accept"}, "respond", "r%d.json" % n)
                self.assertEqual(self.ask("/me/events/" + meeting["id"])["responseStatus"]["response"], "accepted")


class Changing(GraphWireTest):
    def test_nothing_is_taken_for_done(self):
        """A portal answers everything: changes stay pending, sync says so, and all is done once it is gone."""
        contacts, messages, events = self.records(CONTACTS), self.records(INBOX), self.records(CALENDAR)
        event = self.mailbox.xattr("id", CALENDAR, events[0])
        self.graph_fault("*", FOREIGN[0], count=0)
        os.unlink(self.mailbox.path(CONTACTS, contacts[0]))
        os.unlink(self.mailbox.path(INBOX, messages[0]))
        os.rename(self.mailbox.path(INBOX, messages[1]), self.mailbox.path("mail/Archive", messages[1]))
        os.unlink(self.mailbox.path(CALENDAR, events[0]))
        self.write({"givenName": "Portal"}, CONTACTS, "new.json")
        contact, message = self.mailbox.json(CONTACTS, contacts[1]), self.mailbox.json(INBOX, messages[2])
        self.write({**contact, "nickName": "portal"}, CONTACTS, contacts[1])
        self.write({**message, "isRead": not message["isRead"]}, INBOX, messages[2])
        self.control(4)
        self.assertEqual(len(os.listdir(self.mailbox.path(".outlookfs/queue"))), 7)
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/failed")), [])
        self.mailbox.sandbox.clear_faults()
        self.mailbox.sync()
        self.assertTrue(self.missing("/me/contacts/" + contacts[0][:-5]))
        self.assertTrue(self.missing("/me/events/" + event))
        folders = {f["displayName"]: f["id"] for f in self.ask("/me/mailFolders?$top=50")["value"]}
        self.assertEqual(self.ask("/me/messages/" + messages[0][:-5])["parentFolderId"], folders["Deleted Items"])
        self.assertEqual(self.ask("/me/messages/" + messages[1][:-5])["parentFolderId"], folders["Archive"])
        self.assertEqual(self.ask("/me/messages/" + messages[2][:-5])["isRead"], not message["isRead"])
        self.assertEqual(self.ask("/me/contacts/" + contacts[1][:-5])["nickName"], "portal")
        self.assertEqual(len([c for c in self.ask("/me/contacts?$top=100")["value"] if c["givenName"] == "Portal"]), 1)

    def test_each_change_is_done_once(self):
        """Asked again, whether or not the service had carried it out: no second record, no second deletion, nothing parked."""
        for operation in ("CreateContact", "UpdateContact", "DeleteContact"):
            for n, answer in enumerate(FOREIGN[1:4] if operation == "DeleteContact" else FOREIGN[2:4] + EMPTY[:1]):
                for apply in (False, True):
                    with self.subTest(operation=operation, apply=apply, **answer):
                        name = "%s-%d-%d" % (operation, n, apply)
                        if operation != "CreateContact":
                            self.write({"givenName": name}, CONTACTS, name + ".json")
                            self.mailbox.sync()
                        self.graph_fault(operation, answer, **({"apply": True} if apply else {}))
                        if operation == "CreateContact":
                            self.write({"givenName": name}, CONTACTS, name + ".json")
                        elif operation == "UpdateContact":
                            self.write({**self.mailbox.json(CONTACTS, name + ".json"), "nickName": "new"}, CONTACTS, name + ".json")
                        else:
                            os.unlink(self.mailbox.path(CONTACTS, name + ".json"))
                        self.mailbox.sync()
                        found = [c for c in self.ask("/me/contacts?$top=500")["value"] if c["givenName"] == name]
                        self.assertEqual(len(found), operation != "DeleteContact")
                        if operation == "UpdateContact":
                            self.assertEqual(found[0]["nickName"], "new")

    def test_the_invited_are_not_written_to_twice(self):
        """Everybody invited gets a mail at each change: after an answer of another it is repeated only where it was not made."""
        for n, answer in enumerate((FOREIGN[0], FOREIGN[2], EMPTY[0])):
            for apply in (False, True):
                with self.subTest(apply=apply, **answer):
                    name = "meeting %d %d.json" % (n, apply)
                    self.write({"subject": "old", "start": {"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"},
                                "end": {"dateTime": "2026-12-01T11:00:00", "timeZone": "UTC"},
                                "attendees": [{"type": "required", "emailAddress": {"name": "Pat", "address": "pat@contoso.example"}}]}, CALENDAR, name)
                    self.mailbox.sync()
                    self.graph_fault("UpdateEvent", answer, **({"apply": True} if apply else {}))
                    mark = self.mailbox.mark()
                    self.write({**self.mailbox.json(CALENDAR, name), "subject": "new"}, CALENDAR, name)
                    self.mailbox.sync()
                    self.assertEqual(len(self.mailbox.requests("UpdateEvent", mark)), 1 if apply else 2)
                    self.assertEqual(self.ask("/me/events/" + self.mailbox.xattr("id", CALENDAR, name))["subject"], "new")

    def test_what_is_written_through_says_so(self):
        replies = self.mailbox.path("settings/automatic-replies.json")
        before = self.mailbox.json(replies)
        photo = self.mailbox.path(CONTACTS, self.records(CONTACTS)[3][:-5] + ".photo.jpg")
        for answer in FOREIGN:
            with self.subTest(**answer):
                self.graph_fault("UpdateMailboxSettings", answer)
                self.assertErrno(errno.EIO, self.write, {**before, "status": "alwaysEnabled"}, replies)
                self.assertEqual(self.mailbox.json(replies)["status"], before["status"])
                self.graph_fault("SetContactPhoto", answer)
                with self.assertRaises(OSError), open(photo, "wb") as file:
                    file.write(JPEG)
                self.graph_fault("CreateMailFolder", answer)
                self.assertErrno(errno.EIO, os.mkdir, self.mailbox.path("mail/Made by nobody"))

    def test_a_404_of_another_does_not_end_a_deletion(self):
        """It is asked again, or parked; never taken for done."""
        names = ["short%d.json" % n for n in range(len(MISSING))]
        for name in names:
            self.write({"givenName": "short"}, CONTACTS, name)
        self.mailbox.sync()
        ids = {name: self.mailbox.xattr("id", CONTACTS, name) for name in names}
        for name, answer in zip(names, MISSING):
            self.mailbox.fault(service="graph", operation="DeleteContact", path=re.escape(ids[name]), **answer)
        for name in names:
            os.unlink(self.mailbox.path(CONTACTS, name))
        self.mailbox.sync(None)
        self.assertEqual(self.mailbox.sandbox.control("GET", "/fault"), [], "each met its answer")
        parked = {entry.partition("-")[2]: entry for entry in os.listdir(self.mailbox.path(".outlookfs/failed"))}
        for name, entry in parked.items():
            self.assertFalse(self.missing("/me/contacts/" + ids[name]), name)
            os.unlink(self.mailbox.path(".outlookfs/failed", entry))
        wait_for(lambda: set(parked) <= set(self.records(CONTACTS)), "they are back")
        for name in parked:
            os.unlink(self.mailbox.path(CONTACTS, name))
        self.mailbox.sync()
        for name in names:
            self.assertTrue(self.missing("/me/contacts/" + ids[name]), name)


class Reading(GraphWireTest):
    OPTIONS = GraphWireTest.OPTIONS + ",attachments_max=0"

    def test_listings_keep_what_was_there(self):
        folders = ((INBOX, "MessageChanges"), (CONTACTS, "ContactChanges"), (CALENDAR, "ListEvents"))
        names = {folder: self.records(folder) for folder, _ in folders}
        texts = {folder: self.mailbox.read(folder, names[folder][0]) for folder, _ in folders}
        for answer in FOREIGN + EMPTY + MISSING + [foreign(200, '{"value":[', "application/json"), foreign(200, "[1]", "application/json"),
                                         foreign(200, "[]", "application/json"), foreign(200, '{"value":[]}', "application/json"),
                                         foreign(200, '{"value":[{}]}', "application/json")]:
            with self.subTest(**answer):
                for folder, operation in folders:
                    for one in (operation, "*"):
                        self.graph_fault(one, answer, count=0)
                        self.assertEqual(self.records(folder), names[folder])
                        self.assertEqual(self.mailbox.read(folder, names[folder][0]), texts[folder])
        self.mailbox.sandbox.clear_faults()
        for folder, _ in folders:
            self.assertEqual(self.records(folder), names[folder])

    def attached(self, content):
        message = self.mailbox.create("message", {"subject": "files", "hasAttachments": True, "attachments": [{
            "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.bin", "contentType": "application/octet-stream",
            "contentBytes": base64.b64encode(content).decode()}]}, table="Inbox")
        wait_for(lambda: message["id"] + ".json" in self.records(INBOX), "the message", 10)
        return message["id"]

    def bytes(self, *parts):
        with open(self.mailbox.path(*parts), "rb") as file:
            return file.read()

    def test_an_attachment_is_what_was_attached(self):
        """Where it does not come by itself, it is taken out of the message; where that does not come, EIO and another try."""
        content = bytes(range(256)) * 40
        for answer in FOREIGN + EMPTY + [foreign(206, "part", "application/octet-stream"), foreign(200, "", "application/octet-stream")]:
            with self.subTest(**answer):
                id = self.attached(content)
                self.graph_fault("GetAttachment", answer, count=0)
                self.assertEqual(self.bytes(INBOX, id + ".attachments", "a.bin"), content)
                id = self.attached(content)
                self.graph_fault("*", answer, count=0, path=r"/attachments/|\$expand=attachments|messages\?")
                os.listdir(self.mailbox.path(INBOX))
                with self.assertRaises(OSError):
                    self.bytes(INBOX, id + ".attachments", "a.bin")
                self.mailbox.sandbox.clear_faults()
                self.assertEqual(self.bytes(INBOX, id + ".attachments", "a.bin"), content)

    def test_a_message_is_what_was_sent(self):
        names = self.records(INBOX)
        for answer in FOREIGN + EMPTY:
            with self.subTest(**answer):
                id = names.pop()[:-5]
                self.graph_fault("GetMessageMime", answer, count=0)
                self.assertErrno(errno.EIO, self.bytes, "export", INBOX, id + ".eml")
                self.mailbox.sandbox.clear_faults()
                self.assertEqual(self.bytes("export", INBOX, id + ".eml"),
                                 self.mailbox.sandbox.graph("GET", "/me/messages/%s/$value" % id, raw=True)[1])


if __name__ == "__main__":
    main()
