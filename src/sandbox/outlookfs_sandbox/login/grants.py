"""From a sign-in to tokens: device codes, authorization codes, refresh tokens, and what an access token is good for.

Lifetimes and strictness are the face's options. `rotation`: "keep" gives a new refresh token and leaves the old one good, as
Microsoft does; "strict" revokes the grant when an old one is used again (RFC 9700 4.14.2); "none" gives no new one.
"""
import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from ..owner import TENANT
from ..times import SECOND
from .clients import CLIENT, DEFAULTS, PERSONAL_TENANT, USERS, check_account
from .errors import PENDING, SLOW_DOWN, aadsts
from .scopes import read_scopes

USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"
CODE_SECONDS = 600
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass
class Access:
    """What an access token allows."""
    resource: str
    names: list
    user: str


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Grants:
    def __init__(self, ledger, now, options):
        self.ledger, self.options = ledger, options
        self.clock = now
        if ledger.get("client", CLIENT) is None:
            ledger.put("client", CLIENT, DEFAULTS)

    def seconds(self):
        return self.clock() / SECOND

    # --- the device flow

    def new_device(self, tenant, client_id, scope):
        user_code = "".join(secrets.choice(USER_CODE_LETTERS) for _ in range(9))
        device = {"user_code": user_code, "tenant": tenant, "client": client_id, "scope": scope, "state": "pending", "polled": 0,
                  "interval": self.options["interval"], "expires": self.seconds() + self.options["deviceSeconds"]}
        key = self.ledger.new("device", device)
        if self.options["auto"]:
            self.decide_device(user_code, self.options["auto"] == "approve")
        return key, device

    def find_device(self, user_code):
        wanted = re.sub(r"[^A-Z0-9]", "", (user_code or "").upper())
        for key, device in self.ledger.all("device"):
            if device["user_code"] == wanted and device["state"] == "pending" and device["expires"] > self.seconds():
                return key, device
        raise aadsts(70018)

    def decide_device(self, user_code, approved):
        key, device = self.find_device(user_code)
        if approved:
            device["grant"] = self.sign_in(device["tenant"], device["client"], device["scope"])
        device["state"] = "approved" if approved else "declined"
        self.ledger.put("device", key, device)

    def poll_device(self, request, key, client_id):
        """The grant and scope of a code that was approved."""
        device = self.ledger.get("device", key)
        if device is None or device["client"] != client_id:
            raise aadsts(70018)
        if device["state"] == "used":
            raise aadsts(54005)
        if device["expires"] <= self.seconds():
            raise aadsts(70019)
        early = self.seconds() < device["polled"] + device["interval"] * 0.9
        device["polled"] = self.seconds()
        slow = early or self.options["slowDown"] > 0
        if early:
            request.violates("the device code is polled faster than every %d seconds" % device["interval"])
        if slow:
            self.options["slowDown"] = max(0, self.options["slowDown"] - 1)
            device["interval"] += 5
        self.ledger.put("device", key, device)
        if slow:
            raise aadsts(SLOW_DOWN)
        if device["state"] != "approved":
            raise aadsts(PENDING if device["state"] == "pending" else 65004)
        self.ledger.put("device", key, {**device, "state": "used"})
        return device["grant"], device["scope"]

    # --- the authorization code

    def new_code(self, tenant, client_id, params):
        grant = self.sign_in(tenant, client_id, params["scope"])
        return self.ledger.new("code", {"grant": grant, "client": client_id, "scope": params["scope"], "redirect": params["redirect_uri"],
                                        "challenge": params["code_challenge"], "expires": self.seconds() + CODE_SECONDS, "used": False})

    def redeem_code(self, key, client_id, redirect_uri, verifier):
        code = self.ledger.get("code", key)
        if code is None or code["client"] != client_id:
            raise aadsts(70000)
        if code["used"]:
            raise aadsts(54005)
        self.ledger.put("code", key, {**code, "used": True})
        if code["expires"] <= self.seconds():
            raise aadsts(70008)
        if redirect_uri != code["redirect"]:
            raise aadsts(50011, redirect_uri)
        if not VERIFIER.fullmatch(verifier) or not hmac.compare_digest(challenge_of(verifier), code["challenge"]):
            raise aadsts(501481)
        return code["grant"], code["scope"]

    # --- grants and tokens

    def sign_in(self, tenant, client_id, scope):
        """The person consents to `scope`: a new grant."""
        account = self.options["account"]
        check_account(tenant, account)
        if self.ledger.get("client", client_id)["consent"] == "admin":
            raise aadsts(90094)
        asked = read_scopes(scope)
        consents = self.ledger.get("consent", client_id) or {}
        consents[asked.resource] = sorted({*consents.get(asked.resource, []), *asked.names})
        self.ledger.put("consent", client_id, consents)
        return self.ledger.new("grant", {"client": client_id, "user": USERS[account], "offline": asked.offline, "alive": True,
                                         "tenant": TENANT if account == "work" else PERSONAL_TENANT})

    def refresh(self, key, client_id, scope):
        """The grant behind a refresh token, and what is asked of it. Using an old token again ends a strict grant."""
        token = self.ledger.get("refresh", key)
        grant = self.ledger.get("grant", token["grant"]) if token else None
        if grant is None or grant["client"] != client_id:
            raise aadsts(70000)
        if not grant["alive"]:
            raise aadsts(50173)
        if token["spent"] and self.options["rotation"] == "strict":
            self.ledger.put("grant", token["grant"], {**grant, "alive": False, "dead": True})
            raise aadsts(50173)
        if token["expires"] <= self.seconds():
            raise aadsts(700082)
        asked = read_scopes(scope or token["scope"])
        consented = (self.ledger.get("consent", client_id) or {}).get(asked.resource, [])
        if set(asked.names) - set(consented):
            raise aadsts(65001, client_id)
        self.ledger.put("refresh", key, {**token, "spent": self.options["rotation"] != "none"})
        return token["grant"], scope or token["scope"]

    def tokens(self, grant_id, scope):
        """(access token, its seconds, a refresh token or None)."""
        asked, grant = read_scopes(scope), self.ledger.get("grant", grant_id)
        seconds = self.options["accessSeconds"]
        access = self.ledger.new("access", {"grant": grant_id, "resource": asked.resource, "names": asked.names,
                                            "expires": self.seconds() + seconds})
        refresh = None
        if grant["offline"]:
            refresh = self.ledger.new("refresh", {"grant": grant_id, "scope": scope, "spent": False,
                                                  "expires": self.seconds() + self.options["refreshSeconds"]})
        return access, seconds, refresh

    def access(self, key):
        """The Access of a token that is good now, or None."""
        token = self.ledger.get("access", key)
        if token is None or token["expires"] <= self.seconds():
            return None
        grant = self.ledger.get("grant", token["grant"])
        return None if grant.get("dead") else Access(token["resource"], token["names"], grant["user"])

    # --- what an administrator does

    def revoke(self, access_too):
        for key, grant in self.ledger.all("grant"):
            self.ledger.put("grant", key, {**grant, "alive": False, "dead": grant.get("dead", False) or access_too})

    def expire(self, kind):
        for key, entry in self.ledger.all(kind):
            self.ledger.put(kind, key, {**entry, "expires": 0})
