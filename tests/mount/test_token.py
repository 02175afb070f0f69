"""A token that is refused, and then written anew: what waits goes out without anybody asking."""
import json
import os

from harness import TOKEN, MountTest, main, wait_for


class NewToken(MountTest):
    SEED = "contacts=3,events=1,messages=2"
    OPTIONS = "writeback_delay=0,send_delay=0,list_ttl=0"

    def refuse(self):
        """Nothing but 401 from now on."""
        self.mailbox.fault(status=401, count=0)

    def write_token(self, how):
        """Either way programs write a file."""
        path = self.mailbox.token_file + (".new" if how == "renamed" else "")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        if how == "renamed":
            os.rename(path, self.mailbox.token_file)

    def refused(self, mark):
        return [r for r in self.mailbox.requests(since=mark) if r["status"] == 401]

    def test_a_refused_token_is_asked_with_once(self):
        """By whoever comes first; the log has a line when it begins and one when it ends, and an idle mount notices the new one."""
        self.assertEqual(len(os.listdir(self.mailbox.path("mail/Inbox"))) > 0, True)
        mark = self.mailbox.mark()
        before = self.mailbox.read(".outlookfs", "log").count("authorised")
        self.refuse()
        for _ in range(40):
            self.mailbox.run(["ls", self.mailbox.path("mail/Inbox")])
        self.assertLessEqual(len(self.refused(mark)), 2)
        self.assertFalse(self.mailbox.status()["authorised"])
        self.mailbox.sandbox.clear_faults()
        self.write_token("renamed")
        wait_for(lambda: self.mailbox.status()["authorised"], "noticed", 3)
        self.assertEqual(self.mailbox.read(".outlookfs", "log").count("authorised") - before, 2)

    def test_goes_on_by_itself(self):
        for how, name in zip(("in place", "renamed"), self.mailbox.contacts()):
            with self.subTest(how):
                path = self.mailbox.path("contacts/Contacts", name)
                text = json.loads(self.mailbox.read("contacts/Contacts", name))
                mark = self.mailbox.mark()
                self.refuse()
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(dict(text, NickName=how), file)
                mail = self.mailbox.path("outbox/send", how.replace(" ", "") + ".json")
                with open(mail, "w", encoding="utf-8") as file:
                    json.dump({"To": "bob@contoso.com", "Subject": how, "Body": "x"}, file)
                wait_for(lambda: self.refused(mark) and not self.mailbox.status()["authorised"], "not authorised")
                self.mailbox.sandbox.clear_faults()
                self.write_token(how)
                wait_for(lambda: self.mailbox.record("contact", name[:-5])["NickName"] == how, "the contact is saved")
                wait_for(lambda: not os.path.exists(mail), "the mail is sent")


if __name__ == "__main__":
    main()
