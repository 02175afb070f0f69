"""A mailbox that is not enabled (MailboxNotEnabledForRESTAPI): nothing goes, and status says what it is."""
import json
import os

from harness import main, wait_for
from graph_mount import GraphTest

BODY = json.dumps({"error": {"code": "MailboxNotEnabledForRESTAPI", "message": "REST API is not yet supported for this mailbox."}})
FOLDERS = ("mail", "mail/Inbox", "mail/Sent Items", "contacts/Contacts", "calendars/Calendar")


class NotEnabled(GraphTest):
    OPTIONS = "writeback_delay=0,list_ttl=0"

    def listed(self):
        return {folder: sorted(os.listdir(self.mailbox.path(folder))) for folder in FOLDERS}

    def test_nothing_goes_and_status_says_mailbox(self):
        before = self.listed()
        texts = {folder: self.mailbox.read(self.first(folder)) for folder in FOLDERS[1:]}
        self.mailbox.fault(service="graph", status=404, count=0, body=BODY)
        for _ in range(3):
            for folder in FOLDERS:
                try:
                    self.assertEqual(sorted(os.listdir(self.mailbox.path(folder))), before[folder])
                except OSError:
                    pass  # what is asked for and refused may say so
        for folder, text in texts.items():
            self.assertEqual(self.mailbox.read(folder, min(name for name in before[folder] if name.endswith(".json"))), text)
        status = self.mailbox.tell().stdout
        self.assertIn("mailbox", status.lower())
        self.assertIn("MailboxNotEnabledForRESTAPI", self.mailbox.status()["no_mailbox"])
        self.mailbox.sandbox.clear_faults()
        wait_for(lambda: self.listed() == before and "no_mailbox" not in self.mailbox.status(), "all is well again")


class Doctor(GraphTest):
    def test_what_the_account_can_do(self):
        config = os.path.join(self.mailbox.dir, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write("[home]\nservice = graph\nurl = %s\ntoken-file = %s\n" % (self.mailbox.sandbox.graph_url, self.mailbox.token_file))
        done = self.mailbox.run([self.mailbox.program, "doctor", "--json", "--config", config, "home"], check=False)
        links = {link["link"]: link["text"] for link in json.loads(done.stdout)["links"]}
        self.assertIn("outbox/forward/", links["forwarding"])
        self.assertIn("not with this service", links["questions"])
        self.assertIn("found out", links["sending"])


if __name__ == "__main__":
    main()
