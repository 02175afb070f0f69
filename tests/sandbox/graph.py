"""The sandbox's Graph and login faces for tests.

    class TestX(GraphTest):                       # a sandbox a class; every answer of Graph is checked by ajv when it ends
        status, body = self.graph("GET", "/me/mailFolders", prefer=[IMMUTABLE])
        link = self.graph("GET", body["@odata.nextLink"])
        self.login("POST", "/organizations/oauth2/v2.0/token", grant_type=..., ...)
        self.control({"approve": code})           # POST /_sandbox/login

Without node, or the packages of tests/node in the build directory, the checks by programs of others are skipped.
"""
import json
import os
import re
import shutil
import subprocess
import unittest
import urllib.parse

import sandbox
from answers import check
from sandbox import Sandbox, SandboxTest

IMMUTABLE = 'IdType="ImmutableId"'
CLIENT = "2c7fd5a1-6b0e-4d53-9a8e-0c4f1e7b9d26"
SCOPES = "offline_access User.Read Mail.ReadWrite Mail.Send Contacts.ReadWrite Calendars.ReadWrite MailboxSettings.ReadWrite"
TYPES = {"mailFolders": "mailFolder", "messages": "message", "contacts": "contact", "contactFolders": "contactFolder", "calendars": "calendar",
         "events": "event", "events/instances": "event", "calendarView": "event", "messages/attachments": "attachment",
         "mailboxSettings": "mailboxSettings", "mailboxSettings/automaticRepliesSetting": "automaticRepliesSetting"}
WITHOUT_A_TYPE = {"calendarGroups", "contacts/photo", "users", "microsoft.graph.uploadSession", "Collection(microsoft.graph.convertIdResult)"}


def typed(value):
    """[(definition, object)] of an answer."""
    context = re.sub(r"/\$entity$", "", value.get("@odata.context", "").partition("#")[2])
    what = re.sub(r"^users\('[^']*'\)/", "", context)
    if what in WITHOUT_A_TYPE:
        return []
    if "responses" in value:
        return [pair for one in value["responses"] if isinstance(one.get("body"), dict) and "error" not in one["body"] for pair in typed(one["body"])]
    entities = value["value"] if "value" in value else [value]
    pairs = []
    for one in entities:
        if isinstance(one.get("item"), dict):  # of a type of its own; the schema knows the base type only
            pairs.append((one["item"]["@odata.type"].rpartition(".")[2], one["item"]))
            one = {**one, "item": None}
        pairs.append((one.get("@odata.type", "." + TYPES[what]).rpartition(".")[2], one))
    return pairs


class GraphSandbox(Sandbox):
    def start(self):
        super().start()
        self.graph_url, self.login_url = (self.process.stdout.readline().split()[1] for _ in range(2))
        self.answers = []
        self.access = self.control("POST", "/login", {"token": SCOPES})["access_token"]

    def graph(self, method, target, body=None, prefer=(), token=None, headers=(), raw=False):
        """(status, JSON or bytes); `target` below /v1.0, or a link."""
        target = target.partition("://")[2].partition("/")[2].join(("/", "")) if "://" in target else "/v1.0" + target
        fields = {"Authorization": "Bearer " + (token or self.access), **dict(headers)}
        if prefer:
            fields["Prefer"] = ", ".join(prefer)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        if body is None and method == "POST":
            body = b""
        self.last = self._send(method, target, body, fields)
        if raw or not self.last.body or not self.last.headers.get("Content-Type", "").startswith("application/json"):
            return self.last.status, self.last.body
        value = self.last.json()
        if self.last.status < 300:
            self.answers += [{"type": type, "value": one, "where": "%s %s" % (method, target[:100])} for type, one in typed(value)]
        return self.last.status, value

    def login(self, path, **form):
        """A form for the login server; (status, JSON)."""
        answer = self._send("POST", path, urllib.parse.urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        return answer.status, answer.json()


class GraphTest(SandboxTest):
    @classmethod
    def setUpClass(cls):
        cls.sb = GraphSandbox(cls.build_dir, *cls.OPTIONS)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.check_answers()

    @classmethod
    def check_answers(cls):
        """Every answer of Graph against the schema, by ajv."""
        check(cls.build_dir, "graph.schema.json", cls.sb.answers)

    def graph(self, *arguments, expect=None, **more):
        """The body of an answer with the status that is expected (any below 300 by default)."""
        status, body = self.sb.graph(*arguments, **more)
        if expect is None:
            self.assertLess(status, 300, body)
        else:
            self.assertEqual(status, expect, body)
        return body

    def refuses(self, status, code, *arguments, **more):
        body = self.graph(*arguments, expect=status, **more)
        self.assertEqual(body["error"]["code"], code)
        return body["error"]

    def walk(self, link, **more):
        """(entries, the last page) of a list or a delta, page by page."""
        entries = []
        for _ in range(1000):
            page = self.graph("GET", link, **more)
            entries += page["value"]
            if "@odata.nextLink" not in page:
                return entries, page
            link = page["@odata.nextLink"]
        raise AssertionError("a list without an end")


main = sandbox.main
