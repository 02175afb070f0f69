"""export/: the mailbox in the formats of other programs: the bytes, their sizes and times, what a look costs, and what cannot be
done. The programs themselves are in test_export_readers.py.
"""
import email
import email.policy
import errno
import glob
import mailbox as mailboxes
import os
import subprocess
import tempfile

from both import over_both
from harness import MountTest, main, wait_for
from records import ServiceTest
from test_attachments import attachment, create

SUFFIX = {"mail": ".eml", "contacts": ".vcf", "calendars": ".ics"}


def files_below(path):
    return sorted(os.path.join(where, name) for where, _, names in os.walk(path) for name in names)


def parse(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def read(path):
    with open(path, "rb") as file:
        return file.read()


@over_both
class Layout(MountTest):
    OPTIONS = "list_ttl=600"

    def folders(self, kind):
        """Of the original, below its kind."""
        where = self.mailbox.path(kind)
        return [os.path.relpath(path, where) for path, names, _ in os.walk(where)
                if path != where and not path.endswith(".attachments")]

    def test_the_same_names_as_in_the_originals(self):
        for kind, suffix in SUFFIX.items():
            for folder in self.folders(kind):
                originals = self.mailbox.path(kind, folder)
                wanted = {name[:-len(".json")] + suffix for name in os.listdir(originals) if name.endswith(".json")}
                below = {name for name in os.listdir(originals)
                         if os.path.isdir(os.path.join(originals, name)) and not name.endswith(".attachments")}
                wanted |= below | ({name + suffix for name in below} if kind == "contacts" else set())
                self.assertEqual(set(os.listdir(self.mailbox.path("export", kind, folder))), wanted, folder)

    def test_whole_files_lie_beside_the_folders(self):
        for kind in ("contacts", "calendars"):
            folders = {name for name in os.listdir(self.mailbox.path(kind))}
            self.assertEqual(set(os.listdir(self.mailbox.path("export", kind))),
                             folders | {name + SUFFIX[kind] for name in folders})
        self.assertEqual(set(os.listdir(self.mailbox.path("export/mail"))), set(os.listdir(self.mailbox.path("mail"))))

    def test_ids_of_folders_resolve(self):
        folder = self.mailbox.xattr("id", "contacts/Contacts")
        self.assertEqual(self.mailbox.xattr("id", "export/contacts/Contacts"), folder)
        self.assertEqual(os.stat(self.mailbox.path("export/contacts", folder)).st_ino,
                         os.stat(self.mailbox.path("export/contacts/Contacts")).st_ino)
        self.assertEqual(read(self.mailbox.path("export/contacts", folder + ".vcf")),
                         read(self.mailbox.path("export/contacts/Contacts.vcf")))
        for kind in SUFFIX:
            self.assertFalse(os.path.exists(self.mailbox.path("export", kind, "no-such" + SUFFIX[kind])))

    def test_every_size_is_what_is_read_and_every_time_the_record_s(self):
        files = [path for kind in SUFFIX for path in files_below(self.mailbox.path("export", kind))]
        self.assertGreater(len(files), 60)
        for path in files:
            before = os.stat(path)
            self.assertEqual(before.st_size, len(read(path)), path)
            self.assertEqual(os.stat(path), os.stat(path))
            self.assertGreater(before.st_size, 0, path)
            kind, folder = os.path.relpath(path, self.mailbox.path("export")).split("/")[:2]
            stem, suffix = os.path.splitext(os.path.relpath(path, self.mailbox.path("export", kind)))
            if os.path.exists(self.mailbox.path(kind, stem + ".json")):
                self.assertEqual(before.st_mtime_ns, os.stat(self.mailbox.path(kind, stem + ".json")).st_mtime_ns, path)
                self.assertEqual(os.getxattr(path, "user.outlook.id"), os.path.basename(stem).encode())
                self.assertEqual(os.getxattr(path, "user.outlook.state"), b"synced")
            else:
                newest = max((os.stat(p).st_mtime_ns for p in files_below(self.mailbox.path(kind, stem))), default=None)
                if newest is not None:
                    self.assertEqual(before.st_mtime_ns, newest, path)
            self.assertEqual(suffix, SUFFIX[kind])

    def test_whole_files_are_all_records(self):
        cards = read(self.mailbox.path("export/contacts/Contacts.vcf"))
        parts = [read(path) for path in files_below(self.mailbox.path("export/contacts/Contacts"))]
        self.assertEqual(cards, b"".join(parts))
        calendar = read(self.mailbox.path("export/calendars/Calendar.ics"))
        events = files_below(self.mailbox.path("export/calendars/Calendar"))
        self.assertEqual(calendar.count(b"BEGIN:VEVENT\r\n"), len(events))
        self.assertEqual(calendar.count(b"BEGIN:VCALENDAR\r\n"), 1)

    def test_a_second_backup_transfers_nothing(self):
        with tempfile.TemporaryDirectory() as to:
            def backup():
                done = self.mailbox.run(["rsync", "-a", "--out-format=%n", self.mailbox.path("export") + "/", to])
                return [name for name in done.stdout.splitlines() if not name.endswith("/")]

            self.assertEqual(len(backup()), len(files_below(self.mailbox.path("export"))))
            self.assertEqual(backup(), [])
            self.mailbox.remount()
            self.assertEqual(backup(), [])
            self.mailbox.remount(fresh_state=True, fresh_cache=True)
            self.assertEqual(backup(), [])
            self.mailbox.run(["diff", "-r", self.mailbox.path("export"), to])

    def test_nothing_can_be_written(self):
        folder = self.mailbox.path("export/contacts/Contacts")
        file = files_below(folder)[0]
        for path, mode in ((file, 0o400), (folder, 0o500), (folder + ".vcf", 0o400), (self.mailbox.path("export"), 0o500),
                           (self.mailbox.path("export/mail/Inbox/cur"), 0o500)):
            self.assertMode(path, mode)
        mark = self.mailbox.mark()
        refused = [(open, file, "a"), (open, file, "w"), (open, folder + ".vcf", "r+"), (open, folder + "/new.vcf", "w"),
                   (os.unlink, file), (os.rmdir, folder), (os.mkdir, folder + "/d"), (os.symlink, "x", folder + "/l"),
                   (os.truncate, file, 0), (os.chmod, file, 0o600), (os.utime, file), (os.rename, file, folder + "/x.vcf"),
                   (os.rename, file, self.mailbox.path("contacts/Contacts/x.txt")),
                   (os.mkdir, self.mailbox.path("export/x")), (os.mkdir, self.mailbox.path("export/mail/Inbox/tmp/x")),
                   (os.unlink, self.mailbox.path("export/calendars/Calendar.ics"))]
        if os.geteuid() == 0:
            for call, *arguments in refused:
                self.assertErrno(errno.EROFS, call, *arguments)
        else:  # the modes say so before the mount is asked
            for call, *arguments in refused:
                with self.assertRaises(OSError) as caught:
                    call(*arguments)
                self.assertIn(caught.exception.errno, (errno.EROFS, errno.EACCES))
        self.assertErrno(errno.EPERM, os.link, file, folder + "/x.vcf")
        self.assertEqual(self.mailbox.writes(mark), [])
        self.assertTrue(os.path.exists(file))


class Requests(MountTest):
    SEED = "contacts=30,events=10,messages=60"
    OPTIONS = "list_ttl=3600,attachments_max=1"

    def listing(self, path):
        self.mailbox.run(["ls", "-U", "--color=never", self.mailbox.path(path)])

    def test_what_a_look_costs(self):
        self.listing("mail/Inbox")
        mark = self.mailbox.mark()
        self.listing("export/mail/Inbox")
        self.listing("export/mail/Inbox/cur")
        self.assertEqual(self.mailbox.requests(since=mark), [], "names cost nothing")

        inbox = self.mailbox.path("mail/Inbox")
        plain = [n[:-5] for n in os.listdir(inbox) if n.endswith(".json")
                 and not os.path.exists(os.path.join(inbox, n[:-5] + ".attachments"))]
        mark = self.mailbox.mark()
        for id in plain:
            read(self.mailbox.path("export/mail/Inbox", id + ".eml"))
        self.assertEqual(self.mailbox.requests(since=mark), [], "a message without attachments costs nothing")

        files = [f for n in os.listdir(inbox) if n.endswith(".json")
                 for f in self.mailbox.json("mail/Inbox", n).get("Attachments") or []]
        self.assertGreater(len(files), 1)
        self.mailbox.run(["ls", "-l", self.mailbox.path("export/mail/Inbox")])
        self.assertEqual(len(self.mailbox.requests("GetAttachment", since=mark)), len(files))

        # The bytes were pushed out of the cache of one byte; the sizes are known, over a remount, too.
        self.mailbox.remount()
        mark = self.mailbox.mark()
        self.mailbox.run(["ls", "-l", self.mailbox.path("export/mail/Inbox")])
        self.mailbox.run(["ls", "-l", self.mailbox.path("export/mail/Inbox/cur")])
        self.assertEqual(self.mailbox.requests("GetAttachment", since=mark), [])

    def test_folders_and_whole_files(self):
        self.listing("contacts/Contacts")
        self.listing("contacts")
        mark = self.mailbox.mark()
        self.listing("export/contacts")
        self.listing("export/contacts/Contacts")
        read(self.mailbox.path("export/contacts/Contacts.vcf"))
        self.mailbox.run("grep -r Contoso '%s'" % self.mailbox.path("export/contacts/Contacts"), check=False)
        self.assertEqual(self.mailbox.requests(since=mark), [])

    def test_a_whole_file_lists_its_folder_first(self):
        calendar = next(name for name in os.listdir(self.mailbox.path("export/calendars")) if name.endswith(".ics"))
        mark = self.mailbox.mark()
        size = os.path.getsize(self.mailbox.path("export/calendars", calendar))
        asked = len(self.mailbox.requests("CalendarGetItems", since=mark))
        self.assertGreater(asked, 0)
        self.assertEqual(size, len(read(self.mailbox.path("export/calendars", calendar))))
        self.assertEqual(len(self.mailbox.requests("CalendarGetItems", since=mark)), asked)

    def test_probes_of_mail_readers_cost_nothing(self):
        self.listing("export/mail/Inbox")
        mark = self.mailbox.mark()
        for name in ("cur", "new", "tmp", "cur/x", "cur/short:2,S", "new/x", ".mh_sequences", ".mbsyncstate", "x.eml"):
            os.path.exists(self.mailbox.path("export/mail/Inbox", name))
        self.assertEqual(self.mailbox.requests(since=mark), [])


@over_both
class Messages(MountTest):
    SEED = "contacts=1,events=1,messages=30"
    OPTIONS = "list_ttl=0,writeback_delay=600"

    def path(self, id):
        return self.mailbox.path("export/mail/Inbox", id + ".eml")

    def maildir(self, folder="Inbox"):
        return mailboxes.Maildir(self.mailbox.path("export/mail", folder), factory=None, create=False)

    def test_attachments_are_in_the_message(self):
        contents = {"empty.bin": b"", "nul.bin": bytes(range(256)) * 5000, "text.txt": b"one\ntwo\r\nthree", "Grüße.pdf": b"%PDF-1.7"}
        id = create(self.mailbox, *(attachment(name, data) for name, data in contents.items()))
        self.assertEqual(os.path.getsize(self.path(id)), len(read(self.path(id))))
        parts = {part.get_filename(): part.get_payload(decode=True) for part in parse(read(self.path(id))).iter_attachments()}
        self.assertEqual(parts, contents)
        for name in contents:
            self.assertEqual(read(self.mailbox.path("mail/Inbox", id + ".attachments", name)), contents[name])

    def test_hostile_subjects(self):
        subjects = ["Line\r\nBcc: evil@example.com", "\n\nBody", "x" * 3000, "ünï 日本語 " * 40, "\x01\x02", "", "%s%n"]
        ids = [create(self.mailbox, Subject=subject) for subject in subjects]
        for id, subject in zip(ids, subjects):
            data = read(self.path(id))
            self.assertEqual(len(data), os.path.getsize(self.path(id)))
            message = parse(data)
            self.assertEqual(message["From"], "ann@fabrikam.com", subject)
            self.assertIsNone(message["Bcc"], subject)
            self.assertIn("See the files.", message.get_body().get_content(), subject)
            if subject.isprintable():
                self.assertEqual(str(message["Subject"] or "").split(), subject.split())

    def test_a_maildir(self):
        inbox = self.mailbox.path("export/mail/Inbox")
        self.assertEqual({"cur", "new", "tmp"} & set(os.listdir(inbox)), set())
        ids = {name[:-5]: self.mailbox.json("mail/Inbox", name) for name in os.listdir(self.mailbox.path("mail/Inbox"))
               if name.endswith(".json")}
        maildir = self.maildir()
        self.assertEqual(set(maildir.keys()), set(ids))
        for id, record in ids.items():
            message = maildir.get_message(id)
            self.assertEqual(message.get_flags(), "S" if record["IsRead"] else "")
            self.assertEqual(message.get_subdir(), "cur")
            self.assertEqual(maildir.get_bytes(id).replace(b"\r\n", b"\n"), read(self.path(id)).replace(b"\r\n", b"\n"))
        self.assertEqual({record["IsRead"] for record in ids.values()}, {True, False})
        self.assertEqual(os.listdir(os.path.join(inbox, "new")), [])
        self.assertEqual(os.listdir(os.path.join(inbox, "tmp")), [])
        self.assertFalse(os.path.exists(os.path.join(inbox, "new", next(iter(ids)) + ":2,")))

    def test_sub_folders(self):
        below = [path for path, _, _ in os.walk(self.mailbox.path("export/mail"))
                 if len(os.path.relpath(path, self.mailbox.path("export/mail")).split("/")) == 2]
        self.assertGreater(len(below), 0)
        for path in below:
            maildir = mailboxes.Maildir(path, factory=None, create=False)
            self.assertEqual(len(maildir), len([name for name in os.listdir(path) if name.endswith(".eml")]))

    def test_read_by_somebody_else(self):
        id = create(self.mailbox, IsRead=False)
        cur = self.mailbox.path("export/mail/Inbox/cur")
        self.assertIn(id + ":2,", os.listdir(cur))
        before = read(self.path(id))
        self.mailbox.edit("message", id, set={"IsRead": True})
        wait_for(lambda: id + ":2,S" in os.listdir(cur), "the flag")
        self.assertNotIn(id + ":2,", os.listdir(cur))
        self.assertEqual(read(os.path.join(cur, id + ":2,")), before, "a reader with the old name finds it")

    def test_the_time_of_cur_moves_with_what_happens(self):
        cur = self.mailbox.path("export/mail/Inbox/cur")
        os.listdir(cur)

        def moves(change, what):
            before = os.stat(cur).st_mtime_ns
            answer = change()
            wait_for(lambda: os.stat(cur).st_mtime_ns > before, what)
            return answer
        id = moves(lambda: create(self.mailbox, IsRead=False), "a new message")
        self.assertIn(id + ":2,", os.listdir(cur))
        moves(lambda: self.mailbox.edit("message", id, set={"IsRead": True}), "somebody has read it")
        moves(lambda: self.mailbox.edit("message", id, delete=True), "somebody has deleted it")

    def test_a_deleted_message_goes(self):
        id = create(self.mailbox)
        self.assertIn(id + ".eml", os.listdir(self.mailbox.path("export/mail/Inbox")))
        self.mailbox.edit("message", id, delete=True)
        wait_for(lambda: id + ".eml" not in os.listdir(self.mailbox.path("export/mail/Inbox")), "gone")
        wait_for(lambda: not os.path.exists(self.path(id)), "its name is gone, too")


@over_both
class Changes(MountTest):
    SEED = "contacts=6,events=6,messages=4"
    OPTIONS = "list_ttl=0,writeback_delay=600"

    def contact(self):
        return self.mailbox.contacts()[0][:-5]

    def card(self, id):
        return read(self.mailbox.path("export/contacts/Contacts", id + ".vcf"))

    def whole(self):
        return read(self.mailbox.path("export/contacts/Contacts.vcf"))

    def listed(self):
        """Looks at the folder as a person would, so that what is new comes in."""
        return os.listdir(self.mailbox.path("contacts/Contacts"))

    def test_another_clients_edit(self):
        id = self.contact()
        self.card(id)
        path = self.mailbox.path("export/contacts/Contacts", id + ".vcf")
        for text in (b"Short", b"A much longer nickname than before"):
            self.mailbox.edit("contact", id, set={"NickName": text.decode()})
            wait_for(lambda: self.listed() and text in self.card(id), "the edit in its file")
            self.assertEqual(os.path.getsize(path), len(self.card(id)))
            self.assertIn(text, self.whole())
            self.assertEqual(os.path.getsize(self.mailbox.path("export/contacts/Contacts.vcf")), len(self.whole()))

    def test_an_open_file_keeps_its_bytes(self):
        id = self.contact()
        path = self.mailbox.path("export/contacts/Contacts", id + ".vcf")
        with open(path, "rb") as file, open(self.mailbox.path("export/contacts/Contacts.vcf"), "rb") as whole:
            before, all_before = read(path), self.whole()
            self.mailbox.edit("contact", id, set={"NickName": "while it is open"})
            wait_for(lambda: self.listed() and b"while it is open" in read(self.mailbox.path("contacts/Contacts", id + ".json")), "the edit")
            self.assertEqual(file.read(), before)
            self.assertEqual(whole.read(), all_before)
        wait_for(lambda: b"while it is open" in self.card(id), "the edit in its file")
        wait_for(lambda: os.path.getsize(path) == len(self.card(id)), "its new size")
        wait_for(lambda: b"while it is open" in self.whole(), "the edit in the whole file")

    def test_new_and_deleted(self):
        id = self.mailbox.create("contact", {"GivenName": "Zoe", "Surname": "Newcomer"})["Id"]
        wait_for(lambda: b"Newcomer" in self.whole(), "the new one")
        self.assertIn(b"Newcomer", self.card(id))
        self.mailbox.edit("contact", id, delete=True)
        wait_for(lambda: b"Newcomer" not in self.whole(), "the whole file without it")
        wait_for(lambda: not os.path.exists(self.mailbox.path("export/contacts/Contacts", id + ".vcf")), "its name is gone")

    def test_what_waits_here_is_not_in_it(self):
        id = self.contact()
        file = self.mailbox.path("contacts/Contacts", id + ".json")
        before = self.card(id)
        text = self.mailbox.read("contacts/Contacts", id + ".json")
        with open(file, "w", encoding="utf-8") as out:
            out.write(text.replace(self.mailbox.say('"NickName": '), self.mailbox.say('"NickName": "not sent yet", "Title": '), 1))
        self.assertEqual(self.card(id), before)
        self.assertEqual(self.mailbox.xattr("state", "export/contacts/Contacts", id + ".vcf"), "pending")
        with open(self.mailbox.path("contacts/Contacts/new.json"), "w", encoding="utf-8") as out:
            out.write(self.mailbox.say('{"GivenName": "Not", "Surname": "Senthere"}'))
        self.assertNotIn(b"Senthere", self.whole())
        self.mailbox.sync()
        wait_for(lambda: b"Senthere" in self.whole(), "the new one")
        wait_for(lambda: b"not sent yet" in self.card(id), "the edit")

    def test_a_name_given_here_is_not_its_name_there(self):
        name = self.mailbox.contacts()[-1]
        os.rename(self.mailbox.path("contacts/Contacts", name), self.mailbox.path("contacts/Contacts/jane.json"))
        self.addCleanup(os.rename, self.mailbox.path("contacts/Contacts/jane.json"), self.mailbox.path("contacts/Contacts", name))
        self.assertIn(name[:-5] + ".vcf", os.listdir(self.mailbox.path("export/contacts/Contacts")))
        self.assertFalse(os.path.exists(self.mailbox.path("export/contacts/Contacts/jane.vcf")))


class Unusual(MountTest):
    """What Graph does not let another client make."""
    SEED = "contacts=1,events=6,messages=4"
    OPTIONS = "list_ttl=0"

    def test_a_large_one_is_streamed(self):
        data = os.urandom(1 << 20) * 20
        id = create(self.mailbox, attachment("big.bin", data))
        part = next(parse(read(self.mailbox.path("export/mail/Inbox", id + ".eml"))).iter_attachments())
        self.assertEqual(part.get_payload(decode=True), data)

    def test_an_event_without_a_start(self):
        folder = self.mailbox.path("export/calendars/Calendar")
        names = sorted(os.listdir(folder))
        id = names[0][:-4]
        self.mailbox.edit("event", id, set={"Start": "some day", "Subject": "Whenever"})

        def seen():
            os.listdir(self.mailbox.path("calendars/Calendar"))
            return b"Whenever" in read(self.mailbox.path("calendars/Calendar", id + ".json"))

        wait_for(seen, "the edit")
        path = os.path.join(folder, names[0])
        wait_for(lambda: os.path.getsize(path) == 0, "an empty file")
        self.assertErrno(errno.EIO, open, path, "rb")
        self.assertIn("no readable start", os.getxattr(path, "user.outlook.error").decode())
        whole = read(folder + ".ics")
        self.assertNotIn(b"Whenever", whole)
        self.assertEqual(whole.count(b"BEGIN:VEVENT"), len(names) - 1)
        self.assertEqual(whole.count(b"BEGIN:VEVENT"),
                         sum(read(os.path.join(folder, name)).count(b"BEGIN:VEVENT") for name in names[1:]))
        self.assertNotIn("error", "".join(os.listxattr(os.path.join(folder, names[1]))))


class Offline(ServiceTest):
    SEED = "contacts=5,events=4,messages=6"
    OPTIONS = "list_ttl=0"

    def test_from_the_cache(self):
        id = create(self.mailbox, attachment("seen.txt", b"seen"))
        other = create(self.mailbox, attachment("unseen.txt", b"unseen"))
        inbox = self.mailbox.path("export/mail/Inbox")
        path = os.path.join(inbox, id + ".eml")
        size = os.path.getsize(path)
        calendar = next(name for name in os.listdir(self.mailbox.path("export/calendars")) if name.endswith(".ics"))
        cards = read(self.mailbox.path("export/contacts/Contacts.vcf"))
        self.stop_service()
        self.assertErrno(errno.EHOSTUNREACH, os.stat, self.mailbox.path("export/calendars", calendar))
        self.assertErrno(errno.EHOSTUNREACH, os.stat, os.path.join(inbox, other + ".eml"))
        self.assertIn(other + ".eml", os.listdir(inbox))
        self.assertEqual(len(read(path)), size)
        self.assertEqual(read(self.mailbox.path("export/contacts/Contacts.vcf")), cards)
        for name in glob.glob(self.mailbox.path("export/contacts/Contacts/*")):
            self.assertIn(read(name), cards)
        self.start_service()
        wait_for(lambda: os.path.exists(os.path.join(inbox, other + ".eml")), "the service is back")


class Whole(MountTest):
    SEED = "contacts=400,events=200,messages=1"
    OPTIONS = "list_ttl=600"

    def test_readers_at_the_same_time(self):
        path = self.mailbox.path("export/contacts/Contacts.vcf")
        readers = [subprocess.Popen(["md5sum", path], stdout=subprocess.PIPE) for _ in range(6)]
        sums = {reader.communicate(timeout=60)[0] for reader in readers}
        self.assertEqual(len(sums), 1)
        self.assertTrue(sums.pop())
        self.assertEqual(read(path).count(b"BEGIN:VCARD\r\n"), len(self.mailbox.contacts()))


if __name__ == "__main__":
    main()
