"""What JSON of the service survives: numbers as they were written, odd records without hiding the others, and no member that
nobody knows. The service here is a few lines of its own, so that every byte of an answer and of a request is seen."""
import errno
import http.server
import json
import os
import re
import threading
from urllib.parse import unquote

import harness
from harness import MountTest, main, sanitized

FOLDER = "contacts/Contacts"
NUMBERS = ["47.639631234567894", "9007199254740993", "1e400", "1.10", "-0", "1E+2", "123456789012345678901234567890.5"]
RECORD = ('{"Id":"%s","GivenName":"%s","Surname":"Lee","JobTitle":"boss","ChangeKey":"%s",'
          '"DateTimeLastModified":"2026-11-0%dT08:00:00Z","HomePhones":[]%s}')


def contact(id, more="", key="k1", day=1):
    return RECORD % (id, id.title(), key, day, more)


class Service(http.server.ThreadingHTTPServer):
    """One contact folder of records that are texts. In the place of the sandbox."""
    daemon_threads = True
    program, options, host, port, process = "", [], "127.0.0.1", 0, None
    records = {}    # id -> bytes
    patches = []    # (id, bytes)

    def __init__(self, *unused, **also_unused):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server_port
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
        return 0

    def log(self, *unused):
        return []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def missing(self):
        self.answer(404, '{"status":404,"message":"not found","error":{"message":"not found","code":"ErrorItemNotFound"}}')

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path in ("/testconnection", "/datasets/calendars/tables") or "estConnection" in path:
            return self.answer(200, '{"value":[]}' if "tables" in path else "")
        if path == "/datasets/contacts/tables":
            return self.answer(200, '{"value":[{"Name":"C","DisplayName":"Contacts"}]}')
        if path == "/datasets/contacts/tables/C/items":
            skip = int((re.search(r"skip=(\d+)", query) or [0, 0])[1])
            records = list(Service.records.values())[skip:]
            return self.answer(200, b'{"value":[' + b",".join(records) + b"]}")
        id = unquote(unquote(path.rpartition("/")[2]))
        return self.answer(200, Service.records[id]) if id in Service.records else self.missing()

    def do_PATCH(self):
        id = unquote(unquote(self.path.rpartition("/")[2]))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Service.patches.append((id, body))
        self.answer(200, Service.records[id])

    def log_message(self, *unused):
        pass


harness.Mailbox.SANDBOX = Service


class Json(MountTest):
    OPTIONS = "writeback_delay=600,list_ttl=0"

    def setUp(self):
        self.addCleanup(self.sync)

    def sync(self):
        self.mailbox.sync(None)

    def serve(self, **records):
        """These records and no others, listed anew."""
        Service.records = {id: text if isinstance(text, bytes) else text.encode() for id, text in records.items()}
        Service.patches.clear()
        self.mailbox.remount(fresh_cache=True, fresh_state=True)
        self.assertLessEqual({id + ".json" for id in records}, set(os.listdir(self.mailbox.path(FOLDER))))

    def path(self, id):
        return self.mailbox.path(FOLDER, id + ".json")

    def text(self, id):
        with open(self.path(id), "rb") as file:
            return file.read()

    def write(self, id, text):
        with open(self.path(id), "wb") as file:
            file.write(text)

    # --- numbers

    def test_numbers_stay_as_they_are(self):
        numbers = ',"Odd":{%s}' % ",".join('"n%d":%s' % pair for pair in enumerate(NUMBERS))
        self.serve(ann=contact("ann", numbers))
        text = self.text("ann")
        for i, number in enumerate(NUMBERS):
            self.assertIn(b'"n%d": %s' % (i, number.encode()), text)
        # An edit of ours beside them, while another client changed the record: merged, and sent whole.
        Service.records["ann"] = contact("ann", numbers, "k2", 2).replace('"Lee"', '"Park"').encode()
        self.write("ann", text.replace(b'"boss"', b'"clerk"'))
        self.mailbox.sync()
        [(id, body)] = Service.patches
        self.assertEqual(id, "ann")
        for i, number in enumerate(NUMBERS):
            self.assertRegex(body, rb'"n%d":%s[,}]' % (i, re.escape(number.encode())))
        self.assertEqual((json.loads(body)["JobTitle"], json.loads(body)["Surname"]), ("clerk", "Park"))

    def test_a_number_with_another_spelling_is_no_change(self):
        self.serve(ann=contact("ann", ',"Odd":1.10'))
        self.write("ann", self.text("ann").replace(b"1.10", b"11e-1"))
        self.mailbox.sync()
        self.assertEqual(Service.patches, [])

    # --- odd records

    def test_one_record_does_not_hide_the_others(self):
        deep = ',"Deep":' + "[" * 900 + "]" * 900
        self.serve(ann=contact("ann"), deep=contact("deep", deep), long=contact("long", ',"Long":' + "7" * 1000000),
                   bytes=contact("bytes").encode().replace(b"Lee", b"L\xffe"), bob=contact("bob"))
        self.assertEqual(json.loads(self.text("bob"))["GivenName"], "Bob")
        self.assertEqual(json.loads(self.text("bytes"))["Surname"], "L\ufffde")
        self.assertIn(b"7" * 1000000, self.text("long"))
        self.assertIn(b"[" * 300, self.text("deep"))
        # What cannot be worked on is refused by name, and what is there stays.
        before = self.text("deep")
        self.assertErrno(errno.EINVAL, self.write, "deep", before.replace(b"boss", b"clerk"))
        os.truncate(self.path("deep"), 0)
        self.write("long", self.text("long").replace(b"boss", b"clerk"))
        self.mailbox.sync(None)
        self.assertEqual([id for id, _ in Service.patches], ["long"])
        self.assertIn(b"7" * 1000000, Service.patches[0][1])

    def test_the_last_of_a_name_counts(self):
        self.serve(ann=contact("ann", ',"JobTitle":"twice"'))
        self.assertEqual(json.loads(self.text("ann"))["JobTitle"], "twice")
        self.assertEqual(self.text("ann").count(b"JobTitle"), 1)
        self.write("ann", self.text("ann").replace(b"Lee", b"Park"))
        self.mailbox.sync()
        [(_, body)] = Service.patches
        self.assertEqual(body.count(b"JobTitle"), 1)
        self.assertEqual(json.loads(body)["JobTitle"], "twice")

    # --- members

    def assertRefused(self, id, text, *words):
        before = self.text(id)
        self.assertErrno(errno.EINVAL, self.write, id, text)
        for word in words:
            self.assertIn(word, os.getxattr(self.path(id), "user.outlook.error").decode())
        self.write(id, before)
        self.mailbox.sync()
        self.assertEqual(Service.patches, [])

    def test_a_misspelt_member(self):
        self.serve(ann=contact("ann", ',"Unheard":{"of":1}'))
        text = self.text("ann")
        self.assertRefused("ann", text.replace(b'"Surname"', b'"Surnmae"'), "Surnmae", "did you mean Surname?")
        self.assertRefused("ann", text.replace(b'"GivenName": "Ann"', b'"GivenName": 5'), "GivenName: must be a text")
        # A member of the service that we do not know is no mistake.
        self.write("ann", text.replace(b'"of": 1', b'"of": 2'))
        self.mailbox.sync()
        self.assertIn(b'"Unheard":{"of":2}', Service.patches[0][1])

    # --- size

    def test_thirty_thousand_members(self):
        """Merged in time in proportion to them; 16 s and more when each was looked for."""
        members = ',"Many":{%s}' % ",".join('"m%d":%d' % (i * 7919 % 30000, i) for i in range(30000))
        self.serve(ann=contact("ann", members))
        text = self.text("ann")
        pairs = list(json.loads(text)["Many"].items())
        record = json.loads(text)
        record["Many"] = dict(reversed(pairs))
        record["Many"]["m0"] = "mine"
        self.write("ann", json.dumps(record).encode())
        self.mailbox.sync()
        self.assertEqual(json.loads(Service.patches[0][1])["Many"]["m0"], "mine")
        with open("/proc/%d/stat" % self.mailbox.process.pid, encoding="utf-8") as file:
            ticks = sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
        self.assertLess(ticks / os.sysconf("SC_CLK_TCK"), 12 if sanitized() else 4)

    def test_a_large_string_is_in_memory_a_few_times(self):
        size = 20 * 1024 * 1024
        self.serve(ann=contact("ann", ',"Large":"%s"' % ("x" * size)))
        self.write("ann", self.text("ann").replace(b"boss", b"clerk"))
        self.mailbox.sync()
        self.assertGreater(len(Service.patches[0][1]), size)
        with open("/proc/%d/status" % self.mailbox.process.pid, encoding="utf-8") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) * 1024
        if not sanitized():
            self.assertLess(peak / size, 14)


if __name__ == "__main__":
    main()
