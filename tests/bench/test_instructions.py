"""What a listing of 1,000 records and one save cost, in instructions of the daemon: within a tenth of the figures in instructions.json.

Instructions do not depend on what else the machine does. They do on the compiler, so that the figures hold for the major version they
name, and on whoever changes the code: a change that is meant writes them anew with `UPDATE=1 python3 tests/bench/test_instructions.py BUILD`.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "mount"))
from harness import Mailbox, MountTest, main  # noqa: E402

FIGURES = os.path.join(HERE, "instructions.json")
SLACK = 0.10
SAVES = 10


class Counted(Mailbox):
    """A mount whose instructions are counted; to be read when it has ended."""

    def command(self):
        return ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *super().command()]

    def instructions(self):
        return int(re.findall(r"Collected : (\d+)", self.log_tail())[-1])  # before it, what was forked


def count(*steps):
    """Of a mount with 1,000 contacts that sees these steps."""
    mailbox = Counted(MountTest.build_dir, seed="contacts=1000,events=0,messages=0", options="list_ttl=3600")
    try:
        for step in steps:
            step(mailbox)
        mailbox.unmount()
        return mailbox.instructions()
    finally:
        mailbox.close()


def listing(mailbox):
    mailbox.names = mailbox.contacts()
    if len(mailbox.names) != 1000:
        raise AssertionError("the listing is not whole")


def saves(mailbox):
    for name in mailbox.names[:SAVES]:
        mailbox.run(["sed", "-i", 's/"NickName": .*/"NickName": "counted",/', mailbox.path("contacts/Contacts", name)])
        mailbox.sync()


class Instructions(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(MountTest.build_dir, "CMakeCache.txt"), encoding="utf-8") as file:
            if not re.search(r"^OUTLOOKFS_SANITIZE:STRING=$", file.read(), re.M):
                self.skipTest("valgrind does not count what a sanitizer has built")
        if not shutil.which("valgrind"):
            self.skipTest("valgrind is not installed: ./dev test does that")

    def test_within_a_tenth(self):
        version = subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout.strip()
        idle, listed, saved = count(), count(listing), count(listing, saves)
        found = {"gcc": version.split(".")[0], "listing of 1,000": listed - idle, "a save": (saved - listed) // SAVES}
        print(json.dumps(found))
        if os.environ.get("UPDATE"):
            with open(FIGURES, "w", encoding="utf-8") as file:
                file.write(json.dumps(found, indent=2) + "\n")
            return
        with open(FIGURES, encoding="utf-8") as file:
            figures = json.load(file)
        if figures["gcc"] != found["gcc"]:
            self.skipTest("the figures are those of gcc " + figures["gcc"])
        for what in ("listing of 1,000", "a save"):
            self.assertAlmostEqual(found[what] / figures[what], 1, delta=SLACK, msg=what)


if __name__ == "__main__":
    main()
