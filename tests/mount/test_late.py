"""The service goes on with a request whose sender is dead: what it makes late is not made twice."""
import json
import os

from harness import MountTest, main, wait_for

# ms until the service does the work, whoever still listens: over before a restarted mount may look for what was made
LATE = 2000
NEW = {
    "Contact": ("contacts/Contacts", "contact", {"GivenName": "Late", "HomePhones": []}, "GivenName"),
    "Calendar": ("calendars/Calendar", "event", {"Subject": "Late", "Start": "2026-12-01T10:00:00",
                                                  "End": "2026-12-01T11:00:00"}, "Subject"),
}


class Late(MountTest):
    SEED = "contacts=3,events=3,messages=1"
    OPTIONS = "writeback_delay=0"

    def under_way(self):
        """The fault has been taken: the request is being worked on."""
        wait_for(lambda: not self.mailbox.sandbox.control("GET", "/fault"), "the request has arrived")

    def made(self, kind, member):
        return [r for r in self.mailbox.sandbox.records(kind) if r[member] == "Late"]

    def save_and_kill(self, operation):
        folder, kind, record, member = NEW[operation]
        self.mailbox.fault(operation=operation + "PostItem", delay=LATE)
        path = self.mailbox.path(folder, "late.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(record, file)
        self.under_way()
        self.mailbox.kill9()
        self.assertEqual(self.made(kind, member), [])
        self.mailbox.mount()
        return path

    def test_made_while_the_mount_was_killed(self):
        for operation in NEW:
            with self.subTest(operation):
                mark = self.mailbox.mark()
                path = self.save_and_kill(operation)
                self.mailbox.sync()
                _, kind, _, member = NEW[operation]
                self.assertEqual(len(self.made(kind, member)), 1)
                self.assertEqual(len(self.mailbox.requests(operation + "PostItem", since=mark)), 1)
                self.assertEqual(os.getxattr(path, "user.outlook.state"), b"synced")
                os.unlink(path)
                self.mailbox.sync()

    def test_removed_before_it_is_made(self):
        for operation in NEW:
            with self.subTest(operation):
                os.unlink(self.save_and_kill(operation))
                self.mailbox.sync()
                _, kind, _, member = NEW[operation]
                self.assertEqual(self.made(kind, member), [])


if __name__ == "__main__":
    main()
