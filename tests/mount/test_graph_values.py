"""What a mailbox of Graph has beside records: photos of contacts, automatic replies. Both are written through."""
import errno
import json
import os

from harness import MountTest, main
from graph_mount import GraphTest, PersonalMailbox

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


class Waiting(GraphTest):
    OPTIONS = "writeback_delay=600"

    def test_a_photo_of_a_contact_that_waits(self):
        """It would stay on this machine."""
        self.write({"givenName": "Jane"}, "contacts/Contacts/jane.json")
        path = self.mailbox.path("contacts/Contacts/jane.photo.jpg")
        self.assertErrno(errno.EBUSY, open, path, "wb")
        self.mailbox.sync()
        with open(path, "wb") as file:
            file.write(JPEG)
        self.assertNotIn("jane.photo.jpg", os.listdir(self.mailbox.path("contacts/Contacts")))


class Values(GraphTest):
    OPTIONS = "writeback_delay=0,list_ttl=0"

    def photo_of(self, id):
        status, body = self.mailbox.sandbox.graph("GET", "/me/contacts/%s/photo/$value" % id, raw=True)
        return body if status == 200 else None

    def contacts(self):
        """(who has a photo, who has none)"""
        ids = [self.mailbox.xattr("id", "contacts/Contacts", name) for name in os.listdir(self.mailbox.path("contacts/Contacts"))
               if name.endswith(".json")]
        return [id for id in ids if self.photo_of(id)], [id for id in ids if not self.photo_of(id)]

    def photo(self, id):
        return self.mailbox.path("contacts/Contacts", id + ".photo.jpg")

    def bytes(self, path):
        with open(path, "rb") as file:
            content = file.read()
        self.assertEqual(os.stat(path).st_size, len(content))
        return content

    def put(self, path, content):
        with open(path, "wb") as file:
            file.write(content)

    def test_a_photo_is_there_where_there_is_one(self):
        some, none = self.contacts()
        self.assertEqual(self.bytes(self.photo(some[0])), self.photo_of(some[0]))
        self.assertErrno(errno.ENOENT, os.stat, self.photo(none[0]))
        self.assertFalse([name for name in os.listdir(self.mailbox.path("contacts/Contacts")) if name.endswith(".jpg")])

    def test_a_photo_is_made_and_replaced(self):
        _, (id, other, *_) = self.contacts()
        self.put(self.photo(id), JPEG)
        self.assertEqual(self.photo_of(id), JPEG)
        self.assertEqual(self.bytes(self.photo(id)), JPEG)
        larger = JPEG[:-2] + b"\0" * 300000 + JPEG[-2:]
        self.mailbox.run(["cp", self.file("larger.jpg", larger), self.photo(id)])
        self.assertEqual(self.photo_of(id), larger)
        self.assertEqual(self.bytes(self.photo(id)), larger)
        self.mailbox.run(["rsync", "-t", self.file("other.jpg", JPEG), self.photo(other)])  # a temporary and a rename
        self.assertEqual(self.photo_of(other), JPEG)
        self.mailbox.remount()
        self.assertEqual(self.bytes(self.photo(other)), JPEG)

    def file(self, name, content):
        path = os.path.join(self.mailbox.dir, name)
        self.put(path, content)
        return path

    def test_a_photo_by_the_name_of_its_contact(self):
        self.write({"givenName": "Jane", "surname": "Roe"}, "contacts/Contacts/jane.json")
        self.mailbox.sync()
        id = self.mailbox.xattr("id", "contacts/Contacts/jane.json")
        self.put(self.mailbox.path("contacts/Contacts/jane.photo.jpg"), JPEG)
        self.assertEqual(self.photo_of(id), JPEG)

    def test_a_photo_stays(self):
        id = self.contacts()[0][0]
        self.assertErrno(errno.EPERM, os.unlink, self.photo(id))
        self.assertIsNotNone(self.photo_of(id))

    def test_what_is_no_photo(self):
        id = self.contacts()[1][0]
        self.assertErrno(errno.EINVAL, self.put, self.photo(id), b"GIF89a")
        self.assertErrno(errno.EFBIG, self.put, self.photo(id), JPEG + b"\0" * (4 << 20))
        self.assertIsNone(self.photo_of(id))
        self.put(self.mailbox.path("contacts/Contacts/nobody.photo.jpg"), b"a file of this machine")
        self.assertEqual(self.bytes(self.mailbox.path("contacts/Contacts/nobody.photo.jpg")), b"a file of this machine")
        os.unlink(self.mailbox.path("contacts/Contacts/nobody.photo.jpg"))

    # --- settings/

    def replies(self):
        theirs = self.ask("/me/mailboxSettings/automaticRepliesSetting")
        theirs.pop("@odata.context")
        return theirs

    def test_automatic_replies(self):
        self.assertEqual(os.listdir(self.mailbox.path("settings")), ["automatic-replies.json"])
        path = self.mailbox.path("settings/automatic-replies.json")
        ours = json.loads(self.bytes(path))
        self.assertEqual(ours, self.replies())
        ours.update(status="alwaysEnabled", internalReplyMessage="<p>Away", externalAudience="none")
        self.write(ours, path)
        self.assertEqual(self.replies(), ours)
        self.assertEqual(self.mailbox.json(path), ours)
        self.mailbox.run("jq '.internalReplyMessage = \"Back soon\"' %s > %s.new && mv %s.new %s" % (path, path, path, path))
        self.assertEqual(self.replies()["internalReplyMessage"], "Back soon")
        self.mailbox.run(["sed", "-i", "s/alwaysEnabled/disabled/", path])
        self.assertEqual(self.replies()["status"], "disabled")
        self.assertEqual(os.listdir(self.mailbox.path("settings")), ["automatic-replies.json"])

    def test_what_is_refused_leaves_the_settings_as_they_were(self):
        path, before = self.mailbox.path("settings/automatic-replies.json"), self.replies()
        self.assertErrno(errno.EINVAL, self.put, path, b'{"status": ')
        self.assertErrno(errno.EINVAL, self.put, path, json.dumps({**before, "status": "scheduled", "scheduledEndDateTime": before[
            "scheduledStartDateTime"]}).encode())
        self.assertEqual(self.replies(), before)
        self.mailbox.shows(lambda settings: settings == before, path)
        self.mailbox.fault(operation="UpdateMailboxSettings", status=503, count=0)
        try:
            with self.assertRaises(OSError):
                self.put(path, json.dumps({**before, "status": "alwaysEnabled"}).encode())
        finally:
            self.mailbox.sandbox.clear_faults()
        self.assertEqual(self.replies(), before)
        for change in (lambda: os.unlink(path), lambda: os.mkdir(self.mailbox.path("settings/more")),
                       lambda: self.put(self.mailbox.path("settings/other.json"), b"{}")):
            self.assertErrno(errno.EPERM, change)


class Personal(GraphTest):
    MAILBOX = PersonalMailbox
    SEED = "contacts=5,events=1,messages=1"

    def test_no_contact_has_a_photo(self):
        path = self.mailbox.path(self.first("contacts/Contacts")[:-len(".json")] + ".photo.jpg")
        for _ in range(2):
            self.assertErrno(errno.ENOENT, os.stat, path)
            with self.assertRaises(OSError) as caught, open(path, "wb") as file:
                file.write(JPEG)
            self.assertEqual(caught.exception.errno, errno.EINVAL)
        self.assertIn("ConsumerPhotoIsNotSupported", self.mailbox.log_tail())
        self.assertNotIn(os.path.basename(path), os.listdir(os.path.dirname(path)))
        self.assertEqual((self.mailbox.status()["queue"]["pending"], self.mailbox.status()["queue"]["failed"]), (0, 0))


class Connector(MountTest):
    def test_there_are_no_values(self):
        self.assertErrno(errno.ENOENT, os.stat, self.mailbox.path("settings"))
        self.assertNotIn("settings", os.listdir(self.mailbox.path()))


if __name__ == "__main__":
    main()
