"""Folders of mail and contacts on Graph: made, renamed, moved, removed; read-only calendars."""
import errno
import os
import stat

from graph_mount import GraphTest
from harness import main, wait_for


class FolderTest(GraphTest):
    OPTIONS = "writeback_delay=0,list_ttl=1"

    def path(self, *parts):
        return self.mailbox.path(*parts)

    def mail_folders(self, parent="msgfolderroot"):
        return {f["displayName"]: f["id"] for f in self.ask("/me/mailFolders/%s/childFolders?$top=100" % parent)["value"]}

    def assertRefused(self, number, function, *arguments):
        with self.assertRaises(OSError) as caught:
            function(*arguments)
        self.assertEqual(caught.exception.errno, number)


class Folders(FolderTest):
    def test_made_renamed_and_removed(self):
        os.mkdir(self.path("mail/Projects"))
        os.mkdir(self.path("mail/Projects/Apollo"))
        id = self.mail_folders()["Projects"]
        self.assertIn("Apollo", self.mail_folders(id))
        os.rename(self.path("mail/Projects"), self.path("mail/Old projects"))
        self.assertEqual(self.mail_folders()["Old projects"], id)
        self.assertEqual([n for n in os.listdir(self.path("mail/Old projects"))], ["Apollo"])
        self.assertRefused(errno.ENOTEMPTY, os.rmdir, self.path("mail/Old projects"))
        os.rmdir(self.path("mail/Old projects/Apollo"))
        os.rmdir(self.path("mail/Old projects"))
        self.assertNotIn("Old projects", self.mail_folders())
        self.assertNotIn("Old projects", os.listdir(self.path("mail")))

    def test_a_name_is_written_as_it_is_listed(self):
        os.mkdir(self.path("mail/In%2FOut"))
        self.assertIn("In/Out", self.mail_folders())
        os.rename(self.path("mail/In%2FOut"), self.path("mail/50%25 off"))
        self.assertIn("50% off", self.mail_folders())
        self.assertIn("50%25 off", os.listdir(self.path("mail")))
        os.mkdir(self.path("mail/7% off"))
        self.assertIn("7% off", self.mail_folders())
        self.assertIn("7%25 off", os.listdir(self.path("mail")))
        os.rename(self.path("mail/7% off"), self.path("mail/8% off"))
        self.assertIn("8% off", self.mail_folders())
        os.rmdir(self.path("mail/8% off"))
        self.assertNotIn("8% off", self.mail_folders())
        os.rmdir(self.path("mail/50%25 off"))
        self.assertNotIn("50% off", self.mail_folders())

    def test_a_contact_goes_into_another(self):
        os.mkdir(self.path("contacts/Friends"))
        name = min(n for n in os.listdir(self.path("contacts/Contacts")) if n.endswith(".json"))
        before = self.mailbox.json("contacts/Contacts", name)
        self.mailbox.run(["mv", self.path("contacts/Contacts", name), self.path("contacts/Friends/friend.json")])
        self.mailbox.sync()
        self.assertEqual(self.mailbox.sandbox.graph("GET", "/me/contacts/" + before["id"])[0], 404)
        after = self.ask("/me/contacts/" + self.mailbox.xattr("id", "contacts/Friends/friend.json"))
        own = {"id", "changeKey", "@odata.etag", "@odata.context", "createdDateTime", "lastModifiedDateTime", "parentFolderId"}
        self.assertEqual({n: v for n, v in after.items() if n not in own}, {n: v for n, v in before.items() if n not in own})

    def test_a_move_into_a_folder_nobody_has_looked_into(self):
        os.mkdir(self.path("contacts/Unseen"))
        team = next(n for n in os.listdir(self.path("calendars")) if n.startswith("Team"))
        for source, target in (("contacts/Contacts", "contacts/Unseen"), ("calendars/Calendar", "calendars/" + team)):
            name = min(n for n in os.listdir(self.path(source)) if n.endswith(".json"))
            before = self.mailbox.json(source, name)
            self.mailbox.run(["mv", self.path(source, name), self.path(target)])
            self.mailbox.sync()
            self.assertFalse(os.path.exists(self.path(source, name)))
            after = self.mailbox.shows(lambda record: record["id"] != before["id"], target, name)
            self.assertEqual(self.ask("/me/%s/%s" % ("contacts" if "contacts" in source else "events", after["id"]))["id"], after["id"])

    def test_a_record_is_found_in_its_own_folder_alone(self):
        os.mkdir(self.path("contacts/Empty"))
        team = next(n for n in os.listdir(self.path("calendars")) if n.startswith("Team"))
        when = {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"}
        contact = self.mailbox.create("contact", {"givenName": "Ann"})
        event = self.mailbox.create("event", {"subject": "Tea", "start": when, "end": when})
        self.assertFalse(os.path.exists(self.path("contacts/Empty", contact["id"] + ".json")))
        self.assertFalse(os.path.exists(self.path("calendars", team, event["id"] + ".json")))
        wait_for(lambda: event["id"] + ".json" in os.listdir(self.path("calendars/Calendar")), "it is listed where it lies")

    def test_into_another(self):
        for name in ("Here", "There"):
            os.mkdir(self.path("mail", name))
        inode = os.stat(self.path("mail/Here")).st_ino
        self.mailbox.run(["mv", self.path("mail/Here"), self.path("mail/There")])
        self.assertEqual(os.stat(self.path("mail/There/Here")).st_ino, inode)
        self.assertIn("Here", self.mail_folders(self.mail_folders()["There"]))
        os.rename(self.path("mail/There/Here"), self.path("mail/Inbox/Under the inbox"))
        self.assertIn("Under the inbox", self.mail_folders("inbox"))
        os.rename(self.path("mail/Inbox/Under the inbox"), self.path("mail/Here again"))
        self.assertIn("Here again", self.mail_folders())

    def test_a_message_moves_into_a_new_folder(self):
        name = self.mailbox.create("message", {"subject": "filed"}, "inbox")["id"] + ".json"
        os.mkdir(self.path("mail/Filed"))
        os.rename(self.path("mail/Inbox", name), self.path("mail/Filed", name))
        self.assertRefused(errno.ENOTEMPTY, os.rmdir, self.path("mail/Filed"))
        self.mailbox.sync()
        self.assertRefused(errno.ENOTEMPTY, os.rmdir, self.path("mail/Filed"))
        self.mailbox.run(["rm", "-r", self.path("mail/Filed")])
        self.assertNotIn("Filed", self.mail_folders())
        self.assertIn(name, os.listdir(self.path("mail/Deleted Items")))

    def test_not_empty_where_nobody_has_looked(self):
        status, made = self.mailbox.sandbox.graph("POST", "/me/mailFolders", {"displayName": "Theirs"})
        self.assertEqual(status, 201)
        wait_for(lambda: os.path.isdir(self.path("mail/Theirs")), "the folder is known")
        self.mailbox.create("message", {"subject": "unseen"}, made["id"])
        self.assertRefused(errno.ENOTEMPTY, os.rmdir, self.path("mail/Theirs"))
        self.assertIn("Theirs", self.mail_folders())

    def test_what_every_mailbox_has(self):
        for name in ("mail/Inbox", "mail/Drafts", "mail/Outbox", "contacts/Contacts"):
            self.assertRefused(errno.EPERM, os.rename, self.path(name), self.path(name + " 2"))
            self.assertRefused(errno.EPERM, os.rmdir, self.path(name))
        self.assertRefused(errno.EEXIST, os.mkdir, self.path("mail/Inbox"))
        self.assertRefused(errno.EPERM, os.mkdir, self.path("calendars/New"))

    def test_a_name_that_is_taken(self):
        os.mkdir(self.path("mail/One"))
        os.mkdir(self.path("mail/Other"))
        self.assertRefused(errno.EEXIST, os.mkdir, self.path("mail/One"))
        self.assertRefused(errno.EEXIST, os.rename, self.path("mail/One"), self.path("mail/Other"))
        self.mailbox.sandbox.graph("POST", "/me/mailFolders", {"displayName": "Made elsewhere"})
        self.assertRefused(errno.EEXIST, os.mkdir, self.path("mail/Made elsewhere"))

    def test_a_lost_answer_makes_one_folder(self):
        self.mailbox.fault(service="graph", operation="CreateMailFolder", drop="after")
        os.mkdir(self.path("mail/Once"))
        self.assertTrue(os.path.isdir(self.path("mail/Once")))
        self.assertEqual([n for n in self.mail_folders() if n.startswith("Once")], ["Once"])

    def test_away_nothing_is_made(self):
        self.mailbox.fault(service="graph", operation="CreateMailFolder", drop="before")
        with self.assertRaises(OSError):
            os.mkdir(self.path("mail/Not yet"))
        self.assertNotIn("Not yet", self.mail_folders())
        os.mkdir(self.path("mail/Not yet"))
        self.assertIn("Not yet", self.mail_folders())

    def test_contact_folders(self):
        os.mkdir(self.path("contacts/Family"))
        os.mkdir(self.path("contacts/Family/In-laws"))
        self.write({"givenName": "Jane"}, "contacts/Family/In-laws/jane.json")
        self.mailbox.sync()
        self.assertRefused(errno.ENOTEMPTY, os.rmdir, self.path("contacts/Family/In-laws"))
        self.assertRefused(errno.EPERM, os.rename, self.path("contacts/Family/In-laws"), self.path("contacts/In-laws"))
        os.rename(self.path("contacts/Family/In-laws"), self.path("contacts/Family/Outlaws"))
        self.assertEqual(self.mailbox.json("contacts/Family/Outlaws/jane.json")["givenName"], "Jane")
        self.mailbox.remount()
        self.assertEqual(os.listdir(self.path("contacts/Family/Outlaws")), ["jane.json"])
        self.mailbox.run(["rm", "-r", self.path("contacts/Family")])
        self.assertNotIn("Family", os.listdir(self.path("contacts")))

    def test_a_nested_contact_is_in_views_and_export(self):
        os.makedirs(self.path("contacts/Team/Away"))
        self.write({"givenName": "Joan", "displayName": "Joan Roe"}, "contacts/Team/Away/joan.json")
        self.mailbox.sync()
        id = self.mailbox.xattr("id", "contacts/Team/Away/joan.json")
        self.assertEqual(os.listdir(self.path("views/contacts/Team/Away/by-name")), ["Joan Roe.json"])
        self.assertEqual(sorted(os.listdir(self.path("export/contacts/Team"))), ["Away", "Away.vcf"])
        self.assertEqual(os.listdir(self.path("export/contacts/Team/Away")), [id + ".vcf"])
        for name in ("Away.vcf", "Away/%s.vcf" % id):
            self.assertIn("Joan Roe", self.mailbox.read("export/contacts/Team", name))


class ManyContactFolders(FolderTest):
    def test_all_in_some_requests(self):
        """More than a page of a list has, some with folders below them."""
        names = {"Team %03d" % i for i in range(255)}
        for name in sorted(names):
            status, team = self.mailbox.sandbox.graph("POST", "/me/contactFolders", {"displayName": name})
            self.assertEqual(status, 201, team)
        status, _ = self.mailbox.sandbox.graph("POST", "/me/contactFolders/%s/childFolders" % team["id"], {"displayName": "Away"})
        self.assertEqual(status, 201)
        for nested in (True, False):
            self.mailbox.sandbox.control("POST", "/option", {"service": "graph", "nestedFolders": nested})
            self.mailbox.remount(fresh_cache=True)
            before = self.mailbox.mark()
            self.assertLessEqual(names, set(os.listdir(self.path("contacts"))))
            self.assertLess(len(self.mailbox.sent(before)), 30)
            self.assertEqual(os.listdir(self.path("contacts/Team 254")), ["Away"])


class FewContactFolders(FolderTest):
    def test_two_requests(self):
        self.mailbox.remount(fresh_cache=True)
        before = self.mailbox.mark()
        self.assertIn("Contacts", os.listdir(self.path("contacts")))
        self.assertEqual([line["operation"] for line in self.mailbox.sent(before)], ["ContactFoldersDelta", "Batch"])


class ReadOnly(FolderTest):
    def test_a_calendar_one_cannot_edit(self):
        name, = [c["name"] for c in self.ask("/me/calendars?$top=50")["value"] if not c["canEdit"]][:1]
        calendar = self.path("calendars", name)
        self.assertFalse(os.stat(calendar).st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        with self.assertRaises(OSError) as caught:
            self.write({"subject": "mine"}, "calendars", name, "mine.json")
        self.assertIn(caught.exception.errno, (errno.EROFS, errno.EACCES))
        events = [one for one in os.listdir(calendar) if one.endswith(".json")]
        for event in events[:1]:
            for function in (os.unlink, lambda path: open(path, "a", encoding="utf-8").close()):
                with self.assertRaises(OSError) as caught:
                    function(os.path.join(calendar, event))
                self.assertIn(caught.exception.errno, (errno.EROFS, errno.EACCES))
            self.assertTrue(self.mailbox.json("calendars", name, event)["id"])


if __name__ == "__main__":
    main()
