"""The service goes on with a request whose sender is dead: what it makes late is not made twice."""
import json
import os

from both import over_both
from harness import MountTest, main, wait_for

# ms until the service does the work, whoever still listens: over before a restarted mount may look for what was made
LATE = 2000
NEW = {
    "Contact": ("contacts/Contacts", "contact", {"GivenName": "Late", "HomePhones": []}, "GivenName"),
    "Calendar": ("calendars/Calendar", "event", {"Subject": "Late", "Start": "2026-12-01T10:00:00",
                                                  "End": "2026-12-01T11:00:00"}, "Subject"),
}


@over_both
class Late(MountTest):
    SEED = "contacts=3,events=3,messages=1"
    OPTIONS = "writeback_delay=0"

    def made(self, kind, member):
        return [r for r in self.mailbox.records(kind) if r[member] == "Late"]

    def await_late(self):
        """What the service has taken from the killed mount is done."""
        for operation in NEW:
            wait_for(lambda: [r for r in self.mailbox.requests(operation + "PostItem", since=self.mark) if r["ms"] >= LATE], "done late")

    def save_and_kill(self):
        """The paths, once the service works on each and the mount has been started again."""
        self.mark = self.mailbox.mark()
        paths = []
        for operation, (folder, _, record, _) in NEW.items():
            self.mailbox.fault(operation=operation + "PostItem", delay=LATE)
            paths.append(self.mailbox.path(folder, "late.json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump(self.mailbox.say(record), file)
        wait_for(lambda: not self.mailbox.sandbox.control("GET", "/fault"), "both requests have arrived")
        self.mailbox.kill9()
        for _, kind, _, member in NEW.values():
            self.assertEqual(self.made(kind, member), [])
        self.mailbox.mount()
        return paths

    def test_made_while_the_mount_was_killed(self):
        paths = self.save_and_kill()
        self.mailbox.sync()
        self.await_late()
        for path, (operation, (_, kind, _, member)) in zip(paths, NEW.items()):
            with self.subTest(operation):
                self.assertEqual(len(self.made(kind, member)), 1)
                self.assertEqual(len(self.mailbox.requests(operation + "PostItem", since=self.mark)), 1)
                self.assertEqual(os.getxattr(path, "user.outlook.state"), b"synced")
                os.unlink(path)
        self.mailbox.sync()

    def test_removed_before_it_is_made(self):
        for path in self.save_and_kill():
            os.unlink(path)
        self.mailbox.sync()
        self.await_late()
        for operation, (_, kind, _, member) in NEW.items():
            with self.subTest(operation):
                self.assertEqual(self.made(kind, member), [])


if __name__ == "__main__":
    main()
