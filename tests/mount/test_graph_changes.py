"""A mailbox of Microsoft Graph, followed by its lists of changes: what is asked for, and that the mount comes to what the service has."""
import concurrent.futures
import json
import os
import random
import re
import sqlite3
import subprocess
import threading
import time

from harness import main, wait_for
from graph_mount import GraphMailbox, GraphTest, PersonalMailbox

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

    def without_context(self, target):
        theirs = self.ask(target)
        theirs.pop("@odata.context")
        return theirs

    def look_again(self, folder=INBOX):
        """The requests of the first look at the folder that asks for anything."""
        mark = self.mailbox.mark()

        def asked():
            os.listdir(self.mailbox.path(folder))
            return [r["operation"] for r in self.mailbox.requests(since=mark)]
        return wait_for(asked, "the listing was renewed")


class LongFeed(Followed):
    SEED = "contacts=600,events=0,messages=0"
    FOLDER = "contacts/Contacts"

    def test_the_next_page_is_asked_for_while_one_is_stored(self):
        os.listdir(self.mailbox.path("contacts"))
        mark = self.mailbox.mark()
        with sqlite3.connect(os.path.join(self.mailbox.cache_dir, "cache.db"), isolation_level=None) as db, \
                concurrent.futures.ThreadPoolExecutor() as pool:
            db.execute("BEGIN IMMEDIATE")  # nothing is stored until it ends
            listed = pool.submit(self.listed, self.FOLDER)
            wait_for(lambda: len(self.mailbox.requests("ContactsDelta", since=mark)) > 1, "the second page is asked for")
            db.execute("ROLLBACK")
            theirs = self.ask("/me/contacts?$top=999&$select=id")["value"]
            self.assertEqual(listed.result(), {contact["id"] for contact in theirs})


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

    def test_looks_at_contacts_ask_for_changes_only(self):
        folder = "contacts/Contacts"
        self.listed(folder)
        mark = self.mailbox.mark()
        wait_for(lambda: self.listed(folder) and len(self.mailbox.requests("ContactsDelta", since=mark)) > 2, "looks were renewed")
        operations = [r["operation"] for r in self.mailbox.requests(since=mark)]
        self.assertLessEqual(set(operations), {"ContactsDelta", "ContactFoldersDelta"})
        self.assertLessEqual(operations.count("ContactFoldersDelta"), operations.count("ContactsDelta") + 1)
        status, made = self.mailbox.sandbox.graph("POST", "/me/contactFolders", {"displayName": "Suppliers"})
        self.assertEqual(status, 201)
        wait_for(lambda: "Suppliers" in os.listdir(self.mailbox.path("contacts")), "the new folder is there")

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

    def test_entries_that_say_too_little_are_asked_for_together(self):
        self.listed()
        ids = [self.arrive("bare %d" % n) for n in range(30)]
        self.wait_until_listed(ids)
        self.option(bareEntries=True, batchAtOnce=8, retryAfter=0.4)
        mark = self.mailbox.mark()
        for id in ids:
            self.edit("message", id, set={"categories": ["Red category"]})
        self.edit("message", ids[0], set={"isRead": True})
        self.edit("message", ids[1], delete=True)
        self.mailbox.fault(service="graph", operation="GetMessage", count=1, status=424)
        wait_for(lambda: self.listed() and all(self.mailbox.json(INBOX, id + ".json")["categories"] for id in ids[2:]), "the changes have come")
        self.option(bareEntries=False, batchAtOnce=20, retryAfter=2.128)
        self.assertEqual(self.mailbox.json(INBOX, ids[0] + ".json"), self.without_context("/me/messages/" + ids[0]))
        self.assertNotIn(ids[1], self.listed())
        refused = [r for r in self.mailbox.requests(since=mark) if r["status"] == 429 and "batch" in r]
        self.assertTrue(refused, "the batch was not throttled")
        alone = [r for r in self.mailbox.requests("GetMessage", since=mark) if "batch" not in r and r["n"] <= refused[-1]["n"]]
        self.assertEqual(alone, [])

    def test_a_page_that_is_too_much_is_halved(self):
        self.listed()
        self.option(generation=random.randrange(2, 10**6))
        mark = self.mailbox.mark()
        self.mailbox.fault(service="graph", operation="MessagesDelta", after=1, count=3, status=504)
        id = self.arrive("at last")
        self.wait_until_listed([id])
        sizes = [int(re.search(r"maxpagesize=(\d+)", r["prefer"])[1]) for r in self.mailbox.requests("MessagesDelta", since=mark)]
        self.assertLess(min(sizes), max(sizes) / 1.9)

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

    def test_a_link_to_another_host_is_not_followed(self):
        here = self.listed()
        self.option(linkHost="elsewhere.example:1")
        id = self.arrive("not yet")
        wait_for(lambda: self.listed() and "another host" in self.mailbox.log_tail(), "the mount says so")
        self.assertEqual(self.listed(), here)
        self.option(linkHost="")
        self.wait_until_listed([id])

    def test_what_the_feed_loses_is_found_by_comparing(self):
        self.listed()
        id = self.arrive("lost")
        self.wait_until_listed([id])
        self.mailbox.unmount()
        with sqlite3.connect(os.path.join(self.mailbox.cache_dir, "cache.db")) as db:
            db.execute("DELETE FROM records WHERE id = ?", (id,))
            db.execute("UPDATE listings SET compared_at = ?, asked_at = 1, fresh_at = 1", (time.time_ns() - 61 * 60 * 10**9,))
        db.close()
        self.option(batchAtOnce=4)
        self.mailbox.mount()
        self.wait_until_listed([id])
        self.assertEqual(self.listed(), set(self.theirs()))
        listing, = [r for r in self.mailbox.requests("ListMessages") if "changeKey" in r["query"]]
        self.assertIn("$select=id%2CchangeKey", listing["query"])


class GermanMailbox(GraphMailbox):
    def mount(self):
        self.sandbox.control("POST", "/option", {"service": "graph", "language": "de"})
        super().mount()


class German(Followed):
    MAILBOX = GermanMailbox

    def folders(self, path=()):
        return {name for name in os.listdir(self.mailbox.path("mail", *path))
                if os.path.isdir(self.mailbox.path("mail", *path, name)) and not name.endswith(".attachments")}

    def test_names_are_english_and_search_and_hidden_folders_are_not_shown(self):
        theirs, link = [], "/me/mailFolders?includeHiddenFolders=true&$top=100"
        theirs += self.ask(link)["value"]
        self.assertIn("Posteingang", [one["displayName"] for one in theirs])
        unseen = {one["displayName"] for one in theirs if one["isHidden"] or "mailSearchFolder" in one.get("@odata.type", "")}
        self.assertTrue(unseen)
        shown = self.folders()
        self.assertLessEqual({"Inbox", "Drafts", "Sent Items", "Deleted Items", "Archive", "Junk Email", "Outbox",
                              "Conversation History"}, shown)
        self.assertFalse(shown & (unseen | {"Posteingang", "Gesendete Elemente", "Postausgang", "Verlauf der Unterhaltungen"}))
        below = self.ask("/me/mailFolders/inbox/childFolders?$top=100")["value"]
        self.assertEqual(self.folders(["Inbox"]), {one["displayName"] for one in below if "mailSearchFolder" not in one.get("@odata.type", "")})
        listed = [id for folder in shown for id in self.listed("mail/" + folder)]
        self.assertEqual(len(listed), len(set(listed)))


class Personal(Followed):
    MAILBOX = PersonalMailbox

    def doctor(self, url):
        config = os.path.join(self.mailbox.dir, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write("[home]\nservice = graph\nurl = %s\ntoken-file = %s\n" % (url, self.mailbox.token_file))
        done = self.mailbox.run([self.mailbox.program, "doctor", "--json", "--config", config, "home"], check=False)
        return {link["link"]: link["text"] for link in json.loads(done.stdout)["links"]}

    def test_a_personal_mailbox_is_one_like_others(self):
        self.listed()
        id = self.arrive("at home")
        self.wait_until_listed([id])
        self.assertTrue(self.ask("/me/mailFolders/inbox")["id"].startswith("AQMk"))
        self.assertIn("a personal account", self.doctor(self.mailbox.sandbox.graph_url)["service"])


class LargeMailbox(GraphMailbox):
    def mount(self):
        self.sandbox.graph("GET", "/me/mailFolders/inbox")  # makes the mailbox, which takes a while
        super().mount()


class Large(Followed):
    SEED = "contacts=5,events=2,messages=10000"
    MAILBOX = LargeMailbox

    def ids(self, folder):
        link, ids = "/me/mailFolders/%s/messages?$select=id&$top=1000" % folder, set()
        while link:
            page = self.ask(link)
            ids |= {one["id"] for one in page["value"]}
            link = page.get("@odata.nextLink")
        return ids

    def test_1_ten_thousand_messages_cost_twenty_requests(self):
        mark = self.mailbox.mark()
        self.assertEqual(self.listed(), self.ids("inbox"))
        asked = [r for r in self.mailbox.requests(since=mark) if r["operation"] != "ListMessages"]  # those are the test's
        self.assertLessEqual(len(asked), 20)
        mark = self.mailbox.mark()
        subject = self.mailbox.json(INBOX, min(self.listed()) + ".json")["body"]
        self.assertTrue(subject["content"])
        self.assertEqual([r["operation"] for r in self.mailbox.requests(since=mark) if r["operation"] == "GetMessage"], [])

    def test_3_status_says_how_far_a_listing_is(self):
        self.mailbox.remount(fresh_cache=True)
        self.mailbox.fault(service="graph", operation="MessagesDelta", after=1, count=0, delay=400)
        reader = threading.Thread(target=self.listed)
        reader.start()
        expected = self.ask("/me/mailFolders/inbox")["totalItemCount"]

        def halfway():
            with open(self.mailbox.path(".outlookfs/status.json"), encoding="utf-8") as file:
                return [one for one in json.load(file)["listings"] if one["folder"] == INBOX and 0 < one["stored"] < expected]
        listing, = wait_for(halfway, "the listing is under way")
        shown = self.mailbox.run([self.mailbox.program, "status", self.mailbox.mountpoint]).stdout
        self.mailbox.sandbox.clear_faults()
        reader.join(60)
        self.assertEqual(set(listing), {"folder", "stored", "expected", "seconds"})
        self.assertEqual(listing["expected"], expected)
        self.assertRegex(shown, r"listing   %s, \d+ records in \d+ s of %d" % (INBOX, expected))

    def test_2_killed_forgotten_and_edited_it_comes_to_the_same(self):
        dice, sent, ids = random.Random(15), [], sorted(self.ids("inbox"))
        dice.shuffle(ids)
        for round in range(4):
            if round % 2:
                self.option(generation=1000 + round)
            for id in ids[20 * round:][:20]:
                self.edit("message", id, **dice.choice([{"delete": True}, {"move": "Archive"}, {"set": {"isRead": True}},
                                                        {"set": {"categories": ["Blue category"]}}]))
            self.arrive("round %d" % round)
            sent.append("mail of round %d" % round)
            self.write({"To": "a@contoso.example", "Subject": sent[-1], "Body": "<p>text"}, "outbox/send/m%d.json" % round)
            look = subprocess.Popen(["ls", self.mailbox.path(INBOX)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0, 1.5))
            self.mailbox.kill9()
            look.wait(20)
            self.mailbox.mount()
        for folder, name in (("inbox", INBOX), ("archive", "mail/Archive")):
            ids = self.ids(folder)
            wait_for(lambda: self.listed(name) == ids, name + " is as the service has it", 60)
            for id in dice.sample(sorted(ids), min(40, len(ids))):
                self.assertEqual(self.mailbox.json(name, id + ".json"), self.without_context("/me/messages/" + id))
        wait_for(lambda: not [name for name in os.listdir(self.mailbox.path("outbox/send")) if name.endswith(".json")], "all is sent", 60)
        subjects = [m["subject"] for m in self.ask("/me/mailFolders/sentitems/messages?$top=200&$select=subject")["value"]]
        self.assertEqual([subjects.count(subject) for subject in sent], [1] * len(sent))


if __name__ == "__main__":
    main()
