"""Tests of what is the same over both services are written in the connector's words; over Graph they are translated here.

    @over_both
    class Example(MountTest):
        def test_edit(self):
            text = self.mailbox.read(FOLDER, name)                          # the service's own
            text = re.sub(self.mailbox.say('"NickName": .*'), ...)          # what a text says, in its words; run() does it itself
            self.assertEqual(self.mailbox.json(FOLDER, name)["NickName"], "x")
            self.assertEqual(self.mailbox.writes(), [("ContactPatchItem", id)])

The class runs as Example, and as ExampleGraph over Graph, whose requests must have kept the contract.
"""
import json
import re
import sys
from urllib.parse import unquote

from graph_mount import GraphMailbox

OPERATIONS = {"CreateContact": "ContactPostItem", "UpdateContact": "ContactPatchItem", "DeleteContact": "ContactDeleteItem",
              "UpdateMessage": "MarkAsRead", "MoveMessage": "DeleteEmail",
              "CreateEvent": "CalendarPostItem", "UpdateEvent": "CalendarPatchItem", "DeleteEvent": "CalendarDeleteItem"}
IN_GRAPH = {connector: graph for graph, connector in OPERATIONS.items()}
MEMBER = re.compile(r'"([A-Z]\w*)"(?=\s*[:=])')  # of an object, or what jq assigns to


def renamed(value, change):
    """The same with other names of members."""
    if isinstance(value, dict):
        return {change(name): renamed(member, change) for name, member in value.items()}
    return [renamed(one, change) for one in value] if isinstance(value, list) else value


def say(value):
    """In Graph's words: members of objects, and in texts of them."""
    def lower(name):
        return name[0].lower() + name[1:]

    if isinstance(value, str):
        return MEMBER.sub(lambda found: '"%s"' % lower(found.group(1)), value)
    return renamed(value, lower)


def hear(value):
    """In the connector's words."""
    return renamed(value, lambda name: name[0].upper() + name[1:])


def heard(line):
    """A request about a record, as the connector's log would have it."""
    if line["operation"] not in OPERATIONS:
        return line
    id = unquote(line["path"].rpartition("/")[2]) if line["method"] != "POST" else None
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
    graph = type(name, (cls,), {"MAILBOX": TranslatedMailbox, "__module__": cls.__module__})
    setattr(sys.modules[cls.__module__], name, graph)
    graph.setUpClass = classmethod(set_up)
    return cls


def set_up(cls):
    """That of the class it was made of, and a look at the requests in the end."""
    cls.__base__.setUpClass.__func__(cls)
    cls.addClassCleanup(cls.mailbox.check_requests)
