"""Tests of what is the same over both services are written in the connector's words; over Graph they are translated here.

    @over_both
    class Example(MountTest):
        def test_edit(self):
            text = self.mailbox.read(FOLDER, name)                          # the service's own
            text = re.sub(self.mailbox.say('"NickName": .*'), ...)          # what a text says, in its words; run() does it itself
            self.assertEqual(self.mailbox.json(FOLDER, name)["NickName"], "x")
            self.assertEqual(self.mailbox.writes(), [("ContactPatchItem", id)])

The class runs as Example, and as ExampleGraph over Graph.
"""
import json
import re
import sys
from urllib.parse import unquote

from graph_mount import GraphMailbox

OPERATIONS = {"CreateContact": "ContactPostItem", "UpdateContact": "ContactPatchItem", "DeleteContact": "ContactDeleteItem",
              "ContactsDelta": "ContactGetItems", "GetContact": "ContactGetItem",
              "CreateEvent": "CalendarPostItem", "UpdateEvent": "CalendarPatchItem", "DeleteEvent": "CalendarDeleteItem",
              "ListEvents": "CalendarGetItems", "GetEvent": "CalendarGetItem",
              "UpdateMessage": "MarkAsRead", "MoveMessage": "DeleteEmail", "MessagesDelta": "GetEmails", "GetMessage": "GetEmail",
              "GetAttachmentContent": "GetAttachment",
              "SendDraft": "SendEmail", "CreateReplyAll": "ReplyTo", "CreateReply": "ReplyTo"}
IN_GRAPH = {connector: graph for graph, connector in OPERATIONS.items()}
MEMBER = re.compile(r'"([A-Z]\w*)(?=\\?"\s*[:=])')  # of an object, or what jq assigns to
RECORD = re.compile(r"/(?:contacts|events|messages)/(?!delta$)([^/]+)")


def lower(name):
    return name[0].lower() + name[1:]


def upper(name):
    return name[0].upper() + name[1:]


def address(text):
    return {"emailAddress": {"address": text}}


# A member that has another name, or its value another form: (name in Graph, there, back).
TIME = lambda time: {"dateTime": time[:19], "timeZone": "UTC"}, lambda time: time["dateTime"][:19] + "+00:00"
PEOPLE = (lambda text: [address(one) for one in text.split(";")],
          lambda ones: ";".join(one["emailAddress"]["address"] for one in ones))
FORMS = {
    "Start": ("start", *TIME), "End": ("end", *TIME),
    "Importance": ("importance", lower, upper), "ShowAs": ("showAs", lower, upper), "Sensitivity": ("sensitivity", lower, upper),
    "Body": ("body", lambda html: {"contentType": "html", "content": html}, lambda body: body["content"]),
    "From": ("from", address, lambda one: one["emailAddress"]["address"]),
    "To": ("toRecipients", *PEOPLE), "Cc": ("ccRecipients", *PEOPLE),
    "DateTimeReceived": ("receivedDateTime", str, str),
    "ContentBytes": ("contentBytes", str, str),
}
FORMS_BACK = {graph: (name, back) for name, (graph, _, back) in FORMS.items()}


def say(value):
    """In Graph's words: members of objects, and in texts of them."""
    if isinstance(value, str):
        return MEMBER.sub(lambda found: '"%s' % FORMS.get(found.group(1), [lower(found.group(1))])[0], value)
    return said(value)


def said(value):
    if isinstance(value, list):
        return [said(one) for one in value]
    if not isinstance(value, dict):
        return value
    record = {"@odata.type": "#microsoft.graph.fileAttachment"} if "ContentBytes" in value else {}
    for name, member in value.items():
        graph, there, _ = FORMS.get(name, (lower(name), said, None))
        record[graph] = there(member) if isinstance(member, str) else said(member)
    return record


def hear(value):
    """In the connector's words."""
    if isinstance(value, list):
        return [hear(one) for one in value]
    if not isinstance(value, dict):
        return value
    record = {}
    for graph, member in value.items():
        name, back = FORMS_BACK.get(graph, (upper(graph), hear))
        record[name] = back(member) if member is not None else None
    return record


def heard(line):
    """A request about a record, as the connector's log would have it."""
    if line["operation"] not in OPERATIONS:
        return line
    record = RECORD.search(line["path"])
    id = unquote(record.group(1)) if record else None
    return {**line, "operation": OPERATIONS[line["operation"]], "id": id, "body": hear(line["body"])}


class TranslatedMailbox(GraphMailbox):
    say, hear = staticmethod(say), staticmethod(hear)

    def run(self, command, *more, **others):
        return super().run(say(command) if isinstance(command, str) else [say(word) for word in command], *more, **others)

    def json(self, *parts):
        return hear(json.loads(self.read(*parts)))

    def record(self, kind, id):
        return hear(self.sandbox.record(kind, id, service="graph"))

    def records(self, kind, table=None):
        return hear(self.sandbox.records(kind, table, service="graph"))

    def create(self, kind, members, table=None):
        return hear(super().create(kind, say(members), table))

    def edit(self, kind, id, **how):
        return hear(super().edit(kind, id, **say(how)))

    def fault(self, **fault):
        operation = fault.get("operation")
        return super().fault(**{**fault, "operation": IN_GRAPH.get(operation, operation)} if operation else fault)

    def requests(self, operation=None, since=0):
        return [line for line in map(heard, super().requests(since=since)) if operation in (None, line["operation"])]

    def writes(self, since=0):
        return [write for write in super().writes(since) if write[0] != "Batch"]


def over_both(cls):
    """The class, with one beside it that runs the same tests over Graph."""
    name = cls.__name__ + "Graph"
    setattr(sys.modules[cls.__module__], name, type(name, (cls,), {"MAILBOX": TranslatedMailbox, "__module__": cls.__module__}))
    return cls
