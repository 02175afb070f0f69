"""Random sequences of what programs do in a contact folder, compared after each step with a model of the rules.

    OUTLOOKFS_SEED=N                the sequences N, N+1, ... instead of those from 1 on
    OUTLOOKFS_MODEL_SEQUENCES=200   how many; without it, fewer on a machine that takes over 100 s for them
    OUTLOOKFS_MODEL_STEPS=0,3,7     only these steps of one sequence, as a failure prints them

The model knows names, bytes, what the service has, and which requests each sync may send. A failing sequence is shortened
before it is printed.
"""
import collections
import ctypes
import errno
import json
import os
import random
import stat
import sys
import threading
import time
import unittest

from both import TranslatedMailbox
from harness import RANDOM_SEED, Mailbox, MountTest, main, wait_for

SEQUENCES = int(os.environ.get("OUTLOOKFS_MODEL_SEQUENCES", "200"))
BUDGET = float("inf") if "OUTLOOKFS_MODEL_SEQUENCES" in os.environ else 100
ONLY = [int(n) for n in os.environ.get("OUTLOOKFS_MODEL_STEPS", "").split(",") if n]
STEPS = 35
SEQUENCE_LIMIT = 60     # s, then the mount is killed
SHORTEN = 40            # s for finding a shorter sequence
GRACE = 8               # s: emptied files come back after 10, so nothing is expected of one that is older
FOLDER = "contacts/Contacts"
NAMES = ["r%d.json" % i for i in range(6)]
SCRATCH = ["s0", "s1.tmp", ".s2.json", ".d/s3.json"]
OURS = ("Surname", "NickName", "JobTitle")  # the members the model follows
EXCHANGE = 2
LIBC = ctypes.CDLL(None, use_errno=True)


def followed(record):
    """The members of a record the model looks at; emptied ones come back as "", where there was none it is null."""
    return {name: record.get(name) or None for name in OURS}


class TooOld(Exception):
    """The machine is slow: what comes next depends on time."""


class Slot:
    """A name in the folder and the record behind it."""

    def __init__(self, name, id=None, committed=None):
        self.name, self.id = name, id
        self.committed = committed  # members of the last text that was a record; None: there was none
        self.op = None              # create, update, delete
        self.base = None            # members before the operation
        self.bytes = None           # of the file; None: what the service renders
        self.rest = ""              # what completes a partial text, of members `coming`
        self.coming = None
        self.draft = False
        self.before = None          # members when the draft began: what its text is compared with
        self.overtaken = False      # the record was sent since then
        self.mode = None            # None: nobody has set it
        self.mtime = None
        self.emptied = None         # since when

    def would_conflict(self):
        """A draft from before the service turned null into "": a new text for the member looks like two people's."""
        return self.draft and self.overtaken and None in self.before.values()

    def commit(self, members, data):
        self.pend(members)
        self.bytes, self.draft, self.rest, self.emptied, self.mtime = data, False, "", None, None

    def pend(self, members):
        """The service's record shall become this."""
        base = self.before if self.draft else self.committed
        if self.id is None:
            self.op = "create"
        elif self.op is None:
            self.op, self.base = ("update", base) if members != base else (None, None)
        else:
            self.op = "update" if members != self.base else None
        self.committed = members

    def make_draft(self, data, rest="", coming=None):
        if not self.draft:
            self.before, self.overtaken = self.committed and dict(self.committed), False
        self.bytes, self.draft, self.rest, self.coming, self.mtime = data, True, rest, coming, None
        self.emptied = None if data else time.monotonic()


class Sequence:
    """One run of steps against a mailbox of its own."""

    def __init__(self, test, mailbox):
        self.test, self.mailbox = test, mailbox
        self.slots = {}         # by name
        self.deleted = {}       # name -> slot whose deletion waits
        self.scratch = {}
        self.server = {}        # id -> members
        self.expected = collections.Counter()   # requests that change something
        self.mark = mailbox.mark()
        self.trace = []
        self.counter = 0
        for record in mailbox.records("contact", "Contacts"):
            members = followed(record)
            self.server[record["Id"]] = members
            self.slots[record["Id"] + ".json"] = Slot(record["Id"] + ".json", record["Id"], dict(members))
        os.mkdir(self.path(".d"))
        os.listdir(self.mailbox.path(FOLDER))

    # --- help

    def path(self, name):
        return self.mailbox.path(FOLDER, name)

    def fails(self, code, function, *arguments):
        with self.test.assertRaises(OSError) as caught:
            function(*arguments)
        self.test.assertEqual(caught.exception.errno, code, caught.exception)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def pick(self, choices):
        choices = [c for c in choices if not (isinstance(c, Slot) and c.would_conflict())]
        choice = self.random.choice(choices) if choices else None
        if isinstance(choice, Slot):
            self.trace[-1] += " " + choice.name[-12:]
        elif isinstance(choice, str):
            self.trace[-1] += " " + choice
        return choice

    def existing(self, complete=False):
        return [s for _, s in sorted(self.slots.items()) if not (complete and s.draft)]

    def free(self):
        return [n for n in NAMES if n not in self.slots]

    def target(self):
        """A slot to save into, an existing one more often than not; a new one where all the others would conflict."""
        slot = self.pick(self.existing()) if self.slots and self.random.random() < 0.7 else None
        if not slot:
            name = self.pick(self.free())
            slot = self.slot_of(name) if name else self.pick(self.existing())
        return slot or self.slot_of("more%d.json" % self.counter)

    def slot_of(self, name):
        """The slot a new file of this name means: one that waits for its deletion, or a new one."""
        return self.slots.get(name) or self.deleted.get(name) or Slot(name)

    def text_of(self, slot, change=True):
        """What a program would write: the present record with another nickname; and the members in it."""
        if slot.committed is None:
            record = {"GivenName": "G", "Surname": "m%d" % self.counter, "NickName": None, "JobTitle": None, "HomePhones": []}
        elif slot.draft or slot.name not in self.slots:
            known = slot.before if slot.draft and slot.before else slot.committed
            record = dict(known, GivenName="G", HomePhones=[])
            if slot.id is not None:
                # Names of its own: those that the parts gave would follow the parts, here and not in the model.
                record = dict(self.mailbox.record("contact", slot.id), DisplayName="d", FileAs="f", **known)
        else:
            record = self.mailbox.json(FOLDER, slot.name)
            self.see(slot, record)
        self.counter += 1
        if change:
            record["NickName"] = "n%d" % self.counter
        text = self.mailbox.say(json.dumps(record, indent=self.random.choice((None, 1, 2, 4)), ensure_ascii=self.random.random() < 0.5))
        return text + self.random.choice(("", "\n", "\n\n")), followed(record)

    def see(self, slot, record):
        """Another client's edit appears where nothing is pending, sooner or later."""
        if slot.id is not None and not slot.op and not slot.draft:
            theirs = self.server[slot.id]["JobTitle"]
            if (record["JobTitle"] or None) == theirs != slot.committed["JobTitle"]:
                slot.committed["JobTitle"] = theirs
                slot.bytes = slot.mtime = None

    def open_slot(self, slot):
        """A file is under the name: the deletion that waited is taken back."""
        if slot.name not in self.slots:
            slot.mode = 0o600
            if self.deleted.pop(slot.name, None):
                slot.pend(slot.committed)
        self.slots[slot.name] = slot

    def write(self, name, data, flags=os.O_TRUNC, sync=False):
        data = data.encode()
        fd = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | flags, 0o600)
        try:
            while data:
                cut = self.random.randrange(1, len(data) + 1)
                os.write(fd, data[:cut])
                data = data[cut:]
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)

    def sent(self, slot):
        """What sync does to the model."""
        if slot.op == "create":
            self.expected["ContactPostItem", None] += 1
            slot.id = next((r["Id"] for r in self.mailbox.records("contact", "Contacts")
                            if r["Id"] not in self.server and followed(r)["Surname"] == slot.committed["Surname"]), None)
            self.test.assertIsNotNone(slot.id, "%s is not on the service" % slot.name)
            self.server[slot.id] = dict(slot.committed)
        elif slot.op == "update":
            self.expected["ContactPatchItem", slot.id] += 1
            theirs = self.server[slot.id]
            for name in OURS:
                if slot.committed[name] != slot.base[name]:
                    theirs[name] = slot.committed[name]
            slot.committed = dict(theirs)
        elif slot.op == "delete":
            self.expected["ContactDeleteItem", slot.id] += 1
            del self.server[slot.id]
        if slot.op and not slot.draft:
            slot.bytes = None
        if slot.op:
            slot.mtime = None
            slot.overtaken = True
        slot.op = slot.base = None

    # --- steps: each does the same to the mount and to the model

    def do_write(self):
        slot = self.target()
        text, members = self.text_of(slot)
        self.open_slot(slot)
        if self.random.random() < 0.3 and slot.bytes is not None:
            with open(self.path(slot.name), "r+", encoding="utf-8") as file:    # no truncation first
                file.write(text)
                file.truncate()
        else:
            self.write(slot.name, text)
        slot.commit(members, text)

    def do_same(self):
        slot = self.pick(self.existing(complete=True))
        if slot:
            text, members = self.text_of(slot, change=False)
            self.write(slot.name, text)
            slot.commit(members, text)

    def do_fsync(self):
        slot = self.target()
        text, members = self.text_of(slot)
        self.open_slot(slot)
        self.write(slot.name, text, sync=True)
        slot.commit(members, text)
        if slot.id is not None or self.mailbox.hear(json.loads(text)).get("Id") not in self.server:     # a copy of a record may be on its way to another name
            self.sent(slot)

    def do_partial(self):
        slot = self.target()
        text, members = self.text_of(slot)
        text = text.rstrip()
        cut = self.random.randrange(1, len(text))
        self.open_slot(slot)
        self.write(slot.name, text[:cut])
        slot.make_draft(text[:cut], text[cut:], members)

    def do_complete(self):
        slot = self.pick([s for s in self.existing() if s.rest])
        if slot:
            self.write(slot.name, slot.rest, os.O_APPEND)
            slot.commit(slot.coming, slot.bytes + slot.rest)

    def do_garbage(self):
        slot = self.target()
        text = self.pick(("no json", "[1, 2]", '{"GivenName": "G"} x', '{"GivenName": }'))
        self.open_slot(slot)
        self.fails(errno.EINVAL, self.write, slot.name, text)
        slot.make_draft(text)

    def do_incomplete_record(self):
        """Valid JSON that no contact can be: a member is of another type."""
        slot = self.target()
        text = self.mailbox.say('{"GivenName": "G", "Surname": 5}')
        self.open_slot(slot)
        self.fails(errno.EINVAL, self.write, slot.name, text)
        slot.make_draft(text)

    def do_empty(self):
        slot = self.target()
        self.open_slot(slot)
        self.write(slot.name, "")
        slot.make_draft("")

    def do_truncate(self):
        slot = self.pick(self.existing())
        if slot:
            with open(self.path(slot.name), "rb") as file:
                data = file.read()
            cut = self.random.randrange(0, len(data) or 1)
            try:
                json.loads(data[:cut])
                return  # still a whole text
            except ValueError:
                pass
            os.truncate(self.path(slot.name), cut)
            try:
                text = data[:cut].decode()
            except UnicodeDecodeError:
                text = data[:cut]
            slot.make_draft(text)

    def do_temporary(self):
        slot = self.target()
        text, members = self.text_of(slot)
        temporary = self.pick(("." + slot.name + ".tmp", "tmp123", ".d/" + slot.name))
        self.write(temporary, text)
        mode = self.pick((0o600, 0o640))
        os.chmod(self.path(temporary), mode)
        os.rename(self.path(temporary), self.path(slot.name))
        self.deleted.pop(slot.name, None)
        self.slots[slot.name] = slot
        slot.mode = mode
        slot.commit(members, text)

    def do_bad_temporary(self):
        """A rename onto a record's name that would make none moves nothing."""
        slot = self.target()
        self.write("bad.tmp", self.pick(("", "{", "no json")))
        self.fails(errno.EINVAL, os.rename, self.path("bad.tmp"), self.path(slot.name))
        os.unlink(self.path("bad.tmp"))

    def do_backup(self):
        slot = self.pick(self.existing())
        if not slot:
            return
        text, members = self.text_of(slot)
        old = self.read(slot.name) if slot.bytes is None else slot.bytes
        os.rename(self.path(slot.name), self.path(slot.name + "~"))
        with open(self.path(slot.name + "~"), "rb") as file:
            self.test.assertEqual(file.read(), old if isinstance(old, bytes) else old.encode())
        self.test.assertFalse(os.path.exists(self.path(slot.name)))
        if slot.id is None:     # the service has never heard of it
            slot = self.slots[slot.name] = Slot(slot.name)
        self.write(slot.name, text, self.pick((0, os.O_EXCL, os.O_TRUNC)))
        slot.mode = 0o600
        slot.commit(members, text)
        os.unlink(self.path(slot.name + "~"))

    def do_anew(self):
        slot = self.pick(self.existing())
        if slot:
            text, members = self.text_of(slot)
            self.unlink(slot)
            slot = self.slot_of(slot.name)
            self.open_slot(slot)
            self.write(slot.name, text, os.O_EXCL)
            slot.commit(members, text)

    def do_exchange(self):
        slot = self.pick(self.existing())
        if not slot:
            return
        text, members = self.text_of(slot)
        old = self.read(slot.name) if slot.bytes is None else slot.bytes
        self.write("swap", text)
        if LIBC.renameat2(-100, os.fsencode(self.path("swap")), -100, os.fsencode(self.path(slot.name)), EXCHANGE):
            raise OSError(ctypes.get_errno(), "renameat2")
        with open(self.path("swap"), "rb") as file:
            self.test.assertEqual(file.read(), old if isinstance(old, bytes) else old.encode())
        os.unlink(self.path("swap"))
        slot.mode = 0o600
        slot.commit(members, text)

    def unlink(self, slot):
        os.unlink(self.path(slot.name))
        del self.slots[slot.name]
        if slot.draft:
            slot.committed = slot.before
        slot.draft, slot.bytes, slot.emptied, slot.rest, slot.mtime = False, None, None, "", None
        if slot.id is not None:
            if slot.op is None:
                slot.base = slot.committed
            slot.op = "delete"
            self.deleted[slot.name] = slot

    def do_unlink(self):
        slot = self.pick(self.existing())
        if slot:
            self.unlink(slot)

    def do_alias(self):
        slot = self.pick(self.existing())
        name = self.pick([n for n in self.free() if n not in self.deleted])
        if slot and name:
            os.rename(self.path(slot.name), self.path(name))
            del self.slots[slot.name]
            slot.name = name
            self.slots[name] = slot

    def do_over(self):
        source, target = self.pick(self.existing()), self.pick(self.existing())
        if self.deleted and self.random.random() < 0.3:
            target = self.pick([slot for _, slot in sorted(self.deleted.items())])
        if not source or source is target:
            return
        if source.draft:
            self.fails(errno.EINVAL, os.rename, self.path(source.name), self.path(target.name))
            return
        if target.id is not None and self.server[target.id]["JobTitle"] != (target.base or target.committed)["JobTitle"]:
            return  # somebody else's edit we have not seen: a conflict
        if target.draft and target.overtaken:
            return  # members the service filled in since the draft began: a conflict
        text = self.read(source.name)
        os.rename(self.path(source.name), self.path(target.name))
        self.deleted.pop(target.name, None)
        self.slots[target.name] = target
        del self.slots[source.name]
        target.mode = source.mode
        if source.id is not None:
            if source.op is None:
                source.base = source.committed
            source.op = "delete"
            self.deleted[source.name] = source
        target.commit(dict(source.committed), text)
        source.bytes = None

    def do_chmod(self):
        slot = self.pick(self.existing())
        if slot:
            slot.mode = self.pick((0o600, 0o644, 0o400))
            os.chmod(self.path(slot.name), slot.mode)

    def do_utime(self):
        slot = self.pick(self.existing())
        if slot and not slot.emptied:
            slot.mtime = self.random.randrange(10 ** 18, 2 * 10 ** 18)
            os.utime(self.path(slot.name), ns=(slot.mtime, slot.mtime))

    def do_scratch(self):
        name, other = self.pick(SCRATCH), self.pick(SCRATCH)
        what = self.pick(("write", "append", "rename", "unlink"))
        if what == "write" or name not in self.scratch:
            self.scratch[name] = "text %d" % self.counter
            self.write(name, self.scratch[name])
        elif what == "append":
            self.scratch[name] += "more"
            self.write(name, "more", os.O_APPEND)
        elif what == "rename" and name != other:
            os.rename(self.path(name), self.path(other))
            self.scratch[other] = self.scratch.pop(name)
        elif what == "unlink":
            os.unlink(self.path(name))
            del self.scratch[name]

    def do_other(self):
        """Another client changes the job title."""
        slot = self.pick([s for s in self.existing() if s.id is not None and
                          (not s.op or s.committed["JobTitle"] == s.base["JobTitle"])])
        if slot:
            self.counter += 1
            self.server[slot.id]["JobTitle"] = "j%d" % self.counter
            self.mailbox.edit("contact", slot.id, set={"JobTitle": "j%d" % self.counter})

    def do_sync(self):
        self.mailbox.sync()
        self.everything_sent()

    def do_crash(self):
        self.mailbox.kill9()
        self.mailbox.mount()

    def do_remount(self):
        before = {name: os.lstat(self.path(name)).st_ino for name in self.slots if not self.slots[name].op}
        self.mailbox.remount()
        self.everything_sent()
        after = {name: os.lstat(self.path(name)).st_ino for name in before}
        self.test.assertEqual(after, before, "inode numbers")

    # --- comparisons

    def everything_sent(self):
        for slot in self.existing() + list(self.deleted.values()):
            self.sent(slot)
        self.deleted.clear()
        self.check_service()

    def check_service(self):
        lines = collections.Counter(self.mailbox.writes(self.mark))
        names = {slot.id: slot.name for slot in self.existing()}
        self.test.assertEqual([(what, names.get(id, id)) for what, id in lines - self.expected], [], "requests not expected")
        self.test.assertEqual([(what, names.get(id, id)) for what, id in self.expected - lines], [], "requests missing")
        self.mark = self.mailbox.mark()
        self.expected.clear()
        records = {r["Id"]: followed(r) for r in self.mailbox.records("contact", "Contacts")}
        self.test.assertEqual(records, self.server)

    def check_files(self):
        listed = sorted(os.listdir(self.mailbox.path(FOLDER)))
        wanted = sorted(list(self.slots) + [n for n in self.scratch if "/" not in n] + [".d"])
        if any(slot.emptied and time.monotonic() - slot.emptied > GRACE for slot in self.slots.values()):
            raise TooOld
        self.test.assertEqual(listed, wanted)
        for name, text in self.scratch.items():
            self.test.assertEqual(self.read(name), text, name)
        for slot in self.existing():
            self.check_slot(slot)

    def look(self, slot):
        """[its bytes]; None where the service's are meant and other ones are there: the kernel may not have reported the last close() yet."""
        with open(self.path(slot.name), "rb") as file:
            data = file.read()
        if not slot.draft:
            self.see(slot, self.mailbox.hear(json.loads(data)))
        if slot.bytes is None and followed(self.mailbox.hear(json.loads(data))) != slot.committed:
            return None
        return [data]

    def check_slot(self, slot):
        path = self.path(slot.name)
        data, = wait_for(lambda: self.look(slot), lambda: "%s: %s in %s" % (slot.name, slot.committed, self.read(slot.name)), 2)
        st = os.stat(path)
        self.test.assertEqual(st.st_size, len(data), slot.name)
        if slot.mode is not None:
            self.test.assertEqual(oct(stat.S_IMODE(st.st_mode)), oct(slot.mode), slot.name)
        if slot.mtime is not None:
            self.test.assertEqual(st.st_mtime_ns, slot.mtime, slot.name)
        if slot.bytes is not None:
            self.test.assertEqual(data, slot.bytes if isinstance(slot.bytes, bytes) else slot.bytes.encode(), slot.name)
        state = os.getxattr(path, "user.outlook.state").decode()
        self.test.assertEqual(state, "local" if slot.draft else "pending" if slot.op else "synced", slot.name)

    # --- running

    WEIGHTS = {"write": 10, "same": 3, "fsync": 3, "partial": 4, "complete": 5, "garbage": 2, "incomplete_record": 1, "empty": 3,
               "truncate": 2, "temporary": 6, "bad_temporary": 1, "backup": 5, "anew": 4, "exchange": 2, "unlink": 6, "alias": 5,
               "over": 5, "chmod": 3, "utime": 3, "scratch": 5, "other": 5, "sync": 6, "crash": 2, "remount": 1}

    @classmethod
    def steps(cls, seed):
        """(name, seed of its choices) of each step: a step does the same when others are left out, as far as it can."""
        choices = random.Random(seed)
        names = choices.choices(list(cls.WEIGHTS), list(cls.WEIGHTS.values()), k=STEPS)
        return [(name, choices.randrange(2 ** 32)) for name in names]

    def run(self, steps):
        for name, seed in steps + [("sync", 0)]:
            self.random = random.Random(seed)
            self.trace.append(name)
            try:
                getattr(self, "do_" + name)()
                self.check_files()
            except TooOld:
                return


class Model(unittest.TestCase):
    maxDiff = 4000

    def test_sequences(self):
        for service, self.mailbox in (("connector", Mailbox), ("graph", TranslatedMailbox)):
            with self.subTest(service=service):
                self.sequences(service)

    def sequences(self, service):
        print("model: %s OUTLOOKFS_SEED=%d OUTLOOKFS_MODEL_SEQUENCES=%d" % (service, RANDOM_SEED, SEQUENCES), flush=True)
        began, count = time.monotonic(), 0
        for seed in range(RANDOM_SEED, RANDOM_SEED + SEQUENCES):
            steps = list(range(STEPS))
            failure = self.attempt(seed, ONLY or steps)
            if failure and not ONLY:
                steps, failure = self.shorten(seed, steps, failure)
            if failure:
                self.fail("%s\nto repeat it: OUTLOOKFS_SEED=%d OUTLOOKFS_MODEL_SEQUENCES=1 OUTLOOKFS_MODEL_STEPS=%s" %
                          (failure, seed, ",".join(map(str, ONLY or steps))))
            count += 1
            if time.monotonic() - began > BUDGET / 2:
                break
        print("model: %d sequences in %.0f s" % (count, time.monotonic() - began), flush=True)

    def attempt(self, seed, numbers):
        """None, or what went wrong."""
        steps = Sequence.steps(seed)
        with self.mailbox(MountTest.build_dir, "contacts=6,events=1,messages=1",
                     options="writeback_delay=600,list_ttl=600,rate=100000,delete_guard=0") as mailbox:
            watchdog = threading.Timer(SEQUENCE_LIMIT, mailbox.give_up)
            watchdog.daemon = True
            watchdog.start()
            sequence = Sequence(self, mailbox)
            try:
                sequence.run([steps[n] for n in numbers])
            except Exception as error:  # whatever it is, the sequence shows it
                return "%s: %s\n%s\n%s" % (type(error).__name__, error, "; ".join(sequence.trace), mailbox.log_tail(5))
            finally:
                watchdog.cancel()
        return None

    def shorten(self, seed, steps, failure):
        """Leaves out steps as long as it still fails."""
        end = time.monotonic() + SHORTEN
        size = len(steps) // 2
        while size:
            at = 0
            while at < len(steps) and time.monotonic() < end:
                fewer = steps[:at] + steps[at + size:]
                again = self.attempt(seed, fewer)
                if again:
                    steps, failure = fewer, again
                else:
                    at += size
            size //= 2
        return steps, failure


if __name__ == "__main__":
    main()
