#!/usr/bin/env python3
"""What everyday work costs, beside what it costs others: the tables of docs/PERFORMANCE.md and docs/performance.svg.

usage: bench.py BUILD_DIR [--rounds N] [--round-trip MS] [--only PART...] [--sizes N,N...] [--write]

Four parts, each a module: large.py (10,000 records against the page loop and a file system in memory), peers.py (1,000 records, other
programs), mail.py (attachments and large messages), scale.py (100 to 1,000,000 records). In each, whoever is compared takes turns, so that what
else the machine does hits all of them; what is printed is medians. Ratios within a run carry over to other machines, seconds do not.
"""
import argparse
import os
import sys
import tempfile
import traceback

import chart
import large
import mail
import peers
import scale
from measure import Figures

PARTS = {"large": large, "peers": peers, "mail": mail, "scale": scale}
DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")
MEMORY = "/dev/shm"  # a disk would be measured with


def write(name, text):
    """Into docs/PERFORMANCE.md, between the marks of a part."""
    path = os.path.join(DOCS, "PERFORMANCE.md")
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin, end = "<!-- bench: %s -->\n" % name, "<!-- end -->"
    head, mark, rest = page.partition(begin)
    if not mark:
        sys.exit("docs/PERFORMANCE.md has no place for " + name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + mark + text + end + rest.partition(end)[2])


def run(name, options):
    """A part that fails half way shows what it has measured until then."""
    measured, whole = Figures(), True
    try:
        PARTS[name].measure(options, measured)
    except (Exception, SystemExit):  # a program that fails ends some by the latter
        traceback.print_exc()
        whole = False
    text = PARTS[name].table(options, measured)
    print("\n" + text, flush=True)
    if options.write:
        write(name, text)
        if name == "scale" and whole:
            chart.write(os.path.join(DOCS, "performance.svg"), measured)
    return whole


def main():
    parser = argparse.ArgumentParser(description="measures mounts")
    parser.add_argument("build_dir", type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--round-trip", type=float, default=20, metavar="MS", help="between a mount and its service")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")], default=scale.SIZES, help="of scale")
    parser.add_argument("--write", action="store_true", help="the tables and the picture into docs/")
    options = parser.parse_args()

    if os.path.isdir(MEMORY):
        tempfile.tempdir = MEMORY
    sys.exit(1 if [name for name in options.only if not run(name, options)] else 0)


if __name__ == "__main__":
    main()
