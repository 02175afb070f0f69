"""Scopes: which resource a list of them asks for, and which of its permissions.

    asked = read_scopes("offline_access Mail.Read")      # raises a Refusal: unknown, malformed, of two resources
    asked.resource == GRAPH; asked.names == ["Mail.Read"]; asked.offline; asked.openid

A short name is one of Graph's; any may be written with its resource in front. `.default` stands for all that a client has.
"""
from dataclasses import dataclass

from .errors import aadsts

GRAPH, APIHUB = "https://graph.microsoft.com", "https://apihub.azure.com"
OPENID = {"openid", "profile", "email", "offline_access"}
DEFAULT = ".default"
GRAPH_NAMES = {name: None for name in (
    "User.Read", "Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send", "Mail.Read.Shared", "Mail.ReadWrite.Shared",
    "Mail.Send.Shared", "Contacts.Read", "Contacts.ReadWrite", "Contacts.Read.Shared", "Contacts.ReadWrite.Shared", "Calendars.Read",
    "Calendars.ReadWrite", "Calendars.Read.Shared", "Calendars.ReadWrite.Shared", "MailboxSettings.Read", "MailboxSettings.ReadWrite",
    "People.Read", "Tasks.Read", "Tasks.ReadWrite")}
NAMES = {GRAPH: list(GRAPH_NAMES), APIHUB: ["user_impersonation"]}


@dataclass
class Scopes:
    resource: str
    names: list  # permissions of the resource, without `.default`
    openid: list  # of OPENID
    text: list  # those of the answer: as they were asked for, without offline_access

    @property
    def offline(self):
        return "offline_access" in self.openid

    @property
    def identity(self):
        return "openid" in self.openid


def read_scopes(text):
    words = (text or "").split()
    if not words:
        raise aadsts(900144, "scope")
    resources, names, openid = set(), [], []
    for word in words:
        if word in OPENID:
            openid.append(word)
            continue
        resource, name = _split(word)
        if resource not in NAMES:
            raise aadsts(500011, resource)
        if name != DEFAULT and name not in NAMES[resource]:
            raise aadsts(70011, word)
        resources.add(resource)
        names += NAMES[resource] if name == DEFAULT else [name]
    if len(resources) > 1:
        raise aadsts(700022)
    resource = resources.pop() if resources else GRAPH
    return Scopes(resource, list(dict.fromkeys(names)) or ["User.Read"], openid, [word for word in words if word != "offline_access"])


def _split(word):
    if "://" not in word:
        return GRAPH, word
    resource, _, name = word.rpartition("/")
    return resource.rstrip("/"), name


def holds(granted, wanted):
    """One of the permissions `wanted` is among `granted`, or one that includes it."""
    for name in wanted:
        head, _, access = name.partition(".")
        if name in granted or (access == "Read" and head + ".ReadWrite" in granted):
            return True
    return False
