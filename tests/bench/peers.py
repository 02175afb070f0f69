"""A thousand records: outlookfs, and others that mount what lies on a server."""
import glob
import json
import os
import re
import tempfile
import time

from measure import head, number, row, seconds
from subjects import Connector, Davfs, Graph, Rclone, Sshfs, shell

RECORDS = 1000
CREATED = 100
OTHERS_ROUNDS = 2   # of the other programs: each takes a minute
LS, BACKUP, UNCHANGED = "ls -l", "first rsync -a", "rsync -a of a fresh mount, nothing changed"
CREATE, SAVE, DELETE = "create %d" % CREATED, "save", "delete %d" % CREATED
LOCAL, ONE_BY_ONE, ROUND_TRIP = "local files", "one after another", "a round trip"
PROGRAMS = Rclone, Davfs, Sshfs
SERVICES = Connector, Graph


def rsync(folder, copy):
    return lambda: shell("rsync -a --include='*.json' --exclude='*' '%s/' '%s'" % (folder, copy))


def fields(subject, i):
    return subject.contact(i) if hasattr(subject, "contact") else Connector.contact(i)


def new_files(subject, scratch, run):
    """Records that nobody has yet, beside the mount."""
    source = os.path.join(scratch, "new")
    shell("rm -rf '%s'; mkdir '%s'" % (source, source))
    for i in range(CREATED):
        with open(os.path.join(source, "new-%s-%d.json" % (run, i)), "w", encoding="utf-8") as file:
            json.dump(fields(subject, i), file)
    return source


def create(subject, source):
    shell("cp '%s'/*.json '%s'" % (source, subject.folder))
    subject.arrived(lambda there: sum(os.path.getsize(path) > 0 for path in glob.glob(there + "/new-*.json")) == CREATED)


def save(subject, name, text):
    """In place, which all of them can."""
    path = os.path.join(subject.folder, name)
    with open(path, encoding="utf-8") as file:
        record = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r'"(nickName)": .*,', r'"\1": "%s",' % text, record, count=1, flags=re.I))

    def ready(there):
        with open(os.path.join(there, name), encoding="utf-8") as file:
            return text in file.read()

    subject.arrived(ready)


def delete(subject, run):
    shell("rm '%s'/new-%s-*.json" % (subject.folder, run))
    subject.arrived(lambda there: not glob.glob(there + "/new-*.json"))


def subject_round(figures, subject, scratch, run):
    who, ask = subject.name, subject.questions
    copy = os.path.join(scratch, who)
    subject.fresh()
    figures.timed(LS, who, lambda: shell("ls -l '%s'" % subject.folder), ask)
    subject.fresh()
    shell("rm -rf '%s'" % copy)
    figures.timed(BACKUP, who, rsync(subject.folder, copy), ask)
    subject.again()
    figures.timed(UNCHANGED, who, rsync(subject.folder, copy), ask)
    source = new_files(subject, scratch, run)
    figures.timed(CREATE, who, lambda: create(subject, source), ask)
    name = min(name for name in os.listdir(copy) if name.endswith(".json"))
    shell("cat '%s'" % os.path.join(subject.folder, name))
    figures.timed(SAVE, who, lambda: save(subject, name, "bench %d" % time.monotonic_ns()), ask)
    figures.timed(DELETE, who, lambda: delete(subject, run), ask)


def baselines(figures, services, files, scratch):
    copy = os.path.join(scratch, "local")
    shell("rm -rf '%s'" % copy)
    figures.timed(BACKUP, LOCAL, rsync(files, copy))
    figures.timed(UNCHANGED, LOCAL, rsync(files, copy))
    for subject in services:
        figures.add(ROUND_TRIP, subject.name, subject.round_trip_seconds())
        figures.timed(CREATE, ONE_BY_ONE + subject.name, lambda: subject.create_one_by_one(CREATED))


def others_round(figures, files, round_trip, scratch, run):
    for program in PROGRAMS:
        if not program.missing():
            with program(files, round_trip) as subject:
                subject_round(figures, subject, scratch, run)


def measure(options, figures):
    with tempfile.TemporaryDirectory() as scratch:
        files = os.path.join(scratch, "files")
        with Connector(options.build_dir, RECORDS, options.round_trip) as connector, Graph(options.build_dir, RECORDS, options.round_trip) as graph:
            rsync(connector.folder, files)()
            for run in range(options.rounds):
                for subject in (connector, graph):
                    subject_round(figures, subject, scratch, run)
                baselines(figures, (connector, graph), files, scratch)
                if run < OTHERS_ROUNDS:
                    others_round(figures, files, options.round_trip, scratch, run)


def skipped():
    return ["%s (there is no %s)" % (one.name, ", ".join(one.missing())) for one in PROGRAMS if one.missing()]


def table(options, figures):
    who = [one for one in (*SERVICES, *PROGRAMS) if figures.median(LS, one.name) is not None]
    text = "%s records, %g ms there and back, seconds and requests, medians of %d, of other programs of %d:\n\n" % (
        "{:,}".format(RECORDS), options.round_trip, options.rounds, min(options.rounds, OTHERS_ROUNDS))
    text += head("operation", *(one.name for one in who), "limit", "outlookfs against it", "target")

    def line(what, limit="", ratio="", target=""):
        return row(what, *("%s, %s" % (seconds(figures.median(what, one.name)), number(figures.median(what + ", questions", one.name))) for one in who),
                   limit, ratio, target)

    def each(function):
        return ", ".join(function(one.name) for one in SERVICES)

    single = each(lambda name: seconds(figures.median(CREATE, ONE_BY_ONE + name)))
    text += line(LS)
    text += line(BACKUP, "local files: " + seconds(figures.median(BACKUP, LOCAL)))
    text += line(UNCHANGED, "local files: " + seconds(figures.median(UNCHANGED, LOCAL)),
                 each(lambda name: number(figures.difference(UNCHANGED, name, (UNCHANGED, LOCAL)), "%+.2f s")), "<= 3 requests, <= 0.1 s more")
    text += line(SAVE, "a round trip: " + each(lambda name: seconds(figures.median(ROUND_TRIP, name))),
                 each(lambda name: number(figures.ratio(SAVE, name, [(ROUND_TRIP, name)]), "%.1f")), "<= 2 requests (Graph: 1), <= 2.2 round trips")
    for what, limit in (CREATE, "%s: %s" % (ONE_BY_ONE, single)), (DELETE, "as for create"):
        text += line(what, limit, each(lambda name, what=what: number(figures.ratio(what, name, [(CREATE, ONE_BY_ONE + name)]), "%.2f")), "<= 0.3 x")
    return text + "\n" + ("Skipped: %s.\n\n" % "; ".join(skipped()) if skipped() else "")
