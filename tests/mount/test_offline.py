"""Without a connection: what was seen is shown, what was not fails at once, what is saved waits, and all goes on by itself."""
import errno
import glob
import json
import os
import signal
import subprocess
import time

from both import over_both
from harness import MountTest, die_with_parent, main, wait_for
from records import CONTACTS, INBOX, RecordTest, ServiceTest

HANG = 5        # s; promised are 0.1, but this machine may be busy
OTHER = "contacts/Customers%2FSuppliers"
NEW = '{"GivenName": "%s", "HomePhones": []}'


@over_both
class Offline(ServiceTest):
    SEED = "contacts=25,events=6,messages=12"
    OPTIONS = "writeback_delay=0.1,list_ttl=0.2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tops = [cls.mailbox.path(top) for top in ("mail", "calendars")]
        cls.folders = [os.path.join(top, name) for top in tops for name in os.listdir(top) if name != "Inbox"]

    def setUp(self):
        super().setUp()
        self.becomes(lambda: self.mailbox.status()["online"], "online at the start")
        self.count = len(self.mailbox.records("contact"))

    def go_offline(self):
        """The service is gone, and the mount knows."""
        self.stop_service()

        def known():
            """A listing that failed is not asked for again for a while: each time another one."""
            self.folders.append(self.folders.pop(0))
            try:
                os.listdir(self.folders[0])
            except OSError as error:
                self.assertEqual(error.errno, errno.EHOSTUNREACH)
            return not self.mailbox.status()["online"]

        self.becomes(known, "the mount notices")

    def go_online(self):
        self.start_service()
        self.becomes(lambda: self.mailbox.status()["online"], "the mount notices that it is back", 60)

    def delivered(self):
        """By itself: nobody asks."""
        self.becomes(lambda: self.mailbox.status()["queue"]["pending"] == 0, "delivered", 60)

    def quickly(self, function, *arguments):
        """Its answer, or the errno it failed with."""
        start = time.monotonic()
        try:
            answer = function(*arguments)
        except OSError as error:
            answer = error.errno
        self.assertLess(time.monotonic() - start, HANG)
        return answer

    def read_all(self, folder):
        return {name: self.mailbox.read(folder, name) for name in self.records_in(folder)}

    def operations(self):
        return [operation for operation, _ in self.mailbox.writes()]

    def test_what_was_seen_is_there(self):
        before = {folder: self.read_all(folder) for folder in (CONTACTS, INBOX)}
        sizes = {name: os.stat(self.path(name)) for name in before[CONTACTS]}
        self.go_offline()
        for folder in before:
            self.assertEqual(self.quickly(self.read_all, folder), before[folder])
        for name, st in sizes.items():
            now = os.stat(self.path(name))
            self.assertEqual((now.st_size, now.st_mtime_ns, now.st_ino), (st.st_size, st.st_mtime_ns, st.st_ino))

    def test_what_was_not_seen_fails_at_once(self):
        self.mailbox.remount(fresh_cache=True)
        self.mailbox.contacts()
        os.listdir(self.mailbox.path("mail"))
        os.listdir(self.mailbox.path("contacts"))
        self.go_offline()
        for _ in range(3):
            self.assertEqual(self.quickly(os.listdir, self.mailbox.path(INBOX)), errno.EHOSTUNREACH)
            self.assertEqual(self.quickly(os.listdir, self.mailbox.path(OTHER)), errno.EHOSTUNREACH)
        self.assertEqual(self.quickly(os.path.exists, self.path("no-such.json")), False)
        self.go_online()
        self.becomes(lambda: self.quickly(os.listdir, self.mailbox.path(INBOX)) != errno.EHOSTUNREACH, "mail again")
        self.assertEqual(len(self.records_in(INBOX)), len(self.mailbox.records("message", "Inbox")))

    def test_a_hundred_reads_are_one_failure(self):
        """Known-offline: the network is not tried for each access."""
        names = self.mailbox.contacts()
        self.go_offline()
        start = time.monotonic()
        for _ in range(4):
            for name in names:
                self.read(name)
            os.listdir(self.mailbox.path(CONTACTS))
        self.assertLess(time.monotonic() - start, HANG)

    def test_status_and_exit_codes(self):
        self.go_offline()
        self.save(NickName="waits")
        done = self.mailbox.tell()
        self.assertEqual(done.returncode, 2)
        text = done.stdout
        self.assertIn("offline", text)
        self.assertIn("1 waiting", text)
        self.assertIn(self.name, text)
        self.assertFalse(self.mailbox.status()["online"])
        done = self.mailbox.sync(1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("offline", done.stderr)
        self.assertIn("1 waiting", done.stderr)
        self.go_online()
        self.mailbox.sync()
        self.assertService(NickName="waits")

    def test_delivered_without_a_remount(self):
        """All kinds of changes, accepted at once, and sent when the service is there again."""
        other, gone = self.another(), self.another()
        message = self.message(read=False)
        removed = self.message(read=True)
        self.go_offline()
        new = self.save(NickName="offline")
        self.quickly(self.write, NEW % "Offline", self.path("offline.json"))
        self.mailbox.run(["sed", "-i", 's/"NickName": .*/"NickName": "sed",/', self.path(other)])
        os.unlink(self.path(gone))
        self.mailbox.run(["sed", "-i", 's/"IsRead": false/"IsRead": true/', self.mailbox.path(INBOX, message)])
        os.unlink(self.mailbox.path(INBOX, removed))
        self.assertEqual(self.read(), new)
        self.assertEqual(self.state(), "pending")
        self.assertEqual(self.read("offline.json"), self.mailbox.say(NEW % "Offline"))
        self.assertFalse(os.path.exists(self.path(gone)))
        self.assertEqual(self.mailbox.status()["queue"]["pending"], 6)
        self.go_online()
        self.delivered()
        self.assertService(NickName="offline")
        self.assertEqual(self.mailbox.record("contact", other[:-5])["NickName"], "sed")
        self.assertIsNone(self.mailbox.record("contact", gone[:-5]))
        self.assertEqual(self.mailbox.record("contact", self.mailbox.xattr("id", CONTACTS, "offline.json"))["GivenName"],
                         "Offline")
        self.assertTrue(self.mailbox.record("message", message[:-5])["IsRead"])
        self.assertNotIn(removed[:-5], [record["Id"] for record in self.mailbox.records("message", "Inbox")])
        self.assertEqual(sorted(self.operations()), sorted(["ContactPatchItem"] * 2 + ["ContactPostItem", "MarkAsRead",
                                                                                       "ContactDeleteItem", "DeleteEmail"]))
        self.assertEqual(len(self.mailbox.records("contact")), self.count)
        self.assertEqual(self.mailbox.status()["queue"]["failed"], 0)

    def test_fsync_succeeds(self):
        """The journal holds it; nobody waits ten seconds for a service that is known to be away."""
        self.go_offline()
        self.assertIsNone(self.quickly(self.fsync, self.edited(NickName="fsync")))
        self.go_online()
        self.delivered()
        self.assertService(NickName="fsync")

    def logged(self, text):
        return self.mailbox.log_tail(100000).count(text)

    def test_the_log_says_when(self):
        away, back = "cached records are shown, saved changes wait", "the service can be reached again"
        before = self.logged(away), self.logged(back)
        self.go_offline()
        self.becomes(lambda: self.logged(away) == before[0] + 1, "a line that it is away")
        self.go_online()
        self.becomes(lambda: self.logged(back) == before[1] + 1, "a line that it is back")

    def test_many_saves_are_one_change(self):
        self.go_offline()
        for number in range(5):
            self.save(NickName="save %d" % number)
        self.go_online()
        self.delivered()
        self.assertEqual(self.operations(), ["ContactPatchItem"])
        self.assertService(NickName="save 4")

    def test_created_and_removed_while_away(self):
        self.go_offline()
        self.write(NEW % "Never", self.path("never.json"))
        os.unlink(self.path("never.json"))
        self.assertEqual(self.mailbox.status()["queue"]["pending"], 0)
        self.go_online()
        self.delivered()
        self.assertEqual(self.operations(), [])

    def test_another_client_was_there_meanwhile(self):
        """Merged when it is back; a listing of now does not take the pending text away."""
        self.go_offline()
        new = self.save(NickName="mine")
        self.start_service()
        self.theirs(CompanyName="Theirs")
        self.assertEqual(self.read(), new)
        self.delivered()
        self.assertService(NickName="mine", CompanyName="Theirs")

    def test_across_a_remount(self):
        """Saved while offline, mounted again while offline: shown and sent later."""
        name = self.another()
        self.go_offline()
        new = self.save(NickName="kept")
        self.write(NEW % "Kept", self.path("kept.json"))
        os.unlink(self.path(name))
        self.mailbox.remount()
        wait_for(lambda: "offline" in self.mailbox.log_tail(), "it says so")    # after the mount answers
        self.assertFalse(self.mailbox.status()["online"])
        self.assertEqual(self.read(), new)
        self.assertEqual(self.read("kept.json"), self.mailbox.say(NEW % "Kept"))
        self.assertFalse(os.path.exists(self.path(name)))
        self.assertNotIn(name, self.mailbox.contacts())
        self.save(JobTitle="and more")
        self.go_online()
        self.delivered()
        self.assertService(NickName="kept", JobTitle="and more")
        self.assertIsNone(self.mailbox.record("contact", name[:-5]))
        self.assertEqual(sorted(self.operations()), ["ContactDeleteItem", "ContactPatchItem", "ContactPostItem"])

    def test_mount_and_umount_commands(self):
        """`mount` says that it is offline and succeeds; `umount` names what is left, and succeeds."""
        before = self.read_all(CONTACTS)
        self.mailbox.unmount()
        self.stop_service()
        command = [word for word in self.mailbox.command() if word != "-f"]
        self.addCleanup(self.ensure_mounted)
        done = self.mailbox.run(command, timeout=40)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("offline", done.stderr)
        self.assertEqual(self.read_all(CONTACTS), before)
        self.save(NickName="left")
        done = self.mailbox.run([self.mailbox.program, "umount", self.mailbox.mountpoint], timeout=40)
        self.assertIn("1 waiting", done.stdout)
        self.assertIn(self.mailbox.state_dir, done.stdout)
        self.assertFalse(os.path.ismount(self.mailbox.mountpoint))
        self.start_service()
        self.mailbox.mount()
        self.mailbox.sync()
        self.assertService(NickName="left")

    def ensure_mounted(self):
        """The class's mount, for the tests that follow."""
        if self.mailbox.process is None:
            self.mailbox.run([self.mailbox.program, "umount", self.mailbox.mountpoint], check=False)
            self.start_service()
            self.mailbox.mount()


class Silent(MountTest):
    """The service takes a request and says nothing. Graph takes four at a time, whether or not somebody still waits for them."""
    SEED = "contacts=5,events=3,messages=40"
    OPTIONS = "attachments_max=1"       # only the last one is kept
    SILENCE = 40000     # ms; a request gives up by itself after 30 s without a byte

    def setUp(self):
        self.addCleanup(self.mailbox.sandbox.clear_faults)

    def on_its_way(self, *commands):
        """One of them has asked, and the service is silent to each that asks."""
        for _ in commands:
            self.mailbox.fault(delay=self.SILENCE)
        processes = [subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
                     for words in commands]
        for process in processes:
            self.addCleanup(process.kill)
        wait_for(lambda: len(self.mailbox.sandbox.control("GET", "/fault")) < len(commands), "the request is on its way")
        return processes

    def interrupt(self, *commands):
        processes = self.on_its_way(*commands)
        self.assertIsNone(processes[0].poll())
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            self.assertEqual(process.wait(20), -signal.SIGINT)
        self.mailbox.sandbox.clear_faults()


@over_both
class SilentAboutFiles(Silent):
    def test_ctrl_c_ends_the_wait(self):
        inbox = self.mailbox.path(INBOX)
        mails = [name[:-5] for name in sorted(os.listdir(inbox)) if os.path.isdir(os.path.join(inbox, name[:-5] + ".attachments"))]
        gone, _ = [glob.glob(os.path.join(glob.escape(inbox), name + ".attachments", "*"))[0] for name in mails[:2]]
        for words in (["cp", gone, os.devnull], ["cat", self.mailbox.path("export", INBOX, mails[2] + ".eml")]):
            with self.subTest(words=words):
                self.interrupt(words)

    def test_ctrl_c_ends_the_wait_behind_another(self):
        """One asks, the other waits for its answer, and asks itself once the first is gone."""
        words = ["ls", self.mailbox.path("mail/Sent Items")]
        os.stat(words[1])
        self.interrupt(words, words)


class SilentAboutSaves(Silent):
    OPTIONS = "writeback_delay=600"

    def test_fsync_waits_ten_seconds(self):
        name = self.mailbox.contacts()[0]
        text = dict(self.mailbox.json(CONTACTS, name), NickName="patient")
        self.mailbox.fault(delay=self.SILENCE, count=0)
        start = time.monotonic()
        with open(self.mailbox.path(CONTACTS, name), "w", encoding="utf-8") as file:
            json.dump(text, file)
            file.flush()
            os.fsync(file.fileno())
        self.assertLess(time.monotonic() - start, 20)       # of the 30 after which the request fails
        self.assertEqual(self.mailbox.xattr("state", CONTACTS, name), "pending")
        self.mailbox.kill9()        # umount would wait, too
        self.mailbox.sandbox.clear_faults()
        self.mailbox.mount()


@over_both
class SilentAboutFolders(Silent):
    def test_ctrl_c_ends_the_wait(self):
        path = self.mailbox.path
        for top in ("mail", "contacts", "calendars"):
            os.listdir(path(top))
        for words in (["ls", path("mail/Archive")], ["ls", path("views/contacts/Contacts/by-name")], ["ls", path("calendars/Calendar")]):
            with self.subTest(words=words):
                self.interrupt(words)


class Limited(RecordTest):
    """A program that reads takes all calls of the minute but the last ones: those are for what is saved."""
    OPTIONS = "writeback_delay=1,rate=40"

    def test_what_is_saved_goes_first(self):
        program = subprocess.Popen(["sh", "-c", 'for i in $(seq 100); do ls "$0/startswith(Surname,\'x$i\')"; done',
                                    self.mailbox.path("search/contacts/Contacts")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            self.becomes(lambda: self.mailbox.status()["budget"]["waiting_seconds"] > 5, "the reader waits for the limit", 50)
            status = self.mailbox.run([self.mailbox.program, "status", self.mailbox.mountpoint]).stdout
            self.assertRegex(status, r"limit +1 requests wait for it, the first for another \d+ s")
            self.assertRegex(self.mailbox.log_tail(), r"the limit of calls a minute is reached: requests wait, 1 of them, the first for \d+ s")
            self.save(NickName="first")
            self.mailbox.sync()
            self.assertService(NickName="first")
            self.assertGreater(self.mailbox.status()["budget"]["waiting"], 0)
            self.assertIsNone(program.poll())
        finally:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            self.becomes(lambda: not self.runs(program.pid), "its children have ended, too")

    def runs(self, group):
        """Is anybody left of it who has files open?"""
        done = self.mailbox.run(["ps", "-eo", "pgid=,stat="]).stdout.splitlines()
        return any(line.split()[0] == str(group) and "Z" not in line for line in done)


if __name__ == "__main__":
    main()
