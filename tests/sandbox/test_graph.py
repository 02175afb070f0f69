"""Microsoft Graph of the sandbox: what the contract says, asked as a client asks. Answers are read by Python's email package and by ajv."""
import base64
import email
import email.policy
import http.client
import json
import urllib.parse

from graph import IMMUTABLE, GraphTest, main

OWNER = {"emailAddress": {"name": "Robin Berger", "address": "robin.berger@contoso.com"}}


def quoted(text):
    return urllib.parse.quote(text, safe="/?&=$")


class TestFolders(GraphTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.VIOLATIONS = ["well-known folder"]

    def test_names_in_another_language_and_well_known_ones(self):
        self.sb.control("POST", "/option", {"service": "graph", "language": "de"})
        inbox = self.graph("GET", "/me/mailFolders/inbox")
        self.assertEqual(inbox["displayName"], "Posteingang")
        self.assertEqual(self.graph("GET", "/me/mailFolders('%s')" % inbox["id"])["id"], inbox["id"])
        self.sb.control("POST", "/option", {"service": "graph", "language": "en"})

    def test_ten_a_page_hidden_and_nested(self):
        for i in range(9):
            self.graph("POST", "/me/mailFolders", {"displayName": "F%d" % i})
        self.assertEqual(len(self.graph("GET", "/me/mailFolders")["value"]), 10)
        visible, _ = self.walk("/me/mailFolders")
        everything, _ = self.walk("/me/mailFolders?includeHiddenFolders=true")
        self.assertTrue({one["displayName"] for one in visible} < {one["displayName"] for one in everything})
        children, _ = self.walk("/me/mailFolders/inbox/childFolders")
        self.assertEqual({one.get("@odata.type") for one in children}, {None, "#microsoft.graph.mailSearchFolder"})

    def test_made_renamed_moved_removed(self):
        made = self.graph("POST", "/me/mailFolders/inbox/childFolders", {"displayName": "A/B"})
        self.refuses(409, "ErrorFolderExists", "POST", "/me/mailFolders/inbox/childFolders", {"displayName": "a/b"})
        self.assertEqual(self.graph("PATCH", "/me/mailFolders/" + made["id"], {"displayName": "C"})["displayName"], "C")
        archive = self.graph("GET", "/me/mailFolders/archive")["id"]
        moved = self.graph("POST", "/me/mailFolders/%s/move" % made["id"], {"destinationId": "archive"})
        self.assertEqual((moved["id"], moved["parentFolderId"]), (made["id"], archive))
        self.graph("DELETE", "/me/mailFolders/" + made["id"], expect=204)
        self.assertIn("C", [one["displayName"] for one in self.walk("/me/mailFolders/deleteditems/childFolders")[0]])
        self.refuses(403, "ErrorAccessDenied", "DELETE", "/me/mailFolders/inbox")

    def test_delta_tells_counts_and_removals(self):
        made = self.graph("POST", "/me/mailFolders", {"displayName": "Watched"})
        _, page = self.walk("/me/mailFolders/delta")
        self.sb.control("POST", "/edit", {"service": "graph", "kind": "message", "table": "Watched", "create": {"subject": "x"}})
        changed, page = self.walk(page["@odata.deltaLink"])
        self.assertIn((made["id"], 1), [(one["id"], one["unreadItemCount"]) for one in changed])
        self.graph("DELETE", "/me/mailFolders/" + made["id"])
        self.graph("DELETE", "/me/mailFolders/" + made["id"])
        removed, _ = self.walk(page["@odata.deltaLink"])
        self.assertIn({"id": made["id"], "@removed": {"reason": "deleted"}}, removed)


class TestMessages(GraphTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.VIOLATIONS = ["cannot be changed here", "does not exist", r"\$search with", "query option top", "drafts only", "attachments of a",
                                   "internetMessageHeaders", r"query option \$apply"]

    def draft(self, **members):
        return self.graph("POST", "/me/messages", {"subject": "Draft", "toRecipients": [OWNER], "body": {"contentType": "html", "content": "<p>Hi</p>"},
                                                   **members}, prefer=[IMMUTABLE])

    def test_pages_follow_opaque_links_byte_for_byte(self):
        messages, _ = self.walk("/me/mailFolders/inbox/messages?$top=7&$select=id,receivedDateTime")
        times = [one["receivedDateTime"] for one in messages]
        self.assertEqual(len(messages), self.graph("GET", "/me/mailFolders/inbox")["totalItemCount"])
        self.assertEqual(times, sorted(times, reverse=True))

    def test_ids_have_the_form_that_is_preferred_and_both_are_taken(self):
        mutable = self.graph("GET", "/me/mailFolders/inbox/messages?$top=1")["value"][0]["id"]
        page = self.graph("GET", "/me/mailFolders/inbox/messages?$top=1", prefer=[IMMUTABLE])
        self.assertEqual(self.sb.last.headers["Preference-Applied"], IMMUTABLE)
        immutable = page["value"][0]["id"]
        self.assertEqual((len(mutable), len(immutable)), (152, 72))
        self.assertEqual(len(self.graph("GET", page["@odata.nextLink"])["value"][0]["id"]), 152)
        moved = self.graph("POST", "/me/messages/%s/move" % mutable, {"destinationId": "archive"})
        self.assertNotEqual(moved["id"], mutable)
        self.refuses(404, "ErrorItemNotFound", "GET", "/me/messages/" + mutable)
        self.assertEqual(self.graph("GET", "/me/messages/" + immutable)["id"], moved["id"])
        translated = self.graph("POST", "/me/translateExchangeIds", {"inputIds": [immutable, "junk"], "sourceIdType": "restImmutableEntryId",
                                                                     "targetIdType": "restId"})["value"]
        self.assertEqual((translated[0]["targetId"], translated[1]["errorDetails"]["code"]), (moved["id"], "ErrorInvalidIdMalformed"))
        self.refuses(400, "ErrorInvalidIdMalformed", "GET", "/me/messages/junk")

    def test_filters_orders_and_searches(self):
        path = "/me/mailFolders/inbox/messages?"
        self.refuses(400, "InefficientFilter", "GET", quoted(path + "$filter=isRead eq false&$orderby=receivedDateTime desc"))
        unread, _ = self.walk(quoted(path + "$filter=receivedDateTime ge 2026-01-01T00:00:00Z and isRead eq false&$orderby=receivedDateTime desc"))
        self.assertTrue(unread and not any(one["isRead"] for one in unread))
        self.refuses(400, "SearchWithOrderBy", "GET", quoted(path + '$search="contract"&$orderby=subject'))
        found, _ = self.walk(quoted(path + '$search="subject:contract"'))
        self.assertTrue(found and all("contract" in one["subject"].lower() for one in found))
        self.refuses(400, "BadRequest", "GET", quoted(path + "$filter=size gt 10"))
        self.refuses(400, "ErrorInvalidUrlQueryFilter", "GET", quoted(path + "$filter=toRecipients/any(r:r/emailAddress/address eq 'x')"))
        self.refuses(400, "BadRequest", "GET", path + "$select=nonsense")
        self.refuses(400, "BadRequest", "GET", path + "$apply=x")
        self.assertEqual(len(self.graph("GET", path + "top=3")["value"]), 10)

    def test_only_drafts_are_rewritten(self):
        message = self.graph("GET", "/me/mailFolders/inbox/messages?$top=1", prefer=[IMMUTABLE])["value"][0]["id"]
        for is_read in (True, False):
            self.assertEqual(self.graph("PATCH", "/me/messages/" + message, {"isRead": is_read})["isRead"], is_read)
        changed = self.graph("PATCH", "/me/messages/" + message, {"categories": ["Blue"], "flag": {"flagStatus": "flagged"}})
        self.assertEqual((changed["categories"], changed["flag"]["flagStatus"]), (["Blue"], "flagged"))
        self.refuses(400, "ErrorPropertyValidationFailure", "PATCH", "/me/messages/" + message, {"subject": "No"})
        self.refuses(400, "ErrorPropertyValidationFailure", "PATCH", "/me/messages/" + message, {"nonsense": 1})
        self.refuses(400, "RequestBodyRead", "PATCH", "/me/messages/" + message, {"isRead": "yes"})
        self.assertEqual(self.graph("PATCH", "/me/messages/" + self.draft()["id"], {"subject": "Yes"})["subject"], "Yes")

    def test_versions(self):
        draft = self.draft()
        path = "/me/messages/" + draft["id"]
        self.graph("PATCH", path, {"subject": "2"}, headers=[("If-Match", draft["@odata.etag"])])
        self.refuses(412, "ErrorIrresolvableConflict", "PATCH", path, {"subject": "3"}, headers=[("If-Match", draft["@odata.etag"])])
        self.refuses(400, "malformedEntityTag", "PATCH", path, {"subject": "3"}, headers=[("If-Match", draft["changeKey"])])

    def test_mime_comes_back_byte_for_byte(self):
        mail = (b"From: a@example.com\r\nTo: robin.berger@contoso.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Odd:   kept\r\n"
                b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n")
        made = self.graph("POST", "/me/mailFolders/archive/messages", base64.b64encode(mail), headers=[("Content-Type", "text/plain")])
        self.assertEqual((made["subject"], made["isDraft"]), ("Grüße", True))
        self.assertEqual(self.graph("GET", "/me/messages/%s/$value" % made["id"]), mail)
        self.refuses(400, "ErrorMimeContentInvalidBase64String", "POST", "/me/messages", b"!!", headers=[("Content-Type", "text/plain")])

    def test_mime_of_any_message_is_a_mail(self):
        message = self.graph("GET", quoted("/me/mailFolders/inbox/messages?$filter=hasAttachments eq true"))["value"][0]
        mail = email.message_from_bytes(self.graph("GET", "/me/messages/%s/$value" % message["id"]), policy=email.policy.default)
        self.assertEqual(mail["Subject"], message["subject"])
        self.assertEqual(mail["Message-ID"], message["internetMessageId"])
        self.assertEqual(mail["From"].addresses[0].addr_spec, message["from"]["emailAddress"]["address"])

    def test_sent_message_keeps_its_immutable_id(self):
        draft = self.draft()
        self.graph("POST", "/me/messages/%s/send" % draft["id"], expect=202)
        sent = self.graph("GET", "/me/messages/" + draft["id"], prefer=[IMMUTABLE])
        self.assertEqual((sent["isDraft"], sent["parentFolderId"]), (False, self.graph("GET", "/me/mailFolders/sentitems")["id"]))
        self.refuses(400, "ErrorInvalidOperation", "POST", "/me/messages/%s/send" % draft["id"])
        received = self.graph("GET", "/me/mailFolders/inbox/messages?$top=1")["value"][0]
        self.assertEqual((received["subject"], received["isRead"]), ("Draft", False))
        self.refuses(400, "ErrorInvalidRecipients", "POST", "/me/messages/%s/send" % self.draft(toRecipients=[])["id"])

    def test_replies(self):
        original = self.graph("GET", "/me/mailFolders/inbox/messages?$top=1&$skip=3")["value"][0]
        path = "/me/messages/" + original["id"]
        reply = self.graph("POST", path + "/createReply", {"comment": "Thanks"})
        self.assertEqual(reply["toRecipients"][0]["emailAddress"]["address"], original["from"]["emailAddress"]["address"])
        self.assertTrue(reply["isDraft"] and reply["subject"].startswith("RE: ") and "Thanks" not in reply["body"]["content"])
        self.refuses(400, "ErrorInvalidRequest", "POST", path + "/reply", {"comment": "a", "message": {"body": {"contentType": "text", "content": "b"}}})
        self.graph("POST", path + "/forward", {"comment": "See", "toRecipients": [OWNER]}, expect=202)
        self.assertTrue(self.graph("GET", "/me/mailFolders/sentitems/messages?$top=1")["value"][0]["subject"].startswith("FW: "))

    def test_attachments_of_three_kinds(self):
        message = self.graph("GET", quoted("/me/mailFolders/inbox/messages?$filter=subject eq 'Everything at once'"))["value"][0]
        path = "/me/messages/%s/attachments" % message["id"]
        kinds = {}
        for one in self.graph("GET", path)["value"]:
            kinds.setdefault(one["@odata.type"].rpartition(".")[2], []).append(one)
        mail, event, contact = kinds["itemAttachment"]
        self.assertIn(b"Minutes", self.graph("GET", "%s/%s/$value" % (path, mail["id"])))
        self.assertTrue(self.graph("GET", "%s/%s/$value" % (path, event["id"])).startswith(b"BEGIN:VCALENDAR"))
        self.assertTrue(self.graph("GET", "%s/%s/$value" % (path, contact["id"])).startswith(b"BEGIN:VCARD"))
        expanded = self.graph("GET", "%s/%s?$expand=microsoft.graph.itemattachment/item" % (path, mail["id"]))
        self.assertEqual(expanded["item"]["subject"], "Minutes of the last meeting")
        self.graph("GET", "%s/%s/$value" % (path, kinds["referenceAttachment"][0]["id"]), expect=405)
        self.refuses(400, "ErrorInvalidRequest", "POST", path, {"@odata.type": "#microsoft.graph.fileAttachment", "name": "x", "contentBytes": ""})

    def test_inline_alone_is_no_attachment(self):
        draft = self.draft(attachments=[{"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.png", "isInline": True, "contentId": "a",
                                         "contentBytes": base64.b64encode(b"png").decode()}])
        self.assertFalse(draft["hasAttachments"])
        listed = self.graph("GET", "/me/messages/%s/attachments?$select=id,name,microsoft.graph.fileAttachment/contentId" % draft["id"])["value"]
        self.assertEqual((listed[0]["contentId"], "contentBytes" in listed[0]), ("a", False))
        self.assertEqual(self.graph("GET", "/me/messages/%s/attachments/%s/$value" % (draft["id"], listed[0]["id"])), b"png")
        self.graph("DELETE", "/me/messages/%s/attachments/%s" % (draft["id"], listed[0]["id"]), expect=204)

    def test_headers_are_ours_only(self):
        draft = self.draft(internetMessageHeaders=[{"name": "x-mine", "value": "1"}])
        shown = self.graph("GET", "/me/messages/%s?$select=internetMessageHeaders" % draft["id"])
        self.assertEqual(shown["internetMessageHeaders"], [{"name": "x-mine", "value": "1"}])
        self.refuses(400, "InvalidInternetMessageHeader", "POST", "/me/messages", {"internetMessageHeaders": [{"name": "Received", "value": "1"}]})

    def test_text_bodies_are_preferred(self):
        shown = self.graph("GET", "/me/messages/%s" % self.draft()["id"], prefer=['outlook.body-content-type="text"'])
        self.assertEqual(shown["body"], {"contentType": "text", "content": "Hi\n"})

    def test_deleted_twice_is_gone(self):
        draft = self.draft()
        self.graph("DELETE", "/me/messages/" + draft["id"], expect=204)
        self.assertEqual(self.graph("GET", "/me/messages/" + draft["id"])["parentFolderId"], self.graph("GET", "/me/mailFolders/deleteditems")["id"])
        self.graph("DELETE", "/me/messages/" + draft["id"], expect=204)
        self.refuses(404, "ErrorItemNotFound", "GET", "/me/messages/" + draft["id"])


class TestUploads(GraphTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.VIOLATIONS = ["with a token"]

    def put(self, url, content, first, size, **headers):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request("PUT", parts.path, content, {"Content-Range": "bytes %d-%d/%d" % (first, first + len(content) - 1, size), **headers})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def test_session(self):
        draft = self.graph("POST", "/me/messages", {"subject": "Big"}, prefer=[IMMUTABLE])
        path = "/me/messages/%s/attachments/createUploadSession" % draft["id"]
        self.refuses(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", "POST", path,
                     {"AttachmentItem": {"attachmentType": "file", "name": "s", "size": 100}})
        data = bytes(range(256)) * 14000
        session = self.graph("POST", path, {"AttachmentItem": {"attachmentType": "file", "name": "big.bin", "size": len(data)}}, prefer=[IMMUTABLE])
        url = session["uploadUrl"]
        self.assertNotEqual(urllib.parse.urlsplit(url).netloc, urllib.parse.urlsplit(self.sb.graph_url).netloc)
        self.assertEqual(self.put(url, data[:100], 0, len(data), Authorization="Bearer x")[0].status, 401)
        self.assertEqual(self.put(url, data[:2000000], 5, len(data))[0].status, 416)
        answer, body = self.put(url, data[:2000000], 0, len(data))
        self.assertEqual((answer.status, json.loads(body)["nextExpectedRanges"]), (200, ["2000000-"]))
        answer, body = self.put(url, data[2000000:], 2000000, len(data))
        self.assertEqual((answer.status, body), (201, b""))
        listed = self.graph("GET", "/me/messages/%s/attachments?$select=id,name" % draft["id"], prefer=[IMMUTABLE])["value"]
        self.assertIn(listed[0]["id"], answer.headers["Location"])
        self.assertEqual(self.graph("GET", "/me/messages/%s/attachments/%s/$value" % (draft["id"], listed[0]["id"])), data)


class TestDelta(GraphTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.VIOLATIONS = ["link is not what was given", "filter of a delta"]

    def change(self, id, **how):
        return self.sb.edit("message", id, service="graph", **how)

    def setUp(self):
        self.entries, self.page = self.walk("/me/mailFolders/inbox/messages/delta?$select=subject,isRead", prefer=[IMMUTABLE, "odata.maxpagesize=7"])

    def next(self, **more):
        return self.graph("GET", self.page["@odata.deltaLink"], prefer=[IMMUTABLE], **more)

    def test_everything_then_nothing(self):
        self.assertEqual(len(self.entries), self.graph("GET", "/me/mailFolders/inbox")["totalItemCount"])
        self.assertEqual(self.next()["value"], [])

    def test_partial_new_moved_and_removed(self):
        read, moved, gone = (one["id"] for one in self.entries[:3])
        self.change(read, set={"isRead": True})
        self.change(moved, move="Archive")
        self.change(gone, delete=True)
        new = self.sb.control("POST", "/edit", {"service": "graph", "kind": "message", "create": {"subject": "News"}})["id"]
        found = {one["id"]: one for one in self.next()["value"]}
        self.assertEqual({name for name in found[read] if "@" not in name}, {"id", "isRead"})
        self.assertEqual(found[new]["subject"], "News")
        for id in (moved, gone):
            self.assertEqual(found[id], {"id": id, "@removed": {"reason": "deleted"}})

    def test_links_are_taken_as_they_are_or_not_at_all(self):
        link = self.page["@odata.deltaLink"]
        for changed in (link.replace("%3D", "="), urllib.parse.unquote(link), link.replace("isRead", "subject"), link[:-1]):
            self.refuses(400, "BadRequest", "GET", changed)

    def test_old_links_are_gone(self):
        self.sb.control("POST", "/option", {"service": "graph", "generation": 2})
        self.refuses(410, "SyncStateNotFound", "GET", self.page["@odata.deltaLink"])
        self.sb.control("POST", "/option", {"service": "graph", "generation": 1})
        self.sb.fault(service="graph", operation="MessagesDelta", status=410, body='{"error":{"code":"resyncRequired","message":""}}',
                      headers={"Location": "/v1.0/me/mailFolders/inbox/messages/delta?$deltatoken="})
        status, _ = self.sb.graph("GET", self.page["@odata.deltaLink"])
        self.assertEqual(status, 410)

    def test_empty_pages_and_doubles(self):
        self.sb.control("POST", "/option", {"service": "graph", "emptyPages": True, "duplicates": True})
        entries, page = self.walk("/me/mailFolders/inbox/messages/delta")
        self.assertGreater(len(entries), len({one["id"] for one in entries}))
        first = self.graph("GET", page["@odata.deltaLink"])
        self.assertTrue(first["value"] == [] and "@odata.nextLink" in first)
        self.sb.control("POST", "/option", {"service": "graph", "emptyPages": False, "duplicates": False})

    def test_filter_is_of_one_kind(self):
        self.refuses(400, "ErrorInvalidRequest", "GET", quoted("/me/mailFolders/inbox/messages/delta?$filter=isRead eq true"))
        self.graph("GET", quoted("/me/mailFolders/inbox/messages/delta?$filter=receivedDateTime ge 2026-11-22T00:00:00Z"))

    def test_contacts(self):
        folder = self.graph("GET", "/me/contacts?$top=1&$select=parentFolderId")["value"][0]["parentFolderId"]
        entries, page = self.walk("/me/contactFolders/%s/contacts/delta" % folder, prefer=[IMMUTABLE])
        self.sb.edit("contact", entries[0]["id"], service="graph", set={"jobTitle": "Chief"})
        changed = self.graph("GET", page["@odata.deltaLink"], prefer=[IMMUTABLE])["value"]
        self.assertEqual([(one["id"], one["jobTitle"]) for one in changed], [(entries[0]["id"], "Chief")])


class TestContacts(GraphTest):
    def test_default_folder_is_in_no_list(self):
        names = [one["displayName"] for one in self.graph("GET", "/me/contactFolders")["value"]]
        self.assertEqual(names, ["Customers/Suppliers"])
        parent = self.graph("GET", "/me/contactFolders")["value"][0]["id"]
        self.assertEqual(self.graph("GET", "/me/contactFolders/%s/childFolders" % parent)["value"][0]["displayName"], "Former")
        self.assertEqual(self.graph("GET", "/me/contactFolders/contacts")["displayName"], "Contacts")

    def test_display_name_is_made_anew_and_lists_are_replaced(self):
        made = self.graph("POST", "/me/contacts", {"givenName": "Ada", "surname": "Byron", "emailAddresses": [{"address": "ada@example.com"}]})
        self.assertEqual((made["displayName"], made["homeAddress"], made["fileAs"]), ("Ada Byron", {}, ""))
        changed = self.graph("PATCH", "/me/contacts/" + made["id"], {"surname": "Lovelace", "emailAddresses": []})
        self.assertEqual((changed["displayName"], changed["emailAddresses"], changed["givenName"]), ("Ada Lovelace", [], "Ada"))
        self.graph("DELETE", "/me/contacts/" + made["id"], expect=204)

    def test_found_by_address(self):
        address = next(one["emailAddresses"][0]["address"] for one in self.walk("/me/contacts")[0] if one["emailAddresses"])
        found, _ = self.walk(quoted("/me/contacts?$filter=emailAddresses/any(a:a/address eq '%s')" % address.replace("'", "''")))
        self.assertTrue(found)

    def test_photo(self):
        contact = "/me/contacts/" + self.graph("POST", "/me/contacts", {"givenName": "P"})["id"]
        self.refuses(404, "ImageNotFound", "GET", contact + "/photo/$value")
        self.graph("PUT", contact + "/photo/$value", b"\xff\xd8jpeg", headers=[("Content-Type", "image/jpeg")], expect=200)
        self.assertEqual(self.graph("GET", contact + "/photo/$value"), b"\xff\xd8jpeg")
        self.sb.control("POST", "/option", {"service": "login", "account": "personal"})
        self.refuses(400, "ConsumerPhotoIsNotSupported", "GET", contact + "/photo/$value")
        self.assertTrue(self.graph("GET", "/me/mailFolders/inbox")["id"].startswith("AQMk"))
        self.assertTrue(self.graph("GET", "/me/contacts?$top=1")["value"][0]["id"].startswith("AQMk"))
        self.sb.control("POST", "/option", {"service": "login", "account": "work"})


class TestCalendars(GraphTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = next(one["id"] for one in cls.sb.graph("GET", "/me/calendars")[1]["value"] if one["isDefaultCalendar"])

    def event(self, **members):
        return {"subject": "E", "start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"}, "end": {"dateTime": "2026-12-01T10:00:00",
                                                                                                     "timeZone": "UTC"}, **members}

    def view(self, begin, end, **more):
        return self.walk("/me/calendars/%s/calendarView?startDateTime=%s&endDateTime=%s&$top=100" % (self.calendar, begin, end), **more)[0]

    def test_some_cannot_be_edited(self):
        calendars = {one["name"]: one for one in self.graph("GET", "/me/calendars")["value"]}
        self.assertFalse(calendars["Birthdays"]["canEdit"])
        self.refuses(403, "ErrorAccessDenied", "POST", "/me/calendars/%s/events" % calendars["Birthdays"]["id"], self.event())
        self.refuses(400, "ErrorInvalidIdMalformed", "GET", "/me/calendars/primary/events")

    def test_transaction_makes_one_event(self):
        path, body = "/me/calendars/%s/events" % self.calendar, self.event(transactionId="7E163156-7762-4BEB-A1C6-729EA81755A7")
        self.assertEqual(self.graph("POST", path, body)["id"], self.graph("POST", path, body)["id"])

    def test_times_are_utc_unless_preferred(self):
        made = self.graph("POST", "/me/events", self.event(start={"dateTime": "2026-07-01T09:00:00", "timeZone": "W. Europe Standard Time"},
                                                           end={"dateTime": "2026-07-01T10:00:00", "timeZone": "Europe/Berlin"}))
        self.assertEqual((made["start"], made["originalStartTimeZone"]), ({"dateTime": "2026-07-01T07:00:00.0000000", "timeZone": "UTC"},
                                                                         "W. Europe Standard Time"))
        shown = self.graph("GET", "/me/events/" + made["id"], prefer=['outlook.timezone="Pacific Standard Time"'])
        self.assertEqual(shown["start"], {"dateTime": "2026-07-01T00:00:00.0000000", "timeZone": "Pacific Standard Time"})

    def test_series_keeps_its_hour_over_daylight_saving(self):
        made = self.graph("POST", "/me/events", self.event(
            subject="Stand-up", start={"dateTime": "2026-03-23T09:00:00", "timeZone": "Europe/Berlin"},
            end={"dateTime": "2026-03-23T09:15:00", "timeZone": "Europe/Berlin"},
            recurrence={"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"},
                        "range": {"type": "numbered", "startDate": "2026-03-23", "numberOfOccurrences": 2, "recurrenceTimeZone": "Europe/Berlin"}}))
        self.assertEqual(made["recurrence"]["range"]["endDate"], "0001-01-01")
        found = [one for one in self.view("2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z") if one["subject"] == "Stand-up"]
        self.assertEqual([one["start"]["dateTime"][:16] for one in found], ["2026-03-23T08:00", "2026-03-30T07:00"])
        self.assertEqual({one["type"] for one in found}, {"occurrence"})
        self.assertEqual({one["seriesMasterId"] for one in found}, {made["id"]})
        self.graph("PATCH", "/me/events/" + found[0]["id"], {"subject": "Later"})
        self.graph("DELETE", "/me/events/" + found[1]["id"], expect=204)
        changed = self.graph("GET", "/me/events/%s/instances?startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-05-01T00:00:00Z" % made["id"])["value"]
        self.assertEqual([(one["subject"], one["type"]) for one in changed], [("Later", "exception")])
        self.refuses(404, "ErrorItemNotFound", "GET", "/me/events/" + found[1]["id"])

    def test_weekly_needs_its_first_day(self):
        self.refuses(400, "ErrorInvalidRequest", "POST", "/me/events", self.event(recurrence={
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}, "range": {"type": "noEnd", "startDate": "2026-12-01"}}))

    def test_window_has_a_limit(self):
        self.refuses(400, "ErrorInvalidRequest", "GET", "/me/calendarView?startDateTime=2020-01-01T00:00:00Z&endDateTime=2026-01-01T00:00:00Z")
        self.refuses(400, "ErrorInvalidParameter", "GET", "/me/calendarView")

    def test_delta_of_a_window(self):
        path = "/me/calendarView/delta?startDateTime=2027-01-01T00:00:00Z&endDateTime=2027-02-01T00:00:00Z"
        made = self.graph("POST", "/me/events", self.event(
            start={"dateTime": "2027-01-04T09:00:00", "timeZone": "UTC"}, end={"dateTime": "2027-01-04T10:00:00", "timeZone": "UTC"},
            recurrence={"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "startDate": "2027-01-04",
                                                                              "numberOfOccurrences": 3}}))
        entries, page = self.walk(path)
        mine = [one for one in entries if one.get("seriesMasterId") == made["id"]]
        self.assertEqual({name for name in mine[0] if "@" not in name}, {"id", "seriesMasterId", "type", "start", "end"})
        self.graph("DELETE", "/me/events/" + mine[1]["id"])
        changed, page = self.walk(page["@odata.deltaLink"])
        self.assertIn({"id": mine[1]["id"], "@removed": {"reason": "deleted"}}, changed)
        self.graph("DELETE", "/me/events/" + made["id"])
        changed, page = self.walk(page["@odata.deltaLink"])
        self.assertEqual({one["id"] for one in changed if "@removed" in one}, {mine[0]["id"], mine[2]["id"]})

    def test_invitation_is_answered(self):
        invited = next(one for one in self.walk("/me/events")[0] if not one["isOrganizer"])
        self.refuses(400, "ErrorInvalidRequest", "POST", "/me/events/%s/accept" % self.graph("POST", "/me/events", self.event())["id"], {})
        self.graph("POST", "/me/events/%s/accept" % invited["id"], {"comment": "Yes", "sendResponse": True}, expect=202)
        self.assertEqual(self.graph("GET", "/me/events/" + invited["id"])["responseStatus"]["response"], "accepted")
        self.assertTrue(self.graph("GET", "/me/mailFolders/sentitems/messages?$top=1")["value"][0]["subject"].startswith("Accepted: "))
        self.graph("POST", "/me/events/%s/decline" % invited["id"], {}, expect=202)
        self.refuses(404, "ErrorItemNotFound", "GET", "/me/events/" + invited["id"])


class TestGateway(GraphTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.VIOLATIONS = ["no such operation", "batch of 21", "Content-Type"]

    def test_tokens_and_scopes(self):
        self.assertEqual(self.refuses(401, "InvalidAuthenticationToken", "GET", "/me/mailFolders", token="x")["message"],
                         "Access token has expired or is not yet valid.")
        reading = self.sb.control("POST", "/login", {"token": "Mail.Read"})["access_token"]
        self.graph("GET", "/me/mailFolders", token=reading)
        self.refuses(403, "ErrorAccessDenied", "POST", "/me/messages", {"subject": "x"}, token=reading)
        self.refuses(403, "ErrorAccessDenied", "GET", "/me/contacts", token=reading)
        other = self.sb.control("POST", "/login", {"token": "https://apihub.azure.com/.default"})["access_token"]
        self.assertIn("audience", self.refuses(401, "InvalidAuthenticationToken", "GET", "/me/mailFolders", token=other)["message"])
        self.sb.control("POST", "/login", {"expire": "access"})
        self.refuses(401, "InvalidAuthenticationToken", "GET", "/me/mailFolders")
        type(self).sb.access = self.sb.control("POST", "/login", {"token": " ".join(["offline_access", "Mail.ReadWrite", "MailboxSettings.ReadWrite"])})[
            "access_token"]

    def test_batch(self):
        body = {"requests": [{"id": "a", "method": "GET", "url": "/me/mailFolders/inbox?$select=id"}, {"id": "b", "method": "GET", "url": "/me/messages/junk"},
                             {"id": "c", "method": "POST", "url": "/me/messages", "body": {"subject": "x"}, "headers": {
                                 "Content-Type": "application/json", "Prefer": IMMUTABLE}, "dependsOn": ["a"]},
                             {"id": "d", "method": "GET", "url": "/me/mailFolders", "dependsOn": ["b"]}]}
        answers = {one["id"]: one for one in self.graph("POST", "/$batch", body)["responses"]}
        self.assertEqual({id: one["status"] for id, one in answers.items()}, {"a": 200, "b": 400, "c": 201, "d": 424})
        self.assertEqual(len(answers["c"]["body"]["id"]), 72)
        self.refuses(400, "BadRequest", "POST", "/$batch", {"requests": [{"id": str(i), "method": "GET", "url": "/me"} for i in range(21)]})
        self.refuses(400, "BadRequest", "POST", "/$batch", {"requests": [{"id": "1", "method": "POST", "url": "/me/messages", "body": {}}]})

    def test_batch_members_are_throttled(self):
        self.sb.control("POST", "/option", {"service": "graph", "batchAtOnce": 4})
        answers = self.graph("POST", "/$batch", {"requests": [{"id": str(i), "method": "GET", "url": "/me/mailFolders"} for i in range(6)]})["responses"]
        self.sb.control("POST", "/option", {"service": "graph", "batchAtOnce": 20})
        self.assertEqual(sorted(one["status"] for one in answers), [200] * 4 + [429] * 2)
        self.assertEqual({one["headers"].get("Retry-After") for one in answers if one["status"] == 429}, {"2.128"})
        self.sb.fault(service="graph", path="mailFolders/drafts", status=429, retryAfter=1)
        answers = self.graph("POST", "/$batch", {"requests": [{"id": name, "method": "GET", "url": "/me/mailFolders/" + name} for name in (
            "inbox", "drafts")]})["responses"]
        self.assertEqual({one["id"]: one["status"] for one in answers}, {"inbox": 200, "drafts": 429})

    def test_sizes_and_paths(self):
        self.refuses(413, "BadRequest", "POST", "/me/messages", b"x" * (4 * 1024 * 1024 + 1))
        self.refuses(400, "BadRequest", "GET", "/me/nonsense")
        self.refuses(403, "ErrorAccessDenied", "GET", "/users/somebody@contoso.com/messages")
        self.graph("GET", "/users/robin.berger%40contoso.com/mailFolders/inbox")

    def test_rate(self):
        self.sb.control("POST", "/option", {"service": "graph", "rate": 1})
        self.graph("GET", "/me/mailFolders", expect=429)
        self.assertEqual(self.sb.last.headers["Retry-After"], "2.128")
        self.sb.control("POST", "/option", {"service": "graph", "rate": 10000})

    def test_settings(self):
        changed = self.graph("PATCH", "/me/mailboxSettings", {"automaticRepliesSetting": {"status": "alwaysEnabled", "internalReplyMessage": "Away"}})
        self.assertEqual((changed["automaticRepliesSetting"]["status"], changed["automaticRepliesSetting"]["externalAudience"]), ("alwaysEnabled", "all"))
        self.refuses(400, "InvalidTimeZone", "PATCH", "/me/mailboxSettings", {"timeZone": "Mars"})
        self.refuses(400, "ErrorInvalidTimeSettings", "PATCH", "/me/mailboxSettings", {"automaticRepliesSetting": {
            "status": "scheduled", "scheduledStartDateTime": {"dateTime": "2026-12-02T00:00:00", "timeZone": "UTC"},
            "scheduledEndDateTime": {"dateTime": "2026-12-01T00:00:00", "timeZone": "UTC"}}})


if __name__ == "__main__":
    main()
