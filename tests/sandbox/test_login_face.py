"""The sandbox's login server, as a client and a person meet it; and npm's oidc-provider beside it: the same requests, answers of the same
form."""
import base64
import hashlib
import http.cookiejar
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from answers import NODE_DIR, node_modules
from graph import CLIENT, GraphSandbox, GraphTest, main

BASE = "/organizations/oauth2/v2.0/"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = "offline_access User.Read Mail.ReadWrite"
VERIFIER = "0123456789-abcdefghijklmnopqrstuvwxyz._~ABCDEFGHIJ"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "http://localhost:45454"


def authorize_query(**more):
    return urllib.parse.urlencode({"client_id": CLIENT, "response_type": "code", "redirect_uri": REDIRECT, "response_mode": "query",
                                   "scope": SCOPE, "state": "a state", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
                                   "prompt": "select_account", **more})


class TestLogin(GraphTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.VIOLATIONS = ["polled faster", "unknown parameter"]

    def setUp(self):
        self.option(interval=0, rotation="keep", auto="", slowDown=0, accessSeconds=3599)

    def option(self, **options):
        self.sb.control("POST", "/option", {"service": "login", **options})

    def person(self, **does):
        return self.sb.control("POST", "/login", does)

    def token(self, grant_type, status=200, **form):
        answered, body = self.sb.login(BASE + "token", grant_type=grant_type, client_id=CLIENT, **form)
        self.assertEqual(answered, status, body)
        return body

    def device(self, tenant="organizations", **form):
        status, body = self.sb.login("/%s/oauth2/v2.0/devicecode" % tenant, **{"client_id": CLIENT, "scope": SCOPE, **form})
        return body if status == 200 else (status, body)

    def sign_in(self):
        device = self.device()
        self.person(approve=device["user_code"])
        return self.token(DEVICE, device_code=device["device_code"])

    def refused(self, error, number, body):
        self.assertEqual((body["error"], body["error_codes"]), (error, [number] if number else []))
        if number:
            self.assertTrue(body["error_description"].startswith("AADSTS%d: " % number), body)

    def test_device_flow(self):
        device = self.device()
        self.assertNotIn("verification_uri_complete", device)
        self.assertIn(device["user_code"], device["message"])
        self.refused("authorization_pending", 70016, self.token(DEVICE, 400, device_code=device["device_code"]))
        self.person(approve=device["user_code"])
        tokens = self.token(DEVICE, device_code=device["device_code"])
        self.assertEqual((tokens["token_type"], tokens["scope"]), ("Bearer", "User.Read Mail.ReadWrite"))
        self.graph("GET", "/me/mailFolders", token=tokens["access_token"])
        self.graph("GET", "/me/contacts", token=tokens["access_token"], expect=403)
        self.refused("invalid_grant", 54005, self.token(DEVICE, 400, device_code=device["device_code"]))

    def test_device_flow_that_ends_otherwise(self):
        declined = self.device()
        self.person(decline=declined["user_code"])
        self.refused("authorization_declined", 65004, self.token(DEVICE, 400, device_code=declined["device_code"]))
        self.refused("bad_verification_code", 70018, self.token(DEVICE, 400, device_code="junk"))
        expired = self.device()
        self.person(expire="device")
        self.refused("expired_token", 70019, self.token(DEVICE, 400, device_code=expired["device_code"]))

    def test_polling_too_fast_slows_down(self):
        self.option(interval=60)
        device = self.device()
        self.token(DEVICE, 400, device_code=device["device_code"])
        self.refused("slow_down", 0, self.token(DEVICE, 400, device_code=device["device_code"]))
        states = [one for one in self.sb.control("GET", "/login")["devices"] if one["userCode"] == device["user_code"]]
        self.assertEqual(states[0]["interval"], 65)

    def test_person_enters_the_code(self):
        device = self.device()
        page = self.sb._send("GET", "/devicelogin", None, {})
        self.assertIn(b'name="user_code"', page.body)
        target = "/devicelogin?user_code=" + device["user_code"].lower()
        self.assertIn(b"Mail.ReadWrite", self.sb._send("GET", target, None, {}).body)
        self.sb._send("POST", target, b"decision=approve", {"Content-Type": "application/x-www-form-urlencoded"})
        self.token(DEVICE, device_code=device["device_code"])
        self.assertIn(b"AADSTS70018", self.sb._send("GET", "/devicelogin?user_code=NONSENSE", None, {}).body)

    def code(self, **more):
        """The query of the redirect after Approve."""
        target = BASE + "authorize?" + authorize_query(**more)
        self.assertIn(b"Approve", self.sb._send("GET", target, None, {}).body)
        answer = self.sb._send("POST", target, b"decision=approve", {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(answer.status, 302)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))

    def test_code_with_pkce(self):
        back = self.code()
        self.assertEqual(back["state"], "a state")
        form = {"code": back["code"], "redirect_uri": REDIRECT}
        tokens = self.token("authorization_code", **form, code_verifier=VERIFIER)
        self.graph("GET", "/me", token=tokens["access_token"])
        self.refused("invalid_grant", 54005, self.token("authorization_code", 400, **form, code_verifier=VERIFIER))
        self.refused("invalid_grant", 501481, self.token("authorization_code", 400, code=self.code()["code"], redirect_uri=REDIRECT,
                                                         code_verifier=VERIFIER[::-1]))

    def test_authorize_that_ends_otherwise(self):
        def location(**more):
            answer = self.sb._send("GET", BASE + "authorize?" + authorize_query(**more), None, {})
            return answer.status, answer.headers.get("Location", answer.body.decode())
        for uri in ("http://127.0.0.1:45454", "http://localhost:45454/path", "https://example.com"):
            status, page = location(redirect_uri=uri)
            self.assertTrue(status == 400 and "AADSTS50011" in page, page)
        self.assertIn("error=login_required", location(prompt="none")[1])
        self.assertIn("AADSTS9002325", location(code_challenge_method="plain")[1])
        self.assertIn("error=invalid_scope", location(scope="Nonsense.Read")[1])
        self.option(auto="decline")
        self.assertIn("error=access_denied", location()[1])
        self.option(auto="approve")
        self.assertIn("code=", location()[1])

    def test_tokens_for_the_connectors(self):
        """The connector takes a token of their resource beside its own, and no other."""
        with GraphSandbox(self.build_dir, token="its own") as sb:
            def status(token):
                return sb.get("/testconnection", headers={"Authorization": "Bearer " + token}).status
            ours = sb.control("POST", "/login", {"token": "https://apihub.azure.com/user_impersonation"})["access_token"]
            self.assertEqual([status("its own"), status(ours), status(sb.access), status("x")], [200, 200, 401, 401])
            sb.control("POST", "/login", {"revoke": "all"})
            self.assertEqual([status("its own"), status(ours)], [200, 401])

    def test_refresh(self):
        tokens = self.sign_in()
        again = self.token("refresh_token", refresh_token=tokens["refresh_token"], scope="User.Read")
        self.graph("GET", "/me/mailFolders", token=again["access_token"], expect=403)
        self.token("refresh_token", refresh_token=tokens["refresh_token"], scope=SCOPE)
        self.refused("invalid_grant", 65001, self.token("refresh_token", 400, refresh_token=tokens["refresh_token"], scope="Tasks.ReadWrite"))

    def test_reuse_ends_a_strict_grant(self):
        self.option(rotation="strict")
        tokens = self.sign_in()
        newer = self.token("refresh_token", refresh_token=tokens["refresh_token"])
        self.refused("invalid_grant", 50173, self.token("refresh_token", 400, refresh_token=tokens["refresh_token"]))
        self.refused("invalid_grant", 50173, self.token("refresh_token", 400, refresh_token=newer["refresh_token"]))
        self.graph("GET", "/me", token=newer["access_token"], expect=401)

    def test_lifetimes_and_revocation(self):
        self.option(accessSeconds=60)
        tokens = self.sign_in()
        self.assertEqual(tokens["expires_in"], 60)
        self.sb.control("POST", "/clock", {"advanceSeconds": 61})
        self.graph("GET", "/me", token=tokens["access_token"], expect=401)
        self.person(revoke="refresh")
        self.refused("invalid_grant", 50173, self.token("refresh_token", 400, refresh_token=tokens["refresh_token"]))
        self.person(fail={"aadsts": 50076, "claims": "{}", "grantType": "refresh_token"})
        body = self.token("refresh_token", 400, refresh_token=self.sign_in()["refresh_token"])
        self.refused("interaction_required", 50076, body)
        self.assertEqual(body["claims"], "{}")

    def test_clients_and_tenants(self):
        single = "7d1c0a55-4f0b-4a53-9d0a-3b1d2e4f5a60"
        self.person(client={"id": single, "audience": "single", "consent": "admin"})
        for tenant, client, error, number in (("organizations", CLIENT[::-1], "unauthorized_client", 700016), ("nowhere.example", CLIENT, "invalid_request", 90002),
                                              ("common", single, "invalid_request", 50194), ("consumers", single, "invalid_request", 9002332)):
            self.refused(error, number, self.device(tenant, client_id=client)[1])
        self.refused("invalid_scope", 70011, self.device(scope="Nonsense")[1])
        self.refused("invalid_scope", 700022, self.device(scope="Mail.Read https://apihub.azure.com/.default")[1])
        status, body = self.sb.login(BASE + "token", grant_type="refresh_token", client_id=CLIENT, refresh_token="x", client_secret="y")
        self.assertEqual(status, 401)
        self.refused("invalid_client", 700025, body)
        with self.assertRaisesRegex(RuntimeError, "Admin consent"):
            self.person(approve=self.device("contoso.com", client_id=single)["user_code"])
        with self.assertRaisesRegex(RuntimeError, "does not exist in the tenant"):
            self.person(approve=self.device("consumers")["user_code"])

    def test_discovery_and_id_token(self):
        configuration = self.sb._send("GET", "/common/v2.0/.well-known/openid-configuration", None, {}).json()
        self.assertTrue(configuration["device_authorization_endpoint"].endswith("/common/oauth2/v2.0/devicecode"))
        body = self.person(token="openid profile Mail.Read")
        head, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in body["id_token"].split("."))
        key, = self.sb._send("GET", urllib.parse.urlsplit(configuration["jwks_uri"]).path, None, {}).json()["keys"]
        number = int.from_bytes(base64.urlsafe_b64decode(key["n"] + "=="), "big")
        signed = pow(int.from_bytes(signature, "big"), 65537, number).to_bytes(256, "big")
        self.assertTrue(signed.endswith(hashlib.sha256(body["id_token"].rpartition(".")[0].encode()).digest()))
        self.assertEqual((json.loads(head)["kid"], json.loads(claims)["preferred_username"]), (key["kid"], "robin.berger@contoso.com"))


class Peer:
    """A login server at a URL: the requests both get."""

    def __init__(self, url):
        self.url = url
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), NoWayOut())

    def post(self, path, **form):
        try:
            answer = urllib.request.urlopen(self.url + path, urllib.parse.urlencode(form).encode(), timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
        return answer.status, json.loads(text) if text else None

    def code(self):
        """What the browser is sent back with."""
        try:
            self.browser.open(self.url + BASE + "authorize?" + authorize_query(), timeout=60).close()
        except urllib.error.HTTPError as error:
            error.close()
            return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(error.headers["Location"]).query))
        raise AssertionError("no redirect")


class NoWayOut(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None if newurl.startswith("http://localhost") else super().redirect_request(req, fp, code, msg, headers, newurl)


class TestAgainstOidcProvider(GraphTest):
    """What oidc-provider adds or lacks is said here: it tells verification_uri_complete, Microsoft does not; Microsoft's error bodies have
    more members, and its words for a refusal by the person and a junk code are its own."""
    @classmethod
    def setUpClass(cls):
        modules = node_modules(cls.build_dir)
        super().setUpClass()
        cls.provider = subprocess.Popen(["node", os.path.join(NODE_DIR, "oidc-provider.mjs"), "--modules", modules, "--interval", "0"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.peers = [Peer(cls.provider.stdout.readline().strip()), Peer(cls.sb.login_url)]

    def setUp(self):
        self.sb.control("POST", "/option", {"service": "login", "interval": 0, "rotation": "strict", "auto": ""})

    @classmethod
    def tearDownClass(cls):
        cls.provider.stdin.close()
        cls.provider.wait(30)
        cls.provider.stdout.close()
        super().tearDownClass()

    def decide(self, peer, verb, user_code):
        if peer is self.peers[0]:
            self.assertEqual(peer.post("/" + verb, user_code=user_code)[0], 204)
        else:
            self.sb.control("POST", "/login", {verb: user_code})

    def both(self, ask):
        """The two answers to one request, which have the same form."""
        answers = [ask(peer) for peer in self.peers]
        forms = [(status, {name: type(value) for name, value in body.items()}) for status, body in answers]
        common = set(forms[0][1]) & set(forms[1][1])
        self.assertEqual(forms[0][0], forms[1][0], answers)
        self.assertEqual({name: forms[0][1][name] for name in common}, {name: forms[1][1][name] for name in common})
        return [body for _, body in answers]

    def test_device_flow_and_rotation(self):
        devices = self.both(lambda peer: peer.post(BASE + "devicecode", client_id=CLIENT, scope=SCOPE))
        self.assertEqual(set(devices[0]) - set(devices[1]), {"verification_uri_complete"})
        self.assertEqual(set(devices[1]) - set(devices[0]), set())
        codes = dict(zip(map(id, self.peers), devices))

        def poll(peer):
            return peer.post(BASE + "token", client_id=CLIENT, grant_type=DEVICE, device_code=codes[id(peer)]["device_code"])
        self.assertEqual({body["error"] for body in self.both(poll)}, {"authorization_pending"})
        for peer in self.peers:
            self.decide(peer, "approve", codes[id(peer)]["user_code"])
        first = dict(zip(map(id, self.peers), self.both(poll)))
        self.assertEqual({body["token_type"] for body in first.values()}, {"Bearer"})

        def refresh(tokens):
            return lambda peer: peer.post(BASE + "token", client_id=CLIENT, grant_type="refresh_token",
                                          refresh_token=tokens[id(peer)]["refresh_token"])
        second = dict(zip(map(id, self.peers), self.both(refresh(first))))
        self.assertTrue(all(second[key]["refresh_token"] != first[key]["refresh_token"] for key in first))
        for tokens in (first, second):  # the first again ends the grant, so the second is no longer good
            self.assertEqual({body["error"] for body in self.both(refresh(tokens))}, {"invalid_grant"})

    def test_code_with_pkce(self):
        self.sb.control("POST", "/option", {"service": "login", "auto": "approve"})
        back = {id(peer): peer.code() for peer in self.peers}
        self.assertEqual({one["state"] for one in back.values()}, {"a state"})

        def redeem(peer, verifier=VERIFIER):
            return peer.post(BASE + "token", client_id=CLIENT, grant_type="authorization_code", code=back[id(peer)]["code"],
                             redirect_uri=REDIRECT, code_verifier=verifier)
        for body in self.both(redeem):
            self.assertLessEqual({"access_token", "refresh_token", "expires_in", "scope", "token_type"}, set(body))
        self.assertEqual({body["error"] for body in self.both(redeem)}, {"invalid_grant"})
        back = {id(peer): peer.code() for peer in self.peers}
        self.assertEqual({body["error"] for body in self.both(lambda peer: redeem(peer, "x" * 43))}, {"invalid_grant"})

    def test_refusals(self):
        for form in ({"grant_type": "password"}, {"grant_type": "refresh_token", "refresh_token": "junk"}, {"grant_type": "refresh_token"}):
            self.assertEqual(len({body["error"] for body in self.both(lambda peer, form=form: peer.post(BASE + "token", client_id=CLIENT, **form))}), 1)

    def test_discovery(self):
        answers = []
        for peer in self.peers:
            with urllib.request.urlopen(peer.url + "/common/v2.0/.well-known/openid-configuration", timeout=60) as answer:
                answers.append(json.load(answer))
        for name, value in answers[1].items():
            self.assertIn(name, answers[0])
            self.assertIs(type(answers[0][name]), type(value), name)
        self.assertEqual(answers[0]["code_challenge_methods_supported"], answers[1]["code_challenge_methods_supported"])


if __name__ == "__main__":
    main()
