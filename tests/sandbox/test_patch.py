"""PATCH is destructive: what is left out is reset, as the contract documents it for events and records it for contacts."""
from sandbox import SandboxTest, dataset_path, main

FULL_EVENT = {
    "Subject": "Full", "Start": "2026-12-01T09:00:00Z", "End": "2026-12-01T10:00:00Z",
    "Importance": "High", "ShowAs": "Busy", "Reminder": 30, "ResponseRequested": False,
    "Body": {"ContentType": "HTML", "Content": "<html><body>agenda</body></html>"},
    "Categories": ["Blue category"], "Location": {"DisplayName": "Room 1"},
    "Attendees": [{"Type": "Optional", "EmailAddress": {"Name": "Ann", "Address": "ann@fabrikam.com"}}],
    "Recurrence": {"Pattern": {"Type": "Daily", "Interval": 1}, "Range": {"Type": "NoEnd"}}}

FULL_CONTACT = {
    "GivenName": "John Smith", "Surname": "Doe", "DisplayName": "John II", "FileAs": "Doe, John",
    "EmailAddresses": [{"Name": "e", "Address": "john2@nowhere.com"}], "ImAddresses": ["sip:john"],
    "CompanyName": "Bank of Sweden", "JobTitle": "Teller", "AssistantName": "Ann", "Manager": "Bob",
    "MobilePhone1": "+1", "HomePhones": ["+2"], "BusinessPhones": ["+3"], "Categories": ["VIP"],
    "Birthday": "1980-04-05", "HomeAddress": {"City": "Malmö", "Street": "Storgatan 1"},
    "YomiGivenName": "ジョン"}


class Event(SandboxTest):
    OPTIONS = ("--seed", "events=0")

    def setUp(self):
        self.event = self.sb.post(dataset_path("calendars", "Calendar"), FULL_EVENT).json()
        self.path = dataset_path("calendars", "Calendar", self.event["Id"])

    def test_members_left_out_are_reset(self):
        answer = self.sb.patch(self.path, {"Subject": "Event 18", "Start": "2023-12-20T14:15:00.000Z",
                                           "End": "2023-12-20T16:05:00.000Z"})
        self.assertStatus(answer, 200)
        event = answer.json()
        expected = {"Subject": "Event 18", "Importance": "Low", "ShowAs": "Free", "Reminder": 15,
                    "ResponseRequested": True, "Categories": [], "Attendees": [], "Recurrence": None,
                    "Type": "SingleInstance", "BodyPreview": ""}
        self.assertEqual({name: event[name] for name in expected}, expected)
        self.assertEqual(event["Location"]["DisplayName"], "")
        self.assertNotIn("agenda", event["Body"]["Content"])
        self.assertEqual(self.sb.get(self.path).json(), event)

    def test_managed_members_stay(self):
        event = self.sb.patch(self.path, dict(FULL_EVENT, Id="x", ChangeKey="x", ICalUId="x",
                                              DateTimeCreated="2001-01-01T00:00:00Z")).json()
        for name in ("Id", "ICalUId", "DateTimeCreated", "WebLink", "Organizer", "ResponseStatus"):
            self.assertEqual(event[name], self.event[name])
        self.assertNotEqual(event["ChangeKey"], self.event["ChangeKey"])
        self.assertGreater(event["DateTimeLastModified"], self.event["DateTimeLastModified"])

    def test_the_whole_record_sent_back_changes_nothing_else(self):
        event = self.sb.patch(self.path, self.event).json()
        for name in ("ChangeKey", "DateTimeLastModified"):
            event.pop(name)
            self.event.pop(name)
        self.assertEqual(event, self.event)

    def test_required_members(self):
        for name in ("Subject", "Start", "End"):
            body = dict(FULL_EVENT)
            del body[name]
            answer = self.sb.patch(self.path, body)
            self.assertStatus(answer, 400)
            self.assertIn(name, answer.json()["error"]["message"])
        self.assertEqual(self.sb.get(self.path).json(), self.event)

    def test_unknown(self):
        self.assertStatus(self.sb.patch(dataset_path("calendars", "Calendar", "AAA="), FULL_EVENT), 404)
        tables = self.sb.get("/datasets/calendars/tables").json()["value"]
        other = dataset_path("calendars", tables[1]["Name"], self.event["Id"])
        self.assertStatus(self.sb.patch(other, FULL_EVENT), 404)
        self.assertStatus(self.sb.get(other), 404)
        self.assertStatus(self.sb.delete(other), 404)


class Contact(SandboxTest):
    OPTIONS = ("--seed", "contacts=0")

    def setUp(self):
        self.contact = self.sb.post(dataset_path("contacts", "Contacts"), FULL_CONTACT).json()
        self.path = dataset_path("contacts", "Contacts", self.contact["Id"])

    def test_the_recorded_rule(self):
        answer = self.sb.patch(self.path, {"GivenName": "John Smith 2", "HomePhones": ["+9"]})
        self.assertStatus(answer, 200)
        contact = answer.json()
        reset = {"GivenName": "John Smith 2", "HomePhones": ["+9"], "EmailAddresses": [],
                 "ImAddresses": [], "BusinessPhones": [], "Categories": [], "AssistantName": "",
                 "Manager": "", "MobilePhone1": "", "DisplayName": "John Smith 2 Doe"}
        self.assertEqual({name: contact[name] for name in reset}, reset)
        self.assertEqual(set(contact["HomeAddress"].values()), {None})
        for name in ("CompanyName", "JobTitle", "Surname", "FileAs", "Birthday", "YomiGivenName",
                     "DateTimeCreated", "Id", "ParentFolderId"):
            self.assertEqual(contact[name], self.contact[name])
        self.assertNotEqual(contact["ChangeKey"], self.contact["ChangeKey"])
        self.assertEqual(self.sb.get(self.path).json(), contact)

    def test_null_clears(self):
        contact = self.sb.patch(self.path, {"GivenName": "J", "HomePhones": [], "CompanyName": None,
                                            "MobilePhone1": None}).json()
        self.assertIsNone(contact["CompanyName"])
        self.assertIsNone(contact["MobilePhone1"])

    def test_the_whole_record_sent_back_changes_nothing_else(self):
        contact = self.sb.patch(self.path, self.contact).json()
        for name in ("ChangeKey", "DateTimeLastModified", "LastModifiedDateTime"):
            contact.pop(name)
            self.contact.pop(name)
        self.assertEqual(contact, self.contact)

    def test_partial_address_is_completed_with_nulls(self):
        contact = self.sb.patch(self.path, dict(FULL_CONTACT, HomeAddress={"City": "Lund"})).json()
        self.assertEqual(contact["HomeAddress"], {"Street": None, "City": "Lund", "State": None,
                                                  "CountryOrRegion": None, "PostalCode": None})

    def test_required_and_types(self):
        for body in ({"HomePhones": []}, {"GivenName": "J"}, {"GivenName": None, "HomePhones": []},
                     {"GivenName": 5, "HomePhones": []}, {"GivenName": "J", "HomePhones": "+1"},
                     {"GivenName": "J", "HomePhones": [None]},
                     {"GivenName": "J", "HomePhones": [], "Birthday": "soon"},
                     {"GivenName": "J", "HomePhones": [], "HomeAddress": "here"},
                     {"GivenName": "J", "HomePhones": [], "EmailAddresses": ["a@b"]}):
            with self.subTest(body):
                self.assertStatus(self.sb.patch(self.path, body), 400)
        self.assertEqual(self.sb.get(self.path).json(), self.contact)

    def test_empty_given_name_is_a_value(self):
        answer = self.sb.patch(self.path, {"GivenName": "", "HomePhones": [], "Surname": ""})
        self.assertStatus(answer, 200)
        self.assertEqual(answer.json()["DisplayName"], "Bank of Sweden")

    def test_members_outside_the_schema_survive(self):
        self.sb.edit("contact", self.contact["Id"], set={"SpouseName": "Ann"})
        contact = self.sb.patch(self.path, {"GivenName": "J", "HomePhones": []}).json()
        self.assertEqual(contact["SpouseName"], "Ann")


if __name__ == "__main__":
    main()
