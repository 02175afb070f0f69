"""A sandbox mailbox, mounted, for tests: starts both programs, and ends both whatever happens.

    class Example(MountTest):
        SEED = "contacts=100"
        OPTIONS = "writeback_delay=1"

        def test_edit(self):
            mailbox = self.mailbox                          # one for the class
            mark = mailbox.mark()
            mailbox.run(["sed", "-i", "s/a/b/", mailbox.path("contacts/Contacts/x.json")])
            mailbox.sync()
            self.assertEqual(len(mailbox.requests("ContactPatchItem", since=mark)), 1)

    if __name__ == "__main__":
        main()

A mailbox whose requests did not keep the service's contract fails when it is closed.

Nothing here waits without a limit: programs have time limits, and a test that hangs in a system call on the mount is ended by
killing the mount. A failing test prints the two command lines, what was run, the mount's log and the requests.
"""
import ctypes
import fcntl
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "sandbox"))
from sandbox import Answer, Sandbox, dataset_path, mail_path, own_address, query  # noqa: E402,F401

TOKEN = "a-token-of-the-tests"
READY_LIMIT = 20    # s until the mount answers
BUSY_LIMIT = 5      # s for programs that were killed to close what they had open
STOP_LIMIT = 40     # s until it has ended; it sends what is queued for up to 30
TEST_LIMIT = 120    # s of one test, then the mount is killed
LOG_TAIL = 60       # lines of the mount's log in a report
REQUESTS_TAIL = 40  # requests in a report
# What tests choose at random is the same in each run of the suite; `./dev soak` sets another.
RANDOM_SEED = int(os.environ.get("OUTLOOKFS_SEED", "1"))

PR_SET_PDEATHSIG = 1
MANAGED_CONTACT = {"ChangeKey", "DateTimeLastModified", "LastModifiedDateTime", "@odata.etag"}


def die_with_parent():
    """
    In the child: SIGTERM when the test is gone, so that a test killed by ctest leaves no mount behind, and Ctrl-C works, which a
    shell that starts the tests in the background has them ignore.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def sanitized():
    """Was the program built with a sanitizer? Then it takes longer, and has more in memory."""
    return any(name in str(MountTest.build_dir) for name in ("asan", "tsan"))


def patience():
    """How many times as long the program may take."""
    return 4 if sanitized() else 1


def wait_for(predicate, what, limit=20):
    """Asks until the answer is true; that answer. Fails after `limit` seconds."""
    limit *= patience()
    end = time.monotonic() + limit
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (limit, what() if callable(what) else what))
        time.sleep(0.02)


def in_own_namespace(mountpoints, *command):
    """
    The command in a mount namespace of its own, where of the mounts of outlookfs there are only these: the copies of other tests'
    mounts would keep them alive. Skips the test where no namespace can be made.
    """
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        raise unittest.SkipTest("no mount namespace can be made here (not root, or a chroot)")
    script = ('findmnt -nlo TARGET -t fuse.outlookfs | while IFS= read -r path; do '
              'case "|$0|" in *"|$path|"*) ;; *) umount -lnic "$path" ;; esac; done; exec "$@"')
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "|".join(mountpoints), *command]


def is_mounted(path):
    escaped = path.replace(" ", "\\040")
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return any(line.split()[4] == escaped for line in file)


class Mailbox:
    """`options` is what follows -o; `sandbox_options` go to outlookfs-sandbox."""
    SANDBOX = Sandbox

    def __init__(self, build_dir, seed="contacts=25,events=12,messages=40", latency=0, options="", sandbox_options=()):
        if not os.path.exists("/dev/fuse"):
            raise AssertionError("there is no /dev/fuse: nothing can be mounted here "
                                 "(a container needs --device /dev/fuse --cap-add SYS_ADMIN)")
        self.build_dir = build_dir
        self.program = os.path.join(build_dir, "outlookfs")
        self.options = options
        self.dir = tempfile.mkdtemp(prefix="outlookfs-test-")
        self.mountpoint = os.path.join(self.dir, "mnt")
        self.state_dir = os.path.join(self.dir, "state")
        self.cache_dir = os.path.join(self.dir, "cache")
        self.token_file = os.path.join(self.dir, "token")
        self.request_log = os.path.join(self.dir, "requests.jsonl")
        self.mount_log = os.path.join(self.dir, "mount.log")
        self.sandbox = self.process = None
        self.expected_violations = ()   # what the sandbox was told not to know
        self.commands = []
        self.killed = False
        os.mkdir(self.mountpoint)
        with open(os.open(self.token_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        try:
            self.sandbox = self.SANDBOX(build_dir, "--seed", seed, "--latency", str(latency), "--log", self.request_log,
                                   *sandbox_options, token=TOKEN)
            self.mount()
        except BaseException:
            self.report()
            self.close(check=False)
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.report()
        self.close(check=kind is None)

    # --- life of the mount

    def service(self):
        return "--url", self.sandbox.url

    def command(self):
        line = [self.program, "mount", "-f", *self.service(), "--token-file", self.token_file,
                "--state-dir", self.state_dir, "--cache-dir", self.cache_dir]
        return line + (["-o", self.options] if self.options else []) + [self.mountpoint]

    def mount(self):
        """Mounts and waits until the root answers."""
        with open(self.mount_log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=die_with_parent)
        self.killed = False

        def ready():
            if self.process.poll() is not None:
                raise AssertionError("the mount ended with %d:\n%s" % (self.process.returncode, self.log_tail()))
            return is_mounted(self.mountpoint)

        wait_for(ready, lambda: "mounted; its log:\n" + self.log_tail(), READY_LIMIT)
        self.run(["stat", self.mountpoint], timeout=READY_LIMIT)

    def unmount(self, check=True):
        """Takes the mount away and waits for the program; its exit status must be 0."""
        if is_mounted(self.mountpoint):
            end = time.monotonic() + BUSY_LIMIT
            while True:  # a killed program's files are closed a moment after its end is known
                done = subprocess.run(["fusermount3", "-u", self.mountpoint], capture_output=True, text=True, timeout=30)
                if "busy" not in done.stderr or time.monotonic() > end:
                    break
                time.sleep(0.1)
            if done.returncode != 0:
                subprocess.run(["fusermount3", "-uz", self.mountpoint], capture_output=True, timeout=30)
                if check:
                    raise AssertionError("cannot unmount: " + done.stderr)
        if self.process is None:
            return
        try:
            status = self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            status = "none: it did not end within %d s" % STOP_LIMIT
        self.process = None
        if check and not self.killed and status != 0:
            raise AssertionError("exit status of the mount: %s\n%s" % (status, self.log_tail()))

    def remount(self, fresh_state=False, fresh_cache=False):
        self.unmount()
        self.forget(fresh_state, fresh_cache)
        self.mount()

    def forget(self, state, cache):
        if state:
            shutil.rmtree(self.state_dir)
        if cache:
            shutil.rmtree(self.cache_dir)

    def kill9(self):
        """The mount dies as in a crash; the dead mount point is taken away."""
        self.killed = True
        self.process.kill()
        self.process.wait(10)
        self.process = None
        self.run(["fusermount3", "-uz", self.mountpoint])

    def give_up(self):
        """A test hangs: its system calls come back with an error once the mount is dead."""
        sys.stderr.write("\na test takes over %d s: the mount is killed\n" % (TEST_LIMIT * patience()))
        self.killed = True
        if self.process is not None:
            self.process.kill()

    def close(self, check=True):
        try:
            self.unmount(check)
            if check:
                self.check_log()
                self.check_requests()
        finally:
            status = self.sandbox.stop() if self.sandbox is not None else None
            shutil.rmtree(self.dir, ignore_errors=True)
        if check and status:
            raise AssertionError("exit status of the sandbox: %d" % status)

    def check_log(self):
        """What a sanitizer reports is a failure even where the exit status does not say so, and so is a number taken for an errno."""
        with open(self.mount_log, encoding="utf-8", errors="replace") as file:
            for line in file:
                if "Sanitizer" in line or "runtime error:" in line or "Unknown error" in line:
                    raise AssertionError("in the mount's log: " + self.log_tail(400))

    def check_requests(self):
        """They have kept the contract."""
        found = self.sandbox.control("GET", "/violations") if self.sandbox.process is not None else []
        found = [one for one in found if one["what"] not in self.expected_violations]
        if found:
            raise AssertionError("the contract was not kept: %s" % found)

    # --- the mount as a user sees it

    def path(self, *parts):
        return os.path.join(self.mountpoint, *parts)

    def contacts(self, folder="Contacts"):
        """The record names of a contact folder."""
        return sorted(name for name in os.listdir(self.path("contacts", folder)) if name.endswith(".json"))

    def read(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as file:
            return file.read()

    def json(self, *parts):
        return json.loads(self.read(*parts))

    def shows(self, predicate, *parts):
        """The record in the file, once it is like that: what came of a save is shown after the kernel has reported the last close()."""
        def look():
            record = self.json(*parts)
            return predicate(record) and record

        return wait_for(look, lambda: "in the file: " + self.read(*parts))

    def xattr(self, name, *parts):
        return os.getxattr(self.path(*parts), "user.outlook." + name).decode()

    def status(self):
        return json.loads(self.read(".outlookfs/status.json"))

    def tell(self):
        """`outlookfs status`."""
        return self.run([self.program, "status", self.mountpoint], check=False)

    def run(self, command, timeout=60, check=True, **more):
        """A program, with a time limit; `command` a list or a line for the shell."""
        shell = isinstance(command, str)
        self.commands.append(command if shell else shlex.join(command))
        try:
            done = subprocess.run(command, shell=shell, stdin=more.pop("stdin", subprocess.DEVNULL), capture_output=True,
                                  text=True, timeout=timeout * patience(), **more)
        except subprocess.TimeoutExpired as late:
            raise AssertionError("over %d s: %s\n%s%s" % (timeout, command, late.stdout, late.stderr)) from None
        if check and done.returncode != 0:
            raise AssertionError("exit status %d: %s\n%s%s" % (done.returncode, command, done.stdout, done.stderr))
        return done

    def sync(self, status=0):
        """`outlookfs sync`: everything queued is on the service (0), or some is parked (1). None: either."""
        done = self.run([self.program, "sync", self.mountpoint], check=False)
        if done.returncode not in ((0, 1) if status is None else (status,)):
            raise AssertionError("sync: exit status %d, not %s\n%s%s" % (done.returncode, status, done.stdout, done.stderr))
        return done

    # --- the service

    def mark(self):
        """For requests(since=): what was sent until now is not meant."""
        return max((line["n"] for line in self.sandbox.log()), default=0)

    def requests(self, operation=None, since=0):
        return self.sandbox.log(since, operation)

    def sent(self, since=0):
        """Requests that went over the wire: those within a batch did not."""
        return [line for line in self.requests(since=since) if "batch" not in line]

    def writes(self, since=0):
        """(operation, id) of the requests that change something."""
        return [(line["operation"], line.get("id")) for line in self.requests(since=since) if line["method"] != "GET"]

    @staticmethod
    def say(text):
        """What a test says in the connector's words, in the service's (both.py)."""
        return text

    @staticmethod
    def hear(record):
        """The other way round."""
        return record

    def record(self, kind, id):
        return self.sandbox.record(kind, id)

    def records(self, kind, table=None):
        return self.sandbox.records(kind, table)

    def create(self, kind, members, table=None):
        """Somebody else's new record."""
        return self.sandbox.create(kind, members, table)

    def edit(self, kind, id, **how):
        return self.sandbox.edit(kind, id, **how)

    def fault(self, **fault):
        return self.sandbox.fault(**fault)

    # --- when it went wrong

    def log_tail(self, lines=LOG_TAIL):
        if not os.path.exists(self.mount_log):
            return ""
        with open(self.mount_log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def report(self):
        """How to do it again by hand, and what both sides say."""
        out = ["", "--- to repeat it:"]
        if self.sandbox is not None and self.sandbox.url is not None:
            out.append("OUTLOOKFS_SANDBOX_TOKEN=%s %s &" % (TOKEN, shlex.join(
                [self.sandbox.program, "--listen", "%s:%d" % (self.sandbox.host, self.sandbox.port)] + self.sandbox.options)))
            out.append(shlex.join(self.command()) + " &")
        out += self.commands[-20:]
        out += ["--- log of the mount:", self.log_tail().rstrip()]
        out.append("--- last requests:")
        if os.path.exists(self.request_log):
            with open(self.request_log, encoding="utf-8") as file:
                out += [describe(json.loads(line)) for line in file.readlines()[-REQUESTS_TAIL:]]
        sys.stderr.write("\n".join(out) + "\n---\n")


def describe(line):
    """A line of the request log for a person."""
    body = json.dumps(line["body"], ensure_ascii=False) if line.get("body") is not None else ""
    return "%5d %3d %s %s%s %s" % (line["n"], line["status"], line["method"], line["path"],
                                   "?" + line["query"] if line["query"] else "", body[:300])


class Terminal:
    """A program on a terminal of its own.

        with Terminal(["nano", path]) as terminal:
            terminal.expect("GNU nano")
            terminal.send("\\x18")
            terminal.wait()
    """

    def __init__(self, command, **more):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8")

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            die_with_parent()

        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment,
                                        preexec_fn=take_terminal, **more)
        os.close(slave)
        self.screen = b""   # everything it wrote
        self.seen = 0       # up to where expect() has looked

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def _read(self, limit):
        """False: nothing more will come."""
        if not select.select([self.master], [], [], limit)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: the program has closed its terminal
            return False
        self.screen += data
        return bool(data)

    def send(self, keys):
        os.write(self.master, keys.encode())

    def expect(self, text, limit=20):
        """Waits until the text appears behind what was expected before."""
        end = time.monotonic() + limit
        while self.screen.find(text.encode(), self.seen) < 0:
            if time.monotonic() > end or not self._read(0.2):
                raise AssertionError("%r did not appear; the screen: %r" % (text, self.screen[self.seen:]))
        self.seen = self.screen.find(text.encode(), self.seen) + len(text)

    def wait(self, limit=20):
        """Its exit status."""
        end = time.monotonic() + limit
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError("%s has not ended; the screen: %r" % (self.process.args, self.screen))
            if not self._read(0.1):
                self.process.wait(max(0.1, end - time.monotonic()))
        return self.process.returncode


class Nano(Terminal):
    """nano with one file.

        with Nano(path) as nano:
            nano.replace('"old"', '"new"')
            nano.write()
            nano.leave()
    """

    def __init__(self, file, *options, **more):
        super().__init__(["nano", "--ignorercfiles", "--nowrap", *options, file], **more)

    def takes_keys(self):
        """
        While nano reads the file, keys are signals of the terminal, so that ^C can stop it; there ^\\ would be lost. It says how
        much it has read before it takes the keys back.
        """
        self._read(0)
        return re.search(rb"Read \d+ line", self.screen) and not termios.tcgetattr(self.master)[3] & termios.ISIG

    def replace(self, old, new):
        """In the one place where it is."""
        wait_for(self.takes_keys, lambda: "nano takes keys; the screen: %r" % self.screen)
        self.send("\x1c")
        self.expect("Search (to replace)")
        self.send(old + "\r")
        self.expect("Replace with")
        self.send(new + "\r")
        self.expect("this instance?")
        self.send("a")
        self.expect("Replaced 1 occurrence")

    def write(self):
        self.send("\x0f")
        self.expect("File Name to Write")
        self.send("\r")
        self.expect("Wrote")

    def leave(self):
        """Nothing is asked, since all is written."""
        self.send("\x18")
        status = self.wait()
        if status != 0:
            raise AssertionError("exit status of nano: %d; the screen: %r" % (status, self.screen))


class MountTest(unittest.TestCase):
    """A test over one mailbox a class."""
    SEED = "contacts=25,events=12,messages=40"
    LATENCY = 0
    OPTIONS = ""
    SANDBOX_OPTIONS = ()
    MAILBOX = Mailbox
    build_dir = None
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.mailbox = cls.MAILBOX(cls.build_dir, cls.SEED, cls.LATENCY, cls.OPTIONS, cls.SANDBOX_OPTIONS)
        cls.addClassCleanup(cls.mailbox.close)

    def run(self, result=None):
        watchdog = threading.Timer(TEST_LIMIT * patience(), self.mailbox.give_up)
        watchdog.daemon = True
        watchdog.start()
        before = len(result.failures) + len(result.errors)
        try:
            return super().run(result)
        finally:
            watchdog.cancel()
            if len(result.failures) + len(result.errors) > before:
                sys.stderr.write("\n--- %s failed" % self.id())
                self.mailbox.report()

    def assertMode(self, path, mode):
        self.assertEqual(oct(stat.S_IMODE(os.lstat(path).st_mode)), oct(mode), path)

    def assertErrno(self, errno, function, *arguments, **more):
        with self.assertRaises(OSError) as caught:
            function(*arguments, **more)
        self.assertEqual(caught.exception.errno, errno, caught.exception)


def main():
    """Runs the calling script's tests; argv[1] is the build directory."""
    if len(sys.argv) < 2:
        sys.exit("usage: %s BUILD_DIRECTORY [unittest options]" % sys.argv[0])
    MountTest.build_dir = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__")
