"""A mailbox of Microsoft Graph, mounted, for tests; read back from the service itself.

    class Example(GraphTest):
        def test_move(self):
            self.mailbox.path(...)                     # as of MountTest
            self.ask("/me/contacts/" + id)             # what Graph answers

When a mailbox is closed, the bodies of its requests must have kept the schema of Graph's types, too.
"""
import json
import os
import re
import unittest

from harness import Mailbox, MountTest, wait_for
from answers import check
from graph import IMMUTABLE, GraphSandbox

# What the body of an operation is, or the member of it that is of a type.
BODIES = {"CreateMessage": "message", "UpdateMessage": "message", "CreateContact": "contact", "UpdateContact": "contact",
          "CreateEvent": "event", "UpdateEvent": "event", "UpdateMailboxSettings": "mailboxSettings", "CreateMailFolder": "mailFolder",
          "CreateChildFolder": "mailFolder", "UpdateMailFolder": "mailFolder", "CreateContactFolder": "contactFolder",
          "CreateChildContactFolder": "contactFolder", "UpdateContactFolder": "contactFolder", "AddAttachment": "attachment"}
MESSAGES = {"CreateReply", "CreateReplyAll", "CreateForward"}


class GraphMailbox(Mailbox):
    SANDBOX = GraphSandbox

    def service(self):
        return "--service", "graph", "--url", self.sandbox.graph_url

    def create(self, kind, members, table=None):
        """Somebody else's new record, in Graph's words."""
        return self.edit(kind, None, create=members, **({"table": table} if table else {}))

    def edit(self, kind, id, **how):
        return self.sandbox.edit(kind, id, service="graph", **how)

    def check_requests(self):
        """Their bodies have kept the schema, too."""
        super().check_requests()
        if self.sandbox.process is None:
            return
        try:
            check(self.build_dir, "graph.schema.json", list(typed_bodies(self.sandbox.log())))
        except unittest.SkipTest:  # ./dev test installs what it takes
            pass


class PersonalMailbox(GraphMailbox):
    """Of an account that nobody administers."""
    def mount(self):
        self.sandbox.control("POST", "/option", {"service": "login", "account": "personal"})
        super().mount()


def typed_bodies(requests):
    """Lines for answers.check()."""
    for request in requests:
        body, operation = request.get("body"), request["operation"]
        if operation in MESSAGES and isinstance(body, dict):
            yield {"type": "message", "value": body.get("message", {}), "where": operation}
        elif operation in BODIES and isinstance(body, dict):
            for attachment in body.get("attachments") or ():  # each of a type of its own
                yield {"type": attachment["@odata.type"].rpartition(".")[2], "value": attachment, "where": operation}
            body = {name: value for name, value in body.items() if name != "attachments"}
            type = re.sub(r".*\.", "", body.get("@odata.type", "")) or BODIES[operation]
            yield {"type": type, "value": body, "where": operation}


class GraphTest(MountTest):
    MAILBOX = GraphMailbox
    OPTIONS = "writeback_delay=0"

    def ask(self, target):
        status, body = self.mailbox.sandbox.graph("GET", target, prefer=[IMMUTABLE])
        self.assertEqual(status, 200, body)
        return body

    def write(self, record, *parts):
        with open(self.mailbox.path(*parts), "w", encoding="utf-8") as file:
            json.dump(record, file)

    def change(self, path, **members):
        record = self.mailbox.json(path)
        record.update(members)
        self.write(record, path)
        self.mailbox.sync()

    def first(self, folder):
        return folder + "/" + min(name for name in os.listdir(self.mailbox.path(folder)) if name.endswith(".json"))

    def send(self, record, directory, name):
        """Puts a file into the outbox and waits until it is done with."""
        self.write(record, "outbox", directory, name)
        wait_for(lambda: name in os.listdir(self.mailbox.path("outbox/sent")), "%s is in sent/" % name)
