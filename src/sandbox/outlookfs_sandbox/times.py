"""Points in time as nanoseconds since 1970 in UTC, and the texts the services write for them."""
import re
import time
from datetime import datetime, timedelta

SECOND = 1_000_000_000
DAY = 86400 * SECOND
EPOCH = datetime(1970, 1, 1)
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?")


def parse(text):
    """Nanoseconds of "2026-11-23", "2026-11-23T08:00:00.1234567Z", "...+01:00", "..." (UTC); None for anything else."""
    match = TIME.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        when = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    seconds = int((when - EPOCH).total_seconds())
    if offset and offset != "Z":
        hours, minutes = int(offset[1:3]), int(offset[4:])
        if hours > 14 or minutes > 59:
            return None
        seconds -= (hours * 3600 + minutes * 60) * (-1 if offset[0] == "-" else 1)
    return seconds * SECOND + int((fraction or "0").ljust(9, "0"))


def has_offset(text):
    return bool(re.search(r"T.*[Z+-]", text))


def plain(ns):
    """2026-11-23T08:00:00"""
    return (EPOCH + timedelta(seconds=ns // SECOND)).isoformat()


def coarse(ns):
    """2026-11-23T08:00:00+00:00"""
    return plain(ns) + "+00:00"


def fine(ns, zone="+00:00"):
    """2026-11-23T08:00:00.1234567+00:00, without zeros at the end of the fraction."""
    fraction = ("%07d" % (ns % SECOND // 100)).rstrip("0")
    return plain(ns) + ("." + fraction if fraction else "") + zone


class Clock:
    """The services' clock: the computer's, pushed forward, or standing still while a mailbox is being invented."""

    def __init__(self):
        self.ahead = 0
        self.pretended = None

    def now(self):
        return time.time_ns() + self.ahead if self.pretended is None else self.pretended

    def not_before(self, ns):
        """What is stored was made before now."""
        self.ahead = max(self.ahead, ns - time.time_ns())

    def advance(self, seconds):
        self.ahead += int(seconds * SECOND)
