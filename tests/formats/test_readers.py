#!/usr/bin/env python3
"""What the layer formats writes, as other readers understand it.

usage: test_readers.py BUILD_DIR

Python's email package, vobject and icalendar read what formats_print prints; mails that Python makes are read back by
eml_read(). Debian's packages of the two belong to Debian's Python: where another one is called python3, that one is asked.
"""
import email
import email.message
import email.policy
import base64
import datetime
import json
import os
import subprocess
import sys
import tempfile
import unittest

import icalendar
import vobject

PRINT = os.path.join(sys.argv[1], "formats_print")


def run(what, data, *args):
    done = subprocess.run([PRINT, what, *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise AssertionError(done.stderr.decode())
    return done.stdout


def records(what, *given):
    return run(what, json.dumps(given).encode()).decode()


class Mails(unittest.TestCase):
    HOSTILE = ["", "plain", "Grüße 😀 " * 40, "a\r\nBcc: evil@example.com\r\n\r\nbody", "x" * 100000, "é" * 100000,
               "\x01\x7f\u2028\u0085", "=?utf-8?q?x?= y", '"quoted\\", <a@b>; (c', "\t lead and trail \t"]

    BLANK = ["", "\x01\x7f\u2028\u0085"]

    def written(self, message, files=()):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in dict(files).items():
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(content)
            text = json.dumps(message).encode()
            data = run("eml", text, folder)
            self.assertEqual(int(run("count", text, folder)), len(data))
        return data, email.message_from_bytes(data, policy=email.policy.default)

    def test_headers_and_parts(self):
        files = {"1": os.urandom(1000), "2": b"", "3": b"picture"}
        _, mail = self.written({
            "Id": "A", "From": "a@example.com", "To": "b@example.com;c@example.com", "Cc": "d@example.com",
            "Subject": "Grüße 😀", "Body": "<p>Hällo</p>\r\n", "IsHtml": True, "Importance": "High",
            "InternetMessageId": "<x@example.com>", "DateTimeReceived": "2023-12-19T05:43:51+00:00",
            "Attachments": [{"Id": "1", "Name": "Übersicht; 1.pdf", "ContentType": "application/pdf"},
                            {"Id": "2", "Name": "empty"},
                            {"Id": "3", "Name": "p.png", "ContentType": "image/png", "IsInline": True, "ContentId": "p@x"}],
        }, files)
        self.assertEqual([a.addr_spec for a in mail["To"].addresses], ["b@example.com", "c@example.com"])
        self.assertEqual(mail["Subject"], "Grüße 😀")
        self.assertEqual(mail["Message-ID"], "<x@example.com>")
        self.assertEqual(mail["Date"].datetime, datetime.datetime(2023, 12, 19, 5, 43, 51, tzinfo=datetime.timezone.utc))
        self.assertEqual(mail.get_body(("html",)).get_content(), "<p>Hällo</p>\n")
        self.assertEqual([(p.get_filename(), p.get_content()) for p in mail.iter_attachments()],
                         [("Übersicht; 1.pdf", files["1"]), ("empty", b"")])
        related = mail.get_payload(0)
        self.assertEqual(related.get_content_type(), "multipart/related")
        self.assertEqual(related.get_payload(1)["Content-ID"], "<p@x>")
        self.assertEqual(related.get_payload(1).get_content(), b"picture")

    def test_addresses_beyond_ascii(self):
        """RFC 6532. Python's parser knows bytes beyond ASCII as text, but not in the parts of an address."""
        data, mail = self.written({"Id": "A", "From": "jörg@exämple.example", "Subject": "x", "Body": "x",
                                   "To": ";".join(["päť@bücher.example", "kim@contoso.example"] + ["a%d@x.example" % i for i in range(20)])})
        self.assertEqual(str(mail["From"]), "jörg@exämple.example")
        self.assertEqual([a.strip() for a in str(mail["To"]).split(",")][:2], ["päť@bücher.example", "kim@contoso.example"])
        self.assertEqual(len(mail["To"].addresses), 22)
        self.assertLessEqual(max(map(len, data.split(b"\n"))), 80)
        self.assertEqual(json.loads(run("read", data))["To"].split(";")[:2], ["päť@bücher.example", "kim@contoso.example"])

    def test_hostile_text_stays_where_it_is(self):
        for text in self.HOSTILE:
            with self.subTest(text=text[:20]):
                data, mail = self.written({"Id": text, "From": text, "To": text, "Subject": text, "Body": text,
                                           "Attachments": [{"Id": "1", "Name": text, "ContentType": text,
                                                            "ContentId": text}]}, {"1": b"content"})
                self.assertEqual([d for part in mail.walk() for d in part.defects], [])
                self.assertIsNone(mail["Bcc"])
                self.assertLessEqual(max(map(len, data.split(b"\n"))), 998)
                self.assertEqual([p.get_payload(decode=True) for p in mail.iter_attachments()], [b"content"])
                body = mail.get_body(("plain",)).get_content()
                self.assertEqual(body.replace("\r\n", "\n").rstrip("\n"), text.replace("\r\n", "\n"))

    def test_mails_of_python_are_read(self):
        for text in self.HOSTILE:
            for html in (False, True):
                with self.subTest(text=text[:20], html=html):
                    mail = email.message.EmailMessage()
                    mail["To"] = "Jörg <a@example.com>, b@example.com"
                    mail["Subject"] = text.splitlines()[0] if text.isprintable() and text else "none"
                    mail.set_content("alternative" if html else text)
                    if html:
                        mail.add_alternative(text, subtype="html")
                    mail.add_attachment(b"\x00\xff", maintype="application", subtype="x", filename="ä ö.bin")
                    sent = json.loads(run("read", mail.as_bytes()))
                    wins = html and text not in self.BLANK
                    right = text if wins or not html else "alternative"
                    self.assertEqual(sent["To"], "a@example.com;b@example.com")
                    self.assertEqual(sent["IsHtml"], wins)
                    self.assertEqual(sent["Body"].rstrip("\n"), right.replace("\r\n", "\n").rstrip("\n"))
                    self.assertEqual(sent["Attachments"],
                                     [{"Name": "ä ö.bin", "ContentBytes": base64.b64encode(b"\x00\xff").decode()}])


class Cards(unittest.TestCase):
    def test_vobject(self):
        text = records("vcard", {
            "Id": "A" * 152, "DisplayName": "Dö, J; Jr\nx\\", "GivenName": "J", "Surname": "Dö", "CompanyName": "A; B",
            "Department": "C, D", "EmailAddresses": [{"Address": "a@example.com"}, {"Address": "b@example.com"}],
            "MobilePhone1": "1", "HomePhones": ["2"], "BusinessHomePage": "https://x/a,b;c",
            "HomeAddress": {"Street": "1 Way\r\n2", "City": "T, U", "PostalCode": "3", "CountryOrRegion": "US"},
            "Categories": ["x, y", "z"], "Birthday": "1980-05-06T00:00:00Z"}, {"Id": "B", "DisplayName": "second"})
        first, second = vobject.readComponents(text)
        self.assertEqual(first.uid.value, "A" * 152)
        self.assertEqual(first.fn.value, "Dö, J; Jr\nx\\")
        self.assertEqual((first.n.value.family, first.n.value.given), ("Dö", "J"))
        self.assertEqual(first.org.value, ["A; B", "C, D"])
        self.assertEqual([e.value for e in first.email_list], ["a@example.com", "b@example.com"])
        self.assertEqual([(t.value, t.type_param) for t in first.tel_list], [("1", "cell"), ("2", "home")])
        self.assertEqual(first.url.value, "https://x/a%2Cb%3Bc")
        self.assertEqual((first.adr.value.street, first.adr.value.city, first.adr.value.country), ("1 Way\n2", "T, U", "US"))
        self.assertEqual(first.categories.value, ["x, y", "z"])
        self.assertEqual(first.bday.value, "19800506")
        self.assertEqual(second.fn.value, "second")


class Calendars(unittest.TestCase):
    @staticmethod
    def series(zone, pattern, **more):
        return {"Id": "S", "Subject": "Séries, with; all\\\nof it", "Start": "2024-01-10T17:00:00+00:00",
                "End": "2024-01-10T18:00:00+00:00", "StartTimeZone": zone,
                "Recurrence": {"Pattern": pattern, "Range": {"Type": "NoEnd", "StartDate": "2024-01-10"}}, **more}

    def test_icalendar(self):
        text = records("ical", self.series("Pacific Standard Time", {"Type": "Daily", "Interval": 1}, Reminder=10),
                       {"Id": "D", "Subject": "x", "Start": "2026-08-31T00:00:00+00:00", "End": "2026-09-01T00:00:00+00:00",
                        "IsAllDay": True, "StartTimeZone": "UTC"})
        calendar = icalendar.Calendar.from_ical(text)
        first, second = calendar.walk("VEVENT")
        self.assertEqual(first["SUMMARY"], "Séries, with; all\\\nof it")
        self.assertEqual(first["DTSTART"].dt.replace(tzinfo=None), datetime.datetime(2024, 1, 10, 9))
        self.assertEqual(first.walk("VALARM")[0]["TRIGGER"].dt, datetime.timedelta(minutes=-10))
        self.assertEqual(second["DTSTART"].dt, datetime.date(2026, 8, 31))
        self.assertEqual(second["DTEND"].dt, datetime.date(2026, 9, 1))

    def occurrences(self, event, count):
        calendar = vobject.readOne(records("ical", event))
        days = []
        for day in calendar.vevent.getrruleset(addRDate=True):
            days.append(day)
            if len(days) == count:
                return days
        return days

    def test_a_series_keeps_its_hour_over_summer_time(self):
        days = self.occurrences(self.series("Pacific Standard Time", {"Type": "Daily", "Interval": 1}), 200)
        self.assertEqual({d.hour for d in days}, {9})
        offsets = {d.utcoffset() for d in days}
        self.assertEqual(offsets, {datetime.timedelta(hours=-8), datetime.timedelta(hours=-7)})

    def test_the_31st_is_the_last_day_of_a_shorter_month(self):
        event = self.series("UTC", {"Type": "AbsoluteMonthly", "Interval": 1, "DayOfMonth": 31})
        days = self.occurrences({**event, "Start": "2024-01-31T17:00:00Z", "End": "2024-01-31T18:00:00Z"}, 4)
        self.assertEqual([(d.month, d.day) for d in days], [(1, 31), (2, 29), (3, 31), (4, 30)])

    def test_relative_days(self):
        event = self.series("UTC", {"Type": "RelativeMonthly", "Interval": 1, "DaysOfWeek": ["Wednesday"], "Index": "Second"})
        self.assertEqual([(d.month, d.day) for d in self.occurrences(event, 3)], [(1, 10), (2, 14), (3, 13)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
