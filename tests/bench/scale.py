"""From a hundred records to a million: what a cold listing costs, and what depends on the size that should not."""
import os
import time

from measure import head, row, seconds
from subjects import Made, shell

SIZES = [100, 1000, 10000, 100000, 1000000]
ONCE = 100000       # records from which one round has to do
LINKS = 100000      # records up to which the views are listed with what they link to
VIEWS, SEARCH = "views/contacts/Contacts", "search/local/Contoso"
LOOP, LS, CPU, PEAK = "page loop", "ls -l, cold", "microseconds of CPU a record", "peak, MiB"
LINK = "ls -lR of the views, microseconds a link"
START, LOOKUP, PEAK_VIEWS = "start-up with all cached", "stat of one name after it", "peak with views and search/local, MiB"


def one_size(figures, options, size):
    with Made(options.build_dir, options.round_trip, size) as subject:
        for _ in range(options.rounds if size < ONCE else 1):
            figures.timed(LOOP, size, lambda: subject.page_loop(size))
            subject.fresh()
            before = subject.cpu()
            figures.timed(LS, size, lambda: shell("ls -l '%s'" % subject.folder))
            figures.add(CPU, size, (subject.cpu() - before) * 1e6 / size)
            figures.add(PEAK, size, subject.peak())
            name = next(entry.name for entry in os.scandir(subject.folder) if entry.name.endswith(".json"))
            subject.unmount()
            figures.timed(START, size, subject.mount)
            figures.timed(LOOKUP, size, lambda: os.stat(os.path.join(subject.folder, name)))
        for path in (VIEWS, SEARCH):
            shell("ls -R '%s'" % subject.path(path))
        figures.add(PEAK_VIEWS, size, subject.peak())
        if size <= LINKS:
            links = int(subject.run("find '%s' -type l | wc -l" % subject.path(VIEWS)).stdout)
            start = time.monotonic()
            shell("ls -lR '%s'" % subject.path(VIEWS))
            figures.add(LINK, size, (time.monotonic() - start) * 1e6 / links)


def measure(options, figures):
    for size in options.sizes:
        one_size(figures, options, size)


def table(options, figures):
    sizes = options.sizes
    text = "Contacts, %g ms there and back; medians of %d, from %s on of one:\n\n" % (options.round_trip, options.rounds, "{:,}".format(ONCE))
    text += head("", *("{:,}".format(size) for size in sizes), "target")
    for what, show, target in ((LOOP, seconds, ""), (LS, seconds, "linear"), (CPU, lambda n: "%.0f" % n, "<= 25"),
                               (PEAK, lambda n: "%.0f" % n, "<= 80 at 100,000, <= 250 at 1,000,000"), (PEAK_VIEWS, lambda n: "%.0f" % n, "the same"),
                               (LINK, lambda n: "%.0f" % n, "linear"), (START, seconds, "flat"), (LOOKUP, seconds, "flat")):
        cells = [figures.median(what, size) for size in sizes]
        text += row(what, *("" if value is None else show(value) for value in cells), target)
    return text + "\n"
