#!/usr/bin/env python3
"""Seconds and requests of everyday work on a large mailbox, beside what the service itself needs.

usage: bench.py BUILD_DIR [--contacts N] [--latency MS]

The yardstick is the page loop: curl fetches every page of the folder over four connections from the same sandbox, in the same
run. Ratios to it carry over to other machines, seconds do not.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mount"))
from harness import TOKEN, Mailbox, dataset_path, wait_for  # noqa: E402

PAGE = 256
CONNECTIONS = 4


class Bench:
    def __init__(self, mailbox):
        self.mailbox = mailbox
        self.loop = None

    def timed(self, what, function):
        """One line: what, seconds, requests, and the ratio to the page loop once that is known."""
        mark = self.mailbox.mark()
        start = time.monotonic()
        function()
        seconds = time.monotonic() - start
        requests = len(self.mailbox.requests(since=mark))
        ratio = "%8.2f" % (seconds / self.loop) if self.loop else "%8s" % ""
        print("%-52s %8.2f s %7d %s" % (what, seconds, requests, ratio), flush=True)
        return seconds, requests

    def shell(self, line):
        return lambda: self.mailbox.run(line, timeout=600)

    def page_loop(self, table, count):
        """Every page by curl, over four connections at a time."""
        with tempfile.NamedTemporaryFile("w", suffix=".curl") as config:
            for skip in range(0, count, PAGE):
                config.write('url = "%s%s"\noutput = "/dev/null"\n' % (
                    self.mailbox.sandbox.url, dataset_path("contacts", table, query="$top=%d&$skip=%d" % (PAGE, skip))))
            config.flush()
            # --parallel shows a progress meter even with --silent.
            done = subprocess.run(["curl", "--silent", "--fail", "--globoff", "--parallel", "--parallel-max",
                                   str(CONNECTIONS), "--header", "Authorization: Bearer " + TOKEN,
                                   "--config", config.name], capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                sys.exit("curl failed: " + done.stderr)


def save(mailbox, path):
    """An edit until the service has it: sed, and the queue emptied."""
    mailbox.run(["sed", "-i", 's/"NickName": .*/"NickName": "bench %d",/' % time.monotonic_ns(), path])
    mailbox.sync()


def peak_memory(mailbox):
    with open("/proc/%d/status" % mailbox.process.pid, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024


def main():
    parser = argparse.ArgumentParser(description="measures a mounted sandbox")
    parser.add_argument("build_dir")
    parser.add_argument("--contacts", type=int, default=10000)
    parser.add_argument("--latency", type=int, default=20, help="ms added to every answer")
    options = parser.parse_args()

    with Mailbox(os.path.abspath(options.build_dir), seed="contacts=%d" % options.contacts, latency=options.latency,
                 options="rate=100000,list_ttl=3600") as mailbox, tempfile.TemporaryDirectory() as copy:
        bench = Bench(mailbox)
        table = mailbox.sandbox.get("/datasets/contacts/tables").json()["value"][0]["Name"]
        folder = "'%s'" % mailbox.path("contacts/Contacts")
        rsync = "rsync -a %s/ %s/" % (folder, copy)

        print("%d contacts, %d ms more an answer\n" % (options.contacts, options.latency))
        print("%-52s %10s %7s %8s" % ("", "", "requests", "ratio"))
        bench.loop, _ = bench.timed("page loop, curl, %d connections" % CONNECTIONS,
                                    lambda: bench.page_loop(table, options.contacts))

        def cold():
            mailbox.remount(fresh_state=True, fresh_cache=True)

        cold()
        bench.timed("ls -l, nothing cached", bench.shell("ls -l %s > /dev/null" % folder))
        bench.timed("ls -l again", bench.shell("ls -l %s > /dev/null" % folder))
        bench.timed("cat * after it", bench.shell("find %s -name '*.json' -print0 | xargs -0 cat > /dev/null" % folder))
        bench.timed("grep -r", bench.shell("grep -r Contoso %s > /dev/null" % folder))
        cold()
        bench.timed("cat *, nothing cached", bench.shell("find %s -name '*.json' -print0 | xargs -0 cat > /dev/null" % folder))
        cold()
        bench.timed("first rsync -a, nothing cached", bench.shell(rsync))
        bench.timed("second rsync -a", bench.shell(rsync))
        mailbox.remount()
        bench.timed("rsync -a after a remount", bench.shell(rsync))

        names = mailbox.contacts()
        bench.timed("sed -i and sync", lambda: save(mailbox, mailbox.path("contacts/Contacts", names[0])))
        bench.timed("sed -i of 20 records and sync", lambda: [
            mailbox.run(["sed", "-i", 's/"NickName": .*/"NickName": "x",/', mailbox.path("contacts/Contacts", name)])
            for name in names[1:21]] and mailbox.sync())
        wait_for(lambda: mailbox.status()["queue"]["pending"] == 0, "an empty queue")
        print("\npeak memory of the mount: %.0f MiB" % peak_memory(mailbox))


if __name__ == "__main__":
    main()
