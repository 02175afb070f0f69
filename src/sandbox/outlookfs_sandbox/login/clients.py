"""Registered applications, tenants and accounts: who may ask for what under which path.

The mailbox's owner is one account, of work or school or personal as the option `account` says. One client is registered from
the start, for accounts of every kind; the control plane registers others:

    {"id": GUID, "audience": "all" | "work" | "personal" | "single", "redirectUris": ["http://localhost"], "publicClient": true,
     "resources": ["https://graph.microsoft.com", ...], "consent": "person" | "admin"}
"""
import re
from urllib.parse import urlsplit

from ..exchange import Refusal
from ..owner import ADDRESS, TENANT
from .errors import aadsts
from .scopes import APIHUB, GRAPH

CLIENT = "2c7fd5a1-6b0e-4d53-9a8e-0c4f1e7b9d26"
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"  # Microsoft's own for personal accounts
USERS = {"work": ADDRESS, "personal": "robin.berger@outlook.com"}
WORK_TENANTS = ("organizations", TENANT, "contoso.com")
PERSONAL_TENANTS = ("consumers", PERSONAL_TENANT)
DEFAULTS = {"audience": "all", "redirectUris": ["http://localhost"], "publicClient": True, "resources": [GRAPH, APIHUB], "consent": "person"}
CHOICES = {"audience": ("all", "work", "personal", "single"), "consent": ("person", "admin")}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


def read_client(spec):
    """What the control plane was given, with defaults."""
    unknown = set(spec) - set(DEFAULTS) - {"id"}
    if unknown or not GUID.fullmatch(spec.get("id", "")):
        raise Refusal(400, "BadRequest", "client: id (a GUID) and %s are known" % ", ".join(DEFAULTS))
    for name, choices in CHOICES.items():
        if spec.get(name, choices[0]) not in choices:
            raise Refusal(400, "BadRequest", "client: %s is one of %s" % (name, ", ".join(choices)))
    return {**DEFAULTS, **spec}


def check_tenant(tenant, client_id, client):
    """The audience of the registration against the path."""
    if tenant.lower() not in WORK_TENANTS + PERSONAL_TENANTS + ("common",):
        raise aadsts(90002, tenant)
    audience, personal = client["audience"], tenant in PERSONAL_TENANTS
    if audience == "personal" and tenant in WORK_TENANTS:
        raise aadsts(9002331, client_id)
    if audience in ("work", "single") and personal:
        raise aadsts(9002332, client_id)
    if audience == "single" and tenant in ("common", "organizations"):
        raise aadsts(50194, client_id)


def check_account(tenant, account):
    """The person's account against the path."""
    if tenant in (PERSONAL_TENANTS if account == "work" else WORK_TENANTS):
        raise aadsts(50020, USERS[account])


def redirect_fits(registered, uri):
    """As Microsoft compares: the port of http://localhost does not count, the path does."""
    given = urlsplit(uri)
    for candidate in map(urlsplit, registered):
        same_host = given.hostname == candidate.hostname and (given.hostname == "localhost" or given.port == candidate.port)
        if (given.scheme == candidate.scheme and same_host and (given.path or "/") == (candidate.path or "/")
                and not given.query and not given.fragment):
            return True
    return False
