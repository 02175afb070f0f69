"""A mailbox of Microsoft Graph, followed by its lists of changes: what is asked for, and that the mount comes to what the service has."""
import json
import os
import random
import sqlite3

from harness import main, wait_for
from graph_mount import GraphTest

TTL = 0.2
INBOX = "mail/Inbox"
DELTAS = ("MessagesDelta", "MailFoldersDelta")


class Followed(GraphTest):
    OPTIONS = "writeback_delay=0,list_ttl=%s" % TTL

    @classmethod
    def tearDownClass(cls):
        cls.option(generation=1, emptyPages=False, duplicates=False, batchAtOnce=20)
        super().tearDownClass()

    @classmethod
    def option(cls, **options):
        cls.mailbox.sandbox.control("POST", "/option", {"service": "graph", **options})

    def edit(self, kind, id, **how):
        return self.mailbox.edit(kind, id, **how)

    def arrive(self, subject, table="inbox"):
        return self.mailbox.create("message", {"subject": subject}, table)["id"]

    def listed(self, folder=INBOX):
        return {name[:-len(".json")] for name in os.listdir(self.mailbox.path(folder)) if name.endswith(".json")}

    def theirs(self, kind="message", table="Inbox"):
        records = self.mailbox.sandbox.control("GET", "/records?service=graph&kind=%s" % kind)
        return {r["id"]: r for r in records if r.get("folder", table) == table}

    def wait_until_listed(self, there=(), gone=(), folder=INBOX):
        wait_for(lambda: set(there) <= self.listed(folder) and not set(gone) & self.listed(folder), "the folder has changed")

    def look_again(self, folder=INBOX):
        """The requests of the first look at the folder that asks for anything."""
        mark = self.mailbox.mark()

        def asked():
            os.listdir(self.mailbox.path(folder))
            return [r["operation"] for r in self.mailbox.requests(since=mark)]
        return wait_for(asked, "the listing was renewed")


class Changes(Followed):
    def test_a_look_asks_for_what_changed_only(self):
        self.listed()
        id, away = self.arrive("news"), min(self.theirs())
        self.wait_until_listed([id])
        mark = self.mailbox.mark()
        self.edit("message", away, delete=True)
        self.edit("message", id, set={"isRead": True})
        self.wait_until_listed(gone=[away])
        self.assertTrue(self.mailbox.json(INBOX, id + ".json")["isRead"])
        self.assertEqual(self.mailbox.json(INBOX, id + ".json")["subject"], "news")
        operations = [r["operation"] for r in self.mailbox.requests(since=mark)]
        self.assertLessEqual(set(operations), set(DELTAS))
        self.assertEqual(operations.count("MessagesDelta"), len({r["time"] for r in self.mailbox.requests("MessagesDelta", since=mark)}))

    def test_a_second_look_costs_two_requests_at_most(self):
        self.listed()
        self.assertLessEqual(len(self.look_again()), 2)
        id = self.arrive("one more")
        mark = self.mailbox.mark()
        self.wait_until_listed([id])
        self.assertLessEqual(len(self.mailbox.requests("MessagesDelta", since=mark)), 1)

    def test_idle_folders_cost_one_request_together(self):
        folders = ["mail/" + name for name in os.listdir(self.mailbox.path("mail"))]
        for folder in folders:
            self.listed(folder)
        for folder in folders:
            self.look_again(folder) if folder == folders[0] else self.listed(folder)
        mark = self.mailbox.mark()
        for folder in folders:
            self.listed(folder)
        operations = {r["operation"] for r in self.mailbox.requests(since=mark)}
        self.assertLessEqual(operations, {"MailFoldersDelta"})

    def test_a_remount_lists_nothing_again(self):
        self.listed(), self.listed("contacts/Contacts")
        self.mailbox.unmount()
        mark, id = self.mailbox.mark(), self.arrive("meanwhile")
        self.mailbox.mount()
        self.wait_until_listed([id])
        self.listed("contacts/Contacts")
        first = [r for r in self.mailbox.requests(since=mark) if r["operation"] in ("MessagesDelta", "ContactsDelta")
                 and "deltatoken" not in r["query"] and "skiptoken" not in r["query"]]
        self.assertEqual(first, [])

    def test_a_forgotten_cursor_starts_over(self):
        here = self.listed()
        away = min(self.theirs())
        self.option(generation=random.randrange(2, 10**6))
        id = self.arrive("after the loss")
        self.edit("message", away, delete=True)
        self.wait_until_listed([id], [away])
        self.assertEqual(self.listed(), here - {away} | {id})
        self.assertEqual(self.listed(), set(self.theirs()))

    def test_empty_pages_and_doubles(self):
        self.option(emptyPages=True, duplicates=True, generation=random.randrange(2, 10**6))
        id = self.arrive("twice")
        self.wait_until_listed([id])
        self.assertEqual(self.listed(), set(self.theirs()))
        self.option(emptyPages=False, duplicates=False)

    def test_contacts_are_followed(self):
        folder = "contacts/Contacts"
        self.listed(folder)
        id = self.mailbox.create("contact", {"givenName": "Ada", "surname": "King"})["id"]
        self.wait_until_listed([id], folder=folder)
        self.edit("contact", id, set={"jobTitle": "Countess"})
        wait_for(lambda: os.listdir(self.mailbox.path(folder)) and self.mailbox.json(folder, id + ".json").get("jobTitle") == "Countess",
                 "the change has come")
        self.assertEqual(self.mailbox.json(folder, id + ".json")["surname"], "King")
        self.edit("contact", id, delete=True)
        self.wait_until_listed(gone=[id], folder=folder)

    def test_a_new_folder_and_a_renamed_one(self):
        self.listed()
        parent = self.ask("/me/mailFolders/inbox?$select=id")["id"]
        status, folder = self.mailbox.sandbox.graph("POST", "/me/mailFolders/%s/childFolders" % parent, {"displayName": "Later"})
        self.assertEqual(status, 201)
        wait_for(lambda: "Later" in os.listdir(self.mailbox.path(INBOX)), "the folder is there")
        self.mailbox.sandbox.graph("PATCH", "/me/mailFolders/" + folder["id"], {"displayName": "Sooner"})
        wait_for(lambda: {"Sooner"} == {"Sooner", "Later"} & set(os.listdir(self.mailbox.path(INBOX))), "it was renamed")

    def test_what_the_feed_loses_is_found_by_comparing(self):
        self.listed()
        id = self.arrive("lost")
        self.wait_until_listed([id])
        self.mailbox.unmount()
        with sqlite3.connect(os.path.join(self.mailbox.cache_dir, "cache.db")) as db:
            db.execute("DELETE FROM records WHERE id = ?", (id,))
            db.execute("UPDATE listings SET compared_at = 1, asked_at = 1, fresh_at = 1")
        db.close()
        self.option(batchAtOnce=4)
        self.mailbox.mount()
        self.wait_until_listed([id])
        self.assertEqual(self.listed(), set(self.theirs()))
        listing, = [r for r in self.mailbox.requests("ListMessages") if "changeKey" in r["query"]]
        self.assertIn("$select=id%2CchangeKey", listing["query"])


if __name__ == "__main__":
    main()
