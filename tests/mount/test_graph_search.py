"""search/ on Graph: $search for mail, OData filters in Graph's words."""
import errno
import os

from harness import main
from graph_mount import GraphTest


class Search(GraphTest):
    SEED = "contacts=25,events=12,messages=300"

    def found(self, *parts):
        """The ids a search finds."""
        directory = self.mailbox.path("search", *parts)
        return sorted(os.path.basename(os.readlink(os.path.join(directory, name)))[:-len(".json")] for name in os.listdir(directory))

    def asked(self, target):
        return sorted(one["id"] for one in self.ask(target)["value"])

    def truncated(self, *parts):
        try:
            return self.mailbox.xattr("truncated", "search", *parts)
        except OSError as error:
            self.assertEqual(error.errno, errno.ENODATA)
            return None

    def test_more_than_the_service_gives(self):
        everything = "received>=2000-01-01"
        self.assertEqual(len(self.found("mail/Inbox", everything)), 250)
        self.assertEqual(self.truncated("mail/Inbox", everything), "1")
        self.assertEqual(len(self.found("mail/Inbox", everything + ";top=20")), 20)
        self.assertIsNone(self.truncated("mail/Inbox", everything + ";top=20"))
        unread = self.found("mail/Inbox", everything + " is:unread")
        self.assertTrue(0 < len(unread) < 250)
        self.assertEqual(self.truncated("mail/Inbox", everything + " is:unread"), "1")

    def test_few(self):
        for query, search in (("subject:Everything", "subject:Everything"), ("Everything at once", "Everything at once"),
                              ('"at once"', '\\"at once\\"')):
            with self.subTest(query):
                self.assertEqual(self.found("mail/Inbox", query), self.asked("/me/mailFolders/inbox/messages?$search=%22" + search.replace(
                    " ", "%20").replace("\\", "%5C").replace('"', "%22") + "%22&$top=250"))
                self.assertIsNone(self.truncated("mail/Inbox", query))
        self.assertEqual(self.found("mail/Inbox", "subject:nothingofthekind"), [])

    def test_unread(self):
        unread = self.asked("/me/mailFolders/inbox/messages?$filter=isRead%20eq%20false&$top=1000")
        self.assertEqual(self.found("mail/Inbox", "is:unread"), unread)
        self.assertIsNone(self.truncated("mail/Inbox", "is:unread"))
        both = self.found("mail/Inbox", "from:sam is:unread")
        self.assertTrue(set(both) <= set(unread))
        self.assertEqual(both, sorted(set(self.found("mail/Inbox", "from:sam")) & set(unread)))

    def test_filters_have_graph_s_names(self):
        for directory, query in (("contacts/Contacts", "startswith(surname,'S')"), ("contacts/Contacts", "startswith(givenName,'A');orderby=givenName desc"),
                                 ("contacts/Contacts", "emailAddresses%2Fany(a:a%2Faddress eq 'x@example.com')"),
                                 ("calendars/Calendar", "showAs eq 'busy'"), ("calendars/Calendar", "start%2FdateTime ge '2026-01-01'"),
                                 ("calendars/Calendar", "contains(subject,'e');top=3")):
            with self.subTest(query):
                where = {"contacts/Contacts": "contactFolders/contacts/contacts", "calendars/Calendar": "calendar/events"}[directory]
                filter = query.partition(";")[0].replace("%2F", "/").replace(" ", "%20").replace("'", "%27")
                theirs = self.asked("/me/%s?$top=500&$filter=%s" % (where, filter))
                ours = self.found(directory, query)
                self.assertEqual(ours, theirs if "top=" not in query else [id for id in theirs if id in ours])
                self.assertIsNone(self.truncated(directory, query))

    def test_the_connector_s_names_are_refused_with_the_reason(self):
        path = self.mailbox.path("search/contacts/Contacts/Surname eq 'Ng'")
        self.assertErrno(errno.EINVAL, os.listdir, path)
        self.assertIn("Surname", self.mailbox.xattr("error", path))


if __name__ == "__main__":
    main()
