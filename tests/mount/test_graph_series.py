"""Series in export/calendars/ with what single events of them are, as khal and icalendar read them and the service's own view has them."""
import datetime
import os
import subprocess
import tempfile

import icalendar

from harness import main, wait_for
from graph_mount import GraphTest

ZONE = "America/New_York"
CALENDAR = "calendars/Calendar"
KHAL = """\
[calendars]
[[c]]
path = %(home)s/cal
[locale]
timeformat = %%H:%%M
dateformat = %%Y-%%m-%%d
longdateformat = %%Y-%%m-%%d
datetimeformat = %%Y-%%m-%%d %%H:%%M
longdatetimeformat = %%Y-%%m-%%d %%H:%%M
local_timezone = UTC
default_timezone = UTC
[sqlite]
path = %(home)s/db
"""


class Series(GraphTest):
    SEED = "contacts=1,events=0,messages=1"
    OPTIONS = "writeback_delay=0,list_ttl=0"

    def series(self, subject, start, minutes, zone=ZONE, days=("monday", "thursday"), **members):
        begin = datetime.datetime.fromisoformat(start)
        end = begin + datetime.timedelta(minutes=minutes)
        made = self.mailbox.create("event", {
            "subject": subject, "start": {"dateTime": start, "timeZone": zone}, "end": {"dateTime": end.isoformat(), "timeZone": zone},
            "recurrence": {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": list(days), "firstDayOfWeek": "monday"},
                           "range": {"type": "numbered", "startDate": start[:10], "numberOfOccurrences": 9, "recurrenceTimeZone": zone}},
            **members}, "Calendar")
        return made["id"]

    def occurrences(self, id):
        return self.ask("/me/events/%s/instances?startDateTime=2027-01-01&endDateTime=2028-01-01&$top=100" % id)["value"]

    def one(self, id, day):
        return next(one["id"] for one in self.occurrences(id) if one["start"]["dateTime"].startswith(day))

    def differ(self, id, cancelled, moved, start, minutes, zone=ZONE, **members):
        """One is cancelled, one is another."""
        gone, other = self.one(id, cancelled), self.one(id, moved)
        end = datetime.datetime.fromisoformat(start) + datetime.timedelta(minutes=minutes)
        self.mailbox.edit("event", gone, delete=True)
        self.mailbox.edit("event", other, set={"start": {"dateTime": start, "timeZone": zone},
                                               "end": {"dateTime": end.isoformat(), "timeZone": zone}, **members})

    def path(self, id):
        return self.mailbox.path("export", CALENDAR, id + ".ics")

    def text(self, path):
        with open(path, "rb") as file:
            return file.read()

    def exported(self, id):
        """The file, once it says what the service says: the listing follows."""
        wait_for(lambda: "%s.json" % id in os.listdir(self.mailbox.path(CALENDAR)), "the series", 10)
        return self.text(self.path(id))

    def service_says(self, *ids):
        return sorted("%s %s" % (one["start"]["dateTime"][:10 if one["isAllDay"] else 16].replace("T", " "), one["subject"])
                      for id in ids for one in self.occurrences(id))

    def khal_says(self, text):
        with tempfile.TemporaryDirectory() as home:
            os.mkdir(home + "/cal")
            for n, event in enumerate(self.by_uid(text)):
                with open("%s/cal/%d.ics" % (home, n), "wb") as file:
                    file.write(event)
            with open(home + "/config", "w", encoding="utf-8") as file:
                file.write(KHAL % {"home": home})
            done = subprocess.run(["khal", "-c", home + "/config", "list", "--notstarted", "-df", "", "-f", "{start-long} {title}", "2027-01-01", "365d"],
                                  env={**os.environ, "HOME": home, "LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, check=True)
            return sorted(filter(None, done.stdout.decode().split("\n")))

    @staticmethod
    def by_uid(text):
        """A calendar for each UID, as a directory of a CalDAV server has them."""
        whole, found = icalendar.Calendar.from_ical(text), {}
        for event in whole.walk("VEVENT"):
            found.setdefault(str(event["UID"]), []).append(event)
        for events in found.values():
            calendar = icalendar.Calendar()
            for zone in whole.walk("VTIMEZONE"):
                calendar.add_component(zone)
            for event in events:
                calendar.add_component(event)
            yield calendar.to_ical()

    def test_cancelled_and_changed_events(self):
        """Over the change of the clocks, in a zone, in UTC, and of all day."""
        walk = self.series("Walk", "2027-02-22T21:30:00", 60)
        self.differ(walk, "2027-03-09", "2027-03-05", "2027-03-06T12:00:00", 30, subject="Run")
        call = self.series("Call", "2027-05-03T10:00:00", 15, "UTC", ("monday",))
        self.differ(call, "2027-05-10", "2027-05-17", "2027-05-18T11:00:00", 15, "UTC")
        fair = self.series("Fair", "2027-08-02T00:00:00", 1440, "UTC", ("monday",), isAllDay=True)
        self.differ(fair, "2027-08-09", "2027-08-16", "2027-08-17T00:00:00", 1440, "UTC", isAllDay=True, subject="Late fair")
        for id in (walk, call, fair):
            with self.subTest(id=id):
                wait_for(lambda id=id: self.khal_says(self.exported(id)) == self.service_says(id), "what the service says", 10)
                self.assertEqual(os.stat(self.path(id)).st_size, len(self.text(self.path(id))))
        events = icalendar.Calendar.from_ical(self.exported(walk)).walk("VEVENT")
        self.assertEqual([len(events), len({event["UID"] for event in events})], [2, 1])
        whole = self.mailbox.path("export", CALENDAR + ".ics")
        wait_for(lambda: set(self.service_says(walk, call, fair)) <= set(self.khal_says(self.text(whole))), "all of them in one file", 10)

    def test_many_series_cost_one_request(self):
        ids = [self.series("S%d" % n, "2027-10-04T10:00:00", 15, days=("monday",)) for n in range(12)]
        wait_for(lambda: {id + ".json" for id in ids} <= set(os.listdir(self.mailbox.path(CALENDAR))), "the series", 10)
        mark = self.mailbox.mark()
        for id in ids:
            self.assertIn(b"RRULE", self.text(self.path(id)))
        os.listdir(self.mailbox.path("export", CALENDAR))
        self.assertLessEqual(len(self.mailbox.requests("Batch", since=mark)), 1)
        self.assertEqual([one for one in self.mailbox.requests("GetEvent", since=mark) if "batch" not in one], [])
        self.differ(ids[3], "2027-10-11", "2027-10-18", "2027-10-19T10:00:00", 15)
        wait_for(lambda: self.khal_says(self.exported(ids[3])) == self.service_says(ids[3]), "what has changed", 10)
        mark = self.mailbox.mark()
        for id in ids:
            self.text(self.path(id))
        self.assertEqual(self.mailbox.requests("Batch", since=mark), [])

    def test_a_service_that_does_not_tell(self):
        """The series is there by its rule, and the log says what is missing."""
        id = self.series("Mute", "2027-12-06T10:00:00", 15, "UTC", ("monday",))
        wait_for(lambda: id + ".json" in os.listdir(self.mailbox.path(CALENDAR)), "the series", 10)
        self.mailbox.fault(service="graph", operation="GetEvent", status=400, count=0, headers={"Content-Type": "application/json"},
                           body='{"error":{"code":"BadRequest","message":"no such property"}}')
        self.addCleanup(self.mailbox.sandbox.clear_faults)
        self.assertEqual(self.khal_says(self.text(self.path(id))), ["2027-%s 10:00 Mute" % day for day in ("12-06", "12-13", "12-20", "12-27")])
        self.assertIn("does not say which of its events differ", self.mailbox.read(".outlookfs", "log"))


if __name__ == "__main__":
    main()
