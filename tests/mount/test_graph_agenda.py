"""views/calendars/<calendar>/agenda/<day>/: what happens on a day, against an independent reading of the same series by dateutil."""
import datetime
import errno
import json
import os
import zoneinfo

from dateutil import rrule

from harness import MountTest, main, wait_for
from graph_mount import GraphTest

ZONE = "America/New_York"


class Agenda(GraphTest):
    SEED = "contacts=1,events=0,messages=1"
    OPTIONS = "writeback_delay=0,list_ttl=0"

    @classmethod
    def setUpClass(cls):
        before = os.environ.get("TZ")
        os.environ["TZ"] = ZONE
        try:
            super().setUpClass()
        finally:
            os.environ.pop("TZ")
            if before:
                os.environ["TZ"] = before

    def make(self, subject, start, end, zone=ZONE, **members):
        return self.mailbox.create("event", {"subject": subject, "start": {"dateTime": start, "timeZone": zone},
                                             "end": {"dateTime": end, "timeZone": zone}, **members}, "Calendar")

    def day(self, day, calendar="Calendar"):
        """{name: object} of the files of a day."""
        path = self.mailbox.path("views/calendars", calendar, "agenda", day)
        return {name: self.mailbox.json(path, name) for name in os.listdir(path)}

    def subjects(self, day):
        return sorted(event["subject"] for event in self.day(day).values())

    def test_occurrences_of_a_series_and_its_exceptions(self):
        series = self.make("Walk", "2027-02-22T21:30:00", "2027-02-22T22:30:00", recurrence={
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "thursday"], "firstDayOfWeek": "monday"},
            "range": {"type": "numbered", "startDate": "2027-02-22", "numberOfOccurrences": 12, "recurrenceTimeZone": ZONE}})
        first = datetime.datetime(2027, 2, 22, 21, 30)
        expected = {when.date() for when in rrule.rrule(rrule.WEEKLY, dtstart=first, byweekday=(rrule.MO, rrule.TH), count=12)}
        found = {}
        for number in range(50):  # over the change of the clocks, too
            day = datetime.date(2027, 2, 20) + datetime.timedelta(number)
            for name, event in self.day(day.isoformat()).items():
                if event["subject"] == "Walk":
                    found[day] = (name, event)
        self.assertEqual(set(found), expected)
        for day, (name, event) in found.items():
            self.assertEqual(name, "%s 2130 Walk.json" % day)
            start = datetime.datetime.fromisoformat(event["start"]["dateTime"][:19]).replace(tzinfo=datetime.timezone.utc)
            self.assertEqual(start.astimezone(zoneinfo.ZoneInfo(ZONE)).isoformat()[:16], "%sT21:30" % day)
            self.assertEqual((event["type"], event["seriesMasterId"]), ("occurrence", series["id"]))
        _, moved = found[datetime.date(2027, 3, 4)]
        _, cancelled = found[datetime.date(2027, 3, 8)]
        self.mailbox.edit("event", moved["id"], set={"subject": "Run", "start": {"dateTime": "2027-03-05T12:00:00", "timeZone": ZONE},
                                                     "end": {"dateTime": "2027-03-05T13:00:00", "timeZone": ZONE}})
        self.mailbox.edit("event", cancelled["id"], delete=True)
        wait_for(lambda: self.subjects("2027-03-05") == ["Run"], "the exception is on its day")
        wait_for(lambda: self.subjects("2027-03-04") == [] and self.subjects("2027-03-08") == [], "and not where it was")

    def test_all_day_events_have_the_same_dates_in_every_zone(self):
        self.make("Fair", "2027-05-03T00:00:00", "2027-05-05T00:00:00", "UTC", isAllDay=True)
        self.assertEqual([self.subjects("2027-05-0%d" % day) for day in range(2, 7)], [[], ["Fair"], ["Fair"], [], []])
        self.assertEqual(list(self.day("2027-05-03")), ["2027-05-03 Fair.json"])

    def test_a_day_ends_at_the_local_midnight(self):
        self.make("Late", "2027-05-11T23:00:00", "2027-05-12T01:00:00")
        self.make("Until midnight", "2027-05-13T23:00:00", "2027-05-14T00:00:00")
        self.assertEqual([self.subjects("2027-05-%d" % day) for day in range(10, 15)],
                         [[], ["Late"], ["Late"], ["Until midnight"], []])

    def test_the_same_name_twice(self):
        for _ in range(2):
            self.make("Twin", "2027-06-01T09:00:00", "2027-06-01T09:30:00")
        files = self.day("2027-06-01")
        self.assertEqual(len(files), 2)
        self.assertEqual(len({event["id"] for event in files.values()}), 2)
        for name, event in files.items():
            path = self.mailbox.path("views/calendars/Calendar/agenda/2027-06-01", name)
            self.assertEqual(os.getxattr(path, "user.outlook.id").decode(), event["id"])
            self.assertEqual(os.stat(path).st_size, len(self.mailbox.read(path).encode()))

    def test_which_days_there_are(self):
        agenda = self.mailbox.path("views/calendars/Calendar/agenda")
        today = datetime.datetime.now(zoneinfo.ZoneInfo(ZONE)).date()
        self.assertEqual(sorted(os.listdir(agenda)), [(today + datetime.timedelta(n)).isoformat() for n in range(14)])
        for name in ("2027-02-30", "2027-2-3", "tomorrow", "2027-01-01T00", "2262-04-11", ".hidden"):
            self.assertErrno(errno.ENOENT, os.stat, os.path.join(agenda, name))
        self.assertEqual(os.listdir(os.path.join(agenda, "2031-01-01")), [])

    def test_it_is_to_read(self):
        self.make("Look", "2027-07-01T09:00:00", "2027-07-01T09:30:00")
        name, = self.day("2027-07-01")
        path = self.mailbox.path("views/calendars/Calendar/agenda/2027-07-01", name)
        self.assertErrno(errno.EROFS, os.unlink, path)
        with self.assertRaises(OSError):
            open(path, "w", encoding="utf-8").close()

    def test_a_look_is_one_request_and_lasts_offline(self):
        self.make("Cached", "2027-08-01T09:00:00", "2027-08-01T09:30:00")
        mark = self.mailbox.mark()
        path = self.mailbox.path("views/calendars/Calendar/agenda/2027-08-01")
        self.mailbox.run(["ls", "-l", path])
        self.assertEqual(len(self.mailbox.requests("CalendarView", since=mark)), 1)
        self.mailbox.fault(operation="CalendarView", status=503, count=0)
        try:
            name, = os.listdir(path)
            self.assertEqual(json.loads(self.mailbox.read(path, name))["subject"], "Cached")
        finally:
            self.mailbox.sandbox.clear_faults()


class Connector(MountTest):
    def test_there_is_none(self):
        self.assertEqual(os.listdir(self.mailbox.path("views/calendars/Calendar")), ["by-date"])
        self.assertErrno(errno.ENOENT, os.stat, self.mailbox.path("views/calendars/Calendar/agenda"))


if __name__ == "__main__":
    main()
