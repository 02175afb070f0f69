"""Messages in folders of Graph: moved, removed, brought back."""
import errno
import os

from graph_mount import GraphTest
from harness import main, wait_for

INBOX, ARCHIVE, DELETED = "mail/Inbox", "mail/Archive", "mail/Deleted Items"


class MoveTest(GraphTest):
    OPTIONS = "writeback_delay=0,list_ttl=1"

    def setUp(self):
        super().setUp()
        for folder in (INBOX, ARCHIVE, DELETED):
            os.listdir(self.mailbox.path(folder))

    def deliver(self, subject, **members):
        """A new message in the Inbox, as a name in the mount."""
        id = self.mailbox.create("message", {"subject": subject, **members}, "inbox")["id"]
        name = id + ".json"
        wait_for(lambda: name in os.listdir(self.mailbox.path(INBOX)), "the message is listed")
        return name

    def folder_of(self, name):
        return self.mailbox.sandbox.control("GET", "/record?service=graph&kind=message&id=" + name[:-len(".json")])["folder"]

    def assertOnlyIn(self, name, folder):
        """In the mount, now and after the folders were listed anew."""
        for _ in range(2):
            for one in (INBOX, ARCHIVE, DELETED):
                (self.assertIn if one == folder else self.assertNotIn)(name, os.listdir(self.mailbox.path(one)), one)
            mark = self.mailbox.mark()
            wait_for(lambda: [os.listdir(self.mailbox.path(one)) for one in (INBOX, ARCHIVE, DELETED)] and
                     self.mailbox.requests(since=mark), "the folders were asked for again")


class Move(MoveTest):
    def test_the_file_stays_what_it_was(self):
        name = self.deliver("a letter", attachments=[{"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt",
                                                      "contentBytes": "aGVsbG8="}])
        before = os.stat(self.mailbox.path(INBOX, name))
        with open(self.mailbox.path(INBOX, name), encoding="utf-8") as handle:
            start = handle.read(10)
            os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
            self.mailbox.sync()
            self.assertEqual(os.stat(self.mailbox.path(ARCHIVE, name)).st_ino, before.st_ino)
            self.assertIn("a letter", start + handle.read())
        self.assertEqual(self.folder_of(name), "Archive")
        self.assertEqual(self.mailbox.json(ARCHIVE, name)["subject"], "a letter")
        self.assertEqual(self.mailbox.read(ARCHIVE, name[:-len("json")] + "attachments", "a.txt"), "hello")
        self.assertOnlyIn(name, ARCHIVE)
        self.assertEqual(self.mailbox.xattr("state", ARCHIVE, name), "synced")

    def test_attachments_that_are_open_move_along(self):
        name = self.deliver("with an open directory", attachments=[{"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt",
                                                                    "contentBytes": "aGVsbG8="}])
        attachments = name[:-len("json")] + "attachments"
        directory = os.open(self.mailbox.path(INBOX, attachments), os.O_RDONLY)
        self.addCleanup(os.close, directory)
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
        self.assertEqual(self.mailbox.read(ARCHIVE, attachments, "a.txt"), "hello")
        self.assertEqual(os.listdir(directory), ["a.txt"])

    def test_the_mv_command_and_a_name_of_ones_own(self):
        name = self.deliver("renamed on the way")
        self.mailbox.run(["mv", self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, "letter.json")])
        self.mailbox.sync()
        self.assertEqual(self.folder_of(name), "Archive")
        self.assertOnlyIn("letter.json", ARCHIVE)
        self.mailbox.remount()
        self.assertEqual(self.mailbox.json(ARCHIVE, "letter.json")["subject"], "renamed on the way")
        self.assertNotIn(name, os.listdir(self.mailbox.path(ARCHIVE)))

    def test_there_and_back(self):
        name = self.deliver("undecided")
        for _ in range(3):
            os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
            os.rename(self.mailbox.path(ARCHIVE, name), self.mailbox.path(INBOX, name))
            self.mailbox.sync()
            self.assertEqual(self.folder_of(name), "Inbox")
        self.assertOnlyIn(name, INBOX)

    def test_an_edit_and_a_move(self):
        name = self.deliver("read and filed")
        record = self.mailbox.json(INBOX, name)
        self.write({**record, "isRead": True, "categories": ["Blue category"]}, INBOX, name)
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
        self.write({**record, "isRead": True, "categories": ["Blue category"], "importance": "high"}, ARCHIVE, name)
        self.mailbox.sync()
        theirs = self.ask("/me/messages/" + name[:-len(".json")])
        self.assertEqual((theirs["isRead"], theirs["categories"], theirs["importance"]), (True, ["Blue category"], "high"))
        self.assertOnlyIn(name, ARCHIVE)

    def test_an_edit_while_the_move_is_under_way(self):
        name = self.deliver("filed, then flagged")
        record = self.mailbox.json(INBOX, name)
        self.mailbox.fault(service="graph", operation="MoveMessage", delay=1500)
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
        wait_for(lambda: not self.mailbox.sandbox.control("GET", "/fault"), "the move is under way")
        self.write({**record, "importance": "high"}, ARCHIVE, name)
        self.mailbox.sync()
        self.assertEqual(self.ask("/me/messages/" + name[:-len(".json")])["importance"], "high")
        self.assertOnlyIn(name, ARCHIVE)
        self.assertNotIn("cannot be written", self.mailbox.read(".outlookfs/log"))

    def test_a_name_that_is_taken(self):
        one, other = self.deliver("one"), self.deliver("other")
        os.rename(self.mailbox.path(INBOX, one), self.mailbox.path(ARCHIVE, "taken.json"))
        with self.assertRaises(OSError) as caught:
            os.rename(self.mailbox.path(INBOX, other), self.mailbox.path(ARCHIVE, "taken.json"))
        self.assertEqual(caught.exception.errno, errno.EEXIST)

    def test_the_first_answer_is_lost(self):
        name = self.deliver("moved once")
        mark = self.mailbox.mark()
        self.mailbox.fault(service="graph", operation="MoveMessage", drop="after")
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
        self.mailbox.sync()
        self.assertEqual(self.folder_of(name), "Archive")
        self.assertOnlyIn(name, ARCHIVE)
        self.assertEqual(self.mailbox.requests("DeleteMessage", since=mark), [])

    def test_a_refusal_is_parked_and_discarded(self):
        name = self.deliver("stays")
        self.mailbox.fault(service="graph", operation="MoveMessage", status=403)
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
        self.mailbox.sync(status=1)
        self.assertEqual(self.mailbox.xattr("state", ARCHIVE, name), "failed")
        entry, = os.listdir(self.mailbox.path(".outlookfs/failed"))
        self.assertEqual(self.mailbox.json(".outlookfs/failed", entry)["verb"], "move")
        os.unlink(self.mailbox.path(".outlookfs/failed", entry))
        self.assertOnlyIn(name, INBOX)
        self.assertEqual(self.mailbox.json(INBOX, name)["subject"], "stays")

    def test_somebody_else_moves_it(self):
        name = self.deliver("pulled away")
        inode = os.stat(self.mailbox.path(INBOX, name)).st_ino
        self.mailbox.edit("message", name[:-len(".json")], move="Archive")
        wait_for(lambda: name in os.listdir(self.mailbox.path(ARCHIVE)) and name not in os.listdir(self.mailbox.path(INBOX)), "it has moved")
        self.assertEqual(os.stat(self.mailbox.path(ARCHIVE, name)).st_ino, inode)
        self.assertEqual(self.mailbox.json(ARCHIVE, name)["subject"], "pulled away")

    def test_it_is_found_where_it_lies(self):
        name = self.deliver("in the inbox")
        self.assertFalse(os.path.exists(self.mailbox.path("mail/Junk Email", name)))
        self.assertFalse(os.path.exists(self.mailbox.path(ARCHIVE, name)))


class Remove(MoveTest):
    def test_removed_is_in_deleted_items(self):
        name = self.deliver("thrown away")
        inode = os.stat(self.mailbox.path(INBOX, name)).st_ino
        os.unlink(self.mailbox.path(INBOX, name))
        self.mailbox.sync()
        self.assertEqual(self.folder_of(name), "Deleted Items")
        self.assertEqual(os.stat(self.mailbox.path(DELETED, name)).st_ino, inode)
        self.assertOnlyIn(name, DELETED)
        os.rename(self.mailbox.path(DELETED, name), self.mailbox.path(INBOX, name))
        self.mailbox.sync()
        self.assertEqual(self.folder_of(name), "Inbox")
        self.assertEqual(os.stat(self.mailbox.path(INBOX, name)).st_ino, inode)
        self.assertOnlyIn(name, INBOX)

    def test_removed_from_deleted_items_is_gone(self):
        name = self.deliver("burnt")
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(DELETED, name))
        os.unlink(self.mailbox.path(DELETED, name))
        self.mailbox.sync()
        self.assertEqual(self.mailbox.sandbox.graph("GET", "/me/messages/" + name[:-len(".json")])[0], 404)
        self.assertOnlyIn(name, None)

    def test_a_lost_answer_does_not_remove_for_good(self):
        name = self.deliver("removed once")
        self.mailbox.fault(service="graph", operation="MoveMessage", drop="after", count=2)
        os.unlink(self.mailbox.path(INBOX, name))
        self.mailbox.sync()
        self.assertEqual(self.folder_of(name), "Deleted Items")
        self.assertOnlyIn(name, DELETED)


class Later(MoveTest):
    def test_moves_wait_for_the_service(self):
        name, other = self.deliver("offline"), self.deliver("removed offline")
        self.mailbox.fault(service="graph", drop="before", count=0)
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
        os.unlink(self.mailbox.path(INBOX, other))
        self.assertEqual(self.mailbox.json(ARCHIVE, name)["subject"], "offline")
        self.assertNotIn(name, os.listdir(self.mailbox.path(INBOX)))
        self.mailbox.kill9()
        self.mailbox.forget(state=False, cache=True)
        self.mailbox.sandbox.clear_faults()
        self.mailbox.fault(service="graph", operation="MoveMessage", status=503, retryAfter=1, count=4)
        self.mailbox.mount()
        self.assertNotIn(name, os.listdir(self.mailbox.path(INBOX)))
        self.assertIn(name, os.listdir(self.mailbox.path(ARCHIVE)))
        self.mailbox.sync()
        self.assertEqual((self.folder_of(name), self.folder_of(other)), ("Archive", "Deleted Items"))
        self.assertOnlyIn(name, ARCHIVE)

    def test_listings_meanwhile_do_not_bring_it_back(self):
        name = self.deliver("on its way")
        self.mailbox.fault(service="graph", operation="MoveMessage", status=503, retryAfter=1, count=3)
        os.rename(self.mailbox.path(INBOX, name), self.mailbox.path(ARCHIVE, name))
        self.assertOnlyIn(name, ARCHIVE)
        self.mailbox.sync()
        self.assertEqual(self.folder_of(name), "Archive")
        self.assertOnlyIn(name, ARCHIVE)


if __name__ == "__main__":
    main()
