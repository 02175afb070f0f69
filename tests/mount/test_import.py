#!/usr/bin/env python3
"""outlookfs import and template: files of other programs become records, and say what they could not become."""
import json
import os
import re
import subprocess

from graph_mount import GraphTest
from harness import MountTest, main

MANAGED = {"Id", "ChangeKey", "ParentFolderId", "DateTimeCreated", "DateTimeLastModified", "CreatedDateTime", "LastModifiedDateTime",
           "WebLink", "ICalUId", "ItemInternalId", "id", "changeKey", "createdDateTime", "lastModifiedDateTime", "webLink", "iCalUId",
           "parentFolderId", "transactionId", "@odata.etag", "@odata.context"}

CARDS_30 = """\
BEGIN:VCARD
VERSION:3.0
N:Nguyễn;Thị Minh;Khai\\, Anh,Lan;Dr.;Jr.
FN:Dr. Minh Nguyễn
ORG:Contoso\\, Ltd.;Research;Group 2
TITLE:Head of\\nResearch
item1.TEL;type=WORK;type=VOICE;type=pref:+1 555 0100
TEL;TYPE=HOME:+1 555 0101
TEL;CELL:+1 555 0102
TEL;TYPE=cell:+1 555 0103
TEL;TYPE=WORK,FAX:+1 555 0104
EMAIL;TYPE=INTERNET:second@contoso.example
EMAIL;TYPE=INTERNET,PREF:first@contoso.example
ADR;TYPE=WORK:PO 7;Room 3;1 Main\\nStreet;Redmond;WA;98052;USA
BDAY:1980-05-06
NOTE:a long note that is fol
 ded\\, with a comma
CATEGORIES:Friends,Red\\, really
PHOTO;ENCODING=b;TYPE=JPEG:AAAA
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Fabrikam
N:;;;;
ORG:Fabrikam
END:VCARD
BEGIN:VCARD
VERSION:5.0
FN:New
END:VCARD
"""

CARDS_21 = """\
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2;=D0=98=D0=B2=
=D0=B0=D0=BD;;;
FN;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Zo=EB=2C Jr.
ORG;ENCODING=QUOTED-PRINTABLE:Contoso=3B Inc;Sales
TEL;CELL;VOICE:+7 900 1
TEL;WORK;PREF:+7 900 2
EMAIL;INTERNET;PREF:a@contoso.example
ADR;WORK;ENCODING=QUOTED-PRINTABLE:;;Main=0D=0AStreet, 5;Omsk;;644000;Russia
NOTE:C:\\new, and a path that is
 folded at a blank
LABEL;WORK;ENCODING=QUOTED-PRINTABLE:x=
=0D=0Ay
PHOTO;JPEG;BASE64:
 AAAA
 BBBB

AGENT:
BEGIN:VCARD
VERSION:2.1
FN:Someone else
END:VCARD
BDAY:19800506
END:VCARD
"""

CARDS_40 = """\
\ufeffBEGIN:VCARD
VERSION:4.0
KIND:individual
FN:Zoë 山田
N:山田;Zoë;;;
NICKNAME:Z
EMAIL;PREF=2:b@contoso.example
EMAIL;PREF=1:a@contoso.example
TEL;VALUE=uri;TYPE="voice,home":tel:+81-3-0000-0000
IMPP:xmpp:zoe@contoso.example
BDAY:--0506
URL:https://contoso.example/a
RELATED;TYPE=agent;VALUE=text:Sam
X-PHONETIC-LAST-NAME:やまだ
GEO:geo:1,2
END:VCARD
"""

CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20260706T100000
DURATION:PT1H30M
SUMMARY:Summer\\, at ten
LOCATION:Room 1
CATEGORIES:One,Two\\, three
PRIORITY:1
TRANSP:TRANSPARENT
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT10M
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260801
SUMMARY:Day off
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART;TZID=Europe/Berlin:20260105T080000
DTEND;TZID=Europe/Berlin:20260105T090000
RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;UNTIL=20260601T220000Z
EXDATE;TZID=Europe/Berlin:20260202T080000
SUMMARY:First Monday
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTART:20260105T080000Z
RRULE:FREQ=HOURLY;COUNT=3
SUMMARY:Hourly
END:VEVENT
BEGIN:VEVENT
UID:3
RECURRENCE-ID:20260302T070000Z
DTSTART:20260302T100000Z
SUMMARY:Moved Monday
END:VEVENT
BEGIN:VTODO
UID:5
SUMMARY:Buy milk
END:VTODO
END:VCALENDAR
"""

INVITATION = """\
BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
UID:9
DTSTART:20260105T080000Z
DTEND:20260105T090000Z
SUMMARY:Somebody else's
ORGANIZER:mailto:boss@fabrikam.example
ATTENDEE;RSVP=TRUE:mailto:pat@contoso.example
END:VEVENT
END:VCALENDAR
"""


def said(value):
    """Without what says nothing: the service fills it in its own way."""
    if isinstance(value, dict):
        value = {name: said(member) for name, member in value.items() if name not in MANAGED}
        return {name: member for name, member in value.items() if member not in (None, "", [], {})}
    return [said(element) for element in value] if isinstance(value, list) else value


class Importing:
    """For both services."""

    def put(self, path, text):
        with open(self.mailbox.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def file(self, name, text):
        path = os.path.join(self.mailbox.dir, name)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return path

    def take(self, *arguments, check=True):
        """Its output, and the new records by the name of their file."""
        directory = arguments[-1]
        before = set(os.listdir(self.mailbox.path(directory)))
        done = self.mailbox.run([self.mailbox.program, "import", *arguments[:-1], self.mailbox.path(directory)], check=check)
        self.mailbox.sync()
        names = sorted(set(os.listdir(self.mailbox.path(directory))) - before)
        return done, {name: self.on_the_service(directory, self.mailbox.xattr("id", directory, name)) for name in names}

    def assert_the_same_again(self, kind, folder, extension):
        directory = self.mailbox.path("export", kind, folder)
        for name in sorted(os.listdir(directory)):
            with self.subTest(name):
                old = self.mailbox.json(kind, folder, name[:-len(extension)] + ".json")
                copy = os.path.join(self.mailbox.dir, "copy" + extension)
                with open(os.path.join(directory, name), "rb") as source, open(copy, "wb") as file:
                    file.write(source.read())
                _, new = self.take(copy, os.path.join(kind, folder))
                (new,) = new.values()
                self.assertEqual(said(new), said(old))


class Connector(Importing, MountTest):
    SEED = "contacts=12,events=12,messages=2"
    OPTIONS = "writeback_delay=1"

    def on_the_service(self, directory, id):
        return self.mailbox.record("contact" if directory.startswith("contacts") else "event", id)

    def test_an_exported_contact_is_the_same_again(self):
        self.assert_the_same_again("contacts", "Contacts", ".vcf")

    def test_an_exported_event_is_the_same_again(self):
        self.assert_the_same_again("calendars", "Calendar", ".ics")

    def test_vcards_of_version_3(self):
        done, made = self.take(self.file("a.vcf", CARDS_30.replace("\n", "\r\n")), "contacts/Contacts")
        self.assertEqual(sorted(made), ["Dr. Minh Nguyễn.json", "Fabrikam.json"])
        one = made["Dr. Minh Nguyễn.json"]
        for member, value in {"GivenName": "Thị Minh", "Surname": "Nguyễn", "MiddleName": "Khai, Anh Lan", "Title": "Dr.",
                              "Generation": "Jr.", "DisplayName": "Dr. Minh Nguyễn", "CompanyName": "Contoso, Ltd.",
                              "Department": "Research, Group 2", "JobTitle": "Head of\nResearch", "BusinessPhones": ["+1 555 0100"],
                              "HomePhones": ["+1 555 0101"], "MobilePhone1": "+1 555 0102", "OfficeLocation": "Room 3",
                              "Categories": ["Friends", "Red, really"]}.items():
            self.assertEqual(one[member], value, member)
        self.assertEqual([a["Address"] for a in one["EmailAddresses"]], ["first@contoso.example", "second@contoso.example"])
        self.assertEqual(one["BusinessAddress"]["Street"], "1 Main\r\nStreet")
        self.assertEqual(one["Birthday"][:10], "1980-05-06")
        self.assertEqual(made["Fabrikam.json"]["GivenName"], "Fabrikam")
        for left in ("TEL:+1 555 0103", "TEL:+1 555 0104", "PHOTO", "post office box:PO 7", "PersonalNotes:a long note that is folded, with",
                     "New: only versions 2.1, 3.0 and 4.0"):
            self.assertIn(left, done.stdout)
        self.assertNotIn("AGENT", done.stdout)

    def test_vcards_of_version_2_1(self):
        done, made = self.take(self.file("old.vcf", CARDS_21.replace("\n", "\r\n")), "contacts/Contacts")
        (one,) = made.values()
        for member, value in {"GivenName": "Иван", "Surname": "Иванов", "DisplayName": "Zoë, Jr.", "CompanyName": "Contoso; Inc",
                              "Department": "Sales", "MobilePhone1": "+7 900 1", "BusinessPhones": ["+7 900 2"],
                              "PersonalNotes": "C:\\new, and a path that is folded at a blank"}.items():
            if member == "PersonalNotes":       # the service has none
                self.assertIn("%s:%s" % (member, value), done.stdout)
            else:
                self.assertEqual(one[member], value, member)
        self.assertEqual([a["Address"] for a in one["EmailAddresses"]], ["a@contoso.example"])
        self.assertEqual(one["BusinessAddress"], {**one["BusinessAddress"], "Street": "Main\r\nStreet, 5", "City": "Omsk"})
        self.assertEqual(one["Birthday"][:10], "1980-05-06")
        for left in ("PHOTO\n", "LABEL:", "AGENT (a card in the card)"):
            self.assertIn(left, done.stdout)

    def test_vcards_of_version_4(self):
        done, made = self.take(self.file("b.vcf", CARDS_40), "contacts/Contacts")
        (one,) = made.values()
        for member, value in {"GivenName": "Zoë", "Surname": "山田", "NickName": "Z", "HomePhones": ["+81-3-0000-0000"],
                              "ImAddresses": ["xmpp:zoe@contoso.example"], "BusinessHomePage": "https://contoso.example/a",
                              "AssistantName": "Sam", "YomiSurname": "やまだ"}.items():
            self.assertEqual(one[member], value, member)
        self.assertEqual([a["Address"] for a in one["EmailAddresses"]], ["a@contoso.example", "b@contoso.example"])
        self.assertEqual(one["Birthday"][:10], "1604-05-06")
        self.assertNotIn("AGENT", done.stdout)
        self.assertIn("GEO:geo:1,2", done.stdout)

    def test_a_calendar(self):
        done, made = self.take(self.file("c.ics", CALENDAR.replace("\n", "\r\n")), "calendars/Calendar")
        self.assertEqual(sorted(made), ["Day off.json", "First Monday.json", "Hourly.json", "Summer, at ten.json"])
        one = made["Summer, at ten.json"]
        self.assertEqual((one["Subject"], one["Start"][:16], one["End"][:16]), ("Summer, at ten", "2026-07-06T08:00", "2026-07-06T09:30"))
        self.assertEqual((one["Location"]["DisplayName"], one["Categories"], one["Importance"], one["ShowAs"], one["Reminder"]),
                         ("Room 1", ["One", "Two, three"], "High", "Free", 10))
        one = made["Day off.json"]
        self.assertEqual((one["IsAllDay"], one["Start"][:16], one["End"][:16]), (True, "2026-08-01T00:00", "2026-08-02T00:00"))
        one = made["First Monday.json"]
        self.assertEqual({k: one["Recurrence"]["Pattern"][k] for k in ("Type", "DaysOfWeek", "Index", "Interval")},
                         {"Type": "RelativeMonthly", "DaysOfWeek": ["Monday"], "Index": "First", "Interval": 1})
        self.assertEqual(one["Recurrence"]["Range"]["EndDate"], "2026-06-01")  # UNTIL is midnight in Berlin, before the event of the day it begins
        self.assertIsNone(made["Hourly.json"]["Recurrence"])
        for left in ("EXDATE:", "RRULE:FREQ=HOURLY", "Moved Monday: a change of one event", "Buy milk: a VTODO is no event"):
            self.assertIn(left, done.stdout)

    def test_who_is_invited(self):
        """Not those whom somebody else has invited, nor where it is said so."""
        done, made = self.take(self.file("d.ics", INVITATION), "calendars/Calendar")
        self.assertEqual(next(iter(made.values()))["Attendees"], [])
        self.assertIn("ATTENDEE:mailto:pat@contoso.example", done.stdout)
        mine = INVITATION.replace("METHOD:REQUEST\n", "")
        done, made = self.take("--no-attendees", self.file("e.ics", mine), "calendars/Calendar")
        self.assertEqual(next(iter(made.values()))["Attendees"], [])
        done, made = self.take(self.file("f.ics", mine), "calendars/Calendar")
        self.assertEqual(next(iter(made.values()))["Attendees"][0]["EmailAddress"]["Address"], "pat@contoso.example")
        self.assertIn("1 person is invited", done.stdout)

    def test_what_is_refused(self):
        contacts = self.mailbox.path("contacts/Contacts")
        card, calendar = self.file("g.vcf", CARDS_40), self.file("h.ics", CALENDAR)
        for arguments, reason in (([card, self.mailbox.path("mail/Inbox")], "not a folder of contacts/ or calendars/"),
                                  ([card, self.mailbox.dir], "not an outlookfs mount"),
                                  ([calendar, contacts], "events cannot be imported into"),
                                  ([self.file("i.vcf", "hello\n"), contacts], "neither a vCard nor an iCalendar file"),
                                  ([self.file("j.vcf", "BEGIN:VCARD\nVERSION:4.0\nFN:Half"), contacts], None),
                                  ([os.path.join(self.mailbox.dir, "none.vcf"), contacts], "No such file")):
            with self.subTest(reason):
                done = self.mailbox.run([self.mailbox.program, "import", *arguments], check=False)
                self.assertEqual(done.returncode, 0 if reason is None else 1)
                self.assertIn(reason or "Half: END:VCARD is missing", done.stdout + done.stderr)

    def test_files_in_other_charsets(self):
        """What Windows programs write, and UTF-16 that says so."""
        card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zo\u00eb %s\r\nN:%s;Zo\u00eb\r\nEND:VCARD\r\n"
        for charset in ("cp1252", "utf-16", "utf-8-sig"):
            name = "M\u00fcller " + charset
            path = os.path.join(self.mailbox.dir, charset + ".vcf")
            with open(path, "wb") as file:
                file.write((card % (name, name)).encode(charset))
            self.mailbox.run([self.mailbox.program, "import", path, self.mailbox.path("contacts/Contacts")])
            self.assertEqual(self.mailbox.json("contacts/Contacts", "Zo\u00eb %s.json" % name)["Surname"], name)

    def test_files_that_lie_where_they_do_nothing(self):
        """They stay, and the log and status say what to do."""
        strays = {"contacts/Contacts/phone.vcf": "outlookfs import", "calendars/Calendar/team.ICS": "outlookfs import",
                  "outbox/send/letter.txt": "not sent", "outbox/reply/yes": "not sent", "outbox/reply/yes.eml": "not sent"}
        for path in list(strays) + ["contacts/Contacts/.hidden.vcf", "contacts/Contacts/notes.txt", "outbox/send/.letter.swp",
                                    "outbox/send/letter.txt~"]:
            self.put(path, "x")
        status = self.mailbox.status()
        self.assertEqual({s["path"] for s in status["strays"]}, set(strays))
        shown = self.mailbox.tell().stdout
        log = self.mailbox.read(".outlookfs/log")
        for path, advice in strays.items():
            for text in (shown, log):
                self.assertEqual(len(re.findall("%s: .*%s" % (path, advice), text)), 1)
            os.unlink(self.mailbox.path(path))
        self.assertEqual(self.mailbox.status()["strays"], [])

    def test_never_over_another(self):
        card = self.file("k.vcf", CARDS_40.replace("Zoë 山田", "Twice"))
        _, made = self.take(card, card, "contacts/Contacts")
        self.assertEqual(sorted(made), ["Twice 2.json", "Twice.json"])

    def template(self, *what):
        return json.loads(self.mailbox.run([self.mailbox.program, "template", "--service", "connector", *what]).stdout)

    def test_templates_can_be_saved_as_they_are(self):
        contact = {**self.template("contact"), "GivenName": "Tem"}
        event = self.template("event")
        self.put("contacts/Contacts/tem.json", json.dumps(contact))
        self.put("calendars/Calendar/tem.json", json.dumps(event))
        self.mailbox.sync()
        self.assertEqual(self.mailbox.record("contact", self.mailbox.xattr("id", "contacts/Contacts/tem.json"))["EmailAddresses"], [])
        saved = self.mailbox.record("event", self.mailbox.xattr("id", "calendars/Calendar/tem.json"))
        self.assertEqual((saved["Attendees"], saved["Recurrence"], saved["ShowAs"]), ([], None, "Busy"))

    def test_templates_of_what_is_sent(self):
        mail = {**self.template("mail"), "To": "pat@contoso.example", "Subject": "Template", "Body": "x"}
        mark = self.mailbox.mark()
        self.put("outbox/send/t.json", json.dumps(mail))
        self.mailbox.sync()
        (request,) = [r for r in self.mailbox.requests(since=mark) if r["method"] == "POST"]
        self.assertEqual(request["body"], {"To": "pat@contoso.example", "Subject": "Template", "Body": "x", "Importance": "Normal",
                                           "IsHtml": False, "Attachments": []})
        for what, members in (("reply", {"MessageId", "Path", "Comment", "ReplyAll"}), ("approval", {"To", "Subject", "Options", "Wait"}),
                              ("trigger", {"Trigger", "folderPath", "from"}), ("forward", {"To", "Comment"})):
            self.assertLessEqual(members, set(self.template(what)))
        self.assertEqual(self.template("approval")["Options"], "Approve, Reject")
        self.assertIn("table", self.template("trigger", "OnUpcomingEvents"))
        self.assertEqual(subprocess.run([self.mailbox.program, "template", "house"], capture_output=True).returncode, 2)


class Graph(Importing, GraphTest):
    def on_the_service(self, directory, id):
        return self.ask("/me/" + ("contacts/" if directory.startswith("contacts") else "events/") + id)

    def test_an_exported_contact_is_the_same_again(self):
        self.assert_the_same_again("contacts", "Contacts", ".vcf")

    def test_files_of_other_programs(self):
        _, made = self.take(self.file("a.vcf", CARDS_30), "contacts/Contacts")
        self.assertEqual(made["Dr. Minh Nguyễn.json"]["personalNotes"], "a long note that is folded, with a comma")
        _, made = self.take(self.file("c.ics", CALENDAR), "calendars/Calendar")
        one = made["Summer, at ten.json"]
        self.assertEqual((one["start"]["dateTime"][:16], one["showAs"], one["reminderMinutesBeforeStart"]), ("2026-07-06T08:00", "free", 10))
        self.assertEqual(made["First Monday.json"]["recurrence"]["pattern"]["index"], "first")

    def test_templates_can_be_saved_as_they_are(self):
        for kind, path in (("contact", "contacts/Contacts/tem.json"), ("event", "calendars/Calendar/tem.json")):
            text = self.mailbox.run([self.mailbox.program, "template", kind], cwd=self.mailbox.mountpoint).stdout
            self.put(path, text)
            self.mailbox.sync()
            self.assertTrue(self.mailbox.xattr("id", path))


if __name__ == "__main__":
    main()
