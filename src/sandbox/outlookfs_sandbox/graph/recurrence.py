"""The days of a series, from Graph's recurrence, and its occurrences in the series' own zone.

python3-dateutil would do the same from an RRULE; Graph's patterns are so few that the way there and back costs more than this.
"""
import calendar
import itertools
from datetime import date, datetime, timedelta

from .zones import zone_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
LAST_DAY = date(2100, 1, 1)


def days(recurrence):
    """The dates of all occurrences, in order."""
    pattern, extent = recurrence["pattern"], recurrence["range"]
    start = date.fromisoformat(extent["startDate"])
    end = date.fromisoformat(extent["endDate"]) if extent["type"] == "endDate" else LAST_DAY
    found = itertools.takewhile(lambda day: day <= end, (day for day in _pattern(pattern, start) if day >= start))
    return itertools.islice(found, extent["numberOfOccurrences"]) if extent["type"] == "numbered" else found


def _pattern(pattern, start):
    interval, kind = max(1, pattern.get("interval") or 1), pattern["type"]
    if kind == "daily":
        return _every(start, interval)
    if kind == "weekly":
        return _weekly(pattern, start, interval)
    months = interval * 12 if kind.endswith("Yearly") else interval
    return _monthly(pattern, start, months, kind)


def _every(day, interval):
    while day <= LAST_DAY:
        yield day
        day += timedelta(days=interval)


def _weekly(pattern, start, interval):
    first = WEEKDAYS.index(pattern.get("firstDayOfWeek") or "sunday")
    wanted = {WEEKDAYS.index(name) for name in pattern["daysOfWeek"]}
    week = start - timedelta(days=(start.weekday() - first) % 7)
    while week <= LAST_DAY:
        yield from (day for day in (week + timedelta(days=n) for n in range(7)) if day.weekday() in wanted)
        week += timedelta(days=7 * interval)


def _monthly(pattern, start, months, kind):
    month = pattern["month"] - 1 if kind.endswith("Yearly") and pattern.get("month") else start.month - 1
    year = start.year
    while year <= LAST_DAY.year:
        length = calendar.monthrange(year, month + 1)[1]
        if kind.startswith("absolute"):
            yield date(year, month + 1, min(pattern["dayOfMonth"], length))
        else:
            wanted = {WEEKDAYS.index(name) for name in pattern["daysOfWeek"]}
            fits = [day for day in (date(year, month + 1, n) for n in range(1, length + 1)) if day.weekday() in wanted]
            at = INDEXES[pattern.get("index") or "first"]
            if at < len(fits):
                yield fits[at]
        year, month = year + (month + months) // 12, (month + months) % 12


def occurrences(master, start, end, begin, until):
    """(day, start, end) of what happens in [begin, until): `start` and `end` are the first one's, aware. Daylight saving moves the
    moment, not the time on the clock of the series' zone."""
    zone = zone_of(master["recurrence"]["range"].get("recurrenceTimeZone") or "UTC")
    first, length = start.astimezone(zone), end - start
    for day in days(master["recurrence"]):
        at = datetime.combine(day, first.timetz().replace(tzinfo=None), zone)
        if at >= until:
            return
        if at + length > begin or (not length and at >= begin):
            yield day, at, at + length
