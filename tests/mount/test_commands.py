"""The commands: what is wrong is said in one line before anything is mounted, exit codes are honest, nothing is left behind."""
import concurrent.futures
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from harness import MountTest, Terminal, die_with_parent, in_own_namespace, is_mounted, main, wait_for
from sandbox import Sandbox, own_address

TOKEN = "a-secret-of-the-commands-test"
CONTACTS = "contacts/Contacts"


def processes(text):
    """(pid, command line) of the processes with this text in it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line and int(pid) != os.getpid():
            found.append((int(pid), line))
    return found


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class CommandTest(unittest.TestCase):
    """One sandbox a class; directories and a clean environment for each test."""

    @classmethod
    def setUpClass(cls):
        cls.program = os.path.join(MountTest.build_dir, "outlookfs")
        cls.sandbox = Sandbox(MountTest.build_dir, "--seed", "contacts=8,events=1,messages=2", token=TOKEN)
        cls.addClassCleanup(cls.sandbox.stop)

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="outlookfs-commands-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.mountpoint = self.inside("mnt")
        os.mkdir(self.mountpoint)
        self.addCleanup(self.clean_up, self.mountpoint)
        self.token_file = self.file("token", TOKEN + "\n", 0o600)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("OUTLOOKFS_", "XDG_"))}
        self.environment["HOME"] = self.dir
        self.where = ["--url", self.sandbox.url, "--token-file", self.token_file]

    def clean_up(self, mountpoint):
        for _ in range(3):
            if is_mounted(mountpoint):
                subprocess.run(["fusermount3", "-uz", mountpoint], capture_output=True, timeout=30, check=False)
        wait_for(lambda: not processes(mountpoint), lambda: "no process left: %s" % processes(mountpoint), 40)

    # --- words

    def inside(self, *parts):
        return os.path.join(self.dir, *parts)

    def path(self, *parts):
        return os.path.join(self.mountpoint, *parts)

    def file(self, name, text, mode=0o644):
        path = self.inside(name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def run_it(self, *words, cwd=None, **environment):
        return subprocess.run([self.program] + list(words), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False, cwd=cwd, env=dict(self.environment, **environment))

    def mount(self, *words, status=0, where=None, at=None, **more):
        """In the background. `where`: service and token."""
        done = self.run_it("mount", *(self.where if where is None else where), *words, at or self.mountpoint, **more)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def start(self, *words):
        """In the foreground: the process, once it says that it is mounted. Who unmounts it before ends it with a failure."""
        with open(self.inside("log"), "ab") as log:
            before = self.mounted_lines()
            process = subprocess.Popen([self.program, "mount", "-f"] + self.where + list(words) + [self.mountpoint],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                                       preexec_fn=die_with_parent)
        self.addCleanup(process.wait, 40)
        self.addCleanup(process.terminate)
        wait_for(lambda: process.poll() is not None or self.mounted_lines() > before, "mounted")
        self.assertIsNone(process.poll(), self.log())
        return process

    def mounted_lines(self):
        return self.log().count(" is mounted on ")

    def log(self):
        with open(self.inside("log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def umount(self, status=0):
        done = self.run_it("umount", self.mountpoint)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def names(self):
        return sorted(name for name in os.listdir(self.path(CONTACTS)) if name.endswith(".json"))

    def save(self, nick, name=None):
        """An edit; the name."""
        name = name or self.names()[0]
        with open(self.path(CONTACTS, name), encoding="utf-8") as file:
            record = json.load(file)
        record["NickName"] = nick
        with open(self.path(CONTACTS, name), "w", encoding="utf-8") as file:
            json.dump(record, file, indent=2)
        return name

    def nick(self, name):
        return self.sandbox.record("contact", name[:-5])["NickName"]

    def assertOneLine(self, done, *words):
        """One line on standard error, nothing on standard output."""
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("outlookfs: "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def assertNotMounted(self, *words, where=None, says=(), at=None, **more):
        """Exit status 1, one line that says so, nothing mounted, no process left."""
        mounts = self.mounts()
        done = self.mount(*words, status=1, where=where, at=at, **more)
        self.assertOneLine(done, *([says] if isinstance(says, str) else says))
        self.assertEqual(self.mounts(), mounts)
        if at is None:
            self.assertEqual(processes(self.mountpoint), [])

    def other_mounts(self):
        """Of tests that run beside this one."""
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return [line for line in file if " fuse.outlookfs " in line and self.dir not in line]

    def mounts(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            return [line for line in file if self.dir in line]


class Refused(CommandTest):
    """mount, with something wrong."""

    def with_token(self, url):
        return ["--url", url, "--token-file", self.token_file]

    def test_the_url(self):
        for url, says in (("http://example.com/apim/office365/x", "https://"),
                          ("http://192.0.2.1/", "https://"),
                          ("ftp://127.0.0.1/", "https://"),
                          ("not a url", "not a URL"),
                          ("http://127.0.0.1:99999/", "not a URL"),
                          ("https://robin:secret@127.0.0.1/", "password"),
                          ("https://127.0.0.1/x?y=1", "'?'"),
                          ("https://", "not a URL")):
            with self.subTest(url=url):
                self.assertNotMounted(where=self.with_token(url), says=says)
        self.assertNotMounted(where=["--token-file", self.token_file], says="--url")
        self.assertNotMounted(where=["--url", "", "--token-file", self.token_file])

    def test_another_path(self):
        self.assertNotMounted(where=self.with_token(self.sandbox.url + "0"), says=("404", "the URL is wrong"))
        self.assertFalse(os.path.exists(self.inside(".local")) or os.path.exists(self.inside(".cache")))
        self.assertNotMounted(where=self.with_token("http://127.0.0.1:%d/" % self.sandbox.port), says="404")

    def test_no_server(self):
        """Where nothing is cached it is an error, and leaves nothing behind; else the cache is shown."""
        gone = Sandbox(MountTest.build_dir, "--seed", "contacts=2", "--listen", own_address() + ":0", token=TOKEN)
        self.mount(where=self.with_token(gone.url))
        self.assertEqual(len(self.names()), 2)
        self.umount()
        gone.stop()
        start = time.monotonic()
        done = self.mount(where=self.with_token(gone.url))
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("offline", done.stderr)
        self.assertIn("offline", self.run_it("status", self.mountpoint).stdout)
        self.assertEqual(len(self.names()), 2)
        self.umount()
        shutil.rmtree(self.inside(".local"))
        shutil.rmtree(self.inside(".cache"))
        self.assertNotMounted(where=self.with_token(gone.url), says=own_address())
        self.assertNotMounted(where=self.with_token("https://no-such-host.invalid/x"), says="no-such-host.invalid")
        self.assertFalse(os.path.exists(self.inside(".local")) or os.path.exists(self.inside(".cache")))

    def test_no_token(self):
        self.assertNotMounted(where=["--url", "https://127.0.0.1:1/x"], says="token")
        self.assertNotMounted(where=["--url", self.sandbox.url], says=("token", "401"))

    def test_a_bad_token(self):
        for text, says in (("wrong", "401"), ("", "no token"), ("\n" + TOKEN, "no token"), ("\x07bell", "character")):
            with self.subTest(token=text):
                self.file("token", text, 0o600)
                self.assertNotMounted(says=says)
        self.assertNotMounted(where=["--url", self.sandbox.url], says="401", OUTLOOKFS_TOKEN="wrong")

    def test_the_token_file(self):
        os.chmod(self.token_file, 0o644)
        self.assertNotMounted(says=("others can read", "chmod 600 " + self.token_file))
        os.chmod(self.token_file, 0o640)
        self.assertNotMounted(says="chmod 600")
        os.unlink(self.token_file)
        self.assertNotMounted(says=(self.token_file, "No such file"))
        os.mkdir(self.token_file)
        self.assertNotMounted(says=self.token_file)

    def test_the_token_command(self):
        for command, says in (("exit 3", "3"), ("true", "token"), ("kill -9 $$", "9"), ("no-such-program 2>&1", "127")):
            with self.subTest(command=command):
                self.assertNotMounted(where=["--url", self.sandbox.url, "--token-command", command], says=says)

    def test_two_tokens(self):
        self.assertNotMounted("--token-command", "cat " + self.token_file, says="one token source")
        self.assertNotMounted(says="one token source", OUTLOOKFS_TOKEN=TOKEN)

    def test_the_mount_point(self):
        self.assertNotMounted(at=self.inside("missing"), says=("missing", "No such file", "mkdir"))
        self.assertNotMounted(at=self.token_file, says="not a directory")
        self.addCleanup(self.clean_up, self.inside("full"))
        os.mkdir(self.inside("full"))
        self.file("full/thing", "")
        self.assertNotMounted(at=self.inside("full"), says=("not empty", "nonempty"))
        os.symlink("nowhere", self.inside("dangling"))
        self.assertNotMounted(at=self.inside("dangling"), says="No such file")

    def test_a_mount_point_in_use(self):
        self.mount()
        self.assertOneLine(self.mount("--state-dir", self.inside("s2"), "--cache-dir", self.inside("c2"), status=1),
                           "already a mount point")
        self.assertEqual(len(self.mounts()), 1)
        self.assertTrue(self.names())
        self.umount()

    def test_a_dead_mount(self):
        process = self.start()
        process.kill()
        process.wait(10)
        for command in ("status", "sync"):
            done = self.run_it(command, self.mountpoint)
            self.assertEqual(done.returncode, 1)
            self.assertOneLine(done, "dead mount", "outlookfs umount")
        self.assertEqual(self.umount().stderr, "")
        self.assertEqual(self.mounts(), [])

    def test_a_dead_mount_is_replaced(self):
        process = self.start()
        process.kill()
        process.wait(10)
        self.assertOneLine(self.mount(), "dead mount", self.mountpoint)
        self.assertEqual(len(self.mounts()), 1)
        self.assertEqual(len(self.names()), 8)
        self.umount()

    def test_below_the_mount_and_without_its_name(self):
        self.mount()
        for cwd, words in ((self.path(CONTACTS), []), (self.dir, []), (self.dir, [self.path(CONTACTS)]),
                           (self.path(CONTACTS), ["."]), (self.dir, [self.path(CONTACTS, self.names()[0])])):
            with self.subTest(cwd=cwd, words=words):
                others = self.other_mounts()
                status = self.run_it("status", "--json", *words, cwd=cwd)
                sync = self.run_it("sync", *words, cwd=cwd)
                if not words and cwd == self.dir and (others or self.other_mounts()):
                    self.assertTrue(status.returncode == 0 or "several mailboxes" in status.stderr, status.stderr)
                    continue
                self.assertEqual(json.loads(status.stdout)["mountpoint"], self.mountpoint)
                self.assertEqual(sync.returncode, 0)
        self.assertOneLine(self.run_it("status", self.dir), "not an outlookfs mount")
        done = self.run_it("doctor", self.mountpoint)
        self.assertEqual(done.returncode, 1)
        self.assertIn("%s is mounted by --url or --sandbox" % self.mountpoint, done.stdout)
        one = self.file("one", "[work]\nurl = %s\ntoken-file = %s\n" % (self.sandbox.url, self.token_file))
        done = self.run_it("doctor", "--config", one, self.mountpoint)      # the only account is not this mount's
        self.assertIn("%s is mounted by --url or --sandbox" % self.mountpoint, done.stdout)
        self.umount()

    def test_doctor_without_an_account(self):
        two = self.file("two", "".join("[%s]\nurl = %s\ntoken-file = %s\n" % (name, self.sandbox.url, self.token_file)
                                       for name in ("work", "home")))
        for words, says in (([self.dir], ("no mailbox answers on %s" % self.dir, "outlookfs login")),
                            ([], ("there is no account", "outlookfs login")),
                            (["nobody"], ("no account is called nobody", "outlookfs login")),
                            (["--config", two, self.dir], ("no mailbox answers on %s" % self.dir, "work, home")),
                            (["--config", two], ("several accounts", "work, home"))):
            with self.subTest(words=words):
                done = self.run_it("doctor", *words)
                self.assertEqual((done.returncode, done.stdout.count("\n")), (1, 1))
                for part in ("FAIL  configuration  ", *says):
                    self.assertIn(part, done.stdout)
                self.assertNotIn("--url", done.stdout)

    def test_the_mount_or_the_service_is_stopped(self):
        """Each command ends by itself within 10 s."""
        process = self.start("-o", "writeback_delay=600")
        self.save("stopped")
        card = self.file("card.vcf", "BEGIN:VCARD\nVERSION:3.0\nFN:Jane\nN:;Jane;;;\nEND:VCARD\n")
        asks_mount = [["status", self.mountpoint], ["sync", self.mountpoint], ["wait", self.path("outbox/approval/q.json")],
                      ["watch", self.mountpoint], ["watch", self.path("triggers/new.json")], ["import", card, self.path(CONTACTS)],
                      ["mount", *self.where, self.mountpoint], ["umount", self.mountpoint]]
        os.mkdir(self.inside("other"))
        asks_service = [["sync", self.mountpoint], ["mount", *self.where, self.inside("other")],
                        ["doctor", "--config", self.file("conf", "url = %s\ntoken-file = %s\n" % (self.sandbox.url, self.token_file))]]
        for stopped, commands in ((process, asks_mount), (self.sandbox.process, asks_service)):
            stopped.send_signal(signal.SIGSTOP)
            self.addCleanup(stopped.send_signal, signal.SIGCONT)
            with concurrent.futures.ThreadPoolExecutor(len(commands)) as pool:
                all_done = list(pool.map(self.timed, commands))
            for words, (done, seconds) in zip(commands, all_done):
                with self.subTest(words=words, stopped="mount" if stopped is process else "service"):
                    self.assertLess(seconds, 10)
                    self.assertNotEqual(done.returncode, 0)
                    if stopped is process:
                        self.assertIn("stopped or hangs", done.stderr)
            stopped.send_signal(signal.SIGCONT)

    def timed(self, words):
        start = time.monotonic()
        return self.run_it(*words), time.monotonic() - start

    def complete(self, *words):
        """What bash offers for the last of the words, in a directory with a file `card.vcf` and a directory `card`."""
        scripts = os.path.join(os.path.dirname(__file__), "../../src/cli/packaging/completions/outlookfs.bash")
        done = subprocess.run(["bash", "-c", '. "$0"; compopt() { :; }; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _outlookfs; '
                               'printf "%s\n" "${COMPREPLY[@]}"', scripts, "outlookfs", *words], capture_output=True, text=True,
                              timeout=60, check=True, cwd=self.inside("words"),
                              env=dict(self.environment, PATH=os.path.dirname(self.program) + ":" + os.environ["PATH"]))
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_completion(self):
        os.makedirs(self.inside("words/card"))
        with open(self.inside("words/card.vcf"), "wb"):
            pass
        os.makedirs(self.inside("configuration/outlookfs"))
        with open(self.inside("configuration/outlookfs/config"), "w", encoding="utf-8") as file:
            file.write("[cards]\n[work]\n")
        self.environment["XDG_CONFIG_HOME"] = self.inside("configuration")
        for words, offered in ((["do"], {"doctor"}), (["mount", "--serv"], {"--service"}), (["mount", "-o", "ro,wri"], {"ro,writeback_delay="}),
                               (["mount", "ca"], {"card", "cards"}), (["umount", "ca"], {"card"}), (["login", ""], {"cards", "work"}),
                               (["import", "ca"], {"card", "card.vcf"}), (["wait", "ca"], {"card", "card.vcf"}),
                               (["template", "re"], {"reply", "respond"}), (["template", "--serv"], {"--service"})):
            with self.subTest(words=words):
                self.assertEqual(self.complete(*words), offered)
        for name in self.complete("template", ""):
            with self.subTest(template=name):
                self.assertEqual(self.run_it("template", name).returncode, 0)

    def test_options(self):
        for option, says in (("nonsense", "nonsense"), ("writeback_delay=soon", "seconds"), ("writeback_delay", "seconds"),
                             ("writeback_delay=-1", "seconds"), ("list_ttl=1e9", "seconds"), ("uid=me", "number"),
                             ("umask=9", "octal"), ("trash_max=64X", "size"), ("fsync=never", "local or service"),
                             ("ro=1", "takes no value"), ("delete_guard=", "number"), ("rate=many", "number")):
            with self.subTest(option=option):
                self.assertNotMounted("-o", option, says=("-o", says))

    def test_the_api(self):
        self.assertNotMounted("--api", "current", says=("current", "v1"))
        self.assertNotMounted("--api", "v7", says=("v7", "v1"))

    def test_the_configuration(self):
        self.assertNotMounted("--config", self.inside("no-config"), says="no-config")
        self.assertNotMounted("--config", self.file("config", "urll = x\n"), says="urll")
        self.assertNotMounted("--config", self.file("config", "options = nonsense\n"), says="nonsense")

    def test_sandbox_and_url(self):
        self.assertNotMounted("--sandbox", says="--sandbox")

    def test_directories(self):
        thing = self.file("thing", "")
        self.assertNotMounted("--state-dir", thing, says=thing)
        self.assertNotMounted("--cache-dir", thing, says=thing)
        self.assertNotMounted("--state-dir", os.path.join(thing, "below"), says=thing)

    def test_usage(self):
        """2, with the way it is used."""
        for words in ([], ["nonsense"], ["mount"], ["mount", "a", "b", "c"], ["mount", "--nonsense", self.mountpoint],
                      ["mount", "--url"], ["umount"], ["umount", "a", "b"], ["umount", "--force", "a"],
                      ["sync", "--all", "a"], ["sync", "a", "b"], ["status", "a", "b"], ["status", "--xml", self.mountpoint]):
            with self.subTest(words=words):
                done = self.run_it(*words)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, "")
                self.assertIn("outlookfs", done.stderr)
                self.assertEqual(self.mounts(), [])

    def test_help(self):
        for words in (["--help"], ["--version"], ["mount", "--help"], ["umount", "--help"], ["sync", "--help"],
                      ["status", "--help"]):
            with self.subTest(words=words):
                done = self.run_it(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("outlookfs", done.stdout)

    def test_commands_on_what_is_no_mount(self):
        for where, says in ((self.mountpoint, "not an outlookfs mount"), (self.inside("missing"), "No such file"),
                            ("/proc", "not an outlookfs mount"), (self.token_file, "not an outlookfs mount")):
            for command in ("umount", "sync", "status"):
                with self.subTest(command=command, where=where):
                    done = self.run_it(command, where)
                    self.assertEqual(done.returncode, 1)
                    self.assertOneLine(done, where, says)


class Directories(CommandTest):
    """What is kept between mounts, in every condition."""

    def setUp(self):
        super().setUp()
        self.state, self.cache = self.inside("state"), self.inside("cache")
        self.where += ["--state-dir", self.state, "--cache-dir", self.cache]

    def leave_an_edit(self, nick):
        """An edit that waits in the state directory; its record."""
        self.mount("-o", "writeback_delay=600")
        name = self.save(nick)
        pid = json.loads(self.run_it("status", "--json", self.mountpoint).stdout)["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not processes(self.mountpoint), "it is dead")
        self.umount()
        return name

    def damage(self, path, at):
        """Overwrites all pages from an offset on."""
        self.assertFalse(os.path.exists(path + "-wal"))
        size = os.stat(path).st_size
        self.assertGreater(size, at)
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(b"\xa5" * (size - at))

    def test_used_twice(self):
        self.mount()
        second = self.inside("second")
        os.mkdir(second)
        self.addCleanup(self.clean_up, second)
        self.assertNotMounted(at=second, says=("another outlookfs", self.state))
        self.assertTrue(self.names())
        self.assertNotMounted("--state-dir", self.inside("state2"), at=second, says=("another outlookfs", self.cache))
        self.umount()

    def test_of_another_mailbox(self):
        """What waits there must not go to somebody else."""
        name = self.leave_an_edit("mine")
        with Sandbox(MountTest.build_dir, "--seed", "contacts=8,events=0,messages=0", token=TOKEN) as other:
            self.assertNotMounted("--url", other.url, says=(self.state, self.sandbox.url))
            self.assertEqual(other.log(), [])
        self.mount()
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        self.assertEqual(self.nick(name), "mine")
        self.umount()

    def test_a_damaged_cache(self):
        """Moved aside: everything can be fetched again."""
        for at in (0, 4096):
            with self.subTest(at=at):
                self.mount()
                names = self.names()
                texts = [contents(self.path(CONTACTS, name)) for name in names]
                self.umount()
                self.damage(os.path.join(self.cache, "cache.db"), at)
                self.mount()
                self.assertEqual(self.names(), names)
                self.assertEqual([contents(self.path(CONTACTS, name)) for name in names], texts)
                with open(self.path(".outlookfs/log"), encoding="utf-8") as log:
                    self.assertIn("moved aside", log.read())
                self.umount()
                self.assertTrue([name for name in os.listdir(self.cache) if "bad" in name])

    def test_no_cache(self):
        name = self.leave_an_edit("without a cache")
        shutil.rmtree(self.cache)
        self.mount()
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        self.assertEqual(self.nick(name), "without a cache")
        self.umount()

    def test_damaged_state(self):
        """Refused, and left as it is: what is not on the service may be in it."""
        self.sandbox.fault(operation="ContactPatchItem", status=400)
        self.mount()
        self.save("refused")
        self.assertIn("1 refused", self.umount().stdout)
        path = os.path.join(self.state, "state.db")
        whole = contents(path)
        for at in (0, 4096):
            with self.subTest(at=at):
                with open(path, "wb") as file:
                    file.write(whole)
                self.damage(path, at)
                before = contents(path)
                self.assertNotMounted(says=(path, "damaged", "unsent changes"))
                self.assertEqual(contents(path), before)
        with open(path, "wb") as file:
            file.write(b"This is no database at all.\n")
        self.assertNotMounted(says=path)
        with open(path, "wb") as file:
            file.write(whole)
        self.mount()
        self.assertIn("1 refused", self.run_it("status", self.mountpoint).stdout)
        self.umount()

    def test_no_state(self):
        """What was saved and not sent comes back, and is named."""
        name = self.leave_an_edit("without a state")
        for file in glob.glob(os.path.join(self.state, "state.db*")):
            os.unlink(file)
        self.mount()
        lost, = (name for name in os.listdir(self.mountpoint) if name.startswith("lost-"))
        self.assertEqual(json.loads(contents(self.path(lost)))["NickName"], "without a state")
        self.assertRegex(self.run_it("status", self.mountpoint).stdout, "%s: was saved and perhaps not sent" % lost)
        shutil.copy(self.path(lost), self.path(CONTACTS, name))
        os.unlink(self.path(lost))
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        self.assertEqual(self.nick(name), "without a state")
        wait_for(lambda: "lost-" not in self.run_it("status", self.mountpoint).stdout, "it is no longer named")
        self.umount()

    def test_permissions(self):
        """What is kept is the user's alone."""
        self.mount()
        self.save("mode")
        self.umount()
        for top in (self.state, self.cache):
            for where, directories, files in os.walk(top):
                self.assertEqual(os.stat(where).st_mode & 0o077, 0, where)
                for name in files:
                    self.assertEqual(os.stat(os.path.join(where, name)).st_mode & 0o077, 0, os.path.join(where, name))
                self.assertIsNotNone(directories)

    def test_by_default(self):
        """Below the home directory, by the XDG variables; one each service."""
        self.where = self.where[:4]
        self.mount()
        self.umount()
        state = os.listdir(self.inside(".local/state/outlookfs"))
        self.assertEqual(len(state), 1)
        self.assertEqual(os.listdir(self.inside(".cache/outlookfs")), state)
        self.mount(XDG_STATE_HOME=self.inside("xs"), XDG_CACHE_HOME=self.inside("xc"))
        self.umount()
        self.assertEqual(os.listdir(self.inside("xs/outlookfs")), state)
        self.assertEqual(os.listdir(self.inside("xc/outlookfs")), state)

    def test_the_configuration(self):
        """All of it from the file, and the command line wins."""
        os.makedirs(self.inside(".config/outlookfs"))
        self.file(".config/outlookfs/config",
                  "# a comment\nurl = %s\ntoken-file = ~/token\nstate-dir = ~/state\ncache-dir = ~/cache\noptions = ro\n"
                  % self.sandbox.url)
        self.mount(where=[])
        self.assertTrue(json.loads(self.run_it("status", "--json", self.mountpoint).stdout)["read_only"])
        self.umount()
        self.assertTrue(os.path.exists(os.path.join(self.state, "state.db")))
        self.assertNotMounted("--url", self.sandbox.url + "0", "--state-dir", self.inside("s"), "--cache-dir",
                              self.inside("c"), where=[], says="404")


class Life(CommandTest):
    """From mount to umount."""

    def test_in_the_background(self):
        """Ready when the command ends; gone with all it started when umount ends."""
        done = self.mount()
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertTrue(is_mounted(self.mountpoint))
        self.assertEqual(len(processes(self.mountpoint)), 1)
        pid = processes(self.mountpoint)[0][0]
        self.assertEqual(os.readlink("/proc/%d/cwd" % pid), "/")
        self.assertEqual({os.readlink("/proc/%d/fd/%d" % (pid, fd)) for fd in range(3)}, {"/dev/null"})
        self.assertEqual(len(self.names()), 8)
        self.assertEqual(self.umount().stdout, "")
        self.assertEqual(processes(self.mountpoint), [])
        self.assertEqual(self.mounts(), [])

    def test_umount_sends(self):
        self.mount("-o", "writeback_delay=600")
        name = self.save("umount")
        self.umount()
        self.assertEqual(self.nick(name), "umount")

    def test_sync_with_a_service_that_breaks_off_each_time(self):
        """It can be reached, and requests go on: that is no reason to wait for ever."""
        self.mount("-o", "writeback_delay=600")
        name = self.save("later")
        self.sandbox.fault(drop="before", count=0)
        done = self.run_it("sync", self.mountpoint)
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 waiting", done.stderr)
        self.sandbox.clear_faults()
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        self.assertEqual(self.nick(name), "later")
        self.umount()

    def test_umount_says_what_is_left(self):
        self.sandbox.fault(operation="ContactPatchItem", status=400)
        self.mount("-o", "writeback_delay=600")
        self.save("refused")
        done = self.umount()
        self.assertIn("1 refused", done.stdout)
        self.assertIn("Kept in", done.stdout)
        self.mount()
        done = self.run_it("sync", self.mountpoint)
        self.assertEqual(done.returncode, 1)
        self.assertOneLine(done, "1 refused")
        for entry in os.listdir(self.path(".outlookfs/failed")):
            os.unlink(self.path(".outlookfs/failed", entry))
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        self.assertEqual(self.umount().stdout, "")

    def test_umount_of_a_busy_one(self):
        self.mount()
        holder = subprocess.Popen(["sleep", "60"], cwd=self.path(CONTACTS), preexec_fn=die_with_parent)
        self.addCleanup(holder.wait, 10)
        self.addCleanup(holder.kill)
        wait_for(lambda: os.readlink("/proc/%d/cwd" % holder.pid) == self.path(CONTACTS), "it is there")
        self.assertOneLine(self.umount(status=1), "busy", "still mounted")
        self.assertTrue(self.names())
        holder.kill()
        holder.wait(10)
        self.umount()
        self.assertEqual(self.mounts(), [])

    def hold(self, mountpoint):
        """Another mount namespace has a copy of the mount until the test ends."""
        holder = subprocess.Popen(in_own_namespace([mountpoint], "sh", "-c", "echo held; exec sleep 120"),
                                  stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        self.addCleanup(holder.stdout.close)
        self.addCleanup(holder.wait, 10)
        self.addCleanup(holder.kill)
        self.assertEqual(holder.stdout.readline(), "held\n")

    def test_umount_of_one_that_a_container_has_a_copy_of(self):
        self.mount()
        self.hold(self.mountpoint)
        self.umount()
        self.mount()
        self.assertTrue(self.names())
        self.umount()

    def test_signals(self):
        """Each unmounts, sends what waits, and ends well."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                process = self.start("-o", "writeback_delay=600")
                name = self.save("signal %d" % number)
                process.send_signal(number)
                self.assertEqual(process.wait(40), 0)
                self.assertEqual(self.mounts(), [])
                self.assertEqual(self.nick(name), "signal %d" % number)

    def test_a_signal_while_files_are_open(self):
        """As if the programs that use them had ended just then: what they wrote is saved."""
        process = self.start("-o", "writeback_delay=600")
        first, second = self.names()[:2]
        record = dict(json.loads(contents(self.path(CONTACTS, first))), NickName="open")
        written = os.open(self.path(CONTACTS, first), os.O_WRONLY | os.O_TRUNC)
        looked_at = [os.open(self.path(CONTACTS, second), os.O_RDONLY), os.open(self.path(CONTACTS), os.O_RDONLY)]
        try:
            os.write(written, json.dumps(record).encode())
            self.assertIn(second, os.listdir(looked_at[1]))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(40), 0, self.log())
            self.assertEqual(self.mounts(), [])
            self.assertEqual(self.nick(first), "open")
        finally:
            self.assertRaises(OSError, os.close, written)
            for fd in looked_at:
                os.close(fd)

    def test_ctrl_c(self):
        alone = ["env", "-i"] + ["%s=%s" % item for item in self.environment.items()]
        with Terminal(alone + [self.program, "mount", "-f"] + self.where + [self.mountpoint]) as terminal:
            wait_for(lambda: is_mounted(self.mountpoint), "mounted")
            self.assertTrue(self.names())
            terminal.send("\x03")
            self.assertEqual(terminal.wait(), 0)
        self.assertEqual(self.mounts(), [])

    def test_unmounted_by_others(self):
        """fusermount3 -u does what umount does, but for the waiting."""
        process = self.start("-o", "writeback_delay=600")
        name = self.save("fusermount")
        subprocess.run(["fusermount3", "-u", self.mountpoint], check=True, timeout=30)
        self.assertEqual(process.wait(40), 0)
        self.assertEqual(self.nick(name), "fusermount")

    def test_kept_alive_by_another_mount_namespace(self):
        """When such a program ends at last, it leaves the directory to whoever has mounted on it since."""
        first = self.start()
        self.hold(self.mountpoint)
        subprocess.run(["fusermount3", "-u", self.mountpoint], check=True, timeout=30)
        second = self.start("--state-dir", self.inside("state"), "--cache-dir", self.inside("cache"))
        self.assertIsNone(first.poll())
        first.terminate()
        self.assertEqual(first.wait(40), 0)
        self.assertEqual(len(self.names()), 8)
        self.umount()
        self.assertEqual(second.wait(40), 0)

    def test_a_relative_path_and_odd_names(self):
        odd = self.inside("with space,comma\\040ünï")
        os.mkdir(odd)
        self.mountpoint = odd
        self.addCleanup(self.clean_up, odd)
        self.mount(at=os.path.basename(odd) + "/", cwd=self.dir)
        self.assertEqual(len(self.names()), 8)
        status = json.loads(self.run_it("status", "--json", os.path.basename(odd), cwd=self.dir).stdout)
        self.assertEqual(status["mountpoint"], odd)
        self.save("odd")
        self.assertEqual(self.run_it("sync", odd).returncode, 0)
        os.symlink(odd, self.inside("link"))
        self.assertEqual(self.run_it("sync", self.inside("link")).returncode, 0)
        self.umount()
        self.assertEqual(processes(odd), [])

    def test_status(self):
        self.mount("-o", "writeback_delay=600")
        name = self.save("status")
        os.mkdir(self.path(CONTACTS, ".scratch"))
        with open(self.path(CONTACTS, "draft.json"), "w", encoding="utf-8") as file:
            file.write('{"GivenName": "Dra')
        done = self.run_it("status", "--json", self.mountpoint)
        self.assertEqual((done.returncode, done.stderr), (1, ""))      # the draft is for a person
        status = json.loads(done.stdout)
        self.assertEqual((status["url"], status["mountpoint"], status["online"], status["authorised"], status["read_only"]),
                         (self.sandbox.url, self.mountpoint, True, True, False))
        self.assertEqual(status["queue"], {"pending": 1, "failed": 0, "conflicts": 0, "held": 0, "drafts": 1})
        self.assertEqual([(op["path"], op["verb"], op["state"]) for op in status["operations"]],
                         [(os.path.join(CONTACTS, name), "update", "pending")])
        self.assertEqual([draft["path"] for draft in status["drafts"]], [CONTACTS + "/draft.json"])
        self.assertEqual(status["budget"]["rate"], 300)
        text = self.run_it("status", self.mountpoint).stdout
        for word in (self.sandbox.url, "online", "1 waiting", name, "draft " + CONTACTS + "/draft.json"):
            self.assertIn(word, text)
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        wait_for(lambda: "changes   1 draft\n" in self.run_it("status", self.mountpoint).stdout, "all but the draft is there")
        os.unlink(self.path(CONTACTS, "draft.json"))
        wait_for(lambda: "all on the service" in self.run_it("status", self.mountpoint).stdout, "the draft has gone")
        self.umount()

    def test_status_watch(self):
        """A live page on a terminal; it ends with the mount."""
        self.mount()
        alone = ["env", "-i"] + ["%s=%s" % item for item in self.environment.items()]
        with Terminal(alone + [self.program, "status", "--watch", self.mountpoint]) as terminal:
            for _ in range(2):
                terminal.expect("\033[H\033[J")
                terminal.expect("all on the service")
            self.umount()
            terminal.wait()

    def test_status_names_what_was_not_sent_and_what_to_do(self):
        self.mount("-o", "send_delay=0")

        def put(name, text):
            """As a shell does, whose echo says nothing when the close fails."""
            with contextlib.suppress(OSError), open(self.path(name), "w", encoding="utf-8") as file:
                file.write(text)
        put("outbox/send/typo.json", '{"To": "ann@contoso.com", "Subjct": "x", "Body": "y"}')
        put("triggers/none.json", '{"Trigger": "OnSomething"}')
        self.sandbox.fault(operation="SendEmail", status=400)
        put("outbox/send/refused.json", '{"To": "ann@contoso.com", "Subject": "x", "Body": "y"}')
        wait_for(lambda: os.listdir(self.path(".outlookfs/failed")), "the refusal")
        text = self.run_it("status", self.mountpoint).stdout
        for line in ("draft outbox/send/typo.json, not sent: Subjct: no such member", "send outbox/send/refused.json: failed",
                     "touch an entry to try again, remove it to give the change up", "triggers/none.json: draft"):
            self.assertIn(line, text)
        with open(self.path(".outlookfs/log"), encoding="utf-8") as log:
            self.assertIn("send/typo.json: not accepted: Subjct: no such member", log.read())
        os.utime(self.path(".outlookfs/failed", os.listdir(self.path(".outlookfs/failed"))[0]))
        wait_for(lambda: os.path.exists(self.path("outbox/sent/refused.json")), "sent after all")
        wait_for(lambda: "refused" not in self.run_it("status", self.mountpoint).stdout, "nothing is refused")
        self.umount()

    def test_read_only(self):
        """What an earlier mount left to be sent goes on waiting, and is seen."""
        self.mount("-o", "writeback_delay=600")
        name = self.save("waits for a writable one")
        pid = processes(self.mountpoint)[0][0]
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not processes(self.mountpoint), "it is dead")
        self.umount()
        before = len(self.sandbox.log())
        self.mount("-o", "ro")
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            self.assertTrue([line for line in file if self.mountpoint in line and line.split()[5].startswith("ro")])
        with open(self.path(CONTACTS, name), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["NickName"], "waits for a writable one")
        for function in (lambda: self.save("no"), lambda: os.unlink(self.path(CONTACTS, name)),
                         lambda: os.mkdir(self.path(CONTACTS, ".x")), lambda: os.chmod(self.path(CONTACTS, name), 0o640)):
            with self.assertRaises(OSError) as caught:
                function()
            self.assertEqual(caught.exception.errno, 30)        # EROFS
        self.assertIn("read-only", self.run_it("status", self.mountpoint).stdout)
        for words in ([], ["--confirm-deletes"]):
            self.assertOneLine(self.run_it("sync", *words, self.mountpoint), "mounted read-only", "1 waiting", "without -o ro")
        self.assertIn("1 waiting", self.umount().stdout)
        self.assertEqual([line for line in self.sandbox.log(before) if line["method"] != "GET"], [])
        self.mount()
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        self.assertEqual(self.nick(name), "waits for a writable one")
        self.umount()
        self.mount("-o", "ro")
        done = self.run_it("sync", self.mountpoint)
        self.assertEqual((done.returncode, done.stderr), (0, ""))       # all is on the service
        self.umount()

    def test_the_caller_s_files_are_not_kept_open(self):
        """`outlookfs mount ... | cat` ends, and a lock file of the shell is free again."""
        reader, writer = os.pipe()
        done = subprocess.run([self.program, "mount"] + self.where + [self.mountpoint], stdin=subprocess.DEVNULL,
                              stdout=writer, stderr=writer, pass_fds=[writer], env=self.environment, timeout=60, check=False)
        os.close(writer)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(os.read(reader, 100), b"")         # end of file: nobody else has it
        os.close(reader)
        self.umount()


class Secrets(CommandTest):
    """The token is in no place where it can be seen."""

    def everywhere(self):
        """What others, or a bug report, could see."""
        for pid, line in processes(""):
            yield "/proc/%d/cmdline" % pid, line
        for where in (".outlookfs/log", ".outlookfs/status.json"):
            with open(self.path(where), encoding="utf-8") as file:
                yield where, file.read()
        yield "status", self.run_it("status", self.mountpoint).stdout
        for top in ("state", "cache"):
            for where, _, files in os.walk(self.inside(top)):
                for name in files:
                    with open(os.path.join(where, name), encoding="latin-1") as file:
                        yield os.path.join(where, name), file.read()

    def check(self, token, words):
        self.mount("--state-dir", self.inside("state"), "--cache-dir", self.inside("cache"), "-o", "debug", where=words)
        self.save("secret")
        self.assertEqual(self.run_it("sync", self.mountpoint).returncode, 0)
        for where, text in self.everywhere():
            self.assertNotIn(token, text, where)
        self.umount()

    def test_from_a_file(self):
        self.check(TOKEN, self.where)

    def test_from_a_command(self):
        self.check(TOKEN, ["--url", self.sandbox.url, "--token-command", "cat " + self.token_file])

    def test_from_the_environment(self):
        """Not even in /proc/PID/environ."""
        self.environment["OUTLOOKFS_TOKEN"] = TOKEN
        self.mount(where=["--url", self.sandbox.url])
        pid = processes(self.mountpoint)[0][0]
        with open("/proc/%d/environ" % pid, "rb") as file:
            self.assertNotIn(TOKEN.encode(), file.read())
        self.assertTrue(self.names())
        self.umount()

    def test_of_the_sandbox(self):
        self.mount("--sandbox", where=[], OUTLOOKFS_SANDBOX_ARGS="--seed contacts=2,events=0,messages=0")
        sandbox = processes(self.dir + "/.local/state/outlookfs/sandbox/sandbox.db")[0][0]
        with open("/proc/%d/environ" % sandbox, encoding="utf-8") as file:
            token = re.search(r"OUTLOOKFS_SANDBOX_TOKEN=(\w+)", file.read()).group(1)
        for where, text in self.everywhere():
            self.assertNotIn(token, text, where)
        self.umount()

    def test_no_core_dumps(self):
        self.mount()
        with open("/proc/%d/limits" % processes(self.mountpoint)[0][0], encoding="utf-8") as file:
            self.assertRegex(file.read(), r"Max core file size +0 +0 ")
        self.umount()


class OwnSandbox(CommandTest):
    """mount --sandbox."""

    def setUp(self):
        super().setUp()
        self.where = ["--sandbox"]
        self.environment["OUTLOOKFS_SANDBOX_ARGS"] = "--seed contacts=8,events=1,messages=2"
        self.database = self.inside(".local/state/outlookfs/sandbox/sandbox.db")

    def sandboxes(self):
        return [pid for pid, line in processes(self.database) if "outlookfs-sandbox" in line]

    def test_it_ends_with_the_mount(self):
        self.mount()
        self.assertEqual(len(self.sandboxes()), 1)
        name = self.save("kept")
        self.umount()
        self.assertEqual(self.sandboxes(), [])
        self.mount()
        with open(self.path(CONTACTS, name), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["NickName"], "kept")
        self.umount()

    def test_it_ends_with_a_killed_mount(self):
        process = self.start()
        self.assertEqual(len(self.sandboxes()), 1)
        process.kill()
        process.wait(10)
        wait_for(lambda: not self.sandboxes(), "the sandbox has ended")
        self.umount()
        self.mount()
        self.assertEqual(len(self.names()), 8)
        self.umount()

    def test_it_ends_when_the_mount_fails(self):
        self.environment["OUTLOOKFS_SANDBOX_ARGS"] = "--nonsense"
        done = self.mount(status=1)
        self.assertIn("outlookfs-sandbox", done.stderr)
        self.assertEqual((self.sandboxes(), self.mounts()), ([], []))

    def test_the_mount_survives_it(self):
        """Somebody ends it: the mount is offline, no more."""
        self.mount()
        names = self.names()
        os.kill(self.sandboxes()[0], signal.SIGTERM)
        wait_for(lambda: not self.sandboxes(), "the sandbox has ended")
        self.assertEqual(self.names(), names)
        self.save("left")
        done = self.run_it("sync", self.mountpoint)
        self.assertEqual(done.returncode, 1)
        self.assertOneLine(done, "offline")
        self.assertIn("1 waiting", self.umount().stdout)


if __name__ == "__main__":
    assert sys.version_info >= (3, 9)
    main()
