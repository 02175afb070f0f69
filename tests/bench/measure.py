"""Rounds, medians and rows of a table."""
import collections
import statistics
import sys
import time


class Figures:
    """figures.add("ls", "rclone", seconds); figures.median("ls", "rclone") or None."""

    def __init__(self):
        self.values = collections.defaultdict(list)

    def add(self, what, who, value):
        self.values[what, who].append(value)
        print("%-40s %-22s %10.3f" % (what, who, value), file=sys.stderr, flush=True)

    def timed(self, what, who, function, questions=None):
        """Seconds, and the questions of the subject."""
        before = questions() if questions else 0
        start = time.monotonic()
        function()
        self.add(what, who, time.monotonic() - start)
        if questions:
            self.add(what + ", questions", who, questions() - before)

    def median(self, what, who):
        values = self.values.get((what, who))
        return statistics.median(values) if values else None

    def difference(self, what, who, less):
        """None where one of them was not measured."""
        mine, other = self.median(what, who), self.median(*less)
        return None if mine is None or other is None else mine - other

    def ratio(self, what, who, limit):
        """To what would be the least, taken round by round: the limit is a list of (what, who) that add up."""
        pairs = list(zip(self.values[what, who], *(self.values[one] for one in limit)))
        return statistics.median(mine / sum(least) for mine, *least in pairs) if pairs else None


def seconds(value):
    return "-" if value is None else "%.3f" % value if value < 1 else "%.2f" % value if value < 100 else "%.0f" % value


def number(value, form="%.0f"):
    return "-" if value is None else form % value


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def head(*cells):
    return row(*cells) + "|---" * len(cells) + "|\n"
