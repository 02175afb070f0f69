"""Microsoft's own client for JavaScript against the sandbox, over TLS: the sandbox is right where that client is content."""
import json
import os
import subprocess
import tempfile

from answers import NODE_DIR, node_modules
from graph import GraphSandbox, GraphTest, main


class TestGraphClient(GraphTest):
    @classmethod
    def setUpClass(cls):
        cls.modules = node_modules(cls.build_dir)
        cls.directory = tempfile.TemporaryDirectory(prefix="outlookfs-")
        cls.certificate, both = (os.path.join(cls.directory.name, name) for name in ("cert.pem", "both.pem"))
        key = os.path.join(cls.directory.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cls.certificate, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, stderr=subprocess.DEVNULL)
        with open(both, "w", encoding="ascii") as out:
            for name in (cls.certificate, key):
                with open(name, encoding="ascii") as part:
                    out.write(part.read())
        cls.OPTIONS = ("--tls", both)
        GraphSandbox.certificate = cls.certificate
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            GraphSandbox.certificate = None
            cls.directory.cleanup()

    def test_reads_writes_follows_and_batches(self):
        inbox = self.graph("GET", "/me/mailFolders/inbox")
        result = subprocess.run(["node", os.path.join(NODE_DIR, "graph-client.mjs"), "--modules", self.modules, "--url", self.sb.login_url + "/",
                                 "--token", self.sb.access], check=False, text=True, timeout=120, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, "NODE_EXTRA_CA_CERTS": self.certificate})
        self.assertEqual(result.returncode, 0, result.stderr[-3000:])
        found = json.loads(result.stdout.splitlines()[-1])
        self.assertEqual(len(found["subjects"]), inbox["totalItemCount"])
        self.assertEqual(found["all"], inbox["totalItemCount"] + 1)  # and what it sent to itself
        self.assertEqual((found["displayName"], found["gone"]), ("Ada Byron", 404))
        self.assertEqual([set(one) - {"@odata.type", "@odata.etag"} for one in found["changes"]],
                         [{"id", "isRead", "parentFolderId", "changeKey", "lastModifiedDateTime"}])
        self.assertEqual(found["batch"], ["Inbox", "Drafts", "Sent Items"])
        self.assertEqual(set(found["view"]), {"W. Europe Standard Time", "UTC"})


if __name__ == "__main__":
    main()
