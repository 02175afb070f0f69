"""The polling triggers: baselines, cursors, batches, selection, the clock."""
import base64
import datetime
import json
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox import Sandbox, SandboxTest, encode_twice, mail_path, main, query

OWNER = "robin.berger@contoso.com"
MANAGED = re.compile(r"https://logic-apis-[a-z]+\.azure-apim\.net/apim/office365/[0-9a-f]{32}(/.*)")
CALENDAR = "/datasets/calendars/tables/" + encode_twice("Calendar")


class Base(SandboxTest):
    OPTIONS = ("--seed", "contacts=0,events=3,messages=3", "--retry-after", "7")

    def poll(self, path):
        """(answer, the path of the next call)"""
        answer = self.sb.get(path)
        self.assertIn(answer.status, (200, 202), answer.body)
        if answer.status == 202:
            self.assertEqual(answer.body, b"")
        self.assertEqual(answer.headers["Retry-After"], "7")
        return answer, MANAGED.fullmatch(answer.headers["Location"]).group(1)

    def baseline(self, path):
        answer, next_path = self.poll(path)
        self.assertStatus(answer, 202)
        return next_path

    def drain(self, path, name="Subject"):
        """(the names of what is new, in batches; the path of the next call)"""
        batches = []
        while True:
            answer, path = self.poll(path)
            if answer.status == 202:
                return batches, path
            batches.append([m[name] for m in answer.json()["value"]])

    def now(self):
        return self.sb.control("GET", "/clock")["now"]

    def advance(self, seconds):
        return self.sb.control("POST", "/clock", {"advanceSeconds": seconds})["now"]


class NewEmail(Base):
    def mail(self, subject, folder=None, **members):
        return self.sb.create("message", dict(members, Subject=subject), folder)

    def path(self, **parameters):
        return "/Mail/OnNewEmail" + ("?" + query(**parameters) if parameters else "")

    def cursor(self, path):
        return json.loads(base64.b64decode(dict(parse_qsl(urlsplit(path).query))["LastPollInformation"]))

    def test_nothing_older_than_the_first_call(self):
        self.mail("before")
        path = self.baseline(self.path())
        self.assertEqual(self.drain(path)[0], [])
        self.mail("after")
        self.assertEqual(self.drain(path)[0], [["after"]])

    def test_an_empty_folder(self):
        path = self.baseline(self.path(folderPath="Drafts"))
        self.mail("the first draft", "Drafts")
        self.assertEqual(self.drain(path)[0], [["the first draft"]])

    def test_the_cursor(self):
        last = self.mail("last")
        path = self.baseline(self.path(folderPath="Inbox", importance="Any"))
        match = re.fullmatch(r"/Mail/OnNewEmail\?folderPath=Inbox&importance=Any&LastPollInformation=([^&]*)", path)
        self.assertTrue(match, path)
        self.assertRegex(match.group(1), "^([A-Za-z0-9]|%2b|%2f|%3d)*$")
        cursor = self.cursor(path)
        self.assertEqual(list(cursor), ["LastReceivedMailTime", "LastCreatedMailTime", "LastMessageId",
                                        "LastInternetMessageId"])
        self.assertEqual((cursor["LastMessageId"], cursor["LastInternetMessageId"], cursor["LastCreatedMailTime"]),
                         (last["Id"], last["InternetMessageId"], last["DateTimeReceived"]))

    def test_the_shape(self):
        path = self.baseline(self.path())
        made = self.mail("shape", Importance=2, Attachments=[{"Name": "a.txt", "ContentBytes": "aGVsbG8="}])
        answer, _ = self.poll(path)
        self.assertEqual(list(answer.json()), ["value"])
        found, = answer.json()["value"]
        self.assertEqual(found, self.sb.get(mail_path(made["Id"])).json())
        self.assertEqual(found["Importance"], 2)
        self.assertNotIn("ContentBytes", found["Attachments"][0])
        answer, _ = self.poll(path + "&includeAttachments=true")
        self.assertEqual(answer.json()["value"][0]["Attachments"][0]["ContentBytes"], "aGVsbG8=")

    def test_the_same_cursor_gives_the_same_answer(self):
        path = self.baseline(self.path())
        for n in range(12):
            self.mail("again %d" % n)
        first, second_path = self.poll(path)
        for _ in range(2):
            again, again_path = self.poll(path)
            self.assertEqual((again.body, again_path), (first.body, second_path))
        second, end = self.poll(second_path)
        self.assertEqual(len(second.json()["value"]), 2)
        self.assertEqual(self.poll(second_path)[0].body, second.body)
        self.assertEqual(self.poll(end)[1], end)

    def test_batches_in_order_of_arrival(self):
        path = self.baseline(self.path())
        names = ["batch %d" % n for n in range(23)]
        for name in names:
            self.mail(name)
        batches, _ = self.drain(path)
        self.assertEqual([len(b) for b in batches], [10, 10, 3])
        self.assertEqual(sum(batches, []), names)

    def test_moved_mail_did_not_arrive(self):
        inbox = self.baseline(self.path())
        archive = self.baseline(self.path(folderPath="Archive"))
        moved = self.mail("moved")
        self.sb.edit("message", moved["Id"], move="Archive")
        self.assertEqual((self.drain(inbox)[0], self.drain(archive)[0]), ([], []))
        back = next(m for m in self.sb.records("message", "Archive") if m["Subject"] == "moved")
        self.sb.edit("message", back["Id"], move="Inbox")
        self.assertEqual(self.drain(inbox)[0], [])
        deleted = self.mail("deleted")
        trash = self.baseline(self.path(folderPath="DeletedItems"))
        self.sb.delete(mail_path(deleted["Id"]))
        self.assertEqual(self.drain(trash)[0], [])

    def test_the_last_mail_may_go(self):
        last = self.mail("goes")
        path = self.baseline(self.path())
        self.sb.edit("message", last["Id"], delete=True)
        self.mail("comes")
        batches, path = self.drain(path)
        self.assertEqual(batches, [["comes"]])
        for m in self.sb.records("message", "Inbox"):
            self.sb.edit("message", m["Id"], delete=True)
        self.assertEqual(self.drain(path)[0], [])
        self.mail("comes too")
        self.assertEqual(self.drain(path)[0], [["comes too"]])

    def test_dates(self):
        path = self.baseline(self.path())
        self.mail("imported", DateTimeReceived="2020-01-01T00:00:00Z")
        self.mail("ahead", DateTimeReceived="2099-01-01T00:00:00Z")
        batches, path = self.drain(path)
        self.assertEqual(batches, [["ahead"]])
        self.mail("today")
        self.assertEqual(self.drain(path)[0], [["today"]])

    def test_selection(self):
        mails = {
            "plain": {},
            "high": {"Importance": 2},
            "low": {"Importance": "Low"},
            "ann": {"From": "Ann@fabrikam.com"},
            "to bob": {"To": "x@fabrikam.com;bob@fabrikam.com"},
            "cc bob": {"Cc": "bob@fabrikam.com"},
            "file": {"Attachments": [{"Name": "a", "ContentBytes": "YQ=="}]},
            "Big News": {},
        }
        cases = (
            ({}, list(mails)),
            ({"importance": "Any"}, list(mails)),
            ({"importance": "High"}, ["high"]),
            ({"importance": "Low"}, ["low"]),
            ({"importance": "Normal"}, ["plain", "ann", "to bob", "cc bob", "file", "Big News"]),
            ({"from": "nobody@fabrikam.com; ann@FABRIKAM.com"}, ["ann"]),
            ({"to": "bob@fabrikam.com"}, ["to bob"]),
            ({"cc": "bob@fabrikam.com"}, ["cc bob"]),
            ({"toOrCc": "bob@fabrikam.com"}, ["to bob", "cc bob"]),
            ({"to": "bob@fabrikam.com", "cc": "bob@fabrikam.com"}, []),
            ({"fetchOnlyWithAttachment": "True"}, ["file"]),
            ({"fetchOnlyWithAttachment": "false"}, list(mails)),
            ({"subjectFilter": "big n"}, ["Big News"]),
            ({"subjectFilter": ""}, list(mails)),
        )
        paths = [self.baseline(self.path(**parameters)) for parameters, _ in cases]
        for subject, members in mails.items():
            self.mail(subject, **members)
        for path, (parameters, expected) in zip(paths, cases):
            with self.subTest(parameters):
                batches, end = self.drain(path)
                self.assertEqual(sum(batches, []), expected)
                # Mails that were not wanted are behind the cursor as well.
                self.assertEqual(self.cursor(end)["LastMessageId"],
                                 next(m["Id"] for m in self.sb.records("message", "Inbox")
                                      if m["Subject"] == "Big News"))
        for m in self.sb.records("message", "Inbox"):
            self.sb.edit("message", m["Id"], delete=True)

    def test_refusals(self):
        for bad in ({"importance": "urgent"}, {"importance": "high"}, {"fetchOnlyWithAttachment": "1"},
                    {"includeAttachments": "maybe"}, {"LastPollInformation": "%%%"}, {"LastPollInformation": "e30="},
                    {"LastPollInformation": base64.b64encode(b"[]").decode()},
                    {"LastPollInformation": base64.b64encode(
                        b'{"LastReceivedMailTime":"x","LastCreatedMailTime":"x"}').decode()}):
            with self.subTest(bad):
                answer = self.sb.get(self.path(**bad))
                self.assertStatus(answer, 400)
                self.assertIsNone(answer.headers["Location"])
        self.assertStatus(self.sb.get(self.path(folderPath="Nowhere")), 404)

    def test_a_cursor_that_was_not_encoded(self):
        for n in range(3):  # one of three alignments puts a '+' there, which unencoded is a blank
            self.mail("n%d" % n, InternetMessageId="<%s>" % (n * "a" + 4 * "~?>"))
            path = self.baseline(self.path())
            if "%2b" in path:
                break
        self.assertIn("%2b", path)
        self.assertStatus(self.sb.get(path), 202)
        self.assertStatus(self.sb.get(unquote(path)), 400)

    def test_simulation(self):
        self.mail("newest")
        answer = self.sb.get(self.path(), headers={"x-ms-operation-context": "simulate"})
        self.assertStatus(answer, 200)
        self.assertEqual(len(answer.json()["value"]), 1)
        self.assertIsNone(answer.headers["Location"])


class Answers(Base):
    FITTING = False    # bare arrays

    def tearDown(self):
        self.sb.control("POST", "/option", {"bareArrays": False, "emptyLists": False})

    def test_bare_arrays(self):
        path = self.baseline("/Mail/OnNewEmail")
        self.assertEqual(self.sb.control("POST", "/option", {"bareArrays": True}),
                         {"bareArrays": True, "emptyLists": False, "retryAfter": 7})
        self.assertStatus(self.poll(path)[0], 202)
        self.sb.create("message", {"Subject": "bare"})
        self.assertEqual([m["Subject"] for m in self.poll(path)[0].json()], ["bare"])

    def test_empty_lists(self):
        self.sb.control("POST", "/option", {"emptyLists": True})
        path = self.baseline("/Mail/OnNewEmail")
        answer, _ = self.poll(path)
        self.assertStatus(answer, 200)
        self.assertEqual(answer.json(), {"value": []})

    def test_waiting_time(self):
        with Sandbox(self.build_dir, "--seed", "messages=1") as sb:
            self.assertEqual(sb.get("/Mail/OnNewEmail").headers["Retry-After"], "15")

    def test_the_clock(self):
        before = self.now()
        self.assertGreater(self.advance(3600)[:19], before[:19])
        made = self.sb.create("message", {"Subject": "in an hour"})
        self.assertGreater(made["DateTimeReceived"][:19], before[:19])
        for bad in ({}, {"advanceSeconds": -1}, {"advanceSeconds": "1"}, {"advanceSeconds": 1.5}):
            with self.assertRaises(RuntimeError):
                self.sb.control("POST", "/clock", bad)


class Items(Base):
    VIOLATIONS = ("no such operation",)

    def event(self, subject, **members):
        body = {"Subject": subject, "Start": "2030-01-01T10:00:00Z", "End": "2030-01-01T11:00:00Z"}
        body.update(members)
        return self.sb.create("event", body, "Calendar")

    def test_new_ones(self):
        self.event("old")
        path = self.baseline(CALENDAR + "/onnewitems")
        self.assertRegex(path, r"\?triggerstate=\d{4}-\d\d-\d\dT\d\d%3a\d\d%3a\d\d(\.\d+)?Z$")
        self.assertTrue(path.startswith(CALENDAR))
        made = self.event("new")
        self.sb.edit("event", made["Id"], set={"Importance": "High"})
        answer, end = self.poll(path)
        self.assertEqual([e["Subject"] for e in answer.json()["value"]], ["new"])
        self.assertEqual(answer.json()["value"][0]["Importance"], "High")
        self.assertEqual(self.poll(path)[0].body, answer.body)
        self.sb.edit("event", made["Id"], set={"Importance": "Low"})
        self.assertEqual(self.drain(end)[0], [])

    def test_changed_ones(self):
        old = self.event("changes")
        gone = self.event("goes")
        path = self.baseline(CALENDAR + "/onupdateditems")
        self.sb.edit("event", old["Id"], set={"Importance": "High"})
        self.sb.edit("event", gone["Id"], delete=True)
        self.event("made")
        batches, path = self.drain(path)
        self.assertEqual(batches, [["changes", "made"]])
        changed = self.sb.edit("event", old["Id"], set={"Importance": "Low"})
        answer, path = self.poll(path)
        self.assertEqual(answer.json()["value"], [changed])
        self.assertEqual(self.drain(path)[0], [])

    def test_batches(self):
        for name in ("onnewitems", "onupdateditems"):
            path = self.baseline(CALENDAR + "/" + name)
            names = ["%s %02d" % (name, n) for n in range(21)]
            for subject in names:
                self.event(subject)
            batches, _ = self.drain(path)
            self.assertEqual([len(b) for b in batches], [10, 10, 1])
            self.assertEqual(sum(batches, []), names)

    def test_query(self):
        cases = (
            ({"_filter": "startswith(Subject,'b')"}, [["b2", "b1"]]),
            ({"_orderby": "Subject desc"}, [["c", "b2", "b1", "a"]]),
            ({"_top": 3}, [["c", "a", "b2"], ["b1"]]),
            ({"_top": 3, "_orderby": "Subject"}, [["a", "b2", "c"], ["b1"]]),
            ({"_skip": 1}, [["a", "b2", "b1"]]),
            ({"_top": 0}, []),
            ({"_filter": "Subject eq 'nothing'"}, []),
            ({"_filter": "Subject ne 'b1'", "_top": 1}, [["c"], ["a"], ["b2"]]),
        )
        paths = [self.baseline(CALENDAR + "/onnewitems?" + query(**parameters)) for parameters, _ in cases]
        for subject in ("c", "a", "b2", "b1"):
            self.event(subject)
        for path, (parameters, expected) in zip(paths, cases):
            with self.subTest(parameters):
                self.assertEqual(self.drain(path)[0], expected)

    def test_refusals(self):
        for name in ("onnewitems", "onupdateditems"):
            for bad in ("$top=x", "$filter=Nonsense", "$orderby=Nonsense", "triggerstate=yesterday"):
                self.assertStatus(self.sb.get(CALENDAR + "/%s?%s" % (name, bad)), 400)
            self.assertStatus(self.sb.get("/datasets/calendars/tables/Nowhere/" + name), 404)
            self.assertStatus(self.sb.get("/datasets/contacts/tables/Contacts/" + name), 404)

    def test_other_calendars_are_others(self):
        tables = self.sb.get("/datasets/calendars/tables").json()["value"]
        other = next(t["Name"] for t in tables if t["DisplayName"] != "Calendar")
        path = self.baseline("/datasets/calendars/tables/%s/onnewitems" % encode_twice(other))
        self.event("elsewhere")
        self.assertEqual(self.drain(path)[0], [])

    def test_simulation(self):
        self.event("newest")
        answer = self.sb.get(CALENDAR + "/onnewitems", headers={"x-ms-operation-context": "simulate"})
        self.assertEqual([e["Subject"] for e in answer.json()["value"]], ["newest"])


class Upcoming(Base):
    def path(self, **parameters):
        return "/Events/OnUpcomingEvents?" + query(table="Calendar", **parameters)

    def event(self, subject, minutes):
        """An event that starts so many minutes from now, by the service's clock."""
        now = datetime.datetime.fromisoformat(self.now()[:19])
        start, end = (now + datetime.timedelta(minutes=n) for n in (minutes, minutes + 30))
        return self.sb.create("event", {"Subject": subject, "Start": start.isoformat() + "Z",
                                        "End": end.isoformat() + "Z"}, "Calendar")

    def setUp(self):
        for event in self.sb.records("event", "Calendar"):
            self.sb.edit("event", event["Id"], delete=True)

    def test_each_once(self):
        self.event("started", -5)
        self.event("soon", 10)
        self.event("later", 40)
        path = self.baseline(self.path())
        self.assertIn("table=Calendar&triggerstate=", path)
        answer, end = self.poll(path)
        self.assertEqual([e["Subject"] for e in answer.json()["value"]], ["soon"])
        self.assertEqual([e["Subject"] for e in self.poll(path)[0].json()["value"]], ["soon"])
        self.assertEqual(self.drain(end)[0], [])
        self.advance(30 * 60)
        batches, end = self.drain(end)
        self.assertEqual(batches, [["later"]])
        self.advance(3600)
        self.assertEqual(self.drain(end)[0], [])

    def test_made_within_the_window(self):
        path = self.baseline(self.path())
        self.event("at short notice", 5)
        self.event("not yet", 20)
        batches, path = self.drain(path)
        self.assertEqual(batches, [["at short notice"]])

    def test_moved_into_the_window(self):
        event = self.event("moved", 600)
        near = self.event("near", 5)
        path = self.baseline(self.path())
        batches, path = self.drain(path)
        self.assertEqual(batches, [["near"]])
        self.sb.edit("event", event["Id"], set={"Start": near["Start"], "End": near["End"]})
        self.assertEqual(self.drain(path)[0], [["moved"]])

    def test_nobody_asked_for_a_while(self):
        self.event("missed", 30)
        path = self.baseline(self.path())
        self.advance(3600)
        self.assertEqual(self.drain(path)[0], [["missed"]])

    def test_look_ahead(self):
        short, long = (self.baseline(self.path(lookAheadTimeInMinutes=n)) for n in (5, 120))
        self.event("in 10", 10)
        self.event("in 100", 100)
        self.event("in 130", 130)
        self.assertEqual(self.drain(short)[0], [])
        self.assertEqual(self.drain(long)[0], [["in 10", "in 100"]])

    def test_table_id_encoded_once(self):
        table = next(t["Name"] for t in self.sb.get("/datasets/calendars/tables").json()["value"]
                     if t["DisplayName"] == "Calendar")
        path = self.baseline("/Events/OnUpcomingEvents?" + query(table=table))
        self.event("by id", 5)
        self.assertEqual(self.drain(path)[0], [["by id"]])
        self.assertStatus(self.sb.get("/Events/OnUpcomingEvents?table=" + encode_twice(table)), 404)

    def test_refusals(self):
        for bad in ("", "?table=", "?table=Calendar&lookAheadTimeInMinutes=x", "?table=Calendar&triggerstate=x",
                    "?table=Calendar&lookAheadTimeInMinutes=-1", "?table=Calendar&lookAheadTimeInMinutes=2147483647"):
            self.assertStatus(self.sb.get("/Events/OnUpcomingEvents" + bad), 400)
        self.assertStatus(self.sb.get("/Events/OnUpcomingEvents?table=Nowhere"), 404)


if __name__ == "__main__":
    main()
