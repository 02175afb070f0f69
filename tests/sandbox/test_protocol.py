"""Errors, tokens, encodings, headers, keep-alive, rate: what the gateway and the web server do."""
import http.client
import json
import os
import re
import socket
import subprocess
import tempfile

from sandbox import Sandbox, SandboxTest, dataset_path, encode, encode_twice, mail_path, main

GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
NOT_FOUND = {"statusCode": 404, "message": "Resource not found"}


class Errors(SandboxTest):
    VIOLATIONS = ("no such operation", "a target of", "without a length")

    def test_connector_shape(self):
        answer = self.sb.delete(dataset_path("calendars", "Calendar", "AAA="),
                                headers={"x-ms-client-request-id": "0f-client"})
        self.assertStatus(answer, 404)
        body = answer.json()
        text = "The specified object was not found in the store."
        self.assertEqual(list(body), ["status", "message", "error", "source"])
        self.assertEqual(body["status"], 404)
        self.assertRegex(body["message"], "^" + re.escape(text) + "\r\nclientRequestId: 0f-client-self"
                         "\r\nserviceRequestId: " + GUID + "$")
        self.assertEqual(body["error"], {"message": text, "code": "ErrorItemNotFound",
                                         "originalMessage": text})

    def test_gateway_shape(self):
        for path in ("/Nothing", "/mail", "/datasets", "/datasets/contacts/tables/", "/Mail/",
                     "/v3/Mail", "/datasets/contacts/tables/Contacts/items/"):
            answer = self.sb.get(path)
            self.assertStatus(answer, 404)
            self.assertEqual(answer.json(), NOT_FOUND)
        self.assertEqual(self.sb.request("PUT", "/Mail", b"").json(), NOT_FOUND)
        outside = self.sb._send("GET", "/Mail", None, {})
        self.assertEqual(outside.json(), NOT_FOUND)

    def test_unknown_tables_and_items(self):
        for path in (dataset_path("contacts", "Nowhere"), dataset_path("contacts", "Calendar"),
                     dataset_path("contacts", "Contacts", "AAA=")):
            answer = self.sb.get(path)
            self.assertStatus(answer, 404)
            self.assertEqual(answer.code, "ErrorItemNotFound")
        self.assertStatus(self.sb.post(dataset_path("contacts", "Nowhere"),
                                       {"GivenName": "a", "HomePhones": []}), 404)

    def test_headers(self):
        for path in ("/Mail", "/Nothing", mail_path("nothing")):
            headers = self.sb.get(path).headers
            self.assertEqual(headers["Content-Type"], "application/json; charset=utf-8")
            self.assertEqual(headers["Cache-Control"], "no-store, no-cache")
            self.assertRegex(headers["x-ms-request-id"], "^" + GUID + "$")

    def test_bodies(self):
        path = dataset_path("contacts", "Contacts")
        for body in (b"", b"{", b"[]", b"null", b'{"GivenName":"\xff","HomePhones":[]}',
                     b'{"GivenName":"a","HomePhones":[]} x'):
            answer = self.sb.post(path, body, headers={"Content-Type": "application/json"})
            self.assertStatus(answer, 400)
        good = json.dumps({"GivenName": "a", "HomePhones": []}).encode()
        for wrong in ("text/plain", "application/x-www-form-urlencoded"):
            self.assertStatus(self.sb.post(path, good, headers={"Content-Type": wrong}), 415)
        self.assertStatus(self.sb.post(path, good, headers={
            "Content-Type": "application/json; charset=utf-8"}), 201)

    def test_long_target(self):
        answer = self.sb.get("/Mail?searchQuery=" + "a" * 9000)
        self.assertStatus(answer, 414)
        self.assertEqual(answer.json()["statusCode"], 414)
        self.assertStatus(self.sb.get("/Mail?searchQuery=" + "a" * 8000), 200)

    def raw(self, text):
        with socket.create_connection((self.sb.host, self.sb.port), timeout=60) as s:
            s.sendall(text.encode())
            data = b""
            while chunk := s.recv(65536):
                data += chunk
        return data

    def test_post_without_a_length(self):
        answer = self.raw("POST %s/Mail/MarkAsRead/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                          % self.sb.base)
        self.assertRegex(answer, b"^HTTP/1.1 411 ")
        self.assertIn(b"Length Required", answer)

    def test_chunked_body(self):
        body = json.dumps({"GivenName": "chunked", "HomePhones": []})
        answer = self.raw("POST %s%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                          "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "%x\r\n%s\r\n0\r\n\r\n" % (self.sb.base, dataset_path("contacts", "Contacts"),
                                                    len(body), body))
        self.assertRegex(answer, b"^HTTP/1.1 201 ")

    def test_keep_alive(self):
        connection = self.sb.connect()
        self.sb.get("/testconnection", connection=connection)
        port = connection.sock.getsockname()
        for path in ("/Mail", "/Nothing", "/datasets/contacts/tables"):
            self.sb.get(path, connection=connection)
        self.sb.post(mail_path("x", action="MarkAsRead"), connection=connection)
        self.assertEqual(connection.sock.getsockname(), port)
        connection.close()


class Encoding(SandboxTest):
    VIOLATIONS = ("no such operation", "has no parameter")

    def test_dataset_ids_are_encoded_twice(self):
        contact = self.sb.get(dataset_path("contacts", "Contacts")).json()["value"][0]
        item, table = contact["Id"], contact["ParentFolderId"]
        good = "/datasets/contacts/tables/%s/items/%s"
        self.assertStatus(self.sb.get(good % (encode_twice(table), encode_twice(item))), 200)
        self.assertStatus(self.sb.get(good % ("Contacts", item.replace("=", "%253d"))), 200)
        for wrong in (item, encode(item), encode_twice(item) + "%2", encode(encode_twice(item))):
            answer = self.sb.get(good % ("Contacts", wrong))
            self.assertStatus(answer, 404)
        for wrong in (table, encode(table)):
            answer = self.sb.get(good % (wrong, encode_twice(item)))
            self.assertStatus(answer, 404)
            self.assertEqual(answer.json(), NOT_FOUND)
            self.assertStatus(self.sb.get("/datasets/contacts/tables/%s/items" % wrong), 404)

    def test_the_log_keeps_the_raw_path(self):
        path = dataset_path("contacts", "Contacts", "A/b=", query="a=%20b&$top=1")
        self.sb.get(path)
        line = self.sb.log()[-1]
        self.assertEqual(line["path"] + "?" + line["query"], self.sb.base + path)
        self.assertEqual((line["table"], line["id"]), ("Contacts", "A/b="))


class Token(SandboxTest):
    TOKEN = "s3cret-token"

    def test_token(self):
        self.assertStatus(self.sb.get("/testconnection"), 200)
        for header in ("", "Bearer", "Bearer ", "Bearer s3cret-toke", "Bearer s3cret-token2",
                       "Bearer S3cret-token", "Basic s3cret-token", "s3cret-token"):
            answer = self.sb.get("/testconnection", headers={"Authorization": header})
            self.assertStatus(answer, 401)
            self.assertEqual(answer.json()["statusCode"], 401)
        self.assertStatus(self.sb.get("/Nothing", headers={"Authorization": ""}), 401)
        self.assertNotIn(self.TOKEN, json.dumps(self.sb.log()))

    def test_control_wants_it_too(self):
        """Every endpoint; nothing is done, and nothing told."""
        for method, path in (("GET", "/log"), ("POST", "/edit"), ("POST", "/fault"), ("DELETE", "/fault"), ("GET", "/records?kind=contact"),
                             ("POST", "/login"), ("GET", "/violations"), ("POST", "/clock"), ("GET", "/nothing")):
            for header in ("", "Bearer wrong"):
                answer = self.sb._send(method, "/_sandbox" + path, b"{}" if method == "POST" else None, {"Authorization": header})
                self.assertStatus(answer, 401)
                self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")

    def test_option(self):
        with Sandbox(self.build_dir, "--token", "other") as sb:
            self.assertStatus(sb.get("/Mail"), 401)
            self.assertStatus(sb.get("/Mail", headers={"Authorization": "Bearer other"}), 200)


class IfMatch(SandboxTest):
    OPTIONS = ("--seed", "contacts=1,events=1")
    VIOLATIONS = ("malformed If-Match",)

    def test_if_match(self):
        """'*' and entity-tags are accepted; what is neither is refused and noted."""
        event = self.sb.records("event", "Calendar")[0]
        path = dataset_path("calendars", "Calendar", event["Id"])
        for header, status in (("*", 200), ("etag", 400), ('"open', 400), ("", 400), ('W/"a", b', 400)):
            with self.subTest(header=header):
                answer = self.sb.patch(path, {name: event[name] for name in ("Subject", "Start", "End")}, headers={"If-Match": header})
                self.assertStatus(answer, status)
                if status == 400:
                    self.assertIn("If-Match", answer.json()["error"]["message"])


class Tls(SandboxTest):
    def test_tls(self):
        """https with the certificate it was given; a client that does not know it refuses."""
        with tempfile.TemporaryDirectory() as directory:
            key, certificate = os.path.join(directory, "key.pem"), os.path.join(directory, "certificate.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                           check=True, capture_output=True)
            both = os.path.join(directory, "both.pem")
            with open(both, "w", encoding="ascii") as out:
                for part in (key, certificate):
                    with open(part, encoding="ascii") as file:
                        out.write(file.read())
            sb = Sandbox(self.build_dir, "--tls", both, start=False)
            sb.certificate = certificate
            sb.start()
            try:
                self.assertTrue(sb.url.startswith("https://"))
                self.assertStatus(sb.get("/testconnection"), 200)
                sb.certificate = None
                with self.assertRaises((http.client.HTTPException, OSError)):
                    sb.get("/testconnection")
            finally:
                sb.stop()


class Rate(SandboxTest):
    OPTIONS = ("--rate", "5")

    def test_rate(self):
        statuses = [self.sb.get("/testconnection").status for _ in range(7)]
        self.assertEqual(statuses, [200] * 5 + [429] * 2)
        answer = self.sb.get("/testconnection")
        seconds = int(answer.headers["Retry-After"])
        self.assertTrue(1 <= seconds <= 60)
        self.assertEqual(answer.json(), {
            "statusCode": 429, "message": "Rate limit is exceeded. Try again in %d seconds." % seconds})
        self.assertEqual(len(self.sb.log()), 8)


class CommandLine(SandboxTest):
    def run_program(self, *arguments):
        return subprocess.run([self.sb.program, *arguments], stdin=subprocess.DEVNULL, timeout=60,
                              capture_output=True, text=True)

    def test_first_line(self):
        self.assertRegex(self.sb.url, r"^http://127\.0\.0\.1:\d+/apim/office365/[0-9a-f]{32}$")

    def test_usage_errors(self):
        for arguments in ((), ("--listen",), ("--listen", "8080"), ("--listen", "0.0.0.0:0"),
                          ("--listen", "192.0.2.1:0"), ("--listen", "127.0.0.1:99999"),
                          ("--listen", "127.0.0.1:0", "--seed", "people=3"),
                          ("--listen", "127.0.0.1:0", "--seed", "contacts=-3"),
                          ("--listen", "127.0.0.1:0", "--latency", "fast"),
                          ("--listen", "127.0.0.1:0", "--rate", "x"),
                          ("--listen", "127.0.0.1:0", "--nonsense"),
                          ("--listen", "127.0.0.1:0", "extra")):
            done = self.run_program(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertEqual(done.stdout, "")
            self.assertTrue(done.stderr)

    def test_other_errors(self):
        for arguments in (("--db", "/nonexistent/x.db"), ("--log", "/nonexistent/x.log")):
            done = self.run_program("--listen", "127.0.0.1:0", *arguments)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"^outlookfs-sandbox: [^\n]*nonexistent[^\n]*\n$")
        done = self.run_program("--listen", "127.0.0.1:%d" % self.sb.port)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_help_and_version(self):
        self.assertEqual(self.run_program("--help").returncode, 0)
        self.assertRegex(self.run_program("--version").stdout, r"^outlookfs-sandbox \d")

    def test_clean_end(self):
        for how in (15, 2):
            self.assertEqual(Sandbox(self.build_dir).stop(how), 0)
        done = self.run_program("--listen", "127.0.0.1:0", "--exit-with-stdin")
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    main()
