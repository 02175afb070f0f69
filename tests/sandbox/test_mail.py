"""Mail: listing parameters, folders, marking, deleting, sending, replying."""
import base64

from sandbox import SandboxTest, encode, encode_twice, mail_path, main, query

ALL = {"fetchOnlyUnread": "false", "top": 1000}


class Listing(SandboxTest):
    VIOLATIONS = ("not well encoded",)

    def messages(self, **parameters):
        answer = self.sb.get(mail_path(query=query(**parameters)))
        self.assertStatus(answer, 200)
        return answer.json()

    def test_defaults_are_ten_unread_of_the_inbox(self):
        everything = self.messages(**ALL)
        unread = [m["Id"] for m in everything if not m["IsRead"]]
        self.assertGreater(len(unread), 10)
        self.assertEqual([m["Id"] for m in self.messages()], unread[:10])

    def test_newest_first_and_pages(self):
        everything = [m["Id"] for m in self.messages(**ALL)]
        times = [m["DateTimeReceived"] for m in self.messages(**ALL)]
        self.assertEqual(times, sorted(times, reverse=True))
        pages = [m["Id"] for skip in range(0, 60, 7)
                 for m in self.messages(fetchOnlyUnread="False", top=7, skip=skip)]
        self.assertEqual(pages, everything)
        self.assertEqual(self.messages(top=0), [])

    def test_folder_paths(self):
        inbox = self.messages(folderPath="inbox", **ALL)
        self.assertEqual(inbox, self.messages(**ALL))
        for one, other in (("Sent Items", "SentItems"), ("Deleted Items", "DeletedItems"),
                           ("Junk Email", "JunkEmail")):
            self.assertEqual(self.messages(folderPath=one, **ALL),
                             self.messages(folderPath=other, **ALL))
            self.assertTrue(self.messages(folderPath=one, **ALL))
        self.assertEqual(len(self.messages(folderPath="Inbox/Support", **ALL)), 2)

    def test_folder_by_id(self):
        folders = self.sb.get("/OnFilePickerOpen?operation=MailFolders").json()["value"]
        slash = next(f for f in folders if "/" in f["DisplayName"])
        self.assertEqual(self.sb.get(mail_path(query=query(folderPath=slash["Path"]))).status, 404)
        self.assertTrue(slash["Id"].startswith("Id::"))
        self.assertEqual(len(self.messages(folderPath=slash["Id"], **ALL)), 1)

    def test_unknown_folder(self):
        for path in ("Nowhere", "Inbox/", "Support", "Id::nowhere", "/Inbox"):
            answer = self.sb.get(mail_path(query=query(folderPath=path)))
            self.assertStatus(answer, 404)
            self.assertEqual(answer.code, "ErrorItemNotFound")

    def test_wrong_values(self):
        for bad in ("top=ten", "top=-1", "skip=1.5", "fetchOnlyUnread=yes", "includeAttachments=1",
                    "folderPath=%zz", "folderPath=%ff"):
            self.assertStatus(self.sb.get(mail_path(query=bad)), 400)

    def test_content_bytes_only_when_asked(self):
        plain = [a for m in self.messages(**ALL) for a in m["Attachments"]]
        self.assertTrue(plain and all("ContentBytes" not in a for a in plain))
        full = self.messages(includeAttachments="True", **ALL)
        for message in full:
            for attachment in message["Attachments"]:
                answer = self.sb.get(mail_path(message["Id"], attachment["Id"]))
                self.assertEqual(base64.b64decode(attachment["ContentBytes"]), answer.body)

    def test_search(self):
        hit = self.sb.create("message", {"Subject": "Zebra crossing", "From": "annabella@fabrikam.com",
                                         "Body": "<p>the quick fox</p>"})
        for text in ("zebra", "subject:Zebra", "from:annabella", "quick FOX", "subject:zebra quick",
                     '"quick fox"', "from:annabella@fabrikam.com subject:crossing"):
            found = self.messages(searchQuery=text, **ALL)
            self.assertEqual([m["Id"] for m in found], [hit["Id"]], text)
        for text in ("subject:quick", "from:zebra", "zebra giraffe", '"fox quick"'):
            self.assertEqual(self.messages(searchQuery=text, **ALL), [], text)
        self.sb.edit("message", hit["Id"], delete=True)


class Changes(SandboxTest):
    OPTIONS = ("--seed", "messages=5")

    def test_mark_as_read(self):
        message = self.sb.create("message", {"Subject": "unread"})
        answer = self.sb.post(mail_path(message["Id"], action="MarkAsRead"))
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, b"")
        self.assertTrue(self.sb.get(mail_path(message["Id"])).json()["IsRead"])
        self.assertNotIn(message["Id"], [m["Id"] for m in self.sb.get("/Mail?top=100").json()])
        self.assertStatus(self.sb.post(mail_path("nothing", action="MarkAsRead")), 404)

    def test_delete_moves_under_a_new_id_and_then_removes(self):
        message = self.sb.create("message", {
            "Subject": "to be deleted", "Attachments": [{"Name": "a.txt", "ContentBytes": "YQ=="}]})
        answer = self.sb.delete(mail_path(message["Id"]))
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, b"")
        self.assertStatus(self.sb.get(mail_path(message["Id"])), 404)
        moved = [m for m in self.sb.records("message", "DeletedItems")
                 if m["Subject"] == "to be deleted"]
        self.assertEqual(len(moved), 1)
        self.assertNotEqual(moved[0]["Id"], message["Id"])
        self.assertNotEqual(moved[0]["Attachments"][0]["Id"], message["Attachments"][0]["Id"])
        content = self.sb.get(mail_path(moved[0]["Id"], moved[0]["Attachments"][0]["Id"]))
        self.assertEqual(content.body, b"a")
        self.assertStatus(self.sb.delete(mail_path(moved[0]["Id"])), 200)
        self.assertIsNone(self.sb.record("message", moved[0]["Id"]))

    def test_encoding(self):
        message = self.sb.create("message", {"Subject": "encoded once"})
        self.assertStatus(self.sb.get("/Mail/" + encode(message["Id"])), 200)
        self.assertStatus(self.sb.get("/Mail/" + message["Id"].replace("=", "%3d")), 200)
        answer = self.sb.get("/Mail/" + encode_twice(message["Id"]))
        self.assertStatus(answer, 404)
        self.assertEqual(answer.code, "ErrorItemNotFound")
        self.assertStatus(self.sb.get("/Mail/" + encode(message["Id"].lower())), 404)

    def test_unknown_attachment(self):
        message = self.sb.create("message", {"Subject": "no files"})
        self.assertStatus(self.sb.get(mail_path(message["Id"], "nothing")), 404)


class Language(SandboxTest):
    OPTIONS = ("--seed", "messages=3", "--language", "de")

    def test_names_of_folders(self):
        """They are the mailbox's, in lists and in paths."""
        names = [folder["name"] for folder in self.sb.control("GET", "/folders") if folder["kind"] == "message" and folder["service"] == "connector"]
        self.assertIn("Posteingang", names)
        self.assertNotIn("Inbox", names)
        self.assertStatus(self.sb.get("/Mail?" + query(folderPath="Posteingang")), 200)
        self.assertStatus(self.sb.get("/Mail?" + query(folderPath="Inbox")), 404)


class Sending(SandboxTest):
    VIOLATIONS = ("without IsHtml", "a target of")

    OPTIONS = ("--seed", "messages=1")
    OWNER = "robin.berger@contoso.com"

    def send(self, **members):
        body = {"To": "ann@fabrikam.com", "Subject": "Test email 7", "Body": "This is a test email."}
        body.update(members)
        return self.sb.post("/Mail", body)

    def folder(self, path, subject):
        return [m for m in self.sb.records("message", path) if m["Subject"] == subject]

    def test_a_copy_is_sent(self):
        answer = self.send(Subject="one", To=" ann@fabrikam.com ; bob@fabrikam.com;", Importance="High",
                           Attachments=[{"Name": "a.txt", "ContentBytes": "aGVsbG8="}])
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, b"")
        self.assertEqual(answer.headers["Content-Length"], "0")
        sent, = self.folder("SentItems", "one")
        self.assertEqual(sent["To"], "ann@fabrikam.com;bob@fabrikam.com")
        self.assertEqual((sent["From"], sent["Importance"], sent["IsHtml"], sent["IsRead"]),
                         (self.OWNER, 2, False, True))
        content = self.sb.get(mail_path(sent["Id"], sent["Attachments"][0]["Id"]))
        self.assertEqual(content.body, b"hello")
        self.assertEqual(self.folder("Inbox", "one"), [])

    def test_mail_to_oneself_arrives(self):
        self.assertStatus(self.send(Subject="two", Cc=self.OWNER.upper(), Bcc="c@fabrikam.com"), 200)
        sent, = self.folder("SentItems", "two")
        arrived, = self.folder("Inbox", "two")
        self.assertFalse(arrived["IsRead"])
        self.assertIsNone(arrived["Bcc"])
        self.assertEqual(sent["Bcc"], "c@fabrikam.com")
        for name in ("InternetMessageId", "ConversationId"):
            self.assertEqual(arrived[name], sent[name])

    def test_refusals_send_nothing(self):
        before = len(self.sb.records("message"))
        for members in ({"To": None}, {"To": ""}, {"To": " ; "}, {"Subject": None}, {"Body": None},
                        {"To": "nobody"}, {"To": 5}, {"Subject": 5}, {"Importance": "urgent"},
                        {"Importance": 1}, {"IsHtml": "false"}, {"Cc": "a b@c.d"},
                        {"Attachments": {}}, {"Attachments": [{"Name": "x"}]},
                        {"Attachments": [{"Name": "x", "ContentBytes": "aGVsbG8"}]},
                        {"Attachments": [{"Name": "x", "ContentBytes": "a-_="}]}):
            with self.subTest(members):
                self.assertStatus(self.send(**members), 400)
        self.assertStatus(self.send(From="boss@contoso.com"), 403)
        self.assertEqual(len(self.sb.records("message")), before)

    def test_reply(self):
        first = self.sb.create("message", {
            "Subject": "lunch?", "From": "ann@fabrikam.com", "Body": "<p>hungry</p>",
            "To": self.OWNER + ";bob@fabrikam.com", "Cc": "cy@fabrikam.com;ann@fabrikam.com"})
        path = mail_path(first["Id"], action="ReplyTo")
        answer = self.sb.post(path + "?" + query(comment="Yes & please, 12+1 o'clock", replyAll="False"))
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, b"")
        reply, = self.folder("SentItems", "RE: lunch?")
        self.assertEqual((reply["To"], reply["Cc"]), ("ann@fabrikam.com", None))
        self.assertEqual(reply["ConversationId"], first["ConversationId"])
        self.assertTrue(reply["BodyPreview"].startswith("Yes & please, 12+1 o'clock"))
        self.assertIn("<p>hungry</p>", reply["Body"])
        self.sb.post(path + "?comment=all&replyAll=true")
        everybody = [m for m in self.folder("SentItems", "RE: lunch?") if m["Id"] != reply["Id"]]
        self.assertEqual(everybody[0]["To"], "ann@fabrikam.com;bob@fabrikam.com")
        self.assertEqual(everybody[0]["Cc"], "cy@fabrikam.com")

    def test_reply_with_a_body(self):
        """Version 3: what is too long for an address travels in a body, as HTML."""
        original = self.sb.create("message", {"Subject": "plan", "From": "maya@fabrikam.com", "Cc": "lee@fabrikam.com"})
        path = "/v3" + mail_path(original["Id"], action="ReplyTo")
        text = "<p>%s</p>" % ("long " * 4000)
        self.assertStatus(self.sb.post(path, {"Body": text, "ReplyAll": True, "Importance": "High",
                                              "Attachments": [{"Name": "a.txt", "ContentBytes": "aGVsbG8="}]}), 200)
        sent, = self.folder("SentItems", "RE: plan")
        self.assertIn(text, sent["Body"])
        self.assertEqual((sent["To"], sent["Cc"], sent["Importance"]), ("maya@fabrikam.com", "lee@fabrikam.com", 2))
        self.assertEqual([file["Name"] for file in sent["Attachments"]], ["a.txt"])
        self.assertEqual(sent["ConversationId"], original["ConversationId"])
        self.assertStatus(self.sb.post(path, {"Body": "x", "ReplyAll": "yes"}), 400)
        self.assertStatus(self.sb.post(path, {"Boddy": "x"}), 400)
        self.assertStatus(self.sb.post("/v3" + mail_path("AAA=", action="ReplyTo"), {"Body": "x"}), 404)
        self.assertEqual(len(self.folder("SentItems", "RE: plan")), 1)

    def test_reply_refusals(self):
        first = self.sb.create("message", {"Subject": "x"})
        path = mail_path(first["Id"], action="ReplyTo")
        self.assertStatus(self.sb.post(path), 400)
        self.assertStatus(self.sb.post(path + "?comment="), 400)
        self.assertStatus(self.sb.post(path + "?comment=a&replyAll=maybe"), 400)
        self.assertStatus(self.sb.post(mail_path("none", action="ReplyTo") + "?comment=a"), 404)
        self.assertStatus(self.sb.post(path + "?comment=" + 9000 * "a"), 414)


if __name__ == "__main__":
    main()
