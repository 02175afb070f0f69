"""The login server: OAuth 2.0 as Microsoft's identity platform does it, for one person and a few clients.

    /{tenant}/oauth2/v2.0/devicecode | token | authorize     RFC 8628, RFC 6749 with PKCE (RFC 7636)
    /devicelogin                                             where a person enters a user code
    /{tenant}/v2.0/.well-known/openid-configuration, /{tenant}/discovery/v2.0/keys

    errors    AADSTS numbers and the bodies they come in
    scopes    scopes and their resources
    clients   registrations, tenants, accounts
    grants    device codes, authorization codes, tokens
    ledger    what is remembered
    pages     what a person sees
    signing   id tokens

access(request) tells the other faces what a token allows. operate() is the control plane: people and administrators without
a browser. A failure is remembered too (a refused refresh token may end its grant), so work() is not undone.
"""
import re
from urllib.parse import parse_qsl, urlencode

from .. import owner
from ..exchange import Answer, Refusal, decode, guid
from ..times import SECOND
from . import pages
from .clients import CLIENT, USERS, check_tenant, read_client, redirect_fits
from .errors import AADSTS, aadsts, error_answer, error_body
from .grants import Grants
from .ledger import Ledger
from .scopes import read_scopes
from .signing import Key

PATH = re.compile(r"/(?P<tenant>[^/]+)/(?:oauth2/v2\.0/(?P<flow>devicecode|token|authorize)|v2\.0/\.well-known/(?P<discovery>"
                  r"openid-configuration)|discovery/v2\.0/(?P<keys>keys))|/(?P<page>devicelogin)")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXPIRING = ("access", "refresh", "device", "code")
FORM = "application/x-www-form-urlencoded"
METHODS = {"devicecode": ("POST",), "token": ("POST",), "authorize": ("GET", "POST"), "devicelogin": ("GET", "POST")}
KNOWN = {"devicecode": {"client_id", "scope"}, "token": {"client_id", "grant_type", "scope", "device_code", "refresh_token", "code",
                                                         "redirect_uri", "code_verifier", "client_info", "client_secret", "client_assertion"}}


class Login:
    service = "login"
    keeps_failures = True

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.now = sandbox.store.now
        self.options = {"accessSeconds": 3599, "refreshSeconds": 90 * 86400, "deviceSeconds": 900, "interval": 5, "rotation": "keep",
                        "auto": "", "account": "work", "slowDown": 0}
        self.grants = Grants(Ledger(sandbox.store.sql), self.now, self.options)
        self.failing = []  # what the next requests for tokens get
        self.key = None

    # --- what the sandbox asks of a face

    def start(self):
        pass

    async def stop(self):
        pass

    def owns(self, path):
        return PATH.fullmatch(path) is not None

    def refuse(self, request):
        match = PATH.fullmatch(request.path)
        request.operation = next(match[name] for name in ("flow", "discovery", "keys", "page") if match[name])
        request.names["tenant"] = decode(match["tenant"] or "common") or ""
        if request.method not in METHODS.get(request.operation, ("GET",)):
            return Answer(405, headers=[("Allow", ", ".join(METHODS.get(request.operation, ("GET",))))])
        return None

    def work(self, request):
        try:
            return getattr(self, "_" + request.operation.replace("-", "_"))(request)
        except Refusal as refusal:
            return self.refused(request, refusal)

    def refused(self, request, refusal):
        if refusal.code not in AADSTS:
            refusal = Refusal(refusal.status, 90014, refusal.message)
        return error_answer(self.now(), refusal)

    def failure(self, request, status, retry_after):
        headers = [("Retry-After", str(retry_after))] if retry_after is not None else []
        return Answer.json(status, error_body(self.now(), 90055, AADSTS[90055][1]), headers)

    def finish(self, request, answer):
        answer.headers += [("Cache-Control", "no-store"), ("Pragma", "no-cache"), ("x-ms-request-id", request.guid)]

    def access(self, request):
        """What the request's token allows: an Access; None where it is none of ours or no longer good."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self.grants.access(token.strip()) if scheme.lower() == "bearer" else None

    # --- the endpoints

    def _form(self, request):
        if request.media_type != FORM:
            request.violates("the login server takes %s" % FORM)
            raise aadsts(900144, "client_id")
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        if len(form) != len(pairs):
            raise Refusal(400, 90014, "A parameter is there more than once.")
        if request.query:
            request.violates("parameters of the login server in the URL")
        for name in set(form) - KNOWN.get(request.operation, set(form)):
            request.violates("unknown parameter %s" % name)
        return form

    def _client(self, request, form, secret=False):
        """The registration, fit for the tenant of the path."""
        client_id = _required(form, "client_id")
        client = self.grants.ledger.get("client", client_id.lower())
        if client is None:
            raise aadsts(700016, client_id)
        check_tenant(request.names["tenant"], client_id, client)
        if secret and ("client_secret" in form or "client_assertion" in form):
            raise aadsts(700025)
        return client_id.lower(), client

    def _scope(self, client, scope):
        asked = read_scopes(scope)
        if asked.resource not in client["resources"]:
            raise aadsts(650057, asked.resource)
        return asked

    def _devicecode(self, request):
        form = self._form(request)
        client_id, client = self._client(request, form)
        self._scope(client, _required(form, "scope"))
        if not client["publicClient"]:
            raise aadsts(7000218)
        key, device = self.grants.new_device(request.names["tenant"], client_id, form["scope"])
        uri = self.sandbox.origin + "/devicelogin"
        return Answer.json(200, {"user_code": device["user_code"], "device_code": key, "verification_uri": uri,
                                 "expires_in": self.options["deviceSeconds"], "interval": self.options["interval"],
                                 "message": "To sign in, use a web browser to open the page %s and enter the code %s to authenticate."
                                 % (uri, device["user_code"])})

    def _token(self, request):
        form = self._form(request)
        grant_type = _required(form, "grant_type")
        client_id, client = self._client(request, form, secret=True)
        if not client["publicClient"]:
            raise aadsts(7000218)
        failure = self._failing(grant_type)
        if failure is not None:
            return failure
        if grant_type == DEVICE_GRANT:
            grant, scope = self.grants.poll_device(request, _required(form, "device_code"), client_id)
        elif grant_type == "authorization_code":
            grant, scope = self.grants.redeem_code(_required(form, "code"), client_id, _required(form, "redirect_uri"),
                                                   _required(form, "code_verifier"))
        elif grant_type == "refresh_token":
            if form.get("scope"):
                self._scope(client, form["scope"])
            grant, scope = self.grants.refresh(_required(form, "refresh_token"), client_id, form.get("scope"))
        else:
            raise aadsts(70003, grant_type)
        rotated = grant_type != "refresh_token" or self.options["rotation"] != "none"
        return Answer.json(200, self._token_body(client_id, grant, scope, rotated))

    def _token_body(self, client_id, grant_id, scope, with_refresh):
        access, seconds, refresh = self.grants.tokens(grant_id, scope)
        asked = read_scopes(scope)
        body = {"token_type": "Bearer", "scope": " ".join(asked.text), "expires_in": seconds, "ext_expires_in": seconds,
                "access_token": access}
        if refresh and with_refresh:
            body["refresh_token"] = refresh
        if asked.identity:
            body["id_token"] = self._id_token(client_id, self.grants.ledger.get("grant", grant_id))
        return body

    def _id_token(self, client_id, grant):
        now = self.now() // SECOND
        return self._signing_key().sign({"aud": client_id, "iss": "%s/%s/v2.0" % (self.sandbox.origin, grant["tenant"]), "iat": now,
                                         "nbf": now, "exp": now + 3600, "sub": grant["user"], "name": owner.NAME,
                                         "preferred_username": grant["user"], "tid": grant["tenant"], "ver": "2.0"})

    def _signing_key(self):
        self.key = self.key or Key()
        return self.key

    # --- the browser

    def _authorize(self, request):
        """The page with the buttons, and what they do. What the person must not be sent back for is shown."""
        params = request.params
        try:
            client_id, client = self._client(request, params)
            redirect_uri = _required(params, "redirect_uri")
            if not redirect_fits(client["redirectUris"], redirect_uri):
                raise aadsts(50011, redirect_uri)
        except Refusal as refusal:
            return pages.trouble("AADSTS%d: %s" % (refusal.code, refusal.message))
        try:
            asked = self._authorization(client, params)
            decision = self.options["auto"] or (dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("decision")
                                                if request.method == "POST" else None)
            if not decision and params.get("prompt") == "none":
                raise aadsts(50058)
            if not decision:
                return pages.consent(USERS[self.options["account"]], client_id, asked.text, {})
            if decision != "approve":
                return self._back(params, error="access_denied", error_description="AADSTS65004: " + AADSTS[65004][1])
            code = self.grants.new_code(request.names["tenant"], client_id, params)
            return self._back(params, code=code, session_state=guid())
        except Refusal as refusal:
            return self._back(params, error=AADSTS[refusal.code][0], error_description="AADSTS%d: %s" % (refusal.code, refusal.message))

    def _authorization(self, client, params):
        if params.get("response_type") != "code":
            raise Refusal(400, 90014, AADSTS[90014][1].format("response_type"))
        if params.get("response_mode", "query") != "query":
            raise Refusal(400, 90014, AADSTS[90014][1].format("response_mode"))
        if params.get("code_challenge_method") != "S256" or not re.fullmatch(r"[A-Za-z0-9_-]{43}", params.get("code_challenge", "")):
            raise aadsts(9002325)
        return self._scope(client, _required(params, "scope"))

    @staticmethod
    def _back(params, **answer):
        uri = params["redirect_uri"]
        scheme, _, rest = uri.partition("://")
        uri = uri if "/" in rest else uri + "/"
        if "state" in params:
            answer["state"] = params["state"]
        return Answer(302, headers=[("Location", uri + "?" + urlencode(answer))])

    def _devicelogin(self, request):
        """The code comes in the query (the page's first form, or a link), the decision with the second form."""
        user_code = request.params.get("user_code", "")
        try:
            if not user_code:
                return pages.enter_code()
            _, device = self.grants.find_device(user_code)
            if request.method == "GET":
                return pages.consent(USERS[self.options["account"]], device["client"], read_scopes(device["scope"]).text, {})
            approved = dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("decision") == "approve"
            self.grants.decide_device(user_code, approved)
            return pages.done("You have signed in" if approved else "You have declined")
        except Refusal as refusal:
            return pages.enter_code("AADSTS%d: %s" % (refusal.code, refusal.message))

    # --- discovery

    def _openid_configuration(self, request):
        base = "%s/%s" % (self.sandbox.origin, request.names["tenant"])
        return Answer.json(200, {
            "issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
            "token_endpoint": base + "/oauth2/v2.0/token", "device_authorization_endpoint": base + "/oauth2/v2.0/devicecode",
            "jwks_uri": base + "/discovery/v2.0/keys", "token_endpoint_auth_methods_supported": ["none"],
            "response_modes_supported": ["query"], "response_types_supported": ["code"], "subject_types_supported": ["pairwise"],
            "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
            "code_challenge_methods_supported": ["S256"], "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"]})

    def _keys(self, request):
        return Answer.json(200, {"keys": [self._signing_key().public()]})

    # --- the control plane

    def _failing(self, grant_type):
        for failure in self.failing:
            if failure.get("grantType", grant_type) == grant_type:
                failure["count"] = failure.get("count", 1) - 1
                if failure["count"] == 0:
                    self.failing.remove(failure)
                number = failure["aadsts"]
                more = {name: failure[name] for name in ("suberror", "claims") if name in failure}
                return Answer.json(failure.get("status", 400), error_body(self.now(), number, AADSTS.get(number, ("", "Error."))[1],
                                                                          failure.get("error"), **more))
        return None

    def state(self):
        """What a test may look at; no token."""
        ledger = self.grants.ledger
        return {"devices": [{"userCode": device["user_code"], **{name: device[name] for name in ("tenant", "client", "scope", "state",
                                                                                                "interval")}}
                            for _, device in ledger.all("device")],
                "grants": [{"client": grant["client"], "user": grant["user"], "alive": grant["alive"]} for _, grant in ledger.all("grant")]}

    def operate(self, spec):
        """{"approve": CODE} | {"decline": CODE} | {"expire": "access" | "refresh" | "device" | "code"} | {"revoke": "refresh" | "all"} |
        {"fail": {"aadsts": N, "error"?, "count"?, "grantType"?, "status"?, "suberror"?, "claims"?}} | {"client": {...}} |
        {"token": SCOPE, "client"?}: a sign-in without the way there, answered as the token endpoint does."""
        if not isinstance(spec, dict) or not spec:
            raise Refusal(400, "BadRequest", "an object is required")
        verb = next(iter(spec))
        action = {"approve": lambda code: self.grants.decide_device(code, True), "decline": lambda code: self.grants.decide_device(code, False),
                  "expire": self._expire, "revoke": lambda which: self.grants.revoke(which == "all"), "fail": self._fail,
                  "client": self._register, "token": self._mint}.get(verb)
        if action is None:
            raise Refusal(400, "BadRequest", "%s: no such action" % verb)
        return action(spec[verb]) or self.state()

    def _expire(self, kind):
        if kind not in EXPIRING:
            raise Refusal(400, "BadRequest", "expire: one of %s" % ", ".join(EXPIRING))
        self.grants.expire(kind)

    def _fail(self, failure):
        if not isinstance(failure, dict) or not isinstance(failure.get("aadsts"), int):
            raise Refusal(400, "BadRequest", "fail: aadsts, a number, is required")
        self.failing.append(dict(failure))

    def _register(self, spec):
        client = read_client(spec)
        self.grants.ledger.put("client", client.pop("id").lower(), client)

    def _mint(self, scope):
        client_id = CLIENT
        tenant = "organizations" if self.options["account"] == "work" else "consumers"
        return self._token_body(client_id, self.grants.sign_in(tenant, client_id, scope), scope, True)


def _required(form, name):
    if not form.get(name):
        raise aadsts(900144, name)
    return form[name]
