#!/usr/bin/env python3
"""Requests and seconds of everyday work, the two services side by side, as the table of the README.

usage: services.py BUILD_DIR [--messages N] [--latency MS]

Each is the sandbox's face of the service with the same number of messages. Requests carry over to the real service, seconds say how many of them
follow each other.
"""
import argparse
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mount"))
from harness import Mailbox  # noqa: E402
from graph_mount import GraphMailbox  # noqa: E402

MOVED = 100
TTL = 1  # s; what is older is refreshed by a look


class Work:
    """What is measured, over one mounted mailbox."""

    def __init__(self, mailbox, messages):
        self.mailbox, self.messages = mailbox, messages
        self.copy = tempfile.mkdtemp(dir=mailbox.dir)

    def inbox(self):
        return [name for name in os.listdir(self.mailbox.path("mail/Inbox")) if name.endswith(".json")]

    def listing(self):
        if len(self.inbox()) < self.messages:
            sys.exit("the listing is not complete")

    def listing_left(self):
        self.inbox()

    def arrive(self):
        if isinstance(self.mailbox, GraphMailbox):
            self.mailbox.create("message", {"subject": "new"})
        else:
            self.mailbox.sandbox.create("message", {"Subject": "new"})
        time.sleep(TTL + 0.2)

    def backup(self):
        self.mailbox.run(["rsync", "-a", self.mailbox.path("mail/Inbox") + "/", self.copy], timeout=600)

    def backup_again(self):
        time.sleep(TTL + 0.2)
        self.backup()

    def save(self):
        folder = self.mailbox.path("contacts/Contacts")
        path = os.path.join(folder, min(name for name in os.listdir(folder) if name.endswith(".json")))
        with open(path, encoding="utf-8") as file:
            contact = json.load(file)
        contact["jobTitle" if "jobTitle" in contact else "JobTitle"] = "Captain"
        mark = self.mailbox.mark(), time.monotonic()
        with open(path, "w", encoding="utf-8") as file:
            json.dump(contact, file)
        self.mailbox.sync()
        return mark

    def move(self):
        source, target = self.mailbox.path("mail/Inbox"), self.mailbox.path("mail/Archive")
        names = sorted(self.inbox())[:MOVED]
        os.listdir(target)
        mark = self.mailbox.mark(), time.monotonic()
        for name in names:
            os.rename(os.path.join(source, name), os.path.join(target, name))
        self.mailbox.sync()
        return mark


def measure(mailbox, function):
    """"requests, seconds" of a function, from where it says on; what the service does not do is EPERM."""
    mark = mailbox.mark(), time.monotonic()
    try:
        mark = function() or mark
    except PermissionError:
        return "-"
    return "%d, %.1f s" % (len(mailbox.sent(mark[0])), time.monotonic() - mark[1])


def column(kind, options):
    """{what: "requests, seconds"} of one service."""
    with kind(os.path.abspath(options.build_dir), seed="contacts=200,events=20,messages=%d" % options.messages, latency=options.latency,
              options="rate=100000,list_ttl=%d,writeback_delay=0" % TTL) as mailbox:
        work = Work(mailbox, options.messages)
        rows = {"first listing": measure(mailbox, work.listing)}
        work.arrive()
        rows["refresh, one new message"] = measure(mailbox, work.listing)
        rows["backup (rsync)"] = measure(mailbox, work.backup)
        rows["backup again"] = measure(mailbox, work.backup_again)
        rows["save of a contact"] = measure(mailbox, work.save)
        rows["move of %d messages" % MOVED] = measure(mailbox, work.move)
        mailbox.remount()
        rows["listing after a remount"] = measure(mailbox, work.listing_left)
        return rows


def main():
    parser = argparse.ArgumentParser(description="measures both services")
    parser.add_argument("build_dir")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--latency", type=int, default=50, help="ms added to every answer")
    options = parser.parse_args()

    columns = [column(kind, options) for kind in (Mailbox, GraphMailbox)]
    print("| %s messages, %d ms an answer | connector | Graph |\n|---|---|---|" % ("{:,}".format(options.messages), options.latency))
    for what in columns[0]:
        print("| %s | %s |" % (what, " | ".join(rows[what] for rows in columns)))


if __name__ == "__main__":
    main()
