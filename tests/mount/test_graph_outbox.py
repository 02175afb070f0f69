"""What Graph does with files of outbox/: forwards, responses to invitations, and what it does not have."""
import errno
import os

from harness import MountTest, main, wait_for
from graph_mount import GraphTest

OWNER = "robin.berger@contoso.com"


class Outbox(GraphTest):
    OPTIONS = "writeback_delay=0,send_delay=0,list_ttl=0"
    invitations = 0

    def invited(self, **members):
        """(id, path) of a new invitation."""
        type(self).invitations += 1
        event = self.mailbox.create("event", {
            "subject": "Invitation %d" % self.invitations, "isOrganizer": False, "responseRequested": True,
            "start": {"dateTime": "2026-12-01T12:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2026-12-01T13:00:00", "timeZone": "UTC"},
            "organizer": {"emailAddress": {"name": "Sam", "address": "sam@fabrikam.com"}},
            "attendees": [{"type": "required", "emailAddress": {"address": OWNER}}], **members})
        path = "calendars/Calendar/%s.json" % event["id"]
        wait_for(lambda: os.path.basename(path) in os.listdir(self.mailbox.path("calendars/Calendar")), "it is listed")
        return event["id"], path

    def answers(self, subject):
        """The mails to the organizer."""
        return [m for m in self.ask("/me/mailFolders/sentitems/messages?$top=500")["value"] if m["subject"].endswith(subject)]

    def test_responses(self):
        for word, status, mail in (("accept", "accepted", "Accepted"), ("tentative", "tentativelyAccepted", "Tentative")):
            id, path = self.invited()
            self.send({"Path": path, "Response": word, "Comment": "I come"}, "respond", word + ".json")
            event = self.ask("/me/events/" + id)
            self.assertEqual(event["responseStatus"]["response"], status)
            sent, = self.answers(event["subject"])
            self.assertEqual((sent["subject"], sent["body"]["content"]), ("%s: %s" % (mail, event["subject"]), "I come"))

    def test_declined_by_id(self):
        id, path = self.invited()
        self.send({"EventId": id, "Response": "decline"}, "respond", "no.json")
        self.assertEqual(self.mailbox.sandbox.graph("GET", "/me/events/" + id)[0], 404)
        wait_for(lambda: os.path.basename(path) not in os.listdir(self.mailbox.path("calendars/Calendar")), "it is not listed")

    def test_nothing_is_mailed_where_nobody_wants_it(self):
        for name, quiet, more in (("quiet.json", {"Send": False}, {}), ("unasked.json", {}, {"responseRequested": False})):
            id, path = self.invited(**more)
            self.send({"Path": self.mailbox.path(path), "Response": "accept", **quiet}, "respond", name)
            event = self.ask("/me/events/" + id)
            self.assertEqual(event["responseStatus"]["response"], "accepted")
            self.assertEqual(self.answers(event["subject"]), [])

    def test_a_lost_answer_is_found_out(self):
        for word in ("accept", "decline"):
            id, path = self.invited()
            subject = self.mailbox.json(path)["subject"]
            self.mailbox.fault(operation="%sEvent" % word.capitalize(), drop="after", count=1)
            self.send({"Path": path, "Response": word}, "respond", "lost-%s.json" % word)
            self.assertEqual(len(self.answers(subject)), 1)
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/failed")), [])

    def test_the_organizer_cannot_respond(self):
        path = self.first("calendars/Team: \"Köln%2FLyon\" & friends")
        self.write({"Path": path, "Response": "accept"}, "outbox/respond/mine.json")
        entry, = wait_for(lambda: os.listdir(self.mailbox.path(".outlookfs/failed")), "it is refused")
        self.assertIn("organizer", self.mailbox.json(".outlookfs/failed", entry)["reason"])
        os.unlink(self.mailbox.path(".outlookfs/failed", entry))
        self.assertNotIn("mine.json", os.listdir(self.mailbox.path("outbox/respond")))

    def test_forwards(self):
        path = self.first("mail/Inbox")
        subject = self.mailbox.json(path)["subject"]
        for name, what in (("path.json", {"Path": path}), ("id.json", {"MessageId": os.path.basename(path)[:-5]})):
            self.send({**what, "To": "a@fabrikam.com; b@fabrikam.com", "Comment": "Look at <this>, %s" % name}, "forward", name)
            sent, = [m for m in self.ask("/me/mailFolders/sentitems/messages?$top=500")["value"]
                     if m["subject"] == "FW: " + subject and name in m["body"]["content"]]
            self.assertEqual([r["emailAddress"]["address"] for r in sent["toRecipients"]], ["a@fabrikam.com", "b@fabrikam.com"])
            self.assertIn("Look at &lt;this&gt;", sent["body"]["content"])

    def test_a_forward_goes_out_once(self):
        for operation in ("CreateForward", "SendDraft"):
            before = len(self.ask("/me/mailFolders/sentitems/messages?$top=500")["value"])
            drafts = len(self.ask("/me/mailFolders/drafts/messages?$top=500")["value"])
            self.mailbox.fault(operation=operation, drop="after", count=1)
            self.send({"Path": self.first("mail/Inbox"), "To": "a@fabrikam.com"}, "forward", operation + ".json")
            self.assertEqual(len(self.ask("/me/mailFolders/sentitems/messages?$top=500")["value"]), before + 1)
            self.assertEqual(len(self.ask("/me/mailFolders/drafts/messages?$top=500")["value"]), drafts)

    def count(self, folder, subject):
        return [m["subject"] for m in self.ask("/me/mailFolders/%s/messages?$top=500" % folder)["value"]].count(subject)

    def test_the_draft_of_a_mail_that_was_taken_back_goes(self):
        def empty(path):
            os.truncate(path, 0)

        for name, take_back in (("removed.json", os.unlink), ("changed.json", empty)):
            self.mailbox.fault(operation="AddAttachment", status=400)
            self.mailbox.fault(operation="PermanentDeleteMessage", status=503, count=0)
            self.write({"To": "a@fabrikam.com", "Subject": name, "Body": "text", "Attachments": [{"Name": "a.txt", "ContentBytes": "aGVsbG8="}]},
                       "outbox/send", name)
            wait_for(lambda: self.mailbox.xattr("state", "outbox/send", name) == "failed", "it is refused")
            self.assertEqual(self.count("drafts", name), 1)
            self.mailbox.sandbox.clear_faults()
            take_back(self.mailbox.path("outbox/send", name))
            self.mailbox.sync()
            self.assertEqual((self.count("drafts", name), self.count("sentitems", name)), (0, 0))

    def refused(self, record, number, word, directory):
        with self.assertRaises(OSError) as caught:
            self.write(record, "outbox", directory, "wrong.json")
        self.assertEqual(caught.exception.errno, number)
        self.assertIn(word, self.mailbox.xattr("error", "outbox", directory, "wrong.json"))
        os.unlink(self.mailbox.path("outbox", directory, "wrong.json"))

    def test_what_is_wrong_is_said_at_close(self):
        id = os.path.basename(self.first("mail/Inbox"))[:-5]
        self.refused({"MessageId": id}, errno.EINVAL, "To is missing", "forward")
        self.refused({"Path": "mail/Inbox/none.json", "To": "a@b.example"}, errno.ENOENT, "no message", "forward")
        self.refused({"EventId": id, "Response": "maybe"}, errno.EINVAL, "tentative", "respond")
        self.refused({"Response": "accept"}, errno.EINVAL, "EventId", "respond")
        self.refused({"Path": self.first("mail/Inbox"), "Response": "accept"}, errno.ENOENT, "no event", "respond")

    def test_questions_are_not_of_graph(self):
        question = {"To": "a@fabrikam.com", "Subject": "Well?", "Options": "Yes, No", "Wait": False}
        for directory in ("options", "approval"):
            self.refused(question, errno.EOPNOTSUPP, "Microsoft Graph", directory)
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/failed")), [])
        self.assertEqual(sorted(os.listdir(self.mailbox.path("outbox"))), ["forward", "reply", "respond", "send", "sent"])


class Connector(MountTest):
    def test_what_the_connector_does_not_have(self):
        for directory, record in (("forward", '{"Path": "mail/Inbox/x.json", "To": "a@b.example"}'),
                                  ("respond", '{"EventId": "x", "Response": "accept"}')):
            path = self.mailbox.path("outbox", directory, "x.json")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
            os.write(descriptor, record.encode())
            self.assertErrno(errno.EOPNOTSUPP, os.close, descriptor)
            self.assertIn("connector", self.mailbox.xattr("error", path))


if __name__ == "__main__":
    main()
