#!/usr/bin/env python3
"""Events as iCalendar, expanded by icalendar and dateutil, and by khal.

usage: test_calendars.py BUILD_DIR

The property test makes series in some zone from a fixed seed, describes them as the service does, and finds their days a second
time by looking at every day of the calendar. On purpose otherwise than the service: a series whose zone the record does not tell
keeps its hour in UTC, because where summer time begins is unknown.
"""
import calendar
import datetime
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest
import zoneinfo

import icalendar
import vobject
from dateutil.rrule import rrulestr

PRINT = os.path.join(sys.argv[1], "formats_print")
CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
INDEXES = ["First", "Second", "Third", "Fourth", "Last"]
WINDOWS = {"Asia/Tokyo": "Tokyo Standard Time", "America/New_York": "Eastern Standard Time", "Europe/Berlin": "W. Europe Standard Time",
           "Australia/Sydney": "AUS Eastern Standard Time", "America/Los_Angeles": "Pacific Standard Time",
           "Asia/Kolkata": "India Standard Time"}


def written(*events):
    done = subprocess.run([PRINT, "ical"], input=json.dumps(events).encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout


def case(name):
    with open(os.path.join(CASES, name), encoding="utf-8") as file:
        return {"Id": "A", **json.load(file)}


def only(event):
    (component,) = icalendar.Calendar.from_ical(written(event)).walk("VEVENT")
    return component


def expanded(event, count=20):
    """The first occurrences, as dates or as times in UTC."""
    component = only(event)
    start = component["DTSTART"].dt
    if "RRULE" not in component:
        return [start]
    rule = component["RRULE"].to_ical().decode()
    if isinstance(start, datetime.datetime):
        zone = zoneinfo.ZoneInfo(str(start.tzinfo))  # what icalendar gives has one offset for all days
        days = rrulestr(rule, dtstart=start.replace(tzinfo=zone))
        return [d.astimezone(UTC) for _, d in zip(range(count), days)]
    return [d.date() for _, d in zip(range(count), rrulestr(rule, dtstart=datetime.datetime.combine(start, datetime.time())))]


class Cases(unittest.TestCase):
    def test_a_series_whose_days_lie_in_another_zone(self):
        self.assertEqual(expanded(case("tuesday-0800-tokyo.json")),
                         [datetime.datetime(2026, 3, d, 23, tzinfo=UTC) for d in (2, 9, 16)])

    def test_khal_shows_the_same_days(self):
        with tempfile.TemporaryDirectory() as home:
            os.mkdir(os.path.join(home, "cal"))
            with open(os.path.join(home, "cal", "a.ics"), "wb") as file:
                file.write(written(case("tuesday-0800-tokyo.json")))
            config = os.path.join(home, "config")
            with open(config, "w", encoding="utf-8") as file:
                file.write("[calendars]\n[[c]]\npath = %s/cal\n[locale]\ntimeformat = %%H:%%M\ndateformat = %%Y-%%m-%%d\n"
                           "longdateformat = %%Y-%%m-%%d\ndatetimeformat = %%Y-%%m-%%d %%H:%%M\n"
                           "longdatetimeformat = %%Y-%%m-%%d %%H:%%M\nlocal_timezone = Asia/Tokyo\ndefault_timezone = Asia/Tokyo\n"
                           "[sqlite]\npath = %s/db\n" % (home, home))
            done = subprocess.run(["khal", "-c", config, "list", "--notstarted", "-df", "", "-f", "{start-long}", "2026-03-01", "60d"],
                                  env={**os.environ, "HOME": home, "LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, check=True)
            self.assertEqual(done.stdout.decode().split("\n")[:3], ["2026-03-%02d 08:00" % d for d in (3, 10, 17)])

    def test_midnight_utc_is_the_date_itself(self):
        event = only(case("all-day.json"))
        self.assertEqual((event["DTSTART"].dt, event["DTEND"].dt), (datetime.date(2026, 5, 4), datetime.date(2026, 5, 5)))
        self.assertEqual(expanded(case("weekly.json")), [datetime.date(2026, 5, d) for d in (4, 11, 18, 25)])

    def test_all_day_east_and_west(self):
        for zone, start, end in (("UTC", "2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z"), ("UTC", "2026-05-03T22:00:00Z", "2026-05-04T22:00:00Z"),
                                 ("UTC", "2026-05-04T07:00:00Z", "2026-05-05T07:00:00Z"),
                                 ("Tokyo Standard Time", "2026-05-03T15:00:00Z", "2026-05-04T15:00:00Z"),
                                 ("Tokyo Standard Time", "2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z"),
                                 ("Pacific Standard Time", "2026-05-04T07:00:00Z", "2026-05-05T07:00:00Z"),
                                 ("Samoa Standard Time", "2026-05-03T11:00:00Z", "2026-05-04T11:00:00Z"),
                                 ("W. Europe Standard Time", "2026-05-04T00:00:00", "2026-05-05T00:00:00")):
            event = only({"Id": "A", "Subject": "s", "IsAllDay": True, "Start": start, "End": end, "StartTimeZone": zone, "EndTimeZone": zone})
            self.assertEqual((event["DTSTART"].dt, event["DTEND"].dt), (datetime.date(2026, 5, 4), datetime.date(2026, 5, 5)), (zone, start))

    def test_commas_in_categories(self):
        words = ["a, b", "c;d\\e", "Ä" * 80, "f"]
        text = written({"Id": "A", "Subject": "s", "Start": "2026-05-04T00:00:00Z", "End": "2026-05-05T00:00:00Z", "Categories": words})
        self.assertEqual(vobject.readOne(text.decode()).vevent.categories.value, words)  # icalendar 4 unescapes before it splits
        self.assertLessEqual(max(map(len, text.split(b"\r\n"))), 75)


def as_served(record, zone):
    """With times in UTC, as the service gives them back; `zone` is what StartTimeZone means."""
    for member in ("Start", "End"):
        said = "UTC" if record[member + "TimeZone"] == "UTC" else zone
        record[member] = datetime.datetime.fromisoformat(record[member]).replace(tzinfo=zoneinfo.ZoneInfo(said)).astimezone(UTC).isoformat()
    return record


def imported(event):
    """What an import makes of it, as the service gives it back."""
    text = written(event)
    named = re.search(rb"TZID=([^:;]+)[:;]", text)
    done = subprocess.run([PRINT, "import"], input=text, stdout=subprocess.PIPE, check=True)
    ((record,), _, _) = json.loads(done.stdout)
    return {"Id": "B", **as_served(record, named and named.group(1).decode())}


class Foreign(unittest.TestCase):
    """Calendars of other programs: what is imported and given out again has the days that dateutil finds in the original, or it is
    said that it has not."""

    DEFINITION = ("BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
                  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\n"
                  "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n")
    BERLIN = ["Europe/Berlin", "W. Europe Standard Time", '"W. Europe Standard Time"', "/mozilla.org/20070129_1/Europe/Berlin",
              "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin"]
    ZONES = {"Asia/Tokyo": ["Asia/Tokyo", "Tokyo Standard Time"], "America/New_York": ["US/Eastern", "EST5EDT", "Eastern Standard Time"],
             "UTC": ["UTC", "Etc/UTC", "GMT", "tzone://Microsoft/Utc"], "Europe/Berlin": BERLIN}
    RULES = ["FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU,SU;INTERVAL=2;WKST=SU", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "freq=weekly;byday=tu,th",
             "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;COUNT=4", "FREQ=WEEKLY;UNTIL=20260415", "FREQ=WEEKLY;UNTIL=20260414T235959Z", "FREQ=MONTHLY",
             "FREQ=MONTHLY;BYMONTHDAY=3", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=1TU", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=+2WE",
             "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;INTERVAL=12", "FREQ=YEARLY",
             "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3", "FREQ=YEARLY;BYMONTH=3;BYDAY=1TU", "FREQ=YEARLY;BYMONTH=11;BYDAY=-1TH", "FREQ=WEEKLY;BYDAY=WE"]
    OTHERS = ["FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=MONTHLY;BYMONTHDAY=-2", "FREQ=MONTHLY;BYMONTHDAY=1,15",
              "FREQ=MONTHLY;BYDAY=5TU", "FREQ=MONTHLY;BYDAY=1TU,3TU", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "FREQ=YEARLY;BYMONTH=3,9",
              "FREQ=YEARLY;BYYEARDAY=62", "FREQ=YEARLY;BYDAY=20MO", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=2;BYDAY=MO", "FREQ=WEEKLY;BYHOUR=8",
              "FREQ=WEEKLY;COUNT=0", "FREQ=WEEKLY;BYMONTH=3", "FREQ=WEEKLY\r\nEXDATE:20260310T080000Z", "FREQ=WEEKLY\r\nRDATE:20260311T080000Z",
              "FREQ=DAILY\r\nRRULE:FREQ=WEEKLY"]

    @staticmethod
    def imported(start, more="", definition=""):
        text = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%sBEGIN:VEVENT\r\nUID:u\r\nSUMMARY:s\r\nDTSTART%s\r\nDURATION:PT1H\r\n%s"
                "END:VEVENT\r\nEND:VCALENDAR\r\n" % (definition, start, more))
        done = subprocess.run([PRINT, "import"], input=text.encode(), stdout=subprocess.PIPE, check=True, env={**os.environ, "TZ": "Asia/Kolkata"})
        records, left, skipped = json.loads(done.stdout)
        return (records[0], left[0]) if records else (None, skipped)

    def test_zones_by_any_name(self):
        for zone, names in self.ZONES.items():
            right = datetime.datetime(2026, 7, 1, 10, tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(UTC).isoformat()[:19]
            for name in names:
                record, left = self.imported(";TZID=%s:20260701T100000" % name)
                self.assertEqual((record["Start"], record["StartTimeZone"], left), (right, "UTC", ""), name)
        for name in ("Customized Time Zone", "Foo"):
            self.assertEqual(self.imported(";TZID=%s:20260701T100000" % name, definition=self.DEFINITION % name)[0]["Start"], "2026-07-01T08:00:00")
            record, left = self.imported(";TZID=%s:20260701T100000" % name)
            self.assertEqual(record["Start"], "2026-07-01T04:30:00")
            self.assertIn(name, left)
        self.assertIsNone(self.imported(":20260631T100000Z")[0])

    def test_a_zone_defined_for_other_years(self):
        """Many programs write such definitions; the name is right."""
        definition = ("BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:DAYLIGHT\r\nDTSTART:20300331T020000\r\nTZOFFSETFROM:+0300\r\nTZOFFSETTO:+0400\r\n"
                      "END:DAYLIGHT\r\nEND:VTIMEZONE\r\n")
        for name in ("Europe/Berlin", "W. Europe Standard Time"):
            for rule in ("", "RRULE:FREQ=WEEKLY\r\n"):
                record, left = self.imported(";TZID=%s:20261201T100000" % name, rule, definition % name)
                self.assertEqual((as_served(record, "Europe/Berlin")["Start"], left), ("2026-12-01T09:00:00+00:00", ""))

    def test_an_empty_property_says_nothing(self):
        self.assertEqual(self.imported(":20260303T080000Z", "CATEGORIES:\r\nLOCATION:\r\nRRULE:\r\nCONTACT:\r\n")[1], "")

    def test_rules_of_other_programs(self):
        for zone, names in self.ZONES.items():
            for rule in self.RULES:
                for shift in (8, 23):
                    start = datetime.datetime(2026, 3, 3, shift, 30, tzinfo=zoneinfo.ZoneInfo(zone))
                    record, left = self.imported(";TZID=%s:%s" % (names[0], start.strftime("%Y%m%dT%H%M%S")), "RRULE:%s\r\n" % rule)
                    with self.subTest(zone=zone, rule=rule, shift=shift):
                        self.assertEqual(left, "")
                        dated = rule if "Z" in rule or "UNTIL" not in rule else rule + "T235959"
                        dated = re.sub(r"UNTIL=(\w+[^Z])$", lambda m: "UNTIL=" + datetime.datetime.strptime(m[1], "%Y%m%dT%H%M%S").replace(
                            tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"), dated)
                        right = [d.astimezone(UTC) for _, d in zip(range(12), rrulestr(dated.upper(), dtstart=start))]
                        self.assertEqual(expanded({"Id": "B", **as_served(record, zone)}, 12), right)

    def test_what_the_service_has_no_series_for_is_said(self):
        for rule in self.OTHERS:
            _, left = self.imported(":20260303T080000Z", "RRULE:%s\r\n" % rule)
            self.assertTrue(left, rule)


class Series(unittest.TestCase):
    """Every day of the calendar, asked one by one."""

    def pattern(self, rand):
        kind = rand.choice(["Daily", "Weekly", "AbsoluteMonthly", "RelativeMonthly", "AbsoluteYearly", "RelativeYearly"])
        days = rand.choice([rand.sample(WEEKDAYS, rand.randint(1, 3)), WEEKDAYS, WEEKDAYS[:5]])
        return {"Type": kind, "Interval": rand.choice([1, 1, 2, 3]), "Month": rand.randint(1, 12), "DayOfMonth": rand.choice([1, 2, 15, 28, 29, 30, 31]),
                "DaysOfWeek": days, "FirstDayOfWeek": rand.choice(["Sunday", "Monday", "Saturday"]), "Index": rand.choice(INDEXES)}

    @staticmethod
    def matches(day, first, p):
        months = (day.year - first.year) * 12 + day.month - first.month
        last = calendar.monthrange(day.year, day.month)[1]
        listed = [d for d in range(1, last + 1) if WEEKDAYS[day.replace(day=d).weekday()] in p["DaysOfWeek"]]
        index = INDEXES.index(p["Index"])
        absolute = day.day == min(p["DayOfMonth"], last)
        relative = day.day == listed[-1 if index == 4 or index >= len(listed) else index] and (index == 4 or index < len(listed))
        if p["Type"] == "Daily":
            return (day - first).days % p["Interval"] == 0
        if p["Type"] == "Weekly":
            begin = first - DAY * ((first.weekday() - WEEKDAYS.index(p["FirstDayOfWeek"])) % 7)
            return WEEKDAYS[day.weekday()] in p["DaysOfWeek"] and (day - begin).days // 7 % p["Interval"] == 0
        if "Monthly" in p["Type"]:
            return months % p["Interval"] == 0 and (absolute if "Absolute" in p["Type"] else relative)
        years = day.year - first.year
        return years % p["Interval"] == 0 and day.month == p["Month"] and (absolute if "Absolute" in p["Type"] else relative)

    def days(self, first, p, limit, end=None):
        day, found = first, []
        while len(found) < limit and day <= (end or first + DAY * 366 * 40):
            if self.matches(day, first, p):
                found.append(day)
            day += DAY
        return found

    def test_days_of_any_series_in_any_zone(self):
        rand = random.Random(5)
        for i in range(120):
            name = rand.choice(list(WINDOWS))
            zone, p = zoneinfo.ZoneInfo(name), self.pattern(rand)
            begin = datetime.date(2026, 1, 1) + DAY * rand.randint(0, 364)
            if "Yearly" in p["Type"]:
                begin = begin.replace(day=1, month=p["Month"])
            first = self.days(begin, {**p, "Interval": 1}, 1)[0]
            clock = datetime.time(rand.choice([0, 7, 8, 12, 19, 23]), rand.choice([0, 30]))
            how = rand.choice(["Numbered", "EndDate", "NoEnd"])
            count = rand.randint(1, 8) if how == "Numbered" else 8
            end = first + DAY * rand.randint(0, 800) if how == "EndDate" else None
            start = datetime.datetime.combine(first, clock, zone)
            known = rand.random() < 0.5
            label = WINDOWS[name] if known else "UTC"
            event = {"Id": "A", "Subject": "s", "Start": start.astimezone(UTC).isoformat(), "StartTimeZone": label, "EndTimeZone": label,
                     "End": (start + datetime.timedelta(hours=1)).astimezone(UTC).isoformat(),
                     "Recurrence": {"Pattern": p, "Range": {"Type": how, "StartDate": first.isoformat(), "NumberOfOccurrences": count,
                                                            "EndDate": end.isoformat() if end else "0001-01-01"}}}
            right = []
            for day in self.days(first, p, count, end):
                right.append(datetime.datetime.combine(day, clock, zone if known else datetime.timezone(start.utcoffset())).astimezone(UTC))
            with self.subTest(i=i, event=event):
                self.assertEqual(expanded(event, 8), right[:8])
                self.assertEqual(expanded(imported(event), 8), right[:8])
                self.assertEqual(only(event)["DTSTART"].dt.astimezone(UTC), start.astimezone(UTC))

    def test_a_year_without_a_month_has_that_of_its_start(self):
        for kind, days in (("AbsoluteYearly", [(2026, 3, 5), (2027, 3, 5)]), ("RelativeYearly", [(2026, 3, 10), (2027, 3, 9)])):
            p = {"Type": kind, "Interval": 1, "Month": 0, "DayOfMonth": 5, "DaysOfWeek": ["Tuesday"], "Index": "Second"}
            event = {"Id": "A", "Subject": "s", "Start": "2026-03-05T10:00:00Z", "End": "2026-03-05T11:00:00Z", "StartTimeZone": "UTC",
                     "Recurrence": {"Pattern": p, "Range": {"Type": "NoEnd", "StartDate": "2026-03-05"}}}
            self.assertEqual(expanded(event, 2), [datetime.datetime(*day, 10, tzinfo=UTC) for day in days])

    def test_a_series_begins_at_its_first_occurrence(self):
        """Start may be another day than the pattern says."""
        p = {"Type": "Weekly", "Interval": 2, "DaysOfWeek": ["Tuesday"], "FirstDayOfWeek": "Monday"}
        event = {"Id": "A", "Subject": "s", "Start": "2026-03-05T10:00:00Z", "End": "2026-03-05T11:30:00Z", "StartTimeZone": "UTC",
                 "Recurrence": {"Pattern": p, "Range": {"Type": "Numbered", "StartDate": "2026-03-05", "NumberOfOccurrences": 2}}}
        self.assertEqual(expanded(event), [datetime.datetime(2026, 3, 17, 10, tzinfo=UTC), datetime.datetime(2026, 3, 31, 10, tzinfo=UTC)])
        component = only(event)
        self.assertEqual(component["DTEND"].dt - component["DTSTART"].dt, datetime.timedelta(minutes=90))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
