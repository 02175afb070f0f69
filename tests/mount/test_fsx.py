"""Random reads, writes, truncations and mappings of one file (fsx.c), while the mailbox stands still: none of it comes to a service."""
import os

from harness import RANDOM_SEED, MountTest, main

OPERATIONS = int(os.environ.get("OUTLOOKFS_FSX_OPERATIONS", "20000"))
LIMIT = 100 + OPERATIONS // 200  # s


class Fsx(MountTest):
    SEED = "contacts=3,events=1,messages=1"

    def fsx(self, path, seed, operations, *more):
        print("fsx: seed %d, %d operations" % (seed, operations), flush=True)
        self.mailbox.run([os.path.join(self.build_dir, "mount_fsx"), "-s", str(seed), "-n", str(operations), *more,
                          path], timeout=LIMIT)

    def test_scratch(self):
        self.fsx(self.mailbox.path("contacts/Contacts/fsx.tmp"), RANDOM_SEED, OPERATIONS)

    def test_scratch_directory(self):
        """Another directory, a longer file, and the last content after a remount."""
        os.mkdir(self.mailbox.path("contacts/Contacts/.work"))
        path = self.mailbox.path("contacts/Contacts/.work/file.json")
        self.fsx(path, RANDOM_SEED + 1, OPERATIONS // 10, "-l", str(3 * 1024 * 1024), "-k")
        with open(path, "rb") as file:
            before = file.read()
        self.mailbox.remount()
        with open(path, "rb") as file:
            self.assertTrue(file.read() == before, "other bytes after the remount")
        os.unlink(path)

    def test_record_name(self):
        """Bytes that are no JSON are a draft: close() refuses them, they stay, nothing is sent."""
        mark = self.mailbox.mark()
        self.fsx(self.mailbox.path("contacts/Contacts/fsx.json"), RANDOM_SEED + 2, OPERATIONS // 10, "-r")
        self.mailbox.sync()
        self.assertEqual(self.mailbox.writes(since=mark), [])


if __name__ == "__main__":
    main()
