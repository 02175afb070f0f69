"""kill -9 at random moments while programs save: what close(), rename() and unlink() acknowledged is on the service in the
end, created at most once, and never an older version over a newer one.

    OUTLOOKFS_KILL_ROUNDS=200   how often it is killed; without it, fewer on a machine that takes over 150 s for them
    OUTLOOKFS_SEED=N            the same choices again (the moments are those of the machine)

Each contact has one writer. A version is a number in NickName; the contact itself is known by its Surname, whatever its id.
"""
import collections
import json
import os
import random
import signal
import sys
import threading
import time
import unittest

from both import TranslatedMailbox
from harness import RANDOM_SEED, Mailbox, MountTest, is_mounted, main, wait_for

ROUNDS = int(os.environ.get("OUTLOOKFS_KILL_ROUNDS", "200"))
BUDGET = float("inf") if "OUTLOOKFS_KILL_ROUNDS" in os.environ else 150   # s over all services, then no new round is begun
ROUND_LIMIT = 60        # s of one round, then the mount is killed for good
FOLDER = "contacts/Contacts"
WRITERS = 3
NAMES = 4               # of each writer
LISTEN, TIME_WAIT = "0A", "06"
WORK_MAX = 0.12         # s of saving between two kills
ABSENT = 0
FAULTS = ({"status": 504, "apply": True}, {"status": 503, "retryAfter": 0}, {"drop": "after"}, {"drop": "before"},
          {"delay": 50})


def by_id(records):
    return sorted(records, key=lambda record: record["Id"])


class Contact:
    """What its writer knows. `maybe`: the versions the service may have, ABSENT among them; one of them when nothing is open."""

    def __init__(self, key):
        self.key = key
        self.name = key + ".json"
        self.version = 0
        self.maybe = {ABSENT}
        self.last = ABSENT      # the version of a deletion that waits, which an empty file under the same name takes back
        self.served = False     # the service has it for sure
        self.open = False       # the last save was not acknowledged: a draft may lie there, or nothing
        self.exists = False     # as the writer sees its file
        self.history = []

    @staticmethod
    def notes(version):
        """Texts of different lengths, one for each version."""
        return "%d " % version * (version % 7 * 80)

    def text(self):
        return json.dumps({"GivenName": "K", "Surname": self.key, "NickName": "v%d" % self.version, "HomePhones": [],
                           "Department": self.notes(self.version)}, indent=2)


class Writer(threading.Thread):
    """Saves in all the ways programs save, until the mount is gone."""

    def __init__(self, mailbox, contacts, seed, dying):
        super().__init__(daemon=True)
        self.folder = mailbox.path(FOLDER)
        self.say = mailbox.say
        self.contacts = contacts
        self.random = random.Random(seed)
        self.dying = dying      # set before the kill
        self.error = None
        self.saves = 0

    def run(self):
        try:
            while not self.dying.is_set():
                self.one(self.random.choice(self.contacts))
                self.saves += 1
        except OSError as error:
            if not self.dying.is_set():
                self.error = error
        except BaseException as error:
            self.error = error

    def one(self, contact):
        if contact.exists and self.random.random() < 0.15:
            ways = [self.delete]
        elif contact.exists:
            ways = [self.in_place, self.temporary, self.backup, self.anew, self.in_place_synced]
        else:
            ways = [self.in_place, self.temporary, self.create]
        way = self.random.choice(ways)
        contact.history.append("%s %s" % (way.__name__, contact.version + 1))
        way(contact)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, flags, sync=False):
        fd = os.open(self.path(name), os.O_WRONLY | flags, 0o600)
        try:
            half = len(text) // 2
            os.write(fd, text[:half].encode())
            os.write(fd, text[half:].encode())
            if sync:
                os.fsync(fd)
        except BaseException:
            try:
                os.close(fd)
            except OSError:
                pass
            raise
        os.close(fd)

    @staticmethod
    def begin(contact):
        """From here on the new version may arrive, and after a death nobody knows."""
        contact.version += 1
        contact.maybe.add(contact.version)

    @staticmethod
    def acknowledged(contact, version):
        contact.maybe = {version}
        contact.open = False
        contact.exists = version != ABSENT
        contact.last = version or contact.last
        contact.history.append("ok")

    def in_place(self, contact, sync=False):
        self.begin(contact)
        contact.maybe.add(contact.last)
        self.write(contact.name, self.say(contact.text()), os.O_CREAT | os.O_TRUNC, sync)
        self.acknowledged(contact, contact.version)

    def in_place_synced(self, contact):
        self.in_place(contact, True)

    def create(self, contact):
        self.in_place(contact)

    def temporary(self, contact):
        self.begin(contact)
        temporary = "." + contact.name + ".tmp"
        self.write(temporary, self.say(contact.text()), os.O_CREAT | os.O_TRUNC)
        os.rename(self.path(temporary), self.path(contact.name))
        self.acknowledged(contact, contact.version)

    def backup(self, contact):
        self.begin(contact)
        if not contact.served:
            contact.maybe.add(ABSENT)   # what the service has never seen is withdrawn; the bytes lie under the other name
        try:
            os.rename(self.path(contact.name), self.path(contact.name + "~"))
        except FileNotFoundError:
            pass    # vacant since the last death
        self.write(contact.name, self.say(contact.text()), os.O_CREAT)
        self.acknowledged(contact, contact.version)
        try:
            os.unlink(self.path(contact.name + "~"))
        except FileNotFoundError:
            pass

    def anew(self, contact):
        contact.maybe.add(ABSENT)
        contact.served = False
        try:
            os.unlink(self.path(contact.name))
        except FileNotFoundError:
            pass
        self.begin(contact)
        contact.maybe.add(contact.last)
        self.write(contact.name, self.say(contact.text()), os.O_CREAT)
        self.acknowledged(contact, contact.version)

    def delete(self, contact):
        contact.maybe.add(ABSENT)
        contact.served = False
        os.unlink(self.path(contact.name))
        self.acknowledged(contact, ABSENT)


class KillMailbox(Mailbox):
    def service_is_quiet(self):
        """No connection is open, and what came over them has been worked on."""
        with open("/proc/net/tcp", encoding="ascii") as file:
            sockets = [line.split() for line in file][1:]
        if [s for s in sockets if s[1].endswith(":%04X" % self.sandbox.port) and s[3] not in (LISTEN, TIME_WAIT)]:
            return False
        return not any(self.sandbox.control("GET", "/in-flight").values())

    def die(self):
        """
        SIGKILL, whether mounted already or not. The next mount looks whether a record was made before it makes it again, here
        without giving a request that is still under way its time (test_late.py), so this waits for its end.
        """
        self.killed = True
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process = None
        if is_mounted(self.mountpoint):
            self.run(["fusermount3", "-uz", self.mountpoint])
        wait_for(self.service_is_quiet, "the end of all requests")

    def mount_and_die(self, after):
        """Another death, while it starts."""
        timer = threading.Timer(after, lambda: self.process and self.process.send_signal(signal.SIGKILL))
        timer.start()
        try:
            self.mount()
        except AssertionError:
            if self.process.wait(5) != -signal.SIGKILL:
                raise
        timer.join()
        self.die()


class KillGraph(KillMailbox, TranslatedMailbox):
    pass


class Kill(unittest.TestCase):
    maxDiff = 4000

    def test_kill(self):
        for mailbox in (KillMailbox, KillGraph):
            with self.subTest(mailbox=mailbox.__name__):
                self.kill(mailbox)

    def kill(self, mailbox):
        print("kill: OUTLOOKFS_SEED=%d OUTLOOKFS_KILL_ROUNDS=%d" % (RANDOM_SEED, ROUNDS), flush=True)
        self.random = random.Random(RANDOM_SEED)
        self.contacts = [Contact("w%d-%d" % (i % WRITERS, i)) for i in range(WRITERS * NAMES)]
        self.saves = 0
        self.keys = {}      # of all records that were seen
        with mailbox(MountTest.build_dir, "contacts=5,events=1,messages=1",
                         options="writeback_delay=0.03,create_settle=0,list_ttl=600,rate=100000,delete_guard=0") as self.mailbox:
            self.others = self.mailbox.records("contact")
            began = time.monotonic()
            rounds = 0
            while rounds < ROUNDS and time.monotonic() - began < BUDGET / 2:
                watchdog = threading.Timer(ROUND_LIMIT, self.mailbox.give_up)
                watchdog.daemon = True
                watchdog.start()
                try:
                    self.one_round()
                except BaseException:
                    sys.stderr.write("\nround %d; again: OUTLOOKFS_SEED=%d OUTLOOKFS_KILL_ROUNDS=%d\n" %
                                     (rounds, RANDOM_SEED, rounds + 1))
                    raise
                finally:
                    watchdog.cancel()
                rounds += 1
            self.check_history()
            print("kill: %s: %d rounds, %d saves, %d requests in %.0f s" %
                  (mailbox.__name__, rounds, self.saves, self.mailbox.mark(), time.monotonic() - began), flush=True)

    def one_round(self):
        mailbox = self.mailbox
        if self.random.random() < 0.3:
            mailbox.fault(**self.random.choice(FAULTS), method=self.random.choice(("POST", "PATCH", "DELETE")),
                          after=self.random.randrange(4))
        self.work_and_kill(self.random.uniform(0, WORK_MAX))
        mailbox.sandbox.clear_faults()
        if self.random.random() < 0.15:
            mailbox.mount_and_die(self.random.uniform(0, 0.05))
        mailbox.mount()
        mailbox.sync()
        self.check()

    def work_and_kill(self, seconds):
        dying = threading.Event()
        writers = [Writer(self.mailbox, self.contacts[i * NAMES:(i + 1) * NAMES], self.random.random(), dying)
                   for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        dying.wait(seconds)     # nobody sets it: the time between two kills
        dying.set()
        self.mailbox.die()
        for writer in writers:
            writer.join(20)
            self.assertFalse(writer.is_alive(), "a writer hangs although the mount is dead")
            if writer.error is not None:
                raise writer.error
            self.saves += writer.saves

    def on_service(self):
        found = collections.defaultdict(list)
        for record in self.mailbox.records("contact"):
            found[record["Surname"]].append(record)
        return found

    def check(self):
        """After sync: the service has what was acknowledged, or what was open when the mount died."""
        found = self.on_service()
        self.keys.update({record["Id"]: key for key in found for record in found[key]})
        known = {contact.key for contact in self.contacts}
        self.assertEqual(by_id([r for key in found if key not in known for r in found[key]]), by_id(self.others))
        for contact in self.contacts:
            records = found[contact.key]
            self.require(len(records) <= 1, "made twice", contact)
            version = int(records[0]["NickName"][1:]) if records else ABSENT
            self.require(version in contact.maybe, "version %d" % version, contact)
            if records:
                self.require(records[0]["Department"] == contact.notes(version), "members of two versions", contact)
            contact.open = len(contact.maybe) > 1 or contact.open
            if not contact.open:
                self.check_file(contact, version)
            contact.maybe, contact.last, contact.served = {version}, version, version != ABSENT
            contact.exists = os.path.exists(os.path.join(self.mailbox.path(FOLDER), contact.name))
            contact.history.append("killed, %d on the service" % version)

    def check_file(self, contact, version):
        """The last save was acknowledged: the file says the same."""
        if version == ABSENT:
            self.require(not os.path.exists(self.mailbox.path(FOLDER, contact.name)), "it is deleted, the file is not", contact)
        else:
            self.require(self.mailbox.json(FOLDER, contact.name)["NickName"] == "v%d" % version, "the file differs", contact)

    def require(self, condition, what, contact):
        """Tells on failure what its writer did, and what was asked of the service about it."""
        if condition:
            return
        lines = ["%s: %s: not one of %s" % (contact.key, what, sorted(contact.maybe)), ", ".join(contact.history[-12:])]
        self.fail("\n".join(lines + self.story(contact.key, self.mailbox.requests()[-400:])))

    def story(self, key, requests):
        """What was asked of the service about a contact."""
        ids = {record["Id"] for record in self.on_service()[key]}
        ids |= {line["id"] for line in requests if line.get("id") and (line["body"] or {}).get("Surname") == key}
        return ["%d %d %s %s %s" % (line["n"], line["status"], line["operation"], (line.get("id") or "")[-8:],
                                    (line["body"] or {}).get("NickName", line["query"]))
                for line in requests if line.get("id") in ids or (line["body"] or {}).get("Surname") == key
                or line["operation"].endswith(("GetItems", "ContactsDelta"))]

    def check_history(self):
        """
        In the order the service worked: a version is created at most once, and none follows a newer one. What was deleted may be
        created again, because an empty file takes back a deletion that has arrived already; a fault may hide that it was.
        """
        newest, made = {}, {}
        requests = self.mailbox.requests()
        for i, line in enumerate(requests):
            if line["method"] == "DELETE":
                if line["id"] not in self.keys:     # made and deleted between two looks: whose it was nobody knows
                    made.clear()
                made.pop(self.keys.get(line["id"]), None)
            if line["method"] not in ("POST", "PATCH") or not 200 <= line["status"] < 300:
                continue
            key, nick = line["body"].get("Surname", self.keys.get(line.get("id"))), line["body"].get("NickName")
            if key is None or nick is None:     # only what changed is sent
                continue
            version = int(nick[1:])
            if version < newest.get(key, 0):
                self.fail("\n".join(["%s: an older version over a newer one" % key] + self.story(key, requests[:i + 20])))
            newest[key] = version
            if line["method"] == "POST":
                if made.get(key) == version:
                    self.fail("\n".join(["%s: version %d is created twice" % (key, version)] + self.story(key, requests[:i + 20])))
                made[key] = version


if __name__ == "__main__":
    main()
