"""What a listing of 1,000 records and one save cost, in instructions of the daemon: within a tenth of the figures in instructions.json.

Instructions depend little on what else the machine does: who has to wait looks at its queue some times more, so that of several counts
the lowest is right. They depend on the compiler, so that the figures hold for the major version they name, and on whoever changes the code:
a change that is meant writes them anew with `UPDATE=1 python3 tests/bench/test_instructions.py BUILD`.
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
TRIES = 3
LISTED = 1000
SAVES = 20  # each of another contact


class Counted(Mailbox):
    """A mount whose instructions are counted; to be read when it has ended."""

    def command(self):
        return ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *super().command()]

    def instructions(self):
        return int(re.findall(r"Collected : (\d+)", self.log_tail())[-1])  # before it, what was forked


def count(contacts, *steps):
    """Of a mount with so many contacts that sees these steps."""
    mailbox = Counted(MountTest.build_dir, seed="contacts=%d,events=0,messages=0" % contacts, options="list_ttl=3600")
    try:
        for step in steps:
            step(mailbox)
        mailbox.unmount()
        return mailbox.instructions()
    finally:
        mailbox.close()


def listing(mailbox):
    if len(mailbox.contacts()) != LISTED:
        raise AssertionError("the listing is not whole")


def saves(mailbox):
    for name in mailbox.contacts():
        mailbox.run(["sed", "-i", 's/"NickName": .*/"NickName": "counted",/', mailbox.path("contacts/Contacts", name)])
        mailbox.sync()


def measure():
    return {"listing of 1,000": count(LISTED, listing) - count(LISTED),
            "a save": (count(SAVES, Mailbox.contacts, saves) - count(SAVES, Mailbox.contacts)) // SAVES}


class Instructions(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(MountTest.build_dir, "CMakeCache.txt"), encoding="utf-8") as file:
            if not re.search(r"^OUTLOOKFS_SANITIZE:STRING=$", file.read(), re.M):
                self.skipTest("valgrind does not count what a sanitizer has built")
        if not shutil.which("valgrind"):
            self.skipTest("valgrind is not installed: ./dev test does that")

    def test_within_a_tenth(self):
        version = subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout.strip().split(".", maxsplit=1)[0]
        with open(FIGURES, encoding="utf-8") as file:
            figures = json.load(file)
        update = "UPDATE" in os.environ
        if not update and figures["gcc"] != version:
            self.skipTest("the figures are those of gcc " + figures["gcc"])
        found = measure()
        for _ in range(1, TRIES):
            if not update and all(found[what] <= figures[what] * (1 + SLACK) for what in found):
                break
            found = {what: min(value, found[what]) for what, value in measure().items()}
        print(json.dumps(found))
        if update:
            with open(FIGURES, "w", encoding="utf-8") as file:
                file.write(json.dumps({"gcc": version, **found}, indent=2) + "\n")
            return
        for what, value in found.items():
            self.assertAlmostEqual(value / figures[what], 1, delta=SLACK, msg=what)


if __name__ == "__main__":
    main()
