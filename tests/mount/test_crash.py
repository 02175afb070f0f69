"""The program is killed at every step of its journal, once at each, and started again.

base/crash.h counts the steps: before and after each commit of state.db and each request. A scenario runs with
OUTLOOKFS_CRASH_AT=1, 2, 3 ... until it reaches its end alive. After each crash the mailbox is mounted again, what had not
returned success is done again as a person would, and the service must have it all: every change whose close(), rename() or
unlink() returned 0 once, nothing twice, nothing else.

OUTLOOKFS_TEST_CRASH=N runs one step only, OUTLOOKFS_TEST_STRIDE=N every N-th.
"""
import json
import os
import signal
import sys
import threading
import time
import unittest

from harness import MANAGED_CONTACT, Mailbox, MountTest, is_mounted, main

ONLY = int(os.environ.get("OUTLOOKFS_TEST_CRASH", "0"))
STEPS_MAX = 1000
ROUND_LIMIT = 60    # s
MANAGED_EVENT = MANAGED_CONTACT | {"WebLink"}
FOLDER = "contacts/Contacts"
OF_ONE_RECORD = {"Id", "ItemInternalId", "ParentFolderId", "DateTimeCreated", "CreatedDateTime"}
CRASH_LINE = "outlookfs: crash point "


def members(record, managed=MANAGED_CONTACT):
    """Without those the service changes by itself; None of None."""
    return record and {name: value for name, value in record.items() if name not in managed}


def plain(value):
    """An emptied text comes back as "", where there was none it is null or missing: the same."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items() if member not in (None, "")}
    return value


class Crashing:
    """The next mount() of the mailbox dies at step `crash_at`; 0: never."""

    def __init__(self, build_dir, crash_at, options):
        self.crash_at = crash_at
        super().__init__(build_dir, "contacts=12,events=2,messages=3", options=options + ",create_settle=0")

    def mount(self):
        if self.crash_at:
            os.environ["OUTLOOKFS_CRASH_AT"] = str(self.crash_at)
        try:
            super().mount()
        except AssertionError:
            if not self.crash_at or not self.has_crashed():
                raise
        finally:
            os.environ.pop("OUTLOOKFS_CRASH_AT", None)
            self.crash_at = 0

    def has_crashed(self):
        """After an error: was it the death of the program? It is about to end if it has not yet."""
        try:
            return self.process is not None and self.process.wait(5) == -signal.SIGKILL
        except Exception:  # it lives: TimeoutExpired
            return False

    def bury(self):
        """It may have died before it was mounted."""
        self.process = None
        if is_mounted(self.mountpoint):
            self.run(["fusermount3", "-uz", self.mountpoint])

    def where(self):
        with open(self.mount_log, encoding="utf-8") as file:
            return next((line[len(CRASH_LINE):].strip() for line in file if line.startswith(CRASH_LINE)), None)


class CrashingMailbox(Crashing, Mailbox):
    pass


class Scenario:
    """Steps, which can be done again when they did not return; and what must be on the service afterwards."""
    OPTIONS = "writeback_delay=600,list_ttl=600"

    def __init__(self, mailbox):
        self.mailbox = mailbox
        self.done = set()
        self.steps = []     # [(function, argument...)]

    def run(self):
        for number, (step, *arguments) in enumerate(self.steps):
            if number not in self.done:
                step(*arguments)
                self.done.add(number)

    def sync(self):
        self.mailbox.sync()

    def check(self, test):
        raise NotImplementedError


class Saves(Scenario):
    """What is done to contacts, and to an event and a message."""

    def __init__(self, mailbox):
        super().__init__(mailbox)
        self.before = {kind: {r["Id"]: r for r in mailbox.records(kind)} for kind in ("contact", "event", "message")}
        self.contacts = sorted(r["Id"] for r in mailbox.records("contact", "Contacts"))
        self.changed = {}       # id -> members it must have besides the old ones; None: gone
        self.made = {}          # GivenName -> members
        self.bytes = {}         # name -> what the user wrote last
        self.mailbox_steps()

    def mailbox_steps(self):
        raise NotImplementedError

    def path(self, name):
        return self.mailbox.path(FOLDER, name)

    # --- what a person or an editor does; each may be done again from its start

    def write(self, name, text, flags=os.O_WRONLY | os.O_CREAT | os.O_TRUNC):
        fd = os.open(self.path(name), flags, 0o600)
        try:
            os.write(fd, text.encode())
        except BaseException:
            try:
                os.close(fd)
            except OSError:
                pass
            raise
        os.close(fd)

    def text(self, number, nick):
        """The text of a contact with another nickname."""
        record = self.before["contact"][self.contacts[number]]
        return json.dumps(self.mailbox.say(dict(record, NickName=nick)), indent=1, ensure_ascii=False)

    def expect(self, number, nick):
        self.changed[self.contacts[number]] = {"NickName": nick}
        text = self.text(number, nick)
        self.bytes[self.contacts[number] + ".json"] = text
        return self.contacts[number] + ".json", text

    def remove(self, name):
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            pass    # it was removed before the crash

    def in_place(self, number):
        self.write(*self.expect(number, "in place"))

    def again(self, number):
        """A second change of what is queued or sent already."""
        self.write(*self.expect(number, "again"))

    def temporary(self, number):
        name, text = self.expect(number, "temporary")
        self.write("." + name + ".tmp", text)
        os.rename(self.path("." + name + ".tmp"), self.path(name))

    def backup(self, number):
        name, text = self.expect(number, "backup")
        if os.path.exists(self.path(name)):
            os.rename(self.path(name), self.path(name + "~"))
        self.write(name, text)
        self.remove(name + "~")

    def anew(self, number):
        name, text = self.expect(number, "anew")
        self.remove(name)
        self.write(name, text)

    def delete(self, number):
        self.changed[self.contacts[number]] = None
        self.remove(self.contacts[number] + ".json")

    def over(self, source, target):
        """One record's file renamed over another's: that one gets the text, the first one goes."""
        record = self.before["contact"][self.contacts[source]]
        self.changed[self.contacts[source]] = None
        self.changed[self.contacts[target]] = members(record, MANAGED_CONTACT | OF_ONE_RECORD)
        try:
            os.rename(self.path(self.contacts[source] + ".json"), self.path(self.contacts[target] + ".json"))
        except FileNotFoundError:
            pass

    def alias(self, number, name):
        try:
            os.rename(self.path(self.contacts[number] + ".json"), self.path(name))
        except FileNotFoundError:
            pass
        self.changed[self.contacts[number]] = {"NickName": "alias"}
        self.bytes[name] = self.text(number, "alias")
        self.write(name, self.bytes[name])

    def create(self, name):
        record = {"GivenName": name, "Surname": "Created", "HomePhones": ["1"]}
        self.made[name] = record
        self.write(name + ".json", json.dumps(self.mailbox.say(record)))

    def create_and_remove(self, name):
        self.write(name + ".json", json.dumps(self.mailbox.say({"GivenName": name, "HomePhones": []})))
        self.remove(name + ".json")

    def scratch(self, name):
        """A rename over another file: at every moment one or the other is there."""
        if not os.path.exists(self.path(name)):
            assert (name, "old") not in self.bytes, "%s: neither the old nor the new file is there" % name
            self.write(name, "old")
            self.bytes[name, "old"] = True
        self.write(name + ".new", "new")
        os.rename(self.path(name + ".new"), self.path(name))
        self.bytes[name] = "new"

    def delete_event(self):
        event = sorted(self.before["event"])[0]
        self.changed[event] = None
        try:
            os.unlink(self.mailbox.path("calendars/Calendar", event + ".json"))
        except FileNotFoundError:
            pass

    def mark_read(self):
        message = next(id for id, r in sorted(self.before["message"].items())
                       if not r["IsRead"] and r["Folder"] == "Inbox")
        path = self.mailbox.path("mail/Inbox", message + ".json")
        self.changed[message] = {"IsRead": True}
        with open(path, encoding="utf-8") as file:
            text = file.read().replace(self.mailbox.say('"IsRead": false'), self.mailbox.say('"IsRead": true'))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    # --- the outcome

    def check(self, test):
        """After everything was done and synced."""
        for kind, managed in (("contact", MANAGED_CONTACT), ("event", MANAGED_EVENT), ("message", MANAGED_CONTACT)):
            after = {r["Id"]: r for r in self.mailbox.records(kind)}
            for id, record in self.before[kind].items():
                if id not in self.changed:
                    test.assertEqual(after.get(id), record, "an untouched " + kind)
                elif self.changed[id] is None:
                    test.assertNotIn(id, after)
                else:
                    wanted = dict(members(record, managed), **self.changed[id])
                    test.assertEqual(plain(members(after.get(id), managed)), plain(wanted))
            new = [after[id] for id in after if id not in self.before[kind]]
            if kind != "contact":
                test.assertEqual(new, [])
                continue
            test.assertEqual(sorted(r["GivenName"] for r in new), sorted(self.made))
            for record in new:
                test.assertLessEqual(self.made[record["GivenName"]].items(), record.items())
        self.check_requests(test)
        self.check_files(test)

    def check_requests(self, test):
        """Each change went out once; what was written twice at most twice, and marking as read may be repeated."""
        twice = {self.contacts[arguments[0]] for step, *arguments in self.steps if step == self.again}
        count = {}
        for line in self.mailbox.requests():
            if line["method"] != "GET" and line["status"] < 300 and line["operation"] != "Batch":
                key = line["operation"], line.get("id")
                count[key] = count.get(key, 0) + 1
        test.assertEqual(count.pop(("ContactPostItem", None), 0), len(self.made), "records made")
        for (operation, id), number in count.items():
            test.assertIn(id, self.changed, operation)
            test.assertLessEqual(number, 2 if id in twice or operation == "MarkAsRead" else 1, (operation, id))

    def check_files(self, test):
        for name, text in self.bytes.items():
            if isinstance(name, tuple):
                continue
            with open(self.path(name), encoding="utf-8") as file:
                test.assertEqual(file.read(), text)
            if name.endswith(".json"):
                test.assertEqual(self.mailbox.xattr("state", FOLDER, name), "synced")
        for id, wanted in self.changed.items():
            if wanted is None:
                test.assertFalse(os.path.exists(self.path(id + ".json")))
        names = os.listdir(self.mailbox.path(FOLDER))
        test.assertEqual(len(names), len(set(names)))
        test.assertEqual(len([n for n in names if n.endswith(".json")]),
                         len(self.mailbox.records("contact", "Contacts")), names)


class Together(Saves):
    """Everything is queued, then sent by several workers at the same time."""

    def mailbox_steps(self):
        self.steps = [(self.in_place, 0), (self.temporary, 1), (self.backup, 2), (self.anew, 3), (self.create, "anna"),
                      (self.delete, 4), (self.create_and_remove, "nobody"), (self.over, 5, 6),
                      (self.alias, 7, "alias.json"), (self.scratch, "notes"), (self.sync,)]


class OneByOne(Saves):
    """Sent one after the other, so that each step of each operation comes in the same order every time."""

    def mailbox_steps(self):
        self.steps = [(self.in_place, 0), (self.sync,), (self.create, "berta"), (self.sync,), (self.delete, 1),
                      (self.sync,), (self.again, 0), (self.delete_event,), (self.sync,), (self.mark_read,), (self.sync,)]


class CrashTest(unittest.TestCase):
    MAILBOX = CrashingMailbox
    STRIDE = int(os.environ.get("OUTLOOKFS_TEST_STRIDE", "1"))
    maxDiff = 4000

    def every_step(self, scenario):
        began = time.monotonic()
        places = {}
        for at in range(ONLY or 1, ONLY + 1 if ONLY else STEPS_MAX, self.STRIDE):
            where = self.one_step(scenario, at)
            if where is None:
                break
            where = where.split(": ", 1)[1]
            places[where] = places.get(where, 0) + 1
        else:
            self.assertTrue(ONLY, "no end after %d steps" % STEPS_MAX)
        print("%s: killed %d times in %.0f s:" % (scenario.__name__, sum(places.values()), time.monotonic() - began))
        for where, count in sorted(places.items()):
            print("%6d %s" % (count, where))
        sys.stdout.flush()
        if not ONLY:
            self.assertGreater(sum(places.values()), 30 // self.STRIDE)

    def one_step(self, kind, at):
        """What the crash point says; None when the program was not killed."""
        with self.MAILBOX(MountTest.build_dir, at, kind.OPTIONS) as mailbox:
            watchdog = threading.Timer(2 * ROUND_LIMIT, mailbox.give_up)
            watchdog.daemon = True
            watchdog.start()
            try:
                scenario = kind(mailbox)
                crashed = self.until_crash(scenario)
                where = mailbox.where()
                if crashed:
                    mailbox.commands.append("# killed at " + str(where))
                    mailbox.bury()
                    mailbox.mount()
                    scenario.run()
                    scenario.check(self)
                return where
            except BaseException:
                sys.stderr.write("\n%s, OUTLOOKFS_TEST_CRASH=%d: %s\n" % (kind.__name__, at, mailbox.where()))
                raise
            finally:
                watchdog.cancel()

    def until_crash(self, scenario):
        mailbox = scenario.mailbox
        try:
            scenario.run()
            scenario.check(self)
            mailbox.unmount()
        except (OSError, AssertionError):
            if mailbox.process is not None and not mailbox.has_crashed() or mailbox.where() is None:
                raise
            return True
        return mailbox.where() is not None


class Crash(CrashTest):
    def test_together(self):
        self.every_step(Together)

    def test_one_by_one(self):
        self.every_step(OneByOne)


if __name__ == "__main__":
    main()
