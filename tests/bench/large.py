"""Ten thousand records: the mount against the page loop, and against FUSE itself."""
import os
import tempfile

from measure import head, number, row, seconds
from subjects import Connector, Graph, Memory, shell

RECORDS = 10000
LOOP, FIRST_PAGE = "page loop, 4 connections", "first page"
LS, CAT, GREP, RSYNC, WARM = "ls -l, cold", "cat *, cold", "grep -r, cold", "first rsync -a", "cat *, warm"
ENTRIES, CPU, ROUND_TRIP = "first entries", "CPU of ls -l, cold", "a round trip"
SERVICES = Connector, Graph


def commands(folder, copy):
    files = "find '%s' -maxdepth 1 -type f -print0 | xargs -0" % folder
    return {LS: "ls -l '%s'" % folder, CAT: files + " cat", GREP: "grep -r Contoso '%s' || true" % folder,
            RSYNC: "rm -rf '%s' && rsync -a '%s/' '%s'" % (copy, folder, copy), WARM: files + " cat"}


def first_entries(folder):
    with os.scandir(folder) as entries:
        next(entries)


def service_round(figures, subject, copy):
    who, lines = subject.name, commands(subject.folder, copy)
    figures.timed(LOOP, who, lambda: subject.page_loop(RECORDS))
    figures.add(ROUND_TRIP, who, subject.round_trip_seconds())
    figures.timed(FIRST_PAGE, who, subject.first_page)
    for what in (LS, CAT, GREP, RSYNC):
        subject.fresh()
        before = subject.cpu()
        figures.timed(what, who, lambda: shell(lines[what]), subject.questions)
        if what == LS:
            figures.add(CPU, who, subject.cpu() - before)
    shell(lines[WARM])
    figures.timed(WARM, who, lambda: shell(lines[WARM]))
    subject.fresh()
    figures.timed(ENTRIES, who, lambda: first_entries(subject.folder))


def memory_round(figures, memory, copy):
    lines = commands(memory.folder, copy)
    for what in (LS, CAT, GREP, RSYNC):
        memory.fresh()
        figures.timed(what, memory.name, lambda: shell(lines[what]))
    shell(lines[WARM])
    figures.timed(WARM, memory.name, lambda: shell(lines[WARM]))


def measure(options, figures):
    with tempfile.TemporaryDirectory() as scratch:
        copy, files = os.path.join(scratch, "copy"), os.path.join(scratch, "files")
        with Connector(options.build_dir, RECORDS, options.round_trip) as connector, \
                Graph(options.build_dir, RECORDS, options.round_trip) as graph:
            shell("rsync -a --include='*.json' --exclude='*' '%s/' '%s'" % (connector.folder, files))
            with Memory(options.build_dir, files) as memory:
                for _ in range(options.rounds):
                    service_round(figures, connector, copy)
                    service_round(figures, graph, copy)
                    memory_round(figures, memory, copy)


def table(options, figures):
    """A row for each operation, and what the targets are about: the ratio to the limit."""
    text = "%s records, %g ms there and back, medians of %d:\n\n" % ("{:,}".format(RECORDS), options.round_trip, options.rounds)
    text += head("operation", "page loop", "in-memory FUSE", *(s.name for s in SERVICES), "ratio to the limit, connector", "Graph", "target")

    def line(what, limit, target):
        ratios = [number(figures.ratio(what, s.name, limit(s.name)), "%.2f") for s in SERVICES]
        asked = [figures.median(what + ", questions", s.name) for s in SERVICES]
        loop = "/".join(seconds(figures.median(LOOP, s.name)) for s in SERVICES) if (LOOP, "x") in limit("x") else ""
        return row(what, loop, seconds(figures.median(what, Memory.name)),
                   *("%s s%s" % (seconds(figures.median(what, s.name)), "" if n is None else ", %d requests" % n) for s, n in zip(SERVICES, asked)),
                   *ratios, target)

    text += line(LS, lambda who: [(LOOP, who)], "<= 1.3 x the page loop")
    for what in (CAT, GREP, RSYNC):
        text += line(what, lambda who, what=what: [(LOOP, who), (what, Memory.name)], "<= 1.2 x (page loop + in-memory FUSE), <= 45 requests")
    text += line(WARM, lambda who: [(WARM, Memory.name)], "<= 1.2 x in-memory FUSE")
    late = [figures.difference(ENTRIES, s.name, (FIRST_PAGE, s.name)) for s in SERVICES]
    trips = [None if wait is None else wait / figures.median(ROUND_TRIP, s.name) for s, wait in zip(SERVICES, late)]
    text += row("first entries of a cold listing", "", "", *("%s s" % seconds(figures.median(ENTRIES, s.name)) for s in SERVICES),
                *(number(trip, "%.1f") for trip in trips), "<= 2 round trips after the first page")
    text += row("CPU of `ls -l`, cold", "", "", *("%s s" % number(figures.median(CPU, s.name), "%.2f") for s in SERVICES), "", "", "<= 0.2 s")
    return text + "\n"
