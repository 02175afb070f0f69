"""search/: what ordinary commands ask of the service, and what the directories of searches are."""
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import threading
import unittest
from urllib.parse import parse_qs, unquote

from harness import Mailbox, MountTest, Terminal, die_with_parent, main, wait_for
from records import CONTACTS, INBOX, ServiceTest

SUPPORT = "Inbox%2FSupport"
HOME = "search/contacts/Contacts"
MAIL = "search/mail/Inbox"


class SearchTest(MountTest):
    SEED = "contacts=25,events=12,messages=40"
    OPTIONS = "list_ttl=3600,writeback_delay=0.2"

    def setUp(self):
        self.addCleanup(self.mailbox.sandbox.clear_faults)
        for top in ("mail", "contacts", "calendars"):
            os.listdir(self.mailbox.path(top))
        self.mark = self.mailbox.mark()

    def path(self, *parts):
        return self.mailbox.path("search", *parts)

    def folder_id(self, folder):
        """What the service calls a mail folder."""
        return self.mailbox.xattr("id", "mail", *unquote(folder).split("/"))

    def asked(self, operation=None):
        """The parameters of the requests since the test began."""
        return [{name: values[0] for name, values in parse_qs(line["query"], keep_blank_values=True).items()}
                for line in self.mailbox.requests(operation, self.mark)]

    def ids(self, *parts):
        """The records behind the links of a search."""
        links = os.listdir(self.path(*parts))
        for link in links:
            where = self.path(*parts, link)
            self.assertTrue(stat.S_ISLNK(os.lstat(where).st_mode))
            self.assertEqual(os.lstat(where).st_size, len(os.readlink(where).encode()))
            self.assertFalse(os.path.isabs(os.readlink(where)))
        return sorted(json.loads(self.mailbox.read("search", *parts, link))["Id"] for link in links)

    def contact(self, **members):
        """Another client's new contact; its id."""
        return self.mailbox.sandbox.create("contact", dict({"GivenName": "Ann", "Surname": "Example"}, **members),
                                           "Contacts")["Id"]

    def mail(self, folder="Inbox", **members):
        return self.mailbox.sandbox.create("message", dict({"Subject": "Found", "Body": "x"}, **members), folder)["Id"]


class Parameters(SearchTest):
    """Every parameter of the service's lists, caused by ordinary commands."""

    def messages(self, wanted):
        return sorted(record["Id"] for record in self.mailbox.sandbox.records("message") if wanted(record))

    def test_get_emails(self):
        self.mailbox.run(["ls", self.path("mail", SUPPORT, "invoice is:unread;top=7")])
        self.assertEqual(self.asked("GetEmails"), [{
            "folderPath": self.folder_id(SUPPORT), "fetchOnlyUnread": "true", "includeAttachments": "false",
            "searchQuery": "invoice", "top": "7", "skip": "0"}])
        self.assertEqual(len(self.asked()), 1)

    def test_unread(self):
        unread = self.messages(lambda record: record["Folder"] == "Inbox" and not record["IsRead"])
        self.assertEqual(self.ids("mail", "Inbox", "is:unread"), unread)
        self.assertEqual(len(self.ids("mail", "Inbox", "is:unread;top=2")), 2)
        self.assertEqual([asked["fetchOnlyUnread"] for asked in self.asked("GetEmails")], ["true"] * 2)
        self.assertFalse(any("searchQuery" in asked for asked in self.asked("GetEmails")))

    def test_search_query(self):
        expected = self.messages(lambda record: record["Folder"] == "Inbox" and "adatum" in record["From"]
                                 and "invoice" in record["Subject"].lower())
        self.assertTrue(expected)
        self.assertEqual(self.ids("mail", "Inbox", "from:adatum invoice"), expected)
        self.assertEqual(self.asked("GetEmails")[0]["searchQuery"], "from:adatum invoice")

    def test_items_of_a_table(self):
        """cat and grep through the links."""
        wanted = "startswith(Surname,'Ö')"
        cat = self.mailbox.run('cat "%s"/*' % self.path("contacts", "Contacts", wanted + ";orderby=GivenName desc;top=2"))
        self.assertIn("Öberg", cat.stdout)
        listed = [asked for asked in self.asked() if "$filter" in asked]
        self.assertEqual(listed, [{"$filter": wanted, "$orderby": "GivenName desc", "$top": "2", "$skip": "0"}])
        events = self.path("calendars", "Calendar", "contains(Subject,'review');top=9;orderby=Start")
        found = self.mailbox.run(["grep", "-Rl", "eview", events]).stdout.splitlines()
        self.assertEqual(len(found), 2)
        self.assertIn({"$filter": "contains(Subject,'review')", "$orderby": "Start", "$top": "9", "$skip": "0"}, self.asked())
        self.assertEqual(len(self.asked()), 2)

    def test_order_without_a_filter(self):
        where = self.path("contacts", "Contacts", ";orderby=DisplayName;top=5")
        first = self.mailbox.run(["ls", "-U", where]).stdout.splitlines()
        self.assertEqual(self.asked(), [{"$orderby": "DisplayName", "$top": "5", "$skip": "0"}])
        names = [record["DisplayName"] for record in self.mailbox.records("contact", "Contacts")]
        shown = [json.loads(self.mailbox.read(where, link))["DisplayName"] for link in first]
        self.assertEqual(shown, sorted(names)[:5])

    def test_percent(self):
        """A '/' in a query is written %2F."""
        id = self.mail(Subject="price 50% a/b")
        self.assertEqual(self.ids("mail", "Inbox", "subject:50% a%2Fb"), [id])
        self.assertEqual(self.ids("mail", "Inbox", 'subject:"50%25 a%2Fb"'), [id])
        self.assertEqual([asked["searchQuery"] for asked in self.asked("GetEmails")],
                         ["subject:50% a/b", 'subject:"50% a/b"'])

    def test_pages(self):
        """Another folder: its listing is another test's."""
        for number in range(300):
            self.contact(JobTitle="Pager", GivenName="Pager %d" % number)
        self.assertEqual(len(os.listdir(self.path("contacts", "Contacts", "JobTitle eq 'Pager'"))), 300)
        self.assertEqual([(asked["$top"], asked["$skip"]) for asked in self.asked()], [("256", "0"), ("256", "256")])


class Requests(SearchTest):
    """How often the service is asked."""

    def test_one_set_of_requests(self):
        where = self.path("contacts", "Contacts", "startswith(GivenName,'G')")
        for command in (["ls", "-l", where], ["ls", "-lL", where], ["stat", where], ["grep", "-Rl", "Surname", where],
                        ["find", where], ["find", "-L", where], ["cp", "-rL", where, os.path.join(self.mailbox.dir, "copy")]):
            self.mailbox.run(command)
        self.assertEqual(len(self.asked()), 1)

    def test_those_at_the_same_time_share_it(self):
        where = self.path("mail", "Inbox", "subject:invoice")
        self.mailbox.fault(operation="GetEmails", delay=700)
        commands = [subprocess.Popen(["ls", where], stdout=subprocess.PIPE, text=True) for _ in range(6)]
        answers = {command.communicate(timeout=60)[0] for command in commands}
        self.assertEqual(len(answers), 1)
        self.assertTrue(answers.pop())
        self.assertEqual(len(self.asked()), 1)

    def test_a_place_sends_nothing(self):
        for where in ("", "mail", "mail/Inbox", "contacts/Contacts", "calendars", "local"):
            self.mailbox.run(["ls", "-la", self.path(where)])
        self.mailbox.run("cd %s && ls -d * .*" % self.path("mail", "Inbox"), check=False)
        self.mailbox.run(["bash", "-c", "compgen -f %s/fro" % self.path("mail", "Inbox")], check=False)
        self.assertEqual(self.asked(), [])

    def test_names_programs_look_for_are_no_queries(self):
        for name in (".git", ".hidden", ".Trash-0", ".editorconfig", "*"):
            self.assertErrno(errno.ENOENT, os.stat, self.path("mail", "Inbox", name))
            self.assertErrno(errno.ENOENT, os.stat, self.path("mail", name))
            self.assertErrno(errno.ENOENT, os.stat, self.path("local", name))
        self.assertErrno(errno.ENOENT, os.stat, self.path("contacts", "No such folder"))
        self.assertErrno(errno.ENOENT, os.stat, self.path("tasks"))
        self.assertEqual(self.asked(), [])

    def test_ctrl_c_ends_the_wait(self):
        self.mailbox.fault(operation="GetEmails", delay=3000)
        where = self.path("mail", "Inbox", "never")
        process = subprocess.Popen(["ls", where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=die_with_parent)
        wait_for(lambda: not self.mailbox.sandbox.control("GET", "/fault"), "the request is on its way")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), -signal.SIGINT)
        self.assertEqual(self.asked(), [])      # the service has not answered
        self.assertEqual(os.listdir(where), [])
        wait_for(lambda: len(self.asked()) == 2, "the first answer")

    def test_the_folder_by_its_id(self):
        id = self.mailbox.xattr("id", "contacts", "Contacts")
        self.assertEqual(self.ids("contacts", id, "startswith(GivenName,'J')"),
                         self.ids("contacts", "Contacts", "startswith(GivenName,'J')"))
        self.assertEqual(len(self.asked()), 1)
        self.assertEqual(self.mailbox.xattr("id", "search", "contacts", "Contacts"), id)


class Refusals(SearchTest):
    BAD = "bad eq 1"

    def test_a_query_the_service_refuses(self):
        """EINVAL, the reason to be read, one request."""
        where = self.path("contacts", "Contacts", self.BAD)
        done = self.mailbox.run(["ls", where], check=False)
        self.assertIn("Invalid argument", done.stderr)
        self.assertErrno(errno.EINVAL, os.listdir, where)
        self.assertErrno(errno.EINVAL, os.stat, os.path.join(where, "x.json"))
        reason = self.mailbox.xattr("error", "search", "contacts", "Contacts", self.BAD)
        self.assertIn("Could not find a property named 'bad'", reason)
        self.assertIn(reason, self.mailbox.log_tail())
        self.assertEqual(len(self.asked()), 1)

    def test_a_query_that_cannot_be_asked(self):
        for query, reason in (("x;orderby=Subject", "cannot order"), ("x;top=many", "number")):
            self.assertErrno(errno.EINVAL, os.listdir, self.path("mail", "Inbox", query))
            self.assertIn(reason, self.mailbox.xattr("error", "search", "mail", "Inbox", query))
        self.assertEqual(self.asked(), [])

    def test_a_failure_is_no_refusal(self):
        where = self.path("mail", "Inbox", "once denied")
        self.mailbox.fault(operation="GetEmails", status=403)
        self.assertErrno(errno.EACCES, os.stat, where)
        self.assertEqual(os.listdir(where), [])

    def test_links_stay(self):
        """rm -r of a search removes no record."""
        where = self.path("contacts", "Contacts", "startswith(GivenName,'G')")
        links = os.listdir(where)
        done = self.mailbox.run(["rm", "-rf", where], check=False)
        self.assertIn("Operation not permitted", done.stderr)
        self.assertIn("cannot be removed", self.mailbox.log_tail())
        self.assertErrno(errno.EPERM, os.rename, os.path.join(where, links[0]), os.path.join(where, "x.json"))
        self.assertErrno(errno.EPERM, os.symlink, "x", os.path.join(where, "x.json"))
        self.assertErrno(errno.EPERM, open, os.path.join(where, "x.json"), "w")
        self.assertErrno(errno.EPERM, os.mkdir, os.path.join(where, "x"))
        self.assertErrno(errno.EPERM, os.rename, where, where + "2")
        self.assertErrno(errno.EPERM, os.mkdir, self.path("mail", "Inbox", ".x"))
        self.assertErrno(errno.EPERM, os.mkdir, self.path("mail", ".x"))
        self.assertErrno(errno.EISDIR, open, where, "w")
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [])
        self.assertEqual(os.listdir(where), links)


class Records(SearchTest):
    """What is found is there under its own name."""
    OPTIONS = "list_ttl=3600,writeback_delay=0.2,mail_limit=5"

    def test_created_behind_a_complete_listing(self):
        known = self.mailbox.contacts()
        id = self.contact(CompanyName="Behind")
        self.assertFalse(os.path.exists(self.mailbox.path(CONTACTS, id + ".json")))
        self.assertEqual(self.ids("contacts", "Contacts", "CompanyName eq 'Behind'"), [id])
        mark = self.mailbox.mark()
        self.assertEqual(self.mailbox.json(CONTACTS, id + ".json")["CompanyName"], "Behind")
        self.assertEqual(self.mailbox.contacts(), sorted(known + [id + ".json"]))
        self.assertEqual(self.mailbox.requests(since=mark), [])

    def test_beyond_the_limit(self):
        old = self.mail(Subject="An old one", DateTimeReceived="2001-01-01T00:00:00+00:00")
        self.assertNotIn(old + ".json", os.listdir(self.mailbox.path(INBOX)))
        self.assertEqual(self.ids("mail", "Inbox", 'subject:"An old one"'), [old])
        self.assertEqual(self.mailbox.json(INBOX, old + ".json")["Subject"], "An old one")

    def test_saves_through_a_link(self):
        id = self.contact(CompanyName="Linked", HomePhones=[])
        link = self.path("contacts", "Contacts", "CompanyName eq 'Linked'", id + ".json")
        self.mailbox.run(["sed", "-i", "--follow-symlinks", 's/"NickName": .*/"NickName": "sed",/', link])
        self.mailbox.sync()
        with Terminal(["vim", "-N", "-u", "NONE", "-i", "NONE", "-c", '%s/"NickName": ".*"/"NickName": "vim"/', "-c", "wq",
                       link]) as vim:
            self.assertEqual(vim.wait(), 0)
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", id)] * 2)
        self.assertEqual(self.mailbox.record("contact", id)["NickName"], "vim")
        self.assertTrue(os.path.islink(link))

    def test_links_lead_to_the_name_somebody_gave(self):
        with open(self.mailbox.path(CONTACTS, "alias.json"), "w", encoding="utf-8") as file:
            json.dump({"GivenName": "Alias", "CompanyName": "Named", "HomePhones": []}, file)
        self.mailbox.sync()
        id = self.mailbox.xattr("id", CONTACTS, "alias.json")
        self.mailbox.shows(lambda contact: contact.get("Id") == id, CONTACTS, "alias.json")
        query = "CompanyName eq 'Named'"
        self.assertEqual(os.listdir(self.path("contacts", "Contacts", query)), ["Alias.json"])
        self.assertEqual(os.readlink(self.path("contacts", "Contacts", query, "Alias.json")),
                         "../../../../contacts/Contacts/alias.json")
        os.rename(self.mailbox.path(CONTACTS, "alias.json"), self.mailbox.path(CONTACTS, "other.json"))
        self.assertEqual(self.ids("contacts", "Contacts", query), [id])
        self.assertEqual(os.readlink(self.path("contacts", "Contacts", query, "Alias.json")),
                         "../../../../contacts/Contacts/other.json")
        os.unlink(self.mailbox.path(CONTACTS, "other.json"))
        self.assertEqual(os.listdir(self.path("contacts", "Contacts", query)), [])
        self.mailbox.sync()

    def test_names_are_those_of_views(self):
        names = sorted(os.listdir(self.path("contacts", "Contacts", "GivenName ne 'x'")))
        self.assertEqual(names, sorted(os.listdir(self.mailbox.path("views/contacts/Contacts/by-name"))))
        self.assertEqual(len(names), len(self.mailbox.contacts()))

    def test_words_in_a_folder(self):
        """Where nothing is compared, words are meant; what is cached is searched."""
        id = self.contact(CompanyName="Zwitscher AG")
        self.contact(CompanyName="Other")
        self.mail(Body="Zwitscher")
        self.mailbox.remount(fresh_cache=True)
        os.listdir(self.mailbox.path(INBOX))
        os.listdir(self.mailbox.path(CONTACTS))
        self.assertEqual(self.ids("contacts", "Contacts", "zwitscher"), [id])
        self.assertEqual(self.ids("contacts", "Contacts", "zwitscher;top=1"), [id])
        self.assertEqual(self.ids("calendars", "Calendar", "zwitscher"), [])
        self.assertEqual([line for line in self.mailbox.requests(since=self.mark) if "filter" in line["query"]], [])

    def test_sub_folders(self):
        self.assertIn(SUPPORT, os.listdir(self.path("mail")))
        id = self.mail("Inbox/Support", Subject="Deep")
        link = self.path("mail", SUPPORT, "subject:Deep", id + ".json")
        self.assertEqual(os.readlink(link), "../../../../mail/Inbox/Support/%s.json" % id)
        self.assertEqual(os.path.realpath(link), os.path.realpath(self.mailbox.path(INBOX, "Support", id + ".json")))
        with open(link, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["Subject"], "Deep")

    def test_links_work_from_anywhere(self):
        where = self.path("contacts", "Contacts", "startswith(GivenName,'G')")
        name = os.listdir(where)[0]
        self.assertIn("GivenName", self.mailbox.run(["cat", name], cwd=where).stdout)
        self.assertIn("GivenName", self.mailbox.run(["cat", os.path.relpath(os.path.join(where, name), "/")], cwd="/").stdout)


class Kept(SearchTest):
    QUERY = "startswith(GivenName,'G');top=3"

    def tearDown(self):
        for place in ("contacts/Contacts", "mail/Inbox", "local"):
            for name in os.listdir(self.path(place)):
                os.rmdir(self.path(place, name))

    def test_a_kept_search_survives_a_remount(self):
        where = self.path("contacts", "Contacts", self.QUERY)
        self.mailbox.run(["mkdir", where])
        self.mailbox.run(["mkdir", self.path("local", "some words")])
        found = self.ids("contacts", "Contacts", self.QUERY)
        self.mailbox.remount()
        os.listdir(self.mailbox.path("contacts"))
        mark = self.mailbox.mark()
        for _ in range(2):
            self.assertEqual(os.listdir(self.path("contacts", "Contacts")), [self.QUERY])
            self.mailbox.run(["ls", "-l", self.path("contacts", "Contacts"), self.path("local")])
            os.stat(where)
        self.assertEqual(os.listdir(self.path("local")), ["some words"])
        self.assertEqual(self.mailbox.requests(since=mark), [])
        self.assertEqual(self.ids("contacts", "Contacts", self.QUERY), found)
        self.assertEqual(len(self.mailbox.requests(since=mark)), 1)

    def test_rmdir_forgets_it(self):
        where = self.path("mail", "Inbox", "subject:invoice")
        os.mkdir(where)
        self.assertTrue(os.listdir(where))
        os.rmdir(where)
        self.assertEqual(os.listdir(self.path("mail", "Inbox")), [])
        self.assertErrno(errno.ENOENT, os.stat, where + ";pin")
        self.assertEqual(len(self.asked()), 1)
        os.rmdir(where)     # asks, and forgets the answer
        self.assertTrue(os.listdir(where))
        self.assertEqual(len(self.asked()), 3)

    def test_a_refused_query_is_not_kept(self):
        """The reason is in the log, and still to be read in the query's directory."""
        for pin in ("", ";pin"):
            self.assertErrno(errno.EINVAL, os.mkdir, self.path("contacts", "Contacts", "nosuch eq 1" + pin))
            self.assertErrno(errno.EINVAL, os.mkdir, self.path("mail", "Inbox", "x;orderby=From" + pin))
            self.assertErrno(errno.EINVAL, os.mkdir, self.path("local", "--" + pin))
        for place in ("contacts/Contacts", "mail/Inbox", "local"):
            self.assertEqual(os.listdir(self.path(place)), [])
        self.assertIn("there is no such search: there is no word in it", self.mailbox.log_tail())
        self.assertIn("no word", self.mailbox.xattr("error", "search", "local", "--"))
        self.assertEqual(len(self.asked()), 1)

    def test_mkdir_keeps_it(self):
        """Also of a query somebody has just looked into; the answer of then is taken."""
        where = self.path("contacts", "Contacts", self.QUERY)
        links = os.listdir(where)
        self.assertTrue(links)
        self.mailbox.run(["mkdir", where])
        self.assertErrno(errno.EEXIST, os.mkdir, where)
        self.assertIn("File exists", self.mailbox.run(["mkdir", where], check=False).stderr)
        self.mailbox.run(["mkdir", "-p", where])
        self.assertEqual(os.listdir(self.path("contacts", "Contacts")), [self.QUERY])
        self.assertEqual(os.listdir(where), links)
        self.assertEqual(len(self.asked()), 1)

    def test_mkdir_is_recognised_in_any_program(self):
        """A thread has a number of its own; mkdirat is another system call."""
        inbox, local = self.path("mail", "Inbox"), self.path("local")
        errors = []

        def make(path):
            try:
                os.mkdir(path)
            except OSError as error:
                errors.append(error)

        threads = [threading.Thread(target=make, args=(os.path.join(local, "word%d" % number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        self.assertEqual(sorted(os.listdir(local)), ["word%d" % number for number in range(8)])
        where = os.open(inbox, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.mkdir("subject:invoice", dir_fd=where)
        finally:
            os.close(where)
        self.mailbox.run(["install", "-d", os.path.join(inbox, "subject:lunch")])
        self.assertEqual(sorted(os.listdir(inbox)), ["subject:invoice", "subject:lunch"])
        self.assertEqual(len(self.asked("GetEmails")), 2)

    def test_others_see_it_while_it_is_made(self):
        where = self.path("mail", "Inbox", "subject:invoice")
        self.mailbox.fault(operation="GetEmails", delay=700)
        making = subprocess.Popen(["mkdir", where])
        looking = [subprocess.Popen(["ls", where], stdout=subprocess.PIPE, text=True) for _ in range(3)]
        answers = {process.communicate(timeout=60)[0] for process in looking}
        self.assertEqual(making.wait(60), 0)
        self.assertEqual([process.returncode for process in looking], [0] * 3)
        self.assertEqual(len(answers), 1)
        self.assertTrue(answers.pop())
        self.assertEqual(len(self.asked()), 1)

    def test_from_within(self):
        """Whoever is in the directory stays in it."""
        where = self.path("contacts", "Contacts", self.QUERY)
        done = self.mailbox.run('mkdir "%s" && ls && pwd -P' % where, cwd=where)
        self.assertEqual(done.stdout.splitlines()[-1], where)
        self.assertEqual(len(done.stdout.splitlines()), 4)

    def test_a_directory_in_a_query(self):
        where = self.path("mail", "Inbox", "subject:invoice")
        with self.assertRaises(OSError) as refused:
            os.mkdir(os.path.join(where, "x"))
        self.assertIn(refused.exception.errno, (errno.EPERM, errno.ENOENT))
        self.assertEqual(os.listdir(self.path("mail", "Inbox")), [])

    def test_the_form_that_needs_no_proc(self):
        where = self.path("contacts", "Contacts", self.QUERY)
        self.mailbox.run(["mkdir", where + ";pin"])
        self.mailbox.run(["mkdir", "-p", where + ";pin"])
        self.assertErrno(errno.EEXIST, os.mkdir, where + ";pin")
        self.assertErrno(errno.EEXIST, os.mkdir, where)
        self.assertEqual(os.listdir(self.path("contacts", "Contacts")), [self.QUERY])
        os.rmdir(where + ";pin")
        self.assertEqual(os.listdir(self.path("contacts", "Contacts")), [])


class ApartMailbox(Mailbox):
    """The mount lives in a pid namespace that none of its callers is in: it cannot tell who they are."""

    def command(self):
        return ["unshare", "--pid", "--fork", "--kill-child"] + super().command()


class PowerlessMailbox(Mailbox):
    """The mount may not look into processes that can do more than it, as an ordinary user's where Yama forbids to trace."""

    def command(self):
        return ["setpriv", "--bounding-set=-sys_ptrace"] + super().command()


class Unrecognised(unittest.TestCase):
    QUERY = "startswith(GivenName,'G');top=3"

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can make pid namespaces, and has capabilities to give up")

    def test_every_query_is_there(self):
        """So mkdir says that it exists, and ;pin keeps it."""
        with ApartMailbox(MountTest.build_dir, "contacts=25") as mailbox:
            where = mailbox.path(HOME, self.QUERY)
            self.assertIn("File exists", mailbox.run(["mkdir", where], check=False).stderr)
            self.assertEqual(os.listdir(mailbox.path(HOME)), [])
            mailbox.run(["mkdir", where + ";pin"])
            self.assertEqual(os.listdir(mailbox.path(HOME)), [self.QUERY])
            self.assertEqual(len(mailbox.requests("ContactGetItems")), 1)

    def test_a_mount_that_may_not_look(self):
        """mkdir(1) is known by its name."""
        with PowerlessMailbox(MountTest.build_dir, "contacts=25") as mailbox:
            where = mailbox.path(HOME, self.QUERY)
            with self.assertRaises(FileExistsError):
                os.mkdir(where)
            self.assertEqual(os.listdir(mailbox.path(HOME)), [])
            mailbox.run(["mkdir", where])
            mailbox.run(["mkdir", "-p", where])
            self.assertEqual(os.listdir(mailbox.path(HOME)), [self.QUERY])
            os.rmdir(where)
            os.mkdir(where + ";pin")
            self.assertEqual(os.listdir(mailbox.path(HOME)), [self.QUERY])

    def test_a_namespace_below_the_mount_is_recognised(self):
        with Mailbox(MountTest.build_dir, "contacts=25") as mailbox:
            mailbox.run(["unshare", "--pid", "--fork", "mkdir", mailbox.path(HOME, self.QUERY)])
            self.assertEqual(os.listdir(mailbox.path(HOME)), [self.QUERY])


class Local(SearchTest):
    def test_over_mail_contacts_and_events(self):
        contact = self.contact(CompanyName="Zwölfender")
        message = self.mail(Body="<p>A <b>Zwölfender</b></p>")
        event = self.mailbox.sandbox.create("event", {"Subject": "zwolfender", "Start": "2031-05-01T10:00:00+00:00",
                                                      "End": "2031-05-01T11:00:00+00:00"}, "Calendar")["Id"]
        for folder in ("contacts/Contacts", "mail/Inbox", "calendars/Calendar"):
            os.listdir(self.mailbox.path(folder))
        wait_for(lambda: len(os.listdir(self.path("local", "zwölfender"))) == 3, "all are cached")
        mark = self.mailbox.mark()
        links = sorted(os.listdir(self.path("local", "zwölfender")))
        self.assertEqual(links[1], "contacts-Ann Example.json")
        self.assertRegex(links[0], r"calendars-2031-05-01 \d{4} zwolfender.json")
        self.assertRegex(links[2], r"mail-.+ Found.*\.json")
        self.assertEqual(self.ids("local", "zwölfender"), sorted([contact, message, event]))
        found = self.mailbox.run(["grep", "-Rl", "Zwölfender", self.path("local", "zwölf*")]).stdout.splitlines()
        self.assertEqual(len(found), 2)
        self.assertEqual(self.mailbox.requests(since=mark), [])
        self.assertErrno(errno.EINVAL, os.listdir, self.path("local", "--"))
        self.assertErrno(errno.ENOENT, os.stat, self.path("local", "zwölfender", "mail-%s.json" % contact))


class Offline(ServiceTest):
    OPTIONS = "list_ttl=0,writeback_delay=600"

    def go_offline(self):
        self.stop_service()
        wait_for(lambda: self.mailbox.run(["ls", self.mailbox.path("search/mail/Inbox/%f" % os.times().elapsed)],
                                          check=False).returncode and not self.mailbox.status()["online"], "the mount notices")

    def test_a_known_result_stays(self):
        known = self.mailbox.path(HOME, "GivenName ne 'x'")
        links = os.listdir(known)
        self.assertTrue(links)
        self.mailbox.sandbox.create("message", {"Subject": "invoice"}, "Inbox")
        os.listdir(self.mailbox.path(INBOX))
        local = wait_for(lambda: os.listdir(self.mailbox.path("search/local/invoice")), "the message is cached")
        os.mkdir(self.mailbox.path(MAIL, "invoice;pin"))
        self.go_offline()
        self.assertEqual(os.listdir(known), links)
        self.assertIn("GivenName", self.mailbox.read(known, links[0]))
        self.assertErrno(errno.EHOSTUNREACH, os.listdir, self.mailbox.path(HOME, "GivenName ne 'y'"))
        self.assertEqual(os.listdir(self.mailbox.path("search/local/invoice")), local)
        self.assertEqual(os.listdir(self.mailbox.path(MAIL)), ["invoice"])
        self.mailbox.remount()
        self.assertEqual(os.listdir(self.mailbox.path(MAIL)), ["invoice"])
        self.assertErrno(errno.EHOSTUNREACH, os.listdir, self.mailbox.path(MAIL, "invoice"))
        self.assertEqual(sorted(os.listdir(self.mailbox.path("search/local/invoice"))), sorted(local))
        self.start_service()
        wait_for(lambda: self.mailbox.status()["online"], "the mount notices that it is back", 60)
        self.assertTrue(os.listdir(self.mailbox.path(MAIL, "invoice")))


if __name__ == "__main__":
    main()
