"""Ids that are no file names, and ids that are called as files made here: every record has a file, and every file one record."""
import json
import os

from gateway import GatewayTest
from harness import main, wait_for
from records import CONTACTS, INBOX

ODD = ["a/b", "/", "..", ".hidden", "~tilde", "#hash", "100%", "a%2Fb", "new\nline", "tab\tbell\x07", "quo\"te", "back\\slash",
       "\u00e9t\u00e9 \u4e2d", "\x85next", "x.json", "A" * 250, "B" * 251, "B" * 252 + "/", "/" * 200, "\u00fc" * 200, " ", "a:2,S"]


class IdTest(GatewayTest):
    SEED = "contacts=40,events=2,messages=40"
    OPTIONS = "writeback_delay=600,list_ttl=0"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.real = {"contact": [name.removesuffix(".json") for name in cls.mailbox.contacts()]}

    def tearDown(self):
        self.gateway.ids.clear()

    def rename(self, kind, ids, records=None):
        """The first records of the kind have these ids."""
        for real, shown in zip(records or self.real[kind], ids):
            self.gateway.ids[real] = shown
        self.mailbox.remount(fresh_state=True, fresh_cache=True)

    def by_id(self, folder):
        """The names of all records, by their ids."""
        names = [name for name in os.listdir(self.mailbox.path(folder)) if name.endswith(".json")]
        self.assertEqual(len(names), len(set(names)))
        return {self.mailbox.xattr("id", folder, name): name for name in names}

    def write(self, path, obj):
        with open(self.mailbox.path(path), "w", encoding="utf-8") as file:
            json.dump(obj, file)


class Odd(IdTest):
    def test_every_record_has_a_file(self):
        self.rename("contact", ODD)
        names = self.by_id(CONTACTS)
        self.assertEqual(len(names), len(self.real["contact"]))
        self.assertLessEqual(set(ODD), set(names))
        self.assertEqual(names["a/b"], "a%2Fb.json")
        self.assertEqual(names["A" * 250], "A" * 250 + ".json")
        for id, name in names.items():
            self.assertLessEqual(len(os.fsencode(name)), 255)
            self.assertEqual(self.mailbox.json(CONTACTS, name)["Id"], id)
            self.assertFalse(any(c < " " for c in name), name)

    def test_it_is_addressed_by_its_id(self):
        """But for an id that is a segment of dots, which no URL can have, each can be edited and removed."""
        self.rename("contact", ODD)
        names = self.by_id(CONTACTS)
        for id in ODD:
            if id == "..":
                continue
            with self.subTest(id=id):
                real = next(real for real, shown in self.gateway.ids.items() if shown == id)
                path = CONTACTS + "/" + names[id]
                self.write(path, dict(self.mailbox.json(path), NickName="named " + str(len(id))))
                self.mailbox.sync()
                self.assertEqual(self.mailbox.record("contact", real)["NickName"], "named " + str(len(id)))
                self.assertEqual(self.mailbox.json(path)["Id"], id)
        for id in ("a/b", "B" * 251):
            real = next(real for real, shown in self.gateway.ids.items() if shown == id)
            os.unlink(self.mailbox.path(CONTACTS, names[id]))
            self.mailbox.sync()
            self.assertIsNone(self.mailbox.record("contact", real))

    def test_names_stay_over_a_remount(self):
        self.rename("contact", ODD)
        names = self.by_id(CONTACTS)
        self.mailbox.remount()
        for id, name in names.items():
            self.assertEqual(self.mailbox.json(CONTACTS, name)["Id"], id)

    def test_messages_their_attachments_and_exports(self):
        carriers = [record["Id"] for record in self.mailbox.sandbox.records("message", "Inbox") if record.get("Attachments")]
        ids = ["a/b", ".x", "B" * 300]
        self.assertGreaterEqual(len(carriers), len(ids))
        self.rename("message", ids, carriers)
        names = self.by_id(INBOX)
        for id in ids:
            with self.subTest(id=id[:10]):
                stem = names[id].removesuffix(".json")[:200]
                [directory] = [name for name in os.listdir(self.mailbox.path(INBOX))
                               if name.endswith(".attachments") and name.startswith(stem)]
                files = os.listdir(self.mailbox.path(INBOX, directory))
                self.assertTrue(files)
                for file in files:
                    self.assertTrue(os.path.isfile(self.mailbox.path(INBOX, directory, file)))
        exported = os.listdir(self.mailbox.path("export", INBOX))
        self.assertEqual(len([name for name in exported if name.endswith(".eml")]), len(names))
        for directory in ("export/" + INBOX, "export/" + INBOX + "/cur", "views/" + INBOX + "/by-date"):
            self.mailbox.run(["grep", "-Rc", "", self.mailbox.path(directory)])


class Taken(IdTest):
    """A file made here has the name of an id that the service gives later."""

    def setUp(self):
        super().setUp()
        self.rename("contact", [])
        self.write(CONTACTS + "/c1.json", {"GivenName": "Made", "Surname": "Here", "DisplayName": "Made Here"})
        self.mailbox.sync()
        self.mine = self.mailbox.xattr("id", CONTACTS, "c1.json")
        self.other = next(real for real in self.real["contact"] if self.mailbox.record("contact", real))
        self.gateway.ids[self.other] = "c1"
        wait_for(lambda: "c1" in self.by_id(CONTACTS), "the other record is listed")
        self.names = self.by_id(CONTACTS)

    def tearDown(self):
        if self.mailbox.record("contact", self.mine):
            self.mailbox.edit("contact", self.mine, delete=True)
        super().tearDown()

    def test_two_records_two_names(self):
        self.assertEqual(self.names[self.mine], "c1.json")
        self.assertEqual(self.names["c1"], "%631.json")
        target = [os.readlink(os.path.join(self.mailbox.path("views", CONTACTS, "by-name"), name))
                  for name in os.listdir(self.mailbox.path("views", CONTACTS, "by-name"))]
        self.assertEqual(len([name for name in target if name.endswith("/%631.json")]), 1)
        self.assertEqual(len([name for name in target if name.endswith("/c1.json")]), 1)
        self.mailbox.remount()
        self.assertEqual(self.by_id(CONTACTS), self.names)

    def test_each_is_edited_and_removed_for_itself(self):
        for name, id in (("c1.json", self.mine), ("%631.json", self.other)):
            self.write(CONTACTS + "/" + name, dict(self.mailbox.json(CONTACTS, name), NickName=name))
            self.mailbox.sync()
            self.assertEqual(self.mailbox.record("contact", id)["NickName"], name)
        os.unlink(self.mailbox.path(CONTACTS, "%631.json"))
        self.mailbox.sync()
        self.assertIsNone(self.mailbox.record("contact", self.other))
        self.assertEqual(self.mailbox.record("contact", self.mine)["NickName"], "c1.json")
        self.assertEqual(self.by_id(CONTACTS).get(self.mine), "c1.json")

    def test_the_plain_name_is_free_again(self):
        os.unlink(self.mailbox.path(CONTACTS, "c1.json"))
        self.mailbox.sync()
        wait_for(lambda: self.by_id(CONTACTS)["c1"] == "c1.json", "the plain name")
        wait_for(lambda: not os.path.exists(self.mailbox.path(CONTACTS, "%631.json")), "the kernel has forgotten the other one")

    def test_a_name_that_was_not_given(self):
        """Another spelling is no second name of a record."""
        id = next(id for id in self.names if id not in ("c1", self.mine))
        self.assertFalse(os.path.exists(self.mailbox.path(CONTACTS, "%%%02X%s.json" % (ord(id[0]), id[1:]))))


if __name__ == "__main__":
    main()
