"""views/: links to records, under names and in directories made for people."""
import datetime
import os
import re
import tempfile
import unittest.mock

from both import over_both
from harness import MANAGED_CONTACT, MountTest, Nano, Terminal, main, wait_for

ZONE = "XST-5:30"  # five hours and a half before UTC, and needs no list of zones
OFFSET = datetime.timedelta(hours=5, minutes=30)
BY_DATE = "views/mail/Inbox/by-date"
BY_SENDER = "views/mail/Inbox/by-sender"
UNREAD = "views/mail/Inbox/unread"
BY_NAME = "views/contacts/Contacts/by-name"
BY_COMPANY = "views/contacts/Contacts/by-company"
EVENTS = "views/calendars/Calendar/by-date"


def safe(text):
    return " ".join(text.split()).replace("%", "%25").replace("/", "%2F")


def local(stamp):
    """A time of the service in the zone of the tests."""
    return datetime.datetime.fromisoformat(stamp[:19]) + OFFSET


def mail_name(record):
    return "%s %s - %s.json" % (local(record["DateTimeReceived"]).strftime("%Y-%m-%d %H%M"), safe(record["Subject"]),
                                record["From"])


class ViewTest(MountTest):
    @classmethod
    def setUpClass(cls):
        zone = unittest.mock.patch.dict(os.environ, TZ=ZONE)
        zone.start()
        cls.addClassCleanup(zone.stop)
        super().setUpClass()

    def names(self, view):
        return sorted(name for name in os.listdir(self.mailbox.path(view)))

    def id_of(self, *link):
        """The record a link leads to: of the path in it, and of what is read through it."""
        target = os.readlink(self.mailbox.path(*link))
        id = self.mailbox.json(*link)["Id"]
        self.assertEqual(os.path.basename(target), id + ".json")
        self.assertEqual(os.lstat(self.mailbox.path(*link)).st_size, len(target.encode()))
        return id

    def inbox(self):
        return [r for r in self.mailbox.records("message") if r["Folder"] == "Inbox"]

    def wait_for_names(self, view, predicate):
        wait_for(lambda: predicate(self.names(view)), lambda: "in %s: %s" % (view, self.names(view)))


@over_both
class Views(ViewTest):
    SEED = "contacts=25,events=12,messages=40"
    OPTIONS = "list_ttl=3600"

    # --- what is there

    def test_directories(self):
        self.assertIn("views", os.listdir(self.mailbox.mountpoint))
        self.assertEqual(self.names("views"), ["CACHEDIR.TAG", "calendars", "contacts", "mail"])
        for kind in ("calendars", "contacts", "mail"):
            self.assertEqual(self.names("views/" + kind), self.names(kind))
        self.assertEqual(self.names("views/mail/Inbox"), ["Support", "by-date", "by-sender", "unread"])
        self.assertEqual(self.names("views/contacts/Contacts"), ["by-company", "by-name"])
        self.assertLessEqual({"by-date"}, set(self.names("views/calendars/Calendar")))
        self.assertEqual(self.names("views/mail/Inbox/Support"), ["by-date", "by-sender", "unread"])

    def test_mail_by_date(self):
        wanted = {mail_name(record): record["Id"] for record in self.inbox()}
        self.assertEqual(self.names(BY_DATE), sorted(wanted))
        for name, id in wanted.items():
            self.assertEqual(self.id_of(BY_DATE, name), id)
            link = os.lstat(self.mailbox.path(BY_DATE, name))
            self.assertEqual(link.st_mtime_ns, os.stat(self.mailbox.path(BY_DATE, name)).st_mtime_ns)

    def test_mail_by_sender_and_unread(self):
        records = self.inbox()
        self.assertEqual(self.names(BY_SENDER), sorted({r["From"].lower() for r in records}))
        for sender in self.names(BY_SENDER):
            self.assertEqual(self.names(BY_SENDER + "/" + sender),
                             sorted(mail_name(r) for r in records if r["From"].lower() == sender))
        unread = {mail_name(r): r["Id"] for r in records if not r["IsRead"]}
        self.assertTrue(unread)
        self.assertEqual(self.names(UNREAD), sorted(unread))
        for name, id in unread.items():
            self.assertEqual(self.id_of(UNREAD, name), id)
        self.assertEqual(self.id_of(BY_SENDER, records[0]["From"].lower(), mail_name(records[0])), records[0]["Id"])

    def test_subfolder(self):
        records = [r for r in self.mailbox.records("message") if r["Folder"] == "Inbox/Support"]
        self.assertTrue(records)
        self.assertEqual(self.names("views/mail/Inbox/Support/by-date"), sorted(map(mail_name, records)))
        self.assertEqual(self.id_of("views/mail/Inbox/Support/by-date", mail_name(records[0])), records[0]["Id"])

    def test_contacts(self):
        records = self.mailbox.records("contact")
        found = {self.id_of(BY_NAME, name): name for name in self.names(BY_NAME)}
        by_company = {(company, name) for company in self.names(BY_COMPANY)
                      for name in self.names(BY_COMPANY + "/" + company)}
        folder = {name[:-5] for name in self.mailbox.contacts()}
        self.assertEqual(set(found), folder)
        wanted = set()
        for record in records:
            if record["Id"] in folder:
                self.assertEqual(found[record["Id"]], safe(record["DisplayName"]) + ".json")
                if record.get("CompanyName"):
                    wanted.add((safe(record["CompanyName"]), found[record["Id"]]))
        self.assertEqual(by_company, wanted)

    def test_events(self):
        wanted = {}
        for name in self.mailbox.run(["ls", self.mailbox.path("calendars/Calendar")]).stdout.splitlines():
            event = self.mailbox.json("calendars/Calendar", name)
            start = (event["Start"][:10] if event["IsAllDay"]
                     else local(event["Start"]).strftime("%Y-%m-%d %H%M"))
            wanted["%s %s.json" % (start, safe(event["Subject"]))] = event["Id"]
        self.assertTrue(any(re.match(r"\d{4}-\d\d-\d\d \D", name) for name in wanted), "no event of all day")
        self.assertEqual({name: self.id_of(EVENTS, name) for name in self.names(EVENTS)}, wanted)

    # --- what it costs

    def test_no_requests_of_its_own(self):
        self.mailbox.run("ls -R '%s'" % self.mailbox.mountpoint)
        mark = self.mailbox.mark()
        self.mailbox.run("ls -lR views; find -L views -name '*.json' | xargs -d '\\n' cat; find views -name '*.json' | wc -l; "
                         "for i in 1 2 3 4 5; do stat views/mail/Inbox/by-date/$i.json views/mail/Inbox/by-sender/$i; done",
                         cwd=self.mailbox.mountpoint, check=False)
        self.assertEqual(self.mailbox.requests(since=mark), [])

    # --- what may be done

    def test_refused(self):
        """The links are not ours to change, and the record is as it was."""
        name = self.names(BY_NAME)[0]
        link = self.mailbox.path(BY_NAME, name)
        old = self.mailbox.read(BY_NAME, name)
        mark = self.mailbox.mark()
        self.assertErrno(1, os.unlink, link)
        self.assertErrno(1, os.rename, link, link + "~")
        self.assertErrno(1, os.symlink, "x", self.mailbox.path(BY_NAME, "x.json"))
        self.assertErrno(1, os.mkdir, self.mailbox.path(BY_NAME, "Friends"))
        self.assertErrno(1, os.rmdir, self.mailbox.path(BY_NAME))
        self.assertErrno(1, open, self.mailbox.path(BY_NAME, "x.json"), "w", encoding="utf-8")
        self.assertRegex(self.mailbox.log_tail(), "views/.+/x.json: links here follow the records")
        for command in (["sed", "-i", "s/e/x/", link], ["perl", "-i", "-pe", "s/e/x/", link],
                        ["mv", link, self.mailbox.dir], ["rm", "-rf", self.mailbox.path("views")]):
            self.assertNotEqual(self.mailbox.run(command, check=False).returncode, 0, command)
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(mark), [])
        self.assertEqual(self.mailbox.read(BY_NAME, name), old)
        self.assertEqual([entry for entry in self.names(BY_NAME) if not entry.endswith(".json")], [])

    def test_scratch(self):
        mark = self.mailbox.mark()
        for view in ("views/mail", "views/mail/Inbox", BY_DATE, BY_SENDER, UNREAD, BY_COMPANY):
            for name in (".x.swp", "x.json~", "#x#", "4913"):
                path = self.mailbox.path(view, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write("local")
                self.assertIn(name, os.listdir(self.mailbox.path(view)))
                os.rename(path, path + ".2")
                self.assertEqual(self.mailbox.read(view, name + ".2"), "local")
                os.unlink(path + ".2")
            os.symlink("user@host.1", self.mailbox.path(view, ".#lock"))
            self.assertEqual(os.readlink(self.mailbox.path(view, ".#lock")), "user@host.1")
            os.unlink(self.mailbox.path(view, ".#lock"))
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(mark), [])

    def test_mark_as_read(self):
        """A message that is read here leaves unread/ once the service knows."""
        name = self.names(UNREAD)[-1]
        id = self.id_of(UNREAD, name)
        mark = self.mailbox.mark()
        self.mailbox.run(["sed", "-i", "--follow-symlinks", 's/"IsRead": false/"IsRead": true/',
                          self.mailbox.path(UNREAD, name)])
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(mark), [("MarkAsRead", id)])
        self.wait_for_names(UNREAD, lambda names: name not in names)
        self.assertEqual(self.id_of(BY_DATE, name), id)

    def test_a_name_given_here(self):
        """The link leads to the name the record is listed under."""
        text = self.mailbox.say('{"GivenName": "Grace", "DisplayName": "Grace Hopper", "HomePhones": []}')
        with open(self.mailbox.path("contacts/Contacts/grace.json"), "w", encoding="utf-8") as file:
            file.write(text)
        self.mailbox.sync()
        self.wait_for_names(BY_NAME, lambda names: "Grace Hopper.json" in names)
        link = self.mailbox.path(BY_NAME, "Grace Hopper.json")
        self.assertEqual(os.readlink(link), "../../../../contacts/Contacts/grace.json")
        self.assertEqual(os.lstat(link).st_size, len(os.readlink(link)))
        self.assertEqual(self.mailbox.json(BY_NAME, "Grace Hopper.json")["GivenName"], "Grace")
        os.rename(self.mailbox.path("contacts/Contacts/grace.json"), self.mailbox.path("contacts/Contacts/hopper.json"))
        self.assertEqual(os.readlink(link), "../../../../contacts/Contacts/hopper.json")
        os.unlink(self.mailbox.path("contacts/Contacts/hopper.json"))
        self.mailbox.sync()
        self.wait_for_names(BY_NAME, lambda names: "Grace Hopper.json" not in names)


@over_both
class Pending(ViewTest):
    """What was not sent yet."""
    SEED = "contacts=3,events=1,messages=1"
    OPTIONS = "list_ttl=3600,writeback_delay=600"

    def test_names_follow_the_service(self):
        name = self.names(BY_NAME)[0]
        id = self.id_of(BY_NAME, name)
        new = re.sub(self.mailbox.say('"DisplayName": .*'), self.mailbox.say('"DisplayName": "Mae Jemison",'), self.mailbox.read(BY_NAME, name))
        with open(self.mailbox.path(BY_NAME, name), "w", encoding="utf-8") as file:
            file.write(new)
        with open(self.mailbox.path("contacts/Contacts/new.json"), "w", encoding="utf-8") as file:
            file.write(self.mailbox.say('{"GivenName": "New", "DisplayName": "New", "HomePhones": []}'))
        self.assertIn(name, self.names(BY_NAME))
        self.assertNotIn("New.json", self.names(BY_NAME))
        self.assertEqual(self.mailbox.json(BY_NAME, name)["DisplayName"], "Mae Jemison")
        self.mailbox.sync()
        shown = safe(self.mailbox.record("contact", id)["DisplayName"]) + ".json"
        self.wait_for_names(BY_NAME, lambda names: "New.json" in names and shown in names)
        self.assertEqual(self.id_of(BY_NAME, shown), id)


@over_both
class Odd(ViewTest):
    """Records that lack what names are made of, and records of one name."""
    SEED = "contacts=1,events=1,messages=1"
    OPTIONS = "list_ttl=1"

    def create(self, kind, members, **more):
        return self.mailbox.create(kind, members, **more)["Id"]

    def message(self, **members):
        message = {"Subject": "s", "From": "Jane@contoso.example", "To": "me@contoso.example", "Body": "b",
                   "DateTimeReceived": "2026-03-04T20:00:10+00:00"}
        message.update(members)
        return self.create("message", {name: value for name, value in message.items() if value is not None},
                           table="Inbox")

    def test_mail(self):
        ids = {
            "2026-03-05 0130 a%2Fb 50%25 - Jane@contoso.example.json": self.message(Subject=" a/b\t50% "),
            "2026-03-05 0130 (no subject) - Jane@contoso.example.json": self.message(Subject=""),
        }
        self.wait_for_names(BY_DATE, lambda names: set(ids) <= set(names))
        for name, id in ids.items():
            self.assertEqual(self.id_of(BY_DATE, name), id)
            self.assertEqual(self.id_of(BY_SENDER, "jane@contoso.example", name), id)

    def test_long_subject(self):
        subject = "\u00fc" * 300
        self.message(Subject=subject, From="long@contoso.example")
        self.wait_for_names(BY_SENDER, lambda names: "long@contoso.example" in names)
        name, = self.names(BY_SENDER + "/long@contoso.example")
        self.assertLessEqual(len(name.encode()), 255)
        self.assertRegex(name, "^2026-03-05 0130 \u00fc+~[0-9a-f]{8} - long@contoso.example\\.json$")
        self.assertEqual(self.mailbox.json(BY_DATE, name)["Subject"], subject)

    def test_one_name(self):
        """The record created first has the plain name, now and after a remount; who has a name keeps it."""
        def same(second):
            return self.message(Subject="same", From="twin@contoso.example",
                                DateTimeReceived="2026-03-04T21:00:%02d+00:00" % second)

        folder = BY_SENDER + "/twin@contoso.example"
        plain = "2026-03-05 0230 same - twin@contoso.example.json"
        first = same(20)
        self.wait_for_names(BY_SENDER, lambda names: "twin@contoso.example" in names)
        self.assertEqual(self.names(folder), [plain])
        second = same(30)
        self.wait_for_names(folder, lambda names: len(names) == 2)
        tagged = next(name for name in self.names(folder) if name != plain)
        self.assertRegex(tagged, r"^2026-03-05 0230 same - twin@contoso\.example~[0-9a-f]{8}\.json$")
        self.assertEqual((self.id_of(folder, plain), self.id_of(folder, tagged)), (first, second))
        third = same(40)
        self.wait_for_names(folder, lambda names: len(names) == 3)
        self.assertEqual((self.id_of(folder, plain), self.id_of(folder, tagged)), (first, second))
        before = {name: self.id_of(folder, name) for name in self.names(folder)}
        self.mailbox.remount(fresh_cache=True)
        self.assertEqual({name: self.id_of(folder, name) for name in self.names(folder)}, before)

        self.mailbox.edit("message", third, delete=True)
        self.wait_for_names(folder, lambda names: len(names) == 2)
        self.assertEqual((self.id_of(folder, plain), self.id_of(folder, tagged)), (first, second))
        self.mailbox.edit("message", first, delete=True)
        self.wait_for_names(folder, lambda names: names == [plain])
        self.assertEqual(self.id_of(folder, plain), second)

    def test_sent_items_say_to_whom(self):
        self.mailbox.create("message", {"Subject": "Went out", "To": "bob@y.example;c@y.example", "From": "me@x.example",
                                                "DateTimeReceived": "2026-03-04T20:00:00Z"}, table="Sent Items")
        self.assertIn("2026-03-05 0130 Went out - to bob@y.example and 1 more.json", self.names("views/mail/Sent Items/by-date"))

    def test_an_own_deletion_is_in_deleted_items(self):
        deleted = "views/mail/Deleted Items/by-date"
        self.message(Subject="Own deletion", From="gone@contoso.example")
        self.wait_for_names(BY_SENDER, lambda names: "gone@contoso.example" in names)
        name, = self.names(BY_SENDER + "/gone@contoso.example")
        self.assertNotIn(name, self.names(deleted))
        os.unlink(os.path.realpath(self.mailbox.path(BY_DATE, name)))
        self.mailbox.sync()
        self.wait_for_names(deleted, lambda names: name in names)

    def test_deleted_and_put_back(self):
        """The link leads to what is there, and the file shows its own record."""
        id = self.create("contact", {"GivenName": "Put", "Surname": "Back"})
        self.wait_for_names(BY_NAME, lambda names: "Put Back.json" in names)
        where = self.mailbox.path("contacts/Contacts", id + ".json")
        text = self.mailbox.read(BY_NAME, "Put Back.json")
        os.unlink(where)
        self.mailbox.sync()
        with open(where, "w", encoding="utf-8") as file:
            file.write(text)
        self.mailbox.sync()
        new = self.mailbox.xattr("id", "contacts/Contacts", id + ".json")
        self.assertNotEqual(new, id)
        wait_for(lambda: self.mailbox.json("contacts/Contacts", id + ".json")["Id"] == new, "its own record")
        self.wait_for_names(BY_NAME, lambda names: "Put Back.json" in names)
        wait_for(lambda: os.path.exists(self.mailbox.path(BY_NAME, "Put Back.json")), "the link leads to it", 5)
        self.assertEqual(self.mailbox.json(BY_NAME, "Put Back.json")["Id"], new)

    def test_a_name_that_the_kernel_knows(self):
        """It leads to what is there at once, though the kernel believes a name for a second."""
        id = self.create("contact", {"GivenName": "Known", "Surname": "Name"})
        self.wait_for_names(BY_NAME, lambda names: "Known Name.json" in names)
        text = self.mailbox.read(BY_NAME, "Known Name.json")
        os.unlink(self.mailbox.path("contacts/Contacts", id + ".json"))
        self.mailbox.sync()
        with open(self.mailbox.path("contacts/Contacts/known.json"), "w", encoding="utf-8") as file:
            file.write(text)
        self.mailbox.sync()
        self.assertEqual(os.path.basename(os.readlink(self.mailbox.path(BY_NAME, "Known Name.json"))), "known.json")

    def test_a_copy_shows_its_own_record(self):
        id = self.create("contact", {"GivenName": "Copied", "Surname": "One"})
        self.wait_for_names(BY_NAME, lambda names: "Copied One.json" in names)
        copy = self.mailbox.path("contacts/Contacts/copy.json")
        self.mailbox.run(["cp", self.mailbox.path("contacts/Contacts", id + ".json"), copy])
        self.mailbox.sync()
        new = self.mailbox.xattr("id", "contacts/Contacts/copy.json")
        self.assertNotEqual(new, id)
        wait_for(lambda: self.mailbox.json("contacts/Contacts/copy.json")["Id"] == new, "its own record")
        os.unlink(copy)
        self.mailbox.sync()

    def test_contacts(self):
        ids = {
            "Only Given.json": self.create("contact", {"GivenName": "Only Given"}),
            "Firm.json": self.create("contact", {"GivenName": "", "CompanyName": "Firm"}),
            "ada@contoso.example.json": self.create(
                "contact", {"GivenName": "", "EmailAddresses": [{"Name": "", "Address": "ada@contoso.example"}]}),
            "%231 Plumbing.json": self.create("contact", {"GivenName": "#1 Plumbing"}),
        }
        self.wait_for_names(BY_NAME, lambda names: set(ids) <= set(names))
        for name, id in ids.items():
            self.assertEqual(self.id_of(BY_NAME, name), id)
        self.assertIn("Firm", self.names(BY_COMPANY))
        self.assertEqual(self.names(BY_COMPANY + "/Firm"), ["Firm.json"])
        self.assertNotIn("Only Given.json", [name for company in self.names(BY_COMPANY)
                                             for name in self.names(BY_COMPANY + "/" + company)])

    def test_somebody_elses_changes(self):
        id = self.create("event", {"Subject": "Standup", "Start": "2026-11-23T03:30:00Z", "End": "2026-11-23T04:00:00Z"})
        self.wait_for_names(EVENTS, lambda names: "2026-11-23 0900 Standup.json" in names)
        self.mailbox.edit("event", id, set={"Subject": "Retro"})
        self.wait_for_names(EVENTS, lambda names: "2026-11-23 0900 Retro.json" in names)
        self.assertNotIn("2026-11-23 0900 Standup.json", self.names(EVENTS))
        self.mailbox.edit("event", id, delete=True)
        self.wait_for_names(EVENTS, lambda names: "2026-11-23 0900 Retro.json" not in names)


@over_both
class Editors(ViewTest):
    """Programs that save through a link: one PATCH of the record, and the link stays."""
    SEED = "contacts=25,events=1,messages=1"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unused = sorted(os.listdir(cls.mailbox.path(BY_NAME)))

    def setUp(self):
        self.name = self.unused.pop()
        self.link = self.mailbox.path(BY_NAME, self.name)
        self.target = os.readlink(self.link)
        self.old = self.mailbox.read(BY_NAME, self.name)
        self.key = self.mailbox.json(BY_NAME, self.name)["Id"]
        self.before = self.mailbox.record("contact", self.key)
        self.mark = self.mailbox.mark()

    def assertOnePatch(self, nick):
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", self.key)])
        after = self.mailbox.record("contact", self.key)
        self.assertEqual(after["NickName"], nick)
        for member in self.before:
            if member not in MANAGED_CONTACT | {"NickName"}:
                self.assertEqual(after[member], self.before[member], member)
        self.assertEqual(os.readlink(self.link), self.target)
        self.assertEqual(self.mailbox.json(BY_NAME, self.name)["NickName"], nick)
        left = [name for name in os.listdir(self.mailbox.path(BY_NAME)) if not name.endswith((".json", "~"))]
        self.assertEqual(left, [])

    def vim(self, *commands):
        arguments = [word for command in ("set backupskip=",) + commands for word in ("-c", self.mailbox.say(command))]
        with Terminal(["vim", "-N", "-u", "NONE", "-i", "NONE"] + arguments + [self.link]) as terminal:
            self.assertEqual(terminal.wait(), 0)

    def test_vim(self):
        self.vim("%s/\"NickName\": .*/\"NickName\": \"vim\",/", "wq")
        self.assertOnePatch("vim")

    def test_vim_with_a_backup_kept(self):
        self.vim("set backup backupcopy=auto", "%s/\"NickName\": .*/\"NickName\": \"backup\",/", "wq")
        self.assertOnePatch("backup")

    def test_emacs(self):
        edit = ('(progn (goto-char (point-min)) (re-search-forward "\\"NickName\\": .*")'
                ' (replace-match "\\"NickName\\": \\"emacs\\",") (save-buffer) (kill-emacs))')
        with Terminal(["emacs", "-nw", "-Q", self.link, "--eval", self.mailbox.say(edit)]) as terminal:
            self.assertEqual(terminal.wait(60), 0)
        self.assertOnePatch("emacs")

    def test_nano(self):
        with Nano(self.link, "--locking") as nano:
            nano.replace(re.search(self.mailbox.say('"NickName": (null|"[^"]*")'), self.old).group(0), self.mailbox.say('"NickName": "nano"'))
            nano.write()
            nano.leave()
        self.assertOnePatch("nano")

    def test_sed(self):
        self.mailbox.run(["sed", "-i", "--follow-symlinks", 's/"NickName": .*/"NickName": "sed",/', self.link])
        self.assertOnePatch("sed")

    def test_shell(self):
        new = re.sub(self.mailbox.say('"NickName": (null|"[^"]*")'), self.mailbox.say('"NickName": "shell"'), self.old)
        with open(self.link, "w", encoding="utf-8") as file:
            file.write(new)
        self.assertOnePatch("shell")


class Scale(ViewTest):
    SEED = "messages=10000"
    OPTIONS = "list_ttl=3600,rate=100000"

    def cold(self, directory):
        """Entries of a directory on a mailbox never seen, and the requests that took."""
        self.mailbox.remount(fresh_state=True, fresh_cache=True)
        mark = self.mailbox.mark()
        count = len(self.mailbox.run(["ls", "-l", self.mailbox.path(directory)], timeout=100).stdout.splitlines())
        return count, sorted(line["operation"] for line in self.mailbox.requests(since=mark))

    def test_ten_thousand(self):
        records = self.inbox()
        _, folder = self.cold("mail/Inbox")
        count, view = self.cold(BY_DATE)
        self.assertEqual(count, len(records) + 1)  # and the line "total"
        # Pages are asked for ahead: how many behind the last one depends on who is first.
        self.assertAlmostEqual(view.count("GetEmails"), folder.count("GetEmails"), delta=4)
        self.assertEqual(set(view) - set(folder), set())
        self.assertLessEqual(len(view), len(folder) + 4)

        mark = self.mailbox.mark()
        self.mailbox.run("ls -R views/mail/Inbox/by-sender views/mail/Inbox/unread; ls -l views/mail/Inbox/by-date",
                         cwd=self.mailbox.mountpoint, timeout=100)
        self.mailbox.run("ls views/mail/Inbox/by-date | head -200 | while read -r f; do cat \"views/mail/Inbox/by-date/$f\"; "
                         "done | wc", cwd=self.mailbox.mountpoint, timeout=100)
        self.assertEqual(self.mailbox.requests(since=mark), [])


class Background(ViewTest):
    """The zone is that of who mounted, also where the program goes into the background."""
    SEED = "contacts=1,events=1,messages=5"

    def test_zone(self):
        with tempfile.TemporaryDirectory() as directory:
            mountpoint = os.path.join(directory, "mnt")
            os.mkdir(mountpoint)
            command = [self.mailbox.program, "mount", "--url", self.mailbox.sandbox.url, "--token-file",
                       self.mailbox.token_file, "--state-dir", os.path.join(directory, "state"),
                       "--cache-dir", os.path.join(directory, "cache"), mountpoint]
            self.mailbox.run(command)
            try:
                self.assertEqual(sorted(os.listdir(os.path.join(mountpoint, BY_DATE))),
                                 sorted(map(mail_name, self.inbox())))
            finally:
                self.mailbox.run([self.mailbox.program, "umount", mountpoint])


if __name__ == "__main__":
    main()
