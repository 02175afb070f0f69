"""$filter, $orderby, $top, $skip over events and contacts."""
import time
from urllib.parse import quote

from sandbox import Sandbox, SandboxTest, dataset_path, main, query


class Filter(SandboxTest):
    OPTIONS = ("--seed", "contacts=0,events=0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for given, company, phones, birthday in (
                ("Ann", "Contoso", "+1", "1980-02-03"), ("bob", "Fabrikam, Inc.", "+2", "1990-01-01"),
                ("Søren", "O'Brien & Sons", "+3", None), ("Zoë", None, "+4", None)):
            cls.sb.create("contact", {"GivenName": given, "CompanyName": company, "HomePhones": [phones],
                                      "Birthday": birthday,
                                      "HomeAddress": {"City": given.upper()[:1]}})
        for n in range(5):
            cls.sb.create("event", {
                "Subject": "Meeting %d" % n, "Start": "2026-12-0%dT09:00:00Z" % (n + 1),
                "End": "2026-12-0%dT10:00:00Z" % (n + 1), "Reminder": n * 10, "IsAllDay": False,
                "Importance": "High" if n == 2 else "Normal",
                "Location": {"DisplayName": "Room %d" % (n % 2)}})

    def names(self, text):
        answer = self.sb.get(dataset_path("contacts", "Contacts", query=query(_filter=text)))
        self.assertStatus(answer, 200)
        return [c["GivenName"] for c in answer.json()["value"]]

    def subjects(self, text):
        answer = self.sb.get(dataset_path("calendars", "Calendar", query=query(_filter=text)))
        self.assertStatus(answer, 200)
        return sorted(int(e["Subject"][-1]) for e in answer.json()["value"])

    def test_strings(self):
        for text, expected in (
                ("GivenName eq 'Ann'", ["Ann"]),
                ("GivenName eq 'ann'", []),
                ("CompanyName eq 'O''Brien & Sons'", ["Søren"]),
                ("GivenName ne 'Ann'", ["bob", "Søren", "Zoë"]),
                ("contains(CompanyName,'Co')", ["Ann"]),
                ("contains(tolower(CompanyName), 'INC')", []),
                ("contains(toupper(CompanyName), 'INC')", ["bob"]),
                ("startswith(GivenName,'Sø') or endswith(GivenName,'ë')", ["Søren", "Zoë"]),
                ("contains(GivenName,'o') eq true", ["bob", "Zoë"]),
                ("not contains(GivenName,'o')", ["Ann", "Søren"]),
                ("length(GivenName) eq 3 and GivenName lt 'a'", ["Ann"]),
                ("HomeAddress/City eq 'Z'", ["Zoë"])):
            self.assertEqual(self.names(text), expected, text)

    def test_null_and_time(self):
        for text, expected in (
                ("CompanyName eq null", ["Zoë"]), ("CompanyName ne null", ["Ann", "bob", "Søren"]),
                ("Birthday gt 1985-01-01T00:00:00Z", ["bob"]),
                ("Birthday le 1980-02-03", ["Ann"]),
                ("Birthday lt 2000-01-01T00:00:00+00:00", ["Ann", "bob"]),
                ("CreatedDateTime gt 2020-01-01T00:00:00Z", ["Ann", "bob", "Søren", "Zoë"])):
            self.assertEqual(self.names(text), expected, text)

    def test_events(self):
        for text, expected in (
                ("Reminder ge 20", [2, 3, 4]), ("Reminder gt 5 and Reminder lt 30", [1, 2]),
                ("Importance eq 'High'", [2]), ("IsAllDay eq true", []),
                ("Location/DisplayName eq 'Room 1'", [1, 3]),
                ("Start ge 2026-12-04T09:00:00Z", [3, 4]),
                ("Reminder eq 0 or Reminder eq 10 and Importance eq 'High'", [0]),
                ("(Reminder eq 0 or Reminder eq 20) and Importance eq 'High'", [2]),
                ("not (Reminder gt 0) OR Reminder eq 40", [0, 4])):
            self.assertEqual(self.subjects(text), expected, text)

    def test_refused(self):
        deep = "(" * 200 + "GivenName eq 'x'" + ")" * 200
        for text in ("Name eq 'x'", "givenname eq 'x'", "GivenName eq", "GivenName = 'x'", "'x'",
                     "GivenName eq 'x", "GivenName eq 5", "Birthday gt 'x'", "(GivenName eq 'x'",
                     "GivenName eq 'x') ", "GivenName", "HomeAddress eq null", "HomePhones eq '+1'",
                     "contains(GivenName)", "contains(GivenName,5)", "upper(GivenName) eq 'X'",
                     "GivenName eq 'x' and", "HomeAddress/Town eq 'x'", "not", deep):
            with self.subTest(text[:40]):
                answer = self.sb.get(dataset_path("contacts", "Contacts", query=query(_filter=text)))
                self.assertStatus(answer, 400)
                self.assertEqual(answer.code, "ErrorInvalidRequest")

    def test_plus_is_a_blank(self):
        answer = self.sb.get(dataset_path("contacts", "Contacts", query="$filter=GivenName+eq+'Ann'"))
        self.assertEqual(len(answer.json()["value"]), 1)
        text = quote("Birthday lt 2000-01-01T00:00:00+00:00", safe="+")
        self.assertStatus(self.sb.get(dataset_path("contacts", "Contacts", query="$filter=" + text)), 400)


class Order(SandboxTest):
    OPTIONS = ("--seed", "contacts=60,events=30")

    def items(self, dataset="contacts", **parameters):
        table = "Contacts" if dataset == "contacts" else "Calendar"
        answer = self.sb.get(dataset_path(dataset, table, query=query(**parameters)))
        self.assertStatus(answer, 200)
        return answer.json()["value"]

    def test_members(self):
        contacts = self.items()
        by_name = sorted(contacts, key=lambda c: c["GivenName"].encode())
        self.assertEqual(self.items(_orderby="GivenName"), by_name)
        self.assertEqual(self.items(_orderby="GivenName asc", _top=7, _skip=5), by_name[5:12])
        two = sorted(contacts, key=lambda c: c["GivenName"].encode())
        two.sort(key=lambda c: (c["CompanyName"] or "").encode(), reverse=True)
        self.assertEqual(self.items(_orderby="CompanyName desc, GivenName"), two)

    def test_indexed(self):
        self.sb.edit("contact", self.items()[17]["Id"], set={"NickName": "newest"})
        newest = self.items(_orderby="DateTimeLastModified desc", _top=2)
        self.assertEqual(newest[0]["NickName"], "newest")
        times = [c["DateTimeLastModified"] for c in self.items(_orderby="LastModifiedDateTime desc")]
        self.assertEqual(times, sorted(times, reverse=True))
        starts = [e["Start"] for e in self.items("calendars", _orderby="Start asc")]
        self.assertEqual(starts, sorted(starts))

    def test_filter_with_index_order(self):
        found = self.items(_filter="CompanyName ne null", _orderby="DateTimeLastModified desc", _top=5)
        times = [c["DateTimeLastModified"] for c in found]
        self.assertEqual(len(found), 5)
        self.assertEqual(times, sorted(times, reverse=True))

    def test_refused(self):
        for text in ("Nothing", "GivenName down", "GivenName asc desc", "GivenName,", ",", "HomePhones"):
            answer = self.sb.get(dataset_path("contacts", "Contacts", query=query(_orderby=text)))
            self.assertStatus(answer, 400)


class Paging(SandboxTest):
    VIOLATIONS = ("has no parameter",)

    OPTIONS = ("--seed", "contacts=10000")

    def page(self, **parameters):
        return self.sb.get(dataset_path("contacts", "Contacts", query=query(**parameters))).json()["value"]

    def test_default_is_256(self):
        self.assertEqual(len(self.page()), 256)

    def test_pages_cover_everything_once(self):
        seen = []
        while True:
            page = self.page(_top=1000, _skip=len(seen))
            seen += [c["Id"] for c in page]
            if len(page) < 1000:
                break
        self.assertEqual(len(seen), 10000)
        self.assertEqual(len(set(seen)), 10000)
        self.assertEqual(self.page(_top=3, _skip=9998), self.page(_top=2, _skip=9998))
        self.assertEqual(self.page(_top=3, _skip=10000), [])
        self.assertEqual(self.page(_top=0), [])

    def test_wrong_values(self):
        for text in ("$top=-1", "$skip=-1", "$top=all", "$top=1.0", "$top=99999999999", "$skip=+1"):
            answer = self.sb.get(dataset_path("contacts", "Contacts", query=text))
            self.assertStatus(answer, 400)
        self.assertStatus(self.sb.get(dataset_path("contacts", "Contacts", query="$select=Id")), 200)

    def test_the_last_page_costs_no_full_scan(self):
        """Compared with parsing every record in the same run: a wide margin, not a time limit."""
        def cost(**parameters):
            best = float("inf")
            for _ in range(3):
                start = time.monotonic()
                self.page(**parameters)
                best = min(best, time.monotonic() - start)
            return best
        self.assertLess(cost(_top=10, _skip=9990), cost(_top=10, _filter="GivenName eq 'nobody'"))


class Determinism(SandboxTest):
    OPTIONS = ("--seed", "contacts=50,events=20,messages=30")

    def test_two_sandboxes_hold_the_same(self):
        with Sandbox(self.build_dir, *self.OPTIONS) as other:
            for kind in ("contact", "event", "message"):
                self.assertEqual(self.sb.records(kind), other.records(kind))


if __name__ == "__main__":
    main()
