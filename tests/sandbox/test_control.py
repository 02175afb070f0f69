"""The operator's side: edits, faults, the request log, latency, persistence."""
import http.client
import json
import os
import signal
import tempfile
import threading
import time

from sandbox import Sandbox, SandboxTest, dataset_path, mail_path, main, query

CONTACT = {"GivenName": "Ann", "HomePhones": []}
DROPPED = (http.client.RemoteDisconnected, ConnectionResetError)


class Edits(SandboxTest):
    OPTIONS = ("--seed", "contacts=3,events=2,messages=2")

    def test_another_clients_edit(self):
        before = self.sb.get(dataset_path("contacts", "Contacts")).json()["value"][0]
        after = self.sb.edit("contact", before["Id"], set={"CompanyName": "Edited", "New": {"a": 1}})
        self.assertEqual((after["CompanyName"], after["New"]), ("Edited", {"a": 1}))
        self.assertNotEqual(after["ChangeKey"], before["ChangeKey"])
        self.assertGreaterEqual(after["DateTimeLastModified"], before["DateTimeLastModified"])
        self.assertEqual(after["GivenName"], before["GivenName"])
        self.assertEqual(self.sb.get(dataset_path("contacts", "Contacts", before["Id"])).json(), after)
        self.assertEqual(self.sb.record("contact", before["Id"]), after)

    def test_event_keys_follow_an_edit(self):
        events = self.sb.get(dataset_path("calendars", "Calendar")).json()["value"]
        self.sb.edit("event", events[1]["Id"], set={"Start": "2030-01-01T00:00:00+00:00"})
        events = self.sb.get(dataset_path("calendars", "Calendar")).json()["value"]
        self.assertEqual(events[0]["Start"], "2030-01-01T00:00:00+00:00")

    def test_create_and_delete(self):
        record = self.sb.create("contact", {"GivenName": "Made"}, table="Contacts")
        self.assertIn(record, self.sb.records("contact", "Contacts"))
        self.sb.edit("contact", record["Id"], delete=True)
        self.assertIsNone(self.sb.record("contact", record["Id"]))
        self.assertEqual(self.sb.get(dataset_path("contacts", "Contacts", record["Id"])).status, 404)

    def test_messages(self):
        record = self.sb.create("message", {
            "Subject": "S", "Importance": "High", "DateTimeReceived": "2026-01-02T03:04:05+00:00",
            "Attachments": [{"Name": "a.csv", "ContentBytes": "YSxi"}]}, table="Inbox/Support")
        self.assertEqual(record["Folder"], "Inbox/Support")
        self.assertEqual(record["DateTimeReceived"], "2026-01-02T03:04:05+00:00")
        self.assertEqual(record["Attachments"][0]["ContentType"], "text/csv")
        self.assertTrue(self.sb.edit("message", record["Id"], set={"IsRead": True})["IsRead"])
        unread = self.sb.get(mail_path(query=query(folderPath="Inbox/Support", top=100))).json()
        self.assertNotIn(record["Id"], [m["Id"] for m in unread])
        moved = self.sb.edit("message", record["Id"], move="Archive")
        self.assertEqual(moved["Folder"], "Archive")
        self.assertNotEqual(moved["Id"], record["Id"])
        self.assertIsNone(self.sb.record("message", record["Id"]))

    def test_wrong_requests(self):
        for body in ({}, {"kind": "person"}, {"kind": "contact", "id": "x"},
                     {"kind": "contact", "create": {}}, {"kind": "message", "create": {}, "table": "No"}):
            with self.assertRaises(RuntimeError):
                self.sb.control("POST", "/edit", body)
        for fault in ({}, {"status": 200}, {"drop": "never"}, {"status": 500, "oops": 1}):
            with self.assertRaises(RuntimeError):
                self.sb.fault(**fault)
        with self.assertRaises(RuntimeError):
            self.sb.control("GET", "/nothing")

    def test_below_the_base_too(self):
        self.assertEqual(self.sb.get("/_sandbox/fault").json(), [])


class Faults(SandboxTest):
    OPTIONS = ("--seed", "contacts=1")
    PATH = dataset_path("contacts", "Contacts")

    def tearDown(self):
        self.sb.clear_faults()

    def count(self):
        return len(self.sb.records("contact", "Contacts"))

    def test_status_without_the_work(self):
        before = self.count()
        self.sb.fault(operation="ContactPostItem", status=504)
        answer = self.sb.post(self.PATH, CONTACT)
        self.assertStatus(answer, 504)
        self.assertEqual(answer.json(), {"status": 504, "message": "Request failed. Try again later"})
        self.assertEqual(self.count(), before)
        self.assertStatus(self.sb.post(self.PATH, CONTACT), 201)

    def test_status_after_the_work(self):
        before = self.count()
        self.sb.fault(operation="ContactPostItem", status=504, apply=True)
        self.assertStatus(self.sb.post(self.PATH, CONTACT), 504)
        self.assertEqual(self.count(), before + 1)

    def test_drop(self):
        before = self.count()
        for when, added in (("before", 0), ("after", 1)):
            fault = self.sb.fault(drop=when, method="POST")
            with self.assertRaises(DROPPED):
                self.sb.post(self.PATH, CONTACT)
            self.assertEqual(self.count(), before + added)
            line = self.sb.log()[-1]
            self.assertEqual((line["status"], line["fault"]), (0, fault))
            before = self.count()

    def test_shapes(self):
        for status, member in ((401, "statusCode"), (429, "statusCode"), (403, "source"),
                               (503, "statusCode"), (404, "error"), (412, "error"), (500, "error")):
            self.sb.fault(status=status, retryAfter=7)
            answer = self.sb.get("/testconnection")
            self.assertStatus(answer, status)
            self.assertIn(member, answer.json())
            self.assertEqual(answer.headers["Retry-After"], "7")

    def test_throttling_always_says_when(self):
        self.sb.fault(status=429)
        self.assertEqual(self.sb.get("/testconnection").headers["Retry-After"], "1")

    def test_count_after_and_order(self):
        self.sb.fault(operation="TestConnection", after=2, count=2, status=500)
        self.sb.fault(operation="TestConnection", after=3, status=503)
        statuses = [self.sb.get("/testconnection").status for _ in range(7)]
        self.assertEqual(statuses, [200, 200, 500, 500, 200, 503, 200])
        self.sb.fault(status=500, count=0)
        self.assertEqual({self.sb.get("/testconnection").status for _ in range(5)}, {500})
        self.assertEqual(len(self.sb.control("GET", "/fault")), 1)
        self.sb.clear_faults()
        self.assertStatus(self.sb.get("/testconnection"), 200)

    def test_what_is_no_fault(self):
        """Members that do not exist, or are of another type or value, are refused by name; nothing is queued."""
        for spec in ({"statsu": 503}, {"status": "503"}, {"count": True}, {"path": "(", "status": 503}, {"drop": "sometimes"}, {"delay": -1},
                     {"bodyBase64": "*"}, {"headers": "x"}):
            with self.subTest(spec):
                with self.assertRaisesRegex(RuntimeError, "400 .*" + ("base64" if "bodyBase64" in spec else next(iter(spec)))):
                    self.sb.fault(**spec)
        self.assertEqual(self.sb.control("GET", "/fault"), [])

    def test_a_body_cut_off(self):
        self.sb.fault(status=200, body='{"value": []}', headers={"X-Test": "yes"}, truncate=5)
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.sb.get("/testconnection")
        self.assertEqual(caught.exception.partial, b'{"val')
        self.sb.fault(status=200, bodyBase64="AP8=", headers={"X-Test": "yes"})
        answer = self.sb.get("/testconnection")
        self.assertEqual((answer.body, answer.headers["X-Test"]), (b"\0\xff", "yes"))

    def test_a_delay(self):
        self.sb.fault(delay=300)
        began = time.monotonic()
        self.assertStatus(self.sb.get("/testconnection"), 200)
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_requests_whose_client_has_gone_are_in_flight(self):
        self.sb.fault(together=2)
        connection = self.sb.connect()
        connection.request("GET", self.sb.base + "/testconnection", headers={"Authorization": "Bearer x"})
        while self.sb.control("GET", "/fault"):
            pass
        connection.close()
        self.assertEqual(self.sb.control("GET", "/in-flight"), {"connector": 1})
        self.assertStatus(self.sb.get("/testconnection"), 200)  # the second, which the first waits for
        while any(self.sb.control("GET", "/in-flight").values()):
            pass

    def test_only_the_named_operation(self):
        self.sb.fault(operation="GetEmails", status=500)
        self.assertStatus(self.sb.get("/testconnection"), 200)
        self.assertStatus(self.sb.get("/Mail"), 500)


class Log(SandboxTest):
    VIOLATIONS = ("no such operation",)

    OPTIONS = ("--seed", "contacts=1")

    def test_lines(self):
        last = max([line["n"] for line in self.sb.log()] or [0])
        answer = self.sb.post(dataset_path("contacts", "Contacts"), CONTACT)
        self.sb.get("/Nothing?a=b")
        first, second = self.sb.log(since=last)
        self.assertEqual(first["n"] + 1, second["n"])
        expected = {"method": "POST", "status": 201, "operation": "ContactPostItem", "table": "Contacts",
                    "body": CONTACT, "requestBytes": len(json.dumps(CONTACT)),
                    "responseBytes": len(answer.body), "query": "", "inFlight": 1}
        self.assertEqual({name: first[name] for name in expected}, expected)
        self.assertEqual((second["operation"], second["query"], second["body"], second["status"]),
                         ("", "a=b", None, 404))
        self.assertEqual([line["n"] for line in self.sb.log(operation="ContactPostItem")][-1], first["n"])
        self.sb.reset_log()
        self.assertEqual(self.sb.log(), [])
        self.sb.get("/testconnection")
        self.assertGreater(self.sb.log()[0]["n"], second["n"])

    def test_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "log")
            for _ in range(2):
                with Sandbox(self.build_dir, "--log", path) as sb:
                    for n in range(5):
                        sb.get("/Mail?top=%d" % n)
                        with open(path, encoding="utf-8") as lines:
                            self.assertEqual(json.loads(lines.readlines()[-1])["query"], "top=%d" % n)
            with open(path, encoding="utf-8") as lines:
                self.assertEqual(len([json.loads(line) for line in lines]), 10)


class Overlap(SandboxTest):
    OPTIONS = ("--latency", "20")
    CLIENTS = 8

    def test_requests_are_served_at_once(self):
        """Each waits until all are in flight: a server that takes one after the other never gets there."""
        self.sb.fault(together=self.CLIENTS, count=self.CLIENTS)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.sb.get("/testconnection").status))
                   for _ in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200] * self.CLIENTS)
        lines = self.sb.log(operation="TestConnection")[-self.CLIENTS:]
        self.assertEqual([line["inFlight"] for line in lines], [self.CLIENTS] * self.CLIENTS)
        self.assertTrue(all(line["ms"] >= 20 for line in lines))

    def test_a_held_request_does_not_hold_up_the_end(self):
        sb = Sandbox(self.build_dir)
        sb.fault(delay=600000)
        held = threading.Thread(target=lambda: self.assertRaises(Exception, sb.get, "/testconnection"))
        held.start()
        while sb.control("GET", "/fault"):
            pass
        self.assertEqual(sb.stop(), 0)
        held.join()

    def test_writes_from_many_threads(self):
        def work(n):
            for i in range(20):
                self.sb.post(dataset_path("contacts", "Contacts"),
                             {"GivenName": "t%d-%d" % (n, i), "HomePhones": []})
        threads = [threading.Thread(target=work, args=(n,)) for n in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = [r for r in self.sb.records("contact") if r["GivenName"].startswith("t")]
        self.assertEqual(len({r["GivenName"] for r in records}), 20 * self.CLIENTS)
        self.assertEqual(len({r["Id"] for r in records}), 20 * self.CLIENTS)
        self.assertEqual(len({r["ChangeKey"] for r in records}), 20 * self.CLIENTS)


class Persistence(SandboxTest):
    def test_data_survives(self):
        with tempfile.TemporaryDirectory() as directory:
            options = ("--db", os.path.join(directory, "mailbox.db"), "--seed", "contacts=5,messages=5")
            sb = Sandbox(self.build_dir, *options)
            made = sb.post(dataset_path("contacts", "Contacts"), CONTACT).json()
            before = {kind: sb.records(kind) for kind in ("contact", "event", "message")}
            self.assertEqual(sb.stop(), 0)

            sb = Sandbox(self.build_dir, *options)
            self.assertEqual({kind: sb.records(kind) for kind in before}, before)
            again = sb.post(dataset_path("contacts", "Contacts"), CONTACT).json()
            self.assertNotEqual(again["Id"], made["Id"])
            self.assertNotEqual(again["ChangeKey"], made["ChangeKey"])
            self.assertEqual(sb.stop(signal.SIGKILL), -signal.SIGKILL)

            with Sandbox(self.build_dir, *options) as sb:
                self.assertEqual(sb.record("contact", again["Id"]), again)


if __name__ == "__main__":
    main()
