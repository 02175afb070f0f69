"""Ten thousand contacts: pages instead of requests per record, and backups that transfer nothing the second time."""
import ctypes
import tempfile

from harness import MountTest, main, sanitized

COUNT = 10000
COLD_MAX = 45  # requests for them: the probe, the folders, 40 pages of 256 records, 3 behind the end that are under way by then
BOTH_MAX = COLD_MAX + 1     # and the smaller folder


class Entry(ctypes.Structure):
    """struct dirent."""
    _fields_ = [("ino", ctypes.c_uint64), ("offset", ctypes.c_int64), ("length", ctypes.c_ushort), ("type", ctypes.c_ubyte),
                ("name", ctypes.c_char * 256)]


LIBC = ctypes.CDLL(None)
LIBC.opendir.restype = ctypes.c_void_p
LIBC.readdir.argtypes, LIBC.readdir.restype = [ctypes.c_void_p], ctypes.POINTER(Entry)
LIBC.telldir.argtypes, LIBC.telldir.restype = [ctypes.c_void_p], ctypes.c_long
LIBC.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
LIBC.closedir.argtypes = [ctypes.c_void_p]


class Scale(MountTest):
    SEED = "contacts=%d" % COUNT
    OPTIONS = "list_ttl=3600"

    def backup(self, to):
        """rsync -a; the files it transferred."""
        done = self.mailbox.run(["rsync", "-a", "--out-format=%n", self.mailbox.path("contacts") + "/", to], timeout=100)
        return [name for name in done.stdout.splitlines() if name.endswith(".json")]

    def test_everything(self):
        folder = self.mailbox.path("contacts/Contacts")
        lines = self.mailbox.run("ls -l '%s' | grep -c '\\.json$'" % folder).stdout
        self.assertEqual(int(lines), COUNT)
        self.assertLessEqual(len(self.mailbox.requests()), COLD_MAX)

        mark = self.mailbox.mark()
        text = self.mailbox.run("find '%s' -name '*.json' -print0 | xargs -0 cat | grep -c '^  \"Id\"'" % folder)
        self.assertEqual(int(text.stdout), COUNT)
        found = self.mailbox.run("grep -rl Contoso '%s' | wc -l" % folder)
        wanted = [r for r in self.mailbox.records("contact") if "Contoso" in str(r)]
        self.assertGreater(int(found.stdout), 0)
        self.assertLessEqual(int(found.stdout), len(wanted))
        self.assertEqual(self.mailbox.requests(since=mark), [])

        with tempfile.TemporaryDirectory() as to:
            # The smaller folder beside it was not listed yet.
            self.assertEqual(len(self.backup(to)), COUNT + 3)
            self.assertLessEqual(len(self.mailbox.requests()), BOTH_MAX)
            self.assertEqual(self.backup(to), [])

            self.mailbox.remount()
            self.assertEqual(self.backup(to), [])

            self.mailbox.remount(fresh_state=True, fresh_cache=True)
            mark = self.mailbox.mark()
            self.assertEqual(self.backup(to), [])
            self.assertLessEqual(len(self.mailbox.requests(since=mark)), BOTH_MAX)
            self.assertEqual(self.mailbox.writes(), [])

    def test_far_back_in_a_large_directory(self):
        """What lies far behind a reader is not kept, and found again all the same."""
        directory = LIBC.opendir(self.mailbox.path("contacts/Contacts").encode())
        self.assertTrue(directory)
        try:
            places = []
            while entry := LIBC.readdir(directory):
                places.append((entry.contents.name, LIBC.telldir(directory)))
            self.assertEqual(len(places), len(set(name for name, _ in places)))
            self.assertGreater(len(places), COUNT)
            for at in (COUNT - 5000, 5, 3000, COUNT // 2):
                LIBC.seekdir(directory, places[at][1])
                self.assertEqual(LIBC.readdir(directory).contents.name, places[at + 1][0])
        finally:
            LIBC.closedir(directory)

    def test_one_by_name_before_any_listing(self):
        """A record's own path needs one request, not the listing of its folder."""
        name = self.mailbox.contacts()[COUNT // 2]
        self.mailbox.remount(fresh_state=True, fresh_cache=True)
        mark = self.mailbox.mark()
        self.assertEqual(self.mailbox.json("contacts/Contacts", name)["Id"], name[:-5])
        items = self.mailbox.requests("ContactGetItems", since=mark)
        self.assertEqual(items, [], "a listing for one file")

    def test_memory(self):
        """Well below what the records take as text."""
        self.mailbox.run("ls -l '%s' > /dev/null" % self.mailbox.path("contacts/Contacts"))
        if sanitized():
            return  # shadow memory counts
        with open("/proc/%d/status" % self.mailbox.process.pid, encoding="utf-8") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
        self.assertLess(peak, 40 * 1024, "peak resident KiB")


if __name__ == "__main__":
    main()
