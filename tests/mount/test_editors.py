"""Programs that save: whatever they do with temporaries, backups and renames, the service sees one PATCH of the same record.

Each test edits a contact of its own, waits for the queue, and compares the whole record on the service with what it was: only
NickName and what the service keeps itself (its change key and times) may differ.
"""
import os
import re
import shutil
import tempfile

from both import over_both
from harness import MANAGED_CONTACT, MountTest, Nano, Terminal, main

FOLDER = "contacts/Contacts"


@over_both
class Editors(MountTest):
    SEED = "contacts=60,events=2,messages=2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unused = cls.mailbox.contacts()
        cls.outside = tempfile.mkdtemp(prefix="outlookfs-outside-")
        cls.addClassCleanup(shutil.rmtree, cls.outside)

    def setUp(self):
        self.name = self.unused.pop()
        self.key = self.name[:-5]
        self.folder = self.mailbox.path(FOLDER)
        self.file = self.mailbox.path(FOLDER, self.name)
        self.old = self.mailbox.read(FOLDER, self.name)
        self.before = self.mailbox.record("contact", self.key)
        self.count = len(self.mailbox.records("contact"))
        self.mark = self.mailbox.mark()

    def edited(self, nick):
        """The text with another NickName."""
        new, times = re.subn(self.mailbox.say(r'("NickName": )(null|"[^"]*")'), lambda m: m.group(1) + '"%s"' % nick, self.old)
        self.assertEqual(times, 1)
        return new

    def outside_file(self, text, name="new.json"):
        path = os.path.join(self.outside, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_program(self, *command, **more):
        return self.mailbox.run(list(command), **more)

    def assertOnePatch(self, nick, times=1, text=None):
        """The record is as before but for NickName, and so many PATCHes did it; the file is what was written."""
        self.mailbox.sync(None)  # another test's record may be parked
        self.assertEqual(self.mailbox.xattr("state", FOLDER, self.name), "synced")
        self.assertEqual(self.mailbox.writes(self.mark), [("ContactPatchItem", self.key)] * times)
        after = self.mailbox.record("contact", self.key)
        self.assertEqual(after["NickName"], nick)
        for member in self.before:
            if member not in MANAGED_CONTACT | {"NickName"}:
                self.assertEqual(after[member], self.before[member], member)
        self.assertEqual(set(after), set(self.before))
        self.assertEqual(len(self.mailbox.records("contact")), self.count)
        self.assertEqual(self.mailbox.read(FOLDER, self.name), text or self.edited(nick))

    # --- editors

    def vim(self, *commands, rc="NONE"):
        # By default vim makes no backups of what is below /tmp, where the mount is.
        arguments = [word for command in ("set backupskip=",) + commands for word in ("-c", command)]
        with Terminal(["vim", "-N", "-u", rc, "-i", "NONE"] + arguments + [self.file]) as terminal:
            self.assertEqual(terminal.wait(), 0)

    def substitute(self, nick):
        return self.mailbox.say("%%s/\"NickName\": .*/\"NickName\": \"%s\",/" % nick)

    def test_vim(self):
        self.vim(self.substitute("vim"), "wq")
        self.assertOnePatch("vim")

    def test_vim_as_configured(self):
        self.vim(self.substitute("debian"), "wq", rc="/etc/vim/vimrc" if os.path.exists("/etc/vim/vimrc") else "NONE")
        self.assertOnePatch("debian")

    def test_vim_twice(self):
        self.vim(self.substitute("first"), "w", self.substitute("second"), "wq")
        # vim fsyncs: each save is on the service when it returns.
        self.assertOnePatch("second", times=2)

    def test_vim_with_a_backup_kept(self):
        self.vim("set backup backupcopy=no", self.substitute("backup"), "wq")
        self.assertOnePatch("backup")
        self.assertEqual(self.mailbox.read(FOLDER, self.name + "~"), self.old)

    def test_vim_in_place(self):
        self.vim("set backupcopy=yes nowritebackup", self.substitute("in place"), "wq")
        self.assertOnePatch("in place")

    def test_vim_only_looks(self):
        self.vim("q")
        self.assertEqual(self.mailbox.writes(self.mark), [])

    def test_nano(self):
        with Nano(self.file) as nano:
            nano.replace(re.search(self.mailbox.say(r'"NickName": (null|"[^"]*")'), self.old).group(0), self.mailbox.say('"NickName": "nano"'))
            nano.write()
            nano.leave()
        self.assertOnePatch("nano")

    # --- a temporary is renamed over it

    def test_sed(self):
        self.run_program("sed", "-i", 's/"NickName": .*/"NickName": "sed",/', self.file)
        self.assertOnePatch("sed")

    def test_sed_with_a_backup(self):
        self.run_program("sed", "-i.bak", 's/"NickName": .*/"NickName": "sed.bak",/', self.file)
        self.assertOnePatch("sed.bak")
        self.assertEqual(self.mailbox.read(FOLDER, self.name + ".bak"), self.old)

    def test_perl(self):
        self.run_program("perl", "-i", "-pe", 's/"NickName": .*/"NickName": "perl",/', self.file)
        self.assertOnePatch("perl")

    def test_perl_with_a_backup(self):
        self.run_program("perl", "-i.orig", "-pe", 's/"NickName": .*/"NickName": "perl",/', self.file)
        self.assertOnePatch("perl")

    def test_jq_and_mv(self):
        self.mailbox.run("jq '.\"NickName\" = \"jq\"' '%s' > t && mv t '%s'" % (self.name, self.name), cwd=self.folder)
        self.assertOnePatch("jq")

    def test_jq_and_mv_of_a_json_name(self):
        self.mailbox.run("jq '.\"NickName\" = \"jq\"' '%s' > tmp.json && mv tmp.json '%s'" % (self.name, self.name),
                         cwd=self.folder)
        self.assertOnePatch("jq")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "tmp.json")))

    def test_python_temporary(self):
        temporary = self.file + ".tmp"
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(self.edited("replace"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.file)
        self.assertOnePatch("replace")

    def test_rsync(self):
        self.run_program("rsync", "-a", self.outside_file(self.edited("rsync"), self.name), self.folder + "/")
        self.assertOnePatch("rsync")
        again = self.run_program("rsync", "-a", "--itemize-changes", os.path.join(self.outside, self.name), self.folder + "/")
        self.assertEqual(again.stdout, "")

    def test_rsync_with_delayed_updates(self):
        self.run_program("rsync", "-a", "--delay-updates", self.outside_file(self.edited("late"), self.name), self.folder + "/")
        self.assertOnePatch("late")

    # --- in place

    def test_shell(self):
        self.mailbox.run("printf %%s \"$NEW\" > '%s'" % self.file, env=dict(os.environ, NEW=self.edited("shell")))
        self.assertOnePatch("shell")

    def test_shell_in_pieces(self):
        new = self.edited("pieces")
        middle = len(new) // 2
        self.mailbox.run(": > \"$F\"; printf %s \"$A\" >> \"$F\"; printf %s \"$B\" >> \"$F\"",
                         env=dict(os.environ, F=self.file, A=new[:middle], B=new[middle:]))
        self.assertOnePatch("pieces")

    def test_tee(self):
        with open(self.outside_file(self.edited("tee")), encoding="utf-8") as file:
            self.run_program("tee", self.file, stdin=file)
        self.assertOnePatch("tee")

    def test_cp(self):
        self.run_program("cp", self.outside_file(self.edited("cp")), self.file)
        self.assertOnePatch("cp")

    def test_cp_preserving(self):
        new = self.outside_file(self.edited("cp -p"))
        os.utime(new, (1000000000, 1000000000))
        self.run_program("cp", "-p", new, self.file)
        self.assertOnePatch("cp -p")
        self.assertEqual(os.stat(self.file).st_mtime, 1000000000)

    def test_python(self):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(self.edited("python"))
        self.assertOnePatch("python")

    def test_python_in_place(self):
        with open(self.file, "r+", encoding="utf-8") as file:
            file.write(self.edited("r+"))
            file.truncate()
        self.assertOnePatch("r+")

    def test_dd(self):
        self.run_program("dd", "if=" + self.outside_file(self.edited("dd")), "of=" + self.file, "bs=100")
        self.assertOnePatch("dd")

    def test_rsync_in_place(self):
        self.run_program("rsync", "-a", "--inplace", self.outside_file(self.edited("inplace"), self.name), self.folder + "/")
        self.assertOnePatch("inplace")

    # --- moved aside, or deleted and made anew

    def test_cp_with_a_backup(self):
        self.run_program("cp", "--backup=simple", self.outside_file(self.edited("cp -b")), self.file)
        self.assertOnePatch("cp -b")
        self.assertEqual(self.mailbox.read(FOLDER, self.name + "~"), self.old)

    def test_cp_removing_first(self):
        self.run_program("cp", "--remove-destination", self.outside_file(self.edited("remove")), self.file)
        self.assertOnePatch("remove")

    def test_mv_from_another_file_system(self):
        self.run_program("mv", self.outside_file(self.edited("mv")), self.file)
        self.assertOnePatch("mv")

    def test_mv_aside_and_back(self):
        self.mailbox.run("mv '%s' aside && cp aside back && sed -i 's/\"NickName\": .*/\"NickName\": \"aside\",/' back && "
                         "mv back '%s' && rm aside" % (self.name, self.name), cwd=self.folder)
        self.assertOnePatch("aside")

    def test_install(self):
        self.run_program("install", "-m", "600", self.outside_file(self.edited("install")), self.file)
        self.assertOnePatch("install")

    def test_tar(self):
        self.outside_file(self.edited("tar"), self.name)
        archive = os.path.join(self.outside, "a.tar")
        self.run_program("tar", "-C", self.outside, "-cf", archive, self.name)
        self.run_program("tar", "-C", self.folder, "-xf", archive)
        self.assertOnePatch("tar")

    def test_git_checkout(self):
        """A repository elsewhere over a folder of records."""
        git = ["git", "--git-dir", os.path.join(self.outside, "repository"), "--work-tree", self.folder]
        environment = dict(os.environ, GIT_AUTHOR_NAME="t", GIT_AUTHOR_EMAIL="t@example.com", GIT_COMMITTER_NAME="t",
                           GIT_COMMITTER_EMAIL="t@example.com", GIT_CONFIG_GLOBAL="/dev/null")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(self.edited("committed"))
        for words in (["init", "-q"], ["add", self.name], ["commit", "-qm", "old"]):
            self.run_program(*git, *words, cwd=self.folder, env=environment)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(self.edited("changed"))
        self.assertOnePatch("changed")
        self.run_program(*git, "checkout", "-q", "--", self.name, cwd=self.folder, env=environment)
        self.assertOnePatch("committed", times=2)

    # --- no change, no request

    def test_touch_chmod_and_the_same_text(self):
        self.run_program("touch", self.file)
        self.run_program("chmod", "640", self.file)
        self.assertMode(self.file, 0o640)
        with open(self.file, "r+", encoding="utf-8"):
            pass
        self.run_program("cp", self.outside_file(self.old), self.file)
        self.mailbox.sync(None)
        self.assertEqual(self.mailbox.writes(self.mark), [])

    def test_white_space_and_order_are_no_change(self):
        self.mailbox.run("jq -cS . '%s' > t && mv t '%s'" % (self.name, self.name), cwd=self.folder)
        self.mailbox.sync(None)
        self.assertEqual(self.mailbox.writes(self.mark), [])

    def test_saves_within_the_delay_are_one(self):
        for nick in ("a", "b", "c", "d"):
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(self.edited(nick))
        self.assertOnePatch("d")


@over_both
class Create(MountTest):
    """Making and removing."""
    SEED = "contacts=5,events=2,messages=3"

    def setUp(self):
        self.mark = self.mailbox.mark()
        self.folder = self.mailbox.path(FOLDER)
        self.count = len(self.mailbox.records("contact"))

    def written(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.mailbox.say(text))
        return path

    def operations(self):
        return [operation for operation, _ in self.mailbox.writes(self.mark)]

    def test_create_rename_and_remove(self):
        self.written("jane.json", '{"GivenName": "Jane", "HomePhones": []}')
        self.mailbox.sync()
        self.assertEqual(self.operations(), ["ContactPostItem"])
        id = self.mailbox.xattr("id", FOLDER, "jane.json")
        self.assertEqual(self.mailbox.record("contact", id)["GivenName"], "Jane")
        self.assertIn("jane.json", os.listdir(self.folder))
        self.assertEqual(os.stat(os.path.join(self.folder, id + ".json")).st_ino,
                         os.stat(os.path.join(self.folder, "jane.json")).st_ino)

        os.rename(os.path.join(self.folder, "jane.json"), os.path.join(self.folder, "j.json"))
        self.mailbox.sync()
        self.assertEqual(self.operations(), ["ContactPostItem"])
        self.assertEqual(self.mailbox.xattr("id", FOLDER, "j.json"), id)

        os.unlink(os.path.join(self.folder, "j.json"))
        self.mailbox.sync()
        self.assertEqual(self.operations(), ["ContactPostItem", "ContactDeleteItem"])
        self.assertIsNone(self.mailbox.record("contact", id))
        self.assertEqual([name for name in os.listdir(self.folder) if id in name or name == "j.json"], [])

    def test_gone_before_it_was_sent(self):
        path = self.written("short.json", '{"GivenName": "Short", "HomePhones": []}')
        os.unlink(path)
        self.mailbox.sync()
        self.assertEqual(self.operations(), [])

    def test_empty_and_half_files_are_not_sent(self):
        self.written("empty.json", "")
        self.written("half.json", '{"GivenName": "Ha')
        self.mailbox.sync()
        self.assertEqual(self.operations(), [])
        self.assertEqual(self.mailbox.read(FOLDER, "half.json"), self.mailbox.say('{"GivenName": "Ha'))
        self.written("half.json", '{"GivenName": "Half", "HomePhones": []}')
        self.mailbox.sync()
        self.assertEqual(self.operations(), ["ContactPostItem"])

    def test_what_can_never_be_json_is_refused(self):
        self.assertErrno(22, self.written, "bad.json", '{"GivenName": }')
        self.assertRegex(self.mailbox.xattr("error", FOLDER, "bad.json"), r"1:15")
        self.mailbox.sync()
        self.assertEqual(self.operations(), [])
        os.unlink(os.path.join(self.folder, "bad.json"))


class OtherKinds(MountTest):
    """Events and messages, as the connector has them."""
    SEED = "contacts=1,events=2,messages=3"

    def setUp(self):
        self.mark = self.mailbox.mark()

    def operations(self):
        return [operation for operation, _ in self.mailbox.writes(self.mark)]

    def test_an_event(self):
        path = self.mailbox.path("calendars/Calendar/lunch.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write('{"Subject": "Lunch", "Start": "2026-12-01T12:00:00Z", "End": "2026-12-01T13:00:00Z"}')
        self.mailbox.sync()
        self.assertEqual(self.operations(), ["CalendarPostItem"])
        record = self.mailbox.record("event", os.getxattr(path, "user.outlook.id").decode())
        self.assertEqual((record["Importance"], record["ShowAs"]), ("Normal", "Busy"))

    def test_mark_as_read_and_delete_a_message(self):
        inbox = self.mailbox.path("mail/Inbox")
        unread = [r for r in self.mailbox.sandbox.records("message") if r["Folder"] == "Inbox" and not r["IsRead"]]
        path = os.path.join(inbox, unread[0]["Id"] + ".json")
        self.mailbox.run(["sed", "-i", 's/"IsRead": false/"IsRead": true/', path])
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(self.mark), [("MarkAsRead", unread[0]["Id"])])
        self.assertTrue(self.mailbox.record("message", unread[0]["Id"])["IsRead"])
        os.unlink(path)
        self.mailbox.sync()
        self.assertEqual(self.operations(), ["MarkAsRead", "DeleteEmail"])

    def test_another_member_of_a_message(self):
        inbox = self.mailbox.path("mail/Inbox")
        name = next(n for n in os.listdir(inbox) if n.endswith(".json"))
        path = os.path.join(inbox, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()

        def change():
            with open(path, "w", encoding="utf-8") as file:
                file.write(re.sub(r'"Subject": ".*"', '"Subject": "Mine"', text))

        self.assertErrno(1, change)
        self.mailbox.sync()
        self.assertEqual(self.operations(), [])


@over_both
class Scratch(MountTest):
    """Every other name is a local file with all it takes."""
    SEED = "contacts=2"

    def test_scratch_files(self):
        mark = self.mailbox.mark()
        folder = self.mailbox.path(FOLDER)
        for name in (".contact.json.swp", "contact.json~", "4913", "#contact.json#", "sedAbCdEf", "notes.txt", ".x.json"):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("local")
            self.assertIn(name, os.listdir(folder))
            os.rename(path, path + ".2")
            os.chmod(path + ".2", 0o400)
            self.assertMode(path + ".2", 0o400)
            os.unlink(path + ".2")
        os.symlink("user@host.1", os.path.join(folder, ".#lock"))
        self.assertEqual(os.readlink(os.path.join(folder, ".#lock")), "user@host.1")
        os.mkdir(os.path.join(folder, ".git"))
        with open(os.path.join(folder, ".git", "x.json"), "w", encoding="utf-8") as file:
            file.write("not json at all")
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(mark), [])


if __name__ == "__main__":
    main()
