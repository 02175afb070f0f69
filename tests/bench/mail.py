"""Mail: what attachments cost a backup, and what large messages cost memory and disk."""
import tempfile

from measure import head, number, row, seconds
from subjects import Connector, Made, shell

ATTACHED = 2000     # messages; some have attachments
LARGE, BYTES = 3000, 30000
BACKUP, WITH = "rsync -a of mail with attachments", "messages with attachments"
LIST, SEARCH, PEAK, DISK = "cat of all", "search/local after it", "peak, MiB", "cache.db against the text"


def attachments(figures, options):
    with Connector(options.build_dir, ATTACHED, options.round_trip, seed="contacts=0,events=0,messages=%d") as subject, \
            tempfile.TemporaryDirectory() as copy:
        inbox = subject.path("mail/Inbox")
        for _ in range(options.rounds):
            subject.fresh()
            subject.run("ls '%s'" % inbox)
            before = subject.mark()
            shell("rm -rf '%s'/* && rsync -a '%s/' '%s'" % (copy, inbox, copy))
            lines = subject.requests(since=before)
            figures.add(BACKUP, "questions", len(lines))
        figures.add(WITH, "", sum(bool(one["HasAttachment"]) for one in subject.sandbox.records("message")))


def large(figures, options):
    with Made(options.build_dir, options.round_trip, LARGE, messages=True, words=BYTES) as subject:
        folder = subject.folder
        figures.timed(LIST, "", lambda: shell("find '%s' -maxdepth 1 -type f -print0 | xargs -0 cat" % folder))
        figures.timed(SEARCH, "", lambda: shell("ls '%s'" % subject.path("search/local/meeting quarter")))
        figures.add(PEAK, "", subject.peak())
        figures.add(DISK, "", subject.cached() / (LARGE * BYTES))


def measure(options, figures):
    attachments(figures, options)
    large(figures, options)


def table(options, figures):
    requests, messages = figures.median(BACKUP, "questions"), figures.median(WITH, "")
    each = 10 * requests / messages if messages else None
    text = "Mail in the sandbox, %g ms there and back:\n\n" % options.round_trip + head("operation", "found", "target")
    text += row("`rsync -a` of %s messages, %s of them with attachments" % ("{:,}".format(ATTACHED), number(messages)),
                "%s requests, %s for ten with attachments" % (number(requests), number(each, "%.1f")), "<= 1 for ten with attachments")
    what = "%s messages of %d kB: " % ("{:,}".format(LARGE), BYTES // 1000)
    text += row(what + "`cat` of all, nothing cached", seconds(figures.median(LIST, "")) + " s", "")
    text += row(what + "a search in them", seconds(figures.median(SEARCH, "")) + " s", "")
    text += row(what + "peak of memory", number(figures.median(PEAK, "")) + " MiB", "bounded by what is open")
    text += row(what + "cache.db with the index of words, against the text", number(figures.median(DISK, ""), "%.2f") + " x", "<= 1.3 x")
    return text + "\n"
