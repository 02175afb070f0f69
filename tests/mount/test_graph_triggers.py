"""Triggers over Graph: the definitions and streams of the connector's triggers, over lists of changes."""
import json
import os
from datetime import datetime, timedelta, timezone

from harness import main, wait_for
from graph_mount import GraphTest

LIMIT = 30      # s: some polls, on a busy machine


class TriggerTest(GraphTest):
    OPTIONS = "writeback_delay=0,list_ttl=3600,poll_min=1,poll_max=1"
    SEED = "contacts=0,events=2,messages=30"

    def subjects(self, name):
        with open(self.mailbox.path("triggers", name + ".jsonl"), encoding="utf-8") as file:
            return [json.loads(line)["subject"] for line in file]

    def brings(self, name, *subjects):
        wait_for(lambda: len(self.subjects(name)) >= len(subjects), lambda: "%s; there are %s" % (subjects, self.subjects(name)), LIMIT)
        self.assertEqual(self.subjects(name), list(subjects))

    def tearDown(self):
        for name in os.listdir(self.mailbox.path("triggers")):
            os.unlink(self.mailbox.path("triggers", name))


class Mail(TriggerTest):
    def define(self, name, **members):
        """Returns when the baseline is set."""
        self.write({"Trigger": "OnNewEmail", "folderPath": "Inbox", **members}, "triggers", name + ".json")
        wait_for(lambda: self.mailbox.xattr("state", "triggers", name + ".json") == "active", "the baseline is set", LIMIT)

    def polled(self):
        """Every trigger has been asked about since; the requests."""
        mark = self.mailbox.mark()
        wait_for(lambda: len(self.mailbox.requests("MessagesDelta", since=mark)) >= 2 * len([n for n in os.listdir(self.mailbox.path("triggers"))
                                                                                         if n.endswith(".json")]), "two polls", LIMIT)
        return self.mailbox.requests(since=mark)

    def mail(self, subject, folder="inbox", **members):
        return self.mailbox.create("message", {"subject": subject, **members}, folder)

    def test_received_and_moved_in(self):
        old = self.mail("moved", "archive", receivedDateTime="2020-01-01T10:00:00Z")
        self.define("all")
        self.define("boss", **{"from": "boss@contoso.com", "subjectFilter": "mov"})
        received = self.mail("received")
        self.brings("all", "received")
        self.mailbox.edit("message", old["id"], move="inbox")
        self.brings("all", "received", "moved")
        path = "mail/Inbox/%s.json" % old["id"]
        with open(self.mailbox.path("triggers/all.jsonl"), encoding="utf-8") as file:
            self.assertEqual([json.loads(line)["_path"] for line in file], ["mail/Inbox/%s.json" % received["id"], path])
        self.assertEqual(self.mailbox.json(path)["subject"], "moved")
        self.assertEqual(self.subjects("boss"), [])
        # No news: what is read, gets a category, goes, or comes back.
        self.mailbox.edit("message", received["id"], set={"isRead": True, "categories": ["Red"]})
        self.mailbox.edit("message", old["id"], move="archive")
        requests = self.polled()
        self.assertEqual({request["operation"] for request in requests}, {"MessagesDelta"})
        self.assertTrue(all("deltatoken" in request["query"] for request in requests))
        self.mailbox.edit("message", old["id"], move="inbox")
        self.mail("boss moves", **{"from": {"emailAddress": {"address": "boss@contoso.com"}}})
        self.brings("boss", "boss moves")
        self.brings("all", "received", "moved", "boss moves")

    def test_a_forgotten_cursor(self):
        """What was there when the trigger began is not new, what came meanwhile is; and each comes once."""
        self.define("forgetful")
        self.mail("before")
        self.brings("forgetful", "before")
        generation = self.mailbox.sandbox.control("GET", "/option?service=graph")["generation"]
        self.mailbox.fault(operation="MessagesDelta", status=503, count=1)
        self.mail("meanwhile")
        self.mailbox.sandbox.control("POST", "/option", {"service": "graph", "generation": generation + 1})
        self.brings("forgetful", "before", "meanwhile")
        self.mail("after")
        self.brings("forgetful", "before", "meanwhile", "after")

    def test_over_a_kill(self):
        self.define("killed")
        self.mail("one")
        self.brings("killed", "one")
        self.mailbox.kill9()
        self.mail("two")
        self.mailbox.mount()
        self.brings("killed", "one", "two")


class Events(TriggerTest):
    def event(self, subject, minutes):
        def at(minutes):
            moment = datetime.now(timezone.utc) + timedelta(minutes=minutes)
            return {"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}

        return self.mailbox.create("event", {"subject": subject, "start": at(minutes), "end": at(minutes + 30)}, "Calendar")

    def test_new_changed_and_upcoming_events(self):
        old = self.event("old", 3000)
        for name, trigger, more in (("made", "CalendarGetOnNewItems", {}), ("changed", "CalendarGetOnUpdatedItems", {}),
                                    ("soon", "OnUpcomingEvents", {"lookAheadTimeInMinutes": 60})):
            self.write({"Trigger": trigger, "table": "Calendar", **more}, "triggers", name + ".json")
        wait_for(lambda: all(self.mailbox.xattr("state", "triggers", name + ".json") == "active" for name in ("made", "changed", "soon")),
                 "the baselines are set", LIMIT)
        self.mailbox.edit("event", old["id"], set={"subject": "old, changed"})
        self.event("late", 2000)
        self.event("early", 20)
        self.brings("made", "late", "early")
        wait_for(lambda: set(self.subjects("changed")) >= {"old, changed"}, "the change", LIMIT)
        wait_for(lambda: "early" in self.subjects("soon"), "what begins soon", LIMIT)
        self.assertEqual(self.subjects("changed").count("old, changed"), 1)
        self.assertNotIn("late", self.subjects("soon"))
        self.assertNotIn("old, changed", self.subjects("made"))


if __name__ == "__main__":
    main()
