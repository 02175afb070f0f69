"""The shapes of the contract: member names, their order, types and statuses, compared with the recorded answers."""
import re

from sandbox import SandboxTest, dataset_path, mail_path, main, query

CONTACT = """CreatedDateTime LastModifiedDateTime Id ParentFolderId Birthday FileAs DisplayName GivenName
Initials MiddleName NickName Surname Title Generation EmailAddresses ImAddresses JobTitle CompanyName
Department OfficeLocation Profession BusinessHomePage AssistantName Manager HomePhones BusinessPhones
MobilePhone1 HomeAddress BusinessAddress OtherAddress YomiCompanyName YomiGivenName YomiSurname
Categories ChangeKey DateTimeCreated DateTimeLastModified""".split()

EVENT = """Id Attendees Body BodyPreview Categories ChangeKey DateTimeCreated DateTimeLastModified End
EndTimeZone HasAttachments ICalUId Importance IsAllDay IsCancelled IsOrganizer Location Organizer
Recurrence Reminder ResponseRequested ResponseStatus SeriesMasterId ShowAs Start StartTimeZone Subject
Type WebLink Reason""".split()

LISTED_MAIL = """From To Cc Bcc ReplyTo Subject Body Importance BodyPreview HasAttachment Id
InternetMessageId ConversationId DateTimeReceived IsRead Attachments IsHtml""".split()

SINGLE_MAIL = """Id DateTimeReceived HasAttachment InternetMessageId Subject BodyPreview Importance
ConversationId IsRead IsHtml Body From To Cc Bcc ReplyTo Attachments""".split()

ADDRESS = ["Street", "City", "State", "CountryOrRegion", "PostalCode"]
COORDINATES = ["Altitude", "Latitude", "Longitude", "Accuracy", "AltitudeAccuracy"]
ID = re.compile(r"^[A-Za-z0-9_-]+=$")
FINE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?\+00:00$")
COARSE_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")


class Tables(SandboxTest):
    def test_calendars(self):
        body = self.sb.get("/datasets/calendars/tables").json()
        self.assertEqual(list(body), ["value", "@odata.nextLink", "@odata.deltaLink"])
        self.assertIsNone(body["@odata.nextLink"])
        for table in body["value"]:
            self.assertEqual(list(table), ["Name", "DisplayName", "DynamicProperties", "items"])
            self.assertEqual(list(table["DynamicProperties"]["Owner"]), ["Name", "Address"])
            self.assertEqual(table["items"], [])
            self.assertEqual(len(table["Name"]), 152)
        self.assertEqual([t["DisplayName"] for t in body["value"]][:2], ["Calendar", "Birthdays"])

    def test_contact_folders(self):
        body = self.sb.get("/datasets/contacts/tables").json()
        for table in body["value"]:
            self.assertEqual(list(table), ["Name", "DisplayName", "items"])
            self.assertEqual(len(table["Name"]), 120)
        self.assertEqual([t["DisplayName"] for t in body["value"]],
                         ["Contacts", "Customers/Suppliers"])

    def test_alias_and_id_are_the_same_table(self):
        for dataset, alias in (("calendars", "Calendar"), ("contacts", "Contacts")):
            tables = self.sb.get("/datasets/%s/tables" % dataset).json()["value"]
            table = next(t["Name"] for t in tables if t["DisplayName"] == alias)
            self.assertEqual(self.sb.get(dataset_path(dataset, table)).json(),
                             self.sb.get(dataset_path(dataset, alias)).json())


class Items(SandboxTest):
    def test_contacts(self):
        body = self.sb.get(dataset_path("contacts", "Contacts")).json()
        self.assertEqual(list(body), ["value", "@odata.nextLink", "@odata.deltaLink"])
        self.assertEqual(len(body["value"]), 25)
        for contact in body["value"]:
            self.assertEqual(list(contact), CONTACT)
            self.assertEqual(len(contact["Id"]), 152)
            self.assertEqual(len(contact["ChangeKey"]), 40)
            self.assertIn("+", contact["ChangeKey"])
            self.assertIn("/", contact["ChangeKey"])
            self.assertRegex(contact["Id"], ID)
            self.assertRegex(contact["DateTimeCreated"], COARSE_TIME)
            self.assertEqual(contact["LastModifiedDateTime"], contact["DateTimeLastModified"])
            for name in ("HomeAddress", "BusinessAddress", "OtherAddress"):
                self.assertEqual(list(contact[name]), ADDRESS)
            for name in ("EmailAddresses", "ImAddresses", "HomePhones", "BusinessPhones", "Categories"):
                self.assertIsInstance(contact[name], list)

    def test_events(self):
        events = self.sb.get(dataset_path("calendars", "Calendar")).json()["value"]
        self.assertEqual(len(events), 12)
        for event in events:
            self.assertEqual(list(event), EVENT)
            self.assertEqual(len(event["Id"]), 152)
            self.assertEqual(len(event["ChangeKey"]), 32)
            self.assertEqual(len(event["ICalUId"]), 112)
            self.assertRegex(event["DateTimeLastModified"], FINE_TIME)
            self.assertEqual((event["StartTimeZone"], event["EndTimeZone"]), ("UTC", "UTC"))
            self.assertEqual(event["Body"]["ContentType"], "HTML")
            self.assertEqual(list(event["Location"]), ["DisplayName", "Address", "Coordinates"])
            self.assertEqual(list(event["Location"]["Coordinates"]), COORDINATES)
            for attendee in event["Attendees"]:
                self.assertEqual(list(attendee), ["Status", "Type", "EmailAddress"])
        starts = [e["Start"] for e in events]
        self.assertEqual(starts, sorted(starts, reverse=True))
        self.assertIn("SeriesMaster", [e["Type"] for e in events])
        self.assertTrue(any(e["IsAllDay"] for e in events))

    def test_one_item_is_the_listed_one(self):
        for dataset, alias in (("calendars", "Calendar"), ("contacts", "Contacts")):
            listed = self.sb.get(dataset_path(dataset, alias)).json()["value"][3]
            answer = self.sb.get(dataset_path(dataset, alias, listed["Id"]))
            self.assertStatus(answer, 200)
            self.assertEqual(answer.json(), listed)

    def test_create_and_delete(self):
        answer = self.sb.post(dataset_path("contacts", "Contacts"), {
            "DisplayName": "John II", "GivenName": "John Smith", "CompanyName": "Bank of Sweden",
            "EmailAddresses": [{"Name": "email1", "Address": "john2@nowhere.com"}],
            "HomePhones": ["+1 (555) 457-987-1174"]})
        self.assertStatus(answer, 201)
        contact = answer.json()
        self.assertEqual(list(contact), CONTACT)
        self.assertEqual(contact["FileAs"], "")
        for name in ("Surname", "Birthday", "AssistantName", "Manager", "MobilePhone1", "Initials"):
            self.assertIsNone(contact[name])
        self.assertEqual(contact["HomeAddress"], dict.fromkeys(ADDRESS))
        path = dataset_path("contacts", "Contacts", contact["Id"])
        answer = self.sb.delete(path)
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, b"")
        self.assertEqual(self.sb.get(path).status, 404)
        self.assertEqual(self.sb.delete(path).status, 404)


class EventCreation(SandboxTest):
    OPTIONS = ("--seed", "events=0")
    PATH = dataset_path("calendars", "Calendar")

    def create(self, **members):
        body = {"Subject": "Event 17", "Start": "2023-12-20T14:15:00.000Z",
                "End": "2023-12-20T16:05:00.000Z"}
        body.update(members)
        return self.sb.post(self.PATH, body)

    def test_defaults(self):
        answer = self.create()
        self.assertStatus(answer, 201)
        event = answer.json()
        self.assertEqual(list(event), EVENT)
        self.assertEqual(event["Start"], "2023-12-20T14:15:00+00:00")
        self.assertEqual(event["End"], "2023-12-20T16:05:00+00:00")
        expected = {"Importance": "Low", "ShowAs": "Free", "Reminder": 15, "ResponseRequested": True,
                    "IsAllDay": False, "Attendees": [], "Categories": [], "Recurrence": None,
                    "Type": "SingleInstance", "BodyPreview": "", "SeriesMasterId": None,
                    "IsOrganizer": True, "HasAttachments": False, "Reason": None}
        self.assertEqual({name: event[name] for name in expected}, expected)
        self.assertTrue(event["Body"]["Content"].startswith("<html><head>"))
        self.assertEqual(event["Location"], {"DisplayName": "", "Address": dict.fromkeys(ADDRESS),
                                             "Coordinates": dict.fromkeys(COORDINATES)})
        self.assertEqual(event["ResponseStatus"],
                         {"Response": "Organizer", "Time": "0001-01-01T00:00:00+00:00"})

    def test_time_zones(self):
        event = self.create(Start="2026-01-20T09:00:00", StartTimeZone="W. Europe Standard Time",
                            End="2026-01-20T10:00:00-08:00", EndTimeZone="Tokyo Standard Time").json()
        self.assertEqual(event["Start"], "2026-01-20T08:00:00+00:00")
        self.assertEqual(event["End"], "2026-01-20T18:00:00+00:00")
        self.assertEqual(event["StartTimeZone"], "UTC")
        answer = self.create(StartTimeZone="Mars Standard Time")
        self.assertStatus(answer, 400)

    def test_body_is_made_html(self):
        event = self.create(Body={"ContentType": "Text", "Content": "a < b\nnext"}).json()
        self.assertEqual(event["Body"]["ContentType"], "HTML")
        self.assertIn("a &lt; b<br>", event["Body"]["Content"])
        self.assertEqual(event["BodyPreview"], "a < b\r\nnext")
        page = "<html><body>kept as it is</body></html>"
        event = self.create(Body={"ContentType": "HTML", "Content": page}).json()
        self.assertEqual(event["Body"]["Content"], page)
        event = self.create(Body={"ContentType": "HTML", "Content": "<b>x</b>"}).json()
        self.assertRegex(event["Body"]["Content"], "(?s)^<html>.*<b>x</b>.*</html>$")

    def test_recurrence(self):
        event = self.create(Recurrence={
            "Pattern": {"Type": "Weekly", "Interval": 2, "DaysOfWeek": ["Monday", "Friday"]},
            "Range": {"Type": "NoEnd"}}).json()
        self.assertEqual(event["Type"], "SeriesMaster")
        self.assertEqual(event["Recurrence"]["Range"], {
            "Type": "NoEnd", "StartDate": "2023-12-20", "EndDate": "0001-01-01",
            "NumberOfOccurrences": 0})
        self.assertEqual(list(event["Recurrence"]["Pattern"]),
                         ["Type", "Interval", "Month", "DayOfMonth", "DaysOfWeek", "FirstDayOfWeek",
                          "Index"])

    def test_refusals(self):
        for members in ({"Subject": None}, {"Start": None}, {"End": None}, {"Start": "tomorrow"},
                        {"Importance": "Urgent"}, {"ShowAs": "free"}, {"Reminder": "15"},
                        {"Reminder": 1.5}, {"IsAllDay": "true"}, {"Categories": "Blue"},
                        {"Categories": [1]}, {"Attendees": [{"Type": "Required"}]},
                        {"Location": "Room"}, {"IsAllDay": True},
                        {"End": "2023-12-20T14:14:00Z"}, {"Recurrence": {"Pattern": {}}},
                        {"Body": {"ContentType": "RTF"}}):
            with self.subTest(members):
                answer = self.create(**members)
                self.assertStatus(answer, 400)
                self.assertEqual(answer.code, "ErrorInvalidRequest")

    def test_ignored_members(self):
        event = self.create(Id="mine", ChangeKey="mine", Unheard="of", Type="Occurrence").json()
        self.assertEqual(list(event), EVENT)
        self.assertNotEqual(event["Id"], "mine")
        self.assertEqual(event["Type"], "SingleInstance")


class Mail(SandboxTest):
    def test_listed_and_single(self):
        listed = self.sb.get(mail_path(query=query(fetchOnlyUnread="false", top=100)))
        self.assertTrue(listed.body.startswith(b"["))
        messages = listed.json()
        self.assertEqual(len(messages), 40)
        for message in messages:
            self.assertEqual(list(message), LISTED_MAIL)
            self.assertIn(message["Importance"], ("Low", "Normal", "High"))
            self.assertRegex(message["DateTimeReceived"], COARSE_TIME)
            self.assertLessEqual(len(message["BodyPreview"]), 255)
            self.assertEqual(len(message["ConversationId"]), 80)
        single = self.sb.get(mail_path(messages[0]["Id"])).json()
        self.assertEqual(list(single), SINGLE_MAIL)
        self.assertEqual(single["Importance"],
                         ("Low", "Normal", "High").index(messages[0]["Importance"]))
        messages[0]["Importance"] = single["Importance"]
        self.assertEqual(single, messages[0])

    def test_attachments(self):
        messages = self.sb.get(mail_path(query="fetchOnlyUnread=False&top=100")).json()
        files = [(m, a) for m in messages for a in m["Attachments"]]
        self.assertTrue(files)
        for message, attachment in files:
            self.assertEqual(list(attachment), ["Id", "Name", "ContentType", "Size", "IsInline",
                                                "LastModifiedDateTime", "ContentId"])
            self.assertEqual(len(attachment["Id"]), 180)
            self.assertEqual(attachment["Id"][:150], message["Id"][:150])
            answer = self.sb.get(mail_path(message["Id"], attachment["Id"]))
            self.assertStatus(answer, 200)
            self.assertEqual(answer.headers["Content-Type"], attachment["ContentType"])
            self.assertGreater(attachment["Size"], len(answer.body))
        names = [a["Name"] for _, a in files]
        self.assertEqual(names.count("image001.png") % 2, 0)
        self.assertIn("scan 1/2.txt", names)
        self.assertTrue(any(a["IsInline"] for _, a in files))

    def test_picker(self):
        roots = self.sb.get("/OnFilePickerOpen?operation=MailFolders").json()["value"]
        self.assertEqual(list(roots[0]), ["Id", "DisplayName", "IsFolder", "Path"])
        self.assertEqual([f["DisplayName"] for f in roots],
                         ["Inbox", "Drafts", "Sent Items", "Deleted Items", "Archive", "Junk Email",
                          "Projects 2026/2027"])
        children = self.sb.get("/OnFilePickerBrowse?" + query(operation="MailFolders",
                                                              id=roots[0]["Id"])).json()["value"]
        self.assertEqual([f["Path"] for f in children], ["Inbox/Support"])
        page = self.sb.get("/OnFilePickerOpen?operation=MailFolders&top=2&skip=1").json()["value"]
        self.assertEqual(page, roots[1:3])
        self.assertEqual(self.sb.get("/OnFilePickerOpen").status, 400)

    def test_connection(self):
        self.assertStatus(self.sb.get("/testconnection"), 200)


class NoPicker(SandboxTest):
    VIOLATIONS = ("no such operation",)

    OPTIONS = ("--no-picker", "--seed", "messages=1")

    def test_refused(self):
        answer = self.sb.get("/OnFilePickerOpen?operation=MailFolders")
        self.assertStatus(answer, 404)
        self.assertEqual(answer.json(), {"statusCode": 404, "message": "Resource not found"})
        self.assertStatus(self.sb.get("/Mail"), 200)


if __name__ == "__main__":
    main()
