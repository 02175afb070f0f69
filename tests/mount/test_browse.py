"""Looking around: the tree, names, exact sizes, modes, extended attributes, times; what costs no request."""
import errno
import json
import os
import sqlite3
import stat
import tarfile
import tempfile
import unittest
from datetime import datetime

from both import over_both
from harness import Mailbox, MountTest, dataset_path, mail_path, main, wait_for

TOP = {".outlookfs", "calendars", "contacts", "mail"}


def walk(top, skip=()):
    """(path, is a directory) of everything below, symbolic links not followed."""
    for entry in sorted(os.scandir(top), key=lambda entry: entry.name):
        if entry.name in skip:
            continue
        yield entry.path, entry.is_dir(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from walk(entry.path)


def members(text):
    """The object with the order of its members."""
    return json.loads(text, object_pairs_hook=list)


def without(pairs, *names):
    return [pair for pair in pairs if pair[0] not in names]


class Browse(MountTest):
    SEED = "contacts=25,events=12,messages=40"

    def tables(self, dataset):
        answer = self.mailbox.sandbox.get("/datasets/%s/tables" % dataset)
        return {table["DisplayName"]: table["Name"] for table in answer.json()["value"]}

    def table_of(self, kind, folder):
        dataset = {"contacts": "contacts", "calendars": "calendars"}[kind]
        return self.tables(dataset)[folder]

    # --- tree and names

    def test_backup_programs_know_what_to_leave_out(self):
        backup = tempfile.TemporaryDirectory()
        self.addCleanup(backup.cleanup)
        archive = os.path.join(backup.name, "all.tar")
        self.mailbox.run(["tar", "-cf", archive, "--exclude-caches-all", "-C", self.mailbox.mountpoint, "."])
        with tarfile.open(archive) as tar:
            top = {name.split("/")[1] for name in tar.getnames() if "/" in name}
        self.assertTrue(TOP <= top)
        self.assertEqual(top & {"export", "search", "views"}, set())

    def test_the_tag_of_what_is_shown_twice(self):
        for name in ("export", "search", "views"):
            where = self.mailbox.path(name)
            tag = os.path.join(where, "CACHEDIR.TAG")
            self.assertEqual(os.listdir(where).count("CACHEDIR.TAG"), 1)
            with open(tag, "rb") as file:
                text = file.read()
            self.assertTrue(text.startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n"))
            self.assertEqual(os.stat(tag).st_size, len(text))
            self.assertEqual(stat.S_IMODE(os.stat(tag).st_mode), 0o400)
            with self.assertRaises(OSError) as refused:
                open(tag, "ab").close()
            self.assertEqual(refused.exception.errno, errno.EROFS)
            with self.assertRaises(OSError):
                os.unlink(tag)
        with open(self.mailbox.path("views/mail/.tag.tmp"), "w", encoding="ascii") as file:
            file.write("mine")
        with self.assertRaises(PermissionError):
            os.rename(self.mailbox.path("views/mail/.tag.tmp"), self.mailbox.path("views/CACHEDIR.TAG"))
        os.unlink(self.mailbox.path("views/mail/.tag.tmp"))
        for name in ("", "mail", "views/mail", "export/mail", "search/mail"):
            self.assertFalse(os.path.exists(self.mailbox.path(name, "CACHEDIR.TAG")), name)

    def test_folders(self):
        path = self.mailbox.path
        self.assertEqual(set(os.listdir(path("contacts"))), {"Contacts", "Customers%2FSuppliers"})
        self.assertEqual(set(os.listdir(path("calendars"))),
                         {"Calendar", "Birthdays", "Team: \"Köln%2FLyon\" & friends"})
        self.assertEqual(set(os.listdir(path("mail"))),
                         {"Inbox", "Drafts", "Sent Items", "Deleted Items", "Archive", "Junk Email",
                          "Projects 2026%2F2027"})

    def test_subfolder(self):
        self.assertIn("Support", os.listdir(self.mailbox.path("mail/Inbox")))
        ids = {record["Id"] for record in self.mailbox.sandbox.records("message")
               if record["Folder"].endswith("Support")}
        self.assertEqual({name[:-5] for name in os.listdir(self.mailbox.path("mail/Inbox/Support"))
                          if name.endswith(".json")}, ids)
        self.assertTrue(ids)

    def test_records_are_those_of_the_service(self):
        for kind, dataset, folder in (("contact", "contacts", "Contacts"), ("event", "calendars", "Calendar")):
            ids = {r["Id"] for r in self.mailbox.sandbox.records(kind, self.table_of(dataset, folder))}
            names = set(os.listdir(self.mailbox.path(dataset, folder)))
            self.assertEqual({name for name in names if not name.startswith(".")}, {id + ".json" for id in ids})

    def test_both_spellings_of_a_folder(self):
        for dataset, folder in (("contacts", "Contacts"), ("calendars", "Calendar")):
            table = self.table_of(dataset, folder)
            by_name, by_id = self.mailbox.path(dataset, folder), self.mailbox.path(dataset, table)
            self.assertEqual(os.stat(by_name).st_ino, os.stat(by_id).st_ino)
            self.assertEqual(sorted(os.listdir(by_name)), sorted(os.listdir(by_id)))
            self.assertNotIn(table, os.listdir(self.mailbox.path(dataset)))

    # --- content

    def test_text_is_the_object_of_the_service(self):
        for dataset, folder in (("contacts", "Contacts"), ("calendars", "Calendar")):
            table = self.table_of(dataset, folder)
            for name in os.listdir(self.mailbox.path(dataset, folder)):
                answer = self.mailbox.sandbox.get(dataset_path(dataset, table, name[:-5]))
                wanted = without(members(answer.body), "@odata.context")
                text = self.mailbox.read(dataset, folder, name)
                self.assertEqual(members(text), wanted)
                self.assertEqual(text, json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n")

    def test_a_message(self):
        words = {0: "Low", 1: "Normal", 2: "High"}
        inbox = [r for r in self.mailbox.sandbox.records("message") if r["Folder"] == "Inbox"]
        self.assertEqual(len(inbox), 40)
        for record in inbox:
            shown = self.mailbox.json("mail/Inbox", record["Id"] + ".json")
            self.assertEqual(shown["Importance"], words[record["Importance"]])
            for member in ("Id", "Subject", "Body", "From", "To", "IsRead", "DateTimeReceived", "HasAttachment"):
                self.assertEqual(shown[member], record[member], member)

    def test_attachments(self):
        seen = 0
        for record in self.mailbox.sandbox.records("message"):
            if record["Folder"] != "Inbox":
                continue
            directory = self.mailbox.path("mail/Inbox", record["Id"] + ".attachments")
            if not record["Attachments"]:
                self.assertErrno(errno.ENOENT, os.stat, directory)
                continue
            wanted = sorted(self.mailbox.sandbox.get(mail_path(record["Id"], attachment["Id"])).body
                            for attachment in record["Attachments"])
            found = []
            for name in os.listdir(directory):
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    found.append(file.read())
                self.assertEqual(os.stat(path).st_size, len(found[-1]))
                seen += 1
            self.assertEqual(sorted(found), wanted)
        self.assertGreaterEqual(seen, 4)

    def test_attachment_names(self):
        for record in self.mailbox.sandbox.records("message"):
            if record["Folder"] == "Inbox" and record["Attachments"]:
                names = os.listdir(self.mailbox.path("mail/Inbox", record["Id"] + ".attachments"))
                plain = [a["Name"] for a in record["Attachments"]]
                for name in plain:
                    if plain.count(name) == 1:
                        self.assertIn(name.replace("/", "%2F"), names)
                self.assertEqual(len(set(names)), len(plain))

    # --- attributes

    def test_modes_and_owner(self):
        export = self.mailbox.path("export")
        for path, is_dir in walk(self.mailbox.mountpoint, skip=(".outlookfs",)):
            mode = 0o777 if os.path.islink(path) else 0o700 if is_dir else 0o600
            constant = (path + "/").startswith(export + "/") or os.path.basename(path) == "CACHEDIR.TAG"
            self.assertMode(path, mode & 0o555 if constant else mode)
            self.assertEqual(os.lstat(path).st_uid, os.getuid(), path)
            self.assertEqual(stat.S_ISDIR(os.lstat(path).st_mode), is_dir)

    def test_time_is_the_service_s(self):
        for record in self.mailbox.records("contact", self.table_of("contacts", "Contacts")):
            modified = datetime.fromisoformat(record["DateTimeLastModified"]).timestamp()
            self.assertAlmostEqual(os.stat(self.mailbox.path("contacts/Contacts", record["Id"] + ".json")).st_mtime,
                                   modified, delta=0.001)
        for record in self.mailbox.sandbox.records("message"):
            if record["Folder"] == "Inbox":
                received = datetime.fromisoformat(record["DateTimeReceived"]).timestamp()
                self.assertAlmostEqual(os.stat(self.mailbox.path("mail/Inbox", record["Id"] + ".json")).st_mtime,
                                       received, delta=0.001)

    def test_statfs(self):
        fs = os.statvfs(self.mailbox.mountpoint)
        self.assertEqual(fs.f_namemax, 255)
        self.assertGreater(fs.f_blocks, 0)
        self.assertGreater(fs.f_bavail, 0)
        self.assertGreater(fs.f_bsize, 0)

    def test_type_of_the_mount(self):
        with open("/proc/self/mounts", encoding="utf-8") as file:
            line = next(line for line in file if line.split()[1] == self.mailbox.mountpoint)
        self.assertEqual(line.split()[2], "fuse.outlookfs")

    # --- status

    def test_status(self):
        queue = self.mailbox.status()["queue"]
        self.assertEqual({name: queue[name] for name in ("pending", "failed", "conflicts", "held")},
                         {"pending": 0, "failed": 0, "conflicts": 0, "held": 0})
        said = self.mailbox.run([self.mailbox.program, "status", "--json", self.mailbox.mountpoint]).stdout
        self.assertIn("queue", json.loads(said))
        self.assertTrue(self.mailbox.run([self.mailbox.program, "status", self.mailbox.mountpoint]).stdout.strip())


@over_both
class Look(MountTest):
    """What is the same whatever the service."""
    SEED = "contacts=25,events=12,messages=40"

    def test_top(self):
        self.assertTrue(TOP <= set(os.listdir(self.mailbox.mountpoint)))

    def test_what_is_not_there(self):
        for path in ("contacts/Nobody", "contacts/Contacts/nobody.json", "calendars/Calendar/nothing.json", "nothing",
                     "mail/Inbox/nothing.json"):
            self.assertErrno(errno.ENOENT, os.stat, self.mailbox.path(path))

    def test_size_is_what_is_read(self):
        files = 0
        for path, is_dir in walk(self.mailbox.mountpoint, skip=(".outlookfs",)):
            if is_dir:
                continue
            size = os.stat(path).st_size
            with open(path, "rb") as file:
                self.assertEqual(len(file.read()), size, path)
            self.assertEqual(os.stat(path).st_size, size, path)
            files += 1
        self.assertGreater(files, 25 + 12 + 40)

    def test_extended_attributes(self):
        name = self.mailbox.contacts()[0]
        record = self.mailbox.record("contact", name[:-5])
        self.assertEqual(self.mailbox.xattr("id", "contacts/Contacts", name), record["Id"])
        self.assertEqual(self.mailbox.xattr("state", "contacts/Contacts", name), "synced")
        path = self.mailbox.path("contacts/Contacts", name)
        self.assertIn("user.outlook.id", os.listxattr(path))
        self.assertErrno(errno.ENODATA, os.getxattr, path, "user.outlook.nothing")
        self.assertErrno(errno.ENODATA, os.getxattr, path, "user.outlook.error")

    def test_probes_of_desktops_cost_nothing(self):
        os.listdir(self.mailbox.path("contacts/Contacts"))
        os.listdir(self.mailbox.path("mail"))
        mark = self.mailbox.mark()
        for folder in ("", "contacts", "contacts/Contacts", "mail", "mail/Inbox"):
            for name in (".git", ".hidden", ".Trash-0", ".DS_Store", ".editorconfig"):
                self.assertErrno(errno.ENOENT, os.stat, self.mailbox.path(folder, name))
        self.assertErrno(errno.ENOENT, os.stat, self.mailbox.path("contacts/Contacts/absent.json"))
        os.statvfs(self.mailbox.mountpoint)
        os.stat(self.mailbox.mountpoint)
        for _, is_dir in walk(self.mailbox.path(".outlookfs")):
            pass
        self.mailbox.status()
        self.assertEqual(self.mailbox.requests(since=mark), [])

    def test_reading_again_costs_nothing(self):
        self.mailbox.run("cat %s/*.json > /dev/null" % self.mailbox.path("contacts/Contacts"))
        mark = self.mailbox.mark()
        self.mailbox.run("ls -l %s" % self.mailbox.path("contacts/Contacts"))
        self.mailbox.run("grep -r Contoso %s" % self.mailbox.path("contacts/Contacts"), check=False)
        self.assertEqual(self.mailbox.requests("ContactGetItem", since=mark), [])


@over_both
class Stable(MountTest):
    """Inode numbers, sizes, times and names do not depend on the mount, nor on what it remembers."""
    SEED = "contacts=25,events=12,messages=40"

    def picture(self, *skip):
        result = {}
        for path, is_dir in walk(self.mailbox.mountpoint, skip=(".outlookfs", *skip)):
            st = os.lstat(path)
            result[os.path.relpath(path, self.mailbox.mountpoint)] = (
                (st.st_ino,) if is_dir else (st.st_ino, os.readlink(path)) if stat.S_ISLNK(st.st_mode)
                else (st.st_ino, st.st_size, st.st_mtime_ns, st.st_mode))
        return result

    def test_after_a_remount(self):
        before = self.picture()
        self.mailbox.remount()
        self.assertEqual(self.picture(), before)
        before = self.picture("settings")   # the service gives no time for them
        self.mailbox.remount(fresh_state=True, fresh_cache=True)
        self.assertEqual(self.picture("settings"), before)


@over_both
class Changes(MountTest):
    """What other clients do appears."""
    SEED = "contacts=5,events=2,messages=3"
    OPTIONS = "list_ttl=0.2"

    def test_an_edit(self):
        name = self.mailbox.contacts()[0]
        self.mailbox.read("contacts/Contacts", name)
        self.mailbox.edit("contact", name[:-5], set={"CompanyName": "Tailspin Toys"})
        self.appears("contacts/Contacts", lambda: self.mailbox.json("contacts/Contacts", name)["CompanyName"]
                     == "Tailspin Toys")

    def test_a_deletion(self):
        name = self.mailbox.contacts()[1]
        self.mailbox.edit("contact", name[:-5], delete=True)
        self.appears("contacts/Contacts", lambda: not os.path.exists(self.mailbox.path("contacts/Contacts", name)))

    def test_a_name_that_has_gone_is_free(self):
        path = self.mailbox.path("contacts/Contacts", self.mailbox.contacts()[2])
        for _ in range(2):  # a name that is the id, and one that was given here
            kept = self.mailbox.read(path)  # the kernel knows the name
            id = os.getxattr(path, "user.outlook.id").decode()
            self.mailbox.edit("contact", id, delete=True)
            self.appears("contacts/Contacts", lambda: not os.path.exists(path))
            self.appears("contacts/Contacts", lambda: self.is_made(path, kept))
            self.mailbox.sync()
            self.assertNotEqual(os.getxattr(path, "user.outlook.id").decode(), id)

    @staticmethod
    def is_made(path, text):
        """A new file; False: there is one."""
        try:
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return False
        return True

    def test_a_new_one(self):
        before = set(self.mailbox.contacts())
        made = self.mailbox.create("contact", {"GivenName": "New", "HomePhones": []})
        self.appears("contacts/Contacts", lambda: set(self.mailbox.contacts()) == before | {made["Id"] + ".json"})
        self.assertEqual(self.mailbox.json("contacts/Contacts", made["Id"] + ".json")["GivenName"], "New")

    def appears(self, folder, predicate):
        def look():
            os.listdir(self.mailbox.path(folder))
            return predicate()

        wait_for(look, "seen in " + folder, 15)


@over_both
class ReadLater(MountTest):
    """
    What is opened has the bytes of that moment, whatever happens until it is read. Of a file that is opened to be read the kernel
    has them from then on; of one that is opened to be changed, too, they are still in the cache.
    """
    SEED = "contacts=10,events=0,messages=0"
    OPTIONS = "list_ttl=0.2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taken = set()

    def listed(self):
        """A file that nobody has opened, and the record's id."""
        path = next(self.mailbox.path("contacts/Contacts", name) for name in self.mailbox.contacts() if name not in self.taken)
        self.taken.add(os.path.basename(path))
        return path, os.getxattr(path, "user.outlook.id").decode()

    def opened(self, path, flags):
        fd = os.open(path, flags)
        self.addCleanup(os.close, fd)
        return fd, os.fstat(fd).st_size

    def becomes(self, predicate, what):
        wait_for(lambda: self.mailbox.contacts() and predicate(), what)

    def test_an_edit_before_the_first_read(self):
        self.edited(os.O_RDONLY)
        self.edited(os.O_RDWR)

    def edited(self, flags):
        path, id = self.listed()
        fd, size = self.opened(path, flags)
        etag = os.getxattr(path, "user.outlook.etag")
        self.mailbox.edit("contact", id, set={"CompanyName": "Tailspin Toys"})
        self.becomes(lambda: os.getxattr(path, "user.outlook.etag") != etag, "the edit is here")
        before = os.pread(fd, 1 << 20, 0).decode()
        self.assertEqual(len(before.encode()), size)
        self.assertNotIn("Tailspin Toys", before)
        self.assertEqual(self.mailbox.hear(json.loads(before))["Id"], id)
        self.assertEqual(self.mailbox.read(path), before)   # as long as it is open
        self.doCleanups()
        self.becomes(lambda: "Tailspin Toys" in self.mailbox.read(path), "the next open shows it")

    def test_a_deletion_before_the_first_read(self):
        self.deleted(os.O_RDONLY)
        self.deleted(os.O_RDWR)

    def deleted(self, flags):
        path, id = self.listed()
        fd, size = self.opened(path, flags)
        self.mailbox.edit("contact", id, delete=True)
        self.becomes(lambda: os.path.basename(path) not in self.mailbox.contacts(), "it has gone")
        text = os.pread(fd, 1 << 20, 0).decode()
        self.assertEqual((self.mailbox.hear(json.loads(text))["Id"], len(text.encode())), (id, size))

    def test_a_flipped_bit_before_the_first_read(self):
        path, id = self.listed()
        fd, size = self.opened(path, os.O_RDWR)
        self.damage(id)
        self.is_asked_for_again(path, id, fd, size)

    def test_a_flipped_bit_before_the_first_open(self):
        path, id = self.listed()
        self.damage(id)
        fd, size = self.opened(path, os.O_RDONLY)
        self.is_asked_for_again(path, id, fd, size)

    def test_a_flipped_bit_behind_the_first_open(self):
        path, id = self.listed()
        fd, size = self.opened(path, os.O_RDONLY)
        self.damage(id)
        self.assertEqual(len(os.pread(fd, 1 << 20, 0)), size)   # nobody was asked

    def damage(self, id):
        with sqlite3.connect(os.path.join(self.mailbox.cache_dir, "cache.db"), timeout=20) as db:
            db.execute("UPDATE texts SET text = zeroblob(40) WHERE seq = (SELECT seq FROM records WHERE id = ?)", (id,))
        db.close()

    def is_asked_for_again(self, path, id, fd, size):
        self.assertErrno(errno.EIO, os.pread, fd, 1 << 20, 0)
        self.assertIn("is damaged: it is asked for again", self.mailbox.log_tail())
        self.doCleanups()
        self.becomes(lambda: self.is_readable(path), "it is here again")
        text = self.mailbox.read(path)
        self.assertEqual((self.mailbox.hear(json.loads(text))["Id"], len(text.encode())), (id, size))

    def is_readable(self, path):
        """False: it has not come again, or the kernel has not reported the last close() of the damaged text."""
        try:
            return self.mailbox.read(path)
        except OSError:
            return False


class NoPicker(MountTest):
    """Where the service refuses the list of mail folders, the well-known ones are shown and others can be looked up."""
    SEED = "contacts=1,events=1,messages=5"
    SANDBOX_OPTIONS = ("--no-picker",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailbox.expected_violations = ("no such operation",)

    def test_well_known_folders(self):
        self.assertTrue({"Inbox", "Drafts", "Sent Items", "Deleted Items", "Archive", "Junk Email"}
                        <= set(os.listdir(self.mailbox.path("mail"))))
        self.assertEqual(len([n for n in os.listdir(self.mailbox.path("mail/Inbox")) if n.endswith(".json")]), 5)

    def test_a_folder_of_a_name(self):
        self.assertErrno(errno.ENOENT, os.stat, self.mailbox.path("mail/No Such Folder"))


class ReadOnly(MountTest):
    SEED = "contacts=3,events=1,messages=1"
    OPTIONS = "ro"

    def test_nothing_can_be_changed(self):
        name = self.mailbox.contacts()[0]
        path = self.mailbox.path("contacts/Contacts", name)
        self.assertErrno(errno.EROFS, open, path, "r+")
        self.assertErrno(errno.EROFS, os.unlink, path)
        self.assertErrno(errno.EROFS, open, self.mailbox.path("contacts/Contacts/x"), "w")
        self.assertTrue(self.mailbox.read("contacts/Contacts", name))
        self.assertEqual([w for w in self.mailbox.writes()], [])


class Refused(unittest.TestCase):
    """What the service cannot do fails early."""

    def test_what_mail_cannot(self):
        with Mailbox(MountTest.build_dir, seed="contacts=1,events=1,messages=3") as mailbox:
            inbox = mailbox.path("mail/Inbox")
            name = next(n for n in os.listdir(inbox) if n.endswith(".json"))

            def fails(wanted, function, *arguments):
                with self.assertRaises(OSError) as caught:
                    function(*arguments)
                self.assertEqual(caught.exception.errno, wanted, caught.exception)

            fails(errno.EPERM, os.mkdir, mailbox.path("mail/New Folder"))
            fails(errno.EPERM, os.mkdir, mailbox.path("contacts/New Folder"))
            fails(errno.EPERM, os.rmdir, mailbox.path("mail/Archive"))
            fails(errno.EPERM, os.rename, os.path.join(inbox, name), mailbox.path("mail/Archive", name))
            fails(errno.EPERM, os.link, os.path.join(inbox, name), os.path.join(inbox, "x"))
            for mail in ("mail/Drafts/x.json", "mail/Drafts/x.eml", "mail/Inbox/x.eml"):
                fails(errno.EPERM, open, mailbox.path(mail), "x")
            self.assertEqual([line for line in mailbox.requests() if line["method"] != "GET"], [])


if __name__ == "__main__":
    main()
