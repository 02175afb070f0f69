"""Programs that know nothing of us read export/: mutt, khard, khal, vdirsyncer, python3-vobject, python3-icalendar.

Each has a home of its own, so that nobody's configuration matters.
"""
import email
import email.policy
import os
import shutil
import tempfile
import zoneinfo
from datetime import datetime, timezone

import icalendar
import vobject
from dateutil.rrule import rrulestr

from graph_mount import GraphTest
from harness import MountTest, Terminal, main, wait_for

LIMIT = 60  # s of a program


class ReadersTest(MountTest):
    SEED = "contacts=20,events=15,messages=30"
    OPTIONS = "list_ttl=600"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = tempfile.mkdtemp(prefix="outlookfs-home-")
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "KHARD", "MAIL"))}
        cls.environment.update(HOME=cls.home, LC_ALL="C.UTF-8", TERM="xterm", TZ="UTC")

    def config(self, name, text):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def program(self, *command, **more):
        return self.mailbox.run(list(command), env=self.environment, timeout=LIMIT, **more).stdout

    def records(self, kind, folder):
        """The records a folder shows."""
        where = self.mailbox.path(kind, folder)
        return [self.mailbox.json(kind, folder, name) for name in sorted(os.listdir(where)) if name.endswith(".json")]


class Mutt(ReadersTest):
    def subjects(self, folder):
        """What mutt finds in it: it writes every message to a file, its headers decoded."""
        out = os.path.join(self.home, "out")
        script = self.config("take", "sed -n '/^$/q;/^Subject:/p' >> '%s'\n" % out)
        keys = "<tag-pattern>~A<enter><tag-prefix><pipe-message>sh %s<enter><exit>" % script
        config = self.config("muttrc", "set folder=%s\nset wait_key=no\nset sleep_time=0\nset pipe_decode\nset header_cache=\"\"\n"
                                       "set pipe_split\nset pipe_sep=\"\"\n" % self.home)
        if os.path.exists(out):
            os.unlink(out)
        command = ["mutt", "-n", "-F", config, "-R", "-f", self.mailbox.path("export/mail", folder), "-e", 'push "%s"' % keys]
        with Terminal(command, cwd=self.home) as terminal:
            self.assertEqual(terminal.wait(LIMIT), 0)
        with open(out, encoding="utf-8") as file:
            return sorted(line[len("Subject:"):].strip() for line in file)

    def test_all_messages_with_their_subjects(self):
        wanted = sorted(" ".join((record["Subject"] or "").split()) for record in self.records("mail", "Inbox"))
        self.assertEqual(self.subjects("Inbox"), wanted)
        mark = self.mailbox.mark()
        self.subjects("Inbox")
        self.assertEqual(self.mailbox.requests(since=mark), [], "a second look costs nothing")


class BeyondAscii(ReadersTest):
    """Addresses of RFC 6532: mutt shows them, and a copy of the exported mail reaches everybody."""
    SEED = "contacts=1,events=0,messages=0"
    OPTIONS = "list_ttl=0,send_delay=0"
    PEOPLE = ["jörg@bücher.example", "用户@例子.example", "kim@contoso.example"]

    def test_a_copy_reaches_everybody(self):
        id = self.mailbox.sandbox.create("message", {"Subject": "Grüße", "From": "päť@bücher.example", "Body": "x",
                                                     "To": ";".join(self.PEOPLE[:2]), "Cc": self.PEOPLE[2]})["Id"]
        path = self.mailbox.path("export/mail/Inbox", id + ".eml")
        wait_for(lambda: os.path.exists(path), "the message", 10)
        out = os.path.join(self.home, "out")
        config = self.config("muttrc", "set folder=%s\nset wait_key=no\nset sleep_time=0\nset header_cache=\"\"\nset pipe_decode\nset charset=utf-8\n"
                             "unignore *\n" % self.home)
        keys = "<pipe-message>cat > %s<enter><exit>" % out
        command = ["mutt", "-n", "-F", config, "-R", "-f", self.mailbox.path("export/mail/Inbox"), "-e", 'push "%s"' % keys]
        with Terminal(command, cwd=self.home) as terminal:
            self.assertEqual(terminal.wait(LIMIT), 0)
        with open(out, encoding="utf-8") as file:
            shown = file.read()
        for person in self.PEOPLE + ["päť@bücher.example"]:
            self.assertIn(person, shown)
        mark = self.mailbox.mark()
        with open(path, "rb") as mail:
            text = mail.read().replace("From: päť@bücher.example\n".encode(), b"")
        with open(self.mailbox.path("outbox/send/copy.eml"), "wb") as file:
            file.write(text)
        self.mailbox.sync()
        (request,) = [r for r in self.mailbox.requests(since=mark) if r["method"] == "POST"]
        self.assertEqual((request["body"]["To"].split(";"), request["body"]["Cc"]), (self.PEOPLE[:2], self.PEOPLE[2]))


class OpenMutt(ReadersTest):
    OPTIONS = "list_ttl=0"

    def test_new_mail_appears(self):
        config = self.config("muttrc", "set folder=%s\nset mail_check=1\nset timeout=1\nset sort=reverse-date\n" % self.home)
        folder = self.mailbox.path("export/mail/Inbox")
        with Terminal(["mutt", "-n", "-F", config, "-R", "-f", folder], cwd=self.home) as terminal:
            terminal.expect("Msgs:30")
            self.mailbox.sandbox.create("message", {"Subject": "Here I come", "From": "ann@fabrikam.com",
                                                    "DateTimeReceived": "2031-01-02T03:04:05Z"})
            terminal.expect("Here I come")
            terminal.send("q")
            self.assertEqual(terminal.wait(LIMIT), 0)


class Contacts(ReadersTest):
    def khard(self, *arguments):
        config = self.config("khard.conf", "[addressbooks]\n[[office]]\npath = %s\n[general]\ndebug = no\n"
                             "[vcard]\npreferred_version = 4.0\n" % self.mailbox.path("export/contacts/Contacts"))
        return self.program("khard", "-c", config, *arguments)

    def test_khard(self):
        records = self.records("contacts", "Contacts")
        listed = self.khard("list", "--parsable")
        self.assertEqual(len(listed.splitlines()), len(records))
        for record in records:
            self.assertIn(record["Surname"] or record["GivenName"], listed)
        one = next(r for r in records if r.get("EmailAddresses"))
        address = one["EmailAddresses"][0]["Address"]
        shown = self.khard("show", address)
        self.assertIn(address, shown)
        self.assertIn(one["Surname"], shown)
        self.assertIn(address, self.khard("email", "--parsable", address))

    def test_vobject(self):
        records = self.records("contacts", "Contacts")
        with open(self.mailbox.path("export/contacts/Contacts.vcf"), encoding="utf-8", newline="") as file:
            cards = list(vobject.readComponents(file.read()))
        self.assertEqual(sorted(card.uid.value for card in cards), sorted(r["Id"] for r in records))
        names = {r["Id"]: (r["GivenName"] or "", r["Surname"] or "") for r in records}
        for card in cards:
            self.assertEqual((card.n.value.given, card.n.value.family), names[card.uid.value])

    def test_vdirsyncer(self):
        copy = os.path.join(self.home, "copy")
        config = self.config("vdirsyncer", """
[general]
status_path = "%s/status"
[pair office]
a = "mount"
b = "copy"
collections = ["Contacts"]
[storage mount]
type = "filesystem"
path = "%s"
fileext = ".vcf"
read_only = true
[storage copy]
type = "filesystem"
path = "%s"
fileext = ".vcf"
""" % (self.home, self.mailbox.path("export/contacts"), copy))
        os.makedirs(os.path.join(copy, "Contacts"))
        self.program("vdirsyncer", "-c", config, "discover")
        first = self.mailbox.run(["vdirsyncer", "-c", config, "sync"], env=self.environment, timeout=LIMIT)
        self.assertEqual((first.stdout + first.stderr).count("Copying (uploading) item"), len(self.records("contacts", "Contacts")))
        cards = []
        for name in os.listdir(os.path.join(copy, "Contacts")):
            with open(os.path.join(copy, "Contacts", name), encoding="utf-8") as file:
                cards.append(vobject.readOne(file.read()))
        self.assertEqual(sorted(card.uid.value for card in cards), sorted(r["Id"] for r in self.records("contacts", "Contacts")))
        second = self.mailbox.run(["vdirsyncer", "-c", config, "sync"], env=self.environment, timeout=LIMIT)
        self.assertNotIn("Copying", second.stdout + second.stderr)
        self.assertNotIn("Deleting", second.stdout + second.stderr)


class Calendars(ReadersTest):
    def test_khal(self):
        config = self.config("khal.conf", "[calendars]\n[[office]]\npath = %s\ntype = calendar\nreadonly = True\n"
                             "[sqlite]\npath = %s/khal.db\n[locale]\ntimeformat = %%H:%%M\ndateformat = %%Y-%%m-%%d\n"
                             "longdateformat = %%Y-%%m-%%d\ndatetimeformat = %%Y-%%m-%%d %%H:%%M\nlongdatetimeformat = %%Y-%%m-%%d %%H:%%M\n"
                             "local_timezone = UTC\ndefault_timezone = UTC\nfirstweekday = 0\nunicode_symbols = True\n"
                             % (self.mailbox.path("export/calendars/Calendar"), self.home))
        listed = self.program("khal", "-c", config, "list", "--format", "{start}|{title}", "--day-format", "", "2015-01-01", "7000d")
        for record in self.records("calendars", "Calendar"):
            start = datetime.fromisoformat(record["Start"][:16])
            line = "%s|%s" % (start.strftime("%Y-%m-%d %H:%M"), record["Subject"])
            if record.get("IsAllDay"):
                line = "%s|%s" % (start.strftime("%Y-%m-%d"), record["Subject"])
            self.assertIn(line, listed.splitlines())

    def test_icalendar(self):
        for name in os.listdir(self.mailbox.path("calendars")):
            with open(self.mailbox.path("export/calendars", name + ".ics"), "rb") as file:
                calendar = icalendar.Calendar.from_ical(file.read())
            records = {r["ICalUId"] if r.get("ICalUId") else r["Id"]: r for r in self.records("calendars", name)}
            events = {str(event["UID"]): event for event in calendar.walk("VEVENT")}
            self.assertEqual(set(events), set(records))
            for uid, event in events.items():
                self.assertEqual(str(event.get("SUMMARY", "")), records[uid]["Subject"])


class GraphCalendars(GraphTest):
    """Graph tells the zone a series counts in, and knows its days."""
    SEED = "contacts=1,events=1,messages=1"
    OPTIONS = "list_ttl=0"

    ZONES = ("W. Europe Standard Time", "Eastern Standard Time", "AUS Eastern Standard Time", "Tokyo Standard Time", "India Standard Time")
    PATTERNS = ({"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "thursday"], "firstDayOfWeek": "monday"},
                {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["tuesday"], "index": "last"},
                {"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31})

    def exported(self, **members):
        event = self.mailbox.create("event", {"subject": "s", **members}, "Calendar")
        wait_for(lambda: event["id"] + ".json" in os.listdir(self.mailbox.path("calendars/Calendar")), "it is listed")
        with open(self.mailbox.path("export/calendars/Calendar", event["id"] + ".ics"), "rb") as file:
            component, = icalendar.Calendar.from_ical(file.read()).walk("VEVENT")
        return event["id"], component

    def days(self, component):
        start = component["DTSTART"].dt
        start = start.replace(tzinfo=zoneinfo.ZoneInfo(str(start.tzinfo)))
        return [day.astimezone(timezone.utc) for day in rrulestr(component["RRULE"].to_ical().decode(), dtstart=start)]

    def test_a_series_counts_in_its_zone(self):
        for zone in self.ZONES:
            for pattern in self.PATTERNS:
                for hour in (0, 9, 23):
                    with self.subTest(zone=zone, hour=hour, **pattern):
                        id, component = self.exported(
                            start={"dateTime": "2026-12-31T%02d:30:00" % hour, "timeZone": zone},
                            end={"dateTime": "2026-12-31T%02d:45:00" % hour, "timeZone": zone},
                            recurrence={"pattern": pattern, "range": {"type": "endDate", "startDate": "2026-12-31", "endDate": "2027-05-31"}})
                        events = self.ask("/me/events/%s/instances?startDateTime=2026-12-01T00:00:00Z&endDateTime=2027-07-01T00:00:00Z&$top=100" % id)
                        right = sorted(datetime.fromisoformat(event["start"]["dateTime"][:19]).replace(tzinfo=timezone.utc)
                                       for event in events["value"])
                        self.assertEqual(self.days(component), right)

    def test_a_page_is_text_and_the_page(self):
        _, component = self.exported(start={"dateTime": "2026-12-01T10:00:00", "timeZone": "UTC"}, end={"dateTime": "2026-12-01T11:00:00",
                                     "timeZone": "UTC"}, body={"contentType": "html", "content": "<html><body><p>See <b>you</b></body></html>"})
        self.assertEqual(str(component["DESCRIPTION"]).strip(), "See you")
        self.assertIn("<b>you</b>", str(component["X-ALT-DESC"]))


class Mail(ReadersTest):
    def test_python_reads_what_mail_shows(self):
        for record in self.records("mail", "Inbox"):
            with open(self.mailbox.path("export/mail/Inbox", record["Id"] + ".eml"), "rb") as file:
                message = email.message_from_binary_file(file, policy=email.policy.default)
            self.assertEqual(str(message["Subject"] or "").split(), (record["Subject"] or "").split())
            self.assertEqual(message["From"].addresses[0].addr_spec, record["From"])
            names = [a["Name"] for a in record.get("Attachments") or []]
            parts = [part for part in message.walk() if part.get_filename()]
            self.assertEqual(sorted(part.get_filename() for part in parts), sorted(names))


if __name__ == "__main__":
    main()
