"""Triggers: definitions, streams and what follows them, over a real mount."""
import errno
import json
import os
import random
import select
import stat
import subprocess
import threading
import time

from harness import MountTest, die_with_parent, main, wait_for

FAST = ("--retry-after", "1")
POLL_LIMIT = 20                 # s: two polls and some, on a busy machine


class TriggerTest(MountTest):
    SEED = "contacts=0,events=4,messages=5"
    OPTIONS = "list_ttl=3600,poll_min=1"
    SANDBOX_OPTIONS = FAST

    def tearDown(self):
        self.mailbox.sandbox.clear_faults()
        for name in os.listdir(self.path()):
            if name.endswith(".json"):
                os.unlink(self.path(name))
        for name in os.listdir(self.path()):
            os.unlink(self.path(name))

    def path(self, name=""):
        return self.mailbox.path("triggers", name)

    def define(self, name, **members):
        """Returns when the baseline is set."""
        mark = self.mailbox.mark()
        with open(self.path(name + ".json"), "w", encoding="utf-8") as file:
            json.dump(members, file)
        self.await_poll(members["Trigger"], mark)

    def await_poll(self, operation, mark):
        wait_for(lambda: self.mailbox.requests(operation, since=mark), "a call of " + operation, POLL_LIMIT)

    def lines(self, name):
        with open(self.path(name + ".jsonl"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def await_lines(self, name, count, limit=POLL_LIMIT):
        wait_for(lambda: len(self.lines(name)) >= count, lambda: "%d lines; %r" % (count, self.lines(name)), limit)
        return self.lines(name)

    def mail(self, subject, folder=None, **members):
        return self.mailbox.sandbox.create("message", dict(members, Subject=subject), folder)

    def await_watcher(self, process, name):
        """From then on it prints what comes."""
        def opened():
            fds = "/proc/%d/fd" % process.pid
            try:
                return any(os.readlink(os.path.join(fds, fd)) == self.path(name + ".jsonl") for fd in os.listdir(fds))
            except FileNotFoundError:                       # it closed one meanwhile
                return False

        wait_for(opened, "the stream is followed")

    def event(self, subject, **members):
        return self.mailbox.sandbox.create("event", dict(
            {"Subject": subject, "Start": "2031-05-01T10:00:00+00:00", "End": "2031-05-01T11:00:00+00:00"}, **members),
            "Calendar")


class Definitions(TriggerTest):
    def refused(self, text, reason):
        """EINVAL at close, the reason in the attribute, and no call."""
        mark = self.mailbox.mark()
        fd = os.open(self.path("bad.json"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(fd, text.encode())
        self.assertErrno(errno.EINVAL, os.close, fd)
        self.assertIn(reason, self.mailbox.xattr("error", "triggers", "bad.json"))
        self.assertEqual(self.mailbox.xattr("state", "triggers", "bad.json"), "draft")
        self.assertEqual(self.mailbox.read("triggers", "bad.json"), text)
        os.unlink(self.path("bad.json"))
        self.assertEqual([line for line in self.mailbox.requests(since=mark) if line["operation"].startswith("On")], [])

    def test_what_is_wrong_is_said_at_close(self):
        self.refused('{"Trigger": "OnOldEmail"}', "Trigger: must be OnNewEmail")
        self.refused('{"folderPath": "Inbox"}', "Trigger: must be")
        self.refused('{"Trigger": "OnNewEmail", "folder": "Inbox"}', "folder: OnNewEmail has no such member")
        self.refused('{"Trigger": "OnNewEmail", "from": ["a"]}', "from: must be a string")
        self.refused('{"Trigger": "OnNewEmail", "importance": "high"}', "importance: must be Any, Low, Normal or High")
        self.refused('{"Trigger": "OnNewEmail", "includeAttachments": "yes"}', "includeAttachments: must be true or false")
        self.refused('{"Trigger": "OnUpcomingEvents"}', "table: is missing")
        self.refused('{"Trigger": "OnUpcomingEvents", "table": "Calendar", "lookAheadTimeInMinutes": 1.5}',
                     "lookAheadTimeInMinutes: must be a whole number")
        self.refused('{"Trigger": "CalendarGetOnNewItems", "table": "Nowhere"}', "table: there is no calendar Nowhere")
        self.refused('{"Trigger": "OnNewEmail"}}', "1:26")

    def test_a_draft_is_no_error(self):
        with open(self.path("draft.json"), "w", encoding="utf-8") as file:
            file.write('{"Trigger": "OnNew')
        self.assertEqual(self.mailbox.xattr("state", "triggers", "draft.json"), "draft")
        self.assertEqual(self.mailbox.xattr("error", "triggers", "draft.json"), "1:19: the text is not complete")
        self.assertNotIn("draft.jsonl", os.listdir(self.path()))

    def test_a_wrong_change_leaves_what_was_in_force(self):
        self.define("kept", Trigger="OnNewEmail")
        fd = os.open(self.path("kept.json"), os.O_WRONLY | os.O_TRUNC)
        os.write(fd, b'{"Trigger": "OnNewEmail", "x": 1}')
        self.assertErrno(errno.EINVAL, os.close, fd)
        self.mail("still")
        self.assertEqual([line["Subject"] for line in self.await_lines("kept", 1)], ["still"])

    def test_temporary_and_rename(self):
        with open(self.path("tmp.part"), "w", encoding="utf-8") as file:
            json.dump({"Trigger": "OnNewEmail"}, file)
        self.assertEqual(self.mailbox.xattr("state", "triggers", "tmp.part"), "local")
        mark = self.mailbox.mark()
        os.rename(self.path("tmp.part"), self.path("moved.json"))
        self.await_poll("OnNewEmail", mark)
        with open(self.path("tmp.part"), "w", encoding="utf-8") as file:
            file.write('{"Trigger": 1}')
        self.assertErrno(errno.EINVAL, os.rename, self.path("tmp.part"), self.path("moved.json"))
        self.assertEqual(self.mailbox.json("triggers", "moved.json"), {"Trigger": "OnNewEmail"})
        wait_for(lambda: self.mailbox.xattr("state", "triggers", "moved.json") == "active", "active")

    def test_saving_the_same_goes_on_and_a_change_starts_afresh(self):
        self.define("same", Trigger="OnNewEmail")
        mark = self.mailbox.mark()
        self.mailbox.run(["sed", "-i", "s/$/  /", self.path("same.json")])
        os.rename(self.path("same.json"), self.path("same.json~"))
        self.mailbox.run(["cp", self.path("same.json~"), self.path("same.json")])
        self.await_poll("OnNewEmail", mark)
        self.assertIn("LastPollInformation", self.mailbox.requests("OnNewEmail", since=mark)[0]["query"])
        mark = self.mailbox.mark()
        self.define("same", Trigger="OnNewEmail", subjectFilter="x")
        self.assertNotIn("LastPollInformation", self.mailbox.requests("OnNewEmail", since=mark)[0]["query"])

    def test_removing_stops_it(self):
        self.define("gone", Trigger="OnNewEmail")
        os.unlink(self.path("gone.json"))
        self.assertEqual(os.listdir(self.path()), ["gone.jsonl"])
        self.assertEqual(self.mailbox.xattr("state", "triggers", "gone.jsonl"), "stopped")
        self.define("other", Trigger="OnUpcomingEvents", table="Calendar", lookAheadTimeInMinutes=30)
        mark = self.mailbox.mark()
        wait_for(lambda: len(self.mailbox.requests("OnUpcomingEvents", since=mark)) >= 3, "three calls of another", 3 * POLL_LIMIT)
        self.assertEqual(self.mailbox.requests("OnNewEmail", since=mark), [])
        os.unlink(self.path("other.json"))
        os.unlink(self.path("other.jsonl"))
        os.unlink(self.path("gone.jsonl"))
        self.assertEqual(os.listdir(self.path()), [])

    def test_a_renamed_trigger_keeps_its_stream(self):
        self.define("before", Trigger="OnNewEmail")
        self.mail("for the first name")
        self.await_lines("before", 1)
        os.rename(self.path("before.json"), self.path("after.json"))
        self.assertEqual(sorted(os.listdir(self.path())), ["after.json", "after.jsonl"])
        self.mail("for the second")
        self.assertEqual([line["Subject"] for line in self.await_lines("after", 2)], ["for the first name", "for the second"])

    def test_streams_are_the_mounts(self):
        self.define("own", Trigger="OnNewEmail")
        self.assertErrno(errno.EACCES, os.open, self.path("own.jsonl"), os.O_WRONLY)
        self.assertErrno(errno.EPERM, os.rename, self.path("own.jsonl"), self.path("other"))
        self.assertErrno(errno.EPERM, os.open, self.path("new.jsonl"), os.O_WRONLY | os.O_CREAT)
        self.assertMode(self.path("own.jsonl"), 0o400)

    def test_the_status_lists_them(self):
        self.define("listed", Trigger="OnNewEmail")
        wait_for(lambda: self.mailbox.xattr("state", "triggers", "listed.json") == "active", "active")
        listed, = [t for t in self.mailbox.status()["triggers"] if t["path"] == "triggers/listed.json"]
        self.assertEqual((listed["state"], listed["items"]), ("active", 0))
        self.assertLessEqual(listed["next_seconds"], 5)

    def test_active_only_from_the_baseline_on(self):
        self.mailbox.fault(operation="OnNewEmail", count=2, status=503)
        self.define("late", Trigger="OnNewEmail")
        self.assertEqual(self.mailbox.xattr("state", "triggers", "late.json"), "starting")
        wait_for(lambda: self.mailbox.xattr("state", "triggers", "late.json") == "active", "active")
        self.mail("after the baseline")
        self.assertEqual([line["Subject"] for line in self.await_lines("late", 1)], ["after the baseline"])

    def test_what_the_service_refuses_is_said(self):
        self.mailbox.fault(operation="OnNewEmail", count=1, status=400)
        self.define("refused", Trigger="OnNewEmail")
        wait_for(lambda: self.mailbox.xattr("state", "triggers", "refused.json") == "failed", "failed")
        self.assertIn("400", self.mailbox.xattr("error", "triggers", "refused.json"))


class Streams(TriggerTest):
    def names_of_listings(self, mark):
        return [line["operation"] for line in self.mailbox.requests(since=mark)
                if line["operation"] in ("GetEmails", "GetEmail", "CalendarGetItems", "CalendarGetItem")]

    def test_new_mail(self):
        os.listdir(self.mailbox.path("mail", "Inbox"))
        self.define("mail", Trigger="OnNewEmail", folderPath="Inbox", subjectFilter="hot", includeAttachments=True)
        mark = self.mailbox.mark()
        self.mail("cold")
        made = self.mail("hot news", Attachments=[{"Name": "a.txt", "ContentBytes": "aGVsbG8="}])
        line, = self.await_lines("mail", 1)
        self.assertEqual(line["_path"], "mail/Inbox/%s.json" % made["Id"])
        self.assertEqual(line["Importance"], 1)
        self.assertEqual(line["Attachments"][0]["ContentBytes"], "aGVsbG8=")
        record = self.mailbox.json(line["_path"])
        self.assertEqual((record["Subject"], record["Importance"]), ("hot news", "Normal"))
        self.assertNotIn("ContentBytes", record["Attachments"][0])
        self.assertIn(made["Id"] + ".json", os.listdir(self.mailbox.path("mail", "Inbox")))
        self.assertEqual(self.names_of_listings(mark), [])

    def test_events_are_in_their_calendar_at_once(self):
        folder = self.mailbox.path("calendars", "Calendar")
        name = sorted(n for n in os.listdir(folder) if n.endswith(".json"))[0]
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            before = json.load(file)
        size = os.stat(path).st_size
        self.define("new", Trigger="CalendarGetOnNewItems", table="Calendar")
        self.define("changed", Trigger="CalendarGetOnUpdatedItems", table="Calendar")
        mark = self.mailbox.mark()
        made = self.event("just made")
        self.mailbox.edit("event", before["Id"], set={"Subject": before["Subject"] + " (another room)"})
        line, = self.await_lines("new", 1)
        self.assertEqual(line["_path"], "calendars/Calendar/%s.json" % made["Id"])
        self.await_lines("changed", 1)
        # Not by a fixed number of bytes: the service drops zeros at the end of a time's fraction.
        wait_for(lambda: os.stat(path).st_size != size, "another size")
        with open(path, "rb") as file:
            text = file.read()
        self.assertEqual(os.stat(path).st_size, len(text))
        self.assertEqual(json.loads(text)["Subject"], before["Subject"] + " (another room)")
        self.assertIn(made["Id"] + ".json", os.listdir(folder))
        self.assertEqual(self.mailbox.json(line["_path"])["Subject"], "just made")
        self.assertEqual(self.names_of_listings(mark), [])

    def test_upcoming_events(self):
        self.define("soon", Trigger="OnUpcomingEvents", table="Calendar", lookAheadTimeInMinutes=30)
        start = time.time() + 20 * 60
        form = "%Y-%m-%dT%H:%M:%S+00:00"
        self.event("stand-up", Start=time.strftime(form, time.gmtime(start)), End=time.strftime(form, time.gmtime(start + 900)))
        self.assertEqual([line["Subject"] for line in self.await_lines("soon", 1)], ["stand-up"])

    def test_tail_follows(self):
        self.define("tail", Trigger="OnNewEmail")
        with subprocess.Popen(["tail", "-n", "+1", "-f", self.path("tail.jsonl")], stdout=subprocess.PIPE, text=True,
                              preexec_fn=die_with_parent) as tail:
            try:
                for subject in ("one", "two"):
                    self.mail(subject)
                    self.assertTrue(select.select([tail.stdout], [], [], POLL_LIMIT)[0], "nothing from tail -f")
                    self.assertEqual(json.loads(tail.stdout.readline())["Subject"], subject)
            finally:
                tail.kill()

    def test_poll_select_epoll(self):
        self.define("wait", Trigger="OnNewEmail")
        fd = os.open(self.path("wait.jsonl"), os.O_RDONLY)
        self.addCleanup(os.close, fd)
        poll, epoll = select.poll(), select.epoll()
        self.addCleanup(epoll.close)
        poll.register(fd, select.POLLIN)
        epoll.register(fd, select.EPOLLIN)
        waits = (lambda s: poll.poll(s * 1000), lambda s: select.select([fd], [], [], s)[0], epoll.poll)
        for n, wait in enumerate(waits):
            self.assertEqual(os.read(fd, 100), b"")
            self.assertFalse(wait(0.2), "nothing has come")
            timer = threading.Timer(0.1, self.mail, ["waited %d" % n])
            timer.start()
            self.assertTrue(wait(POLL_LIMIT), "woken")
            timer.join()
            self.assertEqual(json.loads(os.read(fd, 100000))["Subject"], "waited %d" % n)

    def test_watch_prints_and_runs(self):
        self.define("watched", Trigger="OnNewEmail")
        seen = os.path.join(self.mailbox.dir, "seen")
        command = 'cat >> %s; echo "$OUTLOOKFS_PATH" >> %s.paths' % (seen, seen)
        plain = [self.mailbox.program, "watch", self.mailbox.mountpoint, "watched"]
        with subprocess.Popen(plain, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent) as printing, \
                subprocess.Popen(plain[:2] + ["--exec", command] + plain[2:], preexec_fn=die_with_parent) as running:
            try:
                self.await_watcher(printing, "watched")
                self.await_watcher(running, "watched")
                made = self.mail("shown")
                self.assertTrue(select.select([printing.stdout], [], [], POLL_LIMIT)[0])
                self.assertEqual(json.loads(printing.stdout.readline())["Subject"], "shown")
                wait_for(lambda: os.path.exists(seen + ".paths"), "the command has run")
            finally:
                printing.kill()
                running.kill()
        with open(seen, encoding="utf-8") as file:
            self.assertEqual(json.loads(file.read())["Id"], made["Id"])
        with open(seen + ".paths", encoding="utf-8") as file:
            self.assertEqual(file.read(), "%s/mail/Inbox/%s.json\n" % (self.mailbox.mountpoint, made["Id"]))

    def test_watch_of_the_only_trigger(self):
        """Wherever one stands, by its path or by the mount alone; of several it names them."""
        def watch(*words, **more):
            return subprocess.Popen([self.mailbox.program, "watch", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    preexec_fn=die_with_parent, **more)

        self.define("only", Trigger="OnNewEmail")
        watchers = [watch(cwd=self.mailbox.path("contacts")), watch(self.mailbox.mountpoint), watch(self.path("only.jsonl"))]
        try:
            for watching in watchers:
                self.await_watcher(watching, "only")
            self.mail("for all three")
            for watching in watchers:
                self.assertTrue(select.select([watching.stdout], [], [], POLL_LIMIT)[0])
                self.assertEqual(json.loads(watching.stdout.readline())["Subject"], "for all three")
        finally:
            for watching in watchers:
                watching.kill()
                watching.communicate()
        self.define("second", Trigger="OnNewEmail")
        self.assertIn("several triggers; name one of: triggers/", watch(self.mailbox.mountpoint).communicate(timeout=20)[1])

    def test_watch_of_nothing(self):
        done = self.mailbox.run([self.mailbox.program, "watch", self.mailbox.mountpoint, "nothing"], check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such trigger", done.stderr)

    def test_the_stream_outlives_a_remount(self):
        self.define("again", Trigger="OnNewEmail")
        self.mail("before the end")
        self.await_lines("again", 1)
        before = os.stat(self.path("again.jsonl"))
        self.mailbox.unmount()
        self.mail("while it was away")
        self.mailbox.mount()
        self.assertEqual([line["Subject"] for line in self.await_lines("again", 2)], ["before the end", "while it was away"])
        after = os.stat(self.path("again.jsonl"))
        self.assertEqual(before.st_ino, after.st_ino)
        self.assertTrue(stat.S_ISREG(after.st_mode))


class Rotation(TriggerTest):
    OPTIONS = "list_ttl=3600,poll_min=1,stream_max=4K"

    def test_a_full_stream_becomes_the_older_one(self):
        self.define("full", Trigger="OnNewEmail")
        with subprocess.Popen([self.mailbox.program, "watch", self.mailbox.mountpoint, "full"], stdout=subprocess.PIPE,
                              text=True, preexec_fn=die_with_parent) as watching:
            try:
                self.await_watcher(watching, "full")
                for n in range(2):
                    self.mail("mail %d" % n, Body="x" * 3000)
                    self.assertTrue(select.select([watching.stdout], [], [], POLL_LIMIT)[0])
                    self.assertEqual(json.loads(watching.stdout.readline())["Subject"], "mail %d" % n)
            finally:
                watching.kill()
        self.assertEqual([line["Subject"] for line in self.lines("full")], ["mail 1"])
        with open(self.path("full.jsonl.1"), encoding="utf-8") as file:
            self.assertEqual([json.loads(line)["Subject"] for line in file], ["mail 0"])


class ExactlyOnce(TriggerTest):
    COUNT = 1000
    KILLS = 12
    OPTIONS = "list_ttl=3600,poll_min=1,poll_max=2"

    def make_trouble(self, dice):
        kind = dice.randrange(4)
        if kind == 0:
            self.mailbox.fault(operation="OnNewEmail", after=dice.randrange(5), status=dice.choice((500, 502, 504)))
        elif kind == 1:
            self.mailbox.fault(operation="OnNewEmail", after=dice.randrange(5), status=429, retryAfter=1)
        else:
            self.mailbox.fault(operation="OnNewEmail", after=dice.randrange(5), drop=("before", "after")[kind - 2])

    def test_with_kills_and_faults(self):
        dice = random.Random(20261123)
        self.define("all", Trigger="OnNewEmail")
        wait_for(lambda: self.mailbox.xattr("state", "triggers", "all.json") == "active", "the baseline is stored")
        expected = ["mail %d" % n for n in range(self.COUNT)]
        done = threading.Event()

        def deliver():
            for subject in expected:
                self.mail(subject)
                if done.wait(0.01):
                    return

        sender = threading.Thread(target=deliver)
        sender.start()
        try:
            for _ in range(self.KILLS):
                self.make_trouble(dice)
                time.sleep(dice.uniform(0.05, 1.5))
                self.mailbox.kill9()
                self.mailbox.mount()
            sender.join()
            self.await_lines("all", self.COUNT, limit=90)
        finally:
            done.set()
            sender.join()
        self.assertEqual([line["Subject"] for line in self.lines("all")], expected)


if __name__ == "__main__":
    main()
