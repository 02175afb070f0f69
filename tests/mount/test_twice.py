"""Two saves in a row from one program: after the first is on the service, the program must not find that its file changed on
disk; and a backup that is restored twice is restored once.

Between the saves the record is sent, the service answers with its own version of it (another change key, other times) and the
folder is listed again.
"""
import json
import os
import re
import shutil
import tempfile

from both import over_both
from harness import MANAGED_CONTACT, Nano, Terminal, main, wait_for
from records import CALENDAR, CONTACTS, RecordTest, is_no_text, render


class Session(Terminal):
    def until(self, predicate, what, limit=20):
        """Lets the program write to its screen until something is the case."""
        wait_for(lambda: self._read(0) and predicate(), what, limit)

    def shows(self, *texts):
        """One of the texts has appeared behind what was expected before."""
        return any(self.screen.find(text.encode(), self.seen) >= 0 for text in texts)


class TwiceTest(RecordTest):
    OPTIONS = "writeback_delay=0.1,list_ttl=0.2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outside = tempfile.mkdtemp(prefix="outlookfs-outside-")
        cls.addClassCleanup(shutil.rmtree, cls.outside)

    def listed(self, folder=CONTACTS):
        """The folder has been asked for anew, and what came has been worked in: the next question was asked, too."""
        operation = "ContactGetItems" if folder == CONTACTS else "CalendarGetItems"
        mark = self.mailbox.mark()

        def look():
            os.listdir(self.mailbox.path(folder))
            return len(self.mailbox.requests(operation, since=mark)) >= 2

        self.becomes(look, "the folder is listed")

    def picture(self, path):
        st = os.stat(path)
        with open(path, encoding="utf-8") as file:
            return st.st_size, st.st_mtime_ns, st.st_ino, st.st_mode, file.read()


@over_both
class Twice(TwiceTest):
    """A contact, which the service stores as it was written."""

    def setUp(self):
        super().setUp()
        self.alias = self._testMethodName + ".json"     # which fits on a screen
        os.rename(self.file, self.path(self.alias))     # sends nothing
        self.file = self.path(self.alias)

    def sent(self, nick):
        """After a save: waits until it is on the service, and asserts that nobody can see that it went."""
        before = self.picture(self.file)
        self.becomes(lambda: self.mailbox.xattr("state", CONTACTS, self.alias) == "synced"
                     and self.mailbox.record("contact", self.key)["NickName"] == nick, "%s is on the service" % nick)
        self.listed()
        self.assertEqual(self.picture(self.file), before)
        self.assertIn(self.mailbox.say('"NickName": "%s"' % nick), before[4])

    def finished(self, nick):
        self.sent(nick)
        self.assertService(NickName=nick)
        self.assertEqual(self.writes(), [("ContactPatchItem", self.key)] * 2)

    def edit(self, nick):
        with open(self.file, encoding="utf-8") as file:
            return re.sub(self.mailbox.say('"NickName": .*'), self.mailbox.say('"NickName": "%s",' % nick), file.read())

    def test_vim(self):
        command = ["vim", "-N", "-u", "NONE", "-i", "NONE", "-c", "set backupskip=", self.alias]
        with Terminal(command, cwd=self.mailbox.path(CONTACTS)) as terminal:
            for nick in ("first", "second"):
                terminal.send(self.mailbox.say(':%%s/"NickName": .*/"NickName": "%s",/\r' % nick))
                terminal.send(":w\r")
                terminal.expect("B written")
                self.sent(nick)
            terminal.send(":q\r")
            self.assertEqual(terminal.wait(), 0)
            self.assertNotIn(b"changed", terminal.screen)
        self.finished("second")

    def test_nano(self):
        old = self.before["NickName"]
        old = "null" if old is None else '"%s"' % old
        with Nano(self.alias, cwd=self.mailbox.path(CONTACTS)) as nano:
            for nick in ("first", "second"):
                nano.replace(self.mailbox.say('"NickName": ' + old), self.mailbox.say('"NickName": "%s"' % nick))
                nano.write()
                self.sent(nick)
                old = '"%s"' % nick
            nano.leave()
        self.finished("second")

    def test_emacs(self):
        """A session on a terminal that a script types into. A question would stop it."""
        step = os.path.join(self.outside, "step")
        script = os.path.join(self.outside, "twice.el")
        self.write("""
(defun edit (nick)
  (goto-char (point-min))
  (re-search-forward "\\"NickName\\": .*")
  (replace-match (concat "\\"NickName\\": \\"" nick "\\",")))
(defun await (name)
  (while (not (file-exists-p (concat "%(step)s-" name))) (sleep-for 0.05)))
(setq inhibit-startup-screen t)
(setq backup-enable-predicate (lambda (name) t))        ; below /tmp, too
(find-file "%(file)s")
(edit "first")
(save-buffer)
(write-region "" nil "%(step)s-saved")
(await "sent")
(unless (verify-visited-file-modtime (current-buffer)) (kill-emacs 3))
(edit "second")
(save-buffer)
(kill-emacs 0)
""" % {"step": step, "file": self.file}, script)
        with Session(["emacs", "-nw", "-Q", "-l", script]) as terminal:
            terminal.until(lambda: os.path.exists(step + "-saved"), "the first save")
            self.sent("first")
            self.write("", step + "-sent")
            self.assertEqual(terminal.wait(), 0)
        self.finished("second")
        os.unlink(self.file + "~")                      # its backup, which stays here

    def gio(self, nick, *words):
        new = os.path.join(self.outside, "new")
        self.write(self.edit(nick), new)
        with open(new, encoding="utf-8") as file:
            return self.mailbox.run(["gio", "save", "--print-etag"] + list(words) + [self.file], stdin=file).stdout

    def test_gio(self):
        """What gedit and other GTK editors do: the second save is refused when the file is not the one of the first."""
        etag = re.search(r"[Ee]tag:? *(\S+)", self.gio("first")).group(1)
        self.sent("first")
        self.gio("second", "--etag", etag)
        self.finished("second")

    def test_qt(self):
        """QSaveFile: a temporary beside it, fsync, rename; the program remembers size and time."""
        for nick in ("first", "second"):
            text = self.edit(nick)
            fd, temporary = tempfile.mkstemp(prefix=self.alias + ".", dir=self.mailbox.path(CONTACTS))
            os.write(fd, text.encode())
            os.fsync(fd)
            os.fchmod(fd, 0o600)
            os.close(fd)
            os.rename(temporary, self.file)
            self.sent(nick)
        self.finished("second")

    def test_a_handle_that_stays_open(self):
        """A program that writes again through the same descriptor."""
        fd = os.open(self.file, os.O_RDWR)
        for nick in ("first", "second"):
            text = self.edit(nick).encode()
            os.pwrite(fd, text, 0)
            os.ftruncate(fd, len(text))
            os.fsync(fd)
            self.sent(nick)
            self.assertEqual(os.fstat(fd).st_size, len(text))
        os.close(fd)
        self.finished("second")


@over_both
class Normalised(TwiceTest):
    """An event whose times the service spells in its own way."""
    SEED = "contacts=1,events=8,messages=0"

    def setUp(self):
        self.addCleanup(self.mailbox.sandbox.clear_faults)
        self.name = self.take_event()
        self.key = self.name[:-5]
        self.file = self.mailbox.path(CALENDAR, self.name)
        self.mark = self.mailbox.mark()

    def another(self):
        return None

    @classmethod
    def take_event(cls):
        if "unused_events" not in vars(cls):
            cls.unused_events = cls.records_in(CALENDAR)
        return cls.unused_events.pop()

    def start(self):
        """Without an offset, as people write it."""
        return self.mailbox.json(CALENDAR, os.path.basename(self.file))["Start"][:19]

    def edit(self, subject):
        """The text with another subject, and the start in the user's spelling."""
        with open(self.file, encoding="utf-8") as file:
            return self.edited(file.read(), Subject=subject, Start=self.start())

    def on_service(self, subject):
        self.becomes(lambda: os.getxattr(self.file, "user.outlook.state") == b"synced"
                     and self.mailbox.record("event", self.key)["Subject"] == subject, "%s is on the service" % subject)

    def shows_the_service_s(self):
        """The file is the service's rendering, with its exact size."""
        start = self.mailbox.record("event", self.key)["Start"][:19]

        def same():
            with open(self.file, encoding="utf-8") as file:
                text = file.read()
            return start in text and '"%s"' % start not in text and os.stat(self.file).st_size == len(text.encode())

        self.becomes(same, "the service's own spelling")

    def test_the_file_shows_what_the_service_made_of_it(self):
        self.write(self.edit("one"), self.file)
        self.on_service("one")
        self.shows_the_service_s()
        self.write(self.edit("two"), self.file)
        self.on_service("two")
        self.shows_the_service_s()
        self.assertEqual(self.writes(), [("CalendarPatchItem", self.key)] * 2)

    def test_not_under_an_open_handle(self):
        """Whoever has it open goes on seeing, and changing, the bytes that were written."""
        new = self.edit("open")
        with open(self.file, "r+", encoding="utf-8") as file:
            file.write(new)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
            self.on_service("open")
            self.listed(CALENDAR)
            size = len(new.encode())
            self.assertEqual((os.fstat(file.fileno()).st_size, os.stat(self.file).st_size), (size, size))
            file.seek(0)
            self.assertEqual(file.read(), new)
            with open(self.file, encoding="utf-8") as other:
                self.assertEqual(other.read(), new)
            with open(self.file, "a", encoding="utf-8") as appender:
                appender.write("\n")
            file.seek(0)
            self.assertEqual(file.read(), new + "\n")
        self.shows_the_service_s()
        self.assertEqual(self.mailbox.record("event", self.key)["Subject"], "open")

    def test_an_editor_that_still_has_the_old_spelling(self):
        """It may ask, because the file did change; what is then written is merged, and nothing is lost."""
        os.rename(self.file, self.mailbox.path(CALENDAR, "vim.json"))
        self.file = self.mailbox.path(CALENDAR, "vim.json")
        with Session(["vim", "-N", "-u", "NONE", "-i", "NONE", "-c", "set backupskip=", "vim.json"],
                     cwd=self.mailbox.path(CALENDAR)) as terminal:
            terminal.send(':%%s/"%s[^"]*"/"%s"/\r' % (self.start(), self.start()))
            terminal.send(self.mailbox.say(':%s/"Subject": .*/"Subject": "vim",/\r'))
            terminal.send(":w\r")
            terminal.expect("B written")
            self.on_service("vim")
            self.shows_the_service_s()
            terminal.send(self.mailbox.say(':%s/"Subject": .*/"Subject": "vim again",/\r'))
            terminal.send(":w\r")
            terminal.until(lambda: terminal.shows("really want to write", "B written"), "the second save")
            if terminal.shows("really want to write"):      # it does if the time of change is another second
                terminal.send("y")
            terminal.expect("B written")
            terminal.send(":q\r")
            self.assertEqual(terminal.wait(), 0)
        self.on_service("vim again")
        self.shows_the_service_s()


@over_both
class Restore(TwiceTest):
    """rsync -a of a backup into the mount."""
    SEED = "contacts=12,events=6,messages=6"
    KINDS = {"ContactPatchItem": "contact", "CalendarPatchItem": "event"}
    MANAGED = MANAGED_CONTACT | {"OriginalStartTimeZone", "OriginalEndTimeZone"}    # of whoever set the time

    def rsync(self, source, target):
        """The files it transferred, or touched in any way."""
        done = self.mailbox.run(["rsync", "-a", "--itemize-changes", "--exclude=/.outlookfs", "--exclude=/views",
                                 "--exclude=/export", source + "/", target + "/"])
        return [line.split(None, 1)[1] for line in done.stdout.splitlines()]

    def all_records(self):
        return {(kind, record["Id"]): record for kind in ("contact", "event", "message")
                for record in self.mailbox.records(kind)}

    def assertSame(self, after, before):
        for member in before:
            if member not in self.MANAGED and not (is_no_text(after[member]) and is_no_text(before[member])):
                self.assertEqual(after[member], before[member], member)

    def test_twice(self):
        backup = os.path.join(self.outside, "backup")
        self.rsync(self.mailbox.mountpoint, backup)
        before = self.all_records()
        contacts, events = self.records_in(CONTACTS), self.records_in(CALENDAR)
        changed = [("contact", contacts[0], {"NickName": "x", "Profession": "longer than before"}),
                   ("contact", contacts[1], {"EmailAddresses": [], "BusinessPhones": ["+1 206 555 0100"]}),
                   ("event", events[0], {"Subject": "Moved", "Start": "2026-12-02T10:00:00+00:00",
                                         "End": "2026-12-02T11:00:00+00:00"}),
                   ("event", events[1], {"Importance": "High", "ShowAs": "Free", "Categories": ["Red"]})]
        for kind, name, members in changed:
            self.mailbox.edit(kind, name[:-5], set=members)
        folders = {"contact": CONTACTS, "event": CALENDAR}
        for folder in folders.values():
            self.listed(folder)
        self.becomes(lambda: all(self.mailbox.json(folders[kind], name)[member] == value for kind, name, members in changed
                                 for member, value in members.items()), "the changes are seen")
        self.mark = self.mailbox.mark()

        transferred = self.rsync(backup, self.mailbox.mountpoint)
        self.assertEqual(sorted(transferred), sorted(os.path.join(folders[kind], name) for kind, name, _ in changed))
        self.mailbox.sync()
        self.assertEqual(sorted((self.KINDS[operation], id + ".json") for operation, id in self.mailbox.writes(self.mark)),
                         sorted((kind, name) for kind, name, _ in changed))
        after = self.all_records()
        self.assertEqual(set(after), set(before))
        for key in before:
            self.assertSame(after[key], before[key])

        for folder in folders.values():
            self.listed(folder)
        mark = self.mailbox.mark()
        self.assertEqual(self.rsync(backup, self.mailbox.mountpoint), [])
        self.mailbox.remount()
        self.assertEqual(self.rsync(backup, self.mailbox.mountpoint), [])
        self.assertEqual(self.rsync(self.mailbox.mountpoint, backup), [])
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(mark), [])


if __name__ == "__main__":
    main()
