"""A disk that does not answer any more: who saves can be interrupted, and what was saved is saved when it is back."""
import errno
import glob
import json
import os
import platform
import signal
import subprocess

from both import over_both
from harness import Mailbox, MountTest, die_with_parent, main, wait_for

CONTACTS = "contacts/Contacts"
DISK = CONTACTS + "/.disk"  # a directory that is local, with all that a file system has
NUMBERS = {"x86_64": {"close": 3, "fsync": 74, "unlinkat": 263}, "aarch64": {"close": 57, "fsync": 82, "unlinkat": 35}}

# Has the file open with a new text when it says so; then does what argv names.
SAVE = """
import os, sys
path, new, how = sys.argv[1:]
text = open(path, encoding="utf-8").read().replace(new.partition(":")[0] + ": null", new)
fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
os.write(fd, text.encode())
print("ready", flush=True)
sys.stdin.readline()
try:
    {"close": os.close, "fsync": os.fsync}[how](fd)
except KeyboardInterrupt:
    sys.exit(3)
"""


@over_both
class Frozen(MountTest):
    """The state directory lies in another mount, which can be stopped."""
    OPTIONS = "writeback_delay=600"
    SEED = "contacts=8,events=1,messages=2"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.disk = Mailbox(cls.build_dir, "contacts=1,events=1,messages=1")
        cls.addClassCleanup(cls.disk.close)
        os.mkdir(cls.disk.path(DISK))
        cls.mailbox.unmount()
        cls.mailbox.state_dir = cls.disk.path(DISK, "state")
        cls.mailbox.mount()
        cls.addClassCleanup(cls.mailbox.unmount)

    def freeze(self):
        """
        SQLite maps its index of the log (-shm) into memory. Were the kernel just writing such a page to the frozen disk, the whole
        process would stand still behind the lock of its address space: written now, none is due for half a minute.
        """
        for name in os.listdir(self.mailbox.state_dir):
            if name.startswith("state.db"):
                with open(os.path.join(self.mailbox.state_dir, name), "rb") as file:
                    os.fsync(file.fileno())
        self.disk.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.thaw)
        wait_for(self.is_frozen, "each thread of the disk has stopped")

    def is_frozen(self):
        states = []
        for path in glob.glob("/proc/%d/task/*/stat" % self.disk.process.pid):
            with open(path, encoding="ascii") as file:
                states.append(file.read().rpartition(")")[2].split()[0])
        return set(states) == {"T"}

    def thaw(self):
        self.disk.process.send_signal(signal.SIGCONT)

    @staticmethod
    def is_in(process, call):
        with open("/proc/%d/syscall" % process.pid, encoding="ascii") as file:
            return file.read().split()[0] == str(NUMBERS[platform.machine()][call])

    def go(self, saver):
        """Until it hangs in what it was told to do: it calls that once."""
        saver.stdin.write("go\n")
        saver.stdin.flush()
        wait_for(lambda: self.is_in(saver, saver.args[-1]), "it hangs")

    def saver(self, name, how):
        """A program that has written and is about to save."""
        words = [self.mailbox.path(CONTACTS, name), self.mailbox.say('"NickName": "%s"' % how), how]
        process = subprocess.Popen(["/usr/bin/python3", "-c", SAVE, *words], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.addCleanup(process.communicate, timeout=30)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def nick(self, name):
        return self.mailbox.record("contact", name[:-5])["NickName"]

    def test_a_save_can_be_interrupted(self):
        names = self.mailbox.contacts()
        for name in names:
            text = self.mailbox.json(CONTACTS, name)
            self.mailbox.edit("contact", name[:-5], set={"NickName": None, "DisplayName": text["DisplayName"]})
        self.mailbox.remount(fresh_cache=True)
        self.mailbox.contacts()
        savers = {how: self.saver(name, how) for how, name in zip(("close", "fsync"), names)}
        self.freeze()
        for process in savers.values():
            self.go(process)
        for how, process in savers.items():
            with self.subTest(how):
                self.assertIsNone(process.poll())
                process.send_signal(signal.SIGINT)
                process.wait(20)
        self.thaw()
        for how, name in zip(savers, names):
            with self.subTest(how):
                wait_for(lambda: self.mailbox.sync() and self.nick(name) == how, "saved and sent")

    def test_programs_behind_it_can_be_killed(self):
        """They wait for a lock that the first one holds."""
        name, other = self.mailbox.contacts()[3:5]
        first = self.saver(name, "close")
        self.freeze()
        self.go(first)
        behind = subprocess.Popen(["rm", self.mailbox.path(CONTACTS, other)], stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.addCleanup(behind.wait, 30)
        wait_for(lambda: self.is_in(behind, "unlinkat"), "it hangs")
        for process in (behind, first):
            self.assertIsNone(process.poll())
            process.kill()
            self.assertEqual(process.wait(20), -signal.SIGKILL)
        self.thaw()
        self.assertErrno(errno.ENOENT, os.stat, self.mailbox.path(CONTACTS, "nobody.json"))
        self.mailbox.sync()


if __name__ == "__main__":
    main()
