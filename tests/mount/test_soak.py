"""Nine programs work in one mount while the service fails now and then; at the end it has what they saved, and the mount has not grown.

    OUTLOOKFS_SOAK_SECONDS=60   how long; `./dev soak 60` sets it
    OUTLOOKFS_SEED=N            the same choices again (not the same order of events)

Three save contacts in all the ways programs do, one creates and removes them, one saves events, one sends mail, one marks messages,
two read everything: grep over the records and attachments, and a walk with its attributes over views/ and export/. Memory,
descriptors and threads of the mount are looked at once a second and printed. The trash is a small one: what the programs replace
fills it soon, and it grows no more.
"""
import collections
import json
import multiprocessing
import os
import random
import subprocess
import time
import unittest

from both import TranslatedMailbox
from harness import RANDOM_SEED, Mailbox, MountTest, main, wait_for
from records import CALENDAR, CONTACTS, INBOX

SECONDS = float(os.environ.get("OUTLOOKFS_SOAK_SECONDS", "15"))
SETTLE = 300    # s for everything to be sent when the faults are over
FOLDERS = {"contact": CONTACTS, "event": CALENDAR}

# Any request can be lost or broken off in any way, but for a mail of the connector: one whose fate nobody knows is parked, so only what
# says that nothing was sent hits it.
FAULTS = [dict(status=503), dict(status=502), dict(status=429, retryAfter=1), dict(delay=700), dict(drop="before"), dict(drop="after"),
          dict(status=200, body='{"value": [', truncate=5)]
CERTAIN = [dict(status=429, retryAfter=1), dict(delay=700)]
WHERE = {Mailbox: (("/datasets/", FAULTS), ("/Mail", CERTAIN)), TranslatedMailbox: (("/me/(contacts|events|contactFolders|calendars)", FAULTS),
                                                                                  ("/me/(messages|mailFolders)", FAULTS))}


class Program:
    """What one process does until it is told to end. `saved` is what the service has to have."""

    def __init__(self, mailbox, seed, name, records=()):
        self.mailbox, self.random, self.name, self.records = mailbox, random.Random(seed), name, list(records)
        self.saved, self.steps = {}, 0

    def path(self, *parts):
        return self.mailbox.path(*parts)

    def write(self, path, obj, sync=False):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(obj, file, indent=2)
            if sync:
                file.flush()
                os.fsync(file.fileno())

    def work(self, ends, answer):
        error = None
        try:
            while not ends.is_set():
                self.one()
                self.steps += 1
        except BaseException as caught:
            error = "%s: %r after %d steps" % (self.name, caught, self.steps)
        answer.send((self.name, self.saved, self.steps, error))


class Saver(Program):
    kind, member = "contact", "NickName"

    def one(self):
        name = self.random.choice(self.records)
        path = self.path(FOLDERS[self.kind], name)
        with open(path, encoding="utf-8") as file:
            obj = json.load(file)
        value = "%s %d" % (self.name, self.steps)
        obj.update(self.mailbox.say({self.member: value}))
        self.random.choice((self.in_place, self.synced, self.renamed, self.moved_away))(path, obj)
        self.saved[self.kind, name.removesuffix(".json")] = (self.member, value)

    def in_place(self, path, obj):
        self.write(path, obj)

    def synced(self, path, obj):
        self.write(path, obj, sync=True)

    def renamed(self, path, obj):
        temporary = os.path.join(os.path.dirname(path), ".%s.tmp" % self.name)
        self.write(temporary, obj)
        os.rename(temporary, path)

    def moved_away(self, path, obj):
        os.rename(path, path + "~")
        self.write(path, obj)
        os.unlink(path + "~")


class Events(Saver):
    kind, member = "event", "Subject"


class Creator(Program):
    def one(self):
        surname = "%s-%d" % (self.name, self.steps)
        path = self.path(CONTACTS, surname + ".json")
        self.write(path, self.mailbox.say({"GivenName": "Soak", "Surname": surname, "DisplayName": "Soak " + surname}))
        self.saved["created", surname] = True
        if self.steps >= 10:
            old = "%s-%d" % (self.name, self.steps - 10)
            os.unlink(self.path(CONTACTS, old + ".json"))
            self.saved["created", old] = False
        time.sleep(0.1)


class Sender(Program):
    """What went out is removed after a while, here and by another client, so that the mailbox stays as large as it is."""

    def one(self):
        subject = "%s-%d" % (self.name, self.steps)
        self.write(self.path("outbox/send", subject + ".json"), {"To": "pat@contoso.example", "Subject": subject, "Body": "x"})
        self.saved["mail", subject] = 1
        if self.steps % 50 == 49:
            self.tidy()
        time.sleep(0.3)

    def tidy(self):
        sent = collections.defaultdict(list)
        for record in self.mailbox.records("message", "Sent Items"):
            sent[record["Subject"]].append(record["Id"])
        for subject, ids in sent.items():
            file = self.path("outbox/sent", subject + ".json")
            if os.path.exists(file):
                assert len(ids) == 1, "%s went out %d times" % (subject, len(ids))
                os.unlink(file)
                self.mailbox.edit("message", ids[0], delete=True)
                self.saved["mail", subject] = 0


class Marker(Program):
    def one(self):
        name = self.random.choice(self.records)
        path = self.path(INBOX, name)
        with open(path, encoding="utf-8") as file:
            obj = json.load(file)
        if not self.mailbox.hear(obj)["IsRead"]:
            self.write(path, dict(obj, **self.mailbox.say({"IsRead": True})))
            self.saved["message", name.removesuffix(".json")] = ("IsRead", True)
        with open(self.path(".outlookfs/status.json"), encoding="utf-8") as file:
            json.load(file)
        time.sleep(0.1)


class Reader(Program):
    """A record may go while it is read, and a download may fail: that is no end of the program."""
    COMMANDS = (["grep", "-rc", "x", CONTACTS], ["grep", "-rc", "x", "mail"], ["grep", "-rc", "x", "calendars"])

    def one(self):
        command = self.random.choice(self.COMMANDS)
        subprocess.run(command, cwd=self.mailbox.mountpoint, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=120)


class Walker(Reader):
    COMMANDS = (["ls", "-lR", "views"], ["ls", "-lR", "export"], ["find", ".", "-newermt", "2020-01-01"])


class Soak(unittest.TestCase):
    maxDiff = 4000

    def figures(self):
        """(kB of memory, descriptors, threads) of the mount."""
        pid = self.mailbox.process.pid
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        return int(status["VmRSS"].split()[0]), len(os.listdir("/proc/%d/fd" % pid)), int(status["Threads"])

    def programs(self):
        contacts = self.mailbox.contacts()
        events = [name for name in os.listdir(self.mailbox.path(CALENDAR)) if name.endswith(".json")
                  and self.mailbox.json(CALENDAR, name).get("IsOrganizer", True)]  # others cannot change it
        messages = [name for name in os.listdir(self.mailbox.path(INBOX)) if name.endswith(".json")]
        makers = [lambda *a, i=i: Saver(*a, "saver%d" % i, contacts[i:30:3]) for i in range(3)]
        makers += [lambda *a: Creator(*a, "creator"), lambda *a: Events(*a, "events", events), lambda *a: Sender(*a, "sender"),
                   lambda *a: Marker(*a, "marker", messages), lambda *a: Reader(*a, "reader"), lambda *a: Walker(*a, "walker")]
        self.foreign = [name.removesuffix(".json") for name in contacts[30:]]
        return [make(self.mailbox, RANDOM_SEED + i) for i, make in enumerate(makers)]

    def test_soak(self):
        self.soak(Mailbox)

    def test_soak_over_graph(self):
        self.soak(TranslatedMailbox)

    def soak(self, kind):
        print("soak: %s OUTLOOKFS_SEED=%d OUTLOOKFS_SOAK_SECONDS=%g" % (kind.__name__, RANDOM_SEED, SECONDS), flush=True)
        with kind(MountTest.build_dir, "contacts=40,events=12,messages=60",
                     options="writeback_delay=0.2,send_delay=0,create_settle=1,list_ttl=1,rate=100000,delete_guard=0,trash_max=256K") as self.mailbox:
            answers, seen = self.run_programs(self.programs())
            self.assertEqual([error for _, _, _, error in answers if error], [])
            self.report(answers, seen)
            self.settle()
            self.compare({key: value for _, saved, _, _ in answers for key, value in saved.items()})
            self.assertFlat(seen)

    def run_programs(self, programs):
        ends, processes = multiprocessing.Event(), []
        for program in programs:
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=program.work, args=(ends, theirs), daemon=True)
            process.start()
            processes.append((process, ours))
        choice, seen, until = random.Random(RANDOM_SEED), [], time.monotonic() + SECONDS
        try:
            while time.monotonic() < until:
                self.disturb(choice)
                time.sleep(1)
                seen.append(self.figures())
        finally:
            ends.set()
        answers = []
        for process, ours in processes:
            self.assertTrue(ours.poll(150), "a program hangs")
            answers.append(ours.recv())
            process.join(10)
        return answers, seen

    def disturb(self, choice):
        """The next requests meet something, and another client edits a record that no program saves."""
        for _ in range(choice.randrange(3)):
            path, faults = choice.choice(WHERE[type(self.mailbox)])
            self.mailbox.fault(**choice.choice(faults), path=path, after=choice.randrange(20))
        self.mailbox.edit("contact", choice.choice(self.foreign), set={"NickName": "theirs %d" % choice.randrange(10 ** 6)})

    def settle(self):
        self.mailbox.sandbox.clear_faults()
        until = time.monotonic() + SETTLE
        while self.mailbox.sync(None).returncode and time.monotonic() < until:
            self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/failed")), [])
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/queue")), [])
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/failed")), [])
        self.assertEqual(os.listdir(self.mailbox.path(".outlookfs/conflicts")), [])

    def compare(self, saved):
        """With what the service has, each thing once."""
        created = collections.Counter(record["Surname"] for record in self.mailbox.records("contact"))
        sent = collections.Counter(record["Subject"] for record in self.mailbox.records("message", "Sent Items"))
        for (kind, key), value in saved.items():
            with self.subTest(kind=kind, key=key):
                if kind == "created":
                    self.assertEqual(created[key], int(value))
                elif kind == "mail":
                    self.assertEqual(sent[key], value)
                else:
                    self.assertEqual(self.mailbox.record(kind, key)[value[0]], value[1])
        for id in self.foreign:
            theirs = self.mailbox.record("contact", id)["NickName"]
            wait_for(lambda: os.listdir(self.mailbox.path(CONTACTS)) and
                     self.mailbox.json(CONTACTS, id + ".json")["NickName"] == theirs, "another client's edit is shown")

    def report(self, answers, seen):
        print("soak: %d requests; %s" % (self.mailbox.mark(), ", ".join("%s %d" % (name, steps) for name, _, steps, _ in answers)))
        for what, column in zip(("memory, kB", "descriptors", "threads"), zip(*seen)):
            print("soak: %-11s  first %6d  quarters, at most %s" % (what, column[0], " ".join("%6d" % q for q in quarters(column))), flush=True)

    def assertFlat(self, seen):
        """Caches, heaps and threads come with the work; the last quarter needs no more than the second."""
        memory, descriptors, threads = (quarters(column) for column in zip(*seen))
        self.assertLess(memory[3], 1.2 * memory[1] + 8192)
        self.assertLess(descriptors[3], descriptors[1] + 64)
        self.assertLess(threads[3], threads[1] + 32)


def quarters(column):
    """The largest value in each."""
    size = max(1, len(column) // 4)
    return [max(column[i * size:(i + 1) * size] or column[-1:]) for i in range(3)] + [max(column[3 * size:] or column[-1:])]


if __name__ == "__main__":
    main()
