"""What POSIX says about files, asked of scratch files and of record folders; and what is refused by design.

Each test of ScratchRules runs twice: in a directory a program made, and directly in a record folder.
"""
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

from harness import MountTest, die_with_parent, main

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.opendir.restype = LIBC.readdir64.restype = ctypes.c_void_p
LIBC.telldir.restype = ctypes.c_long
AT_FDCWD = -100
NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
KEEP_SIZE, PUNCH_HOLE, COLLAPSE_RANGE, ZERO_RANGE = 1, 2, 8, 16
FICLONE = 0x40049409
NOBODY = 65534
PAGE = mmap.PAGESIZE


def call(function, *arguments):
    """A function of the C library; raises OSError."""
    if function(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def rename2(old, new, flags):
    call(LIBC.renameat2, AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags)


def fallocate(fd, mode, offset, length):
    call(LIBC.fallocate, fd, mode, ctypes.c_long(offset), ctypes.c_long(length))


class Dirent(ctypes.Structure):
    _fields_ = [("ino", ctypes.c_uint64), ("off", ctypes.c_int64), ("reclen", ctypes.c_ushort),
                ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256)]


class Child:
    """A function in a process of its own, which then waits until this one says go on."""

    def __init__(self, function, *arguments):
        ready, self.told = os.pipe()
        self.go, go = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                die_with_parent()
                signal.alarm(60)
                function(*arguments)
                os.write(self.told, b"r")
                os.read(self.go, 1)
                status = 0
            finally:
                os._exit(status)
        os.close(self.told)
        os.close(self.go)
        self.pipe = go
        if not select.select([ready], [], [], 20)[0] or os.read(ready, 1) != b"r":
            raise AssertionError("the child failed")
        os.close(ready)

    def end(self, how=None):
        if how is None:
            os.write(self.pipe, b"g")
        else:
            os.kill(self.pid, how)
        os.close(self.pipe)
        return os.waitpid(self.pid, 0)[1]


class PosixTest(MountTest):
    SEED = "contacts=6,events=2,messages=3"
    OPTIONS = "writeback_delay=600"     # what the tests leave behind is not sent while they run
    where = "contacts/Contacts"

    def path(self, *names):
        return self.mailbox.path(self.where, *names)

    def make(self, name, data=b""):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def opened(self, path, flags, mode=0o600):
        fd = os.open(path, flags, mode)
        self.addCleanup(self.close_quietly, fd)
        return fd

    @staticmethod
    def close_quietly(fd):
        try:
            os.close(fd)
        except OSError:
            pass


class ScratchRules:
    """The tests; a mixin, so that it is no test class of its own."""

    # --- open

    def test_open_flags(self):
        path = self.make("open", b"0123456789")
        self.assertErrno(errno.EEXIST, os.open, path, os.O_CREAT | os.O_EXCL)
        self.assertErrno(errno.ENOENT, os.open, self.path("absent"), os.O_RDWR)
        self.assertErrno(errno.ENOTDIR, os.open, path, os.O_RDONLY | os.O_DIRECTORY)
        self.assertErrno(errno.ENOTDIR, os.open, path + "/x", os.O_RDONLY)
        self.assertErrno(errno.ENOTDIR, os.stat, path + "/")
        os.mkdir(self.path(".open"))
        self.assertErrno(errno.EISDIR, os.open, self.path(".open"), os.O_WRONLY)
        self.assertErrno(errno.EISDIR, os.open, self.path(".open"), os.O_RDWR | os.O_CREAT)
        reading = self.opened(path, os.O_RDONLY)
        writing = self.opened(path, os.O_WRONLY)
        self.assertErrno(errno.EBADF, os.write, reading, b"x")
        self.assertErrno(errno.EBADF, os.read, writing, 1)
        self.assertErrno(errno.EINVAL, os.ftruncate, reading, 0)
        self.assertEqual(os.read(reading, 4), b"0123")
        self.assertEqual(os.lseek(reading, -3, os.SEEK_END), 7)
        self.assertEqual(os.read(reading, 10), b"789")
        self.assertEqual(os.read(reading, 10), b"")
        self.assertErrno(errno.EINVAL, os.lseek, reading, -1, os.SEEK_SET)
        os.close(self.opened(path, os.O_WRONLY | os.O_TRUNC))
        self.assertEqual(os.path.getsize(path), 0)

    def test_create_and_umask(self):
        before = os.umask(0o027)
        try:
            os.close(os.open(self.path("masked"), os.O_CREAT | os.O_WRONLY, 0o666))
            os.mkdir(self.path(".masked"), 0o777)
        finally:
            os.umask(before)
        self.assertMode(self.path("masked"), 0o640)
        self.assertMode(self.path(".masked"), 0o750)
        fd = self.opened(self.path("readonly"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400)
        self.assertEqual(os.write(fd, b"the mode counts from the next open on"), 37)

    def test_append(self):
        path = self.make("append", b"start:")
        one = self.opened(path, os.O_WRONLY | os.O_APPEND)
        two = self.opened(path, os.O_WRONLY | os.O_APPEND)
        for text in (b"a", b"bb", b"ccc"):
            os.write(one, text)
            os.write(two, text.upper())
        self.assertEqual(self.read(path), b"start:aAbbBBcccCCC")

    def test_symlink_at_open(self):
        os.symlink("target-of-link", self.path("link"))
        self.assertErrno(errno.ELOOP, os.open, self.path("link"), os.O_RDONLY | os.O_NOFOLLOW)
        self.assertErrno(errno.ENOENT, os.open, self.path("link"), os.O_RDONLY)
        self.assertErrno(errno.EEXIST, os.open, self.path("link"), os.O_CREAT | os.O_EXCL)
        os.close(os.open(self.path("link"), os.O_CREAT | os.O_WRONLY, 0o600))
        self.assertTrue(stat.S_ISREG(os.lstat(self.path("target-of-link")).st_mode))

    def test_direct_and_path_only(self):
        path = self.make("direct", b"d" * 8192)
        fd = self.opened(path, os.O_RDWR | os.O_DIRECT)
        page = mmap.mmap(-1, PAGE)
        self.assertEqual(os.preadv(fd, [page], PAGE), PAGE)
        page[:] = b"D" * PAGE
        self.assertEqual(os.pwritev(fd, [page], 0), PAGE)
        self.assertEqual(self.read(path), b"D" * PAGE + b"d" * (8192 - PAGE))
        fd = self.opened(path, os.O_PATH)
        self.assertEqual(os.fstat(fd).st_size, 8192)
        self.assertErrno(errno.EBADF, os.read, fd, 1)

    # --- unlink

    def test_unlinked_and_open(self):
        path = self.make("gone", b"before")
        fd = self.opened(path, os.O_RDWR)
        number = os.fstat(fd).st_ino
        os.unlink(path)
        self.assertErrno(errno.ENOENT, os.stat, path)
        self.assertNotIn("gone", os.listdir(self.path()))
        self.assertEqual(os.fstat(fd).st_nlink, 0)
        self.make("gone", b"another file")
        self.assertNotEqual(os.stat(path).st_ino, number)
        os.pwrite(fd, b"AFTER!", 2)
        os.ftruncate(fd, 7)
        os.fchmod(fd, 0o640)
        os.utime(fd, ns=(1, 1))
        self.assertEqual(os.pread(fd, 100, 0), b"beAFTER")
        self.assertEqual(os.fstat(fd).st_size, 7)
        os.close(fd)
        self.assertEqual(self.read(path), b"another file")

    def test_replaced_and_open(self):
        old, new = self.make("old", b"old"), self.make("new", b"new")
        fd = self.opened(old, os.O_RDWR)
        os.rename(new, old)
        self.assertEqual(os.pread(fd, 10, 0), b"old")
        os.pwrite(fd, b"written", 0)
        self.assertEqual(self.read(old), b"new")
        self.assertEqual(os.fstat(fd).st_nlink, 0)

    def test_unlink_kinds(self):
        os.mkdir(self.path(".d"))
        path = self.make("f")
        self.assertErrno(errno.EISDIR, os.unlink, self.path(".d"))
        self.assertErrno(errno.ENOTDIR, os.rmdir, path)
        self.assertErrno(errno.ENOENT, os.unlink, self.path("absent"))
        self.assertErrno(errno.ENOENT, os.rmdir, self.path(".absent"))

    # --- rename

    def test_rename(self):
        one, two = self.make("one", b"1"), self.make("two", b"22")
        number = os.stat(one).st_ino
        os.rename(one, two)
        self.assertErrno(errno.ENOENT, os.stat, one)
        self.assertEqual((self.read(two), os.stat(two).st_ino), (b"1", number))
        os.rename(two, two)
        self.assertEqual(self.read(two), b"1")
        self.assertErrno(errno.ENOENT, os.rename, one, two)
        self.assertErrno(errno.ENOENT, os.rename, two, self.path(".nowhere/x"))
        self.assertErrno(errno.ENOTDIR, os.rename, two, two + "/x")

    def test_rename_flags(self):
        one, two = self.make("flag1", b"1"), self.make("flag2", b"22")
        self.assertErrno(errno.EEXIST, rename2, one, two, NOREPLACE)
        rename2(one, self.path("flag3"), NOREPLACE)
        rename2(self.path("flag3"), two, EXCHANGE)
        self.assertEqual((self.read(self.path("flag3")), self.read(two)), (b"22", b"1"))
        self.assertErrno(errno.ENOENT, rename2, two, one, EXCHANGE)
        self.assertErrno(errno.EINVAL, rename2, two, self.path("flag3"), EXCHANGE | NOREPLACE)
        self.assertErrno(errno.EINVAL, rename2, two, self.path("flag3"), WHITEOUT)
        os.mkdir(self.path(".flag4"))
        self.make(".flag4/in", b"inside")
        os.rename(two, self.path(".flag5"))
        rename2(self.path(".flag5"), self.path(".flag4"), EXCHANGE)
        self.assertEqual(self.read(self.path(".flag5/in")), b"inside")
        self.assertEqual(self.read(self.path(".flag4")), b"1")

    def test_rename_directories(self):
        for name in (".from", ".from/deep", ".empty", ".full"):
            os.mkdir(self.path(name))
        self.make(".from/deep/file", b"deep")
        self.make(".full/file")
        plain = self.make("plain")
        self.assertErrno(errno.ENOTEMPTY, os.rename, self.path(".from"), self.path(".full"))
        self.assertErrno(errno.ENOTDIR, os.rename, self.path(".from"), plain)
        self.assertErrno(errno.EISDIR, os.rename, plain, self.path(".empty"))
        self.assertErrno(errno.EINVAL, os.rename, self.path(".from"), self.path(".from/deep/x"))
        self.assertErrno(errno.ENOTEMPTY, os.rename, self.path(".from/deep"), self.path(".from"))
        number = os.stat(self.path(".from")).st_ino
        os.rename(self.path(".from"), self.path(".empty"))
        self.assertEqual(os.stat(self.path(".empty")).st_ino, number)
        self.assertEqual(self.read(self.path(".empty/deep/file")), b"deep")
        os.rename(self.path(".empty/deep"), self.path(".full/deep"))
        self.assertEqual(os.path.samefile(self.path(".full/deep/.."), self.path(".full")), True)
        shutil.rmtree(self.path(".full"))
        self.assertFalse(os.path.exists(self.path(".full")))

    # --- sizes, holes, times, modes

    def test_truncate(self):
        path = self.make("cut", b"0123456789")
        os.truncate(path, 4)
        self.assertEqual(self.read(path), b"0123")
        os.truncate(path, 8)
        self.assertEqual(self.read(path), b"0123\0\0\0\0")
        fd = self.opened(path, os.O_RDWR)
        os.ftruncate(fd, 2)
        os.pwrite(fd, b"x", 5)
        self.assertEqual(self.read(path), b"01\0\0\0x")
        self.assertErrno(errno.EINVAL, os.truncate, path, -1)
        self.assertErrno(errno.ENOENT, os.truncate, self.path("absent"), 0)
        os.mkdir(self.path(".cut"))
        self.assertErrno(errno.EISDIR, os.truncate, self.path(".cut"), 0)
        os.truncate(path, 0)
        self.assertEqual(os.fstat(fd).st_size, 0)

    def test_sparse(self):
        path = self.make("sparse")
        fd = self.opened(path, os.O_RDWR)
        os.pwrite(fd, b"end", 1 << 32)
        self.assertEqual(os.fstat(fd).st_size, (1 << 32) + 3)
        self.assertEqual(os.pread(fd, 8, (1 << 32) - 2), b"\0\0end")
        self.assertEqual(os.pread(fd, 4096, 1 << 20), bytes(4096))
        self.assertEqual(os.lseek(fd, 0, os.SEEK_DATA), 0)
        self.assertEqual(os.lseek(fd, 0, os.SEEK_HOLE), (1 << 32) + 3)
        os.ftruncate(fd, 1 << 33)
        self.assertEqual(os.pread(fd, 3, 1 << 32), b"end")

    def test_size_limit(self):
        """RLIMIT_FSIZE, which the kernel checks against the size it was told."""
        path, limit = self.make("limit"), resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
            fd = self.opened(path, os.O_RDWR)
            self.assertEqual(os.write(fd, b"x" * 5000), 4096)
            self.assertErrno(errno.EFBIG, os.write, fd, b"x")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, handler)

    def disk_zeroes(self):
        """Does the file system of the state directory know FALLOC_FL_ZERO_RANGE? tmpfs does not."""
        with tempfile.TemporaryFile(dir=self.mailbox.dir) as file:
            try:
                fallocate(file.fileno(), ZERO_RANGE, 0, 10)
            except OSError:
                return False
        return True

    def test_fallocate(self):
        path = self.make("alloc", b"a" * 9000)
        fd = self.opened(path, os.O_RDWR)
        os.posix_fallocate(fd, 0, 12000)
        self.assertEqual(os.fstat(fd).st_size, 12000)
        fallocate(fd, KEEP_SIZE, 0, 20000)
        self.assertEqual(os.fstat(fd).st_size, 12000)
        fallocate(fd, PUNCH_HOLE | KEEP_SIZE, 100, 5000)
        self.assertEqual(self.read(path), b"a" * 100 + bytes(5000) + b"a" * 3900 + bytes(3000))
        if self.disk_zeroes():
            fallocate(fd, ZERO_RANGE, 8000, 5000)
            self.assertEqual(self.read(path), b"a" * 100 + bytes(5000) + b"a" * 2900 + bytes(5000))
        else:
            self.assertErrno(errno.EOPNOTSUPP, fallocate, fd, ZERO_RANGE, 8000, 5000)
        self.assertErrno(errno.EOPNOTSUPP, fallocate, fd, COLLAPSE_RANGE, 0, 4096)
        self.assertErrno(errno.EBADF, fallocate, self.opened(path, os.O_RDONLY), 0, 0, 10)

    def test_times(self):
        path, moment = self.make("times"), 1234567890123456789
        os.mkdir(self.path(".times"))
        os.symlink("x", self.path("times-link"))
        for name in ("times", ".times", "times-link"):
            os.utime(self.path(name), ns=(moment, moment), follow_symlinks=False)
            self.assertEqual(os.lstat(self.path(name)).st_mtime_ns, moment, name)
        os.utime(path, ns=(-1, -1))
        self.assertEqual(os.stat(path).st_mtime_ns, -1)
        os.utime(path, ns=(moment, moment))
        with open(path, "ab") as file:
            file.write(b"x")
        self.assertGreater(os.stat(path).st_mtime_ns, moment)
        os.utime(path, ns=(moment, moment))
        os.chmod(path, 0o644)
        self.assertEqual(os.stat(path).st_mtime_ns, moment)
        os.utime(path)
        self.assertGreater(os.stat(path).st_mtime_ns, moment)

    def test_modes(self):
        path = self.make("modes")
        os.mkdir(self.path(".modes"))
        for mode in (0o000, 0o400, 0o644, 0o755, 0o777):
            os.chmod(path, mode)
            os.chmod(self.path(".modes"), mode)
            self.assertMode(path, mode)
            self.assertMode(self.path(".modes"), mode)
        os.chmod(path, 0o600)
        os.chown(path, os.getuid(), os.getgid())
        os.chown(path, -1, -1)
        self.assertErrno(errno.EPERM, os.chown, path, NOBODY, -1)
        self.assertErrno(errno.EPERM, os.chown, path, -1, NOBODY)
        self.assertTrue(os.access(path, os.R_OK | os.W_OK))
        self.assertFalse(os.access(path, os.X_OK))

    def test_all_stays_after_a_remount(self):
        moment = 1111111111222222222
        os.makedirs(self.path(".stays/a/b"))
        self.make(".stays/a/b/file", b"bytes")
        os.symlink("a/b/file", self.path(".stays/link"))
        for name in (".stays/a/b/file", ".stays/a"):
            os.chmod(self.path(name), 0o750)
            os.utime(self.path(name), ns=(moment, moment))

        def look():
            found = {}
            for name in (".stays", ".stays/a", ".stays/a/b", ".stays/a/b/file", ".stays/link"):
                st = os.lstat(self.path(name))
                found[name] = (st.st_ino, st.st_mode, st.st_size, st.st_mtime_ns)
            return found

        before = look()
        self.mailbox.remount()
        self.assertEqual(look(), before)
        self.assertEqual(len({found[0] for found in before.values()}), len(before))
        self.assertEqual(self.read(self.path(".stays/link")), b"bytes")
        entries = {entry.name: entry.inode() for entry in os.scandir(self.path(".stays"))}
        self.assertEqual(entries["a"], before[".stays/a"][0])

    # --- directories and links

    def test_directories(self):
        path = self.path(".dir")
        os.mkdir(path)
        self.assertErrno(errno.EEXIST, os.mkdir, path)
        self.assertErrno(errno.EEXIST, os.mkdir, self.make("file"))
        self.assertErrno(errno.ENOENT, os.mkdir, self.path(".absent/x"))
        self.make(".dir/file")
        self.assertErrno(errno.ENOTEMPTY, os.rmdir, path)
        self.assertErrno(errno.EINVAL, os.rmdir, path + "/.")
        os.unlink(path + "/file")
        os.rmdir(path)
        deep = self.path(".deep", *["d%d" % i for i in range(20)])
        os.makedirs(deep)
        with open(deep + "/file", "w", encoding="utf-8") as file:
            file.write("x")
        found = self.mailbox.run(["find", self.path(".deep"), "-type", "f"]).stdout
        self.assertEqual(found, deep + "/file\n")
        here = self.opened(deep, os.O_RDONLY)
        shutil.rmtree(self.path(".deep"))
        self.assertEqual(os.fstat(here).st_nlink, 0)
        self.assertEqual(os.listdir(here), [])
        self.assertErrno(errno.ENOENT, os.open, "new", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=here)

    def assertErrno(self, errno_, function, *arguments, **more):
        with self.assertRaises(OSError) as caught:
            function(*arguments, **more)
        self.assertEqual(caught.exception.errno, errno_, caught.exception)

    def test_symlinks(self):
        long = "t" * 4000
        for name, target in (("s1", "absent"), ("s2", long), ("s3", "/"), ("s4", "s4")):
            os.symlink(target, self.path(name))
            self.assertEqual(os.readlink(self.path(name)), target)
            self.assertEqual(os.lstat(self.path(name)).st_size, len(target))
        self.assertErrno(errno.EEXIST, os.symlink, "x", self.path("s1"))
        self.assertErrno(errno.ELOOP, os.stat, self.path("s4"))
        self.assertErrno(errno.EINVAL, os.readlink, self.make("plain"))
        os.rename(self.path("s1"), self.path("s5"))
        self.assertEqual(os.readlink(self.path("s5")), "absent")
        os.unlink(self.path("s5"))
        self.assertFalse(os.path.lexists(self.path("s5")))

    def test_names(self):
        names = ["n" * 255, "ü" * 127, "with space", "new\nline", "\\", "*", "-rf", "...", "日本"]
        for name in names:
            self.make(name, name.encode())
        raw = os.fsencode(self.path()) + b"/not-\xff\xfe-utf8"
        with open(raw, "wb") as file:
            file.write(b"raw")
        self.assertEqual(self.read(raw), b"raw")
        listed = os.listdir(os.fsencode(self.path()))
        for name in [os.fsencode(name) for name in names] + [b"not-\xff\xfe-utf8"]:
            self.assertEqual(listed.count(name), 1, name)
        too_long = self.path("n" * 256)
        self.assertErrno(errno.ENAMETOOLONG, os.open, too_long, os.O_CREAT)
        self.assertErrno(errno.ENAMETOOLONG, os.stat, too_long)
        self.assertErrno(errno.ENAMETOOLONG, os.mkdir, too_long)
        self.assertErrno(errno.ENAMETOOLONG, os.rename, self.path("*"), too_long)
        self.assertErrno(errno.ENAMETOOLONG, os.symlink, "x", too_long)
        for name in names:
            self.assertEqual(self.read(self.path(name)), name.encode())
            os.unlink(self.path(name))
        os.unlink(raw)

    def test_reading_a_directory(self):
        os.mkdir(self.path(".many"))
        wanted = {b"%05d" % i for i in range(700)}
        for name in wanted:
            os.close(os.open(os.fsencode(self.path(".many")) + b"/" + name, os.O_CREAT | os.O_WRONLY, 0o600))
        directory = ctypes.c_void_p(LIBC.opendir(os.fsencode(self.path(".many"))))
        self.assertTrue(directory.value)

        def entries():
            while entry := LIBC.readdir64(directory):
                entry = Dirent.from_address(entry)
                yield entry.name, entry.type, LIBC.telldir(directory)

        first = list(entries())
        self.assertEqual(sorted(name for name, _, _ in first), sorted(wanted | {b".", b".."}))
        self.assertEqual({kind for name, kind, _ in first if name in wanted}, {8})
        LIBC.rewinddir(directory)
        self.assertEqual([name for name, _, _ in entries()], [name for name, _, _ in first])
        for at in (0, 1, 2, 100, 350, 699, 700):
            LIBC.seekdir(directory, ctypes.c_long(first[at][2]))
            self.assertEqual([name for name, _, _ in entries()], [name for name, _, _ in first[at + 1:]], at)
        LIBC.closedir(directory)

        # As rm -r and others do it: what is not removed meanwhile comes, and comes once.
        seen = []
        with os.scandir(self.path(".many")) as listing:
            for entry in listing:
                seen.append(entry.name)
                if int(entry.name) % 2:
                    os.unlink(entry.path)
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(sorted(seen), sorted(name.decode() for name in wanted))
        self.assertEqual(len(os.listdir(self.path(".many"))), 350)

    # --- between processes

    def test_flock(self):
        path = self.make("flock")

        def hold():
            fcntl.flock(os.open(path, os.O_RDWR), fcntl.LOCK_EX)

        child = Child(hold)
        fd = self.opened(path, os.O_RDWR)
        self.assertErrno(errno.EWOULDBLOCK, fcntl.flock, fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.assertErrno(errno.EWOULDBLOCK, fcntl.flock, fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        child.end(signal.SIGKILL)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_record_locks(self):
        path = self.make("lockf", b"0123456789")

        def hold():
            fcntl.lockf(os.open(path, os.O_RDWR), fcntl.LOCK_EX, 5, 0)

        child = Child(hold)
        fd = self.opened(path, os.O_RDWR)
        self.assertErrno(errno.EAGAIN, fcntl.lockf, fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 4)
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 5)
        self.assertEqual(child.end(), 0)
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 0)

    def test_one_sees_what_the_other_wrote(self):
        path = self.make("shared", b"----")
        fd = self.opened(path, os.O_RDWR)
        self.assertEqual(os.pread(fd, 4, 0), b"----")
        done = subprocess.run([sys.executable, "-c", "import sys; f = open(sys.argv[1], 'r+b'); f.write(b'child of it')",
                               path], timeout=20, check=True)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(os.pread(fd, 20, 0), b"child of it")

    # --- mappings and copies

    def test_shared_mappings(self):
        path = self.make("mapped", b"m" * (3 * PAGE))
        with open(path, "r+b") as file:
            one, two = mmap.mmap(file.fileno(), 0), mmap.mmap(file.fileno(), 0)
            one[10:14] = b"MAP1"
            self.assertEqual(two[10:14], b"MAP1")
            self.assertEqual(os.pread(file.fileno(), 4, 10), b"MAP1")
            one.flush()
            os.pwrite(file.fileno(), b"WRIT", 20)
            self.assertEqual(two[20:24], b"WRIT")
        two[PAGE:PAGE + 4] = b"MAP2"    # the descriptor is closed
        one.close()
        two.close()
        fd = self.opened(path, os.O_RDONLY)
        private = mmap.mmap(fd, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        private[0:4] = b"MINE"
        private.close()
        wanted = b"m" * 10 + b"MAP1" + b"m" * 6 + b"WRIT" + b"m" * (PAGE - 24) + b"MAP2"
        self.assertEqual(self.read(path)[:PAGE + 4], wanted)

    def test_mappings_reach_the_disk(self):
        path = self.make("mapped-kept", bytes(2 * PAGE))
        with open(path, "r+b") as file:
            mapping = mmap.mmap(file.fileno(), 0)
        mapping[0:6] = b"synced"
        mapping.flush()
        mapping[PAGE:PAGE + 8] = b"unsynced"
        mapping.close()
        self.mailbox.remount()
        self.assertEqual(self.read(path), b"synced" + bytes(PAGE - 6) + b"unsynced" + bytes(PAGE - 8))

    def test_copies(self):
        data = os.urandom(300000)
        path = self.make("source", data)
        source = self.opened(path, os.O_RDONLY)
        for name, way in (("c1", os.copy_file_range), ("c2", lambda a, b, n: os.sendfile(b, a, None, n))):
            os.lseek(source, 0, os.SEEK_SET)
            fd = self.opened(self.path(name), os.O_CREAT | os.O_RDWR)
            while way(source, fd, 1 << 20):
                pass
            self.assertEqual(self.read(self.path(name)), data, name)
        self.assertErrno(errno.EOPNOTSUPP, fcntl.ioctl, fd, FICLONE, source)
        for command in (["cp", "-a"], ["rsync", "-a"], ["cp", "--sparse=always"]):
            target = self.path("-".join(command).replace("=", ""))
            self.mailbox.run(command + [path, target])
            self.assertEqual(self.read(target), data, command)
        self.mailbox.run("dd if='%s' of='%s' bs=7001 conv=fsync status=none" % (path, self.path("dd")))
        self.assertEqual(self.read(self.path("dd")), data)

    def test_vectors(self):
        fd = self.opened(self.path("vector"), os.O_CREAT | os.O_RDWR)
        self.assertEqual(os.writev(fd, [b"one", b"", b"two"]), 6)
        one, two = bytearray(4), bytearray(10)
        self.assertEqual(os.preadv(fd, [one, two], 1), 5)
        self.assertEqual(bytes(one) + bytes(two[:1]), b"netwo")

    # --- refused or not there, by design

    def test_refused(self):
        path = self.make("refused")
        fd = self.opened(path, os.O_RDWR)
        self.assertErrno(errno.EPERM, os.link, path, self.path("second"))
        self.assertErrno(errno.EPERM, os.mkfifo, self.path("fifo"))
        self.assertErrno(errno.EPERM, os.mknod, self.path("device"), stat.S_IFCHR | 0o600, os.makedev(1, 3))
        with socket.socket(socket.AF_UNIX) as unix:
            here = os.getcwd()
            os.chdir(self.path())       # the address has room for 108 bytes
            try:
                self.assertErrno(errno.EPERM, unix.bind, "socket")
            finally:
                os.chdir(here)
        os.mknod(self.path("regular"), stat.S_IFREG | 0o600)
        self.assertEqual(os.path.getsize(self.path("regular")), 0)
        self.assertErrno(errno.EOPNOTSUPP, os.open, self.path(), os.O_TMPFILE | os.O_RDWR)
        self.assertErrno(errno.EOPNOTSUPP, os.setxattr, path, "user.mine", b"1")
        self.assertErrno(errno.EOPNOTSUPP, os.removexattr, path, "user.mine")
        self.assertErrno(errno.ENODATA, os.getxattr, path, "user.mine")
        self.assertEqual(os.getxattr(path, "user.outlook.state"), b"local")
        self.assertErrno(errno.ENOTTY, fcntl.ioctl, fd, 0x80086601, bytearray(8))  # FS_IOC_GETFLAGS
        os.fsync(fd)
        os.fdatasync(fd)
        directory = self.opened(self.path(), os.O_RDONLY)
        os.fsync(directory)

    def test_statvfs(self):
        st = os.statvfs(self.path())
        self.assertEqual(st.f_namemax, 255)
        self.assertGreater(st.f_bsize, 0)
        self.assertGreaterEqual(st.f_blocks, st.f_bavail)
        self.assertGreater(st.f_bavail, 0)


class InARecordFolder(ScratchRules, PosixTest):
    pass


class InADirectory(ScratchRules, PosixTest):
    where = "contacts/Contacts/.scratch"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.mkdir(cls.mailbox.path(cls.where))


class Records(PosixTest):
    """The same calls where a record lies."""

    def setUp(self):
        self.name = self.mailbox.contacts()[0]
        self.record = self.path(self.name)
        self.mark = self.mailbox.mark()

    def test_open_flags(self):
        self.assertErrno(errno.EEXIST, os.open, self.record, os.O_CREAT | os.O_EXCL)
        self.assertErrno(errno.ENOTDIR, os.open, self.record, os.O_RDONLY | os.O_DIRECTORY)
        before = self.read(self.record)
        self.opened(self.record, os.O_RDWR | os.O_CREAT)
        self.assertEqual(self.read(self.record), before)

    def test_unlinked_and_open(self):
        fd = self.opened(self.record, os.O_RDONLY)
        before = self.read(self.record)
        os.unlink(self.record)
        self.assertErrno(errno.ENOENT, os.stat, self.record)
        self.assertEqual(os.pread(fd, len(before), 0), before)
        self.assertEqual(os.fstat(fd).st_nlink, 0)
        with open(self.record, "xb") as file:   # it comes back: nothing is deleted
            file.write(before)
        self.assertEqual(self.mailbox.xattr("state", self.where, self.name), "synced")

    def test_mode_and_time_stay(self):
        path, moment = self.path(self.mailbox.contacts()[1]), 1234567890123456789
        os.chmod(path, 0o640)
        os.utime(path, ns=(moment, moment))
        before = os.stat(path)
        self.assertEqual((stat.S_IMODE(before.st_mode), before.st_mtime_ns), (0o640, moment))
        self.mailbox.remount()
        after = os.stat(path)
        self.assertEqual((after.st_ino, after.st_mode, after.st_mtime_ns, after.st_size),
                         (before.st_ino, before.st_mode, before.st_mtime_ns, before.st_size))
        self.assertEqual(self.mailbox.writes(since=self.mark), [])

    def test_inode_numbers(self):
        def numbers():
            found = {}
            for top, directories, files in os.walk(self.mailbox.mountpoint):
                if ".outlookfs" in directories:
                    directories.remove(".outlookfs")
                for name in directories + files:
                    path = os.path.join(top, name)
                    found[os.path.relpath(path, self.mailbox.mountpoint)] = os.lstat(path).st_ino
            return found

        before = numbers()
        self.assertEqual(len(set(before.values())), len(before))
        self.mailbox.remount()
        self.assertEqual(numbers(), before)
        for entry in os.scandir(self.path()):
            self.assertEqual(entry.inode(), before[os.path.join(self.where, entry.name)])

    def test_text_that_is_no_record(self):
        """A rename onto a record's name moves nothing when the text cannot become one."""
        before = self.read(self.record)
        for text in (b"", b"{", b"[1]", b"{} x", b"\xff"):
            path = self.make("draft.tmp", text)
            self.assertErrno(errno.EINVAL, os.rename, path, self.record)
            self.assertEqual((self.read(path), self.read(self.record)), (text, before))
        os.mkdir(self.path(".folder"))
        os.symlink("x", self.path("symbolic"))
        for name in (".folder", "symbolic"):
            self.assertErrno(errno.EPERM if name == "symbolic" else errno.ENOTDIR, os.rename, self.path(name),
                             self.record)
            self.assertErrno(errno.EPERM, os.rename, self.path(name), self.path("free.json"))

    def test_refused_by_the_service(self):
        message = self.mailbox.path("mail/Inbox", sorted(n for n in os.listdir(self.mailbox.path("mail/Inbox"))
                                                         if n.endswith(".json"))[0])
        other = next(name for name in os.listdir(self.mailbox.path("contacts"))
                     if name != "Contacts" and not name.startswith("."))
        refused = [
            (errno.EPERM, os.mkdir, self.path("folder")),
            (errno.EPERM, os.mkdir, self.path("folder.json")),
            (errno.EPERM, os.symlink, "x", self.path("link.json")),
            (errno.EPERM, os.mkfifo, self.path("fifo.json")),
            (errno.EPERM, os.link, self.record, self.path("second.json")),
            (errno.EPERM, os.rmdir, self.path()),
            (errno.EPERM, os.rmdir, self.mailbox.path("contacts")),
            (errno.EPERM, os.rename, self.path(), self.mailbox.path("contacts/New")),
            (errno.EPERM, os.mkdir, self.mailbox.path("calendars/New")),
            (errno.EXDEV, os.rename, self.record, self.mailbox.path("contacts", other, self.name)),
            (errno.EXDEV, os.rename, self.record, self.mailbox.path("calendars/Calendar/x.json")),
            (errno.EPERM, os.open, self.mailbox.path("mail/Inbox/new.json"), os.O_CREAT | os.O_WRONLY),
            (errno.EPERM, os.rename, message, self.mailbox.path("mail/Archive/x.json")),
            (errno.EOPNOTSUPP, os.setxattr, self.record, "user.mine", b"x"),
            (errno.EACCES, os.open, self.mailbox.path(".outlookfs/status.json"), os.O_WRONLY),
            (errno.EPERM, os.open, self.mailbox.path(".outlookfs/new"), os.O_CREAT | os.O_WRONLY),
            (errno.EPERM, os.mkdir, self.mailbox.path(".outlookfs/new")),
            (errno.EPERM, os.unlink, self.mailbox.path(".outlookfs/status.json")),
        ]
        for wanted, function, *arguments in refused:
            with self.subTest(function=function.__name__, arguments=arguments):
                before = os.path.getsize(self.mailbox.mount_log)
                self.assertErrno(wanted, function, *arguments)
                if wanted in (errno.EPERM, errno.EXDEV):
                    self.assertReason(before, [a for a in arguments if isinstance(a, str) and a.startswith("/")])
        self.assertEqual(self.mailbox.writes(since=self.mark), [])

    def assertReason(self, before, paths):
        """One line more in the log, which names the files as they were named."""
        with open(self.mailbox.mount_log, encoding="utf-8") as log:
            log.seek(before)
            lines = log.read().splitlines()
        self.assertEqual(len(lines), 1, lines)
        for path in paths[-1:] if len(paths) == 2 and paths[1].endswith("second.json") else paths:
            self.assertIn(os.path.relpath(path, self.mailbox.mountpoint), lines[0])
        self.assertRegex(lines[0], r": \w.{20,}")


class OfAnotherUser(PosixTest):
    """allow_other with an owner that is not root: the kernel checks the modes."""
    OPTIONS = "writeback_delay=600,allow_other,uid=%d,gid=%d" % (NOBODY, NOBODY)

    def as_user(self, uid, function, *arguments):
        """The errno of a call made by that user, 0 if it worked."""
        pid = os.fork()
        if pid == 0:
            code = 255
            try:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
                function(*arguments)
                code = 0
            except OSError as error:
                code = error.errno
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def setUp(self):
        if os.getuid() != 0:
            self.skipTest("only root can become somebody else")
        os.chmod(self.mailbox.dir, 0o755)

    def test_modes(self):
        path = self.path("mode")

        def make():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))

        other = NOBODY - 1
        for what in (self.mailbox.mountpoint, self.mailbox.path("contacts"), self.path()):
            self.assertEqual(self.as_user(other, os.listdir, what), errno.EACCES, what)
        self.assertEqual(self.as_user(other, os.stat, path), errno.EACCES)
        self.assertEqual(self.as_user(NOBODY, make), 0)
        self.assertEqual(os.stat(path).st_uid, NOBODY)
        self.assertEqual(self.as_user(NOBODY, os.chmod, path, 0o400), 0)
        self.assertEqual(self.as_user(NOBODY, os.open, path, os.O_WRONLY), errno.EACCES)
        self.assertEqual(self.as_user(NOBODY, os.open, path, os.O_RDONLY), 0)
        self.assertEqual(self.as_user(NOBODY, os.chown, path, other, -1), errno.EPERM)
        self.assertEqual(self.as_user(NOBODY, os.unlink, path), 0)


class OfOneUser(PosixTest):
    def test_nobody_else_gets_in(self):
        if os.getuid() != 0:
            self.skipTest("only root can become somebody else")
        os.chmod(self.mailbox.dir, 0o755)
        self.assertEqual(OfAnotherUser.as_user(self, NOBODY, os.stat, self.mailbox.mountpoint), errno.EACCES)


if __name__ == "__main__":
    main()
