#!/usr/bin/env python3
"""Times of events without a zone mean the zone of who mounted."""
import json
import os
from datetime import datetime, timedelta

from graph_mount import GraphTest
from harness import MountTest, main


class InZone:
    """The mount's process has this zone."""
    ZONE, NAME, OFFSET = "America/New_York", "Eastern Standard Time", -5

    @classmethod
    def setUpClass(cls):
        before = os.environ.get("TZ")
        os.environ["TZ"] = cls.ZONE
        try:
            super().setUpClass()
        finally:
            os.environ.pop("TZ")
            if before is not None:
                os.environ["TZ"] = before


class Zones(InZone, MountTest):
    SEED = "contacts=1,events=2,messages=1"
    OPTIONS = "writeback_delay=1"

    def utc(self, clock):
        """What a clock here shows, in UTC, as the service writes it."""
        return (datetime.fromisoformat(clock) - timedelta(hours=self.OFFSET)).isoformat()

    def write(self, name, event):
        with open(self.mailbox.path("calendars/Calendar", name), "w", encoding="utf-8") as file:
            json.dump(event, file)
        self.mailbox.sync()

    def shows(self, name, **members):
        """The event in the file, once it has these members, times without fractions of a second."""
        return self.mailbox.shows(lambda event: all(event.get(member, "")[:19] == value for member, value in members.items()),
                                  "calendars/Calendar", name)

    def sent(self, operation, mark):
        (request,) = self.mailbox.requests(operation, since=mark)
        body = request["body"]
        return json.loads(body) if isinstance(body, str) else body

    def test_a_new_event(self):
        mark = self.mailbox.mark()
        self.write("new.json", {"Subject": "New", "Start": "2026-12-01T10:00:00", "End": "2026-12-01T11:00:00"})
        body = self.sent("CalendarPostItem", mark)
        self.assertEqual((body["StartTimeZone"], body["EndTimeZone"]), (self.NAME, self.NAME))
        self.assertEqual(body["Start"][:19], "2026-12-01T10:00:00")
        self.shows("new.json", Start=self.utc("2026-12-01T10:00:00"), StartTimeZone="UTC")

    def test_a_zone_that_is_said_counts(self):
        mark = self.mailbox.mark()
        self.write("said.json", {"Subject": "Said", "Start": "2026-12-01T10:00:00", "StartTimeZone": "Tokyo Standard Time",
                                 "End": "2026-12-01T02:00:00Z"})
        body = self.sent("CalendarPostItem", mark)
        self.assertEqual((body["StartTimeZone"], body["EndTimeZone"]), ("Tokyo Standard Time", "UTC"))
        self.shows("said.json", Start="2026-12-01T01:00:00")

    def test_an_event_of_all_day_has_dates(self):
        self.write("day.json", {"Subject": "Day", "IsAllDay": True, "Start": "2026-12-01T00:00:00", "End": "2026-12-02T00:00:00"})
        self.shows("day.json", Start="2026-12-01T00:00:00")

    def test_a_changed_time(self):
        self.write("change.json", {"Subject": "Change", "Start": "2026-12-01T10:00:00Z", "End": "2026-12-01T20:00:00Z"})
        event = self.shows("change.json", StartTimeZone="UTC")
        event["Start"] = "2026-12-01T12:00:00"
        self.write("change.json", event)
        shown = self.shows("change.json", Start=self.utc("2026-12-01T12:00:00"), End="2026-12-01T20:00:00")
        shown["Subject"] = "Other"
        self.write("change.json", shown)
        self.assertEqual(self.mailbox.json("calendars/Calendar/change.json")["Start"], shown["Start"])


class EastOfUtc(Zones):
    ZONE, NAME, OFFSET = "Asia/Kolkata", "India Standard Time", 5.5


class Graph(InZone, GraphTest):
    def test_a_new_event(self):
        """Nothing of Graph's own says UTC for a time without a zone: that would be another hour than the one that was meant."""
        path = "calendars/Calendar/new.json"
        self.write({"subject": "New", "start": {"dateTime": "2026-12-01T10:00:00"}, "end": {"dateTime": "2026-12-01T11:00:00"}}, path)
        self.mailbox.sync()
        event = self.ask("/me/events/" + self.mailbox.xattr("id", path))
        self.assertEqual((event["start"]["dateTime"][:16], event["start"]["timeZone"]), ("2026-12-01T15:00", "UTC"))
        self.assertEqual(event["originalStartTimeZone"], self.NAME)


if __name__ == "__main__":
    main()
