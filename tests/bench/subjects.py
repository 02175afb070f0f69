"""What the bench measures: a folder of records, mounted by somebody, behind a relay (relay.py).

    with Connector(build, 1000, 20) as subject:
        subject.fresh()             # mounted anew, nothing cached
        subject.again()             # mounted anew, with what was cached
        ... subject.folder ...
        subject.questions()         # what has gone over the wire
        subject.arrived(ready)      # saved until the service has it
"""
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "mount")]
from graph_mount import GraphMailbox  # noqa: E402
from harness import TOKEN, Mailbox, dataset_path, die_with_parent, is_mounted, mail_path, query, wait_for  # noqa: E402

LIMIT = 600         # s of one command
OPTIONS = "rate=100000,list_ttl=3600,writeback_delay=0,delete_guard=0"
CONNECTIONS = 4
FEED_PAGE = 1000
PAGE = 256
ROUND_TRIPS = 20
INBOX = "/OnFilePickerOpen?operation=MailFolders&top=100&skip=0"


def shell(line):
    """Without a timeout of Python's, which looks every 50 ms whether the command has ended."""
    subprocess.run(["timeout", str(LIMIT), "sh", "-c", line], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Relay:
    """The wire to a service: `to` as relay.py's options."""

    def __init__(self, round_trip, *to):
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "relay.py"), "--round-trip", str(round_trip), *to],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def questions(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def curl(targets, connections, method=None, bodies=()):
    """One curl for all: over so many connections, each kept."""
    with tempfile.NamedTemporaryFile("w", suffix=".curl") as config:
        for i, target in enumerate(targets):
            config.write('%surl = "%s"\noutput = "/dev/null"\nheader = "Authorization: Bearer %s"\n' % ("next\n" if i else "", target, TOKEN))
            if method:
                config.write("request = %s\n" % method)
            if bodies:
                config.write('header = "Content-Type: application/json"\ndata = %s\n' % json.dumps(json.dumps(bodies[i])))
        config.flush()
        parallel = ["--parallel", "--parallel-max", str(connections)] if connections > 1 else []
        done = subprocess.run(["curl", "--silent", "--fail", "--globoff", *parallel, "--config", config.name],
                              capture_output=True, text=True, timeout=LIMIT)
    if done.returncode != 0:
        sys.exit("curl failed: " + done.stderr)


class Behind:
    """A mailbox whose mount reaches its service through a relay."""
    name = None
    little = None   # what costs the service next to nothing
    round_trip = relay = None

    def __init__(self, build, records, round_trip, seed="contacts=%d,events=0,messages=0", options=OPTIONS):
        self.round_trip = round_trip
        super().__init__(build, seed=seed % records, options=options)

    def service(self):
        if self.relay is None:
            self.relay = Relay(self.round_trip, "--http", "127.0.0.1:%d" % self.sandbox.port)
        return [part.replace(":%d/" % self.sandbox.port, ":%d/" % self.relay.port) for part in super().service()]

    def close(self, check=True):
        super().close(check)
        if self.relay is not None:
            self.relay.end()

    @property
    def url(self):
        return self.service()[-1]

    @property
    def folder(self):
        return self.path("contacts/Contacts")

    def fresh(self):
        self.remount(fresh_state=True, fresh_cache=True)

    def again(self):
        self.remount()

    def questions(self):
        return self.relay.questions()

    def cpu(self):
        """Seconds of processor the mount has used, in all its threads."""
        with open("/proc/%d/stat" % self.process.pid, encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        """MiB of memory at most."""
        with open("/proc/%d/status" % self.process.pid, encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024

    def arrived(self, _ready):
        self.sync()

    def page_loop(self, count):
        """What the service itself needs."""
        curl(["%s%s" % (self.url, self.page(PAGE, skip)) for skip in range(0, count, PAGE)], CONNECTIONS)

    def first_page(self):
        curl([self.url + self.page(PAGE, 0)], 1)

    def round_trip_seconds(self):
        """Of one request with next to no answer, over a connection that is there: the relay and the service take their time, too."""
        with contextlib.closing(self.connect()) as connection:
            self.ask(connection, self.little)
            start = time.monotonic()
            for _ in range(ROUND_TRIPS):
                self.ask(connection, self.little)
            return (time.monotonic() - start) / ROUND_TRIPS

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.relay.port, timeout=LIMIT)

    def ask(self, connection, target, **headers):
        connection.request("GET", urllib.parse.urlsplit(self.url).path + target, headers={"Authorization": "Bearer " + TOKEN, **headers})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit("%s: %d" % (target, answer.status))
        return body

    def create_one_by_one(self, count):
        curl([self.url + self.page(1, 0).partition("?")[0]] * count, 1, bodies=[self.contact(i) for i in range(count)])


class Connector(Behind, Mailbox):
    name = "outlookfs, connector"
    little = "/datasets/contacts/tables"
    table = None

    def page(self, top, skip):
        self.table = self.table or self.sandbox.get("/datasets/contacts/tables").json()["value"][0]["Name"]
        return dataset_path("contacts", self.table, query="$top=%d&$skip=%d" % (top, skip))

    @staticmethod
    def contact(i):
        return {"GivenName": "Bench", "Surname": "Number %d" % i, "NickName": "none"}


class Graph(Behind, GraphMailbox):
    name = "outlookfs, Graph"
    little = "/me/contactFolders/contacts"

    def page_loop(self, _count):
        self.feed()

    def first_page(self):
        self.feed(PAGE, pages=1)

    def feed(self, size=FEED_PAGE, pages=None):
        """The change feed, page by page: each names the next, so none can be asked for earlier."""
        target = "/me/contactFolders/contacts/contacts/delta"
        with contextlib.closing(self.connect()) as connection:
            while target and pages != 0:
                page = self.ask(connection, target, Prefer="odata.maxpagesize=%d" % size)
                link = re.search(rb'"@odata.nextLink": ?"([^"]+)"', page)
                target = link and link[1].decode().partition(urllib.parse.urlsplit(self.url).path)[2]
                pages = pages and pages - 1

    @staticmethod
    def page(top, skip):
        return "/me/contacts?$top=%d&$skip=%d" % (top, skip)

    @staticmethod
    def contact(i):
        return {"givenName": "Bench", "surname": "Number %d" % i, "nickName": "none"}


class Made(Connector):
    """A folder of `count` records, contacts or messages, that pages.py makes up from those of a small sandbox."""
    pages = None

    def __init__(self, build, round_trip, count, messages=False, words=0):
        self.count, self.messages, self.words = count, messages, words
        super().__init__(build, PAGE, round_trip, seed="contacts=0,events=0,messages=%d" if messages else "contacts=%d,events=0,messages=0",
                         options=OPTIONS + ",mail_limit=0")

    def service(self):
        if self.relay is None:
            self.pages = subprocess.Popen([sys.executable, os.path.join(HERE, "pages.py"), self.describe()],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.relay = Relay(self.round_trip, "--http", "127.0.0.1:%d" % int(self.pages.stdout.readline()))
        return super().service()

    def describe(self):
        inbox = json.loads(self.sandbox.get(INBOX).body)["value"][0]
        page = self.sandbox.get(mail_path(query=query(folderPath=inbox["Id"], includeAttachments="false", top=PAGE)) if self.messages
                                else self.page(PAGE, 0)).json()
        records = page if self.messages else page["value"]
        tables = self.sandbox.get("/datasets/contacts/tables").json()
        tables["value"] = tables["value"][:1]
        answers = {"/testconnection": "", "/tables": json.dumps(tables), "/OnFilePickerOpen": json.dumps({"value": [inbox]}),
                   "/OnFilePickerBrowse": json.dumps({"value": []})}
        path = os.path.join(self.dir, "folder.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"records": [json.dumps(record) for record in records], "count": self.count, "words": self.words, "answers": answers}, file)
        return path

    @property
    def folder(self):
        return self.path("mail/Inbox" if self.messages else "contacts/Contacts")

    def cached(self):
        """Bytes of cache.db."""
        return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(self.cache_dir) for name in names
                   if name.startswith("cache.db"))

    def close(self, check=True):
        super().close(check)
        if self.pages:
            self.pages.stdin.close()
            self.pages.wait(10)


class Peer:
    """A directory of plain files, mounted by another program behind the same relay."""
    name = None
    needs = ()      # programs
    service = ()    # options of the relay; {port} is where the server listens

    def __init__(self, files, round_trip):
        self.dir = tempfile.mkdtemp(prefix="outlookfs-bench-")
        self.backing, self.folder, self.cache = (os.path.join(self.dir, name) for name in ("backing", "mnt", "cache"))
        shutil.copytree(files, self.backing)
        os.mkdir(self.folder)
        self.mounted = None
        self.server = self.serve()
        self.relay = Relay(round_trip, *self.wire())

    @classmethod
    def missing(cls):
        return [program for program in cls.needs if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin:/usr/lib/openssh")]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.unmount()
        self.relay.end()
        if self.server:
            self.server.terminate()
            self.server.wait(20)
        shutil.rmtree(self.dir)

    def spawn(self, *command, **more):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent, **{"stdin": subprocess.DEVNULL, **more})

    def serve(self):
        """WebDAV, by rclone."""
        server = self.spawn("rclone", "serve", "webdav", "--addr", "127.0.0.1:0", "--log-level", "NOTICE", self.backing)
        self.port = wait_for(self.port_of_server, "rclone serve listens")
        return server

    def port_of_server(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8") as file:
            return file.read().partition("http://127.0.0.1:")[2].partition("/")[0].strip()

    def wire(self):
        return "--http", "127.0.0.1:" + self.port

    def fresh(self):
        self.unmount()
        shutil.rmtree(self.cache, ignore_errors=True)
        self.again()

    def again(self):
        self.unmount()
        os.makedirs(self.cache, exist_ok=True)
        self.mounted = self.mount()
        wait_for(lambda: is_mounted(self.folder), self.name + " is mounted")

    def unmount(self):
        if is_mounted(self.folder):
            subprocess.run(["umount", self.folder], check=True, timeout=LIMIT, stdout=subprocess.DEVNULL)
        if self.mounted:
            self.mounted.wait(LIMIT)
        self.mounted = None

    def questions(self):
        return self.relay.questions()

    def arrived(self, ready):
        wait_for(lambda: ready(self.backing), "saved on the server of " + self.name, LIMIT)


class Rclone(Peer):
    name = "rclone"
    needs = "rclone",

    def mount(self):
        return self.spawn("rclone", "mount", ":webdav:", self.folder, "--webdav-url", "http://127.0.0.1:%d" % self.relay.port, "--vfs-cache-mode",
                          "full", "--vfs-write-back", "0s", "--cache-dir", self.cache, "--dir-cache-time", "1h", "--config", "/dev/null")


class Davfs(Peer):
    name = "davfs2"
    needs = "mount.davfs", "rclone"

    def mount(self):
        settings = os.path.join(self.dir, "davfs2.conf")
        with open(settings, "w", encoding="utf-8") as file:
            # Linux 6.16 and later lists nothing with the smaller buffer that is its default.
            file.write("ask_auth 0\nuse_locks 0\ndelay_upload 0\nbuf_size 64\ncache_dir %s\n" % self.cache)
        os.chmod(self.dir, 0o711)  # it gives root up
        shutil.chown(self.cache, group="davfs2")
        os.chmod(self.cache, 0o775)
        subprocess.run(["mount.davfs", "-o", "uid=%d,gid=%d,conf=%s" % (os.getuid(), os.getgid(), settings),
                        "http://127.0.0.1:%d/" % self.relay.port, self.folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=LIMIT, check=True)


class Sshfs(Peer):
    """Without ssh's encryption: straight to an sftp-server."""
    name = "sshfs"
    needs = "sshfs", "sftp-server"

    def serve(self):
        return None

    def wire(self):
        return "--sftp",

    def mount(self):
        return self.spawn("sshfs", "-f", "-o", "directport=%d" % self.relay.port, "localhost:" + self.backing, self.folder)


class Memory:
    """What FUSE itself costs: memfs.c."""
    name = "in-memory FUSE"

    def __init__(self, build, files):
        self.program, self.files = os.path.join(build, "bench_memfs"), files
        self.folder = tempfile.mkdtemp(prefix="outlookfs-bench-")
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.unmount()
        os.rmdir(self.folder)

    def unmount(self):
        if self.process:
            subprocess.run(["fusermount3", "-u", self.folder], check=True, timeout=LIMIT)
            self.process.wait(20)
        self.process = None

    def fresh(self):
        self.unmount()
        self.process = subprocess.Popen([self.program, self.files, self.folder], preexec_fn=die_with_parent)
        wait_for(lambda: is_mounted(self.folder), self.name + " is mounted")

    @staticmethod
    def questions():
        return 0
