#!/usr/bin/env python3
"""A person who is renamed is called by the new name, unless somebody wrote another one."""
import json

from both import over_both
from harness import MountTest, main


@over_both
class Renamed(MountTest):
    SEED = "contacts=4,events=0,messages=1"
    OPTIONS = "writeback_delay=1"

    def rename(self, path, old, new):
        self.mailbox.run(["sed", "-i", 's/"%s": .*/"%s": "%s",/' % (old, old, new), self.mailbox.path(path)])
        self.mailbox.sync()

    def new(self, **contact):
        name = "contacts/Contacts/%s.json" % self.id().rsplit(".", 1)[-1]
        with open(self.mailbox.path(name), "w", encoding="utf-8") as file:
            json.dump(self.mailbox.say(contact), file, indent=1)
        self.mailbox.sync()
        return name, self.mailbox.xattr("id", name)

    def test_the_example_of_the_manual(self):
        name = self.mailbox.contacts()[0]
        surname = self.mailbox.record("contact", name[:-5])["Surname"]
        self.rename("contacts/Contacts/" + name, "GivenName", "Jane")
        self.assertEqual(self.mailbox.record("contact", name[:-5])["DisplayName"], "Jane " + surname)
        self.mailbox.shows(lambda contact: contact["DisplayName"] == "Jane " + surname, "contacts/Contacts", name)

    def test_what_is_filed_follows(self):
        path, id = self.new(GivenName="Jane", Surname="Doe", DisplayName="Jane Doe", FileAs="Doe, Jane")
        self.rename(path, "Surname", "Roe")
        record = self.mailbox.record("contact", id)
        self.assertEqual((record["DisplayName"], record["FileAs"]), ("Jane Roe", "Roe, Jane"))

    def test_what_somebody_wrote_stays(self):
        path, id = self.new(GivenName="Jane", Surname="Doe", DisplayName="The boss", FileAs="Boss")
        self.rename(path, "Surname", "Roe")
        record = self.mailbox.record("contact", id)
        self.assertEqual((record["DisplayName"], record["FileAs"]), ("The boss", "Boss"))


if __name__ == "__main__":
    main()
