"""A thousand records: outlookfs, and others that mount what lies on a server."""
import glob
import json
import os
import re
import tempfile
import time

from measure import Figures, head, row, seconds
from subjects import Connector, Davfs, Graph, Rclone, Sshfs, shell

RECORDS = 1000
CREATED = 100
LS, BACKUP, UNCHANGED = "ls -l", "first rsync -a", "rsync -a of a fresh mount, nothing changed"
CREATE, SAVE, DELETE = "create %d" % CREATED, "save", "delete %d" % CREATED
LOCAL, ONE_BY_ONE = "local files", "one after another"
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
        figures.timed(CREATE, ONE_BY_ONE + subject.name, lambda: subject.create_one_by_one(CREATED))


def measure(options):
    figures = Figures()
    with tempfile.TemporaryDirectory() as scratch:
        files = os.path.join(scratch, "files")
        with Connector(options.build_dir, RECORDS, options.round_trip) as connector, Graph(options.build_dir, RECORDS, options.round_trip) as graph:
            rsync(connector.folder, files)()
            for run in range(options.rounds):
                for subject in (connector, graph):
                    subject_round(figures, subject, scratch, run)
                baselines(figures, (connector, graph), files, scratch)
                for program in PROGRAMS:
                    if not program.missing():
                        with program(files, options.round_trip) as subject:
                            subject_round(figures, subject, scratch, run)
    return figures


def skipped():
    return ["%s (there is no %s)" % (one.name, ", ".join(one.missing())) for one in PROGRAMS if one.missing()]


def table(options, figures):
    who = [one for one in (*SERVICES, *PROGRAMS) if figures.median(LS, one.name) is not None]
    text = "%s records, %g ms there and back, seconds and requests, medians of %d:\n\n" % ("{:,}".format(RECORDS), options.round_trip, options.rounds)
    text += head("operation", *(one.name for one in who), "limit", "outlookfs against it", "target")

    def line(what, limit="", ratio="", target=""):
        return row(what, *("%s, %d" % (seconds(figures.median(what, one.name)), figures.median(what + ", questions", one.name)) for one in who),
                   limit, ratio, target)

    def each(function):
        return ", ".join(function(one.name) for one in SERVICES)

    local = figures.median(UNCHANGED, LOCAL)
    single = each(lambda name: seconds(figures.median(CREATE, ONE_BY_ONE + name)))
    text += line(LS)
    text += line(BACKUP, "local files: " + seconds(figures.median(BACKUP, LOCAL)))
    text += line(UNCHANGED, "local files: " + seconds(local), each(lambda name: "+%.2f s" % (figures.median(UNCHANGED, name) - local)),
                 "<= 3 requests, <= 0.1 s more")
    text += line(SAVE, "a round trip", each(lambda name: "%.1f" % (figures.median(SAVE, name) / options.round_trip * 1000)),
                 "<= 2 requests (Graph: 1), <= 2.2 round trips")
    text += line(CREATE, "%s: %s" % (ONE_BY_ONE, single),
                 each(lambda name: "%.2f" % figures.ratio(CREATE, name, [(CREATE, ONE_BY_ONE + name)])), "<= 0.3 x")
    text += line(DELETE, "as for create", each(lambda name: "%.2f" % figures.ratio(DELETE, name, [(CREATE, ONE_BY_ONE + name)])), "<= 0.3 x")
    return text + "\n" + ("Skipped: %s.\n\n" % "; ".join(skipped()) if skipped() else "")
